/* generation.c - the records of an encoder's generations; see catalog.h and docs/FORMAT.md. */
#include "catalog.h"

static void generation_key(epi__key *key, uint32_t space, uint64_t number) {
    epi__key_begin(key, space, EPI__TABLE_GENERATION);
    epi__key_u32(key, (uint32_t)number);
}

epi_status epi__generation_get(epi__generation_record *record, epi__txn *txn, uint32_t space, uint64_t number) {
    epi__key key;
    epi__view body;
    generation_key(&key, space, number);
    EPI__TRY(epi__record_get(&body, txn, &key));
    return epi__generation_decode(record, body);
}

epi_status epi__generation_put(epi__change *change, uint64_t number, const epi__generation_record *record) {
    epi__key key;
    epi__buffer out = {0};
    generation_key(&key, change->space, number);
    epi__generation_encode(&out, record); /* into a buffer of its own: the record may borrow from the store */
    epi_status status = out.failed ? epi__fail_memory("store", 256)
                                   : epi__change_put(change, &key, out.data, out.size);
    epi__buffer_dispose(&out);
    return status;
}
