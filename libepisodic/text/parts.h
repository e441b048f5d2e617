/* parts.h - what the analyzer is put together from; for the files of text/ only. */
#ifndef EPI_TEXT_PARTS_H
#define EPI_TEXT_PARTS_H

#include "text.h"

/* ---- utf8.c ---- */

typedef enum epi__kind {
    EPI__KIND_SEPARATOR, /* ends a word */
    EPI__KIND_LETTER,    /* letters and digits of scripts that put spaces between words */
    EPI__KIND_UNSPACED,  /* letters of scripts that do not: CJK, Hangul, Thai, Lao, Khmer, Burmese */
    EPI__KIND_MARK       /* goes on with what stands before it, begins nothing: accents, joiners, soft hyphens */
} epi__kind;

/* The character of valid UTF-8 at text, left > 0: how the analyzer sees it, and its size. */
epi__kind epi__utf8_kind(size_t *size, const char *text, size_t left);
bool epi__utf8_is_upper(const char *text, size_t left);

/* The most source bytes of one word that are looked at; the rest of a longer word is not in the term. */
#define EPI__WORD_SIZE_MAX (4 * EPI__TERM_SIZE_MAX)

/* NFKC, case folding, marks of Latin letters and all that is no letter, digit or mark dropped; at most `limit` bytes,
 * cut between characters. Returns the size; size <= EPI__WORD_SIZE_MAX, limit <= EPI__TERM_SIZE_MAX. */
size_t epi__utf8_fold_word(char *out, size_t limit, const char *word, size_t size);

/* ---- stem.c ---- */

typedef struct epi__stemmer epi__stemmer;

epi_status epi__stemmer_new(epi__stemmer **stemmer, const char *language);
void epi__stemmer_free(epi__stemmer *stemmer);
/* The stem, borrowed until the next call; data NULL when memory ran out. */
epi__view epi__stemmer_run(epi__stemmer *stemmer, const char *word, size_t size);

/* ---- stopwords.c: English ---- */

typedef struct epi__stopword {
    const char *word;
    bool question;
} epi__stopword;

extern const epi__stopword epi__stopwords[]; /* in strcmp order */
extern const size_t epi__stopword_count;

/* NULL when the folded word is none. */
const epi__stopword *epi__stopword_find(const char *word, size_t size);

#endif
