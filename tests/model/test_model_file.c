/* test_model_file.c - the model file: what is written reads back to the same bytes, and hostile files are refused for the right reason and
 * without taking memory for what they promise. */
#include <math.h>

#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

static hn_error err;
static hn_context *ctx;

static void setup(void) {
    hn_context_options options = {.struct_size = sizeof options, .threads = 1, .plugin_dir = ""};
    test_host_apply(&options);
    ck_ok(hn_context_create(&options, &ctx, &err));
}

/* Every test ends with nothing held. */
static void teardown(void) {
    hn_memory_info info = {.struct_size = sizeof info};
    ck_ok(hn_context_memory(ctx, &info, &err));
    hn_context_free(ctx);
}

static hn_model *preset(hn_model_options o) {
    hn_model *m = NULL;
    o.struct_size = sizeof o;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &o, &m, &err));
    return m;
}

static uint8_t *bytes_of(const hn_model *m, size_t *n) {
    ck_ok(hn_model_save_memory(m, NULL, 0, n, &err));
    uint8_t *bytes = malloc(*n);
    ck_assert_int_eq(hn_model_save_memory(m, bytes, *n - 1, n, &err), HN_E_BUFFER);
    ck_ok(hn_model_save_memory(m, bytes, *n, n, &err));
    return bytes;
}

START_TEST(the_thesis_network_has_8132_parameters)
{
    hn_model *m = preset((hn_model_options){0});
    hn_model_info info = {.struct_size = sizeof info};
    ck_ok(hn_model_get_info(m, &info, &err));
    ck_assert_int_eq(info.parameters, 8132);
    ck_assert_int_eq(info.multiply_adds, 270 * 4096 + 900 * 4096 + 2 * 900 * 1024 + 5120); /* the thesis: 6.74 M */
    ck_assert_int_eq(info.n_tensors, 10);
    static const char *const names[] = {"conv_block_1.0.weight", "conv_block_1.0.bias", "conv_block_1.2.weight", "conv_block_1.2.bias",
                                        "conv_block_2.0.weight", "conv_block_2.0.bias", "conv_block_2.2.weight", "conv_block_2.2.bias",
                                        "classifier.1.weight",   "classifier.1.bias"};
    static const int64_t sizes[] = {270, 10, 900, 10, 900, 10, 900, 10, 5120, 2};
    for (int i = 0; i < 10; i++) {
        hn_tensor_info t = {.struct_size = sizeof t};
        ck_ok(hn_model_get_tensor(m, i, &t, &err));
        ck_assert_str_eq(t.name, names[i]);
        ck_assert_int_eq(t.elements, sizes[i]);
    }
    char table[8192];
    ck_ok(hn_model_summary(m, 32, table, sizeof table, NULL, &err));
    ck_assert_ptr_nonnull(strstr(table, "8,132"));
    ck_assert_ptr_nonnull(strstr(table, "[32, 10, 64, 64]"));
    hn_model_free(m);
}
END_TEST

START_TEST(every_size_that_two_poolings_allow)
{
    const int32_t sides[] = {4, 5, 48, 64, 128, 256, 448}, channels[] = {1, 2, 3, 16};
    for (size_t i = 0; i < 7; i++)
        for (size_t c = 0; c < 4; c++) {
            hn_model *m =
                preset((hn_model_options){.width = sides[i], .height = sides[6 - i], .channels = channels[c], .hidden = 3, .n_classes = 4});
            hn_layer_info l = {.struct_size = sizeof l};
            ck_ok(hn_model_get_layer(m, 10, &l, &err));
            ck_assert_int_eq(l.output[1], 3 * (sides[i] / 2 / 2) * (sides[6 - i] / 2 / 2));
            hn_model_free(m);
        }
    hn_model *m = NULL;
    hn_model_options tiny = {.struct_size = sizeof tiny, .width = 3, .height = 3};
    ck_assert_int_eq(hn_model_preset(ctx, "tinyvgg", &tiny, &m, &err), HN_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(err.message, "conv_block_2.4"));
    ck_assert_ptr_null(m);
    ck_assert_int_eq(hn_model_preset(ctx, "resnet1", NULL, &m, &err), HN_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "tinyvgg"));
}
END_TEST

