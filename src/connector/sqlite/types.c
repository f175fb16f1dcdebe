/* connector/sqlite/types.c - declared types of SQLite columns against ours; see types.h. */
#include "connector/sqlite/types.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/mem.h"
#include "batch/schema.h"

enum { EXACT_DIGITS = 15 }; /* decimal digits that every double keeps (IEEE 754 binary64) */

/* ---- affinity --------------------------------------------------------------------------------- */

enum wh_sqlite_affinity wh_sqlite_affinity_of(const char *declared, bool strict)
{
    /* "Determination Of Column Affinity": the first rule whose word is in the type. */
    static const struct {
        const char *word;
        enum wh_sqlite_affinity affinity;
    } rules[] = {
        {"INT", WH_AFF_INTEGER}, {"CHAR", WH_AFF_TEXT}, {"CLOB", WH_AFF_TEXT}, {"TEXT", WH_AFF_TEXT},
        {"BLOB", WH_AFF_BLOB},   {"REAL", WH_AFF_REAL}, {"FLOA", WH_AFF_REAL}, {"DOUB", WH_AFF_REAL},
    };
    if (declared == NULL || declared[0] == '\0' || (strict && strcasecmp(declared, "ANY") == 0))
        return WH_AFF_BLOB;
    for (size_t i = 0; i < WH_COUNT(rules); i++)
        if (strcasestr(declared, rules[i].word) != NULL)
            return rules[i].affinity;
    return WH_AFF_NUMERIC;
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* What the columns of a declared type hold, as long as their values agree. */
enum family { PLAIN, DECIMAL, DATE, TIME, TIMESTAMP, TIMESTAMPTZ };
static const struct known_type {
    const char *name; /* upper case, without what stands in brackets */
    enum family family;
    enum wh_type type;
} known_types[] = {
    {"INTEGER", PLAIN, WH_INT64},
    {"INT", PLAIN, WH_INT64},
    {"BIGINT", PLAIN, WH_INT64},
    {"INT8", PLAIN, WH_INT64},
    {"INT64", PLAIN, WH_INT64},
    {"BIG INT", PLAIN, WH_INT64},
    {"SERIAL", PLAIN, WH_INT64},
    {"MEDIUMINT", PLAIN, WH_INT32},
    {"INT4", PLAIN, WH_INT32},
    {"INT32", PLAIN, WH_INT32},
    {"SMALLINT", PLAIN, WH_INT16},
    {"INT2", PLAIN, WH_INT16},
    {"INT16", PLAIN, WH_INT16},
    {"TINYINT", PLAIN, WH_INT8},
    {"TINYINT UNSIGNED", PLAIN, WH_UINT8},
    {"SMALLINT UNSIGNED", PLAIN, WH_UINT16},
    {"INT UNSIGNED", PLAIN, WH_UINT32},
    {"UNSIGNED_TEXT", PLAIN, WH_UINT64},
    {"BOOLEAN", PLAIN, WH_BOOL},
    {"BOOL", PLAIN, WH_BOOL},
    {"REAL", PLAIN, WH_FLOAT64},
    {"DOUBLE", PLAIN, WH_FLOAT64},
    {"DOUBLE PRECISION", PLAIN, WH_FLOAT64},
    {"FLOAT", PLAIN, WH_FLOAT64},
    {"FLOAT8", PLAIN, WH_FLOAT64},
    {"FLOAT4", PLAIN, WH_FLOAT32},
    {"DECIMAL", DECIMAL, WH_DECIMAL},
    {"NUMERIC", DECIMAL, WH_DECIMAL},
    {"DECIMAL_TEXT", DECIMAL, WH_DECIMAL},
    {"TEXT", PLAIN, WH_UTF8},
    {"CLOB", PLAIN, WH_UTF8},
    {"CHAR", PLAIN, WH_UTF8},
    {"CHARACTER", PLAIN, WH_UTF8},
    {"VARCHAR", PLAIN, WH_UTF8},
    {"VARYING CHARACTER", PLAIN, WH_UTF8},
    {"CHARACTER VARYING", PLAIN, WH_UTF8},
    {"NCHAR", PLAIN, WH_UTF8},
    {"NVARCHAR", PLAIN, WH_UTF8},
    {"NATIVE CHARACTER", PLAIN, WH_UTF8},
    {"STRING", PLAIN, WH_UTF8},
    {"BLOB", PLAIN, WH_BINARY},
    {"BINARY", PLAIN, WH_BINARY},
    {"VARBINARY", PLAIN, WH_BINARY},
    {"JSON", PLAIN, WH_JSON},
    {"JSON_TEXT", PLAIN, WH_JSON},
    {"UUID", PLAIN, WH_UUID},
    {"GUID", PLAIN, WH_UUID},
    {"UNIQUEIDENTIFIER", PLAIN, WH_UUID},
    {"DATE", DATE, WH_DATE32},
    {"TIME", TIME, WH_TIME64},
    {"DATETIME", TIMESTAMP, WH_TIMESTAMP},
    {"TIMESTAMP", TIMESTAMP, WH_TIMESTAMP},
    {"TIMESTAMPTZ", TIMESTAMPTZ, WH_TIMESTAMP},
    {"TIMESTAMP WITH TIME ZONE", TIMESTAMPTZ, WH_TIMESTAMP},
    {"DURATION_TEXT", PLAIN, WH_INTERVAL},
};

/* A declared type taken apart: "DECIMAL( 10, 2 )" is the name DECIMAL with 2 arguments. */
struct declared {
    char name[40];
    long args[2];
    int n_args;
};

static void add_name_char(struct declared *d, char c)
{
    size_t len = strlen(d->name);
    bool is_space = isspace((unsigned char)c) != 0;
    if ((is_space && (len == 0 || d->name[len - 1] == ' ')) || len + 1 >= sizeof d->name)
        return;
    d->name[len] = is_space ? ' ' : (char)toupper((unsigned char)c);
}

static struct declared parse_declared(const char *text)
{
    struct declared d = {0};
    bool in_brackets = false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '(') {
            in_brackets = true;
        } else if (*p == ')') {
            in_brackets = false;
        } else if (!in_brackets) {
            add_name_char(&d, *p);
        } else if (isdigit((unsigned char)*p)) {
            char *end;
            long value = strtol(p, &end, 10);
            if (d.n_args < 2)
                d.args[d.n_args++] = value;
            p = end - 1;
        }
    }
    size_t len = strlen(d.name);
    if (len > 0 && d.name[len - 1] == ' ')
        d.name[len - 1] = '\0';
    return d;
}

