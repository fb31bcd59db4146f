/* plugin.c - plug-ins: shared objects that bring a backend.
 *
 * Loaded by absolute path, or found in one folder that the host named or that was compiled in. The working directory, PATH-like variables
 * and the environment are never looked at: loading code is a decision of the host's. A plug-in of the folder that fails is logged and left
 * out, because a broken driver must not take down a program that would run on the CPU. */
#include <string.h>

#include "../base/files.h"
#include "../base/log.h"
#include "../base/memory.h"
#include "../base/status.h"
#include "registry.h"

#ifndef HN_PLUGIN_DIR
#define HN_PLUGIN_DIR "/usr/local/lib/haemnet"
#endif

enum { MAX_PLUGINS = 64 }; /* in the folder; more is a mistake */

hn_status hni_registry_load(hn_context *ctx, const char *path, hn_error *err) {
    if (!path || path[0] != '/')
        return hni_fail(err, HN_E_ARGUMENT, "plug-in \"%s\": give an absolute path, the working directory is never searched",
                        path ? path : "");
    int kind;
    const int number = hni_os_kind(path, &kind);
    if (number != 0)
        return hni_fail_errno(err, number, "cannot open plug-in %s", path);
    if (kind != HNI_OS_FILE)
        return hni_fail(err, HN_E_IO, "plug-in %s is not a file", path);
    char why[256];
    void *library = hni_os_load(path, why, sizeof why);
    if (!library)
        return hni_fail(err, HN_E_IO, "cannot load plug-in %s: %s", path, why);
    void *symbol = hni_os_symbol(library, HN_BACKEND_ENTRY);
    if (!symbol) {
        hni_os_unload(library);
        return hni_fail(err, HN_E_FORMAT, "%s is no backend plug-in: it does not export %s", path, HN_BACKEND_ENTRY);
    }
    hn_backend_entry_fn entry;
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from object to function pointers */
    const hn_status status = hni_registry_insert(ctx, entry(HN_BACKEND_ABI_VERSION), library, path, err);
    if (status != HN_OK)
        hni_os_unload(library);
    return status;
}

/* File names, gathered and sorted: the order of a folder differs from disk to disk, the order of devices must not. */
typedef struct name_list {
    hn_context *ctx;
    char *names[MAX_PLUGINS];
    int count;
    bool out_of_memory;
} name_list;

static int visit(void *user, const char *name) {
    name_list *list = user;
    const size_t length = strlen(name), prefix = strlen("libhaemnet-"), suffix = strlen(".so");
    if (length <= prefix + suffix || strncmp(name, "libhaemnet-", prefix) != 0 || strcmp(name + length - suffix, ".so") != 0)
        return 0;
    if (list->count == MAX_PLUGINS) {
        hni_log_message(list->ctx, HN_LOG_WARNING, "backend", "more than %d plug-ins in the folder; %s is left out", MAX_PLUGINS, name);
        return 0;
    }
    char *copy = hni_strdup(list->ctx, name);
    if (!copy) {
        list->out_of_memory = true;
        return 1;
    }
    int at = list->count++;
    for (; at > 0 && strcmp(list->names[at - 1], copy) > 0; at--)
        list->names[at] = list->names[at - 1];
    list->names[at] = copy;
    return 0;
}

static hn_status load_listed(hn_context *ctx, const char *folder, const char *name, hn_error *err) {
    char *path = hni_path_join(ctx, folder, name);
    if (!path)
        return hni_fail_memory(err, strlen(folder) + strlen(name) + 2, "a plug-in's path");
    hn_error why = {.status = HN_OK};
    const hn_status status = hni_registry_load(ctx, path, &why);
    if (status == HN_OK)
        hni_log_message(ctx, HN_LOG_INFO, "backend", "loaded plug-in %s", path);
    else
        hni_log_message(ctx, HN_LOG_WARNING, "backend", "plug-in left out: %s", why.message);
    hni_free(ctx, path);
    return HN_OK;
}

hn_status hni_plugins_scan(hn_context *ctx, hn_error *err) {
    const char *folder = ctx->plugin_dir ? ctx->plugin_dir : HN_PLUGIN_DIR;
    if (folder[0] == '\0')
        return HN_OK;
    if (folder[0] != '/') {
        hni_log_message(ctx, HN_LOG_WARNING, "backend", "plug-in folder %s is not an absolute path and is not looked at", folder);
        return HN_OK;
    }
    name_list list = {.ctx = ctx};
    const int number = hni_os_list(folder, visit, &list);
    hn_status status = list.out_of_memory ? hni_fail_memory(err, sizeof list, "the list of plug-ins") : HN_OK;
    if (number != 0 && !list.out_of_memory && ctx->plugin_dir) { /* the compiled-in folder need not exist */
        hn_error why = {.status = HN_OK};
        hni_fail_errno(&why, number, "cannot read plug-in folder %s", folder);
        hni_log_message(ctx, HN_LOG_WARNING, "backend", "%s", why.message);
    }
    for (int i = 0; i < list.count; i++) {
        if (status == HN_OK)
            status = load_listed(ctx, folder, list.names[i], err);
        hni_free(ctx, list.names[i]);
    }
    return status;
}
