/* evidence.c - the figures of a model with their intervals, of images and of patients.
 *
 * Which interval: of an AUC DeLong's; of a share Wilson's, where patients have several images with as many rows as the patients are worth; else the
 * BCa bootstrap, which draws patients. Each figure says what it got. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

static const struct {
    const char *name, *title;
    int32_t rule; /* 0 = images */
} levels[N_EVIDENCE_LEVELS] = {{"image", "images", 0},
                               {"patient_max", "patients, by their most suspicious image", HN_RULE_MAX},
                               {"patient_mean", "patients, by the mean of their images", HN_RULE_MEAN}};

const char *class_of(const evidence *e, int32_t k) { return hn_eval_class_name(e->source->eval, k); }

bool row_has(const evidence *e, const hn_eval_sample *row, int32_t class_index) {
    return e->multi ? row->labels >> class_index & 1 : row->label == class_index;
}

/* --- which rows a figure is of ---------------------------------------------------------------------------------------------------- */
enum { OF_ALL, OF_POSITIVE, OF_NEGATIVE, OF_CALLED, OF_LET_GO, OF_NONE };

static int rows_of(const char *figure, bool multi) {
    static const struct {
        const char *name;
        int rows;
    } list[] = {{"sensitivity", OF_POSITIVE}, {"specificity", OF_NEGATIVE}, {"ppv", OF_CALLED}, {"npv", OF_LET_GO}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (!strcmp(figure, list[i].name)) return list[i].rows;
    return !strcmp(figure, "exact_match") || (!multi && !strcmp(figure, "accuracy")) ? OF_ALL : OF_NONE;
}

typedef struct level_rows {
    int64_t n;
    const char **groups; /* [n] */
    bool *truth, *called, *silent; /* [n] of the positive class */
} level_rows;

static void free_rows_of(level_rows *r) {
    free(r->groups);
    free(r->truth);
    free(r->called);
    free(r->silent);
}

static hn_status read_rows(const evidence *e, const hn_eval *eval, const hn_metrics *m, level_rows *r, hn_error *err) {
    const size_t n = (size_t)hn_eval_count(eval);
    hn_status status = HN_OK;
    *r = (level_rows){(int64_t)n, calloc(n + 1, sizeof *r->groups), calloc(n + 1, 1), calloc(n + 1, 1), calloc(n + 1, 1)};
    if (!r->groups || !r->truth || !r->called || !r->silent) return HN_E_MEMORY;
    for (size_t i = 0; i < n && !status; i++) {
        hn_eval_sample row = {.struct_size = sizeof row};
        if ((status = hn_eval_row(eval, (int64_t)i, &row, err))) break;
        r->groups[i] = row.group;
        r->silent[i] = row.predicted < 0;
        if (m->positive < 0 || r->silent[i]) continue;
        r->called[i] = e->multi ? row.probabilities[m->positive] >= m->threshold : row.predicted == m->positive;
    }
    for (size_t i = 0; i < n && !status && m->positive >= 0; i++) {
        hn_eval_sample row = {.struct_size = sizeof row};
        status = hn_eval_row(eval, (int64_t)i, &row, err);
        r->truth[i] = row_has(e, &row, m->positive);
    }
    return status;
}

static bool counts_in(const level_rows *r, int64_t i, int rows) {
    return rows == OF_POSITIVE   ? r->truth[i]
           : rows == OF_NEGATIVE ? !r->truth[i]
           : rows == OF_CALLED   ? r->called[i]
           : rows == OF_LET_GO   ? !r->called[i] && !r->silent[i]
                                 : true;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Rows, and patients among them; a row without a patient is its own. False without memory. */
static bool count_units(const level_rows *r, int rows, int64_t *n, int64_t *units) {
    const char **list = malloc(((size_t)r->n + 1) * sizeof *list);
    int64_t known = 0;
    *n = *units = 0;
    for (int64_t i = 0; list && i < r->n; i++) {
        if (!counts_in(r, i, rows)) continue;
        ++*n;
        if (*r->groups[i])
            list[known++] = r->groups[i];
        else
            ++*units;
    }
    if (list) qsort(list, (size_t)known, sizeof *list, by_text);
    for (int64_t i = 0; list && i < known; i++) *units += i == 0 || strcmp(list[i], list[i - 1]);
    free(list);
    return list != NULL;
}

/* --- intervals -------------------------------------------------------------------------------------------------------------------- */
static const struct {
    const char *figure;
    int32_t rate;
} rates[] = {{"accuracy", HN_RATE_ACCURACY},
             {"exact_match", HN_RATE_ACCURACY},
             {"sensitivity", HN_RATE_SENSITIVITY},
             {"specificity", HN_RATE_SPECIFICITY},
             {"ppv", HN_RATE_PPV},
             {"npv", HN_RATE_NPV}};

/* Several labels: accuracy counts labels, which is no share of rows, and exact match is none of the library's rates. */
static hn_status fill_rate(const evidence *e, const evidence_level *l, int i, evidence_figure *f, hn_error *err) {
    hn_interval rate = {.struct_size = sizeof rate};
    hn_status status = HN_OK;
    f->hits = llround(f->estimate * (double)f->n);
    if (e->multi && !strcmp(figures[i].name, "exact_match")) return HN_OK;
    for (size_t k = 0; k < sizeof rates / sizeof *rates && !status; k++)
        if (!strcmp(figures[i].name, rates[k].figure)) status = hn_eval_rate(l->eval, rates[k].rate, 0, 0, &rate, err);
    f->low = rate.low, f->high = rate.high;
    f->method = rate.method == HN_INTERVAL_WILSON_GROUPS ? "Wilson by patient" : "Wilson";
    return status;
}

static hn_status fill_auc(const evidence_level *l, evidence_figure *f, hn_error *err) {
    hn_interval auc = {.struct_size = sizeof auc};
    hn_status status = hn_eval_auc(l->eval, l->m.positive, 0, &auc, err);
    if (status) return status;
    f->low = auc.low, f->high = auc.high;
    f->method = isnan(auc.low)                       ? NULL
                : auc.method == HN_INTERVAL_NEWCOMBE ? "Newcombe"
                : auc.groups < auc.n                 ? "DeLong by patient"
                                                     : "DeLong";
    return HN_OK;
}

static hn_status fill_figure(const evidence *e, const evidence_level *l, const level_rows *r, const hn_metrics *low, const hn_metrics *high, int i,
                             evidence_figure *f, hn_error *err) {
    const bool clustered = l->units < l->m.n;
    const int rows = rows_of(figures[i].name, e->multi);
    *f = (evidence_figure){.estimate = figure_of(&l->m, i), .low = figure_of(low, i), .high = figure_of(high, i), .hits = -1};
    if (!count_units(r, rows, &f->n, &f->units)) return HN_E_MEMORY; /* OF_NONE: of all rows, but no share of them */
    f->method = clustered ? "BCa bootstrap by patient" : "BCa bootstrap";
    hn_status status = HN_OK;
    if (!isnan(f->estimate) && rows != OF_NONE) status = fill_rate(e, l, i, f, err);
    if (!isnan(f->estimate) && !strcmp(figures[i].name, "roc_auc")) status = fill_auc(l, f, err);
    if (isnan(f->estimate) || !(f->low < f->high)) f->low = f->high = NAN, f->method = NULL;
    return status;
}

static hn_status fill_level(const evidence *e, evidence_level *l, hn_error *err) {
    hn_metrics low = {.struct_size = sizeof low}, high = low;
    hn_bootstrap_options options = {.struct_size = sizeof options, .cancel = e->source->cancel};
    level_rows rows = {0};
    int64_t n;
    l->m.struct_size = sizeof l->m;
    hn_status status = hn_eval_metrics(l->eval, 0, &l->m, err);
    if (!status) status = hn_eval_bootstrap(l->eval, 0, &options, &low, &high, err);
    if (!status) status = read_rows(e, l->eval, &l->m, &rows, err);
    if (!status && !count_units(&rows, OF_ALL, &n, &l->units)) status = HN_E_MEMORY;
    for (int i = 0; i < N_FIGURES && !status; i++) status = fill_figure(e, l, &rows, &low, &high, i, &l->figures[i], err);
    free_rows_of(&rows);
    return status;
}

/* Patients can be asked of if some have several images, and if it is known what to ask. */
static hn_status find_level(evidence *e, int number, hn_error *err) {
    evidence_level *l = &e->levels[number];
    const evidence_level *images = &e->levels[0];
    hn_status status = HN_OK;
    l->name = levels[number].name;
    l->title = levels[number].title;
    l->rule = levels[number].rule ? hn_eval_rule_name(levels[number].rule) : NULL;
    l->there = !number || (images->units < images->m.n && (e->multi || images->m.positive >= 0));
    if (!l->there) return HN_OK;
    if (!number)
        l->eval = e->source->eval;
    else
        status = hn_eval_by_group(e->source->eval, levels[number].rule, 0, &l->eval, err);
    if (!status) status = fill_level(e, l, err);
    const uint32_t one_kind = HN_UNDEFINED_NO_POSITIVES | HN_UNDEFINED_NO_NEGATIVES;
    if (number && l->m.positive >= 0 && l->m.undefined & one_kind) l->there = false; /* patients of one kind: no more than a rate of alarms */
    return status;
}

/* --- tables ----------------------------------------------------------------------------------------------------------------------- */
static hn_status find_confusion(evidence *e, hn_error *err) {
    size_t need = 0;
    hn_status status = hn_eval_confusion(e->source->eval, 0, NULL, 0, &need, err);
    if (status) return status;
    e->confusion = calloc(need + 1, sizeof *e->confusion);
    return e->confusion ? hn_eval_confusion(e->source->eval, 0, e->confusion, need, &need, err) : HN_E_MEMORY;
}

static hn_status find_classes(evidence *e, hn_error *err) {
    const int32_t n = e->levels[0].m.n_classes;
    level_rows rows = {0};
    hn_status status = HN_OK;
    e->classes = calloc((size_t)n, sizeof *e->classes);
    e->class_patients = calloc((size_t)n, sizeof *e->class_patients);
    if (!e->classes || !e->class_patients) return HN_E_MEMORY;
    for (int32_t k = 0; k < n && !status; k++) {
        hn_metrics of_class = e->levels[0].m;
        int64_t images;
        e->classes[k].struct_size = sizeof e->classes[k];
        status = hn_eval_class(e->source->eval, k, 0, &e->classes[k], err);
        of_class.positive = k;
        if (!status) status = read_rows(e, e->source->eval, &of_class, &rows, err);
        if (!status && !count_units(&rows, OF_POSITIVE, &images, &e->class_patients[k])) status = HN_E_MEMORY;
        free_rows_of(&rows);
        rows = (level_rows){0};
    }
    return status;
}

/* Figures of images that the training has used are too good. */
static const char *find_seen(const evidence *e) {
    const json_list *run = &e->source->files.run;
    const char *trained = json_text(run, "data.digest"), *tested = json_text(run, "test_data.digest");
    if (e->request->holdout > 0 || (tested && !strcmp(tested, e->list_sha256))) return "chose the epoch";
    return trained && !strcmp(trained, e->list_sha256) ? "trained on" : NULL;
}

static hn_status find_facts(evidence *e, hn_error *err) {
    hn_eval_sample first = {.struct_size = sizeof first};
    e->model.struct_size = sizeof e->model;
    e->data.struct_size = sizeof e->data;
    hn_status status = hn_model_get_info(e->source->model, &e->model, err);
    if (!status) status = hn_dataset_get_info(e->source->data, &e->data, err);
    if (!status) status = hn_eval_row(e->source->eval, 0, &first, err);
    e->multi = first.label < 0;
    hex_digest(e->model_sha256, e->model.digest);
    hex_digest(e->list_sha256, e->data.digest);
    e->seen = find_seen(e);
    return status;
}

int find_evidence(const evidence_source *source, const evidence_request *request, evidence *out) {
    hn_error err = {0};
    *out = (evidence){.source = source, .request = request};
    find_time(out->written);
    hn_status status = find_facts(out, &err);
    int code = status ? EXIT_DONE : find_audit(out);
    if (code) return code;
    for (int i = 0; i < N_EVIDENCE_LEVELS && !status; i++) status = find_level(out, i, &err);
    if (!status) status = find_confusion(out, &err);
    if (!status) status = find_classes(out, &err);
    if (!status) status = find_questions(out, &err);
    if (!status) status = find_thresholds(out, &err);
    if (!status) status = find_uncalibrated(out, &err);
    if (!status) status = look_at_novelty(source->eval, &out->novelty, &err);
    if (!status) status = find_subgroups(out, &err);
    if (!status) status = find_cases(out, &err);
    if (status == HN_E_MEMORY && !err.message[0]) return fail_text("out of memory");
    if (status) return fail(&err);
    code = find_rows(out);
    if (!code) code = find_csv_digest(out);
    return code ? code : find_trivial(out);
}

void free_evidence(evidence *e) {
    for (int i = 1; i < N_EVIDENCE_LEVELS; i++) hn_eval_free(e->levels[i].eval);
    for (int32_t q = 0; q < e->n_questions; q++) {
        free(e->questions[q].roc.points);
        free(e->questions[q].pr.points);
    }
    hn_subgroups_free(e->subgroups);
    hn_audit_free(e->audit);
    free(e->image_sha256);
    free(e->confusion);
    free(e->classes);
    free(e->class_patients);
}
