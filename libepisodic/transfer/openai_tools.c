/* openai_tools.c - an OpenAI-form conversation with tool calls, as an agent's trajectory.
 *
 * Each call becomes a step: task (the first message of the user), situation (what was said since the call before),
 * tool, arguments, and result or error (the tool message that answers its id). What is said after the last call is the
 * outcome. A conversation without a call is one step, a task and its result.
 */
#include "chat.h"

#include "../text/text.h"

/* One call, in either of the forms that are about: "tool_calls" or the older "function_call". */
typedef struct call {
    const char *id; /* NULL: none */
    const char *tool;
    const epi_json *arguments;
} call;

/* What the steps of one conversation are made of. */
typedef struct work {
    const epi__chat *chat;
    epi__buffer task;
    epi__buffer situation;
    epi__buffer arguments;
    epi__buffer result;
    epi__buffer text; /* of the message at hand */
    size_t steps;
    size_t task_index;
} work;

static bool has_role(const epi_json *message, const char *wanted) {
    const char *role = epi__json_text_of(message, "role");
    return role != NULL && strcmp(role, wanted) == 0;
}

static bool is_result(const epi_json *message) {
    return has_role(message, "tool") || has_role(message, "function");
}

bool epi__message_calls_tools(const epi_json *message) {
    return epi_json_first(epi_json_member(message, "tool_calls")) != NULL ||
           epi_json_type_of(epi_json_member(message, "function_call")) == EPI_JSON_OBJECT;
}

/* ---- results --------------------------------------------------------------------------------------------------- */

static const epi_json *find_result(const epi__chat *chat, size_t after, const char *id) {
    for (size_t i = after + 1; i < chat->count; i++) {
        const epi_json *message = chat->messages[i].value;
        if (!is_result(message)) continue;
        const char *answered = epi__json_text_of(message, "tool_call_id");
        if (id == NULL || (answered != NULL && strcmp(answered, id) == 0)) return message;
    }
    return NULL;
}

