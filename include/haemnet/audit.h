/* audit.h - does a test set give its answers away? Patients and pictures that stand on both sides, and classes that show in what is no picture.
 *
 * A figure is only worth something if the model has not seen what it is measured on. An audit looks for what usually goes wrong: a patient on both
 * sides, the same file twice, the same pixels in another file, a copy that was resized, encoded anew, turned or mirrored; and classes that can be
 * told by the size of file or image, by its border or its format alone. Copies are known by hashes: the time grows about as the number of images,
 * and no two images are ever compared pixel by pixel. What is found, and how often wrongly, is in docs/leaks.md. */
#ifndef HAEMNET_AUDIT_H
#define HAEMNET_AUDIT_H

#include "evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_audit hn_audit; /* what was found; immutable */

/* What two rows have in common; hn_finding.kind. Of a pair only the first that holds is told, PATIENT apart. */
enum {
    HN_FINDING_PATIENT = 1, /* the same patient (group) on both sides; told once a patient */
    HN_FINDING_FILE = 2,    /* the same bytes, by SHA-256 */
    HN_FINDING_PIXELS = 3,  /* the same pixels once decoded: saved anew without loss */
    HN_FINDING_LOOK = 4     /* nearly the same picture: resized, encoded anew with loss, turned by a multiple of 90 degrees, mirrored; or
                               neighbouring slices of one patient */
};

/* Bits of hn_finding.turn: how the other picture has to be changed to look like this one, in this order. */
enum {
    HN_TURN_SWAP = 4,   /* rows and columns swapped: with MIRROR a turn by 90 degrees clockwise, with FLIP counter-clockwise */
    HN_TURN_MIRROR = 1, /* left for right */
    HN_TURN_FLIP = 2    /* top for bottom; with MIRROR a turn by 180 degrees */
};

/* What a class could be told by; hn_shortcut.kind. */
enum {
    HN_SHORTCUT_FILE_SIZE = 1,  /* bytes */
    HN_SHORTCUT_IMAGE_SIZE = 2, /* width times height */
    HN_SHORTCUT_BORDER = 3,     /* mean grey level of the outermost pixels */
    HN_SHORTCUT_FORMAT = 4      /* file format, channels and bits; where there are several, the one that tells most */
};

/* Bits of hn_audit_options.flags. */
enum {
    HN_AUDIT_NO_SHORTCUTS = 1, /* copies and patients only */
    HN_AUDIT_TUNING_SET = 2    /* hn_model_audit: against what the model was tuned on, see hn_model_with_tuning_set, not what it was trained on */
};

/* Bits of hn_audit_info.flags. */
enum {
    HN_AUDIT_GROUPS_UNKNOWN = 1, /* some row has no known patient: one on both sides may be missed */
    HN_AUDIT_SAMPLED = 2         /* the model keeps traces of a sample of its training images: see `checked` */
};

typedef struct hn_audit_options {
    uint32_t struct_size; /* sizeof(hn_audit_options) */
    int32_t flags;        /* HN_AUDIT_… */
    hn_cancel *cancel;    /* may be NULL */
} hn_audit_options;

typedef struct hn_audit_info {
    uint32_t struct_size; /* in: sizeof(hn_audit_info) */
    uint32_t flags;       /* HN_AUDIT_… */
    int64_t rows;         /* of the data set */
    int64_t other_rows;   /* of the other side; 0 = a set was looked at by itself */
    int64_t skipped;      /* rows of both that could not be read */
    int64_t findings;     /* all together */
    int64_t patients;     /* findings of each kind */
    int64_t files;        /* likewise */
    int64_t pixels;       /* likewise */
    int64_t looks;        /* likewise */
    int32_t shortcuts;    /* that were measured */
    int32_t flagged;      /* of them, those that tell a class */
    double checked;       /* share of the other side's images that could be compared, 0 … 1; below 1 for large training sets of models */
} hn_audit_info;

