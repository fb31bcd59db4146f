/* test_scratch.c - memory kept from job to job: aligned, given back by rewinding, one block after the first job, every allocation failing. */
#include "../test.h"
#include "base/scratch.h"
#include "failing.h"

static const size_t SIZES[] = {1, 64, 1000, 0, 5000};
enum { PIECES = sizeof SIZES / sizeof *SIZES };

/* Takes all pieces and writes to every byte of them; false without memory. */
static bool take_all(hni_scratch *s) {
    for (int i = 0; i < PIECES; i++) {
        uint8_t *piece = i % 2 ? hni_scratch_zeroed(s, SIZES[i], 1) : hni_scratch_take(s, SIZES[i]);
        if (!piece)
            return false;
        ck_assert_uint_eq((uintptr_t)piece % HNI_ALIGN, 0);
        for (size_t k = 0; i % 2 && k < SIZES[i]; k++)
            ck_assert_uint_eq(piece[k], 0);
        memset(piece, 0xa5, SIZES[i]);
    }
    return true;
}

START_TEST(second_job_takes_nothing) {
    failing_allocator host = {0};
    hn_context *ctx = failing_context(&host);
    hni_scratch s = {.ctx = ctx};
    ck_assert(take_all(&s));
    hni_scratch_end(&s);
    ck_assert_uint_eq(ctx->live_blocks, 2); /* the context and one block */
    const int calls = host.calls;
    for (int i = 0; i < 10; i++) {
        ck_assert(take_all(&s));
        hni_scratch_end(&s);
    }
    ck_assert_int_eq(host.calls, calls);
    ck_assert_ptr_nonnull(hni_scratch_take(&s, 100000)); /* more than ever before */
    hni_scratch_end(&s);
    ck_assert_int_gt(host.calls, calls);
    ck_assert_uint_eq(ctx->live_blocks, 2);
    hni_scratch_free(&s);
    ck_assert_uint_eq(ctx->live_blocks, 1);
    hn_context_free(ctx);
    ck_assert(host.live == 0 && host.wrong_values == 0);
}
END_TEST

START_TEST(rewinding_gives_back) {
    failing_allocator host = {0};
    hn_context *ctx = failing_context(&host);
    hni_scratch s = {.ctx = ctx};
    uint8_t *first = hni_scratch_take(&s, 100);
    ck_assert_ptr_nonnull(first);
    memset(first, 7, 100);
    const size_t mark = s.used;
    for (int i = 0; i < 50; i++) { /* a loop needs one round's memory, not fifty rounds' */
        ck_assert(take_all(&s));
        hni_scratch_rewind(&s, mark);
        ck_assert_uint_eq(ctx->live_blocks, 2);
    }
    for (int k = 0; k < 100; k++)
        ck_assert_uint_eq(first[k], 7);
    hni_scratch_end(&s);
    ck_assert_uint_lt(s.size, 10000);
    uint8_t *a = hni_scratch_take(&s, 64), *b = hni_scratch_take(&s, 64);
    hni_scratch_rewind(&s, 64);
    ck_assert_ptr_eq(hni_scratch_take(&s, 1), b);
    ck_assert_ptr_ne(a, b);
    hni_scratch_free(&s);
    hn_context_free(ctx);
    ck_assert_int_eq(host.live, 0);
}
END_TEST

START_TEST(no_memory) {
    failing_allocator host = {0};
    hn_context *ctx = failing_context(&host);
    hni_scratch s = {.ctx = ctx};
    ck_assert_ptr_null(hni_scratch_take(&s, SIZE_MAX));
    ck_assert_ptr_null(hni_scratch_take(&s, SIZE_MAX - HNI_ALIGN));
    ck_assert_ptr_null(hni_scratch_zeroed(&s, SIZE_MAX / 2, 3));
    for (int n = 1; n <= PIECES + 1; n++) { /* the last one is the block for the next job: its want is no failure */
        host.fail_at = host.calls + n;
        ck_assert(take_all(&s) == (n > PIECES));
        hni_scratch_end(&s);
        host.fail_at = 0;
        hni_scratch_free(&s);
        ck_assert_uint_eq(ctx->live_blocks, 1);
    }
    hn_context_free(ctx);
    ck_assert_int_eq(host.live, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scratch");
    TCase *tests = tcase_create("scratch");
    tcase_add_test(tests, second_job_takes_nothing);
    tcase_add_test(tests, rewinding_gives_back);
    tcase_add_test(tests, no_memory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
