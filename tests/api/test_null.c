/* test_null.c - every exported function with NULL in each argument that must not be: HN_E_ARGUMENT and a message, out-handles NULL, other outputs
 * as they were, no crash, with and without a place for the error. A table has a row for every function; a test compares its names with the list
 * of exported symbols, so that a new function cannot be forgotten. Links the shared library only. */
#include "everything.h"

/* In a call, N(i, x) is argument x, or NULL when the i-th is to be missing. */
#define N(i, x) (null == (i) ? NULL : (x))
#define CALL(name, ...) \
    static hn_status name##_(int null, hn_error *e) { return name(__VA_ARGS__); }

static const char path[] = "/nonexistent/file"; /* never opened: the check of arguments comes first */
static const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = 1, .height = 1, .channels = 1, .data = path};
static const hn_box box = {.struct_size = sizeof box, .width = 1, .height = 1};
static const hn_conv2d_options conv = {.struct_size = sizeof conv, .filters = 1};
static const int32_t truth[] = {0};
static const double chances[] = {0.5, 0.5};
static const hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = HN_TASK_SINGLE, .n_classes = 2, .n = 1, .classes = truth,
                                      .probabilities = chances};

CALL(hn_augment_images, N(1, w.model), N(2, (const hn_image *const *)&w.image), 1, NULL, 0, 1, NULL, N(3, &out.image), e)
static const double training_sizes[] = {10, 20}, training_accuracies[] = {0.5, 0.6};
static const hn_learning_points trainings = {.struct_size = sizeof trainings, .n = 2, .sizes = training_sizes, .accuracies = training_accuracies};

