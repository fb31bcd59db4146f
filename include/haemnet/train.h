/* train.h - training: one epoch at a time, with checkpoints, early stopping and bit-identical resumption.
 *
 * A trainer keeps its model, data and context alive. The model that it was made from is not changed. */
#ifndef HAEMNET_TRAIN_H
#define HAEMNET_TRAIN_H

#include "augment.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_trainer hn_trainer;

enum { HN_OPTIMIZER_ADAM = 1, HN_OPTIMIZER_ADAMW = 2, HN_OPTIMIZER_SGD = 3 };

/* When to stop early. All look at the test loss (training loss without a test part). GL, PQ and UP: L. Prechelt, "Early Stopping –
 * But When?", 1998; losses times 100 as his E_va. */
enum {
    HN_STOP_NEVER = 1,
    HN_STOP_PATIENCE = 2, /* no better loss for stop_patience epochs */
    HN_STOP_GL = 3,       /* generalisation loss 100 · (E / E_best - 1) > stop_alpha */
    HN_STOP_PQ = 4,       /* GL / progress over a strip of stop_strip epochs > stop_alpha */
    HN_STOP_UP = 5        /* the loss at the end of stop_patience successive strips rose each time */
};

/* How the learning rate moves. base is learning_rate; e counts epochs, t optimiser steps, both from 0 at the end of the warm-up; T is
 * schedule_epochs, f schedule_factor, low schedule_low. The names behind are PyTorch's, in torch.optim.lr_scheduler. */
enum {
    HN_SCHEDULE_CONSTANT = 1,  /* base */
    HN_SCHEDULE_STEP = 2,      /* base · f ^ floor(e / T); StepLR */
    HN_SCHEDULE_COSINE = 3,    /* low + (base - low) (1 + cos(π e / T)) / 2, low from e = T on (Loshchilov & Hutter 2017); CosineAnnealingLR */
    HN_SCHEDULE_RESTARTS = 4,  /* the same, begun again after T, T m, T m², … epochs, m = schedule_multiplier; CosineAnnealingWarmRestarts */
    HN_SCHEDULE_ONE_CYCLE = 5, /* new at each of the N steps of T epochs: along half a cosine from base / cycle_start to base at step
                                  cycle_rise · N - 1, then to base / (cycle_start · cycle_end) at step N - 1, where it stays (Smith & Topin
                                  2018); OneCycleLR without its cycle of momentum */
    HN_SCHEDULE_PLATEAU = 6    /* times f, but not below low, after every schedule_patience + 1 epochs in a row whose watched loss is not under
                                  (1 - 0.0001) times the lowest one; ReduceLROnPlateau */
};

/* Which rows an epoch takes. An epoch has as many draws as the training part has rows; drawing is with replacement but for SHUFFLE. A row that is
 * drawn again in an epoch has other random numbers (dropout, augmentation) each time. */
enum {
    HN_SAMPLER_SHUFFLE = 1,       /* every row once */
    HN_SAMPLER_CLASSES = 2,       /* every class that has rows is equally likely; single-label */
    HN_SAMPLER_GROUPS = 3,        /* every group (patient) is equally likely; a row without group is one of its own */
    HN_SAMPLER_HARD_NEGATIVES = 4 /* rows without the positive class (multi-label: without any label) within hard_reach slices of a row with it, in the
                                     same group and study, are hard_factor times as likely as all others */
};

/* Tensors that learn in another way than the rest: those whose names begin with prefix. The longest prefix that fits a name decides, of equal
 * ones the last. Factors multiply learning_rate, as its schedule moves it, and weight_decay. */
typedef struct hn_param_group {
    uint32_t struct_size; /* sizeof(hn_param_group); the same in all of an array */
    int32_t frozen;       /* 1 = not trained: no gradient is computed. Running statistics of batch norm are tensors too: frozen, they stay as they
                             are and the layer normalises by them in training as in prediction. Weight and bias of such a layer must be frozen too */
    const char *prefix;   /* "features.", "" = all; copied */
    double rate;          /* factor; 0 = 1 */
    double decay;         /* factor; 0 = 1, -1 = no weight decay */
} hn_param_group;

