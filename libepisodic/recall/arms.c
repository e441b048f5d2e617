/* arms.c - the two arms that find steps at all: the cue's words by BM25, and its vector by nearness.
 *
 * Every posting of every word adds to its step's cell and marks there which word it was; the cells are the scratch's,
 * and zero again after each call. Each arm is scaled by its best step.
 *
 * Source: BM25 after Robertson and Zaragoza (2009), idf with + 1 inside the logarithm so that it is never negative.
 */
#include "search.h"

#define MODULE "recall"
#define VECTOR_COUNT 64u /* nearest steps that the vector brings in */
#define STEPS_MAX (1ull << 31)

/* ---- words --------------------------------------------------------------------------------------------------- */

struct accumulation {
    epi__scratch *scratch;
    float idf;
    uint32_t bit; /* of the word */
    float k1;
    float norm[256]; /* k1 (1 - b + b length / mean length), by length code */
};

static epi_status reserve_cells(epi__scratch *scratch, uint64_t count) {
    if (count > STEPS_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the space gave out %llu step ids, limit of recall %llu",
                         (unsigned long long)count, STEPS_MAX);
    if (scratch->cell_count >= count) return EPI_OK;
    epi__free(scratch->cells);
    scratch->cell_count = 0;
    scratch->cells = epi__alloc_zero((size_t)count + count / 4, sizeof *scratch->cells);
    if (!scratch->cells) return epi__fail_memory(MODULE, (size_t)count * sizeof *scratch->cells);
    scratch->cell_count = (size_t)(count + count / 4);
    return EPI_OK;
}

static epi_status reserve_touched(epi__scratch *scratch, size_t more) {
    if (scratch->touched_count + more <= scratch->touched_capacity) return EPI_OK;
    size_t capacity = EPI__MAX(scratch->touched_capacity * 2, scratch->touched_count + more + 1024);
    uint64_t *grown = epi__realloc(scratch->touched, capacity, sizeof *grown);
    if (!grown) return epi__fail_memory(MODULE, capacity * sizeof *grown);
    scratch->touched = grown;
    scratch->touched_capacity = capacity;
    return EPI_OK;
}

static epi_status accumulate(void *context, const epi__posting *postings, size_t count) {
    struct accumulation *a = context;
    epi__scratch *scratch = a->scratch;
    EPI__TRY(reserve_touched(scratch, count));
    for (size_t i = 0; i < count; i++) {
        uint64_t step = postings[i].step;
        if (step >= scratch->cell_count) continue; /* only a damaged posting */
        float weight = (float)postings[i].weight * 0.25f;
        float score = a->idf * weight * (a->k1 + 1.0f) / (weight + a->norm[postings[i].length]);
        epi__cell *cell = &scratch->cells[step];
        if (cell->words == 0) scratch->touched[scratch->touched_count++] = step;
        cell->score += score;
        cell->words |= a->bit;
    }
    return EPI_OK;
}

/* The best step that may be seen sets the scale; a hidden one has no say in it. */
static void scale_words(epi__search_state *search) {
    const epi__scratch *scratch = search->scratch;
    for (size_t i = 0; i < scratch->touched_count; i++) {
        double score = (double)scratch->cells[scratch->touched[i]].score;
        if (score > search->lexical_best && epi__filter_sees(&search->query->filter, scratch->touched[i]))
            search->lexical_best = score;
    }
}

epi_status epi__arms_words(epi__search_state *search) {
    const epi__query *query = search->query;
    const epi__state *state = &search->snapshot->state;
    struct accumulation a = {.scratch = search->scratch, .k1 = (float)query->profile.k1};
    EPI__TRY(reserve_cells(search->scratch, state->next_step));
    double mean = state->documents ? (double)state->words / 4.0 / (double)state->documents : 1.0;
    for (unsigned code = 0; code < 256; code++)
        a.norm[code] = (float)(query->profile.k1 *
                               (1.0 - query->profile.b +
                                query->profile.b * (double)epi__length_words((uint8_t)code) / EPI__MAX(mean, 1.0)));
    for (size_t i = 0; i < query->word_count; i++) {
        const epi__query_word *word = &query->words[i];
        if (word->documents == 0) continue;
        a.idf = (float)word->idf;
        a.bit = 1u << EPI__MIN(word->place, (size_t)EPI__WORD_BITS - 1);
        EPI__TRY(
            epi__postings_walk(search->snapshot->tx.txn, search->snapshot->mirror->space, word->term, accumulate, &a));
        EPI__TRY(epi__recent_walk(search->snapshot->mirror->tail, word->term, accumulate, &a));
    }
    scale_words(search);
    return EPI_OK;
}

/* ---- the vector ---------------------------------------------------------------------------------------------- */

static bool seen(void *context, uint64_t step) {
    epi__search_state *search = context;
    return epi__filter_sees(&search->query->filter, step);
}

/* Similarities scaled by the best: the cosine itself, or 1 / (1 + distance^2 / the nearest's) under L2. */
static double similarity(float score, float best, epi_metric metric) {
    if (metric == EPI_L2) {
        double nearest = EPI__MAX(-(double)best, 1e-12);
        return 2.0 / (1.0 + EPI__MAX(-(double)score, nearest) / nearest);
    }
    return best > 0.0f ? EPI__MAX((double)score / (double)best, 0.0) : 0.0;
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

epi_status epi__arms_vector(epi__search_state *search) {
    epi__query *query = search->query;
    const epi_schema *schema = &search->snapshot->mirror->schema->schema;
    if (!is_worth_it(search)) return EPI_OK;
    size_t wanted = EPI__MAX((size_t)VECTOR_COUNT, query->k);
    search->nearest = epi__arena_alloc(&query->arena, wanted, sizeof *search->nearest);
    if (!search->nearest) return epi__fail_memory(MODULE, wanted * sizeof *search->nearest);
    EPI__TRY(epi__nearest(&search->nearest_count, search->nearest, search->snapshot, query->vector, wanted, query->ef,
                          search->snapshot->mirror->mark_count ? seen : NULL, search));
    for (size_t i = 0; i < search->nearest_count; i++) {
        double value = similarity(search->nearest[i].score, search->nearest[0].score, schema->metric);
        if (!epi__map_put(&search->vectors, search->nearest[i].id, epi__bits_of(value)))
            return epi__fail_memory(MODULE, 16);
    }
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
