/* familiar.c - learning what training images look like, and the limit beyond which an image is unlike them.
 *
 * The limit comes from training images held out: in each fold the ellipsoid is fitted without some patients, whose distances are then those of
 * images that it has not seen. Those of the images that it was fitted to would be too short, the more so the fewer there are. Of n such distances
 * the ⌈(n + 1) · share⌉-th shortest is the limit: another image of the same kind lies within it with that probability (conformal prediction; here
 * with one fold for many images, as in Barber et al., "Predictive inference with the jackknife+", 2021). */
#include "familiar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "../base/threads.h"

enum { FOLDS = 10 };
static const double BLANK = 0.5; /* grey levels of deviation */
static const double FLOOR = 1; /* of the scale: what training images all have in common may still differ by a grey level, or by one per cent */

void hni_familiar_free(hni_familiar *f) {
    if (!f) return;
    hni_free(f->ctx, f->e.centre); /* and the rest, which lies behind it */
    hni_free(f->ctx, f);
}

static void lay_out(double *block, hni_ellipsoid *e) {
    *e = (hni_ellipsoid){.d = HNI_SIGNATURE, .centre = block, .scale = block + HNI_SIGNATURE, .factor = block + 2 * HNI_SIGNATURE};
}
enum { ELLIPSOID = HNI_SIGNATURE * (HNI_SIGNATURE + 2) /* doubles */ };

static hn_status take(hn_context *ctx, hni_familiar **out, hn_error *err) {
    hni_familiar *f = hni_calloc(ctx, 1, sizeof *f);
    double *block = hni_calloc(ctx, ELLIPSOID, sizeof *block);
    if (!f || !block) {
        hni_free(ctx, f);
        hni_free(ctx, block);
        return hni_fail_memory(err, ELLIPSOID * sizeof *block, "what a model knows of its training images");
    }
    f->ctx = ctx;
    lay_out(block, &f->e);
    *out = f;
    return HN_OK;
}

hn_status hni_familiar_copy(const hni_familiar *from, hn_context *ctx, hni_familiar **out, hn_error *err) {
    hni_familiar *f;
    const hn_status status = take(ctx, &f, err);
    if (status) return status;
    const hni_ellipsoid place = f->e;
    *f = *from;
    f->ctx = ctx;
    f->e.centre = place.centre, f->e.scale = place.scale, f->e.factor = place.factor;
    memcpy(place.centre, from->e.centre, ELLIPSOID * sizeof *place.centre);
    *out = f;
    return HN_OK;
}

typedef struct lesson { /* what the folds share */
    const double *x;
    const int32_t *fold; /* [n] */
    int64_t n;
    double *blocks;      /* [folds, ELLIPSOID + HNI_SIGNATURE] */
    double *distance;    /* [n] from the ellipsoid of the others */
    bool failed[FOLDS];
} lesson;

static void learn_fold(void *arg, uint32_t k) {
    lesson *l = arg;
    double *block = l->blocks + (size_t)k * (ELLIPSOID + HNI_SIGNATURE), *work = block + ELLIPSOID;
    hni_ellipsoid e;
    lay_out(block, &e);
    l->failed[k] = !hni_ellipsoid_fit(l->x, l->n, l->fold, (int32_t)k, FLOOR, work, &e);
    for (int64_t i = 0; i < l->n && !l->failed[k]; i++)
        if (l->fold[i] == (int32_t)k) l->distance[i] = hni_ellipsoid_distance(&e, l->x + (size_t)i * HNI_SIGNATURE, work);
}

