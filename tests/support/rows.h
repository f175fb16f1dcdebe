/* support/rows.h - schemas and batches as text, for tests. Inline. */
#pragma once
#include "batch/schema.h"
#include "batch/text.h"
#include "support/test.h"

/* "id:int64,name:text" */
static inline struct wh_schema schema_of(const char *text)
{
    struct wh_schema s = {0};
    must(wh_schema_parse(&s, text, err));
    return s;
}

/* Appends a row of texts, one per column; NULL is null. b is initialised. */
static inline void add_row(struct wh_batch *b, const char *const *texts)
{
    for (size_t i = 0; i < b->schema->n_fields; i++) {
        if (texts[i] == NULL)
            must(wh_column_append_null(&b->columns[i], err));
        else
            must(wh_value_parse(&b->columns[i], wh_slice_of(texts[i]), err));
    }
    b->rows++;
}

/* Rows "1|a;2|b"; an empty field is null. */
static inline void add_rows(struct wh_batch *b, const char *rows)
{
    char copy[4096], *row_end = copy;
    assert_true(strlen(rows) < sizeof copy);
    strcpy(copy, rows);
    for (char *row; row_end != NULL && (row = strsep(&row_end, ";")) != NULL && *row != '\0';) {
        const char *texts[64] = {NULL};
        size_t n = 0;
        for (char *field; (field = strsep(&row, "|")) != NULL; n++)
            texts[n] = *field == '\0' ? NULL : field;
        assert_int_equal(n, b->schema->n_fields);
        add_row(b, texts);
    }
}

/* The same form back; the caller frees. */
static inline char *rows_of(const struct wh_batch *b)
{
    struct wh_buffer out = {0};
    char *text = NULL;
    for (int64_t row = 0; row < b->rows; row++)
        for (size_t i = 0; i < b->schema->n_fields; i++) {
            if (row + (int64_t)i > 0)
                must(wh_buffer_append(&out, i == 0 ? ";" : "|", 1, err));
            if (!wh_column_is_null(&b->columns[i], row))
                must(wh_value_format(&out, &b->columns[i], row, err));
        }
    must(wh_buffer_take_text(&text, &out, err));
    return text;
}

static inline void check_rows(const struct wh_batch *b, const char *expected)
{
    char *text = rows_of(b);
    assert_string_equal(text, expected);
    free(text);
}
