/* judge.c - what a candidate's row says, and the evidence that becomes its score.
 *
 * speaker: a keyword role's value is named in the cue. question: the step ends with a question mark, so it asks rather
 * than tells. answer: the step before asks, with the cue's words; then this one answers. time: the cue asks when, and
 * a text of the step tells one. time_fit: the step's times lie in the cue's dates. opening, news, self, past: how much
 * the step tells, whatever is asked. recency: how long ago.
 * Invariant: a score is the sum of its evidence in order, to the last bit.
 */
#include "../memory/news.h"
#include "../store/component.h"
#include "../text/text.h"
#include "search.h"

#define MODULE "recall"

/* Whether all words of a keyword's value stand in the cue. */
static epi_status names(bool *named, epi__search_state *search, epi__view value) {
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

/* Whether a keyword of the step is named in the cue. */
static epi_status is_named(bool *named, epi__search_state *search, const epi__row *row) {
    const epi_schema *schema = &search->snapshot->mirror->schema->schema;
    epi__reader reader = row->rest;
    epi__value value;
    for (uint8_t i = 0; i < row->tag_count; i++) (void)epi__read_bytes(&reader);
    epi__value_decode(&value, &reader); /* the metadata */
    for (uint8_t i = 0; i < row->part_count && !*named && !reader.failed; i++) {
        epi__view data;
        epi__value_decode(&value, &reader);
        uint32_t flags = value.role < schema->role_count ? schema->roles[value.role].flags : 0;
        if (reader.failed || !(flags & EPI_ROLE_KEYWORD)) continue;
        EPI__TRY(epi__component_get(&data, search->snapshot->tx.txn, search->snapshot->mirror->space, &value));
        EPI__TRY(names(named, search, data));
    }
    return EPI_OK;
}

/* What the step before has of the cue's words, when it asks. */
static epi_status asked_before(double *asked, epi__search_state *search, uint64_t before) {
    epi__row row;
    *asked = 0.0;
    if (!before || !epi__filter_sees(&search->query->filter, before)) return EPI_OK;
    double lexical = epi__arms_lexical(search, before);
    if (lexical == 0.0) return EPI_OK;
    epi_status status = epi__row_read(&row, search->snapshot, before);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    if (!status && row.flags & EPI__ROW_QUESTION) *asked = lexical;
    return status;
}

double epi__recency(const epi__search_state *search, const epi__row *row) {
    int64_t now = epi__query_now(search->query, search->snapshot);
    double days = (double)EPI__MAX(now - row->event_to, (int64_t)0) / 86400e6;
    return exp2(-days / search->query->profile.recency_half_life_days);
}

void epi__evidence_add(epi__found *found, const char *signal, double value, double weight) {
    if (value == 0.0 || weight == 0.0) return;
    epi_evidence *evidence = &found->evidence[found->evidence_count++];
    *evidence = (epi_evidence){signal, value, weight, value * weight};
    found->score += evidence->contribution;
}

epi_status epi__judge(epi__found *found, epi__search_state *search, const epi__candidate *candidate,
                      const epi__row *row) {
    const epi_recall_profile *profile = &search->query->profile;
    bool cued = search->query->cue->text != NULL || search->query->cue->part_count > 0;
    bool named = false;
    bool tells = search->query->asks & EPI__ASKS_WHEN && (row->told.size > 0 || row->flags & EPI__ROW_DURATION);
    double asked = 0.0;
    if (cued && profile->speaker != 0.0) EPI__TRY(is_named(&named, search, row));
    if (cued && profile->answer != 0.0) EPI__TRY(asked_before(&asked, search, candidate->before));
    found->step = candidate->step;
    found->episode = row->episode;
    found->index = candidate->index;
    epi__evidence_add(found, "lexical", candidate->lexical, profile->lexical);
    epi__evidence_add(found, "vector", candidate->vector, profile->vector);
    epi__evidence_add(found, "beside", candidate->beside, profile->beside);
    epi__evidence_add(found, "context", candidate->context, profile->context);
    epi__evidence_add(found, "episode", candidate->mean, profile->episode);
    epi__evidence_add(found, "speaker", named ? 1.0 : 0.0, profile->speaker);
    epi__evidence_add(found, "user", candidate->user ? candidate->lexical : 0.0, profile->user);
    epi__evidence_add(found, "question", cued && row->flags & EPI__ROW_QUESTION ? 1.0 : 0.0, profile->question);
    epi__evidence_add(found, "answer", asked, profile->answer);
    epi__evidence_add(found, "time", tells ? 1.0 : 0.0, profile->time);
    epi__evidence_add(found, "time_fit", epi__when_fit(search->query, row), profile->time_fit);
    epi__evidence_add(found, "opening", cued && candidate->index == 0 ? 1.0 : 0.0, profile->opening);
    epi__evidence_add(found, "news", cued ? (double)row->news / EPI__NEWS_SCALE : 0.0, profile->news);
    epi__evidence_add(found, "self", cued && row->flags & EPI__ROW_SELF ? 1.0 : 0.0, profile->self);
    epi__evidence_add(found, "past", cued && row->flags & EPI__ROW_PAST ? 1.0 : 0.0, profile->past);
    epi__evidence_add(found, "recency", epi__recency(search, row), profile->recency);
    return EPI_OK;
}
