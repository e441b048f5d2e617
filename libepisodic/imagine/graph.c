/* graph.c - the memory graph's handle: making, feeding, asking.
 *
 * Idea: the model counts, this file checks what callers pass and gives numbers a face. What is asked is copied out, so
 * that nothing of the model can be changed from outside.
 * Ownership: the graph owns its model; its space is the caller's and outlives it.
 */
#include "graph.h"

#include <math.h>

#include "../math/math.h"

#define MODULE "graph"

/* ---- making ----------------------------------------------------------------------------------------------------- */

static epi_status check_options(const epi_graph_options *options) {
    if (options->version != 1) return epi__fail(EPI_EINVAL, MODULE, "options have version %u, known is 1",
                                                options->version);
    if (!(options->radius >= 0) || !isfinite(options->radius))
        return epi__fail(EPI_EINVAL, MODULE, "radius is %g, it must be 0 or more", options->radius);
    if (options->state_count_max > EPI_GRAPH_STATE_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "state_count_max is %u, limit %u", options->state_count_max,
                         EPI_GRAPH_STATE_COUNT_MAX);
    return EPI_OK;
}

static epi_status make(epi_graph **graph, uint32_t observation_size, uint32_t action_size,
                       const epi_graph_options *options) {
    const epi_graph_options defaults = epi_graph_options_default();
    if (!options) options = &defaults;
    EPI__TRY(check_options(options));
    epi_graph *made = epi__alloc_zero(1, sizeof *made);
    if (!made) return epi__fail_memory(MODULE, sizeof *made);
    made->random = epi__random_seed(options->seed);
    made->last_state = EPI__NO_ID;
    made->last_next = epi__alloc(observation_size * sizeof(float));
    epi_status status = made->last_next ? EPI_OK : epi__fail_memory(MODULE, observation_size * sizeof(float));
    if (!status)
        status = epi__model_init(&made->model, observation_size, action_size, options->radius,
                                 options->state_count_max ? options->state_count_max : EPI_GRAPH_STATE_COUNT_MAX);
    if (status) {
        epi_graph_close(made);
        return status;
    }
    *graph = made;
    return EPI_OK;
}

epi_status epi_graph_create(epi_graph **graph, uint32_t observation_size, uint32_t action_size,
                            const epi_graph_options *options) {
    if (!graph) return epi__fail(EPI_EINVAL, MODULE, "graph was NULL");
    *graph = NULL;
    if (observation_size == 0 || action_size == 0)
        return epi__fail(EPI_EINVAL, MODULE, "observation_size or action_size was 0");
    if (observation_size > EPI_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "observation_size is %u, limit %u", observation_size, EPI_DIMENSION_MAX);
    if (action_size > EPI_TENSOR_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "action_size is %u, limit %u", action_size, EPI_TENSOR_SIZE_MAX);
    return make(graph, observation_size, action_size, options);
}

epi_status epi_graph_open(epi_graph **graph, epi_space *space, const epi_graph_options *options) {
    uint32_t observation_size, action_size;
    epi_graph *made = NULL;
    if (!graph || !space) return epi__fail(EPI_EINVAL, MODULE, "graph or space was NULL");
    *graph = NULL;
    EPI__TRY(epi__graph_sizes(&observation_size, &action_size, space));
    EPI__TRY(make(&made, observation_size, action_size, options));
    made->space = space;
    epi_status status = epi_graph_refresh(NULL, made);
    if (status) {
        epi_graph_close(made);
        return status;
    }
    *graph = made;
    return EPI_OK;
}

epi_status epi_graph_refresh(bool *rebuilt, epi_graph *graph) {
    bool anew = false;
    if (rebuilt) *rebuilt = false;
    if (!graph) return epi__fail(EPI_EINVAL, MODULE, "graph was NULL");
    if (!graph->space) return epi__fail(EPI_EUNSUPPORTED, MODULE, "the graph has no space to follow");
    EPI__TRY(epi__graph_follow(&anew, graph));
    if (rebuilt) *rebuilt = anew;
    return EPI_OK;
}

void epi_graph_close(epi_graph *graph) {
    if (!graph) return;
    epi__model_dispose(&graph->model);
    epi__map_dispose(&graph->episode_at);
    epi__free(graph->row_states);
    epi__free(graph->last_next);
    epi__free(graph);
}

