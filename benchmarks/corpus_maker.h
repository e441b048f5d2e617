/* corpus_maker.h - what the makers of corpora share: a session being made, and the facts that were told.
 *
 * A fact is what can be asked for: somebody (who) did something (verb) with something (thing), and the answer (detail).
 * Facts of one group have who, verb and thing in common; they are told in several sessions and asked for together.
 */
#ifndef EPI_BENCH_CORPUS_MAKER_H
#define EPI_BENCH_CORPUS_MAKER_H

#include "corpus.h"

#define CORPUS_TOPICS 16
#define CORPUS_GROUPS 12 /* that are open at a time */
#define CORPUS_GROUP_SIZE 4

typedef struct fact {
    size_t who;
    uint32_t verb, thing, detail;
    uint32_t number; /* of events: an id that is said as it is */
    int form;        /* how it was told, and so how it is asked for; the maker's own */
    bool dated;      /* told with an expression of time */
    bool asked;
    uint64_t turns[CORPUS_GROUP_SIZE];
    size_t turn_count;
    size_t wanted; /* turns that make it whole, in sessions of their own; 1 for most */
} fact;

typedef struct corpus_maker {
    const char *kind;
    void (*session)(corpus *made);
    void (*ask)(corpus_question *question, corpus *made, const fact *one);
    int64_t gap_us; /* between sessions, about */
} corpus_maker;

struct corpus {
    const corpus_maker *maker;
    lexicon *words;
    bench_random random;
    size_t people;
    topic topics[CORPUS_TOPICS];
    corpus_session session;
    size_t room; /* turns there is room for */
    uint64_t turn_count;
    fact *facts;
    size_t fact_count, fact_room;
    size_t open[CORPUS_GROUPS]; /* places of facts that are told bit by bit; SIZE_MAX: none */
    char text[16384];           /* of the turn that is being said */
    size_t size;
};

extern const corpus_maker corpus_chat, corpus_assistant, corpus_events;

/* Chance. */
bool corpus_chance(corpus *made, double probability);
size_t corpus_below(corpus *made, size_t limit);
const char *corpus_pick(corpus *made, const char *const *texts, size_t count);
#define CORPUS_PICK(made, texts) corpus_pick(made, texts, sizeof(texts) / sizeof *(texts))

/* A spelling of a meaning, and one of a meaning of the topic. */
const char *corpus_word(corpus *made, uint32_t meaning);
const char *corpus_some(corpus *made, const topic *of, meaning_kind kind);
const char *corpus_when(corpus *made); /* "yesterday", "last week", ... */
const char *corpus_name(size_t person);

/* Saying: text is put together, and becomes a turn of the speaker. Returns the turn's place. */
void corpus_put(corpus *made, const char *format, ...) BENCH_PRINTF(2, 3);
uint64_t corpus_say(corpus *made, const char *speaker);
/* A sentence about the topic, of 6 to 16 words, that tells no fact. */
void corpus_chatter(corpus *made, const topic *of);

fact *corpus_fact(corpus *made, size_t who, const topic *of); /* a new one, with words of the topic */
/* An open group to go on with, or a new one; the next turn of it is to be told now. */
fact *corpus_group(corpus *made, size_t who, const topic *of);
void corpus_told(corpus *made, fact *one, uint64_t turn);

#endif
