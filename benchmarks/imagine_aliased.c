/* imagine_aliased.c - the part of bench_imagine with places that look alike. The last h observations are compared at
 * joins; plans are carried out without looking, and count in true places.
 *
 * Rooms: the four rooms seen as (x mod 5, y mod 5). An observation cannot name a place here, so the goal is a stored
 * step; one has walked at random before. What h observations can tell at all is printed beside it: how often the best
 * guess at one's room is right, of a listener who knows the walls and the actions too, which the library does not.
 *
 * Fork: where the last steps do tell. Behind one of two signs lies a corridor of 4 steps, seen alike behind both; at
 * its end only one of two ways is open, up behind the one sign and down behind the other, and leads on to the goal. One
 * stands 1 to 4 steps behind a sign.
 */
#include "imagine_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "four_rooms.h"
#include "record.h"

#define PAIRS 40u
#define FORK_TRIES 100u
#define SEEDS 5u
#define CONTEXT_MAX 8u
#define APART 5.0
#define TOLERANCE 0.5
#define RADIUS 0.15
#define ROOM 5.0
#define EXPANSIONS 5000u
#define FORK_EPISODES 300u
#define FORK_STEPS 16u
#define FORK_X 4.0f
#define FORK_NOISE 0.05
#define STEP_COUNT ((size_t)ROOMS_EPISODES * ROOMS_STEPS)

typedef struct world {
    epi_memory *memory;
    epi_space *space;
    float *places; /* STEP_COUNT x 2: where stored steps truly began */
    uint64_t *ids;
} world;

/* As it is seen. */
static void see(float *seen, const float *places, size_t count, bool aliased) {
    for (size_t i = 0; i < 2 * count; i++) seen[i] = aliased ? fmodf(places[i], (float)ROOM) : places[i];
}

static world world_make(uint64_t seed, bool aliased, uint32_t context) {
    char path[4096];
    float places[(ROOMS_STEPS + 1) * 2], seen[(ROOMS_STEPS + 1) * 2], actions[ROOMS_STEPS * 2];
    float rewards[ROOMS_STEPS] = {0};
    bench_random random = bench_random_of(seed, 1);
    world w;
    (void)snprintf(path, sizeof path, "%s/alike-%llu-%d-%u", bench_directory(NULL), (unsigned long long)seed, aliased,
                   context);
    w.memory = bench_record_memory(path);
    w.space = bench_record_space(w.memory, "rooms", 2, EPI_F32, 2);
    w.places = bench_alloc(STEP_COUNT * 2, sizeof *w.places);
    w.ids = bench_alloc(STEP_COUNT, sizeof *w.ids);
    epi_recorder *recorder = bench_recorder(w.space);
    for (size_t at = 0; at < STEP_COUNT; at += ROOMS_STEPS) {
        rooms_walk(places, actions, rooms_random_place(&random), ROOMS_STEPS, &random);
        see(seen, places, ROOMS_STEPS + 1, aliased);
        bench_record(w.ids + at, recorder, seen, 2, epi_column_f32(EPI_ACTION, actions), rewards, NULL, ROOMS_STEPS);
        memcpy(w.places + 2 * at, places, ROOMS_STEPS * 2 * sizeof *places);
    }
    epi_recorder_close(recorder);
    return w;
}

static void world_close(world *w) {
    epi_space_close(w->space);
    bench_check(epi_memory_close(w->memory), "closing");
    free(w->places);
    free(w->ids);
}

/* One task: a walk up to where one stands, and a stored step to be at. */
typedef struct task {
    float walk[CONTEXT_MAX * 2];
    float actions[CONTEXT_MAX * 2];
    size_t goal;
} task;

static rooms_place place_at(const float *places, size_t i) {
    return (rooms_place){{places[2 * i], places[2 * i + 1]}};
}

static task draw_task(const world *w, bench_random *random) {
    task t;
    rooms_place start, goal;
    do {
        rooms_walk(t.walk, t.actions, rooms_random_place(random), CONTEXT_MAX - 1, random);
        t.goal = bench_random_below(random, STEP_COUNT);
        start = place_at(t.walk, CONTEXT_MAX - 1);
        goal = place_at(w->places, t.goal);
    } while (rooms_distance(&start, &goal) < APART);
    return t;
}

