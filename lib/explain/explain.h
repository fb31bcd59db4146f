/* explain.h - the inside of heat maps.
 *
 *   image ─► predict ─► which class ─► grid: a number a cell, of a layer (cam.c) or of the input (gradient.c, occlusion.c,
 *                                        │                              brightness.c)
 *                                        └─► blur.c, if asked for ─► place.c: over the image, scaled
 *
 * Beside a predictor stands its explainer, with one executor for the last (layer, map, batch) that was asked for: memory is bounded by one
 * network forth and back. All that lasts for one image only lies in its scratch. */
#ifndef HNI_EXPLAIN_EXPLAIN_H
#define HNI_EXPLAIN_EXPLAIN_H

#include "base/scratch.h"
#include "haemnet/explain.h"
#include "predict/predictor.h"

enum { HNI_EXPLAIN_STEPS = 32, HNI_EXPLAIN_MOST_STEPS = 4096, HNI_EXPLAIN_BATCH = 16 /* points of a path computed at once, at most */ };

typedef struct hni_explainer {
    hn_predictor *p;            /* whose companion it is */
    hni_executor *ex;           /* NULL = none yet */
    hn_buffer arena;
    int32_t target, map, batch; /* what ex was made for */
    hni_scratch scratch;        /* of the image at hand */
} hni_explainer;

/* The predictor's, made if there is none. */
hn_status hni_explainer_of(hn_predictor *p, hni_explainer **out, hn_error *err);
/* An executor for this value of the graph, this HNI_MAP_… and so many images at once. */
hn_status hni_explainer_prepare(hni_explainer *e, int32_t target, int32_t map, int32_t batch, hn_error *err);

/* What is asked about one image. */
typedef struct hni_question {
    hni_explainer *e;
    const hn_explain_options *options; /* defaults filled in, checked */
    int32_t class_index;
    int32_t target;        /* class activation maps: the value of the graph */
    const uint8_t *pixels; /* [C, H, W] preprocessed; in the scratch */
} hni_question;

/* Raw numbers of a map before it is laid over the image. */
typedef struct hni_grid {
    int32_t width, height;
    double *cells;   /* [height, width] */
    double expected; /* as hn_heatmap_info; NaN */
} hni_grid;

/* Fill a grid whose cells the caller brought, as many as hni_grid_size said. */
hn_status hni_cam_grid(const hni_question *q, hni_grid *grid, hn_error *err);
hn_status hni_saliency_grid(const hni_question *q, hni_grid *grid, hn_error *err);
hn_status hni_integrated_grid(const hni_question *q, hni_grid *grid, hn_error *err);
hn_status hni_occlusion_grid(const hni_question *q, hni_grid *grid, hn_error *err);
hn_status hni_brightness_grid(const hni_question *q, hni_grid *grid);
/* blur.c: the filled grid, by the options' blur; its sum stays. HN_E_MEMORY. */
hn_status hni_blur_grid(const hni_question *q, hni_grid *grid, hn_error *err);

/* gradient.c: pixels → what the network takes in after mean and deviation, as the backends' operator has it. [C, H, W] */
void hni_normalise(const hni_preproc *pre, const uint8_t *pixels, float *input);
float hni_normal_level(const hni_preproc *pre, int32_t channel, double level); /* level 0 … 1 */
double hni_baseline_level(const hni_question *q, int32_t channel);              /* 0 … 1 */

/* target.c: the value that a class activation map is made of. NULL = the last with height and width before the head. HN_E_NOT_FOUND, HN_E_SHAPE. */
hn_status hni_explain_target(const hni_graph *graph, const char *layer, int32_t *target, hn_error *err);

/* One image's map, not yet laid over it. cells: hni_free. */
typedef struct hni_answer {
    hni_grid grid;
    hn_box region;        /* the part of the image that the grid covers, px */
    hn_heatmap_info info; /* raw range and offset apart */
} hni_answer;

/* explain.c, also for curve.c: defaults in and checked, but for the layer; the image's own verdict: which class, how probable, which part of the
 * image the network sees. Its pixels go to the scratch; what follows may ask p->run for its logits until it runs the network itself. */
hn_status hni_explain_complete(const hn_model *model, hn_explain_options *options, hn_error *err);
hn_status hni_explain_look(hni_question *q, const hn_image *const *images, size_t count, bool series, size_t at, hni_answer *answer, hn_error *err);

/* options: as the caller gave them, in today's struct. Image `at` of `count`, between its neighbours with `series`. *own: the failure is this image's
 * and says nothing of others. */
hn_status hni_explain(hn_predictor *p, const hn_explain_options *options, const hn_image *const *images, size_t count, bool series, size_t at,
                      hni_answer *answer, bool *own, hn_error *err);
/* curve.c: points [steps + 1] of deletion or insertion; options in today's struct; the map is finite. */
hn_status hni_explain_curve(hn_predictor *p, const hn_image *image, const float *map, const hn_explain_curve_options *options, hn_curve_point *points,
                            hn_error *err);
/* place.c: over the image, [info.height, info.width], scaled unless raw; fills the raw range and HN_HEATMAP_FLAT. Cannot fail. */
void hni_explain_place(hni_answer *answer, bool raw, float *map);

#endif
