/* From training to prediction, by public calls: who knows its training images and who does not, that file, resumption and threads change nothing, that
 * every way of predicting says the same, what files that lie are told, and what an evaluation makes of it. */
#include "odd.h"

enum { PATIENTS = 30, SLICES = 2, SIZE = 32 };

static hn_context *ctx;
static hn_phantom *people;
static hn_dataset *data;

static void set_up(void) {
    ctx = odd_context(2);
    people = population(ctx, PATIENTS, SLICES, 4);
    data = population_data(ctx, people);
}

static void tear_down(void) {
    hn_dataset_free(data);
    hn_phantom_free(people);
    hn_context_free(ctx);
}

static char *bytes_of(const hn_model *model, size_t *size) {
    ck_ok(hn_model_save_memory(model, NULL, 0, size, &err));
    char *bytes = malloc(*size);
    ck_assert_ptr_nonnull(bytes);
    ck_ok(hn_model_save_memory(model, bytes, *size, size, &err));
    return bytes;
}

static hn_familiarity known_by(const hn_model *model) {
    hn_familiarity f = {.struct_size = sizeof f};
    ck_ok(hn_model_get_familiarity(model, &f, &err));
    return f;
}

static double novelty_of(const hn_model *model, const hn_image *image) {
    hn_predictor *p = NULL;
    hn_prediction out = {.struct_size = sizeof out};
    ck_ok(hn_predictor_create(model, NULL, &p, &err));
    ck_ok(hn_predict(p, image, &out, &err));
    hn_predictor_free(p);
    ck_assert_int_eq((out.flags & HN_PREDICTION_UNFAMILIAR) != 0, out.novelty > 1);
    return out.novelty;
}

static hn_image *noise_image(void) {
    canvas c;
    memset(&c, 0, sizeof c);
    return odd_image(ctx, 1, 3, &c);
}

START_TEST(who_knows_and_who_does_not) {
    hn_model *trained = train_on(ctx, data, SIZE, 1, 0), *without = train_on(ctx, data, SIZE, 1, HN_TRAIN_NO_FAMILIARITY), *fresh = NULL;
    hn_image *noise = noise_image(), *head = head_image(people, 3);
    ck_ok(hn_model_preset(ctx, "tinyvgg", NULL, &fresh, &err));
    const hn_familiarity f = known_by(trained);
    ck_assert(f.known == 1 && f.rows == PATIENTS * SLICES && f.groups == PATIENTS && f.folds == 10 && f.statistics == 109);
    ck_assert(f.share == 0.975 && f.shrinkage > 0 && f.shrinkage < 1);
    ck_assert(novelty_of(trained, noise) > 1 && novelty_of(trained, head) < 1);
    ck_assert(!known_by(without).known && !known_by(without).rows && !known_by(fresh).known);
    ck_assert(isnan(novelty_of(without, noise)) && isnan(novelty_of(fresh, noise)));
    hn_image_free(noise), hn_image_free(head);
    hn_model_free(trained), hn_model_free(without), hn_model_free(fresh);
}
END_TEST

