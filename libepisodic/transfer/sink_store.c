/* sink_store.c - storing what an import has pending: all of it in one transaction.
 *
 * When the store refuses a batch because of its content, its episodes are stored one by one, and the steps of the one
 * that is refused, so that all before the bad step stay and the message names it.
 */
#include "transfer.h"

/* The pending episodes as the library takes them. */
typedef struct batch {
    epi_experience experiences[EPI__IMPORT_BATCH_COUNT];
    epi_step steps[EPI__IMPORT_BATCH_COUNT]; /* of all, without those that are left alone */
    size_t places[EPI__IMPORT_BATCH_COUNT];  /* where each is pending */
    uint64_t ids[EPI__IMPORT_BATCH_COUNT];
    uint64_t episodes[EPI__IMPORT_BATCH_COUNT];
    size_t count; /* of steps */
} batch;

static void make_batch(batch *b, epi__sink *sink, const bool *was_there) {
    size_t at = 0;
    b->count = 0;
    for (size_t i = 0; i < sink->episode_count; i++) {
        const epi__incoming_episode *episode = &sink->episodes[i];
        epi_experience *made = &b->experiences[i];
        *made = epi_experience_default();
        made->episode = episode->episode;
        made->begin = episode->episode == 0 ? &episode->begin : NULL;
        made->outcome = episode->ended ? &episode->outcome : NULL;
        made->steps = &b->steps[b->count];
        for (size_t end = at + episode->count; at < end; at++) {
            /* A step that is there and has no time of its own is left alone: "now" would make it another one. */
            if (was_there[at] && sink->pending[at].step.event_time == EPI_TIME_NONE) continue;
            b->places[b->count] = at;
            b->steps[b->count++] = sink->pending[at].step;
            made->step_count++;
        }
    }
}

/* Is the fault in what was passed in or in what is there, rather than in the machine? */
static bool is_about_content(epi_status status) {
    return (status <= EPI_EUTF8 && status > EPI_EIO) || status == EPI_EINVAL;
}

static epi_status store_step(uint64_t *id, epi__sink *sink, const epi_experience *one, size_t place) {
    epi_status status = epi_remember_many(id, NULL, sink->space, one, 1);
    if (status == EPI_OK || !is_about_content(status)) return status;
    const char *name = one->steps->external_id;
    return epi__fail(status, "transfer", "%s %zu%s%s: %s", sink->unit, sink->pending[place].place,
                     name ? ", step " : "", name ? name : "", epi_error_last()->message);
}

static epi_status begin(uint64_t *id, epi__sink *sink, epi_experience all, bool keep_title) {
    epi_episode_options options = epi_episode_options_default();
    *id = all.episode;
    if (*id != 0) return EPI_OK;
    all.step_count = 0;
    all.outcome = NULL;
    epi_status status = epi_remember_many(NULL, id, sink->space, &all, 1);
    if (status != EPI_ECONFLICT || !keep_title) return status;
    options.external_id = all.begin->external_id;
    all.begin = &options;
    return epi_remember_many(NULL, id, sink->space, &all, 1);
}

/* Begins an episode, stores its steps one by one, and ends it. */
static epi_status store_slowly(uint64_t *ids, uint64_t *id, epi__sink *sink, const epi_experience *all,
                               const size_t *places, bool keep_title) {
    EPI__TRY(begin(id, sink, *all, keep_title));
    epi_experience one = epi_experience_default();
    one.episode = *id;
    one.step_count = 1;
    for (size_t i = 0; i < all->step_count; i++) {
        one.steps = &all->steps[i];
        EPI__TRY(store_step(&ids[i], sink, &one, places[i]));
    }
    one.step_count = 0;
    one.outcome = all->outcome;
    return one.outcome != NULL ? epi_remember_many(NULL, NULL, sink->space, &one, 1) : EPI_OK;
}

static epi_status store_episode(uint64_t *ids, uint64_t *id, epi__sink *sink, const epi_experience *all,
                                const size_t *places, bool keep_title) {
    epi_status status = epi_remember_many(ids, id, sink->space, all, 1);
    if (status == EPI_OK || !is_about_content(status)) return status;
    return store_slowly(ids, id, sink, all, places, keep_title);
}

static epi_status store_batch(batch *b, epi__sink *sink) {
    epi_status status = epi_remember_many(b->ids, b->episodes, sink->space, b->experiences, sink->episode_count);
    if (status == EPI_OK || !is_about_content(status)) return status;
    size_t at = 0;
    for (size_t i = 0; i < sink->episode_count; at += b->experiences[i++].step_count)
        EPI__TRY(store_episode(&b->ids[at], &b->episodes[i], sink, &b->experiences[i], &b->places[at],
                               sink->episodes[i].keep_title));
    return EPI_OK;
}

static epi_status note_episodes(epi__sink *sink, const uint64_t *ids) {
    for (size_t i = 0; i < sink->episode_count && ids[i] != 0; i++) {
        const epi__incoming_episode *episode = &sink->episodes[i];
        sink->report->episodes += episode->first;
        sink->episode = ids[i];
        sink->local = episode->local;
        if (episode->local != 0 && !epi__map_put(&sink->episode_ids, episode->local, ids[i]))
            return epi__fail_memory("transfer", sizeof ids[i]);
    }
    return EPI_OK;
}

epi_status epi__sink_store(epi__sink *sink, uint64_t *ids, const bool *was_there) {
    batch *b = epi__alloc_zero(1, sizeof *b);
    if (b == NULL) return epi__fail_memory("transfer", sizeof *b);
    make_batch(b, sink, was_there);
    epi_status status = store_batch(b, sink);
    for (size_t i = 0; i < b->count; i++)
        if (b->ids[i] != 0) ids[b->places[i]] = b->ids[i];
    epi_status noted = note_episodes(sink, b->episodes);
    epi__free(b);
    return status != EPI_OK ? status : noted;
}
