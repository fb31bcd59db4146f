/* cmd_predict.c - `haemnet predict`: files, one after the other → one line each, in their order. A file that cannot be read has its line too
 * and never stops the others. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

typedef struct predict_settings {
    const char *device, *tta;
    double threshold;
    int32_t json, series, threads, views; /* views: HN_TTA_… */
} predict_settings;

typedef struct prediction_run {
    hn_context *ctx;
    hn_cancel *cancel;
    hn_model *model;
    hn_predictor *predictor;
    hn_model_info info;
    double threshold;
    int32_t views;
    const char *calibration; /* its method; NULL = none */
    float *probabilities; /* [n_classes] */
    bool json;
} prediction_run;

enum { N_OPTIONS = 6 };
static void list_options(predict_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"json", OPTION_FLAG, &s->json, NULL,
         "one JSON object a line: file class probability probabilities threshold novelty unfamiliar error [labels] [tta] [calibration]"},
        {"series", OPTION_FLAG, &s->series, NULL, "the files are slices of one patient, lowest first: each is seen beside its neighbours"},
        {"threshold", OPTION_NUMBER, &s->threshold, "T", "probability from which the positive class, or a label, is said (the model's)"},
        TTA_OPTION(&s->tta),
        {"device", OPTION_TEXT, &s->device, "SPEC", "see haemnet devices (best)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to compute with (one per core)"},
    };
    memcpy(list, options, sizeof options);
}

