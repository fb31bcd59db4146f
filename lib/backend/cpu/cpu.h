/* cpu.h - what the files of the fast CPU backend share: opened devices, prepared operators, one call's tensors, and the table of kernels
 * that each instruction set gives.
 *
 *   prepare: desc ─► first implementation of the operator's list that accepts (select.c) ─► plan, workspace
 *   run:     buffers ─► tasks over the host's threads ─► kernels of one instruction set (isa_*.c from kernels_*.h)
 *
 * Same bits: a kernel's arithmetic is fixed by its contract below, never by the width of a vector, and no sum is cut by the number of
 * threads. Private to lib/backend/cpu and its tests; everybody else sees hni_cpu_backend() of lib/backend/backend.h only. */
#ifndef HNI_BACKEND_CPU_CPU_H
#define HNI_BACKEND_CPU_CPU_H

#include <stdbool.h>

#include "../../base/status.h" /* defines: hni_fail */
#include "haemnet/backend.h"

enum {
    HNI_CPU_LANES = 16,       /* the virtual width: sums run in this many lanes on every machine */
    HNI_CPU_MAX_FILTERS = 14, /* filters of one convolution tile */
    HNI_CPU_MAX_SIDE = 5,     /* filters of one weight-gradient tile */
    HNI_CPU_MAX_TAPS = 8      /* taps of one weight-gradient tile */
};

/* Some filters over rows of columns:
 *   out[k · step + r · out_pitch + i] (+)= Σ over j of w[j · filters + k] · x[off[j] + r · x_pitch + i]
 * one chain of fused multiply-adds in the order of j, from 0 if `first`, else from what out holds. Then, as far as asked for: + bias[k], + the
 * number of `more` at the same place as in out, ReLU, and 0 where that of `mask` is ≤ 0. 0 ≤ i < n, n a multiple of 16. */
typedef struct hni_cpu_tile {
    const float *x;
    const int32_t *off;             /* [taps] */
    const float *w;                 /* [taps, filters] */
    int64_t taps;
    float *out;
    int64_t step, rows, n, x_pitch, out_pitch;
    const float *bias;              /* [filters]; NULL = none */
    const float *more, *mask;       /* step and out_pitch as out; NULL = none */
    bool first, relu;
} hni_cpu_tile;

/* Some filters' gradients and some taps, over rows of columns:
 *   acc[t · acc_step + k · 16 + i mod 16] += dy[k · step + r · dy_pitch + i] · x[off[t] + r · x_pitch + i]
 * fused, in the order of r, then i. 0 ≤ i < n, n a multiple of 16. */
typedef struct hni_cpu_strip {
    const float *dy, *x;
    const int32_t *off;
    float *acc;
    int64_t step, rows, n, dy_pitch, x_pitch, acc_step;
} hni_cpu_strip;

/* One channel of a depthwise convolution: source rows x_pitch apart, with zeros around them as the padding wants; with stride 2 the even columns
 * first, the odd ones `odd` numbers behind them. The source of four rows of output, and of 16 columns, is read also where less are asked for. */
typedef struct hni_cpu_depth {
    const float *x, *dy, *w;       /* dy: of the weight gradient, rows y_pitch apart, with zeros as far as four rows and 16 columns; w[size, size] */
    float *y;                      /* [rows, n]; the input gradient: rows y_pitch apart; the weight gradient: lanes [size · size + 1, 16], Σ dy last */
    int64_t rows, n;               /* of output or of dy */
    int64_t x_pitch, y_pitch, odd; /* floats */
    float bias;
    bool relu;
} hni_cpu_depth;

/* What an optimiser reads and writes; results may lie over what they come from. */
typedef struct hni_cpu_cells {
    const float *w, *g, *m, *v;
    float *w_out, *m_out, *v_out;
} hni_cpu_cells;

/* The kernels of one instruction set. n counts floats and may be anything, unless said otherwise; pointers need no alignment; nothing
 * outside of the n floats is read or written. */
