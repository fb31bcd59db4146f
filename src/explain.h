/* explain.h - the parts of `haemnet explain`.
 *
 *   explain_files.c    what is to be explained: files, what a manifest knows of them, which belong to one patient
 *   explain_run.c      one patient after the other: images → verdicts, maps, regions, pictures, truth
 *   explain_lines.c    what is said of a file and of a patient, for people and as JSON
 *   explain_truth.c    maps beside lesion masks, volumes beside true ones, networks with random weights
 *   explain_summary.c  the figures of all of that, by type and size of the bleed
 *   cmd_explain.c      options, and the order of it all */
#ifndef HAEMNET_EXPLAIN_COMMAND_H
#define HAEMNET_EXPLAIN_COMMAND_H

#include "program.h"

typedef struct explain_settings {
    const char *method_name, *class_name, *layer, *spacing, *manifest, *overlay, *colours_name, *masks, *device;
    int32_t method, colours;   /* HN_EXPLAIN_…, HN_COLOURS_… */
    double threshold;          /* of the verdict; 0 = the model's */
    double region_threshold;   /* of the map */
    double strength;           /* of the overlay */
    double blur;               /* as hn_explain_options; NaN = not given */
    double spacing_mm[3];      /* x, y, z; 0 = not given */
    int32_t steps, square, stride, region_pixels, curves, series, side_by_side, sanity, json, threads, quiet;
    uint64_t seed;
} explain_settings;

/* --- explain_files.c --------------------------------------------------------------------------------------------------------- */
typedef struct explain_file {
    const char *path;            /* as given, or below its manifest's folder */
    char *picture;               /* name of its overlay in the folder; NULL = none wanted */
    const char *patient, *study; /* "" = not known */
    const char *types;           /* of bleed, by ';'; "" = not known or none */
    int32_t slice;               /* below 0 = not known */
    double spacing[3];           /* x, y, z, mm; 0 = not known */
    double volume_ml;            /* of the whole patient's bleed; NaN = not known */
} explain_file;

typedef struct explain_list {
    explain_file *files;         /* patient by patient, slices from the lowest up; else in the order given */
    size_t n;
    size_t *ends;                /* [volumes] index behind the last file of each */
    size_t volumes;              /* files that belong together; one alone is its own */
    void *kept;                  /* what the texts lie in */
} explain_list;

/* words: images, and .csv manifests that stand for their rows. 0, or an exit code after a message. */
int list_files(const explain_settings *s, char **words, int n, explain_list *out);
void free_files(explain_list *list);

/* --- what is kept for the summary ----------------------------------------------------------------------------------------------- */
typedef struct explain_case {    /* a file that has a mask */
    const explain_file *file;
    hn_heatmap_truth truth;
    int64_t pixels;              /* of the image */
    double area_cm2;             /* of the mask; NaN without spacing */
    double deletion, insertion;  /* areas under the curves; NaN = not asked for */
    bool said;                   /* the verdict is the class that was explained */
    bool brightest_hit;          /* the brightest place of what the network sees lies in the bleed */
} explain_case;

typedef struct explain_extent {  /* a patient, or the slices of --series */
    double true_ml;              /* NaN = not known */
    double abc2_ml, counted_ml;  /* of all regions together; NaN without spacings */
    double mask_abc2_ml, mask_ml; /* the same of the masks; NaN = not all slices have one */
} explain_extent;

typedef struct explain_random {  /* maps of networks with random weights beside those of the model */
    int32_t layers;              /* drawn anew, from the head; 0 = all */
    hn_predictor *predictor;
    double sum;                  /* of rank correlations */
    int64_t n, hits, lesions;    /* of maps that were compared; pointing game of the random network */
} explain_random;

enum { MOST_RANDOM = 8 };
typedef struct explain_run {
    const explain_settings *s;
    hn_context *ctx;
    hn_cancel *cancel;
    hn_model *model;
    hn_model_info info;
    hn_predictor *predictor;
    hn_explain_options options;
    explain_list list;
    explain_case *cases;         /* [n_cases], room for all files */
    explain_extent *extents;     /* [n_extents], room for all volumes */
    size_t n_cases, n_extents;
    explain_random random[MOST_RANDOM];
    int32_t n_random;
    int64_t bad;                 /* files that could not be explained */
} explain_run;

/* One file while its patient is at hand. */
typedef struct explain_slice {
    const explain_file *file;
    hn_image *image;             /* NULL: see error */
    hn_error error;
    hn_prediction verdict;
    hn_heatmap_info info;
    float *map;                  /* [height, width], 0 … 1 */
    hn_regions *regions;
    uint8_t *mask;               /* [height, width] or NULL */
    explain_case found;          /* beside the mask */
    bool said;                   /* the verdict is the class that was explained */
} explain_slice;

/* --- explain_run.c ------------------------------------------------------------------------------------------------------------- */
int explain_all(explain_run *r);
hn_region_options region_options(const explain_settings *s, const explain_file *f);

/* --- explain_truth.c ----------------------------------------------------------------------------------------------------------- */
int check_masks(const explain_run *r);                       /* that the folder holds one of the files at least */
/* The mask of a slice's file, if there is one, and the figures beside it. */
hn_status read_truth(explain_run *r, explain_slice *slice, hn_error *err);
hn_regions *mask_regions(const explain_run *r, const explain_slice *slice); /* for the overlay; NULL = no mask, or no memory */
hn_status open_random(explain_run *r, hn_error *err);
hn_status compare_random(explain_run *r, const explain_slice *slice, hn_error *err);

/* --- explain_lines.c ----------------------------------------------------------------------------------------------------------- */
const char *method_title(int32_t method);                    /* "HiResCAM" */
bool find_method(const char *word, int32_t *method);
void print_slice(const explain_run *r, const explain_slice *slice);
void print_extent(const explain_run *r, const explain_slice *slices, size_t n, const hn_regions *regions, const explain_extent *extent);

/* --- explain_summary.c --------------------------------------------------------------------------------------------------------- */
hn_status print_summary(const explain_run *r, hn_error *err);

#endif
