/* Two actors record, one learner draws and updates, for as long as one likes. At random moments an actor is killed and
 * started again, or the learner is, or everything that is stored is compared with what was acknowledged. A learner
 * that saved before it was killed comes back with the same priorities and draws the same batches, whether it finds the
 * file of priorities in cache/ or only the store. No process grows. The rate of sampling is printed, a tenth of the
 * time a line: it should not fall.
 *
 *   EPISODIC_TEST_SECONDS   how long (10); 600 tells something about growth
 *   EPISODIC_TEST_SEED      the seed, which is printed
 */
#include "actors.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 10000u /* steps that the space keeps */
#define BATCH 64u
#define PROBES 20u
#define WINDOWS 10u
#define PAUSE_US 4000u
#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_KB_MAX (1024u * 1024u)
#else
#define MEMORY_KB_MAX (96u * 1024u)
#endif

enum { RUN = 0, REST, RESTED }; /* what the learner is told, and answers */

/* What a learner has saved: all priorities, and the batches that come next. */
typedef struct probe {
    uint64_t steps, priorities, batches;
} probe;

typedef struct soak {
    actors_book book;
    _Atomic int order;
    _Atomic uint32_t learner_kb, lost; /* lost: a learner did not find what it had saved */
    _Atomic uint64_t batches, busy_us, cpu_us;
    probe saved;
    bool expects; /* the next learner must find what was saved */
} soak;

static int failed(const char *what) {
    print_error("learner %d: %s: %s\n", (int)getpid(), what, epi_error_last()->message);
    return 1;
}

static uint64_t clock_us(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3ULL;
    return hash;
}

/* ---- the learner ------------------------------------------------------------------------------------------------- */

static epi_status open_replay(epi_replay **replay, epi_space *space) {
    epi_replay_options options = epi_replay_options_default();
    options.name = "learner";
    options.seed = 1;
    options.timeout_ms = 20;
    options.flush_ms = 500;
    options.resume = true;
    epi_status status = epi_replay_open(replay, space, &options);
    if (status != EPI_ENOTFOUND) return status;
    options.resume = false; /* never saved */
    return epi_replay_open(replay, space, &options);
}

/* Draws, looks at every row, and sets new priorities; no batch yet is no failure. */
static epi_status train_once(epi_replay *replay, uint64_t *random) {
    static actor_row rows[BATCH];
    uint64_t ids[BATCH];
    double weights[BATCH], priorities[BATCH];
    epi_column columns[4];
    epi_batch batch = epi_batch_default();
    actors_columns(columns, rows);
    batch.size = BATCH;
    batch.columns = columns;
    batch.column_count = 4;
    batch.ids = ids;
    batch.weights = weights;
    const epi_status status = epi_replay_sample(replay, &batch, 0.4);
    if (status) return status == EPI_ETIMEOUT ? EPI_OK : status;
    for (size_t i = 0; i < batch.count; i++) {
        if (!actors_row_is_sound(&rows[i])) return EPI_EDAMAGED;
        priorities[i] = (double)(actors_random(random) % 1000 + 1) / 100;
    }
    return epi_replay_update(NULL, replay, ids, priorities, batch.count);
}

/* Hashes of all ids with their priorities, and of the next batches. Changes the random state, which is saved before. */
static epi_status take_probe(probe *taken, epi_replay *replay, epi_space *space) {
    static uint64_t ids[LIMIT];
    static double raw[LIMIT];
    epi_replay *all = NULL;
    epi_batch batch = epi_batch_default();
    epi_replay_options options = epi_replay_options_default();
    *taken = (probe){0, 14695981039346656037ULL, 14695981039346656037ULL};
    options.sampler = EPI_SAMPLER_FIFO;
    batch.size = LIMIT;
    batch.ids = ids;
    epi_status status = epi_replay_open(&all, space, &options);
    if (!status) status = epi_replay_sample(all, &batch, 0);
    epi_replay_close(all);
    if (!status) status = epi_replay_priorities(raw, replay, ids, batch.count);
    if (status) return status;
    taken->steps = batch.count;
    taken->priorities = mix(mix(taken->priorities, ids, batch.count * sizeof *ids), raw, batch.count * sizeof *raw);
    batch.size = BATCH;
    for (size_t i = 0; !status && i < PROBES; i++) {
        status = epi_replay_sample(replay, &batch, 0);
        taken->batches = mix(taken->batches, ids, batch.count * sizeof *ids);
    }
    return status;
}

