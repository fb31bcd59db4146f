/* phantom.h - the inside of hn_phantom: options, and the volumes that have been measured so far. */
#ifndef HNI_DATA_PHANTOM_H
#define HNI_DATA_PHANTOM_H

#include <stdatomic.h>

#include "../base/context.h"
#include "haemnet/phantom.h"

struct hn_phantom {
    hn_context *ctx;
    hn_phantom_options options;   /* defaults filled in */
    atomic_uint_fast64_t *volume; /* [patients]: the bits of a double, ml; 0 = not measured yet, or nothing there */
};

hn_status hni_phantom_create(hn_context *ctx, const hn_phantom_options *options, hn_phantom **out, hn_error *err); /* in range already */
hn_status hni_phantom_render(const hn_phantom *phantom, int64_t index, hn_phantom_slice_info *info, hn_image **image, hn_image **mask,
                             hn_error *err);
void hni_phantom_free(hn_phantom *phantom);

#endif
