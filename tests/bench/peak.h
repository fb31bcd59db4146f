/* peak.h - the machine's own limit: fused multiply-adds in float32 that do nothing else. What every speed is a share of. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

/* GFLOP/s of `threads` threads (1 … 64) that run for about `seconds`; a fused multiply-add counts as two. The widest of AVX-512, AVX2 and
 * NEON that this processor has is used, plain C otherwise. by_cpu (may be NULL) receives the same for one second of processor time: what one
 * core can do while it is ours. */
double bench_peak_gflops(int threads, double seconds, double *by_cpu);

/* "avx512f", "avx2+fma", "neon" or "plain C". */
const char *bench_peak_isa(void);

#endif
