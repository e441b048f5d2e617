/* beam.c - the rollouts of highest return: all partial rollouts of one length are compared by their scores (scores.c),
 * and the best few go on. To a goal, those are the ones that seem nearest to it.
 *
 * Of the partial rollouts in one cell only the best two are kept, so that the beam does not crowd.
 */
#include <stdlib.h>

#include "search.h"

#define CELL_KEPT 2u

/* ---- rounds ------------------------------------------------------------------------------------------------------ */

typedef struct ranked {
    double score;
    uint32_t node;
} ranked;

typedef struct beam {
    epi__search *search;
    epi__scores scores;
    ranked *level; /* made in this round */
    size_t count, capacity;
    epi__map kept;  /* cell -> how many of it are kept in this round */
    ranked *finished; /* best first, at most k */
    size_t finished_count;
} beam;

static int by_score(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->node > y->node) - (x->node < y->node);
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
    return epi__scores_of(&b->level[b->count++].score, &b->scores, node);
}

static void finish(beam *b, const ranked *one) {
    epi__search *s = b->search;
    size_t at = b->finished_count;
    if (s->goal.given && !s->nodes[one->node].at_goal) return;
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
        uint64_t cell = epi__scores_cell(&b->scores, b->level[i].node), count = 0;
        if (n->ended || (n->at_goal && n->steps > 0) || n->steps >= s->options->steps_max) {
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

/* To a goal, what comes later only costs more. */
static bool has_enough(const beam *b) {
    return b->search->goal.given && b->finished_count == b->search->options->k;
}

static epi_status run(beam *b) {
    epi__search *s = b->search;
    ranked *from = epi__realloc(NULL, EPI__MAX(s->options->beam, s->starts), sizeof *from);
    if (!from) return epi__fail_memory("imagine", s->options->beam * sizeof *from);
    epi_status status = EPI_OK;
    for (uint32_t start = 0; !status && start < s->starts; start++) status = note(b, start);
    s->reason = EPI_STOP_STEPS;
    while (!status && b->count > 0 && s->reason == EPI_STOP_STEPS && !has_enough(b)) {
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
    epi_status status = epi__scores_init(&b.scores, search);
    search->hop = 0.0;
    b.finished = epi__realloc(NULL, search->options->k, sizeof *b.finished);
    if (!status && !b.finished) status = epi__fail_memory("imagine", search->options->k * sizeof *b.finished);
    if (!status) status = run(&b);
    for (size_t i = 0; !status && i < b.finished_count; i++)
        if (b.finished[i].node >= search->starts) search->found[search->found_count++] = b.finished[i].node;
    if (search->goal.given && search->found_count > 0) search->reason = EPI_STOP_GOAL;
    epi__scores_dispose(&b.scores);
    epi__map_dispose(&b.kept);
    epi__free(b.level);
    epi__free(b.finished);
    return status;
}
