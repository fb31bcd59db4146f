/* truth.c - the public calls of explain.h that ask how far a map can be believed. */
#include "explain/truth.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "explain/explain.h"
#include "structs.h"

static hn_status check_map(const float *map, size_t n, const char *name, hn_error *err) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(map[i])) return hni_fail(err, HN_E_ARGUMENT, "%s: number %zu of the map is NaN or infinite", name, i);
    return HN_OK;
}

hn_status hn_heatmap_compare(const float *map, const uint8_t *mask, int32_t width, int32_t height, double threshold, hn_heatmap_truth *out,
                             hn_error *err) {
    hn_heatmap_truth today;
    if (!map || !mask) return hni_fail(err, HN_E_ARGUMENT, "hn_heatmap_compare: %s is NULL", map ? "mask" : "map");
    hn_status status = HNI_CHECK(out, hn_heatmap_truth, err);
    if (status) return status;
    if (width < 1 || height < 1)
        return hni_fail(err, HN_E_ARGUMENT, "hn_heatmap_compare: %d x %d px: each side must be at least 1", width, height);
    if ((int64_t)width * height >= INT32_MAX)
        return hni_fail(err, HN_E_LIMIT, "hn_heatmap_compare: %d x %d px: fewer than 2147483647 pixels are allowed", width, height);
    if (!isfinite(threshold)) return hni_fail(err, HN_E_ARGUMENT, "hn_heatmap_compare: threshold is %g", threshold);
    if ((status = check_map(map, (size_t)width * (size_t)height, "hn_heatmap_compare", err))) return status;
    hni_heatmap_compare(map, mask, width, height, threshold != 0 ? threshold : 0.5, &today);
    hni_give(out, &today, sizeof today);
    return HN_OK;
}

hn_status hn_rank_correlation(hn_context *context, const float *a, const float *b, size_t n, double *out, hn_error *err) {
    if (!context || !a || !b || !out)
        return hni_fail(err, HN_E_ARGUMENT, "hn_rank_correlation: %s is NULL", !context ? "context" : !a ? "a" : !b ? "b" : "out");
    if (n < 2 || n >= INT32_MAX) return hni_fail(err, HN_E_ARGUMENT, "hn_rank_correlation: %zu numbers: 2 to 2147483646 are allowed", n);
    hn_status status = check_map(a, n, "hn_rank_correlation, a", err);
    if (!status) status = check_map(b, n, "hn_rank_correlation, b", err);
    return status ? status : hni_rank_correlation(context, a, b, n, out, err);
}

/* By trapezia. */
static double area_of(const hn_curve_point *points, int32_t steps) {
    double area = 0.0;
    for (int32_t i = 0; i < steps; i++) area += (points[i + 1].x - points[i].x) * (points[i + 1].y + points[i].y) / 2.0;
    return area;
}

static hn_status take_options(const hn_explain_curve_options *options, hn_explain_curve_options *o, hn_error *err) {
    const hn_status status = options ? HNI_CHECK(options, hn_explain_curve_options, err) : HN_OK;
    if (status) return status;
    hni_take(o, sizeof *o, options);
    if (o->kind < 0 || o->kind > HN_INSERTION) return hni_fail(err, HN_E_ARGUMENT, "hn_explain_curve: kind %d is not known", o->kind);
    if (!o->steps) o->steps = HNI_EXPLAIN_STEPS;
    if (o->steps < 1 || o->steps > HNI_EXPLAIN_MOST_STEPS)
        return hni_fail(err, HN_E_ARGUMENT, "hn_explain_curve: %d steps: 1 to %d are allowed, or 0 for %d", o->steps, HNI_EXPLAIN_MOST_STEPS,
                        HNI_EXPLAIN_STEPS);
    return HN_OK;
}

hn_status hn_explain_curve(hn_predictor *predictor, const hn_image *image, const float *map, const hn_explain_curve_options *options,
                           hn_curve_point *points, size_t cap, size_t *need, double *area, hn_error *err) {
    hn_explain_curve_options o;
    if (!predictor || !image || !map)
        return hni_fail(err, HN_E_ARGUMENT, "hn_explain_curve: %s is NULL", !predictor ? "predictor" : !image ? "image" : "map");
    if (!points && !need && !area) return hni_fail(err, HN_E_ARGUMENT, "hn_explain_curve: points, need and area are NULL");
    hn_status status = take_options(options, &o, err);
    if (status) return status;
    const size_t n = (size_t)o.steps + 1;
    if (need) *need = n;
    if (points && cap < n) return hni_fail(err, HN_E_BUFFER, "hn_explain_curve: %zu points are needed, the buffer has %zu", n, cap);
    if (!points && !area) return HN_OK;
    if ((status = check_map(map, (size_t)image->width * (size_t)image->height, "hn_explain_curve", err))) return status;
    hn_curve_point *own = hni_calloc(predictor->ctx, n, sizeof *own); /* the caller's stay as they are until all are known */
    if (!own) return hni_fail_memory(err, n * sizeof *own, "the points of a curve");
    status = hni_explain_curve(predictor, image, map, &o, own, err);
    if (!status && points) memcpy(points, own, n * sizeof *own);
    if (!status && area) *area = area_of(own, o.steps);
    hni_free(predictor->ctx, own);
    return status;
}

hn_status hn_model_randomize(const hn_model *model, int32_t layers, uint64_t seed, hn_model **out, hn_error *err) {
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_model_randomize: out is NULL");
    *out = NULL;
    if (!model) return hni_fail(err, HN_E_ARGUMENT, "hn_model_randomize: model is NULL");
    if (layers < 0) return hni_fail(err, HN_E_ARGUMENT, "hn_model_randomize: %d layers: must be 1 or more, or 0 for all", layers);
    return hni_model_randomize(model, layers, seed, out, err);
}
