/* mcp.c - messages of the Model Context Protocol: which era a request is of, its answer's envelope, notifications; see
 * mcp.h. JSON-RPC 2.0, without batches.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "mcp.h"
#include "render.h"

#define META(name) "io.modelcontextprotocol/" name

/* ---- failing --------------------------------------------------------------------------------------------------- */

void mcp_fail(mcp_request *request, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(request->line, sizeof request->line, format, arguments);
    va_end(arguments);
    request->error = code;
}

/* Members of the error's data, an object; what is written is dropped when memory ran out. */
static epi_json_writer *error_data(mcp_request *request) {
    if (request->data == NULL) epi_json_writer_new(&request->data, false);
    return request->data;
}

void mcp_fail_resource(mcp_request *request, const char *uri) {
    mcp_fail(request, request->modern ? MCP_INVALID_PARAMS : MCP_NO_RESOURCE, "there is no resource %.200s", uri);
    epi_json_writer *data = error_data(request);
    epi_json_begin_object(data, NULL);
    render_text(data, "uri", uri);
    epi_json_end(data);
}

const char *mcp_param(mcp_request *request, const char *name, bool needed) {
    const char *text = epi_json_string(epi_json_member(request->params, name), NULL);
    if (text == NULL && needed) mcp_fail(request, MCP_INVALID_PARAMS, "params lacks the string \"%s\"", name);
    return text;
}

/* ---- pages ----------------------------------------------------------------------------------------------------- */

bool mcp_page(size_t *from, size_t *to, mcp_request *request, const char *list, size_t count) {
    const epi_json *given = epi_json_member(request->params, "cursor");
    const char *cursor = epi_json_string(given, NULL);
    uint64_t position = 0;
    bool valid = given == NULL || (cursor != NULL && cursor_read(&position, cursor, list, NULL) && position < count);
    if (!valid) mcp_fail(request, MCP_INVALID_PARAMS, "params.cursor is none that this list gave");
    *from = (size_t)position;
    *to = count - *from > MCP_PAGE_SIZE ? *from + MCP_PAGE_SIZE : count;
    return valid;
}

void mcp_page_end(mcp_request *request, const char *list, size_t to, size_t count) {
    char cursor[CURSOR_SIZE];
    if (to < count) render_text(request->result, "nextCursor", cursor_write(cursor, list, NULL, to));
}

/* ---- ahead of the answer --------------------------------------------------------------------------------------- */

void mcp_put_text(epi_json_writer *writer, const char *text, size_t size) {
    epi_json_begin_object(writer, NULL);
    render_text(writer, "type", "text");
    epi_json_put_string(writer, "text", text, size);
    epi_json_end(writer);
}

epi_json_writer *mcp_open_notification(const char *method) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return NULL;
    epi_json_begin_object(writer, NULL);
    render_text(writer, "jsonrpc", "2.0");
    render_text(writer, "method", method);
    epi_json_begin_object(writer, "params");
    return writer;
}

void mcp_close_notification(epi_json_writer *writer, void (*send)(void *context, const char *text, size_t size),
                            void *context) {
    size_t size = 0;
    epi_json_end(writer);
    epi_json_end(writer);
    const char *text = epi_json_writer_text(&size, writer);
    if (text != NULL) send(context, text, size);
    epi_json_writer_free(writer);
}

/* NULL where none can be sent. */
static epi_json_writer *open_notification(const mcp_request *request, const char *method) {
    return request->exchange->send != NULL ? mcp_open_notification(method) : NULL;
}

static void send_notification(const mcp_request *request, epi_json_writer *writer) {
    mcp_close_notification(writer, request->exchange->send, request->exchange->context);
}

void mcp_progress(mcp_request *request, double done, double total, const char *message) {
    const epi_json *token = epi_json_member(request->meta, "progressToken");
    epi_json_writer *writer = token != NULL ? open_notification(request, "notifications/progress") : NULL;
    if (writer == NULL) return;
    render_value(writer, "progressToken", token);
    epi_json_put_number(writer, "progress", done);
    if (total > 0.0) epi_json_put_number(writer, "total", total);
    render_optional(writer, "message", message);
    send_notification(request, writer);
}

