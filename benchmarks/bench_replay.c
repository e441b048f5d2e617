/* bench_replay.c - how fast prioritized batches come out of a memory, beside a plain buffer in memory.
 *
 * A memory is filled with transitions and given priorities. Four things are timed in turns with the plain buffer, in
 * thread processor time, through the public API: ids with importance weights; the same with the columns gathered;
 * priority updates; and the cycle of a trainer, which draws ids with weights and updates them. Then the cycle once more
 * while another process appends to the memory. A second run of the program in AVX2 follows where the first had AVX-512.
 */
#include "bench.h"

#include <episodic/episodic.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replay_append.h"
#include "replay_larger.h"
#include "replay_peer.h"

#define WIDTH 84u
#define BATCH 256u
#define ALPHA 0.6
#define BETA 0.4
#define ROUNDS 5u
#define EPISODE 200u
#define WRITER_RATE 10000u /* steps a second */
#define WRITER_BLOCK 100u
#define PATH_SIZE 4096

static const char about[] =
    "Transitions drawn, gathered and updated per second of processor time on one core: 84 float32 observations,\n"
    "batches of 256, alpha .6, beta .4, priorities spread over three powers of ten; median of 5 rounds. Weights are\n"
    "divided by the buffer's greatest (weights: buffer) or the batch's (weights: batch). In turns with it a plain\n"
    "buffer in memory with a binary sum tree of doubles, and uniform draws from that. Then transitions appended: into\n"
    "the pending list, and durably beside a bare LMDB and the disk. Then batches from a memory that is larger than\n"
    "what the process may use (as root). DIR: where the memories are made.";

/* ---- a memory full of transitions -------------------------------------------------------------------------------- */

typedef struct full {
    char path[PATH_SIZE];
    size_t count;
    epi_memory *memory;
    epi_space *space;
    uint64_t *ids;
} full;

/* Rows that are appended together. */
typedef struct block {
    float observations[1024 * WIDTH];
    int32_t actions[1024];
    float rewards[1024];
    uint8_t terminated[1024];
} block;

static void block_append(uint64_t *ids, epi_recorder *recorder, const block *rows, size_t count) {
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, rows->observations),
                                  epi_column_of(EPI_ACTION, EPI_I32, rows->actions, 0),
                                  epi_column_f32(EPI_REWARD, rows->rewards),
                                  epi_column_of(EPI_TERMINATED, EPI_BOOL, rows->terminated, 0)};
    bench_check(epi_transitions_append(ids, recorder, NULL, columns, 4, count), "appending");
}

static void block_fill(block *rows, bench_random *random, size_t first) {
    for (size_t i = 0; i < 1024 * WIDTH; i++) rows->observations[i] = (float)bench_random_unit(random);
    for (size_t i = 0; i < 1024; i++) {
        rows->actions[i] = (int32_t)bench_random_below(random, 18);
        rows->rewards[i] = (float)bench_random_normal(random);
        rows->terminated[i] = (first + i) % EPISODE == EPISODE - 1;
    }
}

static void open_space(full *filled, epi_sync_policy sync) {
    epi_memory_options options = epi_memory_options_default();
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    options.sync = sync;
    bench_check(epi_memory_open(&filled->memory, filled->path, &options), "opening");
    bench_check(epi_schema_transitions(&schema, roles, WIDTH, EPI_I32, 0), "a schema");
    bench_check(epi_space_open(&filled->space, filled->memory, "atari", &schema), "opening a space");
}

