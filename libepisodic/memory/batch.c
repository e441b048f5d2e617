/* batch.c - writing at once: batches of drafts go into the store in one transaction, and are durable when it has
 * committed.
 *
 * Invariant: a lane, and what a batch says of its episode, hold only what was committed; a failed attempt can be made
 * again.
 */
#include "place.h"

epi_status epi__commit_between(epi__mirror *mirror) {
    epi__change change;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, false));
    return epi__change_commit(&change, epi__store_now(mirror->store));
}

/* Loads the episode of a batch, which is begun if need be. */
static epi_status enter(epi__writer *writer, epi__batch *batch) {
    bool made = false;
    if (batch->running) return epi__place_running(&batch->episode, writer, NULL, batch->drafts[0].row.event_from);
    if (batch->begin) EPI__TRY(epi__place_begin(&batch->episode, &made, &writer->change, batch->begin, batch->tags));
    return epi__place_open(writer, batch->episode, batch->reopens || batch->begin);
}

static epi_status put_drafts(uint64_t *ids, epi__lane *lane, epi__writer *writer, const epi__batch *batch) {
    epi__lane_reserve(lane, &writer->change.state, batch->count, 0);
    for (size_t i = 0; i < batch->count; i++) {
        bool present = false;
        epi__draft *draft = &batch->drafts[i];
        draft->id = lane->next;
        draft->episode = batch->episode;
        EPI__TRY(epi__writer_put(writer, draft, &present));
        if (!present) lane->next++;
        if (ids) ids[i] = draft->id;
    }
    return EPI_OK;
}

static epi_status put_batch(uint64_t *ids, epi__lane *lane, epi__writer *writer, epi__batch *batch) {
    EPI__TRY(enter(writer, batch));
    EPI__TRY(put_drafts(ids, lane, writer, batch));
    return batch->outcome ? epi__place_end(writer, batch->outcome) : EPI_OK;
}

static epi_status write_once(uint64_t *ids, epi__lane *lane, epi__mirror *mirror, epi__batch *batches, size_t count) {
    epi__writer writer;
    epi__lane taken = *lane;
    EPI__TRY(epi__writer_begin(&writer, mirror));
    epi_status status = EPI_OK;
    for (size_t i = 0; !status && i < count; i++) {
        status = put_batch(ids, &taken, &writer, &batches[i]);
        if (ids) ids += batches[i].count;
    }
    if (!status && taken.next < taken.end && taken.grow == 0) epi__lane_return(&taken, &writer.change);
    if (status)
        epi__writer_abort(&writer);
    else
        status = epi__writer_commit(&writer);
    if (!status) *lane = taken;
    return status;
}

epi_status epi__batches_write(uint64_t *ids, epi__lane *lane, epi__mirror *mirror, epi__batch *batches, size_t count) {
    epi_status status = write_once(ids, lane, mirror, batches, count);
    if (status != EPI_EDISKFULL) return status;
    EPI__TRY(epi__commit_between(mirror));
    return write_once(ids, lane, mirror, batches, count);
}
