/* format/parquet/thrift_in.h - private: pulling values of the Thrift compact protocol from bytes.
 *
 * Faults stick: after the first one every call gives zero, no field and no item, so that callers look
 * once, at the end. `fault` is a static text. */
#pragma once
#include "wherry/bytes.h"

enum wh_thrift_type {
    WH_THRIFT_STOP = 0,
    WH_THRIFT_TRUE = 1,
    WH_THRIFT_FALSE = 2,
    WH_THRIFT_I8 = 3,
    WH_THRIFT_I16 = 4,
    WH_THRIFT_I32 = 5,
    WH_THRIFT_I64 = 6,
    WH_THRIFT_DOUBLE = 7,
    WH_THRIFT_BINARY = 8,
    WH_THRIFT_LIST = 9,
    WH_THRIFT_SET = 10,
    WH_THRIFT_MAP = 11,
    WH_THRIFT_STRUCT = 12,
    WH_THRIFT_UUID = 13,
};

struct wh_thrift_in {
    const uint8_t *p, *end;
    const char *fault; /* NULL: none so far */
    bool is_short;     /* the fault is that the bytes end */
};

/* Where a struct stands; starts as all zero. */
struct wh_thrift_field {
    int16_t id;
    uint8_t type;  /* enum wh_thrift_type */
    uint32_t seen; /* bit of every id below 32 that has come */
};

/* Moves on to the next field; false at the end of the struct or after a fault. */
bool wh_thrift_next(struct wh_thrift_in *in, struct wh_thrift_field *f);
/* The value of the current field. One of another type is passed over: it gives zero and counts as not seen.
 */
bool wh_thrift_bool(struct wh_thrift_in *in, struct wh_thrift_field *f);
int32_t wh_thrift_i32(struct wh_thrift_in *in, struct wh_thrift_field *f); /* also i8, i16 */
int64_t wh_thrift_i64(struct wh_thrift_in *in, struct wh_thrift_field *f);
struct wh_slice wh_thrift_binary(struct wh_thrift_in *in, struct wh_thrift_field *f);
/* True when the field is a struct, whose fields follow. */
bool wh_thrift_struct(struct wh_thrift_in *in, struct wh_thrift_field *f);
/* Number of items of a list of that type, which follow; never more than bytes are left. */
size_t wh_thrift_list(struct wh_thrift_in *in, struct wh_thrift_field *f, enum wh_thrift_type item);
void wh_thrift_skip(struct wh_thrift_in *in, struct wh_thrift_field *f);
/* Items of lists. */
int64_t wh_thrift_item_int(struct wh_thrift_in *in);
struct wh_slice wh_thrift_item_binary(struct wh_thrift_in *in);

void wh_thrift_fault(struct wh_thrift_in *in, const char *what);
