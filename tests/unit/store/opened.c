/* opened.c - see opened.h. */
#include "opened.h"

epi_memory_options opened_options(void) {
    epi_memory_options options = epi_memory_options_default();
    options.map_size = 256u << 20;
    return options;
}

opened opened_store(const char *directory) {
    opened o = {0};
    epi__schema_copy *schema = NULL;
    epi_memory_options options = opened_options();
    assert_status(EPI_OK, epi__store_open(&o.store, scratch_path(directory, "memory"), &options));
    assert_status(EPI_OK, epi__catalog_open(&o.space, &schema, o.store, "main", epi_schema_conversation()));
    epi__schema_copy_free(schema);
    return o;
}

void opened_close(opened *o) {
    assert_status(EPI_OK, epi__store_close(o->store));
}

epi__change opened_change(opened *o) {
    epi__change change;
    assert_status(EPI_OK, epi__change_begin(&change, o->store, o->space, true));
    return change;
}

void opened_commit(epi__change *change) {
    assert_status(EPI_OK, epi__change_commit(change, 1000));
}

epi__state opened_state(opened *o) {
    epi__tx tx;
    epi__state state;
    assert_status(EPI_OK, epi__tx_begin(&tx, o->store, false));
    assert_status(EPI_OK, epi__state_read(&state, tx.txn, o->space));
    epi__tx_abort(&tx);
    return state;
}

static void copy_value(epi__buffer *out, epi__txn *txn, const epi__key *key) {
    epi__view value;
    assert_status(EPI_OK, epi__tx_ops(txn)->get(&value, txn, epi__key_view(key)));
    epi__buffer_append(out, value.data, value.size);
    assert_false(out->failed);
}

void opened_flip(opened *o, const epi__key *key, size_t at_from_end) {
    epi__tx tx;
    epi__buffer value = {0};
    assert_status(EPI_OK, epi__tx_begin(&tx, o->store, true));
    copy_value(&value, tx.txn, key);
    assert_true(at_from_end < value.size);
    value.data[value.size - 1 - at_from_end] ^= 0x10;
    assert_status(EPI_OK, epi__tx_ops(tx.txn)->put(tx.txn, epi__key_view(key), (epi__view){value.data, value.size}));
    assert_status(EPI_OK, epi__tx_commit(&tx));
    epi__buffer_dispose(&value);
}

void opened_copy(opened *o, const epi__key *from, const epi__key *to) {
    epi__tx tx;
    epi__buffer value = {0};
    assert_status(EPI_OK, epi__tx_begin(&tx, o->store, true));
    copy_value(&value, tx.txn, from);
    assert_status(EPI_OK, epi__tx_ops(tx.txn)->put(tx.txn, epi__key_view(to), (epi__view){value.data, value.size}));
    assert_status(EPI_OK, epi__tx_commit(&tx));
    epi__buffer_dispose(&value);
}

epi__key step_key(uint32_t space, uint64_t step) {
    epi__key key;
    epi__key_of_u64(&key, space, EPI__TABLE_STEP, step);
    return key;
}
