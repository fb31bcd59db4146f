/* familiar.h - what a model knows of the look of its training images, and how far another image is from it.
 *
 *   training images ─► signatures ─► ellipsoid (shrinkage.h), limit ─► model file
 *   an image ─► signature ─► distance / limit = novelty
 *
 * Not here: what it means. An image above 1 is not like the training images; one below may still be anything. */
#ifndef HNI_FAMILIAR_FAMILIAR_H
#define HNI_FAMILIAR_FAMILIAR_H

#include "../base/context.h"
#include "shrinkage.h"
#include "signature.h"

enum {
    HNI_FAMILIAR_LEAST = 20,  /* images: of fewer nothing is learned */
    HNI_FAMILIAR_MOST = 16384 /* images that are looked at; of more, so many, evenly spread */
};
#define HNI_FAMILIAR_SHARE 0.975 /* of images like the training images that the limit takes in */
#define HNI_FAMILIAR_CAP 1e3    /* the highest novelty */

typedef struct hni_familiar {
    hn_context *ctx;
    int64_t rows;   /* training images that it was learned from */
    int64_t units;  /* patients among them, or images where none is known */
    int32_t folds;  /* that the limit was found by */
    double share;   /* of held-out training images within the limit */
    double limit;   /* of the distance */
    hni_ellipsoid e; /* numbers as float32 holds them: what is saved is what is used */
} hni_familiar;

/* From signatures x [n, HNI_SIGNATURE] and the unit of each row, numbers 0 … units - 1: rows of one patient have one, and are never on both sides
 * of a fold. *out NULL, and no error: too few or too similar images (fewer than HNI_FAMILIAR_LEAST, one patient alone, all the same). The same bits for
 * any number of threads. HN_E_MEMORY. */
hn_status hni_familiar_learn(hn_context *ctx, const double *x, const int32_t *unit, int64_t n, int32_t units, hni_familiar **out, hn_error *err);
void hni_familiar_free(hni_familiar *f); /* NULL is fine */
hn_status hni_familiar_copy(const hni_familiar *f, hn_context *ctx, hni_familiar **out, hn_error *err);

/* 0 … HNI_FAMILIAR_CAP; above 1 the image is not like the training images. NaN if f is NULL. Pixels as hni_signature. Any thread, no memory. */
double hni_familiar_novelty(const hni_familiar *f, const uint8_t *pixels, int32_t channels, int32_t width, int32_t height);

/* As float32, little-endian: centre, scale, rows of the triangle; and back. What is read is checked: HN_E_FORMAT. rows … limit are the caller's to
 * fill and check. */
enum { HNI_FAMILIAR_BYTES = 4 * (2 * HNI_SIGNATURE + HNI_SIGNATURE * (HNI_SIGNATURE + 1) / 2) };
void hni_familiar_pack(const hni_familiar *f, uint8_t *bytes);
hn_status hni_familiar_unpack(hn_context *ctx, const uint8_t *bytes, hni_familiar **out, hn_error *err);

#endif
