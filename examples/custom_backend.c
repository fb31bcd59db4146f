/* custom_backend.c - a whole backend plug-in for libhaemnet in one file. Read it from the bottom up: the table, then what fills it.
 *
 * It computes four operators in plain loops in host memory, refuses all others by name, counts and logs what it runs, and can record a
 * step and replay it. A real one would talk to an accelerator instead; the shape of the code stays.
 *
 *   cc -O2 -shared -fPIC -o libhaemnet-example.so custom_backend.c $(pkg-config --cflags haemnet) -lm
 *
 * Then hn_backend_load(context, "/absolute/path/libhaemnet-example.so", &err) adds the device "example", and hn_device_selftest compares
 * it with the library's own reference.
 *
 * It needs nothing of the library but this header: none of its symbols is imported, what the host lends comes with open. */
#include <haemnet/backend.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- What an opened device and a prepared operator are here. -------------------------------------------------------------------- */

enum { IS_OP = 1, IS_RECORDING = 2, MAX_RECORDED = 256 }; /* tags: the host passes both as void * */

struct op;
typedef void kernel(const struct op *op, void *const *in, void *const *out);

typedef struct op {
    int tag;
    hn_op_desc desc; /* a copy: the caller's may be gone when run is called */
    kernel *run;
} op;

typedef struct recorded { /* one run: the operator and its buffers */
    const op *what;
    hn_buffer in[HN_OP_MAX_TENSORS], out[HN_OP_MAX_TENSORS];
} recorded;

typedef struct recording {
    int tag, count;
    recorded runs[MAX_RECORDED];
} recording;

typedef struct device {
    const hn_backend_host *host; /* valid until close */
    recording *capturing;        /* NULL = runs are done at once */
    unsigned long long runs;
} device;

/* Fills err (which may be NULL) and returns status: the only way to fail. Never exit, abort or print. */
static hn_status fail(hn_error *err, hn_status status, const char *what, long long number) {
    if (err) {
        *err = (hn_error){.status = status, .domain = HN_DOMAIN_NONE};
        snprintf(err->message, sizeof err->message, "example: %s %lld", what, number);
    }
    return status;
}

/* ---- The operators. Tensors are float32, row-major, [N, C, H, W]; sums in double. ------------------------------------------------- */

static float activate(int32_t activation, double x) {
    if (activation == 1) /* ReLU */
        return x > 0.0 ? (float)x : 0.0f;
    if (activation == 2) /* sigmoid */
        return (float)(1.0 / (1.0 + exp(-x)));
    return (float)x;
}

static int64_t elements(const hn_tensor_desc *t) { return t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3]; /* unused dims are 1 */ }

static void run_activation(const op *o, void *const *in, void *const *out) {
    const float *x = in[0];
    float *y = out[0]; /* may be x: "in place" */
    for (int64_t i = 0; i < elements(&o->desc.in[0]); i++) y[i] = activate(o->desc.activation, x[i]);
}

static void run_dense(const op *o, void *const *in, void *const *out) {
    const int64_t n = o->desc.in[0].dims[0], f = o->desc.in[0].dims[1], k = o->desc.in[1].dims[0];
    const float *x = in[0], *w = in[1], *b = in[2]; /* b is NULL where the description leaves it out */
    float *y = out[0];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < k; j++) {
            double sum = b ? b[j] : 0.0;
            for (int64_t e = 0; e < f; e++) sum += (double)x[i * f + e] * w[j * f + e];
            y[i * k + j] = activate(o->desc.activation, sum);
        }
}

static void run_softmax(const op *o, void *const *in, void *const *out) {
    const int64_t n = o->desc.in[0].dims[0], k = o->desc.in[0].dims[1];
    for (int64_t i = 0; i < n; i++) {
        const float *x = (const float *)in[0] + i * k;
        float *y = (float *)out[0] + i * k;
        double top = x[0], sum = 0.0; /* the largest is taken off first, or exp would overflow */
        for (int64_t j = 1; j < k; j++) top = x[j] > top ? x[j] : top;
        for (int64_t j = 0; j < k; j++) sum += exp(x[j] - top);
        for (int64_t j = 0; j < k; j++) y[j] = (float)(exp(x[j] - top) / sum);
    }
}

