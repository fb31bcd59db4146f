/* fuzz_checkpoint.c - any bytes as the checkpoint that a small trainer is to go on from; where it is taken, one more epoch is trained.
 *
 * 64 zeros in the bytes stand for the start model's digest, which changes with every release: files in the corpus stay good. */
#include "fuzz.h"

enum { CHECKPOINT_DIGITS = 64 };

static struct {
    hn_context *ctx;
    hn_model *model;
    hn_dataset *data;
    hn_trainer *idle; /* has done nothing yet */
    char digest[CHECKPOINT_DIGITS + 1];
} checkpoint_scene;

static hn_trainer *checkpoint_trainer(void) {
    const hn_train_options o = {.struct_size = sizeof o, .batch = 2, .device = "reference", .prefetch = 1};
    hn_trainer *t = NULL;
    PROMISE(!hn_trainer_create(checkpoint_scene.model, checkpoint_scene.data, NULL, &o, &t, &err), "%s", err.message);
    return t;
}

/* Made once; the trainer is replaced once it has trained, since only a fresh one can resume. */
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
    checkpoint_scene.idle = checkpoint_trainer();
}

static inline void checkpoint_tear_down(void) {
    hn_trainer_free(checkpoint_scene.idle);
    hn_dataset_free(checkpoint_scene.data);
    hn_model_free(checkpoint_scene.model);
    hn_context_free(checkpoint_scene.ctx);
    memset(&checkpoint_scene, 0, sizeof checkpoint_scene);
}

static void checkpoint_put_digest(uint8_t *bytes, size_t size) {
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    uint8_t *place = memmem(bytes, size, zeros, CHECKPOINT_DIGITS);
    if (place) memcpy(place, checkpoint_scene.digest, CHECKPOINT_DIGITS);
}

/* After a refusal the trainer trains as if nothing had been asked (looked at now and then: it takes most of the time); after a resumption it
 * goes on. Either way it is then replaced. */
static void checkpoint_train(bool resumed) {
    hn_trainer *t = checkpoint_scene.idle;
    const int64_t before = hn_trainer_epochs(t);
    const hn_status status = hn_train_epoch(t, NULL, &err);
    PROMISE(!status || (resumed && status == HN_E_NUMERIC), "%s: %s", hn_status_name(status), err.message);
    PROMISE(hn_trainer_epochs(t) == before + !status, "%lld epochs", (long long)hn_trainer_epochs(t));
    hn_trainer_free(t);
    checkpoint_scene.idle = checkpoint_trainer();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int fd;
    if (!checkpoint_scene.ctx) checkpoint_set_up();
    uint8_t *bytes = malloc(size + 1);
    PROMISE(bytes, "%zu bytes", size);
    if (size) memcpy(bytes, data, size);
    checkpoint_put_digest(bytes, size);
    fuzz_begin();
    const bool resumed = fuzz_fine(hn_trainer_resume(checkpoint_scene.idle, fuzz_path(bytes, size, &fd), &err));
    PROMISE(resumed || !hn_trainer_epochs(checkpoint_scene.idle), "refused, but at epoch %lld", (long long)hn_trainer_epochs(checkpoint_scene.idle));
    if (resumed || size % 64 == 0) checkpoint_train(resumed);
    fuzz_unpath(fd);
    fuzz_end(((size_t)16 << 20) + 256 * size);
    free(bytes);
    return 0;
}
