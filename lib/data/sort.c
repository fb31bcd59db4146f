/* sort.c - heap sort of indices (Williams 1964, Floyd's heap building).
 *
 * Not stable: callers that care about equal items put their position into the order. Chosen over qsort because it takes no
 * memory, is n·log n for hostile input too, and gives the comparison a context. */
#include "sort.h"

static void sift(uint32_t *items, uint32_t root, uint32_t n, bool (*less)(const void *, uint32_t, uint32_t), const void *user) {
    uint32_t item = items[root];
    for (;;) {
        uint64_t child = 2 * (uint64_t)root + 1;
        if (child >= n) break;
        if (child + 1 < n && less(user, items[child], items[child + 1])) child++;
        if (!less(user, item, items[child])) break;
        items[root] = items[child];
        root = (uint32_t)child;
    }
    items[root] = item;
}

void hni_sort_u32(uint32_t *items, uint32_t n, bool (*less)(const void *user, uint32_t a, uint32_t b), const void *user) {
    for (uint32_t i = n / 2; i-- > 0;) sift(items, i, n, less, user);
    for (uint32_t end = n; end > 1; end--) {
        uint32_t last = items[end - 1];
        items[end - 1] = items[0];
        items[0] = last;
        sift(items, 0, end - 1, less, user);
    }
}
