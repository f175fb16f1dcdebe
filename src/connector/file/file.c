/* connector/file/file.c - the file connector's table and options. */
#include "connector/file.h"

#include "connector/file/file_int.h"

static const struct wh_option options[] = {
    {.name = "format",
     .type = WH_OPT_ENUM,
     .fallback = "auto",
     .values = "auto|csv|tsv|jsonl|ndjson|json|parquet",
     .help = "Format of the files; auto: by suffix, else by content"},
    {0},
};

static const struct wh_option write_options[] = {
    {.name = "compression",
     .type = WH_OPT_ENUM,
     .values = "none|gzip|zstd|lz4|bzip2|xz",
     .help = "Compression around csv and jsonl files; by default what the suffix says"},
    {.name = "compression-level",
     .type = WH_OPT_INT,
     .fallback = "0",
     .help = "Level of that compression; 0: the library's default"},
    {.name = "file-size",
     .type = WH_OPT_SIZE,
     .fallback = "512MiB",
     .help = "A file of a folder that has reached this size is ended and the next one begun"},
    {.name = "partition-by",
     .type = WH_OPT_STRING,
     .help = "Hive folders by columns: country,day(created); functions are year, month, day and hour"},
    {0},
};

static const struct wh_option *const source_tables[] = {wh_csv_read_options, wh_jsonl_read_options,
                                                        wh_parquet_read_options, NULL};
static const struct wh_option *const destination_tables[] = {
    write_options, wh_csv_write_options, wh_jsonl_write_options, wh_parquet_write_options, NULL};

static const char *const schemes[] = {"file", "csv", "tsv", "jsonl", "ndjson", "json", "parquet", NULL};

const struct wh_connector wh_connector_file = {
    .abi = WH_CONNECTOR_ABI,
    .name = "file",
    .label = "beta",
    .help = "Local files: csv, JSON lines, Parquet; single, patterns, folders, Hive folders, pipes",
    .schemes = schemes,
    .options = options,
    .source_options = source_tables,
    .destination_options = destination_tables,
    .source = &wh_file_source_ops,
    .destination = &wh_file_destination_ops,
};
