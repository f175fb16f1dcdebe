/* tests/unit/test_parquet_read_ranges.c - row groups in ranges of rows: any size, any order, several threads;
 * how chunks are cut and resumed; page indexes that lie. The files are written by our encoder. */
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/options.h"
#include "batch/schema.h"
#include "format/parquet/page_index.h"
#include "format/parquet/read.h"
#include "support/random_batch.h"

static struct wh_budget budget;
static struct wh_context context = {.budget = &budget, .jobs = 1};

/* ---- files ------------------------------------------------------------------------------------------ */

static struct wh_config *config_of(const struct wh_option *table, const char *const *settings)
{
    const struct wh_option *tables[] = {table, NULL};
    struct wh_config *cfg = NULL;
    must(wh_config_new(&cfg, tables, err));
    for (; settings != NULL && *settings != NULL; settings += 2)
        must(wh_config_set(cfg, settings[0], settings[1], err));
    return cfg;
}

static void write_part(struct wh_encoder *e, const struct wh_batch *b, int64_t at, int64_t n,
                       struct wh_buffer *file, struct wh_buffer *entry)
{
    struct wh_batch rows = {0};
    struct wh_part *part = NULL;
    must(wh_batch_init(&rows, b->schema, NULL, err));
    must(wh_batch_append(&rows, b, at, n, err));
    must(e->ops->open_part(&part, e, NULL, err));
    must(e->ops->write(part, &rows, err));
    must(e->ops->seal(part, err));
    must(e->ops->place(part, file->size, entry, err));
    must(wh_buffer_append(file, part->bytes.data, part->bytes.size, err));
    e->ops->close_part(part);
    wh_batch_release(&rows);
}

/* settings: names and values in turn, NULL-ended. */
static void write_batch(const char *path, const struct wh_batch *b, int64_t group_rows,
                        const char *const *settings)
{
    struct wh_encoder *e = NULL;
    struct wh_buffer file = {0}, entries[8] = {{0}}, end = {0};
    size_t n = 0;
    struct wh_config *cfg = config_of(wh_parquet_write_options, settings);
    must(wh_format_parquet.encoder->open(&e, b->schema, cfg, &context, err));
    must(e->ops->begin_file(e, &file, err));
    for (int64_t at = 0; at < b->rows && n < WH_COUNT(entries); at += group_rows, n++)
        write_part(e, b, at, WH_MIN(group_rows, b->rows - at), &file, &entries[n]);
    must(e->ops->end_file(e, entries, n, file.size, b->rows, &end, err));
    must(wh_buffer_append(&file, end.data, end.size, err));
    put_bytes(path, file.data, file.size);
    for (size_t i = 0; i < n; i++)
        wh_buffer_release(&entries[i]);
    wh_buffer_release(&end);
    wh_buffer_release(&file);
    e->ops->close(e);
    wh_config_free(cfg);
}

/* ---- reading ---------------------------------------------------------------------------------------- */

struct opened {
    struct wh_file file;
    struct wh_file_set set;
    struct wh_config *cfg;
    struct wh_stream *stream;
};

/* types: of the columns, where Parquet has others; or NULL. */
static void open_file(struct opened *o, const char *path, const struct wh_schema *types, int64_t chunk_bytes,
                      const char *after)
{
    must(wh_file_init(&o->file, path, err));
    o->set = (struct wh_file_set){.files = &o->file, .n_files = 1};
    o->cfg = config_of(wh_parquet_read_options, NULL);
    context.chunk_bytes = chunk_bytes;
    struct wh_stream_request req = {.config = o->cfg, .declared = types, .after = after};
    must(wh_pq_open_stream(&o->stream, &o->set, &req, &context, err));
}

static void close_file(struct opened *o)
{
    o->stream->ops->close(o->stream);
    wh_config_free(o->cfg);
    wh_file_release(&o->file);
    assert_int_equal(budget.used_bytes, 0);
}

/* Appends the rows of a chunk to out. */
static enum wh_status read_position(struct wh_stream *s, char *position, struct wh_batch *out,
                                    struct wh_error *err)
{
    struct wh_reader *r = NULL;
    struct wh_batch b = {0};
    WH_TRY(s->ops->open_chunk(&r, s, &(struct wh_chunk){.position = position}, NULL, err));
    enum wh_status status = wh_batch_init(&b, &s->schema, &budget, err);
    while (status == WH_OK && (status = s->ops->read(r, &b, err)) == WH_OK) {
        status = wh_batch_check(&b, err);
        if (status == WH_OK)
            status = wh_batch_append(out, &b, 0, b.rows, err);
    }
    wh_batch_release(&b);
    s->ops->close_reader(r);
    return status == WH_END ? WH_OK : status;
}