CALL(hn_audit_finding, N(1, w.audit), 0, N(2, &res.finding), e)
CALL(hn_audit_get_info, N(1, w.audit), N(2, &res.audit), e)
CALL(hn_audit_shortcut, N(1, w.audit), 0, N(2, &res.shortcut), e)
CALL(hn_backend_load, N(1, w.ctx), N(2, path), e)
CALL(hn_backend_register, N(1, w.ctx), N(2, (const hn_backend *)(const void *)path), e) /* not read: the context is checked first */
CALL(hn_builder_activation, N(1, w.builder), 0, N(2, "a"), HN_ACT_RELU, N(3, &res.i32), e)
CALL(hn_builder_add, N(1, w.builder), 0, 0, N(2, "a"), N(3, &res.i32), e)
CALL(hn_builder_avg_pool2d, N(1, w.builder), 0, N(2, "a"), NULL, N(3, &res.i32), e)
CALL(hn_builder_batch_norm, N(1, w.builder), 0, N(2, "a"), 0, 0, N(3, &res.i32), e)
CALL(hn_builder_channel_scale, N(1, w.builder), 0, 0, N(2, "a"), N(3, &res.i32), e)
CALL(hn_builder_concat, N(1, w.builder), 0, 0, N(2, "a"), N(3, &res.i32), e)
CALL(hn_builder_conv2d, N(1, w.builder), 0, N(2, "a"), N(4, &conv), N(3, &res.i32), e)
CALL(hn_builder_create, N(1, w.ctx), NULL, N(2, &out.builder), e)
CALL(hn_builder_dense, N(1, w.builder), 0, N(2, "a"), 2, 0, N(3, &res.i32), e)
CALL(hn_builder_dropout, N(1, w.builder), 0, N(2, "a"), 0.5, N(3, &res.i32), e)
CALL(hn_builder_finish, N(1, w.builder), 0, N(2, &out.model), e)
CALL(hn_builder_flatten, N(1, w.builder), 0, N(2, "a"), N(3, &res.i32), e)
CALL(hn_builder_global_avg_pool, N(1, w.builder), 0, N(2, "a"), N(3, &res.i32), e)
CALL(hn_builder_group_norm, N(1, w.builder), 0, N(2, "a"), 1, 0, N(3, &res.i32), e)
CALL(hn_builder_max_pool2d, N(1, w.builder), 0, N(2, "a"), NULL, N(3, &res.i32), e)
CALL(hn_builder_squeeze_excite, N(1, w.builder), 0, N(2, "a"), 1, 0, N(3, &res.i32), e)
CALL(hn_cancel_create, N(1, w.ctx), N(2, &out.cancel), e)
CALL(hn_context_create, NULL, N(1, &out.context), e)
CALL(hn_context_memory, N(1, w.ctx), N(2, &res.memory), e)
CALL(hn_dataset_add_file, N(1, w.data), N(2, path), N(3, "a"), NULL, e)
CALL(hn_dataset_add_folder, N(1, w.data), N(2, path), e)
CALL(hn_dataset_add_image, N(1, w.data), N(2, w.image), N(3, "a"), NULL, e)
CALL(hn_dataset_add_manifest, N(1, w.data), N(2, path), e)
CALL(hn_dataset_audit, N(1, w.data), NULL, NULL, N(2, &out.audit), e)
CALL(hn_dataset_check, N(1, w.data), NULL, &res.i64, e)
CALL(hn_dataset_create, N(1, w.ctx), NULL, N(2, &out.dataset), e)
CALL(hn_dataset_get_info, N(1, w.data), N(2, &res.dataset), e)
CALL(hn_dataset_get_row, N(1, w.data), 0, N(2, &res.row), e)
CALL(hn_dataset_open, N(1, w.ctx), N(2, path), NULL, N(3, &out.dataset), e)
CALL(hn_dataset_split, N(1, w.data), NULL, N(2, &out.dataset), N(3, &out2.dataset), e)
CALL(hn_dataset_statistics, N(1, w.data), NULL, NULL, N(2, buffer.doubles), N(3, buffer.doubles), 3, &res.i64, e)
CALL(hn_device_count, N(1, w.ctx), N(2, &res.i32), e)
CALL(hn_device_find, N(1, w.ctx), "best", N(2, &res.i32), e)
CALL(hn_device_get, N(1, w.ctx), 0, N(2, &res.device), e)
CALL(hn_device_selftest, N(1, w.ctx), 0, &res.selftest, e)
CALL(hn_eval_auc, N(1, w.eval), 0, 0, N(2, &res.interval), e)
CALL(hn_eval_auc_difference, N(1, w.eval), N(2, w.eval), 0, 0, N(3, &res.interval), e)
CALL(hn_eval_bootstrap, N(1, w.eval), 0, NULL, N(2, &res.metrics), N(3, &buffer.metrics), e)
CALL(hn_eval_bootstrap_difference, N(1, w.eval), N(2, w.eval), NULL, N(3, &res.metrics), N(4, &buffer.metrics), e)
CALL(hn_eval_by_group, N(1, w.eval), HN_RULE_MAX, 0, N(2, &out.eval), e)
static double scales[] = {2, 2}, shifts[] = {0, 0};
static const hn_calibration halved = {.struct_size = sizeof halved, .method = HN_CALIBRATION_TEMPERATURE, .scale = scales, .shift = shifts,
                                      .capacity = 2, .n_classes = 2};
