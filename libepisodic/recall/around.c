/* around.c - what stands around a step. In a conversation the words of a question seldom stand all in the turn that
 * answers it: some stand in the turn that asked, some a few turns before.
 *
 * context: each word of the cue counts once, with its idf, by the nearest place where it stands: fully in the step,
 * less with each step away. So it is the weight of the cue that is covered there, and a word said often is worth no
 * more.
 * episode: the mean of the best steps of the episode; a step among others that fit is likelier meant.
 * Both are scaled by the best candidate. Hidden steps lend nothing.
 *
 * Source: ours. Proximity as evidence: Tao and Zhai 2007, "An exploration of proximity measures in information
 * retrieval"; here over steps instead of words. The decay was chosen on LoCoMo-form human chats (docs/ARCHITECTURE.md).
 */
#include "search.h"

#define EPISODE_BEST 3

static const double decay[EPI__REACH + 1] = {1.0, 0.8, 0.7, 0.5, 0.3};

static uint32_t words_of(const epi__search_state *search, uint64_t step) {
    if (!step || step >= search->scratch->cell_count) return 0;
    return epi__filter_sees(&search->query->filter, step) ? search->scratch->cells[step].words & ~EPI__CELL_WHOLE : 0;
}

static double idf_sum(const epi__query *query, uint32_t words) {
    double sum = 0.0;
    for (size_t i = 0; words != 0; i++, words >>= 1)
        if (words & 1) sum += query->idfs[i];
    return sum;
}

static uint64_t beside(const epi__search_state *search, const epi__run *run, uint64_t step, int distance) {
    uint64_t place = step - run->first + (uint64_t)(int64_t)distance; /* wraps to a great number before the run */
    return place < run->count ? run->first + place : epi__mirror_neighbour(search->snapshot->mirror, step, distance);
}

static double context_of(const epi__search_state *search, const epi__run *run, uint64_t step) {
    uint32_t covered = words_of(search, step);
    double sum = idf_sum(search->query, covered);
    int reach = (int)search->query->profile.reach;
    for (int d = 1; run && d <= reach; d++) {
        uint32_t words = words_of(search, beside(search, run, step, -d)) |
                         words_of(search, beside(search, run, step, d));
        sum += decay[d] * idf_sum(search->query, words & ~covered);
        covered |= words;
    }
    return sum;
}

static void score_contexts(epi__search_state *search) {
    double best = 0.0;
    for (size_t i = 0; i < search->count; i++) {
        epi__candidate *candidate = &search->candidates[i];
        const epi__run *run = epi__mirror_run(search->snapshot->mirror, candidate->step);
        candidate->episode = run ? run->episode : 0;
        candidate->index = run ? run->first_index + (candidate->step - run->first) : 0;
        candidate->context = context_of(search, run, candidate->step);
        best = EPI__MAX(best, candidate->context);
    }
    for (size_t i = 0; i < search->count && best > 0.0; i++) search->candidates[i].context /= best;
}

static int by_sum(const void *a, const void *b) {
    const epi__candidate *x = a, *y = b;
    if (x->sum != y->sum) return x->sum > y->sum ? -1 : 1;
    return (x->step > y->step) - (x->step < y->step);
}

/* Candidates of one episode that stand side by side in the order of steps. An episode has several such stretches where
 * others were recorded in between. */
typedef struct stretch {
    uint64_t episode;
    size_t from;
    size_t to;
} stretch;

static int by_episode(const void *a, const void *b) {
    const stretch *x = a, *y = b;
    if (x->episode != y->episode) return x->episode < y->episode ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

/* Stretches in the order of their episodes; NULL: out of memory. */
static stretch *find_stretches(size_t *count, epi__search_state *search) {
    stretch *all = epi__arena_alloc(&search->query->arena, search->count + 1, sizeof *all);
    *count = 0;
    for (size_t i = 0; all && i < search->count; i++) {
        uint64_t episode = search->candidates[i].episode;
        if (*count == 0 || all[*count - 1].episode != episode) all[(*count)++] = (stretch){episode, i, i};
        all[*count - 1].to = i + 1;
    }
    if (all) qsort(all, *count, sizeof *all, by_episode);
    return all;
}

/* Puts a sum in its place among the greatest, which are in falling order. */
static void keep_best(double best[EPISODE_BEST], size_t *count, double sum) {
    size_t at = *count;
    if (at == EPISODE_BEST && best[at - 1] >= sum) return;
    if (at == EPISODE_BEST) at--;
    else (*count)++;
    for (; at > 0 && best[at - 1] < sum; at--) best[at] = best[at - 1];
    best[at] = sum;
}

/* The mean of an episode's best candidates, which all of them get; 0 where it is below. */
static double mean_episode(epi__search_state *search, const stretch *first, const stretch *end) {
    double best[EPISODE_BEST], sum = 0.0;
    size_t count = 0;
    for (const stretch *each = first; each < end; each++)
        for (size_t i = each->from; i < each->to; i++) keep_best(best, &count, search->candidates[i].sum);
    for (size_t i = 0; i < count; i++) sum += best[i];
    double mean = EPI__MAX(sum / EPISODE_BEST, 0.0);
    for (const stretch *each = first; each < end; each++)
        for (size_t i = each->from; i < each->to; i++) search->candidates[i].mean = mean;
    return mean;
}

static epi_status score_episodes(epi__search_state *search) {
    double weight = search->query->profile.episode, best = 0.0;
    size_t count = 0;
    const stretch *all = find_stretches(&count, search);
    if (!all) return epi__fail_memory("recall", (search->count + 1) * sizeof *all);
    for (size_t at = 0, end = 0; at < count; at = end) {
        while (end < count && all[end].episode == all[at].episode) end++;
        best = EPI__MAX(best, mean_episode(search, all + at, all + end));
    }
    for (size_t i = 0; i < search->count && best > 0.0; i++) {
        search->candidates[i].mean /= best;
        search->candidates[i].sum += weight * search->candidates[i].mean;
    }
    return EPI_OK;
}

epi_status epi__around_score(epi__search_state *search) {
    const epi_recall_profile *profile = &search->query->profile;
    score_contexts(search);
    for (size_t i = 0; i < search->count; i++) {
        epi__candidate *candidate = &search->candidates[i];
        bool seen = epi__filter_sees(&search->query->filter, candidate->step);
        candidate->lexical = seen ? epi__arms_lexical(search, candidate->step) : 0.0;
        candidate->vector = seen ? epi__arms_vector_of(search, candidate->step) : 0.0;
        candidate->beside = seen ? epi__arms_beside_of(search, candidate->step) : 0.0;
        candidate->dated = seen ? epi__arms_dated(search, candidate->step) : 0.0;
        candidate->sum = profile->lexical * candidate->lexical + profile->vector * candidate->vector +
                         profile->beside * candidate->beside +
                         profile->time_fit * candidate->dated + profile->context * candidate->context +
                         (candidate->user ? profile->user * candidate->lexical : 0.0);
    }
    EPI__TRY(score_episodes(search));
    qsort(search->candidates, search->count, sizeof *search->candidates, by_sum);
    return EPI_OK;
}
