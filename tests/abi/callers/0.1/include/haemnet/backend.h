/* backend.h - for people who write backends: how operators reach an accelerator. Not needed to use the library.
 *
 * A backend is a table of functions. A plug-in is a shared object that exports hn_backend_entry, which gives the table. Versions are
 * negotiated: tables only grow at the end, each side uses what both know. docs/backend-guide.md walks through a whole one;
 * examples/custom_backend.c is one.
 *
 *   supports(desc)?  ─►  prepare(desc) ─► op, workspace size   (once)
 *                                  │
 *   upload ─► run(op, buffers) ─► … ─► sync / download         (every step; allocates nothing)
 *
 * Queue: calls on one opened device execute in order; upload and download return when the host's memory may be reused or read.
 * Threads: one opened device is used by one thread at a time; several may be open at once.
 * A function that fails fills err and returns a negative hn_status; it never exits, aborts, raises or prints. */
#ifndef HAEMNET_BACKEND_H
#define HAEMNET_BACKEND_H

#include "device.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HN_BACKEND_ABI_VERSION 1 /* of this header */
#define HN_BACKEND_ENTRY "hn_backend_entry"

enum { HN_DTYPE_F32 = 1, HN_DTYPE_F64 = 2, HN_DTYPE_U8 = 3, HN_DTYPE_I32 = 4, HN_DTYPE_U32 = 5 };

/* A tensor: row-major, last dimension fastest; images are [N, C, H, W]. */
typedef struct hn_tensor_desc {
    int32_t dtype;   /* HN_DTYPE_… */
    int32_t rank;    /* 0 = no tensor here (an optional one left out), else 1 … 4 */
    int64_t dims[4]; /* each ≥ 1; unused ones are 1 */
} hn_tensor_desc;

/* Operators. `in` and `out` list the tensors in order; (…) is optional: rank 0 in the description. N images, C input channels,
 * K output channels or classes, F features, P all parameters. Sums are to be at least as good as float32 pairwise; the reference
 * uses float64. An output never overlaps an input unless "in place" is said: then both may be the same memory. */
