/* What hn_explain and its batches promise beside the numbers: the same bits, the same verdict as prediction, the image's own coordinates, maps
 * that are never NaN, failures that change nothing, memory that does not grow. */
#include "base/context.h"
#include "base/memory.h"
#include "nets.h"

static const int32_t methods[] = {HN_EXPLAIN_HIRES_CAM, HN_EXPLAIN_GRAD_CAM, HN_EXPLAIN_GRAD_CAM_PP, HN_EXPLAIN_LAYER_CAM,
                                  HN_EXPLAIN_OCCLUSION, HN_EXPLAIN_SALIENCY, HN_EXPLAIN_INTEGRATED_GRADIENTS};
enum { METHODS = sizeof methods / sizeof *methods };

static hn_explain_options by(int32_t method) {
    return (hn_explain_options){.struct_size = sizeof(hn_explain_options), .method = method, .steps = 6};
}

static hn_image *noise_image(hn_context *ctx, int32_t width, int32_t height, uint64_t stream) {
    uint8_t pixels[64 * 64];
    for (int32_t i = 0; i < width * height; i++)
        pixels[i] = (uint8_t)(word(stream, (uint64_t)i) & 255);
    return wrap(ctx, pixels, width, height);
}

START_TEST(batches_give_the_same_bits) {
    hn_context *ctx = new_context();
    for (int32_t k = 0; k < 2; k++) {
        hn_model *m = network(ctx, k);
        hn_predictor *one = new_predictor(m, "cpu", 1), *many = new_predictor(m, "cpu", 5);
        const int32_t sides[4][2] = {{24, 20}, {16, 16}, {9, 31}, {40, 17}};
        hn_image *images[5] = {NULL};
        size_t all = 0, need = 0;
        for (int i = 0; i < 4; i++) {
            images[i < 2 ? i : i + 1] = noise_image(ctx, sides[i][0], sides[i][1], 7 + (uint64_t)i); /* [2] is NULL */
            all += (size_t)(sides[i][0] * sides[i][1]);
        }
        float *maps = malloc(all * sizeof *maps), single[64 * 64];
        for (int i = 0; i < METHODS; i++) {
            const hn_explain_options o = by(methods[i]);
            hn_heatmap_info infos[5], info = {.struct_size = sizeof info};
            for (int n = 0; n < 5; n++)
                infos[n].struct_size = sizeof *infos;
            ck_ok(hn_explain_batch(many, (const hn_image *const *)images, 5, &o, NULL, 0, &need, infos, &err));
            ck_assert_uint_eq(need, all);
            ck_ok(hn_explain_batch(many, (const hn_image *const *)images, 5, &o, maps, all, NULL, infos, &err));
            size_t offset = 0;
            for (int n = 0; n < 5; n++) {
                ck_assert_uint_eq(infos[n].offset, offset);
                if (n == 2) {
                    ck_assert_uint_eq(infos[n].flags, HN_HEATMAP_FAILED);
                    ck_assert_int_eq(infos[n].status, HN_E_ARGUMENT);
                    ck_assert_int_eq(infos[n].width, 0);
                    continue;
                }
                const size_t floats = (size_t)infos[n].width * (size_t)infos[n].height;
                ck_ok(hn_explain(one, images[n], &o, single, 64 * 64, NULL, &info, &err));
                ck_assert_mem_eq(single, maps + offset, floats * sizeof *maps);
                ck_assert(info.sum == infos[n].sum && info.raw_max == infos[n].raw_max && info.probability == infos[n].probability);
                offset += floats;
            }
        }
        free(maps);
        for (int i = 0; i < 5; i++)
            hn_image_free(images[i]);
        hn_model_free(m);
        hn_predictor_free(one);
        hn_predictor_free(many);
    }
    hn_context_free(ctx);
}
END_TEST

