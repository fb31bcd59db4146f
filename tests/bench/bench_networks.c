/* bench_networks.c - whole training steps and inferences at batch 32 over sizes and widths, 1 thread against 2, and ResNet-18.
 *
 * A step is what the trainer does with a batch in memory: upload, preprocess, forward, loss, backward, Adam, and a look at the loss. */
#include <math.h>

#include "net.h"

static void name_of(char *name, const net_spec *s) {
    snprintf(name, BENCH_NAME, "%s %s %d px, hidden %d, batch %d", s->mode == HNI_MODE_TRAIN ? "train" : "infer", s->model, s->size,
             s->hidden, s->batch);
}

/* 1 thread as well as 2 where that does not take minutes: narrow networks and small images. */
static void tinyvgg(bench *b, int32_t size, int32_t hidden, int32_t batch) {
    char name[BENCH_NAME], title[BENCH_NAME];
    for (int m = 0; m < 2; m++) {
        const net_spec spec = {"tinyvgg", size, hidden, batch, m ? HNI_MODE_PREDICT : HNI_MODE_TRAIN};
        name_of(name, &spec);
        for (int t = hidden <= 10 || size <= 64 ? 1 : BENCH_THREADS; t <= BENCH_THREADS; t++) net_add(b, name, t, &spec);
    }
    snprintf(title, sizeof title, "TinyVGG %d px, hidden %d, batch %d (images)", size, hidden, batch);
    bench_run(b, title);
}

static void scaling(bench *b, int32_t size, int32_t hidden, int32_t batch) {
    for (int m = 0; m < 2; m++) {
        const net_spec spec = {"tinyvgg", size, hidden, batch, m ? HNI_MODE_PREDICT : HNI_MODE_TRAIN};
        char name[BENCH_NAME], fact[2 * BENCH_NAME];
        name_of(name, &spec);
        double ratio = bench_seconds(b, name, 1) / bench_seconds(b, name, 2);
        if (isnan(ratio)) continue;
        snprintf(fact, sizeof fact, "2 threads against 1: %s", name);
        bench_fact(b, fact, ratio, "x", m ? AIM_NONE : AIM_AT_LEAST, 1.9);
    }
}

static void resnet18(bench *b) {
    static const net_spec specs[] = {
        {"resnet18", 224, 0, 8, HNI_MODE_PREDICT}, {"resnet18", 224, 0, 1, HNI_MODE_PREDICT}, {"resnet18", 224, 0, 8, HNI_MODE_TRAIN}};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        char name[BENCH_NAME];
        snprintf(name, sizeof name, "%s resnet18 224 px, batch %d", specs[i].mode == HNI_MODE_TRAIN ? "train" : "infer", specs[i].batch);
        net_add(b, name, BENCH_THREADS, &specs[i]);
        bench_run(b, "ResNet-18 224 px (images)"); /* one by one: each holds much memory */
    }
}

int main(int argc, char **argv) {
    static const int32_t sizes[] = {64, 128, 256}, widths[] = {10, 16, 32, 64};
    static bench b;
    bench_begin(&b, "bench_networks", "Whole networks", argc, argv);
    if (b.quick) {
        tinyvgg(&b, 16, 4, 2);
        scaling(&b, 16, 4, 2);
        return bench_end(&b);
    }
    for (int w = 0; w < 4; w++)
        for (int s = 0; s < 3; s++) tinyvgg(&b, sizes[s], widths[w], 32);
    resnet18(&b);
    printf("\n");
    for (int s = 0; s < 3; s++) scaling(&b, sizes[s], 10, 32);
    return bench_end(&b);
}
