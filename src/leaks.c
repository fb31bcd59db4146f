/* leaks.c - what the commands say and do about leaks between training and test data: text, JSON, and the refusal. */
#include "program.h"

static const char *turn_name(int32_t turn) {
    static const char *const names[] = {"", ", mirrored", ", upside down", ", turned by 180 degrees", ", rows and columns swapped",
                                        ", turned by 90 degrees", ", turned by 270 degrees", ", rows and columns swapped and turned by 180 degrees"};
    return names[turn & 7];
}

static const char *shown(const char *path, bool of_model) { return of_model ? "an image that the model was trained on" : *path ? path : "an image in memory"; }

static const char *s_of(int64_t n) { return n == 1 ? "" : "s"; }

static void print_finding(FILE *out, const hn_finding *f, bool two) {
    const bool of_model = f->other_row < 0;
    const char *path = shown(f->path, false), *other = shown(f->other_path, of_model);
    switch (f->kind) {
    case HN_FINDING_PATIENT:
        fprintf(out, "  patient %s is on both sides: %lld image%s here", f->group, (long long)f->n, s_of(f->n));
        fprintf(out, f->other_n ? ", %lld on the other side\n" : "\n", (long long)f->other_n);
        return;
    case HN_FINDING_FILE: fprintf(out, "  %s has the same bytes as %s", path, other); break;
    case HN_FINDING_PIXELS: fprintf(out, "  %s has the same pixels as %s", path, other); break;
    default: fprintf(out, "  %s looks like %s%s (%d of 575 signs differ)", path, other, turn_name(f->turn), f->distance);
    }
    if (f->label_differs) fprintf(out, "; their labels differ");
    if (!two && *f->group && *f->other_group) fprintf(out, "; they are of patients %s and %s", f->group, f->other_group);
    fputc('\n', out);
}

void print_findings(FILE *out, const hn_audit *audit, int64_t most) {
    hn_audit_info info = {.struct_size = sizeof info};
    if (hn_audit_get_info(audit, &info, NULL)) return;
    for (int64_t i = 0; i < info.findings && i < most; i++) {
        hn_finding f = {.struct_size = sizeof f};
        if (!hn_audit_finding(audit, i, &f, NULL)) print_finding(out, &f, info.other_rows > 0);
    }
    if (info.findings > most) fprintf(out, "  … and %lld more\n", (long long)(info.findings - most));
}

static const char *kind_name(int32_t kind) {
    return kind == HN_FINDING_PATIENT ? "patient" : kind == HN_FINDING_FILE ? "file" : kind == HN_FINDING_PIXELS ? "pixels" : "look";
}

static void text_member(FILE *out, const char *name, const char *value) {
    fprintf(out, ", \"%s\": ", name);
    if (*value)
        json_string(out, value);
    else
        fprintf(out, "null");
}

void write_findings_json(FILE *out, const hn_audit *audit) {
    hn_audit_info info = {.struct_size = sizeof info};
    fprintf(out, "[");
    if (!hn_audit_get_info(audit, &info, NULL))
        for (int64_t i = 0; i < info.findings; i++) {
            hn_finding f = {.struct_size = sizeof f};
            if (hn_audit_finding(audit, i, &f, NULL)) break;
            fprintf(out, "%s{\"kind\": \"%s\", \"row\": %lld, \"other_row\": ", i ? ",\n  " : "", kind_name(f.kind), (long long)f.row);
            fprintf(out, f.other_row < 0 ? "null" : "%lld", (long long)f.other_row);
            text_member(out, "file", f.path);
            text_member(out, "other_file", f.other_path);
            text_member(out, "patient", f.group);
            text_member(out, "other_patient", f.other_group);
            fprintf(out, ", \"images\": %lld, \"other_images\": ", (long long)f.n);
            fprintf(out, f.other_n ? "%lld" : "null", (long long)f.other_n);
            fprintf(out, ", \"turn\": %d, \"distance\": %d, \"labels_differ\": %s}", f.turn, f.distance, f.label_differs ? "true" : "false");
        }
    fprintf(out, "]");
}

