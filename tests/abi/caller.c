/* caller.c - a program as users of the first release wrote it: every struct of the public headers crosses the ABI once. It is compiled
 * against the stored headers of each release and must run on the library of today. C99, no test framework: exit code 0 or a message. */
#include <haemnet/haemnet.h>
#include <stdio.h>
#include <string.h>

static hn_error err;

#define MUST(call)                                                        \
    do {                                                                  \
        if ((call) != HN_OK) {                                            \
            fprintf(stderr, "line %d: %s\n", __LINE__, err.message);      \
            return 1;                                                     \
        }                                                                 \
    } while (0)
#define CHECK(condition)                                                  \
    do {                                                                  \
        if (!(condition)) {                                               \
            fprintf(stderr, "line %d: not %s\n", __LINE__, #condition);   \
            return 1;                                                     \
        }                                                                 \
    } while (0)

static int32_t progress(void *user, const hn_progress *p) {
    if (p->struct_size >= sizeof *p) ++*(int *)user;
    return 0;
}

static int fill(hn_context *ctx, hn_dataset *data) {
    hn_phantom_options options = {0};
    hn_phantom *phantom = NULL;
    int64_t i;
    options.struct_size = sizeof options, options.patients = 4, options.size = 64, options.slices_per_patient = 3;
    MUST(hn_phantom_create(ctx, &options, &phantom, &err));
    for (i = 0; i < hn_phantom_count(phantom); i++) {
        hn_phantom_slice_info info = {0};
        hn_image *image = NULL;
        char patient[16];
        info.struct_size = sizeof info;
        MUST(hn_phantom_render(phantom, i, &info, &image, NULL, &err));
        sprintf(patient, "%d", (int)info.patient);
        MUST(hn_dataset_add_image(data, image, info.patient % 2 ? "haemorrhage" : "no_haemorrhage", patient, &err));
        hn_image_free(image);
    }
    hn_phantom_free(phantom);
    return 0;
}

static int train(hn_context *ctx, hn_dataset *data, const char *folder, hn_model **out) {
    const char *names[] = {"haemorrhage", "no_haemorrhage"};
    hn_split_options split = {0};
    hn_model_options options = {0};
    hn_train_options how = {0};
    hn_epoch_report report = {0};
    hn_dataset *learn = NULL, *test = NULL;
    hn_model *start = NULL;
    hn_trainer *trainer = NULL;
    int calls = 0;
    char path[4096];
    split.struct_size = sizeof split, split.train_ratio = 0.5;
    options.struct_size = sizeof options, options.width = options.height = 16, options.class_names = names, options.positive = 1;
    how.struct_size = sizeof how, how.batch = 4, how.progress = progress, how.progress_user = &calls;
    report.struct_size = sizeof report;
    MUST(hn_dataset_split(data, &split, &learn, &test, &err));
    MUST(hn_model_preset(ctx, "tinyvgg", &options, &start, &err));
    MUST(hn_trainer_create(start, learn, test, &how, &trainer, &err));
    MUST(hn_train_epoch(trainer, &report, &err));
    CHECK(report.epoch == 1 && report.train_images + report.test_images == 12 && calls > 0);
    sprintf(path, "%s/checkpoint", folder);
    MUST(hn_trainer_save(trainer, path, &err));
    MUST(hn_trainer_model(trainer, HN_LAST, out, &err));
    hn_trainer_free(trainer), hn_model_free(start), hn_dataset_free(learn), hn_dataset_free(test);
    return 0;
}

static int use(hn_context *ctx, hn_model *model, hn_dataset *data, const char *folder) {
    hn_predictor_options options = {0};
    hn_prediction verdict = {0};
    hn_metrics metrics = {0};
    hn_model_info info = {0};
    hn_predictor *predictor = NULL;
    hn_eval *eval = NULL;
    hn_image *image = NULL;
    hn_pixels pixels = {0};
    hn_model *again = NULL;
    short hu[32 * 32] = {0};
    float p[2];
    char path[4096];
    sprintf(path, "%s/model.safetensors", folder);
    MUST(hn_model_save(model, path, &err));
    MUST(hn_model_load(ctx, path, &again, &err));
    info.struct_size = sizeof info;
    MUST(hn_model_get_info(again, &info, &err));
    CHECK(info.width == 16 && info.n_classes == 2 && info.positive == 0);
    options.struct_size = sizeof options;
    MUST(hn_predictor_create(again, &options, &predictor, &err));
    pixels.struct_size = sizeof pixels, pixels.type = HN_PIXEL_I16, pixels.width = pixels.height = 32, pixels.channels = 1, pixels.data = hu;
    MUST(hn_image_wrap(ctx, &pixels, &image, &err));
    verdict.struct_size = sizeof verdict, verdict.probabilities = p, verdict.capacity = 2;
    MUST(hn_predict(predictor, image, &verdict, &err));
    CHECK(verdict.n_classes == 2 && p[0] + p[1] > 0.999f && p[0] + p[1] < 1.001f);
    MUST(hn_evaluate(predictor, data, NULL, &eval, &err));
    metrics.struct_size = sizeof metrics;
    MUST(hn_eval_metrics(eval, 0, &metrics, &err));
    CHECK(metrics.n == 12 && metrics.tp + metrics.fp + metrics.tn + metrics.fn == 12);
    hn_eval_free(eval), hn_image_free(image), hn_predictor_free(predictor), hn_model_free(again);
    return 0;
}

int main(int argc, char **argv) {
    hn_context_options options = {0};
    hn_context *ctx = NULL;
    hn_dataset *data = NULL;
    hn_model *model = NULL;
    options.struct_size = sizeof options, options.threads = 1, options.plugin_dir = "";
    CHECK(argc == 2);
    CHECK(hn_abi_version() == HN_ABI_VERSION);
    MUST(hn_context_create(&options, &ctx, &err));
    MUST(hn_dataset_create(ctx, NULL, &data, &err));
    if (fill(ctx, data) || train(ctx, data, argv[1], &model) || use(ctx, model, data, argv[1])) return 1;
    hn_context_free(ctx), hn_dataset_free(data), hn_model_free(model);
    return 0;
}
