/* test_struct_size.c - every size-prefixed struct, options and results alike: a struct_size that no release has published is HN_E_ABI and changes
 * nothing; a longer one from a later release is taken while what is unknown is zero, and refused otherwise. A test compares the table with
 * hn_abi_layout(), so that a new struct cannot be forgotten. Links the shared library only. */
#include "everything.h"

/* Calls with the struct at `s`; other arguments are sound, so that only the struct decides. */
#define CALL(type, name, ...) \
    static hn_status name##_##type(void *s, hn_error *e) { return name(__VA_ARGS__); }
#define IN(type) ((const type *)s)
#define OUT(type) ((type *)s)

static const char path[] = "/nonexistent/file";
static double mean[3], deviation[3];
enum { MAP = 64 * 64 };
static float map[MAP];
static const uint8_t mask[MAP] = {1};
static double area;
static const double chances[] = {0.5, 0.75};
static const hn_bootstrap_options quick = {.struct_size = sizeof quick, .resamples = 100};
static const double training_sizes[] = {10, 20}, accuracies[] = {0.5, 0.6};
static const hn_learning_points trainings = {.struct_size = sizeof trainings, .n = 2, .sizes = training_sizes, .accuracies = accuracies};
static hn_power_law *law(void) {
    static hn_power_law l;
    l.struct_size = sizeof l;
    return &l;
}
static const hn_reliability_options first_class = {.struct_size = sizeof first_class, .index = 1};
static hn_reliability *diagram(void) {
    static hn_reliability r;
    r.struct_size = sizeof r;
    return &r;
}
static hn_metrics *limits(int i) { /* sound ones, when the other struct is in question */
    static hn_metrics m[2];
    m[i].struct_size = sizeof m[i];
    return &m[i];
}

