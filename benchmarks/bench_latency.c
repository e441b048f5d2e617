/* bench_latency.c - how long a whole recall takes, text cue in and rebuilt episodes out, as the memory grows.
 *
 * A made-up chat of 32 people (corpus.h) goes into one space, session by session with epi_episode_append_many() under
 * the grouped policy. At each size the questions about what was told so far are asked by epi_recall() with k hits: all
 * once to warm up, then timed one by one on one thread. Beside the times stands how often the first k hits had the
 * evidence, so that a quick wrong answer shows. Then the same with cues that are whole turns of the chat, with all
 * their common words, as an agent asks that recalls by what it was just told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>

#include "bench.h"
#include "corpus.h"

#define PEOPLE 32
#define SIZES_MAX 16
#define CUES 10000u
#define CUES_QUICK 1000u
#define WARM_UP 1000u
#define TRIES_MAX 400000u
#define SESSIONS_AN_EPISODE 8u /* each episode begun is a durable commit */

static const char about[] =
    "A made-up chat of 32 people is stored in one space up to each of the sizes; there epi_recall() is asked with k "
    "10,\n"
    "one thread, warm: recall_ms_p50, _p99, _max and _mean over 10,000 cues, the same of processor time\n"
    "(recall_cpu_ms; what else runs on the machine does not count), and found, the share of the evidence that was\n"
    "among the hits. Cues are questions about what was told, and messages: turns as they were said, which should find\n"
    "themselves. With --index the graph of the hashed vectors is built first, too.";

typedef struct latency_bench {
    bench_run run;
    uint64_t sizes[SIZES_MAX];
    size_t size_count;
    epi_memory *memory;
    epi_space *space;
    epi_episode *episode; /* the newest */
    corpus *chat;
    uint64_t *steps; /* by place of the turn */
    uint64_t step_count, step_room;
    corpus_question *cues;
    size_t cue_count, cues_wanted;
    corpus_question *messages; /* some turns as they were said */
    uint64_t message_count;    /* turns they were drawn from */
    bench_random random;
    uint64_t k;
    bool index;
} latency_bench;

/* ---- the memory ------------------------------------------------------------------------------------------------- */

static void reserve(latency_bench *b, size_t more) {
    if (b->step_count + more <= b->step_room) return;
    b->step_room = 2 * b->step_room + more;
    b->steps = realloc(b->steps, b->step_room * sizeof *b->steps);
    if (b->steps == NULL) bench_fail("out of memory");
}

static void begin_episode(latency_bench *b, const corpus_session *session) {
    epi_episode_options options = epi_episode_options_default();
    epi_episode_close(b->episode);
    options.begin = session->time_us;
    bench_check(epi_episode_begin(&b->episode, b->space, &options), "beginning an episode");
}

static void store_session(latency_bench *b, const corpus_session *session) {
    epi_step *steps = bench_alloc(session->count, sizeof *steps);
    epi_part(*parts)[2] = bench_alloc(session->count, sizeof *parts);
    for (size_t i = 0; i < session->count; i++) {
        parts[i][0] = epi_part_text("speaker", session->turns[i].speaker);
        parts[i][1] = epi_part_text("text", session->turns[i].text);
        steps[i] = epi_step_default();
        steps[i].parts = parts[i];
        steps[i].part_count = 2;
        steps[i].event_time = session->time_us + (int64_t)i * 60000000;
    }
    if (session->number % SESSIONS_AN_EPISODE == 1) begin_episode(b, session);
    reserve(b, session->count);
    bench_check(epi_episode_append_many(b->steps + b->step_count, b->episode, steps, session->count), "appending");
    b->step_count += session->count;
    free(parts);
    free(steps);
}

/* Every turn so far has the same chance to be among the messages (reservoir sampling, Vitter 1985). */
static void keep_messages(latency_bench *b, const corpus_session *session) {
    for (size_t i = 0; i < session->count; i++) {
        uint64_t at = b->message_count++;
        if (at >= b->cues_wanted) at = bench_random_below(&b->random, b->message_count);
        if (at >= b->cues_wanted) continue;
        corpus_question *message = &b->messages[at];
        *message = (corpus_question){.evidence = {session->turns[i].place}, .evidence_count = 1};
        snprintf(message->text, sizeof message->text, "%s", session->turns[i].text);
    }
}

