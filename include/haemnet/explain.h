/* explain.h - where a verdict comes from: heat maps, regions in them, how far they can be believed, pictures for people.
 *
 * A heat map says what moved the network, not where disease is. It is only worth what it was measured to be worth: hn_heatmap_compare on
 * slices whose lesions are known (phantom.h draws such), hn_explain_curve on any, and hn_model_randomize shows whether it depends on what the
 * network has learnt.
 *
 * Maps lie in the coordinates of the image that was given: resize, crop and padding of the preprocessing are undone, and what the network was
 * not shown is 0. A map is float32, [height, width], rows from the top, and never holds NaN or infinity. */
#ifndef HAEMNET_EXPLAIN_H
#define HAEMNET_EXPLAIN_H

#include "evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a map is made. f: the channels of a layer; g: the gradient of the class's logit with respect to them; x: the model's input. */
enum {
    HN_EXPLAIN_HIRES_CAM = 1, /* Σ_c g · f. With one dense layer behind the layer its sum is the logit without its bias; with global average
                                 pooling and one dense layer it is Grad-CAM (Draelos & Carin 2020). The default */
    HN_EXPLAIN_GRAD_CAM = 2,  /* Σ_c mean(g) · f (Selvaraju et al. 2017) */
    HN_EXPLAIN_GRAD_CAM_PP = 3, /* Grad-CAM++, of the exponential of the logit (Chattopadhay et al. 2018) */
    HN_EXPLAIN_LAYER_CAM = 4, /* Σ_c max(g, 0) · f (Jiang et al. 2021) */
    HN_EXPLAIN_OCCLUSION = 5, /* how far the logit falls when a square of the input is covered (Zeiler & Fergus 2014) */
    HN_EXPLAIN_SALIENCY = 6,  /* max_c |d logit / d x| (Simonyan et al. 2014) */
    HN_EXPLAIN_INTEGRATED_GRADIENTS = 7, /* Σ_c (x - baseline) · mean gradient between baseline and x (Sundararajan et al. 2017) */
    HN_EXPLAIN_BRIGHTNESS = 8 /* no explanation: mean of the channels' grey levels, 0 … 1. A baseline: what points no better than it shows little */
};

/* Bits of hn_explain_options.flags. */
enum {
    HN_EXPLAIN_RAW = 1 /* the map holds the method's own numbers, signed, instead of 0 … 1 */
};

typedef struct hn_explain_options {
    uint32_t struct_size;   /* sizeof(hn_explain_options) */
    int32_t method;         /* HN_EXPLAIN_…; 0 = HN_EXPLAIN_HIRES_CAM */
    int32_t class_index;    /* index of the class or label + 1; 0 = the positive class, or where none is named the predicted one */
    int32_t flags;          /* HN_EXPLAIN_RAW */
    const char *layer;      /* class activation maps: name of a layer with height and width, see hn_model_get_layer; NULL = the last one before
                               the head; copied */
    int32_t steps;          /* integrated gradients: points between baseline and image, 1 … 4096; 0 = 32 */
    int32_t window;         /* occlusion: side of the square in px of the model's input; 0 = an eighth of its shorter side */
    int32_t stride;         /* occlusion: px from square to square, at most `window`; 0 = half of it */
    int32_t reserved;       /* 0 */
    const double *baseline; /* occlusion, integrated gradients: the grey level 0 … 1 that stands for nothing, one for each channel of the model's
                               input; NULL = the model's mean; copied */
    hn_cancel *cancel;      /* may be NULL; looked at between images, and between the batches of one */
    double blur;            /* deviation of a Gaussian over the map before it is laid over the image, as a share of the shorter side of the model's
                               input, 0 … 0.25; 0 = none. It leaves the map's sum; 0.03 makes the peak of integrated gradients a place, not a pixel */
} hn_explain_options;

