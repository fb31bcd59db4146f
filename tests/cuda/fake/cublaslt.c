/* cublaslt.c - a fake cuBLASLt: the entry points that the backend uses, computing on the CPU in float64.
 *
 * Strict where the library is: every object, attribute and its size, layout, pointer, alignment and workspace is looked at, and a product
 * must be the one that its algorithm was chosen for. Stricter in one thing: what the backend does not use is refused, so that a use of
 * it is noticed here first. */
#include "cublaslt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

atomic_long fake_lt_products;
_Atomic cublasComputeType_t fake_lt_last;
_Atomic cudaDataType fake_lt_last_input;
unsigned fake_lt_refused;
size_t fake_lt_workspace = 4096;
int fake_lt_algorithms = 1;
atomic_int fake_lt_chosen;
double fake_lt_ms[FAKE_LT_MOST];

enum { HANDLE = 0x4C54, DESC, LAYOUT, PREFERENCE, ALGO };

struct cublasLtContext {
    int tag;
};

typedef struct desc {
    int tag;
    cublasComputeType_t compute;
    cudaDataType scale;
    cublasOperation_t a, b;
    cublasLtEpilogue_t epilogue;
    const void *bias;
} desc;

typedef struct layout {
    int tag;
    cudaDataType type;
    uint64_t rows, columns;
    int64_t ld;
} layout;

typedef struct preference {
    int tag;
    uint64_t workspace;
    uint32_t reduction, align_a, align_b, align_c, align_d;
} preference;

/* What fits into cublasLtMatmulAlgo_t: enough to tell whether a product is the one it was chosen for. */
typedef struct algo {
    uint32_t tag, m, n, k, align_inputs, align_out, workspace;
    uint32_t kind; /* compute, operations, epilogue, input type */
    uint32_t number;
} algo;
_Static_assert(sizeof(algo) <= sizeof(cublasLtMatmulAlgo_t), "fits");

/* Begins an entry point: a code to fail with on demand is given back at once. */
#define ENTER()                                          \
    do {                                                 \
        const int code_ = fake_enter(FAKE_CUBLASLT, __func__); \
        if (code_ != 0)                                  \
            return (cublasStatus_t)code_;                \
    } while (0)
/* What the library may take for granted. */
#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return (cublasStatus_t)fake_wrong("cuBLASLt: " #condition, CUBLAS_STATUS_INVALID_VALUE); \
    } while (0)

static cublasStatus_t make(void **out, size_t size, int tag) {
    *out = calloc(1, size);
    if (!*out)
        return CUBLAS_STATUS_ALLOC_FAILED;
    *(int *)*out = tag;
    fake_made(FAKE_CUBLASLT, 1);
    return CUBLAS_STATUS_SUCCESS;
}

static cublasStatus_t end(void *object, int tag) {
    NEED(object && *(int *)object == tag);
    *(int *)object = 0;
    free(object);
    fake_made(FAKE_CUBLASLT, -1);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
    NEED(handle);
    ENTER();
    return make((void **)handle, sizeof **handle, HANDLE);
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
    return end(handle, HANDLE);
}

const char *cublasLtGetStatusName(cublasStatus_t status) {
    return status == CUBLAS_STATUS_SUCCESS ? "CUBLAS_STATUS_SUCCESS" : "CUBLAS_STATUS_OF_THE_FAKE";
}