static bool begins_with(const char *text, const char *prefix) {
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* A JSON object that says so: {"error": ...}, {"success": false}, {"status": "error"}, {"exit_code": 1}. */
static bool object_says_error(const epi_json *object) {
    const epi_json *error = epi_json_member(object, "error");
    epi_json_type type = epi_json_type_of(error);
    int64_t code = 0;
    bool named = type == EPI_JSON_OBJECT || type == EPI_JSON_ARRAY || epi_json_true(error) ||
                 epi__json_text_of(object, "error") != NULL;
    const char *status = epi__json_text_of(object, "status");
    const epi_json *success = epi_json_member(object, "success");
    bool failed = epi_json_type_of(success) == EPI_JSON_BOOL && !epi_json_true(success);
    bool flagged = epi_json_true(epi_json_member(object, "is_error")) ||
                   epi_json_true(epi_json_member(object, "isError"));
    epi_json_integer(&code, epi_json_member(object, "exit_code"));
    return named || failed || flagged || code != 0 || (status != NULL && strcasecmp(status, "error") == 0);
}

epi_status epi__result_says_error(bool *says, const epi_json *message, const char *text, size_t size) {
    static const char *const prefixes[] = {"error:", "error ", "exception:", "traceback (", "fatal:"};
    *says = object_says_error(message);
    for (size_t i = 0; i < EPI__COUNT(prefixes); i++) *says = *says || begins_with(text, prefixes[i]);
    if (*says || *text != '{') return EPI_OK;
    epi_json *root = NULL;
    epi_status status = epi_json_parse(&root, text, size);
    *says = object_says_error(root);
    epi_json_free(root);
    return status == EPI_ENOMEM ? status : EPI_OK;
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

epi_status epi__call_arguments(epi__buffer *out, const epi_json *value) {
    size_t size = 0;
    const char *text = epi_json_string(value, &size);
    epi_json *root = NULL;
    epi_status status = text != NULL ? epi_json_parse(&root, text, size) : EPI_EJSON;
    if (status == EPI_ENOMEM) return status;
    if (status == EPI_OK) {
        epi__buffer_clear(out);
        epi__buffer_append(out, text, size);
        epi_json_free(root);
        return out->failed ? epi__fail_memory("transfer", size) : EPI_OK;
    }
    return epi__json_text(out, value);
}

static const char *text_of(epi__buffer *buffer) {
    return buffer->size > 0 ? epi__buffer_text(buffer) : "";
}

static void add_part(epi_part *parts, size_t *count, const char *role, epi__buffer *value) {
    if (value->size > 0) parts[(*count)++] = epi_part_bytes(role, value->data, value->size);
}

static epi_status put_step(epi__sink *sink, work *w, const char *tool, const char *result_role, size_t place) {
    epi_part parts[5];
    size_t count = 0;
    add_part(parts, &count, "task", &w->task);
    add_part(parts, &count, "situation", &w->situation);
    if (tool != NULL) parts[count++] = epi_part_text("tool", tool);
    add_part(parts, &count, "arguments", &w->arguments);
    add_part(parts, &count, result_role, &w->result);
    char id[EPI__DERIVED_ID_SIZE];
    EPI__TRY(epi__chat_id(id, w->chat, ++w->steps, tool != NULL ? tool : "", text_of(&w->arguments)));
    epi__incoming incoming = {epi_step_default(), place, 0, false};
    incoming.step.parts = parts;
    incoming.step.part_count = count;
    incoming.step.external_id = id;
    bool failed = w->task.failed || w->situation.failed || w->arguments.failed || w->result.failed;
    return failed ? epi__fail_memory("transfer", w->situation.size) : epi__sink_step(sink, &incoming);
}

static epi_status import_call(epi__sink *sink, work *w, size_t index, const call *c) {
    size_t place = w->chat->messages[index].place;
    if (c->tool == NULL) return epi__sink_fail(sink, place, "message %zu: a tool call has no function name", index + 1);
    epi__buffer_clear(&w->arguments);
    epi__buffer_clear(&w->result);
    if (c->arguments != NULL) EPI__TRY(epi__call_arguments(&w->arguments, c->arguments));
    const epi_json *answer = find_result(w->chat, index, c->id);
    epi__message_text(&w->result, answer);
    bool error = false;
    EPI__TRY(epi__result_says_error(&error, answer, text_of(&w->result), w->result.size));
    return put_step(sink, w, c->tool, error ? "error" : "result", place);
}

static call read_call(const epi_json *value) {
    const epi_json *function = epi_json_member(value, "function");
    if (function == NULL) function = value;
    return (call){epi__json_text_of(value, "id"), epi__json_text_of(function, "name"),
                  epi_json_member(function, "arguments")};
}

static epi_status import_calls(epi__sink *sink, work *w, size_t index) {
    const epi_json *message = w->chat->messages[index].value;
    const epi_json *at = epi_json_first(epi_json_member(message, "tool_calls"));
    if (at == NULL) {
        call old = read_call(epi_json_member(message, "function_call"));
        return import_call(sink, w, index, &old);
    }
    for (; at != NULL; at = epi_json_next(at)) {
        call c = read_call(at);
        EPI__TRY(import_call(sink, w, index, &c));
        epi__buffer_clear(&w->situation); /* calls of one message share it: the first one tells it */
    }
    return EPI_OK;
}

/* ---- the conversation ------------------------------------------------------------------------------------------ */

static void find_task(work *w) {
    w->task_index = w->chat->count;
    for (size_t i = 0; i < w->chat->count && w->task.size == 0; i++) {
        if (!has_role(w->chat->messages[i].value, "user")) continue;
        epi__message_text(&w->task, w->chat->messages[i].value);
        w->task_index = i;
    }
}

static void add_to_situation(epi__buffer *situation, const epi__buffer *text) {
    if (text->size == 0) return;
    if (situation->size > 0) epi__buffer_append_u8(situation, '\n');
    epi__buffer_append(situation, text->data, text->size);
}

static epi_status import_message(epi__sink *sink, work *w, size_t index) {
    const epi_json *message = w->chat->messages[index].value;
    if (is_result(message) || index == w->task_index) return EPI_OK;
    epi__message_text(&w->text, message);
    if (w->text.failed) return epi__fail_memory("transfer", w->text.size);
    if (has_role(message, "system") || has_role(message, "developer")) {
        sink->report->skipped++;
        return EPI_OK;
    }
    add_to_situation(&w->situation, &w->text);
    if (!epi__message_calls_tools(message)) return EPI_OK;
    epi_status status = import_calls(sink, w, index);
    epi__buffer_clear(&w->situation);
    return status;
}

/* What was said after the last call. */
static epi_status end_chat(epi__sink *sink, work *w) {
    if (w->steps == 0) {
        epi__buffer_clear(&w->arguments);
        epi__buffer_clear(&w->result);
        epi__buffer_append(&w->result, w->situation.data, w->situation.size);
        epi__buffer_clear(&w->situation);
        if (w->task.size + w->result.size == 0) return EPI_OK;
        return put_step(sink, w, NULL, "result", w->chat->messages[0].place);
    }
    if (w->situation.size == 0) return EPI_OK;
    const char *text = epi__buffer_text(&w->situation);
    if (w->situation.failed) return epi__fail_memory("transfer", w->situation.size);
    w->situation.size = epi__utf8_cut(text, w->situation.size, EPI_OUTCOME_SIZE_MAX);
    epi_outcome outcome = epi_outcome_default();
    outcome.text = epi__buffer_text(&w->situation);
    return epi__sink_end(sink, &outcome);
}

epi_status epi__import_tool_chat(epi__sink *sink, const epi__chat *chat) {
    work w = {chat, {0}, {0}, {0}, {0}, {0}, 0, 0};
    find_task(&w);
    epi_status status = EPI_OK;
    for (size_t i = 0; i < chat->count && status == EPI_OK; i++, sink->done++) status = import_message(sink, &w, i);
    if (status == EPI_OK) status = end_chat(sink, &w);
    epi__buffer *buffers[] = {&w.task, &w.situation, &w.arguments, &w.result, &w.text};
    for (size_t i = 0; i < EPI__COUNT(buffers); i++) epi__buffer_dispose(buffers[i]);
    return status;
}
