/* graph_build.c - from a graph's description to cuDNN's descriptors: tensors, nodes, the operation graph. No engine is chosen here.
 *
 * A node is a table row: its descriptor's type and the attribute of each port. What is particular to a kind (windows, modes) has one
 * function. */
#include "graph_build.h"

cudnnBackendDescriptor_t hni_build_create(hni_graph_build *b, cudnnBackendDescriptorType_t type, const char *what) {
    if (b->code != CUDNN_STATUS_SUCCESS) return NULL;
    cudnnBackendDescriptor_t d = NULL;
    b->what = what;
    b->code = b->keep->count < HNI_KEEP ? cudnnBackendCreateDescriptor(type, &d) : CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    if (b->code != CUDNN_STATUS_SUCCESS) return NULL;
    b->keep->all[b->keep->count++] = d;
    return d;
}

void hni_build_set(hni_graph_build *b, cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                   int64_t count, const void *values, const char *what) {
    if (b->code != CUDNN_STATUS_SUCCESS) return;
    b->what = what;
    b->code = cudnnBackendSetAttribute(d, name, type, count, values);
}

void hni_build_finalize(hni_graph_build *b, cudnnBackendDescriptor_t d, const char *what) {
    if (b->code != CUDNN_STATUS_SUCCESS) return;
    b->what = what;
    b->code = cudnnBackendFinalize(d);
}

void hni_keep_drop(hni_graph_keep *keep, int32_t from) {
    while (keep->count > from) (void)cudnnBackendDestroyDescriptor(keep->all[--keep->count]); /* nothing can be done about a failure */
}

hn_status hni_build_status(const hni_graph_build *b, hn_error *err) {
    if (b->code == CUDNN_STATUS_SUCCESS) return HN_OK;
    if (hni_cudnn_refuses(b->code))
        return hni_fail_code(err, HN_E_UNSUPPORTED, HN_DOMAIN_CUDNN, (int64_t)b->code, "cudnn:%d: %s: cuDNN %d (%s)", b->device->index,
                             b->what, (int)b->code, cudnnGetErrorString(b->code));
    return hni_cuda_check_cudnn(b->device, b->code, b->what, err);
}

static void set_type(hni_graph_build *b, cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name, cudnnDataType_t type) {
    hni_build_set(b, d, name, CUDNN_TYPE_DATA_TYPE, 1, &type, "type of a computation");
}

static void set_ints(hni_graph_build *b, cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name, int64_t count, const int64_t *v) {
    hni_build_set(b, d, name, CUDNN_TYPE_INT64, count, v, "window of an operation");
}

static cudnnBackendDescriptor_t build_tensor(hni_graph_build *b, const hni_graph_tensor *t, int64_t uid) {
    static const char what[] = "a tensor's description";
    const int64_t alignment = t->by_value ? (int64_t)sizeof(float) : 16; /* the library's offsets are multiples of 64 */
    const cudnnDataType_t type = (cudnnDataType_t)t->type;
    const bool yes = true;
    cudnnBackendDescriptor_t d = hni_build_create(b, CUDNN_BACKEND_TENSOR_DESCRIPTOR, what);
    hni_build_set(b, d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &uid, what);
    hni_build_set(b, d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type, what);
    hni_build_set(b, d, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, t->dims, what);
    hni_build_set(b, d, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, t->strides, what);
    hni_build_set(b, d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment, what);
    if (t->is_virtual) hni_build_set(b, d, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &yes, what);
    if (t->by_value) hni_build_set(b, d, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &yes, what);
    hni_build_finalize(b, d, what);
    return d;
}

