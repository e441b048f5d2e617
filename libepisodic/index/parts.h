/* parts.h - what an epi__index is made of; for index.c, search.c and cache.c. */
#ifndef EPI_INDEX_PARTS_H
#define EPI_INDEX_PARTS_H

#include "graph.h"
#include "index.h"
#include "tail.h"

struct epi__index {
    epi__index_options options; /* with every 0 replaced by what it stands for */
    epi__graph *graph;
    uint64_t *node_ids; /* of each node */
    bool *is_removed;   /* of each node: a tombstone */
    size_t node_capacity;
    size_t removed_count;
    epi__tail tail;
    epi__map places; /* live id -> where it is, as epi__place_* */
};

static inline uint64_t epi__place_of_node(size_t node) {
    return (uint64_t)node << 1;
}
static inline uint64_t epi__place_of_position(uint64_t position) {
    return position << 1 | 1;
}

/* The options with defaults filled in, or why they cannot be. */
epi_status epi__index_options_fill(epi__index_options *filled, const epi__index_options *options);
epi__graph_options epi__index_graph_options(const epi__index_options *options);
/* An index without a graph. Takes filled options. */
epi_status epi__index_alloc(epi__index **index, const epi__index_options *options);
epi_status epi__index_reserve_nodes(epi__index *index, size_t count);

#endif
