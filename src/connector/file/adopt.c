/* connector/file/adopt.c - files of another folder into a target; see connector/file.h. */
#include "connector/file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "connector/file/manifest.h"
#include "connector/file/target_int.h"

static enum wh_status link_file(struct wh_stage_file *f, const char *from, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, f->path, err));
    WH_TRY(wh_make_dirs(dir, err));
    struct stat st;
    if (link(from, f->path) != 0 || stat(f->path, &st) != 0)
        return wh_fail_errno(err, errno, "could not link \"%s\" to \"%s\"", f->path, from);
    if ((uint64_t)st.st_size != f->bytes)
        return wh_fail(err, WH_STATE, "file \"%s\" has %lld bytes, its manifest says %llu", from,
                       (long long)st.st_size, (unsigned long long)f->bytes);
    f->inode = st.st_ino;
    return WH_OK;
}

static enum wh_status adopt_file(struct wh_file_target *t, const char *folder,
                                 const struct wh_manifest_file *m, struct wh_error *err)
{
    struct wh_stage_file *files = wh_realloc_array(t->files, t->n_files + 1, sizeof *files);
    if (files == NULL)
        return wh_nomem(err);
    t->files = files;
    struct wh_stage_file *f = &files[t->n_files++];
    *f = (struct wh_stage_file){.fd = -1, .ended = true, .bytes = m->bytes, .rows = m->rows};
    const char *slash = strrchr(m->path, '/');
    size_t dir = slash == NULL ? 0 : (size_t)(slash - m->path) + 1;
    WH_CLEANUP(wh_freep) char *from = NULL;
    WH_TRY(wh_strndup(&f->folder, m->path, dir, err));
    WH_TRY(wh_strdup(&f->name, m->path + dir, err));
    WH_TRY(wh_path_join(&f->path, t->staging, m->path, err));
    WH_TRY(wh_path_join(&from, folder, m->path, err));
    WH_TRY(link_file(f, from, err));
    t->rows += f->rows;
    return WH_OK;
}

enum wh_status wh_file_adopt(struct wh_target *target, const char *folder, int64_t *rows,
                             struct wh_error *err)
{
    struct wh_file_target *t = (struct wh_file_target *)target;
    struct wh_manifest m;
    bool found;
    *rows = 0;
    WH_TRY(wh_manifest_read(&m, &found, folder, err));
    enum wh_status s = found ? WH_OK : wh_fail(err, WH_STATE, "folder \"%s\" has no manifest", folder);
    for (size_t i = 0; s == WH_OK && i < m.n_files; i++) {
        *rows += m.files[i].rows;
        if (m.files[i].rows > 0)
            s = adopt_file(t, folder, &m.files[i], err);
    }
    wh_manifest_release(&m);
    return s;
}
