/* base/fs.h - files and folders that must survive a crash: create, write, publish, lock, remove.
 *
 * Order of a publication: write a temporary file in the same folder, fsync it, rename it, fsync the
 * folder. A failed fsync is never retried: the pages may be gone although the next one succeeds. */
#pragma once
#include "wherry/bytes.h"

/* "dir/name" of two parts; the caller frees. */
enum wh_status wh_path_join(char **out, const char *dir, const char *name, struct wh_error *err);
/* The folder part of a path ("." when there is none) and its last part; trailing slashes are dropped.
 * The caller frees both. */
enum wh_status wh_path_split(char **dir, char **base, const char *path, struct wh_error *err);

bool wh_is_dir(const char *path);
bool wh_exists(const char *path);
/* mkdir -p. */
enum wh_status wh_make_dirs(const char *path, struct wh_error *err);
/* rm -r of one of our own staging folders; a missing path is fine. */
enum wh_status wh_remove_tree(const char *path, struct wh_error *err);
enum wh_status wh_remove_file(const char *path, struct wh_error *err); /* a missing file is fine */

enum wh_status wh_write_all(int fd, const char *path, const void *bytes, size_t n, struct wh_error *err);
enum wh_status wh_pwrite_all(int fd, const char *path, const void *bytes, size_t n, uint64_t offset,
                             struct wh_error *err);
enum wh_status wh_sync_fd(int fd, const char *path, struct wh_error *err); /* fdatasync */
enum wh_status wh_sync_dir(const char *path, struct wh_error *err);
/* Writes a whole small file in one atomic step (temporary name, fsync, rename, fsync of the folder). */
enum wh_status wh_publish_file(const char *path, const void *bytes, size_t n, struct wh_error *err);
/* Reads a whole file of at most max bytes; appended to out. */
enum wh_status wh_read_file(struct wh_buffer *out, const char *path, size_t max, struct wh_error *err);

/* Takes an exclusive lock on a file of that path, made when missing; it dies with the process. Fails with
 * WH_STATE and EWOULDBLOCK at once when somebody else has it. */
enum wh_status wh_lock_take(int *fd, const char *path, struct wh_error *err);
/* Removes the file and gives the lock back; fd -1 is fine. */
void wh_lock_give(int fd, const char *path);
