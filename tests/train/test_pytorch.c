/* test_pytorch.c - optimisers, schedules and training aids against PyTorch: the learning rate of 30 steps and the weights after them, through the
 * public trainer alone but for the start weights. tests/golden/gen_training.py wrote the other side and says what is in the file. */
#include <math.h>

#include "model/model.h"
#include "small.h"

enum { STEPS = 30, IMAGES = 12, CLASSES = 3, SIZE = 6, FILTERS = 4, LINE = 1 << 16 };

static const double class_weights[CLASSES] = {0.5, 2.0, 1.25};
static const hn_param_group slow[] = {{sizeof(hn_param_group), 0, "conv", 0.1, 0}, {sizeof(hn_param_group), 0, "fc.bias", 0, -1}};
static const hn_param_group conv[] = {{sizeof(hn_param_group), 1, "conv.", 0, 0}};
static const hn_param_group norm[] = {{sizeof(hn_param_group), 1, "bn.", 0, 0}};
static const hn_param_group features[] = {{sizeof(hn_param_group), 1, "conv.", 0, 0}, {sizeof(hn_param_group), 1, "bn.", 0, 0}};

#define ADAMW .optimizer = HN_OPTIMIZER_ADAMW
#define ADAM .optimizer = HN_OPTIMIZER_ADAM
#define SGD .optimizer = HN_OPTIMIZER_SGD
#define MOMENTUM SGD, .learning_rate = 0.1, .momentum = 0.9 /* the generator's default */
#define WEIGHTS .class_weights = class_weights, .n_class_weights = CLASSES

/* golden: the case of the file; most have its name. norm: the network with batch norm. */
static const struct way {
    const char *name, *golden;
    bool norm;
    hn_train_options how;
} ways[] = {
    {"sgd", "sgd", false, {SGD, .learning_rate = 0.1}},
    {"momentum", "sgd_momentum", false, {SGD, .learning_rate = 0.05, .momentum = 0.9, .weight_decay = 0.01}},
    {"Nesterov", "sgd_nesterov", false, {SGD, .learning_rate = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = 1}},
    {"Adam", "adam", false, {ADAM, .learning_rate = 0.01}},
    {"Adam with decay", "adam_decay", false, {ADAM, .learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.99, .epsilon = 1e-6, .weight_decay = 0.05}},
    {"AdamW", "adamw", false, {ADAMW, .learning_rate = 0.01, .weight_decay = 0.3}},
    {"steps", "step", false, {MOMENTUM, .schedule = HN_SCHEDULE_STEP, .schedule_epochs = 7, .schedule_factor = 0.5}},
    {"cosine", "cosine", false, {MOMENTUM, .schedule = HN_SCHEDULE_COSINE, .schedule_epochs = 30, .schedule_low = 0.01}},
    {"restarts", "restarts", false,
     {MOMENTUM, .schedule = HN_SCHEDULE_RESTARTS, .schedule_epochs = 4, .schedule_multiplier = 2, .schedule_low = 0.001}},
    {"one cycle", "one_cycle", false, {MOMENTUM, .schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 30}},
    {"one early cycle", "one_cycle_early", false,
     {MOMENTUM, .schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 30, .cycle_rise = 0.1, .cycle_start = 10, .cycle_end = 100}},
    {"plateau", "plateau", false,
     {SGD, .learning_rate = 1.6, .momentum = 0.9, .schedule = HN_SCHEDULE_PLATEAU, .schedule_factor = 0.5, .schedule_patience = 2, .schedule_low = 0.04}},
    {"warm-up", "warm_constant", false, {MOMENTUM, .warm_up_steps = 8}},
    {"warm-up before steps", "warm_step", false,
     {MOMENTUM, .schedule = HN_SCHEDULE_STEP, .schedule_epochs = 5, .schedule_factor = 0.5, .warm_up_epochs = 6, .warm_up_start = 0.2}},
    {"warm-up before a cosine", "warm_cosine", false,
     {MOMENTUM, .schedule = HN_SCHEDULE_COSINE, .schedule_epochs = 25, .schedule_low = 0.01, .warm_up_epochs = 2, .warm_up_steps = 3}},
    {"clipped", "clip", false, {MOMENTUM, .clip_norm = 0.3}},
    {"clipped Adam", "clip_adam", false, {ADAM, .learning_rate = 0.01, .clip_norm = 0.05}},
    {"class weights", "class_weights", false, {MOMENTUM, WEIGHTS}},
    {"smoothing", "smoothing", false, {MOMENTUM, WEIGHTS, .label_smoothing = 0.1}},
    {"focal", "focal", false, {MOMENTUM, WEIGHTS, .focal = 2}},
    {"average", "average", false, {MOMENTUM, .average = 0.9}},
    {"average with batch norm", "average_norm", true, {MOMENTUM, .average = 0.8}},
    {"batch norm", "norm", true, {MOMENTUM}},
    {"groups", "groups", false, {ADAMW, .learning_rate = 0.02, .weight_decay = 0.3, .param_groups = slow, .n_param_groups = 2}},
    {"no decay of biases", "spared", true, {ADAMW, .learning_rate = 0.02, .weight_decay = 0.3, .decay_weights_only = 1}},
    {"frozen", "frozen", false, {MOMENTUM, .param_groups = conv, .n_param_groups = 1}},
    {"frozen batch norm", "frozen_norm", true, {MOMENTUM, .param_groups = norm, .n_param_groups = 1}},
    {"frozen features", "frozen_features", true, {MOMENTUM, .param_groups = features, .n_param_groups = 2}},
    /* several batches to a step, of equal and of different sizes and weights, are one of them together */
    {"3 batches of 4", "class_weights", false, {MOMENTUM, WEIGHTS, .batch = 4, .accumulate = 3}},
    {"batches of 5, 5 and 2", "class_weights", false, {MOMENTUM, WEIGHTS, .batch = 5, .accumulate = 3}},
    {"12 batches of 1", "smoothing", false, {MOMENTUM, WEIGHTS, .label_smoothing = 0.1, .batch = 1, .accumulate = 12}},
    {"more than there are", "clip_adam", false, {ADAM, .learning_rate = 0.01, .clip_norm = 0.05, .batch = 5, .accumulate = 100}},
    {"an average of them", "average", false, {MOMENTUM, .average = 0.9, .batch = 5, .accumulate = 3}},
};
enum { WAYS = sizeof ways / sizeof *ways };

