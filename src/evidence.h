/* evidence.h - what is known about a model, worked out once: evidence.json, the model card and the HTML report write the same numbers, and verify
 * works them out again.
 *
 *   evidence_source.c  run, model, data, predictions      evidence_curves.c  curves, histogram, baselines
 *   evidence.c         figures and their intervals        evidence_rows.c    digests of the images, gallery
 *   evidence_thresholds.c  thresholds, calibration, reliability
 *   run_files.c        run.json, history.csv              evidence_json.c    evidence.json; evidence_csv.c evidence.csv
 *   cmd_report.c       the command                        cmd_verify.c       evidence held against model and data */
#ifndef HAEMNET_EVIDENCE_H
#define HAEMNET_EVIDENCE_H

#include "crossval.h" /* figures, baselines */
#include "digest.h"
#include "judgement.h" /* novelty_facts */
#include "json_read.h"

/* --- run_files.c ------------------------------------------------------------------------------------------------------------- */
typedef struct epoch_line { /* of history.csv; NaN = not there */
    double epoch, train_loss, train_accuracy, test_loss, test_accuracy, learning_rate;
} epoch_line;

typedef struct run_files { /* what a training left in its folder */
    const char *folder;
    json_list run;       /* run.json; empty = there is none, as beside a model from elsewhere */
    epoch_line *history; /* [n_epochs] */
    int64_t n_epochs;
} run_files;
int read_run_files(const char *folder, run_files *out); /* 0, or EXIT_FAILED after a message: a file that is there and cannot be read */
void free_run_files(run_files *files);

/* --- what is asked for --------------------------------------------------------------------------------------------------------- */
typedef struct evidence_request {
    const char *data;                          /* as given; NULL = the run's own test part */
    const char *label_columns, *group;         /* as options of the program; NULL = not given */
    const char *positive;                      /* class; NULL = the model's */
    double holdout;                            /* > 0: DATA is what the run was trained on, and this share of it its test part */
    uint64_t split_seed;
    double threshold;                          /* NaN = the model's */
    const char *tta;                           /* NULL = none */
    double smooth;                             /* slices, see hn_eval_options */
    int32_t allow_leak;                        /* figures even of images that the model has seen */
    const char *by;                            /* "A,B": manifest columns of subgroups; NULL = none */
} evidence_request;

typedef struct evidence_source { /* what is open */
    hn_context *ctx;
    hn_cancel *cancel;
    hn_model *model;
    hn_dataset *whole, *part, *data; /* data: one of the others; not freed for itself */
    hn_predictor *predictor;
    hn_eval *eval;      /* may be given by who has it already */
    run_files files;
    char *model_path;
} evidence_source;

/* --- what is found ------------------------------------------------------------------------------------------------------------- */
typedef struct evidence_figure {
    double estimate, low, high; /* NaN = undefined, no interval */
    int64_t n, hits;            /* rows it is of; how many of them count, -1 = it is no proportion */
    int64_t units;              /* patients among them, or images where patients are not known */
    const char *method;         /* of the interval; NULL = none */
} evidence_figure;

typedef struct evidence_level { /* images, or patients by a rule */
    const char *name, *title;   /* "patient_max"; for people */
    const char *rule;           /* NULL = images */
    bool there;
    hn_eval *eval;
    hn_metrics m;
    int64_t units;
    evidence_figure figures[N_FIGURES];
} evidence_level;

enum { N_EVIDENCE_LEVELS = 3, MOST_QUESTIONS = 6, N_BINS = 20, MOST_POINTS = 300, N_PLACES = 41, N_RELIABILITY = 10,
       N_THRESHOLDS = 9, N_RATES = 4, N_HELD = 4, N_SUBGROUP_FIGURES = 4 };

typedef struct evidence_curve {
    hn_curve_point *points; /* [n] at most MOST_POINTS: corners only, thinned evenly if there are more */
    size_t n;                   /* 0 = images of one kind only: no curve, no band */
    double y[N_PLACES], low[N_PLACES], high[N_PLACES]; /* at x = 0, 1/40, … 1: the curve, and its band by the bootstrap */
} evidence_curve;

typedef struct evidence_question { /* one class or label against the rest */
    int32_t class_index;
    hn_class_metrics m;
    hn_interval auc;
    evidence_curve roc, pr;
    int64_t histogram[2][N_BINS]; /* of the probability: rows without, with it */
    hn_reliability reliability;
    hn_reliability_bin bins[N_RELIABILITY];
    int32_t n_bins;             /* 0 = no row with a verdict */
    double ece_before;          /* calibration error of the network's own probabilities; NaN = not calibrated, or averaged over views */
} evidence_question;