/* One output pixel: the sum over the filter's channels, rows and columns that lie inside the image. */
static double conv_pixel(const hn_op_desc *d, const float *x, const float *w, int64_t top, int64_t left) {
    const int64_t height = d->in[0].dims[2], width = d->in[0].dims[3];
    const int64_t channels = d->in[1].dims[1], rows = d->in[1].dims[2], columns = d->in[1].dims[3];
    double sum = 0.0;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t r = 0; r < rows; r++) {
            const int64_t i = top + r * d->dilation[0];
            if (i < 0 || i >= height) continue;
            for (int64_t s = 0; s < columns; s++) {
                const int64_t j = left + s * d->dilation[1];
                if (j >= 0 && j < width) sum += (double)x[(c * height + i) * width + j] * w[(c * rows + r) * columns + s];
            }
        }
    return sum;
}

static void run_conv2d(const op *o, void *const *in, void *const *out) {
    const hn_op_desc *d = &o->desc;
    const int64_t plane = d->in[0].dims[2] * d->in[0].dims[3], channels = d->in[1].dims[1]; /* of one group */
    const int64_t filters = d->in[1].dims[0], per_group = filters / d->groups;
    const int64_t filter_size = channels * d->in[1].dims[2] * d->in[1].dims[3];
    const float *bias = in[2];
    float *y = out[0];
    for (int64_t n = 0; n < d->in[0].dims[0]; n++)
        for (int64_t k = 0; k < filters; k++) {
            const float *x = (const float *)in[0] + (n * d->in[0].dims[1] + k / per_group * channels) * plane;
            const float *w = (const float *)in[1] + k * filter_size;
            for (int64_t i = 0; i < d->out[0].dims[2]; i++)
                for (int64_t j = 0; j < d->out[0].dims[3]; j++) {
                    const double sum = conv_pixel(d, x, w, i * d->stride[0] - d->padding[0], j * d->stride[1] - d->padding[1]);
                    *y++ = activate(d->activation, sum + (bias ? bias[k] : 0.0));
                }
        }
}

static kernel *kernel_of(int32_t kind) {
    switch (kind) {
    case HN_OP_CONV2D: return run_conv2d;
    case HN_OP_DENSE: return run_dense;
    case HN_OP_ACTIVATION: return run_activation;
    case HN_OP_SOFTMAX: return run_softmax;
    default: return NULL;
    }
}

/* ---- Preparing, running, recording. --------------------------------------------------------------------------------------------- */

/* The host has validated the description already: shapes fit, constants are in range. Say only what *we* cannot do, and name the operator
 * and the shape, so that a user sees what to change. */
static hn_status supports(void *dev, const hn_op_desc *desc, hn_error *err) {
    const int64_t *x = desc->in[0].dims;
    (void)dev;
    /* What this backend does not know inside an operator it must refuse too: the library then asks for the parts one by one. */
    const int inside = desc->pool != 0 || (desc->kind == HN_OP_CONV2D && (desc->in[3].rank != 0 || desc->in[7].rank != 0)) ||
                       (desc->kind == HN_OP_CONV2D_GRAD_INPUT && desc->activation != 0) ||
                       (desc->kind == HN_OP_MAX_POOL2D_GRAD && desc->activation != 0);
    const int known = desc->activation <= 2; /* HN_ACT_…: later ones are beyond this backend */
    if (kernel_of(desc->kind) && !inside && known) return HN_OK;
    fail(err, HN_E_UNSUPPORTED, "no operator", desc->kind);
    if (err)
        snprintf(err->message, sizeof err->message, "example: no operator %d on [%lld, %lld, %lld, %lld]", desc->kind, (long long)x[0],
                 (long long)x[1], (long long)x[2], (long long)x[3]);
    return HN_E_UNSUPPORTED;
}

