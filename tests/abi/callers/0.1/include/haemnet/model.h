/* model.h - models: made from a preset or a builder, loaded from and saved to one safetensors file, and described.
 *
 * A model is a network with its weights, its preprocessing, its classes and its provenance. It is immutable and may be shared by
 * any number of threads and predictors; training makes new models. */
#ifndef HAEMNET_MODEL_H
#define HAEMNET_MODEL_H

#include "dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_model hn_model;

/* Bits of preproc_flags. */
enum {
    HN_PREPROC_STRIP_SKULL = 1 /* before all else the skull and what is outside it are taken away (hn_image_strip_skull), in each slice for itself; one
                                  without a closed skull is seen as it is */
};

/* What a model takes in and gives out; shared by presets, builders and imports. */
typedef struct hn_model_options {
    uint32_t struct_size;           /* sizeof(hn_model_options) */
    int32_t width;                  /* px of the input; 0 = the preset's own, 64 for networks of one's own */
    int32_t height;                 /* px of the input; 0 likewise */
    int32_t channels;               /* of the input, 1 … 16; 0 = 3, or as many as slices and windows give. Files give 1 or 3 a slice; more only
                                       from windows */
    int32_t hidden;                 /* hidden width of a preset that has one; 0 = the preset's own */
    int32_t task;                   /* HN_TASK_…; 0 = HN_TASK_SINGLE */
    int32_t n_classes;              /* classes or labels; 0 = 2 */
    int32_t positive;               /* index of the positive class + 1; 0 = none named */
    const char *const *class_names; /* n_classes UTF-8 names, copied; NULL = "0", "1", … */
    double threshold;               /* for the positive class, or each label; 0 = 0.5 */
    const hn_window *windows;       /* for HU input; copied; NULL = brain, 40/80 */
    int32_t n_windows;              /* 0 = one; else 1 or channels (of one slice): window i makes channel i */
    int32_t flags;                  /* 0 */
    const double *mean;             /* `channels` means, subtracted after scaling to 0 … 1; NULL = 0; copied */
    const double *deviation;        /* `channels` deviations, divided by; NULL = 1; copied */
    uint64_t seed;                  /* of the initial weights */
    int32_t slices;                 /* neighbouring slices as channels, odd, 1 … 15: the slice in the middle, lower ones before it; 0 = 1. channels is
                                       a multiple of it. A missing neighbour is the nearest slice that there is */
    int32_t crop_head;              /* 1 = the square around the head (hn_image_head_box) is seen, not the whole image; without a head all of it */
    double crop_margin;             /* share of the head's longer side that is added on each side, 0 … 1 */
    double gaussian;                /* Gaussian filter before resizing (hn_image_filter_gaussian), sigma in px, 0.1 … 64; 0 = none */
    int32_t median;                 /* median filter before that (hn_image_filter_median), px of its side, odd, 3 … 31; 0 = none */
    int32_t preproc_flags;          /* HN_PREPROC_… bits */
} hn_model_options;

typedef struct hn_model_info {
    uint32_t struct_size;       /* in: sizeof(hn_model_info) */
    int32_t width;              /* px */
    int32_t height;             /* px */
    int32_t channels;           /* of the input */
    int32_t task;               /* HN_TASK_… */
    int32_t n_classes;          /* classes or labels */
    int32_t positive;           /* index of the positive class, -1 = none named */
    int32_t n_layers;           /* for hn_model_get_layer */
    int32_t n_tensors;          /* for hn_model_get_tensor */
    int32_t flags;              /* 0 */
    double threshold;           /* 0 … 1 */
    int64_t parameters;         /* trainable numbers */
    int64_t multiply_adds;      /* of one image forward */
    uint64_t digest[4];         /* SHA-256 of the model file's bytes as hn_model_save would write them */
    char preset[32];            /* "tinyvgg", or "" for a built network */
} hn_model_info;

