/* jsonl.c - import of the project's own lossless form, written by export.c (docs/JSONL.md).
 *
 * Idea: line after line, so that memory stays bounded by the batch. Numbers of the file are mapped to the ids that the
 * store gives; a step that corrects one of the current batch has the batch stored first.
 * Invariant: a file that is cut, even between two lines, is noticed by its missing or differing last line; what came
 * before stays, and importing the whole file adds the rest.
 */
#include "jsonl.h"

epi_status epi__jsonl_fail(const epi__jsonl *r, const char *what) {
    return epi__sink_fail(r->sink, r->line.number, "%s", what);
}

static epi_status fail_memory(const epi__jsonl *r) {
    return epi__fail_memory("transfer", r->line.size);
}

/* ---- fields ---------------------------------------------------------------------------------------------------- */

/* A number of the file: 1 and above; 0 when it is absent. */
epi_status epi__jsonl_number(uint64_t *number, const epi__jsonl *r, const char *name, bool required) {
    const epi_json *value = epi_json_member(r->root, name);
    int64_t integer = 0;
    *number = 0;
    if (value == NULL && !required) return EPI_OK;
    if (!epi_json_integer(&integer, value) || integer < 1) {
        return epi__sink_fail(r->sink, r->line.number, "\"%s\" is not a number from 1 on", name);
    }
    *number = (uint64_t)integer;
    return EPI_OK;
}

static epi_status read_time_of(epi_interval *interval, const epi__jsonl *r, const epi_json *object, const char *name) {
    const epi_json *value = epi_json_member(object, name);
    *interval = (epi_interval){EPI_TIME_NONE, EPI_TIME_NONE, 0};
    if (value == NULL) return EPI_OK;
    const char *text = epi_json_string(value, NULL);
    if (text == NULL) return epi__sink_fail(r->sink, r->line.number, "\"%s\" is not a string", name);
    if (epi_time_parse(interval, text) == EPI_OK) return EPI_OK;
    return epi__sink_fail(r->sink, r->line.number, "\"%s\": %s", name, epi_error_last()->message);
}

static epi_status read_time(epi_interval *interval, const epi__jsonl *r, const char *name) {
    return read_time_of(interval, r, r->root, name);
}

/* JSON as a value, or as the text of a string. NULL when absent. */
static epi_status read_json(const char **text, epi__jsonl *r, const epi_json *value) {
    *text = epi_json_string(value, NULL);
    if (value == NULL || *text != NULL) return EPI_OK;
    epi__buffer buffer = {0};
    epi_status status = epi__json_text(&buffer, value);
    if (status == EPI_OK) {
        *text = epi__arena_text(&r->arena, buffer.data, buffer.size);
        if (*text == NULL) status = fail_memory(r);
    }
    epi__buffer_dispose(&buffer);
    return status;
}

epi_status epi__jsonl_base64(const void **data, size_t *size, epi__jsonl *r, const epi_json *value, const char *name) {
    size_t text_size = 0;
    const char *text = epi_json_string(value, &text_size);
    epi__buffer buffer = {0};
    epi_status status = EPI_OK;
    if (text == NULL || !epi__base64_decode(&buffer, text, text_size)) {
        status = epi__sink_fail(r->sink, r->line.number, "\"%.60s\" is not base64", name);
    } else {
        *data = epi__arena_copy(&r->arena, buffer.data, buffer.size);
        *size = buffer.size;
        if (buffer.failed || *data == NULL) status = fail_memory(r);
    }
    epi__buffer_dispose(&buffer);
    return status;
}

static epi_status read_tags(const char *const **tags, size_t *count, epi__jsonl *r) {
    const epi_json *list = epi_json_member(r->root, "tags");
    size_t limit = epi_json_count(list);
    *count = 0;
    *tags = NULL;
    if (list == NULL) return EPI_OK;
    const char **texts = epi__arena_alloc(&r->arena, limit, sizeof *texts);
    if (texts == NULL) return fail_memory(r);
    for (const epi_json *at = epi_json_first(list); at != NULL; at = epi_json_next(at)) {
        texts[*count] = epi_json_string(at, NULL);
        if (texts[(*count)++] == NULL) return epi__jsonl_fail(r, "a tag is not a string");
    }
    *tags = texts;
    return EPI_OK;
}

static epi_status read_reward(double *reward, const epi__jsonl *r, bool *has) {
    const epi_json *value = epi_json_member(r->root, "reward");
    *reward = 0.0;
    *has = value != NULL;
    if (value == NULL || epi_json_number(reward, value)) return EPI_OK;
    return epi__jsonl_fail(r, "\"reward\" is not a number");
}

