/* explain_run.c - see explain.h: one patient after the other. All slices of a patient are in memory at once, since a model may see each between its
 * neighbours and a bleed goes through several; between patients nothing stays but what the summary needs. */
#include "explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

hn_region_options region_options(const explain_settings *s, const explain_file *f) {
    return (hn_region_options){.struct_size = sizeof(hn_region_options), .min_pixels = s->region_pixels, .threshold = s->region_threshold,
                               .spacing_x = f->spacing[0], .spacing_y = f->spacing[1], .spacing_z = f->spacing[2]};
}

static void free_slices(explain_slice *slices, size_t n) {
    for (size_t i = 0; i < n; i++) {
        hn_image_free(slices[i].image);
        hn_regions_free(slices[i].regions);
        free(slices[i].mask);
        free(slices[i].verdict.probabilities);
    }
    free(slices);
}

/* The class that is explained is what the model says of the slice. */
static bool is_said(const explain_run *r, const explain_slice *slice) {
    const int32_t k = slice->info.class_index;
    return r->info.task == HN_TASK_MULTI ? (slice->verdict.labels >> k & 1) != 0 : slice->verdict.class_index == k;
}

/* Verdicts and maps of all slices; maps is the caller's to free. A slice that fails has its error. */
static hn_status look(explain_run *r, explain_slice *slices, size_t n, float **maps, hn_error *err) {
    const hn_image **images = calloc(n, sizeof *images);
    hn_prediction *verdicts = calloc(n, sizeof *verdicts);
    hn_heatmap_info *infos = calloc(n, sizeof *infos);
    size_t need = 0;
    if (!images || !verdicts || !infos) exit(fail_text("out of memory"));
    for (size_t i = 0; i < n; i++) {
        images[i] = slices[i].image;
        verdicts[i] = slices[i].verdict;
        infos[i].struct_size = sizeof *infos;
    }
    hn_status status = hn_predict_series(r->predictor, images, n, verdicts, err);
    if (!status) status = hn_explain_series(r->predictor, images, n, &r->options, NULL, 0, &need, infos, err);
    if (!status && !(*maps = malloc((need + 1) * sizeof **maps))) exit(fail_text("out of memory for %zu maps", n));
    if (!status) status = hn_explain_series(r->predictor, images, n, &r->options, *maps, need, NULL, infos, err);
    for (size_t i = 0; i < n && !status; i++) {
        explain_slice *s = &slices[i];
        s->verdict = verdicts[i];
        s->info = infos[i];
        s->map = *maps + infos[i].offset;
        const hn_status own = s->error.status ? s->error.status : infos[i].status ? infos[i].status : verdicts[i].status;
        if (own && !s->error.status) no_verdict(s->file->path, own, &s->error);
        s->said = !own && is_said(r, s);
    }
    free(images), free(verdicts), free(infos);
    return status;
}

/* --- the picture -------------------------------------------------------------------------------------------------------------------- */

static void write_caption(const explain_run *r, const explain_slice *s, char *text, size_t size) {
    const char *slash = strrchr(s->file->path, '/'), *of = hn_model_class_name(r->model, s->info.class_index);
    const bool strange = s->info.flags & HN_HEATMAP_UNFAMILIAR;
    char warning[UNFAMILIAR_TEXT];
    snprintf(text, size, "%s\n%s%s%s: probability %.3f, %s\n%s%s%s", slash ? slash + 1 : s->file->path,
             strange ? unfamiliar_text(s->info.novelty, warning) : "", strange ? "\n" : "", of, s->info.probability, s->said ? "said" : "not said",
             method_title(s->info.method), *s->info.layer ? ", layer " : "", s->info.layer);
}

static hn_status write_picture(const explain_run *r, const explain_slice *s, hn_error *err) {
    char caption[640], legend[160];
    hn_regions *truth = mask_regions(r, s);
    write_caption(r, s, caption, sizeof caption);
    if (s->info.flags & HN_HEATMAP_FLAT)
        snprintf(legend, sizeof legend, "nothing speaks for %s", hn_model_class_name(r->model, s->info.class_index));
    else
        snprintf(legend, sizeof legend, "weight for %s (1 is %.3g)", hn_model_class_name(r->model, s->info.class_index), s->info.raw_max);
    const hn_overlay_options o = {.struct_size = sizeof o, .flags = r->s->side_by_side ? HN_OVERLAY_SIDE_BY_SIDE : 0, .colours = r->s->colours,
                                  .strength = r->s->strength, .truth = truth, .caption = caption, .legend = legend};
    hn_image *picture = NULL;
    char *path = join_path(r->s->overlay, s->file->picture);
    hn_status status = hn_overlay(r->ctx, s->image, s->map, s->regions, &o, &picture, err);
    if (!status) status = hn_image_save_png(picture, path, err);
    free(path);
    hn_image_free(picture);
    hn_regions_free(truth);
    return status;
}

/* --- several slices ------------------------------------------------------------------------------------------------------------------- */

static bool same_sizes(const explain_slice *slices, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (slices[i].error.status || slices[i].info.width != slices[0].info.width || slices[i].info.height != slices[0].info.height) return false;
    return true;
}

static void sum_up(const hn_regions *regions, double *abc2, double *counted) {
    hn_region g = {.struct_size = sizeof g};
    *abc2 = *counted = 0;
    for (int32_t i = 0; !hn_regions_get(regions, i, &g, NULL); i++) *abc2 += g.abc2_weighted_ml, *counted += g.volume_ml;
}

