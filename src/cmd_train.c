/* cmd_train.c - `haemnet train`: options, data and what it is tested on; the training itself is in train_run.c and crossval.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train.h"

enum { N_OPTIONS = 33 + N_INPUT_OPTIONS + N_CRAFT_OPTIONS };
static void list_options(train_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"out", OPTION_TEXT, &s->out, "RUN", "folder for model.safetensors, last.safetensors, history.csv, run.json (needed)"},
        RECIPE_OPTION(&s->recipe),
        {"test", OPTION_TEXT, &s->test, "DATA2", "data to test on after every epoch"},
        {"holdout", OPTION_NUMBER, &s->holdout, "R", "share of DATA to test on, by patient; 0 = none (0.2)"},
        {"folds", OPTION_INT, &s->folds, "K", "cross-validation: K trainings, each tested on the fold it has not seen"},
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
        {"class-weights", OPTION_TEXT, &s->class_weights, "W", "balanced, or a number for each class: A,B[,...]"},
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
        {"resume", OPTION_FLAG, &s->resume, NULL, "go on from RUN/checkpoint.safetensors"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no progress, no notes"},
    };
    memcpy(list, options, sizeof options);
}

void describe_train(FILE *out) {
    train_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
    print_recipes(out);
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
            return usage_error("train", "--%s %d: must be %d to %d", ranges[i].name, ranges[i].value, ranges[i].least, ranges[i].most);
    if (s->normalise && !(isnan(s->mean) && isnan(s->deviation)))
        return usage_error("train", "--normalise measures what --mean and --deviation set: give the one or the others");
    if (!(s->lr > 0)) return usage_error("train", "--lr %g: must be above 0", s->lr);
    if (!(s->momentum >= 0 && s->momentum < 1)) return usage_error("train", "--momentum %g: must be at least 0 and below 1", s->momentum);
    if (s->weight_decay < 0) return usage_error("train", "--weight-decay %g: must be at least 0", s->weight_decay);
    if (s->choice.cache_mb < -1) return usage_error("train", "--cache %d: must be 0 or more", s->choice.cache_mb);
    if (s->resident_mb < -1) return usage_error("train", "--resident %d: must be 0 or more", s->resident_mb);
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

static int check(const train_settings *s, bool holdout_given) {
    static const char *const optimizers[] = {"adam", "adamw", "sgd", NULL}, *const rules[] = {"patience", "gl", "pq", "up", NULL};
    if (s->partial && !s->backbone) return usage_error("train", "--partial belongs to --backbone");
    if (!s->out) return usage_error("train", "--out RUN is needed: the folder to write to");
    if ((s->test != NULL) + holdout_given + (s->folds != 0) > 1) return usage_error("train", "--test, --holdout and --folds exclude each other");
    if (s->folds && s->folds < 2) return usage_error("train", "--folds %d: must be 2 or more", s->folds);
    if (!(s->holdout >= 0 && s->holdout < 1)) return usage_error("train", "--holdout %g: must be at least 0 and below 1", s->holdout);
    if (!among(s->optimizer, optimizers)) return usage_error("train", "--optimizer %s: must be adam, adamw or sgd", s->optimizer);
    if (s->stop && !among(s->stop, rules)) return usage_error("train", "--stop %s: must be patience, gl, pq or up", s->stop);
    if (s->momentum != 0 && strcmp(s->optimizer, "sgd")) return usage_error("train", "--momentum is for --optimizer sgd");
    int code = check_numbers(s);
    return code ? code : check_input("train", &s->input);
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
        usage_error("train", "--positive %s: the data have no such class; their first is %s", s->positive, hn_dataset_class_name(data, 0));
        return -2;
    }
    if (positive < 0 && info.task == HN_TASK_SINGLE)
        note("note: no class is positive by its name: --positive NAME gives sensitivity, ROC AUC and a threshold");
    return positive;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Groups, or paths, of a data set, sorted; a list to be freed. */
static const char **texts_of(hn_dataset *data, bool groups, size_t *n) {
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_row row = {.struct_size = sizeof row};
    *n = 0;
    if (hn_dataset_get_info(data, &info, NULL)) return NULL;
    const char **list = calloc((size_t)info.n_rows + 1, sizeof *list);
    for (int64_t i = 0; list && i < info.n_rows; i++) {
        if (hn_dataset_get_row(data, i, &row, NULL)) continue;
        const char *text = groups ? row.group : row.path;
        if (*text) list[(*n)++] = text;
    }
    if (list) qsort(list, *n, sizeof *list, by_text);
    return list;
}

/* A test part that shares patients with the training part measures memory. It may be meant, so it is said, not refused. */
static void warn_overlap(hn_dataset *train, hn_dataset *test) {
    for (int groups = 1; groups >= 0; groups--) {
        size_t n, m, both = 0;
        const char **a = texts_of(train, groups, &n), **b = texts_of(test, groups, &m);
        for (size_t i = 0; a && b && i < n; i++) {
            bool first = i == 0 || strcmp(a[i], a[i - 1]);
            both += first && bsearch(&a[i], b, m, sizeof *b, by_text);
        }
        if (both) note("note: %zu %s in the training data and in the test data: the test figures are too good", both,
                       groups ? both > 1 ? "patients are" : "patient is" : both > 1 ? "files are" : "file is");
        free(a);
        free(b);
        if (both) return;
    }
}

