/* shrinkage.c - the covariance of Ledoit and Wolf ("A well-conditioned estimator for large-dimensional covariance matrices", Journal of Multivariate
 * Analysis 88, 2004), of statistics that were centred and scaled first, and distances by it.
 *
 *   S  = 1/n Σ z zᵀ          the rows' own covariance: singular where n < d, and too sure of itself where n is not much more
 *   μ  = trace(S) / d        the sphere that is nearest to it is μ I
 *   δ² = |S - μ I|² / d      how far it is from the sphere
 *   β² = min(δ², 1/(n² d) Σ |z zᵀ - S|²)      how far S is, as a guess, from the truth
 *   Σ  = (1 - ρ) S + ρ μ I,  ρ = β² / δ²
 *
 * Σ |z zᵀ - S|² = Σ |z|⁴ - n |S|². Sums run over the rows in their order, in float64. */
#include "shrinkage.h"

#include <math.h>
#include <stddef.h>

static bool taken(const int32_t *leave, int32_t out, int64_t i) { return !leave || leave[i] != out; }

/* Centre and scale; the rows there are. */
static int64_t measure(const double *x, int64_t n, const int32_t *leave, int32_t out, double floor, hni_ellipsoid *e) {
    const size_t d = (size_t)e->d;
    int64_t rows = 0;
    for (size_t j = 0; j < d; j++) e->centre[j] = e->scale[j] = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!taken(leave, out, i)) continue;
        for (size_t j = 0; j < d; j++) e->centre[j] += x[(size_t)i * d + j];
        rows++;
    }
    for (size_t j = 0; j < d && rows; j++) e->centre[j] /= (double)rows;
    for (int64_t i = 0; i < n; i++)
        for (size_t j = 0; taken(leave, out, i) && j < d; j++) {
            const double off = x[(size_t)i * d + j] - e->centre[j];
            e->scale[j] += off * off;
        }
    for (size_t j = 0; j < d && rows; j++) {
        const double deviation = sqrt(e->scale[j] / (double)rows);
        e->scale[j] = deviation > floor ? deviation : floor;
    }
    return rows;
}

static void standardise(const hni_ellipsoid *e, const double *row, double *z) {
    for (int32_t j = 0; j < e->d; j++) z[j] = (row[j] - e->centre[j]) / e->scale[j];
}

/* The lower triangle of S into factor; the answer is Σ |z|⁴. */
static double sum_products(const double *x, int64_t n, const int32_t *leave, int32_t out, int64_t rows, double *z, hni_ellipsoid *e) {
    const size_t d = (size_t)e->d;
    double fourth = 0;
    for (size_t k = 0; k < d * d; k++) e->factor[k] = 0;
    for (int64_t i = 0; i < n; i++) {
        double square = 0;
        if (!taken(leave, out, i)) continue;
        standardise(e, x + (size_t)i * d, z);
        for (size_t a = 0; a < d; a++) {
            square += z[a] * z[a];
            for (size_t b = 0; b <= a; b++) e->factor[a * d + b] += z[a] * z[b];
        }
        fourth += square * square;
    }
    for (size_t k = 0; k < d * d; k++) e->factor[k] /= (double)rows;
    return fourth;
}

/* S → Σ, in place. */
static void shrink(int64_t rows, double fourth, hni_ellipsoid *e) {
    const size_t d = (size_t)e->d;
    double trace = 0, squares = 0; /* |S|² */
    for (size_t a = 0; a < d; a++) {
        trace += e->factor[a * d + a];
        squares += e->factor[a * d + a] * e->factor[a * d + a];
        for (size_t b = 0; b < a; b++) squares += 2 * e->factor[a * d + b] * e->factor[a * d + b];
    }
    const double mu = trace / (double)d, delta = squares - 2 * mu * trace + (double)d * mu * mu,
                 beta = (fourth / (double)rows - squares) / (double)rows;
    const double least = beta < delta ? beta : delta;
    e->shrinkage = least > 0 ? least / delta : 0;
    for (size_t a = 0; a < d; a++) {
        for (size_t b = 0; b <= a; b++) e->factor[a * d + b] *= 1 - e->shrinkage;
        e->factor[a * d + a] += e->shrinkage * mu;
    }
}

/* Cholesky's factor, in place; false if the matrix is not positive definite. */
static bool factorise(double *m, size_t d) {
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = m[a * d + b];
            for (size_t k = 0; k < b; k++) sum -= m[a * d + k] * m[b * d + k];
            if (a == b && !(sum > 1e-10)) return false;
            m[a * d + b] = a == b ? sqrt(sum) : sum / m[b * d + b];
        }
    return true;
}

bool hni_ellipsoid_fit(const double *x, int64_t n, const int32_t *leave, int32_t out, double floor, double *work, hni_ellipsoid *e) {
    const int64_t rows = measure(x, n, leave, out, floor, e);
    if (rows < 2) return false;
    const double fourth = sum_products(x, n, leave, out, rows, work, e);
    shrink(rows, fourth, e);
    return factorise(e->factor, (size_t)e->d);
}

double hni_ellipsoid_distance(const hni_ellipsoid *e, const double *row, double *work) {
    const size_t d = (size_t)e->d;
    double sum = 0;
    standardise(e, row, work);
    for (size_t a = 0; a < d; a++) { /* forward: factor · y = z, y in place */
        double y = work[a];
        for (size_t b = 0; b < a; b++) y -= e->factor[a * d + b] * work[b];
        work[a] = y / e->factor[a * d + a];
        sum += work[a] * work[a];
    }
    return sqrt(sum / (double)d);
}
