/* cmd_profile.c - `episodic profile`: which recall profile a space has and why, or sets another. */
#include <string.h>

#include "cli.h"

static const cli_option options[] = {OPTION_SPACE, OPTION_JSON, OPTIONS_END};

static int show(const cli *c) {
    epi_space_stats stats;
    epi_status status = epi_space_stats_read(&stats, c->space);
    if (status != EPI_OK) return cli_fail(c, status);
    if (!cli_has(c, "json")) {
        printf("%s: %s\n", epi_profile_name(stats.profile), stats.profile_reason);
        return DONE;
    }
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    json_profile(writer, &stats);
    epi_json_end(writer);
    return json_print(c, writer);
}

static int set(cli *c, const char *name) {
    epi_profile_kind kind;
    int code = cli_profile(&kind, c, name);
    if (code == DONE) code = cli_open(c, TO_WRITE, NULL);
    if (code != DONE) return code;
    epi_status status = epi_space_set_profile(c->space, kind);
    return status == EPI_OK ? show(c) : cli_fail(c, status);
}

static int run(cli *c) {
    if (c->operand_count > 0) return set(c, c->operands[0]);
    int code = cli_open(c, TO_READ, NULL);
    return code == DONE ? show(c) : code;
}

const cli_command cmd_profile = {
    .name = "profile",
    .summary = "how recall weighs its signals in a space",
    .usage = "[NAME]",
    .examples = "  episodic profile --space home\n"
                "  episodic profile --space logs assistant\n"
                "  episodic profile --space logs auto\n",
    .notes = "NAME is chat, assistant, documents or events; or auto, and the space chooses by what it counts.\n",
    .options = options,
    .operand_max = 1,
    .run = run,
};
