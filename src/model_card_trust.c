/* model_card_trust.c - of the model card: where threshold and calibration come from and what they are worth, and whether the images were new to the
 * model. */
#include <math.h>
#include <string.h>

#include "judgement.h"
#include "model_card.h"

/* What the images were that something was chosen or fitted on; flat sentences, because everything after it depends on them. */
static void origin(FILE *out, const uint64_t list[4], bool here, int64_t shared, const char *part) {
    char sha256[DIGEST_TEXT];
    if (known_digest(list)) {
        hex_digest(sha256, list);
        fprintf(out, " (SHA-256 of their list `%s`)", sha256);
    }
    if (here) fputs(". **These are the images of this card: what stands here is too good.**", out);
    else if (shared > 0) fputs(". **Some of them, or others of their patients, are images of this card: what stands here is too good.**", out);
    else if (!shared) fputs(", which share neither an image nor a patient with this card.", out);
    else fputs(", another list than that of this card. Whether the two share images or patients, `haemnet audit` tells.", out);
    if (part && !strcmp(part, "train")) fputs(" **The model was trained on them.**", out);
    else if (part) fputs(" They chose the epoch of the training.", out);
    fputs("\n", out);
}

static void chosen_how(FILE *out, const evidence *e) {
    const evidence_thresholds *t = &e->thresholds;
    char text[CHOICE_TEXT];
    fprintf(out, "The figures of this card are at the threshold %g", e->levels[0].m.threshold);
    if (fabs(e->levels[0].m.threshold - t->chosen.threshold) > 1e-15) {
        fputs(", set by whoever asked for them.\n", out);
    } else if (!t->chosen.rule) {
        fputs(", which no data chose.\n", out);
    } else {
        fputs(", chosen by rule: ", out);
        md_text(out, choice_text(&t->chosen, hn_model_class_name(e->source->model, t->chosen.index), text));
        origin(out, t->chosen.digest, t->chosen_here, t->shared, t->chosen_part);
    }
}

static void held_table(FILE *out, const char *held, const char *other, const hn_operating_point *points) {
    fprintf(out, "\n| %s held | %s | from the threshold |\n|---|---|---|\n", held, other);
    for (int i = 0; i < N_HELD; i++) {
        fprintf(out, "| at least %g %% | ", 100 * points[i].value);
        md_share(out, points[i].estimate, points[i].low, points[i].high);
        fputs(" | ", out);
        md_number(out, points[i].threshold);
        fputs(" |\n", out);
    }
}

void card_thresholds(FILE *out, const evidence *e) {
    const evidence_thresholds *t = &e->thresholds;
    chosen_how(out, e);
    if (!t->there) return;
    fputs("\nAt others, of images, with 95 % intervals. A threshold that is picked here and reported on the same images flatters the model.\n\n"
          "| threshold | sensitivity | specificity | PPV | NPV |\n|---|---|---|---|---|\n", out);
    for (int i = 0; i < N_THRESHOLDS; i++) {
        fprintf(out, "| %g", threshold_places[i]);
        for (int r = 0; r < N_RATES; r++) {
            fputs(" | ", out);
            md_share(out, t->at[i][r].estimate, t->at[i][r].low, t->at[i][r].high);
        }
        fputs(" |\n", out);
    }
    held_table(out, "sensitivity", "specificity", t->at_sensitivity);
    held_table(out, "specificity", "sensitivity", t->at_specificity);
}

static void fitted_how(FILE *out, const evidence *e) {
    const hn_calibration *c = &e->thresholds.calibration;
    if (!c->method) {
        fputs("The model is not calibrated: its probabilities are the network’s own.\n", out);
        return;
    }
    fprintf(out, "The model is calibrated by %s, fitted on ", c->method == HN_CALIBRATION_PLATT ? "Platt’s method" : "temperature scaling");
    md_count(out, c->n, "image", "images");
    if (c->groups < c->n) {
        fputs(" of ", out);
        md_count(out, c->groups, "patient", "patients");
    }
    origin(out, c->digest, e->thresholds.calibrated_here, e->thresholds.shared, e->thresholds.calibrated_part);
}

void card_calibration(FILE *out, const evidence *e) {
    fitted_how(out, e);
    if (!has_reliability(e)) return;
    fprintf(out, "\nOn the images of this card, in %d bins of equal width; 0 is best. Before: the network’s own probabilities.\n\n"
                 "| probability of | calibration error (ECE) before | after | largest gap | Brier score |\n|---|---|---|---|---|\n", N_RELIABILITY);
    for (int32_t i = 0; i < e->n_questions; i++) {
        const evidence_question *q = &e->questions[i];
        const bool calibrated = e->thresholds.calibration.method != 0;
        if (!q->n_bins) continue;
        fputs("| ", out);
        md_text(out, class_of(e, q->class_index));
        fputs(" | ", out);
        md_number(out, calibrated ? q->ece_before : q->reliability.ece);
        fputs(" | ", out);
        md_number(out, calibrated ? q->reliability.ece : NAN);
        fputs(" | ", out);
        md_number(out, q->reliability.mce);
        fputs(" | ", out);
        md_number(out, q->reliability.brier);
        fputs(" |\n", out);
    }
}

static void shortcuts(FILE *out, const evidence *e) {
    fputs("\n| what is no picture | class | its ROC AUC | tells the class |\n|---|---|---|---|\n", out);
    for (int32_t i = 0; i < e->leaks.shortcuts; i++) {
        hn_shortcut s = {.struct_size = sizeof s};
        if (hn_audit_shortcut(e->audit, i, &s, NULL)) continue;
        fprintf(out, "| %s | ", shortcut_name(s.kind));
        md_text(out, hn_dataset_class_name(e->source->data, s.class_index));
        fputs(" | ", out);
        md_figure(out, s.auc, s.low, s.high);
        fprintf(out, " | %s |\n", s.flagged ? "**yes**" : "not clearly");
    }
}

void card_leaks(FILE *out, const evidence *e) {
    const hn_audit_info *a = &e->leaks;
    if (!e->audited)
        fputs("The model keeps no traces of what it was trained on, so nobody can say whether these images are among it.\n", out);
    else if (!a->findings)
        fprintf(out, "None: no patient, file or picture is among the training images, also not resized, turned or encoded anew. %.0f %% of them could "
                     "be compared.\n", 100 * a->checked);
    else
        fprintf(out, "**Yes.** They share with the training images: patients %lld, bytes of files %lld, pixels %lld, looks %lld times.\n",
                (long long)a->patients, (long long)a->files, (long long)a->pixels, (long long)a->looks);
    if (a->flags & HN_AUDIT_GROUPS_UNKNOWN) fputs("\nPatients are not all known: one on both sides may have been missed.\n", out);
    if (a->shortcuts) shortcuts(out, e);
}
