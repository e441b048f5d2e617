/* episode.c - beginning, resuming, filling and ending episodes. */
#include "../store/component.h"
#include "append.h"
#include "columnar.h"
#include "handle.h"

#define MODULE "memory"
#define REMEMBER_TRIES 2

struct epi_episode {
    epi_space *space; /* counted */
    uint64_t id;
    bool ended;
    epi__lane lane;
};

static epi_status check_episode(const epi_episode *episode) {
    if (!episode) return epi__fail(EPI_EINVAL, MODULE, "the episode handle was NULL");
    return epi__space_check_handle(episode->space);
}

static epi_status handle_new(epi_episode **episode, epi_space *space, uint64_t id) {
    *episode = epi__alloc_zero(1, sizeof **episode);
    if (!*episode) return epi__fail_memory(MODULE, sizeof **episode);
    atomic_fetch_add(&space->references, 1);
    (*episode)->space = space;
    (*episode)->id = (*episode)->lane.episode = id;
    return EPI_OK;
}

void epi_episode_close(epi_episode *episode) {
    if (!episode) return;
    epi__space_release(episode->space);
    epi__free(episode);
}

uint64_t epi_episode_id(const epi_episode *episode) {
    return episode ? episode->id : 0;
}

/* ---- beginning -------------------------------------------------------------------------------------------------- */

static epi_status check_options(const epi_episode_options *options) {
    if (options->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "episode options have version %u, expected 1", options->version);
    if (options->title) EPI__TRY(epi__check_text("title", options->title, strlen(options->title), EPI_TITLE_SIZE_MAX));
    EPI__TRY(epi__check_tags(options->tags, options->tag_count));
    EPI__TRY(epi__check_metadata(options->metadata));
    if (options->begin != EPI_TIME_NONE && (options->begin < EPI_TIME_MIN || options->begin > EPI_TIME_MAX))
        return epi__fail(EPI_ELIMIT, MODULE, "the episode begins outside the years 1 to 9999");
    if (!options->external_id) return EPI_OK;
    size_t size = strlen(options->external_id);
    if (size == 0) return epi__fail(EPI_EINVAL, MODULE, "the external id is empty");
    return epi__check_text("external id", options->external_id, size, EPI_EXTERNAL_ID_SIZE_MAX);
}

static epi__view text_view(const char *text) {
    return (epi__view){text ? text : "", text ? strlen(text) : 0};
}

static uint64_t content_of(const epi_episode_options *options, epi__view tags) {
    epi__view title = text_view(options->title), metadata = text_view(options->metadata);
    uint64_t hash = epi__hash64_pair(title.data, title.size, metadata.data, metadata.size);
    return epi__hash64_pair(&hash, sizeof hash, tags.data, tags.size);
}

static void external_key(epi__key *key, uint32_t space, epi__view external) {
    epi__key_begin(key, space, EPI__TABLE_EPISODE_EXTERNAL);
    epi__key_bytes(key, external.data, external.size);
}

/* The episode that has the external id; EPI_ECONFLICT when it was begun with other options. */
static epi_status find_begun(uint64_t *id, epi__change *change, const epi_episode_options *options, uint64_t content) {
    epi__key key;
    epi__view body, external = text_view(options->external_id);
    epi__episode_record record;
    if (external.size == 0) return EPI_ENOTFOUND;
    external_key(&key, change->space, external);
    EPI__TRY(epi__change_get(&body, change, &key));
    epi__reader reader = epi__reader_of(body.data, body.size);
    *id = epi__read_u64(&reader);
    epi__key_of_u64(&key, change->space, EPI__TABLE_EPISODE, *id);
    epi_status status = epi__change_get(&body, change, &key);
    if (status == EPI_ENOTFOUND)
        return epi__fail(EPI_EDAMAGED, MODULE, "an external id names an episode that is missing");
    EPI__TRY(status);
    EPI__TRY(epi__episode_decode(&record, body));
    bool given = options->title || options->metadata || options->tag_count;
    if (!given || record.content == content) return EPI_OK;
    return epi__fail(EPI_ECONFLICT, MODULE, "episode \"%s\" was begun with another title, tags or metadata",
                     options->external_id);
}

static epi_status put_episode(epi__change *change, uint64_t id, epi__episode_record *record) {
    epi__key key;
    epi__buffer out = {0};
    epi__episode_encode(&out, record);
    epi__key_of_u64(&key, change->space, EPI__TABLE_EPISODE, id);
    epi_status status = out.failed ? epi__fail_memory(MODULE, 256) : epi__change_put(change, &key, out.data, out.size);
    epi__buffer_dispose(&out);
    epi__change_note(change, EPI__CHANGE_EPISODE, id, 0);
    return status;
}