static uint32_t word(uint64_t stream, uint64_t index) {
    uint64_t z = stream * 0x9E3779B97F4A7C15u + index * 0xD1342543DE82EF95u + 1;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static hn_dataset *twelve_images(hn_context *ctx) {
    static const char *const names[CLASSES] = {"a", "b", "c"};
    hn_dataset *data = NULL;
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    for (uint64_t i = 0; i < IMAGES; i++) {
        uint8_t pixels[SIZE * SIZE];
        hn_image *image = NULL;
        for (uint64_t p = 0; p < SIZE * SIZE; p++) pixels[p] = word(2, i * SIZE * SIZE + p) & 255;
        const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_U8, .width = SIZE, .height = SIZE, .channels = 1, .data = pixels};
        ck_ok(hn_image_wrap(ctx, &raw, &image, &err));
        ck_ok(hn_dataset_add_image(data, image, names[i % CLASSES], NULL, &err));
        hn_image_free(image);
    }
    return data;
}

static hn_model *network(hn_context *ctx, bool with_norm) {
    static const char *const names[CLASSES] = {"a", "b", "c"};
    const hn_model_options o = {.struct_size = sizeof o, .width = SIZE, .height = SIZE, .channels = 1, .n_classes = CLASSES, .class_names = names};
    const hn_conv2d_options c = {.struct_size = sizeof c, .filters = FILTERS, .kernel = {3, 3}, .padding = {1, 1}, .no_bias = with_norm};
    hn_builder *b = NULL;
    hn_model *drawn = NULL, *model = NULL;
    int32_t x = 0;
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    ck_ok(hn_builder_conv2d(b, x, "conv", &c, &x, &err));
    if (with_norm) ck_ok(hn_builder_batch_norm(b, x, "bn", 0, 0, &x, &err));
    ck_ok(hn_builder_activation(b, x, "relu", HN_ACT_RELU, &x, &err));
    ck_ok(hn_builder_flatten(b, x, "flat", &x, &err));
    ck_ok(hn_builder_dense(b, x, "fc", CLASSES, 0, &x, &err));
    ck_ok(hn_builder_finish(b, x, &drawn, &err));
    hn_builder_free(b);
    const hni_graph *g = drawn->graph;
    float *flat = calloc((size_t)g->total, sizeof *flat);
    uint64_t index = 0;
    for (size_t p = 0; p < g->n_params; p++) {
        const char *name = g->params[p].name;
        const float more = !strcmp(name, "bn.weight") || !strcmp(name, "bn.running_var");
        for (int64_t i = 0; i < g->params[p].elements; i++)
            flat[g->params[p].offset + i] = (float)((int32_t)(word(1, index++) >> 17) - 16384) / 65536.0f + more;
    }
    ck_ok(hni_model_with_weights(drawn, flat, NULL, &model, &err));
    hn_model_free(drawn);
    free(flat);
    return model;
}

