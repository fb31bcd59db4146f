/* normals_avx2.c - the kernels of normals.h, compiled for AVX2. Elsewhere this file is empty. */
#include "normals.h"

#if defined(__x86_64__)
#define LANES 4
#include "normals_body.h"

const hni_normal_kernels hni_normals_avx2 = {"avx2", philox, box_muller};
#else
typedef int hni_normals_avx2_is_not_for_this_machine; /* ISO C wants a declaration */
#endif
