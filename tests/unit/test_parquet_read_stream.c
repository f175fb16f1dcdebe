/* tests/unit/test_parquet_read_stream.c - Parquet files as streams: columns, chunks, resume, types, skipped
 * row groups, damage; and random batches there and back. The files are written by our encoder. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/options.h"
#include "batch/schema.h"
#include "batch/text.h"
#include "format/parquet/read.h"
#include "format/parquet/writer.h"
#include "support/random_batch.h"

static struct wh_budget budget;
static _Atomic bool cancelled;
static char notes[1000];
static void note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx;
    va_list args;
    va_start(args, fmt);
    vsnprintf(notes, sizeof notes, fmt, args);
    va_end(args);
}
static struct wh_context context = {.budget = &budget, .cancelled = &cancelled, .jobs = 1, .note = note};

static char folder[] = "/tmp/wherry-parquet-XXXXXX";
static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}
static int remove_folder(void **state)
{
    (void)state;
    struct wh_error err;
    assert_int_equal(budget.used_bytes, 0);
    return wh_remove_tree(folder, &err) != WH_OK;
}
static const char *path_of(const char *name)
{
    static char path[4][200];
    static unsigned next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

#define OK(call)                                                                                             \
    do {                                                                                                     \
        if ((call) != WH_OK)                                                                                 \
            fail_msg("%s: %s", #call, err.msg);                                                              \
    } while (0)

/* ---- writing
 * --------------------------------------------------------------------------------------------------- */

static struct wh_config *config_of(const struct wh_option *table, const char *name, const char *value)
{
    struct wh_error err;
    struct wh_config *cfg;
    const struct wh_option *tables[] = {table, NULL};
    OK(wh_config_new(&cfg, tables, &err));
    if (name != NULL)
        OK(wh_config_set(cfg, name, value, &err));
    return cfg;
}

static void write_part(struct wh_encoder *e, const struct wh_batch *rows, struct wh_buffer *file,
                       struct wh_buffer *entry)
{
    struct wh_error err;
    struct wh_part *part;
    OK(e->ops->open_part(&part, e, NULL, &err));
    OK(e->ops->write(part, rows, &err));
    OK(e->ops->seal(part, &err));
    OK(e->ops->place(part, file->size, entry, &err));
    OK(wh_buffer_append(file, part->bytes.data, part->bytes.size, &err));
    e->ops->close_part(part);
}

/* Writes the batch with so many rows a row group. */
static const char *write_file(const char *name, const struct wh_batch *b, int64_t group_rows,
                              const char *option, const char *value)
{
    struct wh_error err;
    struct wh_encoder *e;
    struct wh_buffer file = {0}, entries[100] = {{0}};
    size_t n = 0;
    struct wh_config *cfg = config_of(wh_parquet_write_options, option, value);
    OK(wh_pq_encoder_ops.open(&e, b->schema, cfg, &context, &err));
    OK(e->ops->begin_file(e, &file, &err));
    for (int64_t at = 0; at < b->rows && n < WH_COUNT(entries); at += group_rows, n++) {
        struct wh_batch rows = {0};
        OK(wh_batch_init(&rows, b->schema, NULL, &err));
        OK(wh_batch_append(&rows, b, at, WH_MIN(group_rows, b->rows - at), &err));
        write_part(e, &rows, &file, &entries[n]);
        wh_batch_release(&rows);
    }
    struct wh_buffer end = {0};
    OK(e->ops->end_file(e, entries, n, file.size, b->rows, &end, &err));
    OK(wh_buffer_append(&file, end.data, end.size, &err));
    const char *path = path_of(name);
    OK(wh_publish_file(path, file.data, file.size, &err));
    for (size_t i = 0; i < n; i++)
        wh_buffer_release(&entries[i]);
    wh_buffer_release(&end);
    wh_buffer_release(&file);
    e->ops->close(e);
    wh_config_free(cfg);
    return path;
}

