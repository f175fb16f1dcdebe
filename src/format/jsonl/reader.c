/* format/jsonl/reader.c - chunks to batches, and what cannot be read to the sink of rejects. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"
#include "format/jsonl/decode.h"
#include "format/jsonl/jsonl_int.h"

#define BATCH_BYTES ((size_t)2 << 20) /* text of the records of a batch */
#define BATCH_ROWS ((int64_t)16384)   /* at most */
#define BATCH_CELLS ((size_t)2 << 20) /* values, so that many columns mean few rows */
#define MIN_BATCH_ROWS ((int64_t)16)

struct reader {
    struct wh_reader base;
    struct wh_jsonl_stream *stream; /* lent */
    struct wh_reject_sink *sink;    /* lent */
    struct wh_buffer data;          /* owned: the chunk */
    struct wh_jsonl_span span;
    struct wh_jsonl_records records;
    struct wh_jsonl_decoder decoder;
    int64_t max_rows; /* of a batch */
    int64_t record;   /* ordinal in the chunk */
};

void wh_jsonl_close_reader(struct wh_reader *base)
{
    struct reader *r = (struct reader *)base;
    if (r == NULL)
        return;
    wh_jsonl_decoder_release(&r->decoder);
    wh_jsonl_records_release(&r->records);
    wh_jsonl_pool_give(&r->stream->chunks, &r->data);
    free(r);
}

static enum wh_status get_data(struct reader *r, struct wh_chunk *chunk, struct wh_error *err)
{
    const struct wh_jsonl_stream *s = r->stream;
    WH_TRY(wh_jsonl_span_parse(&r->span, chunk->position, s->files, err));
    if (chunk->data.size > 0) {
        wh_buffer_move(&r->data, &chunk->data);
        return WH_OK;
    }
    wh_jsonl_pool_take(&r->stream->chunks, &r->data);
    return wh_jsonl_span_read(&r->data, &r->span, s->files, s->ctx, err);
}

enum wh_status wh_jsonl_open_chunk(struct wh_reader **out, struct wh_stream *base, struct wh_chunk *chunk,
                                   struct wh_reject_sink *sink, struct wh_error *err)
{
    struct wh_jsonl_stream *s = (struct wh_jsonl_stream *)base;
    struct reader *r = wh_alloc(sizeof *r);
    if (r == NULL)
        return wh_nomem(err);
    r->base.ops = base->ops;
    r->stream = s;
    r->sink = sink;
    r->data.budget = s->ctx->budget;
    enum wh_status status = get_data(r, chunk, err);
    if (status == WH_OK)
        status = wh_jsonl_decoder_init(&r->decoder, &s->plan, &r->records.lexer, err);
    if (status != WH_OK) {
        wh_jsonl_close_reader(&r->base);
        return status;
    }
    struct wh_jsonl_place place = {s->files->files[r->span.file].path, r->span.line, r->span.layout,
                                   r->span.is_last};
    wh_jsonl_records_init(&r->records, &place, r->data.data, r->data.size, s->ctx->budget);
    int64_t rows = (int64_t)(BATCH_CELLS / WH_MAX(s->plan.n_leaves, 1u));
    r->max_rows = WH_MAX(WH_MIN(rows, BATCH_ROWS), MIN_BATCH_ROWS);
    *out = &r->base;
    return WH_OK;
}

/* ---- rejects ------------------------------------------------------------------------------------- */

enum { REASON_BYTES = 512, TYPE_BYTES = 96, SHOWN_KEY_BYTES = 128 };

/* What is wrong with the record at start, in words. */
static void describe_fault(const struct reader *r, const uint8_t *start, char *out)
{
    const struct wh_jsonl_fault *fault = &r->records.lexer.fault;
    const struct wh_jsonl_decoder *d = &r->decoder;
    if (d->key.ptr != NULL) {
        int shown = (int)WH_MIN(d->key.len, (size_t)SHOWN_KEY_BYTES);
        snprintf(out, REASON_BYTES, "%s \"%.*s\"", fault->reason, shown, d->key.ptr);
    } else if (d->node != NULL) {
        char type[TYPE_BYTES];
        wh_type_format(d->node->field, type, sizeof type);
        snprintf(out, REASON_BYTES, "%s %s", fault->reason, type);
    } else if (fault->at == NULL) {
        snprintf(out, REASON_BYTES, "%s", fault->reason);
    } else {
        snprintf(out, REASON_BYTES, "malformed JSON at byte %zu: %s", (size_t)(fault->at - start) + 1,
                 fault->reason);
    }
}

