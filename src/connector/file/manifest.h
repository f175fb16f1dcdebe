/* connector/file/manifest.h - _manifest.json: which files of a folder are the data set.
 *
 * Readers that follow the manifest see a run's files all at once or not at all. Form:
 *   {"version":1,"format":"parquet","files":[{"path":"part-..","rows":9,"bytes":99,"run":".."}, ...]}
 * Paths are relative to the folder. */
#pragma once
#include "wherry/bytes.h"

#define WH_MANIFEST_NAME "_manifest.json"

struct wh_manifest_file {
    char *path; /* owned, relative */
    int64_t rows;
    uint64_t bytes;
    char *run; /* owned: the run that wrote it */
};
struct wh_manifest {
    struct wh_manifest_file *files; /* owned */
    size_t n_files;
};

/* *found false and an empty manifest when the folder has none. Fails with WH_DATA for a damaged one. */
enum wh_status wh_manifest_read(struct wh_manifest *out, bool *found, const char *folder,
                                struct wh_error *err);
/* Adds a file; strings are copied. */
enum wh_status wh_manifest_add(struct wh_manifest *m, const struct wh_manifest_file *f, struct wh_error *err);
bool wh_manifest_has(const struct wh_manifest *m, const char *path);
/* Replaces the folder's manifest in one atomic step. */
enum wh_status wh_manifest_publish(const struct wh_manifest *m, const char *folder, const char *format,
                                   struct wh_error *err);
void wh_manifest_release(struct wh_manifest *m);
