/* cmd_phantom.c - `haemnet phantom`: the library's invented patients → PNG or JPEG slices, lesion masks, manifest.csv.
 *
 * Slices are independent of each other, so threads take the next one until none is left; the manifest is written last, in order, so that
 * a folder with a manifest is whole. Nothing here draws: that is the library's. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

static const char *const types[] = {"epidural", "subdural", "intraparenchymal", "intraventricular", "subarachnoid"};
enum { TYPES = 5 };

typedef struct work {
    hn_phantom *phantom;
    hn_cancel *cancel;
    hn_phantom_slice_info *slices; /* [count] */
    int64_t count;
    int32_t digits, slice_digits;
    bool jpeg;
    const char *folder;
    atomic_llong next, done;
    atomic_bool stop;
    pthread_mutex_t lock; /* of error */
    hn_error error;
} work;

typedef struct phantom_settings {
    const char *out, *format;
    int32_t patients, size, slices, threads, quiet;
    double bleed_share;
    uint64_t seed;
} phantom_settings;

enum { N_OPTIONS = 9 };
static void list_options(phantom_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"out", OPTION_TEXT, &s->out, "DIR", "folder to write to (needed)"},
        {"patients", OPTION_INT, &s->patients, "N", "invented patients (needed)"},
        {"seed", OPTION_SEED, &s->seed, "N", "same seed, same bytes (0)"},
        {"size", OPTION_INT, &s->size, "N", "width and height in px, 64 to 2048 (512)"},
        {"slices", OPTION_INT, &s->slices, "N", "slices per patient, 1 to 40 (8)"},
        {"bleed-share", OPTION_NUMBER, &s->bleed_share, "R", "share of the patients with a bleed; most of their slices show none (0.5)"},
        {"format", OPTION_TEXT, &s->format, "png|jpeg", "of the images; masks are PNG (png)"},
        {"threads", OPTION_INT, &s->threads, "N", "threads to draw with (one per core)"},
        {"quiet", OPTION_FLAG, &s->quiet, NULL, "no progress"},
    };
    memcpy(list, options, sizeof options);
}

