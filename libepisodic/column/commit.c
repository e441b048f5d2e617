/* commit.c - what is pending, into the store, in one transaction.
 *
 * A chunk that is full, and of whose last step it is known how it goes on, is put as a whole (it is sealed) and its
 * rows records go. Of any other chunk the rows that came since are put as one rows record; one row earlier, when that
 * one got its end only now. A chunk that was filled within one commit never has a rows record.
 *
 * What this process knows changes only after the commit has succeeded.
 */
#include "parts.h"

#include <stdlib.h>

#define MODULE "column"

/* ---- what is pending -------------------------------------------------------------------------------------------- */

epi_status epi__chunk_dirty(epi__columns *columns, epi__chunk *chunk) {
    if (chunk->image->dirty) return EPI_OK;
    if (columns->dirty_count == columns->dirty_capacity) {
        size_t capacity = EPI__MAX(columns->dirty_capacity * 2, (size_t)64);
        epi__chunk **grown = epi__realloc(columns->dirty, capacity, sizeof(epi__chunk *));
        if (!grown) return epi__fail_memory(MODULE, capacity * sizeof(epi__chunk *));
        columns->dirty = grown;
        columns->dirty_capacity = capacity;
    }
    columns->dirty[columns->dirty_count++] = chunk;
    chunk->image->dirty = true;
    return EPI_OK;
}

static bool is_settled(const epi__columns *columns, const epi__chunk *chunk) {
    const epi__lane_state *lane = chunk->image->lane;
    return chunk->image->filled == columns->layout.capacity && (lane->chunk != chunk || !lane->open);
}

/* ---- heads ------------------------------------------------------------------------------------------------------ */

epi_status epi__head_take(epi__head *head, epi__buffer *bits, epi__columns *columns, epi__change *change,
                          uint64_t chunk) {
    epi__key key;
    epi__view body;
    epi__key_of_u64(&key, change->space, EPI__TABLE_CHUNK, chunk);
    EPI__TRY(epi__change_take(&body, change, &key));
    EPI__TRY(epi__head_decode(head, chunk, body, &columns->layout));
    epi__buffer_clear(bits);
    epi__buffer_append(bits, head->removed.data, head->removed.size);
    head->removed = (epi__view){bits->data, bits->size};
    return bits->failed ? epi__fail_memory(MODULE, body.size) : EPI_OK;
}

epi_status epi__head_put(epi__columns *columns, epi__change *change, const epi__head *head) {
    epi__key key;
    epi__buffer *out = &columns->scratch;
    epi__buffer_clear(out);
    epi__head_encode(out, head);
    epi__key_of_u64(&key, change->space, EPI__TABLE_CHUNK, head->chunk);
    epi__change_note(change, EPI__CHANGE_CHUNK, head->chunk, head->seat);
    return out->failed ? epi__fail_memory(MODULE, 64) : epi__change_insert(change, &key, out->data, out->size);
}

epi_status epi__head_uncounted(bool *uncounted, epi__columns *columns, epi__change *change, uint64_t chunk) {
    epi__key key;
    epi__view body;
    epi__head head;
    epi__key_of_u64(&key, change->space, EPI__TABLE_CHUNK, chunk);
    EPI__TRY(epi__change_get(&body, change, &key));
    EPI__TRY(epi__head_decode(&head, chunk, body, &columns->layout));
    *uncounted = head.uncounted;
    return EPI_OK;
}

/* Slots that are steps, of [from, to); *begun counts the episodes that begin there. */
static uint32_t count_steps(uint32_t *begun, const epi__columns *columns, const epi__image *image, uint32_t from,
                            uint32_t to) {
    uint32_t steps = 0;
    *begun = 0;
    for (uint32_t i = from; i < to; i++) {
        unsigned flags = epi__slot_stored_flags(&columns->layout, image->data, i);
        steps += !(flags & EPI__SLOT_FINAL);
        *begun += (flags & EPI__SLOT_FIRST) != 0;
    }
    return steps;
}

/* ---- a chunk ---------------------------------------------------------------------------------------------------- */

epi_status epi__rows_drop(epi__change *change, uint64_t chunk) {
    for (;;) {
        epi__key first, end, found;
        epi__scan scan = {0};
        epi__view key, body;
        epi__rows_key(&first, change->space, chunk, 0);
        epi__key_of_u64(&end, change->space, EPI__TABLE_ROWS, chunk + 1);
        EPI__TRY(epi__scan_open(&scan, change->tx.txn, &first, &end, false));
        epi_status status = epi__scan_next(&key, &body, &scan);
        if (!status) epi__rows_key(&found, change->space, chunk, epi__load_be32((const uint8_t *)key.data + 13));
        epi__scan_close(&scan);
        if (status) return status == EPI_EDONE ? EPI_OK : status;
        EPI__TRY(epi__change_remove(change, &found));
    }
}

