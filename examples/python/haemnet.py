"""haemnet.py - libhaemnet from Python: one file over ctypes, the standard library only; numpy arrays are taken if there are any.

    import haemnet
    with haemnet.Context() as ctx, haemnet.Model.load(ctx, "model.safetensors") as model, haemnet.Predictor(model) as predictor:
        verdict = predictor.predict(array)          # numpy: uint8, uint16 or float32 grey levels, int16 HU, [h, w] or [h, w, channels]
        print(verdict.class_name, verdict.probability)
        heatmap = predictor.explain(array)          # heatmap[y][x], heatmap.to_array(), heatmap.regions()
        heatmap.overlay(array, caption=verdict.class_name).save_png("why.png")

The shared library is the file in the environment variable HAEMNET_LIBRARY, else libhaemnet.so.0 where the loader looks. At import its ABI
number and the layout of every struct below are compared with what the library says of itself; a mismatch is an ImportError.

Each class wraps one handle: `with` or close() frees it at once, the garbage collector later, in any order. A failure raises
haemnet.Error with .name ("HN_E_FORMAT"), .status, .code and a message that says what to do. Keyword arguments named `options` are
the fields of the C struct that the docstring names, under the same names; what is left out is the default. Calls release the
interpreter's lock: a Model and an Image may be used by any number of threads at once, a Dataset, Trainer or Predictor by one at a time,
and nothing may be closed while a thread is inside it. Progress callbacks run on the calling thread, so Ctrl-C works in long calls.

Not a medical device; research use.
"""
import array
import ctypes
import ctypes.util
import json
import os
import re
import types

ABI_VERSION = 0
SINGLE, MULTI = 1, 2                                        # task
ADAM, ADAMW, SGD = 1, 2, 3                                  # optimizer
TENSOR_TAKEN, TENSOR_CONVERTED, TENSOR_ADAPTED, TENSOR_NEW_HEAD, TENSOR_IGNORED, TENSOR_MISSING, TENSOR_MISMATCH, TENSOR_UNEXPECTED = range(1, 9)
STOP_NEVER, STOP_PATIENCE, STOP_GL, STOP_PQ, STOP_UP = 1, 2, 3, 4, 5
SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_COSINE, SCHEDULE_RESTARTS, SCHEDULE_ONE_CYCLE, SCHEDULE_PLATEAU = 1, 2, 3, 4, 5, 6
SAMPLER_SHUFFLE, SAMPLER_CLASSES, SAMPLER_GROUPS, SAMPLER_HARD_NEGATIVES = 1, 2, 3, 4
LAST, BEST, AVERAGED = 1, 2, 3                              # Trainer.model
ROC, PR = 1, 2                                              # Evaluation.curve
MAX, NOISY_OR, TOP_MEAN, MEAN = 1, 2, 3, 4                  # Evaluation.by_group
ACCURACY, SENSITIVITY, SPECIFICITY, PPV, NPV = 1, 2, 3, 4, 5 # Evaluation.rate
CHOOSE_YOUDEN, CHOOSE_SENSITIVITY, CHOOSE_SPECIFICITY, CHOOSE_COST = 1, 2, 3, 4 # Evaluation.choose_threshold
HOLM, BENJAMINI_HOCHBERG = 1, 2                            # Evaluation.subgroups
TEMPERATURE, PLATT = 1, 2                                   # Evaluation.calibrate
EQUAL_WIDTH, EQUAL_COUNT, CALLED_CLASS = 1, 2, -1           # Evaluation.reliability
HIRES_CAM, GRAD_CAM, GRAD_CAM_PP, LAYER_CAM, OCCLUSION, SALIENCY, INTEGRATED_GRADIENTS, BRIGHTNESS = 1, 2, 3, 4, 5, 6, 7, 8 # Predictor.explain
DELETION, INSERTION = 1, 2                                  # Predictor.explain_curve
INFERNO, MAGMA, VIRIDIS = 1, 2, 3                           # colours of Heatmap.overlay
HEATMAP_FLAT, HEATMAP_FAILED, HEATMAP_NO_HEAD, HEATMAP_UNFAMILIAR, HEATMAP_NO_SKULL = 1, 2, 4, 8, 16 # bits of a heat map's flags
FINDING_PATIENT, FINDING_FILE, FINDING_PIXELS, FINDING_LOOK = 1, 2, 3, 4 # Audit
SHORTCUT_FILE_SIZE, SHORTCUT_IMAGE_SIZE, SHORTCUT_BORDER, SHORTCUT_FORMAT = 1, 2, 3, 4
PREDICTION_FAILED, PREDICTION_NONFINITE, PREDICTION_NO_HEAD, PREDICTION_UNFAMILIAR, PREDICTION_NO_SKULL = 1, 2, 4, 8, 16 # bits of a verdict's flags
STRIP_SKULL = 1                                             # bit of a model's preproc_flags
MOST_CHANNELS = 16                                          # of a model's input
EPOCH_BEST, EPOCH_STOP = 1, 2                               # bits of an epoch report's flags
STATUSES = ("HN_OK HN_E_ARGUMENT HN_E_MEMORY HN_E_IO HN_E_FORMAT HN_E_LIMIT HN_E_UNSUPPORTED HN_E_SHAPE HN_E_STATE HN_E_CANCELLED HN_E_BACKEND "
            "HN_E_UNAVAILABLE HN_E_NOT_FOUND HN_E_NUMERIC HN_E_ABI HN_E_DATA HN_E_BUFFER HN_E_INTERNAL").split()
globals().update({name[3:]: -i for i, name in enumerate(STATUSES)})  # haemnet.E_FORMAT, …

