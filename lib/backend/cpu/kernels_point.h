/* kernels_point.h - the inner loops that treat every number by itself, 2×2 pooling, dot products and float64 sums, for one instruction
 * set. Included once by isa_*.c. Rests of a row are done by the same arithmetic a number at a time. */

INLINE float relu_one(float x) { return x <= 0.0f ? 0.0f : x; }

static void sum(float *y, const float *a, const float *b, int64_t n, bool relu) {
    int64_t i = 0;
    if (relu) {
        for (; i + HNI_W <= n; i += HNI_W)
            STORE(y + i, relu_vec(LOAD(a + i) + LOAD(b + i)));
        for (; i < n; i++)
            y[i] = relu_one(a[i] + b[i]);
        return;
    }
    for (; i + HNI_W <= n; i += HNI_W)
        STORE(y + i, LOAD(a + i) + LOAD(b + i));
    for (; i < n; i++)
        y[i] = a[i] + b[i];
}

/* b takes the place of the maximum so far: it is larger, or it is the first NaN. */
INLINE ivec beats(vec b, vec best) { return (ivec)(b > best) | ((ivec)(b != b) & (ivec)(best == best)); }
INLINE vec choose(ivec mask, vec a, vec b) { return (vec)(((ivec)a & mask) | ((ivec)b & ~mask)); }
INLINE bool beats_one(float b, float best) { return b > best || (b != b && best == best); }

/* Even and odd numbers of 2·W that lie in a and b, and back. */
#if HNI_W == 16
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif HNI_W == 8
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7)
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

/* W numbers of every second (or each) place from p on. Reads 2 · W - 1 or 2 · W of them. */
INLINE vec spread(const float *p, int64_t stride) {
    if (stride == 1)
        return LOAD(p);
    const vec a = LOAD(p), b = LOAD(p + HNI_W);
    return EVEN(a, b);
}

static void take_max(float *best, int32_t *index, const float *x, int64_t n, int64_t stride, int32_t tap) {
    int64_t i = 0;
    const ivec taps = (ivec){0} + tap;
    for (; stride <= 2 && i + HNI_W < n + (stride == 1); i += HNI_W) { /* with a stride one number more is read than is needed */
        const vec v = spread(x + i * stride, stride), b = LOAD(best + i);
        const ivec m = beats(v, b);
        STORE(best + i, choose(m, v, b));
        if (index) {
            const ivec old = (ivec)LOAD((const float *)(const void *)(index + i));
            STORE((float *)(void *)(index + i), (vec)((taps & m) | (old & ~m)));
        }
    }
    for (; i < n; i++)
        if (beats_one(x[i * stride], best[i])) {
            best[i] = x[i * stride];
            if (index)
                index[i] = tap;
        }
}

static void every(float *y, const float *x, int64_t n, int64_t stride) {
    int64_t i = 0;
    for (; stride <= 2 && i + HNI_W < n + (stride == 1); i += HNI_W)
        STORE(y + i, spread(x + i * stride, stride));
    for (; i < n; i++)
        y[i] = x[i * stride];
}

static void pool2(float *y, const float *x0, const float *x1, int64_t n) {
    int64_t i = 0;
    for (; i + HNI_W <= n; i += HNI_W) {
        const vec a = LOAD(x0 + 2 * i), b = LOAD(x0 + 2 * i + HNI_W), c = LOAD(x1 + 2 * i), d = LOAD(x1 + 2 * i + HNI_W);
        vec best = EVEN(a, b), next = ODD(a, b);
        best = choose(beats(next, best), next, best);
        next = EVEN(c, d);
        best = choose(beats(next, best), next, best);
        next = ODD(c, d);
        STORE(y + i, choose(beats(next, best), next, best));
    }
    for (; i < n; i++) {
        const float four[4] = {x0[2 * i], x0[2 * i + 1], x1[2 * i], x1[2 * i + 1]};
        float best = four[0];
        for (int j = 1; j < 4; j++)
            if (beats_one(four[j], best))
                best = four[j];
        y[i] = best;
    }
}

