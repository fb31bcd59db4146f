/* cmd_verify.c - `haemnet verify`: works evidence.json out again, from the model and the data, and says of each figure whether it holds;
 * then the model card, line by line (verify_card.c).
 *
 * What was written is read as a flat list of values, and so is what would be written now: so no figure is left out of the comparison because someone
 * forgot it here. A value is told by its path, such as figures.image.roc_auc.low. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model_card.h"

typedef struct verify_settings {
    double tolerance;
    const char *device, *data;
    int32_t threads, quiet;
} verify_settings;

enum { N_OPTIONS = 4 };
static void list_options(verify_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"tolerance", OPTION_NUMBER, &s->tolerance, "X", "how far a number may be off and still hold; another kind of device needs some 1e-4 (1e-9)"},
        {"device", OPTION_TEXT, &s->device, "SPEC", "see haemnet devices (best)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to compute with (one per core)"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "only what does not hold, and the verdict"},
    };
    memcpy(list, options, sizeof options);
}

void describe_verify(FILE *out) {
    verify_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

/* --- the comparison ---------------------------------------------------------------------------------------------------------------- */
/* Time and place of the work, which say nothing about the model. */
static bool is_circumstance(const char *path) {
    static const char *const list[] = {"written", "haemnet", "build", "evidence_csv_sha256"};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (!strcmp(path, list[i])) return true;
    return false;
}

static bool begins(const char *path, const char *with) { return !strncmp(path, with, strlen(with)); }

typedef struct tally {
    const json_list *stored, *fresh;
    double tolerance;
    int64_t held, differ;
} tally;

static bool holds(const tally *t, const json_value *a, const json_value *b) {
    if (!isnan(a->number) && !isnan(b->number)) return fabs(a->number - b->number) <= t->tolerance;
    return (*a->raw == '"') == (*b->raw == '"') && !strcmp(a->text, b->text);
}

static void say(tally *t, const json_value *a, const json_value *b) {
    const char *path = a ? a->path : b->path;
    if (a && b && holds(t, a, b)) {
        t->held++;
        const size_t n = strlen(path);
        if (!quiet && begins(path, "figures.") && n > 9 && !strcmp(path + n - 9, ".estimate")) printf("held     %.*s = %s\n", (int)(n - 9), path, a->raw);
        return;
    }
    t->differ++;
    if (!a)
        printf("DIFFERS  %s: evidence.json lacks it, and it is %s\n", path, b->raw);
    else if (!b)
        printf("DIFFERS  %s: evidence.json says %s, and there is no such value\n", path, a->raw);
    else if (!isnan(a->number) && !isnan(b->number))
        printf("DIFFERS  %s: evidence.json says %s, it is %s, off by %g\n", path, a->raw, b->raw, fabs(a->number - b->number));
    else
        printf("DIFFERS  %s: evidence.json says %s, it is %s\n", path, a->raw, b->raw);
}

