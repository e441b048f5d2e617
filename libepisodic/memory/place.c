/* place.c - beginning, finding, reopening and ending episodes inside of a transaction; see place.h. */
#include "place.h"

#include "../store/component.h"

#define MODULE "memory"

/* ---- checks ------------------------------------------------------------------------------------------------------ */

epi_status epi__place_check_options(const epi_episode_options *options) {
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

epi_status epi__place_check_outcome(const epi_outcome *outcome) {
    if (outcome->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "outcome has version %u, expected 1", outcome->version);
    if (outcome->text) EPI__TRY(epi__check_text("outcome", outcome->text, strlen(outcome->text), EPI_OUTCOME_SIZE_MAX));
    if (outcome->reward - outcome->reward != 0.0) return epi__fail(EPI_ENUMBER, MODULE, "reward was NaN or infinite");
    if (outcome->end != EPI_TIME_NONE && (outcome->end < EPI_TIME_MIN || outcome->end > EPI_TIME_MAX))
        return epi__fail(EPI_ELIMIT, MODULE, "the episode ends outside the years 1 to 9999");
    return EPI_OK;
}

epi_status epi__place_gone(const epi__state *state, uint64_t id) {
    bool begun = id > 0 && id < state->next_episode;
    return epi__fail(begun ? EPI_ESTALE : EPI_ENOTFOUND, MODULE, "episode %llu %s", (unsigned long long)id,
                     begun ? "was removed" : "was never begun");
}

/* ---- beginning -------------------------------------------------------------------------------------------------- */

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

epi_status epi__place_begin(uint64_t *id, bool *made, epi__change *change, const epi_episode_options *options,
                            epi__view tags) {
    uint64_t content = content_of(options, tags);
    epi_status status = find_begun(id, change, options, content);
    *made = status == EPI_ENOTFOUND;
    return *made ? make(id, change, options, tags, content) : status;
}

/* ---- going on and ending ---------------------------------------------------------------------------------------- */

epi_status epi__place_open(epi__writer *writer, uint64_t id, bool reopens) {
    bool begun = id > 0 && id < writer->change.state.next_episode;
    EPI__TRY(begun ? epi__writer_episode(writer, id) : epi__place_gone(&writer->change.state, id));
    if (!writer->record.ended) return EPI_OK;
    if (!reopens)
        return epi__fail(EPI_EENDED, MODULE, "episode %llu has ended; resume it to append", (unsigned long long)id);
    writer->record.ended = false;
    writer->dirty = true;
    epi__change_note(&writer->change, EPI__CHANGE_EPISODE, id, 0);
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

epi_status epi__place_end(epi__writer *writer, const epi_outcome *outcome) {
    epi__state *state = &writer->change.state;
    writer->record.ended = true;
    writer->dirty = true;
    if (state->running_episode == writer->episode) state->running_episode = 0;
    epi__change_note(&writer->change, EPI__CHANGE_EPISODE, writer->episode, 0);
    return set_outcome(writer, outcome);
}

/* ---- the running episode ---------------------------------------------------------------------------------------- */

/* Whether an event follows closely on the episode's last one. What this process has pending counts: the store does not
 * know it yet. */
static bool follows(const epi__episode_record *record, int64_t pending, int64_t event) {
    int64_t gap = (int64_t)EPI_REMEMBER_GAP_S_DEFAULT * 1000000, last = record->last_event;
    if (record->ended) return false;
    if (pending != EPI_TIME_NONE) last = EPI__MAX(last, pending);
    return last == EPI_TIME_NONE || (event >= last - gap && event <= last + gap);
}

static epi__running running_of(epi__mirror *mirror) {
    pthread_mutex_lock(&mirror->pending_mutex);
    epi__running running = {mirror->running_episode, mirror->running_event};
    pthread_mutex_unlock(&mirror->pending_mutex);
    return running;
}

static int64_t pending_of(const epi__running *running, uint64_t id) {
    return running && running->episode == id ? running->event : EPI_TIME_NONE;
}

/* The space's running episode, without a write; *id is 0 when there is none, or the event is too far from it. */
static epi_status find_running(uint64_t *id, epi__mirror *mirror, const epi__running *running, int64_t event) {
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
        int64_t pending = pending_of(running, state.running_episode);
        if (!status && follows(&record, pending, event)) *id = state.running_episode;
    }
    epi__tx_abort(&tx);
    return status == EPI_ENOTFOUND ? EPI_OK : status;
}

epi_status epi__place_running(uint64_t *id, epi__writer *writer, const epi__running *running, int64_t event) {
    bool made = false;
    epi_episode_options options = epi_episode_options_default();
    *id = writer->change.state.running_episode;
    epi_status status = *id ? epi__writer_episode(writer, *id) : EPI_ESTALE;
    if (status && status != EPI_ESTALE) return status;
    if (!status && follows(&writer->record, pending_of(running, *id), event)) return EPI_OK;
    EPI__TRY(epi__place_begin(id, &made, &writer->change, &options, (epi__view){0}));
    writer->change.state.running_episode = *id;
    return epi__writer_episode(writer, *id);
}

epi_status epi__place_running_alone(uint64_t *id, epi__mirror *mirror, int64_t event) {
    epi__writer writer;
    epi__running running = running_of(mirror);
    EPI__TRY(find_running(id, mirror, &running, event));
    if (*id) return EPI_OK;
    EPI__TRY(epi__writer_begin(&writer, mirror));
    epi_status status = epi__place_running(id, &writer, &running, event);
    if (!status) return epi__writer_commit(&writer);
    epi__writer_abort(&writer);
    return status;
}
