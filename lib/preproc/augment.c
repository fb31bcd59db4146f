/* augment.c - draws what each sample gets; see augment.h and HN_AUGMENT_… in haemnet/backend.h.
 *
 * Numbers come from one stream a sample, (seed, HNI_RANDOM_AUGMENT, epoch, sample), and every option takes its numbers whether it is on
 * or not, so switching one on leaves the draws of the others as they were. Only Beta draws take an unforeseeable amount: they come from a
 * second stream, HNI_RANDOM_MIX. All is computed in float64 with the library's own functions and stored as float32. */
#include "augment.h"

#include <math.h>
#include <string.h>

#include "../base/numeric.h"
#include "../base/random.h"
#include "../base/status.h"

static const double degree = 3.14159265358979323846 / 180;

typedef struct bound {
    const char *name;
    double value, high;
} bound;

/* Below this a Beta(alpha, alpha) draw is 0 or 1 to float32's eyes, and further down its logarithms overflow. */
static const double smallest_alpha = 1e-6;
static bool too_small(double alpha) { return alpha > 0 && alpha < smallest_alpha; }

hn_status hni_augment_check(const hn_augment_options *o, hn_error *err) {
    const bound bounds[] = {
        {"flip", o->flip, 1}, {"rotate", o->rotate, 180}, {"scale", o->scale, 9}, {"shift", o->shift, 1}, {"shear", o->shear, 60},
        {"window_centre", o->window_centre, 1}, {"window_width", o->window_width, 9}, {"brightness", o->brightness, 1},
        {"contrast", o->contrast, 9}, {"gamma", o->gamma, 9}, {"noise", o->noise, 1}, {"blur", o->blur, 1.0 / 3},
        {"cutout", o->cutout, 1}, {"cutout_size", o->cutout_size, 1}, {"mixup", o->mixup, 100}, {"cutmix", o->cutmix, 100}};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        if (!(bounds[i].value >= 0 && bounds[i].value <= bounds[i].high)) /* NaN fails too */
            return hni_fail(err, HN_E_ARGUMENT, "augmentation: %s is %g, must be 0 … %g", bounds[i].name, bounds[i].value, bounds[i].high);
    }
    if (too_small(o->mixup) || too_small(o->cutmix))
        return hni_fail(err, HN_E_ARGUMENT, "augmentation: %s is %g, must be 0 or %g … 100", too_small(o->mixup) ? "mixup" : "cutmix",
                        too_small(o->mixup) ? o->mixup : o->cutmix, smallest_alpha);
    if (o->flags) return hni_fail(err, HN_E_ARGUMENT, "flags of hn_augment_options must be 0");
    return HN_OK;
}

bool hni_augment_mixes(const hn_augment_options *o) { return o && (o->mixup > 0 || o->cutmix > 0); }

bool hni_augment_active(const hn_augment_options *o) {
    return o && (o->flip > 0 || o->rotate > 0 || o->scale > 0 || o->shift > 0 || o->shear > 0 || o->window_centre > 0 ||
                 o->window_width > 0 || o->brightness > 0 || o->contrast > 0 || o->gamma > 0 || o->noise > 0 || o->blur > 0 ||
                 o->cutout > 0 || hni_augment_mixes(o));
}

/* Even in ±most, [-most, most). */
static double either_way(hni_random *r, double most) { return most * (2 * hni_random_unit(r) - 1); }

/* Even logarithm, 1 / (1 + f) … 1 + f; exactly 1 for f = 0. */
static double factor(hni_random *r, double f) {
    const double exponent = either_way(r, 1);
    return f > 0 ? hni_exp(exponent * hni_log1p(f)) : 1;
}

/* The logarithm of a Gamma(alpha, 1) draw: Marsaglia & Tsang 2000 for alpha + 1, brought down by U^(1/alpha). In logarithms, because
 * a small alpha gives numbers below the smallest double, whose ratio still counts. */