static hn_status make_parts(train_job *job, hn_error *err) {
    const train_settings *s = job->settings;
    hn_split_options split = {.struct_size = sizeof split, .train_ratio = 1 - s->holdout, .seed = s->seed};
    if (!s->test && s->holdout > 0) return hn_dataset_split(job->whole, &split, &job->train, &job->test, err);
    if (!s->test) return HN_OK;
    hn_status status = open_data(job->ctx, s->test, &s->choice, &job->test, err);
    if (!status) warn_overlap(job->whole, job->test);
    return status;
}

static void print_end(const train_job *job) {
    hn_epoch_report r;
    hn_metrics m = {.struct_size = sizeof m};
    double auc;
    char text[AUC_TEXT];
    if (quiet || report_of(job->trainer, hn_trainer_epochs(job->trainer), &r, NULL)) return;
    if (r.flags & HN_EPOCH_STOP && hn_trainer_epochs(job->trainer) < job->settings->epochs) printf("stopped early\n");
    if (job->test && !hn_eval_metrics(job->eval_last, 0, &m, NULL) && !auc_of(job->eval_last, &auc, NULL))
        printf("last epoch: accuracy %.4f, AUC %s on the %lld images of the test part%s\n", m.accuracy, auc_text(auc, text), (long long)m.n,
               m.groups_unknown ? " (patients not known: may be too good)" : "");
    printf("best epoch: %lld, %s loss %.4f: %s/model.safetensors\n", (long long)r.best_epoch, job->test ? "test" : "training", r.best_loss, job->folder);
}

static int train_once(const train_settings *s, hn_context *ctx, hn_cancel *cancel, hn_dataset *data, int32_t positive) {
    train_job job = {.settings = s, .ctx = ctx, .cancel = cancel, .whole = data, .folder = s->out, .fold = -1, .positive = positive};
    hn_error err = {0};
    int code = make_parts(&job, &err) ? fail(&err) : EXIT_DONE;
    bool whole = !code && !job.train; /* all of DATA is the training part */
    if (whole) job.train = data;
    if (!code) code = train_job_run(&job);
    if (!code) print_end(&job);
    if (!code && s->test && report_skipped(job.test)) code = EXIT_SKIPPED;
    if (whole) job.train = NULL;
    train_job_close(&job);
    return code;
}

int cmd_train(int argc, char **argv) {
    train_settings s = {.model = "tinyvgg", .optimizer = "adam", .choice.cache_mb = -1, .resident_mb = -1, .holdout = -2, .lr = 0.001, .mean = NAN,
                        .deviation = NAN, .input = DEFAULT_INPUT, .hidden = -1, .epochs = 20, .batch = 32};
    s.input.size = -1; /* the architecture's */
    option list[N_OPTIONS];
    hn_context *ctx = NULL;
    hn_cancel *cancel = NULL;
    hn_dataset *data = NULL;
    hn_error err = {0};
    list_options(&s, list);
    int words = parse_with_recipe("train", list, N_OPTIONS, argc, argv, &s.recipe), code;
    if (words < 0) return EXIT_USAGE;
    if (words != 1) return usage_error("train", "takes one folder or manifest, not %d words", words);
    bool holdout_given = s.holdout != -2;
    if (!holdout_given) s.holdout = 0.2;
    take_preset(&s);
    if ((code = check(&s, holdout_given)) || (code = check_words("train", s.model, s.device, s.choice.group))) return code;
    take_normal(&s);
    if (s.craft.nesterov && s.momentum == 0) return usage_error("train", "--nesterov goes with --optimizer sgd and --momentum");
    if ((code = read_craft(&s.craft))) {
        free_craft(&s.craft);
        return code;
    }
    s.data = argv[0];
    quiet = s.quiet;
    hn_status status = open_context(s.threads, &ctx, &err);
    if (!status) status = catch_interrupt(ctx, &cancel, &err);
    if (!status) status = open_data(ctx, s.data, &s.choice, &data, &err);
    int32_t positive = status ? -1 : choose_positive(&s, data);
    if (!status) warn_groups(data);
    if (status)
        code = fail(&err);
    else if (positive < -1)
        code = positive == -2 ? EXIT_USAGE : EXIT_FAILED;
    else
        code = s.folds ? cross_validate(&s, ctx, cancel, data, positive) : train_once(&s, ctx, cancel, data, positive);
    if (code == EXIT_DONE || code == EXIT_SKIPPED)
        if (report_skipped(data)) code = EXIT_SKIPPED;
    hn_dataset_free(data);
    hn_cancel_free(cancel);
    hn_context_free(ctx);
    free_craft(&s.craft);
    return code;
}
