/* Every type through SQLite and back: the same values, of the same types. */
#include <math.h>

#include "support/random_batch.h"
#include "support/sqlite_db.h"

/* What SQLite does not have: NaN, and the sign of zero in REAL columns. */
static void leave_out_oddities(struct wh_batch *b)
{
    for (size_t c = 0; c < b->schema->n_fields; c++) {
        struct wh_column *column = &b->columns[c];
        for (int64_t i = 0; i < b->rows; i++) {
            if (column->field->type == WH_FLOAT64) {
                double *v = (double *)(void *)column->data.data + i;
                *v = isnan(*v) ? 0.5 : *v == 0 ? 0 : *v;
            } else if (column->field->type == WH_FLOAT32) {
                float *v = (float *)(void *)column->data.data + i;
                *v = isnan(*v) ? 0.5f : *v == 0 ? 0 : *v;
            }
        }
    }
}

/* Columns get names of their own, instants the only zone that SQLite can keep. */
static void adapt(struct wh_schema *schema)
{
    struct wh_error err = {0};
    for (size_t i = 0; i < schema->n_fields; i++) {
        char name[32];
        snprintf(name, sizeof name, "c%zu", i);
        free(schema->fields[i].name);
        check_ok(wh_strdup(&schema->fields[i].name, name, &err), &err);
        if (schema->fields[i].zone == NULL)
            continue;
        free(schema->fields[i].zone);
        check_ok(wh_strdup(&schema->fields[i].zone, "UTC", &err), &err);
    }
}

static void write_batch(struct fixture *f, const struct wh_batch *b, enum wh_write_mode mode,
                        int64_t rows_a_write)
{
    const struct wh_destination_ops *ops = wh_connector_sqlite.destination;
    struct wh_error err = {0};
    struct wh_destination *dst = NULL;
    struct wh_target *target = NULL;
    struct wh_writer *w = NULL;
    struct wh_resume resume;
    struct wh_outcome out = {0};
    struct wh_batch part = {0};
    struct test_sink sink = test_sink_of(f);
    struct wh_target_request req = {.name = "t",
                                    .schema = b->schema,
                                    .mode = mode,
                                    .pipeline = "p",
                                    .stream = "s",
                                    .run_id = "r",
                                    .epoch = 1};
    check_ok(ops->open(&dst, f->path, f->config, &f->context, &err), &err);
    check_ok(ops->open_target(&target, &resume, dst, &req, &err), &err);
    check_ok(wh_batch_init(&part, b->schema, &f->budget, &err), &err);
    int64_t seq = 0;
    for (int64_t at = 0; at < b->rows || seq == 0; at += 3 * rows_a_write, seq++) {
        check_ok(ops->open_writer(&w, target, seq, &sink.base, &err), &err);
        for (int64_t from = at; from < at + 3 * rows_a_write && from < b->rows; from += rows_a_write) {
            int64_t n = WH_MIN(rows_a_write, b->rows - from);
            wh_batch_reset(&part);
            check_ok(wh_batch_append(&part, b, from, n, &err), &err);
            check_ok(ops->write(w, &part, &err), &err);
        }
        check_ok(ops->seal(w, &err), &err);
        check_ok(ops->commit(target, w, "{}", &err), &err);
    }
    check_ok(ops->finish(target, &out, &err), &err);
    assert_int_equal(out.rows, b->rows);
    wh_batch_release(&part);
    ops->close_target(target);
    ops->close(dst);
}

static void read_batch(struct fixture *f, struct wh_stream *s, struct wh_batch *all)
{
    struct wh_error err = {0};
    struct test_sink sink = test_sink_of(f);
    struct wh_batch b = {0};
    check_ok(wh_batch_init(all, &s->schema, &f->budget, &err), &err);
    check_ok(wh_batch_init(&b, &s->schema, &f->budget, &err), &err);
    for (;;) {
        struct wh_chunk chunk = {0};
        struct wh_reader *r = NULL;
        enum wh_status st = s->ops->next_chunk(s, &chunk, &err);
        if (st == WH_END)
            break;
        check_ok(st, &err);
        check_ok(s->ops->open_chunk(&r, s, &chunk, &sink.base, &err), &err);
        while ((st = s->ops->read(r, &b, &err)) == WH_OK) {
            int64_t n = b.rows, before = all->rows;
            check_ok(wh_batch_append(all, &b, 0, n, &err), &err);
            assert_int_equal(all->rows, before + n);
        }
        assert_int_equal(st, WH_END);
        s->ops->close_reader(r);
        free(chunk.position);
    }
    wh_batch_release(&b);
}

