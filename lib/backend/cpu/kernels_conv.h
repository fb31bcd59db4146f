/* kernels_conv.h - the inner loops of convolution for one instruction set: tiles of filters × columns, and of filters × taps.
 *
 * Not a header in the usual sense: isa_*.c includes it once. A tile's sums lie in registers from the first tap to the last; how many fit
 * is the instruction set's matter (HNI_ISA_… in the macros' last lines) and changes no bit. */

/* x ≤ 0 gives +0; NaN compares false and stays. */
INLINE vec relu_vec(vec x) {
    const ivec drop = (ivec)(x <= SPLAT(0.0f));
    return (vec)((ivec)x & ~drop);
}
/* x where y > 0 or NaN, else +0: the gradient of the ReLU that gave y. */
INLINE vec relu_mask(vec x, vec y) { return (vec)((ivec)x & ~(ivec)(y <= SPLAT(0.0f))); }

/* A tile's rows, V vectors of columns at a time. See hni_cpu_tile. */
#define CONV_LOAD_X(v, ...) const vec x##v = LOAD(p + v * HNI_W);
#define CONV_ZERO_ONE(v, k) vec a##k##_##v = t->first ? zero : LOAD(out + k * step + i + v * HNI_W);
#define CONV_ZERO(k, V) ALSO##V(CONV_ZERO_ONE, k)
#define CONV_ADD_ONE(v, k) a##k##_##v = FMA(b, x##v, a##k##_##v);
#define CONV_ADD(k, V)                \
    {                                 \
        const vec b = SPLAT(q[k]);    \
        ALSO##V(CONV_ADD_ONE, k)      \
    }
#define CONV_BIAS_ONE(v, k) a##k##_##v = a##k##_##v + b;
#define CONV_BIAS(k, V)                  \
    {                                    \
        const vec b = SPLAT(t->bias[k]); \
        ALSO##V(CONV_BIAS_ONE, k)        \
    }
#define CONV_RELU_ONE(v, k) a##k##_##v = relu_vec(a##k##_##v);
#define CONV_RELU(k, V) ALSO##V(CONV_RELU_ONE, k)
#define CONV_MORE_ONE(v, k) a##k##_##v = a##k##_##v + LOAD(more + k * step + i + v * HNI_W);
#define CONV_MORE(k, V) ALSO##V(CONV_MORE_ONE, k)
#define CONV_MASK_ONE(v, k) a##k##_##v = relu_mask(a##k##_##v, LOAD(mask + k * step + i + v * HNI_W));
#define CONV_MASK(k, V) ALSO##V(CONV_MASK_ONE, k)
#define CONV_SAVE_ONE(v, k) STORE(out + k * step + i + v * HNI_W, a##k##_##v);
#define CONV_SAVE(k, V) ALSO##V(CONV_SAVE_ONE, k)
#define CONV_COLUMNS(K, V)                                   \
    for (; i + V * HNI_W <= n; i += V * HNI_W) {             \
        REP##K(CONV_ZERO, V)                                 \
        const float *q = w;                                  \
        for (int64_t j = 0; j < taps; j++, q += K) {         \
            const float *p = x + off[j] + i;                 \
            __builtin_prefetch(q + 512, 0, 3);               \
            ALSO##V(CONV_LOAD_X, 0)                          \
            REP##K(CONV_ADD, V)                              \
        }                                                    \
        if (t->bias) {                                       \
            REP##K(CONV_BIAS, V)                             \
        }                                                    \
        if (more) {                                          \
            REP##K(CONV_MORE, V)                             \
        }                                                    \
        if (t->relu) {                                       \
            REP##K(CONV_RELU, V)                             \
        }                                                    \
        if (mask) {                                          \
            REP##K(CONV_MASK, V)                             \
        }                                                    \
        REP##K(CONV_SAVE, V)                                 \
    }
#define CONV_KERNEL(K, V, LESS)                                                             \
    static void conv_##K(const hni_cpu_tile *t) {                                           \
        const vec zero = SPLAT(0.0f);                                                       \
        const float *const w = t->w, *x = t->x, *more = t->more, *mask = t->mask;            \
        const int32_t *const off = t->off;                                                  \
        const int64_t taps = t->taps, step = t->step, n = t->n;                             \
        float *out = t->out;                                                                \
        for (int64_t r = 0; r < t->rows; r++, x += t->x_pitch, out += t->out_pitch) {       \
            int64_t i = 0;                                                                  \
            CONV_COLUMNS(K, V)                                                              \
            LESS(K)                                                                         \
            more = more ? more + t->out_pitch : NULL;                                       \
            mask = mask ? mask + t->out_pitch : NULL;                                       \
        }                                                                                   \
    }
