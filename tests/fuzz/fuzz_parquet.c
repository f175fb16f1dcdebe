/* fuzz_parquet.c - reading Parquet files and pages.
 *
 * Input that starts with "PAR1" is a file, read as a user would, and in ranges of rows, which must give the
 * same rows unless a range finds fault with the file. Any other input is the data of a column: byte 0 picks
 * its type, bytes 1 and 2 the number of rows, the rest are pages without compression. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/options.h"
#include "batch/text.h"
#include "format/parquet/nest.h"
#include "format/parquet/read.h"

#define MAX_ROWS 20000
#define MAX_TEXT_ROWS 2000 /* rows that are compared */
#define BUDGET_BYTES (INT64_C(256) << 20)

static struct wh_budget budget = {.limit_bytes = BUDGET_BYTES};

/* ---- files ------------------------------------------------------------------------------------------------
 */

static enum wh_status add_reject(struct wh_reject_sink *sink, const struct wh_reject *r, struct wh_error *err)
{
    (void)sink;
    (void)r;
    (void)err;
    return WH_OK;
}

/* Reads a chunk and appends its rows as text; gives the status at its end. */
static enum wh_status read_chunk(struct wh_stream *s, struct wh_chunk *chunk, int64_t *rows,
                                 struct wh_buffer *text)
{
    struct wh_error err = {0};
    struct wh_reject_sink sink = {.add = add_reject};
    struct wh_reader *r;
    struct wh_batch b = {0};
    enum wh_status status = s->ops->open_chunk(&r, s, chunk, &sink, &err);
    if (status != WH_OK)
        return status;
    status = wh_batch_init(&b, &s->schema, &budget, &err);
    while (status == WH_OK && *rows < MAX_ROWS && (status = s->ops->read(r, &b, &err)) == WH_OK) {
        *rows += b.rows;
        if (wh_batch_check(&b, &err) != WH_OK)
            __builtin_trap();
        for (int64_t i = 0; *rows < MAX_TEXT_ROWS && i < b.rows; i++)
            if (wh_json_row(text, &b, i, &err) != WH_OK)
                __builtin_trap();
    }
    wh_batch_release(&b);
    s->ops->close_reader(r);
    return status;
}

/* Reads the n rows of a row group, which is all of the chunk, in ranges; their text must be the same. */
static void read_ranges(struct wh_stream *s, const struct wh_chunk *chunk, int64_t n,
                        const struct wh_buffer *want)
{
    struct wh_error err = {0};
    struct wh_buffer text = {0};
    char *tail = strstr(chunk->position, ",\"first\":");
    int64_t step = n / 7 + 1, rows = 0;
    for (int64_t first = 0; first < n; first += step) {
        struct wh_buffer position = {0};
        struct wh_chunk range = {0};
        if (wh_buffer_printf(&position, &err, "%.*s,\"first\":%lld,\"rows\":%lld}",
                             (int)(tail - chunk->position), chunk->position, (long long)first,
                             (long long)WH_MIN(step, n - first)) != WH_OK ||
            wh_buffer_take_text(&range.position, &position, &err) != WH_OK)
            __builtin_trap();
        enum wh_status status = read_chunk(s, &range, &rows, &text);
        free(range.position);
        if (status != WH_END) {
            wh_buffer_release(&text);
            return;
        }
    }
    if (text.size != want->size || (text.size > 0 && memcmp(text.data, want->data, text.size) != 0))
        __builtin_trap();
    wh_buffer_release(&text);
}

static void read_stream(struct wh_stream *s)
{
    struct wh_error err = {0};
    struct wh_chunk chunk = {0};
    struct wh_buffer text = {0};
    int64_t rows = 0;
    while (rows < MAX_ROWS && s->ops->next_chunk(s, &chunk, &err) == WH_OK) {
        int64_t of_chunk = 0, n = 0;
        const char *rows_text = strstr(chunk.position, "\"rows\":");
        text.size = 0;
        enum wh_status status = read_chunk(s, &chunk, &of_chunk, &text);
        bool is_group = strstr(chunk.position, "\"row_groups\":1,\"first\":0,") != NULL;
        if (rows_text != NULL && sscanf(rows_text, "\"rows\":%" SCNd64, &n) == 1 && is_group &&
            status == WH_END && n < MAX_TEXT_ROWS)
            read_ranges(s, &chunk, n, &text);
        rows += of_chunk + 1;
        free(chunk.position);
        chunk = (struct wh_chunk){0};
    }
    wh_buffer_release(&text);
}

