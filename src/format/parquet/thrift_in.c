/* format/parquet/thrift_in.c - the Thrift compact protocol, reading side; see thrift_in.h. */
#include "format/parquet/thrift_in.h"

#include "base/mem.h"

/* Nesting of values that are skipped; the deepest struct of parquet.thrift has six levels. */
#define MAX_SKIP_DEPTH 32

void wh_thrift_fault(struct wh_thrift_in *in, const char *what)
{
    if (in->fault == NULL)
        in->fault = what;
    in->p = in->end;
}

static void ends_early(struct wh_thrift_in *in)
{
    if (in->fault == NULL)
        in->is_short = true;
    wh_thrift_fault(in, "it ends early");
}

static uint8_t get_byte(struct wh_thrift_in *in)
{
    if (in->p == in->end) {
        ends_early(in);
        return 0;
    }
    return *in->p++;
}

static uint64_t get_varint(struct wh_thrift_in *in)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = get_byte(in);
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80)
            return v;
    }
    wh_thrift_fault(in, "a number is too long");
    return 0;
}

static int64_t get_zigzag(struct wh_thrift_in *in)
{
    uint64_t v = get_varint(in);
    return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

bool wh_thrift_next(struct wh_thrift_in *in, struct wh_thrift_field *f)
{
    uint8_t head = get_byte(in);
    f->type = head & 0x0f;
    if (in->fault != NULL || f->type == WH_THRIFT_STOP)
        return false;
    int64_t id = head >> 4 != 0 ? f->id + (head >> 4) : get_zigzag(in);
    if (id < 0 || id > INT16_MAX || f->type > WH_THRIFT_UUID) {
        wh_thrift_fault(in, "a field has an impossible number or type");
        return false;
    }
    f->id = (int16_t)id;
    if (id < 32)
        f->seen |= UINT32_C(1) << id;
    return in->fault == NULL;
}

static void unsee(struct wh_thrift_field *f)
{
    if (f->id < 32)
        f->seen &= ~(UINT32_C(1) << f->id);
}

/* A field of another type than the format says is none of ours: it is passed over, as code made by the Thrift
 * compiler does. */
static bool has_type(struct wh_thrift_in *in, struct wh_thrift_field *f, bool fits)
{
    if (fits)
        return true;
    wh_thrift_skip(in, f);
    unsee(f);
    return false;
}

bool wh_thrift_bool(struct wh_thrift_in *in, struct wh_thrift_field *f)
{
    return has_type(in, f, f->type == WH_THRIFT_TRUE || f->type == WH_THRIFT_FALSE) &&
           f->type == WH_THRIFT_TRUE;
}

int32_t wh_thrift_i32(struct wh_thrift_in *in, struct wh_thrift_field *f)
{
    if (f->type == WH_THRIFT_I8)
        return (int8_t)get_byte(in);
    if (!has_type(in, f, f->type == WH_THRIFT_I32 || f->type == WH_THRIFT_I16))
        return 0;
    int64_t v = get_zigzag(in);
    if (v < INT32_MIN || v > INT32_MAX)
        wh_thrift_fault(in, "a number is out of range");
    return (int32_t)v;
}

int64_t wh_thrift_i64(struct wh_thrift_in *in, struct wh_thrift_field *f)
{
    return has_type(in, f, f->type == WH_THRIFT_I64) ? get_zigzag(in) : 0;
}

int64_t wh_thrift_item_int(struct wh_thrift_in *in)
{
    return get_zigzag(in);
}

struct wh_slice wh_thrift_item_binary(struct wh_thrift_in *in)
{
    uint64_t n = get_varint(in);
    if (n > (size_t)(in->end - in->p)) {
        ends_early(in);
        n = 0;
    }
    struct wh_slice s = {(const char *)in->p, (size_t)n};
    in->p += n;
    return s;
}

struct wh_slice wh_thrift_binary(struct wh_thrift_in *in, struct wh_thrift_field *f)
{
    return has_type(in, f, f->type == WH_THRIFT_BINARY) ? wh_thrift_item_binary(in) : (struct wh_slice){0};
}

bool wh_thrift_struct(struct wh_thrift_in *in, struct wh_thrift_field *f)
{
    return has_type(in, f, f->type == WH_THRIFT_STRUCT);
}

/* Every item takes a byte at least, so that a count beyond the bytes left is a lie. */
static size_t get_list(struct wh_thrift_in *in, uint8_t *item)
{
    uint8_t head = get_byte(in);
    *item = head & 0x0f;
    uint64_t n = head >> 4 == 15 ? get_varint(in) : head >> 4;
    if (n > (size_t)(in->end - in->p)) {
        ends_early(in);
        return 0;
    }
    return (size_t)n;
}

static void skip_bytes(struct wh_thrift_in *in, size_t n)
{
    if (n > (size_t)(in->end - in->p))
        ends_early(in);
    else
        in->p += n;
}

static void skip_value(struct wh_thrift_in *in, uint8_t type, unsigned depth);

static void skip_items(struct wh_thrift_in *in, uint64_t n, uint8_t type, unsigned depth)
{
    bool is_bool = type == WH_THRIFT_TRUE || type == WH_THRIFT_FALSE; /* a byte each inside of lists */
    for (; n > 0 && in->fault == NULL; n--)
        skip_value(in, is_bool ? (uint8_t)WH_THRIFT_I8 : type, depth);
}

static void skip_map(struct wh_thrift_in *in, unsigned depth)
{
    uint64_t n = get_varint(in);
    if (n == 0)
        return;
    uint8_t types = get_byte(in);
    for (; n > 0 && in->fault == NULL; n--) {
        skip_items(in, 1, types >> 4, depth);
        skip_items(in, 1, types & 0x0f, depth);
    }
}

static void skip_struct(struct wh_thrift_in *in, unsigned depth)
{
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(in, &f))
        skip_value(in, f.type, depth);
}

