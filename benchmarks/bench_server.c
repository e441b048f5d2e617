/* bench_server.c - the server as its users meet it: the real program over loopback, asked by wrk, one processor for
 * each side, and the library's own times beside.
 *
 * Recall: 1,000 different questions (corpus.h) over a chat of 10,000 steps, in a fixed shuffled order; nothing is
 * cached between the socket and the library. Replay: batches of a sampler over a space of transitions, as blocks of
 * columns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>

#include "bench.h"
#include "corpus.h"
#include "record.h"
#include "server_process.h"

#define STEPS 10000u
#define CUES 1000u
#define PEOPLE 32
#define OBSERVATION 84u
#define TRANSITIONS 100000u
#define EPISODE 500u
#define BATCH 1024u

static const char about[] =
    "episodic-server is started on a memory made for it and asked over loopback by wrk, each held to a processor of\n"
    "its own: recalls_per_s at 64 connections and p99_ms at 8, over 1,000 different questions to 10,000 steps.\n"
    "Beside them the library's own recall_ms_p50, what one processor could do with it (recalls_per_s, engine\n"
    "library), and the server's processor time a request (request_cpu_ms). replay_mb_per_s: batches of 1,024\n"
    "transitions of 84 floats, prioritized, as blocks of columns. Without wrk the library alone is measured.";

typedef struct server_bench {
    bench_run run;
    const char *server;
    const char *directory;
    char memory[512];
    corpus_question *cues;
    size_t cue_count;
    double seconds;
} server_bench;

/* ---- the memory -------------------------------------------------------------------------------------------------- */

static size_t store_session(epi_space *space, const corpus_session *session) {
    epi_episode *episode = NULL;
    epi_episode_options options = epi_episode_options_default();
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
    options.begin = session->time_us;
    bench_check(epi_episode_begin(&episode, space, &options), "beginning an episode");
    bench_check(epi_episode_append_many(NULL, episode, steps, session->count), "appending");
    epi_episode_close(episode);
    free(parts);
    free(steps);
    return session->count;
}

static void make_chat(server_bench *b, epi_memory *memory) {
    epi_space *space = NULL;
    corpus *chat = corpus_new("chat", b->run.seed, PEOPLE);
    bench_check(epi_space_open(&space, memory, "chat", epi_schema_conversation()), "opening a space");
    for (size_t steps = 0; steps < STEPS;) {
        steps += store_session(space, corpus_next(chat));
        bench_progress("storing: %zu of %u", steps, STEPS);
    }
    bench_check(epi_space_upkeep(NULL, space, NULL), "upkeep");
    b->cues = bench_alloc(CUES, sizeof *b->cues);
    for (size_t tries = 0; b->cue_count < CUES && tries < 400000; tries++)
        if (corpus_ask(&b->cues[b->cue_count], chat)) b->cue_count++;
    if (b->cue_count < CUES) bench_fail("only %zu questions can be asked", b->cue_count);
    corpus_free(chat);
    epi_space_close(space);
}

static void make_transitions(server_bench *b, epi_memory *memory) {
    epi_space *space = bench_record_space(memory, "walk", OBSERVATION, EPI_I32, 0);
    epi_recorder *recorder = bench_recorder(space);
    bench_random random = bench_random_of(b->run.seed, 1);
    float *observations = bench_alloc((EPISODE + 1) * OBSERVATION, sizeof *observations);
    int32_t *actions = bench_alloc(EPISODE, sizeof *actions);
    float *rewards = bench_alloc(EPISODE, sizeof *rewards);
    for (size_t done = 0; done < TRANSITIONS; done += EPISODE) {
        for (size_t i = 0; i < (EPISODE + 1) * OBSERVATION; i++) observations[i] = (float)bench_random_unit(&random);
        bench_record(NULL, recorder, observations, OBSERVATION, epi_column_of(EPI_ACTION, EPI_I32, actions, 0), rewards,
                     NULL, EPISODE);
    }
    epi_recorder_close(recorder);
    epi_space_close(space);
    free(observations);
    free(actions);
    free(rewards);
}

