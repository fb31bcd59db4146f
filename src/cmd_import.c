/* cmd_import.c - `haemnet import`: the weights of a plain safetensors file + what such a file does not say → a model file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

typedef struct import_settings {
    const char *model, *classes, *positive, *task, *out;
    int32_t channels, hidden, backbone, partial;
    input_choice input; /* its channels are not used: those of import are all of the input's */
    double threshold, mean, deviation;
} import_settings;

enum { N_OPTIONS = 20 };
static void list_options(import_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"model", OPTION_TEXT, &s->model, "NAME", "architecture that the weights belong to; haemnet inspect --presets lists them (needed)"},
        {"preset", OPTION_TEXT, &s->model, "NAME", "the same as --model"},
        {"backbone", OPTION_FLAG, &s->backbone, NULL, "the last layer is new: its classes may be others, and so may the channels of the input"},
        {"partial", OPTION_FLAG, &s->partial, NULL, "with --backbone: take what fits, leave the rest as it is drawn"},
        {"out", OPTION_TEXT, &s->out, "FILE", "model file to write (needed)"},
        {"classes", OPTION_TEXT, &s->classes, "A,B[,...]", "names of the outputs, in their order (0,1)"},
        {"positive", OPTION_TEXT, &s->positive, "NAME", "the class that is looked for (haemorrhage if it is there)"},
        {"size", OPTION_INT, &s->input.size, "N", "width and height of the input in px (the architecture's)"},
        {"channels", OPTION_INT, &s->channels, "N", "of the input, 1 to 16 (3, or one for each window of each slice)"},
        {"windows", OPTION_TEXT, &s->input.windows, "A[,B...]", "channels from CT values, as haemnet train --windows (brain)"},
        {"slices", OPTION_INT, &s->input.slices, "N", "neighbouring slices as channels, odd (1)"},
        {"strip-skull", OPTION_FLAG, &s->input.strip_skull, NULL, "take the skull and all outside it away, where it is white and closed"},
        {"crop-head", OPTION_FLAG, &s->input.crop_head, NULL, "crop to the square around the head and 5 % more, before resizing"},
        {"median", OPTION_INT, &s->input.median, "N", "median filter of N x N px before resizing, odd (none)"},
        {"gaussian", OPTION_NUMBER, &s->input.gaussian, "S", "Gaussian filter of sigma S px before resizing (none)"},
        {"mean", OPTION_NUMBER, &s->mean, "M", "taken from the grey levels 0 to 1 (0, or with --backbone what it wants)"},
        {"deviation", OPTION_NUMBER, &s->deviation, "D", "then they are divided by it (1, or with --backbone what it wants)"},
        {"hidden", OPTION_INT, &s->hidden, "N", "hidden width, of the tiny ones (the architecture's)"},
        {"task", OPTION_TEXT, &s->task, "single|multi", "one class an image, or any number of labels (single)"},
        {"threshold", OPTION_NUMBER, &s->threshold, "T", "probability from which the positive class, or a label, is said (0.5)"},
    };
    memcpy(list, options, sizeof options);
}

void describe_import(FILE *out) {
    import_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

/* Number of the class + 1; 0 = none; -1 = not among them. */
static int32_t find_positive(const char *name, const char *const *names, int32_t n) {
    static const char *const usual[] = {"haemorrhage", "hemorrhage"};
    for (int32_t k = 0; k < n; k++)
        if (name ? !strcmp(names[k], name) : !strcmp(names[k], usual[0]) || !strcmp(names[k], usual[1])) return k + 1;
    return name ? -1 : 0;
}

static int import(const char *weights, const import_settings *s, const hn_model_options *options) {
    hn_context *ctx = NULL;
    hn_model *model = NULL;
    hn_model_info info = {.struct_size = sizeof info};
    hn_error err = {0};
    hn_status status = open_context(1, &ctx, &err);
    if (!status)
        status = s->backbone ? begin_with(ctx, weights, s->model, options, s->partial, &model, &err)
                             : hn_model_import(ctx, weights, s->model, options, &model, &err);
    if (!status) status = hn_model_save(model, s->out, &err);
    if (!status) status = hn_model_get_info(model, &info, &err);
    if (!status) printf("%s: %s, %lld parameters, %d classes\n", s->out, info.preset, (long long)info.parameters, info.n_classes);
    hn_model_free(model);
    hn_context_free(ctx);
    return status ? fail(&err) : EXIT_DONE;
}

/* What the network was trained to take in; the file does not say. windows, mean and deviation are options' place. */
static int fill_preprocessing(import_settings *s, hn_model_options *options, hn_window *windows, double *mean, double *deviation) {
    const int32_t size = s->input.size;
    s->input.size = size ? size : 1; /* not given: the architecture's */
    const int code = check_input("import", &s->input);
    if (code) return code;
    fill_input(&s->input, options, windows);
    options->width = options->height = size;
    options->channels = s->channels ? s->channels : options->channels > 1 ? options->channels : 0;
    if (isnan(s->mean) && isnan(s->deviation)) return EXIT_DONE;
    for (int32_t c = 0; c < MOST_CHANNELS; c++) {
        mean[c] = isnan(s->mean) ? 0 : s->mean;
        deviation[c] = isnan(s->deviation) ? 1 : s->deviation;
    }
    options->mean = mean;
    options->deviation = deviation;
    return EXIT_DONE;
}

int cmd_import(int argc, char **argv) {
    import_settings s = {.task = "single", .threshold = NAN, .mean = NAN, .deviation = NAN, .input.slices = 1};
    option list[N_OPTIONS];
    char *copy = NULL;
    const char **names = NULL;
    hn_window windows[MOST_WINDOWS];
    double mean[MOST_CHANNELS], deviation[MOST_CHANNELS];
    hn_model_options options = {.struct_size = sizeof options};
    list_options(&s, list);
    int words = parse_options("import", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    if (words != 1) return usage_error("import", "takes one safetensors file");
    if (!s.model) return usage_error("import", "--model NAME is needed, such as --model tinyvgg");
    if (!s.out) return usage_error("import", "--out FILE is needed");
    if (strcmp(s.task, "single") && strcmp(s.task, "multi")) return usage_error("import", "--task %s: must be single or multi", s.task);
    if (s.positive && !s.classes) return usage_error("import", "--positive needs --classes");
    if (s.partial && !s.backbone) return usage_error("import", "--partial belongs to --backbone");
    if (!threshold_fits(s.threshold)) return usage_error("import", "--threshold %g: must lie between 0 and 1", s.threshold);
    int code = check_words("import", s.model, NULL, NULL);
    if (!code) code = fill_preprocessing(&s, &options, windows, mean, deviation);
    if (code) return code;
    options.hidden = s.hidden;
    options.threshold = isnan(s.threshold) ? 0 : s.threshold; /* 0 = the library's */
    options.task = strcmp(s.task, "multi") ? HN_TASK_SINGLE : HN_TASK_MULTI;
    if (s.classes) {
        options.n_classes = split_list(s.classes, &copy, &names);
        options.class_names = names;
        options.positive = find_positive(s.positive, names, options.n_classes);
    }
    code = options.positive < 0 ? usage_error("import", "--positive %s is not among --classes %s", s.positive, s.classes)
                                    : import(argv[0], &s, &options);
    free(names);
    free(copy);
    return code;
}
