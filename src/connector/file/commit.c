/* connector/file/commit.c - chunks into staged files: writers, commits, checkpoints, the end.
 *
 * A writer encodes its chunk into one part per partition folder; commit appends the parts to the growing
 * staged files in chunk order; nothing is visible before finish. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/failpoint.h"
#include "base/fs.h"
#include "base/mem.h"
#include "batch/builder.h"
#include "connector/file/target_int.h"

/* The rows of one chunk that go to one folder. */
struct group {
    char *folder;         /* owned */
    struct wh_part *part; /* owned */
};

struct file_writer {
    struct wh_writer base;
    struct wh_file_target *target;
    struct wh_reject_sink *sink;
    struct group *groups; /* owned */
    size_t n_groups;
    struct wh_map by_folder;
    struct wh_partition_split split;
    struct wh_batch taken; /* rows of one group */
};

/* ---- writer ---- */

void wh_file_close_writer(struct wh_writer *writer)
{
    struct file_writer *w = (struct file_writer *)writer;
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->n_groups; i++) {
        w->target->setup.format->encoder->close_part(w->groups[i].part);
        free(w->groups[i].folder);
    }
    free(w->groups);
    wh_map_release(&w->by_folder);
    wh_partition_split_release(&w->split);
    wh_batch_release(&w->taken);
    free(w);
}

static enum wh_status add_group(struct file_writer *w, struct wh_slice folder, struct wh_error *err)
{
    struct group *groups = wh_realloc_array(w->groups, w->n_groups + 1, sizeof *groups);
    if (groups == NULL)
        return wh_nomem(err);
    w->groups = groups;
    struct group *g = &groups[w->n_groups];
    *g = (struct group){0};
    WH_TRY(wh_strndup(&g->folder, folder.ptr, folder.len, err));
    w->n_groups++;
    struct wh_encoder *e = w->target->setup.encoder;
    return e->ops->open_part(&g->part, e, w->sink, err);
}

enum wh_status wh_file_open_writer(struct wh_writer **out, struct wh_target *target, int64_t seq,
                                   struct wh_reject_sink *sink, struct wh_error *err)
{
    (void)seq;
    struct wh_file_target *t = (struct wh_file_target *)target;
    struct file_writer *w = wh_alloc(sizeof *w);
    if (w == NULL)
        return wh_nomem(err);
    w->base.ops = target->ops;
    w->target = t;
    w->sink = sink;
    enum wh_status s = t->partition == NULL ? add_group(w, wh_slice("", 0), err)
                                            : wh_batch_init(&w->taken, wh_partition_schema(t->partition),
                                                            t->setup.budget, err);
    if (s != WH_OK) {
        wh_file_close_writer(&w->base);
        return s;
    }
    *out = &w->base;
    return WH_OK;
}

static enum wh_status write_group(struct file_writer *w, const struct wh_partition_group *rows,
                                  struct wh_error *err)
{
    int64_t id = (int64_t)w->n_groups;
    bool found;
    WH_TRY(wh_map_add(&w->by_folder, rows->folder, &id, &found, err));
    if (!found)
        WH_TRY(add_group(w, rows->folder, err));
    WH_TRY(wh_batch_take(&w->taken, &w->split.view, rows->rows, rows->n_rows, err));
    struct wh_part *part = w->groups[id].part;
    return part->ops->write(part, &w->taken, err);
}

enum wh_status wh_file_write(struct wh_writer *writer, struct wh_batch *batch, struct wh_error *err)
{
    struct file_writer *w = (struct file_writer *)writer;
    writer->rows += batch->rows;
    if (w->target->partition == NULL)
        return w->groups[0].part->ops->write(w->groups[0].part, batch, err);
    WH_TRY(wh_partition_split(w->target->partition, batch, &w->split, err));
    for (size_t i = 0; i < w->split.n_groups; i++)
        WH_TRY(write_group(w, &w->split.groups[i], err));
    return WH_OK;
}

static enum wh_status compress_part(const struct wh_stage_setup *s, struct wh_part *p, struct wh_error *err)
{
    if (s->compression == WH_PLAIN || p->bytes.size == 0)
        return WH_OK;
    struct wh_buffer framed = {.budget = s->budget};
    enum wh_status st =
        wh_compress_frame(s->compression, s->level, p->bytes.data, p->bytes.size, &framed, err);
    if (st == WH_OK)
        wh_buffer_move(&p->bytes, &framed);
    else
        wh_buffer_release(&framed);
    return st;
}

enum wh_status wh_file_seal(struct wh_writer *writer, struct wh_error *err)
{
    struct file_writer *w = (struct file_writer *)writer;
    for (size_t i = 0; i < w->n_groups; i++) {
        struct wh_part *p = w->groups[i].part;
        WH_TRY(p->ops->seal(p, err));
        WH_TRY(compress_part(&w->target->setup, p, err));
    }
    return WH_OK;
}

/* ---- commit ---- */

