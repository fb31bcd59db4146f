/* jpeg.h - what jpeg_check.c (segments) and jpeg_scan.c (compressed data) know of a JPEG between them. */
#ifndef HNI_IMAGE_JPEG_H
#define HNI_IMAGE_JPEG_H

#include "formats.h"

enum {
    HNI_JPEG_FAST = 9,  /* bits of code that one look-up resolves */
    HNI_JPEG_LEAP = 11, /* bits of code and value that one look-up passes over */
    HNI_JPEG_NONE = 64 << 4, /* more coefficients than any block has left */
    HNI_JPEG_ENDS = 1 << 15
};

/* A Huffman table. */
typedef struct hni_jpeg_codes {
    bool defined;
    uint16_t fast[1 << HNI_JPEG_FAST]; /* length << 8 | symbol, 0 = longer code or none */
    uint32_t limit[18];                /* one past the last code of each length, in 16-bit terms; [17] is above all */
    int32_t delta[17];                 /* symbol index - code */
    uint8_t symbol[256];
    bool leaps;                        /* leap is there; a sequential scan makes it for its AC coefficients */
    uint16_t leap[1 << HNI_JPEG_LEAP]; /* bits that one or two whole codes and values take | coefficients that they are << 4 |
                                          HNI_JPEG_ENDS if the last ends the block; HNI_JPEG_NONE if the first is not so short */
} hni_jpeg_codes;

typedef struct hni_jpeg_component {
    int id, h, v, quant; /* as in the frame header */
    int dc, ac;          /* tables, as in the scan header */
    int32_t wide, high;  /* blocks that hold pixels */
    int32_t stride;      /* blocks of a row, those that fill up the last unit included */
    int32_t last_dc;
    bool seen;           /* a scan has brought its DC values */
    uint64_t *nonzero;   /* progressive: a bit for each coefficient that is not 0, a word for each block */
} hni_jpeg_component;

typedef struct hni_jpeg {
    const uint8_t *bytes;
    size_t size, at;
    int32_t width, height, count; /* px, px, components */
    int32_t units_x, units_y;     /* MCUs of an interleaved scan */
    int32_t scans, restart;       /* scans so far; restart interval, 0 = none */
    bool progressive, quant[4];   /* quantisation tables that are defined */
    hni_jpeg_component part[4];
    hni_jpeg_codes dc[4], ac[4];
    /* The current scan. */
    int32_t n, order[4];
    int first, last, high, low; /* spectral selection; successive approximation */
    int32_t end_run;            /* blocks still to come that have ended already */
} hni_jpeg;

/* Builds a table from the 16 counts and the symbols of a DHT segment; false if the counts are those of no code. */
bool hni_jpeg_codes_make(hni_jpeg_codes *codes, const uint8_t *counts, const uint8_t *symbols, int n);

/* Makes codes->leap, unless it is there. */
void hni_jpeg_codes_leaps(hni_jpeg_codes *codes);

/* Walks over the compressed data of the scan that begins at j->at; leaves j->at at the marker after it. */
hn_status hni_jpeg_scan(hni_jpeg *j, hn_error *err);

#endif
