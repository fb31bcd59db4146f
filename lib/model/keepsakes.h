/* keepsakes.h - what a model keeps of its training beside its provenance, as members of its metadata. */
#ifndef HNI_MODEL_KEEPSAKES_H
#define HNI_MODEL_KEEPSAKES_H

#include "model.h"

/* ,"NAME":{…}, if the model has these traces: training_set or tuning_set. */
void hni_traces_write(const char *name, const hni_traces *traces, hni_text *t);
/* From the metadata's root; nothing if it has no such member. HN_E_FORMAT, HN_E_LIMIT, HN_E_MEMORY. */
hn_status hni_traces_read(hn_context *ctx, const hni_json *json, hni_json_value root, const char *name, hni_traces **out, hn_error *err);

/* ,"familiarity":{…}, if the model knows what its training images look like; and back, likewise. HN_E_UNSUPPORTED: statistics of another kind. */
void hni_familiar_write(const hni_familiar *familiar, hni_text *t);
hn_status hni_familiar_read(hn_context *ctx, const hni_json *json, hni_json_value root, hni_familiar **out, hn_error *err);

#endif
