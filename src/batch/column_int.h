/* batch/column_int.h - private to src/batch: parts of columns and ranges of bits. */
#pragma once
#include "batch/builder.h"

/* Sees to it that offsets begin with 0. */
enum wh_status wh_column_start_offsets(struct wh_column *c, struct wh_error *err);
/* Makes the validity bitmap, all values so far present, unless there is one; room must be reserved. */
void wh_column_start_validity(struct wh_column *c);
/* Fails with WH_LIMIT: offsets would pass 32 bits. */
enum wh_status wh_column_too_big(const struct wh_column *c, struct wh_error *err);

/* Set bits in [from, from + n). */
int64_t wh_bits_count(const uint8_t *map, int64_t from, int64_t n);
/* Writes bits [from, from + n) of src as bits [at, at + n) of dst. Bits of dst from `at` to the end of its
 * byte and of all later bytes must be clear or not yet written; those behind at + n in the last byte are
 * clear afterwards. Reads no byte without a wanted bit. */
void wh_bits_copy(uint8_t *dst, int64_t at, const uint8_t *src, int64_t from, int64_t n);
/* Sets bits [at, at + n), same terms. */
void wh_bits_fill(uint8_t *dst, int64_t at, int64_t n);