static hn_status prepare(void *dev, const hn_op_desc *desc, void **out, uint64_t *workspace, hn_error *err) {
    device *d = dev;
    op *o = d->host->alloc(d->host->user, sizeof *o);
    if (!o) return fail(err, HN_E_MEMORY, "no memory for an operator; bytes:", (long long)sizeof *o);
    *o = (op){IS_OP, *desc, kernel_of(desc->kind)};
    *workspace = 0; /* bytes that every run is to bring; plain loops need none */
    *out = o;
    return HN_OK;
}

static void *address(hn_buffer b) { return b.memory ? (char *)b.memory + b.offset : NULL; }

static void execute(device *d, const op *o, const hn_buffer *in, const hn_buffer *out) {
    void *ins[HN_OP_MAX_TENSORS] = {NULL}, *outs[HN_OP_MAX_TENSORS] = {NULL};
    for (int i = 0; i < o->desc.n_in; i++) ins[i] = o->desc.in[i].rank ? address(in[i]) : NULL;
    for (int i = 0; i < o->desc.n_out; i++) outs[i] = o->desc.out[i].rank ? address(out[i]) : NULL;
    o->run(o, ins, outs);
    d->runs++;
}

static hn_status record(device *d, const op *o, const hn_op_buffers *buffers, hn_error *err) {
    recording *r = d->capturing;
    if (r->count == MAX_RECORDED) return fail(err, HN_E_LIMIT, "a recording is full at", MAX_RECORDED);
    recorded *run = &r->runs[r->count++];
    run->what = o;
    memcpy(run->in, buffers->in, (size_t)o->desc.n_in * sizeof *run->in);
    memcpy(run->out, buffers->out, (size_t)o->desc.n_out * sizeof *run->out);
    return HN_OK;
}

static hn_status run(void *dev, void *what, const hn_op_buffers *buffers, hn_error *err) {
    device *d = dev;
    if (d->capturing) return record(d, what, buffers, err);
    execute(d, what, buffers->in, buffers->out);
    return HN_OK;
}

static hn_status capture_begin(void *dev, hn_error *err) {
    device *d = dev;
    if (d->capturing) return fail(err, HN_E_STATE, "a recording is running already; runs in it:", d->capturing->count);
    d->capturing = d->host->alloc(d->host->user, sizeof *d->capturing);
    if (!d->capturing) return fail(err, HN_E_MEMORY, "no memory for a recording; bytes:", (long long)sizeof *d->capturing);
    d->capturing->tag = IS_RECORDING;
    d->capturing->count = 0;
    return HN_OK;
}

static hn_status capture_end(void *dev, void **out, hn_error *err) {
    device *d = dev;
    if (!d->capturing) return fail(err, HN_E_STATE, "no recording is running; runs done so far:", (long long)d->runs);
    *out = d->capturing;
    d->capturing = NULL;
    return HN_OK;
}

static hn_status replay(void *dev, void *what, hn_error *err) {
    const recording *r = what;
    if (r->tag != IS_RECORDING) return fail(err, HN_E_ARGUMENT, "that is not a recording but a thing of kind", r->tag);
    for (int i = 0; i < r->count; i++) execute(dev, r->runs[i].what, r->runs[i].in, r->runs[i].out);
    return HN_OK;
}

static void release(void *dev, void *what) {
    const device *d = dev;
    d->host->free(d->host->user, what); /* an operator or a recording: both are one block here */
}

/* ---- Memory. Here it is the host's; on an accelerator these are its own allocator and copy engine. -------------------------------- */

