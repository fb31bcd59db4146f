/* pnm.c - binary PGM and PPM (P5, P6), 8 and 16 bit.
 *
 * Not through stb_image: its version 2.27 ignores the maximum value and the byte order of 16-bit samples, and takes truncated files.
 * There is nothing to decode here: a text header and rows. Values are scaled to 255 or 65535 as Pillow does, halves to even. */
#include <string.h>

#include "../base/status.h"
#include "formats.h"

typedef struct {
    const uint8_t *bytes;
    size_t size, at;
} text;

static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A number of at most 5 digits behind blanks and comments; -1 if there is none. */
static int32_t number(text *t) {
    int32_t value = -1;
    while (t->at < t->size && (is_space(t->bytes[t->at]) || t->bytes[t->at] == '#')) {
        if (t->bytes[t->at] == '#')
            while (t->at < t->size && t->bytes[t->at] != '\n' && t->bytes[t->at] != '\r')
                t->at++;
        else
            t->at++;
    }
    for (; t->at < t->size && t->bytes[t->at] >= '0' && t->bytes[t->at] <= '9'; t->at++) {
        if (value > 99999)
            return -1;
        value = (value < 0 ? 0 : value) * 10 + (t->bytes[t->at] - '0');
    }
    return value;
}

/* v of 0 … maximum to 0 … full, the nearest, halves to even. */
static uint32_t stretch(uint32_t v, uint32_t maximum, uint32_t full) {
    const uint32_t scaled = v * full, whole = scaled / maximum, rest = 2 * (scaled % maximum);
    if (v >= maximum)
        return full;
    return whole + (rest > maximum || (rest == maximum && (whole & 1)));
}

static void read_8(const uint8_t *src, uint8_t *dst, size_t n, uint32_t maximum) {
    uint8_t table[256];
    for (uint32_t v = 0; v < 256; v++)
        table[v] = (uint8_t)stretch(v, maximum, 255);
    for (size_t i = 0; i < n; i++)
        dst[i] = table[src[i]];
}

static void read_16(const uint8_t *src, uint16_t *dst, size_t n, uint32_t maximum) {
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint16_t)hni_be16(src + 2 * i);
    for (size_t i = 0; maximum != 65535 && i < n; i++)
        dst[i] = (uint16_t)stretch(dst[i], maximum, 65535);
}

hn_status hni_pnm_read(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hn_image **out, hn_error *err) {
    text t = {bytes, size, 2};
    const int32_t channels = bytes[1] == '6' ? 3 : 1;
    if (bytes[1] != '5' && bytes[1] != '6')
        return hni_fail(err, HN_E_FORMAT, "PNM: P%c is not supported; binary grey (P5) and colour (P6) are", bytes[1]);
    const int32_t width = number(&t), height = number(&t), maximum = number(&t);
    if (width < 0 || height < 0 || maximum < 1 || maximum > 65535 || t.at >= size || !is_space(bytes[t.at]))
        return hni_fail(err, HN_E_FORMAT, "PNM: the header makes no sense: damaged, or no PNM");
    hn_status status = hni_limits_check(limits, "PNM", (uint64_t)width, (uint64_t)height, err);
    if (status)
        return status;
    const size_t n = (size_t)width * (size_t)height * (size_t)channels, need = n * (maximum > 255 ? 2 : 1), have = size - t.at - 1;
    if (have < need)
        return hni_fail(err, HN_E_FORMAT, "PNM: %d x %d px need %zu bytes, the file has %zu: truncated; get it again", (int)width,
                        (int)height, need, have);
    status = hni_image_new(ctx, maximum > 255 ? HN_PIXEL_U16 : HN_PIXEL_U8, width, height, channels, out, err);
    if (status)
        return status;
    memcpy((*out)->format, "pnm", 4);
    if (maximum > 255)
        read_16(bytes + t.at + 1, (*out)->data, n, (uint32_t)maximum);
    else
        read_8(bytes + t.at + 1, (*out)->data, n, (uint32_t)maximum);
    return HN_OK;
}
