/* options.c - long options by a table, for all commands alike: `--name value`, `--name=value`, flags without a value. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

int usage_error(const char *name, const char *format, ...) {
    va_list args;
    fprintf(stderr, "haemnet %s: ", name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry: haemnet help %s\n", name);
    return EXIT_USAGE;
}

/* One value into its target; false if it is not of the kind. */
static bool set(const option *o, const char *text) {
    char *end;
    errno = 0;
    switch (o->kind) {
    case OPTION_TEXT: *(const char **)o->to = text; return true;
    case OPTION_LIST: {
        text_list *list = o->to;
        if (list->n == MOST_TEXTS) return false;
        list->texts[list->n++] = text;
        return true;
    }
    case OPTION_INT: {
        long value = strtol(text, &end, 10);
        if (end == text || *end || errno || value < INT32_MIN || value > INT32_MAX) return false;
        *(int32_t *)o->to = (int32_t)value;
        return true;
    }
    case OPTION_SEED: {
        if (*text == '-') return false;
        unsigned long long value = strtoull(text, &end, 10);
        if (end == text || *end || errno) return false;
        *(uint64_t *)o->to = value;
        return true;
    }
    case OPTION_NUMBER: {
        double value = strtod(text, &end);
        if (end == text || *end || !(value > -1e300 && value < 1e300)) return false;
        *(double *)o->to = value;
        return true;
    }
    default: return false;
    }
}

static const char *what_it_must_be(const option *o) {
    switch (o->kind) {
    case OPTION_INT: return "must be a whole number, -2147483648 to 2147483647";
    case OPTION_SEED: return "must be a whole number, 0 to 18446744073709551615";
    case OPTION_NUMBER: return "must be a number, neither infinite nor nan";
    default: return "may be given 64 times, no more"; /* MOST_TEXTS */
    }
}

static const option *find(const option *options, int n, const char *name, size_t length) {
    for (int i = 0; i < n; i++)
        if (strlen(options[i].name) == length && !strncmp(options[i].name, name, length)) return &options[i];
    return NULL;
}

int parse_options(const char *name, const option *options, int n, int argc, char **argv) {
    int words = 0;
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (ended || arg[0] != '-' || !arg[1]) {
            argv[words++] = argv[i];
            continue;
        }
        if (!strcmp(arg, "--")) {
            ended = true;
            continue;
        }
        if (!strcmp(arg, "-v")) arg = "--verbose";
        const char *value = strchr(arg, '=');
        size_t length = arg[1] == '-' ? (value ? (size_t)(value - arg) : strlen(arg)) - 2 : 0;
        const option *o = arg[1] == '-' ? find(options, n, arg + 2, length) : NULL;
        if (!o) return usage_error(name, "unknown option %s", arg), -1;
        if (o->kind == OPTION_FLAG) {
            if (value) return usage_error(name, "--%s takes no value", o->name), -1;
            *(int32_t *)o->to = 1;
            continue;
        }
        value = value ? value + 1 : i + 1 < argc ? argv[++i] : NULL;
        if (!value) return usage_error(name, "--%s needs a value (%s)", o->name, o->value), -1;
        if (!set(o, value)) return usage_error(name, "--%s %s: %s", o->name, value, what_it_must_be(o)), -1;
    }
    return words;
}

bool threshold_fits(double threshold) { return isnan(threshold) || (threshold > 0 && threshold < 1); }

void print_options(FILE *out, const option *options, int n) {
    for (int i = 0; i < n; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", options[i].name, options[i].value ? " " : "", options[i].value ? options[i].value : "");
        fprintf(out, "  %-26s %s\n", left, options[i].help);
    }
}
