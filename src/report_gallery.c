/* report_gallery.c - the images that people should look at, each beside what moved the network, inside the page as PNG. Small ones, and a bounded number of
 * bytes: a report is to be sent by mail. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { SIDE = 192, ROOM = SIDE * SIDE * 4 }; /* noise does not shrink */
#define MOST_BYTES ((size_t)1600 * 1000) /* of all pictures; a third more in base64 */

typedef struct gallery {
    FILE *out;
    const evidence *e;
    int32_t neighbours; /* slices that the model sees at once; 1 = the image alone */
    size_t bytes;
    bool full;
} gallery;

/* The longer side to SIDE px at most. */
static hn_status shrink(const hn_image *image, hn_image **out, hn_error *err) {
    hn_image_info info = {.struct_size = sizeof info};
    hn_status status = hn_image_get_info(image, &info, err);
    if (status) return status;
    const int32_t longer = info.width > info.height ? info.width : info.height, side = longer < SIDE ? longer : SIDE;
    const int32_t w = (int32_t)fmax(1, round((double)info.width * side / longer)), h = (int32_t)fmax(1, round((double)info.height * side / longer));
    return hn_image_resize(image, w, h, out, err);
}

static hn_status put_picture(gallery *g, const hn_image *image, const char *about, const char *name, hn_error *err) {
    static uint8_t bytes[ROOM];
    hn_image_info info = {.struct_size = sizeof info};
    hn_image *small = NULL;
    size_t size = 0;
    hn_status status = shrink(image, &small, err);
    if (!status) status = hn_image_get_info(small, &info, err);
    if (!status) status = hn_image_save_png_memory(small, bytes, sizeof bytes, &size, err);
    if (!status) {
        fprintf(g->out, "<img width=\"%d\" height=\"%d\" alt=\"%s ", info.width, info.height, about);
        html_text(g->out, name);
        fputs("\" src=\"data:image/png;base64,", g->out);
        html_base64(g->out, bytes, size);
        fputs("\">\n", g->out);
        g->bytes += size;
    }
    hn_image_free(small);
    return status;
}

/* --- heat maps: of a slice alone, or between its neighbours ------------------------------------------------------------------------------ */
enum { MOST_SLICES = 15 };
typedef struct series { /* lowest slice first */
    hn_image *images[MOST_SLICES];
    int32_t n, middle;
} series;

/* The row of the next lower (-1) or higher (1) slice of the same patient and study; the row itself where there is none. */
static int64_t beside(const gallery *g, int64_t of, int step) {
    hn_dataset *data = g->e->source->data;
    hn_row own = {.struct_size = sizeof own}, row = own;
    int64_t best = of, gap = INT64_MAX;
    if (hn_dataset_get_row(data, of, &own, NULL) || !*own.patient || own.slice < 0) return of;
    for (int64_t i = 0; !hn_dataset_get_row(data, i, &row, NULL); i++) {
        const int64_t higher = ((int64_t)row.slice - own.slice) * step;
        if (row.slice < 0 || higher <= 0 || higher >= gap || strcmp(row.patient, own.patient) || strcmp(row.study, own.study)) continue;
        best = i, gap = higher;
    }
    return best;
}

static hn_status load_series(const gallery *g, int64_t of, series *s, hn_error *err) {
    int64_t rows[MOST_SLICES];
    const int32_t half = g->neighbours / 2;
    int64_t row = of;
    *s = (series){.n = 1};
    rows[0] = of;
    for (int64_t next; s->middle < half && (next = beside(g, row, -1)) != row; row = next, s->middle++) {
        memmove(rows + 1, rows, (size_t)s->n++ * sizeof *rows);
        rows[0] = next;
    }
    row = of;
    for (int64_t next; s->n - s->middle <= half && (next = beside(g, row, 1)) != row; row = next) rows[s->n++] = next;
    hn_status status = HN_OK;
    for (int32_t i = 0; i < s->n && !status; i++) {
        hn_row facts = {.struct_size = sizeof facts};
        status = hn_dataset_get_row(g->e->source->data, rows[i], &facts, err);
        if (!status) status = hn_image_load(g->e->source->ctx, facts.path, NULL, &s->images[i], err);
    }
    return status;
}

/* What spoke for the class that is looked for (or was said, where none is), laid over the image. */
static hn_status overlay(const gallery *g, const series *s, hn_image **out, hn_error *err) {
    const hn_overlay_options options = {.struct_size = sizeof options, .flags = HN_OVERLAY_BARE, .scale = 1};
    const hn_explain_options how = {.struct_size = sizeof how, .method = HN_EXPLAIN_INTEGRATED_GRADIENTS, .blur = EXPLAIN_BLUR};
    hn_heatmap_info infos[MOST_SLICES];
    size_t n = 0;
    for (int32_t i = 0; i < s->n; i++) infos[i].struct_size = sizeof infos[i];
    hn_predictor *predictor = g->e->source->predictor;
    const hn_image *const *images = (const hn_image *const *)s->images;
    hn_status status = hn_explain_series(predictor, images, (size_t)s->n, &how, NULL, 0, &n, infos, err);
    float *maps = status ? NULL : malloc(n * sizeof *maps);
    if (!status && !maps) {
        status = HN_E_MEMORY;
        *err = (hn_error){.status = status, .message = "out of memory"};
    }
    if (!status) status = hn_explain_series(predictor, images, (size_t)s->n, &how, maps, n, &n, infos, err);
    if (!status) status = hn_overlay(g->e->source->ctx, s->images[s->middle], maps + infos[s->middle].offset, NULL, &options, out, err);
    free(maps);
    return status;
}

