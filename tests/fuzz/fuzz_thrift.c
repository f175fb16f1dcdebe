/* fuzz_thrift.c - the footer of a Parquet file, its schema, and page headers, from any bytes. */
#include "base/mem.h"
#include "format/parquet/schema.h"
#include "format/parquet/thrift_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wh_error err;
    struct wh_pq_file_meta meta = {0};
    struct wh_pq_tree tree;
    struct wh_pq_page_header header;
    size_t used;
    if (wh_buffer_append(&meta.footer, data, size, &err) == WH_OK &&
        wh_pq_read_file_meta(&meta, &err) == WH_OK &&
        wh_pq_tree_read(&tree, meta.elements, meta.n_elements, &err) == WH_OK)
        wh_pq_tree_release(&tree);
    wh_pq_file_meta_release(&meta);
    (void)wh_pq_read_page_header(&header, wh_slice((const char *)data, size), &used, &err);
    return 0;
}
