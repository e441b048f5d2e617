/* imagine.c - epi_imagine(): what was given is checked and filled in, the traces are held while cues find their steps
 * and the search runs, and what it found is copied out. See search.h.
 */
#include <math.h>
#include <stdlib.h>

#include "search.h"

#define MODULE "imagine"

/* ---- checking ---------------------------------------------------------------------------------------------------- */

static epi_status check_version(const char *what, uint32_t version) {
    return version == 1 ? EPI_OK : epi__fail(EPI_EINVAL, MODULE, "%s has version %u, expected 1", what, version);
}

static epi_status check_limit(const char *what, uint32_t value, uint32_t limit) {
    return value <= limit ? EPI_OK : epi__fail(EPI_ELIMIT, MODULE, "%s is %u, limit %u", what, value, limit);
}

static epi_status check_range(const char *what, double value, double least, double most) {
    if (value >= least && value <= most) return EPI_OK; /* false for NaN */
    return epi__fail(value == value ? EPI_EINVAL : EPI_ENUMBER, MODULE, "%s is %g, outside %g to %g", what, value,
                     least, most);
}

static epi_status check_counts(const epi_imagine_options *o) {
    EPI__TRY(check_version("options", o->version));
    if ((unsigned)o->search > EPI_SEARCH_MCTS || (unsigned)o->test > EPI_JOIN_DISTANCE)
        return epi__fail(EPI_EINVAL, MODULE, "search is %d and test is %d", (int)o->search, (int)o->test);
    EPI__TRY(check_limit("k", o->k, EPI_ROLLOUT_COUNT_MAX));
    EPI__TRY(check_limit("beam", o->beam, EPI_BEAM_MAX));
    EPI__TRY(check_limit("neighbours", o->neighbours, EPI_NEIGHBOURS_MAX));
    EPI__TRY(check_limit("steps_max", o->steps_max, EPI_ROLLOUT_STEPS_MAX));
    EPI__TRY(check_limit("expansions_max", o->expansions_max, EPI_EXPANSIONS_MAX));
    return check_limit("context", o->context, EPI_CONTEXT_COUNT_MAX);
}

static epi_status check_options(const epi_imagine_options *o) {
    EPI__TRY(check_counts(o));
    EPI__TRY(check_range("join_radius", o->join_radius, 0.0, 1e6));
    EPI__TRY(check_range("plausibility_min", o->plausibility_min, 0.0, 1.0));
    EPI__TRY(check_range("novelty_min", o->novelty_min, 0.0, 1.0));
    EPI__TRY(check_range("discount", o->discount, 0.0, 1.0));
    EPI__TRY(check_range("risk", o->risk, 0.0, 1e6));
    return check_range("doubt_cost", o->doubt_cost, 0.0, 1e9);
}

static epi_status fill_options(epi_imagine_options *options, const epi_imagine_options *given, bool has_goal) {
    *options = given ? *given : epi_imagine_options_default();
    EPI__TRY(check_options(options));
    if (!options->k) options->k = 1;
    if (!options->beam) options->beam = EPI_BEAM_DEFAULT;
    if (!options->neighbours) options->neighbours = EPI_NEIGHBOURS_DEFAULT;
    if (!options->joins_max) options->joins_max = UINT32_MAX;
    if (!options->steps_max) options->steps_max = EPI_ROLLOUT_STEPS_DEFAULT;
    if (!options->expansions_max) options->expansions_max = EPI_EXPANSIONS_DEFAULT;
    if (options->join_radius <= 0.0) options->join_radius = EPI_JOIN_RADIUS_DEFAULT;
    if (options->plausibility_min <= 0.0) options->plausibility_min = EPI_PLAUSIBILITY_DEFAULT;
    if (options->doubt_cost <= 0.0) options->doubt_cost = EPI_DOUBT_COST_DEFAULT;
    if (!options->context) options->context = 1;
    if (options->search == EPI_SEARCH_AUTO) options->search = has_goal ? EPI_SEARCH_BEST_FIRST : EPI_SEARCH_BEAM;
    if (options->search == EPI_SEARCH_BEST_FIRST && !has_goal)
        return epi__fail(EPI_EINVAL, MODULE, "best-first search was asked for without a goal");
    return EPI_OK;
}

