/* http_mem0.c - the routes that clients of mem0 know, over our store: /memories, /memories/ID, /memories/ID/history,
 * /search. Texts are kept word for word; nothing is extracted or merged by a model.
 *
 * Whose memories they are says the space: user:NAME, or agent:NAME or run:NAME where no user is told. What else is told
 * of the three is a tag within it. An update is a step that supersedes the last one, so a memory is a chain of steps;
 * its id names the space and the chain's first step, and stays. Deleting forgets the chain, so it can be taken back by
 * restore.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "http.h"
#include "render.h"

#define ID_ROOM (3u * EPI_NAME_SIZE_MAX + 32u)
#define SCOPES 3u
#define CHAIN_MAX 1000u
#define LIMIT_DEFAULT 100u
#define LIMIT_MAX 1000u
#define SEARCH_LIMIT_DEFAULT 10u

static const char *const scope_keys[SCOPES] = {"user_id", "agent_id", "run_id"};
static const char *const scope_kinds[SCOPES] = {"user", "agent", "run"};

/* Whose memories. */
typedef struct scope {
    char space[EPI_NAME_SIZE_MAX + 1];
    char tags[SCOPES][EPI_TAG_SIZE_MAX + 1];
    const char *tag_list[SCOPES];
    size_t tag_count;
} scope;

/* ---- ids --------------------------------------------------------------------------------------------------------- */

/* The space's name with all but letters, digits and hyphens as _XX, a dot, and the step: safe in a path. */
static char *write_id(char out[ID_ROOM], const char *space, uint64_t step) {
    size_t size = 0;
    for (const unsigned char *c = (const unsigned char *)space; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '-';
        size += (size_t)snprintf(out + size, ID_ROOM - size, plain ? "%c" : "_%02X", *c);
    }
    snprintf(out + size, ID_ROOM - size, ".%llu", (unsigned long long)step);
    return out;
}

static bool read_id(char space[EPI_NAME_SIZE_MAX + 1], uint64_t *step, const char *id, size_t id_size) {
    size_t size = 0, at = 0;
    for (; at < id_size && id[at] != '.' && size < EPI_NAME_SIZE_MAX; at++) {
        unsigned code = (unsigned char)id[at];
        if (id[at] == '_' && (at + 2 >= id_size || sscanf(id + at + 1, "%2X", &code) != 1 || code == 0)) return false;
        if (id[at] == '_') at += 2;
        space[size++] = (char)code;
    }
    space[size] = '\0';
    if (size == 0 || at >= id_size || id[at] != '.' || id_size - at > 20) return false;
    *step = 0;
    for (at++; at < id_size; at++) {
        if (id[at] < '0' || id[at] > '9') return false;
        *step = *step * 10 + (uint64_t)(id[at] - '0');
    }
    return *step > 0;
}

/* ---- whose ------------------------------------------------------------------------------------------------------- */

static const char *member_text(const epi_json *object, const char *name) {
    return epi_json_string(epi_json_member(object, name), NULL);
}

/* From the query, the body, or the body's "filters". False after answering. */
static bool read_scope(scope *s, http_request *request, const epi_json *body) {
    *s = (scope){.tag_count = 0};
    for (size_t i = 0; i < SCOPES; i++) {
        const char *value = http_query(request, scope_keys[i]);
        if (value == NULL) value = member_text(body, scope_keys[i]);
        if (value == NULL) value = member_text(epi_json_member(body, "filters"), scope_keys[i]);
        if (value == NULL || *value == '\0') continue;
        bool first = s->space[0] == '\0';
        char *into = first ? s->space : s->tags[s->tag_count];
        int size = snprintf(into, EPI_NAME_SIZE_MAX + 1, "%s:%s", scope_kinds[i], value);
        if (size < 0 || (unsigned)size > EPI_NAME_SIZE_MAX) {
            http_problem(request, 422, "%s is longer than %u bytes", scope_keys[i], EPI_NAME_SIZE_MAX - 6);
            return false;
        }
        if (!first) {
            s->tag_list[s->tag_count] = into;
            s->tag_count++;
        }
    }
    if (s->space[0] != '\0') return true;
    http_problem(request, 400, "one of user_id, agent_id and run_id is needed: whose memories?");
    return false;
}

