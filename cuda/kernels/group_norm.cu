/* group_norm.cu - group norm and its gradient. A group's channels lie side by side, so a group of a sample is one run of numbers.
 *
 *   forward   Σ x ─► Σ (x - mean)² ─► mean and 1/deviation of each group ─► y
 *   gradient  with g = dy · gamma: Σ g and Σ g·x̂ of each group; Σ dy·x̂ and Σ dy of each channel ─► dgamma, dbeta; dx
 *
 * workspace: first[groups] second[groups] (what a group's numbers are treated with), then the lanes of two sums. */
#include "sum.h"

/* A kernel's arguments: the call's, and what the sums before it left. */
typedef struct group_step {
    hni_group_norm_args norm;
    hni_sum_rest rest, second; /* Σ x and Σ (x - mean)²; or rest: sums of one kind, behind them those of the other */
    double *partial;
} group_step;

/* Number i of x is of channel c and group (all samples') g. */
typedef struct place {
    int64_t channel, group;
} place;

HNI_DEVICE place place_of(const hni_group_norm_args *n, int64_t i) {
    const int64_t image = hni_divide(i, n->channels.inner), sample = hni_divide(image, n->channels.outputs);
    const place p = {image - sample * n->channels.outputs, hni_divide(i, n->groups.count)};
    return p;
}

/* One thread a group. */
HNI_KERNEL(group_moments, group_step) {
    const hni_group_norm_args *n = &a.norm;
    HNI_EACH(g, n->groups.outputs) {
        const double count = (double)n->groups.count, mean = hni_sum_total(a.rest, g) / count;
        const double inv_std = 1.0 / sqrt(hni_sum_total(a.second, g) / count + n->epsilon);
        n->workspace[g] = mean;
        n->workspace[n->groups.outputs + g] = inv_std;
        n->new_mean[g] = (float)mean;
        n->new_inv_std[g] = (float)inv_std;
    }
}

HNI_KERNEL(group_normalise, group_step) {
    const hni_group_norm_args *n = &a.norm;
    HNI_EACH(i, n->n) {
        const place p = place_of(n, i);
        const double mean = n->workspace[p.group], inv_std = n->workspace[n->groups.outputs + p.group];
        n->y[i] = (float)(((double)n->x[i] - mean) * inv_std * (double)n->gamma[p.channel] + (double)n->beta[p.channel]);
    }
}

HNI_DEVICE double scaled(const hni_group_norm_args *n, int64_t i, int64_t group) {
    return ((double)n->x[i] - (double)n->mean[group]) * (double)n->inv_std[group];
}

/* Lanes of one sum of each output, and behind all of them of the other: Σ g and Σ g·x̂ of groups (weighted), Σ dy and Σ dy·x̂ of channels. */
HNI_DEVICE void grad_lane(const group_step *a, const hni_sum_layout *s, int64_t i, int weighted) {
    const hni_group_norm_args *n = &a->norm;
    const int64_t o = hni_divide(i, s->lanes);
    double sum = 0.0, product = 0.0;
    for (int64_t j = i - o * s->lanes; j < s->count; j += s->lanes) {
        const int64_t at = hni_sum_at(s, o, j);
        const place p = place_of(n, at);
        const double dy = weighted ? (double)n->dy[at] * (double)n->gamma[p.channel] : (double)n->dy[at];
        sum += dy;
        product += dy * scaled(n, at, p.group);
    }
    a->partial[i] = sum;
    a->partial[s->outputs * s->lanes + i] = product;
}

HNI_KERNEL(group_grad_lanes, group_step) {
    HNI_EACH(i, a.norm.groups.outputs * a.norm.groups.lanes)
        grad_lane(&a, &a.norm.groups, i, 1);
}

HNI_KERNEL(channel_grad_lanes, group_step) {
    HNI_EACH(i, a.norm.channels.outputs * a.norm.channels.lanes)
        grad_lane(&a, &a.norm.channels, i, 0);
}

HNI_KERNEL(group_grad_means, group_step) {
    const hni_group_norm_args *n = &a.norm;
    HNI_EACH(g, n->groups.outputs) {
        n->workspace[g] = hni_sum_total(a.rest, g) / (double)n->groups.count;
        n->workspace[n->groups.outputs + g] = hni_sum_total(a.rest, n->groups.outputs + g) / (double)n->groups.count;
    }
}

HNI_KERNEL(channel_grads, group_step) {
    const hni_group_norm_args *n = &a.norm;
    HNI_EACH(c, n->channels.outputs) {
        n->dbeta[c] = (float)hni_sum_total(a.rest, c);
        n->dgamma[c] = (float)hni_sum_total(a.rest, n->channels.outputs + c);
    }
}

HNI_KERNEL(group_grad_input, group_step) {
    const hni_group_norm_args *n = &a.norm;
    HNI_EACH(i, n->n) {
        const place p = place_of(n, i);
        const double part = (double)n->dy[i] * (double)n->gamma[p.channel];
        const double mean_part = n->workspace[p.group], mean_product = n->workspace[n->groups.outputs + p.group];
        n->y[i] = (float)((double)n->inv_std[p.group] * (part - mean_part - scaled(n, i, p.group) * mean_product));
    }
}

cudaError_t hni_kernel_group_norm(hni_group_norm_args args, cudaStream_t stream) {
    group_step a = {args, {NULL, 0}, {NULL, 0}, args.workspace + 2 * args.groups.outputs};
    cudaError_t code = hni_kernel_sum(args.groups, args.x, a.partial, &a.rest, stream);
    a.partial += hni_sum_room(args.groups.outputs, args.groups.lanes);
    if (code == cudaSuccess)
        code = hni_kernel_sum_squares(args.groups, args.x, a.rest, a.partial, &a.second, stream);
    if (code == cudaSuccess)
        code = HNI_LAUNCH(group_moments, a, args.groups.outputs, stream);
    return code == cudaSuccess ? HNI_LAUNCH(group_normalise, a, args.n, stream) : code;
}

cudaError_t hni_kernel_group_norm_grad(hni_group_norm_args args, cudaStream_t stream) {
    const hni_sum_layout *g = &args.groups, *c = &args.channels;
    group_step a = {args, {NULL, 0}, {NULL, 0}, args.workspace + 2 * g->outputs};
    cudaError_t code = HNI_LAUNCH(group_grad_lanes, a, g->outputs * g->lanes, stream);
    if (code == cudaSuccess)
        code = hni_kernel_fold(2 * g->outputs, g->lanes, a.partial, &a.rest, stream);
    if (code == cudaSuccess)
        code = HNI_LAUNCH(group_grad_means, a, g->outputs, stream);
    if (code == cudaSuccess)
        code = HNI_LAUNCH(group_grad_input, a, args.n, stream);
    if (code == cudaSuccess)
        code = HNI_LAUNCH(channel_grad_lanes, a, c->outputs * c->lanes, stream);
    if (code == cudaSuccess)
        code = hni_kernel_fold(2 * c->outputs, c->lanes, a.partial, &a.rest, stream);
    return code == cudaSuccess ? HNI_LAUNCH(channel_grads, a, c->outputs, stream) : code;
}
