/* Executors on a backend that can record a step: the first is walked, a later one recorded and replayed ever after, with the same bits as
 * without; and what is promised of weights that stay. */
#include "nets.h"

/* A reference backend that can record: while recording, run notes the call; replay does all that was noted. */
enum { MOST_CALLS = 256 };
typedef struct call {
    void *op;
    hn_buffer in[HN_OP_MAX_TENSORS], out[HN_OP_MAX_TENSORS], workspace;
    int32_t flags;
} call;
static struct {
    hn_backend table;
    call calls[MOST_CALLS];
    size_t n;
    bool recording;
    int captures, replays, released, refuse;
    int promised, free; /* calls with HN_RUN_CONSTANT_KEPT and without, recorded or not */
} tape;

static hn_status tape_begin(void *device, hn_error *e) {
    (void)device;
    (void)e;
    if (tape.refuse)
        return tape.refuse;
    tape.captures++;
    tape.n = 0;
    tape.recording = true;
    return HN_OK;
}

static hn_status tape_end(void *device, void **recording, hn_error *e) {
    (void)device;
    (void)e;
    tape.recording = false;
    *recording = &tape;
    return HN_OK;
}

static hn_status tape_run(void *device, void *op, const hn_op_buffers *b, hn_error *e) {
    *(b->flags & HN_RUN_CONSTANT_KEPT ? &tape.promised : &tape.free) += 1;
    if (!tape.recording)
        return hni_reference_backend()->run(device, op, b, e);
    ck_assert_uint_lt(tape.n, MOST_CALLS);
    call *c = &tape.calls[tape.n++];
    c->op = op;
    memcpy(c->in, b->in, sizeof c->in);
    memcpy(c->out, b->out, sizeof c->out);
    c->workspace = b->workspace;
    c->flags = b->flags;
    return HN_OK;
}

static hn_status tape_replay(void *device, void *recording, hn_error *e) {
    ck_assert_ptr_eq(recording, &tape);
    tape.replays++;
    for (size_t i = 0; i < tape.n; i++) {
        const hn_op_buffers b = {.struct_size = sizeof b, .flags = tape.calls[i].flags, .in = tape.calls[i].in, .out = tape.calls[i].out,
                                 .workspace = tape.calls[i].workspace};
        const hn_status status = hni_reference_backend()->run(device, tape.calls[i].op, &b, e);
        if (status != HN_OK)
            return status;
    }
    return HN_OK;
}

static void tape_release(void *device, void *op) {
    if (op == &tape)
        tape.released++;
    else
        hni_reference_backend()->release(device, op);
}

static void load_tape(void) {
    memset(&tape, 0, sizeof tape);
    tape.table = *hni_reference_backend();
    tape.table.struct_size = sizeof tape.table;
    tape.table.name = "tape";
    tape.table.capture_begin = tape_begin;
    tape.table.capture_end = tape_end;
    tape.table.replay = tape_replay;
    tape.table.run = tape_run;
    tape.table.release = tape_release;
}

/* Five steps of Adam; the weights afterwards. */
static float *five_steps(const hn_backend *table) {
    hn_context *ctx = new_context();
    rig r = new_rig_on(table, ctx, residual(ctx, HN_ACT_RELU, 0.5, true, 3), 4);
    runner n = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, HN_OPTIMIZER_ADAM);
    for (int t = 0; t < 5; t++) {
        fill_batch(&r, (uint64_t)t);
        run_loss(&r, &n);
    }
    float *w = malloc((size_t)r.graph->total * sizeof *w);
    ck_ok(hni_weights_get(&r.weights, w, &err));
    free_runner(&r, &n);
    free_rig(&r);
    return w;
}

START_TEST(a_recorded_step_is_the_same_step) {
    load_tape();
    float *plain = five_steps(hni_reference_backend()), *taped = five_steps(&tape.table);
    ck_assert(tape.captures == 1 && tape.replays == 4 && tape.released == 1);
    ck_assert_int_eq(tape.promised, 0);
    tape.refuse = HN_E_UNSUPPORTED;
    float *refused = five_steps(&tape.table);
    ck_assert(tape.captures == 1 && tape.replays == 4);
    hn_context *ctx = new_context();
    hni_graph *g = residual(ctx, HN_ACT_RELU, 0.5, true, 3);
    const size_t bytes = (size_t)g->total * sizeof *plain;
    ck_assert_int_eq(memcmp(plain, taped, bytes), 0);
    ck_assert_int_eq(memcmp(plain, refused, bytes), 0);
    rig r = new_rig_on(&tape.table, ctx, g, 2);
    runner n = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
    tape.refuse = 12345; /* no status of ours */
    const hni_step step = step_of(&r);
    ck_ok(hni_executor_run(n.ex, &step, &err));
    ck_assert_int_eq(hni_executor_run(n.ex, &step, &err), HN_E_BACKEND);
    free_runner(&r, &n);
    free_rig(&r);
    free(plain);
    free(taped);
    free(refused);
}
END_TEST

/* Predictions are recorded with the promise that weights stay; new weights are told by one walk without it. */
START_TEST(new_weights_are_walked) {
    static const struct {
        bool new_weights;
        int captures, replays;
        bool walked; /* without the promise */
    } runs[] = {{false, 0, 0, true}, {false, 1, 1, false}, {false, 1, 2, false}, {true, 1, 2, true}, {false, 1, 3, false}, {true, 1, 3, true}};
    load_tape();
    hn_context *ctx = new_context();
    rig r = new_rig_on(&tape.table, ctx, residual(ctx, HN_ACT_RELU, 0.5, true, 3), 4);
    runner n = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
    float *w = malloc((size_t)r.graph->total * sizeof *w), logits[12], before[12] = {0};
    const hni_step step = step_of(&r);
    ck_ok(hni_weights_get(&r.weights, w, &err));
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        const int free_before = tape.free;
        for (int64_t k = 0; runs[i].new_weights && k < r.graph->total; k++)
            w[k] *= 1.5f;
        if (runs[i].new_weights)
            ck_ok(hni_weights_set(&r.weights, w, &err));
        ck_ok(hni_executor_run(n.ex, &step, &err));
        ck_ok(hni_executor_logits(n.ex, logits, &err));
        ck_assert_int_eq(tape.captures, runs[i].captures);
        ck_assert_int_eq(tape.replays, runs[i].replays);
        ck_assert_int_eq(tape.free > free_before, runs[i].walked);
        ck_assert_int_eq(memcmp(logits, before, sizeof logits) != 0, i == 0 || runs[i].new_weights);
        memcpy(before, logits, sizeof logits);
    }
    for (size_t k = 0; k < tape.n; k++)
        ck_assert_int_eq(tape.calls[k].flags, HN_RUN_CONSTANT_KEPT);
    free(w);
    free_runner(&r, &n);
    free_rig(&r);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("recording");
    TCase *t = tcase_create("recording");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_recorded_step_is_the_same_step);
    tcase_add_test(t, new_weights_are_walked);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