static void pool2_grad_one(float *dx0, float *dx1, const float *x0, const float *x1, float dy, bool through_relu) {
    int at = 0;
    float best = x0[0];
    const float four[4] = {x0[0], x0[1], x1[0], x1[1]};
    for (int j = 1; j < 4; j++)
        if (beats_one(four[j], best)) {
            best = four[j];
            at = j;
        }
    if (through_relu && best <= 0.0f)
        at = 4; /* nowhere */
    dx0[0] = at == 0 ? dy : 0.0f;
    dx0[1] = at == 1 ? dy : 0.0f;
    dx1[0] = at == 2 ? dy : 0.0f;
    dx1[1] = at == 3 ? dy : 0.0f;
}

static void pool2_grad(float *dx0, float *dx1, const float *x0, const float *x1, const float *dy, int64_t n, bool through_relu) {
    int64_t i = 0;
    for (; i + HNI_W <= n; i += HNI_W) {
        const vec a = LOAD(x0 + 2 * i), b = LOAD(x0 + 2 * i + HNI_W), c = LOAD(x1 + 2 * i), d = LOAD(x1 + 2 * i + HNI_W);
        ivec g = (ivec)LOAD(dy + i);
        vec best = EVEN(a, b), next = ODD(a, b);
        const ivec m1 = beats(next, best);
        best = choose(m1, next, best);
        next = EVEN(c, d);
        const ivec m2 = beats(next, best);
        best = choose(m2, next, best);
        next = ODD(c, d);
        const ivec m3 = beats(next, best);
        if (through_relu)
            g &= ~(ivec)(choose(m3, next, best) <= SPLAT(0.0f));
        const vec g0 = (vec)(g & ~(m1 | m2 | m3)), g1 = (vec)(g & m1 & ~(m2 | m3)), g2 = (vec)(g & m2 & ~m3), g3 = (vec)(g & m3);
        STORE(dx0 + 2 * i, LOW(g0, g1));
        STORE(dx0 + 2 * i + HNI_W, HIGH(g0, g1));
        STORE(dx1 + 2 * i, LOW(g2, g3));
        STORE(dx1 + 2 * i + HNI_W, HIGH(g2, g3));
    }
    for (; i < n; i++)
        pool2_grad_one(dx0 + 2 * i, dx1 + 2 * i, x0 + 2 * i, x1 + 2 * i, dy[i], through_relu);
}

/* The rest of a row of products lies in lanes 0 …, as if the row went on with zeros. */
static double dot(const float *a, const float *b, int64_t n) {
    float lanes[HNI_CPU_LANES] = {0.0f}, rest[2][HNI_CPU_LANES] = {{0.0f}};
    const int64_t whole = n / HNI_CPU_LANES * HNI_CPU_LANES;
    for (int64_t i = whole; i < n; i++) {
        rest[0][i - whole] = a[i];
        rest[1][i - whole] = b[i];
    }
    for (int part = 0; part < HNI_PARTS; part++) {
        vec sum = SPLAT(0.0f);
        for (int64_t i = part * HNI_W; i < whole; i += HNI_CPU_LANES)
            sum = FMA(LOAD(a + i), LOAD(b + i), sum);
        if (whole < n)
            sum = FMA(LOAD(rest[0] + part * HNI_W), LOAD(rest[1] + part * HNI_W), sum);
        STORE(lanes + part * HNI_W, sum);
    }
    return (double)tree(lanes);
}

#define WEIGHTED_ZERO(v, ...) vec s##v = SPLAT(0.0f);
#define WEIGHTED_ADD(v, ...) s##v = FMA(b, LOAD(rows + i * row_step + j + v * HNI_W), s##v);
#define WEIGHTED_SAVE(v, ...) STORE(out + j + v * HNI_W, s##v);
#define WEIGHTED(V)                                       \
    for (; j + V * HNI_W <= n; j += V * HNI_W) {          \
        ALSO##V(WEIGHTED_ZERO, 0)                         \
        for (int64_t i = 0; i < count; i++) {             \
            const vec b = SPLAT(a[i * a_step]);           \
            ALSO##V(WEIGHTED_ADD, 0)                      \
        }                                                 \
        ALSO##V(WEIGHTED_SAVE, 0)                         \
    }

