/* test_evaluate.c - a predictor over data sets: rows, truth in the model's numbering, bad files, progress, cancelling, refusals. */
#include <sys/stat.h>

#include "scene.h"

enum { FILES = 5 }; /* of each class, good ones */

static char scratch[1024];
static const char *const names[] = {"no_haemorrhage", "haemorrhage"}; /* not in the order of a folder's sorted classes */
static hn_model *model;
static hn_predictor *predictor;

static const char *at(const char *relative) {
    static char path[1200];
    snprintf(path, sizeof path, "%s/%s", scratch, relative);
    return path;
}

static void write_text(const char *relative, const char *text) {
    FILE *f = fopen(at(relative), "wb");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

/* PNG of image number i, 8 bit. */
static void write_image(const char *relative, uint32_t i) {
    hn_image *image = new_image(ctx, i), *u8 = NULL;
    ck_ok(hn_image_convert(image, 1, &u8, &err));
    ck_ok(hn_image_save_png(u8, at(relative), &err));
    hn_image_free(u8);
    hn_image_free(image);
}

static void set_up_data(void) {
    char name[64];
    const char *base = getenv("TMPDIR");
    set_up();
    snprintf(scratch, sizeof scratch, "%s/haemnet-evaluate-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(scratch));
    ck_assert_int_eq(mkdir(at("haemorrhage"), 0700), 0);
    ck_assert_int_eq(mkdir(at("no_haemorrhage"), 0700), 0);
    for (uint32_t i = 0; i < 2 * FILES; i++) {
        snprintf(name, sizeof name, "%s/%u.png", i < FILES ? "haemorrhage" : "no_haemorrhage", i % FILES * 2);
        write_image(name, i);
    }
    model = new_model(ctx, &(hn_model_options){.class_names = names, .n_classes = 2, .positive = 2});
    predictor = new_predictor(model, 4, 0);
}

static void tear_down_data(void) {
    char command[1100];
    hn_predictor_free(predictor);
    hn_model_free(model);
    hn_memory_info info = {.struct_size = sizeof info}, fresh_info = info;
    hn_context *other = new_context(NULL);
    int32_t count;
    ck_ok(hn_device_count(other, &count, &err)); /* the registry has looked for plug-ins, as in ctx */
    ck_ok(hn_context_memory(other, &fresh_info, &err));
    ck_ok(hn_context_memory(ctx, &info, &err));
    ck_assert_uint_eq(info.live_blocks, fresh_info.live_blocks);
    hn_context_free(other);
    tear_down();
    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    ck_assert_int_eq(system(command), 0);
}

static hn_dataset *open_data(const hn_dataset_options *options) {
    hn_dataset *data = NULL;
    ck_ok(hn_dataset_open(ctx, scratch, options, &data, &err));
    return data;
}

static hn_eval *evaluate(hn_dataset *data, const hn_eval_options *options) {
    hn_eval *eval = NULL;
    ck_ok(hn_evaluate(predictor, data, options, &eval, &err));
    return eval;
}

static void refuse(hn_dataset *data, hn_eval_options o, hn_status status) {
    hn_eval *eval = (hn_eval *)(uintptr_t)1;
    if (!o.struct_size) o.struct_size = sizeof o;
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(hn_evaluate(predictor, data, &o, &eval, &err), status);
    ck_assert_ptr_null(eval);
    ck_assert_int_eq(err.status, status);
}

static hn_metrics metrics_of(const hn_eval *eval) {
    hn_metrics m = {.struct_size = sizeof m};
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    return m;
}

/* Every sample of the evaluation against its file: path, truth, probabilities as hn_predict gives them, verdict. */
static void check_rows(const hn_eval *eval, int64_t n) {
    ck_assert_int_eq(hn_eval_count(eval), n);
    for (int64_t i = 0; i < n; i++) {
        hn_eval_sample s = {.struct_size = sizeof s};
        hn_image *image = NULL;
        ck_ok(hn_eval_row(eval, i, &s, &err));
        ck_ok(hn_image_load(ctx, s.path, NULL, &image, &err));
        const verdict *v = predict(predictor, image);
        ck_assert_double_eq(s.probabilities[0], (double)v->probabilities[0]);
        ck_assert_double_eq(s.probabilities[1], (double)v->probabilities[1]);
        ck_assert_int_eq(s.predicted, v->p.class_index);
        ck_assert_int_eq(s.label, strstr(s.path, "/no_haemorrhage/") ? 0 : 1);
        ck_assert_uint_eq(s.labels, UINT64_C(1) << s.label);
        ck_assert_str_eq(s.group, "");
        ck_assert_int_eq(s.flags, 0);
        hn_image_free(image);
    }
}

START_TEST(folder_with_broken_files) {
    write_text("haemorrhage/3.png", "this is no picture");
    write_text("no_haemorrhage/9.png", "");
    hn_dataset *data = open_data(NULL);
    for (int round = 0; round < 2; round++) { /* the second time from the cache, with the bad files known */
        hn_eval *eval = evaluate(data, NULL);
        check_rows(eval, 2 * FILES);
        hn_metrics m = metrics_of(eval);
        ck_assert_int_eq(m.n, 2 * FILES);
        ck_assert_int_eq(m.skipped, 2);
        ck_assert_int_eq(m.tp + m.fn, FILES);
        ck_assert_int_eq(m.positive, 1);
        ck_assert_int_eq(m.groups_unknown, 1);
        ck_assert_str_eq(hn_eval_class_name(eval, 0), names[0]);
        ck_assert_str_eq(hn_eval_class_name(eval, 1), names[1]);
        hn_eval_free(eval);
    }
    for (int64_t i = 0; i < 2 * FILES + 2; i++) {
        hn_row row = {.struct_size = sizeof row};
        ck_ok(hn_dataset_get_row(data, i, &row, &err));
        bool bad = strstr(row.path, "/3.png") || strstr(row.path, "/9.png");
        ck_assert_msg(bad == (row.problem[0] != 0), "%s: %s", row.path, row.problem);
    }
    hn_dataset_free(data);
}
END_TEST

/* Row numbers are the data set's, also behind a skipped file; the eval outlives all it came from. */
START_TEST(rows_and_groups) {
    hn_dataset *data = NULL;
    hn_image *image = new_image(ctx, 0);
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    ck_ok(hn_dataset_add_image(data, image, "haemorrhage", "p1", &err));
    ck_ok(hn_dataset_add_file(data, at("nowhere.png"), "haemorrhage", "p1", &err));
    ck_ok(hn_dataset_add_file(data, at("haemorrhage/2.png"), "no_haemorrhage", "p2", &err));
    hn_eval *eval = evaluate(data, NULL);
    hn_dataset_free(data);
    hn_image_free(image);
    hn_eval_sample a = {.struct_size = sizeof a}, b = a;
    ck_assert_int_eq(hn_eval_count(eval), 2);
    ck_ok(hn_eval_row(eval, 0, &a, &err));
    ck_ok(hn_eval_row(eval, 1, &b, &err));
    ck_assert_int_eq(a.row, 0);
    ck_assert_int_eq(b.row, 2);
    ck_assert_str_eq(a.path, "");
    ck_assert_str_eq(a.group, "p1");
    ck_assert_str_eq(b.group, "p2");
    ck_assert_int_eq(a.label, 1);
    ck_assert_int_eq(b.label, 0);
    hn_metrics m = metrics_of(eval);
    ck_assert_int_eq(m.groups_unknown, 0);
    ck_assert_int_eq(m.skipped, 1);
    hn_eval_free(eval);
}
END_TEST

/* Rows of files 0, 2, …, by patient, study and slice; not in the order of the series. */
static const char *const series_manifest = "file,label,patient,study,slice\n"
                                           "haemorrhage/0.png,haemorrhage,p1,a,3\n"
                                           "haemorrhage/2.png,haemorrhage,p1,a,1\n"
                                           "no_haemorrhage/0.png,no_haemorrhage,p2,,2\n"
                                           "haemorrhage/4.png,haemorrhage,p1,b,2\n"
                                           "no_haemorrhage/2.png,no_haemorrhage,p1,a,2\n"
                                           "haemorrhage/6.png,haemorrhage,p1,a,\n"
                                           "no_haemorrhage/4.png,no_haemorrhage,p1,a,90\n";

static double logit_of(const hn_eval *eval, int64_t row) {
    hn_eval_sample s = {.struct_size = sizeof s};
    ck_ok(hn_eval_row(eval, row, &s, &err));
    ck_assert_double_eq_tol(s.probabilities[0] + s.probabilities[1], 1, 1e-6);
    return log(s.probabilities[1] / s.probabilities[0]);
}

/* Slices 1, 2, 3 of study a are averaged, as logits; another study, another patient, one without a number and one far away are not. */
START_TEST(along_the_series) {
    const int place[7] = {3, 1, 0, 0, 2, 0, 0};
    const double sigma = 1.5;
    hn_dataset *data = NULL;
    write_text("series.csv", series_manifest);
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    ck_ok(hn_dataset_add_manifest(data, at("series.csv"), &err));
    hn_eval *plain = evaluate(data, NULL), *smooth = evaluate(data, &(hn_eval_options){.struct_size = sizeof(hn_eval_options), .smooth = sigma});
    double logits[7];
    for (int i = 0; i < 7; i++) logits[i] = logit_of(plain, i);
    for (int i = 0; i < 7; i++) {
        double sum = logits[i], total = 1;
        for (int k = 0; k < 7; k++) {
            const double d = place[k] - place[i], w = place[i] && place[k] && k != i ? exp(-d * d / (2 * sigma * sigma)) : 0;
            sum += w * logits[k];
            total += w;
        }
        ck_assert_double_eq_tol(logit_of(smooth, i), sum / total, 1e-12);
        ck_assert(place[i] == 0 || fabs(logit_of(smooth, i) - logits[i]) > 1e-9);
    }
    hn_eval *refused = NULL;
    ck_assert_int_eq(hn_evaluate(predictor, data, &(hn_eval_options){.struct_size = sizeof(hn_eval_options), .smooth = -1}, &refused, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(refused);
    ck_assert_ptr_nonnull(strstr(err.message, "slices"));
    hn_eval_free(plain);
    hn_eval_free(smooth);
    hn_dataset_free(data);
}
END_TEST

START_TEST(threshold_and_positive) {
    hn_dataset *data = open_data(NULL);
    hn_eval *eval = evaluate(data, &(hn_eval_options){.struct_size = sizeof(hn_eval_options), .threshold = 0.125, .positive = 1});
    hn_metrics m = metrics_of(eval);
    ck_assert_double_eq(m.threshold, 0.125);
    ck_assert_int_eq(m.positive, 0);
    hn_eval_free(eval);
    hn_predictor_free(predictor);
    predictor = new_predictor(model, 4, 0.25);
    eval = evaluate(data, NULL);
    m = metrics_of(eval);
    ck_assert_double_eq(m.threshold, 0.25); /* the predictor's */
    ck_assert_int_eq(m.positive, 1);        /* the model's */
    hn_eval_free(eval);
    hn_dataset_free(data);
}
END_TEST

typedef struct watch {
    int calls, stop_at;
    int64_t images;
} watch;

static int32_t look(void *user, const hn_progress *p) {
    watch *w = user;
    w->calls++;
    ck_assert_int_eq(p->phase, HN_PHASE_TEST);
    ck_assert_int_eq(p->epoch, 0);
    ck_assert_int_eq(p->batch, w->calls);
    ck_assert_int_eq(p->batches, 3); /* 10 images by 4 */
    ck_assert_int_gt(p->images, w->images);
    ck_assert(isnan(p->loss) && p->seconds >= 0);
    w->images = p->images;
    return w->calls == w->stop_at;
}

START_TEST(progress_and_cancel) {
    hn_dataset *data = open_data(NULL);
    watch w = {0};
    hn_cancel *cancel = NULL;
    hn_eval *eval = evaluate(data, &(hn_eval_options){.struct_size = sizeof(hn_eval_options), .progress = look, .progress_user = &w});
    ck_assert_int_eq(w.calls, 3);
    ck_assert_int_eq(w.images, 2 * FILES);
    hn_eval_free(eval);
    w = (watch){.stop_at = 2};
    refuse(data, (hn_eval_options){.progress = look, .progress_user = &w}, HN_E_CANCELLED);
    ck_assert_int_eq(w.calls, 2);
    ck_ok(hn_cancel_create(ctx, &cancel, &err));
    hn_cancel_trigger(cancel);
    refuse(data, (hn_eval_options){.cancel = cancel}, HN_E_CANCELLED);
    hn_cancel_reset(cancel);
    /* And it goes on as if nothing was. */
    eval = evaluate(data, &(hn_eval_options){.struct_size = sizeof(hn_eval_options), .cancel = cancel});
    check_rows(eval, 2 * FILES);
    hn_eval_free(eval);
    hn_cancel_free(cancel);
    hn_dataset_free(data);
}
END_TEST

START_TEST(refusals) {
    hn_dataset *data = open_data(NULL), *other = NULL;
    hn_eval *eval = NULL;
    refuse(NULL, (hn_eval_options){0}, HN_E_ARGUMENT);
    refuse(data, (hn_eval_options){.struct_size = 12}, HN_E_ABI);
    refuse(data, (hn_eval_options){.positive = 3}, HN_E_ARGUMENT);
    refuse(data, (hn_eval_options){.positive = -1}, HN_E_ARGUMENT);
    refuse(data, (hn_eval_options){.threshold = 1}, HN_E_ARGUMENT);
    refuse(data, (hn_eval_options){.threshold = NAN}, HN_E_ARGUMENT);
    ck_assert_int_eq(hn_evaluate(predictor, data, NULL, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_evaluate(NULL, data, NULL, &eval, &err), HN_E_ARGUMENT);
    ck_ok(hn_dataset_create(ctx, NULL, &other, &err));
    refuse(other, (hn_eval_options){0}, HN_E_DATA); /* no rows */
    ck_ok(hn_dataset_add_file(other, at("haemorrhage/0.png"), "tumour", NULL, &err));
    refuse(other, (hn_eval_options){0}, HN_E_DATA);
    ck_assert_msg(strstr(err.message, "tumour") && strstr(err.message, "no_haemorrhage"), "%s", err.message);
    hn_dataset_free(other);
    ck_ok(hn_dataset_create(ctx, NULL, &other, &err));
    ck_ok(hn_dataset_add_file(other, at("nowhere.png"), "haemorrhage", NULL, &err));
    refuse(other, (hn_eval_options){0}, HN_E_DATA); /* nothing that can be read */
    ck_assert_msg(strstr(err.message, "nowhere.png"), "%s", err.message);
    hn_dataset_free(other);
    hn_dataset_free(data);
}
END_TEST

START_TEST(strict) {
    write_text("haemorrhage/3.png", "this is no picture");
    hn_dataset *data = open_data(&(hn_dataset_options){.struct_size = sizeof(hn_dataset_options), .strict = 1});
    refuse(data, (hn_eval_options){0}, HN_E_FORMAT);
    ck_assert_msg(strstr(err.message, "3.png"), "%s", err.message);
    hn_dataset_free(data);
}
END_TEST

/* Label columns in another order than the model's labels. */
START_TEST(several_labels) {
    static const char *const columns[] = {"late", "early"}, *const labels[] = {"early", "middle", "late"};
    hn_dataset_options o = {.struct_size = sizeof o, .label_columns = columns, .n_label_columns = 2};
    hn_dataset *data = NULL;
    write_text("m.csv", "file,early,late\nhaemorrhage/0.png,1,0\nhaemorrhage/2.png,0,1\nhaemorrhage/4.png,1,1\nhaemorrhage/6.png,0,0\n");
    ck_ok(hn_dataset_open(ctx, at("m.csv"), &o, &data, &err));
    refuse(data, (hn_eval_options){0}, HN_E_DATA); /* the model takes one class a row */
    hn_predictor_free(predictor);
    hn_model_free(model);
    model = new_model(ctx, &(hn_model_options){.task = HN_TASK_MULTI, .class_names = labels, .n_classes = 3});
    predictor = new_predictor(model, 3, 0);
    hn_eval *eval = evaluate(data, NULL);
    const uint64_t truth[] = {1, 4, 5, 0};
    ck_assert_int_eq(hn_eval_count(eval), 4);
    for (int64_t i = 0; i < 4; i++) {
        hn_eval_sample s = {.struct_size = sizeof s};
        hn_image *image = NULL;
        ck_ok(hn_eval_row(eval, i, &s, &err));
        ck_assert_int_eq(s.label, -1);
        ck_assert_uint_eq(s.labels, truth[i]);
        ck_ok(hn_image_load(ctx, s.path, NULL, &image, &err));
        const verdict *v = predict(predictor, image);
        for (int k = 0; k < 3; k++) ck_assert_double_eq(s.probabilities[k], (double)v->probabilities[k]);
        hn_image_free(image);
    }
    ck_assert_int_eq(metrics_of(eval).positive, -1);
    hn_eval_free(eval);
    hn_dataset_free(data);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("evaluate a data set");
    TCase *tests = tcase_create("hn_evaluate");
    tcase_add_checked_fixture(tests, set_up_data, tear_down_data);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, folder_with_broken_files);
    tcase_add_test(tests, rows_and_groups);
    tcase_add_test(tests, along_the_series);
    tcase_add_test(tests, threshold_and_positive);
    tcase_add_test(tests, progress_and_cancel);
    tcase_add_test(tests, refusals);
    tcase_add_test(tests, strict);
    tcase_add_test(tests, several_labels);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
