/* test_parquet_write.c - the Parquet encoder: parts, places, footers, options, rejects and bounds of memory.
 * That others read the values is shown by tests/exchange/parquet_write.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/options.h"
#include "batch/builder.h"
#include "format/format.h"
#include "format/parquet/thrift_read.h"
#include "support/random_batch.h"

struct fixture {
    struct wh_schema schema;
    struct wh_config *cfg;
    struct wh_budget budget;
    struct wh_context ctx;
    struct wh_encoder *encoder;
};

/* settings: "name=value" words, NULL-ended, may be NULL. */
static enum wh_status open_fixture(struct fixture *f, const char *schema, const char *const *settings,
                                   struct wh_error *err)
{
    const struct wh_option *tables[] = {wh_format_parquet.write_options, NULL};
    *f = (struct fixture){.ctx.jobs = 1};
    f->ctx.budget = &f->budget;
    assert_int_equal(wh_schema_parse(&f->schema, schema, err), WH_OK);
    assert_int_equal(wh_config_new(&f->cfg, tables, err), WH_OK);
    for (; settings != NULL && *settings != NULL; settings++) {
        char name[100];
        const char *value = strchr(*settings, '=');
        snprintf(name, sizeof name, "%.*s", (int)(value - *settings), *settings);
        WH_TRY(wh_config_set(f->cfg, name, value + 1, err));
    }
    return wh_format_parquet.encoder->open(&f->encoder, &f->schema, f->cfg, &f->ctx, err);
}

static void close_fixture(struct fixture *f)
{
    wh_format_parquet.encoder->close(f->encoder);
    wh_config_free(f->cfg);
    wh_schema_release(&f->schema);
    assert_int_equal(f->budget.used_bytes, 0);
}

static void must_open(struct fixture *f, const char *schema, const char *const *settings)
{
    struct wh_error err;
    if (open_fixture(f, schema, settings, &err) != WH_OK)
        fail_msg("%s", err.msg);
}

/* Numbers and text that depend on the row only. */
static void fill_rows(struct wh_batch *b, int64_t from, int64_t n)
{
    struct wh_error err;
    wh_batch_reset(b);
    for (int64_t i = from; i < from + n; i++) {
        char text[40];
        uint64_t seed = (uint64_t)i + 1;
        int len = snprintf(text, sizeof text, "text %d", (int)random_below(&seed, 97));
        assert_int_equal(wh_column_append(&b->columns[0], &i, &err), WH_OK);
        assert_int_equal(i % 5 == 0 ? wh_column_append_null(&b->columns[1], &err)
                                    : wh_column_append_bytes(&b->columns[1], text, (size_t)len, &err),
                         WH_OK);
        b->rows++;
    }
}

/* A whole file of parts with part_rows rows each. */
static enum wh_status write_file(struct fixture *f, int64_t rows, int64_t part_rows, struct wh_buffer *file,
                                 struct wh_error *err)
{
    const struct wh_encoder_ops *ops = f->encoder->ops;
    struct wh_batch b;
    struct wh_buffer entries[64] = {{0}};
    size_t n = 0;
    assert_int_equal(wh_batch_init(&b, &f->schema, NULL, err), WH_OK);
    enum wh_status s = ops->begin_file(f->encoder, file, err);
    for (int64_t row = 0; row < rows && s == WH_OK; row += part_rows) {
        struct wh_part *p = NULL;
        s = ops->open_part(&p, f->encoder, NULL, err);
        fill_rows(&b, row, WH_MIN(part_rows, rows - row));
        if (s == WH_OK)
            s = ops->write(p, &b, err);
        if (s == WH_OK)
            s = ops->seal(p, err);
        if (s == WH_OK)
            s = ops->place(p, file->size, &entries[n++], err);
        if (s == WH_OK)
            s = wh_buffer_append(file, p->bytes.data, p->bytes.size, err);
        ops->close_part(p);
    }
    if (s == WH_OK)
        s = ops->end_file(f->encoder, entries, n, file->size, rows, file, err);
    for (size_t i = 0; i < n; i++)
        wh_buffer_release(&entries[i]);
    wh_batch_release(&b);
    return s;
}

