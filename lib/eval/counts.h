/* counts.h - how often each class is true, called, and both: all that the threshold figures are made of.
 *
 * A row that was flagged when it was predicted, or that holds a probability which is not finite, is *silent*: it has no verdict. It
 * stays in n and in its class's support, so accuracy and recall fall by it; it is called nothing, so it is in no column. */
#ifndef HNI_EVAL_COUNTS_H
#define HNI_EVAL_COUNTS_H

#include <stdbool.h>

#include "eval.h" /* defines: hn_eval */

typedef struct hni_counts {
    int64_t *support;   /* [K] rows of which the class is true */
    int64_t *predicted; /* [K] rows that are called the class */
    int64_t *hit;       /* [K] both */
    int64_t *silent;    /* [K] silent rows of which the class is true */
    int64_t judged;     /* rows with a verdict */
    int64_t right;      /* right rows; multi-label: right labels */
    int64_t exact;      /* rows with everything right */
} hni_counts;

/* One class against the rest. */
typedef struct hni_quad {
    int64_t tp, fp, tn, fn;
} hni_quad;

bool hni_eval_silent(const hn_eval *eval, int64_t row);
bool hni_eval_truth(const hn_eval *eval, int64_t row, int32_t k);

hn_status hni_counts_take(const hn_eval *eval, double threshold, hni_counts *out, hn_error *err); /* hni_counts_free it */
void hni_counts_free(const hn_eval *eval, hni_counts *counts);
hni_quad hni_counts_quad(const hni_counts *counts, int32_t k);

#endif
