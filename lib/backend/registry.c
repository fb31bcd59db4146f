/* registry.c - the backends of a context, and the flat list of their devices.
 *
 * Belongs to the context and goes with it. Entries are only ever appended, so a device's number stays what it was. The lock guards the
 * list and nothing else: foreign code (a plug-in's score, count, info, open) runs without it, so that it cannot lock us out. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "../base/utf8.h" /* defines: hni_utf8_clean */
#include "registry.h"
#include "spec.h"

enum { MAX_BACKENDS = 64 };

static void free_registry(hn_context *ctx, void *pointer) {
    hni_registry *registry = pointer;
    if (!registry)
        return;
    for (size_t i = registry->count; i-- > 0;) {
        void *library = registry->entries[i]->library;
        hni_free(ctx, registry->entries[i]);
        if (library)
            hni_os_unload(library);
    }
    hni_free(ctx, registry->entries);
    hni_mutex_destroy(&registry->scan);
    hni_mutex_destroy(&registry->lock);
    hni_free(ctx, registry);
}

hn_status hni_registry_create(hn_context *ctx, const hn_backend *const *builtin, int32_t n, hn_error *err) {
    hni_registry *registry = hni_calloc(ctx, 1, sizeof *registry);
    if (!registry)
        return hni_fail_memory(err, sizeof *registry, "the registry of backends");
    if (hni_mutex_init(&registry->lock) != 0) {
        hni_free(ctx, registry);
        return hni_fail_memory(err, sizeof(hni_mutex), "a lock");
    }
    if (hni_mutex_init(&registry->scan) != 0) {
        hni_mutex_destroy(&registry->lock);
        hni_free(ctx, registry);
        return hni_fail_memory(err, sizeof(hni_mutex), "a lock");
    }
    ctx->registry = registry;
    ctx->registry_free = free_registry;
    for (int32_t i = 0; i < n; i++) {
        const hn_status status = hni_registry_insert(ctx, builtin[i], NULL, "a built-in table", err);
        if (status != HN_OK) {
            free_registry(ctx, registry);
            ctx->registry = NULL;
            ctx->registry_free = NULL;
            return status;
        }
    }
    return HN_OK;
}

/* Asks a new backend for what the list needs, once. */
static hn_status ask(hni_entry *entry, const char *origin, hn_error *err) {
    entry->score = entry->table.score(entry->table.user);
    if (entry->score < 0)
        return hni_fail(err, HN_E_BACKEND, "%s: backend %s gives itself the score %d; must be 0 or more", origin, entry->name,
                        entry->score);
    entry->devices = entry->table.device_count(entry->table.user);
    if (entry->devices < 0 || entry->devices > HNI_MAX_DEVICES)
        return hni_fail(err, HN_E_BACKEND, "%s: backend %s says it has %d devices; must be 0 … %d", origin, entry->name, entry->devices,
                        HNI_MAX_DEVICES);
    if (entry->devices == 0)
        entry->score = 0;
    entry->listed = entry->devices == 0 ? 1 : entry->devices;
    return HN_OK;
}

static hn_status append(hn_context *ctx, hni_registry *registry, hni_entry *entry, const char *origin, hn_error *err) {
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->entries[i]->name, entry->name) == 0)
            return hni_fail(err, HN_E_STATE, "%s: a backend named %s is there already; each name is used once in a context", origin,
                            entry->name);
    if (registry->count == MAX_BACKENDS)
        return hni_fail(err, HN_E_STATE, "%s: a context holds at most %d backends", origin, MAX_BACKENDS);
    if (hni_grow(ctx, &registry->entries, &registry->capacity, registry->count + 1, sizeof *registry->entries) != 0)
        return hni_fail_memory(err, sizeof *registry->entries, "the list of backends");
    if (registry->count > 0) {
        const hni_entry *last = registry->entries[registry->count - 1];
        entry->first = last->first + last->listed;
    }
    registry->entries[registry->count++] = entry;
    return HN_OK;
}

