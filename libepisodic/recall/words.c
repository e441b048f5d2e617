/* words.c - the arm of the cue's words: BM25 summed over postings into one cell a step, and which words each step has.
 *
 * Rare words come first. Once the common ones that are left could not lift a new step among the best, however often
 * they stood in it, they are not read whole any more: they are put off, and only looked up for the steps that matter.
 * These are the ones that may still become best, those that other arms bring in, and what stands around the best. A
 * step that all words were looked up for is whole; what is found is the same as if every posting had been added, to
 * the last bit, because each step's sum is made in the same order. Only steps that cannot matter stay below their true
 * score.
 *
 * The cells are the scratch's, and zero again after each call.
 *
 * Source: BM25 after Robertson and Zaragoza (2009), idf with + 1 inside the logarithm so that it is never negative.
 * Putting off words by their greatest possible score: MaxScore, Turtle and Flood 1995, "Query evaluation: strategies
 * and optimizations"; term at a time, continuing with few accumulators: Moffat and Zobel 1996, "Self-indexing inverted
 * files for fast text retrieval".
 */
#include "search.h"

#define MODULE "recall"
#define STEPS_MAX (1ull << 31)
#define AHEAD 16     /* postings whose cells are fetched ahead */
#define TRIES_MAX 4u /* looks whether the words that are left can be put off: each goes over all steps so far */
#define HAIR 1e-4    /* of a score: more than rounding can do */

/* ---- cells ------------------------------------------------------------------------------------------------------ */

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
        uint64_t step = postings[i].step, ahead = i + AHEAD < count ? postings[i + AHEAD].step : 0;
        if (ahead < scratch->cell_count) __builtin_prefetch(&scratch->cells[ahead], 1);
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

static struct accumulation accumulation_of(const epi__search_state *search) {
    const epi__query *query = search->query;
    const epi__state *state = &search->snapshot->state;
    struct accumulation a = {.scratch = search->scratch, .k1 = (float)query->profile.k1};
    double mean = state->documents ? (double)state->words / 4.0 / (double)state->documents : 1.0;
    for (unsigned code = 0; code < 256; code++)
        a.norm[code] = (float)(query->profile.k1 *
                               (1.0 - query->profile.b +
                                query->profile.b * (double)epi__length_words((uint8_t)code) / EPI__MAX(mean, 1.0)));
    return a;
}

static void take_word(struct accumulation *a, const epi__query_word *word) {
    a->idf = (float)word->idf;
    a->bit = 1u << EPI__MIN(word->place, (size_t)EPI__WORD_BITS - 1);
}

/* ---- which words can wait --------------------------------------------------------------------------------------- */

static int by_documents(const void *a, const void *b) {
    const epi__query_word *x = *(const epi__query_word *const *)a, *y = *(const epi__query_word *const *)b;
    if (x->documents != y->documents) return x->documents < y->documents ? -1 : 1;
    return (x > y) - (x < y); /* all of one array */
}

/* What the words from `at` on can add to one step at most: term frequency saturates. */
static double bound_of(const epi__search_state *search, size_t at) {
    double sum = 0.0;
    for (; at < search->word_count; at++) sum += search->words[at]->idf * (search->query->profile.k1 + 1.0);
    return sum;
}

/* The least score among the best `size` steps that may be seen; 0 when there are fewer. */
static epi_status least_of_best(double *least, epi__search_state *search, size_t size) {
    const epi__scratch *scratch = search->scratch;
    epi__topk best;
    *least = 0.0;
    if (!epi__topk_init(&best, size)) return epi__fail_memory(MODULE, size * sizeof *best.items);
    for (size_t i = 0; i < scratch->touched_count; i++) {
        uint64_t step = scratch->touched[i];
        float score = scratch->cells[step].score;
        if (best.count == size && score <= best.items[0].score) continue;
        if (epi__filter_sees(&search->query->filter, step)) epi__topk_push(&best, step, score);
    }
    if (best.count == size) *least = (double)best.items[0].score;
    epi__topk_dispose(&best);
    return EPI_OK;
}

/* Whether the words from `at` on can be put off; then *need is the score from which a step may still become best. */
static epi_status can_put_off(bool *can, double *need, epi__search_state *search, size_t at, size_t pool) {
    double least = 0.0, left = bound_of(search, at);
    *can = false;
    if (search->scratch->touched_count < pool) return EPI_OK;
    EPI__TRY(least_of_best(&least, search, pool));
    *need = least * (1.0 - HAIR) - left;
    *can = *need > 0.0;
    return EPI_OK;
}

/* ---- what was put off ------------------------------------------------------------------------------------------- */

