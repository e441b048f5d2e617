/* dyna.h - a tabular Dyna-Q agent for mazes, whose model is a memory graph of the library: what it imagines comes from
 * there. Used by the parts of bench_plan.
 */
#ifndef EPI_BENCH_DYNA_H
#define EPI_BENCH_DYNA_H

#include <episodic/episodic.h>

#include "bench.h"
#include "maze.h"

typedef struct dyna {
    double alpha, gamma, epsilon;
    uint32_t planning; /* imagined steps after each real one */
    double kappa;      /* Dyna-Q+: weight of the age's root in the reward; 0: Dyna-Q */

    epi_graph *graph;
    bench_random random;
    uint32_t columns; /* of the maze */
    double q[MAZE_CELLS_MAX][MAZE_ACTIONS];
    bool tried[MAZE_CELLS_MAX][MAZE_ACTIONS];
    uint64_t steps;
    uint64_t backups, changed; /* updates of q; of them, those that changed it */
} dyna;

void dyna_begin(dyna *agent, const maze *grid, uint64_t seed, uint64_t stream);
void dyna_end(dyna *agent);

/* An action, greedy up to epsilon; of equal ones any. */
uint32_t dyna_act(dyna *agent, uint32_t cell);
/* Learns from a step that was taken, and then from imagined ones. */
void dyna_learn(dyna *agent, uint32_t cell, uint32_t action, double reward, uint32_t next, bool terminated);

/* The best of four values; of equal ones any. */
uint32_t dyna_best(const double *values, bench_random *random);
/* Tells the graph of a step in a maze. */
void dyna_observe(epi_graph *graph, const maze *grid, uint32_t cell, uint32_t action, double reward, uint32_t next,
                  bool terminated);

#endif
