/* augment.c - stored 8-bit images to a batch, augmented as haemnet/backend.h says at HN_AUGMENT_…, by the six steps of the header.
 *
 * Numbers that come from the batch (rows, partners, places) may be anything. */
#include <math.h>

#include "../../base/numeric.h"  /* defines: hni_log, hni_cos, hni_sin, hni_pow */
#include "../../op/augment.h"    /* defines: hni_augment_words */
#include "cpu.h"

/* One sample of the batch. */
typedef struct sample {
    const uint8_t *x;    /* the stored image; NULL = there is none */
    const float *a;      /* HN_AUGMENT_… */
    const uint32_t *key;
    double tone[256];    /* t(x) */
} sample;

static double clamp(double x) {
    return x <= 0.0 ? 0.0 : x >= 1.0 ? 1.0 : x;
}

static void open_sample(const hni_cpu_call *call, int64_t n, sample *s) {
    s->x = hni_cpu_image(call, n);
    if (!s->x)
        return;
    s->a = (const float *)call->in[4] + n * HN_AUGMENT_COLUMNS;
    s->key = (const uint32_t *)call->in[5] + n * 4;
    for (int i = 0; i < 256; i++)
        s->tone[i] = hni_pow(clamp((double)i / 255.0 * (double)s->a[HN_AUGMENT_GAIN] + (double)s->a[HN_AUGMENT_OFFSET]),
                             (double)s->a[HN_AUGMENT_GAMMA]);
}

/* Stored pixel (ix, iy) of channel c, or what lies outside. */
static double pixel(const hni_cpu_call *call, const sample *s, int64_t c, double ix, double iy) {
    const int64_t height = call->desc->in[0].dims[2], width = call->desc->in[0].dims[3];
    if (!(ix >= 0.0 && ix < (double)width && iy >= 0.0 && iy < (double)height)) /* a place that is no number is outside, too */
        return (double)s->a[HN_AUGMENT_FILL];
    return s->tone[s->x[(c * height + (int64_t)iy) * width + (int64_t)ix]];
}

/* What output place (ox, oy) sees: bilinear between four pixels. */
static double look(const hni_cpu_call *call, const sample *s, int64_t c, double ox, double oy) {
    const float *a = s->a;
    const double sx = (double)a[HN_AUGMENT_A] * ox + (double)a[HN_AUGMENT_B] * oy + (double)a[HN_AUGMENT_C] - 0.5;
    const double sy = (double)a[HN_AUGMENT_D] * ox + (double)a[HN_AUGMENT_E] * oy + (double)a[HN_AUGMENT_F] - 0.5;
    const double ix = floor(sx), iy = floor(sy);
    if (!isfinite(ix) || !isfinite(iy)) /* between places that are none nothing can be weighed */
        return (double)a[HN_AUGMENT_FILL];
    const double wx = sx - ix, wy = sy - iy;
    const double top = (1.0 - wx) * pixel(call, s, c, ix, iy) + wx * pixel(call, s, c, ix + 1.0, iy);
    const double bottom = (1.0 - wx) * pixel(call, s, c, ix, iy + 1.0) + wx * pixel(call, s, c, ix + 1.0, iy + 1.0);
    return (1.0 - wy) * top + wy * bottom;
}

static double look_blurred(const hni_cpu_call *call, const sample *s, int64_t c, double ox, double oy) {
    const double b = (double)s->a[HN_AUGMENT_BLUR], weight[3] = {b, 1.0 - 2.0 * b, b};
    double sum = 0.0;
    if (!(b > 0.0))
        return look(call, s, c, ox, oy);
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++)
            sum += weight[j] * weight[i] * look(call, s, c, ox + (double)(i - 1), oy + (double)(j - 1));
    return sum;
}

/* The normal number that belongs to output `number` of the sample, by Box and Muller's transform. */
static double normal(const sample *s, int64_t number) {
    uint32_t words[4];
    hni_augment_words(s->key, (uint32_t)(number / 2), words);
    const double radius = sqrt(-2.0 * hni_log(((double)words[0] + 1.0) * 0x1p-32)), angle = 6.283185307179586 * ((double)words[1] * 0x1p-32);
    return radius * (number % 2 == 0 ? hni_cos(angle) : hni_sin(angle));
}

static bool is_inside(const float rectangle[4], double ox, double oy) {
    return (double)rectangle[0] <= ox && ox < (double)rectangle[2] && (double)rectangle[1] <= oy && oy < (double)rectangle[3];
}

/* Steps 1 to 5 at output pixel (x, y). */
static double value(const hni_cpu_call *call, const sample *s, int64_t c, int64_t x, int64_t y) {
    const hn_tensor_desc *out = &call->desc->out[0];
    const double ox = (double)x + 0.5, oy = (double)y + 0.5;
    if (!s->x)
        return NAN;
    if (is_inside(s->a + HN_AUGMENT_CUT, ox, oy))
        return (double)((const float *)call->in[1])[c];
    double v = look_blurred(call, s, c, ox, oy);
    if (s->a[HN_AUGMENT_NOISE] != 0.0f)
        v += (double)s->a[HN_AUGMENT_NOISE] * normal(s, (c * out->dims[2] + y) * out->dims[3] + x);
    return v;
}

/* One channel of one sample. */
static void augment_task(const hni_cpu_call *call, int64_t image) {
    const hn_tensor_desc *out = &call->desc->out[0];
    const int64_t n = image / out->dims[1], c = image % out->dims[1], height = out->dims[2], width = out->dims[3];
    const double mean = (double)((const float *)call->in[1])[c], deviation = (double)((const float *)call->in[2])[c];
    const float *a = (const float *)call->in[4] + n * HN_AUGMENT_COLUMNS, with = a[HN_AUGMENT_MIX_WITH];
    const double share = (double)a[HN_AUGMENT_MIX_SHARE];
    float *to = (float *)call->out[0] + image * height * width;
    sample one, other;
    open_sample(call, n, &one);
    if (with >= 0.0f)
        open_sample(call, (double)with < (double)out->dims[0] ? (int64_t)with : -1, &other);
    for (int64_t i = 0; i < height * width; i++) {
        const int64_t x = i % width, y = i / width;
        double v = value(call, &one, c, x, y);
        if (with >= 0.0f && one.x) {
            const double theirs = value(call, &other, c, x, y);
            v = is_inside(a + HN_AUGMENT_MIX, (double)x + 0.5, (double)y + 0.5) ? theirs : share * v + (1.0 - share) * theirs;
        }
        to[i] = (float)((v - mean) / deviation);
    }
}

static hn_status run_augment(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->out[0].dims[0] * call->desc->out[0].dims[1], augment_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_augment = {"numbers", NULL, NULL, run_augment};
