/* search.c - from a query to ranked hits.
 *
 *   1. every posting of every word adds its BM25 to its step; the vector's nearest steps add their similarity
 *   2. the best steps of that sum, and their neighbours in the episode, are the candidates
 *   3. each candidate gets what its neighbours and its episode have
 *   4. in order of that sum, rows are read: filter, speaker, question, recency; until enough have passed
 *
 * A score is the sum of its evidence in order, nothing else. Cost grows with the postings of the cue's words and the
 * number of hits wanted, not with the size of the memory.
 *
 * Source: BM25 after Robertson and Zaragoza (2009), idf with + 1 inside the logarithm so that it is never negative; the
 * neighbour and episode signals are ours (docs/ARCHITECTURE.md).
 */
#include <math.h>
#include <stdlib.h>

#include "../store/component.h"
#include "recall.h"

#define MODULE "recall"
#define VECTOR_COUNT 64u /* nearest steps that the vector brings in */
#define POOL_MIN 192u    /* best steps that become candidates */
#define ROWS_MIN 64u     /* candidates whose rows are read */
#define STEPS_MAX (1ull << 31)
#define FAR_MAX 3
#define EPISODE_BEST 3

struct candidate {
    uint64_t step;
    uint64_t episode;
    double sum; /* of the signals below, weighted */
    double lexical, vector, near, far, mean;
};

struct search {
    epi__query *query;
    epi__snapshot *snapshot;
    epi__scratch *scratch;
    double lexical_best; /* what scales the lexical arm */
    epi__map vectors;    /* step -> bits of its scaled similarity */
    epi__best *nearest;
    size_t nearest_count;
    struct candidate *candidates;
    size_t count;
    epi__map named; /* hash of a keyword's value -> whether the cue names it, + 1 */
};

/* ---- 1: words --------------------------------------------------------------------------------------------------- */

struct accumulation {
    epi__scratch *scratch;
    float idf;
    float k1;
    float norm[256]; /* k1 (1 - b + b length / mean length), by length code */
};

static epi_status reserve_scores(epi__scratch *scratch, uint64_t count) {
    if (count > STEPS_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the space gave out %llu step ids, limit of recall %llu",
                         (unsigned long long)count, STEPS_MAX);
    if (scratch->score_count >= count) return EPI_OK;
    epi__free(scratch->scores);
    scratch->score_count = 0;
    scratch->scores = epi__alloc_zero((size_t)count + count / 4, sizeof *scratch->scores);
    if (!scratch->scores) return epi__fail_memory(MODULE, (size_t)count * sizeof *scratch->scores);
    scratch->score_count = (size_t)(count + count / 4);
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
        if (step >= scratch->score_count) continue; /* only a damaged posting */
        float weight = (float)postings[i].weight * 0.25f;
        float score = a->idf * weight * (a->k1 + 1.0f) / (weight + a->norm[postings[i].length]);
        if (scratch->scores[step] == 0.0f) scratch->touched[scratch->touched_count++] = step;
        scratch->scores[step] += score;
    }
    return EPI_OK;
}

static epi_status score_words(struct search *search) {
    const epi__query *query = search->query;
    const epi__state *state = &search->snapshot->state;
    struct accumulation a = {.scratch = search->scratch, .k1 = (float)query->profile.k1};
    EPI__TRY(reserve_scores(search->scratch, state->next_step));
    double mean = state->documents ? (double)state->words / 4.0 / (double)state->documents : 1.0;
    for (unsigned code = 0; code < 256; code++)
        a.norm[code] = (float)(query->profile.k1 *
                               (1.0 - query->profile.b +
                                query->profile.b * (double)epi__length_words((uint8_t)code) / EPI__MAX(mean, 1.0)));
    for (size_t i = 0; i < query->word_count; i++) {
        const epi__query_word *word = &query->words[i];
        if (word->documents == 0) continue;
        a.idf = (float)word->idf;
        EPI__TRY(
            epi__postings_walk(search->snapshot->tx.txn, search->snapshot->mirror->space, word->term, accumulate, &a));
        EPI__TRY(epi__recent_walk(search->snapshot->mirror->tail, word->term, accumulate, &a));
    }
    for (size_t i = 0; i < search->scratch->touched_count; i++)
        search->lexical_best = EPI__MAX(search->lexical_best,
                                        (double)search->scratch->scores[search->scratch->touched[i]]);
    return EPI_OK;
}

/* ---- 1: the vector ---------------------------------------------------------------------------------------------- */

