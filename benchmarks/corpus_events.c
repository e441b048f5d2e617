/* corpus_events.c - a stream of events that machines report: several processes interleaved, each a chain of a few
 * short lines that share an id; few words, many ids and names. A question is about a whole process, by its id or by
 * what its first line says, or about one line by what it happened to.
 */
#include <stdio.h>

#include "corpus_maker.h"

#define PROCESSES 6
#define STAGES 4

typedef struct process {
    size_t at; /* place of its fact */
    size_t stage;
    bool whole; /* asked for as a whole */
} process;

static const char *const sources[] = {"scheduler", "deploy", "billing", "gateway", "sensor", "backup", "robot"};

static const char *const verbs[STAGES][4] = {{"queued", "accepted", "received", "opened"},
                                             {"started", "picked up", "dispatched", "checked"},
                                             {"retried", "paused", "slowed down", "waited"},
                                             {"finished", "failed", "completed", "aborted"}};

static void process_new(process *p, corpus *made) {
    const topic *of = &made->topics[corpus_below(made, CORPUS_TOPICS)];
    fact *one = corpus_fact(made, corpus_below(made, sizeof sources / sizeof *sources), of);
    p->whole = corpus_chance(made, 0.3);
    one->wanted = p->whole ? STAGES : 1;
    one->form = (int)corpus_below(made, STAGES);
    p->at = made->fact_count - 1;
    p->stage = 0;
}

static void report(process *p, corpus *made) {
    fact *one = &made->facts[p->at];
    const char *verb = corpus_pick(made, verbs[p->stage], 4), *thing = corpus_word(made, one->thing);
    bool told = p->whole || one->form == (int)p->stage;
    switch (p->stage) {
    case 0: corpus_put(made, "%s for %s %s, job %u", thing, corpus_word(made, one->detail), verb, one->number); break;
    case 1: corpus_put(made, "%s %s on node %zu, job %u", thing, verb, corpus_below(made, 40), one->number); break;
    case 2:
        corpus_put(made, "job %u %s after %zu s, queue length %zu", one->number, verb, corpus_below(made, 600),
                   corpus_below(made, 90));
        break;
    default:
        corpus_put(made, "%s %s with code %zu, %zu items, job %u", thing, verb, corpus_below(made, 8),
                   corpus_below(made, 5000), one->number);
        break;
    }
    uint64_t turn = corpus_say(made, sources[one->who]);
    if (told) corpus_told(made, one, turn);
}

static void noise(corpus *made) {
    const topic *of = &made->topics[corpus_below(made, CORPUS_TOPICS)];
    const char *source = CORPUS_PICK(made, sources);
    if (corpus_chance(made, 0.5))
        corpus_put(made, "heartbeat from node %zu, load %zu", corpus_below(made, 40), corpus_below(made, 100));
    else
        corpus_put(made, "%s %s at level %zu", corpus_some(made, of, NOUN), corpus_some(made, of, QUALITY),
                   corpus_below(made, 100));
    corpus_say(made, source);
}

static void session(corpus *made) {
    process running[PROCESSES] = {{0}};
    for (size_t i = 0; i < PROCESSES; i++) process_new(&running[i], made);
    for (size_t events = 60 + corpus_below(made, 60); events > 0; events--) {
        process *p = &running[corpus_below(made, PROCESSES)];
        if (corpus_chance(made, 0.3)) {
            noise(made);
            continue;
        }
        report(p, made);
        if (++p->stage == STAGES) process_new(p, made);
    }
}

static void ask(corpus_question *question, corpus *made, const fact *one) {
    static const char *const stages[STAGES] = {"accepted", "started", "delayed", "completed"};
    size_t size = sizeof question->text;
    const char *thing = corpus_word(made, one->thing);
    if (one->wanted > 1 && corpus_chance(made, 0.5)) /* only the first line has these words; all have the id */
        snprintf(question->text, size, "What became of the %s for the %s?", thing, corpus_word(made, one->detail));
    else if (one->wanted > 1)
        snprintf(question->text, size, "What happened to job %u?", one->number);
    else if (one->form == 0)
        snprintf(question->text, size, "Which job was %s for %s and the %s?", stages[0], corpus_word(made, one->detail),
                 thing);
    else if (corpus_chance(made, 0.5))
        snprintf(question->text, size, "Was %s %s for job %u?", thing, stages[one->form], one->number);
    else
        snprintf(question->text, size, "When did the %s report %s as %s?", sources[one->who], thing, stages[one->form]);
}

const corpus_maker corpus_events = {"events", session, ask, 24ll * 3600 * 1000000};
