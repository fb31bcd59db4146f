/* The pointing game on a task whose answer is known: a network learns from labels alone whether a noisy image holds a bright disc, and its maps must
 * then point at the disc, and those of a network of random weights less often. Everything is seeded and the same on every machine. */
#include "nets.h"

enum { SIDE = 32, TRAIN = 240, TEST = 60, EPOCHS = 8 };

typedef struct disc {
    int32_t x, y, radius; /* px; radius 0 = none */
} disc;

static int32_t below(uint64_t stream, uint64_t index, int32_t n) { return (int32_t)(word(stream, index) % (uint32_t)n); }

static disc draw(uint64_t number, uint8_t *pixels) {
    const disc d = {6 + below(number, 1, SIDE - 12), 6 + below(number, 2, SIDE - 12), number % 2 ? 3 + below(number, 3, 3) : 0};
    for (int32_t y = 0; y < SIDE; y++)
        for (int32_t x = 0; x < SIDE; x++) {
            const bool inside = d.radius && far(x, y, d.x, d.y) <= d.radius * d.radius;
            pixels[y * SIDE + x] = (uint8_t)(70 + below(number, (uint64_t)(100 + y * SIDE + x), 60) + (inside ? 70 : 0));
        }
    return d;
}

/* Two convolutions, each with its norm, at full and half resolution; then the mean of the map: no place is special. */
static hn_model *fresh(hn_context *ctx) {
    static const char *const names[2] = {"disc", "no_disc"};
    static const double mean = 0.4, deviation = 0.2;
    const hn_model_options o = {.struct_size = sizeof o, .width = SIDE, .height = SIDE, .channels = 1, .class_names = names, .positive = 1, .mean = &mean,
                                .deviation = &deviation, .seed = 3};
    hn_builder *b = NULL;
    hn_model *m = NULL;
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    int32_t x = act(b, norm(b, conv(b, 0, "first", 6, 1, 1), "first_norm"), "first_act", HN_ACT_RELU);
    ck_ok(hn_builder_max_pool2d(b, x, "pool", NULL, &x, &err));
    x = act(b, norm(b, conv(b, x, "second", 8, 1, 1), "second_norm"), "second_act", HN_ACT_RELU);
    ck_ok(hn_builder_global_avg_pool(b, x, "average", &x, &err));
    ck_ok(hn_builder_dense(b, x, "head", 2, 0, &x, &err));
    ck_ok(hn_builder_finish(b, x, &m, &err));
    hn_builder_free(b);
    return m;
}

static hn_model *learn(hn_context *ctx) {
    hn_dataset *data = NULL;
    hn_trainer *trainer = NULL;
    hn_model *first = fresh(ctx), *trained = NULL;
    uint8_t pixels[SIDE * SIDE];
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    for (uint64_t i = 0; i < TRAIN; i++) {
        const disc d = draw(1000 + i, pixels);
        hn_image *image = wrap(ctx, pixels, SIDE, SIDE);
        ck_ok(hn_dataset_add_image(data, image, d.radius ? "disc" : "no_disc", NULL, &err));
        hn_image_free(image);
    }
    const hn_train_options o = {.struct_size = sizeof o, .batch = 16, .learning_rate = 0.02, .seed = 5, .device = "cpu"};
    ck_ok(hn_trainer_create(first, data, NULL, &o, &trainer, &err));
    for (int i = 0; i < EPOCHS; i++) ck_ok(hn_train_epoch(trainer, NULL, &err));
    ck_ok(hn_trainer_model(trainer, HN_LAST, &trained, &err));
    hn_trainer_free(trainer);
    hn_dataset_free(data);
    hn_model_free(first);
    return trained;
}

/* Share of the discs of unseen images that the map's peak lies in. */
static double play(hn_predictor *p, hn_context *ctx, int32_t method, double blur) {
    const hn_explain_options o = {.struct_size = sizeof o, .method = method, .class_index = 1, .window = 4, .stride = 2, .blur = blur};
    uint8_t pixels[SIDE * SIDE], mask[SIDE * SIDE];
    float map[SIDE * SIDE];
    int32_t hits = 0, n = 0;
    for (uint64_t i = 0; i < 2 * TEST; i++) {
        const disc d = draw(5000 + i, pixels);
        hn_heatmap_truth t = {.struct_size = sizeof t};
        if (!d.radius) continue;
        for (int32_t k = 0; k < SIDE * SIDE; k++) mask[k] = far(k % SIDE, k / SIDE, d.x, d.y) <= d.radius * d.radius;
        hn_image *image = wrap(ctx, pixels, SIDE, SIDE);
        ck_ok(hn_explain(p, image, &o, map, SIDE * SIDE, NULL, NULL, &err));
        ck_ok(hn_heatmap_compare(map, mask, SIDE, SIDE, 0, &t, &err));
        hn_image_free(image);
        hits += t.hit;
        n++;
    }
    ck_assert_int_eq(n, TEST);
    return (double)hits / n;
}

START_TEST(maps_point_at_what_was_learnt) {
    static const int32_t methods[] = {HN_EXPLAIN_HIRES_CAM, HN_EXPLAIN_GRAD_CAM, HN_EXPLAIN_LAYER_CAM, HN_EXPLAIN_OCCLUSION, HN_EXPLAIN_INTEGRATED_GRADIENTS};
    hn_context *ctx = new_context();
    hn_model *m = learn(ctx), *random = NULL;
    ck_ok(hn_model_randomize(m, 0, 11, &random, &err));
    hn_predictor *p = new_predictor(m, "cpu", 32), *q = new_predictor(random, "cpu", 32);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const double learnt = play(p, ctx, methods[i], 0), without = play(q, ctx, methods[i], 0);
        printf("method %d: pointing game %.3f, with random weights %.3f\n", methods[i], learnt, without);
        ck_assert_msg(learnt >= 0.9, "method %d hits %g of the discs", methods[i], learnt);
        /* What mostly follows the image finds bright things without having learnt anything: that is what the sanity check is for. */
        if (methods[i] == HN_EXPLAIN_INTEGRATED_GRADIENTS || methods[i] == HN_EXPLAIN_LAYER_CAM) continue;
        ck_assert_msg(without <= learnt - 0.2, "method %d hits %g of the discs, and %g with random weights", methods[i], learnt, without);
    }
    const double sharp = play(p, ctx, HN_EXPLAIN_INTEGRATED_GRADIENTS, 0), blurred = play(p, ctx, HN_EXPLAIN_INTEGRATED_GRADIENTS, 0.04);
    printf("integrated gradients, blurred: pointing game %.3f\n", blurred);
    ck_assert_msg(blurred >= sharp, "blurred, integrated gradients hit %g of the discs, and sharp %g", blurred, sharp);
    hn_model_free(m);
    hn_model_free(random);
    hn_predictor_free(p);
    hn_predictor_free(q);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pointing");
    TCase *t = tcase_create("pointing");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, maps_point_at_what_was_learnt);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
