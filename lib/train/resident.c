/* resident.c - the data set on the device: which parts fit, and how their images get there.
 *
 * A part's images lie one after the other by row. The loader decodes what is not there yet, which goes to its place before the step that wants
 * it; steps are told row numbers only. Who reads pixels is the same operator in all passes, and bad files are marked when they are first met, so
 * batches, bits and errors are those of a training that brings its pixels each time. */
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "trainer.h"

enum { SHARE = 4 };                      /* of the device's memory, by default: a quarter */
static const uint64_t MOST = 1ull << 40; /* bytes: no tensor is larger */

uint64_t hni_resident_limit(const hni_device *device, uint64_t option) {
    if (option) return option == 1 ? 0 : option;
    return device->info.flags & HN_DEVICE_HOST_MEMORY ? 0 : device->info.memory_bytes / SHARE;
}

static uint64_t image_bytes(const hn_trainer *t) { return hni_preproc_bytes(&t->model->preproc); }

static int64_t rows_of(const hni_part *part) { return part->data ? hni_dataset_rows(part->data) : 0; }

/* Can the device take images by number? A plug-in may be older than that. */
static hn_status ask(hn_trainer *t, bool *yes, hn_error *err) {
    const hni_preproc *p = &t->model->preproc;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_U8, 4, rows_of(&t->train), p->channels, p->height, p->width);
    const hni_preprocess_options how = {.samples = 1, .rows = true};
    hn_op_desc d;
    hni_op op;
    hn_status status = hni_op_preprocess(&d, &x, &how, err);
    if (!status) status = hni_op_prepare(t->device, &d, &op, err);
    *yes = !status;
    if (!status) hni_op_release(t->device, &op);
    return status == HN_E_UNSUPPORTED ? HN_OK : status;
}

/* The place of the images of each part that fits into the limit; gives the bytes of all. */
static uint64_t lay_out(hn_trainer *t, uint64_t limit) {
    hni_part *const parts[] = {&t->train, &t->test};
    uint64_t end = 0;
    for (int i = 0; i < 2; i++) {
        const uint64_t rows = (uint64_t)rows_of(parts[i]), bytes = image_bytes(t);
        if (!rows || rows > MOST / bytes) continue;
        const uint64_t need = (rows * bytes + HNI_ALIGN - 1) / HNI_ALIGN * HNI_ALIGN;
        if (need > limit - end) continue;
        parts[i]->store = (hn_buffer){.offset = end, .size = rows * bytes};
        end += need;
    }
    return end;
}

static hn_status open_store(hn_trainer *t, hni_part *part, hn_error *err) {
    if (!part->store.size) return HN_OK;
    part->kept = hni_calloc(t->ctx, (size_t)rows_of(part), sizeof *part->kept);
    if (!part->kept) return hni_fail_memory(err, (size_t)rows_of(part), "the list of images on the device");
    part->store.memory = t->store.memory;
    hni_loader_keep(part->loader, part->kept);
    return HN_OK;
}

hn_status hni_resident_take(hn_trainer *t, uint64_t limit, hn_error *err) {
    const uint64_t bytes = lay_out(t, limit);
    bool yes = false;
    if (!bytes) return HN_OK;
    hn_status status = ask(t, &yes, err);
    if (!status && yes) status = hni_device_alloc(t->device, bytes, &t->store, err);
    if (!t->store.memory) {
        hni_resident_drop(t);
        return status == HN_E_MEMORY ? HN_OK : status;
    }
    status = open_store(t, &t->train, err);
    return status ? status : open_store(t, &t->test, err);
}

void hni_resident_drop(hn_trainer *t) {
    hni_part *const parts[] = {&t->train, &t->test};
    for (int i = 0; i < 2; i++) {
        if (parts[i]->loader) hni_loader_keep(parts[i]->loader, NULL);
        hni_free(t->ctx, parts[i]->kept);
        parts[i]->kept = NULL;
        parts[i]->store = (hn_buffer){.memory = NULL};
    }
    hni_device_free(t->device, &t->store);
}

hn_status hni_resident_next(hn_trainer *t, hni_part *part, hni_batch *out, hn_error *err) {
    const uint64_t bytes = image_bytes(t);
    hn_status status = hni_loader_next(part->loader, t->options.cancel, out, err);
    for (int32_t i = 0; part->kept && i < out->count && !status; i++) {
        const int64_t row = out->rows[i];
        if (part->kept[row]) continue;
        status = hni_device_upload(t->device, hni_buffer_at(part->store, (uint64_t)row * bytes, bytes), out->pixels + (uint64_t)i * bytes, err);
        part->kept[row] = !status;
    }
    return status;
}
