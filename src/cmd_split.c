/* cmd_split.c - `haemnet split`: data → a training and a test part on disk, no patient in both. Either files in a folder per class, or two
 * manifests that point at the files where they are. Which row goes where is the library's decision. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

typedef struct split_settings {
    const char *ratios, *out;
    double train_ratio;
    data_choice choice;
    uint64_t seed;
    int32_t move, manifest, quiet;
} split_settings;

typedef struct split_run {
    const split_settings *s;
    hn_context *ctx;
    hn_cancel *cancel;
    hn_dataset *data, *parts[2];
    hn_dataset_info info;
    int64_t skipped;
    char *kept_copy;
    const char **kept; /* [n_kept] of --keep */
    int32_t n_kept;
} split_run;

static const char *const part_names[] = {"train", "test"};

enum { N_OPTIONS = 10 };
static void list_options(split_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"out", OPTION_TEXT, &s->out, "DIR", "folder for train/ and test/, or train.csv and test.csv (needed)"},
        {"ratios", OPTION_TEXT, &s->ratios, "A,B", "shares of the training and the test part (0.8,0.2)"},
        {"seed", OPTION_SEED, &s->seed, "N", "same seed, same data: same split (0)"},
        {"move", OPTION_FLAG, &s->move, NULL, "move the files instead of copying them"},
        {"manifest", OPTION_FLAG, &s->manifest, NULL, "write train.csv and test.csv; the files stay where they are"},
        {"label-column", OPTION_TEXT, &s->choice.label_columns, "A[,B...]", "manifest column of the label, or of several 0/1 labels (label)"},
        {"group", OPTION_TEXT, &s->choice.group, "REGEX|none", "patient by file name: first sub-match; none = there are no groups"},
        {"keep", OPTION_TEXT, &s->choice.keep_columns, "A[,B...]", "with --manifest: further columns that both parts keep, such as sex,scanner"},
        {"strict", OPTION_FLAG, &s->choice.strict, NULL, "stop at the first file that cannot be read instead of skipping it"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no counts, no notes"},
    };
    memcpy(list, options, sizeof options);
}

