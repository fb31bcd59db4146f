/* input.c - the options that say what a network takes in: size, channels, windows, slices, crop, filters. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

static const struct {
    const char *name;
    hn_window window; /* HU */
} named[] = {{"brain", {40, 80}}, {"subdural", {80, 200}}, {"bone", {600, 2800}}, {"stroke", {40, 40}}};

/* "bone" or "600/2800"; false if it is neither. */
static bool read_window(const char *text, hn_window *out) {
    char *end;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (!strcmp(text, named[i].name)) {
            *out = named[i].window;
            return true;
        }
    out->centre = strtod(text, &end);
    if (end == text || *end != '/') return false;
    text = end + 1;
    out->width = strtod(text, &end);
    return end != text && !*end && out->width > 0 && out->centre > -1e6 && out->centre < 1e6 && out->width < 1e6;
}

/* How many windows the list has; the first MOST_WINDOWS of them; *wrong: the first that is none, malloc'd, or NULL. */
static int read_windows(const char *text, hn_window *windows, char **wrong) {
    char *copy;
    const char **list;
    *wrong = NULL;
    if (!text) return 0;
    int n = split_list(text, &copy, &list);
    for (int i = 0; i < n && i < MOST_WINDOWS && !*wrong; i++)
        if (!read_window(list[i], &windows[i])) *wrong = strdup(list[i]);
    free(list);
    free(copy);
    return n;
}

static int count_windows(const input_choice *c) {
    hn_window windows[MOST_WINDOWS];
    char *wrong;
    int n = read_windows(c->windows, windows, &wrong);
    free(wrong);
    return n;
}

int32_t input_channels(const input_choice *c) {
    int n = count_windows(c);
    if (c->channels) return c->channels * c->slices;
    return c->slices * (n > 1 ? n : 1);
}

int check_input(const char *name, const input_choice *c) {
    hn_window windows[MOST_WINDOWS];
    char *wrong;
    int n = read_windows(c->windows, windows, &wrong), code = EXIT_DONE;
    if (wrong)
        code = usage_error(name, "--windows %s: must be brain, subdural, bone, stroke, or CENTRE/WIDTH in HU such as 40/80", wrong);
    free(wrong);
    if (code) return code;
    if (c->size < 1 || c->size > 65535) return usage_error(name, "--size %d: must be 1 to 65535", c->size);
    if (c->channels && n > 1 && c->channels != n) return usage_error(name, "--channels %d: %d windows give %d", c->channels, n, n);
    if (c->channels && n <= 1 && c->channels != 1 && c->channels != 3)
        return usage_error(name, "--channels %d: image files give 1 or 3", c->channels);
    if (c->slices < 1 || c->slices > 15 || c->slices % 2 == 0) return usage_error(name, "--slices %d: must be an odd number, 1 to 15", c->slices);
    if (n > MOST_WINDOWS || input_channels(c) > 16)
        return usage_error(name, "%d channels from %d slices and %d windows: at most 16", input_channels(c), c->slices, n);
    if (c->median && (c->median < 3 || c->median > 31 || c->median % 2 == 0))
        return usage_error(name, "--median %d: must be an odd number, 3 to 31", c->median);
    if (c->gaussian != 0 && !(c->gaussian >= 0.1 && c->gaussian <= 64)) return usage_error(name, "--gaussian %g: must be 0.1 to 64", c->gaussian);
    return EXIT_DONE;
}

void fill_input(const input_choice *c, hn_model_options *options, hn_window windows[MOST_WINDOWS]) {
    char *wrong;
    options->width = options->height = c->size;
    options->channels = input_channels(c);
    options->n_windows = read_windows(c->windows, windows, &wrong);
    options->windows = windows;
    options->slices = c->slices;
    options->preproc_flags = c->strip_skull ? HN_PREPROC_STRIP_SKULL : 0;
    options->crop_head = c->crop_head;
    options->crop_margin = c->crop_head ? 0.05 : 0;
    options->median = c->median;
    options->gaussian = c->gaussian;
    free(wrong);
}
