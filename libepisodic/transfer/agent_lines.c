/* agent_lines.c - the lines of a coding agent's transcript, read into what was asked, said, called and answered.
 *
 * Two forms are known, both an object a line:
 *
 *   {"type": "user" | "assistant", "uuid", "sessionId", "timestamp", "isSidechain", "agentId", "message": {"role",
 *    "content": text | [{"type": "text", "text"} | {"type": "tool_use", "id", "name", "input"} |
 *                       {"type": "tool_result", "tool_use_id", "content": text | [text part], "is_error"}]}}
 *   {"timestamp", "type": "session_meta", "payload": {"id"}} and {"type": "response_item", "payload":
 *     {"type": "message", "role", "content": [{"text"}]} | {"type": "function_call", "call_id", "name", "arguments"} |
 *     {"type": "function_call_output", "call_id", "output"}}
 *
 * Agents write more kinds of lines than anybody has listed, change them, and may be killed within one: a line that
 * nothing can be taken from is counted, whatever it is.
 */
#include <math.h>

#include "agent.h"
#include "chat.h"

typedef struct reading {
    epi__agent_log *log;
    epi__map sessions;   /* hash of its names -> index */
    epi__map calls;      /* hash of its id -> index of the item */
    const char *current; /* session that lines without one belong to */
    epi_time time;       /* the newest that was told */
    size_t place;
    const epi_json *line;
} reading;

static bool is(const char *text, const char *wanted) {
    return text != NULL && strcmp(text, wanted) == 0;
}

static const char *either(const epi_json *object, const char *name, const char *other) {
    const char *text = epi__json_text_of(object, name);
    return text != NULL ? text : epi__json_text_of(object, other);
}

/* ---- times ----------------------------------------------------------------------------------------------------- */

/* An ISO text, or seconds or milliseconds since 1970. */
static epi_time time_of(const epi_json *line) {
    const epi_json *value = epi_json_member(line, "timestamp");
    const char *text = epi_json_string(value, NULL);
    epi_interval interval;
    double number = 0.0;
    if (text != NULL) return epi_time_parse(&interval, text) == EPI_OK ? interval.from : EPI_TIME_NONE;
    if (!epi_json_number(&number, value) || number <= 0.0 || number >= 253402300800e3) return EPI_TIME_NONE;
    return (epi_time)llround(number * (number < 1e11 ? 1e6 : 1e3));
}

/* ---- sessions -------------------------------------------------------------------------------------------------- */

static epi_status find_session(size_t *index, reading *r) {
    epi__agent_log *log = r->log;
    const char *name = either(r->line, "sessionId", "session_id");
    const char *side = epi__json_text_of(r->line, "agentId");
    uint64_t found = 0;
    if (name == NULL) name = r->current;
    if (!epi_json_true(epi_json_member(r->line, "isSidechain"))) side = "";
    if (side == NULL) side = "side";
    uint64_t key = epi__hash64_pair(name != NULL ? name : "", name != NULL ? strlen(name) : 0, side, strlen(side));
    if (epi__map_get(&r->sessions, key, &found)) {
        *index = (size_t)found;
        return EPI_OK;
    }
    epi__agent_session *grown = epi__realloc(log->sessions, log->session_count + 1, sizeof *grown);
    if (grown == NULL) return epi__fail_memory("transfer", sizeof *grown);
    log->sessions = grown;
    *index = log->session_count++;
    grown[*index] = (epi__agent_session){name, side, EPI__AGENT_NONE, EPI__AGENT_NONE};
    return epi__map_put(&r->sessions, key, *index) ? EPI_OK : epi__fail_memory("transfer", sizeof *grown);
}

/* ---- items ----------------------------------------------------------------------------------------------------- */

static epi_status grow_items(epi__agent_log *log) {
    if (log->count < log->room) return EPI_OK;
    size_t room = log->room > 0 ? log->room * 2 : 256;
    epi__agent_item *grown = epi__realloc(log->items, room, sizeof *grown);
    if (grown == NULL) return epi__fail_memory("transfer", room * sizeof *grown);
    log->items = grown;
    log->room = room;
    return EPI_OK;
}

static epi_status add_item(reading *r, epi__agent_kind kind, const char *id, const epi_json *value) {
    epi__agent_log *log = r->log;
    size_t session = 0;
    EPI__TRY(grow_items(log));
    EPI__TRY(find_session(&session, r));
    size_t index = log->count++;
    epi__agent_session *s = &log->sessions[session];
    log->items[index] = (epi__agent_item){kind, id, value, NULL, r->time, EPI_TIME_NONE, r->place, EPI__AGENT_NONE};
    if (s->last != EPI__AGENT_NONE) log->items[s->last].next = index;
    if (s->first == EPI__AGENT_NONE) s->first = index;
    s->last = index;
    return EPI_OK;
}

