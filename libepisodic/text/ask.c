/* ask.c - what an English question asks for, and which English texts tell how long.
 *
 * Idea: form, not meaning. "When did ...", "how long ..." and "what year ..." want a time; "which books ...", "where
 * has ...", "what do both ..." and "how many ..." want several things, which seldom stand in one place; unless the
 * question is long, since then it tells of the one occasion that it means ("what games did we play at the picnic ...").
 * "for three years" and "since then" tell how long; they are no dates (dates.c). Words are as plain.h reads them.
 * Invariant: the word lists are in strcmp order.
 */
#include "plain.h"
#include "text.h"

#include <stdlib.h>

#define ASK_WORDS 12u     /* of a question's beginning that are looked at */
#define SEVERAL_WORDS 10u /* of a question for several things, at most; 8 to 11 do as well */
#define UNIT_REACH 2u /* words behind "for" that may be its unit: "for almost years", "for two years" */
#define NOUN_REACH 4u /* words behind "which" that may be what is asked for: "which two local parks" */

static const char *const verbs[] = {"are",  "can", "could", "did",    "do",  "does", "had",  "has",
                                    "have", "is",  "might", "should", "was", "were", "will", "would"};

static int compare(const void *key, const void *element) {
    return strcmp(key, *(const char *const *)element);
}

#define IN(list, word) (bsearch(word, list, EPI__COUNT(list), sizeof list[0], compare) != NULL)

/* ---- what is asked for ------------------------------------------------------------------------------------------ */

/* "books", not "is", "gas" or "class". */
static bool is_plural(const char *word) {
    size_t size = strlen(word);
    return size > 3 && word[size - 1] == 's' && word[size - 2] != 's' && !IN(verbs, word);
}

static bool is_time_noun(const char *word) {
    static const char *const nouns[] = {"date", "day", "month", "time", "year"};
    return IN(nouns, word);
}

/* What stands behind "what" or "which", up to the verb. */
static unsigned noun_asked(char words[ASK_WORDS][EPI__PLAIN_SIZE], size_t at, size_t count) {
    unsigned asked = 0;
    bool what = strcmp(words[at], "what") == 0;
    if (what && at + 1 < count && (strcmp(words[at + 1], "are") == 0 || strcmp(words[at + 1], "were") == 0))
        asked |= EPI__ASKS_SEVERAL;
    for (size_t i = at + 1; i < count && i <= at + NOUN_REACH && !IN(verbs, words[i]); i++) {
        if (is_plural(words[i])) asked |= EPI__ASKS_SEVERAL;
        if (is_time_noun(words[i]) && i <= at + 2) asked |= EPI__ASKS_WHEN;
    }
    return asked;
}

static unsigned asked_at(char words[ASK_WORDS][EPI__PLAIN_SIZE], size_t at, size_t count) {
    const char *word = words[at], *next = at + 1 < count ? words[at + 1] : "";
    if (strcmp(word, "when") == 0) return EPI__ASKS_WHEN;
    if (strcmp(word, "how") == 0 && strcmp(next, "long") == 0) return EPI__ASKS_WHEN;
    if (strcmp(word, "how") == 0 && strcmp(next, "many") == 0) return EPI__ASKS_SEVERAL;
    if (strcmp(word, "both") == 0) return EPI__ASKS_SEVERAL;
    bool open = strcmp(word, "what") == 0 || strcmp(word, "where") == 0 || strcmp(word, "who") == 0;
    if (open && (strcmp(next, "has") == 0 || strcmp(next, "have") == 0)) return EPI__ASKS_SEVERAL;
    if (strcmp(word, "what") == 0 || strcmp(word, "which") == 0) return noun_asked(words, at, count);
    return 0;
}

unsigned epi__text_asks(const char *text, size_t size) {
    char words[ASK_WORDS][EPI__PLAIN_SIZE];
    epi__plain walk = {text, size, 0};
    size_t count = 0;
    unsigned asked = 0;
    while (count < ASK_WORDS && epi__plain_next(words[count], &walk)) count++;
    for (size_t i = 0; i < count; i++) asked |= asked_at(words, i, count);
    return count > SEVERAL_WORDS ? asked & ~(unsigned)EPI__ASKS_SEVERAL : asked;
}

/* ---- how long --------------------------------------------------------------------------------------------------- */

bool epi__text_tells_duration(const char *text, size_t size) {
    static const char *const units[] = {"ages",  "day",    "days", "decade", "decades", "hour", "hours",
                                        "month", "months", "week", "weeks",  "while",   "year", "years"};
    char word[EPI__PLAIN_SIZE];
    epi__plain walk = {text, size, 0};
    size_t reach = 0; /* words left in which a unit may come */
    while (epi__plain_next(word, &walk)) {
        if (strcmp(word, "since") == 0 || (reach > 0 && IN(units, word))) return true;
        reach = strcmp(word, "for") == 0 ? UNIT_REACH : reach > 0 ? reach - 1 : 0;
    }
    return false;
}
