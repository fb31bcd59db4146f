/* subgroups.h - figures of subgroups and how they compare with the rest. */
#ifndef HNI_EVAL_SUBGROUPS_H
#define HNI_EVAL_SUBGROUPS_H

#include "groups.h"
#include "haemnet/subgroups.h"

enum { HNI_SUBGROUP_FIGURES = 4, HNI_SUBGROUP_PATIENTS = 5 /* fewer are not compared */ };

struct hn_subgroups {
    hn_context *ctx;
    hn_subgroup *rows; /* [count]; value is a text of ours, name one of `names` */
    size_t room;
    int32_t count, comparisons;
    char **names;      /* [n_columns] */
    int32_t n_columns;
};

/* Arguments as hn_subgroups_create, checked; nothing of options left at 0. */
hn_status hni_subgroups_create(const hn_eval *eval, const hn_subgroup_column *columns, int32_t n_columns, const hn_subgroup_options *options,
                               hn_subgroups **out, hn_error *err);
void hni_subgroups_free(hn_subgroups *table);
const char *hni_correction_name(int32_t correction); /* NULL if there is none */

/* p [n] → adjusted [n], by HN_CORRECT_…; which may not be p. order [n] is scratch. */
void hni_correct(const double *p, int32_t n, int32_t correction, double *adjusted, int32_t *order);

/* compare.c: two-sided p that rows with inside[row] have the same figure as the others, by patient; NaN if it is not compared. */
hn_status hni_compare_rate(const hn_eval *eval, const hni_groups *groups, const uint8_t *inside, int32_t rate, double threshold, double *p,
                           hn_error *err);
hn_status hni_compare_auc(const hn_eval *eval, const hni_groups *groups, const uint8_t *inside, double *p, hn_error *err);

#endif
