/* matmul.c - matrix products by cuBLASLt: descriptors and the choice of an algorithm once, one call a run.
 *
 * cuBLASLt counts columns first. A row-major matrix is the same memory as its transpose column-major, so that
 *
 *   out[rows,columns] row-major = left · right    is    D[columns × rows] = rightᵀ · leftᵀ column-major:
 *
 * right becomes A, left becomes B, and each is transposed once more if it is stored the other way. A bias of `columns` numbers is then one
 * a row of D, which is what the library's bias epilogue wants.
 *
 * Sums may be cut (split-K) only where their parts are added in float32 in a fixed order (reduction scheme COMPUTE_TYPE or none). */
#include "matmul.h"

#include <inttypes.h>

#include "kernels.h"
#include "measure.h"

/* An upper bound for the choice of algorithms; only what the chosen one needs is asked of the caller. */
#define LT_WORKSPACE ((uint64_t)32 << 20)

enum {
    PART = 256, /* bytes: alignment of the workspace's parts */
    TENSOR = 64 /* bytes: alignment of the caller's tensors, hn_buffer.offset; cuBLASLt would take 256 for granted */
};

/* How to multiply, in order; the first that cuBLASLt has an algorithm for is taken. PEDANTIC also keeps float32 from being emulated. */
typedef struct attempt {
    cublasComputeType_t compute;
    bool bf16;
} attempt;
static const attempt ATTEMPTS[] = {
    {CUBLAS_COMPUTE_32F, true},           /* from here: HNI_CUDA_BF16 */
    {CUBLAS_COMPUTE_32F_FAST_TF32, false}, /* HNI_CUDA_TF32 */
    {CUBLAS_COMPUTE_32F_PEDANTIC, false}, /* HNI_CUDA_F32 */
    {CUBLAS_COMPUTE_32F, false},
};
enum { N_ATTEMPTS = sizeof ATTEMPTS / sizeof ATTEMPTS[0] };

static int first_attempt(int32_t precision) {
    return precision == HNI_CUDA_BF16 ? 0 : precision == HNI_CUDA_TF32 ? 1 : 2;
}

static uint64_t padded(uint64_t bytes) {
    return (bytes + PART - 1) / PART * PART;
}

void hni_cuda_matmul_drop(hni_cuda_device *device, hni_cuda_matmul *m) {
    hni_cuda_rounded_drop(device, &m->kept);
    if (m->out)
        cublasLtMatrixLayoutDestroy(m->out);
    if (m->right)
        cublasLtMatrixLayoutDestroy(m->right);
    if (m->left)
        cublasLtMatrixLayoutDestroy(m->left);
    if (m->desc)
        cublasLtMatmulDescDestroy(m->desc);
    m->desc = NULL;
    m->left = m->right = m->out = NULL;
}

static cublasStatus_t set_desc(hni_cuda_matmul *m, cublasLtMatmulDescAttributes_t attribute, const void *value, size_t size) {
    return cublasLtMatmulDescSetAttribute(m->desc, attribute, value, size);
}

static cublasStatus_t make_desc(hni_cuda_matmul *m, cublasComputeType_t compute) {
    const hni_cuda_product *p = &m->product;
    const cublasOperation_t a = p->right_t ? CUBLAS_OP_T : CUBLAS_OP_N, b = p->left_t ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasLtEpilogue_t epilogue = p->bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
    cublasStatus_t code = cublasLtMatmulDescCreate(&m->desc, compute, CUDA_R_32F);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = set_desc(m, CUBLASLT_MATMUL_DESC_TRANSA, &a, sizeof a);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = set_desc(m, CUBLASLT_MATMUL_DESC_TRANSB, &b, sizeof b);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = set_desc(m, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
    return code;
}

/* A row-major [rows,columns] matrix as the library sees it. */
static cublasStatus_t make_layout(cublasLtMatrixLayout_t *layout, cudaDataType type, int64_t rows, int64_t columns) {
    return cublasLtMatrixLayoutCreate(layout, type, (uint64_t)columns, (uint64_t)rows, columns);
}

static cublasStatus_t make_layouts(hni_cuda_matmul *m) {
    const hni_cuda_product *p = &m->product;
    const cudaDataType type = m->bf16 ? CUDA_R_16BF : CUDA_R_32F;
    cublasStatus_t code = make_layout(&m->left, type, p->left_t ? p->depth : p->rows, p->left_t ? p->rows : p->depth);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = make_layout(&m->right, type, p->right_t ? p->columns : p->depth, p->right_t ? p->depth : p->columns);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = make_layout(&m->out, CUDA_R_32F, p->rows, p->columns);
    return code;
}

/* What an algorithm may count on. inputs: alignment of left and right, bytes. */
static cublasStatus_t set_preference(cublasLtMatmulPreference_t preference, uint32_t inputs) {
    const uint64_t most = LT_WORKSPACE;
    const uint32_t tensor = TENSOR, reduction = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    const struct {
        cublasLtMatmulPreferenceAttributes_t attribute;
        const void *value;
        size_t size;
    } all[] = {
        {CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most, sizeof most},
        {CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &reduction, sizeof reduction},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &inputs, sizeof inputs},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &inputs, sizeof inputs},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &tensor, sizeof tensor},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &tensor, sizeof tensor},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const cublasStatus_t code = cublasLtMatmulPreferenceSetAttribute(preference, all[i].attribute, all[i].value, all[i].size);
        if (code != CUBLAS_STATUS_SUCCESS)
            return code;
    }
    return CUBLAS_STATUS_SUCCESS;
}

