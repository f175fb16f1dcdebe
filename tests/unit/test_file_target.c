/* Files as a destination: what is visible when, crashes at every step of publishing, resume, append,
 * rotation, folders that are replaced, Hive folders there and back. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/options.h"
#include "connector/file.h"
#include "connector/file/file_int.h"
#include "support/rows.h"

static _Atomic bool never;
static struct wh_context context = {.cancelled = &never, .jobs = 1, .chunk_bytes = 1 << 20};

static void note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

/* A destination with its settings, "name=value" separated by spaces. */
struct place {
    struct wh_config *config;
    struct wh_destination *destination;
    struct wh_schema schema;
    char *location;
};

static struct wh_config *config_of(bool is_source, const char *options)
{
    const struct wh_option *tables[16] = {wh_connector_file.options};
    size_t n = 1;
    for (const struct wh_option *const *t = is_source ? wh_connector_file.source_options
                                                      : wh_connector_file.destination_options;
         *t != NULL; t++)
        tables[n++] = *t;
    struct wh_config *config = NULL;
    must(wh_config_new(&config, tables, err));
    char copy[256];
    snprintf(copy, sizeof copy, "%s", options);
    for (char *rest = copy, *pair; (pair = strsep(&rest, " ")) != NULL;) {
        char *value = strchr(pair, '=');
        if (value == NULL)
            continue;
        *value++ = '\0';
        must(wh_config_set(config, pair, value, err));
    }
    return config;
}

static struct place open_place(const char *location, const char *options, const char *schema)
{
    struct place p = {
        .config = config_of(false, options), .schema = schema_of(schema), .location = strdup(location)};
    context.note = note;
    must(wh_connector_file.destination->open(&p.destination, location, p.config, &context, err));
    return p;
}

static void close_place(struct place *p)
{
    wh_connector_file.destination->close(p->destination);
    wh_config_free(p->config);
    wh_schema_release(&p->schema);
    free(p->location);
}

static enum wh_status try_target(struct wh_target **out, const struct place *p, enum wh_write_mode mode,
                                 const char *run, const char *marker, struct wh_error *why)
{
    const struct wh_target_request req = {
        .schema = &p->schema, .mode = mode, .run_id = run, .epoch = 1, .config = p->config, .marker = marker};
    struct wh_resume resume = {.next_seq = -1};
    enum wh_status s = wh_connector_file.destination->open_target(out, &resume, p->destination, &req, why);
    if (s == WH_OK && marker == NULL)
        assert_int_equal(resume.next_seq, 0);
    return s;
}

static struct wh_target *open_target(const struct place *p, enum wh_write_mode mode, const char *run,
                                     const char *marker)
{
    struct wh_target *t = NULL;
    must(try_target(&t, p, mode, run, marker, err));
    return t;
}

static enum wh_status refuse(struct wh_reject_sink *sink, const struct wh_reject *r, struct wh_error *why)
{
    (void)sink;
    return wh_fail(why, WH_DATA, "rejected: %s", r->reason);
}

/* One chunk with these rows. */
static void put_chunk(struct wh_target *t, const struct place *p, const char *rows)
{
    struct wh_reject_sink sink = {.add = refuse};
    struct wh_writer *w = NULL;
    struct wh_batch b = {0};
    must(wh_batch_init(&b, &p->schema, NULL, err));
    add_rows(&b, rows);
    must(t->ops->open_writer(&w, t, 0, &sink, err));
    if (b.rows > 0)
        must(t->ops->write(w, &b, err));
    must(t->ops->seal(w, err));
    must(t->ops->commit(t, w, "{}", err));
    wh_batch_release(&b);
}

static char *checkpoint(struct wh_target *t, int64_t next_seq)
{
    char *marker = NULL;
    int64_t got = -1;
    must(t->ops->checkpoint(t, &marker, &got, err));
    assert_int_equal(got, next_seq);
    return marker;
}

static int64_t finish(struct wh_target *t)
{
    struct wh_outcome out = {0};
    must(t->ops->finish(t, &out, err));
    t->ops->close_target(t);
    return out.rows;
}

/* A whole run of chunks "rows/rows/...". */
static int64_t write_all(const char *location, const char *options, const char *schema,
                         enum wh_write_mode mode, const char *chunks)
{
    static int runs;
    char run[16], copy[1024];
    snprintf(run, sizeof run, "run%d", ++runs);
    snprintf(copy, sizeof copy, "%s", chunks);
    struct place p = open_place(location, options, schema);
    struct wh_target *t = open_target(&p, mode, run, NULL);
    for (char *rest = copy, *chunk; (chunk = strsep(&rest, "/")) != NULL;)
        put_chunk(t, &p, chunk);
    int64_t rows = finish(t);
    close_place(&p);
    return rows;
}

/* ---- reading back ---- */

