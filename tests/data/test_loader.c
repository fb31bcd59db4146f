/* test_loader.c - batches: their order, bad files, cancelling, the cache, and that a pass over cached images takes no memory. */
#include "base/threads.h"
#include "data/loader.h"
#include "help.h"

enum { ROWS = 23 };
static hn_dataset *ds;
static hni_loader *loader;
static const hni_preproc four = {.width = 4, .height = 4, .channels = 1};

/* ROWS grey files; pixel value = row. Those whose bit is set in `bad` are damaged. */
static void make_files(uint32_t bad, int strict, uint64_t cache_bytes) {
    hn_dataset_options options = {.struct_size = sizeof options, .strict = strict, .cache_bytes = cache_bytes};
    ck_ok(hn_dataset_create(ctx, &options, &ds, &err));
    for (int i = 0; i < ROWS; i++) {
        if (bad >> i & 1) write_text(at("%02d.pgm", i), "no image, whatever its name says");
        else write_pgm(at("%02d.pgm", i), i);
        ck_ok(hn_dataset_add_file(ds, at("%02d.pgm", i), i % 2 ? "a" : "b", NULL, &err));
    }
}

static void make_loader(int32_t batch, int32_t prefetch) { ck_ok(hni_loader_create(ds, &four, batch, prefetch, &loader, &err)); }

static void drop(void) {
    hni_loader_free(loader);
    hn_dataset_free(ds);
}

/* One pass: rows in the order they came; checks pixels and that all batches but the last are full. */
static int64_t pass(uint64_t seed, int64_t epoch, int32_t size, int64_t *order) {
    int64_t n = 0;
    int32_t last = size;
    ck_ok(hni_loader_start(loader, seed, epoch, &err));
    for (;;) {
        hni_batch batch;
        ck_ok(hni_loader_next(loader, NULL, &batch, &err));
        if (batch.count == 0) break;
        ck_assert_int_eq(last, size);
        last = batch.count;
        for (int32_t i = 0; i < batch.count; i++) {
            order[n++] = batch.rows[i];
            for (int k = 0; k < 16; k++) ck_assert_uint_eq(batch.pixels[i * 16 + k], batch.rows[i]);
        }
    }
    return n;
}

START_TEST(orders) {
    int64_t a[ROWS], b[ROWS];
    make_files(0, 0, 0);
    make_loader(5, 2);
    ck_assert_int_eq(pass(1, -1, 5, a), ROWS);
    for (int i = 0; i < ROWS; i++) ck_assert_int_eq(a[i], i);
    ck_assert_int_eq(pass(1, 0, 5, a), ROWS);
    ck_assert_int_eq(pass(1, 0, 5, b), ROWS);
    ck_assert_mem_eq(a, b, sizeof a);
    int seen[ROWS] = {0};
    for (int i = 0; i < ROWS; i++) seen[a[i]]++;
    for (int i = 0; i < ROWS; i++) ck_assert_int_eq(seen[i], 1);
    pass(1, 1, 5, b);
    ck_assert_mem_ne(a, b, sizeof a);
    pass(2, 0, 5, b);
    ck_assert_mem_ne(a, b, sizeof a);
    hni_loader_free(loader);
    make_loader(7, 1); /* neither batch size nor prefetch changes the order */
    pass(1, 0, 7, b);
    ck_assert_mem_eq(a, b, sizeof a);
    drop();
}
END_TEST

