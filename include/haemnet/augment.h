/* augment.h - augmentation: random changes to training images, new in every epoch, that leave the diagnosis as it is.
 *
 * Every number is off at 0 and says how far a change may go; what a sample gets follows from (seed, epoch, sample) alone, so neither the
 * order of a batch nor threads nor the other options change it. Only mixing looks at the batch: a sample's partner is the one after it, the
 * last one's is the first; a batch of one is not mixed.
 *
 * Stored images are 8-bit: their CT window was applied before. A window moved or widened is therefore a line through the stored grey
 * levels; what the stored window made black or white stays one grey level and does not come apart again. Where jitter is to show
 * more of the tissue, store a wider window. */
#ifndef HAEMNET_AUGMENT_H
#define HAEMNET_AUGMENT_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Factors named by one number f are between 1 / (1 + f) and 1 + f, their logarithm evenly distributed; all other draws are even too. */
typedef struct hn_augment_options {
    uint32_t struct_size; /* sizeof(hn_augment_options) */
    int32_t flags;        /* 0 */
    double flip;          /* probability of a mirror image, left for right, 0 … 1 */
    double rotate;        /* up to so many degrees either way about the centre, 0 … 180 */
    double scale;         /* larger or smaller by up to this factor f, 0 … 9 */
    double shift;         /* up to this share of width and of height either way, 0 … 1 */
    double shear;         /* rows slide by up to so many degrees either way, 0 … 60 */
    double window_centre; /* the window's centre moves by up to this share of its width either way, 0 … 1 */
    double window_width;  /* the window's width changes by up to this factor f, 0 … 9 */
    double brightness;    /* up to so much is added or taken; 1 = from black to white, 0 … 1 */
    double contrast;      /* contrast about the middle grey changes by up to this factor f, 0 … 9 */
    double gamma;         /* exponent of the grey level, up to this factor f, 0 … 9 */
    double noise;         /* Gaussian noise of up to this standard deviation; 1 = from black to white, 0 … 1 */
    double blur;          /* 3×3 blur of weights b, 1 - 2b, b each way, b up to this, 0 … 1/3 */
    double cutout;        /* probability that a rectangle becomes the mean grey, 0 … 1 (DeVries & Taylor 2017) */
    double cutout_size;   /* its sides as shares of the image's, 0 … 1; 0 = 0.25. Its centre may be anywhere in the image */
    double mixup;         /* alpha of Beta(alpha, alpha), the share of the sample itself in a mix with its partner: 0, or 1e-6 … 100
                             (Zhang et al. 2018) */
    double cutmix;        /* alpha of Beta(alpha, alpha), the share of the image outside the partner's rectangle: 0, or 1e-6 … 100 (Yun et
                             al. 2019).
                             With both, each sample gets the one or the other, half and half */
} hn_augment_options;

/* Images as a trainer would give them to the network in one step: preprocessed as the model says, then augmented; 8-bit grey or RGB images
 * of the model's size. To look at, and to choose the numbers by.
 *   model    its preprocessing; of other than 1 or 3 channels the one in the middle is shown. Neighbouring slices: each image is its own
 *   images   count handles, the batch: mixing takes each one's partner from it
 *   count    1 … 4096
 *   options  NULL = none
 *   seed     of the training, as hn_train_options.seed
 *   epoch    from 1
 *   samples  count numbers, of each image in the training part; NULL = 0, 1, 2, …
 *   out      receives count handles, or NULLs on failure; free each with hn_image_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_SHAPE (an image has channels that the model cannot take), HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_augment_images(const hn_model *model, const hn_image *const *images, int32_t count, const hn_augment_options *options,
                                   uint64_t seed, int64_t epoch, const int64_t *samples, hn_image **out, hn_error *err);

#ifdef __cplusplus
}
#endif
#endif
