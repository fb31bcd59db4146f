/* rules_preprocess.c - the rules of what turns stored 8-bit images into a batch: gathered by rows, augmented, normalised. */
#include "rules.h"

/* Noise is drawn two numbers a block, and the block's number is 32 bits. */
#define MAX_NUMBERS ((int64_t)1 << 33)

/* What is there of rows, augment and keys: rows and augment each or neither, keys with augment. */
static hn_status check_extras(const hn_op_desc *d, int64_t n, hn_error *err) {
    const hn_tensor_desc *rows = &d->in[3], *augment = &d->in[4], *keys = &d->in[5];
    hn_status status = HN_OK;
    if (rows->rank != 0)
        status = hni_want(d, rows, "input rows", hni_tensor(HN_DTYPE_I32, 1, n, 1, 1, 1), err);
    if (status != HN_OK || (augment->rank == 0 && keys->rank == 0))
        return status;
    status = hni_want(d, augment, "input augment", hni_tensor(HN_DTYPE_F32, 2, n, HN_AUGMENT_COLUMNS, 1, 1), err);
    return status == HN_OK ? hni_want(d, keys, "input keys", hni_tensor(HN_DTYPE_U32, 2, n, 4, 1, 1), err) : status;
}

hn_status hni_check_preprocess(const hn_op_desc *d, hn_error *err) {
    const hn_tensor_desc *x = &d->in[0], *y = &d->out[0];
    const bool rows = d->in[3].rank != 0, augment = d->in[4].rank != 0;
    hn_status status = hni_want(d, x, "input x", hni_tensor(HN_DTYPE_U8, 4, HNI_ANY, HNI_ANY, HNI_ANY, HNI_ANY), err);
    for (int i = 1; i < 3 && status == HN_OK; i++)
        status = hni_want(d, &d->in[i], "mean or deviation", hni_tensor(HN_DTYPE_F32, 1, x->dims[1], 1, 1, 1), err);
    if (status == HN_OK)
        status = hni_want(d, y, "output y", hni_tensor(HN_DTYPE_F32, 4, rows ? HNI_ANY : x->dims[0], x->dims[1], augment ? HNI_ANY : x->dims[2],
                                                       augment ? HNI_ANY : x->dims[3]), err);
    if (status == HN_OK)
        status = check_extras(d, y->dims[0], err);
    if (status != HN_OK || !augment)
        return status;
    for (int i = 2; i < 4; i++)
        if (x->dims[i] > HNI_MAX_EXTENT || y->dims[i] > HNI_MAX_EXTENT)
            return hni_fail(err, HN_E_SHAPE, "preprocess: an image to augment is higher or wider than 2^24 px");
    if (hni_tensor_elements(y) / y->dims[0] > MAX_NUMBERS)
        return hni_fail(err, HN_E_SHAPE, "preprocess: more than 2^33 numbers a sample");
    return HN_OK;
}
