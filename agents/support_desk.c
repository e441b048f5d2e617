/* support_desk.c - a support assistant that remembers tickets: for a new one it recalls similar ones and imagines how
 * each possible action would play out, before it does any.
 *
 *   support_desk DIR learn FILE               past tickets, a JSON object a line (README.md)
 *   support_desk DIR ask TICKET SITUATION [ACTION...]
 *
 * A ticket is an episode of a `trajectory` space: its text is the task, what is known of the customer the situation,
 * each thing that was done a step, and whether it was solved the reward. Asking prints what was found, line by line
 * with its source steps, and what the assistant would do; with no action named, those that were ever taken are weighed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>
#include <episodic/sys/json.h>

#include "usage.h"

enum { ACTIONS_MAX = 32, SIMILAR = 3 };

static int fail(const char *what) {
    fprintf(stderr, "support_desk: %s: %s\n", what, epi_error_last()->message);
    return 1;
}

/* ---- learning --------------------------------------------------------------------------------------------------- */

static void put_text(epi_step *step, epi_part *parts, const char *role, const epi_json *object, const char *member) {
    size_t size = 0;
    const char *text = epi_json_string(epi_json_member(object, member), &size);
    if (text && size > 0) parts[step->part_count++] = epi_part_bytes(role, text, size);
}

/* The member as JSON text, written by hand since it holds strings only: {"product": "app", ...}. */
static epi_status put_object(epi_step *step, epi_part *parts, epi_json_writer *writer, const char *role,
                             const epi_json *object) {
    size_t size = 0;
    if (!object) return EPI_OK;
    epi_json_writer_clear(writer);
    epi_json_begin_object(writer, NULL);
    for (const epi_json *member = epi_json_first(object); member; member = epi_json_next(member)) {
        const char *text = epi_json_string(member, &size);
        if (text) epi_json_put_string(writer, epi_json_name(member), text, size);
    }
    epi_json_end(writer);
    const char *text = epi_json_writer_text(&size, writer);
    if (!text) return EPI_ENOMEM;
    parts[step->part_count++] = epi_part_bytes(role, text, size);
    return EPI_OK;
}

/* Two writers, as the texts of both must live until the step is appended. The external id makes learning a file twice
 * learn it once. */
static epi_status learn_step(epi_episode *episode, const epi_json *ticket, const epi_json *done, size_t number,
                             epi_json_writer *writers[2]) {
    char id[64];
    epi_part parts[7];
    epi_step step = epi_step_default();
    double cost = 0.0;
    const char *ticket_id = epi_json_string(epi_json_member(ticket, "id"), NULL);
    snprintf(id, sizeof id, "%s/%zu", ticket_id ? ticket_id : "", number);
    step.external_id = ticket_id ? id : NULL;
    step.parts = parts;
    put_text(&step, parts, "task", ticket, "ticket");
    put_text(&step, parts, "tool", done, "action");
    put_text(&step, parts, "result", done, "result");
    put_text(&step, parts, "error", done, "error");
    if (epi_json_number(&cost, epi_json_member(done, "minutes")))
        parts[step.part_count++] = epi_part_bytes("cost", &cost, sizeof cost);
    epi_status status = put_object(&step, parts, writers[0], "situation", epi_json_member(ticket, "situation"));
    if (!status) status = put_object(&step, parts, writers[1], "arguments", epi_json_member(done, "arguments"));
    return status ? status : epi_episode_append(NULL, episode, &step);
}

static epi_status learn_ticket(epi_space *space, const epi_json *ticket, epi_json_writer *writers[2]) {
    epi_episode *episode = NULL;
    epi_episode_options options = epi_episode_options_default();
    epi_outcome outcome = epi_outcome_default();
    options.external_id = epi_json_string(epi_json_member(ticket, "id"), NULL);
    outcome.has_reward = true;
    outcome.reward = epi_json_true(epi_json_member(ticket, "solved")) ? 1.0 : 0.0;
    epi_status status = epi_episode_begin(&episode, space, &options);
    const epi_json *done = epi_json_first(epi_json_member(ticket, "done"));
    for (size_t i = 0; !status && done; i++, done = epi_json_next(done))
        status = learn_step(episode, ticket, done, i, writers);
    if (!status) status = epi_episode_end(episode, &outcome);
    epi_episode_close(episode);
    return status;
}