/* ---- the library alone ------------------------------------------------------------------------------------------- */

/* What the server's recall asks for: 10 hits and one that tells whether there are more, a step beside each. */
static double ask(double *cpu_ms, epi_space *space, const char *text) {
    epi_recollection *found = NULL;
    epi_recall_options options = epi_recall_options_default();
    epi_cue cue = epi_cue_default();
    cue.text = text;
    cue.now = epi_time_now();
    options.k = 11;
    options.token_budget = EPI_NO_TEXT;
    double cpu = bench_thread_cpu_s(), start = bench_now_s();
    bench_check(epi_recall(&found, space, &cue, &options), "recall");
    double ms = (bench_now_s() - start) * 1e3;
    *cpu_ms = (bench_thread_cpu_s() - cpu) * 1e3;
    epi_recollection_free(found);
    return ms;
}

static void measure_library(server_bench *b) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    double *ms = bench_alloc(b->cue_count, sizeof *ms);
    double *cpu_ms = bench_alloc(b->cue_count, sizeof *cpu_ms);
    double sum = 0.0, unused = 0.0;
    bench_check(epi_memory_open(&memory, b->memory, NULL), "opening the memory");
    bench_check(epi_space_open(&space, memory, "chat", NULL), "opening the space");
    for (size_t i = 0; i < b->cue_count; i++) ask(&unused, space, b->cues[i].text);
    for (size_t i = 0; i < b->cue_count; i++) {
        ms[i] = ask(&cpu_ms[i], space, b->cues[i].text);
        sum += cpu_ms[i];
    }
    epi_space_close(space);
    bench_check(epi_memory_close(memory), "closing the memory");
    double p50 = bench_percentile(ms, b->cue_count, 0.5), cpu = bench_percentile(cpu_ms, b->cue_count, 0.5);
    bench_emit(&b->run, "recall_ms_p50", p50, "ms", BENCH_CONFIG({"engine", .text = "library"}));
    bench_emit(&b->run, "recall_cpu_ms_p50", cpu, "ms", BENCH_CONFIG({"engine", .text = "library"}));
    bench_emit(&b->run, "recalls_per_s", (double)b->cue_count / sum * 1e3, "1/s",
               BENCH_CONFIG({"engine", .text = "library"}, {"connections", .number = 0}));
    free(ms);
    free(cpu_ms);
}

/* ---- over HTTP --------------------------------------------------------------------------------------------------- */

/* Texts of questions need no escapes but these. */
static void put_lua(FILE *file, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') fputs("\\\\\\", file);
        fputc(*text, file);
    }
}

/* A script that asks the questions one after the other, in an order that a cache of neighbours would not help. */
static char *recall_script(const server_bench *b) {
    char *script = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&script, &size);
    if (file == NULL) bench_fail("out of memory");
    fputs("local cues = {\n", file);
    for (size_t i = 0; i < b->cue_count; i++) {
        fputs("\"{\\\"text\\\":\\\"", file);
        put_lua(file, b->cues[i * 617 % b->cue_count].text);
        fputs("\\\"}\",\n", file);
    }
    fputs("}\nlocal i, head = 0, {[\"Content-Type\"] = \"application/json\"}\n"
          "request = function()\n  i = i % #cues + 1\n  return wrk.format(\"POST\", \"/v1/recall\", head, "
          "cues[i])\nend\n",
          file);
    fclose(file);
    return script;
}

static void measure_recall(server_bench *b, const server_process *server, unsigned connections) {
    char *script = recall_script(b);
    wrk_run(server, b->directory, script, connections, 1); /* warm */
    double cpu = server_cpu_s(server);
    wrk_result seen = wrk_run(server, b->directory, script, connections, b->seconds);
    cpu = server_cpu_s(server) - cpu;
    bench_field config[] = {{"engine", .text = "http"}, {"connections", .number = connections}};
    bench_emit(&b->run, "recalls_per_s", seen.requests / seen.seconds, "1/s", config, 2);
    bench_emit(&b->run, "p50_ms", seen.p50_ms, "ms", config, 2);
    bench_emit(&b->run, "p99_ms", seen.p99_ms, "ms", config, 2);
    bench_emit(&b->run, "request_cpu_ms", cpu / seen.requests * 1e3, "ms", config, 2);
    free(script);
}

