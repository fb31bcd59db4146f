/* craft.c - the options of `haemnet train` that say how the network learns beyond optimiser and rate: schedule, groups of parameters, clipping,
 * batches to a step, averaging, losses, samplers. */
#include <stdlib.h>
#include <string.h>

#include "train.h"

static const char *const schedules[] = {"constant", "step", "cosine", "restarts", "one-cycle", "plateau"},
                  *const samplers[] = {"shuffle", "classes", "groups", "hard-negatives"};

/* From 1; 0 = not given, -1 = none of them. */
static int32_t number_of(const char *name, const char *const *names, int32_t n) {
    for (int32_t i = 0; name && i < n; i++)
        if (!strcmp(name, names[i])) return i + 1;
    return name ? -1 : 0;
}

static int32_t schedule_of(const craft_choice *c) { return number_of(c->schedule, schedules, 6); }

/* PREFIX=FACTOR; false if it is not. */
static bool read_rate(char *word, hn_param_group *rule) {
    char *sign = strrchr(word, '='), *end;
    if (!sign) return false;
    *sign = 0;
    *rule = (hn_param_group){.struct_size = sizeof *rule, .prefix = word, .rate = strtod(sign + 1, &end)};
    return end != sign + 1 && !*end && rule->rate > 0;
}

/* The library's bounds, in the words of the program. */
static int check_craft_numbers(const craft_choice *c) {
    const struct {
        const char *name;
        double value, least, below;
    } ranges[] = {{"schedule-epochs", c->schedule_epochs, 0, 1e6 + 1},
                  {"schedule-factor", c->schedule_factor, 0, 1 + 1e-12},
                  {"schedule-multiplier", c->schedule_multiplier, 0, 1001},
                  {"schedule-patience", c->schedule_patience, 0, 1e6},
                  {"lr-min", c->lr_min, 0, 1e30},
                  {"warm-up", c->warm_up, 0, 1e6},
                  {"clip", c->clip, 0, 1e30},
                  {"accumulate", c->accumulate, 0, 65537},
                  {"ema", c->ema, 0, 1},
                  {"smoothing", c->smoothing, 0, 1},
                  {"focal", c->focal, 0, 1000},
                  {"hard-factor", c->hard_factor, 0, 1e6},
                  {"hard-reach", c->hard_reach, 0, 1e6}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].least && ranges[i].value < ranges[i].below))
            return usage_error(training_command, "--%s %g: must be at least %g and below %g", ranges[i].name, ranges[i].value,
                               ranges[i].least, ranges[i].below);
    return EXIT_DONE;
}

static int check_craft(const craft_choice *c) {
    const bool planned = schedule_of(c) > HN_SCHEDULE_CONSTANT && schedule_of(c) != HN_SCHEDULE_PLATEAU;
    if (schedule_of(c) < 0) return usage_error(training_command, "--schedule %s: must be constant, step, cosine, restarts, one-cycle or plateau", c->schedule);
    if (number_of(c->sampler, samplers, 4) < 0)
        return usage_error(training_command, "--sampler %s: must be shuffle, classes, groups or hard-negatives", c->sampler);
    if (c->schedule_epochs && !planned) return usage_error(training_command, "--schedule-epochs is for --schedule step, cosine, restarts or one-cycle");
    if ((schedule_of(c) == HN_SCHEDULE_STEP || schedule_of(c) == HN_SCHEDULE_RESTARTS) && !c->schedule_epochs)
        return usage_error(training_command, "--schedule %s wants --schedule-epochs N", c->schedule);
    return check_craft_numbers(c);
}

/* The words of both lists become rules; their texts stay in c->texts. */
static int read_rules(craft_choice *c) {
    const char **frozen = NULL, **rates = NULL;
    const int n_frozen = c->freeze ? split_list(c->freeze, &c->texts[0], &frozen) : 0, n_rates = c->rates ? split_list(c->rates, &c->texts[1], &rates) : 0;
    int code = EXIT_DONE;
    c->rules = calloc((size_t)(n_frozen + n_rates) + 1, sizeof *c->rules);
    if (!c->rules) code = fail_text("out of memory");
    for (int i = 0; i < n_frozen && !code; i++)
        c->rules[c->n_rules++] = (hn_param_group){.struct_size = sizeof *c->rules, .prefix = frozen[i], .frozen = 1};
    for (int i = 0; i < n_rates && !code; i++) {
        char *word = c->texts[1] + (rates[i] - c->texts[1]); /* ours to cut */
        if (!read_rate(word, &c->rules[c->n_rules++]))
            code = usage_error(training_command, "--rates %s: must be PREFIX=FACTOR[,...], the factors above 0", c->rates);
    }
    free(frozen);
    free(rates);
    return code;
}

int read_craft(craft_choice *c) {
    int code = check_craft(c);
    if (!code) code = parse_augment(training_command, c->augment, &c->augmentation);
    return code ? code : read_rules(c);
}

void fill_craft(const craft_choice *c, int32_t epochs, hn_train_options *o) {
    const int32_t warm = c->warm_up < epochs ? c->warm_up : epochs - 1;
    o->schedule = schedule_of(c);
    o->schedule_epochs = c->schedule_epochs;
    if ((o->schedule == HN_SCHEDULE_COSINE || o->schedule == HN_SCHEDULE_ONE_CYCLE) && !o->schedule_epochs) o->schedule_epochs = epochs - warm;
    o->schedule_factor = c->schedule_factor;
    o->schedule_multiplier = c->schedule_multiplier;
    o->schedule_patience = c->schedule_patience;
    o->schedule_low = c->lr_min;
    o->warm_up_epochs = c->warm_up;
    o->nesterov = c->nesterov;
    o->decay_weights_only = c->decay_weights_only;
    o->param_groups = c->n_rules ? c->rules : NULL;
    o->n_param_groups = c->n_rules;
    o->clip_norm = c->clip;
    o->accumulate = c->accumulate;
    o->average = c->ema;
    o->average_test = c->ema > 0;
    o->label_smoothing = c->smoothing;
    o->focal = c->focal;
    o->sampler = number_of(c->sampler, samplers, 4);
    o->hard_factor = c->hard_factor;
    o->hard_reach = c->hard_reach;
    o->augment = c->augment ? &c->augmentation : NULL;
}

void free_craft(craft_choice *c) {
    free(c->rules);
    for (int i = 0; i < 2; i++) free(c->texts[i]);
}
