/* calibration.c - what was found out about a model on other data than it was trained on: calibration, and the threshold that a rule chose. Copies
 * of models with either, and both in the metadata (docs/file-format.md), read with the same distrust as the rest.
 *
 * Both belong to the numbers of the network: a model with other weights has none (hni_model_with_weights). */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "eval/calibration.h"
#include "eval/patients.h"  /* defines: hni_rule_name */
#include "eval/threshold.h" /* defines: hni_threshold_rule_name */
#include "model.h"

static hn_status copy_calibration(const hn_calibration *c, hn_model *m, hn_error *err) {
    const size_t n = (size_t)m->n_classes;
    double *both = hni_calloc(m->ctx, n, 2 * sizeof *both);
    if (!both) return hni_fail_memory(err, n * 2 * sizeof *both, "a calibration");
    memcpy(both, c->scale, n * sizeof *both);
    memcpy(both + n, c->shift, n * sizeof *both);
    hni_free(m->ctx, m->calibration.scale);
    m->calibration = *c;
    m->calibration.scale = both, m->calibration.shift = both + n;
    m->calibration.capacity = m->n_classes;
    return HN_OK;
}

hn_status hni_model_with_calibration(const hn_model *model, const hn_calibration *c, hn_model **out, hn_error *err) {
    hn_model *m = NULL;
    hn_status status = c ? hni_calibration_check(c, model->task, model->n_classes, "hn_calibration", err) : HN_OK;
    if (!status) status = hni_model_with_weights(model, model->weights, NULL, &m, err);
    if (!status && c) status = copy_calibration(c, m, err);
    if (status) {
        hni_model_unref(m);
        return status;
    }
    *out = m;
    return HN_OK;
}

static hn_status check_threshold(const hn_threshold *t, int32_t n_classes, hn_error *err) {
    if (!(t->threshold > 0 && t->threshold < 1))
        return hni_fail(err, HN_E_ARGUMENT, "threshold %g: must be above 0 and below 1", t->threshold);
    if (!t->rule) return HN_OK;
    if (!hni_threshold_rule_name(t->rule) || t->index < 0 || t->index >= n_classes || !isfinite(t->value))
        return hni_fail(err, HN_E_ARGUMENT, "a threshold by rule %d with value %g for class %d of %d: there is no such rule or class", t->rule,
                        t->value, t->index, n_classes);
    if (t->n < 1 || t->positives < 0 || t->positives > t->n || t->groups < 0 || t->flags || !(t->sensitivity >= 0 && t->sensitivity <= 1) ||
        !(t->specificity >= 0 && t->specificity <= 1) || (t->group_rule && !hni_rule_name(t->group_rule)) || t->top < 0)
        return hni_fail(err, HN_E_ARGUMENT, "a threshold chosen on %lld rows, %lld of them positive: what it was chosen on makes no sense",
                        (long long)t->n, (long long)t->positives);
    return HN_OK;
}

hn_status hni_model_with_threshold(const hn_model *model, const hn_threshold *t, hn_model **out, hn_error *err) {
    hn_model *m = NULL;
    hn_status status = check_threshold(t, model->n_classes, err);
    if (!status) status = hni_model_with_weights(model, model->weights, NULL, &m, err);
    if (!status && model->calibration.method) status = copy_calibration(&model->calibration, m, err);
    if (status) {
        hni_model_unref(m);
        return status;
    }
    m->threshold = t->threshold;
    m->choice = t->rule ? *t : (hn_threshold){0};
    *out = m;
    return HN_OK;
}

/* What there is of the two is of this list; and there is something. */
static bool is_of(const hn_model *m, const uint64_t digest[4]) {
    const bool calibrated = m->calibration.method, chosen = m->choice.rule;
    return (calibrated || chosen) && (!calibrated || !memcmp(m->calibration.digest, digest, sizeof m->calibration.digest)) &&
           (!chosen || !memcmp(m->choice.digest, digest, sizeof m->choice.digest));
}

hn_status hni_model_with_tuning_set(const hn_model *model, hn_dataset *data, hn_model **out, hn_error *err) {
    hn_threshold t = model->choice;
    hni_traces *traces = NULL;
    hn_model *m = NULL;
    uint64_t digest[4];
    t.threshold = model->threshold;
    hni_dataset_digest(data, digest);
    if (!is_of(model, digest))
        return hni_fail(err, HN_E_DATA, "the model is not tuned, or not on this set alone: bring the one that calibration and threshold were found on");
    hn_status status = hni_traces_make(data, &traces, err);
    if (!status) status = hni_model_with_threshold(model, &t, &m, err);
    if (!status) status = hni_traces_copy(traces, m->ctx, &m->tuned, err);
    hni_traces_free(traces);
    if (status) {
        hni_model_unref(m);
        return status;
    }
    *out = m;
    return HN_OK;
}

