/* The tests' own embedding server; see server.h. */
#include "server.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRIPT EPISODIC_SOURCE_DIR "/tests/support/embedding_server.py"

static void become(const server *s, int in, int out, const char *const *arguments) {
    char dimension[16], script[] = SCRIPT, python[] = "python3", ledger[sizeof s->ledger];
    char *words[16] = {python, script, ledger, dimension};
    size_t count = 4;
    (void)snprintf(dimension, sizeof dimension, "%u", s->dimension);
    memcpy(ledger, s->ledger, sizeof ledger);
    for (; arguments && *arguments && count + 1 < sizeof words / sizeof *words; arguments++)
        words[count++] = strdup(*arguments);
    (void)dup2(in, 0);
    (void)dup2(out, 1);
    (void)execvp(python, words);
    _exit(127);
}

bool server_start(server *s, const char *folder, uint32_t dimension, const char *const *arguments) {
    int in[2], out[2];
    char line[32] = "";
    bool secure = false;
    for (size_t i = 0; arguments && arguments[i]; i++) secure = secure || strcmp(arguments[i], "--certificate") == 0;
    memset(s, 0, sizeof *s);
    s->dimension = dimension;
    (void)snprintf(s->ledger, sizeof s->ledger, "%s/ledger", folder);
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) return false;
    s->process = fork();
    if (s->process == 0) become(s, in[0], out[1], arguments);
    (void)close(in[0]);
    (void)close(out[1]);
    s->in = in[1];
    s->out = out[0];
    if (s->process < 0 || read(s->out, line, sizeof line - 1) <= 0) return false;
    (void)snprintf(s->url, sizeof s->url, "%s://localhost:%d/v1/embeddings", secure ? "https" : "http",
                   (int)strtol(line, NULL, 10));
    return true;
}

void server_stop(server *s) {
    if (s->process <= 0) return;
    char told[64];
    (void)close(s->in);
    while (read(s->out, told, sizeof told) > 0) continue; /* until it has ended */
    (void)close(s->out);
    (void)waitpid(s->process, NULL, 0);
    s->process = 0;
}

char *server_ledger(const server *s, size_t from) {
    FILE *file = fopen(s->ledger, "rb");
    if (!file) return NULL;
    (void)fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file), got = 0;
    char *text = size >= from ? calloc(size - from + 1, 1) : NULL;
    if (text && fseek(file, (long)from, SEEK_SET) == 0) got = fread(text, 1, size - from, file);
    if (text) text[got] = '\0';
    (void)fclose(file);
    return text;
}

/* A text in a line is between quotes, as are the model and no other thing. */
static size_t count_texts(const char *line, const char *end) {
    size_t quotes = 0;
    for (const char *at = line; at < end; at++) {
        at += *at == '\\';
        quotes += *at == '"' && at[-1] != '\\';
    }
    return quotes / 2 - 1;
}

size_t server_requests(const server *s, const char *model, size_t *texts) {
    char beginning[96], *all = server_ledger(s, 0);
    size_t count = 0;
    if (texts) *texts = 0;
    (void)snprintf(beginning, sizeof beginning, "[\"%s\",", model);
    for (const char *line = all, *end; line && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        if (strncmp(line, beginning, strlen(beginning)) != 0) continue;
        count++;
        if (texts) *texts += count_texts(line, end);
    }
    free(all);
    return count;
}

void server_vector(float *vector, uint32_t dimension, const char *text, size_t size) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    for (uint32_t i = 0; i < dimension; i++)
        vector[i] = (float)((((hash % dimension + i) % dimension) * 37 + 11) % 997 / 1000.0);
    vector[0] = (float)((hash % 90000 + 10000) / 100000.0);
}

bool server_certificate(const char *certificate, const char *key, const char *name) {
    char command[768];
    (void)snprintf(command, sizeof command,
                   "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=%s "
                   "-addext subjectAltName=DNS:%s -out '%s' -keyout '%s' 2>/dev/null",
                   name, name, certificate, key);
    return system(command) == 0;
}
