/* overlay.h - the inside of hn_overlay. */
#ifndef HNI_EXPLAIN_OVERLAY_H
#define HNI_EXPLAIN_OVERLAY_H

#include "paint.h"
#include "regions.h"

/* What is to be drawn. options: complete and checked. */
typedef struct hni_picture {
    hn_context *ctx;
    const hn_image *image;
    const float *map; /* finite */
    const hn_regions *regions; /* NULL = none */
    const hn_overlay_options *options;
} hni_picture;

/* Where things lie; px of the page. */
typedef struct hni_page {
    int32_t width, height, margin, text; /* text: scale of letters */
    int32_t panels;                      /* one beside the other */
    hni_rect panel;                      /* the first */
    int32_t caption_y, legend_y, bar_y, ends_y, keys_y, footer_y;
    char *caption, *legend, *footer;     /* broken into lines; NULL = none */
} hni_page;

/* layout.c: defaults of options that depend on nothing; where everything comes. HN_E_LIMIT, HN_E_MEMORY. */
void hni_overlay_defaults(hn_overlay_options *options, int32_t width, int32_t height);
hn_status hni_page_lay_out(const hni_picture *picture, hni_page *page, hn_error *err);
void hni_page_free(hn_context *ctx, hni_page *page);
bool hni_has_legend(const hn_overlay_options *options);
int32_t hni_page_keys(const hni_picture *picture); /* lines of the legend about outlines */

/* overlay.c */
hn_status hni_overlay(const hni_picture *picture, hn_image **out, hn_error *err);

#endif