START_TEST(what_is_written_reads_back)
{
    static const char *const names[] = {"haemorrhage", "no \"bleed\"", "ungewiß"};
    const hn_window windows[] = {{40, 80}, {80, 200}, {600, 2800}};
    const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
    hn_model *m = preset((hn_model_options){.width = 20,
                                            .height = 12,
                                            .class_names = names,
                                            .n_classes = 3,
                                            .positive = 1,
                                            .threshold = 0.37,
                                            .windows = windows,
                                            .n_windows = 3,
                                            .mean = mean,
                                            .deviation = deviation,
                                            .seed = UINT64_MAX});
    size_t n, again_n;
    uint8_t *bytes = bytes_of(m, &n), *again;
    hn_model *back = NULL;
    ck_ok(hn_model_load_memory(ctx, bytes, n, &back, &err));
    again = bytes_of(back, &again_n);
    ck_assert(n == again_n && !memcmp(bytes, again, n));
    hn_model_info info = {.struct_size = sizeof info};
    ck_ok(hn_model_get_info(back, &info, &err));
    ck_assert_int_eq(info.positive, 0);
    ck_assert_double_eq(info.threshold, 0.37);
    ck_assert_str_eq(hn_model_class_name(back, 2), "ungewiß");
    ck_assert_ptr_null(hn_model_class_name(back, 3));
    free(bytes), free(again), hn_model_free(m), hn_model_free(back);
}
END_TEST

static bool says(const uint8_t *bytes, size_t n, const char *text) { return memmem(bytes, n, text, strlen(text)) != NULL; }

/* Steps of preprocessing are members of the file where they are on, and absent where they are not, as in files written before there were any. */
START_TEST(steps_read_back)
{
    static const char *const members[] = {"slices", "crop_head", "median", "gaussian", "strip_skull"};
    const hn_window windows[] = {{40, 80}, {80, 200}};
    const hn_model_options all[] = {{.slices = 3, .n_windows = 2, .windows = windows, .crop_head = 1, .crop_margin = 0.05, .median = 5, .gaussian = 0.8},
                                    {.slices = 5, .channels = 15},
                                    {.crop_head = 1},
                                    {.slices = 1},
                                    {.preproc_flags = HN_PREPROC_STRIP_SKULL}};
    const int channels[] = {6, 15, 3, 3, 3}, on[] = {15, 1, 2, 0, 16};
    for (int i = 0; i < 5; i++) {
        hn_model *m = preset(all[i]), *back = NULL;
        hn_model_info info = {.struct_size = sizeof info};
        size_t n, again_n;
        uint8_t *bytes = bytes_of(m, &n), *again;
        for (int k = 0; k < 5; k++) ck_assert_int_eq(says(bytes, n, members[k]), on[i] >> k & 1);
        ck_ok(hn_model_load_memory(ctx, bytes, n, &back, &err));
        again = bytes_of(back, &again_n);
        ck_assert(n == again_n && !memcmp(bytes, again, n));
        ck_ok(hn_model_get_info(back, &info, &err));
        ck_assert_int_eq(info.channels, channels[i]);
        free(bytes), free(again), hn_model_free(m), hn_model_free(back);
    }
    hn_model *m = preset(all[0]);
    char text[8192];
    ck_ok(hn_model_summary(m, 1, text, sizeof text, NULL, &err));
    ck_assert_ptr_nonnull(strstr(text, "  input: window 40/80 HU, window 80/200 HU, 3 neighbouring slices, cropped to the head, margin 0.05, median filter 5×5 "
                                       "px, Gaussian filter sigma 0.8 px\n"));
    hn_model_free(m);
}
END_TEST

