/* test_transfer.c - weights of one network under a new head: by name and shape, from any float type, with a report of every tensor. */
#include <math.h>

#include "../host.h"
#include "../test.h"
#include "base/memory.h"
#include "haemnet/haemnet.h"
#include "model/transfer.h"

static hn_error err;
static hn_context *ctx;

static void setup(void) {
    hn_context_options options = {.struct_size = sizeof options, .threads = 1, .plugin_dir = ""};
    test_host_apply(&options);
    ck_ok(hn_context_create(&options, &ctx, &err));
}

static void teardown(void) { hn_context_free(ctx); }

/* ---- Files of weights, as Python writes them ---------------------------------------------------------------------------------- */

enum { ROOM = 4 << 20, MOST = 400 };

typedef struct entry {
    char name[128];
    const char *type;
    int32_t rank;
    int64_t shape[4];
    uint8_t *data;
    size_t size;
} entry;

typedef struct container {
    entry list[MOST];
    int n;
} container;

static uint16_t half_of(float value) { /* of numbers that a half holds exactly */
    int exponent;
    const float fraction = frexpf(fabsf(value), &exponent);
    const uint16_t sign = value < 0 ? 0x8000 : 0;
    return value == 0 ? sign : (uint16_t)(sign | (exponent + 14) << 10 | ((int)(fraction * 2048) - 1024));
}

static void put(container *f, const char *name, const char *type, int32_t rank, const int64_t shape[4], const float *values, int64_t n) {
    entry *e = &f->list[f->n++];
    const size_t width = !strcmp(type, "F64") || !strcmp(type, "I64") ? 8 : !strcmp(type, "F32") ? 4 : 2;
    *e = (entry){.type = type, .rank = rank, .size = (size_t)n * width, .data = calloc((size_t)n + 1, width)};
    ck_assert_int_lt(f->n, MOST);
    snprintf(e->name, sizeof e->name, "%s", name);
    memcpy(e->shape, shape, sizeof e->shape);
    for (int64_t i = 0; values && i < n; i++) {
        const double wide = (double)values[i];
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        const uint16_t narrow = !strcmp(type, "F16") ? half_of(values[i]) : (uint16_t)(bits >> 16);
        memcpy(e->data + (size_t)i * width, width == 8 ? (const void *)&wide : width == 4 ? (const void *)&values[i] : (const void *)&narrow, width);
    }
}

/* All tensors of a model but its metadata; types in turn, numbers that all of them hold. */
static container state_dict(const hn_model *m, const char *const *types, int n_types) {
    container f = {.n = 0};
    for (size_t i = 0; i < m->graph->n_params; i++) {
        const hni_param *p = &m->graph->params[i];
        put(&f, p->name, types[(int)i % n_types], p->rank, p->shape, m->weights + p->offset, p->elements);
    }
    return f;
}

static entry *find(container *f, const char *name) {
    for (int i = 0; i < f->n; i++)
        if (!strcmp(f->list[i].name, name)) return &f->list[i];
    ck_abort_msg("no %s", name);
}

