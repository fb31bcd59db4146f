/* augment.cu - stored 8-bit images to a batch, augmented as haemnet/backend.h says at HN_AUGMENT_…, by the six steps of the header in one look.
 * Numbers that come from the batch (rows, partners, places) may be anything: each is asked such that NaN and what lies outside are harmless.
 *
 *   tones: what the 256 stored values become, a table a sample, since a power is dear ─► one thread an output number */
#include "haemnet/backend.h" /* defines: HN_AUGMENT_… */
#include "philox.h"

enum { TONES = 256, NOISE_STREAM = 0x6e6f6973 }; /* the stream: lib/op/augment.h */

HNI_KERNEL(augment_tones, hni_preprocess_args) {
    HNI_EACH(i, a.samples * TONES) {
        const int64_t sample = hni_divide(i, TONES);
        const float *with = a.augment + sample * HN_AUGMENT_COLUMNS;
        const double x = (double)(i - sample * TONES) / 255.0 * (double)with[HN_AUGMENT_GAIN] + (double)with[HN_AUGMENT_OFFSET];
        a.tones[i] = pow(x <= 0.0 ? 0.0 : x >= 1.0 ? 1.0 : x, (double)with[HN_AUGMENT_GAMMA]);
    }
}

/* One channel of one sample's stored image. */
typedef struct view {
    const uint8_t *x; /* NULL = there is none */
    const float *with;
    const uint32_t *key;
    const double *tones;
    int64_t width, height, channel;
} view;

HNI_DEVICE view view_of(const hni_preprocess_args *a, int64_t sample, int64_t channel) {
    view v = {NULL, NULL, NULL, NULL, a->from_width, a->from_height, channel};
    if (sample < 0 || sample >= a->samples)
        return v;
    const int64_t row = a->rows ? (int64_t)a->rows[sample] : sample;
    if (row < 0 || row >= a->images)
        return v;
    v.x = a->x + (row * a->channels + channel) * v.width * v.height;
    v.with = a->augment + sample * HN_AUGMENT_COLUMNS;
    v.key = a->keys + 4 * sample;
    v.tones = a->tones + sample * TONES;
    return v;
}

/* Stored pixel (ix, iy), or what lies outside. */
HNI_DEVICE double pixel(const view *v, double ix, double iy) {
    if (!(ix >= 0.0 && ix < (double)v->width && iy >= 0.0 && iy < (double)v->height))
        return (double)v->with[HN_AUGMENT_FILL];
    return v->tones[v->x[(int64_t)iy * v->width + (int64_t)ix]];
}

/* What output place (ox, oy) sees: bilinear between four pixels. */
HNI_DEVICE double look(const view *v, double ox, double oy) {
    const float *a = v->with;
    const double sx = (double)a[HN_AUGMENT_A] * ox + (double)a[HN_AUGMENT_B] * oy + (double)a[HN_AUGMENT_C] - 0.5;
    const double sy = (double)a[HN_AUGMENT_D] * ox + (double)a[HN_AUGMENT_E] * oy + (double)a[HN_AUGMENT_F] - 0.5;
    const double ix = floor(sx), iy = floor(sy);
    if (!(ix - ix == 0.0 && iy - iy == 0.0)) /* between places that are none nothing can be weighed */
        return (double)a[HN_AUGMENT_FILL];
    const double wx = sx - ix, wy = sy - iy;
    const double top = (1.0 - wx) * pixel(v, ix, iy) + wx * pixel(v, ix + 1.0, iy);
    const double bottom = (1.0 - wx) * pixel(v, ix, iy + 1.0) + wx * pixel(v, ix + 1.0, iy + 1.0);
    return (1.0 - wy) * top + wy * bottom;
}

HNI_DEVICE double look_blurred(const view *v, double ox, double oy) {
    const double b = (double)v->with[HN_AUGMENT_BLUR];
    if (!(b > 0.0))
        return look(v, ox, oy);
    double sum = 0.0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++)
            sum += (j == 0 ? 1.0 - 2.0 * b : b) * (i == 0 ? 1.0 - 2.0 * b : b) * look(v, ox + (double)i, oy + (double)j);
    return sum;
}

/* The normal number that belongs to output `number` of the sample, by Box and Muller's transform. */
HNI_DEVICE double noise(const view *v, int64_t number) {
    uint32_t words[4];
    hni_philox_words(v->key, NOISE_STREAM, (uint32_t)(number / 2), words);
    const double radius = sqrt(-2.0 * log(((double)words[0] + 1.0) / 4294967296.0)), angle = 6.283185307179586 * ((double)words[1] / 4294967296.0);
    return radius * (number % 2 == 0 ? cos(angle) : sin(angle));
}

HNI_DEVICE int is_inside(const float *rectangle, double ox, double oy) {
    return (double)rectangle[0] <= ox && ox < (double)rectangle[2] && (double)rectangle[1] <= oy && oy < (double)rectangle[3];
}

/* Steps 1 to 5 at output place (ox, oy), which is output `number` of its sample. */
HNI_DEVICE double seen(const view *v, double mean, double ox, double oy, int64_t number) {
    if (!v->x)
        return (double)NAN;
    if (is_inside(v->with + HN_AUGMENT_CUT, ox, oy))
        return mean;
    const double deviation = (double)v->with[HN_AUGMENT_NOISE];
    return look_blurred(v, ox, oy) + (deviation != 0.0 ? deviation * noise(v, number) : 0.0);
}

HNI_KERNEL(augment, hni_preprocess_args) {
    const int64_t pixels = a.height * a.width;
    HNI_EACH(i, a.samples * a.channels * pixels) {
        const int64_t image = hni_divide(i, pixels), sample = hni_divide(image, a.channels), c = image - sample * a.channels;
        const int64_t at = i - image * pixels, y = hni_divide(at, a.width), x = at - y * a.width, number = c * pixels + at;
        const float *with = a.augment + sample * HN_AUGMENT_COLUMNS, partner = with[HN_AUGMENT_MIX_WITH];
        const double mean = (double)a.mean[c], ox = (double)x + 0.5, oy = (double)y + 0.5, share = (double)with[HN_AUGMENT_MIX_SHARE];
        const view mine = view_of(&a, sample, c);
        double v = seen(&mine, mean, ox, oy, number);
        if (partner >= 0.0f && mine.x) {
            const view other = view_of(&a, (double)partner < (double)a.samples ? (int64_t)partner : -1, c);
            const double theirs = seen(&other, mean, ox, oy, number);
            v = is_inside(with + HN_AUGMENT_MIX, ox, oy) ? theirs : share * v + (1.0 - share) * theirs;
        }
        a.y[i] = (float)((v - mean) / (double)a.deviation[c]);
    }
}

cudaError_t hni_kernel_augment(hni_preprocess_args args, cudaStream_t stream) {
    const cudaError_t code = HNI_LAUNCH(augment_tones, args, args.samples * TONES, stream);
    return code == cudaSuccess ? HNI_LAUNCH(augment, args, args.samples * args.channels * args.height * args.width, stream) : code;
}
