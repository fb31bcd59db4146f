/* uses.h - the scenes: load, train, save, predict, explain, evaluate, calibrate. Each notes its results, so that runs can be compared bit for bit. */
#ifndef HAEMNET_TEST_USES_H
#define HAEMNET_TEST_USES_H

#include "scenes.h"

static inline void note_image(scene *s, const hn_image *image) {
    size_t need = 0;
    ck_ok(hn_image_copy_pixels(image, NULL, 0, &need, &err));
    uint8_t *pixels = malloc(need);
    ck_ok(hn_image_copy_pixels(image, pixels, need, NULL, &err));
    note(s, pixels, need);
    free(pixels);
}

static inline void load_images(scene *s) {
    hn_image *png = NULL, *jpeg = NULL, *rgb = NULL, *small = NULL, *hu = NULL, *grey = NULL, *memory = NULL;
    hn_image *cropped = NULL, *median = NULL, *gaussian = NULL, *ring = NULL, *brain = NULL;
    hn_box box = {.struct_size = sizeof box};
    const hn_image_options o = {.struct_size = sizeof o, .channels = 3};
    const int16_t values[4] = {0, 40, 80, 1000};
    const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_I16, .width = 2, .height = 2, .channels = 1, .data = values};
    uint8_t levels[9 * 9] = {0};
    const hn_pixels skull = {.struct_size = sizeof skull, .type = HN_PIXEL_U8, .width = 9, .height = 9, .channels = 1, .data = levels};
    size_t size = 0;
    uint8_t *bytes = slurp(at("data/clean/1.png"), &size);
    for (int i = 0; i < 9 * 9; i++) levels[i] = i % 9 == 0 || i % 9 == 8 || i / 9 == 0 || i / 9 == 8 ? 255 : 90;
    BEGIN();
    STEP(png, hn_image_load(s->ctx, at("data/bleed/0.png"), NULL, &png, &err));
    STEP(jpeg, hn_image_load(s->ctx, at("data/clean/3.jpg"), &o, &jpeg, &err));
    STEP(memory, hn_image_decode(s->ctx, bytes, size, NULL, &memory, &err));
    STEP(rgb, hn_image_convert(png, 3, &rgb, &err));
    STEP(small, hn_image_resize(rgb, 5, 11, &small, &err));
    STEP(hu, hn_image_wrap(s->ctx, &raw, &hu, &err));
    STEP(grey, hn_image_window(hu, NULL, &grey, &err));
    STEP(ring, hn_image_wrap(s->ctx, &skull, &ring, &err));
    STEP(brain, hn_image_strip_skull(ring, &brain, &err));
    STEP(NULL, hn_image_head_box(hu, 0.1, 1, &box, &err));
    STEP(cropped, hn_image_crop(rgb, &box, &cropped, &err));
    STEP(median, hn_image_filter_median(cropped, 5, &median, &err));
    STEP(gaussian, hn_image_filter_gaussian(median, 0.8, &gaussian, &err));
    hn_context_free(s->ctx); /* the images keep it */
    s->ctx = NULL;
    hn_image *const all[] = {png, jpeg, rgb, small, hu, grey, memory, cropped, median, gaussian, brain};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) note_image(s, all[i]);
done:
    free(bytes);
    hn_context_free(s->ctx);
    hn_image_free(png), hn_image_free(jpeg), hn_image_free(rgb), hn_image_free(small), hn_image_free(hu), hn_image_free(grey);
    hn_image_free(memory), hn_image_free(cropped), hn_image_free(median), hn_image_free(gaussian), hn_image_free(ring), hn_image_free(brain);
}

static inline void note_rows(scene *s, hn_dataset *ds) {
    hn_dataset_info info = {.struct_size = sizeof info};
    ck_ok(hn_dataset_get_info(ds, &info, &err));
    note(s, info.digest, sizeof info.digest);
    ck_assert_int_eq(info.n_rows, 2 * ROWS);
}