static bool solve(const world *w, const task *t, bool aliased, uint32_t context) {
    float seen[CONTEXT_MAX * 2];
    epi_rollouts *plans = NULL;
    epi_situation start = epi_situation_default();
    epi_goal goal = epi_goal_default();
    epi_imagine_options options = epi_imagine_options_default();
    see(seen, t->walk, CONTEXT_MAX, aliased);
    start.observation = epi_tensor_f32(seen + 2 * (CONTEXT_MAX - 1), 2);
    if (context > 1) start.context = epi_tensor_f32(seen + 2 * (CONTEXT_MAX - context), 2 * (context - 1));
    goal.step = w->ids[t->goal];
    goal.tolerance = TOLERANCE;
    options.context = context;
    options.join_radius = RADIUS / (double)ROOMS_STEP;
    options.expansions_max = EXPANSIONS;
    bench_check(epi_imagine(&plans, w->space, &start, &goal, &options), "imagining");
    rooms_place place = place_at(t->walk, CONTEXT_MAX - 1), wanted = place_at(w->places, t->goal);
    const epi_rollout *plan = epi_rollouts_get(plans, 0);
    for (size_t i = 0; plan && i < plan->step_count; i++) rooms_step(&place, epi_rollout_step(plan, i)->action);
    epi_rollouts_free(plans);
    return rooms_distance(&place, &wanted) <= TOLERANCE;
}

/* The chance that the best guess at the room is right, after the last `context` observations and what was done. */
static double best_guess(const task *t, uint32_t context) {
    size_t first = CONTEXT_MAX - context;
    double rooms = 0.0;
    for (int room = 0; room < 4; room++) {
        float seen[2], truly[2];
        bool same = true;
        see(seen, t->walk + 2 * first, 1, true);
        rooms_place place = {{seen[0] + (float)ROOM * (float)(room & 1), seen[1] + (float)ROOM * (float)(room >> 1)}};
        for (size_t i = first + 1; i < CONTEXT_MAX; i++) {
            rooms_step(&place, t->actions + 2 * (i - 1));
            see(seen, place.at, 1, true);
            see(truly, t->walk + 2 * i, 1, true);
            same = same && hypot((double)(seen[0] - truly[0]), (double)(seen[1] - truly[1])) < 1e-3;
        }
        rooms += same;
    }
    return 1.0 / fmax(rooms, 1.0);
}

static void emit(const bench_run *run, const char *world_name, const char *mode, size_t won, double guess, size_t n,
                 size_t seeds) {
    imagine_emit_share(run, "success_pct", won, n, world_name, mode, "full", seeds);
    bench_emit(run, "best_guess_pct", 100.0 * guess / (double)n, "%",
               BENCH_CONFIG({"task", .text = world_name}, {"mode", .text = mode}, {"seeds", .number = (double)seeds}));
}

static void run_rooms(const bench_run *run, bool aliased, uint32_t context) {
    size_t seeds = run->quick ? 1 : SEEDS, pairs = run->quick ? 1 : PAIRS, won = 0;
    double guess = 0.0;
    char mode[32];
    for (uint64_t seed = run->seed; seed < run->seed + seeds; seed++) {
        bench_random random = bench_random_of(seed, 3);
        world w = world_make(seed, aliased, context);
        for (size_t pair = 0; pair < pairs; pair++) {
            task t = draw_task(&w, &random);
            won += solve(&w, &t, aliased, context);
            guess += aliased ? best_guess(&t, context) : 1.0;
            bench_progress("alike rooms, h %u, seed %llu: %zu", context, (unsigned long long)seed, pair + 1);
        }
        world_close(&w);
    }
    (void)snprintf(mode, sizeof mode, aliased ? "h%u" : "not-aliased", context);
    emit(run, "aliased-rooms", mode, won, guess, seeds * pairs, seeds);
}

/* ---- the fork ---------------------------------------------------------------------------------------------------- */

typedef struct fork_place {
    float x, y; /* without noise */
    float sign; /* 1 or -1 */
} fork_place;

static void fork_step(fork_place *at, const float action[2]) {
    if (action[0] > 0.0f && (at->x < FORK_X || at->y != 0.0f)) { /* on, from the sign or a way into the corridor */
        at->x += 1.0f;
        at->y = 0.0f;
    } else if (at->x == FORK_X && at->y == 0.0f && action[1] == at->sign) {
        at->y = at->sign;
    }
}

/* Behind the goal nothing moves. Not aliased, the second corridor is seen elsewhere. */
static void fork_see(float seen[2], const fork_place *at, bool aliased, bench_random *random) {
    seen[0] = at->x + (float)(FORK_NOISE * bench_random_normal(random));
    seen[1] = at->y + (float)(FORK_NOISE * bench_random_normal(random)) + (aliased ? 0.0f : 10.0f * at->sign);
}

