/* test_cpu_edges.c - the cpu backend at the edges: no byte outside of a buffer is touched (guard pages on both sides), no memory is asked for
 * in run, infinities, NaN and denormals come out as from the reference, and augmentation to the bit. */
#include <math.h>
#include <sys/mman.h>

#include "base/random.h"
#include "cpu.h"
#include "host.h"
#include "op/op.h"
#include "preproc/augment.h"

static hn_error err;
static int allocations;

static void *counting_alloc(void *user, size_t size) {
    allocations++;
    return host_alloc(user, size);
}

/* Memory that ends (or begins) at a page that nobody may touch. */
typedef struct guarded {
    uint8_t *base, *data;
    size_t mapped;
} guarded;

static guarded guard(size_t size, bool at_end) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (size + page - 1) / page * page;
    guarded g = {.mapped = body + 2 * page};
    g.base = mmap(NULL, g.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(g.base != MAP_FAILED);
    ck_assert_int_eq(mprotect(g.base + page, body, PROT_READ | PROT_WRITE), 0);
    memset(g.base + page, 0x7F, body); /* rubbish: 3.4e38 */
    g.data = at_end ? g.base + page + body - size : g.base + page;
    return g;
}

static void run_guarded(const hn_backend *b, const hni_case *c, bool at_end) {
    hn_backend_host host = host_make(run_backwards);
    void *device, *op;
    uint64_t workspace_size;
    hn_buffer in[HN_OP_MAX_TENSORS] = {{0}}, out[HN_OP_MAX_TENSORS] = {{0}};
    guarded blocks[2 * HN_OP_MAX_TENSORS + 1];
    int n = 0;
    host.alloc = counting_alloc;
    host.threads = 3;
    ck_ok(b->open(b->user, 0, &host, &device, &err));
    ck_ok(b->prepare(device, &c->desc, &op, &workspace_size, &err));
    for (int i = 0; i < c->desc.n_in; i++) {
        if (c->desc.in[i].rank == 0)
            continue;
        blocks[n] = guard((size_t)hni_tensor_bytes(&c->desc.in[i]), at_end);
        in[i] = (hn_buffer){blocks[n++].data, 0, (uint64_t)hni_tensor_bytes(&c->desc.in[i])};
        hni_case_input(c, i, test_seed(), in[i].memory);
    }
    for (int i = 0; i < c->desc.n_out; i++) {
        bool always;
        const int over = hni_case_in_place(c->desc.kind, i, &always);
        if (c->desc.out[i].rank == 0)
            continue;
        if (over >= 0 && always) {
            out[i] = in[over];
            continue;
        }
        blocks[n] = guard((size_t)hni_tensor_bytes(&c->desc.out[i]), at_end);
        out[i] = (hn_buffer){blocks[n++].data, 0, (uint64_t)hni_tensor_bytes(&c->desc.out[i])};
        hni_case_output(c, i, test_seed(), out[i].memory);
    }
    hn_op_buffers buffers = {.struct_size = sizeof buffers, .in = in, .out = out};
    if (workspace_size > 0) {
        blocks[n] = guard((size_t)workspace_size, at_end);
        buffers.workspace = (hn_buffer){blocks[n++].data, 0, workspace_size};
    }
    const int before = allocations;
    ck_ok(b->run(device, op, &buffers, &err));
    ck_assert_msg(allocations == before, "%s: run asked for memory", c->name);
    b->release(device, op);
    b->close(device);
    while (n-- > 0)
        munmap(blocks[n].base, blocks[n].mapped);
}

START_TEST(nothing_outside_of_the_buffers) {
    for (size_t i = 0; hni_cpu_isas()[i]; i++) {
        if (!hni_cpu_isas()[i]->usable())
            continue;
        const hn_backend table = hni_cpu_backend_of(hni_cpu_isas()[i]);
        for (int32_t k = 0; k < hni_case_count(); k++) {
            hni_case c;
            ck_ok(hni_case_get(k, &c, &err));
            run_guarded(&table, &c, true);
            run_guarded(&table, &c, false);
        }
    }
}
END_TEST

/* Both tables on the same numbers; results into out[0] and out[1] of the returned arrays. */
static void run_plain(const hn_backend *b, const hni_case *c, float *const *in, float *const *out) {
    const hn_backend_host host = host_make(run_forwards);
    void *device, *op;
    uint64_t size;
    hn_buffer ins[HN_OP_MAX_TENSORS] = {{0}}, outs[HN_OP_MAX_TENSORS] = {{0}};
    ck_ok(b->open(b->user, 0, &host, &device, &err));
    ck_ok(b->prepare(device, &c->desc, &op, &size, &err));
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        ins[i] = (hn_buffer){in[i], 0, in[i] ? (uint64_t)hni_tensor_bytes(&c->desc.in[i]) : 0};
        outs[i] = (hn_buffer){out[i], 0, out[i] ? (uint64_t)hni_tensor_bytes(&c->desc.out[i]) : 0};
    }
    void *workspace = host_alloc(NULL, (size_t)size);
    const hn_op_buffers buffers = {.struct_size = sizeof buffers, .in = ins, .out = outs, .workspace = {workspace, 0, size}};
    ck_ok(b->run(device, op, &buffers, &err));
    free(workspace);
    b->release(device, op);
    b->close(device);
}

