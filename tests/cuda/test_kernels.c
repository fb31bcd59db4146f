/* test_kernels.c - the backend's own kernels, compiled for the host, against the reference: every case of the list that they serve, odd
 * numbers, long sums, recordings, launches of any geometry, and every launch that fails. */
#include <math.h>

#include "../../cuda/kernels.h"
#include "base/random.h"
#include "ways.h"

static hn_error err;
static const hni_loss_options PLAIN_LOSS = {.positive = -1, .threshold = 0.5};

static bool is_served(const hn_op_desc *d) {
    return OWN_WAYS[d->kind] && !is_dense(d->kind);
}

START_TEST(every_case_as_the_reference) {
    hn_backend table;
    hn_context *ctx = ways_context(&table, &err);
    hni_device *device, *oracle;
    int seen[HNI_OP_LAST + 1] = {0};
    ck_ok(hni_device_open_spec(ctx, "ways", &device, &err));
    ck_ok(hni_device_open(ctx, 0, &oracle, &err));
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        double error = NAN;
        ck_ok(hni_case_get(i, &c, &err));
        if (!is_served(&c.desc))
            continue;
        ck_ok(hni_case_compare(device, oracle, &c, test_seed(), &error, &err));
        ck_assert_msg(error <= 1.0, "%s (%s): %g times the tolerance", hni_op_name(c.desc.kind), c.name, error);
        seen[c.desc.kind]++;
    }
    for (int32_t k = 1; k <= HNI_OP_LAST; k++)
        ck_assert_msg(!OWN_WAYS[k] || is_dense(k) || seen[k] > 0, "no case of %s", hni_op_name(k));
    hni_device_close(device);
    hni_device_close(oracle);
    hn_context_free(ctx);
    nothing_is_left();
}
END_TEST

static void geometry(unsigned grid, unsigned block, bool backwards) {
    fake_launch_grid = grid;
    fake_launch_block = block;
    fake_launch_backwards = backwards;
}

/* The same bits whatever the launch: one thread does all, few threads do it in turns, the last thread goes first. */
START_TEST(no_launch_changes_a_bit) {
    static const struct {
        unsigned grid, block;
        bool backwards;
    } launches[] = {{1, 1, false}, {3, 7, false}, {2, 32, true}, {0, 0, true}};
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        ck_ok(hni_case_get(i, &c, &err));
        if (!is_served(&c.desc))
            continue;
        arrays want = arrays_of(&c, test_seed());
        geometry(0, 0, false);
        ck_ok(run_ways(&c, &want, RUN_PLAIN, 1, NULL, &err));
        for (size_t k = 0; k < sizeof launches / sizeof launches[0]; k++) {
            arrays got = arrays_of(&c, test_seed());
            geometry(launches[k].grid, launches[k].block, launches[k].backwards);
            ck_ok(run_ways(&c, &got, RUN_PLAIN, 1, NULL, &err));
            same_bits(&c, &want, &got, "another launch gives other bits");
            arrays_free(&got);
        }
        arrays_free(&want);
    }
    geometry(0, 0, false);
    nothing_is_left();
}
END_TEST

/* Recorded and replayed twice as run twice: what is added to is added to twice. */
START_TEST(a_recording_does_the_same) {
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        ck_ok(hni_case_get(i, &c, &err));
        if (!is_served(&c.desc))
            continue;
        arrays want = arrays_of(&c, test_seed()), got = arrays_of(&c, test_seed());
        ck_ok(run_ways(&c, &want, RUN_PLAIN, 2, NULL, &err));
        ck_ok(run_ways(&c, &got, RUN_RECORDED, 2, NULL, &err));
        same_bits(&c, &want, &got, "a recording gives other bits");
        arrays_free(&want);
        arrays_free(&got);
    }
    nothing_is_left();
}
END_TEST

static void compare_arrays(const hni_case *c, const arrays *got, const arrays *want, double tolerance, const char *what) {
    for (int i = 0; i < c->desc.n_out; i++)
        for (int64_t k = 0; got->out[i] && k < hni_tensor_elements(&c->desc.out[i]); k++) {
            const bool wide = c->desc.out[i].dtype == HN_DTYPE_F64;
            const double x = wide ? ((double *)got->out[i])[k] : (double)((float *)got->out[i])[k];
            const double y = wide ? ((double *)want->out[i])[k] : (double)((float *)want->out[i])[k];
            const bool same = x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= tolerance * (1.0 + fabs(y));
            ck_assert_msg(same, "%s (%s), %s: output %d, number %lld is %g, the reference has %g", hni_op_name(c->desc.kind), c->name, what,
                          i, (long long)k, x, y);
        }
}

