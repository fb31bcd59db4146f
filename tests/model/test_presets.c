/* test_presets.c - the named networks: against PyTorch (tests/golden/gen_presets.py wrote the other side and says what is in the file), first
 * weights, sizes, and what is refused. */
#include "../graph/nets.h"
#include "haemnet/haemnet.h"
#include "model/build.h"

enum { MOST = 64 };

typedef struct golden {
    char preset[32];
    int32_t size, channels, hidden, classes, batch, tensors;
    double noise[3], eval[MOST], train[MOST], loss;
} golden;

/* The same numbers as in the generator. */
static uint32_t word(uint64_t stream, uint64_t index) {
    uint64_t z = stream * 0x9E3779B97F4A7C15u + index * 0xD1342543DE82EF95u + 1;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static uint32_t stream_of(const char *name) {
    uint32_t value = 2166136261u;
    for (; *name; name++) value = (value ^ (uint8_t)*name) * 16777619u;
    return value;
}

static void start_weights(const hni_graph *g, float *flat) {
    memset(flat, 0, (size_t)g->total * sizeof *flat);
    for (size_t i = 0; i < g->n_params; i++) {
        const hni_param *p = &g->params[i];
        const bool norm = g->layers[p->layer].kind == HNI_LAYER_BATCH_NORM, weight = strstr(p->name, ".weight") != NULL;
        const uint64_t stream = stream_of(p->name);
        const double scale = sqrt(6.0 / (double)(p->elements / p->shape[0]));
        for (int64_t k = 0; k < p->elements; k++) {
            const double u = ((double)(word(stream, (uint64_t)k) >> 16) - 32768) / 32768;
            const double value = p->rank > 1 ? u * scale : strstr(p->name, "running_var") ? 1 + u / 2 : norm && weight ? 0.75 + u / 8 : u / 4;
            flat[p->offset + k] = (float)value;
        }
    }
}

static void read_numbers(FILE *file, const char *key, int32_t n, double *out) {
    char word_read[16];
    ck_assert_int_eq(fscanf(file, "%15s", word_read), 1);
    ck_assert_str_eq(word_read, key);
    for (int32_t i = 0; i < n; i++) ck_assert_int_eq(fscanf(file, "%lf", &out[i]), 1);
}

static golden read_case(FILE *file) {
    golden g;
    ck_assert_int_eq(fscanf(file, " case %31s %d %d %d %d %d %d", g.preset, &g.size, &g.channels, &g.hidden, &g.classes, &g.batch, &g.tensors), 7);
    ck_assert_int_le(g.batch * g.classes, MOST);
    read_numbers(file, "noise", 3, g.noise);
    read_numbers(file, "eval", g.batch * g.classes, g.eval);
    read_numbers(file, "train", g.batch * g.classes, g.train);
    read_numbers(file, "loss", 1, &g.loss);
    return g;
}

static hni_graph *graph_of(hn_context *ctx, const golden *g) {
    const hn_model_options o = {.struct_size = sizeof o, .width = g->size, .height = g->size, .channels = g->channels, .hidden = g->hidden,
                                .n_classes = g->classes};
    hn_model *m = NULL;
    ck_ok(hni_preset_model(ctx, g->preset, &o, &m, &err));
    hni_graph *graph = hni_graph_ref(m->graph);
    hni_model_unref(m);
    for (size_t i = 0; i < graph->n_layers; i++) graph->layers[i].rate = 0; /* no dropout */
    return graph;
}

static double logits_error(rig *r, int32_t mode, const double *want, double *loss) {
    float logits[MOST];
    double worst = 0;
    runner n = new_runner(r, mode, HN_TASK_SINGLE, 0);
    *loss = run_loss(r, &n);
    ck_ok(hni_executor_logits(n.ex, logits, &err));
    for (int32_t i = 0; i < r->batch * r->classes; i++) {
        const double error = fabs(logits[i] - want[i]);
        worst = error <= worst ? worst : error; /* a NaN stays */
    }
    free_runner(r, &n);
    return worst;
}

/* Each tensor's line: name, shape and norm; the largest relative error of the norms. */
static double norms_error(FILE *file, const hni_graph *g, int32_t tensors, const float *flat, const float *grads) {
    double worst = 0;
    ck_assert_int_eq(tensors, g->n_params);
    for (int32_t t = 0; t < tensors; t++) {
        char name[128], shape[64], ours[64] = "";
        double want, sum = 0;
        ck_assert_int_eq(fscanf(file, " tensor %127s %63s %lf", name, shape, &want), 3);
        const int32_t index = hni_graph_find_param(g, name);
        ck_assert_msg(index >= 0, "no tensor %s", name);
        const hni_param *p = &g->params[index];
        for (int32_t d = 0; d < p->rank; d++) sprintf(ours + strlen(ours), "%s%lld", d ? "x" : "", (long long)p->shape[d]);
        ck_assert_msg(!strcmp(ours, shape), "%s is %s, should be %s", name, ours, shape);
        for (int64_t k = 0; k < p->elements; k++) {
            const double value = (p->trainable ? grads : flat)[p->offset + k];
            sum += value * value;
        }
        const double error = fabs(sqrt(sum) - want) / fmax(want, 1e-3);
        worst = error <= worst ? worst : error;
    }
    return worst;
}

static void compare(FILE *file, const hn_backend *backend) {
    const golden g = read_case(file);
    hn_context *ctx = new_context();
    rig r = bare_rig_on(backend, ctx, graph_of(ctx, &g), g.batch);
    const int64_t pixels = hni_tensor_elements(&r.graph->values[0]) * r.batch;
    for (int64_t i = 0; i < pixels; i++) r.pixels[i] = (uint8_t)(word(100, (uint64_t)i) & 255);
    for (int32_t i = 0; i < r.batch; i++) r.labels[i] = (int32_t)(word(200, (uint64_t)i) % (uint32_t)g.classes);
    start_weights(r.graph, r.flat);
    ck_ok(hni_weights_set(&r.weights, r.flat, &err));
    double loss;
    const double eval = logits_error(&r, HNI_MODE_TEST, g.eval, &loss), train = logits_error(&r, HNI_MODE_TRAIN, g.train, &loss);
    float *grads = malloc((size_t)r.graph->trainable * sizeof *grads);
    ck_ok(hni_device_download(r.device, grads, r.weights.grads, &err));
    ck_ok(hni_weights_get(&r.weights, r.flat, &err));
    const double norms = norms_error(file, r.graph, g.tensors, r.flat, grads);
    printf("%s, %d px, %d channels, %d classes: logits %.1e, in training %.1e, loss %.1e, norms %.1e\n", g.preset, g.size, g.channels, g.classes, eval,
           train, fabs(loss - g.loss), norms);
    fflush(stdout);
    ck_assert(eval <= 1e-5 + 8 * g.noise[0] && eval <= 1e-4);
    ck_assert(train <= 1e-5 + 8 * g.noise[1] && fabs(loss - g.loss) <= 1e-5 + 8 * g.noise[1]);
    ck_assert(norms <= 2e-3 + 8 * g.noise[2]); /* one number on the other side of a ReLU's corner moves a gradient by so much */
    free(grads);
    free_rig(&r);
}

START_TEST(agree_with_pytorch) {
    FILE *file = fopen(GOLDEN("presets.txt"), "r");
    ck_assert_msg(file != NULL, "no " GOLDEN("presets.txt"));
    char head[256];
    ck_assert_ptr_nonnull(fgets(head, sizeof head, file));
    const char *comma = strrchr(head, ',');
    const int cases = comma ? atoi(comma + 1) : 0;
    ck_assert_int_ge(cases, 7);
    for (int i = 0; i < cases; i++) compare(file, hni_cpu_backend());
    ck_assert_int_eq(fscanf(file, "%255s", head), EOF);
    fclose(file);
}
END_TEST

static hn_model *preset(hn_context *ctx, const char *name, hn_model_options o) {
    hn_model *m = NULL;
    o.struct_size = sizeof o;
    ck_ok(hn_model_preset(ctx, name, &o, &m, &err));
    return m;
}

/* Trainable numbers with three channels and 1000 classes: torchvision's own figures where it has the network. */
START_TEST(sizes_are_known) {
    static const struct {
        const char *name;
        int64_t parameters;
        int32_t size;
    } known[] = {{"tinyvgg", 2564010, 64}, {"tinyvgg-gap", 423000, 64}, {"tinyresnet", 436536, 64}, {"resnet18", 11689512, 224},
                 {"resnet34", 21797672, 224}, {"resnet50", 25557032, 224},
                 {"densenet121", 7978856, 224}, {"mobilenetv2", 3504872, 224}, {"efficientnet-lite0", 4652008, 224}};
    hn_preset_info p = {.struct_size = sizeof p};
    hn_context *ctx = new_context();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const hn_model_options o = {.struct_size = sizeof o, .n_classes = 1000};
        hn_model *m = NULL;
        ck_ok(hni_preset_model(ctx, known[i].name, &o, &m, &err));
        ck_ok(hn_preset_get((int32_t)i, &p, &err));
        ck_assert_str_eq(p.name, known[i].name);
        ck_assert(*p.about && p.size == known[i].size && m->preproc.width == p.size && m->preproc.height == p.size);
        ck_assert_msg(m->graph->parameters == known[i].parameters, "%s has %lld", p.name, (long long)m->graph->parameters);
        for (int c = 0; c < 3; c++) ck_assert(p.deviation[c] > 0 && p.mean[c] >= 0);
        hni_model_unref(m);
    }
    ck_assert_int_eq(hn_preset_get(sizeof known / sizeof *known, &p, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_preset_get(-1, &p, &err), HN_E_NOT_FOUND);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(options_are_taken_or_refused) {
    hn_context *ctx = new_context();
    hn_model *m = preset(ctx, "tinyvgg-gap", (hn_model_options){.width = 16, .height = 37, .channels = 5, .hidden = 3, .n_classes = 7});
    ck_assert_int_eq(m->graph->values[m->graph->logits].dims[1], 7);
    hn_model_free(m);
    m = preset(ctx, "tinyresnet", (hn_model_options){.width = 2, .height = 300, .channels = 1});
    hn_model_free(m);
    static const struct {
        const char *name;
        hn_model_options options;
        hn_status status;
        const char *word;
    } bad[] = {{"tinyvgg-gap", {.width = 15}, HN_E_SHAPE, "conv_block_4.6"},
               {"tinyvgg-gap", {.hidden = 4096}, HN_E_LIMIT, "conv_block"},
               {"tinyvgg-gap", {.hidden = 4097}, HN_E_ARGUMENT, "4096"},
               {"resnet18", {.hidden = 10}, HN_E_ARGUMENT, "resnet18"},
               {"resnet19", {0}, HN_E_NOT_FOUND, "tinyresnet"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hn_model_options o = bad[i].options;
        o.struct_size = sizeof o;
        const hn_status status = hn_model_preset(ctx, bad[i].name, &o, &m, &err);
        ck_assert_msg(status == bad[i].status && strstr(err.message, bad[i].word), "%s: %s", hn_status_name(status), err.message);
        ck_assert_ptr_null(m);
    }
    hni_context_unref(ctx);
}
END_TEST

/* Mean 0 and the deviation that the recipe says, tensor by tensor; biases and norms as they should begin. */
static void check_first_weights(const hn_model *m, double (*deviation)(const hni_param *p, bool dense)) {
    for (size_t i = 0; i < m->graph->n_params; i++) {
        const hni_param *p = &m->graph->params[i];
        const int32_t kind = m->graph->layers[p->layer].kind;
        double sum = 0, squares = 0;
        for (int64_t k = 0; k < p->elements; k++) {
            const double value = m->weights[p->offset + k];
            sum += value, squares += value * value;
        }
        const double n = (double)p->elements, mean = sum / n, spread = sqrt(squares / n), want = deviation(p, kind == HNI_LAYER_DENSE);
        if (kind == HNI_LAYER_BATCH_NORM) {
            const bool one = strstr(p->name, ".weight") || strstr(p->name, "running_var");
            ck_assert_msg(one ? mean == 1 && spread == 1 : spread == 0, "%s", p->name);
        } else if (want == 0) {
            ck_assert_msg(spread == 0, "%s", p->name);
        } else if (n > 100) {
            ck_assert_msg(fabs(mean) <= 5 * want / sqrt(n) && fabs(spread / want - 1) <= 5 / sqrt(n), "%s: mean %g, deviation %g, not %g", p->name, mean,
                          spread, want);
        }
    }
}

/* As torchvision: convolutions normal, variance 2 / fan_out; dense uniform in ±1/sqrt(fan_in), whose deviation is a sqrt(3)th of it. */
static double resnet_deviation(const hni_param *p, bool dense) {
    return dense ? sqrt(1.0 / 3 / 512) : sqrt(2.0 / (double)(p->shape[0] * p->shape[2] * p->shape[3]));
}

static double densenet_deviation(const hni_param *p, bool dense) {
    const double fan_in = (double)(p->elements / p->shape[0]);
    return p->rank == 1 ? 0 : dense ? sqrt(1.0 / 3 / fan_in) : sqrt(2 / fan_in);
}

static double mobilenet_deviation(const hni_param *p, bool dense) {
    return p->rank == 1 ? 0 : dense ? 0.01 : sqrt(2.0 / (double)(p->shape[0] * p->shape[2] * p->shape[3]));
}

/* A depthwise convolution, whose filters see one channel, has one group a filter. Dense as in MobileNetV2: see lib/model/init.c. */
static double efficientnet_deviation(const hni_param *p, bool dense) {
    const double fan_out = (double)(p->shape[0] * p->shape[2] * p->shape[3]);
    return p->rank == 1 ? 0 : dense ? 0.01 : sqrt(2 / (strstr(p->name, "conv_dw") ? fan_out / (double)p->shape[0] : fan_out));
}

START_TEST(first_weights_are_the_authors) {
    hn_context *ctx = new_context();
    hn_model *m = preset(ctx, "resnet18", (hn_model_options){.n_classes = 10, .seed = 3}), *again, *other;
    check_first_weights(m, resnet_deviation);
    other = preset(ctx, "densenet121", (hn_model_options){.n_classes = 200});
    check_first_weights(other, densenet_deviation);
    hn_model_free(other);
    other = preset(ctx, "mobilenetv2", (hn_model_options){.n_classes = 200});
    check_first_weights(other, mobilenet_deviation);
    hn_model_free(other);
    other = preset(ctx, "efficientnet-lite0", (hn_model_options){.n_classes = 200});
    check_first_weights(other, efficientnet_deviation);
    hn_model_free(other);
    again = preset(ctx, "resnet18", (hn_model_options){.n_classes = 10, .seed = 3});
    other = preset(ctx, "resnet18", (hn_model_options){.n_classes = 10, .seed = 4});
    ck_assert(!memcmp(m->weights, again->weights, (size_t)m->graph->total * sizeof *m->weights));
    ck_assert(m->weights[0] != other->weights[0]);
    hn_model_free(m), hn_model_free(again), hn_model_free(other);
    hni_context_unref(ctx);
}
END_TEST

/* At the end one pixel is left: a batch of one image has no variance. */
START_TEST(what_cannot_be_trained_is_described) {
    hn_context *ctx = NULL;
    ck_ok(hn_context_create(NULL, &ctx, &err));
    hn_model *m = preset(ctx, "tinyresnet", (hn_model_options){.width = 16, .height = 16});
    char text[16384];
    for (int32_t batch = 1; batch <= 2; batch++) {
        ck_ok(hn_model_summary(m, batch, text, sizeof text, NULL, &err));
        ck_assert_ptr_nonnull(strstr(text, "memory for inference "));
        ck_assert_int_eq(strstr(text, "memory for training      none: layer \"layer4.0.bn1\"") != NULL, batch == 1);
    }
    hn_model_free(m);
    hn_context_free(ctx);
}
END_TEST

START_TEST(presets_read_back) {
    hn_context *ctx = new_context();
    hn_preset_info p = {.struct_size = sizeof p};
    for (int32_t i = 0; !hn_preset_get(i, &p, NULL); i++) {
        hn_model *m = preset(ctx, p.name, (hn_model_options){.width = 48, .height = 40, .channels = 1, .hidden = p.hidden ? 2 : 0}), *back = NULL;
        size_t n = 0, again_n = 0;
        ck_ok(hn_model_save_memory(m, NULL, 0, &n, &err));
        uint8_t *bytes = malloc(n), *again = malloc(n);
        ck_ok(hn_model_save_memory(m, bytes, n, &n, &err));
        ck_ok(hn_model_load_memory(ctx, bytes, n, &back, &err));
        ck_ok(hn_model_save_memory(back, again, n, &again_n, &err));
        ck_assert_msg(n == again_n && !memcmp(bytes, again, n), "%s", p.name);
        free(bytes), free(again), hn_model_free(m), hn_model_free(back);
    }
    hni_context_unref(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("presets");
    TCase *t = tcase_create("presets");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, agree_with_pytorch);
    tcase_add_test(t, sizes_are_known);
    tcase_add_test(t, options_are_taken_or_refused);
    tcase_add_test(t, first_weights_are_the_authors);
    tcase_add_test(t, what_cannot_be_trained_is_described);
    tcase_add_test(t, presets_read_back);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