static uint8_t *bytes_of(const container *f, size_t *size) {
    char *bytes = malloc(ROOM), *at = bytes + 8;
    size_t offset = 0;
    at += sprintf(at, "{");
    for (int i = 0; i < f->n; i++) {
        const entry *e = &f->list[i];
        at += sprintf(at, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", i ? "," : "", e->name, e->type);
        for (int32_t d = 0; d < e->rank; d++) at += sprintf(at, "%s%lld", d ? "," : "", (long long)e->shape[d]);
        at += sprintf(at, "],\"data_offsets\":[%zu,%zu]}", offset, offset + e->size);
        offset += e->size;
    }
    at += sprintf(at, "}");
    const uint64_t header = (uint64_t)(at - bytes) - 8;
    memcpy(bytes, &header, 8);
    for (int i = 0; i < f->n; at += f->list[i++].size) memcpy(at, f->list[i].data, f->list[i].size);
    *size = (size_t)(at - bytes);
    ck_assert_uint_lt(*size, ROOM);
    return (uint8_t *)bytes;
}

static void free_container(container *f) {
    for (int i = 0; i < f->n; i++) free(f->list[i].data);
}

/* ---- Models ------------------------------------------------------------------------------------------------------------------- */

static hn_model *preset(const char *name, hn_model_options o) {
    hn_model *m = NULL;
    o.struct_size = sizeof o;
    ck_ok(hn_model_preset(ctx, name, &o, &m, &err));
    return m;
}

/* Multiples of 1/8 in ±8: every float type of the files holds them. */
static void make_plain(hn_model *m) {
    for (int64_t i = 0; i < m->graph->total; i++) m->weights[i] = (float)((i * 37 + 11) % 128 - 64) / 8;
}

static const float *weights_of(const hn_model *m, const char *name) {
    const int32_t index = hni_graph_find_param(m->graph, name);
    ck_assert_msg(index >= 0, "%s", name);
    return m->weights + m->graph->params[index].offset;
}

static void same_tensor(const hn_model *a, const hn_model *b, const char *name, bool same) {
    const hni_param *p = &a->graph->params[hni_graph_find_param(a->graph, name)];
    ck_assert_msg(!memcmp(weights_of(a, name), weights_of(b, name), (size_t)p->elements * sizeof(float)) == same, "%s", name);
}

static hn_status open_bytes(const uint8_t *bytes, size_t size, const char *name, const hn_model_options *o, hn_transfer **report) {
    uint8_t *copy = hni_alloc(ctx, size);
    memcpy(copy, bytes, size);
    *report = NULL;
    return hni_transfer_create(ctx, copy, size, name, o, report, &err);
}

/* Both steps; the report is given whether or not there is a model. */
static hn_status transfer_bytes(const uint8_t *bytes, size_t size, const char *name, const hn_model_options *o, int32_t flags, hn_model **out,
                                hn_transfer **report) {
    *out = NULL;
    ck_ok(open_bytes(bytes, size, name, o, report));
    const hn_status status = hn_transfer_model(*report, flags, out, &err);
    ck_assert((status == HN_OK) == (*out != NULL));
    return status;
}

static hn_status transfer(const container *f, const char *name, hn_model_options o, int32_t flags, hn_model **out, hn_transfer **report) {
    size_t size;
    uint8_t *bytes = bytes_of(f, &size);
    o.struct_size = sizeof o;
    const hn_status status = transfer_bytes(bytes, size, name, &o, flags, out, report);
    free(bytes);
    return status;
}

static hn_transfer_info info_of(const hn_transfer *t) {
    hn_transfer_info info = {.struct_size = sizeof info};
    ck_ok(hn_transfer_get_info(t, &info, &err));
    return info;
}

/* The line of a tensor. */
static hn_transfer_line line_of(const hn_transfer *t, const char *name) {
    hn_transfer_line line = {.struct_size = sizeof line};
    for (int32_t i = 0; !hn_transfer_get_line(t, i, &line, NULL); i++)
        if (!strcmp(line.name, name)) return line;
    ck_abort_msg("no line on %s", name);
}

static const char *const f32[] = {"F32"}, *const all_types[] = {"F16", "F32", "BF16", "F64"};

START_TEST(all_but_the_head_is_taken) {
    const int64_t one[4] = {1, 1, 1, 1};
    hn_model *source = preset("tinyresnet", (hn_model_options){.width = 32, .height = 32, .hidden = 2, .seed = 1}), *m;
    hn_model *fresh = preset("tinyresnet", (hn_model_options){.width = 48, .height = 32, .hidden = 2, .n_classes = 5, .seed = 2});
    hn_transfer *report;
    make_plain(source);
    container f = state_dict(source, f32, 1);
    put(&f, "bn1.num_batches_tracked", "I64", 0, one, NULL, 1);
    ck_ok(transfer(&f, "tinyresnet", (hn_model_options){.width = 48, .height = 32, .hidden = 2, .n_classes = 5, .seed = 2}, 0, &m, &report));
    for (size_t i = 0; i < m->graph->n_params; i++) {
        const char *name = m->graph->params[i].name;
        if (strncmp(name, "fc.", 3))
            same_tensor(m, source, name, true);
        else
            same_tensor(m, fresh, name, true);
    }
    ck_assert_msg(!strncmp(m->provenance, "{\"backbone\":{\"digest\":\"", 23), "%s", m->provenance);
    const hn_transfer_info info = info_of(report);
    ck_assert_int_eq(info.n_lines, (int)m->graph->n_params + 1);
    ck_assert(info.taken == info.n_lines - 3 && info.new_head == 2 && info.ignored == 1 && !info.converted && !info.adapted);
    ck_assert(!info.missing && !info.mismatch && !info.unexpected);
    const hn_transfer_line head = line_of(report, "fc.weight"), tracked = line_of(report, "bn1.num_batches_tracked");
    ck_assert(head.what == HN_TENSOR_NEW_HEAD && head.shape[0] == 5 && head.file_shape[0] == 2 && head.rank == 2 && head.file_rank == 2);
    ck_assert(tracked.what == HN_TENSOR_IGNORED && tracked.rank == -1 && tracked.file_rank == 0);
    ck_assert_str_eq(tracked.type, "I64");
    hn_transfer_line beyond = {.struct_size = sizeof beyond};
    ck_assert_int_eq(hn_transfer_get_line(report, info.n_lines, &beyond, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_transfer_get_line(report, -1, &beyond, &err), HN_E_NOT_FOUND);
    hn_transfer_free(report), hn_model_free(m), hn_model_free(source), hn_model_free(fresh), free_container(&f);
}
END_TEST

START_TEST(float_types_are_converted) {
    hn_model *source = preset("tinyvgg-gap", (hn_model_options){.width = 16, .height = 16, .hidden = 1}), *m, *import = NULL;
    const hn_model_options o = {.struct_size = sizeof o, .width = 16, .height = 16, .hidden = 1};
    hn_transfer *report;
    make_plain(source);
    container f = state_dict(source, all_types, 4);
    ck_ok(transfer(&f, "tinyvgg-gap", o, 0, &m, &report));
    ck_assert(info_of(report).converted > 20 && info_of(report).taken > 5);
    for (size_t i = 0; i + 2 < m->graph->n_params; i++) same_tensor(m, source, m->graph->params[i].name, true);
    size_t size;
    uint8_t *bytes = bytes_of(&f, &size);
    ck_ok(hni_model_import(ctx, bytes, size, "tinyvgg-gap", &o, &import, &err));
    for (size_t i = 0; i < m->graph->n_params; i++) same_tensor(import, source, m->graph->params[i].name, true);
    free(bytes), hn_transfer_free(report), hn_model_free(m), hn_model_free(import), hn_model_free(source), free_container(&f);
}
END_TEST

/* Each of the 65536, against what the format says. */
START_TEST(every_half_is_right) {
    for (uint32_t h = 0; h < 65536; h++) {
        const uint16_t half = (uint16_t)h, exponent = half >> 10 & 31, fraction = half & 1023;
        float got;
        hni_to_float(&(hni_tensor_ref){.data = &half, .size = sizeof half, .type = "F16"}, &got);
        const double size = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
        const double want = (h & 0x8000 ? -1 : 1) * (exponent == 31 ? (double)INFINITY : size);
        const bool right = exponent == 31 && fraction ? isnan(got) : (double)got == want;
        if (!right || !signbit(got) != !(h & 0x8000)) ck_abort_msg("%04x gave %a", h, (double)got);
    }
}
END_TEST

/* A grey image is red, green and blue alike: the sum gives what three channels gave. More channels than the file's share its weights. */
START_TEST(the_stem_is_adapted) {
    static const int32_t channels[] = {1, 2, 5};
    hn_model *source = preset("tinyresnet", (hn_model_options){.width = 8, .height = 8, .hidden = 4}), *m = NULL;
    const float *w = weights_of(source, "conv1.weight");
    size_t size;
    ck_ok(hn_model_save_memory(source, NULL, 0, &size, &err));
    uint8_t *bytes = malloc(size);
    ck_ok(hn_model_save_memory(source, bytes, size, &size, &err));
    for (int i = 0; i < 3; i++) {
        const hn_model_options o = {.struct_size = sizeof o, .width = 8, .height = 8, .hidden = 4, .channels = channels[i], .n_classes = 2};
        hn_transfer *report = NULL;
        ck_ok(transfer_bytes(bytes, size, "tinyresnet", &o, 0, &m, &report));
        const hn_transfer_line line = line_of(report, "conv1.weight");
        ck_assert(line.what == HN_TENSOR_ADAPTED && line.shape[1] == channels[i] && line.file_shape[1] == 3);
        ck_assert_int_eq(info_of(report).adapted, 1);
        const float *got = weights_of(m, "conv1.weight");
        for (int64_t k = 0; k < 4; k++)
            for (int64_t c = 0; c < channels[i]; c++)
                for (int64_t t = 0; t < 9; t++) {
                    const double sum = (double)w[(k * 3) * 9 + t] + (double)w[(k * 3 + 1) * 9 + t] + (double)w[(k * 3 + 2) * 9 + t];
                    const double want = channels[i] == 1 ? sum : (double)w[(k * 3 + c % 3) * 9 + t] * 3 / channels[i];
                    if (!(fabs((double)got[(k * channels[i] + c) * 9 + t] - want) <= 1e-7)) ck_abort_msg("%d channels: not %g", channels[i], want);
                }
        hn_transfer_free(report), hn_model_free(m);
    }
    free(bytes), hn_model_free(source);
}
END_TEST

START_TEST(what_does_not_fit_is_listed) {
    const int64_t some[4] = {3, 2, 1, 1};
    hn_model *source = preset("tinyvgg-gap", (hn_model_options){.width = 16, .height = 16, .hidden = 1}), *m;
    const hn_model_options o = {.struct_size = sizeof o, .width = 16, .height = 16, .hidden = 1, .seed = 9};
    hn_model *fresh = preset("tinyvgg-gap", o);
    hn_transfer *report;
    make_plain(source);
    container f = state_dict(source, f32, 1);
    put(&f, "stranger.weight", "F32", 2, some, NULL, 6);
    ck_assert_int_eq(transfer(&f, "tinyvgg-gap", o, 0, &m, &report), HN_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.message, "stranger.weight"));
    ck_assert(info_of(report).unexpected == 1);
    hn_transfer_free(report);
    snprintf(find(&f, "conv_block_1.0.weight")->name, 128, "else.weight"); /* missing, and unexpected */
    find(&f, "conv_block_2.0.weight")->shape[0] = 1;                       /* [1, 1, 3, 3] … */
    find(&f, "conv_block_2.0.weight")->shape[1] = 2;                       /* … is [1, 2, 3, 3] there: no first layer */
    find(&f, "conv_block_3.1.weight")->type = "I32";
    ck_assert_int_eq(transfer(&f, "tinyvgg-gap", o, 0, &m, &report), HN_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "5 of 44 tensors do not fit; the first: conv_block_1.0.weight is not in the file"));
    const hn_transfer_info info = info_of(report);
    ck_assert(info.missing == 1 && info.mismatch == 2 && info.unexpected == 2 && info.new_head == 2);
    ck_assert_int_eq(line_of(report, "conv_block_3.1.weight").what, HN_TENSOR_MISMATCH);
    const hn_transfer_line line = line_of(report, "conv_block_2.0.weight");
    ck_assert(line.what == HN_TENSOR_MISMATCH && line.shape[0] == 2 && line.file_shape[0] == 1);
    hn_transfer_free(report);
    ck_ok(transfer(&f, "tinyvgg-gap", o, HN_TRANSFER_PARTIAL, &m, &report));
    same_tensor(m, source, "conv_block_1.3.weight", true);
    same_tensor(m, fresh, "conv_block_1.0.weight", true);
    same_tensor(m, fresh, "conv_block_2.0.weight", true);
    same_tensor(m, fresh, "conv_block_3.1.weight", true);
    hn_transfer_free(report), hn_model_free(m);
    ck_assert_int_eq(transfer(&f, "tinyresnet", o, HN_TRANSFER_PARTIAL, &m, &report), HN_E_NOT_FOUND);
    hn_transfer_free(report);
    find(&f, "conv_block_1.3.weight")->data[3] = 0x7f, find(&f, "conv_block_1.3.weight")->data[2] = 0x80; /* infinity */
    ck_assert_int_eq(transfer(&f, "tinyvgg-gap", o, HN_TRANSFER_PARTIAL, &m, &report), HN_E_NUMERIC);
    hn_transfer_free(report);
    hn_transfer_free(NULL);
    hn_model_free(source), hn_model_free(fresh), free_container(&f);
}
END_TEST

