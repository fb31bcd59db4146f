/* output.c - writing JSON, CSV, files and folders. Whole files are written beside their place and renamed into it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

/* Bytes of the UTF-8 character at c; 0 if there is none: file names may hold anything, JSON may not. */
int utf8_length(const unsigned char *c) {
    int n = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
    for (int i = 1; i < n; i++)
        if ((c[i] & 0xc0) != 0x80) return 0;
    if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f)) return 0;
    return n;
}

void json_string(FILE *out, const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    fputc('"', out);
    while (*c) {
        int n = utf8_length(c);
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(out, "\\u%04x", *c);
        else if (n)
            fwrite(c, 1, (size_t)n, out);
        else
            fputs("\\ufffd", out);
        c += n ? n : 1;
    }
    fputc('"', out);
}

/* The shortest text that reads back as the same number. The program never sets a locale, so the point is a point. */
static void number(FILE *out, double value) {
    char text[40];
    if (value == floor(value) && fabs(value) < 1e15) {
        fprintf(out, "%.0f", value == 0 ? 0.0 : value);
        return;
    }
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

void json_member(FILE *out, const char *name, double value) {
    fprintf(out, ", \"%s\": ", name);
    json_number(out, value);
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

void discard_output(FILE *file, const char *path) {
    char *name = temporary(path);
    fclose(file);
    unlink(name);
    free(name);
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
    if (bad) return discard_output(out, to), fail_text("cannot read %s", from), false;
    bool done = close_output(out, to);
    if (done && move && unlink(from)) return fail_text("cannot remove %s: %s", from, strerror(errno)), false;
    return done;
}

static bool is_pipe(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode));
}

/* What could not be written is not tried twice: of a write that failed amid a printf the reason is gone. */
bool flush_stdout(void) {
    static bool said;
    const int why = fflush(stdout) ? errno : 0;
    if (!ferror(stdout)) return true;
    const bool nobody_reads = why ? why == EPIPE : is_pipe(STDOUT_FILENO);
    if (!said && !nobody_reads) fail_text("cannot write to stdout: %s", why ? strerror(why) : "a part of it is lost");
    said = true;
    return false;
}

int close_stdout(int code) { return flush_stdout() || code ? code : EXIT_FAILED; }
