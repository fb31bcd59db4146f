/* status.c - filling a caller's hn_error, and checking a caller's size-prefixed structs.
 *
 * Not an error stack and not a log: one message, in the caller's 256 bytes, no heap, no thread-local state. Text is put together on
 * the stack first, because an argument may be the very message that is about to be replaced. Where room is short, what tells most
 * survives: how the message begins, the last part of a path, the reason, errno's text. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "status.h"
#include "utf8.h"

enum { ROOM = sizeof(((hn_error *)0)->message), LONGEST = 4600 /* a path of 4096 bytes and what is said of it */, STRUCT_LIMIT = 4096 };

static const char DOTS[] = "\xE2\x80\xA6"; /* … */

/* The last `room` bytes of text[length] or a little less, from a character's edge on. */
static const char *end_of(const char *text, size_t length, size_t room) {
    const char *from = text + length - room;
    while (((unsigned char)*from & 0xC0) == 0x80)
        from++;
    return from;
}

/* Formats into text[size]; the length. Of what does not fit beginning and end are kept: in between are a path's folders, or names of a list; behind
 * them stand the file's name, the reason and the remedy. */
static size_t HNI_PRINTF(3, 0) format_text(char *text, size_t size, const char *format, va_list args) {
    char whole[LONGEST];
    const int n = vsnprintf(whole, sizeof whole, format, args);
    if (n < 0) {
        text[0] = '\0';
        return 0;
    }
    const size_t length = (size_t)n < sizeof whole ? (size_t)n : hni_utf8_cut(whole, sizeof whole - 1);
    whole[length] = '\0';
    if (length < size) {
        memcpy(text, whole, length + 1);
        return length;
    }
    const size_t room = size - sizeof DOTS, head = hni_utf8_cut(whole, room / 3);
    return (size_t)snprintf(text, size, "%.*s%s%s", (int)head, whole, DOTS, end_of(whole, length, room - head));
}

static void store(hn_error *err, hn_status status, int32_t domain, int64_t code, const char *text, size_t length) {
    err->status = status;
    err->domain = domain;
    err->code = code;
    memset(err->message, 0, sizeof err->message);
    memcpy(err->message, text, length);
    hni_utf8_clean(err->message, length);
}

hn_status hni_fail(hn_error *err, hn_status status, const char *format, ...) {
    if (!err)
        return status;
    char text[ROOM];
    va_list args;
    va_start(args, format);
    const size_t length = format_text(text, sizeof text, format, args);
    va_end(args);
    store(err, status, HN_DOMAIN_NONE, 0, text, length);
    return status;
}

hn_status hni_fail_code(hn_error *err, hn_status status, int32_t domain, int64_t code, const char *format, ...) {
    if (!err)
        return status;
    char text[ROOM];
    va_list args;
    va_start(args, format);
    const size_t length = format_text(text, sizeof text, format, args);
    va_end(args);
    store(err, status, domain, code, text, length);
    return status;
}

/* What to do about the failures that a user can mend. */
static const char *errno_hint(int number) {
    switch (number) {
    case ENOSPC:
        return " (the disk is full: free some space and try again)";
    case EDQUOT:
        return " (the disk quota is used up: free some space and try again)";
    case EROFS:
        return " (choose a folder that can be written to)";
    case EMFILE:
    case ENFILE:
        return " (close some files, or raise the limit)";
    default:
        return "";
    }
}

hn_status hni_fail_errno(hn_error *err, int number, const char *format, ...) {
    if (!err)
        return HN_E_IO;
    char why[100], reason[64], text[ROOM];
    if (number == 0)
        number = EIO; /* a call that failed without saying why */
    int n = snprintf(why, sizeof why, ": %s%s", strerror_r(number, reason, sizeof reason), errno_hint(number));
    size_t tail = n < 0 ? 0 : (size_t)n < sizeof why ? (size_t)n : hni_utf8_cut(why, sizeof why - 1);

    va_list args;
    va_start(args, format);
    const size_t head = format_text(text, sizeof text - tail, format, args);
    va_end(args);
    memcpy(text + head, why, tail);
    store(err, HN_E_IO, HN_DOMAIN_ERRNO, number, text, head + tail);
    return HN_E_IO;
}

hn_status hni_fail_memory(hn_error *err, size_t bytes, const char *what) {
    return hni_fail(err, HN_E_MEMORY, "out of memory: %zu bytes for %s could not be had", bytes, what);
}

void hni_error_prefix(hn_error *err, const char *format, ...) {
    if (!err)
        return;
    char prefix[4200], text[2 * ROOM]; /* the longest path there is, whole: its end is what may be kept */
    va_list args;
    va_start(args, format);
    size_t length = format_text(prefix, sizeof prefix, format, args);
    va_end(args);

    /* A prefix is mostly a path: of one that does not fit, the end says most. */
    const char *from = prefix, *dots = "";
    const size_t old = strnlen(err->message, sizeof err->message - 1);
    const size_t room = old < ROOM / 2 ? ROOM - 1 - old : ROOM / 2;
    if (length + 2 > room) {
        from = end_of(prefix, length, room - 5); /* ": " and the three bytes of "…" */
        dots = DOTS;
    }
    const int n = snprintf(text, sizeof text, "%s%.*s: %.*s", dots, ROOM, from, (int)old, err->message);
    if (n < 0)
        return;
    length = n < ROOM ? (size_t)n : hni_utf8_cut(text, ROOM - 1);
    store(err, err->status, err->domain, err->code, text, length);
}

static bool all_zero(const unsigned char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

hn_status hni_check_struct(const void *object, const char *name, const uint32_t *sizes, int n, hn_error *err) {
    if (!object)
        return hni_fail(err, HN_E_ARGUMENT, "%s is NULL: pass one with struct_size set to sizeof(%s)", name, name);
    uint32_t size;
    memcpy(&size, object, sizeof size);
    for (int i = 0; i < n; i++)
        if (size == sizes[i])
            return HN_OK;
    const uint32_t known = sizes[n - 1];
    if (size < known || size > STRUCT_LIMIT)
        return hni_fail(err, HN_E_ABI,
                        "%s.struct_size is %u, which no release of this library has published (it knows up to %u): set it to sizeof(%s)",
                        name, (unsigned)size, (unsigned)known, name);
    if (!all_zero((const unsigned char *)object + known, size - known))
        return hni_fail(err, HN_E_ABI,
                        "%s.struct_size is %u, this library knows %u bytes and those past them are not zero: leave newer fields at 0, "
                        "or use a newer library",
                        name, (unsigned)size, (unsigned)known);
    return HN_OK;
}
