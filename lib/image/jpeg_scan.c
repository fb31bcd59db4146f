/* jpeg_scan.c - walks over a JPEG's compressed data, code by code, without making pixels.
 *
 * stb_image 2.27 decodes whatever bits come: data that end early become grey, and damaged ones lead it into undefined behaviour
 * (CVE-2021-37789, CVE-2022-28041, CVE-2022-28042). For a picture that someone's diagnosis hangs on neither will do, so every scan is
 * first walked here: each code must exist, each run end inside its block, each DC value fit, and the data last to the final block.
 * The walk counts bits exactly as stb_image does. Of a sequential scan's coefficients only their number matters, so it leaps over two at a
 * time; it costs about a quarter of the time of decoding. Progressive scans need to know which coefficients are already set: one bit each. */
#include <string.h>

#include "../base/status.h"
#include "jpeg.h"

/* Bits of the compressed data: stuffing is taken out, markers stop it. */
typedef struct {
    const uint8_t *at, *end;
    uint64_t bits; /* the next bit is the highest */
    int count;
} reader;

/* Takes in bytes one by one. */
static void refill_slowly(reader *r) {
    while (r->count <= 56 && r->at < r->end) {
        const uint8_t *next = r->at + 1;
        if (*r->at == 0xff) {
            while (next < r->end && *next == 0xff)
                next++;
            if (next == r->end || *next != 0)
                return; /* a marker, or the end of the file */
            next++;
        }
        r->bits |= (uint64_t)*r->at << (56 - r->count);
        r->count += 8;
        r->at = next;
    }
}

/* Brings the count above 56, as far as there are data; 0 ≤ count ≤ 56. Eight bytes at once where none of them may begin a marker. */
static inline void refill(reader *r) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t word;
    if (r->end - r->at >= 8) {
        memcpy(&word, r->at, sizeof word);
        if (!((~word - ones) & word & tops)) { /* no byte is 0xff */
            const int n = (64 - r->count) / 8;
            word = __builtin_bswap64(word) >> (64 - 8 * n) << (64 - 8 * n);
            r->bits |= word >> r->count;
            r->count += 8 * n;
            r->at += n;
            return;
        }
    }
    refill_slowly(r);
}

/* The next n ≤ 16 bits; -1 if there are fewer. */
static int32_t take(reader *r, int n) {
    if (r->count < n)
        refill(r);
    if (r->count < n)
        return -1;
    const int32_t value = n ? (int32_t)(r->bits >> (64 - n)) : 0;
    r->bits <<= n;
    r->count -= n;
    return value;
}

static int32_t symbol(reader *r, const hni_jpeg_codes *codes) {
    if (r->count < 32) /* a code and the bits that belong to it */
        refill(r);
    const uint16_t entry = codes->fast[r->bits >> (64 - HNI_JPEG_FAST)];
    int length = entry >> 8;
    int32_t value = entry & 255;
    if (!entry) {
        const uint32_t code = (uint32_t)(r->bits >> 48);
        for (length = HNI_JPEG_FAST + 1; code >= codes->limit[length]; length++)
            ;
        if (length > 16)
            return -1;
        value = codes->symbol[(int32_t)(code >> (16 - length)) + codes->delta[length]];
    }
    if (length > r->count)
        return -1;
    r->bits <<= length;
    r->count -= length;
    return value;
}

/* A signed value of n ≤ 15 bits. */
static bool receive(reader *r, int n, int32_t *value) {
    const int32_t v = take(r, n);
    *value = v + (((v - (1 << n >> 1)) >> 31) & (1 - (1 << n))); /* no branch: nothing foretells a sign */
    return v >= 0;
}

static bool walk_dc(hni_jpeg *j, hni_jpeg_component *c, reader *r) {
    int32_t difference = 0;
    const int32_t n = symbol(r, &j->dc[c->dc]);
    if (n < 0 || n > 15 || !receive(r, n, &difference))
        return false;
    c->last_dc += difference;
    return c->last_dc >= -32767 && c->last_dc <= 32767; /* what the decoder multiplies stays in 32 bits */
}

/* Over one code that leaps do not cover, and its value; k moves on to the next coefficient, beyond 64 for more than there are. -1 if the
 * code does not exist or the data end, 1 at the end of the block, else 0. */
static int step(reader *r, const hni_jpeg_codes *codes, int *k) {
    const int32_t rs = symbol(r, codes), run = rs >> 4, n = rs & 15;
    if (rs < 0)
        return -1;
    if (!n) {
        *k += 16;
        return run != 15;
    }
    *k += run + 1;
    return *k > 64 || take(r, n) < 0 ? -1 : 0;
}

