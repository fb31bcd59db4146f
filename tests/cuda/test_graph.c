/* test_graph.c - plans of cuDNN's graph API: which engine is taken, what is kept, what a run makes anew, and that the fake notices a
 * backend that is wrong (else the other tests would prove nothing). */
#include "cudnn_device.h"

/* Prepares and runs a small convolution; the engine that did it, 0 = refused. */
static int engine_of(const char *spec, int offered) {
    pair p = open_pair(spec);
    fake_cudnn_offer(offered);
    const hn_op_desc d = small_conv(false, 0);
    prepared r;
    const hn_status status = prepare(&p, &d, &r);
    if (status == HN_OK)
        ck_ok(run(&p, &r));
    else
        ck_assert_int_eq(status, HN_E_UNSUPPORTED);
    const int engine = fake_cudnn_engine();
    end_prepared(&p, &r);
    close_pair(&p);
    return engine;
}

START_TEST(engines)
{
    static const struct {
        const char *spec;
        int offered, taken;
    } ROWS[] = {
        {"cudnn:0", FAKE_ENGINE_ALL, FAKE_ENGINE_DISORDERED},
        {"cudnn:0", FAKE_ENGINE_TENSOR | FAKE_ENGINE_FALLBACK, FAKE_ENGINE_FALLBACK},
        {"cudnn:0", FAKE_ENGINE_TENSOR | FAKE_ENGINE_SHORT, 0},
        {"cudnn:0", FAKE_ENGINE_BALKS | FAKE_ENGINE_LARGE, 0},
        {"cudnn:0", FAKE_ENGINE_LARGE | FAKE_ENGINE_PLAIN, FAKE_ENGINE_PLAIN},
        {"cudnn:0", 0, 0},
        {"cudnn:0+deterministic", FAKE_ENGINE_ALL, FAKE_ENGINE_PLAIN},
        {"cudnn:0+deterministic", FAKE_ENGINE_DISORDERED | FAKE_ENGINE_TENSOR, 0},
        {"cudnn:0+tf32", FAKE_ENGINE_ALL, FAKE_ENGINE_TENSOR},
        {"cudnn:0+tf32", FAKE_ENGINE_SHORT, 0},
        {"cudnn:0+tf32+deterministic", FAKE_ENGINE_ALL, FAKE_ENGINE_TENSOR},
        {"cudnn:0+bf16", FAKE_ENGINE_ALL, FAKE_ENGINE_TENSOR},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const int taken = engine_of(ROWS[i].spec, ROWS[i].offered);
        ck_assert_msg(taken == ROWS[i].taken, "row %zu, %s of %d: engine %d, not %d", i, ROWS[i].spec, ROWS[i].offered, taken,
                      ROWS[i].taken);
    }
}
END_TEST

START_TEST(refusals_say_why)
{
    pair p = open_pair("cudnn:0+deterministic");
    fake_cudnn_offer(FAKE_ENGINE_DISORDERED | FAKE_ENGINE_TENSOR);
    const hn_op_desc d = small_conv(false, 0);
    ck_assert_int_eq(p.device->table.supports(p.device->handle, &d, &err), HN_E_UNSUPPORTED);
    ck_assert_msg(strstr(err.message, "none of 2 engines") && strstr(err.message, "1 round") &&
                      strstr(err.message, "1 are not deterministic"),
                  "%s", err.message);
    ck_assert_ptr_nonnull(strstr(err.message, "conv2d [2, 3, 9, 8]"));
    close_pair(&p);
}
END_TEST

START_TEST(plans_are_kept)
{
    pair p = open_pair("cudnn:0");
    const hn_op_desc d = small_conv(true, 1), other = small_conv(true, 2);
    prepared a, b, c;
    int64_t hits, made, more;
    ck_ok(prepare(&p, &d, &a));
    hni_graph_counts(cuda_of(&p), &hits, &made);
    ck_assert_int_eq(made, 1);
    const long calls = fake_calls(FAKE_CUDNN);
    ck_ok(prepare(&p, &d, &b));
    hni_graph_counts(cuda_of(&p), &more, &made);
    ck_assert_int_eq(made, 1);
    ck_assert_int_gt(more, hits);
    ck_assert_int_eq(fake_calls(FAKE_CUDNN), calls); /* cuDNN is not asked at all */
    ck_ok(prepare(&p, &other, &c));
    hni_graph_counts(cuda_of(&p), &hits, &made);
    ck_assert_int_eq(made, 2);
    ck_ok(run(&p, &a));
    end_prepared(&p, &a);
    ck_ok(run(&p, &b)); /* the plan outlives the operator that it was made for */
    end_prepared(&p, &b);
    end_prepared(&p, &c);
    close_pair(&p);
}
END_TEST

