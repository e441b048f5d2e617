/* catalog.c - creating, finding, listing and dropping spaces.
 *
 * A space's number comes from the meta record and is never given twice. Dropping is two things: one small transaction
 * takes the name away and notes the number as dropped, from when on nobody can reach the records; then bounded
 * transactions remove them (LMDB holds at most 131,071 dirty pages a transaction). What a crash leaves is reclaimed by
 * the next drop or compaction.
 */
#include "catalog.h"

#include "schema_record.h"
#include "table.h"

#define RECLAIM_BATCH 20000u

static void name_key(epi__key *key, const char *name) {
    epi__key_begin(key, EPI__SPACE_MEMORY, EPI__TABLE_SPACE_NAME);
    epi__key_bytes(key, name, strlen(name));
}

static epi_status check_name(const char *name) {
    size_t size = name ? strlen(name) : 0;
    if (size == 0) return epi__fail(EPI_EINVAL, "store", "a space has no name; name it");
    if (size > EPI_NAME_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, "store", "space name has %zu bytes, limit %u", size, EPI_NAME_SIZE_MAX);
    return EPI_OK;
}

static epi_status find(uint32_t *space, epi__txn *txn, const char *name) {
    epi__key key;
    epi__view body;
    name_key(&key, name);
    EPI__TRY(epi__record_get(&body, txn, &key));
    epi__reader reader = epi__reader_of(body.data, body.size);
    *space = epi__read_u32(&reader);
    return EPI_OK;
}

static epi_status load_schema(epi__schema_copy **schema, epi__txn *txn, uint32_t space) {
    epi__key key;
    epi__view body;
    epi__key_begin(&key, space, EPI__TABLE_SCHEMA);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status == EPI_ENOTFOUND) return epi__fail(EPI_EDAMAGED, "store", "space %u has no schema record", space);
    EPI__TRY(status);
    status = epi__schema_decode(schema, body);
    if (!status || status == EPI_EDAMAGED || status == EPI_ENOMEM) return status;
    return epi__fail(EPI_EDAMAGED, "store", "the schema record of space %u holds no schema", space);
}

/* The number of a new space, from the meta record. */
static epi_status next_space(uint32_t *space, epi__txn *txn) {
    epi__key key;
    epi__view body;
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_META);
    EPI__TRY(epi__record_get(&body, txn, &key));
    epi__reader reader = epi__reader_of(body.data, body.size);
    uint32_t format = epi__read_u32(&reader);
    uint64_t created = epi__read_u64(&reader);
    *space = epi__read_u32(&reader);
    if (reader.failed) return epi__fail(EPI_EDAMAGED, "store", "the meta record is cut");
    if (*space > EPI_SPACE_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, "store", "%u spaces were made, limit %u", *space - 1, EPI_SPACE_COUNT_MAX);
    epi__buffer record = {0};
    epi__buffer_append_u32(&record, format);
    epi__buffer_append_u64(&record, created);
    epi__buffer_append_u32(&record, *space + 1);
    epi_status status = record.failed ? epi__fail_memory("store", 16)
                                      : epi__record_put(NULL, txn, &key, record.data, record.size);
    epi__buffer_dispose(&record);
    return status;
}

static epi_status put_u32(epi__txn *txn, const epi__key *key, uint32_t value) {
    uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
    return epi__record_put(NULL, txn, key, bytes, sizeof bytes);
}

/* The first generation is what the schema says. */
static epi_status make_generation(epi__change *change, const epi_schema *schema) {
    static const char *const names[] = {"none", "hash", "given"};
    const char *name = names[schema->encoder];
    epi__generation_record first = {
        .phase = EPI__GENERATION_SERVING, .dimension = schema->dimension, .name = {name, strlen(name)}};
    change->state.dimension = schema->dimension;
    return epi__generation_put(change, 1, &first);
}

