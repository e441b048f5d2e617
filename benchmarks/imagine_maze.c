/* imagine_maze.c - the parts of bench_imagine in point mazes: reaching far goals by stitching short episodes, and how
 * fast that is.
 */
#include "imagine_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "point_maze.h"
#include "record.h"

#define EPISODES 5000u
#define TASK_EPISODES 50u
#define SEEDS 3u
#define AIM 0.7 /* the goal that is planned to: well within what counts as success */

typedef struct world {
    point_maze maze;
    epi_memory *memory;
    epi_space *space;
    float *places; /* count x 2: where each stored step began */
    uint64_t *ids;
    size_t count;
} world;

static world world_make(const char *name, uint64_t seed, size_t episodes, const char *place) {
    char path[4096];
    float observations[(MAZE_EPISODE_STEPS + 1) * 2], actions[MAZE_EPISODE_STEPS * 2];
    float rewards[MAZE_EPISODE_STEPS] = {0};
    bench_random random = bench_random_of(seed, 10);
    world w = {.maze = point_maze_make(name)};
    (void)snprintf(path, sizeof path, "%s/%s-%s", bench_directory(NULL), name, place);
    w.memory = bench_record_memory(path);
    w.space = bench_record_space(w.memory, name, 2, EPI_F32, 2);
    epi_recorder *recorder = bench_recorder(w.space);
    w.places = bench_alloc(episodes * MAZE_EPISODE_STEPS * 2, sizeof *w.places);
    w.ids = bench_alloc(episodes * MAZE_EPISODE_STEPS, sizeof *w.ids);
    for (size_t i = 0; i < episodes; i++) {
        point_maze_episode(&w.maze, observations, actions, &random);
        bench_record(w.ids + w.count, recorder, observations, 2, epi_column_f32(EPI_ACTION, actions), rewards, NULL,
                     MAZE_EPISODE_STEPS);
        memcpy(w.places + 2 * w.count, observations, MAZE_EPISODE_STEPS * 2 * sizeof *observations);
        w.count += MAZE_EPISODE_STEPS;
        if (i % 100 == 0) bench_progress("%s, seed %llu: episode %zu", name, (unsigned long long)seed, i);
    }
    epi_recorder_close(recorder);
    return w;
}

static void world_close(world *w) {
    epi_space_close(w->space);
    bench_check(epi_memory_close(w->memory), "closing");
    point_maze_free(&w->maze);
    free(w->places);
    free(w->ids);
}

static uint64_t nearest_step(const world *w, const float at[2]) {
    size_t best = 0;
    float best2 = INFINITY;
    for (size_t i = 0; i < w->count; i++) {
        const float x = w->places[2 * i] - at[0], y = w->places[2 * i + 1] - at[1], apart2 = x * x + y * y;
        if (apart2 < best2) best = i, best2 = apart2;
    }
    return w->ids[best];
}

static bool reached(const float *place, const float *goal) {
    return hypot((double)place[0] - (double)goal[0], (double)place[1] - (double)goal[1]) <= MAZE_SUCCESS;
}

static epi_goal goal_of(const float *place) {
    epi_goal goal = epi_goal_default();
    goal.observation = epi_tensor_f32(place, 2);
    goal.tolerance = AIM;
    return goal;
}

/* Planning again whenever the world disagrees. */
static bool try_plan(const world *w, const float start[2], const float goal[2], double *plan_s) {
    epi_planner *planner = NULL;
    epi_goal wanted = goal_of(goal);
    epi_tensor action;
    float place[2] = {start[0], start[1]};
    bench_check(epi_imagine_reset(w->space), "forgetting reports");
    bench_check(epi_planner_open(&planner, w->space, &wanted, NULL), "opening a planner");
    bool there = reached(place, goal);
    for (size_t i = 0; !there && i < MAZE_STEPS_MAX; i++) {
        epi_status status = epi_planner_next(&action, planner, place);
        if (status == EPI_ENOTFOUND) break;
        bench_check(status, "planning");
        point_maze_step(&w->maze, place, action.data);
        bench_check(epi_planner_observe(planner, place, 0.0, false), "observing");
        there = reached(place, goal);
    }
    *plan_s += epi_planner_stats_read(planner).seconds;
    epi_planner_close(planner);
    return there;
}

