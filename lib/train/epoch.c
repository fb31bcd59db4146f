/* epoch.c - one epoch: every training batch once in the epoch's own order, then the test part, then the books. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/os.h" /* defines: hni_seconds */
#include "base/status.h"
#include "trainer.h"

/* Columns of the device's statistics; see HN_OP_SOFTMAX_LOSS. */
enum { LOSS = 0, WEIGHT = 1, RIGHT = 2, COUNT = 3, STATS = 4 };

typedef struct pass { /* what one run over a part came to */
    double stats[STATS]; /* as last read */
    int64_t images;
    double seconds;
    double read_at;      /* hni_seconds of that */
    bool unread;         /* batches ran since */
} pass;

/* The optimiser's step on the gradients of the batches since the last one. */
static hn_status update(hn_trainer *t, hn_error *err) {
    const hni_step step = {.hyper = t->hyper};
    if (!t->gathered) return HN_OK;
    hni_step_numbers(t, 0);
    const hn_status status = hni_executor_run(t->update, &step, err);
    t->gathered = 0;
    t->gathered_weight = 0;
    if (!status) t->step++;
    return status;
}

static hn_status run_batch(hn_trainer *t, hni_part *part, int32_t mode, const hni_batch *batch, int64_t epoch, hn_error *err) {
    hni_executor *executor;
    hni_step step;
    hn_status status = hni_trainer_shape(t, mode, batch->count, &executor, err);
    if (status) return status;
    const double weight = hni_step_fill(t, part, mode, batch, epoch, &step);
    if (mode == HNI_MODE_TRAIN) hni_step_numbers(t, weight);
    status = hni_executor_run(executor, &step, err);
    if (status || mode != HNI_MODE_TRAIN) return status;
    if (!t->update) {
        t->step++;
        return HN_OK;
    }
    t->gathered_weight += weight;
    return ++t->gathered == t->options.accumulate ? update(t, err) : HN_OK;
}

static hn_status tell(const hn_trainer *t, int32_t mode, int64_t epoch, int64_t batch, int64_t rows, const pass *p, hn_error *err) {
    hn_progress progress = {.struct_size = sizeof progress, .epoch = epoch, .batch = batch, .images = p->images, .seconds = p->seconds};
    progress.phase = mode == HNI_MODE_TRAIN ? HN_PHASE_TRAIN : HN_PHASE_TEST;
    progress.batches = (rows + t->options.batch - 1) / t->options.batch;
    progress.loss = p->stats[LOSS] / p->stats[WEIGHT];
    if (t->options.progress && t->options.progress(t->options.progress_user, &progress))
        return hni_fail(err, HN_E_CANCELLED, "cancelled by the progress callback");
    return hni_cancel_check(t->options.cancel, err);
}

static hn_status check_loss(const pass *p, int32_t mode, int64_t epoch, int64_t batch, hn_error *err) {
    if (isfinite(p->stats[LOSS])) return HN_OK;
    return hni_fail(err, HN_E_NUMERIC, "the %s loss became %s in epoch %lld by step %lld: lower the learning rate, or look at the data",
                    mode == HNI_MODE_TRAIN ? "training" : "test", isnan(p->stats[LOSS]) ? "NaN" : "infinite", (long long)epoch,
                    (long long)batch);
}

/* Reads what the device has summed up, and waits for it. */
static hn_status read_stats(hn_trainer *t, pass *p, int32_t mode, int64_t epoch, int64_t batch, hn_error *err) {
    const hn_status status = hni_device_download(t->device, p->stats, t->weights.stats, err);
    p->read_at = hni_seconds();
    p->unread = false;
    return status ? status : check_loss(p, mode, epoch, batch, err);
}

enum { READS_A_SECOND = 2 };

/* Reading is free where the device's memory is the host's. Elsewhere it lets the device run dry, so it is done for whoever watches, and seldom.
 * No result depends on it. */
static bool time_to_read(const hn_trainer *t, const pass *p) {
    if (t->device->info.flags & HN_DEVICE_HOST_MEMORY) return true;
    return t->options.progress && hni_seconds() - p->read_at >= 1.0 / READS_A_SECOND;
}

