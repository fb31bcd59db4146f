/* test_status.c - error messages (cut, cleaned, prefixed), size-prefixed structs, UTF-8, the log. */
#include <errno.h>

#include "../test.h"
#include "base/log.h"
#include "base/status.h"
#include "base/utf8.h"
#include "failing.h"

static hn_error err;

START_TEST(fail_fills_everything) {
    memset(&err, 0xFF, sizeof err);
    ck_assert_int_eq(hni_fail(&err, HN_E_SHAPE, "layer %s: %d", "conv", 3), HN_E_SHAPE);
    ck_assert(err.status == HN_E_SHAPE && err.domain == HN_DOMAIN_NONE && err.code == 0);
    ck_assert_str_eq(err.message, "layer conv: 3");
    for (size_t i = strlen(err.message); i < sizeof err.message; i++)
        ck_assert_int_eq(err.message[i], 0); /* nothing of the stack leaks */
    ck_assert_int_eq(hni_fail_code(&err, HN_E_BACKEND, HN_DOMAIN_CUDA, 700, "x"), HN_E_BACKEND);
    ck_assert(err.domain == HN_DOMAIN_CUDA && err.code == 700);
    ck_assert_int_eq(hni_fail(NULL, HN_E_IO, "x"), HN_E_IO);
    ck_assert_int_eq(hni_fail_code(NULL, HN_E_IO, 1, 2, "x"), HN_E_IO);
    ck_assert_int_eq(hni_fail_errno(NULL, ENOENT, "x"), HN_E_IO);
    ck_assert_int_eq(hni_fail_memory(NULL, 1, "x"), HN_E_MEMORY);
    hni_error_prefix(NULL, "x");
}
END_TEST

START_TEST(own_message_may_be_an_argument) {
    hni_fail(&err, HN_E_DATA, "inner");
    hni_fail(&err, HN_E_DATA, "outer: %s", err.message);
    ck_assert_str_eq(err.message, "outer: inner");
}
END_TEST

