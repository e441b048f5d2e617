/* graph.h - what is behind a graph's handle: the model, and how far it has followed a space. */
#ifndef EPI_IMAGINE_GRAPH_H
#define EPI_IMAGINE_GRAPH_H

#include "model.h"

struct epi_graph {
    epi__model model;
    epi__random random;
    uint64_t rebuilds; /* numbers of before are void when it has changed */

    epi_space *space; /* NULL: it is fed by epi_graph_observe() */
    /* of the space's traces, and which of them are in the model: */
    uint64_t generation;
    size_t row_count;
    size_t gone_count;
    uint64_t step_count;  /* steps among the rows; those that are not in the model are unfinished */
    uint32_t *row_states; /* the state of each row */
    size_t row_capacity;
    epi__map episode_at; /* episode id -> number from 0 */

    uint32_t episode;    /* being observed */
    uint32_t last_state; /* of the last next observation */
    float *last_next;    /* which mostly is the next step's observation */
};

/* What a space records, in float32 elements and bytes. */
epi_status epi__graph_sizes(uint32_t *observation_size, uint32_t *action_size, epi_space *space);
/* Brings the graph up to its space. */
epi_status epi__graph_follow(bool *rebuilt, epi_graph *graph);

#endif
