/* maze_walker.c - someone in a maze who remembers every step, learns from steps that are only imagined, and finds a way
 * that was never walked as a whole.
 *
 *   maze_walker DIR wander EPISODES           walks of 12 steps at random, each begun at a random place
 *   maze_walker DIR learn EPISODES [IMAGINED] from S to G, learning; IMAGINED steps after each real one, 50 by default
 *   maze_walker DIR plan                      from S to G by pieces of what was stored, then walked in the true maze
 *
 * Learning is tabular Dyna-Q (Sutton and Barto, Reinforcement Learning, 2nd edition, section 8.2; their maze of example
 * 8.1): the memory is the model, so whoever comes back later dreams first, and knows the way. The walker is told only
 * where it stands and whether it was rewarded; it has no map of the walls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>

#include "usage.h"

enum { ROWS = 6, COLUMNS = 9, CELLS = ROWS * COLUMNS, START = 18, GOAL = 8, MOVES = 4 };
enum { WALK_STEPS = 12, EPISODE_STEPS_MAX = 5000, DREAMS = 5000 };

static const char maze[] = ".......#G"
                           "..#....#."
                           "S.#....#."
                           "..#......"
                           ".....#..."
                           ".........";
static const double step_size = 0.1, discount = 0.95, curiosity = 0.1;

typedef struct walker {
    epi_memory *memory;
    epi_space *space;
    epi_recorder *recorder;
    uint64_t random;
    double values[CELLS][MOVES];
} walker;

static int fail(const char *what) {
    fprintf(stderr, "maze_walker: %s: %s\n", what, epi_error_last()->message);
    return 1;
}

/* xorshift64*: Vigna 2016. */
static int draw(walker *w, int below) {
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (int)((w->random * 0x2545f4914f6cdd1dULL >> 33) % (unsigned long long)below);
}

/* ---- the true maze ---------------------------------------------------------------------------------------------- */

static int move(int cell, int action) {
    static const int down[MOVES] = {-1, 1, 0, 0}, right[MOVES] = {0, 0, -1, 1};
    int row = cell / COLUMNS + down[action], column = cell % COLUMNS + right[action];
    if (row < 0 || row >= ROWS || column < 0 || column >= COLUMNS) return cell;
    return maze[row * COLUMNS + column] == '#' ? cell : row * COLUMNS + column;
}

static void look(float seen[2], int cell) {
    seen[0] = (float)(cell / COLUMNS);
    seen[1] = (float)(cell % COLUMNS);
}

static int cell_of(const float seen[2]) {
    return (int)seen[0] * COLUMNS + (int)seen[1];
}

static void print_map(const char *marks) {
    for (int row = 0; row < ROWS; row++) printf("  %.*s\n", COLUMNS, marks + row * COLUMNS);
}

/* ---- remembering ------------------------------------------------------------------------------------------------ */

static epi_status remember(walker *w, int from, int action, int to, bool last) {
    float seen[2], next[2], reward = to == GOAL ? 1.0f : 0.0f;
    uint8_t taken = (uint8_t)action;
    bool terminated = to == GOAL, truncated = last && !terminated;
    look(seen, from);
    look(next, to);
    epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, seen),       epi_column_f32(EPI_NEXT_OBSERVATION, next),
                            epi_column_u8(EPI_ACTION, &taken),           epi_column_f32(EPI_REWARD, &reward),
                            epi_column_bool(EPI_TERMINATED, &terminated), epi_column_bool(EPI_TRUNCATED, &truncated)};
    return epi_transitions_append(NULL, w->recorder, NULL, columns, sizeof columns / sizeof *columns, 1);
}

static int wander(walker *w, int episodes) {
    epi_status status = EPI_OK;
    for (int episode = 0; !status && episode < episodes; episode++) {
        int cell;
        do cell = draw(w, CELLS);
        while (maze[cell] == '#' || cell == GOAL);
        for (int i = 0; !status && i < WALK_STEPS && cell != GOAL; i++) {
            int action = draw(w, MOVES), to = move(cell, action);
            status = remember(w, cell, action, to, i + 1 == WALK_STEPS);
            cell = to;
        }
    }
    return status ? fail("remembering") : 0;
}

