/* registry.h - what the files of this room share: entries of the registry, the check of tables, and foreign errors. */
#ifndef HNI_BACKEND_REGISTRY_H
#define HNI_BACKEND_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "backend.h"

#define HNI_MAX_DEVICES 64 /* of one backend; also the bits of hni_entry.failed */

/* One backend. Never changed or moved once it is in the list, but for `failed`; gone only with the context: a pointer may be used
 * without the lock. */
typedef struct hni_entry {
    hn_backend table;            /* the agreed part; table.name points at name */
    char name[32];
    void *library;               /* from hni_os_load; NULL = compiled in, or the host program's own */
    int32_t score;               /* as it was when the backend was added: a number that changes would make "best" a lottery */
    int32_t devices;             /* that it has */
    int32_t listed;              /* that are shown: at least 1, so that a user sees the backend and why it cannot be used */
    int32_t first;               /* number of its first device in the flat list */
    atomic_uint_fast64_t failed; /* bit i: device i failed the self-test and is not used */
} hni_entry;

/* Numbers of the flat list are stable: entries are only ever appended. */
typedef struct hni_registry {
    hni_mutex lock; /* of entries; never held while foreign code runs */
    hni_mutex scan; /* held while the plug-in folder is looked through, so that a second caller sees the whole list */
    bool scanned;   /* guarded by scan */
    hni_entry **entries;
    size_t count, capacity;
} hni_registry;

/* negotiate.c: checks a table and copies the part that both sides know. `origin` names it in messages: a path, or "the table". */
hn_status hni_table_agree(const hn_backend *theirs, const char *origin, hni_entry *entry, hn_error *err);

/* negotiate.c: what foreign code answered, made ours: a positive or unknown status becomes HN_E_BACKEND; `theirs` is terminated and
 * cleaned, or replaced by "WHO: WHAT failed without a reason" when empty. err may be NULL. */
hn_status hni_foreign_status(hn_status status, const hn_error *theirs, const char *who, const char *what, hn_error *err);

/* registry.c */
hn_status hni_registry_insert(hn_context *ctx, const hn_backend *table, void *library, const char *origin, hn_error *err);
hn_status hni_registry_entry(hn_context *ctx, int32_t device, hni_entry **entry, int32_t *index, hn_error *err);
hn_status hni_entry_info(const hni_entry *entry, int32_t index, hn_device_info *out, hn_error *err);

/* plugin.c: loads every libhaemnet-*.so of the context's folder; a failing one is logged and left out. HN_E_MEMORY only. */
hn_status hni_plugins_scan(hn_context *ctx, hn_error *err);

/* device.c: hni_device_open, but also of a device that failed the self-test: it may be tested again. */
hn_status hni_device_open_any(hn_context *ctx, int32_t device, hni_device **out, hn_error *err);

#endif
