/* test_numeric.c - our exp, log, sine against libm in long double (x86: 64-bit mantissa), over many values and all edges. The promise is
 * an error below 2 ulp; the same bits everywhere are pinned by a digest of the results. */
#include <float.h>
#include <math.h>

#include "../test.h"
#include "base/numeric.h"
#include "base/sha256.h"

static uint64_t state;

static double unit(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

static double between(double low, double high) {
    return low + (high - low) * unit();
}

/* Distance of got from the exact value, in units of the last place of a double there. */
static double ulps(double got, long double exact) {
    const double near = fabs((double)exact);
    if (near == 0.0)
        return got == 0.0 ? 0.0 : HUGE_VAL;
    const double ulp = near < DBL_MIN ? 0x1p-1074 : ldexp(1.0, ilogb(near) - 52);
    return (double)(fabsl((long double)got - exact) / (long double)ulp);
}

typedef struct range {
    const char *name;
    double (*ours)(double);
    long double (*theirs)(long double);
    double low, high;
} range;

static const range ranges[] = {
    {"exp", hni_exp, expl, -745, 709.7},   {"exp", hni_exp, expl, -1, 1},         {"exp", hni_exp, expl, -100, 0},
    {"log", hni_log, logl, 1e-300, 1e300}, {"log", hni_log, logl, 0.5, 2},        {"log", hni_log, logl, 0, 1},
    {"log", hni_log, logl, 0.999, 1.001},  {"log", hni_log, logl, 0, 1e-307},     {"log1p", hni_log1p, log1pl, -1, 1},
    {"log1p", hni_log1p, log1pl, -1e-5, 1e-5}, {"log1p", hni_log1p, log1pl, 0, 1e6}, {"log1p", hni_log1p, log1pl, -0.3, 0.5},
    {"sin", hni_sin, sinl, -10, 10},       {"sin", hni_sin, sinl, -1e5, 1e5},     {"sin", hni_sin, sinl, -1e-3, 1e-3},
    {"cos", hni_cos, cosl, -10, 10},       {"cos", hni_cos, cosl, -1e5, 1e5},
    {"tanh", hni_tanh, tanhl, -1e-3, 1e-3}, {"tanh", hni_tanh, tanhl, -0.6, 0.6},
    {"tanh", hni_tanh, tanhl, -30, 30}};

START_TEST(close_to_libm) {
    const range *r = &ranges[_i];
    if (LDBL_MANT_DIG < 64)
        SKIP("long double is no wider than double here");
    double worst = 0, at = 0;
    state = test_seed() + 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        const double x = between(r->low, r->high), error = ulps(r->ours(x), r->theirs((long double)x));
        if (!(error <= worst))
            worst = error, at = x;
    }
    printf("%s on [%g, %g]: at most %.3f ulp\n", r->name, r->low, r->high, worst);
    ck_assert_msg(worst < 2.0, "%s(%a) is %.3f ulp off", r->name, at, worst);
}
END_TEST

START_TEST(close_near_multiples_of_half_pi) {
    if (LDBL_MANT_DIG < 64)
        SKIP("long double is no wider than double here");
    for (int n = -63000; n <= 63000; n++) {
        const double x = n * 1.5707963267948966;
        if (fabs(x) > 1e5)
            continue;
        ck_assert_msg(ulps(hni_sin(x), sinl((long double)x)) < 2.0, "sin(%a)", x);
        ck_assert_msg(ulps(hni_cos(x), cosl((long double)x)) < 2.0, "cos(%a)", x);
    }
}
END_TEST

START_TEST(edges_of_exp) {
    ck_assert(hni_exp(0) == 1.0 && hni_exp(-0.0) == 1.0 && hni_exp(1e-300) == 1.0);
    ck_assert(hni_exp(INFINITY) == INFINITY && hni_exp(-INFINITY) == 0.0 && isnan(hni_exp(NAN)));
    ck_assert(hni_exp(709.79) == INFINITY && isfinite(hni_exp(709.782712893383973096)));
    ck_assert(hni_exp(-745.2) == 0.0 && hni_exp(-745.1) == 0x1p-1074 && hni_exp(1e308) == INFINITY && hni_exp(-1e308) == 0.0);
}
END_TEST

