/* report_leaks.c - has the model seen these images before, and does a class show in what is no picture? */
#include <math.h>

#include "report.h"

const char *shortcut_name(int32_t kind) {
    return kind == HN_SHORTCUT_FILE_SIZE    ? "size of the file"
           : kind == HN_SHORTCUT_IMAGE_SIZE ? "size of the image"
           : kind == HN_SHORTCUT_BORDER     ? "grey of the border"
                                            : "format";
}

static void findings_table(FILE *out, const hn_audit_info *a) {
    static const char *const names[] = {"what they share", "how often"};
    const struct {
        const char *name;
        int64_t n;
    } kinds[] = {{"the patient", a->patients}, {"the bytes of a file", a->files}, {"the pixels", a->pixels},
                 {"the look: resized, turned, encoded anew", a->looks}};
    html_table_begin(out, "leaks-table", "What these images share with those that the model was trained on");
    html_columns(out, names, 2);
    for (int i = 0; i < 4; i++) {
        html_row_begin(out, kinds[i].name);
        fputs("<td class=\"n\">", out);
        html_count(out, kinds[i].n);
        fputs("</td></tr>\n", out);
    }
    html_table_end(out);
}

static void shortcuts_table(FILE *out, const evidence *e) {
    static const char *const names[] = {"what is no picture", "class", "its ROC AUC", "95 % interval", "tells the class"};
    html_table_begin(out, "shortcuts-table", "Can a class be told without looking? 0.5 is chance; far below is as bad as far above");
    html_columns(out, names, 5);
    for (int32_t i = 0; i < e->leaks.shortcuts; i++) {
        hn_shortcut s = {.struct_size = sizeof s};
        if (hn_audit_shortcut(e->audit, i, &s, NULL)) continue;
        html_row_begin(out, shortcut_name(s.kind));
        fputs("<td>", out);
        html_text(out, hn_dataset_class_name(e->source->data, s.class_index));
        fputs("</td><td class=\"n\">", out);
        html_number(out, s.auc, 3);
        fputs("</td><td class=\"n\">", out);
        html_number(out, s.low, 3);
        fputs(" to ", out);
        html_number(out, s.high, 3);
        fputs(s.flagged ? "</td><td><strong>yes</strong></td></tr>\n" : "</td><td>not clearly</td></tr>\n", out);
    }
    html_table_end(out);
}

void report_leaks(FILE *out, const evidence *e) {
    const hn_audit_info *a = &e->leaks;
    if (!e->audited)
        fputs("<p>The model keeps no traces of what it was trained on, so nobody can say whether these images are among it.</p>\n", out);
    else if (!a->findings)
        fprintf(out, "<p>No: none of these patients, files or pictures is among the training images, also not resized, turned or encoded anew. %.0f %% of "
                "the training images could be compared.</p>\n", 100 * a->checked);
    else
        findings_table(out, a);
    if (a->flags & HN_AUDIT_GROUPS_UNKNOWN) fputs("<p>Patients are not all known: one on both sides may have been missed.</p>\n", out);
    if (a->shortcuts) shortcuts_table(out, e);
}

int leak_warning(const evidence *e, warn_fn warn, void *user) {
    char text[256];
    if (!e->audited || !e->leaks.findings) return 0;
    snprintf(text, sizeof text, "LEAKY: the model has seen some of these images or patients (%lld findings). The figures are too good.",
             (long long)e->leaks.findings);
    warn(user, text);
    return 1;
}
