/* jpeg_check.c - a JPEG's segments: headers, tables and the order they come in.
 *
 * Everything that stb_image 2.27 believes without looking (the sum of a Huffman table's counts, whether a table was defined at all,
 * whether there is an end) is verified here, and the compressed data in jpeg_scan.c; stb_image then gets the file as it is. Slight
 * disorder that libjpeg warns of and goes on (data cut short) is refused: a grey lower half is no head CT. */
#include <limits.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "jpeg.h"

enum { MAX_SCANS = 200 }; /* real files have about ten; each one costs a pass over all blocks */

static hn_status damaged(const char *what, hn_error *err) {
    return hni_fail(err, HN_E_FORMAT, "JPEG: %s: the file is damaged; get it again", what);
}

static hn_status read_quant(hni_jpeg *j, const uint8_t *p, size_t length, hn_error *err) {
    while (length) {
        const size_t need = p[0] >> 4 ? 129 : 65;
        if (p[0] >> 4 > 1 || (p[0] & 15) > 3 || length < need)
            return damaged("a quantisation table (DQT) makes no sense", err);
        j->quant[p[0] & 3] = true;
        p += need;
        length -= need;
    }
    return HN_OK;
}

static hn_status read_huffman(hni_jpeg *j, const uint8_t *p, size_t length, hn_error *err) {
    while (length) {
        size_t n = 0;
        for (int i = 1; length > 16 && i <= 16; i++)
            n += p[i];
        if (length < 17 || n > 256 || length - 17 < n || p[0] >> 4 > 1 || (p[0] & 15) > 3)
            return damaged("a Huffman table (DHT) makes no sense", err);
        hni_jpeg_codes *codes = p[0] >> 4 ? &j->ac[p[0] & 3] : &j->dc[p[0] & 3];
        if (!hni_jpeg_codes_make(codes, p + 1, p + 17, (int)n))
            return damaged("a Huffman table (DHT) has more codes than fit", err);
        p += 17 + n;
        length -= 17 + n;
    }
    return HN_OK;
}

/* Sizes in blocks, as the decoder lays them out. */
static void lay_out(hni_jpeg *j, int wide, int high) {
    j->units_x = (j->width + 8 * wide - 1) / (8 * wide);
    j->units_y = (j->height + 8 * high - 1) / (8 * high);
    for (int i = 0; i < j->count; i++) {
        hni_jpeg_component *c = &j->part[i];
        c->wide = ((j->width * c->h + wide - 1) / wide + 7) / 8;
        c->high = ((j->height * c->v + high - 1) / high + 7) / 8;
        c->stride = j->units_x * c->h;
    }
}

static hn_status read_frame(hni_jpeg *j, const uint8_t *p, size_t length, const hni_limits *limits, hn_error *err) {
    int wide = 1, high = 1;
    if (j->count)
        return damaged("a second frame header (SOF)", err);
    if (length < 6 || length != 6 + 3 * (size_t)p[5])
        return damaged("the frame header (SOF) has a wrong length", err);
    if (p[0] != 8)
        return hni_fail(err, HN_E_FORMAT, "JPEG: %d bits a sample are not supported, only 8", p[0]);
    j->height = (int32_t)hni_be16(p + 1);
    j->width = (int32_t)hni_be16(p + 3);
    const hn_status status = hni_limits_check(limits, "JPEG", (uint64_t)j->width, (uint64_t)j->height, err);
    if (status)
        return status;
    if (p[5] != 1 && p[5] != 3 && p[5] != 4)
        return hni_fail(err, HN_E_FORMAT, "JPEG: %d components are not supported; 1, 3 and 4 are", p[5]);
    j->count = p[5];
    for (int i = 0; i < j->count; i++) {
        hni_jpeg_component *c = &j->part[i];
        c->id = p[6 + 3 * i];
        c->h = p[7 + 3 * i] >> 4;
        c->v = p[7 + 3 * i] & 15;
        c->quant = p[8 + 3 * i];
        if (c->h < 1 || c->h > 4 || c->v < 1 || c->v > 4 || c->quant > 3)
            return damaged("the frame header (SOF) makes no sense", err);
        wide = c->h > wide ? c->h : wide;
        high = c->v > high ? c->v : high;
    }
    for (int i = 0; i < j->count; i++)
        if (wide % j->part[i].h || high % j->part[i].v)
            return hni_fail(err, HN_E_FORMAT, "JPEG: subsampling %dx%d of %dx%d is not supported", j->part[i].h, j->part[i].v, wide, high);
    lay_out(j, wide, high);
    return HN_OK;
}

