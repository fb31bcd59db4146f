/* bench_thesis.c - the thesis' workload: 6,794 JPEG files of 512 × 512 px, 80/20, TinyVGG 64 × 64, batch 32, 20 epochs, each with a test
 * pass.
 *
 * The files are phantom slices, made once and kept. On a device that would need minutes a part of it is done, and said so; --full insists.
 * Operators are timed in the run itself (timed.h); decoding and resizing are timed apart on some files, since the loader does both on all
 * threads at once. A program of its own, so that the peak of resident memory is this workload's. */
#include <math.h>
#include <string.h>
#include <sys/resource.h>

#include "base/os.h" /* defines: hni_seconds */
#include "net.h"
#include "timed.h"
#include "verdict.h"
#include "phantoms.h"

typedef struct workload {
    int32_t files, size, epochs; /* size: px of a file */
    bool whole;
} workload;

enum { FILES = 6794, EPOCHS = 20, ALL_SECONDS = 120 };

enum { TRAIN = 0, TEST = 1 };

typedef struct training {
    timed clock;
    double phase_seconds[2], first_wait; /* s; first_wait: of epoch 1, outside of operators */
    double seconds;                      /* whole */
    hn_epoch_report last;
} training;

/* Counts a phase's time and tells the clock where the next operators belong. */
static int32_t on_progress(void *user, const hn_progress *p) {
    training *t = user;
    const int phase = p->phase == HN_PHASE_TEST ? TEST : TRAIN;
    if (p->batch < p->batches) return 0;
    t->phase_seconds[phase] += p->seconds;
    t->clock.phase = phase == TRAIN ? TEST : TRAIN;
    return 0;
}

static workload choose(bench *b) {
    workload w = {FILES, 512, EPOCHS, true};
    const net_spec step = {"tinyvgg", 64, 10, 32, HNI_MODE_TRAIN}, test = {"tinyvgg", 64, 10, 32, HNI_MODE_PREDICT};
    const double flops = (0.8 * net_flops(b->context[2], &step) + 0.2 * net_flops(b->context[2], &test)) / 32 * FILES * EPOCHS;
    const double expected = net_estimate(b, BENCH_THREADS, flops);
    if (b->quick) return (workload){40, 128, 2, false};
    if (b->full || expected <= ALL_SECONDS) return w;
    w = (workload){FILES / 20, 512, 2, false};
    printf("REDUCED: the whole would take about %.0f s on this device; %d files and %d epochs instead (--full, or make bench THESIS=1, for "
           "all)\n",
           expected, w.files, w.epochs);
    return w;
}

static double sum_of(const timed *c, int phase, bool (*kind_is)(int32_t kind)) {
    double sum = 0;
    for (int32_t k = 0; k <= HNI_OP_LAST; k++)
        if (kind_is(k)) sum += c->seconds[phase][k];
    return sum;
}

static bool is_optimizer(int32_t k) { return k == HN_OP_OPTIMIZER || (k >= HN_OP_ACCUMULATE && k <= HN_OP_AVERAGE); }
static bool is_backward(int32_t k) {
    return k == HN_OP_CONV2D_GRAD_INPUT || k == HN_OP_CONV2D_GRAD_WEIGHT || k == HN_OP_MAX_POOL2D_GRAD || k == HN_OP_AVG_POOL2D_GRAD ||
           k == HN_OP_GLOBAL_AVG_POOL_GRAD || k == HN_OP_DENSE_GRAD_INPUT || k == HN_OP_DENSE_GRAD_WEIGHT || k == HN_OP_BATCH_NORM_GRAD ||
           k == HN_OP_ACTIVATION_GRAD || k == HN_OP_GROUP_NORM_GRAD || k == HN_OP_CONCAT_GRAD || k == HN_OP_CHANNEL_SCALE_GRAD;
}
static bool is_forward(int32_t k) { return !is_optimizer(k) && !is_backward(k); }
static bool is_any(int32_t k) { return k >= 0; }

static double operators(const timed *c) {
    return sum_of(c, TRAIN, is_any) + sum_of(c, TEST, is_any) + c->transfer[TRAIN] + c->transfer[TEST];
}

static void train_all(bench *b, const workload *w, const char *folder, hn_context *ctx, training *t) {
    hn_dataset *data, *train, *test;
    hn_trainer *trainer;
    hn_model *model;
    const hn_dataset_options d = {.struct_size = sizeof d, .group_pattern = "p[0-9]+"};
    const hn_model_options m = {
        .struct_size = sizeof m, .class_names = (const char *const[]){"haemorrhage", "no_haemorrhage"}, .n_classes = 2, .positive = 1};
    const hn_train_options o = {.struct_size = sizeof o, .device = "timed", .progress = on_progress, .progress_user = t};
    double begin = hni_seconds();
    bench_check(b, hn_dataset_open(ctx, folder, &d, &data, &b->err), folder);
    bench_check(b, hn_dataset_split(data, NULL, &train, &test, &b->err), "a split");
    bench_check(b, hn_model_preset(ctx, "tinyvgg", &m, &model, &b->err), "a model");
    bench_check(b, hn_trainer_create(model, train, test, &o, &trainer, &b->err), "a trainer");
    t->last.struct_size = sizeof t->last;
    for (int32_t e = 0; e < w->epochs; e++) {
        bench_check(b, hn_train_epoch(trainer, &t->last, &b->err), "an epoch");
        if (!e) t->first_wait = t->last.seconds - operators(&t->clock);
    }
    t->seconds = hni_seconds() - begin;
    hn_trainer_free(trainer);
    hn_model_free(model);
    hn_dataset_free(train);
    hn_dataset_free(test);
    hn_dataset_free(data);
}

