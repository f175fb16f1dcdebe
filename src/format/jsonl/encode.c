/* format/jsonl/encode.c - batches to lines of JSON, one object each. */
#include "base/mem.h"
#include "batch/text.h"
#include "format/jsonl/encode_int.h"
#include "format/jsonl/jsonl_int.h"

struct encoder {
    struct wh_encoder base;
    struct wh_jsonl_pool parts; /* memory of those that are done */
    struct wh_jsonl_names names;
    struct wh_jsonl_style style;
};

struct part {
    struct wh_part base;
    struct encoder *encoder; /* lent */
};

/* ---- names ----------------------------------------------------------------------------------------- */

void wh_jsonl_names_release(struct wh_jsonl_names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        wh_jsonl_names_release(&names->children[i]);
        free(names->children[i].key);
    }
    free(names->children);
    names->children = NULL;
    names->n = 0;
}

static enum wh_status make_key(struct wh_jsonl_names *out, const char *name, struct wh_error *err)
{
    struct wh_buffer text = {0};
    if (!wh_utf8_valid(wh_slice_of(name)))
        return wh_fail(err, WH_CONFIG, "could not write column \"%s\" as JSON: its name is not valid UTF-8",
                       name);
    enum wh_status s = wh_json_string(&text, wh_slice_of(name), err);
    if (s == WH_OK)
        s = wh_buffer_append(&text, ":", 1, err);
    out->key_bytes = text.size;
    if (s == WH_OK)
        s = wh_buffer_take_text(&out->key, &text, err);
    wh_buffer_release(&text);
    return s;
}

static enum wh_status make_names(struct wh_jsonl_names *out, const struct wh_field *fields, size_t n,
                                 struct wh_error *err);

/* Names below a field; those of lists and maps belong to their element and entry and are not written. */
static enum wh_status make_below(struct wh_jsonl_names *out, const struct wh_field *field,
                                 struct wh_error *err)
{
    return field->n_children == 0 ? WH_OK : make_names(out, field->children, field->n_children, err);
}

static enum wh_status make_names(struct wh_jsonl_names *out, const struct wh_field *fields, size_t n,
                                 struct wh_error *err)
{
    struct wh_map seen = {0};
    enum wh_status s = WH_OK;
    out->children = wh_alloc_array(n, sizeof *out->children);
    if (out->children == NULL)
        return wh_nomem(err);
    for (size_t i = 0; s == WH_OK && i < n; i++) {
        const char *name = fields[i].name == NULL ? "" : fields[i].name;
        int64_t number = (int64_t)i;
        bool found = false;
        out->n = i + 1;
        s = wh_map_add(&seen, wh_slice_of(name), &number, &found, err);
        if (s == WH_OK && found) {
            wh_fail(err, WH_CONFIG, "could not write JSON: two columns have the name \"%s\"", name);
            s = wh_hint(err, "rename one of them");
        }
        if (s == WH_OK)
            s = make_key(&out->children[i], name, err);
        if (s == WH_OK)
            s = make_below(&out->children[i], &fields[i], err);
    }
    wh_map_release(&seen);
    return s;
}

/* ---- the encoder ----------------------------------------------------------------------------------- */

static void encoder_close(struct wh_encoder *base)
{
    struct encoder *e = (struct encoder *)base;
    if (e == NULL)
        return;
    wh_jsonl_pool_release(&e->parts);
    wh_jsonl_names_release(&e->names);
    free(e);
}

static enum wh_jsonl_nonfinite nonfinite_of(const char *word)
{
    static const char *const words[] = {
        [WH_JSONL_REJECT] = "reject", [WH_JSONL_AS_NULL] = "null", [WH_JSONL_AS_STRING] = "string"};
    for (size_t i = 0; i < WH_COUNT(words); i++)
        if (strcmp(word, words[i]) == 0)
            return (enum wh_jsonl_nonfinite)i;
    return WH_JSONL_REJECT;
}

