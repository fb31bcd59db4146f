/* softmax.cu - softmax of rows, one thread each: a network of this library has few classes. */
#include "softmax.h"

typedef struct softmax_args {
    int64_t rows, classes;
    const float *x;
    float *y;
} softmax_args;

HNI_KERNEL(softmax, softmax_args) {
    HNI_EACH(i, a.rows) {
        const float *x = a.x + i * a.classes;
        const hni_softmax_row s = hni_softmax_of(x, a.classes);
        for (int64_t j = 0; j < a.classes; j++)
            a.y[i * a.classes + j] = (float)hni_softmax_probability(s, x[j]);
    }
}

cudaError_t hni_kernel_softmax(int64_t rows, int64_t classes, const float *x, float *y, cudaStream_t stream) {
    softmax_args args = {rows, classes, x, y};
    return HNI_LAUNCH(softmax, args, rows, stream);
}
