/* preprocess.c - stored 8-bit images to a batch, gathered by rows and normalised; augment.c does those that are augmented.
 *
 * There are 256 answers a channel, so these are computed and looked up. */
#include <math.h>

#include "cpu.h"

const uint8_t *hni_cpu_image(const hni_cpu_call *call, int64_t n) {
    const hn_tensor_desc *x = &call->desc->in[0];
    if (n < 0 || n >= call->desc->out[0].dims[0])
        return NULL;
    const int64_t row = call->in[3] ? (int64_t)((const int32_t *)call->in[3])[n] : n;
    return row < 0 || row >= x->dims[0] ? NULL : (const uint8_t *)call->in[0] + row * (hni_cpu_elements(x) / x->dims[0]);
}

static bool is_plain(const hn_op_desc *d, const char **why) {
    *why = "images are augmented";
    return d->in[4].rank == 0;
}

enum { MEAN_AND_DEVIATION = 1 << 1 | 1 << 2 };

/* [C][256] answers in the workspace, or kept. */
typedef struct answers {
    bool made;
    float table[][256];
} answers;

static hn_status plan_preprocess(hni_cpu_op *op, hn_error *err) {
    const uint64_t bytes = (uint64_t)op->desc.in[0].dims[1] * 256 * sizeof(float);
    if ((op->desc.constant & MEAN_AND_DEVIATION) != MEAN_AND_DEVIATION) {
        op->workspace = bytes + sizeof(answers);
        return HN_OK;
    }
    answers *a = op->kept = op->host->alloc(op->host->user, (size_t)bytes + sizeof *a);
    if (!a)
        return hni_fail_memory(err, (size_t)bytes, "the table of preprocessing");
    a->made = false;
    return HN_OK;
}

static answers *answers_of(const hni_cpu_call *call) {
    return (answers *)(call->op->kept ? call->op->kept : call->workspace);
}

static void fill_answers(const hni_cpu_call *call, answers *a) {
    for (int64_t c = 0; c < call->desc->in[0].dims[1]; c++) {
        const double mean = (double)((const float *)call->in[1])[c], deviation = (double)((const float *)call->in[2])[c];
        for (int i = 0; i < 256; i++)
            a->table[c][i] = (float)(((double)i / 255.0 - mean) / deviation);
    }
}

/* One sample: its channels. */
static void preprocess_task(const hni_cpu_call *call, int64_t n) {
    const hn_tensor_desc *t = &call->desc->out[0];
    const int64_t pixels = t->dims[2] * t->dims[3];
    const uint8_t *x = hni_cpu_image(call, n);
    float *y = (float *)call->out[0] + n * t->dims[1] * pixels;
    for (int64_t i = 0; !x && i < t->dims[1] * pixels; i++)
        y[i] = NAN;
    for (int64_t c = 0; x && c < t->dims[1]; c++)
        call->isa->lookup(y + c * pixels, x + c * pixels, answers_of(call)->table[c], pixels);
}

static hn_status run_preprocess(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    answers *a = answers_of(call);
    if (!(call->op->kept && a->made && call->constant_kept))
        fill_answers(call, a);
    a->made = true;
    hni_cpu_for(call, call->desc->out[0].dims[0], preprocess_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_preprocess = {"table of 256", is_plain, plan_preprocess, run_preprocess};
