/* program.h - what the commands of `haemnet` share: exit codes, options, messages, progress, output. The program sees the public headers
 * only; whatever it cannot do through them is missing from the library, not worked around here. */
#ifndef HAEMNET_PROGRAM_H
#define HAEMNET_PROGRAM_H

#include <stdbool.h>
#include <stdio.h>

#include <haemnet/haemnet.h>

/* Exit codes that scripts may rely on. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SKIPPED = 3, EXIT_LEAK = 4, EXIT_SHORTCUT = 5, EXIT_INTERRUPTED = 130 };

/* --- options (options.c) ---------------------------------------------------------------------------------------------------- */
enum { OPTION_FLAG, OPTION_TEXT, OPTION_INT, OPTION_SEED, OPTION_NUMBER, OPTION_LIST };

/* What an option that may be given several times collects. */
enum { MOST_TEXTS = 64 }; /* options.c names it */
typedef struct text_list {
    const char *texts[MOST_TEXTS];
    int32_t n;
} text_list;

typedef struct option {
    const char *name;  /* "epochs" for --epochs */
    int kind;          /* OPTION_… */
    void *to;          /* int32_t *, const char **, int32_t *, uint64_t *, double *, text_list * */
    const char *value; /* what the help calls the value: "N"; NULL for flags */
    const char *help;
} option;

typedef struct command {
    const char *name;
    const char *arguments; /* "DATA --out RUN" */
    const char *summary;   /* one line */
    const char *examples;  /* lines, each with its newline */
    int (*run)(int argc, char **argv);          /* argv[0] is the command's name */
    void (*describe)(FILE *out);                /* prints the options */
} command;

extern const command commands[]; /* commands.c */
extern const int n_commands;
const command *find_command(const char *name);
void print_help(FILE *out, const command *c);

/* Fills the options' targets; words that are no options are put at the front of argv, their number is the result, or -1 after a
 * message. `--` ends the options; a lone `-` is a word. */
int parse_options(const char *name, const option *options, int n, int argc, char **argv);
/* recipe.c: the same, the options of --recipe (DEFAULT_RECIPE if it is not given) read first; *recipe_name receives its name. */
#define DEFAULT_RECIPE "small"
#define RECIPE_OPTION(to) \
    {"recipe", OPTION_TEXT, (to), "NAME", "options that go together, see below: small, small-transfer, series, transfer or thesis (small); what is " \
     "given beside it wins"}
int parse_with_recipe(const char *command_name, const option *options, int n, int argc, char **argv, const char **recipe_name);
void print_recipes(FILE *out);
bool threshold_fits(double threshold); /* NaN = not given; else it must lie between 0 and 1 */
void print_options(FILE *out, const option *options, int n);
int usage_error(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3))); /* EXIT_USAGE */

/* words.c: the view names of test-time averaging, "none", "flip", "flip-shift" ↔ HN_TTA_…; NULL is none. */
#define TTA_OPTION(to) \
    {"tta", OPTION_TEXT, (to), "VIEWS", "test-time averaging: flip = with the mirror image, flip-shift = 10 views, none (none)"}
/* weights.c: "2,1,1" or "rsna" → weights [n]; name_of(of, k) names class k. EXIT_USAGE after a message. */
int read_weights(const char *command_name, const char *option_name, const char *text, const char *(*name_of)(const void *of, int32_t k), const void *of,
                 int32_t n, double *weights);
/* Averaging along a series, hn_eval_options.smooth; read_smooth gives EXIT_USAGE after a message. */
#define SMOOTH_OPTION(to) \
    {"smooth", OPTION_NUMBER, (to), "S", "average each slice's logits along its series, by a Gaussian of S slices (0: none)"}
int read_smooth(const char *command_name, double smooth);
int read_tta(const char *command_name, const char *word, int32_t *tta);
const char *tta_name(int32_t tta);
/* words.c: EXIT_USAGE after a message if the library knows no such preset or device, or cannot read the pattern; NULL = not given. */
int check_words(const char *command_name, const char *model, const char *device, const char *group);
bool find_preset(const char *name, hn_preset_info *out);

/* backbone.c: the model of a transfer, with what became of the tensors on stderr (all that is not simply taken; nothing if --quiet and well). */
hn_status begin_with(hn_context *ctx, const char *path, const char *preset, const hn_model_options *options, bool partial, hn_model **out,
                     hn_error *err);

