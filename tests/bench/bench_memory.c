/* bench_memory.c - the memory that `haemnet inspect` predicts against what the context's allocator counts.
 *
 * For inference both are of a whole predictor: the ratio is near 1. "memory for training" is that of a whole trainer with a training and a
 * test part, loaders and copies of the weights; what is counted here is one training step alone, so its ratio is below 1. */
#include <stdlib.h>
#include <string.h>

#include "models.h"
#include "net.h"

/* The figure of a line "memory for WHAT 1,234 bytes" of the summary. */
static double predicted(bench *b, const hn_model *model, int32_t batch, const char *what) {
    static char text[1 << 17];
    double value = 0;
    bench_check(b, hn_model_summary(model, batch, text, sizeof text, NULL, &b->err), "a summary");
    const char *at = strstr(text, "memory for ");
    while (at && strncmp(at + 11, what, strlen(what))) at = strstr(at + 11, "memory for ");
    for (at = at ? at + 11 + strlen(what) : ""; *at && *at != 'b'; at++)
        if (*at >= '0' && *at <= '9') value = 10 * value + (*at - '0');
    return value;
}

static double live(bench *b) {
    hn_memory_info info = {.struct_size = sizeof info};
    bench_check(b, hn_context_memory(b->context[1], &info, &b->err), "the memory count");
    return (double)info.live_bytes;
}

static void compare(bench *b, const char *name, double said, double counted) {
    char fact[2 * BENCH_NAME];
    snprintf(fact, sizeof fact, "%s: predicted", name);
    bench_fact(b, fact, said, "bytes", AIM_NONE, 0);
    snprintf(fact, sizeof fact, "%s: counted", name);
    bench_fact(b, fact, counted, "bytes", AIM_NONE, 0);
    snprintf(fact, sizeof fact, "%s: counted against predicted", name);
    bench_fact(b, fact, counted / said, "x", AIM_AT_MOST, 1.1);
}

static void memory_of(bench *b, const net_spec *spec) {
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = spec->batch, .device = b->device};
    net_spec train = *spec;
    hn_model *model;
    hn_predictor *predictor;
    net *n;
    char name[BENCH_NAME];
    double before = live(b);
    bench_check(b, bench_model(b->context[1], spec->model, spec->size, spec->hidden, &model, &b->err), "a model");
    const double of_model = live(b) - before;
    before = live(b);
    bench_check(b, hn_predictor_create(model, &o, &predictor, &b->err), "a predictor");
    snprintf(name, sizeof name, "memory, predictor, %s %d px, batch %d", spec->model, spec->size, spec->batch);
    compare(b, name, predicted(b, model, spec->batch, "inference"), live(b) - before);
    hn_predictor_free(predictor);
    hn_model_free(model);

    train.mode = HNI_MODE_TRAIN;
    before = live(b);
    bench_check(b, net_create(b->context[1], b->device, &train, &n, &b->err), "a training step");
    snprintf(name, sizeof name, "memory, training step, %s %d px, batch %d", spec->model, spec->size, spec->batch);
    compare(b, name, predicted(b, n->model, spec->batch, "training"), live(b) - before - of_model);
    net_free(n);
}

int main(int argc, char **argv) {
    static const net_spec specs[] = {{"tinyvgg", 64, 10, 1, HNI_MODE_PREDICT},
                                     {"tinyvgg", 64, 10, 32, HNI_MODE_PREDICT},
                                     {"tinyvgg", 256, 10, 32, HNI_MODE_PREDICT},
                                     {"resnet18", 224, 0, 8, HNI_MODE_PREDICT}};
    static bench b;
    bench_begin(&b, "bench_memory", "Memory: inspect's prediction and the allocator's count", argc, argv);
    for (size_t i = 0; i < (b.quick ? 1 : sizeof specs / sizeof *specs); i++) memory_of(&b, &specs[i]);
    return bench_end(&b);
}
