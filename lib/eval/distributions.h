/* distributions.h - normal, Student's t and binomial probabilities for intervals and tests; own numerics, the same bits everywhere.
 * Relative error below 1e-11 in the ranges that intervals ask for (t: degrees of freedom up to 10^5; binomial: n up to 10^5). */
#ifndef HNI_EVAL_DISTRIBUTIONS_H
#define HNI_EVAL_DISTRIBUTIONS_H

#include <stdint.h>

double hni_normal_upper(double x);             /* P(Z > x) */
double hni_normal_quantile(double p);          /* x with P(Z ≤ x) = p; ∓infinity at 0 and 1 */
double hni_t_two_sided(double t, double dof);  /* P(|T| > |t|), dof > 0 */
double hni_t_critical(double level, double dof);   /* t with P(|T| ≤ t) = level, 0 < level < 1 */
double hni_log_gamma(double x);                /* x > 0 */

/* Of n fair coins: P(at most k heads), and P(exactly k). 0 ≤ k ≤ n. */
double hni_coin_at_most(int64_t k, int64_t n);
double hni_coin_exactly(int64_t k, int64_t n);

#endif
