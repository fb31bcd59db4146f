/* transfer.h - the inside of hn_transfer: a network without weights, a file of weights, and a list of what becomes of each tensor. */
#ifndef HNI_MODEL_TRANSFER_H
#define HNI_MODEL_TRANSFER_H

#include "build.h"
#include "haemnet/transfer.h"

struct hn_transfer {
    hn_context *ctx;
    uint8_t *bytes;          /* of the file, owned; what `file` points into */
    size_t size;
    hni_safetensors file;
    hn_model *model;         /* its weights come with the first hni_transfer_model */
    int64_t *from;           /* [n_params] place in the file, -1 = none; then [file.n] 1 = the network has it */
    hn_transfer_line *lines; /* struct_size is not filled */
    int32_t n_lines;
    int32_t count[HN_TENSOR_UNEXPECTED + 1]; /* by HN_TENSOR_… */
};

/* bytes: to be freed with hni_free, owned from now on, also on failure. */
hn_status hni_transfer_create(hn_context *ctx, uint8_t *bytes, size_t size, const char *preset, const hn_model_options *options,
                              hn_transfer **out, hn_error *err);
hn_status hni_transfer_model(hn_transfer *t, int32_t flags, hn_model **out, hn_error *err);
void hni_transfer_free(hn_transfer *t); /* NULL is fine */

#endif
