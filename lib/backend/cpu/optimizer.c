/* optimizer.c - one step of SGD, Adam or AdamW over all parameters at once; formulas as PyTorch's torch.optim.
 *
 * Each number is read as float32, updated in float64, and rounded once when it is stored. The columns of hyper are new for every step
 * (learning rate schedules, bias corrections), so nothing is prepared. */
#include <math.h>

#include "haemnet/train.h" /* defines: HN_OPTIMIZER_… */
#include "cpu.h"

/* One parameter with its state. */
typedef struct cell {
    double w, g, m, v;
} cell;

/* root: √correction2, the same for a whole group. */
static cell adam(cell c, const double *hyper, double root, bool decoupled) {
    const double beta1 = hyper[HN_HYPER_BETA1], beta2 = hyper[HN_HYPER_BETA2], rate = hyper[HN_HYPER_RATE];
    if (decoupled)
        c.w -= rate * hyper[HN_HYPER_DECAY] * c.w;
    else
        c.g += hyper[HN_HYPER_DECAY] * c.w;
    c.m = beta1 * c.m + (1.0 - beta1) * c.g;
    c.v = beta2 * c.v + (1.0 - beta2) * c.g * c.g;
    const double divisor = sqrt(c.v) / root + hyper[HN_HYPER_EPSILON];
    c.w -= rate / hyper[HN_HYPER_CORRECTION1] * (c.m / divisor);
    return c;
}

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

/* Numbers first … end-1, all of one group. */
static void step_run(const hni_cpu_call *call, int64_t first, int64_t end, const double *hyper) {
    const float *w = (const float *)call->in[0], *g = (const float *)call->in[1], *m = (const float *)call->in[2];
    const float *v = (const float *)call->in[3];
    float *w_out = (float *)call->out[0], *m_out = (float *)call->out[1], *v_out = (float *)call->out[2];
    const bool sgd_step = call->desc->optimizer == HN_OPTIMIZER_SGD, decoupled = call->desc->optimizer == HN_OPTIMIZER_ADAMW;
    const bool frozen = hyper[HN_HYPER_RATE] == 0.0;
    const double root = sqrt(hyper[HN_HYPER_CORRECTION2]);
    for (int64_t i = first; i < end; i++) {
        cell c = {(double)w[i], (double)g[i], (double)m[i], (double)v[i]};
        if (!frozen)
            c = sgd_step ? sgd(c, hyper) : adam(c, hyper, root, decoupled);
        w_out[i] = (float)c.w;
        m_out[i] = (float)c.m;
        v_out[i] = (float)c.v;
    }
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

const hni_cpu_impl hni_cpu_optimizer = {"numbers", NULL, NULL, run_step};
