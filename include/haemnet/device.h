/* device.h - the devices that networks run on, and the plug-ins that bring them.
 *
 * "reference" (plain loops, the oracle) is always there. Others come with the library or as plug-ins (see backend.h). A device
 * is named "backend" or "backend:index"; "best" is the first device of the highest score. Behind the name may stand how it is to compute,
 * each word after a +: "cudnn:1+bf16+deterministic".
 *
 *   tf32           products of convolutions and dense layers may be rounded to TF32, which is faster; a device that cannot refuses
 *   bf16           … to bfloat16, which is faster still; not together with tf32
 *   deterministic  the same inputs give the same bits, or the device refuses. reference and cpu always do so
 *   measured       the device tries the ways that it has for each operator and takes the fastest. Making a trainer or predictor takes longer
 *                  then, and the choice, and with it the last bits, may differ from run to run: not together with deterministic
 *
 * Whoever opens the device (hn_predictor_create, hn_trainer_create) gets HN_E_ARGUMENT for other words and HN_E_UNSUPPORTED from a device
 * that cannot compute so: reference and cpu compute in float32 alone, and measure nothing. */
#ifndef HAEMNET_DEVICE_H
#define HAEMNET_DEVICE_H

#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_backend hn_backend; /* the table of backend.h */

/* Facts of a device; bits of hn_device_info.flags. */
enum {
    HN_DEVICE_HOST_MEMORY = 1,  /* device memory is host memory: buffers are plain pointers */
    HN_DEVICE_DETERMINISTIC = 2 /* the same inputs give the same bits, whether asked for or not */
};

typedef struct hn_device_info {
    uint32_t struct_size;  /* in: sizeof(hn_device_info) */
    uint32_t flags;        /* HN_DEVICE_… */
    int32_t score;         /* how good the backend says it is here; 0 = cannot be used; reference = 1 */
    int32_t index;         /* number of the device within its backend, from 0 */
    uint64_t memory_bytes; /* of the device; 0 = unknown */
    char backend[32];      /* "reference" */
    char name[64];         /* "reference:0" */
    char description[128]; /* for people */
} hn_device_info;

/* What hn_device_selftest found. */
typedef struct hn_selftest_report {
    uint32_t struct_size; /* in: sizeof(hn_selftest_report) */
    int32_t cases;        /* operator × shape cases run */
    int32_t passed;       /* agreed with the reference within tolerance */
    int32_t failed;       /* did not */
    int32_t unsupported;  /* refused by the backend, with a reason */
    int32_t flags;        /* 0 */
    double worst_error;   /* the largest error seen, as a multiple of the tolerance; NaN = a case could not run */
    uint64_t seed;        /* of the random data: a failure can be replayed */
    char worst_case[128]; /* operator and shape of worst_error */
} hn_selftest_report;

/* Loads a backend plug-in, checks its table and adds it to the context. Negotiates the table's version: each side uses the smaller.
 *   path     absolute path of the shared object, UTF-8; copied. The working directory is never searched
 * Errors:  HN_E_ARGUMENT (path not absolute), HN_E_IO, HN_E_FORMAT (no entry symbol), HN_E_ABI (versions do not meet),
 *          HN_E_BACKEND (the table lacks a slot or lies), HN_E_STATE (a backend of that name is there already).
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_backend_load(hn_context *context, const char *path, hn_error *err);

/* Adds a backend that the caller carries in its own program; the same checks as hn_backend_load.
 *   backend  the table; must outlive the context and everything made from it
 * Errors:  as hn_backend_load.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_backend_register(hn_context *context, const hn_backend *backend, hn_error *err);

/* How many devices there are, of all backends; those with score 0 are counted too, so that a user can see why one is missing.
 * The first call looks through the plug-in folder; a plug-in that cannot be loaded is logged and left out.
 *   out      receives the count
 * Errors:  HN_E_ARGUMENT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_device_count(hn_context *context, int32_t *out, hn_error *err);

/* Facts of one device.
 *   device   0 … count - 1
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND, HN_E_BACKEND.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_device_get(hn_context *context, int32_t device, hn_device_info *out, hn_error *err);

/* Finds a device by its name. Words after + are checked and otherwise make no difference here.
 *   spec     "best", "reference", "cpu", "cudnn", "cudnn:1", "cudnn:1+bf16+deterministic", …; NULL = "best"
 *   out      receives the number for hn_device_get
 * Errors:  HN_E_ARGUMENT, HN_E_NOT_FOUND (the message lists what there is), HN_E_UNAVAILABLE (there, but score 0).
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_device_find(hn_context *context, const char *spec, int32_t *out, hn_error *err);

/* Runs every case of the operator list on the device and compares it with the reference. Takes seconds.
 *   device   0 … count - 1
 *   report   filled, also on HN_E_BACKEND; set report->struct_size before; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND, HN_E_UNAVAILABLE, HN_E_MEMORY, HN_E_BACKEND (a case failed: report says which).
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_device_selftest(hn_context *context, int32_t device, hn_selftest_report *report, hn_error *err);

#ifdef __cplusplus
}
#endif
#endif
