/* crossval.h - cross-validation: k folds × r repeats, each image predicted by models that have not seen its patient; perhaps with a choice among
 * candidates inside each training part; and the figures, intervals and baselines that come of it.
 *
 *   cmd_crossval.c  options, candidates        crossval.c         splits, trainings, resumption
 *   fold_files.c    a finished fold on disk    crossval_figures.c figures over folds, patients, repeats
 *   baselines.c     trivial classifiers        crossval_report.c  crossval.json, predictions.csv, the table
 *   trivial.c       the numbers that they are made of */
#ifndef HAEMNET_CROSSVAL_H
#define HAEMNET_CROSSVAL_H

#include "train.h"

typedef struct crossval_settings {
    train_settings base; /* checked; its seed is that of the first repeat */
    int32_t folds, repeats;
    int32_t inner;    /* folds inside each training part, for the choice among candidates; 0 = none */
    int32_t tta;      /* HN_TTA_… */
    double smooth;    /* slices, see hn_eval_options */
    double validate;  /* share of each training part that is kept apart to choose the epoch; -1 = 0.1 if training may stop early, else 0 */
    int32_t n_candidates;
    const char **texts;         /* [n_candidates] as given */
    train_settings *candidates; /* [n_candidates] checked; data, seed and classes are the base's */
    bool keep_model;  /* the files of one fold's model become those of RUN */
} crossval_settings;

/* What the models of one repeat, or of a choice, said about rows that they had not seen. */
typedef struct unseen {
    int32_t *fold; /* [n_rows] from 0; -1 = not predicted */
    double *p;     /* [n_rows, n_classes] */
} unseen;

typedef struct choice_made {
    int32_t chosen;  /* candidate */
    double *scores;  /* [n_candidates] */
} choice_made;

typedef struct crossval {
    const crossval_settings *s;
    const training_data *t;
    hn_dataset_info info;
    /* [n_rows] of the whole data; strings are the data set's */
    const char **paths, **groups;
    int32_t *classes;
    uint64_t *labels;
    unseen *repeats;      /* [s->repeats] */
    choice_made *choices; /* [s->repeats · s->folds]; NULL without candidates */
    bool begun;           /* a fold of this run is there */
    int64_t leaks;        /* findings between training and test parts, over all folds; allowed, or there is no result */
} crossval;

typedef struct one_fold { /* a training and what it is measured on */
    const train_settings *s;
    const char *place, *label; /* folder below RUN; what lines begin with */
    int32_t fold, folds;       /* fold: also the mark of its rows */
    hn_dataset *train, *test;
} one_fold;

/* crossval.c: 0 or an exit code after a message. */
int cross_validate(const crossval_settings *s, const training_data *t);
/* Trains, or uses what is finished, and marks the test part's rows with what was said about them. c has rows (take_rows). */
int measure_fold(crossval *c, const one_fold *f, unseen *u);
int64_t count_missing(const crossval *c); /* rows that not every repeat has predicted */
bool take_rows(crossval *c); /* c->info is filled; false without memory */
void free_rows(crossval *c);
double validate_share(const crossval_settings *s, const train_settings *one);
bool take_unseen(const crossval *c, unseen *u); /* nothing predicted yet; false without memory */
void free_unseen(unseen *u);
/* An evaluation of the rows with a fold, or with one of them (only ≥ 0), by the probabilities p [n_rows, n_classes]. */
hn_status unseen_eval(const crossval *c, const int32_t *fold, const double *p, int32_t only, hn_eval **out, hn_error *err);

/* fold_files.c: predictions of a finished fold, with the key of what they were made by; read only if the key is the same. */
char *fold_key(const crossval *c, const one_fold *f);
bool read_fold(const crossval *c, const char *folder, const char *key, unseen *u, int32_t fold);
int write_fold(const crossval *c, const char *folder, const char *key, const unseen *u, int32_t fold); /* 0 or EXIT_FAILED after a message */

/* figures.c: the metrics that reports list. */
typedef struct figure_info {
    const char *name, *title; /* in JSON; in tables, NULL = not there */
    size_t offset;            /* of the double in hn_metrics */
} figure_info;
enum { N_FIGURES = 20 };
extern const figure_info figures[N_FIGURES];
double figure_of(const hn_metrics *m, int figure);

/* crossval_figures.c */
enum { N_LEVELS = 3 }; /* images; patients by maximum; patients by mean */
typedef struct pooled_figures { /* of all rows, each predicted once */
    hn_metrics m, low, high; /* bootstrap by patient */
    hn_interval auc;         /* DeLong; NaN without a positive class */
} pooled_figures;

typedef struct level_figures {
    const char *level, *rule; /* "image" or "patient"; NULL for images */
    bool there;
    hn_metrics *folds;        /* [repeats · folds] */
    hn_mean over_folds[N_FIGURES];
    pooled_figures *repeats;  /* [repeats] */
    pooled_figures mean;      /* of the probabilities' mean over repeats: an ensemble's */
} level_figures;

typedef struct crossval_figures {
    level_figures levels[N_LEVELS];
    double *mean_p;      /* [n_rows, n_classes] over repeats */
    int32_t *predicted;  /* [n_rows] 0 = by all repeats, -1 = not */
} crossval_figures;
hn_status find_figures(const crossval *c, crossval_figures *f, hn_error *err); /* free_figures also after a failure */
void free_figures(const crossval *c, crossval_figures *f);
/* Level i of rows that are predicted; NULL in *out where there is no such level. */
hn_status level_eval(const crossval *c, int level, const int32_t *fold, const double *p, int32_t only, hn_eval **out, hn_error *err);

/* trivial.c */
enum { N_BASELINES = 5 };
extern const char *const trivial_names[N_BASELINES];
/* values [N_BASELINES · rows], NaN where a file cannot be read; there: the data have what it needs. 0 or EXIT_INTERRUPTED. */
int trivial_values(hn_context *ctx, hn_cancel *cancel, hn_dataset *data, double *values, bool there[N_BASELINES]);
/* Numbers → their ranks among all, above 0 and below 1, ties in the middle; NaN in the middle of all. False without memory. */
bool rank_values(double *values, int64_t n);

/* baselines.c */
enum { N_BASELINE_LEVELS = 2 }; /* images; patients by maximum */
typedef struct baseline_figures {
    const char *name;
    bool there;            /* the data have what it needs, and a positive class */
    hn_interval *auc;      /* [N_BASELINE_LEVELS · repeats]; NaN where there is no such level */
    hn_interval *ahead;    /* [N_BASELINE_LEVELS · repeats] the model's AUC less this one's */
    hn_mean by_fold[N_BASELINE_LEVELS]; /* the same fold by fold, over all folds: scores of different models are not mixed */
} baseline_figures;
/* 0 or an exit code; free_baselines also after a failure. */
int find_baselines(const crossval *c, const crossval_figures *f, baseline_figures list[N_BASELINES]);
void free_baselines(baseline_figures list[N_BASELINES]);
/* Means over repeats of estimate, low and high; p NaN but for one repeat. */
hn_interval over_repeats(const hn_interval *list, int32_t repeats);

/* crossval_report.c: 0 or an exit code */
int write_crossval(const crossval *c, const crossval_figures *f, const baseline_figures *baselines, int32_t model_of_fold);
void print_crossval(const crossval *c, const crossval_figures *f, const baseline_figures *baselines);

#endif
