/* train.c - the public calls of train.h. */
#include "structs.h"
#include "train/trainer.h"

hn_status hn_trainer_create(const hn_model *model, hn_dataset *train, hn_dataset *test, const hn_train_options *options, hn_trainer **out,
                            hn_error *err) {
    hn_train_options o;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_trainer_create: out is NULL");
    *out = NULL;
    if (!model || !train) return hni_fail(err, HN_E_ARGUMENT, "hn_trainer_create: model or train is NULL");
    hn_status status = options ? HNI_CHECK(options, hn_train_options, err) : HN_OK;
    if (status) return status;
    hni_take(&o, sizeof o, options);
    hn_augment_options augment;
    if (o.augment) {
        if ((status = HNI_CHECK(o.augment, hn_augment_options, err))) return status;
        hni_take(&augment, sizeof augment, o.augment);
        o.augment = &augment;
    }
    for (int32_t i = 0; i < o.n_param_groups && o.n_param_groups <= HNI_RULES && o.param_groups; i++) {
        const hn_param_group *rule = hni_rule(&o, i);
        if ((status = HNI_CHECK(rule, hn_param_group, err))) return status;
        if (rule->struct_size != o.param_groups->struct_size)
            return hni_fail(err, HN_E_ABI, "hn_param_group.struct_size is %u, that of the array's first %u: all must be the same", rule->struct_size,
                            o.param_groups->struct_size);
    }
    return hni_trainer_create(model, train, test, &o, out, err);
}

hn_status hn_train_epoch(hn_trainer *trainer, hn_epoch_report *report, hn_error *err) {
    hn_epoch_report r;
    if (!trainer) return hni_fail(err, HN_E_ARGUMENT, "hn_train_epoch: trainer is NULL");
    hn_status status = report ? HNI_CHECK(report, hn_epoch_report, err) : HN_OK;
    if (!status) status = hni_train_epoch(trainer, &r, err);
    if (!status && report) hni_give(report, &r, sizeof r);
    return status;
}

hn_status hn_trainer_model(hn_trainer *trainer, int32_t which, hn_model **out, hn_error *err) {
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_trainer_model: out is NULL");
    *out = NULL;
    if (!trainer) return hni_fail(err, HN_E_ARGUMENT, "hn_trainer_model: trainer is NULL");
    if (which < HN_LAST || which > HN_AVERAGED)
        return hni_fail(err, HN_E_ARGUMENT, "hn_trainer_model: which is %d, not HN_LAST, HN_BEST or HN_AVERAGED", which);
    return hni_trainer_model(trainer, which, out, err);
}

hn_status hn_trainer_history(hn_trainer *trainer, int64_t epoch, hn_epoch_report *report, hn_error *err) {
    if (!trainer) return hni_fail(err, HN_E_ARGUMENT, "hn_trainer_history: trainer is NULL");
    hn_status status = HNI_CHECK(report, hn_epoch_report, err);
    if (status) return status;
    if (epoch < 1 || (uint64_t)epoch > trainer->n_history)
        return hni_fail(err, HN_E_NOT_FOUND, "epoch %lld: there are %zu so far", (long long)epoch, trainer->n_history);
    hni_give(report, &trainer->history[epoch - 1], sizeof *report);
    return HN_OK;
}

hn_status hn_trainer_get_info(const hn_trainer *trainer, hn_trainer_info *out, hn_error *err) {
    hn_trainer_info info = {0};
    if (!trainer) return hni_fail(err, HN_E_ARGUMENT, "hn_trainer_get_info: trainer is NULL");
    hn_status status = HNI_CHECK(out, hn_trainer_info, err);
    if (status) return status;
    hni_trainer_info(trainer, &info);
    hni_give(out, &info, sizeof info);
    return HN_OK;
}

int64_t hn_trainer_epochs(const hn_trainer *trainer) { return trainer ? (int64_t)trainer->n_history : 0; }

hn_status hn_trainer_save(hn_trainer *trainer, const char *path, hn_error *err) {
    if (!trainer || !path) return hni_fail(err, HN_E_ARGUMENT, "hn_trainer_save: trainer or path is NULL");
    return hni_trainer_save(trainer, path, err);
}

hn_status hn_trainer_resume(hn_trainer *trainer, const char *path, hn_error *err) {
    if (!trainer || !path) return hni_fail(err, HN_E_ARGUMENT, "hn_trainer_resume: trainer or path is NULL");
    return hni_trainer_resume(trainer, path, err);
}

void hn_trainer_free(hn_trainer *trainer) { hni_trainer_free(trainer); }
