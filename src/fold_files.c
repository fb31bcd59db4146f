/* fold_files.c - a finished fold in its folder: predictions.csv, and then fold.json, the key of what they follow from. A fold whose key is there
 * is finished; it is used again if options, data, parts, backbone and version are the same, to the letter. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "crossval.h"
#include "digest.h"

static void part_digest(FILE *out, const char *name, hn_dataset *part) {
    hn_dataset_info info = {.struct_size = sizeof info};
    char text[DIGEST_TEXT] = "";
    if (!hn_dataset_get_info(part, &info, NULL)) hex_digest(text, info.digest);
    fprintf(out, ", \"%s\": \"%s\"", name, text);
}

/* Of what training begins with; a file that cannot be read is told where it is needed. */
static void backbone_digest(FILE *out, const char *path) {
    char text[DIGEST_TEXT];
    if (path && digest_file(path, text)) fprintf(out, ", \"backbone_digest\": \"%s\"", text);
}

/* Options that change no result are left out: where to write, threads, memory, names of the data. What options alone do not say is in it by its
 * digest: how the data were divided (a fold column, the sizes of a curve), what is in the backbone's file. */
char *fold_key(const crossval *c, const one_fold *f) {
    const train_settings *s = f->s;
    char *text = NULL, rows[DIGEST_TEXT];
    size_t size = 0;
    train_settings plain = *s;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    plain.data = plain.out = plain.test = NULL;
    plain.threads = plain.resume = 0;
    plain.resident_mb = plain.choice.cache_mb = -1;
    hex_digest(rows, c->info.digest);
    fprintf(out, "{\"haemnet\": \"%s\", ", hn_version_string());
    write_settings_json(out, &plain);
    fprintf(out, ", \"data_digest\": \"%s\", \"positive\": %d, \"folds\": %d, \"inner\": %d, \"validate\": %.17g, \"tta\": \"%s\", "
            "\"smooth\": %.17g, \"place\": \"%s\"", rows, c->t->positive, c->s->folds, c->s->inner, validate_share(c->s, s),
            tta_name(c->s->tta), c->s->smooth, f->place);
    part_digest(out, "train_digest", f->train);
    part_digest(out, "test_digest", f->test);
    backbone_digest(out, s->backbone);
    fprintf(out, "}\n");
    if (fclose(out)) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    return text;
}

static bool same_text(const char *path, const char *text) {
    size_t n = strlen(text);
    char *have = malloc(n + 2);
    FILE *in = fopen(path, "rb");
    bool same = have && in && fread(have, 1, n + 1, in) == n && !memcmp(have, text, n);
    if (in) fclose(in);
    free(have);
    return same;
}

/* row,probability,…; false if it is not that to its end. */
static bool read_line(const crossval *c, char *line, unseen *u, int32_t fold) {
    char *end;
    long long row = strtoll(line, &end, 10);
    if (end == line || row < 0 || row >= c->info.n_rows) return false;
    for (int32_t k = 0; k < c->info.n_classes; k++) {
        if (*end != ',') return false;
        char *at = end + 1;
        double p = strtod(at, &end);
        if (end == at || !(p >= 0 && p <= 1)) return false;
        u->p[row * c->info.n_classes + k] = p;
    }
    u->fold[row] = fold;
    return *end == '\n';
}

bool read_fold(const crossval *c, const char *folder, const char *key, unseen *u, int32_t fold) {
    char *path = join_path(folder, "fold.json"), *table = join_path(folder, "predictions.csv"), *line = NULL;
    FILE *in = same_text(path, key) ? fopen(table, "rb") : NULL;
    size_t room = 0;
    bool good = in && getline(&line, &room, in) > 0; /* the header */
    while (good && getline(&line, &room, in) > 0) good = read_line(c, line, u, fold);
    good = good && feof(in);
    for (int64_t i = 0; !good && i < c->info.n_rows; i++)
        if (u->fold[i] == fold) u->fold[i] = -1;
    if (in) fclose(in);
    free(line);
    free(path);
    free(table);
    return good;
}

static int write_text(const char *folder, const char *name, const char *text) {
    char *path = join_path(folder, name);
    FILE *out = open_output(path);
    if (out) fputs(text, out);
    bool done = out && close_output(out, path);
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}

int write_fold(const crossval *c, const char *folder, const char *key, const unseen *u, int32_t fold) {
    char *path = join_path(folder, "predictions.csv");
    FILE *out = open_output(path);
    bool done = out != NULL;
    if (out) {
        fprintf(out, "row");
        for (int32_t k = 0; k < c->info.n_classes; k++) {
            char column[512];
            snprintf(column, sizeof column, "probability_%s", hn_dataset_class_name(c->t->data, k));
            fputc(',', out);
            csv_field(out, column);
        }
        fputc('\n', out);
        for (int64_t i = 0; i < c->info.n_rows; i++) {
            if (u->fold[i] != fold) continue;
            fprintf(out, "%lld", (long long)i);
            for (int32_t k = 0; k < c->info.n_classes; k++) {
                fputc(',', out);
                csv_number(out, u->p[i * c->info.n_classes + k]);
            }
            fputc('\n', out);
        }
        done = close_output(out, path);
    }
    free(path);
    return done ? write_text(folder, "fold.json", key) : EXIT_FAILED;
}
