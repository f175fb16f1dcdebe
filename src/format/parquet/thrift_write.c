/* format/parquet/thrift_write.c - Parquet metadata to bytes: Thrift compact protocol (Apache Thrift,
 * thrift-compact-protocol.md) of the structs in parquet.thrift. */
#include "format/parquet/thrift_write.h"

#include "base/bytes.h"
#include "base/mem.h"

/* Types of the compact protocol. */
enum {
    T_STOP = 0,
    T_TRUE = 1,
    T_FALSE = 2,
    T_BYTE = 3,
    T_I32 = 5,
    T_I64 = 6,
    T_BINARY = 8,
    T_LIST = 9,
    T_STRUCT = 12
};

#define MAX_NESTING 8
#define VARINT_BYTES 10

/* After the first failure all calls do nothing; finish gives the status. */
struct out {
    struct wh_buffer *bytes;
    struct wh_buffer *marks; /* of struct wh_pq_mark; row groups only */
    struct wh_error *err;
    enum wh_status status;
    int depth;
    int last_field[MAX_NESTING]; /* field ids are written as steps */
};

static struct out begin(struct wh_buffer *bytes, struct wh_buffer *marks, struct wh_error *err)
{
    return (struct out){.bytes = bytes, .marks = marks, .err = err};
}

static void put_bytes(struct out *o, const void *bytes, size_t n)
{
    if (o->status == WH_OK)
        o->status = wh_buffer_append(o->bytes, bytes, n, o->err);
}

static void put_byte(struct out *o, unsigned byte)
{
    uint8_t b = (uint8_t)byte;
    put_bytes(o, &b, 1);
}

static void put_varint(struct out *o, uint64_t v)
{
    uint8_t bytes[VARINT_BYTES];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (uint8_t)(v | 0x80);
    bytes[n++] = (uint8_t)v;
    put_bytes(o, bytes, n);
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (UINT64_C(0) - ((uint64_t)v >> 63));
}

static void put_field(struct out *o, int id, unsigned type)
{
    int step = id - o->last_field[o->depth];
    o->last_field[o->depth] = id;
    if (step >= 1 && step <= 15) {
        put_byte(o, (unsigned)step << 4 | type);
    } else {
        put_byte(o, type);
        put_varint(o, zigzag(id));
    }
}

static void put_i32(struct out *o, int id, int32_t v)
{
    put_field(o, id, T_I32);
    put_varint(o, zigzag(v));
}

static void put_i64(struct out *o, int id, int64_t v)
{
    put_field(o, id, T_I64);
    put_varint(o, zigzag(v));
}

static void put_bool(struct out *o, int id, bool v)
{
    put_field(o, id, v ? T_TRUE : T_FALSE);
}

static void put_text(struct out *o, struct wh_slice text)
{
    put_varint(o, text.len);
    put_bytes(o, text.ptr, text.len);
}

static void put_binary(struct out *o, int id, struct wh_slice text)
{
    put_field(o, id, T_BINARY);
    put_text(o, text);
}

static void put_list(struct out *o, int id, unsigned type, size_t n)
{
    put_field(o, id, T_LIST);
    if (n < 15) {
        put_byte(o, (unsigned)n << 4 | type);
    } else {
        put_byte(o, 15u << 4 | type);
        put_varint(o, n);
    }
}

/* Structs in lists have no field header. */
static void open_element(struct out *o)
{
    o->last_field[++o->depth] = 0;
}

static void open_struct(struct out *o, int id)
{
    put_field(o, id, T_STRUCT);
    open_element(o);
}

static void close_struct(struct out *o)
{
    put_byte(o, T_STOP);
    o->depth--;
}

static void put_empty_struct(struct out *o, int id)
{
    open_struct(o, id);
    close_struct(o);
}

/* A number that is put in later. */
static void put_mark(struct out *o, int id, unsigned type, enum wh_pq_mark_kind kind, int64_t v)
{
    put_field(o, id, type);
    if (o->status == WH_OK) {
        struct wh_pq_mark mark = {o->bytes->size, v, kind};
        o->status = wh_buffer_append(o->marks, &mark, sizeof mark, o->err);
    }
}

/* An offset in the file, from where the part starts. */
static void put_offset(struct out *o, int id, int64_t v)
{
    put_mark(o, id, T_I64, WH_PQ_MARK_OFFSET, v);
}

static enum wh_status finish(struct out *o)
{
    put_byte(o, T_STOP);
    return o->status;
}

/* ---- pages ------------------------------------------------------------------------------------- */