/* Inputs where an infinity or NaN is a number like any other. A hyper or a label is none. */
static bool is_spoilt(const hni_case *c, int place) {
    const bool labels = place == 1 && (c->desc.kind == HN_OP_SIGMOID_LOSS || c->desc.kind == HN_OP_SOFTMAX_LOSS);
    return c->desc.in[place].dtype == HN_DTYPE_F32 && !labels;
}

START_TEST(odd_numbers_as_the_reference) {
    static const float odd[] = {INFINITY, -INFINITY, NAN, 1e-40f, -3e-42f, 1e36f, -0.0f};
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        ck_ok(hni_case_get(i, &c, &err));
        for (int place = 0; place < c.desc.n_in && is_served(&c.desc); place++) {
            if (!c.desc.in[place].rank || !is_spoilt(&c, place))
                continue;
            arrays got = arrays_of(&c, test_seed()), want = arrays_of(&c, test_seed());
            hni_random r;
            hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, (uint32_t)i, (uint32_t)place);
            for (int k = 0; k < 3; k++) {
                const uint32_t at = hni_random_below(&r, (uint32_t)hni_tensor_elements(&c.desc.in[place]));
                const float value = odd[hni_random_below(&r, sizeof odd / sizeof odd[0])];
                ((float *)got.in[place])[at] = ((float *)want.in[place])[at] = value;
            }
            ck_ok(run_op(run_forwards, &c.desc, want.in, want.out, &err));
            ck_ok(run_ways(&c, &got, RUN_PLAIN, 1, NULL, &err));
            compare_arrays(&c, &got, &want, c.tolerance, "spoilt");
            arrays_free(&got);
            arrays_free(&want);
        }
    }
}
END_TEST

static void compare_desc(const hn_op_desc *desc, const char *name) {
    const hni_case c = {name, *desc, 2e-5};
    arrays got = arrays_of(&c, test_seed()), want = arrays_of(&c, test_seed());
    ck_ok(run_op(run_forwards, desc, want.in, want.out, &err));
    ck_ok(run_ways(&c, &got, RUN_PLAIN, 1, NULL, &err));
    compare_arrays(&c, &got, &want, c.tolerance, name);
    arrays_free(&got);
    arrays_free(&want);
}

/* Sums of 1, 32, 1024 and 32768 lanes, and rests. */
START_TEST(long_sums) {
    static const int64_t shapes[][4] = {{1, 1, 1, 8}, {3, 2, 1, 3}, {1, 2, 9, 29}, {2, 3, 61, 67}, {2, 1, 397, 401}, {1, 1, 1, 262145}};
    int64_t most = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const int64_t *s = shapes[i];
        const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, s[0], s[1], s[2], s[3]);
        hn_op_desc pool, train, grad;
        ck_ok(hni_op_global_avg_pool(&pool, &x, &err));
        compare_desc(&pool, "long global pooling");
        ck_ok(hni_op_batch_norm(&train, &x, true, 1e-5, 0.1, &err));
        compare_desc(&train, "long batch norm");
        ck_ok(hni_op_batch_norm_grad(&train, &grad, &err));
        compare_desc(&grad, "long gradient");
        const int64_t lanes = hni_sum_lanes(s[1], s[0] * s[2] * s[3]);
        most = lanes > most ? lanes : most;
    }
    ck_assert_int_eq(most, 32768);
    const hn_tensor_desc logits = hni_tensor(HN_DTYPE_F32, 2, 3001, 3, 1, 1);
    hn_op_desc loss;
    ck_ok(hni_op_loss(&loss, HN_OP_SOFTMAX_LOSS, &logits, &PLAIN_LOSS, &err));
    compare_desc(&loss, "long softmax loss");
    ck_ok(hni_op_loss(&loss, HN_OP_SIGMOID_LOSS, &logits, &PLAIN_LOSS, &err));
    compare_desc(&loss, "long sigmoid loss");
}
END_TEST

