/* operator.c - operators of the table: whether there is a way, which one is gone, its runs and its end.
 *
 * The ways are in select.c's lists. One that accepts may still find out when it plans that cuDNN has no engine for it: then the next of the
 * list is tried, so that a version of cuDNN that can do less makes a network slower and not impossible. */
#include <stdio.h>
#include <string.h>

#include "graph.h"
#include "table.h"

enum { TEXT = 160, REFUSED = 256 };

/* `why` may be a library's own words, in the error of a question or of a plan: then its code goes along. */
static hn_status refuse(const hni_cuda_device *d, const hn_op_desc *desc, const char *why, const hn_error *plan, hn_error *err) {
    char text[TEXT], name[32];
    const hn_error *question = hni_graph_error(d), *said = why == plan->message ? plan : why == question->message ? question : NULL;
    hni_op_text(desc, text, sizeof text);
    snprintf(name, sizeof name, "cudnn:%d: ", d->index);
    if (strncmp(why, name, strlen(name)) == 0) /* it stands at the beginning already */
        why += strlen(name);
    return hni_fail_code(err, HN_E_UNSUPPORTED, said ? said->domain : HN_DOMAIN_NONE, said ? said->code : 0, "cudnn:%d: %s: %s", d->index, text,
                         why);
}

hn_status hni_cuda_supports(void *device, const hn_op_desc *desc, hn_error *err) {
    hni_cuda_device *d = device;
    const char *why = "no way to do it";
    if (desc->kind < 1 || desc->kind > HNI_OP_LAST)
        return hni_fail(err, HN_E_UNSUPPORTED, "cudnn:%d: operator kind %d is not known; input %lld x %lld x %lld x %lld", d->index, desc->kind,
                        (long long)desc->in[0].dims[0], (long long)desc->in[0].dims[1], (long long)desc->in[0].dims[2],
                        (long long)desc->in[0].dims[3]);
    hn_status status = hni_op_validate(desc, err);
    if (status == HN_OK)
        status = hni_cuda_enter(d, "supports", err); /* cuDNN may be asked */
    if (status != HN_OK)
        return status;
    return hni_cuda_select(d, desc, &why) ? HN_OK : refuse(d, desc, why, hni_graph_error(d), err);
}

static void end_plan(hni_cuda_op *o) {
    const hn_backend_host *host = &o->device->host;
    if (o->way && o->way->drop)
        o->way->drop(o);
    host->free(host->user, o->plan);
    o->plan = NULL;
    o->workspace = 0;
}

/* Plans the first way of the list that can be gone. */
static hn_status plan(hni_cuda_op *o, hn_error *err) {
    const char *why = "no way to do it";
    hn_error theirs = {.status = HN_OK};
    o->way = hni_cuda_select(o->device, &o->desc, &why);
    while (o->way) {
        const hn_status status = o->way->plan ? o->way->plan(o, &theirs) : HN_OK;
        if (status == HN_OK)
            return HN_OK;
        end_plan(o);
        if (status != HN_E_UNSUPPORTED)
            return hni_fail_code(err, status, theirs.domain, theirs.code, "%s", theirs.message);
        why = theirs.message;
        o->way = hni_cuda_select_after(o->device, &o->desc, o->way, &why);
    }
    return refuse(o->device, &o->desc, why, &theirs, err);
}

static void log_choice(const hni_cuda_op *o) {
    char text[TEXT], refused[REFUSED], line[TEXT + REFUSED + 64];
    hni_op_text(&o->desc, text, sizeof text);
    hni_cuda_refusals(o->device, &o->desc, o->way, refused, sizeof refused);
    snprintf(line, sizeof line, *refused ? "operator %s: %s (%s)" : "operator %s: %s", text, o->way->name, refused);
    o->device->host.log(o->device->host.user, HN_LOG_DEBUG, line);
}

hn_status hni_cuda_prepare(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err) {
    hni_cuda_device *d = device;
    *op = NULL;
    if (d->capturing)
        return hni_fail(err, HN_E_STATE, "cudnn:%d: prepare between capture_begin and capture_end", d->index);
    hn_status status = hni_cuda_supports(device, desc, err);
    if (status != HN_OK)
        return status;
    hni_cuda_op *o = d->host.alloc(d->host.user, sizeof *o);
    if (!o)
        return hni_fail_memory(err, sizeof *o, "an operator of the cudnn backend");
    *o = (hni_cuda_op){.tag = HNI_CUDA_OP, .desc = *desc, .device = d};
    status = plan(o, err);
    if (status != HN_OK) {
        d->host.free(d->host.user, o);
        return status;
    }
    log_choice(o);
    *op = o;
    *workspace = o->workspace;
    return HN_OK;
}

static void *at(hn_buffer b) {
    return b.memory ? (uint8_t *)b.memory + b.offset : NULL;
}

hn_status hni_cuda_run(void *device, void *op, const hn_op_buffers *buffers, hn_error *err) {
    hni_cuda_device *d = device;
    const hni_cuda_op *o = op;
    const hn_status status = hni_cuda_enter(d, hni_op_name(o->desc.kind), err);
    if (status != HN_OK)
        return status;
    hni_cuda_call call = {.op = o, .desc = &o->desc, .workspace = at(buffers->workspace),
                          .kept = (buffers->flags & HN_RUN_CONSTANT_KEPT) != 0, .stream = d->stream};
    for (int32_t i = 0; i < o->desc.n_in; i++)
        call.in[i] = o->desc.in[i].rank ? at(buffers->in[i]) : NULL;
    for (int32_t i = 0; i < o->desc.n_out; i++)
        call.out[i] = o->desc.out[i].rank ? at(buffers->out[i]) : NULL;
    return o->way->run(&call, err);
}

void hni_cuda_release(void *device, void *handle) {
    hni_cuda_device *d = device;
    hn_error ignored;
    if (!handle)
        return;
    (void)hni_cuda_enter(d, "release", &ignored);
    if (*(const uint32_t *)handle == HNI_CUDA_RECORDING) {
        hni_cuda_recording_free(d, handle);
        return;
    }
    end_plan(handle);
    d->host.free(d->host.user, handle);
}
