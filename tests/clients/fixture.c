/* fixture.c - the tools, resources and prompts that the conformance suite of MCP asks for by name, registered with the
 * server's own code and served by it: mcp_fixture MEMORY ADDRESS, where the address - is standard input and output. It
 * is a test, and is not installed.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "http.h"
#include "render.h"
#include "stdio_channel.h"

/* A red pixel, and a tenth of a second of nothing. */
#define PNG "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
#define WAV "UklGRigAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQQAAAAAAAAA"

static void pause_50ms(void) {
    nanosleep(&(struct timespec){0, 50000000}, NULL);
}

static void put_raw(epi_json_writer *writer, const char *name, const char *json) {
    epi_json_put_raw(writer, name, json, strlen(json));
}

void fixture_text(mcp_request *request, const char *text) {
    epi_json_begin_array(request->result, "content");
    mcp_put_text(request->result, text, strlen(text));
    epi_json_end(request->result);
}

/* ---- tools ------------------------------------------------------------------------------------------------------ */

/* tool->of is the content itself. */
static void give(mcp_request *request, const mcp_tool *tool, const epi_json *arguments) {
    (void)arguments;
    put_raw(request->result, "content", tool->of);
}

static void give_error(mcp_request *request, const mcp_tool *tool, const epi_json *arguments) {
    (void)tool, (void)arguments;
    fixture_text(request, "This tool intentionally returns an error for testing");
    epi_json_put_bool(request->result, "isError", true);
}

static void log_and_give(mcp_request *request, const mcp_tool *tool, const epi_json *arguments) {
    static const char *const lines[] = {"Tool execution started", "Tool processing data", "Tool execution completed"};
    (void)tool, (void)arguments;
    for (size_t i = 0; i < 3; i++) {
        if (i > 0) pause_50ms();
        mcp_log(request, "info", "fixture", lines[i]);
    }
    fixture_text(request, "Logged three lines");
}

static void progress_and_give(mcp_request *request, const mcp_tool *tool, const epi_json *arguments) {
    (void)tool, (void)arguments;
    for (int done = 0; done <= 100; done += 50) {
        if (done > 0) pause_50ms();
        mcp_progress(request, done, 100, NULL);
    }
    fixture_text(request, "Told how far it was");
}

/* What holds: calls that wait until somebody releases or cancels them. */
static atomic_int held, cancelled, released;

