/* locomo.c - import of conversations in the LoCoMo form.
 *
 *   {"sample_id", "conversation": {"session_N_date_time": "1:56 pm on 8 May, 2023", "session_N": [turn, ...], ...}}
 *   turn: {"speaker", "dia_id": "D1:1", "text", "blip_caption"?, "img_url"?, "query"?}
 *
 * Each conversation goes to a space of its own, each session to an episode, each turn to a step that carries its
 * dia_id as external id and its session's date as event time. A session without a date takes that of the session
 * before it, or of the first that has one. Questions and answers of the file are not read.
 * Source of the form: Maharana et al. 2024, "Evaluating very long-term conversational memory of LLM agents".
 */
#include <stdio.h>
#include <stdlib.h>

#include "transfer.h"

typedef struct session {
    int64_t number;
    const epi_json *turns;
    const char *date; /* as written; NULL: none */
    epi_time time;
} session;

typedef struct conversation {
    const char *name; /* sample_id */
    size_t place;
    session *sessions;
    size_t count;
} conversation;

static epi_status fail_session(const epi__sink *sink, const conversation *c, int64_t number, const char *what) {
    return epi__sink_fail(sink, c->place, "session %lld of %s: %s", (long long)number, c->name, what);
}

/* ---- sessions and their dates ---------------------------------------------------------------------------------- */

static int month_of(const char *name) {
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    for (int i = 0; i < 12; i++) {
        if (strcasecmp(months[i], name) == 0) return i + 1;
    }
    return 0;
}

/* "1:56 pm on 8 May, 2023" */
static bool parse_date(epi_time *time, const char *text) {
    int hour = 0;
    int minute = 0;
    int day = 0;
    int year = 0;
    int end = 0;
    char half[3] = "";
    char month[16] = "";
    if (sscanf(text, " %2d:%2d %2[apmAPM] on %2d %15[A-Za-z], %4d %n", &hour, &minute, half, &day, month, &year,
               &end) != 6) {
        return false;
    }
    bool pm = strcasecmp(half, "pm") == 0;
    if (text[end] != '\0' || hour < 1 || hour > 12 || month_of(month) == 0 || (!pm && strcasecmp(half, "am") != 0))
        return false;
    char iso[64];
    epi_interval interval;
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d", year, month_of(month), day, hour % 12 + (pm ? 12 : 0),
             minute);
    if (epi_time_parse(&interval, iso) != EPI_OK) return false;
    *time = interval.from;
    return true;
}

/* The N of "session_N"; 0 for other names. */
static int64_t session_number(const char *name) {
    const char prefix[] = "session_";
    if (name == NULL || strncmp(name, prefix, sizeof prefix - 1) != 0) return 0;
    const char *digits = name + sizeof prefix - 1;
    char *end = NULL;
    if (*digits < '0' || *digits > '9') return 0;
    long long number = strtoll(digits, &end, 10);
    return *end == '\0' && number < INT32_MAX ? number : 0;
}