static bool seen(void *context, uint64_t step) {
    struct search *search = context;
    return epi__filter_sees(&search->query->filter, step);
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Similarities scaled by the best: the cosine itself, or 1 / (1 + distance^2 / the nearest's) under L2. */
static double similarity(float score, float best, epi_metric metric) {
    if (metric == EPI_L2) {
        double nearest = EPI__MAX(-(double)best, 1e-12);
        return 2.0 / (1.0 + EPI__MAX(-(double)score, nearest) / nearest);
    }
    return best > 0.0f ? EPI__MAX((double)score / (double)best, 0.0) : 0.0;
}

static epi_status score_vector(struct search *search) {
    epi__query *query = search->query;
    const epi_schema *schema = &search->snapshot->mirror->schema->schema;
    if (!query->vector || (query->profile.vector == 0.0 && search->query->cue->text)) return EPI_OK;
    size_t wanted = EPI__MAX((size_t)VECTOR_COUNT, query->k);
    search->nearest = epi__arena_alloc(&query->arena, wanted, sizeof *search->nearest);
    if (!search->nearest) return epi__fail_memory(MODULE, wanted * sizeof *search->nearest);
    EPI__TRY(epi__nearest(&search->nearest_count, search->nearest, search->snapshot, query->vector, wanted, query->ef,
                          search->snapshot->mirror->mark_count ? seen : NULL, search));
    for (size_t i = 0; i < search->nearest_count; i++) {
        double value = similarity(search->nearest[i].score, search->nearest[0].score, schema->metric);
        if (!epi__map_put(&search->vectors, search->nearest[i].id, bits_of(value))) return epi__fail_memory(MODULE, 16);
    }
    return EPI_OK;
}

/* ---- 2: candidates ---------------------------------------------------------------------------------------------- */

static double lexical_of(const struct search *search, uint64_t step) {
    if (search->lexical_best <= 0.0 || step >= search->scratch->score_count) return 0.0;
    return (double)search->scratch->scores[step] / search->lexical_best;
}

static double vector_of(const struct search *search, uint64_t step) {
    uint64_t bits = 0;
    double value = 0.0;
    if (search->nearest_count == 0 || !epi__map_get(&search->vectors, step, &bits)) return 0.0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What a step has by itself; a hidden step has nothing, and lends nothing to its neighbours. */
static double own_of(const struct search *search, uint64_t step) {
    const epi_recall_profile *profile = &search->query->profile;
    if (!step || !epi__filter_sees(&search->query->filter, step)) return 0.0;
    return profile->lexical * lexical_of(search, step) + profile->vector * vector_of(search, step);
}

static epi_status offer_own(struct search *search, epi__topk *pool, uint64_t step) {
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

static epi_status pool_fill(struct search *search, epi__topk *pool) {
    const epi__scratch *scratch = search->scratch;
    for (size_t i = 0; i < scratch->touched_count; i++) EPI__TRY(offer_own(search, pool, scratch->touched[i]));
    for (size_t i = 0; i < search->nearest_count; i++) {
        uint64_t step = search->nearest[i].id;
        if (lexical_of(search, step) == 0.0) EPI__TRY(offer_own(search, pool, step));
    }
    return EPI_OK;
}

static int by_step(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    return (x->step > y->step) - (x->step < y->step);
}

/* The pool's steps and the steps around them, each once. */
static epi_status spread(struct search *search, const epi__topk *pool) {
    const epi__mirror *mirror = search->snapshot->mirror;
    const epi_recall_profile *profile = &search->query->profile;
    int reach = profile->neighbour_far != 0.0 ? FAR_MAX : profile->neighbour != 0.0 ? 1 : 0;
    size_t room = pool->count * (2 * FAR_MAX + 1);
    search->candidates = epi__arena_alloc(&search->query->arena, room + 1, sizeof *search->candidates);
    if (!search->candidates) return epi__fail_memory(MODULE, room * sizeof *search->candidates);
    for (size_t i = 0; i < pool->count; i++)
        for (int d = -reach; d <= reach; d++) {
            uint64_t step = d ? epi__mirror_neighbour(mirror, pool->items[i].id, d) : pool->items[i].id;
            if (step) search->candidates[search->count++].step = step;
        }
    qsort(search->candidates, search->count, sizeof *search->candidates, by_step);
    size_t kept = 0;
    for (size_t i = 0; i < search->count; i++)
        if (i == 0 || search->candidates[i].step != search->candidates[kept - 1].step)
            search->candidates[kept++] = search->candidates[i];
    search->count = kept;
    return EPI_OK;
}

/* ---- 3: neighbours and episodes --------------------------------------------------------------------------------- */

static void score_neighbours(struct search *search, struct candidate *candidate) {
    const epi__mirror *mirror = search->snapshot->mirror;
    double own[2 * FAR_MAX + 1];
    for (int d = -FAR_MAX; d <= FAR_MAX; d++)
        own[d + FAR_MAX] = d ? own_of(search, epi__mirror_neighbour(mirror, candidate->step, d)) : 0.0;
    candidate->near = EPI__MAX(own[FAR_MAX - 1], own[FAR_MAX + 1]);
    for (int d = 2; d <= FAR_MAX; d++)
        candidate->far = EPI__MAX(candidate->far, EPI__MAX(own[FAR_MAX - d], own[FAR_MAX + d]));
}

static int by_episode_and_sum(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (x->episode != y->episode) return x->episode < y->episode ? -1 : 1;
    if (x->sum != y->sum) return x->sum > y->sum ? -1 : 1;
    return by_step(a, b);
}

static int by_sum(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (x->sum != y->sum) return x->sum > y->sum ? -1 : 1;
    return by_step(a, b);
}

static void score_episodes(struct search *search) {
    double weight = search->query->profile.episode;
    qsort(search->candidates, search->count, sizeof *search->candidates, by_episode_and_sum);
    for (size_t at = 0; at < search->count;) {
        size_t end = at;
        double sum = 0.0;
        for (; end < search->count && search->candidates[end].episode == search->candidates[at].episode; end++)
            if (end - at < EPISODE_BEST) sum += search->candidates[end].sum;
        for (; at < end; at++) {
            search->candidates[at].mean = sum / EPISODE_BEST;
            search->candidates[at].sum += weight * search->candidates[at].mean;
        }
    }
}

static void score_candidates(struct search *search) {
    const epi_recall_profile *profile = &search->query->profile;
    for (size_t i = 0; i < search->count; i++) {
        struct candidate *candidate = &search->candidates[i];
        const epi__run *run = epi__mirror_run(search->snapshot->mirror, candidate->step);
        candidate->episode = run ? run->episode : 0;
        candidate->lexical = lexical_of(search, candidate->step);
        candidate->vector = vector_of(search, candidate->step);
        score_neighbours(search, candidate);
        candidate->sum = profile->lexical * candidate->lexical + profile->vector * candidate->vector +
                         profile->neighbour * candidate->near + profile->neighbour_far * candidate->far;
    }
    score_episodes(search);
    qsort(search->candidates, search->count, sizeof *search->candidates, by_sum);
}

/* ---- 4: rows ---------------------------------------------------------------------------------------------------- */

/* Whether all words of a keyword's value stand in the cue. */
static epi_status names(bool *named, struct search *search, epi__view value) {
    const epi__term *terms = NULL;
    size_t count = 0;
    uint64_t known = 0, hash = epi__hash64(value.data, value.size);
    if (epi__map_get(&search->named, hash, &known)) {
        *named = known == 2;
        return EPI_OK;
    }
    EPI__TRY(epi__analyzer_run(&terms, &count, search->scratch->analyzer, value.data, value.size));
    *named = count > 0;
    for (size_t i = 0; i < count && *named; i++)
        *named = epi__map_get(&search->query->named, epi__hash64(terms[i].text, terms[i].size), NULL);
    (void)epi__map_put(&search->named, hash, *named ? 2 : 1);
    return EPI_OK;
}

static epi_status is_named(bool *named, struct search *search, const epi__row *row) {
    const epi_schema *schema = &search->snapshot->mirror->schema->schema;
    epi__reader reader = row->rest;
    epi__value value;
    *named = false;
    for (uint8_t i = 0; i < row->tag_count; i++) (void)epi__read_bytes(&reader);
    epi__value_decode(&value, &reader);
    for (uint8_t i = 0; i < row->part_count && !reader.failed && !*named; i++) {
        epi__view data;
        epi__value_decode(&value, &reader);
        if (reader.failed || value.role >= schema->role_count || !(schema->roles[value.role].flags & EPI_ROLE_KEYWORD))
            continue;
        EPI__TRY(epi__component_get(&data, search->snapshot->tx.txn, search->snapshot->mirror->space, &value));
        EPI__TRY(names(named, search, data));
    }
    return EPI_OK;
}

static double recency_of(const struct search *search, const epi__row *row) {
    const epi__state *state = &search->snapshot->state;
    int64_t now = search->query->cue->now != EPI_TIME_NONE ? search->query->cue->now
                                                           : (int64_t)(state->last_event ^ (1ull << 63));
    double days = (double)EPI__MAX(now - row->event_to, (int64_t)0) / 86400e6;
    return exp2(-days / search->query->profile.recency_half_life_days);
}

static void add(epi__found *found, const char *signal, double value, double weight) {
    if (value == 0.0 || weight == 0.0) return;
    epi_evidence *evidence = &found->evidence[found->evidence_count++];
    *evidence = (epi_evidence){signal, value, weight, value * weight};
    found->score += evidence->contribution;
}

static epi_status judge(epi__found *found, struct search *search, const struct candidate *candidate,
                        const epi__row *row) {
    const epi_recall_profile *profile = &search->query->profile;
    bool named = false;
    if (search->query->cue->text && profile->speaker != 0.0) EPI__TRY(is_named(&named, search, row));
    *found = (epi__found){.step = candidate->step, .episode = row->episode};
    add(found, "lexical", candidate->lexical, profile->lexical);
    add(found, "vector", candidate->vector, profile->vector);
    add(found, "neighbour", candidate->near, profile->neighbour);
    add(found, "neighbour_far", candidate->far, profile->neighbour_far);
    add(found, "episode", candidate->mean, profile->episode);
    add(found, "speaker", named ? 1.0 : 0.0, profile->speaker);
    add(found, "question", row->flags & EPI__ROW_QUESTION ? 1.0 : 0.0,
        search->query->cue->text ? profile->question : 0.0);
    add(found, "recency", recency_of(search, row), profile->recency);
    return EPI_OK;
}

static int by_score(const void *a, const void *b) {
    const epi__found *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->step > y->step) - (x->step < y->step);
}

static epi_status read_rows(epi__found **found, size_t *count, struct search *search) {
    size_t wanted = EPI__MAX((size_t)ROWS_MIN, 4 * search->query->k);
    *found = epi__arena_alloc(&search->query->arena, EPI__MIN(wanted, search->count) + 1, sizeof **found);
    if (!*found) return epi__fail_memory(MODULE, wanted * sizeof **found);
    for (size_t i = 0; i < search->count && *count < wanted; i++) {
        epi__row row;
        bool match = false;
        epi_status status = epi__row_read(&row, search->snapshot, search->candidates[i].step);
        if (status == EPI_ENOTFOUND) continue;
        if (!status)
            status = epi__filter_match(&match, &search->query->filter, search->snapshot, search->candidates[i].step,
                                       &row);
        if (!status && match) status = judge(&(*found)[(*count)++], search, &search->candidates[i], &row);
        EPI__TRY(status);
    }
    qsort(*found, *count, sizeof **found, by_score);
    *count = EPI__MIN(*count, search->query->k);
    return EPI_OK;
}

/* ---- a filter alone --------------------------------------------------------------------------------------------- */

/* The newest steps by event time that match. */
static epi_status newest(epi__found **found, size_t *count, struct search *search) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__query *query = search->query;
    const epi_filter *given = &query->cue->filter;
    *found = epi__arena_alloc(&query->arena, query->k, sizeof **found);
    if (!*found) return epi__fail_memory(MODULE, query->k * sizeof **found);
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
        if (status || !match) continue;
        epi__found *one = &(*found)[(*count)++];
        *one = (epi__found){.step = step, .episode = row.episode};
        add(one, "recency", recency_of(search, &row), 1.0);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static epi_status by_cue(epi__found **found, size_t *count, struct search *search) {
    epi__topk pool = {0};
    epi_status status = score_words(search);
    if (!status) status = score_vector(search);
    if (!status && !epi__topk_init(&pool, EPI__MAX((size_t)POOL_MIN, 4 * search->query->k)))
        status = epi__fail_memory(MODULE, POOL_MIN);
    if (!status) status = pool_fill(search, &pool);
    if (!status) status = spread(search, &pool);
    if (!status) score_candidates(search);
    if (!status) status = read_rows(found, count, search);
    epi__topk_dispose(&pool);
    return status;
}

static void reset_scratch(epi__scratch *scratch) {
    for (size_t i = 0; i < scratch->touched_count; i++) scratch->scores[scratch->touched[i]] = 0.0f;
    scratch->touched_count = 0;
}

epi_status epi__search(epi__found **found, size_t *count, epi__query *query, epi__snapshot *snapshot,
                       epi__scratch *scratch) {
    struct search search = {.query = query, .snapshot = snapshot, .scratch = scratch};
    *count = 0;
    bool cued = query->word_count > 0 || query->vector;
    epi_status status = EPI_OK;
    if (cued)
        status = by_cue(found, count, &search);
    else if (query->filtering)
        status = newest(found, count, &search);
    reset_scratch(scratch);
    epi__map_dispose(&search.vectors);
    epi__map_dispose(&search.named);
    return status;
}
