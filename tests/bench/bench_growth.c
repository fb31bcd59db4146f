/* bench_growth.c - cost against work: images, pixels and epochs, three sizes each. Linear = the cost of one stays the same. */
#include <stdlib.h>

#include "base/random.h"
#include "models.h"
#include "net.h"

enum { SIZES = 3 }; /* each twice the one before */

/* Facts: what one unit costs at each size, against the smallest. */
static void judge(bench *b, const char *what, const char names[SIZES][BENCH_NAME], const double work[SIZES]) {
    const double first = bench_seconds(b, names[0], BENCH_THREADS) / work[0];
    for (int i = 1; i < SIZES; i++) {
        char fact[2 * BENCH_NAME];
        snprintf(fact, sizeof fact, "growth with %s: cost of one at %gx against 1x", what, work[i] / work[0]);
        bench_fact(b, fact, bench_seconds(b, names[i], BENCH_THREADS) / work[i] / first, "x", AIM_AT_MOST, 1.2);
    }
}

static hn_image *image_of(bench *b, int32_t size, uint32_t number) {
    const size_t bytes = (size_t)size * (size_t)size;
    uint8_t *data = malloc(bytes);
    hn_image *image;
    if (!data) exit(1);
    hni_random r;
    hni_random_init(&r, 1, HNI_RANDOM_TEST, number, 0);
    for (size_t i = 0; i < bytes; i++) data[i] = (uint8_t)hni_random_below(&r, 256);
    const hn_pixels pixels = {
        .struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = size, .height = size, .channels = 1, .data = data};
    bench_check(b, hn_image_wrap(b->context[BENCH_THREADS], &pixels, &image, &b->err), "an image");
    free(data);
    return image;
}

/* A trainer over images in memory: `epochs` epochs of `images` images a run. */
typedef struct training {
    hn_trainer *trainer;
    int32_t epochs;
} training;

static hn_status train(void *state, hn_error *err) {
    const training *t = state;
    hn_status status = HN_OK;
    for (int32_t i = 0; i < t->epochs && !status; i++) status = hn_train_epoch(t->trainer, NULL, err);
    return status;
}

static void free_training(void *state) {
    training *t = state;
    hn_trainer_free(t->trainer);
    free(t);
}

static void add_training(bench *b, const char *name, int32_t size, int32_t hidden, int32_t images, int32_t epochs) {
    hn_context *ctx = b->context[BENCH_THREADS];
    const net_spec spec = {"tinyvgg", size, hidden, 32, HNI_MODE_TRAIN};
    hn_train_options o = {.struct_size = sizeof o, .learning_rate = 1e-7, .device = b->device};
    training *t = calloc(1, sizeof *t);
    hn_dataset *data;
    hn_model *model;
    if (!t) exit(1);
    bench_check(b, hn_dataset_create(ctx, NULL, &data, &b->err), "a data set");
    for (int32_t i = 0; i < images; i++) {
        hn_image *image = image_of(b, size, (uint32_t)i);
        bench_check(b, hn_dataset_add_image(data, image, i % 2 ? "a" : "b", NULL, &b->err), "an image");
        hn_image_free(image);
    }
    const char *const classes[] = {"a", "b"};
    const hn_model_options mo = {
        .struct_size = sizeof mo, .width = size, .height = size, .hidden = hidden, .class_names = classes, .n_classes = 2};
    bench_check(b, hn_model_preset(ctx, "tinyvgg", &mo, &model, &b->err), "a model");
    bench_check(b, hn_trainer_create(model, data, NULL, &o, &t->trainer, &b->err), "a trainer");
    t->epochs = epochs;
    hn_model_free(model);
    hn_dataset_free(data);
    bench_case c = {.threads = BENCH_THREADS, .items = (double)images * epochs, .run = train, .free = free_training, .state = t};
    c.flops = net_flops(ctx, &spec) / 32 * c.items;
    snprintf(c.name, sizeof c.name, "%s", name);
    bench_add(b, &c);
}

/* `vary`: 0 images, 1 epochs. */
static void grow_training(bench *b, int vary, int32_t size, int32_t hidden, int32_t images) {
    char names[SIZES][BENCH_NAME];
    double work[SIZES];
    for (int i = 0; i < SIZES; i++) {
        const int32_t times = 1 << i;
        const int32_t n = vary ? images : images * times, epochs = vary ? times : 1;
        snprintf(names[i], BENCH_NAME, "growth of %s: %d images, %d epoch%s", vary ? "epochs" : "images", n, epochs, epochs > 1 ? "s" : "");
        add_training(b, names[i], size, hidden, n, epochs);
        work[i] = times;
    }
    bench_run(b, vary ? "Growth with epochs (images)" : "Growth with images (images)");
    judge(b, vary ? "epochs" : "images", (const char(*)[BENCH_NAME])names, work);
}

static void grow_pixels(bench *b, int32_t size, int32_t hidden, int32_t batch) {
    char names[SIZES][BENCH_NAME];
    double work[SIZES];
    for (int i = 0; i < SIZES; i++) {
        const net_spec spec = {"tinyvgg", size << i, hidden, batch, HNI_MODE_TRAIN};
        snprintf(names[i], BENCH_NAME, "growth of pixels: train step %d px, batch %d", spec.size, batch);
        work[i] = (double)spec.size * spec.size;
        if (!net_add(b, names[i], BENCH_THREADS, &spec)) break;
    }
    bench_run(b, "Growth with pixels (images)");
    judge(b, "pixels", (const char(*)[BENCH_NAME])names, work);
}

int main(int argc, char **argv) {
    static bench b;
    bench_begin(&b, "bench_growth", "Growth with images, pixels and epochs", argc, argv);
    const int32_t size = b.quick ? 16 : 64, hidden = b.quick ? 4 : 10;
    const net_spec step = {"tinyvgg", size, hidden, 32, HNI_MODE_TRAIN};
    /* a slow device gets fewer images: the largest run is four times the smallest */
    const double second = net_estimate(&b, BENCH_THREADS, net_flops(b.context[1], &step));
    const int32_t images = b.quick || second > 0.5 ? 32 : 256;
    grow_training(&b, 0, size, hidden, images);
    grow_training(&b, 1, size, hidden, images);
    grow_pixels(&b, b.quick ? 8 : 64, hidden, b.quick ? 2 : 8);
    return bench_end(&b);
}