/* A network with every kind of layer goes through the file. */
START_TEST(built_networks_read_back)
{
    hn_builder *b = NULL;
    hn_model *m = NULL, *back = NULL;
    hn_model_options o = {.struct_size = sizeof o, .width = 16, .height = 16, .channels = 2, .n_classes = 5, .task = HN_TASK_MULTI};
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    hn_conv2d_options conv = {.struct_size = sizeof conv, .filters = 4, .kernel = {3, 5}, .padding = {1, 2}, .groups = 2, .no_bias = 1,
                              .extra_padding = {1, 1}};
    hn_pool2d_options pool = {.struct_size = sizeof pool, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}, .exclude_padding = 1};
    int32_t x = 0, skip, y;
    ck_ok(hn_builder_conv2d(b, x, "stem", &conv, &x, &err));
    ck_ok(hn_builder_batch_norm(b, x, "norm", 0, 0, &x, &err));
    ck_ok(hn_builder_activation(b, x, "act", HN_ACT_RELU, &x, &err));
    ck_ok(hn_builder_max_pool2d(b, x, "max", NULL, &skip, &err));
    conv = (hn_conv2d_options){.struct_size = sizeof conv, .filters = 4, .padding = {2, 2}, .dilation = {2, 2}};
    ck_ok(hn_builder_conv2d(b, skip, "body", &conv, &y, &err));
    ck_ok(hn_builder_add(b, y, skip, "sum", &x, &err));
    ck_ok(hn_builder_avg_pool2d(b, x, "avg", &pool, &x, &err));
    ck_ok(hn_builder_dropout(b, x, "drop", 0.25, &x, &err));
    ck_ok(hn_builder_dense(b, x, "mix", 7, 1, &y, &err));
    ck_ok(hn_builder_activation(b, y, "gate", HN_ACT_SIGMOID, &y, &err));
    ck_ok(hn_builder_dense(b, y, "head", 5, 0, &y, &err));
    ck_assert_int_eq(hn_builder_finish(b, x, &m, &err), HN_E_SHAPE);
    ck_ok(hn_builder_finish(b, y, &m, &err));
    ck_assert_int_eq(hn_builder_finish(b, y, &back, &err), HN_E_STATE);
    ck_assert_int_eq(hn_builder_dense(b, y, "late", 2, 0, &y, &err), HN_E_STATE);
    hn_builder_free(b);
    size_t n, again_n;
    uint8_t *bytes = bytes_of(m, &n), *again;
    ck_ok(hn_model_load_memory(ctx, bytes, n, &back, &err));
    again = bytes_of(back, &again_n);
    ck_assert(n == again_n && !memcmp(bytes, again, n));
    free(bytes), free(again), hn_model_free(m), hn_model_free(back);
}
END_TEST

/* A valid file with one place of the metadata replaced by something of the same length. */
static hn_status load_changed(const uint8_t *bytes, size_t n, const char *from, const char *to) {
    uint8_t *copy = malloc(n);
    hn_model *m = NULL;
    memcpy(copy, bytes, n);
    ck_assert_uint_eq(strlen(from), strlen(to));
    uint8_t *at = memmem(copy, n, from, strlen(from));
    ck_assert_msg(at != NULL, "%s is not in the file", from);
    memcpy(at, to, strlen(to));
    hn_status status = hn_model_load_memory(ctx, copy, n, &m, &err);
    ck_assert_ptr_null(m);
    free(copy);
    return status;
}