/* One thread's seconds for decoding and for resizing one file, from a file of the same size. */
static void time_files(bench *b, int32_t size, double *decode, double *resize) {
    char path[1024];
    verdict *v;
    snprintf(path, sizeof path, "%s/phantom-%d.jpg", b->folder, size);
    bench_check(b, phantom_make(b->context[1], path, size, &b->err), path);
    bench_check(b, verdict_create(b->context[1], b->device, path, 64, &v, &b->err), path);
    bench_case c = {.name = "decode one file", .threads = 1, .items = 1, .run = verdict_decode, .state = v};
    bench_case r = {.name = "resize one file", .threads = 1, .items = 1, .run = verdict_resize, .state = v};
    bench_add(b, &c);
    bench_add(b, &r);
    bench_run(b, "Files (files)");
    printf("\n");
    *decode = bench_seconds(b, c.name, 1);
    *resize = bench_seconds(b, r.name, 1);
    verdict_free(v);
}

static void report(bench *b, const workload *w, const training *t, double decode, double resize) {
    const timed *c = &t->clock;
    const char *label = w->whole ? "thesis" : "REDUCED thesis";
    char name[BENCH_NAME];
    struct rusage usage;
    const struct {
        const char *what;
        double seconds;
    } parts[] = {{"decode (one thread's time by the file x files / threads)", decode * w->files / BENCH_THREADS},
                 {"resize (likewise)", resize * w->files / BENCH_THREADS},
                 {"waiting for files in epoch 1 (decode, resize, reading, books)", t->first_wait},
                 {"forward and loss", sum_of(c, TRAIN, is_forward)},
                 {"backward", sum_of(c, TRAIN, is_backward)},
                 {"optimiser", sum_of(c, TRAIN, is_optimizer)},
                 {"test operators", sum_of(c, TEST, is_any)},
                 {"transfers", c->transfer[TRAIN] + c->transfer[TEST]},
                 {"all training passes", t->phase_seconds[TRAIN]},
                 {"all test passes", t->phase_seconds[TEST]}};
    getrusage(RUSAGE_SELF, &usage);
    snprintf(name, sizeof name, "%s: %d files, %d epochs", label, w->files, w->epochs);
    bench_fact(b, name, t->seconds, "s", w->whole ? AIM_AT_MOST : AIM_NONE, 60);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(name, sizeof name, "%s: %s", label, parts[i].what);
        bench_fact(b, name, parts[i].seconds, "s", AIM_NONE, 0);
    }
    snprintf(name, sizeof name, "%s: peak of resident memory", label);
    bench_fact(b, name, (double)usage.ru_maxrss / 1024, "MiB", AIM_AT_MOST, 400);
    snprintf(name, sizeof name, "%s: test accuracy of the last epoch", label);
    bench_fact(b, name, t->last.test_accuracy, "", AIM_NONE, 0);
}

int main(int argc, char **argv) {
    static bench b;
    static training t;
    char folder[1024];
    double decode, resize;
    hn_context *ctx;
    bench_begin(&b, "bench_thesis", "The thesis' workload", argc, argv);
    const workload w = choose(&b);
    snprintf(folder, sizeof folder, "%s/slices-%d-%d", b.folder, w.size, w.files);
    printf("seeing to %d files of %d x %d px in %s; making them takes minutes, once\n", w.files, w.size, w.size, folder);
    fflush(stdout);
    double begin = hni_seconds();
    bench_check(&b, phantoms_make(b.context[BENCH_THREADS], folder, w.files, w.size, &b.err), folder);
    printf("they are there, after %.1f s\n", hni_seconds() - begin);
    fflush(stdout);
    time_files(&b, w.size, &decode, &resize);
    const hn_context_options o = {.struct_size = sizeof o, .threads = BENCH_THREADS};
    bench_check(&b, hn_context_create(&o, &ctx, &b.err), "a context");
    bench_check(&b, timed_register(&t.clock, ctx, b.device, &b.err), "the timed device");
    train_all(&b, &w, folder, ctx, &t);
    report(&b, &w, &t, decode, resize);
    timed_close(&t.clock);
    hn_context_free(ctx);
    return bench_end(&b);
}