/* Bits of hn_heatmap_info.flags. */
enum {
    HN_HEATMAP_FLAT = 1,   /* nothing speaks for the class: scaled, the map is 0 everywhere */
    HN_HEATMAP_FAILED = 2, /* batches only: this image could not be explained; see status; its map is 0 */
    HN_HEATMAP_NO_HEAD = 4, /* the model crops to the head, and no head was found: the whole image was looked at */
    HN_HEATMAP_UNFAMILIAR = 8, /* not like the training images (novelty > 1): no verdict to rely on, and no map of one; see familiar.h */
    HN_HEATMAP_NO_SKULL = 16 /* the model strips the skull, and no closed one was found: all that is in the image was looked at */
};

/* What a map is. */
typedef struct hn_heatmap_info {
    uint32_t struct_size; /* in: sizeof(hn_heatmap_info) */
    uint32_t flags;       /* HN_HEATMAP_… */
    int32_t width;        /* px, of image and map */
    int32_t height;       /* px */
    int32_t class_index;  /* the class or label that it explains */
    int32_t method;       /* HN_EXPLAIN_… */
    int32_t grid_width;   /* cells that the map was made on before it was laid over the image, bilinearly */
    int32_t grid_height;
    int32_t status;       /* hn_status of this image */
    int32_t reserved;     /* 0 */
    uint64_t offset;      /* floats before this map in the buffer of a batch */
    double probability;   /* of the class, as hn_predict gives it */
    double logit;         /* of the class */
    double raw_min;       /* smallest and largest number of the map before it was scaled; scaled, raw_max is 1 and what is below 0 is 0 */
    double raw_max;
    double sum;           /* of the raw numbers of all cells */
    double expected;      /* what the method says that sum should be: integrated gradients, the logit's rise from the baseline; else NaN */
    char layer[64];       /* class activation maps: the layer; "" = the input */
    double novelty;       /* how unlike the training images this one is, as hn_predict gives it; NaN if failed or not known */
} hn_heatmap_info;

/* Explains one image.
 *   image    as hn_predict
 *   options  NULL = defaults; read during the call only
 *   map      the caller's width × height floats; NULL only asks for the number
 *   cap      floats that fit in map
 *   need     receives the floats that are needed; may be NULL
 *   info     filled; set info->struct_size before; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_BUFFER, HN_E_NOT_FOUND (no such layer or class), HN_E_SHAPE (a layer without height and width,
 *          channels the model cannot take), HN_E_UNSUPPORTED (operator refused: names it), HN_E_NUMERIC (NaN or infinity in the network),
 *          HN_E_CANCELLED, HN_E_BACKEND, HN_E_MEMORY. On failure the map is as it was.
 * Thread:  owner. The first explanation by a layer prepares the network for it, which is kept for the next one by the same.
 * Since:   0.1 */
HN_API hn_status hn_explain(hn_predictor *predictor, const hn_image *image, const hn_explain_options *options, float *map, size_t cap,
                            size_t *need, hn_heatmap_info *info, hn_error *err);

/* Explains several images; map i is bit for bit what hn_explain gives for image i. An image that cannot be used has flags and status in its own
 * result, and a map of zeros (none if it is NULL).
 *   images   count handles
 *   count    ≥ 0
 *   maps     one map after the other, see hn_heatmap_info.offset; NULL only asks for the number
 *   cap      floats that fit in maps
 *   need     receives the floats of all maps; may be NULL
 *   infos    count results; set struct_size of each before
 * Errors:  as hn_explain, without those of one image. On failure the maps are as they were.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_explain_batch(hn_predictor *predictor, const hn_image *const *images, size_t count, const hn_explain_options *options,
                                  float *maps, size_t cap, size_t *need, hn_heatmap_info *infos, hn_error *err);

/* The same for the slices of one series, lowest first: a model of neighbouring slices sees each between its own, as in hn_predict_series. The
 * map is that of the slice itself.
 * Errors:  as hn_explain_batch.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_explain_series(hn_predictor *predictor, const hn_image *const *images, size_t count, const hn_explain_options *options,
                                   float *maps, size_t cap, size_t *need, hn_heatmap_info *infos, hn_error *err);

/* --- regions ------------------------------------------------------------------------------------------------------------------- */

typedef struct hn_regions hn_regions; /* connected parts of a map, or of the maps of a stack of slices, at and above a threshold; immutable */

