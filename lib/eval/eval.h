/* eval.h - metrics: pure functions over arrays, no files, no networks. Sums in float64, in a fixed order. */
#ifndef HNI_EVAL_EVAL_H
#define HNI_EVAL_EVAL_H

#include <stdatomic.h>

#include "haemnet/evaluate.h"
#include "../base/context.h"

struct hn_eval {
    atomic_int refs;
    hn_context *ctx;
    int32_t task, n_classes, positive; /* positive: index or -1 */
    int32_t groups_unknown;
    double threshold;
    int64_t n, skipped;
    int32_t *classes;      /* [n], -1 in multi-label data */
    uint64_t *labels;      /* [n] */
    double *probabilities; /* [n, n_classes] */
    double *logits;        /* [n, n_classes], or NULL: not known */
    uint32_t *flags;       /* [n] HN_PREDICTION_… by which a row is silent */
    double *novelty;       /* [n] as hn_prediction.novelty, or NULL: not known */
    int64_t *rows;         /* [n] */
    char **paths;          /* [n], NULL = "" */
    char **groups;         /* [n], NULL = "" */
    char **class_names;    /* [n_classes] */
    uint64_t digest[4];    /* of the data set, 0 = not known */
    int32_t averaged;      /* logits and probabilities are means over views, each by itself */
    int32_t rounded;       /* probabilities are float32, as predictors give them */
    int32_t group_rule, top; /* HN_RULE_… that made it of another; 0 = rows */
};

/* An evaluation with room for n samples, all zero; the predict room fills it while it reads a data set, and lowers n at the end. */
hn_status hni_eval_new(hn_context *ctx, int32_t task, int32_t n_classes, int64_t n, hn_eval **out, hn_error *err);
void hni_eval_unref(hn_eval *eval);

/* The class that hn_prediction.class_index names, from probabilities [n_classes]: the one rule that prediction, evaluation and training
 * share. positive = index or -1. */
int32_t hni_decide(const double *probabilities, int32_t n_classes, int32_t task, int32_t positive, double threshold);

/* roc and average precision of scores [n] against truth [n] (0/1). NaN where undefined. Scratch from ctx. */
hn_status hni_roc_auc(hn_context *ctx, const double *score, const uint8_t *truth, int64_t n, double *out, hn_error *err);
hn_status hni_average_precision(hn_context *ctx, const double *score, const uint8_t *truth, int64_t n, double *out, hn_error *err);

hn_status hni_eval_metrics(const hn_eval *eval, double threshold, hn_metrics *out, hn_error *err);
hn_status hni_eval_class(const hn_eval *eval, int32_t index, double threshold, hn_class_metrics *out, hn_error *err);
hn_status hni_eval_confusion(const hn_eval *eval, double threshold, int64_t *dst, hn_error *err); /* [K,K] or [K,2,2] */
hn_status hni_eval_curve(const hn_eval *eval, int32_t kind, int32_t index, hn_curve_point *dst, size_t cap, size_t *need, hn_error *err);

#endif