/* What a node's operation refers to beside tensors: windows and modes. */
static cudnnBackendDescriptor_t build_conv(hni_graph_build *b, const hni_graph_node *n) {
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const int64_t two = 2, post[2] = {n->padding[0] + n->extra_padding[0], n->padding[1] + n->extra_padding[1]};
    cudnnBackendDescriptor_t d = hni_build_create(b, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, "a convolution's description");
    set_ints(b, d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 1, &two);
    set_type(b, d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    hni_build_set(b, d, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode, "mode of a convolution");
    set_ints(b, d, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, 2, n->padding);
    set_ints(b, d, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, 2, post);
    set_ints(b, d, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, 2, n->stride);
    set_ints(b, d, CUDNN_ATTR_CONVOLUTION_DILATIONS, 2, n->dilation);
    hni_build_finalize(b, d, "a convolution's description");
    return d;
}

static cudnnBackendDescriptor_t build_pointwise(hni_graph_build *b, const hni_graph_node *n) {
    const cudnnPointwiseMode_t mode = (cudnnPointwiseMode_t)n->mode;
    const cudnnNanPropagation_t nan = CUDNN_PROPAGATE_NAN;
    cudnnBackendDescriptor_t d = hni_build_create(b, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, "a pointwise description");
    hni_build_set(b, d, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode, "a pointwise mode");
    set_type(b, d, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
    if (mode == CUDNN_POINTWISE_RELU_FWD)
        hni_build_set(b, d, CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_TYPE_NAN_PROPOGATION, 1, &nan, "NaN through a ReLU");
    hni_build_finalize(b, d, "a pointwise description");
    return d;
}

static cudnnBackendDescriptor_t build_reduction(hni_graph_build *b, const hni_graph_node *n) {
    const cudnnReduceTensorOp_t sum = (cudnnReduceTensorOp_t)n->mode;
    cudnnBackendDescriptor_t d = hni_build_create(b, CUDNN_BACKEND_REDUCTION_DESCRIPTOR, "a reduction's description");
    hni_build_set(b, d, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &sum, "a reduction's operator");
    set_type(b, d, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    hni_build_finalize(b, d, "a reduction's description");
    return d;
}

static void set_fractions(hni_graph_build *b, cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name, const int64_t v[2]) {
    const cudnnFraction_t f[2] = {{v[0], 1}, {v[1], 1}};
    hni_build_set(b, d, name, CUDNN_TYPE_FRACTION, 2, f, "window of a resampling");
}

static cudnnBackendDescriptor_t build_resample(hni_graph_build *b, const hni_graph_node *n) {
    const cudnnResampleMode_t mode = (cudnnResampleMode_t)n->mode;
    const cudnnNanPropagation_t nan = CUDNN_PROPAGATE_NAN;
    const cudnnPaddingMode_t outside = mode == CUDNN_RESAMPLE_MAXPOOL ? CUDNN_NEG_INF_PAD : CUDNN_ZERO_PAD;
    const int64_t two = 2;
    cudnnBackendDescriptor_t d = hni_build_create(b, CUDNN_BACKEND_RESAMPLE_DESCRIPTOR, "a resampling's description");
    hni_build_set(b, d, CUDNN_ATTR_RESAMPLE_MODE, CUDNN_TYPE_RESAMPLE_MODE, 1, &mode, "a resampling's mode");
    set_type(b, d, CUDNN_ATTR_RESAMPLE_COMP_TYPE, CUDNN_DATA_FLOAT);
    hni_build_set(b, d, CUDNN_ATTR_RESAMPLE_NAN_PROPAGATION, CUDNN_TYPE_NAN_PROPOGATION, 1, &nan, "NaN through a resampling");
    hni_build_set(b, d, CUDNN_ATTR_RESAMPLE_PADDING_MODE, CUDNN_TYPE_PADDING_MODE, 1, &outside, "a resampling's padding");
    set_ints(b, d, CUDNN_ATTR_RESAMPLE_SPATIAL_DIMS, 1, &two);
    set_fractions(b, d, CUDNN_ATTR_RESAMPLE_WINDOW_DIMS, n->window);
    set_fractions(b, d, CUDNN_ATTR_RESAMPLE_PRE_PADDINGS, n->padding);
    set_fractions(b, d, CUDNN_ATTR_RESAMPLE_POST_PADDINGS, n->padding);
    set_fractions(b, d, CUDNN_ATTR_RESAMPLE_STRIDES, n->stride);
    hni_build_finalize(b, d, "a resampling's description");
    return d;
}

typedef struct node_kind {
    cudnnBackendDescriptorType_t type;
    const char *what;
    cudnnBackendDescriptor_t (*inner)(hni_graph_build *b, const hni_graph_node *n); /* NULL = none */
    int32_t inner_attribute;
    int32_t scale[2]; /* alpha, beta: float, 1 and 0; 0 = none */
    int32_t port[HNI_GRAPH_PORTS];
} node_kind;

static const node_kind KINDS[] = {
    [HNI_NODE_CONV] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                       "a convolution",
                       build_conv,
                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                       {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
                       {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y}},
    [HNI_NODE_CONV_DATA] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                            "a convolution's input gradient",
                            build_conv,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                            {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
                            {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY}},
    [HNI_NODE_CONV_FILTER] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                              "a convolution's weight gradient",
                              build_conv,
                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                              {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
                              {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY}},
    [HNI_NODE_POINTWISE] = {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR,
                            "a pointwise operation",
                            build_pointwise,
                            CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR,
                            {0},
                            {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_ATTR_OPERATION_POINTWISE_BDESC,
                             CUDNN_ATTR_OPERATION_POINTWISE_YDESC}},
    [HNI_NODE_REDUCTION] = {CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR,
                            "a reduction",
                            build_reduction,
                            CUDNN_ATTR_OPERATION_REDUCTION_DESC,
                            {0},
                            {CUDNN_ATTR_OPERATION_REDUCTION_XDESC, CUDNN_ATTR_OPERATION_REDUCTION_YDESC}},
    [HNI_NODE_RESAMPLE] = {CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR,
                           "a resampling",
                           build_resample,
                           CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC,
                           {0},
                           {CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC}},
    [HNI_NODE_RESAMPLE_GRAD] = {CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR,
                                "a resampling's gradient",
                                build_resample,
                                CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DESC,
                                {0},
                                {CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC, CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC}},
    [HNI_NODE_NORM] = {CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR,
                       "a batch norm",
                       NULL,
                       0,
                       {0},
                       {CUDNN_ATTR_OPERATION_NORM_FWD_XDESC, CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC,
                        CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC,
                        CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC,
                        CUDNN_ATTR_OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC,
                        CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC,
                        CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_YDESC}},
    [HNI_NODE_NORM_GRAD] = {CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR,
                            "a batch norm's gradient",
                            NULL,
                            0,
                            {0},
                            {CUDNN_ATTR_OPERATION_NORM_BWD_XDESC, CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC,
                             CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC,
                             CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC,
                             CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC}},
};

static void set_norm(hni_graph_build *b, cudnnBackendDescriptor_t op, int64_t kind) {
    const cudnnBackendNormMode_t mode = CUDNN_BATCH_NORM;
    const cudnnBackendNormFwdPhase_t phase = CUDNN_NORM_FWD_TRAINING;
    hni_build_set(b, op, kind == HNI_NODE_NORM ? CUDNN_ATTR_OPERATION_NORM_FWD_MODE : CUDNN_ATTR_OPERATION_NORM_BWD_MODE,
                  CUDNN_TYPE_NORM_MODE, 1, &mode, "mode of a batch norm");
    if (kind == HNI_NODE_NORM)
        hni_build_set(b, op, CUDNN_ATTR_OPERATION_NORM_FWD_PHASE, CUDNN_TYPE_NORM_FWD_PHASE, 1, &phase, "phase of a batch norm");
}

static cudnnBackendDescriptor_t build_node(hni_graph_build *b, const hni_graph_node *n, const cudnnBackendDescriptor_t *tensors) {
    const node_kind *kind = &KINDS[n->kind];
    cudnnBackendDescriptor_t inner = kind->inner ? kind->inner(b, n) : NULL, op = hni_build_create(b, kind->type, kind->what);
    if (kind->inner)
        hni_build_set(b, op, (cudnnBackendAttributeName_t)kind->inner_attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &inner, kind->what);
    else
        set_norm(b, op, n->kind);
    for (int i = 0; i < HNI_GRAPH_PORTS; i++)
        if (kind->port[i] != 0 && n->port[i] >= 0)
            hni_build_set(b, op, (cudnnBackendAttributeName_t)kind->port[i], CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &tensors[n->port[i]],
                          kind->what);
    for (int i = 0; i < 2; i++) {
        const float factor = i == 0 ? 1.0f : 0.0f;
        if (kind->scale[i] != 0)
            hni_build_set(b, op, (cudnnBackendAttributeName_t)kind->scale[i], CUDNN_TYPE_FLOAT, 1, &factor, kind->what);
    }
    hni_build_finalize(b, op, kind->what);
    return op;
}

cudnnBackendDescriptor_t hni_build_graph(hni_graph_build *b, const hni_graph *graph) {
    cudnnBackendDescriptor_t tensors[HNI_GRAPH_TENSORS] = {NULL}, ops[HNI_GRAPH_NODES] = {NULL};
    for (int64_t i = 0; i < graph->tensors; i++) tensors[i] = build_tensor(b, &graph->tensor[i], i + 1);
    for (int64_t i = 0; i < graph->nodes; i++) ops[i] = build_node(b, &graph->node[i], tensors);
    cudnnBackendDescriptor_t d = hni_build_create(b, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, "the operation graph");
    hni_build_set(b, d, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &b->device->cudnn, "the operation graph");
    hni_build_set(b, d, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, graph->nodes, ops, "the operation graph");
    hni_build_finalize(b, d, "the operation graph");
    return b->code == CUDNN_STATUS_SUCCESS ? d : NULL;
}