static inline void load_data(scene *s) {
    hn_dataset *folder = NULL, *manifest = NULL, *list = NULL, *train = NULL, *test = NULL;
    const hn_dataset_options strict = {.struct_size = sizeof strict, .strict = 1, .group_pattern = "([0-9]+)\\."};
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_image *image = NULL;
    int64_t bad = 0;
    BEGIN();
    STEP(folder, hn_dataset_open(s->ctx, at("data"), &strict, &folder, &err));
    STEP(NULL, hn_dataset_check(folder, NULL, &bad, &err));
    STEP(manifest, hn_dataset_create(s->ctx, NULL, &manifest, &err));
    STEP(NULL, hn_dataset_add_manifest(manifest, at("manifest.csv"), &err));
    STEP(list, hn_dataset_create(s->ctx, NULL, &list, &err));
    STEP(image, make_image(s->ctx, 1, &image, &err));
    STEP(NULL, hn_dataset_add_image(list, image, "a", "p", &err));
    STEP(NULL, hn_dataset_add_file(list, "nowhere.png", "b", NULL, &err));
    STEP(NULL, hn_dataset_get_info(list, &info, &err));
    STEP((train ? (void *)train : (void *)test), hn_dataset_split(manifest, NULL, &train, &test, &err));
    fault_disarm();
    note(s, info.digest, sizeof info.digest);
    note_rows(s, folder), note_rows(s, manifest);
    ck_ok(hn_dataset_get_info(train, &info, &err));
    note(s, info.digest, sizeof info.digest);
done:
    hn_context_free(s->ctx);
    hn_dataset_free(manifest), hn_dataset_free(folder), hn_dataset_free(list), hn_dataset_free(train), hn_dataset_free(test);
    hn_image_free(image);
}

static inline void load_models(scene *s) {
    hn_model *file = NULL, *memory = NULL, *import = NULL, *preset = NULL, *built = NULL, *moved = NULL;
    hn_transfer *transfer = NULL;
    hn_builder *b = NULL;
    hn_model_options o = {.struct_size = sizeof o, .width = SIDE, .height = SIDE, .channels = 1, .hidden = 1};
    hn_model_info info = {.struct_size = sizeof info};
    char text[8192];
    int32_t v = 0;
    size_t size = 0, need = 0;
    uint8_t *bytes = slurp(at("model.safetensors"), &size);
    BEGIN();
    STEP(file, hn_model_load(s->ctx, at("model.safetensors"), &file, &err));
    STEP(memory, hn_model_load_memory(s->ctx, bytes, size, &memory, &err));
    STEP(import, hn_model_import(s->ctx, at("model.safetensors"), "tinyvgg", &o, &import, &err));
    STEP(transfer, hn_transfer_create(s->ctx, at("model.safetensors"), "tinyvgg", &o, &transfer, &err));
    STEP(moved, hn_transfer_model(transfer, 0, &moved, &err));
    STEP(preset, hn_model_preset(s->ctx, "tinyvgg", &o, &preset, &err));
    STEP(b, hn_builder_create(s->ctx, &o, &b, &err));
    STEP(NULL, hn_builder_batch_norm(b, v, "norm", 0, 0, &v, &err));
    STEP(NULL, hn_builder_dense(b, v, "dense", 2, 0, &v, &err));
    STEP(built, hn_builder_finish(b, v, &built, &err));
    STEP(NULL, hn_model_summary(file, 2, text, sizeof text, &need, &err));
    note(s, text, need);
    STEP(NULL, hn_model_metadata(import, text, sizeof text, &need, &err));
    note(s, text, need);
    hn_model *const all[] = {file, memory, import, preset, built, moved};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        STEP(NULL, hn_model_get_info(all[i], &info, &err));
        note(s, info.digest, sizeof info.digest);
    }
done:
    free(bytes);
    hn_context_free(s->ctx);
    hn_builder_free(b);
    hn_model_free(file), hn_model_free(memory), hn_model_free(import), hn_model_free(preset), hn_model_free(built);
    hn_model_free(moved), hn_transfer_free(transfer);
}

