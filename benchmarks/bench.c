/* bench.c - see bench.h. */
#include "bench.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/magic.h>

#include <episodic/sys/json.h>

#define PATH_SIZE 4096
#define SEED_DEFAULT 100u
#define WALK_DESCRIPTORS 16
#define MADE_MAX 4 /* directories of a program */

static bool progress_shown;

/* ---- command line ----------------------------------------------------------------------------------------------- */

static void print_help(const bench_run *run) {
    printf("usage: %s [options] %s\n\n%s\n\noptions:\n", run->name, run->usage, run->about);
    for (const bench_option *option = run->options; option && option->name; option++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", option->name, option->argument ? option->argument : "");
        printf("  %-20s %s\n", left, option->help);
    }
    printf("  %-20s %s\n", "--quick", "a smaller run, within 20 s");
    printf("  %-20s %s\n", "--seed N", "of everything made up; 100 by default");
    printf("  %-20s %s\n", "--help", "this text");
    printf("\nOne JSON object a line on stdout: bench, metric, value, unit, config.\n");
}

_Noreturn static void fail_usage(const bench_run *run, const char *reason, const char *what) {
    fprintf(stderr, "%s: %s %s; see --help\n", run->name, what, reason);
    exit(2);
}

static uint64_t number_of(const bench_run *run, const char *text) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || text[0] == '-') fail_usage(run, "was no number", text);
    return value;
}

static void set_option(const bench_run *run, const bench_option *option, const char *value) {
    if (option->text) *option->text = value;
    if (option->number) *option->number = number_of(run, value);
}

/* Takes the option that stands first; returns how many arguments that were. */
static int take_option(bench_run *run, char **arguments, int left) {
    bench_option seed = {.name = "--seed", .argument = "N", .number = &run->seed};
    const bench_option *found = strcmp(arguments[0], seed.name) == 0 ? &seed : NULL;
    for (const bench_option *at = run->options; !found && at && at->name; at++)
        if (strcmp(arguments[0], at->name) == 0) found = at;
    if (!found) fail_usage(run, "is no option", arguments[0]);
    if (!found->argument) {
        *found->flag = true;
        return 1;
    }
    if (left < 2) fail_usage(run, "needs an argument", arguments[0]);
    set_option(run, found, arguments[1]);
    return 2;
}

void bench_start(bench_run *run, int argc, char **argv) {
    run->seed = SEED_DEFAULT;
    run->arguments = argv;
    for (int i = 1; i < argc;) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(run);
            exit(0);
        }
        if (strcmp(argv[i], "--quick") == 0) {
            run->quick = true;
            i++;
        } else if (strncmp(argv[i], "--", 2) == 0) {
            i += take_option(run, argv + i, argc - i);
        } else if (run->argument_count == run->argument_max) {
            fail_usage(run, "is one argument too many", argv[i]);
        } else {
            argv[run->argument_count++] = argv[i++];
        }
    }
}

/* ---- results ---------------------------------------------------------------------------------------------------- */

static void clear_progress(void) {
    if (progress_shown) fputs("\r\033[K", stderr);
    progress_shown = false;
}

void bench_progress(const char *format, ...) {
    if (!isatty(STDERR_FILENO)) return;
    va_list arguments;
    clear_progress();
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fflush(stderr);
    progress_shown = true;
}

