/* cartpole_dqn.c - a cart learns to balance a pole, from a replay buffer that outlives whoever learns from it.
 *
 *   cartpole_dqn DIR train [OPTION...]      acts and learns in turns
 *   cartpole_dqn DIR learn [OPTION...]      only learns, from what others record meanwhile
 *   cartpole_dqn DIR act NAME [OPTION...]   only acts, by the network that the learner wrote last; each actor its NAME
 *
 *   --steps N    until so many steps are in the memory; 100000
 *   --seed N     1
 *   --uniform    draw all steps alike; otherwise in proportion to their last TD error (both keep their own state)
 *   --json       a JSON object a line
 *
 * DIR/memory is the buffer, DIR/network what was learned, and how well it did. Killed at any moment and started again,
 * it goes on with every step that was stored, the priorities they had, and a network that is 500 steps old at most.
 *
 * Learning is double DQN (H. van Hasselt, A. Guez, D. Silver: Deep reinforcement learning with double Q-learning, 2016)
 * with 3-step returns; the network has two hidden layers and is trained by Adam (D. Kingma, J. Ba, 2015). The cart is
 * CartPole-v1 of Gymnasium: its constants, bounds, start and limit of 500 steps (A. Barto, R. Sutton, C. Anderson:
 * Neuronlike adaptive elements that can solve difficult learning control problems, 1983).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <episodic/episodic.h>

#include "usage.h"

enum { SIZE = 4, ACTIONS = 2, HIDDEN = 64, LAYERS = 3, BATCH = 64, EPISODE_STEPS_MAX = 500 };
enum { LEARN_FROM = 1000, STEPS_PER_UPDATE = 2, UPDATES_PER_TARGET = 100, N_STEP = 3, EXPLORE_STEPS = 10000 };
enum { EVALUATE_EVERY = 5000, EVALUATIONS_MAX = 400, EPISODES = 100, SOLVED = 475 };
enum { SAVE_EVERY = 500, BLOCK = 32, AHEAD_MAX = 1000, NAP_MS = 2, PATH_SIZE = 4096 };

static const float rate = 1e-3f;
static const double discount = 0.99, alpha = 0.6, beta_first = 0.4, curiosity_last = 0.04, priority_least = 1e-3;

/* ---- random numbers: xorshift64*, Vigna 2016 --------------------------------------------------------------------- */

static double draw(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)(*state * 0x2545f4914f6cdd1dULL >> 11) / 9007199254740992.0;
}

static uint64_t stream(uint64_t seed, uint64_t number) {
    uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15ULL ^ (number + 1) * 0xd1342543de82ef95ULL;
    for (int i = 0; i < 8; i++) (void)draw(&state);
    return state;
}

/* ---- the cart ---------------------------------------------------------------------------------------------------- */

typedef struct cart {
    double state[SIZE]; /* place in m, its speed, the pole's angle in rad, its speed */
    int steps;
    bool terminated, truncated;
} cart;

static void cart_reset(cart *c, uint64_t *random) {
    *c = (cart){.steps = 0};
    for (int i = 0; i < SIZE; i++) c->state[i] = 0.1 * draw(random) - 0.05;
}

static void cart_step(cart *c, int action) {
    const double gravity = 9.8, pole = 0.1, total = 1.0 + pole, half_length = 0.5, seconds = 0.02;
    const double force = action ? 10.0 : -10.0, sine = sin(c->state[2]), cosine = cos(c->state[2]);
    const double push = (force + pole * half_length * c->state[3] * c->state[3] * sine) / total;
    const double turn = (gravity * sine - cosine * push) / (half_length * (4.0 / 3.0 - pole * cosine * cosine / total));
    const double change[SIZE] = {c->state[1], push - pole * half_length * turn * cosine / total, c->state[3], turn};
    for (int i = 0; i < SIZE; i++) c->state[i] += seconds * change[i];
    c->terminated = fabs(c->state[0]) > 2.4 || fabs(c->state[2]) > 12.0 * 2.0 * 3.141592653589793 / 360.0;
    c->truncated = ++c->steps >= EPISODE_STEPS_MAX;
}

static void cart_look(float seen[SIZE], const cart *c) {
    for (int i = 0; i < SIZE; i++) seen[i] = (float)c->state[i];
}

/* ---- the network ------------------------------------------------------------------------------------------------- */