typedef struct hni_cpu_isa {
    const char *name;
    bool (*usable)(void);
    int32_t best, filters;                   /* conv[1 … filters] are there; tiles of `best` filters run fastest */
    int32_t side, taps[HNI_CPU_MAX_SIDE + 1];/* grad[1 … side] are there; grad[k] does taps[k] taps at once */

    /* Sums of k filters, k the place in the table; see hni_cpu_tile. */
    void (*conv[HNI_CPU_MAX_FILTERS + 1])(const hni_cpu_tile *tile);
    /* Sums of k filters and taps[k] taps, k the place in the table; see hni_cpu_strip. */
    void (*grad[HNI_CPU_MAX_SIDE + 1])(const hni_cpu_strip *strip);
    /* Depthwise, by size (3, 5) and stride (1, 2): y, the input gradient with stride 2, and y += the weight gradient. See kernels_depth.h. */
    void (*depth[2][2])(const hni_cpu_depth *t);
    void (*depth_back[2])(const hni_cpu_depth *t);
    void (*depth_grad[2][2])(const hni_cpu_depth *t);
    void (*pad_rows)(float *dst, int64_t pitch, const float *src, int64_t from_step, int64_t rows, int64_t n);
    void (*split_rows)(float *even, float *odd, int64_t pitch, int64_t width, const float *src, int64_t from_step, int64_t rows, int64_t n);
    void (*lane_sum)(const float *x, int64_t n, float acc[HNI_CPU_LANES]); /* acc[i mod 16] += x[i]; n a multiple of 16 */
    void (*lane_total)(const float *acc, int64_t count, double *total);    /* total[j] += tree of acc[j][16]; see kernels_conv.h */
    /* Rows of n floats with `left` and `right` zeros around them; rows of dst lie to_step apart, of src from_step. */
    void (*stage)(float *dst, int64_t to_step, const float *src, int64_t from_step, int64_t rows, int64_t left, int64_t n, int64_t right);
    void (*sum)(float *y, const float *a, const float *b, int64_t n, bool relu); /* y = a + b, ReLU if asked; y may be a */
    void (*activate)(float *y, const float *x, int64_t n, int32_t activation);   /* HN_ACT_… but none; y may be x */
    /* dx from dy and v, the activation's output (SiLU and hard-swish: its input); dx may be dy */
    void (*activate_back)(float *dx, const float *v, const float *dy, int64_t n, int32_t activation);
    /* Two rows of 2n floats to n maxima, and back. First of equals, first NaN. through_relu: no way back to numbers ≤ 0. */
    void (*pool2)(float *y, const float *x0, const float *x1, int64_t n);
    void (*pool2_grad)(float *dx0, float *dx1, const float *x0, const float *x1, const float *dy, int64_t n, bool through_relu);
    /* best[i] = x[i · stride] and index[i] = tap, if it is larger or the first NaN; index NULL = not wanted. */
    void (*take_max)(float *best, int32_t *index, const float *x, int64_t n, int64_t stride, int32_t tap);
    void (*every)(float *y, const float *x, int64_t n, int64_t stride); /* y[i] = x[i · stride] */
    double (*dot)(const float *a, const float *b, int64_t n); /* 16 fused lanes, then the tree */
    /* out[j] = Σ over i of a[i · a_step] · rows[i · row_step + j], one fused chain from 0 in the order of i; 0 ≤ j < n, 0 ≤ i < count. */
    void (*weighted)(float *out, int64_t n, const float *a, int64_t a_step, const float *rows, int64_t row_step, int64_t count);
    void (*lookup)(float *y, const uint8_t *x, const float table[256], int64_t n);
    /* float64 sums in 16 lanes and the tree: Σ x, Σ (x - mean)², and Σ dy with Σ dy · (x - mean) into sums[2]. */
    double (*total)(const float *x, int64_t n);
    double (*squares)(const float *x, int64_t n, double mean);
    void (*products)(const float *dy, const float *x, int64_t n, double mean, double sums[2]);
    void (*affine)(float *y, const float *x, int64_t n, double mean, double scale, double shift); /* (x - mean) · scale + shift, float64 */
    /* One step of Adam over n numbers of one group, in float64; decoupled: AdamW. hyper: HN_HYPER_…; root: √correction2. */
    void (*adam)(const hni_cpu_cells *cells, int64_t n, const double *hyper, double root, bool decoupled);
    void (*scale)(float *y, const float *x, float s, int64_t n);                                     /* y = x · s */
    void (*blend)(float *y, const float *x, double a, const float *z, double b, int64_t n);          /* y = a · x + b · z, float64; y may be x */
    /* dx = a · dy + b · (x - mean) + c, float64 */
    void (*affine2)(float *dx, const float *dy, const float *x, int64_t n, double a, double b, double mean, double c);
} hni_cpu_isa;

/* Every instruction set compiled in, fastest first, the plain one last; NULL ends. Not all need be usable here. */
const hni_cpu_isa *const *hni_cpu_isas(void);
const hni_cpu_isa *hni_cpu_isa_named(const char *name); /* "avx512", "avx2", "neon", "plain"; NULL = not compiled in or not usable here */
const hni_cpu_isa *hni_cpu_isa_best(void);

typedef struct hni_cpu_device {
    hn_backend_host host;
    const hni_cpu_isa *isa;
} hni_cpu_device;

struct hni_cpu_impl;

typedef struct hni_cpu_op {
    hn_op_desc desc;
    const hn_backend_host *host;
    const hni_cpu_isa *isa;
    const struct hni_cpu_impl *impl;
    void *plan;         /* the implementation's own, from host->alloc; NULL = none */
    void *kept;         /* likewise: what was derived from constant inputs */
    uint64_t workspace; /* bytes */
} hni_cpu_op;

/* One run: the tensors are plain pointers, a left-out one is NULL. */
typedef struct hni_cpu_call {
    const hni_cpu_op *op;
    const hn_op_desc *desc;
    const hni_cpu_isa *isa;
    const void *in[HN_OP_MAX_TENSORS];
    void *out[HN_OP_MAX_TENSORS];
    void *workspace;
    bool constant_kept; /* HN_RUN_CONSTANT_KEPT */
} hni_cpu_call;

