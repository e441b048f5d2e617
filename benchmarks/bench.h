/* bench.h - what the benchmark programs share: their command line, their one JSON object a line, clocks, percentiles,
 * random numbers, a directory on a real disk, and progress for whoever watches.
 *
 * A program fails loudly: bench_check() and bench_fail() print one line and exit with 1, so that no figure comes from a
 * run that went wrong. Uses the library's public API only.
 */
#ifndef EPI_BENCH_H
#define EPI_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <episodic/status.h>

#ifdef __GNUC__
#define BENCH_PRINTF(text, first) __attribute__((format(__printf__, text, first)))
#else
#define BENCH_PRINTF(text, first)
#endif

/* ---- command line ----------------------------------------------------------------------------------------------- */

/* One option of a program, beside --help, --quick and --seed, which all have. One of the three targets is set; a flag
 * takes no argument. A list ends with an option without a name. */
typedef struct bench_option {
    const char *name;     /* with its dashes, "--dim" */
    const char *argument; /* what --help calls its argument; NULL for a flag */
    const char *help;     /* one line */
    bool *flag;
    const char **text;
    uint64_t *number;
} bench_option;

typedef struct bench_run {
    const char *name;            /* "bench_store": what the JSON lines say */
    const char *usage;           /* "[DIR]" */
    const char *about;           /* what is measured, on what, and how; printed by --help */
    const bench_option *options; /* NULL: none */
    size_t argument_max;         /* how many arguments that are no options it takes */

    bool quick;       /* --quick: everything within 20 s */
    uint64_t seed;    /* --seed; 100 by default */
    char **arguments; /* those that are no options, in order */
    size_t argument_count;
} bench_run;

/* Reads the command line into run, whose first five members the caller set. Exits after --help, and with 2 when the
 * command line is wrong. Reorders argv. */
void bench_start(bench_run *run, int argc, char **argv);

/* ---- results ---------------------------------------------------------------------------------------------------- */

/* One member of a line's config: a text, or JSON as it stands, or else the number. */
typedef struct bench_field {
    const char *name;
    const char *text;
    const char *json;
    double number;
} bench_field;

/* The config of bench_emit(): BENCH_CONFIG({"policy", .text = "manual"}, {"batch", .number = 100}). */
#define BENCH_CONFIG(...) \
    (const bench_field[]){__VA_ARGS__}, sizeof((const bench_field[]){__VA_ARGS__}) / sizeof(bench_field)
#define BENCH_NO_CONFIG NULL, 0

/* Prints {"bench", "metric", "value", "unit", "config"} as one line on stdout; the seed joins the config by itself. */
void bench_emit(const bench_run *run, const char *metric, double value, const char *unit, const bench_field *config,
                size_t count);

/* Shows how far the program is, on a terminal only; the next line, or a result, overwrites it. */
void bench_progress(const char *format, ...) BENCH_PRINTF(1, 2);
/* A line on stderr that stays. */
void bench_note(const char *format, ...) BENCH_PRINTF(1, 2);

_Noreturn void bench_fail(const char *format, ...) BENCH_PRINTF(1, 2);
/* Ends the program with the library's own words unless status is EPI_OK. */
void bench_check(epi_status status, const char *what);
void *bench_alloc(size_t count, size_t size); /* zeroed; never NULL */

/* ---- measuring -------------------------------------------------------------------------------------------------- */

double bench_now_s(void);        /* monotonic */
double bench_thread_cpu_s(void); /* of the calling thread */
/* Sorts the values; the one at the nearest rank, with fraction .5 for the median. NaN when count is 0. */
double bench_percentile(double *values, size_t count, double fraction);
double bench_memory_mb(void);     /* resident now, in 10^6 bytes; pages of mapped files count */
double bench_memory_own_mb(void); /* of it, what is not a file's */
void bench_memory_peak_reset(void);
double bench_memory_peak_mb(void); /* the most that was resident since then */

/* ---- random numbers (xoshiro256**, by David Blackman and Sebastiano Vigna) -------------------------------------- */

typedef struct bench_random {
    uint64_t state[4];
} bench_random;

bench_random bench_random_of(uint64_t seed, uint64_t stream); /* streams of one seed are independent */
uint64_t bench_random_next(bench_random *random);
double bench_random_unit(bench_random *random);   /* in [0, 1) */
double bench_random_normal(bench_random *random); /* mean 0, variance 1 */
uint64_t bench_random_below(bench_random *random, uint64_t limit);

/* ---- a directory on a disk -------------------------------------------------------------------------------------- */

/* Makes an empty directory in `parent`, or in $TMPDIR or /var/tmp when NULL, and removes it when the program ends; one
 * for each parent: asked again, it is the same. Warns when it is no disk: figures of durability would say nothing
 * there. The text lives to the end. */
const char *bench_directory(const char *parent);
double bench_directory_mb(const char *path); /* bytes on disk under it, in 10^6 */

#endif
