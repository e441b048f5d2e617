/* Three trainers, each a process, draw from one named sampler and set its priorities, and flush them, while two actors
 * record and old steps are evicted. Each trainer changes steps of its own, so that it knows what their priority must be
 * at the end; sums and counts are those of all three, in the file that they share and in what the store says of it.
 *
 *   EPISODIC_TEST_SECONDS   how long (5)
 */
#include "actors.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRAINERS 3u
#define BATCH 128u
#define LIMIT 2000u
#define KNOWN (1u << 19)
#define PAUSE_US 1000u
#define LATER 5000u /* batches after which one is updated again, when some of its steps are gone */
#define ALPHA 0.6

/* What one trainer set last: an open hash table by id, 0 is free. */
typedef struct trainer {
    uint64_t ids[KNOWN];
    double priorities[KNOWN];
    uint64_t batches, updates, stale, known;
    uint64_t old[BATCH]; /* what was chosen from an earlier batch */
    size_t old_count;
} trainer;

typedef struct school {
    actors_book book;
    trainer trainers[TRAINERS];
} school;

static int failed(const char *what) {
    print_error("process %d: %s: %s\n", (int)getpid(), what, epi_error_last()->message);
    return 1;
}

static size_t find(const trainer *t, uint64_t id) {
    size_t at = (size_t)(id * 0x9e3779b97f4a7c15ULL >> 32) % KNOWN;
    while (t->ids[at] != 0 && t->ids[at] != id) at = (at + 1) % KNOWN;
    return at;
}

static epi_status open_replay(epi_replay **replay, epi_space *space, uint64_t seed) {
    epi_replay_options options = epi_replay_options_default();
    options.name = "trainers";
    options.alpha = ALPHA;
    options.seed = seed;
    options.timeout_ms = 20;
    options.flush_updates = 5000;
    return epi_replay_open(replay, space, &options);
}

/* ---- a trainer --------------------------------------------------------------------------------------------------- */

/* The steps of the batch that are this trainer's, each once. */
static size_t choose(uint64_t *chosen, const uint64_t *ids, size_t count, unsigned number) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = ids[i] % TRAINERS != number;
        for (size_t k = 0; k < found && !again; k++) again = chosen[k] == ids[i];
        if (!again) chosen[found++] = ids[i];
    }
    return found;
}

static epi_status update(trainer *t, epi_replay *replay, const uint64_t *chosen, size_t count, uint64_t *random) {
    double values[BATCH] = {0};
    uint64_t stale = 0;
    for (size_t i = 0; i < count; i++) values[i] = (double)(actors_random(random) % 1000000 + 1) / 1000;
    const epi_status status = epi_replay_update(&stale, replay, chosen, values, count);
    if (status) return status;
    t->updates += count - stale;
    t->stale += stale;
    for (size_t i = 0; i < count && t->known < KNOWN / 2; i++) {
        const size_t at = find(t, chosen[i]);
        t->known += t->ids[at] == 0;
        t->ids[at] = chosen[i];
        t->priorities[at] = values[i];
    }
    return EPI_OK;
}

static epi_status train_once(trainer *t, epi_replay *replay, unsigned number, uint64_t *random) {
    static actor_row rows[BATCH];
    uint64_t ids[BATCH], chosen[BATCH];
    double weights[BATCH], probabilities[BATCH];
    epi_column columns[4];
    epi_batch batch = epi_batch_default();
    actors_columns(columns, rows);
    batch.size = BATCH;
    batch.columns = columns;
    batch.column_count = 4;
    batch.ids = ids;
    batch.weights = weights;
    batch.probabilities = probabilities;
    epi_status status = epi_replay_sample(replay, &batch, 0.5);
    if (status) return status == EPI_ETIMEOUT ? EPI_OK : status;
    t->batches++;
    for (size_t i = 0; i < batch.count; i++)
        if (!actors_row_is_sound(&rows[i]) || !(weights[i] > 0 && weights[i] <= 1 + 1e-9) ||
            !(probabilities[i] > 0 && probabilities[i] <= 1))
            return EPI_EDAMAGED;
    const size_t count = choose(chosen, ids, batch.count, number);
    status = update(t, replay, chosen, count, random);
    if (status || t->batches % LATER != 0) return status;
    status = update(t, replay, t->old, t->old_count, random);
    memcpy(t->old, chosen, count * sizeof *chosen);
    t->old_count = count;
    return status;
}

static int train(school *s, const place *p, unsigned number) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_replay *replay = NULL;
    uint64_t random = number + 1;
    epi_status status = actors_open(&memory, &space, p);
    if (!status) status = open_replay(&replay, space, number);
    while (!status && !s->book.stop && s->trainers[number].known < KNOWN / 2)
        status = train_once(&s->trainers[number], replay, number, &random);
    if (!status) status = epi_replay_flush(replay);
    if (status) return failed("training");
    epi_replay_close(replay);
    epi_space_close(space);
    return epi_memory_close(memory) ? failed("closing") : 0;
}

/* ---- what must hold at the end ----------------------------------------------------------------------------------- */

