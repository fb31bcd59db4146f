/* split.c - one data set → a training and a test part: by ratio, by fold, or as the manifest's fold column says.
 *
 * Turns rows into plain groups and strata for assign.c and its answer into two views. No group is ever divided: a fold column
 * that does so is refused, since a patient on both sides makes every figure that follows wrong. Copies of an image can join groups. */
#include "split.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "copies.h"
#include "dataset.h"
#include "sort.h"

typedef struct cut {
    hn_dataset *ds;
    const hn_split_options *o;
    double ratio;
    uint32_t n;         /* rows of the view */
    uint32_t *group, *stratum, n_groups, n_strata; /* [n] */
    uint8_t *test;      /* [n] 1 = test part */
} cut;

static const hni_row *row_of(const cut *c, uint32_t i) { return &c->ds->store->rows[hni_dataset_store_row(c->ds, i)]; }

/* Numbers the groups in the order of their first rows; a row without one is its own. */
static hn_status number_groups(cut *c, hn_error *err) {
    size_t names = c->ds->store->names.count;
    uint32_t *seen = hni_calloc(c->ds->ctx, names, sizeof *seen); /* group number + 1 by name */
    if (!seen) return hni_fail_memory(err, names * sizeof *seen, "groups");
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t name = row_of(c, i)->group;
        if (name == 0 || seen[name] == 0) {
            c->group[i] = c->n_groups++;
            if (name) seen[name] = c->n_groups;
        } else {
            c->group[i] = seen[name] - 1;
        }
    }
    hni_free(c->ds->ctx, seen);
    return HN_OK;
}

static uint32_t root_of(const uint32_t *parent, uint32_t group) {
    while (parent[group] != group) group = parent[group];
    return group;
}

/* Joins the groups of each copy and its original; how many were joined. traces, copies: [n] */
static hn_status join_once(cut *c, uint32_t *parent, hni_trace *traces, hni_copy *copies, uint32_t *joined, hn_error *err) {
    for (uint32_t i = 0; i < c->n; i++) traces[i].group = root_of(parent, c->group[i]) + UINT64_C(1);
    hn_status status = hni_copies_find(c->ds->ctx, traces, c->n, NULL, 0, NULL, copies, err);
    *joined = 0;
    for (uint32_t i = 0; i < c->n && !status; i++) {
        if (!copies[i].kind) continue;
        const uint32_t a = root_of(parent, c->group[i]), b = root_of(parent, c->group[copies[i].other]);
        parent[a < b ? b : a] = a < b ? a : b;
        *joined += a != b;
    }
    return status;
}

/* A row is told of one original only: it may have others in groups that are joined next time. */
static hn_status join_all(cut *c, const hni_fingerprint *prints, uint32_t *parent, hni_trace *traces, hni_copy *copies, hn_error *err) {
    uint32_t joined = 1, number = 0;
    hn_status status = HN_OK;
    for (uint32_t i = 0; i < c->n; i++) traces[i] = prints[i].trace;
    for (uint32_t g = 0; g < c->n_groups; g++) parent[g] = g;
    while (joined && !status) status = join_once(c, parent, traces, copies, &joined, err);
    for (uint32_t i = 0; i < c->n; i++) c->group[i] = root_of(parent, c->group[i]); /* a root is the lowest of its groups … */
    for (uint32_t g = 0; g < c->n_groups; g++)
        if (parent[g] == g) parent[g] = number++; /* … and comes before what points to it: numbers without gaps, in the same order */
        else parent[g] = UINT32_MAX;
    for (uint32_t i = 0; i < c->n; i++) c->group[i] = parent[c->group[i]];
    c->n_groups = number;
    return status;
}

static hn_status keep_copies_together(cut *c, hn_error *err) {
    hn_context *ctx = c->ds->ctx;
    hni_fingerprint *prints = NULL;
    hn_status status = hni_dataset_fingerprints(c->ds, NULL, &prints, err);
    if (status) return status;
    uint32_t *parent = hni_calloc(ctx, (size_t)c->n_groups + 1, sizeof *parent);
    hni_trace *traces = hni_calloc(ctx, (size_t)c->n + 1, sizeof *traces);
    hni_copy *copies = hni_calloc(ctx, (size_t)c->n + 1, sizeof *copies);
    status = parent && traces && copies ? join_all(c, prints, parent, traces, copies, err)
                                        : hni_fail_memory(err, c->n * (sizeof *traces + sizeof *copies), "a split");
    hni_free(ctx, copies);
    hni_free(ctx, traces);
    hni_free(ctx, parent);
    hni_free(ctx, prints);
    return status;
}

static bool labels_less(const void *user, uint32_t a, uint32_t b) { return row_of(user, a)->labels < row_of(user, b)->labels; }