enum {
    HN_OP_CONV2D = 1,               /* in x[N,C,H,W] w[K,C/g,R,S] (b[K]) (gamma[K] beta[K] mean[K] var[K]) (r[N,K,H',W']); out y[N,K,H',W'] =
                                       activation(norm(conv + b) + r), norm as HN_OP_BATCH_NORM if its four inputs are there; pool 2:
                                       y[N,K,H'/2,W'/2], the maxima (as HN_OP_MAX_POOL2D) of 2x2 windows side by side; no r and activation none
                                       or ReLU then */
    HN_OP_CONV2D_GRAD_INPUT = 2,    /* in dy[N,K,H',W'] w (x); out dx[N,C,H,W]; activation ReLU: x is its output, dx the gradient of its input */
    HN_OP_CONV2D_GRAD_WEIGHT = 3,   /* in dy x; out dw[K,C/g,R,S] (db[K]) */
    HN_OP_MAX_POOL2D = 4,           /* in x; out y; padding never wins; NaN does; the first of equals (row by row) is taken */
    HN_OP_MAX_POOL2D_GRAD = 5,      /* in x y dy; out dx; each dy goes to its window's first maximum; activation ReLU: x is its output, dx the
                                       gradient of its input */
    HN_OP_AVG_POOL2D = 6,           /* in x; out y; exclude_padding as builder.h says */
    HN_OP_AVG_POOL2D_GRAD = 7,      /* in dy; out dx */
    HN_OP_GLOBAL_AVG_POOL = 8,      /* in x[N,C,H,W]; out y[N,C,1,1] */
    HN_OP_GLOBAL_AVG_POOL_GRAD = 9, /* in dy[N,C,1,1]; out dx[N,C,H,W] */
    HN_OP_DENSE = 10,               /* in x[N,F] w[K,F] (b[K]); out y[N,K] = activation(x wᵀ + b) */
    HN_OP_DENSE_GRAD_INPUT = 11,    /* in dy[N,K] w[K,F]; out dx[N,F] */
    HN_OP_DENSE_GRAD_WEIGHT = 12,   /* in dy[N,K] x[N,F]; out dw[K,F] (db[K]) */
    HN_OP_BATCH_NORM_TRAIN = 13,    /* in x gamma[C] beta[C] mean[C] var[C]; out y saved_mean[C] saved_inv_std[C] mean'[C] var'[C]; running
                                       statistics in place; var' takes the unbiased variance; N·H·W ≥ 2 */
    HN_OP_BATCH_NORM = 14,          /* in x gamma beta mean var; out y; inference */
    HN_OP_BATCH_NORM_GRAD = 15,     /* in dy x gamma saved_mean saved_inv_std; out dx dgamma[C] dbeta[C] */
    HN_OP_ACTIVATION = 16,          /* in x; out y; in place */
    HN_OP_ACTIVATION_GRAD = 17,     /* in y dy; out dx; in place over dy; y is the activation's output, for SiLU and hard-swish its input */
    HN_OP_ADD = 18,                 /* in a b; out a + b; in place over a */
    HN_OP_DROPOUT = 19,             /* in x keys; out y; in place; the same operator gives the gradient: dy for x. keys[N,4] u32 = seed low, seed
                                       high, epoch, sample. Number i of a sample is kept if word i mod 4 of Philox4x32-10(key = {seed low, seed
                                       high}, counter = {i / 4, stream, epoch, sample}) ≥ floor(rate · 2^32); kept ones are times float(1/(1-rate)) */
    HN_OP_SOFTMAX = 20,             /* in x[N,K]; out y[N,K] */
    HN_OP_SOFTMAX_LOSS = 21,        /* in x[N,K] labels weights[K]; out p[N,K] dx[N,K] stats[4] f64. labels: [N] i32, or targets[N,K] f32 (each row's
                                       sum is 1). With t the targets (1 at the label, else 0), loss of sample i:
                                       Σ_k s_k · w_k · (1 - p_k)^focal · -log p_k, s_k = (1 - smoothing) t_k + smoothing / K; its weight W: Σ_k t_k w_k;
                                       dx = d (Σ loss / Σ W) / dx. stats += Σ loss, Σ W, right ones, N. right: argmax of p is that of t, or positive
                                       by threshold */
    HN_OP_SIGMOID_LOSS = 22,        /* in x[N,K] labels[N,K] f32 (0 … 1) weights[K]; out p[N,K] dx[N,K] stats[4] f64. Loss of number i,k:
                                       w_k · (s (1 - p)^focal · -log p + (1 - s) p^focal · -log(1 - p)), s = (1 - smoothing) label + smoothing / 2;
                                       dx = d (Σ loss / (N K)) / dx. stats += Σ loss, N K, right labels (p ≥ threshold as label ≥ 0.5), N K */
    HN_OP_OPTIMIZER = 23,           /* in w[P] g[P] m[P] v[P] hyper[G,8] f64 group[P] u8; out w' m' v'; all in place; see HN_HYPER_… */
    HN_OP_PREPROCESS = 24,          /* in x[M,C,H',W'] u8 mean[C] deviation[C] (rows[N] i32) (augment[N,32] f32, keys[N,4] u32); out y[N,C,H,W] f32 =
                                       (v - mean) / deviation. Sample i is image rows[i] of x (without rows M = N, and it is i); a row that is none
                                       gives NaN. Without augment v = x / 255 and the sizes are equal, else see HN_AUGMENT_… */
    HN_OP_GROUP_NORM = 25,          /* in x[N,C,H,W] gamma[C] beta[C]; out y mean[N,groups] inv_std[N,groups]; over C/groups channels and all pixels */
    HN_OP_GROUP_NORM_GRAD = 26,     /* in dy x gamma mean inv_std; out dx dgamma[C] dbeta[C] */
    HN_OP_CONCAT = 27,              /* in a[N,A,H,W] b[N,B,H,W]; out y[N,A+B,H,W] */
    HN_OP_CONCAT_GRAD = 28,         /* in dy[N,A+B,H,W]; out da[N,A,H,W] db[N,B,H,W] */
    HN_OP_CHANNEL_SCALE = 29,       /* in x[N,C,H,W] s[N,C,1,1]; out y = x · s */
    HN_OP_CHANNEL_SCALE_GRAD = 30,  /* in dy x s; out dx[N,C,H,W] ds[N,C,1,1] */
    HN_OP_ACCUMULATE = 31,          /* in sum[P] g[P] factor[1] f64; out sum' = sum + factor · g; in place over sum */
    HN_OP_CLIP = 32,                /* in g[P] limit[1] f64; out g' norm[1] f64; in place over g. norm = √Σ g²; g' = g · min(1, limit / (norm + 1e-6)), as
                                       PyTorch's clip_grad_norm_; limit 0 = none; a norm that is not finite leaves g as it is */
    HN_OP_AVERAGE = 33,             /* in a[P] w[P] decay[1] f64; out a' = decay · a + (1 - decay) · w; in place over a */
    HN_OP_CLASS_MAP = 34            /* in f[N,C,H,W] w[N,C,1,1] or w[N,C,H,W]; out y[N,1,H,W] = activation(Σ_c f · w); activation none or ReLU */
};