static bool is_tested(int32_t kind) {
    switch (kind) {
    case HN_OP_CONV2D:
    case HN_OP_CONV2D_GRAD_INPUT:
    case HN_OP_CONV2D_GRAD_WEIGHT:
    case HN_OP_MAX_POOL2D:
    case HN_OP_AVG_POOL2D:
    case HN_OP_GLOBAL_AVG_POOL:
    case HN_OP_DENSE:
    case HN_OP_DENSE_GRAD_INPUT:
    case HN_OP_DENSE_GRAD_WEIGHT:
    case HN_OP_ACTIVATION:
    case HN_OP_ACTIVATION_GRAD:
    case HN_OP_ADD:
    case HN_OP_CONCAT:
    case HN_OP_CONCAT_GRAD:
    case HN_OP_CHANNEL_SCALE:
    case HN_OP_CHANNEL_SCALE_GRAD:
    case HN_OP_CLASS_MAP:
        return true;
    default:
        return false;
    }
}

/* Puts a few odd numbers into one input. */
static void spoil(const hn_tensor_desc *t, float *x, hni_random *r, const float *odd, int n_odd) {
    const int64_t n = hni_tensor_elements(t);
    for (int k = 0; k < 2; k++)
        x[hni_random_below(r, (uint32_t)n)] = odd[hni_random_below(r, (uint32_t)n_odd)];
}

static void compare_spoilt(const hn_backend *b, const hni_case *c, int place, uint64_t seed) {
    static const float odd[] = {INFINITY, -INFINITY, NAN, 1e-40f, -3e-42f, 1e36f, -0.0f};
    float *in[HN_OP_MAX_TENSORS] = {NULL}, *got[HN_OP_MAX_TENSORS] = {NULL}, *want[HN_OP_MAX_TENSORS] = {NULL};
    hni_random r;
    hni_random_init(&r, seed, HNI_RANDOM_TEST, 3, (uint32_t)place);
    for (int i = 0; i < c->desc.n_in; i++)
        if (c->desc.in[i].rank) {
            in[i] = host_alloc(NULL, (size_t)hni_tensor_bytes(&c->desc.in[i]));
            hni_case_input(c, i, seed, in[i]);
        }
    for (int i = 0; i < c->desc.n_out; i++)
        if (c->desc.out[i].rank) {
            got[i] = host_alloc(NULL, (size_t)hni_tensor_bytes(&c->desc.out[i]));
            want[i] = host_alloc(NULL, (size_t)hni_tensor_bytes(&c->desc.out[i]));
        }
    spoil(&c->desc.in[place], in[place], &r, odd, (int)(sizeof odd / sizeof odd[0]));
    run_plain(hni_reference_backend(), c, in, want);
    run_plain(b, c, in, got);
    for (int i = 0; i < c->desc.n_out; i++)
        for (int64_t k = 0; got[i] && k < hni_tensor_elements(&c->desc.out[i]); k++) {
            const double x = (double)got[i][k], y = (double)want[i][k];
            const bool same = x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= c->tolerance * (1.0 + fabs(y));
            ck_assert_msg(same, "%s (%s), input %d spoilt, seed %llu: output %d, number %lld is %g, the reference has %g",
                          hni_op_name(c->desc.kind), c->name, place, (unsigned long long)seed, i, (long long)k, x, y);
        }
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        free(in[i]);
        free(got[i]);
        free(want[i]);
    }
}

START_TEST(odd_numbers_come_out_as_from_the_reference) {
    for (size_t i = 0; hni_cpu_isas()[i]; i++) {
        if (!hni_cpu_isas()[i]->usable())
            continue;
        const hn_backend table = hni_cpu_backend_of(hni_cpu_isas()[i]);
        for (int32_t k = 0; k < hni_case_count(); k++) {
            hni_case c;
            ck_ok(hni_case_get(k, &c, &err));
            if (!is_tested(c.desc.kind))
                continue;
            for (int place = 0; place < c.desc.n_in; place++)
                for (uint64_t seed = 0; c.desc.in[place].rank && seed < 2; seed++)
                    compare_spoilt(&table, &c, place, test_seed() + seed);
        }
    }
}
END_TEST

/* One batch through both, bit for bit: sizes that are several strips wide, a rest of one, odd ones, so that numbers of noise begin in the middle of
 * a block. */
