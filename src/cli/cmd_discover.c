/* cli/cmd_discover.c - wherry discover. */
#include <stdio.h>

#include "base/mem.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "cli/source.h"
#include "cli/spec_args.h"
#include "cli/table.h"
#include "cli/units.h"
#include "engine/schema_json.h"

#define MAX_TYPE_WIDTH 100

/* ---- table ---- */

static void join(char *out, size_t size, char *const *names)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; names != NULL && names[i] != NULL && len < size; i++) {
        int n = snprintf(out + len, size - len, "%s%s", i > 0 ? ", " : "", names[i]);
        len += n > 0 ? (size_t)n : 0;
    }
}

static enum wh_status print_columns(const struct wh_stream_info *info, struct wh_error *err)
{
    struct wh_table t = {.n_columns = 4, .max_width = MAX_TYPE_WIDTH};
    enum wh_status s = WH_OK;
    for (size_t i = 0; s == WH_OK && i < info->schema.n_fields; i++) {
        const struct wh_field *f = &info->schema.fields[i];
        char type[1024];
        wh_type_format(f, type, sizeof type);
        const char *const cells[] = {"", f->name, type, f->nullable ? "" : "not null"};
        for (size_t k = 0; s == WH_OK && k < WH_COUNT(cells); k++)
            s = wh_table_add(&t, cells[k], err);
    }
    if (s == WH_OK)
        wh_table_print(&t, stdout);
    wh_table_release(&t);
    return s;
}

static enum wh_status print_stream(const struct wh_stream_info *info, struct wh_error *err)
{
    char rows[WH_UNITS_TEXT], bytes[WH_UNITS_TEXT], names[1024];
    wh_units_exact(rows, sizeof rows, info->rows);
    wh_units_bytes(bytes, sizeof bytes, info->bytes);
    wh_print_clean(stdout, info->name);
    printf(": %zu column%s", info->schema.n_fields, info->schema.n_fields == 1 ? "" : "s");
    if (info->rows >= 0)
        printf(", about %s row%s", rows, info->rows == 1 ? "" : "s");
    if (info->bytes >= 0)
        printf(", %s", bytes);
    putchar('\n');
    WH_TRY(print_columns(info, err));
    if (info->primary_key != NULL && info->primary_key[0] != NULL) {
        join(names, sizeof names, info->primary_key);
        fputs("  primary key: ", stdout);
        wh_print_clean(stdout, names);
        putchar('\n');
    }
    for (size_t i = 0; i < info->n_indexes; i++) {
        join(names, sizeof names, info->indexes[i].columns);
        printf("  %s ", info->indexes[i].unique ? "unique index" : "index");
        wh_print_clean(stdout, info->indexes[i].name);
        fputs(": ", stdout);
        wh_print_clean(stdout, names);
        putchar('\n');
    }
    return WH_OK;
}

static enum wh_status print_table(const struct wh_stream_info *infos, size_t n, struct wh_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            putchar('\n');
        WH_TRY(print_stream(&infos[i], err));
    }
    if (n == 0)
        puts("no streams");
    return WH_OK;
}

/* ---- json ---- */

static json_t *names_json(char *const *names)
{
    json_t *a = json_array();
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        json_array_append_new(a, json_string(names[i]));
    return a;
}

static json_t *amount_json(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

static json_t *stream_json(const struct wh_stream_info *info)
{
    json_t *indexes = json_array();
    for (size_t i = 0; i < info->n_indexes; i++) {
        const struct wh_index *x = &info->indexes[i];
        json_array_append_new(indexes, json_pack("{s:s, s:o, s:b}", "name", x->name, "columns",
                                                 names_json(x->columns), "unique", (int)x->unique));
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "name", info->name, "rows", amount_json(info->rows),
                     "bytes", amount_json(info->bytes), "columns", wh_schema_to_json(&info->schema),
                     "primary_key", names_json(info->primary_key), "indexes", indexes);
}

static enum wh_status print_json(const struct wh_stream_info *infos, size_t n, struct wh_error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, stream_json(&infos[i]));
    char *text = json_array_size(list) == n ? json_dumps(list, JSON_INDENT(2)) : NULL;
    json_decref(list);
    if (text == NULL)
        return wh_nomem(err);
    puts(text);
    free(text);
    return WH_OK;
}

/* ---- command ---- */

static enum wh_status discover(const struct wh_args *args, const struct wh_job_spec *spec,
                               struct wh_error *err)
{
    struct wh_ends e = {0};
    struct wh_stream_info *infos = NULL;
    size_t n = 0;
    enum wh_status s = wh_source_open(&e, spec, err);
    if (s == WH_OK) {
        s = wh_source_streams(&e, &infos, &n, err);
        if (s != WH_OK) {
            infos = NULL;
            n = 0;
            wh_wrap(err, "source \"%s\"", spec->source);
        }
    }
    if (s == WH_OK)
        s = (strcmp(wh_args_text(args, "output"), "json") == 0 ? print_json : print_table)(infos, n, err);
    wh_stream_infos_free(infos, n);
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
    } else if (discover(args, &s.spec, &err) != WH_OK) {
        wh_print_error(&err);
        code = wh_exit_of(&err, WH_SIDE_SOURCE);
    }
    wh_args_spec_release(&s);
    return code;
}

static const struct wh_flag flags[] = {
    {.name = "output",
     .letter = 'o',
     .kind = WH_FLAG_ENUM,
     .value = "table|json",
     .fallback = "table",
     .help = "Form of the output"},
    {0},
};

const struct wh_command wh_command_discover = {
    .name = "discover",
    .usage = "URI",
    .summary = "List the streams of a source with columns, types, keys and indexes",
    .examples = "wherry discover orders.csv\n"
                "wherry discover sqlite:///shop.db\n"
                "wherry discover 'sqlite:///shop.db#order*' -o json",
    .min_args = 1,
    .max_args = 1,
    .takes_connector_options = true,
    .flags = flags,
    .run = run,
};
