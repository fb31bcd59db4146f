/* audit.c - the exported functions of haemnet/audit.h: arguments are checked here, the work is lib/data's. */
#include "haemnet/audit.h"

#include "data/audit.h"
#include "model/model.h"
#include "structs.h"

static hn_status missing(const char *function, const char *argument, hn_error *err) {
    return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", function, argument);
}

static hn_status take_options(const char *function, const hn_audit_options *options, int32_t known, hn_audit_options *today, hn_error *err) {
    hni_take(today, sizeof *today, NULL);
    if (!options) return HN_OK;
    hn_status status = HNI_CHECK(options, hn_audit_options, err);
    if (status) return status;
    hni_take(today, sizeof *today, options);
    if (today->flags & ~known) return hni_fail(err, HN_E_ARGUMENT, "%s: flags are %d; see HN_AUDIT_…", function, today->flags);
    return HN_OK;
}

hn_status hn_dataset_audit(hn_dataset *dataset, hn_dataset *against, const hn_audit_options *options, hn_audit **out, hn_error *err) {
    hn_audit_options o;
    if (!out) return missing(__func__, "out", err);
    *out = NULL;
    if (!dataset) return missing(__func__, "dataset", err);
    if (dataset == against)
        return hni_fail(err, HN_E_ARGUMENT, "%s: both sets are the same; for one by itself, against is NULL", __func__);
    hn_status status = take_options(__func__, options, HN_AUDIT_NO_SHORTCUTS, &o, err);
    return status ? status : hni_audit_make(dataset, against, NULL, o.flags, o.cancel, out, err);
}

hn_status hn_model_audit(const hn_model *model, hn_dataset *dataset, const hn_audit_options *options, hn_audit **out, hn_error *err) {
    hn_audit_options o;
    if (!out) return missing(__func__, "out", err);
    *out = NULL;
    if (!model) return missing(__func__, "model", err);
    if (!dataset) return missing(__func__, "dataset", err);
    hn_status status = take_options(__func__, options, HN_AUDIT_NO_SHORTCUTS | HN_AUDIT_TUNING_SET, &o, err);
    if (status) return status;
    const bool tuning = o.flags & HN_AUDIT_TUNING_SET;
    if (tuning && !model->tuned)
        return hni_fail(err, HN_E_DATA, "%s: the model keeps no traces of what it was tuned on: hn_model_with_tuning_set lets it", __func__);
    if (!tuning && !model->traces)
        return hni_fail(err, HN_E_DATA, "%s: the model keeps no traces of training images: it was imported, never trained, or trained by an older "
                        "release; hold its training data against the set with hn_dataset_audit", __func__);
    return hni_audit_make(dataset, NULL, tuning ? model->tuned : model->traces, o.flags & HN_AUDIT_NO_SHORTCUTS, o.cancel, out, err);
}

hn_status hn_model_with_tuning_set(const hn_model *model, hn_dataset *dataset, hn_model **out, hn_error *err) {
    if (!out) return missing(__func__, "out", err);
    *out = NULL;
    if (!model) return missing(__func__, "model", err);
    if (!dataset) return missing(__func__, "dataset", err);
    return hni_model_with_tuning_set(model, dataset, out, err);
}

hn_status hn_audit_get_info(const hn_audit *audit, hn_audit_info *out, hn_error *err) {
    if (!audit) return missing(__func__, "audit", err);
    hn_status status = HNI_CHECK(out, hn_audit_info, err);
    if (!status) hni_give(out, &audit->info, sizeof audit->info);
    return status;
}

hn_status hn_audit_finding(const hn_audit *audit, int64_t index, hn_finding *out, hn_error *err) {
    if (!audit) return missing(__func__, "audit", err);
    hn_status status = HNI_CHECK(out, hn_finding, err);
    if (status) return status;
    if (index < 0 || index >= audit->info.findings)
        return hni_fail(err, HN_E_NOT_FOUND, "finding %lld: the audit has %lld, counted from 0", (long long)index, (long long)audit->info.findings);
    hni_give(out, &audit->findings[index], sizeof *audit->findings);
    return HN_OK;
}

hn_status hn_audit_shortcut(const hn_audit *audit, int32_t index, hn_shortcut *out, hn_error *err) {
    if (!audit) return missing(__func__, "audit", err);
    hn_status status = HNI_CHECK(out, hn_shortcut, err);
    if (status) return status;
    if (index < 0 || index >= audit->info.shortcuts)
        return hni_fail(err, HN_E_NOT_FOUND, "shortcut %d: the audit has %d, counted from 0", index, audit->info.shortcuts);
    hni_give(out, &audit->shortcuts[index], sizeof *audit->shortcuts);
    return HN_OK;
}

void hn_audit_free(hn_audit *audit) { hni_audit_unref(audit); }
