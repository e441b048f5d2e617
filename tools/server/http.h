/* http.h - what the files of the HTTP side share: a request, its answer, and who makes the one from the other.
 *
 * A request is read by the daemon's one thread, which does not wait for the library, so that nobody's slow connection
 * or long search holds up another. Whole requests go to worker threads (http_pool.c), and their answers back; where
 * there is one processor only, the thread answers reads itself as long as they are brief. The order:
 *
 *     http_daemon.c   sockets, reading, sending: the one file that includes <microhttpd.h>
 *     http_guard.c    who may ask: Host, Origin, token
 *     http_routes.c   which function answers which path
 *     http_*.c        those functions
 *
 * A route's function gets a whole request and fills in an answer; it returns nothing, since a failure is an answer too
 * (http_problem.c). All pointers of a request live until its answer was sent.
 */
#ifndef EPISODIC_SERVER_HTTP_H
#define EPISODIC_SERVER_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <episodic/episodic.h>
#include <episodic/sys/json.h>

#include "mcp.h"
#include "operation.h"

enum {
    HTTP_HEADERS_MAX = 64, /* of a request; more are refused */
    HTTP_QUERY_MAX = 64,
    HTTP_ADDED_MAX = 4, /* headers that an answer adds */
    HTTP_CLASSES = 6    /* of status codes: 1xx to 5xx, by their first digit */
};

#define HTTP_JSON "application/json"
#define HTTP_PROBLEM "application/problem+json"
#define HTTP_COLUMNS "application/vnd.episodic.columns" /* docs/HTTP.md */
#define HTTP_LINES_TYPE "application/jsonl"

typedef struct http_pair {
    const char *name;
    const char *value; /* of a query, unescaped; never NULL */
} http_pair;

/* What is sent while it still comes to be. The daemon's thread calls both. */
typedef struct http_stream {
    /* The next bytes; 0: there are none yet, and the connection was put to sleep; HTTP_STREAM_END */
    ssize_t (*read)(struct http_stream *stream, char *out, size_t room);
    void (*leave)(struct http_stream *stream); /* all was sent, or the client is gone */
} http_stream;
#define HTTP_STREAM_END ((ssize_t)-1)

typedef struct http_answer {
    unsigned status;
    const char *type; /* constant; NULL: no body */
    const void *body;
    size_t size;
    void (*release)(void *owner); /* frees what body lies in; NULL: it is constant */
    void *owner;
    http_pair added[HTTP_ADDED_MAX]; /* values live as long as the request, or for ever */
    size_t added_count;
    bool close;
    http_stream *stream; /* instead of a body */
} http_answer;

typedef struct http_server http_server;
typedef struct http_route http_route;

typedef struct http_request http_request;

struct http_request {
    http_server *server;
    const http_route *route; /* NULL: none was found */
    const char *method;
    const char *path; /* unescaped */
    const char *rest; /* of the path, behind the route's */
    http_pair headers[HTTP_HEADERS_MAX];
    size_t header_count;
    http_pair query[HTTP_QUERY_MAX];
    size_t query_count;
    char *body; /* with a NUL behind it; NULL: none */
    size_t body_size;
    char scratch[128]; /* for what an answer's header points to */
    http_answer answer;
    http_request *next; /* in the pool's queue */
};

/* How a route is run. */
enum {
    HTTP_OPEN = 1u,   /* asks for no token: holds nothing of the memory */
    HTTP_INLINE = 2u, /* answered by the daemon's thread: takes microseconds and no lock */
    HTTP_LONG = 4u,   /* writes or may take long: run apart from the quick ones */
    HTTP_BINARY = 8u, /* takes a body of HTTP_COLUMNS instead of JSON */
    HTTP_LARGE = 16u, /* its body may have columns_size_max bytes */
    HTTP_EMPTY = 32u, /* takes no body: all is in the query */
    HTTP_LINES = 64u, /* takes a body of HTTP_LINES_TYPE too */
    HTTP_BRIEF = 128u /* a read, mostly brief: the daemon's thread may do it where there is one processor */
};

struct http_route {
    const char *method; /* "GET", or several: "GET POST" */
    const char *path;   /* ends with a slash where more may follow */
    unsigned flags;
    void (*run)(http_request *request);
};

typedef struct http_options {
    const char *address; /* "127.0.0.1:8080", "[::1]:0"; port 0: any */
    unsigned port;       /* set by http_serve(): the one it got */
    const char *token;   /* NULL: none is asked for; only on loopback */
    const char *hosts;   /* names that Host may have beside those of the address, with commas between them: "name" or
                            "name:port"; NULL: none */
    bool reset;          /* /reset may empty what mem0's routes keep */
    const mcp_registry *mcp;  /* what /mcp offers; NULL: there is no such path */
    uint64_t body_size_max;   /* 0: 16 MiB */
    size_t columns_size_max;  /* of replay's binary bodies; 0: 256 MiB */
    unsigned connections_max; /* 0: 1,024 */
    unsigned idle_s;          /* of a connection on which nothing comes; 0: 60 */
    unsigned request_s;       /* for a request to arrive whole; 0: 30 */
    unsigned threads;         /* for quick requests; 0: one for each processor that the process may use */
} http_options;

enum { HTTP_EXIT_ADDRESS = 2, HTTP_EXIT_DEFECT = 6 }; /* as the command line's exit codes */

