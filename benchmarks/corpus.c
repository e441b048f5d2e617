/* corpus.c - the frame of made-up corpora: chance, words, turns and facts; see corpus.h and corpus_maker.h. */
#include "corpus.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corpus_maker.h"

#define FIRST_US (1672736400ll * 1000000) /* 3 January 2023, 9:00 */
#define MINUTE_US 60000000ll

/* ---- chance ----------------------------------------------------------------------------------------------------- */

bool corpus_chance(corpus *made, double probability) {
    return bench_random_unit(&made->random) < probability;
}

size_t corpus_below(corpus *made, size_t limit) {
    return (size_t)bench_random_below(&made->random, limit);
}

const char *corpus_pick(corpus *made, const char *const *texts, size_t count) {
    return texts[corpus_below(made, count)];
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

const char *corpus_word(corpus *made, uint32_t meaning) {
    return lexicon_spell(made->words, meaning, &made->random);
}

const char *corpus_some(corpus *made, const topic *of, meaning_kind kind) {
    return corpus_word(made, topic_draw(of, kind, &made->random));
}

const char *corpus_when(corpus *made) {
    static const char *const times[] = {"yesterday",      "last week",    "last Friday",   "two days ago",
                                        "last month",     "on Sunday",    "last weekend",  "this morning",
                                        "a few days ago", "last Tuesday", "two weeks ago", "the day before yesterday"};
    return CORPUS_PICK(made, times);
}

const char *corpus_name(size_t person) {
    static const char *const names[] = {"Mira",  "Jonas", "Adele",   "Bruno",  "Carla",  "Dmitri",  "Elena",  "Farid",
                                        "Greta", "Hugo",  "Irene",   "Jasper", "Kira",   "Leopold", "Maxine", "Nadia",
                                        "Otto",  "Petra", "Quentin", "Rosa",   "Stefan", "Tamara",  "Ursula", "Viktor",
                                        "Wanda", "Xenia", "Yusuf",   "Zelda",  "Anton",  "Beate",   "Cyril",  "Dora"};
    return names[person % (sizeof names / sizeof *names)];
}

/* ---- saying ----------------------------------------------------------------------------------------------------- */

void corpus_put(corpus *made, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof made->text - made->size;
    int size = vsnprintf(made->text + made->size, room, format, arguments);
    va_end(arguments);
    if (size > 0) made->size += (size_t)size < room ? (size_t)size : room - 1;
}

uint64_t corpus_say(corpus *made, const char *speaker) {
    corpus_session *session = &made->session;
    if (session->count == made->room) {
        made->room = made->room * 2 + 32;
        session->turns = realloc(session->turns, made->room * sizeof *session->turns);
        if (session->turns == NULL) bench_fail("out of memory");
    }
    while (made->size > 0 && made->text[made->size - 1] == ' ') made->size--;
    made->text[made->size] = '\0';
    char *text = bench_alloc(made->size + 1, 1);
    memcpy(text, made->text, made->size + 1);
    session->turns[session->count++] = (corpus_turn){speaker, text, made->turn_count};
    made->size = 0;
    return made->turn_count++;
}

void corpus_chatter(corpus *made, const topic *of) {
    const char *a = corpus_some(made, of, NOUN), *b = corpus_some(made, of, NOUN), *v = corpus_some(made, of, VERB),
               *q = corpus_some(made, of, QUALITY);
    switch (corpus_below(made, 10)) {
    case 0: corpus_put(made, "The %s really is %s when you think about the %s. ", a, q, b); return;
    case 1: corpus_put(made, "I always %s the %s before anything else. ", v, a); return;
    case 2: corpus_put(made, "It feels so %s to have some %s again. ", q, a); return;
    case 3: corpus_put(made, "We could %s the %s together with the %s some time. ", v, a, b); return;
    case 4: corpus_put(made, "There is nothing like a %s %s for that. ", q, a); return;
    case 5: corpus_put(made, "My %s keeps me going, and the %s too. ", a, b); return;
    case 6: corpus_put(made, "People who %s a %s know how %s it can be. ", v, a, q); return;
    case 7: corpus_put(made, "That %s means a lot to me. ", a); return;
    case 8: corpus_put(made, "Honestly, %sing is the %s part of it. ", v, q); return;
    default: corpus_put(made, "You have to see the %s and the %s there. ", a, b); return;
    }
}

/* ---- facts ------------------------------------------------------------------------------------------------------ */

fact *corpus_fact(corpus *made, size_t who, const topic *of) {
    if (made->fact_count == made->fact_room) {
        made->fact_room = made->fact_room * 2 + 256;
        made->facts = realloc(made->facts, made->fact_room * sizeof *made->facts);
        if (made->facts == NULL) bench_fail("out of memory");
    }
    fact *one = &made->facts[made->fact_count++];
    *one = (fact){.who = who, .wanted = 1};
    one->verb = topic_draw(of, VERB, &made->random);
    one->thing = topic_draw(of, NOUN, &made->random);
    one->detail = lexicon_draw(made->words, NOUN, &made->random);
    one->number = 10000 + (uint32_t)corpus_below(made, 90000);
    return one;
}

fact *corpus_group(corpus *made, size_t who, const topic *of) {
    size_t *slot = &made->open[corpus_below(made, CORPUS_GROUPS)];
    if (*slot != SIZE_MAX && made->facts[*slot].who == who) {
        fact *one = &made->facts[*slot];
        one->detail = lexicon_draw(made->words, NOUN, &made->random);
        if (one->turn_count + 1 == one->wanted) *slot = SIZE_MAX;
        return one;
    }
    fact *one = corpus_fact(made, who, of);
    one->wanted = 2 + corpus_below(made, CORPUS_GROUP_SIZE - 1);
    *slot = made->fact_count - 1;
    return one;
}

void corpus_told(corpus *made, fact *one, uint64_t turn) {
    (void)made;
    if (one->turn_count < CORPUS_GROUP_SIZE) one->turns[one->turn_count++] = turn;
}

bool corpus_ask(corpus_question *question, corpus *made) {
    if (made->fact_count == 0) return false;
    fact *one = &made->facts[corpus_below(made, made->fact_count)];
    if (one->asked || one->turn_count == 0) return false;
    one->asked = true;
    *question = (corpus_question){.category = one->wanted > 1 ? 1 : 4, .evidence_count = one->turn_count};
    memcpy(question->evidence, one->turns, one->turn_count * sizeof *one->turns);
    made->maker->ask(question, made, one);
    return true;
}

/* ---- sessions --------------------------------------------------------------------------------------------------- */

static void forget_turns(corpus *made) {
    for (size_t i = 0; i < made->session.count; i++) free(made->session.turns[i].text);
    made->session.count = 0;
}

corpus *corpus_new(const char *kind, uint64_t seed, size_t people) {
    static const corpus_maker *const makers[] = {&corpus_chat, &corpus_assistant, &corpus_events};
    const corpus_maker *maker = NULL;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        if (strcmp(makers[i]->kind, kind) == 0) maker = makers[i];
    if (maker == NULL) return NULL;
    corpus *made = bench_alloc(1, sizeof *made);
    made->maker = maker;
    made->people = people < 2 ? 2 : people;
    made->words = lexicon_new(seed);
    made->random = bench_random_of(seed, 12);
    made->session.time_us = FIRST_US;
    for (size_t i = 0; i < CORPUS_GROUPS; i++) made->open[i] = SIZE_MAX;
    for (size_t i = 0; i < CORPUS_TOPICS; i++) topic_make(&made->topics[i], made->words, &made->random);
    return made;
}

void corpus_free(corpus *made) {
    if (made == NULL) return;
    forget_turns(made);
    free(made->session.turns);
    free(made->facts);
    lexicon_free(made->words);
    free(made);
}

const corpus_session *corpus_next(corpus *made) {
    forget_turns(made);
    made->session.number++;
    int64_t gap = made->maker->gap_us;
    made->session.time_us += (gap / 2 + (int64_t)(bench_random_unit(&made->random) * (double)gap)) / MINUTE_US *
                             MINUTE_US;
    if (corpus_below(made, 40) == 0) /* what is talked about changes in time */
        topic_make(&made->topics[corpus_below(made, CORPUS_TOPICS)], made->words, &made->random);
    made->maker->session(made);
    return &made->session;
}