static void compare_augmented(const hn_augment_options *o, const int32_t size[4], int64_t channels, uint64_t seed) {
    enum { N = 3 };
    const hni_augment_size how = {.width = size[2], .height = size[3], .stored_width = size[0], .stored_height = size[1]};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_U8, 4, N, channels, size[1], size[0]);
    const int64_t samples[N] = {5, 0, 77};
    float table[N * HN_AUGMENT_COLUMNS], mean[3] = {0.4f, 0.5f, 0.6f}, deviation[3] = {0.25f, 0.3f, 0.2f};
    uint32_t keys[N * 4];
    hni_case c = {.name = "augmented"};
    hni_random r;
    hni_random_init(&r, seed, HNI_RANDOM_TEST, 5, 5);
    ck_ok(hni_op_preprocess(&c.desc, &x, &(hni_preprocess_options){.samples = N, .augment = true, .width = size[2], .height = size[3]}, &err));
    const int64_t n_in = hni_tensor_elements(&x), n_out = hni_tensor_elements(&c.desc.out[0]);
    uint8_t *pixels = host_alloc(NULL, (size_t)n_in);
    float *got = host_alloc(NULL, (size_t)n_out * sizeof *got), *want = host_alloc(NULL, (size_t)n_out * sizeof *want);
    for (int64_t i = 0; i < n_in; i++)
        pixels[i] = (uint8_t)hni_random_below(&r, 256);
    for (int i = 0; i < N * 4; i++)
        keys[i] = hni_random_u32(&r);
    hni_augment_fill(o, &how, seed, 3, samples, N, table);
    float *const in[HN_OP_MAX_TENSORS] = {(float *)(void *)pixels, mean, deviation, NULL, table, (float *)(void *)keys};
    run_plain(hni_reference_backend(), &c, in, (float *[HN_OP_MAX_TENSORS]){want});
    run_plain(hni_cpu_backend(), &c, in, (float *[HN_OP_MAX_TENSORS]){got});
    for (int64_t i = 0; i < n_out; i++)
        ck_assert_msg(memcmp(&got[i], &want[i], sizeof want[i]) == 0, "%d x %d to %d x %d, seed %llu: number %lld is %a, the reference has %a", size[0],
                      size[1], size[2], size[3], (unsigned long long)seed, (long long)i, (double)got[i], (double)want[i]);
    free(pixels);
    free(got);
    free(want);
}

START_TEST(augmentation_has_the_references_bits) {
    static const int32_t sizes[][4] = {{1, 1, 1, 1}, {5, 7, 3, 2}, {61, 35, 63, 31}, {40, 40, 62, 5}, {64, 64, 125, 66}};
    static const hn_augment_options kinds[] = {
        {.flip = 0.5, .rotate = 20, .scale = 0.2, .shift = 0.1, .shear = 10},
        {.rotate = 180, .scale = 9, .shift = 1, .noise = 0.2, .gamma = 1, .window_width = 1},
        {.flip = 0.5, .rotate = 10, .brightness = 0.3, .contrast = 0.5, .noise = 0.1, .blur = 0.3, .cutout = 0.7, .mixup = 0.5, .cutmix = 1},
        {.blur = 1.0 / 3, .cutmix = 1}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            for (uint64_t seed = 0; seed < 4; seed++)
                compare_augmented(&kinds[k], sizes[i], seed % 2 ? 3 : 1, test_seed() + seed);
}
END_TEST

/* The kernels' fused multiply-add in plain C is the machine's: on numbers of all sizes, through the contract of `weighted`. */
START_TEST(software_fuses_as_hardware_does) {
    const hni_cpu_isa *best = hni_cpu_isa_best(), *plain = hni_cpu_isa_named("plain");
    if (best == plain)
        SKIP("no vector instructions here");
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 4, 4);
    for (int i = 0; i < 20000; i++) {
        uint32_t bits[64];
        float a[4], rows[4][16], x[16], y[16];
        for (int k = 0; k < 64; k++)
            bits[k] = i % 3 == 0 ? hni_random_u32(&r) : 0x3E000000u + hni_random_below(&r, 0x03000000u) + (hni_random_u32(&r) & 0x80000000u);
        memcpy(rows, bits, sizeof rows);
        for (int k = 0; k < 4; k++)
            a[k] = rows[3 - k][k];
        best->weighted(x, 16, a, 1, rows[0], 16, 4);
        plain->weighted(y, 16, a, 1, rows[0], 16, 4);
        for (int k = 0; k < 16; k++)
            ck_assert_msg(memcmp(&x[k], &y[k], 4) == 0 || (isnan(x[k]) && isnan(y[k])), "round %d: %a and %a", i, (double)x[k], (double)y[k]);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu backend's edges");
    TCase *t = tcase_create("edges");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, nothing_outside_of_the_buffers);
    tcase_add_test(t, odd_numbers_come_out_as_from_the_reference);
    tcase_add_test(t, augmentation_has_the_references_bits);
    tcase_add_test(t, software_fuses_as_hardware_does);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
