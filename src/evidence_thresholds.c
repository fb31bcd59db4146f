/* evidence_thresholds.c - where threshold and calibration come from, what other thresholds would do, how far the probabilities can be believed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "judgement.h"

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

/* By the traces that the model keeps; of a sample of them, or without patients, nothing found is not nothing there. */
static hn_status find_shared(evidence *e, hn_error *err) {
    hn_audit_info info = {.struct_size = sizeof info};
    hn_audit *audit = NULL;
    hn_status status = audit_tuning(e->source->model, e->source->data, e->source->cancel, &audit, err);
    e->thresholds.shared = -1;
    if (!status && audit) status = hn_audit_get_info(audit, &info, err);
    if (!status && audit && (info.findings || !info.flags)) e->thresholds.shared = info.findings;
    hn_audit_free(audit);
    return status;
}

hn_status find_thresholds(evidence *e, hn_error *err) {
    evidence_thresholds *t = &e->thresholds;
    t->chosen.struct_size = sizeof t->chosen;
    t->calibration.struct_size = sizeof t->calibration;
    hn_status status = hn_model_get_threshold(e->source->model, &t->chosen, err);
    if (!status) status = hn_model_get_calibration(e->source->model, &t->calibration, err);
    if (!status) status = find_shared(e, err);
    t->chosen_here = t->chosen.rule && same_digest(t->chosen.digest, e->data.digest);
    t->calibrated_here = t->calibration.method && same_digest(t->calibration.digest, e->data.digest);
    t->chosen_part = t->chosen.rule ? part_of_training(e->source->model, t->chosen.digest) : NULL;
    t->calibrated_part = t->calibration.method ? part_of_training(e->source->model, t->calibration.digest) : NULL;
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
static hn_status look_at(const hn_eval *eval, int32_t class_index, hn_reliability *r, hn_reliability_bin bins[N_RELIABILITY], int32_t *n_bins, hn_error *err) {
    const hn_reliability_options options = {.struct_size = sizeof options, .index = class_index + 1, .bins = N_RELIABILITY};
    size_t need = 0;
    r->struct_size = sizeof *r;
    hn_status status = hn_eval_reliability(eval, &options, r, bins, N_RELIABILITY, &need, err);
    if (status == HN_E_DATA) return HN_OK;
    *n_bins = status ? 0 : (int32_t)need;
    return status;
}

hn_status find_reliability(const evidence *e, evidence_question *q, hn_error *err) {
    q->ece_before = NAN;
    return look_at(e->source->eval, q->class_index, &q->reliability, q->bins, &q->n_bins, err);
}

/* The same rows as the network itself judges them: scale 1, shift 0. */
static hn_status judge_uncalibrated(const evidence *e, hn_eval **out, hn_error *err) {
    const int32_t n = e->levels[0].m.n_classes;
    double *numbers = calloc(2 * (size_t)n, sizeof *numbers);
    if (!numbers) return HN_E_MEMORY;
    for (int32_t k = 0; k < n; k++) numbers[k] = 1;
    const hn_calibration none = {.struct_size = sizeof none, .method = HN_CALIBRATION_TEMPERATURE, .scale = numbers, .shift = numbers + n,
                                 .capacity = n, .n_classes = n};
    const hn_status status = hn_eval_calibrated(e->source->eval, &none, out, err);
    free(numbers);
    return status;
}

/* Test-time averaging leaves no logits that a calibration could be taken away from. */
hn_status find_uncalibrated(evidence *e, hn_error *err) {
    const char *tta = e->request->tta;
    hn_eval *raw = NULL;
    if (!e->thresholds.calibration.method || (tta && strcmp(tta, "none"))) return HN_OK;
    hn_status status = judge_uncalibrated(e, &raw, err);
    for (int32_t i = 0; i < e->n_questions && !status; i++) {
        hn_reliability r;
        hn_reliability_bin bins[N_RELIABILITY];
        int32_t n_bins = 0;
        status = look_at(raw, e->questions[i].class_index, &r, bins, &n_bins, err);
        if (!status && n_bins) e->questions[i].ece_before = r.ece;
    }
    hn_eval_free(raw);
    return status;
}
