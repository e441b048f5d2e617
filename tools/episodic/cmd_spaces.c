/* cmd_spaces.c - `episodic spaces`: the names of a memory's spaces, with what is in them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {OPTION_JSON, OPTIONS_END};

typedef struct listing {
    const cli *c;
    epi_json_writer *writer; /* NULL: for people */
    size_t count;
    epi_status status;
} listing;

static void print_space(const cli *c, const char *name, const epi_space_stats *stats) {
    char from[EPI_TIME_TEXT_SIZE];
    char to[EPI_TIME_TEXT_SIZE];
    char count[PRINT_COUNTED_SIZE];
    char *safe = term_escape(name, strlen(name), " ");
    term_print(c, BOLD, "%-20s", safe != NULL ? safe : "");
    free(safe);
    printf("  %7s episode%s", print_count(count, stats->episodes), stats->episodes == 1 ? " " : "s");
    printf("  %9s step%s", print_count(count, stats->steps), stats->steps == 1 ? " " : "s");
    if (stats->first_event != EPI_TIME_NONE) {
        printf("  %.10s to %.10s", epi_time_text(from, stats->first_event, 0), epi_time_text(to, stats->last_event, 0));
    }
    printf("\n");
}

static void json_space(epi_json_writer *writer, const char *name, const epi_space_stats *stats) {
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", name);
    epi_json_put_unsigned(writer, "episodes", stats->episodes);
    epi_json_put_unsigned(writer, "steps", stats->steps);
    json_time(writer, "first_event", stats->first_event, 0);
    json_time(writer, "last_event", stats->last_event, 0);
    epi_json_end(writer);
}

/* What a space that keeps columns has of the figures, it counts elsewhere. */
static epi_status read_stats(epi_space_stats *stats, epi_space *space) {
    epi_transition_stats columns;
    epi_status status = epi_space_stats_read(stats, space);
    if (status != EPI_OK) return status;
    status = epi_transitions_stats_read(&columns, space);
    if (status == EPI_ESCHEMA) return EPI_OK;
    stats->episodes = columns.episodes;
    stats->steps = columns.steps;
    return status;
}

static bool visit(void *context, const char *name) {
    listing *l = context;
    epi_space *space = NULL;
    epi_space_stats stats;
    l->status = epi_space_open(&space, l->c->memory, name, NULL);
    if (l->status == EPI_OK) l->status = read_stats(&stats, space);
    if (l->status == EPI_OK && l->writer != NULL) json_space(l->writer, name, &stats);
    if (l->status == EPI_OK && l->writer == NULL) print_space(l->c, name, &stats);
    epi_space_close(space);
    l->count++;
    return l->status == EPI_OK;
}

static int run(cli *c) {
    listing l = {c, NULL, 0, EPI_OK};
    int code = cli_open_memory(c, TO_READ);
    if (code != DONE) return code;
    if (cli_has(c, "json")) {
        if (epi_json_writer_new(&l.writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
        epi_json_begin_object(l.writer, NULL);
        epi_json_begin_array(l.writer, "spaces");
    }
    epi_status status = epi_space_list(c->memory, visit, &l);
    if (l.status != EPI_OK) status = l.status;
    if (status != EPI_OK) {
        epi_json_writer_free(l.writer);
        return cli_fail(c, status);
    }
    if (l.writer != NULL) {
        epi_json_end(l.writer);
        epi_json_end(l.writer);
        return json_print(c, l.writer);
    }
    return l.count > 0 ? DONE : cli_error(c, NOTHING, "this memory has no spaces yet");
}

const cli_command cmd_spaces = {
    .name = "spaces",
    .summary = "the spaces of a memory",
    .usage = "",
    .examples = "  episodic spaces\n"
                "  episodic spaces --json | jq -r '.spaces[].space'\n",
    .options = options,
    .run = run,
};
