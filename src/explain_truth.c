/* explain_truth.c - see explain.h: a map beside the lesion's mask, and beside the maps of networks that have learnt nothing. */
#include "explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where the mask of a file would be: its name without the ending, in the folder, with one of the endings that keep every pixel. */
static char *mask_path(const explain_run *r, const explain_file *f) {
    static const char *const endings[] = {".png", ".PNG", ".bmp", ".pgm", ".pnm"};
    const char *slash = strrchr(f->path, '/'), *name = slash ? slash + 1 : f->path, *dot = strrchr(name, '.');
    const int length = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    const size_t room = strlen(r->s->masks) + strlen(name) + 8;
    char *path = malloc(room);
    if (!path) exit(fail_text("out of memory"));
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(path, room, "%s/%.*s%s", r->s->masks, length, name, endings[i]);
        if (exists(path)) return path;
    }
    free(path);
    return NULL;
}

int check_masks(const explain_run *r) {
    size_t found = 0;
    for (size_t i = 0; i < r->list.n; i++) {
        char *path = mask_path(r, &r->list.files[i]);
        found += path != NULL;
        free(path);
    }
    if (!found)
        return fail_text("%s holds no mask of any file: a mask has the name of its image, ends with .png, .bmp or .pgm, and is above 0 where the bleed is",
                         r->s->masks);
    if (found < r->list.n) note("note: %zu of %zu files have no mask in %s", r->list.n - found, r->list.n, r->s->masks);
    return EXIT_DONE;
}

static hn_status load_mask(const explain_run *r, explain_slice *s, const char *path, hn_error *err) {
    const hn_image_options grey = {.struct_size = sizeof grey, .channels = 1};
    hn_image_info info = {.struct_size = sizeof info};
    hn_image *image = NULL, *eight = NULL;
    size_t need = 0;
    hn_status status = hn_image_load(r->ctx, path, &grey, &image, err);
    if (!status) status = hn_image_convert(image, 1, &eight, err);
    if (!status) status = hn_image_get_info(eight, &info, err);
    if (!status && (info.width != s->info.width || info.height != s->info.height)) {
        status = err->status = HN_E_SHAPE;
        snprintf(err->message, sizeof err->message, "%.150s: the mask has %d x %d px, its image %d x %d", path, info.width, info.height, s->info.width,
                 s->info.height);
    }
    if (!status) status = hn_image_copy_pixels(eight, NULL, 0, &need, err);
    if (!status && !(s->mask = malloc(need))) exit(fail_text("out of memory for a mask"));
    if (!status) status = hn_image_copy_pixels(eight, s->mask, need, NULL, err);
    hn_image_free(image);
    hn_image_free(eight);
    return status;
}

static hn_status draw_curves(explain_run *r, const explain_slice *s, explain_case *c, hn_error *err) {
    hn_explain_curve_options o = {.struct_size = sizeof o, .kind = HN_DELETION, .class_index = s->info.class_index + 1, .steps = r->s->curves,
                                  .cancel = r->cancel};
    hn_status status = hn_explain_curve(r->predictor, s->image, s->map, &o, NULL, 0, NULL, &c->deletion, err);
    o.kind = HN_INSERTION;
    return status ? status : hn_explain_curve(r->predictor, s->image, s->map, &o, NULL, 0, NULL, &c->insertion, err);
}

/* The pointing game of brightness: the same blur, no network. */
static hn_status play_brightness(explain_run *r, const explain_slice *s, explain_case *c, hn_error *err) {
    const size_t n = (size_t)s->info.width * (size_t)s->info.height;
    const hn_explain_options o = {.struct_size = sizeof o, .method = HN_EXPLAIN_BRIGHTNESS, .blur = EXPLAIN_BLUR, .cancel = r->cancel};
    hn_heatmap_truth t = {.struct_size = sizeof t};
    float *map = malloc(n * sizeof *map);
    if (!map) exit(fail_text("out of memory for a map"));
    hn_status status = hn_explain(r->predictor, s->image, &o, map, n, NULL, NULL, err);
    if (!status) status = hn_heatmap_compare(map, s->mask, s->info.width, s->info.height, 0, &t, err);
    c->brightest_hit = t.hit;
    free(map);
    return status;
}

