/* search.c - from a query to ranked hits.
 *
 *   1. every posting of every word adds its BM25 to its step; the vector's nearest steps add their similarity;
 *      steps of a date that the cue names come in by that
 *   2. the best steps of that sum, and their neighbours in the episode, are the candidates; a hashed vector that
 *      brought nothing in (arms.c says when) is compared with the best
 *   3. each candidate gets what stands around it and what its episode has
 *   4. in order of that sum, rows are read: filter, speaker, question, answer, time, recency; until enough have passed
 *   5. the best of them vote for words to look for, which lift others of them
 *   6. hits are taken one by one, kept apart from each other
 *
 * A score is the sum of its evidence in order, nothing else. Cost grows with the postings of the cue's words and the
 * number of hits wanted, not with the size of the memory.
 */
#include "search.h"

#define MODULE "recall"
#define POOL_MIN 192u   /* best steps that become candidates */
#define POOL_BY_USER 4u /* times as many, where a row says how much a step weighs */
#define ROWS_MIN 96u    /* candidates whose rows are read */

/* ---- candidates ------------------------------------------------------------------------------------------------- */

/* What a step has by itself; a hidden step has nothing, and lends nothing to its neighbours. */
static double own_of(const epi__search_state *search, uint64_t step) {
    const epi_recall_profile *profile = &search->query->profile;
    if (!step || !epi__filter_sees(&search->query->filter, step)) return 0.0;
    return profile->lexical * epi__arms_lexical(search, step) + profile->vector * epi__arms_vector_of(search, step) +
           profile->beside * epi__arms_beside_of(search, step) + profile->time_fit * epi__arms_dated(search, step);
}

static epi_status offer_own(epi__search_state *search, epi__topk *pool, uint64_t step) {
    if (search->query->filtering) {
        epi__row row;
        bool match = false;
        epi_status status = epi__row_read(&row, search->snapshot, step);
        if (status == EPI_ENOTFOUND) return EPI_OK;
        if (!status) status = epi__filter_match(&match, &search->query->filter, search->snapshot, step, &row);
        if (status || !match) return status;
    }
    double own = own_of(search, step);
    if (own > 0.0) epi__topk_push(pool, step, (float)own);
    return EPI_OK;
}

/* The least that a step must have of the words to get into the pool, whatever the other arms give it. Most of what the
 * words touch is refused by it alone. */
static double floor_of(const epi__search_state *search, const epi__topk *pool) {
    const epi_recall_profile *profile = &search->query->profile;
    if (pool->count < pool->capacity || profile->lexical <= 0.0) return 0.0;
    double others = (search->nearest_count ? fabs(profile->vector) : 0.0) +
                    (search->query->beside ? fabs(profile->beside) : 0.0) +
                    (search->dated.count ? profile->time_fit : 0);
    return ((double)pool->items[0].score * (1.0 - 1e-6) - others) * search->lexical_best / profile->lexical;
}

static epi_status pool_fill(epi__search_state *search, epi__topk *pool) {
    const epi__scratch *scratch = search->scratch;
    double floor = 0.0; /* of a score that may enter */
    for (size_t i = 0; i < scratch->touched_count; i++) {
        uint64_t step = scratch->touched[i];
        if ((double)scratch->cells[step].score < floor) continue;
        EPI__TRY(offer_own(search, pool, step));
        floor = floor_of(search, pool);
    }
    for (size_t i = 0; i < search->nearest_count; i++) {
        uint64_t step = search->nearest[i].id;
        if (epi__arms_lexical(search, step) == 0.0) EPI__TRY(offer_own(search, pool, step));
    }
    uint64_t step = 0, bits = 0;
    for (size_t at = 0; epi__map_next(&search->dated, &at, &step, &bits);)
        if (epi__arms_lexical(search, step) == 0.0 && epi__arms_vector_of(search, step) == 0.0 &&
            epi__arms_beside_of(search, step) == 0.0)
            EPI__TRY(offer_own(search, pool, step));
    return EPI_OK;
}

/* Completes the words of what other arms bring in, which the words alone might not. */
static epi_status complete_arms(epi__search_state *search) {
    size_t count = 0, room = search->nearest_count + search->dated.count;
    uint64_t *steps = epi__arena_alloc(&search->query->arena, room + 1, sizeof *steps), step = 0, bits = 0;
    if (!steps) return epi__fail_memory(MODULE, room * sizeof *steps);
    for (size_t i = 0; i < search->nearest_count; i++) steps[count++] = search->nearest[i].id;
    for (size_t at = 0; count < room && epi__map_next(&search->dated, &at, &step, &bits);) steps[count++] = step;
    return epi__words_complete(search, steps, count);
}

