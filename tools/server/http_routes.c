/* http_routes.c - which function answers which path. */
#include <stdio.h>
#include <string.h>

#include "http.h"

static const http_route routes[] = {
    {"GET", "/healthz", HTTP_OPEN | HTTP_INLINE, http_healthz},
    {"GET", "/readyz", HTTP_OPEN, http_readyz},
    {"GET", "/metrics", 0, http_metrics},
    {"GET", "/openapi.json", HTTP_OPEN, http_openapi},
    {"GET", "/v1/events", 0, http_events_open},
    {"POST", "/v1/replay/sample", HTTP_LONG | HTTP_EMPTY, http_replay_sample},
    {"POST", "/v1/replay/update", HTTP_LONG | HTTP_BINARY | HTTP_LARGE, http_replay_update},
    {"POST", "/v1/replay/append", HTTP_LONG | HTTP_BINARY | HTTP_LARGE, http_replay_append},
    {"GET", "/v1/export", HTTP_LONG, http_export},
    {"POST", "/v1/import", HTTP_LONG | HTTP_LARGE | HTTP_LINES, http_import},
    {"POST", "/mcp", HTTP_LONG, http_mcp},
    {"GET", "/memories", HTTP_BRIEF, http_mem0_list},
    {"POST", "/memories", HTTP_LONG, http_mem0_add},
    {"DELETE", "/memories", HTTP_LONG, http_mem0_delete_all},
    {"GET", "/memories/", 0, http_mem0_one},
    {"PUT DELETE", "/memories/", HTTP_LONG, http_mem0_one},
    {"POST", "/search", HTTP_BRIEF, http_mem0_search},
    {"POST", "/reset", HTTP_LONG | HTTP_EMPTY, http_mem0_reset},
    {"GET", "/", HTTP_OPEN | HTTP_INLINE, http_page},
};

/* /v1/NAME, by what the operation does. */
static const http_route reading = {"GET POST", "/v1/", HTTP_BRIEF, http_operation};
static const http_route slow = {"GET POST", "/v1/", HTTP_LONG, http_operation};
static const http_route writing = {"POST", "/v1/", HTTP_LONG, http_operation};

static const http_route *operation_route(const char *path) {
    const operation *op = strncmp(path, "/v1/", 4) == 0 ? operation_find(path + 4) : NULL;
    if (op == NULL) return NULL;
    if (!(op->hints & OPERATION_READS)) return &writing;
    return op->hints & OPERATION_SLOW ? &slow : &reading;
}

static bool path_is(const http_route *route, const char *path) {
    size_t size = strlen(route->path);
    return strncmp(route->path, path, size) == 0 && (path[size] == '\0' || route->path[size - 1] == '/');
}

/* Whether the route's list of methods has this one; HEAD is a GET without its body. */
static bool method_is(const http_route *route, const char *method) {
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    size_t size = strlen(wanted);
    for (const char *at = route->method; (at = strstr(at, wanted)) != NULL; at += size) {
        bool begins = at == route->method || at[-1] == ' ';
        if (begins && (at[size] == ' ' || at[size] == '\0')) return size > 0;
    }
    return false;
}

static const http_route *find(const http_request *request, const http_route **other_method) {
    const http_route *route = operation_route(request->path);
    if (route != NULL && method_is(route, request->method)) return route;
    *other_method = route;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!path_is(&routes[i], request->path)) continue;
        if (routes[i].run == http_page && *other_method != NULL) return NULL; /* the page takes what is nobody's */
        if (method_is(&routes[i], request->method)) return &routes[i];
        if (routes[i].run != http_page) *other_method = &routes[i];
    }
    return NULL;
}

static void refuse_method(http_request *request, const http_route *route) {
    size_t size = 0;
    http_problem(request, 405, "%s answers %s only", route->path, route->method);
    for (const char *at = route->method; *at != '\0' && size + 2 < sizeof request->scratch; at++) {
        if (*at == ' ') request->scratch[size++] = ',';
        request->scratch[size++] = *at;
    }
    request->scratch[size] = '\0';
    http_answer_add(request, "Allow", request->scratch);
}

bool http_route_find(http_request *request) {
    const http_route *other_method = NULL;
    request->route = find(request, &other_method);
    if (request->route != NULL) {
        request->rest = request->path + strlen(request->route->path);
        return true;
    }
    if (other_method != NULL)
        refuse_method(request, other_method);
    else
        http_problem(request, 404, "there is nothing at this path; /openapi.json tells what there is");
    return false;
}