static const int width[LAYERS + 1] = {SIZE, HIDDEN, HIDDEN, ACTIONS};
enum { WEIGHTS = (SIZE + 1) * HIDDEN + (HIDDEN + 1) * HIDDEN + (HIDDEN + 1) * ACTIONS };

/* Of each layer: inputs x outputs weights, then outputs biases. */
typedef struct network {
    float weights[WEIGHTS], first[WEIGHTS], second[WEIGHTS]; /* the last two are Adam's moments */
    uint64_t steps;
} network;

/* What each layer puts out for a batch; layers[0] are the observations, layers[LAYERS] the values of the actions. */
typedef struct activations {
    float layers[LAYERS + 1][BATCH * HIDDEN];
} activations;

static void network_make(network *n, uint64_t random) {
    float *weight = n->weights;
    memset(n, 0, sizeof *n);
    for (int layer = 0; layer < LAYERS; layer++) {
        const double most = 1.0 / sqrt(width[layer]);
        const int count = (width[layer] + 1) * width[layer + 1];
        for (int i = 0; i < count; i++) *weight++ = (float)((2.0 * draw(&random) - 1.0) * most);
    }
}

/* to[rows x columns] += from[rows x inner] by[inner x columns]; along rows, so that compilers make it wide. */
static void multiply(float *restrict to, const float *restrict from, const float *restrict by, int rows, int inner,
                     int columns) {
    for (int row = 0; row < rows; row++)
        for (int k = 0; k < inner; k++) {
            const float factor = from[row * inner + k];
            for (int i = 0; i < columns; i++) to[row * columns + i] += factor * by[k * columns + i];
        }
}

static void transpose(float *restrict to, const float *restrict from, int rows, int columns) {
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < columns; i++) to[i * rows + row] = from[row * columns + i];
}

/* From layers[0] to layers[LAYERS]. */
static void forward(activations *a, const float *weights, int rows) {
    for (int layer = 0; layer < LAYERS; layer++) {
        const int inputs = width[layer], outputs = width[layer + 1];
        float *to = a->layers[layer + 1];
        for (int row = 0; row < rows; row++)
            memcpy(to + row * outputs, weights + inputs * outputs, (size_t)outputs * sizeof *to);
        multiply(to, a->layers[layer], weights, rows, inputs, outputs);
        for (int i = 0; layer + 1 < LAYERS && i < rows * outputs; i++) to[i] = to[i] > 0 ? to[i] : 0;
        weights += (inputs + 1) * outputs;
    }
}

/* The gradient of all weights from that of the values, `error`, which is used up. */
static void backward(float gradient[WEIGHTS], const activations *a, const float *weights, float *error, int rows) {
    static float turned[BATCH * HIDDEN], before[BATCH * HIDDEN];
    int end = WEIGHTS;
    memset(gradient, 0, WEIGHTS * sizeof *gradient);
    for (int layer = LAYERS - 1; layer >= 0; layer--) {
        const int inputs = width[layer], outputs = width[layer + 1], begin = end - (inputs + 1) * outputs;
        transpose(turned, a->layers[layer], rows, inputs);
        multiply(gradient + begin, turned, error, inputs, rows, outputs);
        for (int i = 0; i < rows * outputs; i++) gradient[begin + inputs * outputs + i % outputs] += error[i];
        if (layer > 0) {
            transpose(turned, weights + begin, inputs, outputs);
            memset(before, 0, sizeof before);
            multiply(before, error, turned, rows, outputs, inputs);
            for (int i = 0; i < rows * inputs; i++) error[i] = a->layers[layer][i] > 0 ? before[i] : 0;
        }
        end = begin;
    }
}

static void descend(network *n, const float gradient[WEIGHTS]) {
    const double t = (double)++n->steps;
    const float size = rate * (float)(sqrt(1.0 - pow(0.999, t)) / (1.0 - pow(0.9, t)));
    for (int i = 0; i < WEIGHTS; i++) {
        n->first[i] += 0.1f * (gradient[i] - n->first[i]);
        n->second[i] += 0.001f * (gradient[i] * gradient[i] - n->second[i]);
        n->weights[i] -= size * n->first[i] / (sqrtf(n->second[i]) + 1e-8f);
    }
}

