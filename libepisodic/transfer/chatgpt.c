/* chatgpt.c - import of ChatGPT's conversations.json.
 *
 *   {"id", "title", "create_time", "current_node", "mapping": {node: {"parent", "children", "message": {"id",
 *    "author": {"role", "name"}, "create_time", "content": {"content_type", "parts": [...]}}}}}
 *
 * A conversation is a tree: an edited message is a sibling of the old one. What is imported is the branch that is
 * shown, from current_node up to the root. A node without a message, or with nothing to read in it, is skipped; a
 * message without a time takes that of the one before.
 */
#include <math.h>

#include "transfer.h"

typedef struct branch {
    const epi_json **nodes; /* from the root down */
    size_t count;
} branch;

static bool read_time(epi_time *time, const epi_json *seconds) {
    double value;
    if (!epi_json_number(&value, seconds) || value < -62135596800.0 || value >= 253402300800.0) return false;
    *time = (epi_time)llround(value * 1e6);
    return true;
}

/* ---- the branch that is shown ---------------------------------------------------------------------------------- */

/* Without a current node: the last one in the file that has no children. */
static const epi_json *find_leaf(const epi_json *conversation, const epi_json *mapping) {
    const char *current = epi__json_text_of(conversation, "current_node");
    const epi_json *leaf = current != NULL ? epi_json_member(mapping, current) : NULL;
    if (leaf != NULL) return leaf;
    for (const epi_json *at = epi_json_first(mapping); at != NULL; at = epi_json_next(at)) {
        if (epi_json_first(epi_json_member(at, "children")) == NULL) leaf = at;
    }
    return leaf;
}

/* Looks a node's parent up in the index of names; two names of one hash fall back to a search. */
static const epi_json *find_parent(const epi_json *mapping, epi__map *index, const epi_json *node) {
    const char *name = epi__json_text_of(node, "parent");
    if (name == NULL) return NULL;
    uint64_t found = 0;
    if (!epi__map_get(index, epi__hash64(name, strlen(name)), &found)) return epi_json_member(mapping, name);
    const epi_json *parent = (const epi_json *)(uintptr_t)found;
    return strcmp(epi_json_name(parent), name) == 0 ? parent : epi_json_member(mapping, name);
}

static epi_status index_nodes(epi__map *index, const epi_json *mapping) {
    for (const epi_json *at = epi_json_first(mapping); at != NULL; at = epi_json_next(at)) {
        const char *name = epi_json_name(at);
        if (!epi__map_put(index, epi__hash64(name, strlen(name)), (uint64_t)(uintptr_t)at)) {
            return epi__fail_memory("transfer", sizeof at);
        }
    }
    return EPI_OK;
}

/* Walks up from the leaf. A path longer than the mapping is a circle. */
static epi_status walk_up(branch *b, const epi__sink *sink, const epi__entry *entry, const epi_json *mapping) {
    size_t limit = epi_json_count(mapping);
    epi__map index = {0};
    epi_status status = index_nodes(&index, mapping);
    b->nodes = epi__alloc_zero(limit + 1, sizeof *b->nodes);
    if (b->nodes == NULL) status = epi__fail_memory("transfer", limit * sizeof *b->nodes);
    const epi_json *node = find_leaf(entry->value, mapping);
    for (; status == EPI_OK && node != NULL; node = find_parent(mapping, &index, node)) {
        if (b->count == limit) status = epi__sink_fail(sink, entry->place, "the parents of its nodes go in a circle");
        if (status == EPI_OK) b->nodes[b->count++] = node;
    }
    epi__map_dispose(&index);
    for (size_t i = 0; i < b->count / 2; i++) {
        const epi_json *swap = b->nodes[i];
        b->nodes[i] = b->nodes[b->count - 1 - i];
        b->nodes[b->count - 1 - i] = swap;
    }
    return status;
}

/* ---- messages -------------------------------------------------------------------------------------------------- */

static void append_text(epi__buffer *out, const char *text) {
    if (text == NULL || *text == '\0') return;
    if (out->size > 0) epi__buffer_append_u8(out, '\n');
    epi__buffer_append_text(out, text);
}

