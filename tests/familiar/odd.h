/* odd.h - images that are no head-CT slice: noise, blanks, patterns, made-up photographs and other body parts, and what can be done to a slice so
 * that it is none any more. Each is drawn from its kind and number alone. Also heads of phantoms, and a model that was trained on them. */
#ifndef HAEMNET_TESTS_FAMILIAR_ODD_H
#define HAEMNET_TESTS_FAMILIAR_ODD_H

#include <math.h>
#include <stdbool.h>

#include "../host.h"
#include "../test.h"
#include "base/numeric.h"
#include "base/random.h"
#include "haemnet/haemnet.h"

enum { ODD = 128 /* px of a side */ };
static hn_error err;

typedef struct canvas {
    uint8_t at[ODD][ODD][3];
} canvas;
typedef void (*painter)(hni_random *r, const canvas *head, canvas *c);

static inline uint8_t clamp(double v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v); }
static inline void dot(canvas *c, int y, int x, double r, double g, double b) {
    c->at[y][x][0] = clamp(r), c->at[y][x][1] = clamp(g), c->at[y][x][2] = clamp(b);
}
static inline void grey(canvas *c, int y, int x, double v) { dot(c, y, x, v, v, v); }
static inline double between(hni_random *r, double low, double high) { return low + (high - low) * hni_random_unit(r); }
static inline int below(hni_random *r, int n) { return (int)hni_random_below(r, (uint32_t)n); }
#define EACH(y, x)                    \
    for (int y = 0; y < ODD; y++)     \
        for (int x = 0; x < ODD; x++)

