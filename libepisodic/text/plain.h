/* plain.h - the words of an English text as a word list knows them: runs of ASCII letters and digits, in lower case.
 * For looking at a text's form; what is searched for goes through the analyzer.
 */
#ifndef EPI_TEXT_PLAIN_H
#define EPI_TEXT_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#define EPI__PLAIN_SIZE 16u /* a longer word is in no list; it is cut */

typedef struct epi__plain {
    const char *text;
    size_t size;
    size_t at;
} epi__plain;

static inline bool epi__plain_is_byte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The next word, with a NUL behind it; false at the end. */
static inline bool epi__plain_next(char word[EPI__PLAIN_SIZE], epi__plain *walk) {
    size_t size = 0;
    while (walk->at < walk->size && !epi__plain_is_byte(walk->text[walk->at])) walk->at++;
    if (walk->at == walk->size) return false;
    for (; walk->at < walk->size && epi__plain_is_byte(walk->text[walk->at]); walk->at++) {
        char c = walk->text[walk->at];
        if (size < EPI__PLAIN_SIZE - 1) word[size++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    word[size] = '\0';
    return true;
}

#endif
