/* test_version.c - which library runs: its numbers, its build line, the names of statuses, and the layout table, which is checked against sizeof and
 * offsetof of the headers that this test was compiled with, and for padding. Links the shared library only. */
#include <stddef.h>

#include "../test.h"
#include "haemnet/haemnet.h"

START_TEST(versions) {
    char wanted[32];
    snprintf(wanted, sizeof wanted, "%d.%d.%d", HN_VERSION_MAJOR, HN_VERSION_MINOR, HN_VERSION_PATCH);
    ck_assert_str_eq(HN_VERSION_STRING, wanted);
    ck_assert_str_eq(hn_version_string(), HN_VERSION_STRING);
    ck_assert_uint_eq(hn_abi_version(), HN_ABI_VERSION);
    ck_assert_ptr_eq(hn_version_string(), hn_version_string());
    const char *build = hn_build_info();
    ck_assert_msg(strlen(build) > 10 && !strchr(build, '\n'), "not one line: %s", build);
    ck_assert_ptr_nonnull(strstr(build, HN_VERSION_STRING));
}
END_TEST

START_TEST(status_names) {
    static const struct {
        hn_status status;
        const char *name;
    } all[] = {
        {0, "HN_OK"},           {-1, "HN_E_ARGUMENT"},     {-2, "HN_E_MEMORY"},     {-3, "HN_E_IO"},           {-4, "HN_E_FORMAT"},
        {-5, "HN_E_LIMIT"},     {-6, "HN_E_UNSUPPORTED"},  {-7, "HN_E_SHAPE"},      {-8, "HN_E_STATE"},        {-9, "HN_E_CANCELLED"},
        {-10, "HN_E_BACKEND"},  {-11, "HN_E_UNAVAILABLE"}, {-12, "HN_E_NOT_FOUND"}, {-13, "HN_E_NUMERIC"},     {-14, "HN_E_ABI"},
        {-15, "HN_E_DATA"},     {-16, "HN_E_BUFFER"},      {-17, "HN_E_INTERNAL"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) ck_assert_str_eq(hn_status_name(all[i].status), all[i].name);
    static const hn_status unknown[] = {1, -18, 1000, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) ck_assert_str_eq(hn_status_name(unknown[i]), "HN_E_?");
}
END_TEST

/* A field's size as its type says it, 0 for one that is no known type (a struct inside a struct). */
static size_t size_of(const char *type) {
    static const struct {
        const char *name;
        size_t size;
    } types[] = {{"i32", 4}, {"u32", 4}, {"i64", 8}, {"u64", 8}, {"f32", 4}, {"f64", 8}, {"ptr", sizeof(void *)}, {"char", 1}};
    const size_t length = strcspn(type, "[");
    const size_t count = type[length] ? strtoul(type + length + 1, NULL, 10) : 1;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i].name) == length && !memcmp(type, types[i].name, length)) return types[i].size * count;
    return 0;
}

/* Every line is a struct or a field of it; fields lie side by side, without padding, and fill the struct. */
START_TEST(layout_is_dense) {
    char name[64] = "", field[64], type[64];
    unsigned size = 0, at = 0, offset, bytes;
    int structs = 0, fields = 0;
    const char *line = hn_abi_layout();
    ck_assert_ptr_eq(line, hn_abi_layout());
    while (*line) {
        const char *end = strchr(line, '\n');
        ck_assert_msg(end != NULL, "the last line does not end: %s", line);
        if (!strncmp(line, "struct ", 7)) {
            ck_assert_msg(at == size, "%s has %u bytes, its fields %u", name, size, at);
            ck_assert_int_eq(sscanf(line, "struct %63s %u", name, &size), 2);
            at = 0;
            structs++;
        } else {
            ck_assert_msg(sscanf(line, "field %63s %u %u %63s", field, &offset, &bytes, type) == 4, "%.60s", line);
            ck_assert_msg(offset == at, "%s.%s is at %u, not %u", name, field, offset, at);
            ck_assert_msg(size_of(type) ? size_of(type) == bytes : !strncmp(type, "hn_", 3), "%s.%s: %u bytes of %s", name, field, bytes, type);
            at += bytes;
            fields++;
        }
        line = end + 1;
    }
    ck_assert_uint_eq(at, size);
    ck_assert_int_ge(structs, 30);
    ck_assert_int_ge(fields, 300);
}
END_TEST

static void ck_line(const char *wanted) { ck_assert_msg(strstr(hn_abi_layout(), wanted) != NULL, "no line: %s", wanted); }

/* What this program was compiled with is what the library says; the static assertions in the library cover every field. */
START_TEST(layout_is_ours) {
    char line[128];
#define STRUCT(type) snprintf(line, sizeof line, "struct " #type " %zu\n", sizeof(type)), ck_line(line)
#define FIELD(type, field, name) \
    snprintf(line, sizeof line, "field " #field " %zu %zu " name "\n", offsetof(type, field), sizeof(((type *)0)->field)), ck_line(line)
    STRUCT(hn_error);
    FIELD(hn_error, message, "char[240]");
    STRUCT(hn_context_options);
    FIELD(hn_context_options, plugin_dir, "ptr");
    STRUCT(hn_pixels);
    FIELD(hn_pixels, row_stride, "i64");
    STRUCT(hn_dataset_options);
    FIELD(hn_dataset_options, image, "hn_image_options");
    STRUCT(hn_model_info);
    FIELD(hn_model_info, digest, "u64[4]");
    STRUCT(hn_train_options);
    FIELD(hn_train_options, progress_user, "ptr");
    STRUCT(hn_prediction);
    FIELD(hn_prediction, positive, "f64");
    STRUCT(hn_metrics);
    FIELD(hn_metrics, exact_match, "f64");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("api version");
    TCase *cases = tcase_create("version");
    tcase_add_test(cases, versions);
    tcase_add_test(cases, status_names);
    tcase_add_test(cases, layout_is_dense);
    tcase_add_test(cases, layout_is_ours);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