static void read_chunks(struct wh_stream *s, struct wh_buffer *out)
{
    struct wh_reject_sink sink = {.add = refuse};
    struct wh_chunk chunk = {0};
    while (s->ops->next_chunk(s, &chunk, &(struct wh_error){0}) == WH_OK) {
        struct wh_reader *r = NULL;
        struct wh_batch b = {0};
        must(s->ops->open_chunk(&r, s, &chunk, &sink, err));
        must(wh_batch_init(&b, &s->schema, NULL, err));
        while (r->ops->read(r, &b, &(struct wh_error){0}) == WH_OK) {
            char *text = rows_of(&b);
            must(wh_buffer_printf(out, err, "%s%s", out->size == 0 ? "" : ";", text));
            free(text);
        }
        r->ops->close_reader(r);
        wh_batch_release(&b);
        free(chunk.position);
        wh_buffer_release(&chunk.data);
        chunk = (struct wh_chunk){0};
    }
    wh_buffer_release(&chunk.data); /* room that was made for a chunk that did not come */
}

/* "name:type,...= row;row"; the caller frees. */
static char *read_all(const char *location, const char *const *columns)
{
    struct wh_config *config = config_of(true, "");
    struct wh_source *src = NULL;
    struct wh_stream *s = NULL;
    struct wh_buffer out = {0}, rows = {0};
    char *text = NULL;
    context.note = note;
    must(wh_connector_file.source->open(&src, location, config, &context, err));
    const struct wh_stream_request req = {.config = config, .columns = columns};
    must(wh_connector_file.source->open_stream(&s, src, &req, err));
    for (size_t i = 0; i < s->schema.n_fields; i++) {
        char type[64];
        wh_type_format(&s->schema.fields[i], type, sizeof type);
        must(wh_buffer_printf(&out, err, "%s%s:%s", i == 0 ? "" : ",", s->schema.fields[i].name, type));
    }
    read_chunks(s, &rows);
    must(wh_buffer_printf(&out, err, "= %.*s", (int)rows.size, (char *)rows.data));
    must(wh_buffer_take_text(&text, &out, err));
    wh_buffer_release(&rows);
    s->ops->close(s);
    wh_connector_file.source->close(src);
    wh_config_free(config);
    return text;
}

static void check_read(const char *location, const char *expected)
{
    char *text = read_all(location, NULL);
    assert_string_equal(text, expected);
    free(text);
}

/* ---- what lies in folders ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, in order, hidden ones too. */
static void check_folder(const char *folder, const char *expected)
{
    char *names[64], joined[2048] = "";
    size_t n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            names[n++] = strdup(e->d_name);
    closedir(d);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", i == 0 ? "" : " ",
                 names[i]);
        free(names[i]);
    }
    assert_string_equal(joined, expected);
}

/* Each test has a folder of its own. */
static int new_folder(void **state)
{
    (void)state;
    static int n;
    char name[16];
    snprintf(name, sizeof name, "t%d", ++n);
    return chdir("/tmp") != 0 || chdir(*state) != 0 || mkdir(name, 0777) != 0 || chdir(name) != 0;
}

/* ---- one file ---- */

#define AB "a:int64,b:text"

static void nothing_is_visible_before_the_end(void **state)
{
    (void)state;
    put_file("x.csv", "old");
    struct place p = open_place("x.csv", "", AB);
    struct wh_target *t = open_target(&p, WH_REPLACE, "r1", NULL);
    check_folder(".", ".x.csv.wherry-lock x.csv");
    put_chunk(t, &p, "1|x");
    put_chunk(t, &p, "");
    put_chunk(t, &p, "2|");
    free(checkpoint(t, 3));
    check_folder(".", ".x.csv.wherry-lock .x.csv.wherry-r1.tmp x.csv");
    check_file("x.csv", "old");
    struct wh_outcome out = {0};
    must(t->ops->finish(t, &out, err));
    check_file("x.csv", "a,b\n1,x\n2,\n");
    assert_int_equal(out.rows, 2);
    assert_int_equal(out.files, 1);
    assert_int_equal(out.bytes, 11);
    t->ops->close_target(t);
    check_folder(".", "x.csv");
    close_place(&p);
}

static void discarding_leaves_nothing(void **state)
{
    (void)state;
    static const char *const locations[] = {"x.csv", "lake/", "new/deep/x.csv"};
    for (size_t i = 0; i < WH_COUNT(locations); i++) {
        struct place p = open_place(locations[i], "format=csv", AB);
        struct wh_target *t = open_target(&p, WH_REPLACE, "r1", NULL);
        put_chunk(t, &p, "1|x");
        free(checkpoint(t, 1));
        t->ops->discard(t);
        t->ops->close_target(t);
        close_place(&p);
    }
    check_folder(".", "new");
    check_folder("new/deep", "");
}

