/* fuzz_server_mcp.c - any lines as messages of MCP, in either era, to a server on a memory of its own: each answer is
 * one message of JSON-RPC, in the form of its era, and to what was asked. The first byte 'g' chooses the tools of the
 * official memory server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_registry.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUTS_MAX 400u /* of one memory: it grows */

static service *of;
static memory_registry episodic, graph;
static epi_json_writer *answer;

static void must(bool held, const char *what, const char *text) {
    if (held) return;
    fprintf(stderr, "%s: %s\n", what, text != NULL ? text : "(nothing)");
    abort();
}

static void close_service(void) {
    service_close(of);
    epi_json_writer_free(answer);
    answer = NULL;
}

static void open_service(void) {
    static bool registered;
    if (of != NULL) close_service();
    must(service_open(&of, &(service_options){.memory = scratch_folder(), .space = "home", .work_space = "work"}) ==
                 EPI_OK &&
             epi_json_writer_new(&answer, false) == EPI_OK,
         "opening", epi_error_last()->message);
    memory_registry_init(&episodic, of, AS_EPISODIC);
    memory_registry_init(&graph, of, AS_MEMORY);
    if (!registered) atexit(close_service);
    registered = true;
}

static bool is_text(const epi_json *value) {
    return epi_json_type_of(value) == EPI_JSON_STRING;
}

/* A message of JSON-RPC, parsed from what is sent. */
static epi_json *parse_sent(const char *text, size_t size) {
    epi_json *message = NULL;
    must(text != NULL && epi_json_parse(&message, text, size) == EPI_OK, "not JSON", text);
    const char *version = epi_json_string(epi_json_member(message, "jsonrpc"), NULL);
    must(version != NULL && strcmp(version, "2.0") == 0, "not JSON-RPC", text);
    return message;
}

static void check_notification(void *context, const char *text, size_t size) {
    epi_json *note = parse_sent(text, size);
    (void)context;
    must(is_text(epi_json_member(note, "method")) && epi_json_member(note, "id") == NULL, "no notification", text);
    epi_json_free(note);
}

static void check_answer(const epi_json *message, int code) {
    size_t size = 0;
    const char *text = epi_json_writer_text(&size, answer);
    epi_json *sent = parse_sent(text, size);
    const epi_json *error = epi_json_member(sent, "error"), *result = epi_json_member(sent, "result");
    const epi_json *id = epi_json_member(sent, "id");
    int64_t said = 0;
    must((error == NULL) == (code == 0) && (error == NULL) != (result == NULL), "neither result nor error", text);
    must(epi_json_type_of(id) == EPI_JSON_NULL || mcp_same_id(id, epi_json_member(message, "id")), "another id", text);
    if (error != NULL)
        must(epi_json_integer(&said, epi_json_member(error, "code")) && said == code &&
                 is_text(epi_json_member(error, "message")),
             "no error", text);
    const epi_json *meta = epi_json_member(epi_json_member(message, "params"), "_meta");
    if (result != NULL && epi_json_member(meta, "io.modelcontextprotocol/protocolVersion") != NULL)
        must(is_text(epi_json_member(result, "resultType")), "no result of the modern era", text);
    epi_json_free(sent);
}

static void check_listener(mcp_listener *listener, const epi_json *message) {
    for (int i = 0; i < 2 && mcp_listener_tell(listener, check_notification, NULL); i++) continue;
    mcp_listener_end(answer, listener);
    check_answer(message, 0);
    mcp_listener_free(listener);
}

static void answer_line(const mcp_registry *registry, mcp_session *session, const char *line, size_t size) {
    epi_json *message = NULL;
    mcp_listener *opened = NULL;
    if (epi_json_parse(&message, line, size) != EPI_OK) {
        mcp_refuse(answer, NULL, MCP_PARSE_ERROR, epi_error_last()->message);
        check_answer(NULL, MCP_PARSE_ERROR);
        return;
    }
    int code = mcp_answer(answer, &(mcp_exchange){.registry = registry,
                                                  .session = session,
                                                  .message = message,
                                                  .send = check_notification,
                                                  .listener = &opened});
    if (opened != NULL)
        check_listener(opened, message);
    else if (code != 1)
        check_answer(message, code);
    epi_json_free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static unsigned inputs;
    mcp_session session = {0};
    if (inputs++ % INPUTS_MAX == 0) open_service();
    const mcp_registry *registry = size > 0 && data[0] == 'g' ? &graph.registry : &episodic.registry;
    const char *at = (const char *)data, *end = at + size;
    if (registry == &graph.registry) at++;
    for (int lines = 0; at < end && lines < 16; lines++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        if (next == NULL) next = end;
        if (next > at) answer_line(registry, &session, at, (size_t)(next - at));
        at = next < end ? next + 1 : end;
    }
    if (session.listener != NULL) mcp_listener_tell(session.listener, check_notification, NULL);
    mcp_listener_free(session.listener);
    return 0;
}
