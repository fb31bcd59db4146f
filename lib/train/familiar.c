/* familiar.c - what a model takes along of the look of its training images: lib/familiar learns it, here they are read.
 *
 * As the trained network sees images when it predicts: its preprocessing, no augmentation, each row once. It does not depend on the weights, so
 * one reading serves all models of a trainer. */
#include "familiar/familiar.h"

#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/threads.h"
#include "data/names.h"
#include "trainer.h"

enum { BATCH = 64 };

typedef struct reading {
    hn_trainer *t;
    hni_loader *loader;
    uint8_t *left_out; /* [rows] 1 = not among those that are looked at */
    double *x;         /* [room, HNI_SIGNATURE] */
    int32_t *unit;     /* [room] */
    int64_t n;         /* filled */
    int32_t units;
    hni_names names;   /* of groups, numbered */
    int32_t *of_name;  /* [room + 1] unit of each of them, -1 = none yet */
    hni_batch batch;
    double *at[BATCH]; /* where the signature of each image of the batch goes; NULL = left out */
} reading;

static hn_status take_memory(reading *r, int64_t rows, int64_t room, hn_error *err) {
    hn_context *ctx = r->t->ctx;
    r->left_out = hni_calloc(ctx, (size_t)rows, sizeof *r->left_out);
    r->x = hni_calloc(ctx, (size_t)room, HNI_SIGNATURE * sizeof *r->x);
    r->unit = hni_calloc(ctx, (size_t)room, sizeof *r->unit);
    r->of_name = hni_calloc(ctx, (size_t)room + 1, sizeof *r->of_name);
    const bool named = !hni_names_init(&r->names, ctx);
    if (!r->left_out || !r->x || !r->unit || !r->of_name || !named)
        return hni_fail_memory(err, (size_t)room * HNI_SIGNATURE * sizeof *r->x, "statistics of the training images");
    for (int64_t i = 0; i <= room; i++) r->of_name[i] = -1;
    for (int64_t i = 0; i < rows; i++) r->left_out[i] = rows > room;
    for (int64_t k = 0; k < room && rows > room; k++) r->left_out[k * rows / room] = 0;
    return HN_OK;
}

/* The row's patient as a number; a row without one is its own. */
static hn_status number_unit(reading *r, int64_t row, int32_t *unit, hn_error *err) {
    hn_row facts = {0};
    uint32_t number = 0;
    hni_dataset_row(r->t->train.data, row, &facts);
    if (hni_names_number(&r->names, facts.group, strlen(facts.group), &number)) return hni_fail_memory(err, strlen(facts.group), "a patient's name");
    *unit = number && r->of_name[number] >= 0 ? r->of_name[number] : r->units++;
    if (number) r->of_name[number] = *unit;
    return HN_OK;
}

static void describe(void *arg, uint32_t i) {
    const reading *r = arg;
    const hni_preproc *p = &r->t->model->preproc;
    if (r->at[i]) hni_signature(r->batch.pixels + i * hni_preproc_bytes(p), p->channels, p->width, p->height, r->at[i]);
}

static hn_status read_batch(reading *r, hn_error *err) {
    hn_status status = HN_OK;
    for (int32_t i = 0; i < r->batch.count && !status; i++) {
        r->at[i] = r->left_out[r->batch.rows[i]] ? NULL : r->x + r->n * HNI_SIGNATURE;
        if (r->at[i]) status = number_unit(r, r->batch.rows[i], &r->unit[r->n++], err);
    }
    if (!status) hni_parallel_for(r->t->ctx, (uint32_t)r->batch.count, describe, r);
    return status;
}

static hn_status read_all(reading *r, hn_error *err) {
    const hn_trainer *t = r->t;
    hn_status status = hni_loader_create(t->train.data, &t->model->preproc, BATCH, 1, &r->loader, err);
    if (status) return status;
    hni_loader_keep(r->loader, r->left_out);
    while (!(status = hni_loader_next(r->loader, NULL, &r->batch, err)) && r->batch.count)
        if ((status = read_batch(r, err))) break;
    return status;
}

hn_status hni_trainer_familiarise(hn_trainer *t, hn_error *err) {
    const int64_t rows = hni_dataset_rows(t->train.data), room = rows < HNI_FAMILIAR_MOST ? rows : HNI_FAMILIAR_MOST;
    reading r = {.t = t};
    if (t->familiarised || t->options.flags & HN_TRAIN_NO_FAMILIARITY) return HN_OK;
    hn_status status = take_memory(&r, rows, room, err);
    if (!status) status = read_all(&r, err);
    if (!status) status = hni_familiar_learn(t->ctx, r.x, r.unit, r.n, r.units, &t->familiar, err);
    t->familiarised = !status;
    hni_loader_free(r.loader);
    hni_names_free(&r.names);
    hni_free(t->ctx, r.left_out);
    hni_free(t->ctx, r.x);
    hni_free(t->ctx, r.unit);
    hni_free(t->ctx, r.of_name);
    return status;
}
