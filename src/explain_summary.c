/* explain_summary.c - see explain.h: what many maps are worth together. Slices with a bleed are grouped by its area and by its types; a slice
 * with two types counts for both. Intervals of the pointing game are by patient where patients are known. */
#include "explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which slices a line is about. */
typedef struct group {
    char name[64];
    const char *type;        /* NULL = any */
    double above, up_to;     /* cm²; any area: -1 and infinity */
} group;

typedef struct figures {
    int64_t n, said, hits, said_hits, brightest_hits;
    double low, high;        /* of the pointing game */
    double chance;           /* a peak anywhere in the image: the lesions' mean share of it */
    double iou, energy, deletion, insertion; /* means; NaN = none */
} figures;

enum { MOST_GROUPS = 48 };
typedef struct groups {
    group list[MOST_GROUPS];
    int32_t n;
} groups;

static void add_group(groups *g, const char *type, double above, double up_to, const char *name) {
    if (g->n == MOST_GROUPS) return;
    group *x = &g->list[g->n++];
    *x = (group){.type = type, .above = above, .up_to = up_to};
    snprintf(x->name, sizeof x->name, "%s", name);
}

/* "subdural;intraventricular" has "subdural". */
static bool has_type(const char *types, const char *type) {
    const size_t n = strlen(type);
    for (const char *at = types; (at = strstr(at, type)); at++)
        if ((at == types || at[-1] == ';') && (!at[n] || at[n] == ';')) return true;
    return false;
}

static bool within(const group *g, const explain_case *c) {
    if (!c->truth.mask_pixels || (g->type && !has_type(c->file->types, g->type))) return false;
    return g->above < 0 || (c->area_cm2 > g->above && c->area_cm2 <= g->up_to); /* an unknown area is in no class of areas */
}

/* The types that occur, each once, in the order they are met; a copy of each, kept in *texts. */
static int32_t collect_types(const explain_run *r, char **types, int32_t most) {
    int32_t n = 0;
    for (size_t i = 0; i < r->n_cases; i++) {
        char *copy = strdup(r->cases[i].file->types), *save = NULL;
        for (char *t = copy ? strtok_r(copy, ";", &save) : NULL; t && n < most; t = strtok_r(NULL, ";", &save)) {
            int32_t k = 0;
            while (k < n && strcmp(types[k], t)) k++;
            if (k == n && r->cases[i].truth.mask_pixels) types[n++] = strdup(t);
        }
        free(copy);
    }
    return n;
}

enum { MOST_TYPES = 16 };
static void list_groups(const explain_run *r, groups *g, char **types, int32_t n_types) {
    char name[64];
    bool areas = false;
    *g = (groups){.n = 0};
    for (size_t i = 0; i < r->n_cases; i++) areas |= isfinite(r->cases[i].area_cm2);
    add_group(g, NULL, -1, INFINITY, "all");
    if (areas) {
        add_group(g, NULL, 1, INFINITY, "over 1 cm2");
        add_group(g, NULL, 0, 1, "up to 1 cm2");
        add_group(g, NULL, 1, 3, "1 to 3 cm2");
        add_group(g, NULL, 3, 10, "3 to 10 cm2");
        add_group(g, NULL, 10, INFINITY, "over 10 cm2");
    }
    for (int32_t k = 0; k < n_types; k++) {
        add_group(g, types[k], -1, INFINITY, types[k]);
        snprintf(name, sizeof name, "%.40s over 1 cm2", types[k]);
        if (areas) add_group(g, types[k], 1, INFINITY, name);
    }
}

/* --- figures of a group ------------------------------------------------------------------------------------------------------------------ */

static void add_mean(double *sum, int64_t *n, double x) {
    if (isfinite(x)) *sum += x, ++*n;
}

static void gather(const explain_run *r, const group *g, figures *f) {
    int64_t n[4] = {0};
    double sums[4] = {0}, share = 0;
    *f = (figures){.low = NAN, .high = NAN};
    for (size_t i = 0; i < r->n_cases; i++) {
        const explain_case *c = &r->cases[i];
        if (!within(g, c)) continue;
        f->n++;
        f->said += c->said;
        f->hits += c->truth.hit;
        f->said_hits += c->said && c->truth.hit;
        f->brightest_hits += c->brightest_hit;
        share += (double)c->truth.mask_pixels / (double)c->pixels;
        add_mean(&sums[0], &n[0], c->truth.iou);
        add_mean(&sums[1], &n[1], c->truth.energy);
        add_mean(&sums[2], &n[2], c->deletion);
        add_mean(&sums[3], &n[3], c->insertion);
    }
    double *const means[4] = {&f->iou, &f->energy, &f->deletion, &f->insertion};
    for (int k = 0; k < 4; k++) *means[k] = n[k] ? sums[k] / (double)n[k] : NAN;
    f->chance = f->n ? share / (double)f->n : NAN;
}