/* Leaves those that are not whole yet, each once and in order. */
static size_t not_whole(epi__search_state *search, uint64_t *steps, size_t count) {
    size_t kept = 0;
    const epi__scratch *scratch = search->scratch;
    for (size_t i = 0; i < count; i++)
        if (steps[i] > 0 && steps[i] < scratch->cell_count && !(scratch->cells[steps[i]].words & EPI__CELL_WHOLE))
            steps[kept++] = steps[i];
    return epi__steps_unique(steps, kept);
}

epi_status epi__words_complete(epi__search_state *search, uint64_t *steps, size_t count) {
    epi__scratch *scratch = search->scratch;
    if (search->words_read == search->word_count) return EPI_OK;
    count = not_whole(search, steps, count);
    struct accumulation a = accumulation_of(search);
    for (size_t i = search->words_read; i < search->word_count; i++) {
        take_word(&a, search->words[i]);
        EPI__TRY(epi__postings_find(search->snapshot->tx.txn, search->snapshot->mirror->space, search->words[i]->term,
                                    steps, count, accumulate, &a));
    }
    EPI__TRY(reserve_touched(scratch, count));
    for (size_t i = 0; i < count; i++) {
        epi__cell *cell = &scratch->cells[steps[i]];
        if (cell->words == 0) scratch->touched[scratch->touched_count++] = steps[i];
        cell->words |= EPI__CELL_WHOLE;
    }
    return EPI_OK;
}

/* The steps that may still become best. */
static epi_status complete_best(epi__search_state *search, double need) {
    const epi__scratch *scratch = search->scratch;
    uint64_t *steps = epi__arena_alloc(&search->query->arena, scratch->touched_count + 1, sizeof *steps);
    size_t count = 0;
    if (!steps) return epi__fail_memory(MODULE, scratch->touched_count * sizeof *steps);
    for (size_t i = 0; i < scratch->touched_count; i++)
        if ((double)scratch->cells[scratch->touched[i]].score >= need) steps[count++] = scratch->touched[i];
    return epi__words_complete(search, steps, count);
}

/* ---- the arm ---------------------------------------------------------------------------------------------------- */

static epi_status order_words(epi__search_state *search) {
    epi__query *query = search->query;
    search->words = epi__arena_alloc(&query->arena, query->word_count + 1, sizeof(epi__query_word *));
    if (!search->words) return epi__fail_memory(MODULE, query->word_count * sizeof(epi__query_word *));
    for (size_t i = 0; i < query->word_count; i++)
        if (query->words[i].documents > 0) search->words[search->word_count++] = &query->words[i];
    if (search->word_count > 0) qsort(search->words, search->word_count, sizeof(epi__query_word *), by_documents);
    return EPI_OK;
}

/* The best step that may be seen sets the scale; a hidden one has no say in it. */
static void scale(epi__search_state *search) {
    const epi__scratch *scratch = search->scratch;
    float best = 0.0f;
    for (size_t i = 0; i < scratch->touched_count; i++) {
        float score = scratch->cells[scratch->touched[i]].score;
        if (score > best && epi__filter_sees(&search->query->filter, scratch->touched[i])) best = score;
    }
    search->lexical_best = (double)best;
}

static epi_status read_word(epi__search_state *search, struct accumulation *a, const epi__query_word *word,
                            bool sealed) {
    const epi__snapshot *snapshot = search->snapshot;
    take_word(a, word);
    if (sealed) EPI__TRY(epi__postings_walk(snapshot->tx.txn, snapshot->mirror->space, word->term, accumulate, a));
    return epi__recent_walk(snapshot->mirror->tail, word->term, accumulate, a);
}

epi_status epi__arms_words(epi__search_state *search, size_t pool) {
    struct accumulation a = accumulation_of(search);
    double need = 0.0;
    bool stop = false;
    size_t at = 0, tries = 0;
    /* Filters are looked at only when the pool is filled: until then nobody knows which steps are among the best. */
    bool may = search->query->profile.lexical > 0.0 && search->query->profile.vector >= 0.0 &&
               !search->query->filtering;
    EPI__TRY(reserve_cells(search->scratch, search->snapshot->state.next_step));
    EPI__TRY(order_words(search));
    for (; at < search->word_count && !stop; at += !stop) {
        if (may && at > 0 && search->words[at]->documents >= search->query->put_off_from && tries < TRIES_MAX &&
            bound_of(search, 0) > 2.0 * bound_of(search, at)) {
            EPI__TRY(can_put_off(&stop, &need, search, at, pool));
            tries++;
        }
        if (!stop) EPI__TRY(read_word(search, &a, search->words[at], true));
    }
    search->words_read = at;
    search->query->put_off = stop;
    for (; at < search->word_count; at++) EPI__TRY(read_word(search, &a, search->words[at], false));
    if (stop) EPI__TRY(complete_best(search, need));
    scale(search);
    return EPI_OK;
}
