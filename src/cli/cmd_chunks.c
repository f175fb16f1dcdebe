/* cli/cmd_chunks.c - wherry chunks: what a plan consists of. */
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/plan_args.h"
#include "cli/table.h"
#include "cli/units.h"

#define MAX_POSITION_WIDTH 80

static enum wh_status add_chunk(struct wh_table *t, const struct wh_plan_chunk *c, struct wh_error *err)
{
    char seq[WH_UNITS_TEXT], bytes[WH_UNITS_TEXT];
    snprintf(seq, sizeof seq, "%lld", (long long)c->seq);
    wh_units_bytes(bytes, sizeof bytes, c->bytes);
    const char *const cells[] = {seq, c->is_done ? "done" : "", bytes, c->position};
    for (size_t i = 0; i < WH_COUNT(cells); i++)
        WH_TRY(wh_table_add(t, cells[i], err));
    return WH_OK;
}

static enum wh_status print_table(const struct wh_chunk_plan *p, struct wh_error *err)
{
    static const enum wh_table_align align[] = {WH_TABLE_RIGHT, WH_TABLE_LEFT, WH_TABLE_RIGHT, WH_TABLE_LEFT};
    static const char *const head[] = {"seq", "state", "size", "position"};
    struct wh_table t = {
        .n_columns = WH_COUNT(head), .align = align, .n_head = 1, .max_width = MAX_POSITION_WIDTH};
    enum wh_status s = WH_OK;
    for (size_t i = 0; s == WH_OK && i < WH_COUNT(head); i++)
        s = wh_table_add(&t, head[i], err);
    for (size_t i = 0; s == WH_OK && i < wh_chunk_plan_count(p); i++) {
        struct wh_plan_chunk c;
        s = wh_chunk_plan_chunk(p, i, &c, err);
        if (s != WH_OK)
            break;
        s = add_chunk(&t, &c, err);
        free(c.position);
    }
    if (s == WH_OK)
        wh_table_print(&t, stdout);
    wh_table_release(&t);
    return s;
}

/* One object a line: plans may have many chunks. */
static enum wh_status print_json(const struct wh_chunk_plan *p, struct wh_error *err)
{
    for (size_t i = 0; i < wh_chunk_plan_count(p); i++) {
        struct wh_plan_chunk c;
        WH_TRY(wh_chunk_plan_chunk(p, i, &c, err));
        printf("{\"seq\":%lld,\"done\":%s,\"bytes\":%lld,\"position\":%s}\n", (long long)c.seq,
               c.is_done ? "true" : "false", (long long)c.bytes, c.position);
        free(c.position);
    }
    return WH_OK;
}

static int run(const struct wh_args *args)
{
    struct wh_error err = {0};
    struct wh_chunk_plan *p = NULL;
    enum wh_status s = wh_args_open_plan(&p, args, &err);
    if (s == WH_OK)
        s = (strcmp(wh_args_text(args, "output"), "json") == 0 ? print_json : print_table)(p, &err);
    wh_chunk_plan_close(p);
    if (s == WH_OK)
        return WH_EXIT_OK;
    wh_print_error(&err);
    return wh_exit_of(&err, WH_SIDE_NONE);
}

static const struct wh_flag flags[] = {
    {.name = "output",
     .letter = 'o',
     .kind = WH_FLAG_ENUM,
     .value = "table|json",
     .fallback = "table",
     .help = "Form of the output; json: an object a line"},
    {0},
};

const struct wh_command wh_command_chunks = {
    .name = "chunks",
    .usage = "PLAN",
    .summary = "List the chunks of a plan and which of them are done",
    .text = "`wherry copy ... --plan-out PLAN` writes a plan: a copy to a folder of files, cut into chunks "
            "that any "
            "process works by itself, also on other machines that see the same files under the same paths.",
    .examples = "wherry copy big.csv lake/big/ --plan-out plan.json\n"
                "wherry chunks plan.json\n"
                "wherry chunks plan.json -o json",
    .min_args = 1,
    .max_args = 1,
    .flags = flags,
    .run = run,
};
