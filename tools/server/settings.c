/* settings.c - the command line of episodic-server; see settings.h. "--name value" and "--name=value" are the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

#define THREADS_MAX 256u

typedef enum kind { FLAG, TEXT, COUNT, NUMBER } kind;

typedef struct option {
    const char *name;
    const char *value; /* what its value is called in help; NULL: a flag */
    const char *help;
    kind is;
    size_t at; /* offset in settings */
} option;

#define AT(member) offsetof(settings, member)

static const option options[] = {
    {"memory", "DIR", "the memory's directory; without it $EPISODIC_MEMORY", TEXT, AT(service.memory)},
    {"space", "NAME", "the space of calls that name none", TEXT, AT(service.space)},
    {"work-space", "NAME", "the same for an agent's work: begin, record, finish, imagine, plan", TEXT,
     AT(service.work_space)},
    {"only", NULL, "refuse all other spaces", FLAG, AT(service.only)},
    {"read-only", NULL, "refuse every change", FLAG, AT(service.read_only)},
    {"rate", "N", "calls a second, at most (0: no limit)", NUMBER, AT(service.calls_per_second)},
    {"mcp", NULL, "serve the Model Context Protocol on standard input and output", FLAG, AT(mcp)},
    {"http", "ADDRESS", "serve HTTP, MCP over it and the page, at 127.0.0.1:PORT for instance", TEXT, AT(http)},
    {"token-file", "FILE", "whose first line is the bearer token of HTTP; without it $EPISODIC_TOKEN", TEXT,
     AT(token_file)},
    {"allow-host", "NAMES", "that HTTP also answers to, a proxy's for instance, with commas between", TEXT, AT(hosts)},
    {"allow-reset", NULL, "let POST /reset forget all that mem0's routes keep", FLAG, AT(reset)},
    {"request-seconds", "N", "for a request of HTTP to arrive whole (30)", COUNT, AT(request_s)},
    {"threads", "N", "that read for HTTP (one for each processor); more where recall waits for a remote encoder", COUNT,
     AT(threads)},
    {"as", "NAME", "episodic, or memory: the nine tools of the official memory server", TEXT, AT(as)},
    {"message-max", "BYTES", "of one message (10485760)", COUNT, AT(size_max)},
    {"help", NULL, "this help", FLAG, AT(help)},
    {"version", NULL, "the version", FLAG, AT(version)},
};
#define OPTION_COUNT (sizeof options / sizeof *options)

static const option *find_option(const char *name, size_t size) {
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options[i].name) == size && memcmp(options[i].name, name, size) == 0) return &options[i];
    return NULL;
}

static bool set_number(void *place, const option *o, const char *value) {
    char *end = NULL;
    if (*value < '0' || *value > '9') return false;
    if (o->is == COUNT)
        *(uint64_t *)place = strtoull(value, &end, 10);
    else
        *(double *)place = strtod(value, &end);
    return *end == '\0';
}

/* One word, and the next where it is the option's value. @return words read; 0 after telling what is wrong. */
static int read_word(settings *s, char *line, size_t size, int count, char **words) {
    const char *name = words[0];
    if (strcmp(name, "-h") == 0) name = "--help";
    size_t name_size = strcspn(name, "=");
    const option *o = strncmp(name, "--", 2) == 0 ? find_option(name + 2, name_size - 2) : NULL;
    if (o == NULL) {
        snprintf(line, size, "there is no option \"%.60s\"; episodic-server --help lists them", name);
        return 0;
    }
    void *place = (char *)s + o->at;
    bool joined = name[name_size] == '=';
    const char *value = joined ? name + name_size + 1 : count > 1 ? words[1] : NULL;
    if (o->is == FLAG) {
        *(bool *)place = true;
        return 1;
    }
    if (value == NULL) {
        snprintf(line, size, "--%s needs a value: --%s %s", o->name, o->name, o->value);
        return 0;
    }
    if (o->is == TEXT) *(const char **)place = value;
    if (o->is != TEXT && !set_number(place, o, value)) {
        snprintf(line, size, "--%s: \"%.60s\" is no number", o->name, value);
        return 0;
    }
    return joined ? 1 : 2;
}

bool settings_read(settings *s, char *line, size_t size, int count, char **words) {
    memset(s, 0, sizeof *s);
    for (int at = 1; at < count;) {
        int read = read_word(s, line, size, count - at, words + at);
        if (read == 0) return false;
        at += read;
    }
    if (s->service.memory == NULL) s->service.memory = getenv("EPISODIC_MEMORY");
    if (s->help || s->version) return true;
    if (s->service.memory == NULL || *s->service.memory == '\0') {
        snprintf(line, size, "which memory? say --memory DIR, or set EPISODIC_MEMORY");
        return false;
    }
    if (s->as != NULL && strcmp(s->as, "episodic") != 0 && strcmp(s->as, "memory") != 0) {
        snprintf(line, size, "--as: \"%.60s\" is neither episodic nor memory", s->as);
        return false;
    }
    if (s->threads > THREADS_MAX) {
        snprintf(line, size, "--threads is %llu, limit %u", (unsigned long long)s->threads, THREADS_MAX);
        return false;
    }
    if (s->mcp != (s->http != NULL)) return true;
    snprintf(line, size, "what should be served? say --mcp or --http ADDRESS%s", s->mcp ? ", not both" : "");
    return false;
}

void settings_help(void) {
    printf("episodic-server - episodic memory for assistants and agents\n\nExamples:\n"
           "  episodic-server --mcp --memory ~/memory --space home\n"
           "  episodic-server --mcp --memory ~/memory --space home --read-only\n"
           "  episodic-server --http 127.0.0.1:8080 --memory ~/memory --token-file ~/.episodic-token\n\n"
           "Usage: episodic-server --mcp|--http ADDRESS --memory DIR [OPTION...]\n\nOptions:\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", options[i].name, options[i].value ? " " : "",
                 options[i].value ? options[i].value : "");
        printf("  %-24s %s\n", left, options[i].help);
    }
    printf("\nMessages go to stderr. Exit codes: 0 the input ended or SIGTERM came, 2 wrong usage, 3 there is no such\n"
           "memory, 5 disk, permission or damage, 6 a defect.\n");
}