START_TEST(refusals_are_kept)
{
    pair p = open_pair("cudnn:0");
    fake_cudnn_offer(0);
    const hn_op_desc d = small_conv(false, 0);
    ck_assert_int_eq(p.device->table.supports(p.device->handle, &d, &err), HN_E_UNSUPPORTED);
    const long calls = fake_calls(FAKE_CUDNN);
    ck_assert_int_eq(p.device->table.supports(p.device->handle, &d, &err), HN_E_UNSUPPORTED);
    ck_assert_int_eq(fake_calls(FAKE_CUDNN), calls);
    close_pair(&p);
}
END_TEST

START_TEST(runs_make_nothing)
{
    pair p = open_pair("cudnn:0");
    const hn_op_desc d = small_conv(true, 1);
    prepared r;
    ck_ok(prepare(&p, &d, &r));
    ck_ok(run(&p, &r));
    const long created = fake_calls_of("cudnnBackendCreateDescriptor"), live = fake_live(FAKE_CUDNN), memory = fake_live(FAKE_CUDA);
    for (int i = 0; i < 3; i++) ck_ok(run(&p, &r));
    ck_assert_int_eq(fake_calls_of("cudnnBackendCreateDescriptor"), created);
    hn_buffer other = {0}, first = r.out[0];
    ck_ok(hni_device_alloc(p.device, first.size, &other, &err));
    const long with_other = fake_live(FAKE_CUDA);
    r.out[0] = other; /* other pointers: one description is made anew, the old one goes */
    ck_ok(run(&p, &r));
    ck_assert_int_eq(fake_calls_of("cudnnBackendCreateDescriptor"), created + 1);
    ck_assert_int_eq(fake_live(FAKE_CUDNN), live);
    ck_assert_int_eq(fake_live(FAKE_CUDA), with_other);
    ck_assert_int_ge(with_other, memory);
    ck_assert_int_eq(fake_calls_of("cudaStreamSynchronize"), 0);
    hni_device_free(p.device, &first);
    end_prepared(&p, &r);
    close_pair(&p);
}
END_TEST

/* x[1,2,4,4] * w[3,2,3,3] to y[1,3,2,2], as a graph; tensors 0, 1, 2. */
static hni_graph plain_graph(void) {
    hni_graph g;
    memset(&g, 0, sizeof g);
    const int64_t x = hni_graph_tensor_add(&g, CUDNN_DATA_FLOAT, (const int64_t[4]){1, 2, 4, 4}),
                  w = hni_graph_tensor_add(&g, CUDNN_DATA_FLOAT, (const int64_t[4]){3, 2, 3, 3}),
                  y = hni_graph_tensor_add(&g, CUDNN_DATA_FLOAT, (const int64_t[4]){1, 3, 2, 2});
    hni_graph_node *n = hni_graph_node_add(&g, HNI_NODE_CONV, 0);
    *n = (hni_graph_node){
        .kind = HNI_NODE_CONV, .port = {x, w, y, -1, -1, -1, -1, -1, -1, -1, -1, -1}, .stride = {1, 1}, .dilation = {1, 1}};
    return g;
}

/* The graph must be refused, with cuDNN's code, and noticed as a mistake, with a complaint that holds `word`. */
static void check_mistake(const hni_graph *g, const char *word) {
    pair p = open_pair("cudnn:0");
    const hni_cuda_plan *plan = NULL;
    ck_assert_int_eq(hni_graph_plan(cuda_of(&p), g, HNI_CUDA_F32, &plan, &err), HN_E_UNSUPPORTED);
    ck_assert_ptr_null(plan);
    ck_assert_msg(strstr(fake_cudnn_message(), word) != NULL, "%s: %s", word, fake_cudnn_message());
    ck_assert_int_eq(fake_mistakes(), 1);
    ck_assert_int_eq(err.domain, HN_DOMAIN_CUDNN);
    ck_assert_int_eq(CUDNN_STATUS_CATEGORY(err.code), CUDNN_STATUS_BAD_PARAM);
    hni_device_close(p.device);
    hni_device_close(p.oracle);
    hn_context_free(p.ctx);
    ck_assert_int_eq(fake_live(FAKE_CUDNN), 0);
}