static epi_status compare_probe(soak *s, epi_replay *replay, epi_space *space) {
    probe found = {0};
    const epi_status status = take_probe(&found, replay, space);
    if (!status && (found.steps != s->saved.steps || found.priorities != s->saved.priorities)) {
        print_error("%llu steps and their priorities were saved, %llu were found, not all the same\n",
                    (unsigned long long)s->saved.steps, (unsigned long long)found.steps);
        s->lost++;
    } else if (!status && found.batches != s->saved.batches) {
        print_error("a learner that came back did not draw the batches that would have come next\n");
        s->lost++;
    }
    return status;
}

static epi_status rest(soak *s, epi_replay *replay, epi_space *space) {
    epi_status status = epi_replay_save(replay);
    if (!status) status = take_probe(&s->saved, replay, space);
    if (status) return status;
    s->order = RESTED;
    for (;;) (void)pause(); /* to be killed */
}

static int learn(soak *s, const place *p, uint64_t random) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_replay *replay = NULL;
    epi_status status = actors_open(&memory, &space, p);
    if (!status) status = open_replay(&replay, space);
    if (!status && s->expects) status = compare_probe(s, replay, space);
    s->order = RUN;
    while (!status && !s->book.stop) {
        const uint64_t busy = clock_us(CLOCK_MONOTONIC), cpu = clock_us(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; !status && i < 50; i++) status = train_once(replay, &random);
        s->batches += 50;
        s->busy_us += clock_us(CLOCK_MONOTONIC) - busy;
        s->cpu_us += clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu;
        s->learner_kb = actors_memory_kb();
        if (!status && s->order == REST) status = rest(s, replay, space);
    }
    if (status) return failed("learning");
    epi_replay_close(replay);
    epi_space_close(space);
    return epi_memory_close(memory) ? failed("closing") : 0;
}

/* ---- what befalls them ------------------------------------------------------------------------------------------- */

typedef struct world {
    place p;
    soak *s;
    pid_t actors[ACTORS], learner;
    uint64_t random;
    unsigned actor_kills, learner_kills, rests, compared;
} world;

static void start_learner(world *w) {
    const uint64_t seed = actors_random(&w->random);
    w->learner = actors_fork();
    if (w->learner == 0) _exit(learn(w->s, &w->p, seed));
}

static void start_actor(world *w, unsigned actor) {
    w->actors[actor] = actors_start(&w->s->book, &w->p, actor, PAUSE_US);
}

/* A child that ended by itself has failed, and has said why. */
static void expect_alive(const world *w) {
    for (unsigned i = 0; i < ACTORS; i++) assert_int_equal(waitpid(w->actors[i], NULL, WNOHANG), 0);
    assert_int_equal(waitpid(w->learner, NULL, WNOHANG), 0);
}

static int remove_file(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)where;
    return kind == FTW_F ? remove(path) : 0;
}

/* With nothing recorded meanwhile, what is drawn depends on what was saved alone. Every second time the files in cache/
 * are taken away, so that only the store can know. */
static void let_learner_rest(world *w) {
    char cache[128];
    for (unsigned i = 0; i < ACTORS; i++) actors_kill(w->actors[i]);
    w->s->order = REST;
    while (w->s->order != RESTED) {
        assert_int_equal(waitpid(w->learner, NULL, WNOHANG), 0);
        (void)usleep(1000);
    }
    actors_kill(w->learner);
    (void)snprintf(cache, sizeof cache, "%s/cache", w->p.path);
    if (w->rests++ % 2) (void)nftw(cache, remove_file, 8, FTW_PHYS);
    w->s->expects = true;
    start_learner(w);
    while (w->s->order != RUN) {
        assert_int_equal(waitpid(w->learner, NULL, WNOHANG), 0);
        (void)usleep(1000);
    }
    w->s->expects = false;
    assert_int_equal(w->s->lost, 0);
    for (unsigned i = 0; i < ACTORS; i++) start_actor(w, i);
}

static void compare(world *w) {
    const pid_t child = actors_fork();
    if (child == 0) _exit(actors_compare(&w->s->book, &w->p, LIMIT));
    assert_true(actors_ended_well(child));
    w->compared++;
}

static void befall(world *w) {
    const unsigned die = (unsigned)(actors_random(&w->random) % 10), actor = die % ACTORS;
    if (die < 6) {
        actors_kill(w->actors[actor]);
        start_actor(w, actor);
        w->actor_kills++;
    } else if (die == 6) {
        actors_kill(w->learner);
        start_learner(w);
        w->learner_kills++;
    } else if (die == 7) {
        let_learner_rest(w);
    } else {
        compare(w);
    }
}

