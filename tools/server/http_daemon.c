/* http_daemon.c - sockets: reading requests, handing them on, sending answers. The one door to libmicrohttpd.
 *
 * The daemon has one thread, which waits in epoll and calls nothing that takes long. A request's way:
 *
 *     its line comes      on_line        a request is made, its time begins
 *     its headers came    on_request     refused by what they say, or its body is gathered
 *     it is whole         on_request     the connection sleeps, the request goes to a pool; or is answered at once
 *     it has an answer    run_request    (in a worker) the connection wakes
 *     the connection woke on_request     the answer is sent
 *     it was sent         on_completed   the request is freed, when its worker is done with it too
 *
 * A worker may also begin to answer while it works (http_push.c): then the two last steps run beside it.
 *
 * Bodies are gathered here, into one block with a limit known beforehand; the library's post processor is never used.
 * Whoever does not send a whole request in time is cut off: a sweep of the open connections shuts their sockets down.
 */
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http_daemon.h"

#define BODIES_SIZE_MAX (1024u * 1024u * 1024u) /* of all requests that are being read */
#define SWALLOW_SIZE_MAX (8u * 1024u * 1024u)   /* of a refused body, before the connection is closed instead */
#define BODY_START 4096u
/* What reads may have taken lately for the daemon's thread to answer one itself: no longer than another thread would be
 * let run before it. */
#define BRIEF_US 3000u

enum { READING, REFUSED, WORKING, ANSWERED };

/* A connection, for the sweep. */
typedef struct peer {
    struct peer *next;
    struct peer **link; /* what points to it */
    int fd;
    atomic_uint_fast64_t deadline_ms; /* 0: none */
} peer;

/* A request with what only this file knows of it. */
typedef struct exchange {
    http_request request; /* first: one is the other */
    struct MHD_Connection *connection;
    peer *peer;
    size_t body_room;
    size_t body_limit;
    atomic_int state;
    atomic_int owners; /* the connection, and a worker */
    bool answers;      /* (the worker's) its answer began to be sent while the work goes on */
    bool begun;        /* its headers were looked at */
    bool bad_line;
} exchange;

struct http_server {
    service *service;
    http_options options;
    struct MHD_Daemon *daemon;
    http_pool *quick;
    http_pool *slow;
    pthread_mutex_t peers_mutex;
    peer *peers;
    atomic_bool stopping;
    atomic_size_t connections, in_flight, body_bytes;
    atomic_uint_fast64_t late;
    bool alone;           /* one processor, and one thread for reads */
    atomic_uint usual_us; /* what reads took lately, on average */
    http_counts_by_status by_status;
    http_events *events;
    http_listeners *listeners;
};

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

service *http_service(const http_request *request) {
    return request->server->service;
}

const http_options *http_options_of(const http_request *request) {
    return &request->server->options;
}

bool http_is_stopping(const http_server *server) {
    return atomic_load(&server->stopping);
}

http_events *http_events_of(http_server *server) {
    return server->events;
}

http_listeners *http_listeners_of(http_server *server) {
    return server->listeners;
}

static const char *find(const http_pair *pairs, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(pairs[i].name, name) == 0) return pairs[i].value;
    }
    return NULL;
}

const char *http_header(const http_request *request, const char *name) {
    return find(request->headers, request->header_count, name);
}

const char *http_query(const http_request *request, const char *name) {
    for (size_t i = 0; i < request->query_count; i++) {
        if (strcmp(request->query[i].name, name) == 0) return request->query[i].value;
    }
    return NULL;
}

http_counts http_counts_of(http_server *server) {
    http_counts counts = {.connections = atomic_load(&server->connections),
                          .in_flight = atomic_load(&server->in_flight),
                          .streams = http_events_listeners(server->events) + http_listeners_count(server->listeners),
                          .late = atomic_load(&server->late)};
    for (size_t i = 0; i < HTTP_CLASSES; i++) counts.answers[i] = atomic_load(&server->by_status.classes[i]);
    return counts;
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

static void set_deadline(peer *p, uint64_t seconds) {
    if (p != NULL) atomic_store(&p->deadline_ms, seconds > 0 ? now_ms() + seconds * 1000u : 0);
}

static void add_peer(http_server *server, peer *p) {
    pthread_mutex_lock(&server->peers_mutex);
    p->next = server->peers;
    p->link = &server->peers;
    if (p->next != NULL) p->next->link = &p->next;
    server->peers = p;
    pthread_mutex_unlock(&server->peers_mutex);
}

static void remove_peer(http_server *server, peer *p) {
    pthread_mutex_lock(&server->peers_mutex);
    *p->link = p->next;
    if (p->next != NULL) p->next->link = p->link;
    pthread_mutex_unlock(&server->peers_mutex);
    free(p);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        peer *p = calloc(1, sizeof *p);
        atomic_fetch_add(&server->connections, 1);
        *socket_context = p;
        if (p == NULL || info == NULL) return;
        p->fd = info->connect_fd;
        set_deadline(p, server->options.request_s);
        add_peer(server, p);
    } else {
        atomic_fetch_sub(&server->connections, 1);
        if (*socket_context != NULL) remove_peer(server, *socket_context);
        *socket_context = NULL;
    }
}

