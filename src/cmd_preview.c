/* cmd_preview.c - `haemnet preview`: a contact sheet. Images of the data at random, with class and size as they came; below each what a network takes
 * in of it, and the like of what it would be given in the first epochs of a training with --augment. Not the same numbers: a training counts the rows
 * of its own part, and mixes with others. An image is its own neighbour here, since a sheet is of single images. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { TILE = 192, GAP = 12, EDGE = 24, COLUMNS = 8, SCALE = 2, LINE = TEXT_HEIGHT * SCALE + 4, MOST_IMAGES = 64, MOST_VERSIONS = 16 };
enum { GREY = 120 }; /* of captions that are not names */

typedef struct preview_settings {
    const char *data, *out, *augment;
    data_choice choice;
    input_choice input;
    int32_t images, versions, threads, quiet;
    uint64_t seed;
} preview_settings;

typedef struct preview_run {
    const preview_settings *settings;
    hn_augment_options augment;
    hn_context *ctx;
    hn_dataset *data;
    hn_model *model;
    int32_t n;                     /* images that were found */
    hn_image *images[MOST_IMAGES];
    int64_t rows[MOST_IMAGES];     /* of the data set */
    char labels[MOST_IMAGES][64];
} preview_run;

enum { N_OPTIONS = 11 + N_INPUT_OPTIONS };
static void list_options(preview_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"out", OPTION_TEXT, &s->out, "FILE", "PNG to write (needed)"},
        {"images", OPTION_INT, &s->images, "N", "images to show, 1 to 64 (8)"},
        {"versions", OPTION_INT, &s->versions, "N", "augmented versions of each, of the epochs 1 to N (3)"},
        AUGMENT_OPTION(&s->augment, "none"),
        INPUT_OPTIONS(&s->input),
        {"label-column", OPTION_TEXT, &s->choice.label_columns, "A[,B...]", "manifest column of the label, or of several 0/1 labels (label)"},
        {"group", OPTION_TEXT, &s->choice.group, "REGEX|none", "patient by file name: first sub-match; none = there are no groups"},
        {"seed", OPTION_SEED, &s->seed, "N", "of the choice and of augmentation (0)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to compute with (one per core)"},
        {"strict", OPTION_FLAG, &s->choice.strict, NULL, "stop at the first bad file instead of taking another"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no notes"},
        {"cache", OPTION_INT, &s->choice.cache_mb, "MB", "memory for decoded images (512)"},
    };
    memcpy(list, options, sizeof options);
}

