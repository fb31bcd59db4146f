/* test_schedule.c - the learning rate where the golden runs do not come: before, at and after the ends, warm-ups that end within an epoch, fewer
 * steps than were meant, and what is refused. */
#include <math.h>

#include "train/schedule.h"
#include "../test.h"

static hn_error err;

static hni_schedule made(hn_train_options o, int64_t steps) {
    hni_schedule s;
    o.learning_rate = 0.5;
    ck_ok(hni_schedule_make(&o, steps, &s, &err));
    return s;
}

static void ck_rate(const hni_schedule *s, int64_t step, int64_t epoch, double expected) {
    const double rate = hni_schedule_rate(s, step, epoch, NULL);
    ck_assert_msg(fabs(rate - expected) <= 1e-14, "step %lld of epoch %lld: %.17g, not %.17g", (long long)step, (long long)epoch, rate, expected);
}

START_TEST(ends_hold) {
    const hni_schedule cosine = made((hn_train_options){.schedule = HN_SCHEDULE_COSINE, .schedule_epochs = 4, .schedule_low = 0.1}, 10);
    ck_rate(&cosine, 0, 0, 0.5);
    ck_rate(&cosine, 9, 0, 0.5); /* an epoch has one rate */
    ck_rate(&cosine, 20, 2, 0.3);
    ck_rate(&cosine, 40, 4, 0.1);
    ck_rate(&cosine, 90, 9, 0.1);
    const hni_schedule cycle = made((hn_train_options){.schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 2, .cycle_rise = 0.5}, 10);
    ck_rate(&cycle, 0, 0, 0.02);
    ck_rate(&cycle, 9, 0, 0.5);
    ck_rate(&cycle, 19, 1, 0.02 / 1e4);
    ck_rate(&cycle, 20, 2, 0.02 / 1e4);
    ck_rate(&cycle, 2000, 200, 0.02 / 1e4);
    const hni_schedule step = made((hn_train_options){.schedule = HN_SCHEDULE_STEP, .schedule_epochs = 2}, 10);
    ck_rate(&step, 19, 1, 0.5);
    ck_rate(&step, 20, 2, 0.05);
    ck_rate(&step, 69, 6, 0.5 * 1e-3);
    const hni_schedule again = made((hn_train_options){.schedule = HN_SCHEDULE_RESTARTS, .schedule_epochs = 2, .schedule_multiplier = 3}, 10);
    ck_rate(&again, 10, 1, 0.25);
    ck_rate(&again, 20, 2, 0.5);
    ck_rate(&again, 50, 5, 0.25);
    ck_rate(&again, 80, 8, 0.5); /* 2 + 6 epochs; the third cycle has 18 */
    ck_rate(&again, 170, 17, 0.25);
}
END_TEST

START_TEST(short_cycles) {
    const hni_schedule one = made((hn_train_options){.schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 1}, 1);
    ck_assert(isfinite(hni_schedule_rate(&one, 0, 0, NULL)) && hni_schedule_rate(&one, 0, 0, NULL) > 0);
    const hni_schedule rise = made((hn_train_options){.schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 1, .cycle_rise = 1}, 5);
    ck_rate(&rise, 0, 0, 0.02);
    ck_rate(&rise, 4, 0, 0.5);
    for (int64_t n = 1; n < 40; n++) {
        const hni_schedule s = made((hn_train_options){.schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 1}, n);
        for (int64_t t = 0; t < n + 3; t++) {
            const double rate = hni_schedule_rate(&s, t, 0, NULL);
            ck_assert_msg(rate > 0 && rate <= 0.5 + 1e-12, "step %lld of %lld: %g", (long long)t, (long long)n, rate);
        }
    }
}
END_TEST

