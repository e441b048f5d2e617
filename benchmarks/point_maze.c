/* point_maze.c - see point_maze.h. The point is stopped axis by axis: it slides along walls. */
#include "point_maze.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELL 4.0f
#define RADIUS 0.7f
#define PUSH 0.2f
#define GOAL_CELLS 4
#define NOISE 0.5

static const point_maze layouts[] = {
    {"medium", 8, 8,
     "########"
     "#...#..#"
     "#.#.#..#"
     "#.#...##"
     "#.##.#.#"
     "#..#...#"
     "##...#.#"
     "########",
     {{0}}, NULL},
    {"large", 9, 12,
     "############"
     "#....#.....#"
     "#.##.#.##.##"
     "#..#...#...#"
     "##...###.#.#"
     "#..#.....#.#"
     "#.####.###.#"
     "#......#...#"
     "############",
     {{0}}, NULL},
    {"giant", 12, 16,
     "################"
     "#...#.....#....#"
     "#.#.#.###.#.##.#"
     "#.#...#.#...#..#"
     "#.#####.#.###.##"
     "#.......#.#....#"
     "###.###.#.#.##.#"
     "#...#...#...#..#"
     "#.###.#######.##"
     "#.#...#.....#..#"
     "#...#...###...##"
     "################",
     {{0}}, NULL},
};

static bool is_wall(const point_maze *maze, int cell) {
    return maze->cells[cell] == '#';
}

static int cell_count(const point_maze *maze) {
    return maze->rows * maze->columns;
}

/* ---- the way ----------------------------------------------------------------------------------------------------- */

static void measure_from(const point_maze *maze, int from) {
    const int count = cell_count(maze), beside[4] = {1, -1, maze->columns, -maze->columns};
    int *distance = maze->distances + (size_t)from * (size_t)count, *queue = bench_alloc((size_t)count, sizeof *queue);
    for (int i = 0; i < count; i++) distance[i] = -1;
    int first = 0, end = 0;
    distance[from] = 0;
    queue[end++] = from;
    while (first < end) {
        int cell = queue[first++];
        for (int i = 0; i < 4; i++) {
            int next = cell + beside[i];
            if (is_wall(maze, next) || distance[next] >= 0) continue;
            distance[next] = distance[cell] + 1;
            queue[end++] = next;
        }
    }
    free(queue);
}

static int distance(const point_maze *maze, int from, int to) {
    return maze->distances[(size_t)from * (size_t)cell_count(maze) + (size_t)to];
}

/* The five tasks are far: each takes the farthest pair whose ends are no ends of a task before. */
static void choose_tasks(point_maze *maze) {
    const int count = cell_count(maze);
    bool *used = bench_alloc((size_t)count, sizeof *used);
    for (size_t task = 0; task < MAZE_TASKS; task++) {
        int *best = maze->tasks[task], longest = 0;
        for (int from = 0; from < count; from++)
            for (int to = 0; !is_wall(maze, from) && to < count; to++) {
                if (is_wall(maze, to) || used[from] || used[to] || distance(maze, from, to) <= longest) continue;
                longest = distance(maze, from, to);
                best[0] = from;
                best[1] = to;
            }
        used[best[0]] = used[best[1]] = true;
    }
    free(used);
}

point_maze point_maze_make(const char *name) {
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (strcmp(layouts[i].name, name) != 0) continue;
        point_maze maze = layouts[i];
        size_t count = (size_t)cell_count(&maze);
        maze.distances = bench_alloc(count * count, sizeof *maze.distances);
        for (int cell = 0; cell < (int)count; cell++)
            if (!is_wall(&maze, cell)) measure_from(&maze, cell);
        choose_tasks(&maze);
        return maze;
    }
    bench_fail("there is no maze \"%s\"", name);
}

void point_maze_free(point_maze *maze) {
    free(maze->distances);
    maze->distances = NULL;
}

/* ---- moving ------------------------------------------------------------------------------------------------------ */

static int cell_at(const point_maze *maze, float x, float y) {
    return (int)floorf(y / CELL) * maze->columns + (int)floorf(x / CELL);
}

static bool is_free(const point_maze *maze, float x, float y) {
    for (int i = 0; i < 4; i++)
        if (is_wall(maze, cell_at(maze, x + (i & 1 ? RADIUS : -RADIUS), y + (i & 2 ? RADIUS : -RADIUS)))) return false;
    return true;
}

void point_maze_step(const point_maze *maze, float place[2], const float action[2]) {
    for (int axis = 0; axis < 2; axis++) {
        float to[2] = {place[0], place[1]};
        to[axis] += PUSH * fmaxf(-1.0f, fminf(1.0f, action[axis]));
        if (is_free(maze, to[0], to[1])) place[axis] = to[axis];
    }
}

static void middle(const point_maze *maze, float place[2], int cell) {
    place[0] = ((float)(cell % maze->columns) + 0.5f) * CELL;
    place[1] = ((float)(cell / maze->columns) + 0.5f) * CELL;
}

void point_maze_place(const point_maze *maze, float place[2], int cell, bench_random *random) {
    middle(maze, place, cell);
    for (int axis = 0; axis < 2; axis++) place[axis] += (float)(2.0 * bench_random_unit(random) - 1.0);
}

/* ---- data -------------------------------------------------------------------------------------------------------- */

static int random_cell(const point_maze *maze, bench_random *random) {
    int cell;
    do
        cell = (int)bench_random_below(random, (uint64_t)cell_count(maze));
    while (is_wall(maze, cell));
    return cell;
}

/* The cell to go to next; the goal itself once in its cell. */
static int next_cell(const point_maze *maze, int cell, int goal) {
    const int beside[4] = {1, -1, maze->columns, -maze->columns};
    for (int i = 0; i < 4; i++) {
        int next = cell + beside[i];
        if (!is_wall(maze, next) && distance(maze, next, goal) < distance(maze, cell, goal)) return next;
    }
    return goal;
}

static void choose_action(const point_maze *maze, float action[2], const float place[2], int goal,
                          bench_random *random) {
    float to[2];
    middle(maze, to, next_cell(maze, cell_at(maze, place[0], place[1]), goal));
    double x = (double)(to[0] - place[0]), y = (double)(to[1] - place[1]), length = fmax(hypot(x, y), 1.0);
    action[0] = fmaxf(-1.0f, fminf(1.0f, (float)(x / length + NOISE * bench_random_normal(random))));
    action[1] = fmaxf(-1.0f, fminf(1.0f, (float)(y / length + NOISE * bench_random_normal(random))));
}

void point_maze_episode(const point_maze *maze, float *observations, float *actions, bench_random *random) {
    int start, goal;
    do {
        start = random_cell(maze, random);
        goal = random_cell(maze, random);
    } while (distance(maze, start, goal) != GOAL_CELLS);
    float place[2];
    point_maze_place(maze, place, start, random);
    for (size_t i = 0; i < MAZE_EPISODE_STEPS; i++) {
        memcpy(observations + 2 * i, place, sizeof place);
        choose_action(maze, actions + 2 * i, place, goal, random);
        point_maze_step(maze, place, actions + 2 * i);
    }
    memcpy(observations + 2 * (size_t)MAZE_EPISODE_STEPS, place, sizeof place);
}
