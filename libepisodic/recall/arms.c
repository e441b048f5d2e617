/* arms.c - the arm of the cue's vector, and what both arms gave a step, scaled by each arm's best. The words are in
 * words.c.
 */
#include "../memory/beside.h"
#include "search.h"

#define MODULE "recall"
#define VECTOR_COUNT 64u /* nearest steps that the vector brings in */

/* ---- the vector ---------------------------------------------------------------------------------------------- */

static bool seen(void *context, uint64_t step) {
    epi__search_state *search = context;
    return epi__filter_sees(&search->query->filter, step);
}

/* Similarities scaled by the best: the cosine itself, above a floor, or 1 / (1 + distance^2 / the nearest's) under
 * L2. */
static double similarity(float score, float best, float floor, epi_metric metric) {
    if (metric == EPI_L2) {
        double nearest = EPI__MAX(-(double)best, 1e-12);
        return 2.0 / (1.0 + EPI__MAX(-(double)score, nearest) / nearest);
    }
    return best > floor ? EPI__MAX((double)(score - floor) / (double)(best - floor), 0.0) : 0.0;
}

/* Vectors that were hashed from the same words add little where words are found: not worth an exact search of the whole
 * store, which is all there is until upkeep has built the graph. */
static bool is_worth_it(const epi__search_state *search) {
    const epi__query *query = search->query;
    const epi__mirror *mirror = search->snapshot->mirror;
    if (!query->vector) return false;
    if (query->cue->vector || search->scratch->touched_count == 0) return true;
    if (query->hashed && !mirror->index_complete) return false;
    return query->profile.vector != 0.0;
}

/* Nor are they worth a walk where every word of the cue stands somewhere: a cue's own words find what their hashes
 * would. Then they only compare what the words have found. A misspelt word stands nowhere. */
static bool only_compares(const epi__search_state *search) {
    const epi__query *query = search->query;
    if (!query->vector || !query->hashed || query->cue->vector || search->scratch->touched_count == 0) return false;
    for (size_t i = 0; i < query->word_count; i++)
        if (query->words[i].documents == 0) return false;
    return true;
}

epi_status epi__arms_compare(epi__search_state *search, const epi__topk *pool) {
    const epi__query *query = search->query;
    if (!only_compares(search) || !is_worth_it(search)) return EPI_OK;
    uint64_t *steps = epi__arena_alloc(&search->query->arena, pool->count + 1, sizeof *steps);
    float *scores = epi__arena_alloc(&search->query->arena, pool->count + 1, sizeof *scores), best = -INFINITY;
    if (!steps || !scores || !epi__map_reserve(&search->vectors, pool->count))
        return epi__fail_memory(MODULE, pool->count * (sizeof *steps + sizeof *scores + 16));
    for (size_t i = 0; i < pool->count; i++) steps[i] = pool->items[i].id;
    EPI__TRY(epi__nearness(scores, search->snapshot, query->vector, steps, pool->count));
    for (size_t i = 0; i < pool->count; i++) best = EPI__MAX(best, scores[i]);
    for (size_t i = 0; i < pool->count; i++) {
        double value = similarity(scores[i], best, 0.0f, search->snapshot->mirror->schema->schema.metric);
        if (value > 0.0 && !epi__map_put(&search->vectors, steps[i], epi__bits_of(value)))
            return epi__fail_memory(MODULE, 16);
    }
    return EPI_OK;
}

epi_status epi__arms_vector(epi__search_state *search) {
    epi__query *query = search->query;
    const epi_schema *schema = &search->snapshot->mirror->schema->schema;
    if (only_compares(search) || !is_worth_it(search)) return EPI_OK;
    size_t wanted = EPI__MAX((size_t)VECTOR_COUNT, query->k);
    search->nearest = epi__arena_alloc(&query->arena, wanted, sizeof *search->nearest);
    if (!search->nearest) return epi__fail_memory(MODULE, wanted * sizeof *search->nearest);
    EPI__TRY(epi__nearest(&search->nearest_count, search->nearest, search->snapshot, query->vector, wanted, query->ef,
                          search->snapshot->mirror->mark_count ? seen : NULL, search));
    /* Vectors of encoders of texts all lie to one side, so that any two look alike: what the last of the nearest has,
     * any step has. Hashed ones share nothing where they share no word. */
    bool floored = !query->hashed && !query->cue->vector && search->nearest_count == wanted;
    float floor = floored ? EPI__MAX(search->nearest[wanted - 1].score, 0.0f) : 0.0f;
    for (size_t i = 0; i < search->nearest_count; i++) {
        double value = similarity(search->nearest[i].score, search->nearest[0].score, floor, schema->metric);
        if (!epi__map_put(&search->vectors, search->nearest[i].id, epi__bits_of(value)))
            return epi__fail_memory(MODULE, 16);
    }
    return EPI_OK;
}

/* The steps that it brings in join those of the encoder's vector. */
epi_status epi__arms_beside(epi__search_state *search) {
    epi__query *query = search->query;
    epi_metric metric = search->snapshot->mirror->schema->schema.metric;
    size_t wanted = EPI__MAX((size_t)VECTOR_COUNT, query->k), count = 0, joined = search->nearest_count;
    if (!query->beside || query->profile.beside == 0.0) return EPI_OK;
    epi__best *found = epi__arena_alloc(&query->arena, wanted, sizeof *found);
    epi__best *both = epi__arena_alloc(&query->arena, wanted + joined, sizeof *both);
    if (!found || !both) return epi__fail_memory(MODULE, (2 * wanted + joined) * sizeof *found);
    EPI__TRY(epi__beside_nearest(&count, found, search->snapshot, query->beside, wanted,
                                 search->snapshot->mirror->mark_count ? seen : NULL, search));
    if (joined > 0) memcpy(both, search->nearest, joined * sizeof *both);
    float floor = count == wanted ? EPI__MAX(found[wanted - 1].score, 0.0f) : 0.0f;
    for (size_t i = 0; i < count; i++) {
        double value = similarity(found[i].score, found[0].score, floor, metric);
        if (!epi__map_put(&search->besides, found[i].id, epi__bits_of(value))) return epi__fail_memory(MODULE, 16);
        if (!epi__map_get(&search->vectors, found[i].id, NULL)) both[joined++] = found[i];
    }
    search->nearest = both;
    search->nearest_count = joined;
    return EPI_OK;
}

/* ---- scaled ------------------------------------------------------------------------------------------------------ */

double epi__arms_lexical(const epi__search_state *search, uint64_t step) {
    if (search->lexical_best <= 0.0 || step >= search->scratch->cell_count) return 0.0;
    return (double)search->scratch->cells[step].score / search->lexical_best;
}

double epi__arms_vector_of(const epi__search_state *search, uint64_t step) {
    return epi__bits_get(&search->vectors, step);
}

double epi__arms_beside_of(const epi__search_state *search, uint64_t step) {
    return epi__bits_get(&search->besides, step);
}
