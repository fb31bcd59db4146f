/* cmd_inspect.c - `haemnet inspect`: what a model file holds, or what a preset would be, as the library's table or as JSON. */
#include <stdlib.h>
#include <string.h>

#include "judgement.h"

typedef struct inspect_settings {
    const char *preset;
    int32_t batch, threads, json, presets, size, channels, hidden, classes;
} inspect_settings;

enum { N_OPTIONS = 9 };
static void list_options(inspect_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"batch", OPTION_INT, &s->batch, "N", "images that the memory figures are for (1)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads that the memory figures are for: each has workspace (one per core)"},
        {"preset", OPTION_TEXT, &s->preset, "NAME", "instead of a file: a fresh network of this architecture"},
        {"presets", OPTION_FLAG, &s->presets, NULL, "lists the architectures, with the size of their input and their hidden width"},
        {"size", OPTION_INT, &s->size, "N", "of a preset: width and height of the input in px (its own)"},
        {"channels", OPTION_INT, &s->channels, "N", "of a preset: channels of the input, 1 to 16 (3)"},
        {"hidden", OPTION_INT, &s->hidden, "N", "of a preset: hidden width (its own)"},
        {"classes", OPTION_INT, &s->classes, "N", "of a preset: number of classes (2)"},
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
static char *summary_of(const hn_model *model, int32_t batch, hn_error *err) {
    size_t need = 0;
    if (hn_model_summary(model, batch, NULL, 0, &need, err)) return NULL;
    char *text = malloc(need);
    if (!text) {
        *err = (hn_error){.status = HN_E_MEMORY, .message = "out of memory"};
        return NULL;
    }
    if (!hn_model_summary(model, batch, text, need, &need, err)) return text;
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
    char digest[65], *metadata = metadata_of(model, err);
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
    hn_threshold t = {.struct_size = sizeof t};
    hn_calibration c = {.struct_size = sizeof c};
    char text[CHOICE_TEXT];
    if (!hn_model_get_threshold(model, &t, NULL) && t.rule)
        printf("threshold                %s\n", choice_text(&t, hn_model_class_name(model, t.index), text));
    printf("calibration              ");
    if (!hn_model_get_calibration(model, &c, NULL) && c.method) print_calibration(stdout, &c);
    else printf("none\n");
    print_familiarity(stdout, model);
    printf("digest                   %s\n", digest);
}

static int inspect(const hn_model *model, const inspect_settings *s, hn_error *err) {
    hn_model_info info = {.struct_size = sizeof info};
    if (hn_model_get_info(model, &info, err)) return fail(err);
    if (s->json) return write_json(model, &info, err);
    char *text = summary_of(model, s->batch, err);
    if (!text) return fail(err);
    fputs(text, stdout);
    print_facts(model, &info);
    free(text);
    return EXIT_DONE;
}

static int list_presets(void) {
    hn_preset_info p = {.struct_size = sizeof p};
    for (int32_t i = 0; !hn_preset_get(i, &p, NULL); i++) {
        char hidden[24] = "-";
        if (p.hidden) snprintf(hidden, sizeof hidden, "%d", p.hidden);
        printf("%-18s %4d px  hidden %-4s %s\n", p.name, p.size, hidden, p.about);
    }
    return EXIT_DONE;
}

static hn_status open_subject(hn_context *ctx, const char *file, const inspect_settings *s, hn_model **out, hn_error *err) {
    const hn_model_options options = {.struct_size = sizeof options, .width = s->size, .height = s->size, .channels = s->channels,
                                      .hidden = s->hidden, .n_classes = s->classes};
    return s->preset ? hn_model_preset(ctx, s->preset, &options, out, err) : hn_model_load(ctx, file, out, err);
}

static int check(const inspect_settings *s, int words) {
    if (s->presets) return words || s->preset ? usage_error("inspect", "--presets stands alone") : EXIT_DONE;
    if (s->preset && words) return usage_error("inspect", "takes one model file or --preset NAME, not both");
    if (!s->preset && words != 1) return usage_error("inspect", "takes one model file, or --preset NAME");
    if (!s->preset && (s->size || s->channels || s->hidden || s->classes))
        return usage_error("inspect", "--size, --channels, --hidden and --classes belong to --preset");
    if (s->batch < 1) return usage_error("inspect", "--batch %d: must be 1 or more", s->batch);
    if (s->threads < 0) return usage_error("inspect", "--threads %d: must be 1 or more", s->threads);
    hn_preset_info preset;
    return !s->preset || find_preset(s->preset, &preset)
               ? EXIT_DONE
               : usage_error("inspect", "--preset %s: there is none of this name; haemnet inspect --presets lists them", s->preset);
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
    int code = check(&s, words);
    if (code || s.presets) return code ? code : list_presets();
    code = open_context(s.threads, &ctx, &err) || open_subject(ctx, argv[0], &s, &model, &err) ? fail(&err) : inspect(model, &s, &err);
    hn_model_free(model);
    hn_context_free(ctx);
    return code;
}
