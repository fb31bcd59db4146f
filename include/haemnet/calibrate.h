/* calibrate.h - what a model's probabilities are worth, and what is made of them: thresholds by rule, with the sensitivity and specificity that
 * they buy; how far probabilities can be believed; calibration.
 *
 * Choose a threshold, and fit a calibration, on one part of the data and report figures on another: on the rows that something was chosen on,
 * every figure is too good. Results carry the part's digest, so that a program can tell. */
#ifndef HAEMNET_CALIBRATE_H
#define HAEMNET_CALIBRATE_H

#include "evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rules that choose a threshold. */
enum {
    HN_CHOOSE_YOUDEN = 1,      /* largest sensitivity + specificity - 1; the more sensitive on ties */
    HN_CHOOSE_SENSITIVITY = 2, /* most specific of those that are at least so sensitive */
    HN_CHOOSE_SPECIFICITY = 3, /* most sensitive of those that are at least so specific */
    HN_CHOOSE_COST = 4         /* lowest value · missed + false alarms; the more sensitive on ties */
};

/* A threshold, and where it comes from. It lies halfway between two probabilities of the rows that it was chosen on. */
typedef struct hn_threshold {
    uint32_t struct_size; /* in: sizeof(hn_threshold) */
    int32_t rule;         /* HN_CHOOSE_…; 0 = set by hand */
    double value;         /* of the rule: the target, or what one missed costs in false alarms; 0 where it has none */
    double threshold;     /* 0 < t < 1 */
    double sensitivity;   /* on the rows that it was chosen on: too good to be reported */
    double specificity;   /* likewise */
    int64_t n;            /* rows that it was chosen on */
    int64_t positives;    /* of them */
    int64_t groups;       /* independent units among them, as hn_interval.groups */
    uint64_t digest[4];   /* hn_dataset_info.digest of their data set; all 0 = not known */
    int32_t index;        /* class or label that is called from the threshold on */
    int32_t group_rule;   /* HN_RULE_… if it was chosen on patients (hn_eval_by_group); 0 = on rows */
    int32_t top;          /* of HN_RULE_TOP_MEAN, else 0 */
    int32_t flags;        /* 0 */
} hn_threshold;

/* What is reached while something else is held; no struct_size, never to change. */
typedef struct hn_operating_point {
    double value;     /* sensitivity or specificity that is held */
    double estimate;  /* the other of the two; NaN where no threshold reaches the value */
    double low;       /* limits by bootstrap; NaN where the data do not allow them */
    double high;      /* likewise */
    double threshold; /* from which it is reached on these rows */
} hn_operating_point;

/* How probabilities are put into bins. */
enum {
    HN_BINS_EQUAL_WIDTH = 1, /* 0 … 1 in equal parts */
    HN_BINS_EQUAL_COUNT = 2  /* at quantiles of the probabilities; equal ones stay together, so bins may be fewer than asked for */
};

/* The probability of the class that is called, against its being right: for hn_reliability_options.index. */
enum { HN_CALLED_CLASS = -1 };

typedef struct hn_reliability_options {
    uint32_t struct_size; /* sizeof(hn_reliability_options) */
    int32_t binning;      /* HN_BINS_…; 0 = equal width */
    int32_t bins;         /* 1 … 100; 0 = 10 */
    int32_t index;        /* class or label + 1; 0 = the positive class; HN_CALLED_CLASS (single-label only) */
    double level;         /* of the bands, 0 < l < 1; 0 = 0.95 */
} hn_reliability_options;

/* A point of the reliability diagram; no struct_size, never to change. */
typedef struct hn_reliability_bin {
    double low;        /* of the bin; probabilities above it … */
    double high;       /* … up to this one, itself among them; the first bin takes its lower end in too */
    double mean;       /* of the probabilities; NaN if the bin is empty */
    double share;      /* of rows that are positive; likewise */
    double share_low;  /* its interval, as of hn_eval_rate; NaN for one patient alone */
    double share_high; /* likewise */
    int64_t n;         /* rows */
} hn_reliability_bin;