/* Columns of HN_OP_PREPROCESS's augment, float32, one row a sample, new for every step. Places are those of pixel centres: pixel 0 is at 0.5.
 *   1. tone      t(x) = min(max(x / 255 · gain + offset, 0), 1) ^ gamma of a stored value x
 *   2. place     output pixel (ox, oy) looks at sx = A · ox + B · oy + C, sy = D · ox + E · oy + F of the stored image
 *   3. look      bilinear between the four stored pixels around (sx, sy); those outside are t(x) = FILL. With BLUR b > 0 it looks nine times,
 *                from the output pixels around as well, weighted b, 1 - 2b, b in each direction
 *   4. noise     + NOISE · z, z normal by (keys[i], the output's number; Box-Muller, see docs/determinism.md)
 *   5. cut       inside the rectangle CUT (x0 ≤ ox < x1, y0 ≤ oy < y1) v = mean
 *   6. mix       with MIX_WITH j ≥ 0, j another sample of the batch: inside the rectangle MIX v = v_j, elsewhere v = MIX_SHARE · v_i +
 *                (1 - MIX_SHARE) · v_j, v_j as j is before its own mix */
enum {
    HN_AUGMENT_A = 0, HN_AUGMENT_B = 1, HN_AUGMENT_C = 2, HN_AUGMENT_D = 3, HN_AUGMENT_E = 4, HN_AUGMENT_F = 5,
    HN_AUGMENT_GAIN = 6,
    HN_AUGMENT_OFFSET = 7,
    HN_AUGMENT_GAMMA = 8,
    HN_AUGMENT_FILL = 9,
    HN_AUGMENT_BLUR = 10,      /* 0 … 1/3 */
    HN_AUGMENT_NOISE = 11,
    HN_AUGMENT_CUT = 12,       /* x0 y0 x1 y1, output px */
    HN_AUGMENT_MIX = 16,       /* x0 y0 x1 y1, output px */
    HN_AUGMENT_MIX_WITH = 20,  /* sample of the batch; -1 = none */
    HN_AUGMENT_MIX_SHARE = 21, /* 0 … 1 */
    HN_AUGMENT_COLUMNS = 32    /* the rest is 0 */
};

/* Columns of HN_OP_OPTIMIZER's hyper, one row a parameter group, float64, new for every step. Numbers are updated in float64 and stored as
 * float32 (w, m, v). Group rows with rate 0 leave w, m and v as they are (frozen). */
