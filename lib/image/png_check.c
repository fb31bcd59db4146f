/* png_check.c - a PNG's chunks: walked, checksummed, checked against the header, and rewritten to the few that make the pixels.
 *
 * stb_image 2.27 skips checksums, takes files without an end, writes names of unknown chunks into a static array (a race between
 * threads) and reads a palette beyond its end. So it never sees the file: it gets IHDR, a palette filled up with black, all image
 * data as one chunk, and IEND. tRNS stays behind, since alpha is dropped anyway (as PIL's convert('RGB') does). */
#include <limits.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "crc32.h"
#include "formats.h"

enum { SIGNATURE = 8, IHDR_SIZE = 13, PALETTE = 256 * 3, CHUNK = 12 /* length, name, checksum */ };
enum { GREY = 0, RGB = 2, INDEXED = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 };

/* What the chunks told so far. */
typedef struct {
    const uint8_t *bytes;
    size_t size, at;
    hni_crc32_tables crc;
    uint32_t width, height;
    int depth, colour, interlaced;
    const uint8_t *ihdr, *palette;
    size_t palette_size; /* bytes */
    size_t data_size;    /* of all IDAT */
    bool transparent, data_over, ended;
} png;

static hn_status damaged(const png *p, const char *what, hn_error *err) {
    return hni_fail(err, HN_E_FORMAT, "PNG: %s, at byte %zu: the file is damaged; get it again", what, p->at);
}

static hn_status check_header(png *p, const uint8_t *data, size_t length, const hni_limits *limits, hn_error *err) {
    static const uint8_t depths[7] = {1 | 2 | 4 | 8 | 16, 0, 8 | 16, 1 | 2 | 4 | 8, 8 | 16, 0, 8 | 16}; /* by colour type */
    if (length != IHDR_SIZE)
        return damaged(p, "IHDR has a wrong length", err);
    p->ihdr = data;
    p->width = hni_be32(data);
    p->height = hni_be32(data + 4);
    p->depth = data[8];
    p->colour = data[9];
    p->interlaced = data[12];
    const bool power = p->depth && p->depth <= 16 && !(p->depth & (p->depth - 1));
    if (p->colour > RGB_ALPHA || !power || !(depths[p->colour] & p->depth))
        return hni_fail(err, HN_E_FORMAT, "PNG: colour type %d with %d bits does not exist: the file is damaged", p->colour, p->depth);
    if (data[10] || data[11] || p->interlaced > 1)
        return hni_fail(err, HN_E_FORMAT, "PNG: unknown compression %d, filter %d or interlace method %d", data[10], data[11], data[12]);
    return hni_limits_check(limits, "PNG", p->width, p->height, err);
}

/* One of the chunks that make the pixels, or tRNS; others were skipped or refused. */
static hn_status take_chunk(png *p, const uint8_t *name, const uint8_t *data, size_t length, const hni_limits *limits, hn_error *err) {
    if (!memcmp(name, "IHDR", 4))
        return p->ihdr ? damaged(p, "a second IHDR", err) : check_header(p, data, length, limits, err);
    if (!memcmp(name, "CgBI", 4))
        return hni_fail(err, HN_E_FORMAT, "PNG: Apple's CgBI variant, which is no PNG; pngcrush -revert-iphone-optimizations converts it");
    if (!p->ihdr)
        return damaged(p, "the first chunk is not IHDR", err);
    if (memcmp(name, "IDAT", 4) != 0 && p->data_size)
        p->data_over = true;
    if (!memcmp(name, "IDAT", 4)) {
        if (p->data_over)
            return damaged(p, "IDAT chunks are not in a row", err);
        if (p->colour == INDEXED && !p->palette)
            return damaged(p, "no palette before the image data", err);
        p->data_size += length;
    } else if (!memcmp(name, "PLTE", 4)) {
        if (p->palette || p->data_size)
            return damaged(p, "a palette out of place", err);
        if (!length || length > PALETTE || length % 3)
            return damaged(p, "the palette has a wrong length", err);
        p->palette = data;
        p->palette_size = length;
    } else if (!memcmp(name, "IEND", 4)) {
        p->ended = true;
    } else if (!memcmp(name, "tRNS", 4)) {
        p->transparent = true;
    } else if (!(name[0] & 0x20)) {
        return damaged(p, "an unknown chunk that may not be skipped", err);
    }
    return HN_OK;
}

static bool is_name(const uint8_t *name) {
    for (int i = 0; i < 4; i++)
        if ((name[i] | 0x20) < 'a' || (name[i] | 0x20) > 'z')
            return false;
    return true;
}

