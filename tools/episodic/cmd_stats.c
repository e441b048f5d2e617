/* cmd_stats.c - `episodic stats`: sizes and counts of a memory, or of one space. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {OPTION_SPACE, OPTION_JSON, OPTIONS_END};

typedef enum unit { COUNT, BYTES, TIME } unit;

typedef struct figure {
    const char *name; /* in JSON */
    const char *text; /* for people */
    unit unit;
    uint64_t value;
    epi_time time;
} figure;

#define FIGURE(name, text) \
    { #name, text, COUNT, s->name, 0 }
#define FIGURE_BYTES(name, text) \
    { #name, text, BYTES, s->name, 0 }
#define FIGURE_TIME(name, text) \
    { #name, text, TIME, 0, s->name }

static void print_figure(const cli *c, const figure *f) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    char text[EPI_TIME_TEXT_SIZE];
    term_print(c, DIM, "  %-34s", f->text);
    if (f->unit == TIME) {
        printf(" %15s\n", epi_time_text(text, f->time, 0));
        return;
    }
    if (f->unit == COUNT || f->value < 1024) {
        printf(" %15s%s\n", print_count(text, f->value), f->unit == BYTES ? " B" : "");
        return;
    }
    double size = (double)f->value;
    size_t i = 0;
    for (; size >= 1024.0 && i < 4; i++) size /= 1024.0;
    printf(" %15.1f %s\n", size, units[i]);
}

static int print_all(const cli *c, const figure *figures, size_t count, const epi_space_stats *space) {
    if (!cli_has(c, "json")) {
        for (size_t i = 0; i < count; i++) print_figure(c, &figures[i]);
        if (space != NULL) {
            term_print(c, DIM, "  %-34s", "recall profile");
            printf(" %15s  (%s)\n", epi_profile_name(space->profile), space->profile_reason);
        }
        return DONE;
    }
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    if (c->space != NULL) json_text(writer, "space", epi_space_name(c->space));
    for (size_t i = 0; i < count; i++) {
        if (figures[i].unit == TIME) {
            json_time(writer, figures[i].name, figures[i].time, 0);
        } else {
            epi_json_put_unsigned(writer, figures[i].name, figures[i].value);
        }
    }
    if (space != NULL) json_profile(writer, space);
    epi_json_end(writer);
    return json_print(c, writer);
}

static int print_memory(const cli *c) {
    epi_memory_stats stats;
    const epi_memory_stats *s = &stats;
    epi_status status = epi_memory_stats_read(&stats, c->memory);
    if (status != EPI_OK) return cli_fail(c, status);
    const figure figures[] = {
        FIGURE(spaces, "spaces"),
        FIGURE(entries, "records of all kinds"),
        FIGURE_BYTES(used_size, "in use"),
        FIGURE_BYTES(file_size, "on disk, free pages included"),
        FIGURE_BYTES(quota, "quota"),
        FIGURE_BYTES(map_size, "address space reserved"),
        FIGURE(readers, "readers now, all processes"),
        FIGURE(readers_max, "readers at most"),
        FIGURE(format, "format version"),
    };
    return print_all(c, figures, sizeof figures / sizeof figures[0], NULL);
}

static int print_space(const cli *c) {
    epi_space_stats stats;
    const epi_space_stats *s = &stats;
    epi_status status = epi_space_stats_read(&stats, c->space);
    if (status != EPI_OK) return cli_fail(c, status);
    const figure figures[] = {
        FIGURE(episodes, "episodes"),
        FIGURE(steps, "steps"),
        FIGURE(forgotten, "  forgotten, can be restored"),
        FIGURE(superseded, "  superseded"),
        FIGURE_TIME(first_event, "first event"),
        FIGURE_TIME(last_event, "last event"),
        FIGURE(words, "words, stop words not counted"),
        FIGURE(questions, "steps that ask"),
        FIGURE(user_steps, "steps of a user"),
        FIGURE(assistant_steps, "steps of an assistant"),
        FIGURE(terms, "distinct terms in sealed postings"),
        FIGURE(vectors, "vectors"),
        FIGURE(dimension, "  their dimension"),
        FIGURE(generation, "  the encoder's number"),
        FIGURE(backlog, "  steps that wait for one"),
        FIGURE(building_done, "  made for the encoder to come"),
        FIGURE(building_left, "  still to be made for it"),
        FIGURE(indexed, "  in the graph of this process"),
        FIGURE(unsealed, "steps that wait for upkeep"),
        FIGURE(components, "components"),
        FIGURE_BYTES(component_size, "  their size"),
        FIGURE(shared, "  used more than once"),
        FIGURE(journal, "journal entries kept"),
        FIGURE(sequence, "changes ever made"),
    };
    return print_all(c, figures, sizeof figures / sizeof figures[0], s);
}

static int run(cli *c) {
    if (!cli_has(c, "space")) {
        int code = cli_open_memory(c, TO_READ);
        return code == DONE ? print_memory(c) : code;
    }
    int code = cli_open(c, TO_READ, NULL);
    return code == DONE ? print_space(c) : code;
}

const cli_command cmd_stats = {
    .name = "stats",
    .summary = "sizes and counts of a memory or a space",
    .usage = "",
    .examples = "  episodic stats\n"
                "  episodic stats --space home --json\n",
    .options = options,
    .run = run,
};
