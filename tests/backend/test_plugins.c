/* test_plugins.c - fake plug-ins that lie in one way each, the plug-in folder, unloading, and the example plug-in. The shared objects are
 * built by make: HAEMNET_TEST_PLUGINS and HAEMNET_TEST_EXAMPLES say where. */
#include <sys/stat.h>

#include "backend/cases.h"
#include "devices.h"
#include "op/op.h"

static hn_error err;
static log_lines logged;

#define NEED(path) \
    if (!(path))   \
    SKIP("HAEMNET_TEST_PLUGINS or HAEMNET_TEST_EXAMPLES is not set")

static hn_context *context(const char *folder) {
    hn_context *ctx;
    memset(&logged, 0, sizeof logged);
    memset(&err, 0, sizeof err);
    ck_ok(make_context(folder, &logged, NULL, &ctx, &err));
    return ctx;
}

static const char *fake(const char *name) {
    return plugin_path("HAEMNET_TEST_PLUGINS", name);
}

/* Whether a file is mapped into this process. */
static bool is_mapped(const char *name) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    bool found = false;
    while (maps && fgets(line, sizeof line, maps))
        found = found || strstr(line, name) != NULL;
    if (maps)
        fclose(maps);
    return found;
}

/* Loading is refused with this status and a message that holds this word; nothing stays loaded, and nothing is in the list. */
static const struct {
    const char *name;
    hn_status status;
    const char *word;
} REFUSED[] = {
    {"older_abi", HN_E_ABI, "abi_version 0"},    {"older_size", HN_E_ABI, "bytes"},
    {"needs_newer", HN_E_ABI, "version 7"},      {"null_table", HN_E_ABI, "no table"},
    {"missing_slot", HN_E_BACKEND, "slot run"},  {"half_capture", HN_E_BACKEND, "capture"},
    {"bad_name", HN_E_BACKEND, "name"},          {"null_name", HN_E_BACKEND, "name"},
    {"reserved_name", HN_E_BACKEND, "name"},     {"flags", HN_E_BACKEND, "flags"},
    {"many_devices", HN_E_BACKEND, "1000000"},   {"minus_devices", HN_E_BACKEND, "-1"},
    {"minus_score", HN_E_BACKEND, "score"},      {"no_entry", HN_E_FORMAT, "hn_backend_entry"},
    {"not_there", HN_E_IO, "No such file"},
};

START_TEST(refused) {
    NEED(fake("x"));
    hn_context *ctx = context("");
    const char *path = fake(REFUSED[_i].name);
    const hn_status status = hn_backend_load(ctx, path, &err);
    ck_assert_msg(status == REFUSED[_i].status, "%s gave %s: %s", REFUSED[_i].name, hn_status_name(status), err.message);
    ck_assert_msg(strstr(err.message, REFUSED[_i].word) != NULL, "%s", err.message);
    ck_assert_msg(strstr(err.message, REFUSED[_i].name) != NULL, "%s", err.message);
    ck_assert(!is_mapped(REFUSED[_i].name));
    int32_t n;
    ck_ok(hn_device_count(ctx, &n, &err));
    ck_assert_int_eq(n, 1);
    hn_context_free(ctx);
}
END_TEST

