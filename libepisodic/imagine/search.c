/* search.c - nodes, and going on from one; see search.h. */
#include "search.h"

#include <math.h>

#define MODULE "imagine"
#define LOOK 1.0          /* how far around a place steps are asked, in local steps */
#define LOOK_ENTRY 8.0    /* ... where one begins and no step is near */
#define PLAUSIBILITY_LEAST 1e-6
#define JOIN_COST 0.05    /* steps: of two ways alike, the one with fewer joins */

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

static epi_status add_node(epi__search *search, const epi__node *node, const float *place) {
    size_t size = search->traces->observation_size;
    if (search->count == search->capacity) {
        size_t more = search->capacity ? search->capacity * 2 : 1024;
        if (more >= EPI__NO_NODE) return epi__fail(EPI_ELIMIT, MODULE, "a search has %zu places", search->count);
        epi__node *nodes = epi__realloc(search->nodes, more, sizeof *nodes);
        if (nodes) search->nodes = nodes;
        float *places = epi__realloc(search->places, more * size, sizeof *places);
        if (places) search->places = places;
        if (!nodes || !places) return epi__fail_memory(MODULE, more * (sizeof *nodes + size * sizeof *places));
        search->capacity = more;
    }
    search->nodes[search->count] = *node;
    memcpy(search->places + search->count * size, place, size * sizeof *place);
    search->count++;
    return EPI_OK;
}

epi_status epi__search_init(epi__search *search) {
    size_t size = search->traces->observation_size;
    search->past = epi__realloc(NULL, 2 * size * EPI_CONTEXT_COUNT_MAX, sizeof *search->past);
    search->here = epi__realloc(NULL, 3 * size, sizeof *search->here);
    search->found = epi__realloc(NULL, search->options->k, sizeof *search->found);
    search->around.moves = epi__realloc(NULL, 2 * EPI__WITNESSES_MAX * size, sizeof *search->around.moves);
    if (!search->past || !search->here || !search->found || !search->around.moves)
        return epi__fail_memory(MODULE, size * sizeof(float));
    search->past_there = search->past + size * EPI_CONTEXT_COUNT_MAX;
    search->before = search->here + size;
    search->there = search->before + size;
    return EPI_OK;
}

epi_status epi__search_start(epi__search *search, uint32_t row, const float *place) {
    epi__node node = {.parent = EPI__NO_NODE, .row = EPI__NO_ROW, .arrived = row};
    node.at_goal = epi__goal_reached(&search->goal, place);
    EPI__TRY(add_node(search, &node, place));
    search->starts = search->count;
    return EPI_OK;
}

void epi__search_restart(epi__search *search) {
    search->count = search->starts;
    search->found_count = 0;
}

void epi__search_dispose(epi__search *search) {
    epi__free(search->nodes);
    epi__free(search->places);
    epi__free(search->past);
    epi__free(search->here);
    epi__free(search->around.moves);
    epi__free(search->found);
}

double epi__search_novelty(const epi__search *search, uint32_t node) {
    uint32_t longest = 0, piece = 0, steps = search->nodes[node].steps;
    for (; search->nodes[node].parent != EPI__NO_NODE; node = search->nodes[node].parent) {
        piece += search->nodes[node].count;
        longest = EPI__MAX(longest, piece);
        if (search->nodes[node].joined) piece = 0;
    }
    return steps ? 1.0 - (double)longest / (double)steps : 0.0;
}

bool epi__search_spent(epi__search *search) {
    if (search->expansions >= search->options->expansions_max)
        search->reason = EPI_STOP_EXPANSIONS;
    else if (search->deadline_us && epi__clock_monotonic_us() >= search->deadline_us)
        search->reason = EPI_STOP_TIME;
    else
        return false;
    return true;
}

/* ---- looking around ---------------------------------------------------------------------------------------------- */

/* Where one stands who stood at `from` when the piece stood at `first`, now that the piece stands at `at`. */
static void displace(float *place, const float *from, const float *first, const float *at, size_t size) {
    for (size_t i = 0; i < size; i++) place[i] = from[i] + (at[i] - first[i]);
}

/* The believed places of a node's own steps, newest first. */
static void piece_back(float *places, size_t *count, size_t wanted, const epi__search *search, uint32_t node) {
    const epi__traces *t = search->traces;
    const epi__node *n = &search->nodes[node];
    const float *from = epi__search_place(search, n->parent), *first = epi__traces_observation(t, n->row);
    uint32_t row = n->row;
    for (uint32_t i = 1; i < n->count; i++) row = t->next[row];
    for (uint32_t i = n->count; i-- > 0 && *count < wanted; row = t->previous[row])
        displace(places + (*count)++ * t->observation_size, from, first, epi__traces_observation(t, row),
                 t->observation_size);
}

