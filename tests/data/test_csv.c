/* test_csv.c - CSV as RFC 4180 has it, as spreadsheets write it, and as nobody should. */
#include "data/csv.h"
#include "help.h"

static hni_csv csv;

static void open_text(const char *text) { ck_ok(hni_csv_open(&csv, ctx, "m.csv", text, strlen(text), &err)); }

/* The next row is these fields, joined by '|'; NULL = the end. */
static void expect(const char *fields) {
    bool more = false;
    char joined[256] = "";
    ck_ok(hni_csv_next(&csv, &more, &err));
    ck_assert_int_eq(more, fields != NULL);
    if (!more) return;
    for (int32_t i = 0; i < csv.count; i++) {
        strcat(joined, i ? "|" : "");
        strcat(joined, hni_csv_field(&csv, i));
    }
    ck_assert_str_eq(joined, fields);
}

START_TEST(plain_rows) {
    open_text("a,b,c\n1,2,3\n,,\n x , y ,z");
    expect("a|b|c");
    expect("1|2|3");
    expect("||");
    expect(" x | y |z"); /* spaces are part of a field */
    expect(NULL);
    hni_csv_close(&csv);
}
END_TEST

START_TEST(quotes) {
    open_text("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"\"\n\"\"\"\",z\n");
    expect("a|b");
    expect("x, y|say \"hi\"");
    expect("two\nlines|");
    ck_assert_int_eq(csv.row_line, 3);
    expect("\"|z");
    ck_assert_int_eq(csv.row_line, 5);
    expect(NULL);
    hni_csv_close(&csv);
}
END_TEST

START_TEST(bom_and_line_ends) {
    open_text("\xEF\xBB\xBF"
              "a,b\r\n1,2\r\r\n\n3,4\r5,\"6\r\n7\"\r\n");
    expect("a|b");
    expect("1|2");
    expect("3|4");
    expect("5|6\r\n7");
    expect(NULL);
    hni_csv_rewind(&csv);
    expect("a|b");
    hni_csv_close(&csv);
}
END_TEST

START_TEST(empty_texts) {
    open_text("");
    expect(NULL);
    hni_csv_close(&csv);
    open_text("\n\r\n");
    expect(NULL);
    hni_csv_close(&csv);
    ck_ok(hni_csv_open(&csv, ctx, "m.csv", NULL, 0, &err));
    expect(NULL);
    hni_csv_close(&csv);
}
END_TEST