# ---- The structs of the headers: type and name of each field. A pointer says to what: str, strs, f32s, f64s, …; all are one address. ------
_STRUCTS = """
hn_error: i32 status, i32 domain, i64 code, char[240] message
hn_context_options: u32 struct_size, i32 threads, ptr allocator, ptr log, ptr log_user, ptr parallel_for, ptr parallel_user, str plugin_dir,
    i32 log_level, i32 parallel_width
hn_memory_info: u32 struct_size, u32 flags, u64 live_bytes, u64 peak_bytes, u64 allocations, u64 live_blocks
hn_device_info: u32 struct_size, u32 flags, i32 score, i32 index, u64 memory_bytes, char[32] backend, char[64] name, char[128] description
hn_selftest_report: u32 struct_size, i32 cases, i32 passed, i32 failed, i32 unsupported, i32 flags, f64 worst_error, u64 seed,
    char[128] worst_case
hn_pixels: u32 struct_size, i32 type, i32 width, i32 height, i32 channels, u32 flags, i64 row_stride, ptr data, f64 slope, f64 intercept
hn_image_options: u32 struct_size, i32 channels, u64 max_bytes, u64 max_pixels, i32 max_side, i32 ignore_exif
hn_image_info: u32 struct_size, i32 type, i32 width, i32 height, i32 channels, u32 flags, i32 source_channels, i32 exif_orientation,
    char[8] format
hn_window: f64 centre, f64 width
hn_phantom_options: u32 struct_size, i32 patients, i32 size, i32 slices_per_patient, u64 seed, f64 bleed_share
hn_phantom_slice_info: u32 struct_size, i32 patient, i32 slice, u32 types, u32 patient_types, i32 lesion_px, f64 pixel_spacing_mm,
    f64 slice_spacing_mm, f64 volume_ml, f64 slice_volume_ml, f64 window_centre, f64 window_width
hn_dataset_options: u32 struct_size, i32 strict, str group_pattern, strs label_columns, i32 n_label_columns, i32 flags, u64 cache_bytes,
    hn_image_options image, strs keep_columns, i32 n_keep_columns, i32 reserved
hn_dataset_info: u32 struct_size, i32 task, i32 n_classes, u32 flags, i64 n_rows, i64 n_groups, i64 n_skipped, i32 positive, i32 n_folds,
    u64[4] digest
hn_row: u32 struct_size, i32 label, u64 labels, str path, str group, str patient, str study, i32 slice, i32 fold, str problem
hn_split_options: u32 struct_size, i32 folds, i32 fold, i32 flags, f64 train_ratio, u64 seed
hn_model_options: u32 struct_size, i32 width, i32 height, i32 channels, i32 hidden, i32 task, i32 n_classes, i32 positive, strs class_names,
    f64 threshold, windows windows, i32 n_windows, i32 flags, f64s mean, f64s deviation, u64 seed, i32 slices, i32 crop_head,
    f64 crop_margin, f64 gaussian, i32 median, i32 preproc_flags
hn_model_info: u32 struct_size, i32 width, i32 height, i32 channels, i32 task, i32 n_classes, i32 positive, i32 n_layers, i32 n_tensors,
    i32 flags, f64 threshold, i64 parameters, i64 multiply_adds, u64[4] digest, char[32] preset
hn_tensor_info: u32 struct_size, i32 rank, i64[4] shape, i64 elements, i32 trainable, i32 flags, char[120] name
hn_preset_info: u32 struct_size, i32 size, i32 hidden, i32 flags, f64[3] mean, f64[3] deviation, char[32] name, char[96] about
hn_transfer_info: u32 struct_size, i32 n_lines, i32 taken, i32 converted, i32 adapted, i32 new_head, i32 ignored, i32 missing, i32 mismatch,
    i32 unexpected
hn_transfer_line: u32 struct_size, i32 what, i32 rank, i32 file_rank, i64[4] shape, i64[4] file_shape, char[8] type, char[120] name
hn_progress: u32 struct_size, i32 phase, i64 epoch, i64 batch, i64 batches, i64 images, f64 loss, f64 seconds
hn_augment_options: u32 struct_size, i32 flags, f64 flip, f64 rotate, f64 scale, f64 shift, f64 shear, f64 window_centre, f64 window_width,
    f64 brightness, f64 contrast, f64 gamma, f64 noise, f64 blur, f64 cutout, f64 cutout_size, f64 mixup, f64 cutmix
hn_param_group: u32 struct_size, i32 frozen, str prefix, f64 rate, f64 decay
hn_train_options: u32 struct_size, i32 batch, i32 optimizer, i32 nesterov, f64 learning_rate, f64 momentum, f64 beta1, f64 beta2, f64 epsilon,
    f64 weight_decay, u64 seed, f64s class_weights, i32 n_class_weights, i32 stop, i32 stop_patience, i32 stop_strip, f64 stop_alpha,
    i32 prefetch, i32 flags, str device, ptr cancel, ptr progress, ptr progress_user, u64 resident_bytes,
    i32 schedule, i32 schedule_epochs, i32 schedule_multiplier, i32 schedule_patience, f64 schedule_factor, f64 schedule_low, f64 cycle_rise,
    f64 cycle_start, f64 cycle_end, i32 warm_up_epochs, i32 warm_up_steps, f64 warm_up_start, groups param_groups, i32 n_param_groups,
    i32 decay_weights_only, f64 clip_norm, i32 accumulate, i32 average_test, f64 average, f64 label_smoothing, f64 focal, i32 balance_classes,
    i32 sampler, i32 hard_reach, i32 reserved, f64 hard_factor, augment augment
hn_trainer_info: u32 struct_size, u32 flags, i64 resident_images, u64 resident_bytes, u64 device_bytes, char[64] device, char[16] precision
hn_epoch_report: u32 struct_size, u32 flags, i64 epoch, f64 train_loss, f64 train_accuracy, f64 test_loss, f64 test_accuracy,
    f64 learning_rate, f64 seconds, f64 images_per_second, i64 train_images, i64 test_images, i64 skipped, i64 best_epoch, f64 best_loss
hn_predictor_options: u32 struct_size, i32 max_batch, str device, f64 threshold, i32 tta, i32 flags
hn_prediction: u32 struct_size, u32 flags, ptr probabilities, ptr logits, i32 capacity, i32 n_classes, i32 class_index, i32 status,
    u64 labels, f64 probability, f64 positive, f64 threshold, f64 novelty
hn_eval_options: u32 struct_size, i32 positive, f64 threshold, ptr cancel, ptr progress, ptr progress_user, f64 smooth
hn_eval_arrays: u32 struct_size, i32 task, i32 n_classes, i32 positive, i64 n, ptr classes, ptr labels, f64s probabilities, strs class_names,
    f64 threshold, strs groups, f64s logits, u64[4] digest
hn_metrics: u32 struct_size, u32 undefined, i64 n, i64 skipped, i64 tp, i64 fp, i64 tn, i64 fn, i32 n_classes, i32 positive,
    i32 groups_unknown, i32 flags, f64 threshold, f64 accuracy, f64 balanced_accuracy, f64 sensitivity, f64 specificity, f64 ppv, f64 npv,
    f64 f1, f64 mcc, f64 threat_score, f64 roc_auc, f64 average_precision, f64 brier, f64 log_loss, f64 macro_precision, f64 macro_recall,
    f64 macro_f1, f64 weighted_precision, f64 weighted_recall, f64 weighted_f1, f64 exact_match
hn_class_metrics: u32 struct_size, u32 undefined, i64 support, i64 predicted, f64 precision, f64 recall, f64 f1, f64 roc_auc,
    f64 average_precision
hn_eval_sample: u32 struct_size, i32 label, u64 labels, i32 predicted, i32 flags, i64 row, ptr probabilities, str path, str group,
    f64 novelty
hn_familiarity: u32 struct_size, i32 known, i64 rows, i64 groups, i32 statistics, i32 folds, f64 share, f64 shrinkage
hn_novelty: u32 struct_size, i32 known, i64 n, i64 unfamiliar, f64 median, f64 highest
hn_curve_point: f64 x, f64 y, f64 threshold
hn_interval: u32 struct_size, i32 method, f64 estimate, f64 low, f64 high, f64 level, f64 standard_error, f64 p, i64 n, i64 groups
hn_mean: u32 struct_size, i32 flags, i64 n, f64 mean, f64 deviation, f64 level, f64 low, f64 high, f64 corrected_low, f64 corrected_high
hn_mcnemar: u32 struct_size, i32 flags, i64 both, i64 only_a, i64 only_b, i64 neither, f64 exact, f64 mid_p
hn_threshold: u32 struct_size, i32 rule, f64 value, f64 threshold, f64 sensitivity, f64 specificity, i64 n, i64 positives, i64 groups,
    u64[4] digest, i32 index, i32 group_rule, i32 top, i32 flags
hn_calibration: u32 struct_size, i32 method, f64s scale, f64s shift, i32 capacity, i32 n_classes, i64 n, i64 groups, u64[4] digest, u64 unfitted,
    f64 log_loss_before, f64 log_loss_after
hn_subgroup_column: str name, ptr values
hn_subgroup_options: u32 struct_size, i32 correction, i32 most_values, i32 bands, f64 threshold, f64 level
hn_subgroup: u32 struct_size, i32 column, str name, str value, i64 n, i64 positives, i64 groups, f64[4] estimate, f64[4] low, f64[4] high,
    f64[4] rest, f64[4] p, f64[4] adjusted, u32 differs, i32 flags
hn_operating_point: f64 value, f64 estimate, f64 low, f64 high, f64 threshold
hn_reliability_options: u32 struct_size, i32 binning, i32 bins, i32 index, f64 level
hn_reliability_bin: f64 low, f64 high, f64 mean, f64 share, f64 share_low, f64 share_high, i64 n
hn_reliability: u32 struct_size, i32 bins, i32 binning, i32 index, i64 n, i64 groups, f64 mean, f64 share, f64 ece, f64 mce, f64 brier,
    f64 reliability, f64 resolution, f64 uncertainty, f64 within_variance, f64 within_covariance
hn_bootstrap_options: u32 struct_size, i32 method, i32 resamples, i32 flags, f64 level, u64 seed, ptr cancel
hn_explain_options: u32 struct_size, i32 method, i32 class_index, i32 flags, str layer, i32 steps, i32 window, i32 stride, i32 reserved,
    f64s baseline, ptr cancel, f64 blur
hn_heatmap_info: u32 struct_size, u32 flags, i32 width, i32 height, i32 class_index, i32 method, i32 grid_width, i32 grid_height, i32 status,
    i32 reserved, u64 offset, f64 probability, f64 logit, f64 raw_min, f64 raw_max, f64 sum, f64 expected, char[64] layer,
    f64 novelty
hn_region_options: u32 struct_size, i32 min_pixels, f64 threshold, f64 spacing_x, f64 spacing_y, f64 spacing_z
hn_region: u32 struct_size, i32 left, i32 top, i32 width, i32 height, i32 first_slice, i32 last_slice, i32 largest_slice, i32 area,
    i32 peak_x, i32 peak_y, i32 peak_slice, i64 pixels, f64 peak, f64 mean, f64 centre_x, f64 centre_y, f64 centre_slice, f64 area_mm2,
    f64 length_mm, f64 breadth_mm, f64 height_mm, f64 volume_ml, f64 abc2_ml, f64 abc2_weighted_ml
hn_overlay_options: u32 struct_size, i32 flags, i32 colours, i32 scale, i32 text_scale, i32 slice, f64 strength, f64 low, f64 high,
    windows window, ptr truth, str caption, str legend, str footer
hn_heatmap_truth: u32 struct_size, u32 undefined, i32 hit, i32 peak_x, i32 peak_y, i32 hot_pixels, i64 mask_pixels, f64 distance, f64 iou,
    f64 energy
hn_explain_curve_options: u32 struct_size, i32 kind, i32 class_index, i32 steps, f64s baseline, ptr cancel
hn_audit_options: u32 struct_size, i32 flags, ptr cancel
hn_audit_info: u32 struct_size, u32 flags, i64 rows, i64 other_rows, i64 skipped, i64 findings, i64 patients, i64 files, i64 pixels,
    i64 looks, i32 shortcuts, i32 flagged, f64 checked
hn_finding: u32 struct_size, i32 kind, i64 row, i64 other_row, str path, str other_path, str group, str other_group, i64 n, i64 other_n,
    i32 turn, i32 distance, i32 label_differs, i32 flags
hn_shortcut: u32 struct_size, i32 kind, i32 class_index, i32 flagged, f64 auc, f64 low, f64 high, f64 level, i64 n, i64 groups
"""
_TYPES = {"i32": ctypes.c_int32, "u32": ctypes.c_uint32, "i64": ctypes.c_int64, "u64": ctypes.c_uint64, "f32": ctypes.c_float,
          "f64": ctypes.c_double, "char": ctypes.c_char, "str": ctypes.c_char_p, "ptr": ctypes.c_void_p, "strs": ctypes.c_void_p,
          "f64s": ctypes.c_void_p, "windows": ctypes.c_void_p, "groups": ctypes.c_void_p, "augment": ctypes.c_void_p}
