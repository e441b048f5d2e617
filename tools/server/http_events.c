/* http_events.c - /v1/events: server-sent events that tell when a space has changed, whoever changed it.
 *
 * An event says what a space holds now, not what was done: {"space", "sequence", "steps", "episodes", "forgotten"}.
 * So nothing has to be queued: what came between two events is in the second one, a listener that was away is told
 * where things stand, and a slow one costs no memory. The daemon's clock looks at the sequences of the spaces that are
 * listened to, some times a second; that finds the changes of other processes too.
 *
 * One mutex guards all: the watched spaces, the listeners, and who of them sleeps.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_daemon.h"

#define LISTENERS_MAX 256u
#define SPACES_MAX 32u /* of one listener */
#define WATCHED_MAX 256u
#define PING_US 15000000 /* between comments that find out whether a listener is still there */
#define EVENT_ROOM 512u

/* A space that somebody listens to. */
typedef struct watched {
    epi_space *space;
    size_t listeners;
    epi_space_stats stats;
} watched;

typedef struct listener {
    http_stream stream; /* first: one is the other */
    http_request *request;
    struct listener *next;
    size_t spaces[SPACES_MAX]; /* places in watched */
    uint64_t told[SPACES_MAX]; /* sequence of the last event; UINT64_MAX: none */
    size_t space_count;
    epi_time spoken_at;
    bool ping;
    bool asleep;
    char pending[EVENT_ROOM]; /* what did not fit */
    size_t pending_size, pending_at;
} listener;

struct http_events {
    service *service;
    pthread_mutex_t mutex;
    watched watched[WATCHED_MAX];
    listener *streams;
    atomic_size_t listeners;
    bool stopping;
};

http_events *http_events_new(service *of) {
    http_events *events = calloc(1, sizeof *events);
    if (events == NULL) return NULL;
    events->service = of;
    pthread_mutex_init(&events->mutex, NULL);
    return events;
}

void http_events_free(http_events *events) {
    if (events == NULL) return;
    pthread_mutex_destroy(&events->mutex);
    free(events);
}

size_t http_events_listeners(const http_events *events) {
    return atomic_load(&events->listeners);
}

/* ---- coming and going -------------------------------------------------------------------------------------------- */

/* The place of a space among those watched; WATCHED_MAX when there is no room. */
static size_t watch(http_events *events, epi_space *space) {
    size_t free_place = WATCHED_MAX;
    for (size_t i = 0; i < WATCHED_MAX; i++) {
        if (events->watched[i].listeners == 0) {
            if (free_place == WATCHED_MAX) free_place = i;
        } else if (events->watched[i].space == space) {
            events->watched[i].listeners++;
            return i;
        }
    }
    if (free_place == WATCHED_MAX) return WATCHED_MAX;
    watched *w = &events->watched[free_place];
    *w = (watched){.space = space, .listeners = 1};
    epi_space_stats_read(&w->stats, space);
    return free_place;
}

static void leave(http_stream *of) {
    listener *stream = (listener *)of;
    http_events *events = http_events_of(stream->request->server);
    pthread_mutex_lock(&events->mutex);
    for (listener **link = &events->streams; *link != NULL; link = &(*link)->next) {
        if (*link != stream) continue;
        *link = stream->next;
        atomic_fetch_sub(&events->listeners, 1);
        break;
    }
    for (size_t i = 0; i < stream->space_count; i++) events->watched[stream->spaces[i]].listeners--;
    pthread_mutex_unlock(&events->mutex);
    free(stream);
}

static bool add_space(http_events *events, listener *stream, const char *name, epi_status *status) {
    epi_space *space = NULL;
    *status = service_space(&space, events->service, FOR_TALK, name, NULL);
    if (*status != EPI_OK) return false;
    pthread_mutex_lock(&events->mutex);
    size_t place = watch(events, space);
    pthread_mutex_unlock(&events->mutex);
    if (place == WATCHED_MAX) return false;
    stream->told[stream->space_count] = UINT64_MAX;
    stream->spaces[stream->space_count++] = place;
    return true;
}