/* A map says of its image what a verdict on it says, bit for bit, by every call; a model that does not know says nothing. */
START_TEST(maps_say_what_verdicts_say) {
    hn_model *models[] = {train_on(ctx, data, SIZE, 1, 0), train_on(ctx, data, SIZE, 1, HN_TRAIN_NO_FAMILIARITY)};
    hn_image *noise = noise_image(), *head = head_image(people, 3);
    const hn_image *const images[] = {noise, NULL, head, noise};
    static float maps[4 * ODD * ODD];
    for (int i = 0; i < 4; i++) {
        const hn_model *model = models[i % 2];
        const hn_predictor_options o = {.struct_size = sizeof o, .tta = i / 2 ? HN_TTA_FLIP : HN_TTA_NONE};
        const double novel = novelty_of(model, noise), usual = novelty_of(model, head);
        hn_predictor *p = NULL;
        ck_ok(hn_predictor_create(model, &o, &p, &err));
        for (int series = 0; series < 2; series++) {
            hn_heatmap_info info = {.struct_size = sizeof info}, infos[] = {info, info, info, info};
            ck_ok((series ? hn_explain_series : hn_explain_batch)(p, images, 4, NULL, maps, 4 * ODD * ODD, NULL, infos, &err));
            ck_ok(hn_explain(p, noise, NULL, maps, ODD * ODD, NULL, &info, &err));
            ck_assert(isnan(infos[1].novelty) && infos[1].flags == HN_HEATMAP_FAILED);
            if (i % 2) {
                ck_assert(isnan(info.novelty) && isnan(infos[0].novelty) && isnan(infos[2].novelty));
                ck_assert(!((info.flags | infos[0].flags | infos[2].flags) & HN_HEATMAP_UNFAMILIAR));
                continue;
            }
            ck_assert(info.novelty == novel && infos[0].novelty == novel && infos[3].novelty == novel && infos[2].novelty == usual);
            ck_assert(info.flags & infos[0].flags & infos[3].flags & HN_HEATMAP_UNFAMILIAR);
            ck_assert(novel > 1 && usual <= 1 && !(infos[2].flags & HN_HEATMAP_UNFAMILIAR));
        }
        hn_predictor_free(p);
    }
    hn_image_free(noise), hn_image_free(head);
    hn_model_free(models[0]), hn_model_free(models[1]);
}
END_TEST

START_TEST(too_few_images_teach_nothing) {
    hn_phantom *few = population(ctx, 9, 2, 4);
    hn_dataset *little = population_data(ctx, few);
    hn_model *model = train_on(ctx, little, SIZE, 1, 0);
    hn_image *noise = noise_image();
    ck_assert(!known_by(model).known && isnan(novelty_of(model, noise)));
    hn_image_free(noise);
    hn_model_free(model);
    hn_dataset_free(little);
    hn_phantom_free(few);
}
END_TEST

START_TEST(bad_flags_are_refused) {
    const hn_train_options t = {.struct_size = sizeof t, .flags = 2};
    hn_model *fresh = NULL;
    hn_trainer *trainer = NULL;
    ck_ok(hn_model_preset(ctx, "tinyvgg", NULL, &fresh, &err));
    ck_assert_int_eq(hn_trainer_create(fresh, data, NULL, &t, &trainer, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(trainer);
    hn_model_free(fresh);
}
END_TEST

/* The same bytes from one thread and three, written and read again, and the same score. */
START_TEST(threads_and_files_change_nothing) {
    size_t size[3];
    char *bytes[3];
    hn_model *model = train_on(ctx, data, SIZE, 1, 0), *loaded = NULL;
    hn_image *noise = noise_image();
    bytes[0] = bytes_of(model, &size[0]);
    hn_context *one = odd_context(1);
    hn_phantom *same = population(one, PATIENTS, SLICES, 4);
    hn_dataset *again = population_data(one, same);
    hn_model *other = train_on(one, again, SIZE, 1, 0);
    bytes[1] = bytes_of(other, &size[1]);
    ck_ok(hn_model_load_memory(ctx, bytes[0], size[0], &loaded, &err));
    bytes[2] = bytes_of(loaded, &size[2]);
    for (int i = 1; i < 3; i++) ck_assert_msg(size[i] == size[0] && !memcmp(bytes[i], bytes[0], size[0]), "bytes %d differ", i);
    ck_assert(novelty_of(model, noise) == novelty_of(loaded, noise));
    hn_image_free(noise);
    hn_model_free(model), hn_model_free(loaded), hn_model_free(other);
    hn_dataset_free(again);
    hn_phantom_free(same);
    hn_context_free(one);
    for (int i = 0; i < 3; i++) free(bytes[i]);
}
END_TEST

/* A calibrated copy, and one with another threshold, know as much. */
START_TEST(copies_know_as_much) {
    hn_model *model = train_on(ctx, data, SIZE, 1, 0), *copy = NULL;
    const hn_threshold t = {.struct_size = sizeof t, .threshold = 0.3};
    hn_image *noise = noise_image();
    ck_ok(hn_model_with_threshold(model, &t, &copy, &err));
    ck_assert_int_eq(known_by(copy).known, 1);
    ck_assert(novelty_of(copy, noise) == novelty_of(model, noise));
    hn_image_free(noise);
    hn_model_free(copy), hn_model_free(model);
}
END_TEST

START_TEST(resumption_knows_the_same) {
    char path[] = "/tmp/haemnet-familiar-XXXXXX";
    const hn_model_options m = {.struct_size = sizeof m, .width = SIZE, .height = SIZE, .channels = 1, .hidden = 1};
    const hn_train_options t = {.struct_size = sizeof t, .device = "cpu"};
    hn_model *fresh = NULL, *made[2] = {NULL};
    hn_trainer *trainer[2] = {NULL};
    char *bytes[2];
    size_t size[2];
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    hn_model_options named = m;
    named.class_names = names;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &named, &fresh, &err));
    for (int i = 0; i < 2; i++) {
        ck_ok(hn_trainer_create(fresh, data, NULL, &t, &trainer[i], &err));
        if (i) {
            ck_ok(hn_trainer_resume(trainer[i], path, &err));
        } else {
            ck_ok(hn_train_epoch(trainer[i], NULL, &err));
            ck_ok(hn_trainer_save(trainer[i], path, &err));
        }
        ck_ok(hn_trainer_model(trainer[i], HN_BEST, &made[i], &err));
        bytes[i] = bytes_of(made[i], &size[i]);
    }
    ck_assert(known_by(made[1]).known && size[0] == size[1] && !memcmp(bytes[0], bytes[1], size[0]));
    for (int i = 0; i < 2; i++) {
        hn_model_free(made[i]);
        hn_trainer_free(trainer[i]);
        free(bytes[i]);
    }
    hn_model_free(fresh);
    unlink(path);
}
END_TEST