static void measure_overhead(server_bench *b, const server_process *server) {
    static const char script[] = "request = function() return wrk.format(\"GET\", \"/healthz\") end\n";
    double cpu = server_cpu_s(server);
    wrk_result seen = wrk_run(server, b->directory, script, 64, b->seconds);
    cpu = server_cpu_s(server) - cpu;
    bench_field config[] = {{"connections", .number = 64}, {"path", .text = "/healthz"}};
    bench_emit(&b->run, "requests_per_s", seen.requests / seen.seconds, "1/s", config, 2);
    bench_emit(&b->run, "request_cpu_ms", cpu / seen.requests * 1e3, "ms", config, 2);
}

static void measure_replay(server_bench *b, const server_process *server) {
    size_t size = 0;
    char script[256];
    char *opened = server_post(&size, server, "/v1/replay_open", "application/json",
                               "{\"space\":\"walk\",\"alpha\":0.6,\"seed\":1}");
    const char *number = strstr(opened, "\"replay\":");
    if (number == NULL) bench_fail("no sampler: %s", opened);
    snprintf(script, sizeof script,
             "request = function() return wrk.format(\"POST\", \"/v1/replay/sample?replay=%lu&size=%u\") end\n",
             strtoul(number + 9, NULL, 10), BATCH);
    free(opened);
    wrk_run(server, b->directory, script, 4, 1);
    double cpu = server_cpu_s(server);
    wrk_result seen = wrk_run(server, b->directory, script, 4, b->seconds);
    cpu = server_cpu_s(server) - cpu;
    bench_field config[] = {{"connections", .number = 4},
                            {"batch", .number = BATCH},
                            {"observation", .number = OBSERVATION},
                            {"batches_per_s", .number = seen.requests / seen.seconds}};
    bench_emit(&b->run, "replay_mb_per_s", seen.bytes / seen.seconds * 1e-6, "MB/s", config, 4);
    bench_emit(&b->run, "replay_mb_per_cpu_s", seen.bytes / cpu * 1e-6, "MB/s", config, 4);
}

static void measure_http(server_bench *b) {
    server_process server = server_start(b->server, b->memory, "chat");
    measure_recall(b, &server, 64);
    measure_recall(b, &server, 8);
    measure_overhead(b, &server);
    measure_replay(b, &server);
    server_stop(&server);
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

/* The server that was built beside this program. */
static const char *default_server(const char *program) {
    static char path[4096];
    const char *slash = strrchr(program, '/');
    snprintf(path, sizeof path, "%.*s../tools/episodic-server", slash != NULL ? (int)(slash + 1 - program) : 0,
             program);
    return path;
}

int main(int argc, char **argv) {
    server_bench b = {.server = default_server(argv[0])};
    bench_option options[] = {{"--server", "PROGRAM", "the server; else the one built beside this", .text = &b.server},
                              {.name = NULL}};
    epi_memory *memory = NULL;
    b.run = (bench_run){.name = "bench_server", .usage = "", .about = about, .options = options};
    bench_start(&b.run, argc, argv);
    b.seconds = b.run.quick ? 2 : 10;
    b.directory = bench_directory(NULL);
    snprintf(b.memory, sizeof b.memory, "%s/memory", b.directory);
    memory = bench_record_memory(b.memory);
    make_chat(&b, memory);
    make_transitions(&b, memory);
    bench_check(epi_memory_close(memory), "closing the memory");
    measure_library(&b);
    if (wrk_is_here())
        measure_http(&b);
    else
        bench_note("wrk is not here (apt-get install wrk): nothing was asked over HTTP");
    free(b.cues);
    return 0;
}
