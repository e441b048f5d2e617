/* corpus_chat.c - a human chat: short turns, questions and answers, the same topics again and again, and things that
 * are told over many sessions. A third of what is told needs the turn before it: that one names the thing, the answer
 * only the detail.
 */
#include <stdio.h>

#include "corpus_maker.h"

typedef struct talk {
    corpus *made;
    size_t who[2];
    const topic *of;
} talk;

enum { WHOLE, ANSWER, FOLLOW_UP };

static uint64_t say(talk *t, int side) {
    return corpus_say(t->made, corpus_name(t->who[side]));
}

static void opener(talk *t) {
    static const char *const openers[] = {
        "Wow, that's great! ", "Oh nice. ",           "Haha, yes! ",     "I hear you. ",
        "That sounds good. ",  "Thanks for asking! ", "Totally agree. ", "Hmm. "};
    if (corpus_chance(t->made, 0.6)) corpus_put(t->made, "%s", CORPUS_PICK(t->made, openers));
}

static void idle_turn(talk *t, int side) {
    opener(t);
    for (size_t i = 0, count = 1 + corpus_below(t->made, 3); i < count; i++) corpus_chatter(t->made, t->of);
    if (corpus_chance(t->made, 0.3)) {
        static const char *const questions[] = {"How about you?", "What do you think?", "Have you tried it?"};
        if (corpus_chance(t->made, 0.5))
            corpus_put(t->made, "%s", CORPUS_PICK(t->made, questions));
        else
            corpus_put(t->made, "What is your %s like?", corpus_some(t->made, t->of, NOUN));
    }
    say(t, side);
}

static const char *time_of(talk *t, fact *one) {
    one->dated = corpus_chance(t->made, 0.35);
    return one->dated ? corpus_when(t->made) : "";
}

/* All in one turn. */
static void tell_whole(talk *t, int side, fact *one) {
    corpus *made = t->made;
    const char *verb = corpus_word(made, one->verb), *thing = corpus_word(made, one->thing);
    opener(t);
    one->form = WHOLE;
    if (corpus_chance(made, 0.5)) corpus_chatter(made, t->of);
    if (corpus_chance(made, 0.5))
        corpus_put(made, "I %sed the %s with my %s %s. ", verb, thing, corpus_word(made, one->detail), time_of(t, one));
    else
        corpus_put(made, "%s I finally %sed a %s, it was about the %s! ", time_of(t, one), verb, thing,
                   corpus_word(made, one->detail));
    if (corpus_chance(made, 0.4)) corpus_chatter(made, t->of);
    corpus_told(made, one, say(t, side));
    if (corpus_chance(made, 0.6)) { /* what follows repeats a word of it */
        opener(t);
        corpus_put(made, "How was the %s? ", corpus_word(made, corpus_chance(made, 0.5) ? one->thing : one->detail));
        corpus_chatter(made, t->of);
        say(t, 1 - side);
    }
}

/* The other asks for the thing; the answer has the detail alone. */
static void tell_as_answer(talk *t, int side, fact *one) {
    corpus *made = t->made;
    one->form = ANSWER;
    opener(t);
    if (corpus_chance(made, 0.5)) corpus_chatter(made, t->of);
    if (corpus_chance(made, 0.5))
        corpus_put(made, "Did you %s the %s in the end?", corpus_word(made, one->verb), corpus_word(made, one->thing));
    else
        corpus_put(made, "What did you %s at the %s?", corpus_word(made, one->verb), corpus_word(made, one->thing));
    say(t, 1 - side);
    opener(t);
    corpus_put(made, "Yes, it was the %s %s. ", corpus_word(made, one->detail), time_of(t, one));
    if (corpus_chance(made, 0.6)) corpus_chatter(made, t->of);
    corpus_told(made, one, say(t, side));
}

/* The thing is named first, the detail two turns later. */
static void tell_in_parts(talk *t, int side, fact *one) {
    static const char *const prompts[] = {"Tell me more!", "Really? What happened?", "And then?", "Which one?"};
    corpus *made = t->made;
    one->form = FOLLOW_UP;
    corpus_put(made, "You know, I have been to the %s again. ", corpus_word(made, one->thing));
    corpus_chatter(made, t->of);
    say(t, side);
    corpus_put(made, "%s", CORPUS_PICK(made, prompts));
    say(t, 1 - side);
    corpus_put(made, "We %sed the %s %s, so good. ", corpus_word(made, one->verb), corpus_word(made, one->detail),
               time_of(t, one));
    if (corpus_chance(made, 0.5)) corpus_chatter(made, t->of);
    corpus_told(made, one, say(t, side));
}

static void tell_of_group(talk *t, int side) {
    corpus *made = t->made;
    fact *one = corpus_group(made, t->who[side], t->of);
    opener(t);
    corpus_put(made, "I %sed another %s, the one with the %s. ", corpus_word(made, one->verb),
               corpus_word(made, one->thing), corpus_word(made, one->detail));
    if (corpus_chance(made, 0.5)) corpus_chatter(made, t->of);
    corpus_told(made, one, say(t, side));
}

static void segment(talk *t, bool group) {
    corpus *made = t->made;
    int side = (int)corpus_below(made, 2);
    t->of = &made->topics[corpus_below(made, CORPUS_TOPICS)];
    idle_turn(t, 1 - side);
    if (group) {
        tell_of_group(t, side);
    } else {
        double way = bench_random_unit(&made->random);
        fact *one = corpus_fact(made, t->who[side], t->of);
        if (way < 0.5)
            tell_whole(t, side, one);
        else if (way < 0.8)
            tell_as_answer(t, side, one);
        else
            tell_in_parts(t, side, one);
    }
    for (size_t i = 0, count = 1 + corpus_below(made, 4); i < count; i++) idle_turn(t, (int)(i % 2) ^ side ^ 1);
}

static void session(corpus *made) {
    talk t = {.made = made};
    t.who[0] = corpus_below(made, made->people);
    t.who[1] = (t.who[0] + 1 + corpus_below(made, made->people - 1)) % made->people;
    corpus_put(made, "Hey %s! Good to hear from you, how have you been?", corpus_name(t.who[1]));
    say(&t, 0);
    size_t count = 2 + corpus_below(made, 5), group = corpus_below(made, count);
    for (size_t i = 0; i < count; i++) segment(&t, i == group);
    corpus_put(made, "Gotta go now, take care, %s!", corpus_name(t.who[0]));
    say(&t, 1);
}

static void ask(corpus_question *question, corpus *made, const fact *one) {
    const char *who = corpus_name(one->who), *verb = corpus_word(made, one->verb),
               *thing = corpus_word(made, one->thing);
    if (one->wanted > 1) {
        snprintf(question->text, sizeof question->text, "Which %ss has %s %sed?", thing, who, verb);
    } else if (one->dated && corpus_chance(made, 0.8)) {
        question->category = 2;
        snprintf(question->text, sizeof question->text, "When did %s %s the %s?", who, verb, thing);
    } else if (corpus_chance(made, 0.3)) { /* by the answer's own words */
        snprintf(question->text, sizeof question->text, "What did %s do with the %s and the %s?", who,
                 corpus_word(made, one->detail), thing);
    } else {
        snprintf(question->text, sizeof question->text, "What did %s %s at the %s?", who, verb, thing);
    }
}

const corpus_maker corpus_chat = {"chat", session, ask, 6ll * 24 * 3600 * 1000000};
