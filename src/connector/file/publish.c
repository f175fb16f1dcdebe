/* connector/file/publish.c - from staged files to visible ones.
 *
 * Every step may be the last one before a crash; publishing again finds what is done:
 *   one file         the staged inode is at its final name
 *   replaced folder  the staged folder's inode is at the final name
 *   appended folder  each file is either still staged or already at its final name */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/failpoint.h"
#include "base/fs.h"
#include "base/mem.h"
#include "connector/file/manifest.h"
#include "connector/file/target_int.h"

enum wh_status wh_file_part_name(char **out, const struct wh_file_target *t, size_t number,
                                 struct wh_error *err)
{
    const char *suffix = t->setup.format->suffixes[0];
    static const char *const compression[] = {[WH_PLAIN] = "",   [WH_GZIP] = ".gz",   [WH_ZSTD] = ".zst",
                                              [WH_LZ4] = ".lz4", [WH_BZIP2] = ".bz2", [WH_XZ] = ".xz"};
    int n = asprintf(out, "part-%s-%05zu%s%s", t->run_id, number, suffix, compression[t->setup.compression]);
    return n < 0 ? wh_nomem(err) : WH_OK;
}

/* ---- folders ---- */

static enum wh_status add_to_manifest(const struct wh_file_target *t, struct wh_manifest *m,
                                      struct wh_error *err)
{
    for (size_t i = 0; i < t->n_files; i++) {
        const struct wh_stage_file *f = &t->files[i];
        WH_CLEANUP(wh_freep) char *path = NULL;
        if (asprintf(&path, "%s%s", f->folder, f->name) < 0) {
            path = NULL;
            return wh_nomem(err);
        }
        if (wh_manifest_has(m, path))
            continue;
        const struct wh_manifest_file entry = {
            .path = path, .rows = f->rows, .bytes = f->bytes, .run = t->run_id};
        WH_TRY(wh_manifest_add(m, &entry, err));
    }
    return WH_OK;
}

/* Folders of files and those above them, up to the root. */
static enum wh_status sync_folders(const struct wh_file_target *t, const char *root, struct wh_error *err)
{
    const char *last = "";
    for (size_t i = 0; i < t->n_files; i++) {
        const char *folder = t->files[i].folder; /* "a=1/b=2/" */
        for (size_t len = strlen(folder); len > 0; len--) {
            if (folder[len - 1] != '/' || strncmp(folder, last, len) == 0)
                continue;
            WH_CLEANUP(wh_freep) char *path = NULL;
            if (asprintf(&path, "%s/%.*s", root, (int)len, folder) < 0) {
                path = NULL;
                return wh_nomem(err);
            }
            WH_TRY(wh_sync_dir(path, err));
        }
        last = folder;
    }
    return wh_sync_dir(root, err);
}

/* ---- files that are not ours ---- */

/* A walk to the files below a folder that no manifest lists. */
struct foreign {
    const char *root;
    struct wh_map listed;
    bool all;                  /* hidden files too */
    struct wh_manifest *adopt; /* takes them all; NULL: the walk ends at the first */
    char *first;               /* owned */
};

static bool is_own_name(const char *name)
{
    return strcmp(name, WH_MANIFEST_NAME) == 0 || strcmp(name, "." WH_MANIFEST_NAME ".tmp") == 0 ||
           strncmp(name, ".wherry-", 8) == 0;
}

static enum wh_status walk_foreign(struct foreign *f, const char *below, struct wh_error *err);

/* Takes relative. */
static enum wh_status visit(struct foreign *f, char *relative, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *owned = relative, *path = NULL;
    WH_TRY(wh_path_join(&path, f->root, relative, err));
    if (wh_is_dir(path))
        return walk_foreign(f, relative, err);
    if (wh_map_find(&f->listed, wh_slice_of(relative)) >= 0)
        return WH_OK;
    if (f->adopt == NULL) {
        f->first = WH_TAKE(owned);
        return WH_OK;
    }
    const struct wh_manifest_file entry = {.path = relative, .rows = -1, .run = (char *)(uintptr_t) ""};
    return wh_manifest_add(f->adopt, &entry, err);
}

