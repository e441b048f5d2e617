/* replay_larger.c - see replay_larger.h.
 *
 * Each figure is taken in a process of its own, in a control group of its own (version 1 or 2) below the one that the
 * program runs in, whose memory is limited; pages of files that a process maps count in it. The memory is filled under
 * the tightest limit. Then batches are gathered under limits from more than its size down to a quarter of it, each
 * beginning with none of the file's pages in memory. Wall clock, since it is the disk that is waited for; faults are
 * pages that had to be read.
 */
#include "replay_larger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <episodic/episodic.h>

#define WIDTH 84u
#define BLOCK 1024u
#define BATCH 256u
#define EPISODE 200u
#define PATH_SIZE 4096
#define OWN_MB 48.0 /* what the process needs beside the files */

typedef struct larger {
    const bench_run *run;
    char path[PATH_SIZE], group[PATH_SIZE];
    bool unified; /* the group is of version 2 */
    uint64_t steps;
    double data_mb;
} larger;

/* ---- control groups ---------------------------------------------------------------------------------------------- */

static bool write_text(const char *directory, const char *name, const char *text) {
    char path[PATH_SIZE + 64];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    const bool wrote = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(file);
    return wrote;
}

/* Where the process's own group of memory is. */
static bool find_group(char *path, bool *unified) {
    char line[PATH_SIZE / 2];
    bool found = false;
    FILE *file = fopen("/proc/self/cgroup", "r");
    if (!file) return false;
    while (!found && fgets(line, sizeof line, file)) {
        char *named = strstr(line, ":memory:");
        line[strcspn(line, "\n")] = 0;
        *unified = strncmp(line, "0::", 3) == 0;
        if (named) (void)snprintf(path, PATH_SIZE, "/sys/fs/cgroup/memory%s", named + strlen(":memory:"));
        else if (*unified) (void)snprintf(path, PATH_SIZE, "/sys/fs/cgroup%s", line + 3);
        found = (named || *unified) && access(path, W_OK) == 0;
        if (found && *unified) found = write_text(path, "cgroup.subtree_control", "+memory");
    }
    (void)fclose(file);
    return found;
}

static bool make_group(larger *of) {
    char parent[PATH_SIZE];
    if (!find_group(parent, &of->unified)) return false;
    if (snprintf(of->group, sizeof of->group, "%s/episodic-bench-%ld", parent, (long)getpid()) >= PATH_SIZE)
        return false;
    return mkdir(of->group, 0755) == 0;
}

static void join_group(const larger *of, double limit_mb) {
    char text[64];
    (void)snprintf(text, sizeof text, "%.0f", limit_mb * 1e6);
    const bool limited = write_text(of->group, of->unified ? "memory.max" : "memory.limit_in_bytes", text);
    (void)snprintf(text, sizeof text, "%ld", (long)getpid());
    if (!limited || !write_text(of->group, "cgroup.procs", text)) bench_fail("cannot limit memory in %s", of->group);
}

/* ---- the memory -------------------------------------------------------------------------------------------------- */

typedef struct opened {
    epi_memory *memory;
    epi_space *space;
} opened;

static opened open_memory(const larger *of) {
    opened made = {0};
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_memory_options options = epi_memory_options_default();
    options.sync = EPI_SYNC_GROUPED;
    bench_check(epi_memory_open(&made.memory, of->path, &options), "opening");
    bench_check(epi_schema_transitions(&schema, roles, WIDTH, EPI_I32, 0), "the schema");
    bench_check(epi_space_open(&made.space, made.memory, "steps", &schema), "opening the space");
    return made;
}

static void close_memory(opened *of) {
    epi_space_close(of->space);
    bench_check(epi_memory_close(of->memory), "closing");
}

/* Takes the pages of all files out of memory: they would stay with the group that read them. */
static void forget_pages(const char *directory) {
    char path[PATH_SIZE + 256];
    DIR *entries = opendir(directory);
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        const int file = open(path, O_RDONLY | O_CLOEXEC);
        struct stat info;
        if (file >= 0 && fstat(file, &info) == 0 && S_ISDIR(info.st_mode)) forget_pages(path);
        else if (file >= 0 && (fdatasync(file) != 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0))
            bench_note("the pages of %s stay in memory", path);
        if (file >= 0) (void)close(file);
    }
    if (entries) (void)closedir(entries);
}

static uint64_t faults(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_majflt;
}

/* ---- what each process does -------------------------------------------------------------------------------------- */

