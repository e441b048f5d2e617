/* beam.c - the rollouts of highest return: all partial rollouts of one length are compared by what they gained and what
 * followed in memory from where they stand, and the best few go on.
 *
 * What followed is a mean over the steps around a place, never the best of them, or luck would be taken for a choice.
 * Of the partial rollouts in one cell only the best two are kept, so that the beam does not crowd.
 */
#include <math.h>
#include <stdlib.h>

#include "search.h"

#define CELL_KEPT 2u
#define VALUE_NEIGHBOURS 16u

/* ---- what followed in memory ------------------------------------------------------------------------------------- */

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

/* ---- rounds ------------------------------------------------------------------------------------------------------ */

typedef struct ranked {
    double score;
    uint32_t node;
} ranked;

typedef struct beam {
    epi__search *search;
    epi__returns values;
    ranked *level; /* made in this round */
    size_t count, capacity;
    epi__map known; /* cell -> place in cells */
    epi__map kept;  /* cell -> how many of it are kept in this round */
    ranked *finished; /* best first, at most k */
    size_t finished_count;
    double cell;
} beam;

static int by_score(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->node > y->node) - (x->node < y->node);
}

static uint64_t cell_of(const beam *b, uint32_t node) {
    const float *place = epi__search_place(b->search, node);
    return epi__neighbours_cell_of(place, b->search->traces->observation_size, b->cell, 0.0);
}

/* Low value of what follows a node, looked up once for each cell. */
static epi_status value_of(double *value, beam *b, uint32_t node) {
    uint64_t cell = cell_of(b, node), bits;
    double mean = 0.0, spread = 0.0;
    *value = 0.0;
    if (b->search->nodes[node].ended) return EPI_OK;
    if (epi__map_get(&b->known, cell, &bits)) {
        memcpy(value, &bits, sizeof bits);
        return EPI_OK;
    }
    epi__returns_around(&mean, &spread, &b->values, b->search, node);
    *value = mean - b->search->options->risk * spread;
    memcpy(&bits, value, sizeof bits);
    return epi__map_put(&b->known, cell, bits) ? EPI_OK : epi__fail_memory("imagine", sizeof bits);
}

/* A doubtful rollout may come out anywhere in the range of returns. */
static epi_status score_of(double *score, beam *b, uint32_t node) {
    const epi__search *s = b->search;
    const epi__node *n = &s->nodes[node];
    double value = 0.0;
    EPI__TRY(value_of(&value, b, node));
    n = &s->nodes[node];
    *score = n->gain + pow(s->options->discount, n->steps) * value -
             s->options->risk * b->values.spread * sqrt(1.0 - exp(-n->doubt));
    return EPI_OK;
}

static epi_status note(beam *b, uint32_t node) {
    if (b->count == b->capacity) {
        size_t more = b->capacity ? b->capacity * 2 : 1024;
        ranked *level = epi__realloc(b->level, more, sizeof *level);
        if (!level) return epi__fail_memory("imagine", more * sizeof *level);
        b->level = level;
        b->capacity = more;
    }
    b->level[b->count].node = node;
    return score_of(&b->level[b->count++].score, b, node);
}

static void finish(beam *b, const ranked *one) {
    epi__search *s = b->search;
    size_t at = b->finished_count;
    if (epi__search_novelty(s, one->node) < s->options->novelty_min) return;
    while (at > 0 && by_score(one, &b->finished[at - 1]) < 0) at--;
    if (at == s->options->k) return;
    size_t kept = EPI__MIN(b->finished_count, (size_t)s->options->k - 1);
    memmove(b->finished + at + 1, b->finished + at, (kept - at) * sizeof *b->finished);
    b->finished[at] = *one;
    b->finished_count = kept + 1;
}

/* Keeps the best of a round that can go on, at most two of a cell; the others finish. */
static epi_status keep(beam *b) {
    const epi__search *s = b->search;
    size_t kept = 0;
    qsort(b->level, b->count, sizeof *b->level, by_score);
    epi__map_clear(&b->kept);
    for (size_t i = 0; i < b->count; i++) {
        const epi__node *n = &s->nodes[b->level[i].node];
        uint64_t cell = cell_of(b, b->level[i].node), count = 0;
        if (n->ended || n->steps >= s->options->steps_max) {
            finish(b, &b->level[i]);
            continue;
        }
        (void)epi__map_get(&b->kept, cell, &count);
        if (kept == s->options->beam || count >= CELL_KEPT) continue;
        if (!epi__map_put(&b->kept, cell, count + 1)) return epi__fail_memory("imagine", sizeof count);
        b->level[kept++] = b->level[i];
    }
    b->count = kept;
    return EPI_OK;
}

static epi_status grow_round(beam *b, ranked *from, size_t count) {
    epi__search *s = b->search;
    for (size_t i = 0; i < count && !epi__search_spent(s); i++) {
        uint32_t first = (uint32_t)s->count;
        EPI__TRY(epi__search_expand(s, from[i].node, 1));
        if (s->count == first && from[i].node >= s->starts) finish(b, &from[i]); /* a dead end */
        for (uint32_t made = first; made < s->count; made++) EPI__TRY(note(b, made));
    }
    return keep(b);
}

static epi_status run(beam *b) {
    epi__search *s = b->search;
    ranked *from = epi__realloc(NULL, EPI__MAX(s->options->beam, s->starts), sizeof *from);
    if (!from) return epi__fail_memory("imagine", s->options->beam * sizeof *from);
    epi_status status = EPI_OK;
    for (uint32_t start = 0; !status && start < s->starts; start++) status = note(b, start);
    s->reason = EPI_STOP_STEPS;
    while (!status && b->count > 0 && s->reason == EPI_STOP_STEPS) {
        size_t count = EPI__MIN(b->count, EPI__MAX(s->options->beam, s->starts));
        memcpy(from, b->level, count * sizeof *from);
        b->count = 0;
        status = grow_round(b, from, count);
    }
    for (size_t i = 0; i < b->count; i++) finish(b, &b->level[i]); /* a limit was met */
    epi__free(from);
    return status;
}

epi_status epi__beam(epi__search *search) {
    beam b = {.search = search};
    epi_status status = epi__returns_make(&b.values, search);
    b.cell = epi__neighbours_step_length(search->traces, epi__search_place(search, 0)) / 2.0;
    search->hop = 0.0;
    b.finished = epi__realloc(NULL, search->options->k, sizeof *b.finished);
    if (!status && !b.finished) status = epi__fail_memory("imagine", search->options->k * sizeof *b.finished);
    if (!status) status = run(&b);
    for (size_t i = 0; !status && i < b.finished_count; i++)
        if (b.finished[i].node >= search->starts) search->found[search->found_count++] = b.finished[i].node;
    epi__returns_dispose(&b.values);
    epi__map_dispose(&b.known);
    epi__map_dispose(&b.kept);
    epi__free(b.level);
    epi__free(b.finished);
    return status;
}
