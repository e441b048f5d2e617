/* bench_remote.c - how much of an embedding server's own speed the remote encoder gets out of it.
 *
 * The server is the tests' own, told to take a fixed time for each request, one after the other, as one accelerator
 * does. It says how long it was busy: what it could have served in that time is its own speed, and the share is how
 * much of the whole time it was busy. Texts go straight through the encoder's table, with its durable cache; then the
 * steps of a space through upkeep, which reads them, commits their vectors and does the rest of its work in between.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <episodic/episodic.h>

#include "bench.h"

#define DIMENSION 256u
#define PORTION 1024u
#define TEXT_SIZE 96u

static const char *script = "tests/support/embedding_server.py";
static uint64_t delay_ms = 20, count = 20000, batch = EPI_REMOTE_BATCH_DEFAULT, parallel = EPI_REMOTE_PARALLEL_DEFAULT;
static const bench_option options[] = {
    {"--server", "FILE", "the server (tests/support/embedding_server.py)", .text = &script},
    {"--delay-ms", "N", "what a request takes on it (20)", .number = &delay_ms},
    {"--texts", "N", "how many are encoded (20000)", .number = &count},
    {"--batch", "N", "texts of a request (64)", .number = &batch},
    {"--parallel", "N", "requests under way at once (4)", .number = &parallel},
    {0},
};

static bench_run run = {
    .name = "bench_remote",
    .usage = "[DIR]",
    .about = "Texts per second of the remote encoder, and its share of what the server itself can do.",
    .options = options,
    .argument_max = 1,
};

/* ---- the server -------------------------------------------------------------------------------------------------- */

struct server {
    pid_t process;
    int in;
    FILE *out;
    char url[64];
};

static void become_server(int in, int out) {
    char dimension[16], delay[16], python[] = "python3", ledger[] = "/dev/null", serial[] = "--serial",
                                   option[] = "--delay-ms";
    char *file = strdup(script);
    char *const words[] = {python, file, ledger, dimension, option, delay, serial, NULL};
    (void)snprintf(dimension, sizeof dimension, "%u", DIMENSION);
    (void)snprintf(delay, sizeof delay, "%llu", (unsigned long long)delay_ms);
    (void)dup2(in, 0);
    (void)dup2(out, 1);
    (void)execvp(python, words);
    _exit(127);
}

static struct server start_server(void) {
    struct server s = {0};
    int in[2], out[2], port = 0;
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) bench_fail("no pipe to the server");
    s.process = fork();
    if (s.process == 0) become_server(in[0], out[1]);
    (void)close(in[0]);
    (void)close(out[1]);
    s.in = in[1];
    s.out = fdopen(out[0], "r");
    if (!s.out || fscanf(s.out, "%d", &port) != 1) bench_fail("%s did not start; --server names it", script);
    (void)snprintf(s.url, sizeof s.url, "http://127.0.0.1:%d/v1/embeddings", port);
    return s;
}

/* Ends it; returns for how many seconds it was busy. */
static double stop_server(struct server *s, uint64_t expected) {
    unsigned long long texts = 0, requests = 0;
    double busy = 0.0;
    (void)close(s->in);
    if (fscanf(s->out, "%llu %llu %lf", &texts, &requests, &busy) != 3)
        bench_fail("the server did not say its figures");
    (void)fclose(s->out);
    (void)waitpid(s->process, NULL, 0);
    if (texts != expected)
        bench_fail("the server served %llu texts, expected %llu", texts, (unsigned long long)expected);
    return busy;
}

static void tell(const char *way, double seconds, double busy) {
    double own = (double)count / busy, got = (double)count / seconds;
    const bench_field config[] = {{"encoder", .text = "remote"},      {"way", .text = way},
                                  {"batch", .number = (double)batch}, {"parallel", .number = (double)parallel},
                                  {"dimension", .number = DIMENSION}, {"request_ms", .number = (double)delay_ms}};
    const size_t fields = sizeof config / sizeof *config;
    bench_emit(&run, "texts_per_s", got, "1/s", config, fields);
    bench_emit(&run, "server_texts_per_s", own, "1/s", config, fields);
    bench_emit(&run, "server_share", 100.0 * got / own, "%", config, fields);
}

/* ---- the two ways ------------------------------------------------------------------------------------------------ */