static inline void note_report(scene *s, const hn_epoch_report *r) {
    const double figures[] = {r->train_loss, r->train_accuracy, r->test_loss, r->test_accuracy, r->best_loss};
    note(s, figures, sizeof figures);
    ck_assert_int_eq(r->train_images + r->test_images, 2 * ROWS);
}

/* Two epochs, a checkpoint, another trainer that goes on from it, the best model saved. Strict: an unreadable file is an error, as it should. */
static inline void train_with(scene *s, hn_train_options o, int32_t which) {
    const hn_dataset_options strict = {.struct_size = sizeof strict, .strict = 1};
    o.struct_size = sizeof o, o.batch = 4, o.learning_rate = 0.05, o.device = "frail", o.prefetch = 1;
    hn_epoch_report r = {.struct_size = sizeof r};
    hn_model *start = NULL, *best = NULL;
    hn_dataset *ds = NULL, *part = NULL, *test = NULL;
    hn_trainer *one = NULL, *two = NULL;
    size_t size;
    BEGIN();
    STEP(start, hn_model_load(s->ctx, at("model.safetensors"), &start, &err));
    STEP(ds, hn_dataset_create(s->ctx, &strict, &ds, &err));
    STEP(NULL, hn_dataset_add_manifest(ds, at("manifest.csv"), &err));
    STEP((part ? (void *)part : (void *)test), hn_dataset_split(ds, NULL, &part, &test, &err));
    STEP(one, hn_trainer_create(start, part, test, &o, &one, &err));
    for (int i = 0; i < 2; i++) {
        STEP(NULL, hn_train_epoch(one, &r, &err));
        note_report(s, &r);
    }
    SAVE(at("out/checkpoint"), hn_trainer_save(one, at("out/checkpoint"), &err));
    hn_trainer_free(one);
    one = NULL;
    STEP(two, hn_trainer_create(start, part, test, &o, &two, &err));
    hn_dataset_free(part), hn_dataset_free(ds); /* the trainer keeps what it needs */
    part = ds = NULL;
    STEP(NULL, hn_trainer_resume(two, at("out/checkpoint"), &err));
    STEP(NULL, hn_train_epoch(two, &r, &err));
    note_report(s, &r);
    ck_assert_int_eq(r.epoch, 3);
    STEP(best, hn_trainer_model(two, which, &best, &err));
    SAVE(at("out/model.safetensors"), hn_model_save(best, at("out/model.safetensors"), &err));
    uint8_t *bytes = slurp(at("out/model.safetensors"), &size);
    note(s, bytes, size);
    free(bytes);
done:
    hn_context_free(s->ctx);
    hn_trainer_free(one), hn_trainer_free(two);
    hn_model_free(start), hn_model_free(best);
    hn_dataset_free(ds), hn_dataset_free(part), hn_dataset_free(test);
}

static inline void train(scene *s) { train_with(s, (hn_train_options){0}, HN_LAST); }

/* The same with all that takes memory or calls of its own: images on the device, groups, two batches to a step, an average, draws, augmentation. */
static inline void train_elaborately(scene *s) {
    static const hn_augment_options mixed = {.struct_size = sizeof mixed, .flip = 0.5, .noise = 0.1, .mixup = 0.3};
    static const hn_param_group groups[] = {{sizeof *groups, 1, "conv_block_1.", 0, 0}, {sizeof *groups, 0, "classifier.", 0.5, -1}};
    train_with(s, (hn_train_options){.resident_bytes = 1 << 20, .param_groups = groups, .n_param_groups = 2, .accumulate = 2, .clip_norm = 0.5,
                                     .average = 0.8, .average_test = 1, .sampler = HN_SAMPLER_GROUPS, .augment = &mixed, .balance_classes = 1,
                                     .schedule = HN_SCHEDULE_PLATEAU, .warm_up_steps = 1}, HN_AVERAGED);
}