int mcp_log_level(const char *name) {
    static const char *const levels[] = {"debug", "info",     "notice", "warning",
                                         "error", "critical", "alert",  "emergency"};
    for (int i = 0; name != NULL && i < (int)(sizeof levels / sizeof *levels); i++)
        if (strcmp(levels[i], name) == 0) return i;
    return -1;
}

/* The modern era sends only to requests that ask for a level. */
static bool wants_level(const mcp_request *request, const char *level) {
    const mcp_session *session = request->exchange->session;
    int asked = mcp_log_level(epi_json_string(epi_json_member(request->meta, META("logLevel")), NULL));
    if (request->modern) return asked >= 0 && mcp_log_level(level) >= asked;
    return session == NULL || mcp_log_level(level) >= session->log_level;
}

void mcp_log(mcp_request *request, const char *level, const char *logger, const char *text) {
    epi_json_writer *writer = wants_level(request, level) ? open_notification(request, "notifications/message") : NULL;
    if (writer == NULL) return;
    render_text(writer, "level", level);
    render_optional(writer, "logger", logger);
    render_text(writer, "data", text);
    send_notification(request, writer);
}

bool mcp_is_cancelled(const mcp_request *request) {
    return request->exchange->cancelled != NULL && request->exchange->cancelled(request->exchange->context);
}

/* ---- which era ------------------------------------------------------------------------------------------------- */

static void fail_version(mcp_request *request, const char *version) {
    mcp_fail(request, MCP_NO_VERSION, "protocol version %.40s is not supported", version);
    epi_json_writer *data = error_data(request);
    epi_json_begin_object(data, NULL);
    epi_json_begin_array(data, "supported");
    render_text(data, NULL, MCP_MODERN_VERSION);
    epi_json_end(data);
    render_text(data, "requested", version);
    epi_json_end(data);
}

/* Sets the era of a request, or fails. */
static void tell_era(mcp_request *request, const char *method) {
    const epi_json *named = epi_json_member(request->meta, META("protocolVersion"));
    const mcp_session *session = request->exchange->session;
    bool legacy = strcmp(method, "initialize") == 0 || strcmp(method, "ping") == 0 || session == NULL ||
                  session->opened;
    request->modern = named != NULL || !legacy || strcmp(method, "server/discover") == 0;
    if (!request->modern) return;
    const char *version = epi_json_string(named, NULL);
    if (version == NULL) {
        mcp_fail(request, MCP_INVALID_PARAMS, "params._meta lacks \"" META("protocolVersion") "\"%s",
                 legacy ? "" : ", and no \"initialize\" came before");
    } else if (strcmp(version, MCP_MODERN_VERSION) != 0) {
        fail_version(request, version);
    } else if (epi_json_type_of(epi_json_member(request->meta, META("clientCapabilities"))) != EPI_JSON_OBJECT) {
        mcp_fail(request, MCP_INVALID_PARAMS, "params._meta lacks \"" META("clientCapabilities") "\"");
    }
}

/* ---- envelopes ------------------------------------------------------------------------------------------------- */

static void open_answer(epi_json_writer *answer, const epi_json *id) {
    epi_json_writer_clear(answer);
    epi_json_begin_object(answer, NULL);
    render_text(answer, "jsonrpc", "2.0");
    render_value(answer, "id", id);
}

static void put_error(epi_json_writer *answer, int code, const char *line, epi_json_writer *data) {
    size_t size = 0;
    const char *text = data != NULL ? epi_json_writer_text(&size, data) : NULL;
    epi_json_begin_object(answer, "error");
    epi_json_put_integer(answer, "code", code);
    render_text(answer, "message", line);
    if (text != NULL) epi_json_put_raw(answer, "data", text, size);
    epi_json_end(answer);
    epi_json_end(answer);
}

void mcp_refuse(epi_json_writer *answer, const epi_json *id, int code, const char *line) {
    open_answer(answer, id);
    put_error(answer, code, line, NULL);
}