static hn_status hn_context_create_hn_allocator(void *s, hn_error *e) {
    hn_context_options o = {.struct_size = sizeof o, .allocator = (const hn_allocator *)s, .plugin_dir = ""};
    return hn_context_create(&o, &out.context, e);
}
static hn_status hn_dataset_create_image(void *s, hn_error *e) {
    hn_dataset_options o = {.struct_size = sizeof o};
    memcpy(&o.image, s, sizeof o.image);
    return hn_dataset_create(w.ctx, &o, &out.dataset, e);
}
static hn_status hn_trainer_create_hn_param_group(void *s, hn_error *e) {
    hn_train_options o = {.struct_size = sizeof o, .param_groups = (const hn_param_group *)s, .n_param_groups = 1};
    return hn_trainer_create(w.model, w.train, w.test, &o, &out.trainer, e);
}
static hn_status hn_trainer_create_augment(void *s, hn_error *e) {
    hn_train_options o = {.struct_size = sizeof o, .augment = (const hn_augment_options *)s};
    return hn_trainer_create(w.model, w.train, w.test, &o, &out.trainer, e);
}
CALL(hn_context_options, hn_context_create, IN(hn_context_options), &out.context, e)
CALL(hn_memory_info, hn_context_memory, w.ctx, OUT(hn_memory_info), e)
CALL(hn_device_info, hn_device_get, w.ctx, 0, OUT(hn_device_info), e)
CALL(hn_selftest_report, hn_device_selftest, w.ctx, 0, OUT(hn_selftest_report), e)
CALL(hn_pixels, hn_image_wrap, w.ctx, IN(hn_pixels), &out.image, e)
CALL(hn_image_options, hn_image_load, w.ctx, path, IN(hn_image_options), &out.image, e)
CALL(hn_image_options, hn_image_decode, w.ctx, path, sizeof path, IN(hn_image_options), &out.image, e)
CALL(hn_image_info, hn_image_get_info, w.image, OUT(hn_image_info), e)
CALL(hn_box, hn_image_head_box, w.ct, 0, 0, OUT(hn_box), e)
CALL(hn_box, hn_image_crop, w.image, IN(hn_box), &out.image, e)
CALL(hn_phantom_options, hn_phantom_create, w.ctx, IN(hn_phantom_options), &out.phantom, e)
CALL(hn_phantom_slice_info, hn_phantom_render, w.phantom, 0, OUT(hn_phantom_slice_info), &out.image, &out2.image, e)
CALL(hn_dataset_options, hn_dataset_create, w.ctx, IN(hn_dataset_options), &out.dataset, e)
CALL(hn_dataset_options, hn_dataset_open, w.ctx, path, IN(hn_dataset_options), &out.dataset, e)
CALL(hn_dataset_info, hn_dataset_get_info, w.data, OUT(hn_dataset_info), e)
CALL(hn_row, hn_dataset_get_row, w.data, 0, OUT(hn_row), e)
CALL(hn_audit_options, hn_dataset_audit, w.data, NULL, IN(hn_audit_options), &out.audit, e)
CALL(hn_audit_options, hn_model_audit, w.model, w.data, IN(hn_audit_options), &out.audit, e)
CALL(hn_audit_info, hn_audit_get_info, w.audit, OUT(hn_audit_info), e)
CALL(hn_finding, hn_audit_finding, w.audit, 0, OUT(hn_finding), e)
CALL(hn_shortcut, hn_audit_shortcut, w.audit, 0, OUT(hn_shortcut), e)
CALL(hn_split_options, hn_dataset_split, w.data, IN(hn_split_options), &out.dataset, &out2.dataset, e)
CALL(hn_model_options, hn_model_preset, w.ctx, "tinyvgg", IN(hn_model_options), &out.model, e)
CALL(hn_model_options, hn_model_import, w.ctx, path, "tinyvgg", IN(hn_model_options), &out.model, e)
CALL(hn_model_options, hn_builder_create, w.ctx, IN(hn_model_options), &out.builder, e)
CALL(hn_model_options, hn_dataset_statistics, w.data, IN(hn_model_options), NULL, mean, deviation, 3, NULL, e)
CALL(hn_model_options, hn_transfer_create, w.ctx, path, "tinyvgg", IN(hn_model_options), &out.transfer, e)
CALL(hn_transfer_info, hn_transfer_get_info, w.transfer, OUT(hn_transfer_info), e)
CALL(hn_transfer_line, hn_transfer_get_line, w.transfer, 0, OUT(hn_transfer_line), e)
CALL(hn_model_info, hn_model_get_info, w.model, OUT(hn_model_info), e)
CALL(hn_preset_info, hn_preset_get, 0, OUT(hn_preset_info), e)
CALL(hn_layer_info, hn_model_get_layer, w.model, 0, OUT(hn_layer_info), e)
CALL(hn_tensor_info, hn_model_get_tensor, w.model, 0, OUT(hn_tensor_info), e)
CALL(hn_conv2d_options, hn_builder_conv2d, w.builder, 0, "a", IN(hn_conv2d_options), &res.i32, e)
CALL(hn_pool2d_options, hn_builder_max_pool2d, w.builder, 0, "m", IN(hn_pool2d_options), &res.i32, e)
CALL(hn_pool2d_options, hn_builder_avg_pool2d, w.builder, 0, "a", IN(hn_pool2d_options), &res.i32, e)
CALL(hn_augment_options, hn_augment_images, w.model, (const hn_image *const *)&w.image, 1, IN(hn_augment_options), 0, 1, NULL, &out.image, e)
CALL(hn_train_options, hn_trainer_create, w.model, w.train, w.test, IN(hn_train_options), &out.trainer, e)
CALL(hn_epoch_report, hn_train_epoch, w.trainer, OUT(hn_epoch_report), e)
CALL(hn_trainer_info, hn_trainer_get_info, w.trainer, OUT(hn_trainer_info), e)
CALL(hn_epoch_report, hn_trainer_history, w.trainer, 1, OUT(hn_epoch_report), e)
CALL(hn_predictor_options, hn_predictor_create, w.model, IN(hn_predictor_options), &out.predictor, e)
CALL(hn_prediction, hn_predict, w.predictor, w.image, OUT(hn_prediction), e)
CALL(hn_prediction, hn_predict_batch, w.predictor, (const hn_image *const *)&w.image, 1, OUT(hn_prediction), e)
CALL(hn_prediction, hn_predict_series, w.predictor, (const hn_image *const *)&w.image, 1, OUT(hn_prediction), e)
CALL(hn_eval_options, hn_evaluate, w.predictor, w.data, IN(hn_eval_options), &out.eval, e)
CALL(hn_eval_arrays, hn_eval_from_arrays, w.ctx, IN(hn_eval_arrays), &out.eval, e)
CALL(hn_metrics, hn_eval_metrics, w.eval, 0, OUT(hn_metrics), e)
CALL(hn_class_metrics, hn_eval_class, w.eval, 0, 0, OUT(hn_class_metrics), e)
CALL(hn_eval_sample, hn_eval_row, w.eval, 0, OUT(hn_eval_sample), e)
CALL(hn_interval, hn_eval_proportion, 1, 2, 0, OUT(hn_interval), e)
CALL(hn_interval, hn_eval_auc, w.eval, 0, 0, OUT(hn_interval), e)
CALL(hn_interval, hn_eval_auc_difference, w.eval, w.eval, 0, 0, OUT(hn_interval), e)
CALL(hn_mean, hn_eval_mean, chances, 2, 0.25, 0, OUT(hn_mean), e)
CALL(hn_interval, hn_eval_rate, w.eval, HN_RATE_ACCURACY, 0, 0, OUT(hn_interval), e)
CALL(hn_threshold, hn_eval_threshold, w.eval, 1, HN_CHOOSE_YOUDEN, 0, OUT(hn_threshold), e)
CALL(hn_bootstrap_options, hn_eval_operating_points, w.eval, 1, HN_CHOOSE_SENSITIVITY, chances, 1, IN(hn_bootstrap_options), buffer.operating, e)
CALL(hn_threshold, hn_model_get_threshold, w.model, OUT(hn_threshold), e)
CALL(hn_familiarity, hn_model_get_familiarity, w.model, OUT(hn_familiarity), e)
CALL(hn_novelty, hn_eval_novelty, w.eval, OUT(hn_novelty), e)
CALL(hn_threshold, hn_model_with_threshold, w.model, IN(hn_threshold), &out.model, e)
CALL(hn_calibration, hn_model_get_calibration, w.model, OUT(hn_calibration), e)
CALL(hn_calibration, hn_model_with_calibration, w.model, IN(hn_calibration), &out.model, e)
CALL(hn_calibration, hn_eval_calibrated, w.eval, IN(hn_calibration), &out.eval, e)
CALL(hn_subgroup_options, hn_subgroups_create, w.eval, &sex, 1, IN(hn_subgroup_options), &out.subgroups, e)
CALL(hn_subgroup, hn_subgroups_get, w.subgroups, 0, OUT(hn_subgroup), e)
CALL(hn_reliability_options, hn_eval_reliability, w.eval, IN(hn_reliability_options), diagram(), NULL, 0, NULL, e)
CALL(hn_reliability, hn_eval_reliability, w.eval, &first_class, OUT(hn_reliability), NULL, 0, NULL, e)
CALL(hn_learning_points, hn_eval_power_law, w.ctx, IN(hn_learning_points), NULL, &res.power_law, NULL, 0, e)
CALL(hn_power_law_options, hn_eval_power_law, w.ctx, &trainings, IN(hn_power_law_options), law(), NULL, 0, e)
CALL(hn_power_law, hn_eval_power_law, w.ctx, &trainings, NULL, OUT(hn_power_law), NULL, 0, e)
CALL(hn_mcnemar, hn_eval_mcnemar, w.eval, w.eval, OUT(hn_mcnemar), e)
CALL(hn_bootstrap_options, hn_eval_bootstrap, w.eval, 0, IN(hn_bootstrap_options), limits(0), limits(1), e)
CALL(hn_bootstrap_options, hn_eval_bootstrap_difference, w.eval, w.eval, IN(hn_bootstrap_options), limits(0), limits(1), e)
CALL(hn_bootstrap_options, hn_eval_curve_band, w.eval, HN_CURVE_ROC, 0, IN(hn_bootstrap_options), chances, 1, NULL, mean, deviation, e)
CALL(hn_metrics, hn_eval_bootstrap, w.eval, 0, &quick, OUT(hn_metrics), limits(1), e)
CALL(hn_metrics, hn_eval_bootstrap_difference, w.eval, w.eval, &quick, limits(0), OUT(hn_metrics), e)
CALL(hn_explain_options, hn_explain, w.predictor, w.image, IN(hn_explain_options), map, MAP, NULL, NULL, e)
CALL(hn_heatmap_info, hn_explain, w.predictor, w.image, NULL, map, MAP, NULL, OUT(hn_heatmap_info), e)
CALL(hn_heatmap_info, hn_explain_batch, w.predictor, (const hn_image *const *)&w.image, 1, NULL, map, MAP, NULL, OUT(hn_heatmap_info), e)
CALL(hn_region_options, hn_regions_find, w.ctx, map, 4, 4, 4, IN(hn_region_options), &out.regions, e)
CALL(hn_region, hn_regions_get, w.regions, 0, OUT(hn_region), e)
CALL(hn_heatmap_truth, hn_heatmap_compare, map, mask, 64, 64, 0, OUT(hn_heatmap_truth), e)
CALL(hn_explain_curve_options, hn_explain_curve, w.predictor, w.image, map, IN(hn_explain_curve_options), NULL, 0, NULL, &area, e)
CALL(hn_overlay_options, hn_overlay, w.ctx, w.image, map, NULL, IN(hn_overlay_options), &out.image, e)
CALL(hn_heatmap_info, hn_explain_series, w.predictor, (const hn_image *const *)&w.image, 1, NULL, map, MAP, NULL, OUT(hn_heatmap_info), e)

