/* cudnn_fake.h - what tests may ask and set of the fake cuDNN, and what its files share. See cudnn.c. */
#ifndef HAEMNET_TEST_CUDNN_FAKE_H
#define HAEMNET_TEST_CUDNN_FAKE_H

#include <cudnn_graph.h>
#include <stdbool.h>
#include <stdint.h>

/* Engines that heuristics may offer, in this order in mode A; FALLBACK is the fallback list's. */
enum {
    FAKE_ENGINE_BALKS = 1,      /* offered, but makes no plan: "not supported" */
    FAKE_ENGINE_TENSOR = 2,     /* notes: tensor cores; rounds float32 factors to TF32 */
    FAKE_ENGINE_DISORDERED = 4, /* notes: not deterministic */
    FAKE_ENGINE_SHORT = 8,      /* notes: factors are converted down */
    FAKE_ENGINE_LARGE = 16,     /* needs a workspace of 8 GiB */
    FAKE_ENGINE_PLAIN = 32,
    FAKE_ENGINE_FALLBACK = 64,
    FAKE_ENGINE_ALL = 127
};

/* Graphs that no engine does. */
enum {
    FAKE_NO_FUSION = 1, /* more than one node */
    FAKE_NO_REDUCTION = 2,
    FAKE_NO_RESAMPLE = 4,
    FAKE_NO_NORM = 8,
    FAKE_NO_BF16 = 16
};

void fake_cudnn_offer(int engines);   /* FAKE_ENGINE_… */
void fake_cudnn_refuse(int graphs);   /* FAKE_NO_… */
void fake_cudnn_disorder(bool on);    /* the disordered engine's sums differ a little from run to run */
int fake_cudnn_engine(void);          /* of the last execution; 0 = none yet */
int64_t fake_cudnn_nodes(void);       /* of the last execution */
const char *fake_cudnn_message(void); /* the last complaint, "" = none since the last reset */
void fake_cudnn_reset(void);          /* no message; all engines, all graphs, no times */
enum { FAKE_TIMES = 6 };
void fake_cudnn_times(int engine, const float ms[FAKE_TIMES]); /* what its executions take, made up, one after the other and over again */

/* Shared by the fake's files. */
enum { FAKE_TENSORS = 16, FAKE_NODES = 8, FAKE_PORTS = 12 };

typedef struct fake_tensor {
    int64_t uid, type, dims[4], strides[4], alignment;
    bool is_virtual, by_value;
} fake_tensor;

typedef struct fake_node {
    int type;             /* cudnnBackendDescriptorType_t of the operation */
    int port[FAKE_PORTS]; /* tensors in the order of cudnn_rules.c's table; -1 = none */
    int outputs;          /* bit i: port i is written */
    int mode;
    bool nan; /* passes through */
    int64_t window[2], stride[2], pre[2], post[2], dilation[2];
} fake_node;

/* A checked graph as plain data: what an execution takes along. */
typedef struct fake_program {
    int tensors, nodes;
    fake_tensor tensor[FAKE_TENSORS];
    fake_node node[FAKE_NODES];
} fake_program;

typedef struct fake_run {
    fake_program program;
    void *pointer[FAKE_TENSORS];
    void *workspace;
    int64_t workspace_size;
    double factor; /* of every result: 1, or nearly so */
    bool tf32;     /* factors of products are rounded to 10 bits of fraction */
} fake_run;

void fake_compute(void *run); /* a fake_run */
int64_t fake_bytes(const fake_tensor *t);

#define FAKE_ATTRIBUTES 24
typedef struct fake_attribute {
    int name, type;
    int64_t count;
    void *data;
} fake_attribute;

typedef struct fake_descriptor {
    struct fake_descriptor *next;
    cudnnBackendDescriptorType_t type;
    bool finalized;
    int count;
    fake_attribute attributes[FAKE_ATTRIBUTES];
    int engine;                    /* engine, configuration, plan */
    struct fake_descriptor *graph; /* of an engine's or configuration's */
    fake_program program;          /* operation graph, plan */
    int64_t workspace;             /* plan */
} fake_descriptor;

cudnnStatus_t fake_complain(cudnnStatus_t code, const char *format, ...) __attribute__((format(printf, 2, 3)));
const fake_attribute *fake_get(const fake_descriptor *d, int name);
bool fake_alive(const void *d);
bool fake_handle_alive(void *handle);
/* cudnn_rules.c */
cudnnStatus_t fake_check_attribute(const fake_descriptor *d, int name, int type, int64_t count, const void *values);
cudnnStatus_t fake_finalize(fake_descriptor *d);
size_t fake_type_size(int type); /* of cudnnBackendAttributeType_t; 0 = unknown */

#endif
