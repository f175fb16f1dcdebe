/* connector/sqlite/connector.c - the table of the SQLite connector. */
#include "connector/sqlite.h"
#include "connector/sqlite/destination_int.h"
#include "connector/sqlite/source_int.h"

static const char *const schemes[] = {"sqlite", "sqlite3", NULL};

static const struct wh_option options[] = {
    {.name = "sqlite-busy-timeout",
     .type = WH_OPT_INT,
     .fallback = "5000",
     .help = "How long to wait for a database that another program has locked, in milliseconds"},
    {0},
};

static const struct wh_option destination_options[] = {
    {.name = "sqlite-create",
     .type = WH_OPT_ENUM,
     .fallback = "if-missing",
     .values = "if-missing|never",
     .help = "Whether a missing database or table is made"},
    {.name = "sqlite-nan",
     .type = WH_OPT_ENUM,
     .fallback = "reject",
     .values = "reject|null",
     .help =
         "What becomes of NaN, which SQLite does not have: its row is rejected, or it is written as NULL"},
    {0},
};
static const struct wh_option *const destination_tables[] = {destination_options, NULL};

const struct wh_connector wh_connector_sqlite = {
    .abi = WH_CONNECTOR_ABI,
    .name = "sqlite",
    .label = "beta",
    .help = "SQLite database files, through libsqlite3",
    .schemes = schemes,
    .options = options,
    .destination_options = destination_tables,
    .source = &wh_sqlite_source_ops,
    .destination = &wh_sqlite_destination_ops,
};
