/* format/parquet/thrift_read.c - the structs of parquet.thrift from compact Thrift; see thrift_read.h.
 * One function a struct; the numbers in the cases are the field numbers of parquet.thrift. */
#include "format/parquet/thrift_read.h"

#include "base/mem.h"
#include "format/parquet/thrift_in.h"

/* Arena bytes per footer byte. The worst honest structs (small columns of big tables) need about ten. */
#define ARENA_FACTOR 64
#define ARENA_MIN ((size_t)1 << 20)

struct source {
    struct wh_thrift_in in;
    struct wh_pq_arena *arena;
    enum wh_status status; /* of the last allocation */
    struct wh_error *err;
};

/* Ids whose fields must have come. */
#define NEED(id) (UINT32_C(1) << (id))
static void require(struct source *s, const struct wh_thrift_field *f, uint32_t needed)
{
    if ((f->seen & needed) != needed)
        wh_thrift_fault(&s->in, "a required field is missing");
}

/* The flag, if the field's value was one of the right type. */
static unsigned flag_if_seen(const struct wh_thrift_field *f, unsigned flag)
{
    return (f->seen & NEED(f->id)) != 0 ? flag : 0;
}

/* Room for a list of n structs; after a failure NULL, and the source is at its end. */
static void *new_array(struct source *s, size_t n, size_t size)
{
    void *out = NULL;
    if (n == 0 || s->in.fault != NULL)
        return NULL;
    s->status = wh_pq_arena_alloc(&out, s->arena, n, size, s->err);
    if (s->status == WH_OK)
        return out;
    wh_thrift_fault(&s->in, "no memory");
    return NULL;
}

static enum wh_time_unit read_unit(struct source *s)
{
    enum wh_time_unit unit = WH_MILLI;
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        if (f.id == 2)
            unit = WH_MICRO;
        else if (f.id == 3)
            unit = WH_NANO;
        wh_thrift_skip(&s->in, &f);
    }
    if (f.seen == 0 || (f.seen & ~(NEED(1) | NEED(2) | NEED(3))) != 0)
        wh_thrift_fault(&s->in, "a time unit is unknown");
    return unit;
}

/* DecimalType, TimeType, TimestampType, IntType: two fields each. */
static void read_logical_params(struct source *s, struct wh_pq_logical *l)
{
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        bool is_time = l->id == WH_PQ_LOGICAL_TIME || l->id == WH_PQ_LOGICAL_TIMESTAMP;
        if (l->id == WH_PQ_LOGICAL_DECIMAL && f.id == 1)
            l->scale = wh_thrift_i32(&s->in, &f);
        else if (l->id == WH_PQ_LOGICAL_DECIMAL && f.id == 2)
            l->precision = wh_thrift_i32(&s->in, &f);
        else if (is_time && f.id == 1)
            l->utc = wh_thrift_bool(&s->in, &f);
        else if (is_time && f.id == 2 && wh_thrift_struct(&s->in, &f))
            l->unit = read_unit(s);
        else if (l->id == WH_PQ_LOGICAL_INTEGER && f.id == 1)
            l->bits = wh_thrift_i32(&s->in, &f);
        else if (l->id == WH_PQ_LOGICAL_INTEGER && f.id == 2)
            l->is_signed = wh_thrift_bool(&s->in, &f);
        else
            wh_thrift_skip(&s->in, &f);
    }
    bool has_params = l->id == WH_PQ_LOGICAL_DECIMAL || l->id == WH_PQ_LOGICAL_TIME ||
                      l->id == WH_PQ_LOGICAL_TIMESTAMP || l->id == WH_PQ_LOGICAL_INTEGER;
    if (has_params)
        require(s, &f, NEED(1) | NEED(2));
}

static void read_logical(struct source *s, struct wh_pq_logical *l)
{
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        *l = (struct wh_pq_logical){.id = f.id};
        if (wh_thrift_struct(&s->in, &f))
            read_logical_params(s, l);
    }
}