typedef struct evidence_thresholds {
    hn_threshold chosen;        /* the model's, and where it comes from */
    hn_calibration calibration; /* likewise */
    bool chosen_here, calibrated_here; /* on these very rows: the figures are too good */
    int64_t shared; /* findings of images and patients that these rows share with what both are of; -1 = not known, or not of all */
    const char *chosen_part, *calibrated_part; /* of the training: "train", "test"; NULL = neither */
    bool there;                 /* what follows: of two classes or labels, one of them positive */
    hn_interval at[N_THRESHOLDS][N_RATES];
    hn_operating_point at_sensitivity[N_HELD], at_specificity[N_HELD]; /* the other of the two while one is held */
} evidence_thresholds;

typedef struct evidence_baseline {
    const char *name;
    bool there;
    hn_interval auc, ahead; /* its AUC, and the model's less that */
} evidence_baseline;

typedef struct evidence_case { /* of the gallery */
    int64_t row;  /* of the evaluation */
    bool right;
    double truth; /* probability that was given to what is true */
} evidence_case;
enum { MOST_CASES = 12 }; /* of each kind */

enum { TIME_TEXT = 32 };
typedef struct evidence {
    char written[TIME_TEXT]; /* when: the one thing that differs from time to time */
    const evidence_source *source;
    const evidence_request *request;
    hn_model_info model;
    hn_dataset_info data;
    bool multi;
    const char *seen;   /* what the training did with these images: "chose the epoch", "trained on"; NULL = nothing that is known */
    char model_sha256[DIGEST_TEXT], list_sha256[DIGEST_TEXT], contents_sha256[DIGEST_TEXT], csv_sha256[DIGEST_TEXT];
    char (*image_sha256)[DIGEST_TEXT]; /* [n rows of the evaluation] */
    evidence_level levels[N_EVIDENCE_LEVELS];
    int64_t *confusion; /* as hn_eval_confusion */
    hn_class_metrics *classes;  /* [n_classes] */
    int64_t *class_patients;    /* [n_classes] patients with such a row */
    evidence_question questions[MOST_QUESTIONS];
    int32_t n_questions;
    evidence_thresholds thresholds;
    novelty_facts novelty;   /* how many images are unlike those of the training */
    hn_subgroups *subgroups; /* NULL = not asked for */
    hn_audit *audit;         /* against what the model was trained on; without traces of it (audited false) of the set by itself */
    hn_audit_info leaks;
    bool audited;
    evidence_baseline baselines[N_BASELINES];
    evidence_case cases[2 * MOST_CASES]; /* wrong ones first, each kind worst first */
    int32_t n_cases;
    int64_t n_wrong;    /* in all */
} evidence;

/* evidence_source.c: opens model, data and predictor, and predicts; 0, or an exit code after a message. close_source also then. */
int open_source(evidence_source *s, const char *folder, evidence_request *request, int32_t threads, const char *device);
void close_source(evidence_source *s);

/* evidence.c: 0, or an exit code after a message. free_evidence also then. Source and request must outlive it. */
int find_evidence(const evidence_source *source, const evidence_request *request, evidence *out);
void free_evidence(evidence *e);
/* evidence_curves.c, evidence_rows.c: parts of it */
hn_status find_questions(evidence *e, hn_error *err);
int find_trivial(evidence *e);
/* evidence_thresholds.c */
extern const double threshold_places[N_THRESHOLDS];
extern const char *const rate_names[N_RATES]; /* as in JSON */
hn_status find_thresholds(evidence *e, hn_error *err);
int find_audit(evidence *e); /* evidence_audit.c: EXIT_LEAK after a message, unless there is nothing or it is allowed */
hn_status find_subgroups(evidence *e, hn_error *err); /* evidence_subgroups.c */
hn_status find_reliability(const evidence *e, evidence_question *q, hn_error *err);
hn_status find_uncalibrated(evidence *e, hn_error *err); /* needs the questions and the calibration */
int find_rows(evidence *e);
hn_status find_cases(evidence *e, hn_error *err);
double band_place(int i);     /* 0 … N_PLACES - 1 → x */
bool row_has(const evidence *e, const hn_eval_sample *row, int32_t class_index); /* the truth */
const char *class_of(const evidence *e, int32_t k);

/* evidence_json.c, evidence_csv.c */
enum { EVIDENCE_FORMAT = 1 };
#define RESEARCH_USE "Research use, not a medical device."
void find_time(char text[TIME_TEXT]); /* now, UTC, ISO 8601; SOURCE_DATE_EPOCH wins */
void write_evidence_json(FILE *out, const evidence *e);
void write_evidence_csv(FILE *out, const evidence *e);
int find_csv_digest(evidence *e);
/* One whole file folder/name, or only `name` with folder NULL; 0 or EXIT_FAILED after a message. */
int write_whole(const evidence *e, const char *folder, const char *name, void (*write)(FILE *out, const evidence *e));

#endif
