/* test_memory.c - the memory that the summary says, against the allocator's count: for predictors and trainers, presets and built networks,
 * several sizes, batches and numbers of threads. What may differ is handles and the headers of blocks: FEW bytes; the list of epochs; and what is
 * kept of each image to know it again, which is of the data and not of the network. */
#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

enum { FEW = 4096, HISTORY = 1024, ROW = 168 + 128 /* fingerprint, with the data; trace, with the trainer */ };
static hn_error err;
static hn_context *ctx;

static hn_context *new_context(int32_t threads) {
    hn_context *context = NULL;
    hn_context_options o = {.struct_size = sizeof o, .threads = threads, .plugin_dir = ""};
    test_host_apply(&o);
    ck_ok(hn_context_create(&o, &context, &err));
    return context;
}

static long long live(void) {
    hn_memory_info info = {.struct_size = sizeof info};
    ck_ok(hn_context_memory(ctx, &info, &err));
    return (long long)info.live_bytes;
}

/* The figure of the summary's line "memory for WHAT 1,234 bytes". */
static long long said(const hn_model *model, int32_t batch, const char *what) {
    static char text[1 << 16], name[64];
    long long value = 0;
    ck_ok(hn_model_summary(model, batch, text, sizeof text, NULL, &err));
    snprintf(name, sizeof name, "memory for %s ", what);
    const char *at = strstr(text, name);
    ck_assert_msg(at, "no line %s in\n%s", name, text);
    for (at += strlen(name); *at != 'b'; at++)
        if (*at >= '0' && *at <= '9') value = 10 * value + (*at - '0');
    return value;
}

static void check(const char *name, const char *what, int32_t batch, long long predicted, long long counted, long long few) {
    ck_assert_msg(counted >= predicted && counted - predicted <= few, "%s, %s, batch %d: %lld bytes predicted, %lld counted (%+lld)", name, what, batch,
                  predicted, counted, counted - predicted);
}

static void check_predictor(const char *name, const hn_model *model, int32_t batch) {
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = batch};
    hn_predictor *p = NULL;
    const long long before = live();
    ck_ok(hn_predictor_create(model, &o, &p, &err));
    check(name, "inference", batch, said(model, batch, "inference"), live() - before, FEW);
    hn_predictor_free(p);
}

/* Four batches of images of both classes, as many as the loader looks ahead. */
static hn_dataset *new_data(int32_t batch) {
    static uint8_t pixels[8 * 8];
    const hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_U8, .width = 8, .height = 8, .channels = 1, .data = pixels};
    const hn_dataset_options o = {.struct_size = sizeof o, .cache_bytes = 1};
    hn_dataset *data = NULL;
    hn_image *image = NULL;
    hn_dataset_info info = {.struct_size = sizeof info};
    ck_ok(hn_dataset_create(ctx, &o, &data, &err));
    ck_ok(hn_image_wrap(ctx, &p, &image, &err));
    for (int32_t i = 0; i < 4 * batch; i++) ck_ok(hn_dataset_add_image(data, image, i % 2 ? "1" : "0", NULL, &err));
    hn_image_free(image);
    ck_ok(hn_dataset_get_info(data, &info, &err)); /* what is worked out once is there */
    return data;
}

static void check_trainer(const char *name, const hn_model *model, int32_t batch) {
    const hn_train_options o = {.struct_size = sizeof o, .batch = batch};
    hn_dataset *train = new_data(batch), *test = new_data(batch);
    hn_trainer *t = NULL;
    hn_epoch_report report = {.struct_size = sizeof report};
    const long long before = live();
    ck_ok(hn_trainer_create(model, train, test, &o, &t, &err));
    const long long predicted = said(model, batch, "training");
    check(name, "training", batch, predicted, live() - before, FEW);
    if (batch < 32) { /* an epoch of more only takes time */
        ck_ok(hn_train_epoch(t, &report, &err));
        check(name, "after an epoch of training", batch, predicted, live() - before, FEW + HISTORY + 8 * batch * ROW);
    }
    hn_trainer_free(t);
    hn_dataset_free(train);
    hn_dataset_free(test);
}

static void check_all(const char *name, const hn_model *model) {
    static const int32_t batches[] = {1, 3, 32};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        check_predictor(name, model, batches[i]);
        check_trainer(name, model, batches[i]);
    }
}

static hn_model *residual_net(int32_t size) {
    const hn_model_options o = {.struct_size = sizeof o, .width = size, .height = size, .channels = 1};
    const hn_conv2d_options conv = {.struct_size = sizeof conv, .filters = 12, .kernel = {3, 3}, .padding = {1, 1}, .no_bias = 1};
    hn_builder *b = NULL;
    hn_model *model = NULL;
    int32_t x = 0, skip;
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    ck_ok(hn_builder_conv2d(b, x, "stem", &conv, &x, &err));
    ck_ok(hn_builder_batch_norm(b, x, "stem_norm", 0, 0, &x, &err));
    ck_ok(hn_builder_activation(b, x, "stem_relu", HN_ACT_RELU, &x, &err));
    skip = x;
    ck_ok(hn_builder_conv2d(b, x, "conv", &conv, &x, &err));
    ck_ok(hn_builder_batch_norm(b, x, "norm", 0, 0, &x, &err));
    ck_ok(hn_builder_add(b, x, skip, "add", &x, &err));
    ck_ok(hn_builder_activation(b, x, "relu", HN_ACT_RELU, &x, &err));
    ck_ok(hn_builder_dropout(b, x, "drop", 0.25, &x, &err));
    ck_ok(hn_builder_global_avg_pool(b, x, "pool", &x, &err));
    ck_ok(hn_builder_dense(b, x, "head", 2, 0, &x, &err));
    ck_ok(hn_builder_finish(b, x, &model, &err));
    hn_builder_free(b);
    return model;
}

START_TEST(said_is_counted) {
    static const int32_t sizes[] = {16, 64, 97}, threads[] = {1, 5};
    char name[64];
    for (size_t t = 0; t < 2; t++) {
        ctx = new_context(threads[t]);
        for (size_t i = 0; i < 3; i++) {
            const hn_model_options o = {.struct_size = sizeof o, .width = sizes[i], .height = sizes[i], .hidden = i == 2 ? 5 : 0};
            hn_model *tinyvgg = NULL, *residual = residual_net(sizes[i]);
            ck_ok(hn_model_preset(ctx, "tinyvgg", &o, &tinyvgg, &err));
            snprintf(name, sizeof name, "tinyvgg, %d px, %d threads", sizes[i], threads[t]);
            check_all(name, tinyvgg);
            snprintf(name, sizeof name, "residual network, %d px, %d threads", sizes[i], threads[t]);
            check_all(name, residual);
            hn_model_free(tinyvgg);
            hn_model_free(residual);
        }
        hn_context_free(ctx);
    }
}
END_TEST

/* Asking takes nothing that stays, and never the memory itself. */
START_TEST(asking_takes_nothing) {
    hn_memory_info info = {.struct_size = sizeof info};
    hn_model *model = NULL;
    ctx = new_context(1);
    ck_ok(hn_model_preset(ctx, "tinyvgg", NULL, &model, &err));
    const long long before = live();
    ck_assert_int_gt(said(model, 4096, "training"), 1LL << 30);
    ck_assert_int_eq(live(), before);
    ck_ok(hn_context_memory(ctx, &info, &err));
    ck_assert_uint_lt(info.peak_bytes, 1 << 21);
    hn_model_free(model);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("memory said and counted");
    TCase *tests = tcase_create("memory");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, said_is_counted);
    tcase_add_test(tests, asking_takes_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