_POINTERS = ("str", "strs", "f64s", "windows", "groups", "augment")
_INTEGERS = {ctypes.c_int32: (-2**31, 2**31 - 1), ctypes.c_uint32: (0, 2**32 - 1), ctypes.c_int64: (-2**63, 2**63 - 1), ctypes.c_uint64: (0, 2**64 - 1),
             ctypes.c_size_t: (0, 2**64 - 1)}


def _define(text):
    """Name of each struct → its ctypes.Structure, with `.kinds`, the fields' types as written."""
    found = {}
    for name, body in re.findall(r"^(\w+): (.*(?:\n    .*)*)", text, flags=re.M):
        fields, kinds = [], {}
        for kind, field in (part.split() for part in body.split(",")):
            base, _, count = kind.rstrip("]").partition("[")
            one = _TYPES.get(base) or found[base]
            fields.append((field, one * int(count) if count else one))
            kinds[field] = kind
        found[name] = type(name, (ctypes.Structure,), {"_fields_": fields, "kinds": kinds})
    return found


_structs = _define(_STRUCTS)

# ---- The functions: p pointer, s string, i i32, l i64, z size_t, d double; `> X` what comes back where that is no status ----------------
_FUNCTIONS = """
hn_context_create pp, hn_context_free p > v, hn_context_memory pp, hn_cancel_create pp, hn_cancel_trigger p > v, hn_cancel_triggered p > i,
hn_cancel_reset p > v, hn_cancel_free p > v, hn_backend_load ps, hn_device_count pp, hn_device_get pip, hn_device_find psp, hn_device_selftest pip,
hn_image_load pspp, hn_image_decode ppzpp, hn_image_wrap ppp, hn_image_get_info pp, hn_image_copy_pixels ppzp, hn_image_window ppp,
hn_image_window_float ppp, hn_image_convert pip, hn_image_resize piip, hn_image_strip_skull pp, hn_image_save_png ps,
hn_image_save_png_memory ppzp, hn_image_save_jpeg psi, hn_image_free p > v,
hn_phantom_create ppp, hn_phantom_count p > l, hn_phantom_render plppp, hn_phantom_free p > v,
hn_dataset_create ppp, hn_dataset_open pspp, hn_dataset_add_file psss, hn_dataset_add_image ppss, hn_dataset_add_folder ps,
hn_dataset_add_manifest ps, hn_dataset_split pppp, hn_dataset_check ppp, hn_dataset_get_info pp, hn_dataset_get_row plp,
hn_dataset_class_name pi > s, hn_dataset_value pli > s, hn_dataset_free p > v,
hn_model_preset pspp, hn_model_load psp, hn_model_load_memory ppzp, hn_model_import psspp, hn_model_save ps, hn_model_save_memory ppzp,
hn_model_get_info pp, hn_model_class_name pi > s, hn_model_get_tensor pip, hn_model_copy_tensor pipz, hn_model_summary pipzp,
hn_model_metadata ppzp, hn_model_free p > v, hn_preset_get ip,
hn_transfer_create psspp, hn_transfer_model pip, hn_transfer_get_info pp, hn_transfer_get_line pip, hn_transfer_free p > v,
hn_trainer_create ppppp, hn_train_epoch pp, hn_trainer_model pip, hn_trainer_history plp, hn_trainer_epochs p > l, hn_trainer_save ps,
hn_trainer_resume ps, hn_trainer_get_info pp, hn_trainer_free p > v,
hn_predictor_create ppp, hn_predict ppp, hn_predict_batch ppzp, hn_predictor_free p > v,
hn_evaluate pppp, hn_eval_from_arrays ppp, hn_eval_metrics pdp, hn_eval_class pidp, hn_eval_confusion pdpzp, hn_eval_curve piipzp,
hn_eval_count p > l, hn_eval_row plp, hn_eval_class_name pi > s, hn_eval_free p > v,
hn_eval_by_group piip, hn_eval_auc pidp, hn_eval_auc_difference ppidp, hn_eval_mcnemar ppp, hn_eval_bootstrap pdppp,
hn_eval_bootstrap_difference ppppp, hn_eval_curve_band piippippp, hn_eval_proportion lldp, hn_eval_mean plddp,
hn_eval_rate piddp, hn_eval_threshold piidp, hn_eval_operating_points piipipp, hn_eval_calibrate pip, hn_eval_calibrated ppp,
hn_model_get_familiarity pp, hn_eval_novelty pp, hn_eval_familiar pp,
hn_subgroups_create ppipp, hn_subgroups_count p > i, hn_subgroups_comparisons p > i, hn_subgroups_get pip, hn_subgroups_free p > v,
hn_model_with_calibration ppp, hn_model_with_threshold ppp, hn_model_get_calibration pp, hn_model_get_threshold pp, hn_eval_reliability ppppzp,
hn_explain ppppzpp, hn_explain_batch ppzppzpp, hn_explain_series ppzppzpp, hn_explain_curve pppppzpp, hn_overlay pppppp,
hn_regions_find ppiiipp, hn_regions_count p > i, hn_regions_get pip, hn_regions_contour piiipzp, hn_regions_free p > v,
hn_heatmap_compare ppiidp, hn_rank_correlation pppzp, hn_model_randomize pilp,
hn_dataset_audit pppp, hn_model_audit pppp, hn_model_with_tuning_set ppp, hn_audit_get_info pp, hn_audit_finding plp, hn_audit_shortcut pip, hn_audit_free p > v
"""
_LETTERS = {"p": ctypes.c_void_p, "s": ctypes.c_char_p, "i": ctypes.c_int32, "l": ctypes.c_int64, "z": ctypes.c_size_t, "d": ctypes.c_double,
            "v": None}


def _check_layout(text):
    """The first difference between our structs and the library's table, or ''."""
    theirs, current = {}, None
    for word, name, *numbers in (line.split() for line in text.splitlines() if line):
        if word == "struct":
            current = theirs[name] = {"": int(numbers[0])}
        else:
            current[name] = (int(numbers[0]), int(numbers[1]), numbers[2])
    for name, ours in _structs.items():
        if name not in theirs:
            return f"{name} is not there"
        mine = {"": ctypes.sizeof(ours)}
        for field, kind in ours.kinds.items():
            place = getattr(ours, field)
            mine[field] = (place.offset, place.size, "ptr" if kind in _POINTERS else kind)
        for field in list(mine) + [field for field in theirs[name] if field not in mine]:
            if mine.get(field) != theirs[name].get(field):
                return f"{name}{'.' if field else ''}{field} is {theirs[name].get(field)} there and {mine.get(field)} here"
    return ""


def _open():
    given = os.environ.get("HAEMNET_LIBRARY")
    problem = None
    for name in [given] if given else ["libhaemnet.so.0", ctypes.util.find_library("haemnet")]:
        try:
            lib = ctypes.CDLL(name) if name else None
        except OSError as error:
            problem, lib = problem or error, None
        if lib:
            break
    else:
        raise ImportError(f"no libhaemnet: {problem}; install it, or name the file in the environment variable HAEMNET_LIBRARY")
    if not hasattr(lib, "hn_abi_layout"):
        raise ImportError(f"{lib._name} is no libhaemnet: it has no hn_abi_layout")
    lib.hn_version_string.restype = lib.hn_abi_layout.restype = lib.hn_build_info.restype = ctypes.c_char_p
    lib.hn_abi_version.restype = ctypes.c_uint32
    if lib.hn_abi_version() != ABI_VERSION:
        raise ImportError(f"{lib._name} has ABI {lib.hn_abi_version()}, this module is for {ABI_VERSION}: bring the pair from one release")
    difference = _check_layout(lib.hn_abi_layout().decode())
    if difference:
        raise ImportError(f"{lib._name} {lib.hn_version_string().decode()} does not fit this module: {difference}")
    for entry in _FUNCTIONS.replace("\n", " ").split(","):
        name, takes, *result = entry.replace(">", " ").split()
        function = getattr(lib, name)
        function.argtypes = [_LETTERS[letter] for letter in takes] + ([] if result else [ctypes.c_void_p])
        function.restype = _LETTERS[result[0]] if result else ctypes.c_int32
    return lib


_lib = _open()
VERSION = _lib.hn_version_string().decode()
BUILD = _lib.hn_build_info().decode()


class Error(Exception):
    """A call that failed. .name is the status as the C header spells it, .status its number, .domain and .code whose own code it had."""

    def __init__(self, status, err):
        self.status, self.domain, self.code = status, err.domain, err.code
        self.name = STATUSES[-status] if 0 <= -status < len(STATUSES) else "HN_E_?"
        self.message = err.message.decode("utf-8", "replace")
        super().__init__(f"{self.name}: {self.message}")


