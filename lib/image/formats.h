/* formats.h - what stands between a file's bytes and the decoder: limits, one check per format, orientation.
 *
 * Every check reads untrusted bytes, takes no memory before the limits are known to hold, and either refuses with a reason or hands
 * on bytes that stb_image 2.27 is known to read rightly and without undefined behaviour. */
#ifndef HNI_IMAGE_FORMATS_H
#define HNI_IMAGE_FORMATS_H

#include "image.h"

/* hn_image_options with the defaults filled in. */
typedef struct hni_limits {
    uint64_t max_bytes, max_pixels;
    int32_t max_side;
    int32_t channels; /* 0, 1 or 3 */
    bool ignore_exif;
} hni_limits;

hn_status hni_limits_take(const hn_image_options *options, hni_limits *out, hn_error *err); /* options may be NULL */
/* HN_E_LIMIT, naming format and limit, if width × height px are too many; HN_E_FORMAT for a side of 0. */
hn_status hni_limits_check(const hni_limits *limits, const char *format, uint64_t width, uint64_t height, hn_error *err);

/* A checked file, ready for the decoder. */
typedef struct hni_coded {
    int32_t width, height;   /* px */
    int32_t source_channels; /* as in the file, alpha included */
    int32_t orientation;     /* EXIF, 1 … 8; 0 = none */
    bool deep;               /* 16 bit */
    const char *format;      /* hn_image_info.format */
    const uint8_t *bytes;    /* what the decoder reads */
    size_t size;
    uint8_t *owned; /* bytes if they were rewritten, to be freed with hni_free; else NULL */
    size_t budget;  /* bytes of memory that decoding may take at any one time */
} hni_coded;

hn_status hni_png_check(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hni_coded *out, hn_error *err);
hn_status hni_bmp_check(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hni_coded *out, hn_error *err);
hn_status hni_jpeg_check(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hni_coded *out, hn_error *err);

/* Binary PNM is read whole: it is not compressed. */
hn_status hni_pnm_read(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hn_image **out, hn_error *err);

/* Through stb_image; alpha is dropped. */
hn_status hni_stb_decode(hn_context *ctx, const hni_coded *coded, hn_image **out, hn_error *err);

/* EXIF orientation 1 … 8 of an APP1 segment's payload ("Exif\0\0" and a TIFF); 0 if there is none, or it makes no sense. */
int32_t hni_exif_orientation(const uint8_t *payload, size_t size);
/* A new image, turned and mirrored as `orientation` 2 … 8 says. */
hn_status hni_orient(const hn_image *image, int32_t orientation, hn_image **out, hn_error *err);

static inline uint32_t hni_be16(const uint8_t *p) {
    return (uint32_t)p[0] << 8 | p[1];
}
static inline uint32_t hni_be32(const uint8_t *p) {
    return hni_be16(p) << 16 | hni_be16(p + 2);
}
static inline uint32_t hni_le16(const uint8_t *p) {
    return (uint32_t)p[1] << 8 | p[0];
}
static inline uint32_t hni_le32(const uint8_t *p) {
    return hni_le16(p + 2) << 16 | hni_le16(p);
}

#endif