static inline void save(scene *s) {
    static const char *const outputs[] = {"out/model.safetensors", "out/image.png", "out/image.jpg"};
    hn_model *model = NULL;
    hn_image *image = NULL;
    uint8_t buffer[8192];
    size_t need = 0;
    BEGIN();
    STEP(model, hn_model_load(s->ctx, at("model.safetensors"), &model, &err));
    STEP(image, make_image(s->ctx, 3, &image, &err));
    SAVE(at(outputs[0]), hn_model_save(model, at(outputs[0]), &err));
    SAVE(at(outputs[1]), hn_image_save_png(image, at(outputs[1]), &err));
    SAVE(at(outputs[2]), hn_image_save_jpeg(image, at(outputs[2]), 80, &err));
    STEP(NULL, hn_image_save_png_memory(image, NULL, 0, &need, &err));
    STEP(NULL, hn_model_save_memory(model, buffer, sizeof buffer, &need, &err));
    note(s, buffer, need);
    for (int i = 0; i < 3; i++) {
        uint8_t *bytes = slurp(at(outputs[i]), &need);
        note(s, bytes, need);
        free(bytes);
    }
done:
    hn_model_free(model);
    hn_image_free(image);
    hn_context_free(s->ctx);
}

static inline void predict(scene *s) {
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 2, .device = "frail"};
    hn_model *model = NULL;
    hn_predictor *p = NULL;
    hn_image *images[3] = {NULL};
    hn_prediction out[3];
    float probabilities[3][2];
    for (int i = 0; i < 3; i++)
        out[i] = (hn_prediction){.struct_size = sizeof out[i], .probabilities = probabilities[i], .capacity = 2};
    BEGIN();
    STEP(model, hn_model_load(s->ctx, at("model.safetensors"), &model, &err));
    STEP(p, hn_predictor_create(model, &o, &p, &err));
    STEP(images[0], hn_image_load(s->ctx, at("data/bleed/0.png"), NULL, &images[0], &err));
    STEP(images[1], hn_image_load(s->ctx, at("data/clean/3.jpg"), NULL, &images[1], &err));
    STEP(images[2], hn_image_resize(images[0], 13, 3, &images[2], &err));
    STEP(NULL, hn_predict(p, images[0], &out[0], &err));
    note(s, probabilities[0], sizeof probabilities[0]);
    STEP(NULL, hn_predict_batch(p, (const hn_image *const *)images, 3, out, &err));
    for (int i = 0; i < 3; i++) ck_assert_int_eq(out[i].status, HN_OK);
    note(s, probabilities, sizeof probabilities);
done:
    hn_model_free(model);
    hn_context_free(s->ctx);
    hn_predictor_free(p);
    for (int i = 0; i < 3; i++) hn_image_free(images[i]);
}

