/* normals.c - the kernels of normals.h in the vectors that every processor of its kind has, and the choice among all. */
#include "normals.h"

#include <stddef.h>

#define LANES 2
#include "normals_body.h"

const hni_normal_kernels *hni_normal_kernels_at(int index) {
    static const hni_normal_kernels everywhere = {"everywhere", philox, box_muller};
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && index-- == 0)
        return &hni_normals_avx2;
#endif
    return index == 0 ? &everywhere : NULL;
}
