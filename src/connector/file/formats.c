/* connector/file/formats.c - the list of file formats and how one is found. */
#include "connector/file/formats.h"

#include "base/mem.h"

const struct wh_format *const wh_formats[] = {&wh_format_csv, &wh_format_jsonl, &wh_format_parquet, NULL};

static const struct {
    const char *alias, *name;
} aliases[] = {{"tsv", "csv"}, {"json", "jsonl"}, {"ndjson", "jsonl"}, {"pq", "parquet"}};

static const char *const compression_suffixes[] = {".gz", ".gzip", ".zst", ".zstd", ".lz4", ".bz2", ".xz"};

const struct wh_format *wh_format_find(const char *name)
{
    for (size_t i = 0; i < WH_COUNT(aliases); i++)
        if (strcmp(aliases[i].alias, name) == 0)
            name = aliases[i].name;
    for (size_t i = 0; wh_formats[i] != NULL; i++)
        if (strcmp(wh_formats[i]->name, name) == 0)
            return wh_formats[i];
    return NULL;
}

static bool ends_with(struct wh_slice s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.len > n && strncasecmp(s.ptr + s.len - n, suffix, n) == 0;
}

const struct wh_format *wh_format_of_path(const char *path)
{
    struct wh_slice s = wh_slice_of(path);
    for (size_t i = 0; i < WH_COUNT(compression_suffixes); i++)
        if (ends_with(s, compression_suffixes[i])) {
            s.len -= strlen(compression_suffixes[i]);
            break;
        }
    for (size_t i = 0; wh_formats[i] != NULL; i++)
        for (const char *const *suffix = wh_formats[i]->suffixes; *suffix != NULL; suffix++)
            if (ends_with(s, *suffix))
                return wh_formats[i];
    return NULL;
}
