/* test_failure.c - calls that fail for another reason than NULL or struct_size: an index that is not there, a file that is not, a range, a buffer too
 * small, a wrong moment. Each gives its status and a message; out-handles are NULL and other outputs as they were. Links the shared library only. */
#include <math.h>

#include "everything.h"

#define CALL(name, function, ...) \
    static hn_status name(hn_error *e) { return function(__VA_ARGS__, e); }

static const char nowhere[] = "/nonexistent/file";
static const hn_model_options narrow = {.struct_size = sizeof narrow, .width = 3, .height = 3, .channels = 1};
static const hn_model_options wide = {.struct_size = sizeof wide, .channels = 17};
static const hn_phantom_options small = {.struct_size = sizeof small, .size = 63};
static const hn_context_options crowd = {.struct_size = sizeof crowd, .threads = 1025, .plugin_dir = ""};
static const hn_dataset_options regex = {.struct_size = sizeof regex, .group_pattern = "("};
static const hn_split_options thin = {.struct_size = sizeof thin, .folds = 13}, no_ratio = {.struct_size = sizeof no_ratio, .train_ratio = 1};
static const hn_image_options tiny = {.struct_size = sizeof tiny, .max_side = 1};
static const hn_window flat = {40, 0};
static const hn_box nothing = {.struct_size = sizeof nothing};
static const hn_train_options no_device = {.struct_size = sizeof no_device, .device = "abacus"}, steep = {.struct_size = sizeof steep, .learning_rate = -1};
static const hn_eval_options third = {.struct_size = sizeof third, .positive = 3};
static const hn_pixels huge = {.struct_size = sizeof huge, .type = HN_PIXEL_U8, .width = 65536, .height = 1, .channels = 1, .data = nowhere};
static const int32_t truth[] = {2};
static const double chances[] = {0.5, 0.5}, nine[] = {9, 9};
static const hn_eval_arrays beyond = {.struct_size = sizeof beyond, .task = HN_TASK_SINGLE, .n_classes = 2, .n = 1, .classes = truth,
                                      .probabilities = chances};
static const hn_predictor_options three_views = {.struct_size = sizeof three_views, .tta = 3};
static const hn_learning_points alike = {.struct_size = sizeof alike, .n = 2, .sizes = nine, .accuracies = chances};
static const hn_reliability_options first_class = {.struct_size = sizeof first_class, .index = 1};
static const hn_calibration nameless = {.struct_size = sizeof nameless, .n_classes = 2};
static const hn_threshold two = {.struct_size = sizeof two, .threshold = 2};
static const hn_bootstrap_options ten = {.struct_size = sizeof ten, .resamples = 10};
static hn_metrics limits = {.struct_size = sizeof limits};
static const hn_conv2d_options big = {.struct_size = sizeof big, .filters = 1, .kernel = {99, 99}};

