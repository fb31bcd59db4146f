/* os.h - all that an operating system differs in: threads, files, folders, time, shared objects. os_posix.c implements it. */
#ifndef HNI_BASE_OS_H
#define HNI_BASE_OS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef pthread_mutex_t hni_mutex;
typedef pthread_cond_t hni_cond;
typedef pthread_t hni_thread;

/* All return 0 or an errno value unless they say otherwise. Interrupted system calls are retried. */
int hni_mutex_init(hni_mutex *m);
void hni_mutex_destroy(hni_mutex *m);
void hni_mutex_lock(hni_mutex *m);
bool hni_mutex_trylock(hni_mutex *m);
void hni_mutex_unlock(hni_mutex *m);
int hni_cond_init(hni_cond *c);
void hni_cond_destroy(hni_cond *c);
void hni_cond_wait(hni_cond *c, hni_mutex *m);
void hni_cond_broadcast(hni_cond *c);
int hni_thread_start(hni_thread *t, void *(*run)(void *), void *arg); /* all signals are blocked in it: they belong to the host */
void hni_thread_join(hni_thread t);
int hni_core_count(void); /* usable by this process, ≥ 1 */
double hni_seconds(void); /* monotonic, s */

typedef int hni_fd; /* an open file */
int hni_os_open_read(const char *path, hni_fd *out);
int hni_os_create(const char *path, hni_fd *out);        /* new file, mode 0666 less umask; fails if it exists */
int hni_os_size(hni_fd fd, uint64_t *out);               /* EISDIR for a folder, EINVAL for what is no regular file */
int hni_os_read(hni_fd fd, void *dst, size_t size, size_t *got); /* until size or end of file */
int hni_os_write(hni_fd fd, const void *src, size_t size);       /* all of it or an error */
int hni_os_sync(hni_fd fd);
int hni_os_close(hni_fd fd);
int hni_os_rename(const char *from, const char *to); /* replaces */
int hni_os_sync_folder(const char *path);            /* of the folder that holds path; best effort */
int hni_os_remove(const char *path);
uint32_t hni_os_process_id(void);

enum { HNI_OS_FILE = 1, HNI_OS_FOLDER = 2, HNI_OS_OTHER = 3 };
int hni_os_kind(const char *path, int *kind);
int hni_os_identity(const char *path, uint64_t id[2]); /* the same for two paths to one file or folder; links are followed */
/* Calls visit(user, name) for each entry but "." and ".."; a non-zero answer stops and is returned. */
int hni_os_list(const char *path, int (*visit)(void *user, const char *name), void *user);

void *hni_os_load(const char *path, char *why, size_t why_size); /* a shared object, symbols local; NULL: why says it */
void *hni_os_symbol(void *library, const char *name);
void hni_os_unload(void *library);

#endif
