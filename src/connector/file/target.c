/* connector/file/target.c - files as a destination: where a target lies, taking it, finding how far it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "connector/file/file_int.h"
#include "connector/file/target_int.h"

/* Encoded text is about as large as the source's bytes and waits in memory for its turn; nothing is gained
 * by large chunks, as it is with Parquet's row groups. */
#define TEXT_CHUNK_BYTES ((int64_t)4 << 20)

struct file_destination {
    struct wh_destination base;
    char *location; /* owned */
    const struct wh_config *config;
};

/* ---- destination ---- */

static void file_close(struct wh_destination *dst)
{
    struct file_destination *d = (struct file_destination *)dst;
    if (d == NULL)
        return;
    free(d->location);
    free(d);
}

static bool ends_with_slash(const char *path)
{
    size_t n = strlen(path);
    return n > 0 && path[n - 1] == '/';
}

static enum wh_status choose_format(const struct wh_format **out, const char *location,
                                    const struct wh_config *cfg, struct wh_error *err)
{
    WH_TRY(wh_format_by_name(out, wh_config_str(cfg, "format"), err));
    if (*out == NULL)
        *out = wh_format_of_path(location);
    if (*out == NULL && (ends_with_slash(location) || wh_is_dir(location)))
        *out = &wh_format_parquet;
    if (*out != NULL)
        return WH_OK;
    wh_fail(err, WH_CONFIG, "could not tell the format to write \"%s\" in", location);
    return wh_hint(err, "name it with --format csv, jsonl or parquet");
}

static enum wh_status file_open(struct wh_destination **out, const char *location,
                                const struct wh_config *cfg, struct wh_context *ctx, struct wh_error *err)
{
    struct file_destination *d = wh_alloc(sizeof *d);
    if (d == NULL)
        return wh_nomem(err);
    d->base.context = ctx;
    d->config = cfg;
    const struct wh_format *format = NULL;
    enum wh_status s = wh_strdup(&d->location, location, err);
    if (s == WH_OK)
        s = choose_format(&format, location, cfg, err);
    if (s != WH_OK) {
        file_close(&d->base);
        return s;
    }
    if (!format->is_container)
        ctx->chunk_bytes = WH_MIN(ctx->chunk_bytes, TEXT_CHUNK_BYTES);
    *out = &d->base;
    return WH_OK;
}

/* The nearest folder that exists must let us write. */
static enum wh_status check_writable(const char *location, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, location, err));
    if (!wh_exists(dir))
        return check_writable(dir, err);
    if (!wh_is_dir(dir))
        return wh_fail(err, WH_CONFIG, "could not write below \"%s\": it is no folder", dir);
    if (access(dir, W_OK | X_OK) != 0)
        return wh_fail_errno(err, errno, "could not write in folder \"%s\"", dir);
    return WH_OK;
}

static enum wh_status file_check(struct wh_destination *dst, struct wh_error *err)
{
    struct file_destination *d = (struct file_destination *)dst;
    return strcmp(d->location, "-") == 0 ? WH_OK : check_writable(d->location, err);
}

/* ---- target: where and how ---- */

static void trim_slashes(char *path)
{
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
}

/* One of many streams that go to a folder: a file of its own, or a folder when it will be several. */
static enum wh_status place_one_of_many(struct wh_file_target *t, const char *location, const char *name,
                                        bool several, struct wh_error *err)
{
    if (strchr(name, '/') != NULL)
        return wh_fail(err, WH_CONFIG, "could not make a file name of stream \"%s\"", name);
    t->kind = several ? WH_FILE_FOLDER : WH_FILE_SINGLE;
    int n = asprintf(&t->location, "%s%s%s%s", location, ends_with_slash(location) ? "" : "/", name,
                     several ? "" : t->setup.format->suffixes[0]);
    return n < 0 ? wh_nomem(err) : WH_OK;
}

