/* format/parquet/distinct.h - the distinct values of a column chunk and their numbers. Serial. */
#pragma once
#include "format/parquet/encode.h"

/* All-zero but for type and width is an empty dictionary. */
struct wh_pq_distinct {
    int32_t type, width;              /* as in wh_pq_values */
    uint32_t n;                       /* entries */
    struct wh_buffer values, offsets; /* entries in order of appearance, as in wh_pq_values */
    struct wh_buffer slots;           /* uint32_t: number of an entry + 1, 0 is free; a power of two */
};
void wh_pq_distinct_release(struct wh_pq_distinct *d);
void wh_pq_distinct_reset(struct wh_pq_distinct *d); /* no entries, memory kept */
/* INT32, INT64, FLOAT, DOUBLE and BYTE_ARRAY; floats by their bits. */
bool wh_pq_distinct_takes(int32_t type);

/* Numbers the values [from, to) of v into out[from..to), adding the new ones. Stops before an entry that
 * would make more than most_entries or most_bytes: *done is where. */
struct wh_pq_lookup {
    const struct wh_pq_values *v;
    size_t from, to;
    uint32_t *out;
    uint32_t most_entries;
    size_t most_bytes;
    /* INT32 and INT64 whose values are known to lie in [low, low + span): a table in `near`, working memory,
     * tells their number without a hash. span 0: not known, or too wide. */
    uint64_t low, span;
    struct wh_buffer *near;
};
#define WH_PQ_NEAR_SPAN 16384 /* the table stays in the nearest cache */
enum wh_status wh_pq_distinct_number(struct wh_pq_distinct *d, const struct wh_pq_lookup *l, size_t *done,
                                     struct wh_error *err);
/* The entries; lent until the next call. */
struct wh_pq_values wh_pq_distinct_values(const struct wh_pq_distinct *d);
