/* os_posix.c - what an operating system differs in, as POSIX has it: threads, files, folders, time, shared objects.
 *
 * Thin on purpose: an errno value comes out, its text and the advice are the callers' part. Interrupted calls are retried and short
 * reads and writes continued here, so that nobody above has to know. Tests put their own open, read, write, fsync, rename and close
 * in front of libc's: exactly those are called. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os.h"

int hni_mutex_init(hni_mutex *m) {
    return pthread_mutex_init(m, NULL);
}

void hni_mutex_destroy(hni_mutex *m) {
    pthread_mutex_destroy(m);
}

void hni_mutex_lock(hni_mutex *m) {
    pthread_mutex_lock(m);
}

bool hni_mutex_trylock(hni_mutex *m) {
    return pthread_mutex_trylock(m) == 0;
}

void hni_mutex_unlock(hni_mutex *m) {
    pthread_mutex_unlock(m);
}

int hni_cond_init(hni_cond *c) {
    return pthread_cond_init(c, NULL);
}

void hni_cond_destroy(hni_cond *c) {
    pthread_cond_destroy(c);
}

void hni_cond_wait(hni_cond *c, hni_mutex *m) {
    pthread_cond_wait(c, m);
}

void hni_cond_broadcast(hni_cond *c) {
    pthread_cond_broadcast(c);
}

int hni_thread_start(hni_thread *t, void *(*run)(void *), void *arg) {
    /* A thread inherits its maker's mask, so the mask is set around the start. The host's signals never arrive in it; those that
     * the thread's own instructions raise stay open, or the host's crash reporter would not hear of them. */
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        sigdelset(&blocked, own[i]);
    int failed = pthread_sigmask(SIG_SETMASK, &blocked, &before);
    if (failed)
        return failed;
    failed = pthread_create(t, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

void hni_thread_join(hni_thread t) {
    pthread_join(t, NULL);
}

int hni_core_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    const long n = sysconf(_SC_NPROCESSORS_ONLN); /* more cores than a cpu_set_t holds */
    return n < 1 ? 1 : n > 1024 ? 1024 : (int)n;
}

double hni_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Why the last call failed; never 0, which would read as success. */
static int why(void) {
    return errno ? errno : EIO;
}

static int open_retried(const char *path, int flags, hni_fd *out) {
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return why();
    *out = fd;
    return 0;
}

int hni_os_open_read(const char *path, hni_fd *out) {
    return open_retried(path, O_RDONLY | O_NONBLOCK, out); /* non-blocking: opening a named pipe must not hang */
}

int hni_os_create(const char *path, hni_fd *out) {
    return open_retried(path, O_WRONLY | O_CREAT | O_EXCL, out);
}

int hni_os_size(hni_fd fd, uint64_t *out) {
    struct stat info;
    if (fstat(fd, &info) != 0)
        return why();
    if (S_ISDIR(info.st_mode))
        return EISDIR;
    if (!S_ISREG(info.st_mode) || info.st_size < 0)
        return EINVAL;
    *out = (uint64_t)info.st_size;
    return 0;
}

int hni_os_read(hni_fd fd, void *dst, size_t size, size_t *got) {
    size_t done = 0;
    while (done < size) {
        const size_t want = size - done < 0x40000000 ? size - done : 0x40000000; /* Linux gives 2 GiB at most anyway */
        const ssize_t n = read(fd, (char *)dst + done, want);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return why();
        }
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *got = done;
    return 0;
}

int hni_os_write(hni_fd fd, const void *src, size_t size) {
    size_t done = 0;
    while (done < size) {
        const size_t want = size - done < 0x40000000 ? size - done : 0x40000000;
        const ssize_t n = write(fd, (const char *)src + done, want);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return why();
        }
        if (n == 0)
            return EIO; /* POSIX does not allow it for files; looping would hang */
        done += (size_t)n;
    }
    return 0;
}

int hni_os_sync(hni_fd fd) {
    int failed;
    do
        failed = fsync(fd);
    while (failed != 0 && errno == EINTR);
    return failed ? why() : 0;
}

int hni_os_close(hni_fd fd) {
    /* Interrupted or not, Linux has let the descriptor go: a second close could hit another thread's file. */
    return close(fd) == 0 || errno == EINTR ? 0 : why();
}

int hni_os_rename(const char *from, const char *to) {
    return rename(from, to) == 0 ? 0 : why();
}

int hni_os_sync_folder(const char *path) {
    char folder[4096];
    const char *slash = strrchr(path, '/');
    const size_t length = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (length >= sizeof folder)
        return ENAMETOOLONG;
    memcpy(folder, path, length);
    folder[length] = '\0';
    hni_fd fd;
    const int failed = open_retried(length ? folder : ".", O_RDONLY | O_DIRECTORY, &fd);
    if (failed)
        return failed;
    const int sync_failed = hni_os_sync(fd), close_failed = hni_os_close(fd);
    return sync_failed ? sync_failed : close_failed;
}

int hni_os_remove(const char *path) {
    return unlink(path) == 0 ? 0 : why();
}

uint32_t hni_os_process_id(void) {
    return (uint32_t)getpid();
}

int hni_os_kind(const char *path, int *kind) {
    struct stat info;
    int failed;
    do
        failed = stat(path, &info);
    while (failed != 0 && errno == EINTR);
    if (failed)
        return why();
    *kind = S_ISREG(info.st_mode) ? HNI_OS_FILE : S_ISDIR(info.st_mode) ? HNI_OS_FOLDER : HNI_OS_OTHER;
    return 0;
}

int hni_os_identity(const char *path, uint64_t id[2]) {
    struct stat info;
    int failed;
    do
        failed = stat(path, &info);
    while (failed != 0 && errno == EINTR);
    if (failed)
        return why();
    id[0] = (uint64_t)info.st_dev;
    id[1] = (uint64_t)info.st_ino;
    return 0;
}

int hni_os_list(const char *path, int (*visit)(void *user, const char *name), void *user) {
    DIR *folder;
    do
        folder = opendir(path);
    while (!folder && errno == EINTR);
    if (!folder)
        return why();
    int result = 0;
    while (result == 0) {
        errno = 0; /* NULL means either the end or a failure: errno tells them apart */
        const struct dirent *entry = readdir(folder);
        if (!entry) {
            result = errno;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = visit(user, entry->d_name);
    }
    closedir(folder);
    return result;
}

/* A shared object of the process has a path; the program itself and the kernel's own page have none. */
static int has_path(struct dl_phdr_info *info, size_t size, void *user) {
    (void)size, (void)user;
    return info->dlpi_name && strchr(info->dlpi_name, '/') != NULL;
}

void *hni_os_load(const char *path, char *reason, size_t reason_size) {
    /* A program that is linked wholly statically would get a second C library with the plug-in, and crash in it. */
    if (!dl_iterate_phdr(has_path, NULL)) {
        if (reason_size > 0)
            snprintf(reason, reason_size, "this program is linked statically and cannot load shared objects");
        return NULL;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library && reason_size > 0) {
        const char *text = dlerror();
        snprintf(reason, reason_size, "%s", text ? text : "unknown reason");
    }
    return library;
}

void *hni_os_symbol(void *library, const char *name) {
    return dlsym(library, name);
}

void hni_os_unload(void *library) {
    if (library)
        dlclose(library);
}
