/* augment.c - stored 8-bit images to a batch, augmented as haemnet/backend.h says at HN_AUGMENT_…, by the six steps of the header.
 *
 * Numbers that come from the batch (rows, partners, places) may be anything. */
#include <math.h>

#include "../../base/normals.h"  /* defines: hni_normal_kernels_at */
#include "../../base/numeric.h"  /* defines: hni_pow */
#include "../../op/augment.h"    /* defines: HNI_AUGMENT_NOISE_STREAM */
#include "cpu.h"

enum { STRIP = 2 * (HNI_NORMALS - 1) }; /* columns: so many numbers come of HNI_NORMALS blocks wherever they begin */

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

/* A sample's channel while its rows are worked out. */
typedef struct plane {
    const sample *s;
    const uint8_t *x;         /* [height, width] stored pixels of the channel */
    int64_t height, width;
    double weight[3][3];      /* of the blur */
    double looked[3][STRIP + 2]; /* rows y - 1, y, y + 1 of a strip and of its neighbours; row r at (r + 1) mod 3 */
} plane;

/* Stored pixel (ix, iy), or what lies outside. */
static double pixel(const plane *p, double ix, double iy) {
    if (!(ix >= 0.0 && ix < (double)p->width && iy >= 0.0 && iy < (double)p->height)) /* a place that is no number is outside, too */
        return (double)p->s->a[HN_AUGMENT_FILL];
    return p->s->tone[p->x[(int64_t)iy * p->width + (int64_t)ix]];
}

/* Between four pixels, some of which may lie outside. */
static double look_at_edge(const plane *p, double sx, double sy) {
    const double ix = floor(sx), iy = floor(sy);
    if (!isfinite(ix) || !isfinite(iy)) /* between places that are none nothing can be weighed */
        return (double)p->s->a[HN_AUGMENT_FILL];
    const double wx = sx - ix, wy = sy - iy;
    const double top = (1.0 - wx) * pixel(p, ix, iy) + wx * pixel(p, ix + 1.0, iy);
    const double bottom = (1.0 - wx) * pixel(p, ix, iy + 1.0) + wx * pixel(p, ix + 1.0, iy + 1.0);
    return (1.0 - wy) * top + wy * bottom;
}

/* The same where all four are stored ones, as nearly everywhere. */
static double look_inside(const plane *p, double sx, double sy) {
    const int64_t ix = (int64_t)sx, iy = (int64_t)sy;
    const uint8_t *at = p->x + iy * p->width + ix, *below = at + p->width;
    const double wx = sx - (double)ix, wy = sy - (double)iy, *tone = p->s->tone;
    const double top = (1.0 - wx) * tone[at[0]] + wx * tone[at[1]];
    const double bottom = (1.0 - wx) * tone[below[0]] + wx * tone[below[1]];
    return (1.0 - wy) * top + wy * bottom;
}

/* What n output places see, from (x + 0.5, y + 0.5) on: bilinear between four pixels. */
static void look(const plane *p, int64_t x, int64_t y, int n, double *out) {
    const float *a = p->s->a;
    const double oy = (double)y + 0.5, b = (double)a[HN_AUGMENT_B] * oy, e = (double)a[HN_AUGMENT_E] * oy;
    const double right = (double)(p->width - 1), bottom = (double)(p->height - 1);
    for (int i = 0; i < n; i++) {
        const double ox = (double)(x + i) + 0.5;
        const double sx = (double)a[HN_AUGMENT_A] * ox + b + (double)a[HN_AUGMENT_C] - 0.5;
        const double sy = (double)a[HN_AUGMENT_D] * ox + e + (double)a[HN_AUGMENT_F] - 0.5;
        out[i] = sx >= 0.0 && sx < right && sy >= 0.0 && sy < bottom ? look_inside(p, sx, sy) : look_at_edge(p, sx, sy);
    }
}

static bool is_blurred(const plane *p) {
    return p->s->x && (double)p->s->a[HN_AUGMENT_BLUR] > 0.0;
}

/* Before row 0 of a strip is asked for. Each place is looked at once, however many are weighed together. */
static void open_strip(plane *p, int64_t x, int n) {
    for (int64_t y = -1; y < 1 && is_blurred(p); y++)
        look(p, x - 1, y, n + 2, p->looked[(y + 1) % 3]);
}

static void look_blurred(plane *p, int64_t x, int64_t y, int n, double *out) {
    look(p, x - 1, y + 1, n + 2, p->looked[(y + 2) % 3]);
    for (int k = 0; k < n; k++) {
        double sum = 0.0;
        for (int j = 0; j < 3; j++)
            for (int i = 0; i < 3; i++)
                sum += p->weight[j][i] * p->looked[(y + j) % 3][k + i];
        out[k] = sum;
    }
}

