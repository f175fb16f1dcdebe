/* support/arrow_roundtrip.c - a shared library through which exchange/arrow_c.py trades batches with foreign
 * Arrow implementations. Every function gives 0, or -1 with the reason in arrow_why(). */
#include <stdio.h>

#include "base/mem.h"
#include "batch/arrow.h"
#include "batch/cast.h"
#include "support/random_batch.h"

int random_stream(uint64_t seed, int64_t rows, int64_t batches, struct ArrowArrayStream *out);
int compare_stream(uint64_t seed, int64_t rows, int64_t batches, struct ArrowArrayStream *in);
int echo_stream(struct ArrowArrayStream *in, struct ArrowArrayStream *out, int as_text);
const char *arrow_why(void);

static char why[600];

const char *arrow_why(void)
{
    return why;
}

static int failed(const char *reason)
{
    snprintf(why, sizeof why, "%s", reason);
    return -1;
}

/* ---- a stream of batches in memory ------------------------------------------------------------ */

struct batches {
    struct wh_schema schema;
    struct wh_batch *items;
    size_t n, next;
};

static void batches_free(void *self)
{
    struct batches *b = self;
    for (size_t i = 0; i < b->n; i++)
        wh_batch_release(&b->items[i]);
    free(b->items);
    wh_schema_release(&b->schema);
    free(b);
}

static enum wh_status batches_next(void *self, struct wh_batch *out, struct wh_error *err)
{
    struct batches *b = self;
    (void)err;
    if (b->next == b->n)
        return WH_END;
    wh_batch_move(out, &b->items[b->next++]);
    return WH_OK;
}

/* An empty batch at the end of the list. */
static enum wh_status batches_add(struct batches *b, struct wh_batch **out, struct wh_error *err)
{
    struct wh_batch *items = wh_realloc_array(b->items, b->n + 1, sizeof *items);
    if (items == NULL)
        return wh_nomem(err);
    b->items = items;
    WH_TRY(wh_batch_init(&items[b->n], &b->schema, NULL, err));
    *out = &items[b->n++];
    return WH_OK;
}

static int give_stream(struct batches *b, struct ArrowArrayStream *out, struct wh_error *err)
{
    struct wh_batch_pull pull = {.schema = &b->schema, .next = batches_next, .done = batches_free, .self = b};
    if (wh_arrow_export_stream(out, &pull, err) == WH_OK)
        return 0;
    batches_free(b);
    return failed(err->msg);
}

/* ---- random batches out, and in again --------------------------------------------------------- */

static enum wh_status random_batches(struct batches *b, uint64_t seed, int64_t rows, int64_t n,
                                     struct wh_error *err)
{
    WH_TRY(random_schema(&b->schema, &seed, RANDOM_ALL_TYPES, err));
    for (int64_t i = 0; i < n; i++) {
        struct wh_batch *batch;
        WH_TRY(batches_add(b, &batch, err));
        WH_TRY(random_rows(batch, rows, &seed, err));
    }
    return WH_OK;
}

int random_stream(uint64_t seed, int64_t rows, int64_t batches, struct ArrowArrayStream *out)
{
    struct wh_error err;
    struct batches *b = wh_alloc(sizeof *b);
    if (b == NULL)
        return failed("out of memory");
    if (random_batches(b, seed, rows, batches, &err) == WH_OK)
        return give_stream(b, out, &err);
    batches_free(b);
    return failed(err.msg);
}

