/* cudnn_rules.c - what the fake cuDNN accepts: attributes of each descriptor, what must be there, and which shapes fit.
 *
 * Stricter than cuDNN where the backend has no reason to do otherwise: tensors are dense, virtual ones are written before they are read. */
#include <stdlib.h>
#include <string.h>

#include "cudnn_fake.h"

typedef struct rule {
    int descriptor, name, type;
    int64_t least, most;
    bool wanted;
} rule;

#define R(d, name, type, least, most, wanted)                                                                                              \
    { CUDNN_BACKEND_##d##_DESCRIPTOR, CUDNN_ATTR_##name, CUDNN_TYPE_##type, least, most, wanted }
#define CHILD(d, name, wanted) R(d, name, BACKEND_DESCRIPTOR, 1, 1, wanted)

static const rule RULES[] = {
    R(TENSOR, TENSOR_UNIQUE_ID, INT64, 1, 1, true),
    R(TENSOR, TENSOR_DATA_TYPE, DATA_TYPE, 1, 1, true),
    R(TENSOR, TENSOR_DIMENSIONS, INT64, 4, 4, true),
    R(TENSOR, TENSOR_STRIDES, INT64, 4, 4, true),
    R(TENSOR, TENSOR_BYTE_ALIGNMENT, INT64, 1, 1, true),
    R(TENSOR, TENSOR_IS_VIRTUAL, BOOLEAN, 1, 1, false),
    R(TENSOR, TENSOR_IS_BY_VALUE, BOOLEAN, 1, 1, false),
    R(CONVOLUTION, CONVOLUTION_COMP_TYPE, DATA_TYPE, 1, 1, true),
    R(CONVOLUTION, CONVOLUTION_CONV_MODE, CONVOLUTION_MODE, 1, 1, true),
    R(CONVOLUTION, CONVOLUTION_SPATIAL_DIMS, INT64, 1, 1, true),
    R(CONVOLUTION, CONVOLUTION_DILATIONS, INT64, 2, 2, true),
    R(CONVOLUTION, CONVOLUTION_FILTER_STRIDES, INT64, 2, 2, true),
    R(CONVOLUTION, CONVOLUTION_PRE_PADDINGS, INT64, 2, 2, true),
    R(CONVOLUTION, CONVOLUTION_POST_PADDINGS, INT64, 2, 2, true),
    CHILD(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_CONV_DESC, true),
    CHILD(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_X, true),
    CHILD(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_W, true),
    CHILD(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_Y, true),
    R(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_ALPHA, FLOAT, 1, 1, true),
    R(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_BETA, FLOAT, 1, 1, true),
    CHILD(OPERATION_CONVOLUTION_BACKWARD_DATA, OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, true),
    CHILD(OPERATION_CONVOLUTION_BACKWARD_DATA, OPERATION_CONVOLUTION_BWD_DATA_W, true),
    CHILD(OPERATION_CONVOLUTION_BACKWARD_DATA, OPERATION_CONVOLUTION_BWD_DATA_DX, true),
    CHILD(OPERATION_CONVOLUTION_BACKWARD_DATA, OPERATION_CONVOLUTION_BWD_DATA_DY, true),
    R(OPERATION_CONVOLUTION_BACKWARD_DATA, OPERATION_CONVOLUTION_BWD_DATA_ALPHA, FLOAT, 1, 1, true),
    R(OPERATION_CONVOLUTION_BACKWARD_DATA, OPERATION_CONVOLUTION_BWD_DATA_BETA, FLOAT, 1, 1, true),
    CHILD(OPERATION_CONVOLUTION_BACKWARD_FILTER, OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, true),
    CHILD(OPERATION_CONVOLUTION_BACKWARD_FILTER, OPERATION_CONVOLUTION_BWD_FILTER_DW, true),
    CHILD(OPERATION_CONVOLUTION_BACKWARD_FILTER, OPERATION_CONVOLUTION_BWD_FILTER_X, true),
    CHILD(OPERATION_CONVOLUTION_BACKWARD_FILTER, OPERATION_CONVOLUTION_BWD_FILTER_DY, true),
    R(OPERATION_CONVOLUTION_BACKWARD_FILTER, OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, FLOAT, 1, 1, true),
    R(OPERATION_CONVOLUTION_BACKWARD_FILTER, OPERATION_CONVOLUTION_BWD_FILTER_BETA, FLOAT, 1, 1, true),
    R(POINTWISE, POINTWISE_MODE, POINTWISE_MODE, 1, 1, true),
    R(POINTWISE, POINTWISE_MATH_PREC, DATA_TYPE, 1, 1, true),
    R(POINTWISE, POINTWISE_NAN_PROPAGATION, NAN_PROPOGATION, 1, 1, false),
    CHILD(OPERATION_POINTWISE, OPERATION_POINTWISE_PW_DESCRIPTOR, true),
    CHILD(OPERATION_POINTWISE, OPERATION_POINTWISE_XDESC, true),
    CHILD(OPERATION_POINTWISE, OPERATION_POINTWISE_BDESC, false),
    CHILD(OPERATION_POINTWISE, OPERATION_POINTWISE_YDESC, true),
    R(REDUCTION, REDUCTION_OPERATOR, REDUCTION_OPERATOR_TYPE, 1, 1, true),
    R(REDUCTION, REDUCTION_COMP_TYPE, DATA_TYPE, 1, 1, true),
    CHILD(OPERATION_REDUCTION, OPERATION_REDUCTION_DESC, true),
    CHILD(OPERATION_REDUCTION, OPERATION_REDUCTION_XDESC, true),
    CHILD(OPERATION_REDUCTION, OPERATION_REDUCTION_YDESC, true),
    R(RESAMPLE, RESAMPLE_MODE, RESAMPLE_MODE, 1, 1, true),
    R(RESAMPLE, RESAMPLE_COMP_TYPE, DATA_TYPE, 1, 1, true),
    R(RESAMPLE, RESAMPLE_SPATIAL_DIMS, INT64, 1, 1, true),
    R(RESAMPLE, RESAMPLE_WINDOW_DIMS, FRACTION, 2, 2, true),
    R(RESAMPLE, RESAMPLE_PRE_PADDINGS, FRACTION, 2, 2, true),
    R(RESAMPLE, RESAMPLE_POST_PADDINGS, FRACTION, 2, 2, true),
    R(RESAMPLE, RESAMPLE_STRIDES, FRACTION, 2, 2, true),
    R(RESAMPLE, RESAMPLE_NAN_PROPAGATION, NAN_PROPOGATION, 1, 1, false),
    R(RESAMPLE, RESAMPLE_PADDING_MODE, PADDING_MODE, 1, 1, true),
    CHILD(OPERATION_RESAMPLE_FWD, OPERATION_RESAMPLE_FWD_DESC, true),
    CHILD(OPERATION_RESAMPLE_FWD, OPERATION_RESAMPLE_FWD_XDESC, true),
    CHILD(OPERATION_RESAMPLE_FWD, OPERATION_RESAMPLE_FWD_YDESC, true),
    CHILD(OPERATION_RESAMPLE_BWD, OPERATION_RESAMPLE_BWD_DESC, true),
    CHILD(OPERATION_RESAMPLE_BWD, OPERATION_RESAMPLE_BWD_DXDESC, true),
    CHILD(OPERATION_RESAMPLE_BWD, OPERATION_RESAMPLE_BWD_DYDESC, true),
    R(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_MODE, NORM_MODE, 1, 1, true),
    R(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_PHASE, NORM_FWD_PHASE, 1, 1, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_XDESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_MEAN_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_INV_VARIANCE_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_SCALE_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_BIAS_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_EPSILON_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC, true),
    CHILD(OPERATION_NORM_FORWARD, OPERATION_NORM_FWD_YDESC, true),
    R(OPERATION_NORM_BACKWARD, OPERATION_NORM_BWD_MODE, NORM_MODE, 1, 1, true),
    CHILD(OPERATION_NORM_BACKWARD, OPERATION_NORM_BWD_XDESC, true),
    CHILD(OPERATION_NORM_BACKWARD, OPERATION_NORM_BWD_MEAN_DESC, true),
    CHILD(OPERATION_NORM_BACKWARD, OPERATION_NORM_BWD_INV_VARIANCE_DESC, true),
    CHILD(OPERATION_NORM_BACKWARD, OPERATION_NORM_BWD_DYDESC, true),
    CHILD(OPERATION_NORM_BACKWARD, OPERATION_NORM_BWD_SCALE_DESC, true),
    CHILD(OPERATION_NORM_BACKWARD, OPERATION_NORM_BWD_DSCALE_DESC, true),
    CHILD(OPERATION_NORM_BACKWARD, OPERATION_NORM_BWD_DBIAS_DESC, true),
    CHILD(OPERATION_NORM_BACKWARD, OPERATION_NORM_BWD_DXDESC, true),
    R(OPERATIONGRAPH, OPERATIONGRAPH_HANDLE, HANDLE, 1, 1, true),
    R(OPERATIONGRAPH, OPERATIONGRAPH_OPS, BACKEND_DESCRIPTOR, 1, FAKE_NODES, true),
    CHILD(ENGINEHEUR, ENGINEHEUR_OPERATION_GRAPH, true),
    R(ENGINEHEUR, ENGINEHEUR_MODE, HEUR_MODE, 1, 1, true),
    R(EXECUTION_PLAN, EXECUTION_PLAN_HANDLE, HANDLE, 1, 1, true),
    CHILD(EXECUTION_PLAN, EXECUTION_PLAN_ENGINE_CONFIG, true),
    R(VARIANT_PACK, VARIANT_PACK_UNIQUE_IDS, INT64, 1, FAKE_TENSORS, true),
    R(VARIANT_PACK, VARIANT_PACK_DATA_POINTERS, VOID_PTR, 1, FAKE_TENSORS, true),
    R(VARIANT_PACK, VARIANT_PACK_WORKSPACE, VOID_PTR, 1, 1, false),
};
enum { N_RULES = sizeof RULES / sizeof RULES[0] };

size_t fake_type_size(int type) {
    switch (type) {
    case CUDNN_TYPE_BOOLEAN: return sizeof(bool);
    case CUDNN_TYPE_INT64: return sizeof(int64_t);
    case CUDNN_TYPE_FLOAT: return sizeof(float);
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR: return sizeof(void *);
    case CUDNN_TYPE_FRACTION: return sizeof(cudnnFraction_t);
    case CUDNN_TYPE_DATA_TYPE:
    case CUDNN_TYPE_CONVOLUTION_MODE:
    case CUDNN_TYPE_HEUR_MODE:
    case CUDNN_TYPE_NAN_PROPOGATION:
    case CUDNN_TYPE_POINTWISE_MODE:
    case CUDNN_TYPE_REDUCTION_OPERATOR_TYPE:
    case CUDNN_TYPE_RESAMPLE_MODE:
    case CUDNN_TYPE_PADDING_MODE:
    case CUDNN_TYPE_NORM_MODE:
    case CUDNN_TYPE_NORM_FWD_PHASE:
    case CUDNN_TYPE_NUMERICAL_NOTE: return sizeof(int);
    default: return 0;
    }
}

cudnnStatus_t fake_check_attribute(const fake_descriptor *d, int name, int type, int64_t count, const void *values) {
    const rule *r = RULES;
    while (r < RULES + N_RULES && (r->descriptor != (int)d->type || r->name != name)) r++;
    if (r == RULES + N_RULES) return fake_complain(CUDNN_STATUS_BAD_PARAM, "descriptor %d has no attribute %d", (int)d->type, name);
    if (type != r->type) return fake_complain(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "attribute %d: type %d, not %d", name, type, r->type);
    if (count < r->least || count > r->most)
        return fake_complain(CUDNN_STATUS_BAD_PARAM_OUT_OF_BOUND, "attribute %d: %lld values", name, (long long)count);
    for (int64_t i = 0; i < count && type == CUDNN_TYPE_BACKEND_DESCRIPTOR; i++) {
        const fake_descriptor *child = ((fake_descriptor *const *)values)[i];
        if (!fake_alive(child)) return fake_complain(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "attribute %d: no descriptor", name);
        if (!child->finalized)
            return fake_complain(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "attribute %d: a descriptor that is not finalized", name);
    }
    if (type == CUDNN_TYPE_HANDLE && !fake_handle_alive(*(void *const *)values))
        return fake_complain(CUDNN_STATUS_BAD_PARAM, "attribute %d: no handle", name);
    return CUDNN_STATUS_SUCCESS;
}

static int64_t int_of(const fake_descriptor *d, int name, int i) { return ((const int64_t *)fake_get(d, name)->data)[i]; }

static int enum_of(const fake_descriptor *d, int name, int otherwise) {
    const fake_attribute *a = fake_get(d, name);
    return a ? *(const int *)a->data : otherwise;
}

static const fake_descriptor *child_of(const fake_descriptor *d, int name) {
    const fake_attribute *a = fake_get(d, name);
    return a ? *(fake_descriptor *const *)a->data : NULL;
}

static bool flag_of(const fake_descriptor *d, int name) {
    const fake_attribute *a = fake_get(d, name);
    return a && *(const bool *)a->data;
}

static fake_tensor tensor_of(const fake_descriptor *d) {
    fake_tensor t = {.uid = int_of(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, 0),
                     .type = enum_of(d, CUDNN_ATTR_TENSOR_DATA_TYPE, 0),
                     .alignment = int_of(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, 0),
                     .is_virtual = flag_of(d, CUDNN_ATTR_TENSOR_IS_VIRTUAL),
                     .by_value = flag_of(d, CUDNN_ATTR_TENSOR_IS_BY_VALUE)};
    for (int i = 0; i < 4; i++) {
        t.dims[i] = int_of(d, CUDNN_ATTR_TENSOR_DIMENSIONS, i);
        t.strides[i] = int_of(d, CUDNN_ATTR_TENSOR_STRIDES, i);
    }
    return t;
}

static cudnnStatus_t check_tensor(const fake_descriptor *d) {
    const fake_tensor t = tensor_of(d);
    int64_t dense = 1;
    if (t.type != CUDNN_DATA_FLOAT && t.type != CUDNN_DATA_BFLOAT16)
        return fake_complain(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE, "tensor %lld: data type %lld", (long long)t.uid, (long long)t.type);
    if (t.alignment < (t.by_value ? 4 : 16) || (t.alignment & (t.alignment - 1)) != 0)
        return fake_complain(CUDNN_STATUS_BAD_PARAM, "tensor %lld: alignment %lld", (long long)t.uid, (long long)t.alignment);
    for (int i = 3; i >= 0; i--) {
        if (t.dims[i] < 1 || t.strides[i] != dense)
            return fake_complain(CUDNN_STATUS_BAD_PARAM, "tensor %lld: dimension %d is %lld with stride %lld, which should be %lld",
                                 (long long)t.uid, i, (long long)t.dims[i], (long long)t.strides[i], (long long)dense);
        dense *= t.dims[i];
    }
    return CUDNN_STATUS_SUCCESS;
}

/* Ports of each operation; `outputs` is a mask over them. */
static const struct {
    int type, inner, outputs, ports[FAKE_PORTS];
} OPERATIONS[] = {
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
     4,
     {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y}},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
     1,
     {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY}},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
     2,
     {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY}},
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR,
     4,
     {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_ATTR_OPERATION_POINTWISE_YDESC}},
    {CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_REDUCTION_DESC,
     2,
     {CUDNN_ATTR_OPERATION_REDUCTION_XDESC, CUDNN_ATTR_OPERATION_REDUCTION_YDESC}},
    {CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC,
     2,
     {CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC}},
    {CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DESC,
     1,
     {CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC, CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC}},
    {CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR,
     -1,
     1 << 1 | 1 << 2 | 1 << 9 | 1 << 10 | 1 << 11,
     {CUDNN_ATTR_OPERATION_NORM_FWD_XDESC, CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC,
      CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC,
      CUDNN_ATTR_OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC,
      CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC,
      CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_YDESC}},
    {CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR,
     -1,
     1 << 5 | 1 << 6 | 1 << 7,
     {CUDNN_ATTR_OPERATION_NORM_BWD_XDESC, CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC,
      CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC, CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC,
      CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC}},
};
enum { N_OPERATIONS = sizeof OPERATIONS / sizeof OPERATIONS[0] };

