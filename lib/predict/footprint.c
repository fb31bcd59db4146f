/* footprint.c - the memory of a predictor before it is made; beside predictor.c, whose takings it repeats (tests/api/test_memory.c holds the
 * two together). What images need for conversion and resizing is not known here, nor counted. */
#include "predictor.h"

static uint64_t host_bytes(const hn_model *m, uint64_t n) {
    const uint64_t classes = (uint64_t)m->n_classes, verdict = classes * 2 * sizeof(float) + sizeof(hn_status) + sizeof(uint32_t) + sizeof(double);
    return n * (hni_preproc_bytes(&m->preproc) + sizeof(size_t) + sizeof(uint32_t) + sizeof(hn_error) + 2 * verdict) + classes * sizeof(double);
}

hn_status hni_predictor_footprint(const hn_model *model, hni_device *device, int32_t max_batch, hni_footprint *f, hn_error *err) {
    hni_executor_options o = {.mode = HNI_MODE_PREDICT, .batch = 1, .task = model->task, .positive = model->positive};
    o.threshold = model->threshold, o.mean = model->preproc.mean, o.deviation = model->preproc.deviation;
    *f = (hni_footprint){.host = host_bytes(model, (uint64_t)max_batch)};
    hni_footprint_weights(f, model->graph, &(hni_weights_options){.training = false});
    hn_status status = hni_footprint_executor(f, device, model->graph, &o, err);
    o.batch = max_batch;
    if (!status && max_batch > 1) status = hni_footprint_executor(f, device, model->graph, &o, err);
    return status;
}