static const hn_threshold hand = {.struct_size = sizeof hand, .threshold = 0.5};
CALL(hn_eval_calibrate, N(1, w.eval), HN_CALIBRATION_TEMPERATURE, N(2, &res.calibration), e)
CALL(hn_eval_calibrated, N(1, w.eval), N(2, &halved), N(3, &out.eval), e)
CALL(hn_model_get_calibration, N(1, w.model), N(2, &res.calibration), e)
CALL(hn_model_get_threshold, N(1, w.model), N(2, &res.threshold), e)
CALL(hn_model_with_calibration, N(1, w.model), NULL, N(2, &out.model), e)
CALL(hn_model_with_tuning_set, N(1, w.model), N(2, w.data), N(3, &out.model), e)
CALL(hn_model_with_threshold, N(1, w.model), N(2, &hand), N(3, &out.model), e)
CALL(hn_eval_class, N(1, w.eval), 0, 0, N(2, &res.class_metrics), e)
CALL(hn_eval_confusion, N(1, w.eval), 0, buffer.numbers, 512, &res.size, e)
CALL(hn_eval_curve, N(1, w.eval), HN_CURVE_ROC, 0, buffer.points, 128, &res.size, e)
CALL(hn_eval_curve_band, N(1, w.eval), HN_CURVE_ROC, 0, NULL, N(2, chances), 1, NULL, N(3, buffer.doubles), N(4, buffer.doubles + 1), e)
CALL(hn_eval_from_arrays, N(1, w.ctx), N(2, &arrays), N(3, &out.eval), e)
CALL(hn_eval_familiar, N(1, w.eval), N(2, &out.eval), e)
CALL(hn_eval_novelty, N(1, w.eval), N(2, &res.novelty), e)
CALL(hn_model_get_familiarity, N(1, w.model), N(2, &res.familiarity), e)
CALL(hn_eval_log_loss, N(1, w.eval), NULL, 0, N(2, buffer.doubles), e)
CALL(hn_eval_mcnemar, N(1, w.eval), N(2, w.eval), N(3, &res.mcnemar), e)
CALL(hn_eval_mean, N(1, chances), 2, 0.25, 0, N(2, &res.mean), e)
CALL(hn_eval_metrics, N(1, w.eval), 0, N(2, &res.metrics), e)
CALL(hn_eval_power_law, N(1, w.ctx), N(2, &trainings), NULL, N(3, &res.power_law), buffer.doubles, 512, e)
CALL(hn_eval_proportion, 1, 2, 0, N(1, &res.interval), e)
CALL(hn_eval_operating_points, N(1, w.eval), 1, HN_CHOOSE_SENSITIVITY, N(2, chances), 2, NULL, N(3, buffer.operating), e)
CALL(hn_eval_rate, N(1, w.eval), HN_RATE_ACCURACY, 0, 0, N(2, &res.interval), e)
CALL(hn_eval_reliability, N(1, w.eval), NULL, N(2, &res.reliability), NULL, 0, &res.size, e)
CALL(hn_eval_row, N(1, w.eval), 0, N(2, &res.sample), e)
CALL(hn_eval_threshold, N(1, w.eval), 1, HN_CHOOSE_YOUDEN, 0, N(2, &res.threshold), e)
CALL(hn_evaluate, N(1, w.predictor), N(2, w.data), NULL, N(3, &out.eval), e)
CALL(hn_explain, N(1, w.predictor), N(2, w.image), NULL, buffer.floats, 0, NULL, NULL, e)
CALL(hn_explain_batch, N(1, w.predictor), N(2, (const hn_image *const *)&w.image), 1, NULL, buffer.floats, 0, NULL, N(3, &res.heatmap), e)
CALL(hn_explain_series, N(1, w.predictor), N(2, (const hn_image *const *)&w.image), 1, NULL, buffer.floats, 0, NULL, N(3, &res.heatmap), e)
CALL(hn_explain_curve, N(1, w.predictor), N(2, w.image), N(3, buffer.floats), NULL, buffer.points, 0, &res.size, NULL, e)
CALL(hn_heatmap_compare, N(1, buffer.floats), N(2, buffer.bytes), 1, 1, 0, N(3, &res.truth), e)
CALL(hn_model_randomize, N(1, w.model), 1, 1, N(2, &out.model), e)
CALL(hn_rank_correlation, N(1, w.ctx), N(2, buffer.floats), N(3, buffer.floats), 2, N(4, buffer.doubles), e)
CALL(hn_overlay, N(1, w.ctx), N(2, w.image), N(3, buffer.floats), NULL, NULL, N(4, &out.image), e)
CALL(hn_regions_contour, N(1, w.regions), 0, 0, 0, buffer.ints, 0, NULL, e)
CALL(hn_regions_find, N(1, w.ctx), N(2, buffer.floats), 1, 1, 1, NULL, N(3, &out.regions), e)
CALL(hn_regions_get, N(1, w.regions), 0, N(2, &res.region), e)
CALL(hn_image_convert, N(1, w.image), 1, N(2, &out.image), e)
CALL(hn_image_copy_pixels, N(1, w.image), buffer.bytes, sizeof buffer, &res.size, e)
CALL(hn_image_crop, N(1, w.image), N(2, &box), N(3, &out.image), e)
CALL(hn_image_decode, N(1, w.ctx), N(2, path), sizeof path, NULL, N(3, &out.image), e)
CALL(hn_image_filter_gaussian, N(1, w.image), 1, N(2, &out.image), e)
CALL(hn_image_filter_median, N(1, w.image), 3, N(2, &out.image), e)
CALL(hn_image_get_info, N(1, w.image), N(2, &res.image), e)
CALL(hn_image_head_box, N(1, w.ct), 0, 0, N(2, &res.box), e)
CALL(hn_image_load, N(1, w.ctx), N(2, path), NULL, N(3, &out.image), e)
CALL(hn_image_resize, N(1, w.image), 8, 8, N(2, &out.image), e)
CALL(hn_image_save_jpeg, N(1, w.image), N(2, path), 90, e)
CALL(hn_image_save_png, N(1, w.image), N(2, path), e)
CALL(hn_image_save_png_memory, N(1, w.image), NULL, 0, &res.size, e)
CALL(hn_image_strip_skull, N(1, w.image), N(2, &out.image), e)
CALL(hn_image_text, N(1, w.ctx), N(2, "a"), 1, N(3, &out.image), e)
CALL(hn_image_window, N(1, w.ct), NULL, N(2, &out.image), e)
CALL(hn_image_window_float, N(1, w.ct), NULL, N(2, &out.image), e)
CALL(hn_image_wrap, N(1, w.ctx), N(2, &pixels), N(3, &out.image), e)
CALL(hn_model_copy_tensor, N(1, w.model), 0, N(2, buffer.floats), 1024, e)
CALL(hn_model_get_info, N(1, w.model), N(2, &res.model), e)
CALL(hn_model_audit, N(1, w.model), N(2, w.data), NULL, N(3, &out.audit), e)
CALL(hn_model_get_layer, N(1, w.model), 0, N(2, &res.layer), e)
CALL(hn_model_get_tensor, N(1, w.model), 0, N(2, &res.tensor), e)
CALL(hn_model_import, N(1, w.ctx), N(2, path), N(3, "tinyvgg"), NULL, N(4, &out.model), e)
CALL(hn_model_load, N(1, w.ctx), N(2, path), N(3, &out.model), e)
CALL(hn_model_load_memory, N(1, w.ctx), N(2, path), sizeof path, N(3, &out.model), e)
CALL(hn_model_metadata, N(1, w.model), buffer.text, sizeof buffer, &res.size, e)
CALL(hn_model_preset, N(1, w.ctx), N(2, "tinyvgg"), NULL, N(3, &out.model), e)
CALL(hn_model_save, N(1, w.model), N(2, path), e)
CALL(hn_model_save_memory, N(1, w.model), NULL, 0, N(2, &res.size), e)
CALL(hn_model_summary, N(1, w.model), 1, buffer.text, sizeof buffer, &res.size, e)
CALL(hn_phantom_create, N(1, w.ctx), NULL, N(2, &out.phantom), e)
CALL(hn_phantom_render, N(1, w.phantom), 0, &res.slice, &out.image, &out2.image, e)
CALL(hn_transfer_create, N(1, w.ctx), N(2, path), N(3, "tinyvgg"), NULL, N(4, &out.transfer), e)
CALL(hn_transfer_model, N(1, w.transfer), 0, N(2, &out.model), e)
CALL(hn_transfer_get_info, N(1, w.transfer), N(2, &res.transfer), e)
CALL(hn_transfer_get_line, N(1, w.transfer), 0, N(2, &res.line), e)
CALL(hn_predict, N(1, w.predictor), N(2, w.image), N(3, &res.prediction), e)
CALL(hn_predict_batch, N(1, w.predictor), N(2, (const hn_image *const *)&w.image), 1, N(3, &res.prediction), e)
CALL(hn_predict_series, N(1, w.predictor), N(2, (const hn_image *const *)&w.image), 1, N(3, &res.prediction), e)
CALL(hn_predictor_create, N(1, w.model), NULL, N(2, &out.predictor), e)
CALL(hn_preset_get, 0, N(1, &res.preset), e)
CALL(hn_train_epoch, N(1, w.trainer), &res.epoch, e)
CALL(hn_subgroups_create, N(1, w.eval), N(2, &sex), 1, NULL, N(3, &out.subgroups), e)
CALL(hn_subgroups_get, N(1, w.subgroups), 0, N(2, &res.subgroup), e)
CALL(hn_trainer_create, N(1, w.model), N(2, w.train), NULL, NULL, N(3, &out.trainer), e)
CALL(hn_trainer_get_info, N(1, w.trainer), N(2, &res.trainer), e)
CALL(hn_trainer_history, N(1, w.trainer), 1, N(2, &res.epoch), e)
CALL(hn_trainer_model, N(1, w.trainer), HN_BEST, N(2, &out.model), e)
CALL(hn_trainer_resume, N(1, w.trainer), N(2, path), e)
CALL(hn_trainer_save, N(1, w.trainer), N(2, path), e)