static void put_data_page(struct out *o, const struct wh_pq_page_header *h)
{
    open_struct(o, 5);
    put_i32(o, 1, h->n_values);
    put_i32(o, 2, h->encoding);
    put_i32(o, 3, h->def_encoding);
    put_i32(o, 4, h->rep_encoding);
    close_struct(o);
}

static void put_dictionary_page(struct out *o, const struct wh_pq_page_header *h)
{
    open_struct(o, 7);
    put_i32(o, 1, h->n_values);
    put_i32(o, 2, h->encoding);
    if (h->is_sorted)
        put_bool(o, 3, true);
    close_struct(o);
}

static void put_data_page_v2(struct out *o, const struct wh_pq_page_header *h)
{
    open_struct(o, 8);
    put_i32(o, 1, h->n_values);
    put_i32(o, 2, h->n_nulls);
    put_i32(o, 3, h->n_rows);
    put_i32(o, 4, h->encoding);
    put_i32(o, 5, h->def_bytes);
    put_i32(o, 6, h->rep_bytes);
    put_bool(o, 7, h->is_compressed);
    close_struct(o);
}

enum wh_status wh_pq_write_page_header(struct wh_buffer *out, const struct wh_pq_page_header *h,
                                       struct wh_error *err)
{
    struct out o = begin(out, NULL, err);
    put_i32(&o, 1, h->type);
    put_i32(&o, 2, h->uncompressed_bytes);
    put_i32(&o, 3, h->compressed_bytes);
    if (h->has_crc)
        put_i32(&o, 4, (int32_t)h->crc);
    if (h->type == WH_PQ_DATA_PAGE)
        put_data_page(&o, h);
    else if (h->type == WH_PQ_DICTIONARY_PAGE)
        put_dictionary_page(&o, h);
    else
        put_data_page_v2(&o, h);
    return finish(&o);
}

static void put_i64_list(struct out *o, int id, const int64_t *v, size_t n)
{
    put_list(o, id, T_I64, n);
    for (size_t i = 0; i < n; i++)
        put_varint(o, zigzag(v[i]));
}

static void put_binary_list(struct out *o, int id, const struct wh_slice *v, size_t n)
{
    put_list(o, id, T_BINARY, n);
    for (size_t i = 0; i < n; i++)
        put_text(o, v[i]);
}

enum wh_status wh_pq_write_column_index(struct wh_buffer *out, const struct wh_pq_column_index *ix,
                                        struct wh_error *err)
{
    struct out o = begin(out, NULL, err);
    put_list(&o, 1, T_TRUE, ix->n_pages);
    for (size_t i = 0; i < ix->n_pages; i++)
        put_byte(&o, ix->null_pages[i] ? T_TRUE : T_FALSE);
    put_binary_list(&o, 2, ix->mins, ix->n_pages);
    put_binary_list(&o, 3, ix->maxs, ix->n_pages);
    put_i32(&o, 4, ix->boundary);
    if (ix->null_counts != NULL)
        put_i64_list(&o, 5, ix->null_counts, ix->n_pages);
    if (ix->nan_counts != NULL)
        put_i64_list(&o, 8, ix->nan_counts, ix->n_pages);
    return finish(&o);
}

enum wh_status wh_pq_write_offset_index(struct wh_buffer *out, const struct wh_pq_offset_index *ix,
                                        struct wh_error *err)
{
    struct out o = begin(out, NULL, err);
    put_list(&o, 1, T_STRUCT, ix->n_pages);
    for (size_t i = 0; i < ix->n_pages; i++) {
        open_element(&o);
        put_i64(&o, 1, ix->pages[i].offset);
        put_i32(&o, 2, ix->pages[i].bytes);
        put_i64(&o, 3, ix->pages[i].first_row);
        close_struct(&o);
    }
    return finish(&o);
}

enum wh_status wh_pq_write_bloom_header(struct wh_buffer *out, const struct wh_pq_bloom_header *h,
                                        struct wh_error *err)
{
    struct out o = begin(out, NULL, err);
    put_i32(&o, 1, h->bytes);
    for (int id = 2; id <= 4; id++) {
        open_struct(&o, id);
        put_empty_struct(&o, 1);
        close_struct(&o);
    }
    return finish(&o);
}

/* ---- row groups -------------------------------------------------------------------------------- */

