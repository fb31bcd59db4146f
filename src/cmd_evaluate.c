/* cmd_evaluate.c - `haemnet evaluate`: a model over labelled data → figures for people, or JSON for programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judgement.h"
#include "report.h"

typedef struct evaluate_settings {
    const char *json, *report, *positive, *device, *tta, *label_weights, *choose, *choose_on, *correct;
    double threshold, smooth; /* smooth: slices */
    data_choice choice;
    int32_t batch, threads, quiet, allow_leak, views; /* views: HN_TTA_… */
    int32_t rule, correction; /* HN_CHOOSE_…, HN_CORRECT_… */
    double rule_value;
} evaluate_settings;

typedef struct evaluation { /* what is open during the command */
    hn_context *ctx;
    hn_cancel *cancel;
    hn_model *model;
    hn_dataset *data, *choose_on; /* choose_on NULL = the threshold is the model's, or was given */
    hn_predictor *predictor;
    hn_eval *eval;
    hn_audit *audit; /* against the model's training data; NULL = it keeps no traces of it */
    double weighted_loss; /* NaN = not asked for, or undefined */
    hn_audit *shared, *tuned; /* what data have in common with choose_on, and with what the model was tuned on; NULL = not known */
    hn_threshold chosen;  /* rule 0 = the threshold was given */
    bool chosen_here, calibrated_here, calibrated; /* on the rows that are reported; at all */
    hn_subgroups *subgroups;
} evaluation;

enum { N_OPTIONS = 19 };
static void list_options(evaluate_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"threshold", OPTION_NUMBER, &s->threshold, "T", "probability from which the positive class, or a label, is said (the model's)"},
        {"choose", OPTION_TEXT, &s->choose, "RULE", "threshold by rule, chosen on --choose-on: " CHOOSE_RULES},
        {"choose-on", OPTION_TEXT, &s->choose_on, "DATA2", "labelled data for --choose that share no image and no patient with DATA"},
        {"by", OPTION_TEXT, &s->choice.keep_columns, "A[,B...]", "also the figures for each value of these manifest columns"},
        {"correct", OPTION_TEXT, &s->correct, "METHOD", "of many comparisons with --by: holm or benjamini-hochberg (holm)"},
        {"json", OPTION_TEXT, &s->json, "FILE|-", "also write the figures as JSON; - prints nothing else on stdout"},
        {"report", OPTION_TEXT, &s->report, "FILE.html", "also write one page for people that holds all: figures, curves, single images with heat maps"},
        {"positive", OPTION_TEXT, &s->positive, "NAME", "class that sensitivity, ROC AUC and so on are about (the model's)"},
        {"label-column", OPTION_TEXT, &s->choice.label_columns, "A[,B...]", "manifest column of the label, or of several 0/1 labels (label)"},
        {"group", OPTION_TEXT, &s->choice.group, "REGEX|none", "patient by file name: first sub-match; none = there are no groups"},
        {"strict", OPTION_FLAG, &s->choice.strict, NULL, "stop at the first bad file instead of skipping it"},
        LEAK_OPTION(&s->allow_leak),
        {"label-weights", OPTION_TEXT, &s->label_weights, "W", "also the log loss weighted so: rsna (2 for the label any, 1 for others), or A,B[,...]"},
        TTA_OPTION(&s->tta),
        SMOOTH_OPTION(&s->smooth),
        {"batch", OPTION_INT, &s->batch, "N", "images computed at once (32)"},
        {"device", OPTION_TEXT, &s->device, "SPEC", "see haemnet devices (best)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to compute with (one per core)"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no progress, no notes"},
    };
    memcpy(list, options, sizeof options);
}

