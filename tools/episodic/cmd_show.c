/* cmd_show.c - `episodic show`: all that is stored about a step, or an episode step by step. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    OPTION_SPACE,
    {"id", 0, "ID", "the step with this external id"},
    {"first", 0, "N", "of an episode: from its N-th step on (1)"},
    {"count", 'k', "N", "of an episode: at most N steps (all)"},
    OPTION_JSON,
    OPTIONS_END,
};

/* What is to be shown. */
typedef struct target {
    bool episode;
    uint64_t id;
    uint64_t first; /* from 1 */
    uint64_t count;
} target;

static int read_target(target *t, const cli *c) {
    *t = (target){false, 0, 1, 0};
    int code = DONE;
    if (cli_has(c, "first")) code = cli_number(&t->first, c, "--first", cli_value(c, "first"), UINT64_MAX);
    if (code == DONE && cli_has(c, "count")) code = cli_number(&t->count, c, "-k", cli_value(c, "count"), EPI_K_MAX);
    if (code != DONE || (cli_has(c, "id") && c->operand_count == 0)) return code;
    if (t->first == 0) return cli_error(c, BAD_USAGE, "--first: steps are counted from 1");
    if (c->operand_count != 2)
        return cli_error(c, BAD_USAGE, "what should be shown? step ID, episode ID, or --id EXTERNAL");
    t->episode = strcmp(c->operands[0], "episode") == 0;
    if (!t->episode && strcmp(c->operands[0], "step") != 0) {
        return cli_error(c, BAD_USAGE, "\"%s\" is neither step nor episode", c->operands[0]);
    }
    return cli_number(&t->id, c, c->operands[0], c->operands[1], UINT64_MAX);
}

static epi_status read_steps(epi_recollection **found, const cli *c, target *t) {
    if (cli_has(c, "id") && c->operand_count == 0) {
        epi_status status = epi_step_find(&t->id, c->space, cli_value(c, "id"));
        if (status != EPI_OK) return status;
    }
    if (t->episode) return epi_episode_read(found, c->space, t->id, t->first - 1, (size_t)t->count);
    return epi_step_read(found, c->space, t->id);
}

/* ---- an episode: a line for each step -------------------------------------------------------------------------- */

static void print_episode_head(const cli *c, const epi_scene *scene) {
    char *title = term_escape(scene->title, strlen(scene->title), " ");
    term_print(c, BOLD, "episode %" PRIu64, scene->episode);
    printf("%s%s\n", title != NULL && *title != '\0' ? ", " : "", title != NULL ? title : "");
    free(title);
}

static void print_line(const cli *c, const epi_recalled_step *step) {
    char when[EPI_TIME_TEXT_SIZE];
    char *who;
    char *text;
    print_step_words(&who, &text, step);
    if (who != NULL && text != NULL) {
        term_print(c, DIM, "%6" PRIu64 "  %s  ", step->id,
                   epi_time_text(when, step->event.from, step->event.utc_offset_min));
        term_print(c, CYAN, "%s", who);
        size_t used = 6 + 2 + strlen(when) + 2 + term_columns(who) + 2;
        if (c->width > used + 10) term_cut(text, c->width - used);
        printf("  %s%s\n", text, step->superseded_by != 0 ? "  (superseded)" : "");
    }
    free(who);
    free(text);
}

static void print_steps(const cli *c, const epi_recollection *found, bool episode) {
    for (size_t i = 0; i < epi_recollection_count(found); i++) {
        const epi_scene *scene = epi_recollection_scene(found, i);
        if (episode && i == 0) print_episode_head(c, scene);
        for (size_t j = 0; j < scene->step_count; j++) {
            const epi_recalled_step *step = epi_scene_step(scene, j);
            if (episode) {
                print_line(c, step);
            } else {
                print_step(c, scene, step);
            }
        }
    }
}

static int print_json(const cli *c, const epi_recollection *found) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    if (epi_recollection_count(found) > 0) json_text(writer, "title", epi_recollection_scene(found, 0)->title);
    epi_json_begin_array(writer, "steps");
    for (size_t i = 0; i < epi_recollection_count(found); i++) {
        const epi_scene *scene = epi_recollection_scene(found, i);
        for (size_t j = 0; j < scene->step_count; j++) json_step(writer, NULL, c, epi_scene_step(scene, j));
    }
    epi_json_end(writer);
    epi_json_end(writer);
    return json_print(c, writer);
}

static int run(cli *c) {
    target t;
    epi_recollection *found = NULL;
    int code = read_target(&t, c);
    if (code == DONE) code = cli_open(c, TO_READ, NULL);
    if (code != DONE) return code;
    epi_status status = read_steps(&found, c, &t);
    if (status != EPI_OK) return cli_fail(c, status);
    if (cli_has(c, "json")) {
        code = print_json(c, found);
    } else {
        print_steps(c, found, t.episode);
    }
    if (code == DONE && epi_recollection_count(found) == 0) code = cli_error(c, NOTHING, "there are no steps to show");
    epi_recollection_free(found);
    return code;
}

const cli_command cmd_show = {
    .name = "show",
    .summary = "a step with all that is stored about it, or an episode",
    .usage = "step ID | episode ID",
    .examples = "  episodic show --space home step 12\n"
                "  episodic show --space home episode 3\n"
                "  episodic show --space home --id D1:3 --json\n",
    .options = options,
    .operand_max = 2,
    .run = run,
};
