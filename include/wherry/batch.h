/* wherry/batch.h - schemas and columnar batches: the one form in which connectors meet.
 *
 * Memory layout is that of the Arrow columnar format 1.5 ("Physical memory layout"), little endian in
 * memory on every machine we support: validity bitmap, 32-bit offsets, values. Two deviations, undone
 * by batch/arrow.c at the border to foreign code: decimals of up to 18 digits are 8 bytes wide, and
 * utf8 and binary use 32-bit offsets only (a batch holds less than 2 GiB). */
#pragma once
#include "wherry/bytes.h"

/*  id            bytes a value                        Arrow type
 *  NULL          none                                 null
 *  BOOL          1 bit                                bool
 *  INT8..UINT64  1 2 4 8                              (u)int8..64
 *  FLOAT32/64    4 8                                  float, double
 *  DECIMAL       8 to 18 digits, 16 to 38, 32 to 76   decimal128, decimal256; complement of value * 10^scale
 *  UTF8, JSON    int32 offsets + bytes                utf8; JSON is text that parsed as JSON
 *  BINARY        int32 offsets + bytes                binary
 *  UUID          16, in the order of the text form    fixed_size_binary(16), extension arrow.uuid
 *  DATE32        4, days since 1970-01-01             date32; proleptic Gregorian
 *  TIME64        8, us or ns since midnight           time64
 *  TIMESTAMP     8, unit since 1970-01-01T00:00:00    timestamp; UTC when zone is set, local otherwise
 *  INTERVAL      16: int32 months, int32 days, int64 nanoseconds    interval_month_day_nano
 *  LIST          int32 offsets + children[0]          list
 *  STRUCT        children                             struct
 *  MAP           int32 offsets + children[0], a STRUCT of key and value     map
 */
enum wh_type {
    WH_NULL,
    WH_BOOL,
    WH_INT8,
    WH_INT16,
    WH_INT32,
    WH_INT64,
    WH_UINT8,
    WH_UINT16,
    WH_UINT32,
    WH_UINT64,
    WH_FLOAT32,
    WH_FLOAT64,
    WH_DECIMAL,
    WH_UTF8,
    WH_JSON,
    WH_BINARY,
    WH_UUID,
    WH_DATE32,
    WH_TIME64,
    WH_TIMESTAMP,
    WH_INTERVAL,
    WH_LIST,
    WH_STRUCT,
    WH_MAP,
};
#define WH_TYPE_COUNT (WH_MAP + 1)

enum wh_time_unit { WH_SECOND, WH_MILLI, WH_MICRO, WH_NANO };

#define WH_DECIMAL_MAX_DIGITS 76
#define WH_MAX_DEPTH 64 /* levels of nesting in a schema */

struct wh_field {
    char *name; /* owned, UTF-8 */
    enum wh_type type;
    bool nullable;
    uint8_t precision;      /* DECIMAL: 1..76 digits */
    int8_t scale;           /* DECIMAL: digits behind the point, 0..precision */
    enum wh_time_unit unit; /* TIME64, TIMESTAMP */
    char *zone;             /* TIMESTAMP: owned, IANA name or offset, "UTC" if the source gave none but meant
                             * an instant; NULL: local time without zone */
    struct wh_field *children; /* LIST 1, MAP 1 (a STRUCT of 2), STRUCT n; owned */
    size_t n_children;
};

struct wh_schema {
    struct wh_field *fields; /* owned */
    size_t n_fields;
};

/* One column of a batch. */
struct wh_column {
    const struct wh_field *field; /* lent by the batch's schema */
    int64_t length;
    int64_t null_count;
    struct wh_buffer validity;  /* 1 bit a value, least significant first, 1 = present; empty: none is null */
    struct wh_buffer offsets;   /* int32[length + 1] of UTF8, JSON, BINARY, LIST, MAP */
    struct wh_buffer data;      /* values; null ones are zero */
    struct wh_column *children; /* owned; field->n_children of them */
};

/* A run of rows. Owns its columns; moved, never shared. The schema is lent by the stream or the
 * transform that made the batch and outlives it. */
struct wh_batch {
    const struct wh_schema *schema;
    int64_t rows;
    struct wh_column *columns; /* owned; schema->n_fields of them */
    struct wh_budget *budget;  /* lent; all buffers draw from it */
};