/* The layers of newer networks, by way of the file and by its description spoilt. */
START_TEST(newer_networks_read_back)
{
    hn_builder *b = NULL;
    hn_model *m = NULL, *back = NULL;
    hn_model_options o = {.struct_size = sizeof o, .width = 16, .height = 12, .channels = 3, .n_classes = 2};
    hn_conv2d_options conv = {.struct_size = sizeof conv, .filters = 40, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
    int32_t x = 0, y, z;
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    ck_ok(hn_builder_group_norm(b, x, "first", 0, 0, &x, &err)); /* 3 channels, so 3 groups */
    ck_ok(hn_builder_conv2d(b, x, "stem", &conv, &x, &err));
    ck_assert_int_eq(hn_builder_group_norm(b, x, "norm", 0, 0, &y, &err), HN_E_SHAPE); /* 32 do not divide 40 */
    ck_ok(hn_builder_group_norm(b, x, "norm", 8, 1e-3, &x, &err));
    for (int32_t act = HN_ACT_RELU; act <= HN_ACT_TANH; act++) {
        char name[16];
        snprintf(name, sizeof name, "act%d", (int)act);
        ck_ok(hn_builder_activation(b, x, name, act, &x, &err));
    }
    ck_assert_int_eq(hn_builder_activation(b, x, "act", HN_ACT_TANH + 1, &y, &err), HN_E_ARGUMENT);
    ck_ok(hn_builder_squeeze_excite(b, x, "se", 10, HN_ACT_SILU, &y, &err));
    ck_assert_int_eq(y, x + 6);
    z = -5;
    ck_assert_int_eq(hn_builder_squeeze_excite(b, y, "se", 10, 0, &z, &err), HN_E_ARGUMENT); /* the name is taken */
    ck_assert_int_eq(hn_builder_squeeze_excite(b, y, "other", 0, 0, &z, &err), HN_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "other.fc1"));
    ck_assert_int_eq(hn_builder_squeeze_excite(b, y, "other", 4, 99, &z, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_builder_squeeze_excite(b, y, "a_name_that_leaves_no_room_for_the_names_of_the_parts", 4, 0, &z, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_builder_squeeze_excite(b, 99, "other", 4, 0, &z, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(z, -5);
    ck_ok(hn_builder_concat(b, x, y, "both", &x, &err));
    ck_assert_int_eq(x, y + 1); /* nothing is left of what was refused */
    ck_ok(hn_builder_dense(b, x, "gate", 80, 0, &y, &err));
    ck_ok(hn_builder_channel_scale(b, x, y, "gated", &x, &err));
    ck_ok(hn_builder_dense(b, x, "head", 2, 0, &x, &err));
    ck_ok(hn_builder_finish(b, x, &m, &err));
    hn_builder_free(b);
    char table[16384];
    ck_ok(hn_model_summary(m, 1, table, sizeof table, NULL, &err));
    ck_assert_ptr_nonnull(strstr(table, "se.fc1 (conv2d)"));
    ck_assert_ptr_nonnull(strstr(table, "se.scale (channel_scale)"));
    hn_layer_info layer = {.struct_size = sizeof layer};
    ck_ok(hn_model_get_layer(m, 2, &layer, &err));
    ck_assert_str_eq(layer.kind, "group_norm");
    ck_assert_str_eq(layer.detail, "8 groups");
    ck_assert_int_eq(layer.parameters, 80);
    ck_ok(hn_model_get_layer(m, 7, &layer, &err));
    ck_assert_str_eq(layer.detail, "hard-swish");
    size_t n, again_n;
    uint8_t *bytes = bytes_of(m, &n), *again;
    ck_ok(hn_model_load_memory(ctx, bytes, n, &back, &err));
    again = bytes_of(back, &again_n);
    ck_assert(n == again_n && !memcmp(bytes, again, n));
    static const struct {
        const char *from, *to;
        hn_status status;
    } spoilt[] = {
        {"\\\"groups\\\":8,\\\"epsilon", "\\\"groups\\\":7,\\\"epsilon", HN_E_SHAPE},
        {"\\\"groups\\\":8,\\\"epsilon", "\\\"groups\\\":0,\\\"epsilon", HN_E_SHAPE},
        {"\\\"groups\\\":8,\\\"epsilon", "\\\"grouqs\\\":8,\\\"epsilon", HN_E_FORMAT},
        {"\\\"function\\\":\\\"silu\\\"", "\\\"function\\\":\\\"selu\\\"", HN_E_FORMAT},
        {"\\\"function\\\":\\\"tanh\\\"", "\\\"function\\\":\\\"none\\\"", HN_E_FORMAT},
        {"\\\"name\\\":\\\"se.scale\\\",\\\"in\\\":[9,14]", "\\\"name\\\":\\\"se.scale\\\",\\\"in\\\":[9,99]", HN_E_NOT_FOUND},
        {"\\\"name\\\":\\\"se.scale\\\",\\\"in\\\":[9,14]", "\\\"name\\\":\\\"se.scale\\\",\\\"in\\\":[14,9]", HN_E_SHAPE},
        {"\\\"name\\\":\\\"se.scale\\\",\\\"in\\\":[9,14]", "\\\"name\\\":\\\"se.scale\\\",\\\"in\\\":[9914]", HN_E_FORMAT},
        {"\\\"name\\\":\\\"both\\\",\\\"in\\\":[9,15]", "\\\"name\\\":\\\"both\\\",\\\"in\\\":[9,10]", HN_E_SHAPE},
    };
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        const hn_status status = load_changed(bytes, n, spoilt[i].from, spoilt[i].to);
        ck_assert_msg(status == spoilt[i].status, "%s gave %s: %s", spoilt[i].to, hn_status_name(status), err.message);
    }
    free(bytes), free(again), hn_model_free(m), hn_model_free(back);
}
END_TEST

START_TEST(builders_refuse_what_cannot_work)
{
    hn_builder *b = NULL;
    hn_model_options o = {.struct_size = sizeof o, .width = 8, .height = 8, .channels = 3};
    hn_conv2d_options conv = {.struct_size = sizeof conv, .filters = 4, .kernel = {9, 9}};
    int32_t x = 77;
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    ck_assert_int_eq(hn_builder_conv2d(b, 0, "wide", &conv, &x, &err), HN_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(err.message, "wide"));
    ck_assert_int_eq(x, 77); /* untouched */
    conv.kernel[0] = conv.kernel[1] = 3;
    conv.groups = 2;
    ck_assert_int_lt(hn_builder_conv2d(b, 0, "groups", &conv, &x, &err), 0);
    conv.groups = 1;
    ck_assert_int_eq(hn_builder_conv2d(b, 5, "nowhere", &conv, &x, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_builder_conv2d(b, 0, "bad name!", &conv, &x, &err), HN_E_ARGUMENT);
    ck_ok(hn_builder_conv2d(b, 0, "good", &conv, &x, &err));
    ck_assert_int_eq(hn_builder_conv2d(b, 0, "good", &conv, &x, &err), HN_E_ARGUMENT);
    conv.filters = 0;
    ck_assert_int_lt(hn_builder_conv2d(b, 0, "none", &conv, &x, &err), 0);
    conv.filters = INT32_MAX;
    ck_assert_int_lt(hn_builder_conv2d(b, 0, "vast", &conv, &x, &err), 0);
    ck_assert_int_lt(hn_builder_dropout(b, 0, "all", 1.0, &x, &err), 0);
    ck_assert_int_lt(hn_builder_dropout(b, 0, "nan", NAN, &x, &err), 0);
    hn_builder_free(b);
    hn_builder_free(NULL);
}
END_TEST

START_TEST(bad_options_are_refused)
{
    static const char *const twice[] = {"a", "a"}, *const empty[] = {"a", ""}, *const line[] = {"a\n", "b"}, *const deleted[] = {"a", "b\x7f"};
    const hn_window flat[] = {{40, 0}}, three[] = {{40, 80}, {40, 80}, {40, 80}};
    const double zero[] = {0, 0, 0};
    const hn_model_options bad[] = {{.width = -1},
                                    {.width = 5000},
                                    {.channels = 17},
                                    {.n_classes = 1},
                                    {.n_classes = 5000},
                                    {.positive = 3},
                                    {.threshold = 1},
                                    {.threshold = NAN},
                                    {.class_names = twice},
                                    {.class_names = empty},
                                    {.class_names = line},
                                    {.class_names = deleted},
                                    {.windows = flat, .n_windows = 1},
                                    {.n_windows = 2},
                                    {.deviation = zero},
                                    {.hidden = -1},
                                    {.hidden = 100000},
                                    {.task = 3},
                                    {.flags = 1},
                                    {.slices = -1},
                                    {.slices = 2},
                                    {.slices = 17},
                                    {.slices = 3, .channels = 4},
                                    {.slices = 3, .channels = 3, .n_windows = 3, .windows = three},
                                    {.slices = 15, .n_windows = 3, .windows = three},
                                    {.n_windows = -1},
                                    {.crop_head = 2},
                                    {.crop_margin = 1.5},
                                    {.median = 4},
                                    {.gaussian = -1},
                                    {.gaussian = NAN},
                                    {.preproc_flags = 2},
                                    {.preproc_flags = -1},
                                    {.task = HN_TASK_MULTI, .n_classes = 65}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hn_model_options o = bad[i];
        hn_model *m = (hn_model *)1;
        o.struct_size = sizeof o;
        ck_assert_msg(hn_model_preset(ctx, "tinyvgg", &o, &m, &err) == HN_E_ARGUMENT, "options %zu: %s", i, err.message);
        ck_assert_ptr_null(m);
    }
}
END_TEST

/* --- hostile files ---------------------------------------------------------------------------------------------------------- */

/* A file of a header text and `data` zero bytes; claimed = 0 writes the true header length. */
static hn_status load_text(const char *header, size_t data, uint64_t claimed) {
    size_t h = strlen(header), n = 8 + h + data;
    uint8_t *bytes = calloc(1, n);
    uint64_t length = claimed ? claimed : h;
    hn_model *m = (hn_model *)1;
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, h);
    hn_memory_info before = {.struct_size = sizeof before}, after = before;
    ck_ok(hn_context_memory(ctx, &before, &err));
    hn_status status = hn_model_load_memory(ctx, bytes, n, &m, &err);
    ck_ok(hn_context_memory(ctx, &after, &err));
    ck_assert_ptr_null(m);
    ck_assert_uint_eq(before.live_bytes, after.live_bytes);
    ck_assert_msg(after.peak_bytes < (1u << 20) + 64 * n, "took %llu bytes", (unsigned long long)after.peak_bytes);
    free(bytes);
    return status;
}

START_TEST(hostile_containers_are_refused)
{
    static const struct {
        const char *header;
        size_t data;
        uint64_t claimed;
        hn_status status;
    } files[] = {
        {"{}", 0, 0, HN_E_UNSUPPORTED},    /* empty but valid: no metadata */
        {"{}", 0, 4ull << 30, HN_E_LIMIT}, /* says 4 GiB */
        {"{}", 0, UINT64_MAX, HN_E_LIMIT},
        {"{}", 0, 3, HN_E_FORMAT}, /* longer than the file */
        {"[]", 0, 0, HN_E_FORMAT},
        {"{", 0, 1, HN_E_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}", 8, 0, HN_E_FORMAT},   /* unbalanced */
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, 0, HN_E_FORMAT},  /* truncated data */
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12, 0, HN_E_FORMAT}, /* trailing bytes */
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, 0, HN_E_FORMAT},  /* shape and bytes disagree */
        {"{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, 0, HN_E_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, 0, HN_E_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4611686018427387904],\"data_offsets\":[0,8]}}", 8, 0, HN_E_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1e9],\"data_offsets\":[0,8]}}", 8, 0, HN_E_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, 0, HN_E_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]}}",
         8, 0, HN_E_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
         12, 0, HN_E_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}",
         12, 0, HN_E_FORMAT},
        {"{\"__metadata__\":{\"haemnet\":\"no json\"}}", 0, 0, HN_E_FORMAT},
        {"{\"__metadata__\":{\"haemnet\":7}}", 0, 0, HN_E_FORMAT},
        {"{\"__metadata__\":[]}", 0, 0, HN_E_FORMAT},
        {"{\"__metadata__\":{\"haemnet\":\"{}\"}}", 0, 0, HN_E_FORMAT},
        {"{\"__metadata__\":{\"haemnet\":\"{\\\"format\\\":99}\"}}", 0, 0, HN_E_UNSUPPORTED},
        {"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 0, 0, HN_E_LIMIT},
        {"{\"\\ud800\":1}", 0, 0, HN_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        hn_status status = load_text(files[i].header, files[i].data, files[i].claimed);
        ck_assert_msg(status == files[i].status, "file %zu gave %s: %s", i, hn_status_name(status), err.message);
    }
    hn_model *m = NULL;
    ck_assert_int_eq(hn_model_load_memory(ctx, "abc", 3, &m, &err), HN_E_FORMAT);
    ck_assert_int_eq(hn_model_load(ctx, "/nowhere/model.safetensors", &m, &err), HN_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "/nowhere/model.safetensors"));
}
END_TEST