/* ---- observing -------------------------------------------------------------------------------------------------- */

static epi_status check_observation(const epi_graph *graph, const float *observation, const char *what) {
    if (epi__math_all_finite(observation, graph->model.states.dimension)) return EPI_OK;
    return epi__fail(EPI_ENUMBER, MODULE, "%s holds a number that is not finite", what);
}

static epi_status check_transition(const epi_graph *graph, const epi_transition *transition) {
    if (!graph || !transition) return epi__fail(EPI_EINVAL, MODULE, "graph or transition was NULL");
    if (graph->space) return epi__fail(EPI_EUNSUPPORTED, MODULE, "the graph is of a space, whose steps it follows");
    if (transition->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "transition has version %u, known is 1", transition->version);
    if (!transition->observation || !transition->action)
        return epi__fail(EPI_EINVAL, MODULE, "observation or action was NULL");
    if (!transition->next_observation && !(transition->flags & EPI_STEP_TERMINATED))
        return epi__fail(EPI_EINVAL, MODULE, "next_observation was NULL, and the step did not terminate");
    if (!isfinite(transition->reward)) return epi__fail(EPI_ENUMBER, MODULE, "reward is not finite");
    EPI__TRY(check_observation(graph, transition->observation, "observation"));
    return transition->next_observation ? check_observation(graph, transition->next_observation, "next_observation")
                                        : EPI_OK;
}

/* What came next last time is what the step begins with, and so is of the state that it was put in then. */
static epi_status place_observation(uint32_t *state, epi_graph *graph, const float *observation) {
    const size_t size = graph->model.states.dimension * sizeof *observation;
    *state = graph->last_state;
    if (*state != EPI__NO_ID && memcmp(graph->last_next, observation, size) == 0) return EPI_OK;
    return epi__model_place(state, &graph->model, observation);
}

static epi_status place_next(uint32_t *state, epi_graph *graph, const epi_transition *transition) {
    *state = EPI_NO_STATE;
    graph->last_state = EPI__NO_ID;
    if (!transition->next_observation) return EPI_OK;
    EPI__TRY(epi__model_place(state, &graph->model, transition->next_observation));
    if (transition->flags & (EPI_STEP_TERMINATED | EPI_STEP_TRUNCATED)) return EPI_OK;
    memcpy(graph->last_next, transition->next_observation, graph->model.states.dimension * sizeof(float));
    graph->last_state = *state;
    return EPI_OK;
}

static epi_status observe(uint32_t *visit, epi_graph *graph, const epi_transition *transition) {
    epi__arrival arrival = {.action = transition->action,
                            .reward = transition->reward,
                            .episode = graph->episode,
                            .terminated = (transition->flags & EPI_STEP_TERMINATED) != 0};
    EPI__TRY(place_observation(&arrival.state, graph, transition->observation));
    EPI__TRY(place_next(&arrival.next, graph, transition));
    EPI__TRY(epi__model_add(visit, &graph->model, &arrival));
    graph->episode += (transition->flags & (EPI_STEP_TERMINATED | EPI_STEP_TRUNCATED)) != 0;
    return EPI_OK;
}

static void fill_step(epi_graph_step *step, const epi_graph *graph, uint32_t visit) {
    const epi__visit *taken = &graph->model.visits[visit];
    const epi__outcome *outcome = &graph->model.outcomes[taken->outcome];
    const epi__pair *pair = &graph->model.pairs[taken->pair];
    const uint32_t newest = epi__ids_all(&pair->visits)[pair->visits.count - 1];
    *step = (epi_graph_step){pair->state,   pair->action,  outcome->next,
                             outcome->terminated, taken->reward, graph->model.visit_count - 1 - newest, taken->step};
}