/* Lines are printed: no name of a file moves a terminal's cursor, or ends within a character. */
START_TEST(names_of_files_can_be_printed) {
    const int64_t one[4] = {1, 1, 1, 1};
    hn_model *source = preset("tinyvgg", (hn_model_options){.width = 16, .height = 16, .hidden = 1}), *m;
    const hn_model_options o = {.struct_size = sizeof o, .width = 16, .height = 16, .hidden = 1};
    hn_transfer *report;
    container f = state_dict(source, f32, 1);
    char lengthy[128], cut[128];
    snprintf(lengthy, sizeof lengthy, "%0118d\u00e9tail", 0); /* the 119th byte that fits is half of a character */
    snprintf(cut, sizeof cut, "%0118d", 0);
    put(&f, "red\\u001b[31m\\u0007", "F32", 1, one, NULL, 1);
    put(&f, lengthy, "F32", 1, one, NULL, 1);
    ck_assert_int_eq(transfer(&f, "tinyvgg", o, 0, &m, &report), HN_E_FORMAT);
    ck_assert_int_eq(line_of(report, "red?[31m?").what, HN_TENSOR_UNEXPECTED);
    ck_assert_int_eq(line_of(report, cut).what, HN_TENSOR_UNEXPECTED);
    hn_transfer_free(report), hn_model_free(source), free_container(&f);
}
END_TEST

