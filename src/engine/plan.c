/* engine/plan.c - the text of a plan: what would be read, created and written, and what is promised. */
#include "base/bytes.h"
#include "base/mem.h"
#include "batch/schema.h"
#include "engine/job_int.h"

#define TYPE_WIDTH 40

static const char *const guarantees[] = {
    [WH_G1] = "G1, at least once: a crash may repeat rows that were written already",
    [WH_G2] = "G2, effectively once: after recovery each row is there once",
    [WH_G3] = "G3, exactly once: rows become visible together with their ledger entry, none twice",
};

static enum wh_status add_amount(struct wh_buffer *out, int64_t n, const char *unit, struct wh_error *err)
{
    return n < 0 ? WH_OK
                 : wh_buffer_printf(out, err, ", about %lld %s%s", (long long)n, unit, n == 1 ? "" : "s");
}

static enum wh_status add_columns(struct wh_buffer *out, const struct wh_transform *t, struct wh_error *err)
{
    char from[256], to[256];
    for (size_t i = 0; i < t->out.n_fields; i++) {
        const struct wh_field *f = &t->out.fields[i];
        wh_type_format(f, to, sizeof to);
        WH_TRY(wh_buffer_printf(out, err, "    %-30s %-*s%s", f->name, t->cast[i] ? 0 : TYPE_WIDTH, to,
                                f->nullable ? "" : " not null"));
        if (t->cast[i]) {
            wh_type_format(&t->in->fields[t->from[i]], from, sizeof from);
            WH_TRY(wh_buffer_printf(out, err, "  cast from %s; rows that do not fit exactly are rejected",
                                    from));
        }
        while (out->size > 0 && out->data[out->size - 1] == ' ')
            out->size--;
        WH_TRY(wh_buffer_append_text(out, "\n", err));
    }
    return WH_OK;
}

static enum wh_status add_indented(struct wh_buffer *out, const char *lines, struct wh_error *err)
{
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");
        WH_TRY(wh_buffer_printf(out, err, "  %.*s\n", (int)len, lines));
        lines += len + (lines[len] == '\n');
    }
    return WH_OK;
}

enum wh_status wh_plan_format(const struct wh_job *job, const struct wh_plan_parts *p, struct wh_buffer *out,
                              struct wh_error *err)
{
    const struct wh_job_spec *spec = job->spec;
    int64_t chunk = job->ends.context.chunk_bytes, bytes = p->stream->bytes;
    WH_TRY(wh_buffer_printf(out, err, "stream \"%s\"\n  read \"%s\"", p->name, spec->source));
    WH_TRY(add_amount(out, p->stream->rows, "row", err));
    WH_TRY(add_amount(out, bytes, "byte", err));
    if (bytes >= 0)
        WH_TRY(add_amount(out, WH_MAX(1, (bytes + chunk - 1) / chunk), "chunk", err));
    WH_TRY(wh_buffer_printf(out, err, ", %d worker%s\n", job->ends.context.jobs,
                            job->ends.context.jobs == 1 ? "" : "s"));
    if (spec->where != NULL)
        WH_TRY(wh_buffer_printf(out, err, "  where %s\n", spec->where));
    WH_TRY(add_indented(out, p->target, err));
    WH_TRY(add_columns(out, p->transform, err));
    WH_TRY(wh_buffer_printf(out, err, "  rejects: at most %s\n  guarantee: %s\n", spec->max_rejects,
                            guarantees[p->guarantee]));
    return WH_OK;
}