/* From chunk to chunk to IEND. What follows IEND is nobody's. */
static hn_status walk(png *p, const hni_limits *limits, hn_error *err) {
    while (!p->ended) {
        const size_t left = p->size - p->at;
        if (left < CHUNK)
            return hni_fail(err, HN_E_FORMAT, "PNG: the file ends after %zu bytes without IEND: truncated; get it again", p->size);
        const uint8_t *chunk = p->bytes + p->at, *name = chunk + 4, *data = chunk + 8;
        const size_t length = hni_be32(chunk);
        if (!is_name(name))
            return damaged(p, "what should be a chunk's name is none", err);
        if (length > left - CHUNK)
            return hni_fail(err, HN_E_FORMAT, "PNG: chunk %.4s at byte %zu has %zu bytes, the file only %zu more: truncated or damaged",
                            (const char *)name, p->at, length, left - CHUNK);
        if (hni_crc32(&p->crc, name, length + 4) != hni_be32(data + length))
            return hni_fail(err, HN_E_FORMAT, "PNG: chunk %.4s at byte %zu has a wrong checksum: the file is damaged; get it again",
                            (const char *)name, p->at);
        const hn_status status = take_chunk(p, name, data, length, limits, err);
        if (status)
            return status;
        p->at += CHUNK + length;
    }
    return p->data_size ? HN_OK : hni_fail(err, HN_E_FORMAT, "PNG: no image data (IDAT): the file is damaged");
}

static uint8_t *put_chunk(uint8_t *to, const char *name, const uint8_t *data, size_t length, size_t padded) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(padded >> (24 - 8 * i));
    memcpy(to + 4, name, 4);
    if (length)
        memcpy(to + 8, data, length);
    return to + CHUNK + padded; /* checksums stay 0: the decoder skips them, and they were checked */
}

static hn_status rewrite(hn_context *ctx, const png *p, hni_coded *out, hn_error *err) {
    const size_t size = SIGNATURE + (CHUNK + IHDR_SIZE) + (CHUNK + PALETTE) + (CHUNK + p->data_size) + CHUNK;
    uint8_t *to = out->owned = hni_calloc(ctx, 1, size);
    if (!to)
        return hni_fail_memory(err, size, "the data of a PNG");
    memcpy(to, p->bytes, SIGNATURE);
    to = put_chunk(to + SIGNATURE, "IHDR", p->ihdr, IHDR_SIZE, IHDR_SIZE);
    if (p->colour == INDEXED)
        to = put_chunk(to, "PLTE", p->palette, p->palette_size, PALETTE);
    put_chunk(to, "IDAT", NULL, 0, p->data_size);
    uint8_t *data = to + 8;
    for (size_t at = SIGNATURE; data != to + 8 + p->data_size; at += CHUNK + hni_be32(p->bytes + at)) {
        if (memcmp(p->bytes + at + 4, "IDAT", 4) != 0)
            continue;
        memcpy(data, p->bytes + at + 8, hni_be32(p->bytes + at));
        data += hni_be32(p->bytes + at);
    }
    to = put_chunk(data + 4, "IEND", NULL, 0, 0);
    out->bytes = out->owned;
    out->size = (size_t)(to - out->owned);
    return HN_OK;
}

hn_status hni_png_check(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hni_coded *out, hn_error *err) {
    static const uint8_t channels[7] = {1, 0, 3, 3, 2, 0, 4};
    png p = {.bytes = bytes, .size = size, .at = SIGNATURE};
    hni_crc32_init(&p.crc);
    hn_status status = walk(&p, limits, err);
    if (status)
        return status;
    const bool alpha = p.transparent && (p.colour == GREY || p.colour == RGB || p.colour == INDEXED);
    const size_t samples = p.colour == INDEXED ? 3 : channels[p.colour], pixels = (size_t)p.width * p.height;
    /* Unpacked rows, twice where the decoder's first guess of their size is short (interlaced), and the pixels in up to two stages. */
    const size_t row = ((size_t)p.width * samples * (size_t)p.depth + 7) / 8 + 1, rows = row * p.height + 7 * (p.height + p.width);
    out->budget = p.data_size + rows * 3 + 2 * pixels * samples * (p.depth == 16 ? 2 : 1) + (64 << 10);
    if (out->budget > INT_MAX)
        return hni_fail(err, HN_E_LIMIT, "PNG: %u x %u px need %zu bytes to decode, more than the decoder's 2 GiB", (unsigned)p.width,
                        (unsigned)p.height, out->budget);
    out->format = "png";
    out->width = (int32_t)p.width;
    out->height = (int32_t)p.height;
    out->source_channels = channels[p.colour] + alpha;
    out->deep = p.depth == 16;
    return rewrite(ctx, &p, out, err);
}
