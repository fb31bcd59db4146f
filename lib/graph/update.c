/* update.c - what is done with gradients once they are there: summed up over batches, clipped, the optimiser's step, the moving average.
 *
 *   TRAIN                 gradients ─► clip ─► optimiser ─► average
 *   TRAIN, accumulate     gradients ─► mean over the batches so far
 *   UPDATE, accumulate    that mean ─► clip ─► optimiser ─► average
 *
 * The mean over batches moves as a moving average does, each batch with its own weight, so the same operator serves: nothing has to be set to
 * zero before, and how many batches there will be need not be known. */
#include "executor.h" /* defines: HNI_NUMBER_… */
#include "program.h"

/* A number behind the groups' rows of hyper. */
static int32_t number(hni_program *p, int32_t which, hn_tensor_desc desc) {
    const int32_t row = (p->options.groups > 0 ? p->options.groups : 1) + which;
    return hni_program_place(p, desc, HNI_HOME_HYPER, (uint64_t)row * HN_HYPER_COLUMNS * sizeof(double));
}

static void average(hni_program *p, int64_t length, int32_t home, int32_t of, int32_t which) {
    hn_op_desc d;
    if (!hni_program_ok(p, -1, hni_op_average(&d, length, p->err)))
        return;
    const int32_t in[3] = {hni_program_place(p, d.in[0], home, 0), hni_program_place(p, d.in[1], of, 0), number(p, which, d.in[2])};
    hni_program_node(p, -1, &d, in, in);
}

static void clip(hni_program *p, int32_t gradients) {
    hn_op_desc d;
    if (!hni_program_ok(p, -1, hni_op_clip(&d, p->graph->trainable, p->err)))
        return;
    const int32_t in[2] = {hni_program_place(p, d.in[0], gradients, 0), number(p, HNI_NUMBER_LIMIT, d.in[1])};
    const int32_t out[2] = {in[0], hni_program_place(p, d.out[1], HNI_HOME_ARENA, 0)};
    hni_program_node(p, -1, &d, in, out);
}

static void step(hni_program *p, int32_t gradients) {
    hn_op_desc d;
    const int32_t groups = p->options.groups > 0 ? p->options.groups : 1;
    if (!hni_program_ok(p, -1, hni_op_optimizer(&d, p->options.optimizer, p->graph->trainable, groups, p->err)))
        return;
    const int32_t homes[6] = {HNI_HOME_VALUES, gradients, HNI_HOME_M, HNI_HOME_V, HNI_HOME_HYPER, HNI_HOME_GROUP};
    int32_t in[6];
    for (int i = 0; i < 6; i++)
        in[i] = hni_program_place(p, d.in[i], homes[i], 0);
    const int32_t out[3] = {in[0], in[2], in[3]};
    hni_program_node(p, -1, &d, in, out);
}

void hni_program_update(hni_program *p) {
    const int64_t trainable = p->graph->trainable;
    const int32_t gradients = p->options.accumulate ? HNI_HOME_SUM : HNI_HOME_GRADS;
    if (p->status != HN_OK || trainable == 0)
        return;
    if (p->options.accumulate && p->options.mode == HNI_MODE_TRAIN)
        average(p, trainable, HNI_HOME_SUM, HNI_HOME_GRADS, HNI_NUMBER_KEEP);
    if (p->options.optimizer == 0)
        return;
    if (p->options.clip)
        clip(p, gradients);
    step(p, gradients);
    if (p->options.average)
        average(p, p->graph->total, HNI_HOME_AVERAGE, HNI_HOME_VALUES, HNI_NUMBER_DECAY);
}
