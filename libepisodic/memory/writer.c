/* writer.c - one transaction of appended steps: rows, components, times, tail records, runs, episodes; see append.h.
 *
 * The episode that is being written and its newest run are kept here and put once, when another episode's turn comes or
 * at the commit. A step is: row, tail record, time entry, its components, and its external id if it has one.
 */
#include "append.h"

#include "../store/component.h"
#include "facts.h"
#include "mark.h"
#include "news.h"
#include "profile.h"
#include "vectors.h"

#define MODULE "memory"

static epi_status begin(epi__writer *writer, epi__mirror *mirror, bool growing) {
    memset(writer, 0, sizeof *writer);
    writer->mirror = mirror;
    return epi__change_begin(&writer->change, mirror->store, mirror->space, growing);
}

epi_status epi__writer_begin(epi__writer *writer, epi__mirror *mirror) {
    return begin(writer, mirror, true);
}

epi_status epi__writer_begin_shrinking(epi__writer *writer, epi__mirror *mirror) {
    return begin(writer, mirror, false);
}

void epi__writer_abort(epi__writer *writer) {
    epi__change_abort(&writer->change);
    epi__buffer_dispose(&writer->body);
    epi__buffer_dispose(&writer->row);
}

/* ---- the episode and its run ------------------------------------------------------------------------------------- */

static epi_status flush_run(epi__writer *writer) {
    epi__key key;
    if (writer->run.count == 0) return EPI_OK;
    epi__buffer_clear(&writer->row);
    epi__run_encode(&writer->row, &writer->run);
    if (writer->row.failed) return epi__fail_memory(MODULE, 64);
    epi__key_of_u64(&key, writer->change.space, EPI__TABLE_RUN, writer->run.first);
    epi__change_note(&writer->change, EPI__CHANGE_RUN, writer->run.first, 0);
    return epi__change_put(&writer->change, &key, writer->row.data, writer->row.size);
}

static epi_status flush_episode(epi__writer *writer) {
    epi__key key;
    if (!writer->episode || !writer->dirty) return EPI_OK;
    EPI__TRY(flush_run(writer));
    epi__buffer_clear(&writer->row);
    epi__episode_encode(&writer->row, &writer->record);
    if (writer->row.failed) return epi__fail_memory(MODULE, 256);
    epi__key_of_u64(&key, writer->change.space, EPI__TABLE_EPISODE, writer->episode);
    writer->dirty = false;
    return epi__change_put(&writer->change, &key, writer->row.data, writer->row.size);
}

static epi_status load_run(epi__writer *writer, uint64_t first) {
    epi__key key;
    epi__view body;
    writer->run = (epi__run){0};
    if (!first) return EPI_OK;
    epi__key_of_u64(&key, writer->change.space, EPI__TABLE_RUN, first);
    epi_status status = epi__change_get(&body, &writer->change, &key);
    if (status == EPI_ENOTFOUND) return epi__fail(EPI_EDAMAGED, MODULE, "an episode's newest run is missing");
    return status ? status : epi__run_decode(&writer->run, first, body);
}

epi_status epi__writer_episode(epi__writer *writer, uint64_t episode) {
    epi__key key;
    epi__view body;
    if (writer->episode == episode) return EPI_OK;
    EPI__TRY(flush_episode(writer));
    writer->episode = 0;
    epi__key_of_u64(&key, writer->change.space, EPI__TABLE_EPISODE, episode);
    epi_status status = epi__change_get(&body, &writer->change, &key);
    if (status == EPI_ENOTFOUND)
        return epi__fail(EPI_ESTALE, MODULE, "episode %llu was removed", (unsigned long long)episode);
    EPI__TRY(status);
    epi__buffer_clear(&writer->body); /* the record borrows from a copy, since the store's pages change under writes */
    epi__buffer_append(&writer->body, body.data, body.size);
    if (writer->body.failed) return epi__fail_memory(MODULE, body.size);
    EPI__TRY(epi__episode_decode(&writer->record, (epi__view){writer->body.data, writer->body.size}));
    EPI__TRY(load_run(writer, writer->record.last_run));
    writer->episode = episode;
    return EPI_OK;
}

/* Makes the step the episode's next: the newest run grows, or a new one begins. */
static epi_status extend_run(epi__writer *writer, uint64_t step) {
    epi__run *run = &writer->run;
    if (run->count > 0 && run->first + run->count == step) {
        run->count++;
    } else {
        EPI__TRY(flush_run(writer));
        *run = (epi__run){.first = step,
                          .episode = writer->episode,
                          .first_index = writer->record.next_index,
                          .count = 1,
                          .previous = writer->record.last_run};
        writer->record.last_run = step;
    }
    writer->record.next_index++;
    writer->record.step_count++;
    writer->dirty = true;
    return EPI_OK;
}

