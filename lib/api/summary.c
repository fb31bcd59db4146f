/* summary.c - the last lines of hn_model_summary: what a predictor and a trainer of the model would take on the best device here. Not with the
 * table in lib/model, which knows neither of them. */
#include "summary.h"

#include "predict/predictor.h"
#include "train/trainer.h"

/* Where no device can be asked, the plan still says what activations need. */
static hn_status without_device(const hn_model *model, int32_t batch, bool training, hni_footprint *f, hn_error *err) {
    *f = (hni_footprint){0};
    hni_footprint_weights(f, model->graph, &(hni_weights_options){.training = training});
    return hni_plan_arena_bytes(model->graph, training ? HNI_MODE_TRAIN : HNI_MODE_PREDICT, batch, model->task, &f->arena, err);
}

static hn_status add_memory(hni_text *text, const hn_model *model, int32_t batch, bool training, hn_error *err) {
    hni_footprint f;
    hni_device *device = NULL;
    hn_error why = {.status = HN_OK};
    hn_status status = hni_device_open_spec(model->ctx, "best", &device, &why);
    if (!status)
        status = training ? hni_trainer_footprint(model, device, batch, &f, &why) : hni_predictor_footprint(model, device, batch, &f, &why);
    if (status == HN_E_MEMORY) {
        if (err) *err = why;
    } else {
        const bool known = !status;
        if (!known) status = without_device(model, batch, training, &f, err);
        if (status == HN_E_SHAPE && training) { /* batch norm of one number a channel: other batches may do */
            hni_text_format(text, "memory for training      none: %s\n", why.message);
            status = HN_OK;
        } else if (!status)
            hni_summary_memory(text, training ? "training" : "inference", &f, known ? device->info.name : NULL, why.message);
    }
    hni_device_close(device);
    return status;
}

hn_status hni_summary_add_memory(hni_text *text, const hn_model *model, int32_t batch, hn_error *err) {
    const hn_status status = add_memory(text, model, batch, false, err);
    return status ? status : add_memory(text, model, batch, true, err);
}
