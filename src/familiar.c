/* familiar.c - how unlike a model's training images others are, in words and in JSON: what a model knows, what is said of one image, and how an
 * evaluation's images fare. The words never say that an image which is not flagged is safe. */
#include <math.h>

#include "judgement.h"

void print_familiarity(FILE *out, const hn_model *model) {
    hn_familiarity f = {.struct_size = sizeof f};
    fprintf(out, "training images          ");
    if (hn_model_get_familiarity(model, &f, NULL) || !f.known) {
        fprintf(out, "their look is not known: no image is called unlike them\n");
        return;
    }
    fprintf(out, "their look is known from %lld of %lld patients: of others like them about %g in 1000 are flagged\n", (long long)f.rows,
            (long long)f.groups, round(1000 * (1 - f.share)));
}

const char *unfamiliar_text(double novelty, char text[UNFAMILIAR_TEXT]) {
    snprintf(text, UNFAMILIAR_TEXT, "not like the training images (novelty %.2f, limit 1), no verdict to rely on", novelty);
    return text;
}

void json_novelty(FILE *out, double novelty, bool unfamiliar) {
    json_member(out, "novelty", novelty);
    fprintf(out, ", \"unfamiliar\": %s", isnan(novelty) ? "null" : unfamiliar ? "true" : "false");
}

hn_status note_if_look_unknown(const hn_model *model, hn_error *err) {
    hn_familiarity f = {.struct_size = sizeof f};
    const hn_status status = hn_model_get_familiarity(model, &f, err);
    if (!status && !f.known) note("note: the model does not know what its training images looked like: whatever it is shown, it says a class");
    return status;
}

hn_status look_at_novelty(const hn_eval *eval, novelty_facts *out, hn_error *err) {
    hn_eval *rest = NULL;
    *out = (novelty_facts){.n = {.struct_size = sizeof out->n}, .all = {.struct_size = sizeof out->all}, .rest = {.struct_size = sizeof out->rest}};
    hn_status status = hn_eval_novelty(eval, &out->n, err);
    if (!status) status = hn_eval_metrics(eval, 0, &out->all, err);
    out->parted = !status && out->n.unfamiliar > 0 && out->n.unfamiliar < out->n.n;
    if (out->parted) status = hn_eval_familiar(eval, &rest, err);
    if (out->parted && !status) status = hn_eval_metrics(rest, 0, &out->rest, err);
    hn_eval_free(rest);
    return status;
}

static void line(FILE *out, const char *name, double all, double rest) {
    if (!isnan(all) && !isnan(rest)) fprintf(out, "  %-20s %6.4f   without them %.4f\n", name, all, rest);
}

hn_status print_novelty(FILE *out, const hn_eval *eval, hn_error *err) {
    novelty_facts f;
    const hn_status status = look_at_novelty(eval, &f, err);
    if (status) return status;
    if (!f.n.known) {
        fprintf(out, "\nnot like the training images: not known, the model does not know what these looked like\n");
        return HN_OK;
    }
    fprintf(out, "\nnot like the training images: %lld of %lld (novelty above 1; middle %.2f, highest %.2f)\n", (long long)f.n.unfamiliar, (long long)f.n.n,
            f.n.median, f.n.highest);
    if (!f.n.unfamiliar) return HN_OK;
    fprintf(out, "  no verdict on them is to be relied on, but they count in every figure here\n");
    if (!f.parted) return HN_OK;
    line(out, "accuracy", f.all.accuracy, f.rest.accuracy);
    line(out, "sensitivity", f.all.sensitivity, f.rest.sensitivity);
    line(out, "specificity", f.all.specificity, f.rest.specificity);
    line(out, "ROC AUC", f.all.roc_auc, f.rest.roc_auc);
    return HN_OK;
}

void write_novelty_json(FILE *out, const novelty_facts *f) {
    fprintf(out, "{\"known\": %s, \"unfamiliar\": ", f->n.known ? "true" : "false");
    if (f->n.known) fprintf(out, "%lld", (long long)f->n.unfamiliar);
    else fprintf(out, "null");
    json_member(out, "median", f->n.median);
    json_member(out, "highest", f->n.highest);
    fprintf(out, ", \"without_them\": ");
    if (f->parted) {
        fprintf(out, "{\"n\": %lld", (long long)f->rest.n);
        json_member(out, "accuracy", f->rest.accuracy);
        json_member(out, "sensitivity", f->rest.sensitivity);
        json_member(out, "specificity", f->rest.specificity);
        json_member(out, "roc_auc", f->rest.roc_auc);
        fprintf(out, "}");
    } else {
        fprintf(out, "null");
    }
    fprintf(out, "}");
}
