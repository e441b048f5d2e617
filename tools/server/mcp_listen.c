/* mcp_listen.c - telling clients of changes: "subscriptions/listen" of the modern era, "resources/subscribe" of the
 * legacy one; see mcp.h.
 *
 * A listener is what one client wants to be told of, with a mark for each: what the resource was when it was last told.
 * The transport asks some times a second whether there is anything to tell. What came between two looks is in the
 * second one, so nothing is queued, and the changes of other processes are seen too. Tools and prompts are constant
 * here: of their lists there is never a change, and so nothing is promised.
 */
#include <stdlib.h>
#include <string.h>

#include "mcp.h"
#include "render.h"

#define SUBSCRIPTION_ID "io.modelcontextprotocol/subscriptionId"

typedef struct subscription {
    char *uri;
    mcp_mark mark;
} subscription;

struct mcp_listener {
    const mcp_registry *registry;
    epi_json *request; /* {"id": ...} of the one that opened it; NULL: of the legacy era */
    bool acknowledged;
    bool list; /* wants to know when the list of resources changes */
    mcp_mark list_mark;
    subscription subscriptions[MCP_SUBSCRIPTIONS_MAX];
    size_t count;
};

void mcp_listener_free(mcp_listener *listener) {
    if (listener == NULL) return;
    for (size_t i = 0; i < listener->count; i++) free(listener->subscriptions[i].uri);
    epi_json_free(listener->request);
    free(listener);
}