def _call(function, *args):
    """Calls a function that may fail; its hn_error comes last."""
    for arg in args:
        if isinstance(arg, _Handle) and not arg._handle:
            raise ValueError(f"this {type(arg).__name__} is closed")
    for kind, arg in zip(getattr(_lib, function).argtypes, args):
        _whole(kind, arg)
    err = _structs["hn_error"]()
    status = getattr(_lib, function)(*args, ctypes.byref(err))
    if status:
        raise Error(status, err)


def _make(function, *args):
    """The handle that a function makes."""
    out = ctypes.c_void_p()
    _call(function, *args, ctypes.byref(out))
    return out


# ---- Python's values into structs and back ------------------------------------------------------------------------------------------------
def _new(name):
    struct = _structs[name]()
    struct.struct_size = ctypes.sizeof(struct)
    return struct


def _text(text):
    """Bytes for C, which would end at a NUL among them."""
    if text is not None and b"\0" in text:
        raise ValueError(f"a NUL inside {text!r}")
    return text


def _path(path):
    return _text(os.fsencode(path))  # str, bytes or os.PathLike; UTF-8 wherever Python runs in UTF-8


def _utf8(text):
    return _text(text.encode() if isinstance(text, str) else text)


def _as_many(name, values, n):
    """C takes it on trust how long an array is: it would read past the end of a shorter one."""
    if values is not None and len(values) != n:
        raise ValueError(f"{name} has {len(values)} values where {n} are needed")


def _whole(kind, value):
    """ctypes cuts an int that does not fit down to its lowest bits, without a word."""
    if kind in _INTEGERS and hasattr(value, "__index__") and kind(value).value != value:
        raise OverflowError(f"{value} does not fit: from {_INTEGERS[kind][0]} to {_INTEGERS[kind][1]} can be said")


def _array(kind, values):
    if isinstance(values, (str, bytes)):
        raise TypeError(f"a list is needed, not {values!r} alone")
    if kind == "strs":
        return (ctypes.c_char_p * len(values))(*map(_utf8, values))
    if kind == "windows":
        return (_structs["hn_window"] * len(values))(*(tuple(pair) for pair in values))
    if kind == "groups":  # dicts: prefix, rate, decay, frozen
        made = [_options("hn_param_group", group) for group in values]
        array = (_structs["hn_param_group"] * len(made))(*made)
        array.kept = made
        return array
    return (ctypes.c_double * len(values))(*values)


def _options(name, given):
    """A struct of options from keyword arguments; what it points to is kept alive in `.kept`."""
    struct, kept = _new(name), []
    for field, value in given.items():
        kind = struct.kinds.get(field)
        if kind is None or field in ("struct_size", "flags"):
            known = ", ".join(f for f in struct.kinds if f not in ("struct_size", "flags"))
            raise TypeError(f"{name} has no option {field!r}; it has {known}")
        if value is None:
            continue
        if kind == "augment":  # a dict
            kept.append(_options("hn_augment_options", value))
            value = ctypes.cast(ctypes.pointer(kept[-1]), ctypes.c_void_p)
        elif kind in ("strs", "f64s", "windows", "groups"):
            kept.append(_array(kind, value))
            if "n_" + field in struct.kinds:
                setattr(struct, "n_" + field, len(value))
            value = ctypes.cast(kept[-1], ctypes.c_void_p)
        elif kind in _structs:
            value = _options(kind, value)
        elif kind == "str":
            value = _utf8(os.fspath(value))
        _whole(_TYPES.get(kind), value)
        setattr(struct, field, value)
    struct.kept = kept
    return struct


def _plain(struct, without=()):
    """A result as an object with the same field names, strings decoded."""
    def value(field, kind):
        raw = getattr(struct, field)
        if isinstance(raw, bytes):
            return os.fsdecode(raw) if kind == "str" else raw.decode("utf-8", "replace")
        return list(raw) if "[" in kind else raw
    return types.SimpleNamespace(**{f: value(f, k) for f, k in struct.kinds.items() if f != "struct_size" and f not in without})


def _filled(name, function, *args):
    struct = _new(name)
    _call(function, *args, ctypes.byref(struct))
    return _plain(struct)


def _again(name, plain):
    """The struct that a result came from; lists become arrays, kept alive in `.kept`."""
    struct, values = _new(name), dict(vars(plain))
    for field in (f for f in values if struct.kinds[f] == "f64s"):
        _as_many(field, values[field], plain.n_classes)
    struct.kept = {f: (ctypes.c_double * len(v))(*v) for f, v in values.items() if struct.kinds[f] == "f64s"}
    for field, value in values.items():
        kind = struct.kinds[field]
        setattr(struct, field, ctypes.cast(struct.kept[field], ctypes.c_void_p) if kind == "f64s" else tuple(value) if "[" in kind else value)
    return struct


def _calibration(function, n_classes, *args):
    """An hn_calibration with its scales and shifts as lists."""
    struct, scale, shift = _new("hn_calibration"), (ctypes.c_double * n_classes)(), (ctypes.c_double * n_classes)()
    struct.scale, struct.shift, struct.capacity = ctypes.cast(scale, ctypes.c_void_p), ctypes.cast(shift, ctypes.c_void_p), n_classes
    _call(function, *args, ctypes.byref(struct))
    plain = _plain(struct)
    plain.scale, plain.shift = list(scale), list(shift)
    return plain


def _sized(function, handle, *args):
    """The bytes of a function that is asked for the size first."""
    need = ctypes.c_size_t()
    _call(function, handle, *args, None, 0, ctypes.byref(need))
    buffer = ctypes.create_string_buffer(need.value or 1)
    _call(function, handle, *args, buffer, need.value, ctypes.byref(need))
    return buffer.raw[:need.value]


# ---- Handles ------------------------------------------------------------------------------------------------------------------------------
class _Handle:
    """One handle of the library: closed by `with`, close() or the garbage collector, once."""
    _handle = None
    _free = None

    def __init__(self, handle, context):
        self._handle, self.context = handle, context

    @property
    def _as_parameter_(self):
        return self._handle or ctypes.c_void_p()

    def close(self):
        handle, self._handle = self._handle, None
        if handle and self._free is not None:
            type(self)._free(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()


_LOG = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p)
_PROGRESS = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(_structs["hn_progress"]))


class Context(_Handle):
    """Memory, threads, log and devices; all else is made from one. log(level, component, message) may be called from any thread.
    Options: hn_context_options, such as threads=2."""
    _free = _lib.hn_context_free

    def __init__(self, log=None, **options):
        options = _options("hn_context_options", options)
        if log:  # kept by this object, which everything made from it keeps in turn
            self._log = _LOG(lambda _, level, component, message: log(level, component.decode(), message.decode("utf-8", "replace")))
            options.log = ctypes.cast(self._log, ctypes.c_void_p)
        super().__init__(_make("hn_context_create", ctypes.byref(options)), None)

    def memory(self):
        """The bytes and blocks that are held: hn_memory_info."""
        return _filled("hn_memory_info", "hn_context_memory", self)

    def devices(self):
        """A list of hn_device_info."""
        count = ctypes.c_int32()
        _call("hn_device_count", self, ctypes.byref(count))
        return [_filled("hn_device_info", "hn_device_get", self, i) for i in range(count.value)]

    def load_backend(self, path):
        _call("hn_backend_load", self, _path(path))

    def selftest(self, device="best"):
        """hn_selftest_report of a device, by name."""
        number = ctypes.c_int32()
        _call("hn_device_find", self, _utf8(device), ctypes.byref(number))
        return _filled("hn_selftest_report", "hn_device_selftest", self, number)


class Cancel(_Handle):
    """A token: trigger() from any thread makes the calls that were given it stop with HN_E_CANCELLED."""
    _free = _lib.hn_cancel_free

    def __init__(self, context):
        super().__init__(_make("hn_cancel_create", context), context)

    def trigger(self):
        _lib.hn_cancel_trigger(self)

    def reset(self):
        _lib.hn_cancel_reset(self)

    @property
    def triggered(self):
        return bool(_lib.hn_cancel_triggered(self))


_PIXELS = {"B": (1, 1), "H": (2, 2), "h": (3, 2), "f": (4, 4), "|u1": (1, 1), "<u2": (2, 2), "<i2": (3, 2), "<f4": (4, 4)}


def _pixels(source, shape):
    """(type, shape, address or bytes, row stride): numpy arrays by their address, all else by a copy in row-major order."""
    about = getattr(source, "__array_interface__", None)
    view = None if about else memoryview(source)
    name = about["typestr"] if about else view.format
    if name not in _PIXELS:
        raise TypeError(f"pixels of type {name!r}; uint8, uint16, int16 (HU) and float32 can be taken: convert with .astype")
    kind, sample = _PIXELS[name]
    have = tuple(shape or (about["shape"] if about else view.shape))
    if len(have) not in (2, 3):
        raise ValueError(f"an image has the shape [height, width] or [height, width, channels], not {list(have)}")
    row = have[1] * (have[2] if len(have) == 3 else 1) * sample
    strides = about.get("strides") if about else None
    inner = strides and (strides[-1] != sample or (len(have) == 3 and strides[1] != have[2] * sample))
    if about and not shape and not inner and (strides is None or abs(strides[0]) >= row):
        return kind, have, about["data"][0], strides[0] if strides else 0
    data = memoryview(source).tobytes()
    if len(data) != have[0] * row:
        raise ValueError(f"{len(data)} bytes of pixels for the shape {list(have)}, which takes {have[0] * row}")
    return kind, have, data, 0


