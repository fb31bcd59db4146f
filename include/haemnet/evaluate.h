/* evaluate.h - how good a model is on labelled data: every prediction, and metrics that agree with scikit-learn to 1e-12.
 *
 * A metric that has no meaning for the data (one class only, nothing predicted positive, …) is NaN and has its bit in `undefined`;
 * it is never 0 by convention. */
#ifndef HAEMNET_EVALUATE_H
#define HAEMNET_EVALUATE_H

#include "predict.h"
#include "train.h" /* hn_progress_fn */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_eval hn_eval; /* labels and probabilities of a data set; immutable */

typedef struct hn_eval_options {
    uint32_t struct_size;    /* sizeof(hn_eval_options) */
    int32_t positive;        /* index of the positive class + 1; 0 = the model's */
    double threshold;        /* 0 < t < 1; 0 = the predictor's */
    hn_cancel *cancel;       /* may be NULL */
    hn_progress_fn progress; /* may be NULL */
    void *progress_user;     /* passed to progress */
} hn_eval_options;

/* Labels and probabilities that the caller has from elsewhere. */
typedef struct hn_eval_arrays {
    uint32_t struct_size;           /* sizeof(hn_eval_arrays) */
    int32_t task;                   /* HN_TASK_… */
    int32_t n_classes;              /* classes or labels, ≥ 1 */
    int32_t positive;               /* index of the positive class + 1; 0 = none named */
    int64_t n;                      /* samples, ≥ 1 */
    const int32_t *classes;         /* [n] true class, single-label; else NULL; read during the call */
    const uint64_t *labels;         /* [n] true label bits, multi-label; else NULL; read during the call */
    const double *probabilities;    /* [n, n_classes]; read during the call */
    const char *const *class_names; /* n_classes names or NULL; copied */
    double threshold;               /* 0 < t < 1; 0 = 0.5 */
} hn_eval_arrays;

/* Bits of `undefined`: which metrics are NaN, and why they must be. */
enum {
    HN_UNDEFINED_NO_POSITIVE_CLASS = 1,  /* no positive class is named: all that needs one */
    HN_UNDEFINED_NO_POSITIVES = 2,       /* no true positive-class sample: sensitivity, ROC AUC, average precision */
    HN_UNDEFINED_NO_NEGATIVES = 4,       /* no true negative sample: specificity, ROC AUC */
    HN_UNDEFINED_NONE_PREDICTED = 8,     /* nothing predicted positive: PPV */
    HN_UNDEFINED_ALL_PREDICTED = 16,     /* nothing predicted negative: NPV */
    HN_UNDEFINED_CLASS_MISSING = 32,     /* a class without a sample: balanced accuracy and macro averages leave it out */
    HN_UNDEFINED_MCC = 64                /* a row or column of the confusion matrix is empty: MCC */
};

/* Metrics of the positive class against the rest, and over all classes. */
typedef struct hn_metrics {
    uint32_t struct_size;       /* in: sizeof(hn_metrics) */
    uint32_t undefined;         /* HN_UNDEFINED_… */
    int64_t n;                  /* samples */
    int64_t skipped;            /* files that could not be read */
    int64_t tp;                 /* positive, called positive */
    int64_t fp;                 /* negative, called positive */
    int64_t tn;                 /* negative, called negative */
    int64_t fn;                 /* positive, called negative */
    int32_t n_classes;          /* classes or labels */
    int32_t positive;           /* index of the positive class, -1 = none */
    int32_t groups_unknown;     /* 1 = the data's groups are not known: figures may be too good */
    int32_t flags;              /* 0 */
    double threshold;           /* used for tp … fn */
    double accuracy;            /* right / n; multi-label: right labels / labels */
    double balanced_accuracy;   /* mean recall of the classes that have samples */
    double sensitivity;         /* tp / (tp + fn) */
    double specificity;         /* tn / (tn + fp) */
    double ppv;                 /* tp / (tp + fp) */
    double npv;                 /* tn / (tn + fn) */
    double f1;                  /* 2 tp / (2 tp + fp + fn) */
    double mcc;                 /* Matthews' correlation; of all classes (R_K) if more than two */
    double threat_score;        /* tp / (tp + fp + fn) */
    double roc_auc;             /* of the positive class' probability, ties count half */
    double average_precision;   /* Σ (R_i - R_{i-1}) P_i */
    double brier;               /* mean (p - y)² of the positive class */
    double log_loss;            /* mean -log p of the true class, p clipped at 2^-52 as scikit-learn does for doubles */
    double macro_precision;     /* plain mean over classes where it is defined */
    double macro_recall;        /* likewise */
    double macro_f1;            /* likewise */
    double weighted_precision;  /* mean by support over classes where it is defined */
    double weighted_recall;     /* likewise */
    double weighted_f1;         /* likewise */
    double exact_match;         /* multi-label: rows with every label right / n; else = accuracy */
} hn_metrics;