/* To each output its normal number, by Box and Muller's transform: two numbers of one block of words. */
static void add_noise(const sample *s, const hni_normal_kernels *kernels, int64_t first, int n, double *v) {
    const uint32_t counter[4] = {(uint32_t)(first / 2), HNI_AUGMENT_NOISE_STREAM, s->key[2], s->key[3]};
    uint32_t words[4][HNI_NORMALS];
    double u[HNI_NORMALS], turn[HNI_NORMALS], normal[2][HNI_NORMALS];
    kernels->philox(s->key, counter, words);
    for (int i = 0; i < HNI_NORMALS; i++) {
        u[i] = ((double)words[0][i] + 1.0) * 0x1p-32;
        turn[i] = (double)words[1][i] * 0x1p-32;
    }
    kernels->box_muller(u, turn, normal[0], normal[1]);
    for (int i = 0; i < n; i++)
        v[i] += (double)s->a[HN_AUGMENT_NOISE] * normal[(first + i) % 2][(first + i) / 2 - first / 2];
}

static bool is_inside(const float rectangle[4], double ox, double oy) {
    return (double)rectangle[0] <= ox && ox < (double)rectangle[2] && (double)rectangle[1] <= oy && oy < (double)rectangle[3];
}

/* Steps 1 to 5 at n output pixels from (x, y) on. */
static void values(const hni_cpu_call *call, plane *p, const hni_normal_kernels *kernels, int64_t c, int64_t x, int64_t y, int n, double *v) {
    const hn_tensor_desc *out = &call->desc->out[0];
    const sample *s = p->s;
    if (!s->x) {
        for (int i = 0; i < n; i++)
            v[i] = NAN;
        return;
    }
    if (is_blurred(p))
        look_blurred(p, x, y, n, v);
    else
        look(p, x, y, n, v);
    if (s->a[HN_AUGMENT_NOISE] != 0.0f)
        add_noise(s, kernels, (c * out->dims[2] + y) * out->dims[3] + x, n, v);
    for (int i = 0; i < n; i++)
        if (is_inside(s->a + HN_AUGMENT_CUT, (double)(x + i) + 0.5, (double)y + 0.5))
            v[i] = (double)((const float *)call->in[1])[c];
}

static void open_plane(const hni_cpu_call *call, const sample *s, int64_t c, plane *p) {
    p->s = s;
    p->height = call->desc->in[0].dims[2];
    p->width = call->desc->in[0].dims[3];
    if (!s->x)
        return;
    p->x = s->x + c * p->height * p->width;
    const double b = (double)s->a[HN_AUGMENT_BLUR], weight[3] = {b, 1.0 - 2.0 * b, b};
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++)
            p->weight[j][i] = weight[j] * weight[i];
}

/* One channel of one sample, in strips of columns: what a strip needs of the rows above stays in the caches. */
static void augment_task(const hni_cpu_call *call, int64_t image) {
    const hn_tensor_desc *out = &call->desc->out[0];
    const hni_normal_kernels *kernels = hni_normal_kernels_at(0);
    const int64_t n = image / out->dims[1], c = image % out->dims[1], height = out->dims[2], width = out->dims[3];
    const double mean = (double)((const float *)call->in[1])[c], deviation = (double)((const float *)call->in[2])[c];
    const float *a = (const float *)call->in[4] + n * HN_AUGMENT_COLUMNS, with = a[HN_AUGMENT_MIX_WITH];
    const double share = (double)a[HN_AUGMENT_MIX_SHARE];
    float *to = (float *)call->out[0] + image * height * width;
    sample one, other;
    plane own, partner;
    open_sample(call, n, &one);
    open_plane(call, &one, c, &own);
    const bool mixed = with >= 0.0f && one.x;
    if (mixed) {
        open_sample(call, (double)with < (double)out->dims[0] ? (int64_t)with : -1, &other);
        open_plane(call, &other, c, &partner);
    }
    for (int64_t x = 0; x < width; x += STRIP) {
        const int columns = (int)(width - x < STRIP ? width - x : STRIP);
        double v[STRIP], theirs[STRIP];
        open_strip(&own, x, columns);
        if (mixed)
            open_strip(&partner, x, columns);
        for (int64_t y = 0; y < height; y++) {
            values(call, &own, kernels, c, x, y, columns, v);
            if (mixed)
                values(call, &partner, kernels, c, x, y, columns, theirs);
            for (int i = 0; i < columns; i++) {
                if (mixed)
                    v[i] = is_inside(a + HN_AUGMENT_MIX, (double)(x + i) + 0.5, (double)y + 0.5) ? theirs[i] : share * v[i] + (1.0 - share) * theirs[i];
                to[y * width + x + i] = (float)((v[i] - mean) / deviation);
            }
        }
    }
}

static hn_status run_augment(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->out[0].dims[0] * call->desc->out[0].dims[1], augment_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_augment = {"numbers", NULL, NULL, run_augment};
