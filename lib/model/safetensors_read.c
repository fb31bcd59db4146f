/* safetensors_read.c - checks a safetensors container from anywhere and says where its tensors lie. Copies names only; executes nothing.
 *
 * Everything is checked before it is believed: header length against the file, JSON by the bounded reader, each tensor's shape times its
 * type against its place, and all places together must cover the data once, without gap or overlap. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "model.h"

enum { MAX_HEADER = 16 << 20, MAX_TENSORS = 65536 };

/* Types of the format that libhaemnet reads as numbers have a dtype; the others only a width. */
static const struct {
    const char *name;
    int32_t dtype;
    uint32_t width;
} types[] = {{"F32", HN_DTYPE_F32, 4},
             {"F64", HN_DTYPE_F64, 8},
             {"U8", HN_DTYPE_U8, 1},
             {"I32", HN_DTYPE_I32, 4},
             {"U32", HN_DTYPE_U32, 4},
             {"BOOL", 0, 1},
             {"I8", 0, 1},
             {"I16", 0, 2},
             {"U16", 0, 2},
             {"F16", 0, 2},
             {"BF16", 0, 2},
             {"I64", 0, 8},
             {"U64", 0, 8},
             {"F8_E4M3", 0, 1},
             {"F8_E5M2", 0, 1}};

typedef struct place { /* of one tensor in the data */
    uint64_t begin, end;
} place;