void describe_predict(FILE *out) {
    predict_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

static hn_status open_all(prediction_run *r, const predict_settings *s, const char *model, hn_error *err) {
    hn_predictor_options options = {.struct_size = sizeof options, .max_batch = 1, .device = s->device, .threshold = s->threshold, .tta = s->views};
    hn_calibration c = {.struct_size = sizeof c};
    r->views = s->views;
    r->info.struct_size = sizeof r->info;
    hn_status status = open_context(s->threads, &r->ctx, err);
    if (!status) status = catch_interrupt(r->ctx, &r->cancel, err);
    if (!status) status = hn_model_load(r->ctx, model, &r->model, err);
    if (!status) status = hn_model_get_info(r->model, &r->info, err);
    if (!status) status = hn_model_get_calibration(r->model, &c, err);
    r->calibration = hn_calibration_method_name(c.method);
    if (!status) status = hn_predictor_create(r->model, &options, &r->predictor, err);
    r->threshold = s->threshold != 0 ? s->threshold : r->info.threshold;
    return status ? status : note_if_look_unknown(r->model, err);
}

static hn_status predict(prediction_run *r, const char *path, hn_prediction *p, hn_error *err) {
    hn_image *image = NULL;
    hn_error of_image = {0};
    *p = (hn_prediction){.struct_size = sizeof *p, .probabilities = r->probabilities, .capacity = r->info.n_classes};
    hn_status status = hn_image_load(r->ctx, path, NULL, &image, err);
    if (!status && (status = hn_predict(r->predictor, image, p, &of_image))) {
        *err = of_image;
        name_file(path, of_image.message, err);
    }
    hn_image_free(image);
    return status;
}

/* The labels that reach the threshold, most often none or one; p NULL: the file could not be read. */
static void print_json_labels(const prediction_run *r, const hn_prediction *p) {
    int said = 0;
    printf(p ? ", \"labels\": [" : ", \"labels\": null");
    for (int32_t k = 0; p && k < r->info.n_classes; k++) {
        if (!(p->labels >> k & 1)) continue;
        if (said++) printf(", ");
        json_string(stdout, hn_model_class_name(r->model, k));
    }
    if (p) printf("]");
}

static void print_json(const prediction_run *r, const char *path, const hn_prediction *p, const char *error) {
    printf("{\"file\": ");
    json_string(stdout, path);
    printf(", \"class\": ");
    if (error)
        printf("null, \"probability\": null, \"probabilities\": null");
    else {
        if (r->info.task == HN_TASK_MULTI && !p->labels)
            printf("null");
        else
            json_string(stdout, hn_model_class_name(r->model, p->class_index));
        printf(", \"probability\": ");
        json_number(stdout, p->probability);
        for (int32_t k = 0; k < r->info.n_classes; k++) {
            printf(k ? ", " : ", \"probabilities\": {");
            json_string(stdout, hn_model_class_name(r->model, k));
            printf(": ");
            json_number(stdout, (double)r->probabilities[k]);
        }
        printf("}");
    }
    if (r->info.task == HN_TASK_MULTI) print_json_labels(r, error ? NULL : p);
    printf(", \"threshold\": ");
    json_number(stdout, r->threshold);
    json_novelty(stdout, error ? NAN : p->novelty, p->flags & HN_PREDICTION_UNFAMILIAR);
    printf(", \"error\": ");
    if (error)
        json_string(stdout, error);
    else
        printf("null");
    if (r->views) printf(", \"tta\": \"%s\"", tta_name(r->views));
    if (r->calibration) printf(", \"calibration\": \"%s\"", r->calibration);
    printf("}\n");
}

static void print_labels(const prediction_run *r, const hn_prediction *p) {
    int said = 0;
    for (int32_t k = 0; k < r->info.n_classes; k++)
        if (p->labels >> k & 1)
            printf("%s%s (probability %.3f)", said++ ? ", " : "", hn_model_class_name(r->model, k), (double)r->probabilities[k]);
    if (!said) printf("none (most likely: %s, probability %.3f)", hn_model_class_name(r->model, p->class_index), p->probability);
}

/* An image that is not like the training images has that said first: who reads on for the class has been told. */
static void print_line(const prediction_run *r, const char *path, const hn_prediction *p) {
    const bool strange = p->flags & HN_PREDICTION_UNFAMILIAR;
    char text[UNFAMILIAR_TEXT];
    printf("%s: ", path);
    if (strange) printf("%s [", unfamiliar_text(p->novelty, text));
    if (r->info.task == HN_TASK_MULTI)
        print_labels(r, p);
    else
        printf("%s (probability %.3f)", hn_model_class_name(r->model, p->class_index), p->probability);
    printf(strange ? "]\n" : "\n");
}

/* One line; the exit code of a failure that ends the command, or 0. */
static int print_result(const prediction_run *r, const char *path, const hn_prediction *p, const hn_error *failed) {
    if (failed && failed->status == HN_E_BACKEND) return fail(failed);
    if (!failed && p->flags & HN_PREDICTION_NO_HEAD) note("note: no head was found in %s: all of the image is looked at", path);
    if (!failed && p->flags & HN_PREDICTION_NO_SKULL) note("note: no closed skull was found in %s: it is looked at as it is", path);
    if (r->json)
        print_json(r, path, p, failed ? failed->message : NULL);
    else if (failed)
        fail_text("skipped: %s", failed->message);
    else
        print_line(r, path, p);
    return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
}

static int code_of(int bad, int n) { return !bad ? EXIT_DONE : bad == n ? EXIT_FAILED : EXIT_SKIPPED; }

static int predict_all(prediction_run *r, int n, char **files) {
    int bad = 0;
    for (int i = 0; i < n; i++) {
        hn_error err = {0};
        hn_prediction p;
        if (hn_cancel_triggered(r->cancel)) return EXIT_INTERRUPTED;
        bool failed = predict(r, files[i], &p, &err) != HN_OK;
        int code = print_result(r, files[i], &p, failed ? &err : NULL);
        if (code) return code;
        bad += failed;
    }
    return code_of(bad, n);
}

static int print_series(prediction_run *r, int n, char **files, const hn_error *errors, hn_prediction *p) {
    int bad = 0;
    for (int i = 0; i < n; i++) {
        hn_error err = errors[i];
        if (!err.status && p[i].status) {
            no_verdict(files[i], p[i].status, &err);
        }
        if (p[i].probabilities) memcpy(r->probabilities, p[i].probabilities, (size_t)r->info.n_classes * sizeof *r->probabilities);
        int code = print_result(r, files[i], &p[i], err.status ? &err : NULL);
        if (code) return code;
        bad += err.status != HN_OK;
    }
    return code_of(bad, n);
}

/* All images are in memory at once: a slice's neighbours are wanted beside it. */
static int predict_series(prediction_run *r, int n, char **files) {
    hn_image **images = calloc((size_t)n, sizeof *images);
    hn_error *errors = calloc((size_t)n, sizeof *errors);
    hn_prediction *p = calloc((size_t)n, sizeof *p);
    float *probabilities = calloc((size_t)n * (size_t)r->info.n_classes, sizeof *probabilities);
    hn_error err = {0};
    int code = images && errors && p && probabilities ? EXIT_DONE : fail_text("out of memory");
    for (int i = 0; i < n && !code; i++) {
        p[i] = (hn_prediction){.struct_size = sizeof *p, .capacity = r->info.n_classes};
        p[i].probabilities = probabilities + (size_t)i * (size_t)r->info.n_classes;
        if (hn_cancel_triggered(r->cancel)) code = EXIT_INTERRUPTED;
        hn_image_load(r->ctx, files[i], NULL, &images[i], &errors[i]);
    }
    if (!code && hn_predict_series(r->predictor, (const hn_image *const *)images, (size_t)n, p, &err)) code = fail(&err);
    if (!code) code = print_series(r, n, files, errors, p);
    for (int i = 0; images && i < n; i++) hn_image_free(images[i]);
    free(images), free(errors), free(p), free(probabilities);
    return code;
}

int cmd_predict(int argc, char **argv) {
    predict_settings s = {.threshold = NAN};
    option list[N_OPTIONS];
    prediction_run r = {0};
    hn_error err = {0};
    int code;
    list_options(&s, list);
    int words = parse_options("predict", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    if (words < 2) return usage_error("predict", "takes a model file and at least one image");
    if (!threshold_fits(s.threshold)) return usage_error("predict", "--threshold %g: must lie between 0 and 1", s.threshold);
    if (isnan(s.threshold)) s.threshold = 0; /* the model's */
    if (s.threads < 0) return usage_error("predict", "--threads %d: must be 1 or more", s.threads);
    if ((code = read_tta("predict", s.tta, &s.views))) return code;
    if ((code = check_words("predict", NULL, s.device, NULL))) return code;
    r.json = s.json;
    if (open_all(&r, &s, argv[0], &err))
        code = fail(&err);
    else if (!(r.probabilities = calloc((size_t)r.info.n_classes, sizeof *r.probabilities)))
        code = fail_text("out of memory");
    else
        code = s.series ? predict_series(&r, words - 1, argv + 1) : predict_all(&r, words - 1, argv + 1);
    free(r.probabilities);
    hn_predictor_free(r.predictor);
    hn_model_free(r.model);
    hn_cancel_free(r.cancel);
    hn_context_free(r.ctx);
    return code;
}