/* --- metadata --------------------------------------------------------------------------------------------------------------- */

static void number(hni_text *t, const char *key, double value) {
    hni_text_format(t, ",\"%s\":", key);
    hni_text_json_double(t, value);
}

/* Where it was found out: rows, independent units, the list. */
static void write_part(hni_text *t, int64_t rows, int64_t groups, const uint64_t digest[4]) {
    hni_text_format(t, ",\"rows\":%lld,\"groups\":%lld,\"digest\":", (long long)rows, (long long)groups);
    if (digest[0] | digest[1] | digest[2] | digest[3])
        hni_text_format(t, "\"%016llx%016llx%016llx%016llx\"", (unsigned long long)digest[0], (unsigned long long)digest[1],
                        (unsigned long long)digest[2], (unsigned long long)digest[3]);
    else
        hni_text_add(t, "null");
}

static void write_numbers(hni_text *t, const char *key, const double *values, int32_t n) {
    hni_text_format(t, ",\"%s\":[", key);
    for (int32_t k = 0; k < n; k++) {
        hni_text_add(t, k ? "," : "");
        hni_text_json_double(t, values[k]);
    }
    hni_text_add(t, "]");
}

void hni_model_write_calibration(hni_text *t, const hn_model *m) {
    const hn_threshold *c = &m->choice;
    if (c->rule) {
        hni_text_format(t, ",\"threshold_choice\":{\"rule\":\"%s\"", hni_threshold_rule_name(c->rule));
        number(t, "value", c->value);
        hni_text_format(t, ",\"class\":%d", c->index);
        if (c->group_rule) hni_text_format(t, ",\"patients_by\":\"%s\",\"top\":%d", hni_rule_name(c->group_rule), c->top);
        number(t, "sensitivity", c->sensitivity);
        number(t, "specificity", c->specificity);
        hni_text_format(t, ",\"positives\":%lld", (long long)c->positives);
        write_part(t, c->n, c->groups, c->digest);
        hni_text_add(t, "}");
    }
    if (m->calibration.method) {
        hni_text_format(t, ",\"calibration\":{\"method\":\"%s\"", hni_calibration_name(m->calibration.method));
        write_numbers(t, "scale", m->calibration.scale, m->n_classes);
        write_numbers(t, "shift", m->calibration.shift, m->n_classes);
        hni_text_format(t, ",\"unfitted\":\"%llx\"", (unsigned long long)m->calibration.unfitted);
        number(t, "log_loss_before", m->calibration.log_loss_before);
        number(t, "log_loss_after", m->calibration.log_loss_after);
        write_part(t, m->calibration.n, m->calibration.groups, m->calibration.digest);
        hni_text_add(t, "}");
    }
}

/* Up to 16 hexadecimal digits, all of them. */
static bool read_hex(const char *text, size_t digits, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        const char c = text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
        *out = *out << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return digits > 0;
}

static bool read_part(const hni_json *j, hni_json_value v, int64_t *rows, int64_t *groups, uint64_t digest[4]) {
    const char *text = hni_json_string(j, hni_json_get(j, v, "digest"));
    bool good = hni_json_int(j, hni_json_get(j, v, "rows"), rows) && hni_json_int(j, hni_json_get(j, v, "groups"), groups) &&
                (!text || strlen(text) == 64);
    for (size_t i = 0; i < 4 && good && text; i++) good = read_hex(text + 16 * i, 16, &digest[i]);
    return good;
}

static int32_t find_name(const char *text, const char *(*name_of)(int32_t)) {
    int32_t number = 1;
    while (text && name_of(number) && strcmp(name_of(number), text)) number++;
    return text && name_of(number) ? number : 0;
}

/* NaN where there is none: a sum that was not finite. */
static double read_double(const hni_json *j, hni_json_value object, const char *key) {
    double value;
    return hni_json_double(j, hni_json_get(j, object, key), &value) ? value : NAN;
}