/* choices.c: prints what the backend chose on its device ("cpu:0"), and for the operators of the model (preset or file) if one is given. */
void print_choices(const char *backend, const char *device, const char *model);

/* --- messages (message.c) --------------------------------------------------------------------------------------------------- */
/* Prints the error with the program's name, gives the exit code that fits (130 for a cancelled call). */
int fail(const hn_error *err);
int fail_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The message says which file it is about: that of a call on an image cannot. */
void name_file(const char *path, const char *why, hn_error *err);
/* Fills err for a slice of a series: of its own failure the library gives the status alone. */
void no_verdict(const char *path, hn_status status, hn_error *err);
void note(const char *format, ...) __attribute__((format(printf, 1, 2))); /* on stderr, unless --quiet */
extern bool quiet;

/* A context that logs to stderr; 0 threads = one per core. */
hn_status open_context(int32_t threads, hn_context **out, hn_error *err);
/* The token that Ctrl-C triggers; a second Ctrl-C ends the program at once. Made once, freed by the caller. */
hn_status catch_interrupt(hn_context *ctx, hn_cancel **out, hn_error *err);

/* --- progress (progress.c) -------------------------------------------------------------------------------------------------- */
typedef struct progress_bar {
    const char *what;  /* "epoch 3/20" */
    bool terminal;     /* stderr is one, and not --quiet */
    double shown;      /* time of the last drawing, s */
    int32_t width;     /* characters on the line now */
} progress_bar;

void progress_begin(progress_bar *bar, const char *what);
void progress_draw(progress_bar *bar, const char *phase, const hn_progress *progress);
int32_t progress_show(void *bar, const hn_progress *progress); /* an hn_progress_fn */
void progress_end(progress_bar *bar);                          /* wipes the line */

/* --- output (output.c) ------------------------------------------------------------------------------------------------------ */
int utf8_length(const unsigned char *c); /* bytes of the UTF-8 character at c; 0 if there is none */
void json_string(FILE *out, const char *text);
void json_number(FILE *out, double value); /* null if it is not finite */
void json_member(FILE *out, const char *name, double value); /* , "name": value */
void csv_field(FILE *out, const char *text);
void csv_number(FILE *out, double value);  /* empty if it is not finite */
int make_folder(const char *path);         /* with its parents; 0 or EXIT_FAILED after a message */
char *join_path(const char *a, const char *b); /* malloc'd; ends the program without memory */
bool exists(const char *path);
/* Opens path.tmp; close_output renames it. Both give false after a message. */
FILE *open_output(const char *path);
bool close_output(FILE *file, const char *path);
void discard_output(FILE *file, const char *path); /* as if it had never been opened */
bool copy_file(const char *from, const char *to, bool move);
bool flush_stdout(void);    /* false if what was printed did not arrive: a message says why, once; a closed pipe is worth none */
int close_stdout(int code); /* the exit code, or EXIT_FAILED if what was printed did not arrive */

/* --- what a model says of itself (metadata.c) --------------------------------------------------------------------------------- */
char *metadata_of(const hn_model *model, hn_error *err); /* hn_model_metadata's text, malloc'd; NULL after a failure */
/* The object that the metadata have by this name, as it stands there; null where they have none. */
hn_status write_metadata_object(FILE *out, const hn_model *model, const char *name, hn_error *err);

/* --- one image that is not like the training images (familiar.c) ------------------------------------------------------------------ */
enum { UNFAMILIAR_TEXT = 96 };
const char *unfamiliar_text(double novelty, char text[UNFAMILIAR_TEXT]); /* "not like the training images (…), no verdict to rely on" */
void json_novelty(FILE *out, double novelty, bool unfamiliar);           /* , "novelty": …, "unfamiliar": … null where it is not known */
hn_status note_if_look_unknown(const hn_model *model, hn_error *err);    /* that no image will be called so */