/* The line's own external id; else one made from the source and the line. NULL: out of memory. */
static const char *external_id(epi__jsonl *r, const char *prefix) {
    const char *given = epi__json_text_of(r->root, "external_id");
    if (given != NULL) return given;
    char id[EPI__DERIVED_ID_SIZE];
    const char *source = r->sink->options->source != NULL ? r->sink->options->source : "";
    epi__buffer data = {0};
    epi__buffer_append_bytes(&data, source, strlen(source));
    epi__buffer_append(&data, r->line.text, r->line.size);
    bool failed = data.failed;
    epi__derived_id(id, prefix, data.data, data.size);
    epi__buffer_dispose(&data);
    return failed ? NULL : epi__arena_text(&r->arena, id, strlen(id));
}

/* ---- space, episode, outcome, end ------------------------------------------------------------------------------ */

/* The recall profile that was chosen for the space; one that has steps here keeps its own. */
static epi_status import_profile(epi__jsonl *r) {
    const epi_json *value = epi_json_member(r->root, "profile");
    const char *name = epi_json_string(value, NULL);
    if (value == NULL) return EPI_OK;
    for (int kind = EPI_PROFILE_CHAT; name != NULL && *epi_profile_name((epi_profile_kind)kind) != '\0'; kind++) {
        if (strcmp(epi_profile_name((epi_profile_kind)kind), name) != 0) continue;
        return r->sink->fresh ? epi_space_set_profile(r->sink->space, (epi_profile_kind)kind) : EPI_OK;
    }
    return epi__jsonl_fail(r, "\"profile\" is none of chat, assistant, documents and events");
}

static epi_status import_space(epi__jsonl *r) {
    epi_schema schema;
    epi_role roles[EPI_PART_COUNT_MAX];
    int64_t format = 0;
    const char *given = r->sink->options->space;
    const char *name = given != NULL ? given : epi__json_text_of(r->root, "name");
    if (!r->complete) return epi__jsonl_fail(r, "a space begins before the end line of the one before");
    if (given != NULL && r->sink->space != NULL)
        return epi__jsonl_fail(r, "a second space begins; import without naming one");
    if (!epi_json_integer(&format, epi_json_member(r->root, "format")) || format != 1) {
        return epi__jsonl_fail(r, "\"format\" is not 1; a newer release may have written the file");
    }
    if (name == NULL) return epi__jsonl_fail(r, "the space has no name");
    const char *wrong = epi__schema_read(&schema, roles, epi_json_member(r->root, "schema"));
    if (wrong != NULL) return epi__jsonl_fail(r, wrong);
    EPI__TRY(epi__sink_space(r->sink, name, &schema));
    r->schema = epi_space_schema(r->sink->space);
    epi__map_clear(&r->episodes);
    r->episode_count = 0;
    r->step_count = 0;
    r->complete = false;
    return import_profile(r);
}

static epi_status import_episode(epi__jsonl *r) {
    uint64_t number;
    epi_interval begin;
    epi_episode_options options = epi_episode_options_default();
    EPI__TRY(epi__jsonl_number(&number, r, "id", true));
    EPI__TRY(read_time(&begin, r, "begin"));
    EPI__TRY(read_tags(&options.tags, &options.tag_count, r));
    EPI__TRY(read_json(&options.metadata, r, epi_json_member(r->root, "metadata")));
    if (epi__map_get(&r->episodes, number, NULL)) return epi__jsonl_fail(r, "the episode's id is there twice");
    options.title = epi__json_text_of(r->root, "title");
    options.begin = begin.from;
    options.external_id = external_id(r, "episode");
    if (options.external_id == NULL) return fail_memory(r);
    EPI__TRY(epi__sink_episode(r->sink, number, &options, false));
    r->episode_count++;
    return epi__map_put(&r->episodes, number, 1) ? EPI_OK : fail_memory(r);
}

/* Goes on with the episode that the line names. */
static epi_status enter_episode(epi__jsonl *r) {
    uint64_t number;
    EPI__TRY(epi__jsonl_number(&number, r, "episode", true));
    if (!epi__map_get(&r->episodes, number, NULL)) return epi__jsonl_fail(r, "its episode has no line before it");
    return epi__sink_resume(r->sink, number);
}

static epi_status import_outcome(epi__jsonl *r) {
    epi_interval end;
    epi_outcome outcome = epi_outcome_default();
    EPI__TRY(enter_episode(r));
    EPI__TRY(read_reward(&outcome.reward, r, &outcome.has_reward));
    EPI__TRY(read_time(&end, r, "end"));
    outcome.end = end.from;
    outcome.text = epi__json_text_of(r->root, "text");
    return epi__sink_end(r->sink, &outcome);
}

