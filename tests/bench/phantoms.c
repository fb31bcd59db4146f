/* phantoms.c - renders, windows and writes phantom slices as JPEG with the library's own public calls. */
#include "phantoms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "base/threads.h"

enum { SLICES = 8, SEED = 7, PATH_SIZE = 1024 };

static const char *const classes[] = {"no_haemorrhage", "haemorrhage"};

static hn_status make_folder(const char *path, hn_error *err) {
    char part[PATH_SIZE];
    for (size_t i = 1; i <= strlen(path) && i < sizeof part; i++) {
        if (path[i] != '/' && path[i]) continue;
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        if (mkdir(part, 0777) && errno != EEXIST) return hni_fail_errno(err, errno, "cannot make the folder %s", part);
    }
    return HN_OK;
}

/* Windowed to grey and written; which of the two paths is the slice's label decides (the same path twice: no matter). */
static hn_status write_slice(const hn_phantom *phantom, int64_t index, const char *healthy, const char *bleeding, hn_error *err) {
    hn_phantom_slice_info info = {.struct_size = sizeof info};
    hn_image *slice = NULL, *grey = NULL;
    hn_status status = hn_phantom_render(phantom, index, &info, &slice, NULL, err);
    if (!status) status = hn_image_window(slice, NULL, &grey, err);
    if (!status) status = hn_image_save_jpeg(grey, info.types ? bleeding : healthy, PHANTOM_QUALITY, err);
    hn_image_free(slice);
    hn_image_free(grey);
    return status;
}

typedef struct job { /* of parallel_for; index = file */
    const hn_phantom *phantom;
    const char *folder;
    hn_error *errors; /* [count] */
} job;

/* The label is only known once the slice is drawn; a file that is there under either label is enough. */
static void make_one(void *arg, uint32_t index) {
    const job *j = arg;
    char path[2][PATH_SIZE];
    for (int k = 0; k < 2; k++) {
        snprintf(path[k], PATH_SIZE, "%s/%s/p%05u_s%02u.jpg", j->folder, classes[k], index / SLICES, index % SLICES);
        if (access(path[k], R_OK) == 0) return;
    }
    write_slice(j->phantom, index, path[0], path[1], &j->errors[index]);
}

hn_status phantoms_make(hn_context *ctx, const char *folder, int32_t count, int32_t size, hn_error *err) {
    const hn_phantom_options o = {
        .struct_size = sizeof o, .patients = (count + SLICES - 1) / SLICES, .size = size, .slices_per_patient = SLICES, .seed = SEED};
    job j = {.folder = folder, .errors = calloc((size_t)count, sizeof *j.errors)};
    hn_phantom *phantom = NULL;
    hn_status status = j.errors ? HN_OK : hni_fail_memory(err, (size_t)count * sizeof *j.errors, "a list of files");
    for (int k = 0; k < 2 && !status; k++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, "%s/%s", folder, classes[k]);
        status = make_folder(path, err);
    }
    if (!status) status = hn_phantom_create(ctx, &o, &phantom, err);
    if (!status) {
        j.phantom = phantom;
        hni_parallel_for(ctx, (uint32_t)count, make_one, &j);
        for (int32_t i = 0; i < count && !status; i++)
            if ((status = j.errors[i].status)) *err = j.errors[i];
    }
    hn_phantom_free(phantom);
    free(j.errors);
    return status;
}

hn_status phantom_make(hn_context *ctx, const char *path, int32_t size, hn_error *err) {
    const hn_phantom_options o = {
        .struct_size = sizeof o, .patients = 1, .size = size, .slices_per_patient = SLICES, .seed = SEED, .bleed_share = 1};
    char folder[PATH_SIZE];
    hn_phantom *phantom;
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = 0;
    hn_status status = slash ? make_folder(folder, err) : HN_OK;
    if (!status) status = hn_phantom_create(ctx, &o, &phantom, err);
    if (status) return status;
    status = write_slice(phantom, SLICES / 2, path, path, err);
    hn_phantom_free(phantom);
    return status;
}

hn_status read_whole(const char *path, uint8_t **bytes, size_t *size, hn_error *err) {
    FILE *f = fopen(path, "rb");
    struct stat facts;
    if (!f || fstat(fileno(f), &facts)) {
        hn_status status = hni_fail_errno(err, errno, "cannot open %s", path);
        if (f) fclose(f);
        return status;
    }
    *size = (size_t)facts.st_size;
    *bytes = malloc(*size + 1);
    if (*bytes && fread(*bytes, 1, *size, f) == *size) {
        fclose(f);
        return HN_OK;
    }
    fclose(f);
    free(*bytes);
    *bytes = NULL;
    return hni_fail(err, HN_E_IO, "cannot read %s", path);
}