static void read_footer(struct wh_pq_file_meta *m, const struct wh_buffer *file)
{
    struct wh_error err;
    *m = (struct wh_pq_file_meta){0};
    assert_true(file->size > 12);
    assert_memory_equal(file->data, "PAR1", 4);
    assert_memory_equal(file->data + file->size - 4, "PAR1", 4);
    size_t len = wh_get_le32(file->data + file->size - 8);
    assert_int_equal(wh_buffer_append(&m->footer, file->data + file->size - 8 - len, len, &err), WH_OK);
    if (wh_pq_read_file_meta(m, &err) != WH_OK)
        fail_msg("%s", err.msg);
}

/* Goes through the pages of a chunk; returns the number of their values. */
static int64_t walk_pages(const struct wh_buffer *file, const struct wh_pq_chunk *c, bool has_crc)
{
    struct wh_error err;
    int64_t values = 0, at = c->data_page_offset;
    if (c->dictionary_page_offset >= 0)
        at = c->dictionary_page_offset;
    int64_t end = at + c->total_compressed_bytes, raw = 0;
    while (at < end) {
        struct wh_pq_page_header h;
        size_t used;
        struct wh_slice rest = wh_slice((const char *)file->data + at, (size_t)(end - at));
        assert_int_equal(wh_pq_read_page_header(&h, rest, &used, &err), WH_OK);
        assert_int_equal(h.has_crc, has_crc);
        if (has_crc)
            assert_int_equal(h.crc, crc32_z(0, file->data + at + used, (size_t)h.compressed_bytes));
        if (h.type == WH_PQ_DATA_PAGE)
            values += h.n_values;
        at += (int64_t)used + h.compressed_bytes;
        raw += (int64_t)used + h.uncompressed_bytes;
    }
    assert_int_equal(at, end);
    assert_int_equal(raw, c->total_uncompressed_bytes);
    return values;
}

static void check_file(const struct wh_buffer *file, int64_t rows, size_t groups)
{
    struct wh_pq_file_meta m;
    read_footer(&m, file);
    int64_t sum = 0;
    assert_int_equal(m.rows, rows);
    assert_int_equal(m.n_groups, groups);
    assert_memory_equal(m.created_by.ptr, "wherry version ", 15);
    for (size_t i = 0; i < m.n_groups; i++) {
        sum += m.groups[i].rows;
        for (size_t k = 0; k < m.groups[i].n_chunks; k++) {
            const struct wh_pq_chunk *c = &m.groups[i].chunks[k];
            assert_int_equal(walk_pages(file, c, true), m.groups[i].rows);
            assert_int_equal(c->n_values, m.groups[i].rows);
            assert_true(c->offset_index_offset > 0 && c->column_index_offset > 0);
        }
        assert_int_equal(m.groups[i].chunks[1].statistics.null_count, m.groups[i].rows / 5);
    }
    assert_int_equal(sum, rows);
    wh_pq_file_meta_release(&m);
}

static void test_parts(void **state)
{
    (void)state;
    static const struct {
        int64_t rows, part_rows;
        size_t groups;
        const char *setting;
    } cases[] = {
        {1000, 1000, 1, NULL},
        {1000, 100, 10, NULL},
        {100000, 50000, 2, NULL},
        {1000, 500, 10, "parquet-row-group-rows=100"},
        {1000, 500, 4, "parquet-row-group-rows=250"},
        {0, 1, 0, NULL},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        struct fixture f;
        struct wh_buffer file = {0}, again = {0};
        const char *const settings[] = {cases[i].setting, NULL};
        must_open(&f, "id:int64,t:text", settings);
        assert_int_equal(write_file(&f, cases[i].rows, cases[i].part_rows, &file, &err), WH_OK);
        check_file(&file, cases[i].rows, cases[i].groups);
        /* The same rows give the same bytes, whatever went through the workspace before. */
        assert_int_equal(write_file(&f, cases[i].rows, cases[i].part_rows, &again, &err), WH_OK);
        assert_int_equal(again.size, file.size);
        assert_memory_equal(again.data, file.data, file.size);
        wh_buffer_release(&file);
        wh_buffer_release(&again);
        close_fixture(&f);
    }
}

