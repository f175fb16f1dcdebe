/* sqlite_rows.c - the SQLite connector as a program, for tests that compare it with other readers.
 *
 * usage: sqlite_rows SOURCE STREAM                    prints the schema, then each row as JSON
 *        sqlite_rows SOURCE STREAM DESTINATION MODE   copies into a table of that name; MODE is replace,
 *                                                     truncate, append or merge (by the key of the source)
 * Rejected rows go to standard error. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/options.h"
#include "batch/text.h"
#include "connector/sqlite.h"
#include "connector/stream.h"

static void note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx;
    va_list args;
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

static enum wh_status add_reject(struct wh_reject_sink *sink, const struct wh_reject *r, struct wh_error *err)
{
    (void)sink;
    (void)err;
    (void)fprintf(stderr, "rejected: %s: %.*s\n", r->reason, (int)r->text.len, r->text.ptr);
    return WH_OK;
}

static _Atomic bool cancelled;
static struct wh_budget budget;
static struct wh_context context = {
    .budget = &budget, .cancelled = &cancelled, .jobs = 1, .chunk_bytes = 1 << 20, .note = note};
static struct wh_reject_sink sink = {.add = add_reject};

/* Where rows go: a target, or standard output when there is none. */
struct way {
    struct wh_stream *stream;
    struct wh_target *target;
    struct wh_batch batch;
};

static enum wh_status print_rows(const struct wh_batch *b, struct wh_error *err)
{
    struct wh_buffer text = {0};
    enum wh_status s = WH_OK;
    for (int64_t i = 0; s == WH_OK && i < b->rows; i++) {
        s = wh_json_row(&text, b, i, err);
        if (s == WH_OK)
            s = wh_buffer_append_text(&text, "\n", err);
    }
    if (s == WH_OK)
        (void)fwrite(text.data, 1, text.size, stdout);
    wh_buffer_release(&text);
    return s;
}

static enum wh_status move_rows(struct way *way, struct wh_reader *r, struct wh_writer *w,
                                struct wh_error *err)
{
    enum wh_status s;
    while ((s = way->stream->ops->read(r, &way->batch, err)) == WH_OK)
        WH_TRY(w == NULL ? print_rows(&way->batch, err) : w->ops->write(w, &way->batch, err));
    return s == WH_END ? WH_OK : s;
}

static enum wh_status move_chunk(struct way *way, struct wh_chunk *chunk, struct wh_error *err)
{
    struct wh_reader *r = NULL;
    struct wh_writer *w = NULL;
    enum wh_status s = way->stream->ops->open_chunk(&r, way->stream, chunk, &sink, err);
    if (s == WH_OK && way->target != NULL)
        s = way->target->ops->open_writer(&w, way->target, chunk->seq, &sink, err);
    if (s == WH_OK)
        s = move_rows(way, r, w, err);
    if (s == WH_OK && w != NULL)
        s = w->ops->seal(w, err);
    if (s == WH_OK && w != NULL)
        s = way->target->ops->commit(way->target, WH_TAKE(w), chunk->position, err);
    way->stream->ops->close_reader(r);
    wh_connector_sqlite.destination->close_writer(w);
    return s;
}

static enum wh_status move_all(struct way *way, struct wh_error *err)
{
    struct wh_outcome out = {0};
    WH_TRY(wh_batch_init(&way->batch, &way->stream->schema, &budget, err));
    for (int64_t seq = 0;; seq++) {
        struct wh_chunk chunk = {.seq = seq};
        enum wh_status s = way->stream->ops->next_chunk(way->stream, &chunk, err);
        if (s == WH_END)
            break;
        if (s == WH_OK)
            s = move_chunk(way, &chunk, err);
        free(chunk.position);
        WH_TRY(s);
    }
    return way->target == NULL ? WH_OK : way->target->ops->finish(way->target, &out, err);
}

