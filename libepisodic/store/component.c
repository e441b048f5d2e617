/* component.c - content-addressed values; see component.h. */
#include "component.h"

#include <episodic/limits.h>

#define ORDINAL_MAX 1024u /* values with one 128-bit hash: unreachable by chance, a bound for damage */

static void component_key(epi__key *key, uint32_t space, uint8_t table, epi__hash128 hash, uint32_t ordinal) {
    epi__key_begin(key, space, table);
    epi__key_u64(key, hash.high);
    epi__key_u64(key, hash.low);
    epi__key_u32(key, ordinal);
}

/* Uses of a component that exists: 1 when it has no count record. */
static epi_status share_read(uint64_t *uses, epi__change *change, const epi__key *key) {
    epi__view body;
    *uses = 1;
    epi_status status = epi__change_get(&body, change, key);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    EPI__TRY(status);
    epi__reader reader = epi__reader_of(body.data, body.size);
    *uses = epi__read_u64(&reader);
    if (reader.failed || *uses < 2) return epi__fail(EPI_EDAMAGED, "store", "a component's count is cut");
    return EPI_OK;
}

static epi_status share_write(epi__change *change, const epi__key *key, uint64_t uses) {
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++) bytes[i] = (uint8_t)(uses >> (8 * i));
    return epi__change_put(change, key, bytes, sizeof bytes);
}

static epi_status use_again(epi__change *change, const epi__value *value) {
    epi__key key;
    uint64_t uses = 0;
    component_key(&key, change->space, EPI__TABLE_SHARE, value->hash, value->ordinal);
    EPI__TRY(share_read(&uses, change, &key));
    return share_write(change, &key, uses + 1);
}

epi_status epi__component_put(epi__value *value, epi__change *change, const void *data, size_t size) {
    *value = (epi__value){.size = size, .data = data};
    if (size <= EPI_INLINE_SIZE_MAX) return EPI_OK;
    value->component = true;
    value->data = NULL;
    value->hash = epi__hash128_of(data, size);
    for (; value->ordinal < ORDINAL_MAX; value->ordinal++) {
        epi__key key;
        epi__view body;
        component_key(&key, change->space, EPI__TABLE_COMPONENT, value->hash, value->ordinal);
        epi_status status = epi__change_get(&body, change, &key);
        if (status == EPI_ENOTFOUND) {
            change->state.component_size += size;
            return epi__change_insert(change, &key, data, size);
        }
        EPI__TRY(status);
        if (body.size == size && memcmp(body.data, data, size) == 0) return use_again(change, value);
    }
    return epi__fail(EPI_EDAMAGED, "store", "over %u components have one hash", ORDINAL_MAX);
}

static epi_status remove_component(epi__change *change, const epi__value *value) {
    epi__key key;
    component_key(&key, change->space, EPI__TABLE_COMPONENT, value->hash, value->ordinal);
    epi_status status = epi__change_remove(change, &key);
    if (status == EPI_ENOTFOUND) return epi__fail(EPI_EDAMAGED, "store", "a component that a row names is missing");
    change->state.component_size -= value->size;
    return status;
}

epi_status epi__component_drop(epi__change *change, const epi__value *value) {
    if (!value->component) return EPI_OK;
    epi__key key;
    uint64_t uses = 0;
    component_key(&key, change->space, EPI__TABLE_SHARE, value->hash, value->ordinal);
    EPI__TRY(share_read(&uses, change, &key));
    if (uses == 1) return remove_component(change, value);
    if (uses == 2) return epi__change_remove(change, &key);
    return share_write(change, &key, uses - 1);
}

epi_status epi__component_get(epi__view *data, epi__txn *txn, uint32_t space, const epi__value *value) {
    if (!value->component) {
        *data = (epi__view){value->data, (size_t)value->size};
        return EPI_OK;
    }
    epi__key key;
    component_key(&key, space, EPI__TABLE_COMPONENT, value->hash, value->ordinal);
    epi_status status = epi__record_get(data, txn, &key);
    if (status == EPI_ENOTFOUND) return epi__fail(EPI_EDAMAGED, "store", "a component that a row names is missing");
    EPI__TRY(status);
    if (data->size != value->size)
        return epi__fail(EPI_EDAMAGED, "store", "a component has another size than its row says");
    return EPI_OK;
}
