/* mcp.c - import of the file of the official MCP memory server: a graph of entities, as JSONL.
 *
 *   {"type": "entity", "name", "entityType", "observations": [text, ...]}
 *   {"type": "relation", "from", "to", "relationType"}
 *
 * An entity becomes an episode named after it, of a conversation in which the entity is who speaks: its type, each
 * observation and each relation that leaves it are a step. The tag says which of the three a step is; metadata keeps
 * the two ends of a relation apart. Ids are made from the content, so the file may be rewritten, grow, and say things
 * twice. It has no times: a step's time is that of its import. Lines of other types are skipped.
 */
#include "../text/text.h"
#include "transfer.h"

typedef struct statement {
    const char *kind;   /* "entity", "observation" or "relation": the tag */
    const char *entity; /* whom it is about */
    const char *text;
    const char *metadata; /* NULL: none */
    const char *id_of[3]; /* what its id is made from, besides kind and entity; NULL: no more */
    size_t place;
} statement;

static epi_status make_id(char out[EPI__DERIVED_ID_SIZE], const char *kind, const char *const *texts, size_t count) {
    epi__buffer data = {0};
    epi__buffer_append_bytes(&data, kind, strlen(kind));
    for (size_t i = 0; i < count && texts[i] != NULL; i++) {
        epi__buffer_append_bytes(&data, texts[i], strlen(texts[i]));
    }
    epi_status status = data.failed ? epi__fail_memory("transfer", data.size) : EPI_OK;
    epi__derived_id(out, "mcp", data.data, data.size);
    epi__buffer_dispose(&data);
    return status;
}

/* Relations may come long after their entity: its episode is begun or gone on with. */
static epi_status begin_entity(epi__sink *sink, const char *name) {
    char id[EPI__DERIVED_ID_SIZE];
    EPI__TRY(make_id(id, "episode", &name, 1));
    epi__buffer title = {0};
    epi__buffer_append(&title, name, epi__utf8_cut(name, strlen(name), EPI_TITLE_SIZE_MAX));
    epi_episode_options options = epi_episode_options_default();
    options.external_id = id;
    options.title = epi__buffer_text(&title);
    epi_status status = title.failed ? epi__fail_memory("transfer", title.size)
                                     : epi__sink_episode(sink, &options, true);
    epi__buffer_dispose(&title);
    return status;
}

static epi_status put(epi__sink *sink, const statement *s) {
    char id[EPI__DERIVED_ID_SIZE];
    const char *id_of[] = {s->entity, s->id_of[0], s->id_of[1], s->id_of[2]};
    EPI__TRY(make_id(id, s->kind, id_of, EPI__COUNT(id_of)));
    epi_part parts[2] = {epi_part_text("speaker", s->entity), epi_part_text("text", s->text)};
    epi__incoming incoming = {epi_step_default(), s->place, 0, false};
    incoming.step.parts = parts;
    incoming.step.part_count = 2;
    incoming.step.external_id = id;
    incoming.step.tags = &s->kind;
    incoming.step.tag_count = 1;
    incoming.step.metadata = s->metadata;
    return epi__sink_step(sink, &incoming);
}

static epi_status import_observation(epi__sink *sink, const epi__entry *entry, const char *name,
                                     const epi_json *value) {
    const char *text = epi_json_string(value, NULL);
    if (text == NULL) return epi__sink_fail(sink, entry->place, "%.60s: an observation is no string", name);
    if (*text == '\0') {
        sink->report->skipped++;
        return EPI_OK;
    }
    return put(sink, &(statement){"observation", name, text, NULL, {text, NULL, NULL}, entry->place});
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
    EPI__TRY(begin_entity(sink, name));
    if (type != NULL) EPI__TRY(put(sink, &(statement){"entity", name, type, NULL, {type, NULL, NULL}, entry->place}));
    const epi_json *at = listed == EPI_JSON_ARRAY ? epi_json_first(observations) : NULL;
    if (type == NULL && at == NULL) sink->report->skipped++;
    for (; at != NULL; at = epi_json_next(at)) EPI__TRY(import_observation(sink, entry, name, at));
    return EPI_OK;
}

/* "works at Acme", and {"relationType": "works at", "to": "Acme"}. */
static epi_status import_relation(epi__sink *sink, const epi__entry *entry) {
    const char *from = epi__json_text_of(entry->value, "from");
    const char *to = epi__json_text_of(entry->value, "to");
    const char *type = epi__json_text_of(entry->value, "relationType");
    if (from == NULL || to == NULL || type == NULL) {
        return epi__sink_fail(sink, entry->place, "a relation lacks from, to or relationType");
    }
    epi__buffer text = {0};
    epi_json_writer *writer = NULL;
    epi__buffer_append_format(&text, "%s %s", type, to);
    epi_status status = epi_json_writer_new(&writer, false);
    epi_json_begin_object(writer, NULL);
    epi_json_put_string(writer, "relationType", type, strlen(type));
    epi_json_put_string(writer, "to", to, strlen(to));
    epi_json_end(writer);
    const char *words = epi__buffer_text(&text);
    const char *metadata = epi_json_writer_text(NULL, writer);
    if (status == EPI_OK && (text.failed || metadata == NULL)) status = epi__fail_memory("transfer", text.size);
    if (status == EPI_OK) status = begin_entity(sink, from);
    if (status == EPI_OK) {
        status = put(sink, &(statement){"relation", from, words, metadata, {type, to, NULL}, entry->place});
    }
    epi_json_writer_free(writer);
    epi__buffer_dispose(&text);
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