static enum wh_status read_range(struct wh_stream *s, const char *path, int group, int64_t first,
                                 int64_t rows, struct wh_batch *out, struct wh_error *err)
{
    char position[300];
    snprintf(position, sizeof position,
             "{\"file\":\"%s\",\"row_group\":%d,\"row_groups\":1,\"first\":%lld,\"rows\":%lld}", path, group,
             (long long)first, (long long)rows);
    return read_position(s, position, out, err);
}

static void same_rows(const struct wh_batch *want, const struct wh_batch *got, const char *label)
{
    char why[300] = "";
    if (want->rows != got->rows || !batches_equal(want, got, why, sizeof why))
        fail_msg("%s: %lld rows, want %lld; %s", label, (long long)got->rows, (long long)want->rows, why);
}

/* ---- ranges of any size ----------------------------------------------------------------------------- */

#define GROUP_ROWS 300

/* Reads two row groups in ranges, the last one first or the first one first. */
static void read_in_ranges(const char *path, const struct wh_batch *want, int64_t size, bool backwards)
{
    struct opened o;
    struct wh_batch parts[2 * GROUP_ROWS] = {{0}}, all = {0};
    int per_group = (int)((GROUP_ROWS + size - 1) / size), n = 2 * per_group;
    char label[100];
    open_file(&o, path, want->schema, 1, NULL);
    for (int i = 0; i < n; i++) {
        int k = backwards ? n - 1 - i : i;
        int64_t first = k % per_group * size;
        must(wh_batch_init(&parts[k], want->schema, NULL, err));
        must(read_range(o.stream, path, k / per_group, first, WH_MIN(size, GROUP_ROWS - first), &parts[k],
                        err));
    }
    must(wh_batch_init(&all, want->schema, NULL, err));
    for (int k = 0; k < n; k++) {
        must(wh_batch_append(&all, &parts[k], 0, parts[k].rows, err));
        wh_batch_release(&parts[k]);
    }
    snprintf(label, sizeof label, "ranges of %lld%s", (long long)size, backwards ? ", backwards" : "");
    same_rows(want, &all, label);
    wh_batch_release(&all);
    close_file(&o);
}

static const char *const layouts[][9] = {
    {"parquet-page-bytes", "1KiB", NULL},
    {"parquet-page-bytes", "1KiB", "parquet-page-index", "false", NULL},
    {"parquet-page-bytes", "1KiB", "parquet-dictionary", "false", "parquet-compression", "none", NULL},
    {"parquet-page-bytes", "4KiB", "parquet-compression", "snappy", NULL},
    {NULL},
};

static void any_size_gives_the_same_rows(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 3, 64, 149, 150, 151, 299, 300};
    for (size_t i = 0; i < WH_COUNT(layouts); i++) {
        uint64_t seed = i + 1;
        struct wh_schema schema = {0};
        struct wh_batch want = {0};
        must(random_schema(&schema, &seed, RANDOM_ALL_TYPES | RANDOM_WITHOUT(WH_INTERVAL), err));
        must(wh_batch_init(&want, &schema, NULL, err));
        must(random_rows(&want, 2 * GROUP_ROWS, &seed, err));
        write_batch("any.parquet", &want, GROUP_ROWS, layouts[i]);
        for (size_t k = 0; k < WH_COUNT(sizes); k++) {
            read_in_ranges("any.parquet", &want, sizes[k], false);
            read_in_ranges("any.parquet", &want, sizes[k], true);
        }
        wh_batch_release(&want);
        wh_schema_release(&schema);
    }
}

/* ---- several threads -------------------------------------------------------------------------------- */

#define RANGE_ROWS 40
#define N_RANGES ((GROUP_ROWS + RANGE_ROWS - 1) / RANGE_ROWS)

struct shared {
    struct wh_stream *stream;
    _Atomic int next;
    struct wh_batch parts[N_RANGES];
    _Atomic bool failed;
};

static void *read_some(void *arg)
{
    struct shared *s = arg;
    struct wh_error err;
    for (int k; (k = atomic_fetch_add(&s->next, 1)) < N_RANGES;) {
        int64_t first = k * RANGE_ROWS;
        if (read_range(s->stream, "threads.parquet", 0, first, WH_MIN(RANGE_ROWS, GROUP_ROWS - first),
                       &s->parts[k], &err) != WH_OK &&
            !atomic_exchange(&s->failed, true))
            print_error("%s\n", err.msg);
    }
    return NULL;
}