#define CONV_NO_REST(K)
#define CONV_REST1(K) CONV_COLUMNS(K, 1)
#define CONV_REST2(K) CONV_COLUMNS(K, 2) CONV_COLUMNS(K, 1)

/* acc[t][k][lane] over rows of columns; one part of the lanes after the other. See hni_cpu_strip. */
#define GRAD_INIT_ONE(k, t) vec a##t##_##k = LOAD(acc + t * acc_step + k * HNI_CPU_LANES + part * HNI_W);
#define GRAD_INIT(t, K) REP##K(GRAD_INIT_ONE, t)
#define GRAD_POINT(t, ...) const float *p##t = x + off[t];
#define GRAD_NEXT(t, ...) p##t += x_pitch;
#define GRAD_LOAD_DY(k, ...) const vec d##k = LOAD(dy + k * step + i);
#define GRAD_ADD_ONE(k, t) a##t##_##k = FMA(d##k, b, a##t##_##k);
#define GRAD_ADD(t, K)                 \
    {                                  \
        const vec b = LOAD(p##t + i);  \
        REP##K(GRAD_ADD_ONE, t)        \
    }
#define GRAD_SAVE_ONE(k, t) STORE(acc + t * acc_step + k * HNI_CPU_LANES + part * HNI_W, a##t##_##k);
#define GRAD_SAVE(t, K) REP##K(GRAD_SAVE_ONE, t)
#define GRAD_KERNEL(K, T)                                                                                       \
    static void grad_##K(const hni_cpu_strip *s) {                                                              \
        const float *const x = s->x;                                                                            \
        const int32_t *const off = s->off;                                                                      \
        const int64_t n = s->n, step = s->step, x_pitch = s->x_pitch, acc_step = s->acc_step;                   \
        float *const acc = s->acc;                                                                              \
        for (int part = 0; part < HNI_PARTS; part++) {                                                          \
            const float *dy = s->dy;                                                                            \
            ALSO##T(GRAD_POINT, 0)                                                                              \
            ALSO##T(GRAD_INIT, K)                                                                               \
            for (int64_t r = 0; r < s->rows; r++) {                                                             \
                for (int64_t i = part * HNI_W; i < n; i += HNI_CPU_LANES) {                                     \
                    REP##K(GRAD_LOAD_DY, 0)                                                                     \
                    ALSO##T(GRAD_ADD, K)                                                                        \
                }                                                                                               \
                ALSO##T(GRAD_NEXT, 0)                                                                           \
                dy += s->dy_pitch;                                                                              \
            }                                                                                                   \
            ALSO##T(GRAD_SAVE, K)                                                                               \
        }                                                                                                       \
    }

/* Columns of a tile: loads of x are shared by its filters, and cross cache lines, so a few filters over many columns are better than the
 * other way round. AVX2 has 16 registers, so 12 sums; AVX-512 and NEON 32, so up to 28. `best` is measured. */
#if defined(HNI_ISA_AVX512)
#define CONV_TILE(K) CONV_KERNEL(K, 2, CONV_REST1)
#elif defined(HNI_ISA_AVX2)
#define CONV_TILE(K) CONV_KERNEL(K, 3, CONV_REST2)
#elif defined(HNI_ISA_NEON)
#define CONV_TILE(K) CONV_KERNEL(K, 4, CONV_NO_REST)
#else
#define CONV_TILE(K) CONV_KERNEL(K, 1, CONV_NO_REST)
#endif

CONV_TILE(1) CONV_TILE(2) CONV_TILE(3) CONV_TILE(4)
#if defined(HNI_ISA_AVX2)
CONV_KERNEL(5, 2, CONV_NO_REST) CONV_KERNEL(6, 2, CONV_NO_REST)
#elif !defined(HNI_ISA_PLAIN)
CONV_TILE(5) CONV_TILE(6)
#endif
#if defined(HNI_ISA_AVX512)
CONV_TILE(7) CONV_TILE(8) CONV_TILE(9) CONV_TILE(10) CONV_TILE(11) CONV_TILE(12) CONV_TILE(13) CONV_TILE(14)
#define CONV_TABLE                                                                                                                       \
    .best = 10, .filters = 14, .conv = {NULL, conv_1, conv_2, conv_3, conv_4, conv_5, conv_6, conv_7, conv_8, conv_9, conv_10, conv_11,  \
                                        conv_12, conv_13, conv_14}