/* The package efficientnet_lite_pytorch has other names for all of the network, and no name twice. */
START_TEST(other_names_are_known) {
    hn_model *source = preset("efficientnet-lite0", (hn_model_options){.width = 32, .height = 32, .channels = 1}), *m = NULL;
    char (*names)[160] = calloc(source->graph->n_params, sizeof *names);
    hni_tensor_ref *refs = calloc(source->graph->n_params, sizeof *refs);
    for (size_t i = 0; i < source->graph->n_params; i++) {
        const hni_param *p = &source->graph->params[i];
        ck_assert_msg(hni_preset_other_name("efficientnet-lite0", p->name, names[i], sizeof *names), "%s", p->name);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(names[k], names[i])) ck_abort_msg("%s twice", names[i]);
        refs[i] = (hni_tensor_ref){names[i], HN_DTYPE_F32, p->rank, {p->shape[0], p->shape[1], p->shape[2], p->shape[3]}, source->weights + p->offset,
                                   (size_t)p->elements * sizeof(float), NULL};
    }
    ck_assert_str_eq(names[hni_graph_find_param(source->graph, "blocks.0.0.conv_pw.weight")], "_blocks.0._project_conv.weight");
    ck_assert_str_eq(names[hni_graph_find_param(source->graph, "blocks.2.1.bn3.running_var")], "_blocks.4._bn2.running_var");
    ck_assert_str_eq(names[hni_graph_find_param(source->graph, "blocks.6.0.conv_pw.weight")], "_blocks.15._expand_conv.weight");
    ck_assert(!hni_preset_other_name("resnet18", "conv1.weight", names[0], sizeof *names));
    ck_assert(!hni_preset_other_name("efficientnet-lite0", "blocks.9.0.bn1.weight", names[0], sizeof *names));
    snprintf(names[0], sizeof *names, "_conv_stem.weight");
    uint8_t *bytes;
    size_t size;
    ck_ok(hni_safetensors_bytes(ctx, refs, source->graph->n_params, NULL, &bytes, &size, &err));
    const hn_model_options o = {.struct_size = sizeof o, .width = 32, .height = 32, .channels = 1, .n_classes = 3};
    hn_transfer *report = NULL;
    ck_ok(transfer_bytes(bytes, size, "efficientnet-lite0", &o, 0, &m, &report));
    ck_assert_int_eq(info_of(report).taken, (int)source->graph->n_params - 2);
    same_tensor(m, source, "blocks.5.3.conv_dw.weight", true);
    hn_transfer_free(report), hn_model_free(m);
    const hn_model_options two = {.struct_size = sizeof two, .width = 32, .height = 32, .channels = 1};
    ck_ok(hni_model_import(ctx, bytes, size, "efficientnet-lite0", &two, &m, &err));
    same_tensor(m, source, "classifier.weight", true);
    hni_free(ctx, bytes);
    free(names), free(refs), hn_model_free(source), hn_model_free(m);
}
END_TEST