static void test_metadata(void **state)
{
    (void)state;
    struct wh_error err;
    struct fixture f;
    struct wh_buffer file = {0};
    struct wh_pq_file_meta m;
    must_open(&f, "id:int64,t:text", NULL);
    assert_int_equal(write_file(&f, 5000, 5000, &file, &err), WH_OK);
    read_footer(&m, &file);
    const struct wh_pq_row_group *g = &m.groups[0];
    const struct wh_pq_statistics *s = &g->chunks[0].statistics;
    assert_int_equal(wh_get_le64(s->min.ptr), 0);
    assert_int_equal(wh_get_le64(s->max.ptr), 4999);
    assert_true(s->min_exact && s->max_exact);
    assert_memory_equal(g->chunks[1].statistics.min.ptr, "text 0", g->chunks[1].statistics.min.len);
    assert_memory_equal(g->chunks[1].statistics.max.ptr, "text 96", g->chunks[1].statistics.max.len);
    assert_int_equal(g->n_sorting, 1);
    assert_int_equal(g->sorting[0].column, 0);
    assert_false(g->sorting[0].descending);
    assert_int_equal(g->chunks[0].codec, WH_PQ_ZSTD);
    assert_int_equal(g->chunks[0].dictionary_page_offset, -1);
    assert_int_equal(g->chunks[0].encoding_stats[0].encoding, WH_PQ_DELTA_BINARY_PACKED);
    assert_true(g->chunks[1].dictionary_page_offset > 0);
    assert_int_equal(m.n_column_orders, 2);
    wh_pq_file_meta_release(&m);
    wh_buffer_release(&file);
    close_fixture(&f);
}

static void test_without_extras(void **state)
{
    (void)state;
    static const char *const settings[] = {"parquet-statistics=false",    "parquet-page-index=false",
                                           "parquet-page-checksum=false", "parquet-dictionary=false",
                                           "parquet-compression=none",    NULL};
    struct wh_error err;
    struct fixture f;
    struct wh_buffer file = {0};
    struct wh_pq_file_meta m;
    must_open(&f, "id:int64,t:text", settings);
    assert_int_equal(write_file(&f, 5000, 5000, &file, &err), WH_OK);
    read_footer(&m, &file);
    for (size_t i = 0; i < 2; i++) {
        const struct wh_pq_chunk *c = &m.groups[0].chunks[i];
        assert_int_equal(c->statistics.has, WH_PQ_HAS_NULL_COUNT);
        assert_int_equal(c->offset_index_offset, -1);
        assert_int_equal(c->column_index_offset, -1);
        assert_int_equal(c->dictionary_page_offset, -1);
        assert_int_equal(c->codec, WH_PQ_UNCOMPRESSED);
        assert_int_equal(walk_pages(&file, c, false), 5000);
    }
    assert_int_equal(m.groups[0].n_sorting, 0);
    wh_pq_file_meta_release(&m);
    wh_buffer_release(&file);
    close_fixture(&f);
}

static void test_options(void **state)
{
    (void)state;
    static const struct {
        const char *settings[3];
        const char *message;
    } cases[] = {
        {{"parquet-level=23"}, "could not use option \"parquet-level\": levels of zstd are -7 to 22"},
        {{"parquet-compression=gzip", "parquet-level=0"},
         "could not use option \"parquet-level\": levels of gzip are 1 to 9"},
        {{"parquet-compression=snappy", "parquet-level=1"},
         "could not use option \"parquet-level\": snappy has no levels"},
        {{"parquet-row-group-rows=0"},
         "could not use option \"parquet-row-group-rows\": it must be at least 1"},
        {{"parquet-row-group-bytes=0"},
         "could not use option \"parquet-row-group-bytes\": it must be at least 1"},
        {{"parquet-page-bytes=100"},
         "could not use option \"parquet-page-bytes\": it must be 1 KiB to 256 MiB"},
        {{"parquet-bloom=id,nope"}, "could not use option \"parquet-bloom\": there is no column \"nope\""},
        {{"parquet-bloom=t.x"}, "could not use option \"parquet-bloom\": there is no column \"t.x\""},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err = {0};
        struct fixture f;
        assert_int_equal(open_fixture(&f, "id:int64,t:text", cases[i].settings, &err), WH_CONFIG);
        assert_string_equal(err.msg, cases[i].message);
        close_fixture(&f);
    }
}

