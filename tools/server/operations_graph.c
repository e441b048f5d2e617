/* operations_graph.c - the official memory server's tools that change the graph, over a graph kept in a space: `--as
 * memory`. Names and forms are theirs, so that a client need not know.
 */
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "graph.h"
#include "graph_schema.h"
#include "operation_table.h"
#include "render.h"

static epi_status open_graph(epi_space **space, operation_call *call) {
    return argument_space(space, call, FOR_TALK, epi_schema_conversation());
}

static const char *text_of(const epi_json *object, const char *name) {
    return epi_json_string(epi_json_member(object, name), NULL);
}

static const epi_json *first_of(const operation_call *call, const char *name) {
    return epi_json_first(epi_json_member(call->arguments, name));
}

/* ---- create_entities ------------------------------------------------------------------------------------------- */

/* Texts of a list, each once, and none of those that a node has, or that are being added to it. @return how many */
static size_t new_texts(const char **texts, const epi_json *list, const graph_node *node,
                        const graph_addition *addition, const char *name) {
    size_t count = 0;
    char id[GRAPH_ID_SIZE];
    for (const epi_json *each = epi_json_first(list); each != NULL; each = epi_json_next(each)) {
        const char *text = epi_json_string(each, NULL);
        bool known = text == NULL || *text == '\0';
        for (size_t i = 0; !known && i < count; i++) known = strcmp(texts[i], text) == 0;
        for (size_t i = 0; !known && node->scene != NULL && i < node->scene->step_count; i++) {
            const epi_recalled_step *step = epi_scene_step(node->scene, i);
            known = graph_is(step, GRAPH_OBSERVATION) && strcmp(graph_text(node, step), text) == 0;
        }
        if (!known && !graph_addition_has(addition, graph_id(id, GRAPH_OBSERVATION, name, text, NULL)))
            texts[count++] = text;
    }
    return count;
}

/* How many texts the lists of a list have. */
static size_t count_texts(const operation_call *call, const char *name, const char *of) {
    size_t count = 0;
    for (const epi_json *each = first_of(call, name); each != NULL; each = epi_json_next(each))
        count += epi_json_count(epi_json_member(each, of));
    return count;
}

/* What is told has been stored, and nothing of it where that failed. */
static epi_status store(operation_call *call, epi_space *space, graph_addition *addition, epi_status status) {
    if (addition == NULL) return operation_fail(call, EPI_ENOMEM, "out of memory");
    if (status == EPI_OK) status = graph_addition_store(space, addition);
    graph_addition_free(addition);
    return status;
}

static void put_texts(epi_json_writer *writer, const char *name, const char *const *texts, size_t count) {
    epi_json_begin_array(writer, name);
    for (size_t i = 0; i < count; i++) render_text(writer, NULL, texts[i]);
    epi_json_end(writer);
}

/* Whether an entity is to be added: it is not there, and none before it has its name. */
static epi_status is_new(bool *is, epi_space *space, const graph_addition *addition, const char *name) {
    char id[GRAPH_ID_SIZE];
    uint64_t step;
    *is = false;
    if (graph_addition_has(addition, graph_id(id, GRAPH_ENTITY, name, NULL, NULL))) return EPI_OK;
    epi_status status = epi_step_find(&step, space, id);
    *is = status == EPI_ENOTFOUND;
    return *is ? EPI_OK : status;
}

/* Adds an entity, and tells it. */
static epi_status create_entity(operation_call *call, graph_addition *addition, const epi_json *entity) {
    const graph_node none = {0};
    const epi_json *list = epi_json_member(entity, "observations");
    const char *name = text_of(entity, "name"), *type = text_of(entity, "entityType");
    const char **texts = calloc(epi_json_count(list) + 1, sizeof *texts);
    if (texts == NULL) return operation_fail(call, EPI_ENOMEM, "out of memory");
    size_t count = new_texts(texts, list, &none, addition, name);
    epi_status status = graph_add(addition, name, type, texts, count);
    epi_json_begin_object(call->result, NULL);
    render_text(call->result, "name", name);
    render_text(call->result, "entityType", type);
    put_texts(call->result, "observations", texts, count);
    epi_json_end(call->result);
    free(texts);
    return status;
}