/* The pool's steps and those within `reach` of them in their episodes, each once and in order. */
static epi_status spread_over(uint64_t **steps, size_t *count, epi__search_state *search, const epi__topk *pool,
                              int reach) {
    size_t room = pool->count * (2 * (size_t)reach + 1);
    uint64_t *pooled = epi__arena_alloc(&search->query->arena, pool->count + 1, sizeof *pooled);
    *steps = epi__arena_alloc(&search->query->arena, room + 1, sizeof **steps);
    if (!pooled || !*steps) return epi__fail_memory(MODULE, (room + pool->count) * sizeof **steps);
    for (size_t i = 0; i < pool->count; i++) pooled[i] = pool->items[i].id;
    size_t centres = epi__steps_unique(pooled, pool->count);
    *count = epi__around_spread(*steps, search->snapshot->mirror, pooled, centres, reach);
    return EPI_OK;
}

/* Completes the words around the pool as far as anything looks: context looks from what stands beside. */
static epi_status complete_around(epi__search_state *search, const epi__topk *pool, int reach) {
    size_t count = 0;
    uint64_t *steps = NULL;
    if (search->words_read == search->word_count) return EPI_OK;
    EPI__TRY(spread_over(&steps, &count, search, pool, 2 * reach + 1));
    return epi__words_complete(search, steps, count);
}

/* The candidates: the pool's steps and the steps around them, in order. */
static epi_status spread(epi__search_state *search, const epi__topk *pool) {
    const epi_recall_profile *profile = &search->query->profile;
    int reach = profile->context != 0.0 ? (int)profile->reach : 0;
    if (profile->answer != 0.0) reach = EPI__MAX(reach, 1);
    uint64_t *steps = NULL;
    EPI__TRY(complete_around(search, pool, reach));
    EPI__TRY(spread_over(&steps, &search->count, search, pool, reach));
    search->candidates = epi__arena_alloc(&search->query->arena, search->count + 1, sizeof *search->candidates);
    if (!search->candidates) return epi__fail_memory(MODULE, search->count * sizeof *search->candidates);
    for (size_t i = 0; i < search->count; i++) search->candidates[i].step = steps[i];
    return EPI_OK;
}

static size_t pool_size(const epi__query *query) {
    size_t size = EPI__MAX((size_t)POOL_MIN, 4 * query->k);
    return query->profile.user != 0.0 ? POOL_BY_USER * size : size;
}

/* Which candidates the user said. */
static epi_status note_users(epi__search_state *search) {
    for (size_t i = 0; search->query->profile.user != 0.0 && i < search->count; i++) {
        epi__row row;
        epi_status status = epi__row_read(&row, search->snapshot, search->candidates[i].step);
        if (status && status != EPI_ENOTFOUND) return status;
        search->candidates[i].user = !status && row.flags & EPI__ROW_USER;
    }
    return EPI_OK;
}

/* ---- what is found ----------------------------------------------------------------------------------------------- */