static void read_element(struct source *s, struct wh_pq_element *e)
{
    struct wh_thrift_in *in = &s->in;
    struct wh_thrift_field f = {0};
    e->converted = WH_PQ_CONVERTED_NONE;
    e->field_id = -1;
    while (wh_thrift_next(in, &f)) {
        switch (f.id) {
        case 1:
            e->type = wh_thrift_i32(in, &f);
            e->is_leaf = flag_if_seen(&f, 1) != 0;
            break;
        case 2:
            e->length = wh_thrift_i32(in, &f);
            break;
        case 3:
            e->repetition = wh_thrift_i32(in, &f);
            break;
        case 4:
            e->name = wh_thrift_binary(in, &f);
            break;
        case 5:
            e->n_children = wh_thrift_i32(in, &f);
            break;
        case 6:
            e->converted = wh_thrift_i32(in, &f);
            break;
        case 7:
            e->scale = wh_thrift_i32(in, &f);
            break;
        case 8:
            e->precision = wh_thrift_i32(in, &f);
            break;
        case 9:
            e->field_id = wh_thrift_i32(in, &f);
            break;
        case 10:
            if (wh_thrift_struct(in, &f))
                read_logical(s, &e->logical);
            break;
        default:
            wh_thrift_skip(in, &f);
        }
    }
    require(s, &f, NEED(4));
}

static void read_statistics(struct source *s, struct wh_pq_statistics *t)
{
    struct wh_thrift_in *in = &s->in;
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(in, &f)) {
        switch (f.id) {
        case 1:
            t->old_max = wh_thrift_binary(in, &f);
            t->has |= flag_if_seen(&f, WH_PQ_HAS_OLD_MAX);
            break;
        case 2:
            t->old_min = wh_thrift_binary(in, &f);
            t->has |= flag_if_seen(&f, WH_PQ_HAS_OLD_MIN);
            break;
        case 3:
            t->null_count = wh_thrift_i64(in, &f);
            t->has |= flag_if_seen(&f, WH_PQ_HAS_NULL_COUNT);
            break;
        case 5:
            t->max = wh_thrift_binary(in, &f);
            t->has |= flag_if_seen(&f, WH_PQ_HAS_MAX);
            break;
        case 6:
            t->min = wh_thrift_binary(in, &f);
            t->has |= flag_if_seen(&f, WH_PQ_HAS_MIN);
            break;
        case 7:
            t->max_exact = wh_thrift_bool(in, &f);
            break;
        case 8:
            t->min_exact = wh_thrift_bool(in, &f);
            break;
        case 9:
            t->nan_count = wh_thrift_i64(in, &f);
            t->has |= flag_if_seen(&f, WH_PQ_HAS_NAN_COUNT);
            break;
        default:
            wh_thrift_skip(in, &f);
        }
    }
}

static void read_encodings(struct source *s, struct wh_thrift_field *f, struct wh_pq_chunk *c)
{
    size_t n = wh_thrift_list(&s->in, f, WH_THRIFT_I32);
    c->encodings = new_array(s, n, sizeof *c->encodings);
    for (size_t i = 0; i < n && s->in.fault == NULL; i++)
        c->encodings[i] = (int32_t)wh_thrift_item_int(&s->in);
    c->n_encodings = n;
}

static void read_path(struct source *s, struct wh_thrift_field *f, struct wh_pq_chunk *c)
{
    size_t n = wh_thrift_list(&s->in, f, WH_THRIFT_BINARY);
    c->path = new_array(s, n, sizeof *c->path);
    for (size_t i = 0; i < n && s->in.fault == NULL; i++)
        c->path[i] = wh_thrift_item_binary(&s->in);
    c->n_path = n;
}

static void read_encoding_stats(struct source *s, struct wh_pq_encoding_stats *e)
{
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        if (f.id == 1)
            e->page_type = wh_thrift_i32(&s->in, &f);
        else if (f.id == 2)
            e->encoding = wh_thrift_i32(&s->in, &f);
        else if (f.id == 3)
            e->count = wh_thrift_i32(&s->in, &f);
        else
            wh_thrift_skip(&s->in, &f);
    }
}

static void read_all_encoding_stats(struct source *s, struct wh_thrift_field *f, struct wh_pq_chunk *c)
{
    size_t n = wh_thrift_list(&s->in, f, WH_THRIFT_STRUCT);
    c->encoding_stats = new_array(s, n, sizeof *c->encoding_stats);
    for (size_t i = 0; i < n && s->in.fault == NULL; i++)
        read_encoding_stats(s, &c->encoding_stats[i]);
    c->n_encoding_stats = n;
}

static int64_t read_unencoded_bytes(struct source *s)
{
    int64_t bytes = -1;
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        if (f.id == 1)
            bytes = wh_thrift_i64(&s->in, &f);
        else
            wh_thrift_skip(&s->in, &f);
    }
    return bytes;
}