static int operation_of(int type) {
    for (int i = 0; i < N_OPERATIONS; i++)
        if (OPERATIONS[i].type == type) return i;
    return -1;
}

/* The tensor's place in the program; a uid twice must be the same tensor. -1 = it is not. */
static int place_of(fake_program *p, const fake_tensor *t) {
    for (int i = 0; i < p->tensors; i++)
        if (p->tensor[i].uid == t->uid)
            return memcmp(p->tensor[i].dims, t->dims, sizeof t->dims) == 0 && p->tensor[i].type == t->type ? i : -1;
    if (p->tensors == FAKE_TENSORS) return -1;
    p->tensor[p->tensors] = *t;
    return p->tensors++;
}

static void read_windows(const fake_descriptor *inner, fake_node *n) {
    for (int i = 0; i < 2; i++) {
        n->window[i] = n->stride[i] = n->dilation[i] = 1;
        if (inner->type == CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR) {
            n->stride[i] = int_of(inner, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, i);
            n->pre[i] = int_of(inner, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, i);
            n->post[i] = int_of(inner, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, i);
            n->dilation[i] = int_of(inner, CUDNN_ATTR_CONVOLUTION_DILATIONS, i);
        }
        if (inner->type == CUDNN_BACKEND_RESAMPLE_DESCRIPTOR) {
            n->window[i] = ((const cudnnFraction_t *)fake_get(inner, CUDNN_ATTR_RESAMPLE_WINDOW_DIMS)->data)[i].numerator;
            n->stride[i] = ((const cudnnFraction_t *)fake_get(inner, CUDNN_ATTR_RESAMPLE_STRIDES)->data)[i].numerator;
            n->pre[i] = ((const cudnnFraction_t *)fake_get(inner, CUDNN_ATTR_RESAMPLE_PRE_PADDINGS)->data)[i].numerator;
            n->post[i] = ((const cudnnFraction_t *)fake_get(inner, CUDNN_ATTR_RESAMPLE_POST_PADDINGS)->data)[i].numerator;
        }
    }
}

