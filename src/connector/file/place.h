/* connector/file/place.h - from a path, pattern or folder to the files that it means. */
#pragma once
#include "format/input.h"

/* Files of a location in the order of their names: one file, "-", a glob pattern (** crosses folders), or
 * all files below a folder whose names and folders do not start with '.' or '_'. A folder with a
 * wherry manifest means the files that the manifest lists. Fails: WH_CONFIG when nothing is there. */
enum wh_status wh_place_expand(struct wh_file_set *out, const char *location, struct wh_error *err);
/* Where the files' folder names become columns (Hive): the folder itself, or the part of a pattern before
 * its first special character. The caller frees. */
enum wh_status wh_place_root(char **out, const char *location, struct wh_error *err);
/* "orders" of lake/orders.csv.gz, lake/orders/ or "orders*.csv"; "stdin" of "-". The caller frees. */
enum wh_status wh_place_name(char **out, const char *location, struct wh_error *err);