/* Name, state and schema of a new space, in a transaction that the caller commits. */
static epi_status make(uint32_t *space, epi__txn *txn, const char *name, const epi__schema_copy *schema) {
    epi__key key;
    EPI__TRY(next_space(space, txn));
    name_key(&key, name);
    EPI__TRY(put_u32(txn, &key, *space));
    epi__buffer record = {0};
    epi__schema_encode(&record, &schema->schema);
    epi__change change = {.tx = {.txn = txn},
                          .space = *space,
                          .state = {.next_step = 1,
                                    .next_episode = 1,
                                    .generation = 1,
                                    .generations = 1,
                                    .next_chunk = 1}};
    epi__key_begin(&key, *space, EPI__TABLE_SCHEMA);
    epi_status status = record.failed ? epi__fail_memory("store", 256)
                                      : epi__change_insert(&change, &key, record.data, record.size);
    if (!status) status = make_generation(&change, &schema->schema);
    if (!status) status = epi__state_write(&change);
    epi__buffer_dispose(&record);
    epi__buffer_dispose(&change.scratch);
    return status;
}

static epi_status open_existing(uint32_t *space, epi__schema_copy **schema, epi__store *store, const char *name) {
    epi__tx tx;
    EPI__TRY(epi__tx_begin(&tx, store, false));
    epi_status status = find(space, tx.txn, name);
    if (!status) status = load_schema(schema, tx.txn, *space);
    epi__tx_abort(&tx);
    return status;
}

static epi_status create(uint32_t *space, epi__schema_copy **schema, epi__store *store, const char *name,
                         const epi_schema *wanted) {
    epi__tx tx;
    EPI__TRY(epi__schema_check(wanted));
    EPI__TRY(epi__schema_text_check("space name", name));
    EPI__TRY(epi__schema_copy_of(schema, wanted));
    epi_status status = epi__tx_begin(&tx, store, true);
    if (status) return status;
    status = find(space, tx.txn, name); /* another process may have been faster */
    if (!status) {
        epi__tx_abort(&tx);
        epi__schema_copy_free(*schema);
        *schema = NULL;
        return open_existing(space, schema, store, name);
    }
    if (status == EPI_ENOTFOUND) status = make(space, tx.txn, name, *schema);
    if (!status) return epi__tx_commit(&tx);
    epi__tx_abort(&tx);
    return status;
}

epi_status epi__catalog_open(uint32_t *space, epi__schema_copy **schema, epi__store *store, const char *name,
                             const epi_schema *wanted) {
    *space = 0;
    *schema = NULL;
    EPI__TRY(check_name(name));
    epi_status status = open_existing(space, schema, store, name);
    if (status == EPI_ENOTFOUND) {
        if (!wanted || epi__store_options(store)->read_only)
            return epi__fail(EPI_ENOTFOUND, "store", "no space \"%s\" in %s", name, epi__store_path(store));
        status = create(space, schema, store, name, wanted);
    }
    if (!status && wanted) status = epi__schema_same(&(*schema)->schema, wanted, name);
    if (status) {
        epi__schema_copy_free(*schema);
        *schema = NULL;
    }
    return status;
}

/* ---- listing ---------------------------------------------------------------------------------------------------- */

static epi_status visit_names(epi__scan *scan, bool (*visit)(void *, const char *, uint32_t), void *context) {
    epi__view key, body;
    epi_status status;
    while ((status = epi__scan_next(&key, &body, scan)) == EPI_OK) {
        char name[EPI_NAME_SIZE_MAX + 1];
        epi__view rest = epi__key_rest(key);
        if (rest.size > EPI_NAME_SIZE_MAX) return epi__fail(EPI_EDAMAGED, "store", "a space name is too long");
        memcpy(name, rest.data, rest.size);
        name[rest.size] = 0;
        epi__reader reader = epi__reader_of(body.data, body.size);
        if (!visit(context, name, epi__read_u32(&reader)))
            return epi__fail(EPI_ECANCELLED, "store", "listing was stopped");
    }
    return status == EPI_EDONE ? EPI_OK : status;
}