static epi_status add_call(bool *took, reading *r, const char *id, const epi_json *value) {
    if (epi__json_text_of(value, "name") == NULL) return EPI_OK;
    *took = true;
    EPI__TRY(add_item(r, EPI__AGENT_CALLS, id, value));
    bool kept = id == NULL || epi__map_put(&r->calls, epi__hash64(id, strlen(id)), r->log->count - 1);
    return kept ? EPI_OK : epi__fail_memory("transfer", sizeof id);
}

/* The first result of a call counts. */
static void add_result(bool *took, const reading *r, const char *id, const epi_json *value) {
    uint64_t found = 0;
    if (id == NULL || !epi__map_get(&r->calls, epi__hash64(id, strlen(id)), &found)) return;
    epi__agent_item *call = &r->log->items[found];
    if (call->result != NULL || !is(call->id, id)) return;
    call->result = value;
    call->answered = time_of(r->line);
    *took = true;
}

/* ---- the form with messages ------------------------------------------------------------------------------------- */

static bool has_text(const epi_json *message) {
    const epi_json *content = epi_json_member(message, "content");
    if (epi_json_type_of(content) == EPI_JSON_STRING) return *epi_json_string(content, NULL) != '\0';
    const epi_json *at = epi_json_type_of(content) == EPI_JSON_ARRAY ? epi_json_first(content) : NULL;
    for (; at != NULL; at = epi_json_next(at)) {
        if (epi_json_type_of(at) == EPI_JSON_STRING || epi__json_text_of(at, "text") != NULL) return true;
    }
    return false;
}

static epi_status read_part(bool *took, reading *r, const epi_json *part) {
    const char *type = epi__json_text_of(part, "type");
    if (is(type, "tool_use")) return add_call(took, r, epi__json_text_of(part, "id"), part);
    if (is(type, "tool_result")) add_result(took, r, epi__json_text_of(part, "tool_use_id"), part);
    return EPI_OK;
}

static epi_status read_message(bool *took, reading *r, const char *role, const epi_json *message) {
    bool asks = is(role, "user");
    if ((!asks && !is(role, "assistant")) || epi_json_true(epi_json_member(r->line, "isMeta"))) return EPI_OK;
    const epi_json *content = epi_json_member(message, "content");
    if (has_text(message)) {
        EPI__TRY(add_item(r, asks ? EPI__AGENT_ASKS : EPI__AGENT_SAYS, epi__json_text_of(r->line, "uuid"), message));
        *took = true;
    }
    const epi_json *at = epi_json_type_of(content) == EPI_JSON_ARRAY ? epi_json_first(content) : NULL;
    for (; at != NULL; at = epi_json_next(at)) EPI__TRY(read_part(took, r, at));
    return EPI_OK;
}

/* ---- the form with items ---------------------------------------------------------------------------------------- */

/* What the program itself puts into the user's mouth. */
static bool is_setting(const epi_json *message) {
    const char *text = epi__json_text_of(epi_json_first(epi_json_member(message, "content")), "text");
    return text != NULL &&
           (strncmp(text, "<environment_context>", 21) == 0 || strncmp(text, "<user_instructions>", 19) == 0);
}