static void uniform_noise(hni_random *r, const canvas *head, canvas *c) { (void)head; EACH(y, x) grey(c, y, x, below(r, 256)); }
static void colour_noise(hni_random *r, const canvas *head, canvas *c) { (void)head; EACH(y, x) dot(c, y, x, below(r, 256), below(r, 256), below(r, 256)); }
static void soft_noise(hni_random *r, const canvas *head, canvas *c) {
    const double mean = between(r, 20, 230), width = between(r, 5, 120);
    (void)head;
    EACH(y, x) grey(c, y, x, mean + width * (hni_random_unit(r) + hni_random_unit(r) + hni_random_unit(r) - 1.5));
}
static void specks(hni_random *r, const canvas *head, canvas *c) {
    const double share = between(r, 0.01, 0.2);
    (void)head;
    EACH(y, x) grey(c, y, x, hni_random_unit(r) < share ? 255 : 0);
}
static void blocks(hni_random *r, const canvas *head, canvas *c) {
    const int side = 4 << below(r, 4);
    uint8_t level[32][32];
    (void)head;
    for (int i = 0; i < 32 * 32; i++) level[i / 32][i % 32] = (uint8_t)below(r, 256);
    EACH(y, x) grey(c, y, x, level[y / side][x / side]);
}
/* Sums of waves: like clouds. */
static void clouds(hni_random *r, const canvas *head, canvas *c) {
    double wave[8][4];
    (void)head;
    for (int k = 0; k < 8; k++) {
        wave[k][0] = between(r, -0.2, 0.2), wave[k][1] = between(r, -0.2, 0.2);
        wave[k][2] = between(r, 0, 6.28), wave[k][3] = between(r, 5, 40);
    }
    EACH(y, x) {
        double v = 120;
        for (int k = 0; k < 8; k++) v += wave[k][3] * hni_sin(wave[k][0] * x + wave[k][1] * y + wave[k][2]);
        grey(c, y, x, v);
    }
}
static void blank(hni_random *r, const canvas *head, canvas *c) {
    static const int levels[] = {0, 255, 128};
    const int pick = below(r, 6), v = pick < 3 ? levels[pick] : below(r, 256);
    (void)head;
    EACH(y, x) grey(c, y, x, v);
}
static void one_colour(hni_random *r, const canvas *head, canvas *c) {
    const int red = below(r, 256), green = below(r, 256), blue = below(r, 256);
    (void)head;
    EACH(y, x) dot(c, y, x, red, green, blue);
}
static void slope(hni_random *r, const canvas *head, canvas *c) {
    const double turn = between(r, 0, 6.28), a = hni_cos(turn), b = hni_sin(turn), steep = between(r, 0.5, 2.5);
    (void)head;
    EACH(y, x) grey(c, y, x, 128 + steep * (a * (x - ODD / 2) + b * (y - ODD / 2)));
}
static void glow(hni_random *r, const canvas *head, canvas *c) {
    const double reach = between(r, 1, 4), cx = between(r, 30, 98), cy = between(r, 30, 98);
    (void)head;
    EACH(y, x) grey(c, y, x, 255 - reach * sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy)));
}
static void chequers(hni_random *r, const canvas *head, canvas *c) {
    const int side = 2 + below(r, 30), a = below(r, 100), b = 120 + below(r, 136);
    (void)head;
    EACH(y, x) grey(c, y, x, (x / side + y / side) % 2 ? a : b);
}
static void stripes(hni_random *r, const canvas *head, canvas *c) {
    const double a = between(r, -1, 1), b = between(r, -1, 1);
    (void)head;
    EACH(y, x) grey(c, y, x, 128 + 120 * hni_sin(a * x + b * y));
}
static void disc(hni_random *r, const canvas *head, canvas *c) {
    const double radius = between(r, 10, 60), v = between(r, 60, 255);
    (void)head;
    EACH(y, x) grey(c, y, x, (x - 64) * (x - 64) + (y - 64) * (y - 64) < radius * radius ? v : 0);
}
/* Lines of words: dark strokes in cells on paper. */
static void text(hni_random *r, const canvas *head, canvas *c) {
    const int height = 6 + below(r, 8), width = height * 2 / 3, paper = 200 + below(r, 56);
    (void)head;
    EACH(y, x) grey(c, y, x, paper);
    for (int line = height; line + height < ODD; line += height * 2)
        for (int at = width; at + width < ODD; at += width + 1) {
            if (!below(r, 6)) continue;
            for (int stroke = 0; stroke < 3; stroke++) {
                const int upright = below(r, 2), place = below(r, upright ? width : height);
                for (int k = 0; k < (upright ? height : width); k++) grey(c, line + (upright ? k : place), at + (upright ? place : k), 20);
            }
        }
}
/* Sky, hills, a house, a tree, and the grain of a camera. */
static void landscape(hni_random *r, canvas *c, bool colour) {
    const double horizon = between(r, 50, 90), wave = between(r, 0.02, 0.1), phase = between(r, 0, 6), light = between(r, 0.5, 1);
    const int house = 10 + below(r, 60), tall = 15 + below(r, 20), tree = 10 + below(r, 100), crown = 8 + below(r, 12);
    EACH(y, x) {
        double red, green, blue;
        const double ground = horizon + 8 * hni_sin(wave * x + phase);
        if (y < ground) red = 120 + y, green = 160 + y * 0.6, blue = 235;
        else red = 90 + (x * 7 + y * 3) % 30, green = 130 + (x * y) % 40, blue = 60;
        if (x > house && x < house + 34 && y > ground - tall && y < ground + 6) red = 190, green = 90 + (y % 6 == 0) * 40, blue = 80;
        const int up = y - (int)horizon + 20;
        if ((x - tree) * (x - tree) + up * up < crown * crown) red = 30 + below(r, 40), green = 90 + below(r, 60), blue = 30;
        const double grain = between(r, -8, 8);
        red = red * light + grain, green = green * light + grain, blue = blue * light + grain;
        if (colour) dot(c, y, x, red, green, blue);
        else grey(c, y, x, 0.299 * red + 0.587 * green + 0.114 * blue);
    }
}
static void photograph(hni_random *r, const canvas *head, canvas *c) { (void)head; landscape(r, c, true); }
static void grey_photograph(hni_random *r, const canvas *head, canvas *c) { (void)head; landscape(r, c, false); }

