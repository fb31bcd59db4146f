/* preprocess.cu - bytes to normalised float32. In float64 as the reference does it; images are small beside what follows them. */
#include "launch.h"

HNI_KERNEL(preprocess, hni_preprocess_args) {
    HNI_EACH(i, a.n) {
        const int64_t image = hni_divide(i, a.pixels), c = image - hni_divide(image, a.channels) * a.channels;
        a.y[i] = (float)(((double)a.x[i] / 255.0 - (double)a.mean[c]) / (double)a.deviation[c]);
    }
}

cudaError_t hni_kernel_preprocess(hni_preprocess_args args, cudaStream_t stream) {
    return HNI_LAUNCH(preprocess, args, args.n, stream);
}
