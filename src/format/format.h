/* format/format.h - file formats: reading a set of files as a stream, encoding chunks into files.
 *
 * A format is one const table; connector/file/formats.c lists them. Reading gives a wh_stream whose chunks
 * lie in one file each (position has "file" and what the format needs). Writing is cut in two: parts are
 * encoded on any thread, and appended in order by the file destination, which owns names, renames, fsync. */
#pragma once
#include "format/input.h"

/* Encodes batches of one schema. */
struct wh_encoder {
    const struct wh_encoder_ops *ops;
    const struct wh_schema *schema; /* lent */
};
/* One chunk's rows, encoded. */
struct wh_part {
    const struct wh_encoder_ops *ops;
    struct wh_buffer bytes; /* after seal: what is to be appended to the file */
    struct wh_buffer meta;  /* after seal: what place() needs, without offsets */
    int64_t rows;
    struct wh_reject_sink *sink; /* lent; for rows that the format cannot hold */
};

struct wh_encoder_ops {
    /* budget is lent and outlives the encoder. Fails with WH_CONFIG when the schema has a type that the
     * format cannot hold. */
    enum wh_status (*open)(struct wh_encoder **out, const struct wh_schema *schema,
                           const struct wh_config *cfg, struct wh_context *ctx, struct wh_error *err);
    /* Appends what stands at the start of every file (magic, header line). Any thread. */
    enum wh_status (*begin_file)(struct wh_encoder *e, struct wh_buffer *out, struct wh_error *err);
    /* Any thread; a part is used by one thread at a time. */
    enum wh_status (*open_part)(struct wh_part **out, struct wh_encoder *e, struct wh_reject_sink *sink,
                                struct wh_error *err);
    enum wh_status (*write)(struct wh_part *p, const struct wh_batch *b, struct wh_error *err);
    enum wh_status (*seal)(struct wh_part *p, struct wh_error *err);
    /* Turns the sealed part's meta into the entry that the end of the file needs, now that its bytes
     * start at `offset` of the file; appended to out. Entries are kept by the caller, in order, also
     * across a restart. May be NULL: no entries. */
    enum wh_status (*place)(struct wh_part *p, uint64_t offset, struct wh_buffer *entry,
                            struct wh_error *err);
    /* Appends what ends a file (footer) of `rows` rows, given all entries in order and the file's length
     * so far. */
    enum wh_status (*end_file)(struct wh_encoder *e, const struct wh_buffer *entries, size_t n_entries,
                               uint64_t offset, int64_t rows, struct wh_buffer *out, struct wh_error *err);
    void (*close_part)(struct wh_part *p); /* takes p; NULL is fine */
    void (*close)(struct wh_encoder *e);   /* takes e; NULL is fine */
};

struct wh_format {
    const char *name;                     /* "csv" */
    const char *const *suffixes;          /* ".csv", ".tsv", NULL-ended; the first is used for new files */
    const struct wh_option *read_options; /* names start with the format's: "csv-delimiter" */
    const struct wh_option *write_options;
    bool is_container; /* compresses inside (parquet): compression around the file is refused */
    /* How sure the format is that the first bytes of a file (decompressed, up to 64 KiB) are its own:
     * 0 no, 100 certain. */
    int (*sniff)(struct wh_slice head);
    /* Opens all files as one stream: the schema is the union by name, chunks come in file order.
     * files is lent and outlives the stream. */
    enum wh_status (*open_stream)(struct wh_stream **out, const struct wh_file_set *files,
                                  const struct wh_stream_request *req, struct wh_context *ctx,
                                  struct wh_error *err);
    const struct wh_encoder_ops *encoder;
};

extern const struct wh_format wh_format_csv, wh_format_jsonl, wh_format_parquet;
/* The tables behind read_options and write_options, for the lists of the file connector. */
extern const struct wh_option wh_csv_read_options[], wh_csv_write_options[];
extern const struct wh_option wh_jsonl_read_options[], wh_jsonl_write_options[];
extern const struct wh_option wh_parquet_read_options[], wh_parquet_write_options[];
