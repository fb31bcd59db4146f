/* audit.h - the inside of hn_audit: two lists of fingerprints, what they share, and what a class could be told by. */
#ifndef HNI_DATA_AUDIT_H
#define HNI_DATA_AUDIT_H

#include "copies.h"
#include "haemnet/audit.h"
#include "traces.h"

struct hn_audit {
    atomic_int refs;
    hn_context *ctx;
    hn_dataset *data, *against; /* kept for their strings; against NULL = a set by itself, or a model */
    hn_audit_info info;
    hn_finding *findings;       /* [info.findings] all but struct_size */
    size_t capacity;
    hn_shortcut *shortcuts;     /* [info.shortcuts] likewise */
    size_t shortcut_capacity;
};

/* against and traces: at most one of them is not NULL. cancel may be NULL. */
hn_status hni_audit_make(hn_dataset *data, hn_dataset *against, const hni_traces *traces, int32_t flags, const hn_cancel *cancel, hn_audit **out,
                         hn_error *err);
void hni_audit_unref(hn_audit *audit); /* NULL is fine */

/* shortcuts.c: measures what the prints of a->data give away about classes. */
hn_status hni_audit_shortcuts(hn_audit *a, const hni_fingerprint *prints, hn_error *err);

#endif