typedef struct golden {
    double rate[STEPS], loss[STEPS], weights[1024];
    size_t n;
} golden;

static void read_numbers(FILE *file, double *numbers, size_t n) {
    for (size_t i = 0; i < n; i++) ck_assert_int_eq(fscanf(file, "%lf", &numbers[i]), 1);
}

static void read_case(const char *wanted, golden *g) {
    char name[64] = "", line[256];
    FILE *file = fopen("tests/golden/training.txt", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file)); /* versions */
    while (strcmp(name, wanted)) {
        ck_assert_msg(fscanf(file, " case %63s %zu", name, &g->n) == 2, "no case %s", wanted);
        ck_assert_uint_le(g->n, 1024);
        read_numbers(file, g->rate, STEPS);
        read_numbers(file, g->loss, STEPS);
        read_numbers(file, g->weights, g->n);
    }
    fclose(file);
}

static void compare(const struct way *w, hn_trainer *t, const golden *g) {
    hn_model *model = NULL;
    double worst = 0;
    size_t index = 0;
    ck_ok(hn_trainer_model(t, w->how.average > 0 ? HN_AVERAGED : HN_LAST, &model, &err));
    for (size_t p = 0; p < model->graph->n_params; p++)
        for (int64_t i = 0; i < model->graph->params[p].elements; i++, index++) {
            const double ours = model->weights[model->graph->params[p].offset + i], theirs = g->weights[index];
            worst = fmax(worst, fabs(ours - theirs));
            ck_assert_msg(fabs(ours - theirs) <= 1e-5 * fmax(1, fabs(theirs)), "%s: number %lld of %s is %.9g, PyTorch's %.9g", w->name,
                          (long long)i, model->graph->params[p].name, ours, theirs);
        }
    ck_assert_uint_eq(index, g->n);
    printf("%-24s weights differ by at most %.1e\n", w->name, worst);
    hn_model_free(model);
}

START_TEST(thirty_steps_agree) {
    static const char *const devices[] = {"cpu", "reference"};
    const struct way *w = &ways[_i];
    golden g;
    read_case(w->golden, &g);
    for (int d = 0; d < 2; d++) {
        hn_context *ctx = small_context(2);
        hn_dataset *data = twelve_images(ctx);
        hn_model *model = network(ctx, w->norm);
        hn_trainer *t = NULL;
        hn_train_options how = w->how;
        how.struct_size = sizeof how;
        how.device = devices[d];
        if (!how.batch) how.batch = IMAGES;
        ck_ok(hn_trainer_create(model, data, NULL, &how, &t, &err));
        for (int i = 0; i < STEPS; i++) {
            hn_epoch_report r = {.struct_size = sizeof r};
            ck_ok(hn_train_epoch(t, &r, &err));
            ck_assert_msg(fabs(r.learning_rate - g.rate[i]) <= 1e-12 * g.rate[i], "%s: step %d at %.15g, PyTorch's at %.15g", w->name, i,
                          r.learning_rate, g.rate[i]);
            ck_assert_msg(fabs(r.train_loss - g.loss[i]) <= 1e-5 * fmax(1, g.loss[i]), "%s: step %d has loss %.9g, PyTorch's %.9g", w->name, i,
                          r.train_loss, g.loss[i]);
        }
        compare(w, t, &g);
        hn_trainer_free(t), hn_model_free(model), hn_dataset_free(data), hn_context_free(ctx);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("training and PyTorch");
    TCase *tc = tcase_create("PyTorch");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, thirty_steps_agree, 0, WAYS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