static epi_status read_ids(uint64_t ids[LIMIT], size_t *count, epi_space *space) {
    epi_replay *all = NULL;
    epi_replay_options options = epi_replay_options_default();
    epi_batch batch = epi_batch_default();
    options.sampler = EPI_SAMPLER_FIFO;
    batch.size = LIMIT;
    batch.ids = ids;
    epi_status status = epi_replay_open(&all, space, &options);
    if (!status) status = epi_replay_sample(all, &batch, 0);
    epi_replay_close(all);
    *count = batch.count;
    return status;
}

static int compare_priorities(const school *s, const uint64_t *ids, const double *raw, size_t count) {
    size_t changed = 0;
    for (size_t i = 0; i < count; i++) {
        const trainer *owner = &s->trainers[ids[i] % TRAINERS];
        const size_t at = find(owner, ids[i]);
        const bool known = owner->ids[at] == ids[i];
        changed += known;
        if (known ? raw[i] >= owner->priorities[at] && raw[i] <= owner->priorities[at] : raw[i] >= 1) continue;
        print_error("step %llu has priority %.17g, its trainer set %.17g\n", (unsigned long long)ids[i], raw[i],
                    known ? owner->priorities[at] : 0.0);
        return 1;
    }
    print_message("%zu of %zu steps have a priority that was set\n", changed, count);
    return changed > count / 2 ? 0 : 1;
}

static int compare_counts(const school *s, const epi_replay_stats *stats, const double *raw, size_t count) {
    uint64_t drawn = 0, updated = 0, stale = 0;
    double total = 0;
    for (unsigned i = 0; i < TRAINERS; i++) {
        drawn += s->trainers[i].batches * BATCH;
        updated += s->trainers[i].updates;
        stale += s->trainers[i].stale;
    }
    for (size_t i = 0; i < count; i++) total += pow(raw[i], ALPHA);
    print_message("%llu steps recorded, %llu drawn, %llu updated, %llu were gone\n",
                  (unsigned long long)stats->inserted, (unsigned long long)drawn, (unsigned long long)updated,
                  (unsigned long long)stale);
    if (stats->steps == count && stats->sampled == drawn && stats->updated == updated &&
        stats->inserted == actors_acknowledged(&s->book) && fabs(stats->total_priority - total) < 1e-9 * total)
        return 0;
    print_error("the sampler says %llu steps, %llu inserted, %llu drawn, %llu updated, a total of %.17g; %.17g is the "
                "sum\n", (unsigned long long)stats->steps, (unsigned long long)stats->inserted,
                (unsigned long long)stats->sampled, (unsigned long long)stats->updated, stats->total_priority, total);
    return 1;
}

static int compare(const school *s, const place *p, bool with_counts) {
    static uint64_t ids[LIMIT];
    static double raw[LIMIT];
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_replay *replay = NULL;
    epi_replay_stats stats = {0};
    size_t count = 0;
    epi_status status = actors_open(&memory, &space, p);
    if (!status) status = open_replay(&replay, space, 1);
    if (!status) status = read_ids(ids, &count, space);
    if (!status) status = epi_replay_priorities(raw, replay, ids, count);
    if (!status) status = epi_replay_stats_read(&stats, replay);
    int bad = status ? failed("reading priorities") : compare_priorities(s, ids, raw, count);
    if (!bad && with_counts) bad = compare_counts(s, &stats, raw, count);
    epi_replay_close(replay);
    epi_space_close(space);
    return epi_memory_close(memory) ? failed("closing") : bad;
}

/* ---- the test ---------------------------------------------------------------------------------------------------- */

static int remove_file(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)where;
    return kind == FTW_F ? remove(path) : 0;
}

static int make_space(const place *p) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_transition_limits limits = epi_transition_limits_default();
    limits.max_steps = LIMIT;
    epi_status status = actors_open(&memory, &space, p);
    if (!status) status = epi_transitions_limit(space, &limits);
    epi_space_close(space);
    return status || epi_memory_close(memory) ? failed("making the space") : 0;
}

static void expect_in_child(int (*run)(const school *, const place *, bool), school *s, place *p, bool flag) {
    const pid_t child = actors_fork();
    if (child == 0) _exit(run(s, p, flag));
    assert_true(actors_ended_well(child));
}

static void trainers_share_what_they_know(void **state) {
    (void)state;
    place p;
    char cache[128];
    pid_t actors[ACTORS], trainers[TRAINERS];
    place_make(&p);
    school *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s != MAP_FAILED);
    const pid_t child = actors_fork();
    if (child == 0) _exit(make_space(&p));
    assert_true(actors_ended_well(child));
    for (unsigned i = 0; i < ACTORS; i++) actors[i] = actors_start(&s->book, &p, i, PAUSE_US);
    for (unsigned i = 0; i < TRAINERS; i++)
        if ((trainers[i] = actors_fork()) == 0) _exit(train(s, &p, i));
    (void)usleep((useconds_t)place_seconds("EPISODIC_TEST_SECONDS", 5) * 1000000);
    s->book.stop = true;
    for (unsigned i = 0; i < ACTORS; i++) assert_true(actors_ended_well(actors[i]));
    for (unsigned i = 0; i < TRAINERS; i++) assert_true(actors_ended_well(trainers[i]));
    expect_in_child(compare, s, &p, true);
    (void)snprintf(cache, sizeof cache, "%s/cache", p.path);
    (void)nftw(cache, remove_file, 8, FTW_PHYS);
    expect_in_child(compare, s, &p, false);
    (void)munmap(s, sizeof *s);
    place_remove(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(trainers_share_what_they_know)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
