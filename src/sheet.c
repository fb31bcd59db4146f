/* sheet.c - a picture put together of images and captions, and written as PNG. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

bool sheet_create(sheet *s, hn_context *ctx, int32_t width, int32_t height) {
    const size_t size = (size_t)width * (size_t)height * 3;
    *s = (sheet){ctx, width, height, malloc(size)};
    if (s->rgb) memset(s->rgb, 255, size);
    return s->rgb != NULL;
}

void sheet_free(sheet *s) { free(s->rgb); }

/* The largest size of the same shape within side × side. */
static void fit(int32_t width, int32_t height, int32_t side, int32_t *w, int32_t *h) {
    const int32_t longer = width > height ? width : height;
    *w = (int32_t)(((int64_t)width * side + longer / 2) / longer);
    *h = (int32_t)(((int64_t)height * side + longer / 2) / longer);
    if (*w < 1) *w = 1;
    if (*h < 1) *h = 1;
}

hn_status sheet_image(sheet *s, const hn_image *image, int32_t x, int32_t y, int32_t side, hn_error *err) {
    hn_image_info info = {.struct_size = sizeof info};
    hn_image *rgb = NULL, *small = NULL;
    int32_t w = 0, h = 0;
    hn_status status = hn_image_get_info(image, &info, err);
    if (!status) status = hn_image_convert(image, 3, &rgb, err);
    if (!status) fit(info.width, info.height, side, &w, &h);
    if (!status) status = hn_image_resize(rgb, w, h, &small, err);
    uint8_t *pixels = status ? NULL : malloc((size_t)w * (size_t)h * 3);
    if (!status && !pixels) {
        status = err->status = HN_E_MEMORY;
        snprintf(err->message, sizeof err->message, "out of memory");
    }
    if (!status) status = hn_image_copy_pixels(small, pixels, (size_t)w * (size_t)h * 3, NULL, err);
    x += (side - w) / 2, y += (side - h) / 2;
    for (int32_t row = 0; !status && row < h; row++)
        memcpy(s->rgb + ((size_t)(y + row) * (size_t)s->width + (size_t)x) * 3, pixels + (size_t)row * (size_t)w * 3, (size_t)w * 3);
    free(pixels);
    hn_image_free(rgb);
    hn_image_free(small);
    return status;
}

/* Ink where the library's white text is. */
static void stamp(sheet *s, const uint8_t *mask, int32_t w, int32_t h, int32_t x, int32_t y, uint8_t level) {
    for (int32_t row = 0; row < h && y + row < s->height; row++)
        for (int32_t column = 0; column < w && x + column < s->width; column++)
            if (mask[(size_t)row * (size_t)w + (size_t)column])
                memset(s->rgb + ((size_t)(y + row) * (size_t)s->width + (size_t)(x + column)) * 3, level, 3);
}

hn_status sheet_text(sheet *s, const char *text, int32_t x, int32_t y, int32_t scale, int32_t characters, uint8_t level, hn_error *err) {
    char ascii[256];
    size_t n = 0;
    const size_t most = characters > 0 && (size_t)characters < sizeof ascii ? (size_t)characters : sizeof ascii - 1;
    for (; *text && n < most; text++) {
        const unsigned char c = (unsigned char)*text;
        if ((c & 0xC0) == 0x80) continue; /* the rest of a character that was said already */
        ascii[n++] = c >= ' ' && c < 127 ? (char)c : '?';
    }
    if (*text && n > 1) ascii[n - 1] = ascii[n - 2] = '.'; /* cut */
    ascii[n] = 0;
    if (!n) return HN_OK;
    hn_image *image = NULL;
    hn_image_info info = {.struct_size = sizeof info};
    size_t size = 0;
    hn_status status = hn_image_text(s->ctx, ascii, scale, &image, err);
    if (!status) status = hn_image_get_info(image, &info, err);
    if (!status) status = hn_image_copy_pixels(image, NULL, 0, &size, err);
    uint8_t *mask = status ? NULL : malloc(size);
    if (mask && !hn_image_copy_pixels(image, mask, size, NULL, err)) stamp(s, mask, info.width, info.height, x, y, level);
    free(mask);
    hn_image_free(image);
    return status;
}

hn_status sheet_save(const sheet *s, const char *path, hn_error *err) {
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = s->width, .height = s->height, .channels = 3,
                              .data = s->rgb};
    hn_image *image = NULL;
    hn_status status = hn_image_wrap(s->ctx, &pixels, &image, err);
    if (!status) status = hn_image_save_png(image, path, err);
    hn_image_free(image);
    return status;
}