/* The maps on one scale, that of the strongest slice; slices of which the class is not said hold nothing. Or, with `masks`, the masks. */
static void stack(const explain_slice *slices, size_t n, bool masks, float *to) {
    const size_t plane = (size_t)slices[0].info.width * (size_t)slices[0].info.height;
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (slices[i].said && slices[i].info.raw_max > most) most = slices[i].info.raw_max;
    for (size_t i = 0; i < n; i++) {
        const float share = slices[i].said && most > 0 ? (float)(slices[i].info.raw_max / most) : 0.0f;
        for (size_t k = 0; k < plane; k++) *to++ = masks ? slices[i].mask[k] != 0 : slices[i].map[k] * share;
    }
}

static hn_status find_extent(explain_run *r, const explain_slice *slices, size_t n, hn_error *err) {
    const int32_t w = slices[0].info.width, h = slices[0].info.height;
    const hn_region_options o = region_options(r->s, slices[0].file);
    explain_extent e = {.true_ml = slices[0].file->volume_ml, .mask_abc2_ml = NAN, .mask_ml = NAN};
    hn_regions *regions = NULL, *masks = NULL;
    bool masked = true;
    if (!same_sizes(slices, n)) {
        note("note: no extent of %s: its slices differ in size, or not all could be read", *slices[0].file->patient ? slices[0].file->patient : "the series");
        return HN_OK;
    }
    float *maps = malloc(n * (size_t)w * (size_t)h * sizeof *maps);
    if (!maps) exit(fail_text("out of memory for %zu maps", n));
    for (size_t i = 0; i < n; i++) masked = masked && slices[i].mask;
    stack(slices, n, false, maps);
    hn_status status = hn_regions_find(r->ctx, maps, w, h, (int32_t)n, &o, &regions, err);
    if (!status) sum_up(regions, &e.abc2_ml, &e.counted_ml);
    if (!status && masked) {
        stack(slices, n, true, maps);
        hn_region_options of_masks = o;
        of_masks.threshold = 0, of_masks.min_pixels = 0;
        status = hn_regions_find(r->ctx, maps, w, h, (int32_t)n, &of_masks, &masks, err);
        if (!status) sum_up(masks, &e.mask_abc2_ml, &e.mask_ml);
    }
    if (!status) {
        r->extents[r->n_extents++] = e;
        print_extent(r, slices, n, regions, &e);
    }
    free(maps);
    hn_regions_free(regions);
    hn_regions_free(masks);
    return status;
}

/* --- one patient ------------------------------------------------------------------------------------------------------------------------ */

static int explain_slice_at(explain_run *r, explain_slice *s) {
    hn_error err = {0};
    const hn_region_options o = region_options(r->s, s->file);
    hn_status status = s->error.status;
    if (!status) status = hn_regions_find(r->ctx, s->map, s->info.width, s->info.height, 1, &o, &s->regions, &err);
    if (status && !s->error.status) return fail(&err);
    if (!s->error.status && r->s->masks && read_truth(r, s, &s->error) == HN_E_CANCELLED) return fail(&s->error);
    if (!s->error.status && r->n_random && compare_random(r, s, &err)) return fail(&err);
    if (!s->error.status && r->s->overlay && write_picture(r, s, &err)) return fail(&err);
    r->bad += s->error.status != HN_OK;
    if (!s->error.status && s->info.flags & HN_HEATMAP_NO_SKULL) note("note: no closed skull was found in %s: it is looked at as it is", s->file->path);
    if (!s->error.status && s->info.flags & HN_HEATMAP_NO_HEAD) note("note: no head was found in %s: all of the image is looked at", s->file->path);
    print_slice(r, s);
    return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
}

static int explain_volume(explain_run *r, const explain_file *files, size_t n) {
    explain_slice *slices = calloc(n, sizeof *slices);
    float *maps = NULL;
    hn_error err = {0};
    int code = slices ? EXIT_DONE : fail_text("out of memory");
    for (size_t i = 0; i < n && !code; i++) {
        slices[i].file = &files[i];
        slices[i].verdict = (hn_prediction){.struct_size = sizeof(hn_prediction), .capacity = r->info.n_classes};
        slices[i].verdict.probabilities = calloc((size_t)r->info.n_classes, sizeof(float));
        if (!slices[i].verdict.probabilities) code = fail_text("out of memory");
        if (hn_cancel_triggered(r->cancel)) code = EXIT_INTERRUPTED;
        hn_image_load(r->ctx, files[i].path, NULL, &slices[i].image, &slices[i].error);
    }
    if (!code && look(r, slices, n, &maps, &err)) code = fail(&err);
    for (size_t i = 0; i < n && !code; i++) code = explain_slice_at(r, &slices[i]);
    if (!code && (n > 1 || r->s->series) && find_extent(r, slices, n, &err)) code = fail(&err);
    if (slices) free_slices(slices, n);
    free(maps);
    return code;
}

int explain_all(explain_run *r) {
    int code = EXIT_DONE;
    size_t begin = 0;
    for (size_t v = 0; v < r->list.volumes && !code; v++) {
        code = explain_volume(r, r->list.files + begin, r->list.ends[v] - begin);
        begin = r->list.ends[v];
    }
    if (code) return code;
    return !r->bad ? EXIT_DONE : (size_t)r->bad == r->list.n ? EXIT_FAILED : EXIT_SKIPPED;
}