START_TEST(the_verdict_is_that_of_prediction) {
    hn_context *ctx = new_context();
    for (int32_t k = 0; k < 2; k++) {
        hn_model *m = network(ctx, k);
        hn_predictor *p = new_predictor(m, "cpu", 4);
        hn_image *image = new_image(ctx, 0);
        float map[FLOATS], logits[3], probabilities[3];
        hn_prediction said = {.struct_size = sizeof said, .logits = logits, .probabilities = probabilities, .capacity = 3};
        ck_ok(hn_predict(p, image, &said, &err));
        for (int i = 0; i < METHODS; i++) {
            hn_explain_options o = by(methods[i]);
            hn_heatmap_info info = {.struct_size = sizeof info};
            ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, &info, &err)); /* no class is positive: the predicted one */
            ck_assert_int_eq(info.class_index, said.class_index);
            ck_assert_int_eq(info.width * 1000 + info.height, WIDTH * 1000 + HEIGHT);
            ck_assert(info.logit == (double)logits[said.class_index] && info.probability == said.probability);
            o.class_index = 2;
            ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, &info, &err));
            ck_assert(info.class_index == 1 && info.logit == (double)logits[1] && info.probability == (double)probabilities[1]);
            float least = 2, most = -1;
            for (int n = 0; n < FLOATS; n++) {
                least = fminf(least, map[n]);
                most = fmaxf(most, map[n]);
            }
            ck_assert(least >= 0 && (most == 1.0f || (most == 0.0f && (info.flags & HN_HEATMAP_FLAT))));
        }
        hn_image_free(image);
        hn_model_free(m);
        hn_predictor_free(p);
    }
    hn_context_free(ctx);
}
END_TEST

/* A dense layer behind the layer: the sum is the logit without its bias. Global average pooling: Grad-CAM, to rounding. A path: the rise. */
START_TEST(sums_are_what_the_methods_promise) {
    hn_context *ctx = new_context();
    hn_model *m = tinyvgg(ctx), *r = residual(ctx);
    hn_predictor *p = new_predictor(m, "cpu", 4), *q = new_predictor(r, "cpu", 4);
    hn_image *image = new_image(ctx, 1);
    float a[FLOATS], b[FLOATS];
    const hni_param *bias = &m->graph->params[m->graph->n_params - 1];
    for (int32_t k = 0; k < 3; k++) {
        hn_heatmap_info info = {.struct_size = sizeof info};
        hn_explain_options o = by(HN_EXPLAIN_HIRES_CAM);
        o.class_index = k + 1;
        o.flags = HN_EXPLAIN_RAW;
        for (int i = 0; i < 2; i++) {
            o.layer = i ? "conv_block_2.3" : NULL;
            ck_ok(hn_explain(p, image, &o, a, FLOATS, NULL, &info, &err));
            ck_assert_int_eq(info.grid_width, i ? 8 : 4);
            ck_assert(fabs(info.sum + (double)m->weights[bias->offset + k] - info.logit) < 1e-5);
        }
        o.layer = NULL;
        ck_ok(hn_explain(q, image, &o, a, FLOATS, NULL, &info, &err));
        o.method = HN_EXPLAIN_GRAD_CAM;
        ck_ok(hn_explain(q, image, &o, b, FLOATS, NULL, NULL, &err));
        for (int i = 0; i < FLOATS; i++)
            ck_assert(fabs((double)a[i] - (double)b[i]) < 1e-5 * (info.raw_max - info.raw_min));
        o.method = HN_EXPLAIN_INTEGRATED_GRADIENTS;
        o.steps = 300;
        ck_ok(hn_explain(q, image, &o, a, FLOATS, NULL, &info, &err));
        ck_assert(fabs(info.sum - info.expected) < 1e-3 * (1.0 + fabs(info.expected)));
    }
    hn_image_free(image);
    hn_model_free(m);
    hn_model_free(r);
    hn_predictor_free(p);
    hn_predictor_free(q);
    hn_context_free(ctx);
}
END_TEST