/* Bits of hn_train_options.flags. */
enum {
    HN_TRAIN_NO_FAMILIARITY = 1 /* models learn nothing of the look of their training images (familiar.h); else they read them once more */
};

/* Where a trainer is; hn_progress.phase. */
enum { HN_PHASE_TRAIN = 1, HN_PHASE_TEST = 2 };

/* What a progress callback is told, after every batch. */
typedef struct hn_progress {
    uint32_t struct_size;  /* set by the library */
    int32_t phase;         /* HN_PHASE_… */
    int64_t epoch;         /* from 1; 0 outside training */
    int64_t batch;         /* batches done in this phase */
    int64_t batches;       /* batches in this phase, a little too many while bad files are being found */
    int64_t images;        /* images done in this phase */
    double loss;           /* mean over the images so far, as last read from the device; NaN outside training */
    double seconds;        /* since the phase began, s */
} hn_progress;

/* Called on the thread that called into the library, after every batch; an answer other than 0 cancels (HN_E_CANCELLED). Must not
 * call into the same trainer or predictor. A device with memory of its own may be some batches behind, and its loss is read back only
 * about twice a second, since reading waits for it; in between callbacks get the last one again. Where device memory is host memory the loss
 * is that of the batch just done. */
typedef int32_t (*hn_progress_fn)(void *user, const hn_progress *progress);

typedef struct hn_train_options {
    uint32_t struct_size;        /* sizeof(hn_train_options) */
    int32_t batch;               /* images a step, 1 … 65536; 0 = 32 */
    int32_t optimizer;           /* HN_OPTIMIZER_…; 0 = Adam */
    int32_t nesterov;            /* SGD: 1 = Nesterov momentum */
    double learning_rate;        /* 0 = 0.001 */
    double momentum;             /* SGD; 0 = none */
    double beta1;                /* Adam; 0 = 0.9 */
    double beta2;                /* Adam; 0 = 0.999 */
    double epsilon;              /* Adam; 0 = 1e-8 */
    double weight_decay;         /* Adam and SGD: added to the gradient; AdamW: decoupled */
    uint64_t seed;               /* order of samples, dropout */
    const double *class_weights; /* one a class or label, > 0, copied; NULL = all 1. Loss is the weighted mean, as in PyTorch */
    int32_t n_class_weights;     /* 0 or n_classes */
    int32_t stop;                /* HN_STOP_…; 0 = never */
    int32_t stop_patience;       /* PATIENCE: epochs, UP: strips; 0 = 5 (UP: 3) */
    int32_t stop_strip;          /* PQ, UP: epochs; 0 = 5 */
    double stop_alpha;           /* GL, PQ: threshold; 0 = 5 (GL), 0.75 (PQ) */
    int32_t prefetch;            /* batches decoded ahead; 0 = 4 */
    int32_t flags;               /* HN_TRAIN_… */
    const char *device;          /* as hn_device_find; NULL = "best"; copied */
    hn_cancel *cancel;           /* may be NULL; kept alive */
    hn_progress_fn progress;     /* may be NULL */
    void *progress_user;         /* passed to progress */
    uint64_t resident_bytes;     /* of the device's memory for images that stay there, both parts together: 0 = a quarter of it (none if it is
                                    unknown, or the host's), 1 = none, else so many. A part that does not fit comes from the host at each step.
                                    Results do not depend on it */
    int32_t schedule;            /* HN_SCHEDULE_…; 0 = constant */
    int32_t schedule_epochs;     /* STEP, COSINE, RESTARTS, ONE_CYCLE: T, at least 1 */
    int32_t schedule_multiplier; /* RESTARTS: m; 0 = 1 */
    int32_t schedule_patience;   /* PLATEAU: epochs; 0 = 10 */
    double schedule_factor;      /* STEP, PLATEAU: f, up to 1; 0 = 0.1 */
    double schedule_low;         /* COSINE, RESTARTS, PLATEAU: lowest rate */
    double cycle_rise;           /* ONE_CYCLE: share of the steps, up to 1; 0 = 0.3 */
    double cycle_start;          /* ONE_CYCLE: ≥ 1; 0 = 25 */
    double cycle_end;            /* ONE_CYCLE: ≥ 1; 0 = 10000 */
    int32_t warm_up_epochs;      /* the first W steps, those of so many epochs … */
    int32_t warm_up_steps;       /* … and so many more: step t has the schedule's first rate times s + (1 - s) t / W; LinearLR */
    double warm_up_start;        /* s, up to 1; 0 = 0.01 */
    const hn_param_group *param_groups; /* may be NULL */
    int32_t n_param_groups;      /* up to 127 */
    int32_t decay_weights_only;  /* 1 = no weight decay of biases and of what norm layers learn */
    double clip_norm;            /* gradients longer than this, taken together (2-norm), are made as short; 0 = no limit. clip_grad_norm_ */
    int32_t accumulate;          /* batches to a step, 0 = 1: the step's gradient is that of their images together (batch norm apart, which sees
                                    each batch alone); the last step of an epoch may have fewer */
    int32_t average_test;        /* 1 = the test part is measured with the averaged weights, and HN_BEST is made of them */
    double average;              /* d of an exponential moving average a of all weights and running statistics w: after the first step a = w, then
                                    a = d a + (1 - d) w; 0 = none. AveragedModel with get_ema_multi_avg_fn and use_buffers */
    double label_smoothing;      /* s < 1: the training loss is that of targets (1 - s) label + s / K (several labels a row: + s / 2). CrossEntropyLoss */
    double focal;                /* γ ≤ 1000: training losses times (1 - p)^γ of the truth's p (Lin et al. 2017); 0 = cross-entropy. Neither this nor
                                    smoothing touches the test loss */
    int32_t balance_classes;     /* 1 = class_weights are n / (K · n of the class) over the training part; single-label, instead of class_weights */
    int32_t sampler;             /* HN_SAMPLER_…; 0 = shuffle */
    int32_t hard_reach;          /* HARD_NEGATIVES: slices; 0 = 2 */
    int32_t reserved;            /* 0 */
    double hard_factor;          /* HARD_NEGATIVES: > 0, at most 1e6; 0 = 4 */
    const hn_augment_options *augment; /* training images change at random in every epoch; may be NULL; copied */
} hn_train_options;

