/* episode.c - beginning, resuming, filling and ending episodes. */
#include "columnar.h"
#include "handle.h"
#include "place.h"

#define MODULE "memory"

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

/* ---- beginning and resuming ------------------------------------------------------------------------------------- */

static epi_status begin(uint64_t *id, bool *made, epi__mirror *mirror, const epi_episode_options *options,
                        epi__view tags) {
    epi__change change;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, true));
    epi_status status = epi__place_begin(id, made, &change, options, tags);
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
    EPI__TRY(epi__place_check_options(&options));
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

static epi_status reopen(epi__mirror *mirror, uint64_t id) {
    epi__writer writer;
    EPI__TRY(epi__writer_begin(&writer, mirror));
    epi_status status = epi__place_open(&writer, id, true);
    if (!status) return epi__writer_commit(&writer);
    epi__writer_abort(&writer);
    return status;
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
    if (status == EPI_ENOTFOUND) status = epi__place_gone(&state, id);
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

/* ---- ending ------------------------------------------------------------------------------------------------------ */

epi_status epi_episode_end(epi_episode *episode, const epi_outcome *given) {
    EPI__TRY(check_episode(episode));
    epi_outcome outcome = given ? *given : epi_outcome_default();
    EPI__TRY(epi__place_check_outcome(&outcome));
    epi__mirror *mirror = episode->space->mirror;
    epi__writer writer;
    EPI__TRY(epi__pending_commit(mirror));
    EPI__TRY(epi__writer_begin(&writer, mirror));
    epi__lane lane = episode->lane;
    epi_status status = epi__place_open(&writer, episode->id, true);
    if (!status) status = epi__place_end(&writer, &outcome);
    epi__lane_return(&lane, &writer.change);
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
