/* options.c - the command line by a table: long and short options, values, help, suggestions for what was mistyped.
 *
 * Options may stand anywhere; "--" ends them; "-" is an operand. A value follows as "--name=value", "--name value",
 * "-nvalue" or "-n value". Written by hand because getopt_long() prints messages of its own and cannot suggest.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const cli_option cli_global_options[] = {
    {"memory", 'm', "DIR", "the memory's directory; without it $EPISODIC_MEMORY"},
    {"no-color", 0, NULL, "no colours (also: NO_COLOR, TERM=dumb, no terminal)"},
    {"help", 'h', NULL, "this help"},
    {"version", 0, NULL, "the version"},
    OPTIONS_END,
};

/* ---- nearest name ---------------------------------------------------------------------------------------------- */

#define WORD_MAX 32u

static size_t least(size_t a, size_t b, size_t c) {
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Edits between two words, a swap of neighbours being one (optimal string alignment). */
static size_t distance(const char *a, const char *b) {
    size_t rows[3][WORD_MAX + 1];
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size > WORD_MAX || b_size > WORD_MAX) return WORD_MAX;
    for (size_t j = 0; j <= b_size; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        const size_t *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            now[j] = least(before[j] + 1, now[j - 1] + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && two_before[j - 2] + 1 < now[j]) now[j] = two_before[j - 2] + 1;
        }
    }
    return rows[a_size % 3][b_size];
}

const char *cli_nearest(const char *word, const char *const *names, size_t count) {
    const char *best = NULL;
    size_t best_distance = strlen(word) < 4 ? 2 : 3; /* nearer than this */
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, names[i]);
        if (d < best_distance && d < strlen(word)) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}

/* ---- looking up ------------------------------------------------------------------------------------------------ */

static const cli_option *find_long(const cli_option *options, const char *name, size_t size) {
    for (; options->name != NULL; options++) {
        if (strlen(options->name) == size && memcmp(options->name, name, size) == 0) return options;
    }
    return NULL;
}

static const cli_option *find_letter(const cli_option *options, char letter) {
    for (; options->name != NULL; options++) {
        if (options->letter == letter) return options;
    }
    return NULL;
}

const char *cli_each(const cli *c, const char *name, size_t *at) {
    while (*at < c->given_count) {
        size_t i = (*at)++;
        if (strcmp(c->given[i].option->name, name) == 0) return c->given[i].value;
    }
    return NULL;
}

const char *cli_value(const cli *c, const char *name) {
    const char *last = NULL;
    size_t at = 0;
    for (const char *value; (value = cli_each(c, name, &at)) != NULL;) last = value;
    return last;
}

bool cli_has(const cli *c, const char *name) {
    return cli_value(c, name) != NULL;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static int unknown_option(const cli *c, const char *name, size_t size) {
    const char *names[CLI_LIST_MAX];
    size_t count = 0;
    char word[WORD_MAX + 1];
    for (const cli_option *o = c->command->options; o->name != NULL; o++) names[count++] = o->name;
    for (const cli_option *o = cli_global_options; o->name != NULL; o++) names[count++] = o->name;
    snprintf(word, sizeof word, "%.*s", (int)size, name);
    const char *near = cli_nearest(word, names, count);
    if (near == NULL) return cli_error(c, BAD_USAGE, "there is no option --%s", word);
    return cli_error(c, BAD_USAGE, "there is no option --%s; did you mean --%s?", word, near);
}

static int add_given(cli *c, const cli_option *option, const char *value) {
    if (c->given_count == CLI_GIVEN_MAX) return cli_error(c, BAD_USAGE, "more than %u options", CLI_GIVEN_MAX);
    c->given[c->given_count].option = option;
    c->given[c->given_count++].value = value != NULL ? value : "";
    return DONE;
}

/* One "--name", "--name=value" or "--name value"; *at is on it and is left on its last word. */
static int parse_long(cli *c, int *at, int count, char **words) {
    const char *name = words[*at] + 2;
    size_t size = strcspn(name, "=");
    const cli_option *option = find_long(c->command->options, name, size);
    if (option == NULL) option = find_long(cli_global_options, name, size);
    if (option == NULL) return unknown_option(c, name, size);
    const char *value = name[size] == '=' ? name + size + 1 : NULL;
    if (option->value == NULL) {
        return value == NULL ? add_given(c, option, NULL)
                             : cli_error(c, BAD_USAGE, "--%s takes no value", option->name);
    }
    if (value == NULL && *at + 1 < count) value = words[++*at];
    if (value == NULL)
        return cli_error(c, BAD_USAGE, "--%s needs a value: --%s %s", option->name, option->name, option->value);
    return add_given(c, option, value);
}

/* One "-j", "-jv", "-k5" or "-k 5". */
static int parse_letters(cli *c, int *at, int count, char **words) {
    for (const char *letter = words[*at] + 1; *letter != '\0'; letter++) {
        const cli_option *option = find_letter(c->command->options, *letter);
        if (option == NULL) option = find_letter(cli_global_options, *letter);
        if (option == NULL) return cli_error(c, BAD_USAGE, "there is no option -%c", *letter);
        if (option->value != NULL) {
            const char *value = letter[1] != '\0' ? letter + 1 : *at + 1 < count ? words[++*at] : NULL;
            if (value == NULL)
                return cli_error(c, BAD_USAGE, "-%c needs a value: -%c %s", *letter, *letter, option->value);
            return add_given(c, option, value);
        }
        int code = add_given(c, option, NULL);
        if (code != DONE) return code;
    }
    return DONE;
}

static int check_operands(const cli *c) {
    if (cli_has(c, "help") || cli_has(c, "version")) return DONE;
    if (c->operand_count < c->command->operand_min) {
        return cli_error(c, BAD_USAGE, "it needs %s", c->command->usage);
    }
    if (c->operand_count > c->command->operand_max) {
        return cli_error(c, BAD_USAGE, "\"%s\" is one word too many; quote texts with blanks",
                         c->operands[c->command->operand_max]);
    }
    return DONE;
}

int cli_parse(cli *c, int count, char **words) {
    bool options = true;
    for (int at = 0; at < count; at++) {
        const char *word = words[at];
        int code = DONE;
        if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (options && strncmp(word, "--", 2) == 0) {
            code = parse_long(c, &at, count, words);
        } else if (options && word[0] == '-' && word[1] != '\0') {
            code = parse_letters(c, &at, count, words);
        } else if (c->operand_count < CLI_GIVEN_MAX) {
            c->operands[c->operand_count++] = word;
        }
        if (code != DONE) return code;
    }
    return check_operands(c);
}

/* ---- help ------------------------------------------------------------------------------------------------------ */

static void help_options(const cli_option *options) {
    for (; options->name != NULL; options++) {
        char left[64];
        char letter[8] = "    ";
        if (options->letter != 0) snprintf(letter, sizeof letter, "-%c, ", options->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, options->name, options->value ? " " : "",
                 options->value ? options->value : "");
        printf("  %-28s %s\n", left, options->help);
    }
}

void cli_help(const cli_command *command) {
    printf("episodic %s - %s\n\nExamples:\n%s\n", command->name, command->summary, command->examples);
    printf("Usage: episodic %s [OPTION...]%s%s\n\nOptions:\n", command->name, *command->usage ? " " : "",
           command->usage);
    help_options(command->options);
    help_options(cli_global_options);
    if (command->notes != NULL) printf("\n%s", command->notes);
    printf(
        "\nExit codes: 0 done, 1 nothing found, 2 wrong usage, 3 no such thing, 4 bad input, 5 storage, 6 a defect.\n");
}
