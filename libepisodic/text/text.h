/* text.h - UTF-8, words and stems. The one utf8proc door (utf8.c) and the one libstemmer door (stem.c).
 *
 * An analyzer turns text into terms: NFKC + case folding, marks of Latin letters dropped ("café" = "cafe"), split at
 * everything that is neither letter nor digit (an apostrophe inside a word ends it: "Caroline's" -> "caroline", "s"),
 * Snowball-stemmed; stop words keep their form. Scripts without spaces (Chinese, Japanese, Thai ...; Korean too) become
 * one term a character and one a pair of neighbours. ANALYZER_VERSION changes whenever the same text may give other
 * terms.
 */
#ifndef EPI_TEXT_TEXT_H
#define EPI_TEXT_TEXT_H

#include "../base/base.h"

#define EPI__ANALYZER_VERSION 1u
#define EPI__TERM_SIZE_MAX 64u /* bytes; a longer word is cut at a character border */

/* EPI_EUTF8 names the byte offset; a NUL byte is refused too. `what` begins the message ("text of role \"text\""). */
epi_status epi__utf8_check(const char *module, const char *what, const void *text, size_t size);
/* The size of the longest prefix that is valid UTF-8 without NUL. */
size_t epi__utf8_valid(const void *text, size_t size);
/* The greatest size <= limit that ends between characters of valid UTF-8. */
size_t epi__utf8_cut(const char *text, size_t size, size_t limit);
/* Terminal columns of valid UTF-8 (wide characters are 2, combining 0). */
size_t epi__utf8_columns(const char *text, size_t size);
/* NFKC and case folding; the result is in `out` (cleared first). Valid UTF-8 in. */
epi_status epi__utf8_fold(epi__buffer *out, const char *text, size_t size);

/* Appends valid UTF-8 on one line: what would break it becomes a space. */
void epi__text_append_flat(epi__buffer *out, const char *text, size_t size);

/* The code point at the beginning of valid UTF-8 (left > 0), and its size in bytes. */
int32_t epi__utf8_decode(size_t *size, const char *text, size_t left);
size_t epi__utf8_put(char out[4], int32_t point);

/* What tokenizers of models ask of a code point; several may hold. */
#define EPI__CLASS_SPACE 1u       /* White_Space */
#define EPI__CLASS_PUNCTUATION 2u /* category P */
#define EPI__CLASS_LETTER 4u      /* category L */
#define EPI__CLASS_NUMBER 8u      /* category N */
#define EPI__CLASS_MARK 16u       /* category M */
#define EPI__CLASS_ACCENT 32u     /* category Mn */
#define EPI__CLASS_OTHER 64u      /* category C: control, format, unassigned, private */
unsigned epi__utf8_class(int32_t point);
int32_t epi__utf8_lower(int32_t point);

typedef enum epi__utf8_form { EPI__NFC, EPI__NFD, EPI__NFKC, EPI__NFKD } epi__utf8_form;
/* A normal form of valid UTF-8, in `out` (cleared first). */
epi_status epi__utf8_normal(epi__buffer *out, const char *text, size_t size, epi__utf8_form form);

typedef struct epi__analyzer epi__analyzer; /* not for two threads at once */

typedef struct epi__term {
    const char *text; /* stem, not NUL-terminated; borrowed until the next epi__analyzer_run on the analyzer */
    uint32_t size;
    bool stop;     /* a stop word */
    bool question; /* who, what, when, where, why, how, which ...: a stop word that says what is asked for */
    uint32_t from; /* byte span in the source text */
    uint32_t to;
    bool capital; /* the source word begins with an upper-case letter */
} epi__term;

/* "english", or NULL for it: stems and stop words. "none": neither. Another language that libstemmer knows by its
 * English name: stems only. EPI_EUNSUPPORTED for any other. */
epi_status epi__analyzer_new(epi__analyzer **analyzer, const char *language);
void epi__analyzer_free(epi__analyzer *analyzer);
/* Terms in text order, stop words included and marked. Text is valid UTF-8. *terms is borrowed until the next run. */
epi_status epi__analyzer_run(const epi__term **terms, size_t *count, epi__analyzer *analyzer, const char *text,
                             size_t size);

bool epi__analyzer_is_english(const epi__analyzer *analyzer);

/* ---- forms.c: English ---- */

#define EPI__FORMS_MAX 4u
/* The other stems of a word that has several ("bought" of "buy"); 0 of any other. */
size_t epi__text_forms(const char *stems[EPI__FORMS_MAX], const char *stem, size_t size);

/* ---- ask.c: English ---- */

#define EPI__ASKS_WHEN 1u    /* "when did ...", "how long ...", "what year ..." */
#define EPI__ASKS_SEVERAL 2u /* "which books ...", "where has ...", "how many ..." */

/* What a question asks for, by its form; 0 when that says nothing. */
unsigned epi__text_asks(const char *text, size_t size);
/* Whether a text tells how long something lasts: "for three years", "since then". */
bool epi__text_tells_duration(const char *text, size_t size);

/* ---- party.c: English ---- */

typedef enum epi__party { EPI__PARTY_NONE, EPI__PARTY_USER, EPI__PARTY_ASSISTANT } epi__party;
/* Whom the name of a speaker stands for in an assistant's log. */
epi__party epi__text_party(const char *name, size_t size);

/* ---- tell.c: English ---- */

#define EPI__TELLS_SELF 1u /* of who speaks */
#define EPI__TELLS_PAST 2u /* of what happened */
/* What a text tells of, by its form. */
unsigned epi__text_tells(const char *text, size_t size);

#endif
