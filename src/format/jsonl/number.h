/* format/jsonl/number.h - which types hold a JSON number exactly. Any thread. */
#pragma once
#include "base/num.h"
#include "format/jsonl/lex.h"
#include "wherry/batch.h"

/* What the numbers of a column have in common. An all-zero struct: none yet. */
struct wh_jsonl_numbers {
    bool not_integer; /* a fraction, exponent or negative zero */
    bool not_double;  /* one is changed by being a double */
    bool not_decimal; /* one has no decimal with WH_DECIMAL_MAX_DIGITS digits */
    bool negative;
    bool not_int64;
    bool not_uint64;      /* apart from its sign */
    uint8_t whole_digits; /* most digits before the point */
    uint8_t scale;        /* most digits behind the point that are not trailing zeros */
};

/* Adds a number; text is well-formed. */
void wh_jsonl_numbers_add(struct wh_jsonl_numbers *all, const struct wh_jsonl_number *n,
                          struct wh_slice text);

/* The type that holds all of them; WH_UTF8 when only their text does. */
enum wh_type wh_jsonl_numbers_type(const struct wh_jsonl_numbers *all, uint8_t *precision, uint8_t *scale);

/* The double that stands for exactly this number: its shortest text is the same number. */
bool wh_jsonl_number_double(struct wh_slice text, double *out);