static int best_action(const float *weights, const float seen[SIZE]) {
    static activations a;
    memcpy(a.layers[0], seen, SIZE * sizeof *seen);
    forward(&a, weights, 1);
    return a.layers[LAYERS][1] > a.layers[LAYERS][0];
}

/* ---- the agent --------------------------------------------------------------------------------------------------- */

typedef struct evaluation {
    uint64_t steps;
    double mean, least, most;
} evaluation;

/* The file DIR/network. */
typedef struct knowledge {
    char magic[8];
    uint64_t steps;   /* in the memory when it was written */
    uint64_t updates;
    uint64_t evaluation_count;
    evaluation evaluations[EVALUATIONS_MAX];
    network online;
    float target[WEIGHTS];
} knowledge;

typedef struct agent {
    const char *directory, *role, *name;
    uint64_t steps_max, seed;
    bool uniform, json;
    epi_memory *memory;
    epi_space *space;
    epi_recorder *recorder;
    epi_replay *replay;
    knowledge known;
    cart cart;
    uint64_t random, steps;
} agent;

static const char magic[8] = "cart-1";

static int fail(const char *what) {
    fprintf(stderr, "cartpole_dqn: %s: %s\n", what, epi_error_last()->message);
    return 1;
}

static const char *buffer_name(const agent *a) {
    return a->uniform ? "uniform" : "prioritized";
}

/* ---- acting ------------------------------------------------------------------------------------------------------ */

static double curiosity(const agent *a) {
    const double part = (double)a->steps / EXPLORE_STEPS;
    return part >= 1.0 ? curiosity_last : 1.0 - part * (1.0 - curiosity_last);
}

/* One step, recorded. Only the step that ends an episode tells what came next; others have their successor's. */
static epi_status act(agent *a) {
    float seen[SIZE], next[SIZE], reward = 1.0f;
    if (a->cart.steps == 0 || a->cart.terminated || a->cart.truncated) cart_reset(&a->cart, &a->random);
    cart_look(seen, &a->cart);
    const bool tries = draw(&a->random) < curiosity(a);
    const int32_t action = tries ? draw(&a->random) < 0.5 : best_action(a->known.online.weights, seen);
    cart_step(&a->cart, action);
    cart_look(next, &a->cart);
    const bool ends = a->cart.terminated || a->cart.truncated;
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, seen),
                                  epi_column_of(EPI_ACTION, EPI_I32, &action, 0),
                                  epi_column_f32(EPI_REWARD, &reward),
                                  epi_column_bool(EPI_TERMINATED, &a->cart.terminated),
                                  epi_column_bool(EPI_TRUNCATED, &a->cart.truncated),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, next)};
    a->steps++;
    return epi_transitions_append(NULL, a->recorder, NULL, columns, ends ? 6 : 5, 1);
}

/* Greedy episodes from fresh starts, which are no part of the memory. */
static evaluation evaluate(const agent *a) {
    evaluation e = {.steps = a->steps, .least = EPISODE_STEPS_MAX};
    uint64_t random = stream(a->seed, 1000 + a->known.evaluation_count);
    for (int i = 0; i < EPISODES; i++) {
        float seen[SIZE];
        cart c;
        for (cart_reset(&c, &random); !c.terminated && !c.truncated;) {
            cart_look(seen, &c);
            cart_step(&c, best_action(a->known.online.weights, seen));
        }
        e.mean += (double)c.steps / EPISODES;
        e.least = fmin(e.least, c.steps);
        e.most = fmax(e.most, c.steps);
    }
    return e;
}

/* ---- learning ---------------------------------------------------------------------------------------------------- */

typedef struct rows {
    uint64_t ids[BATCH];
    int32_t actions[BATCH];
    float seen[BATCH * SIZE], next[BATCH * SIZE], rewards[BATCH], discounts[BATCH];
    double weights[BATCH], priorities[BATCH];
} rows;

/* EPI_ETIMEOUT while the memory has too few steps for the updates that were made: it paces who learns. */
static epi_status draw_batch(rows *r, agent *a) {
    const double part = fmin(1.0, (double)a->steps / (double)a->steps_max);
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, r->seen),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, r->next),
                                  epi_column_of(EPI_ACTION, EPI_I32, r->actions, 0),
                                  epi_column_f32(EPI_REWARD, r->rewards), epi_column_f32(EPI_DISCOUNT, r->discounts)};
    epi_batch batch = epi_batch_default();
    batch.size = BATCH;
    batch.columns = columns;
    batch.column_count = sizeof columns / sizeof *columns;
    batch.ids = r->ids;
    batch.weights = r->weights;
    return epi_replay_sample(a->replay, &batch, beta_first + part * (1.0 - beta_first));
}

