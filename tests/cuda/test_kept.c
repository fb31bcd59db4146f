/* test_kept.c - weights that stay are rounded to bfloat16 once: a run that is promised the old ones does not look at them, recorded or
 * not. That a network notices new ones is in test_whole.c. */
#include "cudnn_device.h"

/* y = sums of 27 numbers of x: a convolution's, or a dense layer's of 27 features. */
static hn_op_desc sum_of_27(bool dense, int32_t constant) {
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 2, 27, 1, 1), w = hni_tensor(HN_DTYPE_F32, 2, 3, 27, 1, 1);
    hn_op_desc d = small_conv(false, 0);
    if (dense)
        ck_ok(hni_op_dense(&d, &x, &w, false, 0, &err));
    d.constant = constant;
    return d;
}

/* All numbers of a tensor are `value`. */
static void fill(pair *p, hn_buffer b, float value) {
    float *numbers = malloc(b.size);
    for (size_t i = 0; i < b.size / sizeof *numbers; i++)
        numbers[i] = value;
    ck_ok(hni_device_upload(p->device, b, numbers, &err));
    free(numbers);
}

/* An output away from the border. */
static float inner(pair *p, const prepared *r, bool dense) {
    float *y = malloc(r->out[0].size);
    ck_ok(hni_device_download(p->device, y, r->out[0], &err));
    const float value = y[dense ? 0 : 9];
    free(y);
    return value;
}

static void *recorded(pair *p, const prepared *r, int32_t flags) {
    void *recording = NULL;
    ck_ok(p->device->table.capture_begin(p->device->handle, &err));
    ck_ok(run_flagged(p, r, flags));
    ck_ok(p->device->table.capture_end(p->device->handle, &recording, &err));
    return recording;
}

static void check_kept(const char *spec, bool dense, bool kept) {
    pair p = open_pair(spec);
    const hn_op_desc stays = sum_of_27(dense, 1 << 1), changes = sum_of_27(dense, 0);
    prepared r, other;
    ck_ok(prepare(&p, &changes, &other));
    ck_ok(prepare(&p, &stays, &r));
    ck_assert(kept ? r.op.workspace < other.op.workspace : r.op.workspace == other.op.workspace);
    fill(&p, r.in[0], 1.0f);
    fill(&p, r.in[1], 1.0f);
    ck_ok(run_flagged(&p, &r, HN_RUN_CONSTANT_KEPT)); /* the first run, whatever is promised */
    ck_assert(inner(&p, &r, dense) == 27.0f);
    fill(&p, r.in[1], 2.0f);
    ck_ok(run_flagged(&p, &r, HN_RUN_CONSTANT_KEPT));
    ck_assert(inner(&p, &r, dense) == (kept ? 27.0f : 54.0f));
    ck_ok(run_flagged(&p, &r, 0));
    ck_assert(inner(&p, &r, dense) == 54.0f);
    void *promised = recorded(&p, &r, HN_RUN_CONSTANT_KEPT), *plain = recorded(&p, &r, 0);
    fill(&p, r.in[0], 3.0f);
    fill(&p, r.in[1], 1.0f);
    ck_ok(p.device->table.replay(p.device->handle, promised, &err)); /* x is new, w is as it was */
    ck_assert(inner(&p, &r, dense) == (kept ? 162.0f : 81.0f));
    ck_ok(p.device->table.replay(p.device->handle, plain, &err));
    ck_assert(inner(&p, &r, dense) == 81.0f);
    ck_ok(p.device->table.replay(p.device->handle, promised, &err));
    ck_assert(inner(&p, &r, dense) == 81.0f);
    p.device->table.release(p.device->handle, promised);
    p.device->table.release(p.device->handle, plain);
    end_prepared(&p, &r);
    end_prepared(&p, &other);
    close_pair(&p);
}

START_TEST(kept_weights) {
    check_kept("cudnn:0+bf16", _i != 0, true);
    check_kept("cudnn:0", _i != 0, false);
}
END_TEST

/* The device has no memory left for the rounded weights: prepare says so, and nothing is left. */
START_TEST(no_memory) {
    pair p = open_pair("cudnn:0+bf16");
    const hn_op_desc d = sum_of_27(_i != 0, 1 << 1);
    hni_op op;
    fake_memory(1);
    ck_assert_int_eq(hni_op_prepare(p.device, &d, &op, &err), HN_E_MEMORY);
    ck_assert_int_eq(err.domain, HN_DOMAIN_CUDA);
    ck_assert_int_eq(err.code, cudaErrorMemoryAllocation);
    close_pair(&p);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("weights that stay");
    TCase *t = tcase_create("kept");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, kept_weights, 0, 2);
    tcase_add_loop_test(t, no_memory, 0, 2);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