/* Hits as the verdicts of an evaluation whose truth is always the same, so that the bootstrap's accuracy is the pointing game's. */
static hn_status resample(const explain_run *r, const group *g, figures *f, hn_error *err) {
    int32_t *classes = calloc((size_t)f->n, sizeof *classes);
    double *p = calloc((size_t)f->n * 2, sizeof *p);
    const char **patients = calloc((size_t)f->n, sizeof *patients);
    hn_metrics low = {.struct_size = sizeof low}, high = low;
    hn_eval *eval = NULL;
    if (!classes || !p || !patients) exit(fail_text("out of memory"));
    int64_t n = 0;
    for (size_t i = 0; i < r->n_cases; i++) {
        const explain_case *c = &r->cases[i];
        if (!within(g, c)) continue;
        patients[n] = c->file->patient;
        p[2 * n] = c->truth.hit ? 1 : 0;
        p[2 * n + 1] = 1 - p[2 * n];
        n++;
    }
    const hn_eval_arrays a = {.struct_size = sizeof a, .task = HN_TASK_SINGLE, .n_classes = 2, .n = n, .classes = classes, .probabilities = p,
                              .groups = patients};
    hn_status status = hn_eval_from_arrays(r->ctx, &a, &eval, err);
    if (!status) status = hn_eval_bootstrap(eval, 0, NULL, &low, &high, err);
    if (!status) f->low = low.accuracy, f->high = high.accuracy;
    hn_eval_free(eval);
    free(classes), free(p), free(patients);
    return status;
}

static hn_status bound(const explain_run *r, const group *g, figures *f, hn_error *err) {
    hn_interval wilson = {.struct_size = sizeof wilson};
    bool patients = true;
    if (!f->n) return HN_OK;
    for (size_t i = 0; i < r->n_cases; i++) patients &= !within(g, &r->cases[i]) || *r->cases[i].file->patient;
    hn_status status = patients && f->hits && f->hits < f->n ? resample(r, g, f, err) : HN_OK;
    if (!status && !isfinite(f->low)) {
        status = hn_eval_proportion(f->hits, f->n, 0, &wilson, err);
        f->low = wilson.low, f->high = wilson.high;
    }
    return status;
}

/* --- volumes ------------------------------------------------------------------------------------------------------------------------------- */

typedef struct errors { /* of an estimate of a volume against the true one */
    double median, mean, relative; /* ml: median of what it is off, mean error with its sign; median share that it is off */
    int64_t n;
} errors;

