/* cmd_stats.c - `episodic stats`: sizes and counts of a memory, or of one space. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    OPTION_SPACE,
    OPTION_JSON,
    {"compare", 0, NULL, "how alike two encoders see the space's steps: the one that serves, and the one that is to\n"
                         "serve next, or one that is named"},
    {"sample", 0, "N", "compare on so many steps, drawn at random (1,000)"},
    {"seed", 0, "N", "of the draw (100)"},
    OPTIONS_ENCODER,
    OPTIONS_END,
};

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

/* Whose vectors they are, how much they weigh, and what is to come. */
static void print_encoder(const cli *c, const epi_space_stats *space) {
    epi_encoder_info serving, building;
    char count[32];
    if (space->dimension == 0 || epi_space_encoders(&serving, &building, c->space) != EPI_OK) return;
    char *name = term_escape(serving.name, strlen(serving.name), " ");
    char *next = term_escape(building.name, strlen(building.name), " ");
    term_print(c, DIM, "  %-34s", "encoder");
    printf(" %15s", name != NULL ? name : "");
    if (building.generation > 0)
        printf("  (%s is to serve, %s steps wait%s)", next != NULL ? next : "", print_count(count, building.left),
               encoder_why_not_ready(&building));
    term_print(c, DIM, "\n  %-34s", "weight of vectors");
    printf(" %15.2f  (%s)\n", space->vector_worth < 0.0 ? 0.0 : space->vector_worth, worth_text(space));
    free(name);
    free(next);
}

static int print_all(const cli *c, const figure *figures, size_t count, const epi_space_stats *space) {
    if (!cli_has(c, "json")) {
        for (size_t i = 0; i < count; i++) print_figure(c, &figures[i]);
        if (space != NULL) print_encoder(c, space);
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
    if (space != NULL) json_worth(writer, space);
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

/* Of a space that keeps columns. */
static int print_columns(const cli *c, const epi_transition_stats *s) {
    const figure figures[] = {
        FIGURE(episodes, "episodes"),
        FIGURE(steps, "steps"),
        FIGURE(recorders, "recorders"),
        FIGURE(lanes, "lanes of all recorders"),
        FIGURE(chunks, "chunks"),
        FIGURE(open, "  that are being filled"),
        FIGURE(capacity, "  slots of a chunk"),
        FIGURE_BYTES(step_size, "size of a step"),
        FIGURE_BYTES(stored_size, "size of all chunks"),
    };
    return print_all(c, figures, sizeof figures / sizeof figures[0], NULL);
}

static int print_either(const cli *c) {
    epi_transition_stats stats;
    epi_status status = epi_transitions_stats_read(&stats, c->space);
    if (status == EPI_ESCHEMA) return print_space(c);
    return status == EPI_OK ? print_columns(c, &stats) : cli_fail(c, status);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static int print_comparison(const cli *c, const epi_encoder_comparison *found) {
    char count[32];
    if (!cli_has(c, "json")) {
        char *first = term_escape(found->first, strlen(found->first), " ");
        char *second = term_escape(found->second, strlen(found->second), " ");
        printf("%s, %u dimensions, and %s, %u dimensions, on %s steps\n", first != NULL ? first : "",
               found->first_dimension, second != NULL ? second : "", found->second_dimension,
               print_count(count, found->steps));
        printf("  representational similarity %6.3f   1: all pairs of steps in the same order, 0: unrelated\n",
               found->similarity);
        printf("  linear CKA                  %6.3f   1: the same vectors, turned; by chance %.3f\n", found->alignment,
               found->alignment_by_chance);
        free(first);
        free(second);
        return DONE;
    }
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    json_text(writer, "first", found->first);
    epi_json_put_unsigned(writer, "first_dimension", found->first_dimension);
    json_text(writer, "second", found->second);
    epi_json_put_unsigned(writer, "second_dimension", found->second_dimension);
    epi_json_put_unsigned(writer, "steps", found->steps);
    epi_json_put_number(writer, "similarity", found->similarity);
    epi_json_put_number(writer, "alignment", found->alignment);
    epi_json_put_number(writer, "alignment_by_chance", found->alignment_by_chance);
    epi_json_end(writer);
    return json_print(c, writer);
}

static int compare(cli *c) {
    epi_encoder second = epi_encoder_default();
    epi_encoder_comparison found;
    uint64_t sample = 0, seed = 100;
    int code = cli_open(c, TO_READ, NULL);
    if (code == DONE && cli_has(c, "sample"))
        code = cli_number(&sample, c, "--sample", cli_value(c, "sample"), EPI_COMPARE_STEPS_MAX);
    if (code == DONE && cli_has(c, "seed")) code = cli_number(&seed, c, "--seed", cli_value(c, "seed"), UINT64_MAX);
    if (code == DONE && c->operand_count > 0) code = cli_encoder(&second, c);
    if (code != DONE) return code;
    epi_status status = epi_space_encoder_compare(&found, c->space, c->operand_count > 0 ? &second : NULL,
                                                  (uint32_t)sample, seed);
    code = status == EPI_OK ? DONE : cli_fail(c, status);
    epi_encoder_close(&second);
    return code == DONE ? print_comparison(c, &found) : code;
}

static int run(cli *c) {
    if (cli_has(c, "compare")) return compare(c);
    if (c->operand_count > 0) return cli_error(c, BAD_USAGE, "an encoder is named with --compare only");
    if (!cli_has(c, "space")) {
        int code = cli_open_memory(c, TO_READ);
        return code == DONE ? print_memory(c) : code;
    }
    int code = cli_open(c, TO_READ, NULL);
    return code == DONE ? print_either(c) : code;
}

const cli_command cmd_stats = {
    .name = "stats",
    .summary = "sizes and counts of a memory or a space",
    .usage = "[--compare [hash | static DIRECTORY | remote URL]]",
    .examples = "  episodic stats\n"
                "  episodic stats --space home --json\n"
                "  episodic stats --space home --compare static ~/models/potion-base-8M\n",
    .notes = "Compared are the order of all pairs' distances (representational similarity, Spearman) and the vectors\n"
             "but for turning (linear centred kernel alignment). Texts of the sample are sent to a remote encoder.\n",
    .options = options,
    .operand_max = 2,
    .run = run,
};