static void weighted(float *out, int64_t n, const float *a, int64_t a_step, const float *rows, int64_t row_step, int64_t count) {
    int64_t j = 0;
    WEIGHTED(4)
    WEIGHTED(1)
    const int64_t left = n - j;
    if (left == 0)
        return;
    vec s = SPLAT(0.0f);
    float row[HNI_W] = {0.0f};
    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < left; k++)
            row[k] = rows[i * row_step + j + k];
        s = FMA(SPLAT(a[i * a_step]), LOAD(row), s);
    }
    STORE(row, s);
    for (int64_t k = 0; k < left; k++)
        out[j + k] = row[k];
}

static void scale(float *y, const float *x, float s, int64_t n) {
    const vec by = SPLAT(s);
    int64_t i = 0;
    for (; i + HNI_W <= n; i += HNI_W)
        STORE(y + i, LOAD(x + i) * by);
    for (; i < n; i++)
        y[i] = x[i] * s;
}

static void lookup(float *y, const uint8_t *x, const float table[256], int64_t n) {
    for (int64_t i = 0; i < n; i++)
        y[i] = table[x[i]];
}

/* float64 from here on: inner loops of a constant length, which compilers turn into vectors of whatever the machine has. */
INLINE double tree64(const double *lanes) {
    double a[8], b[4];
    for (int j = 0; j < 8; j++)
        a[j] = lanes[j] + lanes[j + 8];
    for (int j = 0; j < 4; j++)
        b[j] = a[j] + a[j + 4];
    return (b[0] + b[2]) + (b[1] + b[3]);
}

static double total(const float *x, int64_t n) {
    double lanes[HNI_CPU_LANES] = {0.0};
    int64_t i = 0;
    for (; i + HNI_CPU_LANES <= n; i += HNI_CPU_LANES)
        for (int j = 0; j < HNI_CPU_LANES; j++)
            lanes[j] += (double)x[i + j];
    for (int j = 0; i + j < n; j++)
        lanes[j] += (double)x[i + j];
    return tree64(lanes);
}

static double squares(const float *x, int64_t n, double mean) {
    double lanes[HNI_CPU_LANES] = {0.0};
    int64_t i = 0;
    for (; i + HNI_CPU_LANES <= n; i += HNI_CPU_LANES)
        for (int j = 0; j < HNI_CPU_LANES; j++) {
            const double d = (double)x[i + j] - mean;
            lanes[j] += d * d;
        }
    for (int j = 0; i + j < n; j++) {
        const double d = (double)x[i + j] - mean;
        lanes[j] += d * d;
    }
    return tree64(lanes);
}

static void products(const float *dy, const float *x, int64_t n, double mean, double sums[2]) {
    double one[HNI_CPU_LANES] = {0.0}, two[HNI_CPU_LANES] = {0.0};
    int64_t i = 0;
    for (; i + HNI_CPU_LANES <= n; i += HNI_CPU_LANES)
        for (int j = 0; j < HNI_CPU_LANES; j++) {
            one[j] += (double)dy[i + j];
            two[j] += (double)dy[i + j] * ((double)x[i + j] - mean);
        }
    for (int j = 0; i + j < n; j++) {
        one[j] += (double)dy[i + j];
        two[j] += (double)dy[i + j] * ((double)x[i + j] - mean);
    }
    sums[0] = tree64(one);
    sums[1] = tree64(two);
}

