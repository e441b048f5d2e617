/* model.c - counting visits into the tabular model.
 *
 * Idea: every visit is kept (24 bytes), so that a sampled step is a stored one to the bit and names its source; beside
 * it pairs and outcomes hold what planning needs, updated in constant time.
 * Invariant: counts of a pair's outcomes sum to its visits; an outcome with a next state is among that state's causes.
 * Ownership: the model owns its arrays until epi__model_dispose().
 * Source: Welford, Note on a method for calculating corrected sums of squares and products (1962), for the moments.
 */
#include "model.h"

#define MODULE "graph"

epi_status epi__model_init(epi__model *model, uint32_t observation_size, uint32_t action_size, double radius,
                           uint32_t count_max) {
    *model = (epi__model){.action_size = action_size};
    return epi__merge_init(&model->states, observation_size, radius, count_max);
}

static void dispose_lists(epi__model *model) {
    for (uint32_t i = 0; i < model->link_count; i++) {
        epi__ids_dispose(&model->links[i].tried);
        epi__ids_dispose(&model->links[i].causes);
    }
    for (uint32_t i = 0; i < model->pair_count; i++) {
        epi__ids_dispose(&model->pairs[i].visits);
        epi__ids_dispose(&model->pairs[i].outcomes);
    }
    epi__ids_dispose(&model->visited);
}

void epi__model_dispose(epi__model *model) {
    dispose_lists(model);
    epi__merge_dispose(&model->states);
    epi__map_dispose(&model->action_at);
    epi__map_dispose(&model->pair_at);
    epi__map_dispose(&model->outcome_at);
    epi__map_dispose(&model->pair_episodes);
    epi__map_dispose(&model->outcome_episodes);
    epi__free(model->actions);
    epi__free(model->action_next);
    epi__free(model->links);
    epi__free(model->pairs);
    epi__free(model->outcomes);
    epi__free(model->visits);
    *model = (epi__model){0};
}

void epi__model_clear(epi__model *model) {
    const epi__merge *was = &model->states;
    const epi__merge states = {
        .dimension = was->dimension, .radius = was->radius, .count_max = was->count_max, .query = was->query};
    const epi__model empty = {.states = states, .action_size = model->action_size};
    model->states.query = NULL;
    epi__model_dispose(model);
    *model = empty;
}

/* Room for one more of `count` items; twice the room when it is full. */
static epi_status reserve(void *items, uint32_t count, uint32_t *capacity, size_t size) {
    void *old, *grown;
    if (count < *capacity) return EPI_OK;
    if (count >= EPI_GRAPH_STEP_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "graph has %u items, limit %u", count, EPI_GRAPH_STEP_COUNT_MAX);
    uint32_t room = EPI__MAX(*capacity * 2, 16u);
    memcpy(&old, items, sizeof old);
    if (!(grown = epi__realloc(old, room, size))) return epi__fail_memory(MODULE, room * size);
    memcpy(items, &grown, sizeof grown);
    *capacity = room;
    return EPI_OK;
}

epi_status epi__model_place(uint32_t *state, epi__model *model, const float *observation) {
    EPI__TRY(reserve(&model->links, model->link_count, &model->link_capacity, sizeof *model->links));
    EPI__TRY(epi__merge_place(state, &model->states, observation));
    if (*state == model->link_count) model->links[model->link_count++] = (epi__model_state){0};
    return EPI_OK;
}

/* ---- actions ---------------------------------------------------------------------------------------------------- */

uint32_t epi__model_find_action(const epi__model *model, const void *value) {
    uint64_t found;
    if (!epi__map_get(&model->action_at, epi__hash64(value, model->action_size), &found)) return EPI__NO_ID;
    uint32_t action = (uint32_t)found;
    while (action != EPI__NO_ID &&
           memcmp(model->actions + (size_t)action * model->action_size, value, model->action_size) != 0)
        action = model->action_next[action];
    return action;
}

static epi_status place_action(uint32_t *action, epi__model *model, const void *value) {
    uint64_t behind = EPI__NO_ID, hash = epi__hash64(value, model->action_size);
    *action = epi__model_find_action(model, value);
    if (*action != EPI__NO_ID) return EPI_OK;
    uint32_t capacity = model->action_capacity;
    EPI__TRY(reserve(&model->actions, model->action_count, &capacity, model->action_size));
    EPI__TRY(reserve(&model->action_next, model->action_count, &model->action_capacity, sizeof(uint32_t)));
    (void)epi__map_get(&model->action_at, hash, &behind);
    if (!epi__map_put(&model->action_at, hash, model->action_count)) return epi__fail_memory(MODULE, sizeof hash);
    memcpy(model->actions + (size_t)model->action_count * model->action_size, value, model->action_size);
    model->action_next[model->action_count] = (uint32_t)behind;
    *action = model->action_count++;
    return EPI_OK;
}

/* ---- pairs and outcomes ----------------------------------------------------------------------------------------- */

static uint64_t two(uint32_t high, uint32_t low) {
    return (uint64_t)high << 32 | low;
}

uint32_t epi__model_find_pair(const epi__model *model, uint32_t state, uint32_t action) {
    uint64_t pair;
    return epi__map_get(&model->pair_at, two(state, action), &pair) ? (uint32_t)pair : EPI__NO_ID;
}

