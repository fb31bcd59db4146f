/* layout.c - where the parts of an overlay lie: caption, one panel or two, legend, footer, from the top down. Draws nothing.
 *
 * Widths follow the image, heights follow from the lines that the texts need. A page is never narrower than COLUMNS letters, so that even a
 * 1 × 1 px image has a caption that can be read. */
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "overlay.h"

enum { WANTED_SIDE = 448, LETTERS_EACH = 224, COLUMNS = 36, MOST_SCALE = 64, MOST_TEXT_SCALE = 8 };
static const int64_t most_pixels = INT64_C(128) << 20;

static int32_t between(int64_t least, int64_t x, int64_t most) { return (int32_t)(x < least ? least : x > most ? most : x); }

void hni_overlay_defaults(hn_overlay_options *o, int32_t width, int32_t height) {
    const int32_t longer = width > height ? width : height;
    if (!o->colours) o->colours = HN_COLOURS_INFERNO;
    if (!o->scale) o->scale = between(1, (WANTED_SIDE + longer - 1) / longer, MOST_SCALE);
    if (!o->text_scale) o->text_scale = between(1, (int64_t)width * o->scale / LETTERS_EACH, MOST_TEXT_SCALE);
    if (o->strength == 0) o->strength = 0.6;
    if (o->low == 0 && o->high == 0) o->high = 1;
    if (!o->legend) o->legend = "weight in the verdict";
    if (!o->footer) o->footer = "Research use only. Not a medical device.";
}

static hn_status take_text(const hni_picture *picture, const char *text, int32_t columns, char **out, hn_error *err) {
    *out = NULL;
    if (!text || !*text) return HN_OK;
    if (strnlen(text, HNI_TEXT_BYTES + 1) > HNI_TEXT_BYTES)
        return hni_fail(err, HN_E_LIMIT, "hn_overlay: a text of more than %d bytes cannot be drawn: shorten it", HNI_TEXT_BYTES);
    *out = hni_paint_wrap(picture->ctx, text, columns);
    return *out ? HN_OK : hni_fail_memory(err, strlen(text), "the texts of an overlay");
}

/* px of its lines and the room below them; 0 for NULL. */
static int64_t height_of(const hni_page *page, const char *text) {
    int32_t columns, lines;
    if (!text) return 0;
    hni_text_extent(text, &columns, &lines);
    return (int64_t)lines * HNI_TEXT_LINE * page->text + page->margin / 2;
}

bool hni_has_legend(const hn_overlay_options *o) { return !(o->flags & (HN_OVERLAY_NO_LEGEND | HN_OVERLAY_BARE)); }

int32_t hni_page_keys(const hni_picture *picture) {
    const hn_overlay_options *o = picture->options;
    if (!hni_has_legend(o)) return 0;
    return (picture->regions && !(o->flags & HN_OVERLAY_NO_CONTOURS)) + (o->truth != NULL);
}

/* From the top down. false: it is larger than a picture may be. */
static bool stack(const hni_picture *picture, hni_page *page) {
    const bool legend = hni_has_legend(picture->options);
    const int64_t line = (int64_t)HNI_TEXT_LINE * page->text;
    int64_t y = page->margin;
    page->caption_y = (int32_t)y;
    y += height_of(page, page->caption);
    page->panel.y = (int32_t)y;
    y += page->panel.height + page->margin;
    page->legend_y = (int32_t)y;
    y += height_of(page, page->legend);
    page->bar_y = (int32_t)y;
    if (legend) y += line + page->margin / 4;
    page->ends_y = (int32_t)y;
    if (legend) y += line + page->margin / 2;
    page->keys_y = (int32_t)y;
    y += hni_page_keys(picture) * line;
    page->footer_y = (int32_t)(y += hni_page_keys(picture) ? page->margin / 2 : 0);
    y += height_of(page, page->footer) + page->margin / 2;
    page->height = (int32_t)y;
    return y <= 65535 && (int64_t)page->width * y <= most_pixels;
}

hn_status hni_page_lay_out(const hni_picture *picture, hni_page *page, hn_error *err) {
    const hn_overlay_options *o = picture->options;
    const int64_t panel_width = (int64_t)picture->image->width * o->scale, panel_height = (int64_t)picture->image->height * o->scale;
    const bool bare = o->flags & HN_OVERLAY_BARE;
    *page = (hni_page){.margin = bare ? 0 : 8 * o->text_scale, .text = o->text_scale, .panels = o->flags & HN_OVERLAY_SIDE_BY_SIDE ? 2 : 1};
    const int64_t all = panel_width * page->panels + page->margin * (page->panels - 1);
    const int64_t least = bare ? 0 : (int64_t)COLUMNS * HNI_TEXT_ADVANCE * page->text, inner = all > least ? all : least;
    bool fits = inner + 2 * page->margin <= 65535 && panel_height <= 65535;
    hn_status status = HN_OK;
    if (fits) {
        const int32_t columns = (int32_t)(inner / (HNI_TEXT_ADVANCE * page->text));
        page->width = (int32_t)inner + 2 * page->margin;
        page->panel = (hni_rect){page->margin + (int32_t)(inner - all) / 2, 0, (int32_t)panel_width, (int32_t)panel_height};
        if (!bare) status = take_text(picture, o->caption, columns, &page->caption, err);
        if (!status && hni_has_legend(o)) status = take_text(picture, o->legend, columns, &page->legend, err);
        if (!status && !bare) status = take_text(picture, o->footer, columns, &page->footer, err);
        if (!status) fits = stack(picture, page);
    }
    if (!status && !fits)
        status = hni_fail(err, HN_E_LIMIT, "hn_overlay: %d x %d px enlarged %d times%s: a picture may have 65535 px a side and %lld in all; choose a smaller "
                          "scale", picture->image->width, picture->image->height, o->scale, page->panels > 1 ? ", twice" : "", (long long)most_pixels);
    if (status) hni_page_free(picture->ctx, page);
    return status;
}

void hni_page_free(hn_context *ctx, hni_page *page) {
    hni_free(ctx, page->caption);
    hni_free(ctx, page->legend);
    hni_free(ctx, page->footer);
    page->caption = page->legend = page->footer = NULL;
}
