/* baselines.c - classifiers that no one would want: one number of each image that has nothing to do with blood. A model that is not clearly
 * ahead of them may have learned nothing else.
 *
 * A number is used by its rank among all images, which needs no label; only whether high or low means positive is learned, on the training part
 * of each fold. So a baseline is judged out of fold as the model is, on the same rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "crossval.h"

enum { AREA, GREY, MID_GREY, MIDDLE, BYTES };
static const char *const names[N_BASELINES] = {"image size", "mean grey", "mid-grey share", "distance from mid-volume", "file size"};

/* A quarter to three quarters of the range, which is soft tissue in a brain window. */
enum { MID_LOW = 64, MID_HIGH = 191 };

/* Grey levels of one image: their mean, and the share of the middle ones. NaN stays where it cannot be read. */
static void look_at(const crossval *c, const char *path, double *area, double *grey, double *mid) {
    hn_image *image = NULL, *u8 = NULL;
    hn_image_info info = {.struct_size = sizeof info};
    size_t n = 0;
    uint8_t *pixels = NULL;
    double sum = 0, middle = 0;
    if (hn_image_load(c->t->ctx, path, NULL, &image, NULL) || hn_image_get_info(image, &info, NULL)) goto done;
    *area = (double)info.width * info.height;
    if (hn_image_convert(image, 1, &u8, NULL) || hn_image_copy_pixels(u8, NULL, 0, &n, NULL)) goto done;
    if (!(pixels = malloc(n)) || hn_image_copy_pixels(u8, pixels, n, NULL, NULL)) goto done;
    for (size_t i = 0; i < n; i++) {
        sum += pixels[i];
        middle += pixels[i] >= MID_LOW && pixels[i] <= MID_HIGH;
    }
    *grey = sum / (double)n;
    *mid = middle / (double)n;
done:
    free(pixels);
    hn_image_free(u8);
    hn_image_free(image);
}

typedef struct place { /* of a slice */
    const char *patient;
    int32_t slice;
    int64_t row;
} place;

static int by_patient(const void *a, const void *b) {
    const place *p = a, *q = b;
    int order = strcmp(p->patient, q->patient);
    return order ? order : (p->slice > q->slice) - (p->slice < q->slice);
}

/* 0 in the middle of the patient's slices, 1 at their ends. True if every row has a patient and a slice. */
static bool find_middles(const crossval *c, double *middle) {
    hn_row row = {.struct_size = sizeof row};
    int64_t n = c->info.n_rows;
    place *places = calloc((size_t)n + 1, sizeof *places);
    bool there = places != NULL;
    for (int64_t i = 0; i < n && there; i++) {
        there = !hn_dataset_get_row(c->t->data, i, &row, NULL) && row.slice >= 0 && *row.group;
        if (there) places[i] = (place){row.group, row.slice, i};
    }
    if (there) qsort(places, (size_t)n, sizeof *places, by_patient);
    for (int64_t from = 0, to; from < n && there; from = to) {
        for (to = from; to < n && !strcmp(places[to].patient, places[from].patient);) to++;
        double low = places[from].slice, half = (places[to - 1].slice - low) / 2;
        for (int64_t i = from; i < to; i++) middle[places[i].row] = half > 0 ? fabs(places[i].slice - low - half) / half : 0;
    }
    free(places);
    return there;
}

/* values [N_BASELINES · n_rows]. */
static int find_values(const crossval *c, double *values, bool there[N_BASELINES]) {
    int64_t n = c->info.n_rows;
    struct timespec begin, now;
    progress_bar bar;
    progress_begin(&bar, "baselines");
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int64_t i = 0; i < n && !hn_cancel_triggered(c->t->cancel); i++) {
        struct stat facts;
        hn_progress progress = {.struct_size = sizeof progress, .batch = i + 1, .batches = n, .images = i + 1, .loss = NAN};
        look_at(c, c->paths[i], &values[AREA * n + i], &values[GREY * n + i], &values[MID_GREY * n + i]);
        if (!stat(c->paths[i], &facts)) values[BYTES * n + i] = (double)facts.st_size;
        clock_gettime(CLOCK_MONOTONIC, &now);
        progress.seconds = (double)(now.tv_sec - begin.tv_sec) + 1e-9 * (double)(now.tv_nsec - begin.tv_nsec);
        progress_show(&bar, &progress);
    }
    progress_end(&bar);
    for (int b = 0; b < N_BASELINES; b++) there[b] = true;
    there[MIDDLE] = find_middles(c, values + MIDDLE * n);
    return hn_cancel_triggered(c->t->cancel) ? EXIT_INTERRUPTED : EXIT_DONE;
}

