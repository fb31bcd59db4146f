/* threshold.c - one walk over the places between distinct probabilities, and the place that a rule likes best.
 *
 * The threshold lies in the middle of its place and not on the lowest probability above it, as scikit-learn's do: a new row whose probability
 * falls between the two then goes to the nearer. A place that no threshold above 0 and below 1 could mark (probabilities of 0 or 1 alone on
 * its side) is none. */
#include "threshold.h"

#include <math.h>
#include <string.h>

#include "../base/status.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "groups.h"

const char *hni_threshold_rule_name(int32_t rule) {
    static const char *const names[] = {"youden", "sensitivity", "specificity", "cost"};
    return rule >= HN_CHOOSE_YOUDEN && rule <= HN_CHOOSE_COST ? names[rule - HN_CHOOSE_YOUDEN] : NULL;
}

hni_sides hni_eval_sides(const hn_eval *eval, int32_t k) {
    hni_sides sides = {0};
    for (int64_t i = 0; i < eval->n; i++) {
        const bool truth = hni_eval_truth(eval, i, k);
        sides.positives += truth;
        sides.negatives += !truth && !hni_eval_silent(eval, i);
    }
    return sides;
}

double hni_threshold_at(const hni_ranking *ranking, const hni_cut *cut) {
    const double upper = cut->at ? cut->threshold : 1, lower = cut->at < ranking->n ? ranking->items[cut->at].score : 0;
    const double middle = 0.5 * (upper + lower);
    return middle > lower && middle < 1 ? middle : upper > lower && upper < 1 ? upper : 0;
}

typedef struct choice {
    int32_t rule;
    double value;
    hni_sides sides;
    hni_cut best;
    double threshold; /* 0 = none yet */
    double score;     /* of the best */
    double reached;   /* the most of what a target is about */
} choice;

static double share(int64_t part, int64_t whole) { return (double)part / (double)whole; }

/* Cuts come by falling threshold: sensitivity rises, specificity falls. */
static void consider(choice *c, const hni_cut *cut, double threshold) {
    const double sensitivity = share(cut->tp, c->sides.positives), specificity = share(c->sides.negatives - cut->fp, c->sides.negatives);
    double score = 0;
    bool fits = true;
    switch (c->rule) {
    case HN_CHOOSE_SENSITIVITY:
        score = -(double)cut->at;
        fits = sensitivity >= c->value;
        c->reached = fmax(c->reached, sensitivity);
        break;
    case HN_CHOOSE_SPECIFICITY:
        score = (double)cut->at;
        fits = specificity >= c->value;
        c->reached = fmax(c->reached, specificity);
        break;
    case HN_CHOOSE_COST: score = c->value * (double)cut->tp - (double)cut->fp; break;
    default: score = (double)cut->tp * (double)c->sides.negatives - (double)cut->fp * (double)c->sides.positives; break; /* whole numbers */
    }
    if (fits && (!(c->threshold > 0) || score >= c->score)) {
        c->best = *cut;
        c->threshold = threshold;
        c->score = score;
    }
}

static void walk(const hni_ranking *ranking, choice *c) {
    hni_cut cut = {0};
    do {
        const double threshold = hni_threshold_at(ranking, &cut);
        if (threshold > 0) {
            consider(c, &cut, threshold);
        }
    } while (hni_ranking_next(ranking, &cut));
}

static hn_status one_class(const hn_eval *eval, int32_t index, const hni_sides *sides, hn_error *err) {
    return hni_fail(err, HN_E_DATA, "no threshold for %.60s: of %lld rows %lld are positive and %lld negative; give rows of both kinds",
                    eval->class_names[index], (long long)eval->n, (long long)sides->positives, (long long)sides->negatives);
}

static void fill(const hn_eval *eval, int32_t index, const choice *c, int64_t groups, hn_threshold *out) {
    *out = (hn_threshold){.struct_size = sizeof *out, .rule = c->rule, .value = c->value, .threshold = c->threshold, .index = index};
    out->sensitivity = share(c->best.tp, c->sides.positives);
    out->specificity = share(c->sides.negatives - c->best.fp, c->sides.negatives);
    out->n = eval->n;
    out->positives = c->sides.positives;
    out->groups = groups;
    out->group_rule = eval->group_rule;
    out->top = eval->top;
    memcpy(out->digest, eval->digest, sizeof out->digest);
}

hn_status hni_eval_threshold(const hn_eval *eval, int32_t index, int32_t rule, double value, hn_threshold *out, hn_error *err) {
    choice c = {.rule = rule, .value = value, .sides = hni_eval_sides(eval, index)};
    hni_ranking ranking = {0};
    hni_groups groups;
    if (!c.sides.positives || !c.sides.negatives) {
        return one_class(eval, index, &c.sides, err);
    }
    hn_status status = hni_groups_make(eval, &groups, err);
    if (!status) {
        status = hni_ranking_of_class(eval, index, &ranking, err);
    }
    if (!status) {
        walk(&ranking, &c);
        if (c.threshold > 0) {
            fill(eval, index, &c, groups.count, out);
        } else {
            status = hni_fail(err, HN_E_DATA, "no threshold reaches a %s of %g on these %lld rows; the most is %.4f: ask for less, or bring more rows",
                              hni_threshold_rule_name(rule), value, (long long)eval->n, c.reached);
        }
    }
    hni_ranking_free(&ranking);
    hni_groups_free(&groups);
    return status;
}
