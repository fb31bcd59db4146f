/* readme_main.c - the program around README's C example: makes what it and the header's example need, and calls it.
 *
 *   readme_main MODEL IMAGE     writes a fresh model and a synthetic slice as PNG, then asks `bleed` about the same slice in CT values
 */
#include <haemnet/haemnet.h>
#include <stdio.h>
#include <stdlib.h>

hn_status bleed(hn_context *ctx, hn_predictor *predictor, const int16_t *slice, int32_t width, int32_t height, double *out, hn_error *err);

static hn_error err;

static void must(hn_status status) {
    if (status == HN_OK) return;
    fprintf(stderr, "%s: %s\n", hn_status_name(status), err.message);
    exit(1);
}

int main(int argc, char **argv) {
    enum { SIZE = 64 };
    static int16_t stored[SIZE * SIZE];
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    hn_phantom_options population = {.struct_size = sizeof population, .patients = 1, .size = SIZE, .slices_per_patient = 1};
    hn_model_options net = {.struct_size = sizeof net, .width = 16, .height = 16, .class_names = names, .positive = 1};
    hn_context *ctx = NULL;
    hn_phantom *phantom = NULL;
    hn_image *slice = NULL, *grey = NULL;
    hn_model *model = NULL;
    hn_predictor *predictor = NULL;
    double probability = -1;
    if (argc != 3) return 2;
    must(hn_context_create(NULL, &ctx, &err));
    must(hn_phantom_create(ctx, &population, &phantom, &err));
    must(hn_phantom_render(phantom, 0, NULL, &slice, NULL, &err));
    must(hn_image_window(slice, NULL, &grey, &err));
    must(hn_image_save_png(grey, argv[2], &err));
    must(hn_model_preset(ctx, "tinyvgg", &net, &model, &err));
    must(hn_model_save(model, argv[1], &err));
    must(hn_image_copy_pixels(slice, stored, sizeof stored, NULL, &err));
    for (int i = 0; i < SIZE * SIZE; i++) stored[i] = (int16_t)(stored[i] + 1024); /* as a scanner stores them */
    must(hn_predictor_create(model, NULL, &predictor, &err));
    must(bleed(ctx, predictor, stored, SIZE, SIZE, &probability, &err));
    printf("%.3f\n", probability);
    hn_image_free(slice), hn_image_free(grey), hn_phantom_free(phantom);
    hn_predictor_free(predictor), hn_model_free(model), hn_context_free(ctx);
    return probability > 0 && probability < 1 ? 0 : 1;
}