/* Public weights know ImageNet; a model file says itself; what the caller says stands. */
START_TEST(normalisation_follows_the_weights) {
    const double mean[3] = {0.1, 0.2, 0.6}, deviation[3] = {0.5, 0.7, 0.9}, own = 0.25;
    hn_model *source = preset("tinyresnet", (hn_model_options){.width = 8, .height = 8, .hidden = 1, .mean = mean, .deviation = deviation}), *m;
    const hn_model_options three = {.struct_size = sizeof three, .width = 8, .height = 8, .hidden = 1};
    hn_model_options one = three;
    hn_transfer *report;
    container f = state_dict(source, f32, 1);
    ck_ok(transfer(&f, "tinyresnet", three, 0, &m, &report)); /* no public weights: 0 and 1 */
    ck_assert(m->preproc.mean[1] == 0 && m->preproc.deviation[1] == 1);
    hn_transfer_free(report), hn_model_free(m);
    size_t size;
    ck_ok(hn_model_save_memory(source, NULL, 0, &size, &err));
    uint8_t *bytes = malloc(size);
    ck_ok(hn_model_save_memory(source, bytes, size, &size, &err));
    ck_ok(transfer_bytes(bytes, size, "tinyresnet", &three, 0, &m, &report));
    ck_assert(m->preproc.mean[1] == (float)mean[1] && m->preproc.deviation[2] == (float)deviation[2]);
    hn_transfer_free(report), hn_model_free(m);
    one.channels = 1;
    ck_ok(transfer_bytes(bytes, size, "tinyresnet", &one, 0, &m, &report));
    ck_assert_float_eq_tol(m->preproc.mean[0], 0.3f, 1e-6f);
    ck_assert_float_eq_tol(m->preproc.deviation[0], 0.7f, 1e-6f);
    hn_transfer_free(report), hn_model_free(m);
    one.mean = &own;
    ck_ok(transfer_bytes(bytes, size, "tinyresnet", &one, 0, &m, &report));
    ck_assert(m->preproc.mean[0] == 0.25f && m->preproc.deviation[0] == 1);
    hn_transfer_free(report), hn_model_free(m);
    hn_preset_info info = {.struct_size = sizeof info};
    for (int32_t i = 0; !hn_preset_get(i, &info, NULL) && strcmp(info.name, "efficientnet-lite0"); i++) continue;
    ck_assert(info.mean[0] == 127.0 / 255 && info.deviation[2] == 128.0 / 255);
    free(bytes), hn_model_free(source), free_container(&f);
}
END_TEST

