/* decode.c - checked PNG, BMP and JPEG bytes to pixels; the only file that sees stb_image.
 *
 * Not the guard: png_check.c, bmp_check.c and jpeg_check.c have read the file before and let through only what stb_image 2.27 gets
 * right. Still, its memory comes from a budget (stb_heap.c), its assertions end the decoding instead of the process, and what it
 * says of the image is held against the header. Its thread-local failure reason points to literals and is read at once.
 *
 * A JPEG goes in by stb_image's inner functions and not by stbi_load: the outer one makes its pixels one by one, in a picture of its own
 * that would only be copied. Here they are made where they stay, by a faster kernel (jpeg_kernels.c). They are the same. */
#include <limits.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "formats.h"
#include "jpeg_kernels.h"
#include "pixels.h"
#include "stb_heap.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_NO_GIF
#define STBI_MAX_DIMENSIONS HNI_MAX_SIDE
#define STBI_MALLOC(size) hni_stb_malloc(size)
#define STBI_REALLOC(ptr, size) hni_stb_realloc((ptr), (size))
#define STBI_FREE(ptr) hni_stb_free(ptr)
#define STBI_ASSERT(x) ((x) ? (void)0 : hni_stb_broken(#x))
#pragma GCC diagnostic ignored "-Wunused-function" /* no push: gcc tells of them at the end of the file */
#pragma GCC diagnostic push                        /* foreign code, as Debian ships it */
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wextra"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

/* What comes out of stb_image; it lies in its heap. */
typedef struct {
    int width, height, channels;
    const void *pixels;
    size_t stride;      /* bytes from row to row */
    stbi__jpeg *planes; /* a JPEG of three components instead of its pixels, with what is needed to make them; else NULL */
    stbi__context file;
    stbi__resample scale[3];
} decoded;

/* How a component's rows become as wide and as many as the picture's: as load_jpeg_image begins it. */
static void begin_rows(stbi__jpeg *j, int k, stbi__resample *r) {
    j->img_comp[k].linebuf = stbi__malloc(j->s->img_x + 3);
    r->hs = j->img_h_max / j->img_comp[k].h;
    r->vs = j->img_v_max / j->img_comp[k].v;
    r->ystep = r->vs >> 1;
    r->w_lores = ((int)j->s->img_x + r->hs - 1) / r->hs;
    r->ypos = 0;
    r->line0 = r->line1 = j->img_comp[k].data;
    if (r->hs == 1 && r->vs == 1)
        r->resample = resample_row_1;
    else if (r->hs == 1 && r->vs == 2)
        r->resample = stbi__resample_row_v_2;
    else if (r->hs == 2 && r->vs == 1)
        r->resample = stbi__resample_row_h_2;
    else if (r->hs == 2 && r->vs == 2)
        r->resample = j->resample_row_hv_2_kernel;
    else
        r->resample = stbi__resample_row_generic;
}

/* A component's next row, as load_jpeg_image makes it. */
static const stbi_uc *next_row(stbi__jpeg *j, int k, stbi__resample *r) {
    const bool lower = r->ystep >= r->vs >> 1;
    const stbi_uc *row = r->resample(j->img_comp[k].linebuf, lower ? r->line1 : r->line0, lower ? r->line0 : r->line1, r->w_lores, r->hs);
    if (++r->ystep >= r->vs) {
        r->ystep = 0;
        r->line0 = r->line1;
        if (++r->ypos < j->img_comp[k].y)
            r->line1 += j->img_comp[k].w2;
    }
    return row;
}

/* Grey and colour are left in the planes that they were decoded to: grey as it is, colour for rows to be made where they shall lie, which
 * spares a second picture. Four components, rare, go stb's whole way. */
static bool run_jpeg(const hni_coded *coded, decoded *d) {
    stbi__context *s = &d->file;
    stbi__jpeg *j = stbi__malloc(sizeof *j);
    stbi__start_mem(s, coded->bytes, (int)coded->size);
    j->s = s;
    stbi__setup_jpeg(j);
    if (coded->source_channels == 4) {
        d->pixels = load_jpeg_image(j, &d->width, &d->height, &d->channels, 0);
        d->stride = (size_t)d->width * (size_t)d->channels;
        return d->pixels != NULL;
    }
    if (!stbi__decode_jpeg_image(j) || s->img_n != coded->source_channels)
        return false;
    d->width = (int)s->img_x;
    d->height = (int)s->img_y;
    d->channels = s->img_n;
    d->pixels = j->img_comp[0].data;
    d->stride = (size_t)j->img_comp[0].w2;
    d->planes = s->img_n == 3 ? j : NULL;
    for (int k = 0; d->planes && k < 3; k++)
        begin_rows(j, k, &d->scale[k]);
    return true;
}

