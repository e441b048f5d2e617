/* http_daemon.h - between the files that are the server itself: the daemon, who starts and stops it, and the events
 * that it sends. Routes need none of this.
 */
#ifndef EPISODIC_SERVER_HTTP_DAEMON_H
#define EPISODIC_SERVER_HTTP_DAEMON_H

#include "http.h"

/* ---- http_daemon.c ----------------------------------------------------------------------------------------------- */

/* Starts to serve on a listening socket. NULL: out of memory or threads. */
http_server *http_server_new(service *of, const http_options *options, int listener);
void http_server_tick(http_server *server); /* some times a second: cuts off who is late, looks for changes */
/* Takes no more connections and requests, and waits for those under way, so long at most. The listener is closed by its
 * owner, once the server is freed. */
void http_server_stop(http_server *server, int listener, unsigned limit_ms);
void http_server_free(http_server *server);
/* A connection of a stream sleeps until it is woken. */
void http_suspend(http_request *request);
void http_resume(http_request *request);

/* ---- http_guard.c ------------------------------------------------------------------------------------------------ */

bool http_guard_host(http_request *request); /* Host and Origin, before anything is said about the path */

/* ---- http_metrics.c ---------------------------------------------------------------------------------------------- */

typedef struct http_counts_by_status {
    atomic_uint_fast64_t classes[HTTP_CLASSES];
} http_counts_by_status;

void http_count_answer(http_counts_by_status *counts, unsigned status);

/* ---- http_events.c ----------------------------------------------------------------------------------------------- */

typedef struct http_events http_events;

http_events *http_events_of(http_server *server);
http_events *http_events_new(service *of);
void http_events_tick(http_events *events); /* looks what changed, and wakes who waits for it */
void http_events_stop(http_events *events); /* ends all streams */
void http_events_free(http_events *events);
size_t http_events_listeners(const http_events *events);

/* ---- http_listen.c ----------------------------------------------------------------------------------------------- */

/* Who listens by MCP's subscriptions/listen. */
typedef struct http_listeners http_listeners;

http_listeners *http_listeners_of(http_server *server);
http_listeners *http_listeners_new(void);
/* Opens the stream of a request, and tells on it from then on; takes the listener over. */
void http_listeners_add(http_listeners *listeners, http_request *request, mcp_listener *listener);
void http_listeners_tick(http_listeners *listeners);
void http_listeners_stop(http_listeners *listeners); /* ends all streams, and those that come */
void http_listeners_free(http_listeners *listeners);
size_t http_listeners_count(const http_listeners *listeners);

#endif
