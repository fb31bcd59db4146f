/* folder.c - a folder with a folder per class → rows, in the order of their paths; and telling what a path given as data is.
 *
 * Files are known by their endings only: opening each would cost a pass over the disk, and a wrong one is found and named when it
 * is decoded. Links are followed, but not to a folder that the listing is already in: a loop would bring one image many times, with
 * copies on both sides of a split. */
#include <string.h>

#include "../base/log.h"
#include "../base/memory.h"
#include "../base/status.h"
#include "../base/files.h"
#include "dataset.h"
#include "sort.h"
#include "text.h"

enum { DEPTH = 32, FILES = INT32_MAX };

typedef struct walk {
    hn_context *ctx;
    hn_error *err;
    const char *dir;    /* the folder of class folders */
    hni_names names;    /* holds the paths */
    const char **paths; /* [count], relative to dir */
    size_t count, capacity;
    const char **queue; /* names that are still to be looked at: of the folder in hand, behind those of the folders above it */
    size_t n_queue, room;
    uint64_t above[DEPTH + 1][2]; /* identities of the folder in hand and those above it, by depth */
    hn_status status;   /* why a visit stopped the listing */
} walk;

static bool is_image_name(const char *name) {
    static const char *const endings[] = {"png", "jpg", "jpeg", "bmp", "pgm", "ppm", "pnm"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
        if (hni_same_word(dot + 1, endings[i])) return true;
    }
    return false;
}

/* Notes every name that is not hidden. Kinds are asked for later, so that only one folder is open at a time. */
static int note(void *user, const char *name) {
    walk *w = user;
    if (name[0] == '.') return 0;
    const char *copy = hni_names_keep(&w->names, name, strlen(name));
    if (!copy || hni_grow(w->ctx, &w->queue, &w->room, w->n_queue + 1, sizeof *w->queue) != 0) {
        w->status = hni_fail_memory(w->err, strlen(name) + 1, "a folder's names");
        return -1;
    }
    w->queue[w->n_queue++] = copy;
    return 0;
}

static hn_status add_path(walk *w, const char *relative) {
    if (w->count >= FILES) return hni_fail(w->err, HN_E_LIMIT, "%s holds over 2^31 images", w->dir);
    const char *copy = hni_names_keep(&w->names, relative, strlen(relative));
    if (!copy || hni_grow(w->ctx, &w->paths, &w->capacity, w->count + 1, sizeof *w->paths) != 0)
        return hni_fail_memory(w->err, strlen(relative) + 1, "a folder's paths");
    w->paths[w->count++] = copy;
    return HN_OK;
}

static hn_status list_folder(walk *w, const char *relative, int32_t depth);

/* One name of a folder: an image is added, a folder is gone into. Depth 0 = beside the class folders. */
static hn_status look_at(walk *w, const char *folder, const char *name, int32_t depth) {
    char *relative = hni_path_join(w->ctx, folder, name), *full = relative ? hni_path_join(w->ctx, w->dir, relative) : NULL;
    hn_status status = HN_OK;
    int kind = HNI_OS_OTHER;
    if (!full) status = hni_fail_memory(w->err, strlen(folder) + strlen(name) + 2, "a path");
    else if (hni_os_kind(full, &kind) != 0) kind = HNI_OS_FILE; /* a dangling link becomes a bad row, which is named, not a lost one */
    if (status == HN_OK && kind == HNI_OS_FOLDER) status = list_folder(w, relative, depth + 1);
    else if (status == HN_OK && kind == HNI_OS_FILE && depth > 0 && is_image_name(name)) status = add_path(w, relative);
    hni_free(w->ctx, full);
    hni_free(w->ctx, relative);
    return status;
}

/* Notes which folder is at this depth; is it one that the listing is already in? */
static bool is_loop(walk *w, const char *full, int32_t depth) {
    uint64_t *id = w->above[depth];
    if (hni_os_identity(full, id) != 0) return false; /* listing it says why */
    for (int32_t i = 0; i < depth; i++) {
        if (w->above[i][0] == id[0] && w->above[i][1] == id[1]) return true;
    }
    return false;
}

static hn_status list_folder(walk *w, const char *relative, int32_t depth) {
    size_t first = w->n_queue;
    if (depth > DEPTH)
        return hni_fail(w->err, HN_E_LIMIT, "%s goes over %d folders deep: %.200s", w->dir, DEPTH, relative);
    char *full = *relative ? hni_path_join(w->ctx, w->dir, relative) : hni_strdup(w->ctx, w->dir);
    if (!full) return hni_fail_memory(w->err, strlen(relative) + 1, "a path");
    if (is_loop(w, full, depth)) {
        hni_log_message(w->ctx, HN_LOG_WARNING, "data", "left out %s: it leads back to a folder above it", full);
        hni_free(w->ctx, full);
        return HN_OK;
    }
    w->status = HN_OK;
    int number = hni_os_list(full, note, w);
    hn_status status = w->status;
    if (status == HN_OK && number) status = hni_fail_errno(w->err, number, "cannot list the folder %s", full);
    hni_free(w->ctx, full);
    for (size_t i = first; status == HN_OK && i < w->n_queue; i++) status = look_at(w, relative, w->queue[i], depth);
    w->n_queue = first;
    return status;
}

