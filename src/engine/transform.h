/* engine/transform.h - from the rows of a stream to those of the target: filter, order, types. */
#pragma once
#include "engine/filter.h"
#include "wherry/connector.h"

struct wh_transform {
    const struct wh_schema *in; /* lent: the stream's */
    struct wh_schema out;       /* owned: the target's */
    size_t *from;               /* owned: column of `in` for each column of `out` */
    bool *cast;                 /* owned: the column changes its type */
    bool passes;                /* rows go through as they are */
    struct wh_filter *filter;   /* owned, or NULL */
};

/* What the user wants of a stream; all lent. */
struct wh_shape {
    const char *const *select;     /* NULL-ended names, or all "-name" to leave out; NULL: everything */
    const char *where;             /* filter in our own language, or NULL */
    const struct wh_schema *types; /* declared types by name, or NULL */
};

/* Names of the columns that the source has to give: the n_selected of the result, then those that only the
 * filter needs; NULL-ended, freed with wh_strv_free. `in` is the full schema. */
enum wh_status wh_shape_columns(char ***out, size_t *n_selected, const struct wh_shape *shape,
                                const struct wh_schema *in, struct wh_error *err);
/* `in` is lent until release. Fails: WH_CONFIG for names and casts that cannot be. */
enum wh_status wh_transform_init(struct wh_transform *t, const struct wh_shape *shape,
                                 const struct wh_schema *in, struct wh_error *err);
void wh_transform_release(struct wh_transform *t);

/* Working memory of one thread; all-zero at first. */
struct wh_transform_state {
    int64_t first_row;    /* the caller's: ordinal in the chunk of the next batch's first row, for rejects */
    bool rows_are_kept;   /* rows says which ones of the batch passed the filter */
    struct wh_batch kept; /* rows that pass the filter */
    struct wh_batch out;
    struct wh_buffer keep, scratch, bad;
    int64_t *rows; /* owned */
    size_t n_rows; /* room */
};
/* *result is what goes to the target: b itself, or a batch of the state, valid until the next call; b may
 * be emptied. *filtered are the rows that the filter dropped; rows that a cast cannot keep go to the sink. */
enum wh_status wh_transform_apply(const struct wh_transform *t, struct wh_transform_state *st,
                                  struct wh_batch *b, struct wh_reject_sink *sink, struct wh_batch **result,
                                  int64_t *filtered, struct wh_error *err);
void wh_transform_state_release(struct wh_transform_state *st);