/* Behind a link the file itself is replaced; what is no file cannot be. */
static enum wh_status resolve_place(struct wh_file_target *t, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, t->location, err));
    struct stat st;
    bool is_link = lstat(t->location, &st) == 0 && S_ISLNK(st.st_mode);
    if (is_link || strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
        char *real = realpath(t->location, NULL);
        if (real != NULL) { /* else the link leads nowhere */
            free(t->location);
            t->location = real;
        }
    }
    if (stat(t->location, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
        return WH_OK;
    wh_fail(err, WH_CONFIG, "could not replace \"%s\": it is neither a file nor a folder", t->location);
    return wh_hint(err, "to write to a device or pipe use - as the destination and redirect standard output");
}

static enum wh_status choose_place(struct wh_file_target *t, const char *location,
                                   const struct wh_target_request *req, struct wh_error *err)
{
    bool several = t->partition != NULL || wh_config_is_set(req->config, "file-size");
    if (strcmp(location, "-") == 0) {
        if (req->one_of_many)
            return wh_fail(err, WH_CONFIG, "could not write several streams to standard output");
        if (several)
            return wh_fail(err, WH_CONFIG, "could not write several files to standard output");
        t->kind = WH_FILE_STDOUT;
        return wh_strdup(&t->location, "-", err);
    }
    if (req->one_of_many)
        return place_one_of_many(t, location, req->name, several, err);
    bool folder = ends_with_slash(location) || wh_is_dir(location) || several;
    t->kind = folder ? WH_FILE_FOLDER : WH_FILE_SINGLE;
    WH_TRY(wh_strdup(&t->location, location, err));
    trim_slashes(t->location);
    return resolve_place(t, err);
}

static enum wh_status choose_compression(struct wh_file_target *t, const char *location, struct wh_error *err)
{
    static const struct {
        const char *suffix, *name;
        enum wh_compression compression;
        int max_level;
    } kinds[] = {{".gz", "gzip", WH_GZIP, 9},    {".zst", "zstd", WH_ZSTD, 19}, {".lz4", "lz4", WH_LZ4, 12},
                 {".bz2", "bzip2", WH_BZIP2, 9}, {".xz", "xz", WH_XZ, 9},       {"", "none", WH_PLAIN, 0}};
    int64_t level = wh_config_int(t->config, "compression-level");
    const char *wanted = wh_config_str(t->config, "compression");
    size_t len = strlen(location);
    for (size_t i = 0; i < WH_COUNT(kinds); i++) {
        size_t n = strlen(kinds[i].suffix);
        bool by_name = wanted == NULL && len >= n && strcmp(location + len - n, kinds[i].suffix) == 0;
        if (!by_name && (wanted == NULL || strcmp(wanted, kinds[i].name) != 0))
            continue;
        if (level != 0 && kinds[i].max_level > 0 && (level < 1 || level > kinds[i].max_level))
            return wh_fail(err, WH_CONFIG, "compression level %lld of %s is not between 1 and %d",
                           (long long)level, kinds[i].name, kinds[i].max_level);
        t->setup.compression = kinds[i].compression;
        t->setup.level = (int)level;
        break;
    }
    if (t->setup.format->is_container && t->setup.compression != WH_PLAIN) {
        wh_fail(err, WH_CONFIG, "a %s file is not compressed from outside", t->setup.format->name);
        return wh_hint(err, "use --parquet-compression");
    }
    return WH_OK;
}

static enum wh_status check_mode(const struct wh_file_target *t, struct wh_error *err)
{
    if (t->mode == WH_MERGE) {
        wh_fail(err, WH_CONFIG, "could not merge into files");
        return wh_hint(err, "merge into a database, or use --mode replace or append");
    }
    if (t->mode == WH_APPEND && t->kind == WH_FILE_SINGLE && t->setup.format->is_container &&
        wh_exists(t->location)) {
        wh_fail(err, WH_CONFIG, "could not append to the single file \"%s\"", t->location);
        return wh_hint(err, "append to a folder of files: write the destination with '/' behind");
    }
    return WH_OK;
}

static enum wh_status name_staging(struct wh_file_target *t, struct wh_error *err)
{
    if (t->kind == WH_FILE_STDOUT)
        return WH_OK;
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, t->location, err));
    bool inside = t->kind == WH_FILE_FOLDER && t->mode == WH_APPEND;
    const char *suffix = t->kind == WH_FILE_SINGLE ? ".tmp" : "";
    int n = inside ? asprintf(&t->staging, "%s/.wherry-%s", t->location, t->run_id)
                   : asprintf(&t->staging, "%s/.%s.wherry-%s%s", dir, base, t->run_id, suffix);
    if (n < 0) {
        t->staging = NULL;
        return wh_nomem(err);
    }
    if (asprintf(&t->lock_path, "%s/.%s.wherry-lock", dir, base) < 0) {
        t->lock_path = NULL;
        return wh_nomem(err);
    }
    return WH_OK;
}

