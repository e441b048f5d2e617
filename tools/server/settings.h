/* settings.h - the command line of episodic-server, read by a table. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "service.h"

typedef struct settings {
    service_options service;
    const char *as;   /**< "episodic" or "memory": which tools; NULL: the first */
    bool mcp;         /**< serve MCP on standard input and output */
    const char *http; /**< serve HTTP at this address; NULL: not */
    const char *token_file;
    const char *hosts; /**< see http.h */
    uint64_t request_s;
    bool reset;       /**< see http.h */
    uint64_t threads; /**< see http.h */
    uint64_t size_max; /**< bytes of a message; 0: the default */
    bool help;
    bool version;
} settings;

/** @param[out] line what is wrong, in one line. @return false then */
bool settings_read(settings *s, char *line, size_t size, int count, char **words);
void settings_help(void);

#endif