static void put_statistics(struct out *o, int id, const struct wh_pq_statistics *s)
{
    if (s->has == 0)
        return;
    open_struct(o, id);
    if (s->has & WH_PQ_HAS_OLD_MAX)
        put_binary(o, 1, s->old_max);
    if (s->has & WH_PQ_HAS_OLD_MIN)
        put_binary(o, 2, s->old_min);
    if (s->has & WH_PQ_HAS_NULL_COUNT)
        put_i64(o, 3, s->null_count);
    if (s->has & WH_PQ_HAS_MAX)
        put_binary(o, 5, s->max);
    if (s->has & WH_PQ_HAS_MIN)
        put_binary(o, 6, s->min);
    if (s->has & WH_PQ_HAS_MAX)
        put_bool(o, 7, s->max_exact);
    if (s->has & WH_PQ_HAS_MIN)
        put_bool(o, 8, s->min_exact);
    if (s->has & WH_PQ_HAS_NAN_COUNT)
        put_i64(o, 9, s->nan_count);
    close_struct(o);
}

static void put_encoding_stats(struct out *o, int id, const struct wh_pq_chunk *c)
{
    if (c->n_encoding_stats == 0)
        return;
    put_list(o, id, T_STRUCT, c->n_encoding_stats);
    for (size_t i = 0; i < c->n_encoding_stats; i++) {
        open_element(o);
        put_i32(o, 1, c->encoding_stats[i].page_type);
        put_i32(o, 2, c->encoding_stats[i].encoding);
        put_i32(o, 3, c->encoding_stats[i].count);
        close_struct(o);
    }
}

static void put_column_meta(struct out *o, int id, const struct wh_pq_chunk *c)
{
    open_struct(o, id);
    put_i32(o, 1, c->type);
    put_list(o, 2, T_I32, c->n_encodings);
    for (size_t i = 0; i < c->n_encodings; i++)
        put_varint(o, zigzag(c->encodings[i]));
    put_binary_list(o, 3, c->path, c->n_path);
    put_i32(o, 4, c->codec);
    put_i64(o, 5, c->n_values);
    put_i64(o, 6, c->total_uncompressed_bytes);
    put_i64(o, 7, c->total_compressed_bytes);
    put_offset(o, 9, c->data_page_offset);
    if (c->dictionary_page_offset >= 0)
        put_offset(o, 11, c->dictionary_page_offset);
    put_statistics(o, 12, &c->statistics);
    put_encoding_stats(o, 13, c);
    if (c->bloom_offset >= 0) {
        put_offset(o, 14, c->bloom_offset);
        put_i32(o, 15, c->bloom_bytes);
    }
    if (c->unencoded_bytes >= 0) {
        open_struct(o, 16);
        put_i64(o, 1, c->unencoded_bytes);
        close_struct(o);
    }
    close_struct(o);
}

static void put_chunk(struct out *o, const struct wh_pq_chunk *c)
{
    open_element(o);
    put_i64(o, 2, 0);
    put_column_meta(o, 3, c);
    if (c->offset_index_offset >= 0) {
        put_mark(o, 4, T_I64, WH_PQ_MARK_INDEX_OFFSET, c->offset_index_offset);
        put_mark(o, 5, T_I32, WH_PQ_MARK_INDEX_LENGTH, c->offset_index_offset);
    }
    if (c->column_index_offset >= 0) {
        put_offset(o, 6, c->column_index_offset);
        put_i32(o, 7, c->column_index_bytes);
    }
    close_struct(o);
}

static void put_sorting(struct out *o, int id, const struct wh_pq_row_group *g)
{
    if (g->n_sorting == 0)
        return;
    put_list(o, id, T_STRUCT, g->n_sorting);
    for (size_t i = 0; i < g->n_sorting; i++) {
        open_element(o);
        put_i32(o, 1, g->sorting[i].column);
        put_bool(o, 2, g->sorting[i].descending);
        put_bool(o, 3, g->sorting[i].nulls_first);
        close_struct(o);
    }
}

enum wh_status wh_pq_write_row_group(struct wh_buffer *out, struct wh_buffer *marks,
                                     const struct wh_pq_row_group *g, struct wh_error *err)
{
    struct out o = begin(out, marks, err);
    put_list(&o, 1, T_STRUCT, g->n_chunks);
    for (size_t i = 0; i < g->n_chunks; i++)
        put_chunk(&o, &g->chunks[i]);
    put_i64(&o, 2, g->total_bytes);
    put_i64(&o, 3, g->rows);
    put_sorting(&o, 4, g);
    if (g->file_offset >= 0)
        put_offset(&o, 5, g->file_offset);
    if (g->total_compressed_bytes >= 0)
        put_i64(&o, 6, g->total_compressed_bytes);
    return finish(&o);
}