/* Frees what a call gave; out2 is of the same kind. */
#define DROP(kind) \
    static void drop_##kind(void) { hn_##kind##_free(out.kind); }
#define DROP_TWO(kind) \
    static void drop_two_##kind(void) { hn_##kind##_free(out.kind), hn_##kind##_free(out2.kind); }
DROP(audit)
DROP(context)
DROP(image)
DROP_TWO(image)
DROP(phantom)
DROP(regions)
DROP(subgroups)
DROP(dataset)
DROP_TWO(dataset)
DROP(model)
DROP(builder)
DROP(trainer)
DROP(predictor)
DROP(eval)
DROP(transfer)
static void nothing(void) {}

/* longer: what a call gives whose struct is longer than this library's, with zeros behind; SLOW: not asked, as it takes seconds. */
enum { SLOW = 1 };
typedef struct entry {
    const char *type, *name;
    hn_status (*call)(void *s, hn_error *e);
    uint32_t size;
    int handles;
    void (*drop)(void);
    hn_status longer;
} entry;
#define E(type, name, handles, drop, longer) {#type, #name, name##_##type, sizeof(type), handles, drop, longer}
static const entry entries[] = {
    E(hn_allocator, hn_context_create, 1, drop_context, HN_E_ARGUMENT), /* alloc and free are NULL */
    E(hn_context_options, hn_context_create, 1, drop_context, HN_OK),
    E(hn_memory_info, hn_context_memory, 0, nothing, HN_OK),
    E(hn_device_info, hn_device_get, 0, nothing, HN_OK),
    E(hn_selftest_report, hn_device_selftest, 0, nothing, SLOW),
    E(hn_pixels, hn_image_wrap, 1, drop_image, HN_E_ARGUMENT), /* all zeros are no pixels */
    E(hn_image_options, hn_image_load, 1, drop_image, HN_E_IO),
    E(hn_image_options, hn_image_decode, 1, drop_image, HN_E_FORMAT),
    E(hn_image_info, hn_image_get_info, 0, nothing, HN_OK),
    E(hn_box, hn_image_head_box, 0, nothing, HN_OK),
    E(hn_box, hn_image_crop, 1, drop_image, HN_E_ARGUMENT), /* no sides */
    E(hn_phantom_options, hn_phantom_create, 1, drop_phantom, HN_OK),
    E(hn_phantom_slice_info, hn_phantom_render, 2, drop_two_image, HN_OK),
    E(hn_dataset_options, hn_dataset_create, 1, drop_dataset, HN_OK),
    E(hn_dataset_options, hn_dataset_open, 1, drop_dataset, HN_E_IO),
    E(hn_dataset_info, hn_dataset_get_info, 0, nothing, HN_OK),
    E(hn_row, hn_dataset_get_row, 0, nothing, HN_OK),
    E(hn_audit_options, hn_dataset_audit, 1, drop_audit, HN_OK),
    E(hn_audit_options, hn_model_audit, 1, drop_audit, HN_E_DATA), /* the model was never trained */
    E(hn_audit_info, hn_audit_get_info, 0, nothing, HN_OK),
    E(hn_finding, hn_audit_finding, 0, nothing, HN_OK),
    E(hn_shortcut, hn_audit_shortcut, 0, nothing, HN_OK),
    E(hn_split_options, hn_dataset_split, 2, drop_two_dataset, HN_OK),
    E(hn_model_options, hn_model_preset, 1, drop_model, HN_OK),
    E(hn_model_options, hn_model_import, 1, drop_model, HN_E_IO),
    E(hn_model_options, hn_builder_create, 1, drop_builder, HN_OK),
    E(hn_model_options, hn_dataset_statistics, 0, nothing, HN_OK),
    E(hn_model_options, hn_transfer_create, 1, drop_transfer, HN_E_IO),
    E(hn_transfer_info, hn_transfer_get_info, 0, nothing, HN_OK),
    E(hn_transfer_line, hn_transfer_get_line, 0, nothing, HN_OK),
    E(hn_model_info, hn_model_get_info, 0, nothing, HN_OK),
    E(hn_preset_info, hn_preset_get, 0, nothing, HN_OK),
    E(hn_layer_info, hn_model_get_layer, 0, nothing, HN_OK),
    E(hn_tensor_info, hn_model_get_tensor, 0, nothing, HN_OK),
    E(hn_conv2d_options, hn_builder_conv2d, 0, nothing, HN_E_ARGUMENT), /* 0 filters */
    E(hn_pool2d_options, hn_builder_max_pool2d, 0, nothing, HN_OK),
    E(hn_pool2d_options, hn_builder_avg_pool2d, 0, nothing, HN_OK),
    E(hn_augment_options, hn_augment_images, 1, drop_image, HN_OK),
    E(hn_train_options, hn_trainer_create, 1, drop_trainer, HN_OK),
    E(hn_param_group, hn_trainer_create, 1, drop_trainer, HN_E_ARGUMENT), /* there has to be a prefix */
    {"hn_augment_options", "hn_trainer_create", hn_trainer_create_augment, sizeof(hn_augment_options), 1, drop_trainer, HN_OK},
    E(hn_epoch_report, hn_train_epoch, 0, nothing, HN_OK),
    E(hn_trainer_info, hn_trainer_get_info, 0, nothing, HN_OK),
    E(hn_epoch_report, hn_trainer_history, 0, nothing, HN_OK),
    E(hn_predictor_options, hn_predictor_create, 1, drop_predictor, HN_OK),
    E(hn_prediction, hn_predict, 0, nothing, HN_OK),
    E(hn_prediction, hn_predict_batch, 0, nothing, HN_OK),
    E(hn_prediction, hn_predict_series, 0, nothing, HN_OK),
    E(hn_eval_options, hn_evaluate, 1, drop_eval, HN_OK),
    E(hn_eval_arrays, hn_eval_from_arrays, 1, drop_eval, HN_E_ARGUMENT), /* no samples */
    E(hn_metrics, hn_eval_metrics, 0, nothing, HN_OK),
    E(hn_class_metrics, hn_eval_class, 0, nothing, HN_OK),
    E(hn_eval_sample, hn_eval_row, 0, nothing, HN_OK),
    E(hn_interval, hn_eval_proportion, 0, nothing, HN_OK),
    E(hn_interval, hn_eval_auc, 0, nothing, HN_OK),
    E(hn_interval, hn_eval_auc_difference, 0, nothing, HN_OK),
    E(hn_mean, hn_eval_mean, 0, nothing, HN_OK),
    E(hn_mcnemar, hn_eval_mcnemar, 0, nothing, HN_OK),
    E(hn_interval, hn_eval_rate, 0, nothing, HN_OK),
    E(hn_threshold, hn_eval_threshold, 0, nothing, HN_OK),
    E(hn_bootstrap_options, hn_eval_operating_points, 0, nothing, HN_OK),
    E(hn_threshold, hn_model_get_threshold, 0, nothing, HN_OK),
    E(hn_familiarity, hn_model_get_familiarity, 0, nothing, HN_OK),
    E(hn_novelty, hn_eval_novelty, 0, nothing, HN_OK),
    E(hn_threshold, hn_model_with_threshold, 1, drop_model, HN_E_ARGUMENT), /* threshold 0 */
    E(hn_calibration, hn_model_get_calibration, 0, nothing, HN_OK),
    E(hn_calibration, hn_model_with_calibration, 1, drop_model, HN_E_ARGUMENT), /* no method */
    E(hn_calibration, hn_eval_calibrated, 1, drop_eval, HN_E_ARGUMENT),
    E(hn_subgroup_options, hn_subgroups_create, 1, drop_subgroups, HN_OK),
    E(hn_subgroup, hn_subgroups_get, 0, nothing, HN_OK),
    E(hn_reliability_options, hn_eval_reliability, 0, nothing, HN_OK),
    E(hn_reliability, hn_eval_reliability, 0, nothing, HN_OK),
    E(hn_learning_points, hn_eval_power_law, 0, nothing, HN_E_ABI), /* the result's struct_size is asked for next, and is not there */
    E(hn_power_law_options, hn_eval_power_law, 0, nothing, HN_OK),
    E(hn_power_law, hn_eval_power_law, 0, nothing, HN_OK),
    E(hn_bootstrap_options, hn_eval_bootstrap, 0, nothing, HN_OK),
    E(hn_bootstrap_options, hn_eval_bootstrap_difference, 0, nothing, HN_OK),
    E(hn_bootstrap_options, hn_eval_curve_band, 0, nothing, HN_OK),
    E(hn_metrics, hn_eval_bootstrap, 0, nothing, HN_OK),
    E(hn_metrics, hn_eval_bootstrap_difference, 0, nothing, HN_OK),
    E(hn_explain_options, hn_explain, 0, nothing, HN_OK),
    E(hn_heatmap_info, hn_explain, 0, nothing, HN_OK),
    E(hn_heatmap_info, hn_explain_batch, 0, nothing, HN_OK),
    E(hn_heatmap_info, hn_explain_series, 0, nothing, HN_OK),
    E(hn_region_options, hn_regions_find, 1, drop_regions, HN_OK),
    E(hn_region, hn_regions_get, 0, nothing, HN_OK),
    E(hn_heatmap_truth, hn_heatmap_compare, 0, nothing, HN_OK),
    E(hn_explain_curve_options, hn_explain_curve, 0, nothing, HN_OK),
    E(hn_overlay_options, hn_overlay, 1, drop_image, HN_OK),
};
enum { ENTRIES = sizeof entries / sizeof *entries };

