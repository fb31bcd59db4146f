/* batch.c - images → verdicts: one, or many at once.
 *
 * Many are preprocessed in parallel into the slots of the next batch; those that cannot be used leave it and the others move up, so that
 * the network always gets full batches while there are images. Results are kept aside until all images are done, because a call that
 * fails must leave the caller's results as they were. Nothing here depends on which images stand beside each other.
 *
 * Threads have no numbers here (they may be the host's), so each takes the first scratch that is free. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/threads.h"
#include "eval/eval.h" /* defines: hni_decide */
#include "predictor.h"

/* Slices into slot `slot` of p->pixels. A host whose parallel_for is wider than it said works without a kept scratch. */
static hn_status preprocess_into(hn_predictor *p, const hn_image *const *slices, size_t slot, hn_error *err) {
    const hni_preproc *pre = &p->model->preproc;
    uint8_t *dst = p->pixels + slot * p->image_bytes;
    for (int32_t i = 0; i < p->n_lanes; i++) {
        hni_lane *lane = &p->lanes[i];
        if (atomic_flag_test_and_set_explicit(&lane->taken, memory_order_acquire)) continue;
        hn_status status = hni_preproc_slices_in(&lane->scratch, pre, slices, dst, &p->notes[slot], err);
        atomic_flag_clear_explicit(&lane->taken, memory_order_release);
        return status;
    }
    hni_scratch scratch = {.ctx = p->ctx};
    hn_status status = hni_preproc_slices_in(&scratch, pre, slices, dst, &p->notes[slot], err);
    hni_scratch_free(&scratch);
    return status;
}

/* Image `at` and what lies around it; outside of the series, and where there is none, the nearest. Not in a series: the image alone. */
static void gather_slices(const hn_predictor *p, const hn_image *const *images, size_t count, bool series, size_t at, const hn_image **slices) {
    const int32_t middle = hni_preproc_slices(&p->model->preproc) / 2;
    slices[middle] = images[at];
    for (int32_t k = 1; k <= middle; k++) {
        const size_t step = (size_t)k;
        const hn_image *below = series && at >= step ? images[at - step] : NULL, *above = series && step < count - at ? images[at + step] : NULL;
        slices[middle - k] = below ? below : slices[middle - k + 1];
        slices[middle + k] = above ? above : slices[middle + k - 1];
    }
}

hn_status hni_predictor_preprocess(hn_predictor *p, const hn_image *const *images, size_t count, bool series, size_t at, size_t slot,
                                   hn_error *err) {
    const hn_image *slices[HNI_PREPROC_CHANNELS];
    if (!images[at]) return hni_fail(err, HN_E_ARGUMENT, "this image is NULL");
    gather_slices(p, images, count, series, at, slices);
    return preprocess_into(p, slices, slot, err);
}

hn_status hni_predict(hn_predictor *p, const hn_image *image, hn_error *err) {
    hn_status status = hni_predictor_preprocess(p, &image, 1, false, 0, 0, err);
    if (!status) status = hni_predictor_run(p, p->pixels, 1, err);
    p->run.notes[0] = p->notes[0];
    if (!status && p->run.status[0])
        return hni_fail(err, HN_E_NUMERIC, "the network gave NaN or infinity for this image: look at the model's weights");
    return status;
}

typedef struct work { /* a batch in the making */
    hn_predictor *p;
    const hn_image *const *images;
    size_t count;
    bool series;
    size_t next;    /* the caller's first image that was not looked at yet */
    int32_t filled; /* slots that hold a good image */
} work;

static void preprocess(void *arg, uint32_t i) {
    const work *w = arg;
    hn_predictor *p = w->p;
    size_t slot = (size_t)w->filled + i;
    hn_error *e = &p->error[slot];
    e->status = hni_predictor_preprocess(p, w->images, w->count, w->series, w->next + i, slot, e);
}

/* No memory is not the image's fault: it would be unfair to call it bad, and the next one will not fare better. */
static bool images_own(hn_status status) { return status != HN_E_MEMORY && status != HN_E_INTERNAL; }

