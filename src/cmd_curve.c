/* cmd_curve.c - `haemnet curve`: how accuracy grows with the number of training patients.
 *
 * For each seed a test part is put aside by patient; what is left is trained on whole, then a part of it, then a part of that part: nested, so that
 * a larger size has seen all that a smaller one has. The parts are splits by patient, by class in proportion. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "curve.h"

typedef struct curve_options {
    curve v;
    const char *tta;
} curve_options;

enum { N_OWN = 10, N_OPTIONS = N_OWN + N_TRAINING_OPTIONS };
static void list_options(curve_options *o, option list[N_OPTIONS]) {
    curve *v = &o->v;
    const option own[N_OWN] = {
        {"out", OPTION_TEXT, &v->own.base.out, "RUN", "folder for curve.csv, curve.json, curve.svg and a folder for each seed (needed)"},
        {"seeds", OPTION_INT, &v->seeds, "S", "times that all of it is done, each with a test part of its own (3)"},
        {"steps", OPTION_INT, &v->steps, "N", "sizes, each the same factor smaller than the one before (5)"},
        {"least", OPTION_NUMBER, &v->least, "R", "the smallest size, as a share of the largest (0.1)"},
        {"holdout", OPTION_NUMBER, &v->holdout, "R", "share of DATA to test on, by patient (0.25)"},
        {"target", OPTION_NUMBER, &v->target, "A", "accuracy whose number of patients is asked for (0.95)"},
        {"validate", OPTION_NUMBER, &v->own.validate, "R", "share of each training part to choose the epoch by (0; 0.1 with --stop)"},
        TTA_OPTION(&o->tta),
        SMOOTH_OPTION(&v->own.smooth),
        {"resume", OPTION_FLAG, &v->own.base.resume, NULL, "use finished trainings of the same options and data again, and go on"},
    };
    memcpy(list, own, sizeof own);
    list_training(&v->own.base, list + N_OWN);
}

void describe_curve(FILE *out) {
    curve_options o;
    option list[N_OPTIONS];
    list_options(&o, list);
    print_options(out, list, N_OPTIONS);
    print_recipes(out);
}

static int check(const curve *v) {
    if (!v->own.base.out) return usage_error("curve", "--out RUN is needed: the folder to write to");
    if (v->seeds < 1 || v->seeds > 1000) return usage_error("curve", "--seeds %d: must be 1 to 1000", v->seeds);
    if (v->steps < 2 || v->steps > 100) return usage_error("curve", "--steps %d: must be 2 to 100", v->steps);
    if (!(v->least > 0 && v->least < 1)) return usage_error("curve", "--least %g: must be above 0 and below 1", v->least);
    if (!(v->holdout > 0 && v->holdout < 1)) return usage_error("curve", "--holdout %g: must be above 0 and below 1", v->holdout);
    if (!(v->target > 0 && v->target < 1)) return usage_error("curve", "--target %g: must be above 0 and below 1", v->target);
    if (v->own.validate != -1 && !(v->own.validate >= 0 && v->own.validate < 1))
        return usage_error("curve", "--validate %g: must be at least 0 and below 1", v->own.validate);
    return EXIT_DONE;
}

static hn_status count_patients(hn_dataset *data, int64_t *patients, int64_t *images, hn_error *err) {
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_row row = {.struct_size = sizeof row};
    hn_status status = hn_dataset_get_info(data, &info, err);
    *patients = info.n_groups;
    *images = info.n_rows;
    for (int64_t i = 0; i < info.n_rows && !status; i++) {
        status = hn_dataset_get_row(data, i, &row, err);
        if (!status) *patients += !*row.group;
    }
    return status;
}

static hn_status judge(const curve *v, const unseen *u, curve_point *p, hn_error *err) {
    for (int level = 0; level < 2; level++) {
        hn_metrics m = {.struct_size = sizeof m, .accuracy = NAN, .roc_auc = NAN};
        hn_eval *eval = NULL;
        hn_status status = level_eval(&v->c, level, u->fold, u->p, -1, &eval, err);
        if (!status && eval) status = hn_eval_metrics(eval, 0, &m, err);
        hn_eval_free(eval);
        if (status) return status;
        *(level ? &p->patient_accuracy : &p->accuracy) = m.accuracy;
        *(level ? &p->patient_auc : &p->roc_auc) = m.roc_auc;
    }
    return HN_OK;
}

static int train_size(curve *v, const train_settings *s, int32_t seed, int32_t step, hn_dataset *train, hn_dataset *test) {
    char place[64], label[64], text[AUC_TEXT];
    curve_point p = {.seed = seed + 1, .step = step};
    unseen u = {0};
    hn_error err = {0};
    int code = take_unseen(&v->c, &u) ? EXIT_DONE : fail_text("out of memory");
    snprintf(place, sizeof place, "seed-%d/size-%d", seed + 1, step);
    snprintf(label, sizeof label, "seed %d/%d size %d/%d  ", seed + 1, v->seeds, step, v->steps);
    const one_fold f = {.s = s, .place = place, .label = label, .folds = 1, .train = train, .test = test};
    if (!code && (count_patients(train, &p.patients, &p.images, &err) || count_patients(test, &p.test_patients, &p.test_images, &err))) code = fail(&err);
    if (!code) code = measure_fold(&v->c, &f, &u);
    if (!code && judge(v, &u, &p, &err)) code = fail(&err);
    if (!code) {
        v->points[v->n++] = p;
        if (!quiet) printf("%s%lld patients: accuracy %.4f  AUC %s\n", label, (long long)p.patients, p.accuracy, auc_text(p.roc_auc, text));
        flush_stdout();
    }
    free_unseen(&u);
    return code;
}

/* From the whole pool down; parts of parts. Where a part would be empty, or of one class, there are no more. */
static int run_seed(curve *v, int32_t seed) {
    train_settings s = v->own.base;
    hn_dataset *part = NULL, *test = NULL;
    hn_error err = {0};
    s.seed += (uint64_t)seed;
    hn_split_options split = {.struct_size = sizeof split, .flags = HN_SPLIT_COPIES_TOGETHER, .train_ratio = 1 - v->holdout, .seed = s.seed};
    int code = hn_dataset_split(v->c.t->data, &split, &part, &test, &err) ? fail(&err) : EXIT_DONE;
    split.train_ratio = pow(v->least, 1.0 / (v->steps - 1));
    for (int32_t step = v->steps; step > 0 && !code; step--) {
        hn_dataset *smaller = NULL, *rest = NULL;
        code = train_size(v, &s, seed, step, part, test);
        if (!code && step > 1 && hn_dataset_split(part, &split, &smaller, &rest, &err)) {
            if (err.status != HN_E_DATA) code = fail(&err);
            note("note: seed %d has no smaller size than this: %s", seed + 1, err.message);
            step = 1;
        }
        hn_dataset_free(rest);
        hn_dataset_free(part);
        part = smaller;
    }
    hn_dataset_free(part);
    hn_dataset_free(test);
    return code;
}

