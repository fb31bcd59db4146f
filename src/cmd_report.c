/* cmd_report.c - `haemnet report`: a run and labelled data → evidence.json, evidence.csv, model-card.md, report.html. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

typedef struct report_settings {
    evidence_request request;
    const char *out, *device;
    int32_t threads, quiet;
} report_settings;

enum { N_OPTIONS = 12 };
static void list_options(report_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"out", OPTION_TEXT, &s->out, "FILE.html", "the page (RUN/report.html)"},
        {"threshold", OPTION_NUMBER, &s->request.threshold, "T", "probability from which the positive class, or a label, is said (the model's)"},
        {"positive", OPTION_TEXT, &s->request.positive, "NAME", "class that sensitivity, ROC AUC and so on are about (the model's)"},
        {"label-column", OPTION_TEXT, &s->request.label_columns, "A[,B...]", "manifest column of the label, or of several 0/1 labels (label)"},
        {"group", OPTION_TEXT, &s->request.group, "REGEX|none", "patient by file name: first sub-match; none = there are no groups"},
        {"by", OPTION_TEXT, &s->request.by, "A[,B...]", "also the figures for each value of these manifest columns: sex, scanner, age …"},
        LEAK_OPTION(&s->request.allow_leak),
        TTA_OPTION(&s->request.tta),
        SMOOTH_OPTION(&s->request.smooth),
        {"device", OPTION_TEXT, &s->device, "SPEC", "see haemnet devices (best)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to compute with (one per core)"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no progress, no notes"},
    };
    memcpy(list, options, sizeof options);
}

void describe_report(FILE *out) {
    report_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

static int work(report_settings *s, const char *folder) {
    evidence_source source;
    char *page = s->out ? NULL : join_path(folder, "report.html");
    int code = open_source(&source, folder, &s->request, s->threads, s->device);
    if (!code) code = report_on(&source, &s->request, folder, s->out ? s->out : page);
    if (!code && report_skipped(source.data)) code = EXIT_SKIPPED;
    close_source(&source);
    free(page);
    return code;
}

int cmd_report(int argc, char **argv) {
    report_settings s = {.request.threshold = NAN};
    option list[N_OPTIONS];
    list_options(&s, list);
    int words = parse_options("report", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    if (words != 1 && words != 2) return usage_error("report", "takes the folder of a run, and perhaps data, not %d words", words);
    if (!threshold_fits(s.request.threshold)) return usage_error("report", "--threshold %g: must lie between 0 and 1", s.request.threshold);
    if (s.threads < 0) return usage_error("report", "--threads %d: must be 1 or more", s.threads);
    quiet = s.quiet;
    int code = check_words("report", NULL, s.device, s.request.group);
    if (!code) code = read_smooth("report", s.request.smooth);
    if (code) return code;
    if (words == 2) s.request.data = argv[1];
    return work(&s, argv[0]);
}
