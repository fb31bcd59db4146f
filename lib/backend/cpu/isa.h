/* isa.h - which instruction sets are compiled in on this machine. */
#ifndef HNI_BACKEND_CPU_ISA_H
#define HNI_BACKEND_CPU_ISA_H

#include "cpu.h"

#if defined(__x86_64__)
#define HNI_CPU_HAS_X86 1
#else
#define HNI_CPU_HAS_X86 0
#endif
#if defined(__aarch64__) && defined(__ARM_NEON)
#define HNI_CPU_HAS_NEON 1
#else
#define HNI_CPU_HAS_NEON 0
#endif

extern const hni_cpu_isa hni_cpu_isa_avx512, hni_cpu_isa_avx2, hni_cpu_isa_neon, hni_cpu_isa_plain;

#endif
