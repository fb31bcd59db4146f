/* files.c - whole files in, whole files out.
 *
 * Reading asks for the size first and refuses by the limit before it takes memory. Writing never touches the old file: a temporary
 * beside it is written, synced and renamed over it, so a crash or a full disk at any moment leaves the old or the new one, whole.
 * Not a stream layer: model files and images fit in memory. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "memory.h"
#include "status.h"

enum { TRIES = 1000 }; /* names of temporaries to try: a crashed run may have left some */

/* What open and fstat cannot say by themselves. */
static hn_status fail_open(hn_error *err, int failed, const char *path) {
    if (failed == EISDIR)
        return hni_fail_errno(err, failed, "cannot read %s: a file is needed here", path);
    if (failed == EINVAL)
        return hni_fail_errno(err, failed, "cannot read %s: it is not a regular file", path);
    return hni_fail_errno(err, failed, "cannot open %s", path);
}

static hn_status read_opened(hn_context *ctx, hni_fd fd, const char *path, uint64_t max_bytes, uint8_t **bytes, size_t *size,
                             hn_error *err) {
    uint64_t expected;
    int failed = hni_os_size(fd, &expected);
    if (failed)
        return fail_open(err, failed, path);
    if (expected > max_bytes || expected >= SIZE_MAX)
        return hni_fail(err, HN_E_LIMIT, "%s has %" PRIu64 " bytes, the limit is %" PRIu64, path, expected, max_bytes);

    /* One byte more than expected: it ends text with a NUL, and it shows a file that grows meanwhile. */
    const size_t room = (size_t)expected + 1;
    uint8_t *buffer = hni_alloc(ctx, room);
    if (!buffer)
        return hni_fail_memory(err, room, path);
    size_t got;
    failed = hni_os_read(fd, buffer, room, &got);
    if (failed || got != (size_t)expected) {
        hni_free(ctx, buffer);
        if (failed)
            return hni_fail_errno(err, failed, "cannot read %s", path);
        return hni_fail(err, HN_E_IO, "%s changed while it was read: try again when nothing writes to it", path);
    }
    buffer[got] = 0;
    *bytes = buffer;
    *size = got;
    return HN_OK;
}

hn_status hni_file_read(hn_context *ctx, const char *path, uint64_t max_bytes, uint8_t **bytes, size_t *size, hn_error *err) {
    hni_fd fd;
    const int failed = hni_os_open_read(path, &fd);
    if (failed)
        return fail_open(err, failed, path);
    const hn_status status = read_opened(ctx, fd, path, max_bytes, bytes, size, err);
    hni_os_close(fd); /* only read from: a failure here loses nothing */
    return status;
}

/* Creates `path.tmp-PID-N` with the first free N; its name is left in temp[size]. */
static int create_beside(const char *path, char *temp, size_t size, hni_fd *fd) {
    int failed = EEXIST;
    for (int n = 0; n < TRIES && failed == EEXIST; n++) {
        snprintf(temp, size, "%s.tmp-%u-%d", path, (unsigned)hni_os_process_id(), n);
        failed = hni_os_create(temp, fd);
    }
    return failed;
}

/* Writes, syncs and closes; 0 or errno. Closes always. */
static int fill(hni_fd fd, const hni_piece *pieces, size_t count) {
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++)
        failed = hni_os_write(fd, pieces[i].data, pieces[i].size);
    if (!failed)
        failed = hni_os_sync(fd);
    const int close_failed = hni_os_close(fd);
    return failed ? failed : close_failed;
}

hn_status hni_file_replace(hn_context *ctx, const char *path, const hni_piece *pieces, size_t count, hn_error *err) {
    const size_t size = strlen(path) + 32; /* ".tmp-4294967295-999" and the end */
    char *temp = hni_alloc(ctx, size);
    if (!temp)
        return hni_fail_memory(err, size, "the name of a temporary file");

    hn_status status = HN_OK;
    hni_fd fd;
    int failed = create_beside(path, temp, size, &fd);
    if (failed) {
        status = hni_fail_errno(err, failed, "cannot create a file beside %s", path);
        goto done;
    }
    failed = fill(fd, pieces, count);
    if (failed) {
        hni_os_remove(temp);
        status = hni_fail_errno(err, failed, "cannot write %s", path);
        goto done;
    }
    failed = hni_os_rename(temp, path);
    if (failed) {
        hni_os_remove(temp);
        status = hni_fail_errno(err, failed, "cannot put the new %s in place", path);
        goto done;
    }
    hni_os_sync_folder(path); /* best effort: not every file system can sync a folder, and the file is in place */
done:
    hni_free(ctx, temp);
    return status;
}

char *hni_path_join(hn_context *ctx, const char *a, const char *b) {
    const size_t na = strlen(a), nb = strlen(b);
    if (na == 0 || b[0] == '/')
        return hni_strdup(ctx, b);
    const bool slash = a[na - 1] != '/';
    char *path = hni_alloc(ctx, na + slash + nb + 1);
    if (!path)
        return NULL;
    memcpy(path, a, na);
    if (slash)
        path[na] = '/';
    memcpy(path + na + slash, b, nb + 1);
    return path;
}

char *hni_path_folder(hn_context *ctx, const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return hni_strdup(ctx, "");
    while (slash > path && slash[-1] == '/') /* "a//b" */
        slash--;
    return hni_strndup(ctx, path, slash == path ? 1 : (size_t)(slash - path));
}
