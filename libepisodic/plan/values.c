/* values.c - backups, and in which order to make them.
 *
 * Idea: a change of a state's value can only change the pairs that led to it. They are queued by how much a backup
 * would change them, computed exactly, so no backup is made in vain and the greatest change comes first.
 * Invariant: a pair that was looked at is queued if and only if a backup would change it by more than the tolerance.
 * Source: Moore and Atkeson, Prioritized sweeping (1993); Sutton and Barto, Reinforcement Learning (2018), 8.4.
 */
#include "values.h"

#include <math.h>

#define MODULE "plan"
#define DEADLINE_INTERVAL 1024u /* backups between two looks at the clock */

void epi__values_dispose(epi__values *values) {
    epi__queue_dispose(&values->queue);
    epi__free(values->q);
    epi__free(values->v);
    *values = (epi__values){0};
}

/* ---- backups ---------------------------------------------------------------------------------------------------- */

static double next_value(const epi__outcome *outcome, const double *v, double unknown) {
    if (outcome->terminated) return 0;
    return outcome->next == EPI_NO_STATE ? unknown : v[outcome->next];
}

double epi__values_expected(const epi__model *model, uint32_t pair, const double *of_next, double unknown) {
    const epi__ids *outcomes = &model->pairs[pair].outcomes;
    double sum = 0;
    for (uint32_t i = 0; i < outcomes->count; i++) {
        const epi__outcome *outcome = &model->outcomes[epi__ids_all(outcomes)[i]];
        sum += outcome->count * next_value(outcome, of_next, unknown);
    }
    return sum / model->pairs[pair].visits.count;
}

static double best_outcome(const epi__values *values, const double *v, uint32_t pair) {
    const epi__ids *outcomes = &values->model->pairs[pair].outcomes;
    double best = -INFINITY;
    for (uint32_t i = 0; i < outcomes->count; i++) {
        const epi__outcome *outcome = &values->model->outcomes[epi__ids_all(outcomes)[i]];
        best = fmax(best, outcome->reward.mean + values->discount * next_value(outcome, v, values->unknown_value));
    }
    return best;
}

double epi__values_backup(const epi__values *values, const double *v, uint32_t pair) {
    if (values->maximum) return best_outcome(values, v, pair);
    const double mean = values->model->pairs[pair].reward.mean +
                        values->discount * epi__values_expected(values->model, pair, v, values->unknown_value);
    return values->penalty ? fmax(values->floor, mean - values->penalty[pair]) : mean;
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

static void look_at(epi__values *values, uint32_t pair) {
    const double change = fabs(epi__values_backup(values, values->v, pair) - values->q[pair]);
    if (change > values->tolerance)
        epi__queue_set(&values->queue, pair, change);
    else
        epi__queue_remove(&values->queue, pair);
}

static double best_of(const epi__values *values, uint32_t state) {
    const epi__ids *tried = &values->model->links[state].tried;
    double best = tried->count > 0 ? (double)-INFINITY : values->unknown_value;
    for (uint32_t i = 0; i < tried->count; i++) best = fmax(best, values->q[epi__ids_all(tried)[i]]);
    return best;
}

static void look_at_causes(epi__values *values, uint32_t state) {
    const epi__ids *causes = &values->model->links[state].causes;
    for (uint32_t i = 0; i < causes->count; i++) {
        const epi__outcome *outcome = &values->model->outcomes[epi__ids_all(causes)[i]];
        if (!outcome->terminated) look_at(values, outcome->pair);
    }
}

static void back_up(epi__values *values, uint32_t pair, epi__effort *effort) {
    const uint32_t state = values->model->pairs[pair].state;
    const double was = values->q[pair], state_was = values->v[state];
    values->q[pair] = epi__values_backup(values, values->v, pair);
    effort->backups++;
    effort->backups_left--;
    effort->changed += values->q[pair] < was || values->q[pair] > was;
    values->v[state] = best_of(values, state);
    look_at(values, pair); /* it may lead to its own state */
    if (values->v[state] < state_was || values->v[state] > state_was) look_at_causes(values, state);
}

static bool may_go_on(const epi__effort *effort) {
    if (effort->backups_left == 0) return false;
    if (effort->deadline_us == 0 || effort->backups % DEADLINE_INTERVAL != 0) return true;
    return epi__clock_monotonic_us() < effort->deadline_us;
}

void epi__values_settle(epi__values *values, epi__effort *effort) {
    while (values->queue.count > 0 && may_go_on(effort)) back_up(values, values->queue.heap[0], effort);
}

/* Visits lead forward in time, so backwards a reward reaches the beginning of its episode in one sweep. */
void epi__values_sweep_back(epi__values *values, epi__effort *effort) {
    const epi__model *model = values->model;
    for (uint32_t i = model->visit_count; i > 0 && may_go_on(effort); i--) {
        const uint32_t pair = model->visits[i - 1].pair;
        const epi__ids *visits = &model->pairs[pair].visits;
        if (epi__ids_all(visits)[visits->count - 1] == i - 1) back_up(values, pair, effort);
    }
}

void epi__values_queue_all(epi__values *values) {
    for (uint32_t pair = 0; pair < values->pair_count; pair++) look_at(values, pair);
}

/* ---- growing ---------------------------------------------------------------------------------------------------- */

static bool grow(double **values, uint32_t count) {
    double *grown = epi__realloc(*values, count, sizeof *grown);
    if (grown) *values = grown;
    return grown != NULL;
}

/* Twice the room that is needed, so that growing by one state at a time costs nothing much. */
static epi_status reserve(epi__values *values) {
    const epi__model *model = values->model;
    if (model->pair_count > values->queue.item_count || !values->q) {
        const uint32_t room = model->pair_capacity;
        if (!grow(&values->q, room)) return epi__fail_memory(MODULE, room * sizeof(double));
        EPI__TRY(epi__queue_grow(&values->queue, room));
    }
    if ((model->link_count > values->state_count || !values->v) && !grow(&values->v, model->link_capacity))
        return epi__fail_memory(MODULE, model->link_capacity * sizeof(double));
    return EPI_OK;
}

/* A state's first action: it is no longer unknown, and those who came here may be worth something else now. */
static void revalue(epi__values *values, uint32_t state) {
    const double was = values->v[state];
    values->v[state] = best_of(values, state);
    if (values->v[state] < was || values->v[state] > was) look_at_causes(values, state);
}

epi_status epi__values_grow(epi__values *values) {
    const epi__model *model = values->model;
    const uint32_t first_pair = values->pair_count;
    EPI__TRY(reserve(values));
    for (; values->state_count < model->link_count; values->state_count++)
        values->v[values->state_count] = values->unknown_value;
    for (; values->pair_count < model->pair_count; values->pair_count++) values->q[values->pair_count] = 0;
    for (uint32_t pair = first_pair; pair < values->pair_count; pair++) revalue(values, model->pairs[pair].state);
    for (; values->visit_count < model->visit_count; values->visit_count++)
        look_at(values, model->visits[values->visit_count].pair);
    return EPI_OK;
}
