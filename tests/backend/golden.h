/* golden.h - reads tests/golden/operators.txt (its generator says how it is laid out): one operator with inputs and outputs at a time. */
#ifndef HAEMNET_TEST_BACKEND_GOLDEN_H
#define HAEMNET_TEST_BACKEND_GOLDEN_H

#include "../test.h"
#include "host.h"

enum { MAX_LINE = 65536 };

/* One case of tests/golden/operators.txt. Tensors are of the sizes that desc says; NULL where left out. */
typedef struct golden {
    char name[128];
    hn_op_desc desc;
    void *in[HN_OP_MAX_TENSORS], *out[HN_OP_MAX_TENSORS];
} golden;

static inline void golden_free(golden *g) {
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        free(g->in[i]);
        free(g->out[i]);
    }
    memset(g, 0, sizeof *g);
}

static inline void *new_tensor(const hn_tensor_desc *t) {
    void *data = host_alloc(NULL, (size_t)hni_tensor_bytes(t));
    ck_assert_ptr_nonnull(data);
    memset(data, 0, (size_t)hni_tensor_bytes(t));
    return data;
}

static inline void set_number(void *data, int32_t dtype, int64_t i, double value) {
    if (dtype == HN_DTYPE_F32)
        ((float *)data)[i] = (float)value;
    else if (dtype == HN_DTYPE_F64)
        ((double *)data)[i] = value;
    else if (dtype == HN_DTYPE_U8)
        ((uint8_t *)data)[i] = (uint8_t)value;
    else if (dtype == HN_DTYPE_I32)
        ((int32_t *)data)[i] = (int32_t)value;
    else
        ((uint32_t *)data)[i] = (uint32_t)value;
}

/* "f32 2 3 : v v v v v v", or "none". */
static inline void read_tensor(char *text, hn_tensor_desc *t, void **data) {
    static const char *const names[] = {"", "f32", "f64", "u8", "i32", "u32"};
    *t = (hn_tensor_desc){0};
    *data = NULL;
    char *word = strtok(text, " \n");
    if (strcmp(word, "none") == 0)
        return;
    int64_t dims[4] = {1, 1, 1, 1};
    int32_t rank = 0, dtype = 1;
    while (strcmp(word, names[dtype]) != 0)
        ck_assert_int_lt(++dtype, 6);
    for (word = strtok(NULL, " \n"); *word != ':'; word = strtok(NULL, " \n"))
        dims[rank++] = strtoll(word, NULL, 10);
    *t = hni_tensor(dtype, rank, dims[0], dims[1], dims[2], dims[3]);
    *data = new_tensor(t);
    for (int64_t i = 0; i < hni_tensor_elements(t); i++) {
        word = strtok(NULL, " \n");
        ck_assert_ptr_nonnull(word);
        set_number(*data, dtype, i, strtod(word, NULL));
    }
    ck_assert_ptr_null(strtok(NULL, " \n"));
}

static inline void read_pair(int32_t pair[2]) {
    for (int i = 0; i < 2; i++)
        pair[i] = (int32_t)strtol(strtok(NULL, " \n"), NULL, 10);
}

static inline int32_t read_int(void) {
    return (int32_t)strtol(strtok(NULL, " \n"), NULL, 10);
}

static inline double read_double(void) {
    return strtod(strtok(NULL, " \n"), NULL);
}

static inline void read_field(char *text, hn_op_desc *d) {
    const char *key = strtok(text, " \n");
    if (!strcmp(key, "kind")) d->kind = read_int();
    else if (!strcmp(key, "kernel")) read_pair(d->kernel);
    else if (!strcmp(key, "stride")) read_pair(d->stride);
    else if (!strcmp(key, "padding")) read_pair(d->padding);
    else if (!strcmp(key, "extra_padding")) read_pair(d->extra_padding);
    else if (!strcmp(key, "dilation")) read_pair(d->dilation);
    else if (!strcmp(key, "groups")) d->groups = read_int();
    else if (!strcmp(key, "activation")) d->activation = read_int();
    else if (!strcmp(key, "exclude_padding")) d->exclude_padding = read_int();
    else if (!strcmp(key, "pool")) d->pool = read_int();
    else if (!strcmp(key, "optimizer")) d->optimizer = read_int();
    else if (!strcmp(key, "positive")) d->positive = read_int();
    else if (!strcmp(key, "stream")) d->stream = (uint32_t)read_double();
    else if (!strcmp(key, "epsilon")) d->epsilon = read_double();
    else if (!strcmp(key, "momentum")) d->momentum = read_double();
    else if (!strcmp(key, "rate")) d->rate = read_double();
    else if (!strcmp(key, "threshold")) d->threshold = read_double();
    else if (!strcmp(key, "smoothing")) d->smoothing = read_double();
    else if (!strcmp(key, "focal")) d->focal = read_double();
    else ck_abort_msg("unknown field %s in the golden file", key);
}

/* Reads the file and calls visit for each case; gives their number. */
static inline int each_golden(void (*visit)(const golden *g)) {
    static char line[MAX_LINE];
    FILE *file = fopen(GOLDEN("operators.txt"), "r");
    ck_assert_msg(file != NULL, "cannot open %s", GOLDEN("operators.txt"));
    golden g = {.desc.struct_size = sizeof(hn_op_desc)};
    int count = 0;
    bool more = true;
    while (more) {
        more = fgets(line, sizeof line, file) != NULL;
        if (!more || strncmp(line, "case ", 5) == 0) {
            if (g.desc.kind) {
                visit(&g);
                count++;
            }
            golden_free(&g);
            g.desc.struct_size = sizeof(hn_op_desc);
            if (more)
                snprintf(g.name, sizeof g.name, "%.*s", (int)strcspn(line + 5, "\n"), line + 5);
        } else if (strncmp(line, "set ", 4) == 0)
            read_field(line + 4, &g.desc);
        else if (strncmp(line, "in ", 3) == 0) {
            read_tensor(line + 3, &g.desc.in[g.desc.n_in], &g.in[g.desc.n_in]);
            g.desc.n_in++;
        } else if (strncmp(line, "out ", 4) == 0) {
            read_tensor(line + 4, &g.desc.out[g.desc.n_out], &g.out[g.desc.n_out]);
            g.desc.n_out++;
        }
    }
    fclose(file);
    return count;
}

#endif
