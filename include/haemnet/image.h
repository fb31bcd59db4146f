/* image.h - images: decoded from files or memory, wrapped from raw pixels, windowed, resized, written as PNG.
 *
 * An image is immutable and may be shared between threads. Its pixels are width × height × channels, rows from the top, channels
 * interleaved (1 = grey, 3 = RGB). Display images (PNG, JPEG, BMP, PNM) hold grey levels; CT images hold Hounsfield units (HU). */
#ifndef HAEMNET_IMAGE_H
#define HAEMNET_IMAGE_H

#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_image hn_image;

/* What one sample of a pixel is. */
enum {
    HN_PIXEL_U8 = 1,  /* grey level 0 … 255 */
    HN_PIXEL_U16 = 2, /* grey level 0 … 65535 */
    HN_PIXEL_I16 = 3, /* stored CT value: HU = value · slope + intercept */
    HN_PIXEL_F32 = 4  /* HU after slope and intercept if HN_PIXELS_HU is set, else grey level 0 … 1 */
};

/* Bits of hn_pixels.flags. */
enum {
    HN_PIXELS_HU = 1,   /* value · slope + intercept is HU; implied for HN_PIXEL_I16; allowed with U16 and F32 */
    HN_PIXELS_ALPHA = 2 /* the last of 2 or 4 channels is alpha, and is dropped; implied for 2 and 4 channels */
};

/* Raw pixels of the caller's, as a PACS, a frame grabber or numpy holds them. */
typedef struct hn_pixels {
    uint32_t struct_size; /* sizeof(hn_pixels) */
    int32_t type;         /* HN_PIXEL_… */
    int32_t width;        /* px, 1 … 65535 */
    int32_t height;       /* px, 1 … 65535 */
    int32_t channels;     /* 1, 2, 3 or 4, interleaved */
    uint32_t flags;       /* HN_PIXELS_… */
    int64_t row_stride;   /* bytes from one row to the next; 0 = rows without gaps; may be negative (bottom-up) */
    const void *data;     /* the first row's first sample; read during the call only; need not be aligned */
    double slope;         /* HU per stored unit; 0 = 1 */
    double intercept;     /* HU */
} hn_pixels;

/* Limits and choices of decoding. Limits are checked from the file's header, before memory is taken. */
typedef struct hn_image_options {
    uint32_t struct_size; /* sizeof(hn_image_options) */
    int32_t channels;     /* 1 or 3: convert to it as PIL's convert('L') and convert('RGB') do; 0 = as in the file */
    uint64_t max_bytes;   /* of the file; 0 = 256 MiB */
    uint64_t max_pixels;  /* width × height; 0 = 64 Mi */
    int32_t max_side;     /* px; 0 = 32768 */
    int32_t ignore_exif;  /* 1 = leave the EXIF orientation of a JPEG alone */
} hn_image_options;

typedef struct hn_image_info {
    uint32_t struct_size;     /* in: sizeof(hn_image_info) */
    int32_t type;             /* HN_PIXEL_… as held: U8, U16, I16 or F32 */
    int32_t width;            /* px */
    int32_t height;           /* px */
    int32_t channels;         /* 1 or 3 */
    uint32_t flags;           /* HN_PIXELS_HU if the values are HU */
    int32_t source_channels;  /* as in the file, before alpha was dropped */
    int32_t exif_orientation; /* 1 … 8 as found in the file (already applied unless ignored); 0 = none */
    char format[8];           /* "png", "jpeg", "bmp", "pnm", "raw" */
} hn_image_info;

/* How CT values become grey levels: values below centre - width/2 turn black, above centre + width/2 white. */
typedef struct hn_window {
    double centre; /* HU */
    double width;  /* HU, > 0 */
} hn_window;

/* A rectangle in px of an image; it may reach beyond it. */
typedef struct hn_box {
    uint32_t struct_size; /* sizeof(hn_box) */
    int32_t x;            /* px from the image's left edge to the box's; may be negative */
    int32_t y;            /* px from the image's top edge to the box's; may be negative */
    int32_t width;        /* px, 1 … 65535 */
    int32_t height;       /* px, 1 … 65535 */
} hn_box;

