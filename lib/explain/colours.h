/* colours.h - the colours of heat maps: 256 of each, dark to light. */
#ifndef HNI_EXPLAIN_COLOURS_H
#define HNI_EXPLAIN_COLOURS_H

#include <stdint.h>

/* [256][3], sRGB. colours: HN_COLOURS_…; NULL if it is none. */
const uint8_t *hni_colours(int32_t colours);

#endif
