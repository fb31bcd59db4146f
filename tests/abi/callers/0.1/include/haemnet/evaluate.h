/* evaluate.h - how good a model is on labelled data, and how sure that is: every prediction, metrics that agree with scikit-learn to 1e-12,
 * intervals, comparisons of two models.
 *
 * A metric that has no meaning for the data (one class only, nothing predicted positive, …) is NaN and has its bit in `undefined`;
 * it is never 0 by convention. An interval that the data do not allow is NaN too. */
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
    double smooth;           /* standard deviation in slices, 0 … 100, of a Gaussian along the series of a patient and study, by which logits are
                                averaged; 0 = each slice by itself. Rows without patient or slice number stay. Name it beside every figure */
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
    const char *const *groups;      /* [n] patient of each sample, NULL or "" = not known; NULL = none is known; copied */
    const double *logits;           /* [n, n_classes] what the probabilities were made of, for fitting a calibration; NULL = not known; copied */
    uint64_t digest[4];             /* hn_dataset_info.digest of the rows; all 0 = not known */
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
    double novelty;               /* as hn_prediction.novelty; NaN = not known */
} hn_eval_sample;

enum { HN_CURVE_ROC = 1, HN_CURVE_PR = 2 };

/* A point of a curve: at `threshold` and above is called positive. */
typedef struct hn_curve_point {
    double x;         /* ROC: 1 - specificity; PR: recall */
    double y;         /* ROC: sensitivity; PR: precision */
    double threshold; /* +infinity at the ROC's first point; NaN at the PR's last */
} hn_curve_point;

/* How an interval was made; hn_interval.method. */
enum {
    HN_INTERVAL_WILSON = 1,   /* Wilson's score interval of a proportion */
    HN_INTERVAL_DELONG = 2,   /* DeLong's variance: of one AUC on the logit scale, of a difference on its own */
    HN_INTERVAL_NEWCOMBE = 3, /* Newcombe's (2006) fifth interval of an AUC: where DeLong's variance is 0 and says nothing */
    HN_INTERVAL_WILSON_GROUPS = 4 /* Wilson's with the number of rows that are worth as much as the groups */
};

/* A figure with its confidence interval. */
typedef struct hn_interval {
    uint32_t struct_size;   /* in: sizeof(hn_interval) */
    int32_t method;         /* HN_INTERVAL_… */
    double estimate;        /* the figure itself */
    double low;             /* NaN where the data do not allow an interval */
    double high;            /* likewise */
    double level;           /* share of such intervals that hold the true value, 0.95 */
    double standard_error;  /* of the estimate; NaN where the method has none */
    double p;               /* of a difference: two-sided probability of one at least as large if there were none; else NaN */
    int64_t n;              /* samples that it is of */
    int64_t groups;         /* independent units among them: patients, or samples where no patient is known */
} hn_interval;

/* Mean of a metric over folds and repeats. Folds share training data, so the plain interval is too narrow. */
typedef struct hn_mean {
    uint32_t struct_size;   /* in: sizeof(hn_mean) */
    int32_t flags;          /* 0 */
    int64_t n;              /* values that are not NaN: only they count */
    double mean;            /* NaN if n = 0 */
    double deviation;       /* standard deviation, n - 1; NaN if n < 2 */
    double level;           /* of the intervals, 0.95 */
    double low;             /* Student's t with n - 1 degrees of freedom, variance s² / n; NaN if n < 2 */
    double high;            /* likewise */
    double corrected_low;   /* the same with Nadeau and Bengio's (2003) variance s² · (1 / n + test_to_train) */
    double corrected_high;  /* likewise */
} hn_mean;

/* Two models' verdicts on the same samples. */
typedef struct hn_mcnemar {
    uint32_t struct_size;  /* in: sizeof(hn_mcnemar) */
    int32_t flags;         /* 0 */
    int64_t both;          /* right by both; a silent row is wrong, as in accuracy */
    int64_t only_a;        /* right by a alone */
    int64_t only_b;        /* right by b alone */
    int64_t neither;       /* wrong by both */
    double exact;          /* two-sided p of the exact conditional test; 1 where the two never differ */
    double mid_p;          /* the same, counting half the probability of what was seen: less cautious, nearer to its level */
} hn_mcnemar;