CALL(relative_plugin, hn_backend_load, w.ctx, "plugin.so")
CALL(no_plugin, hn_backend_load, w.ctx, nowhere)
CALL(large_kernel, hn_builder_conv2d, w.builder, 0, "a", &big, &res.i32)
CALL(no_value, hn_builder_flatten, w.builder, 99, "a", &res.i32)
CALL(no_builder_value, hn_builder_finish, w.builder, 99, &out.model)
CALL(too_many_threads, hn_context_create, &crowd, &out.context)
CALL(frozen, hn_dataset_add_file, w.train, nowhere, "a", NULL)
CALL(no_row, hn_dataset_get_row, w.data, 12, &res.row)
CALL(no_regex, hn_dataset_create, w.ctx, &regex, &out.dataset)
CALL(no_data, hn_dataset_open, w.ctx, nowhere, NULL, &out.dataset)
CALL(thirteen_folds, hn_dataset_split, w.data, &thin, &out.dataset, &out2.dataset)
CALL(all_to_train, hn_dataset_split, w.data, &no_ratio, &out.dataset, &out2.dataset)
CALL(one_of_three_channels, hn_dataset_statistics, w.data, NULL, NULL, buffer.doubles, buffer.doubles + 8, 1, &res.i64)
CALL(no_device_number, hn_device_get, w.ctx, 99, &res.device)
CALL(no_device_name, hn_device_find, w.ctx, "abacus", &res.i32)
CALL(no_selftest, hn_device_selftest, w.ctx, -1, &res.selftest)
CALL(no_class_auc, hn_eval_auc, w.eval, 2, 0, &res.interval)
CALL(level_one, hn_eval_auc_difference, w.eval, w.eval, 0, 1, &res.interval)
CALL(ten_resamples, hn_eval_bootstrap, w.eval, 0, &ten, &res.metrics, &limits)
CALL(three_of_two, hn_eval_proportion, 3, 2, 0, &res.interval)
CALL(small_fits, hn_eval_power_law, w.ctx, &alike, NULL, &res.power_law, buffer.doubles, 512)
CALL(no_such_rate, hn_eval_rate, w.eval, 9, 0, 0, &res.interval)
CALL(no_chooser, hn_eval_threshold, w.eval, 1, 9, 0, &res.threshold)
CALL(class_three, hn_eval_threshold, w.eval, 3, HN_CHOOSE_YOUDEN, 0, &res.threshold)
CALL(nine_held, hn_eval_operating_points, w.eval, 1, HN_CHOOSE_SENSITIVITY, nine, 2, NULL, buffer.operating)
CALL(small_diagram, hn_eval_reliability, w.eval, &first_class, &res.reliability, buffer.bins, 3, NULL)
CALL(no_method, hn_eval_calibrated, w.eval, &nameless, &out.eval)
CALL(no_model_method, hn_model_with_calibration, w.model, &nameless, &out.model)
CALL(threshold_of_two, hn_model_with_threshold, w.model, &two, &out.model)
CALL(no_columns, hn_subgroups_create, w.eval, &sex, 0, NULL, &out.subgroups)
CALL(no_subgroup, hn_subgroups_get, w.subgroups, 2, &res.subgroup)
CALL(no_values, hn_eval_mean, chances, 0, 0.25, 0, &res.mean)
CALL(no_rule, hn_eval_by_group, w.eval, 9, 0, &out.eval)
CALL(no_class, hn_eval_class, w.eval, 2, 0, &res.class_metrics)
CALL(small_matrix, hn_eval_confusion, w.eval, 0, buffer.numbers, 3, NULL)
CALL(small_curve, hn_eval_curve, w.eval, HN_CURVE_ROC, 0, buffer.points, 1, NULL)
CALL(no_curve, hn_eval_curve, w.eval, 3, 0, buffer.points, 128, &res.size)
CALL(no_curve_class, hn_eval_curve, w.eval, HN_CURVE_PR, -1, buffer.points, 128, &res.size)
CALL(class_beyond, hn_eval_from_arrays, w.ctx, &beyond, &out.eval)
CALL(threshold_nan, hn_eval_metrics, w.eval, NAN, &res.metrics)
CALL(threshold_one, hn_eval_metrics, w.eval, 1, &res.metrics)
CALL(no_sample, hn_eval_row, w.eval, -1, &res.sample)
CALL(third_of_two, hn_evaluate, w.predictor, w.data, &third, &out.eval)
CALL(two_channels, hn_image_convert, w.image, 2, &out.image)
CALL(small_pixels, hn_image_copy_pixels, w.image, buffer.bytes, 64 * 64 - 1, NULL)
CALL(no_image, hn_image_decode, w.ctx, nowhere, sizeof nowhere, NULL, &out.image)
CALL(empty_image, hn_image_decode, w.ctx, nowhere, 0, NULL, &out.image)
CALL(no_file, hn_image_load, w.ctx, nowhere, &tiny, &out.image)
CALL(folder, hn_image_load, w.ctx, "/", NULL, &out.image)
CALL(empty_box, hn_image_crop, w.image, &nothing, &out.image)
CALL(even_median, hn_image_filter_median, w.image, 4, &out.image)
CALL(filter_hu, hn_image_filter_gaussian, w.ct, 1, &out.image)
CALL(wide_margin, hn_image_head_box, w.ct, 2, 0, &res.box)
CALL(no_width, hn_image_resize, w.image, 0, 8, &out.image)
CALL(resize_hu, hn_image_resize, w.ct, 8, 8, &out.image)
CALL(save_nowhere, hn_image_save_png, w.image, nowhere)
CALL(save_hu, hn_image_save_jpeg, w.ct, nowhere, 90)
CALL(quality, hn_image_save_jpeg, w.image, nowhere, 101)
CALL(flat_window, hn_image_window, w.ct, &flat, &out.image)
CALL(window_on_grey, hn_image_window_float, w.image, NULL, &out.image)
CALL(too_wide, hn_image_wrap, w.ctx, &huge, &out.image)
CALL(no_tensor, hn_model_get_tensor, w.model, -1, &res.tensor)
CALL(no_tensor_numbers, hn_model_copy_tensor, w.model, 99, buffer.floats, 1024)
CALL(small_tensor, hn_model_copy_tensor, w.model, 0, buffer.floats, 1)
CALL(no_layer, hn_model_get_layer, w.model, 99, &res.layer)
CALL(no_weights, hn_model_import, w.ctx, nowhere, "tinyvgg", NULL, &out.model)
CALL(no_model, hn_model_load, w.ctx, nowhere, &out.model)
CALL(not_a_model, hn_model_load_memory, w.ctx, nowhere, sizeof nowhere, &out.model)
CALL(small_metadata, hn_model_metadata, w.model, buffer.text, 1, NULL)
CALL(no_preset, hn_model_preset, w.ctx, "hugevgg", NULL, &out.model)
CALL(too_narrow, hn_model_preset, w.ctx, "tinyvgg", &narrow, &out.model)
CALL(too_many_channels, hn_model_preset, w.ctx, "tinyvgg", &wide, &out.model)
CALL(model_nowhere, hn_model_save, w.model, nowhere)
CALL(small_summary, hn_model_summary, w.model, 1, buffer.text, 1, NULL)
CALL(negative_batch, hn_model_summary, w.model, -1, buffer.text, sizeof buffer, &res.size)
CALL(small_phantom, hn_phantom_create, w.ctx, &small, &out.phantom)
CALL(no_slice, hn_phantom_render, w.phantom, 12, &res.slice, &out.image, &out2.image)
CALL(no_views, hn_predictor_create, w.model, &three_views, &out.predictor)
CALL(no_training_device, hn_trainer_create, w.model, w.train, NULL, &no_device, &out.trainer)
CALL(negative_rate, hn_trainer_create, w.model, w.train, NULL, &steep, &out.trainer)
CALL(no_epoch, hn_trainer_history, w.trainer, 2, &res.epoch)
CALL(which, hn_trainer_model, w.trainer, 0, &out.model)
CALL(resume_late, hn_trainer_resume, w.trainer, nowhere)
CALL(checkpoint_nowhere, hn_trainer_save, w.trainer, nowhere)

