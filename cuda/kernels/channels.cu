/* channels.cu - whole channels: two tensors side by side, a scale for each channel, and the weighted sum that a class activation map is. The
 * gradient of the scales is a sum of products, see sum.cu. */
#include "activate.h"

HNI_KERNEL(concat, hni_concat_args) {
    const int64_t size = a.first + a.second;
    HNI_EACH(i, a.samples * size) {
        const int64_t sample = hni_divide(i, size), j = i - sample * size;
        a.to[i] = j < a.first ? a.a[sample * a.first + j] : a.b[sample * a.second + j - a.first];
    }
}

HNI_KERNEL(concat_grad, hni_concat_args) {
    const int64_t size = a.first + a.second;
    HNI_EACH(i, a.samples * size) {
        const int64_t sample = hni_divide(i, size), j = i - sample * size;
        float *const to = j < a.first ? a.da + sample * a.first + j : a.db + sample * a.second + j - a.first;
        *to = a.from[i];
    }
}

cudaError_t hni_kernel_concat(hni_concat_args args, cudaStream_t stream) {
    return HNI_LAUNCH(concat, args, args.samples * (args.first + args.second), stream);
}

cudaError_t hni_kernel_concat_grad(hni_concat_args args, cudaStream_t stream) {
    return HNI_LAUNCH(concat_grad, args, args.samples * (args.first + args.second), stream);
}

typedef struct scale_args {
    int64_t images, pixels;
    const float *x, *s;
    float *y;
} scale_args;

HNI_KERNEL(channel_scale, scale_args) {
    HNI_EACH(i, a.images * a.pixels)
        a.y[i] = a.x[i] * a.s[hni_divide(i, a.pixels)];
}

cudaError_t hni_kernel_channel_scale(int64_t images, int64_t pixels, const float *x, const float *s, float *y, cudaStream_t stream) {
    scale_args args = {images, pixels, x, s, y};
    return HNI_LAUNCH(channel_scale, args, images * pixels, stream);
}

/* One thread a pixel of a map, through the channels in order. */
HNI_KERNEL(class_map, hni_class_map_args) {
    HNI_EACH(i, a.samples * a.pixels) {
        const int64_t sample = hni_divide(i, a.pixels), pixel = i - sample * a.pixels, first = sample * a.channels;
        double sum = 0.0;
        for (int64_t c = 0; c < a.channels; c++) {
            const int64_t at = (first + c) * a.pixels + pixel;
            sum += (double)a.f[at] * (double)a.w[a.per_pixel ? at : first + c];
        }
        a.y[i] = (float)hni_activate(sum, a.activation);
    }
}

cudaError_t hni_kernel_class_map(hni_class_map_args args, cudaStream_t stream) {
    return HNI_LAUNCH(class_map, args, args.samples * args.pixels, stream);
}
