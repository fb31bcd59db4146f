/* kernels_depth.h - the inner loops of depthwise convolution (3×3 and 5×5, stride 1 and 2) for one instruction set. Included once by isa_*.c,
 * after kernels_activation.h.
 *
 * One channel at a time, so a kernel has no filters to share its loads with. Rows share them instead: a step does four rows of 16 columns, and
 * each number that is loaded goes to all rows whose window it lies in. A number's chain is kernel rows, then kernel columns, from 0; then the
 * bias. Functions with a constant kernel size and stride are expanded into each kernel, and conditions on them vanish. */

enum { DEPTH_ROWS = 4 }; /* of output (or of its gradient) in a step */

#if HNI_W == 16
#define DEPTH_PARTS(M, ...) ALSO1(M, __VA_ARGS__)
#elif HNI_W == 8
#define DEPTH_PARTS(M, ...) ALSO2(M, __VA_ARGS__)
#else
#define DEPTH_PARTS(M, ...) ALSO4(M, __VA_ARGS__)
#endif

/* A register that is loaded once: without the hint GCC loads anew for each of its uses. */
#if defined(HNI_ISA_AVX512)
#define DEPTH_HOLD(x) __asm__("" : "+v"(x))
#elif defined(HNI_ISA_AVX2)
#define DEPTH_HOLD(x) __asm__("" : "+x"(x))
#elif defined(HNI_ISA_NEON)
#define DEPTH_HOLD(x) __asm__("" : "+w"(x))
#else
#define DEPTH_HOLD(x) ((void)(x))
#endif

/* Place in a row of what tap s meets at column 0: with stride 2 the even columns of the source come first, then the odd ones. */
INLINE int64_t depth_place(int s, int stride, int64_t odd) { return stride == 1 ? s : (s & 1 ? odd : 0) + s / 2; }

