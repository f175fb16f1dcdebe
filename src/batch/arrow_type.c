/* batch/arrow_type.c - schemas to and from the Arrow C data interface ("Structure definitions", "Data type
 * description - format strings"). */
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "batch/arrow_int.h"
#include "batch/text.h"

/* Types without parameters. `out`: the format is what we write for the type. */
static const struct plain {
    const char *format;
    enum wh_type type;
    bool out;
    enum wh_time_unit unit;
    struct wh_arrow_type layout;
} plain_types[] = {
    {"n", WH_NULL, true, 0, {WH_ARROW_NONE, 0, 0, 0}},
    {"b", WH_BOOL, true, 0, {WH_ARROW_BITS, 1, 2, 0}},
    {"c", WH_INT8, true, 0, {WH_ARROW_SAME, 1, 2, 0}},
    {"C", WH_UINT8, true, 0, {WH_ARROW_SAME, 1, 2, 0}},
    {"s", WH_INT16, true, 0, {WH_ARROW_SAME, 2, 2, 0}},
    {"S", WH_UINT16, true, 0, {WH_ARROW_SAME, 2, 2, 0}},
    {"i", WH_INT32, true, 0, {WH_ARROW_SAME, 4, 2, 0}},
    {"I", WH_UINT32, true, 0, {WH_ARROW_SAME, 4, 2, 0}},
    {"l", WH_INT64, true, 0, {WH_ARROW_SAME, 8, 2, 0}},
    {"L", WH_UINT64, true, 0, {WH_ARROW_SAME, 8, 2, 0}},
    {"e", WH_FLOAT32, false, 0, {WH_ARROW_HALF, 2, 2, 0}},
    {"f", WH_FLOAT32, true, 0, {WH_ARROW_SAME, 4, 2, 0}},
    {"g", WH_FLOAT64, true, 0, {WH_ARROW_SAME, 8, 2, 0}},
    {"z", WH_BINARY, true, 0, {WH_ARROW_OFFSETS32, 0, 3, 0}},
    {"Z", WH_BINARY, false, 0, {WH_ARROW_OFFSETS64, 0, 3, 0}},
    {"u", WH_UTF8, true, 0, {WH_ARROW_OFFSETS32, 0, 3, 0}},
    {"U", WH_UTF8, false, 0, {WH_ARROW_OFFSETS64, 0, 3, 0}},
    {"u", WH_JSON, true, 0, {WH_ARROW_OFFSETS32, 0, 3, 0}},
    {"w:16", WH_UUID, true, 0, {WH_ARROW_FIXED_SIZE, 16, 2, 0}},
    {"tdD", WH_DATE32, true, 0, {WH_ARROW_SAME, 4, 2, 0}},
    {"tdm", WH_DATE32, false, 0, {WH_ARROW_DATE64, 8, 2, 0}},
    {"tts", WH_TIME64, false, WH_MICRO, {WH_ARROW_TIME32, 4, 2, 1000000}},
    {"ttm", WH_TIME64, false, WH_MICRO, {WH_ARROW_TIME32, 4, 2, 1000}},
    {"ttu", WH_TIME64, true, WH_MICRO, {WH_ARROW_SAME, 8, 2, 0}},
    {"ttn", WH_TIME64, true, WH_NANO, {WH_ARROW_SAME, 8, 2, 0}},
    {"tiM", WH_INTERVAL, false, 0, {WH_ARROW_MONTHS, 4, 2, 0}},
    {"tiD", WH_INTERVAL, false, 0, {WH_ARROW_DAY_TIME, 8, 2, 0}},
    {"tin", WH_INTERVAL, true, 0, {WH_ARROW_SAME, 16, 2, 0}},
    {"+l", WH_LIST, true, 0, {WH_ARROW_OFFSETS32, 0, 2, 0}},
    {"+L", WH_LIST, false, 0, {WH_ARROW_OFFSETS64, 0, 2, 0}},
    {"+s", WH_STRUCT, true, 0, {WH_ARROW_STRUCT, 0, 1, 0}},
    {"+m", WH_MAP, true, 0, {WH_ARROW_OFFSETS32, 0, 2, 0}},
};
static const char time_units[] = {[WH_SECOND] = 's', [WH_MILLI] = 'm', [WH_MICRO] = 'u', [WH_NANO] = 'n'};

#define NAME_KEY "ARROW:extension:name"
static const struct extension {
    enum wh_type type;
    const char *name;
} extensions[] = {
    {WH_UUID, "arrow.uuid"},
    {WH_JSON, "arrow.json"},
};

static const struct extension *extension_of(enum wh_type type)
{
    for (size_t i = 0; i < WH_COUNT(extensions); i++)
        if (extensions[i].type == type)
            return &extensions[i];
    return NULL;
}

/* ---- out -------------------------------------------------------------------------------------- */

