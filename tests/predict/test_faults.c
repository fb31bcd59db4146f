/* test_faults.c - what goes wrong below a predictor: weights that overflow, a backend that fails in the middle, memory that ends. Needs
 * the inside: public calls refuse to make such models. */
#include <math.h>
#include <stdatomic.h>

#include "backend/backend.h"
#include "base/context.h"
#include "model/model.h"
#include "scene.h"

enum { IMAGES = 11 };

/* A model whose weights are `scale`, or whose last bias is: dark images stay finite under large weights, bright ones do not. */
static hn_model *odd_model(int32_t task, bool bias, float scale) {
    hn_model *plain = new_model(ctx, &(hn_model_options){.channels = 1, .task = task, .n_classes = 2, .positive = 1}), *odd = NULL;
    const hni_graph *g = plain->graph;
    float *weights = calloc((size_t)g->total, sizeof *weights);
    ck_assert_ptr_nonnull(weights);
    for (size_t i = 0; i < g->n_params; i++) {
        bool is_bias = strstr(g->params[i].name, "bias") != NULL, last = i == g->n_params - 1;
        for (int64_t k = 0; k < g->params[i].elements; k++)
            if (bias ? is_bias && last && k == 0 : !is_bias) weights[g->params[i].offset + k] = scale;
    }
    ck_ok(hni_model_with_weights(plain, weights, NULL, &odd, &err));
    hn_model_free(plain);
    free(weights);
    return odd;
}

static void check_nonfinite(const hn_prediction *p) {
    ck_assert_int_eq(p->status, HN_E_NUMERIC);
    ck_assert_uint_eq(p->flags, HN_PREDICTION_NONFINITE);
    ck_assert_int_eq(p->class_index, -1);
    ck_assert_uint_eq(p->labels, 0);
    ck_assert(isnan(p->probability) && isnan(p->positive));
}

START_TEST(not_finite) {
    const int32_t tasks[] = {HN_TASK_SINGLE, HN_TASK_MULTI};
    const float scales[] = {NAN, INFINITY}; /* sigmoid(inf) is 1: only the logit tells */
    hn_image *image = flat_image(ctx, 50);
    for (int i = 0; i < 4; i++) {
        hn_model *model = odd_model(tasks[i / 2], true, scales[i % 2]);
        hn_predictor *p = new_predictor(model, 2, 0);
        verdict v;
        v.p = fresh(&v);
        memset(&err, 0, sizeof err);
        ck_assert_int_eq(hn_predict(p, image, &v.p, &err), HN_E_NUMERIC);
        ck_assert_int_eq(err.status, HN_E_NUMERIC);
        check_nonfinite(&v.p);
        ck_assert(!isfinite(v.logits[0]));
        hn_predictor_free(p);
        hn_model_free(model);
    }
    hn_image_free(image);
}
END_TEST

