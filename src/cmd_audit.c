/* cmd_audit.c - `haemnet audit`: looks for leaks between two sets, in one before it is split, or between a set and what a model was trained on. */
#include <math.h>
#include <string.h>

#include "program.h"

typedef struct audit_settings {
    const char *against, *model, *json;
    data_choice choice;
    int32_t threads, all, quiet;
} audit_settings;

typedef struct audit_run { /* what is open during the command */
    hn_context *ctx;
    hn_cancel *cancel;
    hn_model *model;
    hn_dataset *data, *against;
    hn_audit *audit;
    hn_audit_info info;
} audit_run;

enum { N_OPTIONS = 9 };
static void list_options(audit_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"against", OPTION_TEXT, &s->against, "DATA2", "the other side: DATA must have nothing in common with it (DATA by itself)"},
        {"model", OPTION_TEXT, &s->model, "FILE", "the other side is what this model was trained on"},
        {"json", OPTION_TEXT, &s->json, "FILE|-", "also write all findings as JSON; - prints nothing else on stdout"},
        {"all", OPTION_FLAG, &s->all, NULL, "list every finding, not the first 20"},
        {"label-column", OPTION_TEXT, &s->choice.label_columns, "A[,B...]", "manifest column of the label, or of several 0/1 labels (label)"},
        {"group", OPTION_TEXT, &s->choice.group, "REGEX|none", "patient by file name: first sub-match; none = there are no groups"},
        {"strict", OPTION_FLAG, &s->choice.strict, NULL, "stop at the first bad file instead of skipping it"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to decode and search with (one per core)"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no notes"},
    };
    memcpy(list, options, sizeof options);
}

void describe_audit(FILE *out) {
    audit_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
    fprintf(out, "\nFinds patients on both sides, equal files, equal pixels, and near copies: resized, encoded anew, turned by 90 degrees, mirrored. Says\n"
                 "whether a class can be told by the size of file or image, by its border or its format alone. Exit code 4 if something was found, 5 if\n"
                 "only such a shortcut was.\n");
}

static hn_status open_and_audit(audit_run *r, const audit_settings *s, const char *data, hn_error *err) {
    const hn_audit_options quick = {.struct_size = sizeof quick};
    hn_status status = open_context(s->threads, &r->ctx, err);
    if (!status) status = catch_interrupt(r->ctx, &r->cancel, err);
    if (!status && s->model) status = hn_model_load(r->ctx, s->model, &r->model, err);
    if (!status) status = s->model ? open_data_for(r->model, r->ctx, data, &s->choice, &r->data, err) : open_data(r->ctx, data, &s->choice, &r->data, err);
    if (!status && s->against) status = open_data(r->ctx, s->against, &s->choice, &r->against, err);
    hn_audit_options options = quick;
    options.cancel = r->cancel;
    if (!status)
        status = s->model ? hn_model_audit(r->model, r->data, &options, &r->audit, err)
                          : hn_dataset_audit(r->data, r->against, &options, &r->audit, err);
    r->info.struct_size = sizeof r->info;
    return status ? status : hn_audit_get_info(r->audit, &r->info, err);
}

static const char *shortcut_name(int32_t kind) {
    return kind == HN_SHORTCUT_FILE_SIZE ? "file size" : kind == HN_SHORTCUT_IMAGE_SIZE ? "image size" : kind == HN_SHORTCUT_BORDER ? "border" : "format";
}

static void print_shortcuts(const audit_run *r) {
    if (!r->info.shortcuts) return;
    printf("%-12s %-20s %-7s %-16s\n", "told by", "class", "AUC", "95% interval");
    for (int32_t i = 0; i < r->info.shortcuts; i++) {
        hn_shortcut s = {.struct_size = sizeof s};
        if (hn_audit_shortcut(r->audit, i, &s, NULL)) break;
        printf("%-12s %-20s %-7.3f ", shortcut_name(s.kind), hn_dataset_class_name(r->data, s.class_index), s.auc);
        if (isnan(s.low)) printf("–\n"); /* too few patients for one: nothing is flagged */
        else printf("%.3f to %.3f%s\n", s.low, s.high, s.flagged ? "  FLAGGED" : "");
    }
    if (r->info.flagged)
        printf("A class can be told without looking at the picture: bring all images to one size, crop and format before training, and report this "
               "beside every figure.\n");
}

