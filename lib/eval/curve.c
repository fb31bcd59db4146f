/* curve.c - points of the ROC and precision–recall curves of one class against the rest.
 *
 * The points are scikit-learn's (roc_curve without dropping any; precision_recall_curve), by falling threshold. Each curve has one
 * point more than there are distinct probabilities, the one at which nothing is called positive: the ROC's comes first, (0, 0) at
 * +infinity. The precision–recall curve's comes last, recall 0 and precision 1 by convention, as scikit-learn appends it; its
 * threshold is NaN, which no probability reaches. Recall rises up to the last but one point: whoever draws the curve starts from
 * the NaN point or leaves it out. */
#include <math.h>

#include "../base/status.h"
#include "eval.h"
#include "rank.h"

static int64_t count_points(const hni_ranking *ranking) {
    int64_t points = 1;
    for (hni_cut cut = {0}; hni_ranking_next(ranking, &cut);) {
        points++;
    }
    return points;
}

static void fill_roc(const hni_ranking *ranking, hn_curve_point *dst) {
    const double positives = (double)ranking->positives, negatives = (double)(ranking->n - ranking->positives);
    *dst++ = (hn_curve_point){.x = 0, .y = 0, .threshold = INFINITY};
    for (hni_cut cut = {0}; hni_ranking_next(ranking, &cut);) {
        *dst++ = (hn_curve_point){.x = (double)cut.fp / negatives, .y = (double)cut.tp / positives, .threshold = cut.threshold};
    }
}

static void fill_pr(const hni_ranking *ranking, hn_curve_point *dst) {
    const double positives = (double)ranking->positives;
    for (hni_cut cut = {0}; hni_ranking_next(ranking, &cut);) {
        *dst++ = (hn_curve_point){.x = (double)cut.tp / positives, .y = (double)cut.tp / (double)cut.at, .threshold = cut.threshold};
    }
    *dst = (hn_curve_point){.x = 0, .y = 1, .threshold = NAN};
}

hn_status hni_eval_curve(const hn_eval *eval, int32_t kind, int32_t index, hn_curve_point *dst, size_t cap, size_t *need, hn_error *err) {
    hni_ranking ranking = {0};
    hn_status status = hni_ranking_of_class(eval, index, &ranking, err);
    if (status) {
        return status;
    }
    if (ranking.positives == 0 || ranking.positives == ranking.n) {
        status = hni_fail(err, HN_E_DATA, "no curve for class %d: all %lld usable rows are %s; give rows of both kinds", (int)index,
                          (long long)ranking.n, ranking.positives ? "of that class" : "of other classes");
        goto done;
    }
    const size_t points = (size_t)count_points(&ranking);
    if (need) {
        *need = points;
    }
    if (dst && cap < points) {
        status = hni_fail(err, HN_E_BUFFER, "the curve has %zu points and the buffer room for %zu; bring room for *need points", points,
                          cap);
        goto done;
    }
    if (dst && kind == HN_CURVE_ROC) {
        fill_roc(&ranking, dst);
    } else if (dst) {
        fill_pr(&ranking, dst);
    }
done:
    hni_ranking_free(&ranking);
    return status;
}
