/* describe.c - what a trainer was given, as JSON: it goes into the provenance of its models, and a checkpoint is resumed with nothing else.
 *
 * Every member is always there, null or a default where it does not apply: whoever compares two descriptions need look at one of them only. */
#include "base/memory.h"
#include "trainer.h"

static void add_number(hni_text *text, const char *key, double value) {
    hni_text_format(text, ",\"%s\":", key);
    hni_text_json_double(text, value);
}

static void add_data(hni_text *text, const char *key, const hni_part *part) {
    uint64_t digest[4];
    if (!part->data) {
        hni_text_format(text, ",\"%s\":null", key);
        return;
    }
    hni_dataset_digest(part->data, digest);
    hni_text_format(text, ",\"%s\":{\"rows\":%lld,\"digest\":\"%016llx%016llx%016llx%016llx\",\"groups_known\":%s}", key,
                    (long long)hni_dataset_rows(part->data), (unsigned long long)digest[0], (unsigned long long)digest[1],
                    (unsigned long long)digest[2], (unsigned long long)digest[3],
                    hni_dataset_flags(part->data) & HN_DATA_GROUPS_UNKNOWN ? "false" : "true");
}

static void add_optimizer(const hn_trainer *t, hni_text *text) {
    static const char *const optimizers[] = {"?", "adam", "adamw", "sgd"};
    const hn_train_options *o = &t->options;
    hni_text_format(text, "\"optimizer\":\"%s\",\"batch\":%d", optimizers[o->optimizer], o->batch);
    add_number(text, "learning_rate", o->learning_rate);
    add_number(text, "beta1", o->beta1);
    add_number(text, "beta2", o->beta2);
    add_number(text, "epsilon", o->epsilon);
    add_number(text, "momentum", o->momentum);
    add_number(text, "weight_decay", o->weight_decay);
    hni_text_format(text, ",\"decay_weights_only\":%s,\"nesterov\":%s", o->decay_weights_only ? "true" : "false", o->nesterov ? "true" : "false");
    add_number(text, "clip_norm", o->clip_norm);
    hni_text_format(text, ",\"accumulate\":%d", o->accumulate);
    add_number(text, "average", o->average);
    hni_text_format(text, ",\"average_test\":%s", o->average_test ? "true" : "false");
}

/* What does not apply to its kind is 0: it makes no difference. */
static void add_schedule(const hni_schedule *s, hni_text *text) {
    static const char *const kinds[] = {"?", "constant", "step", "cosine", "restarts", "one_cycle", "plateau"};
    const bool step = s->kind == HN_SCHEDULE_STEP, restarts = s->kind == HN_SCHEDULE_RESTARTS, plateau = s->kind == HN_SCHEDULE_PLATEAU,
               cycle = s->kind == HN_SCHEDULE_ONE_CYCLE, cosine = s->kind == HN_SCHEDULE_COSINE;
    hni_text_format(text, ",\"schedule\":{\"kind\":\"%s\",\"epochs\":%d,\"multiplier\":%d,\"patience\":%d", kinds[s->kind],
                    plateau || s->kind == HN_SCHEDULE_CONSTANT ? 0 : s->epochs, restarts ? s->multiplier : 0, plateau ? s->patience : 0);
    add_number(text, "factor", step || plateau ? s->factor : 0);
    add_number(text, "low", cosine || restarts || plateau ? s->low : 0);
    add_number(text, "rise", cycle ? s->rise : 0);
    add_number(text, "start", cycle ? s->start : 0);
    add_number(text, "end", cycle ? s->end : 0);
    hni_text_format(text, ",\"warm_up_steps\":%lld", (long long)s->warm_steps);
    add_number(text, "warm_up_start", s->warm_steps ? s->warm_start : 0);
    hni_text_add(text, "}");
}

static void add_groups(const hn_trainer *t, hni_text *text) {
    hni_text_add(text, ",\"param_groups\":[");
    for (int32_t i = 0; i < t->options.n_param_groups; i++) {
        const hn_param_group *rule = &t->rules[i];
        hni_text_add(text, i ? ",{\"prefix\":" : "{\"prefix\":");
        hni_text_json_string(text, rule->prefix);
        hni_text_format(text, ",\"frozen\":%s", rule->frozen ? "true" : "false");
        add_number(text, "rate", rule->rate != 0 ? rule->rate : 1);
        add_number(text, "decay", rule->decay == 0 ? 1 : rule->decay < 0 ? 0 : rule->decay);
        hni_text_add(text, "}");
    }
    hni_text_add(text, "]");
}

static void add_augmentation(const hn_augment_options *a, hni_text *text) {
    if (!a) {
        hni_text_add(text, ",\"augment\":null");
        return;
    }
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"rotate", a->rotate}, {"scale", a->scale}, {"shift", a->shift}, {"shear", a->shear},
                   {"window_centre", a->window_centre}, {"window_width", a->window_width}, {"brightness", a->brightness},
                   {"contrast", a->contrast}, {"gamma", a->gamma}, {"noise", a->noise}, {"blur", a->blur}, {"cutout", a->cutout},
                   {"cutout_size", a->cutout_size}, {"mixup", a->mixup}, {"cutmix", a->cutmix}};
    hni_text_add(text, ",\"augment\":{\"flip\":");
    hni_text_json_double(text, a->flip);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) add_number(text, numbers[i].name, numbers[i].value);
    hni_text_add(text, "}");
}

static void add_loss(const hn_trainer *t, hni_text *text) {
    static const char *const samplers[] = {"?", "shuffle", "classes", "groups", "hard_negatives"};
    const hn_train_options *o = &t->options;
    const bool hard = o->sampler == HN_SAMPLER_HARD_NEGATIVES;
    hni_text_format(text, ",\"sampler\":\"%s\",\"hard_reach\":%d", samplers[o->sampler], hard ? o->hard_reach : 0);
    add_number(text, "hard_factor", hard ? o->hard_factor : 0);
    add_number(text, "label_smoothing", o->label_smoothing);
    add_number(text, "focal", o->focal);
    hni_text_add(text, ",\"class_weights\":[");
    for (int32_t k = 0; k < o->n_class_weights; k++) {
        hni_text_add(text, k ? "," : "");
        hni_text_json_double(text, o->class_weights[k]);
    }
    hni_text_add(text, "]");
}

void hni_trainer_describe(hn_trainer *t, hni_text *text) {
    const hn_train_options *o = &t->options;
    add_optimizer(t, text);
    add_schedule(&t->schedule, text);
    add_groups(t, text);
    hni_text_format(text, ",\"seed\":\"%llu\",\"stop\":%d,\"stop_patience\":%d,\"stop_strip\":%d", (unsigned long long)o->seed, t->stopping.rule,
                    t->stopping.patience, t->stopping.strip);
    add_number(text, "stop_alpha", t->stopping.alpha);
    add_loss(t, text);
    add_augmentation(o->augment, text);
    hni_text_format(text, ",\"backend\":\"%s\",\"precision\":\"%s\",\"deterministic\":%s", t->device->info.backend, hni_device_precision(t->device),
                    hni_device_deterministic(t->device) ? "true" : "false");
    add_data(text, "train", &t->train);
    add_data(text, "test", &t->test);
}