/* ---- learning --------------------------------------------------------------------------------------------------- */

static int best_move(walker *w, int cell) {
    int best = 0, ties = 1;
    for (int action = 1; action < MOVES; action++) {
        double more = w->values[cell][action] - w->values[cell][best];
        if (more > 0.0) best = action, ties = 1;
        else if (more >= 0.0 && draw(w, ++ties) == 0) best = action;
    }
    return best;
}

static void learn_from(walker *w, int cell, int action, double reward, int next, bool terminated) {
    double future = terminated ? 0.0 : w->values[next][best_move(w, next)];
    w->values[cell][action] += step_size * (reward + discount * future - w->values[cell][action]);
}

/* Steps drawn from memory, as if they happened again in another order. */
static epi_status dream(walker *w, epi_graph *graph, int count) {
    epi_graph_step step;
    epi_status status = epi_graph_refresh(NULL, graph);
    for (int i = 0; !status && i < count; i++) {
        status = epi_graph_sample(&step, graph, 1);
        if (status) break;
        int next = step.next == EPI_NO_STATE ? 0 : cell_of(epi_graph_observation(graph, step.next));
        learn_from(w, cell_of(epi_graph_observation(graph, step.state)),
                   *(const uint8_t *)epi_graph_action(graph, step.action), step.reward, next, step.terminated);
    }
    return status == EPI_ENOTFOUND ? EPI_OK : status; /* nothing to dream of yet */
}

static epi_status live(walker *w, epi_graph *graph, int *steps, int imagined) {
    epi_status status = EPI_OK;
    int cell = START;
    for (*steps = 0; !status && cell != GOAL && *steps < EPISODE_STEPS_MAX; ++*steps) {
        int action = draw(w, 1000) < 1000 * curiosity ? draw(w, MOVES) : best_move(w, cell), to = move(cell, action);
        status = remember(w, cell, action, to, *steps + 1 == EPISODE_STEPS_MAX);
        learn_from(w, cell, action, to == GOAL ? 1.0 : 0.0, to, to == GOAL);
        if (!status && imagined > 0) status = dream(w, graph, imagined);
        cell = to;
    }
    return status;
}

/* The map as it was learned: where each move would lead. */
static void print_learned(walker *w) {
    char marks[CELLS + 1];
    memcpy(marks, maze, sizeof marks);
    for (int cell = 0; cell < CELLS; cell++) {
        int action = best_move(w, cell);
        if (maze[cell] != '#' && cell != GOAL) marks[cell] = w->values[cell][action] > 0.0 ? "^v<>"[action] : '?';
    }
    print_map(marks);
}

static int learn(walker *w, int episodes, int imagined) {
    epi_graph *graph = NULL;
    epi_graph_stats stats = {0};
    epi_status status = epi_graph_open(&graph, w->space, NULL);
    if (!status) status = epi_graph_stats_read(&stats, graph);
    if (!status) status = dream(w, graph, DREAMS);
    printf("remembered | %llu steps\n", (unsigned long long)stats.steps);
    for (int episode = 1, steps = 0; !status && episode <= episodes; episode++) {
        status = live(w, graph, &steps, imagined);
        printf("episode %d | %d steps\n", episode, steps);
    }
    epi_graph_close(graph);
    if (status) return fail("learning");
    print_learned(w);
    return 0;
}

/* ---- planning --------------------------------------------------------------------------------------------------- */

/* Walks on while there is a plan, and lets the planner see what came of each step. */
static epi_status walk(epi_planner *planner, char *marks, int *cell, int *steps) {
    epi_tensor action;
    float seen[2];
    epi_status status;
    for (look(seen, *cell); (status = epi_planner_next(&action, planner, seen)) == EPI_OK; ++*steps) {
        if (*cell != START) marks[*cell] = '*';
        *cell = move(*cell, *(const uint8_t *)action.data);
        look(seen, *cell);
        status = epi_planner_observe(planner, seen, *cell == GOAL ? 1.0 : 0.0, *cell == GOAL);
        if (status || *steps >= EPISODE_STEPS_MAX) break;
    }
    return status;
}