/* String parts, the text of parts that have one (transcripts), else the text of the content (code, outputs). */
static void message_text(epi__buffer *out, const epi_json *content) {
    epi__buffer_clear(out);
    const epi_json *part = epi_json_first(epi_json_member(content, "parts"));
    for (; part != NULL; part = epi_json_next(part)) {
        const char *text = epi_json_string(part, NULL);
        append_text(out, text != NULL ? text : epi__json_text_of(part, "text"));
    }
    if (out->size == 0) append_text(out, epi__json_text_of(content, "text"));
}

static bool is_hidden(const epi_json *message) {
    const epi_json *metadata = epi_json_member(message, "metadata");
    return epi_json_true(epi_json_member(metadata, "is_visually_hidden_from_conversation"));
}

static epi_status import_message(epi__sink *sink, const epi__entry *entry, const epi_json *node, epi_time *time,
                                 epi__buffer *text) {
    const epi_json *message = epi_json_member(node, "message");
    const epi_json *author = epi_json_member(message, "author");
    message_text(text, epi_json_member(message, "content"));
    if (text->size == 0 || is_hidden(message)) {
        sink->report->skipped++;
        return EPI_OK;
    }
    const char *role = epi__json_text_of(author, "role");
    const char *name = epi__json_text_of(author, "name");
    const char *id = epi__json_text_of(message, "id");
    if (role == NULL)
        return epi__sink_fail(sink, entry->place, "node %.40s: the author has no role", epi_json_name(node));
    read_time(time, epi_json_member(message, "create_time"));
    epi_part parts[2] = {epi_part_text("speaker", name != NULL ? name : role),
                         epi_part_text("text", epi__buffer_text(text))};
    if (text->failed) return epi__fail_memory("transfer", text->size);
    epi__incoming incoming = {epi_step_default(), entry->place, 0, false};
    incoming.step.parts = parts;
    incoming.step.part_count = 2;
    incoming.step.external_id = id != NULL ? id : epi_json_name(node);
    incoming.step.event_time = *time;
    return epi__sink_step(sink, &incoming);
}

static epi_status import_branch(epi__sink *sink, const epi__entry *entry, const branch *b, epi_time time) {
    epi__buffer text = {0};
    epi_status status = EPI_OK;
    for (size_t i = 0; i < b->count && status == EPI_OK; i++) {
        status = import_message(sink, entry, b->nodes[i], &time, &text);
    }
    epi__buffer_dispose(&text);
    return status;
}

/* ---- conversations --------------------------------------------------------------------------------------------- */

static epi_status import_conversation(epi__sink *sink, const epi__entry *entry) {
    const epi_json *mapping = epi_json_member(entry->value, "mapping");
    if (epi_json_type_of(mapping) != EPI_JSON_OBJECT) return epi__sink_fail(sink, entry->place, "mapping is missing");
    const char *id = epi__json_text_of(entry->value, "id");
    if (id == NULL) id = epi__json_text_of(entry->value, "conversation_id");
    if (id == NULL) return epi__sink_fail(sink, entry->place, "id is missing");
    epi_episode_options options = epi_episode_options_default();
    options.external_id = id;
    options.title = epi__json_text_of(entry->value, "title");
    read_time(&options.begin, epi_json_member(entry->value, "create_time"));
    branch b = {NULL, 0};
    epi_status status = walk_up(&b, sink, entry, mapping);
    if (status == EPI_OK) status = epi__sink_episode(sink, 0, &options, true);
    if (status == EPI_OK) status = import_branch(sink, entry, &b, options.begin);
    epi__free(b.nodes);
    return status;
}

epi_status epi__import_chatgpt(epi__sink *sink, const epi__entries *entries) {
    EPI__TRY(epi__sink_space(sink, sink->options->space, epi_schema_conversation()));
    sink->total = entries->count;
    for (size_t i = 0; i < entries->count; i++) {
        EPI__TRY(import_conversation(sink, &entries->items[i]));
        sink->done++;
    }
    return EPI_OK;
}
