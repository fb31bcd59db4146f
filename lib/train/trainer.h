/* trainer.h - the inside of hn_trainer.
 *
 *   loader ─► pixels, labels ─► executor (TRAIN or TEST) on shared weights ─► stats ─► epoch report ─► history
 *
 * Between epochs the host holds a copy of everything that moves (`last`): it is what a checkpoint stores and what a cancelled epoch goes
 * back to. */
#ifndef HNI_TRAIN_TRAINER_H
#define HNI_TRAIN_TRAINER_H

#include "data/loader.h"
#include "data/traces.h"
#include "familiar/familiar.h"
#include "graph/footprint.h"
#include "param_groups.h"
#include "model/match.h"
#include "preproc/augment.h"
#include "schedule.h"
#include "stopping.h"

/* One executor a batch size that occurs: the full batch, and the last one of an epoch. Bad files can make other sizes occur. */
enum { HNI_SHAPES = 4 };
typedef struct hni_shape {
    hni_executor *executor;
    hn_buffer own; /* its own arena, if the shared one is too small */
    int32_t mode, batch;
} hni_shape;

typedef struct hni_part { /* train or test */
    hn_dataset *data;
    hni_loader *loader;
    int32_t *classes; /* data set's class → model's */
    hn_buffer store;  /* u8 [rows, C, H, W] on the device, a part of the trainer's; memory NULL = pixels come from the host at each step */
    uint8_t *kept;    /* [rows] 1 = the image is in the store; NULL without one */
    uint32_t *drawn;  /* [rows] how often in this pass; NULL = every row once */
} hni_part;

typedef struct hni_moving { /* all that training moves, on the host */
    float *weights;         /* [total] */
    float *m, *v;           /* [trainable] */
    float *average;         /* [total]; NULL without a moving average */
} hni_moving;

struct hn_trainer {
    hn_context *ctx;
    hn_model *model;          /* start weights */
    hn_train_options options; /* defaults filled in; pointers inside are the trainer's own */
    double *class_weights;    /* [K] or NULL */
    float *class_weights_f32; /* the same, for the device */
    hn_param_group *rules;    /* [options.n_param_groups] */
    hn_augment_options augment;
    hni_stopping stopping;
    hni_schedule schedule;
    hni_param_groups groups;
    bool mixes;               /* augmentation mixes images, so labels are shares */
    hni_part train, test;     /* test.data NULL = none */
    hni_device *device;
    hni_weights weights;
    hn_buffer arena;
    hn_buffer store;          /* of both parts' images; memory NULL = none */
    hni_shape shapes[HNI_SHAPES];
    int32_t n_shapes;
    hni_executor *update;     /* the optimiser's step on several batches' gradients; NULL = each batch has its own */
    int32_t *batch_classes;   /* [batch] */
    float *batch_labels;      /* [batch, K] */
    uint32_t *batch_keys;     /* [batch, 4] */
    int32_t *batch_rows;      /* [batch]: images of a store */
    int64_t *batch_samples;   /* [batch]: numbers for augmentation */
    float *batch_table;       /* [batch, HN_AUGMENT_COLUMNS]; NULL without augmentation */
    double *hyper;            /* as hni_weights.hyper */
    double gathered_weight;   /* of the batches whose gradients wait for a step */
    int32_t gathered;         /* how many they are */
    double rate;              /* of the last step */
    hni_moving last;          /* as the last whole epoch left it */
    hni_moving next;          /* fetched from the device; becomes last when all of it is there */
    bool adrift;              /* the device does not hold `last`: it could not be put back */
    float *best;              /* [total] */
    int64_t step;             /* optimiser steps done */
    hn_epoch_report *history; /* [n_history] */
    double *watched;          /* [n_history] losses that the schedule looks at */
    size_t n_history, history_capacity, watched_capacity;
    int64_t best_epoch;       /* 0 = the start weights */
    hni_traces *traces;       /* of the training part; NULL until a model wants them */
    char *leaks;              /* what it shares with the test part, as JSON; likewise */
    hni_familiar *familiar;   /* what training images look like; NULL = not asked, or nothing could be learned */
    bool familiarised;        /* that has been looked into */
    double best_loss;
};