/* One way to do an operator. accept: NULL = always; on refusal *why is a few words, or NULL where nobody would expect this way. plan: fills
 * op->plan and op->workspace; NULL = neither is needed. */
typedef struct hni_cpu_impl {
    const char *name;
    bool (*accept)(const hn_op_desc *desc, const char **why);
    hn_status (*plan)(hni_cpu_op *op, hn_error *err);
    hn_status (*run)(const hni_cpu_call *call, hn_error *err);
} hni_cpu_impl;

/* select.c: the first of the operator's list that accepts; NULL = no such operator. refused: what came before it and why not, "not register
 * tiles: a stride above 8", or "". */
const hni_cpu_impl *hni_cpu_select(const hn_op_desc *desc, char *refused, size_t size);

/* The table for one instruction set, for tests. The library itself uses the best only. */
hn_backend hni_cpu_backend_of(const hni_cpu_isa *isa);

/* Independent pieces of a call's work: every output element is written by exactly one. */
typedef void (*hni_cpu_task)(const hni_cpu_call *call, int64_t index);
void hni_cpu_for(const hni_cpu_call *call, int64_t count, hni_cpu_task task); /* task(call, 0 … count - 1) over the host's threads */
/* The same, on the caller's thread alone where there are so few numbers to look at that waking another thread would cost more. */
void hni_cpu_for_numbers(const hni_cpu_call *call, int64_t count, int64_t numbers, hni_cpu_task task);

/* Work that needs scratch memory: `workers` strands take every workers-th piece each, so that scratch is per strand and not per piece. */
typedef void (*hni_cpu_strand)(const hni_cpu_call *call, int64_t index, uint8_t *scratch);
int64_t hni_cpu_workers(const hn_backend_host *host, int64_t pieces);
void hni_cpu_for_scratch(const hni_cpu_call *call, int64_t pieces, int64_t workers, uint8_t *scratch, uint64_t scratch_bytes,
                         hni_cpu_strand strand);

/* Elementwise work is cut into pieces of this many numbers; a multiple of 4 (dropout's blocks) and of 16. */
enum { HNI_CPU_PIECE = 16384 };
static inline int64_t hni_cpu_pieces(int64_t n) { return (n + HNI_CPU_PIECE - 1) / HNI_CPU_PIECE; }
static inline int64_t hni_cpu_piece_size(int64_t start, int64_t n) { return n - start < HNI_CPU_PIECE ? n - start : HNI_CPU_PIECE; }
static inline int64_t hni_cpu_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t hni_cpu_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline uint64_t hni_cpu_align(uint64_t bytes) { return (bytes + 63) / 64 * 64; }
static inline int64_t hni_cpu_elements(const hn_tensor_desc *t) { return t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3]; }

double hni_cpu_sigmoid(double x);
double hni_cpu_activate(double x, int32_t activation); /* HN_ACT_… ; NaN stays NaN */

const uint8_t *hni_cpu_image(const hni_cpu_call *call, int64_t n); /* of HN_OP_PREPROCESS: sample n's stored image; NULL = there is none */

/* The lists' entries; conv.c, conv_grad.c, conv_depth.c, conv_plain.c, pool.c, dense.c, norm.c, elementwise.c, loss.c, optimizer.c, preprocess.c, …. */
extern const hni_cpu_impl hni_cpu_conv, hni_cpu_conv_grad_input, hni_cpu_conv_grad_weight;
extern const hni_cpu_impl hni_cpu_depth_conv, hni_cpu_depth_grad_input, hni_cpu_depth_grad_weight;
extern const hni_cpu_impl hni_cpu_conv_plain, hni_cpu_conv_grad_input_plain, hni_cpu_conv_grad_weight_plain;
extern const hni_cpu_impl hni_cpu_pool2x2, hni_cpu_pool2x2_grad, hni_cpu_pool, hni_cpu_pool_grad, hni_cpu_global_pool, hni_cpu_global_pool_grad;
extern const hni_cpu_impl hni_cpu_pool_max, hni_cpu_pool_max_grad;
extern const hni_cpu_impl hni_cpu_dense, hni_cpu_dense_grad_input, hni_cpu_dense_grad_weight;
extern const hni_cpu_impl hni_cpu_norm_train, hni_cpu_norm, hni_cpu_norm_grad;
extern const hni_cpu_impl hni_cpu_activation, hni_cpu_activation_grad, hni_cpu_add, hni_cpu_dropout;
extern const hni_cpu_impl hni_cpu_preprocess, hni_cpu_augment, hni_cpu_group_norm, hni_cpu_group_norm_grad;
extern const hni_cpu_impl hni_cpu_concat, hni_cpu_concat_grad, hni_cpu_channel_scale, hni_cpu_channel_scale_grad, hni_cpu_class_map;
extern const hni_cpu_impl hni_cpu_accumulate, hni_cpu_clip_norm, hni_cpu_average;
extern const hni_cpu_impl hni_cpu_softmax, hni_cpu_softmax_loss, hni_cpu_sigmoid_loss, hni_cpu_optimizer;

#endif
