/* mcp.c - import of the file of the official MCP memory server: a graph of entities, as JSONL.
 *
 *   {"type": "entity", "name", "entityType", "observations": [text, ...]}
 *   {"type": "relation", "from", "to", "relationType"}
 *
 * A name becomes an episode of a conversation in which it is who speaks. Its steps are tagged: "entity" says that there
 * is an entity of that name and type, "observation" is one of its observations, "relation" begins at it, "related" is
 * the same relation at its other end. External ids are hashes of what a step says, so the file may be rewritten, grow,
 * and say things twice. All this is the form in which episodic-server keeps a graph that it serves with the official
 * server's tools: what is imported here is served there. The file has no times: a step's time is that of its import.
 * Lines of other types are skipped.
 */
#include <inttypes.h>
#include <stdio.h>

#include "transfer.h"

#define ID_SIZE 40u

typedef struct statement {
    char kind; /* of its id */
    const char *tag;
    const char *name; /* whose episode it stands in */
    const char *text;
    const char *metadata; /* NULL: none */
    const char *id_of[3]; /* what its id is made from; NULL: nothing */
    size_t place;
} statement;

/* FNV-1a over a text with its NUL. */
static uint64_t hash_text(uint64_t hash, const char *text) {
    size_t size = text != NULL ? strlen(text) + 1 : 0;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Whose it is comes first: ids of one name lie side by side in the store. */
static void make_id(char out[ID_SIZE], char kind, const char *const id_of[3]) {
    uint64_t whose = hash_text(UINT64_C(0xcbf29ce484222325), id_of[kind == 'm']), what = UINT64_C(0x84222325cbf29ce4);
    for (size_t i = 0; i < 3; i++) what = hash_text(what, id_of[i]);
    snprintf(out, ID_SIZE, "%016" PRIx64 "%c%016" PRIx64, whose, kind, what);
}

/* Relations may come long after their entity: its episode is begun or gone on with. */
static epi_status begin_name(epi__sink *sink, const char *name) {
    char id[ID_SIZE];
    make_id(id, 'n', (const char *[]){name, NULL, NULL});
    epi_episode_options options = epi_episode_options_default();
    options.external_id = id;
    options.title = strlen(name) <= EPI_TITLE_SIZE_MAX ? name : NULL;
    return epi__sink_episode(sink, 0, &options, true);
}

static epi_status put(epi__sink *sink, const statement *s) {
    char id[ID_SIZE];
    make_id(id, s->kind, s->id_of);
    epi_part parts[2] = {epi_part_text("speaker", s->name), epi_part_text("text", s->text)};
    epi__incoming incoming = {epi_step_default(), s->place, 0, false};
    incoming.step.parts = parts;
    incoming.step.part_count = 2;
    incoming.step.external_id = id;
    incoming.step.tags = &s->tag;
    incoming.step.tag_count = 1;
    incoming.step.metadata = s->metadata;
    return epi__sink_step(sink, &incoming);
}

/* An object of up to three texts, in `out` with its NUL. */
static epi_status describe(epi__buffer *out, const char *const names[3], const char *const texts[3]) {
    epi_json_writer *writer = NULL;
    EPI__TRY(epi_json_writer_new(&writer, false));
    epi_json_begin_object(writer, NULL);
    for (size_t i = 0; i < 3 && names[i] != NULL; i++) {
        epi_json_put_string(writer, names[i], texts[i], strlen(texts[i]));
    }
    epi_json_end(writer);
    const char *text = epi_json_writer_text(NULL, writer);
    if (text != NULL) epi__buffer_append_text(out, text);
    epi_json_writer_free(writer);
    epi__buffer_text(out);
    return text == NULL || out->failed ? epi__fail_memory("transfer", out->size) : EPI_OK;
}

/* ---- entities --------------------------------------------------------------------------------------------------- */

static epi_status import_observation(epi__sink *sink, const epi__entry *entry, const char *name,
                                     const epi_json *value) {
    const char *text = epi_json_string(value, NULL);
    if (text == NULL) return epi__sink_fail(sink, entry->place, "%.60s: an observation is no string", name);
    if (*text == '\0') {
        sink->report->skipped++;
        return EPI_OK;
    }
    return put(sink, &(statement){'o', "observation", name, text, NULL, {name, text, NULL}, entry->place});
}

/* "Ann (person)", and both apart as metadata. */
static epi_status put_entity(epi__sink *sink, const epi__entry *entry, const char *name, const char *type) {
    epi__buffer words = {0};
    epi__buffer metadata = {0};
    epi__buffer_append_format(&words, "%s (%s)", name, type);
    const char *text = epi__buffer_text(&words);
    epi_status status = describe(&metadata, (const char *[]){"name", "entityType", NULL},
                                 (const char *[]){name, type, NULL});
    if (words.failed) status = epi__fail_memory("transfer", words.size);
    if (status == EPI_OK) {
        status = put(
            sink,
            &(statement){'e', "entity", name, text, epi__buffer_text(&metadata), {name, NULL, NULL}, entry->place});
    }
    epi__buffer_dispose(&words);
    epi__buffer_dispose(&metadata);
    return status;
}

static epi_status import_entity(epi__sink *sink, const epi__entry *entry) {
    const char *name = epi__json_text_of(entry->value, "name");
    const char *type = epi__json_text_of(entry->value, "entityType");
    const epi_json *observations = epi_json_member(entry->value, "observations");
    epi_json_type listed = epi_json_type_of(observations);
    if (name == NULL) return epi__sink_fail(sink, entry->place, "an entity has no name");
    if (listed != EPI_JSON_ARRAY && listed != EPI_JSON_ABSENT && listed != EPI_JSON_NULL) {
        return epi__sink_fail(sink, entry->place, "%.60s: observations are no list", name);
    }
    EPI__TRY(begin_name(sink, name));
    EPI__TRY(put_entity(sink, entry, name, type != NULL ? type : ""));
    const epi_json *at = listed == EPI_JSON_ARRAY ? epi_json_first(observations) : NULL;
    for (; at != NULL; at = epi_json_next(at)) EPI__TRY(import_observation(sink, entry, name, at));
    return EPI_OK;
}

/* ---- relations --------------------------------------------------------------------------------------------------- */

/* The end that is only looked at comes first: a relation is there once the step at its beginning is. */
static epi_status put_relation(epi__sink *sink, const statement *s) {
    statement other = *s;
    other.kind = 'm';
    other.tag = "related";
    other.name = s->id_of[1];
    if (strcmp(s->name, other.name) != 0) {
        EPI__TRY(begin_name(sink, other.name));
        EPI__TRY(put(sink, &other));
    }
    EPI__TRY(begin_name(sink, s->name));
    return put(sink, s);
}

static epi_status import_relation(epi__sink *sink, const epi__entry *entry) {
    const char *from = epi__json_text_of(entry->value, "from");
    const char *to = epi__json_text_of(entry->value, "to");
    const char *type = epi__json_text_of(entry->value, "relationType");
    if (from == NULL || to == NULL || type == NULL) {
        return epi__sink_fail(sink, entry->place, "a relation lacks from, to or relationType");
    }
    epi__buffer words = {0};
    epi__buffer metadata = {0};
    epi__buffer_append_format(&words, "%s %s %s", from, type, to);
    const char *text = epi__buffer_text(&words);
    epi_status status = describe(&metadata, (const char *[]){"from", "to", "relationType"},
                                 (const char *[]){from, to, type});
    if (words.failed) status = epi__fail_memory("transfer", words.size);
    if (status == EPI_OK) {
        status = put_relation(
            sink,
            &(statement){'r', "relation", from, text, epi__buffer_text(&metadata), {from, to, type}, entry->place});
    }
    epi__buffer_dispose(&words);
    epi__buffer_dispose(&metadata);
    return status;
}

epi_status epi__import_mcp(epi__sink *sink, const epi__entries *entries) {
    EPI__TRY(epi__sink_space(sink, sink->options->space, epi_schema_conversation()));
    sink->total = entries->count;
    for (size_t i = 0; i < entries->count; i++, sink->done++) {
        const epi__entry *entry = &entries->items[i];
        const char *type = epi__json_text_of(entry->value, "type");
        if (type == NULL) return epi__sink_fail(sink, entry->place, "it has no type");
        if (strcmp(type, "entity") == 0) {
            EPI__TRY(import_entity(sink, entry));
        } else if (strcmp(type, "relation") == 0) {
            EPI__TRY(import_relation(sink, entry));
        } else {
            sink->report->skipped++;
        }
    }
    return EPI_OK;
}