/* The input's mean over its channels, whatever the network makes of it. */
START_TEST(brightness_is_the_input) {
    hn_context *ctx = new_context();
    for (int32_t k = 0; k < 2; k++) {
        hn_model *m = network(ctx, k), *r = NULL;
        const hni_preproc *pre = &m->preproc;
        const size_t plane = (size_t)pre->width * (size_t)pre->height;
        hn_image *image = noise_image(ctx, pre->width, pre->height, 5);
        hn_explain_options o = by(HN_EXPLAIN_BRIGHTNESS);
        hn_heatmap_info info = {.struct_size = sizeof info};
        float map[64 * 64], other[64 * 64];
        uint8_t *input = malloc(hni_preproc_bytes(pre));
        o.flags = HN_EXPLAIN_RAW;
        ck_ok(hni_preproc_run(ctx, pre, image, input, &err));
        ck_ok(hn_model_randomize(m, 0, 3, &r, &err));
        hn_predictor *p = new_predictor(m, "cpu", 1), *q = new_predictor(r, "cpu", 1);
        ck_ok(hn_explain(p, image, &o, map, 64 * 64, NULL, &info, &err));
        ck_ok(hn_explain(q, image, &o, other, 64 * 64, NULL, NULL, &err));
        ck_assert_mem_eq(map, other, plane * sizeof *map);
        ck_assert(info.method == HN_EXPLAIN_BRIGHTNESS && info.grid_width == pre->width && isnan(info.expected) && !*info.layer);
        for (size_t i = 0; i < plane; i++) {
            double sum = 0;
            for (int32_t c = 0; c < pre->channels; c++) sum += input[(size_t)c * plane + i];
            ck_assert_msg(fabs((double)map[i] - sum / 255 / pre->channels) < 1e-6, "pixel %zu: %g", i, (double)map[i]);
        }
        free(input);
        hn_image_free(image), hn_model_free(m), hn_model_free(r), hn_predictor_free(p), hn_predictor_free(q);
    }
    hn_context_free(ctx);
}
END_TEST

/* All numbers of one tensor; gives the old model back. */
static hn_model *with_tensor(hn_model *m, const char *name, float value) {
    const hni_param *p = &m->graph->params[hni_graph_find_param(m->graph, name)];
    hn_model *changed = NULL;
    float *flat = malloc((size_t)m->graph->total * sizeof *flat);
    memcpy(flat, m->weights, (size_t)m->graph->total * sizeof *flat);
    for (int64_t i = 0; i < p->elements; i++)
        flat[p->offset + i] = value;
    ck_ok(hni_model_with_weights(m, flat, NULL, &changed, &err));
    free(flat);
    hn_model_free(m);
    return changed;
}

START_TEST(nothing_is_ever_nan) {
    hn_context *ctx = new_context();
    hn_image *image = new_image(ctx, 0);
    float map[FLOATS], before[FLOATS];
    hn_heatmap_info info = {.struct_size = sizeof info};
    for (int i = 0; i < METHODS; i++) {
        hn_explain_options o = by(methods[i]);
        o.class_index = 1;
        hn_model *m = with_tensor(tinyvgg(ctx), "classifier.1.weight", 0.0f); /* no gradient at all */
        hn_predictor *p = new_predictor(m, "cpu", 4);
        ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, &info, &err));
        ck_assert_uint_eq(info.flags, HN_HEATMAP_FLAT);
        for (int n = 0; n < FLOATS; n++)
            ck_assert(map[n] == 0.0f);
        hn_predictor_free(p);
        m = with_tensor(m, "classifier.1.weight", -1.0f); /* everything speaks against every class */
        p = new_predictor(m, "cpu", 4);
        ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, &info, &err));
        for (int n = 0; n < FLOATS; n++)
            ck_assert(map[n] >= 0.0f && map[n] <= 1.0f);
        hn_predictor_free(p);
        m = with_tensor(m, "conv_block_1.0.weight", 3e38f);
        p = new_predictor(m, "cpu", 4);
        memset(map, 0x5A, sizeof map);
        memcpy(before, map, sizeof map);
        ck_assert_int_eq(hn_explain(p, image, &o, map, FLOATS, NULL, &info, &err), HN_E_NUMERIC);
        ck_assert_mem_eq(map, before, sizeof map);
        const hn_image *const images[2] = {image, image};
        hn_heatmap_info infos[2] = {{.struct_size = sizeof info}, {.struct_size = sizeof info}};
        float maps[2 * FLOATS];
        ck_ok(hn_explain_batch(p, images, 2, &o, maps, 2 * FLOATS, NULL, infos, &err));
        for (int n = 0; n < 2 * FLOATS; n++)
            ck_assert(maps[n] == 0.0f);
        ck_assert(infos[1].status == HN_E_NUMERIC && infos[1].flags == HN_HEATMAP_FAILED && infos[1].offset == FLOATS);
        hn_predictor_free(p);
        hn_model_free(m);
    }
    hn_image_free(image);
    hn_context_free(ctx);
}
END_TEST