static void read_inner(const fake_descriptor *inner, fake_node *n) {
    read_windows(inner, n);
    if (inner->type == CUDNN_BACKEND_POINTWISE_DESCRIPTOR) {
        n->mode = enum_of(inner, CUDNN_ATTR_POINTWISE_MODE, -1);
        n->nan = enum_of(inner, CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_NOT_PROPAGATE_NAN) == CUDNN_PROPAGATE_NAN;
    } else if (inner->type == CUDNN_BACKEND_REDUCTION_DESCRIPTOR) {
        n->mode = enum_of(inner, CUDNN_ATTR_REDUCTION_OPERATOR, -1);
    } else if (inner->type == CUDNN_BACKEND_RESAMPLE_DESCRIPTOR) {
        n->mode = enum_of(inner, CUDNN_ATTR_RESAMPLE_MODE, -1);
        n->nan = enum_of(inner, CUDNN_ATTR_RESAMPLE_NAN_PROPAGATION, CUDNN_NOT_PROPAGATE_NAN) == CUDNN_PROPAGATE_NAN;
    }
}

/* y[…] = x[…] through a window, per axis. */
static bool window_fits(const fake_node *n, const int64_t *x, const int64_t *kernel, const int64_t *y) {
    for (int i = 0; i < 2; i++) {
        const int64_t room = x[2 + i] + n->pre[i] + n->post[i] - (n->dilation[i] * (kernel[i] - 1) + 1);
        if (n->stride[i] < 1 || n->dilation[i] < 1 || n->pre[i] < 0 || room < 0 || y[2 + i] != room / n->stride[i] + 1) return false;
    }
    return true;
}

