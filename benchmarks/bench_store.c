/* bench_store.c - how fast text steps are stored, and what one durable step costs beside what the disk asks for.
 *
 * Part one stores made-up sentences under each sync policy, one by one and in batches of 100, until all are durable and
 * a recall has found the last of them. The flush is measured in turns with it: how long a bare LMDB commit that puts
 * the records of one batch waits, which is its time by the clock less the processor time of its thread. (Of one step,
 * where commits do not go by batches.) The store's commits times the mean wait is what the disk took, but never more
 * than what is left beside the store's own processor time. It is rather too little: a commit that seals waits longer.
 *
 * Part two takes turns: one durable step, one bare LMDB commit that puts the records such a step was seen to write, and
 * 4 KB appended to a growing file with fdatasync.
 */
#include "bench.h"

#include <episodic/episodic.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lmdb_peer.h"
#include "words.h"

#define PATH_SIZE 4096
#define VOCABULARY 20000u
#define RECORDS_MAX 32u
#define APPEND_SIZE 4096u
#define BATCH_MAX 100u

static const char about[] =
    "Text steps stored per second (20 words each, by Zipf's law) for each sync policy, in batches of 1 and 100, with "
    "and\n"
    "without what the disk's flushes took; and one durable step beside a bare LMDB commit of the same records and "
    "beside\n"
    "4 KB appended to a file with fdatasync, all three in turns. DIR: where the stores are made; it must be on a disk.";

typedef struct policy {
    const char *name;
    epi_sync_policy sync;
} policy;

static const policy policies[] = {
    {"each-commit", EPI_SYNC_EACH_COMMIT}, {"grouped", EPI_SYNC_GROUPED}, {"manual", EPI_SYNC_MANUAL}};

/* Sentences made before any clock runs. */
typedef struct corpus {
    char (*texts)[WORDS_SENTENCE_SIZE];
    size_t count;
} corpus;

static corpus corpus_make(uint64_t seed, size_t count) {
    corpus made = {bench_alloc(count, sizeof *made.texts), count};
    words *source = words_new(seed, VOCABULARY);
    for (size_t i = 0; i < count; i++) (void)words_sentence(made.texts[i], sizeof made.texts[i], source);
    words_free(source);
    return made;
}

/* ---- a memory ---------------------------------------------------------------------------------------------------- */

typedef struct store {
    char path[PATH_SIZE];
    epi_memory *memory;
    epi_space *space;
    epi_episode *episode;
    size_t next; /* text */
} store;

