/* scores.c - how good a node is: by what it gained, what followed in memory from where it stands, and how much of it is
 * in doubt; with a goal by its cost and what is left of the way.
 *
 * What followed is a mean over the steps around a place, never the best of them, or luck would be taken for a choice.
 */
#include <math.h>

#include "search.h"

#define VALUE_NEIGHBOURS 16u

static void sum_back(epi__returns *values, const epi__search *search, uint32_t row, double *sum, double *squares) {
    const epi__traces *t = search->traces;
    for (double to_go = 0.0; row != EPI__NO_ROW; row = t->previous[row]) {
        to_go = (t->flags[row] & EPI__TRACE_FINAL ? 0.0 : t->rewards[row]) + search->options->discount * to_go;
        values->to_go[row] = to_go;
        *sum += to_go;
        *squares += to_go * to_go;
    }
}

epi_status epi__returns_make(epi__returns *values, const epi__search *search) {
    const epi__traces *t = search->traces;
    double sum = 0.0, squares = 0.0, count = (double)EPI__MAX(t->count, 1u);
    values->to_go = epi__alloc_zero(t->count + 1, sizeof *values->to_go);
    if (!values->to_go) return epi__fail_memory("imagine", t->count * sizeof *values->to_go);
    for (uint32_t row = 0; row < t->count; row++)
        if (t->next[row] == EPI__NO_ROW && !(t->flags[row] & EPI__TRACE_GONE))
            sum_back(values, search, row, &sum, &squares);
    values->spread = sqrt(fmax(squares / count - sum / count * (sum / count), 0.0));
    return EPI_OK;
}

void epi__returns_dispose(epi__returns *values) {
    epi__free(values->to_go);
}

void epi__returns_around(double *mean, double *spread, const epi__returns *values, epi__search *search, uint32_t node) {
    double sum = 0.0, squares = 0.0, count = 0.0;
    *mean = *spread = 0.0;
    if (search->nodes[node].ended) return;
    epi__search_look(search, node);
    for (size_t i = 0; i < search->around.witness_count && count < VALUE_NEIGHBOURS; i++, count += 1.0) {
        double to_go = values->to_go[search->around.witnesses[i].row];
        sum += to_go;
        squares += to_go * to_go;
    }
    *spread = values->spread; /* nothing is known of what follows */
    if (count == 0.0) return;
    *mean = sum / count;
    if (count > 1.0) *spread = sqrt(fmax(squares / count - *mean * *mean, 0.0));
}

/* ---- scores ------------------------------------------------------------------------------------------------------ */

epi_status epi__scores_init(epi__scores *scores, epi__search *search) {
    *scores = (epi__scores){.search = search};
    scores->cell = epi__neighbours_step_length(search->traces, epi__search_place(search, 0)) / 2.0;
    return search->goal.given ? EPI_OK : epi__returns_make(&scores->values, search);
}

void epi__scores_dispose(epi__scores *scores) {
    epi__returns_dispose(&scores->values);
    epi__map_dispose(&scores->known);
}

uint64_t epi__scores_cell(const epi__scores *scores, uint32_t node) {
    const float *place = epi__search_place(scores->search, node);
    return epi__neighbours_cell_of(place, scores->search->traces->observation_size, scores->cell, 0.0);
}

/* Low value of what follows a node, looked up once for each cell. */
static epi_status value_of(double *value, epi__scores *scores, uint32_t node) {
    uint64_t cell = epi__scores_cell(scores, node), bits;
    double mean = 0.0, spread = 0.0;
    *value = 0.0;
    if (scores->search->nodes[node].ended) return EPI_OK;
    if (epi__map_get(&scores->known, cell, &bits)) {
        memcpy(value, &bits, sizeof bits);
        return EPI_OK;
    }
    epi__returns_around(&mean, &spread, &scores->values, scores->search, node);
    *value = mean - scores->search->options->risk * spread;
    memcpy(&bits, value, sizeof bits);
    return epi__map_put(&scores->known, cell, bits) ? EPI_OK : epi__fail_memory("imagine", sizeof bits);
}

/* A doubtful rollout may come out anywhere in the range of returns. */
epi_status epi__scores_of(double *score, epi__scores *scores, uint32_t node) {
    const epi__search *s = scores->search;
    const epi__node *n = &s->nodes[node];
    double value = 0.0;
    if (s->goal.given) {
        *score = -n->cost - (n->at_goal ? 0.0 : epi__goal_steps(&s->goal, epi__search_place(s, node)));
        return EPI_OK;
    }
    EPI__TRY(value_of(&value, scores, node));
    *score = n->gain + pow(s->options->discount, n->steps) * value -
             s->options->risk * scores->values.spread * sqrt(1.0 - exp(-n->doubt));
    return EPI_OK;
}