/* What each step was worth: its reward and, of the action that looks best by now, what the target network says. */
static void find_targets(float targets[BATCH], const rows *r, const knowledge *known) {
    static activations online, target;
    memcpy(online.layers[0], r->next, sizeof r->next);
    memcpy(target.layers[0], r->next, sizeof r->next);
    forward(&online, known->online.weights, BATCH);
    forward(&target, known->target, BATCH);
    for (int row = 0; row < BATCH; row++) {
        const float *values = online.layers[LAYERS] + row * ACTIONS;
        const int best = values[1] > values[0];
        targets[row] = r->rewards[row] + r->discounts[row] * target.layers[LAYERS][row * ACTIONS + best];
    }
}

/* Down the gradient of Huber's loss, times the importance weights. */
static epi_status learn_from(rows *r, agent *a) {
    static activations now;
    static float targets[BATCH], error[BATCH * HIDDEN], gradient[WEIGHTS];
    find_targets(targets, r, &a->known);
    memcpy(now.layers[0], r->seen, sizeof r->seen);
    forward(&now, a->known.online.weights, BATCH);
    memset(error, 0, sizeof error);
    for (int row = 0; row < BATCH; row++) {
        const int at = row * ACTIONS + r->actions[row];
        const float difference = now.layers[LAYERS][at] - targets[row];
        error[at] = fminf(1.0f, fmaxf(-1.0f, difference)) * (float)r->weights[row] / BATCH;
        r->priorities[row] = (double)fabsf(difference) + priority_least;
    }
    backward(gradient, &now, a->known.online.weights, error, BATCH);
    descend(&a->known.online, gradient);
    if (++a->known.updates % UPDATES_PER_TARGET == 0)
        memcpy(a->known.target, a->known.online.weights, sizeof a->known.target);
    return a->uniform ? EPI_OK : epi_replay_update(NULL, a->replay, r->ids, r->priorities, BATCH);
}

/* As many updates as the steps in the memory allow. */
static epi_status catch_up(agent *a) {
    static rows r;
    epi_status status;
    do {
        status = draw_batch(&r, a);
        if (!status) status = learn_from(&r, a);
    } while (!status);
    return status == EPI_ETIMEOUT ? EPI_OK : status;
}

/* ---- what is kept ------------------------------------------------------------------------------------------------ */

static int network_path(char path[PATH_SIZE], const agent *a, const char *suffix) {
    const int size = snprintf(path, PATH_SIZE, "%s/network%s", a->directory, suffix);
    return size > 0 && size < PATH_SIZE ? 0 : -1;
}

static bool read_network(agent *a) {
    static knowledge found;
    char path[PATH_SIZE];
    FILE *file = network_path(path, a, "") ? NULL : fopen(path, "rb");
    const bool whole = file && fread(&found, sizeof found, 1, file) == 1 && memcmp(found.magic, magic, 8) == 0;
    if (file) (void)fclose(file);
    if (whole) a->known = found;
    return whole;
}

/* Under another name first, so that whoever reads it, or comes back after a kill, finds one that is whole. */
static int write_network(const agent *a) {
    char path[PATH_SIZE], fresh[PATH_SIZE];
    if (network_path(path, a, "") || network_path(fresh, a, ".new")) return -1;
    FILE *file = fopen(fresh, "wb");
    if (!file) return -1;
    bool done = fwrite(&a->known, sizeof a->known, 1, file) == 1 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    done = fclose(file) == 0 && done;
    return done && rename(fresh, path) == 0 ? 0 : -1;
}

static void print_event(const agent *a, const char *event) {
    printf("{\"event\": \"%s\", \"steps\": %llu, \"network\": %llu, \"updates\": %llu}\n", event,
           (unsigned long long)a->steps, (unsigned long long)a->known.steps, (unsigned long long)a->known.updates);
}

