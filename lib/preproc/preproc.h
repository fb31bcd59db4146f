/* preproc.h - the pipeline from an image of any kind to the u8 tensor that a model takes in; it travels inside the model file. */
#ifndef HNI_PREPROC_PREPROC_H
#define HNI_PREPROC_PREPROC_H

#include "../image/image.h" /* defines: hn_image, hn_window */

enum { HNI_PREPROC_CHANNELS = 16, HNI_PREPROC_SIDE = 65535 };

typedef struct hni_preproc {
    int32_t width, height; /* px, 1 … 65535 */
    int32_t channels;      /* 1 … 16 */
    int32_t n_windows;     /* for HU input: 0 = brain 40/80, 1 = the same on every channel, else = channels: window i makes channel i */
    hn_window windows[HNI_PREPROC_CHANNELS];
    float mean[HNI_PREPROC_CHANNELS], deviation[HNI_PREPROC_CHANNELS]; /* for u8 → float, which is a backend operator and not done here */
} hni_preproc;

/* HN_E_ARGUMENT if the numbers contradict the comments above or a window has no width. */
hn_status hni_preproc_check(const hni_preproc *p, hn_error *err);

/* Bytes of one tensor, channels · height · width; 0 if it does not fit a size_t or a side is not positive. */
size_t hni_preproc_bytes(const hni_preproc *p);

/* Names what hni_preproc_run makes of an image: geometry and windows, not mean and deviation. Equal keys = equal bytes. */
uint64_t hni_preproc_key(const hni_preproc *p);

/* Image → dst, planar [channels, height, width] u8, hni_preproc_bytes(p) of it. HU goes through the windows, grey levels through
 * hni_image_convert; then Pillow's bilinear resize. HN_E_SHAPE: grey levels for other than 1 or 3 channels; HN_E_MEMORY; HN_E_ARGUMENT.
 * Safe from any thread; on failure dst holds anything. _in works in a scratch that the caller keeps: it takes memory only for an image that
 * needs more than all before it, up to 4 bytes a pixel and sample of the image; one thread a scratch. */
struct hni_scratch;
hn_status hni_preproc_run_in(struct hni_scratch *scratch, const hni_preproc *p, const hn_image *image, uint8_t *dst, hn_error *err);
hn_status hni_preproc_run(hn_context *ctx, const hni_preproc *p, const hn_image *image, uint8_t *dst, hn_error *err);

#endif