/* The spaces that the query names, or the one that the command line does. */
static bool add_spaces(http_request *request, http_events *events, listener *stream) {
    const char *usual = service_default_space(events->service, FOR_TALK);
    epi_status status = EPI_OK;
    bool added = true;
    for (size_t i = 0; added && i < request->query_count && stream->space_count < SPACES_MAX; i++) {
        if (strcmp(request->query[i].name, "space") == 0)
            added = add_space(events, stream, request->query[i].value, &status);
    }
    if (added && stream->space_count == 0 && usual != NULL) added = add_space(events, stream, usual, &status);
    if (!added && status != EPI_OK)
        http_problem_status(request, status);
    else if (!added)
        http_problem(request, 503, "%u spaces are listened to already", WATCHED_MAX);
    else if (stream->space_count == 0)
        http_problem(request, 400, "the parameter space is missing: events of which space?");
    return added && stream->space_count > 0;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static bool has_news(const http_events *events, const listener *stream) {
    if (stream->ping || stream->pending_at < stream->pending_size) return true;
    for (size_t i = 0; i < stream->space_count; i++) {
        if (events->watched[stream->spaces[i]].stats.sequence != stream->told[i]) return true;
    }
    return false;
}

static void put_event(listener *stream, const watched *w) {
    epi_json_writer *writer = NULL;
    const char *name = epi_space_name(w->space);
    epi_json_writer_new(&writer, false);
    epi_json_begin_object(writer, NULL);
    epi_json_put_string(writer, "space", name, strlen(name));
    epi_json_put_unsigned(writer, "sequence", w->stats.sequence);
    epi_json_put_unsigned(writer, "steps", w->stats.steps);
    epi_json_put_unsigned(writer, "episodes", w->stats.episodes);
    epi_json_put_unsigned(writer, "forgotten", w->stats.forgotten);
    epi_json_end(writer);
    const char *text = epi_json_writer_text(NULL, writer);
    /* A name of 255 bytes, all escaped, is what could make it longer: then the id alone is told. */
    int size = snprintf(stream->pending, sizeof stream->pending, "id: %llu\nevent: change\ndata: %s\n\n",
                        (unsigned long long)w->stats.sequence, text != NULL ? text : "{}");
    if (size < 0 || (size_t)size >= sizeof stream->pending)
        size = snprintf(stream->pending, sizeof stream->pending, "id: %llu\nevent: change\ndata: {}\n\n",
                        (unsigned long long)w->stats.sequence);
    stream->pending_size = (size_t)size;
    stream->pending_at = 0;
    epi_json_writer_free(writer);
}

/* Puts the next thing to say into pending; false: nothing. */
static bool next_event(http_events *events, listener *stream) {
    if (stream->pending_at < stream->pending_size) return true;
    for (size_t i = 0; i < stream->space_count; i++) {
        const watched *w = &events->watched[stream->spaces[i]];
        if (w->stats.sequence == stream->told[i]) continue;
        stream->told[i] = w->stats.sequence;
        put_event(stream, w);
        return true;
    }
    if (!stream->ping) return false;
    stream->ping = false;
    memcpy(stream->pending, ":\n\n", 3);
    stream->pending_size = 3;
    stream->pending_at = 0;
    return true;
}

static ssize_t read_events(http_stream *of, char *out, size_t room) {
    listener *stream = (listener *)of;
    http_events *events = http_events_of(stream->request->server);
    size_t size = 0;
    pthread_mutex_lock(&events->mutex);
    bool ends = events->stopping;
    while (!ends && size < room && next_event(events, stream)) {
        size_t part = stream->pending_size - stream->pending_at;
        if (part > room - size) part = room - size;
        memcpy(out + size, stream->pending + stream->pending_at, part);
        stream->pending_at += part;
        size += part;
    }
    if (size > 0) stream->spoken_at = epi_time_now();
    if (!ends && size == 0) {
        stream->asleep = true;
        http_suspend(stream->request);
    }
    pthread_mutex_unlock(&events->mutex);
    return ends ? HTTP_STREAM_END : (ssize_t)size;
}

void http_events_open(http_request *request) {
    http_events *events = http_events_of(request->server);
    listener *stream = calloc(1, sizeof *stream);
    if (stream == NULL || atomic_load(&events->listeners) >= LISTENERS_MAX) {
        free(stream);
        http_problem(request, 503, "%u listen already", LISTENERS_MAX);
        return;
    }
    stream->stream = (http_stream){read_events, leave};
    stream->request = request;
    stream->spoken_at = epi_time_now();
    pthread_mutex_lock(&events->mutex);
    stream->next = events->streams;
    events->streams = stream;
    atomic_fetch_add(&events->listeners, 1);
    pthread_mutex_unlock(&events->mutex);
    if (!add_spaces(request, events, stream)) {
        leave(&stream->stream);
        return;
    }
    request->answer = (http_answer){.status = 200, .type = "text/event-stream", .stream = &stream->stream};
    http_answer_add(request, "Cache-Control", "no-store");
}

static void wake(listener *stream) {
    if (!stream->asleep) return;
    stream->asleep = false;
    http_resume(stream->request);
}

/* Reads what a watched space holds now, without the lock: another listener's opening does not wait for it. */
static void look(http_events *events, size_t place) {
    epi_space_stats stats;
    pthread_mutex_lock(&events->mutex);
    epi_space *space = events->watched[place].listeners > 0 ? events->watched[place].space : NULL;
    pthread_mutex_unlock(&events->mutex);
    if (space == NULL || epi_space_stats_read(&stats, space) != EPI_OK) return;
    pthread_mutex_lock(&events->mutex);
    if (events->watched[place].space == space) events->watched[place].stats = stats;
    pthread_mutex_unlock(&events->mutex);
}

void http_events_tick(http_events *events) {
    if (atomic_load(&events->listeners) == 0) return;
    for (size_t i = 0; i < WATCHED_MAX; i++) look(events, i);
    epi_time now = epi_time_now();
    pthread_mutex_lock(&events->mutex);
    for (listener *s = events->streams; s != NULL; s = s->next) {
        if (now - s->spoken_at > PING_US) s->ping = true;
        if (has_news(events, s)) wake(s);
    }
    pthread_mutex_unlock(&events->mutex);
}

void http_events_stop(http_events *events) {
    pthread_mutex_lock(&events->mutex);
    events->stopping = true;
    for (listener *s = events->streams; s != NULL; s = s->next) wake(s);
    pthread_mutex_unlock(&events->mutex);
}