/* What a schema owns behind private_data. */
struct schema_private {
    char *format, *name;
    uint8_t *metadata;
    struct ArrowSchema *children;
    struct ArrowSchema **pointers;
};

static void release_schema(struct ArrowSchema *s)
{
    struct schema_private *p = s->private_data;
    for (int64_t i = 0; p->children != NULL && i < s->n_children; i++)
        if (p->children[i].release != NULL)
            p->children[i].release(&p->children[i]);
    free(p->format);
    free(p->name);
    free(p->metadata);
    free(p->children);
    free(p->pointers);
    free(p);
    s->release = NULL;
}

static const char *plain_format(const struct wh_field *f)
{
    for (size_t i = 0; i < WH_COUNT(plain_types); i++)
        if (plain_types[i].out && plain_types[i].type == f->type &&
            (f->type != WH_TIME64 || plain_types[i].unit == f->unit))
            return plain_types[i].format;
    return "";
}

static enum wh_status set_format(struct schema_private *p, const struct wh_field *f, struct wh_error *err)
{
    const char *zone = f->zone == NULL ? "" : f->zone;
    size_t size = 32 + strlen(zone);
    p->format = malloc(size);
    if (p->format == NULL)
        return wh_nomem(err);
    if (f->type == WH_DECIMAL)
        snprintf(p->format, size, f->precision > 38 ? "d:%d,%d,256" : "d:%d,%d", f->precision, f->scale);
    else if (f->type == WH_TIMESTAMP)
        snprintf(p->format, size, "ts%c:%s", time_units[f->unit], zone);
    else
        snprintf(p->format, size, "%s", plain_format(f));
    return WH_OK;
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
    int32_t n = (int32_t)strlen(text);
    memcpy(to, &n, sizeof n);
    memcpy(to + sizeof n, text, (size_t)n);
    return to + sizeof n + (size_t)n;
}

/* The name of the extension type: count, then key and value with their lengths, in native byte order. */
static enum wh_status set_metadata(struct schema_private *p, const char *extension, struct wh_error *err)
{
    static const char data_key[] = "ARROW:extension:metadata";
    p->metadata = malloc(5 * sizeof(int32_t) + strlen(NAME_KEY) + strlen(extension) + strlen(data_key));
    if (p->metadata == NULL)
        return wh_nomem(err);
    memcpy(p->metadata, &(int32_t){2}, sizeof(int32_t));
    uint8_t *end = put_text(put_text(p->metadata + sizeof(int32_t), NAME_KEY), extension);
    put_text(put_text(end, data_key), "");
    return WH_OK;
}

static enum wh_status export_field(struct ArrowSchema *out, const struct wh_field *f, struct wh_error *err);

static enum wh_status fill_schema(struct ArrowSchema *out, struct schema_private *p, const struct wh_field *f,
                                  struct wh_error *err)
{
    WH_TRY(set_format(p, f, err));
    WH_TRY(wh_strdup(&p->name, f->name == NULL ? "" : f->name, err));
    const struct extension *extension = extension_of(f->type);
    if (extension != NULL)
        WH_TRY(set_metadata(p, extension->name, err));
    p->children = wh_alloc_array(f->n_children, sizeof *p->children);
    p->pointers = wh_alloc_array(f->n_children, sizeof *p->pointers);
    if (p->children == NULL || p->pointers == NULL)
        return wh_nomem(err);
    *out = (struct ArrowSchema){.format = p->format,
                                .name = p->name,
                                .metadata = (const char *)p->metadata,
                                .flags = f->nullable ? ARROW_FLAG_NULLABLE : 0,
                                .n_children = (int64_t)f->n_children,
                                .children = f->n_children == 0 ? NULL : p->pointers,
                                .release = release_schema,
                                .private_data = p};
    for (size_t i = 0; i < f->n_children; i++) {
        p->pointers[i] = &p->children[i];
        WH_TRY(export_field(p->pointers[i], &f->children[i], err));
    }
    return WH_OK;
}

static enum wh_status export_field(struct ArrowSchema *out, const struct wh_field *f, struct wh_error *err)
{
    struct schema_private *p = wh_alloc(sizeof *p);
    if (p == NULL)
        return wh_nomem(err);
    struct ArrowSchema made = {.release = release_schema, .private_data = p};
    enum wh_status s = fill_schema(&made, p, f, err);
    if (s != WH_OK)
        release_schema(&made);
    else
        *out = made;
    return s;
}

enum wh_status wh_arrow_export_schema(struct ArrowSchema *out, const struct wh_schema *s,
                                      struct wh_error *err)
{
    struct wh_field top = {.type = WH_STRUCT, .children = s->fields, .n_children = s->n_fields};
    return export_field(out, &top, err);
}

/* ---- in --------------------------------------------------------------------------------------- */

