/* avg_pool.cu - average pooling and its gradient, which is gathered pixel by pixel as in max_pool.cu. */
#include "window.h"

HNI_DEVICE double divisor(const hni_pool_args *a, hni_span rows, hni_span columns) {
    if (a->exclude_padding)
        return (double)((rows.end - rows.first) * (columns.end - columns.first));
    return (double)(a->kernel[0] * a->kernel[1]);
}

HNI_KERNEL(avg_pool, hni_pool_args) {
    HNI_EACH(i, a.images * a.oh * a.ow) {
        const hni_pixel p = hni_pixel_of(i, a.oh, a.ow);
        const hni_span rows = hni_window_pixels(&a, 0, p.row, a.h), columns = hni_window_pixels(&a, 1, p.column, a.w);
        const float *x = a.x + p.image * a.h * a.w;
        double sum = 0.0;
        for (int64_t r = rows.first; r < rows.end; r++)
            for (int64_t c = columns.first; c < columns.end; c++)
                sum += (double)x[r * a.w + c];
        a.y[i] = (float)(sum / divisor(&a, rows, columns));
    }
}

HNI_KERNEL(avg_pool_grad, hni_pool_args) {
    HNI_EACH(i, a.images * a.h * a.w) {
        const hni_pixel p = hni_pixel_of(i, a.h, a.w);
        const hni_span down = hni_pixel_windows(&a, 0, p.row, a.oh), across = hni_pixel_windows(&a, 1, p.column, a.ow);
        const float *dy = a.dy + p.image * a.oh * a.ow;
        double sum = 0.0;
        for (int64_t oh = down.first; oh < down.end; oh++)
            for (int64_t ow = across.first; ow < across.end; ow++)
                sum += (double)dy[oh * a.ow + ow] / divisor(&a, hni_window_pixels(&a, 0, oh, a.h), hni_window_pixels(&a, 1, ow, a.w));
        a.y[i] = (float)sum;
    }
}

cudaError_t hni_kernel_avg_pool(hni_pool_args args, cudaStream_t stream) {
    return HNI_LAUNCH(avg_pool, args, args.images * args.oh * args.ow, stream);
}

cudaError_t hni_kernel_avg_pool_grad(hni_pool_args args, cudaStream_t stream) {
    return HNI_LAUNCH(avg_pool_grad, args, args.images * args.h * args.w, stream);
}