/* The scan header's numbers; whether the tables that it names are there. */
static hn_status read_scan_header(hni_jpeg *j, const uint8_t *p, size_t length, hn_error *err) {
    if (!j->count)
        return damaged("a scan before the frame header (SOF)", err);
    if (length < 1 || p[0] < 1 || p[0] > j->count || length != 4 + 2 * (size_t)p[0])
        return damaged("the scan header (SOS) has a wrong length", err);
    j->n = p[0];
    const uint8_t *tail = p + 1 + 2 * j->n;
    j->first = tail[0];
    j->last = j->progressive ? tail[1] : 63;
    j->high = tail[2] >> 4;
    j->low = tail[2] & 15;
    const bool dc = j->first == 0;
    if (j->progressive ? j->first > j->last || j->last > 63 || j->high > 13 || j->low > 13 || (dc ? j->last != 0 : j->n != 1)
                       : !dc || j->high || j->low)
        return damaged("the scan header (SOS) makes no sense", err);
    for (int i = 0; i < j->n; i++) {
        int at = 0;
        while (at < j->count && j->part[at].id != p[1 + 2 * i])
            at++;
        if (at == j->count)
            return damaged("a scan of a component that the frame header lacks", err);
        hni_jpeg_component *c = &j->part[at];
        j->order[i] = at;
        c->dc = p[2 + 2 * i] >> 4;
        c->ac = p[2 + 2 * i] & 15;
        if (c->dc > 3 || c->ac > 3 || !j->quant[c->quant] || (dc && !j->high && !j->dc[c->dc].defined) ||
            ((!dc || !j->progressive) && !j->ac[c->ac].defined))
            return damaged("a scan needs a table that was not defined", err);
        c->seen |= dc && !j->high;
    }
    return HN_OK;
}

/* One word per block for the coefficients that are set, at the first scan of a progressive file. */
static hn_status make_room(hn_context *ctx, hni_jpeg *j, hn_error *err) {
    for (int i = 0; j->progressive && i < j->count; i++) {
        hni_jpeg_component *c = &j->part[i];
        const size_t blocks = (size_t)c->stride * (size_t)j->units_y * (size_t)c->v;
        if (c->nonzero)
            continue;
        c->nonzero = hni_calloc(ctx, blocks, sizeof *c->nonzero);
        if (!c->nonzero)
            return hni_fail_memory(err, blocks * sizeof *c->nonzero, "checking a progressive JPEG");
    }
    return HN_OK;
}

static hn_status read_scan(hn_context *ctx, hni_jpeg *j, const uint8_t *p, size_t length, hn_error *err) {
    hn_status status = read_scan_header(j, p, length, err);
    if (!status)
        status = make_room(ctx, j, err);
    if (status)
        return status;
    if (++j->scans > MAX_SCANS)
        return hni_fail(err, HN_E_LIMIT, "JPEG: more than %d scans: no real picture has so many", MAX_SCANS);
    return hni_jpeg_scan(j, err);
}