/* Steps, priorities and the network, durably. */
static epi_status save(agent *a) {
    epi_status status = epi_sync(NULL, a->memory);
    if (!status) status = epi_replay_save(a->replay);
    if (status) return status;
    a->known.steps = a->steps;
    if (write_network(a)) {
        fprintf(stderr, "cartpole_dqn: %s/network could not be written\n", a->directory);
        return EPI_EIO;
    }
    if (a->json) print_event(a, "saved");
    return EPI_OK;
}

static void print_evaluation(const agent *a, const evaluation *e) {
    static const char bar[] = "##################################################";
    if (a->json)
        printf("{\"event\": \"evaluated\", \"buffer\": \"%s\", \"seed\": %llu, \"steps\": %llu, \"mean\": %.2f, "
               "\"least\": %.0f, \"most\": %.0f}\n", buffer_name(a), (unsigned long long)a->seed,
               (unsigned long long)e->steps, e->mean, e->least, e->most);
    else
        printf("%7llu |%-50.*s| %6.2f, %3.0f to %3.0f\n", (unsigned long long)e->steps, (int)(e->mean / 10.0), bar,
               e->mean, e->least, e->most);
}

static epi_status keep_house(agent *a) {
    knowledge *known = &a->known;
    if (a->steps >= (known->evaluation_count + 1) * EVALUATE_EVERY && known->evaluation_count < EVALUATIONS_MAX) {
        known->evaluations[known->evaluation_count] = evaluate(a);
        print_evaluation(a, &known->evaluations[known->evaluation_count++]);
    } else if (a->steps < known->steps + SAVE_EVERY && a->steps < a->steps_max) {
        return EPI_OK;
    }
    return save(a);
}

/* ---- the three roles --------------------------------------------------------------------------------------------- */

static epi_status count_steps(agent *a) {
    epi_transition_stats stats = {0};
    const epi_status status = epi_transitions_stats_read(&stats, a->space);
    a->steps = stats.steps;
    return status;
}

static void nap(void) {
    const struct timespec time = {.tv_nsec = NAP_MS * 1000000L};
    (void)nanosleep(&time, NULL);
}

static epi_status run_train(agent *a) {
    epi_status status = EPI_OK;
    while (!status && a->steps < a->steps_max) {
        status = act(a);
        if (!status) status = catch_up(a);
        if (!status) status = keep_house(a);
    }
    return status;
}

static epi_status run_learn(agent *a) {
    epi_status status = EPI_OK;
    for (bool done = false; !status && !done;) {
        done = a->steps >= a->steps_max; /* once more with all of them */
        status = catch_up(a);
        if (!status) status = keep_house(a);
        if (!status) status = count_steps(a);
        if (!done) nap();
    }
    return status;
}

/* In blocks, each acknowledged before the next; never far ahead of the learner. */
static epi_status run_act(agent *a) {
    epi_status status = EPI_OK;
    while (!status && a->steps < a->steps_max) {
        (void)read_network(a);
        if (a->steps >= a->known.steps + AHEAD_MAX) {
            nap();
        } else {
            for (int i = 0; !status && i < BLOCK; i++) status = act(a);
            if (!status) status = epi_sync(NULL, a->memory);
        }
        if (!status) status = count_steps(a);
    }
    return status;
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static epi_status open_replay(agent *a) {
    epi_replay_options options = epi_replay_options_default();
    options.name = buffer_name(a);
    options.sampler = a->uniform ? EPI_SAMPLER_UNIFORM : EPI_SAMPLER_PROPORTIONAL;
    options.alpha = a->uniform ? 0.0 : alpha;
    options.seed = a->seed;
    options.n_step = N_STEP;
    options.discount = discount;
    options.min_steps = LEARN_FROM;
    options.samples_per_insert = (double)BATCH / STEPS_PER_UPDATE;
    options.samples_ahead = BATCH;
    options.timeout_ms = 0;
    options.resume = true;
    const epi_status status = epi_replay_open(&a->replay, a->space, &options);
    if (status != EPI_ENOTFOUND) return status;
    options.resume = false; /* nothing was saved yet */
    return epi_replay_open(&a->replay, a->space, &options);
}

static epi_status open_agent(agent *a, const char *memory) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_memory_options options = epi_memory_options_default();
    options.sync = EPI_SYNC_GROUPED;
    epi_status status = epi_memory_open(&a->memory, memory, &options);
    if (!status) status = epi_schema_transitions(&schema, roles, SIZE, EPI_I32, 0);
    if (!status) status = epi_space_open(&a->space, a->memory, "cartpole", &schema);
    if (!status && strcmp(a->role, "learn") != 0) {
        status = epi_recorder_open(&a->recorder, a->space, a->name, 1);
        if (!status) status = epi_recorder_cut(a->recorder, 0); /* whoever was here before may have been killed */
    }
    if (!status && strcmp(a->role, "act") != 0) status = open_replay(a);
    if (!status) status = count_steps(a);
    a->random = stream(a->seed, a->steps * 2); /* the same memory, the same going on */
    for (const char *letter = a->name; *letter; letter++) a->random = stream(a->random, (uint64_t)*letter);
    return status;
}