/* A named architecture. */
typedef struct hn_preset_info {
    uint32_t struct_size; /* in: sizeof(hn_preset_info) */
    int32_t size;         /* width and height where hn_model_options say 0, px */
    int32_t hidden;       /* hidden width where hn_model_options say 0; 0 = all widths are fixed */
    int32_t flags;        /* 0 */
    double mean[3];       /* red, green, blue of the images that its public weights were trained on, 0 … 1; */
    double deviation[3];  /* 0 and 1 where there are none */
    char name[32];        /* "resnet18" */
    char about[96];       /* "He et al. 2016, as in torchvision" */
} hn_preset_info;

/* One row of the summary. */
typedef struct hn_layer_info {
    uint32_t struct_size;     /* in: sizeof(hn_layer_info) */
    int32_t rank;             /* of output */
    int64_t output[4];        /* shape for one image, [1, C, H, W] or [1, F] */
    int64_t parameters;       /* trainable numbers */
    int64_t multiply_adds;    /* for one image */
    int64_t output_bytes;     /* for one image, bytes */
    char name[64];            /* "conv_block_1.0" */
    char kind[32];            /* "conv2d" */
    char detail[64];          /* "3×3, stride 1, padding 1" */
} hn_layer_info;

/* One named tensor of weights, float32. */
typedef struct hn_tensor_info {
    uint32_t struct_size;  /* in: sizeof(hn_tensor_info) */
    int32_t rank;          /* 1 … 4 */
    int64_t shape[4];      /* unused entries are 1 */
    int64_t elements;      /* product of shape */
    int32_t trainable;     /* 0 for running statistics */
    int32_t flags;         /* 0 */
    char name[120];        /* "conv_block_1.0.weight" */
} hn_tensor_info;