static double log_gamma_draw(hni_random *r, double alpha) {
    const double d = alpha + 1 - 1.0 / 3, c = 1 / sqrt(9 * d), down = hni_log(1 - hni_random_unit(r)) / alpha;
    for (;;) {
        const double x = hni_random_normal(r), root = 1 + c * x;
        if (root <= 0) continue;
        const double v = root * root * root, log_v = 3 * hni_log(root);
        if (hni_log(1 - hni_random_unit(r)) < 0.5 * x * x + d - d * v + d * log_v) return hni_log(d) + log_v + down;
    }
}

/* Beta(alpha, alpha), from two Gamma draws. */
static double beta_draw(hni_random *r, double alpha) {
    const double a = log_gamma_draw(r, alpha), b = log_gamma_draw(r, alpha);
    return 1 / (1 + hni_exp(b - a));
}

void hni_augment_affine(const hni_augment_place *p, const hni_augment_size *size, double affine[6]) {
    const double cosine = hni_cos(p->degrees * degree), sine = hni_sin(p->degrees * degree);
    const double tangent = hni_sin(p->shear * degree) / hni_cos(p->shear * degree);
    const double to_x = (double)size->stored_width / size->width, to_y = (double)size->stored_height / size->height;
    const double mirror = p->flip ? -1 : 1;
    /* Forward is factor · turn · shear, of determinant factor²; this is its inverse. */
    const double a = (cosine - sine * tangent) / p->factor * mirror, b = (sine + cosine * tangent) / p->factor * mirror;
    const double d = -sine / p->factor, e = cosine / p->factor;
    const double from_x = size->width / 2.0 + p->shift_x, from_y = size->height / 2.0 + p->shift_y;
    affine[0] = a * to_x;
    affine[1] = b * to_x;
    affine[2] = (size->width / 2.0 - a * from_x - b * from_y) * to_x;
    affine[3] = d * to_y;
    affine[4] = e * to_y;
    affine[5] = (size->height / 2.0 - d * from_x - e * from_y) * to_y;
}

static void draw_place(hni_random *r, const hn_augment_options *o, const hni_augment_size *size, float *row) {
    hni_augment_place p;
    double affine[6];
    p.flip = hni_random_unit(r) < o->flip;
    p.degrees = either_way(r, o->rotate);
    p.factor = factor(r, o->scale);
    p.shift_x = either_way(r, o->shift) * size->width;
    p.shift_y = either_way(r, o->shift) * size->height;
    p.shear = either_way(r, o->shear);
    hni_augment_affine(&p, size, affine);
    for (int i = 0; i < 6; i++) row[HN_AUGMENT_A + i] = (float)(affine[i] + 0.0); /* no -0 */
}

/* Another window, then contrast about the middle and brightness: one line, gain · x + offset. Outside of the image is what black becomes. */
static void draw_tone(hni_random *r, const hn_augment_options *o, float *row) {
    const double centre = either_way(r, o->window_centre), width = factor(r, o->window_width);
    const double brightness = either_way(r, o->brightness), contrast = factor(r, o->contrast), gamma = factor(r, o->gamma);
    const double offset = (0.5 - (0.5 + centre) / width - 0.5) * contrast + 0.5 + brightness;
    const double black = offset < 0 ? 0 : offset > 1 ? 1 : offset;
    row[HN_AUGMENT_GAIN] = (float)(contrast / width);
    row[HN_AUGMENT_OFFSET] = (float)offset;
    row[HN_AUGMENT_GAMMA] = (float)gamma;
    row[HN_AUGMENT_FILL] = (float)(black > 0 ? hni_pow(black, gamma) : 0);
}

/* Where whole pixels begin and end that lie around `centre`, `side` long, inside 0 … size. */
static void span(double centre, double side, int32_t size, float *from, float *to) {
    const double low = floor(centre - side / 2 + 0.5), high = floor(centre + side / 2 + 0.5);
    *from = (float)(low < 0 ? 0 : low);
    *to = (float)(high > size ? size : high);
}

