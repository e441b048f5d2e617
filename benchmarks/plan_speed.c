/* plan_speed.c - how fast a memory graph and its policies are, by the number of steps.
 *
 * The world is a square lake without holes: a random walker slips to a side one time in five, every sixteenth square of
 * every sixteenth row is a goal, and there is a tenth as many squares as steps. One thread; each figure is one run's.
 * Steps are observed, not stored: what a store costs is told by other programs.
 */
#include <math.h>

#include "plan_parts.h"

#define IMAGINED 1000000u
#define CHOICES 100000u
#define SLIP 0.2
#define GOAL_EVERY 16u

typedef struct square {
    uint32_t side, row, column;
} square;

static void move(square *at, uint32_t action) {
    if (action == 0 && at->row > 0) at->row--;
    if (action == 1 && at->column + 1 < at->side) at->column++;
    if (action == 2 && at->row + 1 < at->side) at->row++;
    if (action == 3 && at->column > 0) at->column--;
}

static void place(float *observation, const square *at) {
    observation[0] = (float)at->row;
    observation[1] = (float)at->column;
}

/* One random step; the next begins where it led, or anywhere when it ended. */
static void walk(epi_graph *graph, square *at, bench_random *random) {
    float from[2], to[2];
    const uint8_t action = (uint8_t)bench_random_below(random, 4);
    epi_transition step = epi_transition_default();
    place(from, at);
    move(at, bench_random_unit(random) < SLIP ? (action + 1u) % 4 : action);
    place(to, at);
    const bool ended = at->row % GOAL_EVERY == 0 && at->column % GOAL_EVERY == 0;
    step.observation = from;
    step.action = &action;
    step.reward = ended ? 1 : 0;
    step.next_observation = to;
    step.flags = ended ? EPI_STEP_TERMINATED : 0;
    bench_check(epi_graph_observe(NULL, graph, &step), "observing");
    if (!ended && bench_random_below(random, 100) > 0) return;
    at->row = (uint32_t)bench_random_below(random, at->side);
    at->column = (uint32_t)bench_random_below(random, at->side);
}

static void emit(const bench_run *run, const char *metric, double value, const char *unit, size_t steps,
                 const epi_graph *graph) {
    epi_graph_stats stats;
    bench_check(epi_graph_stats_read(&stats, graph), "stats");
    bench_emit(run, metric, value, unit,
               BENCH_CONFIG({"steps", .number = (double)steps}, {"from", .text = "graph"},
                            {"states", .number = stats.states}, {"pairs", .number = stats.pairs},
                            {"outcomes", .number = stats.outcomes}, {"fed", .text = "observed"}));
}

static void measure_policy(const bench_run *run, const epi_graph *graph, uint32_t side, size_t steps) {
    epi_policy *policy = NULL;
    epi_policy_report report;
    epi_policy_options options = epi_policy_options_default();
    bench_random random = bench_random_of(run->seed, 4);
    options.tolerance = 1e-4;
    double begun = bench_now_s();
    bench_check(epi_policy_open(&report, &policy, graph, &options), "a policy");
    const double seconds = bench_now_s() - begun;
    emit(run, "policy_ms", seconds * 1e3, "ms", steps, graph);
    emit(run, "backups_per_s", (double)report.backups / seconds, "1/s", steps, graph);
    begun = bench_now_s();
    for (uint32_t i = 0; i < CHOICES; i++) {
        epi_policy_choice choice;
        const float at[] = {(float)bench_random_below(&random, side), (float)bench_random_below(&random, side)};
        const epi_status status = epi_policy_next(&choice, policy, at, 0);
        if (status != EPI_ENOTFOUND) bench_check(status, "choosing");
    }
    emit(run, "choice_us", (bench_now_s() - begun) / CHOICES * 1e6, "us", steps, graph);
    epi_policy_close(policy);
}

static void measure(const bench_run *run, size_t steps) {
    epi_graph *graph = NULL;
    square at = {.side = (uint32_t)sqrt((double)steps / 10)};
    bench_random random = bench_random_of(run->seed, 3);
    bench_check(epi_graph_create(&graph, 2, 1, NULL), "a graph");
    double begun = bench_now_s();
    for (size_t i = 0; i < steps; i++) walk(graph, &at, &random);
    emit(run, "observed_per_s", (double)steps / (bench_now_s() - begun), "1/s", steps, graph);
    begun = bench_now_s();
    for (uint32_t i = 0; i < IMAGINED; i++) {
        epi_graph_step step;
        bench_check(epi_graph_sample(&step, graph, 0), "imagining");
    }
    emit(run, "imagined_steps_per_s", IMAGINED / (bench_now_s() - begun), "1/s", steps, graph);
    measure_policy(run, graph, at.side, steps);
    epi_graph_close(graph);
}

void plan_speed(const bench_run *run, epi_memory *memory) {
    (void)memory;
    for (size_t steps = 10000; steps <= (run->quick ? 100000 : 1000000); steps *= 10) measure(run, steps);
}
