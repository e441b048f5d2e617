/* A space changes its encoder while a child that encodes is killed again and again, and others recall: no step is lost,
 * the old vectors serve until the new ones are complete, and no answer ever mixes the two.
 *
 *   EPISODIC_TEST_STEPS     steps (3,000; the full size is 100,000)
 *   EPISODIC_TEST_KILLS     how many (20)
 *   EPISODIC_TEST_SEED      the seed, which is printed
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger.h"
#include "salted.h"

static salted one = {.name = "one", .dimension = SALTED_DIMENSION};
static salted two = {.name = "two", .dimension = SALTED_DIMENSION, .batch_us = 2000};

static void text_of(char text[64], uint64_t number) {
    (void)snprintf(text, 64, "remark number%llu", (unsigned long long)number);
}

static int failed(const char *what) {
    print_error("%s: %s\n", what, epi_error_last()->message);
    return 1;
}

static int open_both(epi_memory **memory, epi_space **space, const place *p) {
    epi_encoder a = salted_encoder(&one), b = salted_encoder(&two);
    if (epi_memory_open(memory, p->path, &p->options)) return failed("open");
    if (epi_space_open(space, *memory, "main", epi_schema_conversation())) return failed("space");
    return epi_space_encoder_give(*space, &a) || epi_space_encoder_give(*space, &b) ? failed("give") : 0;
}

/* Steps 1 to count with encoder one; then two is to serve. */
static int fill(const place *p, uint64_t count) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_episode *episode = NULL;
    epi_encoder a = salted_encoder(&one), b = salted_encoder(&two);
    static epi_part parts[500][2];
    static char texts[500][64];
    static epi_step steps[500];
    if (epi_memory_open(&memory, p->path, &p->options)) return failed("open");
    if (epi_space_open(&space, memory, "main", epi_schema_conversation())) return failed("space");
    if (epi_space_encoder_set(space, &a)) return failed("set");
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
    if (epi_space_encoder_set(space, &b)) return failed("switch");
    epi_space_close(space);
    return epi_memory_close(memory) ? failed("close") : 0;
}

/* A child's life: makes vectors in short calls, so that it is killed between and inside them. */
static int keep_up(const place *p) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_upkeep_options options = epi_upkeep_options_default();
    epi_upkeep_report report = {0};
    options.time_limit_ms = 20;
    options.index = false;
    if (open_both(&memory, &space, p)) return 1;
    for (;;) {
        if (epi_space_upkeep(&report, space, &options)) return failed("upkeep");
        usleep(2000); /* lets the kills spread over the work */
    }
}

/* The hit of an exact text by its vector alone is that step, whichever encoder serves: with a vector of another it
 * would be any step. */
static int recall_one(epi_space *space, uint64_t number) {
    epi_recollection *found = NULL;
    epi_recall_options options = epi_recall_options_default();
    epi_recall_profile profile = {.version = 1, .vector = 1.0, .recency_half_life_days = 1.0};
    epi_cue cue = epi_cue_default();
    char text[64];
    text_of(text, number);
    options.profile = &profile;
    cue.text = text;
    if (epi_recall(&found, space, &cue, &options)) return failed("recall");
    uint64_t step = epi_recollection_hit_count(found) ? epi_recollection_hit(found, 0)->step : 0;
    epi_recollection_free(found);
    if (step == number) return 0;
    print_error("the vector of step %llu found step %llu\n", (unsigned long long)number, (unsigned long long)step);
    return 1;
}

/* Another child's life: recalls without pause; what it recalled is counted in shared memory. */
static int recall_on(const place *p, uint64_t count, uint64_t seed, _Atomic uint64_t *recalled) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    if (open_both(&memory, &space, p)) return 1;
    for (;;) {
        if (recall_one(space, 1 + ledger_random(&seed) % count)) return 1;
        ++*recalled;
    }
}

