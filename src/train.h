/* train.h - what the commands that train share: settings, and a job, which is one training (the whole of it, or one fold). */
#ifndef HAEMNET_TRAIN_COMMAND_H
#define HAEMNET_TRAIN_COMMAND_H

#include "program.h"

/* How the network learns beyond optimiser and rate (craft.c). */
typedef struct craft_choice {
    const char *schedule, *freeze, *rates, *sampler, *augment;
    double schedule_factor, lr_min, clip, ema, smoothing, focal, hard_factor;
    int32_t schedule_epochs, schedule_multiplier, schedule_patience, warm_up, nesterov, decay_weights_only, accumulate, hard_reach;
    /* what the words were read as */
    hn_augment_options augmentation;
    hn_param_group *rules; /* [n_rules], malloc'd; prefixes lie in texts */
    int32_t n_rules;
    char *texts[2];
} craft_choice;
enum { N_CRAFT_OPTIONS = 20 };
#define CRAFT_OPTIONS(c) \
    {"nesterov", OPTION_FLAG, &(c)->nesterov, NULL, "Nesterov momentum, of sgd"}, \
    {"decay-weights-only", OPTION_FLAG, &(c)->decay_weights_only, NULL, "no weight decay of biases and of norm layers"}, \
    {"schedule", OPTION_TEXT, &(c)->schedule, "NAME", "of the learning rate: constant, step, cosine, restarts, one-cycle or plateau (the recipe's)"}, \
    {"schedule-epochs", OPTION_INT, &(c)->schedule_epochs, "N", "step: between steps; restarts: first cycle; cosine, one-cycle: all (those after warm-up)"}, \
    {"schedule-factor", OPTION_NUMBER, &(c)->schedule_factor, "X", "step, plateau: the rate is multiplied by it (0.1)"}, \
    {"schedule-multiplier", OPTION_INT, &(c)->schedule_multiplier, "N", "restarts: each cycle is so many times as long as the one before (1)"}, \
    {"schedule-patience", OPTION_INT, &(c)->schedule_patience, "N", "plateau: epochs without a better test loss that are borne (10)"}, \
    {"lr-min", OPTION_NUMBER, &(c)->lr_min, "X", "cosine, restarts, plateau: the lowest learning rate (0)"}, \
    {"warm-up", OPTION_INT, &(c)->warm_up, "N", "epochs in which the learning rate rises from a hundredth (0)"}, \
    {"freeze", OPTION_TEXT, &(c)->freeze, "PREFIX[,...]", "tensors that are not trained, by how their names begin"}, \
    {"rates", OPTION_TEXT, &(c)->rates, "PREFIX=F[,...]", "tensors whose learning rate is F times that of the others"}, \
    {"clip", OPTION_NUMBER, &(c)->clip, "X", "longest gradient, of all parameters together (no limit)"}, \
    {"accumulate", OPTION_INT, &(c)->accumulate, "K", "batches to a step of the optimiser (1)"}, \
    {"ema", OPTION_NUMBER, &(c)->ema, "D", "moving average of the weights, of this decay; it is tested and kept; 0 = none (the recipe's)"}, \
    {"smoothing", OPTION_NUMBER, &(c)->smoothing, "X", "label smoothing, below 1 (the recipe's)"}, \
    {"focal", OPTION_NUMBER, &(c)->focal, "G", "gamma of the focal loss (0: cross-entropy)"}, \
    {"sampler", OPTION_TEXT, &(c)->sampler, "NAME", "rows of an epoch: shuffle, or drawn by classes, groups or hard-negatives (the recipe's)"}, \
    {"hard-factor", OPTION_NUMBER, &(c)->hard_factor, "X", "hard-negatives: how many times as likely as others (4)"}, \
    {"hard-reach", OPTION_INT, &(c)->hard_reach, "N", "hard-negatives: within so many slices of a positive one (2)"}, \
    AUGMENT_OPTION(&(c)->augment, "the recipe's")
int read_craft(craft_choice *choice); /* checks names and reads lists; EXIT_USAGE after a message. free_craft also after that */
void fill_craft(const craft_choice *choice, int32_t epochs, hn_train_options *options); /* options live no longer than the choice */
void free_craft(craft_choice *choice);

typedef struct train_settings {
    const char *data, *test, *out, *report, *model, *optimizer, *positive, *device, *class_weights, *stop, *recipe, *backbone;
    data_choice choice;
    input_choice input;
    craft_choice craft;
    double holdout, lr, momentum, weight_decay, mean, deviation; /* mean, deviation: NaN = the backbone's */
    int32_t resident_mb; /* -1 = not given */
    int32_t folds, normalise, hidden, epochs, batch, threads, patience, resume, quiet, partial, allow_leak, no_familiarity;
    uint64_t seed;
} train_settings;

