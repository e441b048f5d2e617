/* operations_facts.c - facts and history: what holds, what held before, and how one step was corrected by another. */
#include <string.h>

#include "arguments.h"
#include "cursor.h"
#include "operation_table.h"
#include "render.h"

#define FACTS_LIMIT_DEFAULT 50u
#define VERSION_COUNT_MAX 100u /* of one step's history */
#define VERSION_ROOM 8192u     /* bytes of a version's texts */

static void put_fact(epi_json_writer *writer, const epi_known_fact *known) {
    int32_t offset = known->utc_offset_min;
    epi_json_begin_object(writer, NULL);
    render_text(writer, "subject", known->fact.subject);
    render_text(writer, "attribute", known->fact.attribute);
    render_text(writer, "value", known->fact.value);
    render_time(writer, "from", known->fact.from, offset);
    render_time(writer, "until", known->until, offset);
    epi_json_put_bool(writer, "current", known->current);
    epi_json_put_bool(writer, "given", known->given);
    render_optional(writer, "said", known->said);
    epi_json_put_unsigned(writer, "step", known->step);
    epi_json_put_unsigned(writer, "episode", known->episode);
    render_time(writer, "stored", known->ingest_time, 0);
    render_id(writer, "superseded_by", known->superseded_by);
    epi_json_end(writer);
}

static void put_facts(operation_call *call, const epi_facts *facts, size_t first, const char *list) {
    size_t count = epi_facts_count(facts);
    size_t limit = (size_t)argument_integer(call, "limit", FACTS_LIMIT_DEFAULT);
    size_t i = first;
    char cursor[CURSOR_SIZE];
    epi_json_begin_array(call->result, "facts");
    for (; i < count && i - first < limit; i++) put_fact(call->result, epi_facts_at(facts, i));
    epi_json_end(call->result);
    if (i < count) render_text(call->result, "next_cursor", cursor_write(cursor, list, call->arguments, i));
}

typedef epi_status (*facts_reader)(epi_facts **facts, epi_space *space, const epi_fact_cue *cue);

static epi_status read_facts(operation_call *call, epi_space *space, facts_reader read, const char *list) {
    epi_fact_cue cue = epi_fact_cue_default();
    epi_facts *facts = NULL;
    uint64_t first = 0;
    cue.subject = argument_text(call, "subject", NULL);
    cue.attribute = argument_text(call, "attribute", NULL);
    epi_status status = argument_cursor(&first, call, list);
    if (status == EPI_OK) status = argument_time(&cue.as_of, call, "as_of", true);
    if (status == EPI_OK) status = argument_time(&cue.valid_at, call, "valid_at", true);
    if (status == EPI_OK) status = read(&facts, space, &cue);
    if (status != EPI_OK) return status;
    put_facts(call, facts, (size_t)first, list);
    epi_facts_free(facts);
    return EPI_OK;
}

/* ---- facts ----------------------------------------------------------------------------------------------------- */

static epi_status run_facts(operation_call *call) {
    epi_space *space = NULL;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    return read_facts(call, space, epi_facts_now, "facts");
}

#define SCHEMA_FACTS                                                                                                  \
    "\"facts\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"subject\":{\"type\":\"string\"}," \
    "\"attribute\":{\"type\":\"string\"},\"value\":{\"type\":\"string\"},\"from\":{\"type\":\"string\"},\"until\":{"  \
    "\"type\":\"string\",\"description\":\"Left out: it was not ended.\"},\"current\":{\"type\":\"boolean\"},"        \
    "\"given\":{\"type\":\"boolean\",\"description\":\"false: found in a text by rule.\"},\"said\":{\"type\":"        \
    "\"string\",\"description\":\"The words that state it.\"},\"step\":{\"type\":\"integer\"},\"episode\":{\"type\":" \
    "\"integer\"},\"stored\":{\"type\":\"string\"},\"superseded_by\":{\"type\":\"integer\"}},\"required\":["          \
    "\"subject\",\"attribute\",\"value\",\"current\",\"given\",\"step\",\"episode\"]}},\"next_cursor\":{\"type\":"    \
    "\"string\"}"