static void put_placed(struct out *o, const struct wh_pq_placing *p, const struct wh_pq_mark *m)
{
    if (m->kind == WH_PQ_MARK_OFFSET) {
        put_varint(o, zigzag((int64_t)p->base + m->value));
    } else if (m->kind == WH_PQ_MARK_INDEX_LENGTH) {
        put_varint(o, zigzag((int64_t)p->indexes[m->value].bytes));
    } else if (o->status == WH_OK) {
        struct wh_pq_mark later = {o->bytes->size, (int64_t)p->indexes[m->value].offset, WH_PQ_MARK_OFFSET};
        o->status = wh_buffer_append(p->later, &later, sizeof later, o->err);
    }
}

enum wh_status wh_pq_place_marks(struct wh_buffer *out, const struct wh_pq_placing *p, struct wh_error *err)
{
    struct out o = begin(out, NULL, err);
    size_t at = 0;
    for (size_t i = 0; i < p->n_marks; i++) {
        put_bytes(&o, p->bytes.ptr + at, (size_t)p->marks[i].position - at);
        put_placed(&o, p, &p->marks[i]);
        at = (size_t)p->marks[i].position;
    }
    put_bytes(&o, p->bytes.ptr + at, p->bytes.len - at);
    return o.status;
}

/* ---- the footer -------------------------------------------------------------------------------- */

static void put_time_unit(struct out *o, int id, const struct wh_pq_logical *l)
{
    static const int members[] = {[WH_MILLI] = 1, [WH_MICRO] = 2, [WH_NANO] = 3};
    open_struct(o, id);
    put_bool(o, 1, l->utc);
    open_struct(o, 2);
    put_empty_struct(o, members[l->unit]);
    close_struct(o);
    close_struct(o);
}

static void put_logical(struct out *o, int id, const struct wh_pq_logical *l)
{
    if (l->id == WH_PQ_LOGICAL_NONE)
        return;
    open_struct(o, id);
    if (l->id == WH_PQ_LOGICAL_TIME || l->id == WH_PQ_LOGICAL_TIMESTAMP) {
        put_time_unit(o, l->id, l);
    } else {
        open_struct(o, l->id);
        if (l->id == WH_PQ_LOGICAL_DECIMAL) {
            put_i32(o, 1, l->scale);
            put_i32(o, 2, l->precision);
        } else if (l->id == WH_PQ_LOGICAL_INTEGER) {
            put_field(o, 1, T_BYTE);
            put_byte(o, (unsigned)l->bits);
            put_bool(o, 2, l->is_signed);
        }
        close_struct(o);
    }
    close_struct(o);
}

static void put_element(struct out *o, const struct wh_pq_element *e, bool is_root)
{
    open_element(o);
    if (e->is_leaf)
        put_i32(o, 1, e->type);
    if (e->is_leaf && e->type == WH_PQ_FIXED)
        put_i32(o, 2, e->length);
    if (!is_root)
        put_i32(o, 3, e->repetition);
    put_binary(o, 4, e->name);
    if (!e->is_leaf)
        put_i32(o, 5, e->n_children);
    if (e->converted != WH_PQ_CONVERTED_NONE)
        put_i32(o, 6, e->converted);
    if (e->logical.id == WH_PQ_LOGICAL_DECIMAL) {
        put_i32(o, 7, e->scale);
        put_i32(o, 8, e->precision);
    }
    if (e->field_id >= 0)
        put_i32(o, 9, e->field_id);
    put_logical(o, 10, &e->logical);
    close_struct(o);
}

enum wh_status wh_pq_write_footer_start(struct wh_buffer *out, const struct wh_pq_footer *f,
                                        struct wh_error *err)
{
    struct out o = begin(out, NULL, err);
    put_i32(&o, 1, 1);
    put_list(&o, 2, T_STRUCT, f->n_elements);
    for (size_t i = 0; i < f->n_elements; i++)
        put_element(&o, &f->elements[i], i == 0);
    put_i64(&o, 3, f->rows);
    put_list(&o, 4, T_STRUCT, f->n_groups);
    return o.status;
}

enum wh_status wh_pq_write_footer_end(struct wh_buffer *out, const struct wh_pq_footer *f,
                                      struct wh_error *err)
{
    struct out o = begin(out, NULL, err);
    o.last_field[0] = 4;
    put_binary(&o, 6, wh_slice_of(f->created_by));
    put_list(&o, 7, T_STRUCT, f->n_leaves);
    for (size_t i = 0; i < f->n_leaves; i++) {
        open_element(&o);
        put_empty_struct(&o, 1);
        close_struct(&o);
    }
    return finish(&o);
}
