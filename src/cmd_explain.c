/* cmd_explain.c - `haemnet explain`: which part of an image moved a verdict, drawn, measured, and held against masks where there are some. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"

enum { N_OPTIONS = 25 };
static void list_options(explain_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"method", OPTION_TEXT, &s->method_name, "NAME",
         "integrated-gradients, hirescam, gradcam, gradcam++, layercam, occlusion, saliency or brightness (integrated-gradients)"},
        {"class", OPTION_TEXT, &s->class_name, "NAME", "class or label to explain (the positive one, else what is said)"},
        {"layer", OPTION_TEXT, &s->layer, "NAME", "layer of the class activation maps, see haemnet inspect (the last with height and width)"},
        {"steps", OPTION_INT, &s->steps, "N", "points of integrated gradients (32)"},
        {"blur", OPTION_NUMBER, &s->blur, "S", "smooth maps: deviation as a share of the network's input (0.03 of integrated gradients, else 0)"},
        {"square", OPTION_INT, &s->square, "N", "side of the square that occludes, px of the network's input (an eighth)"},
        {"stride", OPTION_INT, &s->stride, "N", "px from square to square (half of it)"},
        {"threshold", OPTION_NUMBER, &s->threshold, "T", "probability from which the positive class, or a label, is said (the model's)"},
        {"region-threshold", OPTION_NUMBER, &s->region_threshold, "T", "regions are where a map, 0 to 1, reaches T (0.5)"},
        {"region-pixels", OPTION_INT, &s->region_pixels, "N", "smaller regions are left out (1)"},
        {"spacing", OPTION_TEXT, &s->spacing, "X[,Y[,Z]]", "mm from pixel to pixel, row to row, slice to slice (the manifest's)"},
        {"series", OPTION_FLAG, &s->series, NULL, "the files are slices of one patient, lowest first"},
        {"manifest", OPTION_TEXT, &s->manifest, "FILE.csv", "what is known of the files, see below"},
        {"overlay", OPTION_TEXT, &s->overlay, "DIR", "write a picture of each file there"},
        {"side-by-side", OPTION_FLAG, &s->side_by_side, NULL, "pictures with the original beside the map"},
        {"colours", OPTION_TEXT, &s->colours_name, "NAME", "inferno, magma or viridis (inferno)"},
        {"strength", OPTION_NUMBER, &s->strength, "S", "how far the map covers the image, above 0 to 1 (0.6)"},
        {"masks", OPTION_TEXT, &s->masks, "DIR", "masks with the files' names: pointing game and more, by type and size of the bleed"},
        {"curves", OPTION_INT, &s->curves, "N", "steps of the deletion and insertion curves with --masks; 0 = none (32)"},
        {"sanity", OPTION_FLAG, &s->sanity, NULL, "compare the maps with those of networks with random weights"},
        {"seed", OPTION_SEED, &s->seed, "N", "of the random weights (0)"},
        {"json", OPTION_FLAG, &s->json, NULL, "one JSON object a line: for each file, each patient, and a summary"},
        {"device", OPTION_TEXT, &s->device, "SPEC", "see haemnet devices (best)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to compute with (one per core)"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no notes"},
    };
    memcpy(list, options, sizeof options);
}

void describe_explain(FILE *out) {
    explain_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
    fprintf(out, "\nA FILE that ends with .csv is a manifest: its rows are explained. Columns that are looked for, there and in --manifest: file, patient,\n"
                 "study, slice, pixel_spacing_mm, slice_spacing_mm, types (of bleed, by ';'), patient_volume_ml. Slices of one patient give an extent.\n");
}

/* "0.5", "0.5,0.5" or "0.5,0.5,5". */
static bool read_spacing(const char *text, double mm[3]) {
    char *end;
    int n = 0;
    for (; n < 3; n++, text = end + 1) {
        mm[n] = strtod(text, &end);
        if (end == text || !(mm[n] > 0 && mm[n] <= 1e4)) return false;
        if (!*end) break;
        if (*end != ',') return false;
    }
    if (n == 3) return false;
    if (n == 0) mm[1] = mm[0];
    return true;
}

static int read_words(explain_settings *s) {
    static const char *const colours[] = {"", "inferno", "magma", "viridis"};
    if (!find_method(s->method_name, &s->method))
        return usage_error("explain", "--method %s: must be hirescam, gradcam, gradcam++, layercam, occlusion, saliency, integrated-gradients or brightness",
                           s->method_name);
    for (s->colours = HN_COLOURS_VIRIDIS; s->colours && strcmp(s->colours_name, colours[s->colours]);) s->colours--;
    if (!s->colours) return usage_error("explain", "--colours %s: must be inferno, magma or viridis", s->colours_name);
    if (s->spacing && !read_spacing(s->spacing, s->spacing_mm))
        return usage_error("explain", "--spacing %s: must be X, X,Y or X,Y,Z in mm, each above 0", s->spacing);
    return EXIT_DONE;
}

