/* isa_neon.c - the kernels compiled for NEON of 64-bit Arm, where it is always there.
 *
 * Nothing but the choice of the vector: the arithmetic is in kernels_*.h, one source for all. Elsewhere this file is empty. */
#include "isa.h"

#if HNI_CPU_HAS_NEON
#define HNI_ISA_NEON
#include "vector.h"
#include "kernels_conv.h"
#include "kernels_point.h"
#include "kernels_activation.h"
#include "kernels_depth.h"

static bool usable(void) {
    return true;
}

const hni_cpu_isa hni_cpu_isa_neon = {.name = "neon", .usable = usable, CONV_TABLE, GRAD_TABLE, POINT_TABLE, ACTIVATION_TABLE, DEPTH_TABLE};
#else
typedef int hni_cpu_isa_neon_is_not_for_this_machine; /* ISO C wants a declaration */
#endif