static enum wh_status new_file(struct wh_file_target *t, const char *folder, size_t *index,
                               struct wh_error *err)
{
    struct wh_stage_file *files = wh_realloc_array(t->files, t->n_files + 1, sizeof *files);
    if (files == NULL)
        return wh_nomem(err);
    t->files = files;
    struct wh_stage_file *f = &files[t->n_files];
    *f = (struct wh_stage_file){.fd = -1};
    *index = t->n_files++;
    WH_TRY(wh_strdup(&f->folder, folder, err));
    char *path = NULL;
    if (t->kind == WH_FILE_FOLDER) {
        WH_TRY(wh_file_part_name(&f->name, t, *index, err));
        if (asprintf(&path, "%s/%s%s", t->staging, folder, f->name) < 0)
            return wh_nomem(err);
    } else {
        WH_TRY(wh_strdup(&f->name, "", err));
        if (t->kind == WH_FILE_SINGLE)
            WH_TRY(wh_strdup(&path, t->staging, err));
    }
    struct stat st;
    bool continues = t->kind == WH_FILE_SINGLE && t->mode == WH_APPEND;
    if (continues && stat(t->location, &st) == 0 && st.st_size > 0)
        WH_TRY(wh_stage_create_copy(f, &t->setup, path, t->location, t->context, err));
    else
        WH_TRY(wh_stage_create(f, &t->setup, path, err));
    if (t->kind == WH_FILE_SINGLE)
        t->staging_inode = f->inode;
    return WH_OK;
}

static enum wh_status find_file(struct wh_file_target *t, const char *folder, size_t *index,
                                struct wh_error *err)
{
    int64_t known = wh_map_find(&t->open_files, wh_slice_of(folder));
    if (known >= 0 && !t->files[known].ended) {
        *index = (size_t)known;
        return WH_OK;
    }
    WH_TRY(new_file(t, folder, index, err));
    int64_t value = (int64_t)*index;
    bool found;
    WH_TRY(wh_map_add(&t->open_files, wh_slice_of(folder), &value, &found, err));
    wh_map_set(&t->open_files, wh_slice_of(folder), (int64_t)*index);
    return WH_OK;
}

static enum wh_status commit_part(struct wh_file_target *t, const struct group *g, struct wh_error *err)
{
    if (g->part->rows == 0)
        return WH_OK;
    size_t index;
    WH_TRY(find_file(t, g->folder, &index, err));
    struct wh_stage_file *f = &t->files[index];
    WH_TRY(wh_stage_append(f, &t->setup, g->part, err));
    t->rows += g->part->rows;
    bool full = t->rotate_bytes > 0 && f->bytes >= t->rotate_bytes;
    if (full) {
        WH_TRY(wh_stage_end(f, &t->setup, err));
        WH_TRY(wh_stage_sync(f, err));
    }
    if (full || t->open_files.n_used > WH_FILE_MAX_OPEN)
        wh_stage_close_fd(f);
    return WH_OK;
}

enum wh_status wh_file_commit(struct wh_target *target, struct wh_writer *writer, const char *position,
                              struct wh_error *err)
{
    (void)position;
    struct wh_file_target *t = (struct wh_file_target *)target;
    struct file_writer *w = (struct file_writer *)writer;
    enum wh_status s = WH_OK;
    for (size_t i = 0; s == WH_OK && i < w->n_groups; i++)
        s = commit_part(t, &w->groups[i], err);
    if (s == WH_OK)
        s = wh_failpoint("commit.half", err);
    if (s == WH_OK)
        t->next_seq++;
    wh_file_close_writer(writer);
    return s;
}

static json_t *marker_json(const struct wh_file_target *t)
{
    json_t *files = json_array();
    for (size_t i = 0; i < t->n_files; i++)
        json_array_append_new(files, wh_stage_save(&t->files[i]));
    if (json_array_size(files) != t->n_files) {
        json_decref(files);
        return NULL;
    }
    return json_pack("{s:I, s:I, s:I, s:o}", "inode", (json_int_t)t->staging_inode, "next_seq",
                     (json_int_t)t->next_seq, "rows", (json_int_t)t->rows, "files", files);
}

enum wh_status wh_file_checkpoint(struct wh_target *target, char **marker, int64_t *next_seq,
                                  struct wh_error *err)
{
    struct wh_file_target *t = (struct wh_file_target *)target;
    *next_seq = t->next_seq;
    *marker = NULL;
    if (t->kind == WH_FILE_STDOUT)
        return wh_strdup(marker, "", err);
    for (size_t i = 0; i < t->n_files; i++) {
        WH_TRY(wh_stage_sync(&t->files[i], err));
        if (t->n_files > WH_FILE_MAX_OPEN)
            wh_stage_close_fd(&t->files[i]);
    }
    json_t *root = marker_json(t);
    *marker = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return *marker == NULL ? wh_nomem(err) : WH_OK;
}

/* ---- finish ---- */

/* A stream without rows still leaves a file that says its columns. */
static enum wh_status ensure_one_file(struct wh_file_target *t, struct wh_error *err)
{
    size_t index;
    return t->n_files > 0 || t->partition != NULL ? WH_OK : new_file(t, "", &index, err);
}

static enum wh_status end_files(struct wh_file_target *t, struct wh_error *err)
{
    WH_TRY(ensure_one_file(t, err));
    for (size_t i = 0; i < t->n_files; i++) {
        WH_TRY(wh_stage_end(&t->files[i], &t->setup, err));
        WH_TRY(wh_stage_sync(&t->files[i], err));
        wh_stage_close_fd(&t->files[i]);
    }
    return WH_OK;
}

enum wh_status wh_file_finish(struct wh_target *target, struct wh_outcome *out, struct wh_error *err)
{
    struct wh_file_target *t = (struct wh_file_target *)target;
    if (!t->published)
        WH_TRY(end_files(t, err));
    WH_TRY(wh_file_publish(t, err));
    *out = (struct wh_outcome){.rows = t->rows, .files = (int64_t)t->n_files};
    for (size_t i = 0; i < t->n_files; i++)
        out->bytes += (int64_t)t->files[i].bytes;
    return WH_OK;
}