static int by_size(const void *a, const void *b) {
    const curve_point *p = a, *q = b;
    return p->seed != q->seed ? p->seed - q->seed : p->step - q->step;
}

static int fit(curve *v) {
    size_t n = (size_t)v->n;
    double *sizes = calloc(n, sizeof *sizes), *accuracies = calloc(n, sizeof *accuracies), *weights = calloc(n, sizeof *weights);
    int32_t *series = calloc(n, sizeof *series);
    hn_error err = {0};
    int code = EXIT_DONE;
    v->fits = malloc(2 * N_FITS * sizeof *v->fits);
    if (sizes && accuracies && weights && series && v->fits) {
        for (int32_t i = 0; i < v->n; i++) {
            sizes[i] = (double)v->points[i].patients;
            accuracies[i] = v->points[i].accuracy;
            weights[i] = (double)v->points[i].test_images;
            series[i] = v->points[i].seed;
        }
        const hn_learning_points points = {.struct_size = sizeof points, .n = v->n, .sizes = sizes, .accuracies = accuracies, .weights = weights,
                                           .series = series};
        const hn_power_law_options options = {.struct_size = sizeof options, .target = v->target, .resamples = N_FITS, .seed = v->own.base.seed,
                                              .cancel = v->c.t->cancel};
        v->law.struct_size = sizeof v->law;
        hn_status status = hn_eval_power_law(v->c.t->ctx, &points, &options, &v->law, v->fits, 2 * N_FITS, &err);
        v->fitted = !status;
        if (status == HN_E_DATA || status == HN_E_ARGUMENT) /* one size, or nothing but right answers: the points are worth having */
            note("note: no curve is fitted: %s", err.message);
        else if (status)
            code = fail(&err);
    } else {
        code = fail_text("out of memory");
    }
    free(sizes), free(accuracies), free(weights), free(series);
    return code;
}

static int run(curve *v, training_data *t) {
    hn_error err = {0};
    int lock = -1;
    v->c = (crossval){.s = &v->own, .t = t, .info.struct_size = sizeof v->c.info};
    int code = hn_dataset_get_info(t->data, &v->c.info, &err) ? fail(&err) : lock_folder(v->own.base.out, &lock);
    v->points = calloc((size_t)v->seeds * (size_t)v->steps, sizeof *v->points);
    if (!code && !(v->points && take_rows(&v->c))) code = fail_text("out of memory");
    for (int32_t seed = 0; seed < v->seeds && !code; seed++) code = run_seed(v, seed);
    if (!code) {
        qsort(v->points, (size_t)v->n, sizeof *v->points, by_size);
        code = fit(v);
    }
    if (!code) code = write_curve(v);
    if (!code) code = publish_new_outputs(v->own.base.out, v->own.base.resume);
    if (!code) print_curve(v);
    if (code && lock >= 0) discard_new_outputs(v->own.base.out);
    free_rows(&v->c);
    free(v->points);
    free(v->fits);
    if (lock >= 0) close(lock);
    return code;
}

int cmd_curve(int argc, char **argv) {
    curve_options o = {.v = {.own = {.base = default_training(), .validate = -1}, .seeds = 3, .steps = 5, .least = 0.1, .holdout = 0.25, .target = 0.95}};
    option list[N_OPTIONS];
    training_data t;
    training_command = "curve";
    list_options(&o, list);
    int words = parse_with_recipe("curve", list, N_OPTIONS, argc, argv, &o.v.own.base.recipe);
    if (words < 0) return EXIT_USAGE;
    if (words != 1) return usage_error("curve", "takes one folder or manifest, not %d words", words);
    o.v.own.base.data = argv[0];
    int code = check(&o.v);
    if (!code) code = read_tta("curve", o.tta, &o.v.own.tta);
    if (!code) code = read_smooth("curve", o.v.own.smooth);
    if (!code) code = check_training(&o.v.own.base);
    if (!code) {
        quiet = o.v.own.base.quiet;
        code = open_training(&o.v.own.base, &t);
        if (!code) code = run(&o.v, &t);
        code = close_training(&t, code);
    }
    free_craft(&o.v.own.base.craft);
    return code;
}