void mcp_open_stamp(epi_json_writer *result, const mcp_registry *registry, const char *result_type) {
    render_text(result, "resultType", result_type);
    epi_json_begin_object(result, "_meta");
    epi_json_begin_object(result, META("serverInfo"));
    render_text(result, "name", registry->name);
    render_text(result, "version", registry->version);
    epi_json_end(result);
}

/* What every result of the modern era has. */
static void put_stamp(mcp_request *request) {
    if (!request->modern) return;
    mcp_open_stamp(request->result, request->exchange->registry, request->result_type);
    epi_json_end(request->result);
}

/* Runs a request and writes its answer. */
static int answer_request(epi_json_writer *answer, mcp_request *request, const char *method) {
    size_t size = 0;
    tell_era(request, method);
    epi_json_begin_object(request->result, NULL);
    if (request->error == 0 && !mcp_run(request, method))
        mcp_fail(request, MCP_NO_METHOD, "there is no method %.80s", method);
    put_stamp(request);
    epi_json_end(request->result);
    const char *text = request->error == 0 ? epi_json_writer_text(&size, request->result) : NULL;
    if (request->error == 0 && text == NULL)
        mcp_fail(request, MCP_INTERNAL_ERROR, "the result did not fit into memory");
    open_answer(answer, request->id);
    if (request->error != 0) {
        put_error(answer, request->error, request->line, request->data);
    } else {
        epi_json_put_raw(answer, "result", text, size);
        epi_json_end(answer);
    }
    return request->error;
}

/* A request's id is a string or a whole number. */
static bool is_id(const epi_json *id) {
    int64_t whole;
    return epi_json_type_of(id) == EPI_JSON_STRING || epi_json_integer(&whole, id);
}

bool mcp_same_id(const epi_json *a, const epi_json *b) {
    size_t size_a = 0, size_b = 0;
    const char *text_a = epi_json_string(a, &size_a), *text_b = epi_json_string(b, &size_b);
    int64_t number_a, number_b;
    if (text_a != NULL && text_b != NULL) return size_a == size_b && memcmp(text_a, text_b, size_a) == 0;
    return epi_json_integer(&number_a, a) && epi_json_integer(&number_b, b) && number_a == number_b;
}

static bool is_response(const epi_json *message) {
    return epi_json_member(message, "method") == NULL &&
           (epi_json_member(message, "result") != NULL || epi_json_member(message, "error") != NULL);
}

int mcp_answer(epi_json_writer *answer, const mcp_exchange *exchange) {
    const epi_json *message = exchange->message;
    mcp_request request = {.exchange = exchange, .result_type = "complete"};
    const char *version = epi_json_string(epi_json_member(message, "jsonrpc"), NULL);
    const char *method = epi_json_string(epi_json_member(message, "method"), NULL);
    request.id = epi_json_member(message, "id");
    request.params = epi_json_member(message, "params");
    request.meta = epi_json_member(request.params, "_meta");
    epi_json_writer_clear(answer);
    if (exchange->listener != NULL) *exchange->listener = NULL;
    bool sound = version != NULL && strcmp(version, "2.0") == 0 && (request.id == NULL || is_id(request.id)) &&
                 (request.params == NULL || epi_json_type_of(request.params) == EPI_JSON_OBJECT);
    if (sound && is_response(message)) return 1;
    if (!sound || method == NULL) {
        mcp_refuse(answer, NULL, MCP_INVALID_REQUEST,
                   epi_json_type_of(message) == EPI_JSON_ARRAY ? "batches are not supported: send one message at a time"
                                                               : "this is no JSON-RPC 2.0 message");
        return MCP_INVALID_REQUEST;
    }
    if (request.id == NULL) return 1; /* no notification asks for anything here; transports look at cancellations */
    int code = MCP_INTERNAL_ERROR;
    if (epi_json_writer_new(&request.result, false) == EPI_OK)
        code = answer_request(answer, &request, method);
    else
        mcp_refuse(answer, NULL, code, "out of memory");
    epi_json_writer_free(request.result);
    epi_json_writer_free(request.data);
    if (code == 0 && exchange->listener != NULL && *exchange->listener != NULL) {
        epi_json_writer_clear(answer);
        return 1;
    }
    return code;
}
