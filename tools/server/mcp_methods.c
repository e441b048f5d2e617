/* mcp_methods.c - the methods of the Model Context Protocol, over what a registry offers; see mcp.h. */
#include <string.h>

#include "mcp.h"
#include "render.h"

#define LIST_TTL_MS 3600000 /* tools and prompts are constant */
#define READ_TTL_MS 0       /* what is stored may change at any time */

static void put_cache(mcp_request *request, int64_t ttl_ms) {
    if (!request->modern) return;
    epi_json_put_integer(request->result, "ttlMs", ttl_ms);
    render_text(request->result, "cacheScope", "private");
}

static bool offers_resources(const mcp_registry *registry) {
    return registry->list_resources != NULL || registry->read_resource != NULL;
}

/* The legacy era is told by what its connection has subscribed to, so there has to be one. */
static bool tells_of_changes(const mcp_request *request) {
    const mcp_exchange *exchange = request->exchange;
    bool keeps = request->modern ? exchange->listener != NULL : exchange->session != NULL;
    return keeps && exchange->registry->has_changed != NULL;
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

static void put_capabilities(mcp_request *request) {
    const mcp_registry *registry = request->exchange->registry;
    epi_json_writer *writer = request->result;
    epi_json_begin_object(writer, "capabilities");
    if (registry->tool_count > 0) epi_json_put_raw(writer, "tools", "{}", 2);
    if (registry->prompt_count > 0) epi_json_put_raw(writer, "prompts", "{}", 2);
    if (offers_resources(registry)) {
        epi_json_begin_object(writer, "resources");
        if (tells_of_changes(request) || (registry->subscribes && !request->modern))
            epi_json_put_bool(writer, "subscribe", true);
        if (tells_of_changes(request) && request->modern) epi_json_put_bool(writer, "listChanged", true);
        epi_json_end(writer);
    }
    if (registry->completes) epi_json_put_raw(writer, "completions", "{}", 2);
    if (!request->modern) epi_json_put_raw(writer, "logging", "{}", 2);
    epi_json_end(writer);
}

static void put_server_info(mcp_request *request) {
    const mcp_registry *registry = request->exchange->registry;
    epi_json_begin_object(request->result, "serverInfo");
    render_text(request->result, "name", registry->name);
    render_optional(request->result, "title", registry->title);
    render_text(request->result, "version", registry->version);
    epi_json_end(request->result);
}

static const char *agree_on(const char *version) {
    static const char *const known[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
    for (size_t i = 0; version != NULL && i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], version) == 0) return known[i];
    return MCP_LEGACY_VERSION;
}

static void initialize(mcp_request *request) {
    mcp_session *session = request->exchange->session;
    const char *version = mcp_param(request, "protocolVersion", true);
    if (version == NULL) return;
    version = agree_on(version);
    if (session != NULL) {
        session->opened = true;
        memcpy(session->version, version, strlen(version) + 1);
    }
    render_text(request->result, "protocolVersion", version);
    put_capabilities(request);
    put_server_info(request);
    render_optional(request->result, "instructions", request->exchange->registry->instructions);
}

static void discover(mcp_request *request) {
    epi_json_begin_array(request->result, "supportedVersions");
    render_text(request->result, NULL, MCP_MODERN_VERSION);
    epi_json_end(request->result);
    put_capabilities(request);
    render_optional(request->result, "instructions", request->exchange->registry->instructions);
    put_cache(request, LIST_TTL_MS);
}

static void ping(mcp_request *request) {
    (void)request;
}

static void set_level(mcp_request *request) {
    const char *name = mcp_param(request, "level", true);
    if (name == NULL) return;
    int level = mcp_log_level(name);
    if (level < 0)
        mcp_fail(request, MCP_INVALID_PARAMS, "there is no level %.40s", name);
    else if (request->exchange->session != NULL)
        request->exchange->session->log_level = level;
}

/* ---- tools ----------------------------------------------------------------------------------------------------- */

static void put_tool(epi_json_writer *writer, const mcp_tool *tool) {
    epi_json_begin_object(writer, NULL);
    render_text(writer, "name", tool->name);
    render_optional(writer, "title", tool->title);
    render_text(writer, "description", tool->description);
    epi_json_put_raw(writer, "inputSchema", tool->input_schema, strlen(tool->input_schema));
    if (tool->output_schema != NULL)
        epi_json_put_raw(writer, "outputSchema", tool->output_schema, strlen(tool->output_schema));
    epi_json_begin_object(writer, "annotations");
    render_optional(writer, "title", tool->title);
    epi_json_put_bool(writer, "readOnlyHint", tool->hints & MCP_READ_ONLY);
    epi_json_put_bool(writer, "destructiveHint", tool->hints & MCP_DESTRUCTIVE);
    epi_json_put_bool(writer, "idempotentHint", tool->hints & (MCP_IDEMPOTENT | MCP_READ_ONLY));
    epi_json_put_bool(writer, "openWorldHint", tool->hints & MCP_OPEN_WORLD);
    epi_json_end(writer);
    epi_json_end(writer);
}

static void list_tools(mcp_request *request) {
    const mcp_registry *registry = request->exchange->registry;
    size_t from, to;
    if (!mcp_page(&from, &to, request, "tools", registry->tool_count)) return;
    epi_json_begin_array(request->result, "tools");
    for (size_t i = from; i < to; i++) put_tool(request->result, &registry->tools[i]);
    epi_json_end(request->result);
    mcp_page_end(request, "tools", to, registry->tool_count);
    put_cache(request, LIST_TTL_MS);
}

