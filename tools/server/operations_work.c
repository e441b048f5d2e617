/* operations_work.c - begin, record, finish: an agent's work as it happens, for imagine and plan to learn from.
 *
 * A run of work is an episode of a `trajectory` space. Its first step holds the task and the situation it began in, so
 * that the task is known to whoever goes on with it, in this process or another; each further step holds the task
 * again, because steps are what imagining compares.
 */
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"

#define PARTS_MAX 8u

/* A step being made, and what its texts are owned by. */
typedef struct work {
    epi_step step;
    epi_part parts[PARTS_MAX];
    const char *tags[ARGUMENT_LIST_MAX];
    epi_json_writer *situation;
    epi_json_writer *arguments;
    epi_json_writer *metadata;
    char *task;
    double cost;
} work;

static void work_dispose(work *w) {
    epi_json_writer_free(w->situation);
    epi_json_writer_free(w->arguments);
    epi_json_writer_free(w->metadata);
    free(w->task);
}

static void add_text(work *w, const char *role, const char *text) {
    if (text != NULL && *text != '\0') w->parts[w->step.part_count++] = epi_part_text(role, text);
}

/* A text as it is, an object as JSON. */
static epi_status read_situation(work *w, operation_call *call) {
    const char *text = argument_text(call, "situation", NULL);
    if (text != NULL) {
        add_text(w, "situation", text);
        return EPI_OK;
    }
    epi_status status = argument_json(&w->situation, &text, call, "situation");
    add_text(w, "situation", text);
    return status;
}

static epi_status open_work(work *w, operation_call *call, epi_space **space, const epi_schema *schema) {
    memset(w, 0, sizeof *w);
    w->step = epi_step_default();
    w->step.parts = w->parts;
    w->step.tags = w->tags;
    epi_status status = argument_event(&w->step, call, "time");
    if (status == EPI_OK) status = argument_space(space, call, FOR_WORK, schema);
    return status;
}

/* Reads the task that the episode's first step has; what comes next is said of it too. */
static epi_status go_on(epi_experience *experience, work *w, operation_call *call, epi_space *space) {
    epi_recollection *found = NULL;
    *experience = epi_experience_default();
    experience->episode = argument_integer(call, "episode", 0);
    experience->steps = &w->step;
    epi_status status = epi_episode_read(&found, space, experience->episode, 0, 1);
    if (status != EPI_OK) return status;
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_part *task = scene != NULL ? epi_scene_part(scene, epi_scene_step(scene, 0), "task") : NULL;
    w->task = task != NULL ? strndup(task->data, task->size) : NULL;
    add_text(w, "task", w->task);
    epi_recollection_free(found);
    return EPI_OK;
}

static void tell_step(operation_call *call, epi_space *space, uint64_t episode, uint64_t step) {
    render_text(call->result, "space", epi_space_name(space));
    epi_json_put_unsigned(call->result, "episode", episode);
    render_id(call->result, "step", step);
}

#define SCHEMA_SITUATION                                                                     \
    "\"situation\":{" SCHEMA_OBJECT_OR_TEXT ",\"description\":\"What was the case then: an " \
    "object whose members are compared one by one, or words.\"}"
#define SCHEMA_WORK_STEP                                                                          \
    "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"episode\":{\"type\":" \
    "\"integer\"},\"step\":{\"type\":\"integer\"}},\"required\":[\"space\",\"episode\"]}"

/* ---- begin ----------------------------------------------------------------------------------------------------- */

static size_t title_size(const char *task) {
    size_t size = strlen(task) < 200 ? strlen(task) : 200;
    while (size > 0 && ((unsigned char)task[size] & 0xc0u) == 0x80u) size--;
    return size;
}

static epi_status begin(uint64_t *step, uint64_t *id, operation_call *call, epi_space *space, work *w) {
    epi_episode_options options = epi_episode_options_default();
    epi_experience experience = epi_experience_default();
    const char *task = argument_text(call, "task", NULL);
    char title[201];
    size_t size = title_size(task);
    memcpy(title, task, size);
    title[size] = '\0';
    options.title = title;
    options.tags = w->tags;
    options.tag_count = argument_texts(w->tags, call, "tags");
    epi_status status = argument_json(&w->metadata, &options.metadata, call, "metadata");
    add_text(w, "task", task);
    if (status == EPI_OK) status = read_situation(w, call);
    experience.begin = &options;
    experience.steps = &w->step;
    experience.step_count = 1;
    return status == EPI_OK ? epi_remember_many(step, id, space, &experience, 1) : status;
}

static epi_status run_begin(operation_call *call) {
    epi_space *space = NULL;
    work w;
    uint64_t step = 0, id = 0;
    epi_status status = open_work(&w, call, &space, epi_schema_trajectory());
    if (status == EPI_OK) status = begin(&step, &id, call, space, &w);
    if (status == EPI_OK) tell_step(call, space, id, step);
    work_dispose(&w);
    return status;
}