class Image(_Handle):
    """An immutable image. Made by load, decode or from_array; options: hn_image_options."""
    _free = _lib.hn_image_free

    @classmethod
    def load(cls, context, path, **options):
        return cls(_make("hn_image_load", context, _path(path), ctypes.byref(_options("hn_image_options", options))), context)

    @classmethod
    def decode(cls, context, data, **options):
        """From the bytes of a PNG, JPEG, BMP or PNM file."""
        data = bytes(data)
        return cls(_make("hn_image_decode", context, data, len(data), ctypes.byref(_options("hn_image_options", options))), context)

    @classmethod
    def from_array(cls, context, pixels, shape=None, hu=False, slope=1.0, intercept=0.0):
        """From a numpy array, or anything with a buffer (bytes, array.array) and a shape. int16 is HU, as are others with hu=True:
        value · slope + intercept. float32 is 0 … 1 otherwise. Any strides; numpy's pixels are read in place, others copied first."""
        kind, have, data, stride = _pixels(pixels, shape)
        desc = _new("hn_pixels")
        desc.type, desc.height, desc.width, desc.channels = kind, have[0], have[1], have[2] if len(have) == 3 else 1
        desc.flags, desc.row_stride, desc.slope, desc.intercept = int(hu), stride, slope, intercept
        desc.data = data if isinstance(data, int) else ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p)
        return cls(_make("hn_image_wrap", context, ctypes.byref(desc)), context)

    @property
    def info(self):
        return _filled("hn_image_info", "hn_image_get_info", self)

    @property
    def shape(self):
        info = self.info
        return (info.height, info.width) + ((info.channels,) if info.channels > 1 else ())

    def tobytes(self):
        return _sized("hn_image_copy_pixels", self)

    def to_array(self):
        """The pixels as a numpy array of their own."""
        import numpy
        return numpy.frombuffer(self.tobytes(), {1: "u1", 2: "u2", 3: "i2", 4: "f4"}[self.info.type]).reshape(self.shape)

    def window(self, centre=40.0, width=80.0):
        return Image(_make("hn_image_window", self, ctypes.byref(_structs["hn_window"](centre, width))), self.context)

    def convert(self, channels):
        return Image(_make("hn_image_convert", self, channels), self.context)

    def resize(self, width, height):
        return Image(_make("hn_image_resize", self, width, height), self.context)

    def strip_skull(self):
        """The brain's cavity alone; Error HN_E_NOT_FOUND where there is no closed skull."""
        return Image(_make("hn_image_strip_skull", self), self.context)

    def save_png(self, path):
        _call("hn_image_save_png", self, _path(path))

    def png(self):
        """The bytes of a PNG file."""
        return _sized("hn_image_save_png_memory", self)

    def save_jpeg(self, path, quality=90):
        _call("hn_image_save_jpeg", self, _path(path), quality)


class Phantom(_Handle):
    """Invented patients; options: hn_phantom_options. len() slices; phantom[i] = (hn_phantom_slice_info, image, lesion mask)."""
    _free = _lib.hn_phantom_free

    def __init__(self, context, **options):
        super().__init__(_make("hn_phantom_create", context, ctypes.byref(_options("hn_phantom_options", options))), context)

    def __len__(self):
        return _lib.hn_phantom_count(self)

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"slice {index} of {len(self)}")  # this also ends `for … in phantom`
        info, image, mask = _new("hn_phantom_slice_info"), ctypes.c_void_p(), ctypes.c_void_p()
        _call("hn_phantom_render", self, index, ctypes.byref(info), ctypes.byref(image), ctypes.byref(mask))
        return _plain(info), Image(image, self.context), Image(mask, self.context)


class Dataset(_Handle):
    """Labelled images; len() rows, data[i] = hn_row. Options: hn_dataset_options."""
    _free = _lib.hn_dataset_free

    def __init__(self, context, handle=None, **options):
        made = handle or _make("hn_dataset_create", context, ctypes.byref(_options("hn_dataset_options", options)))
        super().__init__(made, context)

    @classmethod
    def open(cls, context, path, **options):
        """A folder with a folder per class, a manifest, or a folder that holds manifest.csv."""
        return cls(context, _make("hn_dataset_open", context, _path(path), ctypes.byref(_options("hn_dataset_options", options))))

    def add_file(self, path, label, group=None):
        _call("hn_dataset_add_file", self, _path(path), _utf8(label), _utf8(group))

    def add_image(self, image, label, group=None):
        _call("hn_dataset_add_image", self, image, _utf8(label), _utf8(group))

    def add_folder(self, path):
        _call("hn_dataset_add_folder", self, _path(path))

    def add_manifest(self, path):
        _call("hn_dataset_add_manifest", self, _path(path))

    def value(self, row, column):
        """The text of a row in the column that keep_columns names at that place."""
        text = _lib.hn_dataset_value(self, row, column)
        if text is None:
            raise IndexError(f"row {row}, column {column}")
        return text.decode()

    def split(self, **options):
        """(train, test); options: hn_split_options, such as train_ratio=0.8, seed=1 or folds=5, fold=0."""
        train, test = ctypes.c_void_p(), ctypes.c_void_p()
        _call("hn_dataset_split", self, ctypes.byref(_options("hn_split_options", options)), ctypes.byref(train), ctypes.byref(test))
        return Dataset(self.context, train), Dataset(self.context, test)

    def check(self, cancel=None):
        """Decodes every file once; how many are bad."""
        bad = ctypes.c_int64()
        _call("hn_dataset_check", self, cancel, ctypes.byref(bad))
        return bad.value

    def audit(self, against=None, shortcuts=True, cancel=None):
        """An Audit: what the rows share with those of `against`, such as the training part; without it, what copies stand in the set itself.
        shortcuts=False leaves out the search for what is no picture and tells a class."""
        return Audit("hn_dataset_audit", self.context, (self, against), shortcuts, cancel)

    @property
    def info(self):
        return _filled("hn_dataset_info", "hn_dataset_get_info", self)

    @property
    def classes(self):
        return [_lib.hn_dataset_class_name(self, i).decode() for i in range(self.info.n_classes)]

    def __len__(self):
        return self.info.n_rows

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        return _filled("hn_row", "hn_dataset_get_row", self, index)


def _model_options(options):
    """hn_model_options; class_names set n_classes too, and positive is a name or an index."""
    options, names, positive = dict(options), options.get("class_names"), options.pop("positive", None)
    for name in ("mean", "deviation"):  # without channels the library counts them; NaN, which it refuses, stands where it would read past the end
        if options.get("channels"):
            _as_many(name, options.get(name), options["channels"])
        elif options.get(name) is not None:
            options[name] = list(options[name]) + [float("nan")] * (MOST_CHANNELS - len(options[name]))
    if names is not None:
        options.setdefault("n_classes", len(names))
    if positive is not None:
        options["positive"] = 1 + (list(names).index(positive) if isinstance(positive, str) else positive)
    return ctypes.byref(_options("hn_model_options", options))


class Audit(_Handle):
    """Leaks: what stands on both sides; len() findings, audit[i] = hn_finding. Made by Dataset.audit and Model.audit."""
    _free = _lib.hn_audit_free

    def __init__(self, function, context, sides, shortcuts, cancel, tuning=False):
        options = _options("hn_audit_options", {"cancel": cancel and cancel._as_parameter_.value})
        options.flags = (0 if shortcuts else 1) | (2 if tuning else 0)  # HN_AUDIT_NO_SHORTCUTS, HN_AUDIT_TUNING_SET
        super().__init__(_make(function, *sides, ctypes.byref(options)), context)

    @property
    def info(self):
        """hn_audit_info: how much was found, and how much could be compared."""
        return _filled("hn_audit_info", "hn_audit_get_info", self)

    def shortcuts(self):
        """[hn_shortcut, …]: how well a class is told by what is no picture."""
        return [_filled("hn_shortcut", "hn_audit_shortcut", self, i) for i in range(self.info.shortcuts)]

    def __len__(self):
        return self.info.findings

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"finding {index} of {len(self)}")
        return _filled("hn_finding", "hn_audit_finding", self, index)


