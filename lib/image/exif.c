/* exif.c - the orientation out of a JPEG's EXIF segment, and nothing else of it.
 *
 * A TIFF in an APP1 segment: a byte order, the place of the first directory, and in it entries of 12 bytes. Reads are bounded by the
 * segment. What is damaged here is no reason to refuse a picture: it then has no orientation, as PIL sees it. */
#include <string.h>

#include "formats.h"

enum { HEADER = 6, ENTRY = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

static uint32_t get16(const uint8_t *p, bool big) {
    return big ? hni_be16(p) : hni_le16(p);
}

static uint32_t get32(const uint8_t *p, bool big) {
    return big ? hni_be32(p) : hni_le32(p);
}

int32_t hni_exif_orientation(const uint8_t *payload, size_t size) {
    if (size < HEADER + 8 || memcmp(payload, "Exif\0", 5) != 0)
        return 0;
    const uint8_t *tiff = payload + HEADER;
    const size_t length = size - HEADER;
    const bool big = tiff[0] == 'M' && tiff[1] == 'M';
    if ((!big && (tiff[0] != 'I' || tiff[1] != 'I')) || get16(tiff + 2, big) != 42)
        return 0;
    const size_t directory = get32(tiff + 4, big);
    if (directory > length || length - directory < 2)
        return 0;
    const size_t count = get16(tiff + directory, big), room = (length - directory - 2) / ENTRY;
    const uint8_t *entry = tiff + directory + 2;
    for (size_t i = 0; i < count && i < room; i++, entry += ENTRY) {
        if (get16(entry, big) != TAG_ORIENTATION)
            continue;
        const uint32_t value = get16(entry + 8, big);
        if (get16(entry + 2, big) != TYPE_SHORT || get32(entry + 4, big) != 1)
            return 0;
        return value >= 1 && value <= 8 ? (int32_t)value : 0;
    }
    return 0;
}