/* Bits of hn_epoch_report.flags. */
enum {
    HN_EPOCH_BEST = 1,          /* the lowest monitored loss so far; these weights are HN_BEST */
    HN_EPOCH_STOP = 2,          /* the stopping rule says: enough */
    HN_EPOCH_GROUPS_UNKNOWN = 4 /* training and test part may share patients */
};

typedef struct hn_epoch_report {
    uint32_t struct_size;     /* in: sizeof(hn_epoch_report) */
    uint32_t flags;           /* HN_EPOCH_… */
    int64_t epoch;            /* from 1 */
    double train_loss;        /* mean over the samples of the epoch, while the weights moved */
    double train_accuracy;    /* 0 … 1: right ones / samples (multi-label: right labels / labels) */
    double test_loss;         /* NaN without a test part */
    double test_accuracy;     /* NaN without a test part */
    double learning_rate;     /* of the epoch's last step, without the factors of groups */
    double seconds;           /* s */
    double images_per_second; /* training and test images together */
    int64_t train_images;     /* images trained on */
    int64_t test_images;      /* images tested on */
    int64_t skipped;          /* bad files met so far, both parts */
    int64_t best_epoch;       /* epoch of HN_BEST */
    double best_loss;         /* its monitored loss */
} hn_epoch_report;

/* Bits of hn_trainer_info.flags. */
enum { HN_TRAINER_DETERMINISTIC = 1 /* the same training gives the same bits again */ };

