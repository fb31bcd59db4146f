/* views.c - mirror images and shifts of 8-bit planes.
 *
 * Done here and not by the PREPROCESS operator's augmentation: whole pixels need no interpolation, so that a view is exact on every device, and
 * copying bytes is nothing beside running a network. */
#include "views.h"

#include <string.h>

#include "haemnet/predict.h"

int32_t hni_views(int32_t tta) { return tta == HN_TTA_FLIP_SHIFT ? 10 : tta == HN_TTA_FLIP ? 2 : 1; }

static int32_t step_of(int32_t side) { return side < 64 ? 1 : side / 32; }

static int32_t clamp(int32_t x, int32_t side) { return x < 0 ? 0 : x >= side ? side - 1 : x; }

/* A row moved by dx px to the right. */
static void shift_row(const uint8_t *src, uint8_t *dst, int32_t width, int32_t dx) {
    const int32_t kept = width - (dx < 0 ? -dx : dx);
    if (kept <= 0) {
        memset(dst, src[dx > 0 ? 0 : width - 1], (size_t)width);
    } else if (dx >= 0) {
        memset(dst, src[0], (size_t)dx);
        memcpy(dst + dx, src, (size_t)kept);
    } else {
        memcpy(dst, src - dx, (size_t)kept);
        memset(dst + kept, src[width - 1], (size_t)-dx);
    }
}

static void mirror_row(uint8_t *row, int32_t width) {
    for (int32_t left = 0, right = width - 1; left < right; left++, right--) {
        const uint8_t kept = row[left];
        row[left] = row[right];
        row[right] = kept;
    }
}

void hni_view_make(const uint8_t *src, uint8_t *dst, int64_t planes, int32_t width, int32_t height, int32_t v) {
    static const int32_t right[] = {0, -1, 1, 0, 0}, down[] = {0, 0, 0, -1, 1};
    const int32_t dx = right[v / 2] * step_of(width), dy = down[v / 2] * step_of(height);
    const size_t plane = (size_t)width * (size_t)height;
    for (int64_t i = 0; i < planes; i++, src += plane, dst += plane) {
        for (int32_t y = 0; y < height; y++) {
            uint8_t *row = dst + (size_t)y * (size_t)width;
            shift_row(src + (size_t)clamp(y - dy, height) * (size_t)width, row, width, dx);
            if (v % 2) {
                mirror_row(row, width);
            }
        }
    }
}
