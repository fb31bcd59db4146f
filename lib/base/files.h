/* files.h - whole files: read with a limit, replaced atomically. */
#ifndef HNI_BASE_FILES_H
#define HNI_BASE_FILES_H

#include "context.h"

/* Reads a whole file. `*bytes` is the caller's, to be freed with hni_free. HN_E_LIMIT over max_bytes, before memory is taken. */
hn_status hni_file_read(hn_context *ctx, const char *path, uint64_t max_bytes, uint8_t **bytes, size_t *size, hn_error *err);

/* Writes the pieces to `path.tmp-…` in the same folder, syncs, renames. On failure the old file is whole and the temporary gone. */
typedef struct hni_piece {
    const void *data;
    size_t size;
} hni_piece;
hn_status hni_file_replace(hn_context *ctx, const char *path, const hni_piece *pieces, size_t count, hn_error *err);

/* "a/b" from "a" and "b"; b alone if it is absolute or a is empty. NULL without memory. hni_free it. */
char *hni_path_join(hn_context *ctx, const char *a, const char *b);
/* The folder part, without the last slash; "" if there is none, "/" for the root. NULL without memory. */
char *hni_path_folder(hn_context *ctx, const char *path);

#endif
