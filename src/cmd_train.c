/* cmd_train.c - `haemnet train`: what the network is tested on, and the command; its options are those of train_options.c and a few of its own,
 * the training itself is in train_run.c. --folds K is `haemnet crossval` by another name. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { N_OWN = 6, N_OPTIONS = N_OWN + N_TRAINING_OPTIONS };
static void list_options(train_settings *s, option list[N_OPTIONS]) {
    const option own[N_OWN] = {
        {"out", OPTION_TEXT, &s->out, "RUN", "folder for model.safetensors, last.safetensors, history.csv, run.json (needed)"},
        {"test", OPTION_TEXT, &s->test, "DATA2", "data to test on after every epoch"},
        {"holdout", OPTION_NUMBER, &s->holdout, "R", "share of DATA to test on, by patient; 0 = none (0.2)"},
        {"folds", OPTION_INT, &s->folds, "K", "as haemnet crossval --folds K; the files of one fold's model become those of RUN"},
        {"report", OPTION_TEXT, &s->report, "FILE.html", "at the end, what haemnet report RUN writes, the page to this file; needs a test part"},
        {"resume", OPTION_FLAG, &s->resume, NULL, "go on from RUN/checkpoint.safetensors"},
    };
    memcpy(list, own, sizeof own);
    list_training(s, list + N_OWN);
}

void describe_train(FILE *out) {
    train_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
    print_recipes(out);
}

static hn_status make_parts(train_job *job, hn_error *err) {
    const train_settings *s = job->settings;
    hn_split_options split = {.struct_size = sizeof split, .flags = HN_SPLIT_COPIES_TOGETHER, .train_ratio = 1 - s->holdout, .seed = s->seed};
    if (!s->test && s->holdout > 0) return hn_dataset_split(job->whole, &split, &job->train, &job->test, err);
    if (!s->test) return HN_OK;
    return open_data(job->ctx, s->test, &s->choice, &job->test, err);
}

static void print_end(const train_job *job) {
    hn_epoch_report r;
    hn_metrics m = {.struct_size = sizeof m};
    double auc;
    char text[AUC_TEXT];
    if (quiet || report_of(job->trainer, hn_trainer_epochs(job->trainer), &r, NULL)) return;
    if (r.flags & HN_EPOCH_STOP && hn_trainer_epochs(job->trainer) < job->settings->epochs) printf("stopped early\n");
    if (job->test && !hn_eval_metrics(job->eval_last, 0, &m, NULL) && !auc_of(job->eval_last, &auc, NULL))
        printf("last epoch: accuracy %.4f, AUC %s on the %lld images of the test part%s%s\n", m.accuracy, auc_text(auc, text), (long long)m.n,
               m.groups_unknown ? " (patients not known: may be too good)" : "", leaks_of(job->audit) ? " (LEAKY: too good)" : "");
    printf("best epoch: %lld, %s loss %.4f: %s/model.safetensors\n", (long long)r.best_epoch, job->test ? "test" : "training", r.best_loss, job->folder);
}

static int write_page_of(const train_job *job) {
    const train_settings *s = job->settings;
    const evidence_request request = {.data = s->test ? s->test : s->data, .label_columns = s->choice.label_columns, .group = s->choice.group,
                                      .threshold = NAN, .holdout = s->test ? 0 : s->holdout, .split_seed = s->seed, .allow_leak = s->allow_leak};
    const hn_predictor_options options = {.struct_size = sizeof options, .device = s->device};
    evidence_source source = {.ctx = job->ctx, .cancel = job->cancel, .model = job->best, .data = job->test, .eval = job->eval_best,
                              .model_path = join_path(job->folder, "model.safetensors")};
    hn_error err = {0};
    int code = hn_predictor_create(job->best, &options, &source.predictor, &err) ? fail(&err) : read_run_files(job->folder, &source.files);
    if (!code) code = report_on(&source, &request, job->folder, s->report);
    hn_predictor_free(source.predictor);
    free_run_files(&source.files);
    free(source.model_path);
    return code;
}

static int train_once(const train_settings *s, const training_data *t) {
    train_job job = {.settings = s, .ctx = t->ctx, .cancel = t->cancel, .whole = t->data, .folder = s->out, .fold = -1, .positive = t->positive};
    hn_error err = {0};
    int code = make_parts(&job, &err) ? fail(&err) : EXIT_DONE;
    if (!code && job.test && !s->test) note_copies(t->data);
    bool whole = !code && !job.train; /* all of DATA is the training part */
    if (whole) job.train = t->data;
    if (!code) code = train_job_run(&job);
    if (!code) print_end(&job);
    if (!code && s->report) code = write_page_of(&job);
    if (!code && s->test && report_skipped(job.test)) code = EXIT_SKIPPED;
    if (whole) job.train = NULL;
    train_job_close(&job);
    return code;
}

static int check_parts(const train_settings *s, bool holdout_given) {
    if (!s->out) return usage_error("train", "--out RUN is needed: the folder to write to");
    if ((s->test != NULL) + holdout_given + (s->folds != 0) > 1) return usage_error("train", "--test, --holdout and --folds exclude each other");
    if (s->report && (s->folds || (!s->test && s->holdout == 0)))
        return usage_error("train", "--report needs a test part: --test or --holdout, and no --folds, whose figures are those of crossval.json");
    if (s->folds && s->folds < 2) return usage_error("train", "--folds %d: must be 2 or more", s->folds);
    if (!(s->holdout >= 0 && s->holdout < 1)) return usage_error("train", "--holdout %g: must be at least 0 and below 1", s->holdout);
    return EXIT_DONE;
}

static int train_folds(const train_settings *s, const training_data *t) {
    crossval_settings c = {.base = *s, .folds = s->folds, .repeats = 1, .validate = -1, .keep_model = true};
    return cross_validate(&c, t);
}

int cmd_train(int argc, char **argv) {
    train_settings s = default_training();
    option list[N_OPTIONS];
    training_data t;
    s.holdout = -2;
    list_options(&s, list);
    int words = parse_with_recipe("train", list, N_OPTIONS, argc, argv, &s.recipe), code;
    if (words < 0) return EXIT_USAGE;
    if (words != 1) return usage_error("train", "takes one folder or manifest, not %d words", words);
    bool holdout_given = s.holdout != -2;
    if (!holdout_given) s.holdout = 0.2;
    if (!(code = check_parts(&s, holdout_given))) code = check_training(&s);
    if (!code) {
        s.data = argv[0];
        quiet = s.quiet;
        code = open_training(&s, &t);
        if (!code) code = s.folds ? train_folds(&s, &t) : train_once(&s, &t);
        code = close_training(&t, code);
    }
    free_craft(&s.craft);
    return code;
}
