/* graph.c - reading and removing what a knowledge graph keeps as episodes and steps; see graph.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "hash.h"
#include "render.h"

/* ---- names of things ------------------------------------------------------------------------------------------- */

/* With the NUL, so that "ab","c" is not "a","bc". */
static uint64_t hash_text(uint64_t hash, const char *text) {
    return hash_bytes(hash, text, text != NULL ? strlen(text) + 1 : 0);
}

/* FNV-1a of whose it is and, from another beginning, of all: what collides would be refused as a conflict, not taken
 * for the other. Ids of one name lie side by side in the store, so that adding an entity touches one place. */
char *graph_id(char out[GRAPH_ID_SIZE], graph_kind kind, const char *a, const char *b, const char *c) {
    uint64_t whose = hash_text(HASH_START, kind == GRAPH_RELATED ? b : a);
    uint64_t what = hash_text(hash_text(hash_text(UINT64_C(0x84222325cbf29ce4), a), b), c);
    snprintf(out, GRAPH_ID_SIZE, "%016" PRIx64 "%c%016" PRIx64, whose, (char)kind, what);
    return out;
}

const char *graph_tag(graph_kind kind) {
    switch (kind) {
    case GRAPH_ENTITY: return "entity";
    case GRAPH_OBSERVATION: return "observation";
    case GRAPH_RELATION: return "relation";
    case GRAPH_RELATED: return "related";
    case GRAPH_NAME: break;
    }
    return "name";
}

bool graph_is(const epi_recalled_step *step, graph_kind kind) {
    return step->tag_count == 1 && strcmp(step->tags[0], graph_tag(kind)) == 0;
}

const char *graph_text(const graph_node *node, const epi_recalled_step *step) {
    const epi_recalled_part *part = epi_scene_part(node->scene, step, "text");
    return part != NULL ? part->data : "";
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static void read_entity(graph_node *node, const epi_recalled_step *step) {
    if (step->metadata == NULL) return;
    if (epi_json_parse(&node->metadata, step->metadata, strlen(step->metadata)) != EPI_OK) return;
    node->name = epi_json_string(epi_json_member(node->metadata, "name"), NULL);
    node->type = epi_json_string(epi_json_member(node->metadata, "entityType"), NULL);
}

epi_status graph_read_episode(graph_node *node, epi_space *space, uint64_t episode) {
    *node = (graph_node){.episode = episode};
    epi_status status = epi_episode_read(&node->read, space, episode, 0, 0);
    node->scene = status == EPI_OK ? epi_recollection_scene(node->read, 0) : NULL;
    for (size_t i = 0; node->scene != NULL && node->name == NULL && i < node->scene->step_count; i++) {
        const epi_recalled_step *step = epi_scene_step(node->scene, i);
        if (graph_is(step, GRAPH_ENTITY)) read_entity(node, step);
    }
    return status;
}

epi_status graph_read(graph_node *node, epi_space *space, const char *name) {
    char id[GRAPH_ID_SIZE];
    epi_recollection *found = NULL;
    uint64_t step = 0, episode = 0;
    *node = (graph_node){0};
    epi_status status = epi_step_find(&step, space, graph_id(id, GRAPH_ENTITY, name, NULL, NULL));
    if (status == EPI_OK) status = epi_step_read(&found, space, step);
    const epi_scene *scene = epi_recollection_scene(found, 0);
    if (scene != NULL) episode = scene->episode;
    epi_recollection_free(found);
    return status == EPI_OK ? graph_read_episode(node, space, episode) : status;
}

void graph_node_dispose(graph_node *node) {
    epi_recollection_free(node->read);
    epi_json_free(node->metadata);
    *node = (graph_node){0};
}

/* ---- removing -------------------------------------------------------------------------------------------------- */

/* Steps to be removed together. */
typedef struct removal {
    uint64_t *steps;
    size_t count;
} removal;

static void mark_id(removal *r, epi_space *space, const char *id) {
    if (epi_step_find(&r->steps[r->count], space, id) == EPI_OK) r->count++;
}

static epi_status remove_marked(epi_space *space, const removal *r) {
    epi_filter filter = epi_filter_default();
    uint64_t count = 0;
    filter.steps = r->steps;
    filter.step_count = r->count;
    filter.include_superseded = true;
    return r->count > 0 ? epi_remove(&count, space, &filter, false) : EPI_OK;
}

/* The same relation at its other end. */
static void mark_other_end(removal *r, epi_space *space, const epi_recalled_step *step) {
    epi_json *metadata = NULL;
    char id[GRAPH_ID_SIZE];
    bool begins = graph_is(step, GRAPH_RELATION);
    if ((!begins && !graph_is(step, GRAPH_RELATED)) || step->metadata == NULL) return;
    if (epi_json_parse(&metadata, step->metadata, strlen(step->metadata)) != EPI_OK) return;
    const char *from = epi_json_string(epi_json_member(metadata, "from"), NULL);
    const char *to = epi_json_string(epi_json_member(metadata, "to"), NULL);
    const char *type = epi_json_string(epi_json_member(metadata, "relationType"), NULL);
    mark_id(r, space, graph_id(id, begins ? GRAPH_RELATED : GRAPH_RELATION, from, to, type));
    epi_json_free(metadata);
}

epi_status graph_remove(epi_space *space, const char *name) {
    graph_node node;
    removal r = {NULL, 0};
    epi_status status = graph_read(&node, space, name);
    if (status == EPI_ENOTFOUND || status == EPI_ESTALE) return EPI_OK;
    size_t count = node.scene != NULL ? node.scene->step_count : 0;
    if (status == EPI_OK) r.steps = calloc(2 * count + 1, sizeof *r.steps);
    if (status == EPI_OK && r.steps == NULL) status = EPI_ENOMEM;
    for (size_t i = 0; status == EPI_OK && i < count; i++) {
        const epi_recalled_step *step = epi_scene_step(node.scene, i);
        r.steps[r.count++] = step->id;
        mark_other_end(&r, space, step);
    }
    if (status == EPI_OK) status = remove_marked(space, &r);
    free(r.steps);
    graph_node_dispose(&node);
    return status;
}

epi_status graph_remove_observations(epi_space *space, const char *name, const epi_json *texts) {
    char id[GRAPH_ID_SIZE];
    removal r = {calloc(epi_json_count(texts) + 1, sizeof *r.steps), 0};
    if (r.steps == NULL) return EPI_ENOMEM;
    for (const epi_json *each = epi_json_first(texts); each != NULL; each = epi_json_next(each))
        mark_id(&r, space, graph_id(id, GRAPH_OBSERVATION, name, epi_json_string(each, NULL), NULL));
    epi_status status = remove_marked(space, &r);
    free(r.steps);
    return status;
}

epi_status graph_unrelate(epi_space *space, const graph_relation *relation) {
    char id[GRAPH_ID_SIZE];
    uint64_t steps[2] = {0, 0};
    removal r = {steps, 0};
    mark_id(&r, space, graph_id(id, GRAPH_RELATION, relation->from, relation->to, relation->type));
    mark_id(&r, space, graph_id(id, GRAPH_RELATED, relation->from, relation->to, relation->type));
    return remove_marked(space, &r);
}
