/* replay_append.c - see replay_append.h.
 *
 * Rows are 84 float32, an int32 action, a float32 reward and the end flags, in blocks of 256, one environment, episodes
 * of 200 steps. Durable figures are wall time, in turns with the peers, median of five; the pending list is CPU time of
 * the thread. The bare LMDB puts as many bytes a commit as the store did, in values of a chunk's size, default flags;
 * the disk writes them to the end of a file and syncs it. That file grows as the store does: the memory of one that was
 * removed would be used again, and on a virtual machine memory that is new to it can cost more than the disk.
 */
#include "replay_append.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <episodic/episodic.h>

#include "lmdb_peer.h"

#define WIDTH 84u
#define BLOCK 256u
#define EPISODE 200u
#define ROUNDS 5u
#define FRAMES 16u /* appended together */
#define FRAME_SIZE (84u * 84u)
#define PATH_SIZE 4096u
#define GROWING_ROUNDS 3u
#define GROWING_ROWS UINT64_C(25600)
#define PENDING_ROWS 131072u /* 46 MB: within the bound of the pending list */

typedef struct rows {
    float *observations;
    int32_t *actions;
    float *rewards;
    bool *terminated;
} rows;

typedef struct target {
    char path[PATH_SIZE];
    epi_memory *memory;
    epi_space *space;
    epi_recorder *recorder;
    uint64_t count; /* steps so far */
} target;

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static rows rows_new(uint64_t seed) {
    bench_random random = bench_random_of(seed, 7);
    rows made = {bench_alloc(BLOCK * WIDTH, sizeof(float)), bench_alloc(BLOCK, sizeof(int32_t)),
                 bench_alloc(BLOCK, sizeof(float)), bench_alloc(BLOCK, sizeof(bool))};
    for (size_t i = 0; i < BLOCK * WIDTH; i++) made.observations[i] = (float)bench_random_normal(&random);
    for (size_t i = 0; i < BLOCK; i++) made.actions[i] = (int32_t)bench_random_below(&random, 18);
    for (size_t i = 0; i < BLOCK; i++) made.rewards[i] = (float)bench_random_unit(&random);
    return made;
}

static void rows_free(rows *of) {
    free(of->observations);
    free(of->actions);
    free(of->rewards);
    free(of->terminated);
}

static void append(target *to, rows *of, size_t count) {
    for (size_t i = 0; i < count; i++) of->terminated[i] = (to->count + i) % EPISODE == EPISODE - 1;
    const epi_column columns[] = {
        epi_column_f32(EPI_OBSERVATION, of->observations), epi_column_of(EPI_ACTION, EPI_I32, of->actions, 0),
        epi_column_f32(EPI_REWARD, of->rewards), epi_column_bool(EPI_TERMINATED, of->terminated)};
    bench_check(epi_transitions_append(NULL, to->recorder, NULL, columns, 4, count), "appending");
    to->count += count;
}

/* ---- memories ---------------------------------------------------------------------------------------------------- */

static void target_open(target *to, const char *directory, const char *name, epi_sync_policy sync) {
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_schema schema;
    epi_memory_options options = epi_memory_options_default();
    options.sync = sync;
    memset(to, 0, sizeof *to);
    if (snprintf(to->path, sizeof to->path, "%s/%s", directory, name) >= (int)sizeof to->path)
        bench_fail("path too long");
    bench_check(epi_memory_open(&to->memory, to->path, &options), "opening");
    bench_check(epi_schema_transitions(&schema, roles, WIDTH, EPI_I32, 0), "the schema");
    bench_check(epi_space_open(&to->space, to->memory, "steps", &schema), "opening the space");
    bench_check(epi_recorder_open(&to->recorder, to->space, "actor", 1), "opening the recorder");
}

static void target_close(target *to) {
    epi_recorder_close(to->recorder);
    epi_space_close(to->space);
    bench_check(epi_memory_close(to->memory), "closing");
}

static epi_transition_stats stats_of(const target *to) {
    epi_transition_stats stats;
    bench_check(epi_transitions_stats_read(&stats, to->space), "statistics");
    return stats;
}

/* ---- the pending list -------------------------------------------------------------------------------------------- */

static void measure_pending(const bench_run *run, const char *directory, rows *of) {
    target to;
    double rates[ROUNDS];
    target_open(&to, directory, "pending", EPI_SYNC_MANUAL);
    for (size_t round = 0; round < ROUNDS + 1; round++) { /* the first one warms up */
        double start = bench_thread_cpu_s();
        for (size_t done = 0; done < PENDING_ROWS; done += BLOCK) append(&to, of, BLOCK);
        double seconds = bench_thread_cpu_s() - start;
        if (round > 0) rates[round - 1] = PENDING_ROWS / seconds;
        bench_check(epi_sync(NULL, to.memory), "syncing");
    }
    bench_emit(run, "append_per_s", bench_percentile(rates, ROUNDS, .5), "1/s",
               BENCH_CONFIG({"policy", .text = "pending"}, {"block", .number = BLOCK}));
    target_close(&to);
}

