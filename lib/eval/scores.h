/* scores.h - figures of the probabilities themselves, at no threshold. Silent rows (see counts.h) are left out; NaN if none is left. */
#ifndef HNI_EVAL_SCORES_H
#define HNI_EVAL_SCORES_H

#include "eval.h" /* defines: hn_eval */

double hni_eval_brier(const hn_eval *eval, int32_t k); /* mean (p - y)² of class k against the rest */

/* Mean -log p of the true class; multi-label: mean over rows and labels of the binary cross-entropy. p is clipped to
 * [2^-52, 1 - 2^-52] and rows are not made to add up to one, as in scikit-learn since 1.5. */
double hni_eval_log_loss(const hn_eval *eval, const double *weights); /* weights [n_classes], NULL = all 1 */

#endif