static void skip_value(struct wh_thrift_in *in, uint8_t type, unsigned depth)
{
    if (depth > MAX_SKIP_DEPTH) {
        wh_thrift_fault(in, "it is nested too deep");
        return;
    }
    uint8_t item;
    size_t n;
    switch (type) {
    case WH_THRIFT_TRUE:
    case WH_THRIFT_FALSE:
        break;
    case WH_THRIFT_I8:
        skip_bytes(in, 1);
        break;
    case WH_THRIFT_I16:
    case WH_THRIFT_I32:
    case WH_THRIFT_I64:
        get_varint(in);
        break;
    case WH_THRIFT_DOUBLE:
        skip_bytes(in, 8);
        break;
    case WH_THRIFT_UUID:
        skip_bytes(in, 16);
        break;
    case WH_THRIFT_BINARY:
        wh_thrift_item_binary(in);
        break;
    case WH_THRIFT_LIST:
    case WH_THRIFT_SET:
        n = get_list(in, &item);
        skip_items(in, n, item, depth + 1);
        break;
    case WH_THRIFT_MAP:
        skip_map(in, depth + 1);
        break;
    case WH_THRIFT_STRUCT:
        skip_struct(in, depth + 1);
        break;
    default:
        wh_thrift_fault(in, "a value has an unknown type");
    }
}

void wh_thrift_skip(struct wh_thrift_in *in, struct wh_thrift_field *f)
{
    skip_value(in, f->type, 0);
}

size_t wh_thrift_list(struct wh_thrift_in *in, struct wh_thrift_field *f, enum wh_thrift_type item)
{
    if (!has_type(in, f, f->type == WH_THRIFT_LIST))
        return 0;
    uint8_t found;
    size_t n = get_list(in, &found);
    if (n > 0 && found != item) {
        skip_items(in, n, found, 0);
        unsee(f);
        return 0;
    }
    return in->fault == NULL ? n : 0;
}
