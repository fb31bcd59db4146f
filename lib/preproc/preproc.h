/* preproc.h - the pipeline from an image of any kind to the u8 tensor that a model takes in; it travels inside the model file. */
#ifndef HNI_PREPROC_PREPROC_H
#define HNI_PREPROC_PREPROC_H

#include "../image/image.h" /* defines: hn_image, hn_window */

enum { HNI_PREPROC_CHANNELS = 16, HNI_PREPROC_SIDE = 65535 };

/* Steps, in their order. Each but the first is left out where its number is 0:
 *   0. the skull and what is outside it become air (strip_skull); without a closed skull the image stays as it is
 *   1. the head's box is looked for in the slice itself (crop_head); without a head the whole image is used
 *   2. HU through a window, grey levels by conversion → 8-bit samples
 *   3. crop to the box; neighbouring slices of the same size to the same box
 *   4. median filter, then Gaussian, in px of the image as it came
 *   5. Pillow's bilinear resize; interleaved → planar
 * For every slice, and every window. Channels are slice by slice, from the lowest, and window by window within a slice. */
typedef struct hni_preproc {
    int32_t width, height; /* px, 1 … 65535 */
    int32_t channels;      /* 1 … 16, a multiple of slices */
    int32_t n_windows;     /* for HU input: 0 = brain 40/80, 1 = the same on every channel, else = channels / slices: window i makes channel i */
    hn_window windows[HNI_PREPROC_CHANNELS];
    float mean[HNI_PREPROC_CHANNELS], deviation[HNI_PREPROC_CHANNELS]; /* for u8 → float, which is a backend operator and not done here */
    int32_t slices;      /* odd, 1 … 15: the slice and its neighbours; 0 = 1 */
    int32_t strip_skull; /* 1 = each slice without its skull */
    int32_t crop_head;   /* 1 = to the head's square */
    double crop_margin;  /* share of the square's side before it, added on each side, 0 … 1 */
    int32_t median;      /* px of the window's side, odd, 3 … 31; 0 = none */
    double gaussian;     /* sigma in px, 0.1 … 64; 0 = none */
} hni_preproc;

/* HN_E_ARGUMENT if the numbers contradict the comments above or a window has no width. */
hn_status hni_preproc_check(const hni_preproc *p, hn_error *err);

/* Bytes of one tensor, channels · height · width; 0 if it does not fit a size_t or a side is not positive. */
size_t hni_preproc_bytes(const hni_preproc *p);

/* Names what hni_preproc_run makes of an image: all but mean and deviation. Equal keys = equal bytes. */
uint64_t hni_preproc_key(const hni_preproc *p);

static inline int32_t hni_preproc_slices(const hni_preproc *p) { return p->slices ? p->slices : 1; }

/* What hni_preproc_… has to say of the slice that is asked about, beside its status. */
enum {
    HNI_PREPROC_NO_HEAD = 1, /* no head was found: the whole image was used */
    HNI_PREPROC_NO_SKULL = 2 /* no closed skull was found: all that is in the image was used */
};

/* Slices → dst, planar [channels, height, width] u8, hni_preproc_bytes(p) of it. images: hni_preproc_slices(p) of them, lowest first, the one
 * in the middle is the one that is asked about; a missing neighbour is the nearest that there is. Images that are the same are computed once.
 *   notes     HNI_PREPROC_… bits; may be NULL
 * HN_E_SHAPE: grey levels for other than 1 or 3 channels a slice; HN_E_MEMORY; HN_E_ARGUMENT. Safe from any thread; on failure dst holds
 * anything. Works in a scratch that the caller keeps: it takes memory only for an image that needs more than all before it: up to 8 bytes a
 * pixel and sample of the image and of the head's square, 5 bytes a pixel to find the skull, and 8 · sigma rows of doubles with a Gaussian; one
 * thread a scratch. */
struct hni_scratch;
hn_status hni_preproc_slices_in(struct hni_scratch *scratch, const hni_preproc *p, const hn_image *const *images, uint8_t *dst,
                                uint32_t *notes, hn_error *err);
/* One image, which is its own neighbours. */
hn_status hni_preproc_run_in(struct hni_scratch *scratch, const hni_preproc *p, const hn_image *image, uint8_t *dst, uint32_t *notes,
                             hn_error *err);
hn_status hni_preproc_run(hn_context *ctx, const hni_preproc *p, const hn_image *image, uint8_t *dst, hn_error *err);

/* The part of the image that the model sees, in px of the image: the square of the head, or of the brain where the skull is stripped, or all of
 * it. The scratch is left as it was found. */
hn_status hni_preproc_region(struct hni_scratch *scratch, const hni_preproc *p, const hn_image *image, hn_box *region, uint32_t *notes,
                             hn_error *err);

#endif
