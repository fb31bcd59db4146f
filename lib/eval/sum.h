/* sum.h - adding many doubles in order, with the rounding errors kept (Neumaier), so that metrics of a million rows still agree with
 * other programs to 1e-12 whatever order those add in. Not for the networks' sums: those live in the backends. */
#ifndef HNI_EVAL_SUM_H
#define HNI_EVAL_SUM_H

#include <math.h>

typedef struct hni_sum {
    double sum, lost; /* the sum so far, and what rounding took from it */
} hni_sum;

static inline void hni_sum_add(hni_sum *s, double x) {
    const double t = s->sum + x;
    s->lost += fabs(s->sum) >= fabs(x) ? (s->sum - t) + x : (x - t) + s->sum;
    s->sum = t;
}

static inline double hni_sum_total(const hni_sum *s) { return s->sum + s->lost; }

#endif