class Model(_Handle):
    """An immutable network with weights; made by preset, load, loads or import_weights. May be shared by threads.
    Options: hn_model_options, but positive=NAME or index, and class_names give n_classes."""
    _free = _lib.hn_model_free

    @classmethod
    def preset(cls, context, name="tinyvgg", **options):
        return cls(_make("hn_model_preset", context, _utf8(name), _model_options(options)), context)

    @classmethod
    def load(cls, context, path):
        return cls(_make("hn_model_load", context, _path(path)), context)

    @classmethod
    def loads(cls, context, data):
        data = bytes(data)
        return cls(_make("hn_model_load_memory", context, data, len(data)), context)

    @classmethod
    def import_weights(cls, context, path, preset="tinyvgg", **options):
        """A PyTorch state dict as safetensors."""
        return cls(_make("hn_model_import", context, _path(path), _utf8(preset), _model_options(options)), context)

    @classmethod
    def transfer(cls, context, path, preset, partial=False, **options):
        """All layers of a file of weights but the last, under a new head: the model, and a hn_transfer_line for each tensor."""
        transfer = Transfer(_make("hn_transfer_create", context, _path(path), _utf8(preset), _model_options(options)), context)
        with transfer:
            lines = list(transfer)
            model = ctypes.c_void_p()
            _call("hn_transfer_model", transfer, int(partial), ctypes.byref(model))
            return cls(model, context), lines

    def save(self, path):
        _call("hn_model_save", self, _path(path))

    def dumps(self):
        return _sized("hn_model_save_memory", self)

    def with_calibration(self, calibration):
        """The model with what Evaluation.calibrate gave; None = without."""
        struct = None if calibration is None else ctypes.byref(_again("hn_calibration", calibration))
        return Model(_make("hn_model_with_calibration", self, struct), self.context)

    def with_threshold(self, threshold):
        """The model with what Evaluation.choose_threshold gave, or with a number."""
        chosen = hasattr(threshold, "rule")
        struct = _again("hn_threshold", threshold) if chosen else _new("hn_threshold")
        if not chosen:
            struct.threshold = float(threshold)
        return Model(_make("hn_model_with_threshold", self, ctypes.byref(struct)), self.context)

    def with_tuning_set(self, dataset):
        """The model with traces of the data set that its calibration and threshold were found on; the last step of tuning."""
        return Model(_make("hn_model_with_tuning_set", self, dataset), self.context)

    def audit(self, dataset, shortcuts=True, cancel=None, tuning=False):
        """An Audit: what the rows of a data set share with the images that the model was trained on, by the traces that it keeps of them; or, with
        tuning=True, with those that it was tuned on (with_tuning_set)."""
        return Audit("hn_model_audit", self.context, (self, dataset), shortcuts, cancel, tuning)

    def randomize(self, layers=0, seed=0):
        """The model with fresh weights in its last layers (0 = all): maps that look alike afterwards say nothing of what it has learnt."""
        return Model(_make("hn_model_randomize", self, layers, seed), self.context)

    @property
    def calibration(self):
        """hn_calibration; method 0 = none."""
        return _calibration("hn_model_get_calibration", self.info.n_classes, self)

    @property
    def threshold(self):
        """hn_threshold, with where it comes from; rule 0 = not chosen by one."""
        return _filled("hn_threshold", "hn_model_get_threshold", self)

    @property
    def familiarity(self):
        """hn_familiarity: what the model knows of the look of its training images; known 0 = nothing."""
        return _filled("hn_familiarity", "hn_model_get_familiarity", self)

    @property
    def info(self):
        return _filled("hn_model_info", "hn_model_get_info", self)

    @property
    def classes(self):
        return [_lib.hn_model_class_name(self, i).decode() for i in range(self.info.n_classes)]

    @property
    def metadata(self):
        return json.loads(_sized("hn_model_metadata", self)[:-1])

    def summary(self, batch=1):
        return _sized("hn_model_summary", self, batch)[:-1].decode()

    def tensors(self):
        """Name → (shape, array of floats)."""
        found = {}
        for i in range(self.info.n_tensors):
            info = _filled("hn_tensor_info", "hn_model_get_tensor", self, i)
            numbers = (ctypes.c_float * info.elements)()
            _call("hn_model_copy_tensor", self, i, numbers, info.elements)
            found[info.name] = (tuple(info.shape[:info.rank]), array.array("f", numbers))
        return found


class Transfer(_Handle):
    """A preset beside a file of weights; len() tensors, transfer[i] = hn_transfer_line. Model.transfer makes the network."""
    _free = _lib.hn_transfer_free

    def __len__(self):
        return _filled("hn_transfer_info", "hn_transfer_get_info", self).n_lines

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"tensor {index} of {len(self)}")
        return _filled("hn_transfer_line", "hn_transfer_get_line", self, index)


def presets():
    """hn_preset_info of every named architecture."""
    found = []
    while True:
        try:
            found.append(_filled("hn_preset_info", "hn_preset_get", len(found)))
        except Error as error:
            if error.name != "HN_E_NOT_FOUND":
                raise
            return found


class _Watch:
    """A progress callback that keeps what it raised: exceptions cannot cross C, so the call is cancelled and they are raised again after it."""

    def __init__(self, options, progress):
        self.raised = None

        def called(_, about):
            try:
                return int(bool(progress and progress(_plain(about.contents))))
            except BaseException as error:  # also KeyboardInterrupt: this is where Ctrl-C gets its turn
                self.raised = error
                return 1
        self.function = _PROGRESS(called)
        options.progress = ctypes.cast(self.function, ctypes.c_void_p)

    def run(self, function, *args):
        try:
            function(*args)
        except Error:
            if self.raised is None:
                raise
        raised, self.raised = self.raised, None
        if raised is not None:
            raise raised


class Trainer(_Handle):
    """Learns epoch by epoch. Options: hn_train_options, such as batch=32, learning_rate=0.001, seed=1, stop=STOP_PATIENCE,
    param_groups=[{"prefix": "features.", "frozen": 1}], augment={"flip": 0.5}.
    progress(hn_progress) is called after every batch; a true answer cancels, an exception comes out of epoch(). With familiarity=False models learn
    nothing of the look of their training images."""
    _free = _lib.hn_trainer_free

    def __init__(self, model, train, test=None, progress=None, familiarity=True, **options):
        cancel = options.pop("cancel", None)
        made = _options("hn_train_options", options)
        made.flags = 0 if familiarity else 1  # HN_TRAIN_NO_FAMILIARITY
        self._watch = _Watch(made, progress)
        if cancel is not None:
            made.cancel = cancel._as_parameter_.value
        super().__init__(_make("hn_trainer_create", model, train, test, ctypes.byref(made)), model.context)

    def epoch(self):
        """Trains one epoch: hn_epoch_report."""
        report = _new("hn_epoch_report")
        self._watch.run(_call, "hn_train_epoch", self, ctypes.byref(report))
        return _plain(report)

    def train(self, epochs, report=None):
        """Trains until `epochs` are done or the stopping rule says so; report(hn_epoch_report) after each. Gives the best model."""
        while self.epochs < epochs:
            last = self.epoch()
            if report:
                report(last)
            if last.flags & EPOCH_STOP:
                break
        return self.model()

    def model(self, which=BEST):
        return Model(_make("hn_trainer_model", self, which), self.context)

    @property
    def epochs(self):
        return _lib.hn_trainer_epochs(self)

    def history(self):
        return [_filled("hn_epoch_report", "hn_trainer_history", self, i) for i in range(1, self.epochs + 1)]

    @property
    def info(self):
        """hn_trainer_info: where and how it computes, and what it keeps there."""
        return _filled("hn_trainer_info", "hn_trainer_get_info", self)

    def save(self, path):
        _call("hn_trainer_save", self, _path(path))

    def resume(self, path):
        _call("hn_trainer_resume", self, _path(path))


