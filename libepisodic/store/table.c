/* table.c - checksummed records and ranges over them; see table.h. */
#include "table.h"

#define CHECKSUM_SIZE 8u

static uint64_t checksum_of(epi__view key, const void *body, size_t size) {
    return epi__hash64_pair(key.data, key.size, body, size);
}

static uint64_t stored_checksum(epi__view value) {
    epi__reader reader = epi__reader_of(value.data, value.size);
    return epi__read_u64(&reader);
}

static epi_status damaged(epi__view key, const char *how) {
    epi__buffer text = {0};
    epi__key_describe(&text, key);
    epi_status status = epi__fail(EPI_EDAMAGED, "store", "record %s %s", epi__buffer_text(&text), how);
    epi__buffer_dispose(&text);
    return status;
}

epi__view epi__record_body(epi__view value) {
    return (epi__view){(const uint8_t *)value.data + CHECKSUM_SIZE, value.size - CHECKSUM_SIZE};
}

epi_status epi__record_open(epi__view *body, epi__view key, epi__view value) {
    *body = (epi__view){0};
    if (value.size < CHECKSUM_SIZE) return damaged(key, "is cut");
    epi__view inside = epi__record_body(value);
    if (checksum_of(key, inside.data, inside.size) != stored_checksum(value)) return damaged(key, "fails its checksum");
    *body = inside;
    return EPI_OK;
}

epi_status epi__record_get(epi__view *body, epi__txn *txn, const epi__key *key) {
    epi__view value;
    *body = (epi__view){0};
    EPI__TRY(epi__tx_ops(txn)->get(&value, txn, epi__key_view(key)));
    return epi__record_open(body, epi__key_view(key), value);
}

epi_status epi__record_put(uint64_t *checksum, epi__txn *txn, const epi__key *key, const void *body, size_t size) {
    void *space = NULL;
    EPI__TRY(epi__tx_ops(txn)->put_reserve(&space, txn, epi__key_view(key), size + CHECKSUM_SIZE));
    uint8_t *at = space;
    uint64_t sum = checksum_of(epi__key_view(key), body, size);
    for (unsigned i = 0; i < CHECKSUM_SIZE; i++) at[i] = (uint8_t)(sum >> (8 * i));
    if (size > 0) memcpy(at + CHECKSUM_SIZE, body, size);
    if (checksum) *checksum = sum;
    return EPI_OK;
}

/* ---- ranges ---------------------------------------------------------------------------------------------------- */

epi_status epi__scan_open(epi__scan *scan, epi__txn *txn, const epi__key *first, const epi__key *end, bool reverse) {
    scan->range = NULL;
    return epi__tx_ops(txn)->range_open(&scan->range, txn, epi__key_view(first), epi__key_view(end), reverse);
}

epi_status epi__scan_table(epi__scan *scan, epi__txn *txn, uint32_t space, uint8_t table) {
    epi__key first, end;
    epi__key_begin(&first, space, table);
    end = first;
    epi__key_next(&end);
    return epi__scan_open(scan, txn, &first, &end, false);
}

epi_status epi__scan_next(epi__view *key, epi__view *body, epi__scan *scan) {
    epi__view value;
    EPI__TRY(epi__tx_ops(scan->range->txn)->range_next(key, &value, scan->range));
    return epi__record_open(body, *key, value);
}

void epi__scan_close(epi__scan *scan) {
    if (scan->range) epi__tx_ops(scan->range->txn)->range_close(scan->range);
    scan->range = NULL;
}

/* ---- changes --------------------------------------------------------------------------------------------------- */

static epi__table_sum *sum_of(epi__change *change, const epi__key *key) {
    int slot = epi__table_slot(key->bytes[4]);
    assert(slot >= 0 && epi__key_space(epi__key_view(key)) == change->space);
    return &change->state.tables[slot];
}

epi_status epi__change_get(epi__view *body, epi__change *change, const epi__key *key) {
    return epi__record_get(body, change->tx.txn, key);
}

epi_status epi__change_insert(epi__change *change, const epi__key *key, const void *body, size_t size) {
    uint64_t checksum = 0;
    EPI__TRY(epi__record_put(&checksum, change->tx.txn, key, body, size));
    epi__table_sum *sum = sum_of(change, key);
    sum->count++;
    sum->sum += checksum;
    return EPI_OK;
}

/* Takes a stored record out of its table's count and sum. */
static void uncount(epi__change *change, const epi__key *key, epi__view value) {
    epi__table_sum *sum = sum_of(change, key);
    sum->count--;
    sum->sum -= stored_checksum(value);
}

static epi_status forget_old(epi__change *change, const epi__key *key) {
    epi__view value;
    epi__txn *txn = change->tx.txn;
    EPI__TRY(epi__tx_ops(txn)->get(&value, txn, epi__key_view(key)));
    uncount(change, key, value);
    return EPI_OK;
}

epi_status epi__change_take(epi__view *body, epi__change *change, const epi__key *key) {
    epi__view value;
    epi__txn *txn = change->tx.txn;
    *body = (epi__view){0};
    EPI__TRY(epi__tx_ops(txn)->get(&value, txn, epi__key_view(key)));
    EPI__TRY(epi__record_open(body, epi__key_view(key), value));
    uncount(change, key, value);
    return EPI_OK;
}

epi_status epi__change_put(epi__change *change, const epi__key *key, const void *body, size_t size) {
    epi_status status = forget_old(change, key);
    if (status != EPI_OK && status != EPI_ENOTFOUND) return status;
    return epi__change_insert(change, key, body, size);
}

epi_status epi__change_remove(epi__change *change, const epi__key *key) {
    EPI__TRY(forget_old(change, key));
    return epi__tx_ops(change->tx.txn)->remove(change->tx.txn, epi__key_view(key));
}
