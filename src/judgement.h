/* judgement.h - what evaluate and calibrate share: thresholds by rule, how far probabilities can be believed, subgroups; as text and JSON. */
#ifndef HAEMNET_JUDGEMENT_H
#define HAEMNET_JUDGEMENT_H

#include "program.h"

/* --- thresholds (choose.c) --------------------------------------------------------------------------------------------------- */
#define CHOOSE_RULES "youden, sensitivity=S, specificity=S, cost=C"
/* "sensitivity=0.95" → HN_CHOOSE_… and its number; EXIT_USAGE after a message. NULL leaves rule 0. */
int read_choice(const char *command_name, const char *text, int32_t *rule, double *value);
/* "sensitivity of at least 0.95, on 240 images (61 haemorrhage) of 30 patients"; named by the class that it calls. */
enum { CHOICE_TEXT = 400 };
const char *choice_text(const hn_threshold *t, const char *class_name, char text[CHOICE_TEXT]);
/* null if rule is 0. here: chosen on the rows that the figures are of. */
void write_choice_json(FILE *out, const hn_threshold *t, const char *class_name, bool here);
bool known_digest(const uint64_t digest[4]); /* false: all 0 */
bool same_digest(const uint64_t a[4], const uint64_t b[4]); /* false where one is not known */
/* The part of its own training that the rows are: "train", "test"; NULL = neither. */
const char *part_of_training(const hn_model *model, const uint64_t digest[4]);

/* --- how far probabilities can be believed (believe.c) -------------------------------------------------------------------------- */
hn_status print_reliability(FILE *out, const hn_eval *eval, hn_error *err); /* nothing without a positive class */
/* Members of an object: calibration errors, the parts of the Brier score, "bins". */
void write_reliability(FILE *out, const hn_reliability *r, const hn_reliability_bin *bins, size_t n);
/* Members of an object: "calibration", "reliability", "operating_points". here: the model was calibrated on these rows. */
hn_status write_reliability_json(FILE *out, const hn_model *model, const hn_eval *eval, bool here, hn_cancel *cancel, hn_error *err);
void print_calibration(FILE *out, const hn_calibration *c); /* method, numbers and where they come from, on two lines at most */
void write_calibration_json(FILE *out, const hn_calibration *c, bool here); /* an object, or null */

/* --- how unlike the training images (familiar.c) --------------------------------------------------------------------------------- */
typedef struct novelty_facts {
    hn_novelty n;
    hn_metrics all, rest; /* rest: without the flagged images */
    bool parted;          /* rest is filled: some images are flagged, and not all */
} novelty_facts;
hn_status look_at_novelty(const hn_eval *eval, novelty_facts *out, hn_error *err);
void print_familiarity(FILE *out, const hn_model *model); /* a line of inspect */
hn_status print_novelty(FILE *out, const hn_eval *eval, hn_error *err);
void write_novelty_json(FILE *out, const novelty_facts *f); /* an object */

/* --- subgroups (by.c) ----------------------------------------------------------------------------------------------------------- */
/* Of the columns "a,b" that the data keep, for the rows of the evaluation. EXIT_… after a message. */
int make_subgroups(hn_dataset *data, const hn_eval *eval, const char *columns, int32_t correction, hn_subgroups **out, hn_error *err);
int read_correction(const char *command_name, const char *text, int32_t *correction);
void print_subgroups(FILE *out, const hn_subgroups *table, int32_t correction);
void write_subgroups_json(FILE *out, const hn_subgroups *table, int32_t correction);

#endif