static int check(const explain_settings *s) {
    const struct {
        const char *name;
        int32_t value, least, most;
    } numbers[] = {{"steps", s->steps, 0, 4096}, {"square", s->square, 0, 65535}, {"stride", s->stride, 0, 65535},
                   {"region-pixels", s->region_pixels, 0, INT32_MAX}, {"curves", s->curves, 0, 4096}, {"threads", s->threads, 0, 1024}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].value < numbers[i].least || numbers[i].value > numbers[i].most)
            return usage_error("explain", "--%s %d: must be %d to %d", numbers[i].name, numbers[i].value, numbers[i].least, numbers[i].most);
    if (!threshold_fits(s->threshold)) return usage_error("explain", "--threshold %g: must lie between 0 and 1", s->threshold);
    if (!(s->region_threshold > 0 && s->region_threshold <= 1))
        return usage_error("explain", "--region-threshold %g: must be above 0 and at most 1", s->region_threshold);
    if (!(s->blur >= 0 && s->blur <= 0.25)) return usage_error("explain", "--blur %g: must be 0 to 0.25", s->blur);
    if (!(s->strength > 0 && s->strength <= 1)) return usage_error("explain", "--strength %g: must be above 0 and at most 1", s->strength);
    if (s->layer && s->method > HN_EXPLAIN_LAYER_CAM)
        return usage_error("explain", "--layer goes with hirescam, gradcam, gradcam++ and layercam, not with %s", s->method_name);
    if (s->side_by_side && !s->overlay) return usage_error("explain", "--side-by-side goes with --overlay DIR");
    return EXIT_DONE;
}

static int find_class_of(explain_run *r) {
    const char *name;
    for (int32_t k = 0; r->s->class_name && (name = hn_model_class_name(r->model, k)); k++)
        if (!strcmp(name, r->s->class_name)) r->options.class_index = k + 1;
    if (r->s->class_name && !r->options.class_index)
        return usage_error("explain", "--class %s: the model has no such class; its first is %s", r->s->class_name, hn_model_class_name(r->model, 0));
    return EXIT_DONE;
}

static int open_all(explain_run *r, const char *model) {
    const explain_settings *s = r->s;
    hn_predictor_options options = {.struct_size = sizeof options, .device = s->device, .threshold = s->threshold};
    hn_error err = {0};
    r->info.struct_size = sizeof r->info;
    hn_status status = open_context(s->threads, &r->ctx, &err);
    if (!status) status = catch_interrupt(r->ctx, &r->cancel, &err);
    if (!status) status = hn_model_load(r->ctx, model, &r->model, &err);
    if (!status) status = hn_model_get_info(r->model, &r->info, &err);
    if (!status) status = hn_predictor_create(r->model, &options, &r->predictor, &err);
    if (!status && s->sanity) status = open_random(r, &err);
    if (!status) status = note_if_look_unknown(r->model, &err);
    if (status) return fail(&err);
    r->options = (hn_explain_options){.struct_size = sizeof r->options, .method = s->method, .layer = s->layer, .steps = s->steps, .window = s->square,
                                      .stride = s->stride, .cancel = r->cancel, .blur = s->blur};
    return find_class_of(r);
}

static int run(explain_run *r, int n, char **words) {
    hn_error err = {0};
    int code = open_all(r, words[0]);
    if (!code) code = list_files(r->s, words + 1, n - 1, &r->list);
    if (!code && r->s->masks) code = check_masks(r);
    if (!code && r->s->overlay) code = make_folder(r->s->overlay);
    if (code) return code;
    r->cases = calloc(r->list.n, sizeof *r->cases);
    r->extents = calloc(r->list.volumes, sizeof *r->extents);
    if (!r->cases || !r->extents) return fail_text("out of memory");
    code = explain_all(r);
    if ((code == EXIT_DONE || code == EXIT_SKIPPED) && print_summary(r, &err)) return fail(&err);
    return code;
}

int cmd_explain(int argc, char **argv) {
    explain_settings s = {.method_name = "integrated-gradients", .colours_name = "inferno", .threshold = NAN, .region_threshold = 0.5, .strength = 0.6,
                          .curves = 32, .blur = NAN};
    explain_run r = {.s = &s};
    option list[N_OPTIONS];
    list_options(&s, list);
    int words = parse_options("explain", list, N_OPTIONS, argc, argv), code;
    if (words < 0) return EXIT_USAGE;
    if (words < 2) return usage_error("explain", "takes a model file and at least one image");
    if ((code = read_words(&s))) return code;
    if (isnan(s.blur)) s.blur = s.method >= HN_EXPLAIN_INTEGRATED_GRADIENTS ? EXPLAIN_BLUR : 0;
    if ((code = check(&s)) || (code = check_words("explain", NULL, s.device, NULL))) return code;
    if (isnan(s.threshold)) s.threshold = 0; /* the model's */
    quiet = s.quiet;
    code = run(&r, words, argv);
    free_files(&r.list);
    free(r.cases);
    free(r.extents);
    for (int32_t i = 0; i < r.n_random; i++) hn_predictor_free(r.random[i].predictor);
    hn_predictor_free(r.predictor);
    hn_model_free(r.model);
    hn_cancel_free(r.cancel);
    hn_context_free(r.ctx);
    return code;
}
