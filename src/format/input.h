/* format/input.h - files as a source of bytes: plain or compressed, found by content, local or a pipe. */
#pragma once
#include "wherry/connector.h"

enum wh_compression { WH_PLAIN, WH_GZIP, WH_ZSTD, WH_LZ4, WH_BZIP2, WH_XZ };
const char *wh_compression_name(enum wh_compression c);

/* One file of a data set, as it was when the plan was made. */
struct wh_file {
    char *path; /* owned; "-" is standard input */
    uint64_t size;
    int64_t mtime_ns;
    uint64_t inode;
    enum wh_compression compression;
    bool is_pipe; /* cannot be read twice nor at an offset */
};
struct wh_file_set {
    struct wh_file *files; /* owned */
    size_t n_files;
};

/* Fills everything but the path, which is copied: stat and the first bytes. "-": nothing is read, so
 * compression is found when it is opened. Fails: WH_CONFIG when there is no such file. */
enum wh_status wh_file_init(struct wh_file *out, const char *path, struct wh_error *err);
/* Fails with WH_DATA when the file is not the one that was planned: gone, other size, time or inode. */
enum wh_status wh_file_unchanged(const struct wh_file *f, struct wh_error *err);
void wh_file_release(struct wh_file *f);
void wh_file_set_release(struct wh_file_set *set);

/* An opened file that gives its (decompressed) bytes in order. Serial. */
struct wh_input;
enum wh_status wh_input_open(struct wh_input **out, const struct wh_file *f, const struct wh_context *ctx,
                             struct wh_error *err);
/* Reads up to n bytes, at least one; *got 0 at the end of the data. A compressed stream that ends early
 * or is damaged fails with WH_DATA; more than max ratio (100:1 past 64 MiB) with WH_LIMIT. */
enum wh_status wh_input_read(struct wh_input *in, void *out, size_t n, size_t *got, struct wh_error *err);
/* Bytes taken from the file so far (compressed), for progress. */
uint64_t wh_input_consumed(const struct wh_input *in);
/* Puts bytes back in front, as if unread (after sniffing a pipe). */
enum wh_status wh_input_unread(struct wh_input *in, const void *bytes, size_t n, struct wh_error *err);
void wh_input_close(struct wh_input *in);

/* Reads exactly n bytes at an offset of a plain file; a short file fails with WH_DATA. Any thread. */
enum wh_status wh_file_pread(int fd, const char *path, void *out, size_t n, uint64_t offset,
                             struct wh_error *err);
/* Opens a planned file for pread. Fails: WH_DATA when it is gone, WH_AUTH, WH_IO. */
enum wh_status wh_file_open(int *fd, const char *path, struct wh_error *err);

/* Compresses bytes as one self-contained frame (member) appended to out: frames one behind the other
 * are a valid file. level 0: the library's default. */
enum wh_status wh_compress_frame(enum wh_compression c, int level, const void *bytes, size_t n,
                                 struct wh_buffer *out, struct wh_error *err);