static epi_status run_create_entities(operation_call *call) {
    epi_space *space = NULL;
    size_t count = epi_json_count(epi_json_member(call->arguments, "entities"));
    graph_addition *addition = graph_addition_new(count, count + count_texts(call, "entities", "observations"));
    epi_status status = addition != NULL ? open_graph(&space, call) : EPI_ENOMEM;
    const epi_json *each = status == EPI_OK ? first_of(call, "entities") : NULL;
    epi_json_begin_array(call->result, "entities");
    for (; status == EPI_OK && each != NULL; each = epi_json_next(each)) {
        bool is = false;
        status = is_new(&is, space, addition, text_of(each, "name"));
        if (is) status = create_entity(call, addition, each);
    }
    epi_json_end(call->result);
    return store(call, space, addition, status);
}

const operation operation_create_entities = {
    .name = "create_entities",
    .title = "Create entities",
    .description = "Adds entities to the graph, each with a name, a type and observations about it. One whose name is "
                   "there already is left as it is. Returns those that were added.",
    .input_schema = SCHEMA_OF(SCHEMA_ENTITIES, "\"entities\""),
    .output_schema = SCHEMA_OF(SCHEMA_ENTITIES, "\"entities\""),
    .hints = OPERATION_TOOL,
    .run = run_create_entities,
};

/* ---- relations ------------------------------------------------------------------------------------------------- */

static graph_relation relation_of(const epi_json *object) {
    return (graph_relation){text_of(object, "from"), text_of(object, "to"), text_of(object, "relationType")};
}

static epi_status run_create_relations(operation_call *call) {
    epi_space *space = NULL;
    size_t count = epi_json_count(epi_json_member(call->arguments, "relations"));
    graph_addition *addition = graph_addition_new(2 * count, 2 * count);
    epi_status status = addition != NULL ? open_graph(&space, call) : EPI_ENOMEM;
    const epi_json *each = status == EPI_OK ? first_of(call, "relations") : NULL;
    epi_json_begin_array(call->result, "relations");
    for (; status == EPI_OK && each != NULL; each = epi_json_next(each)) {
        graph_relation relation = relation_of(each);
        bool added = false;
        status = graph_relate(&added, addition, space, &relation);
        if (status == EPI_OK && added) render_value(call->result, NULL, each);
    }
    epi_json_end(call->result);
    return store(call, space, addition, status);
}

const operation operation_create_relations = {
    .name = "create_relations",
    .title = "Create relations",
    .description = "Adds relations between entities: from, a verb or role such as \"works at\", and to. Returns those "
                   "that were not there.",
    .input_schema = SCHEMA_OF(SCHEMA_RELATIONS, "\"relations\""),
    .output_schema = SCHEMA_OF(SCHEMA_RELATIONS, "\"relations\""),
    .hints = OPERATION_TOOL,
    .run = run_create_relations,
};

static epi_status put_done(operation_call *call, epi_status status, const char *message) {
    epi_json_put_bool(call->result, "success", status == EPI_OK);
    render_text(call->result, "message", message);
    return status;
}

static epi_status run_delete_relations(operation_call *call) {
    epi_space *space = NULL;
    epi_status status = open_graph(&space, call);
    const epi_json *each = first_of(call, "relations");
    for (; status == EPI_OK && each != NULL; each = epi_json_next(each)) {
        graph_relation relation = relation_of(each);
        status = graph_unrelate(space, &relation);
    }
    return put_done(call, status, "Relations deleted");
}

const operation operation_delete_relations = {
    .name = "delete_relations",
    .title = "Delete relations",
    .description = "Deletes relations, for good. One that is not there is passed over.",
    .input_schema = SCHEMA_OF(SCHEMA_RELATIONS, "\"relations\""),
    .output_schema = SCHEMA_DONE,
    .hints = OPERATION_TOOL | OPERATION_DESTROYS | OPERATION_IDEMPOTENT,
    .run = run_delete_relations,
};

/* ---- observations ---------------------------------------------------------------------------------------------- */

static epi_status add_observations(operation_call *call, epi_space *space, graph_addition *addition,
                                   const epi_json *given) {
    graph_node node = {0};
    const epi_json *list = epi_json_member(given, "contents");
    const char *name = text_of(given, "entityName");
    const char **texts = calloc(epi_json_count(list) + 1, sizeof *texts);
    epi_status status = texts != NULL ? graph_read(&node, space, name) : EPI_ENOMEM;
    if (status == EPI_OK) {
        size_t count = new_texts(texts, list, &node, addition, name);
        status = graph_add(addition, name, NULL, texts, count);
        epi_json_begin_object(call->result, NULL);
        render_text(call->result, "entityName", name);
        put_texts(call->result, "addedObservations", texts, count);
        epi_json_end(call->result);
    }
    graph_node_dispose(&node);
    free(texts);
    return status;
}