static void fill(full *filled, size_t count, uint64_t seed) {
    epi_recorder *recorder = NULL;
    block *rows = bench_alloc(1, sizeof *rows);
    bench_random random = bench_random_of(seed, 1);
    open_space(filled, EPI_SYNC_MANUAL);
    filled->count = count;
    filled->ids = bench_alloc(count, sizeof *filled->ids);
    bench_check(epi_recorder_open(&recorder, filled->space, "filler", 1), "a recorder");
    for (size_t done = 0; done < count; done += 1024) {
        const size_t rest = count - done < 1024 ? count - done : 1024;
        block_fill(rows, &random, done);
        if (done + rest == count) rows->terminated[rest - 1] = 1;
        block_append(filled->ids + done, recorder, rows, rest);
        bench_progress("filling: %zu of %zu", done, count);
    }
    bench_check(epi_sync(NULL, filled->memory), "syncing");
    epi_recorder_close(recorder);
    free(rows);
}

/* ---- what is timed ----------------------------------------------------------------------------------------------- */

typedef struct trainer {
    const full *from;
    epi_replay *replay;
    replay_peer *peer;
    bench_random random;
    replay_rows rows;
    epi_column columns[5];
    uint64_t ids[BATCH];
    double weights[BATCH], priorities[BATCH];
    size_t batches; /* a round */
    uint64_t *chosen; /* steps to update, drawn before the clock runs: numbers for the peer, then ids for us */
    size_t next;
} trainer;

static void spread(double *priorities, size_t count, bench_random *random) {
    for (size_t i = 0; i < count; i++) {
        const double unit = bench_random_unit(random);
        priorities[i] = 0.001 + unit * unit * unit;
    }
}

static void open_replay(trainer *by, epi_weight_norm norm, uint64_t seed) {
    epi_replay_options options = epi_replay_options_default();
    options.alpha = ALPHA;
    options.seed = seed;
    options.weight_norm = norm;
    options.name = norm == EPI_WEIGHTS_BY_BUFFER ? "trainer" : NULL;
    bench_check(epi_replay_open(&by->replay, by->from->space, &options), "a replay");
}

static void give_priorities(trainer *by) {
    uint64_t numbers[BATCH];
    for (size_t first = 0; first < by->from->count; first += BATCH) {
        const size_t count = by->from->count - first < BATCH ? by->from->count - first : BATCH;
        for (size_t i = 0; i < count; i++) numbers[i] = first + i;
        spread(by->priorities, count, &by->random);
        bench_check(epi_replay_update(NULL, by->replay, by->from->ids + first, by->priorities, count), "updating");
        replay_peer_update(by->peer, numbers, by->priorities, count);
    }
}

static void sample(trainer *by, bool gathered) {
    epi_batch batch = epi_batch_default();
    batch.size = BATCH;
    batch.ids = by->ids;
    batch.weights = by->weights;
    batch.columns = by->columns;
    batch.column_count = gathered ? 5 : 0;
    bench_check(epi_replay_sample(by->replay, &batch, BETA), "sampling");
    if (batch.count != BATCH) bench_fail("a batch had %zu steps", batch.count);
}

static void ours_ids(trainer *by) {
    sample(by, false);
}
static void ours_gathered(trainer *by) {
    sample(by, true);
}
static void ours_update(trainer *by) {
    const uint64_t *ids = by->chosen + (by->batches + by->next++ % by->batches) * BATCH;
    bench_check(epi_replay_update(NULL, by->replay, ids, by->priorities, BATCH), "updating");
}
static void ours_cycle(trainer *by) {
    sample(by, false);
    bench_check(epi_replay_update(NULL, by->replay, by->ids, by->priorities, BATCH), "updating");
}

static void tree_ids(trainer *by) {
    replay_peer_sample(by->ids, by->weights, by->peer, BATCH, BETA);
}
static void tree_gathered(trainer *by) {
    tree_ids(by);
    replay_peer_gather(&by->rows, by->peer, by->ids, BATCH);
}
static void tree_update(trainer *by) {
    replay_peer_update(by->peer, by->chosen + by->next++ % by->batches * BATCH, by->priorities, BATCH);
}
static void tree_cycle(trainer *by) {
    tree_ids(by);
    replay_peer_update(by->peer, by->ids, by->priorities, BATCH);
}