void describe_evaluate(FILE *out) {
    evaluate_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

static hn_status open_all(evaluation *e, const evaluate_settings *s, const char *model, const char *data, hn_error *err) {
    hn_predictor_options options = {.struct_size = sizeof options, .max_batch = s->batch, .device = s->device, .tta = s->views};
    hn_status status = open_context(s->threads, &e->ctx, err);
    if (!status) status = catch_interrupt(e->ctx, &e->cancel, err);
    if (!status) status = hn_model_load(e->ctx, model, &e->model, err);
    if (!status) status = open_data_for(e->model, e->ctx, data, &s->choice, &e->data, err);
    return status ? status : hn_predictor_create(e->model, &options, &e->predictor, err);
}

/* Index of --positive + 1, 0 = the model's; -1 after a message. */
static int32_t find_positive(const evaluation *e, const char *wanted) {
    const char *name;
    if (!wanted) return 0;
    for (int32_t k = 0; (name = hn_model_class_name(e->model, k)); k++)
        if (!strcmp(name, wanted)) return k + 1;
    usage_error("evaluate", "--positive %s: the model has no such class; its first is %s", wanted, hn_model_class_name(e->model, 0));
    return -1;
}

static hn_status run(evaluation *e, const evaluate_settings *s, const char *what, hn_dataset *data, int32_t positive, double threshold, hn_eval **out,
                     hn_error *err) {
    progress_bar bar;
    const hn_eval_options options = {.struct_size = sizeof options, .positive = positive, .threshold = threshold, .cancel = e->cancel,
                                     .progress = progress_show, .progress_user = &bar, .smooth = s->smooth};
    progress_begin(&bar, what);
    const hn_status status = hn_evaluate(e->predictor, data, &options, out, err);
    progress_end(&bar);
    return status;
}

/* --choose: the threshold of other data, into e->chosen. */
static hn_status choose(evaluation *e, const evaluate_settings *s, int32_t positive, hn_error *err) {
    data_choice plain = s->choice;
    hn_eval *eval = NULL;
    plain.keep_columns = NULL;
    hn_status status = open_data_for(e->model, e->ctx, s->choose_on, &plain, &e->choose_on, err);
    if (!status) status = run(e, s, "choose", e->choose_on, positive, 0, &eval, err);
    if (!status) status = hn_eval_threshold(eval, positive, s->rule, s->rule_value, &e->chosen, err);
    hn_eval_free(eval);
    return status;
}

/* 0, or an exit code after a message. */
static int compute(evaluation *e, const evaluate_settings *s, hn_error *err) {
    const int32_t positive = find_positive(e, s->positive);
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_calibration c = {.struct_size = sizeof c};
    e->chosen.struct_size = sizeof e->chosen;
    if (positive < 0) return EXIT_USAGE;
    hn_status status = hn_dataset_get_info(e->data, &info, err);
    if (!status) status = hn_model_get_calibration(e->model, &c, err);
    if (!status && s->rule) status = choose(e, s, positive, err);
    else if (!status && !(s->threshold > 0)) status = hn_model_get_threshold(e->model, &e->chosen, err);
    const double threshold = s->rule ? e->chosen.threshold : s->threshold;
    if (!status) status = run(e, s, "evaluate", e->data, positive, threshold, &e->eval, err);
    if (status) return fail(err);
    e->chosen_here = e->chosen.rule && same_digest(e->chosen.digest, info.digest);
    e->calibrated = c.method;
    e->calibrated_here = c.method && same_digest(c.digest, info.digest);
    return s->choice.keep_columns ? make_subgroups(e->data, e->eval, s->choice.keep_columns, s->correction, &e->subgroups, err) : EXIT_DONE;
}

/* After the evaluation, which has decoded all files. */
static int audit(evaluation *e, const evaluate_settings *s, hn_error *err) {
    const hn_audit_options options = {.struct_size = sizeof options, .flags = HN_AUDIT_NO_SHORTCUTS, .cancel = e->cancel};
    hn_audit_info info = {.struct_size = sizeof info};
    if (e->choose_on && hn_dataset_audit(e->data, e->choose_on, &options, &e->shared, err)) return fail(err);
    if (audit_tuning(e->model, e->data, e->cancel, &e->tuned, err)) return fail(err);
    const hn_status status = hn_model_audit(e->model, e->data, &options, &e->audit, err);
    if (status == HN_E_DATA) {
        note("note: the model keeps no traces of its training data, so nobody can say whether these are among them");
        return EXIT_DONE;
    }
    if (status || hn_audit_get_info(e->audit, &info, err)) return fail(err);
    if (info.flags & HN_AUDIT_SAMPLED)
        note("note: the model keeps traces of %.0f%% of its training images: the others could not be looked for", 100 * info.checked);
    return refuse_leaks(NULL, e->audit, s->allow_leak);
}

static const char *class_name(const void *model, int32_t k) { return hn_model_class_name(model, k); }

static int weigh(evaluation *e, const evaluate_settings *s, hn_error *err) {
    hn_model_info info = {.struct_size = sizeof info};
    e->weighted_loss = NAN;
    if (!s->label_weights) return EXIT_DONE;
    if (hn_model_get_info(e->model, &info, err)) return fail(err);
    double *weights = calloc((size_t)info.n_classes, sizeof *weights);
    if (!weights) return fail_text("out of memory");
    int code = read_weights("evaluate", "label-weights", s->label_weights, class_name, e->model, info.n_classes, weights);
    if (!code && hn_eval_log_loss(e->eval, weights, info.n_classes, &e->weighted_loss, err)) code = fail(err);
    free(weights);
    return code;
}

static const char *chosen_class(const evaluation *e) {
    const char *name = hn_model_class_name(e->model, e->chosen.index);
    return name ? name : "";
}

/* Where the threshold comes from; and loudly, if it or the calibration is of these rows. */
static void print_origins(const evaluation *e) {
    char text[CHOICE_TEXT];
    hn_calibration c = {.struct_size = sizeof c};
    if (e->chosen.rule)
        printf("\nthreshold %.6g: %s; there sensitivity %.4f, specificity %.4f\n", e->chosen.threshold, choice_text(&e->chosen, chosen_class(e), text),
               e->chosen.sensitivity, e->chosen.specificity);
    if (!hn_model_get_calibration(e->model, &c, NULL) && c.method) {
        printf("calibrated: ");
        print_calibration(stdout, &c);
    }
}

static const hn_audit *choice_overlap(const evaluation *e) { return e->choose_on ? e->shared : e->chosen.rule ? e->tuned : NULL; }
static const hn_audit *calibration_overlap(const evaluation *e) { return e->calibrated ? e->tuned : NULL; }

static const char *const found_on[] = {"the threshold was chosen on", "the model was calibrated on"};
static const char *const too_good[] = {"sensitivity, specificity and what follows from them are too good",
                                       "calibration error, Brier score and log loss are too good"};

/* overlap NULL = all of the images; else they were found on other data, which are not other enough. */
static void warn(FILE *out, int which, const hn_audit *overlap) {
    hn_audit_info info = {.struct_size = sizeof info};
    fprintf(out, "%sWARNING: %s ", out == stderr ? "haemnet: " : "", found_on[which]);
    if (overlap && !hn_audit_get_info(overlap, &info, NULL)) {
        fprintf(out, "some of these very images or patients (findings: ");
        print_leak_counts(out, &info);
        fprintf(out, ")");
    } else {
        fprintf(out, "these very images");
    }
    fprintf(out, ": %s\n", too_good[which]);
}

/* On stderr too, and whatever --quiet says: who reads only the JSON must not miss it. */
static void warn_origins(const evaluation *e, bool alone) {
    const hn_audit *overlap[] = {choice_overlap(e), calibration_overlap(e)};
    const bool here[] = {e->chosen_here, e->calibrated_here};
    for (int which = 0; which < 2; which++) {
        if (!here[which] && !leaks_of(overlap[which])) continue;
        if (!alone) warn(stdout, which, here[which] ? NULL : overlap[which]);
        warn(stderr, which, here[which] ? NULL : overlap[which]);
    }
    if (!e->chosen_here && leaks_of(e->shared)) print_findings(stderr, e->shared, 10);
}

static bool write_json(const evaluation *e, const evaluate_settings *s, FILE *out, const char *model, const char *data, hn_error *err) {
    novelty_facts novelty;
    fprintf(out, leaks_of(e->audit) ? "{\"leaky\": true, " : "{");
    hn_status status = write_metrics_json(out, e->eval, err);
    fprintf(out, ", \"intervals\": ");
    if (!status) status = write_intervals_json(out, e->eval, err);
    if (s->label_weights) {
        fprintf(out, ", \"weighted_log_loss\": ");
        json_number(out, e->weighted_loss);
    }
    fprintf(out, ", \"familiarity\": ");
    if (!status) status = look_at_novelty(e->eval, &novelty, err);
    if (!status) write_novelty_json(out, &novelty);
    fprintf(out, ", \"threshold_choice\": ");
    write_choice_json(out, &e->chosen, chosen_class(e), e->chosen_here);
    fprintf(out, ", \"choice_overlap\": ");
    write_overlap_json(out, choice_overlap(e));
    fprintf(out, ", \"calibration_overlap\": ");
    write_overlap_json(out, calibration_overlap(e));
    fprintf(out, ", ");
    if (!status) status = write_reliability_json(out, e->model, e->eval, e->calibrated_here, e->cancel, err);
    if (e->subgroups) {
        fprintf(out, ", \"subgroups\": ");
        write_subgroups_json(out, e->subgroups, s->correction);
    }
    fprintf(out, ", \"tta\": \"%s\", \"smooth\": ", tta_name(s->views));
    json_number(out, s->smooth);
    fprintf(out, ", \"skipped_files\": ");
    write_skipped_json(out, e->data);
    fprintf(out, ", \"leaks\": ");
    write_leaks_json(out, e->audit, s->allow_leak);
    fprintf(out, ", \"model\": ");
    json_string(out, model);
    fprintf(out, ", \"data\": ");
    json_string(out, data);
    fprintf(out, ", \"haemnet\": ");
    json_string(out, hn_version_string());
    fprintf(out, "}\n");
    return status == HN_OK;
}

/* What lies beside the model tells of its training, if it is that model's. */
static int read_training(const evaluation *e, const char *model, run_files *out) {
    hn_model_info info = {.struct_size = sizeof info};
    char is[DIGEST_TEXT], *folder = strdup(model);
    if (!folder) return fail_text("out of memory");
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    int code = read_run_files(slash ? folder : ".", out);
    if (!code && !hn_model_get_info(e->model, &info, NULL)) {
        const char *best = json_text(&out->run, "model_digest");
        hex_digest(is, info.digest);
        if (!best || strcmp(best, is)) free_run_files(out);
    }
    free(folder);
    return code;
}

static int write_page_of(const evaluation *e, const evaluate_settings *s, const char *model, const char *data) {
    const evidence_request request = {.data = data, .label_columns = s->choice.label_columns, .group = s->choice.group, .positive = s->positive,
                                      .threshold = s->rule ? e->chosen.threshold : s->threshold, .tta = s->tta, .smooth = s->smooth,
                                      .by = s->choice.keep_columns, .allow_leak = s->allow_leak};
    evidence_source source = {.ctx = e->ctx, .cancel = e->cancel, .model = e->model, .whole = e->data, .data = e->data, .predictor = e->predictor,
                              .eval = e->eval, .model_path = strdup(model)};
    int code = source.model_path ? read_training(e, model, &source.files) : fail_text("out of memory");
    if (!code) code = report_on(&source, &request, NULL, s->report);
    free_run_files(&source.files);
    free(source.model_path);
    return code;
}

static int report(const evaluation *e, const evaluate_settings *s, const char *model, const char *data, hn_error *err) {
    bool alone = s->json && !strcmp(s->json, "-");
    if (alone && !write_json(e, s, stdout, model, data, err)) return fail(err);
    if (!alone && leaks_of(e->audit)) printf("LEAKY: the model has seen some of these images or patients; the figures are too good\n");
    if (!alone && (print_metrics(stdout, e->eval, err) || print_novelty(stdout, e->eval, err) || print_reliability(stdout, e->eval, err))) return fail(err);
    if (!alone && e->subgroups) print_subgroups(stdout, e->subgroups, s->correction);
    if (!alone) print_origins(e);
    warn_origins(e, alone);
    if (!alone && s->label_weights) printf("weighted log loss    %.4f (weights %s)\n", e->weighted_loss, s->label_weights);
    if (!alone && s->smooth > 0) printf("each slice averaged along its series, by a Gaussian of %g slices\n", s->smooth);
    if (s->json && !alone) {
        FILE *out = open_output(s->json);
        if (!out) return EXIT_FAILED;
        bool written = write_json(e, s, out, model, data, err);
        if (!close_output(out, s->json)) return EXIT_FAILED;
        if (!written) return fail(err);
    }
    return report_skipped(e->data) ? EXIT_SKIPPED : EXIT_DONE;
}

int cmd_evaluate(int argc, char **argv) {
    evaluate_settings s = {.threshold = NAN, .choice.cache_mb = -1};
    option list[N_OPTIONS];
    evaluation e = {0};
    hn_error err = {0};
    list_options(&s, list);
    int words = parse_options("evaluate", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    if (words != 2) return usage_error("evaluate", "takes a model file and data, not %d words", words);
    if (!threshold_fits(s.threshold)) return usage_error("evaluate", "--threshold %g: must lie between 0 and 1", s.threshold);
    if (isnan(s.threshold)) s.threshold = 0; /* the model's */
    if (s.batch < 0 || s.batch > 4096) return usage_error("evaluate", "--batch %d: must be 1 to 4096", s.batch);
    if (s.threads < 0) return usage_error("evaluate", "--threads %d: must be 1 or more", s.threads);
    quiet = s.quiet;
    int code = read_tta("evaluate", s.tta, &s.views);
    if (!code) code = read_smooth("evaluate", s.smooth);
    if (code) return code;
    code = check_words("evaluate", NULL, s.device, s.choice.group);
    if (!code) code = read_choice("evaluate", s.choose, &s.rule, &s.rule_value);
    if (!code) code = read_correction("evaluate", s.correct, &s.correction);
    if (code) return code;
    if (s.choose && !s.choose_on)
        return usage_error("evaluate", "--choose wants --choose-on DATA2: a threshold chosen on the images that are reported makes its figures too good");
    if (s.choose_on && !s.choose) return usage_error("evaluate", "--choose-on belongs to --choose RULE");
    if (s.choose && s.threshold > 0) return usage_error("evaluate", "--choose and --threshold exclude each other");
    code = open_all(&e, &s, argv[0], argv[1], &err) ? fail(&err) : compute(&e, &s, &err);
    if (!code) code = audit(&e, &s, &err);
    if (!code) code = weigh(&e, &s, &err);
    if (!code) code = report(&e, &s, argv[0], argv[1], &err);
    if ((!code || code == EXIT_SKIPPED) && s.report) {
        const int written = write_page_of(&e, &s, argv[0], argv[1]);
        if (written) code = written;
    }
    hn_audit_free(e.audit);
    hn_audit_free(e.shared);
    hn_audit_free(e.tuned);
    hn_subgroups_free(e.subgroups);
    hn_eval_free(e.eval);
    hn_predictor_free(e.predictor);
    hn_dataset_free(e.choose_on);
    hn_dataset_free(e.data);
    hn_model_free(e.model);
    hn_cancel_free(e.cancel);
    hn_context_free(e.ctx);
    return code;
}