/* The fields of ColumnMetaData that are structs or lists. */
static void read_chunk_part(struct source *s, struct wh_thrift_field *f, struct wh_pq_chunk *c)
{
    switch (f->id) {
    case 2:
        read_encodings(s, f, c);
        break;
    case 3:
        read_path(s, f, c);
        break;
    case 12:
        if (wh_thrift_struct(&s->in, f))
            read_statistics(s, &c->statistics);
        break;
    case 13:
        read_all_encoding_stats(s, f, c);
        break;
    case 16:
        if (wh_thrift_struct(&s->in, f))
            c->unencoded_bytes = read_unencoded_bytes(s);
        break;
    default:
        wh_thrift_skip(&s->in, f);
    }
}

static void read_chunk_meta(struct source *s, struct wh_pq_chunk *c)
{
    struct wh_thrift_in *in = &s->in;
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(in, &f)) {
        switch (f.id) {
        case 1:
            c->type = wh_thrift_i32(in, &f);
            break;
        case 4:
            c->codec = wh_thrift_i32(in, &f);
            break;
        case 5:
            c->n_values = wh_thrift_i64(in, &f);
            break;
        case 6:
            c->total_uncompressed_bytes = wh_thrift_i64(in, &f);
            break;
        case 7:
            c->total_compressed_bytes = wh_thrift_i64(in, &f);
            break;
        case 9:
            c->data_page_offset = wh_thrift_i64(in, &f);
            break;
        case 10:
            c->index_page_offset = wh_thrift_i64(in, &f);
            break;
        case 11:
            c->dictionary_page_offset = wh_thrift_i64(in, &f);
            break;
        case 14:
            c->bloom_offset = wh_thrift_i64(in, &f);
            break;
        case 15:
            c->bloom_bytes = wh_thrift_i32(in, &f);
            break;
        default:
            read_chunk_part(s, &f, c);
        }
    }
    require(s, &f, NEED(1) | NEED(3) | NEED(4) | NEED(5) | NEED(7) | NEED(9));
    c->has_meta = true;
}

static void read_chunk(struct source *s, struct wh_pq_chunk *c)
{
    struct wh_thrift_in *in = &s->in;
    struct wh_thrift_field f = {0};
    c->dictionary_page_offset = c->index_page_offset = c->bloom_offset = -1;
    c->offset_index_offset = c->column_index_offset = c->unencoded_bytes = -1;
    c->bloom_bytes = -1;
    while (wh_thrift_next(in, &f)) {
        switch (f.id) {
        case 1:
            c->file_path = wh_thrift_binary(in, &f);
            break;
        case 3:
            if (wh_thrift_struct(in, &f))
                read_chunk_meta(s, c);
            break;
        case 4:
            c->offset_index_offset = wh_thrift_i64(in, &f);
            break;
        case 5:
            c->offset_index_bytes = wh_thrift_i32(in, &f);
            break;
        case 6:
            c->column_index_offset = wh_thrift_i64(in, &f);
            break;
        case 7:
            c->column_index_bytes = wh_thrift_i32(in, &f);
            break;
        case 8:
        case 9:
            c->is_encrypted = true;
            wh_thrift_skip(in, &f);
            break;
        default:
            wh_thrift_skip(in, &f);
        }
    }
}

static void read_sorting(struct source *s, struct wh_pq_sorting *o)
{
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        if (f.id == 1)
            o->column = wh_thrift_i32(&s->in, &f);
        else if (f.id == 2)
            o->descending = wh_thrift_bool(&s->in, &f);
        else if (f.id == 3)
            o->nulls_first = wh_thrift_bool(&s->in, &f);
        else
            wh_thrift_skip(&s->in, &f);
    }
}

/* The lists of RowGroup. */
static void read_group_list(struct source *s, struct wh_thrift_field *f, struct wh_pq_row_group *g)
{
    size_t n = wh_thrift_list(&s->in, f, WH_THRIFT_STRUCT);
    if (f->id == 1) {
        g->chunks = new_array(s, n, sizeof *g->chunks);
        for (size_t i = 0; i < n && s->in.fault == NULL; i++)
            read_chunk(s, &g->chunks[i]);
        g->n_chunks = n;
    } else {
        g->sorting = new_array(s, n, sizeof *g->sorting);
        for (size_t i = 0; i < n && s->in.fault == NULL; i++)
            read_sorting(s, &g->sorting[i]);
        g->n_sorting = n;
    }
}