static int by_length(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The limit by the distances of the folds; 0 if there is none. */
static double find_limit(hn_context *ctx, lesson *l, int32_t folds) {
    hni_parallel_for(ctx, (uint32_t)folds, learn_fold, l);
    for (int32_t k = 0; k < folds; k++)
        if (l->failed[k]) return 0;
    qsort(l->distance, (size_t)l->n, sizeof *l->distance, by_length);
    const int64_t rank = (int64_t)ceil((double)(l->n + 1) * HNI_FAMILIAR_SHARE);
    return l->distance[(rank < l->n ? rank : l->n) - 1];
}

static void round_numbers(hni_ellipsoid *e) {
    for (size_t i = 0; i < ELLIPSOID; i++) e->centre[i] = (double)(float)e->centre[i];
}

static hn_status learn(hn_context *ctx, lesson *l, int32_t folds, hni_familiar **out, hn_error *err) {
    hni_familiar *f;
    const double limit = find_limit(ctx, l, folds);
    if (!(limit > 0)) return HN_OK;
    const hn_status status = take(ctx, &f, err);
    if (status) return status;
    f->rows = l->n, f->folds = folds, f->share = HNI_FAMILIAR_SHARE, f->limit = limit;
    if (hni_ellipsoid_fit(l->x, l->n, NULL, 0, FLOOR, l->blocks, &f->e)) {
        round_numbers(&f->e);
        *out = f;
    } else {
        hni_familiar_free(f);
    }
    return HN_OK;
}

hn_status hni_familiar_learn(hn_context *ctx, const double *x, const int32_t *unit, int64_t n, int32_t units, hni_familiar **out, hn_error *err) {
    const int32_t folds = units < FOLDS ? units : FOLDS;
    const size_t block = (ELLIPSOID + HNI_SIGNATURE) * sizeof(double);
    *out = NULL;
    if (n < HNI_FAMILIAR_LEAST || folds < 2) return HN_OK;
    int32_t *fold = hni_calloc(ctx, (size_t)n, sizeof *fold);
    lesson l = {.x = x, .fold = fold, .n = n, .blocks = hni_calloc(ctx, (size_t)folds, block), .distance = hni_calloc(ctx, (size_t)n, sizeof(double))};
    hn_status status = fold && l.blocks && l.distance ? HN_OK : hni_fail_memory(err, (size_t)folds * block, "learning what training images look like");
    for (int64_t i = 0; i < n && !status; i++) fold[i] = unit[i] % folds;
    if (!status) status = learn(ctx, &l, folds, out, err);
    if (*out) (*out)->units = units;
    hni_free(ctx, fold);
    hni_free(ctx, l.blocks);
    hni_free(ctx, l.distance);
    return status;
}

double hni_familiar_novelty(const hni_familiar *f, const uint8_t *pixels, int32_t channels, int32_t width, int32_t height) {
    double signature[HNI_SIGNATURE], work[HNI_SIGNATURE];
    if (!f) return NAN;
    hni_signature(pixels, channels, width, height, signature);
    if (signature[HNI_SIGNATURE_DEVIATION] < BLANK) return HNI_FAMILIAR_CAP; /* nothing is to be seen, and were the training images as empty */
    const double novelty = hni_ellipsoid_distance(&f->e, signature, work) / f->limit;
    return novelty < HNI_FAMILIAR_CAP ? novelty : HNI_FAMILIAR_CAP; /* also what a hostile file makes of it */
}

static void put_float(uint8_t **at, double value) {
    const float number = (float)value;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    for (int i = 0; i < 4; i++) *(*at)++ = (uint8_t)(bits >> 8 * i);
}

static double get_float(const uint8_t **at) {
    uint32_t bits = 0;
    float number;
    for (int i = 0; i < 4; i++) bits |= (uint32_t)*(*at)++ << 8 * i;
    memcpy(&number, &bits, sizeof number);
    return (double)number;
}

void hni_familiar_pack(const hni_familiar *f, uint8_t *bytes) {
    for (size_t j = 0; j < HNI_SIGNATURE; j++) put_float(&bytes, f->e.centre[j]);
    for (size_t j = 0; j < HNI_SIGNATURE; j++) put_float(&bytes, f->e.scale[j]);
    for (size_t a = 0; a < HNI_SIGNATURE; a++)
        for (size_t b = 0; b <= a; b++) put_float(&bytes, f->e.factor[a * HNI_SIGNATURE + b]);
}

/* Nothing that training could not have written: statistics are levels and percentages, so none is far from 0, and no scale is below the floor. */
static bool plausible(const hni_ellipsoid *e) {
    static const double most = 1e6, least = 1e-6;
    for (size_t j = 0; j < HNI_SIGNATURE; j++) {
        const double diagonal = e->factor[j * HNI_SIGNATURE + j];
        if (!(fabs(e->centre[j]) <= most) || !(e->scale[j] >= FLOOR && e->scale[j] <= most) || !(diagonal >= least)) return false;
    }
    for (size_t k = 0; k < HNI_SIGNATURE * HNI_SIGNATURE; k++)
        if (!(fabs(e->factor[k]) <= most)) return false;
    return true;
}

hn_status hni_familiar_unpack(hn_context *ctx, const uint8_t *bytes, hni_familiar **out, hn_error *err) {
    hni_familiar *f;
    const hn_status status = take(ctx, &f, err);
    if (status) return status;
    for (size_t j = 0; j < HNI_SIGNATURE; j++) f->e.centre[j] = get_float(&bytes);
    for (size_t j = 0; j < HNI_SIGNATURE; j++) f->e.scale[j] = get_float(&bytes);
    for (size_t a = 0; a < HNI_SIGNATURE; a++)
        for (size_t b = 0; b <= a; b++) f->e.factor[a * HNI_SIGNATURE + b] = get_float(&bytes);
    if (!plausible(&f->e)) {
        hni_familiar_free(f);
        return hni_fail(err, HN_E_FORMAT, "what the model says of its training images is impossible: a number is too large, too small or none");
    }
    *out = f;
    return HN_OK;
}
