/* lexical.h - which steps have which words: documents, postings, and BM25 over them.
 *
 * A term is a kind byte and its text: a word's stem, a keyword role's folded value, or a tag. A step's document is its
 * terms with weights in quarter words. It is written to the tail table with the step, and found there at once through a
 * small inverted index in memory (recent.c); when enough have gathered, they are sealed: merged into block postings,
 * one write a term instead of one a step and term.
 *
 *   TERM    term -> documents, newest block     the block that grows, rewritten by each seal that has the term
 *   POSTING term, 0, first step -> full block   about EPI__BLOCK_SIZE bytes each
 *   block   first u64 · count · greatest weight · least length code u8 · count x { step - the one before, weight,
 *   length code u8 }
 *
 * A block is sorted by step id. Ids mostly rise, but a run reserved early may be sealed late, so inserting into any
 * block works.
 */
#ifndef EPI_LEXICAL_LEXICAL_H
#define EPI_LEXICAL_LEXICAL_H

#include "../store/table.h"
#include "../text/text.h"

#define EPI__TERM_WORD 'w'
#define EPI__TERM_KEYWORD 'k' /* then the role's place + 1 */
#define EPI__TERM_TAG 't'
#define EPI__TERM_BYTES_MAX 80u
#define EPI__BLOCK_SIZE 1600u
#define EPI__SEAL_COUNT 2048u /* steps in the tail that make a commit seal it */

/* ---- documents -------------------------------------------------------------------------------------------------- */

typedef struct epi__document_term {
    uint32_t offset; /* of its bytes in the text buffer */
    uint32_t size;
    uint32_t weight; /* quarter words */
} epi__document_term;

typedef struct epi__document {
    epi__buffer text;
    epi__document_term *terms;
    size_t count;
    size_t capacity;
    epi__map map;    /* hash of the term -> place + 1 */
    uint32_t length; /* of its words, in quarters */
    bool failed;
} epi__document;

void epi__document_dispose(epi__document *document);
void epi__document_clear(epi__document *document);
void epi__document_word(epi__document *document, const char *stem, size_t size, uint32_t quarters);
/* A word that is found but was not said (a date's): it does not count into the length. */
void epi__document_silent_word(epi__document *document, const char *stem, size_t size, uint32_t quarters);
/* A keyword's value is folded; a long one is hashed. `text` is valid UTF-8. */
void epi__document_keyword(epi__document *document, int role, const char *text, size_t size);
void epi__document_tag(epi__document *document, const char *text, size_t size);
void epi__document_encode(epi__buffer *out, const epi__document *document);
static inline epi__view epi__document_at(const epi__document *document, size_t at) {
    return (epi__view){document->text.data + document->terms[at].offset, document->terms[at].size};
}

/* Reads an encoded document: length and count, then that many terms. */
typedef struct epi__document_reader {
    epi__reader reader;
    uint32_t length;
    uint32_t count;
} epi__document_reader;
epi__document_reader epi__document_open(epi__view encoded);
bool epi__document_next(epi__view *term, uint32_t *weight, epi__document_reader *document);

/* A length in quarters as one byte, exact to 127 words, then in steps of a twelfth of an octave; and back, in words. */
uint8_t epi__length_code(uint32_t quarters);
float epi__length_words(uint8_t code);

/* ---- postings --------------------------------------------------------------------------------------------------- */

typedef struct epi__posting {
    uint64_t step;
    uint32_t weight;
    uint8_t length;
} epi__posting;

/* One posting of one term on its way into the store. `term` is borrowed. */
typedef struct epi__posting_entry {
    epi__view term;
    epi__posting posting;
} epi__posting_entry;

/* Merges entries into the blocks of their terms; fastest when their steps rise. No term may get a step that it has. */
epi_status epi__postings_insert(epi__change *change, const epi__posting_entry *entries, size_t count);
/* Takes a step out of the postings of a term; EPI_EDAMAGED when it is not there. */
epi_status epi__postings_remove(epi__change *change, epi__view term, uint64_t step);

/* Documents of a term in sealed postings; 0 when there is none. */
epi_status epi__postings_documents(uint64_t *documents, epi__txn *txn, uint32_t space, epi__view term);
/* Calls visit for each block of a term, in order of step ids. */
typedef epi_status (*epi__postings_visit)(void *context, const epi__posting *postings, size_t count);
epi_status epi__postings_walk(epi__txn *txn, uint32_t space, epi__view term, epi__postings_visit visit, void *context);

/* The same for those of the given steps, which rise, that have the term; blocks that can have none are passed over. */
epi_status epi__postings_find(epi__txn *txn, uint32_t space, epi__view term, const uint64_t *steps, size_t count,
                              epi__postings_visit visit, void *context);

/* A block's postings, for the check: EPI_EDAMAGED when it is not a block. `out` has room for EPI__BLOCK_COUNT_MAX. */
#define EPI__BLOCK_COUNT_MAX 2048u
epi_status epi__block_decode(size_t *count, epi__posting *out, epi__view block);
epi_status epi__term_record_decode(uint64_t *documents, epi__view *block, epi__view body);

/* ---- the tail in memory ----------------------------------------------------------------------------------------- */

typedef struct epi__recent epi__recent;

epi_status epi__recent_new(epi__recent **tail);
void epi__recent_free(epi__recent *tail);
void epi__recent_clear(epi__recent *tail);
epi_status epi__recent_add(epi__recent *tail, uint64_t step, epi__view encoded_document);
void epi__recent_remove(epi__recent *tail, uint64_t step);
size_t epi__recent_removed(const epi__recent *tail); /* steps that still take room, until it is filled anew */
uint64_t epi__recent_documents(const epi__recent *tail, epi__view term);
/* The term's steps, newest first, in portions. */
epi_status epi__recent_walk(const epi__recent *tail, epi__view term, epi__postings_visit visit, void *context);

#endif
