/* connector/file/partition.h - rows into Hive folders: "country,day(created)".
 *
 * A bare column is taken out of the files (its value is in the folder's name); year, month, day and hour
 * of a date or timestamp add a folder "created_day=2024-01-01" and leave the column in. */
#pragma once
#include "batch/builder.h"

struct wh_partition;
/* spec as above, NULL gives NULL. schema is lent until freed. Fails: WH_CONFIG. */
enum wh_status wh_partition_new(struct wh_partition **out, const char *spec, const struct wh_schema *schema,
                                struct wh_error *err);
/* Schema of the rows in the files; lent. */
const struct wh_schema *wh_partition_schema(const struct wh_partition *p);
void wh_partition_free(struct wh_partition *p);

/* A group of rows of a batch that go to the same folder. */
struct wh_partition_group {
    struct wh_slice folder; /* "a=1/b=2/"; lent until the next split */
    const int64_t *rows;    /* indices, ascending */
    size_t n_rows;
};
/* Working memory of one thread; all-zero at first. */
struct wh_partition_split {
    struct wh_partition_group *groups; /* owned */
    size_t n_groups;
    int64_t *rows;             /* owned */
    struct wh_buffer names;    /* folder texts, one behind the other */
    struct wh_column *columns; /* owned: shallow copies of the batch's */
    struct wh_batch view;      /* the batch without the columns that folders hold; lent from it */
};
enum wh_status wh_partition_split(const struct wh_partition *p, const struct wh_batch *b,
                                  struct wh_partition_split *out, struct wh_error *err);
void wh_partition_split_release(struct wh_partition_split *s);