static const struct known_type *find_known(const struct declared *d)
{
    for (size_t i = 0; i < WH_COUNT(known_types); i++)
        if (strcmp(known_types[i].name, d->name) == 0)
            return &known_types[i];
    return NULL;
}

struct candidate_list {
    struct wh_sqlite_candidate *at;
    size_t n;
};

static void add(struct candidate_list *list, struct wh_sqlite_candidate c)
{
    list->at[list->n++] = c;
}

static void add_time(struct candidate_list *list, enum wh_type type, enum wh_time_unit unit, bool zoned)
{
    add(list, (struct wh_sqlite_candidate){.type = type, .unit = unit, .zoned = zoned});
}

static enum wh_time_unit unit_of(const struct declared *d)
{
    if (d->n_args == 0)
        return WH_MICRO;
    return d->args[0] == 0 ? WH_SECOND : d->args[0] <= 3 ? WH_MILLI : d->args[0] <= 6 ? WH_MICRO : WH_NANO;
}

/* Local and zoned timestamps, the family's own first, then both with nanoseconds. */
static void add_timestamps(struct candidate_list *list, enum wh_time_unit unit, bool zoned)
{
    add_time(list, WH_TIMESTAMP, unit, zoned);
    if (unit < WH_MICRO)
        add_time(list, WH_TIMESTAMP, WH_MICRO, zoned);
    add_time(list, WH_TIMESTAMP, WH_MICRO, !zoned);
    if (unit != WH_NANO)
        add_time(list, WH_TIMESTAMP, WH_NANO, zoned);
    add_time(list, WH_TIMESTAMP, WH_NANO, !zoned);
}

