/* connector/file/stage.h - files that are being written under a name nobody looks at.
 *
 * A staged file grows by whole parts; its length after each is kept, so that a crash is undone by cutting
 * it back to the length of the last checkpoint. */
#pragma once
#include <jansson.h>

#include "connector/file/formats.h"

/* Everything that the files of one target have in common. */
struct wh_stage_setup {
    const struct wh_format *format;
    struct wh_encoder *encoder;      /* owned by the target */
    enum wh_compression compression; /* around text formats */
    int level;
    struct wh_budget *budget;
};

struct wh_stage_file {
    char *path;   /* owned: where it is written; NULL for standard output */
    char *folder; /* owned: partition folder with '/' behind, or "" */
    char *name;   /* owned: name in that folder when published */
    int fd;       /* -1: closed at the moment */
    bool dirty;   /* written to since the last sync */
    bool ended;   /* the end of the file is written */
    uint64_t bytes;
    uint64_t inode;
    int64_t rows;
    struct wh_buffer *entries; /* owned array: what end_file needs, one per part */
    size_t n_entries;
};

/* Creates the file (and its folders) and writes what stands at the start. Takes path; NULL: standard
 * output. */
enum wh_status wh_stage_create(struct wh_stage_file *f, const struct wh_stage_setup *s, char *path,
                               struct wh_error *err);
/* The same, but the file starts with the contents of an existing one, which has to start as a new file
 * would (the same header). */
enum wh_status wh_stage_create_copy(struct wh_stage_file *f, const struct wh_stage_setup *s, char *path,
                                    const char *existing, const struct wh_context *ctx, struct wh_error *err);
/* Writes a sealed part behind the file's end. */
enum wh_status wh_stage_append(struct wh_stage_file *f, const struct wh_stage_setup *s, struct wh_part *part,
                               struct wh_error *err);
/* Writes the end of the file; closes nothing. */
enum wh_status wh_stage_end(struct wh_stage_file *f, const struct wh_stage_setup *s, struct wh_error *err);
/* Makes everything written so far durable. */
enum wh_status wh_stage_sync(struct wh_stage_file *f, struct wh_error *err);
void wh_stage_close_fd(struct wh_stage_file *f);
void wh_stage_release(struct wh_stage_file *f);

/* As JSON for a checkpoint; NULL without memory. */
json_t *wh_stage_save(const struct wh_stage_file *f);
/* The other way; the file is not looked at. Fails: WH_STATE. */
enum wh_status wh_stage_load(struct wh_stage_file *f, const json_t *saved, struct wh_error *err);
/* Cuts the file on disk back to f->bytes and opens it. *gone: it is no longer there. */
enum wh_status wh_stage_reopen(struct wh_stage_file *f, bool *gone, struct wh_error *err);
