/* connector/registry.h - the list of connectors, and URIs that name them.
 *
 * An endpoint is written as one of
 *   orders.csv   'logs/a*.gz'   lake/orders/   -          a path, a pattern, a folder, standard input or
 * output csv:///abs/x.txt   file://rel/x   parquet://lake/     scheme:// and the path behind it
 *   sqlite:///rel.db   sqlite:////abs/x.db   shop.db      a database file, by its scheme or suffix
 * then, with a scheme or a database suffix, ?option=value&... and #stream, both percent-encoded by
 * RFC 3986; #query:SELECT ... is a query. */
#pragma once
#include "wherry/connector.h"

/* All connectors, NULL-ended; static. */
extern const struct wh_connector *const wh_connectors[];
/* By name or NULL. */
const struct wh_connector *wh_connector_find(const char *name);

struct wh_endpoint {
    const struct wh_connector *connector; /* static */
    char *location;                       /* owned: path, without scheme */
    char *stream;                         /* owned: what stands behind '#', or NULL */
    char *format;                         /* owned: "csv" of csv://, or NULL */
    char **options;                       /* owned, NULL-ended: name, value, name, value ... of the query */
};
/* Fails: WH_CONFIG for a scheme nobody has (with the nearest one as hint) or bad percent-encoding. */
enum wh_status wh_endpoint_parse(struct wh_endpoint *out, const char *uri, struct wh_error *err);
void wh_endpoint_release(struct wh_endpoint *e);
