/* http_problem.c - answers: what a route found, and what went wrong as application/problem+json (RFC 9457). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

void http_answer_dispose(http_answer *answer) {
    if (answer->release != NULL) answer->release(answer->owner);
    memset(answer, 0, sizeof *answer);
}

void http_answer_text(http_request *request, unsigned status, const char *type, const char *constant) {
    http_answer_dispose(&request->answer);
    request->answer = (http_answer){.status = status, .type = type, .body = constant, .size = strlen(constant)};
}

void http_answer_bytes(http_request *request, const char *type, void *heap, size_t size) {
    http_answer_dispose(&request->answer);
    request->answer = (http_answer){
        .status = 200, .type = type, .body = heap, .size = size, .release = free, .owner = heap};
}

static void free_writer(void *writer) {
    epi_json_writer_free(writer);
}

static void answer_writer(http_request *request, unsigned status, const char *type, epi_json_writer *writer) {
    size_t size = 0;
    const char *text = epi_json_writer_text(&size, writer);
    http_answer_dispose(&request->answer);
    if (text == NULL) {
        epi_json_writer_free(writer);
        http_answer_text(request, 500, HTTP_PROBLEM, "{\"title\":\"Internal Server Error\",\"status\":500}");
        return;
    }
    request->answer = (http_answer){
        .status = status, .type = type, .body = text, .size = size, .release = free_writer, .owner = writer};
}

void http_answer_json(http_request *request, unsigned status, epi_json_writer *writer) {
    answer_writer(request, status, HTTP_JSON, writer);
}

void http_answer_add(http_request *request, const char *name, const char *value) {
    http_answer *answer = &request->answer;
    if (answer->added_count < HTTP_ADDED_MAX) answer->added[answer->added_count++] = (http_pair){name, value};
}

/* ---- problems ---------------------------------------------------------------------------------------------------- */

static const char *title_of(unsigned status) {
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {{400, "Bad Request"},
                  {401, "Unauthorized"},
                  {403, "Forbidden"},
                  {404, "Not Found"},
                  {405, "Method Not Allowed"},
                  {409, "Conflict"},
                  {410, "Gone"},
                  {413, "Content Too Large"},
                  {415, "Unsupported Media Type"},
                  {422, "Unprocessable Content"},
                  {429, "Too Many Requests"},
                  {501, "Not Implemented"},
                  {503, "Service Unavailable"},
                  {504, "Gateway Timeout"},
                  {507, "Insufficient Storage"}};
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (titles[i].status == status) return titles[i].title;
    }
    return "Internal Server Error";
}

static void put_text(epi_json_writer *writer, const char *name, const char *text) {
    epi_json_put_string(writer, name, text, strlen(text));
}

void http_problem_typed(http_request *request, unsigned status, const char *type, const char *detail) {
    epi_json_writer *writer = NULL;
    epi_json_writer_new(&writer, false);
    epi_json_begin_object(writer, NULL);
    put_text(writer, "type", type);
    put_text(writer, "title", title_of(status));
    epi_json_put_unsigned(writer, "status", status);
    put_text(writer, "detail", detail);
    epi_json_end(writer);
    answer_writer(request, status, HTTP_PROBLEM, writer);
}

void http_problem(http_request *request, unsigned status, const char *format, ...) {
    char detail[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    http_problem_typed(request, status, "about:blank", detail);
}

unsigned http_status_of(epi_status status) {
    /* Whether the caller is wrong, the thing is gone, or we cannot: all else of a status is in the problem's type. */
    if (status >= EPI_EFORMAT && status <= EPI_EUTF8) return 422;
    switch ((int)status) {
    case EPI_OK: return 200;
    case EPI_EINVAL: return 422;
    case EPI_EUNSUPPORTED: return 422;
    case EPI_ENOTFOUND: return 404;
    case EPI_ESTALE: return 410;
    case EPI_EEXISTS:
    case EPI_ECONFLICT:
    case EPI_ESCHEMA:
    case EPI_EMISMATCH:
    case EPI_EENDED: return 409;
    case EPI_EREADONLY:
    case EPI_EPERMISSION: return 403;
    case EPI_ECANCELLED: /* its client is gone, or the server stops */
    case EPI_ECLOSED:
    case EPI_EBUSY:
    case EPI_EREADERS: return 503;
    case EPI_ETIMEOUT: return 504;
    case EPI_EDISKFULL:
    case EPI_EMAPFULL:
    case EPI_EQUOTA: return 507;
    default: return 500;
    }
}

void http_problem_status(http_request *request, epi_status status) {
    char type[64];
    const epi_error *error = epi_error_last();
    const char *detail = error->status == status ? error->message : epi_status_text(status);
    snprintf(type, sizeof type, "urn:episodic:status:%s", epi_status_name(status));
    http_problem_typed(request, http_status_of(status), type, detail);
}