START_TEST(files_are_read) {
    char path[] = "/tmp/haemnet-transfer-XXXXXX";
    const int file = mkstemp(path);
    hn_model *source = preset("tinyvgg", (hn_model_options){.width = 8, .height = 8, .hidden = 1}), *m = NULL, *again = NULL;
    const hn_model_options o = {.struct_size = sizeof o, .width = 8, .height = 8, .hidden = 1, .n_classes = 4};
    hn_transfer *report = NULL;
    ck_assert_int_ge(file, 0);
    close(file);
    ck_ok(hn_model_save(source, path, &err));
    ck_ok(hn_transfer_create(ctx, path, "tinyvgg", &o, &report, &err));
    ck_assert_int_eq(info_of(report).taken, 8);
    ck_assert_int_eq(hn_transfer_model(report, 2, &m, &err), HN_E_ARGUMENT);
    ck_ok(hn_transfer_model(report, 0, &m, &err));
    ck_ok(hn_transfer_model(report, HN_TRANSFER_PARTIAL, &again, &err));
    ck_assert_ptr_eq(m, again);
    hn_transfer_free(report);
    same_tensor(m, source, "conv_block_2.2.bias", true);
    hn_model_free(m), hn_model_free(again);
    ck_ok(hn_transfer_create(ctx, path, "tinyresnet", &o, &report, &err));
    ck_assert_int_eq(info_of(report).unexpected, 10);
    ck_assert_int_eq(hn_transfer_model(report, 0, &m, &err), HN_E_NOT_FOUND);
    ck_assert_ptr_null(m);
    hn_transfer_free(report);
    ck_assert_int_eq(hn_transfer_create(ctx, path, "vgg", &o, &report, &err), HN_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    ck_assert_ptr_null(report);
    ck_assert_int_eq(open_bytes((const uint8_t *)path, sizeof path, "tinyvgg", &o, &report), HN_E_FORMAT);
    unlink(path);
    ck_assert_int_eq(hn_transfer_create(ctx, path, "tinyvgg", &o, &report, &err), HN_E_IO);
    hn_model_free(source);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("transfer");
    TCase *t = tcase_create("transfer");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, all_but_the_head_is_taken);
    tcase_add_test(t, float_types_are_converted);
    tcase_add_test(t, every_half_is_right);
    tcase_add_test(t, the_stem_is_adapted);
    tcase_add_test(t, what_does_not_fit_is_listed);
    tcase_add_test(t, names_of_files_can_be_printed);
    tcase_add_test(t, other_names_are_known);
    tcase_add_test(t, normalisation_follows_the_weights);
    tcase_add_test(t, files_are_read);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
