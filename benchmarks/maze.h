/* maze.h - the grid mazes of Sutton and Barto's chapter 8, for bench_plan: an agent that moves up, down, left, right
 * and stays where a wall is; reward 1 at the goal, else 0.
 *
 * Source: Sutton and Barto, Reinforcement Learning (2nd edition, 2018): the Dyna maze (example 8.1), the blocking maze
 * (8.2), the shortcut maze (8.3), and the Dyna maze at finer grids (8.4).
 */
#ifndef EPI_BENCH_MAZE_H
#define EPI_BENCH_MAZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAZE_ACTIONS 4u
#define MAZE_SCALE_MAX 3u
#define MAZE_CELLS_MAX (54u * MAZE_SCALE_MAX * MAZE_SCALE_MAX)

typedef struct maze {
    uint32_t rows, columns;
    uint32_t start; /* cells: row x columns + column */
    bool wall[MAZE_CELLS_MAX];
    bool goal[MAZE_CELLS_MAX];
} maze;

/* Each cell of the Dyna maze becomes scale x scale cells; scale 1 to MAZE_SCALE_MAX. */
void maze_dyna(maze *made, uint32_t scale);
void maze_blocking(maze *made, bool after); /* the gap in the wall is on the right, after the change on the left */
void maze_shortcut(maze *made, bool after); /* the gap is on the left, after the change also on the right */

/* Where an action leads from a cell. */
uint32_t maze_move(const maze *grid, uint32_t cell, uint32_t action);
/* The fewest steps from the start to a goal. */
uint32_t maze_distance(const maze *grid);

#endif
