/* dataset.h - lists of labelled images: from folders, manifests, files or memory; split so that no group is ever divided.
 *
 * A data set is a list of rows and holds no pixels of files; images are decoded when they are needed. Labels are either one class
 * a row (classes sorted by name) or several yes/no labels a row. A group is what must stay on one side of a split: the patient.
 * Splits share the rows of the set they come from; once a set has been split or given to a trainer, nothing can be added to it. Two
 * parts of a split may then be used on two threads, each by one; a trainer's parts are in use while hn_train_epoch runs. */
#ifndef HAEMNET_DATASET_H
#define HAEMNET_DATASET_H

#include "image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_dataset hn_dataset;

/* What the labels are. */
enum {
    HN_TASK_SINGLE = 1, /* exactly one class a row: softmax, cross-entropy */
    HN_TASK_MULTI = 2   /* any number of at most 64 labels a row: sigmoid, binary cross-entropy */
};

/* Bits of hn_dataset_info.flags. */
enum {
    HN_DATA_GROUPS_UNKNOWN = 1 /* at least one row has no known group: a split may put one patient on both sides */
};

typedef struct hn_dataset_options {
    uint32_t struct_size;             /* sizeof(hn_dataset_options) */
    int32_t strict;                   /* 1 = a bad file is an error at once, found by hn_dataset_check and by training; 0 = it is skipped, counted, named */
    const char *group_pattern;        /* POSIX extended regex on the file name; if it does not match there, on the path below the folder
                                         (class/…/name), the manifest's `file` text, or the path given to hn_dataset_add_file. The first
                                         sub-match, or the whole match, is the group; no match = not known; no match in any file is an
                                         error of hn_dataset_open and hn_dataset_split.
                                         NULL = the manifest's patient column if there is one; "none" = no groups on purpose. Copied */
    const char *const *label_columns; /* manifest columns; NULL = "label". One 0/1 column X makes the classes X and no_X; several make
                                         a multi-label set in this order. Copied */
    int32_t n_label_columns;          /* of label_columns */
    int32_t flags;                    /* 0 */
    uint64_t cache_bytes;             /* decoded and resized images are kept as u8 up to this limit; 0 = 512 MiB; 1 = keep none */
    hn_image_options image;           /* limits of decoding; channels is ignored. struct_size 0 = defaults */
    const char *const *keep_columns;  /* further manifest columns whose texts are kept for hn_dataset_value (sex, scanner, …); NULL = none. Copied */
    int32_t n_keep_columns;           /* of keep_columns, at most 64 */
    int32_t reserved;                 /* 0 */
} hn_dataset_options;

typedef struct hn_dataset_info {
    uint32_t struct_size;    /* in: sizeof(hn_dataset_info) */
    int32_t task;            /* HN_TASK_… */
    int32_t n_classes;       /* classes or labels */
    uint32_t flags;          /* HN_DATA_… */
    int64_t n_rows;          /* rows */
    int64_t n_groups;        /* different known groups */
    int64_t n_skipped;       /* rows found bad so far, in any use of this set */
    int32_t positive;        /* class that the names make positive (X against no_X, haemorrhage, …), -1 = none */
    int32_t n_folds;         /* folds that the manifest's fold column names, 0 = none */
    uint64_t digest[4];      /* SHA-256 over paths, labels and groups in order; identifies the list, not the pixels */
} hn_dataset_info;

/* One row. Strings belong to the data set and live as long as it. */
typedef struct hn_row {
    uint32_t struct_size; /* in: sizeof(hn_row) */
    int32_t label;        /* class; -1 in a multi-label set */
    uint64_t labels;      /* bit k = label k is set; in a single-label set 1 << label, 0 for label ≥ 64 */
    const char *path;     /* as opened; "" for an image in memory */
    const char *group;    /* "" = not known */
    const char *patient;  /* manifest column or "" */
    const char *study;    /* manifest column or "" */
    int32_t slice;        /* manifest column, -1 = not given */
    int32_t fold;         /* manifest column, -1 = not given */
    const char *problem;  /* why the file was skipped; "" = nothing known against it */
} hn_row;

/* Bits of hn_split_options.flags. */
enum {
    HN_SPLIT_COPIES_TOGETHER = 1 /* images that are copies of each other (as hn_dataset_audit finds them) stay on one side, and their groups with
                                    them. Decodes what nobody has decoded yet. Where the manifest's fold column decides, it does */
};

typedef struct hn_split_options {
    uint32_t struct_size; /* sizeof(hn_split_options) */
    int32_t folds;        /* k ≥ 2 for k-fold; 0 = one split by ratio */
    int32_t fold;         /* 0 … folds - 1: the fold that becomes the test part */
    int32_t flags;        /* HN_SPLIT_… */
    double train_ratio;   /* share of the rows in the training part, 0 < r < 1; 0 = 0.8; ignored with folds */
    uint64_t seed;        /* same seed, same list: same split */
} hn_split_options;