/* Carries a plan out without looking. */
static bool carry_out(const world *w, const epi_rollout *plan, const float start[2], const float goal[2]) {
    float place[2] = {start[0], start[1]};
    bool there = reached(place, goal);
    for (size_t i = 0; plan && !there && i < plan->step_count; i++) {
        point_maze_step(&w->maze, place, epi_rollout_step(plan, i)->action);
        there = reached(place, goal);
    }
    return there;
}

/* The plan of the nearest stored step, as if one stood there; or of a single episode (joins_max 1: its entry). */
static bool try_once(const world *w, const float start[2], const float goal[2], bool nearest) {
    epi_rollouts *plans = NULL;
    epi_goal wanted = goal_of(goal);
    epi_situation situation = epi_situation_default();
    epi_imagine_options options = epi_imagine_options_default();
    bench_check(epi_imagine_reset(w->space), "forgetting reports");
    if (nearest) {
        situation.step = nearest_step(w, start);
    } else {
        situation.observation = epi_tensor_f32(start, 2);
        options.joins_max = 1;
        options.expansions_max = 2000;
    }
    bench_check(epi_imagine(&plans, w->space, &situation, &wanted, &options), "imagining");
    bool there = carry_out(w, epi_rollouts_get(plans, 0), start, goal);
    epi_rollouts_free(plans);
    return there;
}

typedef struct tally {
    size_t n, plan, nearest, one_episode;
    double plan_s;
} tally;

static void run_tasks(tally *sum, const world *w, uint64_t seed, size_t episodes) {
    bench_random random = bench_random_of(seed, 11);
    for (size_t task = 0; task < MAZE_TASKS; task++) {
        for (size_t i = 0; i < episodes; i++) {
            float start[2], goal[2];
            point_maze_place(&w->maze, start, w->maze.tasks[task][0], &random);
            point_maze_place(&w->maze, goal, w->maze.tasks[task][1], &random);
            sum->n++;
            sum->plan += try_plan(w, start, goal, &sum->plan_s);
            sum->nearest += try_once(w, start, goal, true);
            sum->one_episode += try_once(w, start, goal, false);
        }
        bench_progress("%s, seed %llu: task %zu", w->maze.name, (unsigned long long)seed, task + 1);
    }
}

static void run_maze(const bench_run *run, const char *name, bool tenth) {
    tally sum = {0};
    size_t seeds = run->quick ? 1 : SEEDS, episodes = tenth ? EPISODES / 10 : EPISODES;
    const char *data = tenth ? "tenth" : "full";
    for (uint64_t seed = run->seed; seed < run->seed + seeds; seed++) {
        char place[64];
        (void)snprintf(place, sizeof place, "%s-%llu", data, (unsigned long long)seed);
        world w = world_make(name, seed, run->quick ? EPISODES / 20 : episodes, place);
        run_tasks(&sum, &w, seed, run->quick ? 2 : TASK_EPISODES);
        world_close(&w);
    }
    imagine_emit_share(run, "success_pct", sum.plan, sum.n, name, "plan", data, seeds);
    imagine_emit_share(run, "success_pct", sum.nearest, sum.n, name, "1nn-entry", data, seeds);
    imagine_emit_share(run, "success_pct", sum.one_episode, sum.n, name, "one-episode", data, seeds);
    bench_emit(run, "planning_ms", sum.n ? 1e3 * sum.plan_s / (double)sum.n : 0.0, "ms",
               BENCH_CONFIG({"task", .text = name}, {"data", .text = data}));
}

static void run_both(const bench_run *run, const char *name) {
    run_maze(run, name, true);
    if (!run->quick) run_maze(run, name, false);
}

void imagine_maze_medium_run(const bench_run *run) {
    run_both(run, "medium");
}
void imagine_maze_large_run(const bench_run *run) {
    run_both(run, "large");
}
void imagine_maze_giant_run(const bench_run *run) {
    run_both(run, "giant");
}