/* Shuts down who is past their time; the daemon's thread then sees the connection end. A descriptor is not closed while
 * its peer is in the list, so no other connection can have got its number. */
static void sweep(http_server *server, uint64_t allowed_ms) {
    uint64_t now = now_ms();
    pthread_mutex_lock(&server->peers_mutex);
    for (peer *p = server->peers; p != NULL; p = p->next) {
        uint64_t deadline = atomic_load(&p->deadline_ms);
        if (deadline == 0 || now + allowed_ms < deadline) continue;
        atomic_store(&p->deadline_ms, 0);
        atomic_fetch_add(&server->late, 1);
        shutdown(p->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&server->peers_mutex);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void *on_line(void *context, const char *uri, struct MHD_Connection *connection) {
    http_server *server = context;
    exchange *e = calloc(1, sizeof *e);
    if (e == NULL) return NULL;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    e->request.server = server;
    e->connection = connection;
    atomic_store(&e->owners, 1);
    e->peer = info != NULL ? info->socket_context : NULL;
    e->bad_line = strcasestr(uri, "%00") != NULL;
    atomic_fetch_add(&server->in_flight, 1);
    set_deadline(e->peer, server->options.request_s);
    return e;
}

static enum MHD_Result add_pair(void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
    http_request *request = context;
    bool header = kind == MHD_HEADER_KIND;
    size_t *count = header ? &request->header_count : &request->query_count;
    http_pair *pairs = header ? request->headers : request->query;
    /* One beyond the limit is told by the count. */
    if (*count < (header ? (size_t)HTTP_HEADERS_MAX : (size_t)HTTP_QUERY_MAX))
        pairs[*count] = (http_pair){name, value != NULL ? value : ""};
    (*count)++;
    return MHD_YES;
}

static bool read_head(http_request *request, struct MHD_Connection *connection) {
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_pair, request);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_pair, request);
    bool fits = request->header_count <= HTTP_HEADERS_MAX && request->query_count <= HTTP_QUERY_MAX;
    if (fits) return true;
    request->header_count = request->query_count = 0;
    http_problem(request, 431, "the request has more than %d headers or query parameters", HTTP_HEADERS_MAX);
    return false;
}

/* What a body may be, from what the headers say of it. */
static bool body_fits(exchange *e) {
    http_request *request = &e->request;
    const http_options *options = &request->server->options;
    const char *length = http_header(request, "Content-Length");
    const char *transfer = http_header(request, "Transfer-Encoding");
    e->body_limit = request->route->flags & HTTP_LARGE ? options->columns_size_max : (size_t)options->body_size_max;
    if (length != NULL && transfer != NULL) {
        http_problem(request, 400, "the request has both Content-Length and Transfer-Encoding");
        request->answer.close = true;
        return false;
    }
    if (length == NULL || strtoull(length, NULL, 10) <= e->body_limit) return true;
    http_problem(request, 413, "the body has %s bytes, limit %zu", length, e->body_limit);
    return false;
}

static bool may_be_read(exchange *e) {
    http_request *request = &e->request;
    if (e->bad_line) {
        http_problem(request, 400, "the path has a NUL byte");
        return false;
    }
    if (!read_head(request, e->connection) || !http_guard_host(request) || !http_route_find(request)) return false;
    if (!http_guard(request) || !body_fits(e)) return false;
    if (!http_is_stopping(request->server)) return true;
    http_problem(request, 503, "the server is stopping");
    http_answer_add(request, "Retry-After", "1");
    request->answer.close = true;
    return false;
}

/* Makes room for `more` bytes and a NUL. */
static bool make_room(exchange *e, size_t more) {
    http_server *server = e->request.server;
    size_t needed = e->request.body_size + more + 1;
    if (needed <= e->body_room) return true;
    size_t room = e->body_room > 0 ? e->body_room : BODY_START;
    while (room < needed) room *= 2;
    if (atomic_fetch_add(&server->body_bytes, room - e->body_room) + room - e->body_room > BODIES_SIZE_MAX) {
        atomic_fetch_sub(&server->body_bytes, room - e->body_room);
        return false;
    }
    char *grown = realloc(e->request.body, room);
    if (grown == NULL) {
        atomic_fetch_sub(&server->body_bytes, room - e->body_room);
        return false;
    }
    e->request.body = grown;
    e->body_room = room;
    return true;
}

