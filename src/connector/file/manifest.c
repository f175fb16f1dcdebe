/* connector/file/manifest.c - see connector/file/manifest.h. */
#include "connector/file/manifest.h"

#include <jansson.h>

#include "base/fs.h"
#include "base/mem.h"

#define MANIFEST_MAX_BYTES ((size_t)64 << 20)

enum wh_status wh_manifest_add(struct wh_manifest *m, const struct wh_manifest_file *f, struct wh_error *err)
{
    struct wh_manifest_file *files = m->files;
    if ((m->n_files & (m->n_files - 1)) == 0) { /* a power of two: full */
        files = wh_realloc_array(m->files, m->n_files == 0 ? 1 : 2 * m->n_files, sizeof *files);
        if (files == NULL)
            return wh_nomem(err);
        m->files = files;
    }
    struct wh_manifest_file *to = &files[m->n_files];
    *to = (struct wh_manifest_file){.rows = f->rows, .bytes = f->bytes};
    m->n_files++;
    WH_TRY(wh_strdup(&to->path, f->path, err));
    return wh_strdup(&to->run, f->run, err);
}

bool wh_manifest_has(const struct wh_manifest *m, const char *path)
{
    for (size_t i = 0; i < m->n_files; i++)
        if (strcmp(m->files[i].path, path) == 0)
            return true;
    return false;
}

void wh_manifest_release(struct wh_manifest *m)
{
    for (size_t i = 0; i < m->n_files; i++) {
        free(m->files[i].path);
        free(m->files[i].run);
    }
    free(m->files);
    *m = (struct wh_manifest){0};
}

/* A path that leaves the folder would let a manifest name foreign files. */
static bool stays_inside(const char *path)
{
    if (path[0] == '/' || path[0] == '\0')
        return false;
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

static enum wh_status read_files(struct wh_manifest *m, const json_t *root, struct wh_error *err)
{
    json_t *files = json_object_get(root, "files");
    if (json_integer_value(json_object_get(root, "version")) != 1 || !json_is_array(files))
        return wh_fail(err, WH_DATA, "not a manifest of version 1");
    size_t i;
    json_t *item;
    json_array_foreach(files, i, item)
    {
        const char *path = json_string_value(json_object_get(item, "path"));
        const char *run = json_string_value(json_object_get(item, "run"));
        if (path == NULL || !stays_inside(path))
            return wh_fail(err, WH_DATA, "entry %zu has no path inside the folder", i);
        struct wh_manifest_file f = {.rows = json_integer_value(json_object_get(item, "rows")),
                                     .bytes = (uint64_t)json_integer_value(json_object_get(item, "bytes"))};
        char *path_copy = NULL, *run_copy = NULL;
        WH_TRY(wh_strdup(&path_copy, path, err));
        enum wh_status s = wh_strdup(&run_copy, run == NULL ? "" : run, err);
        f.path = path_copy;
        f.run = run_copy;
        if (s == WH_OK)
            s = wh_manifest_add(m, &f, err);
        free(path_copy);
        free(run_copy);
        WH_TRY(s);
    }
    return WH_OK;
}

enum wh_status wh_manifest_read(struct wh_manifest *out, bool *found, const char *folder,
                                struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *path = NULL;
    WH_TRY(wh_path_join(&path, folder, WH_MANIFEST_NAME, err));
    *found = wh_exists(path);
    *out = (struct wh_manifest){0};
    if (!*found)
        return WH_OK;
    WH_CLEANUP(wh_buffer_release) struct wh_buffer text = {0};
    WH_TRY(wh_read_file(&text, path, MANIFEST_MAX_BYTES, err));
    json_error_t why;
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &why);
    enum wh_status s =
        root == NULL ? wh_fail(err, WH_DATA, "line %d: %s", why.line, why.text) : read_files(out, root, err);
    json_decref(root);
    if (s != WH_OK) {
        wh_manifest_release(out);
        wh_wrap(err, "could not read manifest \"%s\"", path);
        return wh_hint(err, "remove the file if the folder's files are all wanted");
    }
    return WH_OK;
}

static json_t *to_json(const struct wh_manifest *m, const char *format)
{
    json_t *files = json_array();
    for (size_t i = 0; i < m->n_files; i++) {
        const struct wh_manifest_file *f = &m->files[i];
        json_array_append_new(files,
                              json_pack("{s:s, s:I, s:I, s:s}", "path", f->path, "rows", (json_int_t)f->rows,
                                        "bytes", (json_int_t)f->bytes, "run", f->run));
    }
    if (json_array_size(files) != m->n_files) {
        json_decref(files);
        return NULL;
    }
    return json_pack("{s:i, s:s, s:o}", "version", 1, "format", format, "files", files);
}

enum wh_status wh_manifest_publish(const struct wh_manifest *m, const char *folder, const char *format,
                                   struct wh_error *err)
{
    json_t *root = to_json(m, format);
    char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    if (text == NULL)
        return wh_nomem(err);
    WH_CLEANUP(wh_freep) char *owned = text, *path = NULL;
    WH_TRY(wh_path_join(&path, folder, WH_MANIFEST_NAME, err));
    return wh_publish_file(path, owned, strlen(owned), err);
}