START_TEST(sizes) {
    int64_t order[ROWS];
    static const int32_t batches[] = {1, 22, 23, 24, 1000000};
    make_files(0, 0, 0);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        make_loader(batches[i], 3);
        ck_assert_int_eq(pass(0, 3, batches[i], order), ROWS);
        hni_batch batch;
        ck_ok(hni_loader_next(loader, NULL, &batch, &err)); /* the end stays the end */
        ck_assert_int_eq(batch.count, 0);
        hni_loader_free(loader);
    }
    ck_fails(hni_loader_create(ds, &four, 0, 0, &loader, &err), HN_E_ARGUMENT);
    ck_fails(hni_loader_create(ds, &four, 1, -1, &loader, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(loader);
    hni_preproc wrong = four;
    wrong.channels = 17;
    ck_fails(hni_loader_create(ds, &wrong, 1, 0, &loader, &err), HN_E_ARGUMENT);
    hn_dataset_free(ds);
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    ck_fails(hni_loader_create(ds, &four, 1, 0, &loader, &err), HN_E_DATA);
    hn_dataset_free(ds);
}
END_TEST

START_TEST(bad_files_are_skipped) {
    int64_t order[ROWS], again[ROWS];
    make_files(1u << 0 | 1u << 7 | 1u << 8 | 1u << 22, 0, 0);
    unlink(at("03.pgm"));
    make_loader(4, 2);
    ck_assert_int_eq(pass(9, 0, 4, order), ROWS - 5);
    ck_assert_int_eq(hni_loader_skipped(loader), 5);
    ck_assert_int_eq(info_of(ds).n_skipped, 5);
    ck_assert_str_ne(row_of(ds, 7).problem, "");
    ck_assert_ptr_nonnull(strstr(row_of(ds, 3).problem, "No such file"));
    ck_assert_str_eq(row_of(ds, 6).problem, "");
    ck_assert_int_eq(pass(9, 0, 4, again), ROWS - 5);
    ck_assert_mem_eq(order, again, (ROWS - 5) * sizeof *order);
    ck_assert_int_eq(hni_loader_skipped(loader), 5);
    ck_assert_int_eq(info_of(ds).n_skipped, 5); /* counted once a row */
    drop();
}
END_TEST

START_TEST(all_files_bad) {
    int64_t order[ROWS];
    make_files(UINT32_MAX, 0, 0);
    make_loader(4, 0);
    ck_assert_int_eq(pass(0, 0, 4, order), 0);
    ck_assert_int_eq(hni_loader_skipped(loader), ROWS);
    drop();
}
END_TEST

START_TEST(strict_stops) {
    hni_batch batch = {.count = -7};
    make_files(1u << 5 | 1u << 6, 1, 0);
    make_loader(4, 1);
    ck_ok(hni_loader_next(loader, NULL, &batch, &err));
    ck_assert_int_eq(batch.count, 4);
    ck_fails(hni_loader_next(loader, NULL, &batch, &err), HN_E_FORMAT);
    ck_says("05.pgm");
    ck_assert_int_eq(batch.count, 4); /* untouched */
    ck_fails(hni_loader_next(loader, NULL, &batch, &err), HN_E_FORMAT);
    ck_says("05.pgm");
    write_pgm(at("05.pgm"), 5); /* mended: strict looks again */
    ck_fails(hni_loader_next(loader, NULL, &batch, &err), HN_E_FORMAT);
    ck_says("06.pgm");
    write_pgm(at("06.pgm"), 6);
    ck_ok(hni_loader_next(loader, NULL, &batch, &err));
    ck_assert_int_eq(batch.rows[1], 5);
    drop();
}
END_TEST

START_TEST(cancelling_loses_nothing) {
    hn_cancel cancel = {.ctx = ctx};
    hni_batch batch;
    make_files(1u << 2, 0, 0);
    make_loader(5, 1);
    ck_ok(hni_loader_next(loader, &cancel, &batch, &err));
    ck_assert_int_eq(batch.rows[4], 5);
    atomic_store(&cancel.triggered, 1);
    ck_fails(hni_loader_next(loader, &cancel, &batch, &err), HN_E_CANCELLED);
    atomic_store(&cancel.triggered, 0);
    for (int64_t want = 6; want < ROWS; want += batch.count) {
        ck_ok(hni_loader_next(loader, &cancel, &batch, &err));
        ck_assert_int_eq(batch.rows[0], want);
    }
    ck_assert_int_eq(info_of(ds).n_skipped, 1); /* the cancel is nobody's fault */
    drop();
}
END_TEST

START_TEST(cached_passes_take_no_memory) {
    int64_t order[ROWS];
    make_files(1u << 4, 0, 0);
    make_loader(5, 2);
    pass(0, 0, 5, order);
    for (int i = 0; i < ROWS; i++) unlink(at("%02d.pgm", i)); /* what is cached is not opened again */
    uint64_t before = atomic_load(&ctx->allocations);
    for (int64_t epoch = 1; epoch < 4; epoch++) ck_assert_int_eq(pass(0, epoch, 5, order), ROWS - 1);
    ck_assert_uint_eq(atomic_load(&ctx->allocations), before);
    drop();
}
END_TEST

START_TEST(folds_share_the_cache) {
    int64_t order[ROWS];
    make_files(0, 0, 0);
    make_loader(5, 2);
    pass(0, -1, 5, order);
    hni_loader_free(loader);
    for (int i = 0; i < ROWS; i++) unlink(at("%02d.pgm", i));
    for (int32_t fold = 0; fold < 3; fold++) {
        hn_split_options by = {.struct_size = sizeof by, .folds = 3, .fold = fold};
        hn_dataset *parts[2];
        ck_ok(hn_dataset_split(ds, &by, &parts[0], &parts[1], &err));
        for (int i = 0; i < 2; i++) {
            hni_batch batch;
            ck_ok(hni_loader_create(parts[i], &four, 1000, 0, &loader, &err));
            ck_ok(hni_loader_start(loader, 1, 1, &err));
            ck_ok(hni_loader_next(loader, NULL, &batch, &err));
            ck_assert_int_eq(batch.count, hni_dataset_rows(parts[i]));
            for (int k = 0; k < batch.count; k++)
                ck_assert_uint_eq(batch.pixels[k * 16], hni_dataset_store_row(parts[i], batch.rows[k]));
            hni_loader_free(loader);
        }
        hn_dataset_free(parts[0]);
        hn_dataset_free(parts[1]);
    }
    hn_dataset_free(ds);
}
END_TEST

START_TEST(cache_keeps_its_limit) {
    hni_cache *cache;
    hni_cache_table *a, *b;
    uint8_t in[100] = {1, 2, 3}, out[100] = {0};
    ck_ok(hni_cache_create(ctx, 1000, &cache, &err));
    a = hni_cache_open(cache, 1, 20, 100);
    ck_assert_ptr_nonnull(a);
    uint64_t before = atomic_load(&ctx->live_bytes);
    for (uint32_t i = 0; i < 20; i++) hni_cache_put(cache, a, i, in);
    int kept = 0;
    for (uint32_t i = 0; i < 20; i++) kept += hni_cache_get(cache, a, i, out);
    ck_assert_int_ge(kept, 4);
    ck_assert_int_le(kept, 8);
    ck_assert_mem_eq(in, out, 100);
    ck_assert_uint_le(atomic_load(&ctx->live_bytes) - before, 1000);
    ck_assert_ptr_null(hni_cache_open(cache, 2, 20, 100)); /* no room while a is open */
    hni_cache_close(cache, a);
    ck_assert_ptr_eq(hni_cache_open(cache, 1, 20, 100), a); /* closed is not dropped … */
    ck_assert(hni_cache_get(cache, a, 0, out));
    hni_cache_close(cache, a);
    b = hni_cache_open(cache, 2, 20, 100); /* … until another needs the room */
    ck_assert_ptr_nonnull(b);
    ck_assert(!hni_cache_get(cache, b, 0, out));
    hni_cache_close(cache, b);
    ck_assert_ptr_null(hni_cache_open(cache, 3, 20, 1000));
    ck_assert(!hni_cache_get(cache, NULL, 0, out));
    hni_cache_put(cache, NULL, 0, in);
    hni_cache_free(cache);
}
END_TEST

START_TEST(no_cache) {
    int64_t order[ROWS];
    make_files(0, 0, 1);
    make_loader(5, 2);
    pass(0, 0, 5, order);
    uint64_t blocks = atomic_load(&ctx->live_blocks);
    ck_assert_int_eq(pass(0, 1, 5, order), ROWS);
    ck_assert_uint_eq(atomic_load(&ctx->live_blocks), blocks);
    drop();
}
END_TEST

/* Threads of ours, none, and the host's backwards ones: the same batches, the same skipped rows. */
static void backwards(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    ++*(int *)user;
    for (uint32_t i = count; i-- > 0;) task(arg, i);
}

START_TEST(same_for_any_threads) {
    int64_t first[ROWS], order[ROWS];
    int calls = 0;
    hn_context_options options[4] = {{.threads = 1}, {.threads = 2}, {.threads = 7}, {.parallel_for = backwards, .parallel_user = &calls}};
    hn_context *own = ctx;
    for (int i = 0; i < 4; i++) {
        options[i].struct_size = sizeof options[i];
        ck_ok(hni_context_create(&options[i], &ctx, &err));
        make_files(1u << 3 | 1u << 19, 0, 0);
        make_loader(3, 3);
        ck_assert_int_eq(pass(4, 2, 3, order), ROWS - 2);
        if (i == 0) memcpy(first, order, sizeof first);
        ck_assert_mem_eq(first, order, (ROWS - 2) * sizeof *order);
        drop();
        hni_context_unref(ctx);
    }
    ck_assert_int_gt(calls, 0);
    ctx = own;
}
END_TEST

START_TEST(images_in_memory) {
    uint8_t grey[16];
    hni_batch batch;
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    for (int i = 0; i < 6; i++) {
        hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = 4, .height = 4, .channels = 1, .data = grey};
        hn_image *image;
        memset(grey, 10 * i, sizeof grey);
        ck_ok(hni_image_wrap(ctx, &pixels, &image, &err));
        ck_ok(hn_dataset_add_image(ds, image, "x", NULL, &err));
        hni_image_unref(image); /* the set keeps it */
    }
    make_loader(6, 0);
    ck_fails(hn_dataset_add_file(ds, "late", "x", NULL, &err), HN_E_STATE); /* a loader freezes */
    ck_ok(hni_loader_next(loader, NULL, &batch, &err));
    for (int i = 0; i < 6; i++) ck_assert_uint_eq(batch.pixels[i * 16], 10 * i);
    drop();
}
END_TEST

