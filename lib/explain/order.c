/* order.c - merge sort of numbers by keys that lie elsewhere. */
#include "order.h"

#include <string.h>

/* Merges the sorted runs [from, middle) and [middle, to); the left one goes first on ties. */
static void merge(const double *keys, const uint32_t *src, uint32_t *dst, size_t from, size_t middle, size_t to) {
    size_t left = from, right = middle;
    for (size_t i = from; i < to; i++)
        dst[i] = left < middle && (right >= to || keys[src[left]] >= keys[src[right]]) ? src[left++] : src[right++];
}

void hni_order_falling(const double *keys, uint32_t *order, size_t n) {
    uint32_t *src = order, *dst = order + n;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t from = 0; from < n; from += 2 * width) {
            const size_t middle = n - from > width ? from + width : n;
            merge(keys, src, dst, from, middle, n - from > 2 * width ? from + 2 * width : n);
        }
        uint32_t *other = src;
        src = dst, dst = other;
    }
    if (src != order) memcpy(order, src, n * sizeof *order);
}