void describe_split(FILE *out) {
    split_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

/* --- rows and manifests ------------------------------------------------------------------------------------------------------ */

/* Absolute, so that the manifest may lie anywhere; a file that is missing keeps its place. malloc'd. */
static char *whole_path(const char *path) {
    char *real = realpath(path, NULL), *here = real || *path == '/' ? NULL : getcwd(NULL, 0);
    char *joined = real ? real : here ? join_path(here, path) : strdup(path);
    free(here);
    return joined;
}

static void write_path(FILE *out, const char *path) {
    char *whole = whole_path(path);
    csv_field(out, whole ? whole : path);
    free(whole);
}

static bool is_utf8(const char *text) {
    int n = 1;
    for (const unsigned char *c = (const unsigned char *)text; *c && n; c += n) n = utf8_length(c);
    return n != 0;
}

/* A manifest is UTF-8, and names of files may be anything: one of such a name would make it useless. */
static int check_names(const split_run *r) {
    hn_row row = {.struct_size = sizeof row};
    int code = EXIT_DONE;
    for (int64_t i = 0; !code && !hn_dataset_get_row(r->data, i, &row, NULL); i++) {
        char *whole = r->s->manifest ? whole_path(row.path) : NULL;
        if (!is_utf8(whole ? whole : row.path)) code = fail_text("%s: no UTF-8, as a manifest has to be: rename it", whole ? whole : row.path);
        free(whole);
    }
    return code;
}

/* path: where the file is for the reader; NULL = where it is now. from: the row is that of this part, whose kept columns are written too. */
static void write_row(const split_run *r, FILE *out, const char *path, const hn_row *row, hn_dataset *from, int64_t index) {
    if (path)
        csv_field(out, path);
    else
        write_path(out, row->path);
    if (r->info.task == HN_TASK_MULTI)
        for (int32_t k = 0; k < r->info.n_classes; k++) fprintf(out, ",%d", (int)(row->labels >> k & 1));
    else {
        fputc(',', out);
        csv_field(out, hn_dataset_class_name(r->data, row->label));
    }
    fputc(',', out);
    csv_field(out, *row->group ? row->group : row->patient); /* what kept the part together is what must stay together */
    fputc(',', out);
    csv_field(out, row->study);
    fputc(',', out);
    if (row->slice >= 0) fprintf(out, "%d", row->slice);
    for (int32_t c = 0; from && c < r->n_kept; c++) {
        fputc(',', out);
        csv_field(out, hn_dataset_value(from, index, c));
    }
    fputc('\n', out);
}

static FILE *open_manifest(const split_run *r, const char *path) {
    FILE *out = open_output(path);
    if (!out) return NULL;
    fprintf(out, "file");
    if (r->info.task != HN_TASK_MULTI) fprintf(out, ",label");
    for (int32_t k = 0; r->info.task == HN_TASK_MULTI && k < r->info.n_classes; k++) {
        fputc(',', out);
        csv_field(out, hn_dataset_class_name(r->data, k));
    }
    fprintf(out, ",patient,study,slice");
    for (int32_t c = 0; c < r->n_kept; c++) {
        fputc(',', out);
        csv_field(out, r->kept[c]);
    }
    fputc('\n', out);
    return out;
}

static int write_manifest(split_run *r, int part) {
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_row row = {.struct_size = sizeof row};
    hn_error err = {0};
    if (hn_dataset_get_info(r->parts[part], &info, &err)) return fail(&err);
    char *path = join_path(r->s->out, part ? "test.csv" : "train.csv");
    FILE *out = open_manifest(r, path);
    for (int64_t i = 0; out && i < info.n_rows; i++)
        if (!hn_dataset_get_row(r->parts[part], i, &row, NULL)) write_row(r, out, NULL, &row, r->parts[part], i);
    int code = out && close_output(out, path) ? EXIT_DONE : EXIT_FAILED;
    free(path);
    return code;
}

/* A part that took the place of the data would lose the other part's rows, and what columns there were. */
static int keep_data(const split_run *r, const char *data) {
    struct stat in, out;
    int code = EXIT_DONE;
    for (int part = 0; part < 2 && !code; part++) {
        char *path = join_path(r->s->out, part ? "test.csv" : "train.csv");
        if (!stat(data, &in) && !stat(path, &out) && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
            code = fail_text("%s is what is split: choose another --out", path);
        free(path);
    }
    return code;
}

/* --- files ------------------------------------------------------------------------------------------------------------------- */

/* "c/x.png" of "a/b/c/x.png" for up = 1: the name with `up` folders before it, slashes as _; NULL if there are no more folders. */
static char *name_with_parents(const char *path, int up) {
    const char *at = path + strlen(path);
    for (int i = -1; i < up; i++) {
        if (at == path) return NULL;
        for (at--; at > path && at[-1] != '/';) at--;
        if (i + 1 < up && at == path) return NULL;
    }
    char *name = strdup(at);
    for (char *c = name; c && *c; c++)
        if (*c == '/') *c = '_';
    return name;
}

/* A place in the folder that is still free; files of one name take their parents' names in front. */
static char *free_place(const char *folder, const char *path) {
    for (int up = 0;; up++) {
        char *name = name_with_parents(path, up);
        if (!name) break;
        char *place = join_path(folder, name);
        free(name);
        if (!exists(place)) return place;
        free(place);
    }
    char *last = name_with_parents(path, 0), *numbered = malloc(strlen(last) + 16);
    for (int i = 2; numbered && i < 1000000; i++) {
        snprintf(numbered, strlen(last) + 16, "%d_%s", i, last);
        char *place = join_path(folder, numbered);
        if (!exists(place)) {
            free(last);
            free(numbered);
            return place;
        }
        free(place);
    }
    free(last);
    free(numbered);
    return NULL;
}

/* A class as the name of a folder, unless it cannot be one. */
static bool good_folder(const char *name) { return *name && *name != '.' && !strchr(name, '/'); }

static int check_classes(const split_run *r) {
    if (r->info.task == HN_TASK_MULTI) return fail_text("images with several labels fit no folder per class: use --manifest");
    for (int32_t k = 0; k < r->info.n_classes; k++)
        if (!good_folder(hn_dataset_class_name(r->data, k)))
            return fail_text("the class %s cannot name a folder: use --manifest", hn_dataset_class_name(r->data, k));
    return EXIT_DONE;
}

/* Folders that are there already would be mixed up with what comes. */
static int check_place(const split_run *r) {
    int code = EXIT_DONE;
    for (int part = 0; part < 2 && !code; part++) {
        char *path = join_path(r->s->out, part_names[part]);
        if (exists(path)) code = fail_text("%s is there already: choose another --out, or remove it", path);
        free(path);
    }
    return code;
}

/* `top` is the part's folder, which the manifest's paths are relative to. */
static int place_file(split_run *r, const char *top, const char *folder, const hn_row *row, FILE *manifest) {
    if (access(row->path, R_OK)) {
        fail_text("skipped: cannot read %s: %s", row->path, strerror(errno));
        r->skipped++;
        return r->s->choice.strict ? EXIT_FAILED : EXIT_DONE;
    }
    char *place = free_place(folder, row->path);
    int code = !place ? fail_text("no free name for %s in %s", row->path, folder) : copy_file(row->path, place, r->s->move) ? EXIT_DONE : EXIT_FAILED;
    if (!code && manifest) write_row(r, manifest, place + strlen(top) + 1, row, NULL, 0);
    free(place);
    return code;
}

static int place_class(split_run *r, int part, int32_t class_index, const char *top, FILE *manifest) {
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_row row = {.struct_size = sizeof row};
    hn_error err = {0};
    char *folder = join_path(top, hn_dataset_class_name(r->data, class_index));
    int code = hn_dataset_get_info(r->parts[part], &info, &err) ? fail(&err) : make_folder(folder);
    for (int64_t i = 0; i < info.n_rows && !code; i++) {
        if (hn_cancel_triggered(r->cancel))
            code = EXIT_INTERRUPTED;
        else if (hn_dataset_get_row(r->parts[part], i, &row, &err))
            code = fail(&err);
        else if (row.label == class_index)
            code = place_file(r, top, folder, &row, manifest);
    }
    free(folder);
    return code;
}

/* Folders cannot say whose a file is, so where patients are known a manifest beside the classes says it; the library looks for it. */
static int place_part(split_run *r, int part) {
    char *top = join_path(r->s->out, part_names[part]), *path = join_path(top, "manifest.csv");
    int code = make_folder(top);
    FILE *manifest = NULL;
    if (!code && r->info.n_groups && !(manifest = open_manifest(r, path))) code = EXIT_FAILED;
    for (int32_t k = 0; k < r->info.n_classes && !code; k++) code = place_class(r, part, k, top, manifest);
    if (manifest && code)
        discard_output(manifest, path);
    else if (manifest && !close_output(manifest, path))
        code = EXIT_FAILED;
    free(path);
    free(top);
    return code;
}

/* --- the command ------------------------------------------------------------------------------------------------------------- */

static void print_counts(const split_run *r) {
    if (quiet) return;
    for (int part = 0; part < 2; part++) {
        hn_dataset_info info = {.struct_size = sizeof info};
        hn_row row = {.struct_size = sizeof row};
        if (hn_dataset_get_info(r->parts[part], &info, NULL)) return;
        printf("%-5s  %lld images", part_names[part], (long long)info.n_rows);
        if (info.n_groups) printf(" of %lld patients", (long long)info.n_groups);
        for (int32_t k = 0; k < info.n_classes && k < 64; k++) {
            int64_t n = 0;
            for (int64_t i = 0; i < info.n_rows; i++) n += !hn_dataset_get_row(r->parts[part], i, &row, NULL) && row.labels >> k & 1;
            printf("%s %s %lld", k ? "," : ":", hn_dataset_class_name(r->data, k), (long long)n);
        }
        printf("\n");
    }
    if (groups_unknown(r->data))
        printf("patients are not known: slices of one patient may stand in both parts\n");
    else
        printf(r->info.n_groups ? "no patient is in both parts\n" : "there are no groups, as asked: each image is its own\n");
}

static int split(split_run *r, const char *path) {
    hn_error err = {0};
    hn_split_options options = {.struct_size = sizeof options, .flags = HN_SPLIT_COPIES_TOGETHER, .train_ratio = r->s->train_ratio, .seed = r->s->seed};
    r->info.struct_size = sizeof r->info;
    hn_status status = open_context(1, &r->ctx, &err);
    if (!status) status = catch_interrupt(r->ctx, &r->cancel, &err);
    if (!status) status = open_data(r->ctx, path, &r->s->choice, &r->data, &err);
    if (!status) status = hn_dataset_get_info(r->data, &r->info, &err);
    if (!status) status = hn_dataset_split(r->data, &options, &r->parts[0], &r->parts[1], &err);
    if (status) return fail(&err);
    warn_groups(r->data);
    note_copies(r->data);
    int code = r->s->manifest ? keep_data(r, path) : check_classes(r);
    if (!code && (r->s->manifest || r->info.n_groups)) code = check_names(r);
    if (!code) code = r->s->manifest ? make_folder(r->s->out) : check_place(r);
    for (int part = 0; part < 2 && !code; part++) code = r->s->manifest ? write_manifest(r, part) : place_part(r, part);
    if (code == EXIT_INTERRUPTED) fprintf(stderr, "haemnet: interrupted: %s is not whole\n", r->s->out);
    if (!code) print_counts(r);
    return code ? code : r->skipped ? EXIT_SKIPPED : EXIT_DONE;
}

static bool read_ratios(split_settings *s) {
    char *end;
    double train = strtod(s->ratios, &end);
    if (end == s->ratios || *end != ',') return false;
    const char *second = end + 1;
    double test = strtod(second, &end);
    if (end == second || *end || !(train > 0) || !(test > 0) || !(fabs(train + test - 1) < 1e-9)) return false;
    s->train_ratio = train;
    return true;
}

static int read_kept(split_run *r) {
    static const char *const own[] = {"file", "label", "patient", "study", "slice"};
    if (!r->s->choice.keep_columns) return EXIT_DONE;
    r->n_kept = split_list(r->s->choice.keep_columns, &r->kept_copy, &r->kept);
    for (int32_t c = 0; c < r->n_kept; c++)
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            if (!strcmp(r->kept[c], own[i])) return usage_error("split", "--keep %s: the parts have this column anyway", own[i]);
    return EXIT_DONE;
}

int cmd_split(int argc, char **argv) {
    split_settings s = {.ratios = "0.8,0.2", .choice.cache_mb = -1};
    option list[N_OPTIONS];
    split_run r = {.s = &s};
    list_options(&s, list);
    int words = parse_options("split", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    if (words != 1) return usage_error("split", "takes one folder or manifest, not %d words", words);
    if (!s.out) return usage_error("split", "--out DIR is needed");
    if (!read_ratios(&s)) return usage_error("split", "--ratios %s: must be two shares above 0 that add up to 1, such as 0.8,0.2", s.ratios);
    if (s.move && s.manifest) return usage_error("split", "--move and --manifest exclude each other: a manifest leaves the files where they are");
    if (s.choice.keep_columns && !s.manifest) return usage_error("split", "--keep belongs to --manifest: a folder per class has no columns");
    quiet = s.quiet;
    int code = check_words("split", NULL, NULL, s.choice.group);
    if (!code) code = read_kept(&r);
    if (!code) code = split(&r, argv[0]);
    free(r.kept);
    free(r.kept_copy);
    for (int part = 0; part < 2; part++) hn_dataset_free(r.parts[part]);
    hn_dataset_free(r.data);
    hn_cancel_free(r.cancel);
    hn_context_free(r.ctx);
    return code;
}