static enum wh_status no_type(const struct ArrowSchema *s, const char *why, struct wh_error *err)
{
    return wh_fail(err, WH_CONFIG, "could not import column \"%.64s\" of arrow type \"%.64s\": %s",
                   s->name == NULL ? "" : s->name, s->format == NULL ? "" : s->format, why);
}

/* Reads the metadata of a schema for its extension type; bounds are ours, the format has none. */
static bool has_extension(const struct ArrowSchema *s, const char *wanted)
{
    enum { MAX_PAIRS = 4096, MAX_TEXT = 1 << 24 };
    const char *p = s->metadata;
    int32_t n = 0, len;
    if (p != NULL) {
        memcpy(&n, p, sizeof n);
        p += sizeof n;
    }
    if (n > MAX_PAIRS)
        return false;
    bool is_name = false;
    for (int64_t i = 0; i < 2 * (int64_t)n; i++) {
        memcpy(&len, p, sizeof len);
        p += sizeof len;
        if (len < 0 || len > MAX_TEXT)
            return false;
        struct wh_slice text = wh_slice(p, (size_t)len);
        if (i % 2 == 0)
            is_name = wh_slice_eq(text, wh_slice_of(NAME_KEY));
        else if (is_name)
            return wh_slice_eq(text, wh_slice_of(wanted));
        p += len;
    }
    return false;
}

/* A decimal number of up to 9 digits at *p, behind an optional minus. */
static bool take_int(const char **p, int64_t *out)
{
    bool negative = **p == '-';
    const char *first = *p += negative;
    int64_t v = 0;
    while (**p >= '0' && **p <= '9' && *p - first < 10)
        v = v * 10 + (*(*p)++ - '0');
    *out = negative ? -v : v;
    return *p > first && *p - first < 10;
}

/* d:precision,scale[,bits] */
static enum wh_status read_decimal(struct wh_arrow_type *type, struct wh_field *f,
                                   const struct ArrowSchema *s, struct wh_error *err)
{
    const char *p = s->format + 2;
    int64_t precision, scale, bits = 128;
    bool ok = take_int(&p, &precision) && *p++ == ',' && take_int(&p, &scale);
    if (ok && *p == ',') {
        p++;
        ok = take_int(&p, &bits);
    }
    if (!ok || *p != '\0' || (bits != 32 && bits != 64 && bits != 128 && bits != 256))
        return no_type(s, "its parameters are wrong", err);
    int64_t most = bits == 32 ? 9 : bits == 64 ? 18 : bits == 128 ? 38 : 76;
    if (precision < 1 || precision > most || scale < 0 || scale > precision)
        return no_type(s, "decimals have 1 to 76 digits, 0 to all of them behind the point", err);
    *type = (struct wh_arrow_type){.layout = WH_ARROW_DECIMAL, .width = bits / 8, .n_buffers = 2};
    f->type = WH_DECIMAL;
    f->precision = (uint8_t)precision;
    f->scale = (int8_t)scale;
    return WH_OK;
}

/* ts<unit>:<zone> */
static enum wh_status read_timestamp(struct wh_arrow_type *type, struct wh_field *f,
                                     const struct ArrowSchema *s, struct wh_error *err)
{
    const char *unit = s->format[2] == '\0' ? NULL : memchr(time_units, s->format[2], sizeof time_units);
    if (unit == NULL || s->format[3] != ':')
        return no_type(s, "its parameters are wrong", err);
    *type = (struct wh_arrow_type){.layout = WH_ARROW_SAME, .width = 8, .n_buffers = 2};
    f->type = WH_TIMESTAMP;
    f->unit = (enum wh_time_unit)(unit - time_units);
    const char *zone = s->format + 4;
    if (zone[0] == '\0')
        return WH_OK;
    if (strlen(zone) > 64 || strpbrk(zone, " \t\r\n,<>()\"") != NULL)
        return no_type(s, "its time zone is no name", err);
    return wh_strdup(&f->zone, zone, err);
}

/* w:bytes, +w:elements */
static enum wh_status read_fixed_size(struct wh_arrow_type *type, struct wh_field *f,
                                      const struct ArrowSchema *s, struct wh_error *err)
{
    bool is_list = s->format[0] == '+';
    const char *p = s->format + (is_list ? 3 : 2);
    int64_t n;
    if (!take_int(&p, &n) || *p != '\0' || n < 0)
        return no_type(s, "its parameters are wrong", err);
    *type = (struct wh_arrow_type){.layout = WH_ARROW_FIXED_SIZE, .width = n, .n_buffers = is_list ? 1 : 2};
    f->type = is_list ? WH_LIST : WH_BINARY;
    if (!is_list && n == 16 && has_extension(s, "arrow.uuid")) {
        type->layout = WH_ARROW_SAME;
        f->type = WH_UUID;
    }
    return WH_OK;
}

