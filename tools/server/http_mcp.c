/* http_mcp.c - /mcp: the Model Context Protocol over Streamable HTTP, in both eras, without sessions.
 *
 * A POST is one message. Its answer is JSON; where the work sends notifications ahead of it (progress, log messages),
 * the answer is an event stream that begins with the first of these, while the work goes on, and ends with the result.
 * What "subscriptions/listen" opens stays open (http_listen.c). In the modern era three headers repeat what the message
 * says, for those between who do not read bodies; one that differs is refused, because then somebody was told something
 * else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_daemon.h"

#define VERSION_KEY "io.modelcontextprotocol/protocolVersion"
#define CAPABILITIES_KEY "io.modelcontextprotocol/clientCapabilities"
#define EVENT_STREAM "text/event-stream"

/* A message that is being answered. */
typedef struct exchange {
    http_request *request;
    http_push *push; /* NULL: nothing was sent ahead of the answer yet */
    bool modern;
    bool takes_events; /* the client does, by its Accept */
    mcp_listener *listener;
} exchange;

/* The first notification begins the stream. */
static void send_ahead(void *context, const char *text, size_t size) {
    exchange *e = context;
    if (e->push == NULL && e->takes_events) e->push = http_push_new(e->request);
    if (e->push != NULL) http_push_event(e->push, text, size);
}

/* In the modern era closing the stream cancels; in the legacy one it says nothing. */
static bool is_cancelled(void *context) {
    const exchange *e = context;
    if (!e->modern) return false;
    return e->push != NULL ? http_push_is_gone(e->push) : http_client_is_gone(e->request);
}

static bool takes_events(const http_request *request) {
    const char *accept = http_header(request, "Accept");
    return accept == NULL || strstr(accept, EVENT_STREAM) != NULL || strstr(accept, "*/*") != NULL ||
           strstr(accept, "text/*") != NULL;
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

static int digit_of(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Whether the base64 text says `value`. */
static bool says_base64(const char *text, size_t size, const char *value, size_t value_size) {
    unsigned bits = 0;
    int held = 0;
    size_t done = 0;
    while (size > 0 && text[size - 1] == '=') size--;
    for (size_t i = 0; i < size; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0) return false;
        bits = (bits << 6 | (unsigned)digit) & 0xffffu;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        if (done == value_size || (unsigned char)value[done] != (bits >> held & 0xffu)) return false;
        done++;
    }
    return done == value_size;
}

/* A header repeats a string as it is, or as =?base64?...?= when it is not plain ASCII. */
static bool says(const char *header, const epi_json *string) {
    size_t size = 0;
    const char *value = epi_json_string(string, &size);
    if (value == NULL || header == NULL) return false;
    size_t length = strlen(header);
    while (length > 0 && (header[length - 1] == ' ' || header[length - 1] == '\t')) length--;
    if (length > 11 && memcmp(header, "=?base64?", 9) == 0 && memcmp(header + length - 2, "?=", 2) == 0)
        return says_base64(header + 9, length - 11, value, size);
    return length == size && memcmp(header, value, size) == 0;
}

/* What Mcp-Name repeats; NULL: the method has no name. */
static const epi_json *name_of(const epi_json *message) {
    const char *method = epi_json_string(epi_json_member(message, "method"), NULL);
    const epi_json *params = epi_json_member(message, "params");
    if (method == NULL) return NULL;
    if (strcmp(method, "tools/call") == 0 || strcmp(method, "prompts/get") == 0) return epi_json_member(params, "name");
    return strcmp(method, "resources/read") == 0 ? epi_json_member(params, "uri") : NULL;
}

static const epi_json *version_of(const epi_json *message) {
    return epi_json_member(epi_json_member(epi_json_member(message, "params"), "_meta"), VERSION_KEY);
}

/* The first header that does not repeat the message; NULL: all do. */
static const char *differing(const http_request *request, const epi_json *message) {
    const char *version = http_header(request, "MCP-Protocol-Version");
    const char *method = http_header(request, "Mcp-Method");
    const char *name = http_header(request, "Mcp-Name");
    const epi_json *named = name_of(message);
    bool modern = epi_json_type_of(version_of(message)) == EPI_JSON_STRING;
    if (modern && !says(version, version_of(message))) return "MCP-Protocol-Version";
    if ((modern || method != NULL) && !says(method, epi_json_member(message, "method"))) return "Mcp-Method";
    if (named != NULL && (modern || name != NULL) && !says(name, named)) return "Mcp-Name";
    return NULL;
}

/* ---- answering --------------------------------------------------------------------------------------------------- */

/* The status beside the code of a JSON-RPC error, which the legacy era keeps to itself. */
static unsigned status_of(int code, bool modern) {
    switch (code) {
    case MCP_PARSE_ERROR:
    case MCP_INVALID_REQUEST:
    case MCP_HEADER_MISMATCH:
    case MCP_NO_CAPABILITY:
    case MCP_NO_VERSION: return 400;
    case MCP_NO_METHOD: return modern ? 404 : 200;
    default: return 200;
    }
}

/* Takes a legacy version's header that no version has for what it is: a request of nobody we know. */
static bool knows_version(const http_request *request) {
    static const char *const known[] = {MCP_MODERN_VERSION, MCP_LEGACY_VERSION, "2025-06-18", "2025-03-26",
                                        "2024-11-05"};
    const char *version = http_header(request, "MCP-Protocol-Version");
    if (version == NULL) return true;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(version, known[i]) == 0) return true;
    }
    return false;
}