/* Both lists are sorted by path. */
static void compare(tally *t) {
    size_t i = 0, k = 0;
    while (i < t->stored->n || k < t->fresh->n) {
        const json_value *a = i < t->stored->n ? &t->stored->values[i] : NULL, *b = k < t->fresh->n ? &t->fresh->values[k] : NULL;
        const int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
        i += order <= 0;
        k += order >= 0;
        if (is_circumstance(order <= 0 ? a->path : b->path)) continue;
        say(t, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
    }
}

/* --- which images changed ---------------------------------------------------------------------------------------------------------- */
/* evidence.csv begins each line with the image's digest and ends it with its file. */
static void name_images(const char *path, const evidence *e) {
    char *line = NULL;
    size_t room = 0;
    int64_t row = -1, changed = 0;
    FILE *in = fopen(path, "rb");
    if (!in) {
        printf("DIFFERS  images: which of them cannot be told: %s: %s\n", path, strerror(errno));
        return;
    }
    for (; getline(&line, &room, in) > 0; row++) {
        hn_eval_sample sample = {.struct_size = sizeof sample};
        if (row < 0 || row >= e->levels[0].m.n || hn_eval_row(e->source->eval, row, &sample, NULL)) continue;
        if (!strncmp(line, e->image_sha256[row], DIGEST_TEXT - 1)) continue;
        if (changed++ < 10) printf("DIFFERS  image %s: its bytes are others than those that were measured\n", sample.path);
    }
    if (changed > 10) printf("DIFFERS  … and %lld more images\n", (long long)changed - 10);
    if (row != e->levels[0].m.n) printf("DIFFERS  images: evidence.csv has %lld, there are %lld\n", (long long)row, (long long)e->levels[0].m.n);
    fclose(in);
    free(line);
}

/* Evidence is two files; the one tells the digest of the other. */
static bool csv_holds(const char *path, const json_list *stored) {
    char is[DIGEST_TEXT];
    const char *was = json_text(stored, "evidence_csv_sha256");
    if (!digest_file(path, is)) {
        printf("DIFFERS  evidence.csv: cannot read it: %s\n", strerror(errno));
        return false;
    }
    if (was && !strcmp(was, is)) return true;
    printf("DIFFERS  evidence.csv: it is not the one that evidence.json was written with\n");
    return false;
}

static bool same_value(const tally *t, const char *path) {
    const json_value *a = json_find(t->stored, path), *b = json_find(t->fresh, path);
    return a && b && !strcmp(a->raw, b->raw);
}

/* What is to blame, in the order in which one follows from the other. */
static void conclude(const tally *t, const char *folder, bool csv, int64_t card) {
    const bool model = same_value(t, "model.sha256"), data = same_value(t, "data.contents_sha256") && same_value(t, "data.list_sha256");
    printf("\nmodel: %s\ndata: %s\nevidence.csv: %s\nmodel-card.md: %s\nvalues: %lld held, %lld differ\n", model ? "the same, to the bit" : "ANOTHER ONE",
           data                                       ? "the same images, labels and patients, to the bit"
           : same_value(t, "data.contents_sha256") ? "the same images, but OTHER labels, patients or names"
                                                   : "OTHER IMAGES",
           csv ? "as it was written" : "CHANGED",
           card == CARD_ABSENT ? "there is none"
           : card              ? "DIFFERS"
                               : "as it would be written now", (long long)t->held, (long long)t->differ);
    if (!t->differ && csv)
        printf("%s/evidence.json holds%s.\n", folder, card > 0 ? ", but model-card.md was changed" : "");
    else if (t->differ && model && data)
        printf("%s/evidence.json DOES NOT HOLD: model and data are the same, so it was changed, or measured otherwise.\n", folder);
    else
        printf("%s/evidence.json DOES NOT HOLD for this model and these data.\n", folder);
}

/* --- working it out again ------------------------------------------------------------------------------------------------------------ */
/* As it was asked for then. */
static int read_request(const json_list *stored, const char *data, evidence_request *r) {
    const json_value *seed = json_find(stored, "data.part.seed");
    if (!(fabs(json_number_at(stored, "evidence") - EVIDENCE_FORMAT) < 0.5))
        return fail_text("evidence.json has a format that this version does not know; it knows %d", EVIDENCE_FORMAT);
    *r = (evidence_request){.data = data, .label_columns = json_text(stored, "data.label_column"), .group = json_text(stored, "data.group"),
                            .by = json_text(stored, "data.by"),
                            .positive = json_text(stored, "rules.positive"), .tta = json_text(stored, "rules.tta"),
                            .threshold = json_number_at(stored, "rules.threshold"), .holdout = json_number_at(stored, "data.part.holdout"),
                            .split_seed = seed ? strtoull(seed->raw, NULL, 10) : 0};
    r->allow_leak = 1; /* nothing is told here but whether it holds */
    r->smooth = json_number_at(stored, "rules.smooth");
    if (isnan(r->holdout)) r->holdout = 0;
    if (!(r->smooth >= 0 && r->smooth <= 100)) return fail_text("evidence.json: rules.smooth must be 0 to 100 slices");
    if (!threshold_fits(r->threshold)) return fail_text("evidence.json: rules.threshold %g: must lie between 0 and 1", r->threshold);
    if (r->holdout < 0 || r->holdout >= 1) return fail_text("evidence.json: data.part.holdout %g: must be at least 0 and below 1", r->holdout);
    return EXIT_DONE;
}

static int work_out(const evidence *e, json_list *fresh) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return fail_text("out of memory");
    write_evidence_json(out, e);
    const bool done = !fclose(out) && read_json("the new evidence", text, size, fresh);
    free(text);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static int hold_against(const verify_settings *s, const char *folder, const json_list *stored, const evidence *e) {
    json_list fresh;
    char *csv = join_path(folder, "evidence.csv");
    int64_t card = 0;
    int code = work_out(e, &fresh);
    tally t = {.stored = stored, .fresh = &fresh, .tolerance = s->tolerance};
    if (!code) {
        compare(&t);
        const bool csv_good = csv_holds(csv, stored);
        if (!same_value(&t, "data.contents_sha256")) name_images(csv, e);
        code = verify_card(e, folder, s->tolerance, &card);
        if (!code) conclude(&t, folder, csv_good, card);
        if (t.differ || !csv_good || card > 0) code = EXIT_FAILED;
    }
    free_json(&fresh);
    free(csv);
    return code;
}

static int work(const verify_settings *s, const char *folder) {
    char *path = join_path(folder, "evidence.json");
    json_list stored;
    evidence_request request;
    evidence_source source = {0};
    evidence e = {0};
    int code = read_json_file(path, &stored) ? read_request(&stored, s->data, &request) : EXIT_FAILED;
    if (!code) code = open_source(&source, folder, &request, s->threads, s->device);
    if (!code) code = find_evidence(&source, &request, &e);
    if (!code) code = hold_against(s, folder, &stored, &e);
    free_evidence(&e);
    close_source(&source);
    free_json(&stored);
    free(path);
    return code;
}

int cmd_verify(int argc, char **argv) {
    verify_settings s = {.tolerance = 1e-9};
    option list[N_OPTIONS];
    list_options(&s, list);
    int words = parse_options("verify", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    if (words != 2) return usage_error("verify", "takes the folder of a run and the data of its report, not %d words", words);
    if (!(s.tolerance >= 0)) return usage_error("verify", "--tolerance %g: must be at least 0", s.tolerance);
    if (s.threads < 0) return usage_error("verify", "--threads %d: must be 1 or more", s.threads);
    quiet = s.quiet;
    s.data = argv[1];
    int code = check_words("verify", NULL, s.device, NULL);
    return code ? code : work(&s, argv[0]);
}