/* One by one, in batches of any size, in a series, with views, in an evaluation: the same score, to the last bit. */
START_TEST(every_way_says_the_same) {
    enum { N = 7 };
    hn_model *model = train_on(ctx, data, SIZE, 3, 0);
    hn_image *images[N];
    hn_dataset *set = NULL;
    hn_eval *eval = NULL;
    double alone[N];
    ck_ok(hn_dataset_create(ctx, NULL, &set, &err));
    for (int i = 0; i < N; i++) {
        canvas head;
        head_canvas(people, i, &head);
        images[i] = i % 2 ? odd_image(ctx, i * 3, i, &head) : head_image(people, i);
        alone[i] = novelty_of(model, images[i]);
        ck_ok(hn_dataset_add_image(set, images[i], i % 2 ? "haemorrhage" : "no_haemorrhage", NULL, &err));
    }
    for (int tta = 0; tta < 3; tta++)
        for (int32_t batch = 1; batch < 5; batch += 3)
            for (int series = 0; series < 2; series++) {
                const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = batch, .tta = tta};
                hn_predictor *p = NULL;
                hn_prediction out[N] = {{0}};
                for (int i = 0; i < N; i++) out[i].struct_size = sizeof *out;
                ck_ok(hn_predictor_create(model, &o, &p, &err));
                ck_ok((series ? hn_predict_series : hn_predict_batch)(p, (const hn_image *const *)images, N, out, &err));
                for (int i = 0; i < N; i++) ck_assert_msg(out[i].novelty == alone[i], "image %d: %.17g, alone %.17g", i, out[i].novelty, alone[i]);
                hn_predictor_free(p);
            }
    hn_predictor *p = NULL;
    ck_ok(hn_predictor_create(model, NULL, &p, &err));
    ck_ok(hn_evaluate(p, set, NULL, &eval, &err));
    for (int64_t i = 0; i < N; i++) {
        hn_eval_sample row = {.struct_size = sizeof row};
        ck_ok(hn_eval_row(eval, i, &row, &err));
        ck_assert(row.novelty == alone[i] && (row.flags == HN_PREDICTION_UNFAMILIAR) == (row.novelty > 1) && row.predicted >= 0);
    }
    hn_eval_free(eval);
    hn_predictor_free(p);
    for (int i = 0; i < N; i++) hn_image_free(images[i]);
    hn_dataset_free(set);
    hn_model_free(model);
}
END_TEST

