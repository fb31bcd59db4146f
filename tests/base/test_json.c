/* test_json.c - the JSON reader against what RFC 8259 allows and forbids, hostile texts, every allocation failing; the writer in
 * several locales. Not a fuzzer (tests/fuzz): the texts here are those that other readers are known to get wrong. */
#include <float.h>
#include <locale.h>
#include <math.h>

#include "../test.h"
#include "base/json.h"
#include "base/memory.h"
#include "failing.h"

static hn_context *ctx;
static hn_error err;

static void setup(void) {
    hn_context_options options = {.struct_size = sizeof options, .threads = 1};
    ck_ok(hni_context_create(&options, &ctx, &err));
}

static void teardown(void) {
    ck_assert_uint_eq(ctx->live_blocks, 1); /* the context itself */
    hni_context_unref(ctx);
}

static hni_json *parse(const char *text) {
    hni_json *json = NULL;
    ck_ok(hni_json_parse(ctx, text, strlen(text), &json, &err));
    return json;
}

START_TEST(walks_a_document) {
    hni_json *json = parse(" {\"name\" : \"conv\", \"shape\":[3, 64 ,-7], \"on\":true, \"off\":false, "
                           "\"none\":null, \"in\":{\"x\":1.5e2}, \"\":[]} ");
    const hni_json_value root = hni_json_root(json);
    ck_assert(hni_json_is_object(json, root));
    ck_assert_int_eq(hni_json_count(json, root), 7);
    ck_assert_str_eq(hni_json_string(json, hni_json_get(json, root, "name")), "conv");
    const hni_json_value shape = hni_json_get(json, root, "shape");
    ck_assert(hni_json_is_array(json, shape));
    ck_assert_int_eq(hni_json_count(json, shape), 3);
    int64_t n = 0;
    ck_assert(hni_json_int(json, hni_json_at(json, shape, 2), &n));
    ck_assert_int_eq(n, -7);
    ck_assert_int_eq(hni_json_at(json, shape, 3), -1);
    ck_assert_int_eq(hni_json_at(json, shape, -1), -1);
    bool flag = false;
    ck_assert(hni_json_bool(json, hni_json_get(json, root, "on"), &flag) && flag);
    ck_assert(hni_json_bool(json, hni_json_get(json, root, "off"), &flag) && !flag);
    ck_assert(!hni_json_bool(json, hni_json_get(json, root, "none"), &flag));
    double x = 0;
    ck_assert(hni_json_double(json, hni_json_get(json, hni_json_get(json, root, "in"), "x"), &x));
    ck_assert_double_eq(x, 150.0);
    ck_assert_int_eq(hni_json_count(json, hni_json_get(json, root, "")), 0);
    ck_assert_int_eq(hni_json_first(json, hni_json_get(json, root, "")), -1);
    ck_assert_int_eq(hni_json_get(json, root, "nam"), -1);
    ck_assert_int_eq(hni_json_get(json, shape, "name"), -1);
    static const char *const keys[] = {"name", "shape", "on", "off", "none", "in", ""};
    int i = 0;
    for (hni_json_value key = hni_json_first(json, root); key >= 0; key = hni_json_next(json, key), i++) {
        ck_assert_str_eq(hni_json_string(json, key), keys[i]);
        ck_assert_int_eq(hni_json_member_value(json, key), hni_json_get(json, root, keys[i]));
        ck_assert_int_eq(hni_json_next(json, hni_json_member_value(json, key)), -1);
    }
    ck_assert_int_eq(i, 7);
    hni_json_free(json);
    hni_json_free(NULL);
}
END_TEST