/* The reader is copied, for registers to hold it. */
static bool walk_sequential(hni_jpeg *j, hni_jpeg_component *c, reader *r) {
    const hni_jpeg_codes *codes = &j->ac[c->ac];
    if (!walk_dc(j, c, r))
        return false;
    reader now = *r;
    int ended = 0;
    for (int k = 1; k < 64 && !ended;) {
        if (now.count < HNI_JPEG_LEAP) {
            *r = now;
            refill(r);
            now = *r;
        }
        const uint16_t entry = codes->leap[now.bits >> (64 - HNI_JPEG_LEAP)];
        const int bits = entry & 15, on = entry >> 4 & 127;
        if (k + on < 64 && bits <= now.count) {
            now.bits <<= bits;
            now.count -= bits;
            k += on;
            ended = entry >> 15;
            continue;
        }
        *r = now;
        ended = step(r, codes, &k);
        now = *r;
    }
    *r = now;
    return ended >= 0;
}

static bool walk_ac_first(hni_jpeg *j, hni_jpeg_component *c, reader *r, uint64_t *nonzero) {
    const hni_jpeg_codes *codes = &j->ac[c->ac];
    if (j->end_run) {
        j->end_run--;
        return true;
    }
    for (int k = j->first; k <= j->last;) {
        const int32_t rs = symbol(r, codes), run = rs >> 4, n = rs & 15;
        int32_t value = 0;
        if (rs < 0)
            return false;
        if (n) {
            k += run;
            if (k > j->last || !receive(r, n, &value))
                return false;
            value = (value < 0 ? -value : value) << j->low;
            if (value > 32767) /* the decoder would cut it to 16 bits, perhaps to 0, and lose count */
                return false;
            *nonzero |= UINT64_C(1) << k++;
        } else if (run == 15) {
            k += 16;
        } else {
            value = take(r, run);
            j->end_run = (1 << run) + value - 1;
            return value >= 0;
        }
    }
    return true;
}

/* One correction bit for each coefficient from k on that is set, until `zeros` that are not have gone by; where that ends in *at. */
static bool correct(const hni_jpeg *j, reader *r, uint64_t nonzero, int k, int32_t zeros, int *at) {
    for (; k <= j->last; k++) {
        if (nonzero >> k & 1) {
            if (take(r, 1) < 0)
                return false;
        } else if (zeros-- == 0) {
            break;
        }
    }
    *at = k;
    return true;
}

static bool walk_ac_refine(hni_jpeg *j, hni_jpeg_component *c, reader *r, uint64_t *nonzero) {
    const hni_jpeg_codes *codes = &j->ac[c->ac];
    int k = j->first;
    if (j->end_run) {
        j->end_run--;
        return correct(j, r, *nonzero, k, 64, &k);
    }
    while (k <= j->last) {
        const int32_t rs = symbol(r, codes), n = rs & 15;
        int32_t run = rs >> 4;
        if (rs < 0 || n > 1)
            return false;
        if (n && take(r, 1) < 0) /* the sign */
            return false;
        if (!n && run < 15) {
            const int32_t more = take(r, run);
            if (more < 0)
                return false;
            j->end_run = (1 << run) - 1 + more;
            run = 64;
        }
        if (!correct(j, r, *nonzero, k, run, &k))
            return false;
        if (n && k <= j->last)
            *nonzero |= UINT64_C(1) << k;
        k++;
    }
    return true;
}

static bool walk_block(hni_jpeg *j, hni_jpeg_component *c, reader *r, size_t block) {
    if (!j->progressive)
        return walk_sequential(j, c, r);
    uint64_t *nonzero = c->nonzero + block;
    if (j->first)
        return j->high ? walk_ac_refine(j, c, r, nonzero) : walk_ac_first(j, c, r, nonzero);
    if (j->high)
        return take(r, 1) >= 0;
    *nonzero = 0; /* the decoder clears the block when it reads its first DC value */
    return walk_dc(j, c, r);
}

/* One unit of the scan: a block if it has one component, else the blocks that each component has in an MCU. */
static bool walk_unit(hni_jpeg *j, reader *r, int32_t x, int32_t y) {
    if (j->n == 1) {
        hni_jpeg_component *c = &j->part[j->order[0]];
        return walk_block(j, c, r, (size_t)y * (size_t)c->stride + (size_t)x);
    }
    for (int i = 0; i < j->n; i++) {
        hni_jpeg_component *c = &j->part[j->order[i]];
        for (int32_t row = y * c->v; row < (y + 1) * c->v; row++)
            for (int32_t column = x * c->h; column < (x + 1) * c->h; column++)
                if (!walk_block(j, c, r, (size_t)row * (size_t)c->stride + (size_t)column))
                    return false;
    }
    return true;
}

static void begin(hni_jpeg *j, reader *r) {
    for (int i = 0; i < 4; i++)
        j->part[i].last_dc = 0;
    j->end_run = 0;
    r->bits = 0;
    r->count = 0;
}