static void uniform_ids(trainer *by) {
    replay_peer_sample_uniform(by->ids, by->peer, BATCH);
}
static void uniform_gathered(trainer *by) {
    uniform_ids(by);
    replay_peer_gather(&by->rows, by->peer, by->ids, BATCH);
}

typedef struct task {
    const char *metric, *engine, *ratio;
    void (*run)(trainer *by);
    bool buffer_only; /* has no weights, or a peer: not again for weights by batch */
} task;

static const task tasks[] = {{"ids_per_s", "episodic", NULL, ours_ids, false},
                             {"ids_per_s", "binary-tree", "ids_ratio", tree_ids, true},
                             {"ids_per_s", "uniform", "ids_ratio", uniform_ids, true},
                             {"gathered_per_s", "episodic", NULL, ours_gathered, false},
                             {"gathered_per_s", "binary-tree", "gathered_ratio", tree_gathered, true},
                             {"gathered_per_s", "uniform", "gathered_ratio", uniform_gathered, true},
                             {"updates_per_s", "episodic", NULL, ours_update, false},
                             {"updates_per_s", "binary-tree", "updates_ratio", tree_update, true},
                             {"cycle_per_s", "episodic", NULL, ours_cycle, false},
                             {"cycle_per_s", "binary-tree", "cycle_ratio", tree_cycle, true}};
#define TASKS (sizeof tasks / sizeof tasks[0])

static void choose(trainer *by) {
    const size_t count = by->batches * BATCH;
    if (!by->chosen) by->chosen = bench_alloc(2 * count, sizeof *by->chosen);
    for (size_t i = 0; i < count; i++) {
        by->chosen[i] = bench_random_below(&by->random, by->from->count);
        by->chosen[count + i] = by->from->ids[by->chosen[i]];
    }
}

static double rate_of(const task *timed, trainer *by) {
    spread(by->priorities, BATCH, &by->random);
    choose(by);
    const double start = bench_thread_cpu_s();
    for (size_t i = 0; i < by->batches; i++) timed->run(by);
    return (double)(by->batches * BATCH) / (bench_thread_cpu_s() - start);
}

/* ---- reporting --------------------------------------------------------------------------------------------------- */

static const char *kernels_of(trainer *by) {
    epi_replay_stats stats;
    bench_check(epi_replay_stats_read(&stats, by->replay), "statistics");
    return stats.kernels;
}

static void report(const bench_run *run, const task *timed, trainer *by, double rate, const char *weights,
                   bool writer) {
    const bool ours = strcmp(timed->engine, "episodic") == 0;
    const bench_field config[] = {{"engine", .text = timed->engine},
                                  {"transitions", .number = (double)by->from->count},
                                  {"batch", .number = BATCH},
                                  {"kernels", .text = ours ? kernels_of(by) : "scalar"},
                                  {"weights", .text = ours ? weights : "batch"},
                                  {"writer", .json = writer ? "true" : "false"}};
    bench_emit(run, timed->metric, rate, "1/s", config, sizeof config / sizeof config[0]);
}

static void report_ratio(const bench_run *run, const task *peer, double ratio) {
    const bench_field config[] = {{"to", .text = peer->engine}};
    bench_emit(run, peer->ratio, ratio, "x", config, 1);
}

/* All tasks in turns; returns the idle rate of our cycle. */
static double measure(const bench_run *run, trainer *by, const char *weights, bool with_peers) {
    double rates[TASKS][ROUNDS], ours = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t t = 0; t < TASKS; t++) {
            if (!with_peers && tasks[t].buffer_only) continue;
            bench_progress("round %zu of %u: %s, %s", round + 1, ROUNDS, tasks[t].metric, tasks[t].engine);
            rates[t][round] = rate_of(&tasks[t], by);
        }
    }
    for (size_t t = 0; t < TASKS; t++) {
        if (!with_peers && tasks[t].buffer_only) continue;
        const double median = bench_percentile(rates[t], ROUNDS, .5);
        report(run, &tasks[t], by, median, weights, false);
        if (tasks[t].ratio) report_ratio(run, &tasks[t], ours / median);
        else ours = median;
    }
    return ours;
}