static int by_number(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

static double median(double *x, int64_t n) {
    qsort(x, (size_t)n, sizeof *x, by_number);
    return n ? (x[(n - 1) / 2] + x[n / 2]) / 2 : NAN;
}

static double truth_of(const explain_extent *e) { return isfinite(e->true_ml) ? e->true_ml : e->mask_ml; }

/* which: 0 ABC/2 of the maps, 1 counted in the maps, 2 ABC/2 of the masks. */
static double estimate_of(const explain_extent *e, int which) { return which == 0 ? e->abc2_ml : which == 1 ? e->counted_ml : e->mask_abc2_ml; }

static errors measure(const explain_run *r, int which) {
    double *off = calloc(r->n_extents + 1, sizeof *off), *share = calloc(r->n_extents + 1, sizeof *share);
    errors e = {.mean = 0};
    if (!off || !share) exit(fail_text("out of memory"));
    for (size_t i = 0; i < r->n_extents; i++) {
        const double truth = truth_of(&r->extents[i]), estimate = estimate_of(&r->extents[i], which);
        if (!(truth > 0) || !isfinite(estimate)) continue;
        off[e.n] = fabs(estimate - truth);
        share[e.n++] = fabs(estimate - truth) / truth;
        e.mean += estimate - truth;
    }
    e.mean = e.n ? e.mean / (double)e.n : NAN;
    e.median = median(off, e.n);
    e.relative = median(share, e.n);
    free(off), free(share);
    return e;
}

static const char *const estimates[] = {"ABC/2 of the maps", "counted in the maps", "ABC/2 of the masks"};
static const char *const estimate_words[] = {"abc2", "counted", "mask_abc2"};

/* --- for people -------------------------------------------------------------------------------------------------------------------------- */

static void print_share(double x, int width) {
    if (isfinite(x))
        printf("%*.3f", width, x);
    else
        printf("%*s", width, "-");
}

static void print_line(const group *g, const figures *f) {
    printf("%-28s %5lld", g->name, (long long)f->n);
    if (!f->n) {
        printf("\n");
        return;
    }
    print_share((double)f->hits / (double)f->n, 8);
    printf(" (%.3f to %.3f)", f->low, f->high);
    print_share(f->chance, 9);
    print_share((double)f->brightest_hits / (double)f->n, 11);
    printf(" %5lld", (long long)f->said);
    print_share(f->said ? (double)f->said_hits / (double)f->said : NAN, 8);
    const double rest[] = {f->iou, f->energy, f->deletion, f->insertion};
    for (int k = 0; k < 4; k++) print_share(rest[k], k < 2 ? 8 : 10);
    printf("\n");
}

static void print_random_text(const explain_run *r) {
    printf("\nWith random weights: rank correlation of the maps with the model's own; near 0 = the maps show what was learnt.\n");
    for (int32_t i = 0; i < r->n_random; i++) {
        const explain_random *x = &r->random[i];
        char layers[40];
        snprintf(layers, sizeof layers, x->layers ? x->layers == 1 ? "the last layer" : "the last %d layers" : "all layers", (int)x->layers);
        printf("%-28s", layers);
        print_share(x->n ? x->sum / (double)x->n : NAN, 8);
        if (x->lesions) printf("   pointing game %.3f", (double)x->hits / (double)x->lesions);
        printf("\n");
    }
}

static void print_volumes_text(const explain_run *r) {
    if (measure(r, 0).n || measure(r, 2).n)
        printf("\nVolumes of patients with a bleed, beside the true ones:      n   median error   median share   mean error\n");
    for (int k = 0; k < 3; k++) {
        const errors e = measure(r, k);
        if (e.n) printf("%-56s %5lld %11.1f ml %12.0f %% %+9.1f ml\n", estimates[k], (long long)e.n, e.median, 100 * e.relative, e.mean);
    }
}

static hn_status print_text(const explain_run *r, const groups *g, hn_error *err) {
    hn_status status = HN_OK;
    if (r->n_cases) {
        printf("\nMaps beside masks, %s for %s: slices with a bleed, of which the peak lies in it (pointing game)\n"
               "beside it: a peak anywhere (chance), the brightest place of what the network sees; the verdict is right, and the game where it is (there)\n",
               method_title(r->options.method), r->s->class_name ? r->s->class_name : "the positive class");
        printf("%-28s %5s %-24s %8s %10s %5s %7s %7s %7s %9s %9s\n", "", "n", " pointing game (95 %)", "chance", "brightest", "right", "there", "IoU",
               "energy", "deletion", "insertion");
    }
    for (int32_t i = 0; i < g->n && r->n_cases && !status; i++) {
        figures f;
        gather(r, &g->list[i], &f);
        status = bound(r, &g->list[i], &f, err);
        if (!status && f.n) print_line(&g->list[i], &f);
    }
    if (status) return status;
    print_volumes_text(r);
    if (r->n_random) print_random_text(r);
    if (r->n_cases || r->n_random) printf("\nResearch use only. Not a medical device.\n");
    return HN_OK;
}

/* --- for programs -------------------------------------------------------------------------------------------------------------------------- */

static void member(const char *name, double value) {
    printf(", \"%s\": ", name);
    json_number(stdout, value);
}

static void print_json_group(const group *g, const figures *f, int32_t number) {
    printf(number ? ", {\"group\": " : "{\"group\": ");
    json_string(stdout, g->name);
    printf(", \"n\": %lld, \"hits\": %lld, \"said\": %lld, \"said_hits\": %lld", (long long)f->n, (long long)f->hits, (long long)f->said,
           (long long)f->said_hits);
    member("pointing_game", f->n ? (double)f->hits / (double)f->n : NAN);
    printf(", \"interval\": [");
    json_number(stdout, f->low);
    printf(", ");
    json_number(stdout, f->high);
    printf("]");
    member("chance", f->chance);
    member("brightest", f->n ? (double)f->brightest_hits / (double)f->n : NAN);
    member("iou", f->iou);
    member("energy", f->energy);
    member("deletion", f->deletion);
    member("insertion", f->insertion);
    printf("}");
}

static hn_status print_json(const explain_run *r, const groups *g, hn_error *err) {
    hn_status status = HN_OK;
    printf("{\"summary\": {\"groups\": [");
    for (int32_t i = 0; i < g->n && r->n_cases && !status; i++) {
        figures f;
        gather(r, &g->list[i], &f);
        status = bound(r, &g->list[i], &f, err);
        if (!status) print_json_group(&g->list[i], &f, i);
    }
    printf("], \"volumes\": {");
    for (int k = 0; k < 3; k++) {
        const errors e = measure(r, k);
        printf("%s\"%s\": {\"n\": %lld", k ? ", " : "", estimate_words[k], (long long)e.n);
        member("median_error_ml", e.median);
        member("median_share", e.relative);
        member("mean_error_ml", e.mean);
        printf("}");
    }
    printf("}, \"random\": [");
    for (int32_t i = 0; i < r->n_random; i++) {
        const explain_random *x = &r->random[i];
        printf("%s{\"layers\": %d, \"n\": %lld", i ? ", " : "", x->layers, (long long)x->n);
        member("correlation", x->n ? x->sum / (double)x->n : NAN);
        member("pointing_game", x->lesions ? (double)x->hits / (double)x->lesions : NAN);
        printf("}");
    }
    printf("], \"haemnet\": ");
    json_string(stdout, hn_version_string());
    printf(", \"use\": \"research only, not a medical device\"}}\n");
    return status;
}

hn_status print_summary(const explain_run *r, hn_error *err) {
    char *types[MOST_TYPES];
    groups g;
    const int32_t n = collect_types(r, types, MOST_TYPES);
    list_groups(r, &g, types, n);
    const hn_status status = r->s->json ? print_json(r, &g, err) : print_text(r, &g, err);
    for (int32_t k = 0; k < n; k++) free(types[k]);
    return status;
}
