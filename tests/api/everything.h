/* everything.h - one handle of every kind, made by public calls alone, small; and places for every kind of output, with a pattern in them that
 * shows whether a failed call wrote there. For the tests that go through the whole of the public headers. */
#ifndef HAEMNET_TESTS_API_EVERYTHING_H
#define HAEMNET_TESTS_API_EVERYTHING_H

#include <stdbool.h>

#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

static hn_error err;

/* One of each. */
static struct {
    hn_context *ctx;
    hn_cancel *cancel;
    hn_image *image, *ct; /* u8 display image, i16 HU */
    hn_phantom *phantom;
    hn_dataset *data, *train, *test;
    hn_model *model;
    hn_builder *builder;
    hn_trainer *trainer;
    hn_predictor *predictor;
    hn_eval *eval;
    hn_transfer *transfer;
    hn_regions *regions; /* of one pixel */
    hn_subgroups *subgroups;
    hn_audit *audit;     /* of a set against a part of it: it leaks */
} w;

/* Where calls put what they give. */
typedef union handle {
    void *p;
    hn_context *context;
    hn_cancel *cancel;
    hn_image *image;
    hn_phantom *phantom;
    hn_dataset *dataset;
    hn_model *model;
    hn_builder *builder;
    hn_trainer *trainer;
    hn_predictor *predictor;
    hn_eval *eval;
    hn_transfer *transfer;
    hn_regions *regions;
    hn_subgroups *subgroups;
    hn_audit *audit;
} handle;

typedef union result {
    uint32_t struct_size;
    int32_t i32;
    int64_t i64;
    size_t size;
    hn_memory_info memory;
    hn_device_info device;
    hn_selftest_report selftest;
    hn_image_info image;
    hn_box box;
    hn_phantom_slice_info slice;
    hn_dataset_info dataset;
    hn_row row;
    hn_model_info model;
    hn_preset_info preset;
    hn_layer_info layer;
    hn_tensor_info tensor;
    hn_epoch_report epoch;
    hn_trainer_info trainer;
    hn_prediction prediction;
    hn_heatmap_info heatmap;
    hn_region region;
    hn_heatmap_truth truth;
    hn_metrics metrics;
    hn_class_metrics class_metrics;
    hn_eval_sample sample;
    hn_novelty novelty;
    hn_familiarity familiarity;
    hn_transfer_info transfer;
    hn_transfer_line line;
    hn_interval interval;
    hn_mean mean;
    hn_mcnemar mcnemar;
    hn_power_law power_law;
    hn_threshold threshold;
    hn_calibration calibration;
    hn_reliability reliability;
    hn_subgroup subgroup;
    hn_audit_info audit;
    hn_finding finding;
    hn_shortcut shortcut;
    unsigned char bytes[4096]; /* as large as a struct_size may be */
} result;

static handle out, out2;
static result res;
static union {
    unsigned char bytes[4096];
    char text[4096];
    float floats[1024];
    int32_t ints[1024];
    double doubles[512];
    int64_t numbers[512];
    hn_curve_point points[128];
    hn_operating_point operating[64];
    hn_reliability_bin bins[64];
    hn_metrics metrics;
} buffer;

enum { PATTERN = 0xA5 };
static int marker; /* its address in a handle's place: "not written" */

/* Patterns everywhere; the result's struct_size as the call wants it, 0 = none. */
static inline void prepare(size_t struct_size) {
    out.p = out2.p = &marker;
    memset(&res, PATTERN, sizeof res);
    memset(&buffer, PATTERN, sizeof buffer);
    if (struct_size) res.struct_size = (uint32_t)struct_size;
    memset(&err, 0, sizeof err);
}

static inline bool all_pattern(const unsigned char *bytes, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (bytes[i] != PATTERN) return false;
    return true;
}

/* A failure says what it is, in text that ends. */
static inline void ck_refused(const char *what, hn_status got, hn_status wanted) {
    ck_assert_msg(got == wanted, "%s: %s, not %s: %s", what, hn_status_name(got), hn_status_name(wanted), err.message);
    ck_assert_msg(err.status == wanted, "%s: err.status is %d", what, err.status);
    ck_assert_msg(err.message[0] && memchr(err.message, 0, sizeof err.message), "%s: no message", what);
}