static epi_status read_item(bool *took, reading *r, const epi_json *item) {
    const char *type = epi__json_text_of(item, "type");
    const char *id = epi__json_text_of(item, "call_id");
    if (is(type, "message")) {
        return is_setting(item) ? EPI_OK : read_message(took, r, epi__json_text_of(item, "role"), item);
    }
    if (is(type, "function_call") || is(type, "custom_tool_call")) return add_call(took, r, id, item);
    if (is(type, "function_call_output") || is(type, "custom_tool_call_output")) add_result(took, r, id, item);
    return EPI_OK;
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static epi_status read_line(bool *took, reading *r) {
    const char *type = epi__json_text_of(r->line, "type");
    const epi_json *payload = epi_json_member(r->line, "payload");
    const epi_json *message = epi_json_member(r->line, "message");
    epi_time time = time_of(r->line);
    if (time != EPI_TIME_NONE) r->time = time;
    if (is(type, "session_meta") && epi__json_text_of(payload, "id") != NULL) {
        r->current = epi__json_text_of(payload, "id");
        *took = true;
        return EPI_OK;
    }
    if (is(type, "response_item")) return read_item(took, r, payload);
    if (epi_json_type_of(message) != EPI_JSON_OBJECT) message = r->line;
    const char *role = epi__json_text_of(message, "role");
    return read_message(took, r, role != NULL ? role : type, message);
}

static epi_status keep_root(epi__agent_log *log, epi_json *root) {
    if ((log->root_count & (log->root_count + 1)) == 0) { /* 0, 1, 3, 7, ...: full */
        epi_json **grown = epi__realloc(log->roots, 2 * log->root_count + 1, sizeof *grown);
        if (grown == NULL) {
            epi_json_free(root);
            return epi__fail_memory("transfer", log->root_count * sizeof *grown);
        }
        log->roots = grown;
    }
    log->roots[log->root_count++] = root;
    return EPI_OK;
}

static epi_status read_lines(reading *r, const char *text, size_t size) {
    for (epi__line line = {text, 0, 0}; epi__line_next(&line, text, size);) {
        epi_json *root = NULL;
        bool took = false;
        epi_status status = epi_json_parse(&root, line.text, line.size);
        if (status == EPI_ENOMEM) return status;
        if (status == EPI_OK) {
            EPI__TRY(keep_root(r->log, root));
            r->line = root;
            r->place = line.number;
            EPI__TRY(read_line(&took, r));
        }
        r->log->unread += !took;
    }
    return EPI_OK;
}

epi_status epi__agent_log_read(epi__agent_log *log, const char *text, size_t size) {
    reading r = {log, {0}, {0}, NULL, EPI_TIME_NONE, 0, NULL};
    *log = (epi__agent_log){0};
    epi_status status = read_lines(&r, text, size);
    epi__map_dispose(&r.sessions);
    epi__map_dispose(&r.calls);
    if (status != EPI_OK) epi__agent_log_dispose(log);
    return status;
}

void epi__agent_log_dispose(epi__agent_log *log) {
    for (size_t i = 0; i < log->root_count; i++) epi_json_free(log->roots[i]);
    epi__free(log->roots);
    epi__free(log->items);
    epi__free(log->sessions);
    *log = (epi__agent_log){0};
}

bool epi__agent_line_is(const epi_json *line) {
    const char *type = epi__json_text_of(line, "type");
    const epi_json *message = epi_json_member(line, "message");
    if (is(type, "session_meta")) return epi_json_type_of(epi_json_member(line, "payload")) == EPI_JSON_OBJECT;
    return (is(type, "user") || is(type, "assistant")) && epi_json_member(message, "content") != NULL;
}

/* ---- calls ------------------------------------------------------------------------------------------------------ */

const epi_json *epi__agent_arguments(const epi__agent_item *call) {
    const epi_json *arguments = epi_json_member(call->value, "arguments");
    return arguments != NULL ? arguments : epi_json_member(call->value, "input");
}

/* An output may be JSON within a string: {"output": text, "metadata": {"exit_code": 1}}. */
static epi_status unwrap_output(epi__buffer *out, bool *error) {
    epi_json *root = NULL;
    int64_t code = 0;
    if (out->size == 0 || *out->data != '{') return EPI_OK;
    epi_status status = epi_json_parse(&root, (const char *)out->data, out->size);
    const char *text = epi_json_string(epi_json_member(root, "output"), NULL);
    epi_json_integer(&code, epi_json_member(epi_json_member(root, "metadata"), "exit_code"));
    *error = *error || code != 0;
    if (text != NULL) {
        epi__buffer_clear(out);
        epi__buffer_append_text(out, text);
    }
    epi_json_free(root);
    return status == EPI_ENOMEM ? status : EPI_OK;
}

/* A tool_result says whether it is an error; an output only looks like one. */
epi_status epi__agent_result(epi__buffer *out, bool *error, const epi_json *result) {
    const epi_json *output = epi_json_member(result, "output");
    *error = epi_json_true(epi_json_member(result, "is_error"));
    epi__message_text(out, result);
    if (output != NULL) {
        const epi_json *content = epi_json_member(output, "content");
        epi__content_text(out, content != NULL ? content : output);
        epi__buffer_text(out);
        if (out->failed) return epi__fail_memory("transfer", out->size);
        EPI__TRY(epi__result_says_error(error, output, epi__buffer_text(out), out->size));
        EPI__TRY(unwrap_output(out, error));
    }
    return out->failed ? epi__fail_memory("transfer", out->size) : EPI_OK;
}
