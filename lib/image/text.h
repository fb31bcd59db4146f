/* text.h - captions: text drawn into 8-bit pixels. */
#ifndef HNI_IMAGE_TEXT_H
#define HNI_IMAGE_TEXT_H

#include "image.h"

/* px of a character's cell at scale 1: 5 × 9 of it may be ink, of which 7 rows stand above the line and 2 hang below. */
enum { HNI_TEXT_ADVANCE = 6, HNI_TEXT_LINE = 10, HNI_TEXT_SCALE = 64, HNI_TEXT_BYTES = 4096 };

/* What 8-bit samples are drawn on. */
typedef struct hni_canvas {
    uint8_t *data; /* [height, width, channels] */
    int32_t width, height, channels;
} hni_canvas;

/* Columns (the longest line) and lines of a UTF-8 text; lines end with '\n'. A text has at least one line. */
void hni_text_extent(const char *text, int32_t *columns, int32_t *lines);
/* Its first cell's upper left corner is at (x, y), which may lie outside: what does is not drawn. colour: one level a channel. Characters
 * outside printable ASCII are boxes. The ground stays as it is. */
void hni_text_draw(const hni_canvas *canvas, int32_t x, int32_t y, const char *text, int32_t scale, const uint8_t *colour);
/* White on black, one grey channel, just large enough. HN_E_ARGUMENT (scale), HN_E_LIMIT, HN_E_MEMORY. */
hn_status hni_image_text(hn_context *ctx, const char *text, int32_t scale, hn_image **out, hn_error *err);

#endif