typedef struct failure {
    const char *name;
    hn_status (*call)(hn_error *e);
    hn_status status;
    int handles;
    size_t size; /* of the result struct, 0 = none */
} failure;
#define F(name, status, ...) {#name, name, status, __VA_ARGS__}
static const failure failures[] = {
    F(relative_plugin, HN_E_ARGUMENT, 0, 0),
    F(no_plugin, HN_E_IO, 0, 0),
    F(large_kernel, HN_E_SHAPE, 0, 0),
    F(no_value, HN_E_NOT_FOUND, 0, 0),
    F(no_builder_value, HN_E_NOT_FOUND, 1, 0),
    F(too_many_threads, HN_E_LIMIT, 1, 0),
    F(frozen, HN_E_STATE, 0, 0),
    F(no_row, HN_E_NOT_FOUND, 0, sizeof(hn_row)),
    F(no_regex, HN_E_ARGUMENT, 1, 0),
    F(no_data, HN_E_IO, 1, 0),
    F(thirteen_folds, HN_E_DATA, 2, 0),
    F(all_to_train, HN_E_ARGUMENT, 2, 0),
    F(one_of_three_channels, HN_E_BUFFER, 0, 0),
    F(no_device_number, HN_E_NOT_FOUND, 0, sizeof(hn_device_info)),
    F(no_device_name, HN_E_NOT_FOUND, 0, 0),
    F(no_selftest, HN_E_NOT_FOUND, 0, sizeof(hn_selftest_report)),
    F(no_class_auc, HN_E_NOT_FOUND, 0, sizeof(hn_interval)),
    F(level_one, HN_E_ARGUMENT, 0, sizeof(hn_interval)),
    F(ten_resamples, HN_E_ARGUMENT, 0, sizeof(hn_metrics)),
    F(three_of_two, HN_E_ARGUMENT, 0, sizeof(hn_interval)),
    F(small_fits, HN_E_BUFFER, 0, sizeof(hn_power_law)),
    F(no_such_rate, HN_E_ARGUMENT, 0, sizeof(hn_interval)),
    F(no_chooser, HN_E_ARGUMENT, 0, sizeof(hn_threshold)),
    F(class_three, HN_E_NOT_FOUND, 0, sizeof(hn_threshold)),
    F(nine_held, HN_E_ARGUMENT, 0, 0),
    F(small_diagram, HN_E_BUFFER, 0, sizeof(hn_reliability)),
    F(no_method, HN_E_ARGUMENT, 1, 0),
    F(no_model_method, HN_E_ARGUMENT, 1, 0),
    F(threshold_of_two, HN_E_ARGUMENT, 1, 0),
    F(no_columns, HN_E_ARGUMENT, 1, 0),
    F(no_subgroup, HN_E_NOT_FOUND, 0, sizeof(hn_subgroup)),
    F(no_values, HN_E_ARGUMENT, 0, sizeof(hn_mean)),
    F(no_rule, HN_E_ARGUMENT, 1, 0),
    F(no_class, HN_E_NOT_FOUND, 0, sizeof(hn_class_metrics)),
    F(small_matrix, HN_E_BUFFER, 0, 0),
    F(small_curve, HN_E_BUFFER, 0, 0),
    F(no_curve, HN_E_ARGUMENT, 0, 0),
    F(no_curve_class, HN_E_NOT_FOUND, 0, 0),
    F(class_beyond, HN_E_ARGUMENT, 1, 0),
    F(threshold_nan, HN_E_ARGUMENT, 0, sizeof(hn_metrics)),
    F(threshold_one, HN_E_ARGUMENT, 0, sizeof(hn_metrics)),
    F(no_sample, HN_E_NOT_FOUND, 0, sizeof(hn_eval_sample)),
    F(third_of_two, HN_E_ARGUMENT, 1, 0),
    F(two_channels, HN_E_ARGUMENT, 1, 0),
    F(small_pixels, HN_E_BUFFER, 0, 0),
    F(no_image, HN_E_FORMAT, 1, 0),
    F(empty_image, HN_E_FORMAT, 1, 0),
    F(no_file, HN_E_IO, 1, 0),
    F(folder, HN_E_IO, 1, 0),
    F(empty_box, HN_E_ARGUMENT, 1, 0),
    F(even_median, HN_E_ARGUMENT, 1, 0),
    F(filter_hu, HN_E_ARGUMENT, 1, 0),
    F(wide_margin, HN_E_ARGUMENT, 0, sizeof(hn_box)),
    F(no_width, HN_E_ARGUMENT, 1, 0),
    F(resize_hu, HN_E_ARGUMENT, 1, 0),
    F(save_nowhere, HN_E_IO, 0, 0),
    F(save_hu, HN_E_ARGUMENT, 0, 0),
    F(quality, HN_E_ARGUMENT, 0, 0),
    F(flat_window, HN_E_ARGUMENT, 1, 0),
    F(window_on_grey, HN_E_ARGUMENT, 1, 0),
    F(too_wide, HN_E_LIMIT, 1, 0),
    F(no_tensor, HN_E_NOT_FOUND, 0, sizeof(hn_tensor_info)),
    F(no_tensor_numbers, HN_E_NOT_FOUND, 0, 0),
    F(small_tensor, HN_E_BUFFER, 0, 0),
    F(no_layer, HN_E_NOT_FOUND, 0, sizeof(hn_layer_info)),
    F(no_weights, HN_E_IO, 1, 0),
    F(no_model, HN_E_IO, 1, 0),
    F(not_a_model, HN_E_FORMAT, 1, 0),
    F(small_metadata, HN_E_BUFFER, 0, 0),
    F(no_preset, HN_E_NOT_FOUND, 1, 0),
    F(too_narrow, HN_E_SHAPE, 1, 0),
    F(too_many_channels, HN_E_ARGUMENT, 1, 0),
    F(model_nowhere, HN_E_IO, 0, 0),
    F(small_summary, HN_E_BUFFER, 0, 0),
    F(negative_batch, HN_E_ARGUMENT, 0, 0),
    F(small_phantom, HN_E_ARGUMENT, 1, 0),
    F(no_slice, HN_E_NOT_FOUND, 2, sizeof(hn_phantom_slice_info)),
    F(no_views, HN_E_ARGUMENT, 1, 0),
    F(no_training_device, HN_E_NOT_FOUND, 1, 0),
    F(negative_rate, HN_E_ARGUMENT, 1, 0),
    F(no_epoch, HN_E_NOT_FOUND, 0, sizeof(hn_epoch_report)),
    F(which, HN_E_ARGUMENT, 1, 0),
    F(resume_late, HN_E_STATE, 0, 0),
    F(checkpoint_nowhere, HN_E_IO, 0, 0),
};