static void fill(const larger *of, double limit_mb) {
    static float observations[BLOCK * WIDTH], rewards[BLOCK];
    static bool terminated[BLOCK];
    epi_recorder *recorder = NULL;
    bench_random random = bench_random_of(of->run->seed, 21);
    opened at = open_memory(of);
    bench_check(epi_recorder_open(&recorder, at.space, "filler", 1), "a recorder");
    for (size_t i = 0; i < BLOCK * WIDTH; i++) observations[i] = (float)bench_random_unit(&random);
    const double start = bench_now_s();
    for (uint64_t done = 0; done < of->steps; done += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++) rewards[i] = (float)i;
        for (size_t i = 0; i < BLOCK; i++) terminated[i] = (done + i) % EPISODE == EPISODE - 1;
        const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observations),
                                      epi_column_f32(EPI_REWARD, rewards),
                                      epi_column_bool(EPI_TERMINATED, terminated)};
        bench_check(epi_transitions_append(NULL, recorder, NULL, columns, 3, BLOCK), "appending");
    }
    bench_check(epi_sync(NULL, at.memory), "syncing");
    bench_emit(of->run, "append_per_s", (double)of->steps / (bench_now_s() - start), "1/s",
               BENCH_CONFIG({"policy", .text = "grouped"}, {"clock", .text = "wall"},
                            {"steps", .number = (double)of->steps}, {"memory_limit_mb", .number = limit_mb}));
    epi_recorder_close(recorder);
    close_memory(&at);
}

static double draw_for(epi_replay *replay, epi_batch *batch, double seconds) {
    const double start = bench_now_s();
    uint64_t drawn = 0;
    while (bench_now_s() - start < seconds) {
        bench_check(epi_replay_sample(replay, batch, 0.4), "sampling");
        drawn += batch->count;
    }
    return (double)drawn / (bench_now_s() - start);
}

static void draw(const larger *of, double limit_mb) {
    static float observations[BATCH * WIDTH], next_observations[BATCH * WIDTH], rewards[BATCH];
    static bool terminated[BATCH];
    epi_replay *replay = NULL;
    opened at = open_memory(of);
    epi_replay_options options = epi_replay_options_default();
    options.name = "trainer";
    options.seed = of->run->seed;
    bench_check(epi_replay_open(&replay, at.space, &options), "a replay");
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observations),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, next_observations),
                                  epi_column_f32(EPI_REWARD, rewards), epi_column_bool(EPI_TERMINATED, terminated)};
    epi_batch batch = epi_batch_default();
    batch.size = BATCH;
    batch.columns = columns;
    batch.column_count = 4;
    (void)draw_for(replay, &batch, of->run->quick ? 0.3 : 5); /* pages come in */
    const uint64_t before = faults();
    const double seconds = of->run->quick ? 0.5 : 5, rate = draw_for(replay, &batch, seconds);
    const double read = (double)(faults() - before) / (rate * seconds);
    bench_emit(of->run, "gathered_per_s", rate, "1/s",
               BENCH_CONFIG({"engine", .text = "episodic"}, {"clock", .text = "wall"},
                            {"steps", .number = (double)of->steps}, {"data_mb", .number = of->data_mb},
                            {"memory_limit_mb", .number = limit_mb}, {"faults_per_step", .number = read}));
    epi_replay_close(replay);
    close_memory(&at);
}

static void in_group(larger *of, double limit_mb, void (*work)(const larger *of, double limit_mb)) {
    forget_pages(of->path);
    (void)fflush(stdout);
    const pid_t process = fork();
    if (process < 0) bench_fail("no process");
    if (process == 0) {
        join_group(of, limit_mb);
        work(of, limit_mb);
        (void)fflush(stdout);
        _exit(0);
    }
    int status = 0;
    if (waitpid(process, &status, 0) != process || status != 0)
        bench_fail("the run with %.0f MB of memory failed", limit_mb);
}

void replay_larger(const bench_run *run, const char *directory, uint64_t steps) {
    larger of = {.run = run, .steps = steps ? steps : run->quick ? 200000 : 4000000};
    const double shares[] = {1.5, 1, 0.75, 0.5, 0.25};
    if (snprintf(of.path, sizeof of.path, "%s/larger", directory) >= PATH_SIZE) bench_fail("path too long");
    if (!make_group(&of)) {
        bench_note("larger than memory: left out, no control group could be made to limit it (needs root)");
        return;
    }
    of.data_mb = (double)of.steps * (WIDTH * 4 + 22) / 1e6; /* as long as there is nothing to measure */
    in_group(&of, of.data_mb * 0.25 + OWN_MB, fill);
    of.data_mb = bench_directory_mb(of.path);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        in_group(&of, of.data_mb * shares[i] + OWN_MB, draw);
    if (rmdir(of.group) != 0) bench_note("%s: %s", of.group, strerror(errno));
}