/* --- data (data.c) ---------------------------------------------------------------------------------------------------------- */
typedef struct data_choice { /* the options that all commands on data share */
    const char *label_columns; /* "a,b" or NULL */
    const char *group;         /* regex, "none" or NULL */
    int32_t strict;
    int32_t cache_mb;          /* decoded images kept in memory, MB; -1 = the library's default */
    const char *keep_columns;  /* "a,b": manifest columns for hn_dataset_value; NULL = none */
} data_choice;
hn_status open_data(hn_context *ctx, const char *path, const data_choice *choice, hn_dataset **out, hn_error *err);
/* The same for data that a model is to judge: without --label-column the model's own class names are tried as columns too. */
hn_status open_data_for(const hn_model *model, hn_context *ctx, const char *path, const data_choice *choice, hn_dataset **out, hn_error *err);
/* Index of the class with that name, or -1. */
int32_t find_class(hn_dataset *data, const char *name);
bool groups_unknown(hn_dataset *data);
void hex_digest(char text[65], const uint64_t digest[4]);
/* Splits "a,b,c" in place of a copy: *list malloc'd with pointers into *copy; number of parts. */
int split_list(const char *text, char **copy, const char ***list);
/* Lists the files that were skipped, at most ten; their number. */
int64_t report_skipped(hn_dataset *data);
void warn_groups(hn_dataset *data);

/* --- what a network takes in (input.c) --------------------------------------------------------------------------------------- */
typedef struct input_choice { /* the options that train and preview share */
    const char *windows;   /* "brain,40/80,…" or NULL */
    int32_t size, channels, slices, strip_skull, crop_head, median;
    double gaussian;
} input_choice;
#define DEFAULT_INPUT {.size = 64, .slices = 1}
enum { N_INPUT_OPTIONS = 8, MOST_WINDOWS = 16, MOST_CHANNELS = 16 };
#define INPUT_OPTIONS(c) \
    {"size", OPTION_INT, &(c)->size, "N", "images are resized to N x N px (64, or the architecture's)"}, \
    {"channels", OPTION_INT, &(c)->channels, "1|3", "grey or RGB, of each slice (1)"}, \
    {"windows", OPTION_TEXT, &(c)->windows, "A[,B...]", "channels from CT values: brain, subdural, bone, stroke, or CENTRE/WIDTH in HU (brain)"}, \
    {"slices", OPTION_INT, &(c)->slices, "N", "neighbouring slices as channels, odd; of one patient by the manifest's slice number (1)"}, \
    {"strip-skull", OPTION_FLAG, &(c)->strip_skull, NULL, "take the skull and all outside it away, where it is white and closed"}, \
    {"crop-head", OPTION_FLAG, &(c)->crop_head, NULL, "crop to the square around the head and 5 % more, before resizing"}, \
    {"median", OPTION_INT, &(c)->median, "N", "median filter of N x N px before resizing, odd (none)"}, \
    {"gaussian", OPTION_NUMBER, &(c)->gaussian, "S", "Gaussian filter of sigma S px before resizing (none)"}
int check_input(const char *command_name, const input_choice *choice); /* EXIT_USAGE after a message */
int32_t input_channels(const input_choice *choice);                    /* all of them */
/* Fills what options say of the input; windows is their place, as long as options are used. The choice has been checked. */
void fill_input(const input_choice *choice, hn_model_options *options, hn_window windows[MOST_WINDOWS]);

/* --- augmentation (augment.c) ------------------------------------------------------------------------------------------------ */
#define AUGMENT_OPTION(to, unless) \
    {"augment", OPTION_TEXT, to, "LIST", "none, usual, or NAME[=VALUE],... of flip rotate scale shift shear window-centre window-width brightness " \
     "contrast gamma noise blur cutout cutout-size mixup cutmix (" unless ")"}
/* "usual,rotate=20" → options; text NULL = none. EXIT_USAGE after a message. */
int parse_augment(const char *command_name, const char *text, hn_augment_options *options);