static epi_status check_tensor(const char *what, const epi_tensor *tensor, size_t rows, size_t size) {
    if (tensor->dtype != EPI_F32) return epi__fail(EPI_ETYPE, MODULE, "%s is not float32", what);
    if (tensor->count != rows * size)
        return epi__fail(EPI_EDIMENSION, MODULE, "%s has %zu elements, expected %zu", what, tensor->count, rows * size);
    if (!epi__math_all_finite(tensor->data, tensor->count))
        return epi__fail(EPI_ENUMBER, MODULE, "%s has a number that is NaN or infinite", what);
    return EPI_OK;
}

static epi_status check_start(const epi_situation *start, size_t size) {
    if (!start) return epi__fail(EPI_EINVAL, MODULE, "start was NULL");
    EPI__TRY(check_version("start", start->version));
    if ((start->observation.data != NULL) + (start->step != 0) + (start->cue != NULL) != 1)
        return epi__fail(EPI_EINVAL, MODULE, "start must have one of observation, step and cue");
    if (start->observation.data) EPI__TRY(check_tensor("the start's observation", &start->observation, 1, size));
    if (start->cue) EPI__TRY(epi__cue_check(start->cue, size));
    if (!start->context.data) return EPI_OK;
    size_t rows = start->context.count / size;
    EPI__TRY(check_tensor("the start's context", &start->context, rows, size));
    return check_limit("the start's context", (uint32_t)EPI__MIN(rows, UINT32_MAX), EPI_CONTEXT_COUNT_MAX);
}

static epi_status check_goal(const epi_goal *goal, size_t size) {
    EPI__TRY(check_version("goal", goal->version));
    if ((goal->observation.data != NULL) + (goal->reached != NULL) + (goal->cue != NULL) + (goal->step != 0) != 1)
        return epi__fail(EPI_EINVAL, MODULE, "goal must have one of observation, step, cue and reached");
    if (goal->cue) EPI__TRY(epi__cue_check(goal->cue, size));
    if (goal->observation.data) EPI__TRY(check_tensor("the goal's observation", &goal->observation, 1, size));
    return check_range("the goal's tolerance", goal->tolerance, 0.0, 1e300);
}

/* ---- one call ---------------------------------------------------------------------------------------------------- */

typedef struct call {
    epi_space *space;
    const epi_situation *start;
    epi_imagine_options options;
    epi__rows starts, goals; /* of steps that were named, or found by cues */
    epi__traces *traces;
    epi__reports *reports;
    uint8_t *allowed;
    float *goal_places;
    float *history;
    epi__search search;
} call;

static epi_status allow(call *c) {
    const epi__traces *t = c->traces;
    epi__filter filter = {0};
    c->allowed = epi__alloc_zero(t->count / 8 + 1, 1);
    if (!c->allowed) return epi__fail_memory(MODULE, t->count / 8 + 1);
    epi_status status = epi__filter_init(&filter, c->space->mirror, c->options.filter);
    if (!status) status = epi__columns_filter_check(c->options.filter);
    for (size_t row = 0; !status && row < t->count; row++)
        if (epi__row_is_meant(t, &filter, row)) c->allowed[row / 8] |= (uint8_t)(1u << (row % 8));
    epi__filter_dispose(&filter);
    c->search.allowed = c->allowed;
    return status;
}

/* Places are copied, since rows need not lie together. */
static epi_status set_goal_places(call *c, const epi_goal *given) {
    epi__goal *goal = &c->search.goal;
    size_t size = goal->size;
    if (given->observation.data) {
        goal->places = given->observation.data;
        goal->count = 1;
        return EPI_OK;
    }
    EPI__TRY(epi__goal_rows(&c->goals, c->traces, given));
    if (given->step) goal->row = c->goals.items[0];
    c->goal_places = epi__realloc(NULL, c->goals.count * size + 1, sizeof *c->goal_places);
    if (!c->goal_places) return epi__fail_memory(MODULE, c->goals.count * size * sizeof(float));
    for (size_t i = 0; i < c->goals.count; i++)
        memcpy(c->goal_places + i * size, epi__traces_observation(c->traces, c->goals.items[i]), size * sizeof(float));
    goal->places = c->goal_places;
    goal->count = c->goals.count;
    return EPI_OK;
}

static epi_status set_goal(call *c, const epi_goal *given) {
    c->search.goal = (epi__goal){.given = given,
                                 .options = &c->options,
                                 .size = c->traces->observation_size,
                                 .row = EPI__NO_ROW,
                                 .step_max = epi__neighbours_step_max(c->traces)};
    return given ? set_goal_places(c, given) : EPI_OK;
}

