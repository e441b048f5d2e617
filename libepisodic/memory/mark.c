/* mark.c - marks in a change; see mark.h.
 *
 * A mark carries what every reader asks: the newest correction and the earliest times of all. Only a step that was
 * corrected more than once has the list of its corrections behind it, so that one of them can be taken back.
 */
#include "mark.h"

#include <episodic/time.h>

#define MODULE "memory"

static const epi__mark NO_MARK = {.forgotten_at = EPI_TIME_NONE, .purge_at = EPI_TIME_NONE};

/* The mark's list borrows from the store, until the next write. */
static epi_status get(epi__mark *mark, epi__change *change, uint64_t step) {
    epi__key key;
    epi__view body;
    *mark = NO_MARK;
    epi__key_of_u64(&key, change->space, EPI__TABLE_MARK, step);
    epi_status status = epi__change_get(&body, change, &key);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    return status ? status : epi__mark_decode(mark, body);
}

static epi_status put(epi__change *change, uint64_t step, const epi__mark *mark) {
    epi__key key;
    epi__key_of_u64(&key, change->space, EPI__TABLE_MARK, step);
    epi__change_note(change, EPI__CHANGE_MARK, step, 0);
    if (mark->superseded_by == 0 && mark->forgotten_at == EPI_TIME_NONE) {
        epi_status status = epi__change_remove(change, &key);
        return status == EPI_ENOTFOUND ? EPI_OK : status;
    }
    epi__buffer out = {0};
    epi__mark_encode(&out, mark);
    epi_status status = out.failed ? epi__fail_memory(MODULE, 64) : epi__change_put(change, &key, out.data, out.size);
    epi__buffer_dispose(&out);
    return status;
}

epi_status epi__mark_hide(bool *changed, epi__change *change, uint64_t step, int64_t now, int64_t purge_at) {
    epi__key key;
    epi__view body;
    epi__mark mark;
    bool hide = purge_at != EPI_TIME_NONE;
    *changed = false;
    epi__key_of_u64(&key, change->space, EPI__TABLE_STEP, step);
    epi_status status = epi__change_get(&body, change, &key);
    if (status == EPI_ENOTFOUND) return EPI_OK; /* removed by another process meanwhile */
    EPI__TRY(status);
    EPI__TRY(get(&mark, change, step));
    bool hidden = mark.forgotten_at != EPI_TIME_NONE;
    if (!hide && (!hidden || mark.purge_at <= now)) return EPI_OK; /* visible, or past being restored */
    if (hide && !hidden) change->state.forgotten++;
    if (!hide) change->state.forgotten--;
    *changed = hide != hidden;
    mark.forgotten_at = hide ? now : EPI_TIME_NONE;
    mark.purge_at = purge_at;
    return put(change, step, &mark);
}

epi_status epi__mark_remove(epi__change *change, uint64_t step) {
    epi__mark mark;
    EPI__TRY(get(&mark, change, step));
    if (mark.forgotten_at != EPI_TIME_NONE) change->state.forgotten--;
    if (mark.superseded_by) change->state.superseded--;
    return mark.forgotten_at != EPI_TIME_NONE || mark.superseded_by ? put(change, step, &NO_MARK) : EPI_OK;
}

/* ---- corrections ------------------------------------------------------------------------------------------------- */

static void list_correction(epi__buffer *list, const epi__correction *one) {
    epi__buffer_append_u64(list, one->step);
    epi__buffer_append_u64(list, (uint64_t)one->ingested);
    epi__buffer_append_u64(list, (uint64_t)one->event);
}

static epi__correction next_correction(epi__reader *reader) {
    uint64_t step = epi__read_u64(reader), ingested = epi__read_u64(reader), event = epi__read_u64(reader);
    return (epi__correction){step, (int64_t)ingested, (int64_t)event};
}

/* The list as it is stored, or the one correction that needs none. */
static void all_corrections(epi__buffer *list, const epi__mark *mark) {
    epi__correction only = {mark->superseded_by, mark->superseded_ingested, mark->superseded_event};
    if (mark->corrections.size > 0)
        epi__buffer_append(list, mark->corrections.data, mark->corrections.size);
    else if (mark->superseded_by)
        list_correction(list, &only);
}

static epi_status put_corrections(epi__change *change, uint64_t step, epi__mark *mark, const epi__buffer *list) {
    if (list->failed) return epi__fail_memory(MODULE, list->size);
    epi__reader reader = epi__reader_of(list->data, list->size);
    mark->superseded_by = 0;
    mark->superseded_ingested = mark->superseded_event = list->size ? INT64_MAX : 0;
    while (reader.next < reader.end) {
        epi__correction one = next_correction(&reader);
        mark->superseded_by = one.step;
        mark->superseded_ingested = EPI__MIN(mark->superseded_ingested, one.ingested);
        mark->superseded_event = EPI__MIN(mark->superseded_event, one.event);
    }
    bool many = list->size > EPI__CORRECTION_SIZE;
    mark->corrections = many ? (epi__view){list->data, list->size} : (epi__view){0};
    return put(change, step, mark);
}

epi_status epi__mark_correct(epi__change *change, uint64_t step, const epi__correction *by) {
    epi__mark mark;
    epi__buffer list = {0};
    EPI__TRY(get(&mark, change, step));
    if (!mark.superseded_by) change->state.superseded++;
    all_corrections(&list, &mark);
    list_correction(&list, by);
    epi_status status = put_corrections(change, step, &mark, &list);
    epi__buffer_dispose(&list);
    return status;
}

epi_status epi__mark_uncorrect(epi__change *change, uint64_t step, uint64_t by) {
    epi__mark mark;
    epi__buffer list = {0}, left = {0};
    if (!step) return EPI_OK;
    EPI__TRY(get(&mark, change, step));
    if (!mark.superseded_by) return EPI_OK; /* the step itself was removed before */
    all_corrections(&list, &mark);
    epi__reader reader = epi__reader_of(list.data, list.size);
    while (reader.next < reader.end) {
        epi__correction one = next_correction(&reader);
        if (one.step != by) list_correction(&left, &one);
    }
    if (left.size == 0) change->state.superseded--;
    epi_status status = list.failed ? epi__fail_memory(MODULE, list.size) : put_corrections(change, step, &mark, &left);
    epi__buffer_dispose(&list);
    epi__buffer_dispose(&left);
    return status;
}