void describe_preview(FILE *out) {
    preview_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

/* SplitMix64 (Steele et al. 2014): a choice of rows needs no more. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* "haemorrhage", or of several labels those that are set. */
static void name_labels(hn_dataset *data, const hn_row *row, char *text, size_t size) {
    const char *name = row->label >= 0 ? hn_dataset_class_name(data, row->label) : NULL;
    size_t at = 0;
    snprintf(text, size, "%s", name ? name : "none");
    for (int32_t k = 0; row->label < 0 && k < 64 && at < size; k++)
        if (row->labels >> k & 1 && (name = hn_dataset_class_name(data, k)))
            at += (size_t)snprintf(text + at, size - at, "%s%s", at ? "," : "", name);
}

/* One row's image; a file that cannot be read is left out, and said, unless --strict. */
static int take_row(preview_run *r, int64_t index) {
    hn_row row = {.struct_size = sizeof row};
    hn_error err = {0};
    if (hn_dataset_get_row(r->data, index, &row, &err)) return fail(&err);
    if (hn_image_load(r->ctx, row.path, NULL, &r->images[r->n], &err)) {
        if (r->settings->choice.strict) return fail(&err);
        note("note: left out: %s", err.message);
        return EXIT_DONE;
    }
    name_labels(r->data, &row, r->labels[r->n], sizeof r->labels[r->n]);
    r->rows[r->n++] = index;
    return EXIT_DONE;
}

static int by_row(const void *a, const void *b) { return *(const int64_t *)a < *(const int64_t *)b ? -1 : 1; }

/* Rows at random, without returning, until there are enough images; in the order of rows. */
static int choose_images(preview_run *r) {
    const preview_settings *s = r->settings;
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_error err = {0};
    uint64_t state = s->seed;
    int code = hn_dataset_get_info(r->data, &info, &err) ? fail(&err) : EXIT_DONE;
    int64_t *order = code ? NULL : calloc((size_t)info.n_rows + 1, sizeof *order);
    if (!code && !order) code = fail_text("out of memory");
    for (int64_t i = 0; !code && i < info.n_rows; i++) order[i] = i;
    for (int64_t i = 0; !code && i < info.n_rows; i++) { /* Fisher–Yates */
        const int64_t j = i + (int64_t)(next_random(&state) % (uint64_t)(info.n_rows - i)), kept = order[i];
        order[i] = order[j], order[j] = kept;
    }
    const int64_t wanted = s->images < info.n_rows ? s->images : info.n_rows;
    if (!code) qsort(order, (size_t)wanted, sizeof *order, by_row); /* further ones only stand in for bad files */
    for (int64_t i = 0; !code && i < info.n_rows && r->n < wanted; i++) code = take_row(r, order[i]);
    free(order);
    if (!code && !r->n) code = fail_text("none of the %lld files of %s can be read", (long long)info.n_rows, s->data);
    return code;
}

static hn_status make_model(preview_run *r, hn_error *err) {
    hn_window windows[MOST_WINDOWS];
    hn_model_options options = {.struct_size = sizeof options};
    fill_input(&r->settings->input, &options, windows);
    return hn_model_preset(r->ctx, "tinyvgg", &options, &r->model, err); /* for its preprocessing */
}

/* A row of pictures under its caption: what augmentation makes in one epoch, 0 = none; images first … first + n - 1, but mixed within all. */
static hn_status draw_row(const preview_run *r, sheet *to, int32_t first, int32_t n, int64_t epoch, int32_t y, hn_error *err) {
    hn_image *seen[MOST_IMAGES] = {NULL};
    hn_status status = hn_augment_images(r->model, (const hn_image *const *)r->images, r->n, epoch ? &r->augment : NULL, r->settings->seed, epoch,
                                         r->rows, seen, err);
    for (int32_t i = 0; i < n && !status; i++) status = sheet_image(to, seen[first + i], EDGE + i * (TILE + GAP), y, TILE, err);
    for (int32_t i = 0; i < r->n; i++) hn_image_free(seen[i]);
    return status;
}

static hn_status draw_caption(sheet *to, const char *text, int32_t y, hn_error *err) {
    return sheet_text(to, text, EDGE, y, SCALE, (to->width - 2 * EDGE) / (TEXT_WIDTH * SCALE), GREY, err);
}

/* Originals with their class and size. */
static hn_status draw_originals(const preview_run *r, sheet *to, int32_t first, int32_t n, int32_t y, hn_error *err) {
    hn_status status = HN_OK;
    for (int32_t i = 0; i < n && !status; i++) {
        const int32_t x = EDGE + i * (TILE + GAP), letters = TILE / (TEXT_WIDTH * SCALE);
        hn_image_info info = {.struct_size = sizeof info};
        char size[32];
        status = hn_image_get_info(r->images[first + i], &info, err);
        snprintf(size, sizeof size, "%d x %d px", info.width, info.height);
        if (!status) status = sheet_image(to, r->images[first + i], x, y, TILE, err);
        if (!status) status = sheet_text(to, r->labels[first + i], x, y + TILE + 4, SCALE, letters, 0, err);
        if (!status) status = sheet_text(to, size, x, y + TILE + 4 + LINE, SCALE, letters, GREY, err);
    }
    return status;
}

/* Heights of the parts of a block of columns. */
enum { ORIGINALS = TILE + 4 + 2 * LINE + GAP, SEEN = LINE + TILE + GAP };

static hn_status draw_block(const preview_run *r, sheet *to, int32_t first, int32_t n, int32_t versions, int32_t y, hn_error *err) {
    const int32_t size = r->settings->input.size;
    char text[96];
    hn_status status = draw_originals(r, to, first, n, y, err);
    y += ORIGINALS;
    for (int32_t epoch = 0; epoch <= versions && !status; epoch++, y += SEEN) {
        if (epoch)
            snprintf(text, sizeof text, "augmented, epoch %d", epoch);
        else
            snprintf(text, sizeof text, "what the network sees: %d x %d px%s", size, size, r->settings->input.slices > 1 ? ", of the slice itself" : "");
        status = draw_caption(to, text, y, err);
        if (!status) status = draw_row(r, to, first, n, epoch, y + LINE, err);
    }
    return status;
}

static hn_status draw(const preview_run *r, const char *path, hn_error *err) {
    const int32_t columns = r->n < COLUMNS ? r->n : COLUMNS, blocks = (r->n + COLUMNS - 1) / COLUMNS;
    const bool augments = r->settings->augment && strcmp(r->settings->augment, "none");
    const int32_t versions = augments ? r->settings->versions : 0, block = ORIGINALS + (versions + 1) * SEEN + GAP;
    sheet s;
    if (!sheet_create(&s, r->ctx, 2 * EDGE + columns * (TILE + GAP) - GAP, 2 * EDGE + blocks * block - GAP)) {
        err->status = HN_E_MEMORY;
        snprintf(err->message, sizeof err->message, "out of memory");
        return HN_E_MEMORY;
    }
    hn_status status = HN_OK;
    for (int32_t b = 0; b < blocks && !status; b++) {
        const int32_t first = b * COLUMNS, n = r->n - first < COLUMNS ? r->n - first : COLUMNS;
        status = draw_block(r, &s, first, n, versions, EDGE + b * block, err);
    }
    if (!status) status = sheet_save(&s, path, err);
    sheet_free(&s);
    return status;
}

static int check(const preview_settings *s) {
    if (!s->out) return usage_error("preview", "--out SHEET.png is needed: the picture to write");
    if (s->images < 1 || s->images > MOST_IMAGES) return usage_error("preview", "--images %d: must be 1 to %d", s->images, MOST_IMAGES);
    if (s->versions < 1 || s->versions > MOST_VERSIONS) return usage_error("preview", "--versions %d: must be 1 to %d", s->versions, MOST_VERSIONS);
    if (s->threads < 0) return usage_error("preview", "--threads %d: must be 1 or more", s->threads);
    if (s->choice.cache_mb < -1) return usage_error("preview", "--cache %d: must be 0 or more", s->choice.cache_mb);
    return check_input("preview", &s->input);
}

int cmd_preview(int argc, char **argv) {
    preview_settings s = {.choice.cache_mb = -1, .input = DEFAULT_INPUT, .images = 8, .versions = 3};
    preview_run r = {.settings = &s};
    option list[N_OPTIONS];
    hn_error err = {0};
    list_options(&s, list);
    int words = parse_options("preview", list, N_OPTIONS, argc, argv), code;
    if (words < 0) return EXIT_USAGE;
    if (words != 1) return usage_error("preview", "takes one folder or manifest, not %d words", words);
    if ((code = check(&s)) || (code = parse_augment("preview", s.augment, &r.augment)) || (code = check_words("preview", NULL, NULL, s.choice.group)))
        return code;
    s.data = argv[0];
    quiet = s.quiet;
    if (s.input.slices > 1) note("note: neighbouring slices are not shown: each image stands for its own");
    hn_status status = open_context(s.threads, &r.ctx, &err);
    if (!status) status = open_data(r.ctx, s.data, &s.choice, &r.data, &err);
    if (!status) status = make_model(&r, &err);
    code = status ? fail(&err) : choose_images(&r);
    if (!code && draw(&r, s.out, &err)) code = fail(&err);
    if (!code && !quiet) printf("%s: %d images%s\n", s.out, r.n, s.augment ? ", augmented" : "");
    for (int32_t i = 0; i < r.n; i++) hn_image_free(r.images[i]);
    hn_model_free(r.model);
    hn_dataset_free(r.data);
    hn_context_free(r.ctx);
    return code;
}
