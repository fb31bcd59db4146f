/* conform_network.c - whole networks on the device and on cpu, from the same weights and pixels: gradients of the first step, the loss of the
 * steps after it, and the weights of a second run of the same training.
 *
 * All labels are one class: with two, gradients of untrained networks on noise are small differences of large sums, and rounding is most
 * of them. With batch norm behind every convolution it is much of them all the same, the more the deeper: `deep` has limits of its own.
 * Gradients are measured as one long vector: a bias whose gradient is what is left of terms that cancel may be off by its own size in bf16,
 * and nothing comes of it. Losses are compared, not weights: Adam makes steps of full size from gradients that are rounding. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/net.h"
#include "base/numeric.h"
#include "conform.h"
#include "model/model.h"

enum { STEPS = 20, QUICK_STEPS = 5, DEEP_STEPS = 2 };

typedef struct trial {
    int steps;
    float *grads, *values; /* after the first step, and after all; [trainable], [total] */
    double loss[STEPS];
} trial;

static void set_rate(net *n, int step) {
    n->hyper[HN_HYPER_RATE] = 2e-4;
    n->hyper[HN_HYPER_CORRECTION1] = 1 - hni_pow(0.9, step + 1);
    n->hyper[HN_HYPER_CORRECTION2] = 1 - hni_pow(0.999, step + 1);
    n->hyper[HN_HYPER_STEP] = step + 1;
}

static double loss_of_step(gpu *g, net *n, double stats[4]) {
    double now[4];
    gpu_must(g, hni_device_download(n->device, now, n->weights.stats, &g->err), "the loss");
    const double loss = (now[0] - stats[0]) / (now[1] - stats[1]);
    memcpy(stats, now, sizeof now);
    return loss;
}

static trial train(gpu *g, const char *device, const net_spec *spec, int steps) {
    trial t = {.steps = steps};
    double stats[4] = {0};
    net *n;
    gpu_must(g, net_create(g->ctx, device, spec, &n, &g->err), "making a network");
    t.grads = malloc((size_t)n->weights.trainable * sizeof *t.grads);
    t.values = malloc((size_t)n->weights.total * sizeof *t.values);
    if (!t.grads || !t.values) exit(1);
    for (int32_t i = 0; i < spec->batch; i++) n->classes[i] = 1;
    for (int i = 0; i < steps; i++) {
        set_rate(n, i);
        gpu_must(g, net_run(n, &g->err), "a training step");
        t.loss[i] = loss_of_step(g, n, stats);
        if (i == 0) gpu_must(g, hni_device_download(n->device, t.grads, n->weights.grads, &g->err), "the gradients");
    }
    gpu_must(g, hni_weights_get(&n->weights, t.values, &g->err), "the weights");
    net_free(n);
    return t;
}

static void free_trial(trial *t) {
    free(t->grads);
    free(t->values);
}

static double norm(const float *a, const float *b, int64_t n) { /* of a - b; b NULL = 0 */
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const double d = (double)a[i] - (b ? (double)b[i] : 0);
        sum += d * d;
    }
    return sqrt(sum);
}

/* worst: of one parameter; whole: of all together, which rounding of single terms does not move as far. */
static void compare_gradients(gpu *g, const char *name, const hni_graph *graph, const trial *ours, const trial *cpu, double most) {
    const double all = norm(cpu->grads, NULL, graph->trainable), whole = norm(ours->grads, cpu->grads, graph->trainable) / all;
    double worst = 0;
    char text[GPU_TEXT], where[64] = "none";
    for (size_t i = 0; i < graph->n_params; i++) {
        const hni_param *p = &graph->params[i];
        if (!p->trainable) continue;
        const double error =
            norm(ours->grads + p->offset, cpu->grads + p->offset, p->elements) / norm(cpu->grads + p->offset, NULL, p->elements);
        if (error <= worst) continue;
        worst = error;
        snprintf(where, sizeof where, "%.60s", p->name);
    }
    snprintf(text, sizeof text, "gradients of %s beside cpu", name);
    gpu_check(g, whole <= most, text, "they differ by %.3g of their size, at most %g is right; most in %s, by %.3g", whole, most, where,
              worst);
}

static void compare_losses(gpu *g, const char *name, const trial *ours, const trial *cpu, double most) {
    double worst = 0;
    char text[GPU_TEXT];
    for (int i = 0; i < ours->steps; i++) {
        const double error = fabs(ours->loss[i] - cpu->loss[i]) / fmax(fabs(cpu->loss[i]), 0.1);
        worst = isnan(error) ? INFINITY : fmax(worst, error);
    }
    snprintf(text, sizeof text, "training of %s beside cpu", name);
    gpu_check(g, worst <= most && cpu->loss[cpu->steps - 1] < cpu->loss[0], text,
              "loss %.4f to %.4f in %d steps; largest relative difference %.3g, at most %g is right", ours->loss[0],
              ours->loss[ours->steps - 1], ours->steps, worst, most);
}

static void test_network(gpu *g, const net_spec *spec, bool deep) {
    const precision p = precision_of(g->device);
    char name[64], text[GPU_TEXT];
    net *shape;
    snprintf(name, sizeof name, "%s %d px, batch %d", spec->model, spec->size, spec->batch);
    const int steps = deep ? DEEP_STEPS : g->quick ? QUICK_STEPS : STEPS;
    trial ours = train(g, g->device, spec, steps), cpu = train(g, "cpu", spec, steps);
    gpu_must(g, net_create(g->ctx, "cpu", spec, &shape, &g->err), "a network's shape");
    compare_gradients(g, name, shape->model->graph, &ours, &cpu, deep ? p.deep_gradient : p.gradient);
    if (!deep) compare_losses(g, name, &ours, &cpu, p.loss);
    if (strstr(g->device, "+deterministic")) {
        trial again = train(g, g->device, spec, steps);
        snprintf(text, sizeof text, "%s twice", name);
        gpu_check(g, !memcmp(again.values, ours.values, (size_t)shape->model->graph->total * sizeof *ours.values), text,
                  "%d steps from the same start, weights compared bit by bit", steps);
        free_trial(&again);
    }
    net_free(shape);
    free_trial(&ours);
    free_trial(&cpu);
}

void conform_network(gpu *g) {
    const net_spec tinyvgg = {"tinyvgg", g->quick ? 16 : 64, g->quick ? 4 : 10, g->quick ? 4 : 32, HNI_MODE_TRAIN};
    const net_spec odd = {"tinyvgg", g->quick ? 18 : 50, g->quick ? 3 : 7, 5, HNI_MODE_TRAIN};
    const net_spec resnet = {"resnet18", 64, 0, 8, HNI_MODE_TRAIN};
    test_network(g, &tinyvgg, false);
    test_network(g, &odd, false);
    if (g->quick)
        gpu_skip(g, "resnet18 beside cpu", "--quick");
    else
        test_network(g, &resnet, true);
}
