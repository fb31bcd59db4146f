/* words.c - options whose values the library knows: a wrong one is wrong usage, found before any work, with the library's own list or
 * reason. A context of its own asks, so that no command has to open things in another order for it. */
#include <string.h>

#include "program.h"

static int unknown(const char *command_name, const char *word, const char *value, const hn_error *err) {
    return usage_error(command_name, "--%s %s: %s", word, value, err->message);
}

bool find_preset(const char *name, hn_preset_info *out) {
    out->struct_size = sizeof *out;
    for (int32_t i = 0; !hn_preset_get(i, out, NULL); i++)
        if (!strcmp(out->name, name)) return true;
    return false;
}

static int check_model(const char *command_name, hn_context *ctx, const char *name) {
    hn_preset_info preset;
    hn_model *model = NULL;
    hn_error err = {0};
    if (find_preset(name, &preset)) return EXIT_DONE;
    hn_status status = hn_model_preset(ctx, name, NULL, &model, &err);
    hn_model_free(model);
    return status == HN_E_NOT_FOUND ? unknown(command_name, "model", name, &err) : status ? fail(&err) : EXIT_DONE;
}

/* A device that is known and cannot be used here is no mistake of the user's: the command says so when it opens it. */
static int check_device(const char *command_name, hn_context *ctx, const char *spec) {
    int32_t device;
    hn_error err = {0};
    hn_status status = hn_device_find(ctx, spec, &device, &err);
    return status == HN_E_NOT_FOUND || status == HN_E_ARGUMENT ? unknown(command_name, "device", spec, &err) : EXIT_DONE;
}

static int check_group(const char *command_name, hn_context *ctx, const char *pattern) {
    hn_dataset_options options = {.struct_size = sizeof options, .group_pattern = pattern};
    hn_dataset *data = NULL;
    hn_error err = {0};
    hn_status status = hn_dataset_create(ctx, &options, &data, &err);
    hn_dataset_free(data);
    if (!status) return EXIT_DONE;
    if (status != HN_E_ARGUMENT) return fail(&err);
    const char *reason = strstr(err.message, "expression: "); /* before it stands the library's name of the option */
    return usage_error(command_name, "--group %s: no POSIX extended regular %s; ^([0-9]+)_ takes the number that a file name begins with, none says "
                       "that there are no groups", pattern, reason ? reason : "expression");
}

static const char *const views[] = {"none", "flip", "flip-shift", NULL};

int read_tta(const char *command_name, const char *word, int32_t *tta) {
    int32_t i = HN_TTA_NONE;
    while (word && views[i] && strcmp(word, views[i])) i++;
    if (!views[i]) return usage_error(command_name, "--tta %s: must be none, flip or flip-shift", word);
    *tta = i;
    return EXIT_DONE;
}

int read_smooth(const char *command_name, double smooth) {
    if (smooth >= 0 && smooth <= 100) return EXIT_DONE; /* not NaN */
    return usage_error(command_name, "--smooth %g: must be 0 to 100 slices", smooth);
}

const char *tta_name(int32_t tta) { return views[tta]; }

int check_words(const char *command_name, const char *model, const char *device, const char *group) {
    hn_context_options options = {.struct_size = sizeof options, .threads = 1}; /* no log: the command's own context will tell */
    hn_context *ctx = NULL;
    hn_error err = {0};
    if (!model && !device && !group) return EXIT_DONE;
    int code = hn_context_create(&options, &ctx, &err) ? fail(&err) : EXIT_DONE;
    if (!code && model) code = check_model(command_name, ctx, model);
    if (!code && device) code = check_device(command_name, ctx, device);
    if (!code && group) code = check_group(command_name, ctx, group);
    hn_context_free(ctx);
    return code;
}
