/* cpu_train.h - one small training with a chosen instruction set and number of threads, and the model file that comes out. Without Check, so
 * that it can be built for other machines (slow_neon.sh). */
#ifndef HAEMNET_TEST_BACKEND_CPU_TRAIN_H
#define HAEMNET_TEST_BACKEND_CPU_TRAIN_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/cpu/cpu.h"
#include "haemnet/haemnet.h"

/* A context with a device "test" that runs on isa: one name for all, since it may be written into the model. NULL = failed. */
static inline hn_context *cpu_context(const hni_cpu_isa *isa, int32_t threads, hn_backend *table, hn_error *e) {
    const hn_context_options options = {.struct_size = sizeof options, .threads = threads, .plugin_dir = ""};
    hn_context *ctx = NULL;
    *table = hni_cpu_backend_of(isa);
    table->name = "test";
    if (hn_context_create(&options, &ctx, e) == HN_OK && hn_backend_register(ctx, table, e) != HN_OK) {
        hn_context_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

enum { CPU_SLICES = 12, CPU_SIDE = 64 };

/* Draws twelve slices of six invented patients, [12, 64, 64] HU: once a process, since trainings are many and drawing takes longer than they do. */
static inline hn_status cpu_draw(hn_context *ctx, const int16_t **slices, hn_error *e) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int16_t kept[CPU_SLICES][CPU_SIDE * CPU_SIDE];
    static int drawn;
    const hn_phantom_options options = {.struct_size = sizeof options, .patients = 6, .size = CPU_SIDE, .slices_per_patient = 2, .seed = 5};
    hn_phantom *phantom = NULL;
    hn_status status = HN_OK;
    pthread_mutex_lock(&lock);
    if (drawn == 0)
        status = hn_phantom_create(ctx, &options, &phantom, e);
    for (; status == HN_OK && drawn < CPU_SLICES; drawn += status == HN_OK) {
        hn_image *image = NULL;
        size_t need = 0;
        status = hn_phantom_render(phantom, drawn, NULL, &image, NULL, e);
        if (status == HN_OK)
            status = hn_image_copy_pixels(image, kept[drawn], sizeof kept[drawn], &need, e);
        hn_image_free(image);
    }
    hn_phantom_free(phantom);
    drawn = drawn == CPU_SLICES ? drawn : 0;
    pthread_mutex_unlock(&lock);
    *slices = kept[0];
    return status;
}

/* Those slices, each patient's second one called a haemorrhage. NULL = failed. */
static inline hn_dataset *cpu_phantoms(hn_context *ctx, hn_error *e) {
    const int16_t *slices = NULL;
    hn_dataset *data = NULL;
    hn_status status = cpu_draw(ctx, &slices, e);
    if (status == HN_OK)
        status = hn_dataset_create(ctx, NULL, &data, e);
    for (int i = 0; status == HN_OK && i < CPU_SLICES; i++) {
        const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_I16, .width = CPU_SIDE, .height = CPU_SIDE, .channels = 1,
                                  .flags = HN_PIXELS_HU, .data = slices + i * CPU_SIDE * CPU_SIDE, .slope = 1.0};
        hn_image *image = NULL;
        char patient[32];
        snprintf(patient, sizeof patient, "p%d", i / 2);
        status = hn_image_wrap(ctx, &pixels, &image, e);
        if (status == HN_OK)
            status = hn_dataset_add_image(data, image, i % 2 ? "haemorrhage" : "no_haemorrhage", patient, e);
        hn_image_free(image);
    }
    if (status != HN_OK) {
        hn_dataset_free(data);
        data = NULL;
    }
    return data;
}

/* The bytes of a model's file; NULL = failed. */
static inline uint8_t *cpu_model_bytes(const hn_model *model, size_t *size, hn_error *e) {
    uint8_t *bytes = NULL;
    if (hn_model_save_memory(model, NULL, 0, size, e) == HN_OK)
        bytes = malloc(*size);
    if (bytes && hn_model_save_memory(model, bytes, *size, size, e) != HN_OK) {
        free(bytes);
        bytes = NULL;
    }
    return bytes;
}

/* The model file after one epoch on the phantoms, batches of 5 and a rest, 50×44 px; NULL = failed. The caller frees it. */
static inline uint8_t *cpu_train(const hni_cpu_isa *isa, int32_t threads, size_t *size, hn_error *e) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    const hn_model_options options = {.struct_size = sizeof options, .width = 50, .height = 44, .class_names = names, .seed = 3};
    const hn_train_options how = {.struct_size = sizeof how, .batch = 5, .seed = 9, .device = "test"};
    hn_epoch_report report = {.struct_size = sizeof report};
    hn_backend table;
    hn_model *model = NULL, *trained = NULL;
    hn_trainer *trainer = NULL;
    uint8_t *bytes = NULL;
    hn_context *ctx = cpu_context(isa, threads, &table, e);
    hn_dataset *data = ctx ? cpu_phantoms(ctx, e) : NULL;
    if (data && hn_model_preset(ctx, "tinyvgg", &options, &model, e) == HN_OK &&
        hn_trainer_create(model, data, NULL, &how, &trainer, e) == HN_OK && hn_train_epoch(trainer, &report, e) == HN_OK &&
        hn_trainer_model(trainer, HN_LAST, &trained, e) == HN_OK)
        bytes = cpu_model_bytes(trained, size, e);
    hn_model_free(trained);
    hn_model_free(model);
    hn_trainer_free(trainer);
    hn_dataset_free(data);
    hn_context_free(ctx);
    return bytes;
}

#endif