static void a_second_run_is_refused(void **state)
{
    (void)state;
    struct place p = open_place("lake/", "", AB), q = open_place("lake", "format=csv", AB);
    struct wh_target *t = open_target(&p, WH_REPLACE, "r1", NULL), *second = NULL;
    struct wh_error why = {0};
    assert_int_equal(try_target(&second, &q, WH_APPEND, "r2", NULL, &why), WH_STATE);
    assert_string_equal(why.msg, "another run is writing \"lake\"");
    assert_int_equal(why.os_errno, EWOULDBLOCK);
    t->ops->close_target(t);
    t = open_target(&q, WH_APPEND, "r2", NULL);
    t->ops->discard(t);
    t->ops->close_target(t);
    close_place(&p);
    close_place(&q);
}

static void compressed_by_suffix(void **state)
{
    (void)state;
    static const struct {
        const char *name, *options;
        size_t n;
        uint8_t magic[4];
    } cases[] = {{"x.csv.gz", "", 2, {0x1f, 0x8b}},
                 {"x.csv.zst", "", 4, {0x28, 0xb5, 0x2f, 0xfd}},
                 {"x.csv.lz4", "", 4, {0x04, 0x22, 0x4d, 0x18}},
                 {"x.csv.bz2", "", 3, {'B', 'Z', 'h'}},
                 {"x.jsonl.xz", "", 4, {0xfd, '7', 'z', 'X'}},
                 {"y.csv", "compression=gzip compression-level=9", 2, {0x1f, 0x8b}},
                 {"z.csv.gz", "compression=none", 4, {'a', ',', 'b', '\n'}}};
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        assert_int_equal(write_all(cases[i].name, cases[i].options, AB, WH_REPLACE, "1|x/2|y"), 2);
        struct wh_buffer b = {0};
        must(wh_read_file(&b, cases[i].name, 1000, err));
        assert_memory_equal(b.data, cases[i].magic, cases[i].n);
        wh_buffer_release(&b);
        check_read(cases[i].name, "a:int64,b:text= 1|x;2|y");
    }
}

/* ---- going on ---- */

static void a_resumed_file_is_the_same(void **state)
{
    (void)state;
    static const char *const locations[] = {"x.csv", "x.csv.gz", "x.jsonl", "x.parquet"};
    for (size_t i = 0; i < WH_COUNT(locations); i++) {
        write_all("whole",
                  i == 0   ? "format=csv"
                  : i == 1 ? "format=csv compression=gzip"
                  : i == 2 ? "format=jsonl"
                           : "format=parquet",
                  AB, WH_REPLACE, "1|x/2|y/3|z/4|/");
        struct place p = open_place(locations[i], "", AB);
        struct wh_target *t = open_target(&p, WH_REPLACE, "r1", NULL);
        put_chunk(t, &p, "1|x");
        put_chunk(t, &p, "2|y");
        char *marker = checkpoint(t, 2);
        put_chunk(t, &p, "3|lost"); /* after the last checkpoint */
        t->ops->close_target(t);
        for (int attempt = 0; attempt < 2; attempt++) { /* the second dies as the first, only with an end */
            t = open_target(&p, WH_REPLACE, "r1", marker);
            put_chunk(t, &p, "3|z");
            put_chunk(t, &p, "4|");
            put_chunk(t, &p, "");
            if (attempt == 1) {
                free(marker);
                marker = checkpoint(t, 5);
                assert_int_equal(finish(t), 4);
            } else {
                t->ops->close_target(t);
            }
        }
        struct wh_buffer a = {0}, b = {0};
        must(wh_read_file(&a, "whole", 10000, err));
        must(wh_read_file(&b, locations[i], 10000, err));
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        wh_buffer_release(&a);
        wh_buffer_release(&b);
        t = open_target(&p, WH_REPLACE, "r1", marker); /* finished, but nobody noted it */
        assert_int_equal(finish(t), 4);
        free(marker);
        close_place(&p);
        assert_int_equal(unlink(locations[i]), 0);
    }
    check_folder(".", "whole");
}

static void staging_that_is_not_ours(void **state)
{
    (void)state;
    struct place p = open_place("x.csv", "", AB);
    struct wh_target *t = open_target(&p, WH_REPLACE, "r1", NULL);
    struct wh_error why = {0};
    put_chunk(t, &p, "1|x");
    char *marker = checkpoint(t, 1);
    t->ops->close_target(t);
    assert_int_equal(truncate(".x.csv.wherry-r1.tmp", 3), 0);
    assert_int_equal(try_target(&t, &p, WH_REPLACE, "r1", marker, &why), WH_STATE);
    assert_string_equal(why.msg, "\"./.x.csv.wherry-r1.tmp\" is not the file that this run wrote");
    assert_int_equal(unlink(".x.csv.wherry-r1.tmp"), 0);
    assert_int_equal(try_target(&t, &p, WH_REPLACE, "r1", marker, &why), WH_STATE);
    assert_string_equal(why.msg,
                        "could not go on with \"x.csv\": staged file \"./.x.csv.wherry-r1.tmp\" is gone");
    assert_string_equal(why.hint, "run with --fresh to start anew");
    assert_int_equal(try_target(&t, &p, WH_REPLACE, "r1", "{}", &why), WH_STATE);
    assert_string_equal(why.msg, "damaged checkpoint of \"x.csv\"");
    check_folder(".", "");
    free(marker);
    close_place(&p);
}

