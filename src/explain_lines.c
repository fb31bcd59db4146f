/* explain_lines.c - see explain.h: what is said of a file and of a patient, in plain words or as one JSON object a line. */
#include "explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word, *title;
} methods[] = {{NULL, NULL}, {"hirescam", "HiResCAM"}, {"gradcam", "Grad-CAM"}, {"gradcam++", "Grad-CAM++"}, {"layercam", "LayerCAM"},
               {"occlusion", "occlusion"}, {"saliency", "saliency"}, {"integrated-gradients", "integrated gradients"}, {"brightness", "brightness"}};
enum { N_METHODS = sizeof methods / sizeof *methods };

const char *method_title(int32_t method) { return methods[method].title; }

bool find_method(const char *word, int32_t *method) {
    for (int32_t i = 1; i < N_METHODS; i++)
        if (!strcmp(methods[i].word, word)) return *method = i, true;
    return false;
}

static const char *class_name(const explain_run *r, int32_t k) { return hn_model_class_name(r->model, k); }

static bool is_unfamiliar(const explain_slice *s) { return s->info.flags & HN_HEATMAP_UNFAMILIAR; }

/* ", \"name\": value" */
static void member(const char *name, double value) {
    printf(", \"%s\": ", name);
    json_number(stdout, value);
}

static void text_member(const char *name, const char *text) {
    printf(", \"%s\": ", name);
    if (text && *text)
        json_string(stdout, text);
    else
        printf("null");
}

/* --- regions --------------------------------------------------------------------------------------------------------------------------- */

/* [[[x, y], …], …]: a polygon for each piece. */
static void print_outlines(const hn_regions *regions, int32_t index, int32_t slice) {
    size_t need = 0;
    printf(", \"outlines\": [");
    for (int32_t piece = 0; !hn_regions_contour(regions, index, slice, piece, NULL, 0, &need, NULL); piece++) {
        int32_t *points = malloc((need + 1) * sizeof *points);
        if (!points) exit(fail_text("out of memory"));
        printf(piece ? ", [" : "[");
        if (!hn_regions_contour(regions, index, slice, piece, points, need, NULL, NULL))
            for (size_t i = 0; i < need; i += 2) printf("%s[%d, %d]", i ? ", " : "", points[i], points[i + 1]);
        printf("]");
        free(points);
    }
    printf("]");
}

/* The manifest's number of a slice of the stack, or its place in it. */
static int32_t number_of(const explain_slice *slices, int32_t place) { return slices[place].file->slice >= 0 ? slices[place].file->slice : place; }

/* slices: of a stack; NULL = one image. */
static void print_json_region(const hn_regions *regions, int32_t i, const hn_region *g, const explain_slice *slices) {
    printf("%s{\"box\": [%d, %d, %d, %d], \"area_px\": %d", i ? ", " : "", g->left, g->top, g->width, g->height, g->area);
    member("area_mm2", g->area_mm2);
    member("peak", g->peak);
    printf(", \"peak_at\": [%d, %d]", g->peak_x, g->peak_y);
    member("mean", g->mean);
    if (slices) {
        printf(", \"first_slice\": %d, \"last_slice\": %d, \"largest_slice\": %d, \"pixels\": %lld", number_of(slices, g->first_slice),
               number_of(slices, g->last_slice), number_of(slices, g->largest_slice), (long long)g->pixels);
        member("length_mm", g->length_mm);
        member("breadth_mm", g->breadth_mm);
        member("height_mm", g->height_mm);
        member("abc2_ml", g->abc2_weighted_ml);
        member("abc2_unweighted_ml", g->abc2_ml);
        member("counted_ml", g->volume_ml);
    } else {
        print_outlines(regions, i, 0);
    }
    printf("}");
}

static void print_area(const hn_region *g) {
    printf("%d px", g->area);
    if (isfinite(g->area_mm2)) printf(" = %.2f cm2", g->area_mm2 / 100);
}

/* --- a file ------------------------------------------------------------------------------------------------------------------------------ */