static epi_status make(uint64_t *id, epi__change *change, const epi_episode_options *options, epi__view tags,
                       uint64_t content) {
    epi__key key;
    epi__view title = text_view(options->title), metadata = text_view(options->metadata);
    epi__episode_record record = {.first_event = options->begin,
                                  .last_event = options->begin,
                                  .content = content,
                                  .external = text_view(options->external_id),
                                  .tag_count = (uint8_t)options->tag_count,
                                  .tags = tags};
    *id = change->state.next_episode++;
    EPI__TRY(epi__component_put(&record.title, change, title.data, title.size));
    EPI__TRY(epi__component_put(&record.metadata, change, metadata.data, metadata.size));
    EPI__TRY(put_episode(change, *id, &record));
    if (record.external.size == 0) return EPI_OK;
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++) bytes[i] = (uint8_t)(*id >> (8 * i));
    external_key(&key, change->space, record.external);
    return epi__change_insert(change, &key, bytes, sizeof bytes);
}

static epi_status begin(uint64_t *id, bool *made, epi__mirror *mirror, const epi_episode_options *options,
                        epi__view tags) {
    epi__change change;
    uint64_t content = content_of(options, tags);
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, true));
    epi_status status = find_begun(id, &change, options, content);
    *made = status == EPI_ENOTFOUND;
    if (*made) status = make(id, &change, options, tags, content);
    if (!status && *made) return epi__change_commit(&change, epi__store_now(mirror->store));
    epi__change_abort(&change);
    return status;
}

epi_status epi_episode_begin(epi_episode **episode, epi_space *space, const epi_episode_options *given) {
    if (!episode) return epi__fail(EPI_EINVAL, MODULE, "episode was NULL");
    *episode = NULL;
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__columnar_refuse(space->mirror, "record in it by epi_recorder_open() and epi_transitions_append()"));
    epi_episode_options options = given ? *given : epi_episode_options_default();
    EPI__TRY(check_options(&options));
    epi__buffer tags = {0};
    uint64_t id = 0;
    bool made = false;
    epi__encode_tags(&tags, options.tags, options.tag_count);
    epi_status status = tags.failed ? epi__fail_memory(MODULE, 64)
                                    : begin(&id, &made, space->mirror, &options, (epi__view){tags.data, tags.size});
    epi__buffer_dispose(&tags);
    EPI__TRY(status);
    return made ? handle_new(episode, space, id) : epi_episode_resume(episode, space, id);
}

/* ---- resuming and ending ---------------------------------------------------------------------------------------- */

static epi_status gone(const epi__state *state, uint64_t id) {
    bool begun = id > 0 && id < state->next_episode;
    return epi__fail(begun ? EPI_ESTALE : EPI_ENOTFOUND, MODULE, "episode %llu %s", (unsigned long long)id,
                     begun ? "was removed" : "was never begun");
}

/* Loads an episode's record for a change; the writer owns it. */
static epi_status open_record(epi__writer *writer, epi__mirror *mirror, uint64_t id) {
    EPI__TRY(epi__writer_begin(writer, mirror));
    bool begun = id > 0 && id < writer->change.state.next_episode;
    epi_status status = begun ? epi__writer_episode(writer, id) : gone(&writer->change.state, id);
    if (status) epi__writer_abort(writer);
    return status;
}

static epi_status reopen(epi__mirror *mirror, uint64_t id) {
    epi__writer writer;
    EPI__TRY(open_record(&writer, mirror, id));
    writer.record.ended = false;
    writer.dirty = true;
    epi__change_note(&writer.change, EPI__CHANGE_EPISODE, id, 0);
    return epi__writer_commit(&writer);
}

static epi_status read_record(epi__episode_record *record, epi__mirror *mirror, uint64_t id) {
    epi__tx tx;
    epi__key key;
    epi__view body;
    epi__state state;
    EPI__TRY(epi__tx_begin(&tx, mirror->store, false));
    epi__key_of_u64(&key, mirror->space, EPI__TABLE_EPISODE, id);
    epi_status status = epi__state_read(&state, tx.txn, mirror->space);
    if (!status) status = epi__record_get(&body, tx.txn, &key);
    if (status == EPI_ENOTFOUND) status = gone(&state, id);
    if (!status) status = epi__episode_decode(record, body);
    epi__tx_abort(&tx);
    return status;
}

