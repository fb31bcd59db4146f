/* output.c - writing JSON, CSV, files and folders. Whole files are written beside their place and renamed into it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

void json_string(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

/* The shortest text that reads back as the same number. The program never sets a locale, so the point is a point. */
static void number(FILE *out, double value) {
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    fputs(text, out);
}

void json_number(FILE *out, double value) {
    if (isfinite(value))
        number(out, value);
    else
        fputs("null", out);
}

void csv_number(FILE *out, double value) {
    if (isfinite(value)) number(out, value);
}

void csv_field(FILE *out, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

bool exists(const char *path) { return access(path, F_OK) == 0; }

char *join_path(const char *a, const char *b) {
    size_t room = strlen(a) + strlen(b) + 2;
    char *path = malloc(room);
    if (!path) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    snprintf(path, room, "%s%s%s", a, *a && a[strlen(a) - 1] == '/' ? "" : "/", b);
    return path;
}

int make_folder(const char *path) {
    char *copy = join_path(path, "");
    for (char *at = copy + 1; *at; at++) {
        if (*at != '/') continue;
        *at = 0;
        if (mkdir(copy, 0777) && errno != EEXIST) {
            int code = fail_text("cannot make the folder %s: %s", copy, strerror(errno));
            free(copy);
            return code;
        }
        *at = '/';
    }
    free(copy);
    return 0;
}

static char *temporary(const char *path) {
    char *name = join_path(path, ".tmp");
    memmove(name + strlen(path), ".tmp", sizeof ".tmp"); /* beside it, not below it */
    return name;
}

FILE *open_output(const char *path) {
    char *name = temporary(path);
    FILE *file = fopen(name, "wb");
    if (!file) fail_text("cannot write %s: %s", name, strerror(errno));
    free(name);
    return file;
}

bool close_output(FILE *file, const char *path) {
    char *name = temporary(path);
    bool written = fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
    int number_ = errno;
    if (fclose(file) && written) written = false, number_ = errno;
    if (written && rename(name, path)) written = false, number_ = errno;
    if (!written) {
        unlink(name);
        fail_text("cannot write %s: %s", path, strerror(number_));
    }
    free(name);
    return written;
}

bool copy_file(const char *from, const char *to, bool move) {
    char block[65536];
    size_t n;
    if (move && rename(from, to) == 0) return true;
    FILE *in = fopen(from, "rb");
    if (!in) return fail_text("cannot read %s: %s", from, strerror(errno)), false;
    FILE *out = open_output(to);
    while (out && (n = fread(block, 1, sizeof block, in)))
        if (fwrite(block, 1, n, out) != n) break;
    bool bad = ferror(in);
    fclose(in);
    if (!out) return false;
    if (bad) fail_text("cannot read %s", from);
    bool done = close_output(out, to) && !bad;
    if (done && move && unlink(from)) return fail_text("cannot remove %s: %s", from, strerror(errno)), false;
    return done;
}
