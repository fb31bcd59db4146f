/* Memory plans, checked without the planner's own lifetimes: a plan is walked node by node over a map of the arena that remembers what
 * was written where, and every read must find what it asks for. */
#include "nets.h"

enum { BLOCK = 64, WORKSPACE = -2, NOTHING = -1 };

typedef struct map {
    int32_t *blocks; /* which value lies there */
    size_t n;
} map;

static void put(map *m, uint64_t offset, uint64_t bytes, int32_t what) {
    ck_assert_uint_eq(offset % BLOCK, 0);
    ck_assert_uint_le(offset + bytes, m->n * BLOCK);
    for (uint64_t b = offset / BLOCK; b < (offset + bytes + BLOCK - 1) / BLOCK; b++)
        m->blocks[b] = what;
}

static void want(const map *m, uint64_t offset, uint64_t bytes, int32_t what, const char *when, size_t node) {
    for (uint64_t b = offset / BLOCK; b < (offset + bytes + BLOCK - 1) / BLOCK; b++)
        if (m->blocks[b] != what) /* Check writes to a file for every assertion */
            ck_abort_msg("%s node %zu: block %llu holds %d, not %d", when, node, (unsigned long long)b, m->blocks[b], what);
}

static bool in_arena(const hni_program *p, int32_t place) {
    return place >= 0 && p->places[place].home == HNI_HOME_ARENA;
}

/* backend.h, "in place": the input that output 0 may lie on. */
static int allowed(int32_t kind) {
    return kind == HN_OP_ACTIVATION_GRAD ? 1 : kind == HN_OP_ACTIVATION || kind == HN_OP_ADD || kind == HN_OP_DROPOUT ? 0 : -1;
}

static void check_node(const hni_program *p, const int32_t *owner, map *m, size_t s, size_t *in_place) {
    const hni_node *node = &p->nodes[s];
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++)
        if (in_arena(p, node->in[i]))
            want(m, p->places[node->in[i]].offset, p->places[node->in[i]].bytes, owner[node->in[i]], "before", s);
    if (node->workspace)
        put(m, node->workspace_offset, node->workspace, WORKSPACE);
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++)
        if (in_arena(p, node->out[i]))
            put(m, p->places[node->out[i]].offset, p->places[node->out[i]].bytes, owner[node->out[i]]);
    if (node->workspace)
        want(m, node->workspace_offset, node->workspace, WORKSPACE, "workspace of", s);
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++)
        if (in_arena(p, node->out[i]))
            want(m, p->places[node->out[i]].offset, p->places[node->out[i]].bytes, owner[node->out[i]], "outputs of", s);
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) { /* an output on an input only where that is said */
        if (!in_arena(p, node->in[i]))
            continue;
        const hni_place *x = &p->places[node->in[i]], *y = node->out[0] >= 0 ? &p->places[node->out[0]] : NULL;
        if (i == allowed(node->desc.kind) && y && x->offset == y->offset && x->bytes == y->bytes)
            ++*in_place;
        else
            want(m, x->offset, x->bytes, owner[node->in[i]], "inputs of", s);
    }
}

