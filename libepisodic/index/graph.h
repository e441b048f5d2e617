/* graph.h - one HNSW graph: nodes 0, 1, 2, ... in the order they were inserted, each with a row of numbers.
 *
 * FAISS owns the links (hnsw.h); the rows, the walks over the links and the choice of links are here. A row is the
 * vector as float32, or, for a graph of halves, as bfloat16: half the memory to read a step, and distances good enough
 * to walk by.
 *
 * Threads: epi__graph_search may run in many threads at once, each with its own walk; insertion must be alone.
 */
#ifndef EPI_INDEX_GRAPH_H
#define EPI_INDEX_GRAPH_H

#include <pthread.h>

#include "../math/kernels.h"
#include "hnsw.h"

#define EPI__GRAPH_COUNT_MAX ((size_t)INT32_MAX) /* FAISS numbers nodes by int */

/* A node and how far it is from what was looked for: minus the inner product, or the squared distance. */
typedef struct epi__near {
    float distance;
    uint32_t node;
} epi__near;

typedef struct epi__graph_options {
    uint32_t dimension;
    epi__metric metric;
    uint32_t m;
    uint32_t ef_construction;
    bool halves; /* rows are bfloat16; only for EPI__METRIC_COSINE */
} epi__graph_options;

/* What one search needs beside the graph. Borrowed from the graph's own store of walks, so that a search allocates
 * nothing once there have been as many walks as there are threads. */
typedef struct epi__walk {
    struct epi__walk *next; /* in the graph's store */
    epi__near *pool;        /* the nearest so far, nearest first */
    size_t count;
    size_t capacity;
    size_t limit;      /* ef: at most so many in the pool */
    uint16_t *visited; /* one a node: `mark` when this walk has seen it */
    size_t visited_count;
    uint16_t mark;
    uint32_t *fresh; /* neighbours of one node that were not seen before */
    void *query;     /* in the form of a row; behind it is room for another */
} epi__walk;

typedef struct epi__graph {
    epi__graph_options options;
    const epi__kernels *kernels;
    FaissIndex *faiss;
    epi__hnsw links;
    uint8_t *rows;
    uint32_t *twins; /* of each node, the next one with the same row; they form a ring, and only one of it has links */
    size_t row_size;
    size_t row_capacity; /* of rows and twins */
    pthread_mutex_t walks_lock;
    epi__walk *walks; /* those nobody uses now */
} epi__graph;

epi_status epi__graph_new(epi__graph **graph, const epi__graph_options *options);
/* Takes over a graph that FAISS has read; its rows and twins are to be filled in. On failure `faiss` is the caller's
 * still. EPI_EDAMAGED: it is no such graph, or a link leads nowhere. */
epi_status epi__graph_adopt(epi__graph **graph, FaissIndex *faiss, const epi__graph_options *options);
/* EPI_EDAMAGED unless the twins form rings. */
epi_status epi__graph_check_twins(const epi__graph *graph);
void epi__graph_free(epi__graph *graph);

static inline size_t epi__graph_count(const epi__graph *graph) {
    return graph->links.count;
}
static inline const void *epi__graph_row(const epi__graph *graph, size_t node) {
    return graph->rows + node * graph->row_size;
}

/* Calls a row into the cache. */
static inline void epi__graph_prefetch(const epi__graph *graph, size_t node) {
    const uint8_t *row = epi__graph_row(graph, node);
    for (size_t at = 0; at < graph->row_size; at += 64) __builtin_prefetch(row + at);
}

/* The vector becomes the node epi__graph_count() was before. A failure leaves the graph as it was. */
epi_status epi__graph_insert(epi__graph *graph, const float *vector);

/* A walk for `query` with room for `ef` nodes; NULL when there is no memory. Goes back with epi__graph_return. */
epi__walk *epi__graph_borrow(epi__graph *graph, const float *query, size_t ef);
void epi__graph_return(epi__graph *graph, epi__walk *walk);
/* Fills the walk's pool with about the ef nearest nodes, nearest first; ties to the lower node. Of twins, one. */
void epi__graph_search(const epi__graph *graph, epi__walk *walk);
/* Offers one node to the pool, for a scan that leaves the links aside; true when it went in. */
bool epi__walk_offer(epi__walk *walk, float distance, size_t node);
/* How far the walk's query is from a node. */
float epi__graph_distance(const epi__graph *graph, const epi__walk *walk, size_t node);
/* How far it would be from a node with this vector. */
float epi__graph_distance_to(const epi__graph *graph, epi__walk *walk, const float *vector);

/* A FaissErrorCode as a status: EPI_ENOMEM where memory ran out, else `status`. `what` is what was tried. */
epi_status epi__graph_fail(int code, epi_status status, const char *what);

/* ---- between graph.c, walk.c and link.c ------------------------------------------------------------------------ */

float epi__graph_between(const epi__graph *graph, const void *row, const void *other);
int32_t *epi__graph_neighbours(const epi__graph *graph, size_t node, int level, size_t *capacity);
/* From the entry down to `level`: the nearest node there that a greedy descent finds. */
epi__near epi__walk_descend(const epi__graph *graph, const epi__walk *walk, int level);
/* Fills the pool with what is near in one level, beginning at `start`. */
void epi__walk_level(const epi__graph *graph, epi__walk *walk, epi__near start, int level);
/* Links the last node, in its levels, with nodes near to it; or puts it into the ring of its twins. */
void epi__graph_link(epi__graph *graph, epi__walk *walk);

#endif
