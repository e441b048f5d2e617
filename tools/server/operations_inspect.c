/* operations_inspect.c - spaces and step: looking into what is stored, for the page. Models do not get these. */
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"

#define SPACES_LIMIT 200u
#define NEIGHBOURS 8u

/* ---- spaces ------------------------------------------------------------------------------------------------------ */

/* A page of the memory's spaces being written. */
typedef struct listing {
    operation_call *call;
    const char *after; /* names up to this one were told before; NULL: none */
    uint64_t left;
    char next[EPI_NAME_SIZE_MAX + 1]; /* the last name of the page, when there is more */
    char last[EPI_NAME_SIZE_MAX + 1];
} listing;

static void put_transitions(epi_json_writer *writer, epi_space *space) {
    epi_transition_stats stats;
    if (epi_transitions_stats_read(&stats, space) != EPI_OK) return;
    epi_json_put_unsigned(writer, "steps", stats.steps);
    epi_json_put_unsigned(writer, "episodes", stats.episodes);
    epi_json_put_unsigned(writer, "recorders", stats.recorders);
    epi_json_put_unsigned(writer, "stored_bytes", stats.stored_size);
}

static void put_counts(epi_json_writer *writer, epi_space *space) {
    epi_space_stats stats;
    if (epi_space_stats_read(&stats, space) != EPI_OK) return;
    epi_json_put_unsigned(writer, "sequence", stats.sequence);
    if (strcmp(epi_space_schema(space)->preset, "transitions") == 0) {
        put_transitions(writer, space);
        return;
    }
    epi_json_put_unsigned(writer, "steps", stats.steps);
    epi_json_put_unsigned(writer, "episodes", stats.episodes);
    epi_json_put_unsigned(writer, "forgotten", stats.forgotten);
    epi_json_put_unsigned(writer, "superseded", stats.superseded);
    epi_json_put_unsigned(writer, "vectors", stats.vectors);
    epi_json_put_unsigned(writer, "dimension", stats.dimension);
    render_text(writer, "profile", epi_profile_name(stats.profile));
    render_time(writer, "from", stats.first_event, 0);
    render_time(writer, "to", stats.last_event, 0);
}

static void put_roles(epi_json_writer *writer, const epi_schema *schema) {
    epi_json_begin_array(writer, "roles");
    for (size_t i = 0; i < schema->role_count; i++) render_text(writer, NULL, schema->roles[i].name);
    epi_json_end(writer);
}

/* What may not be opened (another space than the server's own) is not told of. */
static void put_one(operation_call *call, const char *name) {
    epi_space *space = NULL;
    if (service_space(&space, call->service, FOR_TALK, name, NULL) != EPI_OK) return;
    epi_json_begin_object(call->result, NULL);
    render_text(call->result, "name", name);
    render_text(call->result, "preset", epi_space_schema(space)->preset);
    put_counts(call->result, space);
    put_roles(call->result, epi_space_schema(space));
    epi_json_end(call->result);
}

static bool visit(void *context, const char *name) {
    listing *l = context;
    if (l->after != NULL && strcmp(name, l->after) <= 0) return true;
    if (l->left == 0) {
        memcpy(l->next, l->last, sizeof l->next);
        return false;
    }
    l->left--;
    strncpy(l->last, name, sizeof l->last - 1);
    put_one(l->call, name);
    return true;
}

static epi_status run_spaces(operation_call *call) {
    listing l = {.call = call,
                 .after = argument_text(call, "after", NULL),
                 .left = argument_integer(call, "limit", SPACES_LIMIT)};
    epi_json_begin_array(call->result, "spaces");
    epi_status status = epi_space_list(service_memory(call->service), visit, &l);
    epi_json_end(call->result);
    if (status != EPI_OK && status != EPI_ECANCELLED) return status;
    render_optional(call->result, "next", l.next);
    const char *usual = service_default_space(call->service, FOR_TALK);
    if (usual != NULL) render_text(call->result, "default", usual);
    return EPI_OK;
}

const operation operation_spaces = {
    .name = "spaces",
    .title = "Spaces",
    .description = "Lists the spaces of the memory in the order of their names, with what each holds.",
    .input_schema = "{\"type\":\"object\",\"properties\":{\"after\":{\"type\":\"string\",\"description\":\"next of the "
                    "page before.\"},\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":200,\"default\":200}},"
                    "\"additionalProperties\":false}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"spaces\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
        "\"properties\":{\"name\":{\"type\":\"string\"},\"preset\":{\"type\":\"string\"},\"steps\":{\"type\":"
        "\"integer\"},\"episodes\":{\"type\":\"integer\"},\"roles\":{\"type\":\"array\",\"items\":{\"type\":"
        "\"string\"}}},\"required\":[\"name\",\"preset\"]}},\"next\":{\"type\":\"string\"},\"default\":{\"type\":"
        "\"string\"}},\"required\":[\"spaces\"]}",
    .hints = OPERATION_READS,
    .run = run_spaces,
};

