/* preprocess.cu - bytes to normalised float32, gathered by rows. In float64 as the reference does it; images are small beside what follows
 * them. With augmentation: augment.cu. */
#include "launch.h"

HNI_KERNEL(preprocess, hni_preprocess_args) {
    const int64_t pixels = a.height * a.width;
    HNI_EACH(i, a.samples * a.channels * pixels) {
        const int64_t image = hni_divide(i, pixels), sample = hni_divide(image, a.channels), c = image - sample * a.channels;
        const int64_t row = a.rows ? (int64_t)a.rows[sample] : sample;
        const int known = row >= 0 && row < a.images;
        const double x = known ? (double)a.x[(row * a.channels + c) * pixels + i - image * pixels] : (double)NAN;
        a.y[i] = (float)((x / 255.0 - (double)a.mean[c]) / (double)a.deviation[c]);
    }
}

cudaError_t hni_kernel_preprocess(hni_preprocess_args args, cudaStream_t stream) {
    return HNI_LAUNCH(preprocess, args, args.samples * args.channels * args.height * args.width, stream);
}
