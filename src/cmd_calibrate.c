/* cmd_calibrate.c - `haemnet calibrate`: fits a model's probabilities to what happens in data of their own, chooses a threshold there, and writes the
 * model that knows both. The figures that it prints are of the rows that it was fitted on, and say so. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judgement.h"

typedef struct calibrate_settings {
    const char *out, *method_text, *choose, *json, *device;
    data_choice choice;
    int32_t batch, threads, quiet, method, rule; /* HN_CALIBRATION_… or 0, HN_CHOOSE_… */
    double rule_value;
} calibrate_settings;

typedef struct calibrating { /* what is open during the command */
    hn_context *ctx;
    hn_cancel *cancel;
    hn_model *model, *made; /* made: with what was found out so far */
    hn_dataset *data;
    hn_predictor *predictor;
    hn_eval *raw, *eval; /* as the network says; as the new model will */
    hn_calibration c;
    hn_threshold t;
    double *scale, *shift;
    hn_dataset_info info;
} calibrating;

enum { N_OPTIONS = 11 };
static void list_options(calibrate_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"out", OPTION_TEXT, &s->out, "FILE", "the model file to write"},
        {"method", OPTION_TEXT, &s->method_text, "METHOD", "temperature, platt (two classes, or labels), none (temperature)"},
        {"choose", OPTION_TEXT, &s->choose, "RULE", "also a threshold, by rule: " CHOOSE_RULES},
        {"json", OPTION_TEXT, &s->json, "FILE|-", "also write what was found as JSON; - prints nothing else on stdout"},
        {"label-column", OPTION_TEXT, &s->choice.label_columns, "A[,B...]", "manifest column of the label, or of several 0/1 labels (label)"},
        {"group", OPTION_TEXT, &s->choice.group, "REGEX|none", "patient by file name: first sub-match; none = there are no groups"},
        {"strict", OPTION_FLAG, &s->choice.strict, NULL, "stop at the first bad file instead of skipping it"},
        {"batch", OPTION_INT, &s->batch, "N", "images computed at once (32)"},
        {"device", OPTION_TEXT, &s->device, "SPEC", "see haemnet devices (best)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to compute with (one per core)"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no progress, no notes"},
    };
    memcpy(list, options, sizeof options);
}