class Predictor(_Handle):
    """Verdicts of a model; one per thread. Options: hn_predictor_options."""
    _free = _lib.hn_predictor_free

    def __init__(self, model, **options):
        self.model, self.classes = model, model.classes
        super().__init__(_make("hn_predictor_create", model, ctypes.byref(_options("hn_predictor_options", options))), model.context)

    def _images(self, sources):
        return [s if isinstance(s, Image) else Image.from_array(self.context, s) for s in sources]

    def _results(self, count):
        """Structs for `count` results, and the two arrays of floats that they point into."""
        n = len(self.classes)
        out, floats = (_structs["hn_prediction"] * count)(), (ctypes.c_float * (2 * n * count))()
        for i in range(count):
            out[i].struct_size, out[i].capacity = ctypes.sizeof(out[i]), n
            out[i].probabilities = ctypes.addressof(floats) + 8 * n * i
            out[i].logits = out[i].probabilities + 4 * n
        return out, floats

    def _verdict(self, out, floats, i):
        n, plain = len(self.classes), _plain(out[i], ("probabilities", "logits", "capacity"))
        plain.probabilities, plain.logits = list(floats[2 * n * i:2 * n * i + n]), list(floats[2 * n * i + n:2 * n * (i + 1)])
        plain.class_name = self.classes[plain.class_index] if plain.class_index >= 0 else None
        plain.unfamiliar = None if plain.novelty != plain.novelty else bool(plain.flags & PREDICTION_UNFAMILIAR)
        return plain

    def predict(self, image):
        """The verdict on an Image, or on an array as Image.from_array takes it: hn_prediction with class_name, probabilities, logits, and unfamiliar:
        True = not like the training images, no verdict to rely on; None = the model does not know."""
        out, floats = self._results(1)
        _call("hn_predict", self, self._images([image])[0], ctypes.byref(out[0]))
        return self._verdict(out, floats, 0)

    def predict_batch(self, images):
        """A list of verdicts, each the same as predict gives; one that failed has class_name None and its status."""
        images = self._images(images)
        handles = (ctypes.c_void_p * len(images))(*(image._as_parameter_.value for image in images))
        out, floats = self._results(len(images))
        _call("hn_predict_batch", self, handles, len(images), out)
        return [self._verdict(out, floats, i) for i in range(len(images))]

    def _explain_options(self, name, target, cancel, options):
        if target is not None:
            options["class_index"] = 1 + (self.classes.index(target) if isinstance(target, str) else target)
        if cancel is not None:
            options["cancel"] = cancel._as_parameter_.value
        _as_many("baseline", options.get("baseline"), self.model.info.channels)
        return _options(name, options)

    def explain(self, image, target=None, raw=False, cancel=None, **options):
        """The Heatmap of an Image, or of an array as Image.from_array takes it. target: name or index of the class (the positive one); options:
        hn_explain_options, such as method=GRAD_CAM, layer="conv_block_2.2", steps=64."""
        chosen = self._explain_options("hn_explain_options", target, cancel, options)
        chosen.flags, info, need, image = int(raw), _new("hn_heatmap_info"), ctypes.c_size_t(), self._images([image])[0]
        _call("hn_explain", self, image, ctypes.byref(chosen), None, 0, ctypes.byref(need), None)
        values = array.array("f", bytes(4 * need.value))
        numbers = (ctypes.c_float * need.value).from_buffer(values)
        _call("hn_explain", self, image, ctypes.byref(chosen), numbers, need.value, None, ctypes.byref(info))
        return self._heatmap(info, values)

    def _heatmap(self, info, values):
        plain = _plain(info)
        plain.class_name = self.classes[plain.class_index] if plain.class_index >= 0 else None
        plain.unfamiliar = None if plain.novelty != plain.novelty else bool(plain.flags & HEATMAP_UNFAMILIAR)
        return Heatmap(self.context, plain, values)

    def explain_batch(self, images, target=None, raw=False, series=False, cancel=None, **options):
        """A list of Heatmaps, each the same as explain gives; one that failed has HEATMAP_FAILED in its flags, and its status. series=True: the images
        are slices of one series, lowest first, and a model of neighbouring slices sees each between its own."""
        chosen = self._explain_options("hn_explain_options", target, cancel, options)
        chosen.flags, need, images, function = int(raw), ctypes.c_size_t(), self._images(images), "hn_explain_series" if series else "hn_explain_batch"
        handles = (ctypes.c_void_p * len(images))(*(image._as_parameter_.value for image in images))
        infos = (_structs["hn_heatmap_info"] * len(images))()
        for info in infos:
            info.struct_size = ctypes.sizeof(info)
        _call(function, self, handles, len(images), ctypes.byref(chosen), None, 0, ctypes.byref(need), infos)
        numbers = (ctypes.c_float * need.value)()
        _call(function, self, handles, len(images), ctypes.byref(chosen), numbers, need.value, None, infos)
        return [self._heatmap(info, array.array("f", numbers[info.offset:info.offset + info.width * info.height])) for info in infos]

    def explain_curve(self, image, heatmap, kind=DELETION, target=None, cancel=None, **options):
        """([(share, probability, smallest number of the map), …], area): what the network says while the strongest pixels of the map are taken away
        (DELETION), or given (INSERTION). Options: hn_explain_curve_options, such as steps=16."""
        chosen = self._explain_options("hn_explain_curve_options", target, cancel, {**options, "kind": kind})
        need, area, image = ctypes.c_size_t(), ctypes.c_double(), self._images([image])[0]
        if image.shape[:2] != heatmap.shape:
            raise ValueError(f"a map of {list(heatmap.shape)} for an image of {list(image.shape[:2])}")
        _call("hn_explain_curve", self, image, _floats(heatmap), ctypes.byref(chosen), None, 0, ctypes.byref(need), None)
        points = (_structs["hn_curve_point"] * need.value)()
        _call("hn_explain_curve", self, image, _floats(heatmap), ctypes.byref(chosen), points, need.value, None, ctypes.byref(area))
        return [(p.x, p.y, p.threshold) for p in points], area.value

    def evaluate(self, dataset, progress=None, cancel=None, positive=None, threshold=0.0, smooth=0.0):
        """Predicts every row: an Evaluation. positive: name or index of the class; smooth: slices, along the series."""
        options = _options("hn_eval_options", {"threshold": threshold, "smooth": smooth})
        if positive is not None:
            options.positive = 1 + (self.classes.index(positive) if isinstance(positive, str) else positive)
        if cancel is not None:
            options.cancel = cancel._as_parameter_.value
        watch, out = _Watch(options, progress), ctypes.c_void_p()
        watch.run(_call, "hn_evaluate", self, dataset, ctypes.byref(options), ctypes.byref(out))
        return Evaluation(out, self.context)


def _floats(values):
    """A map, or any rows of numbers, as floats of C."""
    if isinstance(values, Heatmap):
        return (ctypes.c_float * len(values.values)).from_buffer(values.values)
    flat = [x for row in values for x in row] if len(values) and hasattr(values[0], "__len__") else values
    return (ctypes.c_float * len(flat))(*flat)


class Heatmap:
    """What moved a verdict, in the coordinates of the image: heatmap[y][x] is 0 … 1 (raw=True: the method's own numbers), .values all of them in an
    array.array, .info the hn_heatmap_info with class_name and unfamiliar, as of a verdict. Made by Predictor.explain."""

    def __init__(self, context, info, values):
        self.context, self.info, self.values = context, info, values

    @property
    def shape(self):
        return self.info.height, self.info.width

    def __len__(self):
        return self.info.height

    def __getitem__(self, y):
        if not 0 <= y < self.info.height:
            raise IndexError(f"row {y} of {self.info.height}")
        return self.values[y * self.info.width:(y + 1) * self.info.width]

    def to_array(self):
        """The map as a numpy array of its own, float32, [height, width]."""
        import numpy
        return numpy.array(self.values, "f4").reshape(self.shape)

    def regions(self, **options):
        """Its Regions: connected parts at and above a threshold."""
        return Regions.find([self], **options)

    def compare(self, mask, threshold=0.0):
        """hn_heatmap_truth: the map held against a mask of the same size, an Image of 8 bit or bytes; other than 0 = the lesion."""
        data = mask.tobytes() if isinstance(mask, Image) else memoryview(mask).tobytes()
        if len(data) != len(self.values):
            raise ValueError(f"a mask of {len(data)} bytes for a map of {self.info.width} x {self.info.height}")
        return _filled("hn_heatmap_truth", "hn_heatmap_compare", _floats(self), data, self.info.width, self.info.height, threshold)

    def overlay(self, image, regions=None, window=None, truth=None, side_by_side=False, bare=False, **options):
        """The map over its image, as an RGB Image for save_png. regions: outlined and numbered; truth: the Regions of a mask, outlined in green;
        window: (centre, width) in HU; bare: nothing around it. Options: hn_overlay_options, such as caption="…", colours=VIRIDIS."""
        chosen = _options("hn_overlay_options", {**options, "window": [window] if window else None, "truth": None if truth is None else truth._as_parameter_.value})
        chosen.flags = (1 if side_by_side else 0) | (16 if bare else 0)
        below = image if isinstance(image, Image) else Image.from_array(self.context, image)
        if below.shape[:2] != self.shape:
            raise ValueError(f"a map of {list(self.shape)} over an image of {list(below.shape[:2])}")
        return Image(_make("hn_overlay", self.context, below, _floats(self), regions, ctypes.byref(chosen)), self.context)


class Regions(_Handle):
    """Connected parts of a map, or of the maps of a stack of slices, strongest first; len() regions, regions[i] = hn_region."""
    _free = _lib.hn_regions_free

    @classmethod
    def find(cls, heatmaps, **options):
        """Of one Heatmap for each slice, lowest first. Options: hn_region_options, such as threshold=0.5, spacing_x=0.5, spacing_z=5.0 (mm)."""
        if not heatmaps or any(h.shape != heatmaps[0].shape for h in heatmaps):
            raise ValueError("at least one map, all of one size")
        numbers = (ctypes.c_float * sum(len(h.values) for h in heatmaps))()
        for i, h in enumerate(heatmaps):
            ctypes.memmove(ctypes.byref(numbers, 4 * i * len(h.values)), _floats(h), 4 * len(h.values))
        height, width = heatmaps[0].shape
        return cls(_make("hn_regions_find", heatmaps[0].context, numbers, width, height, len(heatmaps),
                         ctypes.byref(_options("hn_region_options", options))), heatmaps[0].context)

    def __len__(self):
        return _lib.hn_regions_count(self)

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"region {index} of {len(self)}")
        return _filled("hn_region", "hn_regions_get", self, index)

    def contour(self, index, slice=None, piece=0):
        """The outline of a region as a closed polygon [(x, y), …] along the edges of pixels; slice: the largest one."""
        at, need = self[index].largest_slice if slice is None else slice, ctypes.c_size_t()
        _call("hn_regions_contour", self, index, at, piece, None, 0, ctypes.byref(need))
        numbers = (ctypes.c_int32 * need.value)()
        _call("hn_regions_contour", self, index, at, piece, numbers, need.value, None)
        return list(zip(numbers[::2], numbers[1::2]))


