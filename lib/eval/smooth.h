/* smooth.h - averaging along the slices of a series. */
#ifndef HNI_EVAL_SMOOTH_H
#define HNI_EVAL_SMOOTH_H

#include "eval.h" /* defines: hn_eval */

typedef struct hni_slice {
    int64_t row;     /* of the evaluation */
    uint64_t series; /* slices of one number belong together */
    double number;   /* of the slice, along the series */
} hni_slice;

/* Puts in the place of every listed row the mean over the slices of its series, weights exp(-d² / 2 sigma²), d the difference of numbers.
 *   slices   [n] sorted by series, then number; a row not more than once. Rows that are not listed, and silent ones, stay as they are
 *   sigma    > 0
 * Errors: HN_E_MEMORY; eval is then unchanged. */
hn_status hni_eval_smooth(hn_eval *eval, const hni_slice *slices, int64_t n, double sigma, hn_error *err);

#endif
