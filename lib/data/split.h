/* split.h - dividing groups of rows among bins, stratified; numbers in, numbers out. */
#ifndef HNI_DATA_SPLIT_H
#define HNI_DATA_SPLIT_H

#include "../base/context.h"

typedef struct hni_split_problem {
    hn_context *ctx;
    uint32_t n_rows, n_groups, n_strata; /* n_rows ≥ 1 */
    const uint32_t *group;               /* [n_rows] 0 … n_groups - 1, every group has a row */
    const uint32_t *stratum;             /* [n_rows] 0 … n_strata - 1, every stratum has a row */
    int32_t bins;                        /* ≥ 2 */
    const double *share;                 /* [bins] > 0, summing to 1 */
    uint64_t seed;
} hni_split_problem;

/* Fills bin[n_groups]. Same problem, same answer. A bin may stay empty where groups are few or large. */
hn_status hni_split_assign(const hni_split_problem *problem, uint32_t *bin, hn_error *err);

#endif
