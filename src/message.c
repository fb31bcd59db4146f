/* message.c - what the program says on stderr, and what Ctrl-C does. */
#include <signal.h>
#include <stdarg.h>

#include "program.h"

bool quiet;

int fail(const hn_error *err) {
    fprintf(stderr, "haemnet: %s\n", err->status == HN_E_CANCELLED ? "interrupted" : err->message);
    return err->status == HN_E_CANCELLED ? EXIT_INTERRUPTED : EXIT_FAILED;
}

int fail_text(const char *format, ...) {
    va_list args;
    fprintf(stderr, "haemnet: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    return EXIT_FAILED;
}

void name_file(const char *path, const char *why, hn_error *err) { snprintf(err->message, sizeof err->message, "%s: %s", path, why); }

void no_verdict(const char *path, hn_status status, hn_error *err) {
    err->status = status;
    snprintf(err->message, sizeof err->message, "%s: no verdict: %s", path,
             status == HN_E_NUMERIC ? "the network gave NaN or infinity: look at the model's weights" : hn_status_name(status));
}

void note(const char *format, ...) {
    va_list args;
    if (quiet) return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
}

/* Skipped files are listed at the end by the command that met them; what comes here is for those who ask why a device is missing. */
static void log_line(void *user, int32_t level, const char *component, const char *message) {
    (void)user;
    if (level <= HN_LOG_WARNING && component[0] != 'd') note("haemnet: %s: %s", component, message);
}

hn_status open_context(int32_t threads, hn_context **out, hn_error *err) {
    hn_context_options options = {.struct_size = sizeof options, .threads = threads, .log = log_line};
    return hn_context_create(&options, out, err);
}

static hn_cancel *token; /* for the handler alone */

static void interrupted(int number) {
    signal(number, SIG_DFL);
    hn_cancel_trigger(token);
}

hn_status catch_interrupt(hn_context *ctx, hn_cancel **out, hn_error *err) {
    hn_status status = hn_cancel_create(ctx, out, err);
    if (status) return status;
    token = *out;
    signal(SIGINT, interrupted);
    signal(SIGTERM, interrupted);
    return HN_OK;
}