/* What a network takes in: measured, shown, and a series that is predicted. */
static inline void look(scene *s) {
    const hn_model_options o = {.struct_size = sizeof o, .width = SIDE, .height = SIDE, .slices = 3, .crop_head = 1, .median = 3, .gaussian = 0.7, .hidden = 1,
                                .preproc_flags = HN_PREPROC_STRIP_SKULL};
    const hn_augment_options augment = {.struct_size = sizeof augment, .flip = 0.5, .rotate = 10, .mixup = 0.4};
    const hn_dataset_options strict = {.struct_size = sizeof strict, .strict = 1};
    const hn_predictor_options p = {.struct_size = sizeof p, .max_batch = 2, .device = "frail"};
    double mean[3], deviation[3];
    hn_model *model = NULL;
    hn_dataset *ds = NULL;
    hn_predictor *predictor = NULL;
    hn_image *images[3] = {NULL}, *seen[3] = {NULL};
    hn_prediction out[3];
    float probabilities[3][2];
    for (int i = 0; i < 3; i++) out[i] = (hn_prediction){.struct_size = sizeof out[i], .probabilities = probabilities[i], .capacity = 2};
    BEGIN();
    STEP(model, hn_model_preset(s->ctx, "tinyvgg", &o, &model, &err));
    STEP(ds, hn_dataset_create(s->ctx, &strict, &ds, &err));
    STEP(NULL, hn_dataset_add_manifest(ds, at("manifest.csv"), &err));
    STEP(NULL, hn_dataset_statistics(ds, &o, NULL, mean, deviation, 3, NULL, &err));
    note(s, mean, sizeof mean), note(s, deviation, sizeof deviation);
    for (int i = 0; i < 3; i++) STEP(images[i], make_image(s->ctx, i, &images[i], &err));
    STEP(seen[0], hn_augment_images(model, (const hn_image *const *)images, 3, &augment, 1, 1, NULL, seen, &err));
    for (int i = 0; i < 3; i++) note_image(s, seen[i]);
    STEP(predictor, hn_predictor_create(model, &p, &predictor, &err));
    STEP(NULL, hn_predict_series(predictor, (const hn_image *const *)images, 3, out, &err));
    for (int i = 0; i < 3; i++) ck_assert_int_eq(out[i].status, HN_OK);
    note(s, probabilities, sizeof probabilities);
done:
    hn_context_free(s->ctx);
    hn_model_free(model), hn_dataset_free(ds), hn_predictor_free(predictor);
    for (int i = 0; i < 3; i++) hn_image_free(images[i]), hn_image_free(seen[i]);
}

/* All that a map can be made by: layers, the input forth and back, squares. */
static inline void explain(scene *s) {
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 2, .device = "frail"};
    const int32_t methods[] = {HN_EXPLAIN_HIRES_CAM, HN_EXPLAIN_GRAD_CAM_PP, HN_EXPLAIN_OCCLUSION, HN_EXPLAIN_INTEGRATED_GRADIENTS};
    hn_model *model = NULL;
    hn_predictor *p = NULL;
    hn_image *images[2] = {NULL}, *overlay = NULL;
    hn_heatmap_info infos[2] = {{.struct_size = sizeof *infos}, {.struct_size = sizeof *infos}};
    const hn_region_options sized = {.struct_size = sizeof sized, .threshold = 0.25, .spacing_x = 1};
    const hn_explain_curve_options curve = {.struct_size = sizeof curve, .steps = 3};
    hn_model *random = NULL;
    hn_regions *regions = NULL;
    double figures[2] = {0, 0};
    float maps[4096];
    size_t need = 0;
    BEGIN();
    STEP(model, hn_model_load(s->ctx, at("model.safetensors"), &model, &err));
    STEP(p, hn_predictor_create(model, &o, &p, &err));
    STEP(images[0], hn_image_load(s->ctx, at("data/bleed/0.png"), NULL, &images[0], &err));
    STEP(images[1], hn_image_resize(images[0], 13, 3, &images[1], &err));
    for (int i = 0; i < 4; i++) {
        const hn_explain_options e = {.struct_size = sizeof e, .method = methods[i], .steps = 3, .window = SIDE, .blur = 0.125};
        STEP(NULL, hn_explain(p, images[0], &e, maps, 4096, &need, &infos[0], &err));
        note(s, maps, need * sizeof *maps);
    }
    STEP(NULL, hn_explain_batch(p, (const hn_image *const *)images, 2, NULL, maps, 4096, &need, infos, &err));
    ck_assert_int_eq(infos[0].status | infos[1].status, HN_OK);
    note(s, maps, need * sizeof *maps);
    STEP(regions, hn_regions_find(s->ctx, maps, infos[0].width, infos[0].height, 1, &sized, &regions, &err));
    for (int32_t i = 0; i < hn_regions_count(regions); i++) STEP(NULL, hn_regions_contour(regions, i, 0, 0, NULL, 0, &need, &err));
    const hn_overlay_options drawn = {.struct_size = sizeof drawn, .scale = 1, .caption = "bleed", .truth = regions};
    STEP(overlay, hn_overlay(s->ctx, images[0], maps, regions, &drawn, &overlay, &err));
    note_image(s, overlay);
    STEP(NULL, hn_explain_curve(p, images[0], maps, &curve, NULL, 0, NULL, &figures[0], &err));
    STEP(NULL, hn_rank_correlation(s->ctx, maps, maps, 13, &figures[1], &err));
    note(s, figures, sizeof figures);
    STEP(random, hn_model_randomize(model, 1, 1, &random, &err));