epi_status epi_episode_resume(epi_episode **episode, epi_space *space, uint64_t id) {
    if (!episode) return epi__fail(EPI_EINVAL, MODULE, "episode was NULL");
    *episode = NULL;
    EPI__TRY(epi__space_check_handle(space));
    epi__episode_record record;
    EPI__TRY(read_record(&record, space->mirror, id));
    if (record.ended) EPI__TRY(reopen(space->mirror, id));
    return handle_new(episode, space, id);
}

static epi_status check_outcome(const epi_outcome *outcome) {
    if (outcome->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "outcome has version %u, expected 1", outcome->version);
    if (outcome->text) EPI__TRY(epi__check_text("outcome", outcome->text, strlen(outcome->text), EPI_OUTCOME_SIZE_MAX));
    if (outcome->reward - outcome->reward != 0.0) return epi__fail(EPI_ENUMBER, MODULE, "reward was NaN or infinite");
    if (outcome->end != EPI_TIME_NONE && (outcome->end < EPI_TIME_MIN || outcome->end > EPI_TIME_MAX))
        return epi__fail(EPI_ELIMIT, MODULE, "the episode ends outside the years 1 to 9999");
    return EPI_OK;
}

static epi_status set_outcome(epi__writer *writer, const epi_outcome *outcome) {
    epi__episode_record *record = &writer->record;
    epi__view text = text_view(outcome->text);
    EPI__TRY(epi__component_drop(&writer->change, &record->outcome));
    EPI__TRY(epi__component_put(&record->outcome, &writer->change, text.data, text.size));
    record->has_reward = outcome->has_reward;
    record->reward = outcome->has_reward ? outcome->reward : 0.0;
    if (outcome->end != EPI_TIME_NONE) record->last_event = EPI__MAX(record->last_event, outcome->end);
    return EPI_OK;
}

epi_status epi_episode_end(epi_episode *episode, const epi_outcome *given) {
    EPI__TRY(check_episode(episode));
    epi_outcome outcome = given ? *given : epi_outcome_default();
    EPI__TRY(check_outcome(&outcome));
    epi__mirror *mirror = episode->space->mirror;
    epi__writer writer;
    EPI__TRY(epi__pending_commit(mirror));
    EPI__TRY(open_record(&writer, mirror, episode->id));
    epi_status status = set_outcome(&writer, &outcome);
    writer.record.ended = true;
    writer.dirty = true;
    epi__lane lane = episode->lane;
    epi__lane_return(&lane, &writer.change);
    if (writer.change.state.running_episode == episode->id) writer.change.state.running_episode = 0;
    epi__change_note(&writer.change, EPI__CHANGE_EPISODE, episode->id, 0);
    if (!status)
        status = epi__writer_commit(&writer);
    else
        epi__writer_abort(&writer);
    if (!status) {
        episode->lane = lane;
        episode->ended = true;
    }
    return status;
}

/* ---- appending -------------------------------------------------------------------------------------------------- */

epi_status epi_episode_append_many(uint64_t *ids, epi_episode *episode, const epi_step *steps, size_t count) {
    if (ids && count <= EPI_APPEND_COUNT_MAX) memset(ids, 0, count * sizeof *ids);
    EPI__TRY(check_episode(episode));
    if (count == 0) return EPI_OK;
    if (!steps) return epi__fail(EPI_EINVAL, MODULE, "%zu steps at NULL", count);
    if (count > EPI_APPEND_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "%zu steps in one call, limit %u", count, EPI_APPEND_COUNT_MAX);
    if (episode->ended)
        return epi__fail(EPI_EENDED, MODULE, "episode %llu has ended; resume it to append",
                         (unsigned long long)episode->id);
    epi_status status = epi__append(ids, &episode->lane, episode->space->mirror, steps, count);
    if (status && ids) memset(ids, 0, count * sizeof *ids);
    return status;
}

epi_status epi_episode_append(uint64_t *id, epi_episode *episode, const epi_step *step) {
    return epi_episode_append_many(id, episode, step, 1);
}

/* ---- remembering outside an episode ----------------------------------------------------------------------------- */

/* Whether an event follows closely on the episode's last one. What this process has pending counts: the store does not
 * know it yet. */
