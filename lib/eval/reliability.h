/* reliability.h - how far probabilities are from what happens. */
#ifndef HNI_EVAL_RELIABILITY_H
#define HNI_EVAL_RELIABILITY_H

#include "eval.h" /* defines: hn_eval */
#include "haemnet/calibrate.h"

enum { HNI_BINS = 100 };

/* options: nothing left at 0; index is a class or HN_CALLED_CLASS. bins [HNI_BINS] receives out->bins. */
hn_status hni_eval_reliability(const hn_eval *eval, const hn_reliability_options *options, hn_reliability *out, hn_reliability_bin *bins,
                               hn_error *err);

#endif