static inline void make_data(void) {
    const hn_phantom_options people = {.struct_size = sizeof people, .patients = 12, .size = 64, .slices_per_patient = 1, .seed = 1};
    ck_ok(hn_phantom_create(w.ctx, &people, &w.phantom, &err));
    ck_ok(hn_dataset_create(w.ctx, NULL, &w.data, &err));
    for (int64_t i = 0; i < hn_phantom_count(w.phantom); i++) {
        char group[16];
        hn_image *slice;
        ck_ok(hn_phantom_render(w.phantom, i, NULL, &slice, NULL, &err));
        snprintf(group, sizeof group, "p%d", (int)i);
        ck_ok(hn_dataset_add_image(w.data, slice, i % 2 ? "no_haemorrhage" : "haemorrhage", group, &err));
        if (i) hn_image_free(slice);
        else w.ct = slice;
    }
    ck_ok(hn_image_window(w.ct, NULL, &w.image, &err));
    ck_ok(hn_dataset_split(w.data, NULL, &w.train, &w.test, &err));
}

/* By way of a file, as a transfer takes none from memory. */
static inline void make_transfer(const hn_model_options *shape) {
    char path[] = "/tmp/haemnet-everything-XXXXXX";
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    ck_ok(hn_model_save(w.model, path, &err));
    ck_ok(hn_transfer_create(w.ctx, path, "tinyvgg", shape, &w.transfer, &err));
    unlink(path);
}

enum { SAMPLES = 12 };
static const char *const sexes[SAMPLES] = {"f", "m", "f", "m", "f", "m", "f", "m", "f", "m", "f", "m"};
static const hn_subgroup_column sex = {"sex", sexes};

static inline void make_everything(void) {
    static const char *const classes[] = {"haemorrhage", "no_haemorrhage"};
    hn_context_options lent = {.struct_size = sizeof lent, .threads = 2, .plugin_dir = ""};
    const hn_model_options shape = {.struct_size = sizeof shape, .width = 16, .height = 16, .channels = 1, .hidden = 2, .n_classes = 2, .positive = 1,
                                    .class_names = classes};
    test_host_apply(&lent);
    ck_ok(hn_context_create(&lent, &w.ctx, &err));
    ck_ok(hn_cancel_create(w.ctx, &w.cancel, &err));
    make_data();
    ck_ok(hn_model_preset(w.ctx, "tinyvgg", &shape, &w.model, &err));
    ck_ok(hn_builder_create(w.ctx, &shape, &w.builder, &err));
    ck_ok(hn_trainer_create(w.model, w.train, w.test, NULL, &w.trainer, &err));
    ck_ok(hn_train_epoch(w.trainer, NULL, &err));
    ck_ok(hn_predictor_create(w.model, NULL, &w.predictor, &err));
    ck_ok(hn_evaluate(w.predictor, w.data, NULL, &w.eval, &err));
    ck_assert_int_eq(hn_eval_count(w.eval), SAMPLES);
    ck_ok(hn_subgroups_create(w.eval, &sex, 1, NULL, &w.subgroups, &err));
    make_transfer(&shape);
    const float hot = 1.0f;
    ck_ok(hn_regions_find(w.ctx, &hot, 1, 1, 1, NULL, &w.regions, &err));
    ck_ok(hn_dataset_audit(w.data, w.train, NULL, &w.audit, &err));
}

/* In an order that no sane caller would choose. */
static inline void free_everything(void) {
    hn_context_free(w.ctx);
    hn_model_free(w.model);
    hn_dataset_free(w.train);
    hn_dataset_free(w.data);
    hn_cancel_free(w.cancel);
    hn_image_free(w.ct);
    hn_phantom_free(w.phantom);
    hn_trainer_free(w.trainer);
    hn_eval_free(w.eval);
    hn_builder_free(w.builder);
    hn_dataset_free(w.test);
    hn_predictor_free(w.predictor);
    hn_image_free(w.image);
    hn_transfer_free(w.transfer);
    hn_regions_free(w.regions);
    hn_subgroups_free(w.subgroups);
    hn_audit_free(w.audit);
}

#endif
