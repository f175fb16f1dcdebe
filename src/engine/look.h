/* engine/look.h - a stream that is read without a target: for a preview, and for single chunks of a plan. */
#pragma once
#include "engine/ends.h"

/* All lent until the look is closed. */
struct wh_look_request {
    const char *name;                 /* as discover names it; NULL: the only one */
    const char *const *select;        /* as in struct wh_job_spec, or NULL */
    const char *where;                /* likewise */
    const struct wh_schema *declared; /* likewise; NULL or empty: none */
    const struct wh_schema *known;    /* types of all columns that an earlier look has found, or NULL */
    const char *snapshot;             /* of that look, or NULL */
    const struct wh_config *config;
};

/* All-zero is closed. */
struct wh_look {
    struct wh_look_request request;
    struct wh_source *source; /* lent */
    struct wh_stream *stream; /* owned */
    struct wh_schema known;   /* owned: all columns of the source with their types */
    struct wh_transform transform;
    struct wh_shape shape;
    struct wh_filter *prune; /* owned, or NULL */
    char **columns;          /* owned: to be read; NULL: all */
    const char **selected;   /* owned array: those of the result */
};

enum wh_status wh_look_open(struct wh_look *l, struct wh_source *src, const struct wh_look_request *req,
                            struct wh_error *err);
/* Types that fit every value, and the stream from its beginning; a stream whose types never widen stays as it
 * is. */
enum wh_status wh_look_widen(struct wh_look *l, struct wh_error *err);
/* The name of the one stream that the opened source's URI means: owned, or NULL for the only one of a source
 * that need not be asked. Fails: WH_CONFIG when there are several. */
enum wh_status wh_look_choose(struct wh_ends *e, char **name, struct wh_error *err);
void wh_look_close(struct wh_look *l); /* also one that could not be opened */
