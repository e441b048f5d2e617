/* plan_sweeping.c - prioritized sweeping against Dyna-Q, in backups until a short way is known.
 *
 * Both take at most five backups after each real step, act greedily up to epsilon on what they know, and are looked at
 * after each step: they are done when following the best action from the start reaches the goal in at most 1.2 times
 * the fewest steps. (The fewest may need luck in exploring that no backup brings.) Dyna-Q is this program's agent on
 * the library's imagined steps, with several step sizes; prioritized sweeping is the library's, with whole backups.
 * Counted are backups that change a value, and all. Source: Sutton and Barto (2018), section 8.4.
 */
#include "plan_parts.h"

#include <math.h>

#include "dyna.h"

#define BACKUPS 5u
#define STEPS_MAX 1000000u
#define SLACK_PERCENT 120u
#define GAMMA 0.95
#define EPSILON 0.1

typedef struct count {
    double changed, all;
} count;

/* Whether the best actions lead from the start to the goal in so few steps. */
static bool is_solved(const maze *grid, double (*values)(void *context, uint32_t cell, uint32_t action), void *context,
                      uint32_t steps) {
    uint32_t cell = grid->start;
    for (uint32_t i = 0; i < steps && !grid->goal[cell]; i++) {
        uint32_t best = 0;
        for (uint32_t action = 1; action < MAZE_ACTIONS; action++)
            if (values(context, cell, action) > values(context, cell, best)) best = action;
        if (values(context, cell, best) <= 0) return false;
        cell = maze_move(grid, cell, best);
    }
    return grid->goal[cell];
}

/* ---- Dyna-Q ----------------------------------------------------------------------------------------------------- */

static double dyna_value(void *context, uint32_t cell, uint32_t action) {
    const dyna *agent = context;
    return agent->q[cell][action];
}

static count run_dyna(const maze *grid, double alpha, uint64_t seed, uint64_t stream) {
    dyna agent = {.alpha = alpha, .gamma = GAMMA, .epsilon = EPSILON, .planning = BACKUPS};
    const uint32_t enough = maze_distance(grid) * SLACK_PERCENT / 100;
    dyna_begin(&agent, grid, seed, stream);
    uint32_t cell = grid->start;
    for (uint32_t step = 0; !is_solved(grid, dyna_value, &agent, enough); step++) {
        if (step == STEPS_MAX) bench_fail("Dyna-Q found no shortest way in %u steps", STEPS_MAX);
        const uint32_t action = dyna_act(&agent, cell), next = maze_move(grid, cell, action);
        dyna_learn(&agent, cell, action, grid->goal[next] ? 1 : 0, next, grid->goal[next]);
        cell = grid->goal[next] ? grid->start : next;
    }
    const count made = {(double)agent.changed, (double)agent.backups};
    dyna_end(&agent);
    return made;
}

/* ---- prioritized sweeping --------------------------------------------------------------------------------------- */

typedef struct sweeper {
    epi_graph *graph;
    epi_policy *policy;
    double q[MAZE_CELLS_MAX][MAZE_ACTIONS]; /* as the policy has it; 0 where nothing was tried */
    const maze *grid;
} sweeper;

static double swept_value(void *context, uint32_t cell, uint32_t action) {
    const sweeper *sweep = context;
    return sweep->q[cell][action];
}

static void read_values(sweeper *sweep) {
    epi_graph_stats stats;
    epi_policy_choice choices[MAZE_ACTIONS];
    bench_check(epi_graph_stats_read(&stats, sweep->graph), "stats");
    for (uint32_t state = 0; state < stats.states; state++) {
        size_t tried = MAZE_ACTIONS;
        bench_check(epi_policy_rank(choices, &tried, sweep->policy, state, 0), "ranking");
        const float *at = epi_graph_observation(sweep->graph, state);
        double *q = sweep->q[(uint32_t)at[0] * sweep->grid->columns + (uint32_t)at[1]];
        for (size_t i = 0; i < tried; i++) q[*(const uint8_t *)choices[i].action_value] = choices[i].value;
    }
}