/* Moves behind the record at start and hands it to the sink. */
static enum wh_status reject(struct reader *r, const uint8_t *start, struct wh_error *err)
{
    char reason[REASON_BYTES];
    WH_CLEANUP(wh_buffer_release) struct wh_buffer path = {0};
    const struct wh_jsonl_node *node = r->decoder.key.ptr == NULL ? r->decoder.node : NULL;
    describe_fault(r, start, reason);
    if (node != NULL) {
        WH_TRY(wh_jsonl_node_path(&path, node, err));
        WH_TRY(wh_buffer_append(&path, "", 1, err));
    }
    struct wh_reject reject = {.file = r->records.place.file,
                               .line = wh_jsonl_line_of(&r->records, start),
                               .row = r->record - 1,
                               .column = node == NULL ? NULL : (const char *)path.data,
                               .reason = reason,
                               .text = wh_jsonl_record_reject(&r->records, start)};
    return r->sink->add(r->sink, &reject, err);
}

/* The decoder finds that a value has no place before it has seen the whole record. One that is malformed
 * behind it is no reason to widen: then the fault is replaced. */
static void look_behind(struct reader *r, const uint8_t *start)
{
    struct wh_jsonl_lexer *x = &r->records.lexer;
    const struct wh_jsonl_fault fault = x->fault;
    const uint8_t *behind = wh_jsonl_skip(x, start);
    if (behind != NULL && wh_jsonl_record_close(&r->records, behind)) {
        x->fault = fault;
        return;
    }
    r->decoder.node = NULL;
    r->decoder.key = (struct wh_slice){0};
}

/* After the decoder has refused the record at start. */
static enum wh_status take_fault(struct reader *r, struct wh_batch *out, const uint8_t *start,
                                 struct wh_error *err)
{
    const struct wh_jsonl_lexer *x = &r->records.lexer;
    for (size_t i = 0; i < out->schema->n_fields; i++)
        wh_column_truncate(&out->columns[i], out->rows);
    if (x->fault.status == WH_WIDEN)
        look_behind(r, start);
    switch (x->fault.status) {
    case WH_DATA:
        return reject(r, start, err);
    case WH_WIDEN:
        return r->stream->is_one_pass || r->stream->is_strict ? reject(r, start, err) : WH_WIDEN;
    case WH_OK:
    case WH_END:
    case WH_CONFIG:
    case WH_AUTH:
    case WH_IO:
    case WH_STATE:
    case WH_LIMIT:
    case WH_NOMEM:
    case WH_CANCELLED:
    case WH_INTERNAL:
        break;
    }
    *err = x->err;
    return err->code;
}

/* ---- batches ------------------------------------------------------------------------------------- */

static const uint8_t *oversize(struct reader *r)
{
    r->decoder.node = NULL;
    r->decoder.key = (struct wh_slice){0};
    return wh_jsonl_malformed(&r->records.lexer, NULL, "record is longer than jsonl-max-record");
}

static enum wh_status read_record(struct reader *r, struct wh_batch *out, const uint8_t *start,
                                  struct wh_error *err)
{
    const uint8_t *behind = r->span.is_oversize ? oversize(r) : wh_jsonl_decode(&r->decoder, out, start);
    r->record++;
    if (behind != NULL && (size_t)(behind - start) > r->stream->max_record_bytes)
        behind = oversize(r);
    if (behind == NULL || !wh_jsonl_record_close(&r->records, behind))
        return take_fault(r, out, start, err);
    out->rows++;
    return WH_OK;
}

enum wh_status wh_jsonl_read(struct wh_reader *base, struct wh_batch *out, struct wh_error *err)
{
    struct reader *r = (struct reader *)base;
    const uint8_t *start, *first = r->records.next;
    if (atomic_load_explicit(r->stream->ctx->cancelled, memory_order_relaxed))
        return wh_fail(err, WH_CANCELLED, "cancelled");
    wh_batch_reset(out);
    while (wh_jsonl_record_next(&r->records, &start)) {
        WH_TRY(read_record(r, out, start, err));
        if (r->span.is_oversize) {
            r->records.next = r->records.lexer.end;
            return WH_END;
        }
        if (out->rows >= r->max_rows || (out->rows > 0 && (size_t)(r->records.next - first) >= BATCH_BYTES))
            break;
    }
    if (out->rows == 0)
        return WH_END;
    for (size_t i = 0; i < out->schema->n_fields; i++)
        if (!wh_jsonl_settle(&out->columns[i], out->rows, err))
            return err->code;
    return WH_OK;
}