/* Reads and decodes an image file: PNG, JPEG, BMP or PNM, known by its bytes, not its name.
 *   path     UTF-8
 *   options  NULL = defaults
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_IO, HN_E_FORMAT (unknown or damaged; says which), HN_E_LIMIT (names the limit), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_load(hn_context *context, const char *path, const hn_image_options *options, hn_image **out, hn_error *err);

/* Decodes an image from memory; otherwise as hn_image_load.
 *   bytes    the file's bytes; read during the call only
 *   size     bytes
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_FORMAT, HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_decode(hn_context *context, const void *bytes, size_t size, const hn_image_options *options, hn_image **out,
                                 hn_error *err);

/* Makes an image of the caller's raw pixels, which are copied.
 *   pixels   see hn_pixels
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_wrap(hn_context *context, const hn_pixels *pixels, hn_image **out, hn_error *err);

/* Facts of an image.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_get_info(const hn_image *image, hn_image_info *out, hn_error *err);

/* Copies the pixels out: height rows of width × channels samples of info.type, without gaps.
 *   dst      the caller's buffer; NULL only asks for the size
 *   cap      its size in bytes
 *   need     receives the size in bytes; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_BUFFER (cap < *need; nothing is written to dst).
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_copy_pixels(const hn_image *image, void *dst, size_t cap, size_t *need, hn_error *err);

/* CT values to an 8-bit grey image through a window: round((v - (c - w/2)) / w · 255), clamped, halves to even; NaN is black.
 * A 3-channel image stays one. Grey-level images are refused.
 *   window   NULL = brain, centre 40 HU, width 80 HU
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT (width ≤ 0, not finite, or the image is not in HU), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_window(const hn_image *image, const hn_window *window, hn_image **out, hn_error *err);

/* The same as floats: (v - (c - w/2)) / w clamped to 0 … 1, as an HN_PIXEL_F32 image of grey levels.
 * Errors:  as hn_image_window.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_window_float(const hn_image *image, const hn_window *window, hn_image **out, hn_error *err);

/* Converts to 8-bit samples of 1 or 3 channels, as the model's preprocessing does. Grey → RGB repeats; RGB → grey is PIL's
 * convert('L'), (19595 R + 38470 G + 7471 B + 32768) >> 16; 16 bit keeps the high byte; HU goes through the brain window.
 *   channels 1 or 3
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_convert(const hn_image *image, int32_t channels, hn_image **out, hn_error *err);

/* Resizes an 8-bit image, bit-exact with Pillow's resize((width, height), BILINEAR): antialiased when it shrinks.
 *   width, height  px, 1 … 65535
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT (not HN_PIXEL_U8), HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_resize(const hn_image *image, int32_t width, int32_t height, hn_image **out, hn_error *err);

/* Median filter of an 8-bit image, each channel for itself: every pixel becomes the median of the square around it. Takes out single grains of
 * noise and leaves edges. Edges of the image are mirrored (c b a | a b c), as scipy.ndimage's mode "reflect".
 *   size     px of the square's side, odd, 3 … 31
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT (not HN_PIXEL_U8, size), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_filter_median(const hn_image *image, int32_t size, hn_image **out, hn_error *err);

/* Gaussian filter of an 8-bit image, each channel for itself, as scipy.ndimage.gaussian_filter: cut at 4 sigma, edges as
 * hn_image_filter_median; computed in double and rounded once, halves to even.
 *   sigma    px, 0.1 … 64
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT (not HN_PIXEL_U8, sigma), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_filter_gaussian(const hn_image *image, double sigma, hn_image **out, hn_error *err);

/* Where the head is: the box of the largest connected piece of tissue, with all that it encloses. Tissue is what is above -300 HU, or for grey
 * levels above half of Otsu's threshold. A headrest that touches the head, and is as dense, counts in. In an image of more than 1024 px a
 * side only every second (third, …) pixel is looked at.
 *   margin   share of the box's longer side that is added on each side, 0 … 1; the box may then reach beyond the image
 *   square   1 = the shorter side grows to the longer about the same centre; 0 = it does not
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND (no piece of tissue as large as a hundredth of the image, or it is over
 *          four times as long as wide), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_head_box(const hn_image *image, double margin, int32_t square, hn_box *out, hn_error *err);

/* Skull stripping: the brain's cavity alone, of the same size and type; the skull and all outside it become black, in HU -1024. Bone is what is above
 * 150 HU, or in grey levels from 250 of 255: a picture through a window of soft tissue, which shows bone white. The largest piece of bone that
 * touches itself, gaps of up to two 256ths of the image's longer side closed, has to enclose a cavity of at least a fifth of what it encloses with itself.
 * Blood as bright as that threshold which touches the bone goes with it.
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_NOT_FOUND (no such skull: an open one, one that reaches out of the picture, bone that is not white), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_strip_skull(const hn_image *image, hn_image **out, hn_error *err);

/* The part of an image inside a box, of the same type. Where the box reaches beyond the image it is black, in HU -1024.
 *   box      see hn_box; read during the call only
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_crop(const hn_image *image, const hn_box *box, hn_image **out, hn_error *err);

/* Draws a text, white (255) on black, into an image of its own: one grey channel, 6 × 10 px a character times `scale`. For captions: copy
 * the pixels to where they belong. Printable ASCII; other characters are boxes. '\n' begins a new line.
 *   text     UTF-8, at most 4096 bytes
 *   scale    whole enlargement, 1 … 64
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT, HN_E_LIMIT (length, or a side over 65535 px), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_text(hn_context *context, const char *text, int32_t scale, hn_image **out, hn_error *err);

/* Writes an 8-bit image as PNG, to a temporary file that then takes the name's place.
 *   path     UTF-8
 * Errors:  HN_E_ARGUMENT (not HN_PIXEL_U8), HN_E_IO (names the path), HN_E_LIMIT (over 511 MiB of pixels), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_save_png(const hn_image *image, const char *path, hn_error *err);

/* Writes the PNG's bytes to memory: to send them, or to put them into a page. Each call encodes, so bring room at once where it is known.
 *   dst      the caller's buffer; NULL only asks for the size
 *   cap      its size in bytes
 *   need     receives the size in bytes; may be NULL
 * Errors:  HN_E_ARGUMENT (not HN_PIXEL_U8), HN_E_BUFFER (cap < *need; nothing is written to dst), HN_E_LIMIT (as hn_image_save_png), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_save_png_memory(const hn_image *image, void *dst, size_t cap, size_t *need, hn_error *err);

/* Writes an 8-bit image as baseline JPEG; otherwise as hn_image_save_png.
 *   quality  1 … 100
 * Errors:  HN_E_ARGUMENT, HN_E_IO, HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_image_save_jpeg(const hn_image *image, const char *path, int32_t quality, hn_error *err);

/* Gives the handle back. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_image_free(hn_image *image);

#ifdef __cplusplus
}
#endif
#endif
