/* optimizer.c - one step of SGD, Adam or AdamW over all parameters at once; formulas as PyTorch's torch.optim.
 *
 * Each number is read as float32, updated in float64, and rounded once when it is stored. The columns of hyper are new for every step
 * (learning rate schedules, bias corrections), so nothing is prepared. */
#include <math.h>
#include <string.h>

#include "haemnet/train.h" /* defines: HN_OPTIMIZER_… */
#include "cpu.h"

/* One parameter with its state. */
typedef struct cell {
    double w, g, m;
} cell;

static cell sgd(cell c, const double *hyper) {
    const double momentum = hyper[HN_HYPER_BETA1];
    c.g += hyper[HN_HYPER_DECAY] * c.w;
    if (momentum != 0.0) {
        c.m = hyper[HN_HYPER_STEP] <= 1.0 ? c.g : momentum * c.m + c.g;
        c.g = hyper[HN_HYPER_BETA2] == 1.0 ? c.g + momentum * c.m : c.m; /* Nesterov looks one step ahead */
    }
    c.w -= hyper[HN_HYPER_RATE] * c.g;
    return c;
}

static void sgd_run(const hni_cpu_cells *c, int64_t n, const double *hyper) {
    for (int64_t i = 0; i < n; i++) {
        const cell new = sgd((cell){(double)c->w[i], (double)c->g[i], (double)c->m[i]}, hyper);
        c->w_out[i] = (float)new.w;
        c->m_out[i] = (float)new.m;
        c->v_out[i] = c->v[i];
    }
}

static void copy_run(const hni_cpu_cells *c, int64_t n) {
    memmove(c->w_out, c->w, (size_t)n * sizeof *c->w);
    memmove(c->m_out, c->m, (size_t)n * sizeof *c->m);
    memmove(c->v_out, c->v, (size_t)n * sizeof *c->v);
}

/* Numbers first … end-1, all of one group. */
static void step_run(const hni_cpu_call *call, int64_t first, int64_t end, const double *hyper) {
    const hni_cpu_cells cells = {(const float *)call->in[0] + first, (const float *)call->in[1] + first, (const float *)call->in[2] + first,
                                 (const float *)call->in[3] + first, (float *)call->out[0] + first,      (float *)call->out[1] + first,
                                 (float *)call->out[2] + first};
    if (hyper[HN_HYPER_RATE] == 0.0)
        copy_run(&cells, end - first);
    else if (call->desc->optimizer == HN_OPTIMIZER_SGD)
        sgd_run(&cells, end - first, hyper);
    else
        call->isa->adam(&cells, end - first, hyper, sqrt(hyper[HN_HYPER_CORRECTION2]), call->desc->optimizer == HN_OPTIMIZER_ADAMW);
}

enum { STEP_PIECE = 1024 };

static void step_task(const hni_cpu_call *call, int64_t piece) {
    const int64_t end = hni_cpu_min((piece + 1) * STEP_PIECE, call->desc->in[0].dims[0]);
    const uint8_t *group = (const uint8_t *)call->in[5];
    for (int64_t first = piece * STEP_PIECE; first < end;) {
        int64_t next = first + 1;
        while (next < end && group[next] == group[first])
            next++;
        step_run(call, first, next, (const double *)call->in[4] + (int64_t)group[first] * HN_HYPER_COLUMNS);
        first = next;
    }
}

static hn_status run_step(const hni_cpu_call *call, hn_error *err) {
    const int64_t count = call->desc->in[0].dims[0], groups = call->desc->in[4].dims[0];
    for (int64_t i = 0; i < count; i++)
        if (((const uint8_t *)call->in[5])[i] >= groups)
            return hni_fail(err, HN_E_ARGUMENT, "optimizer: parameter %lld is of group %d, but there are %lld groups", (long long)i,
                            ((const uint8_t *)call->in[5])[i], (long long)groups);
    hni_cpu_for(call, (count + STEP_PIECE - 1) / STEP_PIECE, step_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_optimizer = {"vectors", NULL, NULL, run_step};
