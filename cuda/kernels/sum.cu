/* sum.cu - sums over channels, rows or columns, in float64 and in an order that the shapes fix: no atomics, no shared memory.
 *
 *   x ─► lanes (each every lanes-th term, neighbours read neighbours) ─► 32 lanes into one, until 32 are left ─► whoever needs them
 *
 * One thread sums about 8 terms, then 32 parts a round. Norms, global pooling, bias gradients, clipping and the losses all end here. */
#include "sum.h"

typedef struct sum_args {
    hni_sum_layout layout;
    const float *x, *other;
    hni_sum_rest centre;
    double *partial;
} sum_args;

HNI_KERNEL(sum_lanes, sum_args) {
    const int64_t lanes = a.layout.lanes;
    HNI_EACH(i, a.layout.outputs * lanes) {
        const int64_t o = hni_divide(i, lanes);
        double sum = 0.0;
        for (int64_t j = i - o * lanes; j < a.layout.count; j += lanes)
            sum += (double)a.x[hni_sum_at(&a.layout, o, j)];
        a.partial[i] = sum;
    }
}

HNI_KERNEL(square_lanes, sum_args) {
    const int64_t lanes = a.layout.lanes;
    HNI_EACH(i, a.layout.outputs * lanes) {
        const int64_t o = hni_divide(i, lanes);
        const double centre = hni_sum_total(a.centre, o) / (double)a.layout.count;
        double sum = 0.0;
        for (int64_t j = i - o * lanes; j < a.layout.count; j += lanes) {
            const double d = (double)a.x[hni_sum_at(&a.layout, o, j)] - centre;
            sum += d * d;
        }
        a.partial[i] = sum;
    }
}

HNI_KERNEL(product_lanes, sum_args) {
    const int64_t lanes = a.layout.lanes;
    HNI_EACH(i, a.layout.outputs * lanes) {
        const int64_t o = hni_divide(i, lanes);
        double sum = 0.0;
        for (int64_t j = i - o * lanes; j < a.layout.count; j += lanes) {
            const int64_t at = hni_sum_at(&a.layout, o, j);
            sum += (double)a.x[at] * (double)a.other[at];
        }
        a.partial[i] = sum;
    }
}

typedef struct fold_args {
    int64_t outputs, width; /* from[outputs,32·width] to to[outputs,width] */
    const double *from;
    double *to;
} fold_args;

HNI_KERNEL(fold, fold_args) {
    HNI_EACH(i, a.outputs * a.width) {
        const int64_t o = hni_divide(i, a.width);
        double sum = 0.0;
        for (int64_t k = 0; k < 32; k++)
            sum += a.from[(o * 32 + k) * a.width + (i - o * a.width)];
        a.to[i] = sum;
    }
}

cudaError_t hni_kernel_fold(int64_t outputs, int64_t lanes, double *partial, hni_sum_rest *rest, cudaStream_t stream) {
    double *from = partial, *to = partial + outputs * lanes;
    while (lanes > 32) {
        lanes /= 32;
        fold_args args = {outputs, lanes, from, to};
        const cudaError_t code = HNI_LAUNCH(fold, args, outputs * lanes, stream);
        if (code != cudaSuccess)
            return code;
        double *const spent = from;
        from = to;
        to = spent;
    }
    rest->at = from;
    rest->width = lanes;
    return cudaSuccess;
}

cudaError_t hni_kernel_sum(hni_sum_layout layout, const float *x, double *partial, hni_sum_rest *rest, cudaStream_t stream) {
    sum_args args = {layout, x, NULL, {NULL, 0}, partial};
    const cudaError_t code = HNI_LAUNCH(sum_lanes, args, layout.outputs * layout.lanes, stream);
    return code == cudaSuccess ? hni_kernel_fold(layout.outputs, layout.lanes, partial, rest, stream) : code;
}

cudaError_t hni_kernel_sum_squares(hni_sum_layout layout, const float *x, hni_sum_rest centre, double *partial, hni_sum_rest *rest,
                                   cudaStream_t stream) {
    sum_args args = {layout, x, NULL, centre, partial};
    const cudaError_t code = HNI_LAUNCH(square_lanes, args, layout.outputs * layout.lanes, stream);
    return code == cudaSuccess ? hni_kernel_fold(layout.outputs, layout.lanes, partial, rest, stream) : code;
}

cudaError_t hni_kernel_sum_products(hni_sum_layout layout, const float *x, const float *other, double *partial, hni_sum_rest *rest,
                                    cudaStream_t stream) {
    sum_args args = {layout, x, other, {NULL, 0}, partial};
    const cudaError_t code = HNI_LAUNCH(product_lanes, args, layout.outputs * layout.lanes, stream);
    return code == cudaSuccess ? hni_kernel_fold(layout.outputs, layout.lanes, partial, rest, stream) : code;
}

typedef struct store_args {
    int64_t outputs;
    hni_sum_rest rest;
    double divisor;
    float *y;
} store_args;

HNI_KERNEL(sum_store, store_args) {
    HNI_EACH(o, a.outputs)
        a.y[o] = (float)(hni_sum_total(a.rest, o) / a.divisor);
}

cudaError_t hni_kernel_sum_store(int64_t outputs, hni_sum_rest rest, double divisor, float *y, cudaStream_t stream) {
    store_args args = {outputs, rest, divisor, y};
    return HNI_LAUNCH(sum_store, args, outputs, stream);
}