epi_status epi__catalog_list(epi__store *store, bool (*visit)(void *, const char *, uint32_t), void *context) {
    epi__tx tx;
    EPI__TRY(epi__tx_begin(&tx, store, false));
    epi__scan scan = {0};
    epi_status status = epi__scan_table(&scan, tx.txn, EPI__SPACE_MEMORY, EPI__TABLE_SPACE_NAME);
    if (!status) status = visit_names(&scan, visit, context);
    epi__scan_close(&scan);
    epi__tx_abort(&tx);
    return status;
}

/* ---- dropping --------------------------------------------------------------------------------------------------- */

static void dropped_key(epi__key *key, uint32_t space) {
    epi__key_begin(key, EPI__SPACE_MEMORY, EPI__TABLE_DROPPED);
    epi__key_u32(key, space);
}

static epi_status unname(uint32_t *space, epi__txn *txn, const char *name) {
    epi__key key;
    epi_status status = find(space, txn, name);
    if (status == EPI_ENOTFOUND) return epi__fail(EPI_ENOTFOUND, "store", "no space \"%s\"", name);
    EPI__TRY(status);
    name_key(&key, name);
    EPI__TRY(epi__tx_ops(txn)->remove(txn, epi__key_view(&key)));
    epi__key_begin(&key, *space, EPI__TABLE_STATE); /* without it, every call on the space says that it is gone */
    EPI__TRY(epi__tx_ops(txn)->remove(txn, epi__key_view(&key)));
    dropped_key(&key, *space);
    return put_u32(txn, &key, *space);
}

static epi_status unname_now(uint32_t *space, epi__store *store, const char *name) {
    epi__tx tx;
    EPI__TRY(epi__tx_begin(&tx, store, true));
    epi_status status = unname(space, tx.txn, name);
    if (!status) return epi__tx_commit(&tx);
    epi__tx_abort(&tx);
    return status;
}

epi_status epi__catalog_drop(uint32_t *space, epi__store *store, const char *name) {
    *space = 0;
    EPI__TRY(check_name(name));
    epi_status status = unname_now(space, store, name);
    if (status == EPI_EDISKFULL) {
        epi__store_release_ballast(store);
        status = unname_now(space, store, name);
    }
    return status ? status : epi__catalog_reclaim(store, 0);
}

/* The first dropped space that still has records; EPI_ENOTFOUND: none. */
static epi_status first_dropped(uint32_t *space, epi__txn *txn) {
    epi__scan scan = {0};
    epi__view key, body;
    epi_status status = epi__scan_table(&scan, txn, EPI__SPACE_MEMORY, EPI__TABLE_DROPPED);
    if (!status) status = epi__scan_next(&key, &body, &scan);
    if (!status) *space = epi__load_be32(epi__key_rest(key).data);
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_ENOTFOUND : status;
}

static epi_status reclaim_batch(epi__txn *txn) {
    uint32_t space = 0;
    size_t removed = 0;
    epi__key first = {0}, end, key;
    EPI__TRY(first_dropped(&space, txn));
    epi__key_u32(&first, space);
    end = first;
    epi__key_next(&end);
    EPI__TRY(epi__tx_ops(txn)->remove_range(&removed, txn, epi__key_view(&first), epi__key_view(&end), RECLAIM_BATCH));
    if (removed == RECLAIM_BATCH) return EPI_OK;
    dropped_key(&key, space);
    return epi__tx_ops(txn)->remove(txn, epi__key_view(&key));
}

static epi_status reclaim_now(epi__store *store) {
    epi__tx tx;
    EPI__TRY(epi__tx_begin(&tx, store, true));
    epi_status status = reclaim_batch(tx.txn);
    if (!status) return epi__tx_commit(&tx);
    epi__tx_abort(&tx);
    return status;
}

epi_status epi__catalog_reclaim(epi__store *store, unsigned batches) {
    epi_status status = EPI_OK;
    for (unsigned i = 0; !status && (batches == 0 || i < batches); i++) {
        status = reclaim_now(store);
        if (status != EPI_EDISKFULL) continue;
        epi__store_release_ballast(store);
        status = reclaim_now(store);
    }
    return status == EPI_ENOTFOUND ? EPI_OK : status;
}