typedef struct ranked {
    double value;
    int64_t row;
} ranked;

static int by_value(const void *a, const void *b) {
    const ranked *p = a, *q = b;
    return (p->value > q->value) - (p->value < q->value);
}

/* Numbers → their ranks among all, above 0 and below 1, ties in the middle; NaN in the middle of all. */
static bool rank(double *values, int64_t n) {
    ranked *list = calloc((size_t)n + 1, sizeof *list);
    int64_t m = 0;
    for (int64_t i = 0; list && i < n; i++) {
        if (!isnan(values[i])) list[m++] = (ranked){values[i], i};
        values[i] = 0.5;
    }
    if (list) qsort(list, (size_t)m, sizeof *list, by_value);
    for (int64_t from = 0, to; list && from < m; from = to) {
        for (to = from; to < m && list[to].value <= list[from].value;) to++;
        for (int64_t i = from; i < to; i++) values[list[i].row] = (double)(from + to) / (2 * (double)m);
    }
    free(list);
    return list != NULL;
}

static bool is_positive(const crossval *c, int64_t row) {
    return c->info.task == HN_TASK_MULTI ? c->labels[row] >> c->t->positive & 1 : c->classes[row] == c->t->positive;
}

/* Does a high rank mean positive? By the mean ranks of both kinds in the rows outside of a fold: the AUC is above one half exactly if the
 * positives' mean rank among those rows is the higher one, and ranks among all rows are in the same order. */
static bool high_is_positive(const crossval *c, const double *ranks, const int32_t *fold, int32_t without) {
    double sums[2] = {0};
    int64_t counts[2] = {0}, n = c->info.n_rows, m = 0;
    double *some = calloc((size_t)n + 1, sizeof *some);
    bool *kinds = calloc((size_t)n + 1, sizeof *kinds);
    for (int64_t i = 0; some && kinds && i < n; i++)
        if (fold[i] >= 0 && fold[i] != without) kinds[m] = is_positive(c, i), some[m++] = ranks[i];
    if (some && kinds && rank(some, m))
        for (int64_t i = 0; i < m; i++) sums[kinds[i]] += some[i], counts[kinds[i]]++;
    free(some);
    free(kinds);
    return !counts[0] || !counts[1] || sums[1] / (double)counts[1] >= sums[0] / (double)counts[0];
}

/* As probabilities of the model's classes, so that both can be compared. */
static void fill_scores(const crossval *c, const double *ranks, const unseen *u, double *p) {
    int32_t classes = c->info.n_classes, positive = c->t->positive;
    for (int32_t f = 0; f < c->s->folds; f++) {
        bool high = high_is_positive(c, ranks, u->fold, f);
        for (int64_t i = 0; i < c->info.n_rows; i++) {
            if (u->fold[i] != f) continue;
            double score = high ? ranks[i] : 1 - ranks[i];
            for (int32_t k = 0; k < classes; k++) p[i * classes + k] = c->info.task == HN_TASK_MULTI ? 0.5 : (1 - score) / (classes > 1 ? classes - 1 : 1);
            p[i * classes + positive] = score;
        }
    }
}

static hn_status judge(const crossval *c, const unseen *u, const double *p, int level, hn_interval *auc, hn_interval *ahead, hn_error *err) {
    hn_eval *model = NULL, *baseline = NULL;
    hn_metrics m = {.struct_size = sizeof m};
    *auc = *ahead = (hn_interval){.struct_size = sizeof *auc, .estimate = NAN, .low = NAN, .high = NAN, .p = NAN};
    hn_status status = level_eval(c, level, u->fold, u->p, -1, &model, err);
    if (!status) status = level_eval(c, level, u->fold, p, -1, &baseline, err);
    if (!status && model) {
        status = hn_eval_metrics(model, 0, &m, err);
        if (!status) status = hn_eval_auc(baseline, m.positive, 0, auc, err);
        if (!status) status = hn_eval_auc_difference(model, baseline, m.positive, 0, ahead, err);
    }
    hn_eval_free(model);
    hn_eval_free(baseline);
    return status;
}