/* Walks one plan; gives how many nodes work in place. */
static size_t check_plan(const hni_graph *g, int32_t mode, int32_t batch, bool workspaces, uint64_t *arena) {
    const hni_program_options o = {.mode = mode, .batch = batch, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5,
                                   .optimizer = mode == HNI_MODE_TRAIN ? HN_OPTIMIZER_ADAM : 0};
    hni_program p;
    ck_ok(hni_program_make(&p, g, &o, &err));
    int32_t *owner = malloc(p.n_places * sizeof *owner); /* as lowering meant it, before the planner lets anything share */
    for (size_t i = 0; i < p.n_places; i++)
        owner[i] = hni_program_root(&p, (int32_t)i);
    for (size_t i = 0; workspaces && i < p.n_nodes; i++)
        p.nodes[i].workspace = i % 3 ? 100 + 1000 * (i * 7 % 11) : 0;
    ck_ok(hni_program_plan(&p, &err));
    map m = {malloc((size_t)(p.arena_bytes / BLOCK) * sizeof *m.blocks), (size_t)(p.arena_bytes / BLOCK)};
    ck_assert_uint_eq(p.arena_bytes % BLOCK, 0);
    for (size_t i = 0; i < m.n; i++)
        m.blocks[i] = NOTHING;
    const int32_t staged[] = {p.pixels, p.labels, p.keys}, kept[] = {p.logits, p.probabilities};
    for (int i = 0; i < 3; i++)
        if (staged[i] >= 0)
            put(&m, p.places[staged[i]].offset, p.places[staged[i]].bytes, owner[staged[i]]);
    size_t in_place = 0;
    for (size_t s = 0; s < p.n_nodes; s++)
        check_node(&p, owner, &m, s, &in_place);
    for (int i = 0; i < 2; i++)
        want(&m, p.places[kept[i]].offset, p.places[kept[i]].bytes, owner[kept[i]], "at the end of", p.n_nodes);
    *arena = p.arena_bytes;
    free(m.blocks);
    free(owner);
    hni_program_free(&p);
    return in_place;
}

START_TEST(no_two_live_tensors_overlap) {
    hn_context *ctx = new_context();
    hni_graph *nets[] = {tinyvgg(ctx, 3, 48, 10, 2), tinyvgg(ctx, 1, 9, 3, 6), residual(ctx, HN_ACT_RELU, 0.5, true, 3),
                         residual(ctx, HN_ACT_SIGMOID, 0.0, false, 2)};
    for (size_t n = 0; n < 4; n++) {
        for (int32_t mode = HNI_MODE_PREDICT; mode <= HNI_MODE_TRAIN; mode++) {
            for (int32_t batch = 1; batch <= 33; batch += 16) {
                uint64_t plain, with, told;
                const size_t in_place = check_plan(nets[n], mode, batch, false, &plain);
                check_plan(nets[n], mode, batch, true, &with);
                ck_assert_uint_ge(with, plain);
                if (mode == HNI_MODE_TRAIN && n >= 2)
                    ck_assert_uint_ge(in_place, 1); /* sums and dropout; TinyVGG has none left that could */
                ck_ok(hni_plan_arena_bytes(nets[n], mode, batch, HN_TASK_SINGLE, &told, &err));
                ck_assert_uint_eq(told, plain);
            }
        }
        hni_graph_unref(nets[n]);
    }
    hni_context_unref(ctx);
}
END_TEST

START_TEST(random_graphs_too) {
    hn_context *ctx = new_context();
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 2, 0);
    for (int round = 0; round < 60; round++) {
        hni_graph *g = new_graph(ctx, 2, 6, 6);
        int32_t v[24] = {0}, n = 1;
        for (; n < 20; n++) { /* every value keeps its shape, so that any two can be added */
            char name[16];
            snprintf(name, sizeof name, "l%d", n);
            const int32_t x = v[hni_random_below(&r, (uint32_t)n)], y = v[hni_random_below(&r, (uint32_t)n)];
            switch (hni_random_below(&r, 9)) {
            case 0:
                v[n] = add_conv(g, name, x, 2, 3, 1);
                break;
            case 1:
                v[n] = add_act(g, name, x, (int32_t)hni_random_below(&r, HN_ACT_TANH + 1));
                break;
            case 2:
                v[n] = add_dropout(g, name, x, 0.5 * hni_random_below(&r, 2));
                break;
            case 3:
                v[n] = add_plain(g, HNI_LAYER_BATCH_NORM, name, x);
                break;
            case 4:
                v[n] = add_group_norm(g, name, x, 1 + (int32_t)hni_random_below(&r, 2));
                break;
            case 5: /* two layers: the shape comes back */
                snprintf(name, sizeof name, "b%d", n);
                v[n] = add_two(g, HNI_LAYER_CONCAT, name, x, y);
                snprintf(name, sizeof name, "l%d", n);
                v[n] = add_conv(g, name, v[n], 2, 1, 0);
                break;
            case 6:
                snprintf(name, sizeof name, "b%d", n);
                v[n] = add_dense(g, name, y, 2);
                snprintf(name, sizeof name, "l%d", n);
                v[n] = add_two(g, HNI_LAYER_CHANNEL_SCALE, name, x, v[n]);
                break;
            default:
                v[n] = add_sum(g, name, x, y);
            }
        }
        const int32_t logits = add_dense(g, "head", v[n - 1], 2);
        ck_ok(hni_graph_finish(g, logits, 2, &err));
        uint64_t arena;
        for (int32_t mode = HNI_MODE_PREDICT; mode <= HNI_MODE_TRAIN; mode++)
            check_plan(g, mode, 3, round % 2 == 0, &arena);
        hni_graph_unref(g);
    }
    hni_context_unref(ctx);
}
END_TEST

