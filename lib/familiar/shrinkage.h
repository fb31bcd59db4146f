/* shrinkage.h - mean, spread and covariance of many rows of statistics, so that the distance of another row from them means something even where
 * the rows are fewer than the statistics. */
#ifndef HNI_FAMILIAR_SHRINKAGE_H
#define HNI_FAMILIAR_SHRINKAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Rows of d statistics. */
typedef struct hni_ellipsoid {
    int32_t d;
    double shrinkage; /* 0 … 1: how much of the covariance is the sphere and not the rows */
    double *centre;   /* [d] */
    double *scale;    /* [d] deviation, at least the floor */
    double *factor;   /* [d, d] lower triangle of Cholesky's factor of the covariance of (x - centre) / scale; above it anything */
} hni_ellipsoid;

/* Of the rows of x [n, d] with leave[i] ≠ out (leave NULL = all). e's arrays are the caller's; work [d] is scratch. False where the rows do not differ,
 * or fewer than two are left. */
bool hni_ellipsoid_fit(const double *x, int64_t n, const int32_t *leave, int32_t out, double floor, double *work, hni_ellipsoid *e);

/* Mahalanobis distance of a row over √d: about 1 for a row like the others. work [d]. */
double hni_ellipsoid_distance(const hni_ellipsoid *e, const double *row, double *work);

#endif
