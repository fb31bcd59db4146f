/* spread.cu - the gradient of global average pooling: every pixel gets its share. The forward way is a sum of rows, see sum.cu. */
#include "launch.h"

typedef struct spread_args {
    int64_t images, pixels;
    const float *dy;
    float *dx;
} spread_args;

HNI_KERNEL(spread, spread_args) {
    HNI_EACH(i, a.images * a.pixels)
        a.dx[i] = (float)((double)a.dy[hni_divide(i, a.pixels)] / (double)a.pixels);
}

cudaError_t hni_kernel_spread(int64_t images, int64_t pixels, const float *dy, float *dx, cudaStream_t stream) {
    spread_args args = {images, pixels, dy, dx};
    return HNI_LAUNCH(spread, args, images * pixels, stream);
}
