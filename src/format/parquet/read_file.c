/* format/parquet/read_file.c - opening a file and checking its footer; see read_file.h.
 *
 *   offset 0                 "PAR1"
 *   ...                      pages
 *   size - 8 - n             FileMetaData, n bytes of compact Thrift
 *   size - 8                 n as 4 bytes
 *   size - 4                 "PAR1", or "PARE": the footer is encrypted
 *
 * The footer is outside data: every number in it is held against the file before it is used. */
#include "format/parquet/read_file.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/thrift_read.h"

#define MAGIC_BYTES 4
#define TAIL_BYTES 8
#define MIN_FILE_BYTES (MAGIC_BYTES + TAIL_BYTES)

/* A constant column takes next to nothing, so that honest row groups may have far more rows than bytes;
 * these bounds only stop files that would keep us busy for ever. */
#define FREE_ROWS (INT64_C(1) << 27)
#define ROWS_PER_BYTE 1000

uint64_t wh_pq_chunk_start(const struct wh_pq_chunk *c)
{
    bool has_dictionary = c->dictionary_page_offset > 0 && c->dictionary_page_offset < c->data_page_offset;
    return (uint64_t)(has_dictionary ? c->dictionary_page_offset : c->data_page_offset);
}

uint64_t wh_pq_group_bytes(const struct wh_pq_row_group *g, size_t first, size_t n)
{
    uint64_t bytes = 0;
    for (size_t i = first; i < first + n; i++)
        bytes += (uint64_t)WH_MAX(g->chunks[i].total_compressed_bytes, 0);
    return bytes;
}

/* ---- opening ------------------------------------------------------------------------------------ */

static enum wh_status refuse_encrypted(struct wh_error *err)
{
    wh_fail(err, WH_CONFIG, "it is encrypted");
    return wh_hint(err, "write it again without encryption, with the program that has its keys");
}

static enum wh_status read_tail(struct wh_pq_file *file, uint64_t size, uint32_t *footer_bytes,
                                struct wh_error *err)
{
    uint8_t head[MAGIC_BYTES], tail[TAIL_BYTES];
    if (size < MIN_FILE_BYTES)
        return wh_fail(err, WH_DATA, "it is too short for a Parquet file");
    WH_TRY(wh_file_pread(file->fd, file->path, head, sizeof head, 0, err));
    WH_TRY(wh_file_pread(file->fd, file->path, tail, sizeof tail, size - sizeof tail, err));
    if (memcmp(tail + 4, "PARE", 4) == 0)
        return refuse_encrypted(err);
    if (memcmp(tail + 4, "PAR1", 4) != 0 || memcmp(head, "PAR1", 4) != 0)
        return wh_fail(err, WH_DATA, "it is no Parquet file, or cut off");
    *footer_bytes = wh_get_le32(tail);
    if (*footer_bytes > size - MIN_FILE_BYTES)
        return wh_fail(err, WH_DATA, "the footer claims %" PRIu32 " bytes, more than the file has",
                       *footer_bytes);
    file->data_end = size - TAIL_BYTES - *footer_bytes;
    return WH_OK;
}

/* The structs of the footer draw from the budget as its bytes do. */
static enum wh_status read_footer(struct wh_pq_file *file, uint64_t size, struct wh_error *err)
{
    uint32_t n = 0;
    WH_TRY(read_tail(file, size, &n, err));
    file->meta.footer.budget = file->budget;
    WH_TRY(wh_buffer_resize(&file->meta.footer, n, err));
    WH_TRY(wh_file_pread(file->fd, file->path, file->meta.footer.data, n, file->data_end, err));
    enum wh_status s = wh_pq_read_file_meta(&file->meta, err);
    if (s != WH_OK)
        return s;
    int64_t bytes = (int64_t)file->meta.arena.total_bytes;
    WH_TRY(wh_budget_take(file->budget, bytes, err));
    file->metadata_bytes = bytes;
    return WH_OK;
}

/* Old writers leave the file's number of rows at 0. */
static enum wh_status check_rows(struct wh_pq_file *file, struct wh_error *err)
{
    int64_t rows = 0;
    for (size_t i = 0; i < file->meta.n_groups; i++) {
        const struct wh_pq_row_group *g = &file->meta.groups[i];
        if (g->n_chunks != file->tree.n_leaves)
            return wh_fail(err, WH_DATA, "row group %zu has %zu columns, the schema has %zu", i, g->n_chunks,
                           file->tree.n_leaves);
        if (g->rows < 0 || !wh_add(rows, g->rows, &rows))
            return wh_fail(err, WH_DATA, "row group %zu has an impossible number of rows", i);
    }
    if (file->meta.rows != 0 && rows != file->meta.rows)
        return wh_fail(err, WH_DATA, "the footer says %" PRId64 " rows, its row groups have %" PRId64,
                       file->meta.rows, rows);
    file->meta.rows = rows;
    return WH_OK;
}

