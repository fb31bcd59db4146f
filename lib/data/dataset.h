/* dataset.h - the inside of hn_dataset: a view (list of row numbers) on a row store that all splits of a set share.
 *
 * The store grows while nobody else looks at it; the first split or loader freezes it for good. After that only the reasons why
 * files were skipped change, under the store's lock, so views of one store may be used from several threads at once. */
#ifndef HNI_DATA_DATASET_H
#define HNI_DATA_DATASET_H

#include <regex.h>
#include <stdbool.h>

#include "haemnet/dataset.h"
#include "../preproc/preproc.h"
#include "cache.h"
#include "names.h"

enum { HNI_CLASSES = 4096, HNI_LABELS = 64, HNI_KEPT = 64, HNI_CLASS_NAME = 255 /* bytes */ };
enum { HNI_GROUP_COLUMN = 0, HNI_GROUP_PATTERN = 1, HNI_GROUP_NONE = 2 }; /* where a row's group comes from */

typedef struct hni_row {
    const char *path;    /* as opened; "" for an image in memory */
    hn_image *image;     /* or NULL; one reference */
    uint64_t labels;     /* multi-label: bit k = label k; single: 0 */
    const char *problem; /* why it was skipped, or NULL; under the store's lock */
    uint32_t name_at;    /* path + name_at = the path as given: relative to the folder or manifest */
    int32_t class_id;    /* by order of arrival, see hni_classes; -1 in a multi-label set */
    uint32_t group, patient, study; /* numbers in `names`; 0 = not known */
    int32_t slice, fold; /* -1 = not given */
} hni_row;

/* Class names by order of arrival (id) and by sorted name (rank, which is what callers see). Multi-label: id = rank. */
typedef struct hni_classes {
    const char **name;  /* [count] by id */
    int32_t *rank;      /* [count] by id */
    int32_t *by_rank;   /* [count] ids */
    int32_t count;
    size_t room[3];     /* capacities of the three */
} hni_classes;

typedef struct hni_store {
    atomic_int refs;
    hn_context *ctx;
    hni_mutex lock;     /* problem, names after freezing, digests */
    bool locked_init, frozen, strict;
    int32_t task;       /* HN_TASK_… */
    int32_t group_mode; /* HNI_GROUP_… */
    regex_t pattern;    /* with HNI_GROUP_PATTERN */
    const char *pattern_text; /* of it */
    bool unknown_told;  /* the log has been told what the pattern does not match; under the lock */
    uint32_t notes_told; /* HNI_PREPROC_… bits that the log has been told of; under the lock */
    hn_image_options image;
    const char **label_columns; /* [n_label_columns]; 0 = the default, "label" */
    int32_t n_label_columns;
    const char **kept;  /* [n_kept] names of further columns */
    int32_t n_kept;
    uint32_t *values;   /* [n_rows, n_kept] numbers in `names` */
    size_t values_room;
    hni_names names;
    hni_classes classes;
    hni_row *rows;      /* [n_rows] */
    size_t n_rows, capacity;
    uint32_t *lower, *higher; /* [n_rows] neighbouring slices, see hni_store_link; NULL = nobody asked yet */
    struct hni_fingerprint *prints; /* [n_rows] what is kept of the images that somebody has decoded, see fingerprint.h; NULL = of none */
    hni_cache *cache;
} hni_store;

struct hn_dataset {
    atomic_int refs;
    hn_context *ctx;
    hni_store *store;
    uint32_t *index;    /* [n_index] rows of the store, ascending; NULL = all of them */
    size_t n_index;
    uint32_t flags;     /* HN_DATA_… that came with the split, whatever the rows say */
    bool has_digest;    /* under the store's lock */
    size_t digest_rows; /* that the digest was made of */
    uint64_t digest[4];
};

/* --- for the rooms above ------------------------------------------------------------------------------------------------- */
hn_dataset *hni_dataset_ref(hn_dataset *ds);
void hni_dataset_unref(hn_dataset *ds); /* NULL is fine */
int64_t hni_dataset_rows(const hn_dataset *ds);
void hni_dataset_freeze(hn_dataset *ds);                             /* nothing can be added any more */
int32_t hni_dataset_task(const hn_dataset *ds);                      /* HN_TASK_… */
bool hni_dataset_strict(const hn_dataset *ds);
int32_t hni_dataset_label(const hn_dataset *ds, int64_t row);        /* class by rank; -1 in a multi-label set. row: 0 … rows - 1 */
uint64_t hni_dataset_labels(const hn_dataset *ds, int64_t row);      /* bit k = label k; single: 1 << label, 0 for label ≥ 64 */
int32_t hni_dataset_classes(const hn_dataset *ds);
const char *hni_dataset_class_name(const hn_dataset *ds, int32_t rank); /* NULL if there is none */
int32_t hni_dataset_positive(const hn_dataset *ds);                  /* rank, -1 = the names do not say */
uint32_t hni_dataset_flags(const hn_dataset *ds);                    /* HN_DATA_… ; O(rows) */
int64_t hni_dataset_skipped(const hn_dataset *ds);                   /* rows found bad so far; O(rows) */
void hni_dataset_digest(hn_dataset *ds, uint64_t digest[4]);         /* see hn_dataset_info.digest */
hn_status hni_dataset_info(hn_dataset *ds, hn_dataset_info *out, hn_error *err); /* all but struct_size */
const char *hni_dataset_value(const hn_dataset *ds, int64_t row, int32_t column); /* NULL if there is none */
void hni_dataset_row(const hn_dataset *ds, int64_t row, hn_row *out);            /* all but struct_size; row must exist */

