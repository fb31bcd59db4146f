/* filter.h - median and Gaussian filter, on images and on bare 8-bit samples. */
#ifndef HNI_IMAGE_FILTER_H
#define HNI_IMAGE_FILTER_H

#include "image.h"

enum { HNI_MEDIAN_MOST = 31 };                           /* px of the window's side */
#define HNI_SIGMA_LEAST 0.1                              /* px */
#define HNI_SIGMA_MOST 64.0

/* src, dst: [height, width, channels] u8, apart. Scratch is taken and left for the caller to rewind. HN_E_ARGUMENT, HN_E_MEMORY. */
struct hni_scratch;
hn_status hni_median_u8_in(struct hni_scratch *scratch, const uint8_t *src, int32_t width, int32_t height, int32_t channels, int32_t size,
                           uint8_t *dst, hn_error *err);
hn_status hni_gaussian_u8_in(struct hni_scratch *scratch, const uint8_t *src, int32_t width, int32_t height, int32_t channels, double sigma,
                             uint8_t *dst, hn_error *err);

hn_status hni_image_median(const hn_image *image, int32_t size, hn_image **out, hn_error *err);
hn_status hni_image_gaussian(const hn_image *image, double sigma, hn_image **out, hn_error *err);

#endif
