/* test_context.c - include/haemnet/context.h as a host sees it: NULLs, struct sizes, memory figures, order of frees, cancel from a signal
 * handler. Links the shared library only. */
#include <signal.h>

#include "../test.h"
#include "haemnet/context.h"

static hn_error err;

START_TEST(create_and_free) {
    hn_context *ctx = NULL;
    ck_ok(hn_context_create(NULL, &ctx, &err));
    ck_assert_ptr_nonnull(ctx);
    hn_context_free(ctx);
    hn_context_free(NULL);
    ck_assert_int_eq(hn_context_create(NULL, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(err.status, HN_E_ARGUMENT);
    ck_assert_int_eq(hn_context_create(NULL, NULL, NULL), HN_E_ARGUMENT);
    hn_context_options options = {.struct_size = 3};
    ctx = (hn_context *)(void *)&err;
    ck_assert_int_eq(hn_context_create(&options, &ctx, &err), HN_E_ABI);
    ck_assert_ptr_null(ctx);
}
END_TEST

START_TEST(several_contexts_stand_apart) {
    hn_context *a, *b;
    hn_cancel *kept;
    hn_memory_info before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
    ck_ok(hn_context_create(NULL, &a, &err));
    ck_ok(hn_context_create(NULL, &b, &err));
    ck_ok(hn_context_memory(b, &before, &err));
    ck_ok(hn_cancel_create(a, &kept, &err));
    hn_context_free(a);
    ck_ok(hn_context_memory(b, &after, &err));
    ck_assert(before.live_bytes == after.live_bytes && before.live_blocks == after.live_blocks);
    hn_context_free(b);
    hn_cancel_free(kept); /* the last to hold on to a */
}
END_TEST

START_TEST(memory_figures) {
    hn_context *ctx;
    hn_cancel *cancel;
    hn_memory_info before = {.struct_size = sizeof before}, during = before, after = before, wrong = {.struct_size = 12, .live_bytes = 7};
    ck_ok(hn_context_create(NULL, &ctx, &err));
    ck_ok(hn_context_memory(ctx, &before, &err));
    ck_ok(hn_cancel_create(ctx, &cancel, &err));
    ck_ok(hn_context_memory(ctx, &during, &err));
    hn_cancel_free(cancel);
    ck_ok(hn_context_memory(ctx, &after, &err));
    ck_assert(during.live_bytes > before.live_bytes && during.live_blocks == before.live_blocks + 1);
    ck_assert(during.allocations == before.allocations + 1 && during.peak_bytes >= during.live_bytes);
    ck_assert(after.live_bytes == before.live_bytes && after.live_blocks == before.live_blocks);
    ck_assert_int_eq(hn_context_memory(ctx, &wrong, &err), HN_E_ABI);
    ck_assert_uint_eq(wrong.live_bytes, 7);
    ck_assert_int_eq(hn_context_memory(ctx, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_context_memory(NULL, &after, &err), HN_E_ARGUMENT);
    hn_context_free(ctx);
}
END_TEST

static hn_cancel *in_handler;

static void trigger(int signal_number) {
    (void)signal_number;
    hn_cancel_trigger(in_handler);
}

START_TEST(cancel_from_a_signal_handler) {
    hn_context *ctx;
    ck_ok(hn_context_create(NULL, &ctx, &err));
    ck_ok(hn_cancel_create(ctx, &in_handler, &err));
    ck_assert_int_eq(hn_cancel_triggered(in_handler), 0);
    signal(SIGUSR1, trigger);
    raise(SIGUSR1);
    ck_assert_int_eq(hn_cancel_triggered(in_handler), 1);
    hn_cancel_reset(in_handler);
    ck_assert_int_eq(hn_cancel_triggered(in_handler), 0);
    hn_cancel_free(in_handler);
    hn_context_free(ctx);
}
END_TEST

START_TEST(cancel_takes_null) {
    hn_context *ctx;
    hn_cancel *cancel = (hn_cancel *)(void *)&err;
    hn_cancel_trigger(NULL);
    hn_cancel_reset(NULL);
    hn_cancel_free(NULL);
    ck_assert_int_eq(hn_cancel_triggered(NULL), 0);
    ck_assert_int_eq(hn_cancel_create(NULL, &cancel, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(cancel);
    ck_ok(hn_context_create(NULL, &ctx, &err));
    ck_assert_int_eq(hn_cancel_create(ctx, NULL, &err), HN_E_ARGUMENT);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("api context");
    TCase *cases = tcase_create("context");
    tcase_add_test(cases, create_and_free);
    tcase_add_test(cases, several_contexts_stand_apart);
    tcase_add_test(cases, memory_figures);
    tcase_add_test(cases, cancel_from_a_signal_handler);
    tcase_add_test(cases, cancel_takes_null);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