static void names_of(const gallery *g, const hn_eval_sample *row, bool said) {
    const evidence *e = g->e;
    int written = 0;
    for (int32_t k = 0; k < e->levels[0].m.n_classes; k++) {
        const bool called = e->multi ? row->probabilities[k] >= e->levels[0].m.threshold : row->predicted == k;
        if (!(said ? called : row_has(e, row, k))) continue;
        if (written++) fputs(", ", g->out);
        html_text(g->out, class_of(e, k));
    }
    if (!written) fputs("nothing", g->out);
}

static void caption(const gallery *g, const evidence_case *c, const hn_eval_sample *row, const char *name) {
    const hn_metrics *m = &g->e->levels[0].m;
    fprintf(g->out, "<figcaption><strong>%s</strong>: said ", c->right ? "right" : "wrong");
    names_of(g, row, true);
    fputs("; true: ", g->out);
    names_of(g, row, false);
    fputs(". ", g->out);
    if (m->positive >= 0 && !g->e->multi) {
        fputs("Probability of ", g->out);
        html_text(g->out, class_of(g->e, m->positive));
        fputs(" ", g->out);
        html_percent(g->out, row->probabilities[m->positive]);
    } else {
        fputs("Probability of the truth ", g->out);
        html_percent(g->out, c->truth);
    }
    if (row->flags & HN_PREDICTION_UNFAMILIAR) fputs(". <strong>Not like the training images</strong>", g->out);
    fputs(".<br><code>", g->out);
    html_text(g->out, name);
    fputs("</code>", g->out);
    if (*row->group) {
        fputs(", patient ", g->out);
        html_text(g->out, row->group);
    }
    fputs("</figcaption>", g->out);
}

/* A case that cannot be drawn is told, not left out. */
static void show(gallery *g, const evidence_case *c) {
    hn_eval_sample row = {.struct_size = sizeof row};
    hn_image *plain = NULL, *over = NULL;
    series slices = {0};
    hn_error err = {0};
    if (hn_eval_row(g->e->source->eval, c->row, &row, NULL)) return;
    const char *slash = strrchr(row.path, '/'), *name = slash ? slash + 1 : row.path;
    fprintf(g->out, "<li class=\"%s\"><figure>\n", c->right ? "right" : "wrong");
    hn_status status = load_series(g, row.row, &slices, &err);
    if (!status) status = hn_image_convert(slices.images[slices.middle], 1, &plain, &err);
    if (!status) status = put_picture(g, plain, "Slice", name, &err);
    if (!status) status = overlay(g, &slices, &over, &err);
    if (!status) status = put_picture(g, over, "Heat map over", name, &err);
    if (status) {
        fputs("<p>cannot be drawn: ", g->out);
        html_text(g->out, err.message);
        fputs("</p>\n", g->out);
    }
    caption(g, c, &row, name);
    fputs("</figure></li>\n", g->out);
    hn_image_free(over);
    hn_image_free(plain);
    for (int32_t i = 0; i < slices.n; i++) hn_image_free(slices.images[i]);
}

static int32_t count_neighbours(const hn_model *model) {
    json_list facts = {0};
    char *text = metadata_of(model, NULL);
    double slices = 1;
    if (text && read_json("the model's metadata", text, strlen(text), &facts))
        slices = json_number_at(&facts, "preprocessing.slices");
    free_json(&facts);
    free(text);
    return slices > 1 && slices <= MOST_SLICES ? (int32_t)slices : 1;
}

static void list(gallery *g, bool right) {
    const evidence *e = g->e;
    int32_t n = 0, shown = 0;
    for (int32_t i = 0; i < e->n_cases; i++) n += e->cases[i].right == right;
    fprintf(g->out, "<h3>%s</h3>\n", right ? "Right, but least sure" : "Wrong, the surest first");
    if (!n) {
        fprintf(g->out, "<p>None of these images was called %s.</p>\n", right ? "right" : "wrong");
        return;
    }
    fputs("<ul class=\"gallery\">\n", g->out);
    for (int32_t i = 0; i < e->n_cases; i++) {
        if (e->cases[i].right != right) continue;
        if (g->bytes > (right ? MOST_BYTES : MOST_BYTES * 2 / 3)) break;
        show(g, &e->cases[i]);
        shown++;
    }
    fputs("</ul>\n", g->out);
    const int64_t all = right ? e->levels[0].m.n - e->n_wrong : e->n_wrong;
    if (all > shown) fprintf(g->out, "<p class=\"dim\">%d of %lld; all of them are in evidence.csv.</p>\n", shown, (long long)all);
}

void report_gallery(FILE *out, const evidence *e) {
    gallery g = {.out = out, .e = e, .neighbours = count_neighbours(e->source->model)};
    fputs("<p>Left the image, right what spoke for ", out);
    if (e->levels[0].m.positive >= 0) {
        fputs("<b>", out);
        html_text(out, class_of(e, e->levels[0].m.positive));
        fputs("</b>", out);
    } else {
        fputs("the class that was said", out);
    }
    fputs(" in the network (integrated gradients): bright weighs most. It shows what moved the network, not where disease is.", out);
    if (g.neighbours > 1) fprintf(out, " The network saw each slice with its neighbours, %d in all.", g.neighbours);
    fputs("</p>\n", out);
    list(&g, false);
    list(&g, true);
}
