/* evict.c - what a space no longer keeps: the oldest steps of all lanes, by count, bytes or age.
 *
 * Idea: in each lane the oldest live step is at the front, so a heap of lanes by its ingest time gives the oldest of
 * all. Evicting moves a mark in the chunk's head; a sealed chunk of which no step is left goes, and its seat is free.
 * The heap is made once a commit (one entry a lane), then a step costs one sift.
 *
 * Nothing that this process knows is changed here: readers hear of it by the journal, like everybody else.
 */
#include "parts.h"

#include <stdlib.h>

#define MODULE "column"

/* A lane with its oldest live step. */
typedef struct epi__oldest {
    epi__chunk *chunk;
    const uint8_t *data;
    uint32_t offset; /* of the step */
    uint32_t count;  /* slots of the chunk */
    int64_t at;
    uint32_t dead; /* steps that were evicted from the chunk here */
} oldest;

struct eviction {
    epi__columns *columns;
    epi__change *change;
    oldest *heap;
    size_t count;
    epi__buffer bits;
};

static void limit_key(epi__key *key, uint32_t space) {
    epi__key_begin(key, space, EPI__TABLE_LIMIT);
}

epi_status epi__columns_evict_begin(epi__columns *columns, epi__change *change) {
    epi__key key;
    epi__view body;
    limit_key(&key, change->space);
    epi_status status = epi__change_get(&body, change, &key);
    columns->limited = status == EPI_OK;
    if (status) return status == EPI_ENOTFOUND ? EPI_OK : status;
    EPI__TRY(epi__limits_decode(&columns->limits, body));
    return epi__columns_follow(columns, change);
}

/* ---- a lane ----------------------------------------------------------------------------------------------------- */

/* Of a chunk that was sealed in this very commit, the image still has the columns. */
static epi_status columns_of(oldest *lane, struct eviction *eviction) {
    lane->count = epi__chunk_count(lane->chunk);
    return epi__chunk_data_in(&lane->data, eviction->columns, eviction->change->tx.txn, lane->chunk);
}

static bool is_live_step(const struct eviction *eviction, const oldest *lane) {
    return !epi__slot_is_gone(lane->chunk, lane->offset) &&
           !(epi__slot_stored_flags(&eviction->columns->layout, lane->data, lane->offset) & EPI__SLOT_FINAL);
}

/* A chunk is sealed for the store once its last slot is filled and settled in this commit or before. */
static bool is_sealed(const oldest *lane) {
    const epi__image *image = lane->chunk->image;
    return image ? image->dirty && image->sealing : lane->chunk->sealed;
}

static bool ends_open(const struct eviction *eviction, const oldest *lane) {
    const epi__layout *layout = &eviction->columns->layout;
    return !(epi__slot_stored_flags(layout, lane->data, lane->count - 1) & (EPI__SLOT_ENDED | EPI__SLOT_FINAL));
}

/* The open episode at the end of a chunk without a live step has none, since all before are gone; whether its head is
 * still to say so. Most steps of it may have been removed, and the last live one evicted from a chunk before. */
static epi_status is_left(bool *left, struct eviction *eviction, const oldest *lane) {
    *left = lane->count > 0 && ends_open(eviction, lane);
    if (!*left) return EPI_OK;
    EPI__TRY(epi__head_uncounted(left, eviction->columns, eviction->change, lane->chunk->number));
    *left = !*left;
    return EPI_OK;
}

/* What was evicted from the chunk, into its head; a sealed one without a live step goes. */
static epi_status leave_chunk(struct eviction *eviction, oldest *lane, bool exhausted) {
    epi__head head;
    bool reclaim = exhausted && is_sealed(lane), left = false;
    if (exhausted && !reclaim) EPI__TRY(is_left(&left, eviction, lane));
    if (lane->dead == 0 && !reclaim && !left) return EPI_OK;
    EPI__TRY(epi__head_take(&head, &eviction->bits, eviction->columns, eviction->change, lane->chunk->number));
    head.evicted = EPI__MAX(head.evicted, lane->offset);
    head.dead += lane->dead;
    lane->dead = 0;
    head.uncounted = head.uncounted || left;
    if (!reclaim) return epi__head_put(eviction->columns, eviction->change, &head);
    return epi__chunk_reclaim(eviction->columns, eviction->change, &head);
}

