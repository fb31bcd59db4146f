/* net.h - a network with a batch in hand, ready to be run again and again: what the trainer and the predictor do in a step, and no more. As
 * with the trainer, the batch of a training or test step stays on a device that has memory of its own. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include "graph/executor.h"
#include "harness.h"

typedef struct net_spec {
    const char *model; /* see models.h */
    int32_t size;      /* px, width and height */
    int32_t hidden;
    int32_t batch; /* images */
    int32_t mode;  /* HNI_MODE_PREDICT: upload, preprocess, forward, probabilities back; HNI_MODE_TRAIN: a whole step with Adam;
                      HNI_MODE_TEST: preprocess, forward, loss */
} net_spec;

typedef struct net {
    hn_context *ctx;
    hn_model *model;
    hni_device *device;
    hni_weights weights;
    hn_buffer arena, store; /* store: the batch, where it stays on the device; memory NULL = it is brought at each step */
    hni_executor *executor;
    net_spec spec;
    uint8_t *pixels;  /* [batch, channels, size, size] */
    int32_t *rows;    /* [batch], of the store */
    int32_t *classes; /* [batch] */
    uint32_t *keys;   /* [batch, 4] */
    float *results;   /* [batch, classes] */
    double hyper[HN_HYPER_COLUMNS];
    double flops; /* of one run */
} net;

/* device: as hn_device_find. */
hn_status net_create(hn_context *ctx, const char *device, const net_spec *spec, net **out, hn_error *err);
hn_status net_run(void *state, hn_error *err);
/* The same `count` times; training and testing, the loss is looked at after the last one only, as the trainer does on devices with memory of
 * their own. */
hn_status net_run_many(net *n, int count, hn_error *err);
void net_free(void *state); /* NULL is fine */

/* Multiply-adds × 2 of one run, without a device; -1 = no such network. */
double net_flops(hn_context *ctx, const net_spec *spec);
/* Expected seconds of one run on `threads` threads, from a small network's speed on this device. */
double net_estimate(bench *b, int threads, double flops);
/* Adds the case, or skips it visibly if two runs are expected to take longer than b->limit. Gives whether it was added. */
bool net_add(bench *b, const char *name, int threads, const net_spec *spec);

#endif