hn_status read_truth(explain_run *r, explain_slice *s, hn_error *err) {
    char *path = mask_path(r, s->file);
    explain_case c = {.file = s->file, .truth.struct_size = sizeof c.truth, .pixels = (int64_t)s->info.width * s->info.height, .said = s->said,
                      .deletion = NAN, .insertion = NAN};
    if (!path) return HN_OK;
    hn_status status = load_mask(r, s, path, err);
    free(path);
    if (!status) status = hn_heatmap_compare(s->map, s->mask, s->info.width, s->info.height, r->s->region_threshold, &c.truth, err);
    if (!status && c.truth.mask_pixels) status = play_brightness(r, s, &c, err);
    if (!status && r->s->curves && c.truth.mask_pixels) status = draw_curves(r, s, &c, err);
    if (status) {
        free(s->mask);
        s->mask = NULL;
        return status;
    }
    const double pixel = s->file->spacing[0] * s->file->spacing[1];
    c.area_cm2 = pixel > 0 ? (double)c.truth.mask_pixels * pixel / 100 : NAN;
    s->found = r->cases[r->n_cases++] = c;
    return HN_OK;
}

hn_regions *mask_regions(const explain_run *r, const explain_slice *s) {
    const size_t n = (size_t)s->info.width * (size_t)s->info.height;
    float *map = s->mask ? malloc(n * sizeof *map) : NULL;
    hn_regions *regions = NULL;
    for (size_t i = 0; map && i < n; i++) map[i] = s->mask[i] != 0;
    if (map && hn_regions_find(r->ctx, map, s->info.width, s->info.height, 1, NULL, &regions, NULL)) regions = NULL;
    free(map);
    return regions;
}

/* --- networks with random weights --------------------------------------------------------------------------------------------------- */

/* The last layer drawn anew, the last two, four, …, all (Adebayo et al. 2018: from the head down). */
hn_status open_random(explain_run *r, hn_error *err) {
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 1, .device = r->s->device};
    int32_t weighted = 0;
    hn_layer_info layer = {.struct_size = sizeof layer};
    hn_status status = HN_OK;
    for (int32_t i = 0; !hn_model_get_layer(r->model, i, &layer, NULL); i++) weighted += layer.parameters > 0;
    for (int32_t layers = 1; r->n_random < MOST_RANDOM && !status; layers = layers * 2 < weighted && r->n_random < MOST_RANDOM - 1 ? layers * 2 : 0) {
        hn_model *random = NULL;
        explain_random *x = &r->random[r->n_random];
        x->layers = layers;
        status = hn_model_randomize(r->model, layers, r->s->seed, &random, err);
        if (!status) status = hn_predictor_create(random, &o, &x->predictor, err);
        hn_model_free(random);
        r->n_random += !status;
        if (!layers) break;
    }
    return status;
}

hn_status compare_random(explain_run *r, const explain_slice *s, hn_error *err) {
    const size_t n = (size_t)s->info.width * (size_t)s->info.height;
    hn_explain_options raw = r->options;
    raw.flags = HN_EXPLAIN_RAW;
    raw.class_index = s->info.class_index + 1;
    float *own = malloc(2 * n * sizeof *own), *other = own + n;
    if (!own) exit(fail_text("out of memory for two maps"));
    hn_status status = n > 1 ? hn_explain(r->predictor, s->image, &raw, own, n, NULL, NULL, err) : HN_OK;
    for (int32_t i = 0; i < r->n_random && n > 1 && !status; i++) {
        explain_random *x = &r->random[i];
        hn_heatmap_truth t = {.struct_size = sizeof t};
        double rho = NAN;
        status = hn_explain(x->predictor, s->image, &raw, other, n, NULL, NULL, err);
        if (status == HN_E_NUMERIC) { /* weights that were never trained may overflow: no map, and none to compare */
            status = HN_OK;
            continue;
        }
        if (!status) status = hn_rank_correlation(r->ctx, own, other, n, &rho, err);
        if (!status && isfinite(rho)) x->sum += fabs(rho), x->n++;
        if (!status && s->mask) status = hn_heatmap_compare(other, s->mask, s->info.width, s->info.height, 0, &t, err);
        if (!status && s->mask && t.mask_pixels) x->lesions++, x->hits += t.hit;
    }
    free(own);
    return status;
}