enum {
    HN_HYPER_RATE = 0,        /* learning rate */
    HN_HYPER_BETA1 = 1,       /* Adam: beta1; SGD: momentum */
    HN_HYPER_BETA2 = 2,       /* Adam: beta2; SGD: 1 = Nesterov */
    HN_HYPER_EPSILON = 3,     /* Adam */
    HN_HYPER_DECAY = 4,       /* weight decay: added to g (Adam, SGD) or w -= rate · decay · w first (AdamW) */
    HN_HYPER_CORRECTION1 = 5, /* Adam: 1 - beta1^t */
    HN_HYPER_CORRECTION2 = 6, /* Adam: 1 - beta2^t */
    HN_HYPER_STEP = 7,        /* t, from 1: SGD's first step sets m = g */
    HN_HYPER_COLUMNS = 8
};

/* The optimiser of HN_OP_OPTIMIZER; values as in train.h. Formulas are PyTorch's (Kingma & Ba 2015; Loshchilov & Hutter 2019). */

#define HN_OP_MAX_TENSORS 8

/* An operator with its shapes and constants: all that prepare needs. Fields that an operator does not use are 0. */
typedef struct hn_op_desc {
    uint32_t struct_size;                   /* sizeof(hn_op_desc) */
    int32_t kind;                           /* HN_OP_… */
    int32_t n_in;                           /* entries of `in`, optional ones included */
    int32_t n_out;                          /* entries of `out`, optional ones included */
    hn_tensor_desc in[HN_OP_MAX_TENSORS];   /* in the order of the list above */
    hn_tensor_desc out[HN_OP_MAX_TENSORS];  /* likewise */
    int32_t kernel[2];                      /* height, width: pooling (convolution: from w) */
    int32_t stride[2];                      /* ≥ 1 */
    int32_t padding[2];                     /* ≥ 0, each side */
    int32_t dilation[2];                    /* ≥ 1 */
    int32_t groups;                         /* ≥ 1: convolution, group norm */
    int32_t activation;                     /* HN_ACT_… of builder.h */
    int32_t exclude_padding;                /* average pooling */
    int32_t optimizer;                      /* HN_OPTIMIZER_… of train.h: 1 Adam, 2 AdamW, 3 SGD */
    int32_t positive;                       /* HN_OP_SOFTMAX_LOSS: the positive class of two, -1 = decide by the largest */
    uint32_t stream;                        /* dropout: the layer's own stream */
    double epsilon;                         /* batch norm */
    double momentum;                        /* batch norm */
    double rate;                            /* dropout */
    double threshold;                       /* of the losses' "right" */
    int32_t pool;                           /* convolution: 0 none, 2 as HN_OP_CONV2D says */
    int32_t constant;                       /* bit i: input i changes seldom. What a backend derives from it (packed weights, tables) may stay in
                                               memory of the operator's own and serve all runs with HN_RUN_CONSTANT_KEPT */
    double smoothing;                       /* of the losses' labels, 0 ≤ smoothing < 1 */
    double focal;                           /* of the losses: Lin et al. 2017, gamma ≥ 0; 0 = cross-entropy */
    int32_t extra_padding[2];               /* convolution: more of it, below and at the right only, ≥ 0 */
} hn_op_desc;

/* Bits of hn_op_buffers.flags. */
enum {
    HN_RUN_CONSTANT_KEPT = 1 /* the inputs that the description calls constant hold what they held when the operator ran last; in a recorded
                                run: will do so at every replay */
};

/* Where a tensor lies. */
typedef struct hn_buffer {
    void *memory;    /* from alloc */
    uint64_t offset; /* bytes, a multiple of 64; of upload's target any */
    uint64_t size;   /* bytes */
} hn_buffer;

/* The buffers of one run, in the order of the description; left-out tensors have memory NULL. */
typedef struct hn_op_buffers {
    uint32_t struct_size;           /* sizeof(hn_op_buffers) */
    int32_t flags;                  /* HN_RUN_… */
    const hn_buffer *in;            /* n_in entries */
    const hn_buffer *out;           /* n_out entries */
    hn_buffer workspace;            /* as large as prepare asked for; memory NULL if it asked for 0 */
} hn_op_buffers;

/* How a device is to compute; bits of hn_backend_host.options. Tensors, sums and the optimiser's numbers are float32 (or float64 as said
 * above) in any case. Without the first two, products are those of float32. */
