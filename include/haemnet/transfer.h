/* transfer.h - a network that begins with another's weights: the layers of a file of weights under a new head, with a report of every tensor. */
#ifndef HAEMNET_TRANSFER_H
#define HAEMNET_TRANSFER_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_transfer hn_transfer;

/* Flags of hn_transfer_model. */
enum {
    HN_TRANSFER_PARTIAL = 1 /* what fits is taken, the rest keeps its first weights; without it all but the head must fit */
};

/* What becomes of a tensor. The first three are in the model with the file's numbers, the last three do not fit. */
enum {
    HN_TENSOR_TAKEN = 1,      /* as it is */
    HN_TENSOR_CONVERTED = 2,  /* from float16, bfloat16 or float64 */
    HN_TENSOR_ADAPTED = 3,    /* first convolution, to the input's channels: one = the sum over the file's; more = the file's in turn, times
                                 file's / input's channels */
    HN_TENSOR_NEW_HEAD = 4,   /* of the last layer: first weights, whatever the file has */
    HN_TENSOR_IGNORED = 5,    /* "….num_batches_tracked" of PyTorch's batch norm */
    HN_TENSOR_MISSING = 6,    /* of the network, not in the file */
    HN_TENSOR_MISMATCH = 7,   /* shape or number type does not fit */
    HN_TENSOR_UNEXPECTED = 8  /* of the file, of no layer */
};

/* How many tensors become what. */
typedef struct hn_transfer_info {
    uint32_t struct_size; /* in: sizeof(hn_transfer_info) */
    int32_t n_lines;      /* for hn_transfer_get_line */
    int32_t taken;
    int32_t converted;
    int32_t adapted;
    int32_t new_head;
    int32_t ignored;
    int32_t missing;
    int32_t mismatch;
    int32_t unexpected;
} hn_transfer_info;

/* One tensor. */
typedef struct hn_transfer_line {
    uint32_t struct_size;  /* in: sizeof(hn_transfer_line) */
    int32_t what;          /* HN_TENSOR_… */
    int32_t rank;          /* in the network; -1 = it is not there */
    int32_t file_rank;     /* in the file; -1 = it is not there */
    int64_t shape[4];      /* in the network; unused entries are 1 */
    int64_t file_shape[4]; /* in the file; unused entries are 1 */
    char type[8];          /* in the file, as safetensors says: "F32", "BF16"; "" = not there */
    char name[120];        /* in the network; for one that is only in the file, its name there, cut if it is longer; '?' for control characters */
} hn_transfer_line;

/* Compares a preset with a file of weights, tensor by tensor. The network begins with the file's layers but for the last one: the head is new, so
 * classes are free, and so are the channels of the input (HN_TENSOR_ADAPTED). The file is plain safetensors (a PyTorch state dict with the
 * preset's names; for efficientnet-lite0 also those of the package efficientnet_lite_pytorch), or a model file of the same preset.
 *   path     UTF-8
 *   preset   as hn_model_preset
 *   options  as hn_model_preset; mean and deviation both NULL = what the weights want: a model file's own, else those of hn_preset_info,
 *            for other than three channels their average
 *   out      receives the handle, whether or not all fits; it keeps the file's bytes; free it with hn_transfer_free
 * Errors:  as hn_model_preset and hn_model_load.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_transfer_create(hn_context *context, const char *path, const char *preset, const hn_model_options *options,
                                    hn_transfer **out, hn_error *err);

/* The network with the file's weights under a new head. Called again, it gives the same model.
 *   flags    0 or HN_TRANSFER_PARTIAL
 *   out      receives the handle; free it with hn_model_free
 * Errors:  HN_E_ARGUMENT, HN_E_NOT_FOUND (missing), HN_E_SHAPE (mismatch), HN_E_FORMAT (unexpected) name the first tensor that does not fit
 *          and say how many do not; HN_E_NUMERIC (NaN or infinite weights), HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_transfer_model(hn_transfer *transfer, int32_t flags, hn_model **out, hn_error *err);

/* How many tensors become what.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_transfer_get_info(const hn_transfer *transfer, hn_transfer_info *out, hn_error *err);

/* One tensor: first those of the network, in its order, then what the file has beside them, in the file's.
 *   index    0 … n_lines - 1
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_transfer_get_line(const hn_transfer *transfer, int32_t index, hn_transfer_line *out, hn_error *err);

/* Gives the handle back; models stay. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_transfer_free(hn_transfer *transfer);

#ifdef __cplusplus
}
#endif
#endif
