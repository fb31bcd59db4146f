/* train_options.c - the options that all commands have which train: train, crossval, curve. What a training is tested on is the command's own. */
#include <math.h>
#include <string.h>

#include "train.h"

const char *training_command = "train";

train_settings default_training(void) {
    train_settings s = {.model = "tinyvgg", .optimizer = "adam", .choice.cache_mb = -1, .resident_mb = -1, .lr = 0.001, .mean = NAN,
                        .deviation = NAN, .input = DEFAULT_INPUT, .hidden = -1, .epochs = 20, .batch = 32};
    s.input.size = -1; /* the architecture's */
    return s;
}

void list_training(train_settings *s, option list[N_TRAINING_OPTIONS]) {
    const option options[N_TRAINING_OPTIONS] = {
        RECIPE_OPTION(&s->recipe),
        {"model", OPTION_TEXT, &s->model, "NAME", "architecture; haemnet inspect --presets lists them (the recipe's)"},
        {"preset", OPTION_TEXT, &s->model, "NAME", "the same as --model"},
        {"backbone", OPTION_TEXT, &s->backbone, "FILE", "begin with the weights of this safetensors file, but for the last layer"},
        {"partial", OPTION_FLAG, &s->partial, NULL, "with --backbone: take what fits, leave the rest as it is drawn"},
        INPUT_OPTIONS(&s->input),
        {"normalise", OPTION_FLAG, &s->normalise, NULL, "mean and deviation of each channel are measured on the training part"},
        {"mean", OPTION_NUMBER, &s->mean, "M", "taken from the grey levels 0 to 1 before the network (the recipe's, or what the backbone wants)"},
        {"deviation", OPTION_NUMBER, &s->deviation, "D", "then they are divided by it (the recipe's, or what the backbone wants)"},
        {"hidden", OPTION_INT, &s->hidden, "N", "hidden width, of the tiny ones (the architecture's)"},
        {"epochs", OPTION_INT, &s->epochs, "N", "passes over the training part (the recipe's)"},
        {"batch", OPTION_INT, &s->batch, "N", "images a step (the recipe's)"},
        {"lr", OPTION_NUMBER, &s->lr, "X", "learning rate (the recipe's)"},
        {"optimizer", OPTION_TEXT, &s->optimizer, "NAME", "adam, adamw or sgd (the recipe's)"},
        {"momentum", OPTION_NUMBER, &s->momentum, "X", "of sgd (0)"},
        {"weight-decay", OPTION_NUMBER, &s->weight_decay, "X", "(the recipe's)"},
        CRAFT_OPTIONS(&s->craft),
        {"class-weights", OPTION_TEXT, &s->class_weights, "W", "balanced, rsna (the label any: 2), positive=X (others 1), or a number for each: A,B[,...]"},
        {"stop", OPTION_TEXT, &s->stop, "RULE", "stop early: patience, or Prechelt's gl, pq, up"},
        {"patience", OPTION_INT, &s->patience, "N", "stop after N epochs without a better test loss (up: N strips)"},
        {"positive", OPTION_TEXT, &s->positive, "NAME", "the class that is looked for (known for haemorrhage, or X beside no_X)"},
        {"label-column", OPTION_TEXT, &s->choice.label_columns, "A[,B...]", "manifest column of the label, or of several 0/1 labels (label)"},
        {"group", OPTION_TEXT, &s->choice.group, "REGEX|none", "patient by file name: first sub-match; none = there are no groups"},
        {"seed", OPTION_SEED, &s->seed, "N", "of the weights, the order and the split (0)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to compute with; the result is the same for any (one per core)"},
        {"device", OPTION_TEXT, &s->device, "SPEC", "see haemnet devices (best)"},
        {"cache", OPTION_INT, &s->choice.cache_mb, "MB", "memory for decoded images (512)"},
        {"resident", OPTION_INT, &s->resident_mb, "MB", "of the device's memory for decoded images; 0 = never (a quarter; none where it is the host's)"},
        {"strict", OPTION_FLAG, &s->choice.strict, NULL, "stop at the first bad file instead of skipping it"},
        {"no-familiarity", OPTION_FLAG, &s->no_familiarity, NULL, "the model learns nothing of the look of its images, and flags none as unlike them"},
        LEAK_OPTION(&s->allow_leak),
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no progress, no notes"},
    };
    memcpy(list, options, sizeof options);
}

static bool among(const char *word, const char *const *words) {
    while (*words && strcmp(word, *words)) words++;
    return *words != NULL;
}

