/* familiar.h - is an image like those that the model was trained on? A network has an answer to everything, also to noise, a photograph or a knee. A
 * trained model knows what its training images look like, and says of each image how unlike them it is: hn_prediction.novelty, above 1 with
 * HN_PREDICTION_UNFAMILIAR.
 *
 * What is compared is how an image looks as a whole (brightness, texture, symmetry, what lies where), not what the network makes of it. So an
 * image within the limit may still be one that the network is wrong about, and a small strange thing in an ordinary slice is not seen. Nothing
 * here makes a verdict safe. docs/familiarity.md says how it is done and what it was measured to catch and to miss. */
#ifndef HAEMNET_FAMILIAR_H
#define HAEMNET_FAMILIAR_H

#include "evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a model knows of the look of its training images. */
typedef struct hn_familiarity {
    uint32_t struct_size; /* in: sizeof(hn_familiarity) */
    int32_t known;        /* 0 = nothing: not trained by this library, trained without it, on too few images or on one patient alone; then the rest is 0 */
    int64_t rows;         /* training images that it was learned from */
    int64_t groups;       /* patients among them, or images where none is known */
    int32_t statistics;   /* numbers by which images are compared */
    int32_t folds;        /* parts of the training images that were held out, one after the other, to find the limit */
    double share;         /* of held-out training images within the limit: about so many images of the same kind are not flagged */
    double shrinkage;     /* 0 … 1: how much the fewness of the images had to be made up for (Ledoit and Wolf, 2004); near 1 it knows little */
} hn_familiarity;

/* How unlike the training images the samples of an evaluation are. */
typedef struct hn_novelty {
    uint32_t struct_size; /* in: sizeof(hn_novelty) */
    int32_t known;        /* 0 = the model does not know, or the evaluation has no images of its own (arrays, patients) */
    int64_t n;            /* samples */
    int64_t unfamiliar;   /* of them above 1; 0 if not known */
    double median;        /* novelty; NaN if not known */
    double highest;       /* likewise */
} hn_novelty;

/* What the model knows of its training images.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_get_familiarity(const hn_model *model, hn_familiarity *out, hn_error *err);

/* How many samples of an evaluation are flagged. They count in every figure of it, as any other sample: hn_eval_familiar leaves them out.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_novelty(const hn_eval *eval, hn_novelty *out, hn_error *err);

/* An evaluation without the samples that are flagged, the others in their order; where novelty is not known, none is. Report figures of it beside
 * those of all, never instead: whoever leaves out what a model does not know gets better figures than its users will. For patients leave samples
 * out first, then hn_eval_by_group.
 *   out      receives the handle; free it with hn_eval_free
 * Errors:  HN_E_ARGUMENT, HN_E_DATA (no sample is left), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_familiar(const hn_eval *eval, hn_eval **out, hn_error *err);

#ifdef __cplusplus
}
#endif
#endif
