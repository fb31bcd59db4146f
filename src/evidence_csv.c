/* evidence_csv.c - evidence.csv: one row an image, from which every figure that is a count of rows can be worked out by hand. */
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

/* What is true, or what was said, as names; of several labels joined by +. */
static void names_field(FILE *out, const evidence *e, const hn_eval_sample *row, bool said) {
    char *names = NULL;
    size_t size = 0;
    FILE *list = open_memstream(&names, &size);
    int written = 0;
    if (!list) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    for (int32_t k = 0; k < e->levels[0].m.n_classes; k++) {
        const bool called = e->multi ? row->probabilities[k] >= e->levels[0].m.threshold : row->predicted == k;
        if (said ? called : row_has(e, row, k)) fprintf(list, "%s%s", written++ ? "+" : "", class_of(e, k));
    }
    fclose(list);
    csv_field(out, names);
    free(names);
}

void write_evidence_csv(FILE *out, const evidence *e) {
    const int32_t classes = e->levels[0].m.n_classes;
    fprintf(out, "sha256,truth,said");
    for (int32_t k = 0; k < classes; k++) {
        char name[512];
        snprintf(name, sizeof name, "probability_%s", class_of(e, k));
        fputc(',', out);
        csv_field(out, name);
    }
    fprintf(out, ",novelty,patient,file\n");
    for (int64_t i = 0; i < e->levels[0].m.n; i++) {
        hn_eval_sample row = {.struct_size = sizeof row};
        if (hn_eval_row(e->source->eval, i, &row, NULL)) continue;
        fprintf(out, "%s,", e->image_sha256[i]);
        names_field(out, e, &row, false);
        fputc(',', out);
        names_field(out, e, &row, true);
        for (int32_t k = 0; k < classes; k++) {
            fputc(',', out);
            csv_number(out, row.probabilities[k]);
        }
        fputc(',', out);
        csv_number(out, row.novelty);
        fputc(',', out);
        csv_field(out, row.group);
        fputc(',', out);
        csv_field(out, row.path);
        fputc('\n', out);
    }
}

int find_csv_digest(evidence *e) {
    char *table = NULL;
    size_t size = 0;
    digest d;
    FILE *out = open_memstream(&table, &size);
    if (!out) return fail_text("out of memory");
    write_evidence_csv(out, e);
    const bool done = !fclose(out);
    digest_begin(&d);
    if (done) digest_add(&d, table, size);
    digest_end(&d, e->csv_sha256);
    free(table);
    return done ? EXIT_DONE : fail_text("out of memory");
}
