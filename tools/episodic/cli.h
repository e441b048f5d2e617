/* cli.h - what the subcommands of `episodic` share. Only <episodic/...> and libc are used.
 *
 * A subcommand is a table entry and a function in a file of its own. main.c reads the command line into a `cli` by the
 * entry's option table and runs it; the function opens what it needs with cli_open(), prints data to stdout and
 * messages to stderr, and returns an exit code. main.c closes and checks stdout.
 */
#ifndef EPISODIC_CLI_H
#define EPISODIC_CLI_H

#include <stdio.h>

#include <episodic/episodic.h>
#include <episodic/sys/json.h>

#include "../common/term_escape.h"

/* Exit codes; told in --help and in the man page. */
enum {
    DONE = 0,
    NOTHING = 1, /* nothing found, violations found, or not confirmed */
    BAD_USAGE = 2,
    ABSENT = 3,      /* no such memory, space, episode, step or file */
    BAD_INPUT = 4,   /* a file or value is malformed, or contradicts what is stored */
    BAD_STORAGE = 5, /* disk full, no permission, damage, an output that cannot be written */
    DEFECT = 6,
    INTERRUPTED = 130
};

typedef struct cli cli;

typedef struct cli_option {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* what its value is called in help; NULL: a flag */
    const char *help;
} cli_option;

typedef struct cli_command {
    const char *name;
    const char *summary;
    const char *usage;         /* operands, for instance "[FILE...]" */
    const char *examples;      /* lines, shown first */
    const char *notes;         /* below the options; NULL: none */
    const cli_option *options; /* ends with a NULL name */
    size_t operand_min;
    size_t operand_max;
    int (*run)(cli *c);
} cli_command;

#define CLI_GIVEN_MAX 256u
#define CLI_LIST_MAX 64u

/* Room for a filter made from options. */
typedef struct cli_filter {
    epi_filter filter;
    uint64_t steps[CLI_LIST_MAX];
    uint64_t episodes[CLI_LIST_MAX];
    epi_part parts[CLI_LIST_MAX];
    char *names[CLI_LIST_MAX]; /* of the parts */
    const char *tags[CLI_LIST_MAX];
} cli_filter;

struct cli {
    const cli_command *command;
    struct {
        const cli_option *option;
        const char *value;
    } given[CLI_GIVEN_MAX];
    size_t given_count;
    const char *operands[CLI_GIVEN_MAX];
    size_t operand_count;
    bool color;   /* on stdout */
    size_t width; /* columns of stdout; 0: no terminal */
    epi_memory *memory;
    epi_space *space;
};

/* ---- options.c: reading the command line, help, suggestions ---------------------------------------------------- */

#define OPTION_SPACE \
    { "space", 's', "NAME", "the space, always by name" }
#define OPTION_JSON \
    { "json", 'j', NULL, "one JSON object on stdout" }
/* Of an encoder that is named on the command line; see cli_encoder(). */
#define OPTIONS_ENCODER \
    { "model", 0, "NAME", "remote: the model, as the server calls it" }, \
    { "dimension", 0, "N", "of the vectors; remote: needed, hash: 256 without it, lsa: 100" }, \
    { "send-dimension", 0, NULL, "remote: ask for that dimension, of models that can shorten their vectors" }, \
    { "key-variable", 0, "NAME", "remote: the environment variable that holds the key" }, \
    { "key-file", 0, "FILE", "remote: the file whose first line is the key" }, \
    { "ca-file", 0, "FILE", "remote: certificates to trust; without it the system's" }, \
    { "batch", 0, "N", "remote: texts of one request (64)" }, \
    { "parallel", 0, "N", "remote: requests under way at once (4)" }, \
    { "no-cache", 0, NULL, "remote: keep no vectors by text beside the store" }
#define OPTIONS_END \
    { NULL, 0, NULL, NULL }

extern const cli_option cli_global_options[];
int cli_parse(cli *c, int count, char **words); /* the words after the subcommand's name */
void cli_help(const cli_command *command);
const char *cli_value(const cli *c, const char *name); /* the last one; NULL: not given */
const char *cli_each(const cli *c, const char *name,
                     size_t *at); /* one after the other, from *at = 0; NULL at the end */
bool cli_has(const cli *c, const char *name);
/* The name nearest to `word`; NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *names, size_t count);

/* ---- values.c: values of options ------------------------------------------------------------------------------- */

/* "chat", "assistant", ...; "auto" too. */
int cli_profile(epi_profile_kind *kind, const cli *c, const char *text);
int cli_number(uint64_t *number, const cli *c, const char *name, const char *text, uint64_t max);
/* DONE, or BAD_USAGE after telling. With `end` the end of the interval is meant. EPI_TIME_NONE when not given. */
int cli_time(epi_time *time, const cli *c, const char *name, bool end);
int cli_filter_read(cli_filter *filter, const cli *c);
void cli_filter_dispose(cli_filter *filter);
bool cli_filter_is_empty(const cli_filter *filter);
/* "name=value": the name in a new string, the value inside text. NULL after telling. */
char *cli_split_role(const cli *c, const char *option, const char *text, const char **value);
#define CLI_FILE_SIZE_MAX (2ull << 30)
/* All of a file, or of stdin for "-", NUL-terminated; NULL after telling why, with the exit code in *code. */
char *cli_read_file(const cli *c, const char *path, size_t *size, int *code);

