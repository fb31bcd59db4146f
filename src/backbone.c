/* backbone.c - a model that begins with the weights of a file, but for its last layer; and what becomes of each tensor, for people. */
#include <string.h>

#include "program.h"

static void print_shape(FILE *out, const char *before, int32_t rank, const int64_t *shape) {
    fprintf(out, "%s[", before);
    for (int32_t i = 0; i < rank; i++) fprintf(out, "%s%lld", i ? ", " : "", (long long)shape[i]);
    fprintf(out, "]");
}

/* What was taken as it is need not be read one by one. */
static void print_lines(const hn_transfer *transfer) {
    static const char *const words[] = {"",        "taken",   "converted", "adapted", "new",
                                        "ignored", "missing", "misfit",    "unexpected"};
    hn_transfer_line line = {.struct_size = sizeof line};
    for (int32_t i = 0; !hn_transfer_get_line(transfer, i, &line, NULL); i++) {
        if (line.what <= HN_TENSOR_CONVERTED || line.what == HN_TENSOR_IGNORED || line.what > HN_TENSOR_UNEXPECTED) continue;
        fprintf(stderr, "  %-10s  %s", words[line.what], line.name);
        if (line.rank >= 0) print_shape(stderr, " ", line.rank, line.shape);
        if (line.file_rank >= 0) print_shape(stderr, line.rank >= 0 ? ", in the file " : " ", line.file_rank, line.file_shape);
        if (line.file_rank >= 0 && strcmp(line.type, "F32")) fprintf(stderr, " %s", line.type);
        fprintf(stderr, "\n");
    }
}

hn_status begin_with(hn_context *ctx, const char *path, const char *preset, const hn_model_options *options, bool partial, hn_model **out,
                     hn_error *err) {
    hn_transfer *transfer = NULL;
    hn_transfer_info info = {.struct_size = sizeof info};
    hn_status status = hn_transfer_create(ctx, path, preset, options, &transfer, err);
    if (status) return status;
    status = hn_transfer_model(transfer, partial ? HN_TRANSFER_PARTIAL : 0, out, err);
    if ((status || !quiet) && !hn_transfer_get_info(transfer, &info, NULL)) {
        fprintf(stderr, "%s: %d tensors taken, %d of another float type, %d adapted, %d new, %d left out; %d missing, %d misfits, %d unexpected\n", path,
                info.taken, info.converted, info.adapted, info.new_head, info.ignored, info.missing, info.mismatch, info.unexpected);
        print_lines(transfer);
    }
    hn_transfer_free(transfer);
    return status;
}