static enum wh_status open_file(struct wh_pq_file *file, const struct wh_file *f, struct wh_error *err)
{
    WH_TRY(wh_file_open(&file->fd, f->path, err));
    WH_TRY(read_footer(file, f->size, err));
    WH_TRY(wh_pq_tree_read(&file->tree, file->meta.elements, file->meta.n_elements, err));
    return check_rows(file, err);
}

enum wh_status wh_pq_file_open(struct wh_pq_file **out, const struct wh_file *f, struct wh_budget *budget,
                               struct wh_error *err)
{
    if (f->is_pipe) {
        wh_fail(err, WH_CONFIG, "could not read \"%s\": Parquet needs a file, this is a pipe", f->path);
        return wh_hint(err, "write it to a file first");
    }
    if (f->compression != WH_PLAIN) {
        wh_fail(err, WH_CONFIG, "could not read \"%s\": it is compressed with %s as a whole", f->path,
                wh_compression_name(f->compression));
        return wh_hint(err, "decompress it first: Parquet compresses inside");
    }
    struct wh_pq_file *file = wh_alloc(sizeof *file);
    if (file == NULL)
        return wh_nomem(err);
    file->fd = -1;
    file->path = f->path;
    file->budget = budget;
    enum wh_status s = open_file(file, f, err);
    if (s != WH_OK) {
        wh_pq_file_close(file);
        return wh_wrap(err, "could not read \"%s\"", f->path);
    }
    *out = file;
    return WH_OK;
}

void wh_pq_file_close(struct wh_pq_file *file)
{
    if (file == NULL)
        return;
    struct wh_error ignored;
    (void)wh_budget_take(file->budget, -file->metadata_bytes, &ignored);
    wh_pq_tree_release(&file->tree);
    wh_pq_file_meta_release(&file->meta);
    if (file->fd >= 0)
        close(file->fd);
    free(file);
}

/* ---- row groups --------------------------------------------------------------------------------- */

static enum wh_status check_place(const struct wh_pq_file *file, const struct wh_pq_chunk *c,
                                  struct wh_error *err)
{
    uint64_t start = wh_pq_chunk_start(c);
    if (c->data_page_offset < MAGIC_BYTES || c->total_compressed_bytes < 0 || start > file->data_end ||
        (uint64_t)c->total_compressed_bytes > file->data_end - start)
        return wh_fail(err, WH_DATA, "its %" PRId64 " bytes at %" PRId64 " are not within the file",
                       c->total_compressed_bytes, (int64_t)start);
    return WH_OK;
}

static enum wh_status check_chunk(const struct wh_pq_file *file, const struct wh_pq_row_group *g,
                                  size_t column, struct wh_error *err)
{
    const struct wh_pq_chunk *c = &g->chunks[column];
    const struct wh_pq_node *leaf = file->tree.leaves[column];
    if (c->is_encrypted || !c->has_meta)
        return refuse_encrypted(err);
    if (c->file_path.len > 0)
        return wh_fail(err, WH_DATA, "its values lie in another file, which is not supported");
    if (c->type != leaf->type)
        return wh_fail(err, WH_DATA, "it has type %d, the schema says %s", (int)c->type,
                       wh_pq_type_name(leaf->type));
    if (c->n_values < g->rows || (leaf->max_rep == 0 && c->n_values != g->rows))
        return wh_fail(err, WH_DATA, "it has %" PRId64 " values for %" PRId64 " rows", c->n_values, g->rows);
    if (g->rows == 0)
        return WH_OK;
    if (g->rows > FREE_ROWS && (g->rows - FREE_ROWS) / ROWS_PER_BYTE > c->total_compressed_bytes)
        return wh_fail(err, WH_LIMIT, "it claims %" PRId64 " rows in %" PRId64 " bytes", g->rows,
                       c->total_compressed_bytes);
    return check_place(file, c, err);
}

enum wh_status wh_pq_file_check_group(const struct wh_pq_file *file, size_t group, size_t first, size_t n,
                                      struct wh_error *err)
{
    const struct wh_pq_row_group *g = &file->meta.groups[group];
    for (size_t i = first; i < first + n; i++)
        if (check_chunk(file, g, i, err) != WH_OK)
            return wh_wrap(err, "could not read \"%s\": row group %zu, column \"%s\"", file->path, group,
                           file->tree.leaves[i]->field->name);
    return WH_OK;
}