static hn_status take_segment(hn_context *ctx, hni_jpeg *j, int marker, const uint8_t *p, size_t length, const hni_limits *limits,
                              hni_coded *out, hn_error *err) {
    if (marker == 0xdb)
        return read_quant(j, p, length, err);
    if (marker == 0xc4)
        return read_huffman(j, p, length, err);
    if (marker == 0xda)
        return read_scan(ctx, j, p, length, err);
    if (marker == 0xdd) {
        if (length != 2)
            return damaged("the restart interval (DRI) has a wrong length", err);
        j->restart = (int32_t)hni_be16(p);
        return HN_OK;
    }
    if (marker == 0xdc) /* the height, once more */
        return length == 2 && j->count && (int32_t)hni_be16(p) == j->height ? HN_OK : damaged("a second height (DNL)", err);
    if (marker >= 0xc0 && marker <= 0xc2) {
        j->progressive = marker == 0xc2;
        return read_frame(j, p, length, limits, err);
    }
    if (marker > 0xc2 && marker <= 0xcf)
        return hni_fail(err, HN_E_FORMAT, "JPEG: %s (marker FF%02X) is not supported; baseline and progressive are",
                        marker == 0xc3 ? "lossless coding" : marker >= 0xc8 ? "arithmetic coding" : "hierarchical coding", marker);
    if ((marker >= 0xe0 && marker <= 0xef) || marker == 0xfe) {
        if (marker == 0xe1 && !out->orientation)
            out->orientation = hni_exif_orientation(p, length);
        return HN_OK;
    }
    return hni_fail(err, HN_E_FORMAT, "JPEG: unexpected marker FF%02X at byte %zu: damaged", marker, j->at);
}

/* From marker to marker, to EOI. What follows it is nobody's. */
static hn_status walk(hn_context *ctx, hni_jpeg *j, const hni_limits *limits, hni_coded *out, hn_error *err) {
    for (j->at = 2;;) {
        size_t at = j->at;
        while (at + 1 < j->size && j->bytes[at] == 0xff && j->bytes[at + 1] == 0xff)
            at++;
        if (at + 1 >= j->size || (j->bytes[at + 1] != 0xd9 && at + 3 >= j->size))
            return hni_fail(err, HN_E_FORMAT, "JPEG: the file ends after %zu bytes without an end marker (EOI): truncated; get it again",
                            j->size);
        if (j->bytes[at] != 0xff)
            return hni_fail(err, HN_E_FORMAT, "JPEG: no marker where one must be, at byte %zu: damaged; get it again", at);
        const int marker = j->bytes[at + 1];
        if (marker == 0xd9)
            return HN_OK;
        const size_t length = hni_be16(j->bytes + at + 2);
        if (length < 2 || length > j->size - at - 2)
            return hni_fail(err, HN_E_FORMAT, "JPEG: segment FF%02X at byte %zu claims %zu bytes: truncated or damaged", marker, at,
                            length);
        j->at = at + 2 + length;
        const hn_status status = take_segment(ctx, j, marker, j->bytes + at + 4, length - 2, limits, out, err);
        if (status)
            return status;
    }
}

hn_status hni_jpeg_check(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hni_coded *out, hn_error *err) {
    hni_jpeg *j = hni_calloc(ctx, 1, sizeof *j); /* 44 KB of tables: too much for a small thread's stack */
    if (!j)
        return hni_fail_memory(err, sizeof *j, "checking a JPEG");
    j->bytes = bytes;
    j->size = size;
    hn_status status = walk(ctx, j, limits, out, err);
    for (int i = 0; i < 4; i++) {
        hni_free(ctx, j->part[i].nonzero);
        if (!status && i < j->count && !j->part[i].seen)
            status = damaged("a component has no data", err);
    }
    if (!status && !j->count)
        status = damaged("no picture in it", err);
    const size_t area = ((size_t)j->width + 32) * ((size_t)j->height + 32); /* rounded up to whole MCUs */
    out->budget = area * (size_t)j->count * (j->progressive ? 3 : 1) + (size_t)j->width * (size_t)j->height * 3 + (1 << 20);
    if (!status && out->budget > INT_MAX)
        status = hni_fail(err, HN_E_LIMIT, "JPEG: %d x %d px need %zu bytes to decode, more than the decoder's 2 GiB", (int)j->width,
                          (int)j->height, out->budget);
    out->format = "jpeg";
    out->width = j->width;
    out->height = j->height;
    out->source_channels = j->count;
    out->bytes = bytes;
    out->size = size;
    hni_free(ctx, j);
    return status;
}
