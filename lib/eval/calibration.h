/* calibration.h - probabilities from logits through a scale and a shift, and fitting the two. */
#ifndef HNI_EVAL_CALIBRATION_H
#define HNI_EVAL_CALIBRATION_H

#include <stdbool.h>

#include "eval.h" /* defines: hn_eval */
#include "haemnet/calibrate.h"

const char *hni_calibration_name(int32_t method); /* NULL if there is none */

/* logits [n] → p [n], which may be the same: softmax or sigmoids of scale · logit + shift. Not finite in, NaN out. */
void hni_calibrated(int32_t task, int32_t n, const double *scale, const double *shift, const double *logits, double *p);

/* Do scale and shift [n_classes] of a calibration make sense for such a model? `where` begins the message. */
hn_status hni_calibration_check(const hn_calibration *c, int32_t task, int32_t n_classes, const char *where, hn_error *err);

/* Fills all of out but struct_size and capacity; out->scale and out->shift are [n_classes]. Arguments as of hn_eval_calibrate, checked. */
hn_status hni_eval_calibrate(const hn_eval *eval, int32_t method, hn_calibration *out, hn_error *err);
hn_status hni_eval_calibrated(const hn_eval *eval, const hn_calibration *c, hn_eval **out, hn_error *err);

/* fit.c: one question, n rows. z [n, k] logits and truth [n] the right one of them; a sigmoid is k = 2 with a first logit of 0. */
typedef struct hni_fit {
    const double *z;
    const int32_t *truth;
    int64_t n;
    int32_t k;
} hni_fit;
enum { HNI_FIT_DONE = 0, HNI_FIT_ONE_CLASS, HNI_FIT_BACKWARDS, HNI_FIT_TOO_SURE };
int hni_fit_temperature(const hni_fit *f, double *scale);             /* HNI_FIT_… */
int hni_fit_platt(const hni_fit *f, double *scale, double *shift);    /* k = 2: of z[1] - z[0]; truth 1 is positive */
double hni_fit_loss(const hni_fit *f, double scale, double shift);    /* mean -log p; the shift is of logit 1 */

#endif