/* All of a map stays where it is looked at whole, its extremes come nearer, and what a batch says is what one image does. */
START_TEST(a_blur_keeps_the_sum) {
    hn_context *ctx = new_context();
    hn_model *m = residual(ctx);
    hn_predictor *p = new_predictor(m, "cpu", 4);
    hn_image *image = new_image(ctx, 0);
    const hn_image *const images[2] = {image, image};
    float map[FLOATS], maps[2 * FLOATS];
    for (int i = 0; i < METHODS; i++) {
        hn_explain_options o = by(methods[i]);
        hn_heatmap_info sharp = {.struct_size = sizeof sharp}, soft = sharp, infos[2] = {sharp, sharp};
        o.class_index = 1, o.flags = HN_EXPLAIN_RAW;
        ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, &sharp, &err));
        o.blur = 0.1;
        ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, &soft, &err));
        ck_assert(fabs(soft.sum - sharp.sum) <= 1e-9 * (1.0 + fabs(sharp.sum)));
        ck_assert(soft.raw_max < sharp.raw_max && soft.raw_min > sharp.raw_min);
        ck_assert(isnan(sharp.expected) ? isnan(soft.expected) : soft.expected == sharp.expected);
        ck_ok(hn_explain_batch(p, images, 2, &o, maps, 2 * FLOATS, NULL, infos, &err));
        ck_assert_mem_eq(map, maps + FLOATS, sizeof map);
        o.blur = 1e-300; /* less than a cell: nothing happens, and nothing is divided by nothing */
        ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, &soft, &err));
        ck_assert(soft.raw_max == sharp.raw_max && soft.sum == sharp.sum);
    }
    hn_image_free(image);
    hn_predictor_free(p);
    hn_model_free(m);
    hn_context_free(ctx);
}
END_TEST

START_TEST(options_are_checked) {
    hn_context *ctx = new_context();
    hn_model *m = residual(ctx);
    hn_predictor *p = new_predictor(m, "cpu", 4);
    hn_image *image = new_image(ctx, 0);
    float map[FLOATS];
    size_t need = 0;
    hn_explain_options o;
    ck_ok(hn_explain(p, image, NULL, NULL, 0, &need, NULL, &err));
    ck_assert_uint_eq(need, FLOATS);
    memset(map, 0x5A, sizeof map);
    ck_assert_int_eq(hn_explain(p, image, NULL, map, FLOATS - 1, &need, NULL, &err), HN_E_BUFFER);
    const double bad_level = 1.5;
#define REFUSED(wanted, ...)                                                                              \
    do {                                                                                                  \
        o = by(0), __VA_ARGS__;                                                                           \
        ck_assert_int_eq(hn_explain(p, image, &o, map, FLOATS, NULL, NULL, &err), wanted);                \
        ck_assert_int_gt((int)strlen(err.message), 10);                                                   \
    } while (0)
    REFUSED(HN_E_ABI, o.struct_size = 8);
    REFUSED(HN_E_ARGUMENT, o.method = 9);
    REFUSED(HN_E_ARGUMENT, o.method = -1);
    REFUSED(HN_E_NOT_FOUND, o.class_index = 4);
    REFUSED(HN_E_NOT_FOUND, o.class_index = -1);
    REFUSED(HN_E_ARGUMENT, o.flags = 2);
    REFUSED(HN_E_ARGUMENT, o.reserved = 1);
    REFUSED(HN_E_ARGUMENT, o.steps = 4097);
    REFUSED(HN_E_ARGUMENT, o.window = -1);
    REFUSED(HN_E_ARGUMENT, o.window = 3, o.stride = 4);
    REFUSED(HN_E_ARGUMENT, o.baseline = &bad_level);
    REFUSED(HN_E_ARGUMENT, o.blur = -0.01);
    REFUSED(HN_E_ARGUMENT, o.blur = 0.26);
    REFUSED(HN_E_ARGUMENT, o.blur = (double)NAN);
    REFUSED(HN_E_NOT_FOUND, o.layer = "conv9");
    REFUSED(HN_E_SHAPE, o.layer = "average");
    REFUSED(HN_E_SHAPE, o.layer = "head");
    hn_cancel *cancel = NULL;
    ck_ok(hn_cancel_create(ctx, &cancel, &err));
    hn_cancel_trigger(cancel);
    for (int i = 0; i < METHODS; i++)
        REFUSED(HN_E_CANCELLED, o.method = methods[i], o.cancel = cancel);
    for (int i = 0; i < FLOATS; i++)
        ck_assert(memcmp(&map[i], "ZZZZ", 4) == 0);
    hn_cancel_free(cancel);
    static const char *const good[] = {"stem", "stem_norm", "mix", "mix_act", "pool", "deep_norm", "deep_act", "drop"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        hn_heatmap_info info = {.struct_size = sizeof info};
        o = by(HN_EXPLAIN_GRAD_CAM), o.layer = good[i];
        ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, &info, &err));
        ck_assert_str_eq(info.layer, good[i]);
    }
    hn_context_free(ctx); /* any order */
    hn_model_free(m);
    hn_image_free(image);
    hn_predictor_free(p);
}
END_TEST