/* ---- memory.c: opening, failing -------------------------------------------------------------------------------- */

typedef enum cli_access { TO_READ, TO_WRITE, TO_CREATE } cli_access;

const char *cli_memory_path(const cli *c); /* NULL: not given */
int cli_open_memory(cli *c, cli_access access);
/* Opens the memory and the space named by --space. `schema`: what to create it with; NULL: it must exist. */
int cli_open(cli *c, cli_access access, const epi_schema *schema);
/* Says the library's last error with what to do about it; returns the exit code for the status. */
int cli_fail(const cli *c, epi_status status);
/* The same about a file, with advice where the status has none of its own. */
int cli_fail_about(const cli *c, epi_status status, const char *subject, const char *advice);
int cli_error(const cli *c, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- encoders.c ------------------------------------------------------------------------------------------------- */

/* The encoder that the operands name. DONE, or an exit code after telling. */
int cli_encoder(epi_encoder *encoder, const cli *c);

/* Why this process cannot encode with it, and what to do; "" where it can. */
const char *encoder_why_not_ready(const epi_encoder_info *info);

/* ---- term.c: what a terminal shows ----------------------------------------------------------------------------- */

typedef enum term_color { PLAIN, DIM, BOLD, CYAN, GREEN, YELLOW } term_color;

void term_init(cli *c);
/* Prints in a colour, if there are colours. */
void term_print(const cli *c, term_color color, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t term_columns(const char *text);
/* Cuts a text of term_escape() to so many columns, with an ellipsis; returns its columns then. */
size_t term_cut(char *text, size_t columns);
bool term_confirm(const char *question); /* asks on the terminal; false where there is none */
bool term_can_ask(void);

/* ---- times.c: intervals of time ---------------------------------------------------------------------------------- */

#define TIMES_SIZE 96u
void cli_now(epi_time *now, int32_t *utc_offset_min); /* of this place */
/* "2026-11-13", "2026-11", "2026", "2026-11-09 to 2026-11-15", "2026-11-13 17:00"; returns out. */
char *times_text(char out[TIMES_SIZE], const epi_interval *interval);
/* An object for an expression of time in `text`; role NULL: left out. */
void times_json(epi_json_writer *writer, const char *name, const char *role, const char *text,
                const epi_time_mention *mention);
/* The text that a told time stands in; NULL: the step has it not. */
const char *times_said(const epi_recalled_step *step, const epi_told_time *told);

/* ---- progress.c ------------------------------------------------------------------------------------------------ */

typedef struct progress {
    const char *what;
    uint64_t drawn_ms;
    bool visible;
} progress;

void progress_begin(progress *p, const char *what);
void progress_show(progress *p, uint64_t done, uint64_t total);
void progress_end(progress *p);

/* ---- print.c: steps for people and for programs ---------------------------------------------------------------- */

/* One line for a step: who, and its text with what belongs to it; new strings. */
void print_step_words(char **who, char **text, const epi_recalled_step *step);
/* All of a step, a line for each part. */
void print_step(const cli *c, const epi_scene *scene, const epi_recalled_step *step);
void print_score(char out[16], double score);
epi_dtype dtype_of(const cli *c, const char *role); /* of the space's schema */
/* "0.5 1 2", at most eight of them; the same as an array. */
void print_numbers(char *text, size_t room, epi_dtype dtype, const void *data, size_t size);
void json_numbers(epi_json_writer *writer, const char *name, epi_dtype dtype, const void *data, size_t size);
/* "12,345" */
char *print_count(char out[32], uint64_t count);
#define PRINT_COUNTED_SIZE 64u
/* "1 step", "12,345 steps" */
char *print_counted(char out[PRINT_COUNTED_SIZE], uint64_t count, const char *noun);
void json_profile(epi_json_writer *writer, const epi_space_stats *stats);
/* What the space found out about its vectors, and the weight as a number or null. */
const char *worth_text(const epi_space_stats *stats);
void json_worth(epi_json_writer *writer, const epi_space_stats *stats);
void json_step(epi_json_writer *writer, const char *name, const cli *c, const epi_recalled_step *step);
/* A part that was completed: its value, confidence, and the steps that voted for it. */
void json_inferred(epi_json_writer *writer, const cli *c, const epi_recalled_part *part);
void json_text(epi_json_writer *writer, const char *name, const char *text); /* NULL: null */
void json_time(epi_json_writer *writer, const char *name, epi_time time, int32_t offset);
int json_print(const cli *c, epi_json_writer *writer); /* prints the text and frees the writer */

/* ---- cmd_upkeep.c ------------------------------------------------------------------------------------------------ */

/* Upkeep of one space with a bar, and a line that says what was done. limit_ms 0: until done. */
int cli_keep_up(cli *c, epi_space *space, uint64_t limit_ms);

/* ---- rollouts.c: `episodic imagine` in a space of numeric transitions ------------------------------------------ */

int rollouts_run(const cli *c);

/* ---- cmd_*.c --------------------------------------------------------------------------------------------------- */

extern const cli_command cmd_import, cmd_export, cmd_remember, cmd_recall, cmd_show, cmd_timeline, cmd_spaces,
    cmd_forget, cmd_drop, cmd_stats, cmd_check, cmd_upkeep, cmd_profile, cmd_imagine,
    cmd_encoder, cmd_facts, cmd_history;

#endif