/* One run over a part. Statistics stay on the device and grow; the host reads them at the end, and in between when it is time to. */
static hn_status run_part(hn_trainer *t, hni_part *part, int32_t mode, int64_t epoch, pass *p, hn_error *err) {
    static const double zeros[STATS];
    double begin = hni_seconds();
    int64_t rows = hni_dataset_rows(part->data), number = 0;
    hni_batch batch;
    *p = (pass){.read_at = -INFINITY};
    t->gathered = 0;
    t->gathered_weight = 0;
    hni_step_begin_pass(part);
    hn_status status = hni_device_upload(t->device, t->weights.stats, zeros, err);
    if (!status) status = hni_loader_start(part->loader, t->options.seed, mode == HNI_MODE_TRAIN ? epoch : -1, err);
    while (!status) {
        status = hni_resident_next(t, part, &batch, err);
        if (status || !batch.count) break;
        status = run_batch(t, part, mode, &batch, epoch, err);
        if (status) break;
        number++;
        p->images += batch.count;
        p->unread = true;
        if (time_to_read(t, p)) status = read_stats(t, p, mode, epoch, number, err);
        p->seconds = hni_seconds() - begin;
        if (!status) status = tell(t, mode, epoch, number, rows, p, err);
    }
    if (!status && !p->images)
        status = hni_fail(err, HN_E_DATA, "none of the %lld files of the %s part could be read", (long long)rows,
                          mode == HNI_MODE_TRAIN ? "training" : "test");
    if (!status) status = update(t, err);
    if (!status && p->unread) status = read_stats(t, p, mode, epoch, number, err);
    p->seconds = hni_seconds() - begin;
    return status;
}

static void book(hn_trainer *t, const pass *train, const pass *test, hn_epoch_report *r) {
    memset(r, 0, sizeof *r);
    r->struct_size = sizeof *r;
    r->epoch = (int64_t)t->n_history + 1;
    r->train_loss = train->stats[LOSS] / train->stats[WEIGHT];
    r->train_accuracy = train->stats[RIGHT] / train->stats[COUNT];
    r->test_loss = t->test.data ? test->stats[LOSS] / test->stats[WEIGHT] : NAN;
    r->test_accuracy = t->test.data ? test->stats[RIGHT] / test->stats[COUNT] : NAN;
    r->learning_rate = t->rate;
    r->seconds = train->seconds + test->seconds;
    r->train_images = train->images;
    r->test_images = test->images;
    r->images_per_second = r->seconds > 0 ? (double)(train->images + test->images) / r->seconds : 0;
    r->skipped = hni_dataset_skipped(t->train.data) + (t->test.data ? hni_dataset_skipped(t->test.data) : 0);
    if ((hni_dataset_flags(t->train.data) | (t->test.data ? hni_dataset_flags(t->test.data) : 0)) & HN_DATA_GROUPS_UNKNOWN)
        r->flags |= HN_EPOCH_GROUPS_UNKNOWN;
}

static bool stop_now(const hn_trainer *t, double *scratch) {
    double *train = scratch, *test = scratch + t->n_history;
    for (size_t i = 0; i < t->n_history; i++) {
        train[i] = t->history[i].train_loss;
        test[i] = t->test.data ? t->history[i].test_loss : t->history[i].train_loss;
    }
    return hni_should_stop(&t->stopping, test, train, (int64_t)t->n_history);
}

/* Best weights, stopping rule, history. */
static hn_status close_epoch(hn_trainer *t, hn_epoch_report *r, hn_error *err) {
    double watched = t->test.data ? r->test_loss : r->train_loss;
    hn_status status = hni_trainer_append(t, r, err);
    if (status) return status;
    double *scratch = hni_calloc(t->ctx, 2 * t->n_history, sizeof *scratch);
    status = scratch ? hni_trainer_fetch(t, err) : hni_fail_memory(err, 2 * t->n_history * sizeof *scratch, "an epoch's books");
    if (status) {
        t->n_history--;
        hni_free(t->ctx, scratch);
        return status;
    }
    if (watched < t->best_loss) {
        memcpy(t->best, t->options.average_test ? t->last.average : t->last.weights, (size_t)t->model->graph->total * sizeof *t->best);
        t->best_loss = watched;
        t->best_epoch = r->epoch;
        r->flags |= HN_EPOCH_BEST;
    }
    r->best_loss = t->best_loss;
    r->best_epoch = t->best_epoch;
    if (stop_now(t, scratch)) r->flags |= HN_EPOCH_STOP;
    t->history[t->n_history - 1] = *r;
    hni_free(t->ctx, scratch);
    return HN_OK;
}

hn_status hni_train_epoch(hn_trainer *t, hn_epoch_report *report, hn_error *err) {
    int64_t epoch = (int64_t)t->n_history + 1, step = t->step;
    pass train, test;
    memset(&test, 0, sizeof test);
    hn_status status = t->adrift ? hni_trainer_restore(t, err) : HN_OK;
    if (!status) status = run_part(t, &t->train, HNI_MODE_TRAIN, epoch, &train, err);
    if (!status && t->test.data) status = run_part(t, &t->test, HNI_MODE_TEST, epoch, &test, err);
    if (!status) {
        book(t, &train, &test, report);
        status = close_epoch(t, report, err);
    }
    if (!status) return HN_OK;
    t->step = step;
    hni_trainer_restore(t, NULL); /* back to the end of the last whole epoch, now or later; the first error is the one to tell */
    return status;
}
