/* sampler.h - how likely each row of a data set is to be drawn for an epoch: train.h, HN_SAMPLER_…. */
#ifndef HNI_DATA_SAMPLER_H
#define HNI_DATA_SAMPLER_H

#include "dataset.h"

/* Weights [rows]: every class that has rows is equally likely. Single-label. HN_E_UNSUPPORTED otherwise; HN_E_MEMORY. */
hn_status hni_sampler_classes(const hn_dataset *ds, double *weights, hn_error *err);
/* Every group is equally likely; a row without one is its own. HN_E_MEMORY. */
hn_status hni_sampler_groups(const hn_dataset *ds, double *weights, hn_error *err);
/* Rows that are not positive and within `reach` slices of a positive one of the same group and study weigh `factor`, all others 1.
 * HN_E_DATA: no row has both a group and a slice number. HN_E_MEMORY. */
hn_status hni_sampler_hard(const hn_dataset *ds, const uint8_t *positive, int32_t reach, double factor, double *weights, hn_error *err);

#endif
