/* cli/cmd_preview.c - wherry preview: the first rows of a stream, read on one thread. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/options.h"
#include "batch/builder.h"
#include "batch/text.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "cli/source.h"
#include "cli/spec_args.h"
#include "cli/table.h"
#include "engine/look.h"
#include "format/format.h"

#define CHUNK_BYTES ((int64_t)1 << 20) /* a few rows need no large chunk */
#define MAX_CELL_WIDTH 40

/* ---- reading ---- */

/* Rows that cannot be read are counted; the first one is kept. */
struct sink {
    struct wh_reject_sink base;
    int64_t rows;
    char first[512];
};

static enum wh_status count_reject(struct wh_reject_sink *base, const struct wh_reject *r,
                                   struct wh_error *err)
{
    (void)err;
    struct sink *s = (struct sink *)base;
    if (s->rows++ > 0)
        return WH_OK;
    char place[64] = "";
    if (r->line > 0)
        snprintf(place, sizeof place, ", line %llu", (unsigned long long)r->line);
    snprintf(s->first, sizeof s->first, "%s%s%s%s: %s", r->file == NULL ? "row" : r->file, place,
             r->column == NULL ? "" : ", column ", r->column == NULL ? "" : r->column, r->reason);
    return WH_OK;
}

struct preview {
    struct wh_ends *ends; /* lent */
    struct wh_look look;
    struct wh_schema declared;
    struct wh_batch rows; /* what is shown */
    struct wh_transform_state transform;
    int64_t limit;
    struct sink sink;
};

static enum wh_status add_rows(struct preview *p, struct wh_batch *in, struct wh_error *err)
{
    struct wh_batch *b = NULL;
    int64_t filtered = 0;
    WH_TRY(wh_transform_apply(&p->look.transform, &p->transform, in, &p->sink.base, &b, &filtered, err));
    return wh_batch_append(&p->rows, b, 0, WH_MIN(b->rows, p->limit - p->rows.rows), err);
}

static enum wh_status read_chunk(struct preview *p, struct wh_chunk *chunk, struct wh_error *err)
{
    struct wh_stream *s = p->look.stream;
    struct wh_reader *r = NULL;
    struct wh_batch in = {0};
    WH_TRY(s->ops->open_chunk(&r, s, chunk, &p->sink.base, err));
    enum wh_status st = wh_batch_init(&in, &s->schema, p->ends->context.budget, err);
    while (st == WH_OK && p->rows.rows < p->limit) {
        if (atomic_load(p->ends->context.cancelled))
            st = wh_fail(err, WH_CANCELLED, "cancelled");
        else
            st = r->ops->read(r, &in, err);
        if (st == WH_OK)
            st = add_rows(p, &in, err);
    }
    r->ops->close_reader(r);
    wh_batch_release(&in);
    return st == WH_END ? WH_OK : st;
}

static enum wh_status read_rows(struct preview *p, struct wh_error *err)
{
    struct wh_stream *s = p->look.stream;
    WH_TRY(wh_batch_init(&p->rows, &p->look.transform.out, p->ends->context.budget, err));
    enum wh_status st = WH_OK;
    for (int64_t seq = 0; st == WH_OK && p->rows.rows < p->limit; seq++) {
        struct wh_chunk chunk = {.seq = seq, .data = {.budget = p->ends->context.budget}};
        st = s->ops->next_chunk(s, &chunk, err);
        if (st == WH_OK)
            st = read_chunk(p, &chunk, err);
        free(chunk.position);
        wh_buffer_release(&chunk.data);
    }
    return st == WH_END ? WH_OK : st;
}

/* Types that a later value does not fit are widened, as a copy would do. */
static enum wh_status read_all(struct preview *p, struct wh_error *err)
{
    bool one_pass = (p->ends->source->type->source->flags(p->ends->source) & WH_ONE_PASS) != 0;
    p->look.stream->may_widen = !one_pass;
    for (;;) {
        enum wh_status s = read_rows(p, err);
        if (s != WH_WIDEN)
            return s;
        wh_batch_release(&p->rows);
        wh_transform_state_release(&p->transform);
        p->sink.rows = 0;
        WH_TRY(wh_look_widen(&p->look, err));
    }
}

