/* optimizer.c - one step of SGD, Adam or AdamW over all parameters at once; formulas as PyTorch's torch.optim.
 *
 * Each number is read as float32, updated in float64, and rounded once when it is stored. The columns of hyper are new for every step
 * (learning rate schedules, bias corrections), so nothing is prepared. */
#include <math.h>

#include "haemnet/train.h" /* defines: HN_OPTIMIZER_… */
#include "reference.h"

/* One parameter with its state. */
typedef struct cell {
    double w, g, m, v;
} cell;

static cell adam(cell c, const double *hyper, int decoupled) {
    const double beta1 = hyper[HN_HYPER_BETA1], beta2 = hyper[HN_HYPER_BETA2], rate = hyper[HN_HYPER_RATE];
    if (decoupled)
        c.w -= rate * hyper[HN_HYPER_DECAY] * c.w;
    else
        c.g += hyper[HN_HYPER_DECAY] * c.w;
    c.m = beta1 * c.m + (1.0 - beta1) * c.g;
    c.v = beta2 * c.v + (1.0 - beta2) * c.g * c.g;
    const double divisor = sqrt(c.v) / sqrt(hyper[HN_HYPER_CORRECTION2]) + hyper[HN_HYPER_EPSILON];
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

static void step_task(const hni_ref_call *call, int64_t piece) {
    const int64_t start = piece * HNI_REF_PIECE, end = hni_ref_piece_end(start, call->desc->in[0].dims[0]);
    const float *w = (const float *)call->in[0], *g = (const float *)call->in[1], *m = (const float *)call->in[2];
    const float *v = (const float *)call->in[3];
    const uint8_t *group = (const uint8_t *)call->in[5];
    float *w_out = (float *)call->out[0], *m_out = (float *)call->out[1], *v_out = (float *)call->out[2];
    for (int64_t i = start; i < end; i++) {
        const double *hyper = (const double *)call->in[4] + (int64_t)group[i] * HN_HYPER_COLUMNS;
        cell c = {(double)w[i], (double)g[i], (double)m[i], (double)v[i]};
        if (hyper[HN_HYPER_RATE] != 0.0) /* 0: frozen */
            c = call->desc->optimizer == HN_OPTIMIZER_SGD ? sgd(c, hyper) : adam(c, hyper, call->desc->optimizer == HN_OPTIMIZER_ADAMW);
        w_out[i] = (float)c.w;
        m_out[i] = (float)c.m;
        v_out[i] = (float)c.v;
    }
}

hn_status hni_ref_optimizer(const hni_ref_call *call, hn_error *err) {
    const int64_t count = call->desc->in[0].dims[0], groups = call->desc->in[4].dims[0];
    for (int64_t i = 0; i < count; i++)
        if (((const uint8_t *)call->in[5])[i] >= groups)
            return hni_fail(err, HN_E_ARGUMENT, "optimizer: parameter %lld is of group %d, but there are %lld groups", (long long)i,
                            ((const uint8_t *)call->in[5])[i], (long long)groups);
    hni_ref_for(call, hni_ref_pieces(count), step_task);
    return HN_OK;
}
