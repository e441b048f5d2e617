/* A process that has texts encoded by a server is killed again and again: no text whose vector was kept is ever sent
 * again, and in the end every step has its vector.
 *
 *   EPISODIC_TEST_STEPS     texts (2,000; the full size is 10,000)
 *   EPISODIC_TEST_KILLS     how many (20)
 *   EPISODIC_TEST_SEED      the seed, which is printed
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger.h"
#include "server.h"

#define DIMENSION 24u
#define BATCH 16u
#define PARALLEL 2u

static char cache[128];

static void text_of(char text[64], uint64_t number) {
    (void)snprintf(text, 64, "remark number%llu", (unsigned long long)number);
}

static int failed(const char *what) {
    print_error("%s: %s\n", what, epi_error_last()->message);
    return 1;
}

static epi_status make_encoder(epi_encoder *encoder, const char *url) {
    epi_remote_options options = epi_remote_options_default();
    options.url = url;
    options.model = "good";
    options.dimension = DIMENSION;
    options.cache = cache;
    options.batch = BATCH;
    options.parallel = PARALLEL;
    return epi_encoder_remote(encoder, &options);
}

static int open_both(epi_memory **memory, epi_space **space, const place *p) {
    if (epi_memory_open(memory, p->path, &p->options)) return failed("open");
    return epi_space_open(space, *memory, "main", epi_schema_conversation()) ? failed("space") : 0;
}

static int close_both(epi_memory *memory, epi_space *space) {
    epi_space_close(space);
    return epi_memory_close(memory) ? failed("close") : 0;
}

/* Steps 1 to count with the built-in encoder; then the server's vectors are to replace these. */
static int fill(const place *p, const server *s, uint64_t count) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_episode *episode = NULL;
    epi_encoder encoder;
    static epi_part parts[500][2];
    static char texts[500][64];
    static epi_step steps[500];
    if (open_both(&memory, &space, p)) return 1;
    if (epi_episode_begin(&episode, space, NULL)) return failed("begin");
    for (uint64_t at = 1; at <= count; at += 500) {
        size_t some = count - at + 1 < 500 ? (size_t)(count - at + 1) : 500;
        for (size_t i = 0; i < some; i++) {
            text_of(texts[i], at + i);
            steps[i] = place_step(parts[i], texts[i]);
        }
        if (epi_episode_append_many(NULL, episode, steps, some)) return failed("append");
    }
    epi_episode_close(episode);
    if (make_encoder(&encoder, s->url) || epi_space_encoder_set(space, &encoder)) return failed("encoder");
    return close_both(memory, space);
}

/* A child's life: upkeep until every step has its vector. */
static int keep_up(const place *p, const server *s) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_encoder encoder;
    epi_upkeep_options options = epi_upkeep_options_default();
    epi_upkeep_report report = {0};
    options.index = false;
    if (open_both(&memory, &space, p)) return 1;
    if (make_encoder(&encoder, s->url) || epi_space_encoder_give(space, &encoder)) return failed("encoder");
    if (epi_space_upkeep(&report, space, &options)) return failed("upkeep");
    return close_both(memory, space);
}

static int compare(const place *p, const server *s, uint64_t count) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_space_stats stats;
    epi_check_report report;
    float stored[DIMENSION], expected[DIMENSION];
    (void)s;
    if (open_both(&memory, &space, p)) return 1;
    if (epi_space_stats_read(&stats, space)) return failed("stats");
    if (stats.steps != count || stats.vectors != count || stats.backlog || stats.building || stats.generation != 2)
        return failed("steps or vectors are left out");
    for (uint64_t i = 1; i <= count; i++) {
        char text[64];
        double square = 0.0;
        text_of(text, i);
        server_vector(expected, DIMENSION, text, strlen(text));
        for (size_t j = 0; j < DIMENSION; j++) square += (double)expected[j] * (double)expected[j];
        if (epi_step_vector(stored, NULL, space, i)) return failed("a vector is lost");
        for (size_t j = 0; j < DIMENSION; j++)
            if (fabs((double)stored[j] - (double)expected[j] / sqrt(square)) > 1e-5) return failed("a vector is wrong");
    }
    if (epi_memory_check(&report, memory, NULL, NULL) || report.violations) return failed("check");
    return close_both(memory, space);
}