const char *cublasLtGetStatusString(cublasStatus_t status) {
    return status == CUBLAS_STATUS_SUCCESS ? "success" : "the fake says no";
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *out, cublasComputeType_t compute, cudaDataType_t scale) {
    NEED(out && scale == CUDA_R_32F);
    NEED(compute == CUBLAS_COMPUTE_32F || compute == CUBLAS_COMPUTE_32F_PEDANTIC || compute == CUBLAS_COMPUTE_32F_FAST_TF32);
    ENTER();
    desc *d = NULL;
    const cublasStatus_t code = make((void **)&d, sizeof *d, DESC);
    if (code != CUBLAS_STATUS_SUCCESS)
        return code;
    d->compute = compute;
    d->scale = scale;
    d->a = d->b = CUBLAS_OP_N;
    d->epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    *out = (cublasLtMatmulDesc_t)d;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) {
    return end(d, DESC);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t object, cublasLtMatmulDescAttributes_t attribute, const void *value,
                                              size_t size) {
    desc *d = (desc *)object;
    NEED(d && d->tag == DESC && value);
    ENTER();
    const int32_t number = size == 4 ? *(const int32_t *)value : -1;
    switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
    case CUBLASLT_MATMUL_DESC_TRANSB:
        NEED(number == CUBLAS_OP_N || number == CUBLAS_OP_T);
        *(attribute == CUBLASLT_MATMUL_DESC_TRANSA ? &d->a : &d->b) = (cublasOperation_t)number;
        return CUBLAS_STATUS_SUCCESS;
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
        NEED(number == CUBLASLT_EPILOGUE_DEFAULT || number == CUBLASLT_EPILOGUE_BIAS);
        d->epilogue = (cublasLtEpilogue_t)number;
        return CUBLAS_STATUS_SUCCESS;
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
        NEED(size == sizeof(void *) && d->epilogue == CUBLASLT_EPILOGUE_BIAS);
        memcpy(&d->bias, value, size);
        return CUBLAS_STATUS_SUCCESS;
    default:
        return CUBLAS_STATUS_INVALID_VALUE;
    }
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *out, cudaDataType type, uint64_t rows, uint64_t columns, int64_t ld) {
    NEED(out && (type == CUDA_R_32F || type == CUDA_R_16BF) && rows > 0 && columns > 0 && ld >= (int64_t)rows);
    ENTER();
    layout *l = NULL;
    const cublasStatus_t code = make((void **)&l, sizeof *l, LAYOUT);
    if (code != CUBLAS_STATUS_SUCCESS)
        return code;
    *l = (layout){LAYOUT, type, rows, columns, ld};
    *out = (cublasLtMatrixLayout_t)l;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l) {
    return end(l, LAYOUT);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *out) {
    NEED(out);
    ENTER();
    preference *p = NULL;
    const cublasStatus_t code = make((void **)&p, sizeof *p, PREFERENCE);
    if (code != CUBLAS_STATUS_SUCCESS)
        return code;
    *p = (preference){PREFERENCE, 0, CUBLASLT_REDUCTION_SCHEME_MASK, 256, 256, 256, 256};
    *out = (cublasLtMatmulPreference_t)p;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p) {
    return end(p, PREFERENCE);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t object, cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void *value, size_t size) {
    preference *p = (preference *)object;
    NEED(p && p->tag == PREFERENCE && value);
    ENTER();
    if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) {
        NEED(size == 8);
        memcpy(&p->workspace, value, size);
        return CUBLAS_STATUS_SUCCESS;
    }
    uint32_t *to = attribute == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK      ? &p->reduction
                   : attribute == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES ? &p->align_a
                   : attribute == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES ? &p->align_b
                   : attribute == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES ? &p->align_c
                   : attribute == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES ? &p->align_d
                                                                             : NULL;
    NEED(to && size == 4);
    memcpy(to, value, size);
    return CUBLAS_STATUS_SUCCESS;
}

unsigned fake_lt_bit(cublasComputeType_t compute, cudaDataType input) {
    return 1u << ((unsigned)compute - CUBLAS_COMPUTE_32F) << (input == CUDA_R_16BF ? 16 : 0);
}

/* The product that descriptor and layouts stand for; false if they do not fit together. */
static bool sizes(const desc *d, const layout *a, const layout *b, const layout *c, algo *out) {
    if (!d || d->tag != DESC || !a || a->tag != LAYOUT || !b || b->tag != LAYOUT || !c || c->tag != LAYOUT)
        return false;
    const uint64_t m = d->a == CUBLAS_OP_T ? a->columns : a->rows, k = d->a == CUBLAS_OP_T ? a->rows : a->columns;
    const uint64_t n = d->b == CUBLAS_OP_T ? b->rows : b->columns, depth = d->b == CUBLAS_OP_T ? b->columns : b->rows;
    *out = (algo){.tag = ALGO, .m = (uint32_t)m, .n = (uint32_t)n, .k = (uint32_t)k,
                  .kind = (uint32_t)d->compute << 16 | (uint32_t)d->a << 12 | (uint32_t)d->b << 8 | (uint32_t)d->epilogue << 1 |
                          (uint32_t)(a->type == CUDA_R_16BF)};
    return k == depth && a->type == b->type && c->type == CUDA_R_32F && c->rows == m && c->columns == n &&
           (a->type == CUDA_R_32F || d->compute == CUBLAS_COMPUTE_32F);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t a,
                                              cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t out,
                                              cublasLtMatmulPreference_t object, int requested, cublasLtMatmulHeuristicResult_t *results,
                                              int *found) {
    const preference *p = (const preference *)object;
    algo chosen;
    NEED(handle && handle->tag == HANDLE && p && p->tag == PREFERENCE && requested >= 1 && results && found && c == out);
    NEED(sizes((const desc *)d, (const layout *)a, (const layout *)b, (const layout *)c, &chosen));
    NEED((p->reduction & CUBLASLT_REDUCTION_SCHEME_INPLACE) == 0 && p->align_a == p->align_b && p->align_c == p->align_d);
    ENTER();
    *found = 0;
    memset(results, 0, (size_t)requested * sizeof *results);
    if (fake_lt_refused & fake_lt_bit(((const desc *)d)->compute, ((const layout *)a)->type))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (fake_lt_workspace > p->workspace)
        return CUBLAS_STATUS_SUCCESS; /* as the library: nothing found is no failure */
    chosen.align_inputs = p->align_a;
    chosen.align_out = p->align_d;
    chosen.workspace = (uint32_t)fake_lt_workspace;
    for (; *found < requested && *found < fake_lt_algorithms; ++*found) {
        chosen.number = (uint32_t)*found;
        memcpy(&results[*found].algo, &chosen, sizeof chosen);
        results[*found].workspaceSize = fake_lt_workspace;
        results[*found].state = CUBLAS_STATUS_SUCCESS;
    }
    return CUBLAS_STATUS_SUCCESS;
}

