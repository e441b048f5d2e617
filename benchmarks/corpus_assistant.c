/* corpus_assistant.c - a log of a user and an assistant. The user asks for help with a topic and mentions things of
 * their own in passing; the assistant answers with long lists over the same words and echoes what it was told. What is
 * asked later is mostly what the user mentioned; one in seven is an item of an answer.
 */
#include <stdio.h>

#include "corpus_maker.h"

enum { BY_USER, BY_ASSISTANT };

static const char *const user = "user", *const assistant = "assistant";

static void request(corpus *made, const topic *of, bool first) {
    const char *a = corpus_some(made, of, NOUN), *b = corpus_some(made, of, NOUN), *v = corpus_some(made, of, VERB);
    switch (corpus_below(made, 5)) {
    case 0: corpus_put(made, "Can you recommend a %s for my %s? ", a, b); break;
    case 1: corpus_put(made, "I'm trying to %s a %s. What should I look out for? ", v, a); break;
    case 2: corpus_put(made, "How do I %s the %s without the %s? ", v, a, b); break;
    case 3: corpus_put(made, "Write me a short text about the %s and the %s. ", a, b); break;
    default: corpus_put(made, "Could you explain what a %s has to do with %ss? ", a, b); break;
    }
    for (size_t i = 0, count = corpus_below(made, first ? 4 : 2); i < count; i++) corpus_chatter(made, of);
}

/* What the user says of themselves, inside a request. */
static void mention(corpus *made, fact *one) {
    const char *verb = corpus_word(made, one->verb), *thing = corpus_word(made, one->thing),
               *detail = corpus_word(made, one->detail);
    one->dated = corpus_chance(made, 0.35);
    const char *when = one->dated ? corpus_when(made) : "recently";
    switch (corpus_below(made, 4)) {
    case 0: corpus_put(made, "By the way, I %sed my %s with a %s %s. ", verb, thing, detail, when); return;
    case 1: corpus_put(made, "I just %sed a %s at the %s %s, and it went well. ", verb, thing, detail, when); return;
    case 2: corpus_put(made, "Since I %sed the %s %s, the %s has been on my mind. ", verb, thing, when, detail); return;
    default: corpus_put(made, "My %s, which I %sed %s, came with a %s. ", thing, verb, when, detail); return;
    }
}

static void echo(corpus *made, const fact *one) {
    const char *thing = corpus_word(made, one->thing);
    if (corpus_chance(made, 0.4))
        corpus_put(made, "Congratulations on your %s! ", thing);
    else if (corpus_chance(made, 0.5))
        corpus_put(made, "It's great that you %sed the %s. ", corpus_word(made, one->verb), thing);
}

/* A list of 4 to 10 items, a paragraph before and behind; the item of `one`, if any, stands somewhere in it. */
static void answer(corpus *made, const topic *of, const fact *one) {
    size_t items = 4 + corpus_below(made, 7), at = corpus_below(made, items);
    corpus_put(made, "Of course! ");
    for (size_t i = 0; i < 2; i++) corpus_chatter(made, of);
    corpus_put(made, "Here are some ideas for your %s:\n\n", corpus_some(made, of, NOUN));
    for (size_t i = 0; i < items; i++) {
        corpus_put(made, "%zu. %s %s: ", i + 1, corpus_some(made, of, QUALITY), corpus_some(made, of, NOUN));
        if (one != NULL && i == at)
            corpus_put(made, "%s the %s in the %s. ", corpus_word(made, one->verb), corpus_word(made, one->thing),
                       corpus_word(made, one->detail));
        for (size_t s = 0, count = 1 + corpus_below(made, 3); s < count; s++) corpus_chatter(made, of);
        corpus_put(made, "\n");
    }
    corpus_put(made, "\nRemember to %s the %s. ", corpus_some(made, of, VERB), corpus_some(made, of, NOUN));
    corpus_chatter(made, of);
    corpus_put(made, "Let me know if you have any other questions!");
}

/* A request that mentions a fact, or is answered with one, and the answer. */
static void exchange(corpus *made, const topic *of, bool first, double telling, bool group) {
    /* of another topic, as things mentioned in passing are */
    const topic *other = corpus_chance(made, 0.5) ? of : &made->topics[corpus_below(made, CORPUS_TOPICS)];
    double way = bench_random_unit(&made->random);
    fact *one = group ? corpus_group(made, 0, other) : way < telling ? corpus_fact(made, 0, other) : NULL;
    bool by_user = group || way < telling * 6.0 / 7.0;
    bool before = corpus_chance(made, 0.3);
    if (one != NULL) one->form = by_user ? BY_USER : BY_ASSISTANT;
    if (one != NULL && by_user && before) mention(made, one);
    request(made, of, first);
    if (one != NULL && by_user && !before) mention(made, one);
    uint64_t turn = corpus_say(made, user);
    if (one != NULL && by_user) echo(made, one);
    answer(made, of, by_user ? NULL : one);
    uint64_t reply = corpus_say(made, assistant);
    if (one != NULL) corpus_told(made, one, by_user ? turn : reply);
}

static void session(corpus *made) {
    const topic *of = &made->topics[corpus_below(made, CORPUS_TOPICS)];
    size_t count = 2 + corpus_below(made, 5), group = corpus_below(made, 2 * count);
    double telling = corpus_chance(made, 0.6) ? 0.5 : 0.0; /* many sessions are about the topic alone */
    for (size_t i = 0; i < count; i++) exchange(made, of, i == 0, telling, i == group);
}

static void ask(corpus_question *question, corpus *made, const fact *one) {
    const char *verb = corpus_word(made, one->verb), *thing = corpus_word(made, one->thing);
    size_t size = sizeof question->text;
    if (one->wanted > 1) {
        snprintf(question->text, size, "How many %ss have I %sed?", thing, verb);
    } else if (one->form == BY_ASSISTANT) {
        snprintf(question->text, size, "You gave me a list before; where was I to %s the %s?", verb, thing);
    } else if (one->dated && corpus_chance(made, 0.6)) {
        question->category = 2;
        snprintf(question->text, size, "When did I %s the %s?", verb, thing);
    } else if (corpus_chance(made, 0.5)) {
        snprintf(question->text, size, "Where did I %s my %s?", verb, thing);
    } else {
        snprintf(question->text, size, "What did I get with the %s that I %sed?", thing, verb);
    }
}

const corpus_maker corpus_assistant = {"assistant", session, ask, 3ll * 24 * 3600 * 1000000};