/* Waits, and tells how far it is all the while. */
static void hold(mcp_request *request, const mcp_tool *tool, const epi_json *arguments) {
    int began = released;
    (void)tool, (void)arguments;
    held++;
    for (int done = 1; released == began && !mcp_is_cancelled(request); done++) {
        mcp_progress(request, done, 0, "it\nholds");
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    if (released == began) cancelled++;
    held--;
    fixture_text(request, "Released");
}

static void release(mcp_request *request, const mcp_tool *tool, const epi_json *arguments) {
    (void)tool, (void)arguments;
    released++;
    fixture_text(request, "Released them");
}

static void count_held(mcp_request *request, const mcp_tool *tool, const epi_json *arguments) {
    char text[64];
    (void)tool, (void)arguments;
    snprintf(text, sizeof text, "%d held, %d cancelled", held, cancelled);
    fixture_text(request, text);
}

/* A tool that cannot work for a client without sampling. */
static void need_sampling(mcp_request *request, const mcp_tool *tool, const epi_json *arguments) {
    (void)tool, (void)arguments;
    const epi_json *can = epi_json_member(request->meta, "io.modelcontextprotocol/clientCapabilities");
    if (epi_json_member(can, "sampling") != NULL) {
        fixture_text(request, "The client can sample");
        return;
    }
    mcp_fail(request, MCP_NO_CAPABILITY, "the tool needs the client capability sampling");
    if (epi_json_writer_new(&request->data, false) == EPI_OK)
        put_raw(request->data, NULL, "{\"requiredCapabilities\":{\"sampling\":{}}}");
}

#define NO_ARGUMENTS "{\"type\":\"object\",\"properties\":{}}"
#define IMAGE "{\"type\":\"image\",\"data\":\"" PNG "\",\"mimeType\":\"image/png\"}"
#define TOOL(name, text, call, of) \
    { name, NULL, text, NO_ARGUMENTS, NULL, MCP_READ_ONLY, call, of }

static const mcp_tool tools[] = {
    TOOL("test_simple_text", "Gives a text", give,
         "[{\"type\":\"text\",\"text\":\"This is a simple text response for testing.\"}]"),
    TOOL("test_image_content", "Gives an image", give, "[" IMAGE "]"),
    TOOL("test_audio_content", "Gives a sound", give,
         "[{\"type\":\"audio\",\"data\":\"" WAV "\",\"mimeType\":\"audio/wav\"}]"),
    TOOL("test_embedded_resource", "Gives a resource", give,
         "[{\"type\":\"resource\",\"resource\":{\"uri\":\"test://embedded-resource\",\"mimeType\":\"text/plain\","
         "\"text\":\"This is an embedded resource content.\"}}]"),
    TOOL("test_multiple_content_types", "Gives several things", give,
         "[{\"type\":\"text\",\"text\":\"Multiple content types test:\"}," IMAGE
         ",{\"type\":\"resource\",\"resource\":{\"uri\":\"test://mixed-content-resource\",\"mimeType\":"
         "\"application/json\",\"text\":\"{\\\"test\\\":\\\"data\\\",\\\"value\\\":123}\"}}]"),
    TOOL("test_error_handling", "Fails", give_error, NULL),
    TOOL("test_tool_with_logging", "Logs three lines", log_and_give, NULL),
    TOOL("test_logging_tool", "Logs three lines too", log_and_give, NULL),
    TOOL("test_streaming_elicitation", "Asks for a name too", fixture_ask, &fixture_elicitation),
    TOOL("test_tool_with_progress", "Tells how far it is", progress_and_give, NULL),
    TOOL("hold", "Waits", hold, NULL),
    TOOL("release", "Releases who waits", release, NULL),
    TOOL("held", "Counts who waits", count_held, NULL),
    TOOL("test_missing_capability", "Needs a client that can sample", need_sampling, NULL),
    TOOL("test_input_required_result_elicitation", "Asks for a name", fixture_ask, &fixture_elicitation),
    TOOL("test_input_required_result_sampling", "Asks a model", fixture_ask, &fixture_sampling),
    TOOL("test_input_required_result_list_roots", "Asks for roots", fixture_ask, &fixture_roots),
    TOOL("test_input_required_result_request_state", "Asks with a state", fixture_ask, &fixture_state),
    TOOL("test_input_required_result_multiple_inputs", "Asks for three things", fixture_ask, &fixture_many),
    TOOL("test_input_required_result_multi_round", "Asks twice", fixture_ask, &fixture_rounds),
    TOOL("test_input_required_result_tampered_state", "Asks with a state that it checks", fixture_ask,
         &fixture_tampered),
    TOOL("test_input_required_result_capabilities", "Asks what the client can", fixture_ask, &fixture_capable),
    {"json_schema_2020_12_tool", NULL, "Tool with JSON Schema 2020-12 features",
     "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\",\"$defs\":{\"address\":{"
     "\"$anchor\":\"addressDef\",\"type\":\"object\",\"properties\":{\"street\":{\"type\":\"string\"},\"city\":{"
     "\"type\":\"string\"}}}},\"properties\":{\"name\":{\"type\":\"string\"},\"address\":{\"$ref\":"
     "\"#/$defs/address\"},\"contactMethod\":{\"type\":\"string\",\"enum\":[\"phone\",\"email\"]},\"phone\":{\"type\":"
     "\"string\"},\"email\":{\"type\":\"string\"}},\"allOf\":[{\"anyOf\":[{\"required\":[\"phone\"]},{\"required\":["
     "\"email\"]}]}],\"if\":{\"properties\":{\"contactMethod\":{\"const\":\"phone\"}},\"required\":["
     "\"contactMethod\"]},\"then\":{\"required\":[\"phone\"]},\"else\":{\"required\":[\"email\"]},"
     "\"additionalProperties\":false}",
     NULL, MCP_READ_ONLY, give, "[]"},
};

/* ---- prompts ---------------------------------------------------------------------------------------------------- */

static void put_message(epi_json_writer *writer, const char *content) {
    epi_json_begin_object(writer, NULL);
    render_text(writer, "role", "user");
    put_raw(writer, "content", content);
    epi_json_end(writer);
}

static void put_words(epi_json_writer *writer, const char *words) {
    epi_json_begin_object(writer, NULL);
    render_text(writer, "role", "user");
    epi_json_begin_object(writer, "content");
    render_text(writer, "type", "text");
    render_text(writer, "text", words);
    epi_json_end(writer);
    epi_json_end(writer);
}

static void simple_prompt(mcp_request *request, const epi_json *arguments) {
    (void)arguments;
    epi_json_begin_array(request->result, "messages");
    put_words(request->result, "This is a simple prompt for testing.");
    epi_json_end(request->result);
}

static void prompt_with_arguments(mcp_request *request, const epi_json *arguments) {
    const char *first = epi_json_string(epi_json_member(arguments, "arg1"), NULL);
    const char *second = epi_json_string(epi_json_member(arguments, "arg2"), NULL);
    char text[300];
    snprintf(text, sizeof text, "Prompt with arguments: arg1='%.100s', arg2='%.100s'", first != NULL ? first : "",
             second != NULL ? second : "");
    epi_json_begin_array(request->result, "messages");
    put_words(request->result, text);
    epi_json_end(request->result);
}

static void prompt_with_resource(mcp_request *request, const epi_json *arguments) {
    epi_json_begin_array(request->result, "messages");
    epi_json_begin_object(request->result, NULL);
    render_text(request->result, "role", "user");
    epi_json_begin_object(request->result, "content");
    render_text(request->result, "type", "resource");
    epi_json_begin_object(request->result, "resource");
    render_text(request->result, "uri", epi_json_string(epi_json_member(arguments, "resourceUri"), NULL));
    render_text(request->result, "mimeType", "text/plain");
    render_text(request->result, "text", "Embedded resource content for testing.");
    epi_json_end(request->result);
    epi_json_end(request->result);
    epi_json_end(request->result);
    put_words(request->result, "Please process the embedded resource above.");
    epi_json_end(request->result);
}

static void prompt_with_image(mcp_request *request, const epi_json *arguments) {
    (void)arguments;
    epi_json_begin_array(request->result, "messages");
    put_message(request->result, IMAGE);
    put_words(request->result, "Please analyze the image above.");
    epi_json_end(request->result);
}

#define ARGUMENT(name) "{\"name\":\"" name "\",\"description\":\"A text\",\"required\":true}"

static const mcp_prompt prompts_of_fixture[] = {
    {"test_simple_prompt", NULL, "A prompt without arguments", "[]", simple_prompt},
    {"test_prompt_with_arguments", NULL, "A prompt with two arguments", "[" ARGUMENT("arg1") "," ARGUMENT("arg2") "]",
     prompt_with_arguments},
    {"test_prompt_with_embedded_resource", NULL, "A prompt with a resource", "[" ARGUMENT("resourceUri") "]",
     prompt_with_resource},
    {"test_prompt_with_image", NULL, "A prompt with an image", "[]", prompt_with_image},
    {"test_input_required_result_prompt", NULL, "A prompt that asks back", "[]", fixture_ask_prompt},
};

/* ---- resources -------------------------------------------------------------------------------------------------- */

static void list_resources(mcp_request *request, const char *cursor) {
    if (cursor != NULL) {
        mcp_fail(request, MCP_INVALID_PARAMS, "params.cursor is none that this list gave");
        return;
    }
    put_raw(request->result, "resources",
            "[{\"uri\":\"test://static-text\",\"name\":\"text\",\"description\":\"A text\",\"mimeType\":"
            "\"text/plain\"},{\"uri\":\"test://static-binary\",\"name\":\"image\",\"description\":\"An image\","
            "\"mimeType\":\"image/png\"},{\"uri\":\"test://watched-resource\",\"name\":\"watched\",\"description\":"
            "\"A text that may change\",\"mimeType\":\"text/plain\"}]");
}

static void put_content(mcp_request *request, const char *uri, const char *type, const char *member,
                        const char *value) {
    epi_json_begin_array(request->result, "contents");
    epi_json_begin_object(request->result, NULL);
    render_text(request->result, "uri", uri);
    render_text(request->result, "mimeType", type);
    render_text(request->result, member, value);
    epi_json_end(request->result);
    epi_json_end(request->result);
}

static void read_resource(mcp_request *request, const char *uri) {
    char id[32], text[128];
    if (strcmp(uri, "test://static-text") == 0 || strcmp(uri, "test://watched-resource") == 0) {
        put_content(request, uri, "text/plain", "text", "This is the content of the static text resource.");
    } else if (strcmp(uri, "test://static-binary") == 0) {
        put_content(request, uri, "image/png", "blob", PNG);
    } else if (sscanf(uri, "test://template/%31[0-9a-z]/data", id) == 1) {
        snprintf(text, sizeof text, "{\"id\":\"%s\",\"templateTest\":true,\"data\":\"Data for ID: %s\"}", id, id);
        put_content(request, uri, "application/json", "text", text);
    } else {
        mcp_fail_resource(request, uri);
    }
}

/* Nothing here changes. */
static bool has_changed(mcp_mark *mark, void *context, const char *uri) {
    (void)context;
    mark->digest = uri == NULL || strcmp(uri, "test://watched-resource") == 0;
    return false;
}

/* Subscribing is all that is asked for. */
static bool other(mcp_request *request, const char *method) {
    if (strcmp(method, "completion/complete") == 0) {
        put_raw(request->result, "completion", "{\"values\":[\"paris\",\"park\",\"party\"],\"hasMore\":false}");
        return true;
    }
    return !request->modern &&
           (strcmp(method, "resources/subscribe") == 0 || strcmp(method, "resources/unsubscribe") == 0);
}

int main(int count, char **words) {
    const mcp_registry registry = {
        .name = "mcp-fixture",
        .version = "1.0.0",
        .tools = tools,
        .tool_count = sizeof tools / sizeof *tools,
        .prompts = prompts_of_fixture,
        .prompt_count = sizeof prompts_of_fixture / sizeof *prompts_of_fixture,
        .list_resources = list_resources,
        .resource_templates = "[{\"uriTemplate\":\"test://template/{id}/data\",\"name\":\"template\",\"description\":"
                              "\"Data by its id\",\"mimeType\":\"application/json\"}]",
        .read_resource = read_resource,
        .has_changed = has_changed,
        .other = other,
        .completes = true,
        .subscribes = true,
    };
    service *of = NULL;
    if (count != 3) return 2;
    if (service_open(&of, &(service_options){.memory = words[1]}) != EPI_OK) return 5;
    int code = strcmp(words[2], "-") == 0 ? stdio_serve(&registry, STDIN_FILENO, STDOUT_FILENO, STDIO_MESSAGE_MAX)
                                          : http_serve(of, &(http_options){.address = words[2], .mcp = &registry});
    service_close(of);
    return code;
}
