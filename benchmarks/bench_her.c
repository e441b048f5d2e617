/* bench_her.c - whether hindsight makes a goal learnable that is hardly ever reached: bit flipping.
 *
 * The world has n bits and a goal of n bits, both random; an action flips one bit; the reward is -1 until the bits are
 * the goal, which ends the episode, as do n steps. A Q-network with one hidden layer of 256 learns from batches of the
 * real buffer: 16 episodes and 40 updates a cycle, batches of 128, Adam 1e-3, gamma .98, targets clipped to
 * [-1 / (1 - gamma), 0] from a network that is averaged .95/.05 once a cycle, 20 % random actions. With HER four of
 * five rows get a goal that the episode reached later. Success is the share of 256 greedy episodes that reach the goal.
 * Source: Andrychowicz et al., Hindsight experience replay (2017), section 4.1 and appendix A.
 */
#include "mlp.h"

#include <episodic/episodic.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS_MAX 64u
#define HIDDEN 256u
#define EPISODES 16u
#define UPDATES 40u
#define BATCH 128u
#define GAMMA 0.98f
#define RATE 1e-3f
#define KEEP 0.95f
#define RANDOM 0.2
#define HER_K 4.0
#define TRIALS 256u
#define SOLVED 0.99
#define REPORT_EVERY 50u
#define PATH_SIZE 4096

static const char about[] =
    "Bit flipping (Andrychowicz et al. 2017): the share of greedy episodes that reach a goal of n bits, by cycles of\n"
    "training, with hindsight (future, k = 4) and without. A run ends with the cycle that solved it: a success of .99.";

typedef struct episode {
    uint8_t states[BITS_MAX + 1][BITS_MAX]; /* the one behind the last step too */
    uint8_t goals[BITS_MAX][BITS_MAX];      /* a row a step, all the same */
    int32_t actions[BITS_MAX];
    float rewards[BITS_MAX];
    uint8_t terminated[BITS_MAX], truncated[BITS_MAX];
    size_t steps;
    bool reached;
} episode;

typedef struct rows {
    uint8_t states[BATCH * BITS_MAX], next[BATCH * BITS_MAX], goals[BATCH * BITS_MAX];
    int32_t actions[BATCH];
    float rewards[BATCH], discounts[BATCH];
} rows;

typedef struct trial {
    unsigned bits;
    bool her;
    epi_memory *memory;
    epi_space *space;
    epi_recorder *recorder;
    epi_replay *replay;
    mlp network, target;
    bench_random random;
    episode now;
    rows batch;
} trial;

/* ---- the world --------------------------------------------------------------------------------------------------- */

static void put_inputs(float *inputs, const uint8_t *state, const uint8_t *goal, size_t bits) {
    for (size_t i = 0; i < bits; i++) inputs[i] = state[i], inputs[bits + i] = goal[i];
}

static size_t best_action(mlp *by, const uint8_t *state, const uint8_t *goal, size_t bits, float *value) {
    float inputs[2 * BITS_MAX] = {0}, outputs[BITS_MAX];
    size_t best = 0;
    put_inputs(inputs, state, goal, bits);
    mlp_forward(outputs, by, inputs);
    for (size_t i = 1; i < bits; i++)
        if (outputs[i] > outputs[best]) best = i;
    if (value) *value = outputs[best];
    return best;
}

/* One episode; `noise` of its actions are random. */
static void play(trial *in, double noise) {
    episode *now = &in->now;
    uint8_t goal[BITS_MAX];
    const size_t bits = in->bits;
    for (size_t i = 0; i < bits; i++) {
        now->states[0][i] = (uint8_t)bench_random_below(&in->random, 2);
        goal[i] = (uint8_t)bench_random_below(&in->random, 2);
    }
    now->reached = false;
    for (now->steps = 0; now->steps < bits && !now->reached; now->steps++) {
        const size_t t = now->steps;
        const bool random = noise > 0 && bench_random_unit(&in->random) < noise;
        const size_t action = random ? (size_t)bench_random_below(&in->random, bits)
                                     : best_action(&in->network, now->states[t], goal, bits, NULL);
        memcpy(now->goals[t], goal, bits);
        memcpy(now->states[t + 1], now->states[t], bits);
        now->states[t + 1][action] ^= 1;
        now->reached = memcmp(now->states[t + 1], goal, bits) == 0;
        now->actions[t] = (int32_t)action;
        now->rewards[t] = now->reached ? 0 : -1;
        now->terminated[t] = now->reached;
        now->truncated[t] = !now->reached && t + 1 == bits;
    }
}

