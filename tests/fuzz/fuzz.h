/* fuzz.h - what the fuzz targets share: a context whose memory is watched, files without a disk, and what must hold for any bytes.
 *
 * A target gives its bytes to the library and then checks: failures leave NULL and a filled error, successes a handle; everything is given
 * back; and no input makes the library take more memory than a bound that follows from its size. A broken promise ends the process. */
#ifndef HAEMNET_FUZZ_H
#define HAEMNET_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../host.h"
#include "base/utf8.h"
#include "haemnet/haemnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hn_error err;
static test_host fuzz_host;
static long long fuzz_before; /* blocks */

#define PROMISE(what, ...)                                         \
    do {                                                           \
        if (!(what)) {                                             \
            fprintf(stderr, "%s:%d: broken: %s: ", __FILE__, __LINE__, #what); \
            fprintf(stderr, __VA_ARGS__);                          \
            fprintf(stderr, "\n");                                 \
            abort();                                               \
        }                                                          \
    } while (0)

static inline hn_context *fuzz_context(void) {
    const hn_allocator table = test_host_allocator(&fuzz_host);
    const hn_context_options o = {.struct_size = sizeof o, .threads = 1, .allocator = &table, .plugin_dir = ""};
    hn_context *ctx = NULL;
    memset(&err, 0, sizeof err);
    PROMISE(!hn_context_create(&o, &ctx, &err), "%s", err.message);
    return ctx;
}

/* From here on blocks and peak are watched. */
static inline void fuzz_begin(void) {
    fuzz_before = atomic_load(&fuzz_host.blocks);
    atomic_store(&fuzz_host.peak, atomic_load(&fuzz_host.bytes));
    memset(&err, 0x5a, sizeof err);
}

/* All is given back, and never were more than `bound` bytes in use. */
static inline void fuzz_end(size_t bound) {
    PROMISE(atomic_load(&fuzz_host.blocks) == fuzz_before, "%lld blocks are left", atomic_load(&fuzz_host.blocks) - fuzz_before);
    PROMISE(!atomic_load(&fuzz_host.wrong), "a block was freed wrongly");
    PROMISE((unsigned long long)atomic_load(&fuzz_host.peak) <= bound, "%lld bytes were in use; %zu are enough", atomic_load(&fuzz_host.peak), bound);
}

/* What every call keeps: a readable message on failure. True on success. */
static inline bool fuzz_fine(hn_status status) {
    if (!status) return true;
    PROMISE(status < 0 && status > HN_E_INTERNAL && err.status == status, "status %d, error %d: %.200s", status, err.status, err.message);
    const size_t length = strnlen(err.message, sizeof err.message);
    PROMISE(length && length < sizeof err.message, "a message of %zu bytes", length);
    for (size_t i = 0; i < length;) {
        const size_t n = hni_utf8_length(err.message + i, length - i);
        PROMISE(n, "the message is no UTF-8 at byte %zu", i);
        i += n;
    }
    memset(&err, 0x5a, sizeof err);
    return false;
}

/* The same for a call that makes a handle, which lies at `place`: there on success, NULL on failure. */
static inline bool fuzz_done(hn_status status, const void *place) {
    const void *handle;
    memcpy(&handle, place, sizeof handle);
    PROMISE(!status == !!handle, "%s, and the handle is %p", hn_status_name(status), handle);
    return fuzz_fine(status);
}

/* A path whose file holds the bytes, without touching a disk; -1 in *fd = none. fuzz_unpath closes it. */
static inline const char *fuzz_path(const uint8_t *data, size_t size, int *fd) {
    static char path[64];
    *fd = memfd_create("fuzz", 0);
    PROMISE(*fd >= 0, "memfd_create");
    for (size_t done = 0; done < size;) {
        const ssize_t n = write(*fd, data + done, size - done);
        PROMISE(n > 0, "write");
        done += (size_t)n;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", *fd);
    return path;
}

static inline void fuzz_unpath(int fd) { close(fd); }

/* Predicts with a model if that is a matter of microseconds: any answer is right, a crash is not. */
static inline void fuzz_use(hn_context *ctx, const hn_model *model) {
    const uint8_t pixels[6] = {0, 50, 100, 150, 200, 250};
    const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_U8, .width = 3, .height = 2, .channels = 1, .data = pixels};
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 1, .device = "reference"};
    hn_prediction p = {.struct_size = sizeof p};
    hn_model_info info = {.struct_size = sizeof info};
    hn_predictor *predictor = NULL;
    hn_image *image = NULL;
    int64_t bytes = 0;
    PROMISE(!hn_model_get_info(model, &info, &err), "%s", err.message);
    for (int32_t i = 0; i < info.n_layers; i++) {
        hn_layer_info layer = {.struct_size = sizeof layer};
        PROMISE(!hn_model_get_layer(model, i, &layer, &err), "%s", err.message);
        bytes += layer.output_bytes;
    }
    if (info.width > 64 || info.height > 64 || bytes > 1 << 20 || info.multiply_adds > 1 << 20) return;
    if (!fuzz_done(hn_predictor_create(model, &o, &predictor, &err), &predictor)) return;
    if (fuzz_done(hn_image_wrap(ctx, &raw, &image, &err), &image)) {
        const hn_status status = hn_predict(predictor, image, &p, &err);
        PROMISE(!status || status == HN_E_NUMERIC || status == HN_E_SHAPE, "%s: %s", hn_status_name(status), err.message);
    }
    hn_image_free(image);
    hn_predictor_free(predictor);
}

#endif