/* ---- folders ---- */

static void files_rotate(void **state)
{
    (void)state;
    assert_int_equal(write_all("lake/", "format=csv file-size=10", AB, WH_REPLACE, "1|xxxxxxx/2|y/3|z/4|"),
                     4);
    char *manifest = get_file("lake/_manifest.json");
    assert_non_null(strstr(manifest, "-00000.csv\",\n   \"rows\": 1,"));
    assert_non_null(strstr(manifest, "-00001.csv\",\n   \"rows\": 2,\n   \"bytes\": 12,"));
    assert_non_null(strstr(manifest, "-00002.csv\",\n   \"rows\": 1,"));
    free(manifest);
    check_read("lake", "a:int64,b:text= 1|xxxxxxx;2|y;3|z;4|");
    check_folder(".", "lake");
}

static void many_files_are_not_all_open(void **state)
{
    (void)state;
    struct place p = open_place("lake/", "format=csv partition-by=k", "k:int64,v:int64");
    struct wh_target *t = open_target(&p, WH_REPLACE, "r1", NULL);
    struct wh_batch b = {0};
    struct wh_reject_sink sink = {.add = refuse};
    char *marker = NULL;
    for (int64_t chunk = 0; chunk < 3; chunk++) {
        struct wh_writer *w = NULL;
        must(wh_batch_init(&b, &p.schema, NULL, err));
        for (int64_t i = 0; i < 1500; i++, b.rows++) { /* more than files that may be open */
            must(wh_column_append(&b.columns[0], &i, err));
            must(wh_column_append(&b.columns[1], &chunk, err));
        }
        must(t->ops->open_writer(&w, t, chunk, &sink, err));
        must(t->ops->write(w, &b, err));
        must(t->ops->seal(w, err));
        must(t->ops->commit(t, w, "{}", err));
        wh_batch_release(&b);
        free(marker);
        marker = checkpoint(t, chunk + 1);
        if (chunk == 1) {
            t->ops->close_target(t);
            t = open_target(&p, WH_REPLACE, "r1", marker);
        }
    }
    free(marker);
    assert_int_equal(finish(t), 4500);
    check_file("lake/k=1499/part-r1-01499.csv", "v\n0\n1\n2\n");
    close_place(&p);
}

static void only_our_own_files_are_replaced(void **state)
{
    (void)state;
    static const char *const foreign[] = {"lake/theirs.csv", "lake/.git/config", "lake/_SUCCESS",
                                          "lake/k=1/x.csv"};
    for (size_t i = 0; i < WH_COUNT(foreign); i++) {
        struct wh_error ignored;
        must(wh_remove_tree("lake", err));
        write_all("lake/", "format=csv", AB, WH_REPLACE, "1|x");
        put_file(foreign[i], "theirs");
        struct place p = open_place("lake/", "format=csv", AB);
        struct wh_target *t = NULL;
        struct wh_error why = {0};
        char text[128];
        snprintf(text, sizeof text, "could not replace folder \"lake\": wherry did not write \"%s\" in it",
                 foreign[i] + strlen("lake/"));
        assert_int_equal(try_target(&t, &p, WH_REPLACE, "r9", NULL, &why), WH_CONFIG);
        assert_string_equal(why.msg, text);
        check_file(foreign[i], "theirs");
        must(wh_remove_file(foreign[i], err));
        (void)wh_remove_tree("lake/.git", &ignored);
        t = open_target(&p, WH_REPLACE, "r9", NULL); /* and one that comes while the run is at work */
        put_chunk(t, &p, "2|y");
        put_file(foreign[i], "theirs");
        struct wh_outcome out;
        assert_int_equal(t->ops->finish(t, &out, &why), WH_CONFIG);
        assert_string_equal(why.msg, text);
        check_file(foreign[i], "theirs");
        must(wh_remove_file(foreign[i], err));
        assert_int_equal(finish(t), 1);
        check_read("lake", "a:int64,b:text= 2|y");
        close_place(&p);
    }
    check_folder(".", "lake");
}

