/* http_mem0_reset.c - /reset, which empties mem0's server whoever asks: here only where --allow-reset was given. It
 * forgets what every user, agent and run has (the spaces that /memories writes to, and no other), so that restore can
 * take it back.
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"

typedef struct names {
    char (*list)[EPI_NAME_SIZE_MAX + 1];
    size_t count;
    bool failed;
} names;

static bool is_mem0s(const char *space) {
    return strncmp(space, "user:", 5) == 0 || strncmp(space, "agent:", 6) == 0 || strncmp(space, "run:", 4) == 0;
}

/* Names first: nothing is changed while they are read. */
static bool add_name(void *context, const char *name) {
    names *all = context;
    if (!is_mem0s(name)) return true;
    void *grown = realloc(all->list, (all->count + 1) * sizeof *all->list);
    all->failed = grown == NULL;
    if (all->failed) return false;
    all->list = grown;
    strncpy(all->list[all->count++], name, EPI_NAME_SIZE_MAX + 1);
    return true;
}

static epi_status forget_all(service *of, const char *name) {
    epi_space *space = NULL;
    epi_filter filter = epi_filter_default();
    filter.from = EPI_TIME_MIN; /* a filter that lets all pass */
    filter.include_superseded = true;
    epi_status status = service_space(&space, of, FOR_TALK, name, NULL);
    if (status == EPI_EPERMISSION) return EPI_OK; /* another space than the server's own: not its to empty */
    return status == EPI_OK ? epi_forget(NULL, space, &filter, 0, false) : status;
}

void http_mem0_reset(http_request *request) {
    names all = {.count = 0};
    service *of = http_service(request);
    if (!http_options_of(request)->reset) {
        http_problem(request, 403, "the server was started without --allow-reset, so nobody empties it at once");
        return;
    }
    if (!http_mem0_may_run(request, true)) return;
    epi_status status = epi_space_list(service_memory(of), add_name, &all);
    if (all.failed) status = EPI_ENOMEM;
    for (size_t i = 0; status == EPI_OK && i < all.count; i++) status = forget_all(of, all.list[i]);
    free(all.list);
    if (status == EPI_OK)
        http_answer_text(request, 200, HTTP_JSON, "{\"message\":\"All memories reset\"}");
    else
        http_problem_status(request, status);
}
