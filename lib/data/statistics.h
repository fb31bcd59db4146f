/* statistics.h - mean and deviation of the pixels of a data set, as a model would see them. */
#ifndef HNI_DATA_STATISTICS_H
#define HNI_DATA_STATISTICS_H

#include "dataset.h"

/* Of each channel, over all pixels of all readable rows, grey levels 0 … 1; the deviation divides by n. mean, deviation: [pre->channels]. Freezes
 * the set. *images: how many were counted. HN_E_DATA without a readable row, and as the loader. */
hn_status hni_dataset_statistics(hn_dataset *ds, const hni_preproc *pre, hn_cancel *cancel, double *mean, double *deviation, int64_t *images,
                                 hn_error *err);

#endif