/* How far probabilities are from shares. brier = reliability - resolution + uncertainty + within_variance - within_covariance. */
typedef struct hn_reliability {
    uint32_t struct_size;     /* in: sizeof(hn_reliability) */
    int32_t bins;             /* bins there are, empty ones among them */
    int32_t binning;          /* HN_BINS_… */
    int32_t index;            /* class or label; HN_CALLED_CLASS */
    int64_t n;                /* rows with a verdict */
    int64_t groups;           /* independent units among them, as hn_interval.groups */
    double mean;              /* probability, over all rows */
    double share;             /* positive rows / rows */
    double ece;               /* expected calibration error: Σ n_b / n · |share_b - mean_b| */
    double mce;               /* maximum calibration error: the largest |share_b - mean_b| */
    double brier;             /* mean (p - y)² */
    double reliability;       /* Σ n_b / n · (mean_b - share_b)², Murphy (1973): 0 is best */
    double resolution;        /* Σ n_b / n · (share_b - share)²: how far bins differ in what happens; more is better */
    double uncertainty;       /* share · (1 - share): of the data alone */
    double within_variance;   /* mean (p - mean_b)², Stephenson et al. (2008): what the bins hide … */
    double within_covariance; /* … 2 · mean (p - mean_b)(y - share_b): and how much of it was right */
} hn_reliability;

/* How calibrated probabilities are made: softmax, or the sigmoid of each label, of scale · logit + shift. */
enum {
    HN_CALIBRATION_TEMPERATURE = 1, /* scale alone, 1 / T: one for all classes, or one a label (Guo et al., 2017) */
    HN_CALIBRATION_PLATT = 2        /* scale and shift, Platt's (1999) targets: two classes, one of them positive; or each label */
};

/* A calibration, and where it comes from. */
typedef struct hn_calibration {
    uint32_t struct_size;   /* in: sizeof(hn_calibration) */
    int32_t method;         /* HN_CALIBRATION_…; 0 = none */
    double *scale;          /* the caller's array of `capacity` doubles, or NULL; receives n_classes values */
    double *shift;          /* likewise */
    int32_t capacity;       /* in: doubles in each array; must be ≥ n_classes if one is given */
    int32_t n_classes;      /* classes or labels */
    int64_t n;              /* rows that it was fitted on */
    int64_t groups;         /* independent units among them, as hn_interval.groups */
    uint64_t digest[4];     /* hn_dataset_info.digest of their data set; all 0 = not known */
    uint64_t unfitted;      /* several labels: bit k = the rows say nothing about label k, which keeps scale 1, shift 0 */
    double log_loss_before; /* mean of the rows that it was fitted on, as hn_metrics.log_loss without clipping */
    double log_loss_after;  /* likewise: too good to be reported */
} hn_calibration;