static void round_trip(uint64_t *seed, unsigned flags, int64_t rows, int64_t rows_a_write)
{
    struct fixture f;
    struct wh_error err = {0};
    struct wh_schema schema = {0};
    struct wh_batch b = {0}, back = {0};
    struct wh_stream *s = NULL;
    char why[256] = "";
    uint64_t began = *seed;
    fixture_open(&f);
    check_ok(random_schema(&schema, seed, flags | RANDOM_NO_NESTED | RANDOM_WITHOUT(WH_NULL), &err), &err);
    adapt(&schema);
    check_ok(wh_batch_init(&b, &schema, &f.budget, &err), &err);
    check_ok(random_rows(&b, rows, seed, &err), &err);
    leave_out_oddities(&b);
    write_batch(&f, &b, (enum wh_write_mode)(began % 3), rows_a_write);
    struct wh_source *src = source_open(&f);
    check_ok(wh_connector_sqlite.source->open_stream(&s, src, &(struct wh_stream_request){.name = "t"}, &err),
             &err);
    read_batch(&f, s, &back);
    if (f.rejects.size > 0 || !batches_equal(&b, &back, why, sizeof why)) {
        print_error("seed %llu: %s %.*s\n", (unsigned long long)began, why, (int)WH_MIN(f.rejects.size, 400),
                    (char *)f.rejects.data);
        fail();
    }
    wh_batch_release(&b);
    wh_batch_release(&back);
    s->ops->close(s);
    wh_connector_sqlite.source->close(src);
    wh_schema_release(&schema);
    fixture_close(&f);
}

static void all_types(void **state)
{
    (void)state;
    uint64_t seed = 11;
    static const int64_t sizes[] = {1, 7, 1000};
    for (size_t i = 0; i < WH_COUNT(sizes); i++)
        round_trip(&seed, RANDOM_ALL_TYPES, sizes[i] == 1 ? 60 : 2000, sizes[i]);
    round_trip(&seed, RANDOM_ALL_TYPES, 0, 1);
    round_trip(&seed, RANDOM_ALL_TYPES, 1, 1);
}

static void random_types(void **state)
{
    (void)state;
    uint64_t seed = 12;
    for (int i = 0; i < 60; i++) {
        int64_t rows = (int64_t)random_below(&seed, 300);
        round_trip(&seed, 0, rows, 1 + rows / (1 + (int64_t)random_below(&seed, 8)));
    }
}

/* Lists, structs and maps arrive as JSON with the text that they have everywhere. */
static void nested_values_become_json(void **state)
{
    (void)state;
    uint64_t seed = 13;
    for (int i = 0; i < 20; i++) {
        struct fixture f;
        struct wh_error err = {0};
        struct wh_schema schema = {0};
        struct wh_batch b = {0};
        struct wh_buffer text = {0};
        char *expected = NULL;
        fixture_open(&f);
        check_ok(random_schema(
                     &schema, &seed,
                     RANDOM_WITHOUT(WH_FLOAT32) | RANDOM_WITHOUT(WH_FLOAT64) | RANDOM_WITHOUT(WH_NULL), &err),
                 &err);
        adapt(&schema);
        check_ok(wh_batch_init(&b, &schema, &f.budget, &err), &err);
        check_ok(random_rows(&b, 50, &seed, &err), &err);
        append_rows(&text, &b);
        check_ok(wh_buffer_take_text(&expected, &text, &err), &err);
        write_batch(&f, &b, WH_REPLACE, 20);
        check_stream(&f, &(struct wh_stream_request){.name = "t"}, NULL, expected);
        assert_int_equal(f.rejects.size, 0);
        free(expected);
        wh_batch_release(&b);
        wh_schema_release(&schema);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_types),
        cmocka_unit_test(random_types),
        cmocka_unit_test(nested_values_become_json),
    };
    return cmocka_run_group_tests_name("sqlite/round", tests, NULL, NULL);
}