const operation operation_begin = {
    .name = "begin",
    .title = "Begin work",
    .description = "Begins to record a run of work on a task and returns its episode id, for record and finish.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"task\":{\"type\":\"string\",\"minLength\":1,\"description\":"
        "\"What is to be done.\"}," SCHEMA_SITUATION ",\"time\":" SCHEMA_TIME "," SCHEMA_TAGS "},"
        "\"metadata\":{\"type\":\"object\"}," SCHEMA_SPACE "},\"required\":[\"task\"],"
        "\"additionalProperties\":false}",
    .output_schema = SCHEMA_WORK_STEP,
    .hints = OPERATION_TOOL,
    .run = run_begin,
};

/* ---- record ---------------------------------------------------------------------------------------------------- */

static epi_status read_action(work *w, operation_call *call) {
    const char *arguments = NULL;
    epi_status status = read_situation(w, call);
    if (status == EPI_OK) status = argument_json(&w->arguments, &arguments, call, "arguments");
    add_text(w, "tool", argument_text(call, "tool", NULL));
    add_text(w, "arguments", arguments);
    add_text(w, "result", argument_text(call, "result", NULL));
    add_text(w, "error", argument_text(call, "error", NULL));
    w->cost = argument_number(call, "cost", 0.0);
    if (epi_json_type_of(epi_json_member(call->arguments, "cost")) == EPI_JSON_NUMBER)
        w->parts[w->step.part_count++] = epi_part_bytes("cost", &w->cost, sizeof w->cost);
    w->step.reward = argument_number(call, "reward", 0.0);
    w->step.tag_count = argument_texts(w->tags, call, "tags");
    if (status == EPI_OK) status = argument_json(&w->metadata, &w->step.metadata, call, "metadata");
    return status;
}

static epi_status run_record(operation_call *call) {
    epi_experience experience;
    epi_space *space = NULL;
    work w;
    uint64_t step = 0;
    epi_status status = open_work(&w, call, &space, NULL);
    if (status == EPI_OK) status = go_on(&experience, &w, call, space);
    if (status == EPI_OK) status = read_action(&w, call);
    if (status == EPI_OK) {
        experience.step_count = 1;
        status = epi_remember_many(&step, NULL, space, &experience, 1);
    }
    if (status == EPI_OK) tell_step(call, space, experience.episode, step);
    work_dispose(&w);
    return status;
}

const operation operation_record = {
    .name = "record",
    .title = "Record a step of work",
    .description = "Records one action of a run of work as it went: the tool, its arguments, what came back or went "
                   "wrong, and what it cost.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"episode\":{\"type\":\"integer\",\"minimum\":1}," SCHEMA_SITUATION
        ",\"tool\":{\"type\":\"string\",\"minLength\":1},\"arguments\":{\"type\":\"object\"},"
        "\"result\":{\"type\":\"string\"},\"error\":{\"type\":\"string\",\"description\":\"What went wrong; "
        "left out: nothing.\"},\"cost\":{\"type\":\"number\"},\"reward\":{\"type\":\"number\"},\"time\":" SCHEMA_TIME
        "," SCHEMA_TAGS "},\"metadata\":{\"type\":\"object\"}," SCHEMA_SPACE "},\"required\":"
        "[\"episode\",\"tool\"],\"additionalProperties\":false}",
    .output_schema = SCHEMA_WORK_STEP,
    .hints = OPERATION_TOOL,
    .run = run_record,
};

/* ---- finish ---------------------------------------------------------------------------------------------------- */

/* What the last action led to, as a step without a tool. */
static epi_status read_end(epi_experience *experience, operation_call *call, work *w) {
    epi_status status = read_situation(w, call);
    size_t before = w->step.part_count;
    add_text(w, "result", argument_text(call, "note", NULL));
    bool told = w->step.part_count > before || epi_json_member(call->arguments, "situation") != NULL;
    experience->step_count = told;
    return status;
}

static epi_status run_finish(operation_call *call) {
    epi_outcome outcome = epi_outcome_default();
    epi_experience experience;
    epi_space *space = NULL;
    work w;
    uint64_t step = 0;
    outcome.text = argument_text(call, "outcome", NULL);
    outcome.has_reward = epi_json_number(&outcome.reward, epi_json_member(call->arguments, "reward"));
    epi_status status = open_work(&w, call, &space, NULL);
    if (status == EPI_OK) status = go_on(&experience, &w, call, space);
    if (status == EPI_OK) status = read_end(&experience, call, &w);
    if (status == EPI_OK) {
        experience.outcome = &outcome;
        status = epi_remember_many(&step, NULL, space, &experience, 1);
    }
    if (status == EPI_OK) tell_step(call, space, experience.episode, step);
    work_dispose(&w);
    return status;
}

const operation operation_finish = {
    .name = "finish",
    .title = "Finish work",
    .description = "Ends a run of work: how it went, and a reward above 0 where it succeeded.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"episode\":{\"type\":\"integer\",\"minimum\":1},\"outcome\":{"
        "\"type\":\"string\",\"description\":\"For instance success, failure, or a sentence.\"},\"reward\":{"
        "\"type\":\"number\"},\"note\":{\"type\":\"string\",\"description\":\"What to know next "
        "time.\"}," SCHEMA_SITUATION ",\"time\":" SCHEMA_TIME "," SCHEMA_SPACE "},\"required\":[\"episode\"],"
        "\"additionalProperties\":false}",
    .output_schema = SCHEMA_WORK_STEP,
    .hints = OPERATION_TOOL | OPERATION_IDEMPOTENT,
    .run = run_finish,
};