static enum wh_status walk_foreign(struct foreign *f, const char *below, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *folder = NULL;
    WH_TRY(wh_path_join(&folder, f->root, below, err));
    DIR *d = opendir(folder);
    if (d == NULL)
        return wh_fail_errno(err, errno, "could not read folder \"%s\"", folder);
    enum wh_status s = WH_OK;
    for (struct dirent *e; s == WH_OK && f->first == NULL && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || is_own_name(e->d_name) ||
            (!f->all && (e->d_name[0] == '.' || e->d_name[0] == '_')))
            continue;
        char *relative = NULL;
        s = asprintf(&relative, "%s%s%s", below, below[0] == '\0' ? "" : "/", e->d_name) < 0
                ? wh_nomem(err)
                : visit(f, relative, err);
    }
    closedir(d);
    return s;
}

static enum wh_status find_foreign(struct foreign *f, const struct wh_manifest *m, struct wh_error *err)
{
    enum wh_status s = WH_OK;
    for (size_t i = 0; s == WH_OK && i < m->n_files; i++) {
        int64_t value = 0;
        bool found;
        s = wh_map_add(&f->listed, wh_slice_of(m->files[i].path), &value, &found, err);
    }
    if (s == WH_OK)
        s = walk_foreign(f, "", err);
    wh_map_release(&f->listed);
    return s;
}

enum wh_status wh_file_check_replace(const struct wh_file_target *t, struct wh_error *err)
{
    if (t->kind != WH_FILE_FOLDER || t->mode == WH_APPEND || !wh_exists(t->location))
        return WH_OK;
    struct wh_manifest m;
    bool found;
    WH_TRY(wh_manifest_read(&m, &found, t->location, err));
    struct foreign foreign = {.root = t->location, .all = true};
    enum wh_status s = find_foreign(&foreign, &m, err);
    wh_manifest_release(&m);
    if (s == WH_OK && foreign.first != NULL) {
        s = wh_fail(err, WH_CONFIG, "could not replace folder \"%s\": wherry did not write \"%s\" in it",
                    t->location, foreign.first);
        wh_hint(err, "choose an empty folder, remove the files yourself, or use --mode append");
    }
    free(foreign.first);
    return s;
}

/* Some file systems know no flags; the lock keeps other runs away from the name. */
static enum wh_status rename_to(const char *from, const char *to, unsigned flags, struct wh_error *err)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) == 0)
        return WH_OK;
    if (flags != 0 && (errno == EINVAL || errno == ENOSYS) && !wh_exists(to) && rename(from, to) == 0)
        return WH_OK;
    return wh_fail_errno(err, errno, "could not rename \"%s\" to \"%s\"", from, to);
}

/* Where the old folder waits for its removal on file systems that cannot exchange. */
static enum wh_status name_old(char **out, const struct wh_file_target *t, struct wh_error *err)
{
    return asprintf(out, "%s.old", t->staging) < 0 ? wh_nomem(err) : WH_OK;
}

/* The old folder goes away in one step with the new one's coming; file systems that cannot exchange get
 * the old folder renamed out of the way first. */
static enum wh_status swap_folder(const struct wh_file_target *t, struct wh_error *err)
{
    if (!wh_exists(t->location))
        return rename_to(t->staging, t->location, RENAME_NOREPLACE, err);
    WH_TRY(wh_file_check_replace(t, err));
    if (renameat2(AT_FDCWD, t->staging, AT_FDCWD, t->location, RENAME_EXCHANGE) == 0)
        return WH_OK;
    if (errno != EINVAL && errno != ENOSYS)
        return wh_fail_errno(err, errno, "could not exchange \"%s\" and \"%s\"", t->staging, t->location);
    WH_CLEANUP(wh_freep) char *old = NULL;
    WH_TRY(name_old(&old, t, err));
    WH_TRY(rename_to(t->location, old, RENAME_NOREPLACE, err));
    return rename_to(t->staging, t->location, RENAME_NOREPLACE, err);
}

static enum wh_status sync_parent(const struct wh_file_target *t, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, t->location, err));
    return wh_sync_dir(dir, err);
}

static enum wh_status publish_new_folder(struct wh_file_target *t, struct wh_error *err)
{
    if (!t->published) {
        struct wh_manifest m = {0};
        enum wh_status s = add_to_manifest(t, &m, err);
        if (s == WH_OK)
            s = wh_manifest_publish(&m, t->staging, t->setup.format->name, err);
        wh_manifest_release(&m);
        WH_TRY(s);
        WH_TRY(sync_folders(t, t->staging, err));
        WH_TRY(swap_folder(t, err));
        WH_TRY(wh_failpoint("publish.renamed", err));
    }
    return sync_parent(t, err);
}