typedef struct hn_region_options {
    uint32_t struct_size; /* sizeof(hn_region_options) */
    int32_t min_pixels;   /* smaller regions are left out; px of all slices; 0 = 1 */
    double threshold;     /* of the map's numbers, above 0; 0 = 0.5 */
    double spacing_x;     /* mm from pixel to pixel; 0 = not known */
    double spacing_y;     /* mm from row to row; 0 = spacing_x */
    double spacing_z;     /* mm from slice to slice; 0 = not known */
} hn_region_options;

/* One region. In a slice, pixels that touch at an edge or a corner belong together; from slice to slice, pixels at one place. */
typedef struct hn_region {
    uint32_t struct_size;  /* in: sizeof(hn_region) */
    int32_t left;          /* px, the box around it in all slices */
    int32_t top;           /* px */
    int32_t width;         /* px */
    int32_t height;        /* px */
    int32_t first_slice;   /* 0 … slices - 1 */
    int32_t last_slice;
    int32_t largest_slice; /* where its area is largest; the lowest of equals */
    int32_t area;          /* px, in that slice */
    int32_t peak_x;        /* px, its largest number; the first of equals, slice by slice and row by row */
    int32_t peak_y;
    int32_t peak_slice;
    int64_t pixels;        /* in all slices */
    double peak;           /* of the map's numbers */
    double mean;           /* of the map's numbers */
    double centre_x;       /* px, of its pixels' middles: pixel 0's is 0.5 */
    double centre_y;
    double centre_slice;   /* 0 … slices - 1 */
    double area_mm2;       /* mm², in the largest slice; NaN without spacing_x, as all below */
    double length_mm;      /* A: mm, the longest straight line in the largest slice, from outer edge to outer edge */
    double breadth_mm;     /* B: mm, across it, likewise */
    double height_mm;      /* C: mm, slices times spacing_z; NaN also without spacing_z, as all below */
    double volume_ml;      /* ml, all pixels */
    double abc2_ml;        /* ml, A · B · C / 2: the bedside estimate of an ellipsoid. Every slice counts, so those that are hardly touched make it
                              too large, and crescents are no ellipsoids */
    double abc2_weighted_ml; /* ml, the same with weighted slices (Kothari et al. 1996): those with at least 75 % of the largest area count 1,
                                with 25 % ½, smaller ones 0 */
} hn_region;

/* Finds the regions of a map, or of a stack of maps: largest peak first, then most pixels, then in the order of their first pixel.
 *   maps     slices × height × width floats, lowest slice first; read during the call only
 *   slices   1 for one image
 *   options  NULL = defaults
 *   out      receives the handle; free it with hn_regions_free
 * Errors:  HN_E_ARGUMENT (also a number that is NaN or infinite), HN_E_ABI, HN_E_LIMIT (2³¹ - 1 pixels in all), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_regions_find(hn_context *context, const float *maps, int32_t width, int32_t height, int32_t slices,
                                 const hn_region_options *options, hn_regions **out, hn_error *err);

/* Number of regions; 0 for NULL.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API int32_t hn_regions_count(const hn_regions *regions);

/* One region.
 *   index    0 … count - 1
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_regions_get(const hn_regions *regions, int32_t index, hn_region *out, hn_error *err);

/* The outline of a region in one slice: a closed polygon along the edges of its pixels, clockwise on the screen, corners only. Holes are not told
 * of. A region that is in several pieces in this slice has an outline for each.
 *   index    0 … count - 1
 *   slice    first_slice … last_slice
 *   piece    0, 1, … in the order of their first pixels
 *   points   the caller's pairs x, y, px: pixel (x, y) reaches from x to x + 1; NULL only asks for the number
 *   cap      int32s that fit in points
 *   need     receives the int32s that are needed, two a corner; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_NOT_FOUND (no such region, slice or piece), HN_E_BUFFER, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_regions_contour(const hn_regions *regions, int32_t index, int32_t slice, int32_t piece, int32_t *points, size_t cap,
                                    size_t *need, hn_error *err);

/* Gives the handle back. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_regions_free(hn_regions *regions);

/* --- pictures for people ---------------------------------------------------------------------------------------------------------- */

