/* extent.c - how long and how broad a region is in a slice, as a ruler on the screen would have it: from outer edge to outer edge.
 *
 * The longest line lies between two corners of the convex hull, and the hull needs only the outermost corners of each row of pixels. Length
 * is the largest distance of two hull points; breadth how far the hull reaches to both sides of that line. */
#include <math.h>

#include "base/memory.h"
#include "base/status.h"
#include "regions.h"

typedef struct point {
    double x, y;
} point;

/* First and last pixel of a row with this label; false = none. */
static bool row_ends(const hni_plane *p, int32_t label, int32_t y, int32_t *first, int32_t *last) {
    const int32_t *row = p->labels + (size_t)y * (size_t)p->width;
    int32_t a = p->left, b = p->left + p->box_width - 1;
    while (a <= b && row[a] != label) a++;
    while (b >= a && row[b] != label) b--;
    *first = a, *last = b;
    return a <= b;
}

static double turn(point a, point b, point c) { return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x); }

/* One more point of a chain that turns one way only; sign says which. */
static void extend(point *chain, size_t *n, point p, double sign) {
    while (*n > 1 && sign * turn(chain[*n - 2], chain[*n - 1], p) <= 0) --*n;
    chain[(*n)++] = p;
}

static void measure(const point *hull, size_t n, double *length, double *breadth) {
    size_t a = 0, b = 0;
    double most = 0.0, low = 0.0, high = 0.0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            const double dx = hull[k].x - hull[i].x, dy = hull[k].y - hull[i].y, d = dx * dx + dy * dy;
            if (d > most) most = d, a = i, b = k;
        }
    }
    *length = sqrt(most);
    for (size_t i = 0; i < n; i++) {
        const double side = turn(hull[a], hull[b], hull[i]) / *length;
        if (side < low) low = side;
        if (side > high) high = side;
    }
    *breadth = high - low;
}

hn_status hni_extent(hn_context *ctx, const hni_plane *p, int32_t label, double spacing_x, double spacing_y, double *length, double *breadth,
                     hn_error *err) {
    const size_t room = 2 * (size_t)p->box_height + 2; /* of each chain: at most both edges of every row's corners */
    point *left = hni_calloc(ctx, 2 * room, sizeof *left), *right = left + room;
    size_t n_left = 0, n_right = 0;
    if (!left) return hni_fail_memory(err, 2 * room * sizeof *left, "the outline of a region");
    for (int32_t y = p->top; y < p->top + p->box_height; y++) {
        int32_t first, last;
        if (!row_ends(p, label, y, &first, &last)) continue;
        for (int edge = 0; edge < 2; edge++) { /* the row's upper and lower edge */
            extend(left, &n_left, (point){first * spacing_x, (y + edge) * spacing_y}, -1.0);
            extend(right, &n_right, (point){(last + 1) * spacing_x, (y + edge) * spacing_y}, 1.0);
        }
    }
    point *hull = left; /* one behind the other: right lies at least as far on as left has points */
    for (size_t i = 0; i < n_right; i++) hull[n_left + i] = right[i];
    measure(hull, n_left + n_right, length, breadth);
    hni_free(ctx, left);
    return HN_OK;
}