/* A network of dense layers: the input is what a map can be made of. */
START_TEST(networks_without_layers_of_area) {
    hn_context *ctx = new_context();
    const hn_model_options o = model_options();
    hn_builder *b = NULL;
    hn_model *m = NULL;
    int32_t x = 0;
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    ck_ok(hn_builder_dense(b, 0, "head", 3, 0, &x, &err));
    ck_ok(hn_builder_finish(b, x, &m, &err));
    hn_builder_free(b);
    m = with_formula(m);
    hn_predictor *p = new_predictor(m, "cpu", 1);
    hn_image *image = new_image(ctx, 0);
    float map[FLOATS];
    hn_heatmap_info info = {.struct_size = sizeof info};
    ck_ok(hn_explain(p, image, NULL, map, FLOATS, NULL, &info, &err));
    ck_assert_str_eq(info.layer, "");
    ck_assert_int_eq(info.grid_width, 16);
    ck_assert(fabs(info.sum + (double)m->weights[m->graph->params[1].offset + info.class_index] - info.logit) < 1e-5);
    hn_image_free(image);
    hn_model_free(m);
    hn_predictor_free(p);
    hn_context_free(ctx);
}
END_TEST

/* A head in the corner of a large dark image, and a network that looks at the head alone: nothing beside it, and inside of it the map that the
 * cropped image has for a network that does not crop. */
START_TEST(crops_are_undone) {
    enum { W = 60, H = 50 };
    hn_context *ctx = new_context();
    uint8_t pixels[W * H] = {0};
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++)
            if (far(x, y, 37, 28) < 14 * 14) pixels[y * W + x] = (uint8_t)(90 + (word(5, (uint64_t)(y * W + x)) & 63));
    hn_image *image = wrap(ctx, pixels, W, H), *head = NULL;
    hn_model_options o = model_options();
    hn_model *whole = tinyvgg(ctx), *cropping = NULL;
    o.crop_head = 1;
    o.crop_margin = 0.1;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &o, &cropping, &err));
    cropping = with_formula(cropping);
    hn_box box = {.struct_size = sizeof box};
    ck_ok(hn_image_head_box(image, 0.1, 1, &box, &err));
    ck_ok(hn_image_crop(image, &box, &head, &err));
    hn_predictor *p = new_predictor(cropping, "cpu", 4), *q = new_predictor(whole, "cpu", 4);
    for (int i = 0; i < METHODS; i++) {
        hn_explain_options e = by(methods[i]);
        float map[W * H], inner[W * W];
        size_t need = 0;
        e.class_index = 1;
        e.flags = HN_EXPLAIN_RAW;
        ck_ok(hn_explain(p, image, &e, map, W * H, NULL, NULL, &err));
        ck_ok(hn_explain(q, head, &e, inner, W * W, &need, NULL, &err));
        ck_assert_uint_eq(need, (size_t)box.width * (size_t)box.height);
        for (int32_t y = 0; y < H; y++) {
            for (int32_t x = 0; x < W; x++) {
                const int32_t u = x - box.x, v = y - box.y;
                const bool inside = u >= 0 && v >= 0 && u < box.width && v < box.height;
                ck_assert(map[y * W + x] == (inside ? inner[v * box.width + u] : 0.0f));
            }
        }
    }
    hn_image_free(image);
    hn_image_free(head);
    hn_model_free(whole);
    hn_model_free(cropping);
    hn_predictor_free(p);
    hn_predictor_free(q);
    hn_context_free(ctx);
}
END_TEST