static void print_pieces(const epi_rollout *plan) {
    for (size_t i = 0; plan && i < plan->piece_count; i++) {
        const epi_piece *piece = epi_rollout_piece(plan, i);
        printf("imagined | %zu steps as in episode %llu, from step %llu on\n", piece->count,
               (unsigned long long)piece->episode, (unsigned long long)piece->first_step);
    }
}

static int plan(walker *w) {
    char marks[CELLS + 1];
    float seen[2], goal_seen[2];
    epi_planner *planner = NULL;
    epi_rollouts *rollouts = NULL;
    epi_goal goal = epi_goal_default();
    epi_situation start = epi_situation_default();
    epi_planner_options options = epi_planner_options_default();
    int cell = START, steps = 0;
    memcpy(marks, maze, sizeof marks);
    look(seen, START);
    look(goal_seen, GOAL);
    start.observation = epi_tensor_f32(seen, 2);
    goal.observation = epi_tensor_f32(goal_seen, 2);
    options.imagine.join_radius = 0.5; /* pieces meet in the same cell */
    epi_status status = epi_imagine(&rollouts, w->space, &start, &goal, &options.imagine);
    if (!status) print_pieces(epi_rollouts_get(rollouts, 0));
    if (!status) status = epi_planner_open(&planner, w->space, &goal, &options);
    if (!status) status = walk(planner, marks, &cell, &steps);
    epi_planner_close(planner);
    epi_rollouts_free(rollouts);
    if (status && status != EPI_EDONE && status != EPI_ENOTFOUND) return fail("planning");
    printf("%s %d steps\n", cell == GOAL ? "walked | from S to G in" : "no way | after", steps);
    print_map(marks);
    return 0;
}

/* ---- the program ------------------------------------------------------------------------------------------------ */

static epi_status open_walker(walker *w, const char *directory) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_memory_options options = epi_memory_options_default();
    epi_transition_stats stats = {0};
    options.sync = EPI_SYNC_GROUPED;
    epi_status status = epi_memory_open(&w->memory, directory, &options);
    if (!status) status = epi_schema_transitions(&schema, roles, 2, EPI_U8, 0);
    if (!status) status = epi_space_open(&w->space, w->memory, "maze", &schema);
    if (!status) status = epi_recorder_open(&w->recorder, w->space, "walker", 1);
    if (!status) status = epi_recorder_cut(w->recorder, 0); /* whoever was here before may have been interrupted */
    if (!status) status = epi_transitions_stats_read(&stats, w->space);
    w->random = (stats.steps + 1) * 0x9e3779b97f4a7c15ULL; /* the same memory, the same walk */
    return status;
}

static const char usage_text[] = "usage: maze_walker DIR wander EPISODES\n"
                                 "       maze_walker DIR learn EPISODES [IMAGINED]\n"
                                 "       maze_walker DIR plan\n";

int main(int argc, char **argv) {
    walker w = {0};
    const char *what = argc >= 3 ? argv[2] : "";
    int episodes = argc >= 4 ? atoi(argv[3]) : 0, imagined = argc >= 5 ? atoi(argv[4]) : 50;
    bool planning = argc == 3 && strcmp(what, "plan") == 0, wandering = argc == 4 && strcmp(what, "wander") == 0;
    bool learning = (argc == 4 || argc == 5) && strcmp(what, "learn") == 0;
    if (!planning && (!(wandering || learning) || episodes < 1 || imagined < 0))
        return usage("maze_walker", usage_text, argc, argv);
    int code = open_walker(&w, argv[1]) ? fail(argv[1])
               : planning               ? plan(&w)
               : wandering              ? wander(&w, episodes)
                                        : learn(&w, episodes, imagined);
    epi_recorder_close(w.recorder);
    epi_space_close(w.space);
    return epi_memory_close(w.memory) ? fail("closing") : code;
}
