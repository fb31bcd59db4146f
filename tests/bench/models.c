/* models.c - the library's presets as they are measured. */
#include "models.h"

#include <stdio.h>
#include <string.h>

hn_status bench_model(hn_context *ctx, const char *name, int32_t size, int32_t hidden, hn_model **out, hn_error *err) {
    char preset[64];
    snprintf(preset, sizeof preset, "%.*s", (int)strcspn(name, "@"), name);
    hn_model_options o = {.struct_size = sizeof o, .width = size, .height = size, .channels = 3, .hidden = hidden, .n_classes = 2};
    *out = NULL;
    if (strncmp(name, "tiny", 4)) o.hidden = 0, o.n_classes = 1000; /* as its authors measured it */
    if (strchr(name, '@')) o.channels = 1;
    return hn_model_preset(ctx, preset, &o, out, err);
}
