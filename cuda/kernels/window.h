/* window.h - pooling's windows for kernels: the part of one inside the image, and the windows that cover a pixel. */
#ifndef HNI_CUDA_KERNELS_WINDOW_H
#define HNI_CUDA_KERNELS_WINDOW_H

#include "launch.h"

/* [first, end). */
typedef struct hni_span {
    int64_t first, end;
} hni_span;

/* The pixels of window o along one axis (0 rows, 1 columns) that lie in an image of `size`. Never empty: padding ≤ kernel / 2. */
HNI_DEVICE hni_span hni_window_pixels(const hni_pool_args *a, int axis, int64_t o, int64_t size) {
    const int64_t first = o * a->stride[axis] - a->padding[axis], end = first + a->kernel[axis];
    const hni_span s = {first < 0 ? 0 : first, end < size ? end : size};
    return s;
}

/* The windows, of `count` along one axis, that cover pixel i. May be empty. */
HNI_DEVICE hni_span hni_pixel_windows(const hni_pool_args *a, int axis, int64_t i, int64_t count) {
    const int64_t at = i + a->padding[axis], before = at - a->kernel[axis]; /* o · stride in (before, at] */
    const int64_t end = hni_divide(at, a->stride[axis]) + 1;
    const hni_span s = {before < 0 ? 0 : hni_divide(before, a->stride[axis]) + 1, end < count ? end : count};
    return s;
}

/* Number i of tensor [images,rows,columns] is pixel (row, column) of image `image`. */
typedef struct hni_pixel {
    int64_t image, row, column;
} hni_pixel;

HNI_DEVICE hni_pixel hni_pixel_of(int64_t i, int64_t rows, int64_t columns) {
    const int64_t line = hni_divide(i, columns), image = hni_divide(line, rows);
    const hni_pixel p = {image, line - image * rows, i - line * columns};
    return p;
}

#endif
