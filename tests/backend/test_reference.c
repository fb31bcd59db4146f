/* test_reference.c - the reference backend against PyTorch, and what the table promises beyond values: the same bits for any order of
 * the work, in-place operators, NaN, refusals. */
#include <math.h>

#include "../test.h"
#include "golden.h" /* defines: golden, each_golden */
#include "host.h"   /* defines: run_op */

static double get_number(const void *data, int32_t dtype, int64_t i) {
    ck_assert(dtype == HN_DTYPE_F32 || dtype == HN_DTYPE_F64);
    return dtype == HN_DTYPE_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* Runs the case into fresh outputs, of zeros for stats and of rubbish for others, which must all be overwritten. */
static void run_golden(const golden *g, host_parallel parallel, void **out) {
    hn_error err;
    for (int i = 0; i < g->desc.n_out; i++) {
        out[i] = g->out[i] ? new_tensor(&g->desc.out[i]) : NULL;
        if (out[i] && g->desc.out[i].dtype == HN_DTYPE_F32)
            memset(out[i], 0xA5, (size_t)hni_tensor_bytes(&g->desc.out[i]));
    }
    const hn_status status = run_op(parallel, &g->desc, g->in, out, &err);
    ck_assert_msg(status == HN_OK, "%s: %s", g->name, err.message);
}

static void free_outputs(const golden *g, void **out) {
    for (int i = 0; i < g->desc.n_out; i++)
        free(out[i]);
}

static double worst;
static char worst_name[128];

static void compare_golden(const golden *g) {
    void *out[HN_OP_MAX_TENSORS];
    run_golden(g, run_forwards, out);
    for (int t = 0; t < g->desc.n_out; t++) {
        for (int64_t i = 0; out[t] && i < hni_tensor_elements(&g->desc.out[t]); i++) {
            const double want = get_number(g->out[t], g->desc.out[t].dtype, i), got = get_number(out[t], g->desc.out[t].dtype, i);
            const double error = isnan(want) && isnan(got) ? 0.0 : fabs(got - want) / (1.0 + fabs(want));
            ck_assert_msg(error <= 5e-7, "%s: output %d, number %lld is %.9g, PyTorch has %.9g", g->name, t, (long long)i, got, want);
            if (error > worst) {
                worst = error;
                memcpy(worst_name, g->name, sizeof worst_name);
            }
        }
    }
    free_outputs(g, out);
}

START_TEST(values_agree_with_pytorch) {
    const int count = each_golden(compare_golden);
    printf("%d golden cases, worst error %.2g in %s\n", count, worst, worst_name);
    ck_assert_int_ge(count, 100);
}
END_TEST

static void compare_orders(const golden *g) {
    static const host_parallel others[] = {run_backwards, run_threads};
    void *out[HN_OP_MAX_TENSORS], *other[HN_OP_MAX_TENSORS];
    run_golden(g, run_forwards, out);
    for (size_t o = 0; o < sizeof others / sizeof others[0]; o++) {
        run_golden(g, others[o], other);
        for (int t = 0; t < g->desc.n_out; t++)
            if (out[t])
                ck_assert_msg(memcmp(out[t], other[t], (size_t)hni_tensor_bytes(&g->desc.out[t])) == 0,
                              "%s: output %d has other bits when the work is done in another order", g->name, t);
        free_outputs(g, other);
    }
    free_outputs(g, out);
}

START_TEST(any_order_of_work_gives_the_same_bits) {
    each_golden(compare_orders);
}
END_TEST

/* For each output: the input that it may overwrite, or -1. */
static const int *in_place(int32_t kind) {
    static const int first[] = {0, -1, -1, -1, -1}, second[] = {1, -1, -1, -1, -1};
    static const int norm[] = {-1, -1, -1, 3, 4}, optimizer[] = {0, 2, 3, -1, -1};
    if (kind == HN_OP_ACTIVATION || kind == HN_OP_ADD || kind == HN_OP_DROPOUT || kind == HN_OP_ACCUMULATE || kind == HN_OP_CLIP ||
        kind == HN_OP_AVERAGE)
        return first;
    return kind == HN_OP_ACTIVATION_GRAD ? second : kind == HN_OP_BATCH_NORM_TRAIN ? norm : kind == HN_OP_OPTIMIZER ? optimizer : NULL;
}

static int in_place_cases;

static void compare_in_place(const golden *g) {
    const int *over = in_place(g->desc.kind);
    if (!over)
        return;
    in_place_cases++;
    hn_error err;
    void *out[HN_OP_MAX_TENSORS], *in[HN_OP_MAX_TENSORS], *same[HN_OP_MAX_TENSORS];
    run_golden(g, run_forwards, out);
    for (int i = 0; i < g->desc.n_in; i++) {
        in[i] = new_tensor(&g->desc.in[i]);
        memcpy(in[i], g->in[i], (size_t)hni_tensor_bytes(&g->desc.in[i]));
    }
    for (int i = 0; i < g->desc.n_out; i++)
        same[i] = over[i] >= 0 ? in[over[i]] : new_tensor(&g->desc.out[i]);
    ck_ok(run_op(run_forwards, &g->desc, in, same, &err));
    for (int i = 0; i < g->desc.n_out; i++) {
        ck_assert_msg(memcmp(out[i], same[i], (size_t)hni_tensor_bytes(&g->desc.out[i])) == 0, "%s: output %d differs in place", g->name,
                      i);
        if (over[i] < 0)
            free(same[i]);
    }
    for (int i = 0; i < g->desc.n_in; i++)
        free(in[i]);
    free_outputs(g, out);
}

START_TEST(in_place_gives_the_same_bits) {
    each_golden(compare_in_place);
    ck_assert_int_ge(in_place_cases, 15);
}
END_TEST

START_TEST(not_a_number_passes_through) {
    hn_error err;
    hn_op_desc d, g;
    float x[6] = {NAN, -1.0f, INFINITY, -INFINITY, -0.0f, 2.0f}, y[6], dx[6];
    const hn_tensor_desc t = hni_tensor(HN_DTYPE_F32, 2, 1, 6, 1, 1);
    ck_ok(hni_op_activation(&d, &t, 1, &err));
    ck_ok(run_op(run_forwards, &d, (void *[]){x}, (void *[]){y}, &err));
    ck_assert(isnan(y[0]) && y[1] == 0.0f && isinf(y[2]) && y[3] == 0.0f && y[4] == 0.0f && y[5] == 2.0f);
    ck_ok(hni_op_activation_grad(&d, &g, &err));
    ck_ok(run_op(run_forwards, &g, (void *[]){y, x}, (void *[]){dx}, &err));
    ck_assert(isnan(dx[0]) && dx[1] == 0.0f && dx[5] == 2.0f);
    ck_ok(hni_op_activation(&d, &t, 2, &err));
    ck_ok(run_op(run_forwards, &d, (void *[]){x}, (void *[]){y}, &err));
    ck_assert(isnan(y[0]) && y[2] == 1.0f && y[3] == 0.0f && y[4] == 0.5f);
    ck_ok(hni_op_softmax(&d, &t, &err));
    ck_ok(run_op(run_forwards, &d, (void *[]){x}, (void *[]){y}, &err));
    for (int i = 0; i < 6; i++)
        ck_assert(isnan(y[i]));
}
END_TEST

START_TEST(maximum_takes_the_first_of_equals_and_of_nans) {
    hn_error err;
    hn_op_desc d, g;
    const hn_tensor_desc t = hni_tensor(HN_DTYPE_F32, 4, 1, 1, 2, 4);
    const hni_window2d win = {.kernel = {2, 2}, .stride = {2, 2}};
    float x[8] = {1.0f, 3.0f, 5.0f, NAN, 3.0f, 3.0f, NAN, 9.0f}, y[2], dy[2] = {10.0f, 20.0f}, dx[8];
    ck_ok(hni_op_pool2d(&d, HN_OP_MAX_POOL2D, &t, &win, &err));
    ck_ok(hni_op_pool2d_grad(&d, &g, &err));
    ck_ok(run_op(run_forwards, &d, (void *[]){x}, (void *[]){y}, &err));
    ck_assert(y[0] == 3.0f && isnan(y[1]));
    ck_ok(run_op(run_forwards, &g, (void *[]){x, y, dy}, (void *[]){dx}, &err));
    for (int i = 0; i < 8; i++)
        ck_assert_float_eq(dx[i], i == 1 ? 10.0f : i == 3 ? 20.0f : 0.0f);
}
END_TEST

/* A sigmoid or softmax loss [2,2] with these labels, run on top of stats {1, 2, 3, 4}. */
static hn_status run_loss(int32_t kind, void *labels, float *weights, float *dx, double stats[4], hn_error *err) {
    hn_op_desc d;
    const hn_tensor_desc t = hni_tensor(HN_DTYPE_F32, 2, 2, 2, 1, 1);
    float x[4] = {0.0f, 1.0f, 2.0f, -1.0f}, p[4];
    const double before[4] = {1.0, 2.0, 3.0, 4.0};
    memcpy(stats, before, sizeof before);
    const hn_status status = hni_op_loss(&d, kind, &t, &(hni_loss_options){.positive = 1, .threshold = 0.5}, err);
    return status == HN_OK ? run_op(run_forwards, &d, (void *[]){x, labels, weights}, (void *[]){p, dx, stats}, err) : status;
}

START_TEST(losses_add_to_their_statistics) {
    hn_error err;
    int32_t classes[2] = {1, 0};
    float labels[4] = {0.0f, 1.0f, 0.0f, 0.0f}, weights[2] = {1.0f, 1.0f}, dx[4];
    double stats[4];
    ck_ok(run_loss(HN_OP_SOFTMAX_LOSS, classes, weights, dx, stats, &err));
    ck_assert_double_eq_tol(stats[0], 1.0 + 0.31326168751822286 + 0.04858735157374196, 1e-15);
    ck_assert(stats[1] == 4.0 && stats[2] == 5.0 && stats[3] == 6.0);
    ck_ok(run_loss(HN_OP_SIGMOID_LOSS, labels, weights, dx, stats, &err));
    ck_assert(stats[0] > 1.0 && stats[1] == 6.0 && stats[2] == 5.0 && stats[3] == 8.0);
}
END_TEST

START_TEST(bad_labels_are_refused_and_change_nothing) {
    static const int32_t bad[] = {-1, 2, INT32_MAX, INT32_MIN};
    static const float bad_bits[] = {1.5f, -1.0f, NAN, INFINITY};
    hn_error err;
    float weights[2] = {1.0f, 1.0f}, dx[4] = {7.0f, 7.0f, 7.0f, 7.0f};
    double stats[4];
    for (int i = 0; i < 4; i++) {
        int32_t classes[2] = {1, bad[i]};
        ck_assert_int_eq(run_loss(HN_OP_SOFTMAX_LOSS, classes, weights, dx, stats, &err), HN_E_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(err.message, "sample 1"));
        float labels[4] = {0.0f, 1.0f, 0.0f, bad_bits[i]};
        ck_assert_int_eq(run_loss(HN_OP_SIGMOID_LOSS, labels, weights, dx, stats, &err), HN_E_ARGUMENT);
        ck_assert(stats[0] == 1.0 && stats[1] == 2.0 && stats[2] == 3.0 && stats[3] == 4.0 && dx[0] == 7.0f);
    }
}
END_TEST

START_TEST(a_batch_that_weighs_nothing_teaches_nothing) {
    hn_error err;
    int32_t classes[2] = {1, 1};
    float weights[2] = {1.0f, 0.0f}, dx[4];
    double stats[4];
    ck_ok(run_loss(HN_OP_SOFTMAX_LOSS, classes, weights, dx, stats, &err));
    ck_assert(dx[0] == 0.0f && dx[1] == 0.0f && dx[2] == 0.0f && dx[3] == 0.0f && stats[0] == 1.0 && stats[1] == 2.0);
}
END_TEST

START_TEST(the_optimizer_leaves_frozen_groups_alone) {
    hn_error err;
    hn_op_desc d;
    float w[2] = {1.0f, 1.0f}, g[2] = {0.5f, 0.5f}, m[2] = {0.25f, 0.25f}, v[2] = {2.0f, 2.0f};
    double hyper[2][HN_HYPER_COLUMNS] = {{0.1, 0.9, 0.999, 1e-8, 0.1, 0.1, 0.001, 1.0}, {0.0, 0.9, 0.999, 1e-8, 0.1, 0.1, 0.001, 1.0}};
    uint8_t group[2] = {0, 1};
    for (int32_t kind = 1; kind <= 3; kind++) {
        ck_ok(hni_op_optimizer(&d, kind, 2, 2, &err));
        ck_ok(run_op(run_forwards, &d, (void *[]){w, g, m, v, hyper, group}, (void *[]){w, m, v}, &err));
        ck_assert(w[0] < 1.0f && w[1] == 1.0f && m[1] == 0.25f && v[1] == 2.0f);
    }
    group[0] = 2;
    ck_assert_int_eq(run_op(run_forwards, &d, (void *[]){w, g, m, v, hyper, group}, (void *[]){w, m, v}, &err), HN_E_ARGUMENT);
}
END_TEST

START_TEST(the_table_keeps_its_promises) {
    hn_error err;
    const hn_backend *b = hni_reference_backend();
    const hn_backend_host host = host_make(run_forwards);
    hn_device_info info = {.struct_size = sizeof info};
    void *device, *memory, *op;
    uint64_t workspace = 1;
    ck_assert_int_eq(b->score(b->user), 1);
    ck_assert_int_eq(b->device_count(b->user), 1);
    ck_ok(b->device_info(b->user, 0, &info, &err));
    ck_assert_uint_eq(info.flags, HN_DEVICE_HOST_MEMORY | HN_DEVICE_DETERMINISTIC);
    ck_assert_int_eq(b->device_info(b->user, 1, &info, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(b->open(b->user, 1, &host, &device, &err), HN_E_NOT_FOUND);
    ck_assert_ptr_null(device);
    ck_ok(b->open(b->user, 0, &host, &device, &err));
    ck_ok(b->alloc(device, 256, &memory, &err));
    ck_assert_uint_eq((uintptr_t)memory % 64, 0);
    uint8_t bytes[64], back[64];
    for (int i = 0; i < 64; i++)
        bytes[i] = (uint8_t)i;
    ck_ok(b->upload(device, (hn_buffer){memory, 64, 64}, bytes, &err));
    ck_ok(b->copy(device, (hn_buffer){memory, 128, 64}, (hn_buffer){memory, 64, 64}, &err));
    ck_ok(b->fill(device, (hn_buffer){memory, 64, 64}, 9, &err));
    ck_ok(b->sync(device, &err));
    ck_ok(b->download(device, back, (hn_buffer){memory, 128, 64}, &err));
    ck_assert_mem_eq(back, bytes, 64);
    ck_ok(b->download(device, back, (hn_buffer){memory, 64, 64}, &err));
    ck_assert(back[0] == 9 && back[63] == 9);
    const hn_op_desc unknown = {.struct_size = sizeof unknown, .kind = 999}, wrong = {.struct_size = sizeof wrong, .kind = HN_OP_ADD};
    ck_assert_int_eq(b->supports(device, &unknown, &err), HN_E_UNSUPPORTED);
    ck_assert_int_ne(b->prepare(device, &wrong, &op, &workspace, &err), HN_OK);
    ck_assert_ptr_null(op);
    b->free(device, memory);
    b->free(device, NULL);
    b->close(device);
}
END_TEST

static void *no_memory(void *user, size_t size) {
    (void)user;
    (void)size;
    return NULL;
}

START_TEST(without_memory_it_says_so) {
    hn_error err;
    const hn_backend *b = hni_reference_backend();
    hn_backend_host host = host_make(run_forwards);
    void *device;
    host.alloc = no_memory;
    ck_assert_int_eq(b->open(b->user, 0, &host, &device, &err), HN_E_MEMORY);
    ck_assert_ptr_null(device);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reference backend");
    TCase *values = tcase_create("values");
    tcase_set_timeout(values, 60);
    tcase_add_test(values, values_agree_with_pytorch);
    tcase_add_test(values, any_order_of_work_gives_the_same_bits);
    tcase_add_test(values, in_place_gives_the_same_bits);
    tcase_add_test(values, not_a_number_passes_through);
    tcase_add_test(values, maximum_takes_the_first_of_equals_and_of_nans);
    tcase_add_test(values, losses_add_to_their_statistics);
    tcase_add_test(values, bad_labels_are_refused_and_change_nothing);
    tcase_add_test(values, a_batch_that_weighs_nothing_teaches_nothing);
    tcase_add_test(values, the_optimizer_leaves_frozen_groups_alone);
    suite_add_tcase(suite, values);
    TCase *table = tcase_create("table");
    tcase_add_test(table, the_table_keeps_its_promises);
    tcase_add_test(table, without_memory_it_says_so);
    suite_add_tcase(suite, table);
    return run_suite(suite);
}
