/* rank.h - rows of one class against the rest, ordered by falling probability: what ROC and precision–recall are read from. */
#ifndef HNI_EVAL_RANK_H
#define HNI_EVAL_RANK_H

#include <stdbool.h>

#include "eval.h" /* defines: hn_eval */

typedef struct hni_ranked {
    double score;
    int64_t positive; /* 0 or 1 */
} hni_ranked;

typedef struct hni_ranking {
    hn_context *ctx;
    hni_ranked *items; /* [n], falling score */
    int64_t n, positives;
} hni_ranking;

/* A place between two distinct scores, walked from the top: all before it are called positive. Start from zeros. */
typedef struct hni_cut {
    int64_t at, tp, fp;
    double threshold; /* the lowest score above the cut */
} hni_cut;

/* Rows whose score is NaN, and silent rows, are left out. hni_ranking_free the result. */
hn_status hni_ranking_of_scores(hn_context *ctx, const double *score, const uint8_t *truth, int64_t n, hni_ranking *out, hn_error *err);
hn_status hni_ranking_of_class(const hn_eval *eval, int32_t k, hni_ranking *out, hn_error *err);
void hni_ranking_free(hni_ranking *ranking);

bool hni_ranking_next(const hni_ranking *ranking, hni_cut *cut); /* false at the end */
double hni_ranking_roc_auc(const hni_ranking *ranking);           /* NaN without both classes */
double hni_ranking_average_precision(const hni_ranking *ranking); /* NaN without a positive */

#endif