START_TEST(hostile_steps_are_refused)
{
    hn_model *m = preset((hn_model_options){.width = 8, .height = 8, .hidden = 2, .slices = 3, .crop_head = 1, .crop_margin = 0.25, .median = 5,
                                            .gaussian = 0.75, .preproc_flags = HN_PREPROC_STRIP_SKULL});
    size_t n;
    uint8_t *bytes = bytes_of(m, &n);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"slices\\\":3", "\\\"slices\\\":2"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"median\\\":5", "\\\"median\\\":4"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"gaussian\\\":0.75", "\\\"gaussian\\\":75.0"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"gaussian\\\":0.75", "\\\"gaussian\\\":true"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"crop_head\\\":0.25", "\\\"crop_head\\\":true"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"crop_head\\\":0.25", "\\\"crop_head\\\":2.50"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"strip_skull\\\":true", "\\\"strip_skull\\\":7.25"), HN_E_FORMAT);
    free(bytes), hn_model_free(m);
}
END_TEST

START_TEST(hostile_metadata_is_refused)
{
    static const char *const names[] = {"abcdefghij", "b"};
    hn_model *m = preset((hn_model_options){.width = 8, .height = 8, .hidden = 2, .class_names = names, .seed = UINT64_MAX});
    size_t n;
    uint8_t *bytes = bytes_of(m, &n);
    ck_assert_int_eq(load_changed(bytes, n, "abcdefghij", "abc\\\\u001b"), HN_E_FORMAT); /* for whoever prints it on a terminal */
    ck_assert_ptr_nonnull(strstr(err.message, "control character"));
    static const char *const seeds[] = {"18446744073709551616", "-0000000000000000001", "+0000000000000000001", " 0000000000000000001", "0000000000000000001x"};
    for (int i = 0; i < 5; i++) ck_assert_int_eq(load_changed(bytes, n, "18446744073709551615", seeds[i]), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"filters\\\":2", "\\\"filters\\\":9"), HN_E_SHAPE); /* weights do not fit */
    ck_assert_int_eq(load_changed(bytes, n, "\\\"kernel\\\":[3,3]", "\\\"kernel\\\":[0,3]"), HN_E_SHAPE);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"in\\\":[0]", "\\\"in\\\":[9]"), HN_E_NOT_FOUND);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"op\\\":\\\"conv2d\\\"", "\\\"op\\\":\\\"conv9d\\\""), HN_E_UNSUPPORTED);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"threshold\\\":0.5", "\\\"threshold\\\":1.5"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"width\\\":8", "\\\"width\\\":x"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"positive\\\":null", "\\\"positive\\\":true"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "pillow-bilinear", "pillow-lanczos3"), HN_E_UNSUPPORTED);
    uint8_t *weights = bytes + n - 8; /* the last two floats: a bias */
    const float nan = NAN;
    memcpy(weights, &nan, 4);
    hn_model *out = NULL;
    ck_assert_int_eq(hn_model_load_memory(ctx, bytes, n, &out, &err), HN_E_NUMERIC);
    ck_assert_ptr_nonnull(strstr(err.message, "classifier.1.bias"));
    free(bytes), hn_model_free(m);
}
END_TEST

