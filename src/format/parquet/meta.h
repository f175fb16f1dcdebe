/* format/parquet/meta.h - the metadata of a Parquet file as C structs.
 *
 * They mirror parquet.thrift of parquet-format 2.11 field by field, without what we neither read nor
 * write. Used by both directions: thrift_read.c fills them from bytes, thrift_write.c makes bytes of them.
 *
 * Ownership: text and binary values are slices; whoever fills a struct keeps the bytes behind them
 * alive. Arrays of a struct wh_pq_file_meta live in its arena and go with wh_pq_file_meta_release; the
 * reader puts the footer's bytes into its `footer`, so that slices point there.
 *
 * Numbers that come from an enumeration of the format but are not checked when a footer is read
 * (encodings, codecs, ...) are int32_t; the enumerations below are for comparing and writing. */
#pragma once
#include "wherry/batch.h"

enum wh_pq_type {
    WH_PQ_BOOLEAN,
    WH_PQ_INT32,
    WH_PQ_INT64,
    WH_PQ_INT96,
    WH_PQ_FLOAT,
    WH_PQ_DOUBLE,
    WH_PQ_BYTE_ARRAY,
    WH_PQ_FIXED, /* FIXED_LEN_BYTE_ARRAY */
};
#define WH_PQ_TYPE_COUNT (WH_PQ_FIXED + 1)

enum wh_pq_converted {
    WH_PQ_CONVERTED_NONE = -1,
    WH_PQ_UTF8 = 0,
    WH_PQ_MAP_GROUP = 1,
    WH_PQ_MAP_KEY_VALUE = 2,
    WH_PQ_LIST_GROUP = 3,
    WH_PQ_ENUM = 4,
    WH_PQ_DECIMAL = 5,
    WH_PQ_DATE = 6,
    WH_PQ_TIME_MILLIS = 7,
    WH_PQ_TIME_MICROS = 8,
    WH_PQ_TIMESTAMP_MILLIS = 9,
    WH_PQ_TIMESTAMP_MICROS = 10,
    WH_PQ_UINT_8 = 11,
    WH_PQ_UINT_16 = 12,
    WH_PQ_UINT_32 = 13,
    WH_PQ_UINT_64 = 14,
    WH_PQ_INT_8 = 15,
    WH_PQ_INT_16 = 16,
    WH_PQ_INT_32 = 17,
    WH_PQ_INT_64 = 18,
    WH_PQ_JSON = 19,
    WH_PQ_BSON = 20,
    WH_PQ_INTERVAL = 21,
};

enum wh_pq_repetition { WH_PQ_REQUIRED, WH_PQ_OPTIONAL, WH_PQ_REPEATED };

enum wh_pq_encoding {
    WH_PQ_PLAIN = 0,
    WH_PQ_PLAIN_DICTIONARY = 2,
    WH_PQ_RLE = 3,
    WH_PQ_BIT_PACKED = 4,
    WH_PQ_DELTA_BINARY_PACKED = 5,
    WH_PQ_DELTA_LENGTH_BYTE_ARRAY = 6,
    WH_PQ_DELTA_BYTE_ARRAY = 7,
    WH_PQ_RLE_DICTIONARY = 8,
    WH_PQ_BYTE_STREAM_SPLIT = 9,
};
#define WH_PQ_ENCODING_COUNT (WH_PQ_BYTE_STREAM_SPLIT + 1)

enum wh_pq_codec {
    WH_PQ_UNCOMPRESSED = 0,
    WH_PQ_SNAPPY = 1,
    WH_PQ_GZIP = 2,
    WH_PQ_LZO = 3,
    WH_PQ_BROTLI = 4,
    WH_PQ_LZ4 = 5, /* deprecated: frames of Hadoop, or plain blocks, or LZ4 frames */
    WH_PQ_ZSTD = 6,
    WH_PQ_LZ4_RAW = 7,
};

enum wh_pq_page_type { WH_PQ_DATA_PAGE, WH_PQ_INDEX_PAGE, WH_PQ_DICTIONARY_PAGE, WH_PQ_DATA_PAGE_V2 };