/* Where a memory that was never compacted keeps its LMDB environment; see docs/FORMAT.md. */
static const char *environment_of(const store *closed) {
    static char path[PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/store.1", closed->path);
    return path;
}

/* A path of its own in the program's directory; the text is valid until the next call. */
static void path_in(char *path, const char *directory, const char *name) {
    static int number;
    if (snprintf(path, PATH_SIZE, "%s/%s-%d", directory, name, number++) >= PATH_SIZE)
        bench_fail("%s is too long", directory);
}

/* The preset for conversations; without its encoder when `vectors` is false. */
static void store_open(store *opened, const char *directory, epi_sync_policy sync, bool vectors) {
    epi_memory_options options = epi_memory_options_default();
    epi_schema schema = *epi_schema_conversation();
    *opened = (store){0};
    options.sync = sync;
    if (!vectors) {
        schema.preset = "custom";
        schema.encoder = EPI_ENCODER_NONE;
    }
    path_in(opened->path, directory, "memory");
    bench_check(epi_memory_open(&opened->memory, opened->path, &options), "opening");
    bench_check(epi_space_open(&opened->space, opened->memory, "talk", &schema), "opening a space");
    bench_check(epi_episode_begin(&opened->episode, opened->space, NULL), "beginning");
}

static void store_close(store *opened) {
    epi_episode_close(opened->episode);
    epi_space_close(opened->space);
    bench_check(epi_memory_close(opened->memory), "closing");
}

static void append(store *to, const corpus *from, size_t count) {
    epi_step steps[BATCH_MAX];
    epi_part parts[BATCH_MAX][2];
    for (size_t i = 0; i < count; i++) {
        size_t at = to->next++ % from->count;
        parts[i][0] = epi_part_text("speaker", at % 2 ? "Ana" : "Ben");
        parts[i][1] = epi_part_text("text", from->texts[at]);
        steps[i] = epi_step_default();
        steps[i].parts = parts[i];
        steps[i].part_count = 2;
    }
    bench_check(count == 1 ? epi_episode_append(NULL, to->episode, steps)
                           : epi_episode_append_many(NULL, to->episode, steps, count),
                "appending");
}

/* The last text that was appended is found now. */
static void find_last(const store *in, const corpus *from) {
    epi_recollection *found = NULL;
    bench_check(epi_recall_text(&found, in->space, from->texts[(in->next - 1) % from->count], NULL), "recalling");
    if (epi_recollection_hit_count(found) == 0) bench_fail("the last step was not found");
    epi_recollection_free(found);
}

/* The place of a text that is as long as texts are on average. */
static size_t typical_of(const corpus *from) {
    size_t sum = 0, best = 0;
    for (size_t i = 0; i < from->count; i++) sum += strlen(from->texts[i]);
    const double mean = (double)sum / (double)from->count;
    for (size_t i = 0; i < from->count; i++)
        if (fabs((double)strlen(from->texts[i]) - mean) < fabs((double)strlen(from->texts[best]) - mean)) best = i;
    return best;
}

/* What one append writes, found by looking at the store before and after it. */
typedef struct written {
    lmdb_record records[RECORDS_MAX];
    size_t count;
} written;

static void records_of_append(written *of_step, const char *directory, bool vectors, const corpus *from) {
    store seen;
    store_open(&seen, directory, EPI_SYNC_EACH_COMMIT, vectors);
    append(&seen, from, 8);
    uint64_t episode = epi_episode_id(seen.episode);
    store_close(&seen);
    lmdb_content *before = lmdb_content_read(environment_of(&seen));
    bench_check(epi_memory_open(&seen.memory, seen.path, NULL), "opening");
    bench_check(epi_space_open(&seen.space, seen.memory, "talk", NULL), "opening a space");
    bench_check(epi_episode_resume(&seen.episode, seen.space, episode), "resuming");
    seen.next = typical_of(from);
    append(&seen, from, 1);
    store_close(&seen);
    lmdb_content *after = lmdb_content_read(environment_of(&seen));
    of_step->count = lmdb_content_changed(of_step->records, RECORDS_MAX, before, after);
    lmdb_content_free(before);
    lmdb_content_free(after);
}

static lmdb_peer *open_bare(const char *directory) {
    char path[PATH_SIZE];
    path_in(path, directory, "bare");
    if (mkdir(path, 0700) != 0) bench_fail("%s: %s", path, strerror(errno));
    return lmdb_peer_open(path);
}

/* ---- steps a second ---------------------------------------------------------------------------------------------- */

typedef struct throughput {
    double seconds, cpu, flush_s;
    uint64_t commits;
    size_t steps;
} throughput;

/* The records of `batch` steps, put by LMDB alone. */
static double flush_time(lmdb_peer *bare, const written *of_step, size_t batch) {
    double start = bench_now_s(), cpu = bench_thread_cpu_s();
    lmdb_peer_put(bare, of_step->records, of_step->count, batch);
    return bench_now_s() - start - (bench_thread_cpu_s() - cpu);
}

typedef struct stopwatch {
    double seconds, cpu;
} stopwatch;

static void watch_start(stopwatch *watch) {
    watch->seconds -= bench_now_s();
    watch->cpu -= bench_thread_cpu_s();
}

static void watch_stop(stopwatch *watch) {
    watch->seconds += bench_now_s();
    watch->cpu += bench_thread_cpu_s();
}

/* Stores `count` steps; a flush of `flush_batch` is timed in turn with every few calls, off the watch. */
static throughput fill(store *to, const corpus *from, size_t count, size_t batch, size_t flush_batch, lmdb_peer *bare,
                       const written *of_step) {
    const size_t calls = count / batch, turn = calls > 500 ? calls / 500 : 1;
    stopwatch watch = {0, 0};
    double flush_sum = 0;
    size_t flush_count = 0;
    for (size_t i = 0; i < calls; i++) {
        if (i % turn == 0) {
            flush_sum += flush_time(bare, of_step, flush_batch);
            flush_count++;
        }
        watch_start(&watch);
        append(to, from, batch);
        watch_stop(&watch);
    }
    watch_start(&watch);
    bench_check(epi_sync(NULL, to->memory), "syncing");
    find_last(to, from);
    watch_stop(&watch);
    return (throughput){watch.seconds, watch.cpu, flush_sum / (double)flush_count, 0, calls * batch};
}

static throughput measure_policy(const char *directory, const policy *by, bool vectors, size_t count, size_t batch,
                                 const corpus *from) {
    store to;
    written of_step;
    records_of_append(&of_step, directory, vectors, from);
    lmdb_peer *bare = open_bare(directory);
    store_open(&to, directory, by->sync, vectors);
    const size_t flush_batch = by->sync == EPI_SYNC_EACH_COMMIT ? batch : 1;
    throughput done = fill(&to, from, count, batch, flush_batch, bare, &of_step);
    store_close(&to);
    lmdb_peer_close(bare);
    done.commits = lmdb_commit_count(environment_of(&to));
    return done;
}

static void report_policy(const bench_run *run, const policy *by, bool vectors, size_t batch, const throughput *done) {
    const bench_field config[] = {{"policy", .text = by->name},
                                  {"batch", .number = (double)batch},
                                  {"encoder", .text = vectors ? "hash" : "none"},
                                  {"steps", .number = (double)done->steps}};
    const size_t count = sizeof config / sizeof config[0];
    double computing = fmax(done->seconds - (double)done->commits * done->flush_s, done->cpu);
    bench_emit(run, "steps_per_s", (double)done->steps / done->seconds, "1/s", config, count);
    bench_emit(run, "steps_per_s_without_flush", (double)done->steps / computing, "1/s", config, count);
    bench_emit(run, "steps_per_cpu_s", (double)done->steps / done->cpu, "1/s", config, count);
    bench_emit(run, "commits", (double)done->commits, "1", config, count);
    bench_emit(run, "flush_ms_mean", done->flush_s * 1e3, "ms", config, count);
}

static void measure_throughput(const bench_run *run, const char *directory, const corpus *from) {
    static const size_t batches[] = {1, BATCH_MAX};
    for (int vectors = 1; vectors >= 0; vectors--)
        for (size_t p = 0; p < sizeof policies / sizeof policies[0]; p++)
            for (size_t b = 0; b < 2; b++) {
                bool flushes_each = policies[p].sync == EPI_SYNC_EACH_COMMIT && batches[b] == 1;
                size_t count = flushes_each ? 4096 : 50000;
                bench_progress("%s, batches of %zu ...", policies[p].name, batches[b]);
                throughput done = measure_policy(directory, &policies[p], vectors != 0, run->quick ? count / 10 : count,
                                                 batches[b], from);
                report_policy(run, &policies[p], vectors != 0, batches[b], &done);
            }
}

/* ---- one durable step -------------------------------------------------------------------------------------------- */

static double time_flush_of_4k(int file) {
    static const char block[APPEND_SIZE];
    double start = bench_now_s();
    if (write(file, block, sizeof block) != (ssize_t)sizeof block || fdatasync(file) != 0)
        bench_fail("appending: %s", strerror(errno));
    return bench_now_s() - start;
}

typedef struct trial {
    double *add, *bare, *flush;
    size_t count;
} trial;

static void take_turns(trial *times, store *to, const corpus *from, lmdb_peer *bare, const written *of_step, int file) {
    for (size_t i = 0; i < times->count; i++) {
        double start = bench_now_s();
        append(to, from, 1);
        times->add[i] = bench_now_s() - start;
        start = bench_now_s();
        lmdb_peer_put(bare, of_step->records, of_step->count, 1);
        times->bare[i] = bench_now_s() - start;
        times->flush[i] = time_flush_of_4k(file);
        if (i % 64 == 0) bench_progress("one durable step, %zu of %zu ...", i, times->count);
    }
}

static void report_trial(const bench_run *run, trial *times, const written *of_step) {
    size_t bytes = 0;
    for (size_t i = 0; i < of_step->count; i++) bytes += of_step->records[i].key_size + of_step->records[i].value_size;
    double add = bench_percentile(times->add, times->count, 0.5),
           bare = bench_percentile(times->bare, times->count, 0.5);
    double flush = bench_percentile(times->flush, times->count, 0.5), n = (double)times->count;
    bench_emit(run, "add_ms_p50", add * 1e3, "ms", BENCH_CONFIG({"policy", .text = "each-commit"}, {"n", .number = n}));
    bench_emit(run, "add_ms_p99", bench_percentile(times->add, times->count, 0.99) * 1e3, "ms",
               BENCH_CONFIG({"policy", .text = "each-commit"}, {"n", .number = n}));
    bench_emit(run, "bare_commit_ms_p50", bare * 1e3, "ms",
               BENCH_CONFIG({"puts", .number = (double)of_step->count}, {"bytes", .number = (double)bytes},
                            {"n", .number = n}));
    bench_emit(run, "append_fdatasync_ms_p50", flush * 1e3, "ms",
               BENCH_CONFIG({"bytes", .number = APPEND_SIZE}, {"n", .number = n}));
    bench_emit(run, "add_ratio", add / bare, "1", BENCH_CONFIG({"to", .text = "bare-commit"}));
    bench_emit(run, "add_ratio", add / flush, "1", BENCH_CONFIG({"to", .text = "flush"}));
}

static void measure_add(const bench_run *run, const char *directory, const corpus *from) {
    store to;
    char path[PATH_SIZE];
    written of_step;
    const size_t warm = run->quick ? 2000 : 20000, n = run->quick ? 500 : 3000;
    trial times = {bench_alloc(n, sizeof(double)), bench_alloc(n, sizeof(double)), bench_alloc(n, sizeof(double)), n};
    records_of_append(&of_step, directory, true, from);
    lmdb_peer *bare = open_bare(directory);
    path_in(path, directory, "file");
    int file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (file < 0) bench_fail("%s: %s", path, strerror(errno));
    store_open(&to, directory, EPI_SYNC_EACH_COMMIT, true);
    for (size_t i = 0; i < warm / BATCH_MAX; i++) { /* both trees as deep as in use, and as many transactions old */
        append(&to, from, BATCH_MAX);
        lmdb_peer_put(bare, of_step.records, of_step.count, BATCH_MAX);
    }
    take_turns(&times, &to, from, bare, &of_step, file);
    report_trial(run, &times, &of_step);
    store_close(&to);
    lmdb_peer_close(bare);
    close(file);
    free(times.add), free(times.bare), free(times.flush);
}

int main(int argc, char **argv) {
    bench_run run = {.name = "bench_store", .usage = "[DIR]", .about = about, .argument_max = 1};
    bench_start(&run, argc, argv);
    const char *directory = bench_directory(run.argument_count ? run.arguments[0] : NULL);
    corpus texts = corpus_make(run.seed, run.quick ? 10000 : 60000);
    measure_add(&run, directory, &texts);
    measure_throughput(&run, directory, &texts);
    free(texts.texts);
    return 0;
}
