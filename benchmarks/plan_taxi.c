/* plan_taxi.c - a policy for Taxi from random steps: driven once from each of the 300 starts, in the true world.
 *
 * Episodes of random actions begin in states drawn evenly from the 400 in which the taxi can be, and are cut after
 * EPISODE_STEPS; they are recorded in a space, and the graph is opened over it.
 */
#include "estimate.h"
#include "plan_parts.h"
#include "record.h"
#include "taxi.h"

#define STEPS 500000u
#define EPISODE_STEPS 50u
#define DRIVE_STEPS 200u

static size_t random_episode(float *observations, uint8_t *actions, float *rewards, uint8_t *flags, size_t room,
                             bench_random *random) {
    taxi at = taxi_valid((uint32_t)bench_random_below(random, TAXI_VALID));
    size_t count = 0;
    bool ended = false;
    taxi_observation(observations, &at);
    while (count < room && !ended) {
        actions[count] = (uint8_t)bench_random_below(random, TAXI_ACTIONS);
        ended = taxi_step(&rewards[count], &at, actions[count]);
        flags[count] = ended ? EPI_STEP_TERMINATED : 0;
        taxi_observation(observations + TAXI_OBSERVATION * ++count, &at);
    }
    if (!ended && count > 0) flags[count - 1] = EPI_STEP_TRUNCATED;
    return count;
}

static void record_steps(epi_space *space, size_t steps, uint64_t seed) {
    epi_recorder *recorder = bench_recorder(space);
    static float observations[TAXI_OBSERVATION * (EPISODE_STEPS + 1)], rewards[EPISODE_STEPS];
    static uint8_t actions[EPISODE_STEPS], flags[EPISODE_STEPS];
    bench_random random = bench_random_of(seed, 1);
    while (steps > 0) {
        const size_t room = steps < EPISODE_STEPS ? steps : EPISODE_STEPS;
        const size_t count = random_episode(observations, actions, rewards, flags, room, &random);
        bench_record(NULL, recorder, observations, TAXI_OBSERVATION, epi_column_u8(EPI_ACTION, actions), rewards, flags,
                     count);
        steps -= count;
        bench_progress("Taxi: recording, %zu steps left", steps);
    }
    epi_recorder_close(recorder);
}

/* The return of following the policy from a start; where it has no action it goes south. */
static double drive(const epi_policy *policy, taxi at) {
    double sum = 0;
    bool ended = false;
    for (uint32_t step = 0; step < DRIVE_STEPS && !ended; step++) {
        float observation[TAXI_OBSERVATION], reward;
        epi_policy_choice choice;
        taxi_observation(observation, &at);
        const epi_status status = epi_policy_next(&choice, policy, observation, 0);
        if (status != EPI_ENOTFOUND) bench_check(status, "choosing");
        ended = taxi_step(&reward, &at, status ? 0 : *(const uint8_t *)choice.action_value);
        sum += (double)reward;
    }
    return sum;
}

static void measure(const bench_run *run, const epi_graph *graph, const char *name, epi_ranking ranking, size_t steps) {
    double returns[TAXI_STARTS];
    epi_policy *policy = NULL;
    epi_policy_report report;
    epi_graph_stats stats;
    epi_policy_options options = epi_policy_options_default();
    options.ranking = ranking;
    bench_check(epi_policy_open(&report, &policy, graph, &options), "a policy");
    bench_check(epi_graph_stats_read(&stats, graph), "stats");
    for (uint32_t i = 0; i < TAXI_STARTS; i++) returns[i] = drive(policy, taxi_start(i));
    bench_random random = bench_random_of(run->seed, 2);
    const estimate mean = estimate_mean(returns, TAXI_STARTS, &random);
    bench_emit(run, "success", mean.mean, "return",
               BENCH_CONFIG({"task", .text = "taxi"}, {"ranking", .text = name},
                            {"discount", .number = options.discount}, {"starts", .number = TAXI_STARTS},
                            {"low", .number = mean.low}, {"high", .number = mean.high},
                            {"steps", .number = (double)steps}, {"pairs_tried", .number = stats.pairs},
                            {"coverage_pct", .number = 100.0 * stats.pairs / (TAXI_VALID * TAXI_ACTIONS)},
                            {"backups", .number = (double)report.backups}, {"fed", .text = "stored"}));
    epi_policy_close(policy);
}

void plan_taxi(const bench_run *run, epi_memory *memory) {
    const size_t steps = run->quick ? STEPS / 20 : STEPS;
    epi_graph *graph = NULL;
    epi_space *space = bench_record_space(memory, "taxi", TAXI_OBSERVATION, EPI_U8, 0);
    record_steps(space, steps, run->seed);
    bench_check(epi_graph_open(&graph, space, NULL), "a graph");
    measure(run, graph, "mean", EPI_RANK_MEAN, steps);
    measure(run, graph, "lower", EPI_RANK_LOWER, steps);
    measure(run, graph, "maximum", EPI_RANK_MAXIMUM, steps);
    epi_graph_close(graph);
    epi_space_close(space);
}