epi_status epi_graph_observe(epi_graph_step *step, epi_graph *graph, const epi_transition *transition) {
    uint32_t visit = 0;
    EPI__TRY(check_transition(graph, transition));
    epi_status status = observe(&visit, graph, transition);
    if (status) {
        graph->last_state = EPI__NO_ID;
        if (status != EPI_ENOMEM) return status;
        epi__model_clear(&graph->model); /* it may be half changed */
        graph->rebuilds++;
        return status;
    }
    if (step) fill_step(step, graph, visit);
    return EPI_OK;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

epi_status epi_graph_stats_read(epi_graph_stats *stats, const epi_graph *graph) {
    if (!stats || !graph) return epi__fail(EPI_EINVAL, MODULE, "stats or graph was NULL");
    const epi__model *model = &graph->model;
    *stats = (epi_graph_stats){model->link_count,    model->visited.count, model->action_count,
                               model->pair_count,    model->outcome_count, model->repeated,
                               model->stochastic,    model->visit_count,
                               graph->space ? graph->step_count - model->visit_count : 0};
    return EPI_OK;
}

epi_status epi_graph_find_state(uint32_t *state, const epi_graph *graph, const float *observation) {
    if (!state || !graph || !observation) return epi__fail(EPI_EINVAL, MODULE, "an argument was NULL");
    *state = EPI_NO_STATE;
    EPI__TRY(check_observation(graph, observation, "observation"));
    *state = epi__merge_find(&graph->model.states, observation);
    if (*state != EPI__NO_ID) return EPI_OK;
    return epi__fail(EPI_ENOTFOUND, MODULE, "no state lies within %g of the observation", graph->model.states.radius);
}

epi_status epi_graph_find_action(uint32_t *action, const epi_graph *graph, const void *value) {
    if (!action || !graph || !value) return epi__fail(EPI_EINVAL, MODULE, "an argument was NULL");
    *action = epi__model_find_action(&graph->model, value);
    return *action != EPI__NO_ID ? EPI_OK : epi__fail(EPI_ENOTFOUND, MODULE, "the action was never taken");
}

const float *epi_graph_observation(const epi_graph *graph, uint32_t state) {
    return graph && state < graph->model.link_count ? epi__merge_centre(&graph->model.states, state) : NULL;
}

const void *epi_graph_action(const epi_graph *graph, uint32_t action) {
    if (!graph || action >= graph->model.action_count) return NULL;
    return graph->model.actions + (size_t)action * graph->model.action_size;
}

static double deviation(const epi__moments *moments, uint32_t count) {
    return sqrt(moments->squares / count);
}

static epi_status no_such(const char *what, size_t index) {
    return epi__fail(EPI_ENOTFOUND, MODULE, "there is no %s %zu", what, index);
}

static void fill_tried(epi_graph_tried *tried, const epi__model *model, uint32_t id) {
    const epi__pair *pair = &model->pairs[id];
    const uint32_t count = pair->visits.count, newest = epi__ids_all(&pair->visits)[count - 1];
    *tried = (epi_graph_tried){pair->state,
                               pair->action,
                               count,
                               pair->episodes,
                               pair->outcomes.count,
                               epi__model_is_edge(model, pair),
                               pair->reward.mean,
                               deviation(&pair->reward, count),
                               (double)pair->terminated / count,
                               model->visit_count - 1 - newest};
}

static void fill_outcome(epi_graph_outcome *outcome, const epi__model *model, uint32_t id) {
    const epi__outcome *from = &model->outcomes[id];
    const epi__pair *pair = &model->pairs[from->pair];
    *outcome = (epi_graph_outcome){pair->state,    pair->action,   from->next,
                                   from->terminated, from->count,  from->episodes,
                                   from->reward.mean, deviation(&from->reward, from->count),
                                   model->visit_count - 1 - from->last_visit};
}

size_t epi_graph_tried_count(const epi_graph *graph, uint32_t state) {
    return graph && state < graph->model.link_count ? graph->model.links[state].tried.count : 0;
}

epi_status epi_graph_tried_at(epi_graph_tried *tried, const epi_graph *graph, uint32_t state, size_t index) {
    if (!tried || !graph) return epi__fail(EPI_EINVAL, MODULE, "tried or graph was NULL");
    if (index >= epi_graph_tried_count(graph, state)) return no_such("tried action", index);
    fill_tried(tried, &graph->model, epi__ids_all(&graph->model.links[state].tried)[index]);
    return EPI_OK;
}

static epi_status find_pair(uint32_t *pair, const epi_graph *graph, uint32_t state, uint32_t action) {
    *pair = epi__model_find_pair(&graph->model, state, action);
    if (*pair != EPI__NO_ID) return EPI_OK;
    return epi__fail(EPI_ENOTFOUND, MODULE, "action %u was never tried in state %u", action, state);
}

epi_status epi_graph_tried_find(epi_graph_tried *tried, const epi_graph *graph, uint32_t state, uint32_t action) {
    uint32_t pair;
    if (!tried || !graph) return epi__fail(EPI_EINVAL, MODULE, "tried or graph was NULL");
    EPI__TRY(find_pair(&pair, graph, state, action));
    fill_tried(tried, &graph->model, pair);
    return EPI_OK;
}

epi_status epi_graph_outcome_at(epi_graph_outcome *outcome, const epi_graph *graph, uint32_t state, uint32_t action,
                                size_t index) {
    uint32_t pair;
    if (!outcome || !graph) return epi__fail(EPI_EINVAL, MODULE, "outcome or graph was NULL");
    EPI__TRY(find_pair(&pair, graph, state, action));
    const epi__ids *outcomes = &graph->model.pairs[pair].outcomes;
    if (index >= outcomes->count) return no_such("outcome", index);
    fill_outcome(outcome, &graph->model, epi__ids_all(outcomes)[index]);
    return EPI_OK;
}

size_t epi_graph_cause_count(const epi_graph *graph, uint32_t state) {
    return graph && state < graph->model.link_count ? graph->model.links[state].causes.count : 0;
}

epi_status epi_graph_cause_at(epi_graph_outcome *outcome, const epi_graph *graph, uint32_t state, size_t index) {
    if (!outcome || !graph) return epi__fail(EPI_EINVAL, MODULE, "outcome or graph was NULL");
    if (index >= epi_graph_cause_count(graph, state)) return no_such("cause", index);
    fill_outcome(outcome, &graph->model, epi__ids_all(&graph->model.links[state].causes)[index]);
    return EPI_OK;
}

epi_status epi_graph_sources(uint64_t *ids, size_t *count, const epi_graph *graph, uint32_t state, uint32_t action) {
    uint32_t pair;
    if (!count || !graph || (!ids && *count > 0)) return epi__fail(EPI_EINVAL, MODULE, "an argument was NULL");
    EPI__TRY(find_pair(&pair, graph, state, action));
    const epi__ids *visits = &graph->model.pairs[pair].visits;
    for (size_t i = 0; i < EPI__MIN(*count, visits->count); i++)
        ids[i] = graph->model.visits[epi__ids_all(visits)[i]].step;
    *count = visits->count;
    return EPI_OK;
}

/* ---- sampling --------------------------------------------------------------------------------------------------- */

static uint32_t draw(epi_graph *graph, const epi__ids *ids) {
    return epi__ids_all(ids)[epi__random_below(&graph->random, ids->count)];
}

static uint32_t draw_visit(epi_graph *graph, uint32_t pair, uint32_t newest) {
    const epi__ids *visits = &graph->model.pairs[pair].visits;
    const uint32_t among = newest > 0 && newest < visits->count ? newest : visits->count;
    const uint32_t back = among > 1 ? (uint32_t)epi__random_below(&graph->random, among) : 0;
    return epi__ids_all(visits)[visits->count - 1 - back];
}

epi_status epi_graph_sample_state(uint32_t *state, epi_graph *graph) {
    if (!state || !graph) return epi__fail(EPI_EINVAL, MODULE, "state or graph was NULL");
    *state = EPI_NO_STATE;
    if (graph->model.visited.count == 0) return epi__fail(EPI_ENOTFOUND, MODULE, "the graph is empty");
    *state = draw(graph, &graph->model.visited);
    return EPI_OK;
}

epi_status epi_graph_sample(epi_graph_step *step, epi_graph *graph, uint32_t newest) {
    uint32_t state;
    if (!step) return epi__fail(EPI_EINVAL, MODULE, "step was NULL");
    EPI__TRY(epi_graph_sample_state(&state, graph));
    fill_step(step, graph, draw_visit(graph, draw(graph, &graph->model.links[state].tried), newest));
    return EPI_OK;
}

epi_status epi_graph_sample_action(epi_graph_step *step, epi_graph *graph, uint32_t state, uint32_t action,
                                   uint32_t newest) {
    uint32_t pair;
    if (!step || !graph) return epi__fail(EPI_EINVAL, MODULE, "step or graph was NULL");
    EPI__TRY(find_pair(&pair, graph, state, action));
    fill_step(step, graph, draw_visit(graph, pair, newest));
    return EPI_OK;
}