static int check_numbers(const train_settings *s) {
    const struct {
        const char *name;
        int32_t value, least, most;
    } ranges[] = {{"hidden", s->hidden, 0, 65536}, {"epochs", s->epochs, 1, 1000000}, {"batch", s->batch, 1, 65536},
                  {"threads", s->threads, 0, 1024}, {"patience", s->patience, 0, 1000000}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
            return usage_error(training_command, "--%s %d: must be %d to %d", ranges[i].name, ranges[i].value, ranges[i].least, ranges[i].most);
    if (s->normalise && !(isnan(s->mean) && isnan(s->deviation)))
        return usage_error(training_command, "--normalise measures what --mean and --deviation set: give the one or the others");
    if (!(s->lr > 0)) return usage_error(training_command, "--lr %g: must be above 0", s->lr);
    if (!(s->momentum >= 0 && s->momentum < 1)) return usage_error(training_command, "--momentum %g: must be at least 0 and below 1", s->momentum);
    if (s->weight_decay < 0) return usage_error(training_command, "--weight-decay %g: must be at least 0", s->weight_decay);
    if (s->choice.cache_mb < -1) return usage_error(training_command, "--cache %d: must be 0 or more", s->choice.cache_mb);
    if (s->resident_mb < -1) return usage_error(training_command, "--resident %d: must be 0 or more", s->resident_mb);
    return EXIT_DONE;
}

/* What was not given is the architecture's. Unknown names are told later. */
static void take_preset(train_settings *s) {
    hn_preset_info preset;
    const bool known = find_preset(s->model, &preset);
    if (s->input.size == -1) s->input.size = known ? preset.size : 1;
    if (s->hidden == -1) s->hidden = known ? preset.hidden : 0;
}

/* Neither given: 0 and 1, or what a backbone wants. */
static void take_normal(train_settings *s) {
    const bool backbones = s->backbone && !s->normalise && isnan(s->mean) && isnan(s->deviation);
    if (!backbones && isnan(s->mean)) s->mean = 0;
    if (!backbones && isnan(s->deviation)) s->deviation = 1;
}

static int check(const train_settings *s) {
    static const char *const optimizers[] = {"adam", "adamw", "sgd", NULL}, *const rules[] = {"patience", "gl", "pq", "up", NULL};
    if (!s->backbone && s->recipe && strstr(s->recipe, "transfer"))
        return usage_error(training_command, "--recipe %s needs --backbone FILE, the weights to begin with: see docs/presets.md", s->recipe);
    if (s->partial && !s->backbone) return usage_error(training_command, "--partial belongs to --backbone");
    if (!among(s->optimizer, optimizers)) return usage_error(training_command, "--optimizer %s: must be adam, adamw or sgd", s->optimizer);
    if (s->stop && !among(s->stop, rules)) return usage_error(training_command, "--stop %s: must be patience, gl, pq or up", s->stop);
    if (s->momentum != 0 && strcmp(s->optimizer, "sgd")) return usage_error(training_command, "--momentum is for --optimizer sgd");
    int code = check_numbers(s);
    return code ? code : check_input(training_command, &s->input);
}

/* Class number, -1 for none, -2 and -3 after a message: wrong usage, unfit data. */
static int32_t choose_positive(const train_settings *s, hn_dataset *data) {
    hn_dataset_info info = {.struct_size = sizeof info};
    if (hn_dataset_get_info(data, &info, NULL)) return -1;
    if (info.task == HN_TASK_SINGLE && info.n_classes < 2) {
        fail_text("all %lld images of %s are %s: there is nothing to tell apart; bring images of another class", (long long)info.n_rows, s->data,
                  hn_dataset_class_name(data, 0));
        return -3;
    }
    int32_t positive = s->positive ? find_class(data, s->positive) : info.positive;
    if (s->positive && positive < 0) {
        usage_error(training_command, "--positive %s: the data have no such class; their first is %s", s->positive, hn_dataset_class_name(data, 0));
        return -2;
    }
    if (positive < 0 && info.task == HN_TASK_SINGLE)
        note("note: no class is positive by its name: --positive NAME gives sensitivity, ROC AUC and a threshold");
    return positive;
}

int check_training(train_settings *s) {
    take_preset(s);
    int code = check(s);
    if (!code) code = check_words(training_command, s->model, s->device, s->choice.group);
    take_normal(s);
    if (!code && s->craft.nesterov && s->momentum == 0) code = usage_error(training_command, "--nesterov goes with --optimizer sgd and --momentum");
    return code ? code : read_craft(&s->craft);
}

int open_training(const train_settings *s, training_data *t) {
    hn_error err = {0};
    *t = (training_data){.positive = -1};
    hn_status status = open_context(s->threads, &t->ctx, &err);
    if (!status) status = catch_interrupt(t->ctx, &t->cancel, &err);
    if (!status) status = open_data(t->ctx, s->data, &s->choice, &t->data, &err);
    if (status) return fail(&err);
    t->positive = choose_positive(s, t->data);
    warn_groups(t->data);
    return t->positive == -2 ? EXIT_USAGE : t->positive < -1 ? EXIT_FAILED : EXIT_DONE;
}

int close_training(training_data *t, int code) {
    if ((code == EXIT_DONE || code == EXIT_SKIPPED) && report_skipped(t->data)) code = EXIT_SKIPPED;
    hn_dataset_free(t->data);
    hn_cancel_free(t->cancel);
    hn_context_free(t->ctx);
    return code;
}