static void draw_cutout(hni_random *r, const hn_augment_options *o, const hni_augment_size *size, float *row) {
    const bool cut = hni_random_unit(r) < o->cutout;
    const double x = hni_random_unit(r) * size->width, y = hni_random_unit(r) * size->height;
    const double side = o->cutout_size > 0 ? o->cutout_size : 0.25;
    if (!cut) return;
    span(x, side * size->width, size->width, &row[HN_AUGMENT_CUT], &row[HN_AUGMENT_CUT + 2]);
    span(y, side * size->height, size->height, &row[HN_AUGMENT_CUT + 1], &row[HN_AUGMENT_CUT + 3]);
}

static void draw_mix(hni_random *r, const hn_augment_options *o, const hni_augment_size *size, int32_t partner, float *row) {
    const bool first = hni_random_unit(r) < 0.5;
    const double x = hni_random_unit(r) * size->width, y = hni_random_unit(r) * size->height;
    const bool blend = o->mixup > 0 && (first || !(o->cutmix > 0));
    const double share = beta_draw(r, blend ? o->mixup : o->cutmix), side = sqrt(1 - share);
    row[HN_AUGMENT_MIX_WITH] = (float)partner;
    if (blend) {
        row[HN_AUGMENT_MIX_SHARE] = (float)share;
        return;
    }
    span(x, side * size->width, size->width, &row[HN_AUGMENT_MIX], &row[HN_AUGMENT_MIX + 2]);
    span(y, side * size->height, size->height, &row[HN_AUGMENT_MIX + 1], &row[HN_AUGMENT_MIX + 3]);
}

void hni_augment_fill(const hn_augment_options *o, const hni_augment_size *size, uint64_t seed, int64_t epoch, const int64_t *samples,
                      int32_t n, float *table) {
    static const hn_augment_options none;
    if (!o) o = &none;
    for (int32_t i = 0; i < n; i++) {
        float *row = table + (size_t)i * HN_AUGMENT_COLUMNS;
        hni_random r;
        memset(row, 0, HN_AUGMENT_COLUMNS * sizeof *row);
        hni_random_init(&r, seed, HNI_RANDOM_AUGMENT, (uint32_t)epoch, (uint32_t)samples[i]);
        draw_place(&r, o, size, row);
        draw_tone(&r, o, row);
        row[HN_AUGMENT_NOISE] = (float)(o->noise * hni_random_unit(&r));
        row[HN_AUGMENT_BLUR] = (float)(o->blur * hni_random_unit(&r));
        draw_cutout(&r, o, size, row);
        row[HN_AUGMENT_MIX_WITH] = -1;
        row[HN_AUGMENT_MIX_SHARE] = 1;
        if (n < 2 || !hni_augment_mixes(o)) continue;
        hni_random_init(&r, seed, HNI_RANDOM_MIX, (uint32_t)epoch, (uint32_t)samples[i]);
        draw_mix(&r, o, size, (i + 1) % n, row);
    }
}

double hni_augment_share(const float *row, const hni_augment_size *size) {
    const float *m = row + HN_AUGMENT_MIX;
    if (row[HN_AUGMENT_MIX_WITH] < 0) return 1;
    const double area = m[2] > m[0] && m[3] > m[1] ? ((double)m[2] - m[0]) * ((double)m[3] - m[1]) : 0;
    return row[HN_AUGMENT_MIX_SHARE] * (1 - area / ((double)size->width * size->height));
}

void hni_augment_targets(const float *table, const hni_augment_size *size, int32_t n, int32_t k, float *labels) {
    if (n < 2) return;
    for (int32_t c = 0; c < k; c++) {
        const float first = labels[c]; /* the last one's partner, and overwritten by then */
        for (int32_t i = 0; i < n; i++) {
            const double share = hni_augment_share(table + (size_t)i * HN_AUGMENT_COLUMNS, size);
            float *own = labels + (size_t)i * (size_t)k + c;
            *own = (float)(share * *own + (1 - share) * (i + 1 < n ? own[k] : first));
        }
    }
}