/* Shares of rows at a threshold, for hn_eval_rate; as the fields of hn_metrics. */
enum { HN_RATE_ACCURACY = 1, HN_RATE_SENSITIVITY = 2, HN_RATE_SPECIFICITY = 3, HN_RATE_PPV = 4, HN_RATE_NPV = 5 };

enum {
    HN_BOOTSTRAP_BCA = 1,       /* bias-corrected and accelerated (Efron, 1987) */
    HN_BOOTSTRAP_PERCENTILE = 2 /* quantiles of the resampled figures as they are */
};

typedef struct hn_bootstrap_options {
    uint32_t struct_size; /* sizeof(hn_bootstrap_options) */
    int32_t method;       /* HN_BOOTSTRAP_…; 0 = BCa, which corrects for bias and skewness and stays within the metric's range */
    int32_t resamples;    /* 100 … 100000; 0 = 2000 */
    int32_t flags;        /* 0 */
    double level;         /* 0 < l < 1; 0 = 0.95 */
    uint64_t seed;        /* same seed, same data: same bits */
    hn_cancel *cancel;    /* may be NULL */
} hn_bootstrap_options;

/* How the probabilities of a patient's slices become the patient's; HN_RULE_…. */
enum {
    HN_RULE_MAX = 1,      /* the largest */
    HN_RULE_NOISY_OR = 2, /* 1 - Π (1 - p): that none of them is positive, were they independent */
    HN_RULE_TOP_MEAN = 3, /* mean of the largest few */
    HN_RULE_MEAN = 4      /* mean of all */
};

/* Accuracies of trainings on more and more data. */
typedef struct hn_learning_points {
    uint32_t struct_size;     /* sizeof(hn_learning_points) */
    int32_t flags;            /* 0 */
    int64_t n;                /* trainings, 2 … 10000, of two sizes at least */
    const double *sizes;      /* [n] training patients, or whatever is counted, ≥ 1; read during the call, as the others */
    const double *accuracies; /* [n] 0 … 1 */
    const double *weights;    /* [n] > 0, such as the number of test samples; NULL = all 1 */
    const int32_t *series;    /* [n] which points were made together (one seed, nested subsets): they are resampled together; NULL = each apart */
} hn_learning_points;

typedef struct hn_power_law_options {
    uint32_t struct_size; /* sizeof(hn_power_law_options) */
    int32_t resamples;    /* 100 … 100000; 0 = 2000 */
    double target;        /* accuracy whose size is asked for, 0 < t < 1; 0 = 0.95 */
    double level;         /* of the intervals, 0 < l < 1; 0 = 0.95 */
    uint64_t seed;        /* same seed, same points: same bits */
    hn_cancel *cancel;    /* may be NULL */
} hn_power_law_options;

/* accuracy in percent = 100 + b1 · size^b2. */
typedef struct hn_power_law {
    uint32_t struct_size;  /* in: sizeof(hn_power_law) */
    int32_t flags;         /* 0 */
    double b1;             /* percent points; below 0 */
    double b1_low;         /* percentile limits over fits of resampled series; NaN with one series only */
    double b1_high;        /* likewise */
    double b2;             /* below 0 where accuracy rises with size */
    double b2_low;         /* likewise */
    double b2_high;        /* likewise */
    double error;          /* weighted root mean square of what the fit leaves, percent points */
    double target;         /* 0 … 1 */
    double level;          /* 0 … 1 */
    double size;           /* at which the target is reached; +infinity if accuracy does not rise */
    double size_low;       /* likewise; +infinity where many resampled fits do not rise */
    double size_high;      /* likewise */
    int64_t resamples;     /* fits of resampled series */
} hn_power_law;

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