START_TEST(bad_paths) {
    hn_context *ctx = context("");
    static const char *const relative[] = {"", "good.so", "./good.so", "../x.so", "libm.so.6"};
    for (size_t i = 0; i < sizeof relative / sizeof relative[0]; i++)
        ck_assert_int_eq(hn_backend_load(ctx, relative[i], &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_backend_load(ctx, "/", &err), HN_E_IO);
    ck_assert_int_eq(hn_backend_load(ctx, "/etc/passwd", &err), HN_E_IO); /* a file, but no shared object */
    hn_context_free(ctx);
}
END_TEST

START_TEST(good_ones_are_used_and_unloaded) {
    NEED(fake("x"));
    static const char *const names[] = {"good", "newer_abi"}, *const devices[] = {"good", "newer-abi"};
    for (int i = 0; i < 2; i++) {
        hn_context *ctx = context("");
        ck_ok(hn_backend_load(ctx, fake(names[i]), &err));
        ck_assert_int_eq(hn_backend_load(ctx, fake(names[i]), &err), HN_E_STATE);
        hn_selftest_report report = {.struct_size = sizeof report};
        ck_ok(hn_device_selftest(ctx, 1, &report, &err));
        ck_assert_int_gt(report.passed, 0);
        ck_assert_int_gt(report.unsupported, 0);
        ck_assert_int_eq(report.failed, 0);
        ck_assert_int_eq(report.cases, report.passed + report.unsupported);
        hni_device *device;
        ck_ok(hni_device_open_spec(ctx, devices[i], &device, &err));
        ck_assert_uint_eq(device->host.abi_version, 1);
        hn_context_free(ctx);
        ck_assert(is_mapped(names[i])); /* the opened device keeps the code */
        hni_device_close(device);
        ck_assert(!is_mapped(names[i]));
    }
}
END_TEST

START_TEST(failing_open_names_the_device) {
    NEED(fake("x"));
    hn_context *ctx = context("");
    ck_ok(hn_backend_load(ctx, fake("failing_open"), &err));
    hni_device *device = (hni_device *)&err;
    ck_assert_int_eq(hni_device_open_spec(ctx, "failing-open", &device, &err), HN_E_BACKEND);
    ck_assert_ptr_null(device);
    ck_assert_ptr_nonnull(strstr(err.message, "failing-open"));
    ck_assert_int_eq(hn_device_selftest(ctx, 1, NULL, &err), HN_E_BACKEND);
    hn_context_free(ctx);
}
END_TEST

START_TEST(no_device_is_listed_but_unavailable) {
    NEED(fake("x"));
    hn_context *ctx = context("");
    ck_ok(hn_backend_load(ctx, fake("no_device"), &err));
    int32_t n;
    hn_device_info info = {.struct_size = sizeof info};
    ck_ok(hn_device_count(ctx, &n, &err));
    ck_assert_int_eq(n, 2);
    ck_ok(hn_device_get(ctx, 1, &info, &err));
    ck_assert_int_eq(info.score, 0);
    ck_assert_str_eq(info.description, "no device on this machine");
    ck_assert_int_eq(hn_device_find(ctx, "no-device", &n, &err), HN_E_UNAVAILABLE);
    ck_assert_int_eq(hn_device_selftest(ctx, 1, NULL, &err), HN_E_UNAVAILABLE);
    hn_context_free(ctx);
}
END_TEST

START_TEST(liars_fail_the_selftest) {
    NEED(fake("x"));
    static const char *const names[] = {"liar", "tramples", "changes_input", "gives_null"};
    static const char *const devices[] = {"liar", "tramples", "changes-input", "gives-null"};
    for (int i = 0; i < 4; i++) {
        hn_context *ctx = context("");
        int32_t device;
        ck_ok(hn_backend_load(ctx, fake(names[i]), &err));
        ck_ok(hn_device_find(ctx, "best", &device, &err));
        ck_assert_int_eq(device, 1);
        hn_selftest_report report = {.struct_size = sizeof report};
        ck_assert_int_eq(hn_device_selftest(ctx, 1, &report, &err), HN_E_BACKEND);
        ck_assert_int_gt(report.failed, 0);
        ck_assert(report.worst_case[0] != '\0');
        ck_assert(!(report.worst_error <= 1.0));
        ck_ok(hn_device_find(ctx, "best", &device, &err)); /* not used any more */
        ck_assert_int_eq(device, 0);
        ck_assert_int_eq(hn_device_find(ctx, devices[i], &device, &err), HN_E_UNAVAILABLE);
        ck_assert_ptr_nonnull(strstr(err.message, "self-test"));
        hni_device *opened;
        ck_assert_int_eq(hni_device_open(ctx, 1, &opened, &err), HN_E_UNAVAILABLE);
        hn_device_info info = {.struct_size = sizeof info};
        ck_ok(hn_device_get(ctx, 1, &info, &err));
        ck_assert_int_eq(info.score, 0);
        ck_assert_int_eq(hn_device_selftest(ctx, 1, NULL, &err), HN_E_BACKEND); /* may be tried again */
        hn_context_free(ctx);
    }
}
END_TEST

START_TEST(odd_answers_are_made_ours) {
    NEED(fake("x"));
    hn_context *ctx = context("");
    ck_ok(hn_backend_load(ctx, fake("odd_status"), &err));
    hn_device_info info = {.struct_size = sizeof info};
    ck_ok(hn_device_get(ctx, 1, &info, &err));
    ck_assert_uint_eq(info.struct_size, sizeof info);
    ck_assert_uint_eq(info.flags & ~(uint32_t)(HN_DEVICE_HOST_MEMORY | HN_DEVICE_DETERMINISTIC), 0);
    ck_assert_uint_eq(strlen(info.description), sizeof info.description - 1);
    ck_assert_str_eq(info.name, "odd-status:0");
    hni_device *device;
    ck_ok(hni_device_open(ctx, 1, &device, &err));
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 3, 7, 1, 1);
    hn_op_desc add, softmax;
    hni_op op;
    ck_ok(hni_op_add(&add, &x, &err));
    ck_ok(hni_op_softmax(&softmax, &x, &err));
    ck_assert_int_eq(hni_op_prepare(device, &add, &op, &err), HN_E_BACKEND);
    ck_assert_int_eq(err.status, HN_E_BACKEND);
    ck_assert_int_eq(err.domain, HN_DOMAIN_PLUGIN);
    ck_assert_int_eq(err.code, 42);
    ck_assert_uint_eq(strlen(err.message), sizeof err.message - 1);
    ck_assert_int_eq(hni_op_prepare(device, &softmax, &op, &err), HN_E_BACKEND);
    ck_assert_int_eq(hni_op_prepare(device, &softmax, &op, NULL), HN_E_BACKEND);
    hni_device_close(device);
    hn_context_free(ctx);
}
END_TEST

