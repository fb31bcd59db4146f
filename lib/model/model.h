/* model.h - the inside of hn_model: a graph, its numbers, its preprocessing, its classes and where it comes from. Immutable once made. */
#ifndef HNI_MODEL_MODEL_H
#define HNI_MODEL_MODEL_H

#include "base/json.h" /* defines: hni_text */
#include "data/traces.h"
#include "familiar/familiar.h"
#include "graph/footprint.h"
#include "haemnet/calibrate.h"
#include "preproc/preproc.h" /* defines: hni_preproc */

/* How first weights are drawn; see init.c. */
enum { HNI_INIT_PYTORCH = 0, HNI_INIT_RESNET = 1, HNI_INIT_DENSENET = 2, HNI_INIT_MOBILENET = 3, HNI_INIT_EFFICIENTNET = 4 };

struct hn_model {
    atomic_int refs;
    hn_context *ctx;
    hni_graph *graph;
    hni_preproc preproc;
    int32_t task, n_classes, positive; /* positive: index or -1 */
    double threshold;
    uint64_t seed;      /* of the initial weights */
    int32_t init;       /* HNI_INIT_…: what they were drawn by. Not kept in files */
    char preset[32];    /* "" for a built network */
    char **class_names; /* [n_classes] */
    float *weights;     /* [graph->total], flat */
    hn_calibration calibration; /* method 0 = none; scale and shift [n_classes] are ours */
    hn_threshold choice;        /* where the threshold comes from; rule 0 = not chosen by one */
    hni_traces *traces; /* of the training images; NULL before training */
    hni_traces *tuned;  /* of the images that calibration and chosen threshold are of; NULL = not known */
    hni_familiar *familiar; /* what they look like; NULL = not known */
    char *provenance;   /* JSON object text: what the trainer wrote down; "{}" before training. No times, no threads, no paths */
};

hn_model *hni_model_ref(const hn_model *model);
void hni_model_unref(hn_model *model);

/* A copy with other numbers (copied, [graph->total]) and other provenance (copied JSON object text, NULL = the same). What was found out about
 * the old numbers is forgotten: calibration, a threshold that was chosen, and the traces of their data. With the provenance go the traces of training
 * and what its images look like: with another there is none of it, the caller may set them. */
hn_status hni_model_with_weights(const hn_model *model, const float *weights, const char *provenance, hn_model **out, hn_error *err);

/* calibration.c: copies with another calibration (NULL = none) or threshold, both checked here; and both in the metadata. */
hn_status hni_model_with_calibration(const hn_model *model, const hn_calibration *calibration, hn_model **out, hn_error *err);
hn_status hni_model_with_threshold(const hn_model *model, const hn_threshold *threshold, hn_model **out, hn_error *err);
/* With the traces of what both are of. HN_E_DATA: they are of other data. */
hn_status hni_model_with_tuning_set(const hn_model *model, hn_dataset *data, hn_model **out, hn_error *err);
void hni_model_write_calibration(hni_text *t, const hn_model *model); /* nothing if there is nothing to say */
hn_status hni_model_read_calibration(const hni_json *j, hni_json_value root, hn_model *model, hn_error *err);

/* The preprocessing that options ask for, defaults filled in; checks all of it. */
hn_status hni_model_preproc(const hn_model_options *options, hni_preproc *out, hn_error *err);

/* A copy whose last `layers` layers with weights (0 = all) begin anew from this seed; without provenance. */
hn_status hni_model_randomize(const hn_model *model, int32_t layers, uint64_t seed, hn_model **out, hn_error *err);

/* safetensors container: the one writer and the one reader, also used for checkpoints. */
typedef struct hni_tensor_ref {
    const char *name;
    int32_t dtype;        /* HN_DTYPE_F32, F64, U8, I32, U32; 0 = another */
    int32_t rank;
    int64_t shape[4];
    const void *data;
    size_t size;          /* bytes */
    const char *type;     /* read ones: the file's word, "F32", "BF16"; static */
} hni_tensor_ref;
/* Header text and pieces: header JSON (with one metadata key "haemnet" when metadata is not NULL), then the data in the order given.
 * Alignment of each tensor to 8 bytes. Tensors are sorted by the writer as it must be. */
hn_status hni_safetensors_write(hn_context *ctx, const char *path, const hni_tensor_ref *tensors, size_t n, const char *metadata, hn_error *err);
hn_status hni_safetensors_bytes(hn_context *ctx, const hni_tensor_ref *tensors, size_t n, const char *metadata, uint8_t **bytes, size_t *size,
                                hn_error *err);
typedef struct hni_safetensors {
    hn_context *ctx;
    hni_tensor_ref *tensors; /* data points into the caller's bytes; not aligned: use memcpy */
    char *names;             /* storage of the names */
    size_t n;
    char *metadata;          /* value of "haemnet", or NULL */
} hni_safetensors;
/* Checks everything (header length, JSON, dtypes, shapes × size = offsets, no overlap, no gap, no trailing bytes) and copies nothing but names. */
hn_status hni_safetensors_parse(hn_context *ctx, const uint8_t *bytes, size_t size, hni_safetensors *out, hn_error *err);
void hni_safetensors_free(hni_safetensors *file);
int64_t hni_safetensors_find(const hni_safetensors *file, const char *name); /* -1 = none */

hn_status hni_preset_get(int32_t index, hn_preset_info *out, hn_error *err); /* fills all but struct_size */
hn_status hni_model_preset(hn_context *ctx, const char *preset, const hn_model_options *options, hn_model **out, hn_error *err);
hn_status hni_model_parse(hn_context *ctx, const uint8_t *bytes, size_t size, hn_model **out, hn_error *err);
hn_status hni_model_import(hn_context *ctx, const uint8_t *bytes, size_t size, const char *preset, const hn_model_options *options,
                           hn_model **out, hn_error *err);
hn_status hni_model_bytes(const hn_model *model, uint8_t **bytes, size_t *size, hn_error *err); /* hni_free */
hn_status hni_model_write(const hn_model *model, const char *path, hn_error *err);
hn_status hni_model_metadata(const hn_model *model, hni_text *out, hn_error *err);
/* Adds ,"backbone":{…} of the model's provenance, if it has that: the file that it began with (transfer.c). */
hn_status hni_model_backbone(const hn_model *model, hni_text *out, hn_error *err);
void hni_layer_describe(const hni_graph *graph, int32_t index, hn_layer_info *out); /* fills all but struct_size */
hn_status hni_model_summary(const hn_model *model, int32_t batch, hni_text *out, hn_error *err); /* the table and the totals */
/* A line on the memory for "inference" or "training"; device NULL = only the arena's plan and the weights are known, and why. */
void hni_summary_memory(hni_text *out, const char *what, const hni_footprint *f, const char *device, const char *why);

/* First weights of all layers; scheme: HNI_INIT_…. */
void hni_init_weights(const hni_graph *graph, int32_t scheme, uint64_t seed, float *weights);

#endif