/* Where a slice stands; false = the manifest gave no patient or no slice number. Slices of one patient and study are a series. */
bool hni_dataset_slice(const hn_dataset *ds, int64_t row, uint32_t *patient, uint32_t *study, int32_t *slice);

/* --- the functions of the public header, arguments checked by lib/api ---------------------------------------------------- */
hn_status hni_dataset_create(hn_context *ctx, const hn_dataset_options *options, hn_dataset **out, hn_error *err);
hn_status hni_dataset_open(hn_context *ctx, const char *path, const hn_dataset_options *options, hn_dataset **out, hn_error *err);
/* path or image, the other NULL; group may be NULL */
hn_status hni_dataset_add(hn_dataset *ds, const char *path, hn_image *image, const char *label, const char *group, hn_error *err);
hn_status hni_dataset_add_folder(hn_dataset *ds, const char *dir, hn_error *err);
hn_status hni_dataset_add_manifest(hn_dataset *ds, const char *path, hn_error *err);
hn_status hni_dataset_split(hn_dataset *ds, const hn_split_options *options, hn_dataset **train, hn_dataset **test, hn_error *err);
hn_status hni_dataset_check(hn_dataset *ds, hn_cancel *cancel, int64_t *bad, hn_error *err);

/* --- between the files of this folder ------------------------------------------------------------------------------------ */
static inline uint32_t hni_dataset_store_row(const hn_dataset *ds, int64_t row) { return ds->index ? ds->index[row] : (uint32_t)row; }

/* What a row is made of. Texts are copied; NULL = "". */
typedef struct hni_row_spec {
    const char *path, *name; /* as opened; as given, which is the end of path */
    hn_image *image;
    int32_t class_id;
    uint64_t labels;
    const char *group, *patient, *study; /* group: the caller's own, before pattern and patient */
    int32_t slice, fold;
    const char *const *values; /* [n_kept] of the columns that are kept; NULL = all "" */
} hni_row_spec;

hn_status hni_store_create(hn_context *ctx, const hn_dataset_options *options, hni_store **out, hn_error *err);
hni_store *hni_store_ref(hni_store *store);
void hni_store_unref(hni_store *store);
hn_status hni_store_open(hni_store *store, hn_error *err); /* HN_E_STATE if frozen */
hn_status hni_store_add(hni_store *store, const hni_row_spec *spec, hn_error *err);
void hni_store_cut(hni_store *store, size_t n_rows, int32_t n_classes); /* takes back what a failed addition added */
void hni_store_mark(hni_store *store, uint32_t row, const char *problem); /* the first reason stays; any thread */
bool hni_store_is_bad(hni_store *store, uint32_t row);
hn_dataset *hni_dataset_view(hni_store *store, uint32_t *index, size_t n_index, uint32_t flags); /* takes index over; NULL without memory */

/* columns.c */
hn_status hni_store_keep_columns(hni_store *store, const hn_dataset_options *options, hn_error *err);
hn_status hni_store_add_values(hni_store *store, const char *const *values, hn_error *err); /* of the row that is added next */

/* Finds lower and higher of a frozen store, once; a row without a neighbour is its own. Any thread. */
hn_status hni_store_link(hni_store *store, hn_error *err);

/* The id of a class, added if new. `where` begins the message: a path, or "". */
hn_status hni_class_id(hni_store *store, const char *name, const char *where, int32_t *id, hn_error *err);
void hni_classes_cut(hni_classes *classes, int32_t count);
void hni_classes_free(hni_classes *classes, hn_context *ctx);
int32_t hni_classes_positive(const hni_classes *classes); /* rank or -1 */

/* Compiles options.group_pattern; see hni_group_of. */
hn_status hni_group_compile(hni_store *store, const char *pattern, hn_error *err);
/* The group that the pattern finds in the last part of `name`, or else in all of it: *text[0 … *n), n = 0 if there is none. */
void hni_group_match(const hni_store *store, const char *name, const char **text, size_t *n);
/* HN_E_DATA if there are files and the pattern gave none of them a group; if it missed some, the log is told, once. O(rows). */
hn_status hni_group_check(hni_store *store, hn_error *err);

#endif