/* 15 steps are one epoch and a half: the schedule's epoch 0 is the one in which the warm-up ends. */
START_TEST(warm_ups) {
    const hni_schedule s = made((hn_train_options){.schedule = HN_SCHEDULE_STEP, .schedule_epochs = 1, .schedule_factor = 0.5, .warm_up_epochs = 1,
                                                   .warm_up_steps = 5, .warm_up_start = 0.1}, 10);
    ck_assert_int_eq(s.warm_steps, 15);
    ck_rate(&s, 0, 0, 0.05);
    ck_rate(&s, 5, 0, 0.5 * (0.1 + 0.9 / 3));
    ck_rate(&s, 14, 1, 0.5 * (0.1 + 0.9 * 14 / 15));
    ck_rate(&s, 15, 1, 0.5);
    ck_rate(&s, 19, 1, 0.5);
    ck_rate(&s, 20, 2, 0.25);
    ck_rate(&s, 12, 3, 0.5 * (0.1 + 0.9 * 12 / 15)); /* bad files: later epochs have come by fewer steps */
    const hni_schedule cycle = made((hn_train_options){.schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 2, .cycle_rise = 0.5, .warm_up_steps = 4}, 10);
    ck_rate(&cycle, 4 + 9, 1, 0.5);
    ck_rate(&cycle, 4 + 19, 2, 0.02 / 1e4);
}
END_TEST

START_TEST(plateaus) {
    const double loss[] = {9, 1, 2, 2, 2, 2, 0.99999, 0.5, 3, 3, 3};
    const hni_schedule s = made((hn_train_options){.schedule = HN_SCHEDULE_PLATEAU, .schedule_patience = 2, .schedule_low = 0.002}, 1);
    const double rates[] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.005};
    for (int64_t e = 0; e < 12; e++) {
        const double rate = hni_schedule_rate(&s, e, e, loss);
        ck_assert_msg(fabs(rate - rates[e]) < 1e-14, "epoch %lld at %g, not %g", (long long)e, rate, rates[e]);
    }
    /* losses of the warm-up are not looked at */
    const hni_schedule w = made((hn_train_options){.schedule = HN_SCHEDULE_PLATEAU, .schedule_patience = 2, .warm_up_epochs = 2}, 1);
    ck_assert_double_eq_tol(hni_schedule_rate(&w, 5, 5, loss), 0.5, 1e-14);
    ck_assert_double_eq_tol(hni_schedule_rate(&w, 6, 6, loss), 0.05, 1e-14);
}
END_TEST

START_TEST(what_is_refused) {
    const hn_train_options bad[] = {{.schedule = 7},
                                    {.schedule = -1},
                                    {.schedule = HN_SCHEDULE_COSINE},
                                    {.schedule = HN_SCHEDULE_STEP, .schedule_epochs = -3},
                                    {.schedule = HN_SCHEDULE_STEP, .schedule_epochs = 2, .schedule_factor = 1.5},
                                    {.schedule = HN_SCHEDULE_COSINE, .schedule_epochs = 2, .schedule_low = 0.6},
                                    {.schedule = HN_SCHEDULE_COSINE, .schedule_epochs = 2, .schedule_low = NAN},
                                    {.schedule = HN_SCHEDULE_RESTARTS, .schedule_epochs = 2, .schedule_multiplier = -1},
                                    {.schedule = HN_SCHEDULE_PLATEAU, .schedule_patience = -1},
                                    {.schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 2, .cycle_rise = 2},
                                    {.schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 2, .cycle_start = 0.5},
                                    {.schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 2, .cycle_end = -1},
                                    {.warm_up_epochs = -1},
                                    {.warm_up_steps = -1},
                                    {.warm_up_start = 2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hni_schedule s = {.kind = 42};
        hn_train_options o = bad[i];
        o.learning_rate = 0.5;
        ck_assert_msg(hni_schedule_make(&o, 10, &s, &err) == HN_E_ARGUMENT, "options %zu were taken", i);
        ck_assert_int_eq(s.kind, 42);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("schedules");
    TCase *tc = tcase_create("schedules");
    tcase_add_test(tc, ends_hold);
    tcase_add_test(tc, short_cycles);
    tcase_add_test(tc, warm_ups);
    tcase_add_test(tc, plateaus);
    tcase_add_test(tc, what_is_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