static bool broadcasts(const int64_t *small, const int64_t *large) {
    for (int i = 0; i < 4; i++)
        if (small[i] != 1 && small[i] != large[i]) return false;
    return true;
}

static bool shapes_fit(const fake_program *p, const fake_node *n) {
    const int64_t *d[FAKE_PORTS];
    static const int64_t none[4] = {1, 1, 1, 1};
    for (int i = 0; i < FAKE_PORTS; i++) d[i] = n->port[i] >= 0 ? p->tensor[n->port[i]].dims : none;
    switch (n->type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR: /* x or dx, w or dw, y or dy */
        return d[0][0] == d[2][0] && d[1][0] == d[2][1] && d[0][1] % d[1][1] == 0 && d[1][0] % (d[0][1] / d[1][1]) == 0 &&
               window_fits(n, d[0], &d[1][2], d[2]);
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
        return memcmp(d[0], d[2], sizeof none) == 0 && broadcasts(d[1], d[2]) && (n->port[1] >= 0) == (n->mode == CUDNN_POINTWISE_ADD);
    case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR: return broadcasts(d[1], d[0]);
    case CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR:
        return d[0][0] == d[1][0] && d[0][1] == d[1][1] && window_fits(n, d[0], n->window, d[1]);
    case CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR:
        return d[0][0] == d[1][0] && d[0][1] == d[1][1] && n->mode != CUDNN_RESAMPLE_MAXPOOL && window_fits(n, d[0], n->window, d[1]);
    default: break;
    }
    const bool forward = n->type == CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR;
    for (int i = 1; i < (forward ? 11 : 7); i++) {
        const bool scalar = forward && (i == 5 || i == 6), image = !forward && i == 3;
        if (scalar  ? !p->tensor[n->port[i]].by_value || !broadcasts(d[i], none)
            : image ? memcmp(d[i], d[0], sizeof none) != 0
                    : d[i][0] != 1 || d[i][1] != d[0][1] || d[i][2] != 1 || d[i][3] != 1)
            return false;
    }
    return memcmp(d[0], d[forward ? 11 : 7], sizeof none) == 0;
}

