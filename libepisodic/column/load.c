/* load.c - bringing what a process knows of a columnar space to the state of a transaction: by the journal where it
 * reaches, else from the chunk table.
 *
 * Every entry is applied by reading what the store has now, so applying one twice, or late, does no harm. Chunks that a
 * recorder of this process fills are known better here than in the store: of them only what is gone is taken over.
 * An address is dropped only when the journal names its chunk.
 */
#include "../memory/salvage.h"
#include "parts.h"

#include <stdlib.h>

#define MODULE "column"

struct loader {
    epi__columns *columns;
    epi__txn *txn;
};

/* ---- rows of open chunks ---------------------------------------------------------------------------------------- */

/* Rows that are stored from slot `from` on, put into the image. */
static epi_status load_rows(struct loader *loader, epi__chunk *chunk, uint32_t from) {
    const epi__layout *layout = &loader->columns->layout;
    epi__image *image = chunk->image;
    uint32_t space = loader->columns->mirror->space, before = image->filled;
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body;
    epi__rows rows;
    epi__rows_key(&first, space, chunk->number, from);
    epi__key_of_u64(&end, space, EPI__TABLE_ROWS, chunk->number + 1);
    epi_status status = epi__scan_open(&scan, loader->txn, &first, &end, false);
    while (!status && (status = epi__salvage_next(&key, &body, &scan, loader->columns->mirror)) == EPI_OK) {
        if (!body.data) break; /* of what stands behind, nobody knows how it goes on */
        status = epi__rows_decode(&rows, layout, key, body);
        if (status) break;
        epi__rows_copy(image->data, layout, &rows);
        image->filled = rows.first + rows.count;
        image->ahead = rows.ahead;
    }
    epi__scan_close(&scan);
    if (status && status != EPI_EDONE) return status;
    image->committed = image->filled;
    image->ahead_stored = image->ahead;
    epi__chunk_publish(chunk, image->filled, image->ahead);
    before = before > 0 ? before - 1 : 0; /* it may be complete now */
    if (image->filled > before) epi__look_at(loader->columns, chunk->seat, before, image->filled - before);
    return EPI_OK;
}

static epi_status refresh_open(struct loader *loader, epi__chunk *chunk) {
    if (chunk->image) return EPI_OK;
    EPI__TRY(epi__image_take(&chunk->image, loader->columns));
    chunk->image->in_store = true;
    atomic_store_explicit(&chunk->data, chunk->image->data, memory_order_release);
    return load_rows(loader, chunk, 0);
}

/* ---- chunks ----------------------------------------------------------------------------------------------------- */

static void refresh_sealed(struct loader *loader, epi__chunk *chunk, const epi__head *head) {
    uint32_t before = epi__chunk_count(chunk);
    epi__image_give(loader->columns, chunk->image);
    chunk->image = NULL;
    chunk->sealed = true;
    epi__chunk_unspread(loader->columns, chunk);
    atomic_store_explicit(&chunk->data, NULL, memory_order_release);
    epi__chunk_publish(chunk, head->count, head->ahead);
    before = before > 0 ? before - 1 : 0;
    epi__look_at(loader->columns, chunk->seat, before, head->count - EPI__MIN(before, head->count));
}

static epi_status refresh_gone(struct loader *loader, epi__chunk *chunk, const epi__head *head) {
    uint32_t before = chunk->evicted;
    bool removed = chunk->removed || head->removed.size > 0;
    chunk->evicted = head->evicted;
    EPI__TRY(epi__chunk_remove_bits(chunk, &loader->columns->layout, head->removed));
    epi__chunk *previous = chunk->previous ? epi__columns_chunk(loader->columns, chunk->previous) : NULL;
    if (previous) previous->cut = chunk->removed && (chunk->removed[0] & 1u);
    if (removed)
        epi__look_at(loader->columns, chunk->seat, 0, loader->columns->layout.capacity);
    else if (head->evicted > before)
        epi__look_at(loader->columns, chunk->seat, before, head->evicted - before);
    return EPI_OK;
}

static epi_status put_chunk(struct loader *loader, const epi__head *head) {
    epi__chunk *chunk = epi__columns_chunk(loader->columns, head->chunk);
    if (!chunk) {
        EPI__TRY(epi__chunk_add(&chunk, loader->columns, head->chunk, head->seat));
        chunk->recorder = head->recorder;
        chunk->lane = head->lane;
        chunk->previous = head->previous;
        chunk->episode = head->episode;
        epi_status status = epi__chunk_link(loader->columns, chunk);
        if (status) {
            epi__chunk_drop(loader->columns, chunk);
            return status;
        }
    }
    EPI__TRY(refresh_gone(loader, chunk, head));
    if (chunk->image && chunk->image->lane) return EPI_OK;
    if (!head->sealed) return refresh_open(loader, chunk);
    refresh_sealed(loader, chunk, head);
    return EPI_OK;
}