static void read_with_threads(const struct wh_batch *want)
{
    struct opened o;
    struct wh_batch all = {0};
    pthread_t threads[4];
    open_file(&o, "threads.parquet", want->schema, 1, NULL);
    struct shared s = {.stream = o.stream};
    for (int k = 0; k < N_RANGES; k++)
        must(wh_batch_init(&s.parts[k], want->schema, NULL, err));
    for (size_t i = 0; i < WH_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_some, &s), 0);
    for (size_t i = 0; i < WH_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_false(s.failed);
    must(wh_batch_init(&all, want->schema, NULL, err));
    for (int k = 0; k < N_RANGES; k++) {
        must(wh_batch_append(&all, &s.parts[k], 0, s.parts[k].rows, err));
        wh_batch_release(&s.parts[k]);
    }
    same_rows(want, &all, "threads");
    wh_batch_release(&all);
    close_file(&o);
}

static void threads_share_pages(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 20; round++) {
        uint64_t seed = round;
        struct wh_schema schema = {0};
        struct wh_batch want = {0};
        must(random_schema(&schema, &seed, RANDOM_WITHOUT(WH_INTERVAL), err));
        must(wh_batch_init(&want, &schema, NULL, err));
        must(random_rows(&want, GROUP_ROWS, &seed, err));
        write_batch("threads.parquet", &want, GROUP_ROWS, layouts[round % WH_COUNT(layouts)]);
        read_with_threads(&want);
        wh_batch_release(&want);
        wh_schema_release(&schema);
    }
}

/* ---- cutting ---------------------------------------------------------------------------------------- */

/* Numbers and texts of 100 bytes; few: with a dictionary that makes the file small. */
static void write_large(const char *path, int64_t rows, int64_t group_rows, int64_t distinct)
{
    struct wh_schema schema = {0};
    struct wh_batch b = {0};
    must(wh_schema_parse(&schema, "i:int64,t:text", err));
    must(wh_batch_init(&b, &schema, NULL, err));
    for (int64_t i = 0; i < rows; i++, b.rows++) {
        char text[101];
        snprintf(text, sizeof text, "%0100lld", (long long)(i % distinct * 7919));
        must(wh_column_append(&b.columns[0], &i, err));
        must(wh_column_append_bytes(&b.columns[1], text, 100, err));
    }
    static const char *const settings[] = {"parquet-page-bytes", "64KiB", NULL};
    write_batch(path, &b, group_rows, settings);
    wh_batch_release(&b);
    wh_schema_release(&schema);
}

struct planned {
    int64_t first, rows;
    int group, n_groups;
    uint64_t bytes;
    char *position; /* owned */
};

static size_t plan(const char *path, int64_t chunk_bytes, const char *after, struct planned *out, size_t room)
{
    struct opened o;
    struct wh_error err;
    struct wh_chunk chunk = {0};
    enum wh_status status;
    size_t n = 0;
    open_file(&o, path, NULL, chunk_bytes, after);
    for (; (status = o.stream->ops->next_chunk(o.stream, &chunk, &err)) == WH_OK; n++) {
        struct planned p = {.bytes = chunk.bytes, .position = chunk.position};
        long long first, rows;
        assert_true(n < room);
        assert_int_equal(sscanf(strstr(chunk.position, "\"row_group\""),
                                "\"row_group\":%d,\"row_groups\":%d,\"first\":%lld,\"rows\":%lld,", &p.group,
                                &p.n_groups, &first, &rows),
                         4);
        p.first = first;
        p.rows = rows;
        out[n] = p;
    }
    assert_int_equal(status, WH_END);
    close_file(&o);
    return n;
}

static void forget(struct planned *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(p[i].position);
}

static void cuts_large_row_groups(void **state)
{
    (void)state;
    /* 112 bytes a row in batches: two row groups of 4.3 MiB and one of 0.4 */
    static const struct {
        int64_t chunk_bytes, distinct;
        size_t n_chunks;
    } cases[] = {
        {1 << 20, 90000, 9}, {1, 90000, 9},       {2 << 20, 90000, 5}, {3 << 20, 90000, 3},
        {5 << 20, 90000, 2}, {1 << 26, 90000, 1}, {1 << 20, 1000, 9},  {2 << 20, 1000, 5},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct planned p[16];
        write_large("large.parquet", 84000, 40000, cases[i].distinct);
        size_t n = plan("large.parquet", cases[i].chunk_bytes, NULL, p, WH_COUNT(p));
        print_message("chunks of %lld: %zu\n", (long long)cases[i].chunk_bytes, n);
        assert_int_equal(n, cases[i].n_chunks);
        int64_t row = 0;
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(p[k].group * 40000 + p[k].first, row);
            assert_true(p[k].bytes > 0);
            row += p[k].rows;
        }
        assert_int_equal(row, 84000);
        forget(p, n);
    }
}

