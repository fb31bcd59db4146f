/* selftest.c - every case of the list on one device against the reference: is this device to be trusted?
 *
 * A device that fails is marked in the registry: "best" passes over it and its name gives HN_E_UNAVAILABLE, until it passes a later test.
 * Not run by itself, since it takes seconds: a host decides when, say after installing a driver. The seed is fixed, so that two runs on
 * one machine say the same. */
#include <math.h>
#include <stdio.h>

#include "../base/status.h"
#include "../base/utf8.h" /* defines: hni_utf8_cut */
#include "../op/op.h"
#include "registry.h"

enum { SEED = 20240229 };

/* One case; only a lack of memory ends the test. */
static hn_status try_case(hni_device *device, hni_device *oracle, int32_t index, hn_selftest_report *report, hn_error *err) {
    hni_case c;
    hn_status status = hni_case_get(index, &c, err);
    if (status != HN_OK)
        return status;
    double error = NAN;
    hn_error why = {.status = HN_OK};
    status = hni_case_compare(device, oracle, &c, report->seed, &error, &why);
    if (status == HN_E_MEMORY) {
        if (err)
            *err = why;
        return status;
    }
    report->cases++;
    if (status == HN_E_UNSUPPORTED) {
        report->unsupported++;
        return HN_OK;
    }
    if (status == HN_OK && error <= 1.0)
        report->passed++;
    else
        report->failed++;
    /* NaN (could not run) is worse than any number, and the first one stays */
    if (!isnan(report->worst_error) && (isnan(error) || error > report->worst_error)) {
        report->worst_error = error;
        char text[sizeof report->worst_case];
        hni_op_text(&c.desc, text, sizeof text);
        if (status != HN_OK)
            snprintf(text, sizeof text, "%.20s: %.*s", hni_op_name(c.desc.kind), (int)hni_utf8_cut(why.message, 100), why.message);
        snprintf(report->worst_case, sizeof report->worst_case, "%s", text);
    }
    return HN_OK;
}

static void mark(hn_context *ctx, int32_t device, bool failed) {
    hni_entry *entry;
    int32_t index;
    if (hni_registry_entry(ctx, device, &entry, &index, NULL) != HN_OK)
        return;
    const uint_fast64_t bit = (uint_fast64_t)1 << index;
    if (failed)
        atomic_fetch_or(&entry->failed, bit);
    else
        atomic_fetch_and(&entry->failed, ~bit);
}

hn_status hni_selftest(hn_context *ctx, int32_t device, hn_selftest_report *report, hn_error *err) {
    hni_device *opened = NULL, *oracle = NULL;
    hn_selftest_report r = {.struct_size = sizeof r, .seed = SEED};
    hn_status status = hni_device_open_any(ctx, device, &opened, err);
    if (status == HN_OK)
        status = hni_device_open_any(ctx, 0, &oracle, err); /* the reference is always the first, and judges even if it failed once */
    for (int32_t i = 0; i < hni_case_count() && status == HN_OK; i++)
        status = try_case(opened, oracle, i, &r, err);
    if (status == HN_OK) {
        mark(ctx, device, r.failed > 0);
        if (report) {
            const uint32_t size = report->struct_size;
            *report = r;
            report->struct_size = size;
        }
        if (r.failed > 0)
            status = hni_fail(err, HN_E_BACKEND, "device %s failed %d of %d cases and will not be used; worst: %s", opened->info.name,
                              r.failed, r.cases, r.worst_case);
    }
    hni_device_close(oracle);
    hni_device_close(opened);
    return status;
}
