/* stdio_channel.c - MCP over standard input and output; see stdio_channel.h.
 *
 * One thread reads and parses, the calling thread answers, in the order of the messages. Between them is a bounded
 * queue, so that a cancellation reaches a request that waits or runs: the first is dropped, the second is told at its
 * next look, and neither is answered any more. The reader waits where the queue is full: a client that sends without
 * reading stops itself, not the server's memory.
 *
 * Who listens for changes (mcp_listen.c) is told by the answering thread, between messages and while it waits for one.
 *
 * Answers have no line breaks: JSON that was stored may have them between its tokens, and there a blank is as good.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"
#include "stdio_channel.h"

#define WAITING_MAX 256u                       /* messages */
#define WAITING_SIZE_MAX (32u * 1024u * 1024u) /* bytes of them; one may always wait */
#define LISTENERS_MAX 64u
#define TELL_NS 100000000

/* A message that was read. */
typedef struct letter {
    struct letter *next;
    epi_json *message; /* NULL: it could not be read, and `code` and `line` say why */
    int code;
    char line[MCP_LINE_SIZE];
    size_t size;
    atomic_bool cancelled;
} letter;

/* A listener of "subscriptions/listen". */
typedef struct listening {
    struct listening *next;
    mcp_listener *listener;
    atomic_bool cancelled;
} listening;

typedef struct channel {
    lines in;
    int out;
    int failed; /* errno of a write; of the answering thread */
    mcp_session session;
    struct timespec tell_at; /* when listeners are told the next time */
    pthread_mutex_t lock;    /* over all below; only the answering thread changes the list of listeners */
    pthread_cond_t changed;
    letter *first;
    letter *last;
    letter *running;
    listening *listeners;
    size_t listener_count;
    size_t count;
    size_t size;
    bool ended;
    int read_failed; /* errno */
} channel;

/* ---- writing --------------------------------------------------------------------------------------------------- */

static bool write_all(channel *c, const char *text, size_t size) {
    while (size > 0 && c->failed == 0) {
        ssize_t written = write(c->out, text, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) c->failed = errno;
        if (written < 0) break;
        text += written;
        size -= (size_t)written;
    }
    return c->failed == 0;
}

static void send_line(channel *c, const char *text, size_t size) {
    char piece[65536];
    while (size > 0) {
        size_t count = size < sizeof piece - 1 ? size : sizeof piece - 1;
        for (size_t i = 0; i < count; i++) piece[i] = text[i] == '\n' || text[i] == '\r' ? ' ' : text[i];
        text += count;
        size -= count;
        if (size == 0) piece[count++] = '\n';
        if (!write_all(c, piece, count)) return;
    }
}

/* ---- the reading thread ---------------------------------------------------------------------------------------- */

/* Marks the request that a cancellation names, if it is still here. Opening cannot be cancelled. */
static void cancel(channel *c, const epi_json *message) {
    const epi_json *id = epi_json_member(epi_json_member(message, "params"), "requestId");
    pthread_mutex_lock(&c->lock);
    if (c->running != NULL && mcp_same_id(epi_json_member(c->running->message, "id"), id)) c->running->cancelled = true;
    for (letter *each = c->first; each != NULL; each = each->next)
        if (mcp_same_id(epi_json_member(each->message, "id"), id)) each->cancelled = true;
    for (listening *each = c->listeners; each != NULL; each = each->next)
        if (mcp_listener_is(each->listener, id)) each->cancelled = true;
    pthread_mutex_unlock(&c->lock);
}

static bool is_method(const epi_json *message, const char *name) {
    const char *method = epi_json_string(epi_json_member(message, "method"), NULL);
    return method != NULL && strcmp(method, name) == 0;
}