static void read_group(struct source *s, struct wh_pq_row_group *g)
{
    struct wh_thrift_in *in = &s->in;
    struct wh_thrift_field f = {0};
    g->file_offset = g->total_compressed_bytes = -1;
    while (wh_thrift_next(in, &f)) {
        switch (f.id) {
        case 1:
        case 4:
            read_group_list(s, &f, g);
            break;
        case 2:
            g->total_bytes = wh_thrift_i64(in, &f);
            break;
        case 3:
            g->rows = wh_thrift_i64(in, &f);
            break;
        case 5:
            g->file_offset = wh_thrift_i64(in, &f);
            break;
        case 6:
            g->total_compressed_bytes = wh_thrift_i64(in, &f);
            break;
        default:
            wh_thrift_skip(in, &f);
        }
    }
    require(s, &f, NEED(1) | NEED(3));
}

static void read_key_value(struct source *s, struct wh_pq_key_value *kv)
{
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        if (f.id == 1)
            kv->key = wh_thrift_binary(&s->in, &f);
        else if (f.id == 2)
            kv->value = wh_thrift_binary(&s->in, &f);
        else
            wh_thrift_skip(&s->in, &f);
    }
}

static void read_order(struct source *s, int32_t *order)
{
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        *order = f.id;
        wh_thrift_skip(&s->in, &f);
    }
}

/* The lists of FileMetaData. */
static void read_file_list(struct source *s, struct wh_thrift_field *f, struct wh_pq_file_meta *m)
{
    size_t n = wh_thrift_list(&s->in, f, WH_THRIFT_STRUCT);
    switch (f->id) {
    case 2:
        m->elements = new_array(s, n, sizeof *m->elements);
        for (size_t i = 0; i < n && s->in.fault == NULL; i++)
            read_element(s, &m->elements[i]);
        m->n_elements = n;
        break;
    case 4:
        m->groups = new_array(s, n, sizeof *m->groups);
        for (size_t i = 0; i < n && s->in.fault == NULL; i++)
            read_group(s, &m->groups[i]);
        m->n_groups = n;
        break;
    case 5:
        m->key_values = new_array(s, n, sizeof *m->key_values);
        for (size_t i = 0; i < n && s->in.fault == NULL; i++)
            read_key_value(s, &m->key_values[i]);
        m->n_key_values = n;
        break;
    default:
        m->column_orders = new_array(s, n, sizeof *m->column_orders);
        for (size_t i = 0; i < n && s->in.fault == NULL; i++)
            read_order(s, &m->column_orders[i]);
        m->n_column_orders = n;
    }
}

static void read_file(struct source *s, struct wh_pq_file_meta *m)
{
    struct wh_thrift_in *in = &s->in;
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(in, &f)) {
        switch (f.id) {
        case 1:
            m->version = wh_thrift_i32(in, &f);
            break;
        case 3:
            m->rows = wh_thrift_i64(in, &f);
            break;
        case 2:
        case 4:
        case 5:
        case 7:
            read_file_list(s, &f, m);
            break;
        case 6:
            m->created_by = wh_thrift_binary(in, &f);
            break;
        case 8:
            m->is_encrypted = true;
            wh_thrift_skip(in, &f);
            break;
        default:
            wh_thrift_skip(in, &f);
        }
    }
    require(s, &f, NEED(2) | NEED(3) | NEED(4));
}

enum wh_status wh_pq_read_file_meta(struct wh_pq_file_meta *m, struct wh_error *err)
{
    struct source s = {
        .in = {.p = m->footer.data, .end = m->footer.data + m->footer.size}, .arena = &m->arena, .err = err};
    m->arena.limit_bytes = ARENA_MIN + m->footer.size * ARENA_FACTOR;
    read_file(&s, m);
    if (s.status != WH_OK)
        return wh_wrap(err, "could not read the footer");
    if (s.in.fault != NULL)
        return wh_fail(err, WH_DATA, "the footer is damaged: %s", s.in.fault);
    return WH_OK;
}

