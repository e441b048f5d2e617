/* corpus.h - made-up memories with known evidence: a human chat, an assistant log with long answers, and an event
 * stream. What is said is made of templates in English with made-up words for content; who says what, what is asked,
 * and which turns hold the answer are known because the maker put them there.
 *
 *   chat       two people (or more) talk in short turns over many sessions; what a turn answers often stands only in
 *              the turn before it; the same topics come again; some things are told over several sessions
 *   assistant  a user asks, an assistant answers at length with lists that repeat the topic's words and echo the user;
 *              what is asked later is mostly what the user mentioned in passing, sometimes an item of an answer
 *   events     machines report in short lines; several processes run interleaved, few words, many ids
 *
 * Sessions come one after the other as long as one wants; questions are about what was told so far. The same seed gives
 * the same bytes. corpus_locomo() writes a whole file in the LoCoMo form.
 */
#ifndef EPI_BENCH_CORPUS_H
#define EPI_BENCH_CORPUS_H

#include "corpus_words.h"

#define CORPUS_EVIDENCE_MAX 8

typedef struct corpus_turn {
    const char *speaker;
    char *text;
    uint64_t place; /* among all turns of the corpus, from 0 */
} corpus_turn;

typedef struct corpus_session {
    uint64_t number; /* from 1 */
    int64_t time_us; /* since 1970, whole minutes */
    corpus_turn *turns;
    size_t count;
} corpus_session;

/* Categories are those of LoCoMo: 1 over several sessions, 2 asks when, 4 one place. */
typedef struct corpus_question {
    char text[512];
    int category;
    uint64_t evidence[CORPUS_EVIDENCE_MAX]; /* places of turns */
    size_t evidence_count;
} corpus_question;

typedef struct corpus corpus;

/* kind: "chat", "assistant" or "events"; NULL for any other. people: who talk in a chat, at least 2. */
corpus *corpus_new(const char *kind, uint64_t seed, size_t people);
void corpus_free(corpus *made);
/* Makes the next session; it lives until the next call. */
const corpus_session *corpus_next(corpus *made);
/* Asks about something that was told; false when the one drawn cannot be asked for (again). */
bool corpus_ask(corpus_question *question, corpus *made);

/* A file in the LoCoMo form: conversations of that many sessions with up to `questions` each; the caller frees it. */
char *corpus_locomo(size_t *size, const char *kind, uint64_t seed, size_t conversations, size_t sessions,
                    size_t questions);

#endif
