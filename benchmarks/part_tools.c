/* part_tools.c - choosing a tool by what is imagined, in the hidden world of world_tools.h.
 *
 * For each of five seeds and each size: episodes are recorded, then fresh situations are asked for all 24 actions. The
 * action with the greatest lower bound is taken, beside three others: the action of the nearest recorded success (by
 * equal attributes, the newest of equals), the action that succeeded most often overall, and the truly best. Regret is
 * how much less likely success is than with the best. Rates are compared with outcomes drawn anew, over all actions and
 * over the chosen ones. Tools that do not exist are asked for too.
 *
 * Jobs: one half of the episodes shows the first stage alone, the other the second; solved is a raw item that the first
 * course brings to its end.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>

#include "parts.h"
#include "world_tools.h"

enum { SEEDS = 5, ACTIONS = TOOL_COUNT * TOOL_MODES, BINS = 10, STRANGERS = 20 };

static const char *const TASK = "get the service healthy again";

typedef struct tried {
    tool_situation situation;
    tool_action action;
    bool worked;
} tried;

typedef struct calibration {
    double predicted[BINS], came[BINS], count[BINS];
    double brier;
} calibration;

/* ---- recording --------------------------------------------------------------------------------------------------- */

static void append_try(epi_episode *episode, const char *task, const char *situation, const char *tool,
                       const char *arguments, const char *result, const char *error, const double *cost) {
    epi_part parts[7];
    epi_step step = epi_step_default();
    parts[step.part_count++] = epi_part_text("task", task);
    parts[step.part_count++] = epi_part_text("situation", situation);
    if (tool) parts[step.part_count++] = epi_part_text("tool", tool);
    if (arguments) parts[step.part_count++] = epi_part_text("arguments", arguments);
    if (result) parts[step.part_count++] = epi_part_text("result", result);
    if (error) parts[step.part_count++] = epi_part_text("error", error);
    if (cost) parts[step.part_count++] = epi_part_bytes("cost", cost, sizeof *cost);
    step.parts = parts;
    bench_check(epi_episode_append(NULL, episode, &step), "a try");
}

static void end_episode(epi_episode *episode, double reward) {
    epi_outcome outcome = epi_outcome_default();
    outcome.reward = reward;
    outcome.has_reward = true;
    bench_check(epi_episode_end(episode, &outcome), "the end of an episode");
    epi_episode_close(episode);
}

static tried try_once(epi_episode *episode, const tool_world *world, const tool_situation *situation,
                      bench_random *random) {
    char texts[3][TOOL_TEXT_SIZE];
    tried one = {*situation, tool_world_action(random), false};
    double cost = tool_world_cost(world, one.action) * (0.5 + bench_random_unit(random));
    one.worked = bench_random_unit(random) < tool_world_chance(world, situation, one.action);
    append_try(episode, TASK, tool_situation_text(texts[0], situation), tool_name(texts[1], one.action.tool),
               tool_arguments_text(texts[2], one.action), one.worked ? "healthy" : NULL,
               one.worked ? NULL : "still failing", &cost);
    return one;
}

/* Records so many episodes; returns the tries in *tries. */
static size_t record(tried *tries, epi_space *space, const tool_world *world, size_t episodes, bench_random *random) {
    size_t count = 0;
    for (size_t i = 0; i < episodes; i++) {
        epi_episode *episode = NULL;
        tool_situation situation = tool_world_situation(random);
        bench_check(epi_episode_begin(&episode, space, NULL), "an episode");
        tries[count] = try_once(episode, world, &situation, random);
        if (!tries[count++].worked && bench_random_unit(random) < 0.5)
            tries[count++] = try_once(episode, world, &situation, random);
        end_episode(episode, tries[count - 1].worked ? 1.0 : 0.0);
    }
    return count;
}

/* ---- choosing ---------------------------------------------------------------------------------------------------- */

static tool_action action_of(size_t index) {
    return (tool_action){(uint8_t)(index / TOOL_MODES), (uint8_t)(index % TOOL_MODES)};
}

static tool_action nearest_success(const tried *tries, size_t count, const tool_situation *situation) {
    tool_action best = {0, 0};
    int best_equal = -1;
    for (size_t i = 0; i < count; i++) {
        int equal = 0;
        for (size_t a = 0; a < TOOL_ATTRIBUTES; a++) equal += tries[i].situation.value[a] == situation->value[a];
        if (!tries[i].worked || equal < best_equal) continue;
        best_equal = equal;
        best = tries[i].action;
    }
    return best;
}

