/* fuzz_json.c - any bytes as JSON: what is taken is walked through, and its strings and numbers survive being written and read again. */
#include <math.h>

#include "base/json.h"
#include "base/memory.h"
#include "fuzz.h"

static void json_string_back(hn_context *ctx, const char *text) {
    hni_text out;
    hni_json *again = NULL;
    hni_text_init(&out, ctx);
    hni_text_json_string(&out, text);
    PROMISE(!out.failed, "no memory");
    PROMISE(!hni_json_parse(ctx, out.data, out.size, &again, &err), "%.200s: %s", out.data, err.message);
    const char *back = hni_json_string(again, hni_json_root(again));
    PROMISE(back && !strcmp(back, text), "a string has changed");
    hni_json_free(again);
    hni_text_free(&out);
}

static void json_double_back(hn_context *ctx, double value) {
    hni_text out;
    hni_json *again = NULL;
    double back = 0;
    hni_text_init(&out, ctx);
    hni_text_json_double(&out, value);
    PROMISE(isfinite(value) && !out.failed && !hni_json_parse(ctx, out.data, out.size, &again, &err), "%g", value);
    PROMISE(hni_json_double(again, hni_json_root(again), &back) && !memcmp(&back, &value, sizeof back), "%.17g became %.17g", value, back);
    hni_json_free(again);
    hni_text_free(&out);
}

/* Values seen below v; at most a few are written again, or large inputs would take seconds. */
static void json_walk(hn_context *ctx, const hni_json *json, hni_json_value v, int depth, int *seen) {
    const bool object = hni_json_is_object(json, v);
    const int32_t n = hni_json_count(json, v);
    double number;
    int64_t whole;
    bool flag;
    size_t size = 0;
    PROMISE(v >= 0 && depth <= 33 && n >= 0, "value %d at depth %d", v, depth);
    PROMISE(hni_json_raw(json, v, &size), "no text");
    const char *text = hni_json_string(json, v);
    PROMISE(!text || hni_json_is_string(json, v), "text of no string");
    if (++*seen < 64 && text) json_string_back(ctx, text);
    if (*seen < 64 && hni_json_double(json, v, &number)) json_double_back(ctx, number);
    hni_json_int(json, v, &whole);
    hni_json_bool(json, v, &flag);
    hni_json_value child = hni_json_first(json, v);
    for (int32_t i = 0; i < n; i++, child = hni_json_next(json, child)) {
        PROMISE(child >= 0, "element %d of %d is missing", i, n);
        json_walk(ctx, json, object ? hni_json_member_value(json, child) : child, depth + 1, seen);
        const char *key = object && i < 8 ? hni_json_string(json, child) : NULL;
        if (key) PROMISE(hni_json_get(json, v, key) == hni_json_member_value(json, child), "member %.40s is not found", key);
    }
    if (n) PROMISE(child < 0, "more than %d elements", n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hni_json *json = NULL;
    int seen = 0;
    fuzz_begin();
    hn_context *ctx = fuzz_context();
    if (fuzz_done(hni_json_parse(ctx, data ? (const char *)data : "", size, &json, &err), &json)) json_walk(ctx, json, hni_json_root(json), 0, &seen);
    hni_json_free(json);
    hn_context_free(ctx);
    fuzz_end(((size_t)1 << 20) + 128 * size);
    return 0;
}