static epi_status import_end(epi__jsonl *r) {
    int64_t episodes = -1;
    int64_t steps = -1;
    epi_json_integer(&episodes, epi_json_member(r->root, "episodes"));
    epi_json_integer(&steps, epi_json_member(r->root, "steps"));
    r->complete = true;
    if (episodes == (int64_t)r->episode_count && steps == (int64_t)r->step_count) return EPI_OK;
    return epi__sink_fail(r->sink, r->line.number,
                          "%lld episodes and %lld steps were promised, %llu and %llu were there", (long long)episodes,
                          (long long)steps, (unsigned long long)r->episode_count, (unsigned long long)r->step_count);
}

/* ---- steps ----------------------------------------------------------------------------------------------------- */

static const epi_role *find_role(const epi_schema *schema, const char *name) {
    for (size_t i = 0; i < schema->role_count; i++) {
        if (strcmp(schema->roles[i].name, name) == 0) return &schema->roles[i];
    }
    return NULL;
}

static epi_status read_part(epi_part *part, epi__jsonl *r, const epi_json *value) {
    const char *name = epi_json_name(value);
    const epi_role *role = find_role(r->schema, name);
    if (role == NULL) return epi__sink_fail(r->sink, r->line.number, "the schema has no role \"%.60s\"", name);
    const char *text = NULL;
    *part = epi_part_bytes(role->name, NULL, 0);
    if (role->type == EPI_BLOB || role->type == EPI_TENSOR)
        return epi__jsonl_base64(&part->data, &part->size, r, value, name);
    if (role->type == EPI_JSON) {
        EPI__TRY(read_json(&text, r, value));
    } else {
        text = epi_json_string(value, NULL);
    }
    if (text == NULL) return epi__sink_fail(r->sink, r->line.number, "the value of \"%.60s\" is not a string", name);
    *part = epi_part_text(role->name, text);
    return EPI_OK;
}

static epi_status read_parts(epi_step *step, epi__jsonl *r) {
    const epi_json *object = epi_json_member(r->root, "parts");
    if (epi_json_type_of(object) != EPI_JSON_OBJECT) return epi__jsonl_fail(r, "the step has no parts");
    epi_part *parts = epi__arena_alloc(&r->arena, epi_json_count(object), sizeof *parts);
    if (parts == NULL) return fail_memory(r);
    step->parts = parts;
    for (const epi_json *at = epi_json_first(object); at != NULL; at = epi_json_next(at)) {
        EPI__TRY(read_part(&parts[step->part_count++], r, at));
    }
    return EPI_OK;
}

epi_status epi__jsonl_flags(uint32_t *flags, const epi__jsonl *r) {
    static const char *const names[] = {"terminated", "truncated", "imagined"};
    static const uint32_t bits[] = {EPI_STEP_TERMINATED, EPI_STEP_TRUNCATED, EPI_STEP_IMAGINED};
    const epi_json *at = epi_json_first(epi_json_member(r->root, "flags"));
    for (; at != NULL; at = epi_json_next(at)) {
        const char *name = epi_json_string(at, NULL);
        size_t i = 0;
        while (i < EPI__COUNT(names) && (name == NULL || strcmp(names[i], name) != 0)) i++;
        if (i == EPI__COUNT(names)) return epi__jsonl_fail(r, "a flag is unknown");
        *flags |= bits[i];
    }
    return EPI_OK;
}

static epi_status read_event(epi_step *step, const epi__jsonl *r) {
    epi_interval from;
    epi_interval end;
    EPI__TRY(read_time(&from, r, "time"));
    EPI__TRY(read_time(&end, r, "end"));
    step->event_time = from.from;
    step->event_end = end.from != EPI_TIME_NONE ? end.from : from.to != from.from ? from.to : EPI_TIME_NONE;
    step->utc_offset_min = from.utc_offset_min;
    return EPI_OK;
}

static epi_status read_vector(epi_step *step, epi__jsonl *r) {
    const epi_json *value = epi_json_member(r->root, "vector");
    const void *data = NULL;
    size_t size = 0;
    if (value == NULL) return EPI_OK;
    EPI__TRY(epi__jsonl_base64(&data, &size, r, value, "vector"));
    if (size % sizeof *step->vector != 0) return epi__jsonl_fail(r, "\"vector\" is not made of whole floats");
    step->vector = data;
    step->vector_size = size / sizeof *step->vector;
    return EPI_OK;
}

static epi_status read_fact(epi_fact *fact, const epi__jsonl *r, const epi_json *value) {
    epi_interval from, to;
    EPI__TRY(read_time_of(&from, r, value, "from"));
    EPI__TRY(read_time_of(&to, r, value, "to"));
    *fact = (epi_fact){epi__json_text_of(value, "subject"), epi__json_text_of(value, "attribute"),
                       epi__json_text_of(value, "value"), from.from, to.from};
    if (fact->attribute != NULL && fact->value != NULL) return EPI_OK;
    return epi__jsonl_fail(r, "a fact has no attribute or no value");
}

