/* lines.h - reading lines from a descriptor, up to a limit. What is longer is passed over up to its end. */
#ifndef SERVER_LINES_H
#define SERVER_LINES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct lines {
    int in;
    int wake; /* readable when nobody wants lines any more: then the input has ended */
    size_t size_max;
    char *buffer;
    size_t capacity;
    size_t begin;  /* of what was read and not yet given out */
    size_t looked; /* of that, without a line break */
    size_t end;
    bool passing;
} lines;

typedef enum lines_result {
    LINES_LINE,     /**< a line, without its break */
    LINES_TOO_LONG, /**< one that was longer than the limit; told once, at its beginning */
    LINES_END,      /**< the input ended */
    LINES_FAILED    /**< errno says why */
} lines_result;

/** @param[out] line of the reader, until its next call. It may be written to. @param size its bytes. */
lines_result lines_next(char **line, size_t *size, lines *from);
void lines_dispose(lines *from);

#endif
