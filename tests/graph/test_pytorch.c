/* TinyVGG against PyTorch: logits, gradients, 20 steps of Adam, from the same weights and batches. tests/golden/gen_tinyvgg.py wrote
 * the other side; it says what is in the file. */
#include "nets.h"

enum { STEPS = 20, BATCHES = 5 };

typedef struct golden {
    int32_t size, channels, hidden, classes, task, batch, parameters;
    float *logits, *grads, *losses, *weights;
} golden;

static uint32_t word(uint64_t stream, uint64_t index) {
    uint64_t z = stream * 0x9E3779B97F4A7C15u + index * 0xD1342543DE82EF95u + 1;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static float *read_floats(FILE *file, size_t n) {
    float *values = malloc(n * sizeof *values);
    ck_assert_uint_eq(fread(values, sizeof *values, n, file), n); /* a little-endian machine */
    return values;
}

static golden read_case(FILE *file) {
    golden g;
    int32_t head[7];
    ck_assert_uint_eq(fread(head, sizeof *head, 7, file), 7);
    memcpy(&g, head, sizeof head);
    g.logits = read_floats(file, (size_t)(g.batch * g.classes));
    g.grads = read_floats(file, (size_t)g.parameters);
    g.losses = read_floats(file, STEPS);
    g.weights = read_floats(file, (size_t)g.parameters);
    return g;
}

static void free_case(golden *g) {
    free(g->logits);
    free(g->grads);
    free(g->losses);
    free(g->weights);
}

static void start_weights(rig *r) {
    uint64_t index = 0;
    for (size_t i = 0; i < r->graph->n_params; i++)
        for (int64_t k = 0; k < r->graph->params[i].elements; k++)
            r->flat[r->graph->params[i].offset + k] = (float)((int32_t)(word(1, index++) >> 17) - 16384) / 65536.0f;
    ck_ok(hni_weights_set(&r->weights, r->flat, &err));
}

static void make_batch(rig *r, uint64_t number) {
    const int64_t pixels = hni_tensor_elements(&r->graph->values[0]) * r->batch;
    for (int64_t i = 0; i < pixels; i++)
        r->pixels[i] = (uint8_t)(word(100 + number, (uint64_t)i) & 255);
    for (int32_t i = 0; i < r->batch; i++)
        r->labels[i] = (int32_t)(word(200 + number, (uint64_t)i) % (uint32_t)r->classes);
    for (int32_t i = 0; i < r->batch * r->classes; i++)
        r->many[i] = (float)(word(200 + number, (uint64_t)i) & 1);
}

/* Largest |ours - theirs| / (|theirs| + floor · the tensor's largest) over all tensors; the floor keeps float32's noise in sums that
 * cancel to nearly nothing from counting as a relative error. floor 0: absolute difference. */
static double worst(const hni_graph *g, const float *ours, const float *theirs, double floor) {
    double result = 0.0;
    for (size_t i = 0, at = 0; i < g->n_params; at += (size_t)g->params[i++].elements) {
        const hni_param *p = &g->params[i];
        double largest = 0.0;
        for (int64_t k = 0; k < p->elements; k++)
            largest = fmax(largest, fabs((double)theirs[at + (size_t)k]));
        for (int64_t k = 0; k < p->elements; k++) {
            const double want = theirs[at + (size_t)k], difference = fabs(ours[p->offset + k] - want);
            const double error = floor > 0.0 ? difference / (fabs(want) + floor * largest + 1e-30) : difference;
            result = error <= result ? result : error; /* a NaN stays */
        }
    }
    return result;
}

static void compare(const golden *g) {
    hn_context *ctx = new_context();
    rig r = new_rig(tinyvgg(ctx, g->channels, g->size, g->hidden, g->classes), ctx, g->batch);
    ck_assert_int_eq(r.graph->parameters, g->parameters);
    start_weights(&r);
    runner n = new_runner(&r, HNI_MODE_TRAIN, g->task == 1 ? HN_TASK_SINGLE : HN_TASK_MULTI, HN_OPTIMIZER_ADAM);
    float *grads = malloc((size_t)r.graph->trainable * sizeof *grads), logits[64];
    double logit_error = 0.0, grad_error = 0.0, loss_error = 0.0, power1 = 1.0, power2 = 1.0;
    for (int step = 0; step < STEPS; step++) {
        make_batch(&r, (uint64_t)(step % BATCHES));
        power1 *= 0.9;
        power2 *= 0.999;
        const double adam[HN_HYPER_COLUMNS] = {0.001, 0.9, 0.999, 1e-8, 0.0, 1.0 - power1, 1.0 - power2, step + 1};
        memcpy(r.hyper, adam, sizeof adam);
        const double loss = run_loss(&r, &n);
        loss_error = fmax(loss_error, fabs(loss - g->losses[step]));
        if (step > 0)
            continue;
        ck_ok(hni_executor_logits(n.ex, logits, &err));
        for (int i = 0; i < g->batch * g->classes; i++)
            logit_error = fmax(logit_error, fabs((double)logits[i] - g->logits[i]));
        ck_ok(hni_device_download(r.device, grads, r.weights.grads, &err));
        grad_error = worst(r.graph, grads, g->grads, 1e-2);
    }
    ck_ok(hni_weights_get(&r.weights, r.flat, &err));
    const double weight_error = worst(r.graph, r.flat, g->weights, 0.0);
    printf("%d px, %d channels, hidden %d, %d %s: logits %.1e, gradients %.1e, losses %.1e, weights %.1e\n", g->size, g->channels,
           g->hidden, g->classes, g->task == 1 ? "softmax" : "sigmoid", logit_error, grad_error, loss_error, weight_error);
    ck_assert(logit_error <= 1e-5 && grad_error <= 1e-4 && loss_error <= 1e-4 && weight_error <= 1e-4);
    ck_assert(fabs(g->losses[STEPS - 1] - g->losses[0]) > 1e-3); /* something was learnt */
    free(grads);
    free_runner(&r, &n);
    free_rig(&r);
}

START_TEST(agrees_with_pytorch) {
    FILE *file = fopen(GOLDEN("tinyvgg.bin"), "rb");
    ck_assert_msg(file != NULL, "no " GOLDEN("tinyvgg.bin"));
    char head[256];
    ck_assert_ptr_nonnull(fgets(head, sizeof head, file));
    const char *comma = strrchr(head, ',');
    const int cases = comma ? atoi(comma + 1) : 0;
    ck_assert_int_ge(cases, 8);
    for (int i = 0; i < cases; i++) {
        golden g = read_case(file);
        compare(&g);
        free_case(&g);
    }
    ck_assert_int_eq(fgetc(file), EOF);
    fclose(file);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pytorch");
    TCase *t = tcase_create("pytorch");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, agrees_with_pytorch);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
