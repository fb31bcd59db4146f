/* keepsakes.c - traces of training images and of those of tuning, and what training images look like ↔ the members training_set, tuning_set and
 * familiarity of a model's metadata (docs/file-format.md).
 *
 * As base64 inside the JSON and not as tensors: whoever loads the file as a PyTorch state dict finds the network's tensors and nothing else. */
#include "keepsakes.h"

#include <string.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/status.h"

void hni_traces_write(const char *name, const hni_traces *traces, hni_text *t) {
    if (!traces) return;
    const size_t n = (size_t)traces->n * HNI_TRACE_BYTES, m = (size_t)traces->n_groups * 8;
    uint8_t *bytes = hni_alloc(t->ctx, n + m + 1);
    if (!bytes) {
        t->failed = true;
        return;
    }
    hni_traces_pack(traces, bytes, bytes + n);
    hni_text_format(t, ",\"%s\":{\"rows\":%lld,\"traces\":%u,\"patients\":%u,\"patients_known\":%s,\"patients_whole\":%s,\"images\":\"",
                    name, (long long)traces->rows, traces->n, traces->n_groups, traces->unknown ? "false" : "true", traces->groups_whole ? "true" : "false");
    hni_text_base64(t, bytes, n);
    hni_text_add(t, "\",\"groups\":\"");
    hni_text_base64(t, bytes + n, m);
    hni_text_add(t, "\"}");
    hni_free(t->ctx, bytes);
}

static bool read_count(const hni_json *j, hni_json_value object, const char *key, int64_t most, int64_t *out) {
    return hni_json_int(j, hni_json_get(j, object, key), out) && *out >= 0 && *out <= most;
}

static hn_status read_bytes(hn_context *ctx, const hni_json *j, hni_json_value object, const char *key, size_t n, uint8_t **out, hn_error *err) {
    const char *text = hni_json_string(j, hni_json_get(j, object, key));
    if (!text || strlen(text) != hni_base64_size(n))
        return hni_fail(err, HN_E_FORMAT, "the metadata's %s are not base64 of %zu bytes", key, n);
    *out = hni_alloc(ctx, n + 1);
    if (!*out) return hni_fail_memory(err, n, "what a model keeps of images");
    return hni_base64_read(text, *out, n) ? HN_OK : hni_fail(err, HN_E_FORMAT, "the metadata's %s are not base64", key);
}

hn_status hni_traces_read(hn_context *ctx, const hni_json *j, hni_json_value root, const char *name, hni_traces **out,
                          hn_error *err) {
    const hni_json_value v = hni_json_get(j, root, name);
    int64_t rows, n, n_groups;
    bool known, whole;
    uint8_t *images = NULL, *groups = NULL;
    if (v < 0) return HN_OK;
    if (!read_count(j, v, "rows", INT32_MAX, &rows) || !read_count(j, v, "traces", HNI_TRACES, &n) ||
        !read_count(j, v, "patients", HNI_TRACES, &n_groups) || n > rows || n_groups > rows || (n < rows && n < HNI_TRACES) ||
        !hni_json_bool(j, hni_json_get(j, v, "patients_known"), &known) || !hni_json_bool(j, hni_json_get(j, v, "patients_whole"), &whole))
        return hni_fail(err, HN_E_FORMAT, "the metadata's %s is incomplete, or its counts are impossible", name);
    hn_status status = read_bytes(ctx, j, v, "images", (size_t)n * HNI_TRACE_BYTES, &images, err);
    if (!status) status = read_bytes(ctx, j, v, "groups", (size_t)n_groups * 8, &groups, err);
    if (!status) status = hni_traces_unpack(ctx, images, (uint32_t)n, groups, (uint32_t)n_groups, out, err);
    if (!status) (*out)->rows = rows, (*out)->unknown = !known, (*out)->groups_whole = whole;
    hni_free(ctx, images);
    hni_free(ctx, groups);
    return status;
}

void hni_familiar_write(const hni_familiar *f, hni_text *t) {
    if (!f) return;
    uint8_t *bytes = hni_alloc(t->ctx, HNI_FAMILIAR_BYTES);
    if (!bytes) {
        t->failed = true;
        return;
    }
    hni_familiar_pack(f, bytes);
    hni_text_format(t, ",\"familiarity\":{\"kind\":%d,\"rows\":%lld,\"patients\":%lld,\"folds\":%d,\"share\":", HNI_SIGNATURE_KIND, (long long)f->rows,
                    (long long)f->units, f->folds);
    hni_text_json_double(t, f->share);
    hni_text_add(t, ",\"shrinkage\":");
    hni_text_json_double(t, f->e.shrinkage);
    hni_text_add(t, ",\"limit\":");
    hni_text_json_double(t, f->limit);
    hni_text_add(t, ",\"numbers\":\"");
    hni_text_base64(t, bytes, HNI_FAMILIAR_BYTES);
    hni_text_add(t, "\"}");
    hni_free(t->ctx, bytes);
}

static bool read_share(const hni_json *j, hni_json_value object, const char *key, double low, double high, double *out) {
    return hni_json_double(j, hni_json_get(j, object, key), out) && *out >= low && *out <= high;
}

hn_status hni_familiar_read(hn_context *ctx, const hni_json *j, hni_json_value root, hni_familiar **out, hn_error *err) {
    const hni_json_value v = hni_json_get(j, root, "familiarity");
    int64_t kind, rows, units, folds;
    double share, shrinkage, limit;
    uint8_t *bytes = NULL;
    if (v < 0) return HN_OK;
    if (!read_count(j, v, "kind", INT32_MAX, &kind)) return hni_fail(err, HN_E_FORMAT, "the metadata's familiarity names no kind of statistics");
    if (kind != HNI_SIGNATURE_KIND)
        return hni_fail(err, HN_E_UNSUPPORTED, "the model knows its training images by statistics of kind %lld; this library knows kind %d: update libhaemnet",
                        (long long)kind, HNI_SIGNATURE_KIND);
    if (!read_count(j, v, "rows", INT32_MAX, &rows) || !read_count(j, v, "patients", INT32_MAX, &units) || !read_count(j, v, "folds", units, &folds) ||
        units > rows || folds < 2 || !read_share(j, v, "share", 0.5, 1, &share) || !read_share(j, v, "shrinkage", 0, 1, &shrinkage) ||
        !read_share(j, v, "limit", 1e-6, 1e6, &limit))
        return hni_fail(err, HN_E_FORMAT, "the metadata's familiarity is incomplete, or its numbers are impossible");
    hn_status status = read_bytes(ctx, j, v, "numbers", HNI_FAMILIAR_BYTES, &bytes, err);
    if (!status) status = hni_familiar_unpack(ctx, bytes, out, err);
    if (!status) {
        hni_familiar *f = *out;
        f->rows = rows, f->units = units, f->folds = (int32_t)folds, f->share = share, f->e.shrinkage = shrinkage, f->limit = limit;
    }
    hni_free(ctx, bytes);
    return status;
}
