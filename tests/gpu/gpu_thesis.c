/* gpu_thesis.c - the thesis' training, 20 epochs of TinyVGG at 64 px, batch 32, over 160 slices with a test on 40 more after each; and one
 * image's verdict, as a host would ask for it. Public calls only.
 *
 * Slices are synthetic, and decoded before the clock starts. What counts is making the trainer (engines are chosen, memory is taken, the
 * data set goes to the device) and all epochs; the first epoch alone shows what is done once.
 *
 *   --images N    training images, a fifth of them again for the test part (160); more than 200 in all are the same slices again
 *   --model FILE  two epochs without a clock, and the model that comes out: for comparing files */
#include <math.h>
#include <stdlib.h>

#include "../bench/single.h"
#include "base/os.h" /* defines: hni_seconds */
#include "gpu.h"

enum { EPOCHS = 20, PATIENTS = 40, PER_PATIENT = 4, WARM = 50, VERDICTS = 2000 };

/* `count` images, which are the slices of `patients` patients from `first` on, again and again. */
static hn_dataset *slices(gpu *g, const hn_phantom *phantom, int first, int patients, int count) {
    hn_dataset *data;
    gpu_must(g, hn_dataset_create(g->ctx, NULL, &data, &g->err), "a data set");
    for (int i = 0; i < patients * PER_PATIENT; i++) {
        hn_phantom_slice_info info = {.struct_size = sizeof info};
        hn_image *image = NULL, *mask = NULL;
        char patient[32];
        gpu_must(g, hn_phantom_render(phantom, first * PER_PATIENT + i, &info, &image, &mask, &g->err), "a slice");
        snprintf(patient, sizeof patient, "p%d", (int)info.patient);
        for (int k = i; k < count; k += patients * PER_PATIENT)
            gpu_must(g, hn_dataset_add_image(data, image, info.types ? "haemorrhage" : "no_haemorrhage", patient, &g->err),
                     "adding a slice");
        hn_image_free(image);
        hn_image_free(mask);
    }
    return data;
}

static void save(gpu *g, hn_trainer *trainer, const char *path) {
    hn_model *model;
    gpu_must(g, hn_trainer_model(trainer, HN_LAST, &model, &g->err), "the trained model");
    gpu_must(g, hn_model_save(model, path, &g->err), path);
    hn_model_free(model);
}

/* What took how long. */
static void tell(gpu *g, int images, double whole, double made, double first, int epochs) {
    const struct {
        const char *what;
        double seconds, bound;
    } all[] = {{"whole", whole, 3},
               {"making the trainer", made, NAN},
               {"first epoch", first, NAN},
               {"a later epoch", (whole - made - first) / (epochs - 1), NAN}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char name[GPU_TEXT];
        snprintf(name, sizeof name, "thesis, %d images, %d epochs: %s", images, epochs, all[i].what);
        gpu_figure(g, name, all[i].seconds, "s", all[i].bound);
    }
}

static void train(gpu *g) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    const char *path = gpu_option(g, "--model", NULL);
    const int n = gpu_number(g, "--images", g->quick ? 16 : 160), test_n = n / 4, epochs = g->quick || path ? 2 : EPOCHS;
    const int patients = n < PATIENTS * PER_PATIENT ? n / PER_PATIENT : PATIENTS, test_patients = (patients + 3) / 4;
    const hn_phantom_options how = {
        .struct_size = sizeof how, .patients = patients + test_patients, .size = 64, .slices_per_patient = PER_PATIENT, .seed = 1};
    const hn_model_options m = {.struct_size = sizeof m, .class_names = names, .n_classes = 2, .positive = 0};
    const hn_train_options o = {.struct_size = sizeof o, .device = g->device, .batch = 32};
    hn_epoch_report report = {.struct_size = sizeof report};
    hn_trainer_info info = {.struct_size = sizeof info};
    hn_phantom *phantom;
    hn_model *model;
    hn_trainer *trainer;
    double first = 0;
    char name[GPU_TEXT];
    gpu_must(g, hn_phantom_create(g->ctx, &how, &phantom, &g->err), "slices");
    hn_dataset *data = slices(g, phantom, 0, patients, n), *test = slices(g, phantom, patients, test_patients, test_n);
    gpu_must(g, hn_model_preset(g->ctx, "tinyvgg", &m, &model, &g->err), "a model");
    const double begin = hni_seconds();
    gpu_must(g, hn_trainer_create(model, data, test, &o, &trainer, &g->err), "a trainer");
    const double made = hni_seconds() - begin;
    gpu_must(g, hn_trainer_get_info(trainer, &info, &g->err), "what the trainer has");
    for (int i = 0; i < epochs; i++) {
        gpu_must(g, hn_train_epoch(trainer, &report, &g->err), "an epoch");
        if (i == 0) first = report.seconds;
    }
    const double whole = hni_seconds() - begin;
    snprintf(name, sizeof name, "training on %d images", n);
    gpu_check(g, isfinite(report.train_loss) && report.train_images == n && report.test_images == test_n, name,
              "%d epochs; loss %.4f, test accuracy %.3f; %s, %lld images stay on the device", epochs, report.train_loss,
              report.test_accuracy, info.precision, (long long)info.resident_images);
    if (path)
        save(g, trainer, path);
    else
        tell(g, n, whole, made, first, epochs);
    hn_trainer_free(trainer);
    hn_model_free(model);
    hn_dataset_free(data);
    hn_dataset_free(test);
    hn_phantom_free(phantom);
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* An 8-bit RGB image of the input's size in the host's memory → a verdict in the host's memory. */
static void predict(gpu *g) {
    static double seconds[VERDICTS];
    const int n = g->quick ? 20 : VERDICTS;
    single *s;
    gpu_must(g, single_create(g->ctx, g->device, 64, 10, &s, &g->err), "a predictor");
    for (int i = 0; i < WARM; i++) gpu_must(g, single_run(s, &g->err), "a prediction");
    for (int i = 0; i < n; i++) {
        const double begin = hni_seconds();
        gpu_must(g, single_run(s, &g->err), "a prediction");
        seconds[i] = hni_seconds() - begin;
    }
    single_free(s);
    qsort(seconds, (size_t)n, sizeof *seconds, compare_doubles);
    gpu_check(g, true, "one image", "%d predictions", n);
    gpu_figure(g, "one image, hn_predict, median", seconds[n / 2] * 1e6, "us", 60);
    gpu_figure(g, "one image, hn_predict, 99th percentile", seconds[n * 99 / 100] * 1e6, "us", NAN);
}

int main(int argc, char **argv) {
    static const char *const own[] = {"--images", "--model", NULL};
    static gpu g;
    gpu_begin(&g, "gpu_thesis", own, argc, argv);
    train(&g);
    if (!gpu_option(&g, "--model", NULL) && !gpu_option(&g, "--images", NULL)) predict(&g);
    return gpu_end(&g);
}
