/* stopping.h - when enough is enough: a pure function of the losses so far. */
#ifndef HNI_TRAIN_STOPPING_H
#define HNI_TRAIN_STOPPING_H

#include <stdbool.h>

#include "haemnet/train.h"

/* True if training should end after the last of n epochs. test_loss, train_loss: [n]. rule: HN_STOP_…; patience, strip, alpha as in
 * hn_train_options with the defaults filled in. */
typedef struct hni_stopping {
    int32_t rule, patience, strip;
    double alpha;
} hni_stopping;

/* Defaults of the header for what is 0. */
hni_stopping hni_stopping_defaults(const hn_train_options *options);
bool hni_should_stop(const hni_stopping *s, const double *test_loss, const double *train_loss, int64_t n);

#endif
