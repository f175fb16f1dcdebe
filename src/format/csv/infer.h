/* format/csv/infer.h - the narrowest type of a column from the texts of its values.
 *
 * A type is possible as long as every value seen has the one spelling from which the value gives its text
 * back. The order of preference: bigint, decimal, double, bool, date, time, timestamp, uuid, text. */
#pragma once
#include "batch/schema.h"
#include "format/csv/cell.h"

/* How a column's text is turned into values. */
enum wh_csv_kind {
    WH_CSV_INT,
    WH_CSV_DECIMAL,      /* up to 18 digits */
    WH_CSV_DECIMAL_WIDE, /* up to 38 digits */
    WH_CSV_FLOAT,
    WH_CSV_BOOL,
    WH_CSV_DATE,
    WH_CSV_TIME,
    WH_CSV_TIMESTAMP,
    WH_CSV_UUID,
    WH_CSV_TEXT,
    WH_CSV_NARROW, /* declared integers of less than 8 bytes */
    WH_CSV_OTHER,  /* declared types without a loop of their own */
};

/* Words that stand for null in columns whose other values share a type, unless the user gave null words. */
#define WH_CSV_NULL_WORDS 8
extern const char *const wh_csv_null_words[WH_CSV_NULL_WORDS];
#define WH_CSV_NO_WORD (-1)
/* Index of the null word that the text is, or WH_CSV_NO_WORD. */
int wh_csv_null_word(const char *p, size_t len);

/* What has been seen of a column; all-zero before the first value. */
struct wh_csv_evidence {
    uint64_t values; /* neither empty nor null words */
    uint64_t words;  /* null words */
    uint16_t kinds;  /* bit set of enum wh_csv_kind that are possible, once there is a value */
    uint8_t word_set;
    uint8_t scale, whole;              /* decimal: digits behind the point, most digits before it */
    uint8_t bools;                     /* bit set of spellings */
    uint8_t separators;                /* timestamp: bit 0 ' ', bit 1 'T' */
    uint8_t zone;                      /* timestamp */
    int16_t offset_min;                /* timestamp */
    uint8_t fractions;                 /* time, timestamp: set of enum wh_csv_fraction but FIXED */
    uint8_t least_digits, most_digits; /* of fractions */
    bool nanos_overflow;               /* timestamp: some value does not fit nanoseconds */
};

/* Adds a value, len > 0. auto_words: null words do not count as values. False: it changed nothing. */
bool wh_csv_evidence_add(struct wh_csv_evidence *e, const char *p, size_t len, bool auto_words);

/* What the evidence says. */
struct wh_csv_guess {
    enum wh_csv_kind kind;
    struct wh_csv_spelling spelling;
    int word; /* the null word of the column or WH_CSV_NO_WORD */
};
void wh_csv_evidence_guess(const struct wh_csv_evidence *e, struct wh_csv_guess *out);
/* Sets type, precision, scale, unit and zone (owned) of a field whose name is set. */
enum wh_status wh_csv_guess_type(const struct wh_csv_guess *g, struct wh_field *out, struct wh_error *err);
