/* plan_lake.c - a policy for a slippery world from random experience: how good it truly is, and how well it knew.
 *
 * Random episodes are recorded in a space and the graph is opened over it. Each policy is evaluated exactly, by the
 * rules that the library does not see; where it has no action it takes the first one. Predicted and true return have
 * the same discount and horizon, from every cell that is no end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "estimate.h"
#include "lake.h"
#include "plan_parts.h"
#include "record.h"

#define EPISODES 10000u
#define SEEDS_MAX 5u
#define STARTS_MAX (LAKE_STATES * SEEDS_MAX)

typedef struct candidate {
    const char *name;
    epi_ranking ranking;
    double risk;
    double discount;
    uint32_t horizon;
} candidate;

static const candidate candidates[] = {
    {"maximum", EPI_RANK_MAXIMUM, 0, 0.99, 0},   {"mean", EPI_RANK_MEAN, 0, 0.99, 0},
    {"lower", EPI_RANK_LOWER, 1, 0.99, 0},       {"mean", EPI_RANK_MEAN, 0, 0.999, 0},
    {"lower", EPI_RANK_LOWER, 1, 0.999, 0},      {"mean", EPI_RANK_MEAN, 0, 1, LAKE_STEPS},
    {"lower", EPI_RANK_LOWER, 1, 1, LAKE_STEPS}, {"maximum", EPI_RANK_MAXIMUM, 0, 1, LAKE_STEPS},
};
#define CANDIDATES (sizeof candidates / sizeof candidates[0])

/* What one candidate showed over all seeds. */
typedef struct shown {
    double success[SEEDS_MAX];
    double promised[SEEDS_MAX]; /* the value of the first cell, by the policy's own ranking */
    double kept[SEEDS_MAX];     /* its true return */
    double predicted[STARTS_MAX], realised[STARTS_MAX];
    size_t starts;
} shown;

/* ---- experience ------------------------------------------------------------------------------------------------- */

static size_t random_episode(float *observations, uint8_t *actions, float *rewards, uint8_t *flags,
                             bench_random *random) {
    size_t count = 0;
    uint32_t cell = 0;
    lake_observation(observations, cell);
    while (count < LAKE_STEPS && !lake_is_end(cell)) {
        actions[count] = (uint8_t)bench_random_below(random, LAKE_ACTIONS);
        cell = lake_step(cell, actions[count], random);
        rewards[count] = lake_is_goal(cell) ? 1.0f : 0.0f;
        flags[count] = lake_is_end(cell) ? EPI_STEP_TERMINATED : 0;
        lake_observation(observations + 2 * ++count, cell);
    }
    if (!lake_is_end(cell)) flags[count - 1] = EPI_STEP_TRUNCATED;
    return count;
}

static void record_episodes(epi_space *space, uint32_t episodes, uint64_t seed) {
    epi_recorder *recorder = bench_recorder(space);
    static float observations[2 * (LAKE_STEPS + 1)], rewards[LAKE_STEPS];
    static uint8_t actions[LAKE_STEPS], flags[LAKE_STEPS];
    bench_random random = bench_random_of(seed, 1);
    for (uint32_t i = 0; i < episodes; i++) {
        const size_t count = random_episode(observations, actions, rewards, flags, &random);
        bench_record(NULL, recorder, observations, 2, epi_column_u8(EPI_ACTION, actions), rewards, flags, count);
    }
    epi_recorder_close(recorder);
}

/* ---- policies --------------------------------------------------------------------------------------------------- */

/* The policy as a table of actions, by the steps left less one. */
static void tabulate(uint8_t *table, const epi_policy *policy, uint32_t horizon) {
    for (uint32_t step = 0; step < LAKE_STEPS; step++)
        for (uint32_t cell = 0; cell < LAKE_STATES; cell++) {
            float observation[2];
            epi_policy_choice choice;
            uint8_t *action = &table[step * LAKE_STATES + cell];
            if (step > 0 && horizon == 0) {
                *action = table[cell];
                continue;
            }
            lake_observation(observation, cell);
            const epi_status status = epi_policy_next(&choice, policy, observation, step + 1);
            if (status != EPI_ENOTFOUND) bench_check(status, "choosing");
            *action = status ? 0 : *(const uint8_t *)choice.action_value;
        }
}

static void compare(shown *show, epi_policy *policy, const double *returns) {
    for (uint32_t cell = 0; cell < LAKE_STATES; cell++) {
        float observation[2];
        epi_prediction prediction;
        if (lake_is_end(cell)) continue;
        lake_observation(observation, cell);
        const epi_status status = epi_policy_predict(&prediction, policy, observation, LAKE_STEPS);
        if (status == EPI_ENOTFOUND) continue;
        bench_check(status, "predicting");
        show->predicted[show->starts] = prediction.return_mean;
        show->realised[show->starts++] = returns[cell];
    }
}

