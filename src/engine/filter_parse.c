/* engine/filter_parse.c - the grammar of conditions; see docs/filter.md.
 *
 *   or        = and { OR and }
 *   and       = not { AND not }
 *   not       = NOT not | predicate
 *   predicate = operand [ op operand | IS [NOT] NULL | [NOT] IN "(" operand { "," operand } ")"
 *             | [NOT] BETWEEN operand AND operand | [NOT] LIKE text ]
 *   operand   = "(" or ")" | [ "-" ] number | 'text' | DATE 'text' | TIME 'text' | TIMESTAMP 'text'
 *             | TRUE | FALSE | NULL | name | "name" */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/mem.h"
#include "base/options.h"
#include "batch/schema.h"
#include "engine/filter_int.h"

#define MAX_NESTING 200 /* brackets and NOTs in one another */

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NAME, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    size_t at;
    struct wh_slice text; /* as it stands in the source, quotes included */
};

struct parser {
    struct compiler c;
    const struct wh_schema *schema;
    struct token token; /* the next one */
    int nesting;
};

enum wh_status filter_fail(struct compiler *c, size_t at, const char *fmt, ...)
{
    char reason[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    bool is_long = strlen(c->source) > 100;
    return wh_fail(c->err, WH_CONFIG, "could not use condition \"%.100s%s\": character %zu: %s", c->source,
                   is_long ? "..." : "", at + 1, reason);
}

/* ---- tokens ----------------------------------------------------------------------------------- */

static bool starts_word(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t word_length(const char *p)
{
    size_t n = 1;
    while (starts_word(p[n]) || is_digit(p[n]) || p[n] == '$')
        n++;
    return n;
}

static size_t number_length(const char *p)
{
    size_t n = 0;
    while (is_digit(p[n]))
        n++;
    if (p[n] == '.' && is_digit(p[n + 1]))
        for (n++; is_digit(p[n]);)
            n++;
    if (p[n] == 'e' || p[n] == 'E') {
        size_t exponent = n + 1;
        exponent += p[exponent] == '+' || p[exponent] == '-';
        if (is_digit(p[exponent])) {
            n = exponent;
            while (is_digit(p[n]))
                n++;
        }
    }
    return n;
}

/* Length with both quotes, which stand twice inside; 0 when there is no end. */
static size_t quoted_length(const char *p)
{
    for (size_t n = 1; p[n] != '\0'; n++) {
        if (p[n] != p[0])
            continue;
        if (p[n + 1] != p[0])
            return n + 1;
        n++;
    }
    return 0;
}

static size_t sign_length(const char *p)
{
    static const char *const signs[] = {"<=", ">=", "<>", "!=", "==", "<", ">", "=", "(", ")", ",", "-"};
    for (size_t i = 0; i < WH_COUNT(signs); i++)
        if (strncmp(p, signs[i], strlen(signs[i])) == 0)
            return strlen(signs[i]);
    return 0;
}

/* Reads the token at or behind `at`. */
static enum wh_status scan(struct parser *p, size_t at)
{
    const char *source = p->c.source;
    while (isspace((unsigned char)source[at]))
        at++;
    const char *first = source + at;
    struct token t = {.at = at};
    size_t n = 0;
    if (*first == '\0') {
        t.kind = TOKEN_END;
    } else if (starts_word(*first)) {
        t.kind = TOKEN_WORD;
        n = word_length(first);
    } else if (is_digit(*first)) {
        t.kind = TOKEN_NUMBER;
        n = number_length(first);
        if (starts_word(first[n]) || first[n] == '.')
            return filter_fail(&p->c, at, "a number ends in \"%.1s\"", first + n);
    } else if (*first == '\'' || *first == '"') {
        t.kind = *first == '"' ? TOKEN_NAME : TOKEN_TEXT;
        n = quoted_length(first);
        if (n == 0)
            return filter_fail(&p->c, at, "the quote %c has no end", *first);
    } else {
        t.kind = TOKEN_SIGN;
        n = sign_length(first);
        if (n == 0)
            return filter_fail(&p->c, at, "\"%.1s\" is not expected here", first);
    }
    t.text = wh_slice(first, n);
    p->token = t;
    return WH_OK;
}

static enum wh_status advance(struct parser *p)
{
    return scan(p, p->token.at + p->token.text.len);
}

static bool at_word(const struct parser *p, const char *word)
{
    return p->token.kind == TOKEN_WORD && p->token.text.len == strlen(word) &&
           strncasecmp(p->token.text.ptr, word, strlen(word)) == 0;
}
static bool at_sign(const struct parser *p, const char *sign)
{
    return p->token.kind == TOKEN_SIGN && wh_slice_eq(p->token.text, wh_slice_of(sign));
}

static enum wh_status not_expected(struct parser *p, const char *wanted)
{
    if (p->token.kind == TOKEN_END)
        return filter_fail(&p->c, p->token.at, "%s is missing at the end", wanted);
    return filter_fail(&p->c, p->token.at, "%s is expected before \"%.*s\"", wanted,
                       (int)WH_MIN(p->token.text.len, (size_t)40), p->token.text.ptr);
}

static enum wh_status take_sign(struct parser *p, const char *sign, const char *called)
{
    return at_sign(p, sign) ? advance(p) : not_expected(p, called);
}
static enum wh_status take_word(struct parser *p, const char *word, const char *called)
{
    return at_word(p, word) ? advance(p) : not_expected(p, called);
}

/* Takes the word if it is next. */
static enum wh_status skip_word(struct parser *p, const char *word, bool *found)
{
    *found = at_word(p, word);
    return *found ? advance(p) : WH_OK;
}

static bool is_keyword(const struct parser *p)
{
    static const char *const keywords[] = {"and",     "or",   "not",  "is",   "in",
                                           "between", "like", "null", "true", "false"};
    for (size_t i = 0; i < WH_COUNT(keywords); i++)
        if (at_word(p, keywords[i]))
            return true;
    return false;
}

/* ---- operands --------------------------------------------------------------------------------- */

/* Copies what is between the quotes, doubled ones once. */
static enum wh_status unquote(struct parser *p, struct wh_slice *out)
{
    struct wh_slice raw = p->token.text;
    WH_TRY(filter_text(&p->c, raw, out));
    char *to = p->c.f->texts[p->c.f->n_texts - 1];
    size_t n = 0;
    for (size_t i = 1; i + 1 < raw.len; i++) {
        to[n++] = raw.ptr[i];
        i += raw.ptr[i] == raw.ptr[0];
    }
    to[n] = '\0';
    out->len = n;
    return WH_OK;
}

/* Index of the field; bare names match in any case when that is not ambiguous. */
static int64_t find_field(const struct wh_schema *schema, const char *name, bool bare)
{
    int64_t exact = wh_schema_find(schema, name), found = -1;
    if (exact >= 0 || !bare)
        return exact;
    for (size_t i = 0; i < schema->n_fields; i++) {
        if (strcasecmp(schema->fields[i].name, name) != 0)
            continue;
        if (found >= 0)
            return -1;
        found = (int64_t)i;
    }
    return found;
}

static enum wh_status no_column(struct parser *p, const char *name)
{
    const struct wh_schema *s = p->schema;
    const char **names = wh_alloc_array(s->n_fields + 1, sizeof *names);
    if (names == NULL)
        return wh_nomem(p->c.err);
    for (size_t i = 0; i < s->n_fields; i++)
        names[i] = s->fields[i].name;
    const char *nearest = wh_nearest(name, names);
    filter_fail(&p->c, p->token.at, "there is no column \"%s\"", name);
    if (nearest != NULL)
        wh_hint(p->c.err, "did you mean \"%s\"?", nearest);
    free(names);
    return p->c.err->code;
}

/* Notes that the condition uses a field. */
static enum wh_status use_field(struct parser *p, size_t field, size_t *column)
{
    struct wh_filter *f = p->c.f;
    for (*column = 0; *column < f->n_names; ++*column)
        if (f->fields[*column] == field)
            return WH_OK;
    WH_TRY(wh_strdup(&f->names[f->n_names], p->schema->fields[field].name, p->c.err));
    f->fields[f->n_names++] = field;
    return WH_OK;
}

static enum wh_status parse_name(struct parser *p, struct operand *out)
{
    struct wh_slice name;
    bool bare = p->token.kind == TOKEN_WORD;
    if (bare)
        WH_TRY(filter_text(&p->c, p->token.text, &name));
    else
        WH_TRY(unquote(p, &name));
    int64_t field = find_field(p->schema, name.ptr, bare);
    if (field < 0)
        return no_column(p, name.ptr);
    out->kind = OPERAND_COLUMN;
    WH_TRY(use_field(p, (size_t)field, &out->column));
    return advance(p);
}

/* Words with a meaning of their own; *found tells whether one stood here. */
static enum wh_status parse_word(struct parser *p, struct operand *out, bool *found)
{
    static const struct {
        const char *word;
        enum operand_kind kind;
        bool truth;
    } words[] = {{"true", OPERAND_BOOL, true},
                 {"false", OPERAND_BOOL, false},
                 {"null", OPERAND_NULL, false},
                 {"date", OPERAND_DATE, false},
                 {"timestamp", OPERAND_TIMESTAMP, false},
                 {"time", OPERAND_TIME, false}};
    *found = false;
    for (size_t i = 0; i < WH_COUNT(words); i++) {
        if (!at_word(p, words[i].word))
            continue;
        struct token before = p->token;
        bool is_prefix = words[i].kind != OPERAND_BOOL && words[i].kind != OPERAND_NULL;
        WH_TRY(advance(p));
        if (is_prefix && p->token.kind != TOKEN_TEXT) { /* a column may have that name */
            p->token = before;
            return WH_OK;
        }
        *found = true;
        out->kind = words[i].kind;
        out->truth = words[i].truth;
        if (!is_prefix)
            return WH_OK;
        WH_TRY(unquote(p, &out->text));
        return advance(p);
    }
    return WH_OK;
}

static enum wh_status parse_number(struct parser *p, struct operand *out)
{
    size_t at = p->token.at;
    bool negative = at_sign(p, "-");
    if (negative)
        WH_TRY(advance(p));
    if (p->token.kind != TOKEN_NUMBER)
        return not_expected(p, "a number");
    out->kind = OPERAND_NUMBER;
    size_t n = p->token.text.len;
    struct wh_slice with_sign = wh_slice(p->c.source + at, p->token.at + n - at);
    WH_TRY(filter_text(&p->c, with_sign, &out->text));
    if (negative) { /* closes the gap of "-  5" */
        char *text = p->c.f->texts[p->c.f->n_texts - 1];
        memmove(text + 1, text + with_sign.len - n, n + 1);
        out->text.len = n + 1;
    }
    return advance(p);
}

static enum wh_status parse_or(struct parser *p, struct operand *out);

static enum wh_status parse_operand(struct parser *p, struct operand *out)
{
    bool found;
    *out = (struct operand){.at = p->token.at};
    if (at_sign(p, "(")) {
        if (++p->nesting > MAX_NESTING)
            return filter_fail(&p->c, p->token.at, "there are more than %d brackets in one another",
                               MAX_NESTING);
        WH_TRY(advance(p));
        WH_TRY(parse_or(p, out));
        p->nesting--;
        return take_sign(p, ")", "a closing bracket");
    }
    if (p->token.kind == TOKEN_NUMBER || at_sign(p, "-"))
        return parse_number(p, out);
    if (p->token.kind == TOKEN_TEXT) {
        out->kind = OPERAND_TEXT;
        WH_TRY(unquote(p, &out->text));
        return advance(p);
    }
    WH_TRY(parse_word(p, out, &found));
    if (found)
        return WH_OK;
    if (p->token.kind == TOKEN_NAME || (p->token.kind == TOKEN_WORD && !is_keyword(p)))
        return parse_name(p, out);
    return not_expected(p, "a column or value");
}

/* ---- predicates ------------------------------------------------------------------------------- */

static void negate(struct node *n)
{
    if (n->kind == NODE_AND || n->kind == NODE_OR) {
        n->kind = n->kind == NODE_AND ? NODE_OR : NODE_AND;
        for (struct node *child = n->child; child != NULL; child = child->next)
            negate(child);
    } else {
        n->negate = !n->negate;
    }
}

static void set_node(struct operand *out, struct node *node)
{
    out->kind = OPERAND_NODE;
    out->node = node;
}

static enum wh_status parse_is(struct parser *p, struct operand *out)
{
    bool is_not;
    struct node *node;
    WH_TRY(skip_word(p, "not", &is_not));
    WH_TRY(take_word(p, "null", "null or not null"));
    WH_TRY(filter_bind_is_null(&p->c, out, &node));
    node->negate = is_not;
    set_node(out, node);
    return WH_OK;
}

static enum wh_status parse_in(struct parser *p, struct operand *out)
{
    struct operand *items = NULL;
    size_t n = 0, capacity = 0;
    enum wh_status s = take_sign(p, "(", "an opening bracket");
    for (bool more = true; s == WH_OK && more;) {
        if (n == capacity) {
            capacity = capacity * 2 + 8;
            struct operand *larger = wh_realloc_array(items, capacity, sizeof *items);
            if (larger == NULL) {
                s = wh_nomem(p->c.err);
                break;
            }
            items = larger;
        }
        s = parse_operand(p, &items[n++]);
        more = s == WH_OK && at_sign(p, ",");
        if (more)
            s = advance(p);
    }
    struct node *node = NULL;
    if (s == WH_OK)
        s = take_sign(p, ")", "a comma or closing bracket");
    if (s == WH_OK)
        s = filter_bind_in(&p->c, out, items, n, &node);
    free(items);
    if (s == WH_OK)
        set_node(out, node);
    return s;
}

static enum wh_status parse_between(struct parser *p, struct operand *out)
{
    struct operand low, high;
    struct node *both;
    WH_TRY(parse_operand(p, &low));
    WH_TRY(take_word(p, "and", "and"));
    WH_TRY(parse_operand(p, &high));
    WH_TRY(filter_node(&p->c, NODE_AND, &both));
    WH_TRY(filter_bind_compare(&p->c, out, OP_GE, &low, &both->child));
    WH_TRY(filter_bind_compare(&p->c, out, OP_LE, &high, &both->child->next));
    set_node(out, both);
    return WH_OK;
}

static enum wh_status parse_like(struct parser *p, struct operand *out)
{
    struct operand pattern;
    struct node *node;
    WH_TRY(parse_operand(p, &pattern));
    WH_TRY(filter_bind_like(&p->c, out, &pattern, &node));
    set_node(out, node);
    return WH_OK;
}

/* in, between, like, each maybe behind not; *found tells whether one stood here. */
static enum wh_status parse_suffix(struct parser *p, struct operand *out, bool *found)
{
    static const struct {
        const char *word;
        enum wh_status (*parse)(struct parser *p, struct operand *out);
    } suffixes[] = {{"in", parse_in}, {"between", parse_between}, {"like", parse_like}};
    bool is_not;
    *found = false;
    WH_TRY(skip_word(p, "not", &is_not));
    for (size_t i = 0; i < WH_COUNT(suffixes); i++) {
        if (!at_word(p, suffixes[i].word))
            continue;
        WH_TRY(advance(p));
        WH_TRY(suffixes[i].parse(p, out));
        if (is_not)
            negate(out->node);
        *found = true;
        return WH_OK;
    }
    return is_not ? not_expected(p, "in, between or like") : WH_OK;
}

static bool comparison(const struct parser *p, enum filter_op *op)
{
    static const struct {
        const char *sign;
        enum filter_op op;
    } signs[] = {{"<", OP_LT}, {"<=", OP_LE}, {"=", OP_EQ},  {"==", OP_EQ},
                 {">", OP_GT}, {">=", OP_GE}, {"<>", OP_NE}, {"!=", OP_NE}};
    for (size_t i = 0; i < WH_COUNT(signs); i++) {
        if (at_sign(p, signs[i].sign)) {
            *op = signs[i].op;
            return true;
        }
    }
    return false;
}

static enum wh_status parse_predicate(struct parser *p, struct operand *out)
{
    bool found;
    enum filter_op op;
    WH_TRY(parse_operand(p, out));
    WH_TRY(skip_word(p, "is", &found));
    if (found)
        return parse_is(p, out);
    if (comparison(p, &op)) {
        struct operand right;
        struct node *node;
        WH_TRY(advance(p));
        WH_TRY(parse_operand(p, &right));
        WH_TRY(filter_bind_compare(&p->c, out, op, &right, &node));
        set_node(out, node);
        return WH_OK;
    }
    return parse_suffix(p, out, &found);
}

/* ---- logic ------------------------------------------------------------------------------------ */

static enum wh_status parse_not(struct parser *p, struct operand *out)
{
    size_t at = p->token.at;
    bool is_not;
    WH_TRY(skip_word(p, "not", &is_not));
    if (!is_not)
        return parse_predicate(p, out);
    if (++p->nesting > MAX_NESTING)
        return filter_fail(&p->c, at, "there are more than %d nots in one another", MAX_NESTING);
    WH_TRY(parse_not(p, out));
    p->nesting--;
    struct node *node;
    WH_TRY(filter_bind_condition(&p->c, out, &node));
    negate(node);
    set_node(out, node);
    return WH_OK;
}

/* One or more operands of and / or. */
static enum wh_status parse_chain(struct parser *p, const char *word, enum node_kind kind,
                                  enum wh_status (*parse)(struct parser *p, struct operand *out),
                                  struct operand *out)
{
    WH_TRY(parse(p, out));
    if (!at_word(p, word))
        return WH_OK;
    struct node *chain;
    WH_TRY(filter_node(&p->c, kind, &chain));
    struct node **end = &chain->child;
    WH_TRY(filter_bind_condition(&p->c, out, end));
    while (at_word(p, word)) {
        struct operand next;
        WH_TRY(advance(p));
        WH_TRY(parse(p, &next));
        end = &(*end)->next;
        WH_TRY(filter_bind_condition(&p->c, &next, end));
    }
    set_node(out, chain);
    return WH_OK;
}

static enum wh_status parse_and(struct parser *p, struct operand *out)
{
    return parse_chain(p, "and", NODE_AND, parse_not, out);
}

static enum wh_status parse_or(struct parser *p, struct operand *out)
{
    return parse_chain(p, "or", NODE_OR, parse_and, out);
}

/* Scratch bit maps: the first child of a node uses its parent's result, all others one more. */
static size_t count_slots(struct node *n)
{
    size_t most = 0;
    for (struct node *child = n->child; child != NULL; child = child->next) {
        size_t slots = count_slots(child) + (child != n->child);
        most = WH_MAX(most, slots);
    }
    n->n_slots = most;
    return most;
}

static enum wh_status compile(struct wh_filter *f, const char *text, const struct wh_schema *schema,
                              struct wh_error *err)
{
    struct parser p = {.c = {.f = f, .source = text, .err = err}, .schema = schema};
    struct operand whole;
    WH_TRY(wh_schema_copy(&f->schema, schema, err));
    f->names = wh_alloc_array(schema->n_fields + 1, sizeof *f->names);
    f->fields = wh_alloc_array(schema->n_fields, sizeof *f->fields);
    if (f->names == NULL || f->fields == NULL)
        return wh_nomem(err);
    WH_TRY(scan(&p, 0));
    WH_TRY(parse_or(&p, &whole));
    if (p.token.kind != TOKEN_END)
        return not_expected(&p, "and, or, or the end");
    WH_TRY(filter_bind_condition(&p.c, &whole, &f->root));
    count_slots(f->root);
    return filter_bind_predicates(f, err);
}

enum wh_status wh_filter_parse(struct wh_filter **out, const char *text, const struct wh_schema *schema,
                               struct wh_error *err)
{
    struct wh_filter *f = wh_alloc(sizeof *f);
    if (f == NULL)
        return wh_nomem(err);
    enum wh_status s = compile(f, text, schema, err);
    if (s == WH_OK)
        *out = f;
    else
        wh_filter_free(f);
    return s;
}
