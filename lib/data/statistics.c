/* statistics.c - mean and deviation of what a model would take in, over a data set.
 *
 * From counts of the 256 levels, which are whole numbers: neither order nor threads change the result, and nothing is lost in long sums. */
#include "statistics.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "loader.h"

enum { LEVELS = 256, BATCH = 32 };

static void count_batch(const hni_batch *batch, int32_t channels, size_t plane, uint64_t *count) {
    const uint8_t *at = batch->pixels;
    for (int32_t i = 0; i < batch->count; i++)
        for (int32_t c = 0; c < channels; c++, at += plane)
            for (size_t k = 0; k < plane; k++) count[(size_t)c * LEVELS + at[k]]++;
}

static void evaluate(const uint64_t *count, double *mean, double *deviation) {
    double n = 0, sum = 0, squares = 0;
    for (int v = 0; v < LEVELS; v++) {
        n += (double)count[v];
        sum += (double)count[v] * v;
    }
    *mean = sum / n;
    for (int v = 0; v < LEVELS; v++) squares += (double)count[v] * (v - *mean) * (v - *mean);
    *deviation = sqrt(squares / n) / (LEVELS - 1);
    *mean /= LEVELS - 1;
}

hn_status hni_dataset_statistics(hn_dataset *ds, const hni_preproc *pre, hn_cancel *cancel, double *mean, double *deviation, int64_t *images,
                                 hn_error *err) {
    hni_loader *loader = NULL;
    hni_batch batch;
    uint64_t *count = hni_calloc(ds->ctx, (size_t)pre->channels * LEVELS, sizeof *count);
    hn_status status = count ? hni_loader_create(ds, pre, BATCH, 1, &loader, err) : hni_fail_memory(err, LEVELS * sizeof *count, "counts of levels");
    *images = 0;
    while (!status && !(status = hni_loader_next(loader, cancel, &batch, err)) && batch.count) {
        count_batch(&batch, pre->channels, (size_t)pre->width * (size_t)pre->height, count);
        *images += batch.count;
    }
    if (!status && !*images)
        status = hni_fail(err, HN_E_DATA, "none of the %lld files could be read", (long long)hni_dataset_rows(ds));
    for (int32_t c = 0; c < pre->channels && !status; c++) evaluate(count + (size_t)c * LEVELS, &mean[c], &deviation[c]);
    hni_loader_free(loader);
    hni_free(ds->ctx, count);
    return status;
}
