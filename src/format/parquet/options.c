/* format/parquet/options.c - settings for writing Parquet as a table, and their values. */
#include "format/parquet/options.h"

#include "base/mem.h"
#include "base/options.h"
#include "format/format.h"
#include "format/parquet/gather.h"

const struct wh_option wh_parquet_write_options[] = {
    {.name = "parquet-compression",
     .type = WH_OPT_ENUM,
     .fallback = "zstd",
     .values = "zstd|snappy|gzip|lz4_raw|brotli|none",
     .help = "compression of pages in written Parquet files"},
    {.name = "parquet-level",
     .type = WH_OPT_INT,
     .help = "level of the compression: zstd -7 to 22, gzip 1 to 9, brotli 0 to 11; without it a fast one"},
    {.name = "parquet-row-group-rows",
     .type = WH_OPT_INT,
     .fallback = "1048576",
     .help = "most rows of a row group"},
    {.name = "parquet-row-group-bytes",
     .type = WH_OPT_SIZE,
     .fallback = "128MiB",
     .help = "compressed bytes at which a row group ends"},
    {.name = "parquet-page-bytes",
     .type = WH_OPT_SIZE,
     .fallback = "1MiB",
     .help = "most bytes of values in a page, before encoding; a larger value has a page of its own"},
    {.name = "parquet-dictionary",
     .type = WH_OPT_BOOL,
     .fallback = "true",
     .help = "whether repeated values may be stored once, in a dictionary"},
    {.name = "parquet-statistics",
     .type = WH_OPT_BOOL,
     .fallback = "true",
     .help = "whether least and greatest values of every row group are written"},
    {.name = "parquet-page-index",
     .type = WH_OPT_BOOL,
     .fallback = "true",
     .help = "whether least and greatest values of every page are written"},
    {.name = "parquet-bloom",
     .type = WH_OPT_LIST,
     .help = "columns that get a bloom filter, by name; members of structs as a.b"},
    {.name = "parquet-page-checksum",
     .type = WH_OPT_BOOL,
     .fallback = "true",
     .help = "whether pages carry a checksum"},
    {0},
};

static const struct {
    const char *name;
    int32_t codec;
} codecs[] = {
    {"zstd", WH_PQ_ZSTD},       {"snappy", WH_PQ_SNAPPY}, {"gzip", WH_PQ_GZIP},
    {"lz4_raw", WH_PQ_LZ4_RAW}, {"brotli", WH_PQ_BROTLI}, {"none", WH_PQ_UNCOMPRESSED},
};

#define PAGE_ROWS ((size_t)32768)
#define LEAST_PAGE_ROWS ((size_t)256)
#define OPEN_PAGES_BYTES ((size_t)12 << 20) /* of all columns together */
#define TEXT_BYTES 32                       /* what a value of unknown length is taken for */
#define MIN_PAGE_BYTES ((int64_t)1024)
#define MAX_PAGE_BYTES ((int64_t)256 << 20)

static enum wh_status read_level(struct wh_pq_write_options *o, const struct wh_config *cfg,
                                 const char *codec, struct wh_error *err)
{
    int lowest, highest, standard;
    o->level = WH_PQ_LEVEL_DEFAULT;
    if (!wh_config_is_set(cfg, "parquet-level"))
        return WH_OK;
    if (!wh_pq_codec_levels(o->codec, &lowest, &highest, &standard))
        return wh_fail(err, WH_CONFIG, "could not use option \"parquet-level\": %s has no levels", codec);
    int64_t level = wh_config_int(cfg, "parquet-level");
    if (level < lowest || level > highest)
        return wh_fail(err, WH_CONFIG, "could not use option \"parquet-level\": levels of %s are %d to %d",
                       codec, lowest, highest);
    o->level = (int)level;
    return WH_OK;
}

static size_t page_rows_of(const struct wh_pq_tree *tree)
{
    size_t row_bytes = 1;
    for (size_t i = 0; i < tree->n_leaves; i++) {
        size_t width = (size_t)wh_pq_stored_width(tree->leaves[i]);
        row_bytes += width > 0 ? width : TEXT_BYTES;
    }
    return WH_MIN(WH_MAX(OPEN_PAGES_BYTES / row_bytes, LEAST_PAGE_ROWS), PAGE_ROWS);
}