def rank_correlation(context, a, b):
    """Spearman's, of two Heatmaps or rows of numbers: near 1 between a model's map and that of Model.randomize, the map shows nothing learnt."""
    a, b, out = _floats(a), _floats(b), ctypes.c_double()
    if len(a) != len(b):
        raise ValueError(f"{len(a)} numbers beside {len(b)}")
    _call("hn_rank_correlation", context, a, b, len(a), ctypes.byref(out))
    return out.value


def proportion(hits, n, level=0.0):
    """Wilson's hn_interval."""
    return _filled("hn_interval", "hn_eval_proportion", hits, n, level)


def mean(values, test_to_train, level=0.0):
    """hn_mean of a metric over folds: test_to_train = 1 / (k - 1)."""
    numbers = (ctypes.c_double * len(values))(*values)
    return _filled("hn_mean", "hn_eval_mean", numbers, len(numbers), test_to_train, level)


class Evaluation(_Handle):
    """Labels and probabilities of a data set, immutable; len() samples, evaluation[i] = hn_eval_sample."""
    _free = _lib.hn_eval_free

    @classmethod
    def from_arrays(cls, context, classes, probabilities, class_names=None, positive=None, threshold=0.0, groups=None, logits=None):
        """Single-label: n true classes, and n rows of probabilities; groups: n patients, "" = not known; logits: n rows, to calibrate."""
        rows = [list(row) for row in probabilities]
        if not rows or len(rows) != len(classes) or len({len(row) for row in rows}) != 1:
            raise ValueError("as many rows of probabilities as classes, at least one, all of one length")
        _as_many("class_names", class_names, len(rows[0]))
        _as_many("groups", groups, len(rows))
        _as_many("logits", logits, len(rows))
        for row in [] if logits is None else logits:
            _as_many("a row of logits", row, len(rows[0]))
        arrays = _options("hn_eval_arrays", {"probabilities": [p for row in rows for p in row], "class_names": class_names,
                                             "n": len(rows), "n_classes": len(rows[0]), "task": SINGLE, "threshold": threshold,
                                             "groups": groups, "logits": None if logits is None else [z for row in logits for z in row]})
        true = (ctypes.c_int32 * len(classes))(*classes)
        arrays.classes = ctypes.cast(true, ctypes.c_void_p)
        if positive is not None:
            arrays.positive = 1 + (list(class_names).index(positive) if isinstance(positive, str) else positive)
        return cls(_make("hn_eval_from_arrays", context, ctypes.byref(arrays)), context)

    def metrics(self, threshold=0.0):
        """hn_metrics; what is not defined is NaN, never 0."""
        return _filled("hn_metrics", "hn_eval_metrics", self, threshold)

    def class_metrics(self, index, threshold=0.0):
        return _filled("hn_class_metrics", "hn_eval_class", self, index, threshold)

    def confusion(self, threshold=0.0):
        """Rows true, columns predicted; of several labels the flat list [n_classes, 2, 2]."""
        need = ctypes.c_size_t()
        _call("hn_eval_confusion", self, threshold, None, 0, ctypes.byref(need))
        cells = (ctypes.c_int64 * need.value)()
        _call("hn_eval_confusion", self, threshold, cells, need.value, None)
        n = len(self.classes)
        return [list(cells[i * n:(i + 1) * n]) for i in range(n)] if need.value == n * n else list(cells)

    def curve(self, kind=ROC, index=0):
        """[(x, y, threshold), …] of one class."""
        need = ctypes.c_size_t()
        _call("hn_eval_curve", self, kind, index, None, 0, ctypes.byref(need))
        points = (_structs["hn_curve_point"] * need.value)()
        _call("hn_eval_curve", self, kind, index, points, need.value, None)
        return [(p.x, p.y, p.threshold) for p in points]

    def curve_band(self, kind, index, places, **options):
        """[(x, y, low, high)] of a curve at places of x that rise from 0 to 1, each with its limits by patient."""
        n, chosen = len(places), _options("hn_bootstrap_options", options)
        x, y, low, high = ((ctypes.c_double * n)(*row) for row in (places, (), (), ()))
        _call("hn_eval_curve_band", self, kind, index, ctypes.byref(chosen), x, n, y, low, high)
        return list(zip(x, y, low, high))

    @property
    def novelty(self):
        """hn_novelty: how many samples are not like the training images. They count in every figure."""
        return _filled("hn_novelty", "hn_eval_novelty", self)

    def familiar(self):
        """The samples that are like the training images: for figures beside those of all, never instead."""
        return Evaluation(_make("hn_eval_familiar", self), self.context)

    def by_group(self, rule=MAX, top=0):
        """One sample a patient, by a rule to be named beside every figure."""
        return Evaluation(_make("hn_eval_by_group", self, rule, top), self.context)

    def auc(self, index, level=0.0):
        """hn_interval of the ROC AUC of one class, by patient where groups are known."""
        return _filled("hn_interval", "hn_eval_auc", self, index, level)

    def auc_difference(self, other, index, level=0.0):
        """hn_interval of this one's AUC less the other's, on the same rows."""
        return _filled("hn_interval", "hn_eval_auc_difference", self, other, index, level)

    def mcnemar(self, other):
        return _filled("hn_mcnemar", "hn_eval_mcnemar", self, other)

    def bootstrap(self, threshold=0.0, other=None, **options):
        """(low, high): hn_metrics of limits, by patient; with another evaluation those of the differences to it."""
        low, high, chosen = _new("hn_metrics"), _new("hn_metrics"), _options("hn_bootstrap_options", options)
        limits = ctypes.byref(chosen), ctypes.byref(low), ctypes.byref(high)
        if other is None:
            _call("hn_eval_bootstrap", self, threshold, *limits)
        else:
            _call("hn_eval_bootstrap_difference", self, other, *limits)
        return _plain(low), _plain(high)

    def rate(self, rate, threshold=0.0, level=0.0):
        """hn_interval of a share at a threshold: ACCURACY, SENSITIVITY and so on; by patient where groups are known."""
        return _filled("hn_interval", "hn_eval_rate", self, rate, threshold, level)

    def choose_threshold(self, rule=CHOOSE_YOUDEN, value=0.0, index=None):
        """hn_threshold, for a class or label (the positive one): choose on other rows than those that figures are reported on."""
        return _filled("hn_threshold", "hn_eval_threshold", self, 0 if index is None else index + 1, rule, value)

    def calibrate(self, method=TEMPERATURE):
        """hn_calibration fitted to these rows: neither those that the model was trained on, nor those that figures are reported on."""
        return _calibration("hn_eval_calibrate", len(self.classes), self, method)

    def calibrated(self, calibration):
        """The same rows with calibrated probabilities."""
        return Evaluation(_make("hn_eval_calibrated", self, ctypes.byref(_again("hn_calibration", calibration))), self.context)

    def subgroups(self, columns, **options):
        """([hn_subgroup, …], comparisons) for columns {name: [text of each sample, …]}: accuracy, sensitivity, specificity and AUC of each value's
        samples beside the rest's. Options: hn_subgroup_options."""
        kept = [_array("strs", values) for values in columns.values()]
        if any(len(values) != len(self) for values in columns.values()):
            raise ValueError("one text for each sample")
        table = (_structs["hn_subgroup_column"] * len(kept))()
        for place, name, values in zip(table, columns, kept):
            place.name, place.values = _utf8(name), ctypes.cast(values, ctypes.c_void_p)
        made = _make("hn_subgroups_create", self, table, len(kept), ctypes.byref(_options("hn_subgroup_options", options)))
        try:
            rows = [_filled("hn_subgroup", "hn_subgroups_get", made, i) for i in range(_lib.hn_subgroups_count(made))]
            return rows, _lib.hn_subgroups_comparisons(made)
        finally:
            _lib.hn_subgroups_free(made)

    def operating_points(self, rule, values, index=None, **options):
        """[hn_operating_point, …]: specificity where sensitivity is held (rule CHOOSE_SENSITIVITY), or the reverse; options as bootstrap."""
        held, points = (ctypes.c_double * len(values))(*values), (_structs["hn_operating_point"] * len(values))()
        _call("hn_eval_operating_points", self, 0 if index is None else index + 1, rule, held, len(held),
              ctypes.byref(_options("hn_bootstrap_options", options)), points)
        return [_plain(point) for point in points]

    def reliability(self, **options):
        """(hn_reliability, [hn_reliability_bin, …]): how far probabilities are from what happens; options: binning, bins, index, level."""
        chosen, figures, need = _options("hn_reliability_options", options), _new("hn_reliability"), ctypes.c_size_t()
        bins = (_structs["hn_reliability_bin"] * 100)()
        _call("hn_eval_reliability", self, ctypes.byref(chosen), ctypes.byref(figures), bins, len(bins), ctypes.byref(need))
        return _plain(figures), [_plain(bins[i]) for i in range(need.value)]

    @property
    def classes(self):
        names = []
        while _lib.hn_eval_class_name(self, len(names)) is not None:
            names.append(_lib.hn_eval_class_name(self, len(names)).decode())
        return names

    def __len__(self):
        return _lib.hn_eval_count(self)

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        sample = _new("hn_eval_sample")
        _call("hn_eval_row", self, index, ctypes.byref(sample))
        plain = _plain(sample)
        numbers = (ctypes.c_double * len(self.classes)).from_address(sample.probabilities)
        plain.probabilities = list(numbers)
        return plain