/* Over the restart marker that is due here; `number` counts them. */
static bool pass_restart(hni_jpeg *j, reader *r, int32_t number) {
    refill(r);
    if (r->count >= 8)
        return false; /* more data than the blocks so far can use */
    const uint8_t *p = r->at;
    while (p + 1 < r->end && p[0] == 0xff && p[1] == 0xff)
        p++;
    if (p + 1 >= r->end || p[0] != 0xff || p[1] != 0xd0 + number % 8)
        return false;
    r->at = p + 2;
    begin(j, r);
    return true;
}

/* To the next marker that is no restart. Bytes in between are padding that some cameras leave. */
static void pass_rest(hni_jpeg *j, const reader *r) {
    const uint8_t *p = r->at;
    while (p + 1 < r->end && (p[0] != 0xff || p[1] == 0 || p[1] == 0xff || (p[1] >= 0xd0 && p[1] <= 0xd7)))
        p++;
    j->at = p + 1 < r->end ? (size_t)(p - j->bytes) : j->size;
}

hn_status hni_jpeg_scan(hni_jpeg *j, hn_error *err) {
    const hni_jpeg_component *only = &j->part[j->order[0]];
    const int32_t wide = j->n == 1 ? only->wide : j->units_x, high = j->n == 1 ? only->high : j->units_y;
    reader r = {j->bytes + j->at, j->bytes + j->size, 0, 0};
    int32_t until_restart = j->restart, restarts = 0;
    begin(j, &r);
    for (int i = 0; i < j->n && !j->progressive; i++)
        hni_jpeg_codes_leaps(&j->ac[j->part[j->order[i]].ac]);
    for (int32_t y = 0; y < high; y++) {
        for (int32_t x = 0; x < wide; x++) {
            if (j->restart && until_restart-- == 0) {
                if (!pass_restart(j, &r, restarts++))
                    return hni_fail(err, HN_E_FORMAT, "JPEG: no restart marker where one is due, in row %d of %d of scan %d: damaged",
                                    (int)y, (int)high, (int)j->scans);
                until_restart = j->restart - 1;
            }
            if (!walk_unit(j, &r, x, y))
                return hni_fail(err, HN_E_FORMAT, "JPEG: the data of scan %d %s in row %d of %d; get it again", (int)j->scans,
                                r.at >= r.end ? "are truncated" : "are damaged or cut short", (int)y, (int)high);
        }
    }
    pass_rest(j, &r);
    return HN_OK;
}

bool hni_jpeg_codes_make(hni_jpeg_codes *codes, const uint8_t *counts, const uint8_t *symbols, int n) {
    uint32_t code = 0;
    int index = 0;
    memset(codes, 0, sizeof *codes);
    memcpy(codes->symbol, symbols, (size_t)n);
    for (int length = 1; length <= 16; length++, code <<= 1) {
        codes->delta[length] = index - (int32_t)code;
        for (int i = 0; i < counts[length - 1]; i++, index++, code++) {
            if (code >> length)
                return false;
            for (uint32_t f = 0; length <= HNI_JPEG_FAST && f < 1u << (HNI_JPEG_FAST - length); f++)
                codes->fast[(code << (HNI_JPEG_FAST - length)) + f] = (uint16_t)(length << 8 | symbols[index]);
        }
        codes->limit[length] = code << (16 - length);
    }
    codes->limit[17] = UINT32_MAX;
    codes->defined = true;
    return true;
}

/* What one short code passes over: as in codes->leap. */
static uint16_t leap_of(const hni_jpeg_codes *codes, uint32_t bits) {
    const uint16_t entry = codes->fast[bits >> (HNI_JPEG_LEAP - HNI_JPEG_FAST)];
    const int run = entry >> 4 & 15, n = entry & 15, length = (entry >> 8) + n;
    if (!entry || length > HNI_JPEG_LEAP)
        return HNI_JPEG_NONE;
    if (n)
        return (uint16_t)(length | (run + 1) << 4);
    return (uint16_t)(run == 15 ? length | 16 << 4 : length | HNI_JPEG_ENDS);
}

void hni_jpeg_codes_leaps(hni_jpeg_codes *codes) {
    const uint32_t all = 1u << HNI_JPEG_LEAP;
    uint16_t one[1 << HNI_JPEG_LEAP];
    if (codes->leaps)
        return;
    for (uint32_t i = 0; i < all; i++)
        one[i] = leap_of(codes, i);
    for (uint32_t i = 0; i < all; i++) {
        const int bits = one[i] & 15;
        const uint16_t next = one[i << bits & (all - 1)]; /* its last bits are not known yet */
        const bool both = one[i] < HNI_JPEG_NONE && next != HNI_JPEG_NONE && bits + (next & 15) <= HNI_JPEG_LEAP;
        codes->leap[i] = both ? (uint16_t)(one[i] + next) : one[i];
    }
    codes->leaps = true;
}