static void test_bloom_names(void **state)
{
    (void)state;
    static const char *const settings[] = {"parquet-bloom=s.a,l", NULL};
    struct wh_error err;
    struct fixture f;
    struct wh_buffer file = {0};
    struct wh_pq_file_meta m;
    struct wh_batch b;
    struct wh_part *p;
    struct wh_buffer entry = {0};
    uint64_t seed = 5;
    must_open(&f, "s:struct<a:int32,b:int32>,l:list<text>", settings);
    const struct wh_encoder_ops *ops = f.encoder->ops;
    assert_int_equal(wh_batch_init(&b, &f.schema, NULL, &err), WH_OK);
    assert_int_equal(random_rows(&b, 200, &seed, &err), WH_OK);
    assert_int_equal(ops->begin_file(f.encoder, &file, &err), WH_OK);
    assert_int_equal(ops->open_part(&p, f.encoder, NULL, &err), WH_OK);
    assert_int_equal(ops->write(p, &b, &err), WH_OK);
    assert_int_equal(ops->seal(p, &err), WH_OK);
    assert_int_equal(ops->place(p, 4, &entry, &err), WH_OK);
    assert_int_equal(wh_buffer_append(&file, p->bytes.data, p->bytes.size, &err), WH_OK);
    assert_int_equal(ops->end_file(f.encoder, &entry, 1, file.size, 200, &file, &err), WH_OK);
    read_footer(&m, &file);
    assert_true(m.groups[0].chunks[0].bloom_offset > 0);
    assert_true(m.groups[0].chunks[1].bloom_offset < 0);
    assert_true(m.groups[0].chunks[2].bloom_offset > 0);
    wh_pq_file_meta_release(&m);
    ops->close_part(p);
    wh_buffer_release(&entry);
    wh_buffer_release(&file);
    wh_batch_release(&b);
    close_fixture(&f);
}

static void test_damaged_entry(void **state)
{
    (void)state;
    struct wh_error err;
    struct fixture f;
    struct wh_batch b;
    struct wh_part *p;
    struct wh_buffer entry = {0}, out = {0};
    must_open(&f, "id:int64,t:text", NULL);
    const struct wh_encoder_ops *ops = f.encoder->ops;
    assert_int_equal(wh_batch_init(&b, &f.schema, NULL, &err), WH_OK);
    fill_rows(&b, 0, 10);
    assert_int_equal(ops->open_part(&p, f.encoder, NULL, &err), WH_OK);
    assert_int_equal(ops->write(p, &b, &err), WH_OK);
    assert_int_equal(ops->seal(p, &err), WH_OK);
    assert_int_equal(ops->place(p, 4, &entry, &err), WH_OK);
    size_t marks_end = 16 + wh_get_le32(entry.data + 4) * 20, whole = entry.size;
    size_t end = marks_end + wh_get_le32(entry.data + 12);
    for (entry.size = 0; entry.size < end; entry.size += 3) {
        assert_int_equal(ops->end_file(f.encoder, &entry, 1, 1000, 10, &out, &err), WH_STATE);
        assert_string_equal(err.msg,
                            "could not end a Parquet file: what is kept of its row groups is damaged");
    }
    entry.size = whole;
    wh_put_le64(entry.data + 16, UINT64_MAX);
    assert_int_equal(ops->end_file(f.encoder, &entry, 1, 1000, 10, &out, &err), WH_STATE);
    ops->close_part(p);
    wh_buffer_release(&entry);
    wh_buffer_release(&out);
    wh_batch_release(&b);
    close_fixture(&f);
}

/* ---- rejects ----------------------------------------------------------------------------------- */

struct sink {
    struct wh_reject_sink base;
    char log[1000];
};

static enum wh_status log_reject(struct wh_reject_sink *base, const struct wh_reject *r, struct wh_error *err)
{
    struct sink *s = (struct sink *)base;
    size_t len = strlen(s->log);
    (void)err;
    snprintf(s->log + len, sizeof s->log - len, "%s: %s: %.*s\n", r->column, r->reason, (int)r->text.len,
             r->text.ptr);
    return WH_OK;
}

static void append_interval(struct wh_column *c, int32_t months, int32_t days, int64_t ns)
{
    struct wh_error err;
    uint8_t v[16];
    wh_put_le32(v, (uint32_t)months);
    wh_put_le32(v + 4, (uint32_t)days);
    wh_put_le64(v + 8, (uint64_t)ns);
    assert_int_equal(wh_column_append(c, v, &err), WH_OK);
}

