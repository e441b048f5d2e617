/* news.c - how much of a step's words was new to the space when it came.
 *
 * Idea: what is told for the first time is told in words that were not there before; an echo, a thank-you and a
 * follow-up use words that were. So the share of new words says how much a step adds, at the moment of writing and for
 * ever: it is stored with the step and never computed again.
 *
 * Each process keeps the hashes of words that it knows to be in the space; a word outside is looked up in the sealed
 * postings, once. What other processes have in the tail is taken in by the ids that were given out since. Only inside
 * a write transaction, so under the store's one writer lock.
 *
 * Source: ours, after encoding by novelty (Tulving and Kroll 1995, "Novelty assessment in the brain and long-term
 * memory encoding").
 */
#include "news.h"

#include "vectors.h"

#define KNOWN_MAX 262144u /* hashes that are kept; then they are gathered anew */
#define OLD_WORDS 2u

static epi_status know(epi__mirror *mirror, epi__view term) {
    if (mirror->known.count >= KNOWN_MAX) epi__map_clear(&mirror->known);
    return epi__map_put(&mirror->known, epi__hash64(term.data, term.size), 1) ? EPI_OK : epi__fail_memory("memory", 16);
}

static epi_status know_document(epi__mirror *mirror, epi__view encoded) {
    epi__document_reader document = epi__document_open(encoded);
    epi__view term;
    uint32_t weight;
    while (epi__document_next(&term, &weight, &document)) EPI__TRY(know(mirror, term));
    return EPI_OK;
}

/* The words of unsealed steps that others stored since this process last looked. */
static epi_status take_in_tail(epi__mirror *mirror, epi__change *change) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body, document, vector;
    if (mirror->known_until == change->state.next_step) return EPI_OK;
    epi__key_of_u64(&first, mirror->space, EPI__TABLE_TAIL, mirror->known_until);
    epi__key_begin(&end, mirror->space, EPI__TABLE_TAIL);
    epi__key_next(&end);
    epi_status status = epi__scan_open(&scan, change->tx.txn, &first, &end, false);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) {
        status = epi__tail_record_decode(&document, &vector, body);
        if (!status && document.size > 0) status = know_document(mirror, document);
    }
    epi__scan_close(&scan);
    if (status == EPI_EDONE) mirror->known_until = change->state.next_step;
    return status == EPI_EDONE ? EPI_OK : status;
}

static epi_status is_new(bool *is, epi__mirror *mirror, epi__change *change, epi__view term) {
    uint64_t documents = 0;
    *is = false;
    if (epi__map_get(&mirror->known, epi__hash64(term.data, term.size), NULL)) return EPI_OK;
    EPI__TRY(epi__postings_documents(&documents, change->tx.txn, mirror->space, term));
    *is = documents == 0;
    return know(mirror, term);
}

epi_status epi__news_of(uint8_t *share, epi__mirror *mirror, epi__change *change, epi__view encoded) {
    epi__document_reader document = epi__document_open(encoded);
    epi__view term;
    uint32_t weight, words = 0, news = 0;
    bool is = false;
    *share = 0;
    EPI__TRY(take_in_tail(mirror, change));
    while (epi__document_next(&term, &weight, &document)) {
        if (term.size == 0 || *(const char *)term.data != EPI__TERM_WORD) continue;
        EPI__TRY(is_new(&is, mirror, change, term));
        words++;
        news += is;
    }
    *share = (uint8_t)(news * EPI__NEWS_SCALE / (words + OLD_WORDS));
    return EPI_OK;
}
