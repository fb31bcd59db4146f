/* explain_files.c - see explain.h: the files to explain, in their order, with what is known of each.
 *
 * What is known comes from the options, from a manifest that stands among the files, or from --manifest, where a file is found by its real
 * path: parts that `haemnet split` wrote hold no spacings, but name the same files as the manifest that they came from. */
#include "explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* Everything that a list's texts lie in. */
typedef struct store {
    table *tables;
    size_t n_tables;
    char **texts;
    size_t n_texts;
} store;

enum { PATIENT, STUDY, SLICE, TYPES, PIXEL_SPACING, SLICE_SPACING, VOLUME, FACTS };
static const char *const columns[FACTS] = {"patient", "study", "slice", "types", "pixel_spacing_mm", "slice_spacing_mm", "patient_volume_ml"};

static void *grown(void *array, size_t n, size_t size) {
    void *more = realloc(array, (n + 1) * size);
    if (more) return more;
    fail_text("out of memory");
    exit(EXIT_FAILED);
}

static char *keep(store *k, char *text) {
    k->texts = grown(k->texts, k->n_texts, sizeof *k->texts);
    return k->texts[k->n_texts++] = text;
}

static int add_table(store *k, const char *path, table **out) {
    k->tables = grown(k->tables, k->n_tables, sizeof *k->tables);
    *out = &k->tables[k->n_tables];
    if (!table_read(path, *out)) return EXIT_FAILED;
    k->n_tables++;
    if (table_column(*out, "file") >= 0) return EXIT_DONE;
    return fail_text("%s has no column `file`", path);
}

/* "" is unknown and leaves *value. */
static bool read_number(const char *text, double least, double *value) {
    char *end;
    if (!*text) return true;
    const double x = strtod(text, &end);
    if (end == text || *end || !(x >= least && x < 1e9)) return false;
    *value = x;
    return true;
}

static void take_text(const char **to, const char *text) {
    if (!**to) *to = text;
}

/* What the row says and was not known yet. */
static int take_facts(explain_file *f, const table *t, size_t row, const char *manifest) {
    double slice = -1, pixel = 0, between = 0, volume = NAN;
    const char *cells[FACTS];
    for (int i = 0; i < FACTS; i++) cells[i] = table_cell(t, row, table_column(t, columns[i]));
    double *const numbers[FACTS] = {[SLICE] = &slice, [PIXEL_SPACING] = &pixel, [SLICE_SPACING] = &between, [VOLUME] = &volume};
    for (int i = 0; i < FACTS; i++)
        if (numbers[i] && !read_number(cells[i], 0, numbers[i]))
            return fail_text("%s, row %zu: %s is \"%s\", which is no number from 0 on", manifest, row + 2, columns[i], cells[i]);
    take_text(&f->patient, cells[PATIENT]);
    take_text(&f->study, cells[STUDY]);
    take_text(&f->types, cells[TYPES]);
    if (f->slice < 0 && slice >= 0) f->slice = (int32_t)slice;
    if (!(f->spacing[0] > 0)) f->spacing[0] = f->spacing[1] = pixel;
    if (!(f->spacing[2] > 0)) f->spacing[2] = between;
    if (isnan(f->volume_ml)) f->volume_ml = volume;
    return EXIT_DONE;
}

static explain_file *add_file(explain_list *l, const char *path) {
    l->files = grown(l->files, l->n, sizeof *l->files);
    l->files[l->n] = (explain_file){.path = path, .patient = "", .study = "", .types = "", .slice = -1, .volume_ml = NAN};
    return &l->files[l->n++];
}

/* The path in a manifest's row: absolute, or below the manifest's folder. */
static char *path_of(const char *manifest, const char *file) {
    const char *slash = strrchr(manifest, '/');
    const size_t length = slash && *file != '/' ? (size_t)(slash - manifest) + 1 : 0, room = length + strlen(file) + 1;
    char *path = grown(NULL, room, 1);
    memcpy(path, manifest, length);
    snprintf(path + length, room - length, "%s", file);
    return path;
}

static int add_rows(explain_list *l, const char *manifest) {
    table *t;
    int code = add_table(l->kept, manifest, &t);
    if (code) return code;
    const int file = table_column(t, "file");
    for (size_t row = 0; row < t->rows && !code; row++) {
        explain_file *f = add_file(l, keep(l->kept, path_of(manifest, table_cell(t, row, file))));
        code = take_facts(f, t, row, manifest);
    }
    return code;
}

static bool is_manifest(const char *word) {
    const size_t n = strlen(word);
    return n > 4 && (!strcmp(word + n - 4, ".csv") || !strcmp(word + n - 4, ".CSV"));
}

/* --- the manifest beside the files ----------------------------------------------------------------------------------------------- */

typedef struct place {
    char *real;
    size_t row;
} place;

static int by_real(const void *a, const void *b) { return strcmp(((const place *)a)->real, ((const place *)b)->real); }