/* Serves until SIGTERM or SIGINT: then takes no more requests, answers those that are there, and returns. One line on
 * stderr tells the address. Returns 0, or one of the codes above after saying why. */
int http_serve(service *of, const http_options *options);

/* ---- http_daemon.c ----------------------------------------------------------------------------------------------- */

service *http_service(const http_request *request);
const http_options *http_options_of(const http_request *request);
bool http_is_stopping(const http_server *server);
const char *http_header(const http_request *request, const char *name); /* without case; NULL: none */
const char *http_query(const http_request *request, const char *name);  /* the first of the name; NULL: none */

/* Whether the client has closed its connection. Of a request in a route's function, before it has an answer. */
bool http_client_is_gone(const http_request *request);
/* Begins to send request->answer, a stream, while the route's function goes on. Its headers and query are gone then. */
void http_begin(http_request *request);

typedef struct http_counts {
    uint64_t connections; /* open now */
    uint64_t in_flight;   /* requests being read, worked on or answered */
    uint64_t streams;     /* listeners to events */
    uint64_t late;        /* connections closed because their request did not arrive in time */
    uint64_t answers[HTTP_CLASSES];
} http_counts;
http_counts http_counts_of(http_server *server);

/* ---- answers: http_problem.c ------------------------------------------------------------------------------------- */

/* A JSON text from a writer, which the answer takes over; a problem when its allocation failed. */
void http_answer_json(http_request *request, unsigned status, epi_json_writer *writer);
void http_answer_text(http_request *request, unsigned status, const char *type, const char *constant);
void http_answer_bytes(http_request *request, const char *type, void *heap, size_t size); /* takes heap over */
void http_answer_add(http_request *request, const char *name, const char *value);
/* RFC 9457: type is about:blank for what HTTP itself says, else "urn:episodic:status:NAME". */
void http_problem(http_request *request, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void http_problem_typed(http_request *request, unsigned status, const char *type, const char *detail);
/* The library's last error, as the HTTP status that says the same. */
void http_problem_status(http_request *request, epi_status status);
unsigned http_status_of(epi_status status);
void http_answer_dispose(http_answer *answer);

/* ---- http_guard.c ------------------------------------------------------------------------------------------------ */

/* Whether the request may be answered; fills in the refusal otherwise. Looks at headers only. */
bool http_guard(http_request *request);

/* ---- http_token.c ------------------------------------------------------------------------------------------------ */

#define HTTP_TOKEN_ROOM 1024u
/* The token out of a file, or of EPISODIC_TOKEN where path is NULL; "" when neither is there. False after saying what
 * is wrong with it. */
bool http_token_read(char token[HTTP_TOKEN_ROOM], const char *path);
/* Takes as long whatever the first difference is: its time says only how long what was given is. */
bool http_token_is(const char *given, const char *token);

/* ---- http_routes.c ----------------------------------------------------------------------------------------------- */

/* Finds the route of a request, and sets its rest; fills in 404 or 405 otherwise. */
bool http_route_find(http_request *request);

/* ---- http_push.c ------------------------------------------------------------------------------------------------- */

/* A stream of events that a thread of ours writes, and ends; the client may go before. */
typedef struct http_push http_push;
/* Begins to answer with one. NULL: out of memory, and nothing was begun. */
http_push *http_push_new(http_request *request);
void http_push_event(http_push *push, const char *text, size_t size); /* JSON; dropped where too much waits already */
void http_push_ping(http_push *push); /* finds out in time whether the client is still there */
bool http_push_is_gone(http_push *push);
/* The writer's last call. @param text of the last event, which is never dropped; NULL: there is none */
void http_push_end(http_push *push, const char *text, size_t size);

/* ---- what routes run --------------------------------------------------------------------------------------------- */

void http_operation(http_request *request); /* http_operations.c: /v1/NAME */
void http_openapi(http_request *request);   /* http_openapi.c */
void http_metrics(http_request *request);   /* http_metrics.c */
void http_healthz(http_request *request);
void http_readyz(http_request *request);
void http_events_open(http_request *request);   /* http_events.c */
void http_page(http_request *request);          /* http_page.c */
void http_mcp(http_request *request);           /* http_mcp.c */
void http_replay_sample(http_request *request); /* http_replay.c */
void http_replay_update(http_request *request);
void http_replay_append(http_request *request);
void http_export(http_request *request); /* http_transfer.c */
void http_import(http_request *request);
void http_mem0_list(http_request *request); /* http_mem0.c */
void http_mem0_add(http_request *request);
void http_mem0_delete_all(http_request *request);
void http_mem0_one(http_request *request);
void http_mem0_search(http_request *request);
void http_mem0_reset(http_request *request);                /* http_mem0_reset.c */
bool http_mem0_may_run(http_request *request, bool writes); /* looks at the limits that operations look at */

/* Runs an operation with arguments and answers with its result, or with a problem. */
void http_run_operation(http_request *request, const operation *op, const epi_json *arguments);
/* The body as a JSON object; NULL after answering with what is wrong. The caller frees it. */
epi_json *http_body_object(http_request *request);

/* ---- http_pool.c ------------------------------------------------------------------------------------------------- */

typedef struct http_pool http_pool;
/* Threads that run jobs in the order they come. */
http_pool *http_pool_new(unsigned threads, void (*run)(http_request *request));
void http_pool_put(http_pool *pool, http_request *request);
void http_pool_free(http_pool *pool); /* after all that was put has run; NULL is allowed */

#endif
