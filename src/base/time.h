/* base/time.h - civil time from and to text (proleptic Gregorian, UTC), and clocks.
 *
 * Text forms are those of ISO 8601 as databases write them: 2024-02-29, 23:59:59.123456,
 * 2024-02-29 23:59:59.5 or with T, and with Z, +05, +05:30 or +0530 behind. Years have four digits
 * (more, or a leading minus: accepted and written only outside 0000..9999). Parsers take the whole slice
 * or fail; a fraction finer than the unit fails (zeros do no harm), so does a leap second. Any thread. */
#pragma once
#include "wherry/batch.h"

int32_t wh_days_from_civil(int64_t year, unsigned month, unsigned day);
void wh_civil_from_days(int32_t days, int64_t *year, unsigned *month, unsigned *day);

bool wh_parse_date(struct wh_slice s, int32_t *out_days);
bool wh_parse_time(struct wh_slice s, enum wh_time_unit unit, int64_t *out);
/* *has_zone tells whether the text carried Z or an offset; *out is UTC then, local otherwise. */
bool wh_parse_timestamp(struct wh_slice s, enum wh_time_unit unit, int64_t *out, bool *has_zone);

#define WH_TIME_TEXT 64
size_t wh_format_date(char *out, int32_t days);
/* With as many fraction digits as the value needs: none, or 3, 6, 9. */
size_t wh_format_time(char *out, int64_t value, enum wh_time_unit unit);
/* "2024-02-29T23:59:59.123" and, when zoned, "Z". */
size_t wh_format_timestamp(char *out, int64_t value, enum wh_time_unit unit, bool zoned);
/* ISO 8601 duration "P1Y2M3DT4H5M6.7S" of a WH_INTERVAL value (16 bytes). */
size_t wh_format_interval(char *out, const void *value);
/* Reads such a duration (also with weeks); each part may carry a minus sign. */
bool wh_parse_interval(struct wh_slice s, void *out);

/* Units in a second: 1, 1000, ... */
int64_t wh_units_per_second(enum wh_time_unit unit);

int64_t wh_now_us(void);       /* wall clock, microseconds UTC */
int64_t wh_monotonic_us(void); /* for durations */
