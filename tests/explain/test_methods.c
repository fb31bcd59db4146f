/* Seven methods on two networks against PyTorch's, some of the maps blurred by scipy's filter: tests/golden/gen_explain.py wrote the other side;
 * it says what is in the file. */
#include "nets.h"

enum { STEPS = 20, WINDOW = 5, STRIDE = 3 };
static const double baseline = 0.125;
static const char *const layers[2][2] = {{"conv_block_2.4", "conv_block_2.3"}, {"drop", "mix"}};

typedef struct record {
    int32_t network, image, class_index, method, layer;
    float logit, probability, sum, expected, blur;
    float map[FLOATS];
} record;

static bool read_record(FILE *file, record *r) {
    if (fread(r, 5 * sizeof(int32_t), 1, file) != 1)
        return false;
    ck_assert_uint_eq(fread(&r->logit, sizeof(float), 5, file), 5); /* a little-endian machine */
    ck_assert_uint_eq(fread(r->map, sizeof(float), FLOATS, file), FLOATS);
    return true;
}

/* Largest difference as a share of the map's largest number. */
static double distance(const float *ours, const float *theirs) {
    double size = 0.0, worst = 0.0;
    for (int i = 0; i < FLOATS; i++)
        size = fmax(size, fabs((double)theirs[i]));
    for (int i = 0; i < FLOATS; i++) {
        const double d = fabs((double)ours[i] - (double)theirs[i]) / size;
        worst = d <= worst ? worst : d; /* a NaN stays */
    }
    return worst;
}

static double compare(hn_predictor *p, const hn_image *image, const record *r) {
    hn_heatmap_info info = {.struct_size = sizeof info};
    hn_explain_options o = {.struct_size = sizeof o, .method = r->method, .class_index = r->class_index + 1, .flags = HN_EXPLAIN_RAW,
                            .layer = r->layer ? layers[r->network][1] : NULL, .steps = STEPS, .window = WINDOW, .stride = STRIDE,
                            .baseline = &baseline, .blur = (double)r->blur};
    float map[FLOATS], scaled[FLOATS];
    double most = 0.0;
    ck_ok(hn_explain(p, image, &o, map, FLOATS, NULL, &info, &err));
    o.flags = 0;
    ck_ok(hn_explain(p, image, &o, scaled, FLOATS, NULL, NULL, &err));
    for (int i = 0; i < FLOATS; i++)
        most = fmax(most, (double)map[i]);
    for (int i = 0; i < FLOATS; i++)
        ck_assert(fabs((double)scaled[i] - fmax((double)map[i], 0.0) / (most > 0 ? most : 1.0)) < 1e-6);
    ck_assert(info.raw_max == most || most == 0.0);
    ck_assert_int_eq(info.method, r->method);
    ck_assert_int_eq(info.class_index, r->class_index);
    if (r->method <= HN_EXPLAIN_LAYER_CAM)
        ck_assert_str_eq(info.layer, layers[r->network][r->layer]);
    ck_assert(fabs(info.logit - (double)r->logit) < 1e-5 && fabs(info.probability - (double)r->probability) < 1e-5);
    ck_assert(fabs(info.sum - (double)r->sum) < 1e-4 * (1.0 + fabs((double)r->sum)));
    ck_assert(isnan(info.expected) ? isnan(r->expected) : fabs(info.expected - (double)r->expected) < 1e-4);
    return distance(map, r->map);
}

static void compare_all(const char *device) {
    FILE *file = fopen(GOLDEN("explain.bin"), "rb");
    ck_assert_msg(file != NULL, "no " GOLDEN("explain.bin"));
    char head[256];
    ck_assert_ptr_nonnull(fgets(head, sizeof head, file));
    hn_context *ctx = new_context();
    hn_model *models[2] = {network(ctx, 0), network(ctx, 1)};
    hn_predictor *predictors[2] = {new_predictor(models[0], device, 7), new_predictor(models[1], device, 7)};
    hn_image *images[2] = {new_image(ctx, 0), new_image(ctx, 1)};
    double worst[8] = {0};
    int n = 0;
    for (record r; read_record(file, &r); n++) {
        const double d = compare(predictors[r.network], images[r.image], &r);
        ck_assert_msg(d < 1e-4, "network %d, image %d, class %d, method %d, layer %d, blur %g: %g of the largest number away", r.network,
                      r.image, r.class_index, r.method, r.layer, (double)r.blur, d);
        worst[r.method] = fmax(worst[r.method], d);
    }
    ck_assert_int_eq(n, atoi(strrchr(head, ',') + 1));
    printf("%s: HiResCAM %.1e, Grad-CAM %.1e, Grad-CAM++ %.1e, LayerCAM %.1e, occlusion %.1e, saliency %.1e, integrated gradients %.1e\n",
           device, worst[1], worst[2], worst[3], worst[4], worst[5], worst[6], worst[7]);
    fclose(file);
    for (int i = 0; i < 2; i++) {
        hn_image_free(images[i]);
        hn_model_free(models[i]);
        hn_predictor_free(predictors[i]);
    }
    hn_context_free(ctx);
}

START_TEST(agree_with_pytorch) {
    compare_all("cpu");
    compare_all("reference");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("methods");
    TCase *t = tcase_create("methods");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, agree_with_pytorch);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
