/* http_operations.c - /v1/NAME: an operation's arguments out of a body or a query, and its result as the answer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

epi_json *http_body_object(http_request *request) {
    epi_json *root = NULL;
    epi_status status = epi_json_parse(&root, request->body, request->body_size);
    if (status != EPI_OK) {
        http_problem(request, status == EPI_ENOMEM ? 500 : 400, "the body is not JSON: %s", epi_error_last()->message);
    } else if (epi_json_type_of(root) != EPI_JSON_OBJECT) {
        http_problem(request, 400, "the body is not a JSON object");
        epi_json_free(root);
        root = NULL;
    }
    return root;
}

/* ---- arguments from a query -------------------------------------------------------------------------------------- */

static bool is_type(const epi_json *property, const char *type) {
    const char *named = epi_json_string(epi_json_member(property, "type"), NULL);
    return named != NULL && strcmp(named, type) == 0;
}

static bool is_number(const char *text) {
    char *end = NULL;
    errno = 0;
    strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 && strchr("+-.0123456789", *text) != NULL &&
           strpbrk(text, "xXnN") == NULL;
}

/* What does not look like its type stays a string, and the schema says so. Digits are taken over as they are, so that
 * no id loses one. */
static void put_value(epi_json_writer *writer, const char *name, const char *text, const epi_json *property) {
    bool number = is_type(property, "integer") || is_type(property, "number");
    if (number && is_number(text) && *text != '+' && *text != '.')
        epi_json_put_raw(writer, name, text, strlen(text));
    else if (is_type(property, "boolean") && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        epi_json_put_bool(writer, name, *text == 't');
    else
        epi_json_put_string(writer, name, text, strlen(text));
}

static bool is_first(const http_request *request, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (strcmp(request->query[i].name, request->query[index].name) == 0) return false;
    }
    return true;
}

/* A list is told by giving its name several times. */
static void put_parameter(epi_json_writer *writer, const http_request *request, size_t index, const epi_json *schema) {
    const http_pair *pair = &request->query[index];
    const epi_json *property = epi_json_member(epi_json_member(schema, "properties"), pair->name);
    if (!is_first(request, index)) return;
    if (!is_type(property, "array")) {
        put_value(writer, pair->name, pair->value, property);
        return;
    }
    epi_json_begin_array(writer, pair->name);
    for (size_t i = index; i < request->query_count; i++) {
        if (strcmp(request->query[i].name, pair->name) == 0)
            put_value(writer, NULL, request->query[i].value, epi_json_member(property, "items"));
    }
    epi_json_end(writer);
}

static epi_json *query_object(http_request *request, const operation *op) {
    epi_json *schema = NULL;
    epi_json *root = NULL;
    epi_json_writer *writer = NULL;
    size_t size = 0;
    epi_status status = epi_json_parse(&schema, op->input_schema, strlen(op->input_schema));
    if (status == EPI_OK) status = epi_json_writer_new(&writer, false);
    epi_json_begin_object(writer, NULL);
    for (size_t i = 0; i < request->query_count; i++) put_parameter(writer, request, i, schema);
    epi_json_end(writer);
    const char *text = epi_json_writer_text(&size, writer);
    if (status == EPI_OK) status = text != NULL ? epi_json_parse(&root, text, size) : EPI_EJSON;
    if (status != EPI_OK) http_problem(request, 400, "the query cannot be read as arguments");
    epi_json_writer_free(writer);
    epi_json_free(schema);
    return root;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

static void answer_failure(http_request *request, const operation_call *call, epi_status status) {
    char type[64];
    unsigned code = call->retry_ms > 0 ? 429 : call->refused && status == EPI_EINVAL ? 400 : http_status_of(status);
    snprintf(type, sizeof type, "urn:episodic:status:%s", epi_status_name(status));
    http_problem_typed(request, code, type, call->line);
    if (call->retry_ms == 0) return;
    snprintf(request->scratch, sizeof request->scratch, "%u", (call->retry_ms + 999) / 1000);
    http_answer_add(request, "Retry-After", request->scratch);
}

static bool is_cancelled(void *context) {
    return http_client_is_gone(context);
}

void http_run_operation(http_request *request, const operation *op, const epi_json *arguments) {
    operation_call call = {
        .service = http_service(request), .arguments = arguments, .cancelled = is_cancelled, .context = request};
    epi_status status = epi_json_writer_new(&call.result, false);
    if (status == EPI_OK) status = operation_run(&call, op);
    if (status == EPI_OK) {
        http_answer_json(request, 200, call.result);
        return;
    }
    epi_json_writer_free(call.result);
    answer_failure(request, &call, status);
}

void http_operation(http_request *request) {
    const operation *op = operation_find(request->rest);
    bool queried = strcmp(request->method, "POST") != 0;
    epi_json *arguments = queried ? query_object(request, op) : http_body_object(request);
    if (arguments == NULL) return;
    http_run_operation(request, op, arguments);
    epi_json_free(arguments);
}
