/* choices.c - what a backend says about its choices (instruction set, implementations, why not others) while a network is made ready on its
 * device: the lines that it logs for whoever wants to know, in a context of their own. Those about operators begin with "operator". */
#include <stdlib.h>
#include <string.h>

#include "program.h"

typedef struct log_lines {
    const char *backend; /* whose lines are wanted */
    char **line;
    size_t n;
} log_lines;

/* Equal layers say the same: once is enough. */
static void keep_line(void *user, int32_t level, const char *component, const char *message) {
    log_lines *l = user;
    if (level != HN_LOG_DEBUG || strcmp(component, l->backend)) return;
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->line[i], message)) return;
    char **more = realloc(l->line, (l->n + 1) * sizeof *more), *copy = more ? strdup(message) : NULL;
    if (more) l->line = more;
    if (copy) l->line[l->n++] = copy;
}

static hn_status open_model(hn_context *ctx, const char *name, hn_model **out, hn_error *err) {
    hn_model_options small = {.struct_size = sizeof small, .width = 8, .height = 8, .hidden = 1};
    if (!name) return hn_model_preset(ctx, "tinyvgg", &small, out, err); /* any network will do */
    return exists(name) ? hn_model_load(ctx, name, out, err) : hn_model_preset(ctx, name, NULL, out, err);
}

/* One image of each class; HU, since any number of channels takes them. */
static hn_status tiny_data(hn_context *ctx, const hn_model *model, int32_t n_classes, hn_dataset **out, hn_error *err) {
    static const int16_t grey;
    hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_I16, .width = 1, .height = 1, .channels = 1, .data = &grey};
    hn_image *image = NULL;
    hn_status status = hn_dataset_create(ctx, NULL, out, err);
    if (!status) status = hn_image_wrap(ctx, &pixels, &image, err);
    for (int32_t k = 0; k < n_classes && !status; k++) status = hn_dataset_add_image(*out, image, hn_model_class_name(model, k), NULL, err);
    hn_image_free(image);
    return status;
}

/* Data of several labels come from manifests only, so such a model shows what prediction takes. */
static hn_status make_trainer(hn_context *ctx, const hn_model *model, const char *device, hn_error *err) {
    hn_model_info info = {.struct_size = sizeof info};
    hn_train_options options = {.struct_size = sizeof options, .device = device, .batch = 1};
    hn_dataset *data = NULL;
    hn_trainer *trainer = NULL;
    hn_status status = hn_model_get_info(model, &info, err);
    if (status || info.task == HN_TASK_MULTI) return status;
    status = tiny_data(ctx, model, info.n_classes, &data, err);
    if (!status) status = hn_trainer_create(model, data, NULL, &options, &trainer, err);
    hn_trainer_free(trainer);
    hn_dataset_free(data);
    return status;
}

static hn_status make_ready(const char *device, const char *model_name, log_lines *lines, hn_error *err) {
    hn_context_options options = {.struct_size = sizeof options, .threads = 1, .log = keep_line, .log_user = lines, .log_level = HN_LOG_DEBUG};
    hn_predictor_options predict = {.struct_size = sizeof predict, .max_batch = 1, .device = device};
    hn_context *ctx = NULL;
    hn_model *model = NULL;
    hn_predictor *predictor = NULL;
    hn_status status = hn_context_create(&options, &ctx, err);
    if (!status) status = open_model(ctx, model_name, &model, err);
    if (!status) status = hn_predictor_create(model, &predict, &predictor, err);
    if (!status && model_name) status = make_trainer(ctx, model, device, err);
    hn_predictor_free(predictor);
    hn_model_free(model);
    hn_context_free(ctx);
    return status;
}

void print_choices(const char *backend, const char *device, const char *model) {
    log_lines lines = {.backend = backend};
    hn_error err = {0};
    hn_status status = make_ready(device, model, &lines, &err);
    for (size_t i = 0; i < lines.n; i++) {
        bool of_operator = !strncmp(lines.line[i], "operator ", 9);
        if (model || !of_operator) printf("    %s\n", of_operator ? lines.line[i] + 9 : lines.line[i]);
        free(lines.line[i]);
    }
    if (status) printf("    cannot be made ready: %s\n", err.message);
    free(lines.line);
}
