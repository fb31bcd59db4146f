/* group.c - which rows belong to one patient: the caller's pattern on a file name, or else on the path below the data.
 *
 * The file name comes first since that is what users mean by ^; the folders above the data are never looked at, so how a user
 * spells the way to the data changes nothing.
 * A pattern that does not match leaves the group unknown rather than guessing; the set then carries HN_DATA_GROUPS_UNKNOWN. The
 * regex is the C library's: the one thing in this folder whose memory does not come from the context. */
#include <string.h>

#include "../base/log.h"
#include "../base/status.h"
#include "dataset.h"

enum { PATTERN_BYTES = 1024 };

hn_status hni_group_compile(hni_store *store, const char *pattern, hn_error *err) {
    store->group_mode = HNI_GROUP_COLUMN;
    if (!pattern) return HN_OK;
    if (strcmp(pattern, "none") == 0) {
        store->group_mode = HNI_GROUP_NONE;
        return HN_OK;
    }
    if (!*pattern || strlen(pattern) > PATTERN_BYTES)
        return hni_fail(err, HN_E_ARGUMENT, "group_pattern must have 1 to %d bytes; NULL or \"none\" for no pattern", PATTERN_BYTES);
    int code = regcomp(&store->pattern, pattern, REG_EXTENDED);
    if (code == REG_ESPACE) return hni_fail_memory(err, strlen(pattern), "a group pattern");
    if (code != 0) {
        char why[96];
        regerror(code, &store->pattern, why, sizeof why);
        return hni_fail(err, HN_E_ARGUMENT, "group_pattern %.100s is no POSIX extended regular expression: %s", pattern, why);
    }
    store->group_mode = HNI_GROUP_PATTERN;
    store->pattern_text = hni_names_keep(&store->names, pattern, strlen(pattern));
    return store->pattern_text ? HN_OK : hni_fail_memory(err, strlen(pattern) + 1, "a group pattern");
}

void hni_group_match(const hni_store *store, const char *name, const char **text, size_t *n) {
    regmatch_t match[2] = {{.rm_so = -1, .rm_eo = -1}, {.rm_so = -1, .rm_eo = -1}};
    *text = "";
    *n = 0;
    const char *slash = strrchr(name, '/');
    const char *looked_at = slash ? slash + 1 : name;
    if (regexec(&store->pattern, looked_at, 2, match, 0) != 0) {
        looked_at = name;
        if (!slash || regexec(&store->pattern, looked_at, 2, match, 0) != 0) return;
    }
    const regmatch_t *m = store->pattern.re_nsub > 0 ? &match[1] : &match[0];
    if (m->rm_so < 0) return;
    *text = looked_at + m->rm_so;
    *n = (size_t)(m->rm_eo - m->rm_so);
}

hn_status hni_group_check(hni_store *store, hn_error *err) {
    size_t files = 0, unknown = 0;
    const hni_row *first = NULL;
    if (store->group_mode != HNI_GROUP_PATTERN) return HN_OK;
    for (size_t i = 0; i < store->n_rows; i++) {
        const hni_row *r = &store->rows[i];
        if (!*r->path) continue; /* images in memory have no name to match */
        files++;
        unknown += r->group == 0;
        if (!first) first = r;
    }
    if (files > 0 && unknown == files)
        return hni_fail(err, HN_E_DATA,
                        "the group pattern %.100s matches none of the %zu file names (first: %.200s): correct it, or leave it out",
                        store->pattern_text, files, first->path + first->name_at);
    hni_mutex_lock(&store->lock);
    bool tell = unknown > 0 && !store->unknown_told;
    if (tell) store->unknown_told = true;
    hni_mutex_unlock(&store->lock);
    if (tell)
        hni_log_message(store->ctx, HN_LOG_WARNING, "data",
                        "the group pattern %.100s does not match %zu of %zu file names: their patients are not known", store->pattern_text, unknown, files);
    return HN_OK;
}
