/* http_transfer.c - /v1/import and /v1/export: files in and out, as the command line does it.
 *
 * A file is in memory as a whole, both ways: so an import is read in one piece, and no slow client keeps a snapshot of
 * the store open.
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"

#define EXPORT_SIZE_MAX (1024u * 1024u * 1024u)

/* ---- export ------------------------------------------------------------------------------------------------------ */

typedef struct text {
    http_request *request;
    char *data;
    size_t size, room;
} text;

static bool append(void *context, const char *piece, size_t size) {
    text *t = context;
    if (t->size + size > EXPORT_SIZE_MAX || http_client_is_gone(t->request)) return false;
    if (t->size + size > t->room) {
        size_t room = t->room > 0 ? t->room : 65536;
        while (room < t->size + size) room *= 2;
        char *grown = realloc(t->data, room);
        if (grown == NULL) return false;
        t->data = grown;
        t->room = room;
    }
    memcpy(t->data + t->size, piece, size);
    t->size += size;
    return true;
}

void http_export(http_request *request) {
    service *of = http_service(request);
    const char *name = http_query(request, "space");
    text t = {.request = request};
    epi_space *space = NULL;
    if (name == NULL) name = service_default_space(of, FOR_TALK);
    if (name == NULL) {
        http_problem(request, 400, "the parameter space is missing: which space?");
        return;
    }
    epi_status status = service_space(&space, of, FOR_TALK, name, NULL);
    if (status == EPI_OK) status = epi_export(space, append, &t);
    if (status == EPI_OK) {
        http_answer_bytes(request, HTTP_LINES_TYPE, t.data, t.size);
        return;
    }
    free(t.data);
    if (status == EPI_ECANCELLED)
        http_problem(request, 507, "the space has more than %u bytes as lines, or there is no memory for them",
                     EXPORT_SIZE_MAX);
    else
        http_problem_status(request, status);
}

/* ---- import ------------------------------------------------------------------------------------------------------ */

static bool goes_on(void *context, uint64_t done, uint64_t total) {
    (void)done, (void)total;
    return !http_client_is_gone(context);
}

static void put_report(http_request *request, const epi_import_report *report) {
    epi_json_writer *writer = NULL;
    epi_json_writer_new(&writer, false);
    epi_json_begin_object(writer, NULL);
    const char *format = epi_format_name(report->format);
    epi_json_put_string(writer, "format", format, strlen(format));
    epi_json_put_unsigned(writer, "spaces", report->spaces);
    epi_json_put_unsigned(writer, "episodes", report->episodes);
    epi_json_put_unsigned(writer, "steps", report->steps);
    epi_json_put_unsigned(writer, "present", report->present);
    epi_json_put_unsigned(writer, "skipped", report->skipped);
    epi_json_put_unsigned(writer, "unread", report->unread);
    epi_json_end(writer);
    http_answer_json(request, 200, writer);
}

/* Files may name spaces of their own, so a server that has but one takes none. */
static bool may_import(http_request *request) {
    const service_options *options = service_options_of(http_service(request));
    if (options->read_only)
        http_problem(request, 403, "the server was started with --read-only");
    else if (options->only)
        http_problem(request, 403, "the server was started with --only: a file may be of any space");
    return !options->read_only && !options->only;
}

void http_import(http_request *request) {
    epi_import_options options = epi_import_options_default();
    epi_import_report report;
    const char *format = http_query(request, "format");
    if (!may_import(request)) return;
    options.format = format != NULL ? epi_format_from_name(format) : EPI_FORMAT_AUTO;
    if (format != NULL && options.format == EPI_FORMAT_AUTO && strcmp(format, "auto") != 0) {
        http_problem(request, 400, "there is no format %.40s; see docs/IMPORT.md", format);
        return;
    }
    options.space = http_query(request, "space");
    options.source = http_query(request, "source");
    options.progress = goes_on;
    options.context = request;
    epi_status status = epi_import(&report, service_memory(http_service(request)), request->body, request->body_size,
                                   &options);
    if (status == EPI_OK) {
        service_touch(http_service(request));
        put_report(request, &report);
    } else {
        http_problem_status(request, status);
    }
}
