/* facts.h - what somebody says of themselves in a text: "I live in Lisbon", "my dog's name is Rex".
 *
 * Idea: a few patterns over words, none of which fires where a sentence asks, denies, supposes or quotes; rather none
 * than a wrong one. The engine (facts.c) knows no language; a language is a struct of words and rules
 * (facts_english.c), so that another one is another table.
 */
#ifndef EPI_TEXT_FACTS_H
#define EPI_TEXT_FACTS_H

#include "../base/base.h"

#define EPI__ATTRIBUTE_SIZE 96u

typedef struct epi__found_fact {
    char attribute[EPI__ATTRIBUTE_SIZE];
    size_t from; /* bytes of the text that state it; the value is [value_from, to) */
    size_t to;
    size_t value_from;
    size_t sentence_from;
    size_t sentence_to;
    bool began; /* it tells of the change: a time of the sentence says since when */
} epi__found_fact;

/* The facts in a valid UTF-8 text, in its order, at most `room`. English. */
size_t epi__text_facts(epi__found_fact *found, size_t room, const char *text, size_t size);

/* ---- languages -------------------------------------------------------------------------------------------------- */

typedef enum epi__fact_value {
    EPI__FACT_NAME,  /* words with capital letters: "New York", "Rio de Janeiro" */
    EPI__FACT_PHRASE /* up to the clause's end: "a nurse", "dark blue", "Lord of the Rings" */
} epi__fact_value;

/* A pattern is words between blanks. "a|b" is one of several, "?a|b" may be missing, "@" is one to three plain words,
 * which take the place of "@" in the attribute. Words are in lower case and split before an apostrophe: "dog 's". */
typedef struct epi__fact_rule {
    const char *pattern;
    const char *attribute;
    epi__fact_value value; /* what follows the pattern */
    bool began;
} epi__fact_rule;

/* Lists of words, each between blanks: " if wish ". */
typedef struct epi__fact_language {
    const epi__fact_rule *rules;
    size_t rule_count;
    const char *first;      /* words that a pattern may begin with */
    const char *leads;      /* may stand before a pattern inside a clause: "and", "well" */
    const char *vetoes;     /* anywhere in the sentence: it supposes, denies or reports */
    const char *connectors; /* inside a name: "de" */
    const char *joints;     /* join two things, or two clauses: "and" */
    const char *within;     /* inside a title: "in" of "Murder in the Library" */
    const char *articles;
    const char *subjects;   /* a clause begins with them: "i", "it" */
    const char *ends;       /* no value goes on behind them: "because" */
    const char *vague;      /* no value begins with them, and no attribute has them: "that" */
    const char *shortened;  /* a dot behind them ends no sentence: "st" */
} epi__fact_language;

extern const epi__fact_language epi__facts_english;

#endif
