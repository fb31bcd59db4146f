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
    HN_EXPLAIN_INTEGRATED_GRADIENTS = 7 /* Σ_c (x - baseline) · mean gradient between baseline and x (Sundararajan et al. 2017) */
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
} hn_explain_options;

/* Bits of hn_heatmap_info.flags. */
enum {
    HN_HEATMAP_FLAT = 1,   /* nothing speaks for the class: scaled, the map is 0 everywhere */
    HN_HEATMAP_FAILED = 2, /* batches only: this image could not be explained; see status; its map is 0 */
    HN_HEATMAP_NO_HEAD = 4 /* the model crops to the head, and no head was found: the whole image was looked at */
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

#ifdef __cplusplus
}
#endif
#endif