/* Rows from JSON-like text: values joined by ',', rows by ';', "-" for null. */
static const char *write_rows(const char *name, const char *types, const char *rows, int64_t group_rows)
{
    struct wh_error err;
    struct wh_schema schema = {0};
    struct wh_batch b = {0};
    OK(wh_schema_parse(&schema, types, &err));
    OK(wh_batch_init(&b, &schema, NULL, &err));
    while (*rows != '\0') {
        for (size_t i = 0; i < schema.n_fields; i++) {
            size_t len = strcspn(rows, ",;");
            if (len == 1 && *rows == '-')
                OK(wh_column_append_null(&b.columns[i], &err));
            else
                OK(wh_value_parse(&b.columns[i], wh_slice(rows, len), &err));
            rows += len + (rows[len] != '\0');
        }
        b.rows++;
    }
    const char *path = write_file(name, &b, group_rows, NULL, NULL);
    wh_batch_release(&b);
    wh_schema_release(&schema);
    return path;
}

/* ---- reading
 * --------------------------------------------------------------------------------------------------- */

struct reading {
    const char *paths[3]; /* NULL-ended unless full */
    const char *columns, *declared, *after, *snapshot;
    const struct wh_schema *types; /* declared, as a schema */
    struct wh_predicate prune;
    const char *checksum;
    int64_t chunk_bytes;
};

struct opened {
    struct wh_file_set set;
    struct wh_config *cfg;
    struct wh_schema declared;
    struct wh_stream *stream;
};

static enum wh_status open_reading(struct opened *o, const struct reading *r, struct wh_error *err)
{
    char **columns = NULL;
    *o = (struct opened){.set.files = wh_alloc_array(3, sizeof(struct wh_file))};
    for (; o->set.n_files < 3 && r->paths[o->set.n_files] != NULL; o->set.n_files++)
        WH_TRY(wh_file_init(&o->set.files[o->set.n_files], r->paths[o->set.n_files], err));
    o->cfg = config_of(wh_parquet_read_options, r->checksum == NULL ? NULL : "parquet-checksum", r->checksum);
    if (r->declared != NULL)
        WH_TRY(wh_schema_parse(&o->declared, r->declared, err));
    if (r->columns != NULL)
        WH_TRY(wh_split_list(&columns, r->columns, err));
    struct wh_stream_request req = {.config = o->cfg,
                                    .columns = (const char *const *)columns,
                                    .declared = r->declared == NULL ? r->types : &o->declared,
                                    .after = r->after,
                                    .snapshot = r->snapshot,
                                    .prune = &r->prune,
                                    .n_prune = r->prune.column != NULL};
    context.chunk_bytes = r->chunk_bytes;
    enum wh_status s = wh_pq_open_stream(&o->stream, &o->set, &req, &context, err);
    wh_strv_free(columns);
    return s;
}

static void close_reading(struct opened *o)
{
    if (o->stream != NULL)
        o->stream->ops->close(o->stream);
    wh_schema_release(&o->declared);
    wh_config_free(o->cfg);
    wh_file_set_release(&o->set);
}

static struct wh_buffer text; /* what has been read, a line a row */

static enum wh_status add_reject(struct wh_reject_sink *sink, const struct wh_reject *r, struct wh_error *err)
{
    (void)sink;
    return wh_buffer_printf(&text, err, "row %lld, %s: %s %.*s\n", (long long)r->row, r->column, r->reason,
                            (int)r->text.len, r->text.ptr);
}

static enum wh_status read_chunk(struct wh_stream *s, struct wh_chunk *chunk, struct wh_batch *all,
                                 struct wh_error *err)
{
    struct wh_reject_sink sink = {.add = add_reject};
    struct wh_reader *r = NULL;
    struct wh_batch b = {0};
    enum wh_status status = wh_batch_init(&b, &s->schema, &budget, err);
    if (status == WH_OK)
        status = s->ops->open_chunk(&r, s, chunk, &sink, err);
    while (status == WH_OK && (status = s->ops->read(r, &b, err)) == WH_OK) {
        assert_true(b.rows > 0);
        status = wh_batch_check(&b, err);
        for (int64_t i = 0; status == WH_OK && all == NULL && i < b.rows; i++) {
            status = wh_json_row(&text, &b, i, err);
            if (status == WH_OK)
                status = wh_buffer_append(&text, "\n", 1, err);
        }
        if (status == WH_OK && all != NULL)
            status = wh_batch_append(all, &b, 0, b.rows, err);
    }
    wh_batch_release(&b);
    if (r != NULL)
        s->ops->close_reader(r);
    return status == WH_END ? WH_OK : status;
}
/* Reads everything into text, or into all. */
static enum wh_status read_stream(struct wh_stream *s, struct wh_batch *all, struct wh_error *err)
{
    struct wh_chunk chunk = {0};
    enum wh_status status;
    text.size = 0;
    while ((status = s->ops->next_chunk(s, &chunk, err)) == WH_OK) {
        status = read_chunk(s, &chunk, all, err);
        free(chunk.position);
        chunk = (struct wh_chunk){0};
        if (status != WH_OK)
            return status;
    }
    return status == WH_END ? s->ops->finish(s, err) : status;
}

