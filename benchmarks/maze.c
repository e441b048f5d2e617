/* maze.c - grid mazes; see maze.h. */
#include "maze.h"

#include <string.h>

#define ROWS 6u
#define COLUMNS 9u

/* '#' is a wall, 'S' the start, 'G' the goal. */
static const char *const dyna_map = ".......#G"
                                    "..#....#."
                                    "S.#....#."
                                    "..#......"
                                    ".....#..."
                                    ".........";
static const char *const barred_map = "........G"
                                      "........."
                                      "........."
                                      "........."
                                      "........."
                                      "...S.....";

static void draw(maze *made, const char *map, uint32_t scale) {
    *made = (maze){.rows = ROWS * scale, .columns = COLUMNS * scale};
    for (uint32_t row = 0; row < made->rows; row++)
        for (uint32_t column = 0; column < made->columns; column++) {
            const uint32_t cell = row * made->columns + column;
            const char mark = map[row / scale * COLUMNS + column / scale];
            made->wall[cell] = mark == '#';
            made->goal[cell] = mark == 'G';
            if (mark == 'S' && row % scale == 0 && column % scale == 0) made->start = cell;
        }
}

/* The wall of the changing mazes: one row, with gaps. */
static void bar(maze *made, uint32_t from, uint32_t to) {
    for (uint32_t column = from; column <= to; column++) made->wall[3 * COLUMNS + column] = true;
}

void maze_dyna(maze *made, uint32_t scale) {
    draw(made, dyna_map, scale);
}

void maze_blocking(maze *made, bool after) {
    draw(made, barred_map, 1);
    bar(made, after ? 1 : 0, after ? 8 : 7);
}

void maze_shortcut(maze *made, bool after) {
    draw(made, barred_map, 1);
    bar(made, 1, after ? 7 : 8);
}

uint32_t maze_move(const maze *grid, uint32_t cell, uint32_t action) {
    const uint32_t row = cell / grid->columns, column = cell % grid->columns;
    uint32_t to = cell;
    if (action == 0 && row > 0) to = cell - grid->columns;
    if (action == 1 && row + 1 < grid->rows) to = cell + grid->columns;
    if (action == 2 && column > 0) to = cell - 1;
    if (action == 3 && column + 1 < grid->columns) to = cell + 1;
    return grid->wall[to] ? cell : to;
}

uint32_t maze_distance(const maze *grid) {
    uint32_t queue[MAZE_CELLS_MAX], distance[MAZE_CELLS_MAX], head = 0, tail = 0;
    memset(distance, 0xff, sizeof distance);
    distance[grid->start] = 0;
    queue[tail++] = grid->start;
    while (head < tail) {
        const uint32_t cell = queue[head++];
        if (grid->goal[cell]) return distance[cell];
        for (uint32_t action = 0; action < MAZE_ACTIONS; action++) {
            const uint32_t to = maze_move(grid, cell, action);
            if (distance[to] != UINT32_MAX) continue;
            distance[to] = distance[cell] + 1;
            queue[tail++] = to;
        }
    }
    return UINT32_MAX;
}
