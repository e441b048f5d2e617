/* main.c - `episodic-server`, the library for assistants: reads the command line, opens the memory, serves, closes. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http.h"
#include "memory_registry.h"
#include "sampler_shelf.h"
#include "say.h"
#include "settings.h"
#include "stdio_channel.h"

/* As those of `episodic`. */
enum { DONE = 0, BAD_USAGE = 2, ABSENT = 3, BAD_STORAGE = 5 };

static int fail(int code, const char *line) {
    say("%s", line);
    return code;
}

static void log_line(void *context, const char *line) {
    (void)context;
    say("%s", line);
}

static registry_form form_of(const settings *s) {
    return s->as != NULL && strcmp(s->as, "memory") == 0 ? AS_MEMORY : AS_EPISODIC;
}

static int serve_mcp(service *of, const settings *s) {
    static memory_registry registry;
    memory_registry_init(&registry, of, form_of(s));
    int failed = stdio_serve(&registry.registry, STDIN_FILENO, STDOUT_FILENO,
                             s->size_max > 0 ? (size_t)s->size_max : STDIO_MESSAGE_MAX);
    return failed == 0 ? DONE : fail(BAD_STORAGE, strerror(failed));
}

static int serve_http(service *of, const settings *s) {
    static memory_registry registry;
    char token[HTTP_TOKEN_ROOM];
    if (!http_token_read(token, s->token_file)) return BAD_USAGE;
    memory_registry_init(&registry, of, form_of(s));
    int code = http_serve(of, &(http_options){.address = s->http,
                                              .token = *token != '\0' ? token : NULL,
                                              .hosts = s->hosts,
                                              .reset = s->reset,
                                              .mcp = &registry.registry,
                                              .body_size_max = s->size_max,
                                              .request_s = (unsigned)s->request_s,
                                              .threads = (unsigned)s->threads});
    return shelf_close() == EPI_OK || code != DONE ? code : fail(BAD_STORAGE, epi_error_last()->message);
}

static int serve(const settings *s) {
    service *of = NULL;
    signal(SIGPIPE, SIG_IGN); /* a client that is gone is an error of write(), not the end */
    epi_status status = service_open(&of, &s->service);
    if (status != EPI_OK) return fail(status == EPI_ENOTFOUND ? ABSENT : BAD_STORAGE, epi_error_last()->message);
    service_begin_upkeep(of);
    int code = s->http != NULL ? serve_http(of, s) : serve_mcp(of, s);
    status = service_close(of);
    return status == EPI_OK || code != DONE ? code : fail(BAD_STORAGE, epi_error_last()->message);
}

int main(int count, char **words) {
    settings s;
    char line[256];
    if (!settings_read(&s, line, sizeof line, count, words)) return fail(BAD_USAGE, line);
    s.service.log = log_line;
    if (s.help) {
        settings_help();
    } else if (s.version) {
        printf("episodic-server %s (libepisodic %s)\n", EPI_VERSION_STRING, epi_version());
    } else {
        return serve(&s);
    }
    return fflush(stdout) == 0 ? DONE : fail(BAD_STORAGE, "the output could not be written");
}
