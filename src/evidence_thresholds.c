/* evidence_thresholds.c - what other thresholds would do, and how far the probabilities can be believed. */
#include <math.h>
#include <string.h>

#include "evidence.h"

const double threshold_places[N_THRESHOLDS] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
static const double held[N_HELD] = {0.8, 0.9, 0.95, 0.98};
static const int32_t rates[N_RATES] = {HN_RATE_SENSITIVITY, HN_RATE_SPECIFICITY, HN_RATE_PPV, HN_RATE_NPV};
const char *const rate_names[N_RATES] = {"sensitivity", "specificity", "ppv", "npv"};

/* With more than two classes the most probable one is called, whatever the threshold; and both kinds of rows are needed. */
static bool has_choice(const evidence *e) {
    const hn_metrics *m = &e->levels[0].m;
    return m->positive >= 0 && (e->multi || m->n_classes == 2) && !(m->undefined & (HN_UNDEFINED_NO_POSITIVES | HN_UNDEFINED_NO_NEGATIVES));
}

static hn_status find_held(const evidence *e, evidence_thresholds *t, hn_error *err) {
    const hn_bootstrap_options options = {.struct_size = sizeof options, .cancel = e->source->cancel};
    hn_status status = hn_eval_operating_points(e->source->eval, 0, HN_CHOOSE_SENSITIVITY, held, N_HELD, &options, t->at_sensitivity, err);
    return status ? status : hn_eval_operating_points(e->source->eval, 0, HN_CHOOSE_SPECIFICITY, held, N_HELD, &options, t->at_specificity, err);
}

hn_status find_thresholds(evidence *e, hn_error *err) {
    evidence_thresholds *t = &e->thresholds;
    t->chosen.struct_size = sizeof t->chosen;
    t->calibration.struct_size = sizeof t->calibration;
    hn_status status = hn_model_get_threshold(e->source->model, &t->chosen, err);
    if (!status) status = hn_model_get_calibration(e->source->model, &t->calibration, err);
    t->chosen_here = t->chosen.rule && !memcmp(t->chosen.digest, e->data.digest, sizeof t->chosen.digest);
    t->calibrated_here = t->calibration.method && !memcmp(t->calibration.digest, e->data.digest, sizeof t->calibration.digest);
    t->there = has_choice(e);
    if (status || !t->there) return status;
    for (int i = 0; i < N_THRESHOLDS; i++)
        for (int r = 0; r < N_RATES && !status; r++) {
            t->at[i][r].struct_size = sizeof t->at[i][r];
            status = hn_eval_rate(e->source->eval, rates[r], threshold_places[i], 0, &t->at[i][r], err);
        }
    return status ? status : find_held(e, t, err);
}

/* Of a class against the rest; n_bins stays 0 where no row has a verdict. */
hn_status find_reliability(const evidence *e, evidence_question *q, hn_error *err) {
    const hn_reliability_options options = {.struct_size = sizeof options, .index = q->class_index + 1, .bins = N_RELIABILITY};
    size_t need = 0;
    q->reliability.struct_size = sizeof q->reliability;
    hn_status status = hn_eval_reliability(e->source->eval, &options, &q->reliability, q->bins, N_RELIABILITY, &need, err);
    if (status == HN_E_DATA) return HN_OK;
    q->n_bins = status ? 0 : (int32_t)need;
    return status;
}