static void read_file(const char *path, size_t size)
{
    static const struct wh_option *const tables[] = {wh_parquet_read_options, NULL};
    struct wh_error err = {0};
    struct wh_config *cfg = NULL;
    struct wh_stream *s = NULL;
    char *copy = NULL;
    if (wh_strdup(&copy, path, &err) != WH_OK || wh_config_new(&cfg, tables, &err) != WH_OK ||
        wh_config_set(cfg, "parquet-checksum", "ignore", &err) != WH_OK)
        __builtin_trap();
    struct wh_file file = {.path = copy, .size = size};
    struct wh_file_set set = {.files = &file, .n_files = 1};
    struct wh_context ctx = {.budget = &budget, .jobs = 1, .chunk_bytes = 1000};
    struct wh_stream_request req = {.config = cfg};
    if (wh_pq_open_stream(&s, &set, &req, &ctx, &err) == WH_OK) {
        read_stream(s);
        s->ops->close(s);
    }
    wh_config_free(cfg);
    free(copy);
}

/* ---- pages ------------------------------------------------------------------------------------------------
 */

#define LEAF(kind, repeats, ...)                                                                             \
    {                                                                                                        \
        .is_leaf = true, .type = kind, .repetition = repeats, .name = {"v", 1}, __VA_ARGS__                  \
    }
#define GROUP(repeats, n, ...)                                                                               \
    {                                                                                                        \
        .repetition = repeats, .n_children = n, .name = {"g", 1}, __VA_ARGS__                                \
    }
#define PLAIN_TYPE .converted = -1

/* Root, then the elements of one column. */
static struct wh_pq_element schemas[][6] = {
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_INT32, 0, PLAIN_TYPE)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_INT64, 1, PLAIN_TYPE)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_INT96, 1, PLAIN_TYPE)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_BOOLEAN, 0, PLAIN_TYPE)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_BOOLEAN, 1, PLAIN_TYPE)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_DOUBLE, 1, PLAIN_TYPE)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_BYTE_ARRAY, 0, .converted = WH_PQ_UTF8)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_BYTE_ARRAY, 1, .converted = WH_PQ_JSON)},
    {GROUP(0, 1, PLAIN_TYPE),
     LEAF(WH_PQ_BYTE_ARRAY, 1, .converted = WH_PQ_DECIMAL, .precision = 40, .scale = 2)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_FIXED, 1, .length = 5, PLAIN_TYPE)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_FIXED, 0, .length = 7, .converted = WH_PQ_DECIMAL, .precision = 12)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_INT32, 1, .converted = WH_PQ_UINT_8)},
    {GROUP(0, 1, PLAIN_TYPE), LEAF(WH_PQ_INT32, 2, PLAIN_TYPE)},
    {GROUP(0, 1, PLAIN_TYPE), GROUP(1, 1, PLAIN_TYPE, .logical = {.id = WH_PQ_LOGICAL_LIST}),
     GROUP(2, 1, PLAIN_TYPE), LEAF(WH_PQ_INT64, 1, PLAIN_TYPE)},
    {GROUP(0, 1, PLAIN_TYPE), GROUP(1, 1, PLAIN_TYPE, .logical = {.id = WH_PQ_LOGICAL_LIST}),
     GROUP(2, 1, PLAIN_TYPE), GROUP(1, 1, PLAIN_TYPE, .logical = {.id = WH_PQ_LOGICAL_LIST}),
     GROUP(2, 1, PLAIN_TYPE), LEAF(WH_PQ_BYTE_ARRAY, 1, .converted = 0)},
    {GROUP(0, 1, PLAIN_TYPE), GROUP(1, 1, PLAIN_TYPE), GROUP(1, 1, PLAIN_TYPE),
     LEAF(WH_PQ_FLOAT, 1, PLAIN_TYPE)},
};