static bool path_less(const void *user, uint32_t a, uint32_t b) {
    const walk *w = user;
    return strcmp(w->paths[a], w->paths[b]) < 0; /* strcmp compares bytes as unsigned */
}

/* Rows in the order of their paths; the first folder of each path is its class. */
static hn_status add_rows(walk *w, hni_store *s, hn_error *err) {
    uint32_t *order = hni_calloc(w->ctx, w->count, sizeof *order);
    hn_status status = order ? HN_OK : hni_fail_memory(err, w->count * sizeof *order, "an order of paths");
    for (size_t i = 0; order && i < w->count; i++) order[i] = (uint32_t)i;
    if (order) hni_sort_u32(order, (uint32_t)w->count, path_less, w);
    for (size_t i = 0; status == HN_OK && i < w->count; i++) {
        const char *name = w->paths[order[i]];
        char *path = hni_path_join(w->ctx, w->dir, name), *class_name = hni_strndup(w->ctx, name, strcspn(name, "/"));
        hni_row_spec spec = {.path = path, .name = name, .slice = -1, .fold = -1};
        if (!path || !class_name) status = hni_fail_memory(err, strlen(name) + 1, "a path");
        if (status == HN_OK) status = hni_class_id(s, class_name, w->dir, &spec.class_id, err);
        if (status == HN_OK) status = hni_store_add(s, &spec, err);
        hni_free(w->ctx, class_name);
        hni_free(w->ctx, path);
    }
    hni_free(w->ctx, order);
    if (status == HN_E_ARGUMENT) status = hni_fail(err, HN_E_DATA, "%s", err ? err->message : ""); /* the name is the disk's fault */
    return status;
}

hn_status hni_dataset_add_folder(hn_dataset *ds, const char *dir, hn_error *err) {
    hni_store *s = ds->store;
    size_t rows = s->n_rows;
    int32_t classes = s->classes.count;
    walk w = {.ctx = s->ctx, .err = err, .dir = dir};
    hn_status status = hni_store_open(s, err);
    if (status != HN_OK) return status;
    if (s->task == HN_TASK_MULTI)
        return hni_fail(err, HN_E_ARGUMENT, "%s: folders give one class an image; several label columns need a manifest", dir);
    if (hni_names_init(&w.names, s->ctx) != 0) status = hni_fail_memory(err, 64, "a folder's names");
    if (status == HN_OK) status = list_folder(&w, "", 0);
    if (status == HN_OK && w.count == 0)
        status = hni_fail(err, HN_E_DATA, "%s holds no folder with images: make one folder per class, with png, jpg, jpeg, bmp, pgm, ppm "
                          "or pnm files", dir);
    if (status == HN_OK) status = add_rows(&w, s, err);
    if (status != HN_OK) hni_store_cut(s, rows, classes);
    hni_free(s->ctx, w.queue);
    hni_free(s->ctx, w.paths);
    hni_names_free(&w.names);
    return status;
}

/* Adds what the path is: a manifest, a folder that holds manifest.csv, or a folder per class. */
static hn_status add_any(hn_dataset *ds, const char *path, hn_error *err) {
    hn_context *ctx = ds->ctx;
    int kind = HNI_OS_OTHER, inside = HNI_OS_OTHER;
    int number = hni_os_kind(path, &kind);
    if (number) return hni_fail_errno(err, number, "cannot open the data %s", path);
    if (kind == HNI_OS_FILE) return hni_dataset_add_manifest(ds, path, err);
    if (kind != HNI_OS_FOLDER) return hni_fail(err, HN_E_DATA, "%s is neither a file nor a folder", path);
    char *manifest = hni_path_join(ctx, path, "manifest.csv");
    if (!manifest) return hni_fail_memory(err, strlen(path) + 14, "a path");
    hn_status status;
    if (hni_os_kind(manifest, &inside) == 0 && inside == HNI_OS_FILE) status = hni_dataset_add_manifest(ds, manifest, err);
    else if (ds->store->n_label_columns)
        status = hni_fail(err, HN_E_ARGUMENT, "label columns were named (%s), but %s holds no manifest.csv", ds->store->label_columns[0],
                          path);
    else if (ds->store->n_kept)
        status = hni_fail(err, HN_E_ARGUMENT, "columns were named (%s), but %s holds no manifest.csv", ds->store->kept[0], path);
    else status = hni_dataset_add_folder(ds, path, err);
    hni_free(ctx, manifest);
    return status;
}

hn_status hni_dataset_open(hn_context *ctx, const char *path, const hn_dataset_options *options, hn_dataset **out, hn_error *err) {
    hn_dataset *ds;
    *out = NULL;
    hn_status status = hni_dataset_create(ctx, options, &ds, err);
    if (status != HN_OK) return status;
    status = add_any(ds, path, err);
    if (status == HN_OK) status = hni_group_check(ds->store, err);
    if (status != HN_OK) {
        hni_dataset_unref(ds);
        return status;
    }
    *out = ds;
    return HN_OK;
}