done:
    hn_model_free(model), hn_model_free(random);
    hn_regions_free(regions);
    hn_context_free(s->ctx);
    hn_predictor_free(p);
    hn_image_free(images[0]), hn_image_free(images[1]), hn_image_free(overlay);
}

static inline void evaluate(scene *s) {
    const hn_dataset_options strict = {.struct_size = sizeof strict, .strict = 1};
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 4, .device = "frail", .tta = HN_TTA_FLIP};
    hn_metrics m = {.struct_size = sizeof m};
    hn_class_metrics c = {.struct_size = sizeof c};
    const hn_bootstrap_options quick = {.struct_size = sizeof quick, .resamples = 100};
    const double places[] = {0.2, 0.8};
    hn_curve_point curve[64];
    double limits[6];
    int64_t confusion[4];
    hn_model *model = NULL;
    hn_predictor *p = NULL;
    hn_dataset *ds = NULL;
    hn_eval *e = NULL;
    size_t need = 0;
    BEGIN();
    STEP(model, hn_model_load(s->ctx, at("model.safetensors"), &model, &err));
    STEP(p, hn_predictor_create(model, &o, &p, &err));
    STEP(ds, hn_dataset_open(s->ctx, at("data"), &strict, &ds, &err));
    STEP(e, hn_evaluate(p, ds, NULL, &e, &err));
    hn_dataset_free(ds), hn_predictor_free(p), hn_model_free(model); /* an evaluation stands alone */
    ds = NULL, p = NULL, model = NULL;
    STEP(NULL, hn_eval_metrics(e, 0, &m, &err));
    note(s, &m.roc_auc, sizeof m.roc_auc), note(s, &m.log_loss, sizeof m.log_loss);
    ck_assert_int_eq(m.n, 2 * ROWS);
    STEP(NULL, hn_eval_class(e, 1, 0, &c, &err));
    STEP(NULL, hn_eval_confusion(e, 0.4, confusion, 4, &need, &err));
    note(s, confusion, sizeof confusion);
    STEP(NULL, hn_eval_curve(e, HN_CURVE_ROC, 0, curve, 64, &need, &err));
    note(s, curve, need * sizeof *curve);
    STEP(NULL, hn_eval_curve_band(e, HN_CURVE_PR, 0, &quick, places, 2, limits, limits + 2, limits + 4, &err));
    note(s, limits, sizeof limits);
done:
    hn_context_free(s->ctx);
    hn_eval_free(e), hn_dataset_free(ds), hn_predictor_free(p), hn_model_free(model);
}

enum { JUDGED = 8 };
static const char *const judged_groups[JUDGED] = {"a", "a", "b", "b", "c", "c", "d", "d"}, *const parities[JUDGED] = {"0", "1", "0", "1", "0", "1", "0", "1"};

/* Rows with logits, by patient. */
static inline hn_status judged_rows(hn_context *ctx, hn_eval **out, hn_error *e) {
    static const int32_t truth[JUDGED] = {0, 1, 0, 1, 0, 0, 1, 1};
    static const double logits[2 * JUDGED] = {0, -1, 0, 2, 0, 1, 0, 0.5, 0, -2, 0, 1, 0, 3, 0, -0.5};
    static const double chances[2 * JUDGED] = {0.8, 0.2, 0.3, 0.7, 0.4, 0.6, 0.5, 0.5, 0.9, 0.1, 0.4, 0.6, 0.1, 0.9, 0.6, 0.4};
    const hn_eval_arrays a = {.struct_size = sizeof a, .task = HN_TASK_SINGLE, .n_classes = 2, .positive = 2, .n = JUDGED, .classes = truth,
                              .probabilities = chances, .logits = logits, .groups = judged_groups};
    return hn_eval_from_arrays(ctx, &a, out, e);
}