static inline bool in_ellipse(double x, double y, double cx, double cy, double a, double b) {
    return (x - cx) * (x - cx) / (a * a) + (y - cy) * (y - cy) / (b * b) < 1;
}
/* A chest: wide, two dark lungs, a heart, a spine, on black. */
static void chest(hni_random *r, const canvas *head, canvas *c) {
    const double wide = between(r, 52, 62), high = between(r, 34, 46), lung = between(r, 16, 22);
    (void)head;
    EACH(y, x) {
        double v = in_ellipse(x, y, 64, 64, wide, high) ? 140 : 0;
        if (v > 0 && (in_ellipse(x, y, 38, 62, lung, high * 0.7) || in_ellipse(x, y, 90, 62, lung, high * 0.7))) v = 10;
        if (in_ellipse(x, y, 70, 60, 12, 14)) v = 160;
        if (in_ellipse(x, y, 64, 64 + high * 0.6, 7, 7)) v = 250;
        grey(c, y, x, v + between(r, -6, 6));
    }
}
/* A knee from the side: two bones in soft tissue that runs from edge to edge. */
static void knee(hni_random *r, const canvas *head, canvas *c) {
    const double wide = between(r, 24, 36), bone = between(r, 9, 14), gap = between(r, 2, 6), tilt = between(r, -0.3, 0.3);
    (void)head;
    EACH(y, x) {
        const double off = x - 64 - tilt * (y - 64);
        double v = fabs(off) < wide ? 110 : 0;
        if (fabs(off) < bone + (fabs(y - 64.0) < 20 ? 6 : 0) && fabs(y - 64.0) > gap) v = 220;
        grey(c, y, x, v + between(r, -8, 8));
    }
}
/* A hand: five fingers of bright bones. */
static void hand(hni_random *r, const canvas *head, canvas *c) {
    const double spread = between(r, 0.15, 0.3), size = between(r, 0.8, 1.2);
    (void)head;
    EACH(y, x) {
        double v = in_ellipse(x, y, 64, 100, 26 * size, 24 * size) ? 120 : 0;
        for (int f = -2; f <= 2; f++) {
            const double lean = f * spread, along = (100 - y) * 1.0, off = x - 64 - f * 9 * size - lean * along;
            if (along > 0 && along < 78 * size - 6 * f * f && fabs(off) < 5 * size) v = fabs(off) < 2.5 * size && (int)along % 22 > 2 ? 230 : 120;
        }
        grey(c, y, x, v + between(r, -5, 5));
    }
}
static double head_at(const canvas *head, int y, int x) { return y < 0 || x < 0 || y >= ODD || x >= ODD ? 0 : head->at[y][x][0]; }
static void inverted(hni_random *r, const canvas *head, canvas *c) { (void)r; EACH(y, x) grey(c, y, x, 255 - head_at(head, y, x)); }
static void corner(hni_random *r, const canvas *head, canvas *c) {
    const int left = below(r, 2) * 80, top = below(r, 2) * 80;
    EACH(y, x) grey(c, y, x, head_at(head, top + y * 3 / 8, left + x * 3 / 8));
}
static void inside(hni_random *r, const canvas *head, canvas *c) {
    const int left = 36 + below(r, 20), top = 36 + below(r, 20);
    EACH(y, x) grey(c, y, x, head_at(head, top + y / 4, left + x / 4));
}
static void shrunk(hni_random *r, const canvas *head, canvas *c) {
    const int left = below(r, 85), top = below(r, 85);
    EACH(y, x) grey(c, y, x, head_at(head, (y - top) * 3, (x - left) * 3));
}
static void squeezed(hni_random *r, const canvas *head, canvas *c) {
    const double by = between(r, 1.8, 2.6);
    EACH(y, x) grey(c, y, x, head_at(head, y, (int)(64 + (x - 64) * by)));
}
static void edges(hni_random *r, const canvas *head, canvas *c) {
    const double gain = between(r, 1, 4);
    EACH(y, x) grey(c, y, x, gain * (fabs(head_at(head, y, x + 1) - head_at(head, y, x - 1)) + fabs(head_at(head, y + 1, x) - head_at(head, y - 1, x))));
}
static void four_heads(hni_random *r, const canvas *head, canvas *c) { (void)r; EACH(y, x) grey(c, y, x, head_at(head, y * 2 % ODD, x * 2 % ODD)); }
static void two_levels(hni_random *r, const canvas *head, canvas *c) {
    const double cut = between(r, 60, 180);
    EACH(y, x) grey(c, y, x, head_at(head, y, x) > cut ? 255 : 0);
}
static void shuffled(hni_random *r, const canvas *head, canvas *c) {
    int tile[16];
    for (int i = 0; i < 16; i++) {
        const int k = below(r, i + 1);
        tile[i] = tile[k], tile[k] = i;
    }
    EACH(y, x) {
        const int t = tile[y / 32 * 4 + x / 32];
        grey(c, y, x, head_at(head, t / 4 * 32 + y % 32, t % 4 * 32 + x % 32));
    }
}
static void turned(hni_random *r, const canvas *head, canvas *c) {
    const int clockwise = below(r, 2);
    EACH(y, x) grey(c, y, x, clockwise ? head_at(head, ODD - 1 - x, y) : head_at(head, x, ODD - 1 - y));
}
static void on_its_head(hni_random *r, const canvas *head, canvas *c) { (void)r; EACH(y, x) grey(c, y, x, head_at(head, ODD - 1 - y, x)); }
static void half_gone(hni_random *r, const canvas *head, canvas *c) {
    const int side = below(r, 2);
    EACH(y, x) grey(c, y, x, (x < 64) == side ? head_at(head, y, x) : 0);
}