/* Where and how a trainer computes. */
typedef struct hn_trainer_info {
    uint32_t struct_size;    /* in: sizeof(hn_trainer_info) */
    uint32_t flags;          /* HN_TRAINER_… */
    int64_t resident_images; /* rows of the parts whose images stay on the device, once a pass has met them */
    uint64_t resident_bytes; /* of the device's memory for them */
    uint64_t device_bytes;   /* of the device's memory for weights, activations and images; without what a backend keeps for its operators */
    char device[64];         /* "cudnn:0" */
    char precision[16];      /* of products: "float32", "tf32", "bf16" */
} hn_trainer_info;

/* Which weights hn_trainer_model gives. */
enum { HN_LAST = 1, HN_BEST = 2, HN_AVERAGED = 3 /* the moving average after the last epoch */ };

/* Makes a trainer; memory for every step is taken here.
 *   model    start weights, architecture, preprocessing; not changed
 *   train    rows to learn from; kept alive, cannot grow any more
 *   test     rows to watch; may be NULL; kept alive
 *   options  copied; NULL = defaults
 *   out      receives the handle; free it with hn_trainer_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_DATA (no rows; classes differ from the model's: both are listed), HN_E_NOT_FOUND and
 *          HN_E_UNAVAILABLE (device), HN_E_UNSUPPORTED (operator refused: names it), HN_E_BACKEND, HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_trainer_create(const hn_model *model, hn_dataset *train, hn_dataset *test, const hn_train_options *options,
                                   hn_trainer **out, hn_error *err);

/* Trains one epoch, then measures the test part. After HN_E_CANCELLED the trainer stands where the last whole epoch ended.
 *   report   filled; set report->struct_size before; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_CANCELLED, HN_E_NUMERIC (loss NaN or infinite: names the epoch, and the step by which it was
 *          so), HN_E_DATA (no readable image), HN_E_BACKEND, HN_E_IO and HN_E_FORMAT (strict data sets only), HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_train_epoch(hn_trainer *trainer, hn_epoch_report *report, hn_error *err);

/* The weights as a model of its own, with provenance: options, data, the device's backend and how it computed (docs/file-format.md).
 *   which    HN_LAST, HN_BEST or, with hn_train_options.average, HN_AVERAGED (before the first epoch all are the start weights)
 *   out      receives the handle; free it with hn_model_free
 * Errors:  HN_E_ARGUMENT, HN_E_BACKEND, HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_trainer_model(hn_trainer *trainer, int32_t which, hn_model **out, hn_error *err);

/* The report of an earlier epoch, also of those before a resumption.
 *   epoch    from 1
 *   report   filled; set report->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND (no such epoch yet).
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_trainer_history(hn_trainer *trainer, int64_t epoch, hn_epoch_report *report, hn_error *err);

/* Where and how it computes, and what it keeps there.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_trainer_get_info(const hn_trainer *trainer, hn_trainer_info *out, hn_error *err);

/* Epochs done so far, those before a resumption included; 0 for NULL.
 * Errors:  none.
 * Thread:  owner.
 * Since:   0.1 */
HN_API int64_t hn_trainer_epochs(const hn_trainer *trainer);

/* Writes a checkpoint: last and best weights, optimiser state, history, all that resumption needs. Atomic, as hn_model_save.
 *   path     UTF-8
 * Errors:  HN_E_ARGUMENT, HN_E_IO, HN_E_BACKEND, HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_trainer_save(hn_trainer *trainer, const char *path, hn_error *err);

/* Goes on from a checkpoint, bit for bit as if never interrupted. The trainer must have been made with the same model, data and options, on a
 * device of the same backend that computes in the same way (the number of threads may differ).
 *   path     UTF-8
 * Errors:  HN_E_ARGUMENT, HN_E_IO, HN_E_FORMAT, HN_E_STATE (already trained), HN_E_DATA (other data, model or options: says which),
 *          HN_E_BACKEND, HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_trainer_resume(hn_trainer *trainer, const char *path, hn_error *err);

/* Gives the handle back. NULL is allowed.
 * Errors:  none.
 * Thread:  any; nothing else may use this handle any more.
 * Since:   0.1 */
HN_API void hn_trainer_free(hn_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