/* The model's AUC in each fold less the baseline's: gaps [folds] of one repeat. */
static hn_status gaps_of(const crossval *c, const unseen *u, const double *p, int level, const hn_metrics *folds, double *gaps, hn_error *err) {
    hn_status status = HN_OK;
    for (int32_t f = 0; f < c->s->folds && !status && folds; f++) {
        hn_metrics m = {.struct_size = sizeof m};
        hn_eval *eval = NULL;
        status = level_eval(c, level, u->fold, p, f, &eval, err);
        if (!status) status = hn_eval_metrics(eval, 0, &m, err);
        gaps[f] = folds[f].roc_auc - m.roc_auc;
        hn_eval_free(eval);
    }
    return status;
}

typedef struct scratch {
    double *p;    /* [n_rows, n_classes] the baseline's scores */
    double *gaps; /* [N_BASELINE_LEVELS · repeats · folds] */
} scratch;

static hn_status judge_repeats(const crossval *c, const crossval_figures *f, const double *ranks, baseline_figures *b, const scratch *s, hn_error *err) {
    const int32_t repeats = c->s->repeats, folds = c->s->folds;
    hn_status status = HN_OK;
    for (int32_t r = 0; r < repeats && !status; r++) {
        fill_scores(c, ranks, &c->repeats[r], s->p);
        for (int level = 0; level < N_BASELINE_LEVELS && !status; level++) {
            const int32_t at = level * repeats + r;
            const hn_metrics *own = f->levels[level].there ? f->levels[level].folds + r * folds : NULL;
            status = judge(c, &c->repeats[r], s->p, level, &b->auc[at], &b->ahead[at], err);
            if (!status) status = gaps_of(c, &c->repeats[r], s->p, level, own, s->gaps + at * folds, err);
        }
    }
    for (int level = 0; level < N_BASELINE_LEVELS && !status; level++) {
        b->by_fold[level].struct_size = sizeof b->by_fold[level];
        status = hn_eval_mean(s->gaps + level * repeats * folds, (int64_t)repeats * folds, 1.0 / (folds - 1), 0, &b->by_fold[level], err);
    }
    return status;
}

static int judge_all(const crossval *c, const crossval_figures *f, const double *ranks, baseline_figures *b) {
    hn_error err = {0};
    size_t n = (size_t)c->s->repeats * N_BASELINE_LEVELS;
    scratch s = {.p = calloc((size_t)c->info.n_rows * (size_t)c->info.n_classes + 1, sizeof *s.p),
                 .gaps = calloc(n * (size_t)c->s->folds, sizeof *s.gaps)};
    int code = EXIT_DONE;
    b->auc = calloc(n, sizeof *b->auc);
    b->ahead = calloc(n, sizeof *b->ahead);
    if (!s.p || !s.gaps || !b->auc || !b->ahead)
        code = fail_text("out of memory");
    else if (judge_repeats(c, f, ranks, b, &s, &err))
        code = fail(&err);
    free(s.p);
    free(s.gaps);
    return code;
}

int find_baselines(const crossval *c, const crossval_figures *f, baseline_figures list[N_BASELINES]) {
    size_t n = (size_t)c->info.n_rows;
    bool there[N_BASELINES];
    double *values;
    int code = EXIT_DONE;
    for (int b = 0; b < N_BASELINES; b++) list[b].name = names[b];
    if (c->t->positive < 0) return EXIT_DONE;
    if (!(values = malloc((n * N_BASELINES + 1) * sizeof *values))) return fail_text("out of memory");
    for (size_t i = 0; i < n * N_BASELINES; i++) values[i] = NAN;
    code = find_values(c, values, there);
    for (int b = 0; b < N_BASELINES && !code; b++) {
        if (!(list[b].there = there[b])) continue;
        code = rank(values + (size_t)b * n, c->info.n_rows) ? judge_all(c, f, values + (size_t)b * n, &list[b]) : fail_text("out of memory");
    }
    free(values);
    return code;
}

void free_baselines(baseline_figures list[N_BASELINES]) {
    for (int b = 0; b < N_BASELINES; b++) {
        free(list[b].auc);
        free(list[b].ahead);
    }
}

hn_interval over_repeats(const hn_interval *list, int32_t repeats) {
    hn_interval mean = {.struct_size = sizeof mean, .level = list->level, .p = repeats == 1 ? list->p : NAN};
    for (int32_t r = 0; r < repeats; r++) {
        mean.estimate += list[r].estimate / repeats;
        mean.low += list[r].low / repeats;
        mean.high += list[r].high / repeats;
    }
    return mean;
}