START_TEST(edges_of_log) {
    ck_assert(hni_log(1) == 0.0 && !signbit(hni_log(1)) && hni_log(0) == -INFINITY && hni_log(-0.0) == -INFINITY);
    ck_assert(isnan(hni_log(-1)) && isnan(hni_log(NAN)) && isnan(hni_log(-INFINITY)) && hni_log(INFINITY) == INFINITY);
    ck_assert(ulps(hni_log(5e-324), logl((long double)5e-324)) < 2 && ulps(hni_log(DBL_MAX), logl((long double)DBL_MAX)) < 2);
    ck_assert(hni_log1p(0) == 0 && hni_log1p(-1) == -INFINITY && isnan(hni_log1p(-1.1)) && isnan(hni_log1p(NAN)));
    ck_assert(hni_log1p(INFINITY) == INFINITY && hni_log1p(1e-300) == 1e-300 && hni_log1p(DBL_MAX) == hni_log(DBL_MAX));
}
END_TEST

START_TEST(edges_of_sine) {
    ck_assert(hni_sin(0) == 0 && signbit(hni_sin(-0.0)) && hni_cos(0) == 1 && hni_cos(-0.0) == 1);
    ck_assert(isnan(hni_sin(INFINITY)) && isnan(hni_cos(-INFINITY)) && isnan(hni_sin(NAN)) && isnan(hni_cos(NAN)));
    ck_assert(isnan(hni_tanh(NAN)) && hni_tanh(INFINITY) == 1 && hni_tanh(-1e3) == -1 && signbit(hni_tanh(-0.0)) && hni_tanh(0x1p-1074) == 0x1p-1074);
    ck_assert(isnan(hni_sin(1.1e5)) && isnan(hni_cos(-1e300))); /* past the promise: seen, not wrong */
    ck_assert(hni_sin(1e-200) == 1e-200 && hni_sin(5e-324) == 5e-324);
}
END_TEST

START_TEST(powers) {
    ck_assert(hni_pow(2, 10) == 1024 && hni_pow(2, -2) == 0.25 && hni_pow(7, 0) == 1 && hni_pow(NAN, 0) == 1 && hni_pow(1, 1e9) == 1);
    ck_assert(hni_pow(-2, 3) == -8 && isnan(hni_pow(-2, 0.5)) && isnan(hni_pow(NAN, 1)) && isnan(hni_pow(1, NAN)));
    ck_assert(hni_pow(0, 0.5) == 0 && hni_pow(0, -0.5) == INFINITY && hni_pow(10, 400) == INFINITY && hni_pow(10, -400) == 0);
    state = test_seed() + 7;
    for (int i = 0; i < 20000; i++) {
        const double x = between(0.01, 10), y = between(-20, 20), exact = pow(x, y);
        ck_assert_msg(fabs(hni_pow(x, y) - exact) <= 4e-14 * exact, "pow(%a, %a)", x, y);
        const int n = (int)between(-64, 64);
        ck_assert(fabs(hni_pow(x, n) - pow(x, n)) <= 4e-14 * pow(x, n));
    }
    ck_assert(fabs(hni_pow(0.999, 100000) / pow(0.999, 100000) - 1) < 1e-13); /* Adam's bias late in training */
}
END_TEST

/* The bits themselves: another machine or compiler that computes anything else fails here. */
START_TEST(same_bits_everywhere) {
    hni_sha256 h;
    uint64_t digest[4];
    char text[17];
    hni_sha256_init(&h);
    state = 88172645463325252u; /* not the test's seed: the answer is pinned */
    for (int i = 0; i < 50000; i++) {
        const double u = between(-1, 1);
        const double v[] = {hni_exp(u * 700), hni_log(fabs(u) * 100), hni_log1p(u), hni_sin(u * 1e4),
                            hni_cos(u * 1e4), hni_pow(fabs(u), 2.5)};
        hni_sha256_add(&h, v, sizeof v);
    }
    hni_sha256_end(&h, digest);
    snprintf(text, sizeof text, "%016llx", (unsigned long long)digest[0]);
    ck_assert_str_eq(text, "7dcd3b331f7322b1");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("numeric");
    TCase *cases = tcase_create("numeric");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, close_to_libm, 0, (int)(sizeof ranges / sizeof ranges[0]));
    tcase_add_test(cases, close_near_multiples_of_half_pi);
    tcase_add_test(cases, edges_of_exp);
    tcase_add_test(cases, edges_of_log);
    tcase_add_test(cases, edges_of_sine);
    tcase_add_test(cases, powers);
    tcase_add_test(cases, same_bits_everywhere);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