static epi_status place_pair(uint32_t *pair, epi__model *model, uint32_t state, uint32_t action) {
    *pair = epi__model_find_pair(model, state, action);
    if (*pair != EPI__NO_ID) return EPI_OK;
    EPI__TRY(reserve(&model->pairs, model->pair_count, &model->pair_capacity, sizeof *model->pairs));
    epi__ids *tried = &model->links[state].tried;
    if (!epi__map_put(&model->pair_at, two(state, action), model->pair_count) ||
        (tried->count == 0 && !epi__ids_push(&model->visited, state)) || !epi__ids_push(tried, model->pair_count))
        return epi__fail_memory(MODULE, sizeof(epi__pair));
    model->pairs[model->pair_count] = (epi__pair){.state = state, .action = action, .last_episode = EPI__NO_ID};
    *pair = model->pair_count++;
    return EPI_OK;
}

/* States are fewer than 2^31, so that a bit is left to tell whether the step terminated. */
static epi_status place_outcome(uint32_t *outcome, epi__model *model, uint32_t pair, uint32_t next, bool terminated) {
    uint64_t found, key = two(pair, (next == EPI_NO_STATE ? UINT32_MAX - 1 : next << 1) | terminated);
    if (epi__map_get(&model->outcome_at, key, &found)) {
        *outcome = (uint32_t)found;
        return EPI_OK;
    }
    EPI__TRY(reserve(&model->outcomes, model->outcome_count, &model->outcome_capacity, sizeof *model->outcomes));
    if (!epi__map_put(&model->outcome_at, key, model->outcome_count) ||
        !epi__ids_push(&model->pairs[pair].outcomes, model->outcome_count) ||
        (next != EPI_NO_STATE && !epi__ids_push(&model->links[next].causes, model->outcome_count)))
        return epi__fail_memory(MODULE, sizeof(epi__outcome));
    model->outcomes[model->outcome_count] =
        (epi__outcome){.pair = pair, .next = next, .terminated = terminated, .last_episode = EPI__NO_ID};
    *outcome = model->outcome_count++;
    return EPI_OK;
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

/* Steps of one episode mostly come one after another, so the last episode is told without looking; `seen` has those
 * before it. */
static epi_status count_episode(uint32_t *episodes, uint32_t *last, epi__map *seen, uint32_t of, uint32_t episode) {
    if (*last == episode) return EPI_OK;
    if (*last != EPI__NO_ID && !epi__map_put(seen, two(of, *last), 0)) return epi__fail_memory(MODULE, sizeof episode);
    *episodes += !epi__map_get(seen, two(of, episode), NULL);
    *last = episode;
    return EPI_OK;
}

static void count_reward(epi__moments *moments, double reward, uint32_t count) {
    double before = reward - moments->mean;
    moments->mean += before / count;
    moments->squares += before * (reward - moments->mean);
}

bool epi__model_is_stochastic(const epi__pair *pair) {
    return pair->outcomes.count > 1 || pair->reward.squares > 0;
}

bool epi__model_is_edge(const epi__model *model, const epi__pair *pair) {
    return !epi__model_is_stochastic(pair) && (pair->visits.count > 1 || model->stochastic == 0);
}

static epi_status count_visit(epi__model *model, uint32_t visit, const epi__arrival *arrival) {
    epi__outcome *outcome = &model->outcomes[model->visits[visit].outcome];
    epi__pair *pair = &model->pairs[outcome->pair];
    /* The outcome stands among the pair's already: before its first visit there was one less. */
    const bool was_stochastic = pair->outcomes.count - (outcome->count == 0) > 1 || pair->reward.squares > 0;
    EPI__TRY(count_episode(&pair->episodes, &pair->last_episode, &model->pair_episodes, outcome->pair,
                           arrival->episode));
    EPI__TRY(count_episode(&outcome->episodes, &outcome->last_episode, &model->outcome_episodes,
                           model->visits[visit].outcome, arrival->episode));
    if (!epi__ids_push(&pair->visits, visit)) return epi__fail_memory(MODULE, sizeof visit);
    outcome->count++;
    outcome->last_visit = visit;
    pair->terminated += arrival->terminated;
    count_reward(&outcome->reward, arrival->reward, outcome->count);
    count_reward(&pair->reward, arrival->reward, pair->visits.count);
    model->repeated += pair->visits.count == 2;
    model->stochastic += !was_stochastic && epi__model_is_stochastic(pair);
    return EPI_OK;
}

epi_status epi__model_add(uint32_t *visit, epi__model *model, const epi__arrival *arrival) {
    uint32_t action, pair, outcome;
    EPI__TRY(reserve(&model->visits, model->visit_count, &model->visit_capacity, sizeof *model->visits));
    EPI__TRY(place_action(&action, model, arrival->action));
    EPI__TRY(place_pair(&pair, model, arrival->state, action));
    EPI__TRY(place_outcome(&outcome, model, pair, arrival->next, arrival->terminated));
    *visit = model->visit_count++;
    model->visits[*visit] = (epi__visit){arrival->step, arrival->reward, pair, outcome};
    return count_visit(model, *visit, arrival);
}
