/* order.h - a stable sort by falling keys, without memory of its own: qsort takes memory behind the host's allocator, and leaves equals as it likes. */
#ifndef HNI_EXPLAIN_ORDER_H
#define HNI_EXPLAIN_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* order [2 n]: in its first half numbers below n, which are sorted so that keys[number] falls; equals stay as they stood. The rest is scratch. */
void hni_order_falling(const double *keys, uint32_t *order, size_t n);

#endif
