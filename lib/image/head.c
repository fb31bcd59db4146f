/* head.c - the head's box: the largest connected piece of what is no air.
 *
 * HU: all above -300. Grey levels: all above half of Otsu's threshold: Otsu's own parts bone from the rest in a narrow window, and half of
 * it still lies above the dark grey that some scanned films have for black. What a piece encloses counts as its own, or a brain
 * that dark fluid parts from the skull would be a piece beside it.
 *
 * Pieces are found by runs: each row is cut into runs of air and of tissue; runs that touch in neighbouring rows are joined, tissue
 * also by its corners. Air that reaches no edge of the image is a hole, and joins the run to its left, which is tissue of the piece around it
 * or of an island within it. So a few numbers a run are all the memory, and no recursion. Sides above 1024 px are looked at in steps. */
#include "../base/scratch.h"
#include "../base/status.h"
#include "head.h"
#include "pixels.h"

enum { GRID = 1024, TISSUE = 255 }; /* largest side of the grid, px; what tissue is in a grid of HU */
static const double air = -300; /* HU */

typedef struct grid { /* every step-th pixel as grey level */
    int32_t width, height, step;
    uint8_t *level;
} grid;

static uint8_t level_at(const hn_image *image, size_t i) {
    if (!(image->flags & HN_PIXELS_HU))
        return hni_grey_at(image, i);
    const double v = hni_sample_at(image, i * (size_t)image->channels); /* the first channel will do */
    return v * image->slope + image->intercept > air ? TISSUE : 0;      /* NaN is air */
}

static bool take_grid(hni_scratch *scratch, const hn_image *image, grid *g) {
    const int32_t longer = image->width > image->height ? image->width : image->height;
    g->step = (longer + GRID - 1) / GRID;
    g->width = (image->width + g->step - 1) / g->step;
    g->height = (image->height + g->step - 1) / g->step;
    g->level = hni_scratch_take(scratch, (size_t)g->width * (size_t)g->height);
    if (!g->level)
        return false;
    uint8_t *to = g->level;
    for (int32_t y = 0; y < image->height; y += g->step)
        for (int32_t x = 0; x < image->width; x += g->step)
            *to++ = level_at(image, (size_t)y * (size_t)image->width + (size_t)x);
    return true;
}

/* Half of the level that parts the grey levels best (Otsu 1979); of equals, the one in their middle. */
static int32_t threshold_of(const grid *g) {
    const size_t n = (size_t)g->width * (size_t)g->height;
    uint32_t count[256] = {0};
    double below = 0, sum = 0, total = 0, best = -1;
    int32_t first = 0, last = 0;
    for (size_t i = 0; i < n; i++)
        count[g->level[i]]++;
    for (int32_t v = 0; v < 256; v++)
        total += (double)v * count[v];
    for (int32_t v = 0; v < 255; v++) {
        below += count[v];
        sum += (double)v * count[v];
        const double above = (double)n - below, apart = total * below - sum * (double)n;
        if (below == 0 || above == 0)
            continue;
        const double between = apart * apart / (below * above);
        if (between > best)
            first = v;
        if (between >= best)
            best = between, last = v;
    }
    return (first + last) / 4;
}

enum { AIR = 0, SOLID = 1, HOLE = 2, OUTSIDE = 3 }; /* what a run is; OUTSIDE is the root of air that reaches an edge */

typedef struct run { /* pixels begin … end - 1 of a row, all of one kind; kinds alternate */
    int32_t begin, end;
    uint32_t piece; /* a run of the same piece; its root is itself */
    uint32_t kind;
    uint32_t area;  /* of a root: pixels of its piece */
} run;

typedef struct runs {
    run *run;
    uint32_t *row; /* [height + 1] first run of each row */
} runs;

static uint32_t root_of(run *r, uint32_t i) {
    while (r[i].piece != i)
        i = r[i].piece = r[r[i].piece].piece;
    return i;
}

static void join(run *r, uint32_t a, uint32_t b) {
    a = root_of(r, a), b = root_of(r, b);
    r[a > b ? a : b].piece = a > b ? b : a;
}

static bool take_runs(hni_scratch *scratch, const grid *g, int32_t threshold, runs *out) {
    const size_t width = (size_t)g->width, height = (size_t)g->height;
    size_t n = height, i = 0;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 1; x < width; x++)
            n += (g->level[y * width + x] > threshold) != (g->level[y * width + x - 1] > threshold);
    out->run = hni_scratch_zeroed(scratch, n, sizeof *out->run);
    out->row = hni_scratch_zeroed(scratch, height + 1, sizeof *out->row);
    if (!out->run || !out->row)
        return false;
    for (size_t y = 0; y < height; y++) {
        const uint8_t *level = g->level + y * width;
        out->row[y] = (uint32_t)i;
        for (size_t x = 0; x < width; i++) {
            const bool tissue = level[x] > threshold;
            run *r = &out->run[i];
            *r = (run){.begin = (int32_t)x, .piece = (uint32_t)i, .kind = tissue ? SOLID : AIR};
            while (x < width && (level[x] > threshold) == tissue)
                x++;
            r->end = (int32_t)x;
        }
    }
    out->row[height] = (uint32_t)i;
    return true;
}

