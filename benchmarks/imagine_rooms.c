/* imagine_rooms.c - the part of bench_imagine with thin walls: plans over joins where distance lies. */
#include "imagine_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "four_rooms.h"
#include "record.h"

#define PAIRS 300u
#define APART 5.0     /* start and goal, at least */
#define TOLERANCE 0.5 /* of the goal */
#define RADIUS 0.15   /* of joins */
#define REPLANS 5u
#define SEEDS 5u
#define ACTIONS_MAX 1000u

typedef struct tally {
    size_t pairs, first_try, replanned, false_plans;
    double plan_s;
    bool won[PAIRS * SEEDS]; /* at the first try */
} tally;

static void record(epi_space *space, uint64_t seed) {
    epi_recorder *recorder = bench_recorder(space);
    bench_random random = bench_random_of(seed, 1);
    float observations[(ROOMS_STEPS + 1) * 2], actions[ROOMS_STEPS * 2], rewards[ROOMS_STEPS] = {0};
    for (size_t episode = 0; episode < ROOMS_EPISODES; episode++) {
        rooms_walk(observations, actions, rooms_random_place(&random), ROOMS_STEPS, &random);
        bench_record(NULL, recorder, observations, 2, epi_column_f32(EPI_ACTION, actions), rewards, NULL, ROOMS_STEPS);
    }
    epi_recorder_close(recorder);
}

/* Whether some move of a plan would be stopped by a wall: counted by the world, never told to the library. */
static bool plan_is_false(const epi_rollouts *plan) {
    const epi_rollout *rollout = epi_rollouts_get(plan, 0);
    if (!rollout) return false;
    for (size_t i = 0; i < rollout->step_count; i++) {
        const float *to = i + 1 < rollout->step_count ? epi_rollout_step(rollout, i + 1)->expected : rollout->end;
        if (!rooms_free(epi_rollout_step(rollout, i)->expected, to)) return true;
    }
    return false;
}

static void run_pair(tally *sum, epi_space *space, rooms_place start, rooms_place goal,
                     const epi_planner_options *options) {
    epi_planner *planner = NULL;
    epi_goal wanted = epi_goal_default();
    epi_tensor action;
    rooms_place place = start;
    wanted.observation = epi_tensor_f32(goal.at, 2);
    wanted.tolerance = TOLERANCE;
    bench_check(epi_imagine_reset(space), "forgetting reports");
    bench_check(epi_planner_open(&planner, space, &wanted, options), "opening a planner");
    epi_status status = EPI_OK;
    for (size_t i = 0; i < ACTIONS_MAX && (status = epi_planner_next(&action, planner, place.at)) == EPI_OK; i++) {
        if (i == 0) sum->false_plans += plan_is_false(epi_planner_plan(planner));
        rooms_step(&place, action.data);
        bench_check(epi_planner_observe(planner, place.at, 0.0, false), "observing");
    }
    epi_planner_stats stats = epi_planner_stats_read(planner);
    if (status && status != EPI_EDONE && status != EPI_ENOTFOUND) bench_check(status, "planning");
    bool first_try = status == EPI_EDONE && stats.disagreements == 0;
    sum->won[sum->pairs++] = first_try;
    sum->first_try += first_try;
    sum->plan_s += stats.seconds;
    if (status == EPI_EDONE && stats.disagreements <= REPLANS) sum->replanned++;
    epi_planner_close(planner);
}

static void run_seed(tally *sum, uint64_t seed, epi_join_test test, size_t pairs) {
    char path[4096];
    bench_random random = bench_random_of(seed, 2);
    epi_planner_options options = epi_planner_options_default();
    (void)snprintf(path, sizeof path, "%s/rooms-%llu-%d", bench_directory(NULL), (unsigned long long)seed, (int)test);
    epi_memory *memory = bench_record_memory(path);
    epi_space *space = bench_record_space(memory, "rooms", 2, EPI_F32, 2);
    record(space, seed);
    options.imagine.test = test;
    options.imagine.join_radius = RADIUS / (double)ROOMS_STEP;
    options.replans_max = REPLANS;
    for (size_t pair = 0; pair < pairs;) {
        rooms_place start = rooms_random_place(&random), goal = rooms_random_place(&random);
        if (rooms_distance(&start, &goal) < APART) continue;
        run_pair(sum, space, start, goal, &options);
        bench_progress("thin walls, seed %llu: %zu of %zu", (unsigned long long)seed, ++pair, pairs);
    }
    epi_space_close(space);
    bench_check(epi_memory_close(memory), "closing");
}

static void emit(const bench_run *run, const tally *sum, const char *joins, size_t seeds) {
    imagine_emit_share(run, "success_pct", sum->first_try, sum->pairs, "thin-wall", "first-try", joins, seeds);
    imagine_emit_share(run, "success_pct", sum->replanned, sum->pairs, "thin-wall", "replan", joins, seeds);
    imagine_emit_share(run, "false_join_plans_pct", sum->false_plans, sum->pairs, "thin-wall", "plan", joins, seeds);
    bench_emit(run, "planning_ms", 1e3 * sum->plan_s / (double)sum->pairs, "ms",
               BENCH_CONFIG({"task", .text = "thin-wall"}, {"data", .text = joins}));
}

/* Evidence against distance on the same pairs: the mean difference of first tries, with its interval over pairs. */
static void emit_gain(const bench_run *run, const tally *evidence, const tally *near, size_t seeds) {
    double sum = 0.0, squares = 0.0, n = (double)evidence->pairs;
    for (size_t i = 0; i < evidence->pairs; i++) {
        double gain = (double)evidence->won[i] - (double)near->won[i];
        sum += gain;
        squares += gain * gain;
    }
    double mean = sum / n, half = 1.959964 * sqrt(fmax(squares / n - mean * mean, 0.0) / n);
    bench_emit(run, "gain_over_distance", 100.0 * mean, "points",
               BENCH_CONFIG({"task", .text = "thin-wall"}, {"n", .number = n}, {"seeds", .number = (double)seeds},
                            {"low", .number = 100.0 * (mean - half)}, {"high", .number = 100.0 * (mean + half)}));
}

void imagine_rooms_run(const bench_run *run) {
    static const char *const names[] = {"evidence", "distance"};
    tally *sums = bench_alloc(2, sizeof *sums);
    size_t seeds = run->quick ? 1 : SEEDS, pairs = run->quick ? 20 : PAIRS;
    for (int test = EPI_JOIN_EVIDENCE; test <= EPI_JOIN_DISTANCE; test++) {
        for (uint64_t seed = run->seed; seed < run->seed + seeds; seed++)
            run_seed(&sums[test], seed, (epi_join_test)test, pairs);
        emit(run, &sums[test], names[test], seeds);
    }
    emit_gain(run, &sums[0], &sums[1], seeds);
    free(sums);
}