static void grow(latency_bench *b, uint64_t size) {
    epi_upkeep_options options = epi_upkeep_options_default();
    double start = bench_now_s();
    uint64_t before = b->step_count;
    while (b->step_count < size) {
        const corpus_session *session = corpus_next(b->chat);
        store_session(b, session);
        keep_messages(b, session);
        if (b->step_count % 997 < 20)
            bench_progress("storing: %llu of %llu", (unsigned long long)b->step_count, (unsigned long long)size);
    }
    options.index = b->index;
    bench_progress("upkeep");
    bench_check(epi_space_upkeep(NULL, b->space, &options), "upkeep");
    bench_note("%llu steps more in %.1f s", (unsigned long long)(b->step_count - before), bench_now_s() - start);
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static void choose_cues(latency_bench *b) {
    b->cue_count = 0;
    for (size_t tries = 0; b->cue_count < b->cues_wanted && tries < TRIES_MAX; tries++)
        if (corpus_ask(&b->cues[b->cue_count], b->chat)) b->cue_count++;
    if (b->cue_count == 0) bench_fail("nothing can be asked of %llu steps", (unsigned long long)b->step_count);
}

static double ask(double *found, double *cpu_ms, latency_bench *b, const corpus_question *cue) {
    epi_recollection *result = NULL;
    epi_recall_options options = epi_recall_options_default();
    options.k = (uint32_t)b->k;
    double cpu = bench_thread_cpu_s(), start = bench_now_s();
    bench_check(epi_recall_text(&result, b->space, cue->text, &options), "recall");
    double ms = (bench_now_s() - start) * 1e3;
    *cpu_ms = (bench_thread_cpu_s() - cpu) * 1e3;
    size_t there = 0;
    for (size_t e = 0; e < cue->evidence_count; e++)
        for (size_t i = 0; i < epi_recollection_hit_count(result); i++)
            there += epi_recollection_hit(result, i)->step == b->steps[cue->evidence[e]];
    *found += (double)there / (double)cue->evidence_count;
    epi_recollection_free(result);
    return ms;
}

static void print(latency_bench *b, const char *cue, const char *metric, double value, const char *unit) {
    bench_emit(&b->run, metric, value, unit,
               BENCH_CONFIG({"steps", .number = (double)b->step_count}, {"k", .number = (double)b->k},
                            {"cue", .text = cue}, {"cues", .number = (double)b->cues_wanted},
                            {"index", .text = b->index ? "graph" : "none"}));
}

/* Fewer different cues than wanted are asked again, in turn. */
static void measure(latency_bench *b, const char *name, const corpus_question *cues, size_t count) {
    double *ms = bench_alloc(b->cues_wanted, sizeof *ms), *cpu = bench_alloc(b->cues_wanted, sizeof *cpu);
    double found = 0.0, sum = 0.0;
    for (size_t i = 0; i < WARM_UP; i++) (void)ask(&found, cpu, b, &cues[i % count]);
    found = 0.0;
    for (size_t i = 0; i < b->cues_wanted; i++) sum += ms[i] = ask(&found, &cpu[i], b, &cues[i % count]);
    print(b, name, "recall_ms_p50", bench_percentile(ms, b->cues_wanted, 0.5), "ms");
    print(b, name, "recall_ms_p99", bench_percentile(ms, b->cues_wanted, 0.99), "ms");
    print(b, name, "recall_ms_max", bench_percentile(ms, b->cues_wanted, 1.0), "ms");
    print(b, name, "recall_ms_mean", sum / (double)b->cues_wanted, "ms");
    print(b, name, "recall_cpu_ms_p50", bench_percentile(cpu, b->cues_wanted, 0.5), "ms");
    print(b, name, "recall_cpu_ms_p99", bench_percentile(cpu, b->cues_wanted, 0.99), "ms");
    print(b, name, "recall_cpu_ms_max", bench_percentile(cpu, b->cues_wanted, 1.0), "ms");
    print(b, name, "found", 100.0 * found / (double)b->cues_wanted, "%");
    free(ms);
    free(cpu);
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

static void read_sizes(latency_bench *b, const char *text) {
    for (char *end = NULL; *text != '\0'; text = *end == ',' ? end + 1 : end) {
        unsigned long long size = strtoull(text, &end, 10);
        if (end == text || (*end != ',' && *end != '\0') || size < 100 || b->size_count == SIZES_MAX)
            bench_fail("--steps: \"%s\" is no list of sizes from 100 on", text);
        b->sizes[b->size_count++] = size;
    }
}

static void run(latency_bench *b, const char *directory) {
    epi_memory_options options = epi_memory_options_default();
    options.sync = EPI_SYNC_GROUPED;
    bench_check(epi_memory_open(&b->memory, bench_directory(directory), &options), "opening a memory");
    bench_check(epi_space_open(&b->space, b->memory, "chat", epi_schema_conversation()), "opening a space");
    b->chat = corpus_new("chat", b->run.seed, PEOPLE);
    b->cues = bench_alloc(b->cues_wanted, sizeof *b->cues);
    b->messages = bench_alloc(b->cues_wanted, sizeof *b->messages);
    b->random = bench_random_of(b->run.seed, 13);
    for (size_t i = 0; i < b->size_count; i++) {
        grow(b, b->sizes[i]);
        choose_cues(b);
        measure(b, "question", b->cues, b->cue_count);
        measure(b, "message", b->messages,
                b->message_count < b->cues_wanted ? (size_t)b->message_count : b->cues_wanted);
    }
    corpus_free(b->chat);
    epi_episode_close(b->episode);
    epi_space_close(b->space);
    bench_check(epi_memory_close(b->memory), "closing the memory");
    free(b->steps);
    free(b->cues);
    free(b->messages);
}

int main(int argc, char **argv) {
    latency_bench b = {.run = {.name = "bench_latency", .usage = "[DIR]", .about = about, .argument_max = 1}, .k = 10};
    const char *sizes = NULL;
    const bench_option options[] = {
        {"--steps", "N,N,...", "sizes, rising; 1000,10000,100000,1000000 by default", NULL, &sizes, NULL},
        {"--k", "N", "hits asked for (10)", NULL, NULL, &b.k},
        {"--index", NULL, "build the graph of vectors before asking", &b.index, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL, NULL},
    };
    b.run.options = options;
    bench_start(&b.run, argc, argv);
    read_sizes(&b, sizes ? sizes : b.run.quick ? "1000,10000,50000" : "1000,10000,100000,1000000");
    b.cues_wanted = b.run.quick ? CUES_QUICK : CUES;
    run(&b, b.run.argument_count > 0 ? b.run.arguments[0] : NULL);
    return 0;
}
