/* trivial.c - one number of each image that has nothing to do with blood: its size, its brightness, its place in the volume, the bytes of its file.
 * Whoever sorts images by it is a classifier that no one would want, and that a model has to be clearly ahead of. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "crossval.h"

enum { AREA, GREY, MID_GREY, MIDDLE, BYTES };
const char *const trivial_names[N_BASELINES] = {"image size", "mean grey", "mid-grey share", "distance from mid-volume", "file size"};

/* A quarter to three quarters of the range, which is soft tissue in a brain window. */
enum { MID_LOW = 64, MID_HIGH = 191 };

/* Grey levels of one image: their mean, and the share of the middle ones. NaN stays where it cannot be read. */
static void look_at(hn_context *ctx, const char *path, double *area, double *grey, double *mid) {
    hn_image *image = NULL, *u8 = NULL;
    hn_image_info info = {.struct_size = sizeof info};
    size_t n = 0;
    uint8_t *pixels = NULL;
    double sum = 0, middle = 0;
    if (hn_image_load(ctx, path, NULL, &image, NULL) || hn_image_get_info(image, &info, NULL)) goto done;
    *area = (double)info.width * info.height;
    if (hn_image_convert(image, 1, &u8, NULL) || hn_image_copy_pixels(u8, NULL, 0, &n, NULL)) goto done;
    if (!(pixels = malloc(n)) || hn_image_copy_pixels(u8, pixels, n, NULL, NULL)) goto done;
    for (size_t i = 0; i < n; i++) {
        sum += pixels[i];
        middle += pixels[i] >= MID_LOW && pixels[i] <= MID_HIGH;
    }
    *grey = sum / (double)n;
    *mid = middle / (double)n;
done:
    free(pixels);
    hn_image_free(u8);
    hn_image_free(image);
}

typedef struct place { /* of a slice */
    const char *patient;
    int32_t slice;
    int64_t row;
} place;

static int by_patient(const void *a, const void *b) {
    const place *p = a, *q = b;
    int order = strcmp(p->patient, q->patient);
    return order ? order : (p->slice > q->slice) - (p->slice < q->slice);
}

/* 0 in the middle of the patient's slices, 1 at their ends. True if every row has a patient and a slice. */
static bool find_middles(hn_dataset *data, int64_t n, double *middle) {
    hn_row row = {.struct_size = sizeof row};
    place *places = calloc((size_t)n + 1, sizeof *places);
    bool there = places != NULL;
    for (int64_t i = 0; i < n && there; i++) {
        there = !hn_dataset_get_row(data, i, &row, NULL) && row.slice >= 0 && *row.group;
        if (there) places[i] = (place){row.group, row.slice, i};
    }
    if (there) qsort(places, (size_t)n, sizeof *places, by_patient);
    for (int64_t from = 0, to; from < n && there; from = to) {
        for (to = from; to < n && !strcmp(places[to].patient, places[from].patient);) to++;
        double low = places[from].slice, half = (places[to - 1].slice - low) / 2;
        for (int64_t i = from; i < to; i++) middle[places[i].row] = half > 0 ? fabs(places[i].slice - low - half) / half : 0;
    }
    free(places);
    return there;
}

int trivial_values(hn_context *ctx, hn_cancel *cancel, hn_dataset *data, double *values, bool there[N_BASELINES]) {
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_row row = {.struct_size = sizeof row};
    struct timespec begin, now;
    progress_bar bar;
    hn_dataset_get_info(data, &info, NULL);
    const int64_t n = info.n_rows;
    for (int64_t i = 0; i < n * N_BASELINES; i++) values[i] = NAN;
    progress_begin(&bar, "baselines");
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int64_t i = 0; i < n && !hn_cancel_triggered(cancel); i++) {
        struct stat facts;
        hn_progress progress = {.struct_size = sizeof progress, .batch = i + 1, .batches = n, .images = i + 1, .loss = NAN};
        if (hn_dataset_get_row(data, i, &row, NULL)) continue;
        look_at(ctx, row.path, &values[AREA * n + i], &values[GREY * n + i], &values[MID_GREY * n + i]);
        if (!stat(row.path, &facts)) values[BYTES * n + i] = (double)facts.st_size;
        clock_gettime(CLOCK_MONOTONIC, &now);
        progress.seconds = (double)(now.tv_sec - begin.tv_sec) + 1e-9 * (double)(now.tv_nsec - begin.tv_nsec);
        progress_show(&bar, &progress);
    }
    progress_end(&bar);
    for (int b = 0; b < N_BASELINES; b++) there[b] = true;
    there[MIDDLE] = find_middles(data, n, values + MIDDLE * n);
    return hn_cancel_triggered(cancel) ? EXIT_INTERRUPTED : EXIT_DONE;
}

typedef struct ranked {
    double value;
    int64_t row;
} ranked;

static int by_value(const void *a, const void *b) {
    const ranked *p = a, *q = b;
    return (p->value > q->value) - (p->value < q->value);
}

bool rank_values(double *values, int64_t n) {
    ranked *list = calloc((size_t)n + 1, sizeof *list);
    int64_t m = 0;
    for (int64_t i = 0; list && i < n; i++) {
        if (!isnan(values[i])) list[m++] = (ranked){values[i], i};
        values[i] = 0.5;
    }
    if (list) qsort(list, (size_t)m, sizeof *list, by_value);
    for (int64_t from = 0, to; list && from < m; from = to) {
        for (to = from; to < m && list[to].value <= list[from].value;) to++;
        for (int64_t i = from; i < to; i++) values[list[i].row] = (double)(from + to) / (2 * (double)m);
    }
    free(list);
    return list != NULL;
}
