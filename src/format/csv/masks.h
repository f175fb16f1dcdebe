/* format/csv/masks.h - finds quotes, delimiters and newlines 64 bytes at a time. */
#pragma once
#include "format/csv/state.h"

#define WH_CSV_SPAN_WORDS 64 /* words that are classified in one go */
#define WH_CSV_SPAN_BYTES ((size_t)64 * WH_CSV_SPAN_WORDS)

/* Instruction sets; all give the same results. */
enum wh_csv_level { WH_CSV_PORTABLE, WH_CSV_SSE2, WH_CSV_AVX2 };
/* The best one that this machine has. */
enum wh_csv_level wh_csv_best_level(void);

/* A span of text; words from n on are not set. */
struct wh_csv_span {
    uint64_t quote[WH_CSV_SPAN_WORDS];
    uint64_t sep[WH_CSV_SPAN_WORDS];
    uint64_t newline[WH_CSV_SPAN_WORDS];
    uint32_t strays; /* wh_csv_stray bytes in all words */
    bool quoted;     /* any quote or escape */
    bool high;       /* any byte above 127 */
    bool nul;        /* any byte 0 */
};

/* Classifies n_words words at text. Any thread. */
void wh_csv_classify(enum wh_csv_level level, const struct wh_csv_dialect *d, const uint8_t *text,
                     size_t n_words, struct wh_csv_span *out);
/* Classifies one word of which only n bytes are there: the others have no bits. */
void wh_csv_classify_tail(enum wh_csv_level level, const struct wh_csv_dialect *d, const uint8_t *text,
                          size_t n, struct wh_csv_span *out);

/* Writes the positions of all bits, that of the first word's bit 0 being base, and gives their end; up to
 * seven more may be overwritten. */
uint32_t *wh_csv_positions(enum wh_csv_level level, const uint64_t *words, size_t n_words, uint32_t base,
                           uint32_t *out);
/* Number of set bits. */
uint64_t wh_csv_count_bits(enum wh_csv_level level, const uint64_t *words, size_t n_words);

/* Bytes from text on, in whole words up to n, without a quote or escape; adds the newlines in them to
 * *newlines. The result is a multiple of 64. */
size_t wh_csv_plain_run(enum wh_csv_level level, const struct wh_csv_dialect *d, const uint8_t *text,
                        size_t n, uint64_t *newlines);
/* Number of bytes equal to byte. */
uint64_t wh_csv_count(const uint8_t *text, size_t n, uint8_t byte);
