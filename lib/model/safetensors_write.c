/* safetensors_write.c - writes the safetensors container (format of huggingface/safetensors 0.x): eight bytes of header length, a
 * JSON header that names each tensor's type, shape and place, then the numbers. It knows nothing of models; checkpoints use it too.
 *
 * Tensors of wide types come first so that each is aligned to its own size, and the header is padded to 8 bytes for the same reason. */
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/status.h"
#include "model.h"

static const char *dtype_name(int32_t dtype) {
    switch (dtype) {
    case HN_DTYPE_F64: return "F64";
    case HN_DTYPE_F32: return "F32";
    case HN_DTYPE_I32: return "I32";
    case HN_DTYPE_U32: return "U32";
    default: return "U8";
    }
}

/* Widest type first, the caller's order within a width. */
static void sort_by_width(const hni_tensor_ref *tensors, size_t n, size_t *order) {
    static const size_t widths[] = {8, 4, 1};
    size_t placed = 0;
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (size_t i = 0; i < n; i++)
            if (hni_dtype_size(tensors[i].dtype) == widths[w]) order[placed++] = i;
}

static void write_header(hni_text *t, const hni_tensor_ref *tensors, size_t n, const size_t *order, const char *metadata) {
    uint64_t offset = 0;
    hni_text_add(t, "{");
    if (metadata) {
        hni_text_add(t, "\"__metadata__\":{\"haemnet\":");
        hni_text_json_string(t, metadata);
        hni_text_add(t, "}");
    }
    for (size_t i = 0; i < n; i++) {
        const hni_tensor_ref *ref = &tensors[order[i]];
        hni_text_add(t, i || metadata ? "," : "");
        hni_text_json_string(t, ref->name);
        hni_text_format(t, ":{\"dtype\":\"%s\",\"shape\":[", dtype_name(ref->dtype));
        for (int32_t d = 0; d < ref->rank; d++) hni_text_format(t, "%s%lld", d ? "," : "", (long long)ref->shape[d]);
        hni_text_format(t, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)offset, (unsigned long long)(offset + ref->size));
        offset += ref->size;
    }
    hni_text_add(t, "}");
    while (!t->failed && t->size % 8) hni_text_add(t, " ");
}

/* The file in pieces: length, header, tensors. */
typedef struct pieces {
    hni_text header;
    uint8_t length[8];
    hni_piece *list;
    size_t count;
} pieces;

static void pieces_free(hn_context *ctx, pieces *p) {
    hni_text_free(&p->header);
    hni_free(ctx, p->list);
}

static hn_status pieces_make(hn_context *ctx, const hni_tensor_ref *tensors, size_t n, const char *metadata, pieces *p, hn_error *err) {
    size_t *order = hni_calloc(ctx, n + 1, sizeof *order);
    memset(p, 0, sizeof *p);
    hni_text_init(&p->header, ctx);
    p->list = hni_calloc(ctx, n + 2, sizeof *p->list);
    if (order && p->list) {
        sort_by_width(tensors, n, order);
        write_header(&p->header, tensors, n, order, metadata);
    }
    if (!order || !p->list || p->header.failed) {
        hni_free(ctx, order);
        pieces_free(ctx, p);
        return hni_fail_memory(err, n * sizeof *p->list, "the header of a model file");
    }
    for (int b = 0; b < 8; b++) p->length[b] = (uint8_t)((uint64_t)p->header.size >> (8 * b));
    p->list[0] = (hni_piece){p->length, sizeof p->length};
    p->list[1] = (hni_piece){p->header.data, p->header.size};
    for (size_t i = 0; i < n; i++) p->list[2 + i] = (hni_piece){tensors[order[i]].data, tensors[order[i]].size};
    p->count = n + 2;
    hni_free(ctx, order);
    return HN_OK;
}

hn_status hni_safetensors_write(hn_context *ctx, const char *path, const hni_tensor_ref *tensors, size_t n, const char *metadata,
                                hn_error *err) {
    pieces p;
    hn_status status = pieces_make(ctx, tensors, n, metadata, &p, err);
    if (status) return status;
    status = hni_file_replace(ctx, path, p.list, p.count, err);
    pieces_free(ctx, &p);
    return status;
}

hn_status hni_safetensors_bytes(hn_context *ctx, const hni_tensor_ref *tensors, size_t n, const char *metadata, uint8_t **bytes,
                                size_t *size, hn_error *err) {
    pieces p;
    size_t total = 0, at = 0;
    hn_status status = pieces_make(ctx, tensors, n, metadata, &p, err);
    if (status) return status;
    for (size_t i = 0; i < p.count; i++) total += p.list[i].size; /* all in memory already: cannot overflow */
    *bytes = hni_alloc(ctx, total);
    if (!*bytes) status = hni_fail_memory(err, total, "the bytes of a model file");
    for (size_t i = 0; *bytes && i < p.count; i++) {
        if (p.list[i].size) memcpy(*bytes + at, p.list[i].data, p.list[i].size);
        at += p.list[i].size;
    }
    *size = *bytes ? total : 0;
    pieces_free(ctx, &p);
    return status;
}
