/* bench_cliffwalk.c - how many updates a tabular learner needs on the Blind Cliffwalk, by how it draws.
 *
 * The world has n states; in state s the right action is s mod 2. A wrong action ends the episode with 0, the right one
 * leads on, and in the last state ends it with 1. The memory holds every transition of every one of the 2^n sequences
 * of actions, each run to its end: 2^(n+1) - 2, one of them rewarded. Q is a table, drawn from N(0, .1) at first, gamma
 * 1 - 1/n, step 1/4. One transition is drawn and learned from at a time, without importance weights; its priority
 * becomes |TD error| + 1e-4; all begin at 1. It is over when the mean squared error over the 2n values is below 1e-3.
 * Source: Schaul, Quan, Antonoglou, Silver, Prioritized experience replay (2016), section 3.1 and appendix B.1.
 */
#include "bench.h"

#include <episodic/episodic.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATES_MAX 20u
#define PATH_SIZE 4096
#define BLOCK 4096u
#define STEP 0.25
#define EPSILON 1e-4
#define ERROR_MAX 1e-3
#define UPDATES_MAX 100000000u

static const char about[] =
    "Updates until a tabular learner has solved the Blind Cliffwalk of Schaul et al. (2016), median over seeds,\n"
    "drawing from the memory that holds all its transitions: uniformly, in proportion to |TD error|^alpha, by rank.";

typedef struct method {
    const char *name;
    epi_sampler sampler;
    double alpha;
} method;

static const method methods[] = {{"proportional", EPI_SAMPLER_PROPORTIONAL, 0.6},
                                 {"proportional", EPI_SAMPLER_PROPORTIONAL, 1.0},
                                 {"rank", EPI_SAMPLER_RANK, 0.7},
                                 {"rank", EPI_SAMPLER_RANK, 1.0},
                                 {"uniform", EPI_SAMPLER_UNIFORM, 0}};
#define METHODS (sizeof methods / sizeof methods[0])

/* ---- the world --------------------------------------------------------------------------------------------------- */

typedef struct world {
    epi_memory *memory;
    epi_space *space;
    unsigned states;
    double truth[STATES_MAX][2];
} world;

/* Rows on their way into the memory. */
typedef struct rows {
    epi_recorder *recorder;
    size_t count;
    float state[BLOCK], reward[BLOCK];
    int32_t action[BLOCK];
    uint8_t terminated[BLOCK];
} rows;

static void flush(rows *into) {
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, into->state),
                                  epi_column_of(EPI_ACTION, EPI_I32, into->action, 0),
                                  epi_column_f32(EPI_REWARD, into->reward),
                                  epi_column_of(EPI_TERMINATED, EPI_BOOL, into->terminated, 0)};
    if (into->count == 0) return;
    bench_check(epi_transitions_append(NULL, into->recorder, NULL, columns, 4, into->count), "appending");
    into->count = 0;
}

/* One sequence of actions, a bit each, until it ends. */
static void walk(rows *into, unsigned states, uint32_t actions) {
    for (unsigned state = 0; state < states; state++) {
        const unsigned action = actions >> state & 1u;
        const bool right = action == state % 2, last = state + 1 == states;
        if (into->count == BLOCK) flush(into);
        const size_t at = into->count++;
        into->state[at] = (float)state;
        into->action[at] = (int32_t)action;
        into->reward[at] = right && last;
        into->terminated[at] = !right || last;
        if (!right) return;
    }
}

static void world_make(world *made, const char *path, unsigned states) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_memory_options options = epi_memory_options_default();
    rows *into = bench_alloc(1, sizeof *into);
    options.sync = EPI_SYNC_MANUAL;
    *made = (world){.states = states};
    bench_check(epi_memory_open(&made->memory, path, &options), "opening");
    bench_check(epi_schema_transitions(&schema, roles, 1, EPI_I32, 0), "a schema");
    bench_check(epi_space_open(&made->space, made->memory, "cliff", &schema), "opening a space");
    bench_check(epi_recorder_open(&into->recorder, made->space, "walker", 1), "a recorder");
    for (uint32_t actions = 0; actions < 1u << states; actions++) walk(into, states, actions);
    flush(into);
    bench_check(epi_sync(NULL, made->memory), "syncing");
    epi_recorder_close(into->recorder);
    free(into);
    for (unsigned s = 0; s < states; s++) made->truth[s][s % 2] = pow(1 - 1.0 / states, states - 1 - s);
}

static void world_close(world *closed) {
    epi_space_close(closed->space);
    bench_check(epi_memory_close(closed->memory), "closing");
}

/* ---- learning ---------------------------------------------------------------------------------------------------- */

typedef struct learner {
    const world *in;
    double q[STATES_MAX][2];
    double square; /* sum of squared errors */
    double gamma;
} learner;

static double error_of(const learner *by, unsigned state, unsigned action) {
    const double off = by->q[state][action] - by->in->truth[state][action];
    return off * off;
}

