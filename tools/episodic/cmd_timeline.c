/* cmd_timeline.c - `episodic timeline`: the episodes of a space in order of time. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    OPTION_SPACE,
    {"from", 0, "TIME", "episodes that reach TIME or later"},
    {"to", 0, "TIME", "episodes that begin before the end of TIME"},
    {"limit", 'k', "N", "the newest N"},
    OPTION_JSON,
    OPTIONS_END,
};

/* " 12  2023-05-08 13:56    18 steps  the move  #family  outcome: settled" */
static void print_episode(const cli *c, const epi_episode_info *info) {
    char when[EPI_TIME_TEXT_SIZE];
    char *rest = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&rest, &size);
    if (out == NULL) return;
    fputs(info->title, out);
    for (size_t i = 0; i < info->tag_count; i++) fprintf(out, "  #%s", info->tags[i]);
    if (info->outcome != NULL) fprintf(out, "  outcome: %s", info->outcome);
    if (info->has_reward) fprintf(out, "  reward: %g", info->reward);
    fclose(out);
    char *safe = term_escape(rest, size, "\\n");
    free(rest);
    if (safe == NULL) return;
    epi_time_text(when, info->time.from, info->time.utc_offset_min);
    term_print(c, DIM, "%4" PRIu64, info->id);
    term_print(c, CYAN, "  %s", when);
    printf("  %5" PRIu64 " step%s", info->step_count, info->step_count != 1 ? "s" : *safe != '\0' ? " " : "");
    size_t used = 4 + 2 + strlen(when) + 2 + 5 + 6 + 2 + 2;
    if (c->width > used + 10) term_cut(safe, c->width - used);
    printf("%s%s\n", *safe != '\0' ? "  " : "", safe);
    free(safe);
}

static void json_episode(epi_json_writer *writer, const epi_episode_info *info) {
    epi_json_begin_object(writer, NULL);
    epi_json_put_unsigned(writer, "episode", info->id);
    json_text(writer, "title", info->title);
    json_text(writer, "external_id", info->external_id);
    json_time(writer, "from", info->time.from, info->time.utc_offset_min);
    json_time(writer, "to", info->time.to, info->time.utc_offset_min);
    epi_json_put_unsigned(writer, "steps", info->step_count);
    epi_json_put_bool(writer, "ended", info->ended);
    json_text(writer, "outcome", info->outcome);
    if (info->has_reward) epi_json_put_number(writer, "reward", info->reward);
    epi_json_begin_array(writer, "tags");
    for (size_t i = 0; i < info->tag_count; i++) json_text(writer, NULL, info->tags[i]);
    epi_json_end(writer);
    if (info->metadata != NULL) epi_json_put_raw(writer, "metadata", info->metadata, strlen(info->metadata));
    epi_json_end(writer);
}

static int print_json(const cli *c, const epi_timeline *timeline) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    epi_json_begin_array(writer, "episodes");
    for (size_t i = 0; i < epi_timeline_count(timeline); i++) json_episode(writer, epi_timeline_episode(timeline, i));
    epi_json_end(writer);
    epi_json_end(writer);
    return json_print(c, writer);
}

static int run(cli *c) {
    epi_time from;
    epi_time to;
    uint64_t limit = 0;
    epi_timeline *timeline = NULL;
    int code = cli_time(&from, c, "from", false);
    if (code == DONE) code = cli_time(&to, c, "to", true);
    if (code == DONE && cli_has(c, "limit")) code = cli_number(&limit, c, "--limit", cli_value(c, "limit"), UINT32_MAX);
    if (code == DONE) code = cli_open(c, TO_READ, NULL);
    if (code != DONE) return code;
    epi_status status = epi_timeline_read(&timeline, c->space, from, to, (size_t)limit);
    if (status != EPI_OK) return cli_fail(c, status);
    if (cli_has(c, "json")) {
        code = print_json(c, timeline);
    } else {
        for (size_t i = 0; i < epi_timeline_count(timeline); i++) print_episode(c, epi_timeline_episode(timeline, i));
    }
    if (code == DONE && epi_timeline_count(timeline) == 0) {
        code = cli_has(c, "json") ? NOTHING : cli_error(c, NOTHING, "there are no episodes at that time");
    }
    epi_timeline_free(timeline);
    return code;
}

const cli_command cmd_timeline = {
    .name = "timeline",
    .summary = "the episodes of a space in order of time",
    .usage = "",
    .examples = "  episodic timeline --space home\n"
                "  episodic timeline --space home --from 2026-03 --to 2026-05\n"
                "  episodic timeline --space home --limit 5 --json\n",
    .options = options,
    .run = run,
};
