/* point_maze.h - mazes of thick walls that a point with a radius is pushed through, with OGBench's constants: cells of
 * 4, a radius of .7, x <- x + .2 a with each |a| <= 1. Geometry and contact are ours.
 */
#ifndef EPI_BENCH_POINT_MAZE_H
#define EPI_BENCH_POINT_MAZE_H

#include "bench.h"

#define MAZE_TASKS 5u
#define MAZE_STEPS_MAX 1000u
#define MAZE_SUCCESS 1.0     /* distance at which the goal is reached */
#define MAZE_EPISODE_STEPS 200u

typedef struct point_maze {
    const char *name;
    int rows, columns;
    const char *cells;            /* row-major, '#' a wall */
    int tasks[MAZE_TASKS][2];     /* start and goal, cells row * columns + column */
    int *distances;               /* BFS steps between all cells; -1: none */
} point_maze;

/* "medium", "large" or "giant". */
point_maze point_maze_make(const char *name);
void point_maze_free(point_maze *maze);
void point_maze_step(const point_maze *maze, float place[2], const float action[2]);
/* The middle of a cell with noise of U(-1, 1) in both axes. */
void point_maze_place(const point_maze *maze, float place[2], int cell, bench_random *random);
/* One episode of stitch data: from a random cell towards one exactly 4 steps away, with noise N(0, .5).
 * observations: MAZE_EPISODE_STEPS + 1 places; actions: MAZE_EPISODE_STEPS. */
void point_maze_episode(const point_maze *maze, float *observations, float *actions, bench_random *random);

#endif
