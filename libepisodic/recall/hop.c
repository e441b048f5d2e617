/* hop.c - a second look with the words of the best hits. What belongs together shares rare words that the cue does not
 * have: "the shelter" was "Harbour House" all along.
 *
 * Idea: the best few candidates vote with their scores for the words they have; the words with the most votes, weighed
 * by rarity, are searched for, and what they give is one more signal. Gated three ways: only candidates that the cue
 * found anyway are lifted; words that one step alone has, or too many, do not count; and no step is lifted by its own
 * vote.
 *
 * Source: relevance models, Lavrenko and Croft 2001, with rarity squared in place of a background model.
 */
#include "../store/component.h"
#include "../text/text.h"
#include "search.h"

#define MODULE "recall"
#define SOURCE_COUNT 6u      /* candidates that vote */
#define WORD_COUNT 10u       /* words searched for */
#define DOCUMENTS_MAX 1024u  /* of such a word, so that the cost has a bound */
#define DOCUMENTS_SHARE 0.15 /* of all documents */

typedef struct vote {
    epi__view term;
    double sum;    /* of the voters' scores */
    double weight; /* sum x idf^2; 0: not searched for */
    double rarity; /* idf^2 */
    size_t voter;  /* the last one, + 1 */
} vote;

typedef struct hop {
    epi__search_state *search;
    epi__found *found;
    size_t count;
    double share[SOURCE_COUNT]; /* a voter's score by the best one's */
    vote *votes;
    size_t vote_count, vote_capacity;
    epi__map known;  /* hash of a term -> its vote, + 1 */
    epi__map places; /* step -> its place in found, + 1 */
    double *lifts;   /* by place */
    const vote *now; /* whose postings are walked */
} hop;

/* ---- votes ------------------------------------------------------------------------------------------------------ */

static bool in_cue(const epi__query *query, epi__view term) {
    for (size_t i = 0; i < query->word_count; i++) {
        epi__view other = query->words[i].term;
        if (other.size == term.size && memcmp(other.data, term.data, term.size) == 0) return true;
    }
    return false;
}

static vote *vote_new(hop *h, epi__view term) {
    epi__arena *arena = &h->search->query->arena;
    if (h->vote_count == h->vote_capacity) {
        size_t capacity = EPI__MAX(h->vote_capacity * 2, (size_t)128);
        vote *grown = epi__arena_alloc(arena, capacity, sizeof *grown);
        if (!grown) return NULL;
        if (h->vote_count > 0) memcpy(grown, h->votes, h->vote_count * sizeof *grown);
        h->votes = grown;
        h->vote_capacity = capacity;
    }
    void *copy = epi__arena_copy(arena, term.data, term.size);
    if (!copy || !epi__map_put(&h->known, epi__hash64(term.data, term.size), h->vote_count + 1)) return NULL;
    h->votes[h->vote_count] = (vote){.term = {copy, term.size}};
    return &h->votes[h->vote_count++];
}

static epi_status cast(hop *h, size_t voter, const epi__term *word) {
    uint8_t bytes[EPI__TERM_SIZE_MAX + 1] = {EPI__TERM_WORD};
    size_t size = EPI__MIN((size_t)word->size, (size_t)EPI__TERM_SIZE_MAX);
    memcpy(bytes + 1, word->text, size);
    epi__view term = {bytes, size + 1};
    uint64_t at = 0;
    if (word->stop || in_cue(h->search->query, term)) return EPI_OK;
    vote *one = epi__map_get(&h->known, epi__hash64(term.data, term.size), &at) ? &h->votes[at - 1] : vote_new(h, term);
    if (!one) return epi__fail_memory(MODULE, sizeof *one);
    if (one->voter != voter + 1) one->sum += h->share[voter]; /* once a voter */
    one->voter = voter + 1;
    return EPI_OK;
}

static epi_status cast_text(hop *h, size_t voter, epi__view text) {
    const epi__term *words = NULL;
    size_t count = 0;
    size_t size = epi__utf8_cut(text.data, text.size, EPI__LOOKED_AT_MAX);
    EPI__TRY(epi__analyzer_run(&words, &count, h->search->scratch->analyzer, text.data, size));
    for (size_t i = 0; i < count; i++) EPI__TRY(cast(h, voter, &words[i]));
    return EPI_OK;
}