static uint64_t factor_bytes(const hni_cuda_matmul *m, int64_t a, int64_t b) {
    return padded((uint64_t)(a * b) * (m->bf16 ? sizeof(uint16_t) : sizeof(float)));
}

/* What algorithms are tried on: memory for left, right, out and a bias, in this order, and a workspace. */
typedef struct trial {
    hni_cuda_device *device;
    hni_cuda_matmul *m;
    const cublasLtMatmulHeuristicResult_t *results;
    uint8_t *left, *right, *out, *bias, *workspace;
} trial;

static cublasStatus_t multiply(hni_cuda_device *device, hni_cuda_matmul *m, const cublasLtMatmulAlgo_t *algo, const void *left,
                               const void *right, const void *bias, void *out, void *workspace, size_t size, cudaStream_t stream) {
    static const float one = 1.0f, zero = 0.0f;
    cublasStatus_t code = CUBLAS_STATUS_SUCCESS;
    if (m->product.bias)
        code = set_desc(m, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = cublasLtMatmul(device->lt, m->desc, &one, right, m->right, left, m->left, &zero, out, m->out, out, m->out, algo,
                              size ? workspace : NULL, size, stream);
    return code;
}

static hn_status run_trial(void *with, int32_t i, hn_error *err) {
    const trial *t = (const trial *)with;
    const cublasLtMatmulHeuristicResult_t *r = &t->results[i];
    const cublasStatus_t code = r->state != CUBLAS_STATUS_SUCCESS
                                    ? r->state
                                    : multiply(t->device, t->m, &r->algo, t->left, t->right, t->bias, t->out, t->workspace, r->workspaceSize,
                                               t->device->stream);
    return hni_cuda_check_lt(t->device, code, "measuring a matrix product", err);
}

/* The number of the fastest of these algorithms. */
static hn_status measure(hni_cuda_device *device, hni_cuda_matmul *m, const cublasLtMatmulHeuristicResult_t *results, int32_t n,
                         int32_t *fastest, hn_error *err) {
    const hni_cuda_product *p = &m->product;
    const uint64_t left = factor_bytes(m, p->rows, p->depth), right = factor_bytes(m, p->depth, p->columns),
                   out = padded((uint64_t)(p->rows * p->columns) * sizeof(float)), bias = padded((uint64_t)p->columns * sizeof(float));
    trial t = {.device = device, .m = m, .results = results};
    void *memory = NULL;
    hn_status status = hni_measure_memory(device, left + right + out + bias + LT_WORKSPACE, &memory, err);
    if (status != HN_OK || !memory)
        return status;
    t.left = (uint8_t *)memory;
    t.right = t.left + left;
    t.out = t.right + right;
    t.bias = t.out + out;
    t.workspace = t.bias + bias;
    status = hni_measure(device, n, run_trial, &t, fastest, err);
    hni_measure_free(device, memory);
    return status;
}

/* The library's first choice, or of its first few the fastest. HN_E_UNSUPPORTED if it has none. */
static hn_status choose(hni_cuda_device *device, hni_cuda_matmul *m, hn_error *err) {
    cublasLtMatmulPreference_t preference = NULL;
    cublasLtMatmulHeuristicResult_t results[HNI_MEASURED] = {{.workspaceSize = 0}};
    const bool measures = device->measured && !device->capturing;
    int found = 0;
    int32_t chosen = 0;
    cublasStatus_t code = cublasLtMatmulPreferenceCreate(&preference);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = set_preference(preference, m->bf16 ? PART : TENSOR);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = cublasLtMatmulAlgoGetHeuristic(device->lt, m->desc, m->right, m->left, m->out, m->out, preference, measures ? HNI_MEASURED : 1,
                                              results, &found);
    if (preference)
        cublasLtMatmulPreferenceDestroy(preference);
    if (code == CUBLAS_STATUS_SUCCESS && (found < 1 || results[0].state != CUBLAS_STATUS_SUCCESS))
        code = CUBLAS_STATUS_NOT_SUPPORTED;
    hn_status status = hni_cuda_check_lt(device, code, "planning a matrix product", err);
    if (status == HN_OK && found > 1)
        status = measure(device, m, results, found, &chosen, err);
    m->algo = results[chosen].algo;
    m->lt_size = results[chosen].workspaceSize;
    return status;
}

/* Parts of the workspace: the rounded inputs, then cuBLASLt's. The first PART bytes are for moving the caller's pointer to a boundary. */
static hn_status lay_out(hni_cuda_device *device, hni_cuda_matmul *m, hn_error *err) {
    const hni_cuda_product *p = &m->product;
    hn_status status = HN_OK;
    uint64_t end = 0;
    if (m->bf16) {
        m->cast_left = end;
        end += padded((uint64_t)(p->rows * p->depth) * sizeof(uint16_t));
        m->cast_right = end;
        if (p->right_stays)
            status = hni_cuda_rounded_make(device, p->columns * p->depth, &m->kept, err);
        else
            end += padded((uint64_t)(p->columns * p->depth) * sizeof(uint16_t));
    }
    m->lt = end;
    end += padded(m->lt_size);
    m->workspace = end > 0 ? end + PART : 0;
    if (status != HN_OK)
        hni_cuda_matmul_drop(device, m);
    return status;
}

static hn_status attempt_plan(hni_cuda_device *device, hni_cuda_matmul *m, const attempt *how, hn_error *err) {
    cublasStatus_t code = make_desc(m, how->compute);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = make_layouts(m);
    const hn_status status = hni_cuda_check_lt(device, code, "planning a matrix product", err);
    return status == HN_OK ? choose(device, m, err) : status;
}

hn_status hni_cuda_matmul_plan(hni_cuda_device *device, const hni_cuda_product *product, hni_cuda_matmul *out, hn_error *err) {
    hn_error theirs = {.status = HN_OK};
    hn_status status = HN_E_UNSUPPORTED;
    for (int i = first_attempt(device->precision); i < N_ATTEMPTS && status == HN_E_UNSUPPORTED; i++) {
        *out = (hni_cuda_matmul){.product = *product, .bf16 = ATTEMPTS[i].bf16};
        status = attempt_plan(device, out, &ATTEMPTS[i], &theirs);
        if (status != HN_OK)
            hni_cuda_matmul_drop(device, out);
    }
    if (status == HN_E_UNSUPPORTED)
        return hni_fail_code(err, status, HN_DOMAIN_CUBLAS, theirs.code,
                             "cudnn:%" PRId32 ": cuBLASLt has no algorithm for [%" PRId64 ", %" PRId64 "] from %" PRId64 " products each",
                             device->index, product->rows, product->columns, product->depth);
    return status == HN_OK ? lay_out(device, out, err) : hni_fail_code(err, status, theirs.domain, theirs.code, "%s", theirs.message);
}

static void *part(void *workspace, uint64_t offset) {
    return (void *)(((uintptr_t)workspace + PART - 1) / PART * PART + offset);
}

/* Both factors as bfloat16, to *a (right) and *b (left). */
static hn_status round_factors(hni_cuda_device *device, hni_cuda_matmul *m, const float *left, const float *right, void *workspace, bool kept,
                               cudaStream_t stream, const void **a, const void **b, hn_error *err) {
    const hni_cuda_product *p = &m->product;
    hni_cuda_rounded l = {.memory = part(workspace, m->cast_left), .n = p->rows * p->depth};
    hni_cuda_rounded here = {.memory = part(workspace, m->cast_right), .n = p->columns * p->depth}, *r = m->kept.memory ? &m->kept : &here;
    *a = r->memory;
    *b = l.memory;
    const hn_status status = hni_cuda_rounded_fill(device, &l, left, false, stream, err);
    return status == HN_OK ? hni_cuda_rounded_fill(device, r, right, kept, stream, err) : status;
}

hn_status hni_cuda_matmul_run(hni_cuda_device *device, hni_cuda_matmul *m, const float *left, const float *right, const float *bias,
                              float *out, void *workspace, bool kept, cudaStream_t stream, hn_error *err) {
    const void *a = right, *b = left;
    const hn_status status = m->bf16 ? round_factors(device, m, left, right, workspace, kept, stream, &a, &b, err) : HN_OK;
    if (status != HN_OK)
        return status;
    const cublasStatus_t code = multiply(device, m, &m->algo, b, a, bias, out, m->lt_size ? part(workspace, m->lt) : NULL, m->lt_size, stream);
    return hni_cuda_check_lt(device, code, "cublasLtMatmul", err);
}
