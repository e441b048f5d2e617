/* mem0.c - import of memories as mem0 lists or exports them.
 *
 *   {"results": [memory, ...]}   {"memories": [memory, ...]}   [memory, ...]   a line for each memory
 *   memory: {"id", "memory", "created_at", "updated_at", "metadata", "user_id", "agent_id", "run_id", "actor_id",
 *            "categories"}, or the same in camelCase
 *
 * Each memory is a step with its id, said by whom it is about, at its creation. Memories of one user, agent and run are
 * an episode, tagged "user:...", "agent:...", "run:..."; categories are tags of the step. mem0 changes a memory in
 * place: one whose text is not what its id has here becomes a step that supersedes it, with the hash of its text
 * behind the id and the time of the change, so nothing is overwritten and every export can be imported.
 */
#include <stdio.h>

#include "../text/text.h"
#include "transfer.h"

#define OWNER_COUNT 3u

typedef struct owner {
    const char *tag;
    const char *name;
    const char *camel;
} owner;

static const owner owners[OWNER_COUNT] = {
    {"user", "user_id", "userId"}, {"agent", "agent_id", "agentId"}, {"run", "run_id", "runId"}};

typedef struct reader {
    epi__sink *sink;
    bool fresh;          /* the space was empty at the beginning */
    bool begun;          /* an episode is open */
    epi__hash128 begins; /* what it is of */
} reader;

typedef struct memory {
    size_t place;
    const char *id;
    const char *text;
    epi_time time;
    uint64_t supersedes;
} memory;

static const char *text_of(const epi_json *object, const char *name, const char *camel) {
    const char *text = epi__json_text_of(object, name);
    return text != NULL ? text : epi__json_text_of(object, camel);
}

/* Left as it is when absent. What is there must be a time. */
static epi_status read_time(epi_time *time, const reader *r, const memory *m, const epi_json *value, const char *name,
                            const char *camel) {
    const char *text = text_of(value, name, camel);
    epi_interval interval;
    if (text == NULL) return EPI_OK;
    epi_status status = epi_time_parse(&interval, text);
    if (status != EPI_OK) return epi__sink_fail(r->sink, m->place, "%s \"%.40s\" is no time", name, text);
    *time = interval.from;
    return EPI_OK;
}

/* ---- whose they are --------------------------------------------------------------------------------------------- */

static void describe_owner(epi__buffer *id, epi__buffer tags[OWNER_COUNT], const epi_json *value) {
    for (size_t i = 0; i < OWNER_COUNT; i++) {
        const char *name = text_of(value, owners[i].name, owners[i].camel);
        epi__buffer_append_bytes(id, name != NULL ? name : "", name != NULL ? strlen(name) : 0);
        if (name != NULL) epi__buffer_append_format(&tags[i], "%s:%s", owners[i].tag, name);
    }
}

static epi_status begin_episode(reader *r, const epi__buffer *id_of, epi__buffer tags[OWNER_COUNT]) {
    char id[EPI__DERIVED_ID_SIZE];
    const char *given[OWNER_COUNT];
    epi_episode_options options = epi_episode_options_default();
    for (size_t i = 0; i < OWNER_COUNT; i++) {
        if (tags[i].size > 0) given[options.tag_count++] = epi__buffer_text(&tags[i]);
    }
    epi__derived_id(id, "mem0", id_of->data, id_of->size);
    options.external_id = id;
    options.tags = options.tag_count > 0 ? given : NULL;
    for (size_t i = 0; i < OWNER_COUNT; i++) {
        if (tags[i].failed) return epi__fail_memory("transfer", tags[i].size);
    }
    return epi__sink_episode(r->sink, 0, &options, false);
}

/* Goes on with the episode of the memory's user, agent and run. */
static epi_status choose_episode(reader *r, const epi_json *value) {
    epi__buffer id = {0};
    epi__buffer tags[OWNER_COUNT] = {{0}};
    describe_owner(&id, tags, value);
    epi_status status = id.failed ? epi__fail_memory("transfer", id.size) : EPI_OK;
    epi__hash128 hash = epi__hash128_of(id.data, id.size);
    bool same = r->begun && hash.high == r->begins.high && hash.low == r->begins.low;
    if (status == EPI_OK && !same) {
        status = begin_episode(r, &id, tags);
        r->begun = status == EPI_OK;
        r->begins = hash;
    }
    epi__buffer_dispose(&id);
    for (size_t i = 0; i < OWNER_COUNT; i++) epi__buffer_dispose(&tags[i]);
    return status;
}

/* ---- what is there already ------------------------------------------------------------------------------------- */

/* The step that holds now of those that began with an id; *same: it says the same text. */
static epi_status find_newest(uint64_t *newest, bool *same, const reader *r, const memory *m) {
    epi_status status = epi_step_find(newest, r->sink->space, m->id);
    if (status != EPI_OK) return status;
    for (uint64_t at = *newest; at != 0;) {
        epi_recollection *found = NULL;
        EPI__TRY(epi_step_read(&found, r->sink->space, at));
        const epi_scene *scene = epi_recollection_scene(found, 0);
        const epi_recalled_step *step = epi_scene_step(scene, 0);
        const epi_recalled_part *text = epi_scene_part(scene, step, "text");
        *same = text != NULL && text->size == strlen(m->text) && memcmp(text->data, m->text, text->size) == 0;
        *newest = at;
        at = step->superseded_by;
        epi_recollection_free(found);
    }
    return EPI_OK;
}