START_TEST(the_fake_notices_wrong_graphs)
{
    hni_graph g = plain_graph();
    g.tensor[0].strides[2]++;
    check_mistake(&g, "stride 5, which should be 4");
    g = plain_graph();
    g.tensor[2].dims[1] = 4;
    g.tensor[2].strides[0] = 16;
    check_mistake(&g, "shapes");
    g = plain_graph();
    g.node[0].padding[1] = 1;
    check_mistake(&g, "shapes");
    g = plain_graph();
    g.node[0].port[2] = 0;
    check_mistake(&g, "shapes");
    g = plain_graph();
    g.tensor[0].is_virtual = 1;
    check_mistake(&g, "before it is written");
    g = plain_graph();
    g.tensor[2].is_virtual = 1;
    check_mistake(&g, "never read");
    g = plain_graph();
    g.node[0].port[1] = -1;
    check_mistake(&g, "without attribute");
}
END_TEST

START_TEST(plans_differ_by_precision)
{
    pair p = open_pair("cudnn:0");
    const hni_graph g = plain_graph();
    const hni_cuda_plan *strict, *tf32, *again, *ordered;
    ck_ok(hni_graph_plan(cuda_of(&p), &g, HNI_CUDA_F32, &strict, &err));
    ck_ok(hni_graph_plan(cuda_of(&p), &g, HNI_CUDA_TF32, &tf32, &err));
    ck_ok(hni_graph_plan(cuda_of(&p), &g, HNI_CUDA_F32, &again, &err));
    cuda_of(&p)->deterministic = true;
    ck_ok(hni_graph_plan(cuda_of(&p), &g, HNI_CUDA_F32, &ordered, &err));
    ck_assert_ptr_eq(strict, again);
    ck_assert_ptr_ne(strict, tf32);
    ck_assert_ptr_ne(strict, ordered);
    close_pair(&p);
}
END_TEST

/* Descriptors of what was only asked for are gone: tensors, operations, graph, configuration and plan stay. */
START_TEST(plans_keep_what_they_need)
{
    pair p = open_pair("cudnn:0");
    const hni_graph g = plain_graph();
    const hni_cuda_plan *plan;
    const long live = fake_live(FAKE_CUDNN);
    ck_ok(hni_graph_plan(cuda_of(&p), &g, HNI_CUDA_F32, &plan, &err));
    ck_assert_int_eq(fake_live(FAKE_CUDNN), live + 3 + 2 + 1 + 2);
    close_pair(&p);
}
END_TEST

/* Whether call n was reached. What fails is told with cuDNN's own code, and only the device's handle is left. */
static bool plan_fails_cleanly(long n, int code) {
    pair p = open_pair("cudnn:0");
    const hni_graph g = plain_graph();
    const hni_cuda_plan *plan = NULL;
    int64_t hits, made;
    const long live = fake_live(FAKE_CUDNN), before = fake_calls(FAKE_CUDNN);
    fake_fail(FAKE_CUDNN, n, code);
    const hn_status status = hni_graph_plan(cuda_of(&p), &g, HNI_CUDA_F32, &plan, &err);
    const bool reached = fake_calls(FAKE_CUDNN) - before >= n;
    fake_fail(FAKE_CUDNN, 0, 0);
    hni_graph_counts(cuda_of(&p), &hits, &made);
    ck_assert_int_eq(made, status == HN_OK);
    ck_assert((plan != NULL) == (status == HN_OK));
    if (status != HN_OK) {
        ck_assert(reached);
        ck_assert_int_eq(err.domain, HN_DOMAIN_CUDNN);
        ck_assert_int_eq(err.code, code);
        ck_assert_int_eq(fake_live(FAKE_CUDNN), live);
    }
    const bool may_pass =
        code == CUDNN_STATUS_NOT_SUPPORTED || code == CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED || code == CUDNN_STATUS_BAD_PARAM;
    ck_assert_msg(!reached || status != HN_OK || may_pass, "call %ld failed with %d and nobody said so", n, code);
    close_pair(&p);
    return reached;
}

START_TEST(nth_call_of_a_plan_fails)
{
    static const int codes[] = {CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED, CUDNN_STATUS_NOT_SUPPORTED,
                                CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED, CUDNN_STATUS_BAD_PARAM};
    for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++) {
        long n = 1;
        while (plan_fails_cleanly(n, codes[k])) n++;
        printf("code %d: each of %ld calls\n", codes[k], n - 1);
        ck_assert_int_gt(n, 60);
    }
}
END_TEST

