/* openai.c - import of OpenAI chat messages: JSON or JSONL, one conversation or many.
 *
 *   [message, ...]   {"messages": [message, ...]}   a list or lines of these   a line for each message
 *   message: {"role", "content": string | [{"type": "text", "text"}, ...], "name"?, "tool_calls"?, "tool_call_id"?}
 *
 * A file in which a message calls tools becomes an agent's trajectory (openai_tools.c), any other a conversation: a
 * step for each message with a text. Messages carry neither ids nor times, so ids are made from the source, the place
 * and the content: a file that has grown adds only its new end. Time is when it was imported.
 */
#include "chat.h"

static bool is_message(const epi_json *value) {
    return epi_json_member(value, "role") != NULL;
}

/* ---- texts and ids --------------------------------------------------------------------------------------------- */

static void append_text_part(epi__buffer *out, const epi_json *part) {
    const char *text = epi_json_string(part, NULL);
    if (text == NULL) text = epi__json_text_of(part, "text");
    if (text == NULL || *text == '\0') return;
    if (out->size > 0) epi__buffer_append_u8(out, '\n');
    epi__buffer_append_text(out, text);
}

void epi__content_text(epi__buffer *out, const epi_json *content) {
    epi__buffer_clear(out);
    if (epi_json_type_of(content) == EPI_JSON_STRING) {
        append_text_part(out, content);
        return;
    }
    for (const epi_json *at = epi_json_first(content); at != NULL; at = epi_json_next(at)) append_text_part(out, at);
}

void epi__message_text(epi__buffer *out, const epi_json *message) {
    epi__content_text(out, epi_json_member(message, "content"));
}

epi_status epi__chat_id(char out[EPI__DERIVED_ID_SIZE], const epi__chat *chat, size_t index, const char *who,
                        const char *text) {
    epi__buffer data = {0};
    epi__buffer_append_bytes(&data, chat->source, strlen(chat->source));
    epi__buffer_append_varint(&data, chat->number);
    epi__buffer_append_varint(&data, index);
    epi__buffer_append_bytes(&data, who, strlen(who));
    epi__buffer_append_bytes(&data, text, strlen(text));
    epi_status status = data.failed ? epi__fail_memory("transfer", data.size) : EPI_OK;
    epi__derived_id(out, "openai", data.data, data.size);
    epi__buffer_dispose(&data);
    return status;
}

/* ---- plain chats ----------------------------------------------------------------------------------------------- */

static epi_status import_message(epi__sink *sink, const epi__chat *chat, size_t index, const epi__buffer *text) {
    const epi__message *message = &chat->messages[index];
    const char *role = epi__json_text_of(message->value, "role");
    const char *name = epi__json_text_of(message->value, "name");
    if (role == NULL) return epi__sink_fail(sink, message->place, "message %zu: role is no string", index + 1);
    if (text->size == 0) {
        sink->report->skipped++;
        return EPI_OK;
    }
    const char *words = (const char *)text->data;
    char id[EPI__DERIVED_ID_SIZE];
    EPI__TRY(epi__chat_id(id, chat, index, role, words));
    epi_part parts[2] = {epi_part_text("speaker", name != NULL ? name : role), epi_part_text("text", words)};
    epi__incoming incoming = {epi_step_default(), message->place, 0, false};
    incoming.step.parts = parts;
    incoming.step.part_count = 2;
    incoming.step.external_id = id;
    return epi__sink_step(sink, &incoming);
}

static epi_status import_plain_chat(epi__sink *sink, const epi__chat *chat) {
    epi__buffer text = {0};
    epi_status status = EPI_OK;
    for (size_t i = 0; i < chat->count && status == EPI_OK; i++, sink->done++) {
        epi__message_text(&text, chat->messages[i].value);
        epi__buffer_text(&text); /* puts the NUL */
        status = text.failed ? epi__fail_memory("transfer", text.size) : import_message(sink, chat, i, &text);
    }
    epi__buffer_dispose(&text);
    return status;
}

/* ---- conversations of a file ----------------------------------------------------------------------------------- */

static epi_status begin_chat(epi__sink *sink, const epi__chat *chat) {
    char id[EPI__DERIVED_ID_SIZE];
    EPI__TRY(epi__chat_id(id, chat, 0, "conversation", ""));
    epi_episode_options options = epi_episode_options_default();
    options.external_id = id;
    options.title = chat->title;
    return epi__sink_episode(sink, 0, &options, true);
}

static epi_status import_chat(epi__sink *sink, const epi__chat *chat, bool tools) {
    if (chat->count == 0) return EPI_OK;
    EPI__TRY(begin_chat(sink, chat));
    return tools ? epi__import_tool_chat(sink, chat) : import_plain_chat(sink, chat);
}