/* What probabilities are worth, and a model that remembers what was made of them. */
static inline void calibrate(scene *s) {
    const hn_bootstrap_options quick = {.struct_size = sizeof quick, .resamples = 100};
    const hn_reliability_options quarters = {.struct_size = sizeof quarters, .bins = 4, .binning = HN_BINS_EQUAL_COUNT};
    const hn_subgroup_column parity = {"parity", parities};
    const double held = 0.5;
    double scale[2], shift[2];
    hn_calibration fitted = {.struct_size = sizeof fitted, .scale = scale, .shift = shift, .capacity = 2};
    hn_threshold t = {.struct_size = sizeof t};
    hn_reliability r = {.struct_size = sizeof r};
    hn_interval rate = {.struct_size = sizeof rate};
    hn_reliability_bin bins[4];
    hn_operating_point point;
    hn_model *model = NULL, *found = NULL, *chosen = NULL, *kept = NULL;
    hn_dataset *data = NULL;
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_image *image = NULL;
    hn_eval *e = NULL, *again = NULL;
    hn_subgroups *table = NULL;
    size_t need = 0;
    BEGIN();
    STEP(e, judged_rows(s->ctx, &e, &err));
    STEP(NULL, hn_eval_calibrate(e, HN_CALIBRATION_PLATT, &fitted, &err));
    note(s, scale, sizeof scale), note(s, shift, sizeof shift);
    STEP(again, hn_eval_calibrated(e, &fitted, &again, &err));
    STEP(NULL, hn_eval_threshold(again, 2, HN_CHOOSE_COST, 5, &t, &err));
    note(s, &t.threshold, sizeof t.threshold);
    STEP(NULL, hn_eval_operating_points(e, 2, HN_CHOOSE_SENSITIVITY, &held, 1, &quick, &point, &err));
    note(s, &point, sizeof point);
    STEP(NULL, hn_eval_reliability(e, &quarters, &r, bins, 4, &need, &err));
    note(s, bins, need * sizeof *bins);
    STEP(table, hn_subgroups_create(e, &parity, 1, NULL, &table, &err));
    ck_assert_int_eq(hn_subgroups_count(table), 2);
    STEP(NULL, hn_eval_rate(e, HN_RATE_ACCURACY, 0, 0, &rate, &err));
    note(s, &rate.low, sizeof rate.low);
    STEP(model, hn_model_load(s->ctx, at("model.safetensors"), &model, &err));
    STEP(data, hn_dataset_create(s->ctx, NULL, &data, &err));
    STEP(image, hn_image_load(s->ctx, at("data/clean/1.png"), NULL, &image, &err));
    STEP(NULL, hn_dataset_add_image(data, image, "clean", "p", &err));
    STEP(NULL, hn_dataset_get_info(data, &info, &err));
    memcpy(fitted.digest, info.digest, sizeof info.digest);
    memcpy(t.digest, info.digest, sizeof info.digest);
    STEP(found, hn_model_with_calibration(model, &fitted, &found, &err));
    STEP(chosen, hn_model_with_threshold(found, &t, &chosen, &err));
    STEP(kept, hn_model_with_tuning_set(chosen, data, &kept, &err));
    STEP(NULL, hn_model_save(kept, at("found.safetensors"), &err));
    hn_model_free(found), found = NULL;
    STEP(found, hn_model_load(s->ctx, at("found.safetensors"), &found, &err));
done:
    hn_context_free(s->ctx);
    hn_subgroups_free(table), hn_eval_free(e), hn_eval_free(again), hn_model_free(model), hn_model_free(found), hn_model_free(chosen);
    hn_model_free(kept), hn_dataset_free(data), hn_image_free(image);
}

static inline int fault_suite(const char *name, const TTest *const *tests, size_t n) {
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 1200);
    for (size_t i = 0; i < n; i++) tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}

#endif
