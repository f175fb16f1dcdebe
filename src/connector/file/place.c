/* connector/file/place.c - see connector/file/place.h. */
#include "connector/file/place.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>

#include "base/fs.h"
#include "base/mem.h"
#include "connector/file/manifest.h"

#define MAX_FOLDER_DEPTH 32

/* A growing list of paths. */
struct paths {
    char **items; /* owned, NULL-ended once non-empty */
    size_t n;
};

static enum wh_status paths_add(struct paths *p, char *path, struct wh_error *err)
{
    char **items = wh_realloc_array(p->items, p->n + 2, sizeof *items);
    if (items == NULL) {
        free(path);
        return wh_nomem(err);
    }
    p->items = items;
    items[p->n++] = path;
    items[p->n] = NULL;
    return WH_OK;
}

static size_t special_at(const char *location)
{
    return strcspn(location, "*?[");
}

static bool is_pattern(const char *location)
{
    return location[special_at(location)] != '\0' && !wh_exists(location);
}

static bool is_hidden(const char *name)
{
    return name[0] == '.' || name[0] == '_';
}

/* What a walk through folders takes: everything, or paths that match a pattern. */
struct walk {
    struct paths *out;
    const char *pattern; /* NULL: all */
};

static enum wh_status walk_folder(const struct walk *w, const char *folder, int depth, struct wh_error *err);

static bool matches(const struct walk *w, const char *path)
{
    if (w->pattern == NULL)
        return true;
    const char *p = strncmp(path, "./", 2) == 0 && strncmp(w->pattern, "./", 2) != 0 ? path + 2 : path;
    bool crosses = strstr(w->pattern, "**") != NULL;
    return fnmatch(w->pattern, p, FNM_PERIOD | (crosses ? 0 : FNM_PATHNAME)) == 0;
}

static enum wh_status walk_entry(const struct walk *w, const char *folder, const char *name, int depth,
                                 struct wh_error *err)
{
    char *path = NULL;
    WH_TRY(wh_path_join(&path, folder, name, err));
    if (wh_is_dir(path)) {
        enum wh_status s = walk_folder(w, path, depth + 1, err);
        free(path);
        return s;
    }
    if (matches(w, path))
        return paths_add(w->out, path, err);
    free(path);
    return WH_OK;
}

static enum wh_status walk_folder(const struct walk *w, const char *folder, int depth, struct wh_error *err)
{
    if (depth > MAX_FOLDER_DEPTH)
        return wh_fail(err, WH_LIMIT, "could not read folder \"%s\": more than %d folders deep", folder,
                       MAX_FOLDER_DEPTH);
    DIR *d = opendir(folder);
    if (d == NULL) {
        wh_fail_errno(err, errno, "could not read folder \"%s\"", folder);
        if (errno == ENOENT)
            err->code = WH_CONFIG;
        return err->code;
    }
    enum wh_status s = WH_OK;
    for (struct dirent *e; s == WH_OK && (e = readdir(d)) != NULL;)
        if (!is_hidden(e->d_name))
            s = walk_entry(w, folder, e->d_name, depth, err);
    closedir(d);
    return s;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum wh_status expand_manifest(struct paths *out, const char *folder, bool *found,
                                      struct wh_error *err)
{
    struct wh_manifest m;
    WH_TRY(wh_manifest_read(&m, found, folder, err));
    enum wh_status s = WH_OK;
    for (size_t i = 0; s == WH_OK && i < m.n_files; i++) {
        char *path = NULL;
        s = wh_path_join(&path, folder, m.files[i].path, err);
        if (s == WH_OK)
            s = paths_add(out, path, err);
    }
    wh_manifest_release(&m);
    return s;
}

static enum wh_status expand_folder(struct paths *out, const char *folder, struct wh_error *err)
{
    bool found;
    WH_TRY(expand_manifest(out, folder, &found, err));
    struct walk w = {.out = out};
    if (!found)
        WH_TRY(walk_folder(&w, folder, 0, err));
    if (out->n == 0)
        return wh_fail(err, WH_CONFIG, "folder \"%s\" has no files to read", folder);
    return WH_OK;
}

static enum wh_status expand_pattern(struct paths *out, const char *pattern, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *root = NULL;
    WH_TRY(wh_place_root(&root, pattern, err));
    if (!wh_is_dir(root))
        return wh_fail(err, WH_CONFIG, "no file matches \"%s\": folder \"%s\" does not exist", pattern, root);
    struct walk w = {.out = out, .pattern = pattern};
    WH_TRY(walk_folder(&w, root, 0, err));
    return out->n > 0 ? WH_OK : wh_fail(err, WH_CONFIG, "no file matches \"%s\"", pattern);
}

static enum wh_status find_paths(struct paths *out, const char *location, struct wh_error *err)
{
    if (is_pattern(location))
        return expand_pattern(out, location, err);
    if (strcmp(location, "-") != 0 && wh_is_dir(location))
        return expand_folder(out, location, err);
    char *copy = NULL;
    WH_TRY(wh_strdup(&copy, location, err));
    return paths_add(out, copy, err);
}

enum wh_status wh_place_expand(struct wh_file_set *out, const char *location, struct wh_error *err)
{
    struct paths found = {0};
    struct wh_file_set set = {0};
    enum wh_status s = find_paths(&found, location, err);
    if (s == WH_OK) {
        qsort(found.items, found.n, sizeof *found.items, by_name);
        set.files = wh_alloc_array(found.n, sizeof *set.files);
        s = set.files == NULL ? wh_nomem(err) : WH_OK;
    }
    for (size_t i = 0; s == WH_OK && i < found.n; i++) {
        s = wh_file_init(&set.files[i], found.items[i], err);
        set.n_files += s == WH_OK;
    }
    wh_strv_free(found.items);
    if (s != WH_OK) {
        wh_file_set_release(&set);
        return s;
    }
    *out = set;
    return WH_OK;
}

enum wh_status wh_place_root(char **out, const char *location, struct wh_error *err)
{
    if (!is_pattern(location))
        return wh_strdup(out, location, err);
    size_t end = special_at(location);
    while (end > 0 && location[end - 1] != '/')
        end--;
    return end == 0 ? wh_strdup(out, ".", err) : wh_strndup(out, location, end, err);
}

enum wh_status wh_place_name(char **out, const char *location, struct wh_error *err)
{
    if (strcmp(location, "-") == 0)
        return wh_strdup(out, "stdin", err);
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, location, err));
    size_t len = strcspn(base, ".*?[");
    while (len > 0 && strchr("-_ ", base[len - 1]) != NULL)
        len--;
    if (len > 0)
        return wh_strndup(out, base, len, err);
    WH_CLEANUP(wh_freep) char *up = NULL, *folder = NULL; /* "logs/ *.csv" is named after its folder */
    WH_TRY(wh_path_split(&up, &folder, dir, err));
    return wh_strdup(out, folder[0] == '\0' || folder[0] == '.' ? "data" : folder, err);
}
