/* engine/schema_json.h - schemas as JSON, for the store and for plans:
 * [{"name":"id","type":"int64","nullable":true}, ...]. */
#pragma once
#include <jansson.h>

#include "wherry/batch.h"

/* NULL without memory. */
json_t *wh_schema_to_json(const struct wh_schema *s);
enum wh_status wh_schema_text(char **out, const struct wh_schema *s, struct wh_error *err);
/* Fails: WH_STATE. */
enum wh_status wh_schema_from_text(struct wh_schema *out, const char *text, struct wh_error *err);
/* Same names, types and order. */
bool wh_schema_same(const struct wh_schema *a, const struct wh_schema *b);
