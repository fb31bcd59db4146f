/* devices.h - a context with a registry for the tests of this folder, whose log and memory the test can look at. */
#ifndef HAEMNET_TEST_BACKEND_DEVICES_H
#define HAEMNET_TEST_BACKEND_DEVICES_H

#include <stdatomic.h>
#include <stdbool.h>

#include "../host.h"
#include "../test.h"
#include "backend/backend.h"

/* The last lines of the log, and how many there were. */
typedef struct log_lines {
    int count;
    char text[2048]; /* all of them, one after another, until it is full */
} log_lines;

static inline void take_line(void *user, int32_t level, const char *component, const char *message) {
    log_lines *lines = user;
    (void)level;
    lines->count++;
    const size_t used = strlen(lines->text);
    snprintf(lines->text + used, sizeof lines->text - used, "%s: %s\n", component, message);
}

/* Memory that fails at the n-th request and counts what is out. */
typedef struct failing_memory {
    atomic_long requests, live; /* of several threads */
    long fail_at;               /* 0 = never */
} failing_memory;

static inline void *failing_alloc(void *user, size_t size, size_t alignment) {
    failing_memory *m = user;
    if (++m->requests == m->fail_at)
        return NULL;
    m->live++;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static inline void failing_free(void *user, void *ptr, size_t size, size_t alignment) {
    failing_memory *m = user;
    (void)size, (void)alignment;
    m->live--;
    free(ptr);
}

/* A context with the reference backend alone, whatever else the library brings. plugin_dir "" = none. */
static inline hn_status make_context(const char *plugin_dir, log_lines *log, const hn_allocator *allocator, hn_context **out,
                                     hn_error *err) {
    hn_context_options options = {.struct_size = sizeof options, .threads = 2, .allocator = allocator, .plugin_dir = plugin_dir,
                                        .log = log ? take_line : NULL, .log_user = log, .log_level = HN_LOG_INFO};
    test_host_apply(&options);
    hn_status status = hni_context_create(&options, out, err);
    if (status != HN_OK)
        return status;
    const hn_backend *const builtin[] = {hni_reference_backend()};
    status = hni_registry_create(*out, builtin, 1, err);
    if (status != HN_OK) {
        hn_context_free(*out);
        *out = NULL;
    }
    return status;
}

/* FOLDER/NAME.so, FOLDER from the environment; NULL where it is not set. */
static inline const char *plugin_path(const char *variable, const char *name) {
    static char path[4096];
    const char *folder = getenv(variable);
    if (!folder || !*folder)
        return NULL;
    if (folder[0] == '/') {
        snprintf(path, sizeof path, "%s/%s.so", folder, name);
    } else { /* make gives a path relative to the project's root, the library wants an absolute one */
        char here[2048];
        snprintf(path, sizeof path, "%s/%s/%s.so", getcwd(here, sizeof here) ? here : "", folder, name);
    }
    return path;
}

#endif
