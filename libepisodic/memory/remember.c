/* remember.c - remembering in one call: a step outside any episode of the caller's, and episodes with all their steps.
 */
#include "columnar.h"
#include "handle.h"
#include "place.h"

#define MODULE "memory"
#define REMEMBER_TRIES 2

/* ---- one step ---------------------------------------------------------------------------------------------------- */

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

/* ---- episodes ---------------------------------------------------------------------------------------------------- */

static epi_status check_experience(const epi_experience *given) {
    if (given->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "experience has version %u, expected 1", given->version);
    if (given->episode && given->begin)
        return epi__fail(EPI_EINVAL, MODULE, "an experience both begins an episode and goes on with episode %llu",
                         (unsigned long long)given->episode);
    if (given->step_count && !given->steps)
        return epi__fail(EPI_EINVAL, MODULE, "%zu steps at NULL", given->step_count);
    if (given->begin) EPI__TRY(epi__place_check_options(given->begin));
    return given->outcome ? epi__place_check_outcome(given->outcome) : EPI_OK;
}

static epi_status check_experiences(size_t *steps, const epi_experience *experiences, size_t count) {
    *steps = 0;
    if (count > EPI_APPEND_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "%zu experiences in one call, limit %u", count, EPI_APPEND_COUNT_MAX);
    if (count && !experiences) return epi__fail(EPI_EINVAL, MODULE, "%zu experiences at NULL", count);
    for (size_t i = 0; i < count; i++) {
        EPI__TRY(check_experience(&experiences[i]));
        if (experiences[i].step_count > EPI_APPEND_COUNT_MAX - *steps)
            return epi__fail(EPI_ELIMIT, MODULE, "more than %u steps in one call", EPI_APPEND_COUNT_MAX);
        *steps += experiences[i].step_count;
    }
    return EPI_OK;
}

static epi_status make_batch(epi__batch *batch, epi__arena *arena, const epi_experience *given,
                             const epi_episode_options *defaults) {
    *batch = (epi__batch){.episode = given->episode,
                          .reopens = true,
                          .steps = given->steps,
                          .count = given->step_count,
                          .outcome = given->outcome};
    if (given->episode) return EPI_OK;
    batch->begin = given->begin ? given->begin : defaults;
    epi__buffer tags = {0};
    epi__encode_tags(&tags, batch->begin->tags, batch->begin->tag_count);
    batch->tags = (epi__view){epi__arena_copy(arena, tags.data, tags.size), tags.size};
    bool failed = tags.failed || (tags.size && !batch->tags.data);
    epi__buffer_dispose(&tags);
    return failed ? epi__fail_memory(MODULE, batch->tags.size) : EPI_OK;
}

static epi_status remember(uint64_t *ids, uint64_t *episodes, epi__mirror *mirror, epi__arena *arena,
                           const epi_experience *experiences, size_t count) {
    epi__lane lane = {0};
    const epi_episode_options defaults = epi_episode_options_default();
    epi__batch *batches = epi__arena_alloc(arena, count, sizeof *batches);
    if (!batches) return epi__fail_memory(MODULE, count * sizeof *batches);
    for (size_t i = 0; i < count; i++) EPI__TRY(make_batch(&batches[i], arena, &experiences[i], &defaults));
    EPI__TRY(epi__batches_draft(batches, count, arena, mirror));
    EPI__TRY(epi__pending_commit(mirror));
    EPI__TRY(epi__batches_write(ids, &lane, mirror, batches, count));
    for (size_t i = 0; episodes && i < count; i++) episodes[i] = batches[i].episode;
    return EPI_OK;
}

epi_status epi_remember_many(uint64_t *ids, uint64_t *episodes, epi_space *space, const epi_experience *experiences,
                             size_t count) {
    size_t steps = 0;
    epi__arena arena = {0};
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__columnar_refuse(space->mirror, "append to it by epi_transitions_append()"));
    epi_status status = check_experiences(&steps, experiences, count);
    if (!status && count) status = remember(ids, episodes, space->mirror, &arena, experiences, count);
    epi__arena_dispose(&arena);
    if (status && ids) memset(ids, 0, steps * sizeof *ids);
    if (status && episodes && count <= EPI_APPEND_COUNT_MAX) memset(episodes, 0, count * sizeof *episodes);
    return status;
}
