/* change.c - a change to one space: its state record, its journal, its transaction.
 *
 * The state record is read when the change begins and written when it commits; the journal gets one record a
 * transaction, keyed by the space's own sequence: { time i64, then kind u8, a varint, b varint, ... }. Other processes
 * read it to bring what they derived up to date. The oldest entries are dropped once there are more than
 * EPI__JOURNAL_COUNT_MAX.
 */
#include "table.h"

#define STATE_FIELDS 29u
#define STATE_SIZE ((STATE_FIELDS + 2u * EPI__TABLE_SLOTS) * 8u)
#define TRIM_EVERY 256u

_Static_assert(sizeof(epi__state) == STATE_SIZE, "the state record is the struct's numbers in order");

static void state_key(epi__key *key, uint32_t space) {
    epi__key_begin(key, space, EPI__TABLE_STATE);
}

uint64_t epi__state_count(const epi__state *state, uint8_t table) {
    int slot = epi__table_slot(table);
    return slot < 0 ? 0 : state->tables[slot].count;
}

epi_status epi__state_read(epi__state *state, epi__txn *txn, uint32_t space) {
    epi__key key;
    epi__view body;
    state_key(&key, space);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status == EPI_ENOTFOUND) return epi__fail(EPI_ESTALE, "store", "the space was dropped");
    EPI__TRY(status);
    if (body.size != STATE_SIZE)
        return epi__fail(EPI_EDAMAGED, "store", "state record has %zu bytes, expected %u", body.size, STATE_SIZE);
    epi__reader reader = epi__reader_of(body.data, body.size);
    uint64_t numbers[STATE_SIZE / 8u];
    for (size_t i = 0; i < EPI__COUNT(numbers); i++) numbers[i] = epi__read_u64(&reader);
    memcpy(state, numbers, sizeof *state);
    return EPI_OK;
}

/* The state stands outside the tables that it sums up, so it is put past epi__change_put. */
epi_status epi__state_write(epi__change *change) {
    uint64_t numbers[STATE_SIZE / 8u];
    memcpy(numbers, &change->state, sizeof numbers);
    epi__buffer *out = &change->scratch;
    epi__buffer_clear(out);
    for (size_t i = 0; i < EPI__COUNT(numbers); i++) epi__buffer_append_u64(out, numbers[i]);
    if (out->failed) return epi__fail_memory("store", STATE_SIZE);
    epi__key key;
    state_key(&key, change->space);
    return epi__record_put(NULL, change->tx.txn, &key, out->data, out->size);
}

epi_status epi__change_begin(epi__change *change, epi__store *store, uint32_t space, bool growing) {
    memset(change, 0, sizeof *change);
    change->space = space;
    EPI__TRY(epi__tx_begin(&change->tx, store, true));
    change->open = true;
    epi_status status = growing ? epi__store_quota(store, &change->tx) : EPI_OK;
    if (!status) status = epi__state_read(&change->state, change->tx.txn, space);
    if (status) epi__change_abort(change);
    return status;
}

void epi__change_abort(epi__change *change) {
    if (change->open) epi__tx_abort(&change->tx);
    change->open = false;
    epi__buffer_dispose(&change->journal);
    epi__buffer_dispose(&change->scratch);
}

static void note(epi__change *change, epi__change_kind kind, uint64_t a, uint64_t b) {
    epi__buffer_append_u8(&change->journal, (uint8_t)kind);
    epi__buffer_append_varint(&change->journal, a);
    epi__buffer_append_varint(&change->journal, b);
}

static void note_additions(epi__change *change) {
    if (change->add_count > 0) note(change, EPI__CHANGE_ADD, change->add_first, change->add_count);
    change->add_count = 0;
}

void epi__change_note(epi__change *change, epi__change_kind kind, uint64_t a, uint64_t b) {
    if (kind == EPI__CHANGE_ADD && change->add_count > 0 && change->add_first + change->add_count == a) {
        change->add_count += b;
        return;
    }
    note_additions(change);
    if (kind == EPI__CHANGE_ADD) {
        change->add_first = a;
        change->add_count = b;
    } else {
        note(change, kind, a, b);
    }
}

/* Drops the journal entries that are older than the newest EPI__JOURNAL_COUNT_MAX, a few hundred at a time. */
static epi_status journal_trim(epi__change *change) {
    uint64_t sequence = change->state.sequence;
    if (sequence % TRIM_EVERY != 0 || sequence <= EPI__JOURNAL_COUNT_MAX) return EPI_OK;
    uint64_t keep_from = sequence - EPI__JOURNAL_COUNT_MAX;
    epi__key key;
    for (uint64_t at = keep_from - EPI__MIN(keep_from, TRIM_EVERY); at < keep_from; at++) {
        epi__key_of_u64(&key, change->space, EPI__TABLE_JOURNAL, at);
        epi_status status = epi__change_remove(change, &key);
        if (status && status != EPI_ENOTFOUND) return status;
    }
    return EPI_OK;
}

static epi_status journal_write(epi__change *change, int64_t now) {
    note_additions(change);
    if (change->journal.size == 0 && !change->journal.failed) return EPI_OK;
    epi__buffer record = {0};
    epi__buffer_append_u64(&record, (uint64_t)now);
    epi__buffer_append(&record, change->journal.data, change->journal.size);
    epi_status status = record.failed || change->journal.failed ? epi__fail_memory("store", record.size) : EPI_OK;
    epi__key key;
    epi__key_of_u64(&key, change->space, EPI__TABLE_JOURNAL, ++change->state.sequence);
    if (!status) status = epi__change_insert(change, &key, record.data, record.size);
    if (!status) status = journal_trim(change);
    epi__buffer_dispose(&record);
    return status;
}

epi_status epi__change_commit(epi__change *change, int64_t now) {
    epi_status status = journal_write(change, now);
    if (!status) status = epi__state_write(change);
    if (!status) {
        status = epi__tx_commit(&change->tx);
        change->open = false;
    }
    epi__change_abort(change);
    return status;
}

/* ---- reading the journal --------------------------------------------------------------------------------------- */

static epi_status visit_entry(epi__view body, uint64_t sequence, epi__journal_visit visit, void *context) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    (void)epi__read_u64(&reader);
    while (reader.next < reader.end && !reader.failed) {
        epi__change_kind kind = (epi__change_kind)epi__read_u8(&reader);
        uint64_t a = epi__read_varint(&reader), b = epi__read_varint(&reader);
        if (reader.failed) break;
        EPI__TRY(visit(context, sequence, kind, a, b));
    }
    if (reader.failed)
        return epi__fail(EPI_EDAMAGED, "store", "journal entry %llu is cut", (unsigned long long)sequence);
    return EPI_OK;
}

epi_status epi__journal_read(epi__txn *txn, uint32_t space, uint64_t after, uint64_t until, epi__journal_visit visit,
                             void *context) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__key_of_u64(&first, space, EPI__TABLE_JOURNAL, after + 1);
    epi__key_of_u64(&end, space, EPI__TABLE_JOURNAL, until + 1);
    uint64_t expected = after + 1;
    epi_status status = epi__scan_open(&scan, txn, &first, &end, false);
    while (!status && expected <= until) {
        epi__view key, body;
        status = epi__scan_next(&key, &body, &scan);
        if (status == EPI_EDONE || (!status && epi__key_id(key) != expected)) status = EPI_ESTALE;
        if (!status) status = visit_entry(body, expected++, visit, context);
    }
    epi__scan_close(&scan);
    return status;
}