#define DEPTH_ZERO_ONE(v, o) vec a##o##_##v = SPLAT(0.0f);
#define DEPTH_LOAD_ONE(v, ...)      \
    vec x##v = LOAD(p + v * HNI_W); \
    DEPTH_HOLD(x##v);
#define DEPTH_ADD_ONE(v, o) a##o##_##v = FMA(b, x##v, a##o##_##v);
#define DEPTH_TAP_ROW(o, i, s, r)           \
    if (i - o * stride == r && r < size) {  \
        const vec b = w##r##_##s;           \
        DEPTH_PARTS(DEPTH_ADD_ONE, o)       \
    }
#define DEPTH_TAP(o, i, s) \
    DEPTH_TAP_ROW(o, i, s, 0) DEPTH_TAP_ROW(o, i, s, 1) DEPTH_TAP_ROW(o, i, s, 2) DEPTH_TAP_ROW(o, i, s, 3) DEPTH_TAP_ROW(o, i, s, 4)
#define DEPTH_COLUMN(i, s)                                                  \
    if (s < size) {                                                         \
        const float *const p = x + i * x_pitch + depth_place(s, stride, odd); \
        DEPTH_PARTS(DEPTH_LOAD_ONE, 0)                                      \
        DEPTH_TAP(0, i, s) DEPTH_TAP(1, i, s) DEPTH_TAP(2, i, s) DEPTH_TAP(3, i, s) \
    }
#define DEPTH_SOURCE(i, ...)                                                \
    if (i < (DEPTH_ROWS - 1) * stride + size) {                             \
        DEPTH_COLUMN(i, 0) DEPTH_COLUMN(i, 1) DEPTH_COLUMN(i, 2) DEPTH_COLUMN(i, 3) DEPTH_COLUMN(i, 4) \
    }
#define DEPTH_FINISH_ONE(v, o) a##o##_##v = relu ? relu_vec(a##o##_##v + bias) : a##o##_##v + bias;
#define DEPTH_STORE_ONE(v, o) STORE(to + o * pitch + v * HNI_W, a##o##_##v);
#define DEPTH_STORE(o)                            \
    if (o < rows) {                               \
        DEPTH_PARTS(DEPTH_FINISH_ONE, o)          \
        DEPTH_PARTS(DEPTH_STORE_ONE, o)           \
    }

/* The filter's weights, each in a vector of its own: where there are registers for them they stay there. */
#define DEPTH_WEIGHT(r, s) const vec w##r##_##s = r < size && s < size ? SPLAT(t->w[r * size + s]) : SPLAT(0.0f);
#define DEPTH_WEIGHTS(r) DEPTH_WEIGHT(r, 0) DEPTH_WEIGHT(r, 1) DEPTH_WEIGHT(r, 2) DEPTH_WEIGHT(r, 3) DEPTH_WEIGHT(r, 4)

/* One step: rows 0 … rows-1, at most four, of 16 columns; row after row `pitch` apart. */
#define DEPTH_STEP                                                                                                             \
    {                                                                                                                          \
        DEPTH_PARTS(DEPTH_ZERO_ONE, 0) DEPTH_PARTS(DEPTH_ZERO_ONE, 1) DEPTH_PARTS(DEPTH_ZERO_ONE, 2) DEPTH_PARTS(DEPTH_ZERO_ONE, 3) \
        REP11(DEPTH_SOURCE, 0)                                                                                                 \
        DEPTH_STORE(0) DEPTH_STORE(1) DEPTH_STORE(2) DEPTH_STORE(3)                                                            \
    }

/* The last columns are done again with some of those before them; a row of less than 16 goes by way of a place of its own. */
INLINE void depth_all(const hni_cpu_depth *t, int size, int stride) {
    const vec bias = SPLAT(t->bias);
    const bool relu = t->relu, narrow = t->n < HNI_CPU_LANES;
    const int64_t x_pitch = t->x_pitch, odd = t->odd, n = t->n, pitch = narrow ? HNI_CPU_LANES : n;
    float few[DEPTH_ROWS * HNI_CPU_LANES];
    DEPTH_WEIGHTS(0) DEPTH_WEIGHTS(1) DEPTH_WEIGHTS(2) DEPTH_WEIGHTS(3) DEPTH_WEIGHTS(4)
    for (int64_t o = 0; o < t->rows; o += DEPTH_ROWS) {
        const int64_t rows = t->rows - o < DEPTH_ROWS ? t->rows - o : DEPTH_ROWS;
        for (int64_t i = 0; i < n; i += HNI_CPU_LANES) {
            const int64_t at = narrow ? 0 : i + HNI_CPU_LANES <= n ? i : n - HNI_CPU_LANES;
            const float *const x = t->x + o * stride * x_pitch + at;
            float *const to = narrow ? few : t->y + o * n + at;
            DEPTH_STEP
        }
        for (int64_t k = 0; narrow && k < rows; k++)
            copy_row(t->y + (o + k) * n, few + k * HNI_CPU_LANES, n);
    }
}

static void depth_3_1(const hni_cpu_depth *t) { depth_all(t, 3, 1); }
static void depth_3_2(const hni_cpu_depth *t) { depth_all(t, 3, 2); }
static void depth_5_1(const hni_cpu_depth *t) { depth_all(t, 5, 1); }
static void depth_5_2(const hni_cpu_depth *t) { depth_all(t, 5, 2); }

/* The input gradient with stride 2: place q of dy, in rows and in columns, meets pixels 2q and 2q + 1 of dx, taps of even number the first. */
#define DEPTH_BACK_ZERO(v, ...) vec a00_##v = SPLAT(0.0f), a01_##v = a00_##v, a10_##v = a00_##v, a11_##v = a00_##v;
#define DEPTH_BACK_ADD(v, a) a##_##v = FMA(b, LOAD(p + v * HNI_W), a##_##v);
#define DEPTH_BACK_TAP(r, s, a)                                     \
    if (r < size && s < size) {                                     \
        const vec b = SPLAT(t->w[r * size + s]);                    \
        const float *const p = x - r / 2 * t->x_pitch - s / 2;      \
        DEPTH_PARTS(DEPTH_BACK_ADD, a)                              \
    }
#define DEPTH_BACK_EVEN(r) \
    DEPTH_BACK_TAP(r, 0, a00) DEPTH_BACK_TAP(r, 1, a01) DEPTH_BACK_TAP(r, 2, a00) DEPTH_BACK_TAP(r, 3, a01) DEPTH_BACK_TAP(r, 4, a00)
#define DEPTH_BACK_ODD(r) \
    DEPTH_BACK_TAP(r, 0, a10) DEPTH_BACK_TAP(r, 1, a11) DEPTH_BACK_TAP(r, 2, a10) DEPTH_BACK_TAP(r, 3, a11) DEPTH_BACK_TAP(r, 4, a10)
#define DEPTH_BACK_STORE(v, ...)                                            \
    STORE(to + 2 * v * HNI_W, LOW(a00_##v, a01_##v));                       \
    STORE(to + (2 * v + 1) * HNI_W, HIGH(a00_##v, a01_##v));                \
    STORE(to + t->y_pitch + 2 * v * HNI_W, LOW(a10_##v, a11_##v));          \
    STORE(to + t->y_pitch + (2 * v + 1) * HNI_W, HIGH(a10_##v, a11_##v));

INLINE void depth_back_all(const hni_cpu_depth *t, int size) {
    for (int64_t q = 0; q < t->rows; q++)
        for (int64_t i = 0; i < t->n; i += HNI_CPU_LANES) {
            const float *const x = t->x + q * t->x_pitch + i;
            float *const to = t->y + 2 * (q * t->y_pitch + i);
            DEPTH_PARTS(DEPTH_BACK_ZERO, 0)
            DEPTH_BACK_EVEN(0) DEPTH_BACK_ODD(1) DEPTH_BACK_EVEN(2) DEPTH_BACK_ODD(3) DEPTH_BACK_EVEN(4)
            DEPTH_PARTS(DEPTH_BACK_STORE, 0)
        }
}

static void depth_back_3(const hni_cpu_depth *t) { depth_back_all(t, 3); }
static void depth_back_5(const hni_cpu_depth *t) { depth_back_all(t, 5); }

/* The weight gradient, one part of the 16 lanes after the other. A step takes four rows of 16 numbers of dy. 3×3: all taps at once; 5×5: a
 * kernel column at a time. */
#define DEPTH_GRAD_ADD(o, i, s, r)        \
    if (i - o * stride == r)              \
        a##r##_##s = FMA(d##o, x##s, a##r##_##s);
#define DEPTH_GRAD_ROW(o, i, s) \
    DEPTH_GRAD_ADD(o, i, s, 0) DEPTH_GRAD_ADD(o, i, s, 1) DEPTH_GRAD_ADD(o, i, s, 2) DEPTH_GRAD_ADD(o, i, s, 3) DEPTH_GRAD_ADD(o, i, s, 4)
#define DEPTH_GRAD_COLUMN(i, s)                                                                        \
    {                                                                                                  \
        vec x##s = LOAD(x + i * t->x_pitch + depth_place(column + s, stride, t->odd));                 \
        DEPTH_HOLD(x##s);                                                                              \
        DEPTH_GRAD_ROW(0, i, s) DEPTH_GRAD_ROW(1, i, s) DEPTH_GRAD_ROW(2, i, s) DEPTH_GRAD_ROW(3, i, s) \
    }
#define DEPTH_GRAD_SOURCE(i, ...)                             \
    if (i < (DEPTH_ROWS - 1) * stride + size) {               \
        DEPTH_GRAD_COLUMN(i, 0)                               \
        if (columns == 3) {                                   \
            DEPTH_GRAD_COLUMN(i, 1) DEPTH_GRAD_COLUMN(i, 2)   \
        }                                                     \
    }
#define DEPTH_GRAD_EACH(M, s) M(0, s) M(1, s) M(2, s) M(3, s) M(4, s)
#define DEPTH_BIAS (acc + size * size * HNI_CPU_LANES) /* lanes of Σ dy, behind those of the taps */
#define DEPTH_GRAD_TAKE(r, s) \
    vec a##r##_##s = r < size && s < columns ? LOAD(acc + (r * size + column + s) * HNI_CPU_LANES) : SPLAT(0.0f);
#define DEPTH_GRAD_SAVE(r, s)      \
    if (r < size && s < columns)   \
        STORE(acc + (r * size + column + s) * HNI_CPU_LANES, a##r##_##s);

/* `columns` kernel columns from `column` on. */
INLINE void depth_grad_part(const hni_cpu_depth *t, int part, int column, int size, int columns, int stride) {
    float *const acc = t->y + part * HNI_W;
    vec bias = LOAD(DEPTH_BIAS);
    DEPTH_GRAD_EACH(DEPTH_GRAD_TAKE, 0) DEPTH_GRAD_EACH(DEPTH_GRAD_TAKE, 1) DEPTH_GRAD_EACH(DEPTH_GRAD_TAKE, 2)
    for (int64_t o = 0; o < t->rows; o += DEPTH_ROWS)
        for (int64_t i = 0; i < t->n; i += HNI_CPU_LANES) {
            const float *const x = t->x + o * stride * t->x_pitch + i + part * HNI_W, *const dy = t->dy + o * t->y_pitch + i + part * HNI_W;
            const vec d0 = LOAD(dy), d1 = LOAD(dy + t->y_pitch), d2 = LOAD(dy + 2 * t->y_pitch), d3 = LOAD(dy + 3 * t->y_pitch);
            REP11(DEPTH_GRAD_SOURCE, 0)
            if (column == 0)
                bias += (d0 + d1) + (d2 + d3);
        }
    STORE(DEPTH_BIAS, bias);
    DEPTH_GRAD_EACH(DEPTH_GRAD_SAVE, 0)
    if (columns == 3) {
        DEPTH_GRAD_EACH(DEPTH_GRAD_SAVE, 1) DEPTH_GRAD_EACH(DEPTH_GRAD_SAVE, 2)
    }
}

INLINE void depth_grad_all(const hni_cpu_depth *t, int size, int stride) {
    for (int part = 0; part < HNI_PARTS; part++)
        for (int column = 0; column < size; column += size == 3 ? 3 : 1)
            depth_grad_part(t, part, column, size, size == 3 ? 3 : 1, stride);
}

static void depth_grad_3_1(const hni_cpu_depth *t) { depth_grad_all(t, 3, 1); }
static void depth_grad_3_2(const hni_cpu_depth *t) { depth_grad_all(t, 3, 2); }
static void depth_grad_5_1(const hni_cpu_depth *t) { depth_grad_all(t, 5, 1); }
static void depth_grad_5_2(const hni_cpu_depth *t) { depth_grad_all(t, 5, 2); }

/* Rows of n floats, each with zeros behind it as far as `pitch`. The row behind the last one is written to, too: less than 16 floats of it. */
static void pad_rows(float *dst, int64_t pitch, const float *src, int64_t from_step, int64_t rows, int64_t n) {
    const vec zero = SPLAT(0.0f);
    for (int64_t r = 0; r < rows; r++, dst += pitch, src += from_step) {
        copy_row(dst, src, n);
        for (int64_t i = n; i < pitch; i += HNI_W)
            STORE(dst + i, zero);
    }
}

/* Eight numbers, apart by their places' parity. */
typedef float four __attribute__((vector_size(16)));
INLINE void split_eight(float *even, float *odd, const float *src) {
    four a, b;
    memcpy(&a, src, sizeof a);
    memcpy(&b, src + 4, sizeof b);
    const four e = __builtin_shufflevector(a, b, 0, 2, 4, 6), o = __builtin_shufflevector(a, b, 1, 3, 5, 7);
    memcpy(even, &e, sizeof e);
    memcpy(odd, &o, sizeof o);
}

INLINE void split_row(float *even, float *odd, const float *src, int64_t n) {
    int64_t i = 0; /* even */
    for (; i + 2 * HNI_W <= n; i += 2 * HNI_W) {
        const vec a = LOAD(src + i), b = LOAD(src + i + HNI_W);
        STORE(even + i / 2, EVEN(a, b));
        STORE(odd + i / 2, ODD(a, b));
    }
    for (; i + 8 <= n; i += 8)
        split_eight(even + i / 2, odd + i / 2, src + i);
    if (i < n && n >= 8) { /* the last eight overlap those before */
        const int64_t last = n - 8;
        if (last % 2 == 0)
            split_eight(even + last / 2, odd + last / 2, src + last);
        else
            split_eight(odd + last / 2, even + last / 2 + 1, src + last);
        return;
    }
    for (; i < n; i++)
        (i % 2 == 0 ? even : odd)[i / 2] = src[i];
}

/* The same apart: numbers of even place to `even`, of odd place to `odd`, zeros behind each as far as `width`. */
static void split_rows(float *even, float *odd, int64_t pitch, int64_t width, const float *src, int64_t from_step, int64_t rows, int64_t n) {
    const vec zero = SPLAT(0.0f);
    for (int64_t r = 0; r < rows; r++, even += pitch, odd += pitch, src += from_step) {
        for (int64_t k = n / 2; k < width; k += HNI_W) { /* first, since the last ones reach beyond */
            STORE(even + k, zero);
            STORE(odd + k, zero);
        }
        split_row(even, odd, src, n);
    }
}

#define DEPTH_TABLE                                                                                                                      \
    .depth = {{depth_3_1, depth_3_2}, {depth_5_1, depth_5_2}}, .depth_back = {depth_back_3, depth_back_5},                              \
    .depth_grad = {{depth_grad_3_1, depth_grad_3_2}, {depth_grad_5_1, depth_grad_5_2}}, .pad_rows = pad_rows, .split_rows = split_rows
