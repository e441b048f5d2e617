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
#define AHEAD 16 /* candidates whose words are called into the cache */

static const double decay[EPI__REACH + 1] = {1.0, 0.8, 0.7, 0.5, 0.3};

/* ---- what stands where ------------------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

size_t epi__steps_unique(uint64_t *steps, size_t count) {
    size_t kept = 0, sorted = 1;
    while (sorted < count && steps[sorted - 1] <= steps[sorted]) sorted++;
    if (sorted < count) qsort(steps, count, sizeof *steps, by_id);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || steps[i] != steps[kept - 1]) steps[kept++] = steps[i];
    return kept;
}

/* The run of a step; most steps lie in the run of the one before them. */
static const epi__run *run_of(const epi__mirror *mirror, const epi__run *last, uint64_t step) {
    return last && step - last->first < last->count ? last : epi__mirror_run(mirror, step);
}

/* Writes the steps that stand `from` to `to` places from one, in other runs of its episode; returns how many. */
static size_t spread_apart(uint64_t *steps, const epi__mirror *mirror, uint64_t step, int from, int to) {
    size_t n = 0;
    for (int d = from; d <= to; d++)
        if ((steps[n] = epi__mirror_neighbour(mirror, step, d)) != 0) n++;
    return n;
}

size_t epi__around_spread(uint64_t *steps, const epi__mirror *mirror, const uint64_t *centres, size_t count,
                          int reach) {
    size_t n = 0;
    uint64_t next = 0; /* behind what was written of the runs themselves */
    const epi__run *run = NULL;
    for (size_t i = 0; i < count; i++) {
        run = run_of(mirror, run, centres[i]);
        uint64_t before = run ? EPI__MIN(centres[i] - run->first, (uint64_t)reach) : 0;
        uint64_t behind = run ? EPI__MIN(run->first + run->count - 1 - centres[i], (uint64_t)reach) : 0;
        for (uint64_t at = EPI__MAX(next, centres[i] - before); at <= centres[i] + behind; at++) steps[n++] = at;
        next = centres[i] + behind + 1;
        if (run && run->previous) n += spread_apart(steps + n, mirror, centres[i], -reach, -(int)before - 1);
        if (run && run->next) n += spread_apart(steps + n, mirror, centres[i], (int)behind + 1, reach);
    }
    return epi__steps_unique(steps, n);
}

/* ---- context ---------------------------------------------------------------------------------------------------- */

static uint32_t words_of(const epi__search_state *search, uint64_t step) {
    if (!step || step >= search->scratch->cell_count) return 0;
    uint32_t words = search->scratch->cells[step].words & ~EPI__CELL_WHOLE;
    return words && epi__filter_sees(&search->query->filter, step) ? words : 0;
}

static void prefetch_words(const epi__search_state *search, uint64_t step) {
    if (step < search->scratch->cell_count) __builtin_prefetch(&search->scratch->cells[step]);
}

static double idf_sum(const epi__query *query, uint32_t words) {
    double sum = 0.0;
    for (; words != 0; words &= words - 1) sum += query->idfs[__builtin_ctz(words)];
    return sum;
}

/* The step that stands `distance` from one of a run; 0: none. */
static uint64_t beside(const epi__search_state *search, const epi__run *run, uint64_t step, int distance) {
    uint64_t place = step - run->first + (uint64_t)(int64_t)distance; /* wraps to a great number before the run */
    if (place < run->count) return run->first + place;
    bool goes_on = distance < 0 ? run->previous != 0 : run->next != 0;
    return goes_on ? epi__mirror_neighbour(search->snapshot->mirror, step, distance) : 0;
}

/* The words that stand `distance` before or behind. */
static uint32_t words_beside(const epi__search_state *search, const epi__run *run, uint64_t step, int distance) {
    return words_of(search, beside(search, run, step, -distance)) |
           words_of(search, beside(search, run, step, distance));
}

/* Whether all within `reach` is in the run, and nothing of it hidden. */
static bool is_plain(const epi__search_state *search, const epi__run *run, uint64_t step, int reach) {
    uint64_t place = step - run->first, far = (uint64_t)reach;
    return place >= far && place + far < run->count && step + far < search->scratch->cell_count &&
           search->snapshot->mirror->mark_count == 0;
}

static double context_of(const epi__search_state *search, const epi__run *run, uint64_t step) {
    uint32_t covered = words_of(search, step);
    double sum = idf_sum(search->query, covered);
    int reach = (int)search->query->profile.reach;
    bool plain = run && is_plain(search, run, step, reach);
    const epi__cell *cell = &search->scratch->cells[plain ? step : 0];
    for (int d = 1; run && d <= reach; d++) {
        uint32_t words = plain ? cell[-d].words | cell[d].words : words_beside(search, run, step, d);
        words &= ~EPI__CELL_WHOLE;
        sum += decay[d] * idf_sum(search->query, words & ~covered);
        covered |= words;
    }
    return sum;
}

static void score_contexts(epi__search_state *search) {
    double best = 0.0;
    const epi__run *run = NULL;
    for (size_t i = 0; i < search->count; i++) {
        epi__candidate *candidate = &search->candidates[i];
        if (i + AHEAD < search->count) prefetch_words(search, search->candidates[i + AHEAD].step);
        run = run_of(search->snapshot->mirror, run, candidate->step);
        candidate->episode = run ? run->episode : 0;
        candidate->index = run ? run->first_index + (candidate->step - run->first) : 0;
        candidate->before = run ? beside(search, run, candidate->step, -1) : 0;
        candidate->context = context_of(search, run, candidate->step);
        best = EPI__MAX(best, candidate->context);
    }
    for (size_t i = 0; i < search->count && best > 0.0; i++) search->candidates[i].context /= best;
}

/* ---- episodes --------------------------------------------------------------------------------------------------- */

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

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static int by_step(const void *step, const void *candidate) {
    const uint64_t *x = step, y = ((const epi__candidate *)candidate)->step;
    return (*x > y) - (*x < y);
}

/* Gives the few candidates that a map has their value: the double that lies `at` bytes into the candidate. */
static void give(epi__search_state *search, const epi__map *values, size_t at) {
    uint64_t step = 0, bits = 0;
    for (size_t next = 0; epi__map_next(values, &next, &step, &bits);) {
        epi__candidate *candidate = bsearch(&step, search->candidates, search->count, sizeof *candidate, by_step);
        if (candidate && epi__filter_sees(&search->query->filter, step))
            memcpy((char *)candidate + at, &bits, sizeof bits);
    }
}

epi_status epi__around_score(epi__search_state *search) {
    const epi_recall_profile *profile = &search->query->profile;
    score_contexts(search);
    give(search, &search->vectors, offsetof(epi__candidate, vector));
    give(search, &search->besides, offsetof(epi__candidate, beside));
    give(search, &search->dated, offsetof(epi__candidate, dated));
    for (size_t i = 0; i < search->count; i++) {
        epi__candidate *candidate = &search->candidates[i];
        bool seen = epi__filter_sees(&search->query->filter, candidate->step);
        candidate->lexical = seen ? epi__arms_lexical(search, candidate->step) : 0.0;
        candidate->sum = profile->lexical * candidate->lexical + profile->vector * candidate->vector +
                         profile->beside * candidate->beside +
                         profile->time_fit * candidate->dated + profile->context * candidate->context +
                         (candidate->user ? profile->user * candidate->lexical : 0.0);
    }
    return score_episodes(search);
}
