/* fault.h - makes the n-th allocation, system call or backend call fail: once, or from then on.
 *
 * Allocations come through a host's allocator, system calls through the linker (--wrap: open, read, write, fsync, rename, close), backend
 * calls through a table around the reference backend. Only what happens while a fault is armed is counted. One thread. */
#ifndef HAEMNET_TEST_FAULT_H
#define HAEMNET_TEST_FAULT_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/types.h>

#include "../host.h"
#include "../test.h"
#include "backend/backend.h"
#include "haemnet/haemnet.h"

enum { FAULT_NONE, FAULT_MEMORY, FAULT_IO, FAULT_INTERRUPT, FAULT_BACKEND }; /* INTERRUPT: EINTR and half transfers, which are no errors */
enum { FAULT_CODE = 4711 };                                                  /* the frail backend's own */

static struct {
    int kind;
    long at;         /* the call that fails, from 1 */
    bool persistent; /* and all after it */
    long count;      /* calls met */
    long fired;      /* calls that failed */
    long harmless;   /* of those: what the library may pass over (see wrap_close and wrap_open) */
    int code;        /* errno of the first that was not harmless */
    const char *what;
    int fds;         /* opened and not closed */
} fault;

static inline void fault_arm(int kind, long at, bool persistent) {
    fault.kind = kind, fault.at = at, fault.persistent = persistent;
    fault.count = fault.fired = fault.harmless = 0;
    fault.code = 0;
}

static inline void fault_disarm(void) { fault.kind = FAULT_NONE; }

static inline bool fault_now(int kind, const char *what) {
    if (fault.kind != kind) return false;
    fault.count++;
    if (fault.count != fault.at && !(fault.persistent && fault.count > fault.at)) return false;
    fault.fired++;
    fault.what = what;
    return true;
}

static bool fault_refuse(void) { return fault_now(FAULT_MEMORY, "alloc"); }

/* System calls. */
int __real_open(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __real_write(int fd, const void *from, size_t size);
int __real_rename(const char *from, const char *to);
int __real_close(int fd);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __wrap_write(int fd, const void *from, size_t size);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_close(int fd);

enum { FAULT_FDS = 1024 };
static struct {
    bool open, written, folder;
} fault_fd[FAULT_FDS];

static inline bool fault_io(const char *what, int code, bool harmless) {
    if (!fault_now(FAULT_IO, what)) return false;
    if (harmless) fault.harmless++;
    else if (!fault.code) fault.code = code;
    errno = code;
    return true;
}

static inline bool fault_interrupt(const char *what) {
    if (!fault_now(FAULT_INTERRUPT, what)) return false;
    errno = EINTR;
    return true;
}

int __wrap_open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    const bool folder = (flags & O_DIRECTORY) != 0; /* the sync of a folder after rename is best effort */
    if (fault_io("open", EACCES, folder) || fault_interrupt("open")) return -1;
    const int fd = __real_open(path, flags, mode);
    if (fd >= 0 && fd < FAULT_FDS) {
        fault_fd[fd].open = true, fault_fd[fd].written = (flags & O_ACCMODE) != O_RDONLY, fault_fd[fd].folder = folder;
        fault.fds++;
    }
    return fd;
}

ssize_t __wrap_read(int fd, void *to, size_t size) {
    if (fault_io("read", EIO, false)) return -1;
    if (fault.kind == FAULT_INTERRUPT && size > 1 && fault.count % 2 == 0) size = (size + 1) / 2;
    return fault_interrupt("read") ? -1 : __real_read(fd, to, size);
}

ssize_t __wrap_write(int fd, const void *from, size_t size) {
    if (fault_io("write", ENOSPC, false)) return -1;
    if (fault.kind == FAULT_INTERRUPT && size > 1 && fault.count % 2 == 0) size = (size + 1) / 2;
    return fault_interrupt("write") ? -1 : __real_write(fd, from, size);
}

int __wrap_fsync(int fd) {
    if (fault_io("fsync", EIO, fd >= 0 && fd < FAULT_FDS && fault_fd[fd].folder)) return -1;
    return fault_interrupt("fsync") ? -1 : 0; /* no power fails in a test; thousands of real ones would take minutes */
}

int __wrap_rename(const char *from, const char *to) { return fault_io("rename", EXDEV, false) ? -1 : __real_rename(from, to); }

/* The descriptor is gone, whatever close says. What was only read from has lost nothing. */
int __wrap_close(int fd) {
    const bool known = fd >= 0 && fd < FAULT_FDS && fault_fd[fd].open;
    const bool failed = fault_io("close", EIO, known && !fault_fd[fd].written) || fault_interrupt("close");
    const int code = errno, result = __real_close(fd);
    if (known) fault_fd[fd].open = false, fault.fds--;
    if (!failed) return result;
    errno = code;
    return -1;
}

/* The reference backend under another name, with slots that fail. */
static inline hn_status frail(const char *what, hn_error *err) {
    if (!fault_now(FAULT_BACKEND, what)) return HN_OK;
    if (err) {
        snprintf(err->message, sizeof err->message, "the device has fallen over in %s", what);
        err->status = HN_E_BACKEND, err->domain = HN_DOMAIN_PLUGIN, err->code = FAULT_CODE;
    }
    return HN_E_BACKEND;
}

#define FRAIL(slot, ...)                            \
    do {                                            \
        const hn_status status_ = frail(#slot, err); \
        return status_ ? status_ : hni_reference_backend()->slot(__VA_ARGS__); \
    } while (0)

static int32_t frail_count(void *user) { return frail("device_count", NULL) ? -1 : hni_reference_backend()->device_count(user); }
static hn_status frail_info(void *user, int32_t index, hn_device_info *out, hn_error *err) { FRAIL(device_info, user, index, out, err); }
static hn_status frail_open(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *err) {
    FRAIL(open, user, index, host, device, err);
}
static hn_status frail_sync(void *device, hn_error *err) { FRAIL(sync, device, err); }
static hn_status frail_alloc(void *device, uint64_t size, void **memory, hn_error *err) { FRAIL(alloc, device, size, memory, err); }
static hn_status frail_upload(void *device, hn_buffer to, const void *from, hn_error *err) { FRAIL(upload, device, to, from, err); }
static hn_status frail_download(void *device, void *to, hn_buffer from, hn_error *err) { FRAIL(download, device, to, from, err); }
static hn_status frail_copy(void *device, hn_buffer to, hn_buffer from, hn_error *err) { FRAIL(copy, device, to, from, err); }
static hn_status frail_fill(void *device, hn_buffer to, uint8_t value, hn_error *err) { FRAIL(fill, device, to, value, err); }
static hn_status frail_supports(void *device, const hn_op_desc *desc, hn_error *err) { FRAIL(supports, device, desc, err); }
static hn_status frail_prepare(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err) {
    FRAIL(prepare, device, desc, op, workspace, err);
}
static hn_status frail_run(void *device, void *op, const hn_op_buffers *buffers, hn_error *err) { FRAIL(run, device, op, buffers, err); }

/* Static: a backend's table outlives every context. */
static inline const hn_backend *frail_backend(void) {
    static hn_backend table;
    table = *hni_reference_backend();
    table.name = "frail";
    table.device_count = frail_count, table.device_info = frail_info, table.open = frail_open, table.sync = frail_sync;
    table.alloc = frail_alloc, table.upload = frail_upload, table.download = frail_download, table.copy = frail_copy, table.fill = frail_fill;
    table.supports = frail_supports, table.prepare = frail_prepare, table.run = frail_run;
    return &table;
}

#endif
