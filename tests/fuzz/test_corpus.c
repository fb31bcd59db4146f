/* test_corpus.c - every file of every corpus through its fuzz target, in this process: what fuzzing once found stays found, with any compiler.
 *
 * The targets' own promises (fuzz.h) end the process where they are broken. Seeds named as good must be taken, or the corpus tests nothing. */
#include <stddef.h>
#include <stdint.h>

int fuzz_image(const uint8_t *data, size_t size);
int fuzz_model(const uint8_t *data, size_t size);
int fuzz_checkpoint(const uint8_t *data, size_t size);
int fuzz_manifest(const uint8_t *data, size_t size);
int fuzz_json(const uint8_t *data, size_t size);
int fuzz_builder(const uint8_t *data, size_t size);

#define LLVMFuzzerTestOneInput fuzz_image
#include "fuzz_image.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_model
#include "fuzz_model.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_checkpoint
#include "fuzz_checkpoint.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_manifest
#include "fuzz_manifest.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_json
#include "fuzz_json.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_builder
#include "fuzz_builder.c"
#undef LLVMFuzzerTestOneInput

#include <dirent.h>

#include "../test.h"

#define CORPUS "tests/fuzz/corpus/"

static uint8_t *read_all(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f && !fseek(f, 0, SEEK_END), "%s", path);
    *size = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(*size ? *size : 1); /* exactly: reading on shows under a sanitizer */
    ck_assert(bytes && fread(bytes, 1, *size, f) == *size);
    fclose(f);
    return bytes;
}

/* On broken promises the last line printed names the file. */
static void replay(const char *name, int (*target)(const uint8_t *, size_t), int least) {
    char path[4096];
    struct dirent **entries;
    int seen = 0;
    snprintf(path, sizeof path, CORPUS "%s", name);
    const int n = scandir(path, &entries, NULL, alphasort);
    ck_assert_msg(n > 0, "%s is not there", path);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            size_t size;
            snprintf(path, sizeof path, CORPUS "%s/%s", name, entries[i]->d_name);
            uint8_t *bytes = read_all(path, &size);
            printf("%s\n", path);
            fflush(stdout);
            target(bytes, size);
            free(bytes);
            seen++;
        }
        free(entries[i]);
    }
    free(entries);
    ck_assert_msg(seen >= least, "%s: only %d files", name, seen);
}

START_TEST(image_bytes) { replay("image", fuzz_image, 80); }
END_TEST
START_TEST(model_bytes) { replay("model", fuzz_model, 40); }
END_TEST
START_TEST(checkpoint_bytes) {
    replay("checkpoint", fuzz_checkpoint, 12);
    checkpoint_tear_down();
}
END_TEST
START_TEST(manifest_bytes) { replay("manifest", fuzz_manifest, 25); }
END_TEST
START_TEST(json_bytes) { replay("json", fuzz_json, 35); }
END_TEST
START_TEST(builder_calls) { replay("builder", fuzz_builder, 12); }
END_TEST

START_TEST(good_seeds_are_taken) {
    static const char *const images[] = {"png-2-8.png", "png-6-16.png", "png-palette.png", "jpeg-rgb.jpg", "jpeg-progressive.jpg", "jpeg-restart.jpg",
                                         "bmp-24.bmp",  "bmp-8.bmp",    "pnm-P6-255.pnm",  "pnm-P5-65535.pnm"};
    static const char *const models[] = {"dense.safetensors", "every-layer.safetensors", "multi.safetensors", "calibrated.safetensors", "familiar.safetensors",
                                         "traces.safetensors"};
    hn_context *ctx = fuzz_context();
    char path[256];
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        hn_image *image = NULL;
        snprintf(path, sizeof path, CORPUS "image/%s", images[i]);
        ck_ok(hn_image_load(ctx, path, NULL, &image, &err));
        hn_image_free(image);
    }
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        hn_model *model = NULL;
        snprintf(path, sizeof path, CORPUS "model/%s", models[i]);
        ck_ok(hn_model_load(ctx, path, &model, &err));
        hn_model_free(model);
    }
    const hn_model_options o = {.struct_size = sizeof o, .width = 8, .height = 8, .channels = 1, .hidden = 1};
    hn_model *import = NULL;
    ck_ok(hn_model_import(ctx, CORPUS "model/state-dict.safetensors", "tinyvgg", &o, &import, &err));
    hn_model_free(import);
    hn_context_free(ctx);
}
END_TEST

START_TEST(good_checkpoint_is_taken) {
    size_t size;
    int fd;
    checkpoint_set_up();
    uint8_t *bytes = read_all(CORPUS "checkpoint/good.safetensors", &size);
    checkpoint_put_digest(bytes, size);
    hn_trainer *t = checkpoint_trainer();
    ck_ok(hn_trainer_resume(t, fuzz_path(bytes, size, &fd), &err));
    ck_assert_int_eq(hn_trainer_epochs(t), 1);
    fuzz_unpath(fd);
    hn_trainer_free(t);
    free(bytes);
    checkpoint_tear_down();
    ck_assert_int_eq(atomic_load(&fuzz_host.blocks), 0);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {image_bytes, model_bytes,   checkpoint_bytes,     manifest_bytes,
                                  json_bytes,  builder_calls, good_seeds_are_taken, good_checkpoint_is_taken};
    Suite *suite = suite_create("fuzz corpora");
    TCase *tcase = tcase_create("corpora");
    tcase_set_timeout(tcase, 300);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