/* To the first live step from lane->offset on; lane->chunk is NULL when there is none. */
static epi_status settle_lane(struct eviction *eviction, oldest *lane) {
    while (lane->chunk) {
        while (lane->offset < lane->count && !is_live_step(eviction, lane)) lane->offset++;
        if (lane->offset < lane->count) {
            lane->at = epi__slot_ingested(&eviction->columns->layout, lane->data, lane->offset);
            return EPI_OK;
        }
        EPI__TRY(leave_chunk(eviction, lane, true));
        lane->chunk = lane->chunk->newer;
        lane->offset = 0;
        if (lane->chunk) EPI__TRY(columns_of(lane, eviction));
    }
    return EPI_OK;
}

/* ---- the heap --------------------------------------------------------------------------------------------------- */

static bool before(const oldest *a, const oldest *b) {
    return a->at != b->at ? a->at < b->at : a->chunk->number < b->chunk->number;
}

static void sift_down(oldest *heap, size_t count, size_t at) {
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) return;
        if (child + 1 < count && before(&heap[child + 1], &heap[child])) child++;
        if (!before(&heap[child], &heap[at])) return;
        oldest held = heap[at];
        heap[at] = heap[child];
        heap[child] = held;
        at = child;
    }
}

static epi_status make_heap(struct eviction *eviction) {
    epi__columns *columns = eviction->columns;
    size_t lanes = columns->oldest_of.count, at = 0;
    uint64_t lane = 0, number = 0;
    if (lanes > columns->oldest_capacity) {
        oldest *grown = epi__realloc(columns->oldest, lanes, sizeof *grown);
        if (!grown) return epi__fail_memory(MODULE, lanes * sizeof *grown);
        columns->oldest = grown;
        columns->oldest_capacity = lanes;
    }
    eviction->heap = columns->oldest;
    while (epi__map_next(&columns->oldest_of, &at, &lane, &number)) {
        oldest *next = &eviction->heap[eviction->count];
        *next = (oldest){.chunk = epi__columns_chunk(columns, number)};
        if (!next->chunk) continue;
        EPI__TRY(columns_of(next, eviction));
        EPI__TRY(settle_lane(eviction, next));
        eviction->count += next->chunk != NULL;
    }
    for (size_t i = eviction->count / 2; i > 0; i--) sift_down(eviction->heap, eviction->count, i - 1);
    return EPI_OK;
}

static epi_status finish(struct eviction *eviction) {
    for (size_t i = 0; i < eviction->count; i++) EPI__TRY(leave_chunk(eviction, &eviction->heap[i], false));
    return EPI_OK;
}

/* ---- evicting --------------------------------------------------------------------------------------------------- */

/* Whether the next live step of the lane is of the same episode as one that was evicted. */
static bool goes_on(const struct eviction *eviction, const oldest *lane, uint64_t episode) {
    const epi__layout *layout = &eviction->columns->layout;
    return lane->chunk && epi__slot_episode(layout, lane->chunk, lane->data, lane->offset) == episode;
}

/* The oldest step goes; *episode is its episode, *more says whether that has another live step. */
static epi_status evict_one(struct eviction *eviction, uint64_t *episode, bool *more) {
    oldest *lane = &eviction->heap[0];
    *episode = epi__slot_episode(&eviction->columns->layout, lane->chunk, lane->data, lane->offset);
    lane->offset++;
    lane->dead++;
    eviction->change->state.column_steps--;
    EPI__TRY(settle_lane(eviction, lane));
    *more = goes_on(eviction, lane, *episode);
    eviction->change->state.column_episodes -= !*more;
    return EPI_OK;
}

static void restore_heap(struct eviction *eviction) {
    if (!eviction->heap[0].chunk) eviction->heap[0] = eviction->heap[--eviction->count];
    sift_down(eviction->heap, eviction->count, 0);
}

