/* document.c - a step's terms with their weights, and their encoded form (the first part of a tail record):
 * length · count · count x { size, bytes, weight }, all LEB128.
 */
#include <math.h>
#include <stdio.h>

#include "lexical.h"

#define KEYWORD_SIZE_MAX 64u
#define EXACT_WORDS 127u
#define STEPS_AN_OCTAVE 12.0f

void epi__document_dispose(epi__document *document) {
    epi__buffer_dispose(&document->text);
    epi__map_dispose(&document->map);
    epi__free(document->terms);
    memset(document, 0, sizeof *document);
}

void epi__document_clear(epi__document *document) {
    epi__buffer_clear(&document->text);
    epi__map_clear(&document->map);
    document->count = 0;
    document->length = 0;
    document->failed = false;
}

static bool grow(epi__document *document) {
    if (document->count < document->capacity) return true;
    size_t capacity = document->capacity ? document->capacity * 2 : 64;
    epi__document_term *terms = epi__realloc(document->terms, capacity, sizeof *terms);
    if (!terms) return false;
    document->terms = terms;
    document->capacity = capacity;
    return true;
}

/* Two terms with one 64-bit hash would be taken for one: for 10^5 words in a step, a chance of 3 in 10^10. */
static void add(epi__document *document, const uint8_t *term, size_t size, uint32_t quarters) {
    uint64_t hash = epi__hash64(term, size), at = 0;
    if (epi__map_get(&document->map, hash, &at)) {
        document->terms[at].weight += quarters;
        return;
    }
    if (!grow(document) || !epi__map_put(&document->map, hash, document->count)) {
        document->failed = true;
        return;
    }
    document->terms[document->count++] = (epi__document_term){(uint32_t)document->text.size, (uint32_t)size, quarters};
    epi__buffer_append(&document->text, term, size);
    if (document->text.failed) document->failed = true;
}

void epi__document_silent_word(epi__document *document, const char *stem, size_t size, uint32_t quarters) {
    uint8_t term[EPI__TERM_BYTES_MAX] = {EPI__TERM_WORD};
    size = EPI__MIN(size, EPI__TERM_SIZE_MAX);
    memcpy(term + 1, stem, size);
    add(document, term, size + 1, quarters);
}

void epi__document_word(epi__document *document, const char *stem, size_t size, uint32_t quarters) {
    epi__document_silent_word(document, stem, size, quarters);
    document->length += quarters;
}

/* prefix, then the folded text, or its hash in hex when that is long. */
static void add_whole(epi__document *document, const uint8_t *prefix, size_t prefix_size, const char *text,
                      size_t size) {
    uint8_t term[EPI__TERM_BYTES_MAX];
    epi__buffer folded = {0};
    if (epi__utf8_fold(&folded, text, size) != EPI_OK || folded.failed) {
        document->failed = true;
    } else {
        memcpy(term, prefix, prefix_size);
        size_t term_size = folded.size;
        if (folded.size <= KEYWORD_SIZE_MAX) {
            if (folded.size > 0) memcpy(term + prefix_size, folded.data, folded.size);
        } else {
            epi__hash128 hash = epi__hash128_of(folded.data, folded.size);
            term_size = (size_t)snprintf((char *)term + prefix_size, sizeof term - prefix_size, "#%016llx%016llx",
                                         (unsigned long long)hash.high, (unsigned long long)hash.low);
        }
        add(document, term, prefix_size + term_size, 4);
    }
    epi__buffer_dispose(&folded);
}

void epi__document_keyword(epi__document *document, int role, const char *text, size_t size) {
    uint8_t prefix[2] = {EPI__TERM_KEYWORD, (uint8_t)(role + 1)};
    add_whole(document, prefix, sizeof prefix, text, size);
}

void epi__document_tag(epi__document *document, const char *text, size_t size) {
    uint8_t prefix[1] = {EPI__TERM_TAG};
    add_whole(document, prefix, sizeof prefix, text, size);
}

void epi__document_encode(epi__buffer *out, const epi__document *document) {
    epi__buffer_append_varint(out, document->length);
    epi__buffer_append_varint(out, document->count);
    for (size_t i = 0; i < document->count; i++) {
        epi__view term = epi__document_at(document, i);
        epi__buffer_append_bytes(out, term.data, term.size);
        epi__buffer_append_varint(out, document->terms[i].weight);
    }
}

epi__document_reader epi__document_open(epi__view encoded) {
    epi__document_reader document = {.reader = epi__reader_of(encoded.data, encoded.size)};
    document.length = (uint32_t)epi__read_varint(&document.reader);
    document.count = (uint32_t)epi__read_varint(&document.reader);
    return document;
}

bool epi__document_next(epi__view *term, uint32_t *weight, epi__document_reader *document) {
    if (document->count == 0) return false;
    document->count--;
    *term = epi__read_bytes(&document->reader);
    *weight = (uint32_t)epi__read_varint(&document->reader);
    return !document->reader.failed;
}

uint8_t epi__length_code(uint32_t quarters) {
    float words = (float)quarters / 4.0f;
    if (words <= (float)EXACT_WORDS) return (uint8_t)(words + 0.5f);
    float code = (float)EXACT_WORDS + STEPS_AN_OCTAVE * log2f(words / (float)EXACT_WORDS);
    return code >= 255.0f ? 255 : (uint8_t)(code + 0.5f);
}

float epi__length_words(uint8_t code) {
    if (code <= EXACT_WORDS) return (float)code;
    return (float)EXACT_WORDS * exp2f((float)(code - EXACT_WORDS) / STEPS_AN_OCTAVE);
}