/* As predict says it: first that an image is not like the training images, then the rest in brackets. */
static void print_verdict(const explain_run *r, const explain_slice *s) {
    const hn_prediction *v = &s->verdict;
    const bool strange = is_unfamiliar(s);
    char text[UNFAMILIAR_TEXT];
    int said = 0;
    printf("%s: ", s->file->path);
    if (strange) printf("%s [", unfamiliar_text(s->info.novelty, text));
    for (int32_t k = 0; r->info.task == HN_TASK_MULTI && k < r->info.n_classes; k++)
        if (v->labels >> k & 1) printf("%s%s (probability %.3f)", said++ ? ", " : "", class_name(r, k), (double)v->probabilities[k]);
    if (r->info.task == HN_TASK_MULTI && !said) printf("none (most likely: %s, probability %.3f)", class_name(r, v->class_index), v->probability);
    if (r->info.task != HN_TASK_MULTI) printf("%s (probability %.3f)", class_name(r, v->class_index), v->probability);
    printf(strange ? "]\n" : "\n");
}

static void print_truth_text(const explain_case *c) {
    if (!c->truth.mask_pixels) {
        printf("  the mask is empty\n");
        return;
    }
    printf("  beside the mask: %s, %.0f px away, IoU %.2f, energy inside %.2f", c->truth.hit ? "hit" : "missed", c->truth.distance, c->truth.iou,
           isfinite(c->truth.energy) ? c->truth.energy : 0.0);
    if (isfinite(c->deletion)) printf(", deletion %.2f, insertion %.2f", c->deletion, c->insertion);
    printf("\n");
}

/* Regions only where the class is said: elsewhere they show what came nearest to it, which is easily misread. */
static void print_slice_text(const explain_run *r, const explain_slice *s) {
    hn_region g = {.struct_size = sizeof g};
    print_verdict(r, s);
    for (int32_t i = 0; s->said && !hn_regions_get(s->regions, i, &g, NULL); i++) {
        printf("  region %d: ", i + 1);
        print_area(&g);
        printf(", box %d x %d px from (%d, %d), peak %.2f at (%d, %d)\n", g.width, g.height, g.left, g.top, g.peak, g.peak_x, g.peak_y);
    }
    if (s->mask) print_truth_text(&s->found);
}

static void print_json_truth(const explain_case *c) {
    const bool some = c->truth.mask_pixels > 0;
    printf(", \"truth\": {\"mask_px\": %lld", (long long)c->truth.mask_pixels);
    member("mask_cm2", c->area_cm2);
    printf(", \"hit\": %s", some ? c->truth.hit ? "true" : "false" : "null");
    printf(", \"brightest_hit\": %s", some ? c->brightest_hit ? "true" : "false" : "null");
    member("distance_px", c->truth.distance);
    member("iou", c->truth.iou);
    member("energy", c->truth.energy);
    member("deletion", c->deletion);
    member("insertion", c->insertion);
    printf("}");
}

static void print_json_map(const explain_run *r, const explain_slice *s) {
    hn_region g = {.struct_size = sizeof g};
    text_member("explained", class_name(r, s->info.class_index));
    member("explained_probability", s->info.probability);
    member("logit", s->info.logit);
    printf(", \"said\": %s", s->said ? "true" : "false");
    text_member("method", methods[s->info.method].word);
    text_member("layer", s->info.layer);
    printf(", \"grid\": [%d, %d], \"size\": [%d, %d], \"raw\": [", s->info.grid_width, s->info.grid_height, s->info.width, s->info.height);
    json_number(stdout, s->info.raw_min);
    printf(", ");
    json_number(stdout, s->info.raw_max);
    printf("]");
    member("region_threshold", r->s->region_threshold);
    printf(", \"regions\": [");
    for (int32_t i = 0; !hn_regions_get(s->regions, i, &g, NULL); i++) print_json_region(s->regions, i, &g, NULL);
    printf("]");
    if (s->mask) print_json_truth(&s->found);
    if (s->file->picture) {
        char *path = join_path(r->s->overlay, s->file->picture);
        text_member("overlay", path);
        free(path);
    }
}

static void print_slice_json(const explain_run *r, const explain_slice *s) {
    const bool failed = s->error.status != HN_OK;
    printf("{\"file\": ");
    json_string(stdout, s->file->path);
    if (*s->file->patient) text_member("patient", s->file->patient);
    if (s->file->slice >= 0) printf(", \"slice\": %d", s->file->slice);
    text_member("class", failed || (r->info.task == HN_TASK_MULTI && !s->verdict.labels) ? NULL : class_name(r, s->verdict.class_index));
    member("probability", failed ? NAN : s->verdict.probability);
    member("threshold", failed ? NAN : s->verdict.threshold);
    json_novelty(stdout, failed ? NAN : s->info.novelty, is_unfamiliar(s));
    if (!failed) print_json_map(r, s);
    text_member("error", failed ? s->error.message : NULL);
    printf("}\n");
}