/* Reads all batches of a stream. */
static enum wh_status read_batches(struct batches *b, struct ArrowArrayStream *in, struct wh_error *err)
{
    struct ArrowSchema schema;
    if (in->get_schema(in, &schema) != 0)
        return wh_fail(err, WH_IO, "could not read the schema: %s", in->get_last_error(in));
    enum wh_status s = wh_arrow_import_schema(&b->schema, &schema, err);
    for (struct ArrowArray array = {0}; s == WH_OK;) {
        struct wh_batch *batch;
        if (in->get_next(in, &array) != 0)
            s = wh_fail(err, WH_IO, "could not read a batch: %s", in->get_last_error(in));
        else if (array.release == NULL)
            break;
        else if ((s = batches_add(b, &batch, err)) == WH_OK) {
            s = wh_arrow_import_batch(batch, &array, &schema, err);
            if (s == WH_OK)
                s = wh_batch_check(batch, err);
        }
        if (array.release != NULL)
            array.release(&array);
    }
    schema.release(&schema);
    return s;
}

static struct batches *read_stream(struct ArrowArrayStream *in)
{
    struct wh_error err;
    struct batches *b = wh_alloc(sizeof *b);
    enum wh_status s = b == NULL ? wh_nomem(&err) : read_batches(b, in, &err);
    in->release(in);
    if (s == WH_OK)
        return b;
    failed(err.msg);
    if (b != NULL)
        batches_free(b);
    return NULL;
}

int compare_stream(uint64_t seed, int64_t rows, int64_t batches, struct ArrowArrayStream *in)
{
    struct wh_error err;
    struct batches wanted = {0}, *got = read_stream(in);
    if (got == NULL)
        return -1;
    int result = 0;
    if (random_batches(&wanted, seed, rows, batches, &err) != WH_OK)
        result = failed(err.msg);
    else if (got->n != wanted.n)
        result = failed("another number of batches");
    for (size_t i = 0; result == 0 && i < got->n; i++)
        if (!batches_equal(&wanted.items[i], &got->items[i], why, sizeof why))
            result = -1;
    batches_free(got);
    for (size_t i = 0; i < wanted.n; i++)
        wh_batch_release(&wanted.items[i]);
    free(wanted.items);
    wh_schema_release(&wanted.schema);
    return result;
}

/* ---- foreign batches in, and out again -------------------------------------------------------- */

static enum wh_status cast_batch(struct wh_batch *out, const struct wh_batch *b, struct wh_error *err)
{
    for (size_t i = 0; i < b->schema->n_fields; i++) {
        int64_t n_bad = 0;
        uint8_t *bad = wh_alloc(wh_bitmap_bytes(b->rows));
        enum wh_status s =
            bad == NULL ? wh_nomem(err) : wh_cast_column(&out->columns[i], &b->columns[i], bad, &n_bad, err);
        free(bad);
        if (s == WH_OK && n_bad > 0)
            s = wh_fail(err, WH_DATA, "%lld values of column \"%s\" have no text", (long long)n_bad,
                        b->schema->fields[i].name);
        WH_TRY(s);
    }
    out->rows = b->rows;
    return WH_OK;
}

static enum wh_status cast_batches(struct batches *out, const struct batches *b, struct wh_error *err)
{
    for (size_t i = 0; i < b->schema.n_fields; i++) {
        struct wh_field f;
        WH_TRY(wh_field_init(&f, b->schema.fields[i].name, WH_UTF8, err));
        WH_TRY(wh_schema_add(&out->schema, &f, err));
    }
    for (size_t i = 0; i < b->n; i++) {
        struct wh_batch *batch;
        WH_TRY(batches_add(out, &batch, err));
        WH_TRY(cast_batch(batch, &b->items[i], err));
    }
    return WH_OK;
}

/* as_text: every column as its text. */
int echo_stream(struct ArrowArrayStream *in, struct ArrowArrayStream *out, int as_text)
{
    struct wh_error err;
    struct batches *b = read_stream(in);
    if (b == NULL)
        return -1;
    if (!as_text)
        return give_stream(b, out, &err);
    struct batches *text = wh_alloc(sizeof *text);
    enum wh_status s = text == NULL ? wh_nomem(&err) : cast_batches(text, b, &err);
    batches_free(b);
    if (s == WH_OK)
        return give_stream(text, out, &err);
    if (text != NULL)
        batches_free(text);
    return failed(err.msg);
}