/* Looks at the limits that operations look at. */
bool http_mem0_may_run(http_request *request, bool writes) {
    service *of = http_service(request);
    if (writes && service_options_of(of)->read_only) {
        http_problem(request, 403, "the server was started with --read-only");
        return false;
    }
    unsigned wait_ms = service_take(of);
    if (wait_ms == 0) return true;
    http_problem(request, 429, "the limit of calls a second was reached");
    snprintf(request->scratch, sizeof request->scratch, "%u", (wait_ms + 999) / 1000);
    http_answer_add(request, "Retry-After", request->scratch);
    return false;
}

static epi_space *open_space(http_request *request, const char *name, bool make) {
    epi_space *space = NULL;
    const epi_schema *schema = make ? epi_schema_conversation() : NULL;
    epi_status status = service_space(&space, http_service(request), FOR_TALK, name, schema);
    if (status != EPI_OK) http_problem_status(request, status);
    return space;
}

/* ---- memories ---------------------------------------------------------------------------------------------------- */

/* A chain of steps, the first one first. */
typedef struct chain {
    uint64_t ids[CHAIN_MAX];
    size_t count;
} chain;

static const epi_recalled_step *step_of(const epi_recollection *found) {
    return epi_scene_step(epi_recollection_scene(found, 0), 0);
}

/* The id beside a step: forward to what corrects it, or back to what it corrects. 0: none. */
static epi_status beside(uint64_t *id, epi_space *space, uint64_t step, bool forward) {
    epi_recollection *found = NULL;
    epi_status status = epi_step_read(&found, space, step);
    const epi_recalled_step *read = status == EPI_OK ? step_of(found) : NULL;
    *id = read == NULL ? 0 : forward ? read->superseded_by : read->supersedes;
    epi_recollection_free(found);
    return status;
}

static epi_status first_of(uint64_t *first, epi_space *space, uint64_t step) {
    uint64_t before = step;
    epi_status status = EPI_OK;
    for (size_t i = 0; status == EPI_OK && before > 0 && i < CHAIN_MAX; i++) {
        *first = before;
        status = beside(&before, space, *first, false);
    }
    return status == EPI_ESTALE ? EPI_OK : status; /* what it corrected was removed */
}

static epi_status read_chain(chain *c, epi_space *space, uint64_t first) {
    epi_status status = EPI_OK;
    c->count = 0;
    for (uint64_t next = first; status == EPI_OK && next > 0 && c->count < CHAIN_MAX;) {
        c->ids[c->count++] = next;
        status = beside(&next, space, next, true);
    }
    return status;
}

static void put_whose(epi_json_writer *writer, const char *space, const epi_recalled_step *step) {
    for (size_t i = 0; i < SCOPES; i++) {
        size_t size = strlen(scope_kinds[i]);
        if (strncmp(space, scope_kinds[i], size) == 0 && space[size] == ':')
            render_text(writer, scope_keys[i], space + size + 1);
        for (size_t t = 0; t < step->tag_count; t++) {
            if (strncmp(step->tags[t], scope_kinds[i], size) == 0 && step->tags[t][size] == ':')
                render_text(writer, scope_keys[i], step->tags[t] + size + 1);
        }
    }
}

/* Clients compare it to see whether a text has changed. */
static void put_hash(epi_json_writer *writer, const epi_recalled_part *text) {
    char hex[33];
    snprintf(hex, sizeof hex, "%016llx%016llx", (unsigned long long)hash_bytes(HASH_START, text->data, text->size),
             (unsigned long long)hash_bytes(~HASH_START, text->data, text->size));
    render_text(writer, "hash", hex);
}