/* ---- durable appends --------------------------------------------------------------------------------------------- */

static double grouped_seconds(target *to, rows *of, uint64_t count) {
    double start = bench_now_s();
    for (uint64_t done = 0; done < count; done += BLOCK) append(to, of, BLOCK);
    bench_check(epi_sync(NULL, to->memory), "syncing");
    return bench_now_s() - start;
}

static double lmdb_seconds(lmdb_peer *peer, size_t value_size, uint64_t commits, uint64_t values) {
    lmdb_record record = {.key_size = 13, .value_size = value_size, .is_new = true};
    double start = bench_now_s();
    for (uint64_t i = 0; i < commits; i++) {
        uint64_t now = values * (i + 1) / commits - values * i / commits;
        if (now > 0) lmdb_peer_put(peer, &record, 1, (size_t)now);
    }
    return bench_now_s() - start;
}

static void raw_path(char path[PATH_SIZE], const char *directory) {
    if (snprintf(path, PATH_SIZE, "%s/raw", directory) >= (int)PATH_SIZE) bench_fail("path too long");
}

static void raw_remove(const char *directory) {
    char path[PATH_SIZE];
    raw_path(path, directory);
    (void)unlink(path);
}

static double disk_seconds(const char *directory, uint64_t commits, uint64_t size, const rows *of) {
    char path[PATH_SIZE];
    raw_path(path, directory);
    const size_t piece = BLOCK * WIDTH * sizeof(float);
    double start = bench_now_s();
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0) bench_fail("cannot write %s", path);
    for (uint64_t i = 0; i < commits; i++) {
        for (uint64_t left = size / commits; left > 0;) {
            ssize_t wrote = write(file, of->observations, left < piece ? left : piece);
            if (wrote <= 0) bench_fail("cannot write %s", path);
            left -= (uint64_t)wrote;
        }
        if (fdatasync(file) != 0) bench_fail("cannot sync %s", path);
    }
    (void)close(file);
    return bench_now_s() - start;
}

static void report_policy(const bench_run *run, const char *policy, uint32_t block, double rate) {
    bench_emit(run, "append_per_s", rate, "1/s", BENCH_CONFIG({"policy", .text = policy}, {"block", .number = block}));
}

/* Ours, a bare LMDB and the disk, the same bytes in as many commits, in turns. */
static void measure_grouped(const bench_run *run, const char *directory, rows *of) {
    target to;
    char peer_path[PATH_SIZE];
    double rates[ROUNDS], lmdb[ROUNDS], disk[ROUNDS];
    const uint64_t count = run->quick ? 51200 : 409600;
    target_open(&to, directory, "grouped", EPI_SYNC_GROUPED);
    if (snprintf(peer_path, sizeof peer_path, "%s/bare", directory) >= (int)sizeof peer_path)
        bench_fail("path too long");
    if (mkdir(peer_path, 0700) != 0) bench_fail("cannot make %s", peer_path);
    lmdb_peer *peer = lmdb_peer_open(peer_path);
    epi_transition_stats stats = stats_of(&to);
    const uint64_t size = count * stats.step_size, commits = size / EPI_GROUP_SIZE_DEFAULT;
    const size_t chunk = (size_t)stats.capacity * stats.step_size;
    for (size_t round = 0; round < ROUNDS; round++) {
        const double ours = grouped_seconds(&to, of, count);
        const double bare = lmdb_seconds(peer, chunk, commits, count / stats.capacity);
        const double raw = disk_seconds(directory, commits, size, of);
        rates[round] = (double)count / ours;
        lmdb[round] = bare / ours;
        disk[round] = raw / ours;
        bench_note("grouped: ours %.3f s, bare LMDB %.3f s, disk %.3f s (%.0f MB/s)", ours, bare, raw,
                   (double)size / raw / 1e6);
    }
    lmdb_peer_close(peer);
    raw_remove(directory);
    report_policy(run, "grouped", BLOCK, bench_percentile(rates, ROUNDS, .5));
    bench_emit(run, "append_ratio", bench_percentile(lmdb, ROUNDS, .5), "x", BENCH_CONFIG({"to", .text = "bare-lmdb"}));
    bench_emit(run, "append_ratio", bench_percentile(disk, ROUNDS, .5), "x", BENCH_CONFIG({"to", .text = "disk"}));
    target_close(&to);
}

static void measure_each(const bench_run *run, const char *directory, rows *of, uint32_t block, const char *name) {
    target to;
    const uint32_t calls = run->quick ? 200 : 1000;
    target_open(&to, directory, name, EPI_SYNC_EACH_COMMIT);
    double start = bench_now_s();
    for (uint32_t i = 0; i < calls; i++) append(&to, of, block);
    report_policy(run, "each", block, (double)calls * block / (bench_now_s() - start));
    target_close(&to);
}