size_t epi__search_back(float *places, const epi__search *search, uint32_t node) {
    const epi__traces *t = search->traces;
    size_t size = t->observation_size, wanted = EPI__MAX(search->options->context, 2u) - 1, count = 0;
    for (; search->nodes[node].parent != EPI__NO_NODE && count < wanted; node = search->nodes[node].parent)
        piece_back(places, &count, wanted, search, node);
    uint32_t row = search->nodes[node].parent == EPI__NO_NODE ? search->nodes[node].arrived : EPI__NO_ROW;
    if (row == EPI__NO_ROW) {
        for (size_t i = 0; i < search->history_count && count < wanted; i++, count++)
            memcpy(places + count * size, search->history + i * size, size * sizeof(float));
        return count;
    }
    for (; count < wanted && (row = t->previous[row]) != EPI__NO_ROW; count++)
        memcpy(places + count * size, epi__traces_observation(t, row), size * sizeof(float));
    return count;
}

uint64_t epi__search_cell(epi__search *search, uint32_t node, double cell, double shift) {
    size_t size = search->traces->observation_size;
    uint64_t cells[2] = {epi__neighbours_cell_of(epi__search_place(search, node), size, cell, shift), 0};
    if (search->options->context < 2) return cells[0];
    size_t count = epi__search_back(search->past, search, node);
    if (count > 0) cells[1] = epi__neighbours_cell_of(search->past + (count - 1) * size, size, cell, shift);
    return epi__hash64(cells, sizeof cells);
}

void epi__search_look(epi__search *search, uint32_t node) {
    memcpy(search->here, epi__search_place(search, node), search->traces->observation_size * sizeof(float));
    search->around.at = search->here;
    search->around.history_count = epi__search_back(search->past, search, node);
    search->around.history = search->past;
    epi__place_look(&search->around, &search->judge, LOOK);
}

/* ---- going on ---------------------------------------------------------------------------------------------------- */

static uint64_t bit_of(uint64_t episode) {
    return 1ull << (episode * 0x9e3779b97f4a7c15ull >> 58);
}

/* Whether some of the next steps are among those that led to a node. Rows of one piece are linked, so comparing places
 * in the episode is enough. */
static bool repeats(const epi__search *search, uint32_t node, const epi__node *next) {
    if (!(search->nodes[node].episodes & bit_of(next->episode))) return false;
    for (; search->nodes[node].parent != EPI__NO_NODE; node = search->nodes[node].parent) {
        const epi__node *n = &search->nodes[node];
        if (n->episode == next->episode && next->index < n->index + n->count && n->index < next->index + next->count)
            return true;
    }
    return false;
}

static bool is_allowed(const epi__search *search, uint32_t row) {
    return epi__traces_leads_on(search->traces, row) &&
           (!search->allowed || search->allowed[row / 8] >> (row % 8) & 1);
}

static bool is_valid(const epi__search *search, const float *from, const float *to, uint32_t row) {
    const epi_imagine_options *o = search->options;
    return !o->valid || o->valid(o->callback_context, from, to, epi__traces_action(search->traces, row));
}

static double reward_of(const epi__search *search, const float *from, const float *to, uint32_t row) {
    const epi_imagine_options *o = search->options;
    double recorded = search->traces->rewards[row];
    if (!o->reward) return recorded;
    return o->reward(o->callback_context, from, to, epi__traces_action(search->traces, row), recorded);
}

/* What the step of a row leads to, from search->before into search->there; by the caller's model if there is one. */
static bool imagine_step(bool *ended, const epi__search *search, const float *first, uint32_t row) {
    const epi__traces *t = search->traces;
    const epi_imagine_options *o = search->options;
    size_t size = t->observation_size;
    *ended = false;
    if (o->step)
        return o->step(o->callback_context, search->there, ended, search->before, epi__traces_action(t, row)) &&
               epi__math_all_finite(search->there, size);
    displace(search->there, search->here, first, epi__traces_landing(t, row), size);
    *ended = t->flags[row] & EPI__TRACE_TERMINATED;
    return true;
}

static void take_step(epi__search *search, epi__node *next, uint32_t row) {
    const epi__traces *t = search->traces;
    double weight = pow(search->options->discount, next->steps);
    next->gain += weight * reward_of(search, search->before, search->there, row);
    next->steps++;
    next->count++;
    next->arrived = t->next[row];
    next->at_goal = epi__goal_reached(&search->goal, search->there);
}

/* Follows the episode from `next->row` on for at most `steps`, until far enough, at the goal, or at its end; fills the
 * node and search->there. False: not a single step can be taken. */
