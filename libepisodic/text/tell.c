/* tell.c - what an English text tells of, by its form: of who speaks ("I", "my"), and of what happened ("went",
 * "painted"). What people are later asked about is mostly what they told of themselves and of what they did.
 *
 * Invariant: the word lists are in strcmp order.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/base.h"
#include "plain.h"
#include "text.h"

#define SIZE_MAX_LOOKED_AT 4096u /* bytes of a text */

static int compare(const void *key, const void *element) {
    return strcmp(key, *(const char *const *)element);
}

static bool is_self(const char *word) {
    static const char *const words[] = {"i", "my", "our", "we"};
    return bsearch(word, words, EPI__COUNT(words), sizeof words[0], compare) != NULL;
}

/* Frequent irregular verbs, or a regular form: "painted", not "red" or "need". */
static bool is_past(const char *word) {
    static const char *const verbs[] = {"bought", "came", "did", "found", "gave", "got",  "had",
                                        "made",   "met",  "saw", "took",  "was",  "went", "were"};
    size_t size = strlen(word);
    if (size >= 5 && strcmp(word + size - 2, "ed") == 0 && word[size - 3] != 'e') return true;
    return bsearch(word, verbs, EPI__COUNT(verbs), sizeof verbs[0], compare) != NULL;
}

unsigned epi__text_tells(const char *text, size_t size) {
    char word[EPI__PLAIN_SIZE];
    epi__plain walk = {text, EPI__MIN(size, (size_t)SIZE_MAX_LOOKED_AT), 0};
    unsigned tells = 0;
    while (tells != (EPI__TELLS_SELF | EPI__TELLS_PAST) && epi__plain_next(word, &walk)) {
        if (is_self(word)) tells |= EPI__TELLS_SELF;
        if (is_past(word)) tells |= EPI__TELLS_PAST;
    }
    return tells;
}