static void add_known(struct candidate_list *list, const struct known_type *known, const struct declared *d)
{
    switch (known->family) {
    case PLAIN:
        add(list, (struct wh_sqlite_candidate){.type = known->type, .native = true});
        break;
    case DECIMAL:
        if (d->n_args > 0 && d->args[0] >= 1 && d->args[0] <= WH_DECIMAL_MAX_DIGITS && d->args[1] >= 0 &&
            d->args[1] <= d->args[0])
            add(list, (struct wh_sqlite_candidate){
                          .type = WH_DECIMAL, .precision = (uint8_t)d->args[0], .scale = (int8_t)d->args[1]});
        break;
    case DATE:
        add(list, (struct wh_sqlite_candidate){.type = WH_DATE32});
        add_timestamps(list, WH_MICRO, false);
        break;
    case TIME:
        add_time(list, WH_TIME64, unit_of(d) == WH_NANO ? WH_NANO : WH_MICRO, false);
        if (unit_of(d) != WH_NANO)
            add_time(list, WH_TIME64, WH_NANO, false);
        break;
    case TIMESTAMP:
    case TIMESTAMPTZ:
        add_timestamps(list, unit_of(d), known->family == TIMESTAMPTZ);
        add(list, (struct wh_sqlite_candidate){.type = WH_DATE32});
        break;
    }
}

size_t wh_sqlite_candidates(struct wh_sqlite_candidate *out, const char *declared)
{
    struct candidate_list list = {.at = out};
    struct declared d = parse_declared(declared == NULL ? "" : declared);
    const struct known_type *known = find_known(&d);
    if (known != NULL)
        add_known(&list, known, &d);
    static const enum wh_type by_content[WH_SQLITE_BY_CONTENT] = {WH_INT64, WH_FLOAT64, WH_UTF8, WH_BINARY};
    for (size_t i = 0; i < WH_SQLITE_BY_CONTENT; i++)
        add(&list, (struct wh_sqlite_candidate){.type = by_content[i]});
    return list.n;
}

enum wh_status wh_sqlite_set_type(struct wh_field *field, const struct wh_sqlite_candidate *type,
                                  struct wh_error *err)
{
    char *zone = NULL;
    if (type->zoned)
        WH_TRY(wh_strdup(&zone, "UTC", err));
    free(field->zone);
    for (size_t i = 0; i < field->n_children; i++)
        wh_field_release(&field->children[i]);
    free(field->children);
    *field = (struct wh_field){.name = field->name,
                               .nullable = field->nullable,
                               .type = type->type,
                               .precision = type->precision,
                               .scale = type->scale,
                               .unit = type->unit,
                               .zone = zone};
    return WH_OK;
}

/* ---- writing ---------------------------------------------------------------------------------- */

void wh_sqlite_declare(const struct wh_field *field, char *buf, size_t size)
{
    /* DATE, TIME, TIMESTAMP and UUID have NUMERIC affinity, which leaves text alone that does not look like
     * a number. Names with _TEXT have TEXT affinity where other types' text could look like one. */
    static const char *const names[WH_TYPE_COUNT] = {
        [WH_NULL] = "TEXT",
        [WH_BOOL] = "BOOLEAN",
        [WH_INT8] = "TINYINT",
        [WH_INT16] = "SMALLINT",
        [WH_INT32] = "INT4",
        [WH_INT64] = "INTEGER",
        [WH_UINT8] = "TINYINT UNSIGNED",
        [WH_UINT16] = "SMALLINT UNSIGNED",
        [WH_UINT32] = "INT UNSIGNED",
        [WH_UINT64] = "UNSIGNED_TEXT",
        [WH_FLOAT32] = "FLOAT4",
        [WH_FLOAT64] = "REAL",
        [WH_UTF8] = "TEXT",
        [WH_JSON] = "JSON_TEXT",
        [WH_BINARY] = "BLOB",
        [WH_UUID] = "UUID",
        [WH_DATE32] = "DATE",
        [WH_TIME64] = "TIME",
        [WH_TIMESTAMP] = "TIMESTAMP",
        [WH_INTERVAL] = "DURATION_TEXT",
        [WH_LIST] = "JSON_TEXT",
        [WH_STRUCT] = "JSON_TEXT",
        [WH_MAP] = "JSON_TEXT",
    };
    static const char *const digits[] = {
        [WH_SECOND] = "(0)", [WH_MILLI] = "(3)", [WH_MICRO] = "", [WH_NANO] = "(9)"};
    if (field->type == WH_DECIMAL)
        snprintf(buf, size, "%s(%d,%d)", field->precision <= EXACT_DIGITS ? "DECIMAL" : "DECIMAL_TEXT",
                 field->precision, field->scale);
    else if (field->type == WH_TIMESTAMP || field->type == WH_TIME64)
        snprintf(buf, size, "%s%s%s", names[field->type], field->zone != NULL ? "TZ" : "",
                 digits[field->unit]);
    else
        snprintf(buf, size, "%s", names[field->type]);
}
