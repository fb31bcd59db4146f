/* metadata.c - what a model says of itself: the metadata of its file, whole or by member. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

char *metadata_of(const hn_model *model, hn_error *err) {
    size_t need = 0;
    hn_error unsaid = {0};
    if (!err) err = &unsaid;
    if (hn_model_metadata(model, NULL, 0, &need, err)) return NULL;
    char *text = malloc(need);
    if (!text) {
        *err = (hn_error){.status = HN_E_MEMORY, .message = "out of memory"};
        return NULL;
    }
    if (!hn_model_metadata(model, text, need, &need, err)) return text;
    free(text);
    return NULL;
}

/* The '}' that belongs to the '{' at the beginning; the text is JSON of the library's. */
static const char *end_of_object(const char *at) {
    int depth = 0;
    for (bool quoted = false; *at; at++) {
        if (quoted && *at == '\\')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && *at == '{')
            depth++;
        else if (!quoted && *at == '}' && !--depth)
            return at;
    }
    return NULL;
}

hn_status write_metadata_object(FILE *out, const hn_model *model, const char *name, hn_error *err) {
    char key[64], *text = metadata_of(model, err);
    if (!text) return err->status;
    snprintf(key, sizeof key, "\"%s\":{", name); /* no string holds it: a quote in one has a backslash before it */
    const char *begin = strstr(text, key), *end = begin ? end_of_object(begin += strlen(key) - 1) : NULL;
    if (end)
        fwrite(begin, 1, (size_t)(end - begin) + 1, out);
    else
        fputs("null", out);
    free(text);
    return HN_OK;
}