/* Number of the member of the union LogicalType. */
enum wh_pq_logical_id {
    WH_PQ_LOGICAL_NONE = 0,
    WH_PQ_LOGICAL_STRING = 1,
    WH_PQ_LOGICAL_MAP = 2,
    WH_PQ_LOGICAL_LIST = 3,
    WH_PQ_LOGICAL_ENUM = 4,
    WH_PQ_LOGICAL_DECIMAL = 5,
    WH_PQ_LOGICAL_DATE = 6,
    WH_PQ_LOGICAL_TIME = 7,
    WH_PQ_LOGICAL_TIMESTAMP = 8,
    WH_PQ_LOGICAL_INTEGER = 10,
    WH_PQ_LOGICAL_UNKNOWN = 11, /* always null */
    WH_PQ_LOGICAL_JSON = 12,
    WH_PQ_LOGICAL_BSON = 13,
    WH_PQ_LOGICAL_UUID = 14,
    WH_PQ_LOGICAL_FLOAT16 = 15,
    WH_PQ_LOGICAL_VARIANT = 16,
    WH_PQ_LOGICAL_GEOMETRY = 17,
    WH_PQ_LOGICAL_GEOGRAPHY = 18,
};

struct wh_pq_logical {
    int32_t id;               /* enum wh_pq_logical_id; unknown members of the union are kept as they are */
    int32_t precision, scale; /* DECIMAL */
    bool utc;                 /* TIME, TIMESTAMP: isAdjustedToUTC */
    enum wh_time_unit unit;   /* TIME, TIMESTAMP */
    int32_t bits;             /* INTEGER: 8, 16, 32, 64 */
    bool is_signed;           /* INTEGER */
};

/* One node of the schema in depth-first order; element 0 is the root. */
struct wh_pq_element {
    struct wh_slice name;
    bool is_leaf;       /* type is set */
    int32_t type;       /* enum wh_pq_type */
    int32_t length;     /* type_length; bytes of FIXED, else 0 */
    int32_t repetition; /* enum wh_pq_repetition; the root's means nothing */
    int32_t n_children; /* 0 for leaves */
    int32_t converted;  /* enum wh_pq_converted */
    int32_t precision, scale;
    int32_t field_id; /* -1: none */
    struct wh_pq_logical logical;
};

/* Which members of wh_pq_statistics are set. */
enum wh_pq_statistics_flags {
    WH_PQ_HAS_MIN = 1,
    WH_PQ_HAS_MAX = 2,
    WH_PQ_HAS_OLD_MIN = 4,
    WH_PQ_HAS_OLD_MAX = 8,
    WH_PQ_HAS_NULL_COUNT = 16,
    WH_PQ_HAS_NAN_COUNT = 32,
};
/* Values in PLAIN encoding, byte arrays without length. */
struct wh_pq_statistics {
    unsigned has;                     /* enum wh_pq_statistics_flags */
    struct wh_slice min, max;         /* min_value, max_value: by the column's order */
    struct wh_slice old_min, old_max; /* deprecated: signed comparison, of old writers */
    bool min_exact, max_exact;
    int64_t null_count;
    int64_t nan_count;
};

struct wh_pq_encoding_stats {
    int32_t page_type; /* enum wh_pq_page_type */
    int32_t encoding;  /* enum wh_pq_encoding */
    int32_t count;
};

/* ColumnChunk and its ColumnMetaData in one. */
struct wh_pq_chunk {
    struct wh_slice file_path; /* set: the data lie in another file */
    bool has_meta;             /* meta_data was there; without it nothing below up to the indexes is set */
    bool is_encrypted;         /* crypto_metadata or encrypted_column_metadata was there */
    int32_t type;              /* enum wh_pq_type */
    int32_t codec;             /* enum wh_pq_codec */
    int32_t *encodings;
    size_t n_encodings;
    struct wh_slice *path; /* path_in_schema */
    size_t n_path;
    int64_t n_values;                                         /* with nulls and empty lists */
    int64_t total_uncompressed_bytes, total_compressed_bytes; /* pages with their headers */
    int64_t data_page_offset;
    int64_t dictionary_page_offset; /* -1: none (0 stands for none in files of some writers) */
    int64_t index_page_offset;      /* -1: none */
    struct wh_pq_statistics statistics;
    struct wh_pq_encoding_stats *encoding_stats;
    size_t n_encoding_stats;
    int64_t bloom_offset;                             /* -1: none */
    int32_t bloom_bytes;                              /* -1: unknown */
    int64_t unencoded_bytes;                          /* size_statistics of BYTE_ARRAY; -1: none */
    int64_t offset_index_offset, column_index_offset; /* -1: none */
    int32_t offset_index_bytes, column_index_bytes;
};