/* ---- what is told ------------------------------------------------------------------------------------------------ */

typedef struct figures {
    uint64_t batches, busy_us, cpu_us, recorded, at_us;
} figures;

static figures figures_now(const world *w) {
    return (figures){w->s->batches, w->s->busy_us, w->s->cpu_us, actors_acknowledged(&w->s->book),
                     clock_us(CLOCK_MONOTONIC)};
}

static void tell(const world *w, unsigned window, figures *before) {
    const figures now = figures_now(w);
    const double batches = (double)(now.batches - before->batches), all = (double)(now.at_us - before->at_us);
    print_message("%u/%u: %.0f batches/s while learning, %.1f us of CPU a batch, %.0f steps/s recorded; own memory: "
                  "learner %.1f MB, actors %.1f and %.1f MB\n",
                  window, WINDOWS, 1e6 * batches / (double)(now.busy_us - before->busy_us),
                  (double)(now.cpu_us - before->cpu_us) / batches,
                  1e6 * (double)(now.recorded - before->recorded) / all, w->s->learner_kb / 1024.0,
                  w->s->book.memory_kb[0] / 1024.0, w->s->book.memory_kb[1] / 1024.0);
    assert_true(w->s->learner_kb < MEMORY_KB_MAX);
    for (unsigned i = 0; i < ACTORS; i++) assert_true(w->s->book.memory_kb[i] < MEMORY_KB_MAX);
    *before = now;
}

static void make_space(const world *w) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_transition_limits limits = epi_transition_limits_default();
    limits.max_steps = LIMIT;
    epi_status status = actors_open(&memory, &space, &w->p);
    if (!status) status = epi_transitions_limit(space, &limits);
    epi_space_close(space);
    _exit(status || epi_memory_close(memory) ? failed("making the space") : 0);
}

static void check(const world *w) {
    const pid_t child = actors_fork();
    if (child == 0) {
        epi_memory *memory = NULL;
        epi_check_report report = {0};
        epi_status status = epi_memory_open(&memory, w->p.path, &w->p.options);
        if (!status) status = epi_memory_check(&report, memory, NULL, NULL);
        _exit(status || report.violations > 0 || epi_memory_close(memory) ? failed("checking") : 0);
    }
    assert_true(actors_ended_well(child));
}

static void actors_and_a_learner_go_on_whatever_befalls_them(void **state) {
    (void)state;
    static world w;
    const uint64_t seconds = place_seconds("EPISODIC_TEST_SECONDS", 10);
    w.random = place_seconds("EPISODIC_TEST_SEED", 1);
    print_message("seed %llu\n", (unsigned long long)w.random);
    place_make(&w.p);
    w.s = mmap(NULL, sizeof *w.s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(w.s != MAP_FAILED);
    const pid_t child = actors_fork();
    if (child == 0) make_space(&w);
    assert_true(actors_ended_well(child));
    for (unsigned i = 0; i < ACTORS; i++) start_actor(&w, i);
    start_learner(&w);
    figures before = figures_now(&w);
    const uint64_t window_us = seconds * 1000000 / WINDOWS, most_us = window_us < 2000000 ? window_us : 2000000;
    for (unsigned window = 1; window <= WINDOWS; window++) {
        const uint64_t until = before.at_us + window_us;
        while (clock_us(CLOCK_MONOTONIC) < until) {
            (void)usleep((useconds_t)(10000 + actors_random(&w.random) % (most_us / 2)));
            expect_alive(&w);
            befall(&w);
        }
        tell(&w, window, &before);
    }
    let_learner_rest(&w);
    w.s->book.stop = true;
    for (unsigned i = 0; i < ACTORS; i++) assert_true(actors_ended_well(w.actors[i]));
    assert_true(actors_ended_well(w.learner));
    compare(&w);
    check(&w);
    print_message("actors killed %u times, the learner %u times and %u times after it had saved, compared %u times; "
                  "%llu steps were acknowledged, %llu batches drawn\n",
                  w.actor_kills, w.learner_kills, w.rests, w.compared,
                  (unsigned long long)actors_acknowledged(&w.s->book), (unsigned long long)w.s->batches);
    (void)munmap(w.s, sizeof *w.s);
    place_remove(&w.p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(actors_and_a_learner_go_on_whatever_befalls_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