/* A product that waits in the stream. */
typedef struct job {
    desc d;
    layout a, b, c;
    const void *from_a, *from_b;
    float *to, alpha;
    uint64_t depth;
    void *workspace;
    size_t workspace_size;
} job;

/* Number (row, column) of op(x), rounded as the compute type does it. */
static double element(const void *x, const layout *l, cublasOperation_t op, uint64_t row, uint64_t column, cublasComputeType_t compute) {
    const uint64_t at = op == CUBLAS_OP_T ? column + row * (uint64_t)l->ld : row + column * (uint64_t)l->ld;
    uint32_t bits;
    float value;
    if (l->type == CUDA_R_16BF)
        bits = (uint32_t)((const uint16_t *)x)[at] << 16;
    else
        memcpy(&bits, (const float *)x + at, sizeof bits);
    if (compute == CUBLAS_COMPUTE_32F_FAST_TF32 && (bits & 0x7F800000u) != 0x7F800000u)
        bits = (bits + 0x1000u) & ~0x1FFFu; /* 10 bits of mantissa are left */
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static void multiply(void *arg) {
    const job *j = (const job *)arg;
    if (j->workspace_size > 0)
        memset(j->workspace, 0xA7, j->workspace_size); /* it is the library's to use, all of it */
    for (uint64_t column = 0; column < j->c.columns; column++)
        for (uint64_t row = 0; row < j->c.rows; row++) {
            double sum = 0.0;
            for (uint64_t k = 0; k < j->depth; k++)
                sum += element(j->from_a, &j->a, j->d.a, row, k, j->d.compute) * element(j->from_b, &j->b, j->d.b, k, column, j->d.compute);
            if (j->d.epilogue == CUBLASLT_EPILOGUE_BIAS)
                sum += (double)((const float *)j->d.bias)[row];
            j->to[row + column * (uint64_t)j->c.ld] = (float)((double)j->alpha * sum);
        }
}

static bool is_aligned(const void *p, uint32_t bytes) {
    return (uintptr_t)p % bytes == 0;
}

static bool is_matrix(cudaStream_t stream, const void *p, const layout *l) {
    const uint64_t last = (uint64_t)l->ld * (l->columns - 1) + l->rows;
    return fake_is_device(stream, p, (size_t)last * (l->type == CUDA_R_16BF ? 2 : 4));
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t d, const void *alpha, const void *a, cublasLtMatrixLayout_t la,
                              const void *b, cublasLtMatrixLayout_t lb, const void *beta, const void *c, cublasLtMatrixLayout_t lc,
                              void *to, cublasLtMatrixLayout_t lto, const cublasLtMatmulAlgo_t *object, void *workspace,
                              size_t workspace_size, cudaStream_t stream) {
    algo chosen, wanted;
    NEED(handle && handle->tag == HANDLE && alpha && beta && object && c == to && lc == lto);
    NEED(*(const float *)alpha == 1.0f && *(const float *)beta == 0.0f);
    NEED(sizes((const desc *)d, (const layout *)la, (const layout *)lb, (const layout *)lc, &wanted));
    memcpy(&chosen, object, sizeof chosen);
    NEED(chosen.tag == ALGO && chosen.m == wanted.m && chosen.n == wanted.n && chosen.k == wanted.k && chosen.kind == wanted.kind);
    job j = {.d = *(const desc *)d, .a = *(const layout *)la, .b = *(const layout *)lb, .c = *(const layout *)lc, .from_a = a, .from_b = b,
             .to = (float *)to, .alpha = *(const float *)alpha, .depth = wanted.k, .workspace = workspace,
             .workspace_size = workspace_size};
    NEED(fake_is_stream(stream) && is_matrix(stream, a, &j.a) && is_matrix(stream, b, &j.b) && is_matrix(stream, to, &j.c));
    NEED(is_aligned(a, chosen.align_inputs) && is_aligned(b, chosen.align_inputs) && is_aligned(to, chosen.align_out));
    NEED(workspace_size >= chosen.workspace && (workspace_size == 0 || fake_is_device(stream, workspace, workspace_size)));
    NEED(is_aligned(workspace, 256));
    NEED(j.d.epilogue == CUBLASLT_EPILOGUE_DEFAULT || fake_is_device(stream, j.d.bias, j.c.rows * sizeof(float)));
    ENTER();
    fake_lt_products++;
    fake_lt_last = j.d.compute;
    fake_lt_last_input = j.a.type;
    fake_lt_chosen = (int)chosen.number;
    fake_spend(stream, fake_lt_ms[chosen.number]);
    return fake_enqueue(stream, multiply, &j, sizeof j) == 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}