/* A caller's struct: `size` bytes of zeros, or of the pattern, behind struct_size. Larger than any size that may be claimed. */
static _Alignas(16) unsigned char callers[8192], before[8192];

static hn_status call(const entry *e, uint32_t struct_size, int fill) {
    prepare(0);
    memset(callers, fill, sizeof callers);
    memcpy(callers, &struct_size, sizeof struct_size);
    memcpy(before, callers, sizeof callers);
    return e->call(callers, &err);
}

static void ck_abi(const entry *e, uint32_t struct_size, hn_status status) {
    char what[128];
    snprintf(what, sizeof what, "%s, %s.struct_size %u", e->name, e->type, (unsigned)struct_size);
    ck_refused(what, status, HN_E_ABI);
    ck_assert_msg(strstr(err.message, e->type) != NULL, "%s: the message does not name it: %s", what, err.message);
    ck_assert_msg(!memcmp(callers, before, sizeof callers), "%s: the struct was written", what);
    ck_assert_msg(all_pattern(res.bytes, 0, sizeof res), "%s: an output was written", what);
    ck_assert_msg(out.p == (e->handles > 0 ? NULL : (void *)&marker) && out2.p == (e->handles > 1 ? NULL : (void *)&marker),
                  "%s: out-handles are %p and %p", what, out.p, out2.p);
}

