/* format/parquet/table.c - Parquet as a file format: one table for both directions. */
#include "format/parquet/read.h"
#include "format/parquet/writer.h"

#include <string.h>

/* "PAR1" at the start; "PARE" when the footer is encrypted, which the reader refuses by name. */
static int sniff(struct wh_slice head)
{
    bool ours = head.len >= 4 && (memcmp(head.ptr, "PAR1", 4) == 0 || memcmp(head.ptr, "PARE", 4) == 0);
    return ours ? 100 : 0;
}

static const char *const suffixes[] = {".parquet", ".parq", ".pq", NULL};

const struct wh_format wh_format_parquet = {
    .name = "parquet",
    .suffixes = suffixes,
    .read_options = wh_parquet_read_options,
    .write_options = wh_parquet_write_options,
    .is_container = true,
    .sniff = sniff,
    .open_stream = wh_pq_open_stream,
    .encoder = &wh_pq_encoder_ops,
};
