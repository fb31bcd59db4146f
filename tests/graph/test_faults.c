/* Graph, weights and executor when memory runs out at any point. */
#include "nets.h"

/* The n-th allocation fails, for every n: a clean error, and everything can be freed. */
static struct {
    long left; /* -1 = never fail */
} faults = {-1};

static void *faulty_alloc(void *user, size_t size, size_t alignment) {
    (void)user;
    if (faults.left == 0)
        return NULL;
    if (faults.left > 0)
        faults.left--;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void faulty_free(void *user, void *ptr, size_t size, size_t alignment) {
    (void)user;
    (void)size;
    (void)alignment;
    free(ptr);
}

static hn_status make_small(hn_context *ctx, hni_graph **g) {
    hn_status status = hni_graph_create(ctx, 1, 6, 6, g, &err);
    const hni_layer c = conv_of("c", 0, 2, 3, 1, 1), f = layer_of(HNI_LAYER_FLATTEN, "f", 1);
    hni_layer d = layer_of(HNI_LAYER_DENSE, "d", 2);
    d.filters = 2;
    int32_t out;
    const hni_layer *all[] = {&c, &f, &d};
    for (int i = 0; i < 3 && status == HN_OK; i++)
        status = hni_graph_add(*g, all[i], &out, &err);
    return status == HN_OK ? hni_graph_finish(*g, 3, 2, &err) : status;
}

START_TEST(every_allocation_may_fail) {
    const hn_allocator allocator = {.struct_size = sizeof allocator, .alloc = faulty_alloc, .free = faulty_free};
    const hn_context_options options = {.struct_size = sizeof options, .threads = 1, .allocator = &allocator, .plugin_dir = ""};
    hn_context *ctx;
    ck_ok(hni_context_create(&options, &ctx, &err));
    const hn_backend *table = hni_reference_backend();
    ck_ok(hni_registry_create(ctx, &table, 1, &err));
    hni_device *device;
    ck_ok(hni_device_open(ctx, 0, &device, &err));
    const uint_fast64_t blocks = ctx->live_blocks;
    hn_status status = HN_E_MEMORY;
    long n = 0;
    for (; status != HN_OK; n++) {
        faults.left = n;
        hni_graph *g = NULL;
        hni_weights w = {0};
        hni_executor *ex = NULL;
        const hni_executor_options o = {.mode = HNI_MODE_TRAIN, .batch = 2, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5,
                                        .optimizer = HN_OPTIMIZER_ADAM};
        status = make_small(ctx, &g);
        if (status == HN_OK)
            status = hni_weights_create(device, g, true, &w, &err);
        if (status == HN_OK)
            status = hni_executor_create(device, g, &w, &o, &ex, &err);
        ck_assert_msg(status == HN_OK || status == HN_E_MEMORY, "allocation %ld: %s", n, err.message);
        hni_executor_free(ex);
        hni_weights_free(&w);
        hni_graph_unref(g);
        ck_assert_uint_eq(ctx->live_blocks, blocks);
    }
    ck_assert_int_gt(n, 20);
    faults.left = -1;
    hni_device_close(device);
    hni_context_unref(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("faults");
    TCase *t = tcase_create("faults");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
