/* train.c - the whole way in memory: invented patients → data set → a few epochs → a model file → how good it is.
 *
 *   cc train.c $(pkg-config --cflags --libs haemnet) -o train && ./train model.safetensors [slice.png]
 *
 * So small that it learns little: it shows the way. With a second name it also writes one slice of the phantom as PNG, something to
 * show to embed.c. All failures meet at `done`. */
#include <haemnet/haemnet.h>
#include <stdio.h>

enum { PATIENTS = 24, SLICES = 2, EPOCHS = 8 };

static const char *const classes[] = {"haemorrhage", "no_haemorrhage"}; /* sorted, as data sets number them */

/* Renders the phantom into the data set; the group is the patient, so that a split never divides one. */
static hn_status fill(hn_phantom *phantom, hn_dataset *data, hn_error *err) {
    hn_status status = HN_OK;
    for (int64_t i = 0; i < hn_phantom_count(phantom) && !status; i++) {
        hn_phantom_slice_info info = {.struct_size = sizeof info};
        hn_image *slice = NULL;
        char patient[16];
        status = hn_phantom_render(phantom, i, &info, &slice, NULL, err);
        snprintf(patient, sizeof patient, "p%d", (int)info.patient);
        if (!status) status = hn_dataset_add_image(data, slice, classes[info.types ? 0 : 1], patient, err);
        hn_image_free(slice); /* the data set keeps what it needs */
    }
    return status;
}

/* The slice of the phantom as people see it: brain window, PNG. */
static hn_status show(hn_phantom *phantom, const char *path, hn_error *err) {
    hn_image *slice = NULL, *grey = NULL;
    hn_status status = hn_phantom_render(phantom, 0, NULL, &slice, NULL, err);
    if (!status) status = hn_image_window(slice, NULL, &grey, err);
    if (!status) status = hn_image_save_png(grey, path, err);
    hn_image_free(grey);
    hn_image_free(slice);
    return status;
}

static hn_status train(hn_trainer *trainer, hn_error *err) {
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        hn_epoch_report r = {.struct_size = sizeof r};
        hn_status status = hn_train_epoch(trainer, &r, err);
        if (status) return status;
        printf("epoch %d: train loss %.4f, test loss %.4f, test accuracy %.3f%s\n", (int)r.epoch, r.train_loss, r.test_loss, r.test_accuracy,
               r.flags & HN_EPOCH_BEST ? " *" : "");
    }
    return HN_OK;
}

/* Predicts every row of the data and prints the figures. */
static hn_status evaluate(const hn_model *model, hn_dataset *data, hn_error *err) {
    hn_predictor *predictor = NULL;
    hn_eval *eval = NULL;
    hn_metrics m = {.struct_size = sizeof m};
    hn_status status = hn_predictor_create(model, NULL, &predictor, err);
    if (!status) status = hn_evaluate(predictor, data, NULL, &eval, err);
    if (!status) status = hn_eval_metrics(eval, 0, &m, err);
    if (!status) printf("%d images: accuracy %.3f, sensitivity %.3f, specificity %.3f, AUC %.3f\n", (int)m.n, m.accuracy, m.sensitivity,
                        m.specificity, m.roc_auc); /* NaN = not defined for these images */
    hn_eval_free(eval);
    hn_predictor_free(predictor);
    return status;
}

int main(int argc, char **argv) {
    const hn_phantom_options people = {.struct_size = sizeof people, .patients = PATIENTS, .size = 64, .slices_per_patient = SLICES, .seed = 1};
    const hn_model_options shape = {.struct_size = sizeof shape, .width = 32, .height = 32, .channels = 1, .n_classes = 2, .positive = 1,
                                    .class_names = classes, .seed = 1};
    const hn_train_options how = {.struct_size = sizeof how, .batch = 8, .learning_rate = 0.003, .seed = 1};
    const hn_split_options split = {.struct_size = sizeof split, .train_ratio = 0.75, .seed = 1};
    hn_error err = {0};
    hn_context *ctx = NULL;
    hn_phantom *phantom = NULL;
    hn_dataset *data = NULL, *train_part = NULL, *test_part = NULL;
    hn_model *start = NULL, *best = NULL;
    hn_trainer *trainer = NULL;

    if (argc < 2) {
        fprintf(stderr, "usage: train MODEL.safetensors [SLICE.png]\n");
        return 2;
    }
    hn_status status = hn_context_create(NULL, &ctx, &err);
    if (status || (status = hn_phantom_create(ctx, &people, &phantom, &err))) goto done;
    if ((status = hn_dataset_create(ctx, NULL, &data, &err)) || (status = fill(phantom, data, &err))) goto done;
    if ((status = hn_dataset_split(data, &split, &train_part, &test_part, &err))) goto done;
    if ((status = hn_model_preset(ctx, "tinyvgg", &shape, &start, &err))) goto done;
    if ((status = hn_trainer_create(start, train_part, test_part, &how, &trainer, &err)) || (status = train(trainer, &err))) goto done;
    if ((status = hn_trainer_model(trainer, HN_BEST, &best, &err)) || (status = hn_model_save(best, argv[1], &err))) goto done;
    if ((status = evaluate(best, test_part, &err))) goto done;
    if (argc > 2) status = show(phantom, argv[2], &err);
done:
    if (status) fprintf(stderr, "%s: %s\n", hn_status_name(status), err.message);
    hn_trainer_free(trainer); /* any order would do */
    hn_model_free(best);
    hn_model_free(start);
    hn_dataset_free(test_part);
    hn_dataset_free(train_part);
    hn_dataset_free(data);
    hn_phantom_free(phantom);
    hn_context_free(ctx);
    return status ? 1 : 0;
}
