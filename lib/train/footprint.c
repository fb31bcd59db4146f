/* footprint.c - the memory of a trainer before it is made; beside trainer.c and device.c, whose takings it repeats (tests/api/test_memory.c
 * holds them together). For a training and a test part of four batches or more, looked through with the default options, and Adam. The images
 * that a data set keeps on the host are its own affair: hn_dataset_options.cache_bytes; of those on the device only the limit is known. */
#include "trainer.h"

/* Looking four batches ahead, as loader.c takes it. */
static uint64_t loader_bytes(const hn_model *m, uint64_t batch) {
    const uint64_t image = hni_preproc_bytes(&m->preproc), slots = 4 * batch;
    return slots * (image + sizeof(hn_error) + sizeof(uint32_t) + sizeof(bool)) + batch * (image + sizeof(int64_t));
}

static uint64_t host_bytes(const hn_model *m, uint64_t batch) {
    const uint64_t total = (uint64_t)m->graph->total, trainable = (uint64_t)m->graph->trainable;
    return (3 * total + 4 * trainable) * sizeof(float) + /* last, next and best */
           batch * (sizeof(int32_t) + (uint64_t)m->n_classes * sizeof(float) + 5 * sizeof(uint32_t) + sizeof(int64_t)) + sizeof(hn_trainer) +
           (1 + HNI_NUMBERS) * HN_HYPER_COLUMNS * sizeof(double) + 2 * loader_bytes(m, batch);
}

hn_status hni_trainer_footprint(const hn_model *model, hni_device *device, int32_t batch, hni_footprint *f, hn_error *err) {
    hn_status status = HN_OK;
    *f = (hni_footprint){.host = host_bytes(model, (uint64_t)batch)};
    f->resident = hni_resident_limit(device, 0);
    hni_footprint_weights(f, model->graph, &(hni_weights_options){.training = true});
    for (int32_t mode = HNI_MODE_TEST; mode <= HNI_MODE_TRAIN && !status; mode++) {
        hni_executor_options o = {.mode = mode, .batch = batch, .task = model->task, .positive = model->positive, .threshold = model->threshold};
        o.optimizer = mode == HNI_MODE_TRAIN ? HN_OPTIMIZER_ADAM : 0;
        o.mean = model->preproc.mean, o.deviation = model->preproc.deviation;
        status = hni_footprint_executor(f, device, model->graph, &o, err);
    }
    return status;
}