/* After the first image of a size, predicting takes no memory, also where novelty is worked out. Of a batch of several each thread of the context keeps
 * its own scratch, and which of them have one by now is chance: so one image at a time, by both calls. */
START_TEST(novelty_takes_no_memory) {
    enum { N = 6 };
    hn_model *model = train_on(ctx, data, SIZE, 1, 0);
    hn_image *images[N];
    hn_predictor *p = NULL;
    hn_prediction out[N] = {{0}}, alone = {.struct_size = sizeof alone}, one = alone;
    hn_memory_info before = {.struct_size = sizeof before}, after = before;
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = N};
    for (int i = 0; i < N; i++) {
        images[i] = head_image(people, i);
        out[i].struct_size = sizeof *out;
    }
    ck_ok(hn_predictor_create(model, &o, &p, &err));
    ck_ok(hn_predict_batch(p, (const hn_image *const *)images, N, out, &err));
    for (int round = 0; round < 4; round++) {
        if (round == 1) ck_ok(hn_context_memory(ctx, &before, &err));
        for (int i = 0; i < N; i++) {
            ck_ok(hn_predict(p, images[i], &alone, &err));
            ck_ok(hn_predict_batch(p, (const hn_image *const *)&images[i], 1, &one, &err));
            ck_assert(alone.novelty > 0 && alone.novelty == one.novelty && alone.novelty == out[i].novelty);
        }
    }
    ck_ok(hn_context_memory(ctx, &after, &err));
    ck_assert_uint_eq(after.allocations, before.allocations);
    for (int i = 0; i < N; i++) hn_image_free(images[i]);
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

/* Neighbours as channels, windows, a crop: what is compared is what the network takes in. */
START_TEST(any_preprocessing_will_do) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    static const hn_window windows[2] = {{40, 80}, {80, 200}};
    const hn_model_options kinds[] = {{.slices = 3, .channels = 3}, {.windows = windows, .n_windows = 2, .channels = 2}, {.crop_head = 1, .channels = 1},
                                      {.gaussian = 1.5, .median = 3, .channels = 3}, {.width = 24, .height = 40, .channels = 1}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        hn_model_options m = kinds[k];
        const hn_train_options t = {.struct_size = sizeof t, .device = "cpu"};
        hn_model *fresh = NULL, *trained = NULL;
        hn_trainer *trainer = NULL;
        hn_dataset *hu = NULL;
        hn_image *image = NULL;
        m.struct_size = sizeof m;
        m.width = m.width ? m.width : SIZE, m.height = m.height ? m.height : SIZE, m.hidden = 1, m.class_names = names;
        ck_ok(hn_dataset_create(ctx, NULL, &hu, &err));
        for (int64_t i = 0; i < hn_phantom_count(people); i++) {
            ck_ok(hn_phantom_render(people, i, NULL, &image, NULL, &err));
            ck_ok(hn_dataset_add_image(hu, image, names[i % 2], NULL, &err));
            hn_image_free(image);
        }
        ck_ok(hn_model_preset(ctx, "tinyvgg", &m, &fresh, &err));
        ck_ok(hn_trainer_create(fresh, hu, NULL, &t, &trainer, &err));
        ck_ok(hn_train_epoch(trainer, NULL, &err));
        ck_ok(hn_trainer_model(trainer, HN_LAST, &trained, &err));
        ck_ok(hn_phantom_render(people, 5, NULL, &image, NULL, &err));
        ck_assert_int_eq(known_by(trained).rows, PATIENTS * SLICES);
        ck_assert_msg(novelty_of(trained, image) < 1, "preprocessing %zu: a training image is not known again", k);
        hn_image_free(image);
        int16_t noise[64 * 64];
        for (int i = 0; i < 64 * 64; i++) noise[i] = (int16_t)(i * 7919 % 3000 - 1000);
        const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_I16, .width = 64, .height = 64, .channels = 1, .data = noise};
        ck_ok(hn_image_wrap(ctx, &raw, &image, &err));
        ck_assert_msg(novelty_of(trained, image) > 1, "preprocessing %zu: noise passes", k);
        hn_image_free(image);
        hn_trainer_free(trainer);
        hn_dataset_free(hu);
        hn_model_free(fresh), hn_model_free(trained);
    }
}
END_TEST