/* How sure a curve is: limits of y at places of x, each place for itself, by resampling groups as in hn_eval_bootstrap. The ROC is read linear between
 * its points, at a step its upper end; precision where recall first reaches the place.
 *   kind, index  as hn_eval_curve
 *   options  as hn_eval_bootstrap
 *   x        n places, rising, within 0 and 1; read during the call only
 *   n        1 … 64
 *   y        receives n values of the curve itself; may be NULL
 *   low      receives n lower limits; NaN where the data allow none
 *   high     receives n upper limits
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND (index), HN_E_DATA (one class only: the curve has no meaning), HN_E_CANCELLED, HN_E_MEMORY.
 *          On failure y, low and high are as they were.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_curve_band(const hn_eval *eval, int32_t kind, int32_t index, const hn_bootstrap_options *options, const double *x, int32_t n,
                                    double *y, double *low, double *high, hn_error *err);

/* From slices to patients: an evaluation with one sample a group, in the order of the groups' first rows. A group is positive if any of its
 * rows is; its probability of the positive class, or of each label, comes from its rows by the rule. Single-label classes become two: the
 * positive one and the rest. Silent rows are left out; a group of nothing else is silent. Rows without a group are their own.
 *   eval     single-label: with a positive class
 *   rule     HN_RULE_…; name it beside every figure: hn_eval_rule_name
 *   top      HN_RULE_TOP_MEAN: how many rows, ≥ 1 (a group with fewer gives all); else 0
 *   out      receives the handle; free it with hn_eval_free. hn_eval_row gives the group, and the first of its rows as `row`
 * Errors:  HN_E_ARGUMENT (also: no positive class), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_by_group(const hn_eval *eval, int32_t rule, int32_t top, hn_eval **out, hn_error *err);

/* "max", "noisy-or", "top-mean", "mean"; NULL if there is no such rule.
 * Returns a string that lives as long as the library.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_eval_rule_name(int32_t rule);

/* Log loss with a weight for each class or label, p clipped as in hn_metrics.log_loss. Several labels a row: Σ w_k · cross-entropy of label k
 * over n Σ w_k, which with 2 for "any" and 1 for the five types is the measure of the RSNA challenge of 2019 (Flanders et al. 2020); one
 * class a row: Σ w -log p / Σ w, w that of the true class. Without weights it is hn_metrics.log_loss.
 *   weights  n numbers ≥ 0, not all 0; NULL = all 1; read during the call
 *   n        n_classes, or 0 with NULL
 *   out      receives it; NaN if no row has a verdict, or none of a class that weighs
 * Errors:  HN_E_ARGUMENT (also: not as many weights as classes).
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_log_loss(const hn_eval *eval, const double *weights, int32_t n, double *out, hn_error *err);

/* Wilson's interval of a proportion: accuracy, sensitivity and so on, where samples are independent (one image a patient). Images of one
 * patient are alike, and its interval is then too narrow: hn_eval_bootstrap.
 *   hits     0 … n
 *   n        ≥ 1
 *   level    0 < l < 1; 0 = 0.95
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_proportion(int64_t hits, int64_t n, double level, hn_interval *out, hn_error *err);

/* A share at a threshold with its interval, in one pass: Wilson's where rows are independent, else Wilson's with as many rows as the groups are
 * worth, Student's t for the normal. What a row is worth follows from how alike the rows of a group are, seen with half an invented
 * group added, half of it hits: few groups never look sure. With one group alone there is no interval.
 *   rate     HN_RATE_…; all but accuracy are of the positive class
 *   threshold  as hn_eval_metrics
 *   level    as hn_eval_proportion
 *   out      filled; NaN where the share has no meaning; set out->struct_size before
 * Errors:  HN_E_ARGUMENT (also: no positive class), HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_rate(const hn_eval *eval, int32_t rate, double threshold, double level, hn_interval *out, hn_error *err);

/* Mean, deviation and Student's t intervals of a metric over folds and repeats, plain and corrected.
 *   values   n numbers; NaN is left out; read during the call
 *   n        ≥ 1
 *   test_to_train  rows tested / rows trained on in a fold, > 0: 1 / (k - 1) for k folds
 *   level    as hn_eval_proportion
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT (also an infinite value: names it), HN_E_ABI.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_mean(const double *values, int64_t n, double test_to_train, double level, hn_mean *out, hn_error *err);

/* ROC AUC of one class or label with DeLong's variance. Rows of one group count as one unit (Obuchowski, 1997); with one row a group, or
 * groups not known, this is DeLong's own. The interval is made on the logit scale, so it stays within 0 and 1. Each kind of row must be in at
 * least two groups, else there is no interval.
 *   index    0 … n_classes - 1
 *   level    as hn_eval_proportion
 *   out      filled; estimate, low and high are NaN for one class only; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND (index), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_auc(const hn_eval *eval, int32_t index, double level, hn_interval *out, hn_error *err);

/* Difference AUC(a) - AUC(b) of two models on the same rows, paired, with DeLong's covariance by group as hn_eval_auc. Rows that are silent
 * in either are left out of both.
 *   a, b     same rows in the same order; groups are a's
 *   index, level  as hn_eval_auc
 *   out      filled, p too; set out->struct_size before
 * Errors:  HN_E_ARGUMENT (other rows: names the first that differs), HN_E_ABI, HN_E_NOT_FOUND (index), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_auc_difference(const hn_eval *a, const hn_eval *b, int32_t index, double level, hn_interval *out, hn_error *err);

/* McNemar's test: do two models err equally often on the same rows? Each judges by its own threshold; several labels: a row is right if
 * every label is. Rows are taken as independent; for several rows a patient see hn_eval_bootstrap_difference.
 *   a, b     same rows in the same order
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT (other rows: names the first that differs), HN_E_ABI.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_mcnemar(const hn_eval *a, const hn_eval *b, hn_mcnemar *out, hn_error *err);

/* Confidence limits of every metric at once, by resampling groups: all rows of a patient are drawn together; rows without a group are their
 * own. Resamples in which a metric has no meaning are left out of it; with less than half left its limits are NaN. Limits of no width mean
 * that no resample differed (all right, say): see hn_eval_proportion then. One metric of n rows takes about resamples · n log n steps.
 *   threshold  as hn_eval_metrics
 *   options  NULL = BCa, 2000 resamples, 0.95, seed 0
 *   low      filled like hn_eval_metrics, but the fields from accuracy to exact_match are lower limits; set low->struct_size before
 *   high     likewise the upper limits
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_CANCELLED, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_bootstrap(const hn_eval *eval, double threshold, const hn_bootstrap_options *options, hn_metrics *low, hn_metrics *high,
                                   hn_error *err);

/* The same for the difference of every metric between two models, a's less b's, each at its own threshold; groups are drawn for both alike.
 *   a, b     same rows in the same order; groups are a's
 *   options  as hn_eval_bootstrap
 *   low, high  as hn_eval_bootstrap; fields before accuracy are a's
 * Errors:  HN_E_ARGUMENT (other rows: names the first that differs), HN_E_ABI, HN_E_CANCELLED, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_bootstrap_difference(const hn_eval *a, const hn_eval *b, const hn_bootstrap_options *options, hn_metrics *low,
                                              hn_metrics *high, hn_error *err);

/* How much data is enough: fits accuracy as an inverse power law of the training size by weighted least squares (Gauss–Newton), and says
 * at which size a target would be reached, with limits by resampling whole series. Beyond the sizes that were tried it is an extrapolation.
 *   points   see there
 *   options  NULL = target 0.95, level 0.95, 2000 resamples, seed 0
 *   out      filled; set out->struct_size before
 *   fits     the caller's [resamples, 2], receives b1 and b2 of each resample (NaN where there is no fit); may be NULL
 *   cap      its size in numbers
 * Errors:  HN_E_ARGUMENT (also a value out of range: names the point), HN_E_ABI, HN_E_DATA (one size only; all accuracies 1), HN_E_BUFFER,
 *          HN_E_CANCELLED, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_power_law(hn_context *context, const hn_learning_points *points, const hn_power_law_options *options, hn_power_law *out,
                                   double *fits, size_t cap, hn_error *err);

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
