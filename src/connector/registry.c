/* connector/registry.c - the connectors compiled in, and the URIs that name them. */
#include "connector/registry.h"

#include "base/mem.h"
#include "base/options.h"
#include "base/percent.h"
#include "connector/file.h"
#include "connector/sqlite.h"

const struct wh_connector *const wh_connectors[] = {&wh_connector_file, &wh_connector_sqlite, NULL};

const struct wh_connector *wh_connector_find(const char *name)
{
    for (size_t i = 0; wh_connectors[i] != NULL; i++)
        if (strcmp(wh_connectors[i]->name, name) == 0)
            return wh_connectors[i];
    return NULL;
}

static const struct wh_connector *find_scheme(struct wh_slice scheme)
{
    for (size_t i = 0; wh_connectors[i] != NULL; i++)
        for (const char *const *s = wh_connectors[i]->schemes; *s != NULL; s++)
            if (wh_slice_eq(wh_slice_of(*s), scheme))
                return wh_connectors[i];
    return NULL;
}

/* Schemes that databases' users write although no connector has them yet give a good error, so the
 * candidates are only our own. */
static enum wh_status unknown_scheme(struct wh_slice scheme, struct wh_error *err)
{
    const char *candidates[64];
    size_t n = 0;
    for (size_t i = 0; wh_connectors[i] != NULL; i++)
        for (const char *const *s = wh_connectors[i]->schemes; *s != NULL && n + 1 < WH_COUNT(candidates);
             s++)
            candidates[n++] = *s;
    candidates[n] = NULL;
    char word[64];
    size_t len = WH_MIN(scheme.len, sizeof word - 1);
    memcpy(word, scheme.ptr, len);
    word[len] = '\0';
    wh_fail(err, WH_CONFIG, "no connector for \"%s://\"", word);
    const char *nearest = wh_nearest(word, candidates);
    if (nearest != NULL)
        return wh_hint(err, "did you mean %s://?", nearest);
    return wh_hint(err, "`wherry help connectors` lists the schemes");
}

static enum wh_status percent_decode(char **out, struct wh_slice s, struct wh_error *err)
{
    char *text = NULL;
    WH_TRY(wh_strndup(&text, s.ptr, s.len, err));
    size_t n;
    if (!wh_percent_decode(text, s.len, &n)) {
        free(text);
        wh_fail(err, WH_CONFIG, "invalid percent-encoding in \"%.*s\"", (int)WH_MIN(s.len, 100), s.ptr);
        return wh_hint(err, "write a percent sign as %%25");
    }
    text[n] = '\0';
    *out = text;
    return WH_OK;
}

static enum wh_status parse_query(struct wh_endpoint *e, struct wh_slice q, struct wh_error *err)
{
    size_t pairs = 1;
    for (size_t i = 0; i < q.len; i++)
        pairs += q.ptr[i] == '&';
    e->options = wh_alloc_array(2 * pairs + 1, sizeof *e->options);
    if (e->options == NULL)
        return wh_nomem(err);
    size_t n = 0;
    while (q.len > 0) {
        const char *amp = memchr(q.ptr, '&', q.len);
        size_t len = amp == NULL ? q.len : (size_t)(amp - q.ptr);
        const char *eq = memchr(q.ptr, '=', len);
        size_t name = eq == NULL ? len : (size_t)(eq - q.ptr);
        if (len > 0) {
            WH_TRY(percent_decode(&e->options[n], wh_slice(q.ptr, name), err));
            struct wh_slice value = eq == NULL ? wh_slice_of("true") : wh_slice(eq + 1, len - name - 1);
            WH_TRY(percent_decode(&e->options[n + 1], value, err));
            n += 2;
        }
        size_t skip = WH_MIN(len + 1, q.len);
        q = wh_slice(q.ptr + skip, q.len - skip);
    }
    return WH_OK;
}

/* Splits path?query#fragment. */
static enum wh_status parse_rest(struct wh_endpoint *e, struct wh_slice rest, struct wh_error *err)
{
    const char *hash = memchr(rest.ptr, '#', rest.len);
    if (hash != NULL) {
        size_t at = (size_t)(hash - rest.ptr);
        WH_TRY(percent_decode(&e->stream, wh_slice(hash + 1, rest.len - at - 1), err));
        rest.len = at;
    }
    const char *mark = memchr(rest.ptr, '?', rest.len);
    if (mark != NULL) {
        size_t at = (size_t)(mark - rest.ptr);
        WH_TRY(parse_query(e, wh_slice(mark + 1, rest.len - at - 1), err));
        rest.len = at;
    }
    WH_TRY(percent_decode(&e->location, rest, err));
    if (e->location[0] == '\0')
        return wh_fail(err, WH_CONFIG, "the URI names no file");
    return WH_OK;
}

/* Length of the path when a bare word names a database file by its suffix, else 0. */
static size_t database_path(const char *word)
{
    static const char *const suffixes[] = {".db", ".sqlite", ".sqlite3", ".db3"};
    size_t len = strcspn(word, "#?");
    for (size_t i = 0; i < WH_COUNT(suffixes); i++) {
        size_t n = strlen(suffixes[i]);
        if (len > n && strncmp(word + len - n, suffixes[i], n) == 0)
            return len;
    }
    return 0;
}

static enum wh_status parse_uri(struct wh_endpoint *e, const char *uri, struct wh_error *err)
{
    const char *sep = strstr(uri, "://");
    if (sep == NULL) {
        bool database = database_path(uri) > 0;
        e->connector = database ? &wh_connector_sqlite : &wh_connector_file;
        return database ? parse_rest(e, wh_slice_of(uri), err) : wh_strdup(&e->location, uri, err);
    }
    struct wh_slice scheme = wh_slice(uri, (size_t)(sep - uri));
    e->connector = find_scheme(scheme);
    if (e->connector == NULL)
        return unknown_scheme(scheme, err);
    struct wh_slice rest = wh_slice_of(sep + 3);
    if (e->connector == &wh_connector_sqlite) { /* three slashes: relative, four: absolute */
        if (rest.len > 0 && rest.ptr[0] == '/')
            rest = wh_slice(rest.ptr + 1, rest.len - 1);
    } else if (!wh_slice_eq(scheme, wh_slice_of("file"))) {
        WH_TRY(wh_strndup(&e->format, scheme.ptr, scheme.len, err));
    }
    return parse_rest(e, rest, err);
}

enum wh_status wh_endpoint_parse(struct wh_endpoint *out, const char *uri, struct wh_error *err)
{
    struct wh_endpoint e = {0};
    if (uri[0] == '\0')
        return wh_fail(err, WH_CONFIG, "empty source or destination");
    enum wh_status s = parse_uri(&e, uri, err);
    if (s != WH_OK) {
        wh_endpoint_release(&e);
        return s;
    }
    *out = e;
    return WH_OK;
}

void wh_endpoint_release(struct wh_endpoint *e)
{
    free(e->location);
    free(e->stream);
    free(e->format);
    wh_strv_free(e->options);
    *e = (struct wh_endpoint){0};
}
