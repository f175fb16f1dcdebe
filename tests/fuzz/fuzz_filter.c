/* fuzz_filter.c - conditions: compiling any text ends, and what was compiled can be applied; a condition and
 * its negation never both keep a row. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "batch/builder.h"
#include "batch/text.h"
#include "engine/filter.h"

static const char schema_text[] =
    "id:int64,n:uint8,price:decimal(9,2),big:decimal(76,3),x:float64,name:text,"
    "flag:bool,day:date,at:timestamp,z:timestamptz(ms),t:time,key:uuid,raw:binary,"
    "p:interval,l:list<int8>,nothing:null";
static const char *const rows[][16] = {
    {"1", "255", "10.50", "-1.5", "NaN", "apple", "true", "2024-01-01", "2024-01-01T00:00:00",
     "2024-01-01T00:00:00Z", "12:30:00", "00000000-0000-0000-0000-000000000001", "\\x00ff", "P1M", "[1]", ""},
    {"-5", "0", "-0.01", "99999", "1.5", "Banana", "false", "1969-12-31", "1969-12-31T23:59:59.999999",
     "1969-12-31T23:59:59Z", "00:00:00", "ffffffff-0000-0000-0000-000000000000", "\\x", "PT0S", "[]", ""},
    {"", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""},
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Made once; libFuzzer calls in one thread. */
static const struct wh_batch *sample(void)
{
    static struct wh_schema schema;
    static struct wh_batch batch;
    struct wh_error err;
    if (batch.columns != NULL)
        return &batch;
    must(wh_schema_parse(&schema, schema_text, &err) == WH_OK);
    must(wh_batch_init(&batch, &schema, NULL, &err) == WH_OK);
    for (size_t r = 0; r < WH_COUNT(rows); r++) {
        for (size_t i = 0; i < schema.n_fields; i++) {
            struct wh_column *c = &batch.columns[i];
            must((rows[r][i][0] == '\0' ? wh_column_append_null(c, &err)
                                        : wh_value_parse(c, wh_slice_of(rows[r][i]), &err)) == WH_OK);
        }
        batch.rows++;
    }
    return &batch;
}

/* Rows kept as bits; -1 when the text is no condition. */
static int kept(const char *text)
{
    struct wh_error err;
    struct wh_filter *f;
    struct wh_buffer scratch = {0};
    const struct wh_predicate *predicates;
    const struct wh_batch *b = sample();
    uint8_t keep;
    int64_t n_kept;
    size_t n;
    if (wh_filter_parse(&f, text, b->schema, &err) != WH_OK)
        return -1;
    must(wh_filter_apply(f, b, &keep, &n_kept, &scratch, &err) == WH_OK);
    must(n_kept == __builtin_popcount(keep) && keep < 1 << WH_COUNT(rows));
    wh_filter_predicates(f, &predicates, &n);
    for (size_t i = 0; i < n; i++)
        must(predicates[i].value->length == 1);
    wh_buffer_release(&scratch);
    wh_filter_free(f);
    return keep;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 32);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    int plain = kept(text);
    if (plain >= 0) {
        size_t len = strlen(text);
        memmove(text + 5, text, len);
        memcpy(text, "not (", 5);
        memcpy(text + 5 + len, ")", 2);
        int negated = kept(text);
        must(negated <= 0 || (plain & negated) == 0); /* -1: one bracket too many for the bound on nesting */
    }
    free(text);
    return 0;
}