/* ---- external ids and supersession ------------------------------------------------------------------------------ */

static void external_key(epi__key *key, uint32_t space, epi__view external) {
    epi__key_begin(key, space, EPI__TABLE_EXTERNAL);
    epi__key_bytes(key, external.data, external.size);
}

/* EPI_ENOTFOUND: nobody has the id. Else *id is the step that has it, and the content must be the same. */
static epi_status find_external(uint64_t *id, epi__writer *writer, const epi__row *row) {
    epi__key key;
    epi__view body;
    if (row->external.size == 0) return EPI_ENOTFOUND;
    external_key(&key, writer->change.space, row->external);
    EPI__TRY(epi__change_get(&body, &writer->change, &key));
    epi__reader reader = epi__reader_of(body.data, body.size);
    *id = epi__read_u64(&reader);
    if (epi__read_u64(&reader) == row->content && !reader.failed) return EPI_OK;
    return epi__fail(EPI_ECONFLICT, MODULE, "external id \"%.*s\" exists with other content, as step %llu",
                     (int)row->external.size, (const char *)row->external.data, (unsigned long long)*id);
}

static epi_status put_external(epi__writer *writer, const epi__draft *draft) {
    epi__key key;
    if (draft->row.external.size == 0) return EPI_OK;
    external_key(&key, writer->change.space, draft->row.external);
    epi__buffer_clear(&writer->row);
    epi__buffer_append_u64(&writer->row, draft->id);
    epi__buffer_append_u64(&writer->row, draft->row.content);
    return epi__change_insert(&writer->change, &key, writer->row.data, writer->row.size);
}

static epi_status check_superseded(epi__writer *writer, uint64_t step) {
    epi__key key;
    epi__view body;
    if (!step) return EPI_OK;
    epi__key_of_u64(&key, writer->change.space, EPI__TABLE_STEP, step);
    epi_status status = epi__change_get(&body, &writer->change, &key);
    if (status != EPI_ENOTFOUND) return status;
    bool given = step < writer->change.state.next_step;
    return epi__fail(given ? EPI_ESTALE : EPI_ENOTFOUND, MODULE, "step %llu, which was to be superseded, %s",
                     (unsigned long long)step, given ? "was removed" : "never was");
}

static epi_status mark_superseded(epi__writer *writer, const epi__draft *draft) {
    const epi__row *row = &draft->row;
    epi__correction by = {draft->id, row->ingested, row->event_from};
    return row->supersedes ? epi__mark_correct(&writer->change, row->supersedes, &by) : EPI_OK;
}

/* ---- the step --------------------------------------------------------------------------------------------------- */

static epi_status append_value(epi__writer *writer, uint8_t role, epi__view data) {
    epi__value value;
    EPI__TRY(epi__component_put(&value, &writer->change, data.data, data.size));
    value.role = role;
    epi__value_encode(&writer->row, &value);
    return EPI_OK;
}

static epi_status put_row(epi__writer *writer, const epi__draft *draft) {
    epi__key key;
    const epi_schema *schema = &writer->mirror->schema->schema;
    epi__buffer_clear(&writer->row);
    epi__row_encode(&writer->row, &draft->row);
    epi__buffer_append(&writer->row, draft->tags.data, draft->tags.size);
    EPI__TRY(append_value(writer, EPI__ROLE_METADATA, draft->metadata));
    for (size_t i = 0; i < schema->role_count; i++)
        if (draft->parts[i].data) EPI__TRY(append_value(writer, (uint8_t)i, draft->parts[i]));
    if (writer->row.failed) return epi__fail_memory(MODULE, draft->size);
    epi__key_of_u64(&key, writer->change.space, EPI__TABLE_STEP, draft->id);
    return epi__change_insert(&writer->change, &key, writer->row.data, writer->row.size);
}

static epi_status put_time(epi__writer *writer, const epi__draft *draft) {
    epi__key key;
    uint8_t end[8];
    for (unsigned i = 0; i < 8; i++) end[i] = (uint8_t)((uint64_t)draft->row.event_to >> (8 * i));
    epi__key_begin(&key, writer->change.space, EPI__TABLE_TIME);
    epi__key_time(&key, draft->row.event_from);
    epi__key_u64(&key, draft->id);
    return epi__change_insert(&writer->change, &key, end, sizeof end);
}