START_TEST(not_finite_for_some) {
    hn_model *model = odd_model(HN_TASK_SINGLE, false, 1e18f);
    hn_predictor *p = new_predictor(model, 4, 0);
    hn_image *images[IMAGES];
    hn_prediction out[IMAGES];
    verdict places[IMAGES];
    hn_dataset *data = NULL;
    hn_eval *eval = NULL;
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    for (int i = 0; i < IMAGES; i++) {
        images[i] = flat_image(ctx, i % 3 ? 0 : 200);
        out[i] = fresh(&places[i]);
        ck_ok(hn_dataset_add_image(data, images[i], i % 2 ? "0" : "1", NULL, &err));
    }
    ck_ok(hn_predict_batch(p, (const hn_image *const *)images, IMAGES, out, &err));
    for (int i = 0; i < IMAGES; i++) {
        if (i % 3 == 0) check_nonfinite(&out[i]);
        if (i % 3) ck_assert_int_eq(out[i].status, HN_OK);
        if (i % 3) ck_assert_double_eq(out[i].probability, 0.5);
    }
    ck_ok(hn_evaluate(p, data, NULL, &eval, &err)); /* rows without a verdict stay, flagged */
    ck_assert_int_eq(hn_eval_count(eval), IMAGES);
    for (int i = 0; i < IMAGES; i++) {
        hn_eval_sample s = {.struct_size = sizeof s};
        ck_ok(hn_eval_row(eval, i, &s, &err));
        ck_assert_int_eq(s.flags, i % 3 ? 0 : HN_PREDICTION_NONFINITE);
        ck_assert_int_eq(s.predicted, i % 3 ? 0 : -1);
    }
    hn_eval_free(eval);
    hn_dataset_free(data);
    for (int i = 0; i < IMAGES; i++) hn_image_free(images[i]);
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

START_TEST(nothing_finite) {
    hn_model *model = odd_model(HN_TASK_SINGLE, true, NAN);
    hn_predictor *p = new_predictor(model, 4, 0);
    hn_image *image = flat_image(ctx, 9);
    hn_dataset *data = NULL;
    hn_eval *eval = NULL;
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    ck_ok(hn_dataset_add_image(data, image, "0", NULL, &err));
    ck_assert_int_eq(hn_evaluate(p, data, NULL, &eval, &err), HN_E_NUMERIC);
    ck_assert_ptr_null(eval);
    hn_dataset_free(data);
    hn_image_free(image);
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

/* The reference backend, but the n-th run fails. */
static int runs_left;

static hn_status failing_run(void *device, void *op, const hn_op_buffers *buffers, hn_error *e) {
    if (runs_left-- == 0) {
        snprintf(e->message, sizeof e->message, "the device has fallen over");
        return e->status = HN_E_BACKEND;
    }
    return hni_reference_backend()->run(device, op, buffers, e);
}

START_TEST(failing_backend) {
    hn_backend table = *hni_reference_backend();
    table.name = "frail";
    table.run = failing_run;
    hn_context *own = new_context(NULL);
    ck_ok(hn_backend_register(own, &table, &err));
    hn_model *model = new_model(own, NULL);
    hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 4, .device = "frail"};
    hn_predictor *p = NULL;
    ck_ok(hn_predictor_create(model, &o, &p, &err));
    hn_image *images[IMAGES];
    for (uint32_t i = 0; i < IMAGES; i++) images[i] = new_image(own, i);
    int failures = 0;
    for (hn_status status = HN_E_BACKEND; status; failures++) {
        hn_prediction out[IMAGES], before[IMAGES];
        static verdict places[IMAGES], clean[IMAGES];
        for (int i = 0; i < IMAGES; i++) out[i] = fresh(&places[i]);
        memcpy(before, out, sizeof out);
        memcpy(clean, places, sizeof places);
        runs_left = failures;
        status = hn_predict_batch(p, (const hn_image *const *)images, IMAGES, out, &err);
        if (!status) break;
        ck_assert_int_eq(status, HN_E_BACKEND);
        ck_assert_msg(strstr(err.message, "fallen over"), "%s", err.message);
        ck_assert_msg(!memcmp(before, out, sizeof out) && !memcmp(clean, places, sizeof places), "run %d: results were touched", failures);
    }
    ck_assert_int_gt(failures, 20); /* two batches and three single images, several operators each */
    for (int i = 0; i < IMAGES; i++) hn_image_free(images[i]);
    hn_predictor_free(p);
    hn_model_free(model);
    hn_context_free(own);
}
END_TEST

/* Memory that ends at the n-th allocation. */
typedef struct heap {
    atomic_long left, blocks;
} heap;

static void *short_alloc(void *user, size_t size, size_t alignment) {
    heap *h = user;
    void *ptr = NULL;
    if (atomic_fetch_sub(&h->left, 1) <= 0) return NULL;
    if (posix_memalign(&ptr, alignment < sizeof(void *) ? sizeof(void *) : alignment, size)) return NULL;
    atomic_fetch_add(&h->blocks, 1);
    return ptr;
}

static void short_free(void *user, void *ptr, size_t size, size_t alignment) {
    heap *h = user;
    (void)size, (void)alignment;
    atomic_fetch_sub(&h->blocks, 1);
    free(ptr);
}

/* Creates, predicts more than max_batch, evaluates: the first failure ends it. */
static hn_status whole_use(const hn_model *model, hn_image *const *images, hn_dataset *data) {
    hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 4};
    hn_predictor *p = NULL;
    hn_eval *eval = NULL;
    hn_prediction out[IMAGES];
    for (int i = 0; i < IMAGES; i++) out[i] = (hn_prediction){.struct_size = sizeof *out};
    hn_status status = hn_predictor_create(model, &o, &p, &err);
    ck_assert(!status || !p);
    if (!status) status = hn_predict(p, images[0], &out[0], &err);
    if (!status) status = hn_predict_batch(p, (const hn_image *const *)images, IMAGES, out, &err);
    for (int i = 0; i < IMAGES && !status; i++) ck_assert_int_eq(out[i].status, HN_OK); /* want of memory is nobody's image's fault */
    const hn_eval_options along = {.struct_size = sizeof along, .smooth = 1};
    if (!status) status = hn_evaluate(p, data, &along, &eval, &err);
    ck_assert(!status || !eval);
    if (!status) ck_assert_int_eq(hn_eval_count(eval), IMAGES);
    hn_eval_free(eval);
    hn_predictor_free(p);
    return status;
}

START_TEST(memory_ends) {
    heap h = {.left = 1 << 30};
    hn_allocator allocator = {.struct_size = sizeof allocator, .user = &h, .alloc = short_alloc, .free = short_free};
    hn_context_options o = {.struct_size = sizeof o, .allocator = &allocator, .threads = 1};
    hn_context *own = new_context(&o);
    hn_model *model = new_model(own, &(hn_model_options){.hidden = 1});
    hn_dataset *data = NULL;
    hn_image *images[IMAGES];
    hn_status status = HN_E_MEMORY;
    long n = 0;
    ck_ok(hn_dataset_create(own, &(hn_dataset_options){.struct_size = sizeof(hn_dataset_options), .cache_bytes = 1}, &data, &err));
    for (uint32_t i = 0; i < IMAGES; i++) {
        images[i] = new_image(own, i);
        ck_ok(hn_dataset_add_image(data, images[i], i % 2 ? "0" : "1", "p", &err));
    }
    ck_ok(whole_use(model, images, data)); /* what is made once is there */
    for (; status; n++) {
        long blocks = atomic_load(&h.blocks);
        atomic_store(&h.left, n);
        status = whole_use(model, images, data);
        atomic_store(&h.left, 1 << 30);
        if (status) ck_assert_msg(status == HN_E_MEMORY, "allocation %ld: %s: %s", n, hn_status_name(status), err.message);
        ck_assert_msg(atomic_load(&h.blocks) == blocks, "allocation %ld: %ld blocks left", n, atomic_load(&h.blocks) - blocks);
    }
    ck_assert_int_gt(n, 100);
    for (int i = 0; i < IMAGES; i++) hn_image_free(images[i]);
    hn_dataset_free(data);
    hn_model_free(model);
    hn_context_free(own);
    ck_assert_int_eq(atomic_load(&h.blocks), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("predict faults");
    TCase *tests = tcase_create("faults");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, not_finite);
    tcase_add_test(tests, not_finite_for_some);
    tcase_add_test(tests, nothing_finite);
    tcase_add_test(tests, failing_backend);
    tcase_add_test(tests, memory_ends);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