static int look_up(explain_list *l, const char *manifest) {
    table *t;
    int code = add_table(l->kept, manifest, &t);
    if (code) return code;
    place *places = grown(NULL, t->rows, sizeof *places);
    size_t n = 0, found = 0;
    for (size_t row = 0; row < t->rows; row++) {
        char *path = path_of(manifest, table_cell(t, row, table_column(t, "file"))), *real = realpath(path, NULL);
        free(path);
        if (real) places[n++] = (place){real, row};
    }
    qsort(places, n, sizeof *places, by_real);
    for (size_t i = 0; i < l->n && !code; i++) {
        place key = {realpath(l->files[i].path, NULL), 0};
        const place *at = key.real ? bsearch(&key, places, n, sizeof *places, by_real) : NULL;
        free(key.real);
        found += at != NULL;
        if (at) code = take_facts(&l->files[i], t, at->row, manifest);
    }
    for (size_t i = 0; i < n; i++) free(places[i].real);
    free(places);
    if (!code && found < l->n) note("note: %zu of %zu files are not in %s", l->n - found, l->n, manifest);
    return code;
}

/* --- which belong together --------------------------------------------------------------------------------------------------------- */

static bool of_a_volume(const explain_file *f) { return *f->patient && f->slice >= 0; }

/* By patient, study and slice; those that are nobody's stay where they are, at the end. qsort is not stable, so their addresses decide. */
static int by_slice(const void *a, const void *b) {
    const explain_file *x = a, *y = b;
    if (of_a_volume(x) != of_a_volume(y)) return of_a_volume(x) ? -1 : 1;
    if (!of_a_volume(x)) return (x->slice > y->slice) - (x->slice < y->slice); /* their order, see group_files */
    int order = strcmp(x->patient, y->patient);
    if (!order) order = strcmp(x->study, y->study);
    return order ? order : (x->slice > y->slice) - (x->slice < y->slice);
}

static bool together(const explain_file *a, const explain_file *b) {
    return of_a_volume(a) && of_a_volume(b) && !strcmp(a->patient, b->patient) && !strcmp(a->study, b->study);
}

static int group_files(explain_list *l, bool series) {
    l->ends = grown(NULL, l->n, sizeof *l->ends);
    if (series) {
        l->ends[l->volumes++] = l->n;
        return EXIT_DONE;
    }
    for (size_t i = 0; i < l->n; i++)
        if (!of_a_volume(&l->files[i])) l->files[i].slice = -(int32_t)(l->n - i); /* below 0: not known, and in order */
    qsort(l->files, l->n, sizeof *l->files, by_slice);
    for (size_t i = 0; i < l->n; i++) {
        const explain_file *f = &l->files[i], *next = i + 1 < l->n ? f + 1 : NULL;
        if (next && together(f, next) && f->slice == next->slice)
            return fail_text("patient %s has two files for slice %d: %s and %s; explain them apart, or name their studies", f->patient, f->slice, f->path,
                             next->path);
        if (!next || !together(f, next)) l->ends[l->volumes++] = i + 1;
    }
    return EXIT_DONE;
}

/* --- names of pictures --------------------------------------------------------------------------------------------------------------- */

/* "b_c" of "a/b/c.png" for up = 1: the name without its ending, with `up` folders before it. */
static char *picture_name(const char *path, int up) {
    const char *at = path + strlen(path), *dot = strrchr(path, '.');
    for (int i = -1; i < up && at > path; i++)
        for (at--; at > path && at[-1] != '/';) at--;
    const size_t length = dot && !strchr(dot, '/') && dot > at ? (size_t)(dot - at) : strlen(at);
    char *name = calloc(1, length + sizeof ".png");
    if (!name) return fail_text("out of memory"), exit(EXIT_FAILED), NULL;
    for (size_t i = 0; i < length; i++) name[i] = at[i] == '/' ? '_' : at[i];
    memcpy(name + length, ".png", sizeof ".png");
    return name;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* All by the same number of folders: the least that tells them apart. */
static void name_pictures(explain_list *l) {
    char **sorted = grown(NULL, l->n, sizeof *sorted);
    bool twice = true;
    for (int up = 0; up < 16 && twice; up++) {
        for (size_t i = 0; i < l->n; i++) {
            free(l->files[i].picture);
            sorted[i] = l->files[i].picture = picture_name(l->files[i].path, up);
        }
        qsort(sorted, l->n, sizeof *sorted, by_text);
        twice = false;
        for (size_t i = 1; i < l->n; i++) twice |= !strcmp(sorted[i - 1], sorted[i]);
    }
    free(sorted);
}

int list_files(const explain_settings *s, char **words, int n, explain_list *out) {
    *out = (explain_list){.kept = calloc(1, sizeof(store))};
    int code = out->kept ? EXIT_DONE : fail_text("out of memory");
    for (int i = 0; i < n && !code; i++) {
        if (is_manifest(words[i]))
            code = add_rows(out, words[i]);
        else
            add_file(out, words[i]);
    }
    if (!code && !out->n) code = fail_text("%s names no file", words[0]);
    if (!code && s->manifest) code = look_up(out, s->manifest);
    for (size_t i = 0; i < out->n && !code; i++)
        for (int k = 0; k < 3; k++)
            if (s->spacing_mm[k] > 0) out->files[i].spacing[k] = s->spacing_mm[k];
    if (!code) code = group_files(out, s->series);
    if (!code && s->overlay) name_pictures(out);
    return code;
}

void free_files(explain_list *l) {
    store *k = l->kept;
    for (size_t i = 0; i < l->n; i++) free(l->files[i].picture);
    for (size_t i = 0; k && i < k->n_tables; i++) table_free(&k->tables[i]);
    for (size_t i = 0; k && i < k->n_texts; i++) free(k->texts[i]);
    if (k) free(k->tables), free(k->texts);
    free(k);
    free(l->files);
    free(l->ends);
    *l = (explain_list){0};
}