static void put_in_queue(channel *c, letter *l) {
    pthread_mutex_lock(&c->lock);
    while (!c->ended && c->count > 0 && (c->count >= WAITING_MAX || c->size + l->size > WAITING_SIZE_MAX))
        pthread_cond_wait(&c->changed, &c->lock);
    if (c->last != NULL)
        c->last->next = l;
    else
        c->first = l;
    c->last = l;
    c->count++;
    c->size += l->size;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static void letter_free(letter *l) {
    if (l == NULL) return;
    epi_json_free(l->message);
    free(l);
}

/* @return false when there is no memory for it. */
static bool take_message(channel *c, lines_result what, char *line, size_t size) {
    while (what == LINES_LINE && size > 0 && line[size - 1] == '\r') size--;
    if (what == LINES_LINE && size == 0) return true;
    letter *l = calloc(1, sizeof *l);
    if (l == NULL) return false;
    l->size = size;
    if (what == LINES_TOO_LONG) {
        l->size = 0;
        l->code = MCP_INVALID_REQUEST;
        snprintf(l->line, sizeof l->line, "the message has more than %zu bytes", c->in.size_max);
    } else if (epi_json_parse(&l->message, line, size) != EPI_OK) {
        l->code = MCP_PARSE_ERROR;
        snprintf(l->line, sizeof l->line, "%s", epi_error_last()->message);
    } else if (is_method(l->message, "notifications/cancelled")) {
        cancel(c, l->message);
        letter_free(l);
        return true;
    }
    put_in_queue(c, l);
    return true;
}

static void *read_messages(void *context) {
    channel *c = context;
    char *line = NULL;
    size_t size = 0;
    lines_result what = LINES_FAILED;
    int failed = ENOMEM;
    do {
        what = lines_next(&line, &size, &c->in);
        failed = what == LINES_FAILED ? errno : 0;
    } while ((what == LINES_LINE || what == LINES_TOO_LONG) && take_message(c, what, line, size));
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    c->read_failed = what == LINES_END ? 0 : failed != 0 ? failed : ENOMEM;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- the answering thread -------------------------------------------------------------------------------------- */

static bool has_listeners(const channel *c) {
    return c->listeners != NULL || c->session.listener != NULL;
}

/* Waits for a message, or until listeners are to be told. Under the lock. */
static void wait_for_letter(channel *c) {
    int told = 0;
    while (c->first == NULL && !c->ended && told != ETIMEDOUT)
        told = has_listeners(c) ? pthread_cond_timedwait(&c->changed, &c->lock, &c->tell_at)
                                : pthread_cond_wait(&c->changed, &c->lock);
}

/* The next message, if there is one in time. @return false: there will be none */
static bool take_from_queue(letter **out, channel *c) {
    pthread_mutex_lock(&c->lock);
    wait_for_letter(c);
    letter *l = c->first;
    if (l != NULL) {
        c->first = l->next;
        if (c->first == NULL) c->last = NULL;
        c->count--;
        c->size -= l->size;
    }
    c->running = l;
    bool over = l == NULL && c->ended;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    *out = l;
    return !over;
}

/* What runs, and where its notifications go. */
typedef struct run {
    channel *channel;
    letter *letter;
} run;

static void send_ahead(void *context, const char *text, size_t size) {
    const run *r = context;
    send_line(r->channel, text, size);
}

static bool is_cancelled(void *context) {
    const run *r = context;
    return r->letter->cancelled;
}

/* ---- listeners ------------------------------------------------------------------------------------------------- */

static void send_told(void *context, const char *text, size_t size) {
    send_line(context, text, size);
}

static void listen(channel *c, epi_json_writer *answer, mcp_listener *listener) {
    listening *l = c->listener_count < LISTENERS_MAX ? calloc(1, sizeof *l) : NULL;
    if (l == NULL) {
        size_t size = 0;
        mcp_listener_end(answer, listener);
        const char *text = epi_json_writer_text(&size, answer);
        if (text != NULL) send_line(c, text, size);
        mcp_listener_free(listener);
        return;
    }
    l->listener = listener;
    pthread_mutex_lock(&c->lock);
    l->next = c->listeners;
    c->listeners = l;
    c->listener_count++;
    pthread_mutex_unlock(&c->lock);
    c->tell_at = (struct timespec){0}; /* at once */
}

/* Takes one out of the list. It is answered, unless its client cancelled it. */
static void end_listening(channel *c, epi_json_writer *answer, listening **link) {
    listening *l = *link;
    size_t size = 0;
    pthread_mutex_lock(&c->lock);
    *link = l->next;
    c->listener_count--;
    pthread_mutex_unlock(&c->lock);
    mcp_listener_end(answer, l->listener);
    const char *text = epi_json_writer_text(&size, answer);
    if (text != NULL && !l->cancelled) send_line(c, text, size);
    mcp_listener_free(l->listener);
    free(l);
}

/* Tells all what changed, some times a second. */
static void tell_listeners(channel *c, epi_json_writer *answer) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    bool due = now.tv_sec > c->tell_at.tv_sec ||
               (now.tv_sec == c->tell_at.tv_sec && now.tv_nsec >= c->tell_at.tv_nsec) ||
               now.tv_sec + 1 < c->tell_at.tv_sec; /* the clock was set back */
    if (!has_listeners(c) || !due) return;
    for (listening **link = &c->listeners; *link != NULL;) {
        if (!(*link)->cancelled && mcp_listener_tell((*link)->listener, send_told, c))
            link = &(*link)->next;
        else
            end_listening(c, answer, link);
    }
    if (c->session.listener != NULL) mcp_listener_tell(c->session.listener, send_told, c);
    c->tell_at = (struct timespec){now.tv_sec + (now.tv_nsec + TELL_NS) / 1000000000,
                                   (now.tv_nsec + TELL_NS) % 1000000000};
}

/* ---- answering ------------------------------------------------------------------------------------------------- */

static void answer_letter(channel *c, epi_json_writer *answer, const mcp_registry *registry, letter *l) {
    run r = {c, l};
    mcp_listener *opened = NULL;
    mcp_exchange exchange = {registry, &c->session, l->message, send_ahead, is_cancelled, &r, &opened};
    size_t size = 0;
    if (l->cancelled && !is_method(l->message, "initialize")) return;
    if (l->message == NULL)
        mcp_refuse(answer, NULL, l->code, l->line);
    else if (mcp_answer(answer, &exchange) == 1) {
        if (opened != NULL) listen(c, answer, opened);
        return;
    }
    const char *text = epi_json_writer_text(&size, answer);
    if (text != NULL && !l->cancelled) send_line(c, text, size);
}

static void answer_messages(channel *c, epi_json_writer *answer, const mcp_registry *registry) {
    for (letter *l = NULL; c->failed == 0 && take_from_queue(&l, c);) {
        if (l != NULL) answer_letter(c, answer, registry, l);
        pthread_mutex_lock(&c->lock);
        c->running = NULL;
        pthread_mutex_unlock(&c->lock);
        letter_free(l);
        tell_listeners(c, answer);
    }
    while (c->listeners != NULL) end_listening(c, answer, &c->listeners);
}

static void channel_dispose(channel *c) {
    for (letter *next, *l = c->first; l != NULL; l = next) {
        next = l->next;
        letter_free(l);
    }
    mcp_listener_free(c->session.listener);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    lines_dispose(&c->in);
}

int stdio_serve(const mcp_registry *registry, int in, int out, size_t size_max) {
    int wake[2] = {-1, -1}; /* closing the second ends the reading at the first */
    if (pipe(wake) != 0) return errno;
    channel c = {.in = {.in = in, .wake = wake[0], .size_max = size_max}, .out = out};
    epi_json_writer *answer = NULL;
    pthread_t reader;
    pthread_mutex_init(&c.lock, NULL);
    pthread_cond_init(&c.changed, NULL);
    int failed = epi_json_writer_new(&answer, false) == EPI_OK ? pthread_create(&reader, NULL, read_messages, &c)
                                                               : ENOMEM;
    if (failed == 0) {
        answer_messages(&c, answer, registry);
        pthread_mutex_lock(&c.lock);
        c.ended = true; /* nobody takes from the queue any more */
        pthread_cond_broadcast(&c.changed);
        pthread_mutex_unlock(&c.lock);
        close(wake[1]);
        wake[1] = -1;
        pthread_join(reader, NULL);
        failed = c.failed != 0 ? c.failed : c.read_failed;
    }
    epi_json_writer_free(answer);
    channel_dispose(&c);
    close(wake[0]);
    if (wake[1] >= 0) close(wake[1]);
    return failed;
}