START_TEST(evaluations_count_and_leave_out) {
    enum { HEADS = 12, NOISES = 4 };
    hn_model *model = train_on(ctx, data, SIZE, 1, 0), *without = train_on(ctx, data, SIZE, 1, HN_TRAIN_NO_FAMILIARITY);
    hn_dataset *set = NULL;
    hn_predictor *p = NULL;
    hn_eval *eval = NULL, *rest = NULL;
    hn_novelty n = {.struct_size = sizeof n};
    hn_metrics all = {.struct_size = sizeof all}, less = {.struct_size = sizeof less};
    ck_ok(hn_dataset_create(ctx, NULL, &set, &err));
    for (int i = 0; i < HEADS + NOISES; i++) {
        hn_image *image = i < HEADS ? head_image(people, i) : noise_image();
        char patient[32];
        snprintf(patient, sizeof patient, "patient %d", i / 2);
        ck_ok(hn_dataset_add_image(set, image, i % 2 ? "haemorrhage" : "no_haemorrhage", patient, &err));
        hn_image_free(image);
    }
    ck_ok(hn_predictor_create(model, NULL, &p, &err));
    ck_ok(hn_evaluate(p, set, NULL, &eval, &err));
    ck_ok(hn_eval_novelty(eval, &n, &err));
    ck_assert(n.known == 1 && n.n == HEADS + NOISES && n.unfamiliar == NOISES && n.median > 0 && n.median < 1 && n.highest > 1);
    ck_ok(hn_eval_familiar(eval, &rest, &err));
    ck_ok(hn_eval_metrics(eval, 0, &all, &err));
    ck_ok(hn_eval_metrics(rest, 0, &less, &err));
    ck_assert(all.n == HEADS + NOISES && less.n == HEADS);
    for (int64_t i = 0; i < HEADS; i++) {
        hn_eval_sample a = {.struct_size = sizeof a}, b = {.struct_size = sizeof b};
        ck_ok(hn_eval_row(eval, i, &a, &err));
        ck_ok(hn_eval_row(rest, i, &b, &err));
        ck_assert(a.row == b.row && a.novelty == b.novelty && a.probabilities[0] == b.probabilities[0] && !strcmp(a.group, b.group) && a.label == b.label);
    }
    hn_eval_free(rest);
    rest = NULL;
    hn_eval *patients = NULL;
    ck_ok(hn_eval_by_group(eval, HN_RULE_MAX, 0, &patients, &err));
    ck_ok(hn_eval_novelty(patients, &n, &err));
    ck_assert(n.known == 0 && n.n == (HEADS + NOISES) / 2 && isnan(n.median) && isnan(n.highest));
    hn_eval_free(patients);
    hn_eval_free(eval);
    hn_predictor_free(p);
    ck_ok(hn_predictor_create(without, NULL, &p, &err));
    ck_ok(hn_evaluate(p, set, NULL, &eval, &err));
    ck_ok(hn_eval_novelty(eval, &n, &err));
    ck_assert(!n.known && !n.unfamiliar);
    ck_ok(hn_eval_familiar(eval, &rest, &err)); /* nobody is flagged */
    ck_assert_int_eq(hn_eval_count(rest), HEADS + NOISES);
    hn_eval_free(rest);
    hn_eval_free(eval);
    hn_predictor_free(p);
    hn_dataset_free(set);
    hn_model_free(model), hn_model_free(without);
}
END_TEST

START_TEST(nothing_is_left_of_noise) {
    hn_model *model = train_on(ctx, data, SIZE, 1, 0);
    hn_dataset *set = NULL;
    hn_predictor *p = NULL;
    hn_eval *eval = NULL, *rest = NULL;
    hn_image *noise = noise_image();
    ck_ok(hn_dataset_create(ctx, NULL, &set, &err));
    ck_ok(hn_dataset_add_image(set, noise, "haemorrhage", NULL, &err));
    ck_ok(hn_dataset_add_image(set, noise, "no_haemorrhage", NULL, &err));
    ck_ok(hn_predictor_create(model, NULL, &p, &err));
    ck_ok(hn_evaluate(p, set, NULL, &eval, &err));
    ck_assert_int_eq(hn_eval_familiar(eval, &rest, &err), HN_E_DATA);
    ck_assert_ptr_null(rest);
    hn_eval_free(eval);
    hn_predictor_free(p);
    hn_image_free(noise);
    hn_dataset_free(set);
    hn_model_free(model);
}
END_TEST

