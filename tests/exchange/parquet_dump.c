/* exchange/parquet_dump.c - prints the rows of Parquet files as JSON lines, for comparison with other
 * readers.
 *
 *   parquet_dump [-c col,col] [-d name:type,...] [-w "column op value type"] [-r rows [-x]] [-q] FILE...
 *
 * -c: columns; -d: declared types; -w: a bound for skipping row groups (op: lt le eq ge gt); -q: prints only
 * the number of rows, CPU seconds and peak of the budget. Each chunk starts with a line {"chunk":position}
 * when -p is given. -r: row groups are read in ranges of so many rows, with -x from the last to the first.
 * Exit 1 and one line on stderr for an error. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/options.h"
#include "batch/schema.h"
#include "batch/text.h"
#include "format/parquet/read.h"

struct settings {
    char **columns;
    struct wh_schema declared;
    struct wh_predicate bound;
    struct wh_schema bound_type;
    struct wh_column bound_value;
    bool quiet, show_chunks, show_schema, backwards;
    int64_t chunk_bytes, range_rows;
    const char *checksum;
};

static int64_t n_rejects;

static enum wh_status print_reject(struct wh_reject_sink *sink, const struct wh_reject *r,
                                   struct wh_error *err)
{
    (void)sink;
    (void)err;
    n_rejects++;
    printf("{\"reject\":\"%s\",\"column\":\"%s\",\"row\":%" PRId64 "}\n", r->reason, r->column, r->row);
    return WH_OK;
}

/* Where rows go. */
struct output {
    struct wh_budget *budget;
    struct wh_buffer text;
    int64_t rows;
};

static enum wh_status dump_chunk(struct wh_stream *s, struct wh_chunk *chunk, const struct settings *o,
                                 struct output *out, struct wh_error *err)
{
    struct wh_reject_sink sink = {.add = print_reject};
    struct wh_reader *r;
    struct wh_batch b = {0};
    WH_TRY(s->ops->open_chunk(&r, s, chunk, &sink, err));
    enum wh_status status = wh_batch_init(&b, &s->schema, out->budget, err);
    while (status == WH_OK && (status = s->ops->read(r, &b, err)) == WH_OK) {
        out->rows += b.rows;
        status = wh_batch_check(&b, err);
        for (int64_t i = 0; status == WH_OK && !o->quiet && i < b.rows; i++) {
            status = wh_json_row(&out->text, &b, i, err);
            if (status == WH_OK)
                status = wh_buffer_append(&out->text, "\n", 1, err);
        }
        if (o->range_rows == 0) {
            fwrite(out->text.data, 1, out->text.size, stdout);
            out->text.size = 0;
        }
    }
    wh_batch_release(&b);
    s->ops->close_reader(r);
    return status == WH_END ? WH_OK : status;
}

/* Reads rows [first, first + rows) of a row group in which the chunk lies. */
static enum wh_status dump_range(struct wh_stream *s, const char *position, int64_t first, int64_t rows,
                                 const struct settings *o, struct output *out, struct wh_error *err)
{
    struct wh_buffer text = {0};
    struct wh_chunk chunk = {0};
    int head = (int)(strstr(position, ",\"first\":") - position);
    enum wh_status status = wh_buffer_printf(&text, err, "%.*s,\"first\":%" PRId64 ",\"rows\":%" PRId64 "}",
                                             head, position, first, rows);
    if (status == WH_OK)
        status = wh_buffer_take_text(&chunk.position, &text, err);
    wh_buffer_release(&text);
    if (status == WH_OK)
        status = dump_chunk(s, &chunk, o, out, err);
    free(chunk.position);
    return status;
}

static enum wh_status dump_ranges(struct wh_stream *s, const struct wh_chunk *chunk, const struct settings *o,
                                  struct output *out, struct wh_error *err)
{
    int64_t first = 0, rows = 0, size = o->range_rows;
    sscanf(strstr(chunk->position, ",\"first\":"), ",\"first\":%" SCNd64 ",\"rows\":%" SCNd64, &first, &rows);
    int64_t n = (rows + size - 1) / size;
    struct output *parts = wh_alloc_array((size_t)n, sizeof *parts);
    enum wh_status status = parts == NULL ? wh_nomem(err) : WH_OK;
    for (int64_t i = 0; status == WH_OK && i < n; i++) {
        int64_t k = o->backwards ? n - 1 - i : i;
        parts[k].budget = out->budget;
        status = dump_range(s, chunk->position, first + k * size, WH_MIN(size, rows - k * size), o, &parts[k],
                            err);
    }
    for (int64_t i = 0; parts != NULL && i < n; i++) {
        fwrite(parts[i].text.data, 1, parts[i].text.size, stdout);
        out->rows += parts[i].rows;
        wh_buffer_release(&parts[i].text);
    }
    free(parts);
    return status;
}

