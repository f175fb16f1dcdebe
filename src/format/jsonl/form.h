/* format/jsonl/form.h - text that stands for a date, time, timestamp or uuid.
 *
 * A column of strings gets such a type only when all its values have one form, so that the text can be
 * had back from the value. Any thread. */
#pragma once
#include "wherry/batch.h"

/* Rules that tell from a value how many digits its fraction has; without one all must have the same count. */
enum wh_jsonl_fraction_style {
    WH_JSONL_GROUPS = 1,  /* 0, 3, 6 or 9 digits, as few as it needs */
    WH_JSONL_TRIMMED = 2, /* as few as it needs */
};

struct wh_jsonl_form {
    enum wh_type type; /* DATE32, TIME64, TIMESTAMP, UUID; UTF8: any text */
    char separator;    /* TIMESTAMP: 'T' or a space between date and time */
    bool zoned;        /* TIMESTAMP: a Z behind it */
    unsigned styles;   /* TIME64, TIMESTAMP: of fractions, bits of wh_jsonl_fraction_style; what all have */
    bool is_mixed;     /* TIME64, TIMESTAMP: fractions differ in length */
    bool fits_nano;    /* TIMESTAMP: in the range of nanoseconds in 64 bits */
    uint8_t fraction;  /* TIME64, TIMESTAMP: most digits behind the point */
};

/* The form of a text; UTF8 when there is none or the value does not exist (2023-02-29). */
struct wh_jsonl_form wh_jsonl_form_of(struct wh_slice text);
/* The form of a column that has values of both. */
struct wh_jsonl_form wh_jsonl_form_join(struct wh_jsonl_form a, struct wh_jsonl_form b);
/* MICRO, or NANO for more than six digits. */
enum wh_time_unit wh_jsonl_form_unit(const struct wh_jsonl_form *form);

/* Reads text of the form into a value: 4 bytes of DATE32, 8 of TIME64 and TIMESTAMP, 16 of UUID. False
 * when the text has another form or is no value. */
bool wh_jsonl_form_parse(const struct wh_jsonl_form *form, struct wh_slice text, void *out);
