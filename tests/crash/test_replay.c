/* A trainer is killed at a random moment of appending, updating and flushing, again and again. Each time every
 * acknowledged step is there, and each priority is that of the last flush that returned, or the one that was on its
 * way. A trainer that was killed while it drew batches after epi_replay_save() is gone on with: the sampler that
 * resumes draws the very same ones. After every second kill the files in cache/ are taken away too, so that only the
 * store can know.
 *
 *   EPISODIC_TEST_KILLS     how many (200)
 *   EPISODIC_TEST_SEED      the seed, which is printed
 */
#include "ledger.h"

#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS_MAX 200000u
#define BLOCK 16u
#define UPDATES 40u
#define BATCH 32u
#define BATCHES 60u

/* Shared with children. Of each step in the order of appending. */
typedef struct book {
    uint32_t count; /* acknowledged */
    uint64_t ids[STEPS_MAX];
    double flushed[STEPS_MAX], coming[STEPS_MAX]; /* 0: never set */
    atomic_bool saved;    /* and nothing was done since but drawing: */
    atomic_uint drawn;    /* so many batches */
    uint64_t batches[BATCHES][BATCH];
    uint32_t compared;
} book;

static void open_all(epi_memory **memory, epi_space **space, epi_replay **replay, const place *p, bool resume) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_replay_options options = epi_replay_options_default();
    options.name = "trainer";
    options.resume = resume;
    EXPECT(EPI_OK, epi_memory_open(memory, p->path, &p->options));
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, 8, EPI_I32, 0));
    EXPECT(EPI_OK, epi_space_open(space, *memory, "game", &schema));
    EXPECT(EPI_OK, epi_replay_open(replay, *space, &options));
}

static void append(book *b, epi_recorder *recorder, epi_memory *memory) {
    float observations[BLOCK][8];
    const bool ends[BLOCK] = {[BLOCK - 1] = true};
    for (uint32_t i = 0; i < BLOCK; i++)
        for (uint32_t k = 0; k < 8; k++) observations[i][k] = (float)(b->count + i + k);
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observations[0]),
                                  epi_column_bool(EPI_TERMINATED, ends)};
    EXPECT(EPI_OK, epi_transitions_append(b->ids + b->count, recorder, NULL, columns, 2, BLOCK));
    EXPECT(EPI_OK, epi_sync(NULL, memory));
    b->count += BLOCK;
}

static void update(book *b, epi_replay *replay, uint64_t *random) {
    uint32_t chosen[UPDATES];
    uint64_t ids[UPDATES], stale = 1;
    double values[UPDATES];
    for (uint32_t i = 0; i < UPDATES; i++) {
        chosen[i] = (uint32_t)(ledger_random(random) % b->count);
        values[i] = (double)(ledger_random(random) % 1000000 + 1);
        ids[i] = b->ids[chosen[i]];
        b->coming[chosen[i]] = values[i];
    }
    for (uint32_t i = 0; i < UPDATES; i++) values[i] = b->coming[chosen[i]]; /* of one that comes twice: the last */
    EXPECT(EPI_OK, epi_replay_update(&stale, replay, ids, values, UPDATES));
    assert_int_equal(stale, 0);
    EXPECT(EPI_OK, epi_replay_flush(replay));
    for (uint32_t i = 0; i < UPDATES; i++) b->flushed[chosen[i]] = values[i];
}

static void draw(uint64_t *ids, epi_replay *replay) {
    epi_batch batch = epi_batch_default();
    batch.size = BATCH;
    batch.ids = ids;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0.4));
    assert_int_equal(batch.count, BATCH);
}

/* Saves, and tells of the batches that come next. */
static void save_and_draw(book *b, epi_replay *replay) {
    EXPECT(EPI_OK, epi_replay_save(replay));
    atomic_store(&b->drawn, 0);
    atomic_store(&b->saved, true);
    for (uint32_t i = 0; i < BATCHES; i++) {
        draw(b->batches[i], replay);
        atomic_store(&b->drawn, i + 1);
        usleep(100);
    }
    atomic_store(&b->saved, false);
}

static void train(book *b, const place *p, uint64_t random) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_replay *replay = NULL;
    epi_recorder *recorder = NULL;
    open_all(&memory, &space, &replay, p, false);
    EXPECT(EPI_OK, epi_recorder_open(&recorder, space, "actor", 1));
    for (;;) {
        if (b->count + BLOCK < STEPS_MAX) append(b, recorder, memory);
        update(b, replay, &random);
        if (ledger_random(&random) % 3 == 0) save_and_draw(b, replay);
    }
}

/* What is there becomes what the next trainer begins with: flushed by who did not change it, since what the killed one
 * had changed and not flushed is in a file of cache/ alone. */
static void compare(book *b, const place *p) {
    static double raw[STEPS_MAX];
    uint64_t ids[BATCH];
    const bool saved = atomic_load(&b->saved);
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_replay *replay = NULL;
    open_all(&memory, &space, &replay, p, saved);
    for (uint32_t i = 0; saved && i < atomic_load(&b->drawn); i++) {
        draw(ids, replay);
        assert_memory_equal(ids, b->batches[i], sizeof ids);
        b->compared++;
    }
    atomic_store(&b->saved, false);
    EXPECT(EPI_OK, epi_replay_priorities(raw, replay, b->ids, b->count));
    for (uint32_t i = 0; i < b->count; i++) {
        assert_true(raw[i] > 0);
        if (b->coming[i] <= 0) continue;
        const bool kept = b->flushed[i] <= 0 || (raw[i] >= b->flushed[i] && raw[i] <= b->flushed[i]);
        if (!kept && (raw[i] < b->coming[i] || raw[i] > b->coming[i]))
            fail_msg("step %u has priority %g, flushed was %g, on its way %g", i, raw[i], b->flushed[i],
                     b->coming[i]);
        b->flushed[i] = b->coming[i] = raw[i];
    }
    EXPECT(EPI_OK, epi_replay_flush(replay));
    place_check(memory);
    epi_replay_close(replay);
    epi_space_close(space);
    EXPECT(EPI_OK, epi_memory_close(memory));
}

static int remove_file(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)where;
    return kind == FTW_F ? remove(path) : 0;
}

static void priorities_are_those_of_the_last_flush(void **state) {
    (void)state;
    const uint64_t kills = place_seconds("EPISODIC_TEST_KILLS", 200);
    uint64_t random = place_seconds("EPISODIC_TEST_SEED", 1);
    char cache[128];
    place p;
    print_message("seed %llu\n", (unsigned long long)random);
    place_make(&p);
    (void)snprintf(cache, sizeof cache, "%s/cache", p.path);
    book *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(b != MAP_FAILED);
    for (uint64_t kill_number = 0; kill_number < kills; kill_number++) {
        const uint64_t seed = ledger_random(&random);
        int status = 0;
        pid_t child = fork();
        if (child == 0) train(b, &p, seed);
        usleep((useconds_t)(5000 + ledger_random(&random) % 60000));
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        if (kill_number % 2) (void)nftw(cache, remove_file, 8, FTW_PHYS);
        child = fork();
        if (child == 0) {
            compare(b, &p);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    print_message("%u steps, %u batches drawn again\n", b->count, b->compared);
    assert_true(b->count > 0 && (b->compared > 0 || kills < 50));
    (void)munmap(b, sizeof *b);
    place_remove(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(priorities_are_those_of_the_last_flush)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
