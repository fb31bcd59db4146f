/* paint.h - a pen for pictures: rectangles, lines along pixel edges, text broken into lines. Whole numbers only: the same pixels everywhere. */
#ifndef HNI_EXPLAIN_PAINT_H
#define HNI_EXPLAIN_PAINT_H

#include <stdbool.h>

#include "image/text.h"

typedef struct hni_rect {
    int32_t x, y, width, height; /* px */
} hni_rect;

/* All that is drawn is cut at the clip, which lies within the canvas. */
typedef struct hni_paint {
    hni_canvas canvas; /* RGB */
    hni_rect clip;
} hni_paint;

void hni_paint_fill(const hni_paint *paint, hni_rect rect, const uint8_t rgb[3]);

/* How a line looks: `thick` px across, about its edge; with `dash` that long and gaps as long, unless 0. */
typedef struct hni_line {
    int32_t thick, dash;
    uint8_t rgb[3];
} hni_line;

/* From (x, y) on, level. */
void hni_paint_level(const hni_paint *paint, int32_t x, int32_t y, int32_t length, const hni_line *line);

/* A closed polygon of `corners` pairs x, y whose sides are level or upright, `scale` times as large, from (x, y) on. */
void hni_paint_outline(const hni_paint *paint, const int32_t *points, size_t corners, int32_t scale, int32_t x, int32_t y, const hni_line *line);

/* A copy of the text with lines of at most `columns` characters: broken at blanks, or where there are none. hni_free it. NULL without memory. */
char *hni_paint_wrap(hn_context *ctx, const char *text, int32_t columns);

#endif
