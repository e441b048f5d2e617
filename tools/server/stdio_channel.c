/* stdio_channel.c - MCP over standard input and output; see stdio_channel.h.
 *
 * Lines are read into one buffer that grows to the longest and is never above the limit: what is longer is passed over
 * up to its end and answered with an error. Answers have no line breaks: JSON that was stored may have them between its
 * tokens, and there a blank is as good.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stdio_channel.h"

typedef struct channel {
    int in;
    int out;
    size_t size_max;
    char *buffer;
    size_t capacity;
    size_t begin; /* of what was read and not yet answered */
    size_t end;
    int failed; /* errno of a write */
    mcp_session session;
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

static void send_line(void *context, const char *text, size_t size) {
    channel *c = context;
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

/* ---- reading --------------------------------------------------------------------------------------------------- */

static bool make_room(channel *c) {
    memmove(c->buffer, c->buffer + c->begin, c->end - c->begin);
    c->end -= c->begin;
    c->begin = 0;
    if (c->end < c->capacity) return true;
    size_t capacity = c->capacity < 65536 ? 65536 : c->capacity * 2;
    char *grown = realloc(c->buffer, capacity);
    if (grown == NULL) return false;
    c->buffer = grown;
    c->capacity = capacity;
    return true;
}

/* Reads more behind what there is. @return bytes; 0 at the end; -1 on failure. */
static ssize_t read_more(channel *c) {
    if (!make_room(c)) {
        errno = ENOMEM;
        return -1;
    }
    ssize_t got;
    do got = read(c->in, c->buffer + c->end, c->capacity - c->end);
    while (got < 0 && errno == EINTR);
    if (got > 0) c->end += (size_t)got;
    return got;
}

/* ---- lines ----------------------------------------------------------------------------------------------------- */

static void answer_line(channel *c, epi_json_writer *answer, const mcp_registry *registry, const char *line,
                        size_t size) {
    mcp_exchange exchange = {.registry = registry, .session = &c->session, .send = send_line, .context = c};
    epi_json *message = NULL;
    size_t answer_size = 0;
    while (size > 0 && line[size - 1] == '\r') size--;
    if (size == 0) return;
    if (epi_json_parse(&message, line, size) != EPI_OK) {
        mcp_refuse(answer, NULL, MCP_PARSE_ERROR, epi_error_last()->message);
    } else {
        exchange.message = message;
        if (mcp_answer(answer, &exchange) == 1) {
            epi_json_free(message);
            return;
        }
    }
    const char *text = epi_json_writer_text(&answer_size, answer);
    if (text != NULL) send_line(c, text, answer_size);
    epi_json_free(message);
}

static void refuse_long_line(channel *c, epi_json_writer *answer) {
    char line[96];
    size_t size = 0;
    snprintf(line, sizeof line, "the message has more than %zu bytes", c->size_max);
    mcp_refuse(answer, NULL, MCP_INVALID_REQUEST, line);
    const char *text = epi_json_writer_text(&size, answer);
    if (text != NULL) send_line(c, text, size);
}

/* Answers the whole lines that were read. @param passing whether the line at hand is one that is passed over. */
static void answer_lines(channel *c, epi_json_writer *answer, const mcp_registry *registry, bool *passing) {
    char *newline;
    while (c->failed == 0 && (newline = memchr(c->buffer + c->begin, '\n', c->end - c->begin)) != NULL) {
        size_t size = (size_t)(newline - (c->buffer + c->begin));
        bool too_long = size > c->size_max;
        if (too_long && !*passing) refuse_long_line(c, answer);
        if (!too_long && !*passing) answer_line(c, answer, registry, c->buffer + c->begin, size);
        *passing = false;
        c->begin += size + 1;
    }
    if (c->end - c->begin <= c->size_max) return;
    if (!*passing) refuse_long_line(c, answer);
    *passing = true;
    c->begin = c->end;
}

int stdio_serve(const mcp_registry *registry, int in, int out, size_t size_max) {
    channel c = {.in = in, .out = out, .size_max = size_max};
    epi_json_writer *answer = NULL;
    bool passing = false;
    ssize_t got = -1;
    errno = ENOMEM;
    if (epi_json_writer_new(&answer, false) == EPI_OK) {
        while (c.failed == 0 && (got = read_more(&c)) > 0) answer_lines(&c, answer, registry, &passing);
    }
    int failed = c.failed != 0 ? c.failed : got < 0 ? errno : 0;
    if (failed == 0 && c.end > c.begin && !passing)
        answer_line(&c, answer, registry, c.buffer + c.begin, c.end - c.begin); /* a last line without a line break */
    epi_json_writer_free(answer);
    free(c.buffer);
    return failed != 0 ? failed : c.failed;
}