static int ended(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int in_child(int (*work)(const place *p, const server *s, uint64_t count), const place *p, const server *s,
                    uint64_t count) {
    pid_t child = fork();
    if (child == 0) {
        int code = work(p, s, count);
        (void)fflush(NULL);
        _exit(code);
    }
    return ended(child);
}

static int keep_up_in_child(const place *p, const server *s, uint64_t count) {
    (void)count;
    return keep_up(p, s);
}

/* ---- what was sent, and what was kept ---------------------------------------------------------------------------- */

struct account {
    bool *kept;     /* [number]: its vector was in the cache after some kill */
    uint16_t *sent; /* how often */
    size_t read;    /* bytes of the server's ledger */
    uint64_t total, again;
};

/* Takes what the server was asked since the last time to account. 1: a text that had been kept is among it. */
static int take_requests(struct account *a, const server *s, uint64_t count) {
    char *text = server_ledger(s, a->read), *at = text;
    int bad = text == NULL;
    while (at && (at = strstr(at, "number")) != NULL) {
        uint64_t number = strtoull(at + 6, &at, 10);
        if (number == 0 || number > count) return 1;
        a->total++;
        a->again += a->sent[number]++ > 0;
        if (!a->kept[number]) continue;
        print_error("text %llu was sent again although its vector was kept\n", (unsigned long long)number);
        bad = 1;
    }
    a->read += text ? strlen(text) : 0;
    free(text);
    return bad;
}

/* Asks an encoder of the same name whose server does not exist: what it has is in the cache. */
static int take_kept(struct account *a, uint64_t count) {
    epi_encoder encoder;
    float vector[DIMENSION];
    epi_remote_options options = epi_remote_options_default();
    options.url = "http://127.0.0.1:1/v1/embeddings";
    options.model = "good";
    options.dimension = DIMENSION;
    options.cache = cache;
    options.attempts = 1;
    options.pause_ms = 3600000; /* asked once, then known to be away */
    if (epi_encoder_remote(&encoder, &options)) return failed("cache");
    for (uint64_t i = 1; i <= count; i++) {
        char text[64];
        text_of(text, i);
        const epi_encoder_text one = {text, strlen(text)};
        bool kept = encoder.encode(encoder.context, vector, &one, 1) == EPI_OK;
        if (a->kept[i] && !kept) return failed("a vector that was kept is gone");
        a->kept[i] = kept;
    }
    epi_encoder_close(&encoder);
    return 0;
}

static int kill_on(struct account *a, const place *p, const server *s, uint64_t count, uint64_t kills,
                   uint64_t *random) {
    for (uint64_t i = 0; i < kills; i++) {
        pid_t child = fork();
        if (child == 0) _exit(keep_up(p, s));
        usleep((useconds_t)(20000 + ledger_random(random) % 60000 * (1 + count / 10000)));
        (void)kill(child, SIGKILL);
        int code = ended(child);
        if (code != 0 && code != 128 + SIGKILL) return 1;
        if (take_requests(a, s, count) || take_kept(a, count)) return 1;
    }
    return 0;
}

int main(void) {
    uint64_t kills = place_seconds("EPISODIC_TEST_KILLS", 20), count = place_seconds("EPISODIC_TEST_STEPS", 2000);
    uint64_t seed = place_seconds("EPISODIC_TEST_SEED", (uint64_t)time(NULL)), random = seed;
    place p;
    server s;
    const char *const delay[] = {"--delay-ms", "5", NULL};
    struct account a = {.kept = calloc(count + 1, sizeof *a.kept), .sent = calloc(count + 1, sizeof *a.sent)};
    place_make(&p);
    (void)snprintf(cache, sizeof cache, "%s/cache", p.base);
    int bad = !a.kept || !a.sent || !server_start(&s, p.base, DIMENSION, delay);
    bad = bad || in_child(fill, &p, &s, count) || kill_on(&a, &p, &s, count, kills, &random);
    uint64_t before = a.total;
    bad = bad || in_child(keep_up_in_child, &p, &s, count) || take_requests(&a, &s, count);
    bad = bad || in_child(compare, &p, &s, count) || a.again > kills * BATCH * PARALLEL;
    for (uint64_t i = 1; i <= count && !bad; i++) bad = a.sent[i] == 0;
    (void)printf("%llu kills, %llu texts, %llu sent before the last kill, %llu sent twice as they were under way, %s "
                 "(seed %llu)\n",
                 (unsigned long long)kills, (unsigned long long)count, (unsigned long long)before,
                 (unsigned long long)a.again, bad ? "FAILED" : "none kept was sent again, none left out",
                 (unsigned long long)seed);
    server_stop(&s);
    if (!bad) place_remove(&p);
    free(a.kept);
    free(a.sent);
    return bad;
}
