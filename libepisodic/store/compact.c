/* compact.c - rewriting a store without free pages and without a byte of what was removed.
 *
 * The writer lock of store.N is held throughout. Its records are copied in order of their keys into store.N+1, which is
 * then whole and durable; the commit that says "moved" in store.N is the switch. CURRENT follows, and store.N's files
 * are removed: processes that still have them mapped go on reading the old snapshot until their transactions end. A
 * crash before the switch leaves a store.N+1 that nobody names (it is made anew by the next compaction); a crash after
 * it leaves a CURRENT that names store.N, whose "moved" record leads on.
 */
#include <stdio.h>

#include "catalog.h"
#include "store_internal.h"
#include "table.h"

#define COPY_BATCH_SIZE (32u * 1024u * 1024u)

static const char *const ENGINE_FILES[] = {"data.mdb", "lock.mdb"};

typedef struct copier {
    epi__engine *target;
    epi__txn *out;
    size_t pending; /* bytes put since the last commit */
} copier;

static epi_status copy_flush(copier *copy, bool more) {
    const epi__engine_ops *ops = copy->target->ops;
    epi__txn *out = copy->out;
    copy->out = NULL;
    copy->pending = 0;
    EPI__TRY(ops->commit(out));
    return more ? ops->begin(&copy->out, copy->target, true) : EPI_OK;
}

static epi_status copy_records(copier *copy, epi__txn *from) {
    const epi__engine_ops *ops = copy->target->ops;
    epi__range *range = NULL;
    epi__view key, value, all = {"", 1}, none = {NULL, 0};
    EPI__TRY(epi__tx_ops(from)->range_open(&range, from, all, none, false));
    epi_status status = ops->begin(&copy->out, copy->target, true);
    while (!status && (status = epi__tx_ops(from)->range_next(&key, &value, range)) == EPI_OK) {
        status = ops->put(copy->out, key, value);
        copy->pending += key.size + value.size;
        if (!status && copy->pending > COPY_BATCH_SIZE) status = copy_flush(copy, true);
    }
    if (status == EPI_EDONE) status = copy_flush(copy, false);
    if (copy->out) ops->abort(copy->out);
    epi__tx_ops(from)->range_close(range);
    return status;
}

/* store.N+1 as a whole and durable copy, closed again. */
static epi_status write_copy(epi__store *store, epi__txn *from, const char *path) {
    (void)epi__dir_remove_flat(path, ENGINE_FILES, EPI__COUNT(ENGINE_FILES));
    EPI__TRY(epi__dir_make(path));
    epi__engine_options options = {
        .map_size = store->options.map_size, .readers_max = store->options.readers_max, .create = true};
    copier copy = {0};
    EPI__TRY(epi__lmdb_open(&copy.target, path, &options));
    epi_status status = copy_records(&copy, from);
    copy.target->ops->close(copy.target);
    if (!status) status = epi__dir_file_sync(path, ENGINE_FILES[0]);
    if (status) (void)epi__dir_remove_flat(path, ENGINE_FILES, EPI__COUNT(ENGINE_FILES));
    return status;
}

static char *store_directory(const epi__store *store, uint64_t number) {
    char name[32];
    snprintf(name, sizeof name, "store.%llu", (unsigned long long)number);
    return epi__dir_join(store->path, name);
}

static epi_status switch_over(epi__tx *tx, uint64_t number) {
    epi__key key;
    epi__buffer record = {0};
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_MOVED);
    epi__buffer_append_u64(&record, number);
    epi_status status = record.failed ? epi__fail_memory("store", 8)
                                      : epi__record_put(NULL, tx->txn, &key, record.data, record.size);
    epi__buffer_dispose(&record);
    if (!status) return epi__tx_commit(tx);
    epi__tx_abort(tx);
    return status;
}

/* CURRENT names the store in use, and the files of the one before go. Under the directory's lock: a second compaction
 * must not be overtaken by the end of the first. */
static epi_status name_current(epi__store *store, uint64_t number, const char *old) {
    EPI__TRY(epi__store_current_write(store->path, number, store->options.map_size));
    return epi__dir_remove_flat(old, ENGINE_FILES, EPI__COUNT(ENGINE_FILES));
}

epi_status epi__store_finish_move(epi__store *store, uint64_t old) {
    epi__dir_lock lock = EPI__DIR_LOCK_NONE;
    uint64_t number = 0, map_size = 0;
    char *path = store_directory(store, old);
    epi_status status = path ? epi__dir_lock_take(&lock, store->path, "lock") : epi__fail_memory("store", 64);
    if (!status) status = epi__store_current_read(&number, &map_size, store->path);
    if (!status && number == old) status = name_current(store, store->engine->number, path);
    epi__dir_lock_release(&lock);
    epi__free(path);
    return status == EPI_EBUSY ? EPI_OK : status; /* whoever holds it is compacting, and will name its own */
}

static epi_status compact_locked(epi__store *store) {
    epi__tx tx;
    EPI__TRY(epi__tx_begin(&tx, store, true));
    uint64_t number = tx.engine->number;
    char *next = store_directory(store, number + 1), *old = store_directory(store, number);
    epi_status status = next && old ? write_copy(store, tx.txn, next) : epi__fail_memory("store", 64);
    if (status)
        epi__tx_abort(&tx);
    else
        status = switch_over(&tx, number + 1);
    if (!status) status = name_current(store, number + 1, old);
    epi__free(next);
    epi__free(old);
    return status;
}

/* There is room for it again, once this process has moved over and so let go of the file of before. */
static void renew_ballast(epi__store *store) {
    epi__tx tx;
    if (epi__tx_begin(&tx, store, false) == EPI_OK) epi__tx_abort(&tx);
    (void)epi__dir_file_reserve(store->path, "ballast", EPI__BALLAST_SIZE);
}

/* Encoders keep vectors by hashes of texts in cache/, which say nothing of whose they are: all go. */
static epi_status drop_vectors(const epi__store *store) {
    return epi__store_cache_remove(store, "*.vectors");
}

epi_status epi__store_compact(epi__store *store) {
    epi__dir_lock lock = EPI__DIR_LOCK_NONE;
    EPI__TRY(epi__catalog_reclaim(store, 0));
    EPI__TRY(epi__store_lock_directory(&lock, store));
    epi_status status = compact_locked(store);
    epi__dir_lock_release(&lock);
    if (!status) renew_ballast(store);
    return status ? status : drop_vectors(store);
}