START_TEST(nothing_comes_of_nothing) {
    hni_json *json = parse("[[1,2],\"s\",3]");
    int64_t n;
    double x;
    bool b;
    for (hni_json_value v = -5; v < 12; v++) {
        hni_json_next(json, v);
        hni_json_first(json, v);
        hni_json_member_value(json, v);
        hni_json_count(json, v);
    }
    ck_assert(!hni_json_int(json, -1, &n) && !hni_json_double(json, 100, &x) && !hni_json_bool(json, -1, &b));
    ck_assert(!hni_json_int(json, 4, &n) && !hni_json_double(json, 0, &x)); /* a string, an array */
    ck_assert_ptr_null(hni_json_string(json, -1));
    ck_assert_ptr_null(hni_json_string(json, 0));
    ck_assert_int_eq(hni_json_next(json, 1), 4);
    ck_assert_int_eq(hni_json_next(json, 4), 5);
    ck_assert_int_eq(hni_json_next(json, 5), -1);
    ck_assert_int_eq(hni_json_next(json, 3), -1);
    ck_assert_int_eq(hni_json_member_value(json, 4), -1); /* a string that is no key */
    hni_json_free(json);
}
END_TEST

static const char *const refused[] = {
    "", " ", "{", "}", "[", "]", "{]", "[}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
    "{,}", "{:}", "{a:1}", "{1:2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"b\"}", "{\"a\":1:2}", "{\"a\",\"b\"}",
    "[\"a\":1]", "1 2", "{} {}", "{}x", "{},", "[]:", "\"a\"b", "nul", "nulls", "True", "TRUE", "tru", "NaN", "Infinity",
    "-Infinity", "inf", "'a'", "/**/1", "[1]//", "01", "-", "+1", ".5", "1.", "1.e3", "1e", "1e+", "--1", "0x10", "1_0", "1,5",
    "-01", "1e999", "-1e999", "1e400", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u123g\"", "\"\\", "\"\\ud800\"",
    "\"\\udc00\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud83d\\u00e9\"", "\"\t\"",
    "\"\n\"", "\"\x80\"", "\"\xC3\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xF8\x88\x80\x80\x80\"",
    "\"\xFF\"", "\xEF\xBB\xBF{}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"b\":2,\"\\u0061\":3}", "[{\"x\":{\"y\":1,\"y\":1}}]", "\f1",
    "\v1", "[1\xC2\xA0]"};

START_TEST(refuses_what_is_not_json) {
    hni_json *json = (hni_json *)(void *)&err;
    memset(&err, 0, sizeof err);
    const hn_status status = hni_json_parse(ctx, refused[_i], strlen(refused[_i]), &json, &err);
    ck_assert_msg(status == HN_E_FORMAT, "text %d [%s] gave %d", _i, refused[_i], status);
    ck_assert_ptr_null(json);
    ck_assert_int_eq(err.status, HN_E_FORMAT);
    ck_assert(strlen(err.message) > 10);
}
END_TEST

START_TEST(refuses_a_raw_nul_and_every_cut) {
    static const char whole[] = "{\"k\\u00e9\\ud83d\\ude00\":[1.5e-3,true,null,\"\xC3\xA9\"],\"z\":{}}";
    hni_json *json;
    ck_ok(hni_json_parse(ctx, whole, sizeof whole - 1, &json, &err));
    hni_json_free(json);
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *cut = malloc(n ? n : 1); /* of the exact size, so that a sanitizer sees a byte too far */
        memcpy(cut, whole, n);
        ck_assert_int_eq(hni_json_parse(ctx, cut, n, &json, &err), HN_E_FORMAT);
        free(cut);
    }
    ck_assert_int_eq(hni_json_parse(ctx, whole, sizeof whole, &json, &err), HN_E_FORMAT); /* the NUL behind */
    ck_assert_int_eq(hni_json_parse(ctx, "[\"\0\"]", 5, &json, &err), HN_E_FORMAT);
}
END_TEST