hn_status hni_registry_insert(hn_context *ctx, const hn_backend *table, void *library, const char *origin, hn_error *err) {
    hni_registry *registry = ctx->registry;
    if (!registry)
        return hni_fail(err, HN_E_STATE, "this context has no registry of backends");
    hni_entry *entry = hni_calloc(ctx, 1, sizeof *entry);
    if (!entry)
        return hni_fail_memory(err, sizeof *entry, "a backend's entry");
    entry->library = library;
    hn_status status = hni_table_agree(table, origin, entry, err);
    if (status == HN_OK)
        status = ask(entry, origin, err);
    if (status == HN_OK) {
        hni_mutex_lock(&registry->lock);
        status = append(ctx, registry, entry, origin, err);
        hni_mutex_unlock(&registry->lock);
    }
    if (status != HN_OK)
        hni_free(ctx, entry);
    return status;
}

hn_status hni_registry_add(hn_context *ctx, const hn_backend *backend, hn_error *err) {
    return hni_registry_insert(ctx, backend, NULL, "the table given", err);
}

/* Looks through the plug-in folder, once. A failure (no memory) is tried again by the next caller. */
static hn_status scan_once(hn_context *ctx, hn_error *err) {
    hni_registry *registry = ctx->registry;
    if (!registry)
        return hni_fail(err, HN_E_STATE, "this context has no registry of backends");
    hni_mutex_lock(&registry->scan);
    hn_status status = HN_OK;
    if (!registry->scanned) {
        status = hni_plugins_scan(ctx, err);
        registry->scanned = status == HN_OK;
    }
    hni_mutex_unlock(&registry->scan);
    return status;
}

static int32_t count_devices(hni_registry *registry) {
    hni_mutex_lock(&registry->lock);
    const hni_entry *last = registry->count > 0 ? registry->entries[registry->count - 1] : NULL;
    const int32_t count = last ? last->first + last->listed : 0;
    hni_mutex_unlock(&registry->lock);
    return count;
}

hn_status hni_registry_count(hn_context *ctx, int32_t *out, hn_error *err) {
    const hn_status status = scan_once(ctx, err);
    if (status == HN_OK)
        *out = count_devices(ctx->registry);
    return status;
}

hn_status hni_registry_entry(hn_context *ctx, int32_t device, hni_entry **entry, int32_t *index, hn_error *err) {
    const hn_status status = scan_once(ctx, err);
    if (status != HN_OK)
        return status;
    hni_registry *registry = ctx->registry;
    *entry = NULL;
    hni_mutex_lock(&registry->lock);
    for (size_t i = 0; i < registry->count && !*entry; i++) {
        hni_entry *candidate = registry->entries[i];
        if (device >= candidate->first && device < candidate->first + candidate->listed) {
            *entry = candidate;
            *index = device - candidate->first;
        }
    }
    hni_mutex_unlock(&registry->lock);
    if (!*entry)
        return hni_fail(err, HN_E_NOT_FOUND, "no device %d; there are %d, counted from 0", device, count_devices(registry));
    return HN_OK;
}

static bool has_failed(const hni_entry *entry, int32_t index) {
    return (atomic_load(&entry->failed) >> index & 1) != 0;
}

hn_status hni_entry_info(const hni_entry *entry, int32_t index, hn_device_info *out, hn_error *err) {
    hn_device_info info = {.struct_size = sizeof info};
    hn_error theirs = {.status = HN_OK};
    if (entry->devices == 0) {
        snprintf(info.description, sizeof info.description, "no device on this machine");
    } else {
        const hn_status status = entry->table.device_info(entry->table.user, index, &info, &theirs);
        if (status != HN_OK && entry->score > 0)
            return hni_foreign_status(status, &theirs, entry->name, "device_info", err);
        if (status != HN_OK) { /* not usable anyway: the reason is what a user wants to read here */
            hn_error why = {.status = HN_OK};
            hni_foreign_status(status, &theirs, entry->name, "device_info", &why);
            info = (hn_device_info){.flags = 0};
            snprintf(info.description, sizeof info.description, "%.*s", (int)hni_utf8_cut(why.message, sizeof info.description - 1),
                     why.message);
        }
    }
    info.struct_size = sizeof info;
    info.flags &= HN_DEVICE_HOST_MEMORY | HN_DEVICE_DETERMINISTIC;
    info.score = has_failed(entry, index) ? 0 : entry->score;
    info.index = index;
    memset(info.backend, 0, sizeof info.backend);
    memcpy(info.backend, entry->name, strlen(entry->name));
    memset(info.name, 0, sizeof info.name);
    snprintf(info.name, sizeof info.name, "%s:%" PRId32, entry->name, index);
    info.description[sizeof info.description - 1] = '\0';
    hni_utf8_clean(info.description, strlen(info.description));
    *out = info;
    return HN_OK;
}