static void record(trial *in) {
    episode *now = &in->now;
    const epi_column columns[] = {
        epi_column_of(EPI_OBSERVATION, EPI_U8, now->states[0], BITS_MAX),
        epi_column_of(EPI_NEXT_OBSERVATION, EPI_U8, now->states[1], BITS_MAX),
        epi_column_of("achieved_goal", EPI_U8, now->states[1], BITS_MAX),
        epi_column_of("desired_goal", EPI_U8, now->goals[0], BITS_MAX),
        epi_column_of(EPI_ACTION, EPI_I32, now->actions, 0),
        epi_column_f32(EPI_REWARD, now->rewards),
        epi_column_of(EPI_TERMINATED, EPI_BOOL, now->terminated, 0),
        epi_column_of(EPI_TRUNCATED, EPI_BOOL, now->truncated, 0)};
    bench_check(epi_transitions_append(NULL, in->recorder, NULL, columns, 8, now->steps), "appending");
}

static double reward_of(void *context, const void *achieved, const void *desired, bool *terminated) {
    *terminated = memcmp(achieved, desired, *(const unsigned *)context) == 0;
    return *terminated ? 0 : -1;
}

/* ---- learning ---------------------------------------------------------------------------------------------------- */

static void update(trial *in) {
    rows *batch = &in->batch;
    const size_t bits = in->bits;
    const epi_column columns[] = {
        epi_column_u8(EPI_OBSERVATION, batch->states), epi_column_u8(EPI_NEXT_OBSERVATION, batch->next),
        epi_column_u8("desired_goal", batch->goals), epi_column_of(EPI_ACTION, EPI_I32, batch->actions, 0),
        epi_column_f32(EPI_REWARD, batch->rewards), epi_column_f32(EPI_DISCOUNT, batch->discounts)};
    epi_batch drawn = epi_batch_default();
    drawn.size = BATCH;
    drawn.columns = columns;
    drawn.column_count = 6;
    bench_check(epi_replay_sample(in->replay, &drawn, 0), "sampling");
    for (size_t row = 0; row < BATCH; row++) {
        const uint8_t *state = batch->states + row * bits, *goal = batch->goals + row * bits;
        float inputs[2 * BITS_MAX] = {0}, outputs[BITS_MAX], ahead = 0;
        if (batch->discounts[row] > 0)
            (void)best_action(&in->target, batch->next + row * bits, goal, bits, &ahead);
        const float wanted = batch->rewards[row] + batch->discounts[row] * ahead;
        const float clipped = fminf(fmaxf(wanted, -1 / (1 - GAMMA)), 0);
        const size_t action = (size_t)batch->actions[row];
        put_inputs(inputs, state, goal, bits);
        mlp_forward(outputs, &in->network, inputs);
        mlp_backward(&in->network, inputs, action, outputs[action] - clipped);
    }
    mlp_step(&in->network, RATE, 1.0f / BATCH);
}

static double evaluate(trial *in) {
    size_t reached = 0;
    for (size_t i = 0; i < TRIALS; i++) {
        play(in, 0);
        reached += in->now.reached;
    }
    return (double)reached / TRIALS;
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static void open_replay(trial *in, uint64_t seed) {
    epi_replay_options options = epi_replay_options_default();
    options.sampler = EPI_SAMPLER_UNIFORM;
    options.discount = (double)GAMMA;
    options.seed = seed;
    if (in->her) {
        options.her = EPI_HER_FUTURE;
        options.her_k = HER_K;
        options.her_achieved = "achieved_goal";
        options.her_desired = "desired_goal";
        options.her_reward = reward_of;
        options.her_context = &in->bits;
    }
    bench_check(epi_replay_open(&in->replay, in->space, &options), "a replay");
}

static void trial_open(trial *in, epi_memory *memory, bool her, unsigned bits, uint64_t seed) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT + 2];
    char name[64];
    *in = (trial){.bits = bits, .her = her, .memory = memory, .random = bench_random_of(seed, 5)};
    (void)snprintf(name, sizeof name, "bits-%u-%d-%llu", bits, her, (unsigned long long)seed);
    bench_check(epi_schema_transitions(&schema, roles, bits, EPI_I32, 0), "a schema");
    roles[0].dtype = EPI_U8;
    roles[schema.role_count++] = epi_role_tensor("achieved_goal", EPI_U8, 1, &bits);
    roles[schema.role_count++] = epi_role_tensor("desired_goal", EPI_U8, 1, &bits);
    bench_check(epi_space_open(&in->space, memory, name, &schema), "a space");
    bench_check(epi_recorder_open(&in->recorder, in->space, "player", 1), "a recorder");
    open_replay(in, seed);
    mlp_make(&in->network, 2 * bits, HIDDEN, bits, &in->random);
    mlp_make(&in->target, 2 * bits, HIDDEN, bits, &in->random);
    mlp_copy(&in->target, &in->network);
}

