/* look.c - grey levels → 48 × 48 means → the signs of their lowest cosine coefficients.
 *
 * Whole numbers all the way. A coefficient that is nearly zero has a sign that rounding decides, so sums of floats would give other bits on
 * another machine, and model files would differ. Means have 8 bits behind the point, cosines 14: no sum leaves 64 bits. */
#include "look.h"

enum { CELLS = 48, SIDE = HNI_LOOK_SIDE, LOW = HNI_LOOK_LOW, PERIOD = 4 * CELLS, PLAIN = 4 * 256 /* grey levels · 256 */ };

/* 2^14 cos(j π / 96) */
static const int32_t quarter[49] = {16384, 16375, 16349, 16305, 16244, 16165, 16069, 15956, 15826, 15679, 15515, 15334, 15137, 14924, 14694, 14449,
                                    14189, 13913, 13623, 13318, 12998, 12665, 12318, 11958, 11585, 11200, 10803, 10394, 9974, 9543, 9102, 8652, 8192,
                                    7723, 7246, 6762, 6270, 5771, 5266, 4756, 4240, 3720, 3196, 2669, 2139, 1606, 1072, 536, 0};

static int64_t cosine(int j) {
    j %= PERIOD;
    if (j > PERIOD / 2) j = PERIOD - j;
    return j <= CELLS ? quarter[j] : -quarter[2 * CELLS - j];
}

/* A row of pixels into the sums of its cells. In units of 1/48 px cell c reaches from c · width to (c + 1) · width. */
static void add_up_row(const uint8_t *row, int64_t width, int64_t sums[CELLS]) {
    for (int64_t c = 0; c < CELLS; c++) {
        const int64_t from = c * width, to = from + width, first = from / CELLS, last = (to - 1) / CELLS;
        int64_t sum = 0;
        for (int64_t x = first + 1; x < last; x++) sum += row[x];
        sum *= CELLS;
        if (first == last) {
            sum = width * row[first];
        } else {
            sum += ((first + 1) * CELLS - from) * row[first] + (to - last * CELLS) * row[last];
        }
        sums[c] = sum;
    }
}

/* Means of the cells, grey levels · 256. */
static void find_means(const uint8_t *grey, int64_t width, int64_t height, int64_t means[CELLS][CELLS]) {
    int64_t sums[CELLS];
    for (int r = 0; r < CELLS; r++)
        for (int c = 0; c < CELLS; c++) means[r][c] = 0;
    for (int64_t y = 0; y < height; y++) {
        add_up_row(grey + y * width, width, sums);
        for (int64_t r = y * CELLS / height; r < CELLS && r * height < (y + 1) * CELLS; r++) {
            const int64_t from = r * height > y * CELLS ? r * height : y * CELLS,
                          to = (r + 1) * height < (y + 1) * CELLS ? (r + 1) * height : (y + 1) * CELLS;
            for (int c = 0; c < CELLS; c++) means[r][c] += (to - from) * sums[c];
        }
    }
    for (int r = 0; r < CELLS; r++)
        for (int c = 0; c < CELLS; c++) means[r][c] = means[r][c] * 256 / (width * height);
}

static bool is_plain(int64_t means[CELLS][CELLS]) {
    int64_t low = means[0][0], high = means[0][0];
    for (int r = 0; r < CELLS; r++)
        for (int c = 0; c < CELLS; c++) {
            low = means[r][c] < low ? means[r][c] : low;
            high = means[r][c] > high ? means[r][c] : high;
        }
    return high - low < PLAIN;
}

hni_look hni_look_of(const uint8_t *grey, int32_t width, int32_t height) {
    int64_t means[CELLS][CELLS], half[CELLS][SIDE];
    hni_look look = {0};
    find_means(grey, width, height, means);
    look.plain = is_plain(means);
    for (int r = 0; r < CELLS; r++)
        for (int v = 0; v < SIDE; v++) {
            half[r][v] = 0;
            for (int c = 0; c < CELLS; c++) half[r][v] += means[r][c] * cosine((2 * c + 1) * v);
        }
    for (int u = 0; u < SIDE; u++)
        for (int v = 0; v < SIDE; v++) {
            int64_t sum = 0;
            for (int r = 0; r < CELLS; r++) sum += half[r][v] * cosine((2 * r + 1) * u);
            if (sum > 0 && u + v > 0) look.rows[u] |= UINT32_C(1) << v;
        }
    return look;
}

static hni_look transposed(const hni_look *look) {
    hni_look out = {.plain = look->plain};
    for (int u = 0; u < SIDE; u++)
        for (int v = 0; v < SIDE; v++) out.rows[u] |= (look->rows[v] >> u & 1) << v;
    return out;
}

hni_look hni_look_turned(const hni_look *look, int turn) {
    hni_look out = turn & 4 ? transposed(look) : *look;
    for (int u = 0; u < SIDE; u++) {
        if (turn & 1) out.rows[u] ^= UINT32_C(0xAAAAAA); /* odd horizontal frequencies */
        if (turn & 2 && u % 2) out.rows[u] ^= UINT32_C(0xFFFFFF); /* odd vertical ones */
    }
    return out;
}

int hni_look_distance(const hni_look *a, const hni_look *b) {
    int n = 0;
    for (int u = 0; u < LOW && n <= HNI_LOOK_NEAR; u += 2) /* two rows at once */
        n += __builtin_popcountll((uint64_t)((a->rows[u] ^ b->rows[u]) & 0xFFFF) << 16 | ((a->rows[u + 1] ^ b->rows[u + 1]) & 0xFFFF));
    return n;
}

int hni_look_detail(const hni_look *a, const hni_look *b) {
    int n = 0;
    for (int u = 0; u < SIDE; u++) n += __builtin_popcount((a->rows[u] ^ b->rows[u]) & (u < LOW ? UINT32_C(0xFF0000) : UINT32_C(0xFFFFFF)));
    return n;
}