/* ---- speed ------------------------------------------------------------------------------------------------------- */

static void emit_plans(const bench_run *run, const world *w, size_t steps, size_t tries) {
    double *ms = bench_alloc(MAZE_TASKS * tries, sizeof *ms), *cpu_ms = bench_alloc(MAZE_TASKS * tries, sizeof *cpu_ms);
    size_t count = 0, found = 0;
    uint64_t expansions = 0;
    double seconds = 0.0;
    bench_random random = bench_random_of(run->seed, 12);
    for (size_t i = 0; i < MAZE_TASKS * tries; i++) {
        float start[2], goal[2];
        point_maze_place(&w->maze, start, w->maze.tasks[i % MAZE_TASKS][0], &random);
        point_maze_place(&w->maze, goal, w->maze.tasks[i % MAZE_TASKS][1], &random);
        epi_rollouts *plans = NULL;
        epi_goal wanted = goal_of(goal);
        epi_situation situation = epi_situation_default();
        situation.observation = epi_tensor_f32(start, 2);
        double cpu = bench_thread_cpu_s();
        bench_check(epi_imagine(&plans, w->space, &situation, &wanted, NULL), "imagining");
        cpu_ms[count] = 1e3 * (bench_thread_cpu_s() - cpu);
        if (i > 0) ms[count++] = 1e3 * epi_rollouts_seconds(plans); /* the first one builds the tree */
        seconds += i > 0 ? epi_rollouts_seconds(plans) : 0.0;
        expansions += i > 0 ? epi_rollouts_expansions(plans) : 0;
        found += epi_rollouts_count(plans);
        epi_rollouts_free(plans);
    }
    bench_emit(run, "plan_ms_p50", bench_percentile(ms, count, 0.5), "ms",
               BENCH_CONFIG({"steps", .number = (double)steps}, {"n", .number = (double)count},
                            {"found", .number = (double)found}));
    bench_emit(run, "plan_cpu_ms_p50", bench_percentile(cpu_ms, count, 0.5), "ms",
               BENCH_CONFIG({"steps", .number = (double)steps}));
    bench_emit(run, "expansions_per_s", (double)expansions / seconds, "1/s",
               BENCH_CONFIG({"steps", .number = (double)steps}));
    free(ms);
    free(cpu_ms);
}

/* Rollouts from random places without a goal: the steps that are handed out, whatever the search looked at. */
static void emit_steps(const bench_run *run, const world *w, size_t steps, size_t tries) {
    size_t imagined = 0;
    bench_random random = bench_random_of(run->seed, 13);
    epi_imagine_options options = epi_imagine_options_default();
    options.k = options.beam = 64;
    options.steps_max = 50;
    options.neighbours = 4;
    double cpu = bench_thread_cpu_s();
    for (size_t i = 0; i < tries; i++) {
        float start[2];
        epi_rollouts *rollouts = NULL;
        epi_situation situation = epi_situation_default();
        point_maze_place(&w->maze, start, w->maze.tasks[i % MAZE_TASKS][0], &random);
        situation.observation = epi_tensor_f32(start, 2);
        bench_check(epi_imagine(&rollouts, w->space, &situation, NULL, &options), "imagining");
        for (size_t r = 0; r < epi_rollouts_count(rollouts); r++) imagined += epi_rollouts_get(rollouts, r)->step_count;
        epi_rollouts_free(rollouts);
    }
    bench_emit(run, "imagined_steps_per_s", (double)imagined / (bench_thread_cpu_s() - cpu), "1/s",
               BENCH_CONFIG({"steps", .number = (double)steps}));
}

void imagine_speed_run(const bench_run *run) {
    for (size_t steps = 10000; steps <= (run->quick ? 10000u : 1000000u); steps *= 10) {
        char place[64];
        (void)snprintf(place, sizeof place, "speed-%zu", steps);
        world w = world_make("giant", run->seed, steps / MAZE_EPISODE_STEPS, place);
        emit_plans(run, &w, steps, run->quick ? 1 : 8);
        emit_steps(run, &w, steps, run->quick ? 2 : 10);
        world_close(&w);
    }
}
