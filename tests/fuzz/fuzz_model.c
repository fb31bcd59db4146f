/* fuzz_model.c - any bytes as a model file, as a state dict to import, and as weights to begin with: what loads is described, saved, loaded again and used. */
#include "base/context.h"
#include "base/memory.h"
#include "fuzz.h"
#include "model/transfer.h"

static void model_use(hn_context *ctx, const hn_model *model) {
    size_t need = 0, again_size = 0;
    hn_model *again = NULL;
    PROMISE(!hn_model_save_memory(model, NULL, 0, &need, &err), "%s", err.message);
    uint8_t *bytes = malloc(need), *second = malloc(need);
    PROMISE(bytes && second && !hn_model_save_memory(model, bytes, need, &need, &err), "%s", err.message);
    PROMISE(!hn_model_load_memory(ctx, bytes, need, &again, &err), "its own file is refused: %s", err.message);
    PROMISE(!hn_model_save_memory(again, second, need, &again_size, &err), "%s", err.message);
    PROMISE(again_size == need && !memcmp(bytes, second, need), "saved twice, the files differ");
    free(bytes), free(second);
    hn_model_free(again);
    PROMISE(!hn_model_summary(model, 1, NULL, 0, &need, &err), "%s", err.message);
    fuzz_use(ctx, model);
}

/* The transfer owns its bytes. */
static hn_status fuzz_transfer(hn_context *ctx, const uint8_t *data, size_t size, const hn_model_options *o, hn_transfer **out) {
    uint8_t *bytes = hni_alloc(ctx, size + 1);
    PROMISE(bytes, "no memory");
    memcpy(bytes, data, size);
    return hni_transfer_create(ctx, bytes, size, "tinyvgg", o, out, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const hn_model_options o = {.struct_size = sizeof o, .width = 8, .height = 8, .channels = 1, .hidden = 1};
    const hn_model_options other = {.struct_size = sizeof other, .width = 8, .height = 8, .channels = 2, .hidden = 1, .n_classes = 3};
    hn_model *loaded = NULL, *import = NULL, *moved = NULL;
    hn_transfer *transfer = NULL;
    if (!data) data = (const uint8_t *)"";
    fuzz_begin();
    hn_context *ctx = fuzz_context();
    if (fuzz_done(hn_model_load_memory(ctx, data, size, &loaded, &err), &loaded)) model_use(ctx, loaded);
    if (fuzz_done(hni_model_import(ctx, data, size, "tinyvgg", &o, &import, &err), &import)) model_use(ctx, import);
    if (fuzz_done(fuzz_transfer(ctx, data, size, &other, &transfer), &transfer))
        for (int32_t flags = 0; flags <= HN_TRANSFER_PARTIAL; flags++) {
            if (fuzz_done(hn_transfer_model(transfer, flags, &moved, &err), &moved)) model_use(ctx, moved);
            hn_model_free(moved);
            moved = NULL;
        }
    hn_transfer_free(transfer);
    hn_model_free(loaded);
    hn_model_free(import);
    hn_context_free(ctx);
    fuzz_end(((size_t)16 << 20) + 256 * size);
    return 0;
}
