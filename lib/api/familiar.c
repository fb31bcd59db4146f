/* familiar.c - the exported functions of familiar.h: they check, call inward, hand out. No numerics here. */
#include "../base/status.h"
#include "../eval/part.h"
#include "../model/model.h" /* defines: hn_model */
#include "structs.h"        /* defines: HNI_CHECK, hni_give */

static hn_status null_argument(hn_error *err, const char *function, const char *argument) {
    return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", function, argument);
}

hn_status hn_model_get_familiarity(const hn_model *model, hn_familiarity *out, hn_error *err) {
    hn_familiarity today = {0};
    if (!model || !out) {
        return null_argument(err, "hn_model_get_familiarity", model ? "out" : "model");
    }
    const hn_status status = HNI_CHECK(out, hn_familiarity, err);
    if (status) {
        return status;
    }
    const hni_familiar *f = model->familiar;
    if (f) {
        today = (hn_familiarity){.known = 1, .rows = f->rows, .groups = f->units, .statistics = f->e.d, .folds = f->folds, .share = f->share};
        today.shrinkage = f->e.shrinkage;
    }
    hni_give(out, &today, sizeof today);
    return HN_OK;
}

hn_status hn_eval_novelty(const hn_eval *eval, hn_novelty *out, hn_error *err) {
    hn_novelty today;
    if (!eval || !out) {
        return null_argument(err, "hn_eval_novelty", eval ? "out" : "eval");
    }
    hn_status status = HNI_CHECK(out, hn_novelty, err);
    if (!status) {
        status = hni_eval_novelty(eval, &today, err);
    }
    if (!status) {
        hni_give(out, &today, sizeof today);
    }
    return status;
}

hn_status hn_eval_familiar(const hn_eval *eval, hn_eval **out, hn_error *err) {
    if (!out) {
        return null_argument(err, "hn_eval_familiar", "out");
    }
    *out = NULL;
    return eval ? hni_eval_familiar(eval, out, err) : null_argument(err, "hn_eval_familiar", "eval");
}