int64_t leaks_of(const hn_audit *audit) {
    hn_audit_info info = {.struct_size = sizeof info};
    return audit && !hn_audit_get_info(audit, &info, NULL) ? info.findings : 0;
}

void write_leaks_json(FILE *out, const hn_audit *audit, bool allowed) {
    hn_audit_info info = {.struct_size = sizeof info};
    if (!audit || hn_audit_get_info(audit, &info, NULL)) {
        fprintf(out, "null");
        return;
    }
    fprintf(out, "{\"found\": %lld, \"allowed\": %s, \"patients\": %lld, \"files\": %lld, \"pixels\": %lld, \"looks\": %lld, \"checked\": ",
            (long long)info.findings, info.findings && allowed ? "true" : "false", (long long)info.patients, (long long)info.files,
            (long long)info.pixels, (long long)info.looks);
    json_number(out, info.checked);
    fprintf(out, ", \"patients_known\": %s}", info.flags & HN_AUDIT_GROUPS_UNKNOWN ? "false" : "true");
}

hn_status audit_tuning(const hn_model *model, hn_dataset *data, hn_cancel *cancel, hn_audit **out, hn_error *err) {
    const hn_audit_options options = {.struct_size = sizeof options, .flags = HN_AUDIT_NO_SHORTCUTS | HN_AUDIT_TUNING_SET, .cancel = cancel};
    const hn_status status = hn_model_audit(model, data, &options, out, err);
    return status == HN_E_DATA ? HN_OK : status;
}

void write_overlap_json(FILE *out, const hn_audit *audit) {
    hn_audit_info info = {.struct_size = sizeof info};
    if (!audit || hn_audit_get_info(audit, &info, NULL))
        fprintf(out, "null");
    else
        fprintf(out, "{\"found\": %lld, \"patients\": %lld, \"files\": %lld, \"pixels\": %lld, \"looks\": %lld, \"patients_known\": %s}",
                (long long)info.findings, (long long)info.patients, (long long)info.files, (long long)info.pixels, (long long)info.looks,
                info.flags & HN_AUDIT_GROUPS_UNKNOWN ? "false" : "true");
}

void note_copies(hn_dataset *data) {
    const hn_audit_options options = {.struct_size = sizeof options, .flags = HN_AUDIT_NO_SHORTCUTS};
    hn_audit *audit = NULL;
    if (!hn_dataset_audit(data, NULL, &options, &audit, NULL) && leaks_of(audit))
        note("note: %lld of the images are copies of others: they stay on one side of the split (haemnet audit lists them)", (long long)leaks_of(audit));
    hn_audit_free(audit);
}

void print_leak_counts(FILE *out, const hn_audit_info *info) {
    const struct {
        int64_t n;
        const char *what;
    } kinds[] = {{info->patients, "on patients"}, {info->files, "on equal files"}, {info->pixels, "on equal pixels"}, {info->looks, "on near copies"}};
    for (int k = 0, first = 1; k < 4; k++)
        if (kinds[k].n) fprintf(out, "%s%lld %s", first ? "" : ", ", (long long)kinds[k].n, kinds[k].what), first = 0;
}

int refuse_leaks(const char *label, const hn_audit *audit, bool allowed) {
    hn_audit_info info = {.struct_size = sizeof info};
    if (!leaks_of(audit) || hn_audit_get_info(audit, &info, NULL)) return EXIT_DONE;
    fprintf(stderr, "haemnet: %sthe test data leak: %lld finding%s (", label ? label : "", (long long)info.findings, s_of(info.findings));
    print_leak_counts(stderr, &info);
    fprintf(stderr, ")\n");
    print_findings(stderr, audit, 10);
    if (allowed) {
        fprintf(stderr, "haemnet: --allow-leak: the test figures are too good, and every output says so\n");
        return EXIT_DONE;
    }
    fprintf(stderr, "No test score is given: it would be too good. Take the images out of one side, or put all of a patient on one (a patient column in "
                    "the manifest; haemnet split keeps patients and copies together). If patients only share a name, give them different ones (or "
                    "--group none). To have the score nevertheless: --allow-leak. haemnet audit lists all findings.\n");
    return EXIT_LEAK;
}
