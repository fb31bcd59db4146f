/* rates.h - shares of rows at a threshold, summed by group, and their intervals. */
#ifndef HNI_EVAL_RATES_H
#define HNI_EVAL_RATES_H

#include "groups.h"

/* Does the row count for HN_RATE_…, and is it a hit? Of several labels, accuracy counts each. Adds to *hits and *of. */
void hni_rate_row(const hn_eval *eval, int64_t row, int32_t rate, double threshold, double *hits, double *of);

/* hits of `of` in each group [groups]; groups with of 0 are none. Plain Wilson if no group has two. */
void hni_wilson_grouped(const double *hits, const double *of, int64_t groups, double level, hn_interval *out);

/* Arguments as hn_eval_rate, checked. */
hn_status hni_eval_rate(const hn_eval *eval, int32_t rate, double threshold, double level, hn_interval *out, hn_error *err);

#endif
