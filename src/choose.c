/* choose.c - thresholds by rule: as options say them, and as outputs do. No figure stands anywhere without the part that it was chosen on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_read.h"
#include "judgement.h"

int read_choice(const char *command_name, const char *text, int32_t *rule, double *value) {
    *rule = 0, *value = 0;
    if (!text) return EXIT_DONE;
    const size_t n = strcspn(text, "=");
    int32_t k = 1;
    while (hn_threshold_rule_name(k) && (strlen(hn_threshold_rule_name(k)) != n || strncmp(hn_threshold_rule_name(k), text, n))) k++;
    char *end = NULL;
    if (text[n]) *value = strtod(text + n + 1, &end);
    const bool numbered = k != HN_CHOOSE_YOUDEN, share = k == HN_CHOOSE_SENSITIVITY || k == HN_CHOOSE_SPECIFICITY;
    if (!hn_threshold_rule_name(k) || (end != NULL) != numbered || (end && (*end || end == text + n + 1)) ||
        (numbered && !(*value > 0 && *value <= (share ? 1 : 1e9))))
        return usage_error(command_name, "--choose %s: must be one of %s, with S above 0 and at most 1, and C above 0", text, CHOOSE_RULES);
    *rule = k;
    return EXIT_DONE;
}

static void rule_text(const hn_threshold *t, char *text, size_t size) {
    if (t->rule == HN_CHOOSE_YOUDEN) snprintf(text, size, "largest sensitivity + specificity (Youden)");
    else if (t->rule == HN_CHOOSE_COST) snprintf(text, size, "least cost, one missed as dear as %g false alarms", t->value);
    else snprintf(text, size, "%s of at least %g", hn_threshold_rule_name(t->rule), t->value);
}

const char *choice_text(const hn_threshold *t, const char *class_name, char text[CHOICE_TEXT]) {
    char rule[100], patients[80] = "";
    rule_text(t, rule, sizeof rule);
    if (t->groups < t->n) snprintf(patients, sizeof patients, " of %lld patients", (long long)t->groups);
    snprintf(text, CHOICE_TEXT, "%s, on %lld %s%s (%lld %.120s)", rule, (long long)t->n, t->group_rule ? "patients" : "images", patients,
             (long long)t->positives, class_name);
    return text;
}

bool known_digest(const uint64_t digest[4]) {
    static const uint64_t unknown[4];
    return memcmp(digest, unknown, sizeof unknown) != 0;
}

static void write_digest(FILE *out, const uint64_t digest[4]) {
    char text[65];
    hex_digest(text, digest);
    fprintf(out, known_digest(digest) ? ", \"digest\": \"%s\"" : ", \"digest\": null", text);
}

void write_choice_json(FILE *out, const hn_threshold *t, const char *class_name, bool here) {
    if (!t->rule) {
        fprintf(out, "null");
        return;
    }
    fprintf(out, "{\"rule\": \"%s\", \"value\": ", hn_threshold_rule_name(t->rule));
    json_number(out, t->value);
    json_member(out, "threshold", t->threshold);
    fprintf(out, ", \"class\": ");
    json_string(out, class_name);
    json_member(out, "sensitivity", t->sensitivity);
    json_member(out, "specificity", t->specificity);
    fprintf(out, ", \"rows\": %lld, \"positives\": %lld, \"groups\": %lld", (long long)t->n, (long long)t->positives, (long long)t->groups);
    write_digest(out, t->digest);
    fprintf(out, ", \"on_these_rows\": %s}", here ? "true" : "false");
}

bool same_digest(const uint64_t a[4], const uint64_t b[4]) { return known_digest(a) && !memcmp(a, b, 4 * sizeof *a); }

const char *part_of_training(const hn_model *model, const uint64_t digest[4]) {
    static const char *const parts[] = {"train", "test"};
    char path[40], text[65];
    const char *found = NULL;
    json_list list = {0};
    hex_digest(text, digest);
    char *metadata = metadata_of(model, NULL);
    if (metadata && read_json("the model's metadata", metadata, strlen(metadata), &list))
        for (int i = 0; i < 2 && !found; i++) {
            snprintf(path, sizeof path, "provenance.%s.digest", parts[i]);
            const char *theirs = json_text(&list, path);
            found = theirs && !strcmp(theirs, text) ? parts[i] : NULL;
        }
    free_json(&list);
    free(metadata);
    return found;
}
