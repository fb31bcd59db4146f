/* negotiate.c - meeting a foreign table: versions, slots, name; and foreign errors.
 *
 * A plug-in was compiled by someone else, perhaps years ago or years from now. Nothing it says is used before it was looked at: the three
 * version numbers first (they stand at the same place in every version), the rest only as far as both sides know it. This protects from
 * mistakes, not from malice: a plug-in is code, and code can do anything. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../base/status.h"
#include "../base/utf8.h" /* defines: hni_utf8_clean */
#include "registry.h"

/* Size of the table of version 1: published, never changes. */
#define TABLE_V1_SIZE (offsetof(hn_backend, replay) + sizeof(((hn_backend *)0)->replay))

static hn_status check_versions(const hn_backend *theirs, const char *origin, hn_error *err) {
    if (theirs->struct_size < TABLE_V1_SIZE)
        return hni_fail(err, HN_E_ABI, "%s: the table has %u bytes, version 1 has %zu; rebuild it with this library's haemnet/backend.h",
                        origin, theirs->struct_size, TABLE_V1_SIZE);
    if (theirs->abi_version < 1 || theirs->min_abi_version < 1 || theirs->min_abi_version > theirs->abi_version)
        return hni_fail(err, HN_E_ABI, "%s: abi_version %u and min_abi_version %u: both must be 1 or more, the second not above the first",
                        origin, theirs->abi_version, theirs->min_abi_version);
    if (theirs->min_abi_version > HN_BACKEND_ABI_VERSION)
        return hni_fail(err, HN_E_ABI, "%s needs a host of backend version %u, this library has %d; use a newer library",
                        origin, theirs->min_abi_version, HN_BACKEND_ABI_VERSION);
    return HN_OK;
}

static hn_status take_name(const char *theirs, const char *origin, char name[32], hn_error *err) {
    const size_t length = theirs ? strnlen(theirs, 32) : 0;
    bool good = length >= 1 && length <= 31;
    for (size_t i = 0; good && i < length; i++)
        good = (theirs[i] >= 'a' && theirs[i] <= 'z') || (theirs[i] >= '0' && theirs[i] <= '9') || theirs[i] == '_' || theirs[i] == '-';
    if (!good || (length == 4 && memcmp(theirs, "best", 4) == 0)) /* "best" asks for the best device */
        return hni_fail(err, HN_E_BACKEND, "%s: the backend's name must be 1 to 31 of a-z 0-9 _ - and not \"best\"", origin);
    memset(name, 0, 32);
    memcpy(name, theirs, length);
    return HN_OK;
}

#define SLOT(name) {#name, offsetof(hn_backend, name)}

/* The first required slot that is empty; NULL if none is. */
static const char *missing_slot(const hn_backend *table) {
    static const struct {
        const char *name;
        size_t offset;
    } required[] = {SLOT(score), SLOT(device_count), SLOT(device_info), SLOT(open), SLOT(close),    SLOT(sync),    SLOT(alloc), SLOT(free),
                    SLOT(upload), SLOT(download),    SLOT(copy),        SLOT(fill), SLOT(supports), SLOT(prepare), SLOT(run),
                    SLOT(release)};
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        void (*slot)(void);
        memcpy(&slot, (const char *)table + required[i].offset, sizeof slot);
        if (!slot)
            return required[i].name;
    }
    return NULL;
}

hn_status hni_table_agree(const hn_backend *theirs, const char *origin, hni_entry *entry, hn_error *err) {
    if (!theirs)
        return hni_fail(err, HN_E_ABI, "%s gives no table for a host of backend version %d", origin, HN_BACKEND_ABI_VERSION);
    hn_status status = check_versions(theirs, origin, err);
    if (status != HN_OK)
        return status;
    hn_backend *agreed = &entry->table;
    memset(agreed, 0, sizeof *agreed);
    memcpy(agreed, theirs, TABLE_V1_SIZE); /* a larger table is used as version 1: what comes after, we do not know */
    agreed->struct_size = TABLE_V1_SIZE;
    if (agreed->abi_version > HN_BACKEND_ABI_VERSION)
        agreed->abi_version = HN_BACKEND_ABI_VERSION;
    else if (agreed->flags != 0)
        return hni_fail(err, HN_E_BACKEND, "%s: flags are %#x, version 1 has none; set 0", origin, agreed->flags);
    agreed->flags = 0;
    status = take_name(theirs->name, origin, entry->name, err);
    if (status != HN_OK)
        return status;
    agreed->name = entry->name;
    const char *missing = missing_slot(agreed);
    if (missing)
        return hni_fail(err, HN_E_BACKEND, "%s: backend %s lacks the slot %s, which is not optional", origin, entry->name, missing);
    const int captures = (agreed->capture_begin != NULL) + (agreed->capture_end != NULL) + (agreed->replay != NULL);
    if (captures != 0 && captures != 3)
        return hni_fail(err, HN_E_BACKEND, "%s: backend %s has %d of capture_begin, capture_end and replay; give all three or none", origin,
                        entry->name, captures);
    return HN_OK;
}

hn_status hni_foreign_status(hn_status status, const hn_error *theirs, const char *who, const char *what, hn_error *err) {
    if (status == HN_OK)
        return HN_OK;
    if (status > 0 || status < HN_E_INTERNAL)
        status = HN_E_BACKEND;
    char text[sizeof theirs->message];
    memcpy(text, theirs->message, sizeof text);
    text[sizeof text - 1] = '\0';
    hni_utf8_clean(text, strlen(text));
    if (text[0] == '\0')
        snprintf(text, sizeof text, "%s: %s failed and the backend gave no reason", who, what);
    return hni_fail_code(err, status, theirs->domain, theirs->code, "%s", text);
}