static enum wh_status read_all(const struct reading *r, struct wh_error *err)
{
    struct opened o;
    enum wh_status s = open_reading(&o, r, err);
    if (s == WH_OK)
        s = read_stream(o.stream, NULL, err);
    close_reading(&o);
    return s;
}

static void check_text(const char *want)
{
    struct wh_error err;
    OK(wh_buffer_append(&text, "", 1, &err));
    assert_string_equal((const char *)text.data, want);
    wh_buffer_release(&text);
}

/* ---- tests
 * ----------------------------------------------------------------------------------------------------------
 */

static void reads_columns_in_order(void **state)
{
    (void)state;
    struct wh_error err;
    const char *path = write_rows("a.parquet", "a:int32,b:text,c:list<int64>", "1,x,[1];2,-,[];-,z,-", 2);
    OK(read_all(&(struct reading){.paths = {path}}, &err));
    check_text("{\"a\":1,\"b\":\"x\",\"c\":[1]}\n{\"a\":2,\"b\":null,\"c\":[]}\n{\"a\":null,\"b\":\"z\","
               "\"c\":null}\n");
    OK(read_all(&(struct reading){.paths = {path}, .columns = "c,a"}, &err));
    check_text("{\"c\":[1],\"a\":1}\n{\"c\":[],\"a\":2}\n{\"c\":null,\"a\":null}\n");
    assert_int_equal(read_all(&(struct reading){.paths = {path}, .columns = "a,bb"}, &err), WH_CONFIG);
    assert_string_equal(err.msg, "could not find column \"bb\": the Parquet files do not have it");
    assert_string_equal(err.hint, "did you mean \"b\"?");
}

static void cuts_chunks_and_resumes(void **state)
{
    (void)state;
    struct wh_error err;
    struct opened o;
    struct wh_chunk chunk = {0};
    const char *path = write_rows("c.parquet", "a:int32", "1;2;3;4;5;6;7", 2);
    char *positions[4], *snapshot;
    OK(open_reading(&o, &(struct reading){.paths = {path}}, &err));
    assert_int_equal(o.stream->rows, 7);
    assert_true(o.stream->bytes > 0);
    for (size_t i = 0; i < 4; i++) {
        OK(o.stream->ops->next_chunk(o.stream, &chunk, &err));
        assert_true(chunk.bytes > 0);
        positions[i] = chunk.position;
    }
    assert_int_equal(o.stream->ops->next_chunk(o.stream, &chunk, &err), WH_END);
    char want[300];
    snprintf(want, sizeof want,
             "{\"file\":\"%s\",\"row_group\":0,\"row_groups\":1,\"first\":0,\"rows\":2,\"offset\":4}", path);
    assert_string_equal(positions[0], want);
    assert_non_null(strstr(positions[3], "\"row_group\":3,\"row_groups\":1,\"first\":0,\"rows\":1"));
    OK(o.stream->ops->snapshot(o.stream, &snapshot, &err));
    /* any chunk by its position alone */
    text.size = 0;
    OK(read_chunk(o.stream, &(struct wh_chunk){.position = positions[2]}, NULL, &err));
    check_text("{\"a\":5}\n{\"a\":6}\n");
    close_reading(&o);
    OK(read_all(&(struct reading){.paths = {path}, .after = positions[1], .snapshot = snapshot}, &err));
    check_text("{\"a\":5}\n{\"a\":6}\n{\"a\":7}\n");
    OK(read_all(&(struct reading){.paths = {path}, .after = positions[3]}, &err));
    check_text("");
    /* small row groups share a chunk */
    OK(open_reading(&o, &(struct reading){.paths = {path}, .chunk_bytes = 1000000}, &err));
    OK(o.stream->ops->next_chunk(o.stream, &chunk, &err));
    assert_non_null(strstr(chunk.position, "\"row_group\":0,\"row_groups\":4,\"first\":0,\"rows\":7"));
    OK(read_chunk(o.stream, &chunk, NULL, &err));
    check_text("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n{\"a\":6}\n{\"a\":7}\n");
    close_reading(&o);
    free(chunk.position);
    /* another file in its place */
    write_rows("c.parquet", "a:int32", "1;2", 2);
    assert_int_equal(read_all(&(struct reading){.paths = {path}, .snapshot = snapshot}, &err), WH_STATE);
    assert_string_equal(err.msg, "the Parquet files are not the ones that the run began with");
    OK(open_reading(&o, &(struct reading){.paths = {path}}, &err));
    assert_int_equal(read_chunk(o.stream, &(struct wh_chunk){.position = positions[3]}, NULL, &err),
                     WH_STATE);
    close_reading(&o);
    for (size_t i = 0; i < 4; i++)
        free(positions[i]);
    free(snapshot);
}