static enum wh_status read_format(struct wh_arrow_type *type, struct wh_field *f, const struct ArrowSchema *s,
                                  struct wh_error *err)
{
    if (strncmp(s->format, "d:", 2) == 0)
        return read_decimal(type, f, s, err);
    if (strncmp(s->format, "ts", 2) == 0)
        return read_timestamp(type, f, s, err);
    if (strncmp(s->format, "w:", 2) == 0 || strncmp(s->format, "+w:", 3) == 0)
        return read_fixed_size(type, f, s, err);
    for (size_t i = 0; i < WH_COUNT(plain_types); i++) {
        if (strcmp(plain_types[i].format, s->format) != 0)
            continue;
        *type = plain_types[i].layout;
        f->type = plain_types[i].type;
        f->unit = plain_types[i].unit;
        if (f->type == WH_UTF8 && has_extension(s, "arrow.json"))
            f->type = WH_JSON;
        return WH_OK;
    }
    return no_type(s, "the type has no counterpart", err);
}

enum wh_status wh_arrow_read_type(struct wh_arrow_type *type, struct wh_field *f, const struct ArrowSchema *s,
                                  struct wh_error *err)
{
    if (s->release == NULL || s->format == NULL)
        return no_type(s, "the schema has been released", err);
    if (s->dictionary == NULL)
        return read_format(type, f, s, err);
    static const char indexes[] = "cCsSiIlL";
    if (s->format[0] == '\0' || s->format[1] != '\0' || strchr(indexes, s->format[0]) == NULL)
        return no_type(s, "indexes of a dictionary are integers", err);
    if (s->dictionary->release == NULL || s->dictionary->format == NULL || s->dictionary->dictionary != NULL)
        return no_type(s, "its dictionary is no plain schema", err);
    struct wh_arrow_type values;
    struct wh_field index = {0};
    WH_TRY(read_format(&values, f, s->dictionary, err));
    return read_format(type, &index, s, err);
}

static enum wh_status import_field(struct wh_field *out, const struct ArrowSchema *s, int depth,
                                   struct wh_error *err);

static enum wh_status import_children(struct wh_field *f, const struct ArrowSchema *s, int depth,
                                      struct wh_error *err)
{
    enum { MAX_MEMBERS = 1 << 20 };
    int64_t wanted = f->type == WH_LIST || f->type == WH_MAP ? 1 : f->type == WH_STRUCT ? s->n_children : 0;
    if (s->n_children != wanted || wanted < 0 || wanted > MAX_MEMBERS || (wanted > 0 && s->children == NULL))
        return no_type(s, "its number of children is wrong", err);
    if (wanted == 0)
        return WH_OK;
    f->children = wh_alloc_array((size_t)wanted, sizeof *f->children);
    if (f->children == NULL)
        return wh_nomem(err);
    f->n_children = (size_t)wanted;
    for (size_t i = 0; i < f->n_children; i++) {
        if (s->children[i] == NULL)
            return no_type(s, "a child is missing", err);
        WH_TRY(import_field(&f->children[i], s->children[i], depth + 1, err));
    }
    const struct wh_field *entries = &f->children[0];
    if (f->type == WH_MAP && (entries->type != WH_STRUCT || entries->n_children != 2))
        return no_type(s, "a map has entries of key and value", err);
    return WH_OK;
}

/* On failure *out is half-built; the caller releases it. */
static enum wh_status import_field(struct wh_field *out, const struct ArrowSchema *s, int depth,
                                   struct wh_error *err)
{
    const char *name = s->name == NULL ? "" : s->name;
    struct wh_arrow_type type;
    if (depth > WH_MAX_DEPTH)
        return no_type(s, "it is nested deeper than 64 levels", err);
    if (!wh_utf8_valid(wh_slice_of(name)))
        return no_type(s, "its name is not valid UTF-8", err);
    WH_TRY(wh_arrow_read_type(&type, out, s, err));
    WH_TRY(wh_strdup(&out->name, name, err));
    out->nullable = (s->flags & ARROW_FLAG_NULLABLE) != 0 || out->type == WH_NULL;
    return import_children(out, s->dictionary != NULL ? s->dictionary : s, depth, err);
}

enum wh_status wh_arrow_import_schema(struct wh_schema *out, const struct ArrowSchema *s,
                                      struct wh_error *err)
{
    struct wh_field top = {0};
    enum wh_status status = import_field(&top, s, 0, err);
    if (status == WH_OK && top.type != WH_STRUCT)
        status = no_type(s, "a batch is a struct", err);
    if (status == WH_OK) {
        *out = (struct wh_schema){.fields = top.children, .n_fields = top.n_children};
        top.children = NULL;
        top.n_children = 0;
    }
    wh_field_release(&top);
    return status;
}
