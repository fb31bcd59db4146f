/* isa_avx2.c - the kernels compiled for AVX2 with FMA.
 *
 * Nothing but the choice of the vector: the arithmetic is in kernels_*.h, one source for all. Elsewhere this file is empty. */
#include "isa.h"

#if HNI_CPU_HAS_X86
#define HNI_ISA_AVX2
#include "vector.h"
#include "kernels_conv.h"
#include "kernels_point.h"
#include "kernels_activation.h"
#include "kernels_depth.h"

static bool usable(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const hni_cpu_isa hni_cpu_isa_avx2 = {.name = "avx2", .usable = usable, CONV_TABLE, GRAD_TABLE, POINT_TABLE, ACTIVATION_TABLE, DEPTH_TABLE};
#else
typedef int hni_cpu_isa_avx2_is_not_for_this_machine; /* ISO C wants a declaration */
#endif
