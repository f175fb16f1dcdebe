/* connector/file/target_int.h - the file target: what target.c (taking it), commit.c (writing) and publish.c
 * (making visible) share.
 *
 *   one file    dir/.name.wherry-<run>.tmp            --rename-->           dir/name
 *   folder      parent/.name.wherry-<run>/part-...    --exchange-->         parent/name/    (replace)
 *               folder/.wherry-<run>/part-...         --rename each, then manifest-->       (append)
 *   stdout      written as it comes; nothing to undo */
#pragma once
#include "base/map.h"
#include "connector/file/partition.h"
#include "connector/file/stage.h"

#define WH_FILE_MAX_OPEN 64 /* staged files that stay open between commits and checkpoints */

enum wh_file_kind { WH_FILE_STDOUT, WH_FILE_SINGLE, WH_FILE_FOLDER };

struct wh_file_target {
    struct wh_target base;
    struct wh_context *context; /* lent */
    enum wh_file_kind kind;
    enum wh_write_mode mode;
    char *location;  /* owned: what will be visible; no slash at the end */
    char *staging;   /* owned: temporary file or folder; NULL for stdout */
    char *lock_path; /* owned */
    int lock_fd;
    char *run_id;                   /* owned */
    uint64_t rotate_bytes;          /* a file of at least this size is ended; 0: never */
    struct wh_partition *partition; /* owned, or NULL */
    struct wh_stage_setup setup;
    const struct wh_config *config; /* lent */
    struct wh_stage_file *files;    /* owned; all of this run, ended or not */
    size_t n_files;
    struct wh_map open_files; /* folder -> index of the file that grows there */
    uint64_t staging_inode;
    int64_t next_seq;
    int64_t rows;
    bool published; /* found so on resume */
};

/* "part-<run>-00012.parquet"; the caller frees. */
enum wh_status wh_file_part_name(char **out, const struct wh_file_target *t, size_t number,
                                 struct wh_error *err);
/* Where the file is once it is visible; the caller frees. */
enum wh_status wh_file_final_path(char **out, const struct wh_file_target *t, const struct wh_stage_file *f,
                                  struct wh_error *err);
/* Fails with WH_CONFIG when a folder to be replaced holds files that wherry did not write. */
enum wh_status wh_file_check_replace(const struct wh_file_target *t, struct wh_error *err);
/* Makes all (ended, synced) files visible; may be repeated after a crash. */
enum wh_status wh_file_publish(struct wh_file_target *t, struct wh_error *err);

/* commit.c: members of wh_destination_ops. */
enum wh_status wh_file_open_writer(struct wh_writer **out, struct wh_target *target, int64_t seq,
                                   struct wh_reject_sink *sink, struct wh_error *err);
enum wh_status wh_file_write(struct wh_writer *writer, struct wh_batch *batch, struct wh_error *err);
enum wh_status wh_file_seal(struct wh_writer *writer, struct wh_error *err);
enum wh_status wh_file_commit(struct wh_target *target, struct wh_writer *writer, const char *position,
                              struct wh_error *err);
enum wh_status wh_file_checkpoint(struct wh_target *target, char **marker, int64_t *next_seq,
                                  struct wh_error *err);
enum wh_status wh_file_finish(struct wh_target *target, struct wh_outcome *out, struct wh_error *err);
void wh_file_close_writer(struct wh_writer *writer);
