/* param_groups.h - which parameters learn how: hn_param_group → groups of the optimiser. */
#ifndef HNI_TRAIN_PARAM_GROUPS_H
#define HNI_TRAIN_PARAM_GROUPS_H

#include "graph/graph.h"
#include "haemnet/train.h"

enum { HNI_GROUPS = 256, HNI_RULES = 127 }; /* each rule may be met with and without weight decay, and so may none */

typedef struct hni_param_group {
    double rate, decay; /* factors; 0 and 0 where frozen */
} hni_param_group;

typedef struct hni_param_groups {
    int32_t n;
    hni_param_group group[HNI_GROUPS];
    uint8_t *map;  /* [trainable]; until the device has it */
    bool *frozen;  /* [n_params] */
} hni_param_groups;

/* Rule i of the caller's array, whose structs may be those of a later release: each has the first one's size. */
static inline const hn_param_group *hni_rule(const hn_train_options *o, int32_t i) {
    return (const hn_param_group *)(const void *)((const char *)o->param_groups + (size_t)i * o->param_groups->struct_size);
}

/* The rules are checked before anything is taken. HN_E_ARGUMENT: a number out of range, or a prefix that no tensor begins with; HN_E_UNSUPPORTED:
 * half a batch norm frozen. */
hn_status hni_param_groups_make(const hni_graph *graph, const hn_train_options *options, hni_param_groups *out, hn_error *err);
void hni_param_groups_free(hni_param_groups *groups, hn_context *ctx);

#endif