/* Ranges of texts without a dictionary end where their pages do. */
static void ends_ranges_with_pages(void **state)
{
    (void)state;
    struct planned p[16];
    struct wh_file f;
    struct wh_pq_file *file = NULL;
    struct wh_pq_page_index index = {0};
    write_large("pages.parquet", 40000, 40000, 40000);
    must(wh_file_init(&f, "pages.parquet", err));
    must(wh_pq_file_open(&file, &f, NULL, err));
    must(wh_pq_page_index_load(&index, file, 0, 1, err));
    assert_true(index.n_pages > 20);
    size_t n = plan("pages.parquet", 1 << 20, NULL, p, WH_COUNT(p));
    for (size_t k = 1; k < n; k++)
        assert_int_equal(wh_pq_page_index_border(&index, 0, p[k].first, 40000), p[k].first);
    assert_int_equal(wh_pq_page_index_border(&index, 0, p[1].first + 1, 40000), p[1].first);
    assert_int_equal(wh_pq_page_index_border(&index, p[1].first + 1, p[1].first + 1, p[1].first + 2),
                     p[1].first + 1);
    forget(p, n);
    wh_pq_page_index_release(&index);
    wh_pq_file_close(file);
    wh_file_release(&f);
}

static void resumes_behind_any_range(void **state)
{
    (void)state;
    struct planned p[16], rest[16];
    write_large("resume.parquet", 84000, 40000, 90000);
    size_t n = plan("resume.parquet", 1 << 20, NULL, p, WH_COUNT(p));
    for (size_t k = 0; k < n; k++) {
        static const int64_t sizes[] = {1 << 20, 3 << 20, 1 << 26};
        for (size_t i = 0; i < WH_COUNT(sizes); i++) {
            size_t n_rest = plan("resume.parquet", sizes[i], p[k].position, rest, WH_COUNT(rest));
            int64_t row = p[k].group * 40000 + p[k].first + p[k].rows;
            for (size_t m = 0; m < n_rest; m++) {
                assert_int_equal(rest[m].group * 40000 + rest[m].first, row);
                row += rest[m].rows;
                if (i == 0)
                    assert_string_equal(rest[m].position, p[k + 1 + m].position);
            }
            assert_int_equal(row, 84000);
            forget(rest, n_rest);
        }
    }
    forget(p, n);
    /* behind several row groups at once */
    n = plan("resume.parquet", 1 << 26, NULL, p, WH_COUNT(p));
    assert_int_equal(plan("resume.parquet", 1 << 20, p[0].position, rest, WH_COUNT(rest)), 0);
    forget(p, n);
}

static void refuses_ranges_that_are_not_there(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\"row_group\":0,\"row_groups\":1,\"rows\":1",
        "\"row_group\":0,\"row_groups\":1,\"first\":-1,\"rows\":1",
        "\"row_group\":0,\"row_groups\":1,\"first\":0,\"rows\":41",
        "\"row_group\":0,\"row_groups\":1,\"first\":40,\"rows\":1",
        "\"row_group\":0,\"row_groups\":1,\"first\":9223372036854775807,\"rows\":1",
        "\"row_group\":0,\"row_groups\":1,\"first\":1,\"rows\":9223372036854775807",
        "\"row_group\":0,\"row_groups\":2,\"first\":1,\"rows\":80",
        "\"row_group\":0,\"row_groups\":2,\"first\":0,\"rows\":79",
        "\"row_group\":2,\"row_groups\":1,\"first\":0,\"rows\":0",
    };
    struct opened o;
    struct wh_error err;
    write_large("refused.parquet", 80, 40, 80);
    open_file(&o, "refused.parquet", NULL, 1, NULL);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        char position[200];
        snprintf(position, sizeof position, "{\"file\":\"refused.parquet\",%s}", cases[i]);
        print_message("%s\n", position);
        assert_int_equal(read_position(o.stream, position, NULL, &err), WH_STATE);
    }
    close_file(&o);
}

/* ---- page indexes ----------------------------------------------------------------------------------- */

