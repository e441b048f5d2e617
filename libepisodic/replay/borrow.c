/* borrow.c - rows that are lent where they lie in the store's map.
 *
 * Idea: the columns of a sealed chunk never change as long as a read transaction of that time is open, whoever removes
 * or evicts them meanwhile. So the transaction is kept when the snapshot ends, and given back with the next call of the
 * handle. The mirror's lock is not kept: whoever borrowed may append.
 * A chunk of which so little is left that it is stored as a list of rows is lent as a copy of the handle's own.
 * Invariant: what is lent is one episode's steps, side by side in one chunk, each with all that is asked for.
 */
#include "replay.h"

#define MODULE "replay"

void epi__borrow_return(epi_replay *replay) {
    if (replay->lent.txn) epi__tx_abort(&replay->lent);
    epi__free(replay->copied);
    replay->copied = NULL;
}

/* The columns of a chunk where they stay. */
static epi_status keep_columns(epi__pick *at, epi_replay *replay) {
    const size_t size = replay->layout->data_size;
    if (!at->chunk->spread) return EPI_OK;
    replay->copied = epi__alloc(size);
    if (!replay->copied) return epi__fail_memory(MODULE, size);
    memcpy(replay->copied, at->data, size);
    at->data = replay->copied;
    return EPI_OK;
}

static epi_status check_column(const epi_role *role, const epi_column *column) {
    if (column->dtype == role->dtype) return EPI_OK;
    return epi__fail(EPI_ETYPE, MODULE, "column \"%s\" had dtype %d, expected %d", column->role, (int)column->dtype,
                     (int)role->dtype);
}

/* The layout's column of a name; *next: it is of the slot behind. */
static epi_status resolve(int *found, bool *next, const epi_replay *replay, const epi_column *column) {
    int place = 0;
    if (!column->role) return epi__fail(EPI_EINVAL, MODULE, "a column had no role");
    *next = strcmp(column->role, EPI_NEXT_OBSERVATION) == 0;
    const epi_role *role = epi__views_role(replay, *next ? EPI_OBSERVATION : column->role, &place);
    *found = role ? replay->layout->role_column[place] : -1;
    if (*found >= 0) return check_column(role, column);
    return epi__fail(EPI_EROLE, MODULE, "the space has no column \"%s\" that could be lent", column->role);
}

/* Steps from this one on that can be lent. */
static size_t count_run(const epi_replay *replay, const epi__pick *first, size_t most, bool with_next) {
    const epi__layout *layout = replay->layout;
    const uint32_t end = epi__chunk_count(first->chunk);
    size_t count = 0;
    for (uint32_t slot = first->slot; slot < end && count < most; slot++) {
        if (epi__slot_is_gone(first->chunk, slot)) break;
        if (with_next && !epi__slot_has_next(layout, first->chunk, first->data, slot)) break;
        count++;
        if (epi__slot_flags(layout, first->chunk, first->data, slot) & EPI__SLOT_ENDED) break;
    }
    return count;
}

static epi_status point(size_t *count, epi_column *columns, size_t column_count, const epi_replay *replay,
                        const epi__pick *first, size_t most) {
    bool with_next = false;
    for (size_t i = 0; i < column_count; i++) {
        union {
            const void *lent;
            void *data;
        } at;
        int column = -1;
        bool next = false;
        EPI__TRY(resolve(&column, &next, replay, &columns[i]));
        at.lent = epi__slot_at(replay->layout, first->data, column, first->slot + next);
        columns[i].data = at.data;
        columns[i].stride = replay->layout->columns[column].width;
        with_next |= next;
    }
    *count = count_run(replay, first, most, with_next);
    return EPI_OK;
}

static epi_status borrow(size_t *count, epi_column *columns, size_t column_count, epi_replay *replay,
                         epi__snapshot *snapshot, uint64_t first, size_t most) {
    epi__pick at = {.chunk = NULL};
    EPI__TRY(epi__columns_find(&at.chunk, &at.slot, snapshot, first));
    if (!at.chunk->sealed)
        return epi__fail(EPI_EBUSY, MODULE, "step %llu is in a chunk that is still being filled",
                         (unsigned long long)first);
    EPI__TRY(epi__pick_data(&at, snapshot));
    EPI__TRY(keep_columns(&at, replay));
    return point(count, columns, column_count, replay, &at, most);
}

epi_status epi__borrow(size_t *count, epi_column *columns, size_t column_count, epi_replay *replay, uint64_t first,
                       size_t most) {
    epi__snapshot snapshot;
    if (column_count > 0 && !columns) return epi__fail(EPI_EINVAL, MODULE, "columns was NULL");
    EPI__TRY(epi__columns_begin(&snapshot, replay->mirror));
    epi_status status = borrow(count, columns, column_count, replay, &snapshot, first, most);
    if (!status) {
        replay->lent = snapshot.tx;
        snapshot.tx = (epi__tx){0};
    }
    epi__snapshot_end(&snapshot);
    return status;
}