/* Chooses a threshold for a class or label. Silent positives are missed at every threshold, as in hn_metrics.
 *   eval     the rows to choose on: not those that figures are reported on. Single-label: two classes
 *   index    class or label + 1; 0 = the positive class
 *   rule     HN_CHOOSE_…
 *   value    0 < v ≤ 1 for a target, > 0 for costs, else 0
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT (also: no positive class; more than two classes, of which the most probable is called whatever the threshold),
 *          HN_E_ABI, HN_E_NOT_FOUND (index), HN_E_DATA (one class only; no threshold reaches the target: says what is reached), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_threshold(const hn_eval *eval, int32_t index, int32_t rule, double value, hn_threshold *out, hn_error *err);

/* "youden", "sensitivity", "specificity", "cost"; NULL if there is no such rule.
 * Returns a string that lives as long as the library.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_threshold_rule_name(int32_t rule);

/* Specificity at fixed sensitivities, or the reverse, with intervals: each resample of groups finds its own threshold, so that the limits know
 * of the choice. A grid of values gives the band of a ROC curve.
 *   index    class or label + 1; 0 = the positive class
 *   rule     HN_CHOOSE_SENSITIVITY: sensitivity is held, specificity comes out; HN_CHOOSE_SPECIFICITY: the reverse
 *   values   n numbers, 0 < v ≤ 1; read during the call
 *   n        1 … 64
 *   options  as hn_eval_bootstrap
 *   points   receives n
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND (index), HN_E_DATA (one class only), HN_E_CANCELLED, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_operating_points(const hn_eval *eval, int32_t index, int32_t rule, const double *values, int32_t n,
                                          const hn_bootstrap_options *options, hn_operating_point *points, hn_error *err);

/* How well probabilities fit what happens: calibration errors, the parts of the Brier score, and the points of a reliability diagram.
 *   options  NULL = ten bins of equal width, of the positive class
 *   out      filled; set out->struct_size before
 *   bins     the caller's buffer; NULL only asks for their number
 *   cap      its size in bins
 *   need     receives the number of bins; may be NULL
 * Errors:  HN_E_ARGUMENT (also: no positive class), HN_E_ABI, HN_E_NOT_FOUND (index), HN_E_DATA (no row with a verdict), HN_E_BUFFER, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_reliability(const hn_eval *eval, const hn_reliability_options *options, hn_reliability *out, hn_reliability_bin *bins,
                                     size_t cap, size_t *need, hn_error *err);

/* Fits a calibration to the network's logits, whatever calibration the model has; by Newton's method, in float64.
 *   eval     of hn_evaluate without test-time averaging, or of arrays with logits: not the rows that the model was trained on, nor those that
 *            figures are reported on
 *   method   HN_CALIBRATION_…
 *   out      filled; set out->struct_size, and the arrays with their capacity, before
 * Errors:  HN_E_ARGUMENT (also: no logits, or means of them over views; Platt's with more than two classes or none positive), HN_E_ABI,
 *          HN_E_BUFFER (capacity), HN_E_DATA (one class only; logits that rise where the class is absent; all rows right by far, so that no
 *          scale is best), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_calibrate(const hn_eval *eval, int32_t method, hn_calibration *out, hn_error *err);

/* The same rows with the probabilities that a calibrated model gives, bit for bit: to choose a threshold, or to look at reliability, without
 * another pass over the images.
 *   eval, calibration  as hn_eval_calibrate
 *   out      receives the handle; free it with hn_eval_free
 * Errors:  HN_E_ARGUMENT (also: another number of classes; scale or shift out of range), HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_eval_calibrated(const hn_eval *eval, const hn_calibration *calibration, hn_eval **out, hn_error *err);

/* The model with a calibration: predictors of it give calibrated probabilities; logits stay the network's. A threshold that was chosen by a rule
 * was one of other probabilities, and becomes 0.5 again: choose after calibrating.
 *   calibration  copied, with scale and shift; NULL = none
 *   out      receives the handle; free it with hn_model_free
 * Errors:  HN_E_ARGUMENT (also: another number of classes; scale not above 0 or over 10^6, shift over 10^6; scales or shifts that differ where
 *          the method has one), HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_with_calibration(const hn_model *model, const hn_calibration *calibration, hn_model **out, hn_error *err);

/* The model with another threshold, and where that comes from. Training on from it forgets both this and the calibration.
 *   threshold  copied; rule 0 = by hand, only `threshold` counts
 *   out      receives the handle; free it with hn_model_free
 * Errors:  HN_E_ARGUMENT (also: not between 0 and 1; no such rule or class), HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_with_threshold(const hn_model *model, const hn_threshold *threshold, hn_model **out, hn_error *err);

/* The model's calibration; method 0, scale 1, shift 0 if it has none.
 *   out      filled; set out->struct_size, and the arrays with their capacity, before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_BUFFER (capacity).
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_get_calibration(const hn_model *model, hn_calibration *out, hn_error *err);

/* The model's threshold and where it comes from; rule 0 if nobody chose it by a rule.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_get_threshold(const hn_model *model, hn_threshold *out, hn_error *err);

/* "temperature", "platt"; NULL if there is no such method.
 * Returns a string that lives as long as the library.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_calibration_method_name(int32_t method);

#ifdef __cplusplus
}
#endif
#endif