static void gather(exchange *e, const char *piece, size_t size) {
    http_request *request = &e->request;
    if (atomic_load(&e->state) == REFUSED) return; /* swallowed */
    if (size > e->body_limit - request->body_size) {
        http_problem(request, 413, "the body has more than %zu bytes", e->body_limit);
        atomic_store(&e->state, REFUSED);
    } else if (!make_room(e, size)) {
        http_problem(request, 503, "the bodies that are being read take all the room there is for them");
        http_answer_add(request, "Retry-After", "1");
        atomic_store(&e->state, REFUSED);
    } else {
        memcpy(request->body + request->body_size, piece, size);
        request->body_size += size;
        request->body[request->body_size] = '\0';
    }
}

/* ---- answering --------------------------------------------------------------------------------------------------- */

/* Frees a request when its last owner is done with it. */
static void release(exchange *e) {
    http_server *server = e->request.server;
    if (atomic_fetch_sub(&e->owners, 1) > 1) return;
    http_answer_dispose(&e->request.answer);
    atomic_fetch_sub(&server->body_bytes, e->body_room);
    free(e->request.body);
    free(e);
    atomic_fetch_sub(&server->in_flight, 1);
}

static void answer_now(exchange *e) {
    atomic_store(&e->state, ANSWERED);
    MHD_resume_connection(e->connection);
}

/* A mean that follows within some ten reads, so that one that takes long is the last one of its kind that the daemon's
 * thread does. */
static void run_route(http_request *request) {
    http_server *server = request->server;
    uint64_t began = now_us();
    request->route->run(request);
    if (!(request->route->flags & HTTP_BRIEF)) return;
    uint64_t took = now_us() - began;
    unsigned usual = atomic_load(&server->usual_us);
    atomic_store(&server->usual_us, usual - usual / 8 + (unsigned)(took < 10000000 ? took : 10000000) / 8);
}

static bool may_stay_here(const http_request *request) {
    const http_server *server = request->server;
    if (request->route->flags & HTTP_INLINE) return true;
    return (request->route->flags & HTTP_BRIEF) && server->alone && atomic_load(&server->usual_us) < BRIEF_US;
}

/* In a worker. */
static void run_request(http_request *request) {
    exchange *e = (exchange *)request;
    run_route(request);
    if (!e->answers) answer_now(e);
    release(e);
}

void http_begin(http_request *request) {
    exchange *e = (exchange *)request;
    e->answers = true;
    answer_now(e);
}

