/* store.h - a memory's directory and its transactions.
 *
 *   memory/CURRENT      "episodic 1\nstore N\nmap BYTES\n", replaced atomically
 *   memory/store.N/     the engine's files
 *   memory/cache/       derived files, free to delete
 *   memory/ballast      a file to give back when the disk is full, so that removing can go on
 *
 * Compaction writes store.N+1, and its last commit in store.N says "moved": that commit is the switch. Every
 * transaction begins by looking for it, and follows. A process keeps an engine open until the last transaction on it
 * has ended.
 *
 * One process opens a directory once: further opens share the environment, found by device and inode (LMDB must not be
 * opened twice). The process id is kept, and use after fork() refused.
 */
#ifndef EPI_STORE_STORE_H
#define EPI_STORE_STORE_H

#include <episodic/memory.h>

#include "engine.h"

typedef struct epi__store epi__store;
typedef struct epi__store_engine epi__store_engine; /* an open engine, counted */

typedef struct epi__tx {
    epi__store *store;
    epi__store_engine *engine;
    epi__txn *txn;
} epi__tx;

epi_status epi__store_open(epi__store **store, const char *path, const epi_memory_options *options);
epi_status epi__store_close(epi__store *store); /* the last close closes the environment */
epi_status epi__store_check(const epi__store *store); /* EPI_EFORK: it was opened by the process that forked this one */

epi_status epi__tx_begin(epi__tx *tx, epi__store *store, bool write);
epi_status epi__tx_commit(epi__tx *tx);
void epi__tx_abort(epi__tx *tx); /* also of a zeroed or ended one */
static inline const epi__engine_ops *epi__tx_ops(const epi__txn *txn) {
    return txn->engine->ops;
}

uint64_t epi__tx_store_number(const epi__tx *tx); /* N of store.N */

epi_status epi__store_quota(epi__store *store, epi__tx *tx); /* EPI_EQUOTA when the quota is used up */
epi_status epi__store_stats(epi_memory_stats *stats, epi__store *store);
epi_status epi__store_compact(epi__store *store);
void epi__store_release_ballast(epi__store *store); /* the disk is full: give back what was kept for this */

const char *epi__store_path(const epi__store *store);
const epi_memory_options *epi__store_options(const epi__store *store);
int64_t epi__store_now(const epi__store *store);
void epi__store_log(const epi__store *store, const char *format, ...) EPI__PRINTF(2, 3);
/* Path of a derived file: memory/cache/NAME. */
epi_status epi__store_cache_path(epi__buffer *path, const epi__store *store, const char *name);
/* Removes the derived files whose names match, as a shell's would: "*.vectors". */
epi_status epi__store_cache_remove(const epi__store *store, const char *pattern);

/* One pointer of the layer above, shared by all opens of the directory in this process and freed with the last. */
typedef struct epi__store_shared {
    void *value;
    void (*free)(void *value);
} epi__store_shared;
void epi__store_lock(epi__store *store);
void epi__store_unlock(epi__store *store);
epi__store_shared *epi__store_shared_slot(epi__store *store); /* under the lock */

#endif
