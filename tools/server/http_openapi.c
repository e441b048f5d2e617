/* http_openapi.c - /openapi.json, OpenAPI 3.1: made from the table of operations, whose schemas are the same JSON
 * Schema that it uses, and from a few paths that are no operations. */
#include <stdio.h>
#include <string.h>

#include "http_daemon.h"

/* The paths that are written by hand: name, method, what it does, type of the body (NULL: none), type of the answer. */
static const struct {
    const char *path;
    const char *method;
    const char *summary;
    const char *takes;
    const char *gives;
    bool open;
} others[] = {
    {"/healthz", "get", "Whether the server answers", NULL, HTTP_JSON, true},
    {"/readyz", "get", "Whether the memory can be read", NULL, HTTP_JSON, true},
    {"/metrics", "get", "Counters and times, in Prometheus' text form 0.0.4", NULL, "text/plain", false},
    {"/openapi.json", "get", "This document", NULL, HTTP_JSON, true},
    {"/v1/events", "get", "Server-sent events: that a space has changed, and what it holds now", NULL,
     "text/event-stream", false},
    {"/v1/replay/sample", "post", "A batch of a sampler as a block of columns (replay, size, beta, columns)", NULL,
     HTTP_COLUMNS, false},
    {"/v1/replay/update", "post", "New priorities (replay, flush): the columns id and priority", HTTP_COLUMNS,
     HTTP_JSON, false},
    {"/v1/replay/append", "post", "Rows of transitions (space, recorder, lanes, ids)", HTTP_COLUMNS, HTTP_JSON, false},
    {"/v1/export", "get", "A space as lines of JSON (space)", NULL, HTTP_LINES_TYPE, false},
    {"/v1/import", "post", "A file of one of several forms (space, format, source)", HTTP_LINES_TYPE, HTTP_JSON, false},
    {"/memories", "post", "Remembers messages, as mem0 does without its model", HTTP_JSON, HTTP_JSON, false},
    {"/search", "post", "Finds memories, as mem0 answers", HTTP_JSON, HTTP_JSON, false},
    {"/reset", "post", "Forgets all that mem0's routes keep, under --allow-reset", NULL, HTTP_JSON, false},
    {"/mcp", "post", "The Model Context Protocol over Streamable HTTP", HTTP_JSON, HTTP_JSON, false},
};

static void put_text(epi_json_writer *writer, const char *name, const char *text) {
    epi_json_put_string(writer, name, text, strlen(text));
}

static void put_raw(epi_json_writer *writer, const char *name, const char *json) {
    epi_json_put_raw(writer, name, json, strlen(json));
}

static void put_content(epi_json_writer *writer, const char *type, const char *schema) {
    epi_json_begin_object(writer, "content");
    epi_json_begin_object(writer, type);
    if (schema != NULL) put_raw(writer, "schema", schema);
    epi_json_end(writer);
    epi_json_end(writer);
}

static void put_responses(epi_json_writer *writer, const char *type, const char *schema) {
    epi_json_begin_object(writer, "responses");
    epi_json_begin_object(writer, "200");
    put_text(writer, "description", "Done");
    put_content(writer, type, schema);
    epi_json_end(writer);
    epi_json_begin_object(writer, "default");
    put_text(writer, "description", "What went wrong (RFC 9457)");
    put_content(writer, HTTP_PROBLEM, "{\"$ref\":\"#/components/schemas/Problem\"}");
    epi_json_end(writer);
    epi_json_end(writer);
}

/* ---- operations -------------------------------------------------------------------------------------------------- */

