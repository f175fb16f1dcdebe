/* base/json.h - reading JSON text that the program wrote itself: positions, checkpoints, specifications. */
#pragma once
#include <errno.h>
#include <jansson.h>

#include "wherry/error.h"

/* *out NULL: the text is no JSON; the caller says what it should have been. The caller drops *out. Fails only
 * with WH_NOMEM, which jansson itself does not always tell. */
static inline enum wh_status wh_json_load(json_t **out, const char *text, struct wh_error *err)
{
    errno = 0;
    *out = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    return *out == NULL && errno == ENOMEM ? wh_nomem(err) : WH_OK;
}