/* The host's n-th allocation fails: while a device is opened, an operator prepared or run. */
static bool memory_fails_cleanly(long n) {
    failing_memory m = {.fail_at = 0};
    const hn_allocator allocator = {sizeof allocator, 0, &m, failing_alloc, failing_free};
    const hn_op_desc d = small_conv(true, 1);
    pair p = {NULL, NULL, NULL};
    prepared r = {0};
    fake_reset();
    fake_cudnn_reset();
    ck_ok(make_context("", NULL, &allocator, &p.ctx, &err));
    ck_ok(hn_backend_register(p.ctx, hn_backend_entry(1), &err));
    m.fail_at = m.requests + n;
    hn_status status = hni_device_open_spec(p.ctx, "cudnn:0", &p.device, &err);
    if (status == HN_OK) {
        status = prepare(&p, &d, &r);
        if (status == HN_OK) status = run(&p, &r);
        end_prepared(&p, &r);
    }
    const bool reached = m.requests >= m.fail_at;
    ck_assert_msg(reached ? status == HN_E_MEMORY || status == HN_OK : status == HN_OK, "request %ld: %s", n, err.message);
    hni_device_close(p.device);
    hn_context_free(p.ctx);
    ck_assert_int_eq(m.live, 0);
    ck_assert_int_eq(fake_live(FAKE_CUDNN), 0);
    ck_assert_int_eq(fake_live(FAKE_CUDA), 0);
    return reached;
}

START_TEST(nth_request_for_memory_fails)
{
    long n = 1;
    while (memory_fails_cleanly(n)) n++;
    printf("each of %ld requests\n", n - 1);
    ck_assert_int_gt(n, 4);
}
END_TEST

/* Runs the plain graph with one pointer or the workspace changed. */
static void check_run(int which, ptrdiff_t change, void *instead, const char *word) {
    pair p = open_pair("cudnn:0");
    const hni_graph g = plain_graph();
    const hni_cuda_plan *plan = NULL;
    hni_cuda_pack pack = {0};
    hn_buffer b[4];
    void *pointers[HNI_GRAPH_TENSORS] = {NULL};
    ck_ok(hni_graph_plan(cuda_of(&p), &g, HNI_CUDA_F32, &plan, &err));
    for (int i = 0; i < 4; i++) {
        ck_ok(hni_device_alloc(p.device, 4096, &b[i], &err));
        ck_ok(p.device->table.fill(p.device->handle, b[i], 0, &err));
    }
    for (int i = 0; i < 3; i++) pointers[i] = b[i].memory;
    void *workspace = b[3].memory;
    ck_ok(hni_graph_run(cuda_of(&p), plan, &pack, pointers, workspace, &err));
    void **changed = which < 3 ? &pointers[which] : &workspace;
    *changed = instead ? instead : change == 0 ? NULL : (char *)*changed + change;
    ck_assert_int_ne(hni_graph_run(cuda_of(&p), plan, &pack, pointers, workspace, &err), HN_OK);
    ck_assert_msg(strstr(fake_cudnn_message(), word) != NULL, "%s: %s", word, fake_cudnn_message());
    hni_graph_drop(&pack);
    for (int i = 0; i < 4; i++) hni_device_free(p.device, &b[i]);
    hni_device_close(p.device);
    hni_device_close(p.oracle);
    hn_context_free(p.ctx);
    ck_assert_int_eq(fake_live(FAKE_CUDNN), 0);
}

START_TEST(the_fake_notices_wrong_pointers)
{
    static _Alignas(256) float host[1024];
    check_run(0, 0, host, "device memory");
    check_run(1, 4, NULL, "pointer");
    check_run(2, 4096 - 16, NULL, "device memory");
    check_run(0, 0, NULL, "pointer");
    check_run(3, 0, NULL, "workspace");
    check_run(3, 0, host, "workspace");
    check_run(3, 64, NULL, "workspace");
    check_run(3, 4096 - 256, NULL, "workspace");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("graph");
    TCase *t = tcase_create("graph");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, engines);
    tcase_add_test(t, refusals_say_why);
    tcase_add_test(t, plans_are_kept);
    tcase_add_test(t, refusals_are_kept);
    tcase_add_test(t, runs_make_nothing);
    tcase_add_test(t, the_fake_notices_wrong_graphs);
    tcase_add_test(t, the_fake_notices_wrong_pointers);
    tcase_add_test(t, plans_differ_by_precision);
    tcase_add_test(t, plans_keep_what_they_need);
    tcase_add_test(t, nth_call_of_a_plan_fails);
    tcase_add_test(t, nth_request_for_memory_fails);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