static void appended_folders_keep_what_is_there(void **state)
{
    (void)state;
    put_file("lake/old.csv", "a,b\n0,old\n");
    put_file("lake/k/older.csv", "a,b\n9,old\n");
    put_file("lake/.hidden", "x");
    put_file("lake/_SUCCESS", "");
    put_file("lake/._manifest.json.tmp", "{"); /* of a crash */
    write_all("lake/", "format=csv", AB, WH_APPEND, "1|x");
    check_read("lake", "a:int64,b:text= 9|old;0|old;1|x");
    write_all("lake/", "format=csv", AB, WH_APPEND, "2|y/3|z");
    check_read("lake", "a:int64,b:text= 9|old;0|old;1|x;2|y;3|z");
    write_all("new/", "format=csv", AB, WH_APPEND, "1|x");
    check_read("new", "a:int64,b:text= 1|x");
    check_folder(".", "lake new");
}

static void stale_staging_goes_away(void **state)
{
    (void)state;
    put_file(".lake.wherry-old1/part.csv", "x");
    put_file("lake/.wherry-old2/part.csv", "x");
    put_file(".lake.wherry-plan-7/0/x", "a chunk of a plan");
    put_file(".lakes.wherry-old3.tmp", "of another target");
    put_file(".x.csv.wherry-old4.tmp", "x");
    write_all("lake/", "format=csv", AB, WH_APPEND, "1|x");
    write_all("x.csv", "", AB, WH_REPLACE, "1|x");
    check_folder(".", ".lake.wherry-plan-7 .lakes.wherry-old3.tmp lake x.csv");
    check_read("lake", "a:int64,b:text= 1|x");
}

/* ---- append to one file ---- */

