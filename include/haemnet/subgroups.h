/* subgroups.h - is a model as good for everyone? The main figures for each value of columns such as sex, age or scanner, and which of them differ
 * from the rest by more than chance, with a correction for how many were compared.
 *
 * What does not differ here may differ all the same: small groups have wide intervals, and those say how much could be hidden. */
#ifndef HAEMNET_SUBGROUPS_H
#define HAEMNET_SUBGROUPS_H

#include "evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_subgroups hn_subgroups; /* a table, one row a value of a column; immutable */

/* How p-values of many comparisons are made larger. */
enum {
    HN_CORRECT_HOLM = 1,              /* Holm (1979): the chance of any false alarm among all comparisons stays below 1 - level */
    HN_CORRECT_BENJAMINI_HOCHBERG = 2 /* Benjamini and Hochberg (1995): the expected share of false alarms among alarms does */
};

/* A column; no struct_size, never to change. */
typedef struct hn_subgroup_column {
    const char *name;          /* copied */
    const char *const *values; /* one text for each sample of the evaluation, "" or NULL = not given; read during the call */
} hn_subgroup_column;

typedef struct hn_subgroup_options {
    uint32_t struct_size; /* sizeof(hn_subgroup_options) */
    int32_t correction;   /* HN_CORRECT_…; 0 = Holm */
    int32_t most_values;  /* a column of numbers with more different ones than this becomes bands, 1 … 64; 0 = 8 */
    int32_t bands;        /* how many, with about equally many rows, 2 … 20; 0 = 4 */
    double threshold;     /* 0 < t < 1; 0 = the evaluation's */
    double level;         /* of intervals, and 1 - level of alarms, 0 < l < 1; 0 = 0.95 */
} hn_subgroup_options;

/* The figures of hn_subgroup, by place. */
enum { HN_SUBGROUP_ACCURACY = 0, HN_SUBGROUP_SENSITIVITY = 1, HN_SUBGROUP_SPECIFICITY = 2, HN_SUBGROUP_ROC_AUC = 3 };

/* Bits of hn_subgroup.flags. */
enum {
    HN_SUBGROUP_BAND = 1, /* a band of numbers */
    HN_SUBGROUP_FEW = 2   /* fewer than five patients here or in the rest: nothing is compared */
};

/* The samples with one value of a column. Figures by HN_SUBGROUP_…; NaN where they have no meaning. */
typedef struct hn_subgroup {
    uint32_t struct_size; /* in: sizeof(hn_subgroup) */
    int32_t column;       /* its number */
    const char *name;     /* of the column; owned by the table */
    const char *value;    /* "female"; "above 3 up to 5"; "" = not given; owned by the table */
    int64_t n;            /* samples */
    int64_t positives;    /* of them truly of the positive class */
    int64_t groups;       /* independent units among them, as hn_interval.groups */
    double estimate[4];   /* of these samples */
    double low[4];        /* by patient: as hn_eval_rate and hn_eval_auc */
    double high[4];       /* likewise */
    double rest[4];       /* the same figure of all other samples */
    double p[4];          /* two-sided, of a difference to the rest, by patient; NaN where nothing was compared */
    double adjusted[4];   /* corrected for all comparisons of the table */
    uint32_t differs;     /* bit f: adjusted[f] < 1 - level */
    int32_t flags;        /* HN_SUBGROUP_… */
} hn_subgroup;

/* Makes the table. Patients may have samples in several subgroups.
 *   columns  n_columns, 1 … 64
 *   options  copied; NULL = defaults
 *   out      receives the handle; free it with hn_subgroups_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_LIMIT (over 64 different values that are no numbers: names the column), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_subgroups_create(const hn_eval *eval, const hn_subgroup_column *columns, int32_t n_columns, const hn_subgroup_options *options,
                                     hn_subgroups **out, hn_error *err);

/* Number of rows: column by column, values in order, what is not given last; 0 for NULL.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API int32_t hn_subgroups_count(const hn_subgroups *table);

/* Number of comparisons that p-values are corrected for. A column of two values makes one of each figure; 0 for NULL.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API int32_t hn_subgroups_comparisons(const hn_subgroups *table);

/* One row.
 *   index    0 … count - 1
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_subgroups_get(const hn_subgroups *table, int32_t index, hn_subgroup *out, hn_error *err);

/* "holm", "benjamini-hochberg"; NULL if there is no such correction.
 * Returns a string that lives as long as the library.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_correction_name(int32_t correction);

/* Gives the handle back. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_subgroups_free(hn_subgroups *table);

#ifdef __cplusplus
}
#endif
#endif