hn_status hni_registry_info(hn_context *ctx, int32_t device, hn_device_info *out, hn_error *err) {
    hni_entry *entry;
    int32_t index;
    const hn_status status = hni_registry_entry(ctx, device, &entry, &index, err);
    return status == HN_OK ? hni_entry_info(entry, index, out, err) : status;
}

/* The first usable device of the highest score; -1 if there is none. The lock is held. */
static int32_t find_best(const hni_registry *registry) {
    int32_t best = -1, score = 0;
    for (size_t i = 0; i < registry->count; i++) {
        const hni_entry *entry = registry->entries[i];
        for (int32_t k = 0; k < entry->devices && entry->score > score; k++)
            if (!has_failed(entry, k)) {
                best = entry->first + k;
                score = entry->score;
            }
    }
    return best;
}

/* "reference:0, cpu:0, …" for a message. The lock is held. */
static void list_names(const hni_registry *registry, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < registry->count && used + 40 < size; i++) {
        const hni_entry *entry = registry->entries[i];
        const int n = snprintf(text + used, size - used, entry->listed > 1 ? "%s%s:0…%d" : "%s%s:0", i > 0 ? ", " : "", entry->name,
                               entry->listed - 1);
        used += n > 0 ? (size_t)n : 0;
    }
}

static hn_status find_named(const hni_registry *registry, const char *text, const hni_spec *spec, int32_t *device, hn_error *err) {
    char names[160];
    const char *name = spec->name;
    const int32_t index = spec->index;
    const hni_entry *found = NULL;
    for (size_t i = 0; i < registry->count && !found && index >= 0; i++)
        if (strcmp(registry->entries[i]->name, name) == 0)
            found = registry->entries[i];
    if (!found || index >= found->listed) {
        list_names(registry, names, sizeof names);
        return hni_fail(err, HN_E_NOT_FOUND, "no device \"%.32s\"; there are: %s; or say \"best\"", text, names);
    }
    if (found->score == 0) {
        hn_device_info info = {.struct_size = sizeof info};
        const bool told = hni_entry_info(found, index, &info, NULL) == HN_OK && info.description[0] != '\0';
        return hni_fail(err, HN_E_UNAVAILABLE, "device %s:%d cannot be used on this machine%s%s; `best` picks one that can", name, index,
                        told ? ": " : "", told ? info.description : "");
    }
    if (has_failed(found, index))
        return hni_fail(err, HN_E_UNAVAILABLE, "device %s:%d failed its self-test and is not used; `best` picks another", name, index);
    *device = found->first + index;
    return HN_OK;
}

hn_status hni_registry_find(hn_context *ctx, const char *spec, int32_t *device, hn_error *err) {
    hni_spec parsed;
    hn_status status = hni_spec_parse(spec, &parsed, err);
    if (status == HN_OK)
        status = scan_once(ctx, err);
    if (status != HN_OK)
        return status;
    hni_registry *registry = ctx->registry;
    hni_mutex_lock(&registry->lock);
    if (strcmp(parsed.name, "best") == 0 && (!spec || spec[4] != ':')) {
        const int32_t best = find_best(registry);
        if (best < 0)
            status = hni_fail(err, HN_E_UNAVAILABLE, "no device can be used on this machine");
        else
            *device = best;
    } else {
        status = find_named(registry, spec, &parsed, device, err);
    }
    hni_mutex_unlock(&registry->lock);
    return status;
}
