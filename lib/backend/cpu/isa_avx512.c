/* isa_avx512.c - the kernels compiled for AVX-512 (F, VL, BW, DQ).
 *
 * Nothing but the choice of the vector: the arithmetic is in kernels_*.h, one source for all. Elsewhere this file is empty. */
#include "isa.h"

#if HNI_CPU_HAS_X86
#define HNI_ISA_AVX512
#include "vector.h"
#include "kernels_conv.h"
#include "kernels_point.h"
#include "kernels_activation.h"
#include "kernels_depth.h"

static bool usable(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
}

const hni_cpu_isa hni_cpu_isa_avx512 = {.name = "avx512", .usable = usable, CONV_TABLE, GRAD_TABLE, POINT_TABLE, ACTIVATION_TABLE, DEPTH_TABLE};
#else
typedef int hni_cpu_isa_avx512_is_not_for_this_machine; /* ISO C wants a declaration */
#endif
