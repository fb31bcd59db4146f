/* cmd_devices.c - `haemnet devices` and `haemnet selftest`: what networks can run on here, and whether it computes rightly. */
#include <math.h>
#include <string.h>

#include "program.h"

typedef struct devices_settings {
    const char *model;
    int32_t verbose;
} devices_settings;

enum { N_OPTIONS = 2 };
static void list_options(devices_settings *s, option list[N_OPTIONS]) {
    const option options[N_OPTIONS] = {
        {"verbose", OPTION_FLAG, &s->verbose, NULL, "-v: score, memory, what the device chose (such as the instruction set) and why"},
        {"model", OPTION_TEXT, &s->model, "NAME|FILE", "with -v: also how each operator of the network is done, and why not otherwise"},
    };
    memcpy(list, options, sizeof options);
}

void describe_devices(FILE *out) {
    devices_settings s;
    option list[N_OPTIONS];
    list_options(&s, list);
    print_options(out, list, N_OPTIONS);
}

static hn_status list_devices(hn_context *ctx, const devices_settings *s, hn_error *err) {
    int32_t n = 0, best = -1;
    hn_status status = hn_device_count(ctx, &n, err);
    if (status) return status;
    if (hn_device_find(ctx, "best", &best, NULL)) best = -1;
    for (int32_t i = 0; i < n; i++) {
        hn_device_info info = {.struct_size = sizeof info};
        if ((status = hn_device_get(ctx, i, &info, err))) return status;
        printf("%c %-16s %s%s\n", i == best ? '*' : ' ', info.name, info.description, info.score ? "" : " (not usable on this machine)");
        if (!s->verbose) continue;
        printf("    score %d, memory ", info.score);
        if (info.memory_bytes)
            printf("%.1f GiB%s\n", (double)info.memory_bytes / (1 << 30), info.flags & HN_DEVICE_HOST_MEMORY ? " of the host" : "");
        else
            printf("unknown\n");
        if (info.score) print_choices(info.backend, info.name, s->model);
    }
    if (s->verbose) printf("* is what --device best takes\n%s\n", hn_build_info());
    return HN_OK;
}

int cmd_devices(int argc, char **argv) {
    devices_settings s = {0};
    option list[N_OPTIONS];
    hn_context *ctx = NULL;
    hn_model *model = NULL;
    hn_error err = {0};
    list_options(&s, list);
    int words = parse_options("devices", list, N_OPTIONS, argc, argv), code;
    if (words < 0) return EXIT_USAGE;
    if (words) return usage_error("devices", "takes options only");
    if (s.model && !s.verbose) return usage_error("devices", "--model goes with -v");
    if (s.model && !exists(s.model) && (code = check_words("devices", s.model, NULL, NULL))) return code;
    hn_status status = open_context(1, &ctx, &err);
    if (!status && s.model && exists(s.model)) status = hn_model_load(ctx, s.model, &model, &err); /* a bad file is told before the list */
    if (!status) status = list_devices(ctx, &s, &err);
    hn_model_free(model);
    hn_context_free(ctx);
    return status ? fail(&err) : EXIT_DONE;
}

void describe_selftest(FILE *out) {
    static const char *device;
    static int32_t threads;
    const option list[] = {{"device", OPTION_TEXT, &device, "SPEC", "see haemnet devices (best)"},
                           {"threads", OPTION_INT, &threads, "N", "threads to compute with (one per core)"}};
    print_options(out, list, 2);
}

static void print_report(const char *name, const hn_selftest_report *r) {
    printf("%s: %d cases, %d passed, %d failed, %d not supported\n", name, r->cases, r->passed, r->failed, r->unsupported);
    if (isnan(r->worst_error))
        printf("worst: could not run, in %s\n", r->worst_case);
    else
        printf("worst error: %.3g of the tolerance, in %s\n", r->worst_error, *r->worst_case ? r->worst_case : "none");
    printf("seed: %llu\n", (unsigned long long)r->seed);
}

int cmd_selftest(int argc, char **argv) {
    const char *device = NULL;
    int32_t threads = 0, index = 0;
    const option list[] = {{"device", OPTION_TEXT, &device, "SPEC", ""}, {"threads", OPTION_INT, &threads, "N", ""}};
    hn_context *ctx = NULL;
    hn_device_info info = {.struct_size = sizeof info};
    hn_selftest_report report = {.struct_size = sizeof report};
    hn_error err = {0};
    int words = parse_options("selftest", list, 2, argc, argv);
    if (words < 0) return EXIT_USAGE;
    if (words) return usage_error("selftest", "takes options only");
    int code = check_words("selftest", NULL, device, NULL);
    if (code) return code;
    hn_status status = open_context(threads, &ctx, &err);
    if (!status) status = hn_device_find(ctx, device, &index, &err);
    if (!status) status = hn_device_get(ctx, index, &info, &err);
    if (!status) status = hn_device_selftest(ctx, index, &report, &err);
    if (report.cases) print_report(info.name, &report);
    hn_context_free(ctx);
    return status ? fail(&err) : EXIT_DONE;
}