/* --- metrics (metrics.c, metrics_json.c) ------------------------------------------------------------------------------------- */
hn_status print_metrics(FILE *out, const hn_eval *eval, hn_error *err);      /* for people */
hn_status write_metrics_json(FILE *out, const hn_eval *eval, hn_error *err); /* the members of one object, without its braces */
/* Of single-label data: Wilson's interval, or the bootstrap's where groups are known and have several rows. */
hn_status accuracy_interval(const hn_eval *eval, hn_interval *out, bool *by_patient, hn_error *err);
/* {"level": …, "by": "patient"|"image", "accuracy": [low, high], "roc_auc": [low, high]} */
hn_status write_intervals_json(FILE *out, const hn_eval *eval, hn_error *err);
void write_skipped_json(FILE *out, hn_dataset *data);                       /* [{"file": …, "reason": …}, …] */
/* AUC of the positive class; without one, the mean of the classes' that have one. */
hn_status auc_of(const hn_eval *eval, double *out, hn_error *err);
enum { AUC_TEXT = 40 };
const char *auc_text(double auc, char text[AUC_TEXT]); /* "0.9412", or why there is none; in text */

/* --- leaks (leaks.c) -------------------------------------------------------------------------------------------------------- */
#define LEAK_OPTION(to) \
    {"allow-leak", OPTION_FLAG, (to), NULL, "give test figures even if patients or images are on both sides; every output then says so"}
void print_findings(FILE *out, const hn_audit *audit, int64_t most);
void print_leak_counts(FILE *out, const hn_audit_info *info);              /* "2 on patients, 1 on near copies" */
void write_findings_json(FILE *out, const hn_audit *audit);           /* [{"kind": …, "file": …, …}, …] */
int64_t leaks_of(const hn_audit *audit);                              /* how many findings; 0 for NULL */
void write_leaks_json(FILE *out, const hn_audit *audit, bool allowed); /* {"found": …, "allowed": …, …}; null for NULL: not looked for */
/* Of the data with what the model's calibration and threshold are of; NULL where it keeps no traces of that. */
hn_status audit_tuning(const hn_model *model, hn_dataset *data, hn_cancel *cancel, hn_audit **out, hn_error *err);
void write_overlap_json(FILE *out, const hn_audit *audit); /* the same of two sets of which neither trained anything; null for NULL */
void note_copies(hn_dataset *data); /* says how many there are, if any; decoded by the split already */
/* Tells findings between training and test data on stderr; EXIT_LEAK unless there are none or they are allowed. label: "fold 2/5 " or NULL. */
int refuse_leaks(const char *label, const hn_audit *audit, bool allowed);

/* --- pictures (sheet.c) ------------------------------------------------------------------------------------------------------ */
typedef struct sheet { /* an RGB picture in the making */
    hn_context *ctx;
    int32_t width, height;
    uint8_t *rgb; /* [height, width, 3]; white at first */
} sheet;
bool sheet_create(sheet *s, hn_context *ctx, int32_t width, int32_t height); /* false without memory */
void sheet_free(sheet *s);
/* An image of any type into the square of `side` px at x, y: as large as fits, in its middle. */
hn_status sheet_image(sheet *s, const hn_image *image, int32_t x, int32_t y, int32_t side, hn_error *err);
enum { TEXT_WIDTH = 6, TEXT_HEIGHT = 10 }; /* px of a character at scale 1 */
/* Text of `level` (0 = black … 255 = white), cut to `characters`; bytes that are no ASCII become '?'. */
hn_status sheet_text(sheet *s, const char *text, int32_t x, int32_t y, int32_t scale, int32_t characters, uint8_t level, hn_error *err);
hn_status sheet_save(const sheet *s, const char *path, hn_error *err);

int cmd_phantom(int argc, char **argv);
int cmd_split(int argc, char **argv);
int cmd_preview(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_crossval(int argc, char **argv);
int cmd_curve(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_calibrate(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_devices(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
void describe_phantom(FILE *out);
void describe_split(FILE *out);
void describe_preview(FILE *out);
void describe_inspect(FILE *out);
void describe_train(FILE *out);
void describe_crossval(FILE *out);
void describe_curve(FILE *out);
void describe_audit(FILE *out);
void describe_evaluate(FILE *out);
void describe_calibrate(FILE *out);
void describe_report(FILE *out);
void describe_verify(FILE *out);
void describe_predict(FILE *out);
void describe_explain(FILE *out);
void describe_import(FILE *out);
void describe_devices(FILE *out);
void describe_selftest(FILE *out);

/* Integrated gradients are the maps of `haemnet explain` and of reports, blurred by so much of the network's input: then their peak is a place
 * instead of a pixel. Found on invented patients of other seeds than the demo's; docs/explain.md has the figures. */
#define EXPLAIN_BLUR 0.03

#endif