static epi_status refresh_chunk(struct loader *loader, uint64_t number) {
    epi__key key;
    epi__view body;
    epi__head head;
    epi__key_of_u64(&key, loader->columns->mirror->space, EPI__TABLE_CHUNK, number);
    epi_status status = epi__record_get(&body, loader->txn, &key);
    if (status == EPI_ENOTFOUND) {
        epi__chunk *chunk = epi__columns_chunk(loader->columns, number);
        if (chunk && !(chunk->image && chunk->image->lane)) epi__chunk_drop(loader->columns, chunk);
        return EPI_OK;
    }
    if (!status) status = epi__head_decode(&head, number, body, &loader->columns->layout);
    return status ? status : put_chunk(loader, &head);
}

static epi_status refresh_rows(struct loader *loader, uint64_t number, uint32_t from) {
    epi__chunk *chunk = epi__columns_chunk(loader->columns, number);
    if (!chunk) return refresh_chunk(loader, number);
    return chunk->image && !chunk->image->lane ? load_rows(loader, chunk, from) : EPI_OK;
}

static epi_status apply(void *context, uint64_t sequence, epi__change_kind kind, uint64_t a, uint64_t b) {
    struct loader *loader = context;
    (void)sequence;
    if (kind == EPI__CHANGE_CHUNK || kind == EPI__CHANGE_GONE) return refresh_chunk(loader, a);
    if (kind == EPI__CHANGE_ROWS) return refresh_rows(loader, a, (uint32_t)b);
    return EPI_OK;
}

/* ---- loading anew ----------------------------------------------------------------------------------------------- */

/* What is not being written here is forgotten. */
static void forget(epi__columns *columns) {
    for (size_t i = 0; i < columns->seat_count; i++) {
        epi__chunk *chunk = columns->seats[i];
        if (chunk && !(chunk->image && chunk->image->lane)) epi__chunk_drop(columns, chunk);
    }
}

/* For salvage a chunk whose columns are damaged is as one that is gone. */
static bool is_readable(const struct loader *loader, const epi__head *head) {
    epi__key key;
    epi__view body;
    epi__salvage *salvage = loader->columns->mirror->salvage;
    if (!salvage || !head->sealed) return true;
    epi__key_of_u64(&key, loader->columns->mirror->space, EPI__TABLE_COLUMN, head->chunk);
    if (epi__record_get(&body, loader->txn, &key) == EPI_OK) return true;
    salvage->records++;
    return false;
}

static epi_status load_all(struct loader *loader) {
    epi__scan scan = {0};
    epi__view key, body;
    epi__head head;
    const epi__mirror *mirror = loader->columns->mirror;
    forget(loader->columns);
    epi__look_at_all(loader->columns);
    epi_status status = epi__scan_table(&scan, loader->txn, loader->columns->mirror->space, EPI__TABLE_CHUNK);
    while (!status && (status = epi__salvage_next(&key, &body, &scan, mirror)) == EPI_OK) {
        if (!body.data) continue;
        status = epi__head_decode(&head, epi__key_id(key), body, &loader->columns->layout);
        if (!status && is_readable(loader, &head)) status = put_chunk(loader, &head);
    }
    epi__scan_close(&scan);
    epi__look_at_all(loader->columns);
    return status == EPI_EDONE ? EPI_OK : status;
}

epi_status epi__columnar_catch_up(epi__mirror *mirror, epi__txn *txn, const epi__state *state, bool anew) {
    struct loader loader = {mirror->columns, txn};
    epi_status status = EPI_ESTALE;
    if (!anew && state->sequence >= mirror->sequence)
        status = epi__journal_read(txn, mirror->space, mirror->sequence, state->sequence, apply, &loader);
    return status == EPI_ESTALE ? load_all(&loader) : status;
}

epi_status epi__columns_follow(epi__columns *columns, epi__change *change) {
    epi__mirror *mirror = columns->mirror;
    pthread_rwlock_wrlock(&mirror->lock);
    epi_status status = epi__mirror_follow(mirror, &change->tx, &change->state);
    pthread_rwlock_unlock(&mirror->lock);
    return status;
}

/* ---- addresses -------------------------------------------------------------------------------------------------- */

epi_status epi__chunk_data_in(const uint8_t **data, epi__columns *columns, epi__txn *txn, epi__chunk *chunk) {
    epi__key key;
    epi__view body;
    *data = atomic_load_explicit(&chunk->data, memory_order_acquire);
    if (*data) return EPI_OK;
    epi__key_of_u64(&key, columns->mirror->space, EPI__TABLE_COLUMN, chunk->number);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status == EPI_ENOTFOUND)
        return epi__fail(EPI_EDAMAGED, MODULE, "the columns of chunk %llu are missing",
                         (unsigned long long)chunk->number);
    EPI__TRY(status);
    if (!epi__columns_are_dense(&columns->layout, body)) return epi__chunk_spread(data, columns, chunk, body);
    *data = (const uint8_t *)body.data + EPI__COLUMN_HEADER;
    atomic_store_explicit(&chunk->data, *data, memory_order_release);
    return EPI_OK;
}

epi_status epi__chunk_data(const uint8_t **data, epi__snapshot *snapshot, epi__chunk *chunk) {
    *data = atomic_load_explicit(&chunk->data, memory_order_acquire);
    if (*data) return EPI_OK;
    return epi__chunk_data_in(data, snapshot->mirror->columns, snapshot->tx.txn, chunk);
}
