/* test_stopping.c - the stopping rules on histories worked out by hand from Prechelt's definitions. */
#include "../test.h"
#include "train/stopping.h"

static int64_t stops_at(hn_train_options o, const double *test, const double *train, int64_t n) {
    hni_stopping s = hni_stopping_defaults(&o);
    for (int64_t i = 1; i <= n; i++)
        if (hni_should_stop(&s, test, train, i)) return i;
    return 0;
}

START_TEST(patience)
{
    const double loss[] = {1.0, 0.8, 0.9, 0.8, 0.85, 0.7, 0.9, 0.9, 0.9};
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_PATIENCE, .stop_patience = 3}, loss, loss, 9),
                     5); /* an equal loss is no better */
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_PATIENCE, .stop_patience = 4}, loss, loss, 9), 0);
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_NEVER}, loss, loss, 9), 0);
    ck_assert_int_eq(stops_at((hn_train_options){0}, loss, loss, 9), 0);
}
END_TEST

START_TEST(generalisation_loss)
{
    const double loss[] = {1.0, 0.50, 0.52, 0.526, 0.4, 0.43};
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_GL}, loss, loss, 6), 4); /* 100 (0.526 / 0.5 - 1) = 5.2 > 5 */
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_GL, .stop_alpha = 7}, loss, loss, 6), 6); /* 7.5 */
}
END_TEST

/* GL at the end of the second strip of 2: 100 (1.1 / 1 - 1) = 10. P_2: 1000 ((0.5 + 0.4) / (2 · 0.4) - 1) = 125. PQ = 0.08. */
START_TEST(progress_quotient)
{
    const double test[] = {1.2, 1.0, 1.05, 1.1}, train[] = {0.9, 0.7, 0.5, 0.4};
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_PQ, .stop_strip = 2, .stop_alpha = 0.079}, test, train, 4), 4);
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_PQ, .stop_strip = 2, .stop_alpha = 0.081}, test, train, 4), 0);
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_PQ, .stop_strip = 3, .stop_alpha = 0.001}, test, train, 4),
                     3); /* ends of strips only */
}
END_TEST

START_TEST(successive_rises)
{
    const double loss[] = {9, 1.0, 9, 1.1, 9, 1.2, 9, 1.3};
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_UP, .stop_strip = 2, .stop_patience = 1}, loss, loss, 8), 4);
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_UP, .stop_strip = 2, .stop_patience = 2}, loss, loss, 8), 6);
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_UP, .stop_strip = 2, .stop_patience = 3}, loss, loss, 8), 8);
    ck_assert_int_eq(stops_at((hn_train_options){.stop = HN_STOP_UP, .stop_strip = 2, .stop_patience = 4}, loss, loss, 8), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("stopping");
    TCase *tc = tcase_create("stopping");
    tcase_add_test(tc, patience);
    tcase_add_test(tc, generalisation_loss);
    tcase_add_test(tc, progress_quotient);
    tcase_add_test(tc, successive_rises);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