/* The four structs of a page's kind; which field it was says which numbers mean what. */
static void read_data_page(struct source *s, struct wh_pq_page_header *h)
{
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        if (f.id == 1)
            h->n_values = wh_thrift_i32(&s->in, &f);
        else if (f.id == 2)
            h->encoding = wh_thrift_i32(&s->in, &f);
        else if (f.id == 3)
            h->def_encoding = wh_thrift_i32(&s->in, &f);
        else if (f.id == 4)
            h->rep_encoding = wh_thrift_i32(&s->in, &f);
        else
            wh_thrift_skip(&s->in, &f);
    }
    require(s, &f, NEED(1) | NEED(2) | NEED(3) | NEED(4));
}

static void read_dictionary_page(struct source *s, struct wh_pq_page_header *h)
{
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s->in, &f)) {
        if (f.id == 1)
            h->n_values = wh_thrift_i32(&s->in, &f);
        else if (f.id == 2)
            h->encoding = wh_thrift_i32(&s->in, &f);
        else if (f.id == 3)
            h->is_sorted = wh_thrift_bool(&s->in, &f);
        else
            wh_thrift_skip(&s->in, &f);
    }
    require(s, &f, NEED(1) | NEED(2));
}

static void read_data_page_v2(struct source *s, struct wh_pq_page_header *h)
{
    struct wh_thrift_in *in = &s->in;
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(in, &f)) {
        switch (f.id) {
        case 1:
            h->n_values = wh_thrift_i32(in, &f);
            break;
        case 2:
            h->n_nulls = wh_thrift_i32(in, &f);
            break;
        case 3:
            h->n_rows = wh_thrift_i32(in, &f);
            break;
        case 4:
            h->encoding = wh_thrift_i32(in, &f);
            break;
        case 5:
            h->def_bytes = wh_thrift_i32(in, &f);
            break;
        case 6:
            h->rep_bytes = wh_thrift_i32(in, &f);
            break;
        case 7:
            h->is_compressed = wh_thrift_bool(in, &f);
            break;
        default:
            wh_thrift_skip(in, &f);
        }
    }
    require(s, &f, NEED(1) | NEED(2) | NEED(3) | NEED(4) | NEED(5) | NEED(6));
}

/* Number of the field that describes pages of a type. */
static const uint8_t page_kind_field[] = {
    [WH_PQ_DATA_PAGE] = 5, [WH_PQ_INDEX_PAGE] = 6, [WH_PQ_DICTIONARY_PAGE] = 7, [WH_PQ_DATA_PAGE_V2] = 8};

static void read_page_kind(struct source *s, struct wh_thrift_field *f, struct wh_pq_page_header *h)
{
    if (f->id == 5 && wh_thrift_struct(&s->in, f))
        read_data_page(s, h);
    else if (f->id == 7 && wh_thrift_struct(&s->in, f))
        read_dictionary_page(s, h);
    else if (f->id == 8 && wh_thrift_struct(&s->in, f))
        read_data_page_v2(s, h);
    else
        wh_thrift_skip(&s->in, f);
}

enum wh_status wh_pq_read_page_header(struct wh_pq_page_header *out, struct wh_slice bytes, size_t *used,
                                      struct wh_error *err)
{
    const uint8_t *start = (const uint8_t *)bytes.ptr;
    struct source s = {.in = {.p = start, .end = start + bytes.len}, .err = err};
    struct wh_pq_page_header h = {.is_compressed = true};
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&s.in, &f)) {
        if (f.id == 1) {
            h.type = wh_thrift_i32(&s.in, &f);
        } else if (f.id == 2) {
            h.uncompressed_bytes = wh_thrift_i32(&s.in, &f);
        } else if (f.id == 3) {
            h.compressed_bytes = wh_thrift_i32(&s.in, &f);
        } else if (f.id == 4) {
            h.crc = (uint32_t)wh_thrift_i32(&s.in, &f);
            h.has_crc = flag_if_seen(&f, 1) != 0;
        } else {
            read_page_kind(&s, &f, &h);
        }
    }
    if (s.in.fault == NULL) {
        require(&s, &f, NEED(1) | NEED(2) | NEED(3));
        if (h.type >= 0 && (size_t)h.type < WH_COUNT(page_kind_field) && h.type != WH_PQ_INDEX_PAGE)
            require(&s, &f, NEED(page_kind_field[h.type]));
    }
    if (s.in.is_short)
        return WH_END;
    if (s.in.fault != NULL)
        return wh_fail(err, WH_DATA, "a page header is damaged: %s", s.in.fault);
    *used = (size_t)(s.in.p - start);
    *out = h;
    return WH_OK;
}