/* All entities have to be there before anything is added. */
static epi_status check_entities(operation_call *call, epi_space *space) {
    char id[GRAPH_ID_SIZE];
    uint64_t step;
    for (const epi_json *each = first_of(call, "observations"); each != NULL; each = epi_json_next(each)) {
        const char *name = text_of(each, "entityName");
        epi_status status = epi_step_find(&step, space, graph_id(id, GRAPH_ENTITY, name, NULL, NULL));
        if (status == EPI_ENOTFOUND) return operation_fail(call, status, "there is no entity \"%.200s\"", name);
        if (status != EPI_OK) return status;
    }
    return EPI_OK;
}

static epi_status run_add_observations(operation_call *call) {
    epi_space *space = NULL;
    size_t count = epi_json_count(epi_json_member(call->arguments, "observations"));
    graph_addition *addition = graph_addition_new(count, count_texts(call, "observations", "contents"));
    epi_status status = addition != NULL ? open_graph(&space, call) : EPI_ENOMEM;
    if (status == EPI_OK) status = check_entities(call, space);
    epi_json_begin_array(call->result, "results");
    const epi_json *each = status == EPI_OK ? first_of(call, "observations") : NULL;
    for (; status == EPI_OK && each != NULL; each = epi_json_next(each))
        status = add_observations(call, space, addition, each);
    epi_json_end(call->result);
    return store(call, space, addition, status);
}

const operation operation_add_observations = {
    .name = "add_observations",
    .title = "Add observations",
    .description = "Adds observations to entities that are there. Returns those that were not known.",
    .input_schema = SCHEMA_OF(SCHEMA_LIST_OF("observations",
                                             "\"entityName\":" SCHEMA_NAME ",\"contents\":" SCHEMA_TEXTS,
                                             "\"entityName\",\"contents\""),
                              "\"observations\""),
    .output_schema = SCHEMA_OF(SCHEMA_LIST_OF("results",
                                              "\"entityName\":" SCHEMA_NAME ",\"addedObservations\":" SCHEMA_TEXTS,
                                              "\"entityName\",\"addedObservations\""),
                               "\"results\""),
    .hints = OPERATION_TOOL,
    .run = run_add_observations,
};

static epi_status run_delete_observations(operation_call *call) {
    epi_space *space = NULL;
    epi_status status = open_graph(&space, call);
    const epi_json *each = first_of(call, "deletions");
    for (; status == EPI_OK && each != NULL; each = epi_json_next(each))
        status = graph_remove_observations(space, text_of(each, "entityName"), epi_json_member(each, "observations"));
    return put_done(call, status, "Observations deleted");
}

const operation operation_delete_observations = {
    .name = "delete_observations",
    .title = "Delete observations",
    .description = "Deletes observations of entities, for good. What is not there is passed over.",
    .input_schema = SCHEMA_OF(SCHEMA_LIST_OF("deletions",
                                             "\"entityName\":" SCHEMA_NAME ",\"observations\":" SCHEMA_TEXTS,
                                             "\"entityName\",\"observations\""),
                              "\"deletions\""),
    .output_schema = SCHEMA_DONE,
    .hints = OPERATION_TOOL | OPERATION_DESTROYS | OPERATION_IDEMPOTENT,
    .run = run_delete_observations,
};

static epi_status run_delete_entities(operation_call *call) {
    epi_space *space = NULL;
    epi_status status = open_graph(&space, call);
    const epi_json *each = first_of(call, "entityNames");
    for (; status == EPI_OK && each != NULL; each = epi_json_next(each))
        status = graph_remove(space, epi_json_string(each, NULL));
    return put_done(call, status, "Entities deleted");
}

const operation operation_delete_entities = {
    .name = "delete_entities",
    .title = "Delete entities",
    .description = "Deletes entities with their observations and every relation from or to them, for good.",
    .input_schema = SCHEMA_OF("\"entityNames\":" SCHEMA_NAMES, "\"entityNames\""),
    .output_schema = SCHEMA_DONE,
    .hints = OPERATION_TOOL | OPERATION_DESTROYS | OPERATION_IDEMPOTENT,
    .run = run_delete_entities,
};
