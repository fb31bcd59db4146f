/* options.c - hn_train_options: defaults, ranges, and copies of what they point to. What needs the data or the device is done elsewhere. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "trainer.h"

/* low ≤ value < high */
static hn_status check_rate(const char *name, double value, double low, double high, hn_error *err) {
    if (value >= low && value < high) return HN_OK;
    return hni_fail(err, HN_E_ARGUMENT, "%s is %g: must be at least %g and below %g", name, value, low, high);
}

static hn_status check_optimizer(const hn_train_options *o, hn_error *err) {
    hn_status status;
    if (o->optimizer < HN_OPTIMIZER_ADAM || o->optimizer > HN_OPTIMIZER_SGD)
        return hni_fail(err, HN_E_ARGUMENT, "unknown optimizer %d", o->optimizer);
    if (!(o->learning_rate > 0 && isfinite(o->learning_rate)))
        return hni_fail(err, HN_E_ARGUMENT, "learning rate %g: must be above 0", o->learning_rate);
    if ((status = check_rate("beta1", o->beta1, 0, 1, err)) || (status = check_rate("beta2", o->beta2, 0, 1, err)) ||
        (status = check_rate("momentum", o->momentum, 0, 1, err)) || (status = check_rate("weight decay", o->weight_decay, 0, 1e6, err)))
        return status;
    return check_rate("epsilon", o->epsilon, 1e-300, 1, err);
}

/* Switches are 0 or 1. */
static hn_status check_switches(const hn_train_options *o, hn_error *err) {
    const struct {
        const char *name;
        int32_t value;
    } switches[] = {{"decay_weights_only", o->decay_weights_only}, {"average_test", o->average_test}, {"balance_classes", o->balance_classes}};
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (switches[i].value != 0 && switches[i].value != 1)
            return hni_fail(err, HN_E_ARGUMENT, "%s is %d: must be 0 or 1", switches[i].name, switches[i].value);
    if (o->flags & ~HN_TRAIN_NO_FAMILIARITY || o->reserved)
        return hni_fail(err, HN_E_ARGUMENT, "flags of hn_train_options must be of HN_TRAIN_…, and reserved 0");
    if (o->average_test && o->average == 0) return hni_fail(err, HN_E_ARGUMENT, "average_test goes with average, which is 0");
    return HN_OK;
}

static hn_status check_craft(const hn_train_options *o, hn_error *err) {
    hn_status status = check_switches(o, err);
    if (status) return status;
    if (o->accumulate < 1 || o->accumulate > 65536)
        return hni_fail(err, HN_E_ARGUMENT, "accumulate is %d: must be 1 … 65536 batches to a step", o->accumulate);
    if (o->sampler < HN_SAMPLER_SHUFFLE || o->sampler > HN_SAMPLER_HARD_NEGATIVES)
        return hni_fail(err, HN_E_ARGUMENT, "unknown sampler %d; see HN_SAMPLER_…", o->sampler);
    if (o->hard_reach < 0 || !(o->hard_factor > 0 && o->hard_factor <= 1e6))
        return hni_fail(err, HN_E_ARGUMENT, "hard_reach %d must be 0 or more slices, hard_factor %g above 0 and at most 1e6", o->hard_reach, o->hard_factor);
    if ((status = check_rate("clip_norm", o->clip_norm, 0, INFINITY, err)) || (status = check_rate("average", o->average, 0, 1, err)) ||
        (status = check_rate("label_smoothing", o->label_smoothing, 0, 1, err)) || (status = check_rate("focal", o->focal, 0, 1000.5, err)))
        return status;
    return o->augment ? hni_augment_check(o->augment, err) : HN_OK;
}