static void learner_init(learner *by, const world *in, bench_random *random) {
    *by = (learner){.in = in, .gamma = 1 - 1.0 / in->states};
    for (unsigned s = 0; s < in->states; s++)
        for (unsigned a = 0; a < 2; a++) by->q[s][a] = 0.1 * bench_random_normal(random);
    for (unsigned s = 0; s < in->states; s++) by->square += error_of(by, s, 0) + error_of(by, s, 1);
}

/* Learns from one transition; returns its TD error. */
static double learn(learner *by, unsigned state, unsigned action, double reward, unsigned next, bool terminated) {
    const double ahead = terminated ? 0 : fmax(by->q[next][0], by->q[next][1]);
    const double delta = reward + by->gamma * ahead - by->q[state][action];
    by->square -= error_of(by, state, action);
    by->q[state][action] += STEP * delta;
    by->square += error_of(by, state, action);
    return delta;
}

static bool is_solved(const learner *by) {
    return by->square / (2 * by->in->states) < ERROR_MAX;
}

/* Updates until it is solved. */
static double solve(const world *in, const method *by, uint64_t seed) {
    float state, next, reward;
    int32_t action;
    bool terminated;
    uint64_t id;
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, &state), epi_column_f32(EPI_NEXT_OBSERVATION, &next),
                                  epi_column_of(EPI_ACTION, EPI_I32, &action, 0), epi_column_f32(EPI_REWARD, &reward),
                                  epi_column_bool(EPI_TERMINATED, &terminated)};
    epi_replay *replay = NULL;
    epi_replay_options options = epi_replay_options_default();
    epi_batch batch = epi_batch_default();
    bench_random random = bench_random_of(seed, 4);
    learner learning;
    learner_init(&learning, in, &random);
    options.sampler = by->sampler;
    options.alpha = by->alpha;
    options.seed = seed;
    bench_check(epi_replay_open(&replay, in->space, &options), "a replay");
    batch.size = 1;
    batch.columns = columns;
    batch.column_count = 5;
    batch.ids = &id;
    size_t updates = 0;
    while (!is_solved(&learning) && updates < UPDATES_MAX) {
        bench_check(epi_replay_sample(replay, &batch, 0), "sampling");
        const double delta = learn(&learning, (unsigned)state, (unsigned)action, (double)reward, (unsigned)next,
                                   terminated);
        const double priority = fabs(delta) + EPSILON;
        if (by->sampler != EPI_SAMPLER_UNIFORM)
            bench_check(epi_replay_update(NULL, replay, &id, &priority, 1), "updating");
        updates++;
    }
    epi_replay_close(replay);
    return (double)updates;
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static double measure(const bench_run *run, const world *in, const method *by, size_t seeds) {
    double *updates = bench_alloc(seeds, sizeof *updates);
    for (size_t i = 0; i < seeds; i++) {
        bench_progress("%s %.1f: seed %zu of %zu", by->name, by->alpha, i + 1, seeds);
        updates[i] = solve(in, by, run->seed + i);
    }
    const double median = bench_percentile(updates, seeds, .5);
    const double low = bench_percentile(updates, seeds, .25), high = bench_percentile(updates, seeds, .75);
    const bench_field config[] = {{"n", .number = in->states},      {"sampler", .text = by->name},
                                  {"alpha", .number = by->alpha},   {"seeds", .number = (double)seeds},
                                  {"quartile_low", .number = low}, {"quartile_high", .number = high}};
    bench_emit(run, "updates_p50", median, "1", config, sizeof config / sizeof config[0]);
    free(updates);
    return median;
}

int main(int argc, char **argv) {
    static world cliff;
    char path[PATH_SIZE];
    uint64_t states = 0, seeds = 0;
    const bench_option options[] = {{.name = "--n", .argument = "N", .help = "states, 2 to 20; 16", .number = &states},
                                    {.name = "--seeds", .argument = "N", .help = "runs; 101", .number = &seeds},
                                    {.name = NULL}};
    bench_run run = {.name = "bench_cliffwalk", .usage = "[DIR]", .about = about, .options = options,
                     .argument_max = 1};
    bench_start(&run, argc, argv);
    if (states == 0) states = run.quick ? 10 : 16;
    if (seeds == 0) seeds = run.quick ? 21 : 101;
    if (states < 2 || states > STATES_MAX) bench_fail("%zu states, expected 2 to %u", (size_t)states, STATES_MAX);
    const char *directory = bench_directory(run.argument_count ? run.arguments[0] : NULL);
    if (snprintf(path, sizeof path, "%s/memory", directory) >= PATH_SIZE) bench_fail("path too long");
    world_make(&cliff, path, (unsigned)states);
    double medians[METHODS];
    for (size_t m = 0; m < METHODS; m++) medians[m] = measure(&run, &cliff, &methods[m], seeds);
    const bench_field config[] = {{"n", .number = (double)states}, {"of", .text = "uniform"},
                                  {"to", .text = "proportional"}, {"alpha", .number = methods[0].alpha}};
    bench_emit(&run, "updates_ratio", medians[METHODS - 1] / medians[0], "x", config, 4);
    world_close(&cliff);
    return 0;
}