/* What was there before, and its curve so far. */
static void print_start(const agent *a) {
    const knowledge *known = &a->known;
    if (a->json)
        print_event(a, "started");
    else if (a->steps > 0)
        printf("resumed | %llu steps in the memory, a network of %llu\n", (unsigned long long)a->steps,
               (unsigned long long)known->steps);
    for (uint64_t i = 0; i < known->evaluation_count; i++) print_evaluation(a, &known->evaluations[i]);
}

static void print_end(const agent *a) {
    const knowledge *known = &a->known;
    uint64_t i = 0;
    while (i < known->evaluation_count && known->evaluations[i].mean < SOLVED) i++;
    const bool solved = i < known->evaluation_count;
    if (a->json && solved)
        printf("{\"event\": \"ended\", \"solved_steps\": %llu}\n", (unsigned long long)known->evaluations[i].steps);
    else if (a->json) puts("{\"event\": \"ended\", \"solved_steps\": null}");
    else if (solved) printf("solved after %llu steps\n", (unsigned long long)known->evaluations[i].steps);
    else puts("not solved yet");
}

static bool read_number(uint64_t *number, const char *text) {
    char *end = NULL;
    *number = strtoull(text, &end, 10);
    return end != text && *end == '\0' && *text != '-';
}

static bool read_arguments(agent *a, int argc, char **argv) {
    int at = 3;
    if (argc < 3) return false;
    a->directory = argv[1];
    a->role = argv[2];
    if (strcmp(a->role, "act") == 0 && argc > at) a->name = argv[at++];
    else if (strcmp(a->role, "train") != 0 && strcmp(a->role, "learn") != 0) return false;
    for (; at < argc; at++) {
        uint64_t *number = NULL;
        if (strcmp(argv[at], "--steps") == 0) number = &a->steps_max;
        if (strcmp(argv[at], "--seed") == 0) number = &a->seed;
        if (strcmp(argv[at], "--uniform") == 0) a->uniform = true;
        else if (strcmp(argv[at], "--json") == 0) a->json = true;
        else if (!number || ++at == argc || !read_number(number, argv[at])) return false;
    }
    return a->steps_max > 0;
}

static epi_status run(agent *a) {
    if (strcmp(a->role, "act") == 0) return run_act(a);
    print_start(a);
    const epi_status status = strcmp(a->role, "learn") == 0 ? run_learn(a) : run_train(a);
    if (!status) print_end(a);
    return status;
}

static const char usage_text[] = "usage: cartpole_dqn DIR train [--steps N] [--seed N] [--uniform] [--json]\n"
                                 "       cartpole_dqn DIR learn [OPTION...]\n"
                                 "       cartpole_dqn DIR act NAME [OPTION...]\n";

int main(int argc, char **argv) {
    static agent a = {.directory = "", .role = "", .name = "actor", .steps_max = 100000, .seed = 1};
    char memory[PATH_SIZE];
    if (!read_arguments(&a, argc, argv)) return usage("cartpole_dqn", usage_text, argc, argv);
    if (snprintf(memory, sizeof memory, "%s/memory", a.directory) >= PATH_SIZE) return 2;
    (void)mkdir(a.directory, 0700);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (!read_network(&a)) {
        memcpy(a.known.magic, magic, sizeof magic);
        network_make(&a.known.online, stream(a.seed, 1));
        memcpy(a.known.target, a.known.online.weights, sizeof a.known.target);
    }
    int code = open_agent(&a, memory) ? fail(memory) : run(&a) ? fail(a.role) : 0;
    epi_replay_close(a.replay);
    epi_recorder_close(a.recorder);
    epi_space_close(a.space);
    return epi_memory_close(a.memory) ? fail("closing") : code;
}