static void trial_close(trial *in) {
    mlp_free(&in->network);
    mlp_free(&in->target);
    epi_replay_close(in->replay);
    epi_recorder_close(in->recorder);
    epi_space_close(in->space);
}

static void measure(const bench_run *run, epi_memory *memory, bool her, unsigned bits, size_t cycles, uint64_t seed) {
    static trial in;
    double success = 0;
    trial_open(&in, memory, her, bits, seed);
    for (size_t cycle = 1; cycle <= cycles && success < SOLVED; cycle++) {
        for (size_t i = 0; i < EPISODES; i++) {
            play(&in, RANDOM);
            record(&in);
        }
        for (size_t i = 0; i < UPDATES; i++) update(&in);
        mlp_average(&in.target, &in.network, KEEP);
        success = evaluate(&in);
        bench_progress("n %u, HER %d, seed %llu, cycle %zu: %.3f", bits, her, (unsigned long long)seed, cycle, success);
        if (success < SOLVED && cycle < cycles && cycle % REPORT_EVERY != 0) continue;
        const bench_field config[] = {{"her", .json = her ? "true" : "false"}, {"n", .number = bits},
                                      {"cycle", .number = (double)cycle}, {"run", .number = (double)seed}};
        bench_emit(run, "success", success, "1", config, sizeof config / sizeof config[0]);
    }
    trial_close(&in);
}

int main(int argc, char **argv) {
    char path[PATH_SIZE];
    uint64_t bits = 0, bits_without = 0, seeds = 0, cycles = 400;
    const bench_option options[] = {
        {.name = "--n", .argument = "N", .help = "bits with HER, to 64; 20", .number = &bits},
        {.name = "--n-without", .argument = "N", .help = "bits without HER; 13", .number = &bits_without},
        {.name = "--cycles", .argument = "N", .help = "at most; 400", .number = &cycles},
        {.name = "--seeds", .argument = "N", .help = "runs of each; 3", .number = &seeds},
        {.name = NULL}};
    bench_run run = {.name = "bench_her", .usage = "[DIR]", .about = about, .options = options, .argument_max = 1};
    epi_memory *memory = NULL;
    epi_memory_options memory_options = epi_memory_options_default();
    bench_start(&run, argc, argv);
    if (bits == 0) bits = run.quick ? 8 : 20;
    if (bits_without == 0) bits_without = 13;
    if (seeds == 0) seeds = run.quick ? 1 : 3;
    if (run.quick && cycles > 60) cycles = 60;
    if (bits > BITS_MAX || bits_without > BITS_MAX) bench_fail("more than %u bits", BITS_MAX);
    const char *directory = bench_directory(run.argument_count ? run.arguments[0] : NULL);
    if (snprintf(path, sizeof path, "%s/memory", directory) >= PATH_SIZE) bench_fail("path too long");
    memory_options.sync = EPI_SYNC_MANUAL;
    bench_check(epi_memory_open(&memory, path, &memory_options), "opening");
    for (uint64_t i = 0; i < seeds; i++) {
        measure(&run, memory, true, (unsigned)bits, (size_t)cycles, run.seed + i);
        measure(&run, memory, false, (unsigned)bits_without, (size_t)cycles, run.seed + i);
    }
    bench_check(epi_memory_close(memory), "closing");
    return 0;
}
