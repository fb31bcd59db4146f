/* max_pool.cu - maximum pooling and its gradient. Padding never wins, NaN does, of equals the first (row by row) is taken.
 *
 * The gradient is gathered: each pixel asks every window that covers it whether it is that window's first maximum. So no two threads
 * write one number and the order of the sum is fixed. The windows are looked at in x itself, not through y: what made y may have its own
 * view of NaN. */
#include <stdbool.h>

#include "window.h"

HNI_KERNEL(max_pool, hni_pool_args) {
    HNI_EACH(i, a.images * a.oh * a.ow) {
        const hni_pixel p = hni_pixel_of(i, a.oh, a.ow);
        const hni_span rows = hni_window_pixels(&a, 0, p.row, a.h), columns = hni_window_pixels(&a, 1, p.column, a.w);
        const float *x = a.x + p.image * a.h * a.w;
        float best = x[rows.first * a.w + columns.first];
        for (int64_t r = rows.first; r < rows.end; r++)
            for (int64_t c = columns.first; c < columns.end; c++) {
                const float v = x[r * a.w + c];
                if (best == best && !(v <= best)) /* greater, or the first NaN */
                    best = v;
            }
        a.y[i] = best;
    }
}

/* Is pixel p the window's first maximum (its first NaN, if there is one)? */
HNI_DEVICE bool is_chosen(const hni_pool_args *a, const float *x, hni_pixel p, hni_span rows, hni_span columns) {
    const float mine = x[p.row * a->w + p.column];
    for (int64_t r = rows.first; r < rows.end; r++)
        for (int64_t c = columns.first; c < columns.end; c++) {
            const float v = x[r * a->w + c];
            const bool before = r < p.row || (r == p.row && c < p.column), same = r == p.row && c == p.column;
            if (mine != mine ? before && v != v : !same && (before ? !(v < mine) : !(v <= mine)))
                return false;
        }
    return true;
}

HNI_KERNEL(max_pool_grad, hni_pool_args) {
    HNI_EACH(i, a.images * a.h * a.w) {
        const hni_pixel p = hni_pixel_of(i, a.h, a.w);
        const hni_span down = hni_pixel_windows(&a, 0, p.row, a.oh), across = hni_pixel_windows(&a, 1, p.column, a.ow);
        const float *x = a.x + p.image * a.h * a.w, *dy = a.dy + p.image * a.oh * a.ow;
        double sum = 0.0;
        for (int64_t oh = down.first; oh < down.end; oh++)
            for (int64_t ow = across.first; ow < across.end; ow++)
                if (is_chosen(&a, x, p, hni_window_pixels(&a, 0, oh, a.h), hni_window_pixels(&a, 1, ow, a.w)))
                    sum += (double)dy[oh * a.ow + ow];
        a.y[i] = a.through_relu && a.x[i] <= 0.0f ? 0.0f : (float)sum;
    }
}

cudaError_t hni_kernel_max_pool(hni_pool_args args, cudaStream_t stream) {
    return HNI_LAUNCH(max_pool, args, args.images * args.oh * args.ow, stream);
}

cudaError_t hni_kernel_max_pool_grad(hni_pool_args args, cudaStream_t stream) {
    return HNI_LAUNCH(max_pool_grad, args, args.images * args.h * args.w, stream);
}
