/* remove.c - removing steps and episodes by id.
 *
 * A step that is removed is a bit in its chunk's head, and its bytes are zeroed where they lie; only its observation
 * stays where it is the next observation of a live step before it. What is evicted later, or was before, does not
 * matter here.
 */
#include "parts.h"

#include <stdlib.h>

#define MODULE "column"

struct removal {
    epi__columns *columns;
    epi__change change;
    uint64_t *ids; /* live steps, in order, each once */
    size_t count, capacity;
    epi__map open; /* chunks whose open episode is left without a step */
    epi__buffer bits, data;
};

/* ---- what is meant ---------------------------------------------------------------------------------------------- */

epi_status epi__columns_filter_check(const epi_filter *filter) {
    if (filter->from != EPI_TIME_NONE || filter->to != EPI_TIME_NONE || filter->as_of != EPI_TIME_NONE ||
        filter->valid_at != EPI_TIME_NONE || filter->part_count || filter->tag_count)
        return epi__fail(EPI_EINVAL, MODULE, "steps of a space of columns are chosen by step or episode id only");
    return EPI_OK;
}

static epi_status add(struct removal *removal, uint64_t id) {
    if (removal->count == removal->capacity) {
        size_t capacity = EPI__MAX(removal->capacity * 2, (size_t)256);
        uint64_t *grown = epi__realloc(removal->ids, capacity, sizeof *grown);
        if (!grown) return epi__fail_memory(MODULE, capacity * sizeof *grown);
        removal->ids = grown;
        removal->capacity = capacity;
    }
    removal->ids[removal->count++] = id;
    return EPI_OK;
}

/* The chunk and the columns of an id that is a live step; *chunk NULL: it is none. */
static epi_status find_live(epi__chunk **chunk, const uint8_t **data, struct removal *removal, uint64_t id) {
    epi__columns *columns = removal->columns;
    uint32_t offset = (uint32_t)(id & (columns->layout.capacity - 1u));
    epi__chunk *found = epi__columns_chunk(columns, id >> columns->layout.shift);
    *chunk = NULL;
    if (!found || offset >= epi__chunk_count(found) || epi__slot_is_gone(found, offset)) return EPI_OK;
    EPI__TRY(epi__chunk_data_in(data, columns, removal->change.tx.txn, found));
    if (!(epi__slot_stored_flags(&columns->layout, *data, offset) & EPI__SLOT_FINAL)) *chunk = found;
    return EPI_OK;
}

static epi_status add_steps(struct removal *removal, const epi_filter *filter) {
    for (size_t i = 0; i < filter->step_count; i++) {
        epi__chunk *chunk = NULL;
        const uint8_t *data = NULL;
        EPI__TRY(find_live(&chunk, &data, removal, filter->steps[i]));
        if (chunk) EPI__TRY(add(removal, filter->steps[i]));
    }
    return EPI_OK;
}

static epi_status add_episodes(struct removal *removal, const epi_filter *filter) {
    for (size_t i = 0; i < filter->episode_count; i++) {
        epi__walk walk;
        EPI__TRY(epi__walk_begin(&walk, removal->columns, removal->change.tx.txn, filter->episodes[i]));
        while (walk.chunk) {
            if (!epi__slot_is_gone(walk.chunk, walk.offset))
                EPI__TRY(add(removal, epi__slot_id(&removal->columns->layout, walk.chunk, walk.offset)));
            EPI__TRY(epi__walk_next(&walk));
        }
    }
    return EPI_OK;
}