/* What would fail on every file is no file's fault: it is returned, and nothing is marked. */
START_TEST(wrong_model_is_no_bad_file) {
    hni_preproc five = four;
    hni_batch batch;
    five.channels = 5;
    make_files(0, 0, 0);
    ck_ok(hni_loader_create(ds, &five, 4, 0, &loader, &err));
    ck_fails(hni_loader_next(loader, NULL, &batch, &err), HN_E_SHAPE);
    ck_says("windows");
    ck_assert_int_eq(info_of(ds).n_skipped, 0);
    drop();
}
END_TEST

START_TEST(checking) {
    int64_t bad = -1;
    hn_cancel cancel = {.ctx = ctx};
    make_files(1u << 1 | 1u << 20, 0, 0);
    ck_ok(hn_dataset_check(ds, NULL, &bad, &err));
    ck_assert_int_eq(bad, 2);
    ck_assert_str_ne(row_of(ds, 20).problem, "");
    ck_ok(hn_dataset_check(ds, &cancel, NULL, &err));
    atomic_store(&cancel.triggered, 1);
    bad = -1;
    ck_fails(hn_dataset_check(ds, &cancel, &bad, &err), HN_E_CANCELLED);
    ck_assert_int_eq(bad, -1);
    hn_dataset_free(ds);
    make_files(1u << 1 | 1u << 20, 1, 0);
    ck_fails(hn_dataset_check(ds, NULL, &bad, &err), HN_E_FORMAT);
    ck_says("01.pgm");
    hn_dataset_free(ds);
}
END_TEST