/* However many lanes there are: at most 32 numbers are left for each sum, and they are in the room that was asked for. */
START_TEST(few_are_left) {
    cudaStream_t stream;
    ck_assert_int_eq(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    for (int64_t lanes = 1; lanes <= 32768; lanes *= 32) {
        const int64_t room = hni_sum_room(3, lanes);
        double *partial = host_alloc(NULL, (size_t)room * sizeof(double));
        hni_sum_rest rest = {NULL, 0};
        for (int64_t i = 0; i < 3 * lanes; i++)
            partial[i] = 1.0 + (double)(i / lanes);
        ck_assert_int_eq(hni_kernel_fold(3, lanes, partial, &rest, stream), cudaSuccess);
        ck_assert(rest.width >= 1 && rest.width <= 32 && rest.at >= partial && rest.at + 3 * rest.width <= partial + room);
        for (int64_t i = 0; i < 3 * rest.width; i++)
            ck_assert(rest.at[i] == (1.0 + (double)(i / rest.width)) * (double)(lanes / rest.width));
        free(partial);
    }
    ck_assert_int_eq(cudaStreamDestroy(stream), cudaSuccess);
}
END_TEST

/* No more workspace than a few numbers a channel, however many channels and pixels. */
START_TEST(lanes_are_bounded) {
    for (int64_t outputs = 1; outputs < (int64_t)1 << 40; outputs *= 3)
        for (int64_t count = 1; count < (int64_t)1 << 40; count *= 5) {
            const int64_t lanes = hni_sum_lanes(outputs, count);
            ck_assert(lanes == 1 || lanes == 32 || lanes == 1024 || lanes == 32768);
            ck_assert(lanes == 1 || (outputs * lanes <= (int64_t)1 << 20 && lanes < 4 * count));
            ck_assert_int_ge(hni_sum_room(outputs, lanes), outputs * lanes);
        }
}
END_TEST

/* Labels that are none: no crash (sanitizers look), NaN where the host will see it, the other samples' probabilities as ever. */
START_TEST(labels_that_are_none) {
    static const int32_t bad[] = {-1, 6, INT32_MAX, INT32_MIN};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 40, 6, 1, 1);
    hni_case c = {.name = "bad labels", .tolerance = 2e-5};
    ck_ok(hni_op_loss(&c.desc, HN_OP_SOFTMAX_LOSS, &x, &PLAIN_LOSS, &err));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        arrays good = arrays_of(&c, test_seed()), spoilt = arrays_of(&c, test_seed());
        ((int32_t *)spoilt.in[1])[17] = bad[i];
        ck_ok(run_ways(&c, &good, RUN_PLAIN, 1, NULL, &err));
        ck_ok(run_ways(&c, &spoilt, RUN_PLAIN, 1, NULL, &err));
        ck_assert(memcmp(good.out[0], spoilt.out[0], (size_t)hni_tensor_bytes(&x)) == 0);
        ck_assert(isnan(((float *)spoilt.out[1])[0]));
        for (int k = 0; k < 3; k++)
            ck_assert(isnan(((double *)spoilt.out[2])[k]));
        arrays_free(&good);
        arrays_free(&spoilt);
    }
    static const float shares[] = {NAN, -0.25f, 1.25f, 0.5f, INFINITY}; /* the fourth: then their sum is not 1 */
    ck_ok(hni_op_loss(&c.desc, HN_OP_SOFTMAX_LOSS, &x, &(hni_loss_options){.positive = -1, .threshold = 0.5, .targets = true, .focal = 2.0}, &err));
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        arrays good = arrays_of(&c, test_seed()), spoilt = arrays_of(&c, test_seed());
        ((float *)spoilt.in[1])[18 * 6 + 2] = shares[i]; /* of a row that is one class */
        ck_ok(run_ways(&c, &good, RUN_PLAIN, 1, NULL, &err));
        ck_ok(run_ways(&c, &spoilt, RUN_PLAIN, 1, NULL, &err));
        ck_assert(!isnan(((double *)good.out[2])[0]));
        ck_assert(memcmp(good.out[0], spoilt.out[0], (size_t)hni_tensor_bytes(&x)) == 0);
        ck_assert(isnan(((float *)spoilt.out[1])[0]));
        for (int k = 0; k < 3; k++)
            ck_assert(isnan(((double *)spoilt.out[2])[k]));
        arrays_free(&good);
        arrays_free(&spoilt);
    }
    ck_ok(hni_op_loss(&c.desc, HN_OP_SIGMOID_LOSS, &x, &PLAIN_LOSS, &err));
    arrays a = arrays_of(&c, test_seed());
    ((float *)a.in[1])[5] = 1.5f;
    ck_ok(run_ways(&c, &a, RUN_PLAIN, 1, NULL, &err));
    ck_assert(isnan(((float *)a.out[1])[5]) && !isnan(((float *)a.out[1])[4]));
    ck_assert(isnan(((double *)a.out[2])[0]));
    arrays_free(&a);
}
END_TEST