/* No byte of what was removed while the chunk was open is sealed. */
static void scrub(const epi__columns *columns, epi__chunk *chunk, const epi__head *head) {
    if (head->removed.size == 0) return;
    pthread_rwlock_wrlock(&columns->mirror->lock);
    epi__slots_scrub(&columns->layout, chunk->image->data, columns->layout.capacity, head);
    pthread_rwlock_unlock(&columns->mirror->lock);
}

static epi_status seal(epi__columns *columns, epi__change *change, epi__chunk *chunk, epi__head *head) {
    epi__image *image = chunk->image;
    uint32_t begun = 0;
    if (image->in_store) EPI__TRY(epi__rows_drop(change, chunk->number));
    head->sealed = true;
    head->count = image->filled;
    head->ahead = image->ahead;
    head->steps = count_steps(&begun, columns, image, 0, image->filled);
    scrub(columns, chunk, head);
    uint32_t header[2] = {image->filled, image->ahead};
    memset(image->block, 0, EPI__COLUMN_HEADER);
    memcpy(image->block, header, sizeof header);
    if (!image->ahead)
        memset(image->data + columns->layout.columns[columns->layout.observation].offset +
                   image->filled * columns->layout.columns[columns->layout.observation].width,
               0, columns->layout.columns[columns->layout.observation].width);
    return epi__columns_put(columns, change, head, image->block);
}

static epi_status put_rows(epi__columns *columns, epi__change *change, const epi__chunk *chunk) {
    epi__key key;
    const epi__image *image = chunk->image;
    uint32_t from = image->recut ? image->committed - 1 : image->committed, count = image->filled - from;
    if (count == 0 && image->ahead == image->ahead_stored) return EPI_OK;
    epi__buffer *out = &columns->scratch;
    epi__buffer_clear(out);
    size_t size = epi__rows_size(&columns->layout, count, image->ahead);
    if (!epi__buffer_reserve(out, size)) return epi__fail_memory(MODULE, size);
    epi__rows_encode(out->data, &columns->layout, image->data, from, count, image->ahead);
    epi__rows_key(&key, change->space, chunk->number, from);
    epi__change_note(change, EPI__CHANGE_ROWS, chunk->number, from);
    return from < image->committed ? epi__change_put(change, &key, out->data, size)
                                   : epi__change_insert(change, &key, out->data, size);
}

/* Rows that go on with an episode which was left without a step count it again. */
static void recount(epi__columns *columns, epi__change *change, const epi__chunk *chunk, epi__head *head) {
    const epi__image *image = chunk->image;
    bool on = chunk->newer && chunk->newer->previous == chunk->number && chunk->newer->episode != 0;
    if (image->committed < image->filled)
        on = !(epi__slot_stored_flags(&columns->layout, image->data, image->committed) &
               (EPI__SLOT_FIRST | EPI__SLOT_FINAL));
    else if (!on)
        return;
    change->state.column_episodes += on;
    head->uncounted = false;
}

static epi_status load_head(epi__head *head, epi__buffer *bits, epi__columns *columns, epi__change *change,
                            const epi__chunk *chunk) {
    if (chunk->image->in_store) return epi__head_take(head, bits, columns, change, chunk->number);
    *head = (epi__head){.chunk = chunk->number,
                        .recorder = chunk->recorder,
                        .lane = chunk->lane,
                        .seat = chunk->seat,
                        .previous = chunk->previous,
                        .episode = chunk->episode};
    return epi__recorder_stage(chunk->image->lane->core, chunk);
}

/* The head of a chunk is written when it is begun and when it is sealed. Whether rows that come in between find an
 * episode uncounted, which is rare, must be looked up. */
static epi_status put_head(epi__columns *columns, epi__change *change, epi__chunk *chunk, bool settled) {
    epi__buffer bits = {0};
    epi__head head;
    epi_status status = load_head(&head, &bits, columns, change, chunk);
    if (!status && head.uncounted) recount(columns, change, chunk, &head);
    if (!status && settled) status = seal(columns, change, chunk, &head);
    if (!status) status = epi__head_put(columns, change, &head);
    epi__buffer_dispose(&bits);
    return status;
}

static epi_status put_chunk(epi__columns *columns, epi__change *change, epi__chunk *chunk) {
    epi__image *image = chunk->image;
    bool settled = is_settled(columns, chunk), uncounted = false;
    uint32_t begun = 0, steps = count_steps(&begun, columns, image, image->committed, image->filled);
    image->sealing = settled;
    change->state.column_steps += steps;
    change->state.column_episodes += begun;
    if (!settled && image->in_store) EPI__TRY(epi__head_uncounted(&uncounted, columns, change, chunk->number));
    if (settled || !image->in_store || uncounted) EPI__TRY(put_head(columns, change, chunk, settled));
    return settled ? EPI_OK : put_rows(columns, change, chunk);
}

