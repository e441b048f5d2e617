/* http_guard.c - who may ask. Host and Origin have to be ours, so that no page of another site reaches a server on
 * this machine through its user's browser (also not by a name that was made to point here); a token, where there is
 * one, has to be told; a body has to be of the type that a route takes, which no form of another site can send.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http_daemon.h"

static bool starts(const char *text, const char *with) {
    return strncasecmp(text, with, strlen(with)) == 0;
}

/* Splits "name:port" and "[::1]:port"; a port that is not told is "". */
static size_t name_size(const char *host, const char **port) {
    const char *end = *host == '[' ? strchr(host, ']') : NULL;
    const char *colon = strchr(end != NULL ? end : host, ':');
    *port = colon != NULL ? colon + 1 : "";
    return colon != NULL ? (size_t)(colon - host) : strlen(host);
}

static bool same_name(const char *host, size_t size, const char *name) {
    return strlen(name) == size && strncasecmp(host, name, size) == 0;
}

static bool is_loopback_name(const char *host, size_t size) {
    return same_name(host, size, "127.0.0.1") || same_name(host, size, "localhost") || same_name(host, size, "[::1]");
}

/* One of the names that were allowed: with a port it is that one, without it any. */
static bool is_allowed(const char *allowed, size_t length, const char *host, size_t size, const char *port) {
    if (length < size || strncasecmp(host, allowed, size) != 0) return false;
    size_t port_size = strlen(port);
    return length == size ||
           (allowed[size] == ':' && length - size - 1 == port_size && memcmp(allowed + size + 1, port, port_size) == 0);
}

static bool is_ours(const http_options *options, const char *host, const char *default_port) {
    const char *port;
    size_t size = name_size(host, &port);
    if (*port == '\0') port = default_port;
    char own[8];
    snprintf(own, sizeof own, "%u", options->port);
    const char *bound_port;
    size_t bound = name_size(options->address, &bound_port);
    bool named = is_loopback_name(host, size) || (size == bound && strncasecmp(host, options->address, size) == 0);
    if (named && strcmp(port, own) == 0) return true;
    for (const char *each = options->hosts; each != NULL && *each != '\0';) {
        size_t length = strcspn(each, ",");
        if (is_allowed(each, length, host, size, port)) return true;
        each += length + (each[length] == ',');
    }
    return false;
}

/* "http://name:port"; "null", and what has another form, is nobody. */
static bool origin_is_ours(const http_options *options, const char *origin) {
    if (starts(origin, "http://")) return is_ours(options, origin + 7, "80");
    if (starts(origin, "https://")) return is_ours(options, origin + 8, "443");
    return false;
}

static size_t count_of(const http_request *request, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) count += strcasecmp(request->headers[i].name, name) == 0;
    return count;
}

bool http_guard_host(http_request *request) {
    static const char *const once[] = {"Host", "Origin", "Authorization", "Content-Length", "Content-Type"};
    const http_options *options = http_options_of(request);
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
        if (count_of(request, once[i]) <= 1) continue;
        http_problem(request, 400, "the header %s comes more than once", once[i]);
        return false;
    }
    const char *host = http_header(request, "Host");
    const char *origin = http_header(request, "Origin");
    if (host == NULL) {
        http_problem(request, 400, "the header Host is missing");
    } else if (!is_ours(options, host, "80")) {
        http_problem(request, 403, "the Host is not one of this server's; see --allow-host");
    } else if (origin != NULL && !origin_is_ours(options, origin)) {
        http_problem(request, 403, "the Origin is not one of this server's; see --allow-host");
    } else {
        return true;
    }
    return false;
}

static bool has_token(http_request *request) {
    const char *token = http_options_of(request)->token;
    if (token == NULL || (request->route->flags & HTTP_OPEN)) return true;
    const char *given = http_header(request, "Authorization");
    if (given != NULL && starts(given, "Bearer ") && http_token_is(given + 7, token)) return true;
    http_problem(request, 401, given == NULL ? "a bearer token is needed" : "the bearer token is not the right one");
    http_answer_add(request, "WWW-Authenticate", given == NULL ? "Bearer" : "Bearer error=\"invalid_token\"");
    return false;
}

static bool has_type(const http_request *request, const char *type) {
    const char *given = http_header(request, "Content-Type");
    size_t size = strlen(type);
    return given != NULL && starts(given, type) && (given[size] == '\0' || given[size] == ';' || given[size] == ' ');
}

bool http_guard(http_request *request) {
    bool brings = strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0;
    const char *type = request->route->flags & HTTP_BINARY ? HTTP_COLUMNS : HTTP_JSON;
    if (!has_token(request)) return false;
    if (!brings || (request->route->flags & HTTP_EMPTY) || has_type(request, type)) return true;
    if ((request->route->flags & HTTP_LINES) && has_type(request, HTTP_LINES_TYPE)) return true;
    http_problem(request, 415, "the body has to be of the type %s", type);
    return false;
}