static void refuses_positions(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "{}",
        "[]",
        "{\"file\":\"x\",\"row_group\":0,\"row_groups\":1,\"first\":0,\"rows\":1}",
        "{\"file\":\"%s\",\"row_group\":-1,\"row_groups\":1,\"first\":0,\"rows\":1}",
        "{\"file\":\"%s\",\"row_group\":0,\"row_groups\":0,\"first\":0,\"rows\":0}",
        "{\"file\":\"%s\",\"row_group\":0,\"row_groups\":2,\"first\":0,\"rows\":1}",
        ("{\"file\":\"%s\",\"row_group\":9223372036854775807,\"row_groups\":9223372036854775807,\"first\":0,"
         "\"rows\":1}"),
        "{\"file\":\"%s\",\"row_group\":0,\"row_groups\":1,\"first\":0,\"rows\":2}",
    };
    struct wh_error err;
    const char *path = write_rows("p.parquet", "a:int32", "1", 2);
    struct opened o;
    OK(open_reading(&o, &(struct reading){.paths = {path}}, &err));
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        char position[300];
        const char *mark = strstr(cases[i], "%s");
        snprintf(position, sizeof position, "%.*s%s%s", mark == NULL ? 300 : (int)(mark - cases[i]), cases[i],
                 mark == NULL ? "" : path, mark == NULL ? "" : mark + 2);
        print_message("%s\n", position);
        assert_int_equal(read_chunk(o.stream, &(struct wh_chunk){.position = position}, NULL, &err),
                         WH_STATE);
    }
    close_reading(&o);
}

static void joins_files(void **state)
{
    (void)state;
    struct wh_error err;
    const char *one = write_rows("1.parquet", "a:int32,b:text", "1,x;2,-", 9);
    const char *two = write_rows("2.parquet", "c:bool,a:int64", "true,4294967296", 9);
    const char *three = write_rows("3.parquet", "b:int8", "7", 9);
    notes[0] = '\0';
    OK(read_all(&(struct reading){.paths = {one, two, three}}, &err));
    check_text("{\"a\":1,\"b\":\"x\",\"c\":null}\n{\"a\":2,\"b\":null,\"c\":null}\n"
               "{\"a\":4294967296,\"b\":null,\"c\":true}\n{\"a\":null,\"b\":\"7\",\"c\":null}\n");
    char want[300];
    snprintf(want, sizeof want, "column \"b\" is read as text: it is int8 in \"%s\" and text before", three);
    assert_string_equal(notes, want);
    struct opened o;
    OK(open_reading(&o, &(struct reading){.paths = {one, two}}, &err));
    assert_int_equal(o.stream->schema.fields[0].type, WH_INT64);
    assert_true(o.stream->schema.fields[1].nullable);
    assert_int_equal(o.stream->rows, 3);
    close_reading(&o);
}