static enum wh_status read_page_bytes(struct wh_pq_write_options *o, const struct wh_config *cfg,
                                      const struct wh_pq_tree *tree, struct wh_error *err)
{
    int64_t bytes = wh_config_bytes(cfg, "parquet-page-bytes");
    if (bytes < MIN_PAGE_BYTES || bytes > MAX_PAGE_BYTES)
        return wh_fail(err, WH_CONFIG,
                       "could not use option \"parquet-page-bytes\": it must be 1 KiB to 256 MiB");
    o->page_bytes = (size_t)bytes;
    if (!wh_config_is_set(cfg, "parquet-page-bytes") && tree->n_leaves > 0)
        o->page_bytes =
            WH_MIN(o->page_bytes, WH_MAX(OPEN_PAGES_BYTES / tree->n_leaves, (size_t)MIN_PAGE_BYTES));
    return WH_OK;
}

enum wh_status wh_pq_options_read(struct wh_pq_write_options *out, const struct wh_config *cfg,
                                  const struct wh_pq_tree *tree, struct wh_error *err)
{
    const char *codec = wh_config_str(cfg, "parquet-compression");
    struct wh_pq_write_options o = {
        .group_rows = wh_config_int(cfg, "parquet-row-group-rows"),
        .group_bytes = wh_config_bytes(cfg, "parquet-row-group-bytes"),
        .page_rows = page_rows_of(tree),
        .dictionary = wh_config_bool(cfg, "parquet-dictionary"),
        .statistics = wh_config_bool(cfg, "parquet-statistics"),
        .page_index = wh_config_bool(cfg, "parquet-page-index"),
        .checksum = wh_config_bool(cfg, "parquet-page-checksum"),
    };
    for (size_t i = 0; i < WH_COUNT(codecs); i++) {
        if (strcmp(codecs[i].name, codec) == 0)
            o.codec = codecs[i].codec;
    }
    WH_TRY(read_level(&o, cfg, codec, err));
    if (o.group_rows < 1 || o.group_bytes < 1)
        return wh_fail(err, WH_CONFIG, "could not use option \"parquet-row-group-%s\": it must be at least 1",
                       o.group_rows < 1 ? "rows" : "bytes");
    WH_TRY(read_page_bytes(&o, cfg, tree, err));
    *out = o;
    return WH_OK;
}

/* True when name is the column's path joined by points, or, of a list, the start of it. */
static bool is_named(const struct wh_pq_path *path, const char *name)
{
    for (size_t i = 0; i < path->n_parts; i++) {
        struct wh_slice part = path->parts[i];
        if (strncmp(name, part.ptr, part.len) != 0)
            return false;
        name += part.len;
        if (*name == '\0')
            return i + 1 == path->n_parts || wh_slice_eq(path->parts[i + 1], wh_slice_of("list"));
        if (*name++ != '.')
            return false;
    }
    return false;
}

static enum wh_status add_bloom(bool *wants, const char *name, const struct wh_pq_path *paths, size_t n,
                                struct wh_error *err)
{
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        if (is_named(&paths[i], name))
            found = wants[i] = true;
    }
    if (found)
        return WH_OK;
    wh_fail(err, WH_CONFIG, "could not use option \"parquet-bloom\": there is no column \"%s\"", name);
    return wh_hint(err, "name columns of plain types, members of structs as a.b");
}

enum wh_status wh_pq_options_bloom(bool *wants, const struct wh_config *cfg, const struct wh_pq_path *paths,
                                   size_t n, struct wh_error *err)
{
    char **names = NULL;
    enum wh_status s = wh_config_list(cfg, "parquet-bloom", &names, err);
    for (size_t i = 0; s == WH_OK && names != NULL && names[i] != NULL; i++)
        s = add_bloom(wants, names[i], paths, n, err);
    wh_strv_free(names);
    return s;
}