/* What a request of the modern era has to say of itself, and this one does not; NULL: nothing. */
static const char *lacking(const http_request *request, const epi_json *message) {
    const char *version = http_header(request, "MCP-Protocol-Version");
    const epi_json *meta = epi_json_member(epi_json_member(message, "params"), "_meta");
    bool claims = version != NULL && strcmp(version, MCP_MODERN_VERSION) == 0;
    if (epi_json_member(message, "id") == NULL || epi_json_member(message, "method") == NULL) return NULL;
    if (epi_json_type_of(version_of(message)) != EPI_JSON_STRING) return claims ? VERSION_KEY : NULL;
    return epi_json_type_of(epi_json_member(meta, CAPABILITIES_KEY)) != EPI_JSON_OBJECT ? CAPABILITIES_KEY : NULL;
}

static int answer_message(epi_json_writer *answer, exchange *e, const epi_json *message) {
    const http_request *request = e->request;
    const char *header = differing(request, message);
    if (!e->modern && !knows_version(request)) header = "MCP-Protocol-Version";
    const char *member = lacking(request, message);
    char line[128];
    if (header == NULL && member != NULL) {
        snprintf(line, sizeof line, "params._meta lacks \"%s\"", member);
        mcp_refuse(answer, epi_json_member(message, "id"), MCP_INVALID_PARAMS, line);
        return MCP_INVALID_PARAMS;
    }
    if (header != NULL) {
        snprintf(line, sizeof line, "the header %s is missing, or does not say what the message does", header);
        mcp_refuse(answer, epi_json_member(message, "id"), MCP_HEADER_MISMATCH, line);
        return MCP_HEADER_MISMATCH;
    }
    return mcp_answer(answer, &(mcp_exchange){.registry = http_options_of(request)->mcp,
                                              .message = message,
                                              .send = send_ahead,
                                              .cancelled = is_cancelled,
                                              .context = e,
                                              .listener = e->takes_events ? &e->listener : NULL});
}

/* Sends an answer, which it takes over, where its exchange says. */
static void send_answer(exchange *e, int code, unsigned status, epi_json_writer *answer) {
    size_t size = 0;
    if (e->push != NULL) {
        const char *text = code == 1 ? NULL : epi_json_writer_text(&size, answer);
        http_push_end(e->push, text, size);
    } else if (e->listener != NULL) {
        http_listeners_add(http_listeners_of(e->request->server), e->request, e->listener);
    } else if (code == 1) {
        http_answer_text(e->request, 202, NULL, "");
    } else {
        http_answer_json(e->request, status, answer);
        return;
    }
    epi_json_writer_free(answer);
}

void http_mcp(http_request *request) {
    epi_json *message = NULL;
    epi_json_writer *answer = NULL;
    int code = MCP_PARSE_ERROR;
    if (http_options_of(request)->mcp == NULL) {
        http_problem(request, 404, "this server has no MCP");
        return;
    }
    epi_json_writer_new(&answer, false);
    epi_status status = epi_json_parse(&message, request->body, request->body_size);
    exchange e = {.request = request,
                  .modern = epi_json_type_of(version_of(message)) == EPI_JSON_STRING,
                  .takes_events = takes_events(request)};
    bool lacks = lacking(request, message) != NULL; /* looked at before the headers go */
    if (status == EPI_OK)
        code = answer_message(answer, &e, message);
    else
        mcp_refuse(answer, NULL, code, epi_error_last()->message);
    send_answer(&e, code, code == MCP_INVALID_PARAMS && lacks ? 400 : status_of(code, e.modern), answer);
    epi_json_free(message);
}
