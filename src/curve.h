/* curve.h - accuracy against the number of training patients: trainings on nested parts, a fit, a chart. cmd_curve.c trains, curve_report.c writes
 * curve.csv, curve.json and curve.svg. */
#ifndef HAEMNET_CURVE_H
#define HAEMNET_CURVE_H

#include "crossval.h"

typedef struct curve_point { /* one training */
    int32_t seed, step;                  /* from 1; the largest step is the whole pool */
    int64_t patients, images;            /* trained on; patients: groups, images whose patient is not known each their own */
    int64_t test_patients, test_images;
    double accuracy, roc_auc;            /* of images */
    double patient_accuracy, patient_auc; /* by maximum; NaN where there are no patients of several images */
} curve_point;

enum { N_FITS = 2000 };
typedef struct curve {
    crossval c;           /* rows, data, settings; no folds */
    crossval_settings own;
    int32_t seeds, steps; /* steps: sizes */
    double least, holdout, target;
    curve_point *points;  /* [n] by seed, rising sizes */
    int32_t n;
    hn_power_law law;
    bool fitted;
    double *fits;         /* [N_FITS, 2] resampled b1 and b2 */
} curve;

/* curve_report.c: 0 or an exit code after a message. */
int write_curve(const curve *v);
void print_curve(const curve *v);

#endif
