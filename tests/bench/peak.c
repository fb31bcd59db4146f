/* peak.c - loops of independent fused multiply-adds that never leave the registers.
 *
 * Twelve chains hide the latency of four cycles on two (or three) units; more would not fit the 16 registers of AVX2. Intrinsics, since the
 * project is compiled with -ffp-contract=off and a * b + c would stay two instructions. Not a model of any network: no loads at all. */
#include "peak.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "base/os.h" /* defines: hni_seconds */

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { CHAINS = 12, MOST_THREADS = 64 };
#define EACH(do_) do_(0) do_(1) do_(2) do_(3) do_(4) do_(5) do_(6) do_(7) do_(8) do_(9) do_(10) do_(11)

/* Runs `steps` steps of CHAINS vectors; the sum is returned so that nothing can be left out. Lanes: floats in a vector. */
typedef struct loop {
    const char *isa;
    int lanes;
    float (*run)(uint64_t steps);
} loop;

#if defined(__x86_64__)

__attribute__((target("avx512f"))) static float run_avx512(uint64_t steps) {
    const __m512 m = _mm512_set1_ps(0.999f), c = _mm512_set1_ps(0.001f);
#define BEGIN(i) __m512 a##i = _mm512_set1_ps(0.1f * (i));
#define STEP(i)  a##i = _mm512_fmadd_ps(a##i, m, c);
#define SUM(i)   total = _mm512_add_ps(total, a##i);
    EACH(BEGIN)
    for (uint64_t s = 0; s < steps; s++) {
        EACH(STEP)
    }
    __m512 total = _mm512_setzero_ps();
    EACH(SUM)
    return _mm512_reduce_add_ps(total);
#undef BEGIN
#undef STEP
#undef SUM
}

__attribute__((target("avx2,fma"))) static float run_avx2(uint64_t steps) {
    const __m256 m = _mm256_set1_ps(0.999f), c = _mm256_set1_ps(0.001f);
#define BEGIN(i) __m256 a##i = _mm256_set1_ps(0.1f * (i));
#define STEP(i)  a##i = _mm256_fmadd_ps(a##i, m, c);
#define SUM(i)   total = _mm256_add_ps(total, a##i);
    EACH(BEGIN)
    for (uint64_t s = 0; s < steps; s++) {
        EACH(STEP)
    }
    __m256 total = _mm256_setzero_ps();
    EACH(SUM)
    return _mm256_cvtss_f32(total);
#undef BEGIN
#undef STEP
#undef SUM
}

#elif defined(__aarch64__)

static float run_neon(uint64_t steps) {
    const float32x4_t m = vdupq_n_f32(0.999f), c = vdupq_n_f32(0.001f);
#define BEGIN(i) float32x4_t a##i = vdupq_n_f32(0.1f * (i));
#define STEP(i)  a##i = vfmaq_f32(c, a##i, m);
#define SUM(i)   total = vaddq_f32(total, a##i);
    EACH(BEGIN)
    for (uint64_t s = 0; s < steps; s++) {
        EACH(STEP)
    }
    float32x4_t total = vdupq_n_f32(0);
    EACH(SUM)
    return vaddvq_f32(total);
#undef BEGIN
#undef STEP
#undef SUM
}

#endif

static float run_plain(uint64_t steps) {
    const float m = 0.999f, c = 0.001f;
#define BEGIN(i) float a##i = 0.1f * (i);
#define STEP(i)  a##i = a##i * m + c;
#define SUM(i)   total += a##i;
    EACH(BEGIN)
    for (uint64_t s = 0; s < steps; s++) {
        EACH(STEP)
    }
    float total = 0;
    EACH(SUM)
    return total;
#undef BEGIN
#undef STEP
#undef SUM
}

static loop best_loop(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return (loop){"avx512f", 16, run_avx512};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return (loop){"avx2+fma", 8, run_avx2};
#elif defined(__aarch64__)
    return (loop){"neon", 4, run_neon};
#endif
    return (loop){"plain C", 1, run_plain};
}

typedef struct worker {
    pthread_t thread;
    pthread_barrier_t *start;
    const loop *loop;
    uint64_t steps;
    double begin, end; /* s */
    volatile float sink;
} worker;

static void *work(void *arg) {
    worker *w = arg;
    pthread_barrier_wait(w->start);
    w->begin = hni_seconds();
    w->sink = w->loop->run(w->steps);
    w->end = hni_seconds();
    return NULL;
}

/* s from the first thread's begin to the last one's end. */
static double run_threads(const loop *l, int threads, uint64_t steps) {
    worker w[MOST_THREADS];
    pthread_barrier_t start;
    double begin = 1e300, end = 0;
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        w[i] = (worker){.start = &start, .loop = l, .steps = steps};
        if (i && pthread_create(&w[i].thread, NULL, work, &w[i])) return 1e300; /* no thread, no speed */
    }
    work(&w[0]);
    for (int i = 0; i < threads; i++) {
        if (i) pthread_join(w[i].thread, NULL);
        if (w[i].begin < begin) begin = w[i].begin;
        if (w[i].end > end) end = w[i].end;
    }
    pthread_barrier_destroy(&start);
    return end - begin;
}

double bench_peak_gflops(int threads, double seconds, double *by_cpu) {
    const loop l = best_loop();
    const double flops = 2.0 * CHAINS * l.lanes; /* of one step */
    if (threads < 1 || threads > MOST_THREADS) return 0;
    uint64_t steps = 100000;
    double once = run_threads(&l, 1, steps);
    steps = (uint64_t)((double)steps * seconds / (once > 1e-9 ? once : 1e-9)) + 1;
    const double giga = (double)threads * (double)steps * flops * 1e-9;
    const clock_t begin = clock();
    once = run_threads(&l, threads, steps);
    const double cpu = (double)(clock() - begin) / CLOCKS_PER_SEC;
    if (by_cpu) *by_cpu = cpu > 0 ? giga / cpu : 0;
    return giga / once;
}

const char *bench_peak_isa(void) { return best_loop().isa; }
