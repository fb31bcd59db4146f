/* explain.c - the public calls of explain.h that need a predictor.
 *
 * Checks arguments, calls lib/explain, hands maps over. The grids of all images are made before the first map is written, so that a call that
 * fails leaves the caller's maps as they were; a grid is as large as a layer or the model's input. */
#include "explain/explain.h"

#include <math.h>

#include "base/memory.h"
#include "structs.h"

/* Floats of one image's map; 0 for NULL. */
static size_t floats_of(const hn_image *image) { return image ? (size_t)image->width * (size_t)image->height : 0; }

static hn_status check_room(const hn_image *const *images, size_t count, const float *maps, size_t cap, size_t *need, hn_error *err) {
    size_t all = 0;
    for (size_t i = 0; i < count; i++)
        if (!hni_add(all, floats_of(images[i]), &all)) return hni_fail(err, HN_E_LIMIT, "%zu maps are larger than memory", count);
    if (need) *need = all;
    if (maps && cap < all) return hni_fail(err, HN_E_BUFFER, "%zu maps need %zu floats, the buffer has %zu", count, all, cap);
    return HN_OK;
}

/* Result i of the caller's array. */
static hn_heatmap_info *place(hn_heatmap_info *infos, uint32_t stride, size_t i) {
    return (hn_heatmap_info *)(void *)((char *)infos + i * stride);
}

static hn_status check_infos(hn_heatmap_info *infos, size_t count, hn_error *err) {
    for (size_t i = 0; i < count; i++) {
        hn_status status = HNI_CHECK(place(infos, infos->struct_size, i), hn_heatmap_info, err);
        if (!status && place(infos, infos->struct_size, i)->struct_size != infos->struct_size)
            status = hni_fail(err, HN_E_ABI, "its struct_size is not that of the first: all are sizeof(hn_heatmap_info)");
        if (!status && infos->struct_size % _Alignof(hn_heatmap_info))
            status = hni_fail(err, HN_E_ABI, "struct_size is %u, which no array of hn_heatmap_info can have", infos->struct_size);
        if (status) {
            hni_error_prefix(err, "result %zu of %zu", i, count);
            return status;
        }
    }
    return HN_OK;
}

static hn_status take_options(const hn_explain_options *options, hn_explain_options *o, hn_error *err) {
    const hn_status status = options ? HNI_CHECK(options, hn_explain_options, err) : HN_OK;
    if (!status) hni_take(o, sizeof *o, options);
    return status;
}

hn_status hn_explain(hn_predictor *predictor, const hn_image *image, const hn_explain_options *options, float *map, size_t cap, size_t *need,
                     hn_heatmap_info *info, hn_error *err) {
    hn_explain_options o;
    hni_answer answer;
    bool own;
    if (!predictor || !image) return hni_fail(err, HN_E_ARGUMENT, "hn_explain: %s is NULL", predictor ? "image" : "predictor");
    if (!map && !need) return hni_fail(err, HN_E_ARGUMENT, "hn_explain: map and need are NULL");
    hn_status status = info ? HNI_CHECK(info, hn_heatmap_info, err) : HN_OK;
    if (!status) status = take_options(options, &o, err);
    if (!status) status = check_room(&image, 1, map, cap, need, err);
    if (status || !map) return status;
    status = hni_explain(predictor, &o, &image, 1, false, 0, &answer, &own, err);
    if (status) return status;
    hni_explain_place(&answer, o.flags & HN_EXPLAIN_RAW, map);
    hni_free(predictor->ctx, answer.grid.cells);
    if (info) hni_give(info, &answer.info, sizeof answer.info);
    return HN_OK;
}

/* An image without a map of its own. */
static void give_nothing(const hn_image *image, hn_status status, hni_answer *a, float *map) {
    a->info = (hn_heatmap_info){.flags = HN_HEATMAP_FAILED, .width = image ? image->width : 0, .height = image ? image->height : 0,
                                .class_index = -1, .status = status, .probability = NAN, .logit = NAN, .expected = NAN, .novelty = NAN};
    for (size_t i = 0; i < floats_of(image); i++) map[i] = 0.0f;
}

static hn_status explain_all(hn_predictor *p, const hn_image *const *images, size_t count, bool series, const hn_explain_options *o,
                             hni_answer *answers, hn_error *err) {
    for (size_t i = 0; i < count; i++) {
        hn_error theirs = {.status = HN_OK};
        bool own = true;
        hn_status status = hni_explain(p, o, images, count, series, i, &answers[i], &own, &theirs);
        if (status && !own) {
            if (err) *err = theirs;
            return status;
        }
        answers[i].info.status = status;
    }
    return HN_OK;
}

static hn_status explain_many(const char *name, hn_predictor *p, const hn_image *const *images, size_t count, bool series,
                              const hn_explain_options *options, float *maps, size_t cap, size_t *need, hn_heatmap_info *infos, hn_error *err) {
    hn_explain_options o;
    if (!p) return hni_fail(err, HN_E_ARGUMENT, "%s: predictor is NULL", name);
    if (!maps && !need) return hni_fail(err, HN_E_ARGUMENT, "%s: maps and need are NULL", name);
    if (count && (!images || !infos)) return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", name, images ? "infos" : "images");
    hn_status status = check_infos(infos, count, err);
    if (!status) status = take_options(options, &o, err);
    if (!status) status = check_room(images, count, maps, cap, need, err);
    if (status || !maps || !count) return status;
    hni_answer *answers = hni_calloc(p->ctx, count, sizeof *answers);
    if (!answers) return hni_fail_memory(err, count * sizeof *answers, "the heat maps of several images");
    status = explain_all(p, images, count, series, &o, answers, err);
    uint64_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        hni_answer *a = &answers[i];
        if (!status && a->info.status)
            give_nothing(images[i], a->info.status, a, maps + offset);
        else if (!status)
            hni_explain_place(a, o.flags & HN_EXPLAIN_RAW, maps + offset);
        a->info.offset = offset;
        offset += floats_of(images[i]);
        if (!status) hni_give(place(infos, infos->struct_size, i), &a->info, sizeof a->info);
        hni_free(p->ctx, a->grid.cells);
    }
    hni_free(p->ctx, answers);
    return status;
}

hn_status hn_explain_batch(hn_predictor *predictor, const hn_image *const *images, size_t count, const hn_explain_options *options, float *maps,
                           size_t cap, size_t *need, hn_heatmap_info *infos, hn_error *err) {
    return explain_many("hn_explain_batch", predictor, images, count, false, options, maps, cap, need, infos, err);
}

hn_status hn_explain_series(hn_predictor *predictor, const hn_image *const *images, size_t count, const hn_explain_options *options, float *maps,
                            size_t cap, size_t *need, hn_heatmap_info *infos, hn_error *err) {
    return explain_many("hn_explain_series", predictor, images, count, true, options, maps, cap, need, infos, err);
}