enum wh_status wh_file_final_path(char **out, const struct wh_file_target *t, const struct wh_stage_file *f,
                                  struct wh_error *err)
{
    if (t->kind == WH_FILE_SINGLE)
        return wh_strdup(out, t->location, err);
    return asprintf(out, "%s/%s%s", t->location, f->folder, f->name) < 0 ? wh_nomem(err) : WH_OK;
}

static enum wh_status move_into_folder(const struct wh_file_target *t, const struct wh_stage_file *f,
                                       struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *folder = NULL, *final = NULL;
    WH_TRY(wh_path_join(&folder, t->location, f->folder, err));
    WH_TRY(wh_make_dirs(folder, err));
    WH_TRY(wh_file_final_path(&final, t, f, err));
    struct stat st; /* a file without rows is in no checkpoint, so that an earlier attempt's may be there */
    if (stat(final, &st) == 0 && (st.st_ino == f->inode || f->rows == 0))
        return WH_OK;
    WH_TRY(rename_to(f->path, final, RENAME_NOREPLACE, err));
    return wh_failpoint("publish.moved", err);
}

static enum wh_status publish_into_folder(struct wh_file_target *t, struct wh_error *err)
{
    struct wh_manifest m;
    bool found;
    WH_TRY(wh_manifest_read(&m, &found, t->location, err));
    enum wh_status s = WH_OK;
    t->base.visible_early = true; /* from here on there is only forward */
    for (size_t i = 0; s == WH_OK && i < t->n_files; i++)
        s = move_into_folder(t, &t->files[i], err);
    if (s == WH_OK)
        s = sync_folders(t, t->location, err);
    if (s == WH_OK)
        s = add_to_manifest(t, &m, err);
    if (s == WH_OK && !found) { /* files that are there already belong to the data set */
        struct foreign existing = {.root = t->location, .adopt = &m};
        s = find_foreign(&existing, &m, err);
    }
    if (s == WH_OK)
        s = wh_manifest_publish(&m, t->location, t->setup.format->name, err);
    wh_manifest_release(&m);
    WH_TRY(s);
    return wh_failpoint("publish.manifest", err);
}

static enum wh_status publish_single(struct wh_file_target *t, struct wh_error *err)
{
    if (!t->published) {
        WH_TRY(rename_to(t->staging, t->location, 0, err));
        WH_TRY(wh_failpoint("publish.renamed", err));
    }
    return sync_parent(t, err);
}

/* ---- cleaning up ---- */

/* Removes entries of a folder that start with a prefix, but for the lock and the chunks of plans, which other
 * processes may be at work on. */
static enum wh_status sweep_folder(const char *folder, const char *prefix, struct wh_error *err)
{
    DIR *d = opendir(folder);
    if (d == NULL)
        return wh_fail_errno(err, errno, "could not read folder \"%s\"", folder);
    enum wh_status s = WH_OK;
    size_t len = strlen(prefix);
    for (struct dirent *e; s == WH_OK && (e = readdir(d)) != NULL;) {
        if (strncmp(e->d_name, prefix, len) != 0 || strcmp(e->d_name + len, "lock") == 0 ||
            strncmp(e->d_name + len, "plan-", 5) == 0)
            continue;
        WH_CLEANUP(wh_freep) char *path = NULL;
        s = wh_path_join(&path, folder, e->d_name, err);
        if (s == WH_OK)
            s = wh_remove_tree(path, err);
    }
    closedir(d);
    return s;
}

/* Our staging, the folder that we replaced, and what earlier runs to the same place left unfinished: it is
 * older than what is visible now. The lock says that none of them is at work. */
static enum wh_status sweep(const struct wh_file_target *t, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL, *prefix = NULL;
    WH_TRY(wh_path_split(&dir, &base, t->location, err));
    if (asprintf(&prefix, ".%s.wherry-", base) < 0) {
        prefix = NULL;
        return wh_nomem(err);
    }
    WH_TRY(sweep_folder(dir, prefix, err));
    return t->kind == WH_FILE_FOLDER ? sweep_folder(t->location, ".wherry-", err) : WH_OK;
}

enum wh_status wh_file_publish(struct wh_file_target *t, struct wh_error *err)
{
    if (t->kind == WH_FILE_STDOUT)
        return WH_OK;
    WH_TRY(wh_failpoint("publish.staged", err));
    if (t->kind == WH_FILE_SINGLE)
        WH_TRY(publish_single(t, err));
    else
        WH_TRY(t->mode == WH_APPEND ? publish_into_folder(t, err) : publish_new_folder(t, err));
    return sweep(t, err);
}
