/* predict.h - what a model says about an image: class, probabilities, logits.
 *
 * A predictor holds the memory that predictions need, so that none is taken later; one per thread, any number on one model. What conversion
 * and resizing need follows from the image: it is kept, and grows when an image needs more than any before it. hn_predict keeps it once,
 * hn_predict_batch once for each thread of the context. */
#ifndef HAEMNET_PREDICT_H
#define HAEMNET_PREDICT_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_predictor hn_predictor;

/* Test-time averaging: which views of an image are predicted, beside the image itself. */
enum {
    HN_TTA_NONE = 0,      /* the image alone */
    HN_TTA_FLIP = 1,      /* and its mirror image, left for right: 2 views */
    HN_TTA_FLIP_SHIFT = 2 /* both, and both shifted left, right, up, down by 1/32 of the side, at least 1 px; the edge repeats: 10 views */
};

typedef struct hn_predictor_options {
    uint32_t struct_size; /* sizeof(hn_predictor_options) */
    int32_t max_batch;    /* images computed at once by hn_predict_batch and hn_evaluate, 1 … 4096; 0 = 32 */
    const char *device;   /* as hn_device_find; NULL = "best"; copied */
    double threshold;     /* for the positive class or each label, 0 < t < 1; 0 = the model's */
    int32_t tta;          /* HN_TTA_…: probabilities are the mean over the views, and so are logits, each by itself. Costs a run a view */
    int32_t flags;        /* 0 */
} hn_predictor_options;

/* Bits of hn_prediction.flags. */
enum {
    HN_PREDICTION_FAILED = 1,    /* batch only: this image could not be used; see status */
    HN_PREDICTION_NONFINITE = 2, /* the network gave NaN or infinity: no class */
    HN_PREDICTION_NO_HEAD = 4,   /* the model crops to the head, and none was found: it saw the whole image */
    HN_PREDICTION_UNFAMILIAR = 8, /* not like the training images (novelty > 1): class and probabilities are no verdict to rely on. Images without
                                     this bit may be strange too: see familiar.h */
    HN_PREDICTION_NO_SKULL = 16  /* the model strips the skull, and no closed one was found: it saw the image with all that is in it */
};

/* The verdict on one image. */
typedef struct hn_prediction {
    uint32_t struct_size;  /* in: sizeof(hn_prediction) */
    uint32_t flags;        /* HN_PREDICTION_… */
    float *probabilities;  /* in: the caller's array of `capacity` floats, or NULL; receives n_classes values */
    float *logits;         /* in: the caller's array of `capacity` floats, or NULL; receives n_classes values */
    int32_t capacity;      /* in: floats in each array; must be ≥ n_classes if one is given */
    int32_t n_classes;     /* classes or labels */
    int32_t class_index;   /* the class: with a positive class of two, positive if its probability ≥ threshold; else the most probable (first on
                              ties); multi-label: the most probable label; -1 if failed */
    int32_t status;        /* hn_status of this image */
    uint64_t labels;       /* multi-label: bit k = probability k ≥ threshold; else 1 << class_index */
    double probability;    /* of class_index, 0 … 1; NaN if failed */
    double positive;       /* probability of the positive class; NaN if none is named */
    double threshold;      /* that was used */
    double novelty;        /* how unlike the training images this one is, 0 … 1000; above 1 is beyond the model's limit. With test-time averaging that of
                              the image itself. NaN if failed, or if the model does not know its training images (familiar.h) */
} hn_prediction;

/* Makes a predictor.
 *   model    kept alive
 *   options  copied; NULL = defaults
 *   out      receives the handle; free it with hn_predictor_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND and HN_E_UNAVAILABLE (device), HN_E_UNSUPPORTED (operator refused: names it),
 *          HN_E_BACKEND, HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_predictor_create(const hn_model *model, const hn_predictor_options *options, hn_predictor **out, hn_error *err);

/* Predicts one image of any size and type; the model's preprocessing is applied. A model of neighbouring slices sees this one in their
 * place: hn_predict_series is better then.
 *   image    see hn_image_load, hn_image_decode, hn_image_wrap
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_BUFFER (capacity < n_classes), HN_E_SHAPE (channels the model cannot take), HN_E_BACKEND,
 *          HN_E_NUMERIC (NaN or infinite logits; the one failure that fills `out`, with its flag and the raw numbers),
 *          HN_E_MEMORY (for an image that needs more than any before).
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_predict(hn_predictor *predictor, const hn_image *image, hn_prediction *out, hn_error *err);

/* Predicts several images; result i is bit for bit what hn_predict gives for image i. An image that cannot be used gets flags and
 * status in its own result; the others are not touched by it.
 *   images   count handles
 *   count    ≥ 0
 *   out      count results; set struct_size of each before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_BUFFER, HN_E_BACKEND, HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_predict_batch(hn_predictor *predictor, const hn_image *const *images, size_t count, hn_prediction *out, hn_error *err);

/* Predicts all slices of one series (a patient's, in one study), as hn_predict_batch, but a model of neighbouring slices sees each slice between
 * its neighbours in the array; at the ends, and beside an image that is NULL, the nearest stands for the missing one. For one slice, pass it
 * with its neighbours and look at its result.
 *   images   count handles, lowest slice first
 *   count    ≥ 0
 *   out      count results; set struct_size of each before
 * Errors:  as hn_predict_batch.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_predict_series(hn_predictor *predictor, const hn_image *const *images, size_t count, hn_prediction *out, hn_error *err);

/* Gives the handle back. NULL is allowed.
 * Errors:  none.
 * Thread:  any; nothing else may use this handle any more.
 * Since:   0.1 */
HN_API void hn_predictor_free(hn_predictor *predictor);

#ifdef __cplusplus
}
#endif
#endif