#elif defined(HNI_ISA_PLAIN)
#define CONV_TABLE .best = 4, .filters = 4, .conv = {NULL, conv_1, conv_2, conv_3, conv_4}
#elif defined(HNI_ISA_NEON)
#define CONV_TABLE .best = 6, .filters = 6, .conv = {NULL, conv_1, conv_2, conv_3, conv_4, conv_5, conv_6}
#else
#define CONV_TABLE .best = 4, .filters = 6, .conv = {NULL, conv_1, conv_2, conv_3, conv_4, conv_5, conv_6}
#endif

#if defined(HNI_ISA_AVX512) || defined(HNI_ISA_NEON)
GRAD_KERNEL(1, 8) GRAD_KERNEL(2, 8) GRAD_KERNEL(3, 8) GRAD_KERNEL(4, 6) GRAD_KERNEL(5, 5)
#define GRAD_TABLE .side = 5, .taps = {0, 8, 8, 8, 6, 5}, .grad = {NULL, grad_1, grad_2, grad_3, grad_4, grad_5}
#elif defined(HNI_ISA_AVX2)
GRAD_KERNEL(1, 8) GRAD_KERNEL(2, 6) GRAD_KERNEL(3, 4) GRAD_KERNEL(4, 3)
#define GRAD_TABLE .side = 4, .taps = {0, 8, 6, 4, 3}, .grad = {NULL, grad_1, grad_2, grad_3, grad_4}
#else
GRAD_KERNEL(1, 2) GRAD_KERNEL(2, 2)
#define GRAD_TABLE .side = 2, .taps = {0, 2, 2}, .grad = {NULL, grad_1, grad_2}
#endif

static void lane_sum(const float *x, int64_t n, float acc[HNI_CPU_LANES]) {
    for (int part = 0; part < HNI_PARTS; part++) {
        vec a = LOAD(acc + part * HNI_W);
        for (int64_t i = part * HNI_W; i < n; i += HNI_CPU_LANES)
            a += LOAD(x + i);
        STORE(acc + part * HNI_W, a);
    }
}

/* The tree: lane j and j + 8, then 4, 2, 1 apart. float32, since each lane is one already. */
INLINE float tree(const float *lanes) {
    float a[8], b[4];
    for (int j = 0; j < 8; j++)
        a[j] = lanes[j] + lanes[j + 8];
    for (int j = 0; j < 4; j++)
        b[j] = a[j] + a[j + 4];
    return (b[0] + b[2]) + (b[1] + b[3]);
}

static void lane_total(const float *acc, int64_t count, double *total) {
    for (int64_t j = 0; j < count; j++)
        total[j] += (double)tree(acc + j * HNI_CPU_LANES);
}

/* A few zeros at a row's ends. The empty statement keeps compilers from calling memset for them. */
INLINE void fill_zero(float *dst, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        dst[i] = 0.0f;
        __asm__ volatile("");
    }
}

/* A short row in two halves that overlap: no loop, and nothing outside of it is touched. */
#define COPY_HALVES(N)                                            \
    {                                                             \
        float head[N], tail[N];                                   \
        memcpy(head, src, sizeof head);                           \
        memcpy(tail, src + n - N, sizeof tail);                   \
        memcpy(dst, head, sizeof head);                           \
        memcpy(dst + n - N, tail, sizeof tail);                   \
    }

INLINE void copy_row(float *dst, const float *src, int64_t n) {
    int64_t i = 0;
    for (; i + HNI_W <= n; i += HNI_W)
        STORE(dst + i, LOAD(src + i));
    if (i == n)
        return;
    if (n >= HNI_W) /* the last vector overlaps the one before */
        STORE(dst + n - HNI_W, LOAD(src + n - HNI_W));
    else if (n >= 8)
        COPY_HALVES(8)
    else if (n >= 4)
        COPY_HALVES(4)
    else if (n >= 2)
        COPY_HALVES(2)
    else
        *dst = *src;
}

static void stage(float *dst, int64_t to_step, const float *src, int64_t from_step, int64_t rows, int64_t left, int64_t n, int64_t right) {
    for (int64_t r = 0; r < rows; r++, dst += to_step, src += from_step) {
        fill_zero(dst, left);
        if (n > 0)
            copy_row(dst + left, src, n);
        fill_zero(dst + left + n, right);
    }
}