static tool_action best_overall(const tried *tries, size_t count) {
    double worked[ACTIONS] = {0}, all[ACTIONS] = {0};
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)tries[i].action.tool * TOOL_MODES + tries[i].action.mode;
        all[at] += 1.0;
        worked[at] += tries[i].worked ? 1.0 : 0.0;
    }
    for (size_t i = 0; i < ACTIONS; i++)
        if ((worked[i] + 1.0) * (all[best] + 2.0) > (worked[best] + 1.0) * (all[i] + 2.0)) best = i;
    return action_of(best);
}

static void calibrate(calibration *c, double rate, double chance, bench_random *random) {
    double came = bench_random_unit(random) < chance ? 1.0 : 0.0;
    size_t bin = rate >= 1.0 ? BINS - 1 : (size_t)(rate * BINS);
    c->predicted[bin] += rate;
    c->came[bin] += came;
    c->count[bin] += 1.0;
    c->brier += (rate - came) * (rate - came);
}

/* Expected calibration error (Naeini, Cooper and Hauskrecht 2015). */
static double calibration_error(const calibration *c, double *count) {
    double error = 0.0;
    *count = 0.0;
    for (size_t i = 0; i < BINS; i++) {
        error += fabs(c->predicted[i] - c->came[i]);
        *count += c->count[i];
    }
    return *count > 0.0 ? error / *count : (double)NAN;
}

enum { BY_IMAGINE, BY_NEAREST, BY_GLOBAL, BY_WAYS };
static const char *const ways[] = {"imagine", "nearest", "global"};

typedef struct measured {
    double regret[SEEDS][BY_WAYS];
    calibration all, chosen;
    double abstained, strangers, abstained_known, known;
    double ask_s, asked;
} measured;

/* What is imagined of all actions; returns the one with the greatest lower bound. */
static tool_action imagine_best(measured *m, epi_space *space, const tool_world *world, const tool_situation *situation,
                                bench_random *random) {
    char text[TOOL_TEXT_SIZE], names[ACTIONS][TOOL_TEXT_SIZE], arguments[ACTIONS][TOOL_TEXT_SIZE];
    epi_candidate candidates[ACTIONS];
    epi_prospects *prospects = NULL;
    size_t best = 0;
    for (size_t i = 0; i < ACTIONS; i++)
        candidates[i] = epi_candidate_tool(tool_name(names[i], i / TOOL_MODES),
                                           tool_arguments_text(arguments[i], action_of(i)));
    double begin = bench_now_s();
    bench_check(
        epi_imagine_actions(&prospects, space, TASK, tool_situation_text(text, situation), candidates, ACTIONS, NULL),
        "imagining actions");
    m->ask_s += bench_now_s() - begin;
    m->asked += 1.0;
    for (size_t i = 0; i < ACTIONS; i++) {
        const epi_prospect *one = epi_prospects_get(prospects, i);
        if (one->success_low > epi_prospects_get(prospects, best)->success_low) best = i;
        calibrate(&m->all, one->success_rate, tool_world_chance(world, situation, action_of(i)), random);
        m->known += 1.0;
        m->abstained_known += one->no_precedent ? 1.0 : 0.0;
    }
    calibrate(&m->chosen, epi_prospects_get(prospects, best)->success_rate,
              tool_world_chance(world, situation, action_of(best)), random);
    epi_prospects_free(prospects);
    return action_of(best);
}

static void ask_strangers(measured *m, epi_space *space) {
    for (size_t i = 0; i < STRANGERS; i++) {
        char name[TOOL_TEXT_SIZE], known[TOOL_TEXT_SIZE];
        epi_prospects *prospects = NULL;
        snprintf(name, sizeof name, "%.64s_%zu", tool_name(known, i % TOOL_COUNT), i);
        epi_candidate candidate = epi_candidate_tool(name, "{\"mode\":\"fast\"}");
        bench_check(epi_imagine_actions(&prospects, space, TASK, NULL, &candidate, 1, NULL), "a stranger");
        m->abstained += epi_prospects_get(prospects, 0)->no_precedent ? 1.0 : 0.0;
        m->strangers += 1.0;
        epi_prospects_free(prospects);
    }
}

static epi_space *open_space(epi_memory *memory, const char *kind, uint64_t seed, size_t size) {
    char name[64];
    epi_space *space = NULL;
    snprintf(name, sizeof name, "%s-%llu-%zu", kind, (unsigned long long)seed, size);
    bench_check(epi_space_open(&space, memory, name, epi_schema_trajectory()), "a space");
    return space;
}