/* A model of three neighbouring slices: each explained between its own; a slice among copies of itself is as alone. */
START_TEST(series_see_their_neighbours) {
    hn_context *ctx = new_context();
    hn_model_options o = model_options();
    static const double mean[3] = {0.25, 0.25, 0.25}, deviation[3] = {0.5, 0.5, 0.5};
    o.channels = 3, o.slices = 3, o.mean = mean, o.deviation = deviation;
    hn_model *m = NULL;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &o, &m, &err));
    m = with_formula(m);
    hn_predictor *p = new_predictor(m, "cpu", 4);
    hn_image *a = new_image(ctx, 0), *b = new_image(ctx, 1);
    const hn_image *const same[3] = {a, a, a}, *const mixed[3] = {b, a, b};
    float maps[2][3 * FLOATS], alone[FLOATS];
    hn_heatmap_info infos[3];
    for (int i = 0; i < METHODS; i++) {
        const hn_explain_options e = by(methods[i]);
        for (int n = 0; n < 3; n++)
            infos[n].struct_size = sizeof *infos;
        ck_ok(hn_explain_series(p, same, 3, &e, maps[0], 3 * FLOATS, NULL, infos, &err));
        ck_ok(hn_explain_series(p, mixed, 3, &e, maps[1], 3 * FLOATS, NULL, infos, &err));
        ck_ok(hn_explain(p, a, &e, alone, FLOATS, NULL, NULL, &err));
        ck_assert_mem_eq(maps[0] + FLOATS, alone, sizeof alone);
        ck_assert(memcmp(maps[1] + FLOATS, alone, sizeof alone) != 0);
    }
    hn_image_free(a);
    hn_image_free(b);
    hn_model_free(m);
    hn_predictor_free(p);
    hn_context_free(ctx);
}
END_TEST

/* What was taken for one explanation serves all others like it; many images take only their grids more. */
START_TEST(memory_is_bounded) {
    hn_context *ctx = new_context();
    hn_model *m = residual(ctx);
    hn_predictor *p = new_predictor(m, "cpu", 4);
    hn_image *image = new_image(ctx, 0);
    const hn_image *images[40];
    float map[FLOATS], *maps = malloc(40 * FLOATS * sizeof *maps);
    hn_heatmap_info infos[40];
    for (int i = 0; i < 40; i++) {
        images[i] = image;
        infos[i].struct_size = sizeof *infos;
    }
    for (int i = 0; i < METHODS; i++) {
        const hn_explain_options o = by(methods[i]);
        ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, NULL, &err));
        const uint_fast64_t live = ctx->live_bytes;
        atomic_store(&ctx->peak_bytes, live);
        for (int n = 0; n < 5; n++)
            ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, NULL, &err));
        ck_assert_uint_eq(ctx->live_bytes, live);
        const uint_fast64_t single = ctx->peak_bytes - live;
        ck_ok(hn_explain_batch(p, images, 40, &o, maps, 40 * FLOATS, NULL, infos, &err));
        ck_assert_uint_eq(ctx->live_bytes, live);
        ck_assert_uint_le(ctx->peak_bytes - live, single + 40 * (16 * 16 * sizeof(double) + sizeof(hn_heatmap_info) + 256));
    }
    free(maps);
    hn_image_free(image);
    hn_model_free(m);
    hn_predictor_free(p);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("explain");
    TCase *t = tcase_create("explain");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, batches_give_the_same_bits);
    tcase_add_test(t, the_verdict_is_that_of_prediction);
    tcase_add_test(t, sums_are_what_the_methods_promise);
    tcase_add_test(t, brightness_is_the_input);
    tcase_add_test(t, nothing_is_ever_nan);
    tcase_add_test(t, a_blur_keeps_the_sum);
    tcase_add_test(t, options_are_checked);
    tcase_add_test(t, networks_without_layers_of_area);
    tcase_add_test(t, crops_are_undone);
    tcase_add_test(t, series_see_their_neighbours);
    tcase_add_test(t, memory_is_bounded);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