/* One memory as mem0 tells it. */
static void put_memory(epi_json_writer *writer, epi_space *space, const epi_recalled_step *step, epi_time created,
                       uint64_t first, const double *score) {
    char id[ID_ROOM];
    epi_json_begin_object(writer, NULL);
    render_text(writer, "id", write_id(id, epi_space_name(space), first));
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (strcmp(part->role, "text") == 0) {
            epi_json_put_string(writer, "memory", part->data, part->size);
            put_hash(writer, part);
        }
        if (strcmp(part->role, "speaker") == 0) epi_json_put_string(writer, "role", part->data, part->size);
    }
    if (score != NULL) epi_json_put_number(writer, "score", *score);
    if (step->metadata != NULL)
        epi_json_put_raw(writer, "metadata", step->metadata, strlen(step->metadata));
    else
        epi_json_put_null(writer, "metadata");
    render_time(writer, "created_at", created, 0);
    if (step->supersedes > 0)
        render_time(writer, "updated_at", step->ingest_time, 0);
    else
        epi_json_put_null(writer, "updated_at");
    put_whose(writer, epi_space_name(space), step);
    epi_json_end(writer);
}

static epi_status put_found(epi_json_writer *writer, epi_space *space, const epi_recalled_step *step,
                            const double *score) {
    epi_recollection *begin = NULL;
    uint64_t first = step->id;
    epi_status status = step->supersedes > 0 ? first_of(&first, space, step->id) : EPI_OK;
    epi_time created = step->ingest_time;
    if (status == EPI_OK && first != step->id && epi_step_read(&begin, space, first) == EPI_OK)
        created = step_of(begin)->ingest_time;
    if (status == EPI_OK) put_memory(writer, space, step, created, first, score);
    epi_recollection_free(begin);
    return status;
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static epi_status put_hits(epi_json_writer *writer, epi_space *space, const epi_recollection *found, bool scored) {
    epi_status status = EPI_OK;
    for (size_t i = 0; status == EPI_OK && i < epi_recollection_hit_count(found); i++) {
        const epi_hit *hit = epi_recollection_hit(found, i);
        const epi_scene *scene = epi_recollection_scene(found, hit->scene);
        status = put_found(writer, space, epi_scene_step(scene, hit->scene_step), scored ? &hit->score : NULL);
    }
    return status;
}

/* What a text finds; without one the newest. */
static void find(http_request *request, const scope *s, const char *text, uint32_t limit) {
    epi_space *space = NULL;
    epi_recollection *found = NULL;
    epi_json_writer *writer = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    cue.text = text;
    cue.now = epi_time_now();
    cue.filter.tags = s->tag_list;
    cue.filter.tag_count = s->tag_count;
    if (text == NULL) cue.filter.from = EPI_TIME_MIN; /* a filter that lets all pass */
    options.k = limit;
    options.scene_margin = 0;
    options.token_budget = EPI_NO_TEXT;
    epi_status status = service_space(&space, http_service(request), FOR_TALK, s->space, NULL);
    bool absent = status == EPI_ENOTFOUND; /* nobody ever said anything: nothing is found */
    if (absent) status = EPI_OK;
    if (status == EPI_OK && !absent) status = epi_recall(&found, space, &cue, &options);
    epi_json_writer_new(&writer, false);
    epi_json_begin_object(writer, NULL);
    epi_json_begin_array(writer, "results");
    if (status == EPI_OK && !absent) status = put_hits(writer, space, found, text != NULL);
    epi_json_end(writer);
    epi_json_end(writer);
    epi_recollection_free(found);
    if (status == EPI_OK) {
        http_answer_json(request, 200, writer);
        return;
    }
    epi_json_writer_free(writer);
    http_problem_status(request, status);
}

static bool read_limit(uint32_t *limit, http_request *request, const epi_json *body, uint32_t left_out) {
    const char *text = http_query(request, "limit");
    int64_t number = text != NULL ? atoll(text) : left_out;
    const epi_json *given = epi_json_member(body, "limit");
    if (given == NULL) given = epi_json_member(body, "top_k");
    if (given != NULL) epi_json_integer(&number, given); /* 0 where it is none */
    *limit = (uint32_t)number;
    if (number >= 1 && number <= LIMIT_MAX) return true;
    http_problem(request, 400, "limit is not a number from 1 to %u", LIMIT_MAX);
    return false;
}

void http_mem0_search(http_request *request) {
    scope s;
    uint32_t limit = 0;
    epi_json *body = http_mem0_may_run(request, false) ? http_body_object(request) : NULL;
    if (body == NULL) return;
    const char *text = member_text(body, "query");
    if (text == NULL)
        http_problem(request, 400, "the member query is missing");
    else if (read_scope(&s, request, body) && read_limit(&limit, request, body, SEARCH_LIMIT_DEFAULT))
        find(request, &s, text, limit);
    epi_json_free(body);
}

void http_mem0_list(http_request *request) {
    scope s;
    uint32_t limit = 0;
    if (http_mem0_may_run(request, false) && read_scope(&s, request, NULL) &&
        read_limit(&limit, request, NULL, LIMIT_DEFAULT))
        find(request, &s, NULL, limit);
}

/* ---- adding ------------------------------------------------------------------------------------------------------ */

/* Stores one message, and writes what mem0 says of it. */
static epi_status add_message(epi_json_writer *writer, epi_space *space, const scope *s, const epi_json *message,
                              const char *metadata) {
    char id_text[ID_ROOM];
    uint64_t id = 0;
    size_t size = 0;
    const char *role = member_text(message, "role");
    const char *text = epi_json_string(epi_json_member(message, "content"), &size);
    epi_part parts[2] = {epi_part_bytes("text", text, size), epi_part_text("speaker", role)};
    epi_step step = epi_step_default();
    step.parts = parts;
    step.part_count = role != NULL ? 2 : 1;
    step.tags = s->tag_list;
    step.tag_count = s->tag_count;
    step.metadata = metadata;
    epi_status status = epi_remember(&id, NULL, space, &step);
    if (status != EPI_OK) return status;
    epi_json_begin_object(writer, NULL);
    render_text(writer, "id", write_id(id_text, s->space, id));
    epi_json_put_string(writer, "memory", text, size);
    render_text(writer, "event", "ADD");
    epi_json_end(writer);
    return EPI_OK;
}

/* Instructions of a system are no memories; they are passed over, as mem0 does. */
static bool is_memory(const epi_json *message) {
    const char *role = member_text(message, "role");
    return role == NULL || strcmp(role, "system") != 0;
}

static bool are_messages(const epi_json *messages) {
    if (epi_json_count(messages) == 0) return false;
    for (const epi_json *m = epi_json_first(messages); m != NULL; m = epi_json_next(m)) {
        if (member_text(m, "content") == NULL) return false;
    }
    return true;
}

static void add_all(http_request *request, const scope *s, const epi_json *body) {
    epi_json_writer *writer = NULL, *holder = NULL;
    const epi_json *metadata = epi_json_member(body, "metadata");
    epi_space *space = open_space(request, s->space, true);
    if (space == NULL) return;
    epi_status status = epi_json_writer_new(&writer, false);
    if (status == EPI_OK && epi_json_type_of(metadata) == EPI_JSON_OBJECT) {
        status = epi_json_writer_new(&holder, false);
        render_value(holder, NULL, metadata);
    }
    epi_json_begin_object(writer, NULL);
    epi_json_begin_array(writer, "results");
    const epi_json *m = epi_json_first(epi_json_member(body, "messages"));
    for (; status == EPI_OK && m != NULL; m = epi_json_next(m)) {
        if (is_memory(m))
            status = add_message(writer, space, s, m, holder != NULL ? epi_json_writer_text(NULL, holder) : NULL);
    }
    epi_json_end(writer);
    epi_json_end(writer);
    epi_json_writer_free(holder);
    if (status == EPI_OK) {
        http_answer_json(request, 200, writer);
        return;
    }
    epi_json_writer_free(writer);
    http_problem_status(request, status);
}

void http_mem0_add(http_request *request) {
    scope s;
    epi_json *body = http_mem0_may_run(request, true) ? http_body_object(request) : NULL;
    if (body == NULL) return;
    if (!are_messages(epi_json_member(body, "messages")))
        http_problem(request, 400, "the member messages is not a list of {\"role\", \"content\"} with texts");
    else if (read_scope(&s, request, body))
        add_all(request, &s, body);
    epi_json_free(body);
}

/* ---- one memory -------------------------------------------------------------------------------------------------- */

static void answer_message(http_request *request, const char *json) {
    http_answer_text(request, 200, HTTP_JSON, json);
}

static void get_one(http_request *request, epi_space *space, const chain *c) {
    epi_recollection *first = NULL, *last = NULL;
    epi_json_writer *writer = NULL;
    epi_status status = epi_step_read(&first, space, c->ids[0]);
    if (status == EPI_OK) status = epi_step_read(&last, space, c->ids[c->count - 1]);
    if (status == EPI_OK && step_of(last)->forgotten)
        http_problem(request, 404, "this memory was deleted");
    else if (status == EPI_OK && epi_json_writer_new(&writer, false) == EPI_OK) {
        put_memory(writer, space, step_of(last), step_of(first)->ingest_time, c->ids[0], NULL);
        http_answer_json(request, 200, writer);
    } else {
        http_problem_status(request, status);
    }
    epi_recollection_free(first);
    epi_recollection_free(last);
}

static void put_event(epi_json_writer *writer, const char *id, const epi_recalled_part *before,
                      const epi_recalled_part *after, const char *event, epi_time at) {
    epi_json_begin_object(writer, NULL);
    render_text(writer, "memory_id", id);
    if (before != NULL)
        epi_json_put_string(writer, "old_memory", before->data, before->size);
    else
        epi_json_put_null(writer, "old_memory");
    if (after != NULL)
        epi_json_put_string(writer, "new_memory", after->data, after->size);
    else
        epi_json_put_null(writer, "new_memory");
    render_text(writer, "event", event);
    render_time(writer, "created_at", at, 0);
    epi_json_put_bool(writer, "is_deleted", after == NULL);
    epi_json_end(writer);
}

static void get_history(http_request *request, epi_space *space, const chain *c) {
    char id[ID_ROOM];
    epi_json_writer *writer = NULL;
    epi_recollection *before = NULL, *now = NULL;
    const epi_recalled_part *old = NULL;
    epi_status status = epi_json_writer_new(&writer, false);
    write_id(id, epi_space_name(space), c->ids[0]);
    epi_json_begin_array(writer, NULL);
    for (size_t i = 0; status == EPI_OK && i < c->count; i++) {
        status = epi_step_read(&now, space, c->ids[i]);
        if (status != EPI_OK) break;
        const epi_recalled_step *step = step_of(now);
        const epi_recalled_part *text = epi_scene_part(epi_recollection_scene(now, 0), step, "text");
        put_event(writer, id, old, text, i == 0 ? "ADD" : "UPDATE", step->ingest_time);
        if (i + 1 == c->count && step->forgotten) put_event(writer, id, text, NULL, "DELETE", EPI_TIME_NONE);
        epi_recollection_free(before);
        before = now;
        old = text;
        now = NULL;
    }
    epi_json_end(writer);
    epi_recollection_free(before);
    epi_recollection_free(now);
    if (status == EPI_OK) {
        http_answer_json(request, 200, writer);
        return;
    }
    epi_json_writer_free(writer);
    http_problem_status(request, status);
}

/* A step that supersedes the last one, with its speaker, tags and metadata. */
static epi_status supersede(epi_space *space, uint64_t last, const char *text, size_t size) {
    epi_recollection *found = NULL;
    epi_status status = epi_step_read(&found, space, last);
    if (status != EPI_OK) return status;
    const epi_recalled_step *old = step_of(found);
    const epi_recalled_part *speaker = epi_scene_part(epi_recollection_scene(found, 0), old, "speaker");
    epi_part parts[2] = {epi_part_bytes("text", text, size)};
    epi_step step = epi_step_default();
    if (speaker != NULL) parts[1] = epi_part_bytes("speaker", speaker->data, speaker->size);
    step.parts = parts;
    step.part_count = speaker != NULL ? 2 : 1;
    step.tags = old->tags;
    step.tag_count = old->tag_count;
    step.metadata = old->metadata;
    step.supersedes = last;
    status = old->forgotten ? EPI_ENOTFOUND : epi_remember(NULL, NULL, space, &step);
    epi_recollection_free(found);
    return status;
}

static void put_one(http_request *request, epi_space *space, const chain *c) {
    size_t size = 0;
    epi_json *body = http_body_object(request);
    if (body == NULL) return;
    const char *text = epi_json_string(epi_json_member(body, "text"), &size);
    if (text == NULL) text = epi_json_string(epi_json_member(body, "data"), &size);
    if (text == NULL) text = epi_json_string(epi_json_member(body, "memory"), &size);
    epi_status status = text != NULL ? supersede(space, c->ids[c->count - 1], text, size) : EPI_OK;
    if (text == NULL)
        http_problem(request, 400, "the member text is missing");
    else if (status != EPI_OK)
        http_problem_status(request, status);
    else
        answer_message(request, "{\"message\":\"Memory updated successfully!\"}");
    epi_json_free(body);
}

static void forget(http_request *request, epi_space *space, const epi_filter *filter, const char *done) {
    epi_status status = epi_forget(NULL, space, filter, 0, false);
    if (status == EPI_OK)
        answer_message(request, done);
    else
        http_problem_status(request, status);
}

static void delete_one(http_request *request, epi_space *space, const chain *c) {
    epi_filter filter = epi_filter_default();
    filter.steps = c->ids;
    filter.step_count = c->count;
    filter.include_superseded = true;
    forget(request, space, &filter, "{\"message\":\"Memory deleted successfully!\"}");
}

/* /memories/ID and /memories/ID/history. */
void http_mem0_one(http_request *request) {
    static const char tail[] = "/history";
    char name[EPI_NAME_SIZE_MAX + 1];
    uint64_t step = 0;
    size_t size = strlen(request->rest);
    bool get = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    bool history = size > sizeof tail - 1 && strcmp(request->rest + size - (sizeof tail - 1), tail) == 0;
    if (history) size -= sizeof tail - 1;
    if (!read_id(name, &step, request->rest, size) || (history && !get)) {
        http_problem(request, 404, "there is no such memory");
        return;
    }
    if (!http_mem0_may_run(request, !get)) return;
    epi_space *space = open_space(request, name, false);
    chain *c = space != NULL ? malloc(sizeof *c) : NULL;
    if (c == NULL) return;
    epi_status status = read_chain(c, space, step);
    if (status != EPI_OK)
        http_problem_status(request, status);
    else if (history)
        get_history(request, space, c);
    else if (get)
        get_one(request, space, c);
    else if (strcmp(request->method, "PUT") == 0)
        put_one(request, space, c);
    else
        delete_one(request, space, c);
    free(c);
}

void http_mem0_delete_all(http_request *request) {
    scope s;
    epi_filter filter = epi_filter_default();
    if (!http_mem0_may_run(request, true) || !read_scope(&s, request, NULL)) return;
    epi_space *space = open_space(request, s.space, false);
    if (space == NULL) return;
    filter.from = EPI_TIME_MIN; /* all */
    filter.tags = s.tag_list;
    filter.tag_count = s.tag_count;
    filter.include_superseded = true;
    forget(request, space, &filter, "{\"message\":\"All relevant memories deleted\"}");
}
