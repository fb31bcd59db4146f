/* norm.cu - batch norm: training, inference, gradient. Mean and variance in two passes, in float64, as the reference does it; what is
 * normalised uses the biased variance, what is remembered the unbiased one.
 *
 * workspace: first[C] second[C] (what a channel's numbers are treated with), then the lanes of one or two sums a channel. */
#include "sum.h"

/* A kernel's arguments: the call's, and what the sums before it left. */
typedef struct norm_step {
    hni_norm_args norm;
    hni_sum_rest rest;   /* Σ x, or Σ dy in the first C and Σ dy·x̂ in the second C sums */
    hni_sum_rest second; /* Σ (x - mean)² */
    double *partial;
} norm_step;

HNI_DEVICE int64_t channel_of(const hni_norm_args *n, int64_t i) {
    const int64_t image = hni_divide(i, n->sums.inner);
    return image - hni_divide(image, n->sums.outputs) * n->sums.outputs;
}

HNI_DEVICE double mean_of(const norm_step *a, int64_t c) {
    return hni_sum_total(a->rest, c) / (double)a->norm.sums.count;
}

/* One thread a channel: its mean and 1/deviation to the workspace and the outputs, the running statistics moved on. */
HNI_KERNEL(train_channels, norm_step) {
    const hni_norm_args *n = &a.norm;
    HNI_EACH(c, n->sums.outputs) {
        const double count = (double)n->sums.count, mean = mean_of(&a, c), squares = hni_sum_total(a.second, c);
        const double inv_std = 1.0 / sqrt(squares / count + n->epsilon), old_mean = (double)n->mean[c], old_var = (double)n->var[c];
        n->workspace[c] = mean;
        n->workspace[n->sums.outputs + c] = inv_std;
        n->saved_mean[c] = (float)mean;
        n->saved_inv_std[c] = (float)inv_std;
        n->new_mean[c] = (float)((1.0 - n->momentum) * old_mean + n->momentum * mean);
        n->new_var[c] = (float)((1.0 - n->momentum) * old_var + n->momentum * (squares / (count - 1.0)));
    }
}

HNI_KERNEL(infer_channels, norm_step) {
    const hni_norm_args *n = &a.norm;
    HNI_EACH(c, n->sums.outputs) {
        n->workspace[c] = (double)n->mean[c];
        n->workspace[n->sums.outputs + c] = 1.0 / sqrt((double)n->var[c] + n->epsilon);
    }
}

HNI_KERNEL(normalise, norm_step) {
    const hni_norm_args *n = &a.norm;
    HNI_EACH(i, n->n) {
        const int64_t c = channel_of(n, i);
        const double mean = n->workspace[c], inv_std = n->workspace[n->sums.outputs + c];
        n->y[i] = (float)(((double)n->x[i] - mean) * inv_std * (double)n->gamma[c] + (double)n->beta[c]);
    }
}

/* x̂ = (x - mean) · inv_std. Lanes of Σ dy, and behind those of all channels, of Σ dy·x̂. */
HNI_KERNEL(grad_lanes, norm_step) {
    const hni_sum_layout *s = &a.norm.sums;
    HNI_EACH(i, s->outputs * s->lanes) {
        const int64_t c = hni_divide(i, s->lanes);
        const double mean = (double)a.norm.mean[c], inv_std = (double)a.norm.var[c];
        double sum = 0.0, product = 0.0;
        for (int64_t j = i - c * s->lanes; j < s->count; j += s->lanes) {
            const int64_t at = hni_sum_at(s, c, j);
            const double dy = (double)a.norm.dy[at];
            sum += dy;
            product += dy * (((double)a.norm.x[at] - mean) * inv_std);
        }
        a.partial[i] = sum;
        a.partial[s->outputs * s->lanes + i] = product;
    }
}

HNI_KERNEL(grad_channels, norm_step) {
    const hni_norm_args *n = &a.norm;
    HNI_EACH(c, n->sums.outputs) {
        const double dbeta = hni_sum_total(a.rest, c), dgamma = hni_sum_total(a.rest, n->sums.outputs + c);
        n->dbeta[c] = (float)dbeta;
        n->dgamma[c] = (float)dgamma;
        n->workspace[c] = dbeta / (double)n->sums.count;
        n->workspace[n->sums.outputs + c] = dgamma / (double)n->sums.count;
    }
}

/* dx = gamma · inv_std · (dy - mean(dy) - x̂ · mean(dy·x̂)). */
HNI_KERNEL(grad_input, norm_step) {
    const hni_norm_args *n = &a.norm;
    HNI_EACH(i, n->n) {
        const int64_t c = channel_of(n, i);
        const double mean_dy = n->workspace[c], mean_product = n->workspace[n->sums.outputs + c];
        const double mean = (double)n->mean[c], inv_std = (double)n->var[c];
        const double x = ((double)n->x[i] - mean) * inv_std;
        n->y[i] = (float)((double)n->gamma[c] * inv_std * ((double)n->dy[i] - mean_dy - x * mean_product));
    }
}

static norm_step step_of(hni_norm_args args) {
    norm_step a = {args, {NULL, 0}, {NULL, 0}, args.workspace + 2 * args.sums.outputs};
    return a;
}

cudaError_t hni_kernel_norm(hni_norm_args args, cudaStream_t stream) {
    norm_step a = step_of(args);
    const cudaError_t code = HNI_LAUNCH(infer_channels, a, args.sums.outputs, stream);
    return code == cudaSuccess ? HNI_LAUNCH(normalise, a, args.n, stream) : code;
}

cudaError_t hni_kernel_norm_train(hni_norm_args args, cudaStream_t stream) {
    const int64_t channels = args.sums.outputs, lanes = args.sums.lanes;
    norm_step a = step_of(args);
    cudaError_t code = hni_kernel_sum(args.sums, args.x, a.partial, &a.rest, stream);
    a.partial += hni_sum_room(channels, lanes);
    if (code == cudaSuccess)
        code = hni_kernel_sum_squares(args.sums, args.x, a.rest, a.partial, &a.second, stream);
    if (code == cudaSuccess)
        code = HNI_LAUNCH(train_channels, a, channels, stream);
    return code == cudaSuccess ? HNI_LAUNCH(normalise, a, args.n, stream) : code;
}

cudaError_t hni_kernel_norm_grad(hni_norm_args args, cudaStream_t stream) {
    const int64_t channels = args.sums.outputs, lanes = args.sums.lanes;
    norm_step a = step_of(args);
    cudaError_t code = HNI_LAUNCH(grad_lanes, a, channels * lanes, stream);
    if (code == cudaSuccess)
        code = hni_kernel_fold(2 * channels, lanes, a.partial, &a.rest, stream);
    if (code == cudaSuccess)
        code = HNI_LAUNCH(grad_channels, a, channels, stream);
    return code == cudaSuccess ? HNI_LAUNCH(grad_input, a, args.n, stream) : code;
}