static void file_close_target(struct wh_target *target)
{
    struct wh_file_target *t = (struct wh_file_target *)target;
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n_files; i++)
        wh_stage_release(&t->files[i]);
    free(t->files);
    wh_map_release(&t->open_files);
    if (t->setup.encoder != NULL)
        t->setup.encoder->ops->close(t->setup.encoder);
    wh_partition_free(t->partition);
    if (t->lock_path != NULL)
        wh_lock_give(t->lock_fd, t->lock_path);
    free(t->lock_path);
    free(t->location);
    free(t->staging);
    free(t->run_id);
    free(t);
}

static enum wh_status set_up(struct wh_file_target *t, const char *location,
                             const struct wh_target_request *req, struct wh_error *err)
{
    WH_TRY(wh_strdup(&t->run_id, req->run_id, err));
    WH_TRY(wh_partition_new(&t->partition, wh_config_str(t->config, "partition-by"), req->schema, err));
    WH_TRY(choose_format(&t->setup.format, location, t->config, err));
    WH_TRY(choose_place(t, location, req, err));
    WH_TRY(choose_compression(t, location, err));
    WH_TRY(check_mode(t, err));
    WH_TRY(name_staging(t, err));
    if (t->kind == WH_FILE_FOLDER)
        t->rotate_bytes = (uint64_t)wh_config_bytes(t->config, "file-size");
    const struct wh_schema *schema = t->partition != NULL ? wh_partition_schema(t->partition) : req->schema;
    return t->setup.format->encoder->open(&t->setup.encoder, schema, t->config, t->context, err);
}

/* ---- target: staging ---- */

static enum wh_status take_lock(struct wh_file_target *t, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, t->location, err));
    WH_TRY(wh_make_dirs(dir, err));
    enum wh_status s = wh_lock_take(&t->lock_fd, t->lock_path, err);
    if (s == WH_STATE) {
        wh_fail(err, WH_STATE, "another run is writing \"%s\"", t->location);
        err->os_errno = EWOULDBLOCK;
        wh_hint(err, "wait for it, or see `wherry runs`");
    }
    return s;
}

static enum wh_status remember_inode(struct wh_file_target *t, struct wh_error *err)
{
    struct stat st;
    if (stat(t->staging, &st) != 0)
        return wh_fail_errno(err, errno, "could not find \"%s\"", t->staging);
    t->staging_inode = st.st_ino;
    return WH_OK;
}

static enum wh_status start_staging(struct wh_file_target *t, struct wh_error *err)
{
    WH_TRY(wh_file_check_replace(t, err));
    WH_TRY(wh_remove_tree(t->staging, err));
    if (t->kind != WH_FILE_FOLDER)
        return WH_OK;
    WH_TRY(wh_make_dirs(t->staging, err));
    return remember_inode(t, err);
}

/* Files of an appended folder are moved one by one. */
static bool moves_files(const struct wh_file_target *t)
{
    return t->kind == WH_FILE_FOLDER && t->mode == WH_APPEND;
}

/* The staged file or folder has moved to its final name already. */
static bool is_published(const struct wh_file_target *t)
{
    struct stat st;
    return !moves_files(t) && stat(t->location, &st) == 0 && st.st_ino == t->staging_inode;
}

static enum wh_status load_files(struct wh_file_target *t, const json_t *files, struct wh_error *err)
{
    size_t n = json_array_size(files);
    t->files = wh_alloc_array(n, sizeof *t->files);
    if (t->files == NULL)
        return wh_nomem(err);
    for (; t->n_files < n; t->n_files++) {
        struct wh_stage_file *f = &t->files[t->n_files];
        f->fd = -1;
        enum wh_status s = wh_stage_load(f, json_array_get(files, t->n_files), err);
        if (s != WH_OK) {
            wh_stage_release(f);
            return s;
        }
    }
    return WH_OK;
}

/* A file that is no longer staged was published, with its end, by an attempt that broke off afterwards. */
static enum wh_status find_published(struct wh_file_target *t, struct wh_stage_file *f, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *final = NULL;
    WH_TRY(wh_file_final_path(&final, t, f, err));
    struct stat st;
    bool found = (t->published || moves_files(t)) && stat(final, &st) == 0 && st.st_ino == f->inode;
    if (!found) {
        wh_fail(err, WH_STATE, "could not go on with \"%s\": staged file \"%s\" is gone", t->location,
                f->path);
        return wh_hint(err, "run with --fresh to start anew");
    }
    f->ended = true;
    f->bytes = (uint64_t)st.st_size;
    return WH_OK;
}