/* train_options.c: the options of all commands that train. */
extern const char *training_command; /* whose usage messages are about: "train", "crossval", "curve" */
enum { N_TRAINING_OPTIONS = 30 + N_INPUT_OPTIONS + N_CRAFT_OPTIONS };
train_settings default_training(void);
void list_training(train_settings *s, option list[N_TRAINING_OPTIONS]);
int check_training(train_settings *s); /* also fills what was not given; EXIT_USAGE after a message. free_craft s->craft also after that */

typedef struct training_data { /* what is open during a command */
    hn_context *ctx;
    hn_cancel *cancel;
    hn_dataset *data;
    int32_t positive; /* class, -1 = none */
} training_data;
int open_training(const train_settings *s, training_data *t);  /* 0, or an exit code after a message; close_training also after that */
int close_training(training_data *t, int code);                /* the command's exit code: EXIT_SKIPPED if files were */

/* Outputs of an earlier run in a folder, put aside (previous.c); bit i is output i. */
typedef struct previous {
    const char *folder;
    unsigned looked_at, moved, older; /* of moved, those that found a *.previous already */
} previous;

typedef struct train_job {
    const train_settings *settings;
    hn_context *ctx;
    hn_cancel *cancel;
    hn_dataset *whole;       /* DATA, of which train and test may be parts */
    hn_dataset *train, *test;/* test NULL = none */
    const char *folder;      /* of the outputs */
    int32_t fold, folds;     /* fold from 0; -1 = not one of several */
    const char *label;       /* "fold 2/5 ", said before each line; NULL = nothing */
    bool later;              /* an earlier training of this run stands in its own folder: what --resume goes on from */
    int32_t positive;        /* class, -1 = none */
    previous old;            /* until an epoch of this run is saved */
    bool saved;
    int lock;                /* descriptor of the folder, held while it is written to; 0 = not yet */
    hn_audit *audit;         /* of the test part against the training part; NULL without one */
    /* what came out */
    hn_trainer *trainer;
    hn_model *best, *last;
    hn_eval *eval_best, *eval_last; /* on the test part; NULL without one */
    bool finished;           /* all epochs done, or stopped by the rule */
} train_job;

/* train_run.c: trains, with all outputs in job->folder; 0 or an exit code after a message. */
int train_job_run(train_job *job);
void train_job_close(train_job *job); /* frees what came out, audit, train and test */
/* Looks for what the test part shares with the training part: EXIT_LEAK after a message, unless that is allowed. */
int audit_parts(hn_dataset *train, hn_dataset *test, const train_settings *s, hn_cancel *cancel, const char *label, hn_audit **out);
/* What a model of the job is worth on other data; options beside the device: HN_TTA_… */
hn_status train_job_evaluate(const train_job *job, const hn_model *model, hn_dataset *data, int32_t tta, double smooth, hn_eval **out, hn_error *err);

/* train_files.c */
int lock_folder(const char *folder, int *lock); /* makes it; refuses one that another training writes to; gone with the process */
/* Checkpoint of epoch 0; an earlier run is put aside only when that is written, so that a full disk leaves it in its place. */
int start_anew(hn_trainer *trainer, const char *folder, previous *old);
int write_history(hn_trainer *trainer, const char *folder, bool leaky); /* leaky: another column says so */
int save_model(hn_trainer *trainer, int32_t which, const char *folder, const char *name);
hn_status report_of(hn_trainer *trainer, int64_t epoch, hn_epoch_report *report, hn_error *err);

/* previous.c: all or nothing. Either put_back or leave_aside follows; both do nothing where nothing was put aside. */
int put_aside(previous *p, const char *folder); /* renames the outputs of an earlier run to *.previous; 0 or EXIT_FAILED after a message */
void put_back(previous *p);                     /* the new run's are removed */
void leave_aside(previous *p);                  /* for good; says so */
/* Outputs written beside their places, which publish renames into them all together. Those of a resumed run replace what it left. */
char *new_output(const char *folder, const char *name); /* where to write it; malloc'd */
int publish_new_outputs(const char *folder, bool resumed);
void discard_new_outputs(const char *folder);

/* train_report.c: the parts of run.json, each a list of members that ends without a comma. */
int write_run(const train_job *job);
void write_settings_json(FILE *out, const train_settings *s);
void write_data_json(FILE *out, const char *path, hn_dataset *data, int32_t positive);

#endif