/* Preprocesses as many images as slots are free, and closes the gaps of the bad ones. */
static hn_status fill_slots(work *w, hni_verdicts *verdicts, hn_error *err) {
    hn_predictor *p = w->p;
    size_t left = w->count - w->next, room = (size_t)(p->max_batch - w->filled), n = left < room ? left : room, bytes = p->image_bytes;
    size_t first = (size_t)w->filled;
    hni_parallel_for(p->ctx, (uint32_t)n, preprocess, w);
    for (size_t i = 0; i < n; i++) {
        const hn_error *e = &p->error[first + i];
        if (e->status && !images_own(e->status)) {
            if (err) *err = *e;
            return e->status;
        }
        verdicts->status[w->next + i] = e->status;
        verdicts->notes[w->next + i] = e->status ? 0 : p->notes[first + i];
        if (e->status) continue;
        if ((size_t)w->filled != first + i) memcpy(p->pixels + (size_t)w->filled * bytes, p->pixels + (first + i) * bytes, bytes);
        p->image[w->filled++] = w->next + i;
    }
    w->next += n;
    return HN_OK;
}

static hn_status run_slots(work *w, hni_verdicts *verdicts, hn_error *err) {
    hn_predictor *p = w->p;
    size_t classes = (size_t)p->model->n_classes, bytes = classes * sizeof(float);
    hn_status status = hni_predictor_run(p, p->pixels, w->filled, err);
    for (int32_t i = 0; i < w->filled && !status; i++) {
        size_t from = (size_t)i * classes, to = p->image[i] * classes;
        memcpy(verdicts->probabilities + to, p->run.probabilities + from, bytes);
        memcpy(verdicts->logits + to, p->run.logits + from, bytes);
        verdicts->status[p->image[i]] = p->run.status[i];
        verdicts->novelty[p->image[i]] = p->run.novelty[i];
    }
    w->filled = 0;
    return status;
}

hn_status hni_predict_batch(hn_predictor *p, const hn_image *const *images, size_t count, bool series, hni_verdicts *verdicts, hn_error *err) {
    work w = {.p = p, .images = images, .count = count, .series = series};
    hn_status status = hni_verdicts_take(p, count, verdicts, err);
    while (!status && w.next < count) {
        status = fill_slots(&w, verdicts, err);
        if (!status && (w.filled == p->max_batch || w.next == count)) status = run_slots(&w, verdicts, err);
    }
    if (status) hni_verdicts_free(p, verdicts);
    return status;
}

/* A copy of one row, or NaN where there is none. */
static void give_row(float *dst, const float *src, int32_t n, bool there) {
    for (int32_t k = 0; dst && k < n; k++) dst[k] = there ? src[k] : NAN;
}

static uint64_t label_bits(const hn_predictor *p, int32_t class_index) {
    uint64_t bits = 0;
    if (p->model->task != HN_TASK_MULTI) return class_index >= 0 && class_index < 64 ? UINT64_C(1) << class_index : 0;
    for (int32_t k = 0; k < p->model->n_classes; k++)
        if (p->row[k] >= p->threshold) bits |= UINT64_C(1) << k;
    return bits;
}

void hni_verdict_give(hn_predictor *p, const hni_verdicts *verdicts, size_t i, hn_prediction *out) {
    const hn_model *m = p->model;
    const float *probabilities = verdicts->probabilities + i * (size_t)m->n_classes, *logits = verdicts->logits + i * (size_t)m->n_classes;
    hn_status status = verdicts->status[i];
    bool ran = !status || status == HN_E_NUMERIC;
    give_row(out->probabilities, probabilities, m->n_classes, ran);
    give_row(out->logits, logits, m->n_classes, ran);
    for (int32_t k = 0; k < m->n_classes; k++) p->row[k] = ran ? (double)probabilities[k] : NAN;
    out->flags = !status ? 0 : ran ? HN_PREDICTION_NONFINITE : HN_PREDICTION_FAILED;
    if (ran && verdicts->notes[i] & HNI_PREPROC_NO_HEAD) out->flags |= HN_PREDICTION_NO_HEAD;
    if (ran && verdicts->notes[i] & HNI_PREPROC_NO_SKULL) out->flags |= HN_PREDICTION_NO_SKULL;
    out->novelty = ran ? verdicts->novelty[i] : NAN;
    if (out->novelty > 1) out->flags |= HN_PREDICTION_UNFAMILIAR; /* not NaN */
    out->status = status;
    out->n_classes = m->n_classes;
    out->threshold = p->threshold;
    out->class_index = status ? -1 : hni_decide(p->row, m->n_classes, m->task, m->positive, p->threshold);
    out->labels = status ? 0 : label_bits(p, out->class_index);
    out->probability = status ? NAN : p->row[out->class_index];
    out->positive = status || m->positive < 0 ? NAN : p->row[m->positive];
}