static epi_status check_message(const epi__sink *sink, const epi_json *message, size_t place, size_t number) {
    if (epi_json_type_of(message) != EPI_JSON_OBJECT) {
        return epi__sink_fail(sink, place, "message %zu is not an object", number);
    }
    const epi_json *content = epi_json_member(message, "content");
    epi_json_type type = epi_json_type_of(content);
    bool known = type == EPI_JSON_STRING || type == EPI_JSON_ARRAY || type == EPI_JSON_NULL || type == EPI_JSON_ABSENT;
    if (epi__json_text_of(message, "role") == NULL) {
        return epi__sink_fail(sink, place, "message %zu has no role that is a string", number);
    }
    if (!known)
        return epi__sink_fail(sink, place, "message %zu: content is neither a string nor a list of parts", number);
    return EPI_OK;
}

/* A conversation within one entry: a list of messages, or an object that holds one. */
static epi_status import_entry(epi__sink *sink, const epi__entry *entry, epi__chat *chat, bool tools) {
    bool bare = epi_json_type_of(entry->value) == EPI_JSON_ARRAY;
    const epi_json *list = bare ? entry->value : epi_json_member(entry->value, "messages");
    if (epi_json_type_of(list) != EPI_JSON_ARRAY) {
        return epi__sink_fail(sink, entry->place, "it is neither a message nor a conversation with \"messages\"");
    }
    chat->messages = epi__alloc_zero(epi_json_count(list) + 1, sizeof *chat->messages);
    if (chat->messages == NULL) return epi__fail_memory("transfer", epi_json_count(list) * sizeof *chat->messages);
    chat->title = epi__json_text_of(entry->value, "title");
    epi_status status = EPI_OK;
    for (const epi_json *at = epi_json_first(list); at != NULL && status == EPI_OK; at = epi_json_next(at)) {
        status = check_message(sink, at, entry->place, chat->count + 1);
        if (status == EPI_OK) chat->messages[chat->count++] = (epi__message){at, entry->place};
    }
    if (status == EPI_OK) status = import_chat(sink, chat, tools);
    epi__free(chat->messages);
    return status;
}

/* Entries that are messages themselves are one conversation. */
static epi_status import_messages(epi__sink *sink, const epi__entries *entries, const char *source, bool tools) {
    epi__chat chat = {source, 1, NULL, NULL, 0};
    chat.messages = epi__alloc_zero(entries->count, sizeof *chat.messages);
    if (chat.messages == NULL) return epi__fail_memory("transfer", entries->count * sizeof *chat.messages);
    epi_status bad = EPI_OK;
    for (size_t i = 0; i < entries->count && bad == EPI_OK; i++) {
        const epi__entry *entry = &entries->items[i];
        bad = check_message(sink, entry->value, entry->place, i + 1);
        if (bad == EPI_OK) chat.messages[chat.count++] = (epi__message){entry->value, entry->place};
    }
    epi_status status = bad == EPI_OK ? import_chat(sink, &chat, tools) : bad;
    epi__free(chat.messages);
    return status;
}

static bool any_calls(const epi_json *list) {
    if (epi__message_calls_tools(list)) return true;
    if (epi_json_type_of(list) == EPI_JSON_OBJECT) list = epi_json_member(list, "messages");
    for (const epi_json *at = epi_json_first(list); at != NULL; at = epi_json_next(at)) {
        if (epi__message_calls_tools(at)) return true;
    }
    return false;
}

static uint64_t count_messages(const epi_json *entry) {
    if (is_message(entry)) return 1;
    return epi_json_count(epi_json_type_of(entry) == EPI_JSON_OBJECT ? epi_json_member(entry, "messages") : entry);
}

static epi_status import_file(epi__sink *sink, const epi__entries *entries, const char *source) {
    bool tools = false;
    for (size_t i = 0; i < entries->count; i++) {
        tools = tools || any_calls(entries->items[i].value);
        sink->total += count_messages(entries->items[i].value);
    }
    EPI__TRY(epi__sink_space(sink, sink->options->space, tools ? epi_schema_trajectory() : epi_schema_conversation()));
    if (entries->count > 0 && is_message(entries->items[0].value)) return import_messages(sink, entries, source, tools);
    for (size_t i = 0; i < entries->count; i++) {
        epi__chat chat = {source, i + 1, NULL, NULL, 0};
        EPI__TRY(import_entry(sink, &entries->items[i], &chat, tools));
    }
    return EPI_OK;
}

/* Without a name the source is its own first entry: a file that grows at its end keeps it. */
epi_status epi__import_openai(epi__sink *sink, const epi__entries *entries) {
    if (sink->options->source != NULL) return import_file(sink, entries, sink->options->source);
    char source[EPI__DERIVED_ID_SIZE];
    epi__buffer first = {0};
    epi_status status = entries->count > 0 ? epi__json_text(&first, entries->items[0].value) : EPI_OK;
    epi__derived_id(source, "source", first.data, first.size);
    epi__buffer_dispose(&first);
    return status == EPI_OK ? import_file(sink, entries, source) : status;
}
