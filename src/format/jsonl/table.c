/* format/jsonl/table.c - JSON lines as a file format: one table for both directions. */
#include "format/jsonl/jsonl_int.h"

static const char *const suffixes[] = {".jsonl", ".ndjson", ".json", NULL};

const struct wh_option wh_jsonl_read_options[] = {
    {.name = "jsonl-nested",
     .type = WH_OPT_ENUM,
     .fallback = "auto",
     .values = "auto|json",
     .help = "objects and arrays inside records as structs and lists, or as JSON text"},
    {.name = "jsonl-dates",
     .type = WH_OPT_ENUM,
     .fallback = "auto",
     .values = "auto|text",
     .help =
         "strings that are all dates, times, timestamps or uuids of one form get that type, or stay text"},
    {.name = "jsonl-max-record",
     .type = WH_OPT_SIZE,
     .fallback = "64MiB",
     .help = "longest record in bytes; longer ones are rejected"},
    {.name = NULL},
};

const struct wh_option wh_jsonl_write_options[] = {
    {.name = "jsonl-nulls",
     .type = WH_OPT_ENUM,
     .fallback = "write",
     .values = "write|omit",
     .help = "nulls as null, or as a missing key"},
    {.name = "jsonl-nonfinite",
     .type = WH_OPT_ENUM,
     .fallback = "reject",
     .values = "reject|null|string",
     .help =
         "NaN and infinities, which JSON has no numbers for: reject the row, write null, or write a string"},
    {.name = NULL},
};

const struct wh_format wh_format_jsonl = {
    .name = "jsonl",
    .suffixes = suffixes,
    .read_options = wh_jsonl_read_options,
    .write_options = wh_jsonl_write_options,
    .sniff = wh_jsonl_sniff,
    .open_stream = wh_jsonl_open_stream,
    .encoder = &wh_jsonl_encoder_ops,
};