/* arguments: how many may not be NULL. handles: how many out-handles, the first of them argument out_at (9: they may be NULL). size: of the
 * result struct, 0 = none. */
typedef struct function {
    const char *name;
    hn_status (*call)(int null, hn_error *e);
    int arguments, handles, out_at;
    size_t size;
} function;
#define F(name, ...) {#name, name##_, __VA_ARGS__}
static const function functions[] = {
    F(hn_augment_images, 3, 1, 3, 0),
    F(hn_audit_finding, 2, 0, 0, sizeof(hn_finding)),
    F(hn_audit_get_info, 2, 0, 0, sizeof(hn_audit_info)),
    F(hn_audit_shortcut, 2, 0, 0, sizeof(hn_shortcut)),
    F(hn_backend_load, 2, 0, 0, 0),
    F(hn_backend_register, 2, 0, 0, 0),
    F(hn_builder_activation, 3, 0, 0, 0),
    F(hn_builder_add, 3, 0, 0, 0),
    F(hn_builder_avg_pool2d, 3, 0, 0, 0),
    F(hn_builder_batch_norm, 3, 0, 0, 0),
    F(hn_builder_channel_scale, 3, 0, 0, 0),
    F(hn_builder_concat, 3, 0, 0, 0),
    F(hn_builder_conv2d, 4, 0, 0, 0),
    F(hn_builder_create, 2, 1, 2, 0),
    F(hn_builder_dense, 3, 0, 0, 0),
    F(hn_builder_dropout, 3, 0, 0, 0),
    F(hn_builder_finish, 2, 1, 2, 0),
    F(hn_builder_flatten, 3, 0, 0, 0),
    F(hn_builder_global_avg_pool, 3, 0, 0, 0),
    F(hn_builder_group_norm, 3, 0, 0, 0),
    F(hn_builder_max_pool2d, 3, 0, 0, 0),
    F(hn_builder_squeeze_excite, 3, 0, 0, 0),
    F(hn_cancel_create, 2, 1, 2, 0),
    F(hn_context_create, 1, 1, 1, 0),
    F(hn_context_memory, 2, 0, 0, sizeof(hn_memory_info)),
    F(hn_dataset_add_file, 3, 0, 0, 0),
    F(hn_dataset_add_folder, 2, 0, 0, 0),
    F(hn_dataset_add_image, 3, 0, 0, 0),
    F(hn_dataset_add_manifest, 2, 0, 0, 0),
    F(hn_dataset_audit, 2, 1, 2, 0),
    F(hn_dataset_check, 1, 0, 0, 0),
    F(hn_dataset_create, 2, 1, 2, 0),
    F(hn_dataset_get_info, 2, 0, 0, sizeof(hn_dataset_info)),
    F(hn_dataset_get_row, 2, 0, 0, sizeof(hn_row)),
    F(hn_dataset_open, 3, 1, 3, 0),
    F(hn_dataset_split, 3, 2, 2, 0),
    F(hn_dataset_statistics, 3, 0, 0, 0),
    F(hn_device_count, 2, 0, 0, 0),
    F(hn_device_find, 2, 0, 0, 0),
    F(hn_device_get, 2, 0, 0, sizeof(hn_device_info)),
    F(hn_device_selftest, 1, 0, 0, sizeof(hn_selftest_report)),
    F(hn_eval_auc, 2, 0, 0, sizeof(hn_interval)),
    F(hn_eval_auc_difference, 3, 0, 0, sizeof(hn_interval)),
    F(hn_eval_bootstrap, 3, 0, 0, sizeof(hn_metrics)),
    F(hn_eval_bootstrap_difference, 4, 0, 0, sizeof(hn_metrics)),
    F(hn_eval_by_group, 2, 1, 2, 0),
    F(hn_eval_familiar, 2, 1, 2, 0),
    F(hn_eval_novelty, 2, 0, 0, sizeof(hn_novelty)),
    F(hn_model_get_familiarity, 2, 0, 0, sizeof(hn_familiarity)),
    F(hn_eval_calibrate, 2, 0, 0, sizeof(hn_calibration)),
    F(hn_eval_calibrated, 3, 1, 3, 0),
    F(hn_model_get_calibration, 2, 0, 0, sizeof(hn_calibration)),
    F(hn_model_get_threshold, 2, 0, 0, sizeof(hn_threshold)),
    F(hn_model_with_calibration, 2, 1, 2, 0),
    F(hn_model_with_threshold, 3, 1, 3, 0),
    F(hn_model_with_tuning_set, 3, 1, 3, 0),
    F(hn_eval_class, 2, 0, 0, sizeof(hn_class_metrics)),
    F(hn_eval_confusion, 1, 0, 0, 0),
    F(hn_eval_curve, 1, 0, 0, 0),
    F(hn_eval_curve_band, 4, 0, 0, 0),
    F(hn_eval_from_arrays, 3, 1, 3, 0),
    F(hn_eval_log_loss, 2, 0, 0, 0),
    F(hn_eval_mcnemar, 3, 0, 0, sizeof(hn_mcnemar)),
    F(hn_eval_mean, 2, 0, 0, sizeof(hn_mean)),
    F(hn_eval_metrics, 2, 0, 0, sizeof(hn_metrics)),
    F(hn_eval_power_law, 3, 0, 0, sizeof(hn_power_law)),
    F(hn_eval_proportion, 1, 0, 0, sizeof(hn_interval)),
    F(hn_eval_operating_points, 3, 0, 0, 0),
    F(hn_eval_rate, 2, 0, 0, sizeof(hn_interval)),
    F(hn_eval_reliability, 2, 0, 0, sizeof(hn_reliability)),
    F(hn_eval_row, 2, 0, 0, sizeof(hn_eval_sample)),
    F(hn_eval_threshold, 2, 0, 0, sizeof(hn_threshold)),
    F(hn_evaluate, 3, 1, 3, 0),
    F(hn_explain, 2, 0, 0, 0),
    F(hn_explain_batch, 3, 0, 0, sizeof(hn_heatmap_info)),
    F(hn_explain_series, 3, 0, 0, sizeof(hn_heatmap_info)),
    F(hn_explain_curve, 3, 0, 0, 0),
    F(hn_heatmap_compare, 3, 0, 0, sizeof(hn_heatmap_truth)),
    F(hn_model_audit, 3, 1, 3, 0),
    F(hn_model_randomize, 2, 1, 2, 0),
    F(hn_rank_correlation, 4, 0, 0, 0),
    F(hn_overlay, 4, 1, 4, 0),
    F(hn_regions_contour, 1, 0, 0, 0),
    F(hn_regions_find, 3, 1, 3, 0),
    F(hn_regions_get, 2, 0, 0, sizeof(hn_region)),
    F(hn_image_convert, 2, 1, 2, 0),
    F(hn_image_copy_pixels, 1, 0, 0, 0),
    F(hn_image_crop, 3, 1, 3, 0),
    F(hn_image_decode, 3, 1, 3, 0),
    F(hn_image_filter_gaussian, 2, 1, 2, 0),
    F(hn_image_filter_median, 2, 1, 2, 0),
    F(hn_image_get_info, 2, 0, 0, sizeof(hn_image_info)),
    F(hn_image_head_box, 2, 0, 0, sizeof(hn_box)),
    F(hn_image_load, 3, 1, 3, 0),
    F(hn_image_resize, 2, 1, 2, 0),
    F(hn_image_save_jpeg, 2, 0, 0, 0),
    F(hn_image_save_png, 2, 0, 0, 0),
    F(hn_image_save_png_memory, 1, 0, 0, 0),
    F(hn_image_strip_skull, 2, 1, 2, 0),
    F(hn_image_text, 3, 1, 3, 0),
    F(hn_image_window, 2, 1, 2, 0),
    F(hn_image_window_float, 2, 1, 2, 0),
    F(hn_image_wrap, 3, 1, 3, 0),
    F(hn_model_copy_tensor, 2, 0, 0, 0),
    F(hn_model_get_info, 2, 0, 0, sizeof(hn_model_info)),
    F(hn_model_get_layer, 2, 0, 0, sizeof(hn_layer_info)),
    F(hn_model_get_tensor, 2, 0, 0, sizeof(hn_tensor_info)),
    F(hn_model_import, 4, 1, 4, 0),
    F(hn_model_load, 3, 1, 3, 0),
    F(hn_model_load_memory, 3, 1, 3, 0),
    F(hn_model_metadata, 1, 0, 0, 0),
    F(hn_model_preset, 3, 1, 3, 0),
    F(hn_model_save, 2, 0, 0, 0),
    F(hn_model_save_memory, 2, 0, 0, 0),
    F(hn_model_summary, 1, 0, 0, 0),
    F(hn_transfer_create, 4, 1, 4, 0),
    F(hn_transfer_model, 2, 1, 2, 0),
    F(hn_transfer_get_info, 2, 0, 0, sizeof(hn_transfer_info)),
    F(hn_transfer_get_line, 2, 0, 0, sizeof(hn_transfer_line)),
    F(hn_phantom_create, 2, 1, 2, 0),
    F(hn_phantom_render, 1, 2, 9, sizeof(hn_phantom_slice_info)),
    F(hn_predict, 3, 0, 0, sizeof(hn_prediction)),
    F(hn_predict_batch, 3, 0, 0, sizeof(hn_prediction)),
    F(hn_predict_series, 3, 0, 0, sizeof(hn_prediction)),
    F(hn_predictor_create, 2, 1, 2, 0),
    F(hn_preset_get, 1, 0, 0, sizeof(hn_preset_info)),
    F(hn_train_epoch, 1, 0, 0, sizeof(hn_epoch_report)),
    F(hn_subgroups_create, 3, 1, 3, 0),
    F(hn_subgroups_get, 2, 0, 0, sizeof(hn_subgroup)),
    F(hn_trainer_create, 3, 1, 3, 0),
    F(hn_trainer_get_info, 2, 0, 0, sizeof(hn_trainer_info)),
    F(hn_trainer_history, 2, 0, 0, sizeof(hn_epoch_report)),
    F(hn_trainer_model, 2, 1, 2, 0),
    F(hn_trainer_resume, 2, 0, 0, 0),
    F(hn_trainer_save, 2, 0, 0, 0),
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* Those that cannot report an error; see null_where_nothing_can_fail. */
static const char *const silent[] = {
    "hn_abi_layout", "hn_abi_version", "hn_audit_free", "hn_build_info", "hn_builder_free", "hn_cancel_free", "hn_cancel_reset", "hn_cancel_trigger",
    "hn_cancel_triggered", "hn_context_free", "hn_dataset_class_name", "hn_dataset_free", "hn_eval_class_name", "hn_eval_count", "hn_eval_free",
    "hn_eval_rule_name",
    "hn_threshold_rule_name",
    "hn_calibration_method_name",
    "hn_image_free", "hn_model_class_name", "hn_model_free", "hn_phantom_count", "hn_phantom_free", "hn_predictor_free",
    "hn_regions_count", "hn_regions_free", "hn_status_name",
    "hn_dataset_value", "hn_subgroups_count", "hn_subgroups_comparisons", "hn_subgroups_free", "hn_correction_name",
    "hn_trainer_epochs", "hn_trainer_free", "hn_transfer_free", "hn_version_string",
};

static void check_untouched(const function *f, int null) {
    ck_assert_msg(f->size == 0 || res.struct_size == f->size, "%s: argument %d: struct_size was changed", f->name, null);
    ck_assert_msg(all_pattern(res.bytes, f->size ? sizeof res.struct_size : 0, sizeof res), "%s: argument %d: a result was written", f->name, null);
    ck_assert_msg(all_pattern(buffer.bytes, 0, sizeof buffer), "%s: argument %d: a buffer was written", f->name, null);
    const handle *const places[] = {&out, &out2};
    for (int i = 0; i < 2; i++) {
        const bool given = i < f->handles && f->out_at + i != null;
        ck_assert_msg(places[i]->p == (given ? NULL : (void *)&marker), "%s: argument %d: out-handle %d is %p", f->name, null, i, places[i]->p);
    }
}

static void check_function(const function *f) {
    for (int null = 1; null <= f->arguments; null++) {
        char what[96];
        snprintf(what, sizeof what, "%s with argument %d NULL", f->name, null);
        prepare(f->size);
        hn_status status = f->call(null, &err);
        ck_refused(what, status, HN_E_ARGUMENT);
        check_untouched(f, null);
        prepare(f->size);
        status = f->call(null, NULL); /* nobody wants to know why */
        ck_assert_msg(status == HN_E_ARGUMENT, "%s, err NULL: %s", what, hn_status_name(status));
        check_untouched(f, null);
    }
}

START_TEST(null_arguments) {
    for (size_t i = 0; i < FUNCTIONS; i++) check_function(&functions[i]);
}
END_TEST

START_TEST(null_where_nothing_can_fail) {
    hn_builder_free(NULL), hn_cancel_free(NULL), hn_context_free(NULL), hn_dataset_free(NULL), hn_eval_free(NULL), hn_image_free(NULL);
    hn_model_free(NULL), hn_phantom_free(NULL), hn_predictor_free(NULL), hn_trainer_free(NULL), hn_cancel_trigger(NULL), hn_cancel_reset(NULL);
    hn_transfer_free(NULL);
    ck_assert_int_eq(hn_cancel_triggered(NULL), 0);
    ck_assert_int_eq(hn_eval_count(NULL), 0);
    ck_assert_int_eq(hn_phantom_count(NULL), 0);
    hn_regions_free(NULL), hn_subgroups_free(NULL);
    ck_assert_int_eq(hn_subgroups_count(NULL), 0);
    ck_assert_int_eq(hn_subgroups_comparisons(NULL), 0);
    ck_assert_ptr_null(hn_correction_name(0));
    ck_assert_ptr_null(hn_dataset_value(NULL, 0, 0));
    ck_assert_int_eq(hn_regions_count(NULL), 0);
    ck_assert_int_eq(hn_trainer_epochs(NULL), 0);
    ck_assert_ptr_null(hn_dataset_class_name(NULL, 0));
    ck_assert_ptr_null(hn_eval_class_name(NULL, 0));
    ck_assert_ptr_null(hn_eval_rule_name(-1));
    ck_assert_ptr_null(hn_threshold_rule_name(0));
    ck_assert_ptr_null(hn_calibration_method_name(3));
    ck_assert_ptr_null(hn_model_class_name(NULL, 0));
    for (int32_t i = -3; i < 5; i++) {
        const bool there = i == 0 || i == 1;
        ck_assert_int_eq(hn_dataset_class_name(w.data, i) != NULL, there);
        ck_assert_int_eq(hn_eval_class_name(w.eval, i) != NULL, there);
        ck_assert_int_eq(hn_model_class_name(w.model, i) != NULL, there);
    }
}
END_TEST

static bool known(const char *name) {
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (!strcmp(functions[i].name, name)) return true;
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (!strcmp(silent[i], name)) return true;
    return false;
}

START_TEST(every_function_is_here) {
    FILE *map = fopen("lib/api/libhaemnet.map", "r");
    char line[256], name[64];
    size_t count = 0;
    ck_assert_ptr_nonnull(map);
    while (fgets(line, sizeof line, map)) {
        if (sscanf(line, " %63[a-z0-9_];", name) != 1 || strncmp(name, "hn_", 3) != 0) continue;
        count++;
        ck_assert_msg(known(name), "%s is exported but has no row here", name);
    }
    fclose(map);
    ck_assert_uint_eq(count, FUNCTIONS + sizeof silent / sizeof *silent);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("api NULL");
    TCase *cases = tcase_create("NULL");
    tcase_add_checked_fixture(cases, make_everything, free_everything);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, null_where_nothing_can_fail);
    tcase_add_test(cases, every_function_is_here);
    tcase_add_test(cases, null_arguments);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