START_TEST(unpublished_sizes) {
    for (const entry *e = entries; e < entries + ENTRIES; e++) {
        const uint32_t sizes[] = {0, 1, 4, 8, e->size / 2, e->size - 4, e->size - 1, 4097, 65536, UINT32_MAX};
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            ck_abi(e, sizes[i], call(e, sizes[i], 0));
            ck_abi(e, sizes[i], call(e, sizes[i], PATTERN));
        }
    }
}
END_TEST

static void check_longer(const entry *e) {
    prepare(0);
    memset(callers, 0, sizeof callers);
    const uint32_t longer = e->size + 24;
    memcpy(callers, &longer, sizeof longer);
    callers[longer - 1] = 1; /* a field that this library does not know, and the caller set */
    memcpy(before, callers, sizeof callers);
    ck_abi(e, longer, e->call(callers, &err));
    if (e->longer == SLOW) return;

    const hn_status status = call(e, longer, 0);
    ck_assert_msg(status == e->longer, "%s with a longer %s: %s: %s", e->name, e->type, hn_status_name(status), err.message);
    ck_assert_msg(!memcmp(callers, &longer, sizeof longer), "%s: %s.struct_size was changed", e->name, e->type);
    ck_assert_msg(!memcmp(callers + e->size, before + e->size, sizeof callers - e->size), "%s: more than a %s was written", e->name, e->type);
    if (status == HN_OK) e->drop();
}