/* Colours of a map. Lightness rises evenly with the number, so that no edge is seen where there is none, also in print without colour (van der
 * Walt & Smith 2015). */
enum {
    HN_COLOURS_INFERNO = 1, /* black, violet, orange, pale yellow. The default */
    HN_COLOURS_MAGMA = 2,   /* black, violet, pink, pale yellow */
    HN_COLOURS_VIRIDIS = 3  /* dark blue, green, yellow */
};

/* Bits of hn_overlay_options.flags. */
enum {
    HN_OVERLAY_SIDE_BY_SIDE = 1, /* the image alone at the left, and with the map at the right */
    HN_OVERLAY_NO_CONTOURS = 2,  /* regions without their outlines */
    HN_OVERLAY_NO_BOXES = 4,     /* regions without their boxes and numbers */
    HN_OVERLAY_NO_LEGEND = 8,
    HN_OVERLAY_BARE = 16         /* the image with the map and nothing around it: no margin, caption, legend, footer. Say elsewhere what it is */
};

typedef struct hn_overlay_options {
    uint32_t struct_size;    /* sizeof(hn_overlay_options) */
    int32_t flags;           /* HN_OVERLAY_… */
    int32_t colours;         /* HN_COLOURS_…; 0 = inferno */
    int32_t scale;           /* whole enlargement of the image, 1 … 64; 0 = the smallest that makes its longer side 448 px, 64 at most */
    int32_t text_scale;      /* whole enlargement of letters of 6 × 10 px, 1 … 8; 0 = by the width of the enlarged image */
    int32_t slice;           /* the one of `regions` and `truth` that is shown; 0 for one image */
    double strength;         /* how far the map covers the image where it is `high`, above 0 … 1, less below in proportion; 0 = 0.6 */
    double low;              /* the map's number where colours begin: there and below nothing is painted */
    double high;             /* where they end; low = high = 0: 0 and 1 */
    const hn_window *window; /* how an image in HU is shown; NULL = brain, centre 40 HU, width 80 HU; of no account to grey levels */
    const hn_regions *truth; /* outlined in green dashes, such as those of a lesion's mask; NULL = none */
    const char *caption;     /* UTF-8, above the image: verdict, name …; lines are broken where they are too long; NULL = none */
    const char *legend;      /* what the colours mean; NULL = "weight in the verdict" */
    const char *footer;      /* below all; NULL = "Research use only. Not a medical device."; "" = none */
} hn_overlay_options;

/* Draws a heat map over its image, with the outlines, boxes and numbers of regions, a legend, a caption and a footer, as an RGB image for
 * hn_image_save_png. The same call gives the same pixels on every machine. Takes the memory of the picture and two 8-bit copies of the image.
 *   image    of any kind: HU go through the window, 16 bit and float are shown in 8 bit, colours stay
 *   map      height × width floats of the image's size, as hn_explain gives them
 *   regions  of that map, as hn_regions_find gives them, numbered from 1 in their order; NULL = none
 *   options  NULL = defaults; read during the call only
 *   out      receives the handle; free it with hn_image_free
 * Errors:  HN_E_ARGUMENT (also a number of the map that is NaN or infinite, and regions that lack the slice), HN_E_ABI, HN_E_SHAPE (regions of
 *          another size), HN_E_LIMIT (a text over 4096 bytes, a picture over 128 Mi pixels or 65535 px a side), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_overlay(hn_context *context, const hn_image *image, const float *map, const hn_regions *regions,
                            const hn_overlay_options *options, hn_image **out, hn_error *err);

/* --- how far a map can be believed ------------------------------------------------------------------------------------------------- */

/* Bits of hn_heatmap_truth.undefined: which figures are NaN, and why they must be. */
enum {
    HN_TRUTH_NO_MASK = 1, /* the mask is empty: all of them */
    HN_TRUTH_FLAT = 2     /* nothing in the map is above 0: energy */
};

