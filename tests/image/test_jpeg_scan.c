/* test_jpeg_scan.c - the walk over sequential scans, which leaps, against one that goes bit by bit: random codes, random data, whole ones
 * and cut ones; both must come to an end in the same block row and at the same byte. */
#include "base/random.h"
#include "golden.h"
#include "image/jpeg.h"

enum { CASES = 6000, DATA = 1500, WIDE = 8, HIGH = 6 }; /* blocks */

/* A code table as DHT has it, and what the plain walk reads it by. */
typedef struct {
    uint8_t counts[16], symbols[256];
    int n;
} table;

/* Adds codes of growing length, so that short ones are there and the longest are up to 16 bits; complete or not quite. */
static void make_table(hni_random *r, table *t, bool ac) {
    uint32_t left = 1; /* codes that are free at this length */
    const int lengths = 3 + (int)hni_random_below(r, 14);
    memset(t, 0, sizeof *t);
    for (int i = 0; i < lengths && i < 16; i++) {
        left *= 2;
        uint32_t take = i + 1 == lengths ? left : hni_random_below(r, left < 9 ? left : 9);
        take = take > 255u - (uint32_t)t->n ? 255u - (uint32_t)t->n : take;
        t->counts[i] = (uint8_t)take;
        t->n += (int)take;
        left -= take;
    }
    for (int i = 0; i < t->n; i++) {
        const uint32_t kind = hni_random_below(r, 12), size = hni_random_below(r, 10) ? 1 + hni_random_below(r, 6) : hni_random_below(r, 16);
        const uint32_t run = hni_random_below(r, 4) ? hni_random_below(r, 4) : hni_random_below(r, 16);
        t->symbols[i] = (uint8_t)(!ac ? hni_random_below(r, 12) : kind < 3 ? 0 : kind == 3 ? 0xf0 : run << 4 | size);
    }
}

/* The bits of the data in order: stuffing taken out before. */
typedef struct {
    const uint8_t *bytes;
    size_t bits, at;
} stream;

static int one_bit(stream *s) {
    if (s->at == s->bits)
        return -1;
    const int bit = s->bytes[s->at / 8] >> (7 - s->at % 8) & 1;
    s->at++;
    return bit;
}

static int some_bits(stream *s, int n) {
    int value = 0;
    for (int i = 0; i < n; i++) {
        const int bit = one_bit(s);
        if (bit < 0)
            return -1;
        value = value * 2 + bit;
    }
    return value;
}

/* As in the standard's own flow chart: a bit more until the number is below this length's limit. */
static int one_symbol(stream *s, const table *t) {
    int code = 0, first = 0, index = 0;
    for (int i = 0; i < 16; i++) {
        const int bit = one_bit(s);
        if (bit < 0)
            return -1;
        code = code * 2 + bit;
        if (code - first < t->counts[i])
            return t->symbols[index + code - first];
        index += t->counts[i];
        first = (first + t->counts[i]) * 2;
    }
    return -1;
}

static bool plain_block(stream *s, const table *dc, const table *ac, int *last) {
    const int n = one_symbol(s, dc), v = n < 0 ? -1 : some_bits(s, n);
    if (v < 0)
        return false;
    *last += n && v < 1 << (n - 1) ? v - (1 << n) + 1 : v;
    if (abs(*last) > 32767)
        return false;
    for (int k = 1; k < 64;) {
        const int rs = one_symbol(s, ac);
        if (rs < 0)
            return false;
        if (rs % 16 == 0 && rs != 0xf0)
            return true;
        k += rs == 0xf0 ? 16 : rs / 16 + 1;
        if (rs != 0xf0 && (k > 64 || some_bits(s, rs % 16) < 0))
            return false;
    }
    return true;
}

/* The block at which it fails; WIDE · HIGH if at none. */
static int plain_walk(stream *s, const table *dc, const table *ac) {
    int last = 0, block = 0;
    while (block < WIDE * HIGH && plain_block(s, dc, ac, &last))
        block++;
    return block;
}

/* Some bytes 0xff among them, stuffed; and an end marker. The plain bytes go to `bare`. */
static size_t make_data(hni_random *r, uint8_t *coded, uint8_t *bare, size_t n) {
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        bare[i] = hni_random_below(r, 40) ? (uint8_t)hni_random_below(r, 256) : 0xff;
        coded[at++] = bare[i];
        if (bare[i] == 0xff)
            coded[at++] = 0;
    }
    coded[at++] = 0xff;
    coded[at++] = 0xd9;
    return at;
}

/* Whether the data were enough. */
static bool check_case(hni_random *r) {
    static hni_jpeg j;
    table dc, ac;
    uint8_t coded[2 * DATA + 2], bare[DATA];
    hn_error err = {0};
    char row[64];
    const size_t n = hni_random_below(r, 4) ? 1 + hni_random_below(r, DATA) : 1 + hni_random_below(r, 20);
    make_table(r, &dc, false);
    make_table(r, &ac, true);
    memset(&j, 0, sizeof j);
    j.size = make_data(r, coded, bare, n);
    j.bytes = coded;
    j.count = j.n = 1;
    j.last = 63;
    j.part[0] = (hni_jpeg_component){.h = 1, .v = 1, .wide = WIDE, .high = HIGH, .stride = WIDE};
    ck_assert(hni_jpeg_codes_make(&j.dc[0], dc.counts, dc.symbols, dc.n));
    ck_assert(hni_jpeg_codes_make(&j.ac[0], ac.counts, ac.symbols, ac.n));
    stream s = {bare, 8 * n, 0};
    const int fails = plain_walk(&s, &dc, &ac);
    const hn_status status = hni_jpeg_scan(&j, &err);
    snprintf(row, sizeof row, " in row %d of %d;", fails / WIDE, HIGH);
    ck_assert_int_eq(status, fails < WIDE * HIGH ? HN_E_FORMAT : HN_OK);
    if (status)
        ck_assert_msg(strstr(err.message, row), "%s; the plain walk fails%s", err.message, row);
    else
        ck_assert_uint_eq(j.at, j.size - 2);
    return !status;
}

START_TEST(leaps_end_where_single_bits_do) {
    int whole = 0;
    for (uint32_t n = 0; n < CASES; n++) {
        hni_random r;
        hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 0, n);
        whole += check_case(&r);
    }
    ck_assert_int_gt(whole, CASES / 20);
    ck_assert_int_lt(whole, CASES - CASES / 20);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("jpeg scan");
    TCase *tests = tcase_create("sequential");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, leaps_end_where_single_bits_do);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
