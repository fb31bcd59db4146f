/* summary.h - what lib/api adds to a model's table. */
#ifndef HNI_API_SUMMARY_H
#define HNI_API_SUMMARY_H

#include "model/model.h"

/* Two lines: the memory of inference and of training at a batch size. */
hn_status hni_summary_add_memory(hni_text *text, const hn_model *model, int32_t batch, hn_error *err);

#endif
