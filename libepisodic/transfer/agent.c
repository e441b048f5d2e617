/* agent.c - import of a coding agent's transcript, as a trajectory.
 *
 * A session is an episode, a helper's talk beside it one of its own. Each call of a tool is a step: task (what the user
 * asked for last), situation (what the agent said since the call before), tool, arguments, result or error, and as cost
 * the seconds until the result. What the agent said with no call behind it is a step too, a task and its result; so is
 * a task alone, to which nothing followed.
 *
 * Invariant: a transcript that has grown adds its new end. So ids are the file's own, nothing that is there already is
 * compared, and a call without a result waits for the next import, unless the user has spoken since.
 */
#include <stdio.h>

#include "../text/text.h"
#include "agent.h"
#include "chat.h"

#define ID_SIZE_MAX 200u /* of the file's own; a longer one is hashed */
#define TITLE_SIZE_MAX 80u

typedef struct work {
    epi__sink *sink;
    epi__agent_log *log;
    const char *source; /* name of a session that has none */
    epi__map seen;      /* hashes of the ids that were met in this file */
    char episode[EPI_EXTERNAL_ID_SIZE_MAX + 1];
    size_t steps; /* made in the session */
    const epi__agent_item *task_item;
    bool task_used;
    const epi__agent_item **said; /* waits for a call, or for being an answer */
    size_t said_count;
    epi__buffer task;
    epi__buffer situation;
    epi__buffer arguments;
    epi__buffer result;
} work;

/* ---- ids -------------------------------------------------------------------------------------------------------- */

static void fit_id(char out[EPI_EXTERNAL_ID_SIZE_MAX + 1], const char *id) {
    size_t size = strlen(id);
    if (size <= ID_SIZE_MAX) {
        memcpy(out, id, size + 1);
    } else {
        epi__derived_id(out, "agent", id, size);
    }
}

static epi_status make_id(char out[EPI_EXTERNAL_ID_SIZE_MAX + 1], const work *w, const epi__agent_item *item) {
    if (item->id != NULL) {
        fit_id(out, item->id);
        return EPI_OK;
    }
    epi__buffer data = {0};
    epi__buffer_append_bytes(&data, w->episode, strlen(w->episode));
    epi__buffer_append_varint(&data, w->steps);
    epi__buffer_append_varint(&data, item->kind);
    epi_status status = data.failed ? epi__fail_memory("transfer", data.size) : EPI_OK;
    epi__derived_id(out, "agent", data.data, data.size);
    epi__buffer_dispose(&data);
    return status;
}