START_TEST(damage_names_line_and_column) {
    static const struct { const char *text, *says; } cases[] = {
        {"a,b\n1,2\n3,x\"y\n", "line 3, column 2"},
        {"a,b\n\"1\"x,2\n", "line 2, column 1"},
        {"a,b\n1,\"2\n3\n", "line 2, column 2: the quote is never closed"},
        {"a,b\n1,2,3\n", "line 2: 3 fields, but the header has 2"},
        {"a,b\n1\n", "line 2: 1 fields"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool more = true;
        hn_status status = HN_OK;
        open_text(cases[i].text);
        while (status == HN_OK && more) status = hni_csv_next(&csv, &more, &err);
        ck_assert_int_eq(status, HN_E_FORMAT);
        ck_says(cases[i].says);
        ck_says("m.csv");
        hni_csv_close(&csv);
    }
}
END_TEST

START_TEST(not_utf8) {
    static const char *const bad[] = {"a\n\x80", "a\n\xC0\xAF", "a\n\xED\xA0\x80", "a\n\xF4\x90\x80\x80", "a\n\xE2\x82"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_fails(hni_csv_open(&csv, ctx, "m.csv", bad[i], strlen(bad[i]), &err), HN_E_FORMAT);
        ck_says("line 2");
        hni_csv_close(&csv);
    }
    ck_fails(hni_csv_open(&csv, ctx, "m.csv", "a\0b", 3, &err), HN_E_FORMAT);
    ck_fails(hni_csv_open(&csv, ctx, "m.csv", "\xFF\xFE"
                                              "a",
                          3, &err),
             HN_E_FORMAT);
    ck_says("UTF-16");
    open_text("h\xC3\xA4morrhage,\xE2\x82\xAC,\xF0\x9F\xA7\xA0\n");
    expect("h\xC3\xA4morrhage|\xE2\x82\xAC|\xF0\x9F\xA7\xA0");
    hni_csv_close(&csv);
}
END_TEST

START_TEST(limits) {
    size_t n = HNI_CSV_FIELD + 16;
    char *text = malloc(n + 1);
    bool more;
    memset(text, 'x', n);
    ck_ok(hni_csv_open(&csv, ctx, "m.csv", text, HNI_CSV_FIELD, &err));
    ck_ok(hni_csv_next(&csv, &more, &err));
    ck_assert_uint_eq(strlen(hni_csv_field(&csv, 0)), HNI_CSV_FIELD);
    hni_csv_close(&csv);
    ck_ok(hni_csv_open(&csv, ctx, "m.csv", text, n, &err));
    ck_fails(hni_csv_next(&csv, &more, &err), HN_E_LIMIT);
    hni_csv_close(&csv);
    text[0] = '"'; /* an open quote ends at the limit, not at the end of a huge file */
    text[5] = '\n';
    ck_ok(hni_csv_open(&csv, ctx, "m.csv", text, n, &err));
    ck_fails(hni_csv_next(&csv, &more, &err), HN_E_LIMIT);
    ck_says("closing quote");
    hni_csv_close(&csv);
    memset(text, ',', n);
    ck_ok(hni_csv_open(&csv, ctx, "m.csv", text, HNI_CSV_COLUMNS - 1, &err));
    ck_ok(hni_csv_next(&csv, &more, &err));
    ck_assert_int_eq(csv.count, HNI_CSV_COLUMNS);
    hni_csv_close(&csv);
    ck_ok(hni_csv_open(&csv, ctx, "m.csv", text, HNI_CSV_COLUMNS, &err));
    ck_fails(hni_csv_next(&csv, &more, &err), HN_E_LIMIT);
    hni_csv_close(&csv);
    free(text);
    ck_fails(hni_csv_open(&csv, ctx, "m.csv", "", (size_t)HNI_CSV_BYTES + 1, &err), HN_E_LIMIT);
}
END_TEST

START_TEST(row_limit) {
    size_t rows = HNI_CSV_ROWS + 1, size = 2 * (rows + 1);
    char *text = malloc(size);
    bool more = true;
    hn_status status = HN_OK;
    for (size_t i = 0; i < size; i += 2) memcpy(text + i, "1\n", 2);
    ck_ok(hni_csv_open(&csv, ctx, "m.csv", text, size, &err));
    while (status == HN_OK && more) status = hni_csv_next(&csv, &more, &err);
    ck_assert_int_eq(status, HN_E_LIMIT);
    ck_assert_int_eq(csv.row_line, HNI_CSV_ROWS + 2);
    hni_csv_close(&csv);
    free(text);
}
END_TEST

/* Any bytes end in rows or in a reason, never in a crash or an endless loop. */
START_TEST(random_texts) {
    static const char letters[] = "ab,,\"\"\n\r\xC3\xA4";
    uint64_t state = test_seed();
    for (int round = 0; round < 20000; round++) {
        char text[40];
        bool more = true;
        size_t n = 0;
        int steps = 0;
        for (; n < sizeof text; n++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            text[n] = letters[(state >> 33) % (sizeof letters - 1)];
            if ((state >> 50) % 40 == 0) break;
        }
        char *exact = malloc(n + 1); /* so that the sanitizer sees a read past the end */
        memcpy(exact, text, n);
        hn_status status = hni_csv_open(&csv, ctx, "m.csv", exact, n, &err);
        while (status == HN_OK && more && steps++ < 100) status = hni_csv_next(&csv, &more, &err);
        ck_assert_int_lt(steps, 100);
        hni_csv_close(&csv);
        free(exact);
    }
}
END_TEST

int main(void) {
    const TTest *const cases[] = {plain_rows, quotes, bom_and_line_ends, empty_texts, damage_names_line_and_column, not_utf8, limits,
                                  row_limit, random_texts};
    return run_cases("csv", cases, sizeof cases / sizeof *cases);
}