/* ---- showing ---- */

static bool is_number(enum wh_type t)
{
    return t >= WH_INT8 && t <= WH_DECIMAL;
}

static enum wh_status add_head(struct wh_table *t, const struct wh_schema *s, struct wh_error *err)
{
    char type[256];
    for (size_t i = 0; i < s->n_fields; i++)
        WH_TRY(wh_table_add(t, s->fields[i].name, err));
    for (size_t i = 0; i < s->n_fields; i++) {
        wh_type_format(&s->fields[i], type, sizeof type);
        WH_TRY(wh_table_add(t, type, err));
    }
    return WH_OK;
}

static enum wh_status add_values(struct wh_table *t, const struct wh_batch *b, struct wh_error *err)
{
    WH_CLEANUP(wh_buffer_release) struct wh_buffer text = {0};
    for (int64_t row = 0; row < b->rows; row++)
        for (size_t i = 0; i < b->schema->n_fields; i++) {
            const struct wh_column *c = &b->columns[i];
            text.size = 0;
            if (wh_column_is_null(c, row))
                WH_TRY(wh_buffer_append_text(&text, "NULL", err));
            else
                WH_TRY(wh_value_format(&text, c, row, err));
            WH_TRY(wh_table_add_slice(t, wh_slice((char *)text.data, text.size), err));
        }
    return WH_OK;
}

static enum wh_status print_table(const struct preview *p, struct wh_error *err)
{
    const struct wh_schema *s = p->rows.schema;
    enum wh_table_align *align = wh_alloc_array(s->n_fields, sizeof *align);
    if (align == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < s->n_fields; i++)
        align[i] = is_number(s->fields[i].type) ? WH_TABLE_RIGHT : WH_TABLE_LEFT;
    struct wh_table t = {.n_columns = s->n_fields, .align = align, .n_head = 2, .max_width = MAX_CELL_WIDTH};
    enum wh_status st = add_head(&t, s, err);
    if (st == WH_OK)
        st = add_values(&t, &p->rows, err);
    if (st == WH_OK) {
        wh_table_print(&t, stdout);
        printf("(%lld row%s)\n", (long long)p->rows.rows, p->rows.rows == 1 ? "" : "s");
    }
    wh_table_release(&t);
    free(align);
    return st;
}

static enum wh_status print_json(const struct preview *p, struct wh_error *err)
{
    WH_CLEANUP(wh_buffer_release) struct wh_buffer text = {0};
    fputs("[", stdout);
    for (int64_t row = 0; row < p->rows.rows; row++) {
        text.size = 0;
        WH_TRY(wh_json_row(&text, &p->rows, row, err));
        fputs(row > 0 ? ",\n " : "\n ", stdout);
        fwrite(text.data, 1, text.size, stdout);
    }
    puts(p->rows.rows > 0 ? "\n]" : "]");
    return WH_OK;
}

static enum wh_status encode(struct wh_encoder *e, const struct preview *p, struct wh_error *err)
{
    struct sink sink = {.base = {.add = count_reject}};
    WH_CLEANUP(wh_buffer_release) struct wh_buffer head = {0};
    struct wh_part *part = NULL;
    WH_TRY(e->ops->begin_file(e, &head, err));
    WH_TRY(e->ops->open_part(&part, e, &sink.base, err));
    enum wh_status s = e->ops->write(part, &p->rows, err);
    if (s == WH_OK)
        s = e->ops->seal(part, err);
    if (s == WH_OK) {
        fwrite(head.data, 1, head.size, stdout);
        fwrite(part->bytes.data, 1, part->bytes.size, stdout);
    }
    e->ops->close_part(part);
    return s;
}

static enum wh_status print_csv(const struct preview *p, struct wh_error *err)
{
    const struct wh_option *const tables[] = {wh_csv_write_options, NULL};
    struct wh_config *cfg = NULL;
    struct wh_encoder *e = NULL;
    WH_TRY(wh_config_new(&cfg, tables, err));
    enum wh_status s = wh_format_csv.encoder->open(&e, p->rows.schema, cfg, &p->ends->context, err);
    if (s == WH_OK)
        s = encode(e, p, err);
    wh_format_csv.encoder->close(e);
    wh_config_free(cfg);
    return s;
}

