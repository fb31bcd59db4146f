/* predict.c - the public calls of predict.h, and hn_evaluate of evaluate.h.
 *
 * Checks arguments, calls lib/predict, hands results over. An hn_prediction goes in and out: it is taken into today's struct with the
 * caller's arrays in it, filled, and given back. An array of them has the caller's stride, which is its struct_size and not ours. */
#include "predict/predictor.h"
#include "structs.h"

hn_status hn_predictor_create(const hn_model *model, const hn_predictor_options *options, hn_predictor **out, hn_error *err) {
    hn_predictor_options o;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_predictor_create: out is NULL");
    *out = NULL;
    if (!model) return hni_fail(err, HN_E_ARGUMENT, "hn_predictor_create: model is NULL");
    hn_status status = options ? HNI_CHECK(options, hn_predictor_options, err) : HN_OK;
    if (status) return status;
    hni_take(&o, sizeof o, options);
    return hni_predictor_create(model, &o, out, err);
}

/* The caller's place for a result: a struct that we know, with arrays that are large enough. */
static hn_status check_place(const hn_predictor *p, const hn_prediction *out, hn_error *err) {
    hn_prediction today;
    hn_status status = HNI_CHECK(out, hn_prediction, err);
    if (status) return status;
    hni_take(&today, sizeof today, out);
    if ((today.probabilities || today.logits) && today.capacity < p->model->n_classes)
        return hni_fail(err, HN_E_BUFFER, "hn_prediction.capacity is %d, the model has %d classes: bring so many floats, or NULL arrays",
                        today.capacity, p->model->n_classes);
    return HN_OK;
}

static void give(hn_predictor *p, const hni_verdicts *verdicts, size_t i, hn_prediction *out) {
    hn_prediction today;
    hni_take(&today, sizeof today, out);
    hni_verdict_give(p, verdicts, i, &today);
    hni_give(out, &today, sizeof today);
}

hn_status hn_predict(hn_predictor *predictor, const hn_image *image, hn_prediction *out, hn_error *err) {
    if (!predictor || !image) return hni_fail(err, HN_E_ARGUMENT, "hn_predict: %s is NULL", predictor ? "image" : "predictor");
    hn_status status = check_place(predictor, out, err);
    if (status) return status;
    status = hni_predict(predictor, image, err);
    if (!status || status == HN_E_NUMERIC) give(predictor, &predictor->run, 0, out); /* the flag and the numbers show what happened */
    return status;
}

/* Result i of the caller's array. */
static hn_prediction *place(hn_prediction *out, uint32_t stride, size_t i) { return (hn_prediction *)(void *)((char *)out + i * stride); }

static hn_status check_places(const hn_predictor *p, hn_prediction *out, size_t count, hn_error *err) {
    uint32_t stride = out->struct_size;
    for (size_t i = 0; i < count; i++) {
        hn_status status = i && place(out, stride, i)->struct_size != stride
                               ? hni_fail(err, HN_E_ABI, "struct_size is %u, that of the first is %u: all are sizeof(hn_prediction)",
                                          place(out, stride, i)->struct_size, stride)
                               : check_place(p, place(out, stride, i), err);
        if (!status && stride % _Alignof(hn_prediction))
            status = hni_fail(err, HN_E_ABI, "struct_size is %u, which no array of hn_prediction can have", stride);
        if (status) {
            hni_error_prefix(err, "result %zu of %zu", i, count);
            return status;
        }
    }
    return HN_OK;
}

static hn_status predict_many(const char *name, hn_predictor *predictor, const hn_image *const *images, size_t count, bool series,
                              hn_prediction *out, hn_error *err) {
    hni_verdicts verdicts;
    if (!predictor) return hni_fail(err, HN_E_ARGUMENT, "%s: predictor is NULL", name);
    if (!count) return HN_OK;
    if (!images || !out) return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", name, images ? "out" : "images");
    hn_status status = check_places(predictor, out, count, err);
    if (!status) status = hni_predict_batch(predictor, images, count, series, &verdicts, err);
    if (status) return status;
    uint32_t stride = out->struct_size;
    for (size_t i = 0; i < count; i++) give(predictor, &verdicts, i, place(out, stride, i));
    hni_verdicts_free(predictor, &verdicts);
    return HN_OK;
}

hn_status hn_predict_batch(hn_predictor *predictor, const hn_image *const *images, size_t count, hn_prediction *out, hn_error *err) {
    return predict_many("hn_predict_batch", predictor, images, count, false, out, err);
}

hn_status hn_predict_series(hn_predictor *predictor, const hn_image *const *images, size_t count, hn_prediction *out, hn_error *err) {
    return predict_many("hn_predict_series", predictor, images, count, true, out, err);
}

void hn_predictor_free(hn_predictor *predictor) { hni_predictor_free(predictor); }

hn_status hn_evaluate(hn_predictor *predictor, hn_dataset *dataset, const hn_eval_options *options, hn_eval **out, hn_error *err) {
    hn_eval_options o;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_evaluate: out is NULL");
    *out = NULL;
    if (!predictor || !dataset) return hni_fail(err, HN_E_ARGUMENT, "hn_evaluate: %s is NULL", predictor ? "dataset" : "predictor");
    hn_status status = options ? HNI_CHECK(options, hn_eval_options, err) : HN_OK;
    if (status) return status;
    hni_take(&o, sizeof o, options);
    if (o.positive < 0 || o.positive > predictor->model->n_classes)
        return hni_fail(err, HN_E_ARGUMENT, "hn_evaluate: positive is %d; it is a class's index + 1, so at most %d, or 0 for the model's",
                        o.positive, predictor->model->n_classes);
    if (!(o.threshold >= 0 && o.threshold < 1)) /* also NaN */
        return hni_fail(err, HN_E_ARGUMENT, "hn_evaluate: threshold %g must be above 0 and below 1, or 0 for the predictor's", o.threshold);
    if (!(o.smooth >= 0 && o.smooth <= 100))
        return hni_fail(err, HN_E_ARGUMENT, "hn_evaluate: smooth is %g; it is a standard deviation in slices, 0 to 100", o.smooth);
    return hni_evaluate(predictor, dataset, &o, out, err);
}