/* Multi-label: one stratum per pattern of labels. Patterns too rare to reach every part are put together, or each of them would go
 * whole to the largest part. */
static hn_status number_patterns(cut *c, double least_share, hn_error *err) {
    uint32_t *order = hni_calloc(c->ds->ctx, c->n, sizeof *order);
    uint32_t rare = UINT32_MAX;
    if (!order) return hni_fail_memory(err, c->n * sizeof *order, "label patterns");
    for (uint32_t i = 0; i < c->n; i++) order[i] = i;
    hni_sort_u32(order, c->n, labels_less, c);
    for (uint32_t i = 0, end; i < c->n; i = end) {
        for (end = i + 1; end < c->n && row_of(c, order[end])->labels == row_of(c, order[i])->labels;) end++;
        bool is_rare = (double)(end - i) * least_share < 1;
        uint32_t number = is_rare && rare != UINT32_MAX ? rare : c->n_strata++;
        if (is_rare) rare = number;
        for (uint32_t k = i; k < end; k++) c->stratum[order[k]] = number;
    }
    hni_free(c->ds->ctx, order);
    return HN_OK;
}

/* Single: one stratum per class that has a row. */
static hn_status number_classes(cut *c, hn_error *err) {
    size_t classes = (size_t)c->ds->store->classes.count;
    uint32_t *number = hni_calloc(c->ds->ctx, classes, sizeof *number); /* stratum + 1 by class id */
    if (!number) return hni_fail_memory(err, classes * sizeof *number, "classes");
    for (uint32_t i = 0; i < c->n; i++) {
        int32_t id = row_of(c, i)->class_id;
        if (number[id] == 0) number[id] = ++c->n_strata;
        c->stratum[i] = number[id] - 1;
    }
    hni_free(c->ds->ctx, number);
    return HN_OK;
}

static hn_status assign(cut *c, hn_error *err) {
    hn_context *ctx = c->ds->ctx;
    int32_t bins = c->o->folds ? c->o->folds : 2;
    uint32_t *bin = NULL;
    double *share = hni_calloc(ctx, (size_t)bins, sizeof *share);
    if (!share) return hni_fail_memory(err, (size_t)bins * sizeof *share, "folds");
    for (int32_t b = 0; b < bins; b++) share[b] = c->o->folds ? 1.0 / bins : b == 0 ? c->ratio : 1 - c->ratio;
    hn_status status = number_groups(c, err);
    if (status == HN_OK && c->o->flags & HN_SPLIT_COPIES_TOGETHER) status = keep_copies_together(c, err);
    if (status == HN_OK && c->o->folds && c->n_groups < (uint32_t)bins)
        status = hni_fail(err, HN_E_DATA, "%d folds of %u groups: no group may be divided, so take at most as many folds as there are "
                          "groups", bins, c->n_groups);
    if (status == HN_OK && c->ds->store->task == HN_TASK_MULTI) status = number_patterns(c, share[0] < share[1] ? share[0] : share[1], err);
    else if (status == HN_OK) status = number_classes(c, err);
    if (status == HN_OK && !(bin = hni_calloc(ctx, c->n_groups, sizeof *bin)))
        status = hni_fail_memory(err, c->n_groups * sizeof *bin, "a split");
    if (status == HN_OK) {
        hni_split_problem problem = {.ctx = ctx, .n_rows = c->n, .n_groups = c->n_groups, .n_strata = c->n_strata, .group = c->group,
                                     .stratum = c->stratum, .bins = bins, .share = share, .seed = c->o->seed};
        status = hni_split_assign(&problem, bin, err);
    }
    if (status == HN_OK) {
        uint32_t want = c->o->folds ? (uint32_t)c->o->fold : 1;
        for (uint32_t i = 0; i < c->n; i++) c->test[i] = bin[c->group[i]] == want;
    }
    hni_free(ctx, bin);
    hni_free(ctx, share);
    return status;
}

static bool fold_less(const void *user, uint32_t a, uint32_t b) { return row_of(user, a)->fold < row_of(user, b)->fold; }

/* Does the fold column decide: a fold on every row, and as many different ones as are asked for? Then *value is the one that
 * becomes the test part: the o->fold-th in ascending order, so that columns counted from 1 work too. order: [n], scratch. */
static bool manifest_decides(const cut *c, uint32_t *order, int32_t *value) {
    int32_t different = 0;
    if (!c->o->folds) return false;
    for (uint32_t i = 0; i < c->n; i++) {
        if (row_of(c, i)->fold < 0) return false;
        order[i] = i;
    }
    hni_sort_u32(order, c->n, fold_less, c);
    for (uint32_t i = 0; i < c->n; i++) {
        if (i > 0 && row_of(c, order[i])->fold == row_of(c, order[i - 1])->fold) continue;
        if (different++ == c->o->fold) *value = row_of(c, order[i])->fold;
    }
    return different == c->o->folds;
}

