/* flops.c - counts multiply-adds from operator descriptions, of single operators and of the programs that networks become. */
#include "flops.h"

#include "graph/executor.h" /* defines: HNI_MODE_… */
#include "graph/program.h"

/* Multiply-adds; 0 for operators that are not made of them. */
static double multiply_adds(const hn_op_desc *d) {
    const hn_tensor_desc *w;
    switch (d->kind) {
    case HN_OP_CONV2D: /* x w → y */
        w = &d->in[1];
        return (double)hni_tensor_elements(&d->out[0]) * (d->pool > 1 ? d->pool * d->pool : 1) * (double)(w->dims[1] * w->dims[2] * w->dims[3]);
    case HN_OP_CONV2D_GRAD_INPUT: /* dy w → dx */
        w = &d->in[1];
        return (double)hni_tensor_elements(&d->in[0]) * (double)(w->dims[1] * w->dims[2] * w->dims[3]);
    case HN_OP_CONV2D_GRAD_WEIGHT: /* dy x → dw */
        w = &d->out[0];
        return (double)hni_tensor_elements(&d->in[0]) * (double)(w->dims[1] * w->dims[2] * w->dims[3]);
    case HN_OP_DENSE:
    case HN_OP_DENSE_GRAD_INPUT: return (double)d->in[0].dims[0] * (double)hni_tensor_elements(&d->in[1]);
    case HN_OP_DENSE_GRAD_WEIGHT: return (double)d->in[0].dims[0] * (double)hni_tensor_elements(&d->out[0]);
    default: return 0;
    }
}

double bench_op_flops(const hn_op_desc *d) {
    double read = 0, written = 0, adds = multiply_adds(d);
    if (adds > 0) return 2 * adds;
    for (int i = 0; i < d->n_in; i++) read += d->in[i].rank ? (double)hni_tensor_elements(&d->in[i]) : 0;
    for (int i = 0; i < d->n_out; i++) written += d->out[i].rank ? (double)hni_tensor_elements(&d->out[i]) : 0;
    return read > written ? read : written;
}

double bench_graph_flops(const hni_graph *graph, int32_t mode, int32_t batch) {
    hni_program_options o = {.mode = mode, .batch = batch, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5};
    hni_program program;
    double sum = 0;
    hn_status status = hni_program_make(&program, graph, &o, NULL);
    for (size_t i = 0; !status && i < program.n_nodes; i++) sum += 2 * multiply_adds(&program.nodes[i].desc);
    hni_program_free(&program);
    return status ? -1 : sum;
}