/* Lists of one to three numbers in pages of 1 KiB. */
static void write_lists(struct wh_batch *b, struct wh_schema *schema)
{
    static const char *const settings[] = {"parquet-page-bytes", "1KiB", "parquet-dictionary", "false", NULL};
    must(wh_schema_parse(schema, "l:list<int64>", err));
    must(wh_batch_init(b, schema, NULL, err));
    uint64_t seed = 5;
    for (int64_t i = 0; i < 1000; i++, b->rows++) {
        for (int64_t k = 0; k <= i % 3; k++) {
            uint64_t v = random_next(&seed);
            must(wh_column_append(&b->columns[0].children[0], &v, err));
        }
        must(wh_column_append_end(&b->columns[0], err));
    }
    write_batch("lists.parquet", b, 1000, settings);
}

/* Puts other bytes in the place of the index's one entry that has them; both have n. */
static void patch_index(const uint8_t *from, const uint8_t *to, size_t n)
{
    struct wh_file f;
    struct wh_pq_file *file = NULL;
    struct wh_buffer bytes = {0};
    must(wh_file_init(&f, "lists.parquet", err));
    must(wh_pq_file_open(&file, &f, NULL, err));
    must(wh_read_file(&bytes, "lists.parquet", (size_t)1 << 20, err));
    const struct wh_pq_chunk *chunk = &file->meta.groups[0].chunks[0];
    uint8_t *at = memmem(bytes.data + chunk->offset_index_offset, (size_t)chunk->offset_index_bytes, from, n);
    assert_non_null(at);
    memcpy(at, to, n);
    put_bytes("lists.parquet", bytes.data, bytes.size);
    wh_buffer_release(&bytes);
    wh_pq_file_close(file);
    wh_file_release(&f);
}

/* The bytes of a page location from its number of bytes on are: 0x15 <bytes> 0x16 <first row> 0. */
static size_t first_row_bytes(uint8_t *out, int64_t row)
{
    size_t n = 0;
    out[n++] = 0x16;
    for (uint64_t v = (uint64_t)row << 1; v > 0; v >>= 7)
        out[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
    out[n++] = 0;
    return n;
}

static void patch_first_row(int64_t from, int64_t to)
{
    uint8_t before[12], after[12];
    size_t n = first_row_bytes(before, from);
    assert_int_equal(first_row_bytes(after, to), n);
    patch_index(before, after, n);
}

static int64_t second_page_row(void)
{
    struct wh_file f;
    struct wh_pq_file *file = NULL;
    struct wh_pq_page_index index = {0};
    must(wh_file_init(&f, "lists.parquet", err));
    must(wh_pq_file_open(&file, &f, NULL, err));
    must(wh_pq_page_index_load(&index, file, 0, 0, err));
    assert_true(index.n_pages > 3);
    int64_t row = wh_pq_page_index_border(&index, 1, 1, 1000);
    wh_pq_page_index_release(&index);
    wh_pq_file_close(file);
    wh_file_release(&f);
    return row;
}

/* Status of reading all rows in ranges of 100; *why: the first error. */
static enum wh_status read_lists(const struct wh_batch *want, struct wh_error *why)
{
    struct opened o;
    struct wh_batch got = {0};
    enum wh_status status = WH_OK;
    open_file(&o, "lists.parquet", NULL, 1, NULL);
    must(wh_batch_init(&got, want->schema, NULL, err));
    for (int64_t first = 0; status == WH_OK && first < 1000; first += 100)
        status = read_range(o.stream, "lists.parquet", 0, first, 100, &got, why);
    if (status == WH_OK)
        same_rows(want, &got, "lists");
    wh_batch_release(&got);
    close_file(&o);
    return status;
}

static void does_not_trust_page_indexes(void **state)
{
    (void)state;
    struct wh_schema schema = {0};
    struct wh_batch want = {0};
    struct wh_error err = {0};
    write_lists(&want, &schema);
    int64_t row = second_page_row();
    assert_int_equal(read_lists(&want, &err), WH_OK);
    /* a row too many in the first page */
    patch_first_row(row, row + 1);
    assert_int_equal(read_lists(&want, &err), WH_DATA);
    assert_string_equal(err.msg,
                        "could not read \"lists.parquet\": row group 0, column \"l\": its pages have "
                        "other rows than its index says");
    /* a page that starts behind the next one: such an index is not used */
    patch_first_row(row + 1, 8000);
    assert_int_equal(read_lists(&want, &err), WH_OK);
    wh_batch_release(&want);
    wh_schema_release(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_size_gives_the_same_rows), cmocka_unit_test(threads_share_pages),
        cmocka_unit_test(cuts_large_row_groups),        cmocka_unit_test(ends_ranges_with_pages),
        cmocka_unit_test(resumes_behind_any_range),     cmocka_unit_test(refuses_ranges_that_are_not_there),
        cmocka_unit_test(does_not_trust_page_indexes),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
