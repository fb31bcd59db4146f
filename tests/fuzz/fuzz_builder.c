/* fuzz_builder.c - bytes as a sequence of builder calls with any arguments: a refusal leaves the builder as it was, a model that comes out is
 * saved, loaded and used. */
#include <math.h>

#include "fuzz.h"

typedef struct builder_bytes {
    const uint8_t *data;
    size_t left;
} builder_bytes;

static uint8_t builder_byte(builder_bytes *b) {
    if (!b->left) return 0;
    b->left--;
    return *b->data++;
}

/* Mostly small numbers, sometimes edges. */
static int32_t builder_int(builder_bytes *b) {
    static const int32_t edges[] = {INT32_MIN, INT32_MAX, -1, 65536, 1 << 24, 1 << 30, 46341, 32768};
    const uint8_t v = builder_byte(b);
    return v < 240 ? v % 12 : edges[v % 8];
}

static double builder_double(builder_bytes *b) {
    const double edges[] = {NAN, INFINITY, -1, 1, 1e300, 1e-320, -0.0, 0.5};
    const uint8_t v = builder_byte(b);
    return v < 128 ? v / 128.0 : edges[v % 8];
}

static const char *builder_name(builder_bytes *b) {
    static char name[80];
    const uint8_t v = builder_byte(b);
    snprintf(name, sizeof name, "layer_%u", v);
    if (v == 255) memset(name, 'n', sizeof name - 1), name[sizeof name - 1] = 0;
    if (v == 254) name[0] = 0;
    if (v == 253) memcpy(name, "\xff\"/", 4);
    return name;
}

static hn_status builder_layer(hn_builder *m, builder_bytes *b, int32_t *out) {
    const uint8_t kind = builder_byte(b) % 14;
    const int32_t input = builder_int(b);
    const char *name = builder_name(b);
    hn_conv2d_options c = {.struct_size = sizeof c};
    hn_pool2d_options p = {.struct_size = sizeof p};
    switch (kind) {
    case 0:
        c.filters = builder_int(b), c.groups = builder_int(b), c.no_bias = builder_int(b);
        for (int i = 0; i < 2; i++)
            c.kernel[i] = builder_int(b), c.stride[i] = builder_int(b), c.padding[i] = builder_int(b), c.dilation[i] = builder_int(b);
        c.extra_padding[builder_byte(b) % 2] = builder_int(b);
        return hn_builder_conv2d(m, input, name, &c, out, &err);
    case 1:
    case 2:
        p.exclude_padding = builder_int(b);
        for (int i = 0; i < 2; i++) p.kernel[i] = builder_int(b), p.stride[i] = builder_int(b), p.padding[i] = builder_int(b);
        return kind == 1 ? hn_builder_max_pool2d(m, input, name, &p, out, &err) : hn_builder_avg_pool2d(m, input, name, &p, out, &err);
    case 3: return hn_builder_global_avg_pool(m, input, name, out, &err);
    case 4: return hn_builder_dense(m, input, name, builder_int(b), builder_int(b), out, &err);
    case 5: return hn_builder_batch_norm(m, input, name, builder_double(b), builder_double(b), out, &err);
    case 6: return hn_builder_activation(m, input, name, builder_int(b), out, &err);
    case 7: return hn_builder_dropout(m, input, name, builder_double(b), out, &err);
    case 8: return hn_builder_add(m, input, builder_int(b), name, out, &err);
    case 9: return hn_builder_flatten(m, input, name, out, &err);
    case 10: return hn_builder_group_norm(m, input, name, builder_int(b), builder_double(b), out, &err);
    case 11: return hn_builder_concat(m, input, builder_int(b), name, out, &err);
    case 12: return hn_builder_channel_scale(m, input, builder_int(b), name, out, &err);
    default: return hn_builder_squeeze_excite(m, input, name, builder_int(b), builder_int(b), out, &err);
    }
}

static void builder_options(builder_bytes *b, hn_model_options *o) {
    static double mean[16], deviation[16];
    *o = (hn_model_options){.struct_size = sizeof *o};
    o->width = builder_int(b), o->height = builder_int(b), o->channels = builder_int(b), o->task = builder_int(b);
    o->n_classes = builder_int(b), o->positive = builder_int(b), o->seed = builder_byte(b);
    if (builder_byte(b) % 4) return;
    for (int i = 0; i < 16; i++) mean[i] = builder_double(b), deviation[i] = builder_double(b);
    o->threshold = builder_double(b), o->mean = mean, o->deviation = deviation;
}

/* A model that came out must be one that the library itself reads back. Weights of more than a few megabytes are left alone. */
static void builder_use(hn_context *ctx, const hn_model *model) {
    size_t size = 0;
    hn_model *again = NULL;
    const hn_status status = hn_model_save_memory(model, NULL, 0, &size, &err);
    PROMISE(!status, "%s", err.message);
    uint8_t *bytes = malloc(size);
    PROMISE(bytes && !hn_model_save_memory(model, bytes, size, &size, &err), "%s", err.message);
    PROMISE(!hn_model_load_memory(ctx, bytes, size, &again, &err), "its own file is refused: %s", err.message);
    free(bytes);
    hn_model_free(again);
    fuzz_use(ctx, model);
}

enum { BUILDER_MEMORY = 8 << 20 }; /* huge networks are valid; their weights are refused here, as on a machine without memory */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    builder_bytes b = {data, size};
    hn_model_options o;
    hn_builder *builder = NULL;
    hn_model *model = NULL;
    int32_t value = 0;
    fuzz_begin();
    hn_context *ctx = fuzz_context();
    builder_options(&b, &o);
    if (!fuzz_done(hn_builder_create(ctx, &o, &builder, &err), &builder)) goto done;
    for (int layers = 0; b.left > 3 && layers < 64; layers++) {
        int32_t out = -7;
        const hn_status status = builder_layer(builder, &b, &out);
        PROMISE(status ? out == -7 : out == value + 1 || out == value + 6, "value %d after %d", out, value); /* a block is six layers or none */
        if (fuzz_fine(status)) value = out;
    }
    const int32_t last = builder_byte(&b) % 8 ? value : builder_int(&b);
    hn_layer_info layer = {.struct_size = sizeof layer};
    fuzz_host.limit = BUILDER_MEMORY;
    if (fuzz_done(hn_builder_finish(builder, last, &model, &err), &model)) {
        fuzz_host.limit = 0;
        PROMISE(hn_model_get_layer(model, -1, &layer, &err) == HN_E_NOT_FOUND, "there is no layer -1");
        builder_use(ctx, model);
    }
done:
    fuzz_host.limit = 0;
    hn_builder_free(builder);
    hn_model_free(model);
    hn_context_free(ctx);
    fuzz_end((size_t)8 * BUILDER_MEMORY);
    return 0;
}
