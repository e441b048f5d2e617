/* graph.h - a knowledge graph (entities with observations, relations between them) kept as episodes and steps, for the
 * tools of the official memory server.
 *
 * A name is an episode. Its steps are tagged: "entity" says that there is an entity of that name and of which type,
 * "observation" is one of its observations, "relation" begins at it, "related" is the same relation seen from where it
 * ends, so that whoever reads one episode has all that belongs to the name. External ids are hashes of what a step
 * says: adding again what is there changes nothing, in this process or another. What is deleted is removed for good, as
 * its users expect.
 */
#ifndef SERVER_GRAPH_H
#define SERVER_GRAPH_H

#include <episodic/episodic.h>
#include <episodic/sys/json.h>

#define GRAPH_ID_SIZE 40u

/** What a step is, in its external id. */
typedef enum graph_kind {
    GRAPH_NAME = 'n',
    GRAPH_ENTITY = 'e',
    GRAPH_OBSERVATION = 'o',
    GRAPH_RELATION = 'r',
    GRAPH_RELATED = 'm'
} graph_kind;

typedef struct graph_relation {
    const char *from;
    const char *to;
    const char *type;
} graph_relation;

/** All that belongs to a name. */
typedef struct graph_node {
    uint64_t episode;
    epi_recollection *read;
    const epi_scene *scene; /**< its steps */
    const char *name;       /**< NULL: there is no entity of that name, only relations */
    const char *type;
    epi_json *metadata; /**< that name and type stand in */
} graph_node;

/** The external id of what up to three texts say. @return out */
char *graph_id(char out[GRAPH_ID_SIZE], graph_kind kind, const char *a, const char *b, const char *c);
const char *graph_tag(graph_kind kind);
bool graph_is(const epi_recalled_step *step, graph_kind kind);
/** The words of a step. */
const char *graph_text(const graph_node *node, const epi_recalled_step *step);

/** @return EPI_OK · EPI_ENOTFOUND there is no such entity, and node is zero · storage errors */
epi_status graph_read(graph_node *node, epi_space *space, const char *name);
epi_status graph_read_episode(graph_node *node, epi_space *space, uint64_t episode);
void graph_node_dispose(graph_node *node);

/* ---- graph_add.c ------------------------------------------------------------------------------------------------- */

/** What is to be added to a graph, in one go. It borrows the texts that it is given. */
typedef struct graph_addition graph_addition;

/** @param names  at most so many are added to, each call of graph_add() counting one and of graph_relate() two.
 *  @param steps  at most so many steps: an entity, an observation; two a relation. @return NULL: out of memory */
graph_addition *graph_addition_new(size_t names, size_t steps);
void graph_addition_free(graph_addition *addition);
/** Whether it has a step of that id already. */
bool graph_addition_has(const graph_addition *addition, const char *id);
/** Adds an entity with its first observations, or observations alone where `type` is NULL. Those that it has already,
 *  or that are told twice, must have been left out. */
epi_status graph_add(graph_addition *addition, const char *name, const char *type, const char *const *observations,
                     size_t count);
/** @param[out] added false: it was there already. */
epi_status graph_relate(bool *added, graph_addition *addition, epi_space *space, const graph_relation *relation);
/** Stores all of it in one transaction: all or none. */
epi_status graph_addition_store(epi_space *space, const graph_addition *addition);

/* ---- removing --------------------------------------------------------------------------------------------------- */

/** Removes an entity, and every relation from or to it. An absent one is success. */
epi_status graph_remove(epi_space *space, const char *name);
epi_status graph_remove_observations(epi_space *space, const char *name, const epi_json *texts);
epi_status graph_unrelate(epi_space *space, const graph_relation *relation);

#endif