/* `from` in the file's metadata becomes `to`, of the same length: the header stays as long as it says. */
static hn_status load_altered(const char *good, size_t size, const char *from, const char *to) {
    char *bytes = malloc(size);
    hn_model *model = NULL;
    ck_assert_uint_eq(strlen(from), strlen(to));
    memcpy(bytes, good, size);
    char *at = memmem(bytes, size, from, strlen(from));
    ck_assert_msg(at != NULL, "%s is not in the file", from);
    memcpy(at, to, strlen(to));
    memset(&err, 0, sizeof err);
    const hn_status status = hn_model_load_memory(ctx, bytes, size, &model, &err);
    ck_assert_int_eq(status == HN_OK, model != NULL);
    hn_model_free(model);
    free(bytes);
    return status;
}

START_TEST(files_that_lie_are_refused) {
    static const char *const lies[][2] = {
        {"\\\"rows\\\":60,\\\"patients\\\":30,\\\"folds\\\"", "\\\"rows\\\":29,\\\"patients\\\":30,\\\"folds\\\""},
        {"\\\"rows\\\":60,\\\"patients\\\":30,\\\"folds\\\"", "\\\"rows\\\":-1,\\\"patients\\\":30,\\\"folds\\\""},
        {"\\\"patients\\\":30,\\\"folds\\\":10", "\\\"patients\\\":30,\\\"folds\\\":31"},
        {"\\\"patients\\\":30,\\\"folds\\\":10", "\\\"patients\\\":30,\\\"folds\\\":01"},
        {"\\\"share\\\":0.975", "\\\"share\\\":1.975"},
        {"\\\"share\\\":0.975", "\\\"share\\\":\\\"xxx"},
        {"\\\"shrinkage\\\":0", "\\\"shrinkage\\\":7"},
        {"\\\"limit\\\":", "\\\"limid\\\":"},
        {"\\\"numbers\\\":", "\\\"numbars\\\":"},
    };
    size_t size;
    hn_model *model = train_on(ctx, data, SIZE, 1, 0);
    char *good = bytes_of(model, &size);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        ck_assert_msg(load_altered(good, size, lies[i][0], lies[i][1]) == HN_E_FORMAT, "%s is let through", lies[i][1]);
    ck_assert_int_eq(load_altered(good, size, "\\\"familiarity\\\":{\\\"kind\\\":1", "\\\"familiarity\\\":{\\\"kind\\\":9"), HN_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "update libhaemnet"));
    ck_assert_int_eq(load_altered(good, size, "\\\"familiarity\\\":{", "\\\"familiarily\\\":{"), HN_OK); /* as before there was any */
    free(good);
    hn_model_free(model);
}
END_TEST

int main(void) {
    Suite *s = suite_create("familiar/kept");
    TCase *c = tcase_create("kept");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, who_knows_and_who_does_not);
    tcase_add_test(c, maps_say_what_verdicts_say);
    tcase_add_test(c, too_few_images_teach_nothing);
    tcase_add_test(c, bad_flags_are_refused);
    tcase_add_test(c, threads_and_files_change_nothing);
    tcase_add_test(c, copies_know_as_much);
    tcase_add_test(c, resumption_knows_the_same);
    tcase_add_test(c, every_way_says_the_same);
    tcase_add_test(c, novelty_takes_no_memory);
    tcase_add_test(c, any_preprocessing_will_do);
    tcase_add_test(c, evaluations_count_and_leave_out);
    tcase_add_test(c, nothing_is_left_of_noise);
    tcase_add_test(c, files_that_lie_are_refused);
    suite_add_tcase(s, c);
    return run_suite(s);
}