struct wh_pq_sorting {
    int32_t column;
    bool descending, nulls_first;
};

struct wh_pq_row_group {
    struct wh_pq_chunk *chunks; /* one a leaf, in schema order */
    size_t n_chunks;
    int64_t total_bytes; /* uncompressed */
    int64_t rows;
    int64_t file_offset;            /* -1: none */
    int64_t total_compressed_bytes; /* -1: none */
    struct wh_pq_sorting *sorting;
    size_t n_sorting;
};

struct wh_pq_key_value {
    struct wh_slice key, value;
};

struct wh_pq_arena_block;
/* Memory with one lifetime, in blocks; an all-zero struct is empty. Bounded by limit_bytes. */
struct wh_pq_arena {
    struct wh_pq_arena_block *blocks; /* owned */
    size_t used, capacity;            /* of the newest block */
    size_t total_bytes;
    size_t limit_bytes; /* 0: none */
};
/* Zeroed memory for n objects, aligned to 16; NULL is never stored on failure. Fails: WH_NOMEM, WH_LIMIT. */
enum wh_status wh_pq_arena_alloc(void **out, struct wh_pq_arena *a, size_t n, size_t size,
                                 struct wh_error *err);
void wh_pq_arena_release(struct wh_pq_arena *a);

/* FileMetaData. */
struct wh_pq_file_meta {
    int32_t version;
    struct wh_pq_element *elements;
    size_t n_elements;
    int64_t rows;
    struct wh_pq_row_group *groups;
    size_t n_groups;
    struct wh_pq_key_value *key_values;
    size_t n_key_values;
    struct wh_slice created_by;
    int32_t *column_orders; /* member of the union ColumnOrder by leaf (1: TYPE_ORDER); NULL: none */
    size_t n_column_orders;
    bool is_encrypted;        /* encryption_algorithm was there */
    struct wh_buffer footer;  /* owned: the bytes that the slices point into (reader) */
    struct wh_pq_arena arena; /* owned: all arrays above */
};
void wh_pq_file_meta_release(struct wh_pq_file_meta *m);

struct wh_pq_page_header {
    int32_t type;                                 /* enum wh_pq_page_type */
    int32_t uncompressed_bytes, compressed_bytes; /* without the header */
    bool has_crc;
    uint32_t crc;                       /* CRC-32 (zlib) of the page as stored, without the header */
    int32_t n_values;                   /* data pages with nulls; dictionary: entries */
    int32_t encoding;                   /* enum wh_pq_encoding */
    int32_t def_encoding, rep_encoding; /* data page v1 */
    /* data page v2 */
    int32_t n_nulls, n_rows;
    int32_t def_bytes, rep_bytes;
    bool is_compressed; /* v2: true unless said otherwise; true for all others */
    bool is_sorted;     /* dictionary */
};

enum wh_pq_boundary { WH_PQ_UNORDERED, WH_PQ_ASCENDING, WH_PQ_DESCENDING };

/* ColumnIndex: arrays of n_pages. */
struct wh_pq_column_index {
    size_t n_pages;
    bool *null_pages;
    struct wh_slice *mins, *maxs;
    int32_t boundary;     /* enum wh_pq_boundary */
    int64_t *null_counts; /* NULL: not known */
    int64_t *nan_counts;  /* NULL: not known */
};

struct wh_pq_page_location {
    int64_t offset;
    int32_t bytes; /* with header */
    int64_t first_row;
};
struct wh_pq_offset_index {
    size_t n_pages;
    struct wh_pq_page_location *pages;
};

/* Split block Bloom filter, xxHash 64, uncompressed: the only kind there is. */
struct wh_pq_bloom_header {
    int32_t bytes; /* of the bit set behind the header */
};

/* Names for messages, static; "encoding 17" style numbers are the caller's. NULL: unknown number. */
const char *wh_pq_type_name(int32_t type);
const char *wh_pq_encoding_name(int32_t encoding);
const char *wh_pq_codec_name(int32_t codec);