enum {
    HN_HOST_TF32 = 1,         /* factors of convolutions and dense layers may be rounded to TF32: 10 bits of fraction */
    HN_HOST_BF16 = 2,         /* … to bfloat16: 7 bits of fraction */
    HN_HOST_DETERMINISTIC = 4, /* the same operators on the same inputs give the same bits, or the device refuses */
    HN_HOST_MEASURED = 8      /* of several ways to do an operator the fastest is taken, found by trying them in prepare; not with the one above */
};

/* What the host lends to an opened device; valid until close. */
typedef struct hn_backend_host {
    uint32_t struct_size;  /* sizeof(hn_backend_host) */
    uint32_t abi_version;  /* the version that was agreed on */
    void *user;            /* to pass to the functions below */
    void *(*alloc)(void *user, size_t size);   /* host memory, 64-byte aligned; NULL = none left */
    void (*free)(void *user, void *ptr);       /* NULL is fine */
    void (*log)(void *user, int32_t level, const char *message); /* HN_LOG_… */
    void (*parallel_for)(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg);
    int32_t threads;       /* width of parallel_for, a hint */
    int32_t options;       /* HN_HOST_…; a backend refuses in open, with HN_E_UNSUPPORTED, those that it cannot follow or does not know */
} hn_backend_host;

/* The table. Slots marked (optional) may be NULL. `device` is what open gave, `op` what prepare gave. */
struct hn_backend {
    uint32_t struct_size;      /* sizeof(hn_backend) as the plug-in was compiled */
    uint32_t abi_version;      /* HN_BACKEND_ABI_VERSION as the plug-in was compiled */
    uint32_t min_abi_version;  /* the oldest host that the plug-in can live with, ≥ 1 */
    uint32_t flags;            /* 0 */
    const char *name;          /* 1 … 31 bytes of [a-z0-9_-], unique in a context */
    void *user;                /* passed to score, device_count, device_info, open */
    /* version 1 */
    int32_t (*score)(void *user); /* 0 = not usable on this machine; reference 1, cpu 100, a GPU 1000 */
    int32_t (*device_count)(void *user);
    hn_status (*device_info)(void *user, int32_t index, hn_device_info *out, hn_error *err); /* fills memory_bytes, description, flags */
    hn_status (*open)(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *err);
    void (*close)(void *device);
    hn_status (*sync)(void *device, hn_error *err);
    hn_status (*alloc)(void *device, uint64_t size, void **memory, hn_error *err); /* at least 64-byte aligned; contents undefined */
    void (*free)(void *device, void *memory);
    hn_status (*upload)(void *device, hn_buffer to, const void *from, hn_error *err);   /* to.size bytes */
    hn_status (*download)(void *device, void *to, hn_buffer from, hn_error *err);       /* from.size bytes; waits for the queue */
    hn_status (*copy)(void *device, hn_buffer to, hn_buffer from, hn_error *err);       /* equal sizes, no overlap */
    hn_status (*fill)(void *device, hn_buffer to, uint8_t value, hn_error *err);        /* every byte */
    hn_status (*supports)(void *device, const hn_op_desc *desc, hn_error *err); /* HN_OK, or HN_E_UNSUPPORTED naming operator and shape */
    hn_status (*prepare)(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err); /* workspace in bytes */
    hn_status (*run)(void *device, void *op, const hn_op_buffers *buffers, hn_error *err);
    void (*release)(void *device, void *op);
    hn_status (*capture_begin)(void *device, hn_error *err);                         /* (optional, all three or none) runs are recorded, not done */
    hn_status (*capture_end)(void *device, void **recording, hn_error *err);         /* freed with release */
    hn_status (*replay)(void *device, void *recording, hn_error *err);               /* the recorded runs, same buffers */
};

/* The symbol that a plug-in exports. host_version is HN_BACKEND_ABI_VERSION of the library; a plug-in that can speak several gives the
 * table that fits. The table must stay valid while the plug-in is loaded. NULL = cannot serve this host. */
typedef const hn_backend *(*hn_backend_entry_fn)(uint32_t host_version);

#ifdef __cplusplus
}
#endif
#endif
