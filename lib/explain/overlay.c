/* overlay.c - a heat map over its image, drawn: panels, outlines, boxes, legend, texts. Where they lie: layout.c; the pen: paint.c.
 *
 * The map is blended in whole numbers from a rounded share of 255, pixel by pixel of the image and enlarged by repetition: nothing is smoothed
 * that the network did not see, and the pixels are the same on every machine. */
#include "overlay.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "colours.h"
#include "image/pixels.h"

static const uint8_t ground[3] = {16, 16, 20}, ink[3] = {232, 232, 232}, black[3] = {0, 0, 0}, under_bar[3] = {104, 104, 104};
static const uint8_t region_colour[3] = {255, 255, 255}, box_colour[3] = {102, 204, 255}, truth_colour[3] = {110, 255, 120};

/* As 8-bit RGB. */
static hn_status show_image(const hni_picture *p, hn_image **out, hn_error *err) {
    hn_image *grey = NULL;
    if (!(p->image->flags & HN_PIXELS_HU)) return hni_image_convert(p->image, 3, out, err);
    hn_status status = hni_image_window(p->image, p->options->window, HN_PIXEL_U8, &grey, err);
    if (!status) status = hni_image_convert(grey, 3, out, err);
    hni_image_unref(grey);
    return status;
}

/* One number of the map over one pixel, in place. */
static void blend(const hn_overlay_options *o, const uint8_t *colours, double value, uint8_t rgb[3]) {
    const double share = (value - o->low) / (o->high - o->low);
    const uint8_t *colour = colours + 3 * (size_t)hni_to_u8(share * 255);
    const int32_t alpha = hni_to_u8((share < 1 ? share : 1) * o->strength * 255);
    for (int k = 0; k < 3; k++) rgb[k] = (uint8_t)((rgb[k] * (255 - alpha) + colour[k] * alpha + 127) / 255);
}

/* The image from (x, y) of the page on, each pixel scale × scale; with the map over it if there is one. */
static void draw_panel(const hni_picture *p, const hn_image *rgb, const float *map, hn_image *page, int32_t x, int32_t y) {
    const int32_t scale = p->options->scale;
    const uint8_t *from = rgb->data, *colours = hni_colours(p->options->colours);
    const size_t row = (size_t)rgb->width * (size_t)scale * 3;
    for (int32_t v = 0; v < rgb->height; v++) {
        uint8_t *first = (uint8_t *)page->data + (((size_t)y + (size_t)v * (size_t)scale) * (size_t)page->width + (size_t)x) * 3, *to = first;
        for (int32_t u = 0; u < rgb->width; u++, from += 3) {
            uint8_t colour[3] = {from[0], from[1], from[2]};
            if (map) blend(p->options, colours, (double)*map++, colour);
            for (int32_t i = 0; i < scale; i++, to += 3) memcpy(to, colour, 3);
        }
        for (int32_t i = 1; i < scale; i++) memcpy(first + (size_t)i * (size_t)page->width * 3, first, row);
    }
}

/* --- outlines --------------------------------------------------------------------------------------------------------------------- */

/* One piece of a region, with a dark line below the bright one. *last: there is no such piece. */
static hn_status draw_piece(const hni_picture *p, const hni_paint *paint, const hn_regions *r, int32_t index, int32_t piece, const hni_line *line,
                            bool *last, hn_error *err) {
    hn_error theirs = {.status = HN_OK};
    size_t need = 0;
    hn_status status = hni_regions_contour(r, index, p->options->slice, piece, NULL, 0, &need, &theirs);
    *last = status == HN_E_NOT_FOUND;
    if (*last) return HN_OK;
    int32_t *points = status ? NULL : hni_alloc(p->ctx, need * sizeof *points);
    if (!status && !points) return hni_fail_memory(err, need * sizeof *points, "an outline");
    if (!status) status = hni_regions_contour(r, index, p->options->slice, piece, points, need, NULL, &theirs);
    if (!status) {
        const hni_line dark = {.thick = line->thick + 2, .dash = line->dash};
        hni_paint_outline(paint, points, need / 2, p->options->scale, paint->clip.x, paint->clip.y, &dark);
        hni_paint_outline(paint, points, need / 2, p->options->scale, paint->clip.x, paint->clip.y, line);
    } else if (err) {
        *err = theirs;
    }
    hni_free(p->ctx, points);
    return status;
}

