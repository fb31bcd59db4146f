/* metadata.h - what writer and reader of the metadata must agree on. */
#ifndef HNI_MODEL_METADATA_H
#define HNI_MODEL_METADATA_H

#include "base/memory.h"
#include "base/status.h"
#include "haemnet/version.h"
#include "model.h"

#define HNI_MODEL_FORMAT 1
#define HNI_RESIZE_NAME "pillow-bilinear" /* the only way of resizing so far; named so that another can come */

/* The model's tensors for the container's writer; hni_free the list. */
hn_status hni_model_refs(const hn_model *model, hni_tensor_ref **out, hn_error *err);

#endif