static bool follow(epi__search *search, epi__node *next, uint32_t steps) {
    const epi__traces *t = search->traces;
    size_t size = t->observation_size;
    const float *from = search->here, *first = epi__traces_observation(t, next->row);
    memcpy(search->there, from, size * sizeof *from);
    for (uint32_t row = next->row; next->count < steps && is_allowed(search, row); row = next->arrived) {
        displace(search->before, from, first, epi__traces_observation(t, row), size);
        if (!imagine_step(&next->ended, search, first, row)) return false;
        if (!is_valid(search, search->before, search->there, row)) return false;
        take_step(search, next, row);
        if (next->at_goal || next->ended || next->arrived == EPI__NO_ROW) break;
        if (epi__distance2(from, search->there, size) >= search->hop * search->hop) break;
    }
    return next->count > 0;
}

/* Going on as the piece does on which one has stood exactly is memory, and beyond doubt. */
static bool is_memory(const epi__search *search, const epi__node *parent, const epi_join *join, uint32_t row) {
    return row == parent->arrived && join->distance < 1e-4 && (!search->judge.reports || join->refuted == 0);
}

static void set_cost(const epi__search *search, epi__node *node) {
    node->cost = node->steps + node->joins * JOIN_COST + search->options->doubt_cost * node->doubt / log(2.0);
}

/* At a goal that is a stored step one must have come as that one did. */
static void judge_arrival(epi__search *search, uint32_t node) {
    epi__node *n = &search->nodes[node];
    if (!n->at_goal || search->goal.row == EPI__NO_ROW || search->options->context < 2) return;
    size_t count = epi__search_back(search->past_there, search, node);
    double length = epi__neighbours_step_length(search->traces, epi__search_place(search, node));
    double agreement = epi__join_context(&search->judge, search->past_there, count, length, search->goal.row);
    n->at_goal = agreement >= search->options->plausibility_min;
    if (n->at_goal) n->doubt -= log(agreement);
    set_cost(search, n);
}

static epi_status go_on(epi__search *search, uint32_t node, uint32_t row, uint32_t steps) {
    const epi__node parent = search->nodes[node];
    epi_join join;
    epi__node next = parent;
    next.parent = node;
    next.row = row;
    next.count = 0;
    next.joined = row != parent.arrived;
    next.joins += next.joined;
    next.index = search->traces->indices[row];
    next.episode = search->traces->episodes[row];
    next.episodes |= bit_of(next.episode);
    if (!follow(search, &next, steps)) return EPI_OK;
    if (search->is_closed && !next.at_goal && search->is_closed(search->closed_context, search->there)) return EPI_OK;
    if (repeats(search, node, &next)) return EPI_OK;
    epi__join_score(&join, &search->judge, &search->around, row);
    if (is_memory(search, &parent, &join, row)) join.plausibility = 1.0;
    bool entry = parent.parent == EPI__NO_NODE; /* one has to begin somehow */
    double least = search->options->plausibility_min;
    if (search->options->distance && join.distance > search->options->join_radius && !entry) return EPI_OK;
    if (join.plausibility < least && !entry) return EPI_OK;
    join.plausibility = EPI__MAX(join.plausibility, entry ? PLAUSIBILITY_LEAST : least);
    next.doubt -= log(join.plausibility);
    set_cost(search, &next);
    EPI__TRY(add_node(search, &next, search->there));
    judge_arrival(search, (uint32_t)search->count - 1);
    return EPI_OK;
}

/* How far joins may reach from here. Whoever begins where nobody was begins as the nearest did. */
static double reach(epi__search *search, const epi__node *node) {
    epi__place *around = &search->around;
    double radius = search->options->join_radius * around->length;
    bool near = around->witness_count > 0 && (double)around->witnesses[0].distance2 <= radius * radius;
    if (near || node->parent != EPI__NO_NODE) return radius;
    epi__place_look(around, &search->judge, LOOK_ENTRY);
    return LOOK_ENTRY * around->length;
}

epi_status epi__search_expand(epi__search *search, uint32_t node, uint32_t steps) {
    const epi__node n = search->nodes[node];
    const epi_imagine_options *o = search->options;
    if (n.ended || n.steps >= o->steps_max) return EPI_OK;
    steps = o->step ? 1 : EPI__MIN(steps, o->steps_max - n.steps); /* a model knows no pieces */
    search->expansions++;
    epi__search_look(search, node);
    if (n.arrived != EPI__NO_ROW && is_allowed(search, n.arrived)) EPI__TRY(go_on(search, node, n.arrived, steps));
    double radius = reach(search, &n);
    uint32_t looked = 0;
    for (size_t i = 0; n.joins < o->joins_max && i < search->around.witness_count && looked < o->neighbours; i++) {
        const epi__neighbour *one = &search->around.witnesses[i];
        if ((double)one->distance2 > radius * radius) break;
        if (one->row == n.arrived || !is_allowed(search, one->row)) continue;
        if (search->around.alike[i] < o->plausibility_min) continue;
        EPI__TRY(go_on(search, node, one->row, steps));
        looked++;
    }
    return EPI_OK;
}
