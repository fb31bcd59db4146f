/* believe.c - how far an evaluation's probabilities can be believed, what is reached where sensitivity or specificity is held, and what a model's
 * calibration is; for people and for programs. */
#include <math.h>

#include "judgement.h"

enum { BINS = 10, HELD = 4 };
static const double held[HELD] = {0.8, 0.9, 0.95, 0.99};

static hn_status look(const hn_eval *eval, hn_reliability *r, hn_reliability_bin bins[BINS], size_t *n, hn_error *err) {
    const hn_reliability_options options = {.struct_size = sizeof options, .bins = BINS};
    r->struct_size = sizeof *r;
    return hn_eval_reliability(eval, &options, r, bins, BINS, n, err);
}

static bool has_positive(const hn_eval *eval) {
    hn_metrics m = {.struct_size = sizeof m};
    return !hn_eval_metrics(eval, 0, &m, NULL) && m.positive >= 0;
}

hn_status print_reliability(FILE *out, const hn_eval *eval, hn_error *err) {
    hn_reliability r;
    hn_reliability_bin bins[BINS];
    size_t n = 0;
    if (!has_positive(eval)) return HN_OK;
    const hn_status status = look(eval, &r, bins, &n, err);
    if (status) return status;
    fprintf(out, "\nprobability and what happens, in %d bins of equal width\n", r.bins);
    fprintf(out, "  calibration error    %6.4f   mean gap between the two (ECE); largest %.4f\n", r.ece, r.mce);
    fprintf(out, "  Brier score          %6.4f   = reliability %.4f - resolution %.4f + uncertainty %.4f + within bins %.4f\n", r.brier, r.reliability,
            r.resolution, r.uncertainty, r.within_variance - r.within_covariance);
    fprintf(out, "  %-15s  images       mean   observed   95 %% interval\n", "probability");
    for (size_t i = 0; i < n; i++) {
        if (!bins[i].n) continue;
        fprintf(out, "  %5.2f to %-6.2f  %6lld  %9.4f  %9.4f", bins[i].low, bins[i].high, (long long)bins[i].n, bins[i].mean, bins[i].share);
        if (isnan(bins[i].share_low)) fprintf(out, "   –\n");
        else fprintf(out, "   %.4f to %.4f\n", bins[i].share_low, bins[i].share_high);
    }
    return HN_OK;
}

void write_reliability(FILE *out, const hn_reliability *r, const hn_reliability_bin *bins, size_t n) {
    fprintf(out, "\"binning\": \"equal-width\", \"n\": %lld", (long long)r->n);
    json_member(out, "ece", r->ece);
    json_member(out, "mce", r->mce);
    json_member(out, "mean", r->mean);
    json_member(out, "share", r->share);
    json_member(out, "brier", r->brier);
    json_member(out, "reliability", r->reliability);
    json_member(out, "resolution", r->resolution);
    json_member(out, "uncertainty", r->uncertainty);
    json_member(out, "within_variance", r->within_variance);
    json_member(out, "within_covariance", r->within_covariance);
    fprintf(out, ", \"bins\": [");
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s{\"n\": %lld", i ? ", " : "", (long long)bins[i].n);
        json_member(out, "from", bins[i].low);
        json_member(out, "to", bins[i].high);
        json_member(out, "mean", bins[i].mean);
        json_member(out, "share", bins[i].share);
        json_member(out, "low", bins[i].share_low);
        json_member(out, "high", bins[i].share_high);
        fprintf(out, "}");
    }
    fprintf(out, "]");
}

static void write_points(FILE *out, const char *name, const char *other, const hn_operating_point *points) {
    fprintf(out, "\"%s\": [", name);
    for (int i = 0; i < HELD; i++) {
        fprintf(out, "%s{\"held\": ", i ? ", " : "");
        json_number(out, points[i].value);
        json_member(out, other, points[i].estimate);
        fprintf(out, ", \"interval\": [");
        json_number(out, points[i].low);
        fprintf(out, ", ");
        json_number(out, points[i].high);
        fprintf(out, "]");
        json_member(out, "threshold", points[i].threshold);
        fprintf(out, "}");
    }
    fprintf(out, "]");
}

/* null for one class only. */
static hn_status write_operating_points(FILE *out, const hn_eval *eval, hn_cancel *cancel, hn_error *err) {
    const hn_bootstrap_options options = {.struct_size = sizeof options, .cancel = cancel};
    hn_operating_point sensitive[HELD], specific[HELD];
    hn_status status = hn_eval_operating_points(eval, 0, HN_CHOOSE_SENSITIVITY, held, HELD, &options, sensitive, err);
    if (!status) status = hn_eval_operating_points(eval, 0, HN_CHOOSE_SPECIFICITY, held, HELD, &options, specific, err);
    if (status) {
        fprintf(out, "null");
        return status == HN_E_DATA ? HN_OK : status;
    }
    fprintf(out, "{");
    write_points(out, "at_sensitivity", "specificity", sensitive);
    fprintf(out, ", ");
    write_points(out, "at_specificity", "sensitivity", specific);
    fprintf(out, "}");
    return HN_OK;
}

hn_status write_reliability_json(FILE *out, const hn_model *model, const hn_eval *eval, bool here, hn_cancel *cancel, hn_error *err) {
    hn_calibration c = {.struct_size = sizeof c};
    hn_reliability r;
    hn_reliability_bin bins[BINS];
    size_t n = 0;
    hn_status status = hn_model_get_calibration(model, &c, err);
    fprintf(out, "\"calibration\": ");
    write_calibration_json(out, &c, here);
    if (!has_positive(eval)) {
        fprintf(out, ", \"reliability\": null, \"operating_points\": null");
        return status;
    }
    if (!status) status = look(eval, &r, bins, &n, err);
    if (status) return status;
    fprintf(out, ", \"reliability\": {");
    write_reliability(out, &r, bins, n);
    fprintf(out, "}, \"operating_points\": ");
    return write_operating_points(out, eval, cancel, err);
}

void print_calibration(FILE *out, const hn_calibration *c) {
    fprintf(out, "%s", c->method == HN_CALIBRATION_PLATT ? "Platt's method" : "temperature");
    if (c->groups < c->n) fprintf(out, ", fitted on %lld images of %lld patients", (long long)c->n, (long long)c->groups);
    else fprintf(out, ", fitted on %lld images", (long long)c->n);
    fprintf(out, " (log loss there %.4f before, %.4f after)\n", c->log_loss_before, c->log_loss_after);
}

void write_calibration_json(FILE *out, const hn_calibration *c, bool here) {
    char digest[65];
    if (!c->method) {
        fprintf(out, "null");
        return;
    }
    hex_digest(digest, c->digest);
    fprintf(out, "{\"method\": \"%s\", \"rows\": %lld, \"groups\": %lld, \"digest\": ", hn_calibration_method_name(c->method), (long long)c->n,
            (long long)c->groups);
    fprintf(out, known_digest(c->digest) ? "\"%s\"" : "null", digest);
    for (int which = 0; which < 2 && c->scale && c->shift; which++) {
        fprintf(out, which ? ", \"shift\": [" : ", \"scale\": [");
        for (int32_t k = 0; k < c->n_classes; k++) {
            fprintf(out, k ? ", " : "");
            json_number(out, which ? c->shift[k] : c->scale[k]);
        }
        fprintf(out, "]");
    }
    json_member(out, "log_loss_before", c->log_loss_before);
    json_member(out, "log_loss_after", c->log_loss_after);
    fprintf(out, ", \"on_these_rows\": %s}", here ? "true" : "false");
}
