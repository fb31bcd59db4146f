/* paint.c - see paint.h. Not here: letters (lib/image/text.c), and what is drawn where (overlay.c). */
#include "paint.h"

#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* As hni_paint_fill, in numbers that cannot overflow. */
static void fill(const hni_paint *p, int64_t x, int64_t y, int64_t width, int64_t height, const uint8_t rgb[3]) {
    const int64_t left = larger(x, p->clip.x), right = smaller(x + width, (int64_t)p->clip.x + p->clip.width);
    const int64_t top = larger(y, p->clip.y), bottom = smaller(y + height, (int64_t)p->clip.y + p->clip.height);
    for (int64_t v = top; v < bottom; v++)
        for (int64_t u = left; u < right; u++) memcpy(p->canvas.data + (v * p->canvas.width + u) * 3, rgb, 3);
}

void hni_paint_fill(const hni_paint *paint, hni_rect rect, const uint8_t rgb[3]) {
    fill(paint, rect.x, rect.y, rect.width, rect.height, rgb);
}

/* From a to b along one axis; *phase: px since the outline's beginning, which decides about dashes. */
static void draw_side(const hni_paint *p, int64_t ax, int64_t ay, int64_t bx, int64_t by, const hni_line *line, int64_t *phase) {
    const int64_t dx = bx > ax ? 1 : bx < ax ? -1 : 0, dy = by > ay ? 1 : by < ay ? -1 : 0, length = larger(larger(bx - ax, ax - bx), larger(by - ay, ay - by));
    const int64_t before = line->thick / 2, dash = line->dash ? line->dash : length;
    for (int64_t at = 0; at < length;) {
        const int64_t part = line->dash ? smaller(dash - (*phase + at) % dash, length - at) : length;
        const bool gap = line->dash && (*phase + at) / dash % 2 == 1;
        const int64_t x = smaller(ax + dx * at, ax + dx * (at + part)), y = smaller(ay + dy * at, ay + dy * (at + part));
        if (!gap) fill(p, x - before, y - before, (dx ? part : 0) + line->thick, (dy ? part : 0) + line->thick, line->rgb);
        at += part;
    }
    *phase += length;
}

void hni_paint_level(const hni_paint *paint, int32_t x, int32_t y, int32_t length, const hni_line *line) {
    int64_t phase = 0;
    draw_side(paint, x, y, (int64_t)x + length, y, line, &phase);
}

void hni_paint_outline(const hni_paint *paint, const int32_t *points, size_t corners, int32_t scale, int32_t x, int32_t y, const hni_line *line) {
    int64_t phase = 0;
    for (size_t i = 0; i < corners; i++) {
        const int32_t *a = points + 2 * i, *b = points + 2 * ((i + 1) % corners);
        draw_side(paint, x + (int64_t)a[0] * scale, y + (int64_t)a[1] * scale, x + (int64_t)b[0] * scale, y + (int64_t)b[1] * scale, line, &phase);
    }
}

char *hni_paint_wrap(hn_context *ctx, const char *text, int32_t columns) {
    const size_t length = strlen(text);
    char *out = hni_alloc(ctx, 2 * length + 1), *to = out, *blank = NULL; /* at worst each character is a line */
    int32_t n = 0, since = 0;                                             /* characters of the line, and after its last blank */
    if (!out) return NULL;
    for (size_t at = 0; at < length;) {
        const size_t valid = hni_utf8_length(text + at, length - at), bytes = valid ? valid : 1;
        if (text[at] == '\n') {
            n = 0, blank = NULL;
        } else if (text[at] == ' ' && n == columns) { /* a blank that would begin a line */
            *to++ = '\n';
            n = 0, blank = NULL, at++;
            continue;
        } else if (n == columns) {
            if (blank)
                *blank = '\n', n = since;
            else
                *to++ = '\n', n = 0;
            blank = NULL;
        }
        if (text[at] == ' ') blank = to, since = -1;
        if (text[at] != '\n') n++, since++;
        memcpy(to, text + at, bytes);
        to += bytes;
        at += bytes;
    }
    *to = 0;
    return out;
}
