/* agent.h - a coding agent's transcript as its two halves see it: agent_lines.c reads lines into items, agent.c makes
 * steps of them. */
#ifndef EPI_TRANSFER_AGENT_H
#define EPI_TRANSFER_AGENT_H

#include "transfer.h"

#define EPI__AGENT_NONE SIZE_MAX

typedef enum epi__agent_kind {
    EPI__AGENT_ASKS, /* the user */
    EPI__AGENT_SAYS,
    EPI__AGENT_CALLS
} epi__agent_kind;

typedef struct epi__agent_item {
    epi__agent_kind kind;
    const char *id;         /* of the line, or of the call; NULL: none */
    const epi_json *value;  /* what has the content, or the call */
    const epi_json *result; /* that answers a call; NULL: none */
    epi_time time;          /* EPI_TIME_NONE: the file has not told any yet */
    epi_time answered;      /* when the result came; EPI_TIME_NONE: not known */
    size_t place;           /* line */
    size_t next;            /* item of the session; EPI__AGENT_NONE: the last */
} epi__agent_item;

typedef struct epi__agent_session {
    const char *name; /* NULL: none in the file */
    const char *side; /* which helper's talk beside the main one; "" for the main one */
    size_t first;
    size_t last;
} epi__agent_session;

/* Owns the parsed lines, which items and sessions point into. */
typedef struct epi__agent_log {
    epi_json **roots;
    size_t root_count;
    epi__agent_item *items;
    size_t count;
    size_t room;
    epi__agent_session *sessions;
    size_t session_count;
    uint64_t unread; /* lines that nothing was taken from */
} epi__agent_log;

/* EPI_ENOMEM. Lines that are no messages, or no JSON, are counted. */
epi_status epi__agent_log_read(epi__agent_log *log, const char *text, size_t size);
void epi__agent_log_dispose(epi__agent_log *log);

/* Whether a line shows that a file is a transcript. */
bool epi__agent_line_is(const epi_json *line);

const epi_json *epi__agent_arguments(const epi__agent_item *call); /* NULL: none */
/* The text of a result, and whether it is an error. */
epi_status epi__agent_result(epi__buffer *out, bool *error, const epi_json *result);

#endif