static void affine(float *y, const float *x, int64_t n, double mean, double scale, double shift) {
    int64_t i = 0;
    for (; i + HNI_CPU_LANES <= n; i += HNI_CPU_LANES)
        for (int j = 0; j < HNI_CPU_LANES; j++)
            y[i + j] = (float)(((double)x[i + j] - mean) * scale + shift);
    for (; i < n; i++)
        y[i] = (float)(((double)x[i] - mean) * scale + shift);
}

static void blend(float *y, const float *x, double a, const float *z, double b, int64_t n) {
    int64_t i = 0;
    for (; i + HNI_CPU_LANES <= n; i += HNI_CPU_LANES)
        for (int j = 0; j < HNI_CPU_LANES; j++)
            y[i + j] = (float)(a * (double)x[i + j] + b * (double)z[i + j]);
    for (; i < n; i++)
        y[i] = (float)(a * (double)x[i] + b * (double)z[i]);
}

/* Formulas as PyTorch's torch.optim (Kingma & Ba 2015; Loshchilov & Hutter 2019). */
INLINE void adam_one(const hni_cpu_cells *c, int64_t i, const double *hyper, double root, bool decoupled) {
    const double beta1 = hyper[HN_HYPER_BETA1], beta2 = hyper[HN_HYPER_BETA2], rate = hyper[HN_HYPER_RATE], decay = hyper[HN_HYPER_DECAY];
    double w = (double)c->w[i], g = (double)c->g[i];
    if (decoupled)
        w -= rate * decay * w;
    else
        g += decay * w;
    const double m = beta1 * (double)c->m[i] + (1.0 - beta1) * g;
    const double v = beta2 * (double)c->v[i] + (1.0 - beta2) * g * g;
    const double divisor = __builtin_sqrt(v) / root + hyper[HN_HYPER_EPSILON];
    c->w_out[i] = (float)(w - rate / hyper[HN_HYPER_CORRECTION1] * (m / divisor));
    c->m_out[i] = (float)m;
    c->v_out[i] = (float)v;
}

static void adam(const hni_cpu_cells *cells, int64_t n, const double *hyper, double root, bool decoupled) {
    float w[HNI_CPU_LANES], m[HNI_CPU_LANES], v[HNI_CPU_LANES]; /* of their own, so that compilers see that nothing overlaps */
    int64_t i = 0;
    for (; i + HNI_CPU_LANES <= n; i += HNI_CPU_LANES) {
        const hni_cpu_cells some = {cells->w + i, cells->g + i, cells->m + i, cells->v + i, w, m, v};
        if (decoupled)
            for (int j = 0; j < HNI_CPU_LANES; j++)
                adam_one(&some, j, hyper, root, true);
        else
            for (int j = 0; j < HNI_CPU_LANES; j++)
                adam_one(&some, j, hyper, root, false);
        memcpy(cells->w_out + i, w, sizeof w);
        memcpy(cells->m_out + i, m, sizeof m);
        memcpy(cells->v_out + i, v, sizeof v);
    }
    for (; i < n; i++)
        adam_one(cells, i, hyper, root, decoupled);
}

static void affine2(float *dx, const float *dy, const float *x, int64_t n, double a, double b, double mean, double c) {
    int64_t i = 0;
    for (; i + HNI_CPU_LANES <= n; i += HNI_CPU_LANES)
        for (int j = 0; j < HNI_CPU_LANES; j++)
            dx[i + j] = (float)(a * (double)dy[i + j] + b * ((double)x[i + j] - mean) + c);
    for (; i < n; i++)
        dx[i] = (float)(a * (double)dy[i] + b * ((double)x[i] - mean) + c);
}

#define POINT_TABLE                                                                                                                      \
    .lane_sum = lane_sum, .lane_total = lane_total, .stage = stage, .sum = sum,                                                         \
    .take_max = take_max, .every = every, .pool2 = pool2, .pool2_grad = pool2_grad, .dot = dot, .weighted = weighted,                   \
    .lookup = lookup, .total = total, .squares = squares, .products = products, .affine = affine, .affine2 = affine2, .adam = adam,      \
    .scale = scale, .blend = blend
