/* http_page.c - the files of the page, which are part of the program (tools/CMakeLists.txt embeds page/). They hold
 * nothing of the memory, so they are sent to whoever asks; the page itself asks for the token. */
#include <string.h>

#include "http.h"
#include "page_files.h"

/* Nothing but what comes from here runs, loads, or is connected to. */
#define POLICY                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const page_file *find(const char *name) {
    if (*name == '\0') name = "index.html";
    for (size_t i = 0; i < page_file_count; i++) {
        if (strcmp(page_files[i].name, name) == 0) return &page_files[i];
    }
    return NULL;
}

void http_page(http_request *request) {
    const page_file *file = find(request->rest);
    const char *known = http_header(request, "If-None-Match");
    if (file == NULL) {
        http_problem(request, 404, "there is nothing at this path; /openapi.json tells what there is");
        return;
    }
    bool same = known != NULL && strcmp(known, file->tag) == 0;
    request->answer = (http_answer){.status = same ? 304 : 200, .type = same ? NULL : file->type};
    if (!same) {
        request->answer.body = file->bytes;
        request->answer.size = file->size;
    }
    http_answer_add(request, "ETag", file->tag);
    http_answer_add(request, "Cache-Control", "no-cache");
    http_answer_add(request, "Content-Security-Policy", POLICY);
    http_answer_add(request, "Referrer-Policy", "no-referrer");
}