static hn_status fill_defaults(hn_train_options *o, int32_t n_classes, hn_error *err) {
    hn_status status;
    if (!o->batch) o->batch = 32;
    if (!o->optimizer) o->optimizer = HN_OPTIMIZER_ADAM;
    if (o->learning_rate == 0) o->learning_rate = 0.001;
    if (o->beta1 == 0) o->beta1 = 0.9;
    if (o->beta2 == 0) o->beta2 = 0.999;
    if (o->epsilon == 0) o->epsilon = 1e-8;
    if (!o->prefetch) o->prefetch = 4;
    if (!o->accumulate) o->accumulate = 1;
    if (!o->sampler) o->sampler = HN_SAMPLER_SHUFFLE;
    if (!o->hard_reach) o->hard_reach = 2;
    if (o->hard_factor == 0) o->hard_factor = 4;
    if (o->batch < 1 || o->batch > 65536) return hni_fail(err, HN_E_ARGUMENT, "batch of %d images: must be 1 … 65536", o->batch);
    if (o->stop < 0 || o->stop > HN_STOP_UP || o->stop_patience < 0 || o->stop_strip < 0)
        return hni_fail(err, HN_E_ARGUMENT, "unknown stopping rule %d, or negative patience or strip", o->stop);
    if ((status = check_rate("stopping alpha", o->stop_alpha, 0, 1e9, err))) return status;
    if (o->prefetch < 1 || o->prefetch > 256) return hni_fail(err, HN_E_ARGUMENT, "prefetch of %d batches: must be 1 … 256", o->prefetch);
    if (o->n_class_weights && (o->n_class_weights != n_classes || !o->class_weights || o->balance_classes))
        return hni_fail(err, HN_E_ARGUMENT, "%d class weights for %d classes, or together with balance_classes", o->n_class_weights, n_classes);
    status = check_optimizer(o, err);
    return status ? status : check_craft(o, err);
}

static hn_status copy_class_weights(hn_trainer *t, hn_error *err) {
    const int32_t n = t->options.balance_classes ? t->model->n_classes : t->options.n_class_weights;
    const double *theirs = t->options.class_weights;
    t->options.class_weights = NULL;
    if (!n) return HN_OK;
    t->class_weights = hni_calloc(t->ctx, (size_t)n, sizeof *t->class_weights);
    t->class_weights_f32 = hni_calloc(t->ctx, (size_t)n, sizeof *t->class_weights_f32);
    if (!t->class_weights || !t->class_weights_f32) return hni_fail_memory(err, (size_t)n * sizeof *t->class_weights, "class weights");
    t->options.class_weights = t->class_weights;
    t->options.n_class_weights = n;
    for (int32_t k = 0; k < n && !t->options.balance_classes; k++) {
        if (!(theirs[k] <= FLT_MAX) || !((float)theirs[k] > 0)) /* also NaN; the loss takes them as float */
            return hni_fail(err, HN_E_ARGUMENT, "the weight of class %d is %g: must be above 0 and fit a float", k, theirs[k]);
        t->class_weights[k] = theirs[k];
        t->class_weights_f32[k] = (float)theirs[k];
    }
    return HN_OK;
}

/* The rules with their prefixes, for the description; what they mean is in t->groups. */
static hn_status copy_rules(hn_trainer *t, const hn_train_options *theirs, hn_error *err) {
    const int32_t n = t->options.n_param_groups;
    t->options.param_groups = NULL;
    if (!n) return HN_OK;
    t->rules = hni_calloc(t->ctx, (size_t)n, sizeof *t->rules);
    if (!t->rules) return hni_fail_memory(err, (size_t)n * sizeof *t->rules, "parameter groups");
    for (int32_t i = 0; i < n; i++) {
        const hn_param_group *rule = hni_rule(theirs, i);
        t->rules[i] = *rule;
        t->rules[i].struct_size = sizeof *rule;
        t->rules[i].prefix = hni_strndup(t->ctx, rule->prefix, strlen(rule->prefix));
        if (!t->rules[i].prefix) return hni_fail_memory(err, strlen(rule->prefix), "parameter groups");
    }
    t->options.param_groups = t->rules;
    return HN_OK;
}

hn_status hni_trainer_take_options(hn_trainer *t, const hn_train_options *options, hn_error *err) {
    hn_train_options *o = &t->options;
    *o = *options;
    o->cancel = hni_cancel_ref(options->cancel);
    hn_status status = fill_defaults(o, t->model->n_classes, err);
    t->stopping = hni_stopping_defaults(o);
    if (!status) status = hni_param_groups_make(t->model->graph, o, &t->groups, err);
    if (!status && o->augment) t->augment = *o->augment;
    o->augment = !status && hni_augment_active(o->augment) ? &t->augment : NULL;
    if (!status) status = copy_class_weights(t, err);
    if (!status) status = copy_rules(t, options, err);
    return status;
}

void hni_trainer_free_options(hn_trainer *t) {
    for (int32_t i = 0; t->rules && i < t->options.n_param_groups; i++) hni_free(t->ctx, (char *)(uintptr_t)t->rules[i].prefix);
    hni_free(t->ctx, t->rules);
    hni_param_groups_free(&t->groups, t->ctx);
    hni_free(t->ctx, t->class_weights);
    hni_free(t->ctx, t->class_weights_f32);
    hni_cancel_unref(t->options.cancel);
}