/* *present: nothing is to be stored. Otherwise id, time and supersedes are those of a change when there was one. */
static epi_status compare(bool *present, char changed[EPI_EXTERNAL_ID_SIZE_MAX + 1], const reader *r, memory *m,
                          epi_time updated) {
    bool same = false;
    uint64_t newest = 0;
    *present = false;
    if (r->fresh) return EPI_OK;
    epi_status status = find_newest(&newest, &same, r, m);
    if (status != EPI_OK) return status == EPI_ENOTFOUND ? EPI_OK : status;
    *present = same;
    if (same) return EPI_OK;
    unsigned long long hash = epi__hash64_pair(m->text, strlen(m->text), &newest, sizeof newest);
    int kept = (int)epi__utf8_cut(m->id, strlen(m->id), 230);
    snprintf(changed, EPI_EXTERNAL_ID_SIZE_MAX + 1, "%.*s#%016llx", kept, m->id, hash);
    m->id = changed;
    m->supersedes = newest;
    if (updated != EPI_TIME_NONE) m->time = updated;
    return EPI_OK;
}

/* ---- memories -------------------------------------------------------------------------------------------------- */

static size_t read_tags(const char *tags[EPI_TAG_COUNT_MAX], const epi_json *value) {
    size_t count = 0;
    const epi_json *list = epi_json_member(value, "categories");
    if (epi_json_type_of(list) != EPI_JSON_ARRAY) return 0;
    for (const epi_json *at = epi_json_first(list); at != NULL && count < EPI_TAG_COUNT_MAX; at = epi_json_next(at)) {
        const char *tag = epi_json_string(at, NULL);
        if (tag != NULL && *tag != '\0') tags[count++] = tag;
    }
    return count;
}

static epi_status store(const reader *r, const memory *m, const epi_json *value) {
    const char *tags[EPI_TAG_COUNT_MAX];
    const char *speaker = text_of(value, "actor_id", "actorId");
    for (size_t i = 0; i < OWNER_COUNT && speaker == NULL; i++) {
        speaker = text_of(value, owners[i].name, owners[i].camel);
    }
    epi_part parts[2] = {epi_part_text("text", m->text), epi_part_text("speaker", speaker)};
    epi__incoming incoming = {epi_step_default(), m->place, 0, false};
    incoming.step.parts = parts;
    incoming.step.part_count = speaker != NULL ? 2 : 1;
    incoming.step.external_id = m->id;
    incoming.step.event_time = m->time;
    incoming.step.supersedes = m->supersedes;
    incoming.step.tag_count = read_tags(tags, value);
    incoming.step.tags = incoming.step.tag_count > 0 ? tags : NULL;
    epi__buffer metadata = {0};
    epi_status status = EPI_OK;
    const epi_json *kept = epi_json_member(value, "metadata");
    if (epi_json_type_of(kept) == EPI_JSON_OBJECT && epi_json_first(kept) != NULL) {
        status = epi__json_text(&metadata, kept);
        incoming.step.metadata = epi__buffer_text(&metadata);
    }
    if (status == EPI_OK) status = epi__sink_step(r->sink, &incoming);
    epi__buffer_dispose(&metadata);
    return status;
}

static epi_status import_memory(reader *r, size_t place, const epi_json *value) {
    char changed[EPI_EXTERNAL_ID_SIZE_MAX + 1];
    memory m = {place, epi__json_text_of(value, "id"), epi__json_text_of(value, "memory"), EPI_TIME_NONE, 0};
    epi_time updated = EPI_TIME_NONE;
    bool present = false;
    if (m.id == NULL) return epi__sink_fail(r->sink, place, "a memory has no id");
    if (m.text == NULL) {
        r->sink->report->skipped++;
        return EPI_OK;
    }
    EPI__TRY(read_time(&m.time, r, &m, value, "created_at", "createdAt"));
    EPI__TRY(read_time(&updated, r, &m, value, "updated_at", "updatedAt"));
    EPI__TRY(compare(&present, changed, r, &m, updated));
    if (present) {
        r->sink->report->present++;
        return EPI_OK;
    }
    EPI__TRY(choose_episode(r, value));
    return store(r, &m, value);
}

/* An entry is a memory, or holds a list of them. */
static const epi_json *list_of(const epi_json *entry) {
    const epi_json *list = epi_json_member(entry, "results");
    return list != NULL ? list : epi_json_member(entry, "memories");
}

static uint64_t count_memories(const epi__entries *entries) {
    uint64_t count = 0;
    for (size_t i = 0; i < entries->count; i++) {
        const epi_json *list = list_of(entries->items[i].value);
        count += list != NULL ? epi_json_count(list) : 1;
    }
    return count;
}

epi_status epi__import_mem0(epi__sink *sink, const epi__entries *entries) {
    EPI__TRY(epi__sink_space(sink, sink->options->space, epi_schema_conversation()));
    reader r = {sink, sink->fresh, false, {0, 0}};
    sink->total = count_memories(entries);
    for (size_t i = 0; i < entries->count; i++) {
        const epi__entry *entry = &entries->items[i];
        const epi_json *list = list_of(entry->value);
        if (list != NULL && epi_json_type_of(list) != EPI_JSON_ARRAY) {
            return epi__sink_fail(sink, entry->place, "its results are no list");
        }
        const epi_json *at = list != NULL ? epi_json_first(list) : entry->value;
        for (size_t number = 1; at != NULL; number++, sink->done++) {
            EPI__TRY(import_memory(&r, list != NULL ? number : entry->place, at));
            at = list != NULL ? epi_json_next(at) : NULL;
        }
    }
    return EPI_OK;
}
