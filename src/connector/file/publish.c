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

static enum wh_status sync_folders(const struct wh_file_target *t, const char *root, struct wh_error *err)
{
    const char *last = NULL;
    for (size_t i = 0; i < t->n_files; i++) {
        const char *folder = t->files[i].folder;
        if (last != NULL && strcmp(folder, last) == 0)
            continue;
        last = folder;
        WH_CLEANUP(wh_freep) char *path = NULL;
        WH_TRY(wh_path_join(&path, root, folder, err));
        WH_TRY(wh_sync_dir(path, err));
    }
    return wh_sync_dir(root, err);
}

/* Files below folder that the manifest does not list, in *first the first such name. */
static enum wh_status find_foreign(const struct wh_manifest *m, const char *root, const char *below,
                                   char **first, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *folder = NULL;
    WH_TRY(wh_path_join(&folder, root, below, err));
    DIR *d = opendir(folder);
    if (d == NULL)
        return wh_fail_errno(err, errno, "could not read folder \"%s\"", folder);
    enum wh_status s = WH_OK;
    for (struct dirent *e; s == WH_OK && *first == NULL && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            strcmp(e->d_name, WH_MANIFEST_NAME) == 0 || strncmp(e->d_name, ".wherry-", 8) == 0)
            continue;
        WH_CLEANUP(wh_freep) char *relative = NULL, *path = NULL;
        if (asprintf(&relative, "%s%s%s", below, below[0] == '\0' ? "" : "/", e->d_name) < 0) {
            relative = NULL;
            s = wh_nomem(err);
            break;
        }
        s = wh_path_join(&path, root, relative, err);
        if (s == WH_OK && wh_is_dir(path))
            s = find_foreign(m, root, relative, first, err);
        else if (s == WH_OK && !wh_manifest_has(m, relative))
            *first = WH_TAKE(relative);
    }
    closedir(d);
    return s;
}

enum wh_status wh_file_check_replace(const struct wh_file_target *t, struct wh_error *err)
{
    if (t->kind != WH_FILE_FOLDER || t->mode == WH_APPEND || !wh_exists(t->location))
        return WH_OK;
    struct wh_manifest m;
    bool found;
    WH_TRY(wh_manifest_read(&m, &found, t->location, err));
    WH_CLEANUP(wh_freep) char *foreign = NULL;
    enum wh_status s = find_foreign(&m, t->location, "", &foreign, err);
    wh_manifest_release(&m);
    if (s == WH_OK && foreign != NULL) {
        s = wh_fail(err, WH_CONFIG, "could not replace folder \"%s\": wherry did not write \"%s\" in it",
                    t->location, foreign);
        wh_hint(err, "choose an empty folder, remove the files yourself, or use --mode append");
    }
    return s;
}

static enum wh_status rename_to(const char *from, const char *to, unsigned flags, struct wh_error *err)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) == 0)
        return WH_OK;
    return wh_fail_errno(err, errno, "could not rename \"%s\" to \"%s\"", from, to);
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
    if (asprintf(&old, "%s.old", t->staging) < 0) {
        old = NULL;
        return wh_nomem(err);
    }
    WH_TRY(rename_to(t->location, old, RENAME_NOREPLACE, err));
    WH_TRY(rename_to(t->staging, t->location, RENAME_NOREPLACE, err));
    return wh_remove_tree(old, err);
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
    }
    WH_TRY(sync_parent(t, err));
    return wh_remove_tree(t->staging, err); /* the old folder, after an exchange */
}

static enum wh_status move_into_folder(const struct wh_file_target *t, const struct wh_stage_file *f,
                                       struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *folder = NULL, *final = NULL;
    WH_TRY(wh_path_join(&folder, t->location, f->folder, err));
    WH_TRY(wh_make_dirs(folder, err));
    WH_TRY(wh_path_join(&final, folder, f->name, err));
    struct stat st;
    if (stat(final, &st) == 0 && st.st_ino == f->inode)
        return WH_OK;
    return rename_to(f->path, final, RENAME_NOREPLACE, err);
}

/* A folder without manifest that has files already: they belong to the data set, so they are listed. */
static enum wh_status adopt_existing(const struct wh_file_target *t, struct wh_manifest *m,
                                     struct wh_error *err)
{
    for (;;) {
        char *foreign = NULL;
        WH_TRY(find_foreign(m, t->location, "", &foreign, err));
        if (foreign == NULL)
            return WH_OK;
        const struct wh_manifest_file entry = {.path = foreign, .rows = -1, .run = (char *)(uintptr_t) ""};
        enum wh_status s = wh_manifest_add(m, &entry, err);
        free(foreign);
        WH_TRY(s);
    }
}

static enum wh_status publish_into_folder(struct wh_file_target *t, struct wh_error *err)
{
    struct wh_manifest m;
    bool found;
    WH_TRY(wh_manifest_read(&m, &found, t->location, err));
    enum wh_status s = found ? WH_OK : adopt_existing(t, &m, err);
    for (size_t i = 0; s == WH_OK && i < t->n_files; i++)
        s = move_into_folder(t, &t->files[i], err);
    if (s == WH_OK)
        s = sync_folders(t, t->location, err);
    if (s == WH_OK)
        s = add_to_manifest(t, &m, err);
    if (s == WH_OK)
        s = wh_manifest_publish(&m, t->location, t->setup.format->name, err);
    wh_manifest_release(&m);
    WH_TRY(s);
    return wh_remove_tree(t->staging, err);
}

static enum wh_status publish_single(struct wh_file_target *t, struct wh_error *err)
{
    if (!t->published)
        WH_TRY(rename_to(t->staging, t->location, 0, err));
    return sync_parent(t, err);
}

enum wh_status wh_file_publish(struct wh_file_target *t, struct wh_error *err)
{
    switch (t->kind) {
    case WH_FILE_STDOUT:
        return WH_OK;
    case WH_FILE_SINGLE:
        return publish_single(t, err);
    case WH_FILE_FOLDER:
        return t->mode == WH_APPEND ? publish_into_folder(t, err) : publish_new_folder(t, err);
    }
    return WH_OK;
}