static void test_rejects(void **state)
{
    (void)state;
    struct wh_error err;
    struct fixture f;
    struct wh_batch b;
    struct wh_part *p;
    struct sink sink = {.base.add = log_reject};
    must_open(&f, "id:int64,d:timestamp(s),i:list<interval>", NULL);
    assert_int_equal(wh_batch_init(&b, &f.schema, NULL, &err), WH_OK);
    for (int64_t i = 0; i < 6; i++) {
        int64_t seconds = i == 1 ? INT64_MAX / 1000 + 1 : i;
        assert_int_equal(wh_column_append(&b.columns[0], &i, &err), WH_OK);
        assert_int_equal(wh_column_append(&b.columns[1], &seconds, &err), WH_OK);
        append_interval(&b.columns[2].children[0], 1, 2, 3000000);
        if (i >= 3)
            append_interval(&b.columns[2].children[0], i == 3 ? -1 : 0, 0, i == 4 ? 1 : 0);
        assert_int_equal(wh_column_append_end(&b.columns[2], &err), WH_OK);
        b.rows++;
    }
    assert_int_equal(f.encoder->ops->open_part(&p, f.encoder, &sink.base, &err), WH_OK);
    assert_int_equal(f.encoder->ops->write(p, &b, &err), WH_OK);
    assert_int_equal(p->rows, 3);
    const char *line = strchr(sink.log, '\n');
    assert_non_null(line);
    assert_memory_equal(sink.log, "d: the timestamp in seconds does not fit in milliseconds: {\"id\":1,", 65);
    assert_non_null(strstr(sink.log, "\ni: Parquet has no negative intervals: {\"id\":3,"));
    assert_non_null(strstr(sink.log, "\ni: Parquet holds intervals in whole milliseconds: {\"id\":4,"));
    f.encoder->ops->close_part(p);
    /* Without a sink the first of them ends the part. */
    assert_int_equal(f.encoder->ops->open_part(&p, f.encoder, NULL, &err), WH_OK);
    assert_int_equal(f.encoder->ops->write(p, &b, &err), WH_DATA);
    assert_string_equal(
        err.msg, "could not write column \"d\": the timestamp in seconds does not fit in milliseconds");
    f.encoder->ops->close_part(p);
    wh_batch_release(&b);
    close_fixture(&f);
}