hn_status hni_trainer_create(const hn_model *model, hn_dataset *train, hn_dataset *test, const hn_train_options *options, hn_trainer **out,
                             hn_error *err);
void hni_trainer_free(hn_trainer *t);
hn_status hni_trainer_footprint(const hn_model *model, hni_device *device, int32_t batch, hni_footprint *f, hn_error *err);
void hni_trainer_info(const hn_trainer *t, hn_trainer_info *out); /* all but struct_size; the rest is 0 before */
hn_status hni_train_epoch(hn_trainer *t, hn_epoch_report *report, hn_error *err);
hn_status hni_trainer_model(hn_trainer *t, int32_t which, hn_model **out, hn_error *err);
hn_status hni_trainer_save(hn_trainer *t, const char *path, hn_error *err);
hn_status hni_trainer_resume(hn_trainer *t, const char *path, hn_error *err);

/* options.c: defaults, checks, copies; free_options also after a failure. */
hn_status hni_trainer_take_options(hn_trainer *t, const hn_train_options *options, hn_error *err);
void hni_trainer_free_options(hn_trainer *t);
/* draw.c: what depends on the training part's rows; its loader is there. */
hn_status hni_trainer_draw(hn_trainer *t, hn_error *err);
/* step.c. What a step is given; the answer is what the batch weighs. Its numbers are filled apart: they depend on the weight. */
void hni_step_begin_pass(hni_part *part);
double hni_step_fill(hn_trainer *t, hni_part *part, int32_t mode, const hni_batch *batch, int64_t epoch, hni_step *step);
void hni_step_numbers(hn_trainer *t, double weight);
/* Opens options.device and takes all that steps need there; close_device also after a failure. */
hn_status hni_trainer_open_device(hn_trainer *t, hn_error *err);
void hni_trainer_close_device(hn_trainer *t);
/* The executor for a mode and batch size; made at the first call. */
hn_status hni_trainer_shape(hn_trainer *t, int32_t mode, int32_t batch, hni_executor **out, hn_error *err);
/* resident.c: the bytes of a device that images may take, by hn_train_options.resident_bytes. */
uint64_t hni_resident_limit(const hni_device *device, uint64_t option);
/* Takes memory for the images of the parts that fit, the training part first; that nothing fits is no failure. */
hn_status hni_resident_take(hn_trainer *t, uint64_t limit, hn_error *err);
void hni_resident_drop(hn_trainer *t);
/* The next batch of a part. One with a store finds its images there: each is put there when it is first met. */
hn_status hni_resident_next(hn_trainer *t, hni_part *part, hni_batch *out, hn_error *err);
/* Device → last, all or nothing; and back. A failure to put back is remembered, and made good before the next epoch. */
hn_status hni_trainer_fetch(hn_trainer *t, hn_error *err);
hn_status hni_trainer_restore(hn_trainer *t, hn_error *err);
/* The host's side as it was before the first epoch. */
void hni_trainer_rewind(hn_trainer *t);
hn_status hni_trainer_append(hn_trainer *t, const hn_epoch_report *report, hn_error *err);
/* keepsakes.c: finds traces and leaks, once; both parts have been decoded by then, as a rule. */
hn_status hni_trainer_look_back(hn_trainer *t, hn_error *err);
/* familiar.c: learns what training images look like, once, unless options.flags say no. */
hn_status hni_trainer_familiarise(hn_trainer *t, hn_error *err);
/* What the trainer was given, as a JSON object without braces: options, data digests, counts. Equal text = same training. */
void hni_trainer_describe(hn_trainer *t, hni_text *text);

#endif