static void report_memory(const bench_run *run, trainer *by) {
    epi_replay_stats stats;
    bench_check(epi_replay_stats_read(&stats, by->replay), "statistics");
    const bench_field config[] = {{"of", .text = "priorities"}};
    bench_emit(run, "bytes_per_step", (double)stats.memory_size / (double)by->from->count, "B", config, 1);
    const bench_field stored[] = {{"of", .text = "stored"}};
    bench_emit(run, "bytes_per_step", bench_directory_mb(by->from->path) * 1e6 / (double)by->from->count, "B", stored,
               1);
}

/* ---- an actor in another process --------------------------------------------------------------------------------- */

typedef struct actor {
    pid_t process;
    int orders; /* closed: it ends */
} actor;

static _Noreturn void act(full *into, int orders, uint64_t seed) {
    char order = 0;
    epi_recorder *recorder = NULL;
    block *rows = bench_alloc(1, sizeof *rows);
    bench_random random = bench_random_of(seed, 2);
    if (read(orders, &order, 1) != 1) _exit(0); /* no writer is wanted */
    open_space(into, EPI_SYNC_GROUPED);
    bench_check(epi_recorder_open(&recorder, into->space, "actor", 1), "a recorder");
    block_fill(rows, &random, 0);
    const double start = bench_now_s();
    for (size_t done = 0; getppid() != 1; done += WRITER_BLOCK) {
        block_append(NULL, recorder, rows, WRITER_BLOCK);
        const double ahead = (double)(done + WRITER_BLOCK) / WRITER_RATE - (bench_now_s() - start);
        if (ahead > 0) usleep((useconds_t)(ahead * 1e6));
    }
    _exit(0);
}

/* Before the memory is opened here: it must not be held across fork(). */
static actor actor_start(full *into, uint64_t seed) {
    int ends[2];
    if (pipe(ends) != 0) bench_fail("no pipe");
    const pid_t process = fork();
    if (process < 0) bench_fail("no process");
    if (process == 0) {
        close(ends[1]);
        act(into, ends[0], seed);
    }
    close(ends[0]);
    return (actor){process, ends[1]};
}

static void actor_go(const actor *other) {
    if (write(other->orders, "g", 1) != 1) bench_fail("the actor is gone");
    sleep(1);
}

static void actor_stop(const actor *other, bool was_going) {
    close(other->orders);
    if (was_going) (void)kill(other->process, SIGKILL);
    (void)waitpid(other->process, NULL, 0);
}

static void measure_with_writer(const bench_run *run, trainer *by, const actor *other, double idle) {
    const task *cycle = &tasks[TASKS - 2];
    double rates[ROUNDS];
    epi_replay_stats before, after;
    actor_go(other);
    bench_check(epi_replay_stats_read(&before, by->replay), "statistics");
    const double start = bench_now_s();
    for (size_t round = 0; round < ROUNDS; round++) rates[round] = rate_of(cycle, by);
    const double seconds = bench_now_s() - start;
    bench_check(epi_replay_stats_read(&after, by->replay), "statistics");
    const double rate = bench_percentile(rates, ROUNDS, .5);
    report(run, cycle, by, rate, "buffer", true);
    const bench_field to[] = {{"to", .text = "idle"}};
    bench_emit(run, "cycle_ratio", rate / idle, "x", to, 1);
    bench_emit(run, "writer_per_s", (double)(after.inserted - before.inserted) / seconds, "1/s", BENCH_NO_CONFIG);
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static void make_rows(trainer *by) {
    by->rows.observations = bench_alloc(BATCH * WIDTH, sizeof(float));
    by->rows.next_observations = bench_alloc(BATCH * WIDTH, sizeof(float));
    by->rows.rewards = bench_alloc(BATCH, sizeof(float));
    by->rows.actions = bench_alloc(BATCH, sizeof(int32_t));
    by->rows.terminated = bench_alloc(BATCH, 1);
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, by->rows.observations),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, by->rows.next_observations),
                                  epi_column_of(EPI_ACTION, EPI_I32, by->rows.actions, 0),
                                  epi_column_f32(EPI_REWARD, by->rows.rewards),
                                  epi_column_of(EPI_TERMINATED, EPI_BOOL, by->rows.terminated, 0)};
    memcpy(by->columns, columns, sizeof columns);
}