/* Every prefix, and every single byte changed in three ways, is refused or loads; nothing crashes, nothing leaks. */
START_TEST(damaged_files_never_hurt)
{
    hn_model *m = preset((hn_model_options){.width = 4, .height = 4, .channels = 1, .hidden = 1});
    size_t n, loaded = 0;
    uint8_t *bytes = bytes_of(m, &n);
    hn_model *out = NULL;
    hn_memory_info before = {.struct_size = sizeof before}, after = before;
    ck_ok(hn_context_memory(ctx, &before, &err));
    for (size_t i = 0; i < n; i++) ck_assert_int_ne(hn_model_load_memory(ctx, bytes, i, &out, &err), HN_OK);
    for (size_t i = 0; i < n; i++)
        for (int way = 0; way < 3; way++) {
            uint8_t old = bytes[i];
            bytes[i] = way == 0 ? (uint8_t)(old ^ 1) : way == 1 ? 0xFF : '"';
            if (hn_model_load_memory(ctx, bytes, n, &out, &err) == HN_OK) loaded++;
            hn_model_free(out);
            out = NULL;
            bytes[i] = old;
        }
    ck_ok(hn_context_memory(ctx, &after, &err));
    ck_assert_uint_eq(before.live_bytes, after.live_bytes);
    ck_assert_uint_gt(loaded, 0); /* a changed weight or letter of a name is still a model */
    free(bytes), hn_model_free(m);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("model file");
    TCase *tc = tcase_create("model file");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_thesis_network_has_8132_parameters);
    tcase_add_test(tc, every_size_that_two_poolings_allow);
    tcase_add_test(tc, what_is_written_reads_back);
    tcase_add_test(tc, steps_read_back);
    tcase_add_test(tc, built_networks_read_back);
    tcase_add_test(tc, newer_networks_read_back);
    tcase_add_test(tc, builders_refuse_what_cannot_work);
    tcase_add_test(tc, bad_options_are_refused);
    tcase_add_test(tc, hostile_containers_are_refused);
    tcase_add_test(tc, hostile_steps_are_refused);
    tcase_add_test(tc, hostile_metadata_is_refused);
    tcase_add_test(tc, damaged_files_never_hurt);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
