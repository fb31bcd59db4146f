/* bmp_check.c - a BMP's header, checked and written anew in the one form that stb_image 2.27 reads rightly.
 *
 * Windows and OS/2 know half a dozen headers. stb_image miscounts the palette of OS/2 files, misplaces the masks of 56-byte headers,
 * reads palettes beyond their end and takes truncated files as black. It gets a fresh header (40 bytes, or 108 with masks), a palette
 * of 256 entries filled up with black, and the rows; run-length coding is refused, since stb_image has none. */
#include <limits.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "formats.h"

enum { FILE_HEADER = 14, OS2 = 12, INFO = 40, V4 = 108, PALETTE = 256 };
enum { PLAIN = 0, MASKS = 3 };

typedef struct {
    uint32_t width, height; /* px */
    bool top_down;
    uint32_t bits, coding, header, data; /* data: where the rows begin */
    uint32_t mask[4];                    /* red, green, blue, alpha */
    uint32_t colours;                    /* palette entries in the file */
} bmp;

static hn_status damaged(const char *what, hn_error *err) {
    return hni_fail(err, HN_E_FORMAT, "BMP: %s: the file is truncated or damaged", what);
}

static hn_status read_sides(const uint8_t *h, const hni_limits *limits, bmp *b, hn_error *err) {
    if (b->header == OS2) {
        b->width = hni_le16(h + 4);
        b->height = hni_le16(h + 6);
    } else {
        const uint32_t height = hni_le32(h + 8);
        b->width = hni_le32(h + 4);
        b->top_down = height >> 31;
        b->height = b->top_down ? 0u - height : height;
        if (b->width >> 31)
            return damaged("the width is negative", err);
    }
    return hni_limits_check(limits, "BMP", b->width, b->height, err);
}

/* Masks lie behind a 40-byte header and inside the longer ones, which comes to the same place. */
static hn_status read_masks(const uint8_t *h, size_t room, bmp *b, hn_error *err) {
    if (room < INFO + 12)
        return damaged("the colour masks are missing", err);
    for (int i = 0; i < 3; i++)
        b->mask[i] = hni_le32(h + INFO + 4 * i);
    if (b->header >= 56 && room >= INFO + 16)
        b->mask[3] = hni_le32(h + INFO + 12);
    for (int i = 0; i < 4; i++) {
        const uint32_t mask = b->mask[i], low = mask & (0u - mask), run = low ? mask / low : 0;
        if ((i < 3 && !mask) || (run & (run + 1)) || run > 255 || (b->bits == 16 && mask > 0xffff))
            return hni_fail(err, HN_E_FORMAT, "BMP: colour mask %08x is not one run of 1 to 8 bits: not supported", (unsigned)mask);
    }
    return HN_OK;
}

static hn_status read_header(const uint8_t *bytes, size_t size, const hni_limits *limits, bmp *b, hn_error *err) {
    const uint8_t *h = bytes + FILE_HEADER;
    if (size < FILE_HEADER + OS2)
        return damaged("the header is cut off", err);
    b->data = hni_le32(bytes + 10);
    b->header = hni_le32(h);
    if (b->header != OS2 && b->header != INFO && b->header != 52 && b->header != 56 && b->header != 64 && b->header != V4 &&
        b->header != 124)
        return hni_fail(err, HN_E_FORMAT, "BMP: a header of %u bytes is unknown", (unsigned)b->header);
    if (size - FILE_HEADER < b->header)
        return damaged("the header is cut off", err);
    const hn_status status = read_sides(h, limits, b, err);
    if (status)
        return status;
    b->bits = hni_le16(h + (b->header == OS2 ? 10 : 14));
    b->coding = b->header == OS2 ? PLAIN : hni_le32(h + 16);
    if (hni_le16(h + (b->header == OS2 ? 8 : 12)) != 1)
        return damaged("the number of planes is not 1", err);
    if (b->coding != PLAIN && b->coding != MASKS)
        return hni_fail(err, HN_E_FORMAT, "BMP: compression %u (run-length, JPEG, PNG …) is not supported", (unsigned)b->coding);
    if (b->bits != 1 && b->bits != 4 && b->bits != 8 && b->bits != 16 && b->bits != 24 && b->bits != 32)
        return hni_fail(err, HN_E_FORMAT, "BMP: %u bits a pixel are not supported; 1, 4, 8, 16, 24 and 32 are", (unsigned)b->bits);
    if (b->coding == MASKS && b->bits != 16 && b->bits != 32)
        return damaged("colour masks with neither 16 nor 32 bits", err);
    return b->coding == MASKS ? read_masks(h, size - FILE_HEADER, b, err) : HN_OK;
}

