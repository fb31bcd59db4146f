/* delong.h - the variance of one ROC AUC and of the difference of two, by placements (DeLong, DeLong and Clarke-Pearson, 1988; all of them
 * from one sort, as Sun and Xu, 2014), summed over patients (Obuchowski, 1997). */
#ifndef HNI_EVAL_DELONG_H
#define HNI_EVAL_DELONG_H

#include "eval.h" /* defines: hn_eval */

/* One or two scores of the same rows. */
typedef struct hni_scored {
    int64_t n, groups;
    const uint8_t *truth; /* [n] 1 = positive */
    const int64_t *group; /* [n] 0 … groups - 1 */
    const double *score[2]; /* [n] each, no NaN; [1] may be NULL */
} hni_scored;

typedef struct hni_delong {
    double auc[2];          /* NaN without both kinds of rows */
    double covariance[2][2]; /* NaN unless each kind is in two groups at least */
    int64_t positive_groups, negative_groups;
} hni_delong;

hn_status hni_delong_of(hn_context *ctx, const hni_scored *s, hni_delong *out, hn_error *err);

/* What each group adds to score[0]'s AUC, about it: influence [groups]; their squares add up to its variance. *out: auc[0] and the two counts. */
hn_status hni_auc_influence(hn_context *ctx, const hni_scored *s, hni_delong *out, double *influence, hn_error *err);

/* Newcombe's (2006) fifth interval: the values of the AUC that Hanley and McNeil's variance does not reject. */
void hni_auc_newcombe(double auc, double positives, double negatives, double level, double *low, double *high);

/* Of class k; b NULL = of a alone, else a's less b's. Rows silent in either are left out. */
hn_status hni_eval_auc(const hn_eval *a, const hn_eval *b, int32_t k, double level, hn_interval *out, hn_error *err);

#endif