static int by_value(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void sort_ids(struct removal *removal) {
    size_t kept = 0;
    if (removal->count > 0) qsort(removal->ids, removal->count, sizeof *removal->ids, by_value);
    for (size_t i = 0; i < removal->count; i++)
        if (i == 0 || removal->ids[i] != removal->ids[i - 1]) removal->ids[kept++] = removal->ids[i];
    removal->count = kept;
}

/* ---- episodes left without steps --------------------------------------------------------------------------------- */

/* *open is the chunk in which the episode is still being recorded; 0: it ended. */
static epi_status live_count(uint64_t *count, uint64_t *open, struct removal *removal, uint64_t episode) {
    epi__walk walk;
    *count = *open = 0;
    EPI__TRY(epi__walk_begin(&walk, removal->columns, removal->change.tx.txn, episode));
    while (walk.chunk) {
        unsigned flags = epi__slot_stored_flags(&removal->columns->layout, walk.data, walk.offset);
        *count += !epi__slot_is_gone(walk.chunk, walk.offset);
        *open = walk.chunk->sealed || (flags & EPI__SLOT_ENDED) ? 0 : walk.chunk->number;
        EPI__TRY(epi__walk_next(&walk));
    }
    return EPI_OK;
}

static epi_status uncount(struct removal *removal, uint64_t episode, uint64_t steps) {
    uint64_t live = 0, open = 0;
    EPI__TRY(live_count(&live, &open, removal, episode));
    if (live != steps) return EPI_OK;
    removal->change.state.column_episodes--;
    return !open || epi__map_put(&removal->open, open, 1) ? EPI_OK : epi__fail_memory(MODULE, sizeof open);
}

static epi_status count_episodes(struct removal *removal) {
    const epi__layout *layout = &removal->columns->layout;
    epi__map gone = {0}; /* episode -> how many of its steps go */
    epi_status status = EPI_OK;
    for (size_t i = 0; !status && i < removal->count; i++) {
        epi__chunk *chunk = NULL;
        const uint8_t *data = NULL;
        uint64_t here = 0;
        status = find_live(&chunk, &data, removal, removal->ids[i]);
        if (status || !chunk) continue;
        uint64_t episode = epi__slot_episode(layout, chunk, data, (uint32_t)(removal->ids[i] & (layout->capacity - 1)));
        (void)epi__map_get(&gone, episode, &here);
        if (!epi__map_put(&gone, episode, here + 1)) status = epi__fail_memory(MODULE, sizeof here);
    }
    size_t at = 0;
    uint64_t episode = 0, here = 0;
    while (!status && epi__map_next(&gone, &at, &episode, &here)) status = uncount(removal, episode, here);
    epi__map_dispose(&gone);
    return status;
}

/* ---- removing --------------------------------------------------------------------------------------------------- */

/* The columns of a sealed chunk, of either form, to be changed. */
static epi_status take_block(struct removal *removal, epi__view body, uint64_t chunk) {
    const epi__layout *layout = &removal->columns->layout;
    const size_t size = EPI__COLUMN_HEADER + layout->data_size;
    epi__buffer_clear(&removal->data);
    if (!epi__buffer_reserve(&removal->data, size)) return epi__fail_memory(MODULE, size);
    uint8_t *block = removal->data.data;
    if (epi__columns_are_dense(layout, body)) {
        memcpy(block, body.data, size);
        return EPI_OK;
    }
    memset(block, 0, size);
    EPI__TRY(epi__columns_spread(block + EPI__COLUMN_HEADER, layout, body, chunk));
    memcpy(block, body.data, EPI__COLUMN_HEADER);
    return EPI_OK;
}

static epi_status scrub_sealed(struct removal *removal, const epi__head *head) {
    epi__key key;
    epi__view body;
    const epi__layout *layout = &removal->columns->layout;
    epi__key_of_u64(&key, removal->change.space, EPI__TABLE_COLUMN, head->chunk);
    EPI__TRY(epi__change_take(&body, &removal->change, &key));
    EPI__TRY(take_block(removal, body, head->chunk));
    epi__slots_scrub(layout, removal->data.data + EPI__COLUMN_HEADER, layout->capacity, head);
    return epi__columns_put(removal->columns, &removal->change, head, removal->data.data);
}

/* The rows of an open chunk, all as one record again. */
static epi_status scrub_open(struct removal *removal, const epi__head *head) {
    epi__key key;
    epi__columns *columns = removal->columns;
    const epi__layout *layout = &columns->layout;
    const epi__chunk *chunk = epi__columns_chunk(columns, head->chunk);
    if (!chunk || !chunk->image) return epi__fail(EPI_EINTERNAL, MODULE, "an open chunk has no image");
    const epi__image *image = chunk->image;
    uint8_t *data = epi__alloc(layout->data_size);
    if (!data) return epi__fail_memory(MODULE, layout->data_size);
    memcpy(data, image->data, layout->data_size);
    epi__slots_scrub(layout, data, image->committed, head);
    size_t size = epi__rows_size(layout, image->committed, image->ahead_stored);
    epi__buffer_clear(&removal->data);
    epi_status status = epi__rows_drop(&removal->change, head->chunk);
    if (!status && !epi__buffer_reserve(&removal->data, size)) status = epi__fail_memory(MODULE, size);
    if (!status) {
        epi__rows_encode(removal->data.data, layout, data, 0, image->committed, image->ahead_stored);
        epi__rows_key(&key, removal->change.space, head->chunk, 0);
        status = epi__change_insert(&removal->change, &key, removal->data.data, size);
    }
    epi__free(data);
    return status;
}

/* All ids of one chunk, from ids[at] on; *end is behind the last. */
static epi_status remove_from_chunk(struct removal *removal, size_t at, size_t *end) {
    epi__columns *columns = removal->columns;
    const epi__layout *layout = &columns->layout;
    uint64_t chunk = removal->ids[at] >> layout->shift;
    epi__head head;
    EPI__TRY(epi__head_take(&head, &removal->bits, columns, &removal->change, chunk));
    while (!removal->bits.failed && removal->bits.size < (layout->capacity + 7u) / 8u)
        epi__buffer_append_u8(&removal->bits, 0);
    if (removal->bits.failed) return epi__fail_memory(MODULE, layout->capacity);
    for (*end = at; *end < removal->count && removal->ids[*end] >> layout->shift == chunk; ++*end) {
        uint32_t offset = (uint32_t)(removal->ids[*end] & (layout->capacity - 1u));
        removal->bits.data[offset / 8] |= (uint8_t)(1u << (offset % 8));
        head.dead++;
    }
    head.removed = (epi__view){removal->bits.data, removal->bits.size};
    removal->change.state.column_steps -= *end - at;
    if (head.sealed && head.dead == head.steps) return epi__chunk_reclaim(columns, &removal->change, &head);
    EPI__TRY(epi__head_put(columns, &removal->change, &head));
    return head.sealed ? scrub_sealed(removal, &head) : scrub_open(removal, &head);
}

static epi_status collect(struct removal *removal, const epi_filter *filter) {
    EPI__TRY(epi__columns_follow(removal->columns, &removal->change));
    EPI__TRY(filter->step_count ? add_steps(removal, filter) : add_episodes(removal, filter));
    sort_ids(removal);
    return EPI_OK;
}

static epi_status remove_all(struct removal *removal) {
    size_t at = 0;
    uint64_t chunk = 0, one = 0;
    epi__head head;
    EPI__TRY(count_episodes(removal));
    while (at < removal->count) EPI__TRY(remove_from_chunk(removal, at, &at));
    for (at = 0; epi__map_next(&removal->open, &at, &chunk, &one);) {
        EPI__TRY(epi__head_take(&head, &removal->bits, removal->columns, &removal->change, chunk));
        head.uncounted = true;
        EPI__TRY(epi__head_put(removal->columns, &removal->change, &head));
    }
    return EPI_OK;
}

static epi_status remove_locked(uint64_t *removed, epi__columns *columns, const epi_filter *filter, bool dry_run) {
    epi__mirror *mirror = columns->mirror;
    struct removal removal = {.columns = columns};
    EPI__TRY(epi__columnar_commit(mirror));
    EPI__TRY(epi__change_begin(&removal.change, mirror->store, mirror->space, false));
    epi_status status = collect(&removal, filter);
    if (!status && !dry_run) status = remove_all(&removal);
    if (!status && !dry_run)
        status = epi__change_commit(&removal.change, epi__store_now(mirror->store));
    else
        epi__change_abort(&removal.change);
    *removed = status ? 0 : removal.count;
    epi__free(removal.ids);
    epi__map_dispose(&removal.open);
    epi__buffer_dispose(&removal.bits);
    epi__buffer_dispose(&removal.data);
    return status;
}

epi_status epi__columnar_remove(uint64_t *removed, epi__mirror *mirror, const epi_filter *filter, bool dry_run) {
    *removed = 0;
    EPI__TRY(epi__columns_filter_check(filter));
    if (filter->step_count && filter->episode_count)
        return epi__fail(EPI_EINVAL, MODULE, "the filter names steps and episodes; name one of them");
    pthread_mutex_lock(&mirror->pending_mutex);
    epi_status status = remove_locked(removed, mirror->columns, filter, dry_run);
    pthread_mutex_unlock(&mirror->pending_mutex);
    return status;
}