/* How many palette entries lie between header and rows, and how many the header says there are. */
static hn_status read_palette(size_t size, const uint8_t *bytes, bmp *b, hn_error *err) {
    const size_t entry = b->header == OS2 ? 3 : 4, start = FILE_HEADER + (size_t)b->header;
    if (b->bits > 8)
        return HN_OK;
    const size_t room = b->data > start && b->data <= size ? (b->data - start) / entry : 0;
    const uint32_t said = b->header == OS2 ? 0 : hni_le32(bytes + FILE_HEADER + 32);
    b->colours = said && said <= 1u << b->bits ? said : 1u << b->bits;
    if (b->colours > room)
        b->colours = (uint32_t)room;
    return b->colours ? HN_OK : damaged("the palette is missing", err);
}

static void put(uint8_t *to, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

/* rows: bytes of all rows with their padding, of which the file has `have`: some leave out the last row's. */
static hn_status rewrite(hn_context *ctx, const uint8_t *bytes, const bmp *b, size_t rows, size_t have, hni_coded *out, hn_error *err) {
    const size_t header = b->coding == MASKS ? V4 : INFO, entry = b->header == OS2 ? 3 : 4;
    const size_t data = FILE_HEADER + header + (b->bits <= 8 ? PALETTE * 4 : 0);
    uint8_t *to = out->owned = hni_calloc(ctx, 1, data + rows);
    if (!to)
        return hni_fail_memory(err, data + rows, "the data of a BMP");
    memcpy(to, "BM", 2);
    put(to + 10, (uint32_t)data, 4);
    uint8_t *h = to + FILE_HEADER;
    put(h, (uint32_t)header, 4);
    put(h + 4, b->width, 4);
    put(h + 8, b->top_down ? 0u - b->height : b->height, 4);
    put(h + 12, 1, 2);
    put(h + 14, b->bits, 2);
    put(h + 16, b->coding, 4);
    for (int i = 0; i < 4 && b->coding == MASKS; i++)
        put(h + INFO + 4 * i, b->mask[i], 4);
    const uint8_t *palette = bytes + FILE_HEADER + b->header;
    for (uint32_t i = 0; i < b->colours; i++)
        memcpy(h + INFO + 4 * (size_t)i, palette + entry * i, 3);
    memcpy(to + data, bytes + b->data, have);
    out->bytes = to;
    out->size = data + rows;
    return HN_OK;
}

hn_status hni_bmp_check(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hni_coded *out, hn_error *err) {
    bmp b = {0};
    hn_status status = read_header(bytes, size, limits, &b, err);
    if (!status)
        status = read_palette(size, bytes, &b, err);
    if (status)
        return status;
    const size_t row = ((size_t)b.width * b.bits + 31) / 32 * 4, rows = row * b.height, packed = ((size_t)b.width * b.bits + 7) / 8;
    if (b.data < FILE_HEADER + b.header || b.data > size || size - b.data < rows - (row - packed))
        return hni_fail(err, HN_E_FORMAT, "BMP: the rows need %zu bytes from byte %u on, the file has %zu: truncated or damaged", rows,
                        (unsigned)b.data, size);
    out->budget = (size_t)b.width * b.height * 4 + (64 << 10);
    if (out->budget > INT_MAX || rows > INT_MAX - (64 << 10))
        return hni_fail(err, HN_E_LIMIT, "BMP: %u x %u px are more than the decoder's 2 GiB", (unsigned)b.width, (unsigned)b.height);
    out->format = "bmp";
    out->width = (int32_t)b.width;
    out->height = (int32_t)b.height;
    out->source_channels = b.mask[3] ? 4 : 3;
    return rewrite(ctx, bytes, &b, rows, size - b.data < rows ? size - b.data : rows, out, err);
}