/* One query parameter for each property of the input schema. */
static void put_parameters(epi_json_writer *writer, const epi_json *schema) {
    const epi_json *required = epi_json_member(schema, "required");
    epi_json_begin_array(writer, "parameters");
    for (const epi_json *p = epi_json_first(epi_json_member(schema, "properties")); p; p = epi_json_next(p)) {
        const char *type = epi_json_string(epi_json_member(p, "type"), NULL);
        const char *text = epi_json_string(epi_json_member(p, "description"), NULL);
        bool must = false;
        for (const epi_json *r = epi_json_first(required); r; r = epi_json_next(r))
            must = must || strcmp(epi_json_string(r, NULL), epi_json_name(p)) == 0;
        epi_json_begin_object(writer, NULL);
        put_text(writer, "name", epi_json_name(p));
        put_text(writer, "in", "query");
        if (text != NULL) put_text(writer, "description", text);
        epi_json_put_bool(writer, "required", must);
        epi_json_begin_object(writer, "schema");
        put_text(writer, "type", type != NULL ? type : "string");
        epi_json_end(writer);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

static void put_method(epi_json_writer *writer, const operation *op, bool get) {
    char id[128];
    snprintf(id, sizeof id, "%s%s", op->name, get ? "_get" : "");
    epi_json_begin_object(writer, get ? "get" : "post");
    put_text(writer, "operationId", id);
    put_text(writer, "summary", op->title);
    put_text(writer, "description", op->description);
    if (get) {
        epi_json *schema = NULL;
        if (epi_json_parse(&schema, op->input_schema, strlen(op->input_schema)) == EPI_OK)
            put_parameters(writer, schema);
        epi_json_free(schema);
    } else {
        epi_json_begin_object(writer, "requestBody");
        epi_json_put_bool(writer, "required", true);
        put_content(writer, HTTP_JSON, op->input_schema);
        epi_json_end(writer);
    }
    put_responses(writer, HTTP_JSON, op->output_schema);
    epi_json_end(writer);
}

static void put_operation(epi_json_writer *writer, const operation *op) {
    char path[128];
    snprintf(path, sizeof path, "/v1/%s", op->name);
    epi_json_begin_object(writer, path);
    if (op->hints & OPERATION_READS) put_method(writer, op, true);
    put_method(writer, op, false);
    epi_json_end(writer);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static void put_other(epi_json_writer *writer, size_t i) {
    epi_json_begin_object(writer, others[i].path);
    epi_json_begin_object(writer, others[i].method);
    put_text(writer, "summary", others[i].summary);
    if (others[i].open) {
        epi_json_begin_array(writer, "security");
        epi_json_end(writer);
    }
    if (others[i].takes != NULL) {
        epi_json_begin_object(writer, "requestBody");
        put_content(writer, others[i].takes, NULL);
        epi_json_end(writer);
    }
    put_responses(writer, others[i].gives, NULL);
    epi_json_end(writer);
    epi_json_end(writer);
}

static void put_components(epi_json_writer *writer) {
    put_raw(writer, "components",
            "{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}},"
            "\"schemas\":{\"Problem\":{\"type\":\"object\",\"required\":[\"title\",\"status\"],"
            "\"properties\":{"
            "\"type\":{\"type\":\"string\",\"description\":\"about:blank, or urn:episodic:status: and the name of the "
            "library's status\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
            "\"detail\":{\"type\":\"string\",\"description\":\"One line: what was wrong, with the value and the "
            "limit\"}}}}}");
    put_raw(writer, "security", "[{\"token\":[]},{}]");
}

void http_openapi(http_request *request) {
    epi_json_writer *writer = NULL;
    epi_json_writer_new(&writer, false);
    epi_json_begin_object(writer, NULL);
    put_text(writer, "openapi", "3.1.0");
    put_raw(writer, "info",
            "{\"title\":\"episodic-server\",\"version\":\"" EPI_VERSION_STRING "\",\"description\":\"A memory of "
            "episodes over HTTP: remember, recall, imagine, replay.\"}");
    epi_json_begin_object(writer, "paths");
    for (size_t i = 0; operations[i] != NULL; i++) put_operation(writer, operations[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) put_other(writer, i);
    epi_json_end(writer);
    put_components(writer);
    epi_json_end(writer);
    http_answer_json(request, 200, writer);
}