static void read_rows(struct wh_pq_leaf *leaf, const struct wh_pq_node *top, unsigned cut)
{
    struct wh_error err = {0};
    struct wh_column column = {0};
    struct wh_pq_nest nest = {0};
    enum wh_status s = wh_column_init(&column, top->field, &budget, &err);
    for (int64_t rows = 0; s == WH_OK && rows < MAX_ROWS && !wh_pq_leaf_at_end(leaf); rows += leaf->rows) {
        struct wh_column *values = &column;
        for (const struct wh_pq_node *n = top; n->children != NULL; n = n->children)
            values = &values->children[0];
        wh_column_reset(&column);
        s = wh_pq_leaf_read(leaf, values, 100, &err);
        if (s == WH_OK && leaf->rows == 0)
            break;
        if (s == WH_OK && leaf->rows > 1 && (rows + cut) % 3 == 0)
            s = wh_pq_leaf_cut(leaf, 1 + (rows + cut) % (leaf->rows - 1), &err);
        if (s == WH_OK)
            s = wh_pq_nest_build(&nest, top, &column, &leaf, &err);
        struct wh_schema schema = {.fields = top->field == NULL ? NULL : (struct wh_field[]){*top->field},
                                   .n_fields = 1};
        struct wh_batch batch = {.schema = &schema, .rows = leaf->rows, .columns = &column};
        if (s == WH_OK && (column.length != leaf->rows || wh_batch_check(&batch, &err) != WH_OK))
            __builtin_trap();
        for (size_t i = 0; s == WH_OK && i < leaf->bad.size; i += sizeof(int64_t))
            if (wh_pq_leaf_row_of(leaf, (int64_t)wh_get_le64(leaf->bad.data + i)) >= leaf->rows)
                __builtin_trap();
    }
    wh_pq_nest_release(&nest);
    wh_column_release(&column);
}

static void read_pages(int fd, const char *path, const uint8_t *head, size_t size)
{
    struct wh_error err = {0};
    struct wh_pq_element *elements = schemas[head[0] % WH_COUNT(schemas)];
    size_t n = 1;
    while (n < WH_COUNT(schemas[0]) && elements[n].name.len > 0)
        n++;
    struct wh_pq_chunk chunk = {.has_meta = true,
                                .type = elements[n - 1].type,
                                .n_values = wh_get_le16(head + 1),
                                .total_compressed_bytes = (int64_t)size - 4,
                                .data_page_offset = 4};
    struct wh_pq_row_group group = {.chunks = &chunk, .n_chunks = 1, .rows = chunk.n_values};
    struct wh_pq_file file = {.path = path, .fd = fd, .data_end = size, .budget = &budget};
    file.meta.groups = &group;
    file.meta.n_groups = 1;
    if (wh_pq_tree_read(&file.tree, elements, n, &err) != WH_OK)
        __builtin_trap();
    struct wh_pq_bodies bodies;
    struct wh_pq_page_context context = {0};
    struct wh_pq_leaf_source source = {.file = &file, .context = &context};
    struct wh_pq_leaf *leaf = NULL;
    wh_pq_bodies_init(&bodies);
    wh_pq_page_context_init(&context, &bodies, &budget, 1);
    if (wh_pq_leaf_open(&leaf, &source, &err) == WH_OK && wh_pq_leaf_skip(leaf, head[2] / 2, &err) == WH_OK)
        read_rows(leaf, &file.tree.nodes[0], head[1]);
    wh_pq_leaf_close(leaf);
    wh_pq_page_context_release(&context);
    wh_pq_bodies_release(&bodies);
    wh_pq_tree_release(&file.tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || size < 4)
        return fd < 0 ? 0 : close(fd);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, data + done, size - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (memcmp(data, "PAR1", 4) == 0)
        read_file(path, size);
    else
        read_pages(fd, path, data, size);
    close(fd);
    if (budget.used_bytes != 0)
        __builtin_trap();
    return 0;
}
