/* plan_dyna.c - what imagined steps are worth to a learner: the Dyna maze, and two mazes that change under it.
 *
 * The graph is fed step by step with epi_graph_observe(), as a learner would that needs its model at once; nothing here
 * goes through a store.
 */
#include "plan_parts.h"

#include <math.h>

#include "dyna.h"

#define EPISODES 50u
#define FEW_STEPS 20.0

/* ---- the Dyna maze ---------------------------------------------------------------------------------------------- */

static void add_run(double *sums, double *squares, const maze *grid, dyna *agent) {
    for (uint32_t episode = 0; episode < EPISODES; episode++) {
        uint32_t steps = 0;
        for (uint32_t cell = grid->start; !grid->goal[cell]; steps++) {
            const uint32_t action = dyna_act(agent, cell), next = maze_move(grid, cell, action);
            dyna_learn(agent, cell, action, grid->goal[next] ? 1 : 0, next, grid->goal[next]);
            cell = next;
        }
        sums[episode] += steps;
        squares[episode] += (double)steps * steps;
    }
}

static void measure_dyna_maze(const bench_run *run, uint32_t planning, uint32_t runs) {
    double sums[EPISODES] = {0}, squares[EPISODES] = {0};
    uint32_t first = 0;
    maze grid;
    dyna agent = {.alpha = 0.1, .gamma = 0.95, .epsilon = 0.1, .planning = planning};
    maze_dyna(&grid, 1);
    for (uint32_t i = 0; i < runs; i++) {
        bench_progress("Dyna maze, %u imagined steps: run %u of %u", planning, i, runs);
        dyna_begin(&agent, &grid, run->seed, i);
        add_run(sums, squares, &grid, &agent);
        dyna_end(&agent);
    }
    while (first < EPISODES && sums[first] / runs >= FEW_STEPS) first++;
    const uint32_t at = first < EPISODES ? first : EPISODES - 1;
    const double mean = sums[at] / runs, variance = squares[at] / runs - mean * mean;
    bench_emit(run, "first_episode_under_20", first < EPISODES ? first + 1.0 : (double)NAN, "episode",
               BENCH_CONFIG({"n", .number = planning}, {"runs", .number = runs}, {"steps_there", .number = mean},
                            {"steps_interval", .number = 1.96 * sqrt(variance / runs)},
                            {"steps_before", .number = at > 0 ? sums[at - 1] / runs : (double)NAN},
                            {"fed", .text = "observed"}));
}

/* ---- mazes that change ------------------------------------------------------------------------------------------ */

typedef struct changing {
    const char *name;
    void (*make)(maze *made, bool after);
    uint32_t change_at, end_at;
    uint32_t planning;
    double kappa;
} changing;

static const changing blocking = {"blocking", maze_blocking, 1000, 3000, 10, 1e-4};
static const changing shortcut = {"shortcut", maze_shortcut, 3000, 6000, 50, 1e-3};

static double reward_of_run(const changing *world, dyna *agent) {
    maze before, after;
    double reward = 0;
    world->make(&before, false);
    world->make(&after, true);
    uint32_t cell = before.start;
    for (uint32_t step = 0; step < world->end_at; step++) {
        const maze *now = step < world->change_at ? &before : &after;
        const uint32_t action = dyna_act(agent, cell), next = maze_move(now, cell, action);
        dyna_learn(agent, cell, action, now->goal[next] ? 1 : 0, next, now->goal[next]);
        reward += now->goal[next];
        cell = now->goal[next] ? now->start : next;
    }
    return reward;
}

static void measure_changing(const bench_run *run, const changing *world, bool plus, uint32_t runs) {
    double sum = 0, squares = 0;
    maze grid;
    dyna agent = {.alpha = 1, .gamma = 0.95, .epsilon = 0.1, .planning = world->planning};
    agent.kappa = plus ? world->kappa : 0;
    world->make(&grid, false);
    for (uint32_t i = 0; i < runs; i++) {
        bench_progress("%s maze, %s: run %u of %u", world->name, plus ? "Dyna-Q+" : "Dyna-Q", i, runs);
        dyna_begin(&agent, &grid, run->seed, 100000u + i);
        const double reward = reward_of_run(world, &agent);
        sum += reward;
        squares += reward * reward;
        dyna_end(&agent);
    }
    const double mean = sum / runs;
    bench_emit(run, "reward", mean, "rewards",
               BENCH_CONFIG({"maze", .text = world->name}, {"agent", .text = plus ? "dyna-q+" : "dyna-q"},
                            {"step", .number = world->end_at}, {"runs", .number = runs},
                            {"interval", .number = 1.96 * sqrt((squares / runs - mean * mean) / runs)},
                            {"fed", .text = "observed"}));
}

void plan_dyna(const bench_run *run, epi_memory *memory) {
    (void)memory;
    const uint32_t runs = run->quick ? 100 : 3000, changing_runs = run->quick ? 10 : 100;
    measure_dyna_maze(run, 0, runs);
    measure_dyna_maze(run, 5, runs);
    measure_dyna_maze(run, 50, runs);
    measure_changing(run, &blocking, true, changing_runs);
    measure_changing(run, &blocking, false, changing_runs);
    measure_changing(run, &shortcut, true, changing_runs);
    measure_changing(run, &shortcut, false, changing_runs);
}