/* Makes an empty data set.
 *   options  copied; NULL = defaults
 *   out      receives the handle; free it with hn_dataset_free
 * Errors:  HN_E_ARGUMENT (also a group_pattern that is no regex), HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_dataset_create(hn_context *context, const hn_dataset_options *options, hn_dataset **out, hn_error *err);

/* Opens what a user calls data: a folder with a folder per class, a manifest file, or a folder that holds manifest.csv.
 *   path     UTF-8
 * Errors:  as hn_dataset_create, hn_dataset_add_folder and hn_dataset_add_manifest; HN_E_DATA also if the group_pattern matches no
 *          file name.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_dataset_open(hn_context *context, const char *path, const hn_dataset_options *options, hn_dataset **out, hn_error *err);

/* Adds one file. The file is not opened now.
 *   path     UTF-8; copied
 *   label    class name; copied. Classes are numbered in the order of their sorted names
 *   group    patient or other group, NULL = by the pattern, else not known; copied
 * Errors:  HN_E_ARGUMENT, HN_E_STATE (already split or in use), HN_E_MEMORY, HN_E_LIMIT (4096 classes, 2^31 rows).
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_dataset_add_file(hn_dataset *dataset, const char *path, const char *label, const char *group, hn_error *err);

/* Adds one image in memory, which the data set keeps alive.
 *   label, group  as hn_dataset_add_file
 * Errors:  as hn_dataset_add_file.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_dataset_add_image(hn_dataset *dataset, hn_image *image, const char *label, const char *group, hn_error *err);

/* Adds every image file below a folder whose sub-folders are the classes, at any depth below them. Files are known as images by the
 * endings png, jpg, jpeg, bmp, pgm, ppm, pnm in any case; hidden files are left out; order is by path, byte by byte.
 * Links are followed, except back to a folder above them, which the log is told.
 *   dir      UTF-8
 * Errors:  HN_E_ARGUMENT, HN_E_STATE, HN_E_IO, HN_E_DATA (no class folder, or no image in any), HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_dataset_add_folder(hn_dataset *dataset, const char *dir, hn_error *err);

/* Adds the rows of a CSV manifest (RFC 4180, UTF-8, BOM and CRLF allowed) with a header: `file`, the label columns, and optionally
 * `patient`, `study`, `slice`, `fold`; other columns are ignored, but for those that options.keep_columns name. Paths are relative to the manifest's folder.
 *   path     UTF-8
 * Errors:  HN_E_ARGUMENT, HN_E_STATE, HN_E_IO, HN_E_FORMAT (names line and column), HN_E_NOT_FOUND (a column is missing: lists those
 *          there are), HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_dataset_add_manifest(hn_dataset *dataset, const char *path, hn_error *err);

/* Divides a set in two: by ratio, or by fold. All rows of a group go to one side; rows without a known group are each their own, and
 * both parts then carry HN_DATA_GROUPS_UNKNOWN. The seed deals the groups out at random, in proportion within their rarest class;
 * groups are then exchanged only until each part has its share of every class and of the rows within a tenth of it, or half a usual
 * group where groups are large: a closer balance would give the same parts for every seed. Groups of one row: shares to the row. With
 * folds = the manifest's own number of folds and a fold column on every row, the manifest decides. Order of rows is kept.
 *   options  NULL = 0.8, seed 0
 *   train    receives a handle
 *   test     receives a handle; free both with hn_dataset_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_DATA (a part would be empty; too few groups for k folds; the group_pattern matches no file
 *          name), HN_E_MEMORY; with HN_SPLIT_COPIES_TOGETHER also those of hn_dataset_check.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_dataset_split(hn_dataset *dataset, const hn_split_options *options, hn_dataset **train, hn_dataset **test, hn_error *err);

/* Opens and decodes every file once, in parallel, and marks those that cannot be read.
 *   cancel   may be NULL
 *   bad      receives the number of bad files; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_CANCELLED, HN_E_MEMORY; with options.strict also the first bad file's own error.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_dataset_check(hn_dataset *dataset, hn_cancel *cancel, int64_t *bad, hn_error *err);

/* Facts of the set.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_dataset_get_info(hn_dataset *dataset, hn_dataset_info *out, hn_error *err);

/* One row.
 *   index    0 … n_rows - 1
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_dataset_get_row(hn_dataset *dataset, int64_t index, hn_row *out, hn_error *err);

/* What a row has in a column that options.keep_columns named.
 *   row      0 … n_rows - 1
 *   column   0 … n_keep_columns - 1
 * Returns a string that the data set owns, "" for rows that do not come from a manifest; NULL if there is no such row or column.
 * Errors:  none.
 * Thread:  owner.
 * Since:   0.1 */
HN_API const char *hn_dataset_value(hn_dataset *dataset, int64_t row, int32_t column);

/* The name of a class or label; NULL if there is no such class.
 *   index    0 … n_classes - 1
 * Returns a string that the data set owns, valid until something is added to it.
 * Errors:  none.
 * Thread:  owner.
 * Since:   0.1 */
HN_API const char *hn_dataset_class_name(hn_dataset *dataset, int32_t index);

/* Gives the handle back; trainers and splits keep what they need. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_dataset_free(hn_dataset *dataset);

#ifdef __cplusplus
}
#endif
#endif