static epi_status cast_all(hop *h, size_t voter) {
    epi__snapshot *snapshot = h->search->snapshot;
    const epi_schema *schema = &snapshot->mirror->schema->schema;
    epi__row row;
    epi__value value;
    epi__view data;
    EPI__TRY(epi__row_read(&row, snapshot, h->found[voter].step));
    for (uint8_t i = 0; i < row.tag_count; i++) (void)epi__read_bytes(&row.rest);
    epi__value_decode(&value, &row.rest); /* the metadata */
    for (uint8_t i = 0; i < row.part_count && !row.rest.failed; i++) {
        epi__value_decode(&value, &row.rest);
        if (row.rest.failed || value.role >= schema->role_count) break;
        if (!(schema->roles[value.role].flags & EPI_ROLE_SEARCH)) continue;
        EPI__TRY(epi__component_get(&data, snapshot->tx.txn, snapshot->mirror->space, &value));
        EPI__TRY(cast_text(h, voter, data));
    }
    return EPI_OK;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static epi_status weigh(hop *h, vote *one) {
    epi__snapshot *snapshot = h->search->snapshot;
    double total = (double)snapshot->state.documents;
    uint64_t documents = 0;
    EPI__TRY(epi__postings_documents(&documents, snapshot->tx.txn, snapshot->mirror->space, one->term));
    documents += epi__recent_documents(snapshot->mirror->tail, one->term);
    if (documents < 2 || documents > DOCUMENTS_MAX || (double)documents > DOCUMENTS_SHARE * total) return EPI_OK;
    double idf = epi__query_idf(documents, snapshot->state.documents);
    one->rarity = idf * idf;
    one->weight = one->sum * one->rarity;
    return EPI_OK;
}

static int by_weight(const void *a, const void *b) {
    const vote *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    size_t size = EPI__MIN(x->term.size, y->term.size);
    int order = memcmp(x->term.data, y->term.data, size);
    return order != 0 ? order : (x->term.size > y->term.size) - (x->term.size < y->term.size);
}

static epi_status lift(void *context, const epi__posting *postings, size_t count) {
    hop *h = context;
    for (size_t i = 0; i < count; i++) {
        uint64_t place = 0;
        if (!epi__map_get(&h->places, postings[i].step, &place)) continue;
        double own = --place < SOURCE_COUNT ? h->share[place] : 0.0;
        h->lifts[place] += EPI__MAX(h->now->sum - own, 0.0) * h->now->rarity;
    }
    return EPI_OK;
}

static epi_status search_words(hop *h) {
    epi__snapshot *snapshot = h->search->snapshot;
    for (size_t i = 0; i < h->vote_count; i++) EPI__TRY(weigh(h, &h->votes[i]));
    if (h->vote_count > 0) qsort(h->votes, h->vote_count, sizeof *h->votes, by_weight);
    for (size_t i = 0; i < h->vote_count && i < WORD_COUNT && h->votes[i].weight > 0.0; i++) {
        h->now = &h->votes[i];
        EPI__TRY(epi__postings_walk(snapshot->tx.txn, snapshot->mirror->space, h->now->term, lift, h));
        EPI__TRY(epi__recent_walk(snapshot->mirror->tail, h->now->term, lift, h));
    }
    return EPI_OK;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b) {
    const epi__found *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->step > y->step) - (x->step < y->step);
}

static epi_status take_votes(hop *h) {
    if (!epi__map_reserve(&h->places, h->count)) return epi__fail_memory(MODULE, h->count * 16);
    for (size_t i = 0; i < h->count; i++)
        if (!epi__map_put(&h->places, h->found[i].step, i + 1)) return epi__fail_memory(MODULE, 16);
    for (size_t i = 0; i < h->count && i < SOURCE_COUNT && h->found[i].score > 0.0; i++) {
        h->share[i] = h->found[i].score / h->found[0].score;
        EPI__TRY(cast_all(h, i));
    }
    return EPI_OK;
}

static void add_evidence(hop *h) {
    double best = 0.0;
    for (size_t i = 0; i < h->count; i++) best = EPI__MAX(best, h->lifts[i]);
    for (size_t i = 0; i < h->count && best > 0.0; i++)
        epi__evidence_add(&h->found[i], "hop", h->lifts[i] / best, h->search->query->profile.hop);
}

epi_status epi__hop(epi__found *found, size_t count, epi__search_state *search) {
    hop h = {.search = search, .found = found, .count = count};
    if (search->query->profile.hop == 0.0 || search->query->word_count == 0 || count < 2) return EPI_OK;
    qsort(found, count, sizeof *found, by_score);
    h.lifts = epi__arena_alloc(&search->query->arena, count, sizeof *h.lifts);
    epi_status status = h.lifts ? take_votes(&h) : epi__fail_memory(MODULE, count * sizeof *h.lifts);
    if (!status) status = search_words(&h);
    if (!status) add_evidence(&h);
    epi__map_dispose(&h.known);
    epi__map_dispose(&h.places);
    return status;
}