START_TEST(later_releases) {
    for (const entry *e = entries; e < entries + ENTRIES; e++) check_longer(e);
}
END_TEST

/* The struct inside of another: 0 means defaults there, as the header says, but only while all of it is 0. */
START_TEST(image_options_in_dataset_options) {
    hn_image_options o = {.max_side = 7};
    prepare(0);
    ck_refused("max_side without struct_size", hn_dataset_create_image(&o, &err), HN_E_ABI);
    ck_assert_ptr_null(out.p);
    o.struct_size = 12;
    ck_refused("struct_size 12", hn_dataset_create_image(&o, &err), HN_E_ABI);
    o.struct_size = sizeof o;
    ck_ok(hn_dataset_create_image(&o, &err));
    hn_dataset_free(out.dataset);
    memset(&o, 0, sizeof o);
    ck_ok(hn_dataset_create_image(&o, &err));
    hn_dataset_free(out.dataset);
}
END_TEST

START_TEST(every_struct_is_here) {
    char name[64] = "", field[64];
    int found = 0;
    for (const char *line = hn_abi_layout(); line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        bool here = false;
        if (sscanf(line, "struct %63s", name) == 1 || sscanf(line, "field %63s 0 4 u32", field) != 1 || strcmp(field, "struct_size") != 0) continue;
        if (!strcmp(name, "hn_progress") || !strncmp(name, "hn_op_", 6) || !strncmp(name, "hn_backend", 10)) continue; /* the library's own */
        for (size_t i = 0; i < ENTRIES; i++) here |= !strcmp(entries[i].type, name);
        ck_assert_msg(here, "%s has no row here", name);
        found++;
    }
    ck_assert_int_ge(found, 28);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("api struct_size");
    TCase *cases = tcase_create("sizes");
    tcase_add_checked_fixture(cases, make_everything, free_everything);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, unpublished_sizes);
    tcase_add_test(cases, later_releases);
    tcase_add_test(cases, image_options_in_dataset_options);
    tcase_add_test(cases, every_struct_is_here);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