START_TEST(unescapes_strings) {
    hni_json *json = parse("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", "
                           "\"\\u00e9\\u20AC\\ud83d\\uDE00\", \"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\", \"a\\u0000b\", \"\"]");
    ck_assert_str_eq(hni_json_string(json, 1), "\"\\/\b\f\n\r\t");
    ck_assert_str_eq(hni_json_string(json, 2), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    ck_assert_str_eq(hni_json_string(json, 3), hni_json_string(json, 2));
    ck_assert(hni_json_is_string(json, 4));
    ck_assert_ptr_null(hni_json_string(json, 4)); /* an embedded NUL */
    ck_assert_str_eq(hni_json_string(json, 5), "");
    hni_json_free(json);
    json = parse("{\"a\\u0000b\":1,\"a\":2,\"a\\u0000c\":3}"); /* differ only behind a NUL: different keys */
    int64_t n = 0;
    ck_assert(hni_json_int(json, hni_json_get(json, 0, "a"), &n) && n == 2);
    hni_json_free(json);
}
END_TEST

START_TEST(gives_the_text_as_it_stood) {
    hni_json *json = parse("{\"p\": {\"k\\n\":\"v\\t\\u00e9\", \"n\": 1e2} , \"s\":\"a\\nb\"}");
    size_t size;
    const char *raw = hni_json_raw(json, hni_json_get(json, 0, "p"), &size);
    const char *want = "{\"k\\n\":\"v\\t\\u00e9\", \"n\": 1e2}";
    ck_assert_uint_eq(size, strlen(want));
    ck_assert_mem_eq(raw, want, size);
    raw = hni_json_raw(json, hni_json_get(json, 0, "s"), &size);
    ck_assert_uint_eq(size, 3);
    ck_assert_mem_eq(raw, "a\nb", 3);
    ck_assert_ptr_null(hni_json_raw(json, -1, &size));
    ck_assert_uint_eq(size, 0);
    hni_json_free(json);
}
END_TEST

START_TEST(reads_whole_numbers) {
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {{"0", true, 0}, {"-0", true, 0}, {"9223372036854775807", true, INT64_MAX}, {"-9223372036854775807", true, -INT64_MAX},
                 {"9223372036854775808", false, 0}, {"-9223372036854775808", false, 0},
                 {"5.0", true, 5}, {"1e3", true, 1000}, {"5.5", false, 0},
                 {"1e300", false, 0}, {"99999999999999999999999999", false, 0},
                 {"true", false, 0}, {"\"5\"", false, 0}, {"null", false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hni_json *json = parse(cases[i].text);
        int64_t n = 77;
        ck_assert_msg(hni_json_int(json, 0, &n) == cases[i].good, "%s", cases[i].text);
        ck_assert_int_eq(n, cases[i].good ? cases[i].value : 77);
        hni_json_free(json);
    }
}
END_TEST

static char *repeated(const char *part, size_t times, const char *middle, const char *end, size_t *size) {
    const size_t a = strlen(part), b = strlen(middle), c = strlen(end);
    char *text = malloc(times * (a + c) + b + 1), *to = text;
    for (size_t i = 0; i < times; i++, to += a)
        memcpy(to, part, a);
    memcpy(to, middle, b);
    to += b;
    for (size_t i = 0; i < times; i++, to += c)
        memcpy(to, end, c);
    *size = (size_t)(to - text);
    return text;
}

static hn_status parse_repeated(const char *part, size_t times, const char *middle, const char *end) {
    size_t size;
    char *text = repeated(part, times, middle, end, &size);
    hni_json *json;
    const hn_status status = hni_json_parse(ctx, text, size, &json, &err);
    hni_json_free(json);
    free(text);
    return status;
}

START_TEST(holds_its_limits) {
    ck_assert_int_eq(parse_repeated("[", 32, "", "]"), HN_OK);
    ck_assert_int_eq(parse_repeated("[", 33, "", "]"), HN_E_LIMIT);
    ck_assert_int_eq(parse_repeated("{\"a\":", 31, "[]", "}"), HN_OK);
    ck_assert_int_eq(parse_repeated("{\"a\":", 32, "[]", "}"), HN_E_LIMIT);
    ck_assert_int_eq(parse_repeated("[", 1000000, "", ""), HN_E_LIMIT);
    ck_assert_int_eq(parse_repeated("1", 512, "", ""), HN_E_FORMAT); /* no double is that large */
    ck_assert_int_eq(parse_repeated("1", 513, "", ""), HN_E_LIMIT);
    ck_assert_int_eq(parse_repeated(" ", (16 << 20) - 1, "1", ""), HN_OK);
    ck_assert_int_eq(parse_repeated(" ", 16 << 20, "1", ""), HN_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "16777216"));
}
END_TEST

START_TEST(stays_quick_on_large_texts) {
    /* 2^20 tokens: the array, and one fewer elements; brackets side by side; an object of many long keys alike. */
    size_t size;
    char *text = repeated("0,", (1 << 20) - 2, "0]", "", &size);
    char *whole = malloc(size + 3);
    whole[0] = '[';
    memcpy(whole + 1, text, size);
    hni_json *json;
    ck_ok(hni_json_parse(ctx, whole, size + 1, &json, &err));
    ck_assert_int_eq(hni_json_count(json, 0), (1 << 20) - 1);
    hni_json_free(json);
    memcpy(whole + size, ",0]", 3);
    ck_assert_int_eq(hni_json_parse(ctx, whole, size + 3, &json, &err), HN_E_LIMIT);
    free(whole);
    free(text);

    hni_text t;
    hni_text_init(&t, ctx);
    hni_text_add(&t, "[[]");
    for (int i = 0; i < 200000; i++)
        hni_text_add(&t, ",[]");
    hni_text_add(&t, ",{\"first\":0");
    for (int i = 0; i < 100000; i++)
        hni_text_format(&t, ",\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%d\":[]", i);
    hni_text_add(&t, "}]");
    ck_assert(!t.failed);
    ck_ok(hni_json_parse(ctx, t.data, t.size, &json, &err));
    hni_json_free(json);
    hni_text_free(&t);
}
END_TEST

START_TEST(survives_every_failed_allocation) {
    static const char text[] = "{\"a\":[1,2,{\"b\":\"c\"}],\"d\":null}";
    for (int nth = 1;; nth++) {
        failing_allocator failing = {.fail_at = nth + 1}; /* the first is the context */
        hn_context *poor = failing_context(&failing);
        hni_json *json = NULL;
        const hn_status status = hni_json_parse(poor, text, sizeof text - 1, &json, &err);
        ck_assert(status == HN_OK || (status == HN_E_MEMORY && json == NULL));
        hni_json_free(json);
        hni_context_unref(poor);
        ck_assert_int_eq(failing.live, 0);
        if (status == HN_OK)
            break;
        ck_assert_int_lt(nth, 50);
    }
}
END_TEST

START_TEST(text_failure_sticks) {
    failing_allocator failing = {.fail_at = 3};
    hn_context *poor = failing_context(&failing);
    hni_text t;
    hni_text_init(&t, poor);
    hni_text_add(&t, "ab");
    ck_assert(!t.failed);
    for (int i = 0; i < 100; i++)
        hni_text_add(&t, "0123456789");
    ck_assert(t.failed);
    failing.fail_at = 0;
    const size_t size = t.size;
    hni_text_add(&t, "x");
    hni_text_json_string(&t, "x");
    hni_text_json_double(&t, 1);
    hni_text_format(&t, "%d", 1);
    ck_assert(t.failed && t.size == size);
    hni_text_free(&t);
    hni_context_unref(poor);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

START_TEST(writes_strings_that_read_back) {
    char all[256];
    for (int i = 1; i < 128; i++)
        all[i - 1] = (char)i;
    strcpy(all + 127, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    hni_text t;
    hni_text_init(&t, ctx);
    hni_text_json_string(&t, all);
    hni_json *json = NULL;
    ck_ok(hni_json_parse(ctx, t.data, t.size, &json, &err));
    ck_assert_str_eq(hni_json_string(json, 0), all);
    hni_json_free(json);
    hni_text_free(&t);
    hni_text_json_string(&t, "a\xFF" "b\xC3");
    ck_assert_str_eq(t.data, "\"a\xEF\xBF\xBD" "b\xEF\xBF\xBD\"");
    hni_text_free(&t);
}
END_TEST

static void expect_number(double value, const char *want) {
    hni_text t;
    hni_text_init(&t, ctx);
    hni_text_json_double(&t, value);
    ck_assert_str_eq(t.data, want);
    hni_text_free(&t);
}

static void numbers_read_back(void) {
    expect_number(0.1, "0.1");
    expect_number(1.0 / 3, "0.3333333333333333");
    expect_number(1, "1");
    expect_number(-0.0, "-0");
    expect_number(1e22, "1e+22");
    expect_number(NAN, "null");
    expect_number(-INFINITY, "null");
    uint64_t state = test_seed() * 0x9E3779B97F4A7C15u + 1;
    const double fixed[] = {DBL_MAX, DBL_MIN, 5e-324, -DBL_MAX, 0.1f, 2.5, 123456.789, 1e-7, 9007199254740993.0};
    for (int i = 0; i < 20000; i++) {
        double value, back = 0;
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        memcpy(&value, &state, sizeof value);
        if (i < (int)(sizeof fixed / sizeof fixed[0]))
            value = fixed[i];
        if (!isfinite(value))
            continue;
        hni_text t;
        hni_text_init(&t, ctx);
        hni_text_json_double(&t, value);
        hni_json *json = NULL;
        ck_ok(hni_json_parse(ctx, t.data, t.size, &json, &err));
        ck_assert(hni_json_double(json, 0, &back));
        ck_assert_msg(memcmp(&back, &value, sizeof value) == 0, "%a came back as %a through %s", value, back, t.data);
        hni_json_free(json);
        hni_text_free(&t);
    }
}

START_TEST(numbers_keep_their_bits) {
    numbers_read_back();
}
END_TEST

/* Makes a locale in a scratch folder, where the system has the sources but not the locale. */
static bool make_locale(const char *folder, const char *language) {
    char command[600], name[64];
    snprintf(command, sizeof command, "localedef -i %s -f UTF-8 '%s/%s.UTF-8' >/dev/null 2>&1", language, folder, language);
    snprintf(name, sizeof name, "%s.UTF-8", language);
    return system(command) == 0 && setenv("LOCPATH", folder, 1) == 0 && setlocale(LC_ALL, name) != NULL;
}

START_TEST(numbers_do_not_mind_the_locale) {
    static const char *const languages[] = {"de_DE", "ps_AF"}; /* a comma; a point of two bytes */
    char folder[400], command[500];
    bool any = false;
    snprintf(folder, sizeof folder, "%s/haemnet-locale-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < 2; i++) {
        if (!make_locale(folder, languages[i]))
            continue;
        any = true;
        ck_assert_str_ne(localeconv()->decimal_point, ".");
        numbers_read_back();
    }
    setlocale(LC_ALL, "C");
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    if (!any)
        SKIP("localedef cannot make a locale with a decimal comma here");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("json");
    TCase *cases = tcase_create("json");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, walks_a_document);
    tcase_add_test(cases, nothing_comes_of_nothing);
    tcase_add_loop_test(cases, refuses_what_is_not_json, 0, (int)(sizeof refused / sizeof refused[0]));
    tcase_add_test(cases, refuses_a_raw_nul_and_every_cut);
    tcase_add_test(cases, unescapes_strings);
    tcase_add_test(cases, gives_the_text_as_it_stood);
    tcase_add_test(cases, reads_whole_numbers);
    tcase_add_test(cases, holds_its_limits);
    tcase_add_test(cases, stays_quick_on_large_texts);
    tcase_add_test(cases, survives_every_failed_allocation);
    tcase_add_test(cases, text_failure_sticks);
    tcase_add_test(cases, writes_strings_that_read_back);
    tcase_add_test(cases, numbers_keep_their_bits);
    tcase_add_test(cases, numbers_do_not_mind_the_locale);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
