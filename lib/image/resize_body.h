/* resize_body.h - the inner loops of a resize, for the instruction set that the including file is compiled for. That file says how 16 sums
 * are begun, added to and ended: `total`, begin, add, end.
 *
 * Horizontally each new sample sums a few neighbours of its own, which is no work for vectors. So 16 rows are turned on their side, a
 * window of them at a time, and what was a sum along one row is one vector's across 16. */
/* Written out, not in loops: every compiler then keeps the 16 in registers. */
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define PAIR(from, to, i, j, low, high) const bytes to##low = LOW(from##i, from##j), to##high = HIGH(from##i, from##j);
#define ROUND(from, to)                                                                                          \
    PAIR(from, to, 0, 8, 0, 1)                                                                                   \
    PAIR(from, to, 1, 9, 2, 3)                                                                                   \
    PAIR(from, to, 2, 10, 4, 5)                                                                                  \
    PAIR(from, to, 3, 11, 6, 7)                                                                                  \
    PAIR(from, to, 4, 12, 8, 9)                                                                                  \
    PAIR(from, to, 5, 13, 10, 11)                                                                                \
    PAIR(from, to, 6, 14, 12, 13)                                                                                \
    PAIR(from, to, 7, 15, 14, 15)
#define EACH(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15)
#define TAKE(i) const bytes a##i = *(const bytes_mem *)(src + i * stride);
#define PUT(i) *(bytes_mem *)(dst + i * LANES) = (bytes_mem)e##i;

/* 16 samples of 16 rows → [sample][row]. Four rounds of interleaving halves are a transposition. */
INLINE void turn(const uint8_t *src, size_t stride, uint8_t *dst) {
    EACH(TAKE)
    ROUND(a, b)
    ROUND(b, c)
    ROUND(c, d)
    ROUND(d, e)
    EACH(PUT)
}

/* What a strip has turned on its side: samples from … from + n - 1 of each row. */
typedef struct {
    size_t from, n;
    uint8_t at[HNI_RESIZE_WINDOW][LANES];
} window;

/* Moves on to sample `first`. The last 16 of a row may be turned twice: nothing beyond its end is read. */
static void move(window *w, const uint8_t *src, size_t in, size_t first) {
    w->from = first < in - LANES ? first : in - LANES;
    w->n = in - w->from < HNI_RESIZE_WINDOW ? in - w->from : HNI_RESIZE_WINDOW;
    for (size_t i = 0; i < w->n; i += LANES) {
        const size_t s = w->from + i < in - LANES ? w->from + i : in - LANES;
        turn(src + s, in, w->at[s - w->from]);
    }
}

/* 16 rows of the result's samples, turned back and written; n < 16 at the end of a row. */
static void flush(const uint8_t *turned, uint8_t *dst, size_t out, size_t n) {
    uint8_t rows[LANES][LANES];
    turn(turned, LANES, rows[0]);
    for (int r = 0; r < LANES; r++)
        memcpy(dst + (size_t)r * out, rows[r], n);
}

/* One new position: its channels' sums, 16 rows each. */
INLINE void position(const uint8_t *p, const int32_t *w, int32_t n, int32_t channels, uint8_t *result) {
    total s[3];
    for (int c = 0; c < channels; c++)
        begin(&s[c]);
    for (int32_t t = 0; t < n; t++)
        for (int c = 0; c < channels; c++, p += LANES)
            add(&s[c], p, w[t]);
    for (int c = 0; c < channels; c++)
        end(&s[c], result + c * LANES);
}

INLINE void strip_of(const uint8_t *src, size_t in, int32_t channels, uint8_t *dst, int32_t to, const hni_resize_filter *f) {
    window w = {.from = 0, .n = 0};
    uint8_t result[LANES + 2][LANES]; /* a pixel of three channels may begin at the last of the 16 */
    const size_t step = (size_t)channels, out = (size_t)to * step;
    size_t filled = 0, done = 0;
    for (int32_t x = 0; x < to; x++) {
        const size_t first = (size_t)f->first[x] * step, behind = first + (size_t)f->count[x] * step;
        if (first < w.from || behind > w.from + w.n)
            move(&w, src, in, first);
        position(w.at[first - w.from], f->weight + (size_t)x * (size_t)f->taps, f->count[x], channels, result[filled]);
        filled += step;
        if (filled < LANES)
            continue;
        flush(result[0], dst + done, out, LANES);
        done += LANES;
        filled -= LANES;
        memcpy(result[0], result[LANES], 2 * LANES);
    }
    if (filled)
        flush(result[0], dst + done, out, filled);
}

static void strip(const uint8_t *src, size_t in, int32_t channels, uint8_t *dst, int32_t to, const hni_resize_filter *f) {
    if (channels == 1)
        strip_of(src, in, 1, dst, to, f);
    else
        strip_of(src, in, 3, dst, to, f);
}

/* The last 16 samples of a row may be summed twice. */
static void down(const uint8_t *src, size_t row, const int32_t *weight, int32_t n, uint8_t *dst) {
    for (size_t x = 0; x < row; x += LANES) {
        const size_t at = x < row - LANES ? x : row - LANES;
        total s;
        begin(&s);
        for (int32_t t = 0; t < n; t++)
            add(&s, src + at + (size_t)t * row, weight[t]);
        end(&s, dst + at);
    }
}