static int by_place(const void *a, const void *b) {
    const place *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static hn_status read_shape(const hni_json *json, hni_json_value v, hni_tensor_ref *out, uint64_t *elements, hn_error *err) {
    int32_t rank = hni_json_count(json, v), d = 0;
    if (!hni_json_is_array(json, v) || rank > 4)
        return hni_fail(err, HN_E_FORMAT, "tensor %.60s: shape must be a list of at most 4 numbers", out->name);
    *elements = 1;
    out->rank = rank;
    for (int i = 0; i < 4; i++) out->shape[i] = 1;
    for (hni_json_value e = hni_json_first(json, v); d < rank; e = hni_json_next(json, e), d++)
        if (!hni_json_int(json, e, &out->shape[d]) || out->shape[d] < 0 ||
            __builtin_mul_overflow(*elements, (uint64_t)out->shape[d], elements))
            return hni_fail(err, HN_E_FORMAT, "tensor %.60s: dimension %d of its shape is not a possible size", out->name, d);
    return HN_OK;
}

static hn_status read_tensor(const hni_json *json, hni_json_value v, const uint8_t *data, uint64_t data_size, hni_tensor_ref *out,
                             place *where, hn_error *err) {
    const char *dtype = hni_json_string(json, hni_json_get(json, v, "dtype"));
    hni_json_value offsets = hni_json_get(json, v, "data_offsets");
    int64_t begin, end;
    uint64_t elements = 0, bytes;
    size_t type = 0;
    if (!hni_json_is_object(json, v) || !dtype) return hni_fail(err, HN_E_FORMAT, "tensor %.60s: it has no dtype", out->name);
    while (type < sizeof types / sizeof *types && strcmp(types[type].name, dtype)) type++;
    if (type == sizeof types / sizeof *types) return hni_fail(err, HN_E_FORMAT, "tensor %.60s: unknown dtype %.20s", out->name, dtype);
    hn_status status = read_shape(json, hni_json_get(json, v, "shape"), out, &elements, err);
    if (status) return status;
    if (hni_json_count(json, offsets) != 2 || !hni_json_int(json, hni_json_at(json, offsets, 0), &begin) ||
        !hni_json_int(json, hni_json_at(json, offsets, 1), &end) || begin < 0 || end < begin || (uint64_t)end > data_size)
        return hni_fail(err, HN_E_FORMAT, "tensor %.60s: data_offsets lie outside the file's %llu data bytes (is it truncated?)", out->name,
                        (unsigned long long)data_size);
    if (__builtin_mul_overflow(elements, (uint64_t)types[type].width, &bytes) || bytes != (uint64_t)(end - begin))
        return hni_fail(err, HN_E_FORMAT, "tensor %.60s: its shape and its %llu bytes do not agree", out->name,
                        (unsigned long long)(end - begin));
    out->dtype = types[type].dtype;
    out->type = types[type].name;
    out->data = data + begin;
    out->size = (size_t)bytes;
    *where = (place){(uint64_t)begin, (uint64_t)end};
    return HN_OK;
}

/* All places together must cover the data exactly once. */
static hn_status check_places(place *places, size_t n, uint64_t data_size, hn_error *err) {
    uint64_t at = 0;
    if (n) qsort(places, n, sizeof *places, by_place);
    for (size_t i = 0; i < n; i++) {
        if (places[i].begin != at)
            return hni_fail(err, HN_E_FORMAT, "tensors %s at data byte %llu", places[i].begin < at ? "overlap" : "leave a gap",
                            (unsigned long long)at);
        at = places[i].end;
    }
    if (at != data_size)
        return hni_fail(err, HN_E_FORMAT, "%llu bytes behind the last tensor belong to none", (unsigned long long)(data_size - at));
    return HN_OK;
}

static hn_status read_members(const hni_json *json, const uint8_t *data, uint64_t data_size, hni_safetensors *out, place *places,
                              hn_error *err) {
    char *name_at = out->names;
    hni_json_value root = hni_json_root(json), key = hni_json_first(json, root);
    for (int32_t i = 0, n = hni_json_count(json, root); i < n; i++, key = hni_json_next(json, key)) {
        const char *name = hni_json_string(json, key);
        hni_json_value value = hni_json_member_value(json, key);
        if (!name || !*name) return hni_fail(err, HN_E_FORMAT, "a tensor's name is empty or holds a NUL");
        if (!strcmp(name, "__metadata__")) {
            hni_json_value text = hni_json_get(json, value, "haemnet");
            if (!hni_json_is_object(json, value)) return hni_fail(err, HN_E_FORMAT, "__metadata__ is not a map of strings");
            if (text >= 0 && !hni_json_string(json, text)) return hni_fail(err, HN_E_FORMAT, "__metadata__.haemnet is not a string");
            if (text >= 0 && !(out->metadata = hni_strdup(out->ctx, hni_json_string(json, text))))
                return hni_fail_memory(err, strlen(hni_json_string(json, text)), "the metadata of a model file");
            continue;
        }
        hni_tensor_ref *ref = &out->tensors[out->n];
        size_t length = strlen(name) + 1;
        ref->name = memcpy(name_at, name, length);
        name_at += length;
        hn_status status = read_tensor(json, value, data, data_size, ref, &places[out->n], err);
        if (status) return status;
        out->n++;
    }
    return check_places(places, out->n, data_size, err);
}

hn_status hni_safetensors_parse(hn_context *ctx, const uint8_t *bytes, size_t size, hni_safetensors *out, hn_error *err) {
    uint64_t header = 0;
    hni_json *json = NULL;
    memset(out, 0, sizeof *out);
    out->ctx = ctx;
    if (size < 10) return hni_fail(err, HN_E_FORMAT, "%zu bytes are too few for a safetensors file", size);
    for (int b = 0; b < 8; b++) header |= (uint64_t)bytes[b] << (8 * b);
    if (header < 2 || bytes[8] != '{') return hni_fail(err, HN_E_FORMAT, "not a safetensors file: no JSON header at byte 8");
    if (header > MAX_HEADER)
        return hni_fail(err, HN_E_LIMIT, "the header says it has %llu bytes; the limit is %d", (unsigned long long)header, MAX_HEADER);
    if (header > size - 8)
        return hni_fail(err, HN_E_FORMAT, "the header says it has %llu bytes but only %zu follow (truncated?)", (unsigned long long)header,
                        size - 8);
    hn_status status = hni_json_parse(ctx, (const char *)bytes + 8, (size_t)header, &json, err);
    if (status) return status;
    int32_t members = hni_json_count(json, hni_json_root(json));
    place *places = NULL;
    if (!hni_json_is_object(json, hni_json_root(json)) || members > MAX_TENSORS) {
        status = hni_fail(err, HN_E_FORMAT, "the header is not a JSON object of at most %d tensors", MAX_TENSORS);
        goto done;
    }
    places = hni_calloc(ctx, (size_t)members + 1, sizeof *places);
    out->tensors = hni_calloc(ctx, (size_t)members + 1, sizeof *out->tensors);
    out->names = hni_alloc(ctx, (size_t)header); /* a name and its NUL are shorter than the name in quotes */
    status = places && out->tensors && out->names ? read_members(json, bytes + 8 + header, size - 8 - header, out, places, err)
                                                  : hni_fail_memory(err, (size_t)header, "the tensor list of a model file");
done:
    hni_free(ctx, places);
    hni_json_free(json);
    if (status) hni_safetensors_free(out);
    return status;
}

void hni_safetensors_free(hni_safetensors *file) {
    if (!file->ctx) return;
    hni_free(file->ctx, file->tensors);
    hni_free(file->ctx, file->names);
    hni_free(file->ctx, file->metadata);
    memset(file, 0, sizeof *file);
}

int64_t hni_safetensors_find(const hni_safetensors *file, const char *name) {
    for (size_t i = 0; i < file->n; i++)
        if (!strcmp(file->tensors[i].name, name)) return (int64_t)i;
    return -1;
}