epi_status epi__chunk_reclaim(epi__columns *columns, epi__change *change, const epi__head *head) {
    epi__key key;
    const epi__engine_ops *ops = epi__tx_ops(change->tx.txn);
    (void)columns;
    epi__key_of_u64(&key, change->space, EPI__TABLE_CHUNK, head->chunk);
    EPI__TRY(ops->remove(change->tx.txn, epi__key_view(&key))); /* its table counts it no longer */
    epi__key_of_u64(&key, change->space, EPI__TABLE_COLUMN, head->chunk);
    EPI__TRY(epi__change_remove(change, &key));
    epi__key_begin(&key, change->space, EPI__TABLE_SEAT);
    epi__key_u32(&key, head->seat);
    EPI__TRY(epi__change_insert(change, &key, NULL, 0));
    epi__change_note(change, EPI__CHANGE_GONE, head->chunk, head->seat);
    return EPI_OK;
}

/* ---- the commit ------------------------------------------------------------------------------------------------- */

/* What is pending of a recorder that another process has taken over is dropped, and said once. */
static epi_status check_owners(epi__columns *columns, epi__change *change) {
    for (epi__recorder_core *core = columns->recorders; core; core = core->next) {
        bool pending = false;
        for (size_t i = 0; !pending && i < columns->dirty_count; i++)
            pending = columns->dirty[i]->image->lane->core == core;
        if (!pending) continue;
        epi_status status = epi__recorder_owns(core, change);
        if (status != EPI_ESTALE) EPI__TRY(status);
        if (!status) continue;
        epi__store_log(columns->mirror->store, "space \"%s\": pending steps were dropped: %s", columns->mirror->name,
                       epi_error_last()->message);
        columns->mirror->dropped = status;
        epi__recorder_lose(core);
    }
    return EPI_OK;
}

static epi_status put_all(epi__columns *columns, epi__change *change, int64_t now) {
    EPI__TRY(check_owners(columns, change));
    EPI__TRY(epi__columns_evict_begin(columns, change));
    for (size_t i = 0; i < columns->dirty_count; i++) EPI__TRY(put_chunk(columns, change, columns->dirty[i]));
    for (epi__recorder_core *core = columns->recorders; core; core = core->next)
        EPI__TRY(epi__recorder_put_staged(core, change));
    return epi__columns_evict(columns, change, now);
}

/* The chunk as it is stored now. A sealed one's image is used again; readers find it in the map. */
static void settle_chunk(epi__columns *columns, epi__chunk *chunk) {
    epi__image *image = chunk->image;
    image->dirty = image->recut = false;
    image->in_store = true;
    if (!is_settled(columns, chunk)) {
        image->committed = image->filled;
        image->ahead_stored = image->ahead;
        return;
    }
    if (image->lane->chunk == chunk) image->lane->chunk = NULL;
    atomic_store_explicit(&chunk->data, NULL, memory_order_release);
    chunk->sealed = true;
    chunk->image = NULL;
    epi__image_give(columns, image);
}

static void settle(epi__columns *columns, bool stored) {
    for (epi__recorder_core *core = columns->recorders; core; core = core->next) epi__recorder_settle(core, stored);
    if (!stored) return;
    pthread_rwlock_wrlock(&columns->mirror->lock);
    for (size_t i = 0; i < columns->dirty_count; i++) settle_chunk(columns, columns->dirty[i]);
    pthread_rwlock_unlock(&columns->mirror->lock);
    columns->dirty_count = 0;
    columns->pending_rows = 0;
}

static epi_status commit_once(epi__columns *columns, bool growing) {
    epi__change change;
    epi__mirror *mirror = columns->mirror;
    int64_t now = epi__store_now(mirror->store);
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, growing));
    epi_status status = put_all(columns, &change, now);
    if (!status)
        status = epi__change_commit(&change, now);
    else
        epi__change_abort(&change);
    settle(columns, status == EPI_OK);
    return status;
}

/* What a commit frees can be used only from the second one after it, so on a full disk a small one goes in between. */
static epi_status commit_between(epi__mirror *mirror) {
    epi__change change;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, false));
    return epi__change_commit(&change, epi__store_now(mirror->store));
}

epi_status epi__columns_commit(epi__columns *columns, bool growing) {
    if (columns->dirty_count == 0) return EPI_OK;
    epi_status status = commit_once(columns, growing);
    if (status != EPI_EDISKFULL) return status;
    EPI__TRY(commit_between(columns->mirror));
    return commit_once(columns, growing);
}

epi_status epi__columnar_commit(epi__mirror *mirror) {
    return epi__columns_commit(mirror->columns, false);
}
