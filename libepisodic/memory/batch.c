/* batch.c - writing at once: batches of drafts go into the store in one transaction, and are durable when it has
 * committed.
 *
 * Threads that write to a space while another one commits wait in a line; whoever is next takes the whole line into its
 * transaction, so that they share a flush. Nobody waits for others to come. Where the line's transaction fails, each
 * thread writes on its own, and hears of its own fault.
 *
 * Invariant: a lane holds only what was committed, and a failed attempt can be made again.
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

/* ---- one write, or a line of them -------------------------------------------------------------------------------- */

static epi_status put_write(epi__writer *writer, epi__write *write) {
    uint64_t *ids = write->ids;
    epi__lane *taken = &write->taken;
    *taken = *write->lane;
    for (size_t i = 0; i < write->count; i++) {
        EPI__TRY(put_batch(ids, taken, writer, &write->batches[i]));
        if (ids) ids += write->batches[i].count;
    }
    if (taken->next < taken->end && taken->grow == 0) epi__lane_return(taken, &writer->change);
    return EPI_OK;
}

/* Takes the line, once the transaction has begun: who came while it was waited for is in it. */
static epi__write *take_line(epi__mirror *mirror) {
    pthread_mutex_lock(&mirror->writes_mutex);
    epi__write *line = mirror->writes;
    mirror->writes = NULL;
    for (epi__write *at = line; at; at = at->next) at->state = EPI__TAKEN;
    pthread_mutex_unlock(&mirror->writes_mutex);
    return line;
}

static epi_status write_line(epi__write **line, epi__mirror *mirror) {
    epi__writer writer;
    epi_status status = epi__writer_begin(&writer, mirror);
    if (!*line) *line = take_line(mirror);
    EPI__TRY(status);
    for (epi__write *at = *line; !status && at; at = at->next) status = put_write(&writer, at);
    if (!status) return epi__writer_commit(&writer);
    epi__writer_abort(&writer);
    return status;
}

static epi_status write_alone(epi__mirror *mirror, epi__write *write) {
    write->next = NULL;
    epi_status status = write_line(&write, mirror);
    if (!status) *write->lane = write->taken;
    return status;
}

/* Writes the line that the thread stands in itself; *alone: there is nobody else in it. */
static epi_status lead(bool *alone, epi__mirror *mirror) {
    epi__write *line = NULL;
    epi_status status = write_line(&line, mirror);
    pthread_mutex_lock(&mirror->writes_mutex);
    *alone = !line->next;
    for (epi__write *at = line, *next; at; at = next) {
        next = at->next; /* whoever is told goes away */
        if (!status) *at->lane = at->taken;
        at->state = status ? EPI__FAILED : EPI__WRITTEN;
    }
    mirror->writing = false;
    pthread_cond_broadcast(&mirror->written);
    pthread_mutex_unlock(&mirror->writes_mutex);
    return status;
}

/* Stands in the line until it has been written, or is this thread's to write. */
static bool stand_in_line(epi__mirror *mirror, epi__write *write) {
    pthread_mutex_lock(&mirror->writes_mutex);
    epi__write **end = &mirror->writes;
    while (*end) end = &(*end)->next;
    *end = write;
    while (mirror->writing && write->state < EPI__WRITTEN) pthread_cond_wait(&mirror->written, &mirror->writes_mutex);
    bool leads = write->state == EPI__WAITING;
    if (leads) mirror->writing = true;
    pthread_mutex_unlock(&mirror->writes_mutex);
    return leads;
}

epi_status epi__batches_write(uint64_t *ids, epi__lane *lane, epi__mirror *mirror, epi__batch *batches, size_t count) {
    epi__write write = {.ids = ids, .lane = lane, .batches = batches, .count = count, .state = EPI__WAITING};
    bool alone = false, leads = stand_in_line(mirror, &write);
    epi_status status = leads ? lead(&alone, mirror) : EPI_OK;
    if (write.state == EPI__WRITTEN) return EPI_OK;
    if (!alone) status = write_alone(mirror, &write);
    if (status != EPI_EDISKFULL) return status;
    EPI__TRY(epi__commit_between(mirror));
    return write_alone(mirror, &write);
}
