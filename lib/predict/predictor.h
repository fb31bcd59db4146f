/* predictor.h - the inside of hn_predictor.
 *
 *   image ─► preproc ─► pixels [max_batch] ─┬─► many (max_batch images at once) ─┬─► probabilities, logits ─► verdict
 *                                           └─► one  (the rest, image by image) ─┘
 *
 * With test-time averaging, each view of the pixels goes that way, and the means of what comes out take its place (views.h).
 *
 * Two executors share weights and arena. A batch that does not fill `many` goes image by image, so every count of images is served by
 * what was prepared at creation. */
#ifndef HNI_PREDICT_PREDICTOR_H
#define HNI_PREDICT_PREDICTOR_H

#include "base/scratch.h"
#include "graph/footprint.h"
#include "haemnet/evaluate.h"
#include "model/model.h"

enum { HNI_PREDICT_BATCH = 32, HNI_PREDICT_MOST = 4096 }; /* max_batch: the default and the limit */

/* What the network said about n images. K classes. */
typedef struct hni_verdicts {
    float *probabilities; /* [n, K] */
    float *logits;        /* [n, K] */
    hn_status *status;    /* [n] of each image; HN_E_NUMERIC = the two arrays hold it, and something in it is not finite */
    uint32_t *notes;      /* [n] HNI_PREPROC_… of each image */
    double *novelty;      /* [n] how unlike the training images; NaN = the model does not know */
} hni_verdicts;

/* Scratch of preprocessing, for whichever thread takes it first. */
typedef struct hni_lane {
    atomic_flag taken;
    hni_scratch scratch; /* kept from image to image */
} hni_lane;

struct hn_predictor {
    hn_context *ctx;
    hn_model *model;
    double threshold;
    int32_t max_batch;
    hni_device *device;
    hni_weights weights;
    hn_buffer arena;          /* of both executors */
    hni_executor *one, *many; /* many is NULL if max_batch is 1 */
    size_t image_bytes;       /* of one preprocessed image */
    uint8_t *pixels;          /* [max_batch, image_bytes] */
    int32_t tta;              /* HN_TTA_… */
    uint8_t *view;            /* [max_batch, image_bytes] pixels as another view; NULL without test-time averaging */
    double *sums;             /* [2, max_batch, K] of probabilities and of logits over the views; NULL likewise */
    size_t *image;            /* [max_batch] the caller's number of the image in each slot */
    uint32_t *notes;          /* [max_batch] HNI_PREPROC_… of the image in each slot */
    hn_error *error;          /* [max_batch] of the slots that are being preprocessed; status HN_OK = good */
    hni_verdicts run;         /* [max_batch] of the last images that ran */
    hni_verdicts held;        /* [max_batch] of a call that brings no more than that */
    hni_lane *lanes;          /* [n_lanes], one for each thread of the context; single images use the first */
    int32_t n_lanes;
    double *row;              /* [K] the probabilities of one image as doubles: what hni_decide reads */
    void *companion;          /* what lib/explain keeps beside the predictor, made when it is first wanted; */
    void (*free_companion)(void *companion); /* given back before the device is closed */
};

/* options: max_batch and threshold 0 = default, else checked; device is read here only. */
hn_status hni_predictor_create(const hn_model *model, const hn_predictor_options *options, hn_predictor **out, hn_error *err);
void hni_predictor_free(hn_predictor *p); /* NULL is fine */
hn_status hni_predictor_footprint(const hn_model *model, hni_device *device, int32_t max_batch, hni_footprint *f, hn_error *err);

/* Runs n ≤ max_batch preprocessed images, pixels [n, C, H, W] u8, into p->run; the means over their views with test-time averaging. Novelty is
 * that of the pixels themselves. */
hn_status hni_predictor_run(hn_predictor *p, const uint8_t *pixels, int32_t n, hn_error *err);

/* Image `at` of `count` into slot `slot` of p->pixels and its notes; with `series` between its neighbours. Any thread, one a slot. */
hn_status hni_predictor_preprocess(hn_predictor *p, const hn_image *const *images, size_t count, bool series, size_t at, size_t slot,
                                   hn_error *err);

/* One image into row 0 of p->run. HN_E_NUMERIC: it is filled all the same. */
hn_status hni_predict(hn_predictor *p, const hn_image *image, hn_error *err);
/* `count` images, or with `series` the slices of one series, each of which sees its neighbours; *verdicts is p->held, or taken anew for more than
 * max_batch: give it back with hni_verdicts_free. What is wrong with one image is in its status; a failure of the call (HN_E_MEMORY,
 * HN_E_BACKEND, …) is of all. */
hn_status hni_predict_batch(hn_predictor *p, const hn_image *const *images, size_t count, bool series, hni_verdicts *verdicts, hn_error *err);
hn_status hni_verdicts_take(hn_predictor *p, size_t count, hni_verdicts *verdicts, hn_error *err); /* p->held if it is large enough */
void hni_verdicts_free(hn_predictor *p, hni_verdicts *verdicts);
/* Row i of the verdicts as a caller's result: every field but struct_size, probabilities, logits and capacity, which are the caller's; the
 * two arrays are filled where they are given. */
void hni_verdict_give(hn_predictor *p, const hni_verdicts *verdicts, size_t i, hn_prediction *out);

/* Options with no defaults left out: positive 0 = the model's, threshold 0 = the predictor's; checked by the caller. */
hn_status hni_evaluate(hn_predictor *p, hn_dataset *data, const hn_eval_options *options, hn_eval **out, hn_error *err);

#endif