static cudnnStatus_t add_node(fake_program *p, const fake_descriptor *op) {
    const int which = operation_of((int)op->type);
    if (which < 0) return fake_complain(CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, "descriptor %d is no operation", (int)op->type);
    fake_node *n = &p->node[p->nodes++];
    *n = (fake_node){.type = (int)op->type, .outputs = OPERATIONS[which].outputs};
    if (OPERATIONS[which].inner >= 0) read_inner(child_of(op, OPERATIONS[which].inner), n);
    for (int i = 0; i < FAKE_PORTS; i++) {
        const int name = OPERATIONS[which].ports[i];
        const fake_descriptor *child = name != 0 ? child_of(op, name) : NULL;
        n->port[i] = -1;
        if (!child) continue;
        if (child->type != CUDNN_BACKEND_TENSOR_DESCRIPTOR)
            return fake_complain(CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, "attribute %d is no tensor", name);
        const fake_tensor t = tensor_of(child);
        n->port[i] = place_of(p, &t);
        if (n->port[i] < 0) return fake_complain(CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES, "tensor %lld twice", (long long)t.uid);
    }
    return shapes_fit(p, n) ? CUDNN_STATUS_SUCCESS
                            : fake_complain(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "shapes of operation %d do not fit", (int)op->type);
}

