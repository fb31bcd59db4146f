/* fuzz_checkpoint.c - any bytes as the checkpoint that a small trainer is to go on from; where it is taken, one more epoch is trained.
 *
 * 64 zeros in the bytes stand for the start model's digest, which changes with every release: files in the corpus stay good. */
#include "fuzz.h"

enum { CHECKPOINT_DIGITS = 64 };

static struct {
    hn_context *ctx;
    hn_model *model;
    hn_dataset *data;
    char digest[CHECKPOINT_DIGITS + 1];
} checkpoint_scene;

static hn_trainer *checkpoint_trainer(void) {
    const hn_train_options o = {.struct_size = sizeof o, .batch = 2, .device = "reference", .prefetch = 1};
    hn_trainer *t = NULL;
    PROMISE(!hn_trainer_create(checkpoint_scene.model, checkpoint_scene.data, NULL, &o, &t, &err), "%s", err.message);
    return t;
}

/* Made once; the trainer is made for each input, since a resumed one cannot resume again. */
static void checkpoint_set_up(void) {
    const hn_model_options mo = {.struct_size = sizeof mo, .width = 8, .height = 8, .channels = 1, .hidden = 1, .seed = 2};
    hn_model_info info = {.struct_size = sizeof info};
    uint8_t pixels[64];
    hn_context *ctx = checkpoint_scene.ctx = fuzz_context();
    PROMISE(!hn_model_preset(ctx, "tinyvgg", &mo, &checkpoint_scene.model, &err), "%s", err.message);
    PROMISE(!hn_dataset_create(ctx, NULL, &checkpoint_scene.data, &err), "%s", err.message);
    for (int i = 0; i < 2; i++) {
        const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_U8, .width = 8, .height = 8, .channels = 1, .data = pixels};
        hn_image *image = NULL;
        memset(pixels, i ? 200 : 30, sizeof pixels);
        PROMISE(!hn_image_wrap(ctx, &raw, &image, &err), "%s", err.message);
        PROMISE(!hn_dataset_add_image(checkpoint_scene.data, image, i ? "1" : "0", i ? "b" : "a", &err), "%s", err.message);
        hn_image_free(image);
    }
    PROMISE(!hn_model_get_info(checkpoint_scene.model, &info, &err), "%s", err.message);
    for (int i = 0; i < 4; i++) snprintf(checkpoint_scene.digest + 16 * i, 17, "%016llx", (unsigned long long)info.digest[i]);
    hn_trainer *t = checkpoint_trainer(); /* once through, so that the data set's cache is as full as it gets */
    PROMISE(!hn_train_epoch(t, NULL, &err), "%s", err.message);
    hn_trainer_free(t);
}

static void checkpoint_put_digest(uint8_t *bytes, size_t size) {
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    uint8_t *place = memmem(bytes, size, zeros, CHECKPOINT_DIGITS);
    if (place) memcpy(place, checkpoint_scene.digest, CHECKPOINT_DIGITS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hn_epoch_report report = {.struct_size = sizeof report};
    int fd;
    if (!checkpoint_scene.ctx) checkpoint_set_up();
    uint8_t *bytes = malloc(size + 1);
    PROMISE(bytes, "%zu bytes", size);
    if (size) memcpy(bytes, data, size);
    checkpoint_put_digest(bytes, size);
    fuzz_begin();
    hn_trainer *t = checkpoint_trainer();
    const char *path = fuzz_path(bytes, size, &fd);
    const hn_status answer = hn_trainer_resume(t, path, &err);
    const bool resumed = fuzz_fine(answer);
    const int64_t before = hn_trainer_epochs(t);
    PROMISE(resumed || !before, "refused, but the trainer is at epoch %lld", (long long)before);
    const hn_status status = hn_train_epoch(t, &report, &err);
    PROMISE(!status || (resumed && status == HN_E_NUMERIC), "%s: %s", hn_status_name(status), err.message);
    PROMISE(hn_trainer_epochs(t) == before + !status, "%lld epochs", (long long)hn_trainer_epochs(t));
    fuzz_unpath(fd);
    hn_trainer_free(t);
    fuzz_end(((size_t)16 << 20) + 256 * size);
    free(bytes);
    return 0;
}