static epi_status put_told(epi__writer *writer, const epi__draft *draft) {
    epi__key key;
    epi__told told;
    epi__reader reader = epi__reader_of(draft->row.told.data, draft->row.told.size);
    for (uint8_t place = 0; epi__told_next(&told, &reader); place++) {
        uint8_t end[8];
        for (unsigned i = 0; i < 8; i++) end[i] = (uint8_t)((uint64_t)told.to >> (8 * i));
        epi__key_of_told(&key, writer->change.space, told.from, draft->id, place);
        EPI__TRY(epi__change_insert(&writer->change, &key, end, sizeof end));
    }
    return reader.failed ? epi__fail(EPI_EINTERNAL, MODULE, "the told times of a draft could not be read") : EPI_OK;
}

static epi_status put_tail(epi__writer *writer, const epi__draft *draft) {
    epi__key key;
    if (draft->tail.size == 0) return EPI_OK;
    epi__key_of_u64(&key, writer->change.space, EPI__TABLE_TAIL, draft->id);
    return epi__change_insert(&writer->change, &key, draft->tail.data, draft->tail.size);
}

/* What the step's vector waits for: the encoder, or upkeep where a new generation is being made. */
static epi_status put_backlog(epi__writer *writer, const epi__draft *draft) {
    const epi__state *state = &writer->change.state;
    if (draft->waiting && state->dimension) EPI__TRY(epi__backlog_put(&writer->change, state->generation, draft->id));
    if (draft->text.size == 0 || !state->building) return EPI_OK;
    return epi__backlog_put(&writer->change, state->building, draft->id);
}

static void count_step(epi__writer *writer, const epi__draft *draft) {
    epi__state *state = &writer->change.state;
    epi__episode_record *record = &writer->record;
    const epi__row *row = &draft->row;
    uint64_t from = (uint64_t)row->event_from ^ (1ull << 63), to = (uint64_t)row->event_to ^ (1ull << 63);
    state->documents += row->length > 0;
    state->words += row->length;
    state->vectors += (row->flags & EPI__ROW_VECTOR) != 0;
    epi__profile_count(state, row, 1);
    if (!state->first_event || from < state->first_event) state->first_event = from;
    if (to > state->last_event) state->last_event = to;
    if (record->first_event == EPI_TIME_NONE || row->event_from < record->first_event) {
        record->first_event = row->event_from;
        record->utc_offset_min = row->utc_offset_min;
    }
    if (record->last_event == EPI_TIME_NONE || row->event_to > record->last_event) record->last_event = row->event_to;
}

static epi_status tell_news(epi__writer *writer, epi__draft *draft) {
    epi__view document, vector;
    if (draft->row.length == 0) return EPI_OK;
    EPI__TRY(epi__tail_record_decode(&document, &vector, draft->tail));
    return epi__news_of(&draft->row.news, writer->mirror, &writer->change, document);
}

epi_status epi__writer_put(epi__writer *writer, epi__draft *draft, bool *present) {
    draft->row.episode = draft->episode;
    *present = false;
    if (draft->generation != writer->change.state.generation) {
        epi__draft_strip(draft);
        epi__generation_forget(writer->mirror);
    }
    uint64_t id = 0;
    epi_status status = find_external(&id, writer, &draft->row);
    if (!status) {
        draft->id = id;
        *present = true;
        return EPI_OK;
    }
    if (status != EPI_ENOTFOUND) return status;
    EPI__TRY(check_superseded(writer, draft->row.supersedes));
    EPI__TRY(epi__writer_episode(writer, draft->episode));
    EPI__TRY(tell_news(writer, draft));
    EPI__TRY(extend_run(writer, draft->id));
    EPI__TRY(put_row(writer, draft));
    EPI__TRY(put_time(writer, draft));
    EPI__TRY(put_told(writer, draft));
    EPI__TRY(epi__facts_put(&writer->change, draft->id, draft->row.facts));
    EPI__TRY(put_tail(writer, draft));
    EPI__TRY(put_backlog(writer, draft));
    EPI__TRY(put_external(writer, draft));
    EPI__TRY(mark_superseded(writer, draft));
    count_step(writer, draft);
    epi__change_note(&writer->change, EPI__CHANGE_ADD, draft->id, 1);
    return EPI_OK;
}

epi_status epi__writer_commit(epi__writer *writer) {
    epi_status status = flush_episode(writer);
    if (!status && epi__state_count(&writer->change.state, EPI__TABLE_TAIL) >= EPI__SEAL_COUNT)
        status = epi__seal(NULL, &writer->change);
    if (!status) status = epi__change_commit(&writer->change, epi__store_now(writer->mirror->store));
    epi__writer_abort(writer);
    return status;
}
