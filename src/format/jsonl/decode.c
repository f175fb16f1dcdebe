/* format/jsonl/decode.c - records to columns: objects, keys, lists; see decode.h. */
#include "format/jsonl/decode.h"

#include "base/mem.h"
#include "format/jsonl/decode_int.h"

enum wh_status wh_jsonl_decoder_init(struct wh_jsonl_decoder *d, const struct wh_jsonl_plan *plan,
                                     struct wh_jsonl_lexer *x, struct wh_error *err)
{
    *d = (struct wh_jsonl_decoder){.plan = plan, .x = x};
    d->followers = wh_alloc_array(plan->n_hints, sizeof *d->followers);
    d->stamps = wh_alloc_array(plan->n_stamps, sizeof *d->stamps);
    if (d->followers == NULL || d->stamps == NULL) {
        wh_jsonl_decoder_release(d);
        return wh_nomem(err);
    }
    return WH_OK;
}

void wh_jsonl_decoder_release(struct wh_jsonl_decoder *d)
{
    free(d->followers);
    free(d->stamps);
    *d = (struct wh_jsonl_decoder){0};
}

/* ---- keys ---------------------------------------------------------------------------------------- */

static const uint8_t *key_fault(struct wh_jsonl_decoder *d, const uint8_t *p, const char *reason)
{
    const uint8_t *behind = wh_jsonl_skip_string(d->x, p);
    d->key = wh_slice((const char *)p + 1, (size_t)(behind - p) - 2);
    return wh_jsonl_malformed(d->x, p, reason);
}

/* A key without a place in the plan: passed over with its value when only some keys are wanted, else the
 * plan needs a wider type. */
static const uint8_t *unknown_key(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *object,
                                  const uint8_t *key, const uint8_t *value)
{
    if (object == &d->plan->root && d->plan->is_selection)
        return wh_jsonl_skip(d->x, value);
    if (wh_jsonl_skip(d->x, value) == NULL)
        return NULL;
    key_fault(d, key, "key is not in the columns that were found");
    d->x->fault.status = WH_WIDEN;
    d->node = object;
    return NULL;
}

/* The slow way to the key at p: its number at *number, or WH_JSONL_NO_KEY; returns the place of its value. */
static const uint8_t *find_key(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *object,
                               const uint8_t *p, uint32_t *number)
{
    struct wh_slice name;
    if (*p != '"')
        return wh_jsonl_unexpected(d->x, p, "expected a key");
    const uint8_t *behind = wh_jsonl_string(d->x, p, &name);
    if (behind == NULL)
        return NULL;
    if (memchr(name.ptr, '\0', name.len) != NULL)
        return key_fault(d, p, "key with a NUL character");
    *number = wh_jsonl_keys_find(&object->keys, name);
    behind = wh_jsonl_space(d->x, behind);
    return *behind == ':' ? behind + 1 : wh_jsonl_unexpected(d->x, behind, "expected ':'");
}

static const uint8_t *skipped_member(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                     const uint8_t *key, const uint8_t *p)
{
    if (d->stamps[node->stamp] == d->record)
        return key_fault(d, key, "duplicate key");
    d->stamps[node->stamp] = d->record;
    return wh_jsonl_skip(d->x, p);
}

/* The value of a member, for row `row` of its column. */
static inline const uint8_t *member(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                    struct wh_column *columns, int64_t row, const uint8_t *key,
                                    const uint8_t *p)
{
    if (node->op == WH_JSONL_OP_SKIP)
        return skipped_member(d, node, key, p);
    struct wh_column *c = &columns[node->slot];
    if (c->length != row) {
        if (c->length > row)
            return key_fault(d, key, "duplicate key");
        if (!wh_jsonl_put_nulls(c, row - c->length, &d->x->err))
            return wh_jsonl_fatal(d->x, p);
    }
    return wh_jsonl_decode_value(d, node, c, p);
}