/* Whether a slower instruction set is worth a run of its own. */
static bool run_all(bench_run *run, full *filled, const actor *other) {
    trainer by = {.from = filled, .random = bench_random_of(run->seed, 3), .batches = run->quick ? 400 : 4000};
    const bool again = getenv("EPISODIC_KERNELS") != NULL; /* a second run needs neither peers nor an actor */
    fill(filled, run->quick ? 200000 : 1000000, run->seed);
    make_rows(&by);
    by.peer = replay_peer_new(filled->count, WIDTH, ALPHA, run->seed);
    open_replay(&by, EPI_WEIGHTS_BY_BUFFER, run->seed);
    give_priorities(&by);
    const double idle = measure(run, &by, "buffer", !again);
    const bool wide = strcmp(kernels_of(&by), "avx512") == 0;
    if (!again) measure_with_writer(run, &by, other, idle);
    if (!again) report_memory(run, &by);
    epi_replay_close(by.replay);
    open_replay(&by, EPI_WEIGHTS_BY_BATCH, run->seed);
    give_priorities(&by);
    if (!again) (void)measure(run, &by, "batch", false);
    epi_replay_close(by.replay);
    replay_peer_free(by.peer);
    free(by.chosen);
    return wide && !again;
}

/* The same figures of ours with AVX2, by another run of this program. */
static void run_again(const bench_run *run, const char *kernels) {
    char seed[32];
    fflush(stdout);
    const pid_t process = fork();
    if (process < 0) bench_fail("no process");
    if (process == 0) {
        (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->seed);
        (void)setenv("EPISODIC_KERNELS", kernels, 1);
        execl("/proc/self/exe", run->name, "--draw", "--seed", seed, run->quick ? "--quick" : NULL, NULL);
        _exit(127);
    }
    int status = 0;
    if (waitpid(process, &status, 0) != process || status != 0) bench_fail("the run with %s failed", kernels);
}

/* All about drawing. */
static void draw(bench_run *run, full *filled) {
    const bool second = getenv("EPISODIC_KERNELS") != NULL;
    const actor other = actor_start(filled, run->seed);
    const bool again = run_all(run, filled, &other);
    actor_stop(&other, !second);
    epi_space_close(filled->space);
    bench_check(epi_memory_close(filled->memory), "closing");
    if (again) run_again(run, "avx2");
}

int main(int argc, char **argv) {
    static full filled;
    uint64_t steps = 0;
    bool draws = false, appends = false, larger = false;
    const bench_option options[] = {
        {.name = "--steps", .argument = "N", .help = "steps of the growing and the larger memory", .number = &steps},
        {.name = "--draw", .help = "only draw", .flag = &draws},
        {.name = "--append", .help = "only append", .flag = &appends},
        {.name = "--larger", .help = "only the memory that is larger than it may be", .flag = &larger},
        {.name = NULL}};
    bench_run run = {.name = "bench_replay", .usage = "[DIR]", .about = about, .options = options, .argument_max = 1};
    bench_start(&run, argc, argv);
    const char *directory = bench_directory(run.argument_count ? run.arguments[0] : NULL);
    if (snprintf(filled.path, sizeof filled.path, "%s/memory", directory) >= PATH_SIZE) bench_fail("path too long");
    const bool all = !draws && !appends && !larger;
    if (all || draws) draw(&run, &filled);
    if (all || appends) replay_append(&run, directory, steps);
    if (all || larger) replay_larger(&run, directory, steps);
    return 0;
}
