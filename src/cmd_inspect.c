/* cmd_inspect.c - `haemnet inspect`: what a model file holds, as the library's table or as JSON. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

typedef struct inspect_settings {
    int32_t batch, threads, json;
} inspect_settings;

enum { N_OPTIONS = 3 };
static void list_options(inspect_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"batch", OPTION_INT, &s->batch, "N", "images that the memory figures are for (1)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads that the memory figures are for: each has workspace (one per core)"},
        {"json", OPTION_FLAG, &s->json, NULL, "layers, tensors and metadata as one JSON object"},
    };
    memcpy(list, options, sizeof options);
}

void describe_inspect(FILE *out) {
    inspect_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

/* The library's text in memory of the program's; NULL after a failure. */
static char *text_of(const hn_model *model, int32_t batch, bool metadata, hn_error *err) {
    size_t need = 0;
    if (metadata ? hn_model_metadata(model, NULL, 0, &need, err) : hn_model_summary(model, batch, NULL, 0, &need, err)) return NULL;
    char *text = calloc(1, need + 1);
    if (!text) {
        snprintf(err->message, sizeof err->message, "out of memory");
        return NULL;
    }
    if (!(metadata ? hn_model_metadata(model, text, need, &need, err) : hn_model_summary(model, batch, text, need, &need, err))) return text;
    free(text);
    return NULL;
}

static void write_shape(const int64_t *shape, int32_t rank) {
    for (int32_t i = 0; i < rank; i++) printf("%s%lld", i ? ", " : "[", (long long)shape[i]);
    printf("]");
}

static hn_status write_layers(const hn_model *model, int32_t n, hn_error *err) {
    hn_layer_info layer = {.struct_size = sizeof layer};
    hn_status status = HN_OK;
    printf(", \"layers\": [");
    for (int32_t i = 0; i < n && !(status = hn_model_get_layer(model, i, &layer, err)); i++) {
        printf(i ? ", {\"name\": " : "{\"name\": ");
        json_string(stdout, layer.name);
        printf(", \"kind\": ");
        json_string(stdout, layer.kind);
        printf(", \"output\": ");
        write_shape(layer.output, layer.rank);
        printf(", \"parameters\": %lld, \"multiply_adds\": %lld, \"output_bytes\": %lld}", (long long)layer.parameters,
               (long long)layer.multiply_adds, (long long)layer.output_bytes);
    }
    printf("]");
    return status;
}

static hn_status write_tensors(const hn_model *model, int32_t n, hn_error *err) {
    hn_tensor_info tensor = {.struct_size = sizeof tensor};
    hn_status status = HN_OK;
    printf(", \"tensors\": [");
    for (int32_t i = 0; i < n && !(status = hn_model_get_tensor(model, i, &tensor, err)); i++) {
        printf(i ? ", {\"name\": " : "{\"name\": ");
        json_string(stdout, tensor.name);
        printf(", \"shape\": ");
        write_shape(tensor.shape, tensor.rank);
        printf(", \"trainable\": %s}", tensor.trainable ? "true" : "false");
    }
    printf("]");
    return status;
}

static int write_json(const hn_model *model, const hn_model_info *info, hn_error *err) {
    char digest[65], *metadata = text_of(model, 1, true, err);
    if (!metadata) return fail(err);
    hex_digest(digest, info->digest);
    printf("{\"digest\": \"%s\", \"parameters\": %lld, \"multiply_adds\": %lld", digest, (long long)info->parameters,
           (long long)info->multiply_adds);
    hn_status status = write_layers(model, info->n_layers, err);
    if (!status) status = write_tensors(model, info->n_tensors, err);
    printf(", \"metadata\": %s}\n", metadata);
    free(metadata);
    return status ? fail(err) : EXIT_DONE;
}

/* What the summary, which is about shapes, leaves out. */
static void print_facts(const hn_model *model, const hn_model_info *info) {
    char digest[65];
    hex_digest(digest, info->digest);
    printf("positive class           %s, from probability %g on\n", info->positive >= 0 ? hn_model_class_name(model, info->positive) : "none named",
           info->threshold);
    printf("digest                   %s\n", digest);
}

static int inspect(const hn_model *model, const inspect_settings *s, hn_error *err) {
    hn_model_info info = {.struct_size = sizeof info};
    if (hn_model_get_info(model, &info, err)) return fail(err);
    if (s->json) return write_json(model, &info, err);
    char *text = text_of(model, s->batch, false, err);
    if (!text) return fail(err);
    fputs(text, stdout);
    print_facts(model, &info);
    free(text);
    return EXIT_DONE;
}

int cmd_inspect(int argc, char **argv) {
    inspect_settings s = {.batch = 1};
    option list[N_OPTIONS];
    hn_context *ctx = NULL;
    hn_model *model = NULL;
    hn_error err = {0};
    list_options(&s, list);
    int words = parse_options("inspect", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    if (words != 1) return usage_error("inspect", "takes one model file");
    if (s.batch < 1) return usage_error("inspect", "--batch %d: must be 1 or more", s.batch);
    if (s.threads < 0) return usage_error("inspect", "--threads %d: must be 1 or more", s.threads);
    int code = open_context(s.threads, &ctx, &err) || hn_model_load(ctx, argv[0], &model, &err) ? fail(&err) : inspect(model, &s, &err);
    hn_model_free(model);
    hn_context_free(ctx);
    return code;
}
