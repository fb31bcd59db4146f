/* keepsakes.c - what a model takes along from its training beside the weights: traces of the training images, and what these share with the
 * test part. Neither depends on the weights, so both are found once. */
#include "base/memory.h"
#include "base/status.h"
#include "data/audit.h"
#include "trainer.h"

/* {"patients":…,"files":…,"pixels":…,"looks":…}, or null without a test part. */
static hn_status find_leaks(hn_trainer *t, hni_text *text, hn_error *err) {
    hn_audit *audit = NULL;
    if (!t->test.data) {
        hni_text_add(text, "null");
        return HN_OK;
    }
    hn_status status = hni_audit_make(t->test.data, t->train.data, NULL, HN_AUDIT_NO_SHORTCUTS, NULL, &audit, err);
    if (status) return status;
    hni_text_format(text, "{\"patients\":%lld,\"files\":%lld,\"pixels\":%lld,\"looks\":%lld}", (long long)audit->info.patients,
                    (long long)audit->info.files, (long long)audit->info.pixels, (long long)audit->info.looks);
    hni_audit_unref(audit);
    return HN_OK;
}

hn_status hni_trainer_look_back(hn_trainer *t, hn_error *err) {
    hni_text text;
    hn_status status = t->traces ? HN_OK : hni_traces_make(t->train.data, &t->traces, err);
    if (status || t->leaks) return status;
    hni_text_init(&text, t->ctx);
    status = find_leaks(t, &text, err);
    if (!status && text.failed) status = hni_fail_memory(err, text.size, "what the parts of a training share");
    if (status)
        hni_text_free(&text);
    else
        t->leaks = text.data; /* the trainer's from now on */
    return status;
}
