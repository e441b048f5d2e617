/* http_listen.c - the streams of MCP's subscriptions/listen: who has one, and telling on them.
 *
 * The clock of the daemon (http_server_tick) tells all of them what changed, some times a second. A listener whose
 * client is gone is dropped then, and one that is silent gets a comment now and then, so that it is seen.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "http_daemon.h"

#define LISTENERS_MAX 64u
#define PING_US 15000000

typedef struct listening {
    struct listening *next;
    mcp_listener *listener;
    http_push *push;
    epi_time spoken_at;
} listening;

struct http_listeners {
    pthread_mutex_t lock; /* over all below; held while they are told, by the clock's thread */
    listening *first;
    atomic_size_t count;
    bool stopping;
};

http_listeners *http_listeners_new(void) {
    http_listeners *listeners = calloc(1, sizeof *listeners);
    if (listeners != NULL) pthread_mutex_init(&listeners->lock, NULL);
    return listeners;
}

size_t http_listeners_count(const http_listeners *listeners) {
    return atomic_load(&listeners->count);
}

/* Ends one, with the answer to what opened it. */
static void end(listening *l) {
    epi_json_writer *answer = NULL;
    size_t size = 0;
    epi_json_writer_new(&answer, false);
    mcp_listener_end(answer, l->listener);
    const char *text = epi_json_writer_text(&size, answer);
    http_push_end(l->push, text, size);
    epi_json_writer_free(answer);
    mcp_listener_free(l->listener);
    free(l);
}

static void send(void *context, const char *text, size_t size) {
    listening *l = context;
    http_push_event(l->push, text, size);
    l->spoken_at = epi_time_now();
}

/* Tells one. @return false when it is over */
static bool tell(listening *l) {
    if (http_push_is_gone(l->push) || !mcp_listener_tell(l->listener, send, l)) return false;
    epi_time now = epi_time_now();
    if (now - l->spoken_at > PING_US) {
        http_push_ping(l->push);
        l->spoken_at = now;
    }
    return true;
}

void http_listeners_add(http_listeners *listeners, http_request *request, mcp_listener *listener) {
    listening *l = calloc(1, sizeof *l);
    bool fits = atomic_fetch_add(&listeners->count, 1) < LISTENERS_MAX;
    if (l != NULL && fits) l->push = http_push_new(request);
    if (l == NULL || l->push == NULL) {
        atomic_fetch_sub(&listeners->count, 1);
        if (fits)
            http_problem(request, 500, "out of memory");
        else
            http_problem(request, 503, "%u listen already", LISTENERS_MAX);
        mcp_listener_free(listener);
        free(l);
        return;
    }
    l->listener = listener;
    pthread_mutex_lock(&listeners->lock);
    bool goes_on = tell(l) && !listeners->stopping;
    if (goes_on) {
        l->next = listeners->first;
        listeners->first = l;
    }
    pthread_mutex_unlock(&listeners->lock);
    if (goes_on) return;
    end(l);
    atomic_fetch_sub(&listeners->count, 1);
}

void http_listeners_tick(http_listeners *listeners) {
    if (atomic_load(&listeners->count) == 0) return;
    pthread_mutex_lock(&listeners->lock);
    for (listening **link = &listeners->first; *link != NULL;) {
        listening *l = *link;
        if (tell(l)) {
            link = &l->next;
            continue;
        }
        *link = l->next;
        end(l);
        atomic_fetch_sub(&listeners->count, 1);
    }
    pthread_mutex_unlock(&listeners->lock);
}

void http_listeners_stop(http_listeners *listeners) {
    pthread_mutex_lock(&listeners->lock);
    listeners->stopping = true;
    for (listening *next, *l = listeners->first; l != NULL; l = next) {
        next = l->next;
        end(l);
        atomic_fetch_sub(&listeners->count, 1);
    }
    listeners->first = NULL;
    pthread_mutex_unlock(&listeners->lock);
}

void http_listeners_free(http_listeners *listeners) {
    if (listeners == NULL) return;
    pthread_mutex_destroy(&listeners->lock);
    free(listeners);
}