void bench_note(const char *format, ...) {
    va_list arguments;
    clear_progress();
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void bench_fail(const char *format, ...) {
    va_list arguments;
    clear_progress();
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void bench_check(epi_status status, const char *what) {
    if (status != EPI_OK) bench_fail("%s: %s: %s", what, epi_status_name(status), epi_error_last()->message);
}

void *bench_alloc(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) bench_fail("out of memory for %zu x %zu bytes", count, size);
    return memory;
}

static void put_field(epi_json_writer *line, const bench_field *field) {
    if (field->text)
        epi_json_put_string(line, field->name, field->text, strlen(field->text));
    else if (field->json)
        epi_json_put_raw(line, field->name, field->json, strlen(field->json));
    else
        epi_json_put_number(line, field->name, field->number);
}

/* Six digits: what lies behind them was never measured. */
static double rounded(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.6g", value);
    return strtod(text, NULL);
}

void bench_emit(const bench_run *run, const char *metric, double value, const char *unit, const bench_field *config,
                size_t count) {
    epi_json_writer *line = NULL;
    bench_check(epi_json_writer_new(&line, false), "a result");
    epi_json_begin_object(line, NULL);
    epi_json_put_string(line, "bench", run->name, strlen(run->name));
    epi_json_put_string(line, "metric", metric, strlen(metric));
    epi_json_put_number(line, "value", rounded(value));
    epi_json_put_string(line, "unit", unit, strlen(unit));
    epi_json_begin_object(line, "config");
    for (size_t i = 0; i < count; i++) put_field(line, &config[i]);
    epi_json_put_unsigned(line, "seed", run->seed);
    epi_json_end(line);
    epi_json_end(line);
    const char *text = epi_json_writer_text(NULL, line);
    if (!text) bench_fail("a result of %s could not be written", metric);
    clear_progress();
    puts(text);
    fflush(stdout);
    epi_json_writer_free(line);
}

/* ---- measuring -------------------------------------------------------------------------------------------------- */

static double clock_s(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double bench_now_s(void) {
    return clock_s(CLOCK_MONOTONIC);
}
double bench_thread_cpu_s(void) {
    return clock_s(CLOCK_THREAD_CPUTIME_ID);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(double *values, size_t count, double fraction) {
    if (count == 0) return (double)NAN;
    qsort(values, count, sizeof *values, by_value);
    size_t rank = (size_t)ceil(fraction * (double)count);
    return values[rank == 0 ? 0 : rank - 1];
}

/* A line of /proc/self/status that tells of kB. */
static double status_mb(const char *name) {
    char line[256];
    unsigned long long kb = 0;
    const size_t length = strlen(name);
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && line[length] == ':') kb = strtoull(line + length + 1, NULL, 10);
    if (!file || kb == 0) bench_fail("/proc/self/status says nothing of %s", name);
    fclose(file);
    return (double)kb * 1024.0 / 1e6;
}

double bench_memory_mb(void) {
    return status_mb("VmRSS");
}

double bench_memory_own_mb(void) {
    return status_mb("RssAnon");
}

void bench_memory_peak_reset(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file || fputs("5", file) == EOF || fclose(file) != 0) bench_fail("/proc/self/clear_refs could not be written");
}

double bench_memory_peak_mb(void) {
    return status_mb("VmHWM");
}

/* ---- random numbers --------------------------------------------------------------------------------------------- */

static uint64_t split_mix(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

bench_random bench_random_of(uint64_t seed, uint64_t stream) {
    bench_random random;
    uint64_t state = seed;
    state = split_mix(&state) ^ stream;
    for (size_t i = 0; i < 4; i++) random.state[i] = split_mix(&state);
    return random;
}

static uint64_t rotate(uint64_t x, unsigned bits) {
    return (x << bits) | (x >> (64 - bits));
}

uint64_t bench_random_next(bench_random *random) {
    uint64_t *s = random->state;
    const uint64_t result = rotate(s[1] * 5, 7) * 9, shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

double bench_random_unit(bench_random *random) {
    return (double)(bench_random_next(random) >> 11) * 0x1p-53;
}

/* Box and Muller's; the second of the pair is let go. */
double bench_random_normal(bench_random *random) {
    double u = 1.0 - bench_random_unit(random), v = bench_random_unit(random);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

uint64_t bench_random_below(bench_random *random, uint64_t limit) {
    return (uint64_t)(bench_random_unit(random) * (double)limit);
}

/* ---- a directory ------------------------------------------------------------------------------------------------ */

static struct {
    char parent[PATH_SIZE], path[PATH_SIZE];
} made[MADE_MAX];
static size_t made_count;
static double found_bytes;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static void remove_made(void) {
    while (made_count > 0) nftw(made[--made_count].path, remove_one, WALK_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

const char *bench_directory(const char *parent) {
    struct statfs system;
    if (!parent) parent = getenv("TMPDIR");
    if (!parent || !parent[0]) parent = "/var/tmp";
    for (size_t i = 0; i < made_count; i++)
        if (strcmp(made[i].parent, parent) == 0) return made[i].path;
    if (made_count == MADE_MAX || strlen(parent) + sizeof "/bench-XXXXXX" > PATH_SIZE)
        bench_fail("no directory could be made in %s", parent);
    char *path = made[made_count].path;
    strcpy(made[made_count].parent, parent);
    strcpy(path, parent);
    strcat(path, "/bench-XXXXXX");
    if (!mkdtemp(path)) bench_fail("no directory could be made in %s: %s", parent, strerror(errno));
    if (made_count++ == 0) atexit(remove_made);
    if (statfs(path, &system) == 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC))
        bench_note("warning: %s lies in memory, not on a disk; what is durable there costs nothing", parent);
    return path;
}

static int count_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)path, (void)walk;
    if (type == FTW_F) found_bytes += (double)info->st_blocks * 512.0;
    return 0;
}

double bench_directory_mb(const char *path) {
    found_bytes = 0;
    if (nftw(path, count_one, WALK_DESCRIPTORS, FTW_PHYS) != 0) bench_fail("%s could not be read", path);
    return found_bytes / 1e6;
}