static hn_status take_manifest_fold(cut *c, int32_t value, hn_error *err) {
    uint32_t *fold = c->stratum; /* scratch: fold of each group + 1 */
    hn_status status = number_groups(c, err);
    if (status != HN_OK) return status;
    memset(fold, 0, c->n * sizeof *fold);
    for (uint32_t i = 0; i < c->n; i++) {
        const hni_row *r = row_of(c, i);
        uint32_t *known = &fold[c->group[i]], mine = (uint32_t)r->fold + 1;
        if (*known && *known != mine)
            return hni_fail(err, HN_E_DATA,
                            "the fold column puts group %.60s into fold %u and fold %d: correct it, or leave the column out",
                            c->ds->store->names.items[r->group], *known - 1, r->fold);
        *known = mine;
        c->test[i] = r->fold == value;
    }
    return HN_OK;
}

/* The rows whose mark is `mark`, as a view of their own. */
static hn_status make_part(const cut *c, uint8_t mark, uint32_t flags, hn_dataset **out, hn_error *err) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n; i++) n += c->test[i] == mark;
    if (n == 0)
        return hni_fail(err, HN_E_DATA,
                        "the %s part would be empty: %u rows in %u groups, and no group may be divided; bring more, or choose another %s",
                        mark ? "test" : "training", c->n, c->n_groups, c->o->folds ? "number of folds" : "ratio");
    uint32_t *index = hni_calloc(c->ds->ctx, n, sizeof *index);
    if (!index) return hni_fail_memory(err, n * sizeof *index, "a part of a data set");
    n = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->test[i] == mark) index[n++] = hni_dataset_store_row(c->ds, i);
    }
    *out = hni_dataset_view(c->ds->store, index, n, flags);
    if (*out) return HN_OK;
    hni_free(c->ds->ctx, index);
    return hni_fail_memory(err, sizeof **out, "a part of a data set");
}

static hn_status check_options(cut *c, hn_error *err) {
    const hn_split_options *o = c->o;
    if (o->flags & ~HN_SPLIT_COPIES_TOGETHER)
        return hni_fail(err, HN_E_ARGUMENT, "flags of the split are %d; HN_SPLIT_COPIES_TOGETHER is all there is", o->flags);
    if (o->folds < 0 || o->folds == 1)
        return hni_fail(err, HN_E_ARGUMENT, "%d folds: must be 2 or more, or 0 for a split by ratio", o->folds);
    if (o->fold < 0 || o->fold >= (o->folds ? o->folds : 1))
        return hni_fail(err, HN_E_ARGUMENT, "fold %d of %d: must be 0 to folds - 1", o->fold, o->folds);
    c->ratio = o->train_ratio == 0 ? 0.8 : o->train_ratio;
    if (!o->folds && !(c->ratio > 0 && c->ratio < 1))
        return hni_fail(err, HN_E_ARGUMENT, "train_ratio is %g: must lie between 0 and 1", o->train_ratio);
    if (c->n == 0) return hni_fail(err, HN_E_DATA, "the data set has no rows to divide");
    return HN_OK;
}

static hn_status divide(cut *c, hn_error *err) {
    hn_context *ctx = c->ds->ctx;
    int32_t value = 0;
    c->group = hni_calloc(ctx, c->n, sizeof *c->group);
    c->stratum = hni_calloc(ctx, c->n, sizeof *c->stratum);
    c->test = hni_calloc(ctx, c->n, 1);
    if (!c->group || !c->stratum || !c->test) return hni_fail_memory(err, c->n * sizeof *c->group, "a split");
    if (manifest_decides(c, c->group, &value)) return take_manifest_fold(c, value, err);
    return assign(c, err);
}

hn_status hni_dataset_split(hn_dataset *ds, const hn_split_options *options, hn_dataset **train, hn_dataset **test, hn_error *err) {
    static const hn_split_options defaults;
    cut c = {.ds = ds, .o = options ? options : &defaults, .n = (uint32_t)hni_dataset_rows(ds)};
    *train = *test = NULL;
    hn_status status = check_options(&c, err);
    if (status == HN_OK) status = hni_group_check(ds->store, err);
    if (status == HN_OK) status = divide(&c, err);
    if (status == HN_OK) {
        uint32_t flags = hni_dataset_flags(ds); /* both parts: the other side's unknown rows may belong to this side's patients */
        status = make_part(&c, 0, flags, train, err);
        if (status == HN_OK) status = make_part(&c, 1, flags, test, err);
    }
    if (status == HN_OK) hni_dataset_freeze(ds);
    else {
        hni_dataset_unref(*train);
        *train = NULL;
    }
    hni_free(ds->ctx, c.group);
    hni_free(ds->ctx, c.stratum);
    hni_free(ds->ctx, c.test);
    return status;
}
