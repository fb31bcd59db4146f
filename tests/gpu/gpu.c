/* gpu.c - options, checks and JSON of the programs of tests/gpu. */
#include "gpu.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"

enum { EXIT_USAGE = 2, EXIT_SKIPPED = 77 };

static void usage(const gpu *g, const char *word) {
    fprintf(stderr, "%s: %s is not understood\nusage: %s [--quick] [--device SPEC] [--plugins DIR] [--json FILE]", g->program, word,
            g->program);
    for (int i = 0; i < GPU_OPTIONS && g->own[i].name; i++) fprintf(stderr, " [%s VALUE]", g->own[i].name);
    fprintf(stderr, "\n");
    exit(EXIT_USAGE);
}

static const char **find_own(gpu *g, const char *name) {
    for (int i = 0; i < GPU_OPTIONS && g->own[i].name; i++)
        if (!strcmp(g->own[i].name, name)) return &g->own[i].value;
    return NULL;
}

static void read_options(gpu *g, int argc, char **argv) {
    const char *json = NULL;
    for (int i = 1; i < argc; i++) {
        const char **value = !strcmp(argv[i], "--device")    ? &g->device
                             : !strcmp(argv[i], "--plugins") ? &g->plugins
                             : !strcmp(argv[i], "--json")    ? &json
                                                             : find_own(g, argv[i]);
        if (!strcmp(argv[i], "--quick"))
            g->quick = true;
        else if (value && i + 1 < argc)
            *value = argv[++i];
        else
            usage(g, argv[i]);
    }
    if (json && !(g->json = fopen(json, "a"))) {
        perror(json);
        exit(EXIT_USAGE);
    }
}

/* Why a plug-in was left out is said in the log alone. */
static void keep_warning(void *user, int32_t level, const char *component, const char *message) {
    gpu *g = user;
    if (level > HN_LOG_WARNING) return;
    printf("     %s: %s\n", component, message);
    snprintf(g->warning, sizeof g->warning, " (%s)", message);
}

void gpu_begin(gpu *g, const char *program, const char *const *own, int argc, char **argv) {
    hni_device *device = NULL;
    *g = (gpu){.program = program, .device = "cudnn", .plugins = ""};
    for (int i = 0; own && own[i] && i < GPU_OPTIONS; i++) g->own[i].name = own[i];
    read_options(g, argc, argv);
    const hn_context_options o = {
        .struct_size = sizeof o, .plugin_dir = g->plugins, .log = keep_warning, .log_user = g, .log_level = HN_LOG_WARNING};
    gpu_must(g, hn_context_create(&o, &g->ctx, &g->err), "a context");
    const hn_status status = hni_device_open_spec(g->ctx, g->device, &device, &g->err);
    hni_device_close(device);
    if (status == HN_OK) return;
    if (status == HN_E_UNSUPPORTED) /* reference and cpu compute in float32 alone */
        gpu_skip(g, program, "%s", g->err.message);
    else
        gpu_check(g, false, "opening the device", "%s: %s%s", hn_status_name(status), g->err.message, g->warning);
    exit(gpu_end(g) ? 1 : EXIT_SKIPPED);
}

const char *gpu_option(const gpu *g, const char *name, const char *otherwise) {
    for (int i = 0; i < GPU_OPTIONS && g->own[i].name; i++)
        if (!strcmp(g->own[i].name, name) && g->own[i].value) return g->own[i].value;
    return otherwise;
}

int gpu_number(const gpu *g, const char *name, int otherwise) {
    const char *text = gpu_option(g, name, NULL);
    return text ? atoi(text) : otherwise;
}

int gpu_end(gpu *g) {
    hn_context_free(g->ctx);
    if (g->json && fclose(g->json)) {
        perror("the JSON file");
        return EXIT_USAGE;
    }
    return g->failed > 0;
}

static void put_text(FILE *f, const char *text) {
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(f, "\\%c", *text);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, f);
    }
    fputc('"', f);
}

void gpu_json_begin(gpu *g, const char *kind) {
    if (g->json) fprintf(g->json, "{\"kind\": \"%s\"", kind);
}

void gpu_json_text(gpu *g, const char *key, const char *text) {
    if (!g->json) return;
    fprintf(g->json, ", \"%s\": ", key);
    put_text(g->json, text);
}

void gpu_json_number(gpu *g, const char *key, double value) {
    if (!g->json) return;
    if (isfinite(value))
        fprintf(g->json, ", \"%s\": %.9g", key, value);
    else
        fprintf(g->json, ", \"%s\": null", key);
}

void gpu_json_end(gpu *g) {
    if (!g->json) return;
    fprintf(g->json, "}\n");
    fflush(g->json); /* what is known stays known if the next thing takes the process down */
}

static void told(gpu *g, const char *word, const char *status, const char *name, const char *detail) {
    printf("%-4s %s, %s: %s\n", word, g->device, name, detail);
    fflush(stdout);
    gpu_json_begin(g, "check");
    gpu_json_text(g, "device", g->device);
    gpu_json_text(g, "name", name);
    gpu_json_text(g, "status", status);
    gpu_json_text(g, "detail", detail);
    gpu_json_end(g);
}

void gpu_check(gpu *g, bool good, const char *name, const char *format, ...) {
    char detail[2 * GPU_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    g->passed += good;
    g->failed += !good;
    told(g, good ? "ok" : "FAIL", good ? "passed" : "failed", name, detail);
}

void gpu_skip(gpu *g, const char *name, const char *format, ...) {
    char detail[2 * GPU_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    g->skipped++;
    told(g, "SKIP", "skipped", name, detail);
}

void gpu_must(gpu *g, hn_status status, const char *what) {
    if (!status) return;
    gpu_check(g, false, what, "%s: %s", hn_status_name(status), g->err.message);
    gpu_end(g);
    exit(1);
}

void gpu_figure(gpu *g, const char *name, double value, const char *unit, double bound) {
    const bool judged = !isnan(bound) && !g->quick && !strncmp(g->device, "cudnn", 5);
    printf("     %s, %s: %.6g %s", g->device, name, value, unit);
    if (judged) printf(" (aim: at most %g: %s)", bound, value <= bound ? "met" : "NOT met");
    printf("\n");
    fflush(stdout);
    gpu_json_begin(g, "figure");
    gpu_json_text(g, "device", g->device);
    gpu_json_text(g, "name", name);
    gpu_json_number(g, "value", value);
    gpu_json_text(g, "unit", unit);
    if (judged) gpu_json_number(g, "at_most", bound);
    gpu_json_end(g);
}