#define SCHEMA_WHICH_FACTS                                                                                           \
    "\"subject\":{\"type\":\"string\",\"minLength\":1,\"description\":\"Left out: every subject.\"},\"attribute\":{" \
    "\"type\":\"string\",\"minLength\":1,\"description\":\"Left out: every attribute. Needs a "                      \
    "subject.\"},\"as_of\":" SCHEMA_TIME ",\"valid_at\":" SCHEMA_TIME                                                \
    ",\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":500,"                                                \
    "\"default\":50}," SCHEMA_CURSOR "," SCHEMA_SPACE

const operation operation_facts = {
    .name = "facts",
    .title = "Facts",
    .description =
        "Tells which value an attribute of a subject has now (\"user\", \"lives in\"), or had at a time: the "
        "newest statement holds. Each fact names the step that states it.",
    .input_schema = "{\"type\":\"object\",\"properties\":{" SCHEMA_WHICH_FACTS "},\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"}," SCHEMA_FACTS
                     "},\"required\":[\"space\",\"facts\"]}",
    .hints = OPERATION_TOOL | OPERATION_READS,
    .run = run_facts,
};

/* ---- history --------------------------------------------------------------------------------------------------- */

/* The step and its neighbour in the chain of corrections, older or newer; 0: none. */
static epi_status neighbour_of(uint64_t *next, epi_space *space, uint64_t step, bool older) {
    epi_recollection *found = NULL;
    epi_status status = epi_step_read(&found, space, step);
    *next = 0;
    if (status != EPI_OK) return status;
    const epi_recalled_step *read = epi_scene_step(epi_recollection_scene(found, 0), 0);
    if (read != NULL) *next = older ? read->supersedes : read->superseded_by;
    epi_recollection_free(found);
    return EPI_OK;
}

static epi_status put_version(operation_call *call, epi_space *space, uint64_t step) {
    epi_recollection *found = NULL;
    epi_status status = epi_step_read(&found, space, step);
    if (status != EPI_OK) return status;
    const epi_recalled_step *read = epi_scene_step(epi_recollection_scene(found, 0), 0);
    if (read != NULL) render_step(call->result, read, VERSION_ROOM);
    epi_recollection_free(found);
    return EPI_OK;
}

/* From the first version to the newest; what is older and gone ends the way back. */
static epi_status put_versions(operation_call *call, epi_space *space, uint64_t step) {
    uint64_t next = step;
    epi_status status = EPI_OK;
    for (size_t i = 0; next != 0 && i < VERSION_COUNT_MAX; i++) {
        step = next;
        epi_status found = neighbour_of(&next, space, step, true);
        if (i == 0) status = found;
    }
    epi_json_begin_array(call->result, "versions");
    for (size_t i = 0; status == EPI_OK && step != 0 && i < VERSION_COUNT_MAX; i++) {
        epi_status found = put_version(call, space, step);
        if (found == EPI_OK) found = neighbour_of(&next, space, step, false);
        if (found != EPI_OK && found != EPI_ESTALE) status = found;
        step = found == EPI_OK ? next : 0;
    }
    epi_json_end(call->result);
    return status;
}

static epi_status run_history(operation_call *call) {
    epi_space *space = NULL;
    uint64_t step = argument_integer(call, "step", 0);
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    return step != 0 ? put_versions(call, space, step) : read_facts(call, space, epi_facts_history, "history");
}

const operation operation_history = {
    .name = "history",
    .title = "History",
    .description =
        "Tells how something changed: every value that an attribute of a subject ever had, the oldest first; "
        "or, given a step, all its versions from the first to the newest correction.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"step\":{\"type\":\"integer\",\"minimum\":1}," SCHEMA_WHICH_FACTS
        "},\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"}," SCHEMA_FACTS
                     ",\"versions\":{\"type\":\"array\",\"items\":" SCHEMA_STEP "}},\"required\":[\"space\"]}",
    .hints = OPERATION_TOOL | OPERATION_READS,
    .run = run_history,
};
