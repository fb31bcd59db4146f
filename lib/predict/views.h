/* views.h - views of preprocessed images for test-time averaging: mirrored, shifted by whole pixels. */
#ifndef HNI_PREDICT_VIEWS_H
#define HNI_PREDICT_VIEWS_H

#include <stdint.h>

int32_t hni_views(int32_t tta); /* how many views HN_TTA_… has, the image itself among them */

/* View v of `planes` planes of height × width px, src → dst. View 0 is the image itself; odd views are mirrored; views 2, 3 are shifted left,
 * 4, 5 right, 6, 7 up, 8, 9 down. What a shift uncovers repeats the edge. */
void hni_view_make(const uint8_t *src, uint8_t *dst, int64_t planes, int32_t width, int32_t height, int32_t v);

#endif