/* Takes a resource up, if there can be one of that name. @return false without memory or room */
static bool add(mcp_listener *listener, const char *uri) {
    subscription *s = &listener->subscriptions[listener->count];
    for (size_t i = 0; i < listener->count; i++)
        if (strcmp(listener->subscriptions[i].uri, uri) == 0) return true;
    if (listener->count == MCP_SUBSCRIPTIONS_MAX) return false;
    memset(&s->mark, 0, sizeof s->mark);
    listener->registry->has_changed(&s->mark, listener->registry->context, uri);
    if (s->mark.digest == 0) return true;
    s->uri = strdup(uri);
    if (s->uri != NULL) listener->count++;
    return s->uri != NULL;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* The id outlives its message. */
static bool keep_id(mcp_listener *listener, const epi_json *id) {
    epi_json_writer *writer = NULL;
    size_t size = 0;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return false;
    epi_json_begin_object(writer, NULL);
    render_value(writer, "id", id);
    epi_json_end(writer);
    const char *text = epi_json_writer_text(&size, writer);
    bool kept = text != NULL && epi_json_parse(&listener->request, text, size) == EPI_OK;
    epi_json_writer_free(writer);
    return kept;
}

static const epi_json *id_of(const mcp_listener *listener) {
    return epi_json_member(listener->request, "id");
}

/* A member of the filter that has to be true or false; @return whether it is true */
static bool read_flag(mcp_request *request, const epi_json *filter, const char *name) {
    const epi_json *member = epi_json_member(filter, name);
    if (member != NULL && epi_json_type_of(member) != EPI_JSON_BOOL)
        mcp_fail(request, MCP_INVALID_PARAMS, "params.notifications.%s is neither true nor false", name);
    return epi_json_true(member);
}

static void read_uris(mcp_request *request, mcp_listener *listener, const epi_json *list) {
    if (list == NULL) return;
    if (epi_json_type_of(list) != EPI_JSON_ARRAY || epi_json_count(list) > MCP_SUBSCRIPTIONS_MAX) {
        mcp_fail(request, MCP_INVALID_PARAMS,
                 "params.notifications.resourceSubscriptions is no list of at most %u URIs", MCP_SUBSCRIPTIONS_MAX);
        return;
    }
    for (const epi_json *each = epi_json_first(list); each != NULL; each = epi_json_next(each)) {
        const char *uri = epi_json_string(each, NULL);
        if (uri == NULL)
            mcp_fail(request, MCP_INVALID_PARAMS, "params.notifications.resourceSubscriptions has what is no string");
        else if (!add(listener, uri))
            mcp_fail(request, MCP_INTERNAL_ERROR, "out of memory");
        if (request->error != 0) return;
    }
}

static void read_filter(mcp_request *request, mcp_listener *listener) {
    const epi_json *filter = epi_json_member(request->params, "notifications");
    if (epi_json_type_of(filter) != EPI_JSON_OBJECT) {
        mcp_fail(request, MCP_INVALID_PARAMS, "params lacks the object \"notifications\"");
        return;
    }
    read_flag(request, filter, "toolsListChanged");
    read_flag(request, filter, "promptsListChanged");
    listener->list = read_flag(request, filter, "resourcesListChanged");
    if (listener->list) listener->registry->has_changed(&listener->list_mark, listener->registry->context, NULL);
    read_uris(request, listener, epi_json_member(filter, "resourceSubscriptions"));
}

static mcp_listener *new_listener(mcp_request *request) {
    mcp_listener *listener = calloc(1, sizeof *listener);
    if (listener != NULL)
        listener->registry = request->exchange->registry;
    else
        mcp_fail(request, MCP_INTERNAL_ERROR, "out of memory");
    return listener;
}

void mcp_listen(mcp_request *request) {
    mcp_listener *listener = new_listener(request);
    if (listener == NULL) return;
    if (!keep_id(listener, request->id)) mcp_fail(request, MCP_INTERNAL_ERROR, "out of memory");
    if (request->error == 0) read_filter(request, listener);
    if (request->error == 0)
        *request->exchange->listener = listener;
    else
        mcp_listener_free(listener);
}

/* ---- the legacy era ---------------------------------------------------------------------------------------------- */

void mcp_subscribe(mcp_request *request) {
    mcp_session *session = request->exchange->session;
    const char *uri = mcp_param(request, "uri", true);
    if (uri == NULL) return;
    if (session->listener == NULL) session->listener = new_listener(request);
    mcp_listener *listener = session->listener;
    if (listener == NULL) return;
    listener->acknowledged = true; /* by this answer */
    size_t before = listener->count;
    bool known = false;
    for (size_t i = 0; i < before; i++) known = known || strcmp(listener->subscriptions[i].uri, uri) == 0;
    if (!add(listener, uri))
        mcp_fail(request, MCP_INVALID_PARAMS, "%u resources are subscribed to already", MCP_SUBSCRIPTIONS_MAX);
    else if (!known && listener->count == before)
        mcp_fail_resource(request, uri);
}

void mcp_unsubscribe(mcp_request *request) {
    mcp_listener *listener = request->exchange->session->listener;
    const char *uri = mcp_param(request, "uri", true);
    for (size_t i = 0; uri != NULL && listener != NULL && i < listener->count; i++) {
        if (strcmp(listener->subscriptions[i].uri, uri) != 0) continue;
        free(listener->subscriptions[i].uri);
        listener->subscriptions[i] = listener->subscriptions[--listener->count];
    }
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void put_subscription(epi_json_writer *writer, const mcp_listener *listener) {
    if (listener->request == NULL) return;
    epi_json_begin_object(writer, "_meta");
    render_value(writer, SUBSCRIPTION_ID, id_of(listener));
    epi_json_end(writer);
}

static epi_json_writer *open_notification(const mcp_listener *listener, const char *method) {
    epi_json_writer *writer = mcp_open_notification(method);
    if (writer != NULL) put_subscription(writer, listener);
    return writer;
}

/* What it will be told of: less than it asked for where there is no such thing. */
static void put_agreed(epi_json_writer *writer, const mcp_listener *listener) {
    epi_json_begin_object(writer, "notifications");
    if (listener->list) epi_json_put_bool(writer, "resourcesListChanged", true);
    if (listener->count > 0) {
        epi_json_begin_array(writer, "resourceSubscriptions");
        for (size_t i = 0; i < listener->count; i++) render_text(writer, NULL, listener->subscriptions[i].uri);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

bool mcp_listener_tell(mcp_listener *listener, void (*send)(void *context, const char *text, size_t size),
                       void *context) {
    const mcp_registry *registry = listener->registry;
    epi_json_writer *writer = NULL;
    if (!listener->acknowledged) {
        writer = open_notification(listener, "notifications/subscriptions/acknowledged");
        if (writer == NULL) return true;
        put_agreed(writer, listener);
        mcp_close_notification(writer, send, context);
        listener->acknowledged = true;
    }
    if (listener->list && registry->has_changed(&listener->list_mark, registry->context, NULL) &&
        (writer = open_notification(listener, "notifications/resources/list_changed")) != NULL)
        mcp_close_notification(writer, send, context);
    for (size_t i = 0; i < listener->count; i++) {
        subscription *s = &listener->subscriptions[i];
        if (!registry->has_changed(&s->mark, registry->context, s->uri)) continue;
        if ((writer = open_notification(listener, "notifications/resources/updated")) == NULL) continue;
        render_text(writer, "uri", s->uri);
        mcp_close_notification(writer, send, context);
    }
    return listener->list || listener->count > 0 || listener->request == NULL;
}

void mcp_listener_end(epi_json_writer *answer, const mcp_listener *listener) {
    epi_json_writer_clear(answer);
    epi_json_begin_object(answer, NULL);
    render_text(answer, "jsonrpc", "2.0");
    render_value(answer, "id", id_of(listener));
    epi_json_begin_object(answer, "result");
    mcp_open_stamp(answer, listener->registry, "complete");
    render_value(answer, SUBSCRIPTION_ID, id_of(listener));
    epi_json_end(answer);
    epi_json_end(answer);
    epi_json_end(answer);
}

bool mcp_listener_is(const mcp_listener *listener, const epi_json *id) {
    return listener->request != NULL && mcp_same_id(id_of(listener), id);
}
