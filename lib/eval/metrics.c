/* metrics.c - the figures of an evaluation at a threshold, from counts (counts.c), ranks (rank.c) and probabilities (scores.c).
 *
 * They agree with scikit-learn wherever it gives a figure of its own. Where it puts a convention (zero_division) in place of 0 / 0,
 * ours is NaN, and averages over classes leave the undefined ones out, as scikit-learn's zero_division=nan does; a weighted average
 * in which all remaining weights are 0 is NaN too. With more than two classes of which one is true, a threshold changes nothing:
 * the most probable class is called, and the positive class is that class against the rest. */
#include <math.h>

#include "../base/status.h"
#include "counts.h"
#include "eval.h"
#include "rank.h"
#include "scores.h"
#include "sum.h"

static double ratio(int64_t part, int64_t whole) { return whole ? (double)part / (double)whole : NAN; }

/* A mean over classes that leaves undefined ones out. */
typedef struct average {
    hni_sum plain, weighted;
    int64_t terms, weight;
} average;

static void average_add(average *a, double value, int64_t weight) {
    if (!isnan(value)) {
        hni_sum_add(&a->plain, value);
        hni_sum_add(&a->weighted, (double)weight * value);
        a->terms++;
        a->weight += weight;
    }
}

static double average_plain(const average *a) { return a->terms ? hni_sum_total(&a->plain) / (double)a->terms : NAN; }
static double average_weighted(const average *a) { return a->weight ? hni_sum_total(&a->weighted) / (double)a->weight : NAN; }

static void fill_averages(const hni_counts *c, int32_t n_classes, hn_metrics *m) {
    average precision = {0}, recall = {0}, f1 = {0};
    int64_t predicted = 0;
    for (int32_t k = 0; k < n_classes; k++) {
        average_add(&precision, ratio(c->hit[k], c->predicted[k]), c->support[k]);
        average_add(&recall, ratio(c->hit[k], c->support[k]), c->support[k]);
        average_add(&f1, ratio(2 * c->hit[k], c->support[k] + c->predicted[k]), c->support[k]);
        predicted += c->predicted[k];
        if (c->support[k] == 0) {
            m->undefined |= HN_UNDEFINED_CLASS_MISSING;
        }
    }
    if (predicted == 0) {
        m->undefined |= HN_UNDEFINED_NONE_PREDICTED; /* no class at all: no precision to average */
    }
    m->macro_precision = average_plain(&precision);
    m->macro_recall = m->balanced_accuracy = average_plain(&recall);
    m->macro_f1 = average_plain(&f1);
    m->weighted_precision = average_weighted(&precision);
    m->weighted_recall = average_weighted(&recall);
    m->weighted_f1 = average_weighted(&f1);
}

/* R_K of Gorodkin (2004), for two classes Matthews' correlation: (c·s - Σ t·p) / √((s² - Σ t²)(s² - Σ p²)), over the rows with a
 * verdict; t rows of a class, p calls of it, c right rows, s all. Undefined when one class is all that is true, or called. */
typedef struct correlation {
    int64_t rows, right;
    double true_called, true_true, called_called;
    int one_sided;
} correlation;

static void correlation_add(correlation *c, int64_t is_true, int64_t called) {
    c->true_called += (double)is_true * (double)called;
    c->true_true += (double)is_true * (double)is_true;
    c->called_called += (double)called * (double)called;
    c->one_sided |= is_true == c->rows || called == c->rows;
}

static double correlation_value(const correlation *c) {
    const double s = (double)c->rows;
    if (c->one_sided) {
        return NAN;
    }
    return ((double)c->right * s - c->true_called) / (sqrt(s * s - c->true_true) * sqrt(s * s - c->called_called));
}

static double matthews(const hn_eval *eval, const hni_counts *c) {
    correlation sum = {.rows = c->judged, .right = c->right};
    if (eval->task == HN_TASK_MULTI) {
        if (eval->positive < 0) {
            return NAN;
        }
        const int32_t k = eval->positive;
        const int64_t is_true = c->support[k] - c->silent[k];
        const hni_quad q = hni_counts_quad(c, k);
        sum.right = q.tp + q.tn;
        correlation_add(&sum, is_true, c->predicted[k]);
        correlation_add(&sum, c->judged - is_true, c->judged - c->predicted[k]);
        return correlation_value(&sum);
    }
    for (int32_t k = 0; k < eval->n_classes; k++) {
        correlation_add(&sum, c->support[k] - c->silent[k], c->predicted[k]);
    }
    return correlation_value(&sum);
}

static uint32_t undefined_ranks(const hni_ranking *ranking) {
    uint32_t bits = ranking->positives == 0 ? HN_UNDEFINED_NO_POSITIVES : 0;
    return bits | (ranking->positives == ranking->n ? HN_UNDEFINED_NO_NEGATIVES : 0);
}