START_TEST(arenas_have_a_sensible_size) {
    hn_context *ctx = new_context();
    hni_graph *g = tinyvgg(ctx, 3, 64, 10, 2);
    uint64_t predict, test, train;
    ck_ok(hni_plan_arena_bytes(g, HNI_MODE_PREDICT, 32, HN_TASK_SINGLE, &predict, &err));
    ck_ok(hni_plan_arena_bytes(g, HNI_MODE_TEST, 32, HN_TASK_MULTI, &test, &err));
    ck_ok(hni_plan_arena_bytes(g, HNI_MODE_TRAIN, 32, HN_TASK_SINGLE, &train, &err));
    const uint64_t most = 32 * 10 * 64 * 64 * 4; /* the largest value */
    printf("TinyVGG 64 px, batch 32: predict %.2f, test %.2f, train %.2f MiB\n", predict / 1048576.0, test / 1048576.0, train / 1048576.0);
    ck_assert(predict >= most + most / 4 && predict < 2 * most); /* the first convolution, and the second one pooled */
    ck_assert(test >= predict && test < train);
    ck_assert(train < 2 * most + most / 2 + 2 * (most / 4) * 2 + 2 * most); /* forward values and two gradients */
    ck_assert_int_eq(hni_plan_arena_bytes(g, HNI_MODE_TRAIN, INT32_MAX, HN_TASK_SINGLE, &train, &err), HN_E_SHAPE);
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(what_is_fused_and_what_is_not) {
    hn_context *ctx = new_context();
    hni_graph *g = tinyvgg(ctx, 3, 16, 4, 2);
    const hni_program_options o = {.mode = HNI_MODE_TRAIN, .batch = 2, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5,
                                   .optimizer = HN_OPTIMIZER_SGD};
    hni_program p;
    ck_ok(hni_program_make(&p, g, &o, &err));
    int count[HNI_OP_LAST + 1] = {0};
    for (size_t i = 0; i < p.n_nodes; i++)
        count[p.nodes[i].desc.kind]++;
    ck_assert_int_eq(count[HN_OP_ACTIVATION], 0);
    ck_assert_int_eq(count[HN_OP_ACTIVATION_GRAD], 0); /* all four are taken along by the gradient behind them */
    ck_assert_int_eq(count[HN_OP_CONV2D], 4);
    ck_assert_int_eq(count[HN_OP_CONV2D_GRAD_WEIGHT], 4);
    ck_assert_int_eq(count[HN_OP_CONV2D_GRAD_INPUT], 3); /* none for the pixels */
    ck_assert_int_eq(p.nodes[0].desc.kind, HN_OP_PREPROCESS);
    ck_assert_int_eq(p.nodes[p.n_nodes - 1].desc.kind, HN_OP_OPTIMIZER);
    hni_program_free(&p);
    const hni_program_options predict = {.mode = HNI_MODE_PREDICT, .batch = 2, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5};
    ck_ok(hni_program_make(&p, g, &predict, &err));
    ck_assert_int_eq(p.n_nodes, 7); /* preprocessing, four convolutions of which two pool, dense, softmax */
    int pooled = 0;
    for (size_t i = 0; i < p.n_nodes; i++)
        pooled += p.nodes[i].desc.pool == 2;
    ck_assert_int_eq(pooled, 2);
    hni_program_free(&p);
    hni_graph_unref(g);

    g = modern(ctx, HN_ACT_SILU, HN_ACT_RELU6, 2);
    ck_ok(hni_program_make(&p, g, &o, &err));
    memset(count, 0, sizeof count);
    for (size_t i = 0; i < p.n_nodes; i++) {
        count[p.nodes[i].desc.kind]++;
        ck_assert(p.nodes[i].desc.kind == HN_OP_ACTIVATION || p.nodes[i].desc.kind == HN_OP_ACTIVATION_GRAD || p.nodes[i].desc.activation != HN_ACT_SILU);
    }
    ck_assert_int_eq(count[HN_OP_ACTIVATION], 6); /* five SiLU, and ReLU6 behind a group norm */
    ck_assert_int_eq(count[HN_OP_GROUP_NORM_GRAD], 2);
    ck_assert_int_eq(count[HN_OP_CONCAT_GRAD], 4);
    ck_assert_int_eq(count[HN_OP_CHANNEL_SCALE_GRAD], 3);
    hni_program_free(&p);
    ck_ok(hni_program_make(&p, g, &predict, &err));
    memset(count, 0, sizeof count);
    for (size_t i = 0; i < p.n_nodes; i++)
        count[p.nodes[i].desc.kind]++;
    ck_assert_int_eq(count[HN_OP_ACTIVATION], 2); /* those behind group norms */
    hni_program_free(&p);
    hni_graph_unref(g);

    g = new_graph(ctx, 1, 4, 4); /* the convolution's output has a second reader; the other is itself the logits */
    const int32_t c = add_conv(g, "c", 0, 1, 3, 1), a = add_act(g, "a", c, HN_ACT_RELU), d = add_dense(g, "d", add_sum(g, "s", c, a), 2);
    add_act(g, "never", d, HN_ACT_RELU);
    ck_ok(hni_graph_finish(g, d, 2, &err));
    ck_ok(hni_program_make(&p, g, &o, &err));
    memset(count, 0, sizeof count);
    for (size_t i = 0; i < p.n_nodes; i++) {
        count[p.nodes[i].desc.kind]++;
        if (p.nodes[i].desc.kind == HN_OP_CONV2D || p.nodes[i].desc.kind == HN_OP_DENSE)
            ck_assert_int_eq(p.nodes[i].desc.activation, HN_ACT_NONE);
    }
    ck_assert_int_eq(count[HN_OP_ACTIVATION], 1);
    ck_assert_int_eq(count[HN_OP_ADD], 2); /* the layer, and the two gradients of c */
    hni_program_free(&p);
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(the_largest_network_is_planned) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 1, 4, 4);
    int32_t v = 0;
    for (int i = 0; i < HNI_MAX_LAYERS - 1; i++) {
        char name[16];
        snprintf(name, sizeof name, "l%d", i);
        v = i % 2 ? add_act(g, name, v, HN_ACT_RELU) : add_conv(g, name, v, 1, 3, 1);
    }
    v = add_dense(g, "head", v, 2);
    const hni_layer l = layer_of(HNI_LAYER_FLATTEN, "more", 0);
    int32_t out;
    ck_assert_int_eq(hni_graph_add(g, &l, &out, &err), HN_E_LIMIT);
    ck_ok(hni_graph_finish(g, v, 2, &err));
    uint64_t bytes;
    ck_ok(hni_plan_arena_bytes(g, HNI_MODE_TRAIN, 2, HN_TASK_SINGLE, &bytes, &err));
    ck_ok(hni_plan_arena_bytes(g, HNI_MODE_PREDICT, 2, HN_TASK_SINGLE, &bytes, &err));
    ck_assert_uint_le(bytes, 1024);
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("plan");
    TCase *t = tcase_create("plan");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, no_two_live_tensors_overlap);
    tcase_add_test(t, random_graphs_too);
    tcase_add_test(t, arenas_have_a_sensible_size);
    tcase_add_test(t, what_is_fused_and_what_is_not);
    tcase_add_test(t, the_largest_network_is_planned);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