static void casts_to_declared_types(void **state)
{
    (void)state;
    struct wh_error err;
    const char *path =
        write_rows("d.parquet", "a:text,b:int32,n:int32", "1,5,1;x,6,2;3,300,3;-,-,4;y,999,5", 9);
    OK(read_all(&(struct reading){.paths = {path}, .declared = "a:int64,b:uint8"}, &err));
    check_text("row 1, a: the value x is no int64 {\"a\":null,\"b\":6,\"n\":2}\n"
               "row 2, b: the value 300 is no uint8 {\"a\":3,\"b\":null,\"n\":3}\n"
               "row 4, a: the value y is no int64 {\"a\":null,\"b\":null,\"n\":5}\n"
               "{\"a\":1,\"b\":5,\"n\":1}\n{\"a\":null,\"b\":null,\"n\":4}\n");
    assert_int_equal(read_all(&(struct reading){.paths = {path}, .declared = "b:list<int64>"}, &err),
                     WH_CONFIG);
    char want[300];
    snprintf(want, sizeof want, "could not read column \"b\" of \"%s\" as list<int64>: it is int32", path);
    assert_string_equal(err.msg, want);
    assert_int_equal(read_all(&(struct reading){.paths = {path}, .declared = "q:int64"}, &err), WH_CONFIG);
}

static void skips_row_groups(void **state)
{
    (void)state;
    static const struct {
        const char *type, *value;
        enum wh_compare op;
        const char *column, *want; /* values of n in row groups that are read */
    } cases[] = {
        {"int32", "4", WH_LT, "n", "1 2 3 4 "},
        {"int64", "2", WH_LE, "n", "1 2 "},
        {"int32", "3", WH_EQ, "n", "3 4 "},
        {"int32", "9", WH_EQ, "n", ""},
        {"int32", "5", WH_GE, "n", "5 6 "},
        {"int32", "4", WH_GT, "n", "5 6 "},
        {"text", "d", WH_GE, "t", "3 4 5 6 "},
        {"text", "e", WH_EQ, "t", "5 6 "},
        {"decimal(9,2)", "2.5", WH_LT, "d", "1 2 3 4 "},
        {"float64", "2.5", WH_LT, "n", "1 2 3 4 5 6 "}, /* no integer: not used */
        {"int32", "0", WH_GE, "e", "3 4 5 6 "},         /* nulls compare with nothing */
        {"int32", "0", WH_GE, "none", "1 2 3 4 5 6 "},
    };
    struct wh_error err;
    const char *path = write_rows("s.parquet", "n:int32,t:text,d:decimal(5,2),e:int32",
                                  "1,a,0.5,-;2,b,1,-;3,c,2,1;4,d,3,2;5,e,4,3;6,f,5,4", 2);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_field type = {0};
        struct wh_column value;
        print_message("%s %d %s\n", cases[i].column, (int)cases[i].op, cases[i].value);
        OK(wh_type_parse(&type, cases[i].type, &err));
        OK(wh_column_init(&value, &type, NULL, &err));
        OK(wh_value_parse(&value, wh_slice_of(cases[i].value), &err));
        OK(read_all(&(struct reading){.paths = {path}, .prune = {cases[i].column, cases[i].op, &value}},
                    &err));
        char got[100] = "";
        OK(wh_buffer_append(&text, "", 1, &err));
        for (const char *p = (const char *)text.data; (p = strstr(p, "{\"n\":")) != NULL; p++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%c ", p[5]);
        assert_string_equal(got, cases[i].want);
        wh_buffer_release(&text);
        wh_column_release(&value);
        wh_field_release(&type);
    }
}