/* Something that two rows share. Strings belong to the audit. */
typedef struct hn_finding {
    uint32_t struct_size;   /* in: sizeof(hn_finding) */
    int32_t kind;           /* HN_FINDING_… */
    int64_t row;            /* of the data set */
    int64_t other_row;      /* of the other side, or, of a set by itself, an earlier row; -1 = a training image of the model */
    const char *path;       /* of row; "" for an image in memory */
    const char *other_path; /* likewise; "" also for a training image of a model, whose names are not kept */
    const char *group;      /* of row; "" = not known */
    const char *other_group; /* likewise */
    int64_t n;              /* PATIENT: rows of the patient in the data set; else 1 */
    int64_t other_n;        /* PATIENT: on the other side, 0 = not known */
    int32_t turn;           /* LOOK: HN_TURN_… */
    int32_t distance;       /* LOOK: of 575 bits, those that differ; up to 36 */
    int32_t label_differs;  /* 1 = the two rows have different labels: one of them is wrong */
    int32_t flags;          /* 0 */
} hn_finding;

/* How well one class is told from the rest by something that is no picture. */
typedef struct hn_shortcut {
    uint32_t struct_size; /* in: sizeof(hn_shortcut) */
    int32_t kind;         /* HN_SHORTCUT_… */
    int32_t class_index;  /* class or label against the rest */
    int32_t flagged;      /* 1 = all of the interval lies beyond 0.6, or below 0.4, and it is of ten patients at least */
    double auc;           /* above 0.5: high values (or this format) speak for the class */
    double low;           /* limits of its interval: DeLong, by patient where known; NaN where the data do not allow one */
    double high;          /* likewise */
    double level;         /* of the interval: 0.95, of formats 1 - 0.05 / their number */
    int64_t n;            /* images */
    int64_t groups;       /* patients, or images where no patient is known */
} hn_shortcut;

/* Looks for leaks between two sets, such as a training and a test part; or, by itself, for rows of one set that a split could put on both sides:
 * copies of each other whose patients differ or are not known. Shortcuts are those of `dataset` alone. Decodes what nobody has decoded yet.
 *   dataset  the set whose rows are judged: the test part; cannot grow any more after this
 *   against  what must have nothing in common with it: the training part; NULL = the set by itself
 *   options  copied; NULL = defaults
 *   out      receives the handle; free it with hn_audit_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_CANCELLED, HN_E_IO and HN_E_FORMAT (strict data sets only), HN_E_MEMORY.
 * Thread:  owner of both sets.
 * Since:   0.1 */
HN_API hn_status hn_dataset_audit(hn_dataset *dataset, hn_dataset *against, const hn_audit_options *options, hn_audit **out, hn_error *err);

/* Looks for leaks between a set and what a model was trained on, by the traces of it that the model file keeps (docs/file-format.md).
 *   model    as trained by hn_trainer; HN_E_DATA without traces: imported, fresh, or of an older release, or not tuned
 *   dataset, options, out  as hn_dataset_audit
 * Errors:  as hn_dataset_audit; HN_E_DATA.
 * Thread:  owner of the set.
 * Since:   0.1 */
HN_API hn_status hn_model_audit(const hn_model *model, hn_dataset *dataset, const hn_audit_options *options, hn_audit **out, hn_error *err);

/* A copy of a model that keeps traces of what its calibration and its threshold were found on, as a trained one keeps those of its training set: so
 * that data which share images or patients with it are known, and figures on them are called too good. The last step of tuning: with another
 * calibration or threshold they are forgotten.
 *   model    its calibration, its threshold by a rule, or both are of this set; HN_E_DATA if not
 *   dataset  that they were found on; cannot grow any more after this
 *   out      receives the handle; free it with hn_model_free
 * Errors:  HN_E_ARGUMENT, HN_E_DATA, HN_E_IO and HN_E_FORMAT (strict data sets only), HN_E_MEMORY.
 * Thread:  owner of the set.
 * Since:   0.1 */
HN_API hn_status hn_model_with_tuning_set(const hn_model *model, hn_dataset *dataset, hn_model **out, hn_error *err);

/* How much was found.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_audit_get_info(const hn_audit *audit, hn_audit_info *out, hn_error *err);

/* One finding: patients first, then by row.
 *   index    0 … findings - 1
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_audit_finding(const hn_audit *audit, int64_t index, hn_finding *out, hn_error *err);

/* One shortcut. Of two classes only the positive one is looked at (without one, the first), of more every one up to the 64th. What is the same in
 * all images, and a class without images or without others, is left out.
 *   index    0 … shortcuts - 1
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_audit_shortcut(const hn_audit *audit, int32_t index, hn_shortcut *out, hn_error *err);

/* Gives the handle back. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_audit_free(hn_audit *audit);

#ifdef __cplusplus
}
#endif
#endif