/* The connection sleeps, so that nobody else reads from it or closes its descriptor. */
bool http_client_is_gone(const http_request *request) {
    char byte;
    const peer *p = ((const exchange *)request)->peer;
    if (p == NULL) return false;
    ssize_t got = recv(p->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static struct MHD_Response *response_of(http_answer *answer) {
    union {
        const void *given;
        void *kept;
    } body = {answer->body != NULL ? answer->body : ""};
    if (answer->release == NULL)
        return MHD_create_response_from_buffer(answer->size, body.kept, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        answer->size, body.kept, answer->release, answer->owner);
    if (response != NULL) answer->release = NULL; /* the response's now */
    return response;
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t room) {
    (void)position;
    http_stream *stream = context;
    ssize_t size = stream->read(stream, out, room);
    if (size == HTTP_STREAM_END) return MHD_CONTENT_READER_END_OF_STREAM;
    return size;
}

static enum MHD_Result send_answer(exchange *e) {
    http_answer *answer = &e->request.answer;
    struct MHD_Response *response = answer->stream != NULL
                                        ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream,
                                                                            answer->stream, NULL)
                                        : response_of(answer);
    if (response == NULL) return MHD_NO;
    if (answer->type != NULL) MHD_add_response_header(response, "Content-Type", answer->type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (size_t i = 0; i < answer->added_count; i++)
        MHD_add_response_header(response, answer->added[i].name, answer->added[i].value);
    if (answer->close || http_is_stopping(e->request.server)) MHD_add_response_header(response, "Connection", "close");
    http_count_answer(&e->request.server->by_status, answer->status);
    set_deadline(e->peer, 0);
    enum MHD_Result queued = MHD_queue_response(e->connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result hand_on(exchange *e) {
    http_request *request = &e->request;
    if (request->body == NULL && !make_room(e, 0)) return MHD_NO;
    request->body[request->body_size] = '\0';
    set_deadline(e->peer, 0);
    atomic_store(&e->state, WORKING);
    if (may_stay_here(request)) {
        run_route(request);
        return send_answer(e);
    }
    atomic_fetch_add(&e->owners, 1);
    MHD_suspend_connection(e->connection);
    http_pool_put(request->route->flags & HTTP_LONG ? request->server->slow : request->server->quick, request);
    return MHD_YES;
}

/* Headers are here. A refusal waits for a small body to pass, so that the connection can go on; ahead of a large one,
 * or of one that waits to be asked for, it is said at once. */
static enum MHD_Result begin(exchange *e, const char *url, const char *method) {
    http_request *request = &e->request;
    request->path = url;
    request->method = method;
    e->begun = true;
    if (may_be_read(e)) return MHD_YES;
    atomic_store(&e->state, REFUSED);
    const char *length = http_header(request, "Content-Length");
    bool waits = http_header(request, "Expect") != NULL;
    bool large = length != NULL && strtoull(length, NULL, 10) > SWALLOW_SIZE_MAX;
    if (!waits && !large && !request->answer.close) return MHD_YES;
    request->answer.close = true;
    return send_answer(e);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *piece, size_t *size, void **kept) {
    (void)context;
    (void)connection;
    (void)version;
    exchange *e = *kept;
    if (e == NULL) return MHD_NO;
    if (!e->begun) return begin(e, url, method);
    if (*size > 0) {
        gather(e, piece, *size);
        *size = 0;
        return MHD_YES;
    }
    switch (atomic_load(&e->state)) {
    case READING: return hand_on(e);
    case WORKING: return MHD_YES;
    default: return send_answer(e);
    }
}

static void on_completed(void *context, struct MHD_Connection *connection, void **kept,
                         enum MHD_RequestTerminationCode code) {
    (void)connection;
    (void)code;
    http_server *server = context;
    exchange *e = *kept;
    if (e == NULL) return;
    *kept = NULL;
    http_stream *stream = e->request.answer.stream;
    if (stream != NULL) stream->leave(stream);
    set_deadline(e->peer, server->options.idle_s);
    release(e);
}

void http_suspend(http_request *request) {
    MHD_suspend_connection(((exchange *)request)->connection);
}

void http_resume(http_request *request) {
    MHD_resume_connection(((exchange *)request)->connection);
}

/* ---- starting and stopping --------------------------------------------------------------------------------------- */

static void ignore_log(void *context, const char *format, va_list arguments) {
    (void)context;
    (void)format;
    (void)arguments;
}

/* Those that this process may use. More threads would only take turns on them, and each request would take longer. */
static unsigned processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

http_server *http_server_new(service *of, const http_options *options, int listener) {
    http_server *server = calloc(1, sizeof *server);
    if (server == NULL) return NULL;
    server->service = of;
    server->options = *options;
    pthread_mutex_init(&server->peers_mutex, NULL);
    server->events = http_events_new(of);
    server->listeners = http_listeners_new();
    unsigned threads = options->threads > 0 ? options->threads : processors();
    server->alone = threads == 1 && processors() == 1;
    atomic_store(&server->usual_us, 8 * BRIEF_US); /* the first ones are tried elsewhere */
    server->quick = http_pool_new(threads, run_request);
    server->slow = http_pool_new(4, run_request);
    if (server->events != NULL && server->listeners != NULL && server->quick != NULL && server->slow != NULL)
        server->daemon = MHD_start_daemon(
            MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request,
            server, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL, MHD_OPTION_LISTEN_SOCKET, listener,
            MHD_OPTION_CONNECTION_LIMIT, options->connections_max, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_s,
            MHD_OPTION_URI_LOG_CALLBACK, on_line, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
            MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (server->daemon != NULL) return server;
    http_server_free(server);
    return NULL;
}

void http_server_tick(http_server *server) {
    sweep(server, 0);
    http_events_tick(server->events);
    http_listeners_tick(server->listeners);
}

void http_server_stop(http_server *server, int listener, unsigned limit_ms) {
    uint64_t end = now_ms() + limit_ms;
    atomic_store(&server->stopping, true);
    MHD_quiesce_daemon(server->daemon);
    (void)shutdown(listener, SHUT_RDWR); /* not closed: the daemon's thread may be taking it out of its epoll set */
    http_events_stop(server->events);
    http_listeners_stop(server->listeners);
    /* Who has not sent a whole request yet gets a second more. */
    while (atomic_load(&server->in_flight) > 0 && now_ms() < end) {
        sweep(server, server->options.request_s * 1000u - (server->options.request_s > 1 ? 1000u : 0u));
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

void http_server_free(http_server *server) {
    if (server == NULL) return;
    http_pool_free(server->quick);
    http_pool_free(server->slow);
    if (server->daemon != NULL) MHD_stop_daemon(server->daemon);
    http_events_free(server->events);
    http_listeners_free(server->listeners);
    pthread_mutex_destroy(&server->peers_mutex);
    free(server);
}