static bool is_utf8(const char *text) {
    const size_t n = strlen(text);
    for (size_t i = 0; i < n;) {
        const size_t length = hni_utf8_length(text + i, n - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

START_TEST(long_text_is_cut_between_characters) {
    for (int lead = 0; lead < 8; lead++) {
        char text[600] = "";
        memset(text, 'a', (size_t)lead);
        for (int i = 0; i < 100; i++)
            strcat(text, i % 2 ? "\xE2\x82\xAC" : "\xF0\x9F\x98\x80");
        hni_fail(&err, HN_E_FORMAT, "%s", text);
        ck_assert(is_utf8(err.message) && !strchr(err.message, '?'));
        ck_assert_uint_ge(strlen(err.message), 236);
        hni_fail_errno(&err, ENOSPC, "%s", text);
        ck_assert(is_utf8(err.message) && !strchr(err.message, '?'));
    }
}
END_TEST

START_TEST(reason_survives_a_long_path) {
    char path[4096];
    for (size_t n = 100; n < sizeof path; n += 37) {
        for (size_t i = 0; i < n; i++)
            path[i] = "\xE2\x82\xAC/"[i % 4];
        path[n] = '\0';
        strcpy(path + n - 12, "/parts.csv");
        hni_fail(&err, HN_E_FORMAT, "%s, line %d: 1 fields, but the header has 2", path, 7);
        ck_assert_ptr_nonnull(strstr(err.message, "/parts.csv, line 7: 1 fields, but the header has 2"));
        ck_assert(is_utf8(err.message) && !strncmp(err.message, path, 60));
        ck_assert(strlen(err.message) >= 236 || !strstr(err.message, "\xE2\x80\xA6"));
    }
}
END_TEST

START_TEST(errno_text_survives_a_long_path) {
    char path[500];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    hni_fail_errno(&err, ENOSPC, "cannot write %s", path);
    ck_assert(err.status == HN_E_IO && err.domain == HN_DOMAIN_ERRNO && err.code == ENOSPC);
    ck_assert_ptr_nonnull(strstr(err.message, "No space left"));
    ck_assert_ptr_nonnull(strstr(err.message, "disk is full"));
    strcpy(path + sizeof path - 10, "/scan.png"); /* and so does the name of the file */
    hni_fail_errno(&err, ENOENT, "cannot open %s", path);
    ck_assert(!strncmp(err.message, "cannot open ppp", 15) && strstr(err.message, "/scan.png: No such file or directory"));
    ck_assert_uint_ge(strlen(err.message), 236);
    hni_fail_errno(&err, ENOENT, "cannot open %s", "scan.png");
    ck_assert_str_eq(err.message, "cannot open scan.png: No such file or directory");
    hni_fail_errno(&err, 0, "x");
    ck_assert_int_eq(err.code, EIO);
    hni_fail_errno(&err, 99999, "x"); /* a number that means nothing */
    ck_assert_int_eq(err.code, 99999);
}
END_TEST

START_TEST(messages_are_one_line_of_utf8) {
    hni_fail(&err, HN_E_IO, "file \xFF\n\x1B[31m\xC3");
    ck_assert_str_eq(err.message, "file ???[31m?");
}
END_TEST

START_TEST(prefix_keeps_what_says_most) {
    hni_fail_code(&err, HN_E_FORMAT, HN_DOMAIN_PLUGIN, 5, "bad header");
    hni_error_prefix(&err, "%s", "scan.png");
    ck_assert_str_eq(err.message, "scan.png: bad header");
    ck_assert(err.status == HN_E_FORMAT && err.domain == HN_DOMAIN_PLUGIN && err.code == 5);
    char path[400];
    for (size_t i = 0; i < sizeof path; i++)
        path[i] = "\xC3\xA9"[i % 2];
    strcpy(path + 390, "/end.png");
    hni_error_prefix(&err, "%s", path);
    ck_assert(is_utf8(err.message) && !strchr(err.message, '?'));
    ck_assert_ptr_nonnull(strstr(err.message, "/end.png: scan.png: bad header"));
    for (int i = 0; i < 50; i++)
        hni_error_prefix(&err, "%s", path);
    ck_assert(is_utf8(err.message) && strlen(err.message) < sizeof err.message);
    memset(err.message, 'x', sizeof err.message); /* a caller's struct without an end */
    hni_error_prefix(&err, "p");
    ck_assert_uint_lt(strnlen(err.message, sizeof err.message), sizeof err.message);
}
END_TEST

START_TEST(structs_are_checked) {
    static const uint32_t sizes[] = {16, 24, 40};
    unsigned char *object = calloc(1, 8192);
    uint32_t size;
    const struct {
        uint32_t size;
        hn_status want;
    } cases[] = {{0, HN_E_ABI},  {4, HN_E_ABI}, {15, HN_E_ABI}, {16, HN_OK}, {17, HN_E_ABI},  {24, HN_OK},
                 {40, HN_OK}, {41, HN_OK},   {64, HN_OK},    {4096, HN_OK}, {4097, HN_E_ABI}, {UINT32_MAX, HN_E_ABI}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size = cases[i].size;
        memcpy(object, &size, sizeof size);
        ck_assert_msg(hni_check_struct(object, "hn_thing", sizes, 3, &err) == cases[i].want, "struct_size %u", size);
    }
    ck_assert_ptr_nonnull(strstr(err.message, "hn_thing.struct_size is 4294967295"));
    size = 64;
    memcpy(object, &size, sizeof size);
    object[63] = 1; /* a field that this library does not know is set */
    ck_assert_int_eq(hni_check_struct(object, "hn_thing", sizes, 3, &err), HN_E_ABI);
    ck_assert(strstr(err.message, "hn_thing") && strstr(err.message, "64") && strstr(err.message, "40"));
    object[63] = 0;
    object[64] = 1; /* behind it: none of our business */
    object[39] = 1; /* a field we know */
    ck_assert_int_eq(hni_check_struct(object, "hn_thing", sizes, 3, &err), HN_OK);
    ck_assert_int_eq(hni_check_struct(NULL, "hn_thing", sizes, 3, &err), HN_E_ARGUMENT);
    free(object);
}
END_TEST

START_TEST(utf8_lengths_agree_with_encode) {
    uint32_t wrong = 0; /* one check for all: Check writes a record for each of them */
    for (uint32_t code = 0; code <= 0x110000; code++) {
        char text[4];
        if (code == 0xD800)
            code = 0xE000;
        if (code > 0x10FFFF)
            break;
        const size_t n = hni_utf8_encode(code, text);
        wrong += hni_utf8_length(text, n) != n;
        wrong += n > 1 && hni_utf8_length(text, n - 1) != 0;
    }
    ck_assert_uint_eq(wrong, 0);
    static const char *const bad[] = {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80", "\xF5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_uint_eq(hni_utf8_length(bad[i], strlen(bad[i])), 0);
    ck_assert_uint_eq(hni_utf8_length("", 0), 0);
    ck_assert_uint_eq(hni_utf8_cut("\x80\x80\x80\x80\x80\x80", 6), 6);
}
END_TEST

typedef struct kept {
    int calls;
    int32_t level;
    char component[32], message[600];
} kept;

static void keep(void *user, int32_t level, const char *component, const char *message) {
    kept *k = user;
    k->calls++;
    k->level = level;
    snprintf(k->component, sizeof k->component, "%s", component);
    snprintf(k->message, sizeof k->message, "%s", message);
}

START_TEST(log_reaches_the_host) {
    kept k = {0};
    hn_context_options options = {.struct_size = sizeof options, .threads = 1, .log = keep, .log_user = &k};
    hn_context *ctx;
    ck_ok(hni_context_create(&options, &ctx, &err));
    hni_log_message(ctx, HN_LOG_INFO, "base", "quiet");
    ck_assert_int_eq(k.calls, 0); /* warnings and errors by default */
    hni_log_message(ctx, HN_LOG_WARNING, "base", "%s\n%d", "two", 2);
    ck_assert(k.calls == 1 && k.level == HN_LOG_WARNING);
    ck_assert_str_eq(k.component, "base");
    ck_assert_str_eq(k.message, "two?2");
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    hni_log_message(ctx, HN_LOG_ERROR, "base", "%s", text);
    ck_assert_uint_eq(strlen(k.message), 511);
    hni_context_unref(ctx);
    options = (hn_context_options){.struct_size = sizeof options, .threads = 1};
    ck_ok(hni_context_create(&options, &ctx, &err));
    hni_log_message(ctx, HN_LOG_ERROR, "base", "nobody listens");
    hni_log_message(NULL, HN_LOG_ERROR, "base", "nobody at all");
    hni_context_unref(ctx);
}
END_TEST

START_TEST(every_status_has_its_name) {
    ck_assert_str_eq(hn_status_name(HN_OK), "HN_OK");
    ck_assert_str_eq(hn_status_name(1), "HN_E_?");
    ck_assert_str_eq(hn_status_name(-18), "HN_E_?");
    ck_assert_str_eq(hn_status_name(INT32_MIN), "HN_E_?");
    for (hn_status a = -1; a >= HN_E_INTERNAL; a--) {
        ck_assert_str_ne(hn_status_name(a), "HN_E_?");
        for (hn_status b = 0; b > a; b--)
            ck_assert_str_ne(hn_status_name(a), hn_status_name(b));
    }
    ck_assert_str_eq(hn_status_name(HN_E_CANCELLED), "HN_E_CANCELLED");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("status");
    TCase *cases = tcase_create("status");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, fail_fills_everything);
    tcase_add_test(cases, own_message_may_be_an_argument);
    tcase_add_test(cases, long_text_is_cut_between_characters);
    tcase_add_test(cases, reason_survives_a_long_path);
    tcase_add_test(cases, errno_text_survives_a_long_path);
    tcase_add_test(cases, messages_are_one_line_of_utf8);
    tcase_add_test(cases, prefix_keeps_what_says_most);
    tcase_add_test(cases, structs_are_checked);
    tcase_add_test(cases, utf8_lengths_agree_with_encode);
    tcase_add_test(cases, log_reaches_the_host);
    tcase_add_test(cases, every_status_has_its_name);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
