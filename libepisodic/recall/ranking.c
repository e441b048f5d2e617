/* ranking.c - candidates in the order of their sums, as far as somebody asks: of a thousand some hundred are looked at,
 * and a filter decides how many, so they are taken from a heap rather than sorted.
 *
 * Invariant: of what is left, no rank stands before its parent. Equal sums come in the order of steps.
 */
#include "search.h"

static bool is_before(epi__rank a, epi__rank b) {
    return a.sum > b.sum || (a.sum == b.sum && a.candidate < b.candidate); /* candidates stand in order of steps */
}

static void sift_down(epi__rank *ranks, size_t count, size_t at) {
    const epi__rank moved = ranks[at];
    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        child += child + 1 < count && is_before(ranks[child + 1], ranks[child]);
        if (!is_before(ranks[child], moved)) break;
        ranks[at] = ranks[child];
        at = child;
    }
    ranks[at] = moved;
}

epi_status epi__ranking_init(epi__ranking *ranking, epi__search_state *search) {
    *ranking = (epi__ranking){epi__arena_alloc(&search->query->arena, search->count + 1, sizeof *ranking->ranks),
                              search->count};
    if (!ranking->ranks) return epi__fail_memory("recall", search->count * sizeof *ranking->ranks);
    for (size_t i = 0; i < search->count; i++)
        ranking->ranks[i] = (epi__rank){search->candidates[i].sum, &search->candidates[i]};
    for (size_t i = search->count / 2; i-- > 0;) sift_down(ranking->ranks, search->count, i);
    return EPI_OK;
}

const epi__candidate *epi__ranking_next(epi__ranking *ranking) {
    if (ranking->left == 0) return NULL;
    const epi__candidate *first = ranking->ranks[0].candidate;
    ranking->ranks[0] = ranking->ranks[--ranking->left];
    if (ranking->left > 0) sift_down(ranking->ranks, ranking->left, 0);
    return first;
}
