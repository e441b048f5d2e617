/* say.c - the server's own lines on stderr; see say.h. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/term_escape.h"

void say(const char *format, ...) {
    char line[1200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    char *safe = term_escape(line, strlen(line), " ");
    fprintf(stderr, "episodic-server: %s\n", safe != NULL ? safe : "out of memory");
    free(safe);
}