static hn_status mem_alloc(void *dev, uint64_t size, void **memory, hn_error *err) {
    device *d = dev;
    *memory = d->host->alloc(d->host->user, (size_t)size); /* aligned to 64 bytes, as the contract asks */
    return *memory ? HN_OK : fail(err, HN_E_MEMORY, "no memory; bytes:", (long long)size);
}

static void mem_free(void *dev, void *memory) {
    device *d = dev;
    d->host->free(d->host->user, memory);
}

static hn_status upload(void *dev, hn_buffer to, const void *from, hn_error *err) {
    (void)dev, (void)err;
    memcpy(address(to), from, (size_t)to.size);
    return HN_OK;
}

static hn_status download(void *dev, void *to, hn_buffer from, hn_error *err) {
    (void)dev, (void)err;
    memcpy(to, address(from), (size_t)from.size);
    return HN_OK;
}

static hn_status copy(void *dev, hn_buffer to, hn_buffer from, hn_error *err) {
    (void)dev, (void)err;
    memcpy(address(to), address(from), (size_t)to.size);
    return HN_OK;
}

static hn_status fill(void *dev, hn_buffer to, uint8_t value, hn_error *err) {
    (void)dev, (void)err;
    memset(address(to), value, (size_t)to.size);
    return HN_OK;
}

/* ---- Devices. ------------------------------------------------------------------------------------------------------------------- */

static int32_t score(void *user) { /* 0 = cannot run here; an accelerator would ask its driver */
    (void)user;
    return 2;
}

static int32_t device_count(void *user) {
    (void)user;
    return 1;
}

static hn_status device_info(void *user, int32_t index, hn_device_info *out, hn_error *err) {
    (void)user, (void)index, (void)err;
    out->flags = HN_DEVICE_HOST_MEMORY;
    snprintf(out->description, sizeof out->description, "four operators in plain loops, an example");
    return HN_OK;
}

static hn_status open_device(void *user, int32_t index, const hn_backend_host *host, void **out, hn_error *err) {
    (void)user, (void)index;
    if (host->options & ~HN_HOST_DETERMINISTIC) /* plain loops in one order give the same bits anyway; shorter products we do not have */
        return fail(err, HN_E_UNSUPPORTED, "float32 alone is computed here; refused options:", host->options & ~HN_HOST_DETERMINISTIC);
    device *d = host->alloc(host->user, sizeof *d);
    if (!d) return fail(err, HN_E_MEMORY, "no memory for a device; bytes:", (long long)sizeof *d);
    *d = (device){.host = host};
    *out = d;
    return HN_OK;
}

static void close_device(void *dev) {
    device *d = dev;
    const hn_backend_host *host = d->host;
    char text[64];
    snprintf(text, sizeof text, "%llu operators were run", d->runs);
    host->log(host->user, HN_LOG_INFO, text);
    if (d->capturing) release(d, d->capturing);
    host->free(host->user, d);
}

static hn_status sync_device(void *dev, hn_error *err) { /* everything is done when run returns */
    (void)dev, (void)err;
    return HN_OK;
}

/* ---- The table, and the one symbol that the library looks for. ------------------------------------------------------------------ */

static const hn_backend TABLE = {
    .struct_size = sizeof TABLE,
    .abi_version = HN_BACKEND_ABI_VERSION,
    .min_abi_version = 1,
    .name = "example",
    .score = score,
    .device_count = device_count,
    .device_info = device_info,
    .open = open_device,
    .close = close_device,
    .sync = sync_device,
    .alloc = mem_alloc,
    .free = mem_free,
    .upload = upload,
    .download = download,
    .copy = copy,
    .fill = fill,
    .supports = supports,
    .prepare = prepare,
    .run = run,
    .release = release,
    .capture_begin = capture_begin,
    .capture_end = capture_end,
    .replay = replay,
};

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const hn_backend *
hn_backend_entry(uint32_t host_version);

const hn_backend *hn_backend_entry(uint32_t host_version) { return host_version >= 1 ? &TABLE : NULL; }