static void test_forbidden_nulls(void **state)
{
    (void)state;
    struct wh_error err;
    struct fixture f = {0};
    struct wh_batch b;
    struct wh_part *p;
    struct sink sink = {.base.add = log_reject};
    must_open(&f, "id:int64,m:map<text,int32>", NULL);
    wh_format_parquet.encoder->close(f.encoder);
    f.schema.fields[0].nullable = false;
    assert_int_equal(wh_format_parquet.encoder->open(&f.encoder, &f.schema, f.cfg, &f.ctx, &err), WH_OK);
    assert_int_equal(wh_batch_init(&b, &f.schema, NULL, &err), WH_OK);
    for (int64_t i = 0; i < 3; i++) {
        struct wh_column *entry = &b.columns[1].children[0];
        int32_t v = 1;
        assert_int_equal(i == 1 ? wh_column_append_null(&b.columns[0], &err)
                                : wh_column_append(&b.columns[0], &i, &err),
                         WH_OK);
        assert_int_equal(i == 2 ? wh_column_append_null(&entry->children[0], &err)
                                : wh_column_append_bytes(&entry->children[0], "k", 1, &err),
                         WH_OK);
        assert_int_equal(wh_column_append(&entry->children[1], &v, &err), WH_OK);
        assert_int_equal(wh_column_append_end(entry, &err), WH_OK);
        assert_int_equal(wh_column_append_end(&b.columns[1], &err), WH_OK);
        b.rows++;
    }
    assert_int_equal(f.encoder->ops->open_part(&p, f.encoder, &sink.base, &err), WH_OK);
    if (f.encoder->ops->write(p, &b, &err) != WH_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(p->rows, 1);
    assert_memory_equal(sink.log, "id: a null in a column that is declared without: ", 48);
    assert_non_null(strstr(sink.log, "\nm: a null in a column that is declared without: "));
    f.encoder->ops->close_part(p);
    wh_batch_release(&b);
    close_fixture(&f);
}

static void test_too_many_digits(void **state)
{
    (void)state;
    struct wh_error err;
    struct fixture f;
    struct wh_batch b;
    struct wh_part *p;
    const int64_t big = INT64_C(1) << 40;
    must_open(&f, "d:decimal(5,2)", NULL);
    assert_int_equal(wh_batch_init(&b, &f.schema, NULL, &err), WH_OK);
    assert_int_equal(wh_column_append(&b.columns[0], &big, &err), WH_OK);
    b.rows = 1;
    assert_int_equal(f.encoder->ops->open_part(&p, f.encoder, NULL, &err), WH_OK);
    assert_int_equal(f.encoder->ops->write(p, &b, &err), WH_DATA);
    assert_string_equal(err.msg, "could not write column \"d\": a decimal has more than 5 digits");
    f.encoder->ops->close_part(p);
    wh_batch_release(&b);
    close_fixture(&f);
}

/* ---- memory ------------------------------------------------------------------------------------ */

/* Every budget that is too small gives a clean error and leaves nothing behind. */
static void test_budget(void **state)
{
    (void)state;
    struct wh_error err;
    enum wh_status s = WH_LIMIT;
    int64_t limit = 1024;
    for (; s == WH_LIMIT; limit += limit / 8) {
        struct fixture f;
        struct wh_buffer file = {0};
        must_open(&f, "id:int64,t:text", NULL);
        f.budget.limit_bytes = limit;
        s = write_file(&f, 30000, 30000, &file, &err);
        wh_buffer_release(&file);
        close_fixture(&f);
    }
    assert_int_equal(s, WH_OK);
    assert_true(limit > 100000);
}

static void test_many_columns(void **state)
{
    (void)state;
    enum { COLUMNS = 2000, ROWS = 4000 };
    struct wh_error err;
    struct fixture f = {.ctx.jobs = 1};
    struct wh_buffer schema = {0};
    struct wh_batch b;
    struct wh_part *p;
    char *text;
    for (int i = 0; i < COLUMNS; i++)
        assert_int_equal(wh_buffer_printf(&schema, &err, "%sc%d:int64", i > 0 ? "," : "", i), WH_OK);
    assert_int_equal(wh_buffer_take_text(&text, &schema, &err), WH_OK);
    must_open(&f, text, NULL);
    assert_int_equal(wh_batch_init(&b, &f.schema, NULL, &err), WH_OK);
    assert_int_equal(f.encoder->ops->open_part(&p, f.encoder, NULL, &err), WH_OK);
    for (int64_t row = 0; row < ROWS; row += 100) {
        wh_batch_reset(&b);
        for (int k = 0; k < COLUMNS; k++) {
            for (int64_t i = 0; i < 100; i++) {
                int64_t v = (row + i) * (k + 1) % 1000;
                assert_int_equal(wh_column_append(&b.columns[k], &v, &err), WH_OK);
            }
        }
        b.rows = 100;
        assert_int_equal(f.encoder->ops->write(p, &b, &err), WH_OK);
    }
    assert_true(f.budget.peak_bytes < 64 << 20);
    assert_int_equal(f.encoder->ops->seal(p, &err), WH_OK);
    f.encoder->ops->close_part(p);
    wh_batch_release(&b);
    close_fixture(&f);
    free(text);
}

static void test_sniff(void **state)
{
    (void)state;
    assert_int_equal(wh_format_parquet.sniff(wh_slice("PAR1\x15", 5)), 100);
    assert_int_equal(wh_format_parquet.sniff(wh_slice("PARE\x15", 5)), 100);
    assert_int_equal(wh_format_parquet.sniff(wh_slice("PAR", 3)), 0);
    assert_int_equal(wh_format_parquet.sniff(wh_slice("a,b,c", 5)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),           cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_without_extras),  cmocka_unit_test(test_options),
        cmocka_unit_test(test_bloom_names),     cmocka_unit_test(test_damaged_entry),
        cmocka_unit_test(test_rejects),         cmocka_unit_test(test_forbidden_nulls),
        cmocka_unit_test(test_too_many_digits), cmocka_unit_test(test_budget),
        cmocka_unit_test(test_many_columns),    cmocka_unit_test(test_sniff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