/* ---- growing ----------------------------------------------------------------------------------------------------- */

/* The disk takes the same bytes in turns, since it is what other programs' work changes most. */
static void measure_mark(const bench_run *run, const char *directory, target *to, rows *of, uint64_t mark) {
    double rates[GROWING_ROUNDS], disk[GROWING_ROUNDS];
    const uint64_t size = GROWING_ROWS * stats_of(to).step_size, commits = size / EPI_GROUP_SIZE_DEFAULT + 1;
    for (size_t round = 0; round < GROWING_ROUNDS; round++) {
        const double ours = grouped_seconds(to, of, GROWING_ROWS);
        rates[round] = GROWING_ROWS / ours;
        disk[round] = disk_seconds(directory, commits, size, of) / ours;
    }
    bench_emit(run, "append_per_s", bench_percentile(rates, GROWING_ROUNDS, .5), "1/s",
               BENCH_CONFIG({"policy", .text = "grouped"}, {"steps", .number = (double)mark}));
    bench_emit(run, "append_ratio", bench_percentile(disk, GROWING_ROUNDS, .5), "x",
               BENCH_CONFIG({"to", .text = "disk"}, {"steps", .number = (double)mark}));
}

static void measure_growing(const bench_run *run, const char *directory, rows *of, uint64_t steps) {
    target to;
    target_open(&to, directory, "growing", EPI_SYNC_GROUPED);
    for (uint64_t at = 100000, before = 0; before < steps; before = at, at = at * 10 > steps ? steps : at * 10) {
        while (to.count + GROWING_ROUNDS * GROWING_ROWS < at) append(&to, of, BLOCK); /* the last before each mark */
        bench_check(epi_sync(NULL, to.memory), "syncing");
        measure_mark(run, directory, &to, of, at);
    }
    raw_remove(directory);
    const epi_transition_stats stats = stats_of(&to);
    target_close(&to);
    bench_emit(run, "bytes_per_step", bench_directory_mb(to.path) * 1e6 / (double)to.count, "B",
               BENCH_CONFIG({"observation", .text = "84 float32"}, {"columns", .number = stats.step_size}));
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

static void measure_frames(const bench_run *run, const char *directory) {
    static uint8_t frames[FRAMES][FRAME_SIZE];
    target to;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_schema schema;
    epi_memory_options options = epi_memory_options_default();
    bool terminated[FRAMES] = {false};
    bench_random random = bench_random_of(run->seed, 8);
    const uint32_t calls = run->quick ? 300 : 2000;
    memset(&to, 0, sizeof to);
    options.sync = EPI_SYNC_GROUPED;
    if (snprintf(to.path, sizeof to.path, "%s/frames", directory) >= (int)sizeof to.path) bench_fail("path too long");
    bench_check(epi_memory_open(&to.memory, to.path, &options), "opening");
    bench_check(epi_schema_transitions(&schema, roles, 1, EPI_I32, 0), "the schema");
    roles[0] = epi_role_tensor(EPI_OBSERVATION, EPI_U8, 2, (const uint32_t[]){84, 84});
    bench_check(epi_space_open(&to.space, to.memory, "frames", &schema), "opening the space");
    bench_check(epi_recorder_open(&to.recorder, to.space, "actor", 1), "opening the recorder");
    for (uint32_t i = 0; i < calls; i++) {
        for (size_t j = 0; j < FRAMES; j++)
            for (size_t k = 0; k < FRAME_SIZE; k++) frames[j][k] = (uint8_t)bench_random_next(&random);
        terminated[FRAMES - 1] = i % 60 == 59;
        const epi_column columns[] = {epi_column_u8(EPI_OBSERVATION, frames[0]),
                                      epi_column_bool(EPI_TERMINATED, terminated)};
        bench_check(epi_transitions_append(NULL, to.recorder, NULL, columns, 2, FRAMES), "appending frames");
    }
    target_close(&to);
    bench_emit(run, "bytes_per_step", bench_directory_mb(to.path) * 1e6 / ((double)FRAMES * calls), "B",
               BENCH_CONFIG({"observation", .text = "84x84 uint8, a stack of 4 stored once"}));
}

void replay_append(const bench_run *run, const char *directory, uint64_t steps) {
    rows of = rows_new(run->seed);
    measure_pending(run, directory, &of);
    measure_grouped(run, directory, &of);
    measure_each(run, directory, &of, 1, "each-1");
    measure_each(run, directory, &of, BLOCK, "each-256");
    measure_frames(run, directory);
    measure_growing(run, directory, &of, steps ? steps : run->quick ? 300000 : 10000000);
    rows_free(&of);
}