static epi_status find_ways(call *c) {
    epi__goal *goal = &c->search.goal;
    goal->regions = epi__neighbours_regions(c->traces);
    if (goal->count == 0 || c->options.heuristic) return EPI_OK;
    return epi__regions_away(&goal->away, goal->regions, goal->places, goal->count);
}

/* The caller's context is oldest first; a search looks back. */
static epi_status set_history(call *c) {
    size_t size = c->traces->observation_size, rows = c->start->context.count / size;
    const float *given = c->start->context.data;
    if (!given || rows == 0) return EPI_OK;
    c->history = epi__realloc(NULL, rows * size, sizeof *c->history);
    if (!c->history) return epi__fail_memory(MODULE, rows * size * sizeof *c->history);
    for (size_t i = 0; i < rows; i++)
        memcpy(c->history + i * size, given + (rows - 1 - i) * size, size * sizeof *given);
    c->search.history = c->history;
    c->search.history_count = rows;
    return EPI_OK;
}

static epi_status set_starts(call *c) {
    const epi_situation *start = c->start;
    if (start->observation.data) return epi__search_start(&c->search, EPI__NO_ROW, start->observation.data);
    EPI__TRY(start->step ? epi__step_rows(&c->starts, c->traces, start->step)
                         : epi__cue_rows(&c->starts, c->traces, start->cue));
    for (size_t i = 0; i < c->starts.count; i++) {
        uint32_t row = c->starts.items[i];
        EPI__TRY(epi__search_start(&c->search, row, epi__traces_observation(c->traces, row)));
    }
    return EPI_OK;
}

static epi_status search(epi__search *s) {
    s->reason = EPI_STOP_UNREACHABLE;
    if (s->starts == 0) return EPI_OK;
    switch (s->options->search) {
    case EPI_SEARCH_BEAM:
        return epi__beam(s);
    case EPI_SEARCH_MCTS:
        return epi__mcts(s);
    case EPI_SEARCH_AUTO:
    case EPI_SEARCH_BEST_FIRST:
        break;
    }
    return epi__best_first(s);
}

/* With the traces held. */
static epi_status run(epi_rollouts **rollouts, call *c, const epi_goal *goal) {
    epi__search *s = &c->search;
    EPI__TRY(epi__neighbours_ready(c->traces));
    EPI__TRY(epi__reports_copy(&c->reports, c->traces));
    s->traces = c->traces;
    s->options = &c->options;
    s->judge = (epi__judge){c->traces, c->reports, &c->options};
    if (c->options.time_ms) s->deadline_us = s->began_us + 1000ull * c->options.time_ms;
    if (c->options.filter) EPI__TRY(allow(c));
    EPI__TRY(set_goal(c, goal));
    EPI__TRY(find_ways(c));
    EPI__TRY(set_history(c));
    EPI__TRY(epi__search_init(s));
    EPI__TRY(set_starts(c));
    EPI__TRY(search(s));
    return epi__rollouts_make(rollouts, c->space, s);
}

static void call_end(call *c) {
    epi__search_dispose(&c->search);
    epi__traces_release(c->traces);
    epi__reports_free(c->reports);
    epi__free(c->starts.items);
    epi__free(c->goals.items);
    epi__free(c->allowed);
    epi__free(c->goal_places);
    epi__free(c->search.goal.away);
    epi__free(c->history);
    epi__free(c);
}

epi_status epi_imagine(epi_rollouts **rollouts, epi_space *space, const epi_situation *start, const epi_goal *goal,
                       const epi_imagine_options *options) {
    if (!rollouts) return epi__fail(EPI_EINVAL, MODULE, "rollouts was NULL");
    *rollouts = NULL;
    EPI__TRY(epi__space_check_handle(space));
    size_t size = 0;
    EPI__TRY(epi__traces_size(&size, space));
    EPI__TRY(check_start(start, size));
    if (goal) EPI__TRY(check_goal(goal, size));
    call *c = epi__alloc_zero(1, sizeof *c);
    if (!c) return epi__fail_memory(MODULE, sizeof *c);
    c->space = space;
    c->start = start;
    c->search.began_us = epi__clock_monotonic_us();
    epi_status status = fill_options(&c->options, options, goal != NULL);
    if (!status) status = epi__traces_acquire(&c->traces, space);
    if (!status) status = run(rollouts, c, goal);
    call_end(c);
    return status;
}
