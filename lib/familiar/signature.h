/* signature.h - an image as a model takes it in → the statistics by which one image is told from others. */
#ifndef HNI_FAMILIAR_SIGNATURE_H
#define HNI_FAMILIAR_SIGNATURE_H

#include <stdint.h>

/* The list of statistics; it grows or changes under a new number only, since model files name it. */
enum { HNI_SIGNATURE_KIND = 1, HNI_SIGNATURE = 109, HNI_SIGNATURE_DEVIATION = 10 /* the place of the deviation of the levels */ };

/* out [HNI_SIGNATURE] of pixels [channels, height, width], u8 planar, sides and channels ≥ 1, at most 16 channels. Levels are 0 … 255, shares and
 * places per cent, so that 1 is little everywhere. No memory is taken; whole sums and one division each, so the same bits everywhere. Any thread. */
void hni_signature(const uint8_t *pixels, int32_t channels, int32_t width, int32_t height, double *out);

#endif
