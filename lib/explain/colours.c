/* colours.c - see colours.h.
 *
 * The numbers are those that Stéfan van der Walt and Nathaniel Smith gave to the public domain (CC0) with matplotlib: paths through the colour space
 * CAM02-UCS along which equal steps look equally large. tests/golden/gen_colours.py wrote them down; tests/explain/test_overlay.c measures lightness. */
#include "colours.h"

#include <stddef.h>

#include "haemnet/explain.h"

static const uint8_t inferno[256][3] = {
#include "colours_inferno.inc"
};
static const uint8_t magma[256][3] = {
#include "colours_magma.inc"
};
static const uint8_t viridis[256][3] = {
#include "colours_viridis.inc"
};

const uint8_t *hni_colours(int32_t colours) {
    switch (colours) {
    case HN_COLOURS_INFERNO: return inferno[0];
    case HN_COLOURS_MAGMA: return magma[0];
    case HN_COLOURS_VIRIDIS: return viridis[0];
    default: return NULL;
    }
}
