/* numeric.h - exp, log, sine of our own: libm's differ from machine to machine, ours give the same bits wherever IEEE 754 holds.
 * Error below 2 ulp in the ranges used. sqrt and fabs are exact in libm and used as they are. Never built with -ffast-math. */
#ifndef HNI_BASE_NUMERIC_H
#define HNI_BASE_NUMERIC_H

double hni_exp(double x);   /* 0 below -745.2, inf above 709.8, NaN stays */
double hni_log(double x);   /* NaN below 0, -inf at 0 */
double hni_log1p(double x); /* log(1 + x), accurate near 0 */
double hni_sin(double x);   /* |x| ≤ 1e5 */
double hni_cos(double x);
double hni_tanh(double x);
double hni_pow(double x, double y); /* x > 0: exp(y·log x); integer y by multiplication */

#endif
