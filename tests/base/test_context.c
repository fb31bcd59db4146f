/* test_context.c - memory through the host's allocator, options of a context, references, cancel tokens, every allocation failing. */
#include "../test.h"
#include "base/context.h"
#include "base/memory.h"
#include "failing.h"

static hn_error err;

START_TEST(memory_is_counted) {
    failing_allocator host = {0};
    hn_context *ctx = failing_context(&host);
    const uint64_t before = ctx->live_bytes;
    ck_assert_int_eq(host.bytes, (int64_t)before);
    void *a = hni_alloc(ctx, 100), *b = hni_alloc(ctx, 0), *c = hni_alloc_aligned(ctx, 1000), *d = hni_calloc(ctx, 10, 8);
    ck_assert(a && b && c && d);
    ck_assert_uint_eq((uintptr_t)a % 16 + (uintptr_t)b % 16 + (uintptr_t)d % 16 + (uintptr_t)c % HNI_ALIGN, 0);
    for (int i = 0; i < 80; i++)
        ck_assert_int_eq(((char *)d)[i], 0);
    ck_assert_int_eq(host.bytes, (int64_t)ctx->live_bytes);
    ck_assert_uint_eq(ctx->live_blocks, 5);
    ck_assert_uint_ge(ctx->live_bytes, before + 1181);
    const uint64_t peak = ctx->peak_bytes;
    ck_assert_uint_eq(peak, ctx->live_bytes);
    hni_free(ctx, a);
    hni_free(ctx, b);
    hni_free_aligned(ctx, c);
    hni_free(ctx, d);
    hni_free(ctx, NULL);
    hni_free_aligned(ctx, NULL);
    ck_assert(ctx->live_bytes == before && ctx->live_blocks == 1 && ctx->peak_bytes == peak && ctx->allocations == 5);
    hni_context_unref(ctx);
    ck_assert(host.live == 0 && host.bytes == 0 && host.wrong_values == 0);
}
END_TEST

START_TEST(absurd_sizes_are_refused) {
    failing_allocator host = {0};
    hn_context *ctx = failing_context(&host);
    const int calls = host.calls;
    ck_assert_ptr_null(hni_alloc(ctx, SIZE_MAX));
    ck_assert_ptr_null(hni_alloc(ctx, SIZE_MAX - 15));
    ck_assert_ptr_null(hni_alloc_aligned(ctx, SIZE_MAX - 63));
    ck_assert_ptr_null(hni_alloc(ctx, (size_t)PTRDIFF_MAX));
    ck_assert_ptr_null(hni_calloc(ctx, SIZE_MAX / 2, 3));
    ck_assert_int_eq(host.calls, calls); /* the host is not even asked */
    size_t x;
    ck_assert(!hni_mul(SIZE_MAX, 2, &x) && !hni_add(SIZE_MAX, 1, &x) && hni_mul(3, 4, &x) && x == 12);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(realloc_and_grow_keep_content) {
    failing_allocator host = {0};
    hn_context *ctx = failing_context(&host);
    char *text = hni_strdup(ctx, "haemnet");
    text = hni_realloc(ctx, text, 1000);
    ck_assert_str_eq(text, "haemnet");
    text = hni_realloc(ctx, text, 3);
    ck_assert_mem_eq(text, "hae", 3);
    host.fail_at = host.calls + 1;
    ck_assert_ptr_null(hni_realloc(ctx, text, 100));
    ck_assert_mem_eq(text, "hae", 3); /* the old block stays */
    hni_free(ctx, text);
    ck_assert_ptr_null(hni_strdup(ctx, NULL));
    ck_assert_ptr_null(hni_strndup(ctx, NULL, 4));
    text = hni_strndup(ctx, "haemnet", 3);
    ck_assert_str_eq(text, "hae");
    hni_free(ctx, text);

    int64_t *items = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(hni_grow(ctx, &items, &capacity, i + 1, sizeof *items), 0);
        items[i] = (int64_t)i;
    }
    ck_assert_uint_le(capacity, 2048);
    const size_t kept = capacity;
    ck_assert_int_eq(hni_grow(ctx, &items, &capacity, SIZE_MAX / 2, sizeof *items), -1);
    host.fail_at = host.calls + 1;
    ck_assert_int_eq(hni_grow(ctx, &items, &capacity, 100000, sizeof *items), -1);
    ck_assert(capacity == kept && items[999] == 999);
    hni_free(ctx, items);
    hni_context_unref(ctx);
    ck_assert(host.live == 0 && host.wrong_values == 0);
}
END_TEST