void describe_phantom(FILE *out) {
    phantom_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

/* "images/p0003_s05.png" */
static void name_slice(const work *w, int64_t i, bool mask, char *text, size_t size) {
    const hn_phantom_slice_info *s = &w->slices[i];
    snprintf(text, size, "%s/p%0*d_s%0*d.%s", mask ? "masks" : "images", w->digits, s->patient, w->slice_digits, s->slice,
             w->jpeg && !mask ? "jpg" : "png");
}

static hn_status write_slice(work *w, int64_t i, hn_error *err) {
    hn_phantom_slice_info *s = &w->slices[i];
    hn_image *image = NULL, *mask = NULL, *display = NULL;
    char name[64];
    char *path = NULL;
    s->struct_size = sizeof *s;
    hn_status status = hn_phantom_render(w->phantom, i, s, &image, &mask, err);
    if (!status) status = hn_image_window(image, &(hn_window){s->window_centre, s->window_width}, &display, err);
    if (!status) {
        name_slice(w, i, false, name, sizeof name);
        path = join_path(w->folder, name);
        status = w->jpeg ? hn_image_save_jpeg(display, path, 92, err) : hn_image_save_png(display, path, err);
        free(path);
    }
    if (!status) {
        name_slice(w, i, true, name, sizeof name);
        path = join_path(w->folder, name);
        status = hn_image_save_png(mask, path, err);
        free(path);
    }
    hn_image_free(image);
    hn_image_free(mask);
    hn_image_free(display);
    return status;
}

static void *draw(void *user) {
    work *w = user;
    for (int64_t i; !atomic_load(&w->stop) && !hn_cancel_triggered(w->cancel) && (i = atomic_fetch_add(&w->next, 1)) < w->count;) {
        hn_error err = {0};
        if (write_slice(w, i, &err)) {
            pthread_mutex_lock(&w->lock);
            w->error = err;
            pthread_mutex_unlock(&w->lock);
            atomic_store(&w->stop, true);
        }
        atomic_fetch_add(&w->done, 1);
    }
    return NULL;
}

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Shows progress while the threads draw. */
static void watch(work *w) {
    double begin = seconds_now();
    progress_bar bar;
    progress_begin(&bar, "phantom");
    while (bar.terminal && !atomic_load(&w->stop) && !hn_cancel_triggered(w->cancel) && atomic_load(&w->done) < w->count) {
        hn_progress p = {.struct_size = sizeof p, .batch = atomic_load(&w->done), .batches = w->count, .loss = NAN};
        p.images = p.batch;
        p.seconds = seconds_now() - begin;
        progress_draw(&bar, "", &p);
        usleep(200000);
    }
    progress_end(&bar);
}

static int draw_all(work *w, int32_t threads) {
    pthread_t *list = calloc((size_t)threads, sizeof *list);
    int32_t n = 0;
    if (!list) return fail_text("out of memory");
    while (n < threads && n < w->count && !pthread_create(&list[n], NULL, draw, w)) n++;
    if (n)
        watch(w);
    else
        draw(w);
    for (int32_t i = 0; i < n; i++) pthread_join(list[i], NULL);
    free(list);
    if (atomic_load(&w->stop)) return fail(&w->error);
    if (!hn_cancel_triggered(w->cancel)) return EXIT_DONE;
    fprintf(stderr, "haemnet: interrupted; run the same command again to write all of it\n");
    return EXIT_INTERRUPTED;
}

static void write_row(const work *w, FILE *out, int64_t i) {
    const hn_phantom_slice_info *s = &w->slices[i];
    char image[64], mask[64];
    name_slice(w, i, false, image, sizeof image);
    name_slice(w, i, true, mask, sizeof mask);
    fprintf(out, "%s,%s,p%0*d,%d", image, s->types ? "haemorrhage" : "no_haemorrhage", w->digits, s->patient, s->slice);
    for (int k = 0; k < TYPES; k++) fprintf(out, ",%d", (s->types >> k & 1) != 0);
    fputc(',', out);
    for (int k = 0, written = 0; k < TYPES; k++)
        if (s->types >> k & 1) fprintf(out, "%s%s", written++ ? ";" : "", types[k]);
    fprintf(out, ",%.4f,%.3f,%.9g,%.9g,%s\n", s->slice_volume_ml, s->volume_ml, s->pixel_spacing_mm, s->slice_spacing_mm, mask);
}

static int write_texts(const work *w, const phantom_settings *s) {
    char *note_path = join_path(w->folder, "SYNTHETIC.txt"), *path = join_path(w->folder, "manifest.csv");
    FILE *text = open_output(note_path), *out = NULL;
    if (text)
        fprintf(text, "SYNTHETIC DATA. These head-CT slices are drawn by a program; the patients are invented and nobody's.\n"
                      "They are for demonstrations, tests and benchmarks, never for clinical use or claims about it.\n\n"
                      "haemnet %s phantom --patients %d --slices %d --size %d --seed %llu --format %s --bleed-share %g\n\n"
                      "images/       slices, brain window (centre 40 HU, width 80 HU)\n"
                      "masks/        where the bleed is: 255, else 0\n"
                      "manifest.csv  label, patient, slice (0 = lowest), types of bleed on the slice; volume_ml is the slice's\n"
                      "              (mask area x slice spacing, 0 without a bleed), patient_volume_ml the whole patient's; spacings in mm\n",
                hn_version_string(), s->patients, s->slices, s->size, (unsigned long long)s->seed, s->format, s->bleed_share);
    bool done = text && close_output(text, note_path) && (out = open_output(path));
    if (done) {
        fprintf(out, "file,label,patient,slice");
        for (int k = 0; k < TYPES; k++) fprintf(out, ",%s", types[k]);
        fprintf(out, ",types,volume_ml,patient_volume_ml,pixel_spacing_mm,slice_spacing_mm,mask\n");
        for (int64_t i = 0; i < w->count; i++) write_row(w, out, i);
        done = close_output(out, path);
    }
    free(note_path);
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static int make_folders(const char *folder) {
    char *images = join_path(folder, "images"), *masks = join_path(folder, "masks");
    int code = make_folder(images);
    if (!code) code = make_folder(masks);
    free(images);
    free(masks);
    return code;
}

static int32_t digits_of(int32_t largest, int32_t least) {
    int32_t n = 1;
    for (; largest > 9; largest /= 10) n++;
    return n > least ? n : least;
}

static void report(const work *w, const phantom_settings *s) {
    int64_t bleeds = 0;
    for (int64_t i = 0; i < w->count; i++) bleeds += w->slices[i].types != 0;
    if (!quiet)
        printf("%lld synthetic slices of %d invented patients, %lld with a bleed: %s/manifest.csv\n", (long long)w->count, s->patients,
               (long long)bleeds, s->out);
}

static int run(const phantom_settings *s, hn_context *ctx) {
    hn_error err = {0};
    hn_phantom_options options = {.struct_size = sizeof options, .patients = s->patients, .size = s->size, .slices_per_patient = s->slices,
                                  .seed = s->seed, .bleed_share = s->bleed_share};
    work w = {.folder = s->out, .jpeg = !strcmp(s->format, "jpeg"), .digits = digits_of(s->patients - 1, 4)};
    w.slice_digits = digits_of(s->slices - 1, 2);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int code;
    pthread_mutex_init(&w.lock, NULL);
    if (catch_interrupt(ctx, &w.cancel, &err) || hn_phantom_create(ctx, &options, &w.phantom, &err)) {
        code = fail(&err);
    } else {
        w.count = hn_phantom_count(w.phantom);
        w.slices = calloc((size_t)w.count, sizeof *w.slices);
        code = w.slices ? make_folders(s->out) : fail_text("out of memory");
        if (!code) code = draw_all(&w, s->threads ? s->threads : cores > 0 ? (int32_t)cores : 1);
        if (!code) code = write_texts(&w, s);
        if (!code) report(&w, s);
    }
    free(w.slices);
    hn_phantom_free(w.phantom);
    hn_cancel_free(w.cancel);
    pthread_mutex_destroy(&w.lock);
    return code;
}

int cmd_phantom(int argc, char **argv) {
    phantom_settings s = {.format = "png", .size = 512, .slices = 8, .bleed_share = 0.5};
    option list[N_OPTIONS];
    hn_context *ctx = NULL;
    hn_error err = {0};
    list_options(&s, list);
    int words = parse_options("phantom", list, N_OPTIONS, argc, argv);
    if (words < 0) return EXIT_USAGE;
    quiet = s.quiet;
    if (words) return usage_error("phantom", "%s: takes options only", argv[0]);
    if (!s.out) return usage_error("phantom", "--out DIR is needed");
    if (!s.patients) return usage_error("phantom", "--patients N is needed");
    if (s.patients < 1 || s.patients > 1000000) return usage_error("phantom", "--patients %d: must be 1 to 1000000", s.patients);
    if (s.size < 64 || s.size > 2048) return usage_error("phantom", "--size %d: must be 64 to 2048", s.size);
    if (s.slices < 1 || s.slices > 40) return usage_error("phantom", "--slices %d: must be 1 to 40", s.slices);
    if (!(s.bleed_share > 0 && s.bleed_share <= 1)) return usage_error("phantom", "--bleed-share %g: must be above 0 and at most 1", s.bleed_share);
    if (s.threads < 0 || s.threads > 1024) return usage_error("phantom", "--threads %d: must be 1 to 1024", s.threads);
    if (!strcmp(s.format, "jpg")) s.format = "jpeg";
    if (strcmp(s.format, "png") && strcmp(s.format, "jpeg")) return usage_error("phantom", "--format %s: must be png or jpeg", s.format);
    if (open_context(1, &ctx, &err)) return fail(&err);
    int code = run(&s, ctx);
    hn_context_free(ctx);
    return code;
}