void describe_calibrate(FILE *out) {
    calibrate_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

static hn_status open_all(calibrating *w, const calibrate_settings *s, const char *model, const char *data, hn_error *err) {
    hn_predictor_options options = {.struct_size = sizeof options, .max_batch = s->batch, .device = s->device};
    hn_status status = open_context(s->threads, &w->ctx, err);
    if (!status) status = catch_interrupt(w->ctx, &w->cancel, err);
    if (!status) status = hn_model_load(w->ctx, model, &w->model, err);
    if (!status) status = open_data_for(w->model, w->ctx, data, &s->choice, &w->data, err);
    w->info.struct_size = sizeof w->info;
    if (!status) status = hn_dataset_get_info(w->data, &w->info, err);
    return status ? status : hn_predictor_create(w->model, &options, &w->predictor, err);
}

static hn_status evaluate(calibrating *w, hn_error *err) {
    progress_bar bar;
    const hn_eval_options options = {.struct_size = sizeof options, .cancel = w->cancel, .progress = progress_show, .progress_user = &bar};
    progress_begin(&bar, "calibrate");
    const hn_status status = hn_evaluate(w->predictor, w->data, &options, &w->raw, err);
    progress_end(&bar);
    return status;
}

/* --method none keeps the calibration that the model has. */
static hn_status fit(calibrating *w, const calibrate_settings *s, hn_error *err) {
    hn_model_info info = {.struct_size = sizeof info};
    hn_status status = hn_model_get_info(w->model, &info, err);
    if (status) return status;
    w->scale = calloc((size_t)info.n_classes, sizeof *w->scale);
    w->shift = calloc((size_t)info.n_classes, sizeof *w->shift);
    if (!w->scale || !w->shift) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    w->c = (hn_calibration){.struct_size = sizeof w->c, .scale = w->scale, .shift = w->shift, .capacity = info.n_classes};
    if (!s->method) return hn_model_get_calibration(w->model, &w->c, err);
    status = hn_eval_calibrate(w->raw, s->method, &w->c, err);
    if (!status) status = hn_eval_calibrated(w->raw, &w->c, &w->eval, err);
    return status ? status : hn_model_with_calibration(w->model, &w->c, &w->made, err);
}

static hn_status choose(calibrating *w, const calibrate_settings *s, hn_error *err) {
    hn_model *chosen = NULL;
    w->t.struct_size = sizeof w->t;
    if (!s->rule) return hn_model_get_threshold(w->made ? w->made : w->model, &w->t, err);
    hn_status status = hn_eval_threshold(w->eval ? w->eval : w->raw, 0, s->rule, s->rule_value, &w->t, err);
    if (!status) status = hn_model_with_threshold(w->made ? w->made : w->model, &w->t, &chosen, err);
    if (status) return status;
    hn_model_free(w->made);
    w->made = chosen;
    return HN_OK;
}

/* So that evaluate can tell data that share images or patients with these. */
static hn_status keep_traces(calibrating *w, hn_error *err) {
    hn_model *kept = NULL;
    const hn_status status = hn_model_with_tuning_set(w->made, w->data, &kept, err);
    if (status == HN_E_DATA) {
        note("note: calibration and threshold are of different data: the model keeps no traces of either");
        return HN_OK;
    }
    if (status) return status;
    hn_model_free(w->made);
    w->made = kept;
    return HN_OK;
}

/* --- what was found ---------------------------------------------------------------------------------------------------------- */

static void print_scales(const calibrating *w) {
    for (int32_t k = 0; k < w->c.n_classes; k++) {
        const bool fitted = !(w->c.unfitted >> (k < 64 ? k : 63) & 1) || k >= 64;
        printf("  %-22.60s scale %.6g (temperature %.6g), shift %.6g%s\n", hn_model_class_name(w->model, k), w->scale[k], 1 / w->scale[k], w->shift[k],
               fitted ? "" : ": left as it is, these images say nothing about it");
    }
}

static void print_change(const calibrating *w) {
    hn_metrics before = {.struct_size = sizeof before}, after = before;
    hn_reliability r[2] = {{.struct_size = sizeof r[0]}, {.struct_size = sizeof r[0]}};
    printf("\non the images that it was fitted on (too good; look at others with haemnet evaluate)   before    after\n");
    if (!hn_eval_metrics(w->raw, 0, &before, NULL) && !hn_eval_metrics(w->eval, 0, &after, NULL)) {
        printf("  %-84s %.4f   %.4f\n", "log loss", before.log_loss, after.log_loss);
        if (!isnan(before.brier)) printf("  %-84s %.4f   %.4f\n", "Brier score", before.brier, after.brier);
    }
    if (!hn_eval_reliability(w->raw, NULL, &r[0], NULL, 0, NULL, NULL) && !hn_eval_reliability(w->eval, NULL, &r[1], NULL, 0, NULL, NULL))
        printf("  %-84s %.4f   %.4f\n", "expected calibration error, ten bins of equal width", r[0].ece, r[1].ece);
}

static void print_found(const calibrating *w, const calibrate_settings *s) {
    char text[CHOICE_TEXT];
    if (s->method) {
        printf("calibrated by ");
        print_calibration(stdout, &w->c);
        print_scales(w);
        print_change(w);
    }
    if (w->t.rule)
        printf("\nthreshold %.6g: %s; there sensitivity %.4f, specificity %.4f\n", w->t.threshold,
               choice_text(&w->t, hn_model_class_name(w->model, w->t.index), text), w->t.sensitivity, w->t.specificity);
    else
        printf("\nthreshold %.6g, not chosen by a rule: --choose chooses one\n", w->t.threshold);
}

static void write_json(const calibrating *w, FILE *out, const char *part, const char *model, const char *data, const char *made) {
    fprintf(out, "{\"calibration\": ");
    write_calibration_json(out, &w->c, same_digest(w->c.digest, w->info.digest));
    fprintf(out, ", \"threshold\": ");
    json_number(out, w->t.threshold);
    fprintf(out, ", \"threshold_choice\": ");
    write_choice_json(out, &w->t, hn_model_class_name(w->model, w->t.index), same_digest(w->t.digest, w->info.digest));
    fprintf(out, ", \"part_of_training\": ");
    if (part) json_string(out, part);
    else fprintf(out, "null");
    fprintf(out, ", \"model\": ");
    json_string(out, model);
    fprintf(out, ", \"data\": ");
    json_string(out, data);
    fprintf(out, ", \"out\": ");
    json_string(out, made);
    fprintf(out, ", \"haemnet\": ");
    json_string(out, hn_version_string());
    fprintf(out, "}\n");
}

/* Images or patients that the training has seen too, by the traces that the model keeps; 0 also where it keeps none. */
static int64_t seen_in_training(const calibrating *w) {
    const hn_audit_options options = {.struct_size = sizeof options, .flags = HN_AUDIT_NO_SHORTCUTS, .cancel = w->cancel};
    hn_audit *audit = NULL;
    const int64_t found = hn_model_audit(w->model, w->data, &options, &audit, NULL) ? 0 : leaks_of(audit);
    hn_audit_free(audit);
    return found;
}

/* The network has learnt these images by heart, or been chosen by them; loudly, whatever --quiet says. */
static void warn_part(const char *part, int64_t seen) {
    if ((part && !strcmp(part, "train")) || (!part && seen))
        fprintf(stderr, "haemnet: WARNING: the model was trained on these images, or on some of them or their patients: it is far too sure of them, and "
                        "neither calibration nor threshold will hold for others. Use images that the training has not seen.\n");
    else if (part)
        fprintf(stderr, "haemnet: WARNING: these images chose the epoch of the training: calibration and threshold are too good. Better use others.\n");
}

static int finish(calibrating *w, const calibrate_settings *s, char **argv, hn_error *err) {
    const bool alone = s->json && !strcmp(s->json, "-");
    const char *part = part_of_training(w->model, w->info.digest);
    if (hn_model_save(w->made, s->out, err)) return fail(err);
    if (!alone) print_found(w, s);
    if (alone) write_json(w, stdout, part, argv[0], argv[1], s->out);
    if (s->json && !alone) {
        FILE *out = open_output(s->json);
        if (!out) return EXIT_FAILED;
        write_json(w, out, part, argv[0], argv[1], s->out);
        if (!close_output(out, s->json)) return EXIT_FAILED;
    }
    warn_part(part, part ? 0 : seen_in_training(w));
    return report_skipped(w->data) ? EXIT_SKIPPED : EXIT_DONE;
}

static int read_method(calibrate_settings *s) {
    s->method = HN_CALIBRATION_TEMPERATURE;
    if (!s->method_text) return EXIT_DONE;
    if (!strcmp(s->method_text, "none")) s->method = 0;
    else if (!strcmp(s->method_text, "platt")) s->method = HN_CALIBRATION_PLATT;
    else if (strcmp(s->method_text, "temperature"))
        return usage_error("calibrate", "--method %s: must be temperature, platt or none", s->method_text);
    return EXIT_DONE;
}

static int check(calibrate_settings *s, int words) {
    if (words != 2) return usage_error("calibrate", "takes a model file and data, not %d words", words);
    if (!s->out) return usage_error("calibrate", "--out FILE is needed");
    if (s->batch < 0 || s->batch > 4096) return usage_error("calibrate", "--batch %d: must be 1 to 4096", s->batch);
    if (s->threads < 0) return usage_error("calibrate", "--threads %d: must be 1 or more", s->threads);
    int code = check_words("calibrate", NULL, s->device, s->choice.group);
    if (!code) code = read_method(s);
    if (!code) code = read_choice("calibrate", s->choose, &s->rule, &s->rule_value);
    if (!code && !s->method && !s->rule) code = usage_error("calibrate", "--method none leaves nothing to do without --choose RULE");
    return code;
}

int cmd_calibrate(int argc, char **argv) {
    calibrate_settings s = {.choice.cache_mb = -1};
    option list[N_OPTIONS];
    calibrating w = {0};
    hn_error err = {0};
    list_options(&s, list);
    const int words = parse_options("calibrate", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    int code = check(&s, words);
    if (code) return code;
    quiet = s.quiet;
    hn_status status = open_all(&w, &s, argv[0], argv[1], &err);
    if (!status) status = evaluate(&w, &err);
    if (!status) status = fit(&w, &s, &err);
    if (!status) status = choose(&w, &s, &err);
    if (!status) status = keep_traces(&w, &err);
    code = status ? fail(&err) : finish(&w, &s, argv, &err);
    hn_eval_free(w.eval);
    hn_eval_free(w.raw);
    hn_predictor_free(w.predictor);
    hn_dataset_free(w.data);
    hn_model_free(w.made);
    hn_model_free(w.model);
    free(w.scale);
    free(w.shift);
    hn_cancel_free(w.cancel);
    hn_context_free(w.ctx);
    return code;
}
