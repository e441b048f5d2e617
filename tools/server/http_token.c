/* http_token.c - the bearer token: where it comes from (a file or the environment, never an argument, which every user
 * of the machine can read), and comparing it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "say.h"

#define TOKEN_SIZE_MIN 16u /* one that is shorter can be found by trying */

static bool complain(const char *where, const char *what) {
    say("the token in %s %s", where, what);
    return false;
}

/* The first line of a file. */
static bool read_line(char *line, size_t size, const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return complain(path, "cannot be read");
    bool read = fgets(line, (int)size, file) != NULL;
    fclose(file);
    if (!read) return complain(path, "is missing: the file is empty");
    if (strlen(line) + 1 == size) return complain(path, "is longer than 1,022 bytes");
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

bool http_token_read(char token[HTTP_TOKEN_ROOM], const char *path) {
    const char *given = getenv("EPISODIC_TOKEN");
    const char *where = path != NULL ? path : "EPISODIC_TOKEN";
    token[0] = '\0';
    if (path != NULL) {
        if (!read_line(token, HTTP_TOKEN_ROOM, path)) return false;
    } else if (given != NULL) {
        if (strlen(given) >= HTTP_TOKEN_ROOM) return complain(where, "is longer than 1,023 bytes");
        memcpy(token, given, strlen(given) + 1);
    } else {
        return true;
    }
    if (strlen(token) < TOKEN_SIZE_MIN) return complain(where, "has fewer than 16 characters");
    for (const char *c = token; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') return complain(where, "has a character that no header can carry");
    }
    return true;
}

bool http_token_is(const char *given, const char *token) {
    size_t size = strlen(given);
    size_t expected = strlen(token);
    volatile unsigned char differs = size != expected;
    for (size_t i = 0; i < size; i++) differs |= (unsigned char)(given[i] ^ token[expected > 0 ? i % expected : 0]);
    return differs == 0;
}