static enum wh_status dump_stream(struct wh_stream *s, const struct settings *o, struct wh_budget *budget,
                                  struct wh_error *err)
{
    enum wh_status status;
    struct wh_chunk chunk = {0};
    struct output out = {.budget = budget};
    char type[1024];
    for (size_t i = 0; o->show_schema && i < s->schema.n_fields; i++) {
        wh_type_format(&s->schema.fields[i], type, sizeof type);
        printf("%s: %s%s\n", s->schema.fields[i].name, type, s->schema.fields[i].nullable ? "" : " not null");
    }
    while ((status = s->ops->next_chunk(s, &chunk, err)) == WH_OK) {
        if (o->show_chunks)
            printf("{\"chunk\":%s}\n", chunk.position);
        status =
            o->range_rows > 0 ? dump_ranges(s, &chunk, o, &out, err) : dump_chunk(s, &chunk, o, &out, err);
        free(chunk.position);
        chunk = (struct wh_chunk){0};
        if (status != WH_OK)
            break;
    }
    wh_buffer_release(&out.text);
    if (status == WH_END)
        status = s->ops->finish(s, err);
    if (o->quiet)
        printf("%" PRId64 " rows, %" PRId64 " rejects, %.3f CPU seconds, %.1f MiB at most\n", out.rows,
               n_rejects, (double)clock() / CLOCKS_PER_SEC, (double)budget->peak_bytes / 1048576);
    return status;
}

static enum wh_status parse_bound(struct settings *o, char *text, struct wh_error *err)
{
    static const char *const ops[] = {"lt", "le", "eq", "ge", "gt"};
    char *column = strtok(text, " "), *op = strtok(NULL, " "), *value = strtok(NULL, " "),
         *type = strtok(NULL, "");
    char declaration[200];
    if (type == NULL)
        return wh_fail(err, WH_CONFIG, "a bound is: column op value type");
    snprintf(declaration, sizeof declaration, "v:%s", type);
    WH_TRY(wh_schema_parse(&o->bound_type, declaration, err));
    WH_TRY(wh_column_init(&o->bound_value, &o->bound_type.fields[0], NULL, err));
    WH_TRY(wh_value_parse(&o->bound_value, wh_slice_of(value), err));
    o->bound.column = column;
    o->bound.value = &o->bound_value;
    for (size_t i = 0; i < WH_COUNT(ops); i++)
        if (strcmp(op, ops[i]) == 0)
            o->bound.op = (enum wh_compare)i;
    return WH_OK;
}

static enum wh_status parse_arguments(struct settings *o, int argc, char **argv, struct wh_error *err)
{
    for (int c; (c = getopt(argc, argv, "c:d:w:k:b:r:qpsx")) != -1;) {
        if (c == 'c')
            WH_TRY(wh_split_list(&o->columns, optarg, err));
        else if (c == 'd')
            WH_TRY(wh_schema_parse(&o->declared, optarg, err));
        else if (c == 'w')
            WH_TRY(parse_bound(o, optarg, err));
        else if (c == 'k')
            o->checksum = optarg;
        else if (c == 'b')
            o->chunk_bytes = strtoll(optarg, NULL, 10);
        else if (c == 'r')
            o->range_rows = strtoll(optarg, NULL, 10);
        else if (c == 'x')
            o->backwards = true;
        else if (c == 'q')
            o->quiet = true;
        else if (c == 'p')
            o->show_chunks = true;
        else if (c == 's')
            o->show_schema = true;
    }
    return WH_OK;
}

static void note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx;
    (void)fmt;
}

static enum wh_status run(struct settings *o, int argc, char **argv, struct wh_error *err)
{
    static struct wh_budget budget = {.limit_bytes = INT64_C(512) << 20};
    static const struct wh_option *const tables[] = {wh_parquet_read_options, NULL};
    struct wh_config *cfg = NULL;
    struct wh_file_set set = {.files = wh_alloc_array((size_t)argc, sizeof *set.files)};
    if (set.files == NULL)
        return wh_nomem(err);
    WH_TRY(parse_arguments(o, argc, argv, err));
    WH_TRY(wh_config_new(&cfg, tables, err));
    if (o->checksum != NULL)
        WH_TRY(wh_config_set(cfg, "parquet-checksum", o->checksum, err));
    for (int i = optind; i < argc; i++, set.n_files++)
        WH_TRY(wh_file_init(&set.files[set.n_files], argv[i], err));
    struct wh_context ctx = {.budget = &budget, .jobs = 1, .chunk_bytes = o->chunk_bytes, .note = note};
    struct wh_stream_request req = {.config = cfg,
                                    .columns = (const char *const *)o->columns,
                                    .declared = &o->declared,
                                    .prune = &o->bound,
                                    .n_prune = o->bound.column != NULL};
    struct wh_stream *s = NULL;
    enum wh_status status = wh_pq_open_stream(&s, &set, &req, &ctx, err);
    if (status == WH_OK) {
        status = dump_stream(s, o, &budget, err);
        s->ops->close(s);
    }
    wh_column_release(&o->bound_value);
    wh_schema_release(&o->bound_type);
    wh_schema_release(&o->declared);
    wh_strv_free(o->columns);
    wh_config_free(cfg);
    wh_file_set_release(&set);
    return status;
}

int main(int argc, char **argv)
{
    struct wh_error err = {0};
    struct settings o = {.chunk_bytes = 1};
    if (run(&o, argc, argv, &err) == WH_OK)
        return 0;
    fprintf(stderr, "%s: %s\n", wh_status_name(err.code), err.msg);
    if (err.hint[0] != '\0')
        fprintf(stderr, "hint: %s\n", err.hint);
    return 1;
}