/* Joins runs of one kind that touch in rows y - 1 and y. The two that are looked at share a column always, as rows have no gaps. */
static void join_rows(const runs *s, int32_t y) {
    const uint32_t a_end = s->row[y], b_end = s->row[y + 1];
    uint32_t a = s->row[y - 1], b = a_end;
    while (a < a_end && b < b_end) {
        const run *up = &s->run[a], *down = &s->run[b];
        if (up->kind == down->kind)
            join(s->run, a, b);
        if (up->end < down->end) {
            a++;
        } else if (up->end > down->end) {
            b++;
        } else { /* where both end, tissue may touch the next run by a corner */
            if (up->kind == SOLID && down->kind == AIR && b + 1 < b_end)
                join(s->run, a, b + 1);
            if (up->kind == AIR && down->kind == SOLID && a + 1 < a_end)
                join(s->run, a + 1, b);
            a++, b++;
        }
    }
}

/* Air becomes a hole of what is around it, unless it reaches an edge. */
static void fill_holes(const runs *s, const grid *g) {
    run *r = s->run;
    const uint32_t n = s->row[g->height];
    for (uint32_t i = 0; i < n; i++) {
        const bool edge = r[i].begin == 0 || r[i].end == g->width || i < s->row[1] || i >= s->row[g->height - 1];
        if (r[i].kind == AIR && edge)
            r[root_of(r, i)].kind = OUTSIDE;
    }
    for (uint32_t i = 0; i < n; i++)
        if (r[i].kind == AIR && r[root_of(r, i)].kind == AIR)
            r[i].area = 1; /* kinds of roots are still asked for: only noted yet */
    for (uint32_t i = 0; i < n; i++)
        if (r[i].area) {
            r[i].kind = HOLE;
            r[i].area = 0;
        }
    for (uint32_t i = 0; i < n; i++)
        if (r[i].kind == HOLE)
            join(r, i, i - 1);
}

/* The box of the largest piece in pixels of the grid; false if it is under a hundredth of the image. */
static bool largest(const runs *s, const grid *g, hn_box *box) {
    run *r = s->run;
    const uint32_t n = s->row[g->height];
    uint32_t best = 0, most = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (r[i].kind != SOLID && r[i].kind != HOLE)
            continue;
        const uint32_t root = root_of(r, i);
        r[root].area += (uint32_t)(r[i].end - r[i].begin);
    }
    for (uint32_t i = 0; i < n; i++)
        if (r[i].area > most)
            most = r[i].area, best = i;
    if ((uint64_t)most * 100 < (uint64_t)g->width * (uint64_t)g->height || most == 0)
        return false;
    int32_t left = g->width, right = 0, top = g->height, bottom = 0;
    for (int32_t y = 0; y < g->height; y++)
        for (uint32_t i = s->row[y]; i < s->row[y + 1]; i++) {
            if ((r[i].kind != SOLID && r[i].kind != HOLE) || root_of(r, i) != best)
                continue;
            left = r[i].begin < left ? r[i].begin : left;
            right = r[i].end > right ? r[i].end : right;
            top = y < top ? y : top;
            bottom = y + 1;
        }
    box->x = left, box->y = top, box->width = right - left, box->height = bottom - top;
    return true;
}

/* Grid → image, then the margin, then the square about the same centre. */
static void widen(const hn_image *image, const grid *g, double margin, bool square, hn_box *box) {
    int32_t right = (box->x + box->width) * g->step, bottom = (box->y + box->height) * g->step;
    right = right < image->width ? right : image->width;
    bottom = bottom < image->height ? bottom : image->height;
    box->x *= g->step, box->y *= g->step;
    box->width = right - box->x, box->height = bottom - box->y;
    const int32_t longer = box->width > box->height ? box->width : box->height;
    const int32_t more = (int32_t)hni_round_even(margin * longer), side = longer + 2 * more;
    const int32_t width = square ? side : box->width + 2 * more, height = square ? side : box->height + 2 * more;
    box->x -= (width - box->width) / 2, box->y -= (height - box->height) / 2;
    box->width = width, box->height = height;
}

hn_status hni_head_box(hni_scratch *scratch, const hn_image *image, double margin, bool square, hn_box *out, hn_error *err) {
    grid g;
    runs s;
    hn_box box = {0};
    if (!(margin >= 0 && margin <= 1)) /* NaN too */
        return hni_fail(err, HN_E_ARGUMENT, "the head's margin is %g: must be 0 to 1", margin);
    if (!take_grid(scratch, image, &g))
        return hni_fail_memory(err, image->size, "looking for the head");
    const int32_t threshold = image->flags & HN_PIXELS_HU ? TISSUE / 2 : threshold_of(&g);
    if (!take_runs(scratch, &g, threshold, &s))
        return hni_fail_memory(err, image->size, "looking for the head");
    for (int32_t y = 1; y < g.height; y++)
        join_rows(&s, y);
    fill_holes(&s, &g);
    if (!largest(&s, &g, &box))
        return hni_fail(err, HN_E_NOT_FOUND, "no head was found in this image of %d x %d px: nothing in it that is connected, brighter than air "
                        "and at least a hundredth of it", (int)image->width, (int)image->height);
    if (box.width / 4 > box.height || box.height / 4 > box.width) /* nor is the square around it, which would be far larger than the image */
        return hni_fail(err, HN_E_NOT_FOUND, "no head was found in this image of %d x %d px: the largest piece, %d x %d px, is too long for one",
                        (int)image->width, (int)image->height, (int)box.width * g.step, (int)box.height * g.step);
    widen(image, &g, margin, square, &box);
    out->x = box.x, out->y = box.y, out->width = box.width, out->height = box.height;
    return HN_OK;
}
