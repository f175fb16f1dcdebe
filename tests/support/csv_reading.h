/* support/csv_reading.h - reads CSV texts and writes down all that comes out of them, for comparison. */
#pragma once
#include "format/format.h"

/* How texts are read. */
struct csv_reading {
    const char *options;  /* "csv-header=true" and so on, each ended by '\n'; NULL: none */
    const char *columns;  /* "a,b" or NULL: all */
    const char *declared; /* "a:int32,b:decimal(9,2)" or NULL */
    int64_t chunk_bytes;  /* 0: default */
    bool reopen;          /* chunks are opened by their position alone */
    bool stay;            /* the types stay as they were inferred: misfits are rejected */
    bool positions;       /* write these down too */
};

/* Appends, a line each: "schema a:int64, b:text", rows as JSON, "reject <line> <column>: <reason> | <text>",
 * "note <text>", or, when it could not be read, "error <status>: <message>". Of several texts file names are
 * 0.csv, 1.csv and so on. Fails the test when memory is left, or rows are not what the stream promised. */
void csv_read(struct wh_buffer *out, const struct csv_reading *how, const struct wh_slice *texts, size_t n);

/* Fails the test with the error's message and hint unless s is WH_OK. */
void csv_must(enum wh_status s, const struct wh_error *err);
/* Sets options of the form of struct csv_reading. */
enum wh_status csv_configure(struct wh_config **out, const char *options, struct wh_error *err);
