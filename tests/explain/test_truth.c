/* How far a map can be believed: comparison with a mask, curves of deletion and insertion, rank correlation, models with random weights. */
#include "nets.h"

static hn_heatmap_truth compare(const float *map, const uint8_t *mask, int32_t w, int32_t h, double threshold) {
    hn_heatmap_truth t = {.struct_size = sizeof t};
    ck_ok(hn_heatmap_compare(map, mask, w, h, threshold, &t, &err));
    return t;
}

START_TEST(a_map_beside_a_mask) {
    const float map[12] = {0.0f, 0.2f, 0.6f, 0.0f, /**/ -1.0f, 1.0f, 0.5f, 0.0f, /**/ 0.0f, 0.3f, 0.4f, 1.0f};
    const uint8_t mask[12] = {0, 0, 0, 0, /**/ 0, 9, 1, 255, /**/ 0, 1, 0, 0}, away[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, none[12] = {0};
    hn_heatmap_truth t = compare(map, mask, 4, 3, 0);
    ck_assert(t.hit == 1 && t.peak_x == 1 && t.peak_y == 1 && t.distance == 0.0 && t.undefined == 0); /* the first of two ones */
    ck_assert(t.mask_pixels == 4 && t.hot_pixels == 4);
    ck_assert(fabs(t.iou - 2.0 / 6.0) < 1e-12); /* 0.6 1.0 0.5 1.0 are hot, two of them in the mask of four */
    ck_assert(fabs(t.energy - 1.8 / 4.0) < 1e-6);
    t = compare(map, mask, 4, 3, 0.25);
    ck_assert(t.hot_pixels == 6 && fabs(t.iou - 3.0 / 7.0) < 1e-12);
    t = compare(map, away, 4, 3, 0);
    ck_assert(t.hit == 0 && fabs(t.distance - sqrt(5.0)) < 1e-12);
    t = compare(map, none, 4, 3, 0);
    ck_assert(t.undefined == HN_TRUTH_NO_MASK && isnan(t.iou) && isnan(t.energy) && isnan(t.distance) && t.hit == 0);
    const float flat[12] = {0};
    t = compare(flat, mask, 4, 3, 0);
    ck_assert(t.undefined == HN_TRUTH_FLAT && t.iou == 0.0 && isnan(t.energy) && t.hit == 0);
    hn_heatmap_truth before = t;
    const float bad[2] = {1.0f, INFINITY};
    ck_assert_int_eq(hn_heatmap_compare(bad, mask, 2, 1, 0, &t, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_heatmap_compare(map, mask, 4, 0, 0, &t, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_heatmap_compare(map, mask, 65535, 65535, 0, &t, &err), HN_E_LIMIT);
    ck_assert_int_eq(hn_heatmap_compare(map, mask, 4, 3, NAN, &t, &err), HN_E_ARGUMENT);
    ck_assert_mem_eq(&before, &t, sizeof t);
}
END_TEST

START_TEST(ranks) {
    hn_context *ctx = new_context();
    const float a[4] = {1, 2, 2, 3}, b[4] = {1, 3, 2, 4}, c[4] = {9, 5, 4, -7}, same[4] = {5, 5, 5, 5};
    double rho = 0;
    ck_ok(hn_rank_correlation(ctx, a, b, 4, &rho, &err));
    ck_assert(fabs(rho - 4.5 / sqrt(4.5 * 5.0)) < 1e-12); /* what scipy.stats.spearmanr gives */
    ck_ok(hn_rank_correlation(ctx, b, b, 4, &rho, &err));
    ck_assert(fabs(rho - 1.0) < 1e-12);
    ck_ok(hn_rank_correlation(ctx, b, c, 4, &rho, &err));
    ck_assert(fabs(rho + 0.8) < 1e-12);
    ck_ok(hn_rank_correlation(ctx, a, same, 4, &rho, &err));
    ck_assert(isnan(rho));
    ck_assert_int_eq(hn_rank_correlation(ctx, a, b, 1, &rho, &err), HN_E_ARGUMENT);
    const float bad[2] = {NAN, 1};
    ck_assert_int_eq(hn_rank_correlation(ctx, bad, b, 2, &rho, &err), HN_E_ARGUMENT);
    hn_context_free(ctx);
}
END_TEST

static float probability(hn_predictor *p, const hn_image *image, int32_t k) {
    float all[3];
    hn_prediction said = {.struct_size = sizeof said, .probabilities = all, .capacity = 3};
    ck_ok(hn_predict(p, image, &said, &err));
    return all[k];
}

START_TEST(curves_begin_and_end_where_they_must) {
    enum { STEPS = 9 };
    hn_context *ctx = new_context();
    hn_model *m = residual(ctx);
    hn_predictor *p = new_predictor(m, "cpu", 4), *single = new_predictor(m, "cpu", 1);
    hn_image *image = new_image(ctx, 0);
    uint8_t level[16 * 16];
    memset(level, 64, sizeof level); /* the mean, 1/4 of 255 */
    hn_image *blank = wrap(ctx, level, 16, 16);
    float map[FLOATS];
    const hn_explain_options e = {.struct_size = sizeof e, .class_index = 2};
    ck_ok(hn_explain(p, image, &e, map, FLOATS, NULL, NULL, &err));
    hn_explain_curve_options o = {.struct_size = sizeof o, .class_index = 2, .steps = STEPS};
    hn_curve_point points[2][STEPS + 1], again[STEPS + 1];
    double area[2], other = 0;
    size_t need = 0;
    for (int i = 0; i < 2; i++) {
        o.kind = i ? HN_INSERTION : HN_DELETION;
        ck_ok(hn_explain_curve(p, image, map, &o, points[i], STEPS + 1, &need, &area[i], &err));
        ck_assert_uint_eq(need, STEPS + 1);
        ck_ok(hn_explain_curve(single, image, map, &o, again, STEPS + 1, NULL, &other, &err));
        ck_assert(area[i] == other && memcmp(again, points[i], sizeof again) == 0);
        double sum = 0;
        for (int k = 0; k < STEPS; k++) {
            sum += (points[i][k + 1].x - points[i][k].x) * (points[i][k + 1].y + points[i][k].y) / 2;
            ck_assert(points[i][k + 1].x > points[i][k].x && points[i][k + 1].threshold <= points[i][k].threshold);
            ck_assert(points[i][k].y >= 0 && points[i][k].y <= 1);
        }
        ck_assert(fabs(sum - area[i]) < 1e-12 && points[i][0].x == 0 && points[i][STEPS].x == 1 && isinf(points[i][0].threshold));
        ck_assert(points[i][i ? STEPS : 0].y == (double)probability(p, image, 1));
        ck_assert(points[i][i ? 0 : STEPS].y == (double)probability(p, blank, 1));
    }
    ck_assert_int_eq(hn_explain_curve(p, image, map, &o, points[0], STEPS, NULL, NULL, &err), HN_E_BUFFER);
    o.steps = 4097;
    ck_assert_int_eq(hn_explain_curve(p, image, map, &o, NULL, 0, NULL, area, &err), HN_E_ARGUMENT);
    o.steps = 0, o.kind = 3;
    ck_assert_int_eq(hn_explain_curve(p, image, map, &o, NULL, 0, NULL, area, &err), HN_E_ARGUMENT);
    map[5] = NAN, o.kind = 0;
    ck_assert_int_eq(hn_explain_curve(p, image, map, &o, NULL, 0, NULL, area, &err), HN_E_ARGUMENT);
    hn_image_free(image);
    hn_image_free(blank);
    hn_model_free(m);
    hn_predictor_free(p);
    hn_predictor_free(single);
    hn_context_free(ctx);
}
END_TEST

/* A network that adds up what is bright: taking the brightest first lets it fall fastest, the darkest first slowest. Sixteen cells in four steps,
 * each step worked out by hand. */
START_TEST(curves_follow_the_order) {
    hn_context *ctx = new_context();
    const double deviation = 1.0, mean = 0.0;
    hn_model_options mo = {.struct_size = sizeof mo, .width = 4, .height = 4, .channels = 1, .n_classes = 2, .mean = &mean, .deviation = &deviation};
    hn_builder *b = NULL;
    hn_model *fresh = NULL, *m = NULL;
    int32_t x = 0;
    ck_ok(hn_builder_create(ctx, &mo, &b, &err));
    ck_ok(hn_builder_dense(b, 0, "sum", 2, 0, &x, &err));
    ck_ok(hn_builder_finish(b, x, &fresh, &err));
    hn_builder_free(b);
    float *flat = calloc((size_t)fresh->graph->total, sizeof *flat), map[64], falling[64];
    for (int i = 0; i < 16; i++) flat[fresh->graph->params[0].offset + i] = 1.0f; /* logit of class 0: Σ pixels */
    ck_ok(hni_model_with_weights(fresh, flat, NULL, &m, &err));
    uint8_t pixels[64];
    for (int i = 0; i < 64; i++) { /* 8 × 8: each cell of the input is 2 × 2 px of one level */
        const int cell = i / 16 * 4 + i % 8 / 2;
        pixels[i] = (uint8_t)(cell * 15);
        map[i] = (float)cell;
        falling[i] = (float)-cell;
    }
    hn_image *image = wrap(ctx, pixels, 8, 8);
    hn_predictor *p = new_predictor(m, "reference", 3);
    const double black = 0.0;
    hn_explain_curve_options o = {.struct_size = sizeof o, .class_index = 1, .steps = 4, .baseline = &black};
    hn_curve_point points[2][5];
    double areas[2];
    ck_ok(hn_explain_curve(p, image, map, &o, points[0], 5, NULL, &areas[0], &err));
    ck_ok(hn_explain_curve(p, image, falling, &o, points[1], 5, NULL, &areas[1], &err));
    /* Pillow's resize to half mixes neighbours, so the cells' own numbers are read from the network's first and last words instead */
    ck_assert(points[0][4].y == points[1][4].y && fabs(points[0][4].y - 0.5) < 1e-6 && points[0][0].y == points[1][0].y);
    ck_assert(points[0][1].threshold == 12.0 && points[0][4].threshold == 0.0 && points[1][1].threshold == -3.0);
    for (int k = 1; k < 4; k++) ck_assert(points[0][k].y < points[1][k].y && points[0][k].y <= points[0][k - 1].y);
    ck_assert(areas[0] < areas[1]);
    o.kind = HN_INSERTION;
    double inserted[2];
    ck_ok(hn_explain_curve(p, image, map, &o, NULL, 0, NULL, &inserted[0], &err));
    ck_ok(hn_explain_curve(p, image, falling, &o, NULL, 0, NULL, &inserted[1], &err));
    ck_assert(inserted[0] > inserted[1]);
    free(flat);
    hn_image_free(image);
    hn_model_free(fresh);
    hn_model_free(m);
    hn_predictor_free(p);
    hn_context_free(ctx);
}
END_TEST

/* Layers drawn anew from the head on; a map of what the network has learnt is gone with it. */
START_TEST(random_weights) {
    hn_context *ctx = new_context();
    hn_model *m = residual(ctx), *head = NULL, *all = NULL, *again = NULL, *other = NULL;
    ck_ok(hn_model_randomize(m, 1, 3, &head, &err));
    ck_ok(hn_model_randomize(m, 0, 3, &all, &err));
    ck_ok(hn_model_randomize(m, 0, 3, &again, &err));
    ck_ok(hn_model_randomize(m, 99, 4, &other, &err));
    ck_assert_mem_eq(all->weights, again->weights, (size_t)m->graph->total * sizeof(float));
    for (size_t i = 0; i < m->graph->n_params; i++) {
        const hni_param *p = &m->graph->params[i];
        const size_t bytes = (size_t)p->elements * sizeof(float);
        const bool of_head = !strncmp(p->name, "head.", 5);
        ck_assert((memcmp(m->weights + p->offset, head->weights + p->offset, bytes) != 0) == of_head);
        ck_assert(memcmp(m->weights + p->offset, all->weights + p->offset, bytes) != 0);
        if (p->rank > 1) ck_assert(memcmp(other->weights + p->offset, all->weights + p->offset, bytes) != 0);
    }
    ck_assert_str_eq(all->provenance, "{}");
    hn_model_free(again);
    ck_assert_int_eq(hn_model_randomize(m, -1, 3, &again, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(again);
    hn_image *image = new_image(ctx, 0);
    float maps[2][FLOATS];
    const hn_explain_options o = {.struct_size = sizeof o, .method = HN_EXPLAIN_GRAD_CAM, .class_index = 1, .flags = HN_EXPLAIN_RAW};
    hn_predictor *p = new_predictor(m, "cpu", 1), *q = new_predictor(other, "cpu", 1);
    double rho = 1;
    ck_ok(hn_explain(p, image, &o, maps[0], FLOATS, NULL, NULL, &err));
    ck_ok(hn_explain(q, image, &o, maps[1], FLOATS, NULL, NULL, &err));
    ck_ok(hn_rank_correlation(ctx, maps[0], maps[1], FLOATS, &rho, &err));
    ck_assert_msg(fabs(rho) < 0.95, "the maps of two unrelated networks correlate by %g", rho);
    hn_image_free(image);
    hn_predictor_free(p);
    hn_predictor_free(q);
    hn_model_free(m);
    hn_model_free(head);
    hn_model_free(all);
    hn_model_free(other);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("truth");
    TCase *t = tcase_create("truth");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_map_beside_a_mask);
    tcase_add_test(t, ranks);
    tcase_add_test(t, curves_begin_and_end_where_they_must);
    tcase_add_test(t, curves_follow_the_order);
    tcase_add_test(t, random_weights);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