/* The members of an object, p behind its brace, into the columns that belong to them. */
static const uint8_t *members(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *object,
                              struct wh_column *columns, int64_t row, const uint8_t *p)
{
    uint32_t *followers = d->followers + object->hints, last = 0;
    p = wh_jsonl_space(d->x, p);
    if (*p == '}')
        return p + 1;
    for (;;) {
        const uint8_t *key = p;
        uint32_t number = followers[last];
        if (number < object->n_children && wh_jsonl_key_at(&object->keys.items[number], p)) {
            p += object->keys.items[number].text_bytes;
        } else {
            p = find_key(d, object, p, &number);
            if (p == NULL)
                return NULL;
        }
        p = wh_jsonl_space(d->x, p);
        if (number == WH_JSONL_NO_KEY) {
            p = unknown_key(d, object, key, p);
        } else {
            followers[last] = number;
            last = number + 1;
            p = member(d, &object->children[number], columns, row, key, p);
        }
        if (p == NULL)
            return NULL;
        p = wh_jsonl_space(d->x, p);
        if (*p == '}')
            return p + 1;
        if (*p != ',')
            return wh_jsonl_unexpected(d->x, p, "expected ',' or '}'");
        p = wh_jsonl_space(d->x, p + 1);
    }
}

/* ---- nested values --------------------------------------------------------------------------------- */

const uint8_t *wh_jsonl_decode_struct(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                      struct wh_column *c, const uint8_t *p)
{
    p = members(d, node, c->children, c->length, p + 1);
    if (p != NULL && !wh_jsonl_count(c, &d->x->err))
        return wh_jsonl_fatal(d->x, p);
    return p;
}

const uint8_t *wh_jsonl_decode_list(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                    struct wh_column *c, const uint8_t *p)
{
    struct wh_column *elements = &c->children[0];
    p = wh_jsonl_space(d->x, p + 1);
    for (bool is_first = true; *p != ']' || !is_first; is_first = false) {
        p = wh_jsonl_decode_value(d, &node->children[0], elements, p);
        if (p == NULL)
            return NULL;
        p = wh_jsonl_space(d->x, p);
        if (*p == ']')
            break;
        if (*p != ',')
            return wh_jsonl_unexpected(d->x, p, "expected ',' or ']'");
        p = wh_jsonl_space(d->x, p + 1);
    }
    if (!wh_jsonl_put_end(c, (size_t)elements->length, &d->x->err))
        return wh_jsonl_fatal(d->x, p);
    return p + 1;
}

/* ---- records --------------------------------------------------------------------------------------- */

static const uint8_t *decode_plain_value(struct wh_jsonl_decoder *d, struct wh_batch *batch, const uint8_t *p)
{
    const struct wh_jsonl_node *root = &d->plan->root;
    if (*p == '{' && root->op != WH_JSONL_OP_JSON) { /* makes all records objects */
        const uint8_t *behind = wh_jsonl_skip(d->x, p);
        if (behind != NULL)
            d->x->fault = (struct wh_jsonl_fault){WH_WIDEN, p, "an object among other values"};
        return NULL;
    }
    if (root->op == WH_JSONL_OP_SKIP)
        return wh_jsonl_skip(d->x, p);
    return wh_jsonl_decode_value(d, root, &batch->columns[root->slot], p);
}

const uint8_t *wh_jsonl_decode(struct wh_jsonl_decoder *d, struct wh_batch *batch, const uint8_t *p)
{
    d->node = NULL;
    d->key = (struct wh_slice){0};
    d->record++;
    if (p == d->x->end)
        return wh_jsonl_malformed(d->x, NULL, "the array has no end");
    if (d->plan->rows_are_values)
        return decode_plain_value(d, batch, p);
    if (*p == '{')
        return members(d, &d->plan->root, batch->columns, batch->rows, p + 1);
    const uint8_t *behind = wh_jsonl_skip(d->x, p);
    return behind == NULL ? NULL : wh_jsonl_malformed(d->x, NULL, "the record is no object");
}