/* A map beside the truth. */
typedef struct hn_heatmap_truth {
    uint32_t struct_size; /* in: sizeof(hn_heatmap_truth) */
    uint32_t undefined;   /* HN_TRUTH_… */
    int32_t hit;          /* the pointing game: 1 if the map's largest number lies in the mask (Zhang et al. 2016), else 0 */
    int32_t peak_x;       /* px, where it lies; the first of equals */
    int32_t peak_y;
    int32_t hot_pixels;   /* at and above the threshold */
    int64_t mask_pixels;
    double distance;      /* px from its pixel to the mask's nearest; 0 = in it. The pointing game is often played with a margin of some px */
    double iou;           /* pixels at and above the threshold and in the mask, as a share of those in either */
    double energy;        /* share of what is above 0 in the map that lies in the mask (Wang et al. 2020) */
} hn_heatmap_truth;

/* Holds a map against a mask of the same size. Pure.
 *   map        height × width floats
 *   mask       height × width bytes; other than 0 = the lesion
 *   threshold  of the map's numbers; 0 = 0.5
 *   out        filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT (also a number that is NaN or infinite), HN_E_ABI, HN_E_LIMIT (2³¹ - 1 pixels).
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_heatmap_compare(const float *map, const uint8_t *mask, int32_t width, int32_t height, double threshold, hn_heatmap_truth *out,
                                    hn_error *err);

/* What hn_explain_curve does to the image. */
enum {
    HN_DELETION = 1, /* the strongest pixels become the baseline, more and more: a good map makes the probability fall at once */
    HN_INSERTION = 2 /* the baseline gets the strongest pixels, more and more: it rises at once (Petsiuk et al. 2018) */
};

typedef struct hn_explain_curve_options {
    uint32_t struct_size;   /* sizeof(hn_explain_curve_options) */
    int32_t kind;           /* HN_DELETION or HN_INSERTION; 0 = deletion */
    int32_t class_index;    /* as hn_explain_options */
    int32_t steps;          /* 1 … 4096; 0 = 32 */
    const double *baseline; /* as hn_explain_options */
    hn_cancel *cancel;      /* may be NULL */
} hn_explain_curve_options;

/* What the network says while its input is taken away, or given, in the order of a map. Pixels are those of the model's input; each has the mean
 * of the map where it lies, ties go row by row; what is cut away for the network has no part in it.
 *   image    as hn_predict
 *   map      of that image, height × width floats
 *   options  NULL = defaults; read during the call only
 *   points   the caller's steps + 1 points: x = share of the pixels that were changed, 0 … 1; y = probability of the class; threshold = the
 *            smallest of their numbers, +infinity at first. NULL only asks for the number
 *   cap      points that fit
 *   need     receives the number of points; may be NULL
 *   area     receives the area under the curve, by trapezia; may be NULL
 * Errors:  as hn_explain; HN_E_ARGUMENT also for a number of the map that is NaN or infinite.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_explain_curve(hn_predictor *predictor, const hn_image *image, const float *map, const hn_explain_curve_options *options,
                                  hn_curve_point *points, size_t cap, size_t *need, double *area, hn_error *err);

/* Spearman's rank correlation of two rows of numbers, ties with their mean rank. For the sanity check of Adebayo et al. 2018: the map of a model
 * and that of the same model with random weights should have little in common.
 *   a, b     n floats each
 *   out      receives -1 … 1; NaN if one of the rows is all equal
 * Errors:  HN_E_ARGUMENT (also a number that is NaN, n < 2), HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_rank_correlation(hn_context *context, const float *a, const float *b, size_t n, double *out, hn_error *err);

/* A copy of a model in which the weights of its last layers are drawn anew, as for a fresh one; without provenance.
 *   layers   with weights, counted from the head; 0 = all
 *   seed     of the new weights
 *   out      receives the handle; free it with hn_model_free
 * Errors:  HN_E_ARGUMENT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_model_randomize(const hn_model *model, int32_t layers, uint64_t seed, hn_model **out, hn_error *err);

#ifdef __cplusplus
}
#endif
#endif
