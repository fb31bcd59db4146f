/* structs.h - the published sizes of every size-prefixed public struct, and moving such structs across the ABI.
 *
 * A struct only ever grows: its new size is added at the end of its list and the old ones stay, so that callers compiled against any
 * release are known. Sizes are those of 64-bit targets. */
#ifndef HNI_API_STRUCTS_H
#define HNI_API_STRUCTS_H

#include <string.h>

#include "../base/status.h" /* defines: hni_check_struct */
#include "haemnet/haemnet.h"

/* context.h */
static const uint32_t hni_sizes_hn_allocator[] = {32};
static const uint32_t hni_sizes_hn_context_options[] = {64};
static const uint32_t hni_sizes_hn_memory_info[] = {40};
/* device.h */
static const uint32_t hni_sizes_hn_device_info[] = {248};
static const uint32_t hni_sizes_hn_selftest_report[] = {168};
/* image.h */
static const uint32_t hni_sizes_hn_pixels[] = {56};
static const uint32_t hni_sizes_hn_image_options[] = {32};
static const uint32_t hni_sizes_hn_image_info[] = {40};
static const uint32_t hni_sizes_hn_box[] = {20};
/* phantom.h */
static const uint32_t hni_sizes_hn_phantom_options[] = {32};
static const uint32_t hni_sizes_hn_phantom_slice_info[] = {72};
/* dataset.h */
static const uint32_t hni_sizes_hn_dataset_options[] = {72, 88};
static const uint32_t hni_sizes_hn_dataset_info[] = {80};
static const uint32_t hni_sizes_hn_row[] = {64};
static const uint32_t hni_sizes_hn_split_options[] = {32};
/* model.h */
static const uint32_t hni_sizes_hn_model_options[] = {88, 120};
static const uint32_t hni_sizes_hn_model_info[] = {128};
static const uint32_t hni_sizes_hn_preset_info[] = {192};
static const uint32_t hni_sizes_hn_layer_info[] = {224};
static const uint32_t hni_sizes_hn_tensor_info[] = {176};
/* transfer.h */
static const uint32_t hni_sizes_hn_transfer_info[] = {40};
static const uint32_t hni_sizes_hn_transfer_line[] = {208};
/* builder.h */
static const uint32_t hni_sizes_hn_conv2d_options[] = {56};
static const uint32_t hni_sizes_hn_pool2d_options[] = {32};
/* augment.h */
static const uint32_t hni_sizes_hn_augment_options[] = {136};
/* train.h */
static const uint32_t hni_sizes_hn_progress[] = {56};
static const uint32_t hni_sizes_hn_param_group[] = {32};
static const uint32_t hni_sizes_hn_train_options[] = {312};
static const uint32_t hni_sizes_hn_epoch_report[] = {112};
static const uint32_t hni_sizes_hn_trainer_info[] = {112};
/* predict.h */
static const uint32_t hni_sizes_hn_predictor_options[] = {32};
static const uint32_t hni_sizes_hn_prediction[] = {72, 80};
/* evaluate.h */
static const uint32_t hni_sizes_hn_eval_options[] = {48};
static const uint32_t hni_sizes_hn_eval_arrays[] = {72, 112};
static const uint32_t hni_sizes_hn_metrics[] = {240};
static const uint32_t hni_sizes_hn_class_metrics[] = {64};
static const uint32_t hni_sizes_hn_eval_sample[] = {56, 64};
static const uint32_t hni_sizes_hn_interval[] = {72};
static const uint32_t hni_sizes_hn_mean[] = {72};
static const uint32_t hni_sizes_hn_mcnemar[] = {56};
static const uint32_t hni_sizes_hn_bootstrap_options[] = {40};
static const uint32_t hni_sizes_hn_learning_points[] = {48};
static const uint32_t hni_sizes_hn_power_law_options[] = {40};
static const uint32_t hni_sizes_hn_power_law[] = {112};
/* familiar.h */
static const uint32_t hni_sizes_hn_familiarity[] = {48};
static const uint32_t hni_sizes_hn_novelty[] = {40};
/* calibrate.h */
static const uint32_t hni_sizes_hn_calibration[] = {104};
static const uint32_t hni_sizes_hn_threshold[] = {112};
static const uint32_t hni_sizes_hn_reliability_options[] = {24};
static const uint32_t hni_sizes_hn_reliability[] = {112};
/* subgroups.h */
static const uint32_t hni_sizes_hn_subgroup_options[] = {32};
static const uint32_t hni_sizes_hn_subgroup[] = {248};
/* audit.h */
static const uint32_t hni_sizes_hn_audit_options[] = {16};
static const uint32_t hni_sizes_hn_audit_info[] = {88};
static const uint32_t hni_sizes_hn_finding[] = {88};
static const uint32_t hni_sizes_hn_shortcut[] = {64};
/* explain.h */
static const uint32_t hni_sizes_hn_explain_options[] = {64};
static const uint32_t hni_sizes_hn_heatmap_info[] = {160, 168};
static const uint32_t hni_sizes_hn_region_options[] = {40};
static const uint32_t hni_sizes_hn_region[] = {152};
static const uint32_t hni_sizes_hn_heatmap_truth[] = {56};
static const uint32_t hni_sizes_hn_explain_curve_options[] = {32};
static const uint32_t hni_sizes_hn_overlay_options[] = {88};

/* HN_OK, or HN_E_ARGUMENT for NULL, or HN_E_ABI if struct_size is none that was ever published. */
#define HNI_CHECK(object, type, err) hni_check_struct((object), #type, hni_sizes_##type, (int)(sizeof hni_sizes_##type / sizeof *hni_sizes_##type), (err))

/* A caller's options, of whatever release, into today's struct: fields that the caller does not know become 0. NULL gives all zeros. */
static inline void hni_take(void *today, size_t size, const void *callers) {
    uint32_t have = 0;
    memset(today, 0, size);
    if (!callers) return;
    memcpy(&have, callers, sizeof have);
    memcpy(today, callers, have < size ? have : size);
}

/* Today's result into a caller's struct, as much as fits there; its struct_size stays. */
static inline void hni_give(void *callers, const void *today, size_t size) {
    uint32_t have;
    memcpy(&have, callers, sizeof have);
    if (have > size) have = (uint32_t)size;
    memcpy((char *)callers + sizeof have, (const char *)today + sizeof have, have - sizeof have);
}

#endif
