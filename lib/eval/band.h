/* band.h - how sure a curve is, place by place. */
#ifndef HNI_EVAL_BAND_H
#define HNI_EVAL_BAND_H

#include "eval.h" /* defines: hn_eval */

enum { HNI_BAND_PLACES = 64 };

/* Arguments are checked by the caller: kind, index, x [n] rising within 0 … 1; options have nothing left at 0. */
hn_status hni_eval_band(const hn_eval *eval, int32_t kind, int32_t index, const hn_bootstrap_options *options, const double *x, int32_t n, double *y,
                        double *low, double *high, hn_error *err);

#endif