static int learn(epi_space *space, const char *path) {
    char *line = NULL;
    size_t room = 0, count = 0;
    ssize_t size;
    epi_json_writer *writers[2] = {NULL, NULL};
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "support_desk: %s cannot be read\n", path);
        return 1;
    }
    epi_status status = epi_json_writer_new(&writers[0], false);
    if (!status) status = epi_json_writer_new(&writers[1], false);
    while (!status && (size = getline(&line, &room, file)) > 0) {
        epi_json *ticket = NULL;
        status = epi_json_parse(&ticket, line, (size_t)size);
        if (!status) status = learn_ticket(space, ticket, writers);
        epi_json_free(ticket);
        count += status == EPI_OK;
    }
    epi_json_writer_free(writers[0]);
    epi_json_writer_free(writers[1]);
    free(line);
    fclose(file);
    if (status) return fail(path);
    printf("%zu tickets\n", count);
    return 0;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static epi_status print_similar(epi_space *space, const char *ticket) {
    epi_recollection *found = NULL;
    epi_recall_options options = epi_recall_options_default();
    options.k = SIMILAR;
    options.scene_margin = 0;
    epi_status status = epi_recall_text(&found, space, ticket, &options);
    for (size_t i = 0; !status && i < epi_recollection_hit_count(found); i++) {
        const epi_hit *hit = epi_recollection_hit(found, i);
        const epi_scene *scene = epi_recollection_scene(found, hit->scene);
        const epi_recalled_step *step = epi_scene_step(scene, hit->scene_step);
        const epi_recalled_part *task = epi_scene_part(scene, step, "task");
        const epi_recalled_part *tool = epi_scene_part(scene, step, "tool");
        printf("similar | %.*s | %s | step %llu, episode %llu\n", task ? (int)task->size : 0,
               task ? (const char *)task->data : "", tool ? (const char *)tool->data : "",
               (unsigned long long)hit->step, (unsigned long long)hit->episode);
    }
    epi_recollection_free(found);
    return status;
}

/* The action whose lower bound is best; nothing where none was ever tried. */
static void print_choice(const epi_prospects *prospects) {
    const epi_prospect *best = epi_prospects_best(prospects);
    if (!best) {
        puts("would do | nothing: no action has a precedent; ask a person");
        return;
    }
    printf("would do | %s%s%s | at least %.0f %% | as in step %llu\n", best->tool, best->arguments ? " " : "",
           best->arguments ? best->arguments : "", 100.0 * best->success_low, (unsigned long long)best->success.step);
}

static int ask(epi_space *space, const char *ticket, const char *situation, char **actions, size_t count) {
    epi_candidate candidates[ACTIONS_MAX];
    epi_prospects *prospects = NULL;
    epi_imagine_actions_options options = epi_imagine_actions_options_default();
    if (count > ACTIONS_MAX) count = ACTIONS_MAX;
    for (size_t i = 0; i < count; i++) candidates[i] = epi_candidate_tool(actions[i], NULL);
    options.propose_count = count ? 0 : ACTIONS_MAX;
    epi_status status = print_similar(space, ticket);
    if (!status) status = epi_imagine_actions(&prospects, space, ticket, situation, candidates, count, &options);
    if (!status) {
        fputs(epi_prospects_text(prospects), stdout);
        print_choice(prospects);
    }
    epi_prospects_free(prospects);
    return status ? fail("asking") : 0;
}

static const char usage_text[] = "usage: support_desk DIR learn FILE\n"
                                 "       support_desk DIR ask TICKET SITUATION [ACTION...]\n";

int main(int argc, char **argv) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    bool learning = argc == 4 && strcmp(argv[2], "learn") == 0, asking = argc >= 5 && strcmp(argv[2], "ask") == 0;
    if (!learning && !asking) return usage("support_desk", usage_text, argc, argv);
    epi_status status = epi_memory_open(&memory, argv[1], NULL);
    if (!status) status = epi_space_open(&space, memory, "tickets", epi_schema_trajectory());
    int code = status     ? fail(argv[1])
               : learning ? learn(space, argv[3])
                          : ask(space, argv[3], argv[4], argv + 5, (size_t)argc - 5);
    epi_space_close(space);
    status = epi_memory_close(memory);
    return status ? fail("closing") : code;
}
