/* tensor.c - a tensor's description: sizes, and its shape as text.
 *
 * Pure arithmetic over numbers that a file or a caller may have made up, so every product is checked and a bad description gives -1
 * instead of a small, wrong size. Not here: what an operator wants of its tensors (rules.h). */
#include <inttypes.h>
#include <stdio.h>

#include "op.h"

size_t hni_dtype_size(int32_t dtype) {
    switch (dtype) {
    case HN_DTYPE_F32:
    case HN_DTYPE_I32:
    case HN_DTYPE_U32:
        return 4;
    case HN_DTYPE_F64:
        return 8;
    case HN_DTYPE_U8:
        return 1;
    default:
        return 0;
    }
}

int64_t hni_tensor_elements(const hn_tensor_desc *t) {
    if (t->rank == 0)
        return 0;
    if (t->rank < 0 || t->rank > 4)
        return -1;
    int64_t product = 1;
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] < 1 || __builtin_mul_overflow(product, t->dims[i], &product))
            return -1;
    return product;
}

int64_t hni_tensor_bytes(const hn_tensor_desc *t) {
    const int64_t elements = hni_tensor_elements(t), size = (int64_t)hni_dtype_size(t->dtype);
    if (elements <= 0)
        return elements;
    int64_t bytes;
    return size == 0 || __builtin_mul_overflow(elements, size, &bytes) ? -1 : bytes;
}

hn_tensor_desc hni_tensor(int32_t dtype, int32_t rank, int64_t d0, int64_t d1, int64_t d2, int64_t d3) {
    hn_tensor_desc t = {dtype, rank, {d0, d1, d2, d3}};
    for (int i = rank < 0 ? 0 : rank; i < 4; i++)
        t.dims[i] = 1;
    return t;
}

void hni_shape_text(const hn_tensor_desc *t, char *text, size_t size) {
    const int64_t *d = t->dims;
    switch (t->rank) {
    case 0:
        snprintf(text, size, "none");
        break;
    case 1:
        snprintf(text, size, "[%" PRId64 "]", d[0]);
        break;
    case 2:
        snprintf(text, size, "[%" PRId64 ", %" PRId64 "]", d[0], d[1]);
        break;
    case 3:
        snprintf(text, size, "[%" PRId64 ", %" PRId64 ", %" PRId64 "]", d[0], d[1], d[2]);
        break;
    case 4:
        snprintf(text, size, "[%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "]", d[0], d[1], d[2], d[3]);
        break;
    default:
        snprintf(text, size, "[rank %" PRId32 "]", t->rank);
    }
}