static bool follows(epi__mirror *mirror, uint64_t id, const epi__episode_record *record, epi_time event) {
    int64_t gap = (int64_t)EPI_REMEMBER_GAP_S_DEFAULT * 1000000, last = record->last_event;
    pthread_mutex_lock(&mirror->pending_mutex);
    if (mirror->running_episode == id) last = EPI__MAX(last, mirror->running_event);
    pthread_mutex_unlock(&mirror->pending_mutex);
    if (record->ended) return false;
    return last == EPI_TIME_NONE || (event >= last - gap && event <= last + gap);
}

/* The space's running episode, without a write; *id is 0 when there is none, or the event is too far from it. */
static epi_status find_running(uint64_t *id, epi__mirror *mirror, epi_time event) {
    epi__tx tx;
    epi__key key;
    epi__view body;
    epi__state state;
    epi__episode_record record;
    *id = 0;
    EPI__TRY(epi__tx_begin(&tx, mirror->store, false));
    epi_status status = epi__state_read(&state, tx.txn, mirror->space);
    if (!status && state.running_episode) {
        epi__key_of_u64(&key, mirror->space, EPI__TABLE_EPISODE, state.running_episode);
        status = epi__record_get(&body, tx.txn, &key);
        if (!status) status = epi__episode_decode(&record, body);
        if (!status && follows(mirror, state.running_episode, &record, event)) *id = state.running_episode;
    }
    epi__tx_abort(&tx);
    return status == EPI_ENOTFOUND ? EPI_OK : status;
}

static epi_status begin_running(uint64_t *id, epi__mirror *mirror, uint64_t replaces) {
    epi__change change;
    epi_episode_options options = epi_episode_options_default();
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, true));
    epi_status status = EPI_OK;
    if (change.state.running_episode != replaces && change.state.running_episode != 0) {
        *id = change.state.running_episode; /* another thread or process was faster; 0: it only ended the old one */
        epi__change_abort(&change);
        return EPI_OK;
    }
    status = make(id, &change, &options, (epi__view){0}, content_of(&options, (epi__view){0}));
    change.state.running_episode = *id;
    if (!status) return epi__change_commit(&change, epi__store_now(mirror->store));
    epi__change_abort(&change);
    return status;
}

epi_status epi__running_episode(uint64_t *id, epi__mirror *mirror, int64_t event) {
    epi__tx tx;
    epi__state state;
    EPI__TRY(find_running(id, mirror, event));
    if (*id) return EPI_OK;
    EPI__TRY(epi__tx_begin(&tx, mirror->store, false));
    epi_status status = epi__state_read(&state, tx.txn, mirror->space);
    epi__tx_abort(&tx);
    return status ? status : begin_running(id, mirror, state.running_episode);
}

static void note_running(epi__mirror *mirror, uint64_t id, epi_time event) {
    pthread_mutex_lock(&mirror->pending_mutex);
    bool same = mirror->running_episode == id;
    mirror->running_event = same ? EPI__MAX(mirror->running_event, event) : event;
    mirror->running_episode = id;
    pthread_mutex_unlock(&mirror->pending_mutex);
}

epi_status epi_remember(uint64_t *id, uint64_t *episode, epi_space *space, const epi_step *step) {
    uint64_t made = 0;
    if (id) *id = 0;
    if (episode) *episode = 0;
    EPI__TRY(epi__space_check_handle(space));
    if (!step) return epi__fail(EPI_EINVAL, MODULE, "step was NULL");
    epi__mirror *mirror = space->mirror;
    epi__lane lane = {0};
    epi_status status = epi__append(&made, &lane, mirror, step, 1);
    for (int i = 0; i < REMEMBER_TRIES && (status == EPI_EENDED || status == EPI_ESTALE);
         i++) { /* it ended meanwhile */
        lane = (epi__lane){0};
        status = epi__append(&made, &lane, mirror, step, 1);
    }
    EPI__TRY(status);
    note_running(mirror, lane.episode,
                 step->event_time == EPI_TIME_NONE ? epi__store_now(mirror->store) : step->event_time);
    if (id) *id = made;
    if (episode) *episode = lane.episode;
    return EPI_OK;
}

epi_status epi_remember_text(epi_space *space, const char *speaker, const char *text, uint64_t *id) {
    epi_part parts[] = {epi_part_text("speaker", speaker), epi_part_text("text", text)};
    epi_step step = epi_step_default();
    if (id) *id = 0;
    if (!text) return epi__fail(EPI_EINVAL, MODULE, "text was NULL");
    step.parts = speaker ? parts : parts + 1;
    step.part_count = speaker ? 2 : 1;
    return epi_remember(id, NULL, space, &step);
}
