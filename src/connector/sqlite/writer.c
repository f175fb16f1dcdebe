/* connector/sqlite/writer.c - a chunk on its way: batches are checked, rendered and kept until commit. */
#include <xxhash.h>

#include "base/mem.h"
#include "batch/text.h"
#include "connector/sqlite/destination_int.h"

static void held_free(struct wh_sqlite_held *held)
{
    if (held == NULL)
        return;
    for (size_t c = 0; held->rendered != NULL && c < held->batch.schema->n_fields; c++)
        if (held->rendered[c].field != NULL)
            wh_column_release(&held->rendered[c]);
    free(held->rendered);
    free(held->bad);
    wh_batch_release(&held->batch);
    free(held);
}

enum wh_status wh_sqlite_open_writer(struct wh_writer **out, struct wh_target *t, int64_t seq,
                                     struct wh_reject_sink *sink, struct wh_error *err)
{
    struct wh_sqlite_writer *w = wh_alloc(sizeof *w);
    if (w == NULL)
        return wh_nomem(err);
    w->base.ops = t->ops;
    w->target = (struct wh_sqlite_target *)t;
    w->seq = seq;
    w->sink = sink;
    w->last = &w->first;
    *out = &w->base;
    return WH_OK;
}

void wh_sqlite_close_writer(struct wh_writer *base)
{
    struct wh_sqlite_writer *w = (struct wh_sqlite_writer *)base;
    if (w == NULL)
        return;
    while (w->first != NULL) {
        struct wh_sqlite_held *held = w->first;
        w->first = held->next;
        held_free(held);
    }
    free(w);
}

enum wh_status wh_sqlite_refuse(struct wh_sqlite_writer *w, struct wh_sqlite_held *held, int64_t i,
                                const struct wh_reject *why, struct wh_error *err)
{
    struct wh_buffer text = {0};
    struct wh_reject r = *why;
    enum wh_status s = wh_json_row(&text, &held->batch, i, err);
    if (s == WH_OK) {
        r.text = wh_slice((const char *)text.data, text.size);
        wh_bit_set(held->bad, i);
        s = w->sink->add(w->sink, &r, err);
    }
    wh_buffer_release(&text);
    return s;
}

/* Rejects the rows with a bad value in column c. */
static enum wh_status refuse_bad(struct wh_sqlite_writer *w, struct wh_sqlite_held *held, size_t c,
                                 const uint8_t *bad, struct wh_error *err)
{
    const struct wh_sqlite_binding *b = &w->target->bindings[c];
    for (int64_t i = 0; i < held->batch.rows; i++) {
        if (!wh_bit_get(bad, i) || wh_bit_get(held->bad, i))
            continue;
        struct wh_reject r = {.row = w->base.rows + i,
                              .column = b->field->name,
                              .reason = wh_sqlite_bad_reason(b, &held->batch.columns[c], i)};
        WH_TRY(wh_sqlite_refuse(w, held, i, &r, err));
    }
    return WH_OK;
}

/* map has a clear bit for each row. */
static enum wh_status render_with(struct wh_sqlite_writer *w, struct wh_sqlite_held *held, uint8_t *map,
                                  struct wh_error *err)
{
    for (size_t c = 0; c < held->batch.schema->n_fields; c++) {
        struct wh_sqlite_bad bad = {.map = map};
        WH_TRY(wh_sqlite_render(&w->target->bindings[c], &held->batch.columns[c], &held->rendered[c], &bad,
                                err));
        if (bad.n == 0)
            continue;
        WH_TRY(refuse_bad(w, held, c, map, err));
        memset(map, 0, wh_bitmap_bytes(held->batch.rows));
    }
    return WH_OK;
}

static enum wh_status render_all(struct wh_sqlite_writer *w, struct wh_sqlite_held *held,
                                 struct wh_error *err)
{
    uint8_t *map = wh_alloc(wh_bitmap_bytes(held->batch.rows) + 1);
    if (map == NULL)
        return wh_nomem(err);
    enum wh_status s = render_with(w, held, map, err);
    free(map);
    return s;
}

enum wh_status wh_sqlite_write(struct wh_writer *base, struct wh_batch *batch, struct wh_error *err)
{
    struct wh_sqlite_writer *w = (struct wh_sqlite_writer *)base;
    struct wh_batch empty; /* what the caller gets back */
    if (batch->rows == 0)
        return WH_OK;
    struct wh_sqlite_held *held = wh_alloc(sizeof *held);
    if (held == NULL)
        return wh_nomem(err);
    enum wh_status s = wh_batch_init(&empty, batch->schema, batch->budget, err);
    if (s != WH_OK) {
        free(held);
        return s;
    }
    held->batch = *batch;
    *batch = empty;
    *w->last = held;
    w->last = &held->next;
    held->rendered = wh_alloc_array(held->batch.schema->n_fields, sizeof *held->rendered);
    held->bad = wh_alloc(wh_bitmap_bytes(held->batch.rows) + 1);
    if (held->rendered == NULL || held->bad == NULL)
        return wh_nomem(err);
    WH_TRY(render_all(w, held, err));
    w->base.rows += held->batch.rows;
    return WH_OK;
}

/* ---- sealing ---------------------------------------------------------------------------------- */

static int64_t hash_column(XXH3_state_t *state, const struct wh_column *c)
{
    XXH3_64bits_update(state, &c->length, sizeof c->length);
    XXH3_64bits_update(state, c->validity.data, c->validity.size);
    XXH3_64bits_update(state, c->offsets.data, c->offsets.size);
    XXH3_64bits_update(state, c->data.data, c->data.size);
    int64_t bytes = (int64_t)(c->validity.size + c->offsets.size + c->data.size);
    for (size_t i = 0; i < c->field->n_children; i++)
        bytes += hash_column(state, &c->children[i]);
    return bytes;
}

enum wh_status wh_sqlite_seal(struct wh_writer *base, struct wh_error *err)
{
    struct wh_sqlite_writer *w = (struct wh_sqlite_writer *)base;
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL)
        return wh_nomem(err);
    XXH3_64bits_reset(state);
    for (const struct wh_sqlite_held *held = w->first; held != NULL; held = held->next)
        for (size_t c = 0; c < held->batch.schema->n_fields; c++)
            w->bytes += hash_column(state, &held->batch.columns[c]);
    w->hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return WH_OK;
}
