/* bench_layers.c - every operator of TinyVGG's training step and of its inference at batch 32, each alone.
 *
 * The list is not written down here: it is the program that the network becomes, so what is fused there is fused here. Inputs are warm
 * in the cache as far as they fit; in a step they come from the operator before. */
#include <math.h>
#include <string.h>

#include "flops.h"
#include "graph/program.h"
#include "model/model.h"
#include "models.h"
#include "net.h"
#include "opcase.h"

typedef struct layers { /* of one mode */
    const char *what;
    int32_t mode;
    net_spec spec;
} layers;

static void name_of(char *name, const hni_program *p, size_t i, const char *what) {
    const hni_node *node = &p->nodes[i];
    snprintf(name, BENCH_NAME, "%s %s %s%s", what, node->layer >= 0 ? p->graph->layers[node->layer].name : "-",
             hni_op_name(node->desc.kind), node->desc.activation == HN_ACT_RELU && node->desc.kind == HN_OP_CONV2D ? "+relu" : "");
}

static void add_node(bench *b, const hni_program *p, size_t i, const char *what) {
    for (int t = 1; t <= BENCH_THREADS; t++) {
        bench_case c = {
            .threads = t, .items = p->options.batch, .flops = bench_op_flops(&p->nodes[i].desc), .run = opcase_run, .free = opcase_free};
        name_of(c.name, p, i, what);
        bench_check(b, opcase_create(b->context[t], b->device, &p->nodes[i].desc, &c.state, &b->err), c.name);
        bench_add(b, &c);
    }
}

/* Which operator is furthest from the peak, among those that take a tenth of the step or more; and whether the parts are the whole. */
static void judge(bench *b, const hni_program *p, const layers *l) {
    double sum = 0, least = INFINITY, whole;
    char name[BENCH_NAME], fact[2 * BENCH_NAME], worst[BENCH_NAME] = "none";
    for (size_t i = 0; i < p->n_nodes; i++) {
        name_of(name, p, i, l->what);
        sum += bench_seconds(b, name, BENCH_THREADS);
    }
    for (size_t i = 0; i < p->n_nodes; i++) {
        name_of(name, p, i, l->what);
        double seconds = bench_seconds(b, name, BENCH_THREADS),
               share = bench_op_flops(&p->nodes[i].desc) / seconds * 1e-9 / b->peak[BENCH_THREADS];
        if (seconds < sum / 10 || share > least) continue;
        least = share;
        snprintf(worst, sizeof worst, "%s", name);
    }
    snprintf(name, sizeof name, "%s, whole", l->what);
    whole = bench_seconds(b, name, BENCH_THREADS);
    snprintf(fact, sizeof fact, "%s: sum of the operators against the whole, 2 threads", l->what);
    bench_fact(b, fact, sum / whole, "x", AIM_NONE, 0);
    snprintf(fact, sizeof fact, "%s: furthest from the peak: %s", l->what, worst);
    bench_fact(b, fact, 100 * least, "% of peak", AIM_NONE, 0);
}

static void run_layers(bench *b, const layers *l) {
    hn_model *model;
    hni_program program;
    char title[BENCH_NAME], name[BENCH_NAME];
    hni_program_options o = {.mode = l->mode, .batch = l->spec.batch, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5};
    o.optimizer = l->mode == HNI_MODE_TRAIN ? HN_OPTIMIZER_ADAM : 0;
    bench_check(b, bench_model(b->context[1], l->spec.model, l->spec.size, l->spec.hidden, &model, &b->err), "a model");
    bench_check(b, hni_program_make(&program, model->graph, &o, &b->err), "a program");
    for (size_t i = 0; i < program.n_nodes; i++) add_node(b, &program, i, l->what);
    snprintf(name, sizeof name, "%s, whole", l->what);
    net_add(b, name, BENCH_THREADS, &l->spec);
    snprintf(title, sizeof title, "%s, TinyVGG %d px, hidden %d, batch %d (images)", l->what, l->spec.size, l->spec.hidden, l->spec.batch);
    bench_run(b, title);
    printf("\n");
    judge(b, &program, l);
    hni_program_free(&program);
    hn_model_free(model);
}

int main(int argc, char **argv) {
    static bench b;
    bench_begin(&b, "bench_layers", "TinyVGG, operator by operator", argc, argv);
    const int32_t size = b.quick ? 16 : 64, hidden = b.quick ? 4 : 10, batch = b.quick ? 2 : 32;
    const layers train = {"train", HNI_MODE_TRAIN, {"tinyvgg", size, hidden, batch, HNI_MODE_TRAIN}};
    const layers infer = {"infer", HNI_MODE_PREDICT, {"tinyvgg", size, hidden, batch, HNI_MODE_PREDICT}};
    run_layers(&b, &train);
    run_layers(&b, &infer);
    return bench_end(&b);
}