static void measure_seed(measured *m, size_t seed_index, uint64_t seed, epi_memory *memory, size_t episodes,
                         size_t questions) {
    tool_world *world = tool_world_new(seed);
    bench_random random = bench_random_of(seed, 1), fresh = bench_random_of(seed, 2);
    tried *tries = bench_alloc(2 * episodes, sizeof *tries);
    epi_space *space = open_space(memory, "tools", seed, episodes);
    size_t count = record(tries, space, world, episodes, &random);
    tool_action global = best_overall(tries, count);
    for (size_t i = 0; i < questions; i++) {
        tool_situation situation = tool_world_situation(&fresh);
        tool_action taken[BY_WAYS];
        double best = 0.0;
        taken[BY_IMAGINE] = imagine_best(m, space, world, &situation, &fresh);
        taken[BY_NEAREST] = nearest_success(tries, count, &situation);
        taken[BY_GLOBAL] = global;
        for (size_t a = 0; a < ACTIONS; a++) best = fmax(best, tool_world_chance(world, &situation, action_of(a)));
        for (size_t way = 0; way < BY_WAYS; way++)
            m->regret[seed_index][way] += (best - tool_world_chance(world, &situation, taken[way])) / (double)questions;
    }
    ask_strangers(m, space);
    epi_space_close(space);
    free(tries);
    tool_world_free(world);
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

/* One stage of a job, and what it led to. */
static void record_stage(epi_space *space, const tool_world *world, uint8_t stage, bench_random *random) {
    char before[TOOL_TEXT_SIZE], after[TOOL_TEXT_SIZE], name[TOOL_TEXT_SIZE];
    epi_episode *episode = NULL;
    size_t tool = bench_random_below(random, TOOL_COUNT);
    job_state state = job_draw(stage, random), next = job_next(world, &state, tool);
    bench_check(epi_episode_begin(&episode, space, NULL), "an episode");
    append_try(episode, "finish the item", job_text(before, &state), tool_name(name, tool), NULL,
               next.stage != stage ? "it took" : "nothing happened", NULL, NULL);
    append_try(episode, "finish the item", job_text(after, &next), NULL, NULL, NULL, NULL, NULL);
    end_episode(episode, next.stage == JOB_DONE ? 1.0 : 0.0);
}

static size_t tool_by_name(const char *name) {
    char known[TOOL_TEXT_SIZE];
    for (size_t i = 0; i < TOOL_COUNT; i++)
        if (strcmp(tool_name(known, i), name) == 0) return i;
    bench_fail("there is no tool \"%s\"", name);
}

static bool solve(epi_space *space, const tool_world *world, job_state state) {
    char text[TOOL_TEXT_SIZE];
    epi_prospects *prospects = NULL;
    epi_imagine_actions_options options = epi_imagine_actions_options_default();
    options.course_count = 1;
    bench_check(epi_imagine_actions(&prospects, space, "finish the item", job_text(text, &state), NULL, 0, &options),
                "imagining courses");
    const epi_course *course = epi_prospects_course(prospects, 0);
    for (size_t i = 0; course && i < 2; i++) state = job_next(world, &state, tool_by_name(course->stages[i].tool));
    epi_prospects_free(prospects);
    return state.stage == JOB_DONE;
}

/* The best that any one recorded episode could do: a stage of it. */
static bool solve_by_one(const tool_world *world, job_state state) {
    for (size_t tool = 0; tool < TOOL_COUNT; tool++)
        if (job_next(world, &state, tool).stage == JOB_DONE) return true;
    return false;
}

static void measure_jobs(double *stitched, double *by_one, uint64_t seed, epi_memory *memory, size_t episodes,
                         size_t questions) {
    tool_world *world = tool_world_new(seed);
    bench_random random = bench_random_of(seed, 3), fresh = bench_random_of(seed, 4);
    epi_space *space = open_space(memory, "jobs", seed, episodes);
    for (size_t i = 0; i < episodes; i++) record_stage(space, world, i % 2 ? JOB_SHAPED : JOB_RAW, &random);
    for (size_t i = 0; i < questions; i++) {
        job_state state = job_draw(JOB_RAW, &fresh);
        *stitched += solve(space, world, state) ? 1.0 : 0.0;
        *by_one += solve_by_one(world, state) ? 1.0 : 0.0;
    }
    epi_space_close(space);
    tool_world_free(world);
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

/* Mean and half a 95 % interval over the seeds (Student's t with four degrees of freedom). */
static double mean_of(double *half, const measured *m, size_t way) {
    double mean = 0.0, squares = 0.0;
    for (size_t i = 0; i < SEEDS; i++) mean += m->regret[i][way] / SEEDS;
    for (size_t i = 0; i < SEEDS; i++) squares += (m->regret[i][way] - mean) * (m->regret[i][way] - mean);
    *half = 2.776 * sqrt(squares / (SEEDS - 1) / SEEDS);
    return mean;
}

static void emit(const bench_run *run, const measured *m, size_t n) {
    double size = (double)n, half, nearest = mean_of(&half, m, BY_NEAREST), count;
    for (size_t way = 0; way < BY_WAYS; way++) {
        double regret = mean_of(&half, m, way);
        bench_emit(run, "regret", regret, "probability",
                   BENCH_CONFIG({"world", .text = "tools"}, {"n", .number = size}, {"by", .text = ways[way]},
                                {"half_interval_95", .number = half}, {"of_nearest", .number = regret / nearest},
                                {"seeds", .number = SEEDS}));
    }
    bench_emit(run, "regret", 0.0, "probability",
               BENCH_CONFIG({"world", .text = "tools"}, {"n", .number = size}, {"by", .text = "oracle"}));
    const calibration *over[] = {&m->all, &m->chosen};
    static const char *const names[] = {"all", "chosen"};
    for (size_t i = 0; i < 2; i++) {
        double error = calibration_error(over[i], &count);
        bench_emit(run, "ece", error, "probability",
                   BENCH_CONFIG({"world", .text = "tools"}, {"n", .number = size}, {"over", .text = names[i]},
                                {"predictions", .number = count}));
        bench_emit(run, "brier", over[i]->brier / count, "squared error",
                   BENCH_CONFIG({"world", .text = "tools"}, {"n", .number = size}, {"over", .text = names[i]},
                                {"predictions", .number = count}));
    }
    bench_emit(run, "abstain_pct", 100.0 * m->abstained / m->strangers, "percent",
               BENCH_CONFIG({"world", .text = "tools"}, {"n", .number = size}, {"tools", .text = "never seen"}));
    bench_emit(run, "abstain_pct", 100.0 * m->abstained_known / m->known, "percent",
               BENCH_CONFIG({"world", .text = "tools"}, {"n", .number = size}, {"tools", .text = "known"}));
    bench_emit(run, "ask_ms", 1e3 * m->ask_s / m->asked, "ms",
               BENCH_CONFIG({"world", .text = "tools"}, {"n", .number = size}, {"candidates", .number = ACTIONS}));
}

static void emit_jobs(const bench_run *run, epi_memory *memory, size_t episodes, size_t questions) {
    double stitched = 0.0, by_one = 0.0, all = (double)(questions * SEEDS);
    for (uint64_t s = 0; s < SEEDS; s++) measure_jobs(&stitched, &by_one, run->seed + s, memory, episodes, questions);
    bench_emit(run, "stitched_success", 100.0 * stitched / all, "percent",
               BENCH_CONFIG({"world", .text = "tools"}, {"n", .number = (double)episodes}, {"by", .text = "course"},
                            {"questions", .number = all}, {"seeds", .number = SEEDS}));
    bench_emit(run, "stitched_success", 100.0 * by_one / all, "percent",
               BENCH_CONFIG({"world", .text = "tools"}, {"n", .number = (double)episodes},
                            {"by", .text = "one-episode"}, {"questions", .number = all}, {"seeds", .number = SEEDS}));
}

void bench_part_tools(const bench_run *run) {
    static const size_t sizes[] = {200, 1000, 5000};
    epi_memory *memory = NULL;
    epi_memory_options options = epi_memory_options_default();
    char path[4200];
    options.sync = EPI_SYNC_MANUAL;
    snprintf(path, sizeof path, "%s/tools", bench_part_directory());
    bench_check(epi_memory_open(&memory, path, &options), "the memory");
    for (size_t i = 0; i < (run->quick ? 2 : 3); i++) {
        measured m = {0};
        for (size_t s = 0; s < SEEDS; s++) {
            bench_progress("tools: %zu episodes, seed %zu of %d", sizes[i], s + 1, SEEDS);
            measure_seed(&m, s, run->seed + s, memory, sizes[i], run->quick ? 50 : 300);
        }
        emit(run, &m, sizes[i]);
        emit_jobs(run, memory, sizes[i], run->quick ? 20 : 100);
    }
    epi_memory_close(memory);
}