static enum wh_status reopen_files(struct wh_file_target *t, struct wh_error *err)
{
    for (size_t i = 0; i < t->n_files; i++) {
        struct wh_stage_file *f = &t->files[i];
        bool gone = true;
        if (!t->published)
            WH_TRY(wh_stage_reopen(f, &gone, err));
        if (gone) {
            WH_TRY(find_published(t, f, err));
            continue;
        }
        if (t->n_files > WH_FILE_MAX_OPEN)
            wh_stage_close_fd(f);
        if (!f->ended) {
            int64_t index = (int64_t)i;
            bool found;
            WH_TRY(wh_map_add(&t->open_files, wh_slice_of(f->folder), &index, &found, err));
            wh_map_set(&t->open_files, wh_slice_of(f->folder), (int64_t)i);
        }
    }
    return WH_OK;
}

static enum wh_status resume_staging(struct wh_file_target *t, const char *marker, struct wh_error *err)
{
    json_t *root;
    WH_TRY(wh_json_load(&root, marker, err));
    json_int_t inode = 0, next = 0, rows = 0;
    json_t *files = NULL;
    enum wh_status s = WH_OK;
    if (json_unpack(root, "{s:I, s:I, s:I, s:o}", "inode", &inode, "next_seq", &next, "rows", &rows, "files",
                    &files) != 0)
        s = wh_fail(err, WH_STATE, "damaged checkpoint of \"%s\"", t->location);
    t->staging_inode = (uint64_t)inode;
    t->next_seq = next;
    t->rows = rows;
    if (s == WH_OK)
        s = load_files(t, files, err);
    json_decref(root);
    WH_TRY(s);
    t->published = is_published(t);
    return reopen_files(t, err);
}

static enum wh_status file_open_target(struct wh_target **out, struct wh_resume *resume,
                                       struct wh_destination *dst, const struct wh_target_request *req,
                                       struct wh_error *err)
{
    struct file_destination *d = (struct file_destination *)dst;
    struct wh_file_target *t = wh_alloc(sizeof *t);
    if (t == NULL)
        return wh_nomem(err);
    t->base.ops = &wh_file_destination_ops;
    t->context = dst->context;
    t->config = req->config;
    t->mode = req->mode == WH_TRUNCATE ? WH_REPLACE : req->mode;
    t->lock_fd = -1;
    t->setup.budget = dst->context->budget;
    enum wh_status s = set_up(t, d->location, req, err);
    if (s == WH_OK && !req->dry_run && t->kind != WH_FILE_STDOUT) {
        s = take_lock(t, err);
        if (s == WH_OK)
            s = req->marker == NULL ? start_staging(t, err) : resume_staging(t, req->marker, err);
    }
    if (s != WH_OK) {
        file_close_target(&t->base);
        return s;
    }
    t->base.visible_early = t->kind == WH_FILE_STDOUT;
    *resume = (struct wh_resume){.next_seq = t->next_seq};
    *out = &t->base;
    return WH_OK;
}

static enum wh_status file_describe(struct wh_target *target, char **text, enum wh_guarantee *guarantee,
                                    struct wh_error *err)
{
    struct wh_file_target *t = (struct wh_file_target *)target;
    static const char *const verbs[] = {[WH_REPLACE] = "replace", [WH_APPEND] = "append to"};
    const char *format = t->setup.format->name;
    *guarantee = t->kind == WH_FILE_STDOUT ? WH_G1 : WH_G3;
    int n = 0;
    if (t->kind == WH_FILE_STDOUT)
        n = asprintf(text, "write %s to standard output", format);
    else if (!wh_exists(t->location))
        n = asprintf(text, "create %s %s \"%s\"", format, t->kind == WH_FILE_FOLDER ? "folder" : "file",
                     t->location);
    else
        n = asprintf(text, "%s %s %s \"%s\"", verbs[t->mode], format,
                     t->kind == WH_FILE_FOLDER ? "folder" : "file", t->location);
    return n < 0 ? wh_nomem(err) : WH_OK;
}

static void file_discard(struct wh_target *target)
{
    struct wh_file_target *t = (struct wh_file_target *)target;
    struct wh_error ignored;
    if (t->staging != NULL && !t->published)
        (void)wh_remove_tree(t->staging, &ignored);
}

const struct wh_destination_ops wh_file_destination_ops = {
    .open = file_open,
    .check = file_check,
    .open_target = file_open_target,
    .describe = file_describe,
    .open_writer = wh_file_open_writer,
    .write = wh_file_write,
    .seal = wh_file_seal,
    .commit = wh_file_commit,
    .checkpoint = wh_file_checkpoint,
    .finish = wh_file_finish,
    .discard = file_discard,
    .close_writer = wh_file_close_writer,
    .close_target = file_close_target,
    .close = file_close,
};