/* Room for `count` hits with `signals` each; NULL: out of memory, with the last error set. */
static epi__found *found_new(epi__search_state *search, size_t count, size_t signals) {
    epi__arena *arena = &search->query->arena;
    epi__found *found = epi__arena_alloc(arena, count + 1, sizeof *found);
    epi_evidence *evidence = epi__arena_alloc(arena, count * signals + 1, sizeof *evidence);
    for (size_t i = 0; found && evidence && i < count; i++) found[i].evidence = evidence + i * signals;
    if (found && evidence) return found;
    (void)epi__fail_memory(MODULE, count * (sizeof *found + signals * sizeof *evidence));
    return NULL;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static epi_status read_rows(epi__found **found, size_t *count, epi__search_state *search) {
    size_t wanted = EPI__MAX((size_t)ROWS_MIN, 4 * search->query->k);
    epi__ranking ranking;
    const epi__candidate *candidate = NULL;
    *found = found_new(search, EPI__MIN(wanted, search->count), EPI__SIGNALS_MAX);
    if (!*found) return EPI_ENOMEM;
    EPI__TRY(epi__ranking_init(&ranking, search));
    while (*count < wanted && (candidate = epi__ranking_next(&ranking)) != NULL) {
        epi__row row;
        bool match = false;
        epi_status status = epi__row_read(&row, search->snapshot, candidate->step);
        if (status == EPI_ENOTFOUND) continue;
        if (!status)
            status = epi__filter_match(&match, &search->query->filter, search->snapshot, candidate->step, &row);
        if (!status && match) status = epi__judge(&(*found)[(*count)++], search, candidate, &row);
        EPI__TRY(status);
    }
    EPI__TRY(epi__hop(*found, *count, search));
    epi__space_out(*found, *count, search->query->k, search->query);
    *count = EPI__MIN(*count, search->query->k);
    return EPI_OK;
}

/* ---- a filter alone --------------------------------------------------------------------------------------------- */

static void take(epi__found *one, epi__search_state *search, uint64_t step, const epi__row *row) {
    const epi__run *run = epi__mirror_run(search->snapshot->mirror, step);
    one->step = step;
    one->episode = row->episode;
    one->index = run ? run->first_index + (step - run->first) : 0;
    one->event = row->event_from;
    epi__evidence_add(one, "recency", epi__recency(search, row), 1.0);
}

/* The newest steps by event time that match, from the time table. */
static epi_status newest_of_all(epi__found *found, size_t *count, epi__search_state *search) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__query *query = search->query;
    const epi_filter *given = &query->cue->filter;
    epi__key_begin(&first, search->snapshot->mirror->space, EPI__TABLE_TIME);
    end = first;
    if (given->to != EPI_TIME_NONE)
        epi__key_time(&end, given->to);
    else
        epi__key_next(&end);
    epi_status status = epi__scan_open(&scan, search->snapshot->tx.txn, &first, &end, true);
    while (!status && *count < query->k) {
        epi__view key, body;
        epi__row row;
        bool match = false;
        status = epi__scan_next(&key, &body, &scan);
        uint64_t step = status ? 0 : epi__load_be64((const uint8_t *)key.data + key.size - 8);
        if (!status) status = epi__row_read(&row, search->snapshot, step);
        if (!status) status = epi__filter_match(&match, &query->filter, search->snapshot, step, &row);
        if (!status && match) take(&found[(*count)++], search, step, &row);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

static int by_event(const void *a, const void *b) {
    const epi__found *x = a, *y = b;
    if (x->event != y->event) return x->event > y->event ? -1 : 1;
    return (x->step < y->step) - (x->step > y->step);
}

/* Where steps or episodes are named, only their rows are read. */
static epi_status newest_of_named(epi__found **found, size_t *count, epi__search_state *search) {
    uint64_t *ids = NULL;
    size_t all = 0;
    epi__row row;
    EPI__TRY(epi__filter_collect(&ids, &all, &search->query->filter, search->snapshot));
    *found = found_new(search, all, 1);
    epi_status status = *found ? EPI_OK : EPI_ENOMEM;
    for (size_t i = 0; !status && i < all; i++) {
        status = epi__row_read(&row, search->snapshot, ids[i]);
        if (!status) take(&(*found)[(*count)++], search, ids[i], &row);
    }
    epi__free(ids);
    if (!status) qsort(*found, *count, sizeof **found, by_event);
    *count = status ? 0 : EPI__MIN(*count, search->query->k);
    return status;
}

static epi_status newest(epi__found **found, size_t *count, epi__search_state *search) {
    const epi_filter *given = &search->query->cue->filter;
    if (given->steps || given->episodes) return newest_of_named(found, count, search);
    *found = found_new(search, search->query->k, 1);
    if (!*found) return EPI_ENOMEM;
    return newest_of_all(*found, count, search);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static epi_status by_cue(epi__found **found, size_t *count, epi__search_state *search) {
    epi__topk pool = {0};
    epi_status status = epi__arms_words(search, pool_size(search->query));
    if (!status) status = epi__arms_vector(search);
    if (!status) status = epi__arms_beside(search);
    if (!status) status = epi__arms_dates(search);
    if (!status) status = complete_arms(search);
    if (!status && !epi__topk_init(&pool, pool_size(search->query))) status = epi__fail_memory(MODULE, POOL_MIN);
    if (!status) status = pool_fill(search, &pool);
    if (!status) status = epi__arms_compare(search, &pool);
    if (!status) status = spread(search, &pool);
    if (!status) status = note_users(search);
    if (!status) status = epi__around_score(search);
    if (!status) status = read_rows(found, count, search);
    epi__topk_dispose(&pool);
    return status;
}

static void reset_scratch(epi__scratch *scratch) {
    for (size_t i = 0; i < scratch->touched_count; i++) scratch->cells[scratch->touched[i]] = (epi__cell){0};
    scratch->touched_count = 0;
}

epi_status epi__search(epi__found **found, size_t *count, epi__query *query, epi__snapshot *snapshot,
                       epi__scratch *scratch) {
    epi__search_state search = {.query = query, .snapshot = snapshot, .scratch = scratch};
    *count = 0;
    bool cued = query->word_count > 0 || query->vector || query->beside || query->date_count > 0;
    epi_status status = EPI_OK;
    if (cued)
        status = by_cue(found, count, &search);
    else if (query->filtering)
        status = newest(found, count, &search);
    reset_scratch(scratch);
    epi__map_dispose(&search.vectors);
    epi__map_dispose(&search.besides);
    epi__map_dispose(&search.dated);
    epi__map_dispose(&search.named);
    return status;
}