static void *crooked_alloc(void *user, size_t size, size_t alignment) {
    char *base = failing_alloc(user, size + 8, alignment);
    return base && alignment == HNI_ALIGN && size > 4096 ? base + 8 : base; /* large aligned blocks come 8 bytes off */
}

static void crooked_free(void *user, void *ptr, size_t size, size_t alignment) {
    char *base = (uintptr_t)ptr % alignment ? (char *)ptr - 8 : ptr;
    failing_free(user, base, size + 8, alignment);
}

START_TEST(a_crooked_host_is_refused) {
    failing_allocator host = {0};
    const hn_allocator table = {sizeof table, 0, &host, crooked_alloc, crooked_free};
    const hn_context_options options = {.struct_size = sizeof options, .threads = 1, .allocator = &table};
    hn_context *ctx;
    ck_ok(hni_context_create(&options, &ctx, &err));
    ck_assert_ptr_null(hni_alloc_aligned(ctx, 5000));
    hni_context_unref(ctx);
    ck_assert(host.live == 0 && host.wrong_values == 0);
}
END_TEST

static void nothing(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    (void)user;
    for (uint32_t i = 0; i < count; i++)
        task(arg, i);
}

static void expect(hn_status want, const hn_context_options *options, const char *word) {
    hn_context *ctx = (hn_context *)(void *)&err;
    const hn_status status = hni_context_create(options, &ctx, &err);
    ck_assert_msg(status == want, "gave %s, wanted %s (%s)", hn_status_name(status), hn_status_name(want), word);
    ck_assert((status == HN_OK) == (ctx != NULL));
    if (status)
        ck_assert_msg(strstr(err.message, word) != NULL, "%s is not in: %s", word, err.message);
    hni_context_unref(ctx);
}

START_TEST(options_are_checked) {
    const hn_context_options good = {.struct_size = sizeof good, .threads = 1};
    hn_context_options o = good;
    expect(HN_OK, &o, "");
    o.struct_size = 0, expect(HN_E_ABI, &o, "hn_context_options"), o = good;
    o.struct_size = 8, expect(HN_E_ABI, &o, "hn_context_options"), o = good;
    o.threads = -1, expect(HN_E_ARGUMENT, &o, "threads"), o = good;
    o.threads = 1025, expect(HN_E_LIMIT, &o, "1024"), o = good;
    o.parallel_width = -1, expect(HN_E_ARGUMENT, &o, "parallel_width"), o = good;
    o.log_level = 5, expect(HN_E_ARGUMENT, &o, "log_level"), o = good;
    o.log_level = -1, expect(HN_E_ARGUMENT, &o, "log_level"), o = good;
    o.plugin_dir = "plugins", expect(HN_E_ARGUMENT, &o, "absolute"), o = good;
    o.plugin_dir = "", expect(HN_OK, &o, ""), o = good;
    o.plugin_dir = "/usr/lib/x", expect(HN_OK, &o, ""), o = good;
    failing_allocator host = {0};
    const hn_allocator table = failing_table(&host);
    hn_allocator a = table;
    o.allocator = &a;
    a.struct_size = 0, expect(HN_E_ABI, &o, "hn_allocator"), a = table;
    a.flags = 1, expect(HN_E_ARGUMENT, &o, "flags"), a = table;
    a.alloc = NULL, expect(HN_E_ARGUMENT, &o, "alloc"), a = table;
    a.free = NULL, expect(HN_E_ARGUMENT, &o, "free"), a = table;
    ck_assert_int_eq(host.calls, 0);
    struct {
        hn_context_options known;
        uint64_t newer;
    } larger = {.known = {.struct_size = sizeof larger, .threads = 1}};
    expect(HN_OK, &larger.known, "");
    larger.newer = 1, expect(HN_E_ABI, &larger.known, "72");
}
END_TEST

