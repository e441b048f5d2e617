/* cue.c - checking a cue and taking it apart into words, a vector and a filter. */
#include <math.h>

#include "../memory/beside.h"
#include "../memory/draft.h"
#include "../memory/profile.h"
#include "../memory/worth.h"
#include "../text/text.h"
#include "recall.h"

#define MODULE "recall"
#define PUT_OFF_FROM 4096u /* fewer postings are read sooner than put off */

static epi_status check_options(epi__query *query, const epi__state *state, const epi_recall_options *options) {
    if (options->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "recall options have version %u, expected 1", options->version);
    if (options->k > EPI_K_MAX) return epi__fail(EPI_ELIMIT, MODULE, "k is %u, limit %u", options->k, EPI_K_MAX);
    if (options->token_budget > EPI_TOKEN_BUDGET_MAX && options->token_budget != EPI_NO_TEXT)
        return epi__fail(EPI_ELIMIT, MODULE, "token budget is %u, limit %u", options->token_budget,
                         EPI_TOKEN_BUDGET_MAX);
    if (options->scene_margin > EPI_SCENE_MARGIN_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "scene margin is %u, limit %u", options->scene_margin,
                         EPI_SCENE_MARGIN_MAX);
    if (options->scene_reach > EPI_SCENE_MARGIN_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "scene reach is %u, limit %u", options->scene_reach, EPI_SCENE_MARGIN_MAX);
    if (!(options->complete >= 0.0 && options->complete <= 1.0))
        return epi__fail(EPI_EINVAL, MODULE, "the least confidence of a completed part is %g, limits 0 and 1",
                         options->complete);
    query->profile = options->profile ? *options->profile : epi_recall_profile_of(epi__profile_choose(NULL, state));
    EPI__TRY(epi__profile_check(&query->profile));
    query->put_off_from = PUT_OFF_FROM;
    query->automatic = options->profile == NULL;
    query->k = options->k ? options->k : EPI_K_DEFAULT;
    query->ef = options->ef;
    if (options->when) query->asks |= EPI__ASKS_WHEN;
    return EPI_OK;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

double epi__query_idf(uint64_t documents, uint64_t total) {
    double n = (double)total, df = (double)EPI__MIN(documents, total);
    return log(1.0 + (n - df + 0.5) / (df + 0.5));
}

/* Whether the word is a value of a keyword role: a speaker's name says who, and its weight as a word would mislead to
 * the steps that address them. */
static epi_status is_keyword(bool *is, epi__snapshot *snapshot, const epi__term *term, const char *text) {
    epi__mirror *mirror = snapshot->mirror;
    const epi_schema *schema = &mirror->schema->schema;
    epi__document document = {0};
    epi_status status = EPI_OK;
    *is = false;
    for (size_t i = 0; !status && !*is && i < schema->role_count; i++) {
        uint64_t documents = 0;
        if (!(schema->roles[i].flags & EPI_ROLE_KEYWORD)) continue;
        epi__document_clear(&document);
        epi__document_keyword(&document, (int)i, text + term->from, term->to - term->from);
        if (document.failed || document.count == 0) continue;
        epi__view key = epi__document_at(&document, 0);
        status = epi__postings_documents(&documents, snapshot->tx.txn, mirror->space, key);
        *is = documents > 0 || epi__recent_documents(mirror->tail, key) > 0;
    }
    epi__document_dispose(&document);
    return status;
}

static bool has_word(const epi__query *query, epi__view term) {
    for (size_t i = 0; i < query->word_count; i++) {
        epi__view other = query->words[i].term;
        if (other.size == term.size && memcmp(other.data, term.data, term.size) == 0) return true;
    }
    return false;
}

/* Room for so many words more, with their forms. */
static epi_status reserve_words(epi__query *query, size_t count) {
    size_t room = query->word_count + count * (1 + EPI__FORMS_MAX) + 1;
    epi__query_word *words = epi__arena_alloc(&query->arena, room, sizeof *words);
    if (!words) return epi__fail_memory(MODULE, room * sizeof *words);
    if (query->word_count > 0) memcpy(words, query->words, query->word_count * sizeof *words);
    query->words = words;
    return EPI_OK;
}

/* Looks the term up, unless the cue has it already. */
static epi_status add_term(epi__query *query, epi__snapshot *snapshot, epi__view term) {
    if (has_word(query, term)) return EPI_OK;
    epi__query_word *word = &query->words[query->word_count];
    void *copy = epi__arena_copy(&query->arena, term.data, term.size);
    if (!copy) return epi__fail_memory(MODULE, term.size);
    *word = (epi__query_word){.term = {copy, term.size}, .place = query->place_count};
    EPI__TRY(epi__postings_documents(&word->documents, snapshot->tx.txn, snapshot->mirror->space, word->term));
    word->documents += epi__recent_documents(snapshot->mirror->tail, word->term);
    query->word_count++;
    return EPI_OK;
}

/* One stem of the word that is being added. */
static epi_status add_stem(epi__query *query, epi__snapshot *snapshot, const char *stem, size_t stem_size) {
    uint8_t bytes[EPI__TERM_SIZE_MAX + 1] = {EPI__TERM_WORD};
    size_t size = EPI__MIN(stem_size, (size_t)EPI__TERM_SIZE_MAX);
    memcpy(bytes + 1, stem, size);
    return add_term(query, snapshot, (epi__view){bytes, size + 1});
}

/* The terms from `first` on are one word, with one idf: by the documents that have any of them. */
static void end_word(epi__query *query, epi__snapshot *snapshot, size_t first) {
    uint64_t documents = 0;
    if (query->word_count == first) return;
    for (size_t i = first; i < query->word_count; i++) documents += query->words[i].documents;
    double idf = epi__query_idf(documents, snapshot->state.documents);
    for (size_t i = first; i < query->word_count; i++) query->words[i].idf = idf;
    if (query->place_count < EPI__WORD_BITS) query->idfs[query->place_count] = idf;
    query->place_count++;
}

/* A word with its forms, which weigh as one. */
static epi_status add_word(epi__query *query, epi__snapshot *snapshot, const epi__term *term, bool english) {
    const char *stems[EPI__FORMS_MAX];
    size_t first = query->word_count;
    size_t count = english ? epi__text_forms(stems, term->text, term->size) : 0;
    EPI__TRY(add_stem(query, snapshot, term->text, term->size));
    if (query->word_count == first) return EPI_OK;
    for (size_t i = 0; i < count; i++) EPI__TRY(add_stem(query, snapshot, stems[i], strlen(stems[i])));
    end_word(query, snapshot, first);
    return EPI_OK;
}

static epi_status add_words(epi__query *query, epi__snapshot *snapshot, const epi__scratch *scratch, const char *text,
                            const epi__term *terms, size_t count, bool stop) {
    bool english = epi__analyzer_is_english(scratch->analyzer);
    for (size_t i = 0; i < count; i++) {
        bool keyword = false;
        if (terms[i].stop != stop) continue;
        if (terms[i].capital) EPI__TRY(is_keyword(&keyword, snapshot, &terms[i], text));
        if (!keyword) EPI__TRY(add_word(query, snapshot, &terms[i], english));
    }
    return EPI_OK;
}

int64_t epi__query_now(const epi__query *query, const epi__snapshot *snapshot) {
    int64_t now = query->cue->now;
    if (now == EPI_TIME_NONE) now = (int64_t)(snapshot->state.last_event ^ (1ull << 63));
    return EPI__MIN(EPI__MAX(now, EPI_TIME_MIN), EPI_TIME_MAX); /* any time may be asked for */
}

static epi_status take_text(epi__query *query, epi__snapshot *snapshot, epi__scratch *scratch) {
    const char *text = query->cue->text;
    const epi__term *terms = NULL;
    size_t count = 0, size = strlen(text);
    EPI__TRY(epi__check_text("cue", text, size, EPI_CUE_SIZE_MAX));
    EPI__TRY(epi__analyzer_run(&terms, &count, scratch->analyzer, text, size));
    EPI__TRY(reserve_words(query, count));
    for (size_t i = 0; i < count; i++)
        if (!epi__map_put(&query->named, epi__hash64(terms[i].text, terms[i].size), 1))
            return epi__fail_memory(MODULE, 16);
    bool question = false; /* only English text has marked ones */
    for (size_t i = 0; i < count; i++) question = question || terms[i].question;
    if (question) query->asks |= epi__text_asks(text, size);
    if (query->asks & EPI__ASKS_SEVERAL) epi__profile_several(&query->profile);
    if (epi__analyzer_is_english(scratch->analyzer))
        EPI__TRY(epi__when_read(query, epi__query_now(query, snapshot), text, size));
    EPI__TRY(add_words(query, snapshot, scratch, text, terms, count, false));
    return query->word_count ? EPI_OK
                             : add_words(query, snapshot, scratch, text, terms, count, true); /* "who are you?" */
}

/* ---- parts ------------------------------------------------------------------------------------------------------ */

/* A keyword is a word of the cue: its value as a whole. */
static epi_status take_keyword(epi__query *query, epi__snapshot *snapshot, epi__scratch *scratch, int role,
                               const epi_part *part) {
    epi__document *document = &scratch->document;
    size_t first = query->word_count;
    EPI__TRY(reserve_words(query, 1));
    epi__document_clear(document);
    epi__document_keyword(document, role, part->data, part->size);
    if (document->failed) return epi__fail_memory(MODULE, part->size);
    if (document->count > 0) EPI__TRY(add_term(query, snapshot, epi__document_at(document, 0)));
    end_word(query, snapshot, first);
    return EPI_OK;
}

static epi_status take_words(epi__query *query, epi__snapshot *snapshot, epi__scratch *scratch, const epi_part *part) {
    const epi__term *terms = NULL;
    size_t count = 0;
    EPI__TRY(epi__analyzer_run(&terms, &count, scratch->analyzer, part->data, part->size));
    EPI__TRY(reserve_words(query, count));
    return add_words(query, snapshot, scratch, part->data, terms, count, false);
}

/* The vector of an image or the like, which other steps' are compared with. */
static epi_status take_beside(epi__query *query, const epi_schema *schema, const epi_role *role, const epi_part *part) {
    size_t size = part->size / sizeof(float), expected = (size_t)(epi__schema_tensor_size(role) / sizeof(float));
    if (part->size != expected * sizeof(float))
        return epi__fail(EPI_EDIMENSION, MODULE, "the cue's part of role \"%s\" has %zu bytes, expected %zu",
                         role->name, part->size, expected * sizeof(float));
    query->beside = epi__arena_copy(&query->arena, part->data, part->size);
    if (!query->beside) return epi__fail_memory(MODULE, part->size);
    EPI__TRY(epi__check_vector(size, schema->metric, query->beside, size));
    if (schema->metric == EPI_COSINE && !epi__math_normalise(query->beside, size))
        return epi__fail(EPI_EZERO, MODULE, "the cue's part of role \"%s\" is too short to have a direction",
                         role->name);
    return EPI_OK;
}

static epi_status take_part(epi__query *query, epi__snapshot *snapshot, epi__scratch *scratch, const epi_part *part) {
    const epi_schema *schema = &snapshot->mirror->schema->schema;
    int at = part->role ? epi__schema_role(schema, part->role, strlen(part->role)) : -1;
    if (at < 0)
        return epi__fail(EPI_EROLE, MODULE, "the schema has no role \"%s\"", part->role ? part->role : "(NULL)");
    const epi_role *role = &schema->roles[at];
    if (at == epi__beside_role(schema)) return take_beside(query, schema, role, part);
    if (!(role->flags & (EPI_ROLE_KEYWORD | EPI_ROLE_SEARCH)))
        return epi__fail(EPI_EROLE, MODULE, "role \"%s\" is neither searched nor a keyword", role->name);
    if (part->size == 0) return EPI_OK;
    EPI__TRY(epi__check_text(role->name, part->data, part->size, EPI_CUE_SIZE_MAX));
    return role->flags & EPI_ROLE_KEYWORD ? take_keyword(query, snapshot, scratch, at, part)
                                          : take_words(query, snapshot, scratch, part);
}

static epi_status take_parts(epi__query *query, epi__snapshot *snapshot, epi__scratch *scratch) {
    const epi_cue *cue = query->cue;
    if (cue->part_count > EPI_PART_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the cue has %zu parts, limit %u", cue->part_count, EPI_PART_COUNT_MAX);
    if (cue->part_count > 0 && !cue->parts) return epi__fail(EPI_EINVAL, MODULE, "%zu parts at NULL", cue->part_count);
    for (size_t i = 0; i < cue->part_count; i++) EPI__TRY(take_part(query, snapshot, scratch, &cue->parts[i]));
    return EPI_OK;
}

/* ---- vector ----------------------------------------------------------------------------------------------------- */

static epi_status hash_cue(epi__query *query, size_t dimension) {
    epi__hash_feature *features = epi__arena_alloc(&query->arena, query->word_count + 1, sizeof *features);
    query->vector = epi__arena_alloc(&query->arena, dimension, sizeof *query->vector);
    if (!features || !query->vector) return epi__fail_memory(MODULE, dimension * sizeof *query->vector);
    size_t count = 0;
    for (size_t i = 0; i < query->word_count; i++) {
        epi__view term = query->words[i].term;
        if (*(const uint8_t *)term.data != EPI__TERM_WORD) continue;
        if (i > 0 && query->words[i].place == query->words[i - 1].place) continue; /* as it was said, not its forms */
        features[count++] = (epi__hash_feature){{(const uint8_t *)term.data + 1, term.size - 1},
                                                (float)query->words[i].idf};
    }
    if (!epi__hash_encode(query->vector, dimension, features, count)) query->vector = NULL;
    return EPI_OK;
}

static epi_status copy_vector(epi__query *query, const float *vector, size_t size) {
    query->vector = epi__arena_copy(&query->arena, vector, size * sizeof *vector);
    return query->vector ? EPI_OK : epi__fail_memory(MODULE, size * sizeof *vector);
}

/* The cue's own, or what an encoder of texts made of it before, or hashed from its words. */
static epi_status take_vector(epi__query *query, epi__snapshot *snapshot, const float *encoded) {
    const epi_cue *cue = query->cue;
    const epi__generation *serving = NULL;
    epi_metric metric = snapshot->mirror->schema->schema.metric;
    size_t dimension = (size_t)snapshot->state.dimension;
    EPI__TRY(epi__generation_of(&serving, snapshot->mirror, snapshot->tx.txn, snapshot->state.generation));
    query->hashed = serving->way == EPI__WAY_HASH;
    double worth = epi__worth_of(&snapshot->state);
    if (query->automatic && serving->way != EPI__WAY_GIVEN && worth >= 0.0) query->profile.vector = worth;
    if (!cue->vector && encoded) return copy_vector(query, encoded, dimension);
    if (!cue->vector) return query->hashed && query->word_count > 0 ? hash_cue(query, dimension) : EPI_OK;
    EPI__TRY(epi__check_vector(dimension, metric, cue->vector, cue->vector_size));
    EPI__TRY(copy_vector(query, cue->vector, cue->vector_size));
    if (metric == EPI_COSINE && !epi__math_normalise(query->vector, cue->vector_size))
        return epi__fail(EPI_EZERO, MODULE, "the cue's vector is too short to have a direction");
    return EPI_OK;
}

epi_status epi__query_init(epi__query *query, epi__snapshot *snapshot, epi__scratch *scratch, const epi_cue *cue,
                           const epi_recall_options *options, const float *encoded) {
    memset(query, 0, sizeof *query);
    query->cue = cue;
    if (cue->version != 1) return epi__fail(EPI_EINVAL, MODULE, "cue has version %u, expected 1", cue->version);
    if (cue->utc_offset_min < -EPI__OFFSET_MIN_MAX || cue->utc_offset_min > EPI__OFFSET_MIN_MAX)
        return epi__fail(EPI_EINVAL, MODULE, "the cue's UTC offset is %d minutes, limits -%d to %d",
                         cue->utc_offset_min, EPI__OFFSET_MIN_MAX, EPI__OFFSET_MIN_MAX);
    query->filtering = !epi__filter_is_empty(&cue->filter);
    if (!cue->text && !cue->vector && !cue->part_count && !query->filtering)
        return epi__fail(EPI_EINVAL, MODULE, "the cue is empty");
    if (cue->filter.include_forgotten)
        return epi__fail(EPI_EINVAL, MODULE, "what was forgotten cannot be recalled; restore it");
    EPI__TRY(check_options(query, &snapshot->state, options));
    EPI__TRY(epi__filter_init(&query->filter, snapshot->mirror, &cue->filter));
    if (cue->text) EPI__TRY(take_text(query, snapshot, scratch));
    EPI__TRY(take_parts(query, snapshot, scratch));
    return take_vector(query, snapshot, encoded);
}

void epi__query_dispose(epi__query *query) {
    epi__filter_dispose(&query->filter);
    epi__map_dispose(&query->named);
    epi__arena_dispose(&query->arena);
}