static void try_candidate(shown *show, size_t seed, const epi_graph *graph, const candidate *what) {
    static uint8_t table[LAKE_STEPS * LAKE_STATES];
    double success[LAKE_STATES], returns[LAKE_STATES];
    float first[2];
    uint32_t state;
    epi_policy *policy = NULL;
    epi_policy_options options = epi_policy_options_default();
    options.ranking = what->ranking;
    options.risk = what->risk;
    options.discount = what->discount;
    options.horizon = what->horizon;
    bench_check(epi_policy_open(NULL, &policy, graph, &options), "a policy");
    tabulate(table, policy, what->horizon);
    lake_evaluate(success, table, 1);
    lake_evaluate(returns, table, what->discount);
    lake_observation(first, 0);
    bench_check(epi_graph_find_state(&state, graph, first), "the first cell");
    show->success[seed] = success[0];
    show->kept[seed] = returns[0];
    show->promised[seed] = epi_policy_value(policy, state, LAKE_STEPS);
    compare(show, policy, returns);
    epi_policy_close(policy);
}

/* ---- figures ---------------------------------------------------------------------------------------------------- */

static double slope(const double *x, const double *y, const size_t *at, size_t count) {
    double mean_x = 0, mean_y = 0, xy = 0, xx = 0;
    for (size_t i = 0; i < count; i++) {
        mean_x += x[at[i]] / (double)count;
        mean_y += y[at[i]] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        xy += (x[at[i]] - mean_x) * (y[at[i]] - mean_y);
        xx += (x[at[i]] - mean_x) * (x[at[i]] - mean_x);
    }
    return xy / xx;
}

/* Resampling start cells of all seeds; they are taken for independent, which those of one seed are not quite. */
static estimate slope_interval(const shown *show, uint64_t seed) {
    enum { RESAMPLES = 1000 };
    double slopes[RESAMPLES];
    size_t at[STARTS_MAX];
    bench_random random = bench_random_of(seed, 2);
    for (size_t i = 0; i < show->starts; i++) at[i] = i;
    const double whole = slope(show->predicted, show->realised, at, show->starts);
    for (size_t r = 0; r < RESAMPLES; r++) {
        for (size_t i = 0; i < show->starts; i++) at[i] = bench_random_below(&random, show->starts);
        slopes[r] = slope(show->predicted, show->realised, at, show->starts);
    }
    const double low = bench_percentile(slopes, RESAMPLES, 0.025);
    return (estimate){whole, low, bench_percentile(slopes, RESAMPLES, 0.975)};
}

static double mean_of(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += values[i];
    return sum / (double)count;
}

static void emit(const bench_run *run, const candidate *what, const shown *show, size_t seeds) {
    double sorted[SEEDS_MAX];
    memcpy(sorted, show->success, sizeof sorted);
    const double least = bench_percentile(sorted, seeds, 0), most = bench_percentile(sorted, seeds, 1);
    const estimate line = slope_interval(show, run->seed);
    bench_emit(run, "success", mean_of(show->success, seeds), "share",
               BENCH_CONFIG({"task", .text = "frozenlake"}, {"ranking", .text = what->name},
                            {"risk", .number = what->risk}, {"discount", .number = what->discount},
                            {"horizon", .number = what->horizon}, {"seeds", .number = (double)seeds},
                            {"least", .number = least}, {"most", .number = most},
                            {"promised_return", .number = mean_of(show->promised, seeds)},
                            {"true_return", .number = mean_of(show->kept, seeds)}, {"fed", .text = "stored"}));
    bench_emit(run, "calibration_slope", line.mean, "true per predicted return",
               BENCH_CONFIG({"task", .text = "frozenlake"}, {"ranking", .text = what->name},
                            {"discount", .number = what->discount}, {"horizon", .number = LAKE_STEPS},
                            {"low", .number = line.low}, {"high", .number = line.high},
                            {"starts", .number = (double)show->starts},
                            {"predicted", .number = mean_of(show->predicted, show->starts)},
                            {"realised", .number = mean_of(show->realised, show->starts)}, {"fed", .text = "stored"}));
}

void plan_lake(const bench_run *run, epi_memory *memory) {
    const size_t seeds = run->quick ? 1 : SEEDS_MAX;
    shown *all = bench_alloc(CANDIDATES, sizeof *all);
    for (size_t seed = 0; seed < seeds; seed++) {
        char name[32];
        epi_graph *graph = NULL;
        snprintf(name, sizeof name, "lake-%zu", seed);
        bench_progress("FrozenLake: recording, seed %zu of %zu", seed, seeds);
        epi_space *space = bench_record_space(memory, name, 2, EPI_U8, 0);
        record_episodes(space, run->quick ? EPISODES / 10 : EPISODES, run->seed + seed);
        bench_check(epi_graph_open(&graph, space, NULL), "a graph");
        for (size_t i = 0; i < CANDIDATES; i++) try_candidate(&all[i], seed, graph, &candidates[i]);
        epi_graph_close(graph);
        epi_space_close(space);
    }
    for (size_t i = 0; i < CANDIDATES; i++) emit(run, &candidates[i], &all[i], seeds);
    bench_emit(run, "success", lake_optimum(1), "share",
               BENCH_CONFIG({"task", .text = "frozenlake"}, {"ranking", .text = "best that is possible"}));
    free(all);
}