static epi_status read_facts(epi_step *step, epi__jsonl *r) {
    const epi_json *list = epi_json_member(r->root, "facts");
    if (list == NULL) return EPI_OK;
    epi_fact *facts = epi__arena_alloc(&r->arena, epi_json_count(list), sizeof *facts);
    if (facts == NULL) return fail_memory(r);
    step->facts = facts;
    for (const epi_json *at = epi_json_first(list); at != NULL; at = epi_json_next(at))
        EPI__TRY(read_fact(&facts[step->fact_count++], r, at));
    return EPI_OK;
}

/* What it corrects may still be in the batch, without an id. */
static epi_status read_supersedes(epi_step *step, epi__jsonl *r) {
    uint64_t number;
    EPI__TRY(epi__jsonl_number(&number, r, "supersedes", false));
    if (number == 0 || epi__map_get(&r->sink->ids, number, &step->supersedes)) return EPI_OK;
    EPI__TRY(epi__sink_flush(r->sink));
    if (epi__map_get(&r->sink->ids, number, &step->supersedes)) return EPI_OK;
    return epi__jsonl_fail(r, "the step that it supersedes has no line before it");
}

static epi_status read_step(epi__incoming *incoming, epi__jsonl *r) {
    epi_step *step = &incoming->step;
    bool has_reward;
    EPI__TRY(epi__jsonl_number(&incoming->local, r, "id", true));
    EPI__TRY(read_event(step, r));
    EPI__TRY(read_parts(step, r));
    EPI__TRY(read_tags(&step->tags, &step->tag_count, r));
    EPI__TRY(read_json(&step->metadata, r, epi_json_member(r->root, "metadata")));
    EPI__TRY(read_reward(&step->reward, r, &has_reward));
    EPI__TRY(epi__jsonl_flags(&step->flags, r));
    EPI__TRY(read_vector(step, r));
    EPI__TRY(read_facts(step, r));
    EPI__TRY(read_supersedes(step, r));
    incoming->forgotten = epi_json_true(epi_json_member(r->root, "forgotten"));
    step->external_id = external_id(r, "step");
    return step->external_id != NULL ? EPI_OK : fail_memory(r);
}

static epi_status import_step(epi__jsonl *r) {
    if (r->sink->rows) return epi__jsonl_row(r);
    epi__incoming incoming = {epi_step_default(), r->line.number, 0, false};
    EPI__TRY(enter_episode(r));
    EPI__TRY(read_step(&incoming, r));
    r->step_count++;
    return epi__sink_step(r->sink, &incoming);
}

/* ---- lines ----------------------------------------------------------------------------------------------------- */

static epi_status import_line(epi__jsonl *r) {
    static const struct {
        const char *type;
        epi_status (*import)(epi__jsonl *r);
    } types[] = {{"step", import_step},       {"episode", import_episode},
                 {"outcome", import_outcome}, {"recorder", epi__jsonl_recorder},
                 {"space", import_space},     {"end", import_end}};
    epi_status status = epi_json_parse(&r->root, r->line.text, r->line.size);
    if (status != EPI_OK)
        return epi__fail(status, "transfer", "line %zu: %s", r->line.number, epi_error_last()->message);
    const char *type = epi__json_text_of(r->root, "type");
    for (size_t i = 0; type != NULL && i < EPI__COUNT(types); i++) {
        if (strcmp(types[i].type, type) != 0) continue;
        if (r->complete && types[i].import != import_space)
            return epi__jsonl_fail(r, "a line of type \"space\" has to come first");
        return types[i].import(r);
    }
    return epi__jsonl_fail(r, "\"type\" is none of space, episode, recorder, step, outcome and end");
}

static epi_status import_lines(epi__jsonl *r, const char *text, size_t size) {
    r->line.text = text;
    while (epi__line_next(&r->line, text, size)) {
        epi_status status = import_line(r);
        epi_json_free(r->root);
        r->root = NULL;
        epi__arena_dispose(&r->arena);
        if (status != EPI_OK) return status;
        r->sink->done = (uint64_t)(r->line.text + r->line.size - text);
    }
    if (r->line.number == 0) return epi__fail(EPI_EFORMAT, "transfer", "the file was empty");
    return r->complete ? EPI_OK : epi__jsonl_fail(r, "the file is cut: its last line is not of type \"end\"");
}

epi_status epi__import_jsonl(epi__sink *sink, const char *text, size_t size) {
    epi__jsonl r = {.sink = sink, .complete = true};
    sink->total = size;
    epi_status status = import_lines(&r, text, size);
    epi__map_dispose(&r.episodes);
    return status;
}
