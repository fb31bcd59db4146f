/* explain.c - how good is a model, how sure is that, and what does it look at? Forty lines: two figures with their intervals, a heat map as PNG.
 *
 *   cc explain.c $(pkg-config --cflags --libs haemnet) -o explain && ./explain model.safetensors data slice.png overlay.png */
#include <haemnet/haemnet.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    hn_error err = {0};
    hn_context *ctx = NULL;
    hn_model *model = NULL;
    hn_dataset *data = NULL;
    hn_predictor *predictor = NULL;
    hn_eval *eval = NULL;
    hn_image *slice = NULL, *overlay = NULL;
    hn_metrics m = {.struct_size = sizeof m};
    hn_interval auc = {.struct_size = sizeof auc}, found = {.struct_size = sizeof found};
    hn_heatmap_info info = {.struct_size = sizeof info};
    size_t n = 0;
    float *map = NULL;
    if (argc != 5) return fprintf(stderr, "usage: explain MODEL DATA SLICE OVERLAY.png\n"), 2;
    if (hn_context_create(NULL, &ctx, &err) || hn_model_load(ctx, argv[1], &model, &err) || hn_dataset_open(ctx, argv[2], NULL, &data, &err) ||
        hn_predictor_create(model, NULL, &predictor, &err) || hn_evaluate(predictor, data, NULL, &eval, &err) || /* every image, once */
        hn_eval_metrics(eval, 0, &m, &err) || hn_eval_auc(eval, m.positive, 0, &auc, &err) || /* intervals are by patient where they are known */
        hn_eval_rate(eval, HN_RATE_SENSITIVITY, 0, 0, &found, &err)) goto done;
    printf("%d images of %d patients\nROC AUC     %.4f, 95 %% interval %.4f to %.4f\n", (int)m.n, (int)auc.groups, auc.estimate, auc.low, auc.high);
    printf("sensitivity %.4f, 95 %% interval %.4f to %.4f, of %d\n", found.estimate, found.low, found.high, (int)found.n); /* NaN = there is none */
    if (hn_image_load(ctx, argv[3], NULL, &slice, &err) || hn_explain(predictor, slice, NULL, NULL, 0, &n, NULL, &err)) goto done;
    if (!(map = malloc(n * sizeof *map))) err.status = HN_E_MEMORY; /* one float a pixel of the slice, as large as it is */
    if (!map || hn_explain(predictor, slice, NULL, map, n, NULL, &info, &err) || hn_overlay(ctx, slice, map, NULL, NULL, &overlay, &err) ||
        hn_image_save_png(overlay, argv[4], &err)) goto done;
    printf("%s %.3f: %s shows why\n", hn_model_class_name(model, info.class_index), info.probability, argv[4]);
done:
    if (err.status) fprintf(stderr, "%s: %s\n", hn_status_name(err.status), err.message);
    hn_image_free(overlay), hn_image_free(slice), hn_eval_free(eval), hn_predictor_free(predictor), hn_dataset_free(data);
    hn_model_free(model), hn_context_free(ctx), free(map);
    return err.status ? 1 : 0;
}