static void link_plugin(const char *folder, const char *file, const char *name) {
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    ck_assert_int_eq(symlink(fake(name), path), 0);
}

START_TEST(plugin_folder) {
    NEED(fake("x"));
    char folder[4096];
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/haemnet-plugins-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    static const char *const files[] = {"libhaemnet-b.so",   "libhaemnet-a.so",  "libhaemnet-c.so", "libhaemnet-d.so", "libother-e.so",
                                        "libhaemnet-f.so.1", "libhaemnet-.so"};
    static const char *const fakes[] = {"newer_abi", "no_device", "missing_slot", "newer_abi", "good", "good", "good"};
    for (int i = 0; i < 7; i++)
        link_plugin(folder, files[i], fakes[i]);
    hn_context *ctx = context(folder);
    int32_t n;
    ck_ok(hn_device_count(ctx, &n, &err));
    ck_assert_int_eq(n, 3); /* reference, no-device, newer-abi: sorted by file name; the others are left out */
    ck_ok(hn_device_find(ctx, "newer-abi", &n, &err));
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(hn_device_find(ctx, "good", &n, &err), HN_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(logged.text, "slot run"));
    ck_assert_ptr_nonnull(strstr(logged.text, "is there already"));
    hn_context_free(ctx);
    for (int i = 0; i < 7; i++) {
        char path[8192];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(odd_folders_do_no_harm) {
    static const char *const folders[] = {"/there/is/no/such/folder", "/etc/passwd"};
    for (int i = 0; i < 2; i++) {
        hn_context *ctx = context(folders[i]);
        int32_t n;
        ck_ok(hn_device_count(ctx, &n, &err));
        ck_assert_int_eq(n, 1);
        ck_assert_ptr_nonnull(strstr(logged.text, folders[i]));
        hn_context_free(ctx);
    }
}
END_TEST

START_TEST(example_passes) {
    const char *path = plugin_path("HAEMNET_TEST_EXAMPLES", "libhaemnet-example");
    NEED(path);
    hn_context *ctx = context("");
    ck_ok(hn_backend_load(ctx, path, &err));
    hn_selftest_report report = {.struct_size = sizeof report};
    ck_ok(hn_device_selftest(ctx, 1, &report, &err));
    printf("example: %d of %d cases, worst %.3g of the tolerance: %s\n", report.passed, report.cases, report.worst_error,
           report.worst_case);
    ck_assert_int_eq(report.failed, 0);
    ck_assert_int_gt(report.passed, 50);
    ck_assert_ptr_nonnull(strstr(logged.text, "operators were run"));
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 1, 2, 6, 6);
    const hni_window2d win = {.kernel = {2, 2}, .stride = {2, 2}};
    hni_device *device;
    hn_op_desc desc;
    hni_op op;
    ck_ok(hni_device_open(ctx, 1, &device, &err));
    ck_ok(hni_op_pool2d(&desc, HN_OP_MAX_POOL2D, &x, &win, &err));
    ck_assert_int_eq(hni_op_prepare(device, &desc, &op, &err), HN_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "[1, 2, 6, 6]"));
    hni_device_close(device);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("plug-ins");
    TCase *t = tcase_create("plug-ins");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, refused, 0, (int)(sizeof REFUSED / sizeof REFUSED[0]));
    tcase_add_test(t, bad_paths);
    tcase_add_test(t, good_ones_are_used_and_unloaded);
    tcase_add_test(t, failing_open_names_the_device);
    tcase_add_test(t, no_device_is_listed_but_unavailable);
    tcase_add_test(t, liars_fail_the_selftest);
    tcase_add_test(t, odd_answers_are_made_ours);
    tcase_add_test(t, plugin_folder);
    tcase_add_test(t, odd_folders_do_no_harm);
    tcase_add_test(t, example_passes);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