static void print_schema(const struct wh_schema *schema)
{
    for (size_t i = 0; i < schema->n_fields; i++) {
        char type[128];
        wh_type_format(&schema->fields[i], type, sizeof type);
        (void)printf("%s%s", i == 0 ? "" : "|", type);
    }
    (void)putchar('\n');
}

static enum wh_write_mode mode_of(const char *word)
{
    static const char *const words[] = {
        [WH_REPLACE] = "replace", [WH_TRUNCATE] = "truncate", [WH_APPEND] = "append", [WH_MERGE] = "merge"};
    for (size_t i = 0; i < WH_COUNT(words); i++)
        if (strcmp(words[i], word) == 0)
            return (enum wh_write_mode)i;
    return WH_REPLACE;
}

/* Key and indexes are those that discover tells. */
static enum wh_status open_target(struct way *way, struct wh_destination *dst,
                                  const struct wh_stream_info *info, enum wh_write_mode mode,
                                  struct wh_error *err)
{
    struct wh_resume resume;
    struct wh_target_request req = {.name = info->name,
                                    .schema = &way->stream->schema,
                                    .mode = mode,
                                    .primary_key = (const char *const *)info->primary_key,
                                    .indexes = info->indexes,
                                    .n_indexes = info->n_indexes,
                                    .pipeline = "exchange",
                                    .stream = info->name,
                                    .run_id = "1",
                                    .epoch = 1};
    return wh_connector_sqlite.destination->open_target(&way->target, &resume, dst, &req, err);
}

static enum wh_status copy(struct way *way, struct wh_source *src, const char *name,
                           struct wh_destination *dst, enum wh_write_mode mode, struct wh_error *err)
{
    struct wh_stream_info *infos = NULL;
    size_t n = 0, at = 0;
    WH_TRY(wh_connector_sqlite.source->discover(src, &infos, &n, err));
    while (at < n && strcmp(infos[at].name, name) != 0)
        at++;
    enum wh_status s = at == n ? wh_fail(err, WH_CONFIG, "no table \"%s\"", name)
                               : open_target(way, dst, &infos[at], mode, err);
    if (s == WH_OK)
        s = move_all(way, err);
    wh_connector_sqlite.destination->close_target(way->target);
    wh_stream_infos_free(infos, n);
    return s;
}

int main(int argc, char **argv)
{
    const struct wh_option *tables[] = {wh_connector_sqlite.options,
                                        wh_connector_sqlite.destination_options[0], NULL};
    struct wh_error err = {0};
    struct wh_config *config = NULL;
    struct wh_source *src = NULL;
    struct wh_destination *dst = NULL;
    struct way way = {0};
    if (argc != 3 && argc != 5) {
        (void)fprintf(stderr, "usage: sqlite_rows SOURCE STREAM [DESTINATION MODE]\n");
        return 2;
    }
    enum wh_status s = wh_config_new(&config, tables, &err);
    if (s == WH_OK)
        s = wh_connector_sqlite.source->open(&src, argv[1], config, &context, &err);
    if (s == WH_OK)
        s = wh_connector_sqlite.source->open_stream(&way.stream, src,
                                                    &(struct wh_stream_request){.name = argv[2]}, &err);
    if (s == WH_OK && argc == 5)
        s = wh_connector_sqlite.destination->open(&dst, argv[3], config, &context, &err);
    if (s == WH_OK && argc == 5)
        s = copy(&way, src, argv[2], dst, mode_of(argv[4]), &err);
    if (s == WH_OK && argc == 3) {
        print_schema(&way.stream->schema);
        s = move_all(&way, &err);
    }
    wh_batch_release(&way.batch);
    if (way.stream != NULL)
        way.stream->ops->close(way.stream);
    wh_connector_sqlite.source->close(src);
    wh_connector_sqlite.destination->close(dst);
    wh_config_free(config);
    if (s != WH_OK)
        (void)fprintf(stderr, "%s\n", err.msg);
    return s == WH_OK ? 0 : 1;
}