/* What becomes of a file with some bytes changed; NULL: nothing is wrong. */
static void refuses_damage(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        long at; /* from the end when negative */
        const char *bytes;
        size_t n;
        enum wh_status status;
        const char *message;
    } cases[] = {
        {"magic at the start", 0, "XAR1", 4, WH_DATA, "it is no Parquet file, or cut off"},
        {"magic at the end", -4, "PAR2", 4, WH_DATA, "it is no Parquet file, or cut off"},
        {"encrypted", -4, "PARE", 4, WH_CONFIG, "it is encrypted"},
        {"footer of 4 GiB", -8, "\xff\xff\xff\xff", 4, WH_DATA,
         "the footer claims 4294967295 bytes, more than the file has"},
        {"footer of nothing", -8, "\0\0\0\0", 4, WH_DATA, "the footer is damaged: it ends early"},
        {"page", 30, "\x55", 1, WH_DATA, "row group 0, column \"a\": "},
    };
    struct wh_error err;
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        const char *path = write_rows("x.parquet", "a:int64,b:text", "1,x;2,-;4,y", 9);
        FILE *f = fopen(path, "r+b");
        print_message("%s\n", cases[i].label);
        assert_non_null(f);
        fseek(f, cases[i].at, cases[i].at < 0 ? SEEK_END : SEEK_SET);
        fwrite(cases[i].bytes, 1, cases[i].n, f);
        fclose(f);
        char want[400];
        snprintf(want, sizeof want, "could not read \"%s\": %s", path, cases[i].message);
        assert_int_equal(read_all(&(struct reading){.paths = {path}}, &err), cases[i].status);
        assert_true(strncmp(err.msg, want, strlen(want)) == 0);
        wh_buffer_release(&text);
    }
    OK(wh_publish_file(path_of("y.parquet"), "PAR1", 4, &err));
    assert_int_equal(read_all(&(struct reading){.paths = {path_of("y.parquet")}}, &err), WH_DATA);
    assert_non_null(strstr(err.msg, "it is too short for a Parquet file"));
}

static void sees_change_and_cancel(void **state)
{
    (void)state;
    struct wh_error err;
    struct opened o;
    const char *path = write_rows("z.parquet", "a:int32", "1;2", 9);
    OK(open_reading(&o, &(struct reading){.paths = {path}}, &err));
    struct stat before;
    assert_int_equal(stat(path, &before), 0);
    struct timespec times[2] = {before.st_atim, {before.st_mtim.tv_sec + 1, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(read_stream(o.stream, NULL, &err), WH_DATA);
    close_reading(&o);
    cancelled = true;
    assert_int_equal(read_all(&(struct reading){.paths = {path}}, &err), WH_CANCELLED);
    cancelled = false;
    wh_buffer_release(&text);
}

/* Random rows of random types, by our own encoder and back, whatever the sizes of row groups and pages. */
static void round_trips(void **state)
{
    (void)state;
    static const char *const options[][2] = {{NULL, NULL},
                                             {"parquet-compression", "none"},
                                             {"parquet-page-bytes", "1KiB"},
                                             {"parquet-compression", "snappy"}};
    struct wh_error err;
    unsigned flags = RANDOM_WITHOUT(WH_INTERVAL); /* Parquet's are narrower than ours */
    for (uint64_t seed = 1; seed <= 24; seed++) {
        uint64_t random = seed * 7919;
        struct wh_schema schema = {0};
        struct wh_batch rows = {0}, got = {0};
        int64_t n = seed % 5 == 0 ? 3000 : (int64_t)(seed * seed % 90), group = seed % 3 == 0 ? 7 : 5000;
        OK(random_schema(&schema, &random, flags | (seed % 4 == 0 ? RANDOM_ALL_TYPES : 0), &err));
        OK(wh_batch_init(&rows, &schema, NULL, &err));
        OK(random_rows(&rows, n, &random, &err));
        group = WH_MAX(group, n / 90 + 1);
        const char *const *option = options[seed % WH_COUNT(options)];
        const char *path = write_file("r.parquet", &rows, group, option[0], option[1]);
        struct opened o;
        OK(open_reading(
            &o,
            &(struct reading){.paths = {path}, .types = &schema, .chunk_bytes = (int64_t)(seed % 2) * 5000},
            &err));
        OK(wh_batch_init(&got, &o.stream->schema, NULL, &err));
        OK(read_stream(o.stream, &got, &err));
        assert_int_equal(got.rows, rows.rows);
        char why[200];
        if (!batches_equal(&rows, &got, why, sizeof why))
            fail_msg("seed %d: %s", (int)seed, why);
        wh_batch_release(&got);
        close_reading(&o);
        wh_batch_release(&rows);
        wh_schema_release(&schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_columns_in_order),
        cmocka_unit_test(cuts_chunks_and_resumes),
        cmocka_unit_test(refuses_positions),
        cmocka_unit_test(joins_files),
        cmocka_unit_test(casts_to_declared_types),
        cmocka_unit_test(skips_row_groups),
        cmocka_unit_test(refuses_damage),
        cmocka_unit_test(sees_change_and_cancel),
        cmocka_unit_test(round_trips),
    };
    return cmocka_run_group_tests_name("parquet/stream", tests, make_folder, remove_folder);
}