/* One class against the rest. */
typedef struct hn_class_metrics {
    uint32_t struct_size;     /* in: sizeof(hn_class_metrics) */
    uint32_t undefined;       /* HN_UNDEFINED_… */
    int64_t support;          /* true samples */
    int64_t predicted;        /* predicted samples */
    double precision;         /* NaN if nothing was predicted */
    double recall;            /* NaN if there is no sample */
    double f1;                /* NaN if neither */
    double roc_auc;           /* class against rest */
    double average_precision; /* class against rest */
} hn_class_metrics;

/* One sample. */
typedef struct hn_eval_sample {
    uint32_t struct_size;         /* in: sizeof(hn_eval_sample) */
    int32_t label;                /* true class, -1 in multi-label data */
    uint64_t labels;              /* true label bits */
    int32_t predicted;            /* class, as hn_prediction.class_index */
    int32_t flags;                /* HN_PREDICTION_… */
    int64_t row;                  /* of the data set; = index for arrays */
    const double *probabilities;  /* n_classes values; owned by hn_eval */
    const char *path;             /* "" if there is none; owned by hn_eval */
    const char *group;            /* "" if not known; owned by hn_eval */
} hn_eval_sample;

enum { HN_CURVE_ROC = 1, HN_CURVE_PR = 2 };

/* A point of a curve: at `threshold` and above is called positive. */
typedef struct hn_curve_point {
    double x;         /* ROC: 1 - specificity; PR: recall */
    double y;         /* ROC: sensitivity; PR: precision */
    double threshold; /* +infinity at the ROC's first point; NaN at the PR's last */
} hn_curve_point;

/* Predicts every row of a data set. Files that cannot be read are skipped and counted.
 *   options  copied; NULL = defaults
 *   out      receives the handle; free it with hn_eval_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_DATA (no readable row; classes differ from the model's), HN_E_CANCELLED, HN_E_NUMERIC,
 *          HN_E_BACKEND, HN_E_IO and HN_E_FORMAT (strict data sets only), HN_E_MEMORY.
 * Thread:  owner (of the predictor and of the data set).
 * Since:   0.1 */
HN_API hn_status hn_evaluate(hn_predictor *predictor, hn_dataset *dataset, const hn_eval_options *options, hn_eval **out, hn_error *err);

/* Takes labels and probabilities from the caller.
 *   arrays   copied
 *   out      receives the handle; free it with hn_eval_free
 * Errors:  HN_E_ARGUMENT (also a probability outside 0 … 1 or a class out of range: names the row), HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_from_arrays(hn_context *context, const hn_eval_arrays *arrays, hn_eval **out, hn_error *err);

/* All figures at a threshold.
 *   threshold  0 < t < 1; 0 = the one of the evaluation
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_metrics(const hn_eval *eval, double threshold, hn_metrics *out, hn_error *err);

/* Figures of one class or label, at a threshold as in hn_eval_metrics.
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND (index), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_class(const hn_eval *eval, int32_t index, double threshold, hn_class_metrics *out, hn_error *err);

/* The confusion matrix [n_classes, n_classes], rows true, columns predicted, at a threshold as in hn_eval_metrics. Multi-label data
 * gives [n_classes, 2, 2]: for each label tn, fp, fn, tp.
 *   dst      the caller's buffer; NULL only asks for the size
 *   cap      its size in numbers
 *   need     receives the size in numbers; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_BUFFER, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_confusion(const hn_eval *eval, double threshold, int64_t *dst, size_t cap, size_t *need, hn_error *err);

/* The ROC or precision–recall curve of one class or label, one point a distinct probability, by falling threshold.
 *   kind     HN_CURVE_…
 *   dst, cap, need  as hn_eval_confusion, counted in points
 * Errors:  HN_E_ARGUMENT, HN_E_NOT_FOUND (index), HN_E_DATA (one class only: the curve has no meaning), HN_E_BUFFER, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_curve(const hn_eval *eval, int32_t kind, int32_t index, hn_curve_point *dst, size_t cap, size_t *need, hn_error *err);

/* Number of samples; 0 for NULL.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API int64_t hn_eval_count(const hn_eval *eval);

/* One sample.
 *   index    0 … count - 1
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_row(const hn_eval *eval, int64_t index, hn_eval_sample *out, hn_error *err);

/* The name of a class or label; NULL if there is no such class.
 * Returns a string that the evaluation owns.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_eval_class_name(const hn_eval *eval, int32_t index);

/* Gives the handle back. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_eval_free(hn_eval *eval);

#ifdef __cplusplus
}
#endif
#endif
