/* lines.c - reading lines from a descriptor; see lines.h. One buffer, which grows to the longest line and no more. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

static bool make_room(lines *from) {
    if (from->begin > 0) memmove(from->buffer, from->buffer + from->begin, from->end - from->begin);
    from->end -= from->begin;
    from->begin = 0;
    if (from->end < from->capacity) return true;
    size_t capacity = from->capacity < 65536 ? 65536 : from->capacity * 2;
    char *grown = realloc(from->buffer, capacity);
    if (grown == NULL) return false;
    from->buffer = grown;
    from->capacity = capacity;
    return true;
}

/* Waits for input, or for being woken, which is the end of it. */
static ssize_t read_some(const lines *from) {
    struct pollfd waited[2] = {{from->in, POLLIN, 0}, {from->wake, POLLIN, 0}};
    for (;;) {
        int ready = poll(waited, 2, -1);
        if (ready < 0 && errno != EINTR) return -1;
        if (ready > 0 && waited[1].revents != 0) return 0;
        if (ready <= 0) continue;
        ssize_t got = read(from->in, from->buffer + from->end, from->capacity - from->end);
        if (got >= 0 || errno != EINTR) return got;
    }
}

/* A whole line of what was read, if there is one. */
static bool take_line(char **line, size_t *size, lines *from) {
    char *start = from->buffer != NULL ? from->buffer + from->begin : NULL;
    size_t held = from->end - from->begin;
    char *newline = held > from->looked ? memchr(start + from->looked, '\n', held - from->looked) : NULL;
    from->looked = newline != NULL ? 0 : held;
    if (newline == NULL) return false;
    *line = start;
    *size = (size_t)(newline - start);
    from->begin += *size + 1;
    return true;
}

/* What the end of the input leaves is a line too. */
static lines_result take_rest(char **line, size_t *size, lines *from) {
    *line = from->buffer + from->begin;
    *size = from->end - from->begin;
    from->begin = from->end;
    from->looked = 0;
    return *size > 0 && !from->passing ? LINES_LINE : LINES_END;
}

lines_result lines_next(char **line, size_t *size, lines *from) {
    for (;;) {
        if (take_line(line, size, from)) {
            bool passed = from->passing;
            from->passing = false;
            if (passed) continue; /* the end of one that was too long */
            return *size > from->size_max ? LINES_TOO_LONG : LINES_LINE;
        }
        if (from->end - from->begin > from->size_max) {
            bool told = from->passing;
            from->passing = true;
            from->begin = from->end;
            from->looked = 0;
            if (!told) return LINES_TOO_LONG;
        }
        if (!make_room(from)) {
            errno = ENOMEM;
            return LINES_FAILED;
        }
        ssize_t got = read_some(from);
        if (got < 0) return LINES_FAILED;
        if (got == 0) return take_rest(line, size, from);
        from->end += (size_t)got;
    }
}

void lines_dispose(lines *from) {
    free(from->buffer);
    from->buffer = NULL;
}