START_TEST(outputs_stay) {
    hn_memory_info first = {.struct_size = sizeof first}, second = first;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        const failure *f = &failures[i];
        for (int round = 0; round < 2; round++) { /* the second time, nothing new may stay allocated */
            prepare(f->size);
            ck_ok(hn_context_memory(w.ctx, &first, &err));
            ck_refused(f->name, f->call(&err), f->status);
            ck_ok(hn_context_memory(w.ctx, &second, &err));
        }
        ck_assert_msg(second.live_blocks == first.live_blocks, "%s leaks: %lld blocks, %lld before", f->name, (long long)second.live_blocks,
                      (long long)first.live_blocks);
        ck_assert_msg(all_pattern(res.bytes, f->size ? sizeof res.struct_size : 0, sizeof res), "%s: a result was written", f->name);
        ck_assert_msg(all_pattern(buffer.bytes, 0, sizeof buffer), "%s: a buffer was written", f->name);
        ck_assert_msg(out.p == (f->handles > 0 ? NULL : (void *)&marker), "%s: the out-handle is %p", f->name, out.p);
        ck_assert_msg(out2.p == (f->handles > 1 ? NULL : (void *)&marker), "%s: the second out-handle is %p", f->name, out2.p);
        ck_assert_msg(f->call(NULL) == f->status, "%s: another status without a place for the error", f->name);
    }
}
END_TEST

/* A success leaves the error alone, whatever is in it. */
START_TEST(success_leaves_the_error_alone) {
    hn_error before;
    prepare(sizeof(hn_image_info));
    memset(&err, PATTERN, sizeof err);
    before = err;
    ck_assert_int_eq(hn_image_get_info(w.image, &res.image, &err), HN_OK);
    ck_assert_int_eq(hn_image_convert(w.image, 3, &out.image, &err), HN_OK);
    ck_assert_int_eq(hn_predict(w.predictor, w.image, &(hn_prediction){.struct_size = sizeof(hn_prediction)}, &err), HN_OK);
    ck_assert_msg(!memcmp(&before, &err, sizeof err), "a success wrote to the error");
    hn_image_free(out.image);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("api failures");
    TCase *cases = tcase_create("failures");
    tcase_add_checked_fixture(cases, make_everything, free_everything);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, outputs_stay);
    tcase_add_test(cases, success_leaves_the_error_alone);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
