/* conform_cases.c - the case list on the device against the reference, and how exact each precision has to be.
 *
 * The list's own tolerances are for float32. Where factors are rounded to fewer bits, operators that are made of products have another one;
 * all others are float32 in every precision. */
#include <math.h>
#include <string.h>

#include "../backend/tolerance.h"
#include "backend/backend.h"
#include "conform.h"
#include "op/op.h"

enum { SEED = 20240229, MOST_SHOWN = 10 };

precision precision_of(const char *device) {
    if (strstr(device, "+bf16")) return (precision){"bf16", 1e-1, 0.6, 5e-2};
    if (strstr(device, "+tf32")) return (precision){"tf32", 5e-3, 0.3, 1e-2};
    return (precision){"float32", 1e-4, 1e-3, 1e-3};
}

/* What the library asks for in parts if it is refused. */
static bool is_fused(const hn_op_desc *d) {
    return (d->kind == HN_OP_CONV2D && (d->pool != 0 || d->in[3].rank != 0 || d->in[7].rank != 0)) ||
           (d->activation != 0 && (d->kind == HN_OP_CONV2D_GRAD_INPUT || d->kind == HN_OP_MAX_POOL2D_GRAD));
}

typedef struct tally {
    int agreed, wrong;
    int parts, missing; /* refused: to be done in parts, and with none to be done in */
    double worst;       /* as a multiple of what is allowed */
    char worst_text[GPU_TEXT];
} tally;

static void refused(const hn_op_desc *d, const char *text, const char *why, tally *t) {
    if (is_fused(d)) {
        t->parts++;
        return;
    }
    if (++t->missing <= MOST_SHOWN) printf("     refused: %s: %s\n", text, why);
}

static void try_case(gpu *g, hni_device *device, hni_device *oracle, int32_t index, tally *t) {
    hni_case c;
    char text[160];
    double error = NAN;
    gpu_must(g, hni_case_get(index, &c, &g->err), "a case");
    hni_op_text(&c.desc, text, sizeof text);
    tolerate(&c, g->device);
    const hn_status status = hni_case_compare(device, oracle, &c, SEED, &error, &g->err);
    if (status == HN_E_UNSUPPORTED) {
        refused(&c.desc, text, g->err.message, t);
        return;
    }
    const bool good = !status && error <= 1;
    t->agreed += good;
    t->wrong += !good;
    if (!good && t->wrong <= MOST_SHOWN) {
        if (status)
            printf("     case %d, %s, %s: %s\n", index, c.name, text, g->err.message);
        else
            printf("     case %d, %s, %s: %.3g times the tolerance of %g\n", index, c.name, text, error, c.tolerance);
    }
    if (status || !(error > t->worst)) return;
    t->worst = error;
    snprintf(t->worst_text, sizeof t->worst_text, "%s, %s", c.name, text);
}

void conform_cases(gpu *g) {
    const int number = gpu_number(g, "--every", 1), every = number > 0 ? number : 1;
    hni_device *device, *oracle;
    tally t = {.worst = 0};
    gpu_must(g, hni_device_open_spec(g->ctx, g->device, &device, &g->err), "opening the device");
    gpu_must(g, hni_device_open_spec(g->ctx, "reference", &oracle, &g->err), "opening the reference");
    for (int32_t i = 0; i < hni_case_count(); i += every) try_case(g, device, oracle, i, &t);
    gpu_check(g, t.wrong == 0 && t.missing == 0 && t.agreed > 0, "cases",
              "%d agree, %d are wrong, %d are refused and done in parts, %d refused without parts; worst %.3g of the tolerance (%s)",
              t.agreed, t.wrong, t.parts, t.missing, t.worst, *t.worst_text ? t.worst_text : "none");
    hni_device_close(device);
    hni_device_close(oracle);
}
