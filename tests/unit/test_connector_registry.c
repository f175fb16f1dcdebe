/* URIs and bare paths, and the tables of the connectors. */
#include "connector/registry.h"

#include "support/test.h"

static void endpoints(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *connector, *location, *stream, *format, *options;
    } cases[] = {
        {"orders.csv", "file", "orders.csv", NULL, NULL, ""},
        {"-", "file", "-", NULL, NULL, ""},
        {"logs/a*.gz", "file", "logs/a*.gz", NULL, NULL, ""},
        {"100%.csv", "file", "100%.csv", NULL, NULL, ""}, /* a path is taken as it is */
        {"a#b?c=d.csv", "file", "a#b?c=d.csv", NULL, NULL, ""},
        {"a:b.csv", "file", "a:b.csv", NULL, NULL, ""},
        {"file:///abs/x.txt", "file", "/abs/x.txt", NULL, NULL, ""},
        {"csv://rel/x.txt", "file", "rel/x.txt", NULL, "csv", ""},
        {"parquet://lake/", "file", "lake/", NULL, "parquet", ""},
        {"csv://a.txt?csv-delimiter=;&csv-header=no", "file", "a.txt", NULL, "csv",
         "csv-delimiter=;csv-header=no"},
        {"csv://a%20b%3F.txt?csv-null=%2D%26", "file", "a b?.txt", NULL, "csv", "csv-null=-&"},
        {"csv://a.txt?&csv-header&", "file", "a.txt", NULL, "csv", "csv-header=true"},
        {"shop.db", "sqlite", "shop.db", NULL, NULL, ""},
        {"dir/shop.sqlite3#orders", "sqlite", "dir/shop.sqlite3", "orders", NULL, ""},
        {"shop.db?x=1#a%23b", "sqlite", "shop.db", "a#b", NULL, "x=1"},
        {"sqlite:///rel.db", "sqlite", "rel.db", NULL, NULL, ""},
        {"sqlite:////abs/x.db#t", "sqlite", "/abs/x.db", "t", NULL, ""},
        {"sqlite://rel.db", "sqlite", "rel.db", NULL, NULL, ""},
        {"sqlite:///any.name#query:SELECT%20*%20FROM%20t", "sqlite", "any.name", "query:SELECT * FROM t",
         NULL, ""},
        {"sqlite:///a.db#query:SELECT 1 AS \"?\"", "sqlite", "a.db", "query:SELECT 1 AS \"?\"", NULL, ""},
        {".db", "file", ".db", NULL, NULL, ""},
        {"\xf0\x9f\x98\x80.csv", "file", "\xf0\x9f\x98\x80.csv", NULL, NULL, ""},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_endpoint e = {0};
        char options[256] = "";
        must(wh_endpoint_parse(&e, cases[i].uri, err));
        assert_string_equal(e.connector->name, cases[i].connector);
        assert_string_equal(e.location, cases[i].location);
        if (cases[i].stream == NULL)
            assert_null(e.stream);
        else
            assert_string_equal(e.stream, cases[i].stream);
        if (cases[i].format == NULL)
            assert_null(e.format);
        else
            assert_string_equal(e.format, cases[i].format);
        for (size_t k = 0; e.options != NULL && e.options[k] != NULL; k += 2)
            snprintf(options + strlen(options), sizeof options - strlen(options), "%s=%s", e.options[k],
                     e.options[k + 1]);
        assert_string_equal(options, cases[i].options);
        wh_endpoint_release(&e);
    }
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *text, *hint;
    } cases[] = {
        {"", "empty source or destination", ""},
        {"sqlit:///a.db", "no connector for \"sqlit://\"", "did you mean sqlite://?"},
        {"postgres://h/d", "no connector for \"postgres://\"", "`wherry help connectors` lists the schemes"},
        {"://x", "no connector for \"://\"", "`wherry help connectors` lists the schemes"},
        {"csv://", "the URI names no file", ""},
        {"sqlite:///", "the URI names no file", ""},
        {"csv://a%2.csv", "invalid percent-encoding in \"a%2.csv\"", "write a percent sign as %25"},
        {"shop.db#%zz", "invalid percent-encoding in \"%zz\"", "write a percent sign as %25"},
        {"csv://a.csv?x=%", "invalid percent-encoding in \"%\"", "write a percent sign as %25"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_endpoint e = {0};
        struct wh_error why = {0};
        assert_int_equal(wh_endpoint_parse(&e, cases[i].uri, &why), WH_CONFIG);
        assert_string_equal(why.msg, cases[i].text);
        assert_string_equal(why.hint, cases[i].hint);
        assert_null(e.location);
    }
}

/* No byte string may break the parser. */
static void any_text(void **state)
{
    (void)state;
    static const char alphabet[] = "ab:/?#&=%2f.db";
    uint64_t random = 1;
    for (int i = 0; i < 200000; i++) {
        char uri[24];
        size_t n = 0;
        do {
            random = random * 6364136223846793005u + 1442695040888963407u;
            uri[n++] = alphabet[(random >> 33) % (sizeof alphabet - 1)];
        } while (n + 1 < sizeof uri && (random >> 59) != 0);
        uri[n] = '\0';
        struct wh_endpoint e = {0};
        struct wh_error why = {0};
        if (wh_endpoint_parse(&e, uri, &why) == WH_OK)
            assert_true(e.location[0] != '\0' && e.connector != NULL);
        else
            assert_true(why.msg[0] != '\0');
        wh_endpoint_release(&e);
    }
}

static void check_options(const struct wh_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        assert_int_equal(strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(o->name));
        assert_true(o->help != NULL && o->help[0] != '\0');
        assert_true(o->help[strlen(o->help) - 1] != '.');
        assert_true(o->type != WH_OPT_ENUM || o->values != NULL);
    }
}

static void tables_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; wh_connectors[i] != NULL; i++) {
        const struct wh_connector *c = wh_connectors[i];
        assert_int_equal(c->abi, WH_CONNECTOR_ABI);
        assert_ptr_equal(wh_connector_find(c->name), c);
        assert_non_null(c->schemes[0]);
        assert_true(c->source != NULL || c->destination != NULL);
        check_options(c->options);
        for (size_t k = 0; c->source_options != NULL && c->source_options[k] != NULL; k++)
            check_options(c->source_options[k]);
        for (size_t k = 0; c->destination_options != NULL && c->destination_options[k] != NULL; k++)
            check_options(c->destination_options[k]);
        for (const char *const *s = c->schemes; *s != NULL; s++) {
            char uri[64];
            struct wh_endpoint e = {0};
            snprintf(uri, sizeof uri, "%s:///x", *s);
            must(wh_endpoint_parse(&e, uri, err));
            assert_ptr_equal(e.connector, c);
            wh_endpoint_release(&e);
        }
    }
    assert_null(wh_connector_find("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(any_text),
        cmocka_unit_test(tables_are_whole),
    };
    return cmocka_run_group_tests_name("connector/registry", tests, NULL, NULL);
}