static bool in_slice(const hn_region *r, int32_t slice) { return r->first_slice <= slice && slice <= r->last_slice; }

static hn_status draw_contours(const hni_picture *p, const hni_paint *paint, const hn_regions *r, const hni_line *line, hn_error *err) {
    hn_status status = HN_OK;
    for (int32_t i = 0; r && i < r->count && !status; i++) {
        bool last = !in_slice(&r->regions[i], p->options->slice);
        for (int32_t piece = 0; !last && !status; piece++) status = draw_piece(p, paint, r, i, piece, line, &last, err);
    }
    return status;
}

/* Beside its box, or inside where there is no room above it. */
static void draw_number(const hni_paint *paint, int32_t number, int32_t x, int32_t y, int32_t text) {
    char digits[16];
    const int32_t length = snprintf(digits, sizeof digits, "%d", number), height = HNI_TEXT_LINE * text, width = length * HNI_TEXT_ADVANCE * text + text;
    if (height > paint->clip.height || width > paint->clip.width) return;
    y = y - height < paint->clip.y ? y : y - height;
    if (y + height > paint->clip.y + paint->clip.height) y = paint->clip.y + paint->clip.height - height;
    if (x + width > paint->clip.x + paint->clip.width) x = paint->clip.x + paint->clip.width - width;
    hni_paint_fill(paint, (hni_rect){x, y, width, height}, black);
    hni_text_draw(&paint->canvas, x + text, y + text, digits, text, box_colour);
}

static void draw_boxes(const hni_picture *p, const hni_paint *paint, int32_t text, bool numbers) {
    const int32_t scale = p->options->scale;
    hni_line line = {.thick = text > 1 ? text / 2 : 1};
    memcpy(line.rgb, box_colour, sizeof line.rgb);
    for (int32_t i = 0; i < p->regions->count; i++) {
        const hn_region *r = &p->regions->regions[i];
        const int32_t right = r->left + r->width, bottom = r->top + r->height;
        const int32_t corners[8] = {r->left, r->top, right, r->top, right, bottom, r->left, bottom};
        if (!in_slice(r, p->options->slice)) continue;
        if (numbers)
            draw_number(paint, i + 1, paint->clip.x + r->left * scale, paint->clip.y + r->top * scale, text);
        else
            hni_paint_outline(paint, corners, 4, scale, paint->clip.x, paint->clip.y, &line);
    }
}

static void set_line(hni_line *line, const hni_page *page, bool dashed, const uint8_t rgb[3]) {
    *line = (hni_line){.thick = page->text, .dash = dashed ? 8 * page->text : 0};
    memcpy(line->rgb, rgb, sizeof line->rgb);
}

static hn_status draw_findings(const hni_picture *p, const hni_page *page, const hni_paint *paint, hn_error *err) {
    const int32_t flags = p->options->flags;
    const bool boxes = p->regions && !(flags & HN_OVERLAY_NO_BOXES);
    hni_line line;
    if (boxes) draw_boxes(p, paint, page->text, true); /* first, so that no number hides an outline */
    set_line(&line, page, true, truth_colour);
    hn_status status = draw_contours(p, paint, p->options->truth, &line, err);
    set_line(&line, page, false, region_colour);
    if (!status && !(flags & HN_OVERLAY_NO_CONTOURS)) status = draw_contours(p, paint, p->regions, &line, err);
    if (!status && boxes) draw_boxes(p, paint, page->text, false);
    return status;
}

/* --- legend and texts ------------------------------------------------------------------------------------------------------------- */

static void draw_text(const hni_page *page, const hni_paint *paint, int32_t x, int32_t y, const char *text) {
    if (text) hni_text_draw(&paint->canvas, x, y, text, page->text, ink);
}

