/* support/random_batch.h - random schemas and values of every type, and the comparison of batches.
 *
 * The same seed gives the same schema and values; a seed must not be 0. Values are often those at the
 * edges: least, greatest, zero, empty, NaN, -0, infinities. Texts are valid UTF-8 without NUL, JSON is
 * valid and never a bare null, keys of one map differ. */
#pragma once
#include "batch/builder.h"

/* Flags: types that must not appear, as RANDOM_WITHOUT(WH_MAP) | ... */
#define RANDOM_WITHOUT(type) (1u << (type))
#define RANDOM_NO_NESTED (RANDOM_WITHOUT(WH_LIST) | RANDOM_WITHOUT(WH_STRUCT) | RANDOM_WITHOUT(WH_MAP))
#define RANDOM_ALL_TYPES (1u << 30) /* a column of every type that may appear; else 1 to 8 random ones */

uint64_t random_next(uint64_t *seed);
/* A number in [0, n). */
uint64_t random_below(uint64_t *seed, uint64_t n);

enum wh_status random_schema(struct wh_schema *out, uint64_t *seed, unsigned flags, struct wh_error *err);
/* Appends n rows. */
enum wh_status random_rows(struct wh_batch *b, int64_t n, uint64_t *seed, struct wh_error *err);
/* Same types, rows, nulls and values (NaNs are equal, 0 and -0 are not). Names of columns are not compared.
 * Otherwise *why says where they differ first. */
bool batches_equal(const struct wh_batch *a, const struct wh_batch *b, char *why, size_t n);
bool columns_equal(const struct wh_column *a, const struct wh_column *b, char *why, size_t n);