/* Virtual tensors are written once, before they are read; others are written at most once. */
static cudnnStatus_t check_flow(const fake_program *p) {
    bool written[FAKE_TENSORS] = {false}, read[FAKE_TENSORS] = {false};
    for (int k = 0; k < p->nodes; k++) {
        const fake_node *n = &p->node[k];
        for (int i = 0; i < FAKE_PORTS; i++) {
            if (n->port[i] < 0 || (n->outputs >> i & 1)) continue;
            if (p->tensor[n->port[i]].is_virtual && !written[n->port[i]])
                return fake_complain(CUDNN_STATUS_BAD_PARAM, "a virtual tensor is read before it is written");
            read[n->port[i]] = true;
        }
        for (int i = 0; i < FAKE_PORTS; i++) {
            if (n->port[i] < 0 || !(n->outputs >> i & 1)) continue;
            if (written[n->port[i]] || read[n->port[i]])
                return fake_complain(CUDNN_STATUS_BAD_PARAM, "a tensor is written twice, or after it was read");
            written[n->port[i]] = true;
        }
    }
    for (int i = 0; i < p->tensors; i++)
        if (p->tensor[i].is_virtual && !read[i]) return fake_complain(CUDNN_STATUS_BAD_PARAM, "a virtual tensor is never read");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_graph(fake_descriptor *d) {
    const fake_attribute *ops = fake_get(d, CUDNN_ATTR_OPERATIONGRAPH_OPS);
    cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
    for (int64_t i = 0; i < ops->count && status == CUDNN_STATUS_SUCCESS; i++)
        status = add_node(&d->program, ((fake_descriptor *const *)ops->data)[i]);
    return status == CUDNN_STATUS_SUCCESS ? check_flow(&d->program) : status;
}

static cudnnStatus_t check_operation(const fake_descriptor *d) {
    fake_program alone = {0};
    for (int i = 0; i < d->count; i++) {
        const fake_attribute *a = &d->attributes[i];
        const float one = a->type == CUDNN_TYPE_FLOAT ? *(const float *)a->data : 1.0f;
        const bool beta = a->name == CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA ||
                          a->name == CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA ||
                          a->name == CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA;
        if (a->type == CUDNN_TYPE_FLOAT && one != (beta ? 0.0f : 1.0f))
            return fake_complain(CUDNN_STATUS_NOT_SUPPORTED, "alpha or beta %g", (double)one);
    }
    return add_node(&alone, d);
}

static cudnnStatus_t check_inner(const fake_descriptor *d) {
    if (d->type == CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR && (int_of(d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 0) != 2 ||
                                                            enum_of(d, CUDNN_ATTR_CONVOLUTION_CONV_MODE, -1) != CUDNN_CROSS_CORRELATION ||
                                                            enum_of(d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, -1) != CUDNN_DATA_FLOAT))
        return fake_complain(CUDNN_STATUS_BAD_PARAM, "a convolution that is not a float32 cross-correlation over two axes");
    if (d->type == CUDNN_BACKEND_RESAMPLE_DESCRIPTOR) {
        const bool max = enum_of(d, CUDNN_ATTR_RESAMPLE_MODE, -1) == CUDNN_RESAMPLE_MAXPOOL;
        if (enum_of(d, CUDNN_ATTR_RESAMPLE_PADDING_MODE, -1) != (max ? CUDNN_NEG_INF_PAD : CUDNN_ZERO_PAD))
            return fake_complain(CUDNN_STATUS_NOT_SUPPORTED_PADDING, "a resampling's padding mode");
    }
    if (d->type == CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR) {
        const fake_attribute *ids = fake_get(d, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
        if (ids->count != fake_get(d, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS)->count)
            return fake_complain(CUDNN_STATUS_BAD_PARAM, "a variant pack with more ids than pointers, or less");
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t fake_finalize(fake_descriptor *d) {
    for (const rule *r = RULES; r < RULES + N_RULES; r++)
        if (r->descriptor == (int)d->type && r->wanted && !fake_get(d, r->name))
            return fake_complain(CUDNN_STATUS_BAD_PARAM, "descriptor %d without attribute %d", (int)d->type, r->name);
    if (d->type == CUDNN_BACKEND_TENSOR_DESCRIPTOR) return check_tensor(d);
    if (d->type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) return finalize_graph(d);
    return operation_of((int)d->type) >= 0 ? check_operation(d) : check_inner(d);
}
