/* graph.h - building a space's vector graph while everybody goes on; for upkeep. */
#ifndef EPI_MEMORY_GRAPH_H
#define EPI_MEMORY_GRAPH_H

#include "mirror.h"

/* Brings all vectors into the graph and saves it. `until` is a time of epi__clock_monotonic_us(), 0: no limit;
 * *complete becomes false when it came first, and the next call goes on from there. */
epi_status epi__graph_build(uint64_t *indexed, bool *complete, epi__mirror *mirror, uint64_t until);

#endif