START_TEST(groups_that_are_none) {
    hni_case c = {.name = "bad group", .tolerance = 2e-6};
    ck_ok(hni_op_optimizer(&c.desc, 1, 70, 2, &err));
    arrays good = arrays_of(&c, test_seed()), bad = arrays_of(&c, test_seed());
    ((uint8_t *)bad.in[5])[3] = 2;
    ((uint8_t *)bad.in[5])[69] = 255;
    ck_ok(run_ways(&c, &good, RUN_PLAIN, 1, NULL, &err));
    ck_ok(run_ways(&c, &bad, RUN_PLAIN, 1, NULL, &err));
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 70; k++) {
            const float x = ((float *)good.out[i])[k], y = ((float *)bad.out[i])[k];
            ck_assert(k == 3 || k == 69 ? isnan(y) : x == y);
        }
    arrays_free(&good);
    arrays_free(&bad);
}
END_TEST

/* Every launch fails once: the run says so, with the call's name and CUDA's code, and nothing is left behind. */
START_TEST(launches_that_fail) {
    bool seen[HNI_OP_LAST + 1] = {false};
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        ck_ok(hni_case_get(i, &c, &err));
        if (!is_served(&c.desc) || seen[c.desc.kind])
            continue;
        seen[c.desc.kind] = true;
        fake_reset();
        arrays a = arrays_of(&c, test_seed());
        ck_ok(run_ways(&c, &a, RUN_PLAIN, 1, NULL, &err));
        const long launches = fake_calls_of("cudaLaunchKernel");
        ck_assert_int_ge(launches, 1);
        for (long n = 1; n <= launches; n++) {
            fake_reset();
            fake_launch_fail = n;
            const hn_status status = run_ways(&c, &a, RUN_PLAIN, 1, NULL, &err);
            ck_assert_int_eq(status, HN_E_BACKEND);
            ck_assert_int_eq(err.domain, HN_DOMAIN_CUDA);
            ck_assert_int_eq(err.code, cudaErrorLaunchOutOfResources);
            ck_assert_msg(strncmp(err.message, "cudnn:0: ", 9) == 0, "%s", err.message);
            ck_assert_int_eq(fake_launch_fail, 0);
        }
        nothing_is_left();
        arrays_free(&a);
    }
}
END_TEST

/* The nearest of all bfloat16 numbers, by looking at both neighbours. */
START_TEST(bfloat16) {
    enum { N = 40000 };
    float *x = host_alloc(NULL, N * sizeof *x);
    uint16_t *y = host_alloc(NULL, N * sizeof *y);
    hni_random r;
    cudaStream_t stream;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 7, 7);
    for (int i = 0; i < N; i++) {
        uint32_t bits = hni_random_u32(&r);
        if (i % 4 == 0)
            bits = (bits & 0xFFFF0000u) | 0x8000u; /* half way */
        memcpy(&x[i], &bits, sizeof bits);
    }
    x[0] = INFINITY, x[1] = -INFINITY, x[2] = NAN, x[3] = 0.0f, x[4] = -0.0f;
    ck_assert_int_eq(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    ck_assert_int_eq(hni_kernel_cast_bf16(N, x, y, stream), cudaSuccess);
    ck_assert_int_eq(cudaStreamDestroy(stream), cudaSuccess);
    for (int i = 0; i < N; i++) {
        const uint32_t bits = (uint32_t)y[i] << 16;
        uint32_t from;
        float got;
        memcpy(&got, &bits, sizeof got);
        memcpy(&from, &x[i], sizeof from);
        if (isnan(x[i])) {
            ck_assert(isnan(got));
            continue;
        }
        const uint32_t low = from & 0xFFFF0000u, up = from >> 16 & 1u, rest = from & 0xFFFFu;
        ck_assert_uint_eq(bits, rest > 0x8000u || (rest == 0x8000u && up) ? low + 0x10000u : low);
    }
    free(x);
    free(y);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("own CUDA kernels");
    TCase *t = tcase_create("kernels");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, fake_reset, NULL);
    tcase_add_test(t, every_case_as_the_reference);
    tcase_add_test(t, no_launch_changes_a_bit);
    tcase_add_test(t, a_recording_does_the_same);
    tcase_add_test(t, odd_numbers_as_the_reference);
    tcase_add_test(t, long_sums);
    tcase_add_test(t, few_are_left);
    tcase_add_test(t, lanes_are_bounded);
    tcase_add_test(t, labels_that_are_none);
    tcase_add_test(t, groups_that_are_none);
    tcase_add_test(t, launches_that_fail);
    tcase_add_test(t, bfloat16);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