/* Any allocation may fail: the call says so, or does without (the cache); no file is blamed, nothing leaks, and the next call goes on. */
START_TEST(every_allocation_fails_once) {
    hn_context *own = ctx;
    int failures = 0;
    for (int n = 1; n < 1000; n++) {
        hni_batch batch = {.count = 1};
        int64_t seen = 0;
        ctx = failing_context();
        uint64_t blocks = atomic_load(&ctx->live_blocks);
        make_files(1u << 6, 0, 0);
        countdown = n;
        hn_status status = hni_loader_create(ds, &four, 8, 1, &loader, &err);
        for (int calls = 0; status == HN_OK && batch.count && calls < 10; calls++) {
            hn_status next = hni_loader_next(loader, NULL, &batch, &err);
            ck_assert_msg(next == HN_OK || next == HN_E_MEMORY, "%s: %s", hn_status_name(next), err.message);
            failures += next != HN_OK;
            seen += next == HN_OK ? batch.count : 0;
        }
        int done = countdown > 0;
        countdown = 0;
        if (status == HN_OK) {
            ck_assert_int_eq(seen, ROWS - 1);
            ck_assert_int_eq(info_of(ds).n_skipped, 1);
        } else {
            ck_assert_int_eq(status, HN_E_MEMORY);
            ck_assert_ptr_null(loader);
        }
        drop();
        ck_assert(atomic_load(&ctx->live_blocks) == blocks);
        hni_context_unref(ctx);
        if (done) break;
        ck_assert_int_lt(n, 999);
    }
    ck_assert_int_gt(failures, ROWS);
    ctx = own;
}
END_TEST

/* Every file of the thesis' small set decodes, and a second epoch opens none. */
START_TEST(real_images) {
    const hni_preproc small = {.width = 64, .height = 64, .channels = 3};
    const char *path = shared_path("head-ct-200");
    hni_batch batch;
    int64_t n = 0;
    if (!path) SKIP("no head-ct-200");
    ck_ok(hn_dataset_open(ctx, path, NULL, &ds, &err));
    ck_assert_int_eq(info_of(ds).n_rows, 150);
    ck_assert_str_eq(hn_dataset_class_name(ds, info_of(ds).positive), "haemorrhage");
    ck_ok(hni_loader_create(ds, &small, 32, 0, &loader, &err));
    for (int64_t epoch = 0; epoch < 2; epoch++) {
        uint64_t before = atomic_load(&ctx->allocations);
        ck_ok(hni_loader_start(loader, 0, epoch, &err));
        do {
            ck_ok(hni_loader_next(loader, NULL, &batch, &err));
            n += batch.count;
        } while (batch.count);
        if (epoch) ck_assert_uint_eq(atomic_load(&ctx->allocations), before);
    }
    ck_assert_int_eq(n, 300);
    ck_assert_int_eq(info_of(ds).n_skipped, 0);
    drop();
}
END_TEST

int main(void) {
    const TTest *const cases[] = {orders, sizes, bad_files_are_skipped, all_files_bad, strict_stops, cancelling_loses_nothing,
                                  cached_passes_take_no_memory, folds_share_the_cache, cache_keeps_its_limit, no_cache,
                                  same_for_any_threads, images_in_memory, wrong_model_is_no_bad_file, checking,
                                  every_allocation_fails_once, real_images};
    return run_cases("loader", cases, sizeof cases / sizeof *cases);
}
