/* Graphs: names, shapes and their errors, every kind of layer, TinyVGG at all its sizes, the layout of the weights. */
#include "nets.h"

static void expect(hni_graph *g, const hni_layer *l, hn_status status, const char *a, const char *b, const char *c) {
    const size_t layers = g->n_layers, values = g->n_values, params = g->n_params;
    int32_t out = 77;
    err.message[0] = '\0';
    ck_assert_int_eq(hni_graph_add(g, l, &out, &err), status);
    ck_assert_msg(strstr(err.message, a) && strstr(err.message, b) && strstr(err.message, c), "message: %s", err.message);
    ck_assert(out == 77 && g->n_layers == layers && g->n_values == values && g->n_params == params);
}

START_TEST(names_are_unique_and_well_formed) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 3, 16, 16);
    add_conv(g, "a", 0, 4, 3, 1);
    hni_layer l = conv_of("a", 0, 4, 3, 1, 1);
    expect(g, &l, HN_E_ARGUMENT, "\"a\"", "another layer", "");
    l = conv_of("", 0, 4, 3, 1, 1);
    expect(g, &l, HN_E_ARGUMENT, "name", "1 … 63", "");
    memset(l.name, 'x', sizeof l.name);
    expect(g, &l, HN_E_ARGUMENT, "name", "1 … 63", "");
    const char *bad[] = {"a b", "a/b", "é", "a\nb", "a\"", "%s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        l = conv_of(bad[i], 0, 4, 3, 1, 1);
        expect(g, &l, HN_E_ARGUMENT, "name", "letters", "");
    }
    memset(l.name, 'x', 63);
    l.name[63] = '\0';
    add_layer(g, &l);
    char name[120];
    snprintf(name, sizeof name, "%s.weight", l.name);
    ck_assert_int_eq(hni_graph_find_param(g, name), 2);
    ck_assert_int_eq(hni_graph_find_param(g, "a.bias"), 1);
    ck_assert_int_eq(hni_graph_find_param(g, "nothing"), -1);
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(shape_errors_name_layer_and_shapes) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 3, 4, 6);
    hni_layer l = conv_of("big", 0, 4, 9, 1, 1);
    expect(g, &l, HN_E_SHAPE, "\"big\"", "[1, 3, 4, 6]", "9x9");
    l = conv_of("groups", 0, 4, 3, 1, 1);
    l.window.groups = 2;
    expect(g, &l, HN_E_SHAPE, "\"groups\"", "3 input channels", "4 filters");
    l.window.groups = 0;
    expect(g, &l, HN_E_ARGUMENT, "\"groups\"", "0 groups", "");
    l = layer_of(HNI_LAYER_MAX_POOL2D, "pool", 0);
    l.window.kernel[0] = l.window.kernel[1] = 5;
    expect(g, &l, HN_E_SHAPE, "\"pool\"", "[1, 3, 4, 6]", "5x5");
    const int32_t half = add_plain(g, HNI_LAYER_AVG_POOL2D, "half", 0), flat = add_plain(g, HNI_LAYER_FLATTEN, "flat", 0);
    l = layer_of(HNI_LAYER_ADD, "sum", 0);
    l.input[1] = half;
    expect(g, &l, HN_E_SHAPE, "\"sum\"", "[1, 3, 4, 6]", "[1, 3, 2, 3]");
    l = conv_of("late", flat, 4, 3, 1, 1);
    expect(g, &l, HN_E_SHAPE, "\"late\"", "[1, 72]", "[N, C, H, W]");
    l = layer_of(HNI_LAYER_BATCH_NORM, "norm", flat);
    expect(g, &l, HN_E_SHAPE, "\"norm\"", "[1, 72]", "");
    l = layer_of(HNI_LAYER_GLOBAL_AVG_POOL, "global", flat);
    expect(g, &l, HN_E_SHAPE, "\"global\"", "[1, 72]", "");
    ck_assert_int_eq(hni_graph_finish(g, half, 2, &err), HN_E_SHAPE);
    ck_assert_msg(strstr(err.message, "\"half\"") && strstr(err.message, "[1, 3, 2, 3]") && strstr(err.message, "[1, 2]"), "%s",
                  err.message);
    ck_assert_int_eq(hni_graph_finish(g, flat, 2, &err), HN_E_SHAPE);
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(newer_layers_are_checked) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 6, 4, 5);
    hni_layer l = layer_of(HNI_LAYER_GROUP_NORM, "norm", 0);
    l.window.groups = 4;
    expect(g, &l, HN_E_SHAPE, "\"norm\"", "4 groups", "6 channels");
    l.window.groups = 3;
    l.epsilon = -1.0;
    expect(g, &l, HN_E_ARGUMENT, "\"norm\"", "epsilon", "");
    const int32_t norm = add_group_norm(g, "norm", 0, 3), half = add_plain(g, HNI_LAYER_MAX_POOL2D, "half", norm);
    ck_assert_int_eq(hni_graph_find_param(g, "norm.weight"), 0);
    ck_assert_int_eq(hni_graph_find_param(g, "norm.bias"), 1);
    const int32_t flat = add_plain(g, HNI_LAYER_FLATTEN, "flat", 0);
    l = layer_of(HNI_LAYER_CONCAT, "both", 0);
    l.input[1] = half;
    expect(g, &l, HN_E_SHAPE, "\"both\"", "[1, 6, 2, 2]", "[1, -1, 4, 5]");
    l.input[1] = flat;
    expect(g, &l, HN_E_SHAPE, "\"both\"", "[1, 120]", "");
    l.input[1] = 99;
    expect(g, &l, HN_E_NOT_FOUND, "\"both\"", "value 99", "");
    l = layer_of(HNI_LAYER_CHANNEL_SCALE, "scale", 0);
    l.input[1] = norm;
    expect(g, &l, HN_E_SHAPE, "\"scale\"", "[1, 6, 4, 5]", "[N, C, 1, 1]");
    l.input[1] = add_dense(g, "five", 0, 5);
    expect(g, &l, HN_E_SHAPE, "\"scale\"", "[1, 5]", "one number a channel");
    l = layer_of(HNI_LAYER_CHANNEL_SCALE, "scale", flat);
    l.input[1] = norm;
    expect(g, &l, HN_E_SHAPE, "\"scale\"", "[1, 120]", "");
    const int32_t six = add_dense(g, "six", 0, 6), scaled = add_two(g, HNI_LAYER_CHANNEL_SCALE, "scale", 0, six);
    const int32_t both = add_two(g, HNI_LAYER_CONCAT, "both", scaled, norm);
    ck_assert_int_eq(g->values[both].dims[1], 12);
    for (int32_t kind = 1; kind <= HNI_LAYER_CHANNEL_SCALE; kind++)
        ck_assert_int_eq(hni_layer_kind_from_name(hni_layer_kind_name(kind)), kind);
    for (int32_t activation = HN_ACT_RELU; activation <= HN_ACT_TANH; activation++)
        ck_assert_int_eq(hni_activation_from_name(hni_activation_name(activation)), activation);
    ck_assert_int_eq(hni_activation_from_name("none"), HN_ACT_NONE);
    ck_assert_int_eq(hni_activation_from_name(NULL), HN_ACT_NONE);
    ck_assert_str_eq(hni_activation_name(7), "?");
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(layers_can_be_taken_away_again) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 3, 8, 8);
    const int32_t a = add_conv(g, "a", 0, 4, 3, 1);
    const int64_t params = (int64_t)g->n_params;
    for (int i = 0; i < 2; i++) { /* the second time in the same places, under the same names */
        const int32_t b = add_conv(g, "b", a, 5, 3, 1), c = add_plain(g, HNI_LAYER_BATCH_NORM, "c", b);
        ck_assert_int_eq(c, 3);
        hni_graph_cut(g, 1);
        ck_assert(g->n_layers == 1 && g->n_values == 2 && (int64_t)g->n_params == params);
    }
    hni_layer l = conv_of("late", 2, 4, 3, 1, 1);
    expect(g, &l, HN_E_NOT_FOUND, "\"late\"", "value 2", "");
    ck_ok(hni_graph_finish(g, add_dense(g, "head", a, 2), 2, &err));
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(constants_are_checked) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 3, 16, 16);
    hni_layer l = conv_of("c", 0, 0, 3, 1, 1);
    expect(g, &l, HN_E_ARGUMENT, "\"c\"", "0 filters", "");
    l = conv_of("c", 0, 4, 3, 1, 1);
    l.input[0] = 1;
    expect(g, &l, HN_E_NOT_FOUND, "\"c\"", "value 1", "");
    l.input[0] = -1;
    expect(g, &l, HN_E_NOT_FOUND, "\"c\"", "value -1", "");
    l = conv_of("c", 0, 4, 3, 0, 1);
    expect(g, &l, HN_E_ARGUMENT, "\"c\"", "stride", "");
    l = layer_of(HNI_LAYER_DROPOUT, "d", 0);
    const double rates[] = {-0.1, 1.0, NAN, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        l.rate = rates[i];
        expect(g, &l, HN_E_ARGUMENT, "\"d\"", "rate", "");
    }
    l = layer_of(HNI_LAYER_BATCH_NORM, "b", 0);
    l.momentum = 2.0;
    expect(g, &l, HN_E_ARGUMENT, "\"b\"", "momentum", "");
    l.momentum = 0.1;
    l.epsilon = NAN;
    expect(g, &l, HN_E_ARGUMENT, "\"b\"", "epsilon", "");
    l = layer_of(HNI_LAYER_ACTIVATION, "a", 0);
    l.activation = 9;
    expect(g, &l, HN_E_ARGUMENT, "\"a\"", "activation 9", "");
    l = layer_of(99, "x", 0);
    expect(g, &l, HN_E_ARGUMENT, "\"x\"", "99", "");
    l = layer_of(HNI_LAYER_DENSE, "huge", 0);
    l.filters = 1 << 22;
    expect(g, &l, HN_E_LIMIT, "\"huge\"", "weight", "1073741824");
    hni_graph *none = g;
    ck_assert_int_eq(hni_graph_create(ctx, 0, 4, 4, &none, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(none);
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(finished_is_finished) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 1, 4, 4);
    const int32_t v = add_dense(g, "head", 0, 3);
    ck_assert_int_eq(hni_graph_finish(g, 5, 3, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hni_graph_finish(g, v, 0, &err), HN_E_ARGUMENT);
    ck_ok(hni_graph_finish(g, v, 3, &err));
    ck_assert_int_eq(hni_graph_finish(g, v, 3, &err), HN_E_STATE);
    const hni_layer l = layer_of(HNI_LAYER_FLATTEN, "more", 0);
    int32_t out;
    ck_assert_int_eq(hni_graph_add(g, &l, &out, &err), HN_E_STATE);
    ck_assert_int_eq(g->logits, v);
    hni_graph_unref(hni_graph_ref(g));
    hni_graph_unref(g);
    hni_graph_unref(NULL);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(every_kind_has_its_shape) {
    hn_context *ctx = new_context();
    hni_graph *g = residual(ctx, HN_ACT_RELU, 0.5, true, 3);
    const struct {
        const char *name;
        int64_t dims[4];
    } want[] = {{"stem", {1, 4, 12, 10}},  {"bn1", {1, 4, 12, 10}},     {"grouped", {1, 4, 12, 10}}, {"both", {1, 4, 12, 10}},
                {"pool", {1, 4, 6, 5}},    {"drop1", {1, 4, 6, 5}},     {"strided", {1, 6, 3, 3}},   {"late.act", {1, 6, 3, 3}},
                {"global", {1, 6, 1, 1}},  {"wide", {1, 5, 1, 1}},      {"flat", {1, 6, 1, 1}},      {"head", {1, 3, 1, 1}}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        size_t k = 0;
        while (k < g->n_layers && strcmp(g->layers[k].name, want[i].name) != 0)
            k++;
        ck_assert_uint_lt(k, g->n_layers);
        for (int d = 0; d < 4; d++)
            ck_assert_msg(g->values[g->layers[k].output].dims[d] == want[i].dims[d], "%s, dimension %d", want[i].name, d);
    }
    for (int32_t kind = HNI_LAYER_CONV2D; kind <= HNI_LAYER_FLATTEN; kind++)
        ck_assert_int_eq(hni_layer_kind_from_name(hni_layer_kind_name(kind)), kind);
    ck_assert_int_eq(hni_layer_kind_from_name("lstm"), 0);
    ck_assert_str_eq(hni_layer_kind_name(0), "?");
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(weights_are_laid_out) {
    hn_context *ctx = new_context();
    hni_graph *g = residual(ctx, HN_ACT_RELU, 0.5, true, 3);
    int64_t parameters = 0, top = 0;
    for (size_t i = 0; i < g->n_params; i++) {
        const hni_param *p = &g->params[i];
        ck_assert_int_eq(p->offset % 16, 0);
        ck_assert(p->trainable == (p->offset < g->trainable));
        ck_assert(p->trainable == !strstr(p->name, "running_"));
        if (p->trainable)
            parameters += p->elements;
        if (p->offset + p->elements > top)
            top = p->offset + p->elements;
        for (size_t k = 0; k < i; k++)
            ck_assert(g->params[k].offset + g->params[k].elements <= p->offset || p->offset + p->elements <= g->params[k].offset);
    }
    ck_assert_int_eq(g->parameters, parameters);
    ck_assert(g->trainable % 16 == 0 && g->total % 16 == 0 && top <= g->total && g->total - top < 16);
    const int32_t w = hni_graph_find_param(g, "grouped.weight");
    ck_assert(w >= 0 && g->params[w].shape[0] == 4 && g->params[w].shape[1] == 2 && hni_graph_find_param(g, "grouped.bias") < 0);
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(tinyvgg_is_the_thesis_network) {
    hn_context *ctx = new_context();
    hni_graph *g = tinyvgg(ctx, 3, 64, 10, 2);
    ck_assert_int_eq(g->parameters, 8132);
    int64_t multiply_adds = 0;
    for (size_t i = 0; i < g->n_layers; i++)
        multiply_adds += hni_layer_multiply_adds(g, &g->layers[i]);
    ck_assert_int_eq(multiply_adds, 64 * 64 * 10 * 27 + 64 * 64 * 10 * 90 + 2 * 32 * 32 * 10 * 90 + 5120); /* without bias */
    const char *names[] = {"conv_block_1.0.weight", "conv_block_1.2.bias", "conv_block_2.2.weight", "classifier.1.weight"};
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_ge(hni_graph_find_param(g, names[i]), 0);
    hni_graph_unref(g);
    const int32_t sizes[] = {4, 5, 48, 64, 128, 256, 448};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int32_t c = 1; c <= 16; c++) {
            g = tinyvgg(ctx, c, sizes[i], 10, 6);
            const int64_t side = sizes[i] / 2 / 2;
            ck_assert_int_eq(g->parameters, 10 * 9 * c + 10 + 3 * 910 + 6 * 10 * side * side + 6);
            hni_graph_unref(g);
        }
    }
    g = new_graph(ctx, 1, 3, 3);
    int32_t v = add_plain(g, HNI_LAYER_MAX_POOL2D, "first", 0);
    const hni_layer l = layer_of(HNI_LAYER_MAX_POOL2D, "second", v);
    expect(g, &l, HN_E_SHAPE, "\"second\"", "[1, 1, 1, 1]", "2x2");
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("graph");
    TCase *t = tcase_create("graph");
    tcase_add_test(t, names_are_unique_and_well_formed);
    tcase_add_test(t, shape_errors_name_layer_and_shapes);
    tcase_add_test(t, newer_layers_are_checked);
    tcase_add_test(t, layers_can_be_taken_away_again);
    tcase_add_test(t, constants_are_checked);
    tcase_add_test(t, finished_is_finished);
    tcase_add_test(t, every_kind_has_its_shape);
    tcase_add_test(t, weights_are_laid_out);
    tcase_add_test(t, tinyvgg_is_the_thesis_network);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