static char *make_texts(uint64_t stream) {
    static const char *const words[] = {"walnut", "harbour", "letter", "garden",
                                        "violin", "winter",  "ticket", "bridge"};
    char *texts = bench_alloc(count, TEXT_SIZE);
    bench_random random = bench_random_of(run.seed, stream);
    for (uint64_t i = 0; i < count; i++) {
        char *text = texts + i * TEXT_SIZE;
        int size = snprintf(text, TEXT_SIZE, "%llu", (unsigned long long)i);
        for (int j = 0; j < 8; j++)
            size += snprintf(text + size, TEXT_SIZE - (size_t)size, " %s", words[bench_random_below(&random, 8)]);
    }
    return texts;
}

static epi_encoder make_encoder(const struct server *s, const char *cache) {
    epi_encoder encoder;
    epi_remote_options remote = epi_remote_options_default();
    remote.url = s->url;
    remote.model = "good";
    remote.dimension = DIMENSION;
    remote.cache = cache;
    remote.batch = (uint32_t)batch;
    remote.parallel = (uint32_t)parallel;
    bench_check(epi_encoder_remote(&encoder, &remote), "encoder");
    return encoder;
}

static void measure_table(const char *directory) {
    struct server s = start_server();
    char cache[512];
    (void)snprintf(cache, sizeof cache, "%s/vectors", directory);
    char *said = make_texts(1);
    epi_encoder encoder = make_encoder(&s, cache);
    epi_encoder_text *texts = bench_alloc(PORTION, sizeof *texts);
    float *vectors = bench_alloc((size_t)PORTION * DIMENSION, sizeof *vectors);
    double began = bench_now_s();
    for (uint64_t at = 0; at < count; at += PORTION) {
        size_t some = count - at < PORTION ? (size_t)(count - at) : PORTION;
        for (size_t i = 0; i < some; i++) {
            const char *text = said + (at + i) * TEXT_SIZE;
            texts[i] = (epi_encoder_text){text, strlen(text)};
        }
        bench_progress("through the table: %llu of %llu", (unsigned long long)at, (unsigned long long)count);
        bench_check(encoder.encode(encoder.context, vectors, texts, some), "encode");
    }
    double seconds = bench_now_s() - began;
    epi_encoder_close(&encoder);
    tell("table", seconds, stop_server(&s, count));
    free(vectors);
    free(texts);
    free(said);
}

static void say_all(epi_space *space, const char *said) {
    epi_episode *episode = NULL;
    bench_check(epi_episode_begin(&episode, space, NULL), "episode");
    for (uint64_t at = 0; at < count; at += PORTION) {
        static epi_part parts[PORTION];
        static epi_step steps[PORTION];
        size_t some = count - at < PORTION ? (size_t)(count - at) : PORTION;
        for (size_t i = 0; i < some; i++) {
            parts[i] = epi_part_text("text", said + (at + i) * TEXT_SIZE);
            steps[i] = epi_step_default();
            steps[i].parts = &parts[i];
            steps[i].part_count = 1;
        }
        bench_check(epi_episode_append_many(NULL, episode, steps, some), "append");
    }
    epi_episode_close(episode);
}

/* Steps that have vectors of the built-in encoder change over to the server's. */
static void measure_upkeep(const char *directory) {
    struct server s = start_server();
    char path[512], cache[544];
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_upkeep_report report;
    epi_upkeep_options upkeep = epi_upkeep_options_default();
    (void)snprintf(path, sizeof path, "%s/memory", directory);
    (void)snprintf(cache, sizeof cache, "%s/cache", path);
    char *said = make_texts(2);
    epi_memory_options open = epi_memory_options_default();
    bench_check(epi_memory_open(&memory, path, &open), "memory");
    bench_check(epi_space_open(&space, memory, "main", epi_schema_conversation()), "space");
    say_all(space, said);
    upkeep.index = false;
    bench_check(epi_space_upkeep(NULL, space, &upkeep), "seal");
    epi_encoder encoder = make_encoder(&s, cache);
    bench_check(epi_space_encoder_set(space, &encoder), "encoder");
    double began = bench_now_s();
    bench_check(epi_space_upkeep(&report, space, &upkeep), "upkeep");
    double seconds = bench_now_s() - began;
    if (report.embedded != count) bench_fail("%llu vectors were made", (unsigned long long)report.embedded);
    epi_space_close(space);
    bench_check(epi_memory_close(memory), "close");
    tell("upkeep", seconds, stop_server(&s, count));
    free(said);
}

int main(int argc, char **argv) {
    bench_start(&run, argc, argv);
    if (run.quick) count = count < 10000 ? count : 10000;
    const char *directory = bench_directory(run.argument_count > 0 ? run.arguments[0] : NULL);
    measure_table(directory);
    measure_upkeep(directory);
    return 0;
}
