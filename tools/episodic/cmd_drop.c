/* cmd_drop.c - `episodic drop`: removes a whole space, for good. Its name has to be typed again, unless --force is
 * said. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    OPTION_SPACE,
    {"force", 'f', NULL, "do not ask"},
    OPTIONS_END,
};

static bool name_is_typed(const char *name, const epi_space_stats *stats) {
    char answer[EPI_NAME_SIZE_MAX + 3] = "";
    char count[32];
    char *safe = term_escape(name, strlen(name), " ");
    fprintf(stderr, "Space %s with %s steps goes for good. ", safe != NULL ? safe : "",
            print_count(count, stats->steps));
    fprintf(stderr, "Type its name to drop it: ");
    free(safe);
    if (fgets(answer, sizeof answer, stdin) == NULL) return false;
    answer[strcspn(answer, "\n")] = '\0';
    return strcmp(answer, name) == 0;
}

static int confirm(const cli *c, const char *name, const epi_space_stats *stats) {
    if (cli_has(c, "force")) return DONE;
    if (!term_can_ask())
        return cli_error(c, NOTHING, "nothing was done; say --force to do it without a terminal to ask on");
    return name_is_typed(name, stats) ? DONE : cli_error(c, NOTHING, "nothing was done");
}

static int run(cli *c) {
    epi_space_stats stats;
    char count[PRINT_COUNTED_SIZE];
    int code = cli_open(c, TO_WRITE, NULL);
    if (code != DONE) return code;
    epi_status status = epi_space_stats_read(&stats, c->space);
    if (status != EPI_OK) return cli_fail(c, status);
    const char *name = cli_value(c, "space");
    code = confirm(c, name, &stats);
    if (code != DONE) return code;
    epi_space_close(c->space);
    c->space = NULL;
    status = epi_space_drop(c->memory, name);
    if (status != EPI_OK) return cli_fail(c, status);
    char *safe = term_escape(name, strlen(name), " ");
    printf("dropped space %s with %s\n", safe != NULL ? safe : "", print_counted(count, stats.steps, "step"));
    free(safe);
    return DONE;
}

const cli_command cmd_drop = {
    .name = "drop",
    .summary = "remove a whole space, for good",
    .usage = "",
    .examples = "  episodic drop --space scratch\n"
                "  episodic drop --space scratch --force\n",
    .notes = "Its bytes may stay in free pages until episodic upkeep --compact.\n",
    .options = options,
    .run = run,
};