static void print_audit(const audit_run *r, const audit_settings *s) {
    printf("%lld images", (long long)r->info.rows);
    if (s->against || s->model) printf(", against %lld%s", (long long)r->info.other_rows, s->model ? " that the model was trained on" : "");
    printf(r->info.skipped ? ", %lld could not be read\n" : "\n", (long long)r->info.skipped);
    if (r->info.flags & HN_AUDIT_SAMPLED)
        printf("The model keeps traces of %.0f%% of its training images: the others cannot be compared.\n", 100 * r->info.checked);
    if (r->info.flags & HN_AUDIT_GROUPS_UNKNOWN) printf("Patients are not known for all images: one on both sides may be missed.\n");
    if (r->info.findings) {
        printf("%lld finding%s: ", (long long)r->info.findings, r->info.findings == 1 ? "" : "s");
        print_leak_counts(stdout, &r->info);
        printf("\n");
        print_findings(stdout, r->audit, s->all ? r->info.findings : 20);
        printf(s->against || s->model ? "Take these images out of one side, or put all of a patient on one.\n"
                                      : "Give copies the same patient, or remove one of each; haemnet split, train and crossval keep them on one side.\n");
    } else {
        printf("no leak found\n");
    }
    print_shortcuts(r);
}

static void write_json(const audit_run *r, FILE *out) {
    fprintf(out, "{\"images\": %lld, \"other_images\": %lld, \"skipped\": %lld, \"leaks\": ", (long long)r->info.rows, (long long)r->info.other_rows,
            (long long)r->info.skipped);
    write_leaks_json(out, r->audit, false);
    fprintf(out, ",\n \"findings\": ");
    write_findings_json(out, r->audit);
    fprintf(out, ",\n \"shortcuts\": [");
    for (int32_t i = 0; i < r->info.shortcuts; i++) {
        hn_shortcut s = {.struct_size = sizeof s};
        if (hn_audit_shortcut(r->audit, i, &s, NULL)) break;
        fprintf(out, "%s{\"by\": \"%s\", \"class\": ", i ? ",\n  " : "", shortcut_name(s.kind));
        json_string(out, hn_dataset_class_name(r->data, s.class_index));
        fprintf(out, ", \"auc\": ");
        json_number(out, s.auc);
        fprintf(out, ", \"low\": ");
        json_number(out, s.low);
        fprintf(out, ", \"high\": ");
        json_number(out, s.high);
        fprintf(out, ", \"level\": ");
        json_number(out, s.level);
        fprintf(out, ", \"flagged\": %s}", s.flagged ? "true" : "false");
    }
    fprintf(out, "],\n \"haemnet\": ");
    json_string(out, hn_version_string());
    fprintf(out, "}\n");
}

static int report(const audit_run *r, const audit_settings *s) {
    const bool alone = s->json && !strcmp(s->json, "-");
    if (alone) write_json(r, stdout);
    else print_audit(r, s);
    if (s->json && !alone) {
        FILE *out = open_output(s->json);
        if (!out) return EXIT_FAILED;
        write_json(r, out);
        if (!close_output(out, s->json)) return EXIT_FAILED;
    }
    const int64_t skipped = report_skipped(r->data) + report_skipped(r->against);
    return r->info.findings ? EXIT_LEAK : r->info.flagged ? EXIT_SHORTCUT : skipped ? EXIT_SKIPPED : EXIT_DONE;
}

int cmd_audit(int argc, char **argv) {
    audit_settings s = {.choice.cache_mb = -1};
    option list[N_OPTIONS];
    audit_run r = {0};
    hn_error err = {0};
    list_options(&s, list);
    int words = parse_options("audit", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    if (words != 1) return usage_error("audit", "takes one folder or manifest, not %d words", words);
    if (s.against && s.model) return usage_error("audit", "--against and --model exclude each other");
    if (s.threads < 0) return usage_error("audit", "--threads %d: must be 1 or more", s.threads);
    quiet = s.quiet;
    int code = check_words("audit", NULL, NULL, s.choice.group);
    if (code) return code;
    code = open_and_audit(&r, &s, argv[0], &err) ? fail(&err) : report(&r, &s);
    hn_audit_free(r.audit);
    hn_dataset_free(r.data);
    hn_dataset_free(r.against);
    hn_model_free(r.model);
    hn_cancel_free(r.cancel);
    hn_context_free(r.ctx);
    return code;
}
