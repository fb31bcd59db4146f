/* schedule.h - the learning rate of a step, as a function of what is known before it. Formulas and sources: train.h, HN_SCHEDULE_…. */
#ifndef HNI_TRAIN_SCHEDULE_H
#define HNI_TRAIN_SCHEDULE_H

#include <stdbool.h>

#include "haemnet/train.h"

typedef struct hni_schedule {
    int32_t kind;                     /* HN_SCHEDULE_… */
    int32_t epochs, multiplier, patience;
    double rate, factor, low;         /* rate: hn_train_options.learning_rate */
    double rise, start, end;          /* of a cycle */
    int64_t steps;                    /* of the optimiser in an epoch, if every file can be read */
    int64_t warm_steps;
    double warm_start;
} hni_schedule;

/* Defaults of the header for what is 0; HN_E_ARGUMENT names what is out of range. */
hn_status hni_schedule_make(const hn_train_options *options, int64_t steps, hni_schedule *out, hn_error *err);
/* The rate of a step. step and epoch count from 0 over the whole training; watched: the loss of each of the `epoch` epochs before. */
double hni_schedule_rate(const hni_schedule *s, int64_t step, int64_t epoch, const double *watched);

#endif