/* ---- step -------------------------------------------------------------------------------------------------------- */

static void put_times(epi_json_writer *writer, const epi_recalled_step *step) {
    epi_json_begin_array(writer, "times");
    for (size_t i = 0; i < step->time_count; i++) {
        const epi_told_time *told = &step->times[i];
        epi_json_begin_object(writer, NULL);
        render_text(writer, "role", told->role);
        epi_json_put_unsigned(writer, "text_from", told->mention.from);
        epi_json_put_unsigned(writer, "text_to", told->mention.to);
        render_time(writer, "from", told->mention.interval.from, told->mention.interval.utc_offset_min);
        render_time(writer, "to", told->mention.interval.to, told->mention.interval.utc_offset_min);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

static void put_facts(epi_json_writer *writer, const epi_recalled_step *step) {
    epi_json_begin_array(writer, "facts");
    for (size_t i = 0; i < step->fact_count; i++) {
        const epi_stated_fact *stated = &step->facts[i];
        epi_json_begin_object(writer, NULL);
        render_text(writer, "subject", stated->fact.subject);
        render_text(writer, "attribute", stated->fact.attribute);
        render_text(writer, "value", stated->fact.value);
        render_time(writer, "from", stated->fact.from, 0);
        render_time(writer, "to", stated->fact.to, 0);
        epi_json_put_bool(writer, "given", stated->given);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

static void put_neighbour(epi_json_writer *writer, epi_space *space, uint64_t id, double similarity) {
    epi_recollection *found = NULL;
    if (epi_step_read(&found, space, id) != EPI_OK) return; /* gone meanwhile */
    const epi_recalled_step *step = epi_scene_step(epi_recollection_scene(found, 0), 0);
    if (step != NULL) {
        render_step_open(writer, step, 400);
        epi_json_put_number(writer, "similarity", similarity);
        epi_json_end(writer);
    }
    epi_recollection_free(found);
}

/* The steps whose vectors are nearest; none where the step has no vector. */
static epi_status put_neighbours(epi_json_writer *writer, epi_space *space, uint64_t id) {
    uint64_t ids[NEIGHBOURS + 1];
    float scores[NEIGHBOURS + 1];
    size_t size = 0, count = 0;
    float *vector = malloc(EPI_DIMENSION_MAX * sizeof *vector);
    if (vector == NULL) return EPI_ENOMEM;
    epi_status status = epi_step_vector(vector, &size, space, id);
    if (status == EPI_OK && size > 0) status = epi_nearest(&count, ids, scores, space, vector, size, NEIGHBOURS + 1, 0);
    epi_json_put_unsigned(writer, "dimension", size);
    epi_json_begin_array(writer, "neighbours");
    for (size_t i = 0; status == EPI_OK && i < count; i++) {
        if (ids[i] != id) put_neighbour(writer, space, ids[i], (double)scores[i]);
    }
    epi_json_end(writer);
    free(vector);
    return status;
}

static epi_status run_step(operation_call *call) {
    epi_space *space = NULL;
    epi_recollection *found = NULL;
    uint64_t id = argument_integer(call, "step", 0);
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = epi_step_read(&found, space, id);
    if (status != EPI_OK) return status;
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_step *step = epi_scene_step(scene, 0);
    render_text(call->result, "space", epi_space_name(space));
    epi_json_begin_array(call->result, "steps");
    render_step_open(call->result, step, RENDER_WHOLE);
    epi_json_put_unsigned(call->result, "index", step->index);
    render_optional(call->result, "title", scene->title);
    put_times(call->result, step);
    put_facts(call->result, step);
    epi_json_end(call->result);
    epi_json_end(call->result);
    status = put_neighbours(call->result, space, id);
    epi_recollection_free(found);
    return status;
}

const operation operation_step = {
    .name = "step",
    .title = "Step",
    .description = "Reads one step with all it has, also when it is superseded or forgotten, the times and facts that "
                   "it tells, and the steps whose vectors are nearest to its own.",
    .input_schema = "{\"type\":\"object\",\"properties\":{\"step\":{\"type\":\"integer\",\"minimum\":1}," SCHEMA_SPACE
                    "},\"required\":[\"step\"],\"additionalProperties\":false}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"steps\":{\"type\":\"array\","
        "\"description\":\"The one.\",\"items\":" SCHEMA_STEP "},\"dimension\":{\"type\":\"integer\",\"description\":"
        "\"Of its vector; 0: it has none.\"},\"neighbours\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
        "\"properties\":{" SCHEMA_STEP_MEMBERS ",\"similarity\":{\"type\":\"number\"}},\"required\":[\"step\","
        "\"episode\",\"time\",\"similarity\"]}}},\"required\":[\"space\",\"steps\",\"neighbours\"]}",
    .hints = OPERATION_READS,
    .run = run_step,
};