static void call_tool(mcp_request *request) {
    const mcp_registry *registry = request->exchange->registry;
    const epi_json *arguments = epi_json_member(request->params, "arguments");
    const char *name = mcp_param(request, "name", true);
    if (name == NULL) return;
    if (arguments != NULL && epi_json_type_of(arguments) != EPI_JSON_OBJECT) {
        mcp_fail(request, MCP_INVALID_PARAMS, "params.arguments is no object");
        return;
    }
    for (size_t i = 0; i < registry->tool_count; i++) {
        if (strcmp(registry->tools[i].name, name) != 0) continue;
        registry->tools[i].call(request, &registry->tools[i], arguments);
        return;
    }
    mcp_fail(request, MCP_INVALID_PARAMS, "there is no tool %.80s", name);
}

/* ---- prompts --------------------------------------------------------------------------------------------------- */

static void list_prompts(mcp_request *request) {
    const mcp_registry *registry = request->exchange->registry;
    size_t from, to;
    if (!mcp_page(&from, &to, request, "prompts", registry->prompt_count)) return;
    epi_json_begin_array(request->result, "prompts");
    for (size_t i = from; i < to; i++) {
        const mcp_prompt *prompt = &registry->prompts[i];
        epi_json_begin_object(request->result, NULL);
        render_text(request->result, "name", prompt->name);
        render_optional(request->result, "title", prompt->title);
        render_text(request->result, "description", prompt->description);
        epi_json_put_raw(request->result, "arguments", prompt->arguments, strlen(prompt->arguments));
        epi_json_end(request->result);
    }
    epi_json_end(request->result);
    mcp_page_end(request, "prompts", to, registry->prompt_count);
    put_cache(request, LIST_TTL_MS);
}

static void get_prompt(mcp_request *request) {
    const mcp_registry *registry = request->exchange->registry;
    const char *name = mcp_param(request, "name", true);
    if (name == NULL) return;
    for (size_t i = 0; i < registry->prompt_count; i++) {
        if (strcmp(registry->prompts[i].name, name) != 0) continue;
        render_text(request->result, "description", registry->prompts[i].description);
        registry->prompts[i].get(request, epi_json_member(request->params, "arguments"));
        return;
    }
    mcp_fail(request, MCP_INVALID_PARAMS, "there is no prompt %.80s", name);
}

/* ---- resources ------------------------------------------------------------------------------------------------- */

static void list_resources(mcp_request *request) {
    const epi_json *given = epi_json_member(request->params, "cursor");
    const char *cursor = epi_json_string(given, NULL);
    if (given != NULL && cursor == NULL)
        mcp_fail(request, MCP_INVALID_PARAMS, "params.cursor is no string");
    else
        request->exchange->registry->list_resources(request, cursor);
    put_cache(request, READ_TTL_MS);
}

static void list_templates(mcp_request *request) {
    const char *templates = request->exchange->registry->resource_templates;
    if (templates == NULL) templates = "[]";
    size_t from, to;
    if (!mcp_page(&from, &to, request, "templates", 0)) return;
    epi_json_put_raw(request->result, "resourceTemplates", templates, strlen(templates));
    put_cache(request, LIST_TTL_MS);
}

static void read_resource(mcp_request *request) {
    const char *uri = mcp_param(request, "uri", true);
    if (uri == NULL) return;
    request->exchange->registry->read_resource(request, uri);
    put_cache(request, READ_TTL_MS);
}

/* ---- by name --------------------------------------------------------------------------------------------------- */

typedef enum era { BOTH, MODERN, LEGACY } era;
typedef enum need { NOTHING, TOOLS, PROMPTS, RESOURCES, CHANGES } need;

typedef struct method {
    const char *name;
    void (*run)(mcp_request *request);
    era in;
    need offered;
} method;

static const method methods[] = {
    {"initialize", initialize, LEGACY, NOTHING},
    {"ping", ping, LEGACY, NOTHING},
    {"logging/setLevel", set_level, LEGACY, NOTHING},
    {"server/discover", discover, MODERN, NOTHING},
    {"tools/list", list_tools, BOTH, TOOLS},
    {"tools/call", call_tool, BOTH, TOOLS},
    {"prompts/list", list_prompts, BOTH, PROMPTS},
    {"prompts/get", get_prompt, BOTH, PROMPTS},
    {"resources/list", list_resources, BOTH, RESOURCES},
    {"resources/templates/list", list_templates, BOTH, RESOURCES},
    {"resources/read", read_resource, BOTH, RESOURCES},
    {"subscriptions/listen", mcp_listen, MODERN, CHANGES},
    {"resources/subscribe", mcp_subscribe, LEGACY, CHANGES},
    {"resources/unsubscribe", mcp_unsubscribe, LEGACY, CHANGES},
};

static bool is_offered(const mcp_request *request, need what) {
    const mcp_registry *registry = request->exchange->registry;
    switch (what) {
    case NOTHING: return true;
    case TOOLS: return registry->tool_count > 0;
    case PROMPTS: return registry->prompt_count > 0;
    case RESOURCES: return offers_resources(registry);
    case CHANGES: return tells_of_changes(request);
    }
    return false;
}

bool mcp_run(mcp_request *request, const char *name) {
    const mcp_registry *registry = request->exchange->registry;
    era now = request->modern ? MODERN : LEGACY;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const method *m = &methods[i];
        if (strcmp(m->name, name) != 0 || (m->in != BOTH && m->in != now)) continue;
        if (!is_offered(request, m->offered)) break;
        m->run(request);
        return true;
    }
    return registry->other != NULL && registry->other(request, name);
}
