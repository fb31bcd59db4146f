/* match.h - a data set's classes against a model's: by name, never by number. Training and evaluation both ask. */
#ifndef HNI_MODEL_MATCH_H
#define HNI_MODEL_MATCH_H

#include "data/dataset.h"
#include "model.h"

/* map[k] = the model's number of the data set's class k; map is the caller's, to be freed with hni_free. A data set may lack classes of
 * the model but not have others. HN_E_DATA lists both sides. */
hn_status hni_match_classes(const hn_model *model, const hn_dataset *data, int32_t **map, hn_error *err);

/* Labels of one row in the model's numbering: *class_index for single-label models, else k entries of 0 or 1 in labels [n_classes]. */
void hni_match_row(const hn_model *model, const hn_dataset *data, const int32_t *map, int64_t row, int32_t *class_index, float *labels);

#endif