/* Makes a model of a named architecture with fresh weights (drawn as the architecture's authors did, our own seeded numbers).
 *   preset   "tinyvgg": [conv 3×3 → ReLU → conv 3×3 → ReLU → max pool 2] twice, flatten, dense (thesis; after CNN Explainer); the others
 *            are in docs/presets.md, and hn_preset_get lists them
 *   options  copied; NULL = defaults
 *   out      receives the handle; free it with hn_model_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND (lists the presets), HN_E_SHAPE (names the layer), HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_preset(hn_context *context, const char *preset, const hn_model_options *options, hn_model **out, hn_error *err);

/* One of the presets.
 *   index    0, 1, …, until HN_E_NOT_FOUND
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_preset_get(int32_t index, hn_preset_info *out, hn_error *err);

/* Loads a model file that libhaemnet wrote. Hostile files are refused before memory is taken.
 *   path     UTF-8
 *   out      receives the handle; free it with hn_model_free
 * Errors:  HN_E_ARGUMENT, HN_E_IO, HN_E_FORMAT (says what is wrong where), HN_E_UNSUPPORTED (newer format, or plain safetensors
 *          without the haemnet metadata: use hn_model_import), HN_E_LIMIT, HN_E_NUMERIC (NaN or infinite weights), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_load(hn_context *context, const char *path, hn_model **out, hn_error *err);

/* Loads a model from memory; otherwise as hn_model_load.
 *   bytes    the file's bytes; read during the call only
 *   size     bytes
 * Errors:  as hn_model_load, without HN_E_IO.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_load_memory(hn_context *context, const void *bytes, size_t size, hn_model **out, hn_error *err);

/* Makes a model of a preset with the weights of a plain safetensors file (a PyTorch state dict with the preset's names).
 *   path     UTF-8
 *   preset   as hn_model_preset
 *   options  as hn_model_preset
 * Errors:  as hn_model_preset and hn_model_load; HN_E_SHAPE or HN_E_NOT_FOUND name the first tensor that does not fit and how many.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_import(hn_context *context, const char *path, const char *preset, const hn_model_options *options, hn_model **out,
                                 hn_error *err);

/* Writes the model file: to a temporary file in the same folder, synced, then renamed. On failure an older file is as it was.
 *   path     UTF-8
 * Errors:  HN_E_ARGUMENT, HN_E_IO (names the path; a full disk says so), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_save(const hn_model *model, const char *path, hn_error *err);

/* Writes the model file's bytes to memory.
 *   dst      the caller's buffer; NULL only asks for the size
 *   cap      its size in bytes
 *   need     receives the size in bytes
 * Errors:  HN_E_ARGUMENT, HN_E_BUFFER, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_save_memory(const hn_model *model, void *dst, size_t cap, size_t *need, hn_error *err);

/* Facts of the model.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_get_info(const hn_model *model, hn_model_info *out, hn_error *err);

/* The name of a class or label; NULL if there is no such class.
 * Returns a string that the model owns.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_model_class_name(const hn_model *model, int32_t index);

/* One layer of the network.
 *   index    0 … n_layers - 1
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_get_layer(const hn_model *model, int32_t index, hn_layer_info *out, hn_error *err);

/* One tensor of weights.
 *   index    0 … n_tensors - 1, in the order of the network
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_get_tensor(const hn_model *model, int32_t index, hn_tensor_info *out, hn_error *err);

/* Copies the numbers of one tensor out, row-major.
 *   index    as hn_model_get_tensor
 *   dst      the caller's buffer of `elements` floats
 *   count    floats that fit in dst
 * Errors:  HN_E_ARGUMENT, HN_E_NOT_FOUND, HN_E_BUFFER.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_copy_tensor(const hn_model *model, int32_t index, float *dst, size_t count, hn_error *err);

/* A table for people: layer, output shape, parameters, multiply-adds, memory; then totals, and what a predictor with this max_batch and a
 * trainer with this batch (a training and a test part, default options) take on the best device with the threads of the model's context,
 * workspaces of the operators included. Not counted: up to 4 KiB of handles, a trainer's history, images that a data set keeps, and what a
 * predictor keeps for conversion and resizing.
 *   batch    images, ≥ 1; 0 = 1
 *   dst      receives UTF-8 text with its NUL; NULL only asks for the size
 *   cap      its size in bytes
 *   need     receives the size in bytes, NUL included; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_BUFFER, HN_E_MEMORY, HN_E_LIMIT (batch).
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_summary(const hn_model *model, int32_t batch, char *dst, size_t cap, size_t *need, hn_error *err);

/* The metadata as JSON: format version, graph, preprocessing, classes, threshold, provenance (options, seed, data digest, version).
 *   dst, cap, need  as hn_model_summary
 * Errors:  HN_E_ARGUMENT, HN_E_BUFFER, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_metadata(const hn_model *model, char *dst, size_t cap, size_t *need, hn_error *err);

/* Mean and deviation of what models of these options would see in a data set: of each channel, over all pixels of all images that can be
 * read, as grey levels 0 … 1. For hn_model_options.mean and .deviation; measure the training part only. Exact, whatever the threads.
 *   dataset    cannot grow any more after this
 *   options    preprocessing, without mean and deviation; NULL = defaults
 *   cancel     may be NULL
 *   mean       receives one number a channel
 *   deviation  receives one number a channel, by n; 0 where all pixels are equal
 *   capacity   doubles that fit in each of the two arrays
 *   images     receives how many images were looked at; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_BUFFER (capacity below the channels), HN_E_DATA (no readable image), HN_E_SHAPE, HN_E_CANCELLED,
 *          HN_E_IO and HN_E_FORMAT (strict data sets only), HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  owner of the data set.
 * Since:   0.1 */
HN_API hn_status hn_dataset_statistics(hn_dataset *dataset, const hn_model_options *options, hn_cancel *cancel, double *mean,
                                       double *deviation, int32_t capacity, int64_t *images, hn_error *err);

/* Gives the handle back; predictors and trainers keep it alive. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_model_free(hn_model *model);

#ifdef __cplusplus
}
#endif
#endif