/* ---- command ---- */

static enum wh_status print_rows(const struct preview *p, const char *form, struct wh_error *err)
{
    if (p->sink.rows > 0) {
        char text[640];
        snprintf(text, sizeof text, "%lld rows could not be read, the first: %s", (long long)p->sink.rows,
                 p->sink.first);
        wh_log(WH_LOG_WARN, "data.rejects", NULL, NULL, text);
    }
    if (strcmp(form, "json") == 0)
        return print_json(p, err);
    return strcmp(form, "csv") == 0 ? print_csv(p, err) : print_table(p, err);
}

static enum wh_status show(struct preview *p, const struct wh_job_spec *spec, const char *form,
                           struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *name = NULL;
    struct wh_look_request req = {.select = spec->select,
                                  .where = spec->where,
                                  .declared = &p->declared,
                                  .config = p->ends->source_config};
    if (spec->columns != NULL)
        WH_TRY(wh_schema_parse(&p->declared, spec->columns, err));
    WH_TRY(wh_look_choose(p->ends, &name, err));
    req.name = name;
    WH_TRY(wh_look_open(&p->look, p->ends->source, &req, err));
    WH_TRY(read_all(p, err));
    return print_rows(p, form, err);
}

static enum wh_status preview(const struct wh_args *args, struct wh_job_spec *spec, struct wh_error *err)
{
    struct wh_ends e = {0};
    struct preview p = {.ends = &e, .limit = spec->limit_rows, .sink = {.base = {.add = count_reject}}};
    spec->jobs = 1;
    spec->chunk_bytes = CHUNK_BYTES;
    enum wh_status s = wh_source_open(&e, spec, err);
    if (s == WH_OK && show(&p, spec, wh_args_text(args, "output"), err) != WH_OK)
        s = wh_wrap(err, "source \"%s\"", spec->source);
    wh_batch_release(&p.rows);
    wh_transform_state_release(&p.transform);
    wh_look_close(&p.look);
    wh_schema_release(&p.declared);
    wh_ends_close(&e);
    return s;
}

static int run(const struct wh_args *args)
{
    struct wh_error err = {0};
    struct wh_args_spec s;
    int code = WH_EXIT_OK;
    if (wh_args_to_source(&s, args, &err) != WH_OK) {
        code = wh_usage_error(&err);
    } else if (preview(args, &s.spec, &err) != WH_OK) {
        wh_print_error(&err);
        code = wh_exit_of(&err, WH_SIDE_SOURCE);
    }
    wh_args_spec_release(&s);
    return code;
}

static const struct wh_flag flags[] = {
    {.name = "limit",
     .letter = 'n',
     .kind = WH_FLAG_INT,
     .value = "ROWS",
     .fallback = "20",
     .help = "How many rows"},
    {.name = "where", .kind = WH_FLAG_TEXT, .value = "CONDITION", .help = "Only rows for which this is true"},
    {.name = "select",
     .kind = WH_FLAG_LIST,
     .help = "Columns to show, in this order; -name leaves a column out"},
    {.name = "columns", .kind = WH_FLAG_SCHEMA, .help = "Types of columns, as for copy"},
    {.name = "output",
     .letter = 'o',
     .kind = WH_FLAG_ENUM,
     .value = "table|json|csv",
     .fallback = "table",
     .help = "Form of the output; a table cuts long values, json and csv do not"},
    {0},
};

const struct wh_command wh_command_preview = {
    .name = "preview",
    .usage = "URI",
    .summary = "Show the first rows of a stream, with the types that a copy would find",
    .examples = "wherry preview orders.csv --limit 5\n"
                "wherry preview sqlite:///shop.db#orders --where 'total > 10' --select id,total\n"
                "wherry preview 'logs/*.jsonl.gz' -o json",
    .min_args = 1,
    .max_args = 1,
    .takes_connector_options = true,
    .flags = flags,
    .run = run,
};