/* The colours as they come out over grey. */
static void draw_bar(const hni_picture *p, const hni_page *page, const hni_paint *paint) {
    const hn_overlay_options *o = p->options;
    const int32_t width = page->width - 2 * page->margin;
    for (int32_t x = 0; x < width; x++) {
        uint8_t rgb[3];
        memcpy(rgb, under_bar, sizeof rgb);
        blend(o, hni_colours(o->colours), o->low + (o->high - o->low) * x / (width - 1), rgb);
        hni_paint_fill(paint, (hni_rect){page->margin + x, page->bar_y, 1, HNI_TEXT_LINE * page->text}, rgb);
    }
}

/* A sample of an outline with its name. */
static void draw_key(const hni_page *page, const hni_paint *paint, int32_t y, const hni_line *line, const char *name) {
    const int32_t width = 4 * HNI_TEXT_ADVANCE * page->text, middle = y + (HNI_TEXT_LINE - 2) * page->text / 2;
    hni_paint_level(paint, page->margin, middle, width, line);
    draw_text(page, paint, page->margin + width + HNI_TEXT_ADVANCE * page->text, y, name);
}

/* "0.5", with a point whatever the host's locale writes. */
static void number_text(char *text, size_t size, double value) {
    char *to = text;
    snprintf(text, size, "%.4g", value);
    for (const char *from = text; *from;) {
        if (strchr("+-0123456789e", *from)) {
            *to++ = *from++;
            continue;
        }
        *to++ = '.';
        while (*from && !strchr("+-0123456789e", *from)) from++;
    }
    *to = 0;
}

static void draw_legend(const hni_picture *p, const hni_page *page, const hni_paint *paint) {
    const hn_overlay_options *o = p->options;
    char low[32], high[32], number[32], name[64];
    int32_t y = page->keys_y;
    hni_line line;
    number_text(low, sizeof low, o->low);
    number_text(high, sizeof high, o->high);
    draw_text(page, paint, page->margin, page->legend_y, page->legend);
    draw_bar(p, page, paint);
    draw_text(page, paint, page->margin, page->ends_y, low);
    draw_text(page, paint, page->width - page->margin - (int32_t)strlen(high) * HNI_TEXT_ADVANCE * page->text, page->ends_y, high);
    if (p->regions && !(o->flags & HN_OVERLAY_NO_CONTOURS)) {
        set_line(&line, page, false, region_colour);
        number_text(number, sizeof number, p->regions->threshold);
        snprintf(name, sizeof name, "region at and above %s", number);
        draw_key(page, paint, y, &line, name);
        y += HNI_TEXT_LINE * page->text;
    }
    if (!o->truth) return;
    set_line(&line, page, true, truth_colour);
    draw_key(page, paint, y, &line, "true outline");
}

hn_status hni_overlay(const hni_picture *p, hn_image **out, hn_error *err) {
    hn_image *rgb = NULL, *picture = NULL;
    hni_page page;
    hn_status status = hni_page_lay_out(p, &page, err);
    if (status) return status;
    status = show_image(p, &rgb, err);
    if (!status) status = hni_image_new(p->ctx, HN_PIXEL_U8, page.width, page.height, 3, &picture, err);
    if (!status) {
        hni_paint paint = {{picture->data, page.width, page.height, 3}, {0, 0, page.width, page.height}};
        const int32_t last = page.panel.x + (page.panels - 1) * (page.panel.width + page.margin);
        hni_paint_fill(&paint, paint.clip, ground);
        draw_text(&page, &paint, page.margin, page.caption_y, page.caption);
        if (page.panels > 1) draw_panel(p, rgb, NULL, picture, page.panel.x, page.panel.y);
        draw_panel(p, rgb, p->map, picture, last, page.panel.y);
        if (hni_has_legend(p->options)) draw_legend(p, &page, &paint);
        draw_text(&page, &paint, page.margin, page.footer_y, page.footer);
        paint.clip = (hni_rect){last, page.panel.y, page.panel.width, page.panel.height};
        status = draw_findings(p, &page, &paint, err);
    }
    hni_image_unref(rgb);
    hni_page_free(p->ctx, &page);
    if (status)
        hni_image_unref(picture);
    else
        *out = picture;
    return status;
}