static int compare_sessions(const void *a, const void *b) {
    const session *x = a;
    const session *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static epi_status read_session(epi__sink *sink, const conversation *c, session *s, const epi_json *all) {
    char name[48];
    if (epi_json_type_of(s->turns) != EPI_JSON_ARRAY) return fail_session(sink, c, s->number, "it is not a list");
    snprintf(name, sizeof name, "session_%lld_date_time", (long long)s->number);
    s->time = EPI_TIME_NONE;
    s->date = epi__json_text_of(all, name);
    if (s->date == NULL || parse_date(&s->time, s->date)) return EPI_OK;
    char what[128];
    snprintf(what, sizeof what, "\"%.60s\" is no date like \"1:56 pm on 8 May, 2023\"", s->date);
    return fail_session(sink, c, s->number, what);
}

/* Undated sessions take the date before them; those before the first date take that one. */
static void fill_dates(conversation *c) {
    epi_time last = EPI_TIME_NONE;
    for (size_t i = 0; i < c->count && last == EPI_TIME_NONE; i++) last = c->sessions[i].time;
    for (size_t i = 0; i < c->count; i++) {
        if (c->sessions[i].time == EPI_TIME_NONE) c->sessions[i].time = last;
        last = c->sessions[i].time;
    }
}

static epi_status read_sessions(epi__sink *sink, conversation *c, const epi_json *all) {
    c->sessions = epi__alloc_zero(epi_json_count(all) + 1, sizeof *c->sessions);
    if (c->sessions == NULL) return epi__fail_memory("transfer", epi_json_count(all) * sizeof *c->sessions);
    for (const epi_json *at = epi_json_first(all); at != NULL; at = epi_json_next(at)) {
        session s = {session_number(epi_json_name(at)), at, NULL, 0};
        if (s.number == 0) continue;
        EPI__TRY(read_session(sink, c, &s, all));
        c->sessions[c->count++] = s;
    }
    qsort(c->sessions, c->count, sizeof *c->sessions, compare_sessions);
    fill_dates(c);
    return EPI_OK;
}

/* ---- turns ----------------------------------------------------------------------------------------------------- */

static epi_status turn_metadata(epi__buffer *out, const epi_json *turn) {
    static const char *const kept[] = {"img_url", "img_urls", "query"};
    epi_json_writer *writer = NULL;
    bool any = false;
    EPI__TRY(epi_json_writer_new(&writer, false));
    epi_json_begin_object(writer, NULL);
    for (size_t i = 0; i < EPI__COUNT(kept); i++) {
        const epi_json *value = epi_json_member(turn, kept[i]);
        if (value == NULL) continue;
        epi__json_copy(writer, kept[i], value);
        any = true;
    }
    epi_json_end(writer);
    const char *text = epi_json_writer_text(NULL, writer);
    epi__buffer_clear(out);
    if (any && text != NULL) epi__buffer_append_text(out, text);
    epi_json_writer_free(writer);
    return text == NULL || out->failed ? epi__fail_memory("transfer", out->size) : EPI_OK;
}

static epi_status fail_turn(const epi__sink *sink, const conversation *c, const session *s, size_t number,
                            const char *what) {
    char text[160];
    snprintf(text, sizeof text, "turn %zu: %s", number, what);
    return fail_session(sink, c, s->number, text);
}

static epi_status check_turn(const epi__sink *sink, const conversation *c, const session *s, size_t number,
                             const epi_json *turn) {
    if (epi_json_type_of(turn) != EPI_JSON_OBJECT) return fail_turn(sink, c, s, number, "it is not an object");
    if (epi__json_text_of(turn, "dia_id") == NULL) return fail_turn(sink, c, s, number, "dia_id is missing");
    if (epi__json_text_of(turn, "speaker") == NULL) return fail_turn(sink, c, s, number, "speaker is missing");
    epi_json_type text = epi_json_type_of(epi_json_member(turn, "text"));
    if (text == EPI_JSON_STRING || text == EPI_JSON_NULL || text == EPI_JSON_ABSENT) return EPI_OK;
    return fail_turn(sink, c, s, number, "text is not a string");
}

/* A picture without words is remembered by its caption. */
static epi_status import_turn(epi__sink *sink, const conversation *c, const session *s, const epi_json *turn) {
    const char *text = epi__json_text_of(turn, "text");
    const char *caption = epi__json_text_of(turn, "blip_caption");
    if (text == NULL && caption == NULL) {
        sink->report->skipped++;
        return EPI_OK;
    }
    char name[32];
    snprintf(name, sizeof name, "session_%lld", (long long)s->number);
    epi_part parts[4] = {
        epi_part_text("speaker", epi__json_text_of(turn, "speaker")),
        epi_part_text("text", text != NULL ? text : caption),
        epi_part_text("session", name),
        epi_part_text("caption", caption),
    };
    epi__buffer metadata = {0};
    epi_status status = turn_metadata(&metadata, turn);
    epi__incoming incoming = {epi_step_default(), c->place, 0, false};
    incoming.step.parts = parts;
    incoming.step.part_count = text != NULL && caption != NULL ? 4 : 3;
    incoming.step.event_time = s->time;
    incoming.step.external_id = epi__json_text_of(turn, "dia_id");
    incoming.step.metadata = metadata.size > 0 ? epi__buffer_text(&metadata) : NULL;
    if (status == EPI_OK) status = epi__sink_step(sink, &incoming);
    epi__buffer_dispose(&metadata);
    return status;
}

static epi_status import_session(epi__sink *sink, const conversation *c, const session *s) {
    char id[32];
    char title[128];
    snprintf(id, sizeof id, "session_%lld", (long long)s->number);
    snprintf(title, sizeof title, "session %lld%s%.60s", (long long)s->number, s->date ? ", " : "",
             s->date ? s->date : "");
    epi_episode_options options = epi_episode_options_default();
    options.title = title;
    options.external_id = id;
    options.begin = s->time;
    EPI__TRY(epi__sink_episode(sink, 0, &options, false));
    size_t number = 0;
    for (const epi_json *turn = epi_json_first(s->turns); turn != NULL; turn = epi_json_next(turn)) {
        EPI__TRY(check_turn(sink, c, s, ++number, turn));
        EPI__TRY(import_turn(sink, c, s, turn));
        sink->done++;
    }
    return EPI_OK;
}

/* ---- conversations --------------------------------------------------------------------------------------------- */

static epi_status open_space(epi__sink *sink, const conversation *c) {
    epi__buffer name = {0};
    if (sink->options->space != NULL) epi__buffer_append_text(&name, sink->options->space);
    epi__buffer_append_text(&name, c->name);
    epi_status status = name.failed ? epi__fail_memory("transfer", name.size)
                                    : epi__sink_space(sink, epi__buffer_text(&name), epi_schema_conversation());
    epi__buffer_dispose(&name);
    return status;
}

static epi_status import_conversation(epi__sink *sink, const epi__entry *entry) {
    const epi_json *all = epi_json_member(entry->value, "conversation");
    conversation c = {epi__json_text_of(entry->value, "sample_id"), entry->place, NULL, 0};
    if (c.name == NULL) return epi__sink_fail(sink, entry->place, "sample_id is missing or no string");
    if (epi_json_type_of(all) != EPI_JSON_OBJECT) return epi__sink_fail(sink, entry->place, "conversation is missing");
    epi_status status = read_sessions(sink, &c, all);
    if (status == EPI_OK) status = open_space(sink, &c);
    for (size_t i = 0; i < c.count && status == EPI_OK; i++) {
        if (epi_json_count(c.sessions[i].turns) > 0) status = import_session(sink, &c, &c.sessions[i]);
    }
    epi__free(c.sessions);
    return status;
}

static uint64_t count_turns(const epi__entries *entries) {
    uint64_t count = 0;
    for (size_t i = 0; i < entries->count; i++) {
        const epi_json *at = epi_json_first(epi_json_member(entries->items[i].value, "conversation"));
        for (; at != NULL; at = epi_json_next(at))
            count += session_number(epi_json_name(at)) != 0 ? epi_json_count(at) : 0;
    }
    return count;
}

epi_status epi__import_locomo(epi__sink *sink, const epi__entries *entries) {
    sink->total = count_turns(entries);
    for (size_t i = 0; i < entries->count; i++) EPI__TRY(import_conversation(sink, &entries->items[i]));
    return EPI_OK;
}
