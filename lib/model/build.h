/* build.h - how the files of this room make a model together: begin with options, add layers to model->graph, finish, fill the numbers. */
#ifndef HNI_MODEL_BUILD_H
#define HNI_MODEL_BUILD_H

#include "model.h"

/* A model with an empty graph and no weights; options are checked and copied. */
hn_status hni_model_new(hn_context *ctx, const hn_model_options *options, const char *preset, hn_model **out, hn_error *err);
/* Takes zeroed weights for the finished graph; init also fills them with first numbers from the model's seed. */
hn_status hni_model_alloc_weights(hn_model *model, hn_error *err);
hn_status hni_model_init(hn_model *model, hn_error *err);
/* A model of the preset with its graph finished; there are no weights yet. */
hn_status hni_preset_model(hn_context *ctx, const char *preset, const hn_model_options *options, hn_model **out, hn_error *err);
/* What its public weights were trained on: three channels, 0 and 1 where there are none; the other name of a tensor, false = it has none. */
void hni_preset_normal(const char *preset, double mean[3], double deviation[3]);
bool hni_preset_other_name(const char *preset, const char *name, char *text, size_t size);

/* convert.c: F32, F16, BF16, F64 as float32; where a file has the network's tensor of that name, -1 = nowhere. */
bool hni_is_float(const hni_tensor_ref *ref);
void hni_to_float(const hni_tensor_ref *ref, float *out);
hn_status hni_check_finite(const char *name, const float *values, int64_t n, hn_error *err);
int64_t hni_find_weights(const hn_model *model, const hni_safetensors *file, const char *name);
/* Takes weights and copies every parameter from the file by name, once all of them fit. `exact`: only F32 is read, and tensors
 * of the file that no layer knows are refused. */
hn_status hni_model_take_weights(hn_model *model, const hni_safetensors *file, bool exact, hn_error *err);

#endif
