/* http_push.c - an answer of server-sent events that some thread of ours writes while the daemon's thread sends.
 *
 * Two sides share one block of bytes that wait: the writer appends, the connection takes. When nothing waits the
 * connection sleeps; the writer wakes it. Either side may end first, and the last one frees. While the connection
 * sleeps nobody looks at its socket, so the writer does when it asks whether the client is gone.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "http_daemon.h"

#define WAITING_SIZE_MAX (1024u * 1024u) /* of events that may be dropped; the one that comes then is */

struct http_push {
    http_stream stream; /* first: one is the other */
    http_request *request;
    pthread_mutex_t lock; /* over all below */
    char *text;
    size_t begin, end, room;
    bool asleep;
    bool ended; /* the writer is done */
    bool gone;  /* the connection is */
};

static void dispose(http_push *push) {
    pthread_mutex_destroy(&push->lock);
    free(push->text);
    free(push);
}

/* ---- the connection's side --------------------------------------------------------------------------------------- */

static ssize_t read_push(http_stream *stream, char *out, size_t room) {
    http_push *push = (http_push *)stream;
    pthread_mutex_lock(&push->lock);
    size_t size = push->end - push->begin < room ? push->end - push->begin : room;
    bool over = size == 0 && push->ended;
    if (size > 0) memcpy(out, push->text + push->begin, size);
    push->begin += size;
    if (push->begin == push->end) push->begin = push->end = 0;
    if (size == 0 && !over) {
        push->asleep = true;
        http_suspend(push->request);
    }
    pthread_mutex_unlock(&push->lock);
    return over ? HTTP_STREAM_END : (ssize_t)size;
}

static void leave(http_stream *stream) {
    http_push *push = (http_push *)stream;
    pthread_mutex_lock(&push->lock);
    bool last = push->ended;
    push->gone = true;
    pthread_mutex_unlock(&push->lock);
    if (last) dispose(push);
}

/* ---- the writer's side ------------------------------------------------------------------------------------------- */

http_push *http_push_new(http_request *request) {
    http_push *push = calloc(1, sizeof *push);
    if (push == NULL) return NULL;
    push->stream = (http_stream){read_push, leave};
    push->request = request;
    pthread_mutex_init(&push->lock, NULL);
    http_answer_dispose(&request->answer);
    request->answer = (http_answer){.status = 200, .type = "text/event-stream", .stream = &push->stream};
    http_answer_add(request, "Cache-Control", "no-store");
    http_answer_add(request, "X-Accel-Buffering", "no"); /* asks proxies to pass each event on at once */
    http_begin(request);
    return push;
}

/* Under the lock. */
static void wake(http_push *push) {
    if (!push->asleep) return;
    push->asleep = false;
    http_resume(push->request);
}

static bool make_room(http_push *push, size_t more) {
    if (push->begin > 0) memmove(push->text, push->text + push->begin, push->end - push->begin);
    push->end -= push->begin;
    push->begin = 0;
    size_t needed = push->end + more;
    if (needed <= push->room) return true;
    size_t room = push->room > 0 ? push->room : 1024;
    while (room < needed) room *= 2;
    char *grown = realloc(push->text, room);
    if (grown == NULL) return false;
    push->text = grown;
    push->room = room;
    return true;
}

static void append(http_push *push, const char *text, size_t size) {
    memcpy(push->text + push->end, text, size);
    push->end += size;
}

/* JSON that was stored may have line breaks between its tokens. Here they would end a field, and blanks are as good. */
static void append_line(http_push *push, const char *text, size_t size) {
    char *out = push->text + push->end;
    for (size_t i = 0; i < size; i++) out[i] = text[i] == '\n' || text[i] == '\r' ? ' ' : text[i];
    push->end += size;
}

/* Under the lock. */
static void put_event(http_push *push, const char *text, size_t size) {
    static const char head[] = "event: message\ndata: ";
    if (push->gone || !make_room(push, sizeof head - 1 + size + 2)) return;
    append(push, head, sizeof head - 1);
    append_line(push, text, size);
    append(push, "\n\n", 2);
    wake(push);
}

void http_push_event(http_push *push, const char *text, size_t size) {
    pthread_mutex_lock(&push->lock);
    if (push->end - push->begin < WAITING_SIZE_MAX) put_event(push, text, size);
    pthread_mutex_unlock(&push->lock);
}

void http_push_ping(http_push *push) {
    pthread_mutex_lock(&push->lock);
    if (!push->gone && push->end == push->begin && make_room(push, 3)) {
        append(push, ":\n\n", 3);
        wake(push);
    }
    pthread_mutex_unlock(&push->lock);
}

bool http_push_is_gone(http_push *push) {
    pthread_mutex_lock(&push->lock);
    bool gone = push->gone || (push->asleep && http_client_is_gone(push->request));
    pthread_mutex_unlock(&push->lock);
    return gone;
}

void http_push_end(http_push *push, const char *text, size_t size) {
    pthread_mutex_lock(&push->lock);
    bool last = push->gone;
    if (text != NULL) put_event(push, text, size);
    push->ended = true;
    if (!last) wake(push);
    pthread_mutex_unlock(&push->lock);
    if (last) dispose(push);
}