static bool hear(void *context, const epi_violation *violation) {
    (void)context;
    print_error("%s %s: %s\n", violation->table, violation->key, violation->reason);
    return true;
}

/* Every vector is the one of the encoder that serves; *done: that is the new one. */
static int compare(const place *p, uint64_t count, bool whole) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_space_stats stats;
    float stored[SALTED_DIMENSION], expected[SALTED_DIMENSION];
    epi_check_report report;
    if (open_both(&memory, &space, p)) return 1;
    if (epi_space_stats_read(&stats, space)) return failed("stats");
    const salted *serving = stats.generation == 3 ? &two : &one;
    if (stats.steps != count || stats.vectors != count) return failed("steps or vectors are lost");
    for (uint64_t i = 1; i <= count; i += whole ? 1 : 37) {
        char text[64];
        size_t size = 0;
        text_of(text, i);
        salted_vector(expected, serving, text, strlen(text));
        if (epi_step_vector(stored, &size, space, i) || size != SALTED_DIMENSION) return failed("a vector is lost");
        for (size_t j = 0; j < SALTED_DIMENSION; j++)
            if (fabsf(stored[j] - expected[j]) > 1e-6f) return failed("a vector is another encoder's");
    }
    if (epi_memory_check(&report, memory, hear, NULL) || report.violations) return failed("check");
    epi_space_close(space);
    (void)epi_memory_close(memory);
    return stats.generation == 3 ? 2 : 0;
}

static int ended(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int in_child(int (*work)(const place *p, uint64_t count, bool whole), const place *p, uint64_t count,
                    bool whole) {
    pid_t child = fork();
    if (child == 0) {
        int code = work(p, count, whole);
        (void)fflush(NULL);
        _exit(code);
    }
    return ended(child);
}

static int fill_in_child(const place *p, uint64_t count, bool whole) {
    (void)whole;
    return fill(p, count);
}

/* Kills until the new encoder serves and as many as asked for have been; bad: 1. */
static int kill_on(const place *p, uint64_t count, uint64_t kills, uint64_t *random, uint64_t *done) {
    int state = 0;
    for (; (*done < kills || state != 2) && *done < 50 * kills; ++*done) {
        pid_t child = fork();
        if (child == 0) _exit(keep_up(p));
        uint64_t longest = state == 2 ? 10000 : 40000 + 8000 * *done; /* on a slow machine a portion takes its time */
        usleep((useconds_t)(3000 + ledger_random(random) % longest));
        (void)kill(child, SIGKILL);
        if (ended(child) != 128 + SIGKILL) return 1;
        state = in_child(compare, p, count, false);
        if (state != 0 && state != 2) return 1;
    }
    return state == 2 ? 0 : 1;
}

int main(void) {
    uint64_t kills = place_seconds("EPISODIC_TEST_KILLS", 20), count = place_seconds("EPISODIC_TEST_STEPS", 3000);
    uint64_t seed = place_seconds("EPISODIC_TEST_SEED", (uint64_t)time(NULL)), random = seed, done = 0;
    place p;
    _Atomic uint64_t *recalled = mmap(NULL, sizeof *recalled, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                                      0);
    if (recalled == MAP_FAILED) return 2;
    place_make(&p);
    int bad = in_child(fill_in_child, &p, count, false);
    pid_t reader = fork();
    if (reader == 0) _exit(bad ? 0 : recall_on(&p, count, seed, recalled));
    if (!bad) bad = kill_on(&p, count, kills, &random, &done);
    (void)kill(reader, SIGKILL);
    int code = ended(reader);
    bad = bad || code != 128 + SIGKILL || in_child(compare, &p, count, true) != 2;
    (void)printf("%llu kills, %llu steps, %llu recalls meanwhile, %s (seed %llu)\n", (unsigned long long)done,
                 (unsigned long long)count, (unsigned long long)*recalled, bad ? "FAILED" : "no mixture, none lost",
                 (unsigned long long)seed);
    if (!bad) place_remove(&p);
    return bad;
}