/* Whether there are pixels. Apart, because locals do not survive a longjmp. */
static bool run(hni_stb_heap *heap, const hni_coded *coded, decoded *d) {
    const int size = (int)coded->size;
    if (setjmp(heap->out))
        return false;
    if (!strcmp(coded->format, "jpeg"))
        return run_jpeg(coded, d);
    if (coded->deep)
        d->pixels = stbi_load_16_from_memory(coded->bytes, size, &d->width, &d->height, &d->channels, 0);
    else
        d->pixels = stbi_load_from_memory(coded->bytes, size, &d->width, &d->height, &d->channels, 0);
    d->stride = (size_t)d->width * (size_t)d->channels * (coded->deep ? 2 : 1);
    return d->pixels != NULL;
}

static hn_status refusal(const hni_stb_heap *heap, const hni_coded *coded, hn_error *err) {
    const char *reason = heap->broken ? heap->broken : stbi_failure_reason();
    if (heap->over)
        return hni_fail(err, HN_E_LIMIT, "%s: %d x %d px unpack to more than the %zu bytes that they can need: damaged, or a bomb",
                        coded->format, (int)coded->width, (int)coded->height, coded->budget);
    if (heap->refused)
        return hni_fail_memory(err, heap->refused, "decoding an image");
    return hni_fail(err, HN_E_FORMAT, "%s: the compressed data make no sense (%s): damaged; get it again", coded->format,
                    reason ? reason : "no reason given");
}

/* `keep` bytes of each pixel of `step` bytes. */
static void copy_row(uint8_t *dst, const uint8_t *src, size_t width, size_t keep, size_t step) {
    if (keep == step)
        memcpy(dst, src, width * step);
    else
        for (size_t i = 0; i < width; i++, src += step, dst += keep)
            memcpy(dst, src, keep);
}

/* Three planes to pixels. Files may hold red, green and blue as they are; stb_image's way of telling. */
static void copy_planes(uint8_t *dst, decoded *d) {
    const stbi__jpeg *j = d->planes;
    const bool rgb = j->rgb == 3 || (j->app14_color_transform == 0 && !j->jfif);
    const size_t width = (size_t)d->width;
    hni_jpeg_colour_fn *colour = hni_jpeg_colours(0);
    for (int y = 0; y < d->height; y++, dst += 3 * width) {
        const stbi_uc *row[3];
        for (int k = 0; k < 3; k++)
            row[k] = next_row(d->planes, k, &d->scale[k]);
        if (!rgb)
            colour(dst, row[0], row[1], row[2], width);
        else
            for (size_t i = 0; i < 3 * width; i++)
                dst[i] = row[i % 3][i / 3];
    }
}

/* Out of stb's heap into an image, without the alpha channel. */
static hn_status keep(hn_context *ctx, const hni_coded *coded, decoded *d, hn_image **out, hn_error *err) {
    const int32_t channels = d->channels >= 3 ? 3 : 1;
    if (d->width != coded->width || d->height != coded->height || d->channels < 1 || d->channels > 4)
        return hni_fail(err, HN_E_INTERNAL, "%s: the decoder made %d x %d px of %d x %d", coded->format, d->width, d->height,
                        (int)coded->width, (int)coded->height);
    const hn_status status =
        hni_image_new(ctx, coded->deep ? HN_PIXEL_U16 : HN_PIXEL_U8, d->width, d->height, channels, out, err);
    if (status)
        return status;
    hn_image *image = *out;
    image->source_channels = coded->source_channels;
    image->exif_orientation = coded->orientation;
    memcpy(image->format, coded->format, strlen(coded->format) + 1);
    const size_t sample = coded->deep ? 2 : 1, row = image->size / (size_t)d->height;
    if (d->planes)
        copy_planes(image->data, d);
    for (size_t y = 0; !d->planes && y < (size_t)d->height; y++)
        copy_row((uint8_t *)image->data + y * row, (const uint8_t *)d->pixels + y * d->stride, (size_t)d->width,
                 (size_t)channels * sample, (size_t)d->channels * sample);
    return HN_OK;
}

hn_status hni_stb_decode(hn_context *ctx, const hni_coded *coded, hn_image **out, hn_error *err) {
    hni_stb_heap heap;
    decoded d = {0};
    *out = NULL;
    if (coded->size > INT_MAX)
        return hni_fail(err, HN_E_LIMIT, "%s: a file of %zu bytes is more than the decoder's 2 GiB", coded->format, coded->size);
    hni_stb_begin(&heap, ctx, coded->budget);
    const hn_status status = run(&heap, coded, &d) ? keep(ctx, coded, &d, out, err) : refusal(&heap, coded, err);
    hni_stb_end(&heap);
    return status;
}
