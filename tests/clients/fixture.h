/* fixture.h - what the two files of the conformance fixture share. */
#ifndef TESTS_CLIENTS_FIXTURE_H
#define TESTS_CLIENTS_FIXTURE_H

#include "mcp.h"

/** Tools and a prompt that ask the client for more before they answer (multi round-trip requests). */
void fixture_ask(mcp_request *request, const mcp_tool *tool, const epi_json *arguments);
void fixture_ask_prompt(mcp_request *request, const epi_json *arguments);

/** What such a tool asks for. */
typedef struct fixture_question {
    const char *requests[2]; /* of each round: members of "inputRequests" */
    const char *keys[2][4];  /* that the answers of each round have to have */
    const char *states[2];   /* "requestState" of each round; NULL: none */
    bool by_capability;      /* asks only a client that can sample */
    const char *done;        /* the text at the end */
} fixture_question;

extern const fixture_question fixture_elicitation, fixture_sampling, fixture_roots, fixture_state, fixture_many,
    fixture_rounds, fixture_tampered, fixture_capable;

/** One text as all of "content". */
void fixture_text(mcp_request *request, const char *text);

#endif