static hn_status read_choice(const hni_json *j, hni_json_value v, hn_model *m, hn_error *err) {
    const char *rule = hni_json_string(j, hni_json_get(j, v, "rule")), *by = hni_json_string(j, hni_json_get(j, v, "patients_by"));
    int64_t index = -1, top = 0;
    hn_threshold t = {.struct_size = sizeof t, .threshold = m->threshold, .rule = find_name(rule, hni_threshold_rule_name)};
    if (rule && !t.rule) return hni_fail(err, HN_E_UNSUPPORTED, "this version of libhaemnet knows no threshold by %.40s", rule);
    t.group_rule = find_name(by, hni_rule_name);
    t.value = read_double(j, v, "value"), t.sensitivity = read_double(j, v, "sensitivity"), t.specificity = read_double(j, v, "specificity");
    if (!t.rule || (by && !t.group_rule) || !hni_json_int(j, hni_json_get(j, v, "class"), &index) || index < 0 || index >= m->n_classes ||
        (by && (!hni_json_int(j, hni_json_get(j, v, "top"), &top) || top < 0 || top > INT32_MAX)) ||
        !hni_json_int(j, hni_json_get(j, v, "positives"), &t.positives) || !read_part(j, v, &t.n, &t.groups, t.digest))
        return hni_fail(err, HN_E_FORMAT, "where the metadata's threshold comes from is incomplete");
    t.index = (int32_t)index, t.top = (int32_t)top;
    const hn_status status = check_threshold(&t, m->n_classes, err);
    if (!status) m->choice = t;
    return status;
}

static bool read_numbers(const hni_json *j, hni_json_value list, int32_t n, double *out) {
    hni_json_value v = hni_json_first(j, list);
    if (!hni_json_is_array(j, list) || hni_json_count(j, list) != n) return false;
    for (int32_t k = 0; k < n; k++, v = hni_json_next(j, v))
        if (!hni_json_double(j, v, &out[k])) return false;
    return true;
}

static hn_status read_scales(const hni_json *j, hni_json_value v, hn_calibration *c, hn_model *m, hn_error *err) {
    const char *unfitted = hni_json_string(j, hni_json_get(j, v, "unfitted"));
    const size_t digits = unfitted ? strlen(unfitted) : 0;
    if (!read_numbers(j, hni_json_get(j, v, "scale"), m->n_classes, c->scale) || !read_numbers(j, hni_json_get(j, v, "shift"), m->n_classes, c->shift) ||
        digits > 16 || !digits || !read_hex(unfitted, digits, &c->unfitted) || !read_part(j, v, &c->n, &c->groups, c->digest))
        return hni_fail(err, HN_E_FORMAT, "the metadata's calibration is incomplete: scale and shift of %d classes, and where they come from", m->n_classes);
    c->log_loss_before = read_double(j, v, "log_loss_before"), c->log_loss_after = read_double(j, v, "log_loss_after");
    const hn_status status = hni_calibration_check(c, m->task, m->n_classes, "the metadata's calibration", err);
    return status ? status : copy_calibration(c, m, err);
}

static hn_status read_calibration(const hni_json *j, hni_json_value v, hn_model *m, hn_error *err) {
    const char *method = hni_json_string(j, hni_json_get(j, v, "method"));
    hn_calibration c = {.struct_size = sizeof c, .n_classes = m->n_classes, .method = find_name(method, hni_calibration_name)};
    if (!c.method)
        return hni_fail(err, method ? HN_E_UNSUPPORTED : HN_E_FORMAT, "this version of libhaemnet knows no calibration by %.40s", method ? method : "nothing");
    c.scale = hni_calloc(m->ctx, (size_t)m->n_classes, 2 * sizeof *c.scale);
    if (!c.scale) return hni_fail_memory(err, (size_t)m->n_classes * 2 * sizeof *c.scale, "a calibration");
    c.shift = c.scale + m->n_classes;
    const hn_status status = read_scales(j, v, &c, m, err);
    hni_free(m->ctx, c.scale);
    return status;
}

hn_status hni_model_read_calibration(const hni_json *j, hni_json_value root, hn_model *m, hn_error *err) {
    const hni_json_value choice = hni_json_get(j, root, "threshold_choice"), calibration = hni_json_get(j, root, "calibration");
    const hn_status status = choice < 0 ? HN_OK : read_choice(j, choice, m, err);
    return status || calibration < 0 ? status : read_calibration(j, calibration, m, err);
}