/* The step after which an episode is still open: a lane's newest one without an end. */
static bool is_recorded(const struct eviction *eviction, const oldest *lane) {
    const epi__layout *layout = &eviction->columns->layout;
    const epi__chunk *chunk = lane->chunk;
    const uint8_t *data = lane->data;
    uint64_t episode = epi__slot_episode(layout, chunk, data, lane->offset);
    for (; chunk->newer && chunk->newer->episode == episode;) chunk = chunk->newer;
    if (chunk->newer) return false;
    if (epi__chunk_data_in(&data, eviction->columns, eviction->change->tx.txn, (epi__chunk *)(uintptr_t)chunk))
        return false;
    uint32_t last = epi__chunk_count(chunk) - 1;
    return epi__slot_episode(layout, chunk, data, last) == episode &&
           !(epi__slot_stored_flags(layout, data, last) & (EPI__SLOT_ENDED | EPI__SLOT_FINAL));
}

static epi_status evict_next(struct eviction *eviction) {
    uint64_t episode = 0;
    bool whole = eviction->columns->limits.unit == EPI_EVICT_EPISODES && !is_recorded(eviction, &eviction->heap[0]);
    bool more = true;
    do EPI__TRY(evict_one(eviction, &episode, &more));
    while (whole && more);
    restore_heap(eviction);
    return EPI_OK;
}

static uint64_t keep(const epi__columns *columns) {
    const epi_transition_limits *limits = &columns->limits;
    uint64_t most = limits->max_steps ? limits->max_steps : UINT64_MAX;
    if (!limits->max_size) return most;
    return EPI__MIN(most, limits->max_size / columns->layout.row_size);
}

epi_status epi__columns_evict(epi__columns *columns, epi__change *change, int64_t now) {
    struct eviction eviction = {.columns = columns, .change = change};
    uint64_t most = columns->limited ? keep(columns) : UINT64_MAX;
    uint64_t age_s = columns->limited ? columns->limits.max_age_s : 0;
    bool aged = age_s > 0 && age_s < (uint64_t)INT64_MAX / 2000000u;
    int64_t until = aged ? now - (int64_t)age_s * 1000000 : INT64_MIN;
    if (!aged && change->state.column_steps <= most) return EPI_OK;
    epi_status status = make_heap(&eviction);
    while (!status && eviction.count > 0 && (change->state.column_steps > most || eviction.heap[0].at < until))
        status = evict_next(&eviction);
    if (!status) status = finish(&eviction);
    epi__buffer_dispose(&eviction.bits);
    return status;
}

/* ---- setting ---------------------------------------------------------------------------------------------------- */

static epi_status set_limits(epi__columns *columns, const epi_transition_limits *limits) {
    epi__change change;
    epi__key key;
    epi__buffer out = {0};
    epi__mirror *mirror = columns->mirror;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, false));
    epi__limits_encode(&out, limits);
    limit_key(&key, change.space);
    epi_status status = out.failed ? epi__fail_memory(MODULE, 32) : epi__change_put(&change, &key, out.data, out.size);
    if (!status) status = epi__columns_evict_begin(columns, &change);
    if (!status) status = epi__columns_evict(columns, &change, epi__store_now(mirror->store));
    if (!status)
        status = epi__change_commit(&change, epi__store_now(mirror->store));
    else
        epi__change_abort(&change);
    epi__buffer_dispose(&out);
    return status;
}

epi_status epi_transitions_limit(epi_space *space, const epi_transition_limits *limits) {
    epi__columns *columns = NULL;
    EPI__TRY(epi__columns_check(&columns, space));
    if (!limits) return epi__fail(EPI_EINVAL, MODULE, "limits was NULL");
    if (limits->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "limits have version %u, expected 1", limits->version);
    if ((unsigned)limits->unit > EPI_EVICT_EPISODES)
        return epi__fail(EPI_EINVAL, MODULE, "eviction unit %d is unknown", (int)limits->unit);
    pthread_mutex_lock(&space->mirror->pending_mutex);
    epi_status status = epi__columnar_commit(space->mirror);
    if (!status) status = set_limits(columns, limits);
    pthread_mutex_unlock(&space->mirror->pending_mutex);
    return status;
}
