/* main.c - `episodic`, the library at the shell: finds the subcommand, reads its options, runs it, and closes up. */
#include <errno.h>
#include <string.h>

#include "cli.h"

static const cli_command *const commands[] = {
    &cmd_remember, &cmd_recall, &cmd_import, &cmd_export, &cmd_show,   &cmd_timeline, &cmd_spaces,
    &cmd_stats,    &cmd_forget, &cmd_drop,   &cmd_check,  &cmd_upkeep, &cmd_profile,
    &cmd_imagine,  &cmd_encoder, &cmd_facts, &cmd_history,
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_overview(void) {
    printf("episodic - episodic memory for agents, in one directory\n\nExamples:\n"
           "  export EPISODIC_MEMORY=~/memory\n"
           "  episodic remember --space home --role speaker=user \"We moved to Lisbon last Friday.\"\n"
           "  episodic recall --space home \"where do we live now?\" --explain\n"
           "  episodic import --space chats --format chatgpt conversations.json\n\n"
           "Usage: episodic COMMAND [OPTION...]    (episodic COMMAND --help tells more)\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    printf("\nOptions of all commands:\n"
           "  -m, --memory DIR   the memory's directory; without it $EPISODIC_MEMORY\n"
           "      --no-color     no colours (also: NO_COLOR, TERM=dumb, no terminal)\n"
           "  -h, --help         help, examples first\n"
           "      --version      the version\n\n"
           "Data goes to stdout, messages to stderr. Exit codes: 0 done, 1 nothing found (recall, show,\n"
           "timeline, facts, history), violations found (check) or not confirmed, 2 wrong usage, 3 no such\n"
           "memory, space, episode, step or file, 4 malformed input or a contradiction to what is stored, 5\n"
           "disk, permission or damage, 6 a defect, 130 interrupted. See also: man episodic\n");
}

static void print_version(void) {
    printf("episodic %s (libepisodic %s)\n", EPI_VERSION_STRING, epi_version());
}

static const cli_command *find_command(const char *name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    }
    return NULL;
}

static int unknown_command(const cli *c, const char *name) {
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) names[i] = commands[i]->name;
    const char *near = cli_nearest(name, names, COMMAND_COUNT);
    if (near != NULL) return cli_error(c, BAD_USAGE, "there is no command \"%s\"; did you mean \"%s\"?", name, near);
    return cli_error(c, BAD_USAGE, "there is no command \"%s\"; episodic --help lists them", name);
}

/* Closing commits what is pending, so its failure is the command's. */
static int close_all(cli *c, int code) {
    epi_space_close(c->space);
    epi_status status = epi_memory_close(c->memory);
    if (status != EPI_OK && code == DONE) code = cli_fail(c, status);
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written && (code == DONE || code == NOTHING)) /* else the first failure has been told */
        code = cli_error(c, BAD_STORAGE, "the output could not be written: %s", strerror(errno));
    return code;
}

static int run_command(cli *c, int count, char **words) {
    int code = cli_parse(c, count, words);
    if (code != DONE) return code;
    term_init(c);
    if (cli_has(c, "help")) {
        cli_help(c->command);
    } else if (cli_has(c, "version")) {
        print_version();
    } else {
        code = c->command->run(c);
    }
    return close_all(c, code);
}

/* Global options may stand before the subcommand: the first word that is neither one nor a value of one names it. */
static int find_word(int count, char **words) {
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--memory") == 0 || strcmp(words[i], "-m") == 0) {
            i++;
        } else if (words[i][0] != '-') {
            return i;
        }
    }
    return count;
}

static bool asks(int count, char **words, const char *option, const char *letter) {
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], option) == 0 || (letter != NULL && strcmp(words[i], letter) == 0)) return true;
    }
    return false;
}

/* No subcommand: only help and version can be meant. */
static int run_bare(cli *c, int count, char **words) {
    if (asks(count, words, "--version", NULL)) {
        print_version();
    } else if (asks(count, words, "--help", "-h")) {
        print_overview();
    } else {
        return cli_error(c, BAD_USAGE, "which command? episodic --help lists them");
    }
    return close_all(c, DONE);
}

int main(int count, char **words) {
    static cli c;
    int at = find_word(count, words);
    if (at == count) return run_bare(&c, count, words);
    const char *name = words[at];
    if (strcmp(name, "help") == 0) {
        c.command = at + 1 < count ? find_command(words[at + 1]) : NULL;
        if (at + 1 < count && c.command == NULL) return unknown_command(&c, words[at + 1]);
        if (c.command != NULL) {
            cli_help(c.command);
        } else {
            print_overview();
        }
        return close_all(&c, DONE);
    }
    c.command = find_command(name);
    if (c.command == NULL) return unknown_command(&c, name);
    memmove(words + 2, words + 1, (size_t)(at - 1) * sizeof *words); /* what stood before the name goes behind it */
    return run_command(&c, count - 2, words + 2);
}
