/* group.c - which rows belong to one patient: the caller's pattern on a path.
 *
 * A pattern that does not match leaves the group unknown rather than guessing; the set then carries HN_DATA_GROUPS_UNKNOWN. The
 * regex is the C library's: the one thing in this folder whose memory does not come from the context. */
#include <string.h>

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
    return HN_OK;
}

void hni_group_match(const hni_store *store, const char *name, const char **text, size_t *n) {
    regmatch_t match[2] = {{.rm_so = -1, .rm_eo = -1}, {.rm_so = -1, .rm_eo = -1}};
    *text = "";
    *n = 0;
    if (regexec(&store->pattern, name, 2, match, 0) != 0) return;
    const regmatch_t *m = store->pattern.re_nsub > 0 ? &match[1] : &match[0];
    if (m->rm_so < 0) return;
    *text = name + m->rm_so;
    *n = (size_t)(m->rm_eo - m->rm_so);
}