static void fork_record(epi_space *space, bool aliased, bench_random *random) {
    static const float moves[3][2] = {{1.0f, 0.0f}, {0.0f, 1.0f}, {0.0f, -1.0f}};
    float seen[(FORK_STEPS + 1) * 2], actions[FORK_STEPS * 2], rewards[FORK_STEPS] = {0};
    epi_recorder *recorder = bench_recorder(space);
    for (size_t episode = 0; episode < FORK_EPISODES; episode++) {
        fork_place at = {0.0f, 0.0f, bench_random_below(random, 2) ? 1.0f : -1.0f};
        at.y = at.sign;
        fork_see(seen, &at, aliased, random);
        for (size_t i = 0; i < FORK_STEPS; i++) {
            uint64_t drawn = bench_random_below(random, 6);
            memcpy(actions + 2 * i, moves[drawn < 4 ? 0 : drawn - 3], sizeof moves[0]);
            fork_step(&at, actions + 2 * i);
            fork_see(seen + 2 * (i + 1), &at, aliased, random);
        }
        bench_record(NULL, recorder, seen, 2, epi_column_f32(EPI_ACTION, actions), rewards, NULL, FORK_STEPS);
    }
    epi_recorder_close(recorder);
}

/* From `steps` behind a sign to the end; true: it was reached. */
static bool fork_solve(epi_space *space, bool aliased, uint32_t context, size_t steps, bench_random *random) {
    const float on[2] = {1.0f, 0.0f};
    float seen[CONTEXT_MAX * 2], end[2] = {FORK_X + 1.0f, 0.0f};
    fork_place at = {0.0f, 0.0f, bench_random_below(random, 2) ? 1.0f : -1.0f};
    epi_rollouts *plans = NULL;
    epi_situation start = epi_situation_default();
    epi_goal goal = epi_goal_default();
    epi_imagine_options options = epi_imagine_options_default();
    at.y = at.sign;
    fork_see(seen, &at, aliased, random);
    for (size_t i = 1; i <= steps; i++) {
        fork_step(&at, on);
        fork_see(seen + 2 * i, &at, aliased, random);
    }
    size_t before = steps < context - 1 ? steps : context - 1;
    start.observation = epi_tensor_f32(seen + 2 * steps, 2);
    if (before > 0) start.context = epi_tensor_f32(seen + 2 * (steps - before), 2 * before);
    if (!aliased) end[1] += 10.0f * at.sign;
    goal.observation = epi_tensor_f32(end, 2);
    goal.tolerance = TOLERANCE;
    options.context = context;
    options.join_radius = 0.5;
    options.seed = bench_random_next(random);
    bench_check(epi_imagine(&plans, space, &start, &goal, &options), "imagining");
    const epi_rollout *plan = epi_rollouts_get(plans, 0);
    for (size_t i = 0; plan && i < plan->step_count; i++) fork_step(&at, epi_rollout_step(plan, i)->action);
    epi_rollouts_free(plans);
    return at.x > FORK_X;
}

static void run_fork(const bench_run *run, bool aliased, uint32_t context) {
    size_t seeds = run->quick ? 1 : SEEDS, tries = run->quick ? 10 : FORK_TRIES, won = 0;
    double guess = 0.0;
    char path[4096], mode[32];
    for (uint64_t seed = run->seed; seed < run->seed + seeds; seed++) {
        bench_random random = bench_random_of(seed, 4);
        (void)snprintf(path, sizeof path, "%s/fork-%llu-%d-%u", bench_directory(NULL), (unsigned long long)seed,
                       aliased, context);
        epi_memory *memory = bench_record_memory(path);
        epi_space *space = bench_record_space(memory, "fork", 2, EPI_F32, 2);
        fork_record(space, aliased, &random);
        for (size_t i = 0; i < tries; i++) {
            size_t steps = 1 + i % 4;
            won += fork_solve(space, aliased, context, steps, &random);
            guess += !aliased || context > steps ? 1.0 : 0.5;
        }
        epi_space_close(space);
        bench_check(epi_memory_close(memory), "closing");
    }
    (void)snprintf(mode, sizeof mode, aliased ? "h%u" : "not-aliased", context);
    emit(run, "aliased-fork", mode, won, guess, seeds * tries, seeds);
}

void imagine_aliased_run(const bench_run *run) {
    run_fork(run, false, 1);
    for (uint32_t context = 1; context <= CONTEXT_MAX; context++) run_fork(run, true, context);
    run_rooms(run, false, 1);
    for (uint32_t context = 1; context <= CONTEXT_MAX; context++) run_rooms(run, true, context);
}