static const struct {
    const char *name;
    painter paint;
} odd_kinds[] = {{"uniform noise", uniform_noise}, {"colour noise", colour_noise}, {"soft noise", soft_noise}, {"specks", specks}, {"blocks", blocks},
                 {"clouds", clouds}, {"blank", blank}, {"one colour", one_colour}, {"slope", slope}, {"glow", glow}, {"chequers", chequers},
                 {"stripes", stripes}, {"disc", disc}, {"text", text}, {"photograph", photograph}, {"grey photograph", grey_photograph}, {"chest", chest},
                 {"knee", knee}, {"hand", hand}, {"inverted head", inverted}, {"corner of a head", corner}, {"inside of a head", inside},
                 {"shrunk head", shrunk}, {"squeezed head", squeezed}, {"edges of a head", edges}, {"four heads", four_heads},
                 {"head in two levels", two_levels}, {"shuffled head", shuffled}, {"turned head", turned}, {"head on its head", on_its_head},
                 {"half a head", half_gone}};
enum { ODD_KINDS = sizeof odd_kinds / sizeof *odd_kinds };

static inline hn_context *odd_context(int32_t threads) {
    hn_context_options o = {.struct_size = sizeof o, .threads = threads, .plugin_dir = ""};
    hn_context *ctx = NULL;
    test_host_apply(&o);
    ck_ok(hn_context_create(&o, &ctx, &err));
    return ctx;
}

/* Slice i of a population, through the brain window as viewers show it. */
static inline hn_image *head_image(const hn_phantom *phantom, int64_t i) {
    hn_image *hu = NULL, *shown = NULL;
    ck_ok(hn_phantom_render(phantom, i, NULL, &hu, NULL, &err));
    ck_ok(hn_image_window(hu, NULL, &shown, &err));
    hn_image_free(hu);
    return shown;
}

static inline void head_canvas(const hn_phantom *phantom, int64_t i, canvas *c) {
    uint8_t pixels[ODD * ODD];
    hn_image *image = head_image(phantom, i);
    ck_ok(hn_image_copy_pixels(image, pixels, sizeof pixels, NULL, &err));
    EACH(y, x) grey(c, y, x, pixels[y * ODD + x]);
    hn_image_free(image);
}

static inline hn_image *canvas_image(hn_context *ctx, const canvas *c) {
    const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_U8, .width = ODD, .height = ODD, .channels = 3, .data = c};
    hn_image *image = NULL;
    ck_ok(hn_image_wrap(ctx, &raw, &image, &err));
    return image;
}

/* Number k of a kind, made of this head where it needs one. */
static inline hn_image *odd_image(hn_context *ctx, int kind, int k, const canvas *head) {
    canvas c;
    hni_random r;
    hni_random_init(&r, 77, HNI_RANDOM_TEST, (uint32_t)kind, (uint32_t)k);
    odd_kinds[kind].paint(&r, head, &c);
    return canvas_image(ctx, &c);
}

static inline hn_phantom *population(hn_context *ctx, int32_t patients, int32_t slices, uint64_t seed) {
    const hn_phantom_options o = {.struct_size = sizeof o, .patients = patients, .size = ODD, .slices_per_patient = slices, .seed = seed};
    hn_phantom *phantom = NULL;
    ck_ok(hn_phantom_create(ctx, &o, &phantom, &err));
    return phantom;
}

/* All slices of a population, with what the masks say. */
static inline hn_dataset *population_data(hn_context *ctx, const hn_phantom *phantom) {
    hn_dataset *data = NULL;
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    for (int64_t i = 0; i < hn_phantom_count(phantom); i++) {
        hn_phantom_slice_info info = {.struct_size = sizeof info};
        char patient[32];
        hn_image *image = head_image(phantom, i);
        ck_ok(hn_phantom_render(phantom, i, &info, NULL, NULL, &err));
        snprintf(patient, sizeof patient, "patient %d", info.patient);
        ck_ok(hn_dataset_add_image(data, image, info.types ? "haemorrhage" : "no_haemorrhage", patient, &err));
        hn_image_free(image);
    }
    return data;
}

/* A network of this input, trained for an epoch: what it knows of its images does not depend on how long. */
static inline hn_model *train_on(hn_context *ctx, hn_dataset *data, int32_t size, int32_t channels, int32_t flags) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    const hn_model_options m = {.struct_size = sizeof m, .width = size, .height = size, .channels = channels, .hidden = 1, .class_names = names, .positive = 1};
    const hn_train_options t = {.struct_size = sizeof t, .batch = 32, .device = "cpu", .flags = flags};
    hn_model *fresh = NULL, *trained = NULL;
    hn_trainer *trainer = NULL;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &m, &fresh, &err));
    ck_ok(hn_trainer_create(fresh, data, NULL, &t, &trainer, &err));
    ck_ok(hn_train_epoch(trainer, NULL, &err));
    ck_ok(hn_trainer_model(trainer, HN_LAST, &trained, &err));
    hn_trainer_free(trainer);
    hn_model_free(fresh);
    return trained;
}

#endif