START_TEST(defaults_and_widths) {
    hn_context *ctx;
    ck_ok(hni_context_create(NULL, &ctx, &err));
    ck_assert_int_eq(ctx->threads, hni_core_count() < 1024 ? hni_core_count() : 1024);
    ck_assert(ctx->log_level == HN_LOG_WARNING && !ctx->plugin_dir);
    ck_assert((ctx->pool != NULL) == (ctx->threads > 1));
    hni_context_unref(ctx);
    hn_context_options o = {.struct_size = sizeof o, .threads = 3, .parallel_for = nothing, .parallel_width = 7, .plugin_dir = "/x"};
    ck_ok(hni_context_create(&o, &ctx, &err));
    ck_assert(ctx->threads == 7 && !ctx->pool);
    ck_assert(strcmp(ctx->plugin_dir, "/x") == 0 && ctx->plugin_dir != o.plugin_dir);
    hni_context_unref(ctx);
    hni_context_unref(NULL);
    ck_assert_ptr_null(hni_context_ref(NULL));
}
END_TEST

START_TEST(creation_survives_every_failed_allocation) {
    for (int nth = 1;; nth++) {
        failing_allocator host = {.fail_at = nth};
        const hn_allocator table = failing_table(&host);
        const hn_context_options o = {.struct_size = sizeof o, .threads = 3, .allocator = &table, .plugin_dir = "/plugins"};
        hn_context *ctx;
        const hn_status status = hni_context_create(&o, &ctx, &err);
        ck_assert(status == (ctx ? HN_OK : HN_E_MEMORY));
        hni_context_unref(ctx);
        ck_assert(host.live == 0 && host.wrong_values == 0);
        if (status == HN_OK)
            break;
        ck_assert_int_lt(nth, 20);
    }
}
END_TEST

static int registries_freed;

static void free_registry(hn_context *ctx, void *registry) {
    registries_freed++;
    ck_assert(ctx->threads < 2 || ctx->pool); /* threads are still there */
    hni_free(ctx, registry);
}

START_TEST(lives_until_the_last_reference) {
    failing_allocator host = {0};
    hn_context *ctx = failing_context(&host);
    ctx->registry = hni_alloc(ctx, 10);
    ctx->registry_free = free_registry;
    ck_assert_ptr_eq(hni_context_ref(ctx), ctx);
    hni_context_unref(ctx);
    ck_assert(registries_freed == 0 && host.live == 2);
    hni_context_unref(ctx);
    ck_assert(registries_freed == 1 && host.live == 0);
}
END_TEST

START_TEST(cancel_tokens) {
    failing_allocator host = {0};
    hn_context *ctx = failing_context(&host);
    hn_cancel *cancel = hni_calloc(ctx, 1, sizeof *cancel);
    cancel->refs = 1;
    cancel->ctx = hni_context_ref(ctx);
    hni_context_unref(ctx); /* the token keeps it */
    ck_assert_int_eq(hni_cancel_check(NULL, &err), HN_OK);
    ck_assert_int_eq(hni_cancel_check(cancel, &err), HN_OK);
    cancel->triggered = 1;
    ck_assert_int_eq(hni_cancel_check(cancel, &err), HN_E_CANCELLED);
    ck_assert_ptr_eq(hni_cancel_ref(cancel), cancel);
    ck_assert_ptr_null(hni_cancel_ref(NULL));
    hni_cancel_unref(NULL);
    hni_cancel_unref(cancel);
    ck_assert_int_eq(host.live, 2);
    hni_cancel_unref(cancel);
    ck_assert_int_eq(host.live, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("context");
    TCase *cases = tcase_create("context");
    tcase_add_test(cases, memory_is_counted);
    tcase_add_test(cases, absurd_sizes_are_refused);
    tcase_add_test(cases, realloc_and_grow_keep_content);
    tcase_add_test(cases, a_crooked_host_is_refused);
    tcase_add_test(cases, options_are_checked);
    tcase_add_test(cases, defaults_and_widths);
    tcase_add_test(cases, creation_survives_every_failed_allocation);
    tcase_add_test(cases, lives_until_the_last_reference);
    tcase_add_test(cases, cancel_tokens);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
