/* compare.c - has one part of the rows another accuracy, sensitivity, specificity or AUC than the rest?
 *
 * Patients are the units, and one may have rows on both sides, so each patient's contribution to the difference is summed first and the variance is
 * that of the contributions. For shares they are taken about the share of both sides together, as if there were no difference (a score
 * test): then a side with no error at all still has a variance. Student's t with the patients of the smaller side, less one, keeps few patients
 * from looking sure. */
#include <math.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "delong.h"
#include "distributions.h"
#include "rates.h"
#include "subgroups.h"
#include "sum.h"

/* From a difference and what each of the patients adds to it; units: patients of the smaller side. */
static double p_value(double difference, const double *parts, int64_t groups, int64_t involved, int64_t units) {
    hni_sum squares = {0};
    for (int64_t g = 0; g < groups; g++) {
        hni_sum_add(&squares, parts[g] * parts[g]);
    }
    const double variance = (double)involved / (double)(involved - 1) * hni_sum_total(&squares);
    return variance > 0 ? hni_t_two_sided(fabs(difference) / sqrt(variance), (double)(units - 1)) : 1; /* no variance: all alike on both sides */
}

typedef struct side {
    double hits, of;
    int64_t groups;
} side;

static side add_up(const double *hits, const double *of, int64_t groups) {
    side s = {0};
    for (int64_t g = 0; g < groups; g++) {
        s.hits += hits[g];
        s.of += of[g];
        s.groups += of[g] > 0;
    }
    return s;
}

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

hn_status hni_compare_rate(const hn_eval *eval, const hni_groups *groups, const uint8_t *inside, int32_t rate, double threshold, double *p,
                           hn_error *err) {
    const int64_t n = groups->count;
    double *counts = hni_calloc(eval->ctx, (size_t)n, 4 * sizeof *counts), *hits[2], *of[2];
    *p = NAN;
    if (!counts) {
        return hni_fail_memory(err, (size_t)n * 4 * sizeof *counts, "comparing subgroups");
    }
    for (int i = 0; i < 2; i++) {
        hits[i] = counts + 2 * i * n;
        of[i] = counts + (2 * i + 1) * n;
    }
    for (int64_t i = 0; i < eval->n; i++) {
        hni_rate_row(eval, i, rate, threshold, &hits[inside[i] != 0][groups->of[i]], &of[inside[i] != 0][groups->of[i]]);
    }
    const side rest = add_up(hits[0], of[0], n), here = add_up(hits[1], of[1], n);
    if (lesser(rest.groups, here.groups) >= HNI_SUBGROUP_PATIENTS) {
        const double both = (rest.hits + here.hits) / (rest.of + here.of);
        int64_t involved = 0;
        for (int64_t g = 0; g < n; g++) {
            involved += of[0][g] + of[1][g] > 0;
            hits[0][g] = (hits[1][g] - both * of[1][g]) / here.of - (hits[0][g] - both * of[0][g]) / rest.of;
        }
        *p = p_value(here.hits / here.of - rest.hits / rest.of, hits[0], n, involved, lesser(rest.groups, here.groups));
    }
    hni_free(eval->ctx, counts);
    return HN_OK;
}

typedef struct columns { /* of the rows of one side */
    uint8_t *truth;
    int64_t *group;
    double *score;
} columns;

static hni_scored take_side(const hn_eval *eval, const hni_groups *groups, const uint8_t *inside, bool here, columns *c) {
    hni_scored s = {.groups = groups->count, .truth = c->truth, .group = c->group, .score = {c->score, NULL}};
    for (int64_t i = 0; i < eval->n; i++) {
        if ((inside[i] != 0) == here && !hni_eval_silent(eval, i)) {
            c->truth[s.n] = hni_eval_truth(eval, i, eval->positive);
            c->group[s.n] = groups->of[i];
            c->score[s.n++] = eval->probabilities[(size_t)i * (size_t)eval->n_classes + (size_t)eval->positive];
        }
    }
    return s;
}

hn_status hni_compare_auc(const hn_eval *eval, const hni_groups *groups, const uint8_t *inside, double *p, hn_error *err) {
    const size_t n = (size_t)eval->n, count = (size_t)groups->count;
    hn_context *ctx = eval->ctx;
    columns c = {.truth = hni_calloc(ctx, n, 1), .group = hni_calloc(ctx, n, sizeof *c.group), .score = hni_calloc(ctx, n, sizeof *c.score)};
    double *parts = hni_calloc(ctx, count, 2 * sizeof *parts);
    hni_delong d[2] = {0};
    hn_status status = c.truth && c.group && c.score && parts ? HN_OK : hni_fail_memory(err, n * 3 * sizeof *parts, "comparing subgroups");
    *p = NAN;
    for (int i = 0; i < 2 && !status; i++) {
        const hni_scored s = take_side(eval, groups, inside, i == 1, &c);
        status = hni_auc_influence(ctx, &s, &d[i], parts + (size_t)i * count, err);
    }
    const int64_t here = lesser(d[1].positive_groups, d[1].negative_groups), rest = lesser(d[0].positive_groups, d[0].negative_groups);
    if (!status && lesser(here, rest) >= HNI_SUBGROUP_PATIENTS) {
        for (size_t g = 0; g < count; g++) {
            parts[g] = parts[count + g] - parts[g];
        }
        *p = p_value(d[1].auc[0] - d[0].auc[0], parts, groups->count, groups->count, lesser(here, rest));
    }
    hni_free(ctx, c.truth);
    hni_free(ctx, c.group);
    hni_free(ctx, c.score);
    hni_free(ctx, parts);
    return status;
}