static enum wh_status encoder_open(struct wh_encoder **out, const struct wh_schema *schema,
                                   const struct wh_config *cfg, struct wh_context *ctx, struct wh_error *err)
{
    struct encoder *e = wh_alloc(sizeof *e);
    if (e == NULL)
        return wh_nomem(err);
    e->base = (struct wh_encoder){.ops = &wh_jsonl_encoder_ops, .schema = schema};
    wh_jsonl_pool_init(&e->parts, ctx->budget);
    e->style.omits_nulls = strcmp(wh_config_str(cfg, "jsonl-nulls"), "omit") == 0;
    e->style.nonfinite = nonfinite_of(wh_config_str(cfg, "jsonl-nonfinite"));
    enum wh_status s = make_names(&e->names, schema->fields, schema->n_fields, err);
    if (s != WH_OK) {
        encoder_close(&e->base);
        return s;
    }
    *out = &e->base;
    return WH_OK;
}

static enum wh_status begin_file(struct wh_encoder *e, struct wh_buffer *out, struct wh_error *err)
{
    (void)e, (void)out, (void)err; /* lines need no frame */
    return WH_OK;
}

static enum wh_status end_file(struct wh_encoder *e, const struct wh_buffer *entries, size_t n_entries,
                               uint64_t offset, int64_t rows, struct wh_buffer *out, struct wh_error *err)
{
    (void)e, (void)entries, (void)n_entries, (void)offset, (void)rows, (void)out, (void)err;
    return WH_OK;
}

/* ---- parts ----------------------------------------------------------------------------------------- */

static void part_close(struct wh_part *base)
{
    struct part *p = (struct part *)base;
    if (p == NULL)
        return;
    wh_jsonl_pool_give(&p->encoder->parts, &p->base.bytes);
    wh_buffer_release(&p->base.meta);
    free(p);
}

static enum wh_status part_open(struct wh_part **out, struct wh_encoder *e, struct wh_reject_sink *sink,
                                struct wh_error *err)
{
    struct part *p = wh_alloc(sizeof *p);
    if (p == NULL)
        return wh_nomem(err);
    p->encoder = (struct encoder *)e;
    p->base.ops = e->ops;
    p->base.sink = sink;
    p->base.meta.budget = p->encoder->parts.budget;
    wh_jsonl_pool_take(&p->encoder->parts, &p->base.bytes);
    *out = &p->base;
    return WH_OK;
}

static enum wh_status reject_row(struct part *p, const struct wh_batch *b, int64_t row,
                                 const struct wh_jsonl_output *o, struct wh_error *err)
{
    WH_CLEANUP(wh_buffer_release) struct wh_buffer text = {.budget = p->encoder->parts.budget};
    WH_TRY(wh_json_row(&text, b, row, err));
    const struct wh_reject reject = {.row = -1,
                                     .column = o->column,
                                     .reason = o->reason,
                                     .text = wh_slice((const char *)text.data, text.size)};
    return p->base.sink->add(p->base.sink, &reject, err);
}

static enum wh_status part_write(struct wh_part *base, const struct wh_batch *b, struct wh_error *err)
{
    struct part *p = (struct part *)base;
    const struct encoder *e = p->encoder;
    struct wh_jsonl_output o = {.out = &base->bytes, .style = &e->style, .err = err};
    for (int64_t i = 0; i < b->rows; i++) {
        size_t start = base->bytes.size;
        if (wh_jsonl_put_object(&o, b->columns, &e->names, i) && wh_jsonl_put_text(&o, "\n", 1)) {
            base->rows++;
            continue;
        }
        base->bytes.size = start;
        if (o.reason == NULL)
            return err->code;
        WH_TRY(reject_row(p, b, i, &o, err));
        o.reason = o.column = NULL;
    }
    return WH_OK;
}

static enum wh_status part_seal(struct wh_part *base, struct wh_error *err)
{
    (void)base, (void)err; /* the bytes are complete after each row */
    return WH_OK;
}

const struct wh_encoder_ops wh_jsonl_encoder_ops = {
    .open = encoder_open,
    .begin_file = begin_file,
    .open_part = part_open,
    .write = part_write,
    .seal = part_seal,
    .place = NULL,
    .end_file = end_file,
    .close_part = part_close,
    .close = encoder_close,
};
