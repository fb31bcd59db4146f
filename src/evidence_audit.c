/* evidence_audit.c - did the model see these images before, and can a class be told by something that is no picture? */
#include "evidence.h"

/* By the traces of its training data that the model keeps. Without traces the set is looked at by itself: its copies, its shortcuts. */
int find_audit(evidence *e) {
    const hn_audit_options options = {.struct_size = sizeof options, .cancel = e->source->cancel};
    hn_error err = {0};
    hn_status status = hn_model_audit(e->source->model, e->source->data, &options, &e->audit, &err);
    e->audited = !status;
    if (status == HN_E_DATA) status = hn_dataset_audit(e->source->data, NULL, &options, &e->audit, &err);
    e->leaks.struct_size = sizeof e->leaks;
    if (!status) status = hn_audit_get_info(e->audit, &e->leaks, &err);
    if (status) return fail(&err);
    return e->audited ? refuse_leaks(NULL, e->audit, e->request->allow_leak) : EXIT_DONE;
}