static void sweep_begin(sweeper *sweep, const maze *grid, uint64_t seed) {
    epi_graph_options options = epi_graph_options_default();
    epi_policy_options how = epi_policy_options_default();
    options.seed = seed;
    how.ranking = EPI_RANK_MEAN;
    how.discount = GAMMA;
    how.tolerance = 1e-4; /* the book's threshold of priorities */
    *sweep = (sweeper){.grid = grid};
    bench_check(epi_graph_create(&sweep->graph, 2, 1, &options), "a graph");
    bench_check(epi_policy_open(NULL, &sweep->policy, sweep->graph, &how), "a policy");
}

static count run_sweeping(const maze *grid, uint64_t seed, uint64_t stream) {
    static sweeper sweep;
    const uint32_t enough = maze_distance(grid) * SLACK_PERCENT / 100;
    bench_random random = bench_random_of(seed, stream);
    count made = {0, 0};
    sweep_begin(&sweep, grid, seed);
    uint32_t cell = grid->start;
    for (uint32_t step = 0; !is_solved(grid, swept_value, &sweep, enough); step++) {
        epi_policy_report report;
        if (step == STEPS_MAX) bench_fail("sweeping found no shortest way in %u steps", STEPS_MAX);
        const bool explore = bench_random_unit(&random) < EPSILON;
        const uint32_t action = explore ? (uint32_t)bench_random_below(&random, MAZE_ACTIONS)
                                        : dyna_best(sweep.q[cell], &random);
        const uint32_t next = maze_move(grid, cell, action);
        dyna_observe(sweep.graph, grid, cell, action, grid->goal[next] ? 1 : 0, next, grid->goal[next]);
        bench_check(epi_policy_update(&report, sweep.policy, BACKUPS), "sweeping");
        made.changed += (double)report.changed;
        made.all += (double)report.backups;
        if (report.backups > 0) read_values(&sweep);
        cell = grid->goal[next] ? grid->start : next;
    }
    epi_policy_close(sweep.policy);
    epi_graph_close(sweep.graph);
    return made;
}

/* ---- both ------------------------------------------------------------------------------------------------------- */

static void emit(const bench_run *run, const char *counted, uint32_t scale, uint32_t runs, double alpha,
                 double dyna_sum, double sweeping_sum) {
    bench_emit(run, "backups_ratio", dyna_sum / sweeping_sum, "x",
               BENCH_CONFIG({"f", .number = scale}, {"counted", .text = counted}, {"alpha", .number = alpha},
                            {"runs", .number = runs}, {"dyna_q", .number = dyna_sum / runs},
                            {"prioritized_sweeping", .number = sweeping_sum / runs}, {"fed", .text = "observed"}));
}

static void measure(const bench_run *run, uint32_t scale, double alpha, uint32_t runs) {
    count dyna_sum = {0, 0}, sweeping_sum = {0, 0};
    maze grid;
    maze_dyna(&grid, scale);
    for (uint32_t i = 0; i < runs; i++) {
        bench_progress("prioritized sweeping, scale %u: run %u of %u", scale, i, runs);
        const count a = run_dyna(&grid, alpha, run->seed, 200000u + i), b = run_sweeping(&grid, run->seed, 300000u + i);
        dyna_sum.changed += a.changed;
        dyna_sum.all += a.all;
        sweeping_sum.changed += b.changed;
        sweeping_sum.all += b.all;
    }
    emit(run, "changing", scale, runs, alpha, dyna_sum.changed, sweeping_sum.changed);
    emit(run, "all", scale, runs, alpha, dyna_sum.all, sweeping_sum.all);
}

void plan_sweeping(const bench_run *run, epi_memory *memory) {
    (void)memory;
    const uint32_t runs = run->quick ? 5 : 50;
    for (uint32_t scale = 1; scale <= (run->quick ? 2 : MAZE_SCALE_MAX); scale++) {
        measure(run, scale, 1.0, runs);
        measure(run, scale, 0.5, runs);
        measure(run, scale, 0.1, runs);
    }
}
