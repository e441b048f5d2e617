/* fuzz_server_http.c - any request to the HTTP server, over a socket: it is answered with a status, never with a
 * defect, and JSON is JSON.
 *
 * An input is "METHOD TARGET", lines of headers, an empty line, and the body; Host and Content-Length are added. One
 * that begins with a NUL is sent as it is behind that. There is a space "home" of talk, "work" of work, "t" of
 * transitions with a sampler of number 1, and "empty" with one of number 2.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_daemon.h"
#include "memory_registry.h"
#include "sampler_shelf.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUTS_MAX 400u    /* of one memory: it grows */
#define ROOM (4u << 20)    /* of a request, and of an answer */
#define PATIENCE_US 300000 /* with a request that is not whole */

static service *of;
static http_server *server;
static memory_registry registry;
static int listener;
static unsigned port;
static char *request, *reply;

static void must(bool held, const char *what, const char *text) {
    if (held) return;
    fprintf(stderr, "%s: %s\n", what, text);
    abort();
}

static void stop(void) {
    if (server == NULL) return;
    http_server_stop(server, listener, 5000);
    http_server_free(server);
    must(shelf_close() == EPI_OK && service_close(of) == EPI_OK, "closing", epi_error_last()->message);
    server = NULL;
}

static void open_listener(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 64) == 0 &&
             getsockname(listener, (struct sockaddr *)&address, &size) == 0,
         "listening", "");
    port = ntohs(address.sin_port);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static void send_all(int link, const char *text, size_t size) {
    while (size > 0) {
        ssize_t sent = send(link, text, size, MSG_NOSIGNAL);
        if (sent <= 0) return; /* refused before it was whole */
        text += sent;
        size -= (size_t)sent;
    }
}

/* All that comes back; streams of events are left after their head. */
static size_t receive(int link) {
    size_t size = 0;
    for (ssize_t got; size < ROOM - 1 && (got = recv(link, reply + size, ROOM - 1 - size, 0)) > 0;) {
        size += (size_t)got;
        reply[size] = '\0';
        if (strstr(reply, "\r\n\r\n") != NULL && strcasestr(reply, "Content-Type: text/event-stream") != NULL) break;
    }
    reply[size] = '\0';
    return size;
}

static size_t exchange_bytes(const char *text, size_t size, bool whole) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = whole ? 20 : 0, .tv_usec = whole ? 0 : PATIENCE_US};
    int link = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(connect(link, (struct sockaddr *)&address, sizeof address) == 0, "connecting", "");
    setsockopt(link, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    send_all(link, text, size);
    size_t got = receive(link);
    close(link);
    return got;
}

static void check_reply(size_t size) {
    if (size == 0) return; /* cut off: no HTTP */
    must(strncmp(reply, "HTTP/1.", 7) == 0 && strlen(reply) > 12, "no answer of HTTP", reply);
    must(strncmp(reply + 9, "500", 3) != 0, "a defect", reply);
    const char *body = strstr(reply, "\r\n\r\n");
    const char *type = strcasestr(reply, "Content-Type: application/");
    if (body == NULL || type == NULL || type > body || strncmp(request, "HEAD", 4) == 0) return;
    body += 4;
    const char *length = strcasestr(reply, "Content-Length: "); /* behind it may be the answer to a second request */
    size_t whole = size - (size_t)(body - reply),
           told = length != NULL && length < body ? strtoull(length + 16, NULL, 10) : whole;
    if (told < whole) whole = told;
    bool json = strncmp(type + 26, "json", 4) == 0 || strncmp(type + 26, "problem+json", 12) == 0;
    epi_json *parsed = NULL;
    if (!json || size == ROOM - 1) return;
    must(epi_json_parse(&parsed, body, whole) == EPI_OK, "no JSON", reply);
    epi_json_free(parsed);
}

/* Lines up to an empty one, with the line ends of HTTP. */
static size_t put_lines(size_t at, const char **from, const char *end) {
    while (*from < end) {
        const char *next = memchr(*from, '\n', (size_t)(end - *from));
        size_t size = (size_t)((next != NULL ? next : end) - *from);
        if (size > 0) at += (size_t)snprintf(request + at, ROOM - at, "%.*s\r\n", (int)size, *from);
        *from = next != NULL ? next + 1 : end;
        if (size == 0) break;
    }
    return at;
}

static void ask(const char *data, size_t size) {
    const char *end = data + size, *at = memchr(data, '\n', size);
    size_t first = at != NULL ? (size_t)(at - data) : size;
    at = at != NULL ? at + 1 : end;
    size_t used = (size_t)snprintf(request, ROOM, "%.*s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n",
                                   (int)first, data, port);
    used = put_lines(used, &at, end);
    used += (size_t)snprintf(request + used, ROOM - used, "Content-Length: %zu\r\n\r\n", (size_t)(end - at));
    memcpy(request + used, at, (size_t)(end - at));
    check_reply(exchange_bytes(request, used + (size_t)(end - at), false));
}

/* ---- what there is ----------------------------------------------------------------------------------------------- */

static void prepare(const char *path, const char *body) {
    int size = snprintf(request, ROOM,
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\nContent-Type: "
                        "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        path, port, strlen(body), body);
    exchange_bytes(request, (size_t)size, true);
    must(strncmp(reply, "HTTP/1.1 200", 12) == 0, path, reply);
}

static void start(void) {
    static bool registered;
    stop();
    must(service_open(&of, &(service_options){.memory = scratch_folder(), .space = "home", .work_space = "work"}) ==
             EPI_OK,
         "opening", epi_error_last()->message);
    memory_registry_init(&registry, of, AS_EPISODIC);
    open_listener();
    server = http_server_new(of,
                             &(http_options){.address = "127.0.0.1:0",
                                             .port = port,
                                             .mcp = &registry.registry,
                                             .body_size_max = 1u << 20,
                                             .columns_size_max = 1u << 20,
                                             .connections_max = 512,
                                             .idle_s = 5,
                                             .request_s = 5,
                                             .threads = 2},
                             listener);
    must(server != NULL, "starting", "");
    if (request == NULL) request = malloc(2 * ROOM);
    reply = request + ROOM;
    must(request != NULL, "memory", "");
    prepare("/v1/remember", "{\"text\":\"We moved to Lisbon last Friday.\",\"time\":\"2026-01-02T10:00Z\"}");
    prepare("/v1/begin", "{\"task\":\"open the door\"}");
    prepare("/v1/transitions_create",
            "{\"space\":\"t\",\"observation\":{\"shape\":[2]},\"action\":{\"dtype\":\"i32\"}}");
    prepare("/v1/replay_open", "{\"space\":\"t\"}");
    prepare("/v1/transitions_create",
            "{\"space\":\"empty\",\"observation\":{\"shape\":[2]},\"action\":{\"dtype\":\"i32\"}}");
    prepare("/v1/replay_open", "{\"space\":\"empty\"}");
    if (!registered) atexit(stop);
    registered = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static unsigned inputs;
    if (inputs++ % INPUTS_MAX == 0) start();
    if (size == 0 || size > ROOM / 8) return 0;
    http_server_tick(server);
    if (data[0] != '\0') {
        ask((const char *)data, size);
    } else {
        request[0] = '\0';
        check_reply(exchange_bytes((const char *)data + 1, size - 1, false));
    }
    return 0;
}