static void text_files_can_be_appended_to(void **state)
{
    (void)state;
    put_file("x.csv", "a,b\n0,old");
    write_all("x.csv", "", AB, WH_APPEND, "1|x/2|y");
    check_file("x.csv", "a,b\n0,old\n1,x\n2,y\n");
    write_all("x.csv", "", AB, WH_APPEND, "");
    check_file("x.csv", "a,b\n0,old\n1,x\n2,y\n");
    put_file("e.csv", "");
    write_all("e.csv", "", AB, WH_APPEND, "1|x");
    check_file("e.csv", "a,b\n1,x\n");
    write_all("new.jsonl", "", AB, WH_APPEND, "1|x");
    write_all("new.jsonl", "", AB, WH_APPEND, "2|y");
    check_file("new.jsonl", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n");
    write_all("z.csv.gz", "", AB, WH_APPEND, "1|x");
    write_all("z.csv.gz", "", AB, WH_APPEND, "2|y");
    check_read("z.csv.gz", "a:int64,b:text= 1|x;2|y");
    check_folder(".", "e.csv new.jsonl x.csv z.csv.gz");
}

static void what_cannot_be_appended_to(void **state)
{
    (void)state;
    put_file("other.csv", "x,y\n1,2\n");
    put_file("short.csv", "a");
    write_all("packed.csv", "compression=gzip", AB, WH_REPLACE, "1|x");
    write_all("x.parquet", "", AB, WH_REPLACE, "1|x");
    static const struct {
        const char *location, *text;
    } cases[] = {
        {"other.csv", "could not append to \"other.csv\": it does not start with the header \"a,b\""},
        {"short.csv", "could not append to \"short.csv\": it does not start with the header \"a,b\""},
        {"packed.csv", "could not append to \"packed.csv\": its compression is gzip, not none"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct place p = open_place(cases[i].location, "", AB);
        struct wh_target *t = open_target(&p, WH_APPEND, "r1", NULL);
        struct wh_outcome out;
        struct wh_error why = {0};
        assert_int_equal(t->ops->finish(t, &out, &why), WH_CONFIG);
        assert_string_equal(why.msg, cases[i].text);
        t->ops->discard(t);
        t->ops->close_target(t);
        close_place(&p);
    }
    struct place p = open_place("x.parquet", "", AB);
    struct wh_target *t = NULL;
    must_fail(try_target(&t, &p, WH_APPEND, "r1", NULL, err), WH_CONFIG,
              "could not append to the single file \"x.parquet\"");
    must_fail(try_target(&t, &p, WH_MERGE, "r1", NULL, err), WH_CONFIG, "could not merge into files");
    close_place(&p);
    check_folder(".", "other.csv packed.csv short.csv x.parquet");
}

/* ---- places ---- */

static void odd_places(void **state)
{
    (void)state;
    static const struct {
        const char *location, *options, *text;
    } cases[] = {
        {"/dev/null", "format=csv", "could not replace \"/dev/null\": it is neither a file nor a folder"},
        {"null.csv", "", "could not replace \"/dev/null\": it is neither a file nor a folder"},
        {"fifo.csv", "", "could not replace \"fifo.csv\": it is neither a file nor a folder"},
        {"-", "format=csv file-size=10", "could not write several files to standard output"},
        {"x.parquet", "compression=gzip", "a parquet file is not compressed from outside"},
        {"x.csv/y.csv", "", "could not create folder \"./x.csv\": a file of that name exists"},
        {"y.csv.gz", "compression-level=99", "compression level 99 of gzip is not between 1 and 9"},
    };
    put_file("x.csv", "x");
    assert_int_equal(mkfifo("fifo.csv", 0600), 0);
    assert_int_equal(symlink("/dev/null", "null.csv"), 0);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct place p = open_place(cases[i].location, cases[i].options, AB);
        struct wh_target *t = NULL;
        struct wh_error why = {0};
        assert_int_equal(try_target(&t, &p, WH_REPLACE, "r1", NULL, &why), WH_CONFIG);
        if (strstr(cases[i].text, "create folder") == NULL)
            assert_string_equal(why.msg, cases[i].text);
        close_place(&p);
    }
    struct wh_destination *d = NULL;
    struct wh_config *config = config_of(false, "");
    must_fail(wh_connector_file.destination->open(&d, "x.dat", config, &context, err), WH_CONFIG,
              "could not tell the format to write \"x.dat\" in");
    wh_config_free(config);
}

static void links_lead_to_the_file(void **state)
{
    (void)state;
    put_file("data/x.csv", "old");
    assert_int_equal(symlink("data/x.csv", "link.csv"), 0);
    assert_int_equal(symlink("data", "folder"), 0);
    assert_int_equal(symlink("nowhere.csv", "dangling.csv"), 0);
    write_all("link.csv", "", AB, WH_REPLACE, "1|x");
    check_file("data/x.csv", "a,b\n1,x\n");
    struct stat st;
    assert_true(lstat("link.csv", &st) == 0 && S_ISLNK(st.st_mode));
    write_all("folder/", "format=csv", AB, WH_APPEND, "2|y");
    check_read("data", "a:int64,b:text= 2|y;1|x");
    assert_true(lstat("folder", &st) == 0 && S_ISLNK(st.st_mode));
    write_all("dangling.csv", "", AB, WH_REPLACE, "1|x");
    check_file("dangling.csv", "a,b\n1,x\n");
}

static void plans(void **state)
{
    (void)state;
    write_all("x.csv", "", AB, WH_REPLACE, "1|x");
    write_all("lake/", "", AB, WH_REPLACE, "1|x");
    static const struct {
        const char *location, *options;
        enum wh_write_mode mode;
        const char *text;
        enum wh_guarantee guarantee;
    } cases[] = {
        {"-", "format=csv", WH_REPLACE, "write csv to standard output", WH_G1},
        {"new.csv", "", WH_REPLACE, "create csv file \"new.csv\"", WH_G3},
        {"new/", "", WH_APPEND, "create parquet folder \"new\"", WH_G3},
        {"x.csv", "", WH_REPLACE, "replace csv file \"x.csv\"", WH_G3},
        {"x.csv", "", WH_APPEND, "append to csv file \"x.csv\"", WH_G3},
        {"lake", "", WH_TRUNCATE, "replace parquet folder \"lake\"", WH_G3},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct place p = open_place(cases[i].location, cases[i].options, AB);
        const struct wh_target_request req = {.schema = &p.schema,
                                              .mode = cases[i].mode,
                                              .run_id = "plan",
                                              .config = p.config,
                                              .dry_run = true};
        struct wh_resume resume;
        struct wh_target *t = NULL;
        char *text = NULL;
        enum wh_guarantee g;
        must(wh_connector_file.destination->open_target(&t, &resume, p.destination, &req, err));
        must(t->ops->describe(t, &text, &g, err));
        assert_string_equal(text, cases[i].text);
        assert_int_equal(g, cases[i].guarantee);
        free(text);
        t->ops->close_target(t);
        close_place(&p);
    }
    check_folder(".", "lake x.csv");
}

/* ---- crashes ---- */

struct crash {
    const char *label, *location, *options, *schema;
    enum wh_write_mode mode;
    const char *before, *chunks, *after; /* what a reader sees */
};

static const struct crash crashes[] = {
    {"one file", "x.csv", "", AB, WH_REPLACE, NULL, "1|x/2|y", "a:int64,b:text= 1|x;2|y"},
    {"one file, replaced", "x.parquet", "", AB, WH_REPLACE, "0|old", "1|x/2|y", "a:int64,b:text= 1|x;2|y"},
    {"one file, appended", "x.csv", "", AB, WH_APPEND, "0|old", "1|x/2|y", "a:int64,b:text= 0|old;1|x;2|y"},
    {"a folder", "lake/", "format=csv file-size=5", AB, WH_REPLACE, NULL, "1|x/2|y/3|z",
     "a:int64,b:text= 1|x;2|y;3|z"},
    {"a folder, replaced", "lake/", "format=csv file-size=5", AB, WH_REPLACE, "0|old", "1|x/2|y/3|z",
     "a:int64,b:text= 1|x;2|y;3|z"},
    {"a folder, appended", "lake/", "format=parquet file-size=5", AB, WH_APPEND, "0|old", "1|x/2|y/3|z",
     "a:int64,b:text= 0|old;1|x;2|y;3|z"},
    {"Hive folders, replaced", "lake/", "format=csv partition-by=b", AB, WH_REPLACE, "0|old", "1|x/2|y/3|x",
     "a:int64,b:text= 1|x;3|x;2|y"},
    {"Hive folders, appended", "lake/", "format=csv partition-by=b", AB, WH_APPEND, "0|x", "1|x/2|y/3|x",
     "a:int64,b:text= 0|x;1|x;3|x;2|y"},
    {"no rows", "x.csv", "", AB, WH_REPLACE, "0|old", "", "a:text,b:text= "},
    {"no rows in a folder", "lake/", "format=csv", AB, WH_REPLACE, "0|old", "", "a:text,b:text= "},
    {"no rows appended", "lake/", "format=csv", AB, WH_APPEND, "0|old", "", "a:int64,b:text= 0|old"},
};

/* Finishes in a process of its own that dies at the failpoint; false: it did not get there. */
static bool die(struct wh_target *t, const char *failpoint, int times)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char text[64];
        struct wh_outcome out;
        struct wh_error why;
        snprintf(text, sizeof text, "%s@%d=kill", failpoint, times);
        setenv("WHERRY_FAILPOINTS", text, 1);
        _exit(t->ops->finish(t, &out, &why) == WH_OK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

/* Runs until everything is committed and noted, dies while it publishes, comes again. */
static bool crash_once(const struct crash *c, const char *failpoint, int times)
{
    char copy[256];
    if (c->before != NULL)
        write_all(c->location, c->options, c->schema, WH_REPLACE, c->before);
    struct place p = open_place(c->location, c->options, c->schema);
    struct wh_target *t = open_target(&p, c->mode, "s1", NULL);
    int64_t n = 0, rows = 0;
    snprintf(copy, sizeof copy, "%s", c->chunks);
    for (char *rest = copy, *chunk; (chunk = strsep(&rest, "/")) != NULL; n++) {
        put_chunk(t, &p, chunk);
        rows += chunk[0] != '\0';
    }
    char *marker = checkpoint(t, n);
    bool died = die(t, failpoint, times);
    t->ops->close_target(t);
    for (int again = 0; again < 2; again++) { /* once more, as if that had not been noted either */
        t = open_target(&p, c->mode, "s1", marker);
        assert_int_equal(finish(t), rows);
        check_read(c->location, c->after);
    }
    free(marker);
    close_place(&p);
    return died;
}

static void a_crash_while_publishing(void **state)
{
    (void)state;
    static const char *const points[] = {"publish.staged", "publish.moved", "publish.renamed",
                                         "publish.manifest"};
    int died = 0;
    for (size_t i = 0; i < WH_COUNT(crashes); i++)
        for (size_t k = 0; k < WH_COUNT(points); k++)
            for (int times = 1; times <= 3; times++) {
                assert_int_equal(mkdir("c", 0777) | chdir("c"), 0);
                died += crash_once(&crashes[i], points[k], times);
                check_folder(".",
                             strncmp(crashes[i].location, "lake", 4) == 0 ? "lake" : crashes[i].location);
                assert_int_equal(chdir(".."), 0);
                must(wh_remove_tree("c", err));
            }
    assert_int_equal(died, 28); /* as many steps as there are */
}

/* The manifest has whole sizes, whoever wrote it. */
static void sizes_survive_a_crash(void **state)
{
    (void)state;
    static const struct crash c = {"",   "lake/", "format=parquet",     AB, WH_APPEND,
                                   NULL, "1|x",   "a:int64,b:text= 1|x"};
    assert_true(crash_once(&c, "publish.moved", 1));
    struct stat st;
    char text[64];
    assert_int_equal(stat("lake/part-s1-00000.parquet", &st), 0);
    snprintf(text, sizeof text, "\"rows\": 1,\n   \"bytes\": %lld,\n   \"run\": \"s1\"",
             (long long)st.st_size);
    char *manifest = get_file("lake/_manifest.json");
    assert_non_null(strstr(manifest, text));
    free(manifest);
}

/* ---- Hive folders ---- */

static void hive_folders_come_back(void **state)
{
    (void)state;
    static const struct {
        const char *label, *schema, *spec, *rows, *read;
    } cases[] = {
        {"numbers", "v:int64,k:int64", "k", "1|7;2|-1;3|7;4|", "v:int64,k:int64= 2|-1;1|7;3|7;4|"},
        {"dates", "v:int64,d:date", "d", "1|2024-01-31;2|0001-01-01;3|9999-12-31",
         "v:int64,d:date= 2|0001-01-01;1|2024-01-31;3|9999-12-31"},
        {"text that looks like numbers", "v:int64,k:text", "k", "1|007;2|7", "v:int64,k:text= 1|007;2|7"},
        {"text", "v:int64,k:text", "k", "1|a/b=c%;2|__HIVE_DEFAULT_PARTITION__;3|;4|\xf0\x9f\x98\x80",
         "v:int64,k:text= 2|__HIVE_DEFAULT_PARTITION__;3|;1|a/b=c%;4|\xf0\x9f\x98\x80"},
        {"numbers and dates are text", "v:int64,k:text", "k", "1|5;2|2024-01-01",
         "v:int64,k:text= 2|2024-01-01;1|5"},
        {"dates and numbers are text", "v:int64,k:text", "k", "1|2024-01-01;2|99;3|1",
         "v:int64,k:text= 3|1;1|2024-01-01;2|99"},
        {"functions", "v:int64,d:date", "year(d)", "1|2024-01-31;2|2023-12-31",
         "v:int64,d:date,d_year:int64= 2|2023-12-31|2023;1|2024-01-31|2024"},
        {"two levels", "v:int64,a:int64,b:text", "b,a", "1|1|x;2|2|x;3|1|y",
         "v:int64,b:text,a:int64= 1|x|1;2|x|2;3|y|1"},
        {"odd names", "v:int64,\"a/b =%\":int64", "a/b =%", "1|5", "v:int64,a/b =%:int64= 1|5"},
    };
    static const char *const formats[] = {"csv", "jsonl", "parquet"};
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        for (size_t k = 0; k < WH_COUNT(formats); k++) {
            char options[128];
            snprintf(options, sizeof options, "format=%s", formats[k]);
            struct place p = open_place("lake/", options, cases[i].schema);
            must(wh_config_set(p.config, "partition-by", cases[i].spec, err));
            struct wh_target *t = open_target(&p, WH_REPLACE, "r1", NULL);
            put_chunk(t, &p, cases[i].rows);
            finish(t);
            check_read("lake", cases[i].read);
            close_place(&p);
            must(wh_remove_tree("lake", err));
        }
}

static void folder_columns_in_any_order(void **state)
{
    (void)state;
    write_all("lake/", "format=csv partition-by=k", "v:int64,k:int64,w:text", WH_REPLACE, "1|7|x;2|8|y");
    static const char *const orders[][4] = {{"k", "v", NULL}, {"w", "k", NULL}, {"k", NULL}};
    static const char *const expected[] = {"k:int64,v:int64= 7|1;8|2", "w:text,k:int64= x|7;y|8",
                                           "k:int64= 7;8"};
    for (size_t i = 0; i < WH_COUNT(orders); i++) {
        char *text = read_all("lake", orders[i]);
        assert_string_equal(text, expected[i]);
        free(text);
    }
    put_file("twice/k=1/x.csv", "k,v\n1,2\n");
    struct wh_config *config = config_of(true, "");
    struct wh_source *src = NULL;
    struct wh_stream *s = NULL;
    must(wh_connector_file.source->open(&src, "twice", config, &context, err));
    must_fail(
        wh_connector_file.source->open_stream(&s, src, &(struct wh_stream_request){.config = config}, err),
        WH_DATA, "column \"k\" is in the files and in the folder names");
    wh_connector_file.source->close(src);
    wh_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_visible_before_the_end, new_folder),
        cmocka_unit_test_setup(discarding_leaves_nothing, new_folder),
        cmocka_unit_test_setup(a_second_run_is_refused, new_folder),
        cmocka_unit_test_setup(compressed_by_suffix, new_folder),
        cmocka_unit_test_setup(a_resumed_file_is_the_same, new_folder),
        cmocka_unit_test_setup(staging_that_is_not_ours, new_folder),
        cmocka_unit_test_setup(files_rotate, new_folder),
        cmocka_unit_test_setup(many_files_are_not_all_open, new_folder),
        cmocka_unit_test_setup(only_our_own_files_are_replaced, new_folder),
        cmocka_unit_test_setup(appended_folders_keep_what_is_there, new_folder),
        cmocka_unit_test_setup(stale_staging_goes_away, new_folder),
        cmocka_unit_test_setup(text_files_can_be_appended_to, new_folder),
        cmocka_unit_test_setup(what_cannot_be_appended_to, new_folder),
        cmocka_unit_test_setup(odd_places, new_folder),
        cmocka_unit_test_setup(links_lead_to_the_file, new_folder),
        cmocka_unit_test_setup(plans, new_folder),
        cmocka_unit_test_setup(a_crash_while_publishing, new_folder),
        cmocka_unit_test_setup(sizes_survive_a_crash, new_folder),
        cmocka_unit_test_setup(hive_folders_come_back, new_folder),
        cmocka_unit_test_setup(folder_columns_in_any_order, new_folder),
    };
    return cmocka_run_group_tests_name("file/target", tests, enter_folder, leave_folder);
}
