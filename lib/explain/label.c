/* label.c - connected parts: two passes with a table of which provisional numbers are the same part (union-find).
 *
 * In a slice, pixels touch at edges and corners; between slices only where they lie over each other, since slices are far apart. */
#include "base/memory.h"
#include "base/status.h"
#include "regions.h"

typedef struct table {
    hn_context *ctx;
    int32_t *same; /* [count]: a number of the same part that is not larger; roots name themselves */
    size_t count, capacity;
} table;

static int32_t root(const table *t, int32_t a) {
    while (t->same[a] != a) {
        t->same[a] = t->same[t->same[a]];
        a = t->same[a];
    }
    return a;
}

/* The part that both belong to; 0 = none yet. */
static int32_t join(const table *t, int32_t a, int32_t b) {
    if (!a || !b) return a ? a : b;
    const int32_t x = root(t, a), y = root(t, b);
    if (x < y)
        t->same[y] = x;
    else
        t->same[x] = y;
    return x < y ? x : y;
}

/* What was visited before pixel (x, y, z) and touches it: the row above, the pixel to the left, the slice below. */
static int32_t before(const table *t, const int32_t *at, int32_t x, int32_t y, int32_t z, int32_t width, int64_t plane) {
    int32_t part = x > 0 ? at[-1] : 0;
    if (y > 0) {
        part = join(t, part, at[-width]);
        if (x > 0) part = join(t, part, at[-width - 1]);
        if (x + 1 < width) part = join(t, part, at[-width + 1]);
    }
    return z > 0 ? join(t, part, at[-plane]) : part;
}

static bool first_pass(table *t, int32_t *marks, int32_t width, int32_t height, int32_t slices) {
    int32_t *at = marks;
    for (int32_t z = 0; z < slices; z++) {
        for (int32_t y = 0; y < height; y++) {
            for (int32_t x = 0; x < width; x++, at++) {
                if (!*at) continue;
                *at = before(t, at, x, y, z, width, (int64_t)width * height);
                if (*at) continue;
                if (hni_grow(t->ctx, &t->same, &t->capacity, t->count + 1, sizeof *t->same)) return false;
                *at = (int32_t)t->count;
                t->same[t->count++] = *at;
            }
        }
    }
    return true;
}

hn_status hni_label(hn_context *ctx, int32_t *marks, int32_t width, int32_t height, int32_t slices, int32_t *count, hn_error *err) {
    const int64_t pixels = (int64_t)width * height * slices;
    table t = {.ctx = ctx};
    *count = 0;
    if (hni_grow(ctx, &t.same, &t.capacity, 1, sizeof *t.same)) return hni_fail_memory(err, sizeof *t.same, "connected parts");
    t.same[0] = 0;
    t.count = 1;
    if (!first_pass(&t, marks, width, height, slices)) {
        hni_free(ctx, t.same);
        return hni_fail_memory(err, (t.count + 1) * sizeof *t.same, "connected parts");
    }
    /* A root is smaller than all that point to it, so its final number is known before theirs. It was given at the part's first pixel. */
    for (size_t i = 1; i < t.count; i++) {
        const int32_t up = t.same[i];
        t.same[i] = up == (int32_t)i ? ++*count : t.same[up];
    }
    for (int64_t i = 0; i < pixels; i++) marks[i] = t.same[marks[i]];
    hni_free(ctx, t.same);
    return HN_OK;
}