void print_slice(const explain_run *r, const explain_slice *s) {
    if (r->s->json)
        print_slice_json(r, s);
    else if (s->error.status)
        fail_text("skipped: %s", s->error.message);
    else
        print_slice_text(r, s);
}

/* --- a patient --------------------------------------------------------------------------------------------------------------------------- */

static size_t count_said(const explain_slice *slices, size_t n) {
    size_t said = 0;
    for (size_t i = 0; i < n; i++) said += slices[i].said;
    return said;
}

static size_t count_unfamiliar(const explain_slice *slices, size_t n) {
    size_t unfamiliar = 0;
    for (size_t i = 0; i < n; i++) unfamiliar += is_unfamiliar(&slices[i]);
    return unfamiliar;
}

/* Whether the model knows what its training images looked like is the same for all slices. */
static void print_json_unfamiliar(const explain_slice *slices, size_t n) {
    printf(", \"unfamiliar\": ");
    if (isnan(slices[0].info.novelty))
        printf("null");
    else
        printf("%zu", count_unfamiliar(slices, n));
}

static void print_extent_json(const explain_run *r, const explain_slice *slices, size_t n, const hn_regions *regions, const explain_extent *e) {
    hn_region g = {.struct_size = sizeof g};
    printf("{\"patient\": ");
    json_string(stdout, slices[0].file->patient);
    if (*slices[0].file->study) text_member("study", slices[0].file->study);
    text_member("explained", class_name(r, slices[0].info.class_index));
    printf(", \"slices\": %zu, \"said\": %zu", n, count_said(slices, n));
    print_json_unfamiliar(slices, n);
    printf(", \"regions\": [");
    for (int32_t i = 0; !hn_regions_get(regions, i, &g, NULL); i++) print_json_region(regions, i, &g, slices);
    printf("]");
    member("abc2_ml", e->abc2_ml);
    member("counted_ml", e->counted_ml);
    member("true_ml", e->true_ml);
    member("mask_abc2_ml", e->mask_abc2_ml);
    member("mask_ml", e->mask_ml);
    printf("}\n");
}

static void print_extent_text(const explain_run *r, const explain_slice *slices, size_t n, const hn_regions *regions, const explain_extent *e) {
    hn_region g = {.struct_size = sizeof g};
    const char *who = slices[0].file->patient;
    const size_t unfamiliar = count_unfamiliar(slices, n);
    printf("%s%s: %zu slices, %zu said to be %s", *who ? "patient " : "series", who, n, count_said(slices, n), class_name(r, slices[0].info.class_index));
    if (unfamiliar) printf(", %zu not like the training images: no verdict to rely on", unfamiliar);
    printf("\n");
    for (int32_t i = 0; !hn_regions_get(regions, i, &g, NULL); i++) {
        printf("  region %d: slices %d to %d, largest in %d with ", i + 1, number_of(slices, g.first_slice), number_of(slices, g.last_slice),
               number_of(slices, g.largest_slice));
        print_area(&g);
        if (isfinite(g.abc2_weighted_ml))
            printf("; A %.1f mm, B %.1f mm, C %.1f mm: %.1f ml by ABC/2, %.1f ml counted", g.length_mm, g.breadth_mm, g.height_mm,
                   g.abc2_weighted_ml, g.volume_ml);
        printf("\n");
    }
    if (isfinite(e->abc2_ml)) printf("  together %.1f ml by ABC/2, %.1f ml counted", e->abc2_ml, e->counted_ml);
    if (isfinite(e->abc2_ml) && isfinite(e->true_ml)) printf("; truly %.1f ml", e->true_ml);
    if (isfinite(e->abc2_ml)) printf("\n");
    if (!isfinite(e->abc2_ml) && hn_regions_count(regions))
        printf("  no volumes: give --spacing X,Y,Z in mm, or a manifest with pixel_spacing_mm and slice_spacing_mm\n");
}

void print_extent(const explain_run *r, const explain_slice *slices, size_t n, const hn_regions *regions, const explain_extent *e) {
    if (r->s->json)
        print_extent_json(r, slices, n, regions, e);
    else
        print_extent_text(r, slices, n, regions, e);
}