/* *known: in this file, or in the space. */
static epi_status look_up(bool *known, work *w, const char *id) {
    uint64_t step = 0;
    uint64_t hash = epi__hash64(id, strlen(id));
    *known = epi__map_get(&w->seen, hash, NULL);
    if (!*known && !epi__map_put(&w->seen, hash, 1)) return epi__fail_memory("transfer", sizeof hash);
    if (*known || w->sink->fresh) return EPI_OK;
    epi_status status = epi_step_find(&step, w->sink->space, id);
    *known = status == EPI_OK;
    return status == EPI_ENOTFOUND ? EPI_OK : status;
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

static void add_part(epi_step *step, epi_part *parts, const char *role, const epi__buffer *value) {
    if (value->size > 0) parts[step->part_count++] = epi_part_bytes(role, value->data, value->size);
}

/* Of what the buffers hold; a call has a tool. */
static epi_status put(work *w, const epi__agent_item *item, const char *tool, const char *result_role) {
    char id[EPI_EXTERNAL_ID_SIZE_MAX + 1];
    epi_part parts[6];
    bool known = false;
    EPI__TRY(make_id(id, w, item));
    EPI__TRY(look_up(&known, w, id));
    w->steps++;
    w->sink->report->present += known;
    if (known) return EPI_OK;
    epi__incoming incoming = {epi_step_default(), item->place, 0, false};
    epi_step *step = &incoming.step;
    step->parts = parts;
    add_part(step, parts, "task", &w->task);
    add_part(step, parts, "situation", &w->situation);
    if (tool != NULL) parts[step->part_count++] = epi_part_text("tool", tool);
    add_part(step, parts, "arguments", &w->arguments);
    add_part(step, parts, result_role, &w->result);
    step->external_id = id;
    step->event_time = item->time;
    double seconds = 0.0;
    if (item->time != EPI_TIME_NONE && item->answered != EPI_TIME_NONE && item->answered >= item->time) {
        seconds = (double)(item->answered - item->time) * 1e-6;
        parts[step->part_count++] = epi_part_bytes("cost", &seconds, sizeof seconds);
    }
    bool failed = w->task.failed || w->situation.failed || w->arguments.failed || w->result.failed;
    return failed ? epi__fail_memory("transfer", w->situation.size) : epi__sink_step(w->sink, &incoming);
}

static void clear_values(work *w) {
    epi__buffer_clear(&w->situation);
    epi__buffer_clear(&w->arguments);
    epi__buffer_clear(&w->result);
}

/* What was said and led to no call; a task that nothing came of. */
static epi_status close_turn(work *w) {
    for (size_t i = 0; i < w->said_count; i++) {
        clear_values(w);
        epi__message_text(&w->result, w->said[i]->value);
        EPI__TRY(put(w, w->said[i], NULL, "result"));
        w->task_used = true;
    }
    w->said_count = 0;
    clear_values(w);
    if (w->task_item == NULL || w->task_used) return EPI_OK;
    return put(w, w->task_item, NULL, "result");
}

static epi_status begin_turn(work *w, const epi__agent_item *item) {
    EPI__TRY(close_turn(w));
    epi__message_text(&w->task, item->value);
    w->task_item = item;
    w->task_used = false;
    return EPI_OK;
}

static epi_status import_call(work *w, const epi__agent_item *item) {
    bool error = false;
    clear_values(w);
    for (size_t i = 0; i < w->said_count; i++) {
        epi__message_text(&w->result, w->said[i]->value);
        if (w->result.failed) return epi__fail_memory("transfer", w->result.size);
        if (i > 0) epi__buffer_append_u8(&w->situation, '\n');
        epi__buffer_append(&w->situation, w->result.data, w->result.size);
    }
    epi__buffer_clear(&w->result);
    const epi_json *arguments = epi__agent_arguments(item);
    if (arguments != NULL) EPI__TRY(epi__call_arguments(&w->arguments, arguments));
    if (item->result != NULL) EPI__TRY(epi__agent_result(&w->result, &error, item->result));
    w->said_count = 0;
    w->task_used = true;
    return put(w, item, epi__json_text_of(item->value, "name"), error ? "error" : "result");
}

static epi_status import_item(work *w, size_t index, size_t last_asked) {
    const epi__agent_item *item = &w->log->items[index];
    if (item->kind == EPI__AGENT_ASKS) return begin_turn(w, item);
    if (item->kind == EPI__AGENT_SAYS) {
        w->said[w->said_count++] = item;
        return EPI_OK;
    }
    if (item->result != NULL || (last_asked != EPI__AGENT_NONE && index < last_asked)) return import_call(w, item);
    w->sink->report->skipped++;
    return EPI_OK;
}

/* ---- sessions --------------------------------------------------------------------------------------------------- */

/* The first line of the first thing that was asked for. */
static epi_status make_title(epi__buffer *out, const work *w, const epi__agent_session *session) {
    size_t at = session->first;
    while (at != EPI__AGENT_NONE && w->log->items[at].kind != EPI__AGENT_ASKS) at = w->log->items[at].next;
    if (at == EPI__AGENT_NONE) return EPI_OK;
    epi__message_text(out, w->log->items[at].value);
    const char *text = epi__buffer_text(out);
    if (out->failed) return epi__fail_memory("transfer", out->size);
    out->size = epi__utf8_cut(text, strcspn(text, "\r\n"), TITLE_SIZE_MAX);
    return EPI_OK;
}

static epi_status begin_session(work *w, const epi__agent_session *session) {
    epi__buffer id = {0};
    epi__buffer title = {0};
    epi__buffer_append_text(&id, session->name != NULL ? session->name : w->source);
    if (*session->side != '\0') epi__buffer_append_format(&id, "/%s", session->side);
    const char *name = epi__buffer_text(&id);
    epi_status status = id.failed ? epi__fail_memory("transfer", id.size) : make_title(&title, w, session);
    if (status == EPI_OK) fit_id(w->episode, name);
    epi_episode_options options = epi_episode_options_default();
    options.external_id = w->episode;
    if (title.size > 0) options.title = epi__buffer_text(&title);
    if (title.failed) status = epi__fail_memory("transfer", title.size);
    if (status == EPI_OK) status = epi__sink_episode(w->sink, 0, &options, true);
    epi__buffer_dispose(&id);
    epi__buffer_dispose(&title);
    return status;
}

static epi_status import_session(work *w, const epi__agent_session *session) {
    size_t last_asked = EPI__AGENT_NONE;
    for (size_t at = session->first; at != EPI__AGENT_NONE; at = w->log->items[at].next) {
        if (w->log->items[at].kind == EPI__AGENT_ASKS) last_asked = at;
    }
    w->steps = 0;
    w->task_item = NULL;
    w->task_used = false;
    epi__buffer_clear(&w->task);
    EPI__TRY(begin_session(w, session));
    for (size_t at = session->first; at != EPI__AGENT_NONE; at = w->log->items[at].next, w->sink->done++) {
        EPI__TRY(import_item(w, at, last_asked));
    }
    return close_turn(w);
}

static epi_status import_log(work *w) {
    w->sink->total = w->log->count;
    w->sink->report->unread = w->log->unread;
    w->said = epi__alloc_zero(w->log->count + 1, sizeof *w->said);
    if (w->said == NULL) return epi__fail_memory("transfer", w->log->count * sizeof *w->said);
    EPI__TRY(epi__sink_space(w->sink, w->sink->options->space, epi_schema_trajectory()));
    for (size_t i = 0; i < w->log->session_count; i++) EPI__TRY(import_session(w, &w->log->sessions[i]));
    return EPI_OK;
}

epi_status epi__import_agent(epi__sink *sink, const char *text, size_t size) {
    epi__agent_log log;
    char source[EPI__DERIVED_ID_SIZE];
    epi__line first = {text, 0, 0};
    if (!epi__line_next(&first, text, size)) return epi__fail(EPI_EFORMAT, "transfer", "the file was empty");
    epi__derived_id(source, "source", first.text, first.size);
    EPI__TRY(epi__agent_log_read(&log, text, size));
    work w = {0};
    w.sink = sink;
    w.log = &log;
    w.source = sink->options->source != NULL ? sink->options->source : source;
    epi_status status = import_log(&w);
    epi__map_dispose(&w.seen);
    epi__free(w.said);
    epi__buffer *buffers[] = {&w.task, &w.situation, &w.arguments, &w.result};
    for (size_t i = 0; i < EPI__COUNT(buffers); i++) epi__buffer_dispose(buffers[i]);
    epi__agent_log_dispose(&log);
    return status;
}