static hn_status fill_positive(const hn_eval *eval, const hni_counts *c, hn_metrics *m, hn_error *err) {
    hni_ranking ranking = {0};
    const hn_status status = hni_ranking_of_class(eval, eval->positive, &ranking, err);
    if (status) {
        return status;
    }
    const hni_quad q = hni_counts_quad(c, eval->positive);
    m->tp = q.tp;
    m->fp = q.fp;
    m->tn = q.tn;
    m->fn = q.fn;
    m->sensitivity = ratio(q.tp, q.tp + q.fn);
    m->specificity = ratio(q.tn, q.tn + q.fp);
    m->ppv = ratio(q.tp, q.tp + q.fp);
    m->npv = ratio(q.tn, q.tn + q.fn);
    m->f1 = ratio(2 * q.tp, 2 * q.tp + q.fp + q.fn);
    m->threat_score = ratio(q.tp, q.tp + q.fp + q.fn);
    m->roc_auc = hni_ranking_roc_auc(&ranking);
    m->average_precision = hni_ranking_average_precision(&ranking);
    m->brier = hni_eval_brier(eval, eval->positive);
    m->undefined |= undefined_ranks(&ranking);
    m->undefined |= q.tp + q.fn ? 0 : HN_UNDEFINED_NO_POSITIVES;
    m->undefined |= q.tn + q.fp ? 0 : HN_UNDEFINED_NO_NEGATIVES;
    m->undefined |= q.tp + q.fp ? 0 : HN_UNDEFINED_NONE_PREDICTED;
    m->undefined |= q.tn + q.fn ? 0 : HN_UNDEFINED_ALL_PREDICTED;
    hni_ranking_free(&ranking);
    return HN_OK;
}

static void fill_no_positive(hn_metrics *m) {
    m->undefined |= HN_UNDEFINED_NO_POSITIVE_CLASS;
    m->sensitivity = m->specificity = m->ppv = m->npv = m->f1 = m->threat_score = NAN;
    m->roc_auc = m->average_precision = m->brier = NAN;
}

hn_status hni_eval_metrics(const hn_eval *eval, double threshold, hn_metrics *out, hn_error *err) {
    hni_counts counts;
    hn_status status = hni_counts_take(eval, threshold, &counts, err);
    if (status) {
        return status;
    }
    const int64_t answers = eval->task == HN_TASK_MULTI ? eval->n * eval->n_classes : eval->n;
    hn_metrics m = {.struct_size = sizeof m, .n = eval->n, .skipped = eval->skipped, .n_classes = eval->n_classes};
    m.positive = eval->positive;
    m.groups_unknown = eval->groups_unknown;
    m.threshold = threshold;
    m.accuracy = ratio(counts.right, answers);
    m.exact_match = ratio(counts.exact, eval->n);
    m.log_loss = hni_eval_log_loss(eval, NULL);
    fill_averages(&counts, eval->n_classes, &m);
    m.mcc = matthews(eval, &counts);
    if (isnan(m.mcc) && (eval->task == HN_TASK_SINGLE || eval->positive >= 0)) {
        m.undefined |= HN_UNDEFINED_MCC;
    }
    if (eval->positive >= 0) {
        status = fill_positive(eval, &counts, &m, err);
    } else {
        fill_no_positive(&m);
    }
    if (!status) {
        *out = m;
    }
    hni_counts_free(eval, &counts);
    return status;
}

hn_status hni_eval_class(const hn_eval *eval, int32_t index, double threshold, hn_class_metrics *out, hn_error *err) {
    hni_counts counts = {0};
    hni_ranking ranking = {0};
    hn_status status = hni_ranking_of_class(eval, index, &ranking, err);
    if (status) {
        return status;
    }
    status = hni_counts_take(eval, threshold, &counts, err);
    if (status) {
        goto done;
    }
    hn_class_metrics m = {.struct_size = sizeof m, .support = counts.support[index], .predicted = counts.predicted[index]};
    m.precision = ratio(counts.hit[index], m.predicted);
    m.recall = ratio(counts.hit[index], m.support);
    m.f1 = ratio(2 * counts.hit[index], m.support + m.predicted);
    m.roc_auc = hni_ranking_roc_auc(&ranking);
    m.average_precision = hni_ranking_average_precision(&ranking);
    m.undefined = undefined_ranks(&ranking);
    m.undefined |= m.support ? 0 : HN_UNDEFINED_NO_POSITIVES;
    m.undefined |= m.predicted ? 0 : HN_UNDEFINED_NONE_PREDICTED;
    *out = m;
done:
    hni_counts_free(eval, &counts);
    hni_ranking_free(&ranking);
    return status;
}

static void confusion_single(const hn_eval *eval, double threshold, int64_t *dst) {
    const size_t classes = (size_t)eval->n_classes;
    for (size_t i = 0; i < classes * classes; i++) {
        dst[i] = 0;
    }
    for (int64_t i = 0; i < eval->n; i++) {
        if (!hni_eval_silent(eval, i)) {
            const double *p = eval->probabilities + (size_t)i * classes;
            const int32_t called = hni_decide(p, eval->n_classes, eval->task, eval->positive, threshold);
            dst[(size_t)eval->classes[i] * classes + (size_t)called]++;
        }
    }
}

hn_status hni_eval_confusion(const hn_eval *eval, double threshold, int64_t *dst, hn_error *err) {
    if (eval->task != HN_TASK_MULTI) {
        confusion_single(eval, threshold, dst); /* rows without a verdict have no column: then the sum is less than n */
        return HN_OK;
    }
    hni_counts counts;
    const hn_status status = hni_counts_take(eval, threshold, &counts, err);
    if (status) {
        return status;
    }
    for (int32_t k = 0; k < eval->n_classes; k++) {
        const hni_quad q = hni_counts_quad(&counts, k);
        dst[4 * k + 0] = q.tn;
        dst[4 * k + 1] = q.fp;
        dst[4 * k + 2] = q.fn;
        dst[4 * k + 3] = q.tp;
    }
    hni_counts_free(eval, &counts);
    return HN_OK;
}
